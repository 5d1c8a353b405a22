/* SPDX-License-Identifier: Apache-2.0 */
/* Other firmware makes another chip of it, and programs see that. */
#include "tests/firmware/chips.h"

#define EACH_CHIP(chip) (const struct chip *chip = chips; chip < chips + 3; chip++)

/* It is the chip that it was: what is written comes back. */
static void check_works(struct fixture *f)
{
	road_buffer *buffer = buffer_of(f, ROAD_HEAP_DEVICE, 64);
	uint64_t words[8] = {0};

	CU_ASSERT_EQUAL(road_queue_fill(f->queue, buffer, 0, 64, 0x4711, 8, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(f->queue, words, buffer, 0, 64, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(words[7], 0x4711);
	road_buffer_release(buffer);
}

/* Queues wait for each other, whether or not the chip can do that by itself. */
static void check_order(struct fixture *f)
{
	road_buffer *buffer = buffer_of(f, ROAD_HEAP_DEVICE, 1 << 20);
	uint64_t words[8] = {0};
	road_queue *other = NULL;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(f->space, NULL, &other), ROAD_OK);
	for (uint64_t i = 1; i <= 4; i++) {
		road_point point;
		const road_submission s = {.size = sizeof(s), .waits = &point, .wait_count = 1};

		CU_ASSERT_EQUAL(road_queue_fill(f->queue, buffer, 0, 1 << 20, i, 8, &point),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_submit(other, &s, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_read(other, words, buffer, (1 << 20) - sizeof(words),
						sizeof(words), NULL),
				ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(other, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(words[7], i);
	}
	road_queue_release(other);
	road_buffer_release(buffer);
}

static void everything_is_what_the_chip_has_without(void)
{
	for
		EACH_CHIP(chip)
		{
			struct chip_rig rig = chip_open(chip);
			const road_device_info before = rig.info;
			struct fixture f = chip_run(&rig, &(struct differs){.power_mw = 1});

			CU_ASSERT_EQUAL(rig.info.commands, before.commands);
			CU_ASSERT_EQUAL(rig.info.features, before.features);
			CU_ASSERT_STRING_EQUAL(chip_property(&rig, "firmware.version").text,
					       "2.0.0");
			check_works(&f);
			chip_stop(&f);
			chip_close(&rig);
		}
}

/* ---- commands ---- */

static const struct command {
	const char *opcode;
	enum road_command_kind kind;
} commands[] = {{"wait", ROAD_COMMAND_WAIT_VALUE},
		{"write", ROAD_COMMAND_WRITE_VALUE},
		{"timestamp", ROAD_COMMAND_TIMESTAMP}};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static road_status record(road_list *list, road_buffer *buffer, enum road_command_kind kind)
{
	switch (kind) {
	case ROAD_COMMAND_WAIT_VALUE:
		return road_list_wait_value(list, buffer, 0, 8, ROAD_COMPARE_EQ, 0);
	case ROAD_COMMAND_WRITE_VALUE: return road_list_write_value(list, buffer, 8, 8, 3);
	default: return road_list_timestamp(list, buffer, 16);
	}
}

/* All but the one that is missing: recorded, and run. */
static void check_commands(struct fixture *f, const struct command *missing)
{
	road_buffer *buffer = buffer_of(f, ROAD_HEAP_DEVICE, 64);
	road_submission s = {.size = sizeof(s)};
	road_list *list = NULL;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f->space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_fill(list, buffer, 0, 64, 0, 1), ROAD_OK);
	for (uint32_t i = 0; i < COMMANDS; i++)
		CU_ASSERT_EQUAL(record(list, buffer, commands[i].kind),
				&commands[i] == missing ? ROAD_UNSUPPORTED : ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(list), ROAD_OK);
	s.list = list;
	CU_ASSERT_EQUAL(road_queue_submit(f->queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f->queue, soon()), ROAD_OK);
	road_list_release(list);
	road_buffer_release(buffer);
}

static void commands_are_what_is_enabled(void)
{
	for
		EACH_CHIP(chip)
		{
			struct chip_rig rig = chip_open(chip);
			const uint64_t all = rig.info.commands;

			for (uint32_t i = 0; i < COMMANDS; i++) {
				struct differs differs = {.opcodes = {{commands[i].opcode, 0}}};
				struct fixture f = chip_run(&rig, &differs);

				CU_ASSERT_EQUAL(all & ~rig.info.commands,
						UINT64_C(1) << commands[i].kind);
				check_commands(&f, &commands[i]);
				check_order(&f);
				check_works(&f);
				chip_stop(&f);
			}
			chip_close(&rig);
		}
}

static void regions_are_there_if_enabled(void)
{
	static const struct {
		uint32_t chip;
		const char *opcode;
	} rows[] = {{0, "region"}, {0, "expect"}, {1, "region"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chip_rig rig = chip_open(&chips[rows[i].chip]);
		const struct differs differs = {.opcodes = {{rows[i].opcode, 0}}};

		CU_ASSERT_TRUE(rig.info.features & ROAD_FEATURE_REGIONS);
		CU_ASSERT_TRUE(chip_property(&rig, "launch.activate").u64 != 0);
		struct fixture f = chip_run(&rig, &differs);

		CU_ASSERT_FALSE(rig.info.features & ROAD_FEATURE_REGIONS);
		CU_ASSERT_FALSE(rig.info.commands & UINT64_C(1) << ROAD_COMMAND_RECONFIGURE);
		CU_ASSERT_FALSE(chip_property(&rig, "launch.activate").u64);
		check_works(&f);
		chip_stop(&f);
		chip_close(&rig);
	}
}

/* A port that cannot do without leaves the chip to what ran before. */
static void what_a_port_needs_is_named(void)
{
	static const char *const needed[] = {"fence", "copy", "fill"};

	for
		EACH_CHIP(chip)
		{
			struct chip_rig rig = chip_open(chip);
			const uint64_t all = rig.info.commands;

			for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
				const struct differs differs = {.opcodes = {{needed[i], 0}}};
				char part[32];

				snprintf(part, sizeof(part), "opcode %s 0", needed[i]);
				CU_ASSERT_EQUAL(chip_load(&rig, &differs), ROAD_UNSUPPORTED);
				CU_ASSERT_TRUE(says(part));
				CU_ASSERT_EQUAL(rig.info.commands, all);
				CU_ASSERT_STRING_EQUAL(chip_property(&rig, "firmware.version").text,
						       "1.0.0");
			}
			chip_close(&rig);
		}
}

/* ---- clock, power, quantum ---- */

static void levels_are_clocks_and_powers(void)
{
	for
		EACH_CHIP(chip)
		{
			struct chip_rig rig = chip_open(chip);
			const uint64_t clock = chip_property(&rig, "compute.clock_hz").u64;
			const struct differs differs = {
				.clock = 250, .power_mw = 123456, .quantum_ns = 7000};
			struct fixture f = chip_run(&rig, &differs);
			road_property power = chip_property(&rig, "power.limit");

			CU_ASSERT_EQUAL(chip_property(&rig, "compute.clock_hz").u64, clock / 4);
			CU_ASSERT_EQUAL(chip_property(&rig, "firmware.quantum").u64, 7000);
			CU_ASSERT_EQUAL(chip_property(&rig, "firmware.level").u64, 0);
			CU_ASSERT_EQUAL(power.u64, 123456);
			CU_ASSERT_EQUAL(power.source, ROAD_SOURCE_FIRMWARE);
			CU_ASSERT_STRING_EQUAL(power.unit, "mW");
			check_works(&f);
			chip_stop(&f);
			chip_close(&rig);
		}
}

static const struct tap_case cases[] = {
	{"a program of everything makes the chip what it was",
	 everything_is_what_the_chip_has_without},
	{"commands are those that the firmware enables", commands_are_what_is_enabled},
	{"a chip is reconfigurable if its firmware says so", regions_are_there_if_enabled},
	{"firmware without what a port needs is refused, and what ran runs on",
	 what_a_port_needs_is_named},
	{"a level is a clock and a power, and programs see both", levels_are_clocks_and_powers},
};
TAP_MAIN(cases)
