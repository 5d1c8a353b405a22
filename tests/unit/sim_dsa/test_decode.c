/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted as code, and how what is not is named. */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rig rig;

/* A valid word of each operation and type. */
static struct road_dsa_word sample(unsigned op, unsigned type)
{
	struct road_dsa_word word = {.op = (uint16_t)op, .type = (uint8_t)type};

	switch (dsa_ops[op].format) {
	case ROAD_DSA_FORMAT_FLAG: word.mods = ROAD_DSA_QUEUE_V | ROAD_DSA_QUEUE_M << 4; break;
	case ROAD_DSA_FORMAT_MOVE: word.imm = 2; break;
	case ROAD_DSA_FORMAT_FIX: word.mods = 0; break;
	case ROAD_DSA_FORMAT_V_CVT: word.mods = ROAD_DSA_TYPE_F32; break;
	default: break;
	}
	return word;
}

/* What is said about a kernel of this word and `end`. */
static enum road_dsa_code_error check_in(const struct road_dsa_word *word, uint32_t blocks)
{
	struct dsa_code code;
	enum road_dsa_code_error error;
	uint32_t at;
	size_t bytes;
	uint8_t *block;

	rig_init(&rig);
	rig.blocks = blocks;
	EMIT(&rig, nop, 0, 0, 0);
	rig.words[rig.count++] = *word;
	EMIT(&rig, end, 0, 0, 0);
	block = rig_block(&rig, &bytes);
	error = dsa_code_check(block, bytes, rig.params.flags, &code, &at);
	if (error)
		CU_ASSERT_EQUAL(at, 1);
	free(block);
	return error;
}

static enum road_dsa_code_error check(struct road_dsa_word word)
{
	return check_in(&word, 2);
}

static void accepts_every_operation(void)
{
	for (unsigned op = 0; op < ROAD_DSA_OPS; op++)
		for (unsigned type = 0; type < 256; type++) {
			bool takes = dsa_ops[op].types ? type < ROAD_DSA_TYPES &&
								 dsa_ops[op].types >> type & 1
						       : type == 0;

			CU_ASSERT_EQUAL(check(sample(op, type)),
					takes ? ROAD_DSA_CODE_OK : ROAD_DSA_CODE_TYPE);
		}
	CU_ASSERT_EQUAL(check(sample(0, 0)), ROAD_DSA_CODE_OK);
	CU_ASSERT_EQUAL(check((struct road_dsa_word){.op = ROAD_DSA_OPS}), ROAD_DSA_CODE_OPCODE);
	CU_ASSERT_EQUAL(check((struct road_dsa_word){.op = 0xffff}), ROAD_DSA_CODE_OPCODE);
}

static unsigned some_type(unsigned op)
{
	unsigned type = 0;

	while (dsa_ops[op].types && !(dsa_ops[op].types >> type & 1))
		type++;
	return type;
}

/* Registers by format as isa.h writes them, letter for letter. */
static const char *const used[ROAD_DSA_FORMATS] = {
	[ROAD_DSA_FORMAT_NONE] = "",        [ROAD_DSA_FORMAT_D_IMM] = "d",
	[ROAD_DSA_FORMAT_D_A] = "da",       [ROAD_DSA_FORMAT_D_A_B] = "dab",
	[ROAD_DSA_FORMAT_D_A_IMM] = "da",   [ROAD_DSA_FORMAT_D_A_SHIFT] = "da",
	[ROAD_DSA_FORMAT_IMM] = "",         [ROAD_DSA_FORMAT_SREG] = "d",
	[ROAD_DSA_FORMAT_LOAD] = "da",      [ROAD_DSA_FORMAT_STORE] = "ab",
	[ROAD_DSA_FORMAT_ARG] = "d",        [ROAD_DSA_FORMAT_JUMP] = "",
	[ROAD_DSA_FORMAT_BRANCH] = "ab",    [ROAD_DSA_FORMAT_LOOP] = "d",
	[ROAD_DSA_FORMAT_FLAG] = "",        [ROAD_DSA_FORMAT_BARRIER] = "",
	[ROAD_DSA_FORMAT_CROSS_SET] = "a",  [ROAD_DSA_FORMAT_CROSS_WAIT] = "",
	[ROAD_DSA_FORMAT_MOVE] = "dab",     [ROAD_DSA_FORMAT_TILE] = "dab",
	[ROAD_DSA_FORMAT_FRACTALS] = "dab", [ROAD_DSA_FORMAT_BYTES] = "dab",
	[ROAD_DSA_FORMAT_CUBE] = "dabc",    [ROAD_DSA_FORMAT_FIX] = "dab",
	[ROAD_DSA_FORMAT_V_DA] = "dace",    [ROAD_DSA_FORMAT_V_DAB] = "dabce",
	[ROAD_DSA_FORMAT_V_DAS] = "dabce",  [ROAD_DSA_FORMAT_V_DS] = "dbce",
	[ROAD_DSA_FORMAT_V_CMP] = "dabc",   [ROAD_DSA_FORMAT_V_SEL] = "dabce",
	[ROAD_DSA_FORMAT_V_CVT] = "dabce",
};

