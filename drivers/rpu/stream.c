/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, the chip's queues: opened and closed by registers. All else is the helper's
 * (<roadbed-driver/stream.h>). */
#include "drivers/rpu/rpu.h"

static struct rpu *rpu_of(const struct road_stream *stream)
{
	return stream->encode.dev->data;
}

/* Under reg_lock. */
static road_status command(const struct road_stream *stream, enum road_rpu_stream_command command,
			   const char *what)
{
	struct rpu *rpu = rpu_of(stream);

	rpu_write32(rpu, ROAD_RPU_REG_STREAM_COMMAND, command);
	uint32_t state = rpu_read32(rpu, ROAD_RPU_REG_STREAM_STATE); /* pushes the writes */
	road_status status = road_drv_alive(rpu->dev, what);

	if (!status && state == ROAD_RPU_STREAM_REFUSED && command == ROAD_RPU_STREAM_OPEN)
		status = rpu_region_refused(stream, what);
	if (!status && state == ROAD_RPU_STREAM_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of stream %u",
				       (unsigned)command, stream->index);
	return status;
}

/* Under reg_lock. The driver's own stream has no tiles. */
static void write_region(const struct road_stream *stream)
{
	struct rpu *rpu = rpu_of(stream);
	const struct road_drv_queue *drv = stream->queue;

	rpu_write32(rpu, ROAD_RPU_REG_STREAM_REGION, drv ? drv->region : ROAD_RPU_NO_REGION);
	/* The root is the one that there is; of others the core knows which it means. */
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_GENERATION64,
		    drv && drv->region ? drv->region_generation : 0);
}

static road_status open_stream(struct road_stream *stream)
{
	struct rpu *rpu = rpu_of(stream);
	const struct rpu_context *context = stream->encode.space;

	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SELECT, stream->index);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_CONTEXT, context->index);
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_RING64, road_ring_iova(stream->ring).value);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SLOTS, stream->slots);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_PRIORITY, road_stream_rank(stream));
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_STATUS64, stream->status_iova);
	write_region(stream);
	road_status status = command(stream, ROAD_RPU_STREAM_OPEN, "road_queue_create");

	pthread_mutex_unlock(&rpu->reg_lock);
	return status;
}

static road_status close_stream(struct road_stream *stream)
{
	struct rpu *rpu = rpu_of(stream);

	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SELECT, stream->index);
	road_status status = command(stream, ROAD_RPU_STREAM_CLOSE, "road_queue_release");

	if (!status)
		status = rpu_await(rpu, ROAD_RPU_REG_STREAM_STATE, UINT32_MAX,
				   ROAD_RPU_STREAM_CLOSED, "STREAM_STATE");
	pthread_mutex_unlock(&rpu->reg_lock);
	return status;
}

static void doorbell(struct road_stream *stream, uint64_t tail)
{
	rpu_write64(rpu_of(stream),
		    ROAD_RPU_DOORBELL + (uint64_t)stream->index * ROAD_RPU_DOORBELL_STRIDE, tail);
}

#define STATUS(member) offsetof(struct road_rpu_stream_status, member)

const struct road_stream_port rpu_stream_port = {
	.geometry =
		{
			.packet_bytes = ROAD_RPU_ENTRY_BYTES,
			.packets = 4096,
			.packets_per_command = RPU_ENTRIES_PER_CALL,
			.argument_bytes = 32 * ROAD_RPU_ARGUMENT_BYTES_MAX,
			/* The chip reads no line while the next is written. */
			.argument_align = ROAD_RPU_LINE,
		},
	.encode = rpu_encode,
	.encode_fence = rpu_encode_fence,
	.doorbell = doorbell,
	.state_bytes = sizeof(struct rpu_plan),
	.status_bytes = sizeof(struct road_rpu_stream_status),
	.word_at = STATUS(done),
	.fault_at = STATUS(fault),
	.packet_at = STATUS(slot),
	.open = open_stream,
	.close = close_stream,
	.describe = rpu_fault_describe,
	.error = rpu_fault_error,
};

road_status rpu_queue_open(struct road_drv_queue *queue)
{
	struct rpu *rpu = queue->dev->data;

	return road_stream_open(rpu->streams, queue);
}

road_status rpu_queue_submit(struct road_drv_queue *queue,
			     const struct road_drv_submission *submission)
{
	rpu_plan_begin(road_stream_of(queue)->encode.state, submission);
	return road_stream_submit(queue, submission);
}

/* Vectors are messages: there is nothing to acknowledge. */
void rpu_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct rpu *rpu = dev->data;

	road_streams_irq(rpu->streams, vector);
}
