/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matrix instructions against MPFR and 64-bit integers. Where each element of a fragment stands is
 * written here as the PTX ISA gives it (section "matrix fragments for mma"), shape by shape.
 */
#include "simulators/gpu/exec.h"
#include "tests/oracle/mpfr/numbers.h"
#include "tests/unit/sim_gpu/rig.h"

#include <stdio.h>
#include <string.h>

enum { RD = 4, RA = 8, RB = 12, RC = 16, ROUNDS = 60 };
enum element { F16, BF16, TF32, S8, U8, F64, F32, S32, S4, U4, B1 };

static struct rig rig;
static uint64_t state = 1;

static unsigned bits_of(enum element type)
{
	static const uint8_t bits[] = {16, 16, 32, 8, 8, 64, 32, 32, 4, 4, 1};

	return bits[type];
}

struct shape {
	uint16_t op, aux;
	uint16_t m, k;
	enum element a, b, c;
	/* Row and column (A, C) or k and column (B) of element i of group g, thread t. */
	void (*place_a)(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k);
	void (*place_b)(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column);
	uint8_t count_a, count_b; /* elements of a lane */
};

static void a_m16k16(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 2 || (i >= 4 && i < 6) ? g : g + 8;
	*k = i < 4 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8;
}

static void b_k16(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = i < 2 ? t * 2 + (i & 1) : t * 2 + (i & 1) + 8;
	*column = g;
}

static void a_m16k8(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 2 ? g : g + 8;
	*k = t * 2 + (i & 1);
}

static void b_k8(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = t * 2 + i;
	*column = g;
}

static void a_tf32_k8(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i == 0 || i == 2 ? g : g + 8;
	*k = i < 2 ? t : t + 4;
}

static void b_tf32_k8(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = i == 0 ? t : t + 4;
	*column = g;
}

static void a_tf32_k4(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i == 0 ? g : g + 8;
	*k = t;
}

static void b_one(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	(void)i;
	*k = t;
	*column = g;
}

static void a_m16k32(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 4 || (i >= 8 && i < 12) ? g : g + 8;
	*k = i < 8 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16;
}

static void b_k32(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = i < 4 ? t * 4 + (i & 3) : t * 4 + (i & 3) + 16;
	*column = g;
}

static void a_bytes_k16(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 4 ? g : g + 8;
	*k = t * 4 + (i & 3);
}

static void b_bytes_k16(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = t * 4 + i;
	*column = g;
}

static void a_one(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	(void)i;
	*row = g;
	*k = t;
}

/* Less than a byte: of 8, or 32, elements of a lane for each register. */
static void a_k64(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 8 || (i >= 16 && i < 24) ? g : g + 8;
	*k = i < 16 ? t * 8 + (i & 7) : t * 8 + (i & 7) + 32;
}

static void b_k64(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = i < 8 ? t * 8 + (i & 7) : t * 8 + (i & 7) + 32;
	*column = g;
}

static void a_nibbles_k32(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 8 ? g : g + 8;
	*k = t * 8 + (i & 7);
}

static void a_k256(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 32 || (i >= 64 && i < 96) ? g : g + 8;
	*k = i < 64 ? t * 32 + (i & 31) : t * 32 + (i & 31) + 128;
}

static void b_k256(unsigned i, unsigned g, unsigned t, unsigned *k, unsigned *column)
{
	*k = i < 32 ? t * 32 + (i & 31) : t * 32 + (i & 31) + 128;
	*column = g;
}

static void a_k128(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *k)
{
	*row = i < 32 ? g : g + 8;
	*k = t * 32 + (i & 31);
}

