/* SPDX-License-Identifier: Apache-2.0 */
/* The window helper over a bus without a device. */
#include <roadbed-driver/window.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

enum { BYTES = 8192, GRANULE = 64 };

struct rig {
	struct fake_bus fake; /* first */
	struct road_window *window;
	char memory[BYTES];
};

static road_status open_window(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	memset(rig->memory, 0x5a, sizeof(rig->memory));
	fake_bus_init(&rig->fake);
	rig->fake.memory = rig->memory;
	rig->fake.memory_bytes = BYTES;
	rig->fake.memory_region = 1;
	return road_window_open(&rig->fake.bus, 1, 4096, 4096, GRANULE, &rig->window);
}

static struct road_drv_buffer asked(uint64_t bytes)
{
	return (struct road_drv_buffer){.heap = ROAD_HEAP_DEVICE_VISIBLE, .bytes = bytes};
}

static void test_memory(void)
{
	struct road_drv_buffer a = asked(100), b = asked(4000);
	struct road_heap_info heap;
	struct rig rig;

	CU_ASSERT_EQUAL_FATAL(open_window(&rig), ROAD_OK);
	CU_ASSERT_EQUAL(road_window_alloc(rig.window, &a), ROAD_OK);
	CU_ASSERT_PTR_EQUAL(a.host, rig.memory + 4096);
	CU_ASSERT_EQUAL(a.address, road_window_address(rig.window));
	for (int i = 0; i < 100; i++)
		CU_ASSERT_EQUAL_FATAL(((char *)a.host)[i], 0);
	road_window_heap(rig.window, &heap);
	CU_ASSERT_EQUAL(heap.used_bytes, 128);
	CU_ASSERT_EQUAL(heap.bytes, 4096);
	CU_ASSERT_EQUAL(heap.kind, ROAD_HEAP_DEVICE_VISIBLE);
	CU_ASSERT_EQUAL(road_window_bytes(rig.window), 4096);
	CU_ASSERT_EQUAL(road_window_alloc(rig.window, &b), ROAD_OUT_OF_DEVICE_MEMORY);
	memset(a.host, 0x77, 100);
	road_window_free(rig.window, &a);
	CU_ASSERT_EQUAL(road_window_alloc(rig.window, &b), ROAD_OK);
	CU_ASSERT_EQUAL(((char *)b.host)[50], 0);
	const struct road_place inside = {.address = b.address + 8},
				bus = {.address = 9, .bus = true};

	CU_ASSERT_EQUAL(road_window_place(rig.window, &inside), 8);
	CU_ASSERT_EQUAL(road_window_place(rig.window, &bus), 9);
	road_window_free(rig.window, &b);
	road_window_close(rig.window);
	CU_ASSERT_EQUAL(rig.fake.window_maps, 0);
}

static void test_refused(void)
{
	struct road_drv_buffer host = asked(8);
	struct rig rig;

	CU_ASSERT_EQUAL_FATAL(open_window(&rig), ROAD_OK);
	host.heap = ROAD_HEAP_HOST;
	CU_ASSERT_EQUAL(road_window_alloc(rig.window, &host), ROAD_UNSUPPORTED);
	road_window_close(rig.window);
	road_window_close(NULL);
	CU_ASSERT_EQUAL(road_window_open(&rig.fake.bus, 0, 0, 4096, GRANULE, &rig.window),
			ROAD_UNSUPPORTED);
}

static void test_failures(void)
{
	road_status status = ROAD_OUT_OF_HOST_MEMORY;
	struct rig rig;
	int n = 0;

	for (; status && n < 50; n++) {
		services_fail_after = n;
		status = open_window(&rig);
		CU_ASSERT_EQUAL(rig.fake.window_maps, status ? 0 : 1);
	}
	services_fail_after = -1;
	CU_ASSERT(n > 2);
	CU_ASSERT_EQUAL_FATAL(status, ROAD_OK);
	road_window_close(rig.window);
}

static const struct tap_case cases[] = {
	{"memory is zero, addressed, given back and given again", test_memory},
	{"other heaps and regions that are none are refused", test_refused},
	{"each allocation that fails leaves nothing behind", test_failures},
};

TAP_MAIN(cases)
