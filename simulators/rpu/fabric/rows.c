/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/rpu/fabric/rows.h"

#include "simulators/rpu/fabric/ops.h"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)
#define ROW_OPS     JOIN(rpu_row_ops, VARIANT)

#ifdef __clang__
#define EACH(i, n) _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < (n); i++)
#else
#define EACH(i, n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)
#endif

static void row(uint32_t op, uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c,
		size_t n)
{
	switch (op) {
#define OP(name, operands, class, text)                            \
	case ROAD_RPU_OP_##name:                                   \
		EACH(i, n) d[i] = rpu_op_##name(a[i], b[i], c[i]); \
		break;
#include "uapi/rpu/ops.def"
#undef OP
	default: break;
	}
}

static void chain(uint32_t op, uint32_t *d, const uint32_t *a, const uint32_t *b, const uint32_t *c,
		  size_t n)
{
	switch (op) {
#define OP(name, operands, class, text)                         \
	case ROAD_RPU_OP_##name:                                \
		for (size_t i = 0; i < n; i++)                  \
			d[i] = rpu_op_##name(a[i], b[i], c[i]); \
		break;
#include "uapi/rpu/ops.def"
#undef OP
	default: break;
	}
}

extern const struct rpu_row_ops ROW_OPS;
const struct rpu_row_ops ROW_OPS = {row, chain};
