/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One element of the operations that simulated chips do most: round to nearest even, with the
 * host's arithmetic, written without branches so that loops over lanes vectorise. NaN, ftz and
 * sat follow soft.h, which gives the same bits.
 */
#ifndef SIMULATORS_NUMBERS_ELEMENTS_H
#define SIMULATORS_NUMBERS_ELEMENTS_H

#include "simulators/numbers/bits.h"

static inline uint32_t elem_flush32(uint32_t bits)
{
	return (bits & 0x7f800000u) ? bits : bits & 0x80000000u;
}

static inline uint32_t elem_canon32(uint32_t bits)
{
	return road_num_is_nan32(bits) ? ROAD_NUM_NAN32 : bits;
}

/* NaN and everything below +0 become +0. */
static inline uint32_t elem_sat32(uint32_t bits)
{
	uint32_t low = bits > 0x7f800000u ? 0u : bits;

	return low > 0x3f800000u ? 0x3f800000u : low;
}

/* What follows every f32 operation. */
static inline uint32_t elem_finish32(float value, bool ftz, bool sat)
{
	uint32_t bits = road_num_bits32(value);

	bits = ftz ? elem_flush32(bits) : bits;
	return sat ? elem_sat32(bits) : elem_canon32(bits);
}

static inline float elem_in32(uint32_t bits, bool ftz)
{
	return road_num_float(ftz ? elem_flush32(bits) : bits);
}

/* Fused: exact product in double, sum rounded to odd, narrowed once. No fma is needed. */
static inline float elem_fma_plain(float a, float b, float c)
{
	double product = (double)a * (double)b, addend = (double)c;
	double sum = product + addend, back = sum - product;
	double error = (product - (sum - back)) + (addend - back);
	int64_t bits = (int64_t)road_num_bits64(sum);
	int64_t towards = (((int64_t)road_num_bits64(error) ^ bits) >> 63) | 1;
	int64_t move = error != 0.0 ? ~bits & 1 : 0; /* false for NaN: infinities stay */

	move = error == error ? move : 0;
	return (float)road_num_double((uint64_t)(bits + (towards & -move)));
}

static inline float elem_fma(float a, float b, float c)
{
#if defined(__FMA__) || defined(__aarch64__)
	return __builtin_fmaf(a, b, c);
#else
	return elem_fma_plain(a, b, c);
#endif
}

/* Signed integers that order as f32 does, -0 below +0; NaN stands outside. */
static inline int32_t elem_key32(uint32_t bits)
{
	return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) & 0x7fffffffu));
}

static inline int64_t elem_key64(uint64_t bits)
{
	return (int64_t)(bits ^ ((uint64_t)((int64_t)bits >> 63) & INT64_MAX));
}

/* The other operand for one NaN, canonical NaN for two (or for one, with nan). */
static inline uint32_t elem_minmax32(uint32_t a, uint32_t b, bool max, bool nan)
{
	bool a_nan = road_num_is_nan32(a), b_nan = road_num_is_nan32(b);
	bool less = elem_key32(a) < elem_key32(b);
	uint32_t pick = less != max ? a : b;

	pick = a_nan ? b : pick;
	pick = b_nan ? (a_nan ? ROAD_NUM_NAN32 : a) : pick;
	return nan && (a_nan || b_nan) ? ROAD_NUM_NAN32 : pick;
}

static inline uint64_t elem_minmax64(uint64_t a, uint64_t b, bool max)
{
	bool a_nan = road_num_is_nan64(a), b_nan = road_num_is_nan64(b);
	bool less = elem_key64(a) < elem_key64(b);
	uint64_t pick = less != max ? a : b;

	pick = a_nan ? (b_nan ? a | ROAD_NUM_QUIET64 : b) : pick;
	return b_nan && !a_nan ? a : pick;
}

/* The result of an f64 operation: first NaN operand quieted, else the host's value or NaN64. */
static inline uint64_t elem_finish64(double value, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t bits = road_num_bits64(value);

	bits = road_num_is_nan64(bits) ? ROAD_NUM_NAN64 : bits;
	bits = road_num_is_nan64(c) ? c | ROAD_NUM_QUIET64 : bits;
	bits = road_num_is_nan64(b) ? b | ROAD_NUM_QUIET64 : bits;
	return road_num_is_nan64(a) ? a | ROAD_NUM_QUIET64 : bits;
}

#endif
