/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted as a configuration, and how what is not is named. */
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/random.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static struct rig rig;

/* Something of every part, valid: what each case breaks in one place. */
static void make_valid(void)
{
	rig_init(&rig, 3, 3, 0, 4);
	rig.header.iterations = 0;
	rig_stream(&rig, false, 0, 8);
	rig_stream(&rig, true, 512, 0);
	rig_constant(&rig, 0, 0, 1);
	rig_constant(&rig, 0, 1, 0);
	rig_register(&rig, 4, 7, 5);
	rig.header.argument_bytes = 16;
	rig.header.arguments = 2;
	rig.arguments[0] = (struct road_rpu_argument){
		.offset = 0, .bytes = 8, .kind = ROAD_RPU_ARGUMENT_INPUT, .name = "x"};
	rig.arguments[1] = (struct road_rpu_argument){.offset = 8, .bytes = 4, .name = "n"};
	rig.header.relocations = 2;
	rig.relocations[0] = (struct road_rpu_relocation){
		.field = ROAD_RPU_FIELD_ITERATIONS, .argument = {1, 0xff, 0xff}, .scale = 1};
	rig.relocations[1] = (struct road_rpu_relocation){.field = ROAD_RPU_FIELD_STREAM_COUNT,
							  .target = 1,
							  .argument = {1, 0xff, 0xff},
							  .scale = 1};
	rig.header.table_entries[0] = 3;
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(add),
						.a = STREAM(0),
						.b = K(0),
						.dest = STREAM(1),
						.link = {TO_E = RESULT, TO_S = ROAD_RPU_PASS_A},
						.move = ROAD_RPU_PASS_E,
						.move_reg = 2};
	*rig_at(&rig, 1, 4) = (struct rig_word){.op = OP(fma),
						.a = W_IN,
						.b = SELF,
						.c = R(7),
						.dest = R(1),
						.stage = 1,
						.first = 2,
						.last = 1};
	*rig_at(&rig, 2, 3) = (struct rig_word){.op = OP(ld32), .a = K(0), .b = 0};
}

static struct rpu_config_verdict verdict;

static enum rpu_config_error check_bytes(size_t bytes)
{
	struct rpu_config *config = rpu_config_check(&rig.params, rig.image, bytes, &verdict);

	CU_ASSERT_EQUAL(config == NULL, verdict.error != RPU_CONFIG_OK);
	rpu_config_free(config);
	return verdict.error;
}

/* The verdict on the configuration as it is now in the rig. */
static enum rpu_config_error check_rig(void)
{
	return check_bytes(rig_image(&rig));
}

static void accepts_the_valid_one(void)
{
	make_valid();
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_OK);
}

/* ---- words ---- */

struct word_case {
	const char *what;
	enum rpu_config_error error;
	uint32_t element, step;
	struct rig_word word;
	uint64_t seen;
};

