/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a core share. Nothing outside this folder includes it but tests. */
#ifndef SIMULATORS_DSA_INTERNAL_H
#define SIMULATORS_DSA_INTERNAL_H

#include "simulators/dsa/core.h"
#include "simulators/dsa/decode.h"

enum { DSA_FLAGS_MAX = 64, DSA_PENDING = 64, DSA_SHAPE_REGS = 5, DSA_LANE_NAME = 32 };

struct dsa_hazards;
struct dsa_vector_ops;

/* An instruction given to a queue, with its operands' values of that moment. */
struct dsa_entry {
	const struct road_dsa_word *word;
	uint32_t pc;
	uint32_t clock[ROAD_DSA_QUEUES]; /* of S, for the hazard checker */
	uint64_t d, a, c, e;
	uint64_t b[DSA_SHAPE_REGS]; /* xB and the registers behind it */
};

struct dsa_queue {
	struct dsa_entry *ring; /* params->queue_depth */
	uint32_t first, count;
	uint64_t free_at; /* when it can begin its next instruction */
	uint64_t drain;   /* when all that it began has completed */
	uint64_t blocked_since;
	bool blocked;
};

/* What an executor found out about the instruction that it ran. */
struct dsa_work {
	uint64_t cycles;     /* until the queue can go on */
	uint64_t latency;    /* V: more cycles until the result is there */
	uint64_t memory_end; /* when shared memory is done with it; 0: does not use it */
	uint64_t bytes;
	uint64_t macs, elements;
};

/* A token or cross-core flag that takes effect at `time`. */
struct dsa_pending {
	uint64_t time, sequence;
	uint32_t pc;
	uint32_t target_block; /* of a cross-core flag */
	uint8_t source, target, id;
	bool cross;
};

/* V of interlocked chips: what is on its way into UB. */
struct dsa_flight {
	uint64_t from, to, end;
};
enum { DSA_FLIGHTS = 8 };

struct dsa_core {
	struct dsa_core_setup setup;
	const struct road_dsa_params *params;
	bool timed;
	enum dsa_core_state state;
	struct dsa_core_fault fault;
	struct dsa_core_counts counts;

	const struct dsa_task *task;
	const struct road_dsa_word *words; /* of the kernel */
	uint32_t word_count, block;
	uint64_t enabled[ROAD_DSA_OPERATORS_MAX / 64]; /* instructions that it knows */
	uint32_t cube_eighths, vector_eighths;         /* of their rates */

	uint32_t pc;
	uint64_t x[ROAD_DSA_REGS];
	uint64_t ran;     /* instructions that S took */
	uint64_t now;     /* of the instruction at hand */
	uint64_t s_time;  /* when S takes its next one */
	uint64_t s_began; /* of what the trace shows as one run of S */
	uint64_t random;

	/* The instruction at hand, for faults. */
	uint32_t at_pc, at_queue;
	struct dsa_work work;

	struct dsa_queue queue[ROAD_DSA_QUEUES];
	uint64_t flags[ROAD_DSA_QUEUES][ROAD_DSA_QUEUES]; /* source, target */
	uint32_t flag_pc[ROAD_DSA_QUEUES][ROAD_DSA_QUEUES][DSA_FLAGS_MAX];
	uint64_t flag_ps[ROAD_DSA_QUEUES][ROAD_DSA_QUEUES][DSA_FLAGS_MAX]; /* set, not yet seen */
	struct dsa_pending pending[DSA_PENDING];
	uint32_t pending_count;
	uint64_t sequence;
	struct dsa_flight flight[DSA_FLIGHTS];
	uint32_t flight_next;

	uint8_t *pad[ROAD_DSA_PADS];
	uint64_t dirty[ROAD_DSA_PADS]; /* bytes from the start that may not be poison */
	uint8_t *scratch;              /* as large as UB: copies of overlapping operands */
	void *panels;                  /* of the cube: rows.h */
	struct dsa_hazards *hazards;   /* NULL: off */
	const struct dsa_vector_ops *vector;
	char lane[ROAD_DSA_QUEUES][DSA_LANE_NAME];
};

/* ---- core.c ---- */

/* Fills the record for the instruction at hand; false, for executors to return. */
bool dsa_fault(struct dsa_core *core, enum road_dsa_fault kind, uint32_t pad, uint64_t address,
	       uint64_t detail);
uint32_t dsa_line(const struct dsa_core *core, uint32_t pc);
/* Bytes of a scratchpad from `offset` on, aligned to `align`; NULL: it is a fault. */
uint8_t *dsa_pad(struct dsa_core *core, enum road_dsa_pad pad, uint64_t offset, uint64_t bytes,
		 uint32_t align, bool write);
