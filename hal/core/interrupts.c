/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/core/interrupts.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The descriptors of all devices, as long as there are devices or sleepers that use it. */
struct sets {
	uint32_t users;
	int level, edge;
};

/* What ends a sleep that is on descriptors. Whoever wakes a sleeper has no lock: so a waker lives
 * for good, and serves another one after that; who is woken without a reason looks again. */
struct road_waker {
	struct road_waker *next;
	struct sets *sets; /* a use */
	int fd;
};

struct road_interrupts {
	struct road_interrupts *next;
	struct road_device *device;
	struct sets *sets; /* a use */
	uint32_t count;
	bool leaving; /* the pump is in the bus's let_go */
	int lost;     /* the bus's; -1: none */
	int fds[];
};

/* No bus is called under the lock, which everybody who waits takes: a bus may take long. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t left; /* a device's `leaving` ended */
	struct road_interrupts *first;
	uint32_t devices;          /* those that open or close, too */
	struct road_waker *spare;  /* of these sets, which the pump or the next sleeper takes */
	struct road_waker *unused; /* of none */
	struct sets *_Atomic sets; /* NULL: there are no devices */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER};

static _Atomic bool due;

enum { IS_IRQ, IS_LOST }; /* what an entry of a set says */

bool road_interrupts_due(void)
{
	return atomic_load(&due) && atomic_exchange(&due, false);
}

bool road_interrupts_pending(void)
{
	return atomic_load(&due);
}

void road_interrupts_look(void)
{
	atomic_store(&due, true);
	road_baton_poke();
}

bool road_interrupts_any(void)
{
	return atomic_load_explicit(&all.sets, memory_order_relaxed) != NULL;
}

/* ---- sleeping ---- */

/* Under the lock. */
static void drop_sets(struct sets *sets)
{
	if (--sets->users)
		return;
	if (sets->level >= 0)
		close(sets->level);
	if (sets->edge >= 0)
		close(sets->edge);
	free(sets);
}

/* Under the lock. */
static void retire_waker(struct road_waker *waker)
{
	drop_sets(waker->sets);
	waker->sets = NULL;
	waker->next = all.unused;
	all.unused = waker;
}

static struct road_waker *new_waker(void)
{
	struct road_waker *waker = calloc(1, sizeof(*waker));

	if (waker)
		waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!waker || waker->fd < 0) {
		free(waker);
		return NULL;
	}
	return waker;
}

/* Under the lock; NULL: there is none to be had. */
static struct road_waker *make_waker(struct sets *sets)
{
	struct road_waker *waker = all.unused;

	if (waker)
		all.unused = waker->next;
	else
		waker = new_waker();
	if (!waker)
		return NULL;
	waker->next = NULL;
	waker->sets = sets;
	sets->users++;
	return waker;
}

/* One that was used before, or a new one. Under the lock. */
static struct road_waker *take_waker(void)
{
	struct road_waker *waker = all.spare;
	struct sets *sets = atomic_load(&all.sets);

	if (waker)
		all.spare = waker->next;
	else if (sets) /* else the last device was closed just now */
		waker = make_waker(sets);
	return waker;
}

