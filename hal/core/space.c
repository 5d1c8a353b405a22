/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "hal/core/region.h"

static struct road_space *space_of(struct road_object *object)
{
	return (struct road_space *)(void *)object;
}

/* The queues of the space, one at a time, each with a hold; NULL ends. */
static struct road_queue *next_open_queue(struct road_space *space)
{
	struct road_device *device = space->device;
	struct road_queue *found = NULL;

	pthread_mutex_lock(&device->lock);
	for (struct road_queue *q = device->queues; q && !found; q = q->next)
		if (q->space == space && !q->listed_closed)
			found = q;
	if (found) {
		found->listed_closed = true;
		road_object_hold(&found->object);
	}
	pthread_mutex_unlock(&device->lock);
	return found;
}

/* Ends everything in the space; once. */
static void close_now(struct road_space *space, road_status status, const char *what)
{
	struct road_device *device = space->device;
	struct road_queue *queue;
	road_error why;

	if (atomic_exchange(&space->closed, true))
		return;
	road_error_set(&why, status, what, "road_space_close", "", "");
	while ((queue = next_open_queue(space))) {
		road_queue_close(queue, &why);
		road_object_drop(&queue->object);
	}
	road_space_unload_images(space);
	road_space_unmap_all(space);
	road_space_free_buffers(space);
	device->ops.space_close(&space->drv);
}

static void space_close(struct road_object *object)
{
	struct road_space *space = space_of(object);
	struct road_device *device = space->device;

	pthread_mutex_lock(&device->lock);
	if (device->shared == space)
		device->shared = NULL;
	pthread_mutex_unlock(&device->lock);
	close_now(space, ROAD_CANCELLED, "the space was closed");
}

static void space_finish(struct road_object *object)
{
	struct road_space *space = space_of(object);

	pthread_cond_destroy(&space->mapping_idle);
	pthread_mutex_destroy(&space->lock);
	pthread_mutex_destroy(&space->sticky_lock);
	road_region_space_finish(space);
	road_object_release(&space->device->object);
}

static void space_free(struct road_object *object)
{
	free(space_of(object));
}

const struct road_class road_space_class = {ROAD_TYPE_SPACE, "space", space_close, space_finish,
					    space_free};

static road_status make_space(struct road_device *device, const road_space_options *options,
			      bool shared, struct road_space **out)
{
	struct road_space *space = calloc(1, sizeof(*space));

	if (!space)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a space",
				 "road_space_create", "", "");
	space->device = device;
	space->quota_bytes = options->quota_bytes;
	space->is_shared = shared;
	space->drv.dev = &device->drv;
	pthread_mutex_init(&space->lock, NULL);
	pthread_mutex_init(&space->sticky_lock, NULL);
	pthread_cond_init(&space->mapping_idle, NULL);
	road_status status = road_region_space_open(space, options->region);

	if (!status)
		status = device->ops.space_open(&space->drv);
	if (status) {
		road_region_space_finish(space);
		pthread_cond_destroy(&space->mapping_idle);
		pthread_mutex_destroy(&space->sticky_lock);
		pthread_mutex_destroy(&space->lock);
		free(space);
		return status;
	}
	road_object_retain(&device->object);
	road_object_init(&space->object, &road_space_class);
	*out = space;
	return ROAD_OK;
}

static road_status check_device(struct road_device *device, const void *out, const char *where)
{
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", where, "NULL", "");
	return status ? status : road_device_usable(device, where);
}

road_status road_space_shared(road_device *device, road_space **out)
{
	road_status status = check_device(device, out, "road_space_shared: device, out");

	if (status)
		return status;
	/* One at a time makes it; the driver is called without the device's lock. */
	pthread_mutex_lock(&device->shared_lock);
	pthread_mutex_lock(&device->lock);
	struct road_space *space = device->shared;

	if (space && !road_object_retain_live(&space->object))
		space = NULL;
	pthread_mutex_unlock(&device->lock);
	if (!space) {
		const road_space_options none = {.size = sizeof(none)};

		status = make_space(device, &none, true, &space);
		if (!status) {
			pthread_mutex_lock(&device->lock);
			device->shared = space;
			pthread_mutex_unlock(&device->lock);
		}
	}
	pthread_mutex_unlock(&device->shared_lock);
	if (!status)
		*out = space;
	return status;
}

