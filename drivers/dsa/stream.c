/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, the chip's queues: opened and closed by registers. All else is the helper's
 * (<roadbed-driver/stream.h>). */
#include "drivers/dsa/dsa.h"

static struct dsa *dsa_of(const struct road_stream *stream)
{
	return stream->encode.dev->data;
}

/* Under reg_lock. */
static road_status command(const struct road_stream *stream, enum road_dsa_stream_command command,
			   const char *what)
{
	struct dsa *dsa = dsa_of(stream);

	dsa_write32(dsa, ROAD_DSA_REG_STREAM_COMMAND, command);
	uint32_t state = dsa_read32(dsa, ROAD_DSA_REG_STREAM_STATE); /* pushes the writes */
	road_status status = road_drv_alive(dsa->dev, what);

	if (!status && state == ROAD_DSA_STREAM_REFUSED && command == ROAD_DSA_STREAM_OPEN)
		status = dsa_region_refused(stream, what);
	if (!status && state == ROAD_DSA_STREAM_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of stream %u",
				       (unsigned)command, stream->index);
	return status;
}

static road_status open_stream(struct road_stream *stream)
{
	struct dsa *dsa = dsa_of(stream);
	const struct dsa_context *context = stream->encode.space;

	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SELECT, stream->index);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_CONTEXT, context->index);
	dsa_write64(dsa, ROAD_DSA_REG_STREAM_RING64, road_ring_iova(stream->ring).value);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SLOTS, stream->slots);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_PRIORITY, road_stream_rank(stream));
	dsa_write64(dsa, ROAD_DSA_REG_STREAM_STATUS64, stream->status_iova);
	dsa_region_write(stream);
	road_status status = command(stream, ROAD_DSA_STREAM_OPEN, "road_queue_create");

	pthread_mutex_unlock(&dsa->reg_lock);
	return status;
}

static road_status close_stream(struct road_stream *stream)
{
	struct dsa *dsa = dsa_of(stream);

	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SELECT, stream->index);
	road_status status = command(stream, ROAD_DSA_STREAM_CLOSE, "road_queue_release");

	if (!status)
		status = dsa_await(dsa, ROAD_DSA_REG_STREAM_STATE, UINT32_MAX,
				   ROAD_DSA_STREAM_CLOSED, "STREAM_STATE");
	pthread_mutex_unlock(&dsa->reg_lock);
	return status;
}

static void doorbell(struct road_stream *stream, uint64_t tail)
{
	dsa_write64(dsa_of(stream),
		    ROAD_DSA_DOORBELL + (uint64_t)stream->index * ROAD_DSA_DOORBELL_STRIDE, tail);
}

#define STATUS(member) offsetof(struct road_dsa_stream_status, member)

const struct road_stream_port dsa_stream_port = {
	.geometry =
		{
			.packet_bytes = ROAD_DSA_DESCRIPTOR_BYTES,
			.packets = 4096,
			.packets_per_command = DSA_DESCRIPTORS_PER_CALL,
			.argument_bytes = 32 * ROAD_DSA_ARGUMENTS_MAX,
			/* The chip reads no line while the next is written. */
			.argument_align = ROAD_DSA_LINE,
		},
	.encode = dsa_encode,
	.encode_fence = dsa_encode_fence,
	.doorbell = doorbell,
	.status_bytes = sizeof(struct road_dsa_stream_status),
	.word_at = STATUS(done),
	.fault_at = STATUS(fault),
	.packet_at = STATUS(slot),
	.open = open_stream,
	.close = close_stream,
	.describe = dsa_fault_describe,
	.error = dsa_fault_error,
};

road_status dsa_queue_open(struct road_drv_queue *queue)
{
	struct dsa *dsa = queue->dev->data;

	return road_stream_open(dsa->streams, queue);
}

/* Vectors are messages: there is nothing to acknowledge. */
void dsa_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct dsa *dsa = dev->data;

	road_streams_irq(dsa->streams, vector);
}