static void drain(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

void road_interrupts_join(struct road_sleeper *sleeper)
{
	struct road_waker *waker = atomic_load(&sleeper->waker);
	const struct sets *sets = atomic_load_explicit(&all.sets, memory_order_acquire);

	if (waker && waker->sets != sets) {
		road_interrupts_leave(sleeper);
		waker = NULL;
	}
	if (!sets || waker)
		return;
	pthread_mutex_lock(&all.lock);
	atomic_store(&sleeper->waker, take_waker()); /* without one the pump wakes it */
	pthread_mutex_unlock(&all.lock);
}

void road_interrupts_leave(struct road_sleeper *sleeper)
{
	struct road_waker *waker = atomic_load(&sleeper->waker);

	if (!waker)
		return;
	drain(waker->fd);
	pthread_mutex_lock(&all.lock);
	if (waker->sets == atomic_load(&all.sets)) {
		waker->next = all.spare;
		all.spare = waker;
	} else {
		retire_waker(waker);
	}
	pthread_mutex_unlock(&all.lock);
	atomic_store(&sleeper->waker, NULL);
}

void road_interrupts_wake(struct road_waker *waker)
{
	static const uint64_t one = 1;

	(void)!write(waker->fd, &one, sizeof(one));
}

/* Under the lock: a device that is wanted back, from `one` on. */
static struct road_interrupts *wanted_back(struct road_interrupts *one)
{
	for (; one; one = one->next) {
		struct pollfd fd = {one->lost, POLLIN, 0};

		if (one->lost >= 0 && poll(&fd, 1, 0) > 0)
			break;
	}
	return one;
}

/* Devices that are wanted back. One that closes meanwhile waits: road_interrupts_close. */
static void let_go(void)
{
	pthread_mutex_lock(&all.lock);
	struct road_interrupts *one = wanted_back(all.first);

	while (one) {
		one->leaving = true;
		pthread_mutex_unlock(&all.lock);
		one->device->control->let_go(one->device->drv.bus);
		pthread_mutex_lock(&all.lock);
		one->leaving = false;
		pthread_cond_broadcast(&all.left);
		one = wanted_back(one->next);
	}
	pthread_mutex_unlock(&all.lock);
}

/* The pump's: takes note of what came. */
static void look_at_edges(int edge)
{
	enum { AT_ONCE = 16 };
	struct epoll_event events[AT_ONCE];
	bool lost = false;
	int count;

	do {
		count = epoll_wait(edge, events, AT_ONCE, 0);
		for (int i = 0; i < count; i++)
			lost |= events[i].data.u32 == IS_LOST;
	} while (count == AT_ONCE);
	if (lost)
		let_go();
}

static bool time_left(uint64_t deadline_ns, struct timespec *out)
{
	uint64_t now = road_now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;

	*out = (struct timespec){.tv_sec = (time_t)(left / 1000000000u),
				 .tv_nsec = (long)(left % 1000000000u)};
	return left;
}

bool road_interrupts_sleep(struct road_sleeper *sleeper, uint64_t deadline_ns)
{
	const struct road_waker *waker = atomic_load(&sleeper->waker);
	const int devices = sleeper->background ? waker->sets->edge : waker->sets->level;
	struct pollfd fds[2] = {{waker->fd, POLLIN, 0}, {devices, POLLIN, 0}};
	struct timespec left;

	while (!atomic_load(&sleeper->word)) {
		/* Of what is noted already the level set would tell again and again. */
		const nfds_t count = !sleeper->background && atomic_load(&due) ? 1 : 2;
		const bool bounded = deadline_ns != ROAD_FOREVER;

		if (bounded && !time_left(deadline_ns, &left)) {
			atomic_store(&sleeper->word, 1);
			return false;
		}
		fds[0].revents = fds[1].revents = 0;
		if (ppoll(fds, count, bounded ? &left : NULL, NULL) <= 0)
			continue;
		if (fds[0].revents)
			drain(waker->fd);
		if (count == 2 && fds[1].revents) {
			if (sleeper->background)
				look_at_edges(devices);
			atomic_store(&due, true);
			atomic_store(&sleeper->word, 1);
		}
	}
	return true;
}

/* ---- devices ---- */

/* Under the lock: a use of the sets, which the first device makes. */
static struct sets *use_sets(void)
{
	struct sets *sets = atomic_load(&all.sets);

	if (sets) {
		all.devices++;
		sets->users++;
		return sets;
	}
	sets = calloc(1, sizeof(*sets));
	if (!sets)
		return NULL;
	sets->users = 1;
	sets->level = epoll_create1(EPOLL_CLOEXEC);
	sets->edge = epoll_create1(EPOLL_CLOEXEC);
	if (sets->level < 0 || sets->edge < 0) {
		drop_sets(sets);
		return NULL;
	}
	all.devices++;
	all.spare = make_waker(sets); /* the pump will take it */
	atomic_store(&all.sets, sets);
	return sets;
}

/* Under the lock: ends a device's use. The last device takes the sets along; who sleeps on them
 * leaves them when it wakes. */
static void unuse_sets(struct sets *sets)
{
	if (!--all.devices) {
		atomic_store(&all.sets, NULL);
		while (all.spare) {
			struct road_waker *waker = all.spare;

			all.spare = waker->next;
			retire_waker(waker);
		}
	}
	drop_sets(sets);
}

static bool watch(int set, int fd, uint32_t events, uint32_t what)
{
	struct epoll_event event = {.events = events, .data.u32 = what};

	return !epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

static road_status open_vector(struct road_interrupts *own, uint32_t vector)
{
	struct road_bus *bus = own->device->drv.bus;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0 || !watch(own->sets->level, fd, EPOLLIN, IS_IRQ) ||
	    !watch(own->sets->edge, fd, EPOLLIN | EPOLLET, IS_IRQ)) {
		road_status status =
			road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptors for interrupts",
				  "road_device_open: interrupts", "", "");
		if (fd >= 0)
			close(fd); /* leaves the sets by that */
		return status;
	}
	own->fds[own->count++] = fd;
	return bus->ops->irq_bind(bus, vector, fd);
}

