/* SPDX-License-Identifier: Apache-2.0 */
/* How simulated time moves: the rules of docs/time.md, each seen from outside. */
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

enum { RING = 4, ROUNDS = 50 };

struct ring_thread {
	struct fixture f;
	road_event *mine, *before;
	pthread_t thread;
	int failures;
	bool first;
};

/* Each device waits for its neighbour's event and signals its own, ROUNDS times around. */
static void *ring_run(void *arg)
{
	struct ring_thread *t = arg;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		/* The first one is a round ahead: its event begins at 1. */
		road_point wait = {t->before, i}, signal = {t->mine, t->first ? i + 1 : i}, done;
		road_submission s = {.size = sizeof(s),
				     .waits = &wait,
				     .wait_count = 1,
				     .signals = &signal,
				     .signal_count = 1};

		t->failures += road_queue_submit(t->f.queue, &s, &done) != ROAD_OK;
		t->failures += road_point_wait(done, soon()) != ROAD_OK;
	}
	return NULL;
}

static void four_threads_wait_on_four_devices_in_a_ring(void)
{
	struct ring_thread threads[RING];
	road_instance *instance = open_instance();
	char address[32];

	for (int i = 0; i < RING; i++) {
		threads[i] = (struct ring_thread){.f.instance = instance};
		snprintf(address, sizeof(address), "sim:edu@%d", i);
		CU_ASSERT_EQUAL_FATAL(road_device_open(instance, address, &threads[i].f.device),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_space_shared(threads[i].f.device, &threads[i].f.space),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(
			road_queue_create(threads[i].f.space, NULL, &threads[i].f.queue), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_event_create(instance, i ? 0 : 1, &threads[i].mine),
				      ROAD_OK);
	}
	for (int i = 0; i < RING; i++)
		threads[i].before = threads[(i + RING - 1) % RING].mine;
	threads[0].first = true;
	for (int i = 0; i < RING; i++)
		pthread_create(&threads[i].thread, NULL, ring_run, &threads[i]);
	for (int i = 0; i < RING; i++)
		pthread_join(threads[i].thread, NULL);
	for (int i = 0; i < RING; i++)
		CU_ASSERT_EQUAL(threads[i].failures, 0);
	for (int i = 0; i < RING; i++) {
		road_event_release(threads[i].mine);
		road_queue_release(threads[i].f.queue);
		road_space_release(threads[i].f.space);
		road_device_release(threads[i].f.device);
	}
	road_instance_release(instance);
}

struct meeting {
	_Atomic int copied;
	struct fixture *f;
	int failures;
};

static void until_copied(void *user)
{
	struct meeting *m = user;

	for (int i = 0; i < 20000 && !atomic_load(&m->copied); i++)
		usleep(1000);
	m->failures += !atomic_load(&m->copied);
}

static void *copy_elsewhere(void *arg)
{
	struct meeting *m = arg;
	road_queue *queue;
	char bytes[64] = {1};

	CU_ASSERT_EQUAL(road_queue_create(m->f->space, NULL, &queue), ROAD_OK);
	road_buffer *buffer = buffer_of(m->f, ROAD_HEAP_DEVICE, 64);

	CU_ASSERT_EQUAL(road_queue_write(queue, buffer, 0, bytes, 64, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(queue, soon()), ROAD_OK);
	atomic_store(&m->copied, 1);
	road_buffer_release(buffer);
	road_queue_release(queue);
	return NULL;
}

static void a_callback_may_block_on_another_threads_copy(void)
{
	struct fixture f = setup("sim:edu");
	struct meeting m = {.f = &f};
	road_list *list;
	road_point done;
	pthread_t thread;
	uint32_t deterministic = 1;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_callback(list, until_copied, &m, 0), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	road_submission s = {.size = sizeof(s), .list = list};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	pthread_create(&thread, NULL, copy_elsewhere, &m);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(m.failures, 0);
	CU_ASSERT_EQUAL(road_sim_deterministic(f.device, &deterministic), ROAD_OK);
	CU_ASSERT_EQUAL(deterministic, 0);
	road_list_release(list);
	teardown(&f);
}

static road_status waited_in_callback;

static void wait_inside(void *user)
{
	waited_in_callback = road_queue_drain(user, soon());
}

static void a_wait_in_a_callback_is_the_wrong_context(void)
{
	for (uint32_t flags = 0; flags < 2; flags++) {
		struct fixture f = setup("sim:edu");
		road_list *list;

		CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_callback(list, wait_inside, f.queue, flags),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
		road_submission s = {.size = sizeof(s), .list = list};

		waited_in_callback = ROAD_OK;
		CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(waited_in_callback, ROAD_WRONG_CONTEXT);
		road_list_release(list);
		teardown(&f);
	}
}

static int order[8];
static int order_count;

static void note(void *user)
{
	order[order_count++] = *(int *)user;
}

static void callbacks_run_in_queue_order(void)
{
	struct fixture f = setup("sim:edu");
	static int numbers[] = {1, 2, 3};
	road_list *list;

	order_count = 0;
	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(
			road_list_callback(list, note, &numbers[i], ROAD_CALLBACK_INLINE), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	road_submission s = {.size = sizeof(s), .list = list};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(order_count, 6);
	for (int i = 0; i < order_count; i++)
		CU_ASSERT_EQUAL(order[i], i % 3 + 1);
	road_list_release(list);
	teardown(&f);
}

static void *store_later(void *arg)
{
	usleep(20000);
	__atomic_store_n((uint64_t *)arg, 7, __ATOMIC_RELEASE);
	return NULL;
}

static void a_store_of_the_processor_releases_a_wait_value(void)
{
	struct fixture f = setup("host:");
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_HOST, 64);
	uint64_t *word = mapped(buffer);
	road_list *list;
	road_point done;
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_wait_value(list, buffer, 0, 8, ROAD_COMPARE_GE, 7),
			      ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	road_submission s = {.size = sizeof(s), .list = list};

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, road_deadline_after(1000000)), ROAD_TIMEOUT);
	pthread_create(&thread, NULL, store_later, word);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	pthread_join(thread, NULL);
	road_list_release(list);
	road_buffer_release(buffer);
	teardown(&f);
}

