/* SPDX-License-Identifier: Apache-2.0 */
/* Completion and faults are taken from the status block in memory, never from registers. */
#include "hal/helpers/stream.h"

#include <stdlib.h>
#include <string.h>

enum { SERVICE_SLOTS = 64 };

static void sync_status(struct stream *stream, enum road_dma_direction direction)
{
	struct road_bus *bus = stream->streams->dev->bus;

	bus->ops->dma_sync(bus, &stream->status_memory, 0, stream->streams->port->status_bytes,
			   direction);
}

static uint32_t status32(const struct stream *stream, uint32_t at)
{
	return road_load32((const void *)((const char *)stream->base.status + at));
}

uint32_t road_stream_fault(struct stream *stream)
{
	sync_status(stream, ROAD_DMA_TO_HOST);
	return status32(stream, stream->streams->port->fault_at);
}

/* ---- on the chip ---- */

road_status road_stream_start(struct stream *stream)
{
	struct road_streams *streams = stream->streams;

	road_ring_reset(stream->base.ring);
	pthread_mutex_lock(&streams->table_lock); /* an interrupt may look at it */
	/* What the chip wrote last is fetched first: else a line that was zero here would count as
	 * unchanged, and the old words would come back with the next look. */
	sync_status(stream, ROAD_DMA_TO_HOST);
	memset(stream->status_memory.host, 0, streams->port->status_bytes);
	sync_status(stream, ROAD_DMA_TO_DEVICE);
	pthread_mutex_unlock(&streams->table_lock);
	atomic_store(&stream->rung, 0);
	pthread_mutex_lock(&streams->chip_lock);
	road_status status = streams->halted
				     ? road_drv_error(ROAD_CANCELLED, "the device is being reset",
						      "work of the driver's own", NULL,
						      "again, after road_device_reset")
				     : streams->port->open(&stream->base);

	atomic_store(&stream->why, status);
	atomic_store(&stream->open, status == ROAD_OK);
	pthread_mutex_unlock(&streams->chip_lock);
	return status;
}

road_status road_stream_stop(struct stream *stream)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&stream->streams->chip_lock);
	if (atomic_load(&stream->open)) {
		atomic_store(&stream->why, ROAD_CANCELLED);
		status = stream->streams->port->close(&stream->base);
		atomic_store(&stream->open, status == ROAD_TIMEOUT);
	}
	pthread_mutex_unlock(&stream->streams->chip_lock);
	return status == ROAD_TIMEOUT ? status : ROAD_OK; /* gone, or closed before */
}

void road_stream_ring(void *user, uint64_t tail)
{
	struct stream *stream = user;

	atomic_store_explicit(&stream->rung, tail, memory_order_relaxed);
	stream->streams->port->doorbell(&stream->base, tail);
}

uint32_t road_stream_rank(const struct road_stream *stream)
{
	static const uint32_t ranks[] = {1, 0, 2}; /* normal, high, low */

	if (!stream->queue)
		return 0;
	return stream->queue->priority < 3 ? ranks[stream->queue->priority] : 1;
}

/* ---- in this process ---- */

/* From here on interrupts look at the stream. */
static road_status take_number(struct stream *stream)
{
	struct road_streams *streams = stream->streams;
	uint32_t index = 0;

	pthread_mutex_lock(&streams->table_lock);
	while (index < streams->count && streams->table[index])
		index++;
	if (index < streams->count) {
		stream->base.index = index;
		stream->base.encode.vector = streams->vectors ? index % streams->vectors : 0;
		streams->table[index] = stream;
		if (index >= streams->end)
			streams->end = index + 1;
	}
	pthread_mutex_unlock(&streams->table_lock);
	if (index == streams->count)
		return road_drv_errorf(ROAD_NO_SPACE, "road_queue_create",
				       "all %u queues of the chip are in use", index);
	return ROAD_OK;
}

/* After this no interrupt names the stream any more. */
static void give_number(struct stream *stream)
{
	pthread_mutex_lock(&stream->streams->table_lock);
	stream->streams->table[stream->base.index] = NULL;
	pthread_mutex_unlock(&stream->streams->table_lock);
}

static road_status make_ring(struct stream *stream)
{
	const struct road_stream_port *port = stream->streams->port;
	const struct road_drv_queue *queue = stream->base.queue;
	struct road_ring_geometry geometry = port->geometry;

	if (!queue) {
		geometry.packets = SERVICE_SLOTS;
		geometry.argument_bytes = 0;
	}
	stream->base.slots = geometry.packets;
	return road_ring_create(
		stream->streams->dev->bus, &geometry, &stream->streams->ring_ops, stream,
		queue ? queue->depth : 1,
		(const uint64_t *)(const void *)((const char *)stream->base.status + port->word_at),
		&stream->base.ring);
}

static void set_encode(struct stream *stream)
{
	struct road_streams *streams = stream->streams;
	struct road_drv_queue *queue = stream->base.queue;

	stream->base.encode = (struct road_stream_encode){
		.dev = streams->dev,
		.space = queue ? queue->space->data : NULL,
		.word = stream->base.status_iova + streams->port->word_at,
		.irq = streams->vectors && queue,
		.state = stream->state,
	};
}

