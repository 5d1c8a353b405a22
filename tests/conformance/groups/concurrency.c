/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads, signals of the system, and long random walks over the whole interface. */
#include "tests/conformance/fixture.h"
#include "tests/conformance/groups/steps.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 4 };

/* One of several threads at work: its number, and what they share. */
struct worker {
	struct fixture *f;
	struct shared *shared;
	uint32_t number;
	uint64_t random;
	pthread_t thread;
};

struct shared {
	road_queue *queue;
	road_buffer *buffer;
	road_event *event;
	unsigned char *map;
	_Atomic uint64_t taken[64]; /* values of the timeline that somebody got */
	_Atomic uint32_t failures, made, refused;
	_Atomic bool stop;
	uint32_t rounds;
};

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* What goes wrong in a thread is counted; the first few are told. */
static void wrong(struct shared *shared, const char *what, road_status status)
{
	if (atomic_fetch_add(&shared->failures, 1) < 4)
		CASE_FAIL("%s: %s", what, road_status_text(status));
}

#define EXPECT(shared, call, good)                       \
	do {                                             \
		road_status status_ = (call);            \
		if (status_ != ROAD_OK && !(good))       \
			wrong((shared), #call, status_); \
	} while (0)
#define EXPECT_OK(shared, call) EXPECT(shared, call, false)

static void start_all(struct fixture *f, struct worker *workers, struct shared *shared,
		      void *(*run)(void *))
{
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){f, shared, i, f->seed + i, 0};
		REQUIRE_EQ(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
	}
}

static void join_all(struct worker *workers)
{
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
}

/* ---- objects ---- */

static void make_space(struct worker *w)
{
	road_space *space = NULL;
	road_status status = road_space_create(w->f->device, NULL, &space);

	if (status == ROAD_NO_SPACE) /* the others have them */
		return;
	EXPECT_OK(w->shared, status);
	road_space_release(space);
}

static void make_queue(struct worker *w, road_list *list)
{
	road_queue *queue = NULL;
	road_status status = road_queue_create(w->f->space, NULL, &queue);

	if (status == ROAD_NO_SPACE) {
		atomic_fetch_add(&w->shared->refused, 1);
		return;
	}
	EXPECT_OK(w->shared, status);
	if (status)
		return;
	atomic_fetch_add(&w->shared->made, 1);
	EXPECT_OK(w->shared, step_try(queue, (struct step){.list = list}, NULL));
	if (next_random(&w->random) % 2)
		EXPECT_OK(w->shared, road_queue_drain(queue, SOON));
	road_queue_release(queue); /* else with its work under way */
}

static void make_image(struct worker *w, void *text, size_t bytes)
{
	road_image *image = NULL;
	road_kernel *kernel = NULL;

	EXPECT_OK(w->shared, road_image_load(w->f->space, text, bytes, NULL, &image));
	EXPECT_OK(w->shared, road_image_kernel(image, "iota", &kernel));
	road_image_release(image);
	road_kernel_release(kernel);
}

static void make_others(struct worker *w)
{
	road_device *device = NULL;
	road_watch *watch = NULL;
	road_telemetry *telemetry = NULL;
	road_event *event = NULL;
	uint64_t value = 0;

	EXPECT_OK(w->shared, road_device_open(w->f->instance, w->f->address, &device));
	if (device != w->f->device)
		wrong(w->shared, "another device", ROAD_OK);
	road_device_release(device);
	EXPECT_OK(w->shared, road_watch_create(w->f->instance, ROAD_CHANGE_ALL, &watch));
	road_watch_release(watch);
	EXPECT_OK(w->shared,
		  road_telemetry_create(w->f->device, ROAD_TELEMETRY_QUEUES, 1000000, &telemetry));
	road_telemetry_release(telemetry);
	EXPECT_OK(w->shared, road_event_create(w->f->instance, 1, &event));
	EXPECT_OK(w->shared, road_event_signal(event, 2));
	EXPECT_OK(w->shared, road_event_value(event, &value));
	road_event_release(event);
}