road_status road_space_create(road_device *device, const road_space_options *options,
			      road_space **out)
{
	road_space_options own;
	road_status status = check_device(device, out, "road_space_create: device, out");

	if (!status)
		status =
			road_struct_in(&own, sizeof(own), options, 8, "road_space_create: options");
	if (!status && own.flags)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				       "road_space_create: options.flags", own.flags, "0");
	if (!status && !(device->info.features & ROAD_FEATURE_SPACES))
		status = road_fail(ROAD_UNSUPPORTED, "the device has one address space only",
				   "road_space_create: device", "", "road_space_shared");
	if (!status)
		status = make_space(device, &own, false, out);
	return status;
}

road_status road_space_retain(road_space *space)
{
	road_status status =
		road_object_check(space, &road_space_class, "road_space_retain: space");

	if (!status)
		road_object_retain(&space->object);
	return status;
}

void road_space_release(road_space *space)
{
	if (road_object_mine(space, &road_space_class, "road_space_release: space"))
		road_object_release(&space->object);
}

road_status road_space_close(road_space *space)
{
	road_status status = road_object_check(space, &road_space_class, "road_space_close: space");

	if (status)
		return status;
	if (atomic_load(&space->closed))
		return road_fail(ROAD_STALE, "the space was closed", "road_space_close: space", "",
				 "");
	pthread_mutex_lock(&space->device->lock);
	if (space->device->shared == space)
		space->device->shared = NULL;
	pthread_mutex_unlock(&space->device->lock);
	close_now(space, ROAD_CANCELLED, "the space was closed");
	return ROAD_OK;
}

road_status road_space_usable(struct road_space *space, const char *where)
{
	if (atomic_load_explicit(&space->closed, memory_order_acquire))
		return road_fail(ROAD_STALE, "the space was closed", where, "", "");
	if (road_device_is_lost(space->device))
		return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
	return ROAD_OK;
}

void road_space_fault(struct road_space *space, const road_error *why)
{
	uint64_t resets = atomic_load(&space->device->resets);

	pthread_mutex_lock(&space->sticky_lock);
	if (!space->sticky.status || space->sticky_resets != resets) {
		space->sticky = *why;
		space->sticky_resets = resets;
	}
	pthread_mutex_unlock(&space->sticky_lock);
}

road_status road_space_status(road_space *space, road_error *detail)
{
	road_status status =
		road_object_check(space, &road_space_class, "road_space_status: space");

	if (!status && detail)
		status = road_struct_out_check(detail, 8, "road_space_status: detail");
	if (status)
		return status;
	pthread_mutex_lock(&space->sticky_lock);
	if (space->sticky_resets == atomic_load(&space->device->resets))
		status = space->sticky.status;
	if (status && detail)
		road_struct_out(detail, &space->sticky, sizeof(space->sticky));
	pthread_mutex_unlock(&space->sticky_lock);
	return status ? status : road_space_usable(space, "road_space_status: space");
}

road_status road_space_usage_get(road_space *space, road_space_usage *out)
{
	road_status status =
		road_object_check(space, &road_space_class, "road_space_usage_get: space");

	if (!status)
		status = road_struct_out_check(out, 8, "road_space_usage_get: out");
	if (!status)
		status = road_space_usable(space, "road_space_usage_get: space");
	if (status)
		return status;
	pthread_mutex_lock(&space->lock);
	road_space_usage usage = {.buffers = space->buffer_count,
				  .bytes = space->used_bytes,
				  .quota_bytes = space->quota_bytes};

	pthread_mutex_unlock(&space->lock);
	road_struct_out(out, &usage, sizeof(usage));
	return ROAD_OK;
}

/* The next queue of the space, in the device's order, behind `after`; with a reference. */
static struct road_queue *queue_after(struct road_space *space, uint64_t after)
{
	struct road_device *device = space->device;
	struct road_queue *best = NULL;

	pthread_mutex_lock(&device->lock);
	for (struct road_queue *q = device->queues; q; q = q->next)
		if (q->space == space && q->object.id > after &&
		    (!best || q->object.id < best->object.id))
			best = q;
	if (best && !road_object_retain_live(&best->object))
		best = NULL;
	pthread_mutex_unlock(&device->lock);
	return best;
}

road_status road_space_drain(road_space *space, uint64_t deadline)
{
	road_status first = ROAD_OK,
		    status = road_object_check(space, &road_space_class, "road_space_drain: space");
	struct road_queue *queue;
	uint64_t after = 0;

	if (!status)
		status = road_space_usable(space, "road_space_drain: space");
	if (status)
		return status;
	while ((queue = queue_after(space, after))) {
		after = queue->object.id;
		status = road_queue_drain(queue, deadline);
		road_object_release(&queue->object);
		if (status == ROAD_TIMEOUT)
			return status;
		if (!first)
			first = status;
	}
	return first;
}
