/* SPDX-License-Identifier: Apache-2.0 */
/* What is hard about a driver over a vendor's runtime: work that hangs, calls that fail, threads
 * without a current device, a device that goes away. The library's back door provokes it. */
#include <dlfcn.h>
#include <pthread.h>
#include <roadbed/roadbed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakert/fakert_test.h"
#include "tests/support/tap.h"
#include "uapi/fakert/rt.h"

#define MS UINT64_C(1000000)

#define MEMBER(name, arguments)            int(*name) arguments;
#define TEST_MEMBER(type, name, arguments) type(*Test##name) arguments;
static struct {
	FRT_FUNCTIONS(MEMBER)
	FRT_FURTHER_FUNCTIONS(MEMBER)
	FRT_TEST_FUNCTIONS(TEST_MEMBER)
} lib;

static void find(void *library, const char *name, void *slot)
{
	void *found = dlsym(library, name);

	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	memcpy(slot, &found, sizeof(found));
}

static void open_library(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(library);
#define FIND(name, arguments)            find(library, "frt" #name, &lib.name);
#define TEST_FIND(type, name, arguments) find(library, "frtTest" #name, &lib.Test##name);
	FRT_FUNCTIONS(FIND)
	FRT_FURTHER_FUNCTIONS(FIND)
	FRT_TEST_FUNCTIONS(TEST_FIND)
}

struct use {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
	uint64_t live; /* handles that the library had before */
};

static road_status open_as_far(struct use *use, const char *address)
{
	road_buffer_options options = {.size = sizeof(options), .bytes = 4096};
	road_status status = road_device_open(use->instance, address, &use->device);

	if (!status)
		status = road_space_shared(use->device, &use->space);
	if (!status)
		status = road_queue_create(use->space, NULL, &use->queue);
	if (!status)
		status = road_buffer_create(use->space, &options, &use->buffer);
	return status;
}

static struct use begin(void)
{
	road_instance_options options = {.size = sizeof(options), .flags = ROAD_INSTANCE_VALIDATE};
	struct use use = {0};

	setenv("ROADBED_LIBRARY_FAKERT", LIBRARY, 1);
	open_library();
	use.live = lib.TestLive();
	CU_ASSERT_EQUAL_FATAL(road_instance_create(&options, &use.instance), ROAD_OK);
	return use;
}

static struct use begin_at(const char *address)
{
	struct use use = begin();

	CU_ASSERT_EQUAL_FATAL(open_as_far(&use, address), ROAD_OK);
	return use;
}

static void close_use(struct use *use)
{
	road_buffer_release(use->buffer);
	road_queue_release(use->queue);
	road_space_release(use->space);
	road_device_release(use->device);
	use->buffer = NULL;
	use->queue = NULL;
	use->space = NULL;
	use->device = NULL;
}

static void end(struct use *use)
{
	close_use(use);
	road_instance_release(use->instance);
	CU_ASSERT_EQUAL(lib.TestLive(), use->live);
}

static uint64_t after(uint64_t ms)
{
	return road_deadline_after(ms * MS);
}

static road_point fill(const struct use *use, road_queue *queue)
{
	road_point point = {0};

	CU_ASSERT_EQUAL_FATAL(road_queue_fill(queue, use->buffer, 0, 4096, 0x5a, 1, &point),
			      ROAD_OK);
	return point;
}

static uint32_t health_of(const struct use *use)
{
	uint32_t health = 99;
	uint64_t resets;

	CU_ASSERT_EQUAL(road_device_health(use->device, &health, &resets), ROAD_OK);
	return health;
}

/* What works is left, and a device can be opened again. */
static void opens_again(struct use *use)
{
	close_use(use);
	CU_ASSERT_EQUAL(lib.TestLive(), use->live);
	CU_ASSERT_EQUAL_FATAL(open_as_far(use, "fakert:0"), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(fill(use, use->queue), after(20000)), ROAD_OK);
}

