/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every opcode that computes, with every modifier, on random and special lanes, under random
 * masks, in place and not, with immediates: against tests/oracle/mpfr/words.c, in every vector
 * variant.
 */
#include "tests/oracle/mpfr/numbers.h"
#include "tests/oracle/mpfr/words.h"
#include "tests/unit/sim_gpu/rig.h"

#include <stdio.h>
#include <string.h>

#define R ROAD_GPU_OPERAND_R
#define D ROAD_GPU_OPERAND_D
#define P ROAD_GPU_OPERAND_P

static const struct {
	const char *name;
	uint8_t operand[4], mods, unit;
} opcodes[] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                                            \
	{#name,                                                                                    \
	 {ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, ROAD_GPU_OPERAND_##b, ROAD_GPU_OPERAND_##c}, \
	 ROAD_GPU_MODS_##mods,                                                                     \
	 ROAD_GPU_UNIT_##unit},
#include "uapi/gpu/ops.def"
#undef OP
};

static struct rig rig;
static uint64_t state;
static unsigned differences, forms;
static const char *variant;

/* Registers and predicates by place: d, a, b, c. Pairs are even; some overlap by halves. */
static const uint8_t layouts[][4] = {
	{16, 4, 8, 12}, /* apart */
	{4, 4, 8, 12},  /* in place */
	{8, 4, 8, 12},  {12, 4, 8, 12},
	{4, 5, 4, 5}, /* d's pair holds two narrow sources, or d is a half of a pair */
	{5, 4, 4, 4},
};

static bool computes(unsigned op)
{
	unsigned mods = opcodes[op].mods;

	return op != ROAD_GPU_OP_nop && opcodes[op].unit != ROAD_GPU_UNIT_LDST &&
	       opcodes[op].unit != ROAD_GPU_UNIT_CONTROL && mods != ROAD_GPU_MODS_SREG &&
	       opcodes[op].unit != ROAD_GPU_UNIT_TENSOR && mods != ROAD_GPU_MODS_WARP &&
	       op != ROAD_GPU_OP_stack_u32 && op != ROAD_GPU_OP_activemask; /* test_lanes.c */
}

static bool is_float(unsigned op)
{
	const char *end = opcodes[op].name + strlen(opcodes[op].name) - 4;

	return !strcmp(end, "_f32") || !strcmp(end, "_f64");
}

static uint64_t random_lane(enum ref_format format, bool floats)
{
	static const uint64_t integers[] = {
		0,
		1,
		2,
		3,
		7,
		8,
		31,
		32,
		33,
		63,
		64,
		65,
		127,
		128,
		255,
		256,
		0x7fff,
		0x8000,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		UINT64_C(0x100000000),
		UINT64_C(0x7fffffffffffffff),
		UINT64_C(0x8000000000000000),
		UINT64_C(0xffffffff80000000),
		UINT64_MAX,
		UINT64_C(0x200000000010),
		UINT64_C(0x400000000010),
		UINT64_C(0x200100000000),
	};
	uint64_t special[REF_SPECIALS_MAX], bits = rig_random(&state);
	unsigned count;

	if (bits & 8)
		return rig_random(&state);
	if (floats && bits & 16) {
		count = ref_specials(format, special);
		return special[(bits >> 8) % count];
	}
	if (floats) { /* small numbers and halves, as a conversion meets them */
		double half = (double)((int64_t)(bits >> 8 & 0x3ff) - 512) / 4;
		float narrow = (float)half;
		uint64_t wide = 0;

		if (format == REF_F64)
			memcpy(&wide, &half, 8);
		else if (format == REF_F32)
			memcpy(&wide, &narrow, 4);
		else
			wide = bits >> 8 & 0xffff;
		return wide;
	}
	return integers[(bits >> 8) % (sizeof(integers) / sizeof(integers[0]))];
}

static bool is_half(unsigned op)
{
	unsigned mods = opcodes[op].mods;

	return mods == ROAD_GPU_MODS_HARITH || mods == ROAD_GPU_MODS_HMINMAX ||
	       mods == ROAD_GPU_MODS_HUNARY || mods == ROAD_GPU_MODS_HCMP;
}

/* Comparisons and carries write a second predicate. */
static bool has_second(unsigned op)
{
	unsigned mods = opcodes[op].mods;

	return mods == ROAD_GPU_MODS_ICMP || mods == ROAD_GPU_MODS_FCMP ||
	       mods == ROAD_GPU_MODS_HCMP || mods == ROAD_GPU_MODS_CARRY;
}

static void put(unsigned kind, unsigned reg, unsigned lane, uint64_t value)
{
	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];

	if (kind == D)
		memcpy((uint8_t *)road_gpu_warp_row(warp, reg) + lane * 8, &value, 8);
	else
		road_gpu_warp_row(warp, reg)[lane] = (uint32_t)value;
}

