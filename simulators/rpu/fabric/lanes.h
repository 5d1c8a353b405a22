/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams of a batch. Which banks they want and what they read is known for the whole batch
 * before its first cycle, so what is left of a cycle is counting; tokens are rows.
 */
#ifndef SIMULATORS_RPU_FABRIC_LANES_H
#define SIMULATORS_RPU_FABRIC_LANES_H

#include "simulators/rpu/fabric/engine.h"

struct rpu_fabric;
struct rpu_batch;

/*
 * A stream. Tokens are counted from the first that is in its FIFO when the batch begins. While
 * cycles pass, reading and writing are alike: an access needs room and makes the fabric ready for
 * a move, `latency` cycles later; a move needs readiness and makes room.
 */
struct rpu_lane {
	uint32_t room;    /* read: places in the FIFO; write: tokens in it */
	uint32_t ready;   /* read: tokens that can be taken; write: places in the FIFO */
	uint32_t next;    /* token of the next access */
	uint32_t history; /* bit n: it made one n cycles ago */
	uint32_t latency; /* write: 0 */
	uint64_t left;    /* accesses until its end */
	uint8_t *bank;    /* that the access of a token wants; from RPU_NO_BANK on: none */

	uint32_t *value;
	uint32_t have; /* tokens whose bank, and if read whose value, are known */
	uint32_t from; /* the first access of this batch */
	uint32_t held, last;
	struct rpu_walk ahead; /* behind the last token that is known */

	/* of the configuration */
	uint32_t stream, uses; /* uses: moves in a round */
	uint32_t first_move;   /* in the batch's moves */
	uint32_t pattern;      /* history at a round's begin, if accesses just follow moves */
	bool write, each;      /* each: it moves in every step */
	bool pending;          /* it moves in a round's last step */
};

#define RPU_NO_BANK 32u /* and its number as a lane: these clash with none */

/* Tokens of a lane that may have to be known: a batch's moves, and a FIFO ahead of them. */
uint32_t rpu_lane_tokens(const struct rpu_lane *lane);

/* From FIFOs into lanes; false: a FIFO is in a state that lanes do not have. */
bool rpu_lanes_enter(const struct rpu_fabric *fabric, struct rpu_batch *batch);
/* What streams will read, into the rows of pops. */
void rpu_lanes_fetch(const struct rpu_fabric *fabric, struct rpu_batch *batch);
/* What ops give to streams, from their rows. */
void rpu_lanes_collect(struct rpu_batch *batch);
/* What was written by now goes to memory; accesses are counted. */
void rpu_lanes_store(struct rpu_fabric *fabric, struct rpu_batch *batch);
/* On to the next batch. */
void rpu_lanes_shift(struct rpu_batch *batch);
/* Back into FIFOs, after rpu_lanes_store(). */
void rpu_lanes_leave(struct rpu_fabric *fabric, const struct rpu_batch *batch);

#endif
