/* SPDX-License-Identifier: Apache-2.0 */
/* Events: timelines, their waiters, promises and failures. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hal/core/core.h"

static struct road_event *event_of(struct road_object *object)
{
	return (struct road_event *)object;
}

static void event_close(struct road_object *object)
{
	if (event_of(object)->shared)
		road_tokens_revoke(object);
}

static void event_finish(struct road_object *object)
{
	struct road_event *event = event_of(object);

	if (event->shared)
		road_shared_drop(event);
	/* Only descriptors can be left here: threads and queues hold the event. */
	for (struct road_waiter *w = event->waiters.next, *next; w != &event->waiters; w = next) {
		next = w->next;
		close(w->fd);
		free(w);
		road_agent_end();
	}
	pthread_mutex_destroy(&event->lock);
}

static void event_free(struct road_object *object)
{
	free(event_of(object));
}

const struct road_class road_event_class = {ROAD_TYPE_EVENT, "event", event_close, event_finish,
					    event_free};

road_status road_event_new(uint64_t initial, bool timeline, struct road_event **out)
{
	struct road_event *event = calloc(1, sizeof(*event));

	if (!event)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an event",
				 "road_event_create", "", "");
	pthread_mutex_init(&event->lock, NULL);
	event->waiters.next = event->waiters.prev = &event->waiters;
	atomic_init(&event->word, initial);
	atomic_init(&event->failed_from, UINT64_MAX);
	event->timeline = timeline;
	road_object_init(&event->object, &road_event_class);
	*out = event;
	return ROAD_OK;
}

road_status road_event_create(road_instance *instance, uint64_t initial, road_event **out)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_event_create: instance");

	if (status)
		return status;
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_event_create: out",
				 "NULL", "");
	if (initial == UINT64_MAX)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "initial value leaves no room to rise",
				     "road_event_create: initial", initial, "< 2^64-1");
	return road_event_new(initial, false, out);
}

uint64_t road_event_now(const struct road_event *event)
{
	uint64_t value = atomic_load_explicit(&event->word, memory_order_acquire);

	return value != ROAD_EVENT_CLAIMED
		       ? value
		       : atomic_load_explicit(&event->claimed_value, memory_order_acquire);
}

enum road_point_state road_event_state(const struct road_event *event, uint64_t value)
{
	if (road_event_now(event) >= value)
		return ROAD_POINT_REACHED;
	if (atomic_load_explicit(&event->failed_from, memory_order_acquire) <= value)
		return ROAD_POINT_FAILED;
	return ROAD_POINT_OPEN;
}

/* Raises a free event; false: it is claimed, or the value does not rise. The time goes first: who
 * sees the value sees a time that is not older. */
static bool raise_free(struct road_event *event, uint64_t value, uint64_t time_ps)
{
	uint64_t now = atomic_load_explicit(&event->word, memory_order_relaxed);

	while (now != ROAD_EVENT_CLAIMED && now < value && value != ROAD_EVENT_CLAIMED) {
		atomic_store_explicit(&event->time_ps, time_ps, memory_order_relaxed);
		if (atomic_compare_exchange_weak_explicit(
			    &event->word, &now, value, memory_order_acq_rel, memory_order_relaxed))
			return true;
	}
	return false;
}

/* Takes the lock; from here to event_unlock the value changes by the caller's hand only. */
static void event_lock(struct road_event *event)
{
	pthread_mutex_lock(&event->lock);
	uint64_t now = atomic_load_explicit(&event->word, memory_order_relaxed);

	while (now != ROAD_EVENT_CLAIMED) {
		/* Somebody who saw an earlier claim may read this: it was the value just now. */
		atomic_store_explicit(&event->claimed_value, now, memory_order_release);
		if (atomic_compare_exchange_weak_explicit(&event->word, &now, ROAD_EVENT_CLAIMED,
							  memory_order_acq_rel,
							  memory_order_relaxed))
			break;
	}
}

/* Frees the event if nobody has a claim on it any more. */
static void event_unlock(struct road_event *event)
{
	if (event->waiters.next == &event->waiters && !event->promiser && !event->shared &&
	    atomic_load_explicit(&event->failed_from, memory_order_relaxed) == UINT64_MAX)
		atomic_store_explicit(
			&event->word,
			atomic_load_explicit(&event->claimed_value, memory_order_relaxed),
			memory_order_release);
	pthread_mutex_unlock(&event->lock);
}

static void unlink_waiter(struct road_waiter *waiter)
{
	waiter->next->prev = waiter->prev;
	waiter->prev->next = waiter->next;
	waiter->linked = false;
}

/* Under the event's lock: tells one waiter that its point is decided. */
static void fire(struct road_waiter *waiter, uint64_t time_ps, struct road_work *work)
{
	static const uint64_t one = 1;
	ssize_t written;

	unlink_waiter(waiter);
	waiter->fired_ps = time_ps;
	switch (waiter->kind) {
	case ROAD_WAITER_THREAD: road_sleeper_wake(waiter->sleeper); return;
	case ROAD_WAITER_QUEUE: road_work_queue(work, waiter->queue); return;
	case ROAD_WAITER_FD:
		/* Our descriptor is a duplicate: the caller's stays open and readable. */
		do
			written = write(waiter->fd, &one, sizeof(one));
		while (written < 0 && errno == EINTR);
		close(waiter->fd);
		free(waiter);
		road_agent_end();
		return;
	}
}