static uint64_t get(unsigned kind, unsigned field, unsigned lane)
{
	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];
	uint64_t value = 0;

	if (kind == P)
		return (warp->preds[field & 63] >> lane & 1) ^ (field >> 7);
	if (field == RZ)
		return 0;
	memcpy(&value, (uint8_t *)road_gpu_warp_row(warp, field) + lane * (kind == D ? 8 : 4),
	       kind == D ? 8 : 4);
	return value;
}

static uint64_t immediate(const struct road_gpu_word *word, unsigned kind)
{
	if (kind == R)
		return (uint32_t)word->imm;
	if (word->form & ROAD_GPU_FORM_IMM_HIGH)
		return (uint64_t)(uint32_t)word->imm << 32;
	return (uint64_t)(int64_t)word->imm;
}

static void report(const struct road_gpu_word *word, unsigned lane, const uint64_t in[4],
		   uint64_t got, uint64_t want)
{
	if (differences++ < 10)
		printf("# %s: %s mods %x aux %x form %x, lane %u of %llx %llx %llx: got %llx, want "
		       "%llx\n",
		       variant, opcodes[word->op].name, word->mods, word->aux, word->form, lane,
		       (unsigned long long)in[1], (unsigned long long)in[2],
		       (unsigned long long)in[3], (unsigned long long)got,
		       (unsigned long long)want);
}

/* For the other half of a register of halves. */
static uint64_t random_upper(unsigned op, enum ref_format format)
{
	return is_half(op) ? (random_lane(format, true) & 0xffff) << 16 : 0;
}

/* Random contents, one step, comparison. */
static void run_once(const struct road_gpu_word *word, enum ref_format format, bool floats)
{
	const uint8_t *kind = opcodes[word->op].operand;
	struct road_gpu_block *block = &rig.launch->blocks[0];
	struct road_gpu_warp *warp;
	const uint8_t field[4] = {word->d, word->a, word->b, word->c};
	uint64_t in[32][4], want[32], second[32], before[32], second_before = 0;
	struct road_gpu_access access;
	struct road_gpu_step step;
	uint32_t mask = rig_random(&state) & 3 ? (uint32_t)rig_random(&state) : ROAD_GPU_ALL;
	bool known = true;

	road_gpu_block_start(block, 0, 0);
	warp = &block->warps[0];
	for (unsigned i = 1; i < 4; i++) {
		for (unsigned l = 0; l < 32 && kind[i] != P && kind[i] != 0; l++) {
			if (field[i] != RZ)
				put(kind[i], field[i], l,
				    random_lane(format, floats) ^ random_upper(word->op, format));
		}
	}
	for (unsigned i = 1; i < 8; i++)
		warp->preds[i] = (uint32_t)rig_random(&state);
	warp->preds[1] = mask;
	second_before = warp->preds[6];
	for (unsigned l = 0; l < 32; l++) {
		for (unsigned i = 1; i < 4; i++)
			in[l][i] = kind[i] == 0 ? 0
				   : (word->form & ROAD_GPU_FORM_IMM_MASK) == i
					   ? immediate(word, kind[i])
					   : get(kind[i], field[i], l);
		before[l] = get(kind[0], word->d, l);
		second[l] = 0;
		known = known && ref_op(word, in[l][1], in[l][2], in[l][3], &want[l], &second[l]);
	}
	CU_ASSERT_TRUE_FATAL(known); /* an opcode without a reference */
	CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step));
	CU_ASSERT_EQUAL(step.mask, mask);
	for (unsigned l = 0; l < 32; l++) {
		uint64_t got = get(kind[0], word->d, l), expected = want[l];

		expected = kind[0] == D   ? expected
			   : kind[0] == R ? (uint32_t)expected
					  : expected & 1;
		expected = mask >> l & 1 ? expected : before[l];
		if (got != expected)
			report(word, l, in[l], got, expected);
		if (!has_second(word->op) || (word->aux & 0xff) == PT)
			continue;
		got = warp->preds[6] >> l & 1;
		expected = mask >> l & 1 ? second[l] : second_before >> l & 1;
		if (got != expected)
			report(word, l, in[l], got, expected);
	}
}

