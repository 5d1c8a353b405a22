/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: the device's 4096-byte buffer, less the driver's scratch, and host memory for DMA. */
#include "drivers/edu/edu.h"

static struct edu *edu_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->data;
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct edu *edu = dev->data;

	if (index > 1)
		return road_drv_errorf(ROAD_NOT_FOUND, "edu", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out), .granule_bytes = 8};
	out->kind = index ? ROAD_HEAP_HOST : ROAD_HEAP_DEVICE;
	out->host_visible = index;
	out->coherent = 1;
	if (index) {
		out->granule_bytes = 4096;
		return ROAD_OK;
	}
	pthread_mutex_lock(&edu->heap_lock);
	out->bytes = EDU_HEAP_BYTES;
	out->used_bytes = road_ranges_used(edu->heap);
	pthread_mutex_unlock(&edu->heap_lock);
	return ROAD_OK;
}

static road_status alloc_device(struct edu *edu, struct road_drv_buffer *buffer)
{
	uint64_t offset;

	pthread_mutex_lock(&edu->heap_lock);
	road_status status = road_ranges_alloc(edu->heap, buffer->bytes, buffer->alignment,
					       &offset, NULL);

	pthread_mutex_unlock(&edu->heap_lock);
	if (status)
		return status;
	/* What stands in the buffer at power-on is not documented: wipe it the first time, too. */
	status = edu_wipe(edu, edu->window + offset, (buffer->bytes + 7) & ~UINT64_C(7));
	if (status) {
		pthread_mutex_lock(&edu->heap_lock);
		road_ranges_free(edu->heap, offset, buffer->bytes);
		pthread_mutex_unlock(&edu->heap_lock);
		return status;
	}
	buffer->address = edu->window + offset;
	return ROAD_OK;
}

static road_status alloc_host(struct edu *edu, struct road_drv_buffer *buffer)
{
	road_status status = edu->bus->ops->dma_alloc(edu->bus, buffer->bytes, &buffer->dma);

	if (status)
		return status;
	buffer->host = buffer->dma.host;
	buffer->address = (uint64_t)(uintptr_t)buffer->host;
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct edu *edu = edu_of(buffer);

	if (buffer->heap == ROAD_HEAP_HOST) {
		edu->bus->ops->dma_free(edu->bus, &buffer->dma);
		return;
	}
	pthread_mutex_lock(&edu->heap_lock);
	road_ranges_free(edu->heap, buffer->address - edu->window, buffer->bytes);
	pthread_mutex_unlock(&edu->heap_lock);
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct edu *edu = edu_of(buffer);

	switch (buffer->heap) {
	case ROAD_HEAP_HOST: return alloc_host(edu, buffer);
	case ROAD_HEAP_DEVICE: return alloc_device(edu, buffer);
	default:
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_buffer_create: options.heap",
				       "edu has no heap of kind %u", buffer->heap);
	}
}

const struct road_memory_ops edu_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};
