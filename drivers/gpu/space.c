/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces: the segment table of each lies in DMA memory, sorted. The chip reads it while
 * SPACE_OPEN takes effect and then only, so it may be changed in place after a read came back.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

enum { FIRST_ROOM = 128 }; /* segments: one page */

static struct road_gpu_segment *segments_of(const struct gpu_space *space)
{
	return space->table.host;
}

/* The first segment that starts at or above va. */
static uint32_t lower_bound(const struct gpu_space *space, uint64_t va)
{
	uint32_t low = 0, high = space->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (segments_of(space)[middle].va < va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static road_status command(struct gpu_space *space, enum road_gpu_space_command command)
{
	struct gpu *gpu = space->gpu;
	uint64_t bytes = (uint64_t)space->count * sizeof(struct road_gpu_segment);

	if (bytes)
		gpu->bus->ops->dma_sync(gpu->bus, &space->table, 0, bytes, ROAD_DMA_TO_DEVICE);
	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_SELECT, space->index);
	gpu_write64(gpu, ROAD_GPU_REG_SPACE_TABLE64, space->table.iova.value);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COUNT, space->count);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COMMAND, command);
	(void)gpu_read32(gpu, ROAD_GPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&gpu->reg_lock);
	return gpu_alive(gpu, "address space");
}

/* Under the lock. A larger table; the old one serves until the chip was told the new. */
static road_status grow(struct gpu_space *space, struct road_dma *old)
{
	struct road_bus *bus = space->gpu->bus;
	struct road_dma table;
	uint32_t room = space->room ? space->room * 2 : FIRST_ROOM;
	road_status status =
		bus->ops->dma_alloc(bus, room * sizeof(struct road_gpu_segment), &table);

	if (status)
		return status;
	if (space->count)
		memcpy(table.host, space->table.host,
		       space->count * sizeof(struct road_gpu_segment));
	*old = space->table;
	space->table = table;
	space->room = room;
	return ROAD_OK;
}

static void insert(struct gpu_space *space, const struct road_gpu_segment *segment)
{
	uint32_t at = lower_bound(space, segment->va);
	struct road_gpu_segment *slot = segments_of(space) + at;

	memmove(slot + 1, slot, (space->count - at) * sizeof(*slot));
	*slot = *segment;
	space->count++;
}

static void cut(struct gpu_space *space, uint64_t va)
{
	uint32_t at = lower_bound(space, va);
	struct road_gpu_segment *slot = segments_of(space) + at;

	if (at == space->count || slot->va != va)
		return;
	space->count--;
	memmove(slot, slot + 1, (space->count - at) * sizeof(*slot));
}

road_status gpu_space_map(struct gpu_space *space, const struct road_gpu_segment *segment)
{
	struct road_bus *bus = space->gpu->bus;
	struct road_dma old = {.host = NULL};
	road_status status = ROAD_OK;

	pthread_mutex_lock(&space->lock);
	if (space->count == space->room)
		status = grow(space, &old);
	if (!status) {
		insert(space, segment);
		status = command(space, ROAD_GPU_SPACE_OPEN);
		if (status)
			cut(space, segment->va);
	}
	pthread_mutex_unlock(&space->lock);
	if (old.host)
		bus->ops->dma_free(bus, &old);
	return status;
}

road_status gpu_space_protect(struct gpu_space *space, uint64_t va, uint32_t flags)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&space->lock);
	uint32_t at = lower_bound(space, va);

	if (at < space->count && segments_of(space)[at].va == va) {
		struct road_gpu_segment *segment = &segments_of(space)[at];

		segment->flags = flags | (segment->flags & ROAD_GPU_SEGMENT_SYSTEM);
		status = command(space, ROAD_GPU_SPACE_OPEN);
	}
	pthread_mutex_unlock(&space->lock);
	return status;
}

void gpu_space_unmap(struct gpu_space *space, uint64_t va)
{
	pthread_mutex_lock(&space->lock);
	cut(space, va);
	(void)command(space, ROAD_GPU_SPACE_OPEN); /* a lost device maps nothing either */
	pthread_mutex_unlock(&space->lock);
}

road_status gpu_space_restore(struct gpu_space *space)
{
	pthread_mutex_lock(&space->lock);
	road_status status = command(space, ROAD_GPU_SPACE_OPEN);

	pthread_mutex_unlock(&space->lock);
	return status;
}

/* ---- read-only buffers ---- */

