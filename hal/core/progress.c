/* SPDX-License-Identifier: Apache-2.0 */
/* One slice of everything that can run in this process, and what it brought. See docs/time.md. */
#include "hal/core/core.h"

enum { SLICE_EVENTS = 4096 };

static _Atomic(const struct road_domain *) domain;

/* Open devices; an interrupt may be delivered to one while the list is not locked. */
static struct {
	pthread_mutex_t lock;
	struct road_device *first;
	_Atomic uint32_t sim_count;
} devices = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Queues that a driver said may have progressed, the latest first. Any thread puts one there; the
 * baton's holder takes them all. */
static _Atomic(struct road_queue *) ready;

/*
 * Software devices, whose work runs on the baton's holder. The lock is for changes of the list. Who
 * removes a source takes it out before looking at `running`, and the holder sets `running` before
 * looking at the list: so one of the two sees the other.
 */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct road_source *_Atomic first;
	_Atomic bool running;      /* the baton's holder walks the list */
	_Atomic uint32_t removers; /* wait until it does not */
} sources = {.lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};

/* A bus said that a device is gone; who runs the next slice looks which. */
static _Atomic bool gone;

void road_bus_gone(void)
{
	atomic_store(&gone, true);
	road_baton_poke();
}

void road_progress_domain(const struct road_domain *new_domain)
{
	atomic_store(&domain, new_domain);
}

const struct road_domain *road_progress_domain_get(void)
{
	return atomic_load_explicit(&domain, memory_order_acquire);
}

uint64_t road_progress_now(void)
{
	const struct road_domain *d = road_progress_domain_get();

	return d ? d->now() : 0;
}

void road_progress_device_add(struct road_device *device)
{
	pthread_mutex_lock(&devices.lock);
	device->next_open = devices.first;
	devices.first = device;
	pthread_mutex_unlock(&devices.lock);
}

void road_progress_device_remove(struct road_device *device)
{
	pthread_mutex_lock(&devices.lock);
	struct road_device **at = &devices.first;

	while (*at && *at != device)
		at = &(*at)->next_open;
	if (*at)
		*at = device->next_open;
	while (device->irq_users)
		pthread_cond_wait(&device->irq_idle, &devices.lock);
	pthread_mutex_unlock(&devices.lock);
}

/* Delivers the interrupts of one device; false: none was pending. */
static bool deliver(struct road_device *device)
{
	struct road_bus *bus = device->drv.bus;
	uint64_t pending = device->control->irq_pending(bus);
	bool any = pending != 0;

	while (pending) {
		uint32_t vector = (uint32_t)__builtin_ctzll(pending);

		pending &= pending - 1;
		if (bus->ops->irq_take(bus, vector))
			device->ops.irq(&device->drv, vector);
	}
	return any;
}

static bool has_irq(const struct road_device *device)
{
	return device->control && device->control->irq_pending &&
	       device->control->irq_pending(device->drv.bus);
}

/* All devices with pending interrupts, one at a time, the list unlocked meanwhile. */
static bool deliver_all(void)
{
	bool any = false;

	pthread_mutex_lock(&devices.lock);
	for (struct road_device *device = devices.first; device; device = device->next_open) {
		if (!has_irq(device))
			continue;
		device->irq_users++;
		pthread_mutex_unlock(&devices.lock);
		any |= deliver(device);
		pthread_mutex_lock(&devices.lock);
		if (!--device->irq_users)
			pthread_cond_broadcast(&device->irq_idle);
	}
	pthread_mutex_unlock(&devices.lock);
	return any;
}

void road_drv_queue_ready(struct road_drv_queue *drv)
{
	struct road_queue *queue =
		(struct road_queue *)(void *)((char *)drv - offsetof(struct road_queue, drv));

	if (drv->internal || atomic_exchange(&queue->in_ready, true))
		return;
	road_object_hold(&queue->object);
	queue->ready_next = atomic_load_explicit(&ready, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&ready, &queue->ready_next, queue,
						      memory_order_acq_rel, memory_order_relaxed))
		;
}

/* All that are ready, in the order in which they came to be. */
static struct road_queue *take_ready(void)
{
	struct road_queue *latest = atomic_exchange(&ready, NULL), *first = NULL;

	while (latest) {
		struct road_queue *earlier = latest->ready_next;

		latest->ready_next = first;
		first = latest;
		latest = earlier;
	}
	return first;
}

