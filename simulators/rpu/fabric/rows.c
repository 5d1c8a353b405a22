/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled once per variant, with VARIANT naming it and the compiler told its instructions. */
#include "simulators/rpu/fabric/rows.h"

#include "simulators/rpu/fabric/ops.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)
#define ROW_OPS     JOIN(rpu_row_ops, VARIANT)

#define ROW(name)                                                                          \
	static void row_##name(uint32_t *restrict d, const uint32_t *a, const uint32_t *b, \
			       const uint32_t *c)                                          \
	{                                                                                  \
		for (size_t i = 0; i < RPU_ROW; i++)                                       \
			d[i] = rpu_op_##name(a[i], b[i], c[i]);                            \
	}
/* The results before them stand in memory, but for the very last one, which is waited for. */
#define FOLD(name, expression)                                                                   \
	static void fold_##name(uint32_t *d, const uint32_t *a, const uint32_t *b, uint32_t age, \
				size_t count)                                                    \
	{                                                                                        \
		const uint32_t *before = d - age;                                                \
		uint32_t last = *before;                                                         \
                                                                                                 \
		(void)b;                                                                         \
		if (age == 1)                                                                    \
			for (size_t i = 0; i < count; i++)                                       \
				d[i] = last = expression;                                        \
		else                                                                             \
			for (size_t i = 0; i < count; last = before[++i])                        \
				d[i] = expression;                                               \
	}
#define FOLD2(name) FOLD(name, rpu_op_##name(a[i], last, 0))
#define FOLD3(name) FOLD(name, rpu_op_##name(a[i], b[i], last))
#include "simulators/rpu/fabric/rows.def"
#undef ROW
#undef FOLD2
#undef FOLD3

extern const struct rpu_row_ops ROW_OPS;
const struct rpu_row_ops ROW_OPS = {
#define ROW(name)   .row[ROAD_RPU_OP_##name] = row_##name,
#define FOLD2(name) .fold[ROAD_RPU_OP_##name] = fold_##name,
#define FOLD3(name) .fold[ROAD_RPU_OP_##name] = fold_##name,
#include "simulators/rpu/fabric/rows.def"
};
