/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware queues: a ring, a status block that the chip writes, a doorbell. Completion and faults
 * are taken from memory, never from registers.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

static const uint32_t priorities[] = {1, 0, 2}; /* normal, high, low: the chip's 0 is highest */

/* ---- on the chip ---- */

static road_status command(struct gpu_queue *queue, enum road_gpu_queue_command command,
			   const char *what)
{
	struct gpu *gpu = queue->gpu;

	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_COMMAND, command);
	uint32_t state = gpu_read32(gpu, ROAD_GPU_REG_QUEUE_STATE); /* pushes the writes */
	road_status status = gpu_alive(gpu, what);

	if (!status && state == ROAD_GPU_QUEUE_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of queue %u", (unsigned)command,
				       queue->index);
	return status;
}

road_status gpu_queue_start(struct gpu_queue *queue)
{
	struct gpu *gpu = queue->gpu;
	uint32_t region = 0;
	road_status status = gpu->dev->region_unit ? gpu_queue_region(queue, &region) : ROAD_OK;

	if (status)
		return status;
	road_ring_reset(queue->ring);
	pthread_mutex_lock(&gpu->table_lock); /* an interrupt may look at it */
	/* What the chip wrote last is fetched first: else a line that was zero here would count as
	 * unchanged, and the old words would come back with the next look. */
	gpu->bus->ops->dma_sync(gpu->bus, &queue->status_memory, 0, sizeof(*queue->status),
				ROAD_DMA_TO_HOST);
	memset(queue->status, 0, sizeof(*queue->status));
	pthread_mutex_unlock(&gpu->table_lock);
	gpu->bus->ops->dma_sync(gpu->bus, &queue->status_memory, 0, sizeof(*queue->status),
				ROAD_DMA_TO_DEVICE);
	atomic_store(&queue->rung, 0);
	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SELECT, queue->index);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SPACE, queue->encode.space->index);
	gpu_write64(gpu, ROAD_GPU_REG_QUEUE_RING64, road_ring_iova(queue->ring).value);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SLOTS, queue->slots);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_PRIORITY, queue->priority);
	gpu_write64(gpu, ROAD_GPU_REG_QUEUE_STATUS64, queue->status_memory.iova.value);
	if (gpu->dev->region_unit)
		gpu_write32(gpu, ROAD_GPU_REG_QUEUE_REGION, region);
	status = command(queue, ROAD_GPU_QUEUE_OPEN, "road_queue_create");

	pthread_mutex_unlock(&gpu->reg_lock);
	atomic_store(&queue->open, status == ROAD_OK);
	return status;
}

void gpu_queue_stop(struct gpu_queue *queue)
{
	struct gpu *gpu = queue->gpu;

	if (!atomic_exchange(&queue->open, false))
		return;
	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SELECT, queue->index);
	if (command(queue, ROAD_GPU_QUEUE_CLOSE, "road_queue_release") == ROAD_OK)
		(void)gpu_await(gpu, ROAD_GPU_REG_QUEUE_STATE, UINT32_MAX, ROAD_GPU_QUEUE_CLOSED,
				"QUEUE_STATE");
	pthread_mutex_unlock(&gpu->reg_lock);
}

static void doorbell(void *user, uint64_t tail)
{
	struct gpu_queue *queue = user;

	atomic_store_explicit(&queue->rung, tail, memory_order_relaxed);
	gpu_write64(queue->gpu,
		    ROAD_GPU_DOORBELL + (uint64_t)queue->index * ROAD_GPU_DOORBELL_STRIDE, tail);
}

static const struct road_ring_ops ring_ops = {gpu_encode, gpu_encode_fence, doorbell};

/* ---- in this process ---- */

static void set_encode(struct gpu_queue *queue, const struct gpu_queue_config *config)
{
	const struct gpu *gpu = queue->gpu;

	queue->encode = (struct gpu_encode){
		.space = config->space,
		.fence = queue->status_memory.iova.value +
			 offsetof(struct road_gpu_queue_status, fence),
		.vector = gpu->vectors ? queue->index % gpu->vectors : 0,
		.irq = gpu->vectors && config->drv,
	};
}

/* From here on interrupts look at the queue. */
static road_status take_index(struct gpu *gpu, struct gpu_queue *queue,
			      const struct gpu_queue_config *config)
{
	uint32_t index = 0;

	pthread_mutex_lock(&gpu->table_lock);
	while (index < gpu->params.queues && gpu->queues[index])
		index++;
	if (index < gpu->params.queues) {
		queue->index = index;
		set_encode(queue, config);
		gpu->queues[index] = queue;
		if (index >= gpu->queues_end)
			gpu->queues_end = index + 1;
	}
	pthread_mutex_unlock(&gpu->table_lock);
	if (index == gpu->params.queues)
		return road_drv_errorf(ROAD_NO_SPACE, "road_queue_create",
				       "all %u queues of the chip are in use", index);
	return ROAD_OK;
}

/* After this no interrupt names the queue any more. */
static void give_index(struct gpu_queue *queue)
{
	pthread_mutex_lock(&queue->gpu->table_lock);
	queue->gpu->queues[queue->index] = NULL;
	pthread_mutex_unlock(&queue->gpu->table_lock);
}

road_status gpu_queue_create(struct gpu *gpu, const struct gpu_queue_config *config,
			     struct gpu_queue **out)
{
	const struct road_ring_geometry geometry = {
		.packet_bytes = ROAD_GPU_PACKET_BYTES,
		.packets = config->packets,
		.packets_per_command = GPU_PACKETS_PER_CALL,
		.argument_bytes = config->argument_bytes,
		.argument_align = GPU_KERNARG_ALIGN,
		.header_bytes = 2,
		.header_empty = ROAD_GPU_PACKET_INVALID,
	};
	struct gpu_queue *queue = calloc(1, sizeof(*queue));
	road_status status;