static void run_form(struct road_gpu_word word, unsigned rows, enum ref_format format, bool floats)
{
	rig_init(&rig);
	word.guard = 1;
	rig.words[0] = word;
	rig.count = 1;
	emit_exit(&rig);
	rig_launch(&rig);
	for (unsigned i = 0; i < rows; i++)
		run_once(&word, format, floats);
	rig_free(&rig);
	forms++;
}

static enum ref_format format_of(const struct road_gpu_word *word, bool *floats)
{
	static const int cvt[ROAD_GPU_TYPES] = {
		[ROAD_GPU_F16] = REF_F16, [ROAD_GPU_BF16] = REF_BF16, [ROAD_GPU_F32] = REF_F32,
		[ROAD_GPU_F64] = REF_F64, [ROAD_GPU_E4M3] = REF_E4M3, [ROAD_GPU_E5M2] = REF_E5M2};

	if (opcodes[word->op].mods == ROAD_GPU_MODS_CVT) {
		*floats = ROAD_GPU_CVT_FROM(word->aux) >= ROAD_GPU_F16;
		return (enum ref_format)cvt[ROAD_GPU_CVT_FROM(word->aux)];
	}
	if (is_half(word->op)) {
		*floats = true;
		return word->aux >> ROAD_GPU_HALF_SHIFT & ROAD_GPU_HALF_BF ? REF_BF16 : REF_F16;
	}
	*floats = is_float(word->op);
	return opcodes[word->op].operand[1] == D ? REF_F64 : REF_F32;
}

/* One choice of modifiers in each register layout, and with an immediate in each place. */
static void run_modifiers(unsigned op, unsigned mods, unsigned aux, unsigned rows)
{
	const uint8_t *kind = opcodes[op].operand;
	struct road_gpu_word word = {
		.op = (uint16_t)op, .mods = (uint16_t)mods, .aux = (uint16_t)aux};
	uint8_t *const field[4] = {&word.d, &word.a, &word.b, &word.c};
	unsigned layout = (unsigned)(rig_random(&state) % (sizeof(layouts) / sizeof(layouts[0])));
	enum ref_format format;
	bool floats;

	for (unsigned i = 0; i < 4; i++) {
		if (kind[i] == P)
			*field[i] = (uint8_t)(i == 0 ? 5 : i + 1 + (rig_random(&state) & 0x80));
		else if (kind[i] == R)
			*field[i] = layouts[layout][i];
		else if (kind[i] == D)
			*field[i] = layouts[layout][i] & 0xfe;
	}
	if (has_second(op) && opcodes[op].mods != ROAD_GPU_MODS_CARRY &&
	    !(mods & ROAD_GPU_MOD_BOOL_MASK))
		word.c = PT;
	format = format_of(&word, &floats);
	run_form(word, rows, format, floats);
	for (unsigned i = 1; i < 4; i++) {
		struct road_gpu_word other = word;

		if ((kind[i] != R && kind[i] != D) || rig_random(&state) % 4)
			continue;
		*(i == 1 ? &other.a : i == 2 ? &other.b : &other.c) = RZ;
		if (rig_random(&state) & 1) {
			other.form =
				(uint8_t)(i | (kind[i] == D && rig_random(&state) & 1 ? 4 : 0));
			other.imm = (int32_t)random_lane(REF_F32, floats);
		}
		run_form(other, rows, format, floats);
	}
}

