/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams, the chip's queues: a ring, a status block that the chip writes, a doorbell. Completion
 * and faults are taken from memory, never from registers.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

static const uint32_t priorities[] = {1, 0, 2}; /* normal, high, low: the chip's 0 is highest */

/* ---- on the chip ---- */

static road_status command(struct dsa_stream *stream, enum road_dsa_stream_command command,
			   const char *what)
{
	struct dsa *dsa = stream->dsa;

	dsa_write32(dsa, ROAD_DSA_REG_STREAM_COMMAND, command);
	uint32_t state = dsa_read32(dsa, ROAD_DSA_REG_STREAM_STATE); /* pushes the writes */
	road_status status = dsa_alive(dsa, what);

	if (!status && state == ROAD_DSA_STREAM_REFUSED && command == ROAD_DSA_STREAM_OPEN)
		status = dsa_region_refused(stream, what);
	if (!status && state == ROAD_DSA_STREAM_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of stream %u",
				       (unsigned)command, stream->index);
	return status;
}

static void sync_status(struct dsa_stream *stream, enum road_dma_direction direction)
{
	struct road_bus *bus = stream->dsa->bus;

	bus->ops->dma_sync(bus, &stream->status_memory, 0, sizeof(*stream->status), direction);
}

road_status dsa_stream_start(struct dsa_stream *stream)
{
	struct dsa *dsa = stream->dsa;

	road_ring_reset(stream->ring);
	pthread_mutex_lock(&dsa->table_lock); /* an interrupt may look at it */
	/* What the chip wrote last is fetched first: else a line that was zero here would count as
	 * unchanged, and the old words would come back with the next look. */
	sync_status(stream, ROAD_DMA_TO_HOST);
	memset(stream->status, 0, sizeof(*stream->status));
	sync_status(stream, ROAD_DMA_TO_DEVICE);
	pthread_mutex_unlock(&dsa->table_lock);
	atomic_store(&stream->rung, 0);
	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SELECT, stream->index);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_CONTEXT, stream->context->index);
	dsa_write64(dsa, ROAD_DSA_REG_STREAM_RING64, road_ring_iova(stream->ring).value);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SLOTS, stream->slots);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_PRIORITY, stream->priority);
	dsa_write64(dsa, ROAD_DSA_REG_STREAM_STATUS64, stream->status_memory.iova.value);
	dsa_region_write(stream);
	road_status status = command(stream, ROAD_DSA_STREAM_OPEN, "road_queue_create");

	pthread_mutex_unlock(&dsa->reg_lock);
	atomic_store(&stream->open, status == ROAD_OK);
	return status;
}

void dsa_stream_stop(struct dsa_stream *stream)
{
	struct dsa *dsa = stream->dsa;

	if (!atomic_exchange(&stream->open, false))
		return;
	pthread_mutex_lock(&dsa->reg_lock);
	dsa_write32(dsa, ROAD_DSA_REG_STREAM_SELECT, stream->index);
	if (command(stream, ROAD_DSA_STREAM_CLOSE, "road_queue_release") == ROAD_OK)
		(void)dsa_await(dsa, ROAD_DSA_REG_STREAM_STATE, UINT32_MAX, ROAD_DSA_STREAM_CLOSED,
				"STREAM_STATE");
	pthread_mutex_unlock(&dsa->reg_lock);
}

static void doorbell(void *user, uint64_t tail)
{
	struct dsa_stream *stream = user;

	atomic_store_explicit(&stream->rung, tail, memory_order_relaxed);
	dsa_write64(stream->dsa,
		    ROAD_DSA_DOORBELL + (uint64_t)stream->index * ROAD_DSA_DOORBELL_STRIDE, tail);
}

static const struct road_ring_ops ring_ops = {dsa_encode, dsa_encode_fence, doorbell};

/* ---- in this process ---- */

/* From here on interrupts look at the stream. */
static road_status take_index(struct dsa *dsa, struct dsa_stream *stream)
{
	uint32_t index = 0;

	pthread_mutex_lock(&dsa->table_lock);
	while (index < dsa->params.streams && dsa->streams[index])
		index++;
	if (index < dsa->params.streams) {
		stream->index = index;
		stream->encode = (struct dsa_encode){
			.dev = dsa->dev,
			.vector = dsa->vectors ? index % dsa->vectors : 0,
			.irq = dsa->vectors && stream->drv,
		};
		dsa->streams[index] = stream;
	}
	pthread_mutex_unlock(&dsa->table_lock);
	if (index == dsa->params.streams)
		return road_drv_errorf(ROAD_NO_SPACE, "road_queue_create",
				       "all %u queues of the chip are in use", index);
	return ROAD_OK;
}

/* After this no interrupt names the stream any more. */
static void give_index(struct dsa_stream *stream)
{
	pthread_mutex_lock(&stream->dsa->table_lock);
	stream->dsa->streams[stream->index] = NULL;
	pthread_mutex_unlock(&stream->dsa->table_lock);
}