	if (!queue)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_queue_create", NULL, NULL);
	queue->gpu = gpu;
	queue->drv = config->drv;
	queue->priority = config->priority;
	queue->slots = config->packets;
	status = gpu->bus->ops->dma_alloc(gpu->bus, sizeof(*queue->status), &queue->status_memory);
	if (status)
		goto free_queue;
	queue->status = queue->status_memory.host;
	status = road_ring_create(gpu->bus, &geometry, &ring_ops, queue, config->depth,
				  &queue->status->fence, &queue->ring);
	if (status)
		goto free_status;
	status = take_index(gpu, queue, config);
	if (status)
		goto destroy_ring;
	*out = queue;
	return ROAD_OK;
destroy_ring:
	road_ring_destroy(queue->ring);
free_status:
	gpu->bus->ops->dma_free(gpu->bus, &queue->status_memory);
free_queue:
	free(queue);
	return status;
}

void gpu_queue_destroy(struct gpu_queue *queue)
{
	gpu_queue_stop(queue);
	give_index(queue);
	road_ring_destroy(queue->ring);
	queue->gpu->bus->ops->dma_free(queue->gpu->bus, &queue->status_memory);
	free(queue);
}

/* ---- for the core ---- */

road_status gpu_queue_open(struct road_drv_queue *drv)
{
	struct gpu *gpu = drv->dev->data;
	const struct gpu_queue_config config = {
		.space = drv->space->data,
		.drv = drv,
		.priority = priorities[drv->priority < 3 ? drv->priority : 0],
		.depth = drv->depth ? drv->depth : GPU_DEPTH_MAX,
		.packets = 4096,
		.argument_bytes = 4 * GPU_PARAMS_MAX,
	};
	struct gpu_queue *queue;
	road_status status = gpu_queue_create(gpu, &config, &queue);

	if (status)
		return status;
	status = gpu_queue_start(queue);
	if (status) {
		gpu_queue_destroy(queue);
		return status;
	}
	drv->data = queue;
	return ROAD_OK;
}

void gpu_queue_close(struct road_drv_queue *drv)
{
	gpu_queue_destroy(drv->data);
	drv->data = NULL;
}

static void sync_status(struct gpu_queue *queue)
{
	struct road_bus *bus = queue->gpu->bus;

	bus->ops->dma_sync(bus, &queue->status_memory, 0, sizeof(*queue->status), ROAD_DMA_TO_HOST);
}

road_status gpu_queue_submit(struct road_drv_queue *drv,
			     const struct road_drv_submission *submission)
{
	struct gpu_queue *queue = drv->data;

	if (!atomic_load_explicit(&queue->open, memory_order_relaxed))
		return road_drv_error(ROAD_CANCELLED, "the device was reset", "road_queue_submit",
				      NULL, "road_queue_reset first");
	sync_status(queue);
	road_status status = road_ring_submit(queue->ring, submission);

	return status == ROAD_DEVICE_LOST ? gpu_alive(queue->gpu, "road_queue_submit") : status;
}

uint32_t gpu_queue_fault(struct gpu_queue *queue)
{
	sync_status(queue);
	return road_load32(&queue->status->fault);
}

/* The record holds the low half of the packet's number, counted since the queue was opened. */
static uint64_t faulting_packet(const struct gpu_queue *queue)
{
	uint64_t rung = atomic_load_explicit(&queue->rung, memory_order_relaxed);

	return rung - (uint32_t)((uint32_t)rung - queue->status->packet);
}

/* The fault first: a queue that has one has stopped, and its completion word with it. */
void gpu_queue_advance(struct road_drv_queue *drv, struct road_drv_progress *out)
{
	struct gpu_queue *queue = drv->data;
	uint32_t fault = gpu_queue_fault(queue);

	out->completed = road_ring_completed(queue->ring);
	out->failed_from = UINT64_MAX;
	if (!fault)
		return;
	out->failed_from = road_ring_sequence_of(queue->ring, faulting_packet(queue));
	out->status = gpu_fault_status(queue->status);
	gpu_fault_describe(queue->encode.space, queue->status, &out->fault);
	out->fault.point = out->failed_from;
	out->fault.device_ns = gpu_now(queue->gpu);
}

road_status gpu_queue_reset(struct road_drv_queue *drv)
{
	struct gpu_queue *queue = drv->data;

	gpu_queue_stop(queue);
	return gpu_queue_start(queue);
}

/* The chip has packets for both, takes bus addresses, and closes a queue that waits. */
bool gpu_queue_native(struct road_drv_queue *drv)
{
	(void)drv;
	return true;
}

/* Vectors are messages: there is nothing to acknowledge. They are shared; a queue that stopped on a
 * fault is told whatever vector the chip chose. */
void gpu_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct gpu *gpu = dev->data;

	if (vector >= gpu->vectors)
		return;
	pthread_mutex_lock(&gpu->table_lock);
	for (uint32_t i = 0; i < gpu->queues_end; i++) {
		struct gpu_queue *queue = gpu->queues[i];

		if (queue && queue->drv &&
		    (queue->encode.vector == vector || gpu_queue_fault(queue)))
			road_drv_queue_ready(queue->drv);
	}
	pthread_mutex_unlock(&gpu->table_lock);
}
