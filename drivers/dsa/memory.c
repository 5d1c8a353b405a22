/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory. Device memory: physical ranges, each at an address of its own that is reserved in this
 * process; the host cannot see it. Host memory: from the bus, at its own host address; the chip
 * does not look into the host's caches. Ranges that were handed out before are cleared first.
 */
#include <stdlib.h>

#include "drivers/dsa/dsa.h"

static const uint32_t RW = ROAD_DSA_RANGE_READ | ROAD_DSA_RANGE_WRITE;

static struct dsa *dsa_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->data;
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
	const struct road_dsa_range range = {
		.va = memory.va, .bytes = bytes, .pa = memory.pa, .flags = rights};

	status = dsa_context_map(context, &range);
	if (status)
		goto release;
	if (!fresh || !dsa->clean)
		status = dsa_service_zero(context, memory.va, bytes);
	if (status)
		goto unmap;
	*out = memory;
	return ROAD_OK;
unmap:
	dsa_context_unmap(context, memory.va);
release:
	road_va_release(memory.va, bytes);
give:
	give(dsa, &memory);
	return status;
}

void dsa_memory_free(struct dsa_memory *memory)
{
	dsa_context_unmap(memory->context, memory->va);
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

static road_status map_host(struct road_drv_buffer *buffer, uint64_t at, uint32_t rights)
{
	const struct road_dsa_range range = {
		.va = at,
		.bytes = buffer->bytes,
		.pa = buffer->dma.iova.value + (at - (uint64_t)(uintptr_t)buffer->dma.host),
		.flags = rights | ROAD_DSA_RANGE_SYSTEM,
	};
	road_status status = dsa_context_map(buffer->space->data, &range);

	if (status)
		return status;
	buffer->host = (char *)buffer->dma.host + (at - (uint64_t)(uintptr_t)buffer->dma.host);
	buffer->address = at;
	return ROAD_OK;
}

static road_status alloc_host(struct road_drv_buffer *buffer, uint32_t rights)
{
	struct road_bus *bus = dsa_of(buffer)->bus;
	uint64_t bytes = buffer->bytes, mask = buffer->alignment - 1;

	if (buffer->alignment > DSA_PAGE) /* the bus aligns to pages; the rest is ours to find */
		bytes += buffer->alignment;
	road_status status = bus->ops->dma_alloc(bus, bytes, &buffer->dma);

	if (status)
		return status;
	uint64_t at = (uint64_t)(uintptr_t)buffer->dma.host;

	if (buffer->alignment > DSA_PAGE)
		at = (at + mask) & ~mask;
	status = map_host(buffer, at, rights);
	if (status)
		bus->ops->dma_free(bus, &buffer->dma);
	return status;
}

/* Pages of the core's, which the bus maps; `data` marks them. */
static road_status import(struct road_drv_buffer *buffer)
{
	struct road_bus *bus = dsa_of(buffer)->bus;
	road_status status = bus->ops->dma_map(bus, buffer->dma.host, buffer->bytes, ROAD_DMA_BOTH,
					       &buffer->dma);

	if (status)
		return status;
	status = map_host(buffer, (uint64_t)(uintptr_t)buffer->dma.host, RW);
	if (status) {
		bus->ops->dma_unmap(bus, &buffer->dma);
		return status;
	}
	buffer->data = buffer;
	return ROAD_OK;
}

/* ---- the table ---- */

static road_status alloc(struct road_drv_buffer *buffer)
{
	uint32_t rights = buffer->flags & ROAD_BUFFER_READ_ONLY ? ROAD_DSA_RANGE_READ : RW;

	if (buffer->heap == ROAD_HEAP_HOST)
		return alloc_host(buffer, rights);
	if (buffer->heap == ROAD_HEAP_DEVICE)
		return alloc_device(buffer, rights);
	return road_drv_error(ROAD_UNSUPPORTED, "no device memory is visible to the host",
			      "road_buffer_create: options.heap", "ROAD_HEAP_DEVICE_VISIBLE",
			      "see road_device_heap");
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct road_bus *bus = dsa_of(buffer)->bus;

	if (buffer->heap != ROAD_HEAP_HOST) {
		dsa_memory_free(buffer->data);
		free(buffer->data);
		return;
	}
	dsa_context_unmap(buffer->space->data, buffer->address);
	if (buffer->data) /* imported */
		bus->ops->dma_unmap(bus, &buffer->dma);
	else
		bus->ops->dma_free(bus, &buffer->dma);
}

static road_status map(struct road_drv_buffer *buffer, void **out)
{
	if (buffer->heap != ROAD_HEAP_HOST)
		return road_drv_error(ROAD_PERMISSION, "heap is not visible to the host",
				      "road_buffer_map: buffer", "ROAD_HEAP_DEVICE", NULL);
	*out = buffer->host;
	return ROAD_OK;
}

static void sync(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
		 enum road_dma_direction direction)
{
	struct road_bus *bus = dsa_of(buffer)->bus;

	if (buffer->heap != ROAD_HEAP_HOST)
		return;
	offset += (uint64_t)((char *)buffer->host - (char *)buffer->dma.host);
	bus->ops->dma_sync(bus, &buffer->dma, offset, bytes, direction);
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct dsa *dsa = dev->data;
	struct road_dma_limits limits;

	dsa->bus->ops->dma_limits(dsa->bus, &limits);
	if (index == 0) {
		pthread_mutex_lock(&dsa->heap_lock);
		uint64_t used = road_ranges_used(dsa->heap);

		pthread_mutex_unlock(&dsa->heap_lock);
		*out = (struct road_heap_info){.size = sizeof(*out),
					       .kind = ROAD_HEAP_DEVICE,
					       .bytes = dsa->params.memory_bytes,
					       .used_bytes = used,
					       .granule_bytes = DSA_PAGE,
					       .coherent = 1};
		return ROAD_OK;
	}
	if (index > 1)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_HOST,
				       .granule_bytes = limits.granule,
				       .host_visible = 1,
				       .coherent = limits.coherent};
	return ROAD_OK;
}

/* ---- buffers at addresses that the program chose ---- */

static uint32_t rights_of(uint32_t access)
{
	return (access & ROAD_MAP_READ ? ROAD_DSA_RANGE_READ : 0) |
	       (access & ROAD_MAP_WRITE ? ROAD_DSA_RANGE_WRITE : 0);
}

static road_status map_at(struct road_drv_buffer *buffer, uint64_t offset, uint64_t address,
			  uint64_t bytes, uint32_t access)
{
	const struct dsa_memory *memory = buffer->data;
	struct road_dsa_range range = {.va = address, .bytes = bytes, .flags = rights_of(access)};

	if (buffer->heap == ROAD_HEAP_HOST) {
		range.flags |= ROAD_DSA_RANGE_SYSTEM;
		range.pa = buffer->dma.iova.value + offset +
			   (uint64_t)((char *)buffer->host - (char *)buffer->dma.host);
	} else {
		range.pa = memory->pa + offset;
	}
	return dsa_context_map(buffer->space->data, &range);
}

static void unmap_at(struct road_drv_space *space, uint64_t address)
{
	dsa_context_unmap(space->data, address);
}

static road_status protect_at(struct road_drv_space *space, uint64_t address, uint32_t access)
{
	return dsa_context_protect(space->data, address, rights_of(access));
}

const struct road_memory_ops dsa_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.map = map,
	.sync = sync,
	.import = import,
	.map_at = map_at,
	.unmap_at = unmap_at,
	.protect_at = protect_at,
};
