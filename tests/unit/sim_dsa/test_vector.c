/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every vector instruction with every type that it takes, in every variant that this machine has,
 * against arithmetic on integers (numbers/soft.h) or the C library's long doubles.
 */
#include "tests/unit/sim_dsa/rig.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "simulators/numbers/bits.h"
#include "simulators/numbers/soft.h"
#include "simulators/numbers/vector.h"

#define F16  ROAD_DSA_TYPE_F16
#define BF16 ROAD_DSA_TYPE_BF16
#define F32  ROAD_DSA_TYPE_F32
#define S8   ROAD_DSA_TYPE_S8
#define U8   ROAD_DSA_TYPE_U8
#define S16  ROAD_DSA_TYPE_S16
#define S32  ROAD_DSA_TYPE_S32

enum { D = 0, A = 0x4000, B = 0x8000, N = 1003 };

static struct rig rig;
static uint64_t state;

static uint64_t random64(void)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return state ^ state >> 29;
}

/* ---- elements ---- */

static uint64_t get(const uint8_t *at, uint32_t bytes, uint64_t i)
{
	uint64_t value = 0;

	memcpy(&value, at + i * bytes, bytes);
	return value;
}

static int64_t sign_extend(uint64_t value, uint32_t bytes)
{
	return (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

static enum road_num_format format_of(uint32_t type)
{
	return type == F16 ? ROAD_NUM_F16 : type == BF16 ? ROAD_NUM_BF16 : ROAD_NUM_F32;
}

/* A quarter ordinary numbers, a quarter small integers, special ones, and any bits. */
static uint64_t some_float(uint32_t type)
{
	static const double special[] = {0.0, -0.0,    1.0,  -1.0,  0.5,
					 2.0, 65504.0, 1e-7, 1e-40, 3e38};
	struct road_num_mode mode = {.format = format_of(type)};
	uint64_t r = random64();
	uint32_t inf = type == F16 ? 0x7c00 : type == BF16 ? 0x7f80 : 0x7f800000;
	double value = (double)(int64_t)random64() * 0x1p-62;

	if (r % 8 == 0)
		return inf + (r >> 8) % 3;
	if (r % 8 == 1)
		value = special[(r >> 8) % 10];
	if (r % 8 == 2)
		value = (double)((int64_t)(r >> 8) % 33 - 16);
	if (r % 8 == 3)
		return r >> 32;
	return road_num_convert(&mode, ROAD_NUM_F64, false, road_num_bits64(value));
}

static void fill(uint64_t at, uint32_t type)
{
	uint32_t bytes = dsa_type_bytes(type);

	for (uint64_t i = 0; i < N; i++) {
		uint64_t value = dsa_type_is_float(type) ? some_float(type) : random64() >> 13;

		memcpy(rig.memory + at + i * bytes, &value, bytes);
	}
}

/* The rig with A, B and D filled, moved into UB. */
static void begin(uint32_t type, uint32_t type_b)
{
	rig_init(&rig);
	fill(A, type);
	fill(B, type_b);
	fill(D, type);
	rig_move_ub(&rig, 0, 0, 0xc000);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_V, 0);
}

static void end(void)
{
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
}

static const uint8_t *ub(uint64_t at)
{
	return rig.pads[ROAD_DSA_PAD_UB] + at;
}

static void each_variant(void (*run)(void))
{
	for (unsigned v = 0; v < ROAD_SIM_VARIANTS; v++)
		if (road_sim_set_vector_variant(road_sim_variant_name((enum road_sim_variant)v)))
			run();
	road_sim_set_vector_variant(NULL);
}

static void check(unsigned op, uint32_t type, uint64_t i, uint64_t got, uint64_t want)
{
	CU_ASSERT_EQUAL(got, want);
	if (got != want)
		printf("# %s type %u element %llu: 0x%llx, should be 0x%llx (%s)\n",
		       dsa_ops[op].name, type, (unsigned long long)i, (unsigned long long)got,
		       (unsigned long long)want, road_sim_vector()->name);
}

/* ---- references ---- */

static uint64_t is_nan(uint32_t type, uint64_t a)
{
	return type == F16    ? (a & 0x7fff) > 0x7c00
	       : type == BF16 ? (a & 0x7fff) > 0x7f80
			      : road_num_is_nan32((uint32_t)a);
}

static uint64_t nan_of(uint32_t type)
{
	return type == F32 ? 0x7fffffff : 0x7fff;
}

static double value_of(uint32_t type, uint64_t a)
{
	struct road_num_mode mode = {.format = ROAD_NUM_F64};

	return road_num_double(road_num_convert(&mode, format_of(type), false, a));
}

static uint64_t greater(uint32_t type, uint64_t a, uint64_t b, bool max)
{
	double x = value_of(type, a), y = value_of(type, b);
	uint64_t sign = type == F32 ? 0x80000000 : 0x8000;

	if (is_nan(type, a) || is_nan(type, b))
		return is_nan(type, a) ? (is_nan(type, b) ? nan_of(type) : b) : a;
	if (x == y)
		return ((a & sign) != 0) == max ? b : a;
	return (x > y) == max ? a : b;
}

static uint64_t float_op(unsigned op, uint32_t type, uint64_t a, uint64_t b, uint64_t d)
{
	struct road_num_mode mode = {.format = format_of(type)};
	uint64_t sign = type == F32 ? 0x80000000 : 0x8000;

	switch (op) {
	case ROAD_DSA_OP_vadd:
	case ROAD_DSA_OP_vadds: return road_num_add(&mode, a, b);
	case ROAD_DSA_OP_vsub: return road_num_sub(&mode, a, b);
	case ROAD_DSA_OP_vmul:
	case ROAD_DSA_OP_vmuls: return road_num_mul(&mode, a, b);
	case ROAD_DSA_OP_vdiv: return road_num_div(&mode, a, b);
	case ROAD_DSA_OP_vmadd: return road_num_fma(&mode, a, b, d);
	case ROAD_DSA_OP_vmax:
	case ROAD_DSA_OP_vmaxs: return greater(type, a, b, true);
	case ROAD_DSA_OP_vmin:
	case ROAD_DSA_OP_vmins: return greater(type, a, b, false);
	case ROAD_DSA_OP_vabs: return is_nan(type, a) ? nan_of(type) : a & ~sign;
	case ROAD_DSA_OP_vneg: return is_nan(type, a) ? nan_of(type) : a ^ sign;
	case ROAD_DSA_OP_vrelu: return greater(type, a, 0, true);
	case ROAD_DSA_OP_vsqrt: return road_num_sqrt(&mode, a);
	case ROAD_DSA_OP_vrsqrt: return road_num_rsqrt(&mode, a);
	case ROAD_DSA_OP_vrec: return road_num_div(&mode, road_num_from_s64(&mode, 1), a);
	default: CU_FAIL("no reference"); return 0;
	}
}

static uint64_t int_op(unsigned op, uint32_t type, uint64_t a, uint64_t b)
{
	uint32_t bytes = dsa_type_bytes(type);
	int64_t x = sign_extend(a, bytes), y = sign_extend(b, bytes), r = 0;

	switch (op) {
	case ROAD_DSA_OP_vadd:
	case ROAD_DSA_OP_vadds: r = x + y; break;
	case ROAD_DSA_OP_vsub: r = x - y; break;
	case ROAD_DSA_OP_vmul:
	case ROAD_DSA_OP_vmuls: r = x * y; break;
	case ROAD_DSA_OP_vmax:
	case ROAD_DSA_OP_vmaxs: r = x > y ? x : y; break;
	case ROAD_DSA_OP_vmin:
	case ROAD_DSA_OP_vmins: r = x < y ? x : y; break;
	case ROAD_DSA_OP_vabs: r = x < 0 ? -x : x; break;
	case ROAD_DSA_OP_vneg: r = -x; break;
	case ROAD_DSA_OP_vrelu: r = x > 0 ? x : 0; break;
	case ROAD_DSA_OP_vand: r = x & y; break;
	case ROAD_DSA_OP_vor: r = x | y; break;
	case ROAD_DSA_OP_vxor: r = x ^ y; break;
	default: CU_FAIL("no reference"); break;
	}
	return (uint64_t)r & (UINT64_MAX >> (64 - 8 * bytes));
}

/* ---- element by element ---- */

static void check_elements(unsigned op, uint32_t type)
{
	uint32_t bytes = dsa_type_bytes(type);
	bool scalar = dsa_ops[op].format == ROAD_DSA_FORMAT_V_DAS;

	begin(type, type);
	rig_vector(&rig, op, type, D, A, scalar ? get(rig.memory + B, bytes, 5) : B, N);
	end();
	for (uint64_t i = 0; i < N; i++) {
		uint64_t a = get(rig.memory + A, bytes, i), d = get(rig.memory + D, bytes, i);
		uint64_t b = get(rig.memory + B, bytes, scalar ? 5 : i);

		check(op, type, i, get(ub(D), bytes, i),
		      dsa_type_is_float(type) ? float_op(op, type, a, b, d)
					      : int_op(op, type, a, b));
	}
	/* nothing behind the last one was touched */
	CU_ASSERT_EQUAL(get(ub(D), bytes, N), get(rig.memory + D, bytes, N));
}

static void elements_of(unsigned first, unsigned last)
{
	for (unsigned op = first; op <= last; op++)
		for (uint32_t type = 1; type < ROAD_DSA_TYPES; type++)
			if (dsa_ops[op].types >> type & 1)
				check_elements(op, type);
}

static void run_arithmetic(void)
{
	elements_of(ROAD_DSA_OP_vadd, ROAD_DSA_OP_vrelu);
	elements_of(ROAD_DSA_OP_vsqrt, ROAD_DSA_OP_vrec);
}

static void arithmetic_is_exact(void)
{
	state = 1;
	each_variant(run_arithmetic);
}

/* ---- functions ---- */

static long double exact(unsigned op, long double x)
{
	return op == ROAD_DSA_OP_vexp ? expl(x) : op == ROAD_DSA_OP_vln ? logl(x) : tanhl(x);
}

static uint64_t rounded(uint32_t type, long double value)
{
	struct road_num_mode mode = {.format = format_of(type)};

	if (type == F32)
		return road_num_bits32((float)value);
	return road_num_convert(&mode, ROAD_NUM_F64, false, road_num_bits64((double)value));
}

static void check_function(unsigned op, uint32_t type, uint64_t i, uint64_t a, uint64_t got)
{
	long double value = exact(op, (long double)value_of(type, a));
	long double slack = fabsl(value) * 0x1p-50L;

	if (isnan((double)value)) {
		check(op, type, i, got, nan_of(type));
		return;
	}
	/* Too near to where rounding changes for long doubles to tell. */
	if (rounded(type, value - slack) != rounded(type, value + slack))
		return;
	check(op, type, i, got, rounded(type, value));
}

static uint64_t first_pattern, pattern_step;

/* UB full of patterns from first_pattern on. */
static void check_patterns(unsigned op, uint32_t type, uint64_t count)
{
	uint32_t bytes = dsa_type_bytes(type);

	rig_init(&rig);
	for (uint64_t i = 0; i < count; i++)
		memcpy(rig.memory + i * bytes, &(uint64_t){first_pattern + i * pattern_step},
		       bytes);
	rig_move_ub(&rig, 0, 0, count * bytes);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_V, 0);
	rig_vector(&rig, op, type, 0, 0, 0, count);
	end();
	for (uint64_t i = 0; i < count; i++)
		check_function(op, type, i, get(rig.memory, bytes, i), get(ub(0), bytes, i));
}