#define NIBBLES     (ROAD_GPU_MMA_NIBBLES << ROAD_GPU_MMA_ELEMENTS_SHIFT)
#define XOR         (ROAD_GPU_MMA_BITS_XOR << ROAD_GPU_MMA_ELEMENTS_SHIFT)
#define AND         (ROAD_GPU_MMA_BITS_AND << ROAD_GPU_MMA_ELEMENTS_SHIFT)
#define SIGNED_BOTH (ROAD_GPU_MMA_A_SIGNED | ROAD_GPU_MMA_B_SIGNED)
static const struct shape shapes[] = {
	{ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_F16, 16, 16, F16, F16, F32, a_m16k16, b_k16, 8, 4},
	{ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_F16, 16, 8, F16, F16, F32, a_m16k8, b_k8, 4, 2},
	{ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_BF16, 16, 16, BF16, BF16, F32, a_m16k16, b_k16, 8, 4},
	{ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_BF16, 16, 8, BF16, BF16, F32, a_m16k8, b_k8, 4, 2},
	{ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_TF32, 16, 8, TF32, TF32, F32, a_tf32_k8, b_tf32_k8, 4,
	 2},
	{ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_TF32, 16, 4, TF32, TF32, F32, a_tf32_k4, b_one, 2, 1},
	{ROAD_GPU_OP_mma_f16_b2, 0, 16, 16, F16, F16, F16, a_m16k16, b_k16, 8, 4},
	{ROAD_GPU_OP_mma_f16_b1, 0, 16, 8, F16, F16, F16, a_m16k8, b_k8, 4, 2},
	{ROAD_GPU_OP_mma_s32_b2, SIGNED_BOTH, 16, 32, S8, S8, S32, a_m16k32, b_k32, 16, 8},
	{ROAD_GPU_OP_mma_s32_b2, ROAD_GPU_MMA_A_SIGNED, 16, 32, S8, U8, S32, a_m16k32, b_k32, 16,
	 8},
	{ROAD_GPU_OP_mma_s32_b1, ROAD_GPU_MMA_B_SIGNED, 16, 16, U8, S8, S32, a_bytes_k16,
	 b_bytes_k16, 8, 4},
	{ROAD_GPU_OP_mma_s32_m8, 0, 8, 16, U8, U8, S32, a_bytes_k16, b_bytes_k16, 4, 4},
	{ROAD_GPU_OP_mma_s32_b2, NIBBLES | SIGNED_BOTH, 16, 64, S4, S4, S32, a_k64, b_k64, 32, 16},
	{ROAD_GPU_OP_mma_s32_b2, NIBBLES | ROAD_GPU_MMA_B_SIGNED, 16, 64, U4, S4, S32, a_k64, b_k64,
	 32, 16},
	{ROAD_GPU_OP_mma_s32_b1, NIBBLES | ROAD_GPU_MMA_A_SIGNED, 16, 32, S4, U4, S32,
	 a_nibbles_k32, b_k64, 16, 8},
	{ROAD_GPU_OP_mma_s32_m8, NIBBLES, 8, 32, U4, U4, S32, a_nibbles_k32, b_k64, 8, 8},
	{ROAD_GPU_OP_mma_s32_b2, XOR, 16, 256, B1, B1, S32, a_k256, b_k256, 128, 64},
	{ROAD_GPU_OP_mma_s32_b2, AND, 16, 256, B1, B1, S32, a_k256, b_k256, 128, 64},
	{ROAD_GPU_OP_mma_s32_b1, AND, 16, 128, B1, B1, S32, a_k128, b_k256, 64, 32},
	{ROAD_GPU_OP_mma_s32_m8, XOR, 8, 128, B1, B1, S32, a_k128, b_k256, 32, 32},
	{ROAD_GPU_OP_mma_f64, 0, 8, 4, F64, F64, F64, a_one, b_one, 1, 1},
};

/* C and D of every shape: rows g and g + 8, columns 2 t and 2 t + 1. */
static void place_c(unsigned i, unsigned g, unsigned t, unsigned *row, unsigned *column)
{
	*row = i < 2 ? g : g + 8;
	*column = t * 2 + (i & 1);
}