road_status dsa_stream_create(struct dsa *dsa, const struct dsa_stream_config *config,
			      struct dsa_stream **out)
{
	const struct road_ring_geometry geometry = {
		.packet_bytes = ROAD_DSA_DESCRIPTOR_BYTES,
		.packets = config->slots,
		.packets_per_command = DSA_DESCRIPTORS_PER_CALL,
		.argument_bytes = config->argument_bytes,
		.argument_align = ROAD_DSA_LINE, /* the chip reads none while the next is written */
	};
	struct dsa_stream *stream = calloc(1, sizeof(*stream));
	road_status status;

	if (!stream)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_queue_create", NULL, NULL);
	stream->dsa = dsa;
	stream->drv = config->drv;
	stream->context = config->context;
	stream->priority = config->priority;
	stream->slots = config->slots;
	status =
		dsa->bus->ops->dma_alloc(dsa->bus, sizeof(*stream->status), &stream->status_memory);
	if (status)
		goto free_stream;
	stream->status = stream->status_memory.host;
	status = road_ring_create(dsa->bus, &geometry, &ring_ops, stream, config->depth,
				  &stream->status->done, &stream->ring);
	if (status)
		goto free_status;
	status = take_index(dsa, stream);
	if (status)
		goto destroy_ring;
	*out = stream;
	return ROAD_OK;
destroy_ring:
	road_ring_destroy(stream->ring);
free_status:
	dsa->bus->ops->dma_free(dsa->bus, &stream->status_memory);
free_stream:
	free(stream);
	return status;
}

void dsa_stream_destroy(struct dsa_stream *stream)
{
	dsa_stream_stop(stream);
	give_index(stream);
	road_ring_destroy(stream->ring);
	stream->dsa->bus->ops->dma_free(stream->dsa->bus, &stream->status_memory);
	free(stream);
}

/* ---- for the core ---- */

road_status dsa_queue_open(struct road_drv_queue *drv)
{
	struct dsa *dsa = drv->dev->data;
	const struct dsa_stream_config config = {
		.context = drv->space->data,
		.drv = drv,
		.priority = priorities[drv->priority < 3 ? drv->priority : 0],
		.depth = drv->depth ? drv->depth : DSA_DEPTH_MAX,
		.slots = 4096,
		.argument_bytes = 32 * ROAD_DSA_ARGUMENTS_MAX,
	};
	struct dsa_stream *stream;
	road_status status = dsa_stream_create(dsa, &config, &stream);

	if (status)
		return status;
	status = dsa_stream_start(stream);
	if (status) {
		dsa_stream_destroy(stream);
		return status;
	}
	drv->data = stream;
	return ROAD_OK;
}

void dsa_queue_close(struct road_drv_queue *drv)
{
	dsa_stream_destroy(drv->data);
	drv->data = NULL;
}

road_status dsa_queue_submit(struct road_drv_queue *drv,
			     const struct road_drv_submission *submission)
{
	struct dsa_stream *stream = drv->data;

	if (!atomic_load_explicit(&stream->open, memory_order_relaxed))
		return road_drv_error(ROAD_CANCELLED, "the device was reset", "road_queue_submit",
				      NULL, "road_queue_reset first");
	sync_status(stream, ROAD_DMA_TO_HOST);
	road_status status = road_ring_submit(stream->ring, submission);

	return status == ROAD_DEVICE_LOST ? dsa_alive(stream->dsa, "road_queue_submit") : status;
}

uint32_t dsa_stream_fault(struct dsa_stream *stream)
{
	sync_status(stream, ROAD_DMA_TO_HOST);
	return road_load32(&stream->status->fault);
}

/* The record holds the low half of the descriptor's number, counted since the stream was opened. */
static uint64_t faulting_slot(const struct dsa_stream *stream)
{
	uint64_t rung = atomic_load_explicit(&stream->rung, memory_order_relaxed);

	return rung - (uint32_t)((uint32_t)rung - stream->status->slot);
}

/* The fault first: a stream that has one has stopped, and its completion word with it. */
void dsa_queue_advance(struct road_drv_queue *drv, struct road_drv_progress *out)
{
	struct dsa_stream *stream = drv->data;
	uint32_t fault = dsa_stream_fault(stream);

	out->completed = road_ring_completed(stream->ring);
	out->failed_from = UINT64_MAX;
	if (!fault)
		return;
	out->failed_from = road_ring_sequence_of(stream->ring, faulting_slot(stream));
	out->status = dsa_fault_describe(stream->context, stream->status, &out->fault);
	out->fault.point = out->failed_from;
	out->fault.device_ns = dsa_now(stream->dsa);
}

road_status dsa_queue_reset(struct road_drv_queue *drv)
{
	struct dsa_stream *stream = drv->data;

	dsa_stream_stop(stream);
	return dsa_stream_start(stream);
}

/* Vectors are messages: there is nothing to acknowledge. They are shared; a stream that stopped on
 * a fault is told whatever vector the chip chose. */
void dsa_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct dsa *dsa = dev->data;

	if (vector >= dsa->vectors)
		return;
	pthread_mutex_lock(&dsa->table_lock);
	for (uint32_t i = 0; i < dsa->params.streams; i++) {
		struct dsa_stream *stream = dsa->streams[i];

		if (stream && stream->drv &&
		    (stream->encode.vector == vector || dsa_stream_fault(stream)))
			road_drv_queue_ready(stream->drv);
	}
	pthread_mutex_unlock(&dsa->table_lock);
}
