/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for points: run the simulation, or sleep while somebody else does. */
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "hal/core/firmware.h"
#include "hal/core/interrupts.h"

enum { INLINE_WAITERS = 8 };

/* How long nothing is to be run before those that owe what is awaited are looked at. */
#define LOOK_NS UINT64_C(500000000)

/* How long a waiter looks on before it sleeps, where what it awaits is worked on by another process
 * or processor: to be woken takes about as long. */
#define ATTEND_NS UINT64_C(50000)

struct wait {
	const road_point *points;
	uint32_t count;
	uint32_t mode;
	struct road_waiter *waiters;
	struct road_waiter inlined[INLINE_WAITERS];
	struct road_sleeper sleeper;
	uint64_t deadline, look_ns; /* when the owners are looked at next */
	uint32_t first;             /* lowest decided point */
	uint32_t *index;            /* where the caller wants it, or NULL */
	bool watching, over, slept;
};

/* Is the wait over? ALL ends early at a failed point. */
static bool decided(struct wait *wait)
{
	uint32_t reached = 0;

	if (wait->over)
		return true;
	for (uint32_t i = 0; i < wait->count; i++) {
		enum road_point_state state =
			road_event_state(wait->points[i].event, wait->points[i].value);

		if (state == ROAD_POINT_OPEN)
			continue;
		if (state == ROAD_POINT_FAILED || wait->mode == ROAD_WAIT_ANY) {
			wait->first = i;
			wait->over = true;
			return true;
		}
		reached++;
	}
	wait->over = reached == wait->count;
	return wait->over;
}

static bool expired(const struct wait *wait)
{
	return wait->deadline != ROAD_FOREVER && road_now_ns() >= wait->deadline;
}

/* Nothing is left to run here: may it come within a moment, without anybody being woken? */
struct attention {
	bool begun, vain;
	uint64_t until;
};

static bool attends(struct attention *attention)
{
	if (attention->vain)
		return false;
	if (!attention->begun) {
		attention->begun = road_interrupts_any() && road_progress_attend(true);
		attention->vain = !attention->begun;
		attention->until = road_now_ns() + ATTEND_NS;
		return attention->begun;
	}
	sched_yield(); /* those that work for it may be on this very processor */
	return road_now_ns() < attention->until;
}

/* Holds the baton: runs until the wait is over, nothing is left to run, or the deadline passes. */
static void run_slices(struct wait *wait)
{
	struct attention attention = {0};
	struct road_progress progress;
	bool looks_on = !wait->slept; /* who only looked at a word in between sleeps again */

	do {
		progress = road_progress_slice(UINT64_MAX);
		wait->watching = progress.watching;
		looks_on |= progress.ran;
	} while ((progress.ran || progress.more ||
		  (looks_on && !decided(wait) && attends(&attention))) &&
		 !decided(wait) && !expired(wait));
	if (attention.begun)
		road_progress_attend(false);
}

/* Most waits are for work that the caller can run itself: then it is neither among the sleepers
 * nor among the events' waiters, since who holds the baton needs nobody to wake it. */
static void run_through(struct wait *wait)
{
	if (!road_baton_take(&wait->sleeper))
		return;
	run_slices(wait);
	if (wait->watching && (decided(wait) || expired(wait)))
		road_progress_hand_on();
	road_baton_release(&wait->sleeper);
}

/* For a wait that cannot go on before its first open point is decided. */
static bool sleep_in_driver(const struct wait *wait, uint64_t until)
{
	uint32_t i = 0;

	if (wait->count > 1 && wait->mode == ROAD_WAIT_ANY)
		return false;
	while (i < wait->count &&
	       road_event_state(wait->points[i].event, wait->points[i].value) != ROAD_POINT_OPEN)
		i++;
	return i < wait->count && road_driver_sleep(wait->points[i], until);
}

