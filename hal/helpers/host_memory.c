/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/host_memory.h>

#define PAGE UINT64_C(4096) /* what the bus aligns to */

static struct road_bus *bus_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->bus;
}

/* How far into the memory the buffer begins. */
static uint64_t skipped(const struct road_drv_buffer *buffer)
{
	return (uint64_t)((char *)buffer->host - (char *)buffer->dma.host);
}

road_status road_host_memory_alloc(struct road_drv_buffer *buffer)
{
	struct road_bus *bus = bus_of(buffer);
	uint64_t bytes = buffer->bytes, skip = 0;

	if (buffer->alignment > PAGE) /* the rest is ours to find */
		bytes += buffer->alignment;
	road_status status = bus->ops->dma_alloc(bus, bytes, &buffer->dma);

	if (status)
		return status;
	if (buffer->alignment > PAGE)
		skip = -(uint64_t)(uintptr_t)buffer->dma.host & (buffer->alignment - 1);
	buffer->host = (char *)buffer->dma.host + skip;
	buffer->data = NULL;
	return ROAD_OK;
}

/* `data` marks them. */
road_status road_host_memory_import(struct road_drv_buffer *buffer)
{
	struct road_bus *bus = bus_of(buffer);
	road_status status = bus->ops->dma_map(bus, buffer->dma.host, buffer->bytes, ROAD_DMA_BOTH,
					       &buffer->dma);

	if (status)
		return status;
	buffer->host = buffer->dma.host;
	buffer->data = buffer;
	return ROAD_OK;
}

void road_host_memory_free(struct road_drv_buffer *buffer)
{
	struct road_bus *bus = bus_of(buffer);

	if (buffer->data)
		bus->ops->dma_unmap(bus, &buffer->dma);
	else
		bus->ops->dma_free(bus, &buffer->dma);
	buffer->host = buffer->data = NULL;
}

uint64_t road_host_memory_iova(const struct road_drv_buffer *buffer)
{
	return buffer->dma.iova.value + skipped(buffer);
}

void road_host_memory_sync(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
			   enum road_dma_direction direction)
{
	struct road_bus *bus = bus_of(buffer);

	if (buffer->heap == ROAD_HEAP_HOST)
		bus->ops->dma_sync(bus, &buffer->dma, skipped(buffer) + offset, bytes, direction);
}

road_status road_host_memory_map(struct road_drv_buffer *buffer, void **out)
{
	if (buffer->heap != ROAD_HEAP_HOST)
		return road_drv_error(ROAD_PERMISSION, "heap is not visible to the host",
				      "road_buffer_map: buffer", "ROAD_HEAP_DEVICE", NULL);
	*out = buffer->host;
	return ROAD_OK;
}

void road_host_memory_heap(struct road_bus *bus, struct road_heap_info *out)
{
	struct road_dma_limits limits;

	bus->ops->dma_limits(bus, &limits);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_HOST,
				       .granule_bytes = limits.granule,
				       .host_visible = 1,
				       .coherent = limits.coherent};
}
