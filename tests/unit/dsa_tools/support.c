/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dsa_tools/support.h"

#include <stdlib.h>
#include <string.h>

void *support_image(const struct dsa_program *program, size_t *bytes)
{
	struct dsa_messages messages = {0};
	void *image = NULL;

	CU_ASSERT_EQUAL_FATAL(dsa_elf_write(program, &image, bytes, &messages), 0);
	return image;
}

char *support_text(const struct dsa_program *program, size_t *bytes)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	dsa_disassemble(program, file);
	fclose(file);
	return text;
}

static void say(const struct dsa_messages *messages)
{
	for (unsigned i = 0; i < messages->count; i++)
		printf("# %u:%u: %s; seen: %s; allowed: %s\n", messages->list[i].line,
		       messages->list[i].column, messages->list[i].what, messages->list[i].seen,
		       messages->list[i].allowed);
}

void support_round(const struct dsa_program *program)
{
	struct dsa_messages messages = {0};
	struct dsa_program read = {0}, again = {0};
	size_t bytes, text_bytes, again_bytes;
	void *image = support_image(program, &bytes), *second;
	char *text;

	CU_ASSERT_EQUAL(dsa_elf_read(image, bytes, &read, &messages), 0);
	text = support_text(&read, &text_bytes);
	CU_ASSERT_EQUAL(dsa_assemble(text, text_bytes, NULL, 0, &again, &messages), 0);
	say(&messages);
	second = support_image(&again, &again_bytes);
	CU_ASSERT_EQUAL_FATAL(again_bytes, bytes);
	CU_ASSERT_EQUAL(memcmp(image, second, bytes), 0);
	free(image);
	free(second);
	free(text);
	dsa_program_free(&read);
	dsa_program_free(&again);
}

uint32_t support_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Any value for a field that the format uses; what it does not use stays 0. */
static void fill(const struct dsa_format *format, uint32_t *seed, uint32_t at, uint32_t count,
		 struct road_dsa_word *word)
{
	int64_t span = (int64_t)format->most - format->least + 1;

	word->d = (uint8_t)(support_random(seed) % 32);
	word->a = (uint8_t)(support_random(seed) % 32);
	word->b = (uint8_t)(support_random(seed) % 28);
	word->c = (uint8_t)(support_random(seed) % 32);
	word->e = (uint8_t)(support_random(seed) % 32);
	word->imm = (int32_t)(format->least + (int64_t)(support_random(seed) % (uint64_t)span));
	if (dsa_format_has(format, DSA_OPERAND_TARGET))
		word->imm = (int32_t)(support_random(seed) % count) - (int32_t)at;
}

bool support_word(uint16_t op, uint8_t type, uint8_t mods, uint32_t *seed, uint32_t at,
		  uint32_t count, struct road_dsa_word *word)
{
	struct road_dsa_word full = {.op = op, .type = type, .mods = mods}, try;

	fill(&dsa_syntax_formats[dsa_syntax_ops[op].format], seed, at, count, &full);
	if (dsa_syntax_ops[op].format == ROAD_DSA_FORMAT_MOVE && mods)
		full.imm = 2;
	/* Which of the fields are used is found by what is refused: each set of them. */
	for (unsigned without = 0; without < 64; without++) {
		try = full;
		try.d = without & 1 ? 0 : try.d;
		try.a = without & 2 ? 0 : try.a;
		try.b = without & 4 ? 0 : try.b;
		try.c = without & 8 ? 0 : try.c;
		try.e = without & 16 ? 0 : try.e;
		try.imm = without & 32 ? 0 : try.imm;
		if (!dsa_word_wrong(&try)) {
			*word = try;
			return true;
		}
	}
	return false;
}
