/* SPDX-License-Identifier: Apache-2.0 */
/* Integers: arithmetic that wraps, comparisons of every type, bits. */
#include "simulators/dsa/rows.h"
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

/* Sums and products as unsigned numbers of 32 bits wrap in every narrower type too. */
#define WIDE(x) ((uint32_t)(int32_t)(x))
#define ROWS(name, expression)               \
	ROW(name##_s16, int16_t, expression) \
	ROW(name##_s32, int32_t, expression)

ROWS(add, WIDE(a[i]) + WIDE(b[i]))
ROWS(sub, WIDE(a[i]) - WIDE(b[i]))
ROWS(mul, WIDE(a[i]) * WIDE(b[i]))
ROWS(max, a[i] > b[i] ? a[i] : b[i])
ROWS(min, a[i] < b[i] ? a[i] : b[i])
ROWS(abs, a[i] < 0 ? 0u - WIDE(a[i]) : WIDE(a[i]))
ROWS(neg, 0u - WIDE(a[i]))
ROWS(relu, a[i] > 0 ? a[i] : 0)

#define BITWISE(name, op)                      \
	ROW(name##_8, uint8_t, a[i] op b[i])   \
	ROW(name##_16, uint16_t, a[i] op b[i]) \
	ROW(name##_32, uint32_t, a[i] op b[i])

BITWISE(and, &)
BITWISE(or, |)
BITWISE(xor, ^)

#define CALCS(name)                                                                \
	{                                                                          \
		[ROAD_DSA_TYPE_S16] = name##_s16, [ROAD_DSA_TYPE_S32] = name##_s32 \
	}
#define BITS(name)                                                                \
	{                                                                         \
		[ROAD_DSA_TYPE_S8] = name##_8, [ROAD_DSA_TYPE_U8] = name##_8,     \
		[ROAD_DSA_TYPE_S16] = name##_16, [ROAD_DSA_TYPE_S32] = name##_32, \
		[ROAD_DSA_TYPE_U32] = name##_32,                                  \
	}

const dsa_row_fn DSA_NAME(dsa_rows_int)[ROAD_DSA_OPS][ROAD_DSA_TYPES] = {
	[ROAD_DSA_OP_vadd] = CALCS(add),  [ROAD_DSA_OP_vsub] = CALCS(sub),
	[ROAD_DSA_OP_vmul] = CALCS(mul),  [ROAD_DSA_OP_vmax] = CALCS(max),
	[ROAD_DSA_OP_vmin] = CALCS(min),  [ROAD_DSA_OP_vadds] = CALCS(add),
	[ROAD_DSA_OP_vmuls] = CALCS(mul), [ROAD_DSA_OP_vmaxs] = CALCS(max),
	[ROAD_DSA_OP_vmins] = CALCS(min), [ROAD_DSA_OP_vabs] = CALCS(abs),
	[ROAD_DSA_OP_vneg] = CALCS(neg),  [ROAD_DSA_OP_vrelu] = CALCS(relu),
	[ROAD_DSA_OP_vand] = BITS(and),   [ROAD_DSA_OP_vor] = BITS(or),
	[ROAD_DSA_OP_vxor] = BITS(xor),
};

/* ---- comparisons ---- */

#define COMPARE(name, type, value, op)                                                     \
	static void name(uint8_t *d, const void *left, const void *right, size_t n)        \
	{                                                                                  \
		const type *a = left, *b = right;                                          \
                                                                                           \
		for (size_t i = 0; i < n; i += 8) {                                        \
			uint32_t bits = 0;                                                 \
                                                                                           \
			for (size_t j = i; j < n && j < i + 8; j++)                        \
				bits |= (uint32_t)(value(a[j]) op value(b[j])) << (j - i); \
			d[i / 8] = (uint8_t)bits;                                          \
		}                                                                          \
	}

#define VALUE_INT(x)  (x)
#define VALUE_F32(x)  road_num_float(x)
#define VALUE_F16(x)  half_in(x, false)
#define VALUE_BF16(x) half_in(x, true)

#define COMPARES(name, op)                             \
	COMPARE(name##_s16, int16_t, VALUE_INT, op)    \
	COMPARE(name##_s32, int32_t, VALUE_INT, op)    \
	COMPARE(name##_f16, uint16_t, VALUE_F16, op)   \
	COMPARE(name##_bf16, uint16_t, VALUE_BF16, op) \
	COMPARE(name##_f32, uint32_t, VALUE_F32, op)

COMPARES(eq, ==)
COMPARES(ne, !=)
COMPARES(lt, <)
COMPARES(le, <=)
COMPARES(gt, >)
COMPARES(ge, >=)

#define TYPES(name)                                                                   \
	{                                                                             \
		[ROAD_DSA_TYPE_S16] = name##_s16, [ROAD_DSA_TYPE_S32] = name##_s32,   \
		[ROAD_DSA_TYPE_F16] = name##_f16, [ROAD_DSA_TYPE_BF16] = name##_bf16, \
		[ROAD_DSA_TYPE_F32] = name##_f32,                                     \
	}

const dsa_compare_fn DSA_NAME(dsa_rows_compare)[ROAD_DSA_COMPARES][ROAD_DSA_TYPES] = {
	[ROAD_DSA_EQ] = TYPES(eq), [ROAD_DSA_NE] = TYPES(ne), [ROAD_DSA_LT] = TYPES(lt),
	[ROAD_DSA_LE] = TYPES(le), [ROAD_DSA_GT] = TYPES(gt), [ROAD_DSA_GE] = TYPES(ge),
};
