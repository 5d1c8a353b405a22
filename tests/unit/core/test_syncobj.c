/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that are shared as syncobjs, with a kernel that the test makes up: devices of host: get
 * its calls. Two devices of two instances stand for two processes.
 */
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "hal/core/core.h"
#include "tests/unit/core/fixture.h"

/* ---- the kernel ---- */

enum { SYNCOBJS = 64, DESCRIPTOR = 1000 }; /* a descriptor of syncobj i is DESCRIPTOR + i */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t raised;
	struct {
		uint64_t value;
		uint32_t holders;
	} of[SYNCOBJS];
	uint32_t first, count; /* of this case: what an earlier one had may be closed late */
	uint32_t raises, sleepers;
	uint32_t no_memory; /* for so many raises */
	bool gone;
	uint64_t once_slept; /* what another process says once somebody sleeps */
} kernel = {.lock = PTHREAD_MUTEX_INITIALIZER, .raised = PTHREAD_COND_INITIALIZER};

static road_status lost(void)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", "test", "", "");
}

static road_status kernel_open(struct road_bus *bus, int fd, uint32_t *out)
{
	road_status status = ROAD_OK;

	(void)bus;
	pthread_mutex_lock(&kernel.lock);
	const uint32_t index = fd < 0 ? kernel.count : (uint32_t)fd - DESCRIPTOR;

	if (fd >= 0 && index >= kernel.count)
		status = road_fail(ROAD_INVALID_ARGUMENT, "no syncobj", "test", "", "");
	else if (kernel.gone)
		status = lost();
	if (!status) {
		CU_ASSERT_FATAL(index < SYNCOBJS);
		kernel.count += fd < 0;
		kernel.of[index].holders++;
		*out = index + 1;
	}
	pthread_mutex_unlock(&kernel.lock);
	return status;
}

static void kernel_close(struct road_bus *bus, uint32_t timeline)
{
	(void)bus;
	pthread_mutex_lock(&kernel.lock);
	CU_ASSERT(kernel.of[timeline - 1].holders > 0);
	kernel.of[timeline - 1].holders--;
	pthread_mutex_unlock(&kernel.lock);
}

static road_status kernel_fd(struct road_bus *bus, uint32_t timeline, int *out)
{
	(void)bus;
	*out = (int)(DESCRIPTOR + timeline - 1);
	return ROAD_OK;
}

static road_status kernel_value(struct road_bus *bus, uint32_t timeline, uint64_t *out)
{
	road_status status;

	(void)bus;
	pthread_mutex_lock(&kernel.lock);
	status = kernel.gone ? lost() : ROAD_OK;
	if (!status)
		*out = kernel.of[timeline - 1].value;
	pthread_mutex_unlock(&kernel.lock);
	return status;
}

static void say(uint32_t index, uint64_t value)
{
	kernel.of[index].value = value;
	pthread_cond_broadcast(&kernel.raised);
}

static road_status kernel_raise(struct road_bus *bus, uint32_t timeline, uint64_t value)
{
	road_status status = ROAD_OK;

	(void)bus;
	pthread_mutex_lock(&kernel.lock);
	kernel.raises++;
	if (kernel.gone)
		status = lost();
	else if (kernel.no_memory && kernel.no_memory--)
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory", "test", "", "");
	else if (value > kernel.of[timeline - 1].value)
		say(timeline - 1, value);
	pthread_mutex_unlock(&kernel.lock);
	return status;
}

static bool kernel_wait(struct road_bus *bus, uint32_t timeline, uint64_t value,
			uint64_t deadline_ns)
{
	const struct timespec until = {.tv_sec = (time_t)(deadline_ns / SECOND),
				       .tv_nsec = (long)(deadline_ns % SECOND)};
	bool slept;

	(void)bus;
	pthread_mutex_lock(&kernel.lock);
	kernel.sleepers++;
	if (kernel.once_slept)
		say(timeline - 1, kernel.once_slept);
	while (!kernel.gone && kernel.of[timeline - 1].value < value &&
	       !pthread_cond_clockwait(&kernel.raised, &kernel.lock, CLOCK_MONOTONIC, &until))
		;
	slept = !kernel.gone;
	pthread_mutex_unlock(&kernel.lock);
	return slept;
}

static const struct road_bus_timelines calls = {
	.open = kernel_open,
	.close = kernel_close,
	.fd = kernel_fd,
	.value = kernel_value,
	.raise = kernel_raise,
	.wait = kernel_wait,
};
static const struct road_bus_control with_syncobjs = {.timelines = &calls};

/* ---- helpers ---- */

static struct fixture process(void)
{
	struct fixture f = setup("host:");

	f.device->control = &with_syncobjs;
	return f;
}

