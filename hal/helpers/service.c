/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The streams of a device, and the driver's own among them, which serves all spaces in turn: it is
 * given to the chip anew where the space changes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hal/helpers/stream.h"

#define STAGE_BYTES (UINT64_C(256) << 10)

/* ---- life ---- */

road_status road_streams_create(struct road_drv_device *dev, const struct road_stream_port *port,
				uint32_t count, uint32_t vectors, struct road_streams **out)
{
	struct road_streams *streams = calloc(1, sizeof(*streams));
	struct stream **table = calloc(count, sizeof(struct stream *));
	road_status status = ROAD_OUT_OF_HOST_MEMORY;

	if (!streams || !table) {
		road_drv_error(status, "no memory for a device", "road_device_open", NULL, NULL);
		goto free_streams;
	}
	*streams = (struct road_streams){
		.dev = dev,
		.port = port,
		.ring_ops = {.encode = port->encode,
			     .encode_fence = port->encode_fence,
			     .doorbell = road_stream_ring},
		.count = count,
		.vectors = vectors,
		.table = table,
	};
	pthread_mutex_init(&streams->table_lock, NULL);
	pthread_mutex_init(&streams->chip_lock, NULL);
	pthread_mutex_init(&streams->service_lock, NULL);
	status = dev->bus->ops->dma_alloc(dev->bus, STAGE_BYTES, &streams->stage);
	if (status)
		goto destroy_locks;
	status = road_stream_create(streams, NULL, &streams->service);
	if (status)
		goto free_stage;
	*out = streams;
	return ROAD_OK;
free_stage:
	dev->bus->ops->dma_free(dev->bus, &streams->stage);
destroy_locks:
	pthread_mutex_destroy(&streams->service_lock);
	pthread_mutex_destroy(&streams->chip_lock);
	pthread_mutex_destroy(&streams->table_lock);
free_streams:
	free(table);
	free(streams);
	return status;
}

void road_streams_destroy(struct road_streams *streams)
{
	if (!streams)
		return;
	road_stream_destroy(streams->service);
	for (uint32_t i = 0; i < streams->end; i++)
		if (streams->table[i]) /* abandoned; the device goes now */
			road_stream_release(streams->table[i]);
	streams->dev->bus->ops->dma_free(streams->dev->bus, &streams->stage);
	pthread_mutex_destroy(&streams->service_lock);
	pthread_mutex_destroy(&streams->chip_lock);
	pthread_mutex_destroy(&streams->table_lock);
	free(streams->table);
	free(streams);
}

static void closed_by_reset(struct road_streams *streams, uint32_t index)
{
	pthread_mutex_lock(&streams->table_lock);
	struct stream *stream = streams->table[index];
	bool abandoned = stream && stream->abandoned;

	if (stream)
		atomic_store(&stream->open, false);
	pthread_mutex_unlock(&streams->table_lock);
	if (abandoned)
		road_stream_release(stream);
}

/* Under service_lock and chip_lock. */
static void halt(struct road_streams *streams)
{
	pthread_mutex_lock(&streams->table_lock);
	for (uint32_t i = 0; i < streams->end; i++)
		if (streams->table[i])
			atomic_store(&streams->table[i]->why, ROAD_CANCELLED);
	pthread_mutex_unlock(&streams->table_lock);
	streams->halted = true;
}

void road_streams_halt(struct road_streams *streams)
{
	pthread_mutex_lock(&streams->service_lock);
	pthread_mutex_lock(&streams->chip_lock);
	halt(streams);
	pthread_mutex_unlock(&streams->chip_lock);
	pthread_mutex_unlock(&streams->service_lock);
}

road_status road_streams_reset(struct road_streams *streams,
			       road_status (*reset)(struct road_drv_device *dev))
{
	pthread_mutex_lock(&streams->service_lock);
	pthread_mutex_lock(&streams->chip_lock);
	const bool halted = streams->halted;

	halt(streams);
	road_status status = reset(streams->dev);

	for (uint32_t i = 0; !status && i < streams->count; i++)
		closed_by_reset(streams, i);
	streams->halted = status && halted;
	pthread_mutex_unlock(&streams->chip_lock);
	pthread_mutex_unlock(&streams->service_lock);
	return status;
}

/* ---- jobs ---- */