static const unsigned functions[] = {ROAD_DSA_OP_vexp, ROAD_DSA_OP_vln, ROAD_DSA_OP_vtanh};

static void run_functions(void)
{
	for (unsigned f = 0; f < 3; f++) {
		pattern_step = 1;
		for (first_pattern = 0; first_pattern < 0x10000; first_pattern += 0x4000) {
			check_patterns(functions[f], F16, 0x4000);
			check_patterns(functions[f], BF16, 0x4000);
		}
		pattern_step = 1031;
		for (first_pattern = 7; first_pattern >> 32 == 0; first_pattern += 1031 * 8 << 14)
			check_patterns(functions[f], F32, 0x4000);
	}
}

static void functions_are_rounded_once(void)
{
	each_variant(run_functions);
}

/* ---- reductions ---- */

static uint64_t fold(unsigned op, uint32_t type, uint64_t a, uint64_t b)
{
	if (op == ROAD_DSA_OP_vsum)
		return dsa_type_is_float(type) ? float_op(ROAD_DSA_OP_vadd, F32, a, b, 0)
					       : (uint32_t)(a + b);
	op = op == ROAD_DSA_OP_vrmax ? ROAD_DSA_OP_vmax : ROAD_DSA_OP_vmin;
	return dsa_type_is_float(type) ? float_op(op, type, a, b, 0) : int_op(op, type, a, b);
}

