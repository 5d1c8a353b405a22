/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces: a number, a table of ranges and a print ring each; and where packets write
 * read-only buffers. */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

/* The helper's tables are the chip's. */
#define SAME(member)                                                \
	_Static_assert(offsetof(struct road_gpu_segment, member) == \
			       offsetof(struct road_range, member), \
		       #member)
SAME(va);
SAME(bytes);
SAME(pa);
SAME(flags);
_Static_assert(sizeof(struct road_gpu_segment) == sizeof(struct road_range), "size");
_Static_assert(ROAD_GPU_SEGMENT_READ == ROAD_RANGE_READ &&
		       ROAD_GPU_SEGMENT_WRITE == ROAD_RANGE_WRITE &&
		       ROAD_GPU_SEGMENT_SYSTEM == ROAD_RANGE_SYSTEM,
	       "flags");

/* The chip reads the table while the command takes effect, and then only. */
static road_status tell(void *user, road_iova table, uint32_t count)
{
	struct gpu_space *space = user;
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_SELECT, space->index);
	gpu_write64(gpu, ROAD_GPU_REG_SPACE_TABLE64, table.value);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COUNT, count);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	(void)gpu_read32(gpu, ROAD_GPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&gpu->reg_lock);
	return road_drv_alive(gpu->dev, "address space");
}

static void shut(struct gpu_space *space)
{
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_SELECT, space->index);
	gpu_write32(gpu, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_CLOSE);
	(void)gpu_read32(gpu, ROAD_GPU_REG_STATUS); /* pushes the writes */
	pthread_mutex_unlock(&gpu->reg_lock);
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

static void destroy(struct gpu_space *space)
{
	gpu_print_close(space);
	road_range_table_destroy(space->ranges);
	pthread_mutex_destroy(&space->lock);
	free(space->aliases);
	free(space);
}

road_status gpu_space_open(struct road_drv_space *drv)
{
	struct gpu *gpu = drv->dev->data;
	struct gpu_space *space = calloc(1, sizeof(*space));
	road_status status;

	if (!space)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an address space",
				      "road_space_create", NULL, NULL);
	space->gpu = gpu;
	space->stack = GPU_STACK_DEFAULT;
	pthread_mutex_init(&space->lock, NULL);
	gpu_print_open(&space->print);
	status = road_range_table_create(gpu->bus, ROAD_GPU_SEGMENTS_MAX, tell, space,
					 &space->ranges);
	if (status)
		goto destroy;
	status = road_numbers_take(gpu->spaces, space, "address spaces", "road_space_create",
				   &space->index);
	if (status)
		goto destroy;
	status = road_range_table_restore(space->ranges);
	if (status)
		goto give_number;
	drv->data = space;
	return ROAD_OK;
give_number:
	road_numbers_give(gpu->spaces, space->index);
destroy:
	destroy(space);
	return status;
}

void gpu_space_close(struct road_drv_space *drv)
{
	struct gpu_space *space = drv->data;
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->life_lock);
	road_streams_leave(gpu->queues, space);
	shut(space);
	road_numbers_give(gpu->spaces, space->index);
	pthread_mutex_unlock(&gpu->life_lock);
	destroy(space);
	drv->data = NULL;
}
