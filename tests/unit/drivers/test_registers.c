/* SPDX-License-Identifier: Apache-2.0 */
/* The helpers for registers, numbers, tables of ranges and host memory over a bus without a device.
 */
#include <roadbed-driver/host_memory.h>
#include <roadbed-driver/numbers.h>
#include <roadbed-driver/range_table.h>
#include <roadbed-driver/registers.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/range.h"

enum { REGISTERS = 64, READY = 4 };

struct rig {
	struct fake_bus fake; /* first */
	struct road_drv_device dev;
	unsigned char registers[REGISTERS];
	uint32_t relaxes; /* until READY is set */
};

static uint64_t read_register(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	const struct rig *rig = (const void *)fake;
	uint64_t value = 0;

	memcpy(&value, rig->registers + offset, width);
	return value;
}

static void relaxed(struct fake_bus *fake)
{
	struct rig *rig = (void *)fake;

	if (rig->relaxes && !--rig->relaxes)
		rig->registers[0] |= READY;
}

static void prepare(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	rig->fake.read = read_register;
	rig->fake.relaxed = relaxed;
	rig->dev.bus = &rig->fake.bus;
	services_lost = 0;
}

static void set32(struct rig *rig, uint64_t offset, uint32_t value)
{
	memcpy(rig->registers + offset, &value, sizeof(value));
}

