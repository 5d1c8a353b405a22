/* SPDX-License-Identifier: Apache-2.0 */
/* mmad and FIX, every type and variant, against sums in the contract's order by numbers/soft.h. */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <string.h>

#include "simulators/numbers/bits.h"
#include "simulators/numbers/soft.h"
#include "simulators/numbers/vector.h"

#define F16  ROAD_DSA_TYPE_F16
#define BF16 ROAD_DSA_TYPE_BF16
#define F32  ROAD_DSA_TYPE_F32
#define S8   ROAD_DSA_TYPE_S8
#define S32  ROAD_DSA_TYPE_S32

enum { BIAS = 0x40000, OUT = 0x80000 };

static struct rig rig;
static uint64_t state;
static const uint32_t types[] = {F16, BF16, F32, S8};
static const struct road_num_mode f32 = {.format = ROAD_NUM_F32};

static uint32_t random_below(uint32_t n)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % n);
}

static uint64_t get(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	return value;
}

static void each_variant(void (*run)(void))
{
	for (unsigned v = 0; v < ROAD_SIM_VARIANTS; v++)
		if (road_sim_set_vector_variant(road_sim_variant_name((enum road_sim_variant)v)))
			run();
	road_sim_set_vector_variant(NULL);
}

/* ---- operands straight in the scratchpads: L1 holds them as the image of L0A, L0B ---- */

/* Ordinary numbers of wide range, or with `wild` now and then anything. */
static uint64_t some(uint32_t type, bool wild)
{
	static const uint8_t formats[ROAD_DSA_TYPES] = {
		[F16] = ROAD_NUM_F16, [BF16] = ROAD_NUM_BF16, [F32] = ROAD_NUM_F32};
	struct road_num_mode mode = {.format = formats[type]};
	double value = ((double)random_below(1 << 24) - 0x1p23) * 0x1p-20;

	if (type == S8 || (wild && random_below(8) == 0))
		return random_below(UINT32_MAX);
	return road_num_convert(&mode, ROAD_NUM_F64, false, road_num_bits64(value));
}

static void fill(uint64_t at, uint32_t type, uint64_t bytes, bool wild)
{
	uint32_t size = dsa_type_bytes(type);

	for (uint64_t i = 0; i < bytes; i += size)
		memcpy(rig.memory + at + i, &(uint64_t){some(type, wild)}, size);
}

struct product {
	uint32_t type, m, n, k;
	unsigned mods;
};

/* Row-major A (m x k) at 0 and B^T (n x k) at 0x20000 to L0A and L0B. */
static void emit_side(const struct product *p, bool b)
{
	uint32_t bytes = dsa_type_bytes(p->type), rows = b ? p->n : p->m;
	uint64_t room = dsa_round(rows, 16);

	rig_load(&rig, 1, b ? 0x8000 : 0);
	rig_load(&rig, 2, RIG_VA + (b ? 0x20000 : 0));
	rig_load(&rig, 3, rows | (uint64_t)p->k << 32);
	rig_load(&rig, 4, p->k * bytes | room << 32);
	rig_emit(&rig, ROAD_DSA_OP_move_nz, p->type, 1, 2, 3);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE1, 0);
	rig_load(&rig, 4, room);
	rig_emit(&rig, b ? ROAD_DSA_OP_load_b : ROAD_DSA_OP_load_a, p->type, 0, 1, 3);
}

static void emit_bias(void)
{
	rig_load(&rig, 1, 0xf000);
	rig_load(&rig, 2, RIG_VA + BIAS);
	rig_load(&rig, 3, 1024);
	rig_emit(&rig, ROAD_DSA_OP_move_l1, ROAD_DSA_TYPE_U8, 1, 2, 3)->imm = 1;
	rig_order(&rig, ROAD_DSA_QUEUE_MTE2, ROAD_DSA_QUEUE_MTE1, 0);
	EMIT(&rig, load_bias, 0, 1, 3);
}

static void emit_mmad(const struct product *p, unsigned mods)
{
	struct road_dsa_word *word;

	rig_load(&rig, 5, p->m | p->n << 16 | (uint64_t)p->k << 32);
	word = rig_emit(&rig, ROAD_DSA_OP_mmad, p->type, 0, 0, 0);
	word->c = 5;
	word->mods = (uint8_t)mods;
}

