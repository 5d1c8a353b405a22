/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit integers, and division of both widths. */
#include "simulators/gpu/exec_rows.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

EXEC64(add, a[l] + b[l])
EXEC64(sub, a[l] - b[l])
EXEC64(mul_lo, a[l] * b[l])
EXEC64(mul_hi_u64, (uint64_t)((u128)a[l] * b[l] >> 64))
EXECS64(mul_hi_s64, (int64_t)((s128)a[l] * b[l] >> 64))
EXEC64(mad_lo, a[l] * b[l] + c[l])
EXEC64(abs, (int64_t)a[l] < 0 ? 0u - a[l] : a[l])
EXEC64(neg, 0u - a[l])
EXEC64(min_u64, a[l] < b[l] ? a[l] : b[l])
EXECS64(min_s64, a[l] < b[l] ? a[l] : b[l])
EXEC64(max_u64, a[l] > b[l] ? a[l] : b[l])
EXECS64(max_s64, a[l] > b[l] ? a[l] : b[l])
EXEC64(and, a[l] & b[l])
EXEC64(or, a[l] | b[l])
EXEC64(xor, a[l] ^ b[l])
EXEC64(not, ~a[l])
EXEC_ROWS(x_shl, uint64_t, uint64_t, uint32_t, uint64_t, b[l] > 63 ? 0u : a[l] << (b[l] & 63u))
EXEC_ROWS(x_shr_u64, uint64_t, uint64_t, uint32_t, uint64_t, b[l] > 63 ? 0u : a[l] >> (b[l] & 63u))
EXEC_ROWS(x_shr_s64, int64_t, int64_t, uint32_t, int64_t, a[l] >> (b[l] > 63 ? 63u : b[l]))

/* A division by zero gives all ones and is counted, or is a fault if the launch checks it. */
static bool divides(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t zeros)
{
	if (!zeros)
		return true;
	warp->block->stats.divides_by_zero += (unsigned)__builtin_popcount(zeros);
	if (!warp->block->launch->config.check_div)
		return true;
	road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_DIVIDE, zeros, 0, insn->op);
	return false;
}

/* The smallest number by -1 wraps. */
#define DIVIDE(name, type, unsigned_type, expression)                                      \
	static void x_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
			     uint32_t mask)                                                \
	{                                                                                  \
		const unsigned_type *rows_a = road_gpu_source(warp, insn->a);              \
		const unsigned_type *rows_b = road_gpu_source(warp, insn->b);              \
		unsigned_type *d = road_gpu_target(warp, insn->d);                         \
		uint32_t zeros = 0;                                                        \
                                                                                           \
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)                         \
			zeros |= rows_b[l] ? 0u : 1u << l;                                 \
		if (!divides(warp, insn, zeros & mask))                                    \
			return;                                                            \
		for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {                       \
			type a = (type)rows_a[l], b = (type)rows_b[l];                     \
                                                                                           \
			if (!(mask >> l & 1u))                                             \
				continue;                                                  \
			d[l] = b ? (unsigned_type)(expression) : (unsigned_type)-1;        \
		}                                                                          \
	}

DIVIDE(div_u32, uint32_t, uint32_t, a / b)
DIVIDE(rem_u32, uint32_t, uint32_t, a % b)
DIVIDE(div_s32, int32_t, uint32_t, b == -1 ? 0u - (uint32_t)a : (uint32_t)(a / b))
DIVIDE(rem_s32, int32_t, uint32_t, b == -1 ? 0 : a % b)
DIVIDE(div_u64, uint64_t, uint64_t, a / b)
DIVIDE(rem_u64, uint64_t, uint64_t, a % b)
DIVIDE(div_s64, int64_t, uint64_t, b == -1 ? 0u - (uint64_t)a : (uint64_t)(a / b))
DIVIDE(rem_s64, int64_t, uint64_t, b == -1 ? 0 : a % b)

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_wide)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_add_u64] = x_add,           [ROAD_GPU_OP_sub_u64] = x_sub,
	[ROAD_GPU_OP_mul_lo_u64] = x_mul_lo,     [ROAD_GPU_OP_mul_hi_u64] = x_mul_hi_u64,
	[ROAD_GPU_OP_mul_hi_s64] = x_mul_hi_s64, [ROAD_GPU_OP_mad_lo_u64] = x_mad_lo,
	[ROAD_GPU_OP_abs_s64] = x_abs,           [ROAD_GPU_OP_neg_s64] = x_neg,
	[ROAD_GPU_OP_min_u64] = x_min_u64,       [ROAD_GPU_OP_min_s64] = x_min_s64,
	[ROAD_GPU_OP_max_u64] = x_max_u64,       [ROAD_GPU_OP_max_s64] = x_max_s64,
	[ROAD_GPU_OP_and_b64] = x_and,           [ROAD_GPU_OP_or_b64] = x_or,
	[ROAD_GPU_OP_xor_b64] = x_xor,           [ROAD_GPU_OP_not_b64] = x_not,
	[ROAD_GPU_OP_shl_b64] = x_shl,           [ROAD_GPU_OP_shr_u64] = x_shr_u64,
	[ROAD_GPU_OP_shr_s64] = x_shr_s64,       [ROAD_GPU_OP_div_u32] = x_div_u32,
	[ROAD_GPU_OP_div_s32] = x_div_s32,       [ROAD_GPU_OP_rem_u32] = x_rem_u32,
	[ROAD_GPU_OP_rem_s32] = x_rem_s32,       [ROAD_GPU_OP_div_u64] = x_div_u64,
	[ROAD_GPU_OP_div_s64] = x_div_s64,       [ROAD_GPU_OP_rem_u64] = x_rem_u64,
	[ROAD_GPU_OP_rem_s64] = x_rem_s64,
};
