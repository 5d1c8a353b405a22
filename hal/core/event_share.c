/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that several processes see: a page of sealed memory that all map. Each process has an
 * event of its own and keeps it at what the page says; a change made here goes to the page at once,
 * one made elsewhere is looked for wherever the simulation is run, and by the pump.
 *
 * The page is hostile: its words are copied once and checked, and mean a value and a status only.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/core.h"

enum { PAGE_BYTES = 4096, BATCH = 32 };
#define PAGE_MAGIC UINT64_C(0x31746e6576656472) /* "rdevent1", as little-endian text */

/* Fixed layout: other builds of this library map it, too. */
struct shared_page {
	uint64_t magic;
	_Atomic uint64_t value;
	_Atomic uint64_t failed_from; /* UINT64_MAX: none */
	_Atomic int64_t reason;       /* an error status, written before failed_from */
};

struct road_shared {
	struct road_event *event;
	struct road_shared *next;
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

/* ---- to the page ---- */

void road_shared_raised(struct road_shared *shared, uint64_t value)
{
	uint64_t now = atomic_load(&shared->page->value);

	while (now < value && !atomic_compare_exchange_weak(&shared->page->value, &now, value))
		;
}

void road_shared_failed(struct road_shared *shared, uint64_t from, road_status reason)
{
	uint64_t now = atomic_load(&shared->page->failed_from);

	if (from < now)
		atomic_store(&shared->page->reason, reason);
	while (from < now && !atomic_compare_exchange_weak(&shared->page->failed_from, &now, from))
		;
}

/* ---- from the page ---- */

/* What the page says; false: nothing that the event does not know. */
static bool news(const struct road_shared *shared, uint64_t *value, uint64_t *failed)
{
	*value = atomic_load(&shared->page->value);
	*failed = atomic_load(&shared->page->failed_from);
	return (*value != UINT64_MAX && *value > road_event_now(shared->event) &&
		*value < atomic_load(&shared->event->failed_from)) ||
	       *failed < atomic_load(&shared->event->failed_from);
}

static void take_over(struct road_shared *shared)
{
	struct road_work work = ROAD_WORK_INIT(road_progress_now());
	uint64_t value, failed;
	road_error why;

	if (!news(shared, &value, &failed))
		return;
	if (value != UINT64_MAX)
		road_event_raise(shared->event, value, work.time_ps, &work);
	if (failed != UINT64_MAX) {
		int64_t reason = atomic_load(&shared->page->reason);

		if (reason >= 0 || reason < ROAD_INTERNAL)
			reason = ROAD_IO;
		road_error_set(&why, (road_status)reason, "another process failed the event",
			       "road_event_import", "", "");
		road_event_fail_from(shared->event, failed, &why, work.time_ps, &work);
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
	uint64_t value, failed;
	uint32_t count = 0;

	pthread_mutex_lock(&all.lock);
	for (struct road_shared *s = all.first; s && count < BATCH; s = s->next) {
		*watching |= awaited(s->event);
		if (news(s, &value, &failed) && hold_live(&s->event->object))
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

		take_over(found[i]);
		road_object_drop(&event->object);
	}
	progress.ran = count != 0;
	progress.more = count == BATCH;
	return progress;
}

static bool pending(struct road_source *source)
{
	uint64_t value, failed;
	bool any = false;

	(void)source;
	if (!atomic_load_explicit(&all.any, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&all.lock);
	for (const struct road_shared *s = all.first; s && !any; s = s->next)
		any = news(s, &value, &failed);
	pthread_mutex_unlock(&all.lock);
	return any;
}

static struct road_source pages = {.run = run, .pending = pending};

/* ---- making and ending ---- */

static void list(struct road_shared *shared)
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
		road_source_add(&pages);
}

static void end(struct road_shared *shared)
{
	road_memfd_free(shared->page, PAGE_BYTES, shared->fd);
	free(shared);
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
	pthread_mutex_unlock(&all.lock);
	road_agent_end();
	end(shared);
}

static road_status no_memory(const char *where)
{
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a shared event",
			 where, "", "");
}

/* The event gets a page of its own, which begins with what is true now. */
static road_status share(struct road_event *event)
{
	struct road_shared *shared = calloc(1, sizeof(*shared));
	road_status status;
	void *page;

	if (!shared)
		return no_memory("road_event_share");
	status = road_memfd_alloc(PAGE_BYTES, &page, &shared->fd);
	if (status) {
		free(shared);
		return status;
	}
	shared->event = event;
	shared->page = page;
	shared->page->magic = PAGE_MAGIC;
	atomic_store(&shared->page->failed_from, UINT64_MAX);
	if (!road_event_tie(event, shared)) { /* another thread was faster */
		end(shared);
		return ROAD_OK;
	}
	/* What changed before the tie; what changes after it is published by itself. */
	pthread_mutex_lock(&event->lock);
	road_shared_raised(shared, road_event_now(event));
	if (atomic_load(&event->failed_from) != UINT64_MAX)
		road_shared_failed(shared, atomic_load(&event->failed_from), event->failure.status);
	pthread_mutex_unlock(&event->lock);
	list(shared);
	return ROAD_OK;
}

road_status road_shared_fd(struct road_event *event, const char *where, int *fd, uint64_t *bytes)
{
	road_status status;

	if (event->timeline)
		return road_fail(ROAD_INVALID_ARGUMENT, "event is a queue's timeline", where, "",
				 "an event of the program");
	status = road_pump_start();
	if (status)
		return status;
	pthread_mutex_lock(&event->lock);
	struct road_shared *shared = event->shared;

	pthread_mutex_unlock(&event->lock);
	if (!shared)
		status = share(event);
	if (status)
		return status;
	pthread_mutex_lock(&event->lock);
	*fd = event->shared->fd;
	pthread_mutex_unlock(&event->lock);
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
		return no_memory("road_event_share");
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

static road_status import(int fd, struct road_shared *shared, road_event **out)
{
	struct road_event *event;
	road_status status;
	void *page;

	shared->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (shared->fd < 0)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad descriptor",
				     "road_event_import: fd", (uint64_t)(uint32_t)fd,
				     "an open descriptor");
	status = road_memfd_map(shared->fd, PAGE_BYTES, "road_event_import: fd", &page);
	if (status) {
		close(shared->fd);
		return status;
	}
	shared->page = page;
	status = check_page(page);
	if (!status)
		status = road_event_new(0, false, &event);
	if (status) {
		road_memfd_free(page, PAGE_BYTES, shared->fd);
		return status;
	}
	shared->event = event;
	road_event_tie(event, shared);
	take_over(shared);
	list(shared);
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
	struct road_shared *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return no_memory("road_event_import");
	status = import(fd, shared, out);
	if (status)
		free(shared);
	return status;
}
