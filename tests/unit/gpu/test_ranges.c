/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges against a bitmap; reservations of address space. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"
#include "uapi/gpu/isa.h"

enum { BASE = 0x10000, UNIT = 256, UNITS = 512, LIVE = 128 };

struct model {
	struct road_ranges *ranges;
	bool used[UNITS], touched[UNITS];
	uint64_t start[LIVE], bytes[LIVE]; /* bytes 0: free slot */
};

/* The lowest place where the bitmap has room. */
static int first_fit(const struct model *m, uint32_t units, uint32_t align)
{
	for (uint32_t at = 0; at + units <= UNITS; at++) {
		uint32_t n = 0;

		if ((BASE + at * UNIT) % align)
			continue;
		while (n < units && !m->used[at + n])
			n++;
		if (n == units)
			return (int)at;
	}
	return -1;
}

static void alloc_one(struct model *m, uint32_t slot, unsigned *seed)
{
	uint32_t units = 1 + (uint32_t)rand_r(seed) % 24, align = 1u << rand_r(seed) % 12;
	uint64_t bytes = (uint64_t)units * UNIT - (uint64_t)rand_r(seed) % UNIT, start = 0;
	int expected = first_fit(m, units, align > UNIT ? align : UNIT);
	bool fresh = false, clean = true;
	road_status status = road_ranges_alloc(m->ranges, bytes, align, &start, &fresh);

	CU_ASSERT_EQUAL_FATAL(status, expected < 0 ? ROAD_OUT_OF_DEVICE_MEMORY : ROAD_OK);
	if (status)
		return;
	CU_ASSERT_EQUAL_FATAL(start, BASE + (uint64_t)expected * UNIT);
	for (uint32_t i = 0; i < units; i++) {
		clean &= !m->touched[expected + (int)i];
		m->used[expected + (int)i] = m->touched[expected + (int)i] = true;
	}
	CU_ASSERT_TRUE(clean || !fresh); /* never fresh what was handed out before */
	m->start[slot] = start;
	m->bytes[slot] = bytes;
}

static void free_one(struct model *m, uint32_t slot)
{
	uint64_t at = (m->start[slot] - BASE) / UNIT;

	road_ranges_free(m->ranges, m->start[slot], m->bytes[slot]);
	for (uint64_t i = 0; i < (m->bytes[slot] + UNIT - 1) / UNIT; i++)
		m->used[at + i] = false;
	m->bytes[slot] = 0;
}

static void test_bitmap(void)
{
	static struct model m;
	unsigned seed = 7;

	memset(&m, 0, sizeof(m));
	CU_ASSERT_EQUAL_FATAL(road_ranges_create(BASE, UNITS * UNIT, UNIT, &m.ranges), ROAD_OK);
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t slot = (uint32_t)rand_r(&seed) % LIVE;
		uint64_t used = 0;

		if (m.bytes[slot])
			free_one(&m, slot);
		else
			alloc_one(&m, slot, &seed);
		for (uint32_t i = 0; i < UNITS; i++)
			used += m.used[i] ? UNIT : 0;
		CU_ASSERT_EQUAL_FATAL(road_ranges_used(m.ranges), used);
	}
	for (uint32_t slot = 0; slot < LIVE; slot++)
		if (m.bytes[slot])
			free_one(&m, slot);
	uint64_t start;

	/* all neighbours have merged */
	CU_ASSERT_EQUAL(road_ranges_alloc(m.ranges, UNITS * UNIT, 0, &start, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(start, BASE);
	road_ranges_destroy(m.ranges);
}

static void test_fresh(void)
{
	struct road_ranges *ranges;
	uint64_t a, b;
	bool fresh = false;

	CU_ASSERT_EQUAL_FATAL(road_ranges_create(0, 16 * UNIT, UNIT, &ranges), ROAD_OK);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, UNIT, 0, &a, &fresh), ROAD_OK);
	CU_ASSERT_TRUE(fresh);
	road_ranges_free(ranges, a, UNIT);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, 2 * UNIT, 0, &a, &fresh), ROAD_OK);
	CU_ASSERT_FALSE(fresh); /* half of it was used */
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, UNIT, 0, &b, &fresh), ROAD_OK);
	CU_ASSERT_TRUE(fresh);
	road_ranges_destroy(ranges);
}