static void *make_everything(void *arg)
{
	struct worker *w = arg;
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(w->f), .bytes = 64};
	size_t bytes = 0;
	void *text = w->shared->map; /* of the image; NULL: there is none */
	unsigned char source[64] = {1};

	for (uint32_t i = 0; i < w->shared->rounds; i++) {
		road_buffer *buffer = NULL, *view = NULL;
		road_list *list = NULL;

		EXPECT_OK(w->shared, road_buffer_create(w->f->space, &options, &buffer));
		EXPECT_OK(w->shared, road_buffer_view(buffer, 8, 32, &view));
		EXPECT_OK(w->shared, road_list_create(w->f->space, 0, &list));
		EXPECT_OK(w->shared, road_list_write(list, view, 0, source, 32));
		EXPECT_OK(w->shared, road_list_close(list));
		road_buffer_release(buffer);
		road_buffer_release(view);
		make_queue(w, list);
		road_list_release(list);
		if (w->f->info.features & ROAD_FEATURE_SPACES)
			make_space(w);
		bytes = (size_t)atomic_load(&w->shared->taken[0]);
		if (text && i % 8 == 0)
			make_image(w, text, bytes);
		make_others(w);
	}
	return NULL;
}

CONFORMANCE_CASE(concurrency, threads_create_destroy_all_objects)
{
	struct shared *shared = fixture_memory(f, sizeof(*shared));
	struct worker workers[THREADS];
	size_t bytes = 0;

	shared->rounds = f->soak ? 5000 : 60;
	if (fixture_has(f, CAPABILITY_IMAGES))
		shared->map = fixture_image_bytes(f, &bytes);
	atomic_store(&shared->taken[0], bytes);
	start_all(f, workers, shared, make_everything);
	join_all(workers);
	CHECK_EQ(atomic_load(&shared->failures), 0);
	CHECK(atomic_load(&shared->made) > 0);
	/* All of it is there again. */
	CHECK_OK(road_point_wait(step_submit(fixture_queue(f), (struct step){0}), SOON));
}

/* ---- one queue, one event ---- */

/* Submits until it is taken; a full queue is waited for. */
static road_status submit_patiently(road_queue *queue, struct step step, road_point *point)
{
	road_status status;

	while ((status = step_try(queue, step, point)) == ROAD_NOT_READY)
		(void)road_queue_drain(queue, road_deadline_after(1000000));
	return status;
}

static void *share_queue(void *arg)
{
	struct worker *w = arg;
	uint32_t at = w->number * 8;
	uint64_t seen = 0, last = 0;

	for (uint64_t i = 1; i <= w->shared->rounds; i++) {
		road_status status;
		road_point point = {0};

		while ((status = road_queue_write(w->shared->queue, w->shared->buffer, at, &i, 8,
						  NULL)) == ROAD_NOT_READY)
			(void)road_queue_drain(w->shared->queue, road_deadline_after(1000000));
		EXPECT_OK(w->shared, status);
		EXPECT_OK(w->shared, submit_patiently(w->shared->queue, (struct step){0}, &point));
		if (point.value <= last) /* of one thread they rise */
			wrong(w->shared, "a point that does not rise", ROAD_OK);
		last = point.value;
		if (i % 4)
			continue;
		while ((status = road_queue_read(w->shared->queue, &seen, w->shared->buffer, at, 8,
						 &point)) == ROAD_NOT_READY)
			(void)road_queue_drain(w->shared->queue, road_deadline_after(1000000));
		EXPECT_OK(w->shared, status);
		EXPECT_OK(w->shared, road_point_wait(point, SOON));
		if (seen != i)
			wrong(w->shared, "another thread's word", ROAD_OK);
	}
	return NULL;
}

CONFORMANCE_CASE(concurrency, threads_submit_one_queue)
{
	struct shared *shared = fixture_memory(f, sizeof(*shared));
	struct worker workers[THREADS];
	road_point tail;

	shared->rounds = f->soak ? 10000 : 200;
	shared->queue = fixture_queue(f);
	shared->buffer = fixture_buffer(f, THREADS * 8);
	start_all(f, workers, shared, share_queue);
	join_all(workers);
	CHECK_EQ(atomic_load(&shared->failures), 0);
	/* Every number was given once: the last is the count of all. */
	CHECK_OK(road_queue_tail(shared->queue, &tail));
	CHECK_EQ(tail.value, (uint64_t)THREADS * (shared->rounds * 2 + shared->rounds / 4));
	CHECK_OK(road_point_wait(tail, SOON));
}

static void *wait_for_each(void *arg)
{
	struct worker *w = arg;
	uint64_t now = 0, before = 0;

	for (uint64_t i = 1; i <= w->shared->rounds; i += 1 + w->number) {
		road_point points[2] = {{w->shared->event, i}, {w->shared->event, UINT64_MAX - 1}};
		uint32_t index = 9;

		EXPECT_OK(w->shared, road_event_wait(points, 2, ROAD_WAIT_ANY, SOON, &index));
		if (index)
			wrong(w->shared, "the wrong index", ROAD_OK);
		EXPECT_OK(w->shared, road_event_value(w->shared->event, &now));
		if (now < i || now < before)
			wrong(w->shared, "a value that fell", ROAD_OK);
		before = now;
	}
	return NULL;
}

