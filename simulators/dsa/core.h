/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between a core, which executes blocks, and the chip around it, which owns memory, tasks
 * and the clock. A core is plain C and knows no registers, rings or functions.
 *
 * Time is the engine's, in picoseconds. In `functional` an instruction takes one cycle and memory
 * costs nothing; in `approx` and `trace` costs come from the chip file. Data are the same in both
 * for blocks without hazards.
 */
#ifndef SIMULATORS_DSA_CORE_H
#define SIMULATORS_DSA_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roadbed-sim/model.h>

#include "simulators/chips/chip_dsa.h"
#include "simulators/memory/poison.h"
#include "uapi/dsa/image.h"
#include "uapi/dsa/isa.h"
#include "uapi/dsa/microcode.h"
#include "uapi/dsa/regs.h"

/* ---- code: decode.c ---- */

/* A code block that was checked: a copy of the chip's own. */
struct dsa_code {
	uint64_t va; /* where it was loaded from */
	uint32_t kernel_count, word_count;
	const struct road_dsa_kernel *kernels;
	const struct road_dsa_word *words;
	const uint32_t *lines; /* NULL: none */
};
/*
 * Checks all of a code block of `bytes` bytes (hostile: nothing of it was looked at), for a chip
 * with `flags` token ids. `out` points into the block, which must outlive it. *word: of the first
 * wrong one, where the reason has one.
 */
enum road_dsa_code_error dsa_code_check(const void *block, size_t bytes, uint32_t flags,
					struct dsa_code *out, uint32_t *word);

/* ---- microcode: microcode.c ---- */

/* Any bytes: sound? *at: the first that is not. Pure. */
bool dsa_microcode_check(const void *payload, uint32_t bytes, uint32_t *at);

/* ---- global memory, as blocks see it: the chip's ---- */

struct dsa_view;
struct dsa_piece {
	uint8_t *host; /* valid until the core returns to the chip */
	uint64_t pa;   /* in device memory, or a bus address: what timing looks at */
	uint64_t va;   /* that it was asked for by */
	bool system;   /* the host's memory */
};
/* One access of a block: within one range of its context. NONE, UNMAPPED, RIGHTS or DMA. */
enum road_dsa_fault dsa_view_find(struct dsa_view *view, uint64_t va, uint64_t bytes, bool write,
				  struct dsa_piece *out);

/* What L2, HBM and the bus are busy with: one for all cores of a chip. */
struct dsa_memory;
struct dsa_memory *dsa_memory_create(const struct road_dsa_params *params);
void dsa_memory_destroy(struct dsa_memory *memory);
/* The parameters' clock is another one than before; nothing is under way. */
void dsa_memory_clocked(struct dsa_memory *memory, uint64_t before_hz);
/* Returns when `bursts` bursts of `bytes`, `stride` bytes apart from pa on, have moved, if the
 * core asks at `from`. Calls come in the order in which instructions begin; each part serves them
 * in that order. */
uint64_t dsa_memory_take(struct dsa_memory *memory, const struct dsa_piece *piece, uint64_t bytes,
			 uint64_t bursts, int64_t stride, bool write, uint64_t from);
struct dsa_memory_counts {
	uint64_t l2_hits, l2_misses; /* of lines */
	uint64_t l2_read_bytes, l2_written_bytes, hbm_read_bytes, hbm_written_bytes;
	uint64_t system_read_bytes, system_written_bytes;
	uint64_t l2_busy_ps, hbm_busy_ps, system_busy_ps;
};
void dsa_memory_counts(const struct dsa_memory *memory, struct dsa_memory_counts *out);

/* ---- a task, shared by its blocks ---- */

struct dsa_task {
	uint64_t id; /* no other task of the chip ever has it; accesses of two are not compared */
	const struct dsa_code *code;
	uint32_t kernel, blocks;
	bool cooperative;
	const uint8_t *arguments; /* argument_bytes, a copy of the chip's own */
	uint32_t argument_bytes;
	uint64_t data, watchdog;
	uint32_t function; /* whose work it is */
	struct dsa_view *view;
	struct road_poison *poison; /* of the chip's memory; NULL: there is none */
	uint8_t *cross;             /* ROAD_DSA_CROSS_IDS counters a block, if cooperative */
	const struct road_dsa_microcode *microcode; /* that was checked; NULL: as the chip is built
						     */
	struct dsa_core **cores; /* by block, if cooperative: whom a cross_set may wake */
};

/* ---- cores: core.c ---- */

struct dsa_core_setup {
	struct sim_env *env;
	const struct road_dsa_params *params;
	struct dsa_memory *memory;
	uint32_t index;
	enum sim_fidelity fidelity;
	bool hazards;  /* the hazard checker is on */
	uint64_t seed; /* arbitration between queues in `functional`; 0: in their order */
	/* A cross_set may have let another core go on: the chip runs it again at `when`. */
	void (*wake)(void *chip, uint32_t core, uint64_t when);
	void *chip;
};

enum dsa_core_state {
	DSA_CORE_IDLE,    /* has no block */
	DSA_CORE_RUNS,    /* wants to run on at `next` */
	DSA_CORE_WAITS,   /* only another core's cross_set lets it go on */
	DSA_CORE_DONE,    /* the block ended at `next` */
	DSA_CORE_FAULTED, /* the record is filled */
};

struct dsa_core_fault { /* the part of struct road_dsa_stream_status that a core knows */
	enum road_dsa_fault kind;
	uint64_t address, detail;
	uint32_t pc, line, queue, pad, block;
};

struct dsa_queue_counts {
	uint64_t instructions, bytes, busy_ps;
	uint64_t wait_flag_ps, wait_full_ps; /* a token awaited; S: a queue is full */
};
struct dsa_core_counts {
	struct dsa_queue_counts queue[ROAD_DSA_QUEUES];
	uint64_t blocks, macs, vector_elements;
	uint64_t hazards; /* that the checker reported */
};

struct dsa_core *dsa_core_create(const struct dsa_core_setup *setup);
void dsa_core_destroy(struct dsa_core *core);
/* Begins a block at `now`: registers 0, scratchpads poisoned. The task outlives the block. */
void dsa_core_start(struct dsa_core *core, const struct dsa_task *task, uint32_t block,
		    uint64_t now);
/*
 * Runs what is due at `now`, and in `functional` up to `budget` instructions; *next: when it wants
 * to be called again (RUNS), or ended (DONE). The chip calls cores in ascending time.
 */
enum dsa_core_state dsa_core_run(struct dsa_core *core, uint64_t now, uint32_t budget,
				 uint64_t *next);
/* It stood still for so long, and does not notice. */
void dsa_core_stood(struct dsa_core *core, uint64_t ps);
/* Drops the block. */
void dsa_core_stop(struct dsa_core *core);
/* Leaves nothing of earlier blocks in it. It has none. */
void dsa_core_wipe(struct dsa_core *core);
const struct dsa_core_fault *dsa_core_fault(const struct dsa_core *core);
/* The block waits and no other can run on: fills the fault record with what it awaits. */
void dsa_core_deadlock(struct dsa_core *core);
const struct dsa_core_counts *dsa_core_counts(const struct dsa_core *core);

#endif
