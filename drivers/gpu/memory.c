/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Device memory: physical ranges from two allocators (behind the window that the host
 * sees, and the rest), each at an address of its own that is reserved in this process. Host memory:
 * from the bus, at its own host address. Ranges that were handed out before are cleared first.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

enum { RW = ROAD_RANGE_READ | ROAD_RANGE_WRITE };

static struct gpu *gpu_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->data;
}

/* ---- device memory ---- */

static bool whole_window(const struct gpu *gpu)
{
	return gpu->visible && !gpu->hidden;
}

/* Takes from the hidden part first: what the host can see is scarce. */
static road_status take(struct gpu *gpu, bool visible, struct gpu_memory *memory,
			uint64_t alignment, bool *fresh)
{
	struct road_ranges *order[2] = {visible ? gpu->visible : gpu->hidden,
					visible ? NULL : gpu->visible};
	road_status status = ROAD_OUT_OF_DEVICE_MEMORY;

	pthread_mutex_lock(&gpu->heap_lock);
	for (size_t i = 0; i < 2 && status; i++) {
		if (!order[i])
			continue;
		memory->heap = order[i];
		status = road_ranges_alloc(order[i], memory->bytes, alignment, &memory->pa, fresh);
	}
	pthread_mutex_unlock(&gpu->heap_lock);
	return status;
}

static void give(struct gpu *gpu, struct gpu_memory *memory)
{
	pthread_mutex_lock(&gpu->heap_lock);
	road_ranges_free(memory->heap, memory->pa, memory->bytes);
	pthread_mutex_unlock(&gpu->heap_lock);
}

static road_status map_window(struct gpu *gpu, const struct gpu_memory *memory, void **out)
{
	return gpu->bus->ops->region_map(gpu->bus, ROAD_GPU_REGION_MEMORY, memory->pa,
					 memory->bytes, out);
}

static void unmap_window(struct gpu *gpu, const struct gpu_memory *memory, void *mapping)
{
	gpu->bus->ops->region_unmap(gpu->bus, mapping, memory->bytes);
}

static road_status wipe(struct gpu_memory *memory)
{
	struct gpu *gpu = memory->space->gpu;
	void *window;

	if (memory->heap != gpu->visible || map_window(gpu, memory, &window))
		return road_streams_zero(gpu->queues, memory->space, memory->va, memory->bytes);
	memset(window, 0, memory->bytes);
	unmap_window(gpu, memory, window);
	return ROAD_OK;
}

road_status gpu_memory_alloc(struct gpu_space *space, uint64_t bytes, uint64_t alignment,
			     bool visible, uint32_t flags, struct gpu_memory *out)
{
	struct gpu_memory memory = {.space = space, .bytes = bytes};
	bool fresh = false;
	road_status status = take(space->gpu, visible, &memory, alignment, &fresh);

	if (status)
		return status;
	status = road_va_reserve(bytes, alignment > GPU_PAGE ? alignment : GPU_PAGE, &memory.va);
	if (status)
		goto give;
	bool clear = !fresh || !space->gpu->clean;
	struct road_range_entry range = {
		.va = memory.va, .bytes = bytes, .pa = memory.pa, .flags = clear ? RW : flags};

	status = road_range_table_map(space->ranges, &range);
	if (status)
		goto release;
	if (clear)
		status = wipe(&memory);
	if (!status && range.flags != flags)
		status = road_range_table_protect(space->ranges, memory.va, flags);
	if (status)
		goto unmap;
	*out = memory;
	return ROAD_OK;
unmap:
	road_range_table_unmap(space->ranges, memory.va);
release:
	road_va_release(memory.va, bytes);
give:
	give(space->gpu, &memory);
	return status;
}

/* A second range with all rights, for packets alone. */
static road_status add_alias(struct gpu_memory *memory)
{
	struct gpu_space *space = memory->space;
	uint64_t va;
	road_status status = road_va_reserve(memory->bytes, GPU_PAGE, &va);

	if (status)
		return status;
	const struct road_range_entry range = {
		.va = va, .bytes = memory->bytes, .pa = memory->pa, .flags = RW};
	const struct gpu_alias alias = {memory->va, memory->bytes, {.address = va}};

	status = road_range_table_map(space->ranges, &range);
	if (status)
		goto release;
	status = gpu_space_alias(space, &alias);
	if (status)
		goto unmap;
	memory->alias = va;
	return ROAD_OK;
unmap:
	road_range_table_unmap(space->ranges, va);
release:
	road_va_release(va, memory->bytes);
	return status;
}

