/* SPDX-License-Identifier: Apache-2.0 */
/* One slice of everything that can run in this process, and what it brought. See docs/time.md. */
#include "hal/core/interrupts.h"

enum { SLICE_EVENTS = 4096 };

static _Atomic(const struct road_domain *) domain;

/*
 * A list that the baton's holder walks without its lock, which is for changes. Who takes something
 * out does so before looking at `going`, and the holder sets `going` before looking at the list: so
 * one of the two sees the other.
 */
struct walk {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	_Atomic bool going;
	_Atomic uint32_t awaited; /* threads that wait for the end of the walk */
};

#define WALK_INIT                                                                    \
	{                                                                            \
		.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER \
	}

static void walk_begin(struct walk *walk)
{
	atomic_store(&walk->going, true);
}

static void walk_end(struct walk *walk)
{
	atomic_store(&walk->going, false);
	if (!atomic_load(&walk->awaited))
		return;
	pthread_mutex_lock(&walk->lock);
	pthread_cond_broadcast(&walk->ended);
	pthread_mutex_unlock(&walk->lock);
}

/* Under the lock: what was taken out before is no longer looked at. */
static void walk_await(struct walk *walk)
{
	atomic_fetch_add(&walk->awaited, 1);
	while (atomic_load(&walk->going))
		pthread_cond_wait(&walk->ended, &walk->lock);
	atomic_fetch_sub(&walk->awaited, 1);
}

/* Open devices; the walk delivers their interrupts. */
static struct {
	struct walk walk;
	struct road_device *_Atomic first;
	pthread_cond_t unseen;  /* a device is not looked at any more */
	_Atomic uint32_t sleep; /* how many have a driver that sleeps */
	_Atomic bool unasked;   /* one of them has work, perhaps, and nobody asks it */
} devices = {.walk = WALK_INIT, .unseen = PTHREAD_COND_INITIALIZER};

/* Queues that a driver said may have progressed, the latest first. Any thread puts one there; the
 * baton's holder takes them all. */
static _Atomic(struct road_queue *) ready;

/* Software devices, whose work runs on the baton's holder. */
static struct {
	struct walk walk;
	struct road_source *_Atomic first;
} sources = {.walk = WALK_INIT};

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
	pthread_mutex_lock(&devices.walk.lock);
	atomic_store(&device->next_open, atomic_load(&devices.first));
	atomic_store(&devices.first, device);
	atomic_fetch_add(&devices.sleep, device->sleeps);
	pthread_mutex_unlock(&devices.walk.lock);
	if (device->interrupts)
		road_interrupts_look(); /* those that came before it was listed */
}

void road_progress_device_remove(struct road_device *device)
{
	pthread_mutex_lock(&devices.walk.lock);
	struct road_device *_Atomic *at = &devices.first, *one;

	while ((one = atomic_load(at)) && one != device)
		at = &one->next_open;
	if (one) {
		atomic_store(at, atomic_load(&device->next_open));
		atomic_fetch_sub(&devices.sleep, device->sleeps);
	}
	walk_await(&devices.walk);
	while (device->looked_at)
		pthread_cond_wait(&devices.unseen, &devices.walk.lock);
	pthread_mutex_unlock(&devices.walk.lock);
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
		if (!bus->ops->irq_take(bus, vector))
			continue;
		device->ops.irq(&device->drv, vector);
		bus->ops->irq_mask(bus, vector, false); /* a level was masked when it came */
	}
	return any;
}

static bool deliver_all(void)
{
	bool any = false;

	walk_begin(&devices.walk);
	for (struct road_device *device = atomic_load(&devices.first); device;
	     device = atomic_load(&device->next_open))
		if (device->control && device->control->irq_pending)
			any |= deliver(device);
	walk_end(&devices.walk);
	return any;
}

/* The baton's holder looks at interrupts in each slice, instead of being told. */
static bool attending;

bool road_progress_attend(bool on)
{
	bool any = false, came = false;

	walk_begin(&devices.walk);
	for (struct road_device *device = atomic_load(&devices.first); device;
	     device = atomic_load(&device->next_open)) {
		if (!device->control || !device->control->attend)
			continue;
		any = true;
		came |= device->control->attend(device->drv.bus, on);
	}
	walk_end(&devices.walk);
	attending = on && any;
	if (came && !on)
		road_interrupts_look();
	return any;
}

void road_progress_hand_on(void)
{
	if (atomic_load_explicit(&devices.sleep, memory_order_relaxed))
		atomic_store(&devices.unasked, true);
}

