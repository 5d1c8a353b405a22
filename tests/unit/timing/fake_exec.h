/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution for tests of the timing model: the functions of simulators/gpu/warp.h over tiny
 * hand-made kernels, one split a warp, no predicates. What an instruction costs is then decided
 * by the test and the chip's parameters alone.
 */
#ifndef TESTS_UNIT_TIMING_FAKE_EXEC_H
#define TESTS_UNIT_TIMING_FAKE_EXEC_H

#include "simulators/gpu/warp.h"

#define FAKE_REGS  16u
#define FAKE_LATER UINT64_C(0x5555555555555555) /* in a register that is yet to be brought */

struct fake_lane { /* who asks */
	uint64_t block;
	uint32_t warp, lane;
	uint32_t turn; /* how often the warp has looped */
};

struct fake_op {
	enum road_gpu_kind kind;
	enum road_gpu_unit unit;
	enum road_gpu_latency latency;
	uint8_t d, rows; /* written: rows registers from d on; rows 0 = none */
	uint8_t a, b;    /* read, one row each; FAKE_REGS = none */
	uint8_t space;   /* loads, stores */
	uint8_t bytes;
	uint16_t mods;
	uint32_t loops; /* BRANCH: back to `target` so often */
	uint32_t target;
	/* Address of the lane; NULL: what register a holds (an earlier load's data). */
	uint64_t (*address)(const struct fake_lane *lane);
	/* STORE, ATOMIC: the data, which atomics add; NULL: what register b holds, or zero. Loads
	 * of 4 or 8 bytes put theirs in d. */
	uint64_t (*data)(const struct fake_lane *lane);
};

struct fake_kernel {
	struct road_gpu_code code;
	const struct fake_op *ops;
	uint32_t count;
	uint32_t regs;
};

/* Fills in `code` from ops; fake_kernel_free() afterwards. */
void fake_kernel_make(struct fake_kernel *kernel, const struct fake_op *ops, uint32_t count,
		      uint32_t regs);
void fake_kernel_free(struct fake_kernel *kernel);

/* The value that a lane's register holds, of a block that still exists. */
uint64_t fake_register(const struct road_gpu_warp *warp, uint32_t reg, uint32_t lane);

#endif