static road_status bind(struct road_streams *streams, void *space)
{
	struct stream *stream = streams->service;

	if (stream->base.encode.space == space && atomic_load(&stream->open) &&
	    !atomic_load(&stream->why))
		return ROAD_OK;
	road_status status = road_stream_stop(stream);

	if (status)
		return road_drv_error(status, "the driver's own queue does not come to rest",
				      "road_queue_release", NULL, "reset the device");
	stream->base.encode.space = space;
	streams->service_sequence = 0;
	return road_stream_start(stream);
}

void road_streams_leave(struct road_streams *streams, const void *space)
{
	pthread_mutex_lock(&streams->service_lock);
	if (streams->service->base.encode.space == space) {
		(void)road_stream_stop(streams->service);
		streams->service->base.encode.space = NULL;
	}
	pthread_mutex_unlock(&streams->service_lock);
}

/* NOT_READY: neither done nor failed. */
static road_status look(struct road_streams *streams, bool late, const char *where)
{
	struct stream *stream = streams->service;
	uint32_t fault = road_stream_fault(stream);
	uint64_t done = road_ring_completed(stream->base.ring);

	if (fault)
		return streams->port->error(&stream->base, where);
	if (done >= streams->service_sequence)
		return ROAD_OK;
	if (road_drv_alive(streams->dev, where))
		return ROAD_DEVICE_LOST;
	if (late)
		return road_drv_errorf(ROAD_TIMEOUT, where,
				       "completion word stays %" PRIu64 ", awaited %" PRIu64, done,
				       streams->service_sequence);
	return ROAD_NOT_READY;
}

/* What ended badly leaves the stream closed, so that nothing goes on behind. */
static road_status await(struct road_streams *streams, uint64_t bytes, const char *where)
{
	struct road_bus *bus = streams->dev->bus;
	uint64_t deadline =
		bus->ops->now_ns(bus) + ROAD_STREAMS_WAIT_NS + bytes; /* 1 GB/s at least */

	for (;;) {
		/* The time before the word: so the last look is late enough. */
		bool late = bus->ops->now_ns(bus) >= deadline;
		road_status status = look(streams, late, where);

		if (status == ROAD_OK)
			return status;
		if (status != ROAD_NOT_READY) {
			(void)road_stream_stop(streams->service);
			return status;
		}
		bus->ops->relax(bus, deadline);
	}
}

/* Under service_lock. */
static road_status run(struct road_streams *streams, void *space, const struct road_cmd *command,
		       uint64_t bytes, const char *where)
{
	struct road_drv_submission job = {.commands = command, .count = 1};
	road_status status = bind(streams, space);

	if (status)
		return status;
	job.sequence = streams->service_sequence + 1;
	status = road_ring_submit(streams->service->base.ring, &job);
	if (status)
		return status;
	streams->service_sequence++;
	return await(streams, bytes, where);
}

road_status road_streams_run(struct road_streams *streams, void *space,
			     const struct road_cmd *command, uint64_t bytes, const char *where)
{
	pthread_mutex_lock(&streams->service_lock);
	road_status status = run(streams, space, command, bytes, where);

	pthread_mutex_unlock(&streams->service_lock);
	return status;
}

road_status road_streams_zero(struct road_streams *streams, void *space, uint64_t address,
			      uint64_t bytes)
{
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = {.address = address}, .bytes = bytes, .pattern_bytes = 1},
	};

	return road_streams_run(streams, space, &fill, bytes, "clearing of memory");
}

/* Under service_lock: at most STAGE_BYTES. */
static road_status upload_part(struct road_streams *streams, void *space, uint64_t address,
			       const void *from, uint64_t bytes)
{
	struct road_bus *bus = streams->dev->bus;
	const struct road_cmd copy = {
		.kind = ROAD_COMMAND_COPY,
		.copy = {.dst = {.address = address},
			 .src = {.address = streams->stage.iova.value, .bus = true},
			 .bytes = bytes,
			 .rows = 1,
			 .slices = 1},
	};

	memcpy(streams->stage.host, from, bytes);
	bus->ops->dma_sync(bus, &streams->stage, 0, bytes, ROAD_DMA_TO_DEVICE);
	return run(streams, space, &copy, bytes, "upload of an image");
}

road_status road_streams_upload(struct road_streams *streams, void *space, uint64_t address,
				const void *from, uint64_t bytes)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&streams->service_lock);
	for (uint64_t done = 0; done < bytes && !status; done += STAGE_BYTES) {
		uint64_t part = bytes - done < STAGE_BYTES ? bytes - done : STAGE_BYTES;

		status = upload_part(streams, space, address + done, (const char *)from + done,
				     part);
	}
	pthread_mutex_unlock(&streams->service_lock);
	return status;
}