static void run_conversions(unsigned op)
{
	bool wide_to = opcodes[op].operand[0] == D, wide_from = opcodes[op].operand[1] == D;

	for (unsigned both = 0; both < 256; both++) {
		unsigned to = both & 15, from = both >> 4;
		bool to64 = to == ROAD_GPU_U64 || to == ROAD_GPU_S64 || to == ROAD_GPU_F64;
		bool from64 = from == ROAD_GPU_U64 || from == ROAD_GPU_S64 || from == ROAD_GPU_F64;

		if (to >= ROAD_GPU_TYPES || from >= ROAD_GPU_TYPES || to64 != wide_to ||
		    from64 != wide_from || to >= ROAD_GPU_TF32 || from >= ROAD_GPU_TF32 ||
		    op == ROAD_GPU_OP_cvt_pack)
			continue;
		for (unsigned i = 0; i < ROAD_GPU_ROUNDS * 4 * 2; i++) {
			unsigned mods = i % ROAD_GPU_ROUNDS, flags = i / ROAD_GPU_ROUNDS;

			mods |= flags & 1 ? ROAD_GPU_MOD_FTZ : 0;
			mods |= flags & 2 ? ROAD_GPU_MOD_SAT : 0;
			if (!(flags & 4))
				run_modifiers(op, mods, both, 2);
			else if (to >= ROAD_GPU_F16 && from >= ROAD_GPU_F16)
				run_modifiers(op, mods, both | ROAD_GPU_CVT_INTEGRAL, 2);
		}
	}
}

/* What clamps, and formats that only floating point converts to and from. */
static void run_clamped_conversions(unsigned op)
{
	for (unsigned both = 0; both < 256; both++) {
		unsigned to = both & 15, from = both >> 4;
		bool pack = op == ROAD_GPU_OP_cvt_pack;

		if (to < ROAD_GPU_F16 || to >= ROAD_GPU_TYPES || to == ROAD_GPU_F64 ||
		    from < ROAD_GPU_F16 || from >= ROAD_GPU_TYPES || from == ROAD_GPU_TF32 ||
		    (from == ROAD_GPU_F64) != (opcodes[op].operand[1] == D) ||
		    opcodes[op].operand[0] == D ||
		    (pack && (to == ROAD_GPU_F32 || to == ROAD_GPU_TF32)))
			continue;
		for (unsigned i = 0; i < ROAD_GPU_ROUNDS * 4; i++) {
			unsigned mods = i % ROAD_GPU_ROUNDS;

			mods |= i / ROAD_GPU_ROUNDS & 1 ? ROAD_GPU_MOD_RELU : 0;
			mods |= i / ROAD_GPU_ROUNDS & 2 ? ROAD_GPU_MOD_SATFINITE : 0;
			if (to != ROAD_GPU_E4M3 || mods & ROAD_GPU_MOD_SATFINITE)
				run_modifiers(op, mods, both, 4);
		}
	}
}

/* Each format with each choice of these modifier bits. */
static void run_halves(unsigned op, unsigned allowed, unsigned low_aux, unsigned rows)
{
	for (unsigned aux = low_aux; aux < ROAD_GPU_HALVES << ROAD_GPU_HALF_SHIFT; aux += 256) {
		for (unsigned mods = allowed;; mods = (mods - 1) & allowed) {
			if (!(mods & ROAD_GPU_MOD_SAT && mods & ROAD_GPU_MOD_RELU))
				run_modifiers(op, mods, aux, rows);
			if (!mods)
				break;
		}
	}
}

static void run_half_comparisons(unsigned op)
{
	for (unsigned cmp = 0; cmp < ROAD_GPU_CMPS; cmp++) {
		for (unsigned aux = 6; aux < ROAD_GPU_HALVES << ROAD_GPU_HALF_SHIFT; aux += 256) {
			for (unsigned i = 0; i < 8; i++)
				run_modifiers(op,
					      cmp << ROAD_GPU_MOD_CMP_SHIFT |
						      (i & 3) << ROAD_GPU_MOD_BOOL_SHIFT |
						      (i & 4 ? ROAD_GPU_MOD_FTZ : 0),
					      aux, 3);
		}
	}
}

static void run_comparisons(unsigned op, unsigned count, bool ftz)
{
	for (unsigned cmp = 0; cmp < count; cmp++) {
		for (unsigned join = 0; join < 4; join++) {
			unsigned mods =
				cmp << ROAD_GPU_MOD_CMP_SHIFT | join << ROAD_GPU_MOD_BOOL_SHIFT;

			run_modifiers(op, mods, 6, 3);
			if (ftz)
				run_modifiers(op, mods | ROAD_GPU_MOD_FTZ, 6, 3);
		}
	}
}

static void run_float_arithmetic(unsigned op, bool f64)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned mods = i & 3;

		mods |= i & 4 ? ROAD_GPU_MOD_FTZ : 0;
		mods |= i & 8 ? ROAD_GPU_MOD_SAT : 0;
		if (!f64 || i < 4)
			run_modifiers(op, mods, 0, 20);
	}
}