static void sleep_once(struct wait *wait)
{
	uint64_t until = wait->deadline < wait->look_ns ? wait->deadline : wait->look_ns;

	/* Awake to those who look for somebody to run what comes up meanwhile. */
	if (wait->watching && !(road_progress_pending() && road_baton_free()) &&
	    sleep_in_driver(wait, until))
		return;
	atomic_store(&wait->sleeper.word, 0);
	if (decided(wait) || (road_progress_pending() && road_baton_free())) {
		atomic_store(&wait->sleeper.word, 1);
		return;
	}
	if (wait->watching) {
		uint64_t soon = road_now_ns() + ROAD_WATCH_NS;

		until = soon < until ? soon : until;
	}
	wait->slept = true;
	road_sleeper_sleep(&wait->sleeper, until);
	const struct road_domain *domain = road_progress_domain_get();

	if (wait->watching && domain)
		domain->poke();
}

/* Has the device work of the queue, which only it can go on with? */
static bool is_in_flight(struct road_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	const bool in_flight = queue->flight_first != NULL;

	pthread_mutex_unlock(&queue->lock);
	return in_flight;
}

/* Nothing came for so long that somebody slept over it: do those that owe it live? Of a simulated
 * device this lets time pass, so that it is asked only where nothing else would: a packet that
 * watches a word of the host is no silence. */
static void look_at_owners(const struct wait *wait)
{
	if (wait->watching)
		return;
	for (uint32_t i = 0; i < wait->count; i++) {
		uint64_t unused;
		struct road_queue *queue = road_event_owner(wait->points[i].event, &unused);

		if (!queue)
			continue;
		if (is_in_flight(queue))
			road_boot_look(queue->space->device, true);
		road_object_drop(&queue->object);
	}
}

static void look_again(struct wait *wait)
{
	const uint64_t now = road_now_ns();

	if (now < wait->look_ns)
		return;
	wait->look_ns = now + LOOK_NS;
	if (!decided(wait) && !road_progress_pending() && road_baton_free())
		look_at_owners(wait);
}

static void wait_loop(struct wait *wait)
{
	wait->look_ns = road_now_ns() + LOOK_NS;
	road_sleeper_list(&wait->sleeper);
	while (!decided(wait) && !expired(wait)) {
		if (road_baton_take(&wait->sleeper)) {
			run_slices(wait);
			road_baton_release(&wait->sleeper);
			if (decided(wait) || expired(wait))
				break;
		}
		if (!road_progress_check_lost())
			sleep_once(wait);
		look_again(wait);
	}
	road_sleeper_unlist(&wait->sleeper);
	if (wait->watching)
		road_progress_hand_on();
	road_baton_poke(); /* it may have been chosen, and leaves instead */
}

static bool link_waiters(struct wait *wait)
{
	wait->waiters = wait->inlined;
	wait->sleeper = (struct road_sleeper){.word = 1};
	if (wait->count > INLINE_WAITERS)
		wait->waiters = calloc(wait->count, sizeof(*wait->waiters));
	if (!wait->waiters)
		return false;
	road_interrupts_join(&wait->sleeper);
	for (uint32_t i = 0; i < wait->count; i++) {
		wait->waiters[i] = (struct road_waiter){.value = wait->points[i].value,
							.kind = ROAD_WAITER_THREAD,
							.sleeper = &wait->sleeper};
		road_event_await(wait->points[i].event, &wait->waiters[i]);
	}
	return true;
}

static void unlink_waiters(struct wait *wait)
{
	for (uint32_t i = 0; i < wait->count; i++)
		road_event_forget(wait->points[i].event, &wait->waiters[i]);
	road_interrupts_leave(&wait->sleeper);
	if (wait->waiters != wait->inlined)
		free(wait->waiters);
}

/* Runs or sleeps until the wait is over or the deadline passes. */
static road_status await(struct wait *wait)
{
	wait->watching = false;
	if (!expired(wait))
		run_through(wait);
	if (decided(wait) || expired(wait))
		return ROAD_OK;
	if (!link_waiters(wait))
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for the waiters",
				 "road_event_wait", "", "");
	wait_loop(wait);
	unlink_waiters(wait);
	return ROAD_OK;
}