static void remove_alias(struct gpu_memory *memory)
{
	gpu_space_unalias(memory->space, memory->va);
	road_range_table_unmap(memory->space->ranges, memory->alias);
	road_va_release(memory->alias, memory->bytes);
}

void gpu_memory_free(struct gpu_memory *memory)
{
	struct gpu *gpu = memory->space->gpu;

	if (memory->alias)
		remove_alias(memory);
	road_range_table_unmap(memory->space->ranges, memory->va);
	if (memory->mapping)
		unmap_window(gpu, memory, memory->mapping);
	road_va_release(memory->va, memory->bytes);
	give(gpu, memory);
}

road_status gpu_memory_upload(struct gpu_memory *memory, const void *bytes, uint64_t count)
{
	struct gpu *gpu = memory->space->gpu;
	void *window;

	if (memory->heap != gpu->visible || map_window(gpu, memory, &window))
		return road_streams_upload(gpu->queues, memory->space, memory->va, bytes, count);
	memcpy(window, bytes, count);
	unmap_window(gpu, memory, window);
	return ROAD_OK;
}

static road_status alloc_device(struct road_drv_buffer *buffer, uint32_t flags)
{
	struct gpu *gpu = gpu_of(buffer);
	bool visible = buffer->heap == ROAD_HEAP_DEVICE_VISIBLE;
	struct gpu_memory *memory;

	if (visible && !gpu->visible)
		return road_drv_error(ROAD_UNSUPPORTED, "no device memory is visible to the host",
				      "road_buffer_create: options.heap",
				      "ROAD_HEAP_DEVICE_VISIBLE", "see road_device_heap");
	memory = malloc(sizeof(*memory));
	if (!memory)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer",
				      "road_buffer_create", NULL, NULL);
	road_status status = gpu_memory_alloc(buffer->space->data, buffer->bytes, buffer->alignment,
					      visible, flags, memory);

	if (status)
		goto free_memory;
	if (flags != RW)
		status = add_alias(memory);
	if (status)
		goto free_device;
	buffer->address = memory->va;
	buffer->data = memory;
	return ROAD_OK;
free_device:
	gpu_memory_free(memory);
free_memory:
	free(memory);
	return status;
}

/* ---- host memory ---- */

/* Whether kernels could tell this host address from shared or local memory. */
static road_status check_host_address(uint64_t at, uint64_t bytes)
{
	static const uint64_t windows[] = {ROAD_GPU_SHARED_WINDOW, ROAD_GPU_LOCAL_WINDOW};

	for (size_t i = 0; i < 2; i++)
		if (at < windows[i] + ROAD_GPU_WINDOW_BYTES && windows[i] < at + bytes)
			return road_drv_errorf(ROAD_OUT_OF_HOST_MEMORY, "road_buffer_create",
					       "host memory at 0x%llx lies in a window of the chip",
					       (unsigned long long)at);
	return ROAD_OK;
}

/* At its own host address. What kernels may not write, packets write on the bus. */
static road_status map_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct gpu_space *space = buffer->space->data;
	const struct road_range_entry range = {
		.va = (uint64_t)(uintptr_t)buffer->host,
		.bytes = buffer->bytes,
		.pa = road_host_memory_iova(buffer),
		.flags = rights | ROAD_RANGE_SYSTEM,
	};
	const struct gpu_alias alias = {range.va, range.bytes, {.address = range.pa, .bus = true}};
	road_status status = check_host_address(range.va, range.bytes);

	if (status)
		goto free_memory;
	status = road_range_table_map(space->ranges, &range);
	if (status)
		goto free_memory;
	if (rights != RW)
		status = gpu_space_alias(space, &alias);
	if (status)
		goto unmap;
	buffer->address = range.va;
	return ROAD_OK;
unmap:
	road_range_table_unmap(space->ranges, range.va);
free_memory:
	road_host_memory_free(buffer);
	return status;
}

static road_status alloc_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	road_status status = road_host_memory_alloc(buffer);

	return status ? status : map_host(buffer, rights);
}

static road_status import(struct road_drv_buffer *buffer)
{
	road_status status = road_host_memory_import(buffer);

	return status ? status : map_host(buffer, RW);
}

/* ---- the table ---- */