static void begin(void)
{
	pthread_mutex_lock(&kernel.lock);
	kernel.first = kernel.count;
	kernel.raises = kernel.sleepers = kernel.no_memory = 0;
	kernel.once_slept = 0;
	kernel.gone = false;
	pthread_mutex_unlock(&kernel.lock);
}

static uint32_t holders(void)
{
	uint32_t all = 0;

	pthread_mutex_lock(&kernel.lock);
	for (uint32_t i = kernel.first; i < kernel.count; i++)
		all += kernel.of[i].holders;
	pthread_mutex_unlock(&kernel.lock);
	return all;
}

/* Who just looks at an event, or at a device's queue, may be the last to let go of it. */
static bool held_by(uint32_t count)
{
	const uint64_t end = soon();

	while (holders() != count && road_now_ns() < end)
		usleep(100);
	return holders() == count;
}

/* Of the case's first syncobj. */
static uint64_t told(void)
{
	pthread_mutex_lock(&kernel.lock);
	const uint64_t value = kernel.of[kernel.first].value;

	pthread_mutex_unlock(&kernel.lock);
	return value;
}

static void another_says(uint64_t value)
{
	pthread_mutex_lock(&kernel.lock);
	say(kernel.first, value);
	pthread_mutex_unlock(&kernel.lock);
}

static uint64_t value_of(road_event *event)
{
	uint64_t value = 0;

	CU_ASSERT_EQUAL(road_event_value(event, &value), ROAD_OK);
	return value;
}

static road_event *make(struct fixture *f, uint64_t initial)
{
	road_event *event = NULL;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f->instance, initial, &event), ROAD_OK);
	return event;
}

static int export(struct fixture *f, road_event *event)
{
	int fd = -1;

	CU_ASSERT_EQUAL_FATAL(road_event_export_syncobj(event, f->device, &fd), ROAD_OK);
	return fd;
}

static road_event *import(struct fixture *f, int fd)
{
	road_event *event = NULL;

	CU_ASSERT_EQUAL_FATAL(road_event_import_syncobj(f->device, fd, &event), ROAD_OK);
	return event;
}

/* ---- cases ---- */

static void both_ends_show_the_same_value(void)
{
	begin();
	struct fixture one = process(), two = process();
	road_event *mine = make(&one, 3), *theirs;
	const int fd = export(&one, mine);

	CU_ASSERT_EQUAL(export(&one, mine), fd); /* the same syncobj */
	theirs = import(&two, fd);
	CU_ASSERT_EQUAL(value_of(theirs), 3);
	CU_ASSERT_EQUAL(road_event_signal(mine, 8), ROAD_OK);
	CU_ASSERT_EQUAL(value_of(theirs), 8);
	CU_ASSERT_EQUAL(road_event_signal(theirs, 9), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){mine, 9}, soon()), ROAD_OK);
	/* Of a failure the other side hears nothing. */
	CU_ASSERT_EQUAL(road_event_fail(mine, 20, ROAD_IO), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){theirs, 20}, 0), ROAD_TIMEOUT);
	CU_ASSERT_EQUAL(road_event_signal(theirs, 25), ROAD_OK); /* a failed point stays failed */
	CU_ASSERT_EQUAL(road_point_wait((road_point){mine, 20}, soon()), ROAD_IO);
	CU_ASSERT(held_by(2));
	road_event_release(mine);
	road_event_release(theirs);
	CU_ASSERT(held_by(0));
	teardown(&one);
	teardown(&two);
}

/* Nothing but its sleep there makes the value come. */
static void who_waits_sleeps_in_the_kernel_which_wakes_it(void)
{
	begin();
	struct fixture f = process();
	road_event *event = make(&f, 0);

	export(&f, event);
	kernel.once_slept = 5;
	CU_ASSERT_EQUAL(road_point_wait((road_point){event, 5}, soon()), ROAD_OK);
	CU_ASSERT(kernel.sleepers >= 1);
	road_event_release(event);
	teardown(&f);
}

