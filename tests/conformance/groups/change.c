/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of changes. What any device can give to tell of: it is opened and closed, in an instance
 * that has nothing else; a simulated one can be pulled out, too.
 */
#include "tests/conformance/case.h"
#include "tests/conformance/fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* What every device gives to tell of: one that boots firmware tells of its boot between them. */
enum { COMMON = ROAD_CHANGE_ALL & ~ROAD_CHANGE_BOOT };

static road_watch *watch_of(road_instance *instance, uint32_t mask)
{
	road_watch *watch = NULL;

	CHECK_OK(road_watch_create(instance, mask, &watch));
	return watch;
}

/* Two common changes: it arrives, it is removed. */
static void open_and_close(road_instance *instance, const char *address)
{
	road_device *device = NULL;

	CHECK_OK(road_device_open(instance, address, &device));
	road_device_release(device);
}

static void come_and_go(struct fixture *f, road_instance *instance, unsigned times)
{
	while (times--)
		open_and_close(instance, f->address);
}

/* Whose changes are many in a short time: a device that is not made for whoever opens it may take a
 * second to be opened, and the changes of any other are as good here. */
static const char *busybody(struct fixture *f, road_instance *instance)
{
	static const char host[] = "host:";
	road_device *device = NULL;

	if (fixture_is_made(f) || road_device_open(instance, host, &device))
		return f->address;
	road_device_release(device);
	return host;
}

static road_change next(road_watch *watch, road_status wanted)
{
	road_change change = {.size = sizeof(change)};

	CHECK_STATUS(road_watch_next(watch, &change), wanted);
	return change;
}

static bool is_ready(road_watch *watch)
{
	struct pollfd poll_fd = {.events = POLLIN};

	CHECK_OK(road_watch_fd(watch, &poll_fd.fd));
	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents & POLLIN;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

CONFORMANCE_CASE(change, change_fd_and_read)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, COMMON);
	int fd = -1, again = -1;

	CHECK_OK(road_watch_fd(watch, &fd));
	CHECK_OK(road_watch_fd(watch, &again));
	CHECK_EQ(again, fd); /* the watch's own */
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	come_and_go(f, instance, 1);
	road_change arrived = next(watch, ROAD_OK), removed = next(watch, ROAD_OK);

	CHECK_EQ(arrived.kind, ROAD_CHANGE_ARRIVED);
	CHECK_EQ(removed.kind, ROAD_CHANGE_REMOVED);
	CHECK(!strcmp(arrived.address, f->info.address));
	CHECK(!strcmp(removed.address, f->info.address));
	CHECK(arrived.text[0] && removed.text[0]);
	(void)next(watch, ROAD_NOT_READY);
	road_watch_release(watch);
	CHECK(fcntl(fd, F_GETFD) < 0); /* it went with the watch */
}

CONFORMANCE_CASE(change, change_mask_filters)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *removed = watch_of(instance, ROAD_CHANGE_REMOVED);
	road_watch *lost = watch_of(instance, ROAD_CHANGE_LOST);

	come_and_go(f, instance, 2);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(next(removed, ROAD_OK).kind, ROAD_CHANGE_REMOVED);
	(void)next(removed, ROAD_NOT_READY);
	(void)next(lost, ROAD_NOT_READY);
	CHECK(!is_ready(lost) && !is_ready(removed));
	road_watch_release(removed);
	road_watch_release(lost);
}

/* A structure that is refused takes nothing; a short one takes the whole change. */
CONFORMANCE_CASE(change, change_read_whole_records_only)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, COMMON);
	road_change change = {.size = 4};

	come_and_go(f, instance, 1);
	CHECK_STATUS(road_watch_next(watch, &change), ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_watch_next(watch, NULL), ROAD_INVALID_ARGUMENT);
	memset(&change, 0xa5, sizeof(change));
	change.size = offsetof(road_change, time_ns);
	CHECK_STATUS(road_watch_next(watch, &change), ROAD_OK);
	CHECK_EQ(change.kind, ROAD_CHANGE_ARRIVED);
	CHECK_EQ(change.time_ns, UINT64_C(0xa5a5a5a5a5a5a5a5));
	CHECK_EQ(next(watch, ROAD_OK).kind, ROAD_CHANGE_REMOVED);
	(void)next(watch, ROAD_NOT_READY);
	road_watch_release(watch);
}

/* Readable while anything is unread, and no longer. */
CONFORMANCE_CASE(change, change_poll_ready)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, COMMON);

	for (int round = 0; round < 2; round++) {
		CHECK(!is_ready(watch));
		come_and_go(f, instance, 2);
		for (int i = 0; i < 4; i++) {
			CHECK(is_ready(watch));
			(void)next(watch, ROAD_OK);
		}
		CHECK(!is_ready(watch));
	}
	road_watch_release(watch);
}

CONFORMANCE_CASE(change, change_nonblock_not_ready)
{
	road_watch *watch = watch_of(f->instance, ROAD_CHANGE_ALL);
	road_change change, before;

	memset(&change, 0xa5, sizeof(change));
	change.size = sizeof(change);
	before = change;
	for (int i = 0; i < 3; i++)
		CHECK_STATUS(road_watch_next(watch, &change), ROAD_NOT_READY);
	CHECK_SAME(&change, &before, sizeof(change));
	road_watch_release(watch);
}

/* What is kept is the newest; the first of it says how many were lost before, as its number does.
 */