static void a_program_may_spin_on_a_written_word(void)
{
	static const char *const devices[] = {"host:", "sim:edu"};

	for (int d = 0; d < 2; d++) {
		struct fixture f = setup(devices[d]);
		road_buffer *buffer = buffer_of(&f, ROAD_HEAP_HOST, 64);
		uint64_t *word = mapped(buffer);
		road_list *list;
		int spins = 0;

		CU_ASSERT_EQUAL_FATAL(road_list_create(f.space, 0, &list), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_write_value(list, buffer, 0, 8, 99), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
		road_submission s = {.size = sizeof(s), .list = list};

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &s, NULL), ROAD_OK);
		while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 99 && spins++ < 20000)
			usleep(1000);
		CU_ASSERT(spins < 20000);
		road_list_release(list);
		road_buffer_release(buffer);
		teardown(&f);
	}
}

/* Polls until a copy is done; the device's and the thread's time at its end. */
static void poll_once(struct fixture *f, uint64_t *took_ns, uint64_t *polls)
{
	road_buffer *buffer = buffer_of(f, ROAD_HEAP_DEVICE, 1024);
	char bytes[1024] = {0};
	uint64_t before, after, value = 0;
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_sim_time(f->device, NULL, &before), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_write(f->queue, buffer, 0, bytes, 1024, &point), ROAD_OK);
	for (*polls = 0; value < point.value && *polls < 1000000; ++*polls)
		CU_ASSERT_EQUAL_FATAL(road_event_value(point.event, &value), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_sim_time(f->device, NULL, &after), ROAD_OK);
	*took_ns = after - before;
	road_buffer_release(buffer);
}

static void a_query_loop_sees_not_ready_and_the_same_times_in_every_run(void)
{
	uint64_t took = 0, polls = 0;

	for (int run = 0; run < 100; run++) {
		struct fixture f = setup("sim:edu");
		uint64_t this_took, this_polls;

		poll_once(&f, &this_took, &this_polls);
		if (!run) {
			took = this_took;
			polls = this_polls;
		}
		CU_ASSERT_EQUAL(this_took, took);
		CU_ASSERT_EQUAL(this_polls, polls);
		teardown(&f);
	}
	CU_ASSERT(polls > 1);
}

struct impatient {
	road_point point;
	road_status status;
};

static void *wait_briefly(void *arg)
{
	struct impatient *i = arg;

	i->status = road_point_wait(i->point, road_deadline_after(2000000));
	return NULL;
}

static void when_the_baton_holder_times_out_a_second_waiter_still_finishes(void)
{
	struct fixture f = setup("sim:edu");
	road_event *event;
	road_point done;
	pthread_t threads[3];
	struct impatient impatients[3];

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &event), ROAD_OK);
	for (int i = 0; i < 3; i++) {
		impatients[i] = (struct impatient){{event, 1}, ROAD_OK};
		pthread_create(&threads[i], NULL, wait_briefly, &impatients[i]);
	}
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 2048);
	char bytes[2048];

	for (int i = 0; i < 50; i++)
		CU_ASSERT_EQUAL_FATAL(road_queue_read(f.queue, bytes, buffer, 0, 2048, &done),
				      ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		CU_ASSERT_EQUAL(impatients[i].status, ROAD_TIMEOUT);
	}
	road_buffer_release(buffer);
	road_event_release(event);
	teardown(&f);
}

