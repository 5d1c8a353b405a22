/* SPDX-License-Identifier: Apache-2.0 */
/* A chip of round numbers, memory, and launches of fake kernels on it. */
#ifndef TESTS_UNIT_TIMING_RIG_H
#define TESTS_UNIT_TIMING_RIG_H

#include "simulators/gpu/timing.h"
#include "tests/unit/timing/fake_exec.h"

#define RIG_MEMORY (8u << 20)
#define RIG_BASE   (UINT64_C(1) << 20) /* virtual address of physical 0 */

struct rig {
	struct road_gpu_params params;
	struct road_gpu_timing *timing;
	struct road_gpu_range range[2]; /* memory; host memory behind the bus without pointer */
	struct road_gpu_ranges ranges;
	uint8_t *memory;
	uint64_t warp_ends[ROAD_GPU_WARPS_MAX]; /* of the workgroup that ran last */
	uint32_t traced;
	struct road_gpu_word_counters *words; /* given to launches; NULL: nobody asks */
};

/* Every unit takes a warp a cycle; one partition; four channels of 16 bytes a cycle. */
struct road_gpu_params rig_params(void);
void rig_open(struct rig *rig, const struct road_gpu_params *params,
	      const struct road_gpu_timing_outside *outside);
void rig_close(struct rig *rig);
/* Begins `blocks` workgroups of `warps` warps at `cycle`. */
enum road_gpu_timing_error rig_begin(struct rig *rig, const struct fake_kernel *kernel,
				     uint32_t blocks, uint32_t warps, uint64_t cycle, void *cookie);
/* Begins, runs to the end, takes. */
struct road_gpu_timing_done rig_run(struct rig *rig, const struct fake_kernel *kernel,
				    uint32_t blocks, uint32_t warps, uint64_t cycle);
/* Issue and stalls make up the resident cycles; bytes of neighbouring levels agree. Only when
 * nothing is on its way. */
bool rig_balances(const struct rig *rig);

#define OP(k, u, l, dd, n, ra, rb)                                                                 \
	{                                                                                          \
		.kind = ROAD_GPU_KIND_##k, .unit = ROAD_GPU_UNIT_##u, .latency = ROAD_GPU_LAT_##l, \
		.d = dd, .rows = n, .a = ra, .b = rb                                               \
	}
#define NO_REG      FAKE_REGS
#define EXIT(reads) OP(EXIT, CONTROL, BRANCH, 0, 0, reads, NO_REG)
#define FMA(dd, ra) OP(ALU, FP32, FMA, dd, 1, ra, NO_REG)
#define LOAD(sp, n, dd, ra, fn)                                                        \
	{                                                                              \
		.kind = ROAD_GPU_KIND_LOAD, .unit = ROAD_GPU_UNIT_LDST,                \
		.latency = ROAD_GPU_LAT_MEM, .d = dd, .rows = 1, .a = ra, .b = NO_REG, \
		.space = ROAD_GPU_SPACE_##sp, .bytes = n, .address = fn                \
	}
#define STORE(sp, n, ra, fn, value)                                                              \
	{                                                                                        \
		.kind = ROAD_GPU_KIND_STORE, .unit = ROAD_GPU_UNIT_LDST,                         \
		.latency = ROAD_GPU_LAT_MEM, .a = ra, .b = NO_REG, .space = ROAD_GPU_SPACE_##sp, \
		.bytes = n, .address = fn, .data = value                                         \
	}
/* Stores what register rb holds. */
#define STORE_REG(n, rb, fn)                                                                       \
	{                                                                                          \
		.kind = ROAD_GPU_KIND_STORE, .unit = ROAD_GPU_UNIT_LDST,                           \
		.latency = ROAD_GPU_LAT_MEM, .a = NO_REG, .b = rb, .space = ROAD_GPU_SPACE_GLOBAL, \
		.bytes = n, .address = fn                                                          \
	}
#define ATOMIC(n, dd, returned, ra, fn, value)                                                \
	{                                                                                     \
		.kind = ROAD_GPU_KIND_ATOMIC, .unit = ROAD_GPU_UNIT_LDST,                     \
		.latency = ROAD_GPU_LAT_MEM, .d = dd, .rows = returned, .a = ra, .b = NO_REG, \
		.space = ROAD_GPU_SPACE_GLOBAL, .bytes = n, .address = fn, .data = value      \
	}
#define LOOP(to, n)                                                                                \
	{                                                                                          \
		.kind = ROAD_GPU_KIND_BRANCH, .unit = ROAD_GPU_UNIT_CONTROL,                       \
		.latency = ROAD_GPU_LAT_BRANCH, .a = NO_REG, .b = NO_REG, .loops = n, .target = to \
	}
#define COUNT_OF(a) (uint32_t)(sizeof(a) / sizeof((a)[0]))

#endif
