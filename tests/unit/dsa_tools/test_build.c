/* SPDX-License-Identifier: Apache-2.0 */
/* The builder makes what the assembler makes, and keeps the first thing that goes wrong. */
#include "tests/unit/dsa_tools/support.h"

#include <stdlib.h>
#include <string.h>

#include "tools/dsa/build.h"

static struct dsa_build build;
static struct dsa_program program;

static void start(void)
{
	dsa_build_begin(&build, &program);
	dsa_build_kernel(&build, "k", 16, 0);
}

static void finish(const char *wrong)
{
	emit_end(&build);
	dsa_build_kernel_end(&build);
	CU_ASSERT_EQUAL(build.wrong == NULL, wrong == NULL);
	if (wrong && build.wrong)
		CU_ASSERT_PTR_NOT_NULL(strstr(build.wrong, wrong));
	dsa_program_free(&program);
}

static void it_makes_the_words_of_the_text(void)
{
	static const char text[] = ".noloc\n.kernel k arguments=16\n"
				   " ldarg.s16 x1, [2]\n"
				   "again: li x2, 0x123456789\n"
				   " move_ub.f16.t [x1], [x2], x3, 2\n"
				   " mmad.s8.bias [x1], [x2], [x3], x4, [x5]\n"
				   " set_flag MTE2, V, 3\n"
				   " vcvt.f32.bf16 [x1], [x2], x3, x4, x5\n"
				   " vsel.f32 [x1], [x2], [x3], x4, [x5]\n"
				   " stg.u16 [x1 - 8], x2\n"
				   " bltu x1, x2, again\n"
				   " loop x3, out\n"
				   "out: end\n.end\n";
	struct dsa_messages messages = {0};
	struct dsa_program other = {0};
	unsigned again, out;

	start();
	again = dsa_build_label(&build);
	out = dsa_build_label(&build);
	emit_ldarg(&build, DSA_S16, 1, 2);
	dsa_build_place(&build, again);
	dsa_build_li(&build, 2, 0x123456789);
	emit_move_ub(&build, ROAD_DSA_TYPE_F16, ROAD_DSA_MOD_TRANSPOSE, 1, 2, 3, 2);
	emit_mmad(&build, ROAD_DSA_TYPE_S8, ROAD_DSA_MOD_BIAS, 1, 2, 3, 4, 5);
	dsa_build_set(&build, MTE2, V, 3);
	emit_vcvt(&build, ROAD_DSA_TYPE_F32, ROAD_DSA_TYPE_BF16, 1, 2, 3, 4, 5);
	emit_vsel(&build, ROAD_DSA_TYPE_F32, 1, 2, 3, 4, 5);
	emit_stg(&build, DSA_U16, 1, -8, 2);
	emit_bltu(&build, 1, 2, again);
	emit_loop(&build, 3, out);
	dsa_build_place(&build, out);
	CU_ASSERT_EQUAL(dsa_assemble(text, sizeof(text) - 1, NULL, 0, &other, &messages), 0);
	CU_ASSERT_EQUAL(other.word_count, program.word_count + 1);
	emit_end(&build);
	dsa_build_kernel_end(&build);
	CU_ASSERT_PTR_NULL(build.wrong);
	CU_ASSERT_EQUAL_FATAL(other.word_count, program.word_count);
	CU_ASSERT_EQUAL(memcmp(other.words, program.words, other.word_count * sizeof(*other.words)),
			0);
	dsa_program_free(&other);
	dsa_program_free(&program);
}

static void registers_end(void)
{
	start();
	for (unsigned i = 1; i < ROAD_DSA_REGS; i++)
		CU_ASSERT_EQUAL(dsa_build_reg(&build), i);
	CU_ASSERT_PTR_NULL(build.wrong);
	dsa_build_release(&build, 4, 3);
	CU_ASSERT_EQUAL(dsa_build_regs(&build, 2), 4);
	CU_ASSERT_EQUAL(dsa_build_regs(&build, 2), 0);
	finish("no register is left");
}

static void words_that_cannot_be_are_kept(void)
{
	start();
	emit_shli(&build, 1, 2, 64);
	emit_add(&build, 40, 0, 0);
	CU_ASSERT_EQUAL(program.word_count, 0);
	finish("beyond its limits");
	start();
	emit_ldarg(&build, DSA_U64, 1, 16);
	finish("beyond the kernel's arguments");
}

static void labels_must_be_placed(void)
{
	start();
	emit_jump(&build, dsa_build_label(&build));
	finish("not placed");
}

static const struct tap_case cases[] = {
	{"it makes the words that the assembler makes of the text", it_makes_the_words_of_the_text},
	{"registers are given out once, and come to an end", registers_end},
	{"the first word that cannot be is kept", words_that_cannot_be_are_kept},
	{"a jump to a label that is not placed is refused", labels_must_be_placed},
};
TAP_MAIN(cases)
