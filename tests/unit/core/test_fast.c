/* SPDX-License-Identifier: Apache-2.0 */
/* The ways that take no lock: each against another thread that takes the long way meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/core/fixture.h"

enum { ROUNDS = 2000, SIGNALS = 100, PAIRS = 300 };

struct sides {
	road_instance *instance;
	road_event *ping, *pong;
	_Atomic int failures;
	_Atomic uint64_t raised;
	road_status failed;
	road_queue *queue;
	road_point point;
	const char *address;
	_Atomic bool stop;
};

static void *answer(void *arg)
{
	struct sides *s = arg;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		s->failures += road_point_wait((road_point){s->ping, i}, soon()) != ROAD_OK;
		s->failures += road_event_signal(s->pong, i) != ROAD_OK;
	}
	return NULL;
}

static void a_waiter_that_comes_while_a_value_rises_is_not_missed(void)
{
	struct sides s = {.instance = open_instance()};
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(road_event_create(s.instance, 0, &s.ping), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_event_create(s.instance, 0, &s.pong), ROAD_OK);
	pthread_create(&thread, NULL, answer, &s);
	for (uint64_t i = 1; i <= ROUNDS && !s.failures; i++) {
		s.failures += road_event_signal(s.ping, i) != ROAD_OK;
		s.failures += road_point_wait((road_point){s.pong, i}, soon()) != ROAD_OK;
	}
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(s.failures, 0);
	road_event_release(s.ping);
	road_event_release(s.pong);
	road_instance_release(s.instance);
}

/* Waits for nothing: lays claims on the event, so that raises take turns between the two ways. */
static void *claim(void *arg)
{
	struct sides *s = arg;
	uint64_t before = 0, now;

	while (!atomic_load(&s->stop)) {
		(void)road_point_wait((road_point){s->ping, UINT64_MAX - 1},
				      road_deadline_after(1));
		s->failures += road_event_value(s->ping, &now) != ROAD_OK || now < before;
		before = now;
	}
	return NULL;
}

static void *raise_all(void *arg)
{
	struct sides *s = arg;

	for (uint64_t i = 1; i <= ROUNDS * 10; i++)
		s->raised += road_event_signal(s->ping, i) == ROAD_OK;
	return NULL;
}

static void of_two_threads_that_raise_to_a_value_one_succeeds(void)
{
	struct sides s = {.instance = open_instance()};
	pthread_t raisers[2], claimer;
	uint64_t value = 0;

	CU_ASSERT_EQUAL_FATAL(road_event_create(s.instance, 0, &s.ping), ROAD_OK);
	pthread_create(&claimer, NULL, claim, &s);
	for (int i = 0; i < 2; i++)
		pthread_create(&raisers[i], NULL, raise_all, &s);
	for (int i = 0; i < 2; i++)
		pthread_join(raisers[i], NULL);
	atomic_store(&s.stop, true);
	pthread_join(claimer, NULL);
	CU_ASSERT_EQUAL(s.failures, 0);
	CU_ASSERT_EQUAL(s.raised, ROUNDS * 10);
	CU_ASSERT_EQUAL(road_event_value(s.ping, &value), ROAD_OK);
	CU_ASSERT_EQUAL(value, ROUNDS * 10);
	road_event_release(s.ping);
	road_instance_release(s.instance);
}

static void *fail_half_way(void *arg)
{
	struct sides *s = arg;

	s->failed = road_event_fail(s->ping, SIGNALS / 2, ROAD_CANCELLED);
	return NULL;
}

/* Whatever the order: what was raised is reached, and the point behind it failed or is open. */
static void a_failure_stands_exactly_behind_what_was_raised(void)
{
	road_instance *instance = open_instance();

	for (int round = 0; round < PAIRS; round++) {
		struct sides s = {.instance = instance};
		uint64_t raised = 0;
		pthread_t thread;

		CU_ASSERT_EQUAL_FATAL(road_event_create(instance, 0, &s.ping), ROAD_OK);
		pthread_create(&thread, NULL, fail_half_way, &s);
		while (raised < SIGNALS && road_event_signal(s.ping, raised + 1) == ROAD_OK)
			raised++;
		pthread_join(thread, NULL);
		CU_ASSERT_EQUAL(road_event_error(s.ping, raised, NULL), ROAD_OK);
		CU_ASSERT(s.failed == ROAD_OK || raised == SIGNALS);
		CU_ASSERT_EQUAL(road_event_error(s.ping, raised + 1, NULL),
				s.failed == ROAD_OK ? ROAD_CANCELLED : ROAD_NOT_READY);
		road_event_release(s.ping);
	}
	road_instance_release(instance);
}