static const struct word_case word_cases[] = {
	{"op", RPU_CONFIG_OP, 4, 0, {.op = ROAD_RPU_OPS}, ROAD_RPU_OPS},
	{"reserved source 6", RPU_CONFIG_SOURCE, 4, 0, {.op = OP(mov), .a = 6}, 6},
	{"reserved source 7", RPU_CONFIG_SOURCE, 4, 0, {.op = OP(add), .b = 7}, 7},
	{"over the north edge", RPU_CONFIG_SOURCE, 1, 0, {.op = OP(mov), .a = N_IN}, N_IN},
	{"over the west edge", RPU_CONFIG_SOURCE, 3, 0, {.op = OP(mov), .a = W_IN}, W_IN},
	{"over the south edge", RPU_CONFIG_SOURCE, 8, 0, {.op = OP(mov), .a = S_IN}, S_IN},
	{"over the east edge", RPU_CONFIG_SOURCE, 8, 0, {.op = OP(mov), .a = E_IN}, E_IN},
	{"link over the edge",
	 RPU_CONFIG_LINK,
	 8,
	 0,
	 {.op = OP(mov), .link = {TO_E = RESULT}},
	 RESULT},
	{"link from over the edge",
	 RPU_CONFIG_LINK,
	 8,
	 0,
	 {.link = {TO_W = ROAD_RPU_PASS_E}},
	 ROAD_RPU_PASS_E},
	{"stream inside", RPU_CONFIG_BORDER, 4, 0, {.op = OP(mov), .a = STREAM(0)}, 0},
	{"stream to inside", RPU_CONFIG_BORDER, 4, 0, {.op = OP(mov), .dest = STREAM(1)}, 1},
	{"memory inside", RPU_CONFIG_BORDER, 4, 0, {.op = OP(ld8)}, 4},
	{"no such stream", RPU_CONFIG_STREAM, 3, 0, {.op = OP(mov), .a = STREAM(2)}, 2},
	{"read of a write stream", RPU_CONFIG_STREAM, 3, 0, {.op = OP(mov), .a = STREAM(1)}, 1},
	{"write to a read stream", RPU_CONFIG_STREAM, 3, 0, {.op = OP(mov), .dest = STREAM(0)}, 0},
	{"reserved destination", RPU_CONFIG_DESTINATION, 4, 0, {.op = OP(mov), .dest = 3}, 3},
	{"a constant as destination",
	 RPU_CONFIG_DESTINATION,
	 4,
	 0,
	 {.op = OP(mov), .dest = K(1)},
	 K(1)},
	{"b of a unary op", RPU_CONFIG_RESERVED, 4, 0, {.op = OP(neg), .b = R(1)}, R(1)},
	{"c of a binary op", RPU_CONFIG_RESERVED, 4, 0, {.op = OP(add), .c = R(1)}, R(1)},
	{"a of a nop", RPU_CONFIG_RESERVED, 4, 0, {.a = R(1)}, R(1)},
	{"destination of a nop", RPU_CONFIG_RESERVED, 4, 0, {.dest = R(1)}, R(1)},
	{"stage of a nop", RPU_CONFIG_RESERVED, 4, 0, {.stage = 2}, 2},
	{"register of no move", RPU_CONFIG_RESERVED, 4, 0, {.move_reg = 3}, 3},
	{"constant of no FIRST", RPU_CONFIG_RESERVED, 4, 0, {.op = OP(mov), .kfirst = 1}, 1},
	{"LAST of no FIRST", RPU_CONFIG_RESERVED, 4, 0, {.op = OP(add), .last = 1}, 4},
	{"FIRST without operand", RPU_CONFIG_FIRST, 4, 0, {.op = OP(iter), .first = 1}, 0},
	{"LAST of one", RPU_CONFIG_FIRST, 4, 0, {.op = OP(mov), .first = 1, .last = 1}, 1},
	{"FIRST of a stream",
	 RPU_CONFIG_FIRST,
	 3,
	 0,
	 {.op = OP(mov), .a = STREAM(0), .first = 1},
	 STREAM(0)},
	{"another stage at a stream",
	 RPU_CONFIG_STAGE,
	 1,
	 0,
	 {.op = OP(mov), .a = STREAM(0), .stage = 1},
	 1},
	{"two pushes in a step", RPU_CONFIG_COLLISION, 1, 0, {.op = OP(mov), .dest = STREAM(1)}, 1},
	{"two results in a step", RPU_CONFIG_COLLISION, 4, 0, {.op = OP(mov)}, 4},
	{"register written twice", RPU_CONFIG_COLLISION, 4, 0, {.move = RESULT, .move_reg = 1}, 1},
	{"division in 4 steps", RPU_CONFIG_COLLISION, 4, 2, {.op = OP(div)}, 4},
};