static uint64_t widened(unsigned op, uint32_t type, uint64_t a)
{
	if (op != ROAD_DSA_OP_vsum)
		return a;
	if (dsa_type_is_float(type))
		return road_num_bits32((float)value_of(type, a));
	return (uint32_t)sign_extend(a, dsa_type_bytes(type));
}

static uint64_t reduced(unsigned op, uint32_t type, const uint8_t *at, uint64_t n)
{
	uint32_t bytes = dsa_type_bytes(type);
	uint64_t lane[64];
	bool has[64] = {false};

	for (uint64_t i = 0; i < n; i++) {
		uint64_t x = widened(op, type, get(at, bytes, i));

		lane[i % 64] = has[i % 64] ? fold(op, type, lane[i % 64], x) : x;
		has[i % 64] = true;
	}
	for (uint64_t s = 32; s; s /= 2)
		for (uint64_t l = 0; l < s; l++)
			if (has[l + s])
				lane[l] = fold(op, type, lane[l], lane[l + s]);
	if (op == ROAD_DSA_OP_vsum && dsa_type_is_float(type))
		return is_nan(F32, lane[0]) ? nan_of(F32) : lane[0];
	return dsa_type_is_float(type) && is_nan(type, lane[0]) ? nan_of(type) : lane[0];
}