static void fire_decided(struct road_event *event, uint64_t time_ps, struct road_work *work)
{
	for (struct road_waiter *w = event->waiters.next, *next; w != &event->waiters; w = next) {
		next = w->next;
		if (road_event_state(event, w->value) != ROAD_POINT_OPEN)
			fire(w, time_ps, work);
	}
}

static void raise_locked(struct road_event *event, uint64_t value, uint64_t time_ps,
			 struct road_work *work)
{
	uint64_t failed = atomic_load(&event->failed_from);

	if (event->promiser && value >= event->promised)
		event->promiser = NULL;
	if (failed && value >= failed)
		value = failed - 1;
	if (value <= road_event_now(event))
		return;
	atomic_store_explicit(&event->time_ps, time_ps, memory_order_relaxed);
	atomic_store_explicit(&event->claimed_value, value, memory_order_release);
	if (event->shared)
		road_shared_raised(event->shared, value);
	if (event->waiters.next != &event->waiters)
		fire_decided(event, time_ps, work);
}

void road_event_raise(struct road_event *event, uint64_t value, uint64_t time_ps,
		      struct road_work *work)
{
	if (raise_free(event, value, time_ps))
		return;
	event_lock(event);
	raise_locked(event, value, time_ps, work);
	event_unlock(event);
}

void road_event_fail_from(struct road_event *event, uint64_t from, const road_error *why,
			  uint64_t time_ps, struct road_work *work)
{
	event_lock(event);
	if (event->promiser && from <= event->promised)
		event->promiser = NULL;
	if (from <= road_event_now(event))
		from = road_event_now(event) + 1;
	if (from < atomic_load(&event->failed_from)) {
		event->failure = *why;
		atomic_store_explicit(&event->time_ps, time_ps, memory_order_relaxed);
		atomic_store_explicit(&event->failed_from, from, memory_order_release);
		if (event->shared)
			road_shared_failed(event->shared, from, why->status);
		fire_decided(event, time_ps, work);
	}
	event_unlock(event);
}

bool road_event_await(struct road_event *event, struct road_waiter *waiter)
{
	event_lock(event);
	bool open = road_event_state(event, waiter->value) == ROAD_POINT_OPEN;

	if (open) {
		waiter->next = &event->waiters;
		waiter->prev = event->waiters.prev;
		waiter->prev->next = waiter->next->prev = waiter;
		waiter->linked = true;
		if (event->shared) /* another process may signal it */
			road_pump_wake();
	}
	event_unlock(event);
	return open;
}

bool road_event_tie(struct road_event *event, struct road_shared *shared)
{
	event_lock(event);
	bool tied = !event->shared;

	if (tied)
		event->shared = shared;
	event_unlock(event);
	return tied;
}

void road_event_forget(struct road_event *event, struct road_waiter *waiter)
{
	event_lock(event);
	if (waiter->linked)
		unlink_waiter(waiter);
	event_unlock(event);
}

road_status road_event_promise(struct road_event *event, uint64_t value, struct road_queue *queue,
			       uint64_t *before)
{
	road_status status = ROAD_OK;

	event_lock(event);
	uint64_t floor = road_event_now(event);

	if (event->promiser && event->promised > floor)
		floor = event->promised;
	if (event->timeline)
		status = road_fail(ROAD_INVALID_ARGUMENT, "a queue's timeline cannot be promised",
				   "road_queue_submit: signals", "", "an event of the program");
	else if (event->promiser && event->promiser != queue)
		status = road_fail(ROAD_BUSY, "another queue owes a value on this event",
				   "road_queue_submit: signals", "",
				   "one queue at a time promises on an event");
	else if (value <= floor)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "promised value does not rise",
				       "road_queue_submit: signals", value,
				       "above the event's value and its last promise");
	else if (value == UINT64_MAX || value >= atomic_load(&event->failed_from))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "promised point has failed already",
				       "road_queue_submit: signals", value,
				       "below where the event failed");
	if (!status) {
		*before = event->promiser ? event->promised : 0;
		event->promiser = queue;
		event->promised = value;
		event->promised_on = queue->timeline;
		event->promised_at = queue->tail + 1;
		if (event->shared)
			road_shared_owe(event->shared, value, true);
	}
	event_unlock(event);
	return status;
}

/* Takes the last promise back: `previous` is what the queue owed before it, 0 = nothing. */
void road_event_unpromise(struct road_event *event, uint64_t previous, struct road_queue *queue)
{
	event_lock(event);
	if (event->shared)
		road_shared_disown(event->shared, event->promised);
	event->promiser = previous > road_event_now(event) ? queue : NULL;
	event->promised = previous;
	event->promised_on = NULL;
	event_unlock(event);
}