CONFORMANCE_CASE(concurrency, threads_wait_same_event)
{
	struct shared *shared = fixture_memory(f, sizeof(*shared));
	struct worker workers[THREADS];

	shared->rounds = f->soak ? 20000 : 400;
	shared->event = fixture_event(f, 0);
	start_all(f, workers, shared, wait_for_each);
	for (uint64_t i = 1; i <= shared->rounds; i++) {
		if (i % 3) {
			CHECK_OK(road_event_signal(shared->event, i));
			continue;
		}
		road_point promised = {shared->event, i};

		CHECK_OK(submit_patiently(fixture_queue(f), (struct step){.signal = promised},
					  NULL));
		CHECK_OK(road_point_wait(promised, SOON));
	}
	join_all(workers);
	CHECK_EQ(atomic_load(&shared->failures), 0);
}

static void *map_and_unmap(void *arg)
{
	struct worker *w = arg;
	bool coherent = w->f->info.features & ROAD_FEATURE_COHERENT;
	uint64_t at = w->number * 256; /* no line of memory is shared */

	for (uint32_t i = 0; i < w->shared->rounds; i++) {
		unsigned char *bytes = NULL;

		EXPECT_OK(w->shared,
			  road_buffer_map(w->shared->buffer, at, 256,
					  ROAD_MAP_READ | ROAD_MAP_WRITE, (void **)&bytes));
		if (!bytes)
			return NULL;
		if (i && bytes[i % 256] != (unsigned char)(i - 1 + w->number))
			wrong(w->shared, "a byte that was not kept", ROAD_OK);
		memset(bytes, (int)(i + w->number) & 0xff, 256);
		if (!coherent)
			EXPECT_OK(w->shared, road_buffer_flush(w->shared->buffer, at, 256));
		EXPECT_OK(w->shared, road_buffer_unmap(w->shared->buffer));
	}
	return NULL;
}

CONFORMANCE_CASE(concurrency, threads_map_unmap)
{
	struct shared *shared = fixture_memory(f, sizeof(*shared));
	struct worker workers[THREADS];
	unsigned char back[THREADS * 256];

	shared->rounds = f->soak ? 20000 : 500;
	shared->buffer = fixture_buffer_in(f, fixture_visible_heap(f), sizeof(back));
	start_all(f, workers, shared, map_and_unmap);
	join_all(workers);
	CHECK_EQ(atomic_load(&shared->failures), 0);
	fixture_get(f, back, shared->buffer, 0, sizeof(back));
	for (uint32_t i = 0; i < sizeof(back); i++)
		CHECK_EQ(back[i], (unsigned char)(shared->rounds - 1 + i / 256));
	CHECK_STATUS(road_buffer_unmap(shared->buffer), ROAD_INVALID_ARGUMENT);
}

/* ---- while it is reset ---- */

static void *ask_everything(void *arg)
{
	struct worker *w = arg;
	road_device_info info = {.size = sizeof(info)};
	road_heap_info heap = {.size = sizeof(heap)};
	road_metric metric = {.size = sizeof(metric)};
	road_error detail = {.size = sizeof(detail)};
	uint64_t device_ns, host_ns, resets, value;
	uint32_t health;

	while (!atomic_load(&w->shared->stop)) {
		EXPECT_OK(w->shared, road_device_info_get(w->f->device, &info));
		EXPECT_OK(w->shared, road_device_heap(w->f->device, 0, &heap));
		EXPECT_OK(w->shared, road_device_clock(w->f->device, &device_ns, &host_ns));
		EXPECT_OK(w->shared, road_device_health(w->f->device, &health, &resets));
		EXPECT_OK(w->shared,
			  road_device_telemetry(w->f->device, ROAD_TELEMETRY_QUEUES, 0, &metric));
		EXPECT_OK(w->shared, road_event_value(w->shared->event, &value));
		(void)road_queue_status(w->shared->queue, &detail);
		(void)road_space_status(w->f->space, &detail);
		if (health == ROAD_HEALTH_LOST)
			wrong(w->shared, "the device is lost", ROAD_OK);
	}
	return NULL;
}