/* Element i of a lane in the registers from r on. */
static uint64_t get(struct road_gpu_warp *warp, unsigned r, unsigned lane, unsigned i,
		    unsigned bits)
{
	const uint8_t *rows = (const uint8_t *)road_gpu_warp_row(warp, r);
	unsigned each = bits == 64 ? 1 : 32 / bits, width = bits == 64 ? 8 : 4;
	uint64_t value = 0;

	memcpy(&value, rows + i / each * width * 32 + lane * width, width);
	return bits == 64 ? value : value >> i % each * bits & ((UINT64_C(1) << bits) - 1);
}

static uint64_t interesting(enum element type)
{
	uint64_t specials[REF_SPECIALS_MAX], value = rig_random(&state);
	enum ref_format format = type == F16    ? REF_F16
				 : type == BF16 ? REF_BF16
				 : type == F64  ? REF_F64
						: REF_F32;

	if (type == S8 || type == U8 || type >= S32)
		return value;
	if (value % 16 == 0)
		return specials[value / 16 % ref_specials(format, specials)];
	if (value % 4) /* near 1, so that sums are neither lost nor infinite */
		return ref_convert(&(struct ref_mode){.format = format}, REF_F32, false, false,
				   0x3f000000u | (value >> 40 & 0x80ffffffu));
	return value >> 8;
}

static void fill(struct road_gpu_warp *warp, const struct shape *s, unsigned round)
{
	const struct {
		unsigned r;
		enum element type;
	} operands[] = {{RA, s->a}, {RB, s->b}, {RC, s->c}};

	for (unsigned o = 0; o < 3; o++) {
		unsigned bits = bits_of(operands[o].type) < 8 ? 8 : bits_of(operands[o].type);
		uint8_t *rows = (uint8_t *)road_gpu_warp_row(warp, operands[o].r);

		for (unsigned at = 0; at < 4 * 128; at += bits / 8) {
			uint64_t value =
				round % 3 ? interesting(operands[o].type) : rig_random(&state);

			memcpy(rows + at, &value, bits / 8);
		}
	}
}

static const struct ref_mode f32 = {.format = REF_F32}, f16 = {.format = REF_F16},
			     f64 = {.format = REF_F64};

static uint64_t widened(enum element type, uint64_t bits)
{
	if (type == TF32 && !ref_is_nan(REF_F32, bits))
		return bits & 0xffffe000u;
	if (type == F16 || type == BF16)
		return ref_convert(&f32, type == F16 ? REF_F16 : REF_BF16, false, false, bits);
	return bits;
}

static uint64_t dot_floats(const struct shape *s, const uint64_t *a, const uint64_t *b, uint64_t c)
{
	const struct ref_mode *mode = s->c == F64 ? &f64 : &f32;
	uint64_t d = widened(s->c, c);

	for (unsigned k = 0; k < s->k; k++)
		d = ref_arithmetic(REF_FMA, mode, widened(s->a, a[k]), widened(s->b, b[k]), d);
	return s->c == F16 ? ref_convert(&f16, REF_F32, false, false, d) : d;
}

static int64_t integer(enum element type, uint64_t bits)
{
	unsigned sign = type == S8 ? 0x80 : type == S4 ? 8 : 0;

	return (int64_t)(bits ^ sign) - (int64_t)sign;
}

static uint64_t dot_integers(const struct shape *s, const uint64_t *a, const uint64_t *b,
			     uint64_t c, bool saturate)
{
	int64_t d = (int32_t)c;

	for (unsigned k = 0; k < s->k; k++)
		d += s->aux == XOR ? (int64_t)(a[k] ^ b[k])
				   : integer(s->a, a[k]) * integer(s->b, b[k]);
	if (saturate)
		d = d > INT32_MAX ? INT32_MAX : d < INT32_MIN ? INT32_MIN : d;
	return (uint32_t)d;
}

