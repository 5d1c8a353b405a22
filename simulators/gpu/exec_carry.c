/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and differences with a carry (a borrow) that comes in and goes out by predicates. */
#include "simulators/gpu/exec_rows.h"

#define CARRY(name, type, bits, sum_of, carry_of)                                          \
	static void x_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
			     uint32_t mask)                                                \
	{                                                                                  \
		const type *a = road_gpu_source(warp, insn->a),                            \
			   *b = road_gpu_source(warp, insn->b);                            \
		type scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                            \
		uint32_t in = road_gpu_predicate(warp, insn->pc), out = 0;                 \
                                                                                           \
		LANES(l)                                                                   \
		{                                                                          \
			type x = a[l], y = b[l], c = bits[l] & in ? 1u : 0u;               \
			type sum = sum_of;                                                 \
                                                                                           \
			scratch[l] = sum;                                                  \
			out |= (carry_of) ? exec_bit[l] : 0u;                              \
		}                                                                          \
		exec_put(road_gpu_target(warp, insn->d), scratch, sizeof(type), mask);     \
		exec_set_predicate(warp, insn->aux, out, mask);                            \
	}

CARRY(addc_u32, uint32_t, exec_bit, x + y + c, sum < x || (sum == x && c))
CARRY(subc_u32, uint32_t, exec_bit, x - y - c, x < y || (x == y && c))
CARRY(addc_u64, uint64_t, exec_bit, x + y + c, sum < x || (sum == x && c))
CARRY(subc_u64, uint64_t, exec_bit, x - y - c, x < y || (x == y && c))

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_carry)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_addc_u32] = x_addc_u32,
	[ROAD_GPU_OP_subc_u32] = x_subc_u32,
	[ROAD_GPU_OP_addc_u64] = x_addc_u64,
	[ROAD_GPU_OP_subc_u64] = x_subc_u64,
};
