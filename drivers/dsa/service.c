/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that the driver itself waits for: clearing memory, uploads, loading of code. One stream
 * serves all contexts in turn: it is given to the chip anew where the context changes. Deadlines
 * are on the bus's clock.
 */
#include <inttypes.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

enum { SERVICE_SLOTS = 64 };

road_status dsa_service_start(struct dsa *dsa)
{
	const struct dsa_stream_config config = {.depth = 1, .slots = SERVICE_SLOTS};
	road_status status = dsa->bus->ops->dma_alloc(dsa->bus, DSA_STAGE_BYTES, &dsa->stage);

	if (status)
		return status;
	status = dsa_stream_create(dsa, &config, &dsa->service);
	if (status)
		dsa->bus->ops->dma_free(dsa->bus, &dsa->stage);
	return status;
}

void dsa_service_stop(struct dsa *dsa)
{
	dsa_stream_destroy(dsa->service);
	dsa->bus->ops->dma_free(dsa->bus, &dsa->stage);
}

void dsa_service_leave(struct dsa_context *context)
{
	struct dsa *dsa = context->dsa;

	pthread_mutex_lock(&dsa->service_lock);
	if (dsa->service->context == context) {
		dsa_stream_stop(dsa->service);
		dsa->service->context = NULL;
	}
	pthread_mutex_unlock(&dsa->service_lock);
}

static road_status bind(struct dsa *dsa, struct dsa_context *context)
{
	struct dsa_stream *stream = dsa->service;

	if (stream->context == context && atomic_load(&stream->open))
		return ROAD_OK;
	dsa_stream_stop(stream);
	stream->context = context;
	dsa->service_sequence = 0;
	return dsa_stream_start(stream);
}

/* Waits for the job; what ended badly leaves the stream closed, so that nothing goes on behind. */
static road_status await(struct dsa *dsa, uint64_t deadline, const char *where)
{
	struct dsa_stream *stream = dsa->service;
	road_status status = ROAD_OK;

	for (;;) {
		uint64_t now = dsa_now(dsa); /* before the word: the last look is late enough */
		uint32_t fault = dsa_stream_fault(stream);
		uint64_t done = road_ring_completed(stream->ring);

		if (fault)
			status = dsa_fault_error(stream->status, where);
		else if (done >= dsa->service_sequence)
			return ROAD_OK;
		else if (dsa_alive(dsa, where))
			status = ROAD_DEVICE_LOST;
		else if (now >= deadline)
			status = road_drv_errorf(ROAD_TIMEOUT, where,
						 "completion word stays %" PRIu64
						 ", awaited %" PRIu64,
						 done, dsa->service_sequence);
		if (status)
			break;
		dsa->bus->ops->relax(dsa->bus, deadline);
	}
	dsa_stream_stop(stream);
	return status;
}

/* Under service_lock. `bytes`: how much it moves, for the deadline. */
static road_status run(struct dsa_context *context, const struct road_cmd *command, uint64_t bytes,
		       const char *where)
{
	struct dsa *dsa = context->dsa;
	struct road_drv_submission job = {.commands = command, .count = 1};
	road_status status = bind(dsa, context);

	if (status)
		return status;
	job.sequence = dsa->service_sequence + 1;
	status = road_ring_submit(dsa->service->ring, &job);
	if (status)
		return status;
	dsa->service_sequence++;
	return await(dsa, dsa_now(dsa) + DSA_SERVICE_WAIT + bytes, where); /* 1 GB/s at least */
}

static road_status run_one(struct dsa_context *context, const struct road_cmd *command,
			   uint64_t bytes, const char *where)
{
	pthread_mutex_lock(&context->dsa->service_lock);
	road_status status = run(context, command, bytes, where);

	pthread_mutex_unlock(&context->dsa->service_lock);
	return status;
}

road_status dsa_service_zero(struct dsa_context *context, uint64_t va, uint64_t bytes)
{
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = {.address = va}, .bytes = bytes, .pattern_bytes = 1},
	};

	return run_one(context, &fill, bytes, "clearing of memory");
}

road_status dsa_service_upload(struct dsa_context *context, uint64_t va, const void *from,
			       uint64_t bytes)
{
	struct dsa *dsa = context->dsa;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&dsa->service_lock);
	for (uint64_t done = 0; done < bytes && !status;) {
		uint64_t part = bytes - done < DSA_STAGE_BYTES ? bytes - done : DSA_STAGE_BYTES;
		const struct road_cmd copy = {
			.kind = ROAD_COMMAND_COPY,
			.copy = {.dst = {.address = va + done},
				 .src = {.address = dsa->stage.iova.value, .bus = true},
				 .bytes = part,
				 .rows = 1,
				 .slices = 1},
		};

		memcpy(dsa->stage.host, (const char *)from + done, part);
		dsa->bus->ops->dma_sync(dsa->bus, &dsa->stage, 0, part, ROAD_DMA_TO_DEVICE);
		status = run(context, &copy, part, "upload of an image");
		done += part;
	}
	pthread_mutex_unlock(&dsa->service_lock);
	return status;
}

static road_status code_command(struct dsa_context *context, enum dsa_command kind, uint64_t va,
				uint64_t bytes, const char *where)
{
	const struct road_cmd command = {
		.kind = (enum road_command_kind)kind,
		.fill = {.dst = {.address = va}, .bytes = bytes},
	};

	return run_one(context, &command, bytes, where);
}

road_status dsa_service_load(struct dsa_context *context, uint64_t va, uint64_t bytes)
{
	return code_command(context, DSA_COMMAND_LOAD, va, bytes, "road_image_load");
}

road_status dsa_service_unload(struct dsa_context *context, uint64_t va)
{
	return code_command(context, DSA_COMMAND_UNLOAD, va, 0, "road_image_release");
}
