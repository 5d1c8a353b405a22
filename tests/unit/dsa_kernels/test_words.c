/* SPDX-License-Identifier: Apache-2.0 */
/* Tools and chip read the contract each for themselves: they must take the same words. */
#include "tests/unit/dsa_kernels/harness.h"

#include <stdio.h>
#include <string.h>

#include "tools/dsa/syntax.h"

#define FLAGS 256u /* what the format has room for: ids are the chip's own matter */

/* The word, another one, and an end. */
struct block {
	struct road_dsa_code header;
	struct road_dsa_kernel kernel;
	struct road_dsa_word words[3];
};

static bool chip_takes(const struct road_dsa_word *word, struct road_dsa_kernel *kernel)
{
	struct block block = {.header = {.magic = ROAD_DSA_CODE_MAGIC,
					 .version = ROAD_DSA_CODE_VERSION,
					 .isa_version = ROAD_DSA_ISA_VERSION,
					 .total_bytes = sizeof(block),
					 .kernel_count = 1,
					 .word_count = 3}};
	struct dsa_code code;
	uint32_t at;

	block.kernel = *kernel;
	block.words[1] = *word;
	block.words[2].op = ROAD_DSA_OP_end;
	return dsa_code_check(&block, sizeof(block), FLAGS, &code, &at) == ROAD_DSA_CODE_OK;
}

static bool tools_take(const struct road_dsa_word *word, const struct road_dsa_kernel *kernel)
{
	return !dsa_word_wrong(word) && !dsa_word_misplaced(word, 1, kernel);
}

/* Few bits in each field, so that many words are good, then some flipped. */
static void make(uint32_t *seed, struct road_dsa_word *word)
{
	memset(word, 0, sizeof(*word));
	word->op = (uint16_t)(harness_random(seed) % ROAD_DSA_OPS);
	if (dsa_syntax_ops[word->op].types || harness_random(seed) % 8 == 0)
		word->type = (uint8_t)(harness_random(seed) % ROAD_DSA_TYPES);
	word->mods = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) & 15) : 0;
	if (harness_random(seed) % 4 == 0)
		word->mods = (uint8_t)harness_random(seed);
	word->d = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) % 33) : 0;
	word->a = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) % 33) : 0;
	word->b = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) % 33) : 0;
	word->c = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) % 33) : 0;
	word->e = harness_random(seed) & 1 ? (uint8_t)(harness_random(seed) % 33) : 0;
	if (harness_random(seed) & 1)
		word->imm = (int32_t)(harness_random(seed) % 70) - 4;
	if (harness_random(seed) % 16 == 0)
		((uint8_t *)word)[harness_random(seed) % sizeof(*word)] ^=
			(uint8_t)(1u << harness_random(seed) % 8);
}

static void tools_and_chip_agree(void)
{
	uint32_t seed = 77, taken = 0, seen[ROAD_DSA_OPS] = {0}, differ = 0;

	for (uint32_t i = 0; i < 2000000; i++) {
		struct road_dsa_kernel kernel = {.word_count = 3,
						 .argument_bytes = harness_random(&seed) % 72,
						 .flags = harness_random(&seed) & 1};
		struct road_dsa_word word;
		bool tools, chip;

		make(&seed, &word);
		tools = tools_take(&word, &kernel);
		chip = chip_takes(&word, &kernel);
		taken += tools;
		if (tools)
			seen[word.op]++;
		if (tools != chip && differ++ < 5)
			printf("# op %u (%s) type %u mods 0x%x d %u a %u b %u c %u e %u imm %d: "
			       "%s\n",
			       word.op, word.op < ROAD_DSA_OPS ? dsa_syntax_ops[word.op].name : "",
			       word.type, word.mods, word.d, word.a, word.b, word.c, word.e,
			       word.imm, tools ? "the chip refuses it" : "the tools refuse it");
	}
	CU_ASSERT_EQUAL(differ, 0);
	CU_ASSERT_TRUE(taken > 20000);
	for (unsigned i = 0; i < ROAD_DSA_OPS; i++)
		CU_ASSERT_TRUE(seen[i] > 10);
}

static const struct tap_case cases[] = {
	{"the tools take the words that the chip takes", tools_and_chip_agree},
};
TAP_MAIN(cases)
