/* SPDX-License-Identifier: Apache-2.0 */
/* Drivers from files, of this version of the interface and others: drivers/probe.c. */
#include "tests/conformance/case.h"
#include "tests/conformance/machine.h"

#include <stdio.h>

static road_instance *with_drivers(struct fixture *f)
{
	road_instance_options options = {.size = sizeof(options), .flags = ROAD_INSTANCE_VALIDATE};
	road_instance *instance = NULL;

	options.library_folder = fixture_libraries(f);
	options.driver_folders = machine_drivers();
	CHECK_OK(road_instance_create(&options, &instance));
	return instance;
}

/* What is said of the file of this kind; its address is its path. */
static road_candidate row_of(road_instance *instance, const char *kind)
{
	char end[64];
	size_t bytes = (size_t)snprintf(end, sizeof(end), "/driver-%s.so", kind);
	road_candidate row = {.size = sizeof(row)};

	for (uint32_t i = 0; !road_instance_explain(instance, 0, i, &row); i++) {
		size_t have = strlen(row.address);

		if (have > bytes && !strcmp(row.address + have - bytes, end))
			return row;
	}
	case_fail(true, __FILE__, __LINE__, "nothing is said of driver-%s.so", kind);
	return row;
}

/* The driver is in use: its device is listed, opens, and does what it can. */
static void taken(struct fixture *f, const char *kind)
{
	road_instance *instance = with_drivers(f);
	road_candidate row = row_of(instance, kind);
	road_device_info info = {.size = sizeof(info)};
	road_device *device = NULL;
	road_space *space = NULL;
	road_queue *queue = NULL;
	road_point point;
	char name[64], address[70];

	snprintf(name, sizeof(name), "conformance-%s", kind);
	snprintf(address, sizeof(address), "%s:", name);
	CHECK(strstr(row.reason, "driver") != NULL);
	CHECK_OK(road_device_open(instance, address, &device));
	CHECK_OK(road_device_info_get(device, &info));
	CHECK(!strcmp(info.driver, name));
	CHECK_OK(road_space_shared(device, &space));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_queue_submit(queue, NULL, &point));
	CHECK_OK(road_point_wait(point, SOON));
	road_queue_release(queue);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
}

/* It is not, and the words say what of it cannot be. */
static void refused(struct fixture *f, const char *kind, const char *says)
{
	road_instance *instance = with_drivers(f);
	road_candidate row = row_of(instance, kind);
	road_device *device = NULL;
	char address[70];

	CHECK_EQ(row.status, ROAD_UNSUPPORTED);
	if (!strstr(row.reason, says))
		CASE_FAIL("driver-%s.so is refused because \"%s\", awaited: %s", kind, row.reason,
			  says);
	snprintf(address, sizeof(address), "conformance-%s:", kind);
	CHECK_STATUS(road_device_open(instance, address, &device), ROAD_NOT_FOUND);
	road_instance_release(instance);
}

CONFORMANCE_CASE(abi, driver_version_match)
{
	taken(f, "match");
}

CONFORMANCE_CASE(abi, driver_older_minor_ok)
{
	taken(f, "older");
}

/* What an older library does not know is no harm as long as nothing of it is used. */
CONFORMANCE_CASE(abi, driver_newer_minor_ok)
{
	taken(f, "newer");
	refused(f, "used", "does not know");
	refused(f, "minor", "driver interface");
}

CONFORMANCE_CASE(abi, driver_major_mismatch_refused)
{
	refused(f, "major", "driver interface 3");
}

/* ---- a driver of seven functions ---- */

static void look_at_device(road_device *device)
{
	road_property property = {.size = sizeof(property)};
	road_heap_info heap = {.size = sizeof(heap)};
	road_fault fault = {.size = sizeof(fault)};
	road_metric metric = {.size = sizeof(metric)};
	road_space *space = NULL;
	uint64_t number;

	CHECK_STATUS(road_space_create(device, NULL, &space), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_sim_violations(device, &number), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_device_property_at(device, 0, &property), ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_property(device, "memory.bytes", &property), ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_heap(device, 0, &heap), ROAD_NOT_FOUND);
	CHECK_STATUS(road_device_fault_read(device, &fault), ROAD_NOT_READY);
	CHECK_STATUS(road_device_telemetry(device, ROAD_TELEMETRY_CHIP, 0, &metric),
		     ROAD_NOT_FOUND);
	CHECK_OK(road_device_telemetry(device, ROAD_TELEMETRY_QUEUES, 0, &metric));
}

static void look_at_space(road_space *space)
{
	road_buffer_options options = {.size = sizeof(options), .bytes = 64};
	road_buffer *buffer = NULL;
	road_image *image = NULL;
	uint64_t number = 0;
	size_t bytes = 0;

	for (options.heap = 0; options.heap < ROAD_HEAP_KINDS; options.heap++)
		CHECK_STATUS(road_buffer_create(space, &options, &buffer), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_image_load(space, "x", 1, NULL, &image), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_space_reserve(space, 4096, 0, &number), ROAD_UNSUPPORTED);
	CHECK_STATUS(road_space_output_read(space, NULL, 0, &bytes), ROAD_UNSUPPORTED);
	for (uint32_t limit = 0; limit < ROAD_LIMIT_KINDS; limit++) {
		CHECK_STATUS(road_space_limit(space, limit, &number), ROAD_UNSUPPORTED);
		CHECK_STATUS(road_space_limit_set(space, limit, 1), ROAD_UNSUPPORTED);
	}
}

static void look_at_queue(road_space *space)
{
	road_queue_options options = {.size = sizeof(options), .queue_class = ROAD_QUEUE_COMPUTE};
	road_submission submission = {.size = sizeof(submission), .flags = ROAD_SUBMIT_TIMED};
	road_times times = {.size = sizeof(times)};
	road_queue *queue = NULL;
	road_point point;

	CHECK_STATUS(road_queue_create(space, &options, &queue), ROAD_UNSUPPORTED);
	CHECK_OK(road_queue_create(space, NULL, &queue));
	submission.times = &times;
	CHECK_STATUS(road_queue_submit(queue, &submission, &point), ROAD_UNSUPPORTED);
	CHECK_OK(road_queue_submit(queue, NULL, &point)); /* it goes on */
	CHECK_OK(road_point_wait(point, SOON));
	road_queue_release(queue);
}

/* Each thing that it leaves out is answered, and none of them is called. */
CONFORMANCE_CASE(abi, missing_slot_unsupported)
{
	road_instance *instance = with_drivers(f);
	road_device *device = NULL;
	road_space *space = NULL;

	CHECK_OK(road_device_open(instance, "conformance-match:", &device));
	CHECK_OK(road_space_shared(device, &space));
	look_at_device(device);
	look_at_space(space);
	look_at_queue(space);
	road_space_release(space);
	road_device_release(device);
	road_instance_release(instance);
}