static void check_reduction(unsigned op, uint32_t type, uint64_t n)
{
	uint32_t bytes = dsa_type_bytes(type), result = op == ROAD_DSA_OP_vsum ? 4 : bytes;
	uint64_t step = dsa_ceil(n * bytes, 32);

	begin(type, type);
	rig_load(&rig, 27, step << 16);
	rig_vector(&rig, op, type, D, A, 0, n | UINT64_C(2) << 32)->e = 27;
	end();
	for (uint64_t r = 0; r < 3; r++)
		check(op, type, n, get(ub(D), result, r),
		      reduced(op, type, rig.memory + A + r * step * 32, n));
}

static void run_reductions(void)
{
	static const uint64_t sizes[] = {1, 2, 31, 63, 64, 65, 100, 127, 128, 129, 500};

	for (unsigned op = ROAD_DSA_OP_vsum; op <= ROAD_DSA_OP_vrmin; op++)
		for (uint32_t type = 1; type < ROAD_DSA_TYPES; type++)
			for (unsigned i = 0; i < 11 && dsa_ops[op].types >> type & 1; i++)
				check_reduction(op, type, sizes[i]);
}

static void reductions_keep_their_order(void)
{
	state = 2;
	each_variant(run_reductions);
}

/* ---- masks ---- */

static bool holds(unsigned compare, double a, double b)
{
	switch (compare) {
	case ROAD_DSA_EQ: return a == b;
	case ROAD_DSA_NE: return a != b;
	case ROAD_DSA_LT: return a < b;
	case ROAD_DSA_LE: return a <= b;
	case ROAD_DSA_GT: return a > b;
	default: return a >= b;
	}
}

static double number(uint32_t type, uint64_t a)
{
	return dsa_type_is_float(type) ? value_of(type, a)
				       : (double)sign_extend(a, dsa_type_bytes(type));
}

static void check_masks(uint32_t type, unsigned compare)
{
	uint32_t bytes = dsa_type_bytes(type);

	begin(type, type);
	for (uint64_t i = 0; i < N; i += 3) /* some are equal */
		memcpy(rig.memory + B + i * bytes, rig.memory + A + i * bytes, bytes);
	rig_vector(&rig, ROAD_DSA_OP_vcmp, type, 0xc000, A, B, N)->mods = (uint8_t)compare;
	rig_barrier(&rig, ROAD_DSA_QUEUE_V);
	rig_load(&rig, 28, 0xc000);
	rig_vector(&rig, ROAD_DSA_OP_vsel, type, D, A, B, N)->e = 28;
	end();
	for (uint64_t i = 0; i < N; i++) {
		uint64_t a = get(rig.memory + A, bytes, i), b = get(rig.memory + B, bytes, i);
		bool want = holds(compare, number(type, a), number(type, b));

		check(ROAD_DSA_OP_vcmp, type, i, ub(0xc000)[i / 8] >> i % 8 & 1, want);
		check(ROAD_DSA_OP_vsel, type, i, get(ub(D), bytes, i), want ? a : b);
	}
	CU_ASSERT_EQUAL(ub(0xc000)[N / 8] >> N % 8, 0);
	CU_ASSERT_EQUAL(ub(0xc000)[N / 8 + 1], ROAD_DSA_POISON);
}