/* Under the lock: how many aliases begin at or below va. */
static uint32_t aliases_below(const struct gpu_space *space, uint64_t va)
{
	uint32_t low = 0, high = atomic_load(&space->alias_count);

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (space->aliases[middle].va <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

road_status gpu_space_alias(struct gpu_space *space, const struct gpu_alias *alias)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&space->lock);
	uint32_t count = atomic_load(&space->alias_count), at = aliases_below(space, alias->va);

	if (count == space->alias_room) {
		uint32_t room = count ? count * 2 : 16;
		struct gpu_alias *grown = realloc(space->aliases, room * sizeof(*grown));

		if (!grown) {
			status = road_drv_error(ROAD_OUT_OF_HOST_MEMORY,
						"no memory for a read-only buffer",
						"road_buffer_create", NULL, NULL);
			goto unlock;
		}
		space->aliases = grown;
		space->alias_room = room;
	}
	memmove(space->aliases + at + 1, space->aliases + at, (count - at) * sizeof(*alias));
	space->aliases[at] = *alias;
	atomic_store(&space->alias_count, count + 1);
unlock:
	pthread_mutex_unlock(&space->lock);
	return status;
}

void gpu_space_unalias(struct gpu_space *space, uint64_t va)
{
	pthread_mutex_lock(&space->lock);
	uint32_t count = atomic_load(&space->alias_count), at = aliases_below(space, va);

	if (at && space->aliases[at - 1].va == va) {
		memmove(space->aliases + at - 1, space->aliases + at,
			(count - at) * sizeof(*space->aliases));
		atomic_store(&space->alias_count, count - 1);
	}
	pthread_mutex_unlock(&space->lock);
}

struct road_place gpu_space_writable(struct gpu_space *space, struct road_place place)
{
	if (place.bus || !atomic_load_explicit(&space->alias_count, memory_order_relaxed))
		return place;
	pthread_mutex_lock(&space->lock);
	uint32_t at = aliases_below(space, place.address);
	const struct gpu_alias *alias = at ? &space->aliases[at - 1] : NULL;

	if (alias && place.address - alias->va < alias->bytes) {
		place.address = alias->to.address + (place.address - alias->va);
		place.bus = alias->to.bus;
	}
	pthread_mutex_unlock(&space->lock);
	return place;
}

/* ---- opening and closing ---- */

static road_status take_index(struct gpu *gpu, struct gpu_space *space)
{
	uint32_t index = 0;

	pthread_mutex_lock(&gpu->table_lock);
	while (index < gpu->params.spaces && gpu->spaces[index])
		index++;
	if (index < gpu->params.spaces) {
		gpu->spaces[index] = space;
		space->index = index;
	}
	pthread_mutex_unlock(&gpu->table_lock);
	if (index == gpu->params.spaces)
		return road_drv_errorf(ROAD_NO_SPACE, "road_space_create",
				       "all %u address spaces of the chip are in use", index);
	return ROAD_OK;
}

static void give_index(struct gpu_space *space)
{
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->table_lock);
	gpu->spaces[space->index] = NULL;
	pthread_mutex_unlock(&gpu->table_lock);
}

road_status gpu_space_open(struct road_drv_space *drv)
{
	struct gpu *gpu = drv->dev->data;
	struct gpu_space *space = calloc(1, sizeof(*space));
	struct road_dma none;
	road_status status;

	if (!space)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	space->gpu = gpu;
	space->stack = GPU_STACK_DEFAULT;
	pthread_mutex_init(&space->lock, NULL);
	gpu_print_open(&space->print);
	status = grow(space, &none);
	if (status)
		goto free_space;
	status = take_index(gpu, space);
	if (status)
		goto free_table;
	status = command(space, ROAD_GPU_SPACE_OPEN);
	if (status)
		goto give_index;
	drv->data = space;
	return ROAD_OK;
give_index:
	give_index(space);
free_table:
	gpu->bus->ops->dma_free(gpu->bus, &space->table);
free_space:
	gpu_print_close(space);
	pthread_mutex_destroy(&space->lock);
	free(space);
	return status;
}

void gpu_space_close(struct road_drv_space *drv)
{
	struct gpu_space *space = drv->data;
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->life_lock);
	gpu_service_leave(space);
	pthread_mutex_lock(&space->lock);
	(void)command(space, ROAD_GPU_SPACE_CLOSE);
	pthread_mutex_unlock(&space->lock);
	give_index(space);
	pthread_mutex_unlock(&gpu->life_lock);
	gpu->bus->ops->dma_free(gpu->bus, &space->table);
	gpu_print_close(space);
	pthread_mutex_destroy(&space->lock);
	free(space->aliases);
	free(space);
	drv->data = NULL;
}
