/* SPDX-License-Identifier: Apache-2.0 */
/* The approximate functions on patterns of f32, with their edges; results rounded, NaN canonical.
 */
#ifndef SIMULATORS_NUMBERS_FUNCTIONS_H
#define SIMULATORS_NUMBERS_FUNCTIONS_H

#include "simulators/numbers/approx.h"
#include "simulators/numbers/elements.h"

#define FUNCTIONS_INFINITY32 0x7f800000u

/* What a formula cannot take is replaced by 1 on the way in. */
static inline float functions_ordinary(uint32_t bits)
{
	return bits - 1u < FUNCTIONS_INFINITY32 - 1u ? road_num_float(bits) : 1.0f;
}

/* ln, rsqrt: of 0, of infinity; negative numbers and NaN are NaN. */
static inline uint32_t functions_edges(uint32_t bits, uint32_t r, uint32_t zero, uint32_t infinity)
{
	r = (bits & 0x7fffffffu) == 0 ? zero : r;
	r = bits == FUNCTIONS_INFINITY32 ? infinity : r;
	r = bits > 0x80000000u ? ROAD_NUM_NAN32 : r;
	return road_num_is_nan32(bits) ? ROAD_NUM_NAN32 : r;
}

static inline uint32_t functions_exp32(uint32_t a)
{
	float x = road_num_is_nan32(a) ? 0.0f : road_num_float(a);

	return road_num_is_nan32(a) ? ROAD_NUM_NAN32 : road_num_bits32((float)approx_exp_odd(x));
}

static inline uint32_t functions_ln32(uint32_t a)
{
	float value = (float)approx_ln_odd(functions_ordinary(a));

	return functions_edges(a, road_num_bits32(value), 0xff800000u, FUNCTIONS_INFINITY32);
}

static inline uint32_t functions_rsqrt32(uint32_t a)
{
	uint32_t r = road_num_bits32(approx_rsqrt(functions_ordinary(a)));

	return functions_edges(a, r, (a & 0x80000000u) | FUNCTIONS_INFINITY32, 0u);
}

static inline uint32_t functions_tanh32(uint32_t a)
{
	float x = road_num_is_nan32(a) ? 0.0f : road_num_float(a);

	return road_num_is_nan32(a) ? ROAD_NUM_NAN32 : road_num_bits32(approx_tanh(x));
}

#endif