static void run_masks(void)
{
	for (uint32_t type = 1; type < ROAD_DSA_TYPES; type++)
		for (unsigned c = 0; c < ROAD_DSA_COMPARES; c++)
			if (dsa_ops[ROAD_DSA_OP_vcmp].types >> type & 1)
				check_masks(type, c);
}

static void masks_select(void)
{
	state = 3;
	each_variant(run_masks);
}

/* ---- conversions ---- */

static uint64_t to_type(uint32_t to, enum road_num_format from, uint64_t bits)
{
	struct road_num_mode mode = {.format = dsa_type_is_float(to) ? format_of(to) : from};

	if (dsa_type_is_float(to))
		return road_num_convert(&mode, from, false, bits);
	return road_num_to_int(&mode, bits, 8 * dsa_type_bytes(to), to != U8);
}

static uint64_t converted(uint32_t to, uint32_t from, uint64_t a, bool scaled, uint32_t factor)
{
	struct road_num_mode f32 = {.format = ROAD_NUM_F32};
	double value = number(from, a);
	uint64_t single;

	if (from == U8)
		value = (double)(a & 0xff);
	if (!scaled)
		return to_type(to, ROAD_NUM_F64, road_num_bits64(value));
	single = road_num_convert(&f32, ROAD_NUM_F64, false, road_num_bits64(value));
	return to_type(to, ROAD_NUM_F32, road_num_mul(&f32, single, factor));
}

static void check_conversion(uint32_t to, uint32_t from, bool scaled, bool in_place)
{
	uint32_t a_bytes = dsa_type_bytes(from), d_bytes = dsa_type_bytes(to);
	uint32_t factor = road_num_bits32(0.37f);
	uint64_t d = in_place ? A : D;
	struct road_dsa_word *word;

	begin(from, from);
	word = rig_vector(&rig, ROAD_DSA_OP_vcvt, from, d, A, factor, N);
	word->mods = (uint8_t)to;
	word->b = scaled ? 25 : 0;
	end();
	for (uint64_t i = 0; i < N; i++)
		check(ROAD_DSA_OP_vcvt, from | to << 8, i, get(ub(d), d_bytes, i),
		      converted(to, from, get(rig.memory + A, a_bytes, i), scaled, factor));
}

static void run_conversions(void)
{
	uint32_t types = dsa_ops[ROAD_DSA_OP_vcvt].types;

	for (uint32_t to = 1; to < ROAD_DSA_TYPES; to++)
		for (uint32_t from = 1; from < ROAD_DSA_TYPES; from++)
			for (unsigned way = 0; way < 4 && types >> to & types >> from & 1; way++)
				check_conversion(to, from, way & 1, way & 2);
}

static void conversions_round_once(void)
{
	state = 4;
	each_variant(run_conversions);
}

/* ---- bits that move ---- */