static void begin(const struct product *p, bool wild)
{
	uint32_t bytes = dsa_type_bytes(p->type);

	rig_init(&rig);
	rig.params.pad_bytes[ROAD_DSA_PAD_L0A] = rig.params.pad_bytes[ROAD_DSA_PAD_L0B] = 1 << 14;
	fill(0, p->type, (uint64_t)p->m * p->k * bytes, wild);
	fill(0x20000, p->type, (uint64_t)p->n * p->k * bytes, wild);
	fill(BIAS, p->type == S8 ? S8 : F32, 1024, false);
	emit_side(p, false);
	emit_side(p, true);
	emit_bias();
	rig_order(&rig, ROAD_DSA_QUEUE_MTE1, ROAD_DSA_QUEUE_M, 1);
}

/* ---- the reference ---- */

static uint64_t as_f32(uint32_t type, uint64_t bits)
{
	return road_num_convert(&f32, type == F16 ? ROAD_NUM_F16 : ROAD_NUM_BF16, false, bits);
}

static uint64_t operand(const struct product *p, bool b, uint32_t row, uint32_t k)
{
	uint32_t bytes = dsa_type_bytes(p->type);
	uint64_t at = (b ? 0x20000 : 0) + ((uint64_t)row * p->k + k) * bytes;

	return get(rig.memory + at, bytes);
}

static uint32_t add_products(const struct product *p, uint32_t m, uint32_t n, uint32_t sum)
{
	for (uint32_t k = 0; k < p->k; k++) {
		uint64_t a = operand(p, false, m, k), b = operand(p, true, n, k);

		if (p->type == S8) {
			sum += (uint32_t)((int32_t)(int8_t)a * (int8_t)b);
			continue;
		}
		if (p->type != F32) {
			a = as_f32(p->type, a);
			b = as_f32(p->type, b);
		}
		sum = (uint32_t)road_num_fma(&f32, a, b, sum);
	}
	return sum;
}

static uint32_t result(const struct product *p, uint32_t m, uint32_t n)
{
	uint64_t m1 = dsa_ceil(p->m, 16);

	return (uint32_t)get(rig.pads[ROAD_DSA_PAD_L0C] + (n / 16 * m1 + m / 16) * 1024 +
				     m % 16 * 64 + n % 16 * 4,
			     4);
}

static void check_product(const struct product *p)
{
	bool bias = p->mods & ROAD_DSA_MOD_BIAS, twice = !p->mods;

	for (uint32_t m = 0; m < p->m; m++)
		for (uint32_t n = 0; n < p->n; n++) {
			uint32_t start = bias ? (uint32_t)get(rig.memory + BIAS + 4 * n, 4) : 0;
			uint32_t want = add_products(p, m, n, start);

			if (twice)
				want = add_products(p, m, n, want);
			CU_ASSERT_EQUAL(result(p, m, n), want);
			if (result(p, m, n) != want)
				printf("# type %u %ux%ux%u (%u, %u): 0x%x, should be 0x%x\n",
				       p->type, p->m, p->n, p->k, m, n, result(p, m, n), want);
		}
}

static void run_products(void)
{
	for (int i = 0; i < 48; i++) {
		struct product p = {.type = types[i % 4],
				    .m = 1 + random_below(40),
				    .n = 1 + random_below(40),
				    .k = 1 + random_below(70),
				    .mods = (unsigned)i / 4 % 3};

		begin(&p, i >= 24);
		emit_mmad(&p, p.mods ? p.mods : ROAD_DSA_MOD_INIT);
		if (!p.mods)
			emit_mmad(&p, 0);
		EMIT(&rig, end, 0, 0, 0);
		rig_finish(&rig);
		check_product(&p);
	}
}

static void products_are_exact(void)
{
	state = 1;
	each_variant(run_products);
}