static void test_bad(void)
{
	struct road_ranges *ranges = NULL;
	uint64_t start;

	CU_ASSERT_EQUAL(road_ranges_create(0, 4096, 3, &ranges), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_ranges_create(100, 4096, 256, &ranges), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_ranges_create(4096, UINT64_MAX, 256, &ranges), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL_FATAL(road_ranges_create(0, 4096, 256, &ranges), ROAD_OK);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, 0, 0, &start, NULL), ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, UINT64_MAX, 0, &start, NULL),
			ROAD_OUT_OF_DEVICE_MEMORY);
	road_ranges_destroy(ranges);
	CU_ASSERT_EQUAL_FATAL(road_ranges_create(0, 100, 256, &ranges), ROAD_OK);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, 1, 0, &start, NULL), ROAD_OUT_OF_DEVICE_MEMORY);
	road_ranges_destroy(ranges);
}

/* Memory may run out at any allocation: then it is refused, and freeing still loses nothing. */
static void test_no_memory(void)
{
	struct road_ranges *ranges;
	uint64_t starts[UNITS], all;
	uint32_t count = 0;

	CU_ASSERT_EQUAL_FATAL(road_ranges_create(0, UNITS * UNIT, UNIT, &ranges), ROAD_OK);
	for (; count < UNITS; count++) {
		services_fail_after = 0;
		if (road_ranges_alloc(ranges, UNIT, 0, &starts[count], NULL)) {
			services_fail_after = -1;
			CU_ASSERT_EQUAL(road_ranges_alloc(ranges, UNIT, 0, &starts[count], NULL),
					ROAD_OK);
		}
	}
	services_fail_after = 0;
	for (uint32_t i = 0; i < count; i += 2)
		road_ranges_free(ranges, starts[i], UNIT);
	for (uint32_t i = 1; i < count; i += 2)
		road_ranges_free(ranges, starts[i], UNIT);
	services_fail_after = -1;
	CU_ASSERT_EQUAL(road_ranges_used(ranges), 0);
	CU_ASSERT_EQUAL(road_ranges_alloc(ranges, UNITS * UNIT, 0, &all, NULL), ROAD_OK);
	road_ranges_destroy(ranges);
}

static void test_reserve(void)
{
	static const uint64_t sizes[] = {1, 4096, 5000, UINT64_C(1) << 30, UINT64_C(1) << 40};
	static const uint64_t aligns[] = {0, 4096, 65536, UINT64_C(2) << 20};

	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t k = 0; k < 4; k++) {
			uint64_t at = 0;

			CU_ASSERT_EQUAL_FATAL(road_va_reserve(sizes[i], aligns[k], &at), ROAD_OK);
			CU_ASSERT_EQUAL(at % (aligns[k] ? aligns[k] : 4096), 0);
			/* nothing is mapped there: the kernel can tell without a fault */
			unsigned char in_core;
			void *page = (void *)(uintptr_t)at;

			CU_ASSERT_EQUAL(mincore(page, 1, &in_core), 0); /* reserved */
			CU_ASSERT_NOT_EQUAL(mprotect(page, 0, PROT_NONE), -1);
			road_va_release(at, sizes[i]);
			CU_ASSERT_EQUAL(mincore(page, 1, &in_core), -1); /* given back */
		}
	}
	uint64_t at;

	CU_ASSERT_EQUAL(road_va_reserve(0, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_va_reserve(UINT64_MAX, 0, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_va_reserve(4096, 12288, &at), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_va_reserve(UINT64_C(1) << 62, 0, &at), ROAD_OUT_OF_HOST_MEMORY);
}

static const struct tap_case cases[] = {
	{"20000 random steps give the lowest fit, as a bitmap does", test_bitmap},
	{"fresh ranges hold no byte that was handed out before", test_fresh},
	{"bad sizes and granules are refused", test_bad},
	{"freeing needs no memory", test_no_memory},
	{"reservations are aligned, empty, and given back", test_reserve},
};

TAP_MAIN(cases)