static void refuses_registers(void)
{
	static const char letters[] = "dabce";

	for (unsigned op = 0; op < ROAD_DSA_OPS; op++) {
		for (unsigned i = 0; i < 5; i++) {
			struct road_dsa_word word = sample(op, some_type(op));
			uint8_t *field[] = {&word.d, &word.a, &word.b, &word.c, &word.e};
			bool uses = strchr(used[dsa_ops[op].format], letters[i]);

			*field[i] = 7;
			CU_ASSERT_EQUAL(check(word),
					uses ? ROAD_DSA_CODE_OK : ROAD_DSA_CODE_REGISTER);
			*field[i] = 32;
			CU_ASSERT_EQUAL(check(word), ROAD_DSA_CODE_REGISTER);
		}
	}
}

static void refuses_reserved_bits(void)
{
	for (unsigned op = 0; op < ROAD_DSA_OPS; op++)
		for (unsigned i = 0; i < 24; i++) {
			struct road_dsa_word word = sample(op, some_type(op));

			word.reserved[i / 8] = (uint8_t)(1u << i % 8);
			CU_ASSERT_EQUAL(check(word), ROAD_DSA_CODE_RESERVED);
		}
}

/* ---- fields of single formats ---- */

struct row {
	unsigned op, type, mods, error;
	int32_t imm;
	uint8_t a, b, e;
};

