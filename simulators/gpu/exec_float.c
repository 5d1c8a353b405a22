/* SPDX-License-Identifier: Apache-2.0 */
/* f32: the host's arithmetic where it rounds to nearest even, numbers/soft.h elsewhere. */
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/elements.h"
#include "simulators/numbers/soft.h"
#include "simulators/numbers/vector.h"

extern const struct road_sim_vector_ops EXEC_NAME(road_sim_vector_ops);

#define A(ftz) elem_in32(a[l], ftz)
#define B(ftz) elem_in32(b[l], ftz)
#define C(ftz) elem_in32(c[l], ftz)

/* One loop for each use of ftz and sat, or they would not vectorise. */
#define FLOAT_FORMS(name, value)                                     \
	EXEC32(name, elem_finish32(value(false), false, false))      \
	EXEC32(name##_ftz, elem_finish32(value(true), true, false))  \
	EXEC32(name##_sat, elem_finish32(value(false), false, true)) \
	EXEC32(name##_ftz_sat, elem_finish32(value(true), true, true))

#define ADD(ftz)  (A(ftz) + B(ftz))
#define SUB(ftz)  (A(ftz) - B(ftz))
#define MUL(ftz)  (A(ftz) * B(ftz))
#define FMA(ftz)  elem_fma(A(ftz), B(ftz), C(ftz))
#define DIV(ftz)  (A(ftz) / B(ftz))
#define RCP(ftz)  (1.0f / A(ftz))
#define SQRT(ftz) __builtin_sqrtf(A(ftz))

FLOAT_FORMS(add, ADD)
FLOAT_FORMS(sub, SUB)
FLOAT_FORMS(mul, MUL)
FLOAT_FORMS(fma, FMA)
FLOAT_FORMS(div, DIV)
FLOAT_FORMS(rcp, RCP)
FLOAT_FORMS(sqrt, SQRT)

static uint32_t soft(const struct road_num_mode *mode, unsigned op, uint32_t a, uint32_t b,
		     uint32_t c)
{
	switch (op) {
	case ROAD_GPU_OP_add_f32: return (uint32_t)road_num_add(mode, a, b);
	case ROAD_GPU_OP_sub_f32: return (uint32_t)road_num_sub(mode, a, b);
	case ROAD_GPU_OP_mul_f32: return (uint32_t)road_num_mul(mode, a, b);
	case ROAD_GPU_OP_fma_f32: return (uint32_t)road_num_fma(mode, a, b, c);
	case ROAD_GPU_OP_div_f32: return (uint32_t)road_num_div(mode, a, b);
	case ROAD_GPU_OP_rcp_f32: return (uint32_t)road_num_div(mode, 0x3f800000u, a);
	default: return (uint32_t)road_num_sqrt(mode, a);
	}
}

/* Directed roundings, lane by lane. */
static void x_directed(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	const uint32_t *c = road_gpu_source(warp, insn->c);
	uint32_t *d = road_gpu_target(warp, insn->d);
	const struct road_num_mode mode = {
		.format = ROAD_NUM_F32,
		.round = (enum road_num_round)(insn->mods & ROAD_GPU_MOD_ROUND_MASK),
		.ftz = insn->mods & ROAD_GPU_MOD_FTZ,
		.sat = insn->mods & ROAD_GPU_MOD_SAT,
	};

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (mask >> l & 1u)
			d[l] = soft(&mode, insn->op, a[l], b[l], c[l]);
	}
}

#define APPROXIMATE(name)                                                                         \
	static void x_approx_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, \
				    uint32_t mask)                                                \
	{                                                                                         \
		uint32_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;                               \
                                                                                                  \
		EXEC_NAME(road_sim_vector_ops)                                                    \
			.name(scratch, road_gpu_source(warp, insn->a),                            \
			      insn->mods &ROAD_GPU_MOD_FTZ);                                      \
		exec_put(road_gpu_target(warp, insn->d), scratch, 4, mask);                       \
	}

APPROXIMATE(rcp)
APPROXIMATE(sqrt)
APPROXIMATE(rsqrt)
APPROXIMATE(ex2)
APPROXIMATE(lg2)
APPROXIMATE(sine)
APPROXIMATE(cosine)
APPROXIMATE(tanh)

static void x_minmax(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	uint32_t scratch[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	bool max = insn->op == ROAD_GPU_OP_max_f32, ftz = insn->mods & ROAD_GPU_MOD_FTZ;
	bool nan = insn->mods & ROAD_GPU_MOD_NAN;
	uint32_t keep = insn->mods & ROAD_GPU_MOD_ABS ? 0x7fffffffu : 0xffffffffu;
	uint32_t sign = insn->mods & ROAD_GPU_MOD_XORSIGN ? 0x80000000u : 0u;

	LANES(l)
	{
		uint32_t x = ftz ? elem_flush32(a[l]) : a[l], y = ftz ? elem_flush32(b[l]) : b[l];
		uint32_t r = elem_minmax32(x & keep, y & keep, max, nan);
		uint32_t mixed = (r & ~sign) | ((x ^ y) & sign);

		scratch[l] = road_num_is_nan32(r) ? ROAD_NUM_NAN32 : sign ? mixed : r;
	}
	exec_put(road_gpu_target(warp, insn->d), scratch, 4, mask);
}

EXEC32(abs, elem_canon32(a[l] & 0x7fffffffu))
EXEC32(abs_ftz, elem_canon32(elem_flush32(a[l]) & 0x7fffffffu))
EXEC32(neg, elem_canon32(a[l] ^ 0x80000000u))
EXEC32(neg_ftz, elem_canon32(elem_flush32(a[l]) ^ 0x80000000u))
EXEC32(copysign, (a[l] & 0x80000000u) | (b[l] & 0x7fffffffu))

/* Executors by flags: bit 0 ftz, bit 1 sat. */
#define FORMS(name)                                                          \
	{                                                                    \
		x_##name, x_##name##_ftz, x_##name##_sat, x_##name##_ftz_sat \
	}
#define TWO(name)                                    \
	{                                            \
		x_##name, x_##name##_ftz, NULL, NULL \
	}
#define ONE(name)                              \
	{                                      \
		x_##name, x_##name, NULL, NULL \
	}

static const road_gpu_exec_fn forms[ROAD_GPU_OPS][4] = {
	[ROAD_GPU_OP_add_f32] = FORMS(add),
	[ROAD_GPU_OP_sub_f32] = FORMS(sub),
	[ROAD_GPU_OP_mul_f32] = FORMS(mul),
	[ROAD_GPU_OP_fma_f32] = FORMS(fma),
	[ROAD_GPU_OP_div_f32] = FORMS(div),
	[ROAD_GPU_OP_rcp_f32] = FORMS(rcp),
	[ROAD_GPU_OP_sqrt_f32] = FORMS(sqrt),
	[ROAD_GPU_OP_div_approx_f32] = TWO(div),
	[ROAD_GPU_OP_rcp_approx_f32] = ONE(approx_rcp),
	[ROAD_GPU_OP_sqrt_approx_f32] = ONE(approx_sqrt),
	[ROAD_GPU_OP_rsqrt_approx_f32] = ONE(approx_rsqrt),
	[ROAD_GPU_OP_ex2_approx_f32] = ONE(approx_ex2),
	[ROAD_GPU_OP_lg2_approx_f32] = ONE(approx_lg2),
	[ROAD_GPU_OP_sin_approx_f32] = ONE(approx_sine),
	[ROAD_GPU_OP_cos_approx_f32] = ONE(approx_cosine),
	[ROAD_GPU_OP_tanh_approx_f32] = ONE(approx_tanh),
	[ROAD_GPU_OP_min_f32] = ONE(minmax),
	[ROAD_GPU_OP_max_f32] = ONE(minmax),
	[ROAD_GPU_OP_abs_f32] = TWO(abs),
	[ROAD_GPU_OP_neg_f32] = TWO(neg),
	[ROAD_GPU_OP_copysign_f32] = ONE(copysign),
};

road_gpu_exec_fn EXEC_NAME(road_gpu_exec_float)(const struct road_gpu_insn *insn)
{
	bool arithmetic = insn->op >= ROAD_GPU_OP_add_f32 && insn->op <= ROAD_GPU_OP_sqrt_f32 &&
			  insn->op != ROAD_GPU_OP_div_approx_f32;
	unsigned which = insn->mods & ROAD_GPU_MOD_FTZ ? 1u : 0u;

	if (!forms[insn->op][0])
		return NULL;
	if (arithmetic && insn->mods & ROAD_GPU_MOD_ROUND_MASK)
		return x_directed;
	if (arithmetic && insn->mods & ROAD_GPU_MOD_SAT)
		which |= 2u;
	return forms[insn->op][which];
}