/* Of devices whose drivers sleep nobody tells that they progressed. */
static bool ask_all(void)
{
	bool any = false;

	if (atomic_load(&devices.unasked)) /* before it looks: what comes later marks it anew */
		atomic_store(&devices.unasked, false);
	if (!atomic_load_explicit(&devices.sleep, memory_order_relaxed))
		return false;
	walk_begin(&devices.walk);
	for (struct road_device *device = atomic_load(&devices.first); device;
	     device = atomic_load(&device->next_open))
		if (device->sleeps)
			any |= road_device_ask(device);
	walk_end(&devices.walk);
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

/* A closed queue needs no advance; until then its mark would keep it, and so its device, open. */
void road_progress_forget(struct road_queue *queue)
{
	struct road_queue *list, *next;
	bool mine = false;

	if (!atomic_load(&queue->in_ready))
		return;
	for (list = take_ready(); list; list = next) {
		next = list->ready_next;
		if (list == queue) {
			mine = true;
			continue;
		}
		list->ready_next = atomic_load(&ready);
		while (!atomic_compare_exchange_weak(&ready, &list->ready_next, list))
			;
	}
	road_baton_poke(); /* who looked in between saw nothing */
	if (!mine)
		return; /* another thread is about to advance it */
	atomic_exchange(&queue->in_ready, false);
	road_object_drop(&queue->object);
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
		bool moved = road_queue_advance(queue, &work);

		road_work_drain(&work);
		/* Who says that a queue is ready knows more; one that is asked may know nothing. */
		any |= moved || !queue->space->device->sleeps;
		road_object_drop(&queue->object);
		queue = next;
	}
	return any;
}

void road_source_add(struct road_source *source)
{
	pthread_mutex_lock(&sources.walk.lock);
	source->next = atomic_load(&sources.first);
	atomic_store(&sources.first, source);
	pthread_mutex_unlock(&sources.walk.lock);
}

void road_source_remove(struct road_source *source)
{
	pthread_mutex_lock(&sources.walk.lock);
	struct road_source *before = atomic_load(&sources.first);

	if (before == source)
		atomic_store(&sources.first, source->next);
	while (before && before->next != source)
		before = before->next;
	if (before)
		__atomic_store_n(&before->next, source->next, __ATOMIC_SEQ_CST);
	walk_await(&sources.walk);
	pthread_mutex_unlock(&sources.walk.lock);
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
	pthread_mutex_lock(&sources.walk.lock);
	for (struct road_source *s = atomic_load(&sources.first); s && !any; s = s->next)
		any = s->pending(s);
	pthread_mutex_unlock(&sources.walk.lock);
	return any;
}

static void run_sources(struct road_progress *progress)
{
	if (!atomic_load(&sources.first))
		return;
	walk_begin(&sources.walk);
	for (struct road_source *source = atomic_load(&sources.first); source;
	     source = __atomic_load_n(&source->next, __ATOMIC_ACQUIRE)) {
		struct road_progress one = source->run(source);

		progress->ran |= one.ran;
		progress->more |= one.more;
		progress->watching |= one.watching;
	}
	walk_end(&sources.walk);
}

bool road_progress_pending(void)
{
	const struct road_domain *d = road_progress_domain_get();

	return road_interrupts_pending() || atomic_load(&ready) || atomic_load(&gone) ||
	       atomic_load(&devices.unasked) || (d && d->pending()) || source_pending();
}

struct road_progress road_progress_slice(uint64_t until_ps)
{
	const struct road_domain *d = road_progress_domain_get();
	struct road_progress progress = {0};

	if (atomic_load(&gone) && atomic_exchange(&gone, false))
		while (road_progress_check_lost())
			progress.ran = true;
	run_sources(&progress);
	if (road_interrupts_due() || attending)
		progress.ran |= deliver_all();
	if (d) {
		struct road_slice slice = {0};

		d->run(until_ps, SLICE_EVENTS, &slice);
		progress.ran |= slice.ran;
		progress.more |= slice.more;
		progress.watching |= slice.watching;
		if (slice.irq)
			progress.ran |= deliver_all();
	}
	progress.watching |= ask_all();
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
	if (progress.watching) /* it does not stay to ask again */
		road_progress_hand_on();
	road_baton_release(NULL);
}

static bool is_lost(const struct road_device *device)
{
	return road_device_is_lost(device) ||
	       (device->drv.bus && device->drv.bus->ops->lost(device->drv.bus));
}

bool road_progress_check_lost(void)
{
	struct road_device *device;

	pthread_mutex_lock(&devices.walk.lock);
	for (device = atomic_load(&devices.first); device; device = atomic_load(&device->next_open))
		if (!atomic_load(&device->lost_handled) && !device->looked_at && is_lost(device) &&
		    road_object_retain_live(&device->object))
			break;
	if (device)
		device->looked_at = true;
	pthread_mutex_unlock(&devices.walk.lock);
	if (!device)
		return false;
	road_device_lose(device);
	pthread_mutex_lock(&devices.walk.lock);
	device->looked_at = false;
	pthread_cond_broadcast(&devices.unseen);
	pthread_mutex_unlock(&devices.walk.lock);
	/* Its work may have been the last to need it: then it closes here, and awaits nobody's
	 * look. */
	road_object_release(&device->object);
	return true;
}
