/* SPDX-License-Identifier: Apache-2.0 */
/* Values and their bits. Nothing here depends on the rounding mode. */
#ifndef SIMULATORS_NUMBERS_BITS_H
#define SIMULATORS_NUMBERS_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ROAD_NUM_NAN16 0x7fffu
#define ROAD_NUM_NAN32 0x7fffffffu
/* What f64 operations make of operands that are no NaN (0/0, inf - inf, ...). */
#define ROAD_NUM_NAN64   UINT64_C(0xfff8000000000000)
#define ROAD_NUM_QUIET64 UINT64_C(0x0008000000000000)

static inline uint32_t road_num_bits32(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline float road_num_float(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t road_num_bits64(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double road_num_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline bool road_num_is_nan32(uint32_t bits)
{
	return (bits & 0x7fffffffu) > 0x7f800000u;
}

static inline bool road_num_is_nan64(uint64_t bits)
{
	return (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

#endif
