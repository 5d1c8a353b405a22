/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that several processes see, by something that all of them have: a page of sealed memory
 * (here), or a syncobj of the kernel's (event_syncobj.c). Each process has an event of its own and
 * keeps it at what stands there; a change made here goes there at once, one made elsewhere is
 * looked for wherever the simulation is run, and by the pump.
 *
 * What stands there is hostile: it is copied once and checked, and means a value and a status only.
 */
#include "hal/core/event_share.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal/bus/memfd.h"

enum { PAGE_BYTES = 4096, BATCH = 32 };
#define PAGE_MAGIC UINT64_C(0x31746e6576656472) /* "rdevent1", as little-endian text */

/* Fixed layout: other builds of this library map it, too. */
struct shared_page {
	uint64_t magic;
	_Atomic uint64_t value;
	_Atomic uint64_t failed_from; /* UINT64_MAX: none */
	_Atomic int64_t reason;       /* an error status, written before failed_from */
};

struct paged {
	struct road_shared shared;
	struct shared_page *page;
	int fd; /* ours */
};

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
		road_error_set(&why, (road_status)state.reason, shared->ops->failed,
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
	pthread_mutex_unlock(&event->lock);
	road_shared_list(shared);
}

road_status road_shared_no_memory(const char *where)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a shared event",
			 where, "", "");
}

/* ---- the page ---- */

static struct paged *paged_of(struct road_shared *shared)
{
	return (struct paged *)(void *)shared;
}

static void page_raise(struct road_shared *shared, uint64_t value)
{
	struct shared_page *page = paged_of(shared)->page;
	uint64_t now = atomic_load(&page->value);

	while (now < value && !atomic_compare_exchange_weak(&page->value, &now, value))
		;
}

static void page_fail(struct road_shared *shared, uint64_t from, road_status reason)
{
	struct shared_page *page = paged_of(shared)->page;
	uint64_t now = atomic_load(&page->failed_from);

	if (from < now)
		atomic_store(&page->reason, reason);
	while (from < now && !atomic_compare_exchange_weak(&page->failed_from, &now, from))
		;
}

static void page_read(struct road_shared *shared, struct road_shared_state *out)
{
	struct shared_page *page = paged_of(shared)->page;

	out->value = atomic_load(&page->value);
	out->failed_from = atomic_load(&page->failed_from);
	out->reason = out->failed_from == UINT64_MAX ? 0 : atomic_load(&page->reason);
}

static void page_end(struct road_shared *shared)
{
	road_memfd_free(paged_of(shared)->page, PAGE_BYTES, paged_of(shared)->fd);
	free(shared);
}

static const struct road_shared_ops page_ops = {
	.failed = "another process failed the event",
	.raise = page_raise,
	.fail = page_fail,
	.read = page_read,
	.end = page_end,
};

/* The event gets a page of its own, which begins with what is true now. */
static road_status share(struct road_event *event)
{
	struct paged *own = calloc(1, sizeof(*own));
	road_status status;
	void *page;

	if (!own)
		return road_shared_no_memory("road_event_share");
	status = road_memfd_alloc(PAGE_BYTES, &page, &own->fd);
	if (status) {
		free(own);
		return status;
	}
	own->shared = (struct road_shared){.event = event, .ops = &page_ops};
	own->page = page;
	own->page->magic = PAGE_MAGIC;
	atomic_store(&own->page->failed_from, UINT64_MAX);
	if (road_event_tie(event, &own->shared))
		road_shared_begin(&own->shared);
	else /* another thread was faster */
		page_end(&own->shared);
	return ROAD_OK;
}

road_status road_shared_check(const struct road_event *event, const char *where)
{
	if (event->timeline)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is a queue's timeline", where, "",
				 "an event of the program");
	return road_pump_start();
}

road_status road_shared_fd(struct road_event *event, const char *where, int *fd, uint64_t *bytes)
{
	road_status status = road_shared_check(event, where);

	if (!status && !road_shared_of(event))
		status = share(event);
	if (status)
		return status;
	struct road_shared *shared = road_shared_of(event);

	if (shared->ops != &page_ops)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is shared already", where,
				 "a syncobj", "one way");
	*fd = paged_of(shared)->fd;
	*bytes = PAGE_BYTES;
	return ROAD_OK;
}

road_status road_event_share(road_event *event, int *fd)
{
	road_status status = road_object_check(event, &road_event_class, "road_event_share: event");
	uint64_t bytes;
	int own;

	if (!status && !fd)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_event_share: fd",
				   "NULL", "");
	if (!status)
		status = road_shared_fd(event, "road_event_share: event", &own, &bytes);
	if (status)
		return status;
	const int copy = fcntl(own, F_DUPFD_CLOEXEC, 0);

	if (copy < 0)
		return road_shared_no_memory("road_event_share");
	*fd = copy;
	return ROAD_OK;
}

static road_status check_page(const struct shared_page *page)
{
	if (page->magic != PAGE_MAGIC)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "memory holds no shared event",
				     "road_event_import: fd", page->magic,
				     "a descriptor of road_event_share");
	return ROAD_OK;
}

static road_status import(int fd, struct paged *own, road_event **out)
{
	road_status status;
	void *page;

	own->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own->fd < 0)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad descriptor",
				     "road_event_import: fd", (uint64_t)(uint32_t)fd,
				     "an open descriptor");
	status = road_memfd_map(own->fd, PAGE_BYTES, "road_event_import: fd", &page);
	if (status) {
		close(own->fd);
		return status;
	}
	own->page = page;
	status = check_page(page);
	if (!status)
		status = road_shared_import(&own->shared, out);
	if (status)
		road_memfd_free(page, PAGE_BYTES, own->fd);
	return status;
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

road_status road_event_import(road_instance *instance, int fd, road_event **out)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_event_import: instance");

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				   "road_event_import: out", "NULL", "");
	if (!status)
		status = road_pump_start();
	if (status)
		return status;
	struct paged *own = calloc(1, sizeof(*own));

	if (!own)
		return road_shared_no_memory("road_event_import");
	own->shared.ops = &page_ops;
	status = import(fd, own, out);
	if (status)
		free(own);
	return status;
}