static void expect(struct road_gpu_warp *warp, const struct shape *s, bool saturate,
		   uint64_t want[16][8])
{
	static uint64_t a[16][256], b[8][256];
	unsigned row, column, k;

	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 0; i < s->count_a; i++) {
			s->place_a(i, l >> 2, l & 3, &row, &k);
			a[row][k] = get(warp, RA, l, i, bits_of(s->a));
		}
		for (unsigned i = 0; i < s->count_b; i++) {
			s->place_b(i, l >> 2, l & 3, &k, &column);
			b[column][k] = get(warp, RB, l, i, bits_of(s->b));
		}
	}
	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 0; i < s->m / 4u; i++) {
			uint64_t c = get(warp, RC, l, i, bits_of(s->c));

			place_c(i, l >> 2, l & 3, &row, &column);
			want[row][column] =
				s->c == S32 ? dot_integers(s, a[row], b[column], c, saturate)
					    : dot_floats(s, a[row], b[column], c);
		}
	}
}

static unsigned differences(struct road_gpu_warp *warp, const struct shape *s, uint64_t want[16][8])
{
	unsigned row, column, wrong = 0;

	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 0; i < s->m / 4u; i++) {
			uint64_t got = get(warp, RD, l, i, bits_of(s->c));

			place_c(i, l >> 2, l & 3, &row, &column);
			if (got != want[row][column] && !wrong++)
				printf("# op %u aux %u [%u][%u]: got %llx, want %llx\n", s->op,
				       s->aux, row, column, (unsigned long long)got,
				       (unsigned long long)want[row][column]);
		}
	}
	return wrong;
}

/* NaN of f64 keeps the first operand's payload: the reference and the chip agree on fma. */
static unsigned run_shape(const struct shape *s, bool saturate)
{
	struct road_gpu_access access;
	struct road_gpu_step step;
	uint64_t want[16][8];
	unsigned wrong = 0;

	rig_init(&rig);
	struct road_gpu_word *word = emit(&rig, s->op, RD, RA, RB, RC);

	word->aux = s->aux;
	word->mods = saturate ? ROAD_GPU_MOD_SAT : 0;
	emit_exit(&rig);
	rig_launch(&rig);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct road_gpu_block *block = &rig.launch->blocks[0];
		struct road_gpu_warp *warp;

		block->busy = false;
		road_gpu_block_start(block, 0, 0);
		warp = &block->warps[0];
		road_gpu_warp_peek(warp);
		fill(warp, s, round);
		expect(warp, s, saturate, want);
		CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step));
		wrong += step.fault || differences(warp, s, want);
	}
	rig_free(&rig);
	return wrong;
}

static void run_shapes(const char *variant)
{
	(void)variant;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		CU_ASSERT_EQUAL(run_shape(&shapes[i], false), 0);
		if (shapes[i].c == S32 && shapes[i].a != B1) {
			CU_ASSERT_EQUAL(run_shape(&shapes[i], true), 0);
		}
	}
}

static void mma_is_exact_products_and_rounded_sums(void)
{
	each_variant(run_shapes);
}

/* Registers hold what is in memory at 64 l + 1000 r, so that every element is told apart. */
static void load_matrices(unsigned op, unsigned aux, bool generic, bool by_run)
{
	struct road_gpu_access access;
	struct road_gpu_step step;
	unsigned count = 1u << (op - ROAD_GPU_OP_ldmatrix_x1), wrong = 0;

	rig_init(&rig);
	rig.config.shared_bytes = rig.desc.shared_bytes = 4096;
	struct road_gpu_word *word = emit(&rig, op, RD, RA, 0, 0);

	word->aux = (uint16_t)aux;
	word->mods = generic ? ROAD_GPU_SPACE_GENERIC : ROAD_GPU_SPACE_SHARED;
	word->form = generic ? 0 : ROAD_GPU_FORM_ADDR32;
	emit_exit(&rig);
	rig_launch(&rig);
	struct road_gpu_block *block = &rig.launch->blocks[0];

	road_gpu_block_start(block, 0, 0);
	struct road_gpu_warp *warp = &block->warps[0];

	road_gpu_warp_peek(warp);
	for (unsigned i = 0; i < 2048; i++)
		((uint16_t *)(void *)block->shared)[i] = (uint16_t)i;
	for (unsigned l = 0; l < 32; l++) { /* rows in disorder; lanes that do not count are wild */
		uint64_t address = (l * 7 + 3) % 32 * 48;

		if (l >= 8 * count)
			address = 0x7ffffff1;
		if (generic)
			((uint64_t *)(void *)road_gpu_warp_row(warp, RA))[l] =
				address + ROAD_GPU_SHARED_WINDOW;
		else
			road_gpu_warp_row(warp, RA)[l] = (uint32_t)address;
	}
	if (by_run) {
		uint32_t steps;

		CU_ASSERT_EQUAL(rig.config.variant->run(warp, 1, &steps), ROAD_GPU_RUN_STEPS);
	} else {
		CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step) && !step.fault);
	}
	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 0; i < 2 * count; i++) {
			unsigned row = aux ? l % 4 * 2 + i % 2 : l / 4;
			unsigned column = aux ? l / 4 : l % 4 * 2 + i % 2;
			unsigned lane = i / 2 * 8 + row;

			wrong += get(warp, RD, l, i, 16) != (lane * 7 + 3) % 32 * 24 + column;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	rig_free(&rig);
}

