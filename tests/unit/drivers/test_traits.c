/* SPDX-License-Identifier: Apache-2.0 */
/* What chips say of their caches, units and peak rates, as properties of any port. */
#include <roadbed-driver/traits.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/traits.h"

enum { BASE = 0x200, OWN = 5 };

static struct fake_bus fake;
static struct road_drv_device dev;
static uint8_t regs[ROAD_TRAITS_BYTES];

static uint64_t chip_read(struct fake_bus *bus, uint64_t offset, uint32_t width)
{
	uint64_t value = 0;

	(void)bus;
	CU_ASSERT_FATAL(offset >= BASE && offset - BASE + width <= sizeof(regs));
	memcpy(&value, regs + offset - BASE, width);
	return value;
}

static void set64(uint32_t reg, uint64_t value)
{
	memcpy(regs + reg, &value, sizeof(value));
}

static void prepare(void)
{
	const uint32_t line = 128;

	memset(regs, 0, sizeof(regs));
	fake_bus_init(&fake);
	fake.read = chip_read;
	dev = (struct road_drv_device){.bus = &fake.bus};
	memcpy(regs + ROAD_TRAITS_REG_L2_LINE, &line, sizeof(line));
	set64(ROAD_TRAITS_REG_LINK_RATE64, UINT64_C(1) << 40);
	set64(ROAD_TRAITS_REG_PEAK64 + 8 * ROAD_PEAK_VECTOR_F32, 1000);
	set64(ROAD_TRAITS_REG_PEAK64 + 8 * ROAD_PEAK_MATRIX_I8, UINT64_C(1) << 52);
	set64(ROAD_TRAITS_REG_PEAKS_ASSUMED64, UINT64_C(1) << ROAD_PEAK_MATRIX_I8);
	services_status = ROAD_OK;
}

static struct road_property find(const struct road_traits *traits, const char *name)
{
	struct road_property one;

	for (uint32_t i = 0; !road_traits_property(traits, i, &one); i++)
		if (!strcmp(one.name, name))
			return one;
	CU_FAIL_FATAL("no such property");
	return (struct road_property){.id = 0};
}

static void test_values(void)
{
	struct road_traits traits;

	prepare();
	CU_ASSERT_EQUAL_FATAL(road_traits_read(&dev, 0, BASE, &traits), ROAD_OK);
	const struct {
		const char *name, *unit;
		uint64_t value;
		uint32_t source;
	} rows[] = {
		{"l2.line_bytes", "bytes", 128, ROAD_SOURCE_REGISTER},
		{"link.unit_bytes_per_second", "bytes/s", UINT64_C(1) << 40, ROAD_SOURCE_REGISTER},
		{"peak.vector.f32", "1/s", 1000, ROAD_SOURCE_REGISTER},
		{"peak.matrix.i8", "1/s", UINT64_C(1) << 52, ROAD_SOURCE_ASSUMED},
		{"peak.matrix.f16", "1/s", 0, ROAD_SOURCE_REGISTER},
		{"l1.bytes", "bytes", 0, ROAD_SOURCE_REGISTER},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct road_property one = find(&traits, rows[i].name);

		CU_ASSERT_EQUAL(one.type, rows[i].value ? ROAD_VALUE_U64 : ROAD_VALUE_NULL);
		CU_ASSERT_EQUAL(one.u64, rows[i].value);
		CU_ASSERT_EQUAL(one.source, rows[i].source);
		CU_ASSERT_STRING_EQUAL(one.unit, rows[i].unit);
	}
}

/* The numbers of a port's own come first: no property has another's. */
static void test_end_of_a_list(void)
{
	struct road_boot_program program = {.known = true, .quantum_ns = 7};
	struct road_traits traits;
	struct road_property one;
	bool seen[512] = {false};
	uint32_t count = 0;

	prepare();
	CU_ASSERT_EQUAL_FATAL(road_traits_read(&dev, 0, BASE, &traits), ROAD_OK);
	for (; !road_traits_last(&program, &traits, OWN, OWN + count, &one); count++) {
		CU_ASSERT_FATAL(one.id > OWN && one.id < 512);
		CU_ASSERT_FALSE(seen[one.id]);
		seen[one.id] = true;
		CU_ASSERT_EQUAL(!strncmp(one.name, "firmware.", 9) ||
					!strcmp(one.name, "power.limit"),
				count < ROAD_BOOT_PROPERTIES);
	}
	CU_ASSERT_EQUAL(services_status, ROAD_NOT_FOUND);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "there are"));
	CU_ASSERT(seen[OWN + 1] && seen[200]);
	program.known = false; /* a chip without firmware has the traits alone */
	CU_ASSERT_EQUAL(road_traits_last(&program, &traits, OWN, OWN, &one), ROAD_OK);
	CU_ASSERT_EQUAL(one.id, 200);
	CU_ASSERT_EQUAL(
		road_traits_last(&program, &traits, OWN, OWN + count - ROAD_BOOT_PROPERTIES, &one),
		ROAD_NOT_FOUND);
}

static void test_what_cannot_be(void)
{
	struct road_traits traits;

	prepare();
	set64(ROAD_TRAITS_REG_PEAK64 + 8 * ROAD_PEAK_VECTOR_F16, UINT64_MAX);
	CU_ASSERT_EQUAL(road_traits_read(&dev, 0, BASE, &traits), ROAD_UNSUPPORTED);
	CU_ASSERT_STRING_EQUAL(services_where, "PEAK64");
	prepare();
	fake.accesses_left = 3;
	CU_ASSERT_EQUAL(road_traits_read(&dev, 0, BASE, &traits), ROAD_DEVICE_LOST);
}

static const struct tap_case cases[] = {
	{"what the window says is a property, what it does not know is unknown", test_values},
	{"a port's list ends in the firmware's and the traits", test_end_of_a_list},
	{"a chip that says what cannot be, or is gone, is refused", test_what_cannot_be},
};

TAP_MAIN(cases)