static void names_what_is_wrong_in_words(void)
{
	for (unsigned i = 0; i < sizeof(word_cases) / sizeof(word_cases[0]); i++) {
		const struct word_case *at = &word_cases[i];
		enum rpu_config_error error;

		make_valid();
		*rig_at(&rig, at->step, at->element) = at->word;
		error = check_rig();
		CU_ASSERT_EQUAL(error, at->error);
		CU_ASSERT_EQUAL(verdict.seen, at->seen);
		CU_ASSERT_EQUAL(verdict.part, RPU_PART_WORDS);
		if (error != at->error || verdict.seen != at->seen)
			printf("# %s: %s, saw %llu\n", at->what, rpu_config_error_text(error),
			       (unsigned long long)verdict.seen);
		/* the second of two that collide may be the other one */
		if (at->error != RPU_CONFIG_COLLISION && at->error != RPU_CONFIG_STAGE)
			CU_ASSERT_EQUAL(verdict.index, at->step * 9 + at->element);
		CU_ASSERT_EQUAL(verdict.offset, sizeof(rig.header) + 8ull * verdict.index);
	}
}

static void registers_of_a_smaller_element_are_refused(void)
{
	make_valid();
	rig.params.fabric_id &= ~(ROAD_RPU_FABRIC_COUNT_MASK << ROAD_RPU_FABRIC_REGISTERS_SHIFT);
	rig.params.fabric_id |= 4u << ROAD_RPU_FABRIC_REGISTERS_SHIFT;
	rig.header.fabric_id = rig.params.fabric_id;
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_VALUE); /* register 7 of element 4 */
	rig.header.registers = 0;
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_SOURCE);
	rig_at(&rig, 1, 4)->c = R(3);
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_OK);
	rig_at(&rig, 1, 4)->dest = R(4);
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_DESTINATION);
	rig_at(&rig, 1, 4)->dest = 0;
	rig_at(&rig, 0, 0)->move_reg = 4;
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_DESTINATION);
}

/* ---- other parts ---- */

/* A change of `bytes` bytes at an address in the rig, and what is said of it. */
struct part_case {
	const char *what;
	size_t offset; /* in struct rig */
	uint64_t value;
	uint8_t bytes;
	enum rpu_config_error error;
	enum rpu_config_part part;
	uint32_t index; /* of the header: the field's offset */
};
#define HEADER(field, value, error)                                                      \
	{                                                                                \
#field, offsetof(struct rig, header.field), value,                       \
			sizeof(((struct rig *)0)->header.field), error, RPU_PART_HEADER, \
			offsetof(struct road_rpu_config, field)                          \
	}
#define PART(where, value, error, part, index)                                                \
	{                                                                                     \
#where, offsetof(struct rig, where), value, sizeof(((struct rig *)0)->where), \
			error, RPU_PART_##part, index                                         \
	}

