/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that a device reaches for the time of one submission. */
#include <stdlib.h>

#include "hal/core/submit.h"

enum { SMALL = 4096, LARGE = 64 * 1024, KEPT = 16 };

static size_t class_bytes(size_t bytes)
{
	return bytes <= SMALL ? SMALL : LARGE;
}

struct road_place road_stage_place(const struct road_stage *stage, uint64_t offset)
{
	return (struct road_place){
		.address = stage->dma.iova.value + offset,
		.bus = true,
		.host = (char *)stage->host + offset,
	};
}

static struct road_stage *take_kept(struct road_device *device, size_t bytes)
{
	struct road_stage **list = bytes == SMALL ? &device->small_stages : &device->large_stages;

	pthread_mutex_lock(&device->lock);
	struct road_stage *stage = *list;

	if (stage) {
		*list = stage->next;
		device->stages_kept--;
	}
	pthread_mutex_unlock(&device->lock);
	return stage;
}

/* A driver that is its own bus runs in this process: its device addresses are host pointers. */
static road_status make(struct road_device *device, struct road_stage *stage)
{
	struct road_bus *bus = device->drv.bus;
	road_status status = ROAD_OK;

	if (bus) {
		status = bus->ops->dma_alloc(bus, stage->bytes, &stage->dma);
		stage->host = stage->dma.host;
	} else {
		stage->host = aligned_alloc(64, stage->bytes);
		stage->dma.iova.value = (uint64_t)(uintptr_t)stage->host;
		if (!stage->host)
			status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory to stage a transfer",
					   "road_queue_submit", "", "");
	}
	return status;
}

road_status road_stage_get(struct road_device *device, size_t bytes, struct road_stage **out)
{
	struct road_stage *stage = take_kept(device, class_bytes(bytes));

	if (!stage) {
		stage = calloc(1, sizeof(*stage));
		if (!stage)
			return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory to stage a transfer",
					 "road_queue_submit", "", "");
		stage->bytes = class_bytes(bytes);
		road_status status = make(device, stage);

		if (status) {
			free(stage);
			return status;
		}
	}
	stage->next = NULL;
	*out = stage;
	return ROAD_OK;
}

road_status road_stage_map(struct road_device *device, void *host, uint64_t bytes,
			   enum road_dma_direction direction, struct road_stage **out)
{
	struct road_stage *stage = calloc(1, sizeof(*stage));
	struct road_bus *bus = device->drv.bus;

	if (!stage)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory to stage a transfer",
				 "road_queue_submit", "", "");
	stage->host = host;
	stage->mapped = true;
	stage->read = direction != ROAD_DMA_TO_DEVICE;
	stage->dma.iova.value = (uint64_t)(uintptr_t)host;
	if (bus) {
		road_status status = bus->ops->dma_map(bus, host, bytes, direction, &stage->dma);

		if (status) {
			free(stage);
			return status;
		}
	}
	*out = stage;
	return ROAD_OK;
}

void road_stage_sync(struct road_device *device, struct road_stage *stage,
		     enum road_dma_direction direction)
{
	struct road_bus *bus = device->drv.bus;

	if (bus && !stage->dma.coherent)
		bus->ops->dma_sync(bus, &stage->dma, 0, stage->dma.bytes, direction);
}

static void destroy(struct road_device *device, struct road_stage *stage)
{
	struct road_bus *bus = device->drv.bus;

	if (bus && stage->mapped)
		bus->ops->dma_unmap(bus, &stage->dma);
	else if (bus)
		bus->ops->dma_free(bus, &stage->dma);
	else if (!stage->mapped)
		free(stage->host);
	free(stage);
}

void road_stage_put(struct road_device *device, struct road_stage *stage)
{
	bool keep = false;

	pthread_mutex_lock(&device->lock);
	if (!stage->mapped && device->stages_kept < KEPT) {
		struct road_stage **list =
			stage->bytes == SMALL ? &device->small_stages : &device->large_stages;

		stage->next = *list;
		*list = stage;
		device->stages_kept++;
		keep = true;
	}
	pthread_mutex_unlock(&device->lock);
	if (!keep)
		destroy(device, stage);
}

void road_stage_trim(struct road_device *device)
{
	struct road_stage *lists[] = {device->small_stages, device->large_stages};

	device->small_stages = device->large_stages = NULL;
	device->stages_kept = 0;
	for (size_t i = 0; i < 2; i++) {
		for (struct road_stage *stage = lists[i], *next; stage; stage = next) {
			next = stage->next;
			destroy(device, stage);
		}
	}
}