static bool advance_ready(void)
{
	struct road_queue *queue = NULL;
	bool any = false;

	while (queue || (atomic_load(&ready) && (queue = take_ready()))) {
		struct road_work work = ROAD_WORK_INIT(road_progress_now());
		struct road_queue *next = queue->ready_next;

		/* A driver that finds the mark leaves it at that: so the mark goes before the
		 * driver is asked, and what it knew when it looked at the mark is seen. */
		atomic_exchange(&queue->in_ready, false);
		road_queue_advance(queue, &work);
		road_work_drain(&work);
		road_object_drop(&queue->object);
		queue = next;
		any = true;
	}
	return any;
}

void road_source_add(struct road_source *source)
{
	pthread_mutex_lock(&sources.lock);
	source->next = atomic_load(&sources.first);
	atomic_store(&sources.first, source);
	pthread_mutex_unlock(&sources.lock);
}

void road_source_remove(struct road_source *source)
{
	pthread_mutex_lock(&sources.lock);
	struct road_source *before = atomic_load(&sources.first);

	atomic_fetch_add(&sources.removers, 1);
	if (before == source)
		atomic_store(&sources.first, source->next);
	while (before && before->next != source)
		before = before->next;
	if (before)
		__atomic_store_n(&before->next, source->next, __ATOMIC_SEQ_CST);
	while (atomic_load(&sources.running))
		pthread_cond_wait(&sources.idle, &sources.lock);
	atomic_fetch_sub(&sources.removers, 1);
	pthread_mutex_unlock(&sources.lock);
}

void road_source_poke(void)
{
	road_baton_poke();
}

static bool source_pending(void)
{
	bool any = false;

	if (!atomic_load(&sources.first))
		return false;
	pthread_mutex_lock(&sources.lock);
	for (struct road_source *s = atomic_load(&sources.first); s && !any; s = s->next)
		any = s->pending(s);
	pthread_mutex_unlock(&sources.lock);
	return any;
}

static void run_sources(struct road_progress *progress)
{
	if (!atomic_load(&sources.first))
		return;
	atomic_store(&sources.running, true);
	for (struct road_source *source = atomic_load(&sources.first); source;
	     source = __atomic_load_n(&source->next, __ATOMIC_ACQUIRE)) {
		struct road_progress one = source->run(source);

		progress->ran |= one.ran;
		progress->more |= one.more;
		progress->watching |= one.watching;
	}
	atomic_store(&sources.running, false);
	if (!atomic_load(&sources.removers))
		return;
	pthread_mutex_lock(&sources.lock);
	pthread_cond_broadcast(&sources.idle);
	pthread_mutex_unlock(&sources.lock);
}

bool road_progress_pending(void)
{
	const struct road_domain *d = road_progress_domain_get();

	return atomic_load(&ready) || atomic_load(&gone) || (d && d->pending()) || source_pending();
}

struct road_progress road_progress_slice(uint64_t until_ps)
{
	const struct road_domain *d = road_progress_domain_get();
	struct road_progress progress = {0};

	if (atomic_load(&gone) && atomic_exchange(&gone, false))
		while (road_progress_check_lost())
			progress.ran = true;
	run_sources(&progress);
	if (d) {
		struct road_slice slice = {0};

		d->run(until_ps, SLICE_EVENTS, &slice);
		progress.ran |= slice.ran;
		progress.more |= slice.more;
		progress.watching |= slice.watching;
		if (slice.irq)
			progress.ran |= deliver_all();
	}
	progress.ran |= advance_ready();
	road_telemetry_tick();
	return progress;
}

void road_progress_query(uint64_t cost_ps)
{
	const struct road_domain *d = road_progress_domain_get();
	uint64_t *mine = road_thread_time();
	struct road_progress progress;

	*mine += cost_ps ? cost_ps : ROAD_QUERY_PS;
	if (!road_baton_take(NULL))
		return;
	do
		progress = road_progress_slice(*mine);
	while (d && progress.more);
	road_baton_release(NULL);
}

bool road_progress_check_lost(void)
{
	struct road_device *found = NULL;

	pthread_mutex_lock(&devices.lock);
	for (struct road_device *device = devices.first; device; device = device->next_open) {
		if (atomic_load(&device->lost_handled))
			continue;
		if (road_device_is_lost(device) ||
		    (device->drv.bus && device->drv.bus->ops->lost(device->drv.bus))) {
			found = device;
			found->irq_users++;
			break;
		}
	}
	pthread_mutex_unlock(&devices.lock);
	if (!found)
		return false;
	road_device_lose(found);
	pthread_mutex_lock(&devices.lock);
	if (!--found->irq_users)
		pthread_cond_broadcast(&found->irq_idle);
	pthread_mutex_unlock(&devices.lock);
	return true;
}