road_status road_event_retain(road_event *event)
{
	road_status status =
		road_object_check(event, &road_event_class, "road_event_retain: event");

	if (!status)
		road_object_retain(&event->object);
	return status;
}

void road_event_release(road_event *event)
{
	if (road_object_mine(event, &road_event_class, "road_event_release: event"))
		road_object_release(&event->object);
}

road_status road_event_value(road_event *event, uint64_t *out)
{
	road_status status = road_object_check(event, &road_event_class, "road_event_value: event");

	if (status)
		return status;
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_event_value: out",
				 "NULL", "");
	road_progress_query(0);
	*out = road_event_now(event);
	return ROAD_OK;
}

road_status road_event_signal(road_event *event, uint64_t value)
{
	struct road_work work = ROAD_WORK_INIT(*road_thread_time());
	road_status status =
		road_object_check(event, &road_event_class, "road_event_signal: event");

	if (status)
		return status;
	uint64_t now = road_progress_now();

	if (now > work.time_ps)
		work.time_ps = now;
	if (!event->timeline && raise_free(event, value, work.time_ps))
		return ROAD_OK;
	event_lock(event);
	if (event->timeline)
		status = road_fail(ROAD_INVALID_ARGUMENT, "event is a queue's timeline",
				   "road_event_signal: event", "", "an event of the program");
	else if (value <= road_event_now(event))
		status =
			road_fail_u64(ROAD_INVALID_ARGUMENT, "value does not rise",
				      "road_event_signal: value", value, "above the event's value");
	else if (value == UINT64_MAX || value >= atomic_load(&event->failed_from))
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "point has failed",
				       "road_event_signal: value", value,
				       "below where the event failed, and < 2^64-1");
	else if (event->promiser)
		status = road_fail(ROAD_BUSY, "a queue owes a value on this event",
				   "road_event_signal: event", "", "no outstanding promise");
	else
		raise_locked(event, value, work.time_ps, &work);
	event_unlock(event);
	road_work_drain(&work);
	return status;
}

road_status road_event_fail(road_event *event, uint64_t from, road_status reason)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());
	road_status status = road_object_check(event, &road_event_class, "road_event_fail: event");
	road_error why;
	char seen[32];

	if (status)
		return status;
	if ((int)reason >= 0 || (int)reason < ROAD_INTERNAL)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "reason is no error",
				     "road_event_fail: reason", (uint64_t)reason,
				     "a negative road_status");
	if (event->timeline)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is a queue's timeline",
				 "road_event_fail: event", "", "an event of the program");
	if (from <= road_event_now(event))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "point is reached already",
				     "road_event_fail: from", from, "above the event's value");
	snprintf(seen, sizeof(seen), "%" PRIu64, from);
	road_error_set(&why, reason, "the program failed the event", "road_event_fail", seen, "");
	road_event_fail_from(event, from, &why, work.time_ps, &work);
	road_work_drain(&work);
	return ROAD_OK;
}

road_status road_event_error(road_event *event, uint64_t value, road_error *detail)
{
	road_status status = road_object_check(event, &road_event_class, "road_event_error: event");

	if (status)
		return status;
	if (detail && (status = road_struct_out_check(detail, offsetof(road_error, what),
						      "road_event_error: detail")))
		return status;
	switch (road_event_state(event, value)) {
	case ROAD_POINT_REACHED: return ROAD_OK;
	case ROAD_POINT_OPEN: return ROAD_NOT_READY;
	case ROAD_POINT_FAILED: break;
	}
	pthread_mutex_lock(&event->lock);
	if (detail)
		road_struct_out(detail, &event->failure, sizeof(event->failure));
	status = event->failure.status;
	pthread_mutex_unlock(&event->lock);
	return status;
}

road_status road_event_point_fd(road_event *event, uint64_t value, int *fd)
{
	static const uint64_t one = 1;
	road_status status =
		road_object_check(event, &road_event_class, "road_event_point_fd: event");
	struct road_waiter *waiter = NULL;
	int ours = -1, theirs;

	if (status)
		return status;
	if (!fd)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_event_point_fd: fd",
				 "NULL", "");
	theirs = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ours = theirs < 0 ? -1 : fcntl(theirs, F_DUPFD_CLOEXEC, 0);
	waiter = calloc(1, sizeof(*waiter));
	if (ours < 0 || !waiter) {
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor or memory left",
				   "road_event_point_fd", "", "");
		goto undo;
	}
	status = road_pump_start();
	if (status)
		goto undo;
	waiter->value = value;
	waiter->kind = ROAD_WAITER_FD;
	waiter->fd = ours;
	road_agent_begin();
	if (!road_event_await(event, waiter)) {
		bool told = write(theirs, &one, sizeof(one)) == sizeof(one);

		road_agent_end();
		if (!told) {
			status = road_fail(ROAD_IO, "eventfd refuses a write",
					   "road_event_point_fd", "", "");
			goto undo;
		}
		close(ours);
		free(waiter);
	}
	*fd = theirs;
	road_baton_poke();
	return ROAD_OK;
undo:
	free(waiter);
	if (ours >= 0)
		close(ours);
	if (theirs >= 0)
		close(theirs);
	return status;
}