static void run_op(unsigned op)
{
	bool f64 = opcodes[op].operand[1] == D;

	switch (opcodes[op].mods) {
	case ROAD_GPU_MODS_SAT:
		run_modifiers(op, 0, 0, 20);
		run_modifiers(op, ROAD_GPU_MOD_SAT, 0, 20);
		break;
	case ROAD_GPU_MODS_FTZ:
		run_modifiers(op, 0, 0, 20);
		run_modifiers(op, ROAD_GPU_MOD_FTZ, 0, 20);
		break;
	case ROAD_GPU_MODS_FARITH: run_float_arithmetic(op, f64); break;
	case ROAD_GPU_MODS_FMINMAX:
		for (unsigned i = 0; i < 16; i++)
			run_modifiers(op, i * ROAD_GPU_MOD_FTZ & ~ROAD_GPU_MOD_SAT & 0xe8, 0, 20);
		for (unsigned i = 0; i < 8; i++)
			run_modifiers(op,
				      (i & 1 ? ROAD_GPU_MOD_FTZ : 0) |
					      (i & 2 ? ROAD_GPU_MOD_NAN : 0) |
					      (i & 4 ? ROAD_GPU_MOD_ABS : 0) | ROAD_GPU_MOD_XORSIGN,
				      0, 20);
		break;
	case ROAD_GPU_MODS_ICMP: run_comparisons(op, ROAD_GPU_CMP_INT_END, false); break;
	case ROAD_GPU_MODS_FCMP: run_comparisons(op, ROAD_GPU_CMPS, !f64); break;
	case ROAD_GPU_MODS_LUT:
		for (unsigned i = 0; i < 256; i++)
			run_modifiers(op, 0, i, 1);
		break;
	case ROAD_GPU_MODS_CVT:
		run_conversions(op);
		run_clamped_conversions(op);
		break;
	case ROAD_GPU_MODS_HARITH:
		run_halves(op, ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT | ROAD_GPU_MOD_RELU, 0, 20);
		break;
	case ROAD_GPU_MODS_HMINMAX:
		run_halves(op,
			   ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_NAN | ROAD_GPU_MOD_XORSIGN |
				   ROAD_GPU_MOD_ABS,
			   0, 20);
		break;
	case ROAD_GPU_MODS_HUNARY: run_halves(op, ROAD_GPU_MOD_FTZ, 0, 20); break;
	case ROAD_GPU_MODS_HCMP: run_half_comparisons(op); break;
	case ROAD_GPU_MODS_CARRY:
		run_modifiers(op, 0, 6, 20);
		run_modifiers(op, 0, PT, 20);
		break;
	case ROAD_GPU_MODS_DOT:
		for (unsigned i = 0; i < (op == ROAD_GPU_OP_dp2a ? 8 : 4); i++)
			run_modifiers(op, 0, i, 20);
		break;
	case ROAD_GPU_MODS_TESTP:
		for (unsigned i = 0; i < ROAD_GPU_TESTPS; i++)
			run_modifiers(op, 0, i, 10);
		break;
	case ROAD_GPU_MODS_PRMT:
		for (unsigned i = 0; i < ROAD_GPU_PRMTS; i++)
			run_modifiers(op, 0, i, 10);
		break;
	case ROAD_GPU_MODS_SHF:
		run_modifiers(op, 0, 0, 20);
		run_modifiers(op, 0, 1, 20);
		break;
	case ROAD_GPU_MODS_SPACE:
		for (unsigned i = 0; i < ROAD_GPU_SPACES; i++)
			run_modifiers(op, i, 0, 10);
		break;
	default:
		for (unsigned i = 0; i < 4; i++)
			run_modifiers(op, 0, 0, 10);
		break;
	}
}

static void run_all(const char *name)
{
	variant = name;
	state = 6;
	forms = 0;
	for (unsigned op = 0; op < ROAD_GPU_OPS; op++) {
		if (computes(op))
			run_op(op);
	}
	printf("# %s: %u forms\n", name, forms);
}

static void every_form_is_right(void)
{
	differences = 0;
	each_variant(run_all);
	CU_ASSERT_EQUAL(differences, 0);
}