static const struct row rows[] = {
	/* immediates */
	{ROAD_DSA_OP_nop, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = 1},
	{ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_F16, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = -1},
	{ROAD_DSA_OP_shli, 0, 0, ROAD_DSA_CODE_OK, .imm = 63},
	{ROAD_DSA_OP_shli, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = 64},
	{ROAD_DSA_OP_sari, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = -1},
	{ROAD_DSA_OP_sreg, 0, 0, ROAD_DSA_CODE_OK, .imm = ROAD_DSA_SREGS - 1},
	{ROAD_DSA_OP_sreg, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = ROAD_DSA_SREGS},
	{ROAD_DSA_OP_sreg, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = -1},
	{ROAD_DSA_OP_ldarg, 0, 3, ROAD_DSA_CODE_OK, .imm = 56},
	{ROAD_DSA_OP_ldarg, 0, 3, ROAD_DSA_CODE_IMMEDIATE, .imm = 64},
	{ROAD_DSA_OP_ldarg, 0, 3, ROAD_DSA_CODE_IMMEDIATE, .imm = 52},
	{ROAD_DSA_OP_ldarg, 0, 0, ROAD_DSA_CODE_OK, .imm = 63},
	{ROAD_DSA_OP_ldarg, 0, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = -1},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = 0},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_OK, .imm = 4},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_IMMEDIATE, .imm = 5},
	/* targets: the kernel has words 0..2, this is 1 */
	{ROAD_DSA_OP_jump, 0, 0, ROAD_DSA_CODE_OK, .imm = -1},
	{ROAD_DSA_OP_jump, 0, 0, ROAD_DSA_CODE_OK, .imm = 1},
	{ROAD_DSA_OP_jump, 0, 0, ROAD_DSA_CODE_TARGET, .imm = -2},
	{ROAD_DSA_OP_beq, 0, 0, ROAD_DSA_CODE_TARGET, .imm = 2},
	{ROAD_DSA_OP_loop, 0, 0, ROAD_DSA_CODE_TARGET, .imm = INT32_MIN},
	{ROAD_DSA_OP_loop, 0, 0, ROAD_DSA_CODE_TARGET, .imm = INT32_MAX},
	/* modifiers */
	{ROAD_DSA_OP_add, 0, 1, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_jump, 0, 1, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_ldg, 0, 6, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_ldg, 0, 7, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_ldu, 0, 8, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_stg, 0, 3, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_stu, 0, 4, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_ldarg, 0, 7, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_move_l1, ROAD_DSA_TYPE_S8, 1, ROAD_DSA_CODE_OK, .imm = 2},
	{ROAD_DSA_OP_move_l1, ROAD_DSA_TYPE_S8, 1, ROAD_DSA_CODE_MODS, .imm = 3},
	{ROAD_DSA_OP_move_l1, ROAD_DSA_TYPE_S8, 2, ROAD_DSA_CODE_MODS, .imm = 2},
	{ROAD_DSA_OP_move_nz, ROAD_DSA_TYPE_S8, 1, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_load_a, ROAD_DSA_TYPE_S8, 1, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_load_b, ROAD_DSA_TYPE_S8, 2, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_load_bias, 0, 1, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_S8, 2, ROAD_DSA_CODE_OK, .e = 4},
	{ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_S8, 1, ROAD_DSA_CODE_REGISTER, .e = 4},
	{ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_S8, 3, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_mmad, ROAD_DSA_TYPE_S8, 4, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_F16, 7, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_F16, 8, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_F16, 4, ROAD_DSA_CODE_TYPE, .imm = 0},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_S32, 5, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_vadd, ROAD_DSA_TYPE_F16, 1, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_vcmp, ROAD_DSA_TYPE_F16, 5, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_vcmp, ROAD_DSA_TYPE_F16, 6, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_vcvt, ROAD_DSA_TYPE_F16, 0, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_vcvt, ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_U32, ROAD_DSA_CODE_MODS, .imm = 0},
	{ROAD_DSA_OP_vcvt, ROAD_DSA_TYPE_F16, 9, ROAD_DSA_CODE_MODS, .imm = 0},
	/* blocks of registers */
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_OK, .imm = 1, .b = 31},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_REGISTER, .imm = 2, .b = 30},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_OK, .imm = 4, .b = 27},
	{ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_REGISTER, .imm = 4, .b = 28},
	{ROAD_DSA_OP_load_a, ROAD_DSA_TYPE_S8, 0, ROAD_DSA_CODE_REGISTER, .b = 31},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_F16, 0, ROAD_DSA_CODE_OK, .b = 30},
	{ROAD_DSA_OP_fix_gm, ROAD_DSA_TYPE_F16, 2, ROAD_DSA_CODE_REGISTER, .b = 30},
	/* tokens: 8 ids */
	{ROAD_DSA_OP_set_flag, 0, 0x21, ROAD_DSA_CODE_OK, .imm = 7},
	{ROAD_DSA_OP_set_flag, 0, 0x21, ROAD_DSA_CODE_FLAG, .imm = 8},
	{ROAD_DSA_OP_set_flag, 0, 0x21, ROAD_DSA_CODE_FLAG, .imm = -1},
	{ROAD_DSA_OP_wait_flag, 0, 0x22, ROAD_DSA_CODE_FLAG, .imm = 0},
	{ROAD_DSA_OP_wait_flag, 0, 0x72, ROAD_DSA_CODE_FLAG, .imm = 0},
	{ROAD_DSA_OP_wait_flag, 0, 0x27, ROAD_DSA_CODE_FLAG, .imm = 0},
	{ROAD_DSA_OP_pipe_barrier, 0, 7, ROAD_DSA_CODE_OK, .imm = 0},
	{ROAD_DSA_OP_pipe_barrier, 0, 8, ROAD_DSA_CODE_FLAG, .imm = 0},
	{ROAD_DSA_OP_cross_set, 0, 6, ROAD_DSA_CODE_OK, .imm = 15, .a = 3},
	{ROAD_DSA_OP_cross_set, 0, 0x86, ROAD_DSA_CODE_OK, .imm = 15},
	{ROAD_DSA_OP_cross_set, 0, 0x86, ROAD_DSA_CODE_REGISTER, .imm = 15, .a = 3},
	{ROAD_DSA_OP_cross_set, 0, 6, ROAD_DSA_CODE_FLAG, .imm = 16},
	{ROAD_DSA_OP_cross_set, 0, 7, ROAD_DSA_CODE_FLAG, .imm = 0},
	{ROAD_DSA_OP_cross_wait, 0, 0x86, ROAD_DSA_CODE_FLAG, .imm = 0},
};