/* 3000 products of -128 * -128 are more than f32 counts exactly. */
static void run_long_s8(void)
{
	struct product p = {.type = S8, .m = 1, .n = 1, .k = 200, .mods = ROAD_DSA_MOD_INIT};

	begin(&p, false);
	memset(rig.memory, 0x80, 200);
	memset(rig.memory + 0x20000, 0x80, 200);
	emit_mmad(&p, ROAD_DSA_MOD_INIT);
	rig_load(&rig, 6, 1023);
	emit_mmad(&p, 0);
	EMIT(&rig, loop, 6, 0, 0)->imm = -2;
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(result(&p, 0, 0), (uint32_t)(UINT64_C(1024) * 200 * 16384));
	/* in one instruction: more than 2^10 of them */
	p.k = 3001;
	rig_init(&rig);
	rig.params.pad_bytes[ROAD_DSA_PAD_L0A] = rig.params.pad_bytes[ROAD_DSA_PAD_L0B] = 1 << 17;
	memset(rig.memory, 0x80, 4096);
	memset(rig.memory + 0x20000, 0x80, 4096);
	emit_side(&p, false);
	emit_side(&p, true);
	rig_order(&rig, ROAD_DSA_QUEUE_MTE1, ROAD_DSA_QUEUE_M, 1);
	rig.params.pad_bytes[ROAD_DSA_PAD_L1] = 1 << 18;
	emit_mmad(&p, ROAD_DSA_MOD_INIT);
	EMIT(&rig, end, 0, 0, 0);
	for (uint32_t i = 0; i < rig.count; i++) /* B's place in L1, behind all of A's */
		if (rig.words[i].op == ROAD_DSA_OP_movi && rig.words[i].imm == 0x8000)
			rig.words[i].imm = 0x20000;
	rig_finish(&rig);
	CU_ASSERT_EQUAL(result(&p, 0, 0), 3001u * 16384u);
}

static void integers_count_exactly(void)
{
	each_variant(run_long_s8);
}

/* ---- FIX ---- */

/* Where element (m, n) of the result lies behind OUT, in UB or in L1. */
struct out {
	unsigned op;
	uint32_t type;
	unsigned mods;
	float factor;
	uint64_t pitch;
};

static const uint8_t *place(const struct out *o, uint32_t m, uint32_t n)
{
	uint32_t bytes = dsa_type_bytes(o->type), c0 = 32 / bytes;

	if (o->op == ROAD_DSA_OP_fix_l1)
		return rig.pads[ROAD_DSA_PAD_L1] + 64 + n / c0 * o->pitch * 32 + m * 32 +
		       n % c0 * bytes;
	if (o->op == ROAD_DSA_OP_fix_ub)
		return rig.pads[ROAD_DSA_PAD_UB] + 64 + m * o->pitch + n * bytes;
	return rig.memory + OUT + m * o->pitch + n * bytes;
}

static uint64_t to_type(uint32_t type, enum road_num_format from, uint64_t bits)
{
	struct road_num_mode mode = {.format = type == F16    ? ROAD_NUM_F16
					       : type == BF16 ? ROAD_NUM_BF16
					       : type == F32  ? ROAD_NUM_F32
							      : from};

	if (type == S8 || type == S32)
		return road_num_to_int(&mode, bits, type == S8 ? 8 : 32, true);
	return road_num_convert(&mode, from, false, bits);
}

static uint64_t fixed(const struct out *o, uint32_t value)
{
	uint64_t x = value;

	if (o->mods & ROAD_DSA_MOD_S32 && !(o->mods & ROAD_DSA_MOD_QUANT))
		return o->mods & ROAD_DSA_MOD_RELU && (int32_t)value < 0 ? 0 : value;
	if (o->mods & ROAD_DSA_MOD_S32)
		x = road_num_from_s64(&f32, (int32_t)value);
	if (o->mods & ROAD_DSA_MOD_QUANT)
		x = road_num_mul(&f32, x, road_num_bits32(o->factor));
	if (o->mods & ROAD_DSA_MOD_RELU && (x > 0x7f800000u))
		x = 0;
	return to_type(o->type, ROAD_NUM_F32, x);
}

static void emit_fix(const struct product *p, const struct out *o)
{
	uint64_t m1 = dsa_ceil(p->m, 16);

	rig_order(&rig, ROAD_DSA_QUEUE_M, ROAD_DSA_QUEUE_FIX, 2);
	rig_load(&rig, 1, o->op == ROAD_DSA_OP_fix_gm ? RIG_VA + OUT : 64);
	rig_load(&rig, 2, p->m | (uint64_t)p->n << 32);
	rig_load(&rig, 3, o->pitch | m1 << 32);
	rig_load(&rig, 4, road_num_bits32(o->factor));
	rig_emit(&rig, o->op, o->type, 1, 0, 2)->mods = (uint8_t)o->mods;
}