CONFORMANCE_CASE(change, change_overflow_sets_lost)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	const char *address = busybody(f, instance);
	road_watch *slow = watch_of(instance, ROAD_CHANGE_ALL);
	road_watch *quick = watch_of(instance, ROAD_CHANGE_ALL);
	uint64_t last = 0, made = 0, first = 0, kept = 0;

	for (int i = 0; i < 400; i++) {
		road_change change = {.size = sizeof(change)};

		open_and_close(instance, address);
		for (; !road_watch_next(quick, &change); made++) {
			CHECK_EQ(change.lost, 0);
			last = change.sequence;
		}
	}
	CHECK(made >= 800);
	first = last - made + 1;
	road_change change = next(slow, ROAD_OK);

	CHECK(change.lost > 0);
	CHECK_EQ(change.sequence, first + change.lost);
	for (kept = 1; change.sequence < last; kept++) {
		uint64_t before = change.sequence;

		change = next(slow, ROAD_OK);
		CHECK_EQ(change.sequence, before + 1);
		CHECK_EQ(change.lost, 0);
	}
	(void)next(slow, ROAD_NOT_READY);
	CHECK(!is_ready(slow));
	case_note("%llu changes are kept for a reader", (unsigned long long)kept);
	road_watch_release(slow);
	road_watch_release(quick);
}

CONFORMANCE_CASE(change, change_order_by_seq)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, ROAD_CHANGE_ALL);
	road_change change = {.size = sizeof(change)};
	uint64_t last = 0;
	int common = 0;

	come_and_go(f, instance, 8);
	for (; !road_watch_next(watch, &change); last = change.sequence) {
		CHECK(!last || change.sequence == last + 1);
		if (change.kind & COMMON) {
			CHECK_EQ(change.kind,
				 common % 2 ? ROAD_CHANGE_REMOVED : ROAD_CHANGE_ARRIVED);
			common++;
		}
	}
	CHECK_EQ(common, 16);
	road_watch_release(watch);
}

CONFORMANCE_CASE(change, change_timestamp_monotonic_in_range)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, COMMON);
	uint64_t last = now_ns();

	for (int i = 0; i < 4; i++) {
		come_and_go(f, instance, 1);
		uint64_t until = now_ns();

		for (int j = 0; j < 2; j++) {
			uint64_t at = next(watch, ROAD_OK).time_ns;

			CHECK(at >= last && at <= until);
			last = at;
		}
	}
	road_watch_release(watch);
}

/* One that reads takes nothing from another; one that comes later sees what comes later. */
CONFORMANCE_CASE(change, change_two_readers_each_get_all)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *one = watch_of(instance, COMMON);
	road_watch *two = watch_of(instance, COMMON);
	road_watch *elsewhere = watch_of(f->instance, ROAD_CHANGE_ALL);

	come_and_go(f, instance, 2);
	road_watch *late = watch_of(instance, COMMON);

	for (int i = 0; i < 4; i++) {
		road_change a = next(one, ROAD_OK), b = next(two, ROAD_OK);

		CHECK_SAME(&a, &b, sizeof(a));
	}
	(void)next(one, ROAD_NOT_READY);
	(void)next(two, ROAD_NOT_READY);
	(void)next(late, ROAD_NOT_READY);
	(void)next(elsewhere, ROAD_NOT_READY); /* another instance's */
	road_watch_release(one);
	come_and_go(f, instance, 1);
	uint64_t sequence = next(two, ROAD_OK).sequence;

	CHECK_EQ(next(late, ROAD_OK).sequence, sequence);
	road_watch_release(two);
	road_watch_release(late);
	road_watch_release(elsewhere);
}

/* The device is lost once and pulled out once, nothing is said of it afterwards but that it was
 * closed. */
CONFORMANCE_CASE(change, change_after_device_loss_final)
{
	road_instance *instance = fixture_instance(f, NULL, 0);
	road_watch *watch = watch_of(instance, COMMON & ~ROAD_CHANGE_ARRIVED);
	road_device *device = NULL;
	road_space *space = NULL;
	road_queue *queue = NULL;
	uint32_t health = 0;
	uint64_t resets = 0;
	road_point point;

	CHECK_OK(road_device_open(instance, f->address, &device));
	CHECK_OK(road_space_shared(device, &space));
	CHECK_OK(road_queue_create(space, NULL, &queue));
	CHECK_OK(road_sim_unplug(device));
	/* A thread of the library may be the one that looks at it. */
	for (int ms = 0; ms < 20000 && !is_ready(watch); ms++)
		usleep(1000);
	CHECK_EQ(next(watch, ROAD_OK).kind, ROAD_CHANGE_LOST);
	CHECK_EQ(next(watch, ROAD_OK).kind, ROAD_CHANGE_REMOVED); /* pulled out */
	CHECK_OK(road_sim_unplug(device));                        /* again */
	CHECK_STATUS(road_device_reset(device, ROAD_RESET_DEVICE), ROAD_DEVICE_LOST);
	CHECK_STATUS(road_queue_submit(queue, NULL, &point), ROAD_DEVICE_LOST);
	CHECK_OK(road_device_health(device, &health, &resets));
	CHECK_EQ(health, ROAD_HEALTH_LOST);
	(void)next(watch, ROAD_NOT_READY);
	road_queue_release(queue);
	road_space_release(space);
	road_device_release(device);
	CHECK_EQ(next(watch, ROAD_OK).kind, ROAD_CHANGE_REMOVED);
	(void)next(watch, ROAD_NOT_READY);
	road_watch_release(watch);
}