static void the_callers_rounding_mode_survives(void)
{
	struct fixture f = setup("sim:edu");
	road_point done;
	road_submission s = {.size = sizeof(s)};

	fesetround(FE_UPWARD);
	CU_ASSERT_EQUAL(road_queue_submit(f.queue, &s, &done), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(done, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(fegetround(), FE_UPWARD);
	fesetround(FE_TONEAREST);
	teardown(&f);
}

static void a_point_fd_fires_without_a_waiter(void)
{
	struct fixture f = setup("sim:edu");
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 64);
	char bytes[64] = {0};
	road_point done;
	int fd;

	CU_ASSERT_EQUAL_FATAL(road_queue_write(f.queue, buffer, 0, bytes, 64, &done), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_point_fd(done.event, done.value, &fd), ROAD_OK);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	CU_ASSERT_EQUAL(poll(&p, 1, 20000), 1);
	close(fd);
	CU_ASSERT_EQUAL_FATAL(road_event_point_fd(done.event, done.value, &fd), ROAD_OK);
	p.fd = fd;
	CU_ASSERT_EQUAL(poll(&p, 1, 0), 1);
	close(fd);
	road_buffer_release(buffer);
	teardown(&f);
}

/* ---- software devices come and go while others run them ---- */

struct busy_source {
	struct road_source source;
	_Atomic int entered, may_leave, left, removed;
};

static struct road_progress run_busily(struct road_source *source)
{
	struct busy_source *busy = (struct busy_source *)(void *)source;

	busy->entered = 1;
	for (int i = 0; i < 20000 && !busy->may_leave; i++)
		usleep(1000);
	busy->left = 1;
	return (struct road_progress){0};
}

static bool never_pending(struct road_source *source)
{
	(void)source;
	return false;
}

static void *query_once(void *arg)
{
	uint64_t value;

	CU_ASSERT_EQUAL(road_event_value(arg, &value), ROAD_OK);
	return NULL;
}

static void *take_out(void *arg)
{
	struct busy_source *busy = arg;

	road_source_remove(&busy->source);
	CU_ASSERT(busy->left); /* or it is used after it was given back */
	busy->removed = 1;
	return NULL;
}

static void who_is_taken_out_is_not_run_any_more(void)
{
	road_instance *instance = open_instance();
	pthread_t runner, remover;
	road_event *event;

	CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &event), ROAD_OK);
	for (int round = 0; round < 3; round++) { /* what one round leaves wrong, the next sees */
		struct busy_source busy = {.source = {run_busily, never_pending, NULL}};

		road_source_add(&busy.source);
		pthread_create(&runner, NULL, query_once, event);
		for (int i = 0; i < 20000 && !busy.entered; i++)
			usleep(1000);
		CU_ASSERT_FATAL(busy.entered);
		pthread_create(&remover, NULL, take_out, &busy);
		usleep(5000); /* so that it waits: if not, nothing is proved, and nothing fails */
		CU_ASSERT(!busy.removed);
		busy.may_leave = 1;
		pthread_join(runner, NULL);
		for (int i = 0; i < 20000 && !busy.removed; i++)
			usleep(1000);
		CU_ASSERT_FATAL(busy.removed); /* else it sleeps for ever */
		pthread_join(remover, NULL);
	}
	road_event_release(event);
	road_instance_release(instance);
}

static const struct tap_case cases[] = {
	{"who is taken out is not run any more", who_is_taken_out_is_not_run_any_more},
	{"a query loop sees not ready and the same times in every run",
	 a_query_loop_sees_not_ready_and_the_same_times_in_every_run},
	{"four threads wait on four devices in a ring",
	 four_threads_wait_on_four_devices_in_a_ring},
	{"callbacks run in queue order", callbacks_run_in_queue_order},
	{"a callback may block on another thread's copy",
	 a_callback_may_block_on_another_threads_copy},
	{"a wait in a callback is the wrong context", a_wait_in_a_callback_is_the_wrong_context},
	{"when the baton holder times out a second waiter still finishes",
	 when_the_baton_holder_times_out_a_second_waiter_still_finishes},
	{"the caller's rounding mode survives", the_callers_rounding_mode_survives},
	{"a store of the processor releases a wait value",
	 a_store_of_the_processor_releases_a_wait_value},
	{"a program may spin on a written word", a_program_may_spin_on_a_written_word},
	{"a point fd fires without a waiter", a_point_fd_fires_without_a_waiter},
};

TAP_MAIN(cases)