static void divisions_by_zero_are_counted(void)
{
	for (int check = 0; check < 2; check++) {
		rig_init(&rig);
		emit_tid(&rig, 0);
		emit_imm(&rig, ROAD_GPU_OP_and_b32, 1, 0, RZ, 0, 2, 3);
		emit(&rig, ROAD_GPU_OP_div_u32, 2, 0, 1, 0);
		emit_store_by_thread(&rig, 2, 0);
		emit_exit(&rig);
		rig.config.check_div = check;
		if (check) {
			CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_DIVIDE)->lane, 0);
			CU_ASSERT_EQUAL(rig.launch->fault.pc, 2);
		} else {
			rig_finish(&rig);
			CU_ASSERT_EQUAL(*rig_u32(&rig, 4), UINT32_MAX);
			CU_ASSERT_EQUAL(*rig_u32(&rig, 7), 2);
		}
		CU_ASSERT_EQUAL(rig.launch->stats.divides_by_zero, 8);
		rig_free(&rig);
	}
}

static uint32_t special_register(unsigned which)
{
	uint32_t value;

	rig_init(&rig);
	rig.config.threads[0] = 8;
	rig.config.threads[1] = 4;
	rig.config.threads[2] = 3;
	rig.config.grid[0] = 2;
	rig.config.grid[1] = 3;
	rig.config.grid[2] = 4;
	rig.config.shared_bytes = 100;
	rig.config.sm_count = 9;
	rig.config.grid_id = 77;
	rig.desc.shared_bytes = 20;
	rig.desc.shared_align = 16;
	emit(&rig, ROAD_GPU_OP_sreg_b32, 1, 0, 0, 0)->aux = (uint16_t)which;
	emit_exit(&rig);
	rig_launch(&rig);
	road_gpu_block_start(&rig.launch->blocks[0], 2 * 3 * 3 + 2 * 2 + 1, 5);
	{
		struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[2];
		struct road_gpu_access access;
		struct road_gpu_step step;

		road_gpu_warp_step(warp, &access, &step);
		value = road_gpu_warp_row(warp, 1)[13];
	}
	rig_free(&rig);
	return value;
}

static void special_registers_tell_the_place(void)
{
	static const struct {
		unsigned which;
		uint32_t value;
	} expected[] = {
		{ROAD_GPU_SREG_TID_X, 5},
		{ROAD_GPU_SREG_TID_Y, 1},
		{ROAD_GPU_SREG_TID_Z, 2},
		{ROAD_GPU_SREG_NTID_X, 8},
		{ROAD_GPU_SREG_NTID_Y, 4},
		{ROAD_GPU_SREG_NTID_Z, 3},
		{ROAD_GPU_SREG_CTAID_X, 1},
		{ROAD_GPU_SREG_CTAID_Y, 2},
		{ROAD_GPU_SREG_CTAID_Z, 3},
		{ROAD_GPU_SREG_NCTAID_X, 2},
		{ROAD_GPU_SREG_NCTAID_Y, 3},
		{ROAD_GPU_SREG_NCTAID_Z, 4},
		{ROAD_GPU_SREG_LANEID, 13},
		{ROAD_GPU_SREG_WARPID, 2},
		{ROAD_GPU_SREG_NWARPID, 3},
		{ROAD_GPU_SREG_SMID, 5},
		{ROAD_GPU_SREG_NSMID, 9},
		{ROAD_GPU_SREG_GRIDID, 77},
		{ROAD_GPU_SREG_LANEMASK_EQ, 0x2000},
		{ROAD_GPU_SREG_LANEMASK_LT, 0x1fff},
		{ROAD_GPU_SREG_LANEMASK_LE, 0x3fff},
		{ROAD_GPU_SREG_LANEMASK_GT, 0xffffc000},
		{ROAD_GPU_SREG_LANEMASK_GE, 0xffffe000},
		{ROAD_GPU_SREG_CLOCK, 1},
		{ROAD_GPU_SREG_DYNAMIC_SMEM_SIZE, 68},
		{ROAD_GPU_SREG_TOTAL_SMEM_SIZE, 100},
		{ROAD_GPU_SREG_DYNAMIC_SMEM_OFFSET, 32},
	};

	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		CU_ASSERT_EQUAL(special_register(expected[i].which), expected[i].value);
}

static const struct tap_case cases[] = {
	{"every form of every opcode is right in every variant", every_form_is_right},
	{"divisions by zero are counted, or faults where that is asked for",
	 divisions_by_zero_are_counted},
	{"special registers tell the place of a thread", special_registers_tell_the_place},
};

TAP_MAIN(cases)
