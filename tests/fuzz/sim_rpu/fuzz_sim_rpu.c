/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations of a stranger. One that is accepted runs in both modes, which must agree, however
 * the compiled one is cut into pieces, with batches, injected stalls and banks that others have;
 * its state is put away half-way, changed by some of the input's bytes, and taken back.
 *
 * Input: one byte of how (bits 0, 1: which fabric; 2: sizes and CRCs are made right, or nothing
 * would get past them; 3: stalls; 4: taken banks; 5..7: pieces), then the configuration.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/reader.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

enum { CYCLES = 3000, HALF = 50 };

static struct rig rig;
static _Alignas(8) uint8_t image[ROAD_RPU_CONFIG_BYTES_MAX];
static uint8_t spm[2][RIG_SPM];

static void choose_fabric(uint8_t how)
{
	switch (how & 3) {
	case 0: rig_init(&rig, 3, 3, 0, 1); break;
	case 1: rig_init(&rig, 2, 2, ROAD_RPU_FABRIC_TORUS, 1); break;
	case 2: rig_init(&rig, 1, 4, ROAD_RPU_FABRIC_MEMORY_ALL, 1); break;
	default: rig_openedge(&rig, 1); break;
	}
}

static void make_right(size_t size)
{
	struct road_rpu_config *header = (void *)image;
	size_t words = (size_t)header->interval * rig_elements(&rig);
	uint64_t *word = (void *)(image + sizeof(*header));

	header->total_bytes = (uint32_t)size;
	for (size_t i = 0; i < words && sizeof(*header) + 8 * (i + 1) <= size; i++)
		rig_seal(&word[i], (uint32_t)i);
}

/* Others are at the banks for a while now and then. */
static uint32_t busy(void *context, uint64_t cycle, uint64_t *until)
{
	(void)context;
	*until = (cycle / 100 + 1) * 100;
	return cycle / 100 % 3 ? 0 : 0x1111;
}

static struct rpu_fabric *start(const struct rpu_config *config, enum rpu_fabric_mode mode,
				uint8_t *memory, uint8_t how)
{
	struct rpu_fabric_memory at = {.spm = memory, .busy = how & 16 ? busy : NULL};
	struct rpu_fabric *fabric = rpu_fabric_create(&rig.params, &at, mode);

	for (uint32_t i = 0; i < RIG_SPM; i++)
		memory[i] = (uint8_t)(i * 7 >> 3);
	CU_ASSERT_TRUE(fabric && rpu_fabric_activate(fabric, config));
	if (how & 8)
		rpu_fabric_inject(fabric, how, 100, 100);
	rpu_fabric_launch(fabric, image, rpu_config_header(config)->argument_bytes, 1, 4);
	return fabric;
}

static void same_registers(const struct rpu_fabric *a, const struct rpu_fabric *b)
{
	for (uint32_t e = 0; e < rig_elements(&rig); e++)
		for (uint32_t r = 0; r < ROAD_RPU_SOURCE_STREAM0; r++)
			CU_ASSERT_EQUAL(rpu_fabric_peek(a, e, r), rpu_fabric_peek(b, e, r));
}

/* Whole, or in pieces that end within batches. */
static void run_compiled(struct rpu_fabric *fabric, uint8_t how)
{
	static const uint32_t pieces[] = {CYCLES, 1000, 300, 171, 129, 97, 65, 64};

	for (uint64_t left = CYCLES, passed = 1; left && passed; left -= passed) {
		uint32_t piece = pieces[how >> 5];

		rpu_fabric_run(fabric, piece < left ? piece : left, &passed);
	}
}

static void run_both(const struct rpu_config *config, uint8_t how)
{
	struct rpu_fabric *a = start(config, RPU_MODE_INTERPRETED, spm[0], how);
	struct rpu_fabric *b = start(config, RPU_MODE_COMPILED, spm[1], how);

	rpu_fabric_run(a, CYCLES, NULL);
	run_compiled(b, how);
	CU_ASSERT_EQUAL(rpu_fabric_status(a), rpu_fabric_status(b));
	CU_ASSERT_EQUAL(memcmp(rpu_fabric_counters(a), rpu_fabric_counters(b),
			       sizeof(struct rpu_fabric_counters)),
			0);
	CU_ASSERT_EQUAL(memcmp(spm[0], spm[1], RIG_SPM), 0);
	same_registers(a, b);
	rpu_fabric_free(a);
	rpu_fabric_free(b);
}

/* A state that lies is refused, or goes on in both modes alike. */
static void load_both(const struct rpu_config *config, const uint8_t *state, size_t bytes)
{
	struct rpu_fabric *fabrics[2];

	for (unsigned mode = 0; mode < 2; mode++) {
		fabrics[mode] = start(config, (enum rpu_fabric_mode)mode, spm[mode], 0);
		rpu_fabric_load(fabrics[mode], state, bytes);
		rpu_fabric_run(fabrics[mode], CYCLES, NULL);
	}
	CU_ASSERT_EQUAL(memcmp(rpu_fabric_counters(fabrics[0]), rpu_fabric_counters(fabrics[1]),
			       sizeof(struct rpu_fabric_counters)),
			0);
	CU_ASSERT_EQUAL(memcmp(spm[0], spm[1], RIG_SPM), 0);
	rpu_fabric_free(fabrics[0]);
	rpu_fabric_free(fabrics[1]);
}

static void break_state(const struct rpu_config *config, struct reader *input)
{
	struct rpu_fabric *fabric = start(config, RPU_MODE_COMPILED, spm[0], 0);
	size_t bytes = rpu_fabric_state_bytes(fabric);
	uint8_t *state = malloc(bytes);

	CU_ASSERT_TRUE(state != NULL);
	rpu_fabric_run(fabric, HALF, NULL);
	rpu_fabric_save(fabric, state);
	for (unsigned i = 0; i < 4; i++)
		state[reader_u64(input) % bytes] ^= reader_u8(input);
	load_both(config, state, bytes);
	free(state);
	rpu_fabric_free(fabric);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rpu_config_verdict verdict;
	struct rpu_config *config;
	struct reader input = {data, size};
	uint8_t how = reader_u8(&input);
	size_t bytes = input.left < sizeof(image) ? input.left / 8 * 8 : sizeof(image);

	memset(image, 0, sizeof(image));
	reader_take(&input, image, bytes);
	choose_fabric(how);
	if (how & 4)
		make_right(bytes);
	config = rpu_config_check(&rig.params, image, bytes, &verdict);
	if (config) {
		run_both(config, how);
		input = (struct reader){data, size};
		break_state(config, &input);
	}
	rpu_config_free(config);
	return 0;
}
