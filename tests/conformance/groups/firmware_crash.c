/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware that crashes or stands still: how it is told, what it leaves, how it comes back. */
#include "tests/conformance/groups/firmware_device.h"

static uint32_t health_of(struct fixture *f)
{
	uint32_t health = UINT32_MAX;
	uint64_t resets;

	CHECK_OK(road_device_health(f->device, &health, &resets));
	return health;
}

static road_point submit_nothing(road_queue *queue)
{
	road_submission nothing = {.size = sizeof(nothing)};
	road_point point = {0};

	CHECK_OK(road_queue_submit(queue, &nothing, &point));
	return point;
}

/* A queue whose firmware is gone: it failed, says why, and takes nothing more. */
static void check_failed(struct fixture *f, road_queue *queue)
{
	road_submission nothing = {.size = sizeof(nothing)};
	road_error why = {.size = sizeof(why)};
	road_fault fault = {.size = sizeof(fault)};

	CHECK_STATUS(road_queue_status(queue, &why), ROAD_FAULT);
	CHECK(strstr(why.what, "firmware") || strstr(why.what, "heartbeat"));
	CHECK_STATUS(road_queue_submit(queue, &nothing, NULL), ROAD_FAULT);
	CHECK_STATUS(road_queue_reset(queue), ROAD_FAULT); /* nor does that help */
	CHECK_OK(road_device_fault_read(f->device, &fault));
	CHECK_EQ(fault.kind, ROAD_FAULT_FIRMWARE);
	CHECK(fault.text[0]);
	CHECK(health_of(f) != ROAD_HEALTH_OK);
	CHECK_EQ(firmware_of(f->device).state, ROAD_FIRMWARE_STATE_CRASHED);
}

/* A reset boots again, and all is as before. */
static void check_comes_back(struct fixture *f, road_queue *queue, road_watch *watch,
			     const road_device_firmware *was, uint64_t work)
{
	(void)firmware_seen(watch);
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	const struct firmware_seen seen = firmware_seen(watch);

	CHECK(seen.boots > 1 && seen.ready_first);
	CHECK_EQ(seen.recovered, 1);
	const road_device_firmware now = firmware_of(f->device);

	CHECK_EQ(now.state, ROAD_FIRMWARE_STATE_READY);
	CHECK_EQ(now.boots, was->boots + 1);
	CHECK_EQ(now.crashes, was->crashes + 1);
	CHECK(!strcmp(now.version, was->version));
	CHECK_EQ(health_of(f), ROAD_HEALTH_OK);
	CHECK_OK(road_queue_reset(queue));
	CHECK_OK(road_point_wait(submit_nothing(queue), SOON));
	CHECK_EQ(firmware_work(f, f->device), work);
}

/* It stands still without a word: whoever waits for it finds out, however long he would wait. */
CONFORMANCE_CASE(firmware, fw_heartbeat_lost)
{
	const uint64_t work = firmware_work(f, f->device);
	const road_device_firmware was = firmware_of(f->device);
	road_watch *watch = firmware_watch(f->instance);
	road_queue *queue = fixture_queue(f);

	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_STOP, 0, 0));
	if (!was.heartbeat_ns)
		case_unsupported("its firmware has no heartbeat");
	CHECK_STATUS(road_point_wait(submit_nothing(queue), ROAD_FOREVER), ROAD_FAULT);
	check_failed(f, queue);
	const struct firmware_seen seen = firmware_seen(watch);

	CHECK(seen.boots > 0 && firmware_says(seen.last, ROAD_FIRMWARE_STATE_CRASHED));
	check_comes_back(f, queue, watch, &was, work);
	road_watch_release(watch);
}