static void check_fix(const struct product *p, const struct out *o)
{
	uint32_t bytes = dsa_type_bytes(o->type);

	begin(p, !(o->mods & ROAD_DSA_MOD_S32) && random_below(2));
	rig_order(&rig, ROAD_DSA_QUEUE_MTE1, ROAD_DSA_QUEUE_FIX, 5); /* fix_l1 writes L1 */
	emit_mmad(p, ROAD_DSA_MOD_INIT);
	emit_fix(p, o);
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
	for (uint32_t m = 0; m < p->m; m++)
		for (uint32_t n = 0; n < p->n; n++) {
			uint64_t want = fixed(o, result(p, m, n)), got = get(place(o, m, n), bytes);

			CU_ASSERT_EQUAL(got, want);
			if (got != want)
				printf("# %s type %u mods %u (%u, %u): 0x%llx, should be 0x%llx\n",
				       dsa_ops[o->op].name, o->type, o->mods, m, n,
				       (unsigned long long)got, (unsigned long long)want);
		}
	for (uint32_t n = 0; o->op == ROAD_DSA_OP_fix_l1 && n < dsa_round(p->n, 32 / bytes); n++)
		for (uint32_t m = 0; m < dsa_round(p->m, 16); m++)
			if (m >= p->m || n >= p->n)
				CU_ASSERT_EQUAL(get(place(o, m, n), bytes), 0);
}

static void run_fixes(void)
{
	static const uint32_t outs[] = {F16, BF16, F32, S8, S32};
	static const unsigned ops[] = {ROAD_DSA_OP_fix_gm, ROAD_DSA_OP_fix_ub, ROAD_DSA_OP_fix_l1};

	for (unsigned i = 0; i < 5 * 8 * 3; i++) {
		struct out o = {.type = outs[i % 5],
				.mods = i / 5 % 8,
				.op = ops[i / 40],
				.factor = 0.0371f};
		struct product p = {.m = 1 + random_below(40), .n = 1 + random_below(40), .k = 20};

		if (o.mods & ROAD_DSA_MOD_S32 && !(o.mods & ROAD_DSA_MOD_QUANT) && o.type != S32)
			continue;
		p.type = o.mods & ROAD_DSA_MOD_S32 ? S8 : types[random_below(3)];
		o.pitch = o.op == ROAD_DSA_OP_fix_l1   ? dsa_round(p.m, 16) + 16
			  : o.op == ROAD_DSA_OP_fix_ub ? dsa_round(p.n * 4, 32)
						       : p.n * 4 + 3;
		check_fix(&p, &o);
	}
}

static void results_are_fixed(void)
{
	state = 7;
	each_variant(run_fixes);
}

static void wrong_shapes_fault(void)
{
	static const struct {
		uint64_t shape, address, detail;
		unsigned kind;
	} rows[] = {
		{16 | 16 << 16, 0, 16 | 16 << 16, ROAD_DSA_FAULT_SHAPE},
		{0xffff | UINT64_C(16) << 32, 0, 0xffff | UINT64_C(16) << 32, ROAD_DSA_FAULT_SHAPE},
		{272 | 16 << 16 | UINT64_C(16) << 32, 0, 8704, ROAD_DSA_FAULT_BOUNDS},
		{16 | 16 << 16 | UINT64_C(0xffffffff) << 32, 0, UINT64_C(0x2000000000),
		 ROAD_DSA_FAULT_BOUNDS},
	};

	for (unsigned i = 0; i < 4; i++) {
		rig_init(&rig);
		rig_load(&rig, 5, rows[i].shape);
		rig_emit(&rig, ROAD_DSA_OP_mmad, F16, 0, 0, 0)->c = 5;
		EMIT(&rig, end, 0, 0, 0);
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
		CU_ASSERT_EQUAL(rig.fault.kind, rows[i].kind);
		CU_ASSERT_EQUAL(rig.fault.detail, rows[i].detail);
		CU_ASSERT_EQUAL(rig.fault.queue, ROAD_DSA_QUEUE_M);
	}
}

static const struct tap_case cases[] = {
	{"products have the bits of sums in ascending k", products_are_exact},
	{"sums of s8 are exact beyond what f32 counts", integers_count_exactly},
	{"FIX scales, clips and converts to rows and to NZ", results_are_fixed},
	{"shapes that cannot be fault", wrong_shapes_fault},
};

TAP_MAIN(cases)
