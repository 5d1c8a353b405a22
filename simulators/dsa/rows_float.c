/* SPDX-License-Identifier: Apache-2.0 */
/* f32, f16, bf16: arithmetic and functions, element by element. */
#include "simulators/dsa/rows.h"
#include "simulators/numbers/functions.h"
#include "simulators/numbers/half.h"

#define ROW(name, type, expression)                                              \
	static void name(void *to, const void *from, const void *with, size_t n) \
	{                                                                        \
		type *d = to;                                                    \
		const type *a = from, *b = with;                                 \
                                                                                 \
		(void)a, (void)b;                                                \
		DSA_EACH(i, n) d[i] = (type)(expression);                        \
	}

/* x is f32 as it stands, h(…) of 16 bits with `bf` for which of the two. */
#define ROWS(name, single, half)                             \
	ROW(name##_f32, uint32_t, single)                    \
	ROW(name##_f16, uint16_t, (half(a[i], b[i], false))) \
	ROW(name##_bf16, uint16_t, (half(a[i], b[i], true)))
/* Of one source. */
#define ROWS1(name, single, half)                      \
	ROW(name##_f32, uint32_t, single(a[i]))        \
	ROW(name##_f16, uint16_t, (half(a[i], false))) \
	ROW(name##_bf16, uint16_t, (half(a[i], true)))

#define A road_num_float(a[i])
#define B road_num_float(b[i])

static inline uint32_t finish(float value)
{
	return elem_finish32(value, false, false);
}

/* A double that is exact, or rounded to odd, in 16 bits. */
static inline uint32_t narrow(double value, bool bf)
{
	return half_out(half_narrow(value), bf);
}

/* ---- arithmetic ---- */

static inline uint32_t half_sub(uint32_t a, uint32_t b, bool bf)
{
	return half_add(a, half_is_nan(b, bf) ? b : b ^ 0x8000u, bf);
}

/* 53 bits hold more than twice what 16-bit formats do, so the second rounding changes nothing. */
static inline uint32_t half_div(uint32_t a, uint32_t b, bool bf)
{
	return narrow((double)half_in(a, bf) / (double)half_in(b, bf), bf);
}

static inline uint32_t half_max(uint32_t a, uint32_t b, bool bf)
{
	return half_minmax(a, b, bf, true, false);
}

static inline uint32_t half_min(uint32_t a, uint32_t b, bool bf)
{
	return half_minmax(a, b, bf, false, false);
}

ROWS(add, finish(A + B), half_add)
ROWS(sub, finish(A - B), half_sub)
ROWS(mul, finish(A *B), half_mul)
ROWS(div, finish(A / B), half_div)
ROWS(max, elem_minmax32(a[i], b[i], true, false), half_max)
ROWS(min, elem_minmax32(a[i], b[i], false, false), half_min)

ROW(madd_f32, uint32_t, finish(elem_fma(A, B, road_num_float(d[i]))))
ROW(madd_f16, uint16_t, half_fma(a[i], b[i], d[i], false))
ROW(madd_bf16, uint16_t, half_fma(a[i], b[i], d[i], true))

/* ---- signs ---- */

static inline uint32_t abs32(uint32_t a)
{
	return elem_canon32(a & 0x7fffffffu);
}

static inline uint32_t neg32(uint32_t a)
{
	return road_num_is_nan32(a) ? ROAD_NUM_NAN32 : a ^ 0x80000000u;
}

/* Everything with a sign, and NaN, becomes +0. */
static inline uint32_t relu32(uint32_t a)
{
	return a > FUNCTIONS_INFINITY32 ? 0u : a;
}

static inline uint32_t half_abs(uint32_t a, bool bf)
{
	return half_is_nan(a, bf) ? ROAD_NUM_NAN16 : a & 0x7fffu;
}

static inline uint32_t half_neg(uint32_t a, bool bf)
{
	return half_is_nan(a, bf) ? ROAD_NUM_NAN16 : a ^ 0x8000u;
}

static inline uint32_t half_relu(uint32_t a, bool bf)
{
	return a > HALF_INFINITY(bf) ? 0u : a;
}

ROWS1(abs, abs32, half_abs)
ROWS1(neg, neg32, half_neg)
ROWS1(relu, relu32, half_relu)

/* ---- functions: the exact value, rounded ---- */

static inline uint32_t sqrt32(uint32_t a)
{
	return finish(__builtin_sqrtf(road_num_float(a)));
}

static inline uint32_t rec32(uint32_t a)
{
	return finish(1.0f / road_num_float(a));
}

static inline uint32_t half_exp(uint32_t a, bool bf)
{
	double value = approx_exp_odd(half_is_nan(a, bf) ? 0.0f : half_in(a, bf));

	return half_is_nan(a, bf) ? ROAD_NUM_NAN16 : narrow(value, bf);
}

/* Edges as of f32: only the sign, the magnitude's being 0 or infinity, and NaN matter. */
static inline uint32_t half_edges(uint32_t bits, double value, bool bf, uint32_t zero,
				  uint32_t infinity)
{
	uint32_t r = functions_edges(bits, half_narrow(value), zero, infinity);

	return half_out(r, bf);
}

static inline uint32_t half_ln(uint32_t a, bool bf)
{
	uint32_t bits = road_num_bits32(half_in(a, bf));

	return half_edges(bits, approx_ln_odd(functions_ordinary(bits)), bf, 0xff800000u,
			  FUNCTIONS_INFINITY32);
}

static inline uint32_t half_rsqrt(uint32_t a, bool bf)
{
	uint32_t bits = road_num_bits32(half_in(a, bf));

	return half_edges(bits, approx_rsqrt_odd(functions_ordinary(bits)), bf,
			  (bits & 0x80000000u) | FUNCTIONS_INFINITY32, 0u);
}

static inline uint32_t half_sqrt(uint32_t a, bool bf)
{
	return narrow(__builtin_sqrt((double)half_in(a, bf)), bf);
}

static inline uint32_t half_rec(uint32_t a, bool bf)
{
	return narrow(1.0 / (double)half_in(a, bf), bf);
}

ROWS1(exp, functions_exp32, half_exp)
ROWS1(ln, functions_ln32, half_ln)
ROWS1(sqrt, sqrt32, half_sqrt)
ROWS1(rsqrt, functions_rsqrt32, half_rsqrt)
ROWS1(rec, rec32, half_rec)
ROWS1(tanh, functions_tanh32, half_tanh)

#define TYPES(name)                                                                   \
	{                                                                             \
		[ROAD_DSA_TYPE_F16] = name##_f16, [ROAD_DSA_TYPE_BF16] = name##_bf16, \
		[ROAD_DSA_TYPE_F32] = name##_f32,                                     \
	}

const dsa_row_fn DSA_NAME(dsa_rows_float)[ROAD_DSA_OPS][ROAD_DSA_TYPES] = {
	[ROAD_DSA_OP_vadd] = TYPES(add),   [ROAD_DSA_OP_vsub] = TYPES(sub),
	[ROAD_DSA_OP_vmul] = TYPES(mul),   [ROAD_DSA_OP_vdiv] = TYPES(div),
	[ROAD_DSA_OP_vmax] = TYPES(max),   [ROAD_DSA_OP_vmin] = TYPES(min),
	[ROAD_DSA_OP_vmadd] = TYPES(madd), [ROAD_DSA_OP_vadds] = TYPES(add),
	[ROAD_DSA_OP_vmuls] = TYPES(mul),  [ROAD_DSA_OP_vmaxs] = TYPES(max),
	[ROAD_DSA_OP_vmins] = TYPES(min),  [ROAD_DSA_OP_vabs] = TYPES(abs),
	[ROAD_DSA_OP_vneg] = TYPES(neg),   [ROAD_DSA_OP_vrelu] = TYPES(relu),
	[ROAD_DSA_OP_vexp] = TYPES(exp),   [ROAD_DSA_OP_vln] = TYPES(ln),
	[ROAD_DSA_OP_vsqrt] = TYPES(sqrt), [ROAD_DSA_OP_vrsqrt] = TYPES(rsqrt),
	[ROAD_DSA_OP_vrec] = TYPES(rec),   [ROAD_DSA_OP_vtanh] = TYPES(tanh),
};
