/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of changes: each has a ring of its own; who reads too slowly loses the oldest. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hal/core/core.h"

enum {
	KEPT = 128,
	/* What devices that the kernel gets and loses bring. */
	OF_KERNEL =
		ROAD_CHANGE_ARRIVED | ROAD_CHANGE_REMOVED | ROAD_CHANGE_LOST | ROAD_CHANGE_RECOVERED
};

struct road_watch {
	struct road_object object;
	struct road_instance *instance; /* a reference */
	struct road_watch *next;
	uint32_t mask;
	int fd;
	uint64_t first, count; /* in the ring; under the instance's change_lock */
	uint32_t lost;
	road_change ring[KEPT];
};

static void watch_close(struct road_object *object)
{
	struct road_watch *watch = (struct road_watch *)(void *)object;
	struct road_instance *instance = watch->instance;

	pthread_mutex_lock(&instance->change_lock);
	struct road_watch **at = &instance->watches;

	while (*at && *at != watch)
		at = &(*at)->next;
	if (*at)
		*at = watch->next;
	pthread_mutex_unlock(&instance->change_lock);
	if (watch->mask & OF_KERNEL)
		road_hotplug_end(instance);
	close(watch->fd);
}

static void watch_finish(struct road_object *object)
{
	road_object_release(&((struct road_watch *)(void *)object)->instance->object);
}

static void watch_free(struct road_object *object)
{
	free(object);
}

static const struct road_class watch_class = {ROAD_TYPE_WATCH, "watch", watch_close, watch_finish,
					      watch_free};

road_status road_watch_create(road_instance *instance, uint32_t mask, road_watch **out)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_watch_create: instance");

	if (status)
		return status;
	if (!mask || mask & ~(uint32_t)ROAD_CHANGE_ALL)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad mask", "road_watch_create: mask",
				     mask, "bits of enum road_change_kind, at least one");
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_watch_create: out",
				 "NULL", "");
	struct road_watch *watch = calloc(1, sizeof(*watch));
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (!watch || fd < 0)
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory or descriptor for a watch",
				   "road_watch_create", "", "");
	else if (mask & OF_KERNEL)
		status = road_hotplug_begin(instance);
	if (status) {
		free(watch);
		if (fd >= 0)
			close(fd);
		return status;
	}
	watch->instance = instance;
	watch->mask = mask;
	watch->fd = fd;
	road_object_retain(&instance->object);
	road_object_init(&watch->object, &watch_class);
	pthread_mutex_lock(&instance->change_lock);
	watch->next = instance->watches;
	instance->watches = watch;
	pthread_mutex_unlock(&instance->change_lock);
	*out = watch;
	return ROAD_OK;
}

void road_watch_release(road_watch *watch)
{
	if (road_object_mine(watch, &watch_class, "road_watch_release: watch"))
		road_object_release(&watch->object);
}

static void push(struct road_watch *watch, const road_change *change)
{
	static const uint64_t one = 1;
	ssize_t written;

	if (watch->count == KEPT) {
		watch->first++;
		watch->count--;
		watch->lost++;
	}
	watch->ring[(watch->first + watch->count++) % KEPT] = *change;
	do
		written = write(watch->fd, &one, sizeof(one));
	while (written < 0 && errno == EINTR);
}

void road_instance_change(struct road_instance *instance, uint32_t kind, const char *address,
			  const char *text)
{
	road_change change = {.size = sizeof(change), .kind = kind, .time_ns = road_now_ns()};

	snprintf(change.address, sizeof(change.address), "%s", address);
	snprintf(change.text, sizeof(change.text), "%s", text);
	pthread_mutex_lock(&instance->change_lock);
	change.sequence = ++instance->change_sequence;
	for (struct road_watch *watch = instance->watches; watch; watch = watch->next)
		if (watch->mask & kind)
			push(watch, &change);
	pthread_mutex_unlock(&instance->change_lock);
}

road_status road_watch_next(road_watch *watch, road_change *out)
{
	road_status status = road_object_check(watch, &watch_class, "road_watch_next: watch");
	road_change change;

	if (!status)
		status = road_struct_out_check(out, 8, "road_watch_next: out");
	if (status)
		return status;
	pthread_mutex_lock(&watch->instance->change_lock);
	if (!watch->count) {
		status = ROAD_NOT_READY;
	} else {
		change = watch->ring[watch->first++ % KEPT];
		change.lost = watch->lost;
		watch->lost = 0;
		if (!--watch->count) {
			uint64_t drained;

			if (read(watch->fd, &drained, sizeof(drained)) < 0)
				drained = 0; /* EAGAIN: it was never readable */
		}
	}
	pthread_mutex_unlock(&watch->instance->change_lock);
	if (!status)
		road_struct_out(out, &change, sizeof(change));
	return status;
}

road_status road_watch_fd(road_watch *watch, int *out)
{
	road_status status = road_object_check(watch, &watch_class, "road_watch_fd: watch");

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_watch_fd: out",
				   "NULL", "");
	if (!status)
		*out = watch->fd;
	return status;
}
