/* SPDX-License-Identifier: Apache-2.0 */
/*
 * f16 and bf16: patterns of 16 bits in the low half of a word, to nearest even, without branches.
 * What is not exact in f32 is first rounded to odd there: that keeps what a second rounding needs
 * to know, so the result is rounded once.
 */
#ifndef SIMULATORS_NUMBERS_HALF_H
#define SIMULATORS_NUMBERS_HALF_H

#include "simulators/numbers/approx.h"
#include "simulators/numbers/elements.h"

#define HALF_INFINITY(bf) ((bf) ? 0x7f80u : 0x7c00u)
#define HALF_ONE(bf)      ((bf) ? 0x3f80u : 0x3c00u)
#define HALF_NORMAL(bf)   ((bf) ? 0x0080u : 0x0400u)

static inline bool half_is_nan(uint32_t half, bool bf)
{
	return (half & 0x7fffu) > HALF_INFINITY(bf);
}

static inline uint32_t half_flush(uint32_t half, bool bf)
{
	return (half & 0x7fffu) < HALF_NORMAL(bf) ? half & 0x8000u : half;
}

/* An f16's bits move up into a float's; the difference in bias is a multiplication by 2^112,
 * exact for subnormals too. */
static inline float half_in(uint32_t half, bool bf)
{
	uint32_t magnitude = half & 0x7fffu, bits;

	if (bf)
		return road_num_float(half << 16);
	bits = road_num_bits32(road_num_float(magnitude << 13) * 0x1p112f);
	bits |= magnitude >= 0x7c00u ? 0x7f800000u : 0u;
	return road_num_float(bits | (half & 0x8000u) << 16);
}

/* An f32, rounded. */
static inline uint32_t half_out(uint32_t bits, bool bf)
{
	uint32_t magnitude = bits & 0x7fffffffu, sign = bits >> 16 & 0x8000u, half;

	if (bf) {
		half = (magnitude + 0x7fffu + (magnitude >> 16 & 1u)) >> 16;
	} else {
		/* 2^-24, the last place of subnormals, is that of 0.5 */
		uint32_t small = road_num_bits32(road_num_float(magnitude) + 0.5f) - 0x3f000000u;

		half = ((magnitude + 0xfffu + (magnitude >> 13 & 1u)) >> 13) - (112u << 10);
		half = magnitude < 0x38800000u ? small : half;
		half = magnitude >= 0x477ff000u ? 0x7c00u : half;
	}
	return magnitude > 0x7f800000u ? ROAD_NUM_NAN16 : half | sign;
}

/* a + b in f32, rounded to odd. */
static inline uint32_t half_sum(float a, float b)
{
	float sum = a + b, back = sum - a, error = (a - (sum - back)) + (b - back);
	int32_t bits = (int32_t)road_num_bits32(sum);
	int32_t towards = (((int32_t)road_num_bits32(error) ^ bits) >> 31) | 1;
	int32_t move = error != 0.0f ? ~bits & 1 : 0; /* false for NaN: infinities stay */

	move = error == error ? move : 0;
	return (uint32_t)(bits + (towards & -move));
}

/* A double (itself exact or rounded to odd) in f32, rounded to odd; infinities and NaN stay. */
static inline uint32_t half_narrow(double value)
{
	float near = (float)value;
	uint32_t bits = road_num_bits32(near);
	double exact = (double)near;
	uint32_t move = value > exact || value < exact ? ~bits & 1u : 0u;
	bool outward = (value < 0.0 ? -value : value) > (exact < 0.0 ? -exact : exact);

	return outward ? bits + move : bits - move;
}

static inline double half_sum_wide(double a, double b)
{
	double sum = a + b, back = sum - a, error = (a - (sum - back)) + (b - back);
	int64_t bits = (int64_t)road_num_bits64(sum);
	int64_t towards = (((int64_t)road_num_bits64(error) ^ bits) >> 63) | 1;
	int64_t move = error != 0.0 ? ~bits & 1 : 0;

	move = error == error ? move : 0;
	return road_num_double((uint64_t)(bits + (towards & -move)));
}

static inline uint32_t half_add(uint32_t a, uint32_t b, bool bf)
{
	return half_out(half_sum(half_in(a, bf), half_in(b, bf)), bf);
}

/* Products of f16 are exact in f32; those of bf16 may lie below its range, not below a double's. */
static inline uint32_t half_mul(uint32_t a, uint32_t b, bool bf)
{
	if (bf)
		return half_out(half_narrow((double)half_in(a, bf) * (double)half_in(b, bf)), bf);
	return half_out(road_num_bits32(half_in(a, bf) * half_in(b, bf)), bf);
}

static inline uint32_t half_fma(uint32_t a, uint32_t b, uint32_t c, bool bf)
{
	if (bf) {
		double product = (double)half_in(a, bf) * (double)half_in(b, bf);

		return half_out(half_narrow(half_sum_wide(product, (double)half_in(c, bf))), bf);
	}
	return half_out(half_sum(half_in(a, bf) * half_in(b, bf), half_in(c, bf)), bf);
}

/* -0 below +0; the other operand for one NaN, canonical NaN for two (or for one, with nan). */
static inline uint32_t half_minmax(uint32_t a, uint32_t b, bool bf, bool max, bool nan)
{
	bool a_nan = half_is_nan(a, bf), b_nan = half_is_nan(b, bf);
	bool less = elem_key32(a << 16) < elem_key32(b << 16);
	uint32_t pick = less != max ? a : b;

	pick = a_nan ? b : pick;
	pick = b_nan ? (a_nan ? ROAD_NUM_NAN16 : a) : pick;
	return nan && (a_nan || b_nan) ? ROAD_NUM_NAN16 : pick;
}

static inline uint32_t half_ex2(uint32_t a, bool bf)
{
	double value = approx_ex2_odd(half_is_nan(a, bf) ? 0.0f : half_in(a, bf));

	return half_is_nan(a, bf) ? ROAD_NUM_NAN16 : half_out(half_narrow(value), bf);
}

static inline uint32_t half_tanh(uint32_t a, bool bf)
{
	double value = approx_tanh_odd(half_is_nan(a, bf) ? 0.0f : half_in(a & 0x7fffu, bf));
	uint32_t half = half_out(half_narrow(value), bf) | (a & 0x8000u);

	return half_is_nan(a, bf) ? ROAD_NUM_NAN16 : half;
}

#endif
