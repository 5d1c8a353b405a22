/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware queues: opened and closed by registers. All else is the helper's
 * (<roadbed-driver/stream.h>). */
#include "drivers/gpu/gpu.h"

static struct gpu *gpu_of(const struct road_stream *queue)
{
	return queue->encode.dev->data;
}

/* Under reg_lock. */
static road_status command(const struct road_stream *queue, enum road_gpu_queue_command command,
			   const char *what)
{
	struct gpu *gpu = gpu_of(queue);

	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_COMMAND, command);
	uint32_t state = gpu_read32(gpu, ROAD_GPU_REG_QUEUE_STATE); /* pushes the writes */
	road_status status = road_drv_alive(gpu->dev, what);

	if (!status && state == ROAD_GPU_QUEUE_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of queue %u", (unsigned)command,
				       queue->index);
	return status;
}

static road_status open_queue(struct road_stream *queue)
{
	struct gpu *gpu = gpu_of(queue);
	const struct gpu_space *space = queue->encode.space;
	uint32_t region = 0;
	road_status status = gpu->dev->region_unit ? gpu_queue_region(queue, &region) : ROAD_OK;

	if (status)
		return status;
	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SELECT, queue->index);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SPACE, space->index);
	gpu_write64(gpu, ROAD_GPU_REG_QUEUE_RING64, road_ring_iova(queue->ring).value);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SLOTS, queue->slots);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_PRIORITY, road_stream_rank(queue));
	gpu_write64(gpu, ROAD_GPU_REG_QUEUE_STATUS64, queue->status_iova);
	if (gpu->dev->region_unit)
		gpu_write32(gpu, ROAD_GPU_REG_QUEUE_REGION, region);
	status = command(queue, ROAD_GPU_QUEUE_OPEN, "road_queue_create");
	pthread_mutex_unlock(&gpu->reg_lock);
	return status;
}

static road_status close_queue(struct road_stream *queue)
{
	struct gpu *gpu = gpu_of(queue);

	pthread_mutex_lock(&gpu->reg_lock);
	gpu_write32(gpu, ROAD_GPU_REG_QUEUE_SELECT, queue->index);
	road_status status = command(queue, ROAD_GPU_QUEUE_CLOSE, "road_queue_release");

	if (!status)
		status = gpu_await(gpu, ROAD_GPU_REG_QUEUE_STATE, UINT32_MAX, ROAD_GPU_QUEUE_CLOSED,
				   "QUEUE_STATE");
	pthread_mutex_unlock(&gpu->reg_lock);
	return status;
}

static void doorbell(struct road_stream *queue, uint64_t tail)
{
	gpu_write64(gpu_of(queue),
		    ROAD_GPU_DOORBELL + (uint64_t)queue->index * ROAD_GPU_DOORBELL_STRIDE, tail);
}

#define STATUS(member) offsetof(struct road_gpu_queue_status, member)

const struct road_stream_port gpu_queue_port = {
	.geometry =
		{
			.packet_bytes = ROAD_GPU_PACKET_BYTES,
			.packets = 4096,
			.packets_per_command = GPU_PACKETS_PER_CALL,
			.argument_bytes = 4 * GPU_PARAMS_MAX,
			.argument_align = GPU_KERNARG_ALIGN,
			.header_bytes = 2,
			.header_empty = ROAD_GPU_PACKET_INVALID,
		},
	.encode = gpu_encode,
	.encode_fence = gpu_encode_fence,
	.doorbell = doorbell,
	.status_bytes = sizeof(struct road_gpu_queue_status),
	.word_at = STATUS(fence),
	.fault_at = STATUS(fault),
	.packet_at = STATUS(packet),
	.open = open_queue,
	.close = close_queue,
	.describe = gpu_fault_describe,
	.error = gpu_fault_error,
};

road_status gpu_queue_open(struct road_drv_queue *queue)
{
	struct gpu *gpu = queue->dev->data;

	return road_stream_open(gpu->queues, queue);
}

/* The chip has packets for both, unless its firmware does without; it takes bus addresses, and
 * closes a queue that waits. */
bool gpu_queue_native(struct road_drv_queue *queue)
{
	const struct gpu *gpu = queue->dev->data;

	return road_boot_has(&gpu->program, ROAD_GPU_VENDOR_WAIT, 1) &&
	       road_boot_has(&gpu->program, ROAD_GPU_VENDOR_WRITE, 1);
}

/* Vectors are messages: there is nothing to acknowledge. */
void gpu_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct gpu *gpu = dev->data;

	road_streams_irq(gpu->queues, vector);
}