static void moves_bits(void)
{
	rig_init(&rig);
	state = 5;
	begin(S32, S32);
	for (uint32_t i = 0; i < N; i++)
		memcpy(rig.memory + B + 4 * i, &(uint32_t){(uint32_t)(random64() % 900) * 4}, 4);
	rig_vector(&rig, ROAD_DSA_OP_vgather, S32, D, A, B, N);
	rig_vector(&rig, ROAD_DSA_OP_vscatter, S32, 0xc000, A, B, N);
	rig_vector(&rig, ROAD_DSA_OP_vdup, ROAD_DSA_TYPE_U32, 0xe000, 0, 0x12345678, 10);
	rig_vector(&rig, ROAD_DSA_OP_viota, S32, 0xe100, 0, 0xfffffffe, 10);
	rig_vector(&rig, ROAD_DSA_OP_vcopy, S8, 0xe200, A, 0, 77);
	end();
	for (uint32_t i = 0; i < N; i++) {
		uint64_t offset = get(rig.memory + B, 4, i);

		CU_ASSERT_EQUAL(get(ub(D), 4, i), get(rig.memory + A + offset, 4, 0));
	}
	for (uint32_t i = N; i-- > 0;) { /* the last one of an offset stays */
		uint64_t offset = get(rig.memory + B, 4, i);
		bool later = false;

		for (uint32_t j = i + 1; j < N; j++)
			later = later || get(rig.memory + B, 4, j) == offset;
		if (!later)
			CU_ASSERT_EQUAL(get(ub(0xc000 + offset), 4, 0), get(rig.memory + A, 4, i));
	}
	for (uint32_t i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(get(ub(0xe000), 4, i), 0x12345678);
		CU_ASSERT_EQUAL(get(ub(0xe100), 4, i), (uint32_t)(0xfffffffe + i));
	}
	CU_ASSERT_EQUAL(memcmp(ub(0xe200), rig.memory + A, 77), 0);
	CU_ASSERT_EQUAL(ub(0xe200)[77], ROAD_DSA_POISON);
}

/* d stays, a goes on by two rows, b by one */
static void repeats_step(void)
{
	begin(S32, S32);
	rig_load(&rig, 27, UINT64_C(2) << 16 | UINT64_C(1) << 32 | 3);
	rig_vector(&rig, ROAD_DSA_OP_vadd, S32, D, A, B, 7 | UINT64_C(4) << 32)->e = 27;
	end();
	for (uint32_t r = 0; r < 5; r++)
		for (uint32_t i = 0; i < 7; i++)
			CU_ASSERT_EQUAL(get(ub(D + r * 96), 4, i),
					(uint32_t)(get(rig.memory + A + r * 64, 4, i) +
						   get(rig.memory + B + r * 32, 4, i)));
}

static void check_fault(unsigned kind, uint64_t address)
{
	EMIT(&rig, end, 0, 0, 0);
	CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
	CU_ASSERT_EQUAL(rig.fault.kind, kind);
	CU_ASSERT_EQUAL(rig.fault.address, address);
}

static void shapes_are_checked(void)
{
	begin(S32, S32); /* offsets of any kind */
	rig_vector(&rig, ROAD_DSA_OP_vgather, S32, D, A, B, N);
	for (uint32_t i = 0; i < N; i++)
		memcpy(rig.memory + B + 4 * i, &(uint32_t){i == 500 ? 65536 : 0}, 4);
	check_fault(ROAD_DSA_FAULT_BOUNDS, A + 65536);
	begin(S32, S32);
	rig_vector(&rig, ROAD_DSA_OP_vscatter, S32, 0xc000, A, B, N);
	for (uint32_t i = 0; i < N; i++)
		memcpy(rig.memory + B + 4 * i, &(uint32_t){i == 1002 ? 2 : 0}, 4);
	check_fault(ROAD_DSA_FAULT_MISALIGNED, 0xc002);
	begin(F32, F32);
	rig_vector(&rig, ROAD_DSA_OP_vcmp, F32, D, A, B, 8 | UINT64_C(1) << 32);
	check_fault(ROAD_DSA_FAULT_SHAPE, 0);
	begin(F32, F32);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, D, A, B, UINT64_C(0xffffffff) << 32 | 8);
	check_fault(ROAD_DSA_FAULT_SHAPE, 0);
	begin(F32, F32); /* the second repeat's a is the first one's b */
	rig_load(&rig, 27, 1);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, A - 32, A, B, 9 | UINT64_C(1) << 32)->e = 27;
	check_fault(ROAD_DSA_FAULT_SHAPE, A - 32);
}

static const struct tap_case cases[] = {
	{"arithmetic has the bits of exact arithmetic rounded once", arithmetic_is_exact},
	{"exp, ln and tanh are the exact value rounded", functions_are_rounded_once},
	{"reductions fold in the contract's order", reductions_keep_their_order},
	{"comparisons make masks that select", masks_select},
	{"conversions saturate and round once, in place too", conversions_round_once},
	{"gather, scatter, dup, iota, copy move bits", moves_bits},
	{"repeats go on by their strides", repeats_step},
	{"offsets, counts and overlaps are checked", shapes_are_checked},
};

TAP_MAIN(cases)