/* The dump is the same, read at once or in pieces, and ends where it says. */
static void check_dump(struct fixture *f, uint64_t bytes)
{
	uint8_t *whole = fixture_memory(f, bytes + 8), *pieces = fixture_memory(f, bytes + 8);
	size_t got = 0, at = 0;

	CHECK_OK(road_device_firmware_dump(f->device, 0, whole, bytes + 8, &got));
	CHECK_EQ(got, bytes);
	while (at < bytes) {
		CHECK_OK(road_device_firmware_dump(f->device, at, pieces + at, 5, &got));
		REQUIRE(got > 0 && got <= 5);
		at += got;
	}
	CHECK_SAME(whole, pieces, bytes);
	if (!road_device_firmware_dump(f->device, bytes, pieces, 8, &got))
		CHECK_EQ(got, 0);
}

CONFORMANCE_CASE(firmware, fw_crash_leaves_dump)
{
	const uint64_t work = firmware_work(f, f->device);
	const road_device_firmware was = firmware_of(f->device);
	road_watch *watch = firmware_watch(f->instance);
	road_queue *queue = fixture_queue(f);
	uint8_t byte;
	size_t got;

	CHECK_EQ(was.dump_bytes, 0);
	CHECK_STATUS(road_device_firmware_dump(f->device, 0, &byte, 1, &got), ROAD_NOT_FOUND);
	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_CRASH, 0, 0));
	CHECK_STATUS(road_point_wait(submit_nothing(queue), SOON), ROAD_FAULT);
	check_failed(f, queue);
	const road_device_firmware crashed = firmware_of(f->device);

	CHECK_EQ(crashed.crashes, was.crashes + 1);
	REQUIRE(crashed.dump_bytes > 0 && crashed.dump_bytes < 1 << 20);
	check_dump(f, crashed.dump_bytes);
	check_comes_back(f, queue, watch, &was, work);
	check_dump(f, crashed.dump_bytes); /* the reset keeps it */
	road_watch_release(watch);
}

/* One that is idle when it crashes is found by who looks; one that stops, by a reset. */
CONFORMANCE_CASE(firmware, fw_crash_seen_when_idle)
{
	const uint64_t work = firmware_work(f, f->device);
	const road_device_firmware was = firmware_of(f->device);
	road_watch *watch = firmware_watch(f->instance);
	road_queue *queue = fixture_queue(f);

	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_CRASH, 0, 0));
	CHECK_EQ(firmware_of(f->device).state, ROAD_FIRMWARE_STATE_CRASHED);
	check_comes_back(f, queue, watch, &was, work);
	if (was.heartbeat_ns) {
		CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_STOP, 0, 0));
		CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
		CHECK_EQ(firmware_of(f->device).boots, was.boots + 2);
		CHECK_EQ(firmware_work(f, f->device), work);
	}
	road_watch_release(watch);
}

/* Each further boot fails, too: it is wedged, says what to do, and a boot that works mends it. */
CONFORMANCE_CASE(firmware, fw_boot_storm_wedges_with_hint)
{
	enum { RESETS = 8 };
	const uint64_t work = firmware_work(f, f->device);
	road_submission nothing = {.size = sizeof(nothing)};
	road_error why = {.size = sizeof(why)};
	road_queue *queue = fixture_queue(f);

	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_CRASH, 0, 0));
	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_SELFTEST, 0, UINT32_MAX));
	for (int i = 0; i < RESETS; i++)
		CHECK_STATUS(road_device_reset(f->device, ROAD_RESET_DEVICE), ROAD_FAULT);
	CHECK_EQ(health_of(f), ROAD_HEALTH_WEDGED);
	CHECK_STATUS(road_queue_submit(queue, &nothing, NULL), ROAD_FAULT);
	CHECK_OK(road_last_error(&why));
	CHECK(why.allowed[0]); /* the hint */
	CHECK_OK(road_sim_boot_fault(f->device, ROAD_SIM_BOOT_HONEST, 0, 0));
	CHECK_OK(road_device_reset(f->device, ROAD_RESET_DEVICE));
	CHECK_EQ(health_of(f), ROAD_HEALTH_OK);
	CHECK_OK(road_queue_reset(queue));
	CHECK_EQ(firmware_work(f, f->device), work);
}