static const struct part_case part_cases[] = {
	HEADER(magic, 1, RPU_CONFIG_MAGIC),
	HEADER(version, 2, RPU_CONFIG_MAGIC),
	HEADER(fabric_id, 1, RPU_CONFIG_FABRIC),
	HEADER(name[0], '-', RPU_CONFIG_NAME),
	HEADER(name[0], 0, RPU_CONFIG_NAME),
	HEADER(reserved[0], 1, RPU_CONFIG_RESERVED),
	HEADER(reserved[1], 1, RPU_CONFIG_RESERVED),
	HEADER(argument_bytes, 12, RPU_CONFIG_ARGUMENT),
	HEADER(argument_bytes, 1032, RPU_CONFIG_ARGUMENT),
	HEADER(table_entries[0], 257, RPU_CONFIG_TABLE),
	HEADER(table_entries[2], 1, RPU_CONFIG_TABLE),
	PART(constants[0].number, 36, RPU_CONFIG_VALUE, CONSTANTS, 0),
	PART(constants[1].number, 0, RPU_CONFIG_VALUE, CONSTANTS, 1),
	PART(registers[0].number, 72, RPU_CONFIG_VALUE, REGISTERS, 0),
	PART(streams[0].kind, ROAD_RPU_STREAM_KINDS, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].kind, ROAD_RPU_STREAM_NONE, RPU_CONFIG_RESERVED, STREAMS, 0),
	PART(streams[0].kind, ROAD_RPU_STREAM_REDUCE, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].kind, ROAD_RPU_STREAM_BROADCAST, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[1].kind, ROAD_RPU_STREAM_COUNTER, RPU_CONFIG_ENGINE, STREAMS, 1),
	PART(streams[0].write, 2, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].type, ROAD_RPU_TYPES, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].reduce, 1, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].index_type, ROAD_RPU_TYPES, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].index_shift, 32, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[0].index_shift, 1, RPU_CONFIG_RESERVED, STREAMS, 0),
	PART(streams[0].index_base, 4, RPU_CONFIG_RESERVED, STREAMS, 0),
	PART(streams[0].index_stride[3], 4, RPU_CONFIG_RESERVED, STREAMS, 0),
	PART(streams[0].reserved[1], 4, RPU_CONFIG_RESERVED, STREAMS, 0),
	PART(streams[0].count[2], 0, RPU_CONFIG_ENGINE, STREAMS, 0),
	PART(streams[1].count[0], 5, RPU_CONFIG_RELOCATION, RELOCATIONS, 1),
	PART(relocations[0].field, ROAD_RPU_FIELDS, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(relocations[0].dimension, 1, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(relocations[1].dimension, 4, RPU_CONFIG_RELOCATION, RELOCATIONS, 1),
	PART(relocations[0].target, 1, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(relocations[1].target, 2, RPU_CONFIG_RELOCATION, RELOCATIONS, 1),
	PART(relocations[1].target, 0xffff, RPU_CONFIG_RELOCATION, RELOCATIONS, 1),
	PART(relocations[1].field, ROAD_RPU_FIELD_STREAM_INDEX_BASE, RPU_CONFIG_RELOCATION,
	     RELOCATIONS, 1),
	PART(relocations[1].field, ROAD_RPU_FIELD_ITERATIONS, RPU_CONFIG_RELOCATION, RELOCATIONS,
	     1),
	PART(relocations[0].argument[2], 2, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(relocations[0].argument[0], 0xfc, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(relocations[0].reserved, 2, RPU_CONFIG_RESERVED, RELOCATIONS, 0),
	PART(header.iterations, 2, RPU_CONFIG_RELOCATION, RELOCATIONS, 0),
	PART(arguments[1].bytes, 3, RPU_CONFIG_ARGUMENT, ARGUMENTS, 1),
	PART(arguments[1].offset, 10, RPU_CONFIG_ARGUMENT, ARGUMENTS, 1),
	PART(arguments[1].offset, 4, RPU_CONFIG_ARGUMENT, ARGUMENTS, 1),
	PART(arguments[1].offset, 16, RPU_CONFIG_ARGUMENT, ARGUMENTS, 1),
	PART(arguments[1].kind, ROAD_RPU_ARGUMENT_KINDS, RPU_CONFIG_ARGUMENT, ARGUMENTS, 1),
	PART(arguments[1].reserved, 1, RPU_CONFIG_RESERVED, ARGUMENTS, 1),
	PART(arguments[1].name[0], 'x', RPU_CONFIG_NAME, ARGUMENTS, 1),
	PART(arguments[1].name[0], ' ', RPU_CONFIG_NAME, ARGUMENTS, 1),
	PART(arguments[1].name[23], 'n', RPU_CONFIG_NAME, ARGUMENTS, 1),
};

static void names_what_is_wrong_elsewhere(void)
{
	for (unsigned i = 0; i < sizeof(part_cases) / sizeof(part_cases[0]); i++) {
		const struct part_case *at = &part_cases[i];
		enum rpu_config_error error;

		make_valid();
		memcpy((uint8_t *)&rig + at->offset, &at->value, at->bytes);
		error = check_rig();
		CU_ASSERT_EQUAL(error, at->error);
		CU_ASSERT_EQUAL(verdict.part, at->part);
		CU_ASSERT_EQUAL(verdict.index, at->index);
		if (error != at->error || verdict.part != at->part || verdict.index != at->index)
			printf("# %s: %s, %s %u\n", at->what, rpu_config_error_text(error),
			       rpu_config_part_name(verdict.part), verdict.index);
	}
}

/* Counts that the bytes do not bear out, in the image itself. */
static void refuses_what_does_not_add_up(void)
{
	static const size_t counts[] = {
		offsetof(struct road_rpu_config, constants),
		offsetof(struct road_rpu_config, registers),
		offsetof(struct road_rpu_config, streams),
		offsetof(struct road_rpu_config, relocations),
		offsetof(struct road_rpu_config, arguments),
		offsetof(struct road_rpu_config, interval),
	};
	size_t bytes;

	make_valid();
	bytes = rig_image(&rig);
	for (size_t cut = 0; cut < bytes; cut++)
		CU_ASSERT_EQUAL(check_bytes(cut), RPU_CONFIG_SIZE);
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint16_t *field = (uint16_t *)(void *)(rig.image + counts[i]);

		++*field;
		CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_SIZE);
		*field = 0xffff;
		CU_ASSERT_TRUE(check_bytes(bytes) == RPU_CONFIG_COUNT ||
			       check_bytes(bytes) == RPU_CONFIG_INTERVAL);
		rig_image(&rig);
	}
	rig.image[bytes - 1] = 1; /* behind three entries */
	CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_RESERVED);
	rig_image(&rig);
	rig.image[offsetof(struct road_rpu_config, length)]++;
	CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_LENGTH);
	rig_image(&rig);
	rig.image[offsetof(struct road_rpu_config, latency) + ROAD_RPU_CLASS_FMA] = 3;
	CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_TIMING);
	CU_ASSERT_EQUAL(verdict.allowed, 4);
	rig_image(&rig);
	rig.image[offsetof(struct road_rpu_config, intervals) + ROAD_RPU_CLASS_DIV] = 12;
	CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_TIMING); /* no word uses it */
}