static void checks_single_fields(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_dsa_word word = {.op = (uint16_t)rows[i].op,
					     .type = (uint8_t)rows[i].type,
					     .mods = (uint8_t)rows[i].mods,
					     .a = rows[i].a,
					     .b = rows[i].b,
					     .e = rows[i].e,
					     .imm = rows[i].imm};
		enum road_dsa_code_error error = check(word);

		CU_ASSERT_EQUAL(error, rows[i].error);
		if (error != rows[i].error)
			printf("# row %u (%s): %u, should be %u\n", i, dsa_ops[word.op].name, error,
			       rows[i].error);
	}
}

static void cross_flags_need_cooperation(void)
{
	struct road_dsa_word word = {.op = ROAD_DSA_OP_cross_wait, .mods = 2};

	CU_ASSERT_EQUAL(check_in(&word, 2), ROAD_DSA_CODE_OK);
	CU_ASSERT_EQUAL(check_in(&word, 1), ROAD_DSA_CODE_KERNEL);
}

/* ---- the block ---- */

static enum road_dsa_code_error check_changed(size_t at, uint8_t change, size_t cut)
{
	struct dsa_code code;
	enum road_dsa_code_error error;
	uint32_t word;
	size_t bytes;
	uint8_t *block;

	rig_init(&rig);
	EMIT(&rig, nop, 0, 0, 0);
	EMIT(&rig, end, 0, 0, 0);
	block = rig_block(&rig, &bytes);
	block[at] ^= change;
	error = dsa_code_check(block, bytes - cut, rig.params.flags, &code, &word);
	free(block);
	return error;
}

static void refuses_broken_blocks(void)
{
	size_t total = 32 + 32 + 2 * 16 + 2 * 4;

	for (size_t cut = 1; cut <= total; cut++)
		CU_ASSERT_EQUAL(check_changed(0, 0, cut), ROAD_DSA_CODE_HEADER);
	for (size_t at = 0; at < 32; at++)
		CU_ASSERT_EQUAL(check_changed(at, 0x55, 0), ROAD_DSA_CODE_HEADER);
	CU_ASSERT_EQUAL(check_changed(32, 1, 0), ROAD_DSA_CODE_KERNEL); /* first 1, count 2 */
	CU_ASSERT_EQUAL(check_changed(36, 2, 0), ROAD_DSA_CODE_KERNEL); /* count 0 */
	CU_ASSERT_EQUAL(check_changed(42, 1, 0), ROAD_DSA_CODE_KERNEL); /* arguments */
	CU_ASSERT_EQUAL(check_changed(44, 1, 0), ROAD_DSA_CODE_OK);     /* cooperative */
	CU_ASSERT_EQUAL(check_changed(44, 2, 0), ROAD_DSA_CODE_KERNEL);
	for (size_t at = 48; at < 64; at++)
		CU_ASSERT_EQUAL(check_changed(at, 0x80, 0), ROAD_DSA_CODE_KERNEL);
	CU_ASSERT_EQUAL(check_changed(0, 0, 0), ROAD_DSA_CODE_OK);
}

static const struct tap_case cases[] = {
	{"every operation is accepted with its types alone", accepts_every_operation},
	{"registers beyond x31 and unused ones are refused", refuses_registers},
	{"reserved bits are refused", refuses_reserved_bits},
	{"fields are held to their formats", checks_single_fields},
	{"cross-core flags are for cooperative kernels", cross_flags_need_cooperation},
	{"blocks that are cut or broken are refused", refuses_broken_blocks},
};

TAP_MAIN(cases)