static void test_identity(void)
{
	struct rig rig;
	struct road_bus *bus = &rig.fake.bus;

	prepare(&rig);
	set32(&rig, 8, 0xabcd1234);
	CU_ASSERT_EQUAL(road_register_expect(bus, 0, 8, 0xabcd1234, "not it", "ID"), ROAD_OK);
	CU_ASSERT_EQUAL(road_register_expect(bus, 0, 8, 0x12, "not it", "ID"), ROAD_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(services_what, "not it seen 0xabcd1234 allowed 0x00000012");
	set32(&rig, 8, UINT32_MAX); /* and there all the same */
	CU_ASSERT_EQUAL(road_register_expect(bus, 0, 8, 0x12, "not it", "ID"), ROAD_UNSUPPORTED);
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(road_register_expect(bus, 0, 8, 0x12, "not it", "ID"), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(services_lost, 0); /* nobody's device yet */
}

static void test_version(void)
{
	struct rig rig;

	prepare(&rig);
	set32(&rig, 4, 3u << 16 | 9);
	CU_ASSERT_EQUAL(road_register_version(&rig.dev, 0, 4, 3u << 16 | 2, "V"), ROAD_OK);
	CU_ASSERT_EQUAL(road_register_version(&rig.dev, 0, 4, 4u << 16, "V"), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "seen 3.9 allowed 4.x"));
}

static road_status await(struct rig *rig)
{
	return road_register_await(&rig->dev, 0, 0, READY, READY, 50000000, "STATUS");
}

static void test_await(void)
{
	struct rig rig;

	prepare(&rig);
	set32(&rig, 0, 0x10);
	rig.relaxes = 3; /* 10 ms each */
	CU_ASSERT_EQUAL(await(&rig), ROAD_OK);
	CU_ASSERT_EQUAL(rig.fake.now_ns, 30000000);
	prepare(&rig);
	rig.relaxes = 5; /* at the deadline: the last look sees it */
	CU_ASSERT_EQUAL(await(&rig), ROAD_OK);
	prepare(&rig);
	set32(&rig, 0, 0x13);
	CU_ASSERT_EQUAL(await(&rig), ROAD_TIMEOUT);
	CU_ASSERT_STRING_EQUAL(services_where, "STATUS");
	CU_ASSERT_STRING_EQUAL(services_what, "register stays 0x13, awaited 0x4 of mask 0x4");
	CU_ASSERT_EQUAL(rig.fake.now_ns, 50000000);
	prepare(&rig);
	set32(&rig, 0, UINT32_MAX); /* before the bus knows that the device is gone */
	CU_ASSERT_EQUAL(await(&rig), ROAD_TIMEOUT);
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(await(&rig), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(services_lost, 1);
}

struct params {
	uint32_t small;
	uint64_t large;
};
static const struct road_parameter rows[] = {
	{"SMALL", 16, 1, 9, ROAD_PARAMETER_MEMBER(struct params, small), .id = 5,
	 .property = "a.small", .unit = "Hz", .scale = 1000},
	{"LARGE", 24, 0, UINT64_MAX - 1, ROAD_PARAMETER_MEMBER(struct params, large), .id = 7,
	 .property = "a.large", .unit = "", .scale = 1, .unknown = 1},
};

static void test_parameters(void)
{
	struct params params = {0};
	struct road_property property;
	struct rig rig;

	prepare(&rig);
	set32(&rig, 16, 9);
	set32(&rig, 28, 2);
	CU_ASSERT_EQUAL(road_parameters_read(&rig.dev, 0, rows, 2, &params), ROAD_OK);
	CU_ASSERT_EQUAL(params.small, 9);
	CU_ASSERT_EQUAL(params.large, UINT64_C(2) << 32);
	road_parameter_property(&rows[0], &params, &property);
	CU_ASSERT_EQUAL(property.id, 5);
	CU_ASSERT_EQUAL(property.u64, 9000);
	CU_ASSERT_EQUAL(property.source, ROAD_SOURCE_REGISTER);
	CU_ASSERT_STRING_EQUAL(property.name, "a.small");
	CU_ASSERT_STRING_EQUAL(property.unit, "Hz");
	params.large = 0;
	road_parameter_property(&rows[1], &params, &property);
	CU_ASSERT_EQUAL(property.type, ROAD_VALUE_NULL);
	set32(&rig, 16, 10);
	CU_ASSERT_EQUAL(road_parameters_read(&rig.dev, 0, rows, 2, &params), ROAD_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(services_where, "SMALL");
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "seen 10 allowed 1 .. 9"));
	rig.fake.is_lost = true;
	CU_ASSERT_EQUAL(road_parameters_read(&rig.dev, 0, rows, 2, &params), ROAD_DEVICE_LOST);
}

static void test_numbers(void)
{
	struct road_numbers *numbers;
	uint32_t a = 9, b = 9, c = 9;
	int owner;

	CU_ASSERT_EQUAL_FATAL(road_numbers_create(2, &numbers), ROAD_OK);
	CU_ASSERT_EQUAL(road_numbers_take(numbers, &a, "things", "here", &a), ROAD_OK);
	CU_ASSERT_EQUAL(road_numbers_take(numbers, &b, "things", "here", &b), ROAD_OK);
	CU_ASSERT_EQUAL(a, 0);
	CU_ASSERT_EQUAL(b, 1);
	CU_ASSERT_EQUAL(road_numbers_take(numbers, &c, "things", "here", &c), ROAD_NO_SPACE);
	CU_ASSERT_STRING_EQUAL(services_what, "all 2 things of the chip are in use");
	CU_ASSERT_EQUAL(c, 9);
	CU_ASSERT_PTR_EQUAL(road_numbers_owner(numbers, 1), &b);
	CU_ASSERT_PTR_NULL(road_numbers_owner(numbers, 2));
	road_numbers_give(numbers, 0);
	CU_ASSERT_PTR_NULL(road_numbers_owner(numbers, 0));
	CU_ASSERT_EQUAL(road_numbers_take(numbers, &owner, "things", "here", &c), ROAD_OK);
	CU_ASSERT_EQUAL(c, 0);
	road_numbers_destroy(numbers);
	road_numbers_destroy(NULL);
	services_fail_after = 0;
	CU_ASSERT_EQUAL(road_numbers_create(2, &numbers), ROAD_OUT_OF_HOST_MEMORY);
}

/* The chip's copy of the table. */
struct seen {
	struct fake_bus *fake;
	uint32_t count;
	bool deaf;
	struct road_range range[300];
};

static road_status tell(void *user, road_iova table, uint32_t count)
{
	struct seen *seen = user;
	uint64_t bytes = count * sizeof(struct road_range);
	const void *from = bytes ? fake_bus_host(seen->fake, table.value, bytes) : NULL;

	if (seen->deaf)
		return ROAD_DEVICE_LOST;
	seen->count = count;
	if (from)
		memcpy(seen->range, from, bytes);
	return bytes && !from ? ROAD_IO : ROAD_OK;
}

static struct road_range_entry range_of(uint64_t number)
{
	return (struct road_range_entry){.va = 0x10000 * number,
					 .bytes = 0x1000,
					 .pa = 0x1000 * number,
					 .flags = ROAD_RANGE_READ};
}

static void test_ranges(void)
{
	enum { MOST = 200 };
	struct road_range_table *table;
	struct seen seen = {.count = 0};
	struct road_range_entry entry;
	struct rig rig;

	prepare(&rig);
	seen.fake = &rig.fake;
	CU_ASSERT_EQUAL_FATAL(road_range_table_create(&rig.fake.bus, MOST, tell, &seen, &table),
			      ROAD_OK);
	for (uint64_t i = 0; i < MOST; i++) { /* in no order: 7 and 200 share no factor */
		entry = range_of(1 + i * 7 % MOST);
		CU_ASSERT_EQUAL_FATAL(road_range_table_map(table, &entry), ROAD_OK);
	}
	CU_ASSERT_EQUAL(seen.count, MOST);
	for (uint64_t i = 0; i < MOST; i++)
		CU_ASSERT_EQUAL_FATAL(seen.range[i].va, 0x10000 * (i + 1));
	entry = range_of(MOST + 1);
	CU_ASSERT_EQUAL(road_range_table_map(table, &entry), ROAD_NO_SPACE);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "no more than 200"));
	road_range_table_unmap(table, 0x20000);
	CU_ASSERT_EQUAL(seen.count, MOST - 1);
	CU_ASSERT_EQUAL(seen.range[1].va, 0x30000);
	seen.deaf = true;
	CU_ASSERT_EQUAL(road_range_table_map(table, &entry), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_range_table_protect(table, 0x10000, 0), ROAD_DEVICE_LOST);
	seen.deaf = false;
	CU_ASSERT_EQUAL(road_range_table_restore(table), ROAD_OK);
	CU_ASSERT_EQUAL(seen.count, MOST - 1); /* what the chip was not told of is undone */
	CU_ASSERT_EQUAL(seen.range[0].flags, ROAD_RANGE_READ);
	CU_ASSERT_EQUAL(road_range_table_protect(table, 0x10000, ROAD_RANGE_WRITE), ROAD_OK);
	CU_ASSERT_EQUAL(seen.range[0].flags, ROAD_RANGE_WRITE);
	road_range_table_destroy(table);
	road_range_table_destroy(NULL);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
}