/* Any bit of any word, and any two words that change places. */
static void finds_every_changed_or_moved_word(void)
{
	uint64_t *words = (uint64_t *)(void *)(rig.image + sizeof(rig.header)), kept;
	size_t bytes;

	make_valid();
	bytes = rig_image(&rig);
	for (uint32_t i = 0; i < 36; i++)
		for (unsigned bit = 0; bit < 64; bit++) {
			words[i] ^= UINT64_C(1) << bit;
			CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_CRC);
			CU_ASSERT_EQUAL(verdict.index, i);
			words[i] ^= UINT64_C(1) << bit;
		}
	for (uint32_t i = 1; i < 36; i++) {
		kept = words[0];
		words[0] = words[i];
		words[i] = kept;
		CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_CRC);
		words[i] = words[0];
		words[0] = kept;
	}
	CU_ASSERT_EQUAL(check_bytes(bytes), RPU_CONFIG_OK);
}

static void a_stream_that_no_word_names_is_refused(void)
{
	make_valid();
	rig_stream(&rig, false, 0, 4);
	CU_ASSERT_EQUAL(check_rig(), RPU_CONFIG_STREAM);
	CU_ASSERT_EQUAL(verdict.index, 2);
	CU_ASSERT_EQUAL(verdict.part, RPU_PART_STREAMS);
}

static void the_bytes_read_back_are_the_image(void)
{
	struct rpu_config *config;
	size_t bytes;

	make_valid();
	config = rig_config(&rig);
	bytes = rpu_config_header(config)->total_bytes;
	CU_ASSERT_EQUAL(memcmp(rpu_config_bytes(config), rig.image, bytes), 0);
	memset(rig.image, 0xff, bytes); /* the checked copy is apart */
	CU_ASSERT_EQUAL(rpu_config_header(config)->interval, 4);
	rpu_config_free(config);
}

