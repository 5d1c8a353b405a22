/* SPDX-License-Identifier: Apache-2.0 */
/* Words to text and back: every instruction with every type and modifier, then random ones. */
#include "tests/unit/dsa_tools/support.h"

#include <stdlib.h>
#include <string.h>

static const struct road_dsa_word end = {.op = ROAD_DSA_OP_end};

static void close_kernel(struct dsa_program *program, uint32_t first, const char *name)
{
	struct road_dsa_kernel kernel = {.first_word = first,
					 .argument_bytes = ROAD_DSA_ARGUMENTS_MAX,
					 .flags = ROAD_DSA_KERNEL_COOPERATIVE};

	CU_ASSERT_TRUE_FATAL(dsa_program_add_word(program, &end, 7));
	kernel.word_count = program->word_count - first;
	CU_ASSERT_TRUE_FATAL(dsa_program_add_kernel(program, name, strlen(name), &kernel));
}

static void every_word_comes_back(void)
{
	struct dsa_program program = {.has_lines = true};
	struct road_dsa_word word;
	uint32_t seed = 1, seen[ROAD_DSA_OPS] = {0};

	for (unsigned op = 0; op < ROAD_DSA_OPS; op++)
		for (unsigned type = 0; type < ROAD_DSA_TYPES + 2; type++)
			for (unsigned mods = 0; mods < 256; mods++)
				if (support_word((uint16_t)op, (uint8_t)type, (uint8_t)mods, &seed,
						 program.word_count, program.word_count + 1,
						 &word)) {
					seen[op]++;
					dsa_program_add_word(&program, &word, op);
				}
	for (unsigned op = 0; op < ROAD_DSA_OPS; op++)
		CU_ASSERT_TRUE(seen[op] > 0);
	/* Counted by hand from the rows. */
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_ldarg], 7);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_stg], 4);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_set_flag], 42);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_pipe_barrier], 8);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_cross_set], 14);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_move_ub], 16);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_move_nz], 8);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_load_b], 8);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_mmad], 12);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_fix_gm], 32);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_vcmp], 30);
	CU_ASSERT_EQUAL(seen[ROAD_DSA_OP_vcvt], 49);
	close_kernel(&program, 0, "all");
	support_round(&program);
	dsa_program_free(&program);
}

static void random_words(struct dsa_program *program, uint32_t *seed, uint32_t count)
{
	uint32_t first = program->word_count;
	struct road_dsa_word word;

	while (program->word_count - first < count) {
		uint16_t op = (uint16_t)(support_random(seed) % ROAD_DSA_OPS);
		uint8_t type = (uint8_t)(support_random(seed) % ROAD_DSA_TYPES);
		uint8_t mods = (uint8_t)support_random(seed);

		mods &= support_random(seed) & 1 ? 7 : 0xff;
		if (support_word(op, type, mods, seed, program->word_count - first, count, &word))
			dsa_program_add_word(program, &word, support_random(seed) % 100);
	}
}

static void random_programs_come_back(void)
{
	uint32_t seed = 42;

	for (unsigned i = 0; i < 200; i++) {
		struct dsa_program program = {.has_lines = i & 1};
		char name[16];

		for (unsigned k = 0; k < 1 + i % 3; k++) {
			uint32_t first = program.word_count;

			random_words(&program, &seed, 1 + support_random(&seed) % 60);
			snprintf(name, sizeof(name), "k%u", k);
			close_kernel(&program, first, name);
		}
		for (unsigned p = 0; p < ROAD_DSA_PADS; p++)
			program.pads[p] = i & 2 ? support_random(&seed) : 0;
		if (i & 4) {
			uint32_t bytes = support_random(&seed) % 40;

			dsa_program_add_data(&program, &seed, sizeof(seed));
			dsa_program_add_data(&program, NULL, bytes);
			dsa_program_add_variable(&program, "empty", 5, 4, 0);
			dsa_program_add_variable(&program, "rest", 4, 4, bytes);
		}
		support_round(&program);
		dsa_program_free(&program);
	}
}

/* A bit of a word matters: it is refused, or another text comes out. */
static void no_bit_is_lost(void)
{
	uint32_t seed = 9, valid = 0;

	for (unsigned op = 0; op < ROAD_DSA_OPS; op++) {
		struct road_dsa_word word, changed;
		unsigned type = 0, mods = 0;

		while (!support_word((uint16_t)op, (uint8_t)type, (uint8_t)mods, &seed, 0, 1,
				     &word)) {
			mods = (mods + 1) & 0xff;
			type += !mods;
		}
		for (unsigned bit = 0; bit < 8 * sizeof(word); bit++) {
			char *a = NULL, *b = NULL;
			size_t a_bytes, b_bytes;
			FILE *file;

			changed = word;
			((unsigned char *)&changed)[bit / 8] ^= (unsigned char)(1u << bit % 8);
			if (dsa_word_wrong(&changed))
				continue;
			valid++;
			file = open_memstream(&a, &a_bytes);
			dsa_print_word(file, &word, 0);
			fclose(file);
			file = open_memstream(&b, &b_bytes);
			dsa_print_word(file, &changed, 0);
			fclose(file);
			CU_ASSERT_STRING_NOT_EQUAL(a, b);
			free(a);
			free(b);
		}
	}
	CU_ASSERT_TRUE(valid > 1000);
}

static const struct tap_case cases[] = {
	{"every instruction, type and modifier assembles to the word it was",
	 every_word_comes_back},
	{"random programs assemble to the image they were", random_programs_come_back},
	{"every bit of a word is refused or seen in its text", no_bit_is_lost},
};
TAP_MAIN(cases)