/* Also who waits for work that waits for it, and promises more on it. */
static void who_waits_for_work_that_waits_for_it_sleeps_there(void)
{
	begin();
	struct fixture f = process();
	road_event *event = make(&f, 0);
	const road_point awaited = {event, 5}, promised = {event, 9};
	const road_submission after = {.size = sizeof(after),
				       .waits = &awaited,
				       .wait_count = 1,
				       .signals = &promised,
				       .signal_count = 1};
	road_point done;

	export(&f, event);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &after, &done), ROAD_OK);
	kernel.once_slept = 5;
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	CU_ASSERT(kernel.sleepers >= 1);
	CU_ASSERT_EQUAL(road_point_wait(promised, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(told(), 9);
	road_event_release(event);
	teardown(&f);
}

static void a_wait_ends_at_its_deadline(void)
{
	begin();
	struct fixture f = process();
	road_event *event = make(&f, 0);

	export(&f, event);
	/* A machine that is busy may let the time pass before it sleeps. */
	for (uint64_t ns = 20000000; !kernel.sleepers && ns < 20 * SECOND; ns *= 2)
		CU_ASSERT_EQUAL(road_point_wait((road_point){event, 5}, road_now_ns() + ns),
				ROAD_TIMEOUT);
	CU_ASSERT(kernel.sleepers >= 1);
	road_event_release(event);
	teardown(&f);
}

/* Nobody here waits in a call: the background thread sees it. */
static void work_that_waits_goes_on_when_another_process_signals(void)
{
	begin();
	struct fixture f = process();
	road_event *event = make(&f, 0), *result = make(&f, 0);
	const road_point awaited = {event, 2}, promised = {result, 1};
	const road_submission s = {.size = sizeof(s),
				   .waits = &awaited,
				   .wait_count = 1,
				   .signals = &promised,
				   .signal_count = 1};
	struct pollfd polled = {.events = POLLIN};

	export(&f, event);
	CU_ASSERT_EQUAL(road_event_point_fd(result, 1, &polled.fd), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	another_says(2);
	CU_ASSERT_EQUAL(poll(&polled, 1, 60000), 1);
	close(polled.fd);
	road_event_release(event);
	road_event_release(result);
	teardown(&f);
}

static void what_a_queue_signals_others_see(void)
{
	begin();
	struct fixture one = process(), two = process();
	road_event *mine = make(&one, 0), *theirs = import(&two, export(&one, mine));
	const road_point promised = {mine, 6};
	const road_submission s = {.size = sizeof(s), .signals = &promised, .signal_count = 1};

	CU_ASSERT_EQUAL(road_queue_submit(one.queue, &s, NULL), ROAD_OK);
	road_event_release(mine); /* the promise holds it */
	CU_ASSERT_EQUAL(road_point_wait((road_point){theirs, 6}, soon()), ROAD_OK);
	road_event_release(theirs);
	teardown(&one);
	teardown(&two);
}

static void what_the_kernel_had_no_memory_for_is_told_later(void)
{
	begin();
	struct fixture one = process(), two = process();
	road_event *mine = make(&one, 0), *theirs = import(&two, export(&one, mine));

	kernel.no_memory = 1;
	CU_ASSERT_EQUAL(road_event_signal(mine, 4), ROAD_OK);
	CU_ASSERT_EQUAL(value_of(mine), 4); /* looks */
	CU_ASSERT_EQUAL(told(), 4);
	CU_ASSERT_EQUAL(value_of(theirs), 4);
	const uint32_t raises = kernel.raises;

	CU_ASSERT_EQUAL(value_of(mine), 4);
	CU_ASSERT_EQUAL(kernel.raises, raises); /* once is enough */
	road_event_release(mine);
	road_event_release(theirs);
	teardown(&one);
	teardown(&two);
}

/* It is shared as long as the device is open: what came by it fails then, what went out lives. */
static void the_devices_end_is_the_end_of_sharing(void)
{
	begin();
	struct fixture one = process(), two = process();
	road_event *mine = make(&one, 0), *theirs = import(&two, export(&one, mine));
	int fd = 77;

	CU_ASSERT_EQUAL(road_event_signal(mine, 2), ROAD_OK);
	CU_ASSERT_EQUAL(value_of(theirs), 2);
	road_queue_release(two.queue);
	road_space_release(two.space);
	road_device_release(two.device);
	CU_ASSERT(held_by(1));
	CU_ASSERT_EQUAL(road_point_wait((road_point){theirs, 3}, soon()), ROAD_STALE);
	CU_ASSERT_EQUAL(road_event_error(theirs, 2, NULL), ROAD_OK);
	road_queue_release(one.queue);
	road_space_release(one.space);
	road_device_release(one.device);
	CU_ASSERT(held_by(0));
	CU_ASSERT_EQUAL(road_event_signal(mine, 9), ROAD_OK);
	CU_ASSERT_EQUAL(value_of(mine), 9);
	CU_ASSERT_EQUAL(told(), 2);
	CU_ASSERT_EQUAL_FATAL(road_device_open(one.instance, "host:", &one.device), ROAD_OK);
	one.device->control = &with_syncobjs;
	CU_ASSERT_EQUAL(road_event_export_syncobj(mine, one.device, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(fd, 77);
	road_device_release(one.device);
	road_event_release(mine);
	road_event_release(theirs);
	road_instance_release(one.instance);
	road_instance_release(two.instance);
}

static void after_a_loss_nothing_more_comes_from_outside(void)
{
	begin();
	struct fixture one = process(), two = process();
	road_event *mine = make(&one, 0), *theirs = import(&two, export(&one, mine));

	pthread_mutex_lock(&kernel.lock);
	kernel.gone = true;
	pthread_cond_broadcast(&kernel.raised);
	pthread_mutex_unlock(&kernel.lock);
	CU_ASSERT_EQUAL(road_point_wait((road_point){theirs, 1}, soon()), ROAD_DEVICE_LOST);
	CU_ASSERT_EQUAL(road_event_signal(mine, 1), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait((road_point){mine, 1}, soon()), ROAD_OK);
	road_event_release(mine);
	road_event_release(theirs);
	teardown(&one);
	teardown(&two);
}

static void what_cannot_be_shared_is_refused(void)
{
	begin();
	struct fixture f = process(), plain = setup("host:");
	road_event *event = make(&f, 0), *paged = make(&f, 0), *none = NULL;
	road_point tail;
	int fd = 77, page = -1;

	CU_ASSERT_EQUAL(road_event_export_syncobj(NULL, f.device, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_export_syncobj(event, NULL, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_export_syncobj(event, f.device, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_export_syncobj(event, plain.device, &fd), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(road_queue_tail(f.queue, &tail), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_export_syncobj(tail.event, f.device, &fd),
			ROAD_INVALID_ARGUMENT);
	/* In one way alone. */
	CU_ASSERT_EQUAL(road_event_share(paged, &page), ROAD_OK);
	CU_ASSERT_EQUAL(road_event_export_syncobj(paged, f.device, &fd), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(fd, 77);
	fd = export(&f, event);
	close(page);
	page = 77;
	CU_ASSERT_EQUAL(road_event_share(event, &page), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(page, 77);
	CU_ASSERT_EQUAL(road_event_import_syncobj(f.device, -1, &none), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import_syncobj(f.device, fd + 1, &none), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import_syncobj(f.device, fd, NULL), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import_syncobj(NULL, fd, &none), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_event_import_syncobj(plain.device, fd, &none), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NULL(none);
	CU_ASSERT(held_by(1));
	road_event_release(event);
	road_event_release(paged);
	CU_ASSERT(held_by(0));
	teardown(&plain);
	teardown(&f);
}

/* Sharing, signalling, waiting and closing from many threads: for the sanitizers. */
struct thread {
	pthread_t thread;
	struct fixture *f;
	int fd;
	uint64_t rounds;
};

static void *come_and_go(void *arg)
{
	const struct thread *own = arg;

	for (uint64_t i = 1; i <= own->rounds; i++) {
		road_event *event = import(own->f, own->fd);

		(void)road_point_wait((road_point){event, i}, soon());
		road_event_release(event);
	}
	return NULL;
}

static void many_threads_share_and_wait(void)
{
	enum { THREADS = 3, ROUNDS = 40 };
	struct fixture f;
	struct thread threads[THREADS];

	begin();
	f = process();
	road_event *event = make(&f, 0);
	const int fd = export(&f, event);

	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){.f = &f, .fd = fd, .rounds = ROUNDS};
		CU_ASSERT_EQUAL_FATAL(
			pthread_create(&threads[i].thread, NULL, come_and_go, &threads[i]), 0);
	}
	for (uint64_t i = 1; i <= ROUNDS; i++) {
		CU_ASSERT_EQUAL(road_event_signal(event, i), ROAD_OK);
		usleep(100);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	road_event_release(event);
	CU_ASSERT(held_by(0));
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"both ends show the same value", both_ends_show_the_same_value},
	{"who waits sleeps in the kernel, which wakes it",
	 who_waits_sleeps_in_the_kernel_which_wakes_it},
	{"who waits for work that waits for it sleeps there",
	 who_waits_for_work_that_waits_for_it_sleeps_there},
	{"a wait ends at its deadline", a_wait_ends_at_its_deadline},
	{"work that waits goes on when another process signals",
	 work_that_waits_goes_on_when_another_process_signals},
	{"what a queue signals others see", what_a_queue_signals_others_see},
	{"what the kernel had no memory for is told later",
	 what_the_kernel_had_no_memory_for_is_told_later},
	{"the device's end is the end of sharing", the_devices_end_is_the_end_of_sharing},
	{"after a loss nothing more comes from outside",
	 after_a_loss_nothing_more_comes_from_outside},
	{"what cannot be shared is refused", what_cannot_be_shared_is_refused},
	{"many threads share and wait", many_threads_share_and_wait},
};

TAP_MAIN(cases)