/* What a launch refuses: tokens that do not add up, addresses, alignment, counts. */
static void names_what_is_wrong_in_a_launch(void)
{
	static const struct {
		size_t offset;
		uint32_t value;
		enum rpu_fault_kind kind;
		uint64_t address; /* 0: that is not looked at */
	} launches[] = {
		{offsetof(struct road_rpu_stream, count), 9, RPU_FAULT_TOKENS},
		{offsetof(struct road_rpu_stream, count) + 12, 2, RPU_FAULT_TOKENS},
		{offsetof(struct road_rpu_stream, count) + 12, 0xffffffff, RPU_FAULT_TOKENS},
		{offsetof(struct road_rpu_stream, base), 2, RPU_FAULT_ALIGNMENT, 2},
		{offsetof(struct road_rpu_stream, stride), 6, RPU_FAULT_ALIGNMENT, 16 + 6},
		{offsetof(struct road_rpu_stream, base), RIG_SPM - 28, RPU_FAULT_RANGE},
		{offsetof(struct road_rpu_stream, base), 0xfffffffc, RPU_FAULT_RANGE},
		{offsetof(struct road_rpu_stream, stride), 0xfffffffc, RPU_FAULT_RANGE},
		{offsetof(struct road_rpu_stream, stride), 0x7ffffffc, RPU_FAULT_RANGE},
		{offsetof(struct road_rpu_stream, stride), 0x80000000, RPU_FAULT_RANGE},
	};

	for (unsigned i = 0; i < sizeof(launches) / sizeof(launches[0]); i++) {
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 8;
		rig_stream(&rig, false, 16, 8);
		*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(mov), .a = STREAM(0)};
		memcpy((uint8_t *)&rig.streams[0] + launches[i].offset, &launches[i].value, 4);
		run = rig_run(&rig, RPU_MODE_INTERPRETED);
		CU_ASSERT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_FAULT);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->kind, launches[i].kind);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->index, 0);
		if (launches[i].address) {
			CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->seen, launches[i].address);
			CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->allowed, 4);
		}
		rig_end(&run);
	}
}

/* States are a stranger's bytes: changed ones are refused or run to an end, never for ever. */
static void states_are_not_believed(void)
{
	uint64_t random = 99;
	unsigned refused = 0, ended = 0;
	struct rig_run run;
	uint8_t *state, *broken;
	size_t bytes;

	rig_init(&rig, 2, 2, 0, 2);
	rig.header.iterations = 50;
	rig_stream(&rig, false, 0, 50);
	rig_stream(&rig, true, 512, 50);
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(mul), .a = STREAM(0), .dest = STREAM(1)};
	run = rig_begin(&rig, RPU_MODE_COMPILED);
	rpu_fabric_launch(run.fabric, NULL, 0, 0, 1);
	rpu_fabric_run(run.fabric, 31, NULL);
	bytes = rpu_fabric_state_bytes(run.fabric);
	state = malloc(bytes);
	broken = malloc(bytes);
	rpu_fabric_save(run.fabric, state);
	CU_ASSERT_EQUAL(rpu_fabric_load(run.fabric, state, bytes - 1), RPU_FABRIC_FAULT);
	for (unsigned i = 0; i < 3000; i++) {
		memcpy(broken, state, bytes);
		broken[rig_below(&random, (uint32_t)(i & 1 ? 200 : bytes))] ^=
			(uint8_t)(1 + rig_below(&random, 255));
		if (rpu_fabric_load(run.fabric, broken, bytes) == RPU_FABRIC_FAULT) {
			CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->kind, RPU_FAULT_STATE);
			refused++;
			continue;
		}
		rpu_fabric_run(run.fabric, 1000, NULL);
		CU_ASSERT_NOT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_RUNNING);
		ended++;
	}
	CU_ASSERT_TRUE(refused > 100);
	CU_ASSERT_TRUE(ended > 100);
	free(broken);
	free(state);
	rig_end(&run);
}

static const struct tap_case cases[] = {
	{"a configuration with all parts is accepted", accepts_the_valid_one},
	{"what is wrong in words is named", names_what_is_wrong_in_words},
	{"registers that a chip lacks are refused", registers_of_a_smaller_element_are_refused},
	{"what is wrong in other parts is named", names_what_is_wrong_elsewhere},
	{"parts that do not add up are refused", refuses_what_does_not_add_up},
	{"every changed bit and every moved word is found", finds_every_changed_or_moved_word},
	{"a stream that no word names is refused", a_stream_that_no_word_names_is_refused},
	{"what is read back are the image's bytes", the_bytes_read_back_are_the_image},
	{"what is wrong in a launch is named", names_what_is_wrong_in_a_launch},
	{"states of strangers are not believed", states_are_not_believed},
};

TAP_MAIN(cases)
