/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads as chips read them, and the programs of several components as one. */
#include <string.h>

#include "simulators/boot/program.h"
#include "tests/support/tap.h"
#include "uapi/gpu/aql.h"
#include "uapi/rpu/ring.h"

/* A payload with two opcodes, two levels and a text. */
struct payload {
	struct road_program head;
	struct road_program_opcode opcodes[2];
	struct road_program_level levels[2];
	char text[8];
};

static struct payload sound(void)
{
	return (struct payload){
		.head = {ROAD_PROGRAM_MAGIC, ROAD_PROGRAM_VERSION, ROAD_PROGRAM_GPU,
			 sizeof(struct payload), 1, 3, 0x55, 700, 2, 2, 1, 8},
		.opcodes = {{ROAD_GPU_VENDOR_FENCE, 1}, {ROAD_GPU_OPCODE_DISPATCH, 2}},
		.levels = {{1000, 400}, {250, 100}},
		.text = "a chip\n",
	};
}

static bool read_it(const struct payload *payload, struct sim_program *out,
		    struct sim_program_error *why)
{
	uint8_t bytes[sizeof(*payload) + 1];

	memcpy(bytes + 1, payload, sizeof(*payload)); /* no alignment is promised */
	return sim_program_read(bytes + 1, sizeof(*payload), ROAD_PROGRAM_GPU, out, why);
}

static void payloads_are_read(void)
{
	const struct payload payload = sound();
	struct sim_program_error why;
	struct sim_program program;

	CU_ASSERT_TRUE_FATAL(read_it(&payload, &program, &why));
	CU_ASSERT_EQUAL(program.protocol_min, 1);
	CU_ASSERT_EQUAL(program.protocol_max, 3);
	CU_ASSERT_EQUAL(program.features, 0x55);
	CU_ASSERT_EQUAL(program.quantum_ns, 700);
	CU_ASSERT_EQUAL(program.levels, 2);
	CU_ASSERT_EQUAL(program.at[program.level].clock, 250);
	CU_ASSERT_EQUAL(program.at[program.level].power_mw, 100);
	for (uint32_t i = 0; i < ROAD_PROGRAM_OPCODES_MAX; i++)
		CU_ASSERT_EQUAL(program.version[i], i == ROAD_GPU_VENDOR_FENCE      ? 1
						    : i == ROAD_GPU_OPCODE_DISPATCH ? 2
										    : 0);
	CU_ASSERT_EQUAL(program.text_at, offsetof(struct payload, text));
	CU_ASSERT_EQUAL(program.text_bytes, 8);
}

#define HEAD(member) \
	offsetof(struct road_program, member), &bad.head.member, sizeof(bad.head.member)

static void what_cannot_be_is_refused(void)
{
	static struct payload bad;
	const struct {
		size_t at;
		void *where;
		size_t bytes;
		uint32_t value;
	} rows[] = {
		{HEAD(magic), 0},
		{HEAD(version), 2},
		{HEAD(family), ROAD_PROGRAM_DSA},
		{HEAD(protocol_min), 0},
		{HEAD(protocol_max), 0},
		{HEAD(opcode_count), 0},
		{HEAD(opcode_count), 65},
		{HEAD(level_count), 0},
		{HEAD(level_count), 17},
		{HEAD(level), 2},
		{HEAD(program_bytes), sizeof(bad) - 1},
		{HEAD(reserved[0]), 1},
		{offsetof(struct road_program, text_bytes), &bad.head.text_bytes, 4, 7},
		{offsetof(struct road_program, text_bytes), &bad.head.text_bytes, 4, UINT32_MAX},
		{offsetof(struct payload, opcodes[1]), &bad.opcodes[1].opcode, 2,
		 ROAD_GPU_VENDOR_FENCE},
		{offsetof(struct payload, opcodes[1]), &bad.opcodes[1].opcode, 2, 64},
		{offsetof(struct payload, opcodes[1]), &bad.opcodes[1].opcode, 2,
		 ROAD_GPU_OPCODE_TYPED},
		{offsetof(struct payload, opcodes[0].version), &bad.opcodes[0].version, 2, 2},
		{offsetof(struct payload, levels[0]), &bad.levels[0].clock, 4, 99},
		{offsetof(struct payload, levels[0]), &bad.levels[0].clock, 4, 1001},
		{offsetof(struct payload, levels[1].power_mw), &bad.levels[1].power_mw, 4,
		 10000001},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sim_program_error why = {0};
		struct sim_program program;

		bad = sound();
		memcpy(rows[i].where, &rows[i].value, rows[i].bytes);
		CU_ASSERT_FALSE(read_it(&bad, &program, &why));
		CU_ASSERT_EQUAL(why.at, rows[i].at);
		CU_ASSERT_PTR_NOT_NULL(why.what);
	}
}