static void close_vectors(struct road_interrupts *own)
{
	struct road_bus *bus = own->device->drv.bus;

	while (own->count) {
		own->count--;
		bus->ops->irq_bind(bus, own->count, -1);
		close(own->fds[own->count]);
	}
	if (own->lost >= 0)
		epoll_ctl(own->sets->edge, EPOLL_CTL_DEL, own->lost, NULL);
}

/* With a use of the sets. Fewer interrupts may be had than were counted. */
static road_status open_all(struct road_interrupts *own, uint32_t count)
{
	const struct road_bus_control *control = own->device->control;
	struct road_bus *bus = own->device->drv.bus;
	road_status status = ROAD_OK;

	for (uint32_t v = 0; !status && v < count && v < bus->ops->irq_count(bus); v++)
		status = open_vector(own, v);
	if (!status && control->lost_fd) {
		own->lost = control->lost_fd(bus);
		if (own->lost >= 0 &&
		    !watch(own->sets->edge, own->lost, EPOLLIN | EPOLLET, IS_LOST))
			status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptors for interrupts",
					   "road_device_open: interrupts", "", "");
	}
	if (status) {
		road_error why;

		road_error_take(&why);
		close_vectors(own);
		status = road_fail_again(&why);
	}
	return status;
}

static road_status list_opened(struct road_interrupts *own, uint32_t count)
{
	pthread_mutex_lock(&all.lock);
	own->sets = use_sets();
	pthread_mutex_unlock(&all.lock);
	if (!own->sets)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptors for interrupts",
				 "road_device_open: interrupts", "", "");
	road_status status = open_all(own, count);

	pthread_mutex_lock(&all.lock);
	if (status) {
		unuse_sets(own->sets);
	} else {
		own->next = all.first;
		all.first = own;
		own->device->interrupts = own;
	}
	pthread_mutex_unlock(&all.lock);
	return status;
}

road_status road_interrupts_open(struct road_device *device)
{
	const struct road_bus_control *control = device->control;
	struct road_bus *bus = device->drv.bus;

	if (!bus || !control || !control->irq_pending || control->domain)
		return ROAD_OK;
	const uint32_t count = bus->ops->irq_count(bus);
	struct road_interrupts *own = calloc(1, sizeof(*own) + count * sizeof(own->fds[0]));

	if (!own)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for interrupts",
				 "road_device_open", "", "");
	own->device = device;
	own->lost = -1;
	road_status status = list_opened(own, count);

	if (status) {
		free(own);
		return status;
	}
	status = road_pump_start();
	if (status)
		road_interrupts_close(device);
	else
		road_pump_wake(); /* it may sleep without descriptors yet */
	return status;
}

void road_interrupts_close(struct road_device *device)
{
	struct road_interrupts *own = device->interrupts, **at = &all.first;

	if (!own)
		return;
	pthread_mutex_lock(&all.lock);
	while (own->leaving)
		pthread_cond_wait(&all.left, &all.lock);
	while (*at != own)
		at = &(*at)->next;
	*at = own->next;
	pthread_mutex_unlock(&all.lock);
	close_vectors(own);
	pthread_mutex_lock(&all.lock);
	unuse_sets(own->sets);
	pthread_mutex_unlock(&all.lock);
	device->interrupts = NULL;
	free(own);
	road_pump_wake(); /* perhaps it has nothing to sleep on any more */
}