static void a_hung_stream_keeps_deadlines(void)
{
	struct use use = begin_at("fakert:0?hang_ms=60000");
	road_queue *other = NULL;
	uint32_t index = 9;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(use.space, NULL, &other), ROAD_OK);
	lib.TestHang(0, 1);
	road_point points[2] = {fill(&use, use.queue), {0}};

	CU_ASSERT_EQUAL(road_point_wait(points[0], after(30)), ROAD_TIMEOUT);
	points[1] = fill(&use, other); /* the others go on */
	CU_ASSERT_EQUAL(road_event_wait(points, 2, ROAD_WAIT_ANY, after(20000), &index), ROAD_OK);
	CU_ASSERT_EQUAL(index, 1);
	CU_ASSERT_EQUAL(road_queue_drain(use.queue, after(1)), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(health_of(&use), ROAD_HEALTH_OK);
	lib.TestGone(0); /* ends it */
	lib.TestBack(0);
	road_queue_release(other);
	close_use(&use);
	road_instance_release(use.instance);
	CU_ASSERT_EQUAL(lib.TestLive(), use.live);
}

static void work_that_does_not_end_costs_the_device(void)
{
	struct use use = begin_at("fakert:0?hang_ms=50");
	road_queue *other = NULL;

	CU_ASSERT_EQUAL_FATAL(road_queue_create(use.space, NULL, &other), ROAD_OK);
	lib.TestHang(0, 1);
	road_point point = fill(&use, use.queue);

	CU_ASSERT_EQUAL(road_queue_reset(use.queue), ROAD_DEVICE_LOST);
	CU_ASSERT(road_point_wait(point, after(20000)) < 0);
	CU_ASSERT_EQUAL(road_queue_fill(other, use.buffer, 0, 64, 0, 1, NULL), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(health_of(&use), ROAD_HEALTH_LOST);
	road_queue_release(other);
	opens_again(&use);
	end(&use);
}

static void a_device_that_goes_away_wakes_who_waits(void)
{
	struct use use = begin_at("fakert:0");

	lib.TestHang(0, 1);
	road_point point = fill(&use, use.queue);

	CU_ASSERT_EQUAL(road_point_wait(point, after(5)), ROAD_TIMEOUT);
	lib.TestGone(0);
	CU_ASSERT_EQUAL(road_point_wait(point, after(20000)), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(health_of(&use), ROAD_HEALTH_LOST);
	close_use(&use);
	CU_ASSERT_EQUAL(open_as_far(&use, "fakert:0"), ROAD_DEVICE_LOST);
	lib.TestBack(0);
	opens_again(&use);
	end(&use);
}

/* Two fills, of which the second cannot be queued while the first one runs. */
static void a_failure_is_told_when_nothing_runs_any_more(void)
{
	struct use use = begin_at("fakert:0?hang_ms=50");
	road_submission submission = {.size = sizeof(submission)};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_list_create(use.space, 0, &submission.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_fill(submission.list, use.buffer, 0, 64, 1, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_fill(submission.list, use.buffer, 64, 64, 2, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(submission.list), ROAD_OK);
	lib.TestHang(0, 1);
	lib.TestFailCall(3, frtErrorInvalidValue); /* the device, the first fill, the second one */
	CU_ASSERT_EQUAL(road_queue_submit(use.queue, &submission, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, after(30)), ROAD_TIMEOUT);
	road_list_release(submission.list);
	road_queue_release(use.queue);
	use.queue = NULL;
	opens_again(&use);
	/* Without a hang it comes at once, and a reset makes the queue new. */
	CU_ASSERT_EQUAL_FATAL(road_list_create(use.space, 0, &submission.list), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_fill(submission.list, use.buffer, 0, 64, 1, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_fill(submission.list, use.buffer, 64, 64, 2, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_close(submission.list), ROAD_OK);
	lib.TestFailCall(3, frtErrorInvalidValue);
	CU_ASSERT_EQUAL(road_queue_submit(use.queue, &submission, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, after(20000)), ROAD_IO);
	CU_ASSERT_EQUAL(road_queue_reset(use.queue), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(fill(&use, use.queue), after(20000)), ROAD_OK);
	road_list_release(submission.list);
	end(&use);
}

/* A whole use, as far as it gets. */
static road_status pass(struct use *use)
{
	static const unsigned char there[64] = {1, 2, 3};
	unsigned char back[64] = {0};
	road_status status = open_as_far(use, "fakert:1");

	if (!status)
		status = road_queue_write(use->queue, use->buffer, 8, there, 64, NULL);
	if (!status)
		status = road_queue_fill(use->queue, use->buffer, 128, 64, 0x1234, 2, NULL);
	if (!status)
		status = road_queue_read(use->queue, back, use->buffer, 8, 64, NULL);
	if (!status)
		status = road_queue_drain(use->queue, after(20000));
	if (!status)
		CU_ASSERT_EQUAL(memcmp(back, there, sizeof(back)), 0);
	if (!status)
		status = road_queue_reset(use->queue);
	close_use(use);
	return status;
}

static void each_call_may_fail(void)
{
	static const int results[] = {frtErrorInvalidValue, frtErrorMemoryAllocation,
				      frtErrorDevicesUnavailable};
	struct use use = begin();
	uint64_t failures = 0;

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		uint64_t before = lib.TestCalls(), calls;

		CU_ASSERT_EQUAL_FATAL(pass(&use), ROAD_OK);
		calls = lib.TestCalls() - before;
		for (uint64_t nth = 1; nth <= calls; nth++) {
			lib.TestFailCall(nth, results[i]);
			failures += pass(&use) != ROAD_OK;
			lib.TestFailCall(0, 0);
			CU_ASSERT_EQUAL(lib.TestLive(), use.live);
		}
	}
	printf("# %llu uses failed\n", (unsigned long long)failures);
	CU_ASSERT(failures > 100);
	CU_ASSERT_EQUAL(pass(&use), ROAD_OK);
	end(&use);
}

/* A thread on which nobody ever chose a device, or chose another one. */
static void *use_it(void *arg)
{
	struct use *use = arg;
	struct frtPointerAttributes attributes;
	road_buffer *buffer = NULL;
	uint64_t address = 0;
	int device = -1;

	CU_ASSERT_EQUAL(lib.GetDevice(&device), frtSuccess);
	CU_ASSERT_EQUAL(device, 0);
	CU_ASSERT_EQUAL(lib.SetDevice(7), frtErrorInvalidDevice); /* the program's own error */
	CU_ASSERT_EQUAL(lib.GetLastError(), frtErrorInvalidDevice);
	road_buffer_options options = {.size = sizeof(options), .bytes = 64};

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(use->space, &options, &buffer), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
	CU_ASSERT_EQUAL(lib.PointerGetAttributes(&attributes, (void *)(uintptr_t)address),
			frtSuccess);
	CU_ASSERT_EQUAL(attributes.device, 1);
	CU_ASSERT_EQUAL(road_point_wait(fill(use, use->queue), after(20000)), ROAD_OK);
	road_buffer_release(buffer);
	options.bytes = UINT64_C(1) << 40;
	CU_ASSERT_EQUAL(road_buffer_create(use->space, &options, &buffer),
			ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_EQUAL(lib.GetDevice(&device), frtSuccess);
	CU_ASSERT_EQUAL(device, 0);
	CU_ASSERT_EQUAL(lib.GetLastError(), frtSuccess); /* none of the driver's is left */
	return NULL;
}

static void any_thread_reaches_its_device(void)
{
	enum { THREADS = 4 };
	struct use use = begin_at("fakert:1");
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, use_it, &use), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	end(&use);
}

static const struct tap_case cases[] = {
	{"a hung stream keeps nobody beyond a deadline", a_hung_stream_keeps_deadlines},
	{"work that does not end costs the device, and nothing else",
	 work_that_does_not_end_costs_the_device},
	{"a device that goes away wakes who waits", a_device_that_goes_away_wakes_who_waits},
	{"a failure is told when nothing runs any more",
	 a_failure_is_told_when_nothing_runs_any_more},
	{"each call of the library may fail", each_call_may_fail},
	{"any thread reaches its device, and keeps its own", any_thread_reaches_its_device},
};

TAP_MAIN(cases)