/* ---- several components ---- */

static struct sim_program mesh(void)
{
	struct sim_program program = {.family = ROAD_PROGRAM_RPU,
				      .protocol_min = 1,
				      .protocol_max = 4,
				      .quantum_ns = 9,
				      .levels = 2,
				      .level = 1,
				      .at = {{1000, 100}, {500, 60}}};

	program.version[ROAD_RPU_WORK_COPY] = 1;
	program.version[ROAD_RPU_WORK_GEMM] = 1;
	return program;
}

static struct sim_program tile(void)
{
	struct sim_program program = {.family = ROAD_PROGRAM_RPU,
				      .protocol_min = 2,
				      .protocol_max = 3,
				      .levels = 1,
				      .at = {{1000, 5}}};

	program.version[ROAD_RPU_WORK_RUN] = 2;
	program.version[ROAD_RPU_WORK_GEMM] = 3;
	return program;
}

static void components_join(void)
{
	struct sim_program chip = mesh();
	const struct sim_program other = tile();
	struct sim_program_error why;

	CU_ASSERT_TRUE_FATAL(sim_program_join(&chip, &other, 16, &why));
	CU_ASSERT_EQUAL(chip.version[ROAD_RPU_WORK_COPY], 1);
	CU_ASSERT_EQUAL(chip.version[ROAD_RPU_WORK_RUN], 2);
	CU_ASSERT_EQUAL(chip.version[ROAD_RPU_WORK_GEMM], 3);
	CU_ASSERT_EQUAL(chip.version[ROAD_RPU_WORK_MOVE], 0);
	CU_ASSERT_EQUAL(chip.at[0].power_mw, 180);
	CU_ASSERT_EQUAL(chip.at[1].power_mw, 140);
	CU_ASSERT_EQUAL(chip.at[1].clock, 500);
	CU_ASSERT_EQUAL(chip.quantum_ns, 9);
	CU_ASSERT_EQUAL(chip.protocol_min, 2);
	CU_ASSERT_EQUAL(chip.protocol_max, 3);
}

static void components_that_do_not_go_together_are_refused(void)
{
	struct sim_program bad[6] = {tile(), tile(), tile(), tile(), tile(), tile()};

	bad[0].quantum_ns = 1;
	bad[1].levels = 2;
	bad[2].at[0].clock = 999;
	bad[3].protocol_min = bad[3].protocol_max = 5;
	bad[4].protocol_min = bad[4].protocol_max = 0;
	bad[5].levels = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sim_program chip = mesh();
		struct sim_program_error why = {0};

		CU_ASSERT_FALSE(sim_program_join(&chip, &bad[i], 1, &why));
		CU_ASSERT_PTR_NOT_NULL(why.what);
	}
}

static const struct tap_case cases[] = {
	{"payloads are read, aligned or not", payloads_are_read},
	{"what cannot be is refused, and the byte is named", what_cannot_be_is_refused},
	{"the programs of several components are one", components_join},
	{"those that do not go together are refused",
	 components_that_do_not_go_together_are_refused},
};
TAP_MAIN(cases)
