/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams, the chip's queues: a ring, a status block that the chip writes, a doorbell. Completion
 * and faults are taken from memory, never from registers.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

static const uint32_t priorities[] = {1, 0, 2}; /* normal, high, low: the chip's 0 is highest */

/* ---- on the chip ---- */

static road_status command(struct rpu_stream *stream, enum road_rpu_stream_command command,
			   const char *what)
{
	struct rpu *rpu = stream->rpu;

	rpu_write32(rpu, ROAD_RPU_REG_STREAM_COMMAND, command);
	uint32_t state = rpu_read32(rpu, ROAD_RPU_REG_STREAM_STATE); /* pushes the writes */
	road_status status = rpu_alive(rpu, what);

	if (!status && state == ROAD_RPU_STREAM_REFUSED)
		return road_drv_errorf(ROAD_INTERNAL, what,
				       "the chip refused command %u of stream %u",
				       (unsigned)command, stream->index);
	return status;
}

static void sync_status(struct rpu_stream *stream, enum road_dma_direction direction)
{
	struct road_bus *bus = stream->rpu->bus;

	bus->ops->dma_sync(bus, &stream->status_memory, 0, sizeof(*stream->status), direction);
}

/* Under reg_lock. The driver's own stream has no tiles. */
static void write_region(const struct rpu_stream *stream)
{
	struct rpu *rpu = stream->rpu;
	const struct road_drv_queue *drv = stream->drv;

	rpu_write32(rpu, ROAD_RPU_REG_STREAM_REGION, drv ? drv->region : ROAD_RPU_NO_REGION);
	/* The root is the one that there is; of others the core knows which it means. */
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_GENERATION64,
		    drv && drv->region ? drv->region_generation : 0);
}

road_status rpu_stream_start(struct rpu_stream *stream)
{
	struct rpu *rpu = stream->rpu;

	road_ring_reset(stream->ring);
	pthread_mutex_lock(&rpu->table_lock); /* an interrupt may look at it */
	/* What the chip wrote last is fetched first: else a line that was zero here would count as
	 * unchanged, and the old words would come back with the next look. */
	sync_status(stream, ROAD_DMA_TO_HOST);
	memset(stream->status, 0, sizeof(*stream->status));
	sync_status(stream, ROAD_DMA_TO_DEVICE);
	pthread_mutex_unlock(&rpu->table_lock);
	atomic_store(&stream->rung, 0);
	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SELECT, stream->index);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_CONTEXT, stream->context->index);
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_RING64, road_ring_iova(stream->ring).value);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SLOTS, stream->slots);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_PRIORITY, stream->priority);
	rpu_write64(rpu, ROAD_RPU_REG_STREAM_STATUS64, stream->status_memory.iova.value);
	write_region(stream);
	road_status status = command(stream, ROAD_RPU_STREAM_OPEN, "road_queue_create");

	pthread_mutex_unlock(&rpu->reg_lock);
	atomic_store(&stream->open, status == ROAD_OK);
	return status;
}

void rpu_stream_stop(struct rpu_stream *stream)
{
	struct rpu *rpu = stream->rpu;

	if (!atomic_exchange(&stream->open, false))
		return;
	pthread_mutex_lock(&rpu->reg_lock);
	rpu_write32(rpu, ROAD_RPU_REG_STREAM_SELECT, stream->index);
	if (command(stream, ROAD_RPU_STREAM_CLOSE, "road_queue_release") == ROAD_OK)
		(void)rpu_await(rpu, ROAD_RPU_REG_STREAM_STATE, UINT32_MAX, ROAD_RPU_STREAM_CLOSED,
				"STREAM_STATE");
	pthread_mutex_unlock(&rpu->reg_lock);
}

static void doorbell(void *user, uint64_t tail)
{
	struct rpu_stream *stream = user;

	atomic_store_explicit(&stream->rung, tail, memory_order_relaxed);
	rpu_write64(stream->rpu,
		    ROAD_RPU_DOORBELL + (uint64_t)stream->index * ROAD_RPU_DOORBELL_STRIDE, tail);
}

static const struct road_ring_ops ring_ops = {rpu_encode, rpu_encode_fence, doorbell};

/* ---- in this process ---- */

/* From here on interrupts look at the stream. */
static road_status take_index(struct rpu *rpu, struct rpu_stream *stream)
{
	uint32_t index = 0;

	pthread_mutex_lock(&rpu->table_lock);
	while (index < rpu->params.streams && rpu->streams[index])
		index++;
	if (index < rpu->params.streams) {
		stream->index = index;
		stream->encode = (struct rpu_encode){
			.dev = rpu->dev,
			.vector = rpu->vectors ? index % rpu->vectors : 0,
			.irq = rpu->vectors && stream->drv,
		};
		rpu->streams[index] = stream;
	}
	pthread_mutex_unlock(&rpu->table_lock);
	if (index == rpu->params.streams)
		return road_drv_errorf(ROAD_NO_SPACE, "road_queue_create",
				       "all %u queues of the chip are in use", index);
	return ROAD_OK;
}

/* After this no interrupt names the stream any more. */
static void give_index(struct rpu_stream *stream)
{
	pthread_mutex_lock(&stream->rpu->table_lock);
	stream->rpu->streams[stream->index] = NULL;
	pthread_mutex_unlock(&stream->rpu->table_lock);
}