static void *submit_and_wait(void *arg)
{
	struct sides *s = arg;

	for (int i = 0; i < ROUNDS / 4; i++) {
		road_submission empty = {.size = sizeof(empty)};
		road_point point;
		road_status status;

		while ((status = road_queue_submit(s->queue, &empty, &point)) == ROAD_NOT_READY)
			usleep(10);
		s->failures += status != ROAD_OK || road_point_wait(point, soon()) != ROAD_OK;
	}
	return NULL;
}

static void two_threads_share_a_queue(const char *address)
{
	struct fixture f = setup(address);
	struct sides s = {.queue = f.queue};
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, submit_and_wait, &s);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(s.failures, 0);
	teardown(&f);
}

static void two_threads_share_a_queue_of_the_host(void)
{
	two_threads_share_a_queue("host:");
}

static void two_threads_share_a_queue_of_a_simulated_chip(void)
{
	two_threads_share_a_queue("sim:a100-sxm4-80gb?time=functional");
}

static void two_threads_share_a_queue_of_a_chip_that_sees_no_caches(void)
{
	two_threads_share_a_queue("sim:dsa-small?time=functional");
}

static void *wait_for_point(void *arg)
{
	struct sides *s = arg;

	s->failures += road_point_wait(s->point, soon()) != ROAD_OK;
	return NULL;
}

/* The waiter has nothing to run, and sleeps; who signals moves the submission and does not wait. */
static void who_moves_deferred_work_wakes_who_can_run_it(void)
{
	struct fixture f = setup("sim:edu");
	struct sides s = {.queue = f.queue};
	pthread_t thread;

	CU_ASSERT_EQUAL_FATAL(road_event_create(f.instance, 0, &s.ping), ROAD_OK);
	for (uint64_t i = 1; i <= 5; i++) {
		road_point wait = {s.ping, i};
		road_submission deferred = {
			.size = sizeof(deferred), .waits = &wait, .wait_count = 1};

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(f.queue, &deferred, &s.point), ROAD_OK);
		pthread_create(&thread, NULL, wait_for_point, &s);
		usleep(20000);
		CU_ASSERT_EQUAL(road_event_signal(s.ping, i), ROAD_OK);
		pthread_join(thread, NULL);
	}
	CU_ASSERT_EQUAL(s.failures, 0);
	road_event_release(s.ping);
	teardown(&f);
}

static void *keep_busy(void *arg)
{
	struct sides *s = arg;

	while (!atomic_load(&s->stop)) {
		road_submission empty = {.size = sizeof(empty)};
		road_point point;

		s->failures += road_queue_submit(s->queue, &empty, &point) != ROAD_OK ||
			       road_point_wait(point, soon()) != ROAD_OK;
	}
	return NULL;
}

static void a_device_closes_while_another_runs(void)
{
	struct fixture busy = setup("host:");
	struct sides s = {.queue = busy.queue};
	pthread_t thread;

	pthread_create(&thread, NULL, keep_busy, &s);
	for (int i = 0; i < PAIRS; i++) {
		struct fixture f = setup("host:");

		teardown(&f);
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	CU_ASSERT_EQUAL(s.failures, 0);
	teardown(&busy);
}

/* Empty submissions are used again: also those that a cancel leaves on their old timeline. */
static void what_a_cancel_leaves_ends_on_the_old_timeline(void)
{
	struct fixture f = setup("host:");
	road_submission empty = {.size = sizeof(empty)};
	road_point kept, cancelled, later;

	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &empty, &kept), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &empty, &cancelled), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_retain(kept.event), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_cancel(f.queue, cancelled.value + 1), ROAD_OK);
		CU_ASSERT_EQUAL(road_queue_submit(f.queue, &empty, &later), ROAD_OK);
		CU_ASSERT_PTR_NOT_EQUAL(later.event, kept.event);
		CU_ASSERT_EQUAL(road_point_wait(later, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(cancelled, soon()), ROAD_OK);
		CU_ASSERT_EQUAL(road_event_error(kept.event, kept.value, NULL), ROAD_OK);
		road_event_release(kept.event);
	}
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"a waiter that comes while a value rises is not missed",
	 a_waiter_that_comes_while_a_value_rises_is_not_missed},
	{"of two threads that raise to a value one succeeds",
	 of_two_threads_that_raise_to_a_value_one_succeeds},
	{"a failure stands exactly behind what was raised",
	 a_failure_stands_exactly_behind_what_was_raised},
	{"two threads share a queue of the host", two_threads_share_a_queue_of_the_host},
	{"two threads share a queue of a simulated chip",
	 two_threads_share_a_queue_of_a_simulated_chip},
	{"two threads share a queue of a chip that sees no caches",
	 two_threads_share_a_queue_of_a_chip_that_sees_no_caches},
	{"who moves deferred work wakes who can run it",
	 who_moves_deferred_work_wakes_who_can_run_it},
	{"a device closes while another runs", a_device_closes_while_another_runs},
	{"what a cancel leaves ends on the old timeline",
	 what_a_cancel_leaves_ends_on_the_old_timeline},
};

TAP_MAIN(cases)