static road_status alloc(struct road_drv_buffer *buffer)
{
	uint32_t flags = buffer->flags & ROAD_BUFFER_READ_ONLY ? ROAD_RANGE_READ : RW;

	return buffer->heap == ROAD_HEAP_HOST ? alloc_host(buffer, flags)
					      : alloc_device(buffer, flags);
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct gpu_space *space = buffer->space->data;

	if (buffer->heap != ROAD_HEAP_HOST) {
		gpu_memory_free(buffer->data);
		free(buffer->data);
		return;
	}
	if (buffer->flags & ROAD_BUFFER_READ_ONLY)
		gpu_space_unalias(space, buffer->address);
	road_range_table_unmap(space->ranges, buffer->address);
	road_host_memory_free(buffer);
}

static road_status map(struct road_drv_buffer *buffer, void **out)
{
	struct gpu *gpu = gpu_of(buffer);
	struct gpu_memory *memory = buffer->data;
	road_status status = ROAD_OK;

	if (buffer->heap == ROAD_HEAP_HOST) {
		*out = buffer->host;
		return ROAD_OK;
	}
	if (memory->heap != gpu->visible)
		return road_drv_error(ROAD_PERMISSION, "heap is not visible to the host",
				      "road_buffer_map: buffer", "ROAD_HEAP_DEVICE", NULL);
	pthread_mutex_lock(&gpu->heap_lock);
	if (!memory->mapping)
		status = map_window(gpu, memory, &memory->mapping);
	*out = memory->mapping;
	pthread_mutex_unlock(&gpu->heap_lock);
	return status;
}

/* With all memory in the window both device heaps are the same memory. */
static void heap_sizes(struct gpu *gpu, bool visible, struct road_heap_info *out)
{
	const struct gpu_params *p = &gpu->params;
	uint64_t window = gpu->visible ? p->window_bytes : 0;
	struct road_ranges *ranges = visible || whole_window(gpu) ? gpu->visible : gpu->hidden;

	out->bytes = ranges == gpu->visible ? window : p->memory_bytes - window;
	pthread_mutex_lock(&gpu->heap_lock);
	out->used_bytes = road_ranges_used(ranges);
	pthread_mutex_unlock(&gpu->heap_lock);
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	static const uint32_t kinds[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_HOST,
					 ROAD_HEAP_DEVICE_VISIBLE};
	struct gpu *gpu = dev->data;

	if (index >= (gpu->visible ? 3u : 2u))
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	if (kinds[index] == ROAD_HEAP_HOST) {
		road_host_memory_heap(gpu->bus, out);
		return ROAD_OK;
	}
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = kinds[index],
				       .granule_bytes = GPU_PAGE,
				       .host_visible = kinds[index] != ROAD_HEAP_DEVICE,
				       .coherent = 1};
	heap_sizes(gpu, kinds[index] == ROAD_HEAP_DEVICE_VISIBLE, out);
	return ROAD_OK;
}

/* ---- buffers at addresses that the program chose ---- */

static uint32_t rights(uint32_t access)
{
	return (access & ROAD_MAP_READ ? ROAD_RANGE_READ : 0) |
	       (access & ROAD_MAP_WRITE ? ROAD_RANGE_WRITE : 0);
}

static road_status map_at(struct road_drv_buffer *buffer, uint64_t offset, uint64_t address,
			  uint64_t bytes, uint32_t access)
{
	const struct gpu_memory *memory = buffer->data;
	struct road_range_entry range = {.va = address, .bytes = bytes, .flags = rights(access)};

	if (buffer->heap == ROAD_HEAP_HOST) {
		range.flags |= ROAD_RANGE_SYSTEM;
		range.pa = road_host_memory_iova(buffer) + offset;
	} else {
		range.pa = memory->pa + offset;
	}
	return road_range_table_map(((struct gpu_space *)buffer->space->data)->ranges, &range);
}

static void unmap_at(struct road_drv_space *space, uint64_t address)
{
	road_range_table_unmap(((struct gpu_space *)space->data)->ranges, address);
}

static road_status protect_at(struct road_drv_space *space, uint64_t address, uint32_t access)
{
	return road_range_table_protect(((struct gpu_space *)space->data)->ranges, address,
					rights(access));
}

const struct road_memory_ops gpu_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.map = map,
	.sync = road_host_memory_sync,
	.import = import,
	.map_at = map_at,
	.unmap_at = unmap_at,
	.protect_at = protect_at,
};