/* Bytes of global memory; false: it is a fault. */
bool dsa_global(struct dsa_core *core, uint64_t va, uint64_t bytes, bool write,
		struct dsa_piece *out);
/* Does anybody look at the single bytes of accesses to global memory? */
static inline bool dsa_watched(const struct dsa_core *core)
{
	return core->hazards || (core->task->poison && core->task->poison->count);
}
/* These bytes of a piece are read or written: for who looks at them, and a fault if one that is
 * read is poisoned. */
void dsa_touch(struct dsa_core *core, const struct dsa_piece *piece, uint64_t offset,
	       uint64_t bytes, bool write);

/* ---- issue.c ---- */

enum dsa_step {
	DSA_STEP_DONE,  /* took one instruction */
	DSA_STEP_STALL, /* the one at pc cannot go on yet */
	DSA_STEP_END,
	DSA_STEP_FAULT
};
enum dsa_step dsa_scalar_step(struct dsa_core *core);
/* Whether S's next instruction touches nothing but registers. */
bool dsa_scalar_is_private(const struct dsa_core *core);
/* Whether the queue has an instruction that can begin now. */
bool dsa_queue_ready(struct dsa_core *core, uint32_t queue);
/* Takes it and runs it; false: it is a fault. */
bool dsa_queue_issue(struct dsa_core *core, uint32_t queue);
bool dsa_queues_empty(const struct dsa_core *core);
/* The instruction that a queue stands at; NULL: none. */
const struct road_dsa_word *dsa_queue_head(const struct dsa_core *core, uint32_t queue,
					   uint32_t *pc);

/* ---- tokens.c ---- */

bool dsa_token_is_set(const struct dsa_core *core, const struct road_dsa_word *word);
void dsa_token_clear(struct dsa_core *core, const struct road_dsa_word *word);
/* set_flag and cross_set take effect when what their queue began has completed. */
bool dsa_token_set(struct dsa_core *core, const struct road_dsa_word *word, uint64_t to_block,
		   uint64_t completed);
/* What is pending at `now` or before takes effect. */
void dsa_tokens_apply(struct dsa_core *core);
uint64_t dsa_tokens_next(const struct dsa_core *core);
/* Violations for tokens left at the block's end. */
void dsa_tokens_finish(struct dsa_core *core);
/* What a wait awaits, in words. */
void dsa_token_text(const struct road_dsa_word *word, char *out, size_t bytes);

/* ---- scalar.c ---- */

/* Runs an instruction of S that is neither order nor dispatch, pc included; false: a fault. */
bool dsa_scalar_run(struct dsa_core *core, const struct road_dsa_word *word);

/* ---- microcode.c ---- */

/* NULL: as the chip is built. */
void dsa_microcode_take(struct dsa_core *core, const struct road_dsa_microcode *microcode);
static inline bool dsa_knows(const struct dsa_core *core, uint32_t op)
{
	return core->enabled[op / 64] >> op % 64 & 1;
}

/* ---- executors: by the format of their words ---- */

typedef bool (*dsa_exec_fn)(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_move(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_tile(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_fractals(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_bytes(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_cube(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_fix(struct dsa_core *core, const struct dsa_entry *entry);
bool dsa_exec_vector(struct dsa_core *core, const struct dsa_entry *entry);

/* ---- time.c ---- */

uint64_t dsa_ps(const struct road_dsa_params *params, uint64_t cycles);
uint64_t dsa_scalar_cycles(const struct dsa_core *core, const struct road_dsa_word *word);
/* Costs of the instruction at hand, into core->work; nothing in `functional`. */
void dsa_cost_move(struct dsa_core *core, const struct road_dsa_path *path, uint64_t bursts,
		   uint64_t burst_bytes);
void dsa_cost_global(struct dsa_core *core, const struct road_dsa_path *path,
		     const struct dsa_piece *piece, uint64_t bytes, uint64_t bursts, int64_t stride,
		     bool write);
void dsa_cost_cube(struct dsa_core *core, uint32_t type, uint64_t m, uint64_t n, uint64_t k);
void dsa_cost_vector(struct dsa_core *core, uint64_t bytes, uint64_t repeats, bool special);

/* ---- systolic.c ---- */

/* Cycles of a product of M x K and K x N on an array of R x C. */
uint64_t dsa_systolic_cycles(enum road_dsa_dataflow dataflow, uint64_t rows, uint64_t columns,
			     uint64_t m, uint64_t n, uint64_t k);

static inline uint64_t dsa_ceil(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static inline uint64_t dsa_round(uint64_t a, uint64_t b)
{
	return dsa_ceil(a, b) * b;
}

static inline uint32_t dsa_low(uint64_t value)
{
	return (uint32_t)value;
}

static inline uint32_t dsa_high(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

#endif
