/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's engine: walks a loop nest, one access a cycle (and one of an index, for gathers), with
 * a FIFO between it and the fabric. uapi/rpu/config.h tells what each kind does.
 */
#ifndef SIMULATORS_RPU_FABRIC_ENGINE_H
#define SIMULATORS_RPU_FABRIC_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "simulators/rpu/fabric/fabric.h"
#include "uapi/rpu/config.h"

struct rpu_fifo {
	uint32_t head, count;
	uint32_t value[ROAD_RPU_FIFO];
	uint64_t ready[ROAD_RPU_FIFO]; /* cycle from which on it can be taken */
};

/* Where a loop nest stands. */
struct rpu_walk {
	uint64_t left; /* turns */
	uint32_t index[ROAD_RPU_DIMENSIONS];
	uint32_t address; /* base + offset, modulo 2^32 */
};

struct rpu_engine {
	struct road_rpu_stream stream; /* bound */
	uint64_t tokens;
	int64_t low, end; /* addresses of an affine walk in memory: from, behind; 0, 0: none */
	bool near;        /* affine, all of it in the scratchpad: no access can fault */
	uint32_t jump[ROAD_RPU_DIMENSIONS]; /* what the address gains when dimension d turns */
	uint32_t index_jump[ROAD_RPU_DIMENSIONS];
	/* state */
	struct rpu_walk walk, index_walk; /* index_walk runs ahead, for gathers */
	struct rpu_fifo fifo, indices;
	uint32_t held; /* BROADCAST: what was read; REDUCE: what was folded */
	uint32_t
		held_latency; /* BROADCAST: its tokens stay in order behind the one that was read */
};

/* What accesses of one cycle go through: the scratchpad's banks, or the way beyond it. */
struct rpu_port {
	uint8_t *spm;
	uint32_t bytes;
	uint32_t bank_shift, bank_mask; /* bank = address >> shift & mask */
	uint32_t latency;
	uint64_t cycle;
	uint32_t banks; /* free in this cycle: bit n: bank n */
	uint64_t accesses;
	const struct rpu_fabric_memory *memory;
	struct rpu_window window[2];         /* that was found last: to read, to write */
	const struct rpu_fabric_memory *far; /* NULL: nothing is beyond the scratchpad */
	uint64_t far_next;                   /* cycle of the next access that it takes */
	uint32_t refused;                    /* bytes of the access that was a fault */
};

enum rpu_port_answer {
	RPU_PORT_DONE,
	RPU_PORT_WAIT, /* the bank or the way is taken in this cycle */
	RPU_PORT_FAULT /* out of bounds or misaligned */
};

/* An access of `bytes`: where it is, and after how many cycles a load is there. */
enum rpu_port_answer rpu_port_take(struct rpu_port *port, uint32_t address, uint32_t bytes,
				   bool write, uint8_t **at, uint32_t *latency);

/* Begins: computes what follows from the bound stream. Its product of counts must fit. */
void rpu_engine_start(struct rpu_engine *engine);
/* Puts a walk to the turn after `done` ones. */
void rpu_engine_seek(struct rpu_engine *engine, uint64_t done, uint64_t indices_done);

/* Out of time, for streams that all is known of: `count` turns of a walk, dimension 0 turning at
 * most in the last of them; writes of `count` tokens. */
void rpu_engine_turns(const struct rpu_engine *engine, struct rpu_walk *walk, uint32_t count);
void rpu_engine_store(struct rpu_engine *engine, uint8_t *spm, const uint32_t *value,
		      uint32_t count);

/* A cycle. False: a gathered or far address is none; *address tells. */
bool rpu_engine_tick(struct rpu_engine *engine, struct rpu_port *port, uint32_t *address);

/* Likewise, of an engine that is near. */
void rpu_engine_tick_near(struct rpu_engine *engine, struct rpu_port *port);

/* Nothing to do any more: all tokens are read, or written. */
static inline bool rpu_engine_idle(const struct rpu_engine *engine)
{
	return engine->walk.left == 0;
}

static inline bool rpu_fifo_ready(const struct rpu_fifo *fifo, uint64_t cycle)
{
	return fifo->count && fifo->ready[fifo->head] <= cycle;
}

static inline uint32_t rpu_fifo_pop(struct rpu_fifo *fifo)
{
	uint32_t value = fifo->value[fifo->head];

	fifo->head = (fifo->head + 1) % ROAD_RPU_FIFO;
	fifo->count--;
	return value;
}

static inline void rpu_fifo_push(struct rpu_fifo *fifo, uint32_t value, uint64_t ready)
{
	uint32_t at = (fifo->head + fifo->count) % ROAD_RPU_FIFO;

	fifo->value[at] = value;
	fifo->ready[at] = ready;
	fifo->count++;
}

/* Bytes of an element in memory, and a token of them. */
uint32_t rpu_type_bytes(uint32_t type);
uint32_t rpu_load(const uint8_t *at, uint32_t type);
void rpu_store(uint8_t *at, uint32_t bytes, uint32_t value);

#endif
