/* SPDX-License-Identifier: Apache-2.0 */
/* Words, labels and registers of the builder. */
#include "tools/dsa/build.h"

#include <string.h>

#include "tools/dsa/syntax.h"

static void fail(struct dsa_build *build, const char *wrong)
{
	if (!build->wrong)
		build->wrong = wrong;
}

void dsa_build_begin(struct dsa_build *build, struct dsa_program *program)
{
	memset(build, 0, sizeof(*build));
	build->program = program;
}

void dsa_build_kernel(struct dsa_build *build, const char *name, uint32_t argument_bytes,
		      uint32_t flags)
{
	build->name = name;
	build->kernel = (struct road_dsa_kernel){.first_word = build->program->word_count,
						 .argument_bytes = argument_bytes,
						 .flags = flags};
	build->used = 1; /* x0 */
	build->label_count = build->jump_count = 0;
}

void dsa_build_kernel_end(struct dsa_build *build)
{
	for (uint32_t i = 0; i < build->jump_count && !build->wrong; i++) {
		uint32_t at = build->jumps[i].word, to = build->labels[build->jumps[i].label];

		if (to >= build->program->word_count)
			fail(build, "a jump to a label that is not placed before a word");
		else
			build->program->words[at].imm = (int32_t)to - (int32_t)at;
	}
	build->kernel.word_count = build->program->word_count - build->kernel.first_word;
	if (!build->kernel.word_count)
		fail(build, "a kernel without words");
	for (uint32_t i = 0; i < build->kernel.word_count && !build->wrong; i++)
		build->wrong = dsa_word_misplaced(
			&build->program->words[build->kernel.first_word + i], i, &build->kernel);
	if (!build->wrong && !dsa_program_add_kernel(build->program, build->name,
						     strlen(build->name), &build->kernel))
		fail(build, "out of host memory, or too many kernels");
}

unsigned dsa_build_regs(struct dsa_build *build, unsigned count)
{
	uint32_t bits = count < 32 ? (1u << count) - 1 : UINT32_MAX;

	for (unsigned reg = 1; reg + count <= ROAD_DSA_REGS; reg++)
		if (!(build->used & bits << reg)) {
			build->used |= bits << reg;
			return reg;
		}
	fail(build, "no register is left");
	return 0;
}

unsigned dsa_build_reg(struct dsa_build *build)
{
	return dsa_build_regs(build, 1);
}

void dsa_build_release(struct dsa_build *build, unsigned reg, unsigned count)
{
	if (reg)
		build->used &= ~(((1u << count) - 1) << reg);
}

unsigned dsa_build_label(struct dsa_build *build)
{
	if (build->label_count == DSA_BUILD_LABELS) {
		fail(build, "too many labels");
		return 0;
	}
	build->labels[build->label_count] = UINT32_MAX;
	return build->label_count++;
}

void dsa_build_place(struct dsa_build *build, unsigned label)
{
	build->labels[label] = build->program->word_count;
}

void dsa_build_emit(struct dsa_build *build, const struct road_dsa_word *word, uint32_t label)
{
	const char *wrong = dsa_word_wrong(word);

	if (wrong)
		fail(build, wrong);
	if (label != DSA_NO_LABEL && build->jump_count == DSA_BUILD_JUMPS)
		fail(build, "too many jumps");
	if (build->wrong)
		return;
	if (label != DSA_NO_LABEL) {
		build->jumps[build->jump_count].word = build->program->word_count;
		build->jumps[build->jump_count++].label = label;
	}
	if (!dsa_program_add_word(build->program, word, 0))
		fail(build, "out of host memory, or too many words");
}

void dsa_build_li(struct dsa_build *build, unsigned d, int64_t value)
{
	emit_movi(build, d, (int32_t)value);
	if (value != (int32_t)value)
		emit_movh(build, d, (int32_t)(value >> 32));
}

void dsa_build_pair(struct dsa_build *build, unsigned d, unsigned low, unsigned high, unsigned t)
{
	emit_shli(build, t, high, 32);
	emit_or(build, d, low, t);
}

void dsa_build_min(struct dsa_build *build, unsigned d, unsigned a, int32_t value, unsigned t)
{
	emit_movi(build, t, value);
	emit_minu(build, d, a, t);
}

void dsa_build_blocks(struct dsa_build *build, unsigned d, unsigned a, unsigned log2_size)
{
	emit_addi(build, d, a, (int32_t)(1u << log2_size) - 1);
	emit_shri(build, d, d, (int32_t)log2_size);
}
