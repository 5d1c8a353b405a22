/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Device memory: physical ranges, each at an address of its own that is reserved in this
 * process; the host cannot see it. Host memory: from the bus, at its own host address; the chip
 * does not look into the host's caches. Ranges that were handed out before are cleared first.
 */
#include <stdlib.h>

#include "drivers/dsa/dsa.h"

enum { RW = ROAD_RANGE_READ | ROAD_RANGE_WRITE };

static struct road_range_table *ranges_of(const struct road_drv_space *space)
{
	return ((const struct dsa_context *)space->data)->ranges;
}

/* ---- device memory ---- */

static void give(struct dsa *dsa, const struct dsa_memory *memory)
{
	pthread_mutex_lock(&dsa->heap_lock);
	road_ranges_free(dsa->heap, memory->pa, memory->bytes);
	pthread_mutex_unlock(&dsa->heap_lock);
}

road_status dsa_memory_alloc(struct dsa_context *context, uint64_t bytes, uint64_t alignment,
			     uint32_t rights, struct dsa_memory *out)
{
	struct dsa *dsa = context->dsa;
	struct dsa_memory memory = {.context = context, .bytes = bytes};
	bool fresh = false;

	pthread_mutex_lock(&dsa->heap_lock);
	road_status status = road_ranges_alloc(dsa->heap, bytes, alignment, &memory.pa, &fresh);

	pthread_mutex_unlock(&dsa->heap_lock);
	if (status)
		return status;
	status = road_va_reserve(bytes, alignment > DSA_PAGE ? alignment : DSA_PAGE, &memory.va);
	if (status)
		goto give;
	const struct road_range_entry range = {
		.va = memory.va, .bytes = bytes, .pa = memory.pa, .flags = rights};

	status = road_range_table_map(context->ranges, &range);
	if (status)
		goto release;
	if (!fresh || !dsa->clean)
		status = road_streams_zero(dsa->streams, context, memory.va, bytes);
	if (status)
		goto unmap;
	*out = memory;
	return ROAD_OK;
unmap:
	road_range_table_unmap(context->ranges, memory.va);
release:
	road_va_release(memory.va, bytes);
give:
	give(dsa, &memory);
	return status;
}

void dsa_memory_free(struct dsa_memory *memory)
{
	road_range_table_unmap(memory->context->ranges, memory->va);
	road_va_release(memory->va, memory->bytes);
	give(memory->context->dsa, memory);
}

static road_status alloc_device(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct dsa_memory *memory = malloc(sizeof(*memory));

	if (!memory)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer",
				      "road_buffer_create", NULL, NULL);
	road_status status = dsa_memory_alloc(buffer->space->data, buffer->bytes, buffer->alignment,
					      rights, memory);

	if (status) {
		free(memory);
		return status;
	}
	buffer->address = memory->va;
	buffer->data = memory;
	return ROAD_OK;
}

/* ---- host memory ---- */

/* At its own host address. */
static road_status map_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	const struct road_range_entry range = {
		.va = (uint64_t)(uintptr_t)buffer->host,
		.bytes = buffer->bytes,
		.pa = road_host_memory_iova(buffer),
		.flags = rights | ROAD_RANGE_SYSTEM,
	};
	road_status status = road_range_table_map(ranges_of(buffer->space), &range);

	if (status)
		road_host_memory_free(buffer);
	else
		buffer->address = range.va;
	return status;
}

static road_status import(struct road_drv_buffer *buffer)
{
	road_status status = road_host_memory_import(buffer);

	return status ? status : map_host(buffer, RW);
}

/* ---- the table ---- */

static road_status alloc(struct road_drv_buffer *buffer)
{
	uint32_t rights = buffer->flags & ROAD_BUFFER_READ_ONLY ? ROAD_RANGE_READ : RW;
	road_status status;

	if (buffer->heap == ROAD_HEAP_HOST) {
		status = road_host_memory_alloc(buffer);
		return status ? status : map_host(buffer, rights);
	}
	if (buffer->heap == ROAD_HEAP_DEVICE)
		return alloc_device(buffer, rights);
	return road_drv_error(ROAD_UNSUPPORTED, "no device memory is visible to the host",
			      "road_buffer_create: options.heap", "ROAD_HEAP_DEVICE_VISIBLE",
			      "see road_device_heap");
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	if (buffer->heap == ROAD_HEAP_HOST) {
		road_range_table_unmap(ranges_of(buffer->space), buffer->address);
		road_host_memory_free(buffer);
		return;
	}
	dsa_memory_free(buffer->data);
	free(buffer->data);
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct dsa *dsa = dev->data;

	if (index > 1)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	if (index) {
		road_host_memory_heap(dsa->bus, out);
		return ROAD_OK;
	}
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_DEVICE,
				       .bytes = dsa->params.memory_bytes,
				       .granule_bytes = DSA_PAGE,
				       .coherent = 1};
	pthread_mutex_lock(&dsa->heap_lock);
	out->used_bytes = road_ranges_used(dsa->heap);
	pthread_mutex_unlock(&dsa->heap_lock);
	return ROAD_OK;
}

/* ---- buffers at addresses that the program chose ---- */

static uint32_t rights_of(uint32_t access)
{
	return (access & ROAD_MAP_READ ? ROAD_RANGE_READ : 0) |
	       (access & ROAD_MAP_WRITE ? ROAD_RANGE_WRITE : 0);
}

static road_status map_at(struct road_drv_buffer *buffer, uint64_t offset, uint64_t address,
			  uint64_t bytes, uint32_t access)
{
	const struct dsa_memory *memory = buffer->data;
	struct road_range_entry range = {.va = address, .bytes = bytes, .flags = rights_of(access)};

	if (buffer->heap == ROAD_HEAP_HOST) {
		range.flags |= ROAD_RANGE_SYSTEM;
		range.pa = road_host_memory_iova(buffer) + offset;
	} else {
		range.pa = memory->pa + offset;
	}
	return road_range_table_map(ranges_of(buffer->space), &range);
}

static void unmap_at(struct road_drv_space *space, uint64_t address)
{
	road_range_table_unmap(ranges_of(space), address);
}

static road_status protect_at(struct road_drv_space *space, uint64_t address, uint32_t access)
{
	return road_range_table_protect(ranges_of(space), address, rights_of(access));
}

const struct road_memory_ops dsa_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.map = road_host_memory_map,
	.sync = road_host_memory_sync,
	.import = import,
	.map_at = map_at,
	.unmap_at = unmap_at,
	.protect_at = protect_at,
};
