/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of this process: plain for the device's heaps, sealed memfds for the host's, which other
 * processes and devices may import. Addresses are host pointers. */
#include "drivers/host/host.h"

#include <stdlib.h>

#include <roadbed-driver/library.h>

enum { LINE = 64, PAGE = 4096 };

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct host *host = dev->data;

	if (index >= HOST_HEAPS)
		return road_drv_errorf(ROAD_NOT_FOUND, "host", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = index,
				       .used_bytes = atomic_load(&host->used_bytes[index]),
				       .granule_bytes = index == ROAD_HEAP_HOST ? PAGE : LINE,
				       .host_visible = index != ROAD_HEAP_DEVICE,
				       .coherent = 1};
	return ROAD_OK;
}

/* Would the machine hold this, too? Pages are taken at the first touch: without this any size would
 * be granted, and the kernel would kill the process later. */
static bool fits(struct host *host, uint64_t bytes)
{
	uint64_t limit = host_memory_bytes(), used = 0;

	for (int i = 0; i < HOST_HEAPS; i++)
		used += atomic_load(&host->used_bytes[i]);
	return !limit || (used <= limit && bytes <= limit - used);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) & ~(to - 1);
}

static void place(struct road_drv_buffer *buffer, void *memory, uint64_t align)
{
	uint64_t address = round_up((uint64_t)(uintptr_t)memory, align);

	buffer->data = memory;
	buffer->address = address;
	buffer->host = (void *)(uintptr_t)address;
}

static road_status alloc_plain(struct road_drv_buffer *buffer)
{
	uint64_t align = buffer->alignment > LINE ? buffer->alignment : LINE;
	void *memory = calloc(1, buffer->bytes + align);

	buffer->dma.fd = -1;
	if (!memory)
		return road_drv_errorf(
			ROAD_OUT_OF_DEVICE_MEMORY, "road_buffer_create: options.bytes",
			"no memory for %llu bytes", (unsigned long long)buffer->bytes);
	place(buffer, memory, align);
	return ROAD_OK;
}

static road_status alloc_shared(struct road_drv_buffer *buffer)
{
	uint64_t extra = buffer->alignment > PAGE ? buffer->alignment : 0;
	void *memory;
	road_status status = road_memory_alloc(buffer->bytes + extra, &memory, &buffer->dma.fd);

	if (status)
		return status;
	place(buffer, memory, extra ? buffer->alignment : PAGE);
	buffer->dma.bytes = buffer->bytes + extra;
	buffer->dma.coherent = true;
	buffer->dma.iova.value = buffer->address;
	if (buffer->host == memory)
		buffer->dma.host =
			memory; /* else its descriptor starts elsewhere: not for export */
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct host *host = buffer->space->dev->data;

	if (!fits(host, buffer->bytes))
		return road_drv_errorf(
			ROAD_OUT_OF_DEVICE_MEMORY, "road_buffer_create: options.bytes",
			"%llu bytes are more than is left of the machine's %llu",
			(unsigned long long)buffer->bytes, (unsigned long long)host_memory_bytes());
	road_status status =
		buffer->heap == ROAD_HEAP_HOST ? alloc_shared(buffer) : alloc_plain(buffer);

	if (!status)
		atomic_fetch_add(&host->used_bytes[buffer->heap], buffer->bytes);
	return status;
}

/* Memory of the core's: nothing of ours stands behind it. */
static road_status import(struct road_drv_buffer *buffer)
{
	struct host *host = buffer->space->dev->data;

	buffer->host = buffer->dma.host;
	buffer->address = (uint64_t)(uintptr_t)buffer->host;
	buffer->dma.iova.value = buffer->address;
	buffer->dma.coherent = true;
	atomic_fetch_add(&host->used_bytes[buffer->heap], buffer->bytes);
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct host *host = buffer->space->dev->data;

	if (!buffer->data) { /* imported */
		atomic_fetch_sub(&host->used_bytes[buffer->heap], buffer->bytes);
		return;
	}
	if (buffer->heap == ROAD_HEAP_HOST)
		road_memory_free(buffer->data, buffer->dma.bytes, buffer->dma.fd);
	else
		free(buffer->data);
	atomic_fetch_sub(&host->used_bytes[buffer->heap], buffer->bytes);
}

const struct road_memory_ops host_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.import = import,
};
