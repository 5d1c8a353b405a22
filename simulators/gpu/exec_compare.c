/* SPDX-License-Identifier: Apache-2.0 */
/* Comparisons and tests: rows in, predicates out. */
#include "simulators/gpu/exec_rows.h"

#include "simulators/numbers/half.h"

#define GATHER(condition)                                          \
	do {                                                       \
		LANES(l) result |= (condition) ? exec_bit[l] : 0u; \
	} while (0)

#define COMPARE_INT(name, type)                                                    \
	static uint32_t name(const void *rows_a, const void *rows_b, unsigned cmp) \
	{                                                                          \
		const type *a = rows_a, *b = rows_b;                               \
		uint32_t result = 0;                                               \
                                                                                   \
		switch (cmp) {                                                     \
		case ROAD_GPU_CMP_EQ: GATHER(a[l] == b[l]); break;                 \
		case ROAD_GPU_CMP_NE: GATHER(a[l] != b[l]); break;                 \
		case ROAD_GPU_CMP_LT: GATHER(a[l] < b[l]); break;                  \
		case ROAD_GPU_CMP_LE: GATHER(a[l] <= b[l]); break;                 \
		case ROAD_GPU_CMP_GT: GATHER(a[l] > b[l]); break;                  \
		default: GATHER(a[l] >= b[l]); break;                              \
		}                                                                  \
		return result;                                                     \
	}

COMPARE_INT(compare_u32, uint32_t)
COMPARE_INT(compare_s32, int32_t)
COMPARE_INT(compare_u64, uint64_t)
COMPARE_INT(compare_s64, int64_t)

/* C's comparisons are false for NaN, but for !=. */
#define COMPARE_FLOAT(name, type)                                                  \
	static uint32_t name(const type *a, const type *b, unsigned cmp)           \
	{                                                                          \
		uint32_t result = 0;                                               \
                                                                                   \
		switch (cmp) {                                                     \
		case ROAD_GPU_CMP_EQ: GATHER(a[l] == b[l]); break;                 \
		case ROAD_GPU_CMP_LT: GATHER(a[l] < b[l]); break;                  \
		case ROAD_GPU_CMP_LE: GATHER(a[l] <= b[l]); break;                 \
		case ROAD_GPU_CMP_GT: GATHER(a[l] > b[l]); break;                  \
		case ROAD_GPU_CMP_GE: GATHER(a[l] >= b[l]); break;                 \
		case ROAD_GPU_CMP_NEU: GATHER(a[l] != b[l]); break;                \
		default: GATHER((a[l] == a[l]) & (b[l] == b[l])); break; /* NUM */ \
		}                                                                  \
		return result;                                                     \
	}

COMPARE_FLOAT(compare_f32, float)
COMPARE_FLOAT(compare_f64, double)

/* Each comparison by one of those above, perhaps inverted; NE also wants two numbers. */
static const struct {
	uint8_t cmp;
	bool invert, numbers;
} float_forms[ROAD_GPU_CMPS] = {
	[ROAD_GPU_CMP_EQ] = {ROAD_GPU_CMP_EQ, false, false},
	[ROAD_GPU_CMP_NE] = {ROAD_GPU_CMP_NEU, false, true},
	[ROAD_GPU_CMP_LT] = {ROAD_GPU_CMP_LT, false, false},
	[ROAD_GPU_CMP_LE] = {ROAD_GPU_CMP_LE, false, false},
	[ROAD_GPU_CMP_GT] = {ROAD_GPU_CMP_GT, false, false},
	[ROAD_GPU_CMP_GE] = {ROAD_GPU_CMP_GE, false, false},
	[ROAD_GPU_CMP_EQU] = {ROAD_GPU_CMP_NE, true, true},
	[ROAD_GPU_CMP_NEU] = {ROAD_GPU_CMP_NEU, false, false},
	[ROAD_GPU_CMP_LTU] = {ROAD_GPU_CMP_GE, true, false},
	[ROAD_GPU_CMP_LEU] = {ROAD_GPU_CMP_GT, true, false},
	[ROAD_GPU_CMP_GTU] = {ROAD_GPU_CMP_LE, true, false},
	[ROAD_GPU_CMP_GEU] = {ROAD_GPU_CMP_LT, true, false},
	[ROAD_GPU_CMP_NUM] = {ROAD_GPU_CMP_NUM, false, false},
	[ROAD_GPU_CMP_NAN] = {ROAD_GPU_CMP_NUM, true, false},
};

#define FLOAT_FORM(compare, a, b, cmp, result)                                              \
	do {                                                                                \
		unsigned base =                                                             \
			float_forms[cmp].numbers ? ROAD_GPU_CMP_NEU : float_forms[cmp].cmp; \
                                                                                            \
		result = compare(a, b, base);                                               \
		if (float_forms[cmp].numbers)                                               \
			result &= compare(a, b, ROAD_GPU_CMP_NUM);                          \
		if (float_forms[cmp].invert)                                                \
			result = ~result;                                                   \
	} while (0)

static uint32_t join(unsigned how, uint32_t value, uint32_t with)
{
	switch (how) {
	case ROAD_GPU_BOOL_AND: return value & with;
	case ROAD_GPU_BOOL_OR: return value | with;
	case ROAD_GPU_BOOL_XOR: return value ^ with;
	default: return value;
	}
}

