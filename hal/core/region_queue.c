/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and the regions that they run in. */
#include "hal/core/region.h"

static const char *const where = "road_queue_create: options.region";

static road_status not_here(const struct road_queue *queue, const struct road_region *region)
{
	return road_fail(ROAD_INVALID_ARGUMENT, "region belongs to another device", where,
			 region->device->address, queue->space->device->address);
}

/* One of a region's space runs there, and nowhere else. */
static road_status choose(const struct road_queue *queue, struct road_region **region)
{
	struct road_region *own = queue->space->region;

	if (!own)
		return ROAD_OK;
	if (!*region)
		*region = own;
	if ((*region)->node == own->node && (*region)->generation == own->generation)
		return ROAD_OK;
	return road_fail_u64(ROAD_INVALID_ARGUMENT, "the space is of another region", where,
			     (*region)->node->index, "NULL, or road_space_options.region");
}

/* Under region_lock, which stays on ROAD_OK. */
static road_status look_at_root(struct road_device *device, struct road_region_node **node)
{
	struct road_region_info info;

	pthread_mutex_lock(&device->region_lock);
	road_status status = road_region_look(device, 0, where, node, &info);

	if (status)
		pthread_mutex_unlock(&device->region_lock);
	return status;
}

static void count(struct road_queue *queue)
{
	queue->region_life = queue->region->life;
	queue->region->queues++;
}

static void discount(struct road_queue *queue)
{
	queue->region->queues -= queue->region_life == queue->region->life;
}

road_status road_region_queue_begin(struct road_queue *queue, struct road_region *region)
{
	struct road_device *device = queue->space->device;
	struct road_region_node *node = NULL;
	struct road_region_info info;
	road_status status = ROAD_OK;

	if (region)
		status = road_object_check(region, &road_region_class, where);
	if (!status)
		status = choose(queue, &region);
	if (region && !status)
		node = region->node;
	if (!status && (region || device->info.features & ROAD_FEATURE_REGIONS))
		status = road_device_has_regions(device, where);
	else
		return status;
	if (!status && region && region->device != device)
		status = not_here(queue, region);
	if (!status)
		status = region ? road_region_enter(region, where, &info)
				: look_at_root(device, &node);
	if (status)
		return status;
	status = road_region_may(node, ROAD_REGION_OPENS, where);
	if (status) {
		pthread_mutex_unlock(&device->region_lock);
		return status;
	}
	queue->region = node;
	queue->region_handle = region;
	atomic_store(&queue->region_resets, atomic_load(&device->resets));
	atomic_store(&queue->region_generation, node->generation);
	queue->drv.region = node->index;
	queue->drv.region_generation = node->generation;
	if (region)
		road_object_retain(&region->object);
	count(queue);
	return ROAD_OK;
}

void road_region_queue_end(struct road_queue *queue, road_status status)
{
	if (!queue->region)
		return;
	if (status)
		discount(queue);
	pthread_mutex_unlock(&queue->space->device->region_lock);
	if (status)
		road_region_queue_finish(queue);
}

void road_region_queue_gone(struct road_queue *queue)
{
	struct road_device *device = queue->space->device;

	if (!queue->region)
		return;
	pthread_mutex_lock(&device->region_lock);
	discount(queue);
	queue->region_gone = true;
	pthread_mutex_unlock(&device->region_lock);
}

void road_region_queue_finish(struct road_queue *queue)
{
	if (queue->region_handle)
		road_object_release(&queue->region_handle->object);
	queue->region_handle = NULL;
}

/* Something failed in it, or it refused before: what does the chip say now? */
static road_status look_now(struct road_region_node *node)
{
	static const char *const submit = "road_queue_submit";
	struct road_device *device = node->device;
	struct road_region_info info;

	pthread_mutex_lock(&device->region_lock);
	atomic_store(&node->suspect, true);
	road_status status = road_region_look(device, node->index, submit, &node, &info);

	if (!status)
		status = road_region_may(node, ROAD_REGION_SUBMITS, submit);
	pthread_mutex_unlock(&device->region_lock);
	return status;
}

road_status road_region_admits(struct road_queue *queue)
{
	struct road_region_node *node = queue->region;

	if (!node)
		return ROAD_OK;
	/* One of the root waits for its own reset, like any queue after the device's. */
	if (queue->region_handle &&
	    atomic_load(&queue->region_resets) != atomic_load(&queue->space->device->resets))
		return road_fail(ROAD_STALE, "the queue's region is gone: the device was reset",
				 "road_queue_submit", "", "a queue in a region of now");
	if (atomic_load_explicit(&node->suspect, memory_order_relaxed) ||
	    atomic_load_explicit(&node->state, memory_order_relaxed) == ROAD_REGION_QUARANTINED)
		return look_now(node);
	return ROAD_OK;
}

/* It comes back into a new root, if that takes queues. A quarantined one takes what fails. */
static road_status rejoin(struct road_queue *queue)
{
	road_status status;

	if (queue->region_gone || queue->region_life == queue->region->life)
		return ROAD_OK;
	status = road_region_may(queue->region, ROAD_REGION_OPENS, "road_queue_reset");
	if (status != ROAD_BUSY)
		count(queue);
	return status == ROAD_BUSY ? status : ROAD_OK;
}

road_status road_region_queue_renew(struct road_queue *queue)
{
	struct road_device *device = queue->space->device;
	struct road_region_node *node = queue->region;
	road_status status = ROAD_OK;
	struct road_region_info info;

	if (!node || queue->region_handle)
		return ROAD_OK;
	pthread_mutex_lock(&device->region_lock);
	if (!road_region_look(device, 0, "road_queue_reset", &node, &info)) {
		status = rejoin(queue);
		if (!status) {
			atomic_store(&queue->region_resets, atomic_load(&device->resets));
			atomic_store(&queue->region_generation, info.generation);
		}
	}
	pthread_mutex_unlock(&device->region_lock);
	return status;
}
