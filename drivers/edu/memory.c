/* SPDX-License-Identifier: Apache-2.0 */
/* Step 3, memory: the device's 4096-byte buffer, less what is the driver's, and host memory. */
#include "drivers/edu/edu.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICE_GRANULE = 8, PAGE = 4096 };

static struct edu *edu_of(const struct road_drv_buffer *buffer)
{
	return buffer->space->dev->data;
}

bool edu_reaches(uint64_t iova, uint64_t bytes)
{
	return bytes && iova <= ROAD_EDU_DMA_MASK && bytes - 1 <= ROAD_EDU_DMA_MASK - iova;
}

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct edu *edu = dev->data;
	struct road_dma_limits limits = {0};

	if (index > 1)
		return road_drv_errorf(ROAD_NOT_FOUND, "edu", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out)};
	pthread_mutex_lock(&edu->heap_lock);
	if (index) {
		edu->bus->ops->dma_limits(edu->bus, &limits);
		out->kind = ROAD_HEAP_HOST;
		out->granule_bytes = PAGE;
		out->host_visible = 1;
		out->coherent = limits.coherent;
		for (size_t i = 0; i < edu->host_count; i++)
			out->used_bytes += edu->hosts[i]->bytes;
	} else {
		out->kind = ROAD_HEAP_DEVICE;
		out->granule_bytes = DEVICE_GRANULE;
		out->coherent = 1;
		out->bytes = EDU_HEAP_BYTES;
		out->used_bytes = road_ranges_used(edu->heap);
	}
	pthread_mutex_unlock(&edu->heap_lock);
	return ROAD_OK;
}

/* ---- the device's buffer ---- */

static void free_device(struct edu *edu, uint64_t offset, uint64_t bytes)
{
	pthread_mutex_lock(&edu->heap_lock);
	road_ranges_free(edu->heap, offset, bytes);
	pthread_mutex_unlock(&edu->heap_lock);
}

static road_status alloc_device(struct edu *edu, struct road_drv_buffer *buffer)
{
	uint64_t offset;

	pthread_mutex_lock(&edu->heap_lock);
	road_status status =
		road_ranges_alloc(edu->heap, buffer->bytes, buffer->alignment, &offset, NULL);

	pthread_mutex_unlock(&edu->heap_lock);
	if (status)
		return status;
	/* What stands in the buffer at power-on is not documented: wipe it the first time, too. */
	status = edu_wipe(edu, edu->window + offset,
			  (buffer->bytes + DEVICE_GRANULE - 1) & ~(uint64_t)(DEVICE_GRANULE - 1));
	if (status)
		free_device(edu, offset, buffer->bytes);
	else
		buffer->address = edu->window + offset;
	return status;
}

/* ---- host memory ---- */

/* Under heap_lock: how many of the table begin at or below the address. */
static size_t count_below(const struct edu *edu, uint64_t address)
{
	size_t low = 0, high = edu->host_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (edu->hosts[middle]->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool edu_host_iova(struct edu *edu, uint64_t address, uint64_t bytes, uint64_t *iova)
{
	bool found = false;

	pthread_mutex_lock(&edu->heap_lock);
	size_t below = count_below(edu, address);

	if (below) {
		const struct edu_host *host = edu->hosts[below - 1];
		uint64_t offset = address - host->address;

		found = offset <= host->bytes && bytes <= host->bytes - offset;
		*iova = host->iova + offset;
	}
	pthread_mutex_unlock(&edu->heap_lock);
	return found;
}

static bool list_host(struct edu *edu, struct edu_host *host)
{
	pthread_mutex_lock(&edu->heap_lock);
	if (edu->host_count == edu->host_room) {
		size_t room = edu->host_room ? edu->host_room * 2 : 16;
		struct edu_host **grown = realloc(edu->hosts, room * sizeof(*grown));

		if (!grown) {
			pthread_mutex_unlock(&edu->heap_lock);
			return false;
		}
		edu->hosts = grown;
		edu->host_room = room;
	}
	size_t at = count_below(edu, host->address);

	memmove(edu->hosts + at + 1, edu->hosts + at, (edu->host_count - at) * sizeof(*edu->hosts));
	edu->hosts[at] = host;
	edu->host_count++;
	pthread_mutex_unlock(&edu->heap_lock);
	return true;
}

static void unlist_host(struct edu *edu, const struct edu_host *host)
{
	pthread_mutex_lock(&edu->heap_lock);
	size_t at = count_below(edu, host->address);

	memmove(edu->hosts + at - 1, edu->hosts + at, (edu->host_count - at) * sizeof(*edu->hosts));
	edu->host_count--;
	pthread_mutex_unlock(&edu->heap_lock);
}

/* The first aligned byte of memory that is larger than asked for. */
static void align_host(struct edu_host *host, uint64_t alignment)
{
	uint64_t start = (uint64_t)(uintptr_t)host->dma.host, skip = 0;

	if (alignment > 1)
		skip = -start & (alignment - 1);
	host->address = start + skip;
	host->iova = host->dma.iova.value + skip;
}

static road_status alloc_host(struct edu *edu, struct road_drv_buffer *buffer)
{
	uint64_t extra = buffer->alignment > PAGE ? buffer->alignment : 0;
	struct edu_host *host = calloc(1, sizeof(*host));
	road_status status;

	if (!host)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer", "edu",
				      NULL, NULL);
	host->bytes = buffer->bytes;
	status = edu->bus->ops->dma_alloc(edu->bus, buffer->bytes + extra, &host->dma);
	if (status)
		goto free_host;
	align_host(host, buffer->alignment);
	if (!edu_reaches(host->iova, host->bytes)) {
		status = road_drv_errorf(ROAD_NO_SPACE, "edu: host memory",
					 "bus address 0x%llx is beyond the device's 28 bits",
					 (unsigned long long)host->iova);
		goto free_dma;
	}
	if (!list_host(edu, host)) {
		status = road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a buffer", "edu",
					NULL, NULL);
		goto free_dma;
	}
	buffer->data = host;
	buffer->host = (void *)(uintptr_t)host->address;
	buffer->address = host->address;
	buffer->dma = host->dma;
	if (buffer->host != host->dma.host)
		buffer->dma.host = NULL; /* its descriptor starts elsewhere: not for export */
	return ROAD_OK;
free_dma:
	edu->bus->ops->dma_free(edu->bus, &host->dma);
free_host:
	free(host);
	return status;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct edu *edu = edu_of(buffer);
	struct edu_host *host = buffer->data;

	if (buffer->heap == ROAD_HEAP_DEVICE) {
		free_device(edu, buffer->address - edu->window, buffer->bytes);
		return;
	}
	unlist_host(edu, host);
	edu->bus->ops->dma_free(edu->bus, &host->dma);
	free(host);
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

static void sync_buffer(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
			enum road_dma_direction direction)
{
	struct edu *edu = edu_of(buffer);
	struct edu_host *host = buffer->data;

	if (buffer->heap == ROAD_HEAP_HOST)
		edu->bus->ops->dma_sync(edu->bus, &host->dma,
					host->iova - host->dma.iova.value + offset, bytes,
					direction);
}

const struct road_memory_ops edu_memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
	.sync = sync_buffer,
};