road_status road_stream_create(struct road_streams *streams, struct road_drv_queue *queue,
			       struct stream **out)
{
	struct road_bus *bus = streams->dev->bus;
	struct stream *stream = calloc(1, sizeof(*stream) + streams->port->state_bytes);
	road_status status;

	if (!stream)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a queue",
				      "road_queue_create", NULL, NULL);
	stream->streams = streams;
	stream->base.queue = queue;
	status = bus->ops->dma_alloc(bus, streams->port->status_bytes, &stream->status_memory);
	if (status)
		goto free_stream;
	stream->base.status = stream->status_memory.host;
	stream->base.status_iova = stream->status_memory.iova.value;
	set_encode(stream);
	status = make_ring(stream);
	if (status)
		goto free_status;
	status = take_number(stream);
	if (status)
		goto destroy_ring;
	*out = stream;
	return ROAD_OK;
destroy_ring:
	road_ring_destroy(stream->base.ring);
free_status:
	bus->ops->dma_free(bus, &stream->status_memory);
free_stream:
	free(stream);
	return status;
}

void road_stream_destroy(struct stream *stream)
{
	if (road_stream_stop(stream) == ROAD_OK) {
		road_stream_release(stream);
		return;
	}
	pthread_mutex_lock(&stream->streams->table_lock);
	stream->base.queue = NULL; /* no interrupt names it */
	stream->abandoned = true;
	pthread_mutex_unlock(&stream->streams->table_lock);
}

void road_stream_release(struct stream *stream)
{
	struct road_bus *bus = stream->streams->dev->bus;

	give_number(stream);
	road_ring_destroy(stream->base.ring);
	bus->ops->dma_free(bus, &stream->status_memory);
	free(stream);
}

/* ---- for the core ---- */

road_status road_stream_open(struct road_streams *streams, struct road_drv_queue *queue)
{
	struct stream *stream;
	road_status status = road_stream_create(streams, queue, &stream);

	if (status)
		return status;
	status = road_stream_start(stream);
	if (status) {
		road_stream_destroy(stream);
		return status;
	}
	queue->data = stream;
	return ROAD_OK;
}

struct road_stream *road_stream_of(const struct road_drv_queue *queue)
{
	struct stream *stream = queue->data;

	return &stream->base;
}

void road_stream_close(struct road_drv_queue *queue)
{
	road_stream_destroy(queue->data);
	queue->data = NULL;
}

road_status road_stream_submit(struct road_drv_queue *queue,
			       const struct road_drv_submission *submission)
{
	struct stream *stream = queue->data;
	road_status why = (road_status)atomic_load_explicit(&stream->why, memory_order_relaxed);

	if (why)
		return road_drv_error(why,
				      why == ROAD_CANCELLED ? "the device was reset"
							    : "the queue could not be opened again",
				      "road_queue_submit", NULL, "road_queue_reset first");
	sync_status(stream, ROAD_DMA_TO_HOST);
	road_status status = road_ring_submit(stream->base.ring, submission);

	return status == ROAD_DEVICE_LOST ? road_drv_alive(queue->dev, "road_queue_submit")
					  : status;
}

/* The block holds the low half of the packet's number, counted since the stream was opened. */
static uint64_t faulting_packet(const struct stream *stream)
{
	uint64_t rung = atomic_load_explicit(&stream->rung, memory_order_relaxed);

	return rung -
	       (uint32_t)((uint32_t)rung - status32(stream, stream->streams->port->packet_at));
}

/* The fault first: a stream that has one has stopped, and its completion word with it. */
void road_stream_advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct stream *stream = queue->data;
	uint32_t fault = road_stream_fault(stream);
	struct road_bus *bus = queue->dev->bus;

	out->completed = road_ring_completed(stream->base.ring);
	out->failed_from = UINT64_MAX;
	if (!fault)
		return;
	out->failed_from = road_ring_sequence_of(stream->base.ring, faulting_packet(stream));
	out->fault = (struct road_fault){.size = sizeof(out->fault)};
	out->status = stream->streams->port->describe(&stream->base, &out->fault);
	out->fault.point = out->failed_from;
	out->fault.device_ns = bus->ops->now_ns(bus);
}

road_status road_stream_reset(struct road_drv_queue *queue)
{
	struct stream *stream = queue->data;
	road_status status = road_stream_stop(stream);

	return status ? status : road_stream_start(stream);
}

/* Vectors are shared; a stream that stopped on a fault is told whatever vector the chip chose. */
void road_streams_irq(struct road_streams *streams, uint32_t vector)
{
	if (vector >= streams->vectors)
		return;
	pthread_mutex_lock(&streams->table_lock);
	for (uint32_t i = 0; i < streams->end; i++) {
		struct stream *stream = streams->table[i];

		if (stream && stream->base.queue &&
		    (stream->base.encode.vector == vector || road_stream_fault(stream)))
			road_drv_queue_ready(stream->base.queue);
	}
	pthread_mutex_unlock(&streams->table_lock);
}