static void ldmatrix_gives_each_lane_two_elements_of_rows_that_others_name(void)
{
	for (unsigned op = ROAD_GPU_OP_ldmatrix_x1; op <= ROAD_GPU_OP_ldmatrix_x4; op++)
		for (unsigned how = 0; how < 8; how++)
			load_matrices(op, how & 1, how & 2, how & 4);
}

static void movmatrix_transposes(void)
{
	struct road_gpu_access access;
	struct road_gpu_step step;
	unsigned wrong = 0;

	rig_init(&rig);
	emit(&rig, ROAD_GPU_OP_movmatrix, RD, RA, 0, 0);
	emit_exit(&rig);
	rig_launch(&rig);
	struct road_gpu_block *block = &rig.launch->blocks[0];

	road_gpu_block_start(block, 0, 0);
	struct road_gpu_warp *warp = &block->warps[0];

	road_gpu_warp_peek(warp);
	for (unsigned l = 0; l < 32; l++) /* element (row, column) is 16 row + column */
		road_gpu_warp_row(warp, RA)[l] =
			(16 * (l / 4) + l % 4 * 2) | (16 * (l / 4) + l % 4 * 2 + 1) << 16;
	CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step) && !step.fault);
	for (unsigned l = 0; l < 32; l++)
		for (unsigned i = 0; i < 2; i++)
			wrong += get(warp, RD, l, i, 16) != 16 * (l % 4 * 2 + i) + l / 4;
	CU_ASSERT_EQUAL(wrong, 0);
	rig_free(&rig);
}

static void part_of_a_warp_cannot_do_matrices(void)
{
	static const uint16_t ops[] = {ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_OP_mma_s32_m8,
				       ROAD_GPU_OP_mma_f64, ROAD_GPU_OP_movmatrix,
				       ROAD_GPU_OP_ldmatrix_x4};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		bool load = ops[i] == ROAD_GPU_OP_ldmatrix_x4;
		bool move = ops[i] == ROAD_GPU_OP_movmatrix;

		rig_init(&rig);
		rig.config.threads[0] = 31; /* one lane never was */
		struct road_gpu_word *word =
			emit(&rig, ops[i], RD, RA, load || move ? 0 : RB, load || move ? 0 : RC);

		if (load) {
			word->mods = ROAD_GPU_SPACE_SHARED;
			word->form = ROAD_GPU_FORM_ADDR32;
		}
		emit_exit(&rig);
		CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_ILLEGAL)->lane, 31);
		rig_free(&rig);
	}
}

static const struct tap_case cases[] = {
	{"mma is exact products and rounded sums, in every shape and variant",
	 mma_is_exact_products_and_rounded_sums},
	{"ldmatrix gives each lane two elements of rows that others name",
	 ldmatrix_gives_each_lane_two_elements_of_rows_that_others_name},
	{"movmatrix transposes", movmatrix_transposes},
	{"part of a warp cannot do matrices", part_of_a_warp_cannot_do_matrices},
};

TAP_MAIN(cases)