road_status rpu_stream_create(struct rpu *rpu, const struct rpu_stream_config *config,
			      struct rpu_stream **out)
{
	const struct road_ring_geometry geometry = {
		.packet_bytes = ROAD_RPU_ENTRY_BYTES,
		.packets = config->slots,
		.packets_per_command = RPU_ENTRIES_PER_CALL,
		.argument_bytes = config->argument_bytes,
		.argument_align = ROAD_RPU_LINE, /* the chip reads none while the next is written */
	};
	struct rpu_stream *stream = calloc(1, sizeof(*stream));
	road_status status;

	if (!stream)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_queue_create", NULL, NULL);
	stream->rpu = rpu;
	stream->drv = config->drv;
	stream->context = config->context;
	stream->priority = config->priority;
	stream->slots = config->slots;
	status =
		rpu->bus->ops->dma_alloc(rpu->bus, sizeof(*stream->status), &stream->status_memory);
	if (status)
		goto free_stream;
	stream->status = stream->status_memory.host;
	status = road_ring_create(rpu->bus, &geometry, &ring_ops, stream, config->depth,
				  &stream->status->done, &stream->ring);
	if (status)
		goto free_status;
	status = take_index(rpu, stream);
	if (status)
		goto destroy_ring;
	*out = stream;
	return ROAD_OK;
destroy_ring:
	road_ring_destroy(stream->ring);
free_status:
	rpu->bus->ops->dma_free(rpu->bus, &stream->status_memory);
free_stream:
	free(stream);
	return status;
}

void rpu_stream_destroy(struct rpu_stream *stream)
{
	rpu_stream_stop(stream);
	give_index(stream);
	road_ring_destroy(stream->ring);
	stream->rpu->bus->ops->dma_free(stream->rpu->bus, &stream->status_memory);
	free(stream);
}

/* ---- for the core ---- */

road_status rpu_queue_open(struct road_drv_queue *drv)
{
	struct rpu *rpu = drv->dev->data;
	const struct rpu_stream_config config = {
		.context = drv->space->data,
		.drv = drv,
		.priority = priorities[drv->priority < 3 ? drv->priority : 0],
		.depth = drv->depth ? drv->depth : RPU_DEPTH_MAX,
		.slots = 4096,
		.argument_bytes = 32 * ROAD_RPU_ARGUMENT_BYTES_MAX,
	};
	struct rpu_stream *stream;
	road_status status = rpu_stream_create(rpu, &config, &stream);

	if (status)
		return status;
	status = rpu_stream_start(stream);
	if (status) {
		rpu_stream_destroy(stream);
		return status;
	}
	drv->data = stream;
	return ROAD_OK;
}

void rpu_queue_close(struct road_drv_queue *drv)
{
	rpu_stream_destroy(drv->data);
	drv->data = NULL;
}

road_status rpu_queue_submit(struct road_drv_queue *drv,
			     const struct road_drv_submission *submission)
{
	struct rpu_stream *stream = drv->data;

	if (!atomic_load_explicit(&stream->open, memory_order_relaxed))
		return road_drv_error(ROAD_CANCELLED, "the device was reset", "road_queue_submit",
				      NULL, "road_queue_reset first");
	sync_status(stream, ROAD_DMA_TO_HOST);
	rpu_plan_begin(&stream->encode.plan, submission);
	road_status status = road_ring_submit(stream->ring, submission);

	return status == ROAD_DEVICE_LOST ? rpu_alive(stream->rpu, "road_queue_submit") : status;
}

uint32_t rpu_stream_fault(struct rpu_stream *stream)
{
	sync_status(stream, ROAD_DMA_TO_HOST);
	return road_load32(&stream->status->fault);
}

/* The record holds the low half of the entry's number, counted since the stream was opened. */
static uint64_t faulting_slot(const struct rpu_stream *stream)
{
	uint64_t rung = atomic_load_explicit(&stream->rung, memory_order_relaxed);

	return rung - (uint32_t)((uint32_t)rung - stream->status->slot);
}

/* The fault first: a stream that has one has stopped, and its completion word with it. */
void rpu_queue_advance(struct road_drv_queue *drv, struct road_drv_progress *out)
{
	struct rpu_stream *stream = drv->data;
	uint32_t fault = rpu_stream_fault(stream);

	out->completed = road_ring_completed(stream->ring);
	out->failed_from = UINT64_MAX;
	if (!fault)
		return;
	out->failed_from = road_ring_sequence_of(stream->ring, faulting_slot(stream));
	out->status = rpu_fault_describe(stream->rpu, stream->status, &out->fault);
	out->fault.point = out->failed_from;
	out->fault.device_ns = rpu_now(stream->rpu);
}

road_status rpu_queue_reset(struct road_drv_queue *drv)
{
	struct rpu_stream *stream = drv->data;

	rpu_stream_stop(stream);
	return rpu_stream_start(stream);
}

/* Vectors are messages: there is nothing to acknowledge. They are shared; a stream that stopped on
 * a fault is told whatever vector the chip chose. */
void rpu_irq(struct road_drv_device *dev, uint32_t vector)
{
	struct rpu *rpu = dev->data;

	if (vector >= rpu->vectors)
		return;
	pthread_mutex_lock(&rpu->table_lock);
	for (uint32_t i = 0; i < rpu->params.streams; i++) {
		struct rpu_stream *stream = rpu->streams[i];

		if (stream && stream->drv &&
		    (stream->encode.vector == vector || rpu_stream_fault(stream)))
			road_drv_queue_ready(stream->drv);
	}
	pthread_mutex_unlock(&rpu->table_lock);
}
