/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of this process: three heaps that differ in what the interface promises of them. */
#include "drivers/host/host.h"

#include <roadbed-driver/library.h>

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct host *host = dev->data;

	if (index >= ROAD_HEAP_KINDS)
		return road_drv_errorf(ROAD_NOT_FOUND, "host", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = index,
				       .used_bytes = atomic_load(&host->used_bytes),
				       .granule_bytes = 4096,
				       .host_visible = index != ROAD_HEAP_DEVICE,
				       .coherent = 1};
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct host *host = buffer->space->dev->data;
	uint64_t bytes = buffer->bytes, align = buffer->alignment;
	uint64_t room = bytes + (align > 4096 ? align : 0);
	road_status status = road_memory_alloc(room, &buffer->data, &buffer->dma.fd);

	if (status)
		return status;
	uintptr_t at = (uintptr_t)buffer->data;

	if (align > 4096)
		at = (at + align - 1) & ~(uintptr_t)(align - 1);
	buffer->dma.bytes = room;
	buffer->dma.host = align > 4096 ? NULL : buffer->data; /* else the memfd starts elsewhere */
	buffer->host = (void *)at;
	buffer->address = at;
	atomic_fetch_add(&host->used_bytes, bytes);
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct host *host = buffer->space->dev->data;

	road_memory_free(buffer->data, buffer->dma.bytes, buffer->dma.fd);
	atomic_fetch_sub(&host->used_bytes, buffer->bytes);
}

const struct road_memory_ops host_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};
