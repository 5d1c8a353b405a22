/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an executor is written: one expression per lane over the source rows a, b, c. The whole
 * row is computed without looking at the mask (no lane can trap) and blended in if the mask is
 * not full. Only for the files that are built per variant.
 */
#ifndef SIMULATORS_GPU_EXEC_ROWS_H
#define SIMULATORS_GPU_EXEC_ROWS_H

#include "simulators/gpu/exec.h"
#include "simulators/numbers/lanes.h"

#include <string.h>

#define EXEC_JOIN2(a, b) a##_##b
#define EXEC_JOIN(a, b)  EXEC_JOIN2(a, b)
#define EXEC_NAME(name)  EXEC_JOIN(name, VARIANT) /* an external name of this variant */

/* Sparse tables by opcode, one per file; choosers look at modifiers too and may say NULL. */
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_move)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_int)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_bits)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_wide)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_compare)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_half)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_carry)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_warp)[ROAD_GPU_OPS];
extern const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_matrix)[ROAD_GPU_OPS];
road_gpu_exec_fn EXEC_NAME(road_gpu_exec_saturating)(const struct road_gpu_insn *insn);
road_gpu_exec_fn EXEC_NAME(road_gpu_exec_float)(const struct road_gpu_insn *insn);
road_gpu_exec_fn EXEC_NAME(road_gpu_exec_double)(const struct road_gpu_insn *insn);
road_gpu_exec_fn EXEC_NAME(road_gpu_exec_cvt)(const struct road_gpu_insn *insn);
enum road_gpu_fault EXEC_NAME(road_gpu_exec_memory)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn,
						    uint32_t mask);
road_gpu_exec_fn EXEC_NAME(road_gpu_exec_rows32)(const struct road_gpu_insn *insn);
void EXEC_NAME(road_gpu_exec_row)(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
				  uint32_t mask);
enum road_gpu_fault EXEC_NAME(road_gpu_exec_atomic)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn,
						    uint32_t mask);
enum road_gpu_fault EXEC_NAME(road_gpu_exec_access)(struct road_gpu_warp *warp,
						    const struct road_gpu_insn *insn, uint32_t mask,
						    struct road_gpu_access *access);
void EXEC_NAME(road_gpu_exec_together)(struct road_gpu_warp *warp,
				       const struct road_gpu_part *parts, uint32_t count);
enum road_gpu_run EXEC_NAME(road_gpu_exec_run)(struct road_gpu_warp *warp, uint32_t steps,
					       uint32_t *ran);

static const uint32_t exec_bit[32] ROAD_SIM_ROW = {
	1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
	1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
	1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
	1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

static const uint64_t exec_wide_bit[32] ROAD_SIM_ROW = {
	1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
	1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
	1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
	1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

static inline void exec_blend32(uint32_t *d, const uint32_t *s, uint32_t mask)
{
	LANES(l) d[l] = mask & exec_bit[l] ? s[l] : d[l];
}

static inline void exec_blend64(uint64_t *d, const uint64_t *s, uint32_t mask)
{
	LANES(l) d[l] = mask & exec_wide_bit[l] ? s[l] : d[l];
}

/* Moves the lanes of mask from a scratch row (pair) to its place. */
static inline void exec_put(void *d, const void *s, size_t width, uint32_t mask)
{
	if (mask == ROAD_GPU_ALL)
		memcpy(d, s, width * ROAD_GPU_WARP_LANES);
	else if (width == 4)
		exec_blend32(d, s, mask);
	else
		exec_blend64(d, s, mask);
}

static inline void exec_set_predicate(struct road_gpu_warp *warp, unsigned index, uint32_t value,
				      uint32_t mask)
{
	if (index != ROAD_GPU_PT)
		warp->preds[index] = (warp->preds[index] & ~mask) | (value & mask);
}

/* Rows of different width may overlap without being the same: those never write in place. */
#define EXEC_ROWS(function, dt, at, bt, ct, expression)                                    \
	static void function(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
			     uint32_t mask)                                                \
	{                                                                                  \
		const at *a __attribute__((unused)) = road_gpu_source(warp, insn->a);      \
		const bt *b __attribute__((unused)) = road_gpu_source(warp, insn->b);      \
		const ct *c __attribute__((unused)) = road_gpu_source(warp, insn->c);      \
		dt scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                              \
		dt *d = road_gpu_target(warp, insn->d);                                    \
		bool same = sizeof(dt) == sizeof(at) && sizeof(dt) == sizeof(bt) &&        \
			    sizeof(dt) == sizeof(ct);                                      \
                                                                                           \
		if (same && mask == ROAD_GPU_ALL) {                                        \
			LANES(l) d[l] = (dt)(expression);                                  \
		} else {                                                                   \
			LANES(l) scratch[l] = (dt)(expression);                            \
			exec_put(d, scratch, sizeof(dt), mask);                            \
		}                                                                          \
	}

#define EXEC32(name, expression) \
	EXEC_ROWS(x_##name, uint32_t, uint32_t, uint32_t, uint32_t, expression)
#define EXECS32(name, expression) \
	EXEC_ROWS(x_##name, int32_t, int32_t, int32_t, int32_t, expression)
#define EXEC64(name, expression) \
	EXEC_ROWS(x_##name, uint64_t, uint64_t, uint64_t, uint64_t, expression)
#define EXECS64(name, expression) \
	EXEC_ROWS(x_##name, int64_t, int64_t, int64_t, int64_t, expression)

#endif
