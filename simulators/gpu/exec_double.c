/* SPDX-License-Identifier: Apache-2.0 */
/* f64; the first NaN operand survives, quieted. */
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/elements.h"
#include "simulators/numbers/soft.h"

#define A road_num_double(a[l])
#define B road_num_double(b[l])
#define C road_num_double(c[l])

EXEC64(add, elem_finish64(A + B, a[l], b[l], 0))
EXEC64(sub, elem_finish64(A - B, a[l], b[l], 0))
EXEC64(mul, elem_finish64(A *B, a[l], b[l], 0))
EXEC64(fma, elem_finish64(__builtin_fma(A, B, C), a[l], b[l], c[l]))
EXEC64(div, elem_finish64(A / B, a[l], b[l], 0))
EXEC64(rcp, elem_finish64(1.0 / A, a[l], 0, 0))
EXEC64(sqrt, elem_finish64(__builtin_sqrt(A), a[l], 0, 0))
EXEC64(min, elem_minmax64(a[l], b[l], false))
EXEC64(max, elem_minmax64(a[l], b[l], true))
EXEC64(abs, (a[l] & INT64_MAX) | (road_num_is_nan64(a[l]) ? ROAD_NUM_QUIET64 : 0))
EXEC64(neg, (a[l] ^ UINT64_C(1) << 63) | (road_num_is_nan64(a[l]) ? ROAD_NUM_QUIET64 : 0))
EXEC64(copysign, (a[l] & UINT64_C(1) << 63) | (b[l] & INT64_MAX))

static uint64_t soft(const struct road_num_mode *mode, unsigned op, uint64_t a, uint64_t b,
		     uint64_t c)
{
	switch (op) {
	case ROAD_GPU_OP_add_f64: return road_num_add(mode, a, b);
	case ROAD_GPU_OP_sub_f64: return road_num_sub(mode, a, b);
	case ROAD_GPU_OP_mul_f64: return road_num_mul(mode, a, b);
	case ROAD_GPU_OP_fma_f64: return road_num_fma(mode, a, b, c);
	case ROAD_GPU_OP_div_f64: return road_num_div(mode, a, b);
	case ROAD_GPU_OP_rcp_f64: return road_num_div(mode, UINT64_C(0x3ff0000000000000), a);
	default: return road_num_sqrt(mode, a);
	}
}

static void x_directed(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	const uint64_t *c = road_gpu_source(warp, insn->c);
	uint64_t *d = road_gpu_target(warp, insn->d);
	const struct road_num_mode mode = {
		.format = ROAD_NUM_F64,
		.round = (enum road_num_round)(insn->mods & ROAD_GPU_MOD_ROUND_MASK),
	};

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (mask >> l & 1u)
			d[l] = soft(&mode, insn->op, a[l], b[l], c[l]);
	}
}

/* By the upper words alone (PTX ISA, "rcp.approx.ftz.f64"). */
static uint64_t by_top(uint64_t a, bool root)
{
	const struct road_num_mode mode = {.format = ROAD_NUM_F64TOP, .ftz = true};
	uint64_t top = a >> 32;

	if (road_num_is_nan64(a))
		return (a | ROAD_NUM_QUIET64) >> 32 << 32;
	return (root ? road_num_rsqrt(&mode, top) : road_num_div(&mode, 0x3ff00000u, top)) << 32;
}

static void x_approx(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a);
	uint64_t *d = road_gpu_target(warp, insn->d);
	const struct road_num_mode whole = {.format = ROAD_NUM_F64};
	bool root = insn->op == ROAD_GPU_OP_rsqrt_approx_f64;
	bool top = !root || insn->mods & ROAD_GPU_MOD_FTZ;

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (mask >> l & 1u)
			d[l] = top ? by_top(a[l], root) : road_num_rsqrt(&whole, a[l]);
	}
}

static const road_gpu_exec_fn table[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_add_f64] = x_add,           [ROAD_GPU_OP_sub_f64] = x_sub,
	[ROAD_GPU_OP_mul_f64] = x_mul,           [ROAD_GPU_OP_fma_f64] = x_fma,
	[ROAD_GPU_OP_div_f64] = x_div,           [ROAD_GPU_OP_rcp_f64] = x_rcp,
	[ROAD_GPU_OP_sqrt_f64] = x_sqrt,         [ROAD_GPU_OP_min_f64] = x_min,
	[ROAD_GPU_OP_max_f64] = x_max,           [ROAD_GPU_OP_abs_f64] = x_abs,
	[ROAD_GPU_OP_neg_f64] = x_neg,           [ROAD_GPU_OP_copysign_f64] = x_copysign,
	[ROAD_GPU_OP_rcp_approx_f64] = x_approx, [ROAD_GPU_OP_rsqrt_approx_f64] = x_approx,
};

road_gpu_exec_fn EXEC_NAME(road_gpu_exec_double)(const struct road_gpu_insn *insn)
{
	bool directed = insn->mods & ROAD_GPU_MOD_ROUND_MASK;

	return table[insn->op] && directed ? x_directed : table[insn->op];
}