static void test_host_memory(void)
{
	struct road_drv_buffer buffer;
	struct road_drv_space space;
	void *mapped = NULL;
	struct rig rig;

	prepare(&rig);
	space = (struct road_drv_space){.dev = &rig.dev};
	for (uint64_t alignment = 1; alignment <= UINT64_C(1) << 21; alignment *= 8) {
		buffer = (struct road_drv_buffer){.space = &space,
						  .heap = ROAD_HEAP_HOST,
						  .bytes = 5000,
						  .alignment = alignment};
		CU_ASSERT_EQUAL_FATAL(road_host_memory_alloc(&buffer), ROAD_OK);
		CU_ASSERT_EQUAL((uintptr_t)buffer.host % alignment, 0);
		CU_ASSERT_PTR_EQUAL(fake_bus_host(&rig.fake, road_host_memory_iova(&buffer), 5000),
				    buffer.host);
		CU_ASSERT_EQUAL(road_host_memory_map(&buffer, &mapped), ROAD_OK);
		CU_ASSERT_PTR_EQUAL(mapped, buffer.host);
		road_host_memory_free(&buffer);
		CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
	}
	buffer.heap = ROAD_HEAP_DEVICE;
	CU_ASSERT_EQUAL(road_host_memory_map(&buffer, &mapped), ROAD_PERMISSION);
	services_fail_after = 0;
	CU_ASSERT_NOT_EQUAL(road_host_memory_alloc(&buffer), ROAD_OK);
	CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
}

static const struct tap_case cases[] = {
	{"an identity is the one that is expected, or says what was seen", test_identity},
	{"versions fit by their major", test_version},
	{"a register is awaited to its deadline, on the bus's clock", test_await},
	{"parameters are within what they may say, and become properties", test_parameters},
	{"numbers are taken from below, used up and given back", test_numbers},
	{"a table of ranges is sorted, full at its end, and undone where the chip hears nothing",
	 test_ranges},
	{"host memory is aligned as a buffer asks", test_host_memory},
};

TAP_MAIN(cases)
