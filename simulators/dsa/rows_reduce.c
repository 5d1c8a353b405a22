/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reductions in a fixed order: lane l of 64 folds elements l, l + 64, ...; then lanes fold in
 * halves. Lanes without elements take no part.
 */
#include "simulators/dsa/rows.h"
#include "simulators/numbers/half.h"

enum { LANES = 64 };

/* `type` of the source, `wide` of the lanes, `in` from one to the other. */
#define REDUCE(name, type, wide, in, fold)                                \
	static void name(void *d, const void *from, size_t n)             \
	{                                                                 \
		const type *a = from;                                     \
		size_t lanes = n < LANES ? n : LANES;                     \
		wide lane[LANES];                                         \
                                                                          \
		for (size_t l = 0; l < lanes; l++)                        \
			lane[l] = in(a[l]);                               \
		for (size_t i = LANES; i < n; i += LANES) {               \
			size_t count = n - i < LANES ? n - i : LANES;     \
                                                                          \
			DSA_EACH(l, count)                                \
			lane[l] = fold(lane[l], in(a[i + l]));            \
		}                                                         \
		for (size_t s = LANES / 2; s; s /= 2)                     \
			for (size_t l = 0; l < s && l + s < lanes; l++)   \
				lane[l] = fold(lane[l], lane[l + s]);     \
		memcpy(d, &(wide){finish_##name(lane[0])}, sizeof(wide)); \
	}

#define PLAIN(x)       (x)
#define S32(x)         ((int32_t)(x))
#define F16(x)         road_num_bits32(half_in(x, false))
#define BF16(x)        road_num_bits32(half_in(x, true))
#define ADD_F32(a, b)  road_num_bits32(road_num_float(a) + road_num_float(b))
#define ADD_S32(a, b)  ((int32_t)((uint32_t)(a) + (uint32_t)(b)))
#define MAX(a, b)      ((a) > (b) ? (a) : (b))
#define MIN(a, b)      ((a) < (b) ? (a) : (b))
#define MAX_F32(a, b)  elem_minmax32(a, b, true, false)
#define MIN_F32(a, b)  elem_minmax32(a, b, false, false)
#define MAX_F16(a, b)  (uint16_t) half_minmax(a, b, false, true, false)
#define MIN_F16(a, b)  (uint16_t) half_minmax(a, b, false, false, false)
#define MAX_BF16(a, b) (uint16_t) half_minmax(a, b, true, true, false)
#define MIN_BF16(a, b) (uint16_t) half_minmax(a, b, true, false, false)

/* A result that is one NaN is canonical; of a single element too. */
#define finish_sum_f32(x)  elem_canon32(x)
#define finish_sum_f16(x)  elem_canon32(x)
#define finish_sum_bf16(x) elem_canon32(x)
#define finish_sum_s8(x)   (x)
#define finish_sum_s16(x)  (x)
#define finish_sum_s32(x)  (x)
#define finish_max_f32(x)  elem_canon32(x)
#define finish_min_f32(x)  elem_canon32(x)
#define finish_max_f16(x)  (uint16_t)(half_is_nan(x, false) ? ROAD_NUM_NAN16 : (x))
#define finish_min_f16(x)  finish_max_f16(x)
#define finish_max_bf16(x) (uint16_t)(half_is_nan(x, true) ? ROAD_NUM_NAN16 : (x))
#define finish_min_bf16(x) finish_max_bf16(x)
#define finish_max_s16(x)  (x)
#define finish_min_s16(x)  (x)
#define finish_max_s32(x)  (x)
#define finish_min_s32(x)  (x)

REDUCE(sum_f32, uint32_t, uint32_t, PLAIN, ADD_F32)
REDUCE(sum_f16, uint16_t, uint32_t, F16, ADD_F32)
REDUCE(sum_bf16, uint16_t, uint32_t, BF16, ADD_F32)
REDUCE(sum_s8, int8_t, int32_t, S32, ADD_S32)
REDUCE(sum_s16, int16_t, int32_t, S32, ADD_S32)
REDUCE(sum_s32, int32_t, int32_t, S32, ADD_S32)
REDUCE(max_f32, uint32_t, uint32_t, PLAIN, MAX_F32)
REDUCE(max_f16, uint16_t, uint16_t, PLAIN, MAX_F16)
REDUCE(max_bf16, uint16_t, uint16_t, PLAIN, MAX_BF16)
REDUCE(max_s16, int16_t, int16_t, PLAIN, MAX)
REDUCE(max_s32, int32_t, int32_t, PLAIN, MAX)
REDUCE(min_f32, uint32_t, uint32_t, PLAIN, MIN_F32)
REDUCE(min_f16, uint16_t, uint16_t, PLAIN, MIN_F16)
REDUCE(min_bf16, uint16_t, uint16_t, PLAIN, MIN_BF16)
REDUCE(min_s16, int16_t, int16_t, PLAIN, MIN)
REDUCE(min_s32, int32_t, int32_t, PLAIN, MIN)

#define TYPES(name)                                                           \
	[ROAD_DSA_TYPE_S16] = name##_s16, [ROAD_DSA_TYPE_S32] = name##_s32,   \
	[ROAD_DSA_TYPE_F16] = name##_f16, [ROAD_DSA_TYPE_BF16] = name##_bf16, \
	[ROAD_DSA_TYPE_F32] = name##_f32

const dsa_reduce_fn DSA_NAME(dsa_rows_reduce)[ROAD_DSA_OPS][ROAD_DSA_TYPES] = {
	[ROAD_DSA_OP_vsum] = {TYPES(sum), [ROAD_DSA_TYPE_S8] = sum_s8},
	[ROAD_DSA_OP_vrmax] = {TYPES(max)},
	[ROAD_DSA_OP_vrmin] = {TYPES(min)},
};
