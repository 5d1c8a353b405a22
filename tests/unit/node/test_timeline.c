/* SPDX-License-Identifier: Apache-2.0 */
/* Timelines that the kernel keeps, by a node that the test makes up. */
#include "tests/unit/node/fake.h"

#include <errno.h>

static const struct road_bus_timelines *timelines_of(struct road_bus *bus)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(road_bus_control_of(bus)->timelines);
	return road_bus_control_of(bus)->timelines;
}

static void a_timeline_is_a_syncobj_of_the_kernels(void)
{
	const struct road_bus_timelines *calls;
	uint32_t one = 0, other = 0;
	uint64_t value = 0;
	struct road_bus *bus;
	int fd = -1;

	begin();
	bus = open_bus();
	calls = timelines_of(bus);
	CU_ASSERT_EQUAL(calls->open(bus, -1, &one), ROAD_OK);
	CU_ASSERT_EQUAL(calls->open(bus, 0, &other), ROAD_OK); /* 0 is a descriptor, too */
	CU_ASSERT(one == MADE && other == MADE && fake.timeline.imported == 0);
	CU_ASSERT_EQUAL(fake.timeline.live, 2);
	CU_ASSERT_EQUAL(calls->fd(bus, one, &fd), ROAD_OK);
	CU_ASSERT_EQUAL(fd, 55);
	CU_ASSERT_EQUAL(calls->raise(bus, one, 5), ROAD_OK);
	CU_ASSERT_EQUAL(calls->value(bus, one, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, 5);
	/* A point out of order would begin a new timeline. */
	CU_ASSERT_EQUAL(calls->raise(bus, one, 5), ROAD_OK);
	CU_ASSERT_EQUAL(calls->raise(bus, one, 4), ROAD_OK);
	CU_ASSERT_EQUAL(fake.timeline.signals, 1);
	calls->close(bus, one);
	calls->close(bus, other);
	CU_ASSERT_EQUAL(fake.timeline.live, 0);
	fake.timeline.none = true;
	CU_ASSERT_EQUAL(calls->open(bus, -1, &one), ROAD_UNSUPPORTED);
	CU_ASSERT(says("a new syncobj") && says(fake.path));
	CU_ASSERT_EQUAL(fake.timeline.live, 0);
	bus->ops->close(bus);
	end();
}

static void who_waits_for_a_timeline_sleeps_in_the_kernel(void)
{
	const struct road_bus_timelines *calls;
	uint32_t one = 0;
	struct road_bus *bus;

	begin();
	bus = open_bus();
	calls = timelines_of(bus);
	CU_ASSERT_EQUAL(calls->open(bus, -1, &one), ROAD_OK);
	CU_ASSERT(calls->wait(bus, one, 7, 1234)); /* its time passes */
	CU_ASSERT_EQUAL(fake.timeline.waited.timeout_nsec, 1234);
	CU_ASSERT_EQUAL(fake.timeline.waited.flags, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT);
	fake.interrupted = 3;
	fake.timeline.value = 7;
	CU_ASSERT(calls->wait(bus, one, 7, ROAD_FOREVER));
	CU_ASSERT_EQUAL(fake.timeline.waited.timeout_nsec, INT64_MAX);
	CU_ASSERT_EQUAL(fake.timeline.waits, 2);
	fake.error = ENOENT;
	CU_ASSERT_FALSE(
		calls->wait(bus, one, 7, ROAD_FOREVER)); /* then it has to sleep elsewhere */
	fake.error = 0;
	calls->close(bus, one);
	bus->ops->close(bus);
	end();
}

/* It is found out under locks of the core's, which may not be told there. */
static void a_timeline_of_a_device_that_is_gone_says_so_and_calls_nobody(void)
{
	const struct road_bus_timelines *calls;
	uint32_t one = 0;
	uint64_t value = 9;
	struct road_bus *bus;
	int fd = -1;

	begin();
	bus = open_bus();
	calls = timelines_of(bus);
	CU_ASSERT_EQUAL(calls->open(bus, -1, &one), ROAD_OK);
	fake.error = ENODEV;
	CU_ASSERT_EQUAL(calls->value(bus, one, &value), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(value, 9);
	CU_ASSERT_EQUAL(gone_calls, 0);
	CU_ASSERT(bus->ops->lost(bus));
	fake.error = 0;
	CU_ASSERT_EQUAL(calls->raise(bus, one, 5), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(calls->fd(bus, one, &fd), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(calls->open(bus, -1, &one), ROAD_DEVICE_LOST);
	CU_ASSERT_FALSE(calls->wait(bus, one, 5, 0));
	calls->close(bus, one);
	CU_ASSERT(fake.timeline.live == 1 && !fake.timeline.signals && !fake.timeline.waits);
	bus->ops->close(bus);
	end();
}

static const struct tap_case cases[] = {
	{"a timeline is a syncobj of the kernel's", a_timeline_is_a_syncobj_of_the_kernels},
	{"who waits for a timeline sleeps in the kernel",
	 who_waits_for_a_timeline_sleeps_in_the_kernel},
	{"a timeline of a device that is gone says so and calls nobody",
	 a_timeline_of_a_device_that_is_gone_says_so_and_calls_nobody},
};

TAP_MAIN(cases)