static unsigned comparison(const struct road_gpu_insn *insn)
{
	return (insn->mods & ROAD_GPU_MOD_CMP_MASK) >> ROAD_GPU_MOD_CMP_SHIFT;
}

static void put_comparison(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   uint32_t mask, uint32_t value)
{
	unsigned how = (insn->mods & ROAD_GPU_MOD_BOOL_MASK) >> ROAD_GPU_MOD_BOOL_SHIFT;
	uint32_t with = road_gpu_predicate(warp, insn->pc);

	exec_set_predicate(warp, insn->pd, join(how, value, with), mask);
	exec_set_predicate(warp, insn->aux, join(how, ~value, with), mask);
}

#define SETP_INT(name)                                                                            \
	static void x_setp_##name(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,   \
				  uint32_t mask)                                                  \
	{                                                                                         \
		put_comparison(warp, insn, mask,                                                  \
			       compare_##name(road_gpu_source(warp, insn->a),                     \
					      road_gpu_source(warp, insn->b), comparison(insn))); \
	}

SETP_INT(u32)
SETP_INT(s32)
SETP_INT(u64)
SETP_INT(s64)

static void x_setp_f32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	float x[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW, y[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	unsigned cmp = comparison(insn);
	bool ftz = insn->mods & ROAD_GPU_MOD_FTZ;
	uint32_t result;

	LANES(l)
	{
		x[l] = elem_in32(a[l], ftz);
		y[l] = elem_in32(b[l], ftz);
	}
	FLOAT_FORM(compare_f32, x, y, cmp, result);
	put_comparison(warp, insn, mask, result);
}

static void x_setp_f64(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	double x[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW, y[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	unsigned cmp = comparison(insn);
	uint32_t result;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	FLOAT_FORM(compare_f64, x, y, cmp, result);
	put_comparison(warp, insn, mask, result);
}

static uint32_t compare_halves(const uint32_t *a, const uint32_t *b, unsigned shift, bool bf,
			       const struct road_gpu_insn *insn)
{
	float x[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW, y[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	bool ftz = insn->mods & ROAD_GPU_MOD_FTZ;
	unsigned cmp = comparison(insn);
	uint32_t result;

	LANES(l)
	{
		uint32_t s = a[l] >> shift & 0xffffu, t = b[l] >> shift & 0xffffu;

		x[l] = half_in(ftz ? half_flush(s, bf) : s, bf);
		y[l] = half_in(ftz ? half_flush(t, bf) : t, bf);
	}
	FLOAT_FORM(compare_f32, x, y, cmp, result);
	return result;
}

static void x_setp_half(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	unsigned how = (insn->mods & ROAD_GPU_MOD_BOOL_MASK) >> ROAD_GPU_MOD_BOOL_SHIFT;
	unsigned format = insn->aux >> ROAD_GPU_HALF_SHIFT;
	uint32_t with = road_gpu_predicate(warp, insn->pc);
	uint32_t low = compare_halves(a, b, 0, format & ROAD_GPU_HALF_BF, insn), second = ~low;

	if (format & ROAD_GPU_HALF_X2)
		second = compare_halves(a, b, 16, format & ROAD_GPU_HALF_BF, insn);
	exec_set_predicate(warp, insn->pd, join(how, low, with), mask);
	exec_set_predicate(warp, insn->aux & 0xffu, join(how, second, with), mask);
}

/* A magnitude against the smallest normal number and infinity. */
static bool test(unsigned which, uint64_t magnitude, uint64_t normal, uint64_t infinity)
{
	switch (which) {
	case ROAD_GPU_TESTP_FINITE: return magnitude < infinity;
	case ROAD_GPU_TESTP_INFINITE: return magnitude == infinity;
	case ROAD_GPU_TESTP_NUMBER: return magnitude <= infinity;
	case ROAD_GPU_TESTP_NOTANUMBER: return magnitude > infinity;
	case ROAD_GPU_TESTP_NORMAL: return magnitude >= normal && magnitude < infinity;
	default: return magnitude && magnitude < normal; /* SUBNORMAL */
	}
}

static void x_testp_f32(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	uint32_t result = 0;

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
		result |= (uint32_t)test(insn->aux, a[l] & 0x7fffffffu, 0x00800000u, 0x7f800000u)
			  << l;
	exec_set_predicate(warp, insn->pd, result, mask);
}

static void x_testp_f64(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	const uint64_t *a = road_gpu_source(warp, insn->a);
	uint32_t result = 0;

	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++)
		result |= (uint32_t)test(insn->aux, a[l] & INT64_MAX, UINT64_C(0x0010000000000000),
					 UINT64_C(0x7ff0000000000000))
			  << l;
	exec_set_predicate(warp, insn->pd, result, mask);
}

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_compare)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_setp_u32] = x_setp_u32,   [ROAD_GPU_OP_setp_s32] = x_setp_s32,
	[ROAD_GPU_OP_setp_u64] = x_setp_u64,   [ROAD_GPU_OP_setp_s64] = x_setp_s64,
	[ROAD_GPU_OP_setp_f32] = x_setp_f32,   [ROAD_GPU_OP_setp_f64] = x_setp_f64,
	[ROAD_GPU_OP_testp_f32] = x_testp_f32, [ROAD_GPU_OP_testp_f64] = x_testp_f64,
	[ROAD_GPU_OP_setp_half] = x_setp_half,
};
