/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled once per variant, with VARIANT naming it and the compiler told its instructions. */
#include "simulators/numbers/vector.h"

#include "simulators/numbers/approx.h"
#include "simulators/numbers/elements.h"
#include "simulators/numbers/lanes.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

#define INFINITY32 0x7f800000u

/* Functions that map infinities and zeros by themselves. */
#define UNARY(name, expression, special)                                        \
	static void row_##name(uint32_t *d, const uint32_t *a, bool ftz)        \
	{                                                                       \
		uint32_t in[ROAD_SIM_LANES] ROAD_SIM_ROW;                       \
                                                                                \
		LANES(l) in[l] = ftz ? elem_flush32(a[l]) : a[l];               \
		LANES(l)                                                        \
		{                                                               \
			uint32_t bits = in[l];                                  \
			float x __attribute__((unused)) = road_num_float(bits); \
			uint32_t r = road_num_bits32(expression);               \
                                                                                \
			r = special;                                            \
			r = ftz ? elem_flush32(r) : r;                          \
			d[l] = elem_canon32(r);                                 \
		}                                                               \
	}

#define MAGNITUDE (bits & 0x7fffffffu)
#define SIGN      (bits & 0x80000000u)
#define IS_NAN    (MAGNITUDE > INFINITY32)

/* Values that a formula cannot take are replaced by one on the way in. */
static inline float ordinary(uint32_t bits)
{
	return bits - 1u < INFINITY32 - 1u ? road_num_float(bits) : 1.0f;
}

/* lg2, rsqrt: of 0, of infinity; negative numbers and NaN are NaN */
static inline uint32_t edges(uint32_t bits, uint32_t r, uint32_t zero, uint32_t infinity)
{
	r = (bits & 0x7fffffffu) == 0 ? zero : r;
	r = bits == INFINITY32 ? infinity : r;
	r = bits > 0x80000000u ? ROAD_NUM_NAN32 : r; /* NaN with a sign too */
	return IS_NAN ? ROAD_NUM_NAN32 : r;
}

UNARY(ex2, approx_ex2(IS_NAN ? 0.0f : x), IS_NAN ? ROAD_NUM_NAN32 : r)
UNARY(tanh, approx_tanh(IS_NAN ? 0.0f : x), IS_NAN ? ROAD_NUM_NAN32 : r)
UNARY(lg2, approx_lg2(ordinary(bits)), edges(bits, r, 0xff800000u, INFINITY32))
UNARY(rsqrt, approx_rsqrt(ordinary(bits)), edges(bits, r, SIGN | INFINITY32, 0u))
UNARY(rcp, 1.0f / x, r)
UNARY(sqrt, __builtin_sqrtf(x), r)

static void sine_row(uint32_t *d, const uint32_t *a, bool ftz, uint64_t more)
{
	uint32_t in[ROAD_SIM_LANES] ROAD_SIM_ROW, out[ROAD_SIM_LANES] ROAD_SIM_ROW;
	uint32_t large = road_num_bits32(APPROX_TRIG_SMALL), any = 0;

	LANES(l) in[l] = ftz ? elem_flush32(a[l]) : a[l];
	LANES(l)
	{
		uint32_t magnitude = in[l] & 0x7fffffffu;
		float x = magnitude < large ? road_num_float(in[l]) : 0.0f;
		uint32_t r = road_num_bits32(approx_sine(approx_reduce(x), more));

		r = ftz ? elem_flush32(r) : r;
		/* x - x^3 / 6 of -0 would be +0 - 0 */
		out[l] = magnitude == 0 && !more ? in[l] : r;
		any |= magnitude >= large;
	}
	for (unsigned l = 0; any && l < ROAD_SIM_LANES; l++) {
		float x = road_num_float(in[l]);
		struct approx_angle angle;

		if ((in[l] & 0x7fffffffu) < large)
			continue;
		out[l] = ROAD_NUM_NAN32;
		if ((in[l] & INFINITY32) == INFINITY32)
			continue;
		angle = approx_reduce_huge(x);
		out[l] = road_num_bits32(approx_sine(angle, more));
	}
	LANES(l) d[l] = out[l];
}

static void row_sine(uint32_t *d, const uint32_t *a, bool ftz)
{
	sine_row(d, a, ftz, 0);
}

static void row_cosine(uint32_t *d, const uint32_t *a, bool ftz)
{
	sine_row(d, a, ftz, 1);
}

static void row_div(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz)
{
	LANES(l) d[l] = elem_finish32(elem_in32(a[l], ftz) / elem_in32(b[l], ftz), ftz, false);
}

static void row_add(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz, bool sat)
{
	LANES(l) d[l] = elem_finish32(elem_in32(a[l], ftz) + elem_in32(b[l], ftz), ftz, sat);
}

static void row_mul(uint32_t *d, const uint32_t *a, const uint32_t *b, bool ftz, bool sat)
{
	LANES(l) d[l] = elem_finish32(elem_in32(a[l], ftz) * elem_in32(b[l], ftz), ftz, sat);
}

static inline __attribute__((always_inline)) void
fma_row(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c, bool ftz, bool sat)
{
	LANES(l)
	{
		float sum =
			elem_fma(elem_in32(a[l], ftz), elem_in32(b[l], ftz), elem_in32(c[l], ftz));

		d[l] = elem_finish32(sum, ftz, sat);
	}
}

/* The flags are constants in each loop, or it would not vectorise. */
static void row_fma(uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c, bool ftz,
		    bool sat)
{
	if (ftz && sat)
		fma_row(d, a, b, c, true, true);
	else if (ftz)
		fma_row(d, a, b, c, true, false);
	else if (sat)
		fma_row(d, a, b, c, false, true);
	else
		fma_row(d, a, b, c, false, false);
}

#define STRING2(x) #x
#define STRING(x)  STRING2(x)

extern const struct road_sim_vector_ops JOIN(road_sim_vector_ops, VARIANT);
const struct road_sim_vector_ops JOIN(road_sim_vector_ops, VARIANT) = {
	.name = STRING(VARIANT),
	.ex2 = row_ex2,
	.lg2 = row_lg2,
	.sine = row_sine,
	.cosine = row_cosine,
	.tanh = row_tanh,
	.rcp = row_rcp,
	.rsqrt = row_rsqrt,
	.sqrt = row_sqrt,
	.div = row_div,
	.add = row_add,
	.mul = row_mul,
	.fma = row_fma,
};
