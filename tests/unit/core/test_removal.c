/* SPDX-License-Identifier: Apache-2.0 */
/* Surprise removal at every access to the bus of a small run: never a hang, a crash or a leak. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

struct run {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue, *second;
	road_buffer *buffer;
	road_list *list;
	road_event *event;
	road_point points[4];
	uint32_t point_count;
};

/* Outlives every run: a callback may still be under way when its points have failed. */
static _Atomic int called;

static void called_back(void *user)
{
	atomic_fetch_add((_Atomic int *)user, 1);
	usleep(200);
}

static void *wait_too(void *arg)
{
	struct run *r = arg;

	/* Whatever it is, it must be an answer, and not a timeout. */
	for (uint32_t i = 0; i < r->point_count; i++)
		CU_ASSERT_NOT_EQUAL(road_point_wait(r->points[i], soon()), ROAD_TIMEOUT);
	return NULL;
}

static void submit_work(struct run *r)
{
	static char bytes[3000];
	road_point wait = {r->event, 1};
	road_submission deferred = {
		.size = sizeof(deferred), .list = r->list, .waits = &wait, .wait_count = 1};
	road_submission with_callback = {.size = sizeof(with_callback), .list = r->list};

	if (!road_queue_write(r->queue, r->buffer, 0, bytes, sizeof(bytes),
			      &r->points[r->point_count]))
		r->point_count++;
	if (r->list && !road_queue_submit(r->queue, &with_callback, &r->points[r->point_count]))
		r->point_count++;
	if (r->list && !road_queue_submit(r->second, &deferred, &r->points[r->point_count]))
		r->point_count++;
	if (!road_queue_read(r->queue, bytes, r->buffer, 0, sizeof(bytes),
			     &r->points[r->point_count]))
		r->point_count++;
}

static void make_list(struct run *r)
{
	if (road_list_create(r->space, 0, &r->list)) {
		r->list = NULL;
		return;
	}
	if (road_list_fill(r->list, r->buffer, 0, 64, 5, 1) ||
	    road_list_callback(r->list, called_back, &called, 0) ||
	    road_list_fill(r->list, r->buffer, 64, 64, 6, 1) || road_list_close(r->list)) {
		road_list_release(r->list);
		r->list = NULL;
	}
}

/* The small run, as far as it gets. Returns how many accesses the bus saw; 0 if none was opened. */
static uint64_t run_once(const char *address)
{
	struct run r = {.instance = open_instance()};
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = 3000};
	uint64_t accesses = 0;
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(road_event_create(r.instance, 0, &r.event), ROAD_OK);
	if (!road_device_open(r.instance, address, &r.device) &&
	    !road_space_shared(r.device, &r.space) && !road_queue_create(r.space, NULL, &r.queue) &&
	    !road_queue_create(r.space, NULL, &r.second) &&
	    !road_buffer_create(r.space, &options, &r.buffer)) {
		make_list(&r);
		submit_work(&r);
		pthread_create(&thread, NULL, wait_too, &r);
		road_event_signal(r.event, 1);
		wait_too(&r);
		pthread_join(thread, NULL);
	}
	if (r.device)
		road_sim_counter(r.device, 0, NULL, &accesses);
	road_list_release(r.list);
	road_buffer_release(r.buffer);
	road_queue_release(r.second);
	road_queue_release(r.queue);
	road_space_release(r.space);
	road_device_release(r.device);
	road_event_release(r.event);
	road_instance_release(r.instance);
	return accesses;
}

static void removal_at_every_access_never_hangs(const char *device)
{
	char address[128];

	snprintf(address, sizeof(address), "faulty(remove@1000000):%s", device);
	uint64_t accesses = run_once(address);

	CU_ASSERT_FATAL(accesses > 20);
	printf("# %s: %llu accesses\n", device, (unsigned long long)accesses);
	for (uint64_t at = 1; at <= accesses; at++) {
		snprintf(address, sizeof(address), "faulty(remove@%llu):%s", (unsigned long long)at,
			 device);
		run_once(address);
	}
}

static void removal_of_edu(void)
{
	removal_at_every_access_never_hangs("sim:edu");
}

static void removal_of_a_gpgpu(void)
{
	removal_at_every_access_never_hangs("sim:gpu-small?time=functional");
}

static void removal_of_a_dsa(void)
{
	removal_at_every_access_never_hangs("sim:dsa-small?time=functional");
}

static void planned_failures_are_told(void)
{
	static const char *const plans[] = {"fail:dma_alloc@1", "fail:dma_alloc@2",
					    "fail:dma_map@1"};
	char address[128];

	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		snprintf(address, sizeof(address), "faulty(%s):sim:edu", plans[i]);
		run_once(address);
	}
	road_instance *instance = open_instance();
	road_device *device;

	CU_ASSERT_EQUAL(road_device_open(instance, "faulty(fail:dma_alloc@1):sim:edu", &device),
			ROAD_IO);
	CU_ASSERT_EQUAL(road_device_open(instance, "faulty(bogus@1):sim:edu", &device),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_device_open(instance, "faulty(remove@0):sim:edu", &device),
			ROAD_INVALID_ARGUMENT);
	road_instance_release(instance);
}

static void unplugging_wakes_waiters_and_is_told(void)
{
	struct fixture f = setup("sim:edu");
	road_watch *watch;
	road_change change = {.size = sizeof(change)};
	road_event *event;
	road_point done;
	uint32_t health;
	uint64_t resets;

	CU_ASSERT_EQUAL_FATAL(road_watch_create(f.instance, ROAD_CHANGE_LOST, &watch), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	road_point wait = {event, 1};
	road_submission s = {.size = sizeof(s), .waits = &wait, .wait_count = 1};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	CU_ASSERT_EQUAL(road_sim_unplug(f.device), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_device_health(f.device, &health, &resets), ROAD_OK);
	CU_ASSERT_EQUAL(health, ROAD_HEALTH_LOST);
	CU_ASSERT_EQUAL(road_watch_next(watch, &change), ROAD_OK);
	CU_ASSERT_EQUAL(change.kind, ROAD_CHANGE_LOST);
	CU_ASSERT_STRING_EQUAL(change.address, "sim:edu");
	CU_ASSERT_EQUAL(road_watch_next(watch, &change), ROAD_NOT_READY);
	road_event_release(event);
	road_watch_release(watch);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"unplugging wakes waiters and is told", unplugging_wakes_waiters_and_is_told},
	{"planned failures are told", planned_failures_are_told},
	{"removal of edu at every access never hangs", removal_of_edu},
	{"removal of a GPGPU at every access never hangs", removal_of_a_gpgpu},
	{"removal of a DSA at every access never hangs", removal_of_a_dsa},
};

TAP_MAIN(cases)
