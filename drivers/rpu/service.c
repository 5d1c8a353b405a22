/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that the driver itself waits for: clearing memory, uploads. One stream
 * serves all contexts in turn: it is given to the chip anew where the context changes. Deadlines
 * are on the bus's clock.
 */
#include <inttypes.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

enum { SERVICE_SLOTS = 64 };

road_status rpu_service_start(struct rpu *rpu)
{
	const struct rpu_stream_config config = {.depth = 1, .slots = SERVICE_SLOTS};
	road_status status = rpu->bus->ops->dma_alloc(rpu->bus, RPU_STAGE_BYTES, &rpu->stage);

	if (status)
		return status;
	status = rpu_stream_create(rpu, &config, &rpu->service);
	if (status)
		goto free_stage;
	status = rpu_context_create(rpu, &rpu->service_context);
	if (status)
		goto destroy_stream;
	return ROAD_OK;
destroy_stream:
	rpu_stream_destroy(rpu->service);
free_stage:
	rpu->bus->ops->dma_free(rpu->bus, &rpu->stage);
	return status;
}

void rpu_service_stop(struct rpu *rpu)
{
	rpu_context_destroy(rpu->service_context);
	rpu_stream_destroy(rpu->service);
	rpu->bus->ops->dma_free(rpu->bus, &rpu->stage);
}

void rpu_service_leave(struct rpu_context *context)
{
	struct rpu *rpu = context->rpu;

	pthread_mutex_lock(&rpu->service_lock);
	if (rpu->service->context == context) {
		rpu_stream_stop(rpu->service);
		rpu->service->context = NULL;
	}
	pthread_mutex_unlock(&rpu->service_lock);
}

static road_status bind(struct rpu *rpu, struct rpu_context *context)
{
	struct rpu_stream *stream = rpu->service;

	if (stream->context == context && atomic_load(&stream->open))
		return ROAD_OK;
	rpu_stream_stop(stream);
	stream->context = context;
	rpu->service_sequence = 0;
	return rpu_stream_start(stream);
}

/* Waits for the job; what ended badly leaves the stream closed, so that nothing goes on behind. */
static road_status await(struct rpu *rpu, uint64_t deadline, const char *where)
{
	struct rpu_stream *stream = rpu->service;
	road_status status = ROAD_OK;

	for (;;) {
		uint64_t now = rpu_now(rpu); /* before the word: the last look is late enough */
		uint32_t fault = rpu_stream_fault(stream);
		uint64_t done = road_ring_completed(stream->ring);

		if (fault)
			status = rpu_fault_error(stream->status, where);
		else if (done >= rpu->service_sequence)
			return ROAD_OK;
		else if (rpu_alive(rpu, where))
			status = ROAD_DEVICE_LOST;
		else if (now >= deadline)
			status = road_drv_errorf(ROAD_TIMEOUT, where,
						 "completion word stays %" PRIu64
						 ", awaited %" PRIu64,
						 done, rpu->service_sequence);
		if (status)
			break;
		rpu->bus->ops->relax(rpu->bus, deadline);
	}
	rpu_stream_stop(stream);
	return status;
}

/* Under service_lock. `bytes`: how much it moves, for the deadline. */
static road_status run(struct rpu_context *context, const struct road_cmd *command, uint64_t bytes,
		       const char *where)
{
	struct rpu *rpu = context->rpu;
	struct road_drv_submission job = {.commands = command, .count = 1};
	road_status status = bind(rpu, context);

	if (status)
		return status;
	job.sequence = rpu->service_sequence + 1;
	status = road_ring_submit(rpu->service->ring, &job);
	if (status)
		return status;
	rpu->service_sequence++;
	return await(rpu, rpu_now(rpu) + RPU_SERVICE_WAIT + bytes, where); /* 1 GB/s at least */
}

static road_status run_one(struct rpu_context *context, const struct road_cmd *command,
			   uint64_t bytes, const char *where)
{
	pthread_mutex_lock(&context->rpu->service_lock);
	road_status status = run(context, command, bytes, where);

	pthread_mutex_unlock(&context->rpu->service_lock);
	return status;
}

road_status rpu_service_zero(struct rpu_context *context, uint64_t va, uint64_t bytes)
{
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = {.address = va}, .bytes = bytes, .pattern_bytes = 1},
	};

	return run_one(context, &fill, bytes, "clearing of memory");
}

road_status rpu_service_upload(struct rpu_context *context, uint64_t va, const void *from,
			       uint64_t bytes)
{
	struct rpu *rpu = context->rpu;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&rpu->service_lock);
	for (uint64_t done = 0; done < bytes && !status;) {
		uint64_t part = bytes - done < RPU_STAGE_BYTES ? bytes - done : RPU_STAGE_BYTES;
		const struct road_cmd copy = {
			.kind = ROAD_COMMAND_COPY,
			.copy = {.dst = {.address = va + done},
				 .src = {.address = rpu->stage.iova.value, .bus = true},
				 .bytes = part,
				 .rows = 1,
				 .slices = 1},
		};

		memcpy(rpu->stage.host, (const char *)from + done, part);
		rpu->bus->ops->dma_sync(rpu->bus, &rpu->stage, 0, part, ROAD_DMA_TO_DEVICE);
		status = run(context, &copy, part, "upload of an image");
		done += part;
	}
	pthread_mutex_unlock(&rpu->service_lock);
	return status;
}
