/* SPDX-License-Identifier: Apache-2.0 */
/* Between types: through f32, which holds every value of the 8- and 16-bit types, or s32. */
#include "simulators/dsa/rows.h"
#include "simulators/numbers/half.h"

#define TO(name, result, type, expression)                      \
	static void name(result *d, const void *from, size_t n) \
	{                                                       \
		const type *a = from;                           \
                                                                \
		DSA_EACH(i, n) d[i] = (result)(expression);     \
	}
#define FROM(name, type, source, expression)                  \
	static void name(void *to, const source *a, size_t n) \
	{                                                     \
		type *d = to;                                 \
                                                              \
		DSA_EACH(i, n) d[i] = (type)(expression);     \
	}

TO(f32_of_s8, float, int8_t, a[i])
TO(f32_of_u8, float, uint8_t, a[i])
TO(f32_of_s16, float, int16_t, a[i])
TO(f32_of_s32, float, int32_t, a[i])
TO(f32_of_f16, float, uint16_t, half_in(a[i], false))
TO(f32_of_bf16, float, uint16_t, half_in(a[i], true))
TO(f32_of_f32, float, uint32_t, road_num_float(a[i]))

TO(s32_of_s8, int32_t, int8_t, a[i])
TO(s32_of_u8, int32_t, uint8_t, a[i])
TO(s32_of_s16, int32_t, int16_t, a[i])
TO(s32_of_s32, int32_t, int32_t, a[i])

/* To the nearest integer, even ones at ties; saturates; NaN becomes 0. */
static inline int64_t integer(float value, double least, double most)
{
	double x = value == value ? (double)value : 0.0;

	x = x < least ? least : x;
	x = x > most ? most : x;
	return (int64_t)(int32_t)((x + APPROX_SHIFTER) - APPROX_SHIFTER);
}

static inline int32_t clamp(int32_t value, int32_t least, int32_t most)
{
	value = value < least ? least : value;
	return value > most ? most : value;
}

FROM(s8_of_f32, int8_t, float, integer(a[i], -128.0, 127.0))
FROM(u8_of_f32, uint8_t, float, integer(a[i], 0.0, 255.0))
FROM(s16_of_f32, int16_t, float, integer(a[i], -32768.0, 32767.0))
FROM(s32_of_f32, int32_t, float, integer(a[i], -2147483648.0, 2147483647.0))
FROM(f16_of_f32, uint16_t, float, half_out(road_num_bits32(a[i]), false))
FROM(bf16_of_f32, uint16_t, float, half_out(road_num_bits32(a[i]), true))
FROM(f32_of_float, uint32_t, float, elem_canon32(road_num_bits32(a[i])))

FROM(s8_of_s32, int8_t, int32_t, clamp(a[i], INT8_MIN, INT8_MAX))
FROM(u8_of_s32, uint8_t, int32_t, clamp(a[i], 0, UINT8_MAX))
FROM(s16_of_s32, int16_t, int32_t, clamp(a[i], INT16_MIN, INT16_MAX))
FROM(s32_of_int, int32_t, int32_t, a[i])
FROM(f16_of_s32, uint16_t, int32_t, half_out(half_narrow((double)a[i]), false))
FROM(bf16_of_s32, uint16_t, int32_t, half_out(half_narrow((double)a[i]), true))
FROM(f32_of_int, uint32_t, int32_t, road_num_bits32((float)a[i]))

void DSA_NAME(dsa_rows_scale)(float *d, float factor, size_t n)
{
	DSA_EACH(i, n) d[i] *= factor;
}

const dsa_to_f32_fn DSA_NAME(dsa_rows_to_f32)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = f32_of_s8,   [ROAD_DSA_TYPE_U8] = f32_of_u8,
	[ROAD_DSA_TYPE_S16] = f32_of_s16, [ROAD_DSA_TYPE_S32] = f32_of_s32,
	[ROAD_DSA_TYPE_F16] = f32_of_f16, [ROAD_DSA_TYPE_BF16] = f32_of_bf16,
	[ROAD_DSA_TYPE_F32] = f32_of_f32,
};

const dsa_to_s32_fn DSA_NAME(dsa_rows_to_s32)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = s32_of_s8,
	[ROAD_DSA_TYPE_U8] = s32_of_u8,
	[ROAD_DSA_TYPE_S16] = s32_of_s16,
	[ROAD_DSA_TYPE_S32] = s32_of_s32,
};

const dsa_from_f32_fn DSA_NAME(dsa_rows_from_f32)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = s8_of_f32,     [ROAD_DSA_TYPE_U8] = u8_of_f32,
	[ROAD_DSA_TYPE_S16] = s16_of_f32,   [ROAD_DSA_TYPE_S32] = s32_of_f32,
	[ROAD_DSA_TYPE_F16] = f16_of_f32,   [ROAD_DSA_TYPE_BF16] = bf16_of_f32,
	[ROAD_DSA_TYPE_F32] = f32_of_float,
};

const dsa_from_s32_fn DSA_NAME(dsa_rows_from_s32)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = s8_of_s32,   [ROAD_DSA_TYPE_U8] = u8_of_s32,
	[ROAD_DSA_TYPE_S16] = s16_of_s32, [ROAD_DSA_TYPE_S32] = s32_of_int,
	[ROAD_DSA_TYPE_F16] = f16_of_s32, [ROAD_DSA_TYPE_BF16] = bf16_of_s32,
	[ROAD_DSA_TYPE_F32] = f32_of_int,
};
