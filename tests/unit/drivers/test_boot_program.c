/* SPDX-License-Identifier: Apache-2.0 */
/* What ports read and ask of the program that the running firmware has. */
#include <roadbed-driver/boot_unit.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/firmware/boot.h"

static struct fake_bus fake;
static struct road_drv_device dev;
static uint8_t regs[ROAD_BOOT_BYTES];

static const struct road_boot_port port = {
	.vendor = "acme", .chip = "one", .protocol_min = 1, .protocol_max = 1};

static void set32(uint32_t reg, uint32_t value)
{
	memcpy(regs + reg, &value, sizeof(value));
}

static uint64_t chip_read(struct fake_bus *bus, uint64_t offset, uint32_t width)
{
	uint64_t value = 0;

	(void)bus;
	memcpy(&value, regs + offset, width);
	return value;
}

/* Opcode 9 has version 3; a level's clock and power follow from its number. */
static void chip_write(struct fake_bus *bus, uint64_t offset, uint32_t width, uint64_t value)
{
	(void)bus;
	(void)width;
	if (offset != ROAD_BOOT_REG_PROGRAM_SELECT)
		return;
	set32(ROAD_BOOT_REG_PROGRAM_OPCODE, value == 9 ? 3 : 0);
	set32(ROAD_BOOT_REG_PROGRAM_CLOCK, 1000 - 100 * (uint32_t)value);
	set32(ROAD_BOOT_REG_PROGRAM_POWER, 50 * (uint32_t)value);
}

static void prepare(uint32_t magic)
{
	memset(regs, 0, sizeof(regs));
	fake_bus_init(&fake);
	fake.read = chip_read;
	fake.write = chip_write;
	dev = (struct road_drv_device){.bus = &fake.bus};
	set32(ROAD_BOOT_REG_MAGIC, magic);
	set32(ROAD_BOOT_REG_VERSION, ROAD_BOOT_VERSION);
	set32(ROAD_BOOT_REG_CHUNK, 64);
	set32(ROAD_BOOT_REG_COMPONENTS, 1);
	set32(ROAD_BOOT_REG_COMPONENT_BYTES, 1000);
	set32(ROAD_BOOT_REG_COMPONENT_UNITS, 1);
	memcpy(regs + ROAD_BOOT_REG_COMPONENT_NAME64, "only", 4);
	services_status = ROAD_OK;
}

static void test_program(void)
{
	struct road_firmware_chip chip;
	struct road_boot_program program;

	prepare(ROAD_BOOT_MAGIC);
	CU_ASSERT_EQUAL_FATAL(road_boot_unit_describe(&dev, &port, &chip), ROAD_OK);
	set32(ROAD_BOOT_REG_PROGRAM_QUANTUM_NS, 2000);
	set32(ROAD_BOOT_REG_PROGRAM_LEVELS, 3);
	set32(ROAD_BOOT_REG_PROGRAM_LEVEL, 2);
	CU_ASSERT_EQUAL_FATAL(road_boot_unit_program(&dev, 10, &program), ROAD_OK);
	CU_ASSERT_TRUE(program.known);
	for (uint32_t i = 0; i < ROAD_BOOT_OPCODES_MAX; i++)
		CU_ASSERT_EQUAL(program.version[i], i == 9 ? 3 : 0);
	CU_ASSERT_EQUAL(program.quantum_ns, 2000);
	CU_ASSERT_EQUAL(program.levels, 3);
	CU_ASSERT_EQUAL(program.level, 2);
	CU_ASSERT_EQUAL(program.clock, 800);
	CU_ASSERT_EQUAL(program.power_mw, 100);
	CU_ASSERT_EQUAL_FATAL(road_boot_unit_program(&dev, 9, &program), ROAD_OK);
	CU_ASSERT_EQUAL(program.version[9], 0); /* it was not asked for */
	fake.is_lost = true;
	CU_ASSERT_EQUAL(road_boot_unit_program(&dev, 10, &program), ROAD_DEVICE_LOST);
	road_boot_unit_close(&dev);
}

static void test_program_is_asked(void)
{
	static const struct road_boot_need needs[] = {{9, 3, "wait"}, {4, 1, "copy"}};
	static const struct road_boot_command commands[] = {
		{9, ROAD_COMMAND_WAIT_VALUE}, {4, ROAD_COMMAND_COPY}, {9, ROAD_COMMAND_FILL}};
	struct road_boot_program program = {.known = true, .quantum_ns = 7, .power_mw = 31};
	struct road_property property;

	program.version[9] = 2;
	CU_ASSERT_TRUE(road_boot_has(&program, 9, 2));
	CU_ASSERT_FALSE(road_boot_has(&program, 9, 3));
	CU_ASSERT_FALSE(road_boot_has(&program, 4, 1));
	CU_ASSERT_EQUAL(road_boot_program_need(&program, needs, 2), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(services_what, "seen opcode wait 2 allowed opcode wait 3 or higher"));
	program.version[9] = 3;
	CU_ASSERT_EQUAL(road_boot_program_need(&program, needs, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_boot_program_need(&program, needs, 2), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "copy 0"));
	CU_ASSERT_EQUAL(road_boot_program_allow(&program, false, &needs[1], "x"), ROAD_OK);
	CU_ASSERT_EQUAL(road_boot_program_allow(&program, true, &needs[0], "x"), ROAD_OK);
	CU_ASSERT_EQUAL(road_boot_program_allow(&program, true, &needs[1], "call: field"),
			ROAD_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(services_where, "call: field");
	CU_ASSERT_EQUAL(road_boot_program_commands(&program, commands, 3),
			1u << ROAD_COMMAND_WAIT_VALUE | 1u << ROAD_COMMAND_FILL);
	for (uint32_t i = 0; i < ROAD_BOOT_PROPERTIES; i++) {
		CU_ASSERT_EQUAL(road_boot_program_property(&program, i, 40, &property), ROAD_OK);
		CU_ASSERT_EQUAL(property.id, 40 + i);
		CU_ASSERT_EQUAL(property.source, ROAD_SOURCE_FIRMWARE);
	}
	CU_ASSERT_STRING_EQUAL(property.name, "power.limit");
	CU_ASSERT_EQUAL(property.u64, 31);
	CU_ASSERT_EQUAL(road_boot_program_property(&program, ROAD_BOOT_PROPERTIES, 40, &property),
			ROAD_NOT_FOUND);
	program.power_mw = 0; /* the program does not say */
	CU_ASSERT_EQUAL(road_boot_program_property(&program, 2, 40, &property), ROAD_OK);
	CU_ASSERT_EQUAL(property.type, ROAD_VALUE_NULL);
	program.known = false; /* no firmware: all is enabled, nothing is said */
	CU_ASSERT_EQUAL(road_boot_program_need(&program, needs, 2), ROAD_OK);
	CU_ASSERT_EQUAL(road_boot_program_property(&program, 0, 40, &property), ROAD_NOT_FOUND);
	prepare(0); /* a chip without a boot block */
	CU_ASSERT_EQUAL(road_boot_unit_program(&dev, 10, &program), ROAD_OK);
	CU_ASSERT_FALSE(program.known);
}

static const struct tap_case cases[] = {
	{"a program is read at once", test_program},
	{"a program says what a port may do", test_program_is_asked},
};

TAP_MAIN(cases)
