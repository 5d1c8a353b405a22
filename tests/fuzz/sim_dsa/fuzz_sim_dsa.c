/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as a code block: what is accepted runs for a bounded number of instructions, in
 * functional mode and timed, with the hazard checker on. Where both ways end without a fault and
 * nothing was reported, they must leave the same memory.
 *
 * The bytes are instruction words, 16 each, behind one byte for the seed of arbitration (its top
 * bit: a cooperative task of two blocks); or, if the first byte is 0xff, a whole code block, which
 * is checked only.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/sim_dsa/rig.h"

enum { INSTRUCTIONS = 48 };

static struct rig rig;

static void check_block(const uint8_t *data, size_t size)
{
	uint64_t *block = malloc(size + 8); /* aligned as the chip's copy is */
	struct dsa_code code;
	uint32_t word;

	memcpy(block, data, size);
	dsa_code_check(block, size, 8, &code, &word);
	free(block);
}

/* Small ones: most of a run would be to fill them. */
static const uint32_t pad_bytes[ROAD_DSA_PADS] = {4096, 4096, 8192, 8192, 8192, 256};

static void load(const uint8_t *data, size_t size)
{
	rig_init(&rig);
	memcpy(rig.params.pad_bytes, pad_bytes, sizeof(pad_bytes));
	rig.params.watchdog = INSTRUCTIONS;
	rig.shared_memory = true;
	rig.seed = data[0] & 0x7f;
	rig.blocks = data[0] & 0x80 ? 2 : 1;
	rig.count = (uint32_t)((size - 1) / sizeof(struct road_dsa_word));
	rig.count = rig.count < RIG_WORDS ? rig.count : RIG_WORDS;
	memcpy(rig.words, data + 1, rig.count * sizeof(struct road_dsa_word));
	for (uint32_t i = 0; i < 65536; i++)
		rig.memory[i] = (uint8_t)(i % 7 ? 0 : i);
}

static bool is_accepted(void)
{
	struct dsa_code code;
	uint32_t word;
	size_t bytes;
	uint8_t *block = rig_block(&rig, &bytes);
	bool good = !dsa_code_check(block, bytes, rig.params.flags, &code, &word);

	free(block);
	return good;
}

/* Reading the clock makes data depend on time. */
static bool reads_clock(void)
{
	for (uint32_t i = 0; i < rig.count; i++)
		if (rig.words[i].op == ROAD_DSA_OP_sreg && rig.words[i].imm == ROAD_DSA_SREG_CLOCK)
			return true;
	return false;
}

static uint64_t digest(void)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a, by words */

	for (uint32_t i = 0; i < RIG_MEMORY; i += 8) {
		uint64_t word;

		memcpy(&word, rig.memory + i, 8);
		hash = (hash ^ word) * UINT64_C(1099511628211);
	}
	return hash;
}

/* Returns whether it ended well; what it left in *left. */
static bool run(const uint8_t *data, size_t size, enum sim_fidelity fidelity, uint64_t *left)
{
	load(data, size);
	rig.fidelity = fidelity;
	if (rig_run(&rig) != DSA_CORE_DONE || rig.violations)
		return false;
	*left = digest();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t functional, timed;

	if (size < 1 + sizeof(struct road_dsa_word) || size > 1 << 14)
		return 0;
	if (data[0] == 0xff) {
		check_block(data + 1, size - 1);
		return 0;
	}
	load(data, size);
	if (!is_accepted())
		return 0;
	if (run(data, size, SIM_FUNCTIONAL, &functional) && run(data, size, SIM_APPROX, &timed) &&
	    !reads_clock() && functional != timed)
		abort();
	rig_free(&rig);
	return 0;
}
