/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that a driver of the kernel runs, and drivers from outside the tree that go through it.
 */
#include "tests/discovery/bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed/roadbed.h>

#include "tests/support/tap.h"

/* Outside of PCI, and a function of it: mixed.testbed. */
#define NPU      "accel:accel1"
#define NPU_NODE "/dev/accel/accel1"
#define GPU      "pci:0000:03:00.0"
#define GPU_NODE "/dev/dri/renderD128"

static road_instance *instance(uint32_t flags)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_NO_ENV | flags,
					       .driver_folders = getenv("ROADBED_TEST_DRIVERS")};
	road_instance *out = NULL;

	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &out), ROAD_OK);
	return out;
}

/* The driver that takes it, on this bus; status: of opening. */
static road_status opened(uint32_t flags, const char *address, const char *driver, const char *bus)
{
	road_device_info info = {.size = sizeof(info)};
	road_instance *own = instance(flags);
	road_device *device = NULL;
	const road_status status = road_device_open(own, address, &device);

	if (!status) {
		CU_ASSERT_EQUAL(road_device_info_get(device, &info), ROAD_OK);
		CU_ASSERT_STRING_EQUAL(info.driver, driver);
		CU_ASSERT_STRING_EQUAL(info.bus, bus);
		if (!strcmp(bus, "node"))
			CU_ASSERT(info.queues_max == 1 && info.queue_depth_max == 16);
		road_device_release(device);
	}
	road_instance_release(own);
	return status;
}

static bool says(const char *part)
{
	road_error error = {.size = sizeof(error)};

	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	const bool any = strstr(error.what, part) || strstr(error.where, part) ||
			 strstr(error.seen, part) || strstr(error.allowed, part);

	if (!any)
		printf("# %s; %s; seen %s; allowed %s\n", error.what, error.where, error.seen,
		       error.allowed);
	return any;
}

static void a_driver_from_outside_runs_a_device_by_its_node(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	struct bed_drm npu = {.name = "rocket", .version = {1, 0, 0}};
	struct bed_drm gpu = {.name = "amdgpu", .version = {3, 57, 0}};

	bed_attach_drm(bed, NPU_NODE, &npu);
	bed_attach_drm(bed, GPU_NODE, &gpu);
	CU_ASSERT_EQUAL(opened(0, NPU, "through-rocket", "node"), ROAD_OK);
	CU_ASSERT_EQUAL(opened(0, GPU, "through-amdgpu", "node"), ROAD_OK);
	npu.interrupted = 5;
	CU_ASSERT_EQUAL(opened(0, NPU, "through-rocket", "node"), ROAD_OK);
	g_object_unref(bed);
}

/* What answers there is another kernel driver than that which sysfs names. */
static void what_the_node_answers_decides(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	struct bed_drm npu = {.name = "other", .version = {1, 0, 0}};

	bed_attach_drm(bed, NPU_NODE, &npu);
	CU_ASSERT_EQUAL(opened(0, NPU, "generic", "kernel"), ROAD_OK);
	npu.error = EIO;
	CU_ASSERT_EQUAL(opened(0, NPU, "generic", "kernel"), ROAD_OK);
	g_object_unref(bed);
}

static void a_device_that_is_not_to_be_woken_is_not_run(void)
{
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	struct bed_drm npu = {.name = "rocket", .version = {1, 0, 0}};

	bed_attach_drm(bed, NPU_NODE, &npu);
	CU_ASSERT_EQUAL(opened(ROAD_INSTANCE_NO_WAKE, NPU, "generic", "kernel"), ROAD_OK);
	CU_ASSERT_EQUAL(npu.asked, 0);
	g_object_unref(bed);
}

/* The driver asks for something and is refused: that is what the program is told. */
static void a_call_that_the_kernel_refuses_is_told_by_name(void)
{
	static const char *const says_not = "control: ioctl 0x";
	UMockdevTestbed *bed = bed_new("mixed.testbed");
	struct bed_drm npu = {.name = "rocket", .version = {1, 0, 0}, .no_caps = true};

	bed_attach_drm(bed, NPU_NODE, &npu);
	CU_ASSERT_EQUAL(opened(0, NPU, "", ""), ROAD_INVALID_ARGUMENT);
	CU_ASSERT(says(says_not) && says(NPU_NODE) && says(strerror(EINVAL)));
	g_object_unref(bed);
}

static const struct tap_case cases[] = {
	{"a driver from outside runs a device by its node",
	 a_driver_from_outside_runs_a_device_by_its_node},
	{"what the node answers decides which driver it is", what_the_node_answers_decides},
	{"a device that is not to be woken is not run",
	 a_device_that_is_not_to_be_woken_is_not_run},
	{"a call that the kernel refuses is told by name",
	 a_call_that_the_kernel_refuses_is_told_by_name},
};

TAP_MAIN(cases)
