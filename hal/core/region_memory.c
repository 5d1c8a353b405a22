/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spaces of a region, and the region's share of device memory, which their buffers use up together.
 * What is booked belongs to one generation: with it the account ends, and what is freed later of
 * former ones counts no more.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hal/core/region.h"

/* Host memory is nobody's share. */
static bool is_shared_out(uint32_t heap)
{
	return heap == ROAD_HEAP_DEVICE || heap == ROAD_HEAP_DEVICE_VISIBLE;
}

void road_region_memory_renew(struct road_region_node *node, uint64_t generation)
{
	pthread_mutex_lock(&node->memory_lock);
	if (node->memory_generation != generation)
		node->memory_used = 0;
	node->memory_generation = generation;
	pthread_mutex_unlock(&node->memory_lock);
}

uint64_t road_region_memory_used(struct road_region_node *node)
{
	pthread_mutex_lock(&node->memory_lock);
	uint64_t used = node->memory_used;

	pthread_mutex_unlock(&node->memory_lock);
	return used;
}

road_status road_region_space_open(struct road_space *space, struct road_region *region)
{
	static const char *const where = "road_space_create: options.region";
	struct road_region_info info;

	if (!region)
		return ROAD_OK;
	road_status status = road_object_check(region, &road_region_class, where);

	if (!status && region->device != space->device)
		status = road_fail(ROAD_INVALID_ARGUMENT, "region belongs to another device", where,
				   region->device->address, space->device->address);
	if (!status)
		status = road_region_enter(region, where, &info);
	if (status)
		return status;
	status = road_region_may(region->node, ROAD_REGION_OPENS, where);
	pthread_mutex_unlock(&space->device->region_lock);
	if (status)
		return status;
	road_object_retain(&region->object);
	space->region = region;
	space->share_bytes = info.memory_bytes;
	return ROAD_OK;
}

void road_region_space_finish(struct road_space *space)
{
	if (space->region)
		road_object_release(&space->region->object);
}

static road_status used_up(const struct road_space *space, uint64_t bytes, uint64_t left)
{
	char what[96], seen[32], allowed[96];

	snprintf(what, sizeof(what), "region %" PRIu32 "'s share of device memory is used up",
		 space->region->node->index);
	snprintf(seen, sizeof(seen), "%" PRIu64, bytes);
	snprintf(allowed, sizeof(allowed), "%" PRIu64 ", what is left of its share of %" PRIu64,
		 left, space->share_bytes);
	return road_fail(ROAD_OUT_OF_DEVICE_MEMORY, what, "road_buffer_create: options.bytes", seen,
			 allowed);
}

road_status road_region_memory_book(struct road_space *space, uint32_t heap, uint64_t bytes)
{
	road_status status = ROAD_OK;

	if (!space->region)
		return ROAD_OK;
	struct road_region_node *node = space->region->node;

	/* Not between a layout's look at the account and its end. */
	pthread_mutex_lock(&space->device->region_lock);
	pthread_mutex_lock(&node->memory_lock);
	if (node->memory_generation != space->region->generation)
		status = road_fail_u64(ROAD_STALE, "the space's region is gone",
				       "road_buffer_create: space", space->region->generation,
				       "a space of a region of now");
	else if (!space->share_bytes || !is_shared_out(heap))
		status = ROAD_OK;
	else if (bytes > space->share_bytes - node->memory_used)
		status = used_up(space, bytes, space->share_bytes - node->memory_used);
	else
		node->memory_used += bytes;
	pthread_mutex_unlock(&node->memory_lock);
	pthread_mutex_unlock(&space->device->region_lock);
	return status;
}

void road_region_memory_unbook(struct road_space *space, uint32_t heap, uint64_t bytes)
{
	if (!space->share_bytes || !is_shared_out(heap))
		return;
	struct road_region_node *node = space->region->node;

	pthread_mutex_lock(&node->memory_lock);
	if (node->memory_generation == space->region->generation)
		node->memory_used -= bytes < node->memory_used ? bytes : node->memory_used;
	pthread_mutex_unlock(&node->memory_lock);
}
