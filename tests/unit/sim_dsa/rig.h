/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated core without a chip around it: a program that a test emits word by word, global
 * memory that is an array at RIG_VA, and an engine that writes down what it is told.
 */
#ifndef TESTS_UNIT_SIM_DSA_RIG_H
#define TESTS_UNIT_SIM_DSA_RIG_H

#include "simulators/dsa/internal.h"
#include "tests/support/tap.h"

enum { RIG_WORDS = 4096, RIG_MEMORY = 1 << 20, RIG_CORES = 3, RIG_SPANS = 256 };
#define RIG_VA UINT64_C(0x100000)

struct rig_span {
	char lane[32], name[48];
	uint64_t from, to;
};

struct rig {
	struct road_dsa_params params; /* 1 GHz: a cycle is 1000 ps */
	enum sim_fidelity fidelity;
	uint64_t seed;
	bool no_hazards;
	bool shared_memory; /* with L2 and HBM; else global memory costs its path only */
	uint32_t blocks;    /* more than 1: cooperative */
	uint8_t arguments[64];
	const struct road_dsa_microcode *microcode; /* NULL: as the chip is built */

	struct road_dsa_word words[RIG_WORDS];
	uint32_t lines[RIG_WORDS]; /* word + 100 */
	uint32_t count;
	uint64_t end; /* picoseconds that it took */
	struct dsa_core_fault fault;
	struct dsa_core_counts counts;
	struct dsa_memory_counts memory_counts;
	uint32_t faulted_core;
	uint64_t x[RIG_CORES][ROAD_DSA_REGS]; /* at the end */
	uint8_t *pads[ROAD_DSA_PADS];         /* of core 0; until the next run */

	uint32_t violations;
	char violation[8][200]; /* the first ones */
	struct rig_span spans[RIG_SPANS];
	uint32_t span_count;

	uint8_t memory[RIG_MEMORY];
	struct dsa_core *core[RIG_CORES];
	struct dsa_memory *path;
};

/* A small chip in `functional`, no program. */
void rig_init(struct rig *rig);
void rig_free(struct rig *rig);
/* Loads the words as one kernel and runs it to its end; the cores' state as it ended. */
enum dsa_core_state rig_run(struct rig *rig);
/* The same, and it must have ended without fault or violation. */
void rig_finish(struct rig *rig);
/* The words as a code block of one kernel (malloc). */
uint8_t *rig_block(const struct rig *rig, size_t *bytes);
/* Whether one of the violations has this text. */
bool rig_has_violation(const struct rig *rig, const char *text);

struct road_dsa_word *rig_emit(struct rig *rig, unsigned op, unsigned type, unsigned d, unsigned a,
			       unsigned b);
/* movi and, where it takes one, movh */
void rig_load(struct rig *rig, unsigned reg, uint64_t value);
void rig_flag(struct rig *rig, unsigned op, unsigned source, unsigned target, int id);
/* set_flag and wait_flag */
void rig_order(struct rig *rig, unsigned source, unsigned target, int id);
void rig_barrier(struct rig *rig, unsigned queue);
/* One burst between UB and global memory; uses x20..x22. */
void rig_move_ub(struct rig *rig, uint64_t ub, uint64_t offset, uint64_t bytes);
void rig_store_ub(struct rig *rig, uint64_t offset, uint64_t ub, uint64_t bytes);
/* A vector instruction on n elements; uses x23..x27. */
struct road_dsa_word *rig_vector(struct rig *rig, unsigned op, unsigned type, uint64_t d,
				 uint64_t a, uint64_t b, uint64_t n);
#define EMIT(rig, op, d, a, b) rig_emit(rig, ROAD_DSA_OP_##op, ROAD_DSA_TYPE_NONE, d, a, b)

#endif
