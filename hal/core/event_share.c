/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that several processes see, by something that all of them have: a page of sealed memory
 * (event_page.c), or a syncobj of the kernel's (event_syncobj.c). Each process has an event of its
 * own and keeps it at what stands there; a change made here goes there at once, one made elsewhere
 * is looked for wherever the simulation is run, and by the pump.
 *
 * What stands there is hostile: it is copied once and checked, and means a value and a status only.
 */
#include "hal/core/event_share.h"

enum { BATCH = 32 };

/* All of this process. The source stays once it was added: nobody waits for a walk to end. */
static struct {
	pthread_mutex_t lock;
	struct road_shared *first;
	bool added;
	_Atomic bool any;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

void road_shared_raised(struct road_shared *shared, uint64_t value)
{
	shared->ops->raise(shared, value);
}

void road_shared_failed(struct road_shared *shared, uint64_t from, road_status reason)
{
	if (shared->ops->fail)
		shared->ops->fail(shared, from, reason);
}

void road_shared_owe(struct road_shared *shared, uint64_t value, bool alone)
{
	if (shared->ops->owe)
		shared->ops->owe(shared, value, alone);
}

void road_shared_disown(struct road_shared *shared, uint64_t value)
{
	if (shared->ops->disown)
		shared->ops->disown(shared, value);
}

/* ---- what others did ---- */

/* What stands there; false: nothing that the event does not know. */
static bool news(struct road_shared *shared, struct road_shared_state *out)
{
	*out = (struct road_shared_state){.failed_from = UINT64_MAX};
	shared->ops->read(shared, out);
	return (out->value != UINT64_MAX && out->value > road_event_now(shared->event) &&
		out->value < atomic_load(&shared->event->failed_from)) ||
	       out->failed_from < atomic_load(&shared->event->failed_from);
}

void road_shared_take_over(struct road_shared *shared)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());
	struct road_shared_state state;
	road_error why;

	if (!news(shared, &state))
		return;
	if (state.value != UINT64_MAX)
		road_event_raise(shared->event, state.value, work.time_ps, &work);
	if (state.failed_from != UINT64_MAX) {
		if (state.reason >= 0 || state.reason < ROAD_INTERNAL)
			state.reason = ROAD_IO;
		road_error_set(&why, (road_status)state.reason,
			       state.orphaned ? "the process that owed the value ended"
					      : shared->ops->failed,
			       "road_event_import", "", "");
		road_event_fail_from(shared->event, state.failed_from, &why, work.time_ps, &work);
	}
	road_work_drain(&work);
}

/* Holds the event unless it ends just now. */
static bool hold_live(struct road_object *object)
{
	uint32_t holds = atomic_load(&object->holds);

	while (holds && !atomic_compare_exchange_weak(&object->holds, &holds, holds + 1))
		;
	return holds != 0;
}

static bool awaited(struct road_event *event)
{
	pthread_mutex_lock(&event->lock);
	bool any = event->waiters.next != &event->waiters;

	pthread_mutex_unlock(&event->lock);
	return any;
}

/* Up to BATCH events with news, each with a hold. */
static uint32_t collect(struct road_shared **out, bool *watching)
{
	struct road_shared_state state;
	uint32_t count = 0;

	pthread_mutex_lock(&all.lock);
	for (struct road_shared *s = all.first; s && count < BATCH; s = s->next) {
		*watching |= awaited(s->event);
		if (news(s, &state) && hold_live(&s->event->object))
			out[count++] = s;
	}
	pthread_mutex_unlock(&all.lock);
	return count;
}

static struct road_progress run(struct road_source *source)
{
	struct road_progress progress = {0};
	struct road_shared *found[BATCH];
	uint32_t count;

	(void)source;
	if (!atomic_load_explicit(&all.any, memory_order_relaxed))
		return progress;
	count = collect(found, &progress.watching);
	for (uint32_t i = 0; i < count; i++) {
		struct road_event *event = found[i]->event;

		road_shared_take_over(found[i]);
		road_object_drop(&event->object);
	}
	progress.ran = count != 0;
	progress.more = count == BATCH;
	return progress;
}

static bool pending(struct road_source *source)
{
	struct road_shared_state state;
	bool any = false;

	(void)source;
	if (!atomic_load_explicit(&all.any, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&all.lock);
	for (struct road_shared *s = all.first; s && !any; s = s->next)
		any = news(s, &state);
	pthread_mutex_unlock(&all.lock);
	return any;
}

static struct road_source source = {.run = run, .pending = pending};

/* ---- making and ending ---- */

void road_shared_list(struct road_shared *shared)
{
	pthread_mutex_lock(&all.lock);
	bool add = !all.added;

	all.added = true;
	shared->next = all.first;
	all.first = shared;
	atomic_store(&all.any, true);
	pthread_mutex_unlock(&all.lock);
	road_agent_begin();
	if (add)
		road_source_add(&source);
}

void road_shared_drop(struct road_event *event)
{
	struct road_shared *shared = event->shared;

	pthread_mutex_lock(&all.lock);
	struct road_shared **at = &all.first;

	while (*at && *at != shared)
		at = &(*at)->next;
	if (*at)
		*at = shared->next;
	atomic_store(&all.any, all.first != NULL);
	if (shared->ops->leave)
		shared->ops->leave(shared);
	pthread_mutex_unlock(&all.lock);
	road_agent_end();
	shared->ops->end(shared);
}

void road_shared_each(void (*fn)(struct road_shared *shared, void *arg), void *arg)
{
	pthread_mutex_lock(&all.lock);
	for (struct road_shared *s = all.first; s; s = s->next)
		fn(s, arg);
	pthread_mutex_unlock(&all.lock);
}

struct road_shared *road_shared_of(struct road_event *event)
{
	pthread_mutex_lock(&event->lock);
	struct road_shared *shared = event->shared;

	pthread_mutex_unlock(&event->lock);
	return shared;
}

void road_shared_begin(struct road_shared *shared)
{
	struct road_event *event = shared->event;

	/* What changed before the tie; what changes after it is published by itself. */
	pthread_mutex_lock(&event->lock);
	road_shared_raised(shared, road_event_now(event));
	if (atomic_load(&event->failed_from) != UINT64_MAX)
		road_shared_failed(shared, atomic_load(&event->failed_from), event->failure.status);
	if (event->promiser)
		road_shared_owe(shared, event->promised, false);
	pthread_mutex_unlock(&event->lock);
	road_shared_list(shared);
}

road_status road_shared_no_memory(const char *where)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a shared event",
			 where, "", "");
}

road_status road_shared_check(const struct road_event *event, const char *where)
{
	if (event->timeline)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is a queue's timeline", where, "",
				 "an event of the program");
	return road_pump_start();
}

road_status road_shared_import(struct road_shared *shared, struct road_event **out)
{
	struct road_event *event;
	road_status status = road_event_new(0, false, &event);

	if (status)
		return status;
	shared->event = event;
	road_event_tie(event, shared);
	road_shared_take_over(shared);
	road_shared_list(shared);
	*out = event;
	return ROAD_OK;
}
