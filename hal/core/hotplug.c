/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that the kernel gets and loses, told to whoever watches. One thread a process, while any
 * instance has a watch for such changes; without one there is neither thread nor descriptor. It
 * calls nothing of the program's but the callbacks that a lost device's queues still owe.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hal/bus/monitor.h"
#include "hal/core/core.h"

struct listener {
	pthread_t thread;
	int wake; /* readable: it is to end */
	pthread_mutex_t lock;
	pthread_cond_t opened;
	enum { OPENING, LISTENS, UNABLE } state;
	bool alone; /* nobody joins it */
};

/* Taken before change_lock. Held while a listener starts, never while one is awaited that ends. */
static struct {
	pthread_mutex_t lock;
	struct road_instance *instances; /* whose watches want it, by which they live */
	struct listener *listener;       /* NULL: nobody watches */
} hotplug = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void tell(void *arg, uint32_t kind, const char *address, const char *text)
{
	if (kind == ROAD_CHANGE_REMOVED)
		while (road_progress_check_lost())
			; /* one at a time */
	pthread_mutex_lock(&hotplug.lock);
	if (hotplug.listener == arg)
		for (struct road_instance *one = hotplug.instances; one; one = one->hotplug_next)
			road_instance_change(one, kind, address, text);
	pthread_mutex_unlock(&hotplug.lock);
}

static void listener_free(struct listener *listener)
{
	close(listener->wake);
	pthread_mutex_destroy(&listener->lock);
	pthread_cond_destroy(&listener->opened);
	free(listener);
}

static void *run(void *arg)
{
	struct listener *listener = arg;
	struct road_monitor *monitor = road_monitor_open();

	pthread_mutex_lock(&listener->lock);
	listener->state = monitor ? LISTENS : UNABLE;
	pthread_cond_signal(&listener->opened);
	pthread_mutex_unlock(&listener->lock);
	if (!monitor)
		return NULL;
	while (road_monitor_wait(monitor, listener->wake))
		road_monitor_look(monitor, tell, listener);
	road_monitor_close(monitor);
	if (listener->alone) { /* it said so itself */
		pthread_detach(pthread_self());
		listener_free(listener);
	}
	return NULL;
}

/* Signals are the program's: none is taken here. */
static int create(struct listener *listener)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&listener->thread, NULL, run, listener);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* Once it returns, whatever comes or goes is told. NULL: no memory, thread or descriptor. */
static struct listener *start(void)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return NULL;
	pthread_mutex_init(&listener->lock, NULL);
	pthread_cond_init(&listener->opened, NULL);
	listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->wake < 0 || create(listener))
		goto free_listener;
	pthread_mutex_lock(&listener->lock);
	while (listener->state == OPENING)
		pthread_cond_wait(&listener->opened, &listener->lock);
	pthread_mutex_unlock(&listener->lock);
	if (listener->state == LISTENS)
		return listener;
	pthread_join(listener->thread, NULL);
free_listener:
	listener_free(listener);
	return NULL;
}

static void stop(struct listener *listener)
{
	static const uint64_t one = 1;
	ssize_t written;

	do
		written = write(listener->wake, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
	/* A callback of a device that it lost may give the last watch back. */
	if (pthread_equal(pthread_self(), listener->thread)) {
		listener->alone = true;
		return;
	}
	pthread_join(listener->thread, NULL);
	listener_free(listener);
}

road_status road_hotplug_begin(struct road_instance *instance)
{
	pthread_mutex_lock(&hotplug.lock);
	if (!hotplug.listener)
		hotplug.listener = start();
	const bool able = hotplug.listener;

	if (able && !instance->hotplug_watches++) {
		instance->hotplug_next = hotplug.instances;
		hotplug.instances = instance;
	}
	pthread_mutex_unlock(&hotplug.lock);
	return able ? ROAD_OK
		    : road_fail(ROAD_OUT_OF_HOST_MEMORY,
				"no memory, thread or descriptor to listen for devices",
				"road_watch_create", "", "");
}

void road_hotplug_end(struct road_instance *instance)
{
	struct listener *ending = NULL;

	pthread_mutex_lock(&hotplug.lock);
	if (!--instance->hotplug_watches) {
		struct road_instance **at = &hotplug.instances;

		while (*at != instance)
			at = &(*at)->hotplug_next;
		*at = instance->hotplug_next;
	}
	if (!hotplug.instances) {
		ending = hotplug.listener;
		hotplug.listener = NULL;
	}
	pthread_mutex_unlock(&hotplug.lock);
	if (ending)
		stop(ending);
}