CONFORMANCE_CASE(concurrency, threads_query_during_reset)
{
	struct shared *shared = fixture_memory(f, sizeof(*shared));
	unsigned char bytes[256] = {1};
	struct worker workers[THREADS];
	uint64_t before = 0, after = 0;
	uint32_t health = 9, rounds = f->soak ? 1000 : 30, resets = 0;

	shared->queue = fixture_queue(f);
	shared->event = fixture_event(f, 0);
	shared->buffer = fixture_buffer(f, sizeof(bytes));
	CHECK_OK(road_device_health(f->device, &health, &before));
	start_all(f, workers, shared, ask_everything);
	for (uint32_t i = 0; i < rounds; i++) {
		road_point point = {0};
		road_status status;

		for (int j = 0; j < 4; j++)
			CHECK_OK(road_queue_write(shared->queue, shared->buffer, 0, bytes,
						  sizeof(bytes), &point));
		CHECK_OK(road_event_retain(point.event));
		status = road_device_reset(f->device, ROAD_RESET_DEVICE);
		if (status == ROAD_UNSUPPORTED) /* then queues alone are */
			status = road_queue_reset(shared->queue);
		else
			resets++;
		CHECK_OK(status);
		status = road_point_wait(point, SOON); /* done before, or cancelled */
		CHECK(status == ROAD_OK || status == ROAD_CANCELLED);
		road_event_release(point.event);
		CHECK_OK(road_queue_reset(shared->queue));
		CHECK_OK(road_point_wait(step_submit(shared->queue, (struct step){0}), SOON));
	}
	atomic_store(&shared->stop, true);
	join_all(workers);
	CHECK_EQ(atomic_load(&shared->failures), 0);
	CHECK_OK(road_device_health(f->device, &health, &after));
	CHECK_EQ(after - before, resets);
	CHECK_EQ(health, ROAD_HEALTH_OK);
}

/* ---- signals of the system ---- */

static _Atomic uint32_t storms;

static void stormed(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&storms, 1, memory_order_relaxed);
}

static timer_t start_storm(void)
{
	struct sigaction action = {.sa_handler = stormed}; /* no SA_RESTART */
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	struct itimerspec period = {{0, 150000}, {0, 150000}};
	timer_t timer;

	REQUIRE_EQ(sigaction(SIGUSR2, &action, NULL), 0);
	REQUIRE_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	REQUIRE_EQ(timer_settime(timer, 0, &period, NULL), 0);
	return timer;
}

static void work_in_the_storm(struct fixture *f, uint32_t round)
{
	unsigned char there[128], back[128] = {0};
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = sizeof(there)};
	road_event *event = NULL;
	road_buffer *buffer = NULL;
	road_queue *queue = NULL;
	road_point point;
	int fd = -1, seen;

	fixture_fill_random(f, there, sizeof(there));
	CHECK_OK(road_event_create(f->instance, 0, &event));
	CHECK_OK(road_buffer_create(f->space, &options, &buffer));
	CHECK_OK(road_queue_create(f->space, NULL, &queue));
	CHECK_OK(road_queue_write(queue, buffer, 0, there, sizeof(there), NULL));
	CHECK_OK(road_queue_read(queue, back, buffer, 0, sizeof(back), &point));
	CHECK_STATUS(road_point_wait((road_point){event, 1}, road_deadline_after(3000000)),
		     ROAD_TIMEOUT); /* asleep all the time */
	CHECK_OK(road_event_point_fd(point.event, point.value, &fd));
	struct pollfd p = {.fd = fd, .events = POLLIN};

	do
		seen = poll(&p, 1, 20000); /* our own call: that one is interrupted */
	while (seen < 0);
	CHECK_EQ(seen, 1);
	close(fd);
	CHECK_OK(road_queue_drain(queue, SOON));
	CHECK_SAME(there, back, sizeof(there));
	if (round % 4 == 0)
		CHECK_OK(road_queue_reset(queue));
	CHECK_OK(road_space_drain(f->space, SOON));
	road_queue_release(queue);
	road_buffer_release(buffer);
	road_event_release(event);
}

CONFORMANCE_CASE(concurrency, signal_storm_all_calls)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE,
					 .library_folder = fixture_libraries(f)};
	timer_t timer;

	atomic_store(&storms, 0);
	timer = start_storm();
	for (uint32_t i = 0; i < (f->soak ? 2000 : 30); i++) {
		road_instance *instance = NULL;
		road_device *device = NULL;

		work_in_the_storm(f, i);
		if (i % 10)
			continue;
		fixture_let_go(f);
		CHECK_OK(road_instance_create(&options, &instance));
		CHECK_OK(road_device_open(instance, f->address, &device));
		road_device_release(device);
		road_instance_release(instance);
		fixture_back(f);
	}
	timer_delete(timer);
	CHECK(atomic_load(&storms) > 50);
}