static road_status timed_out(const struct wait *wait)
{
	char where[sizeof(((road_error *)0)->where)] = "", seen[64];

	for (uint32_t i = 0; i < wait->count; i++) {
		if (road_event_state(wait->points[i].event, wait->points[i].value) !=
		    ROAD_POINT_OPEN)
			continue;
		snprintf(seen, sizeof(seen), "value %" PRIu64 ", awaited %" PRIu64,
			 road_event_now(wait->points[i].event), wait->points[i].value);
		bool cycle = road_stall_text(wait->points[i].event, where, sizeof(where));

		return road_fail(ROAD_TIMEOUT,
				 cycle ? "deadline passed; queues await each other: a cycle"
				       : "deadline passed",
				 where, seen, "");
	}
	return road_fail(ROAD_TIMEOUT, "deadline passed", "road_event_wait", "", "");
}

/* This thread's time becomes the instant at which what it waited for became true. */
static road_status finish(const struct wait *wait)
{
	uint64_t *mine = road_thread_time();
	road_error why;

	if (wait->index)
		*wait->index = wait->first;
	for (uint32_t i = 0; i < wait->count; i++) {
		const struct road_event *event = wait->points[i].event;
		uint64_t time = atomic_load_explicit(&event->time_ps, memory_order_relaxed);

		if (time > *mine && (wait->mode == ROAD_WAIT_ALL || i == wait->first))
			*mine = time;
	}
	if (!wait->count)
		return ROAD_OK;
	struct road_event *event = wait->points[wait->first].event;

	if (road_event_state(event, wait->points[wait->first].value) != ROAD_POINT_FAILED)
		return ROAD_OK;
	pthread_mutex_lock(&event->lock);
	why = event->failure;
	pthread_mutex_unlock(&event->lock);
	return road_fail_again(&why);
}

static road_status conclude(struct wait *wait)
{
	if (wait->slept && !decided(wait))
		look_at_owners(wait);
	return decided(wait) ? finish(wait) : timed_out(wait);
}

static road_status check_wait(const road_point *points, uint32_t count, uint32_t mode)
{
	if (road_in_callback)
		return road_fail(ROAD_WRONG_CONTEXT, "wait in a host callback", "road_event_wait",
				 "", "submit, signal, fail and queries");
	if (mode > ROAD_WAIT_ANY)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown mode", "road_event_wait: mode",
				     mode, "ROAD_WAIT_ALL, ROAD_WAIT_ANY");
	if (count > ROAD_POINTS_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "too many points",
				     "road_event_wait: count", count, "at most 4096");
	if (count && !points)
		return road_fail(ROAD_INVALID_ARGUMENT, "points are NULL",
				 "road_event_wait: points", "NULL", "an array of `count` points");
	if (!count && mode == ROAD_WAIT_ANY)
		return road_fail(ROAD_INVALID_ARGUMENT, "any of no points can never be reached",
				 "road_event_wait: count", "0", ">= 1");
	for (uint32_t i = 0; i < count; i++) {
		road_status status = road_object_check(points[i].event, &road_event_class,
						       "road_event_wait: points");

		if (status)
			return status;
	}
	return ROAD_OK;
}

road_status road_event_wait(const road_point *points, uint32_t count, uint32_t mode,
			    uint64_t deadline, uint32_t *index)
{
	struct wait wait; /* its waiters stay unset until they are needed */
	road_status status = check_wait(points, count, mode);

	if (status)
		return status;
	wait.points = points;
	wait.count = count;
	wait.mode = mode;
	wait.deadline = deadline;
	wait.first = 0;
	wait.over = wait.slept = false;
	wait.index = index;
	if (decided(&wait)) {
		status = finish(&wait);
	} else {
		/* Others may let go of an event meanwhile. */
		for (uint32_t i = 0; i < count; i++)
			road_object_hold(&points[i].event->object);
		status = await(&wait);
		if (!status)
			status = conclude(&wait);
		for (uint32_t i = 0; i < count; i++)
			road_object_drop(&points[i].event->object);
	}
	return status;
}

road_status road_point_wait(road_point point, uint64_t deadline)
{
	return road_event_wait(&point, 1, ROAD_WAIT_ALL, deadline, NULL);
}
