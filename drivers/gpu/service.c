/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that the driver itself waits for: clearing memory, uploads, loading of images. One hardware
 * queue serves all spaces in turn: it is given to the chip anew where the space changes. Deadlines
 * are on the bus's clock.
 */
#include <inttypes.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

enum { SERVICE_PACKETS = 64 };

road_status gpu_service_start(struct gpu *gpu)
{
	const struct gpu_queue_config config = {.depth = 1, .packets = SERVICE_PACKETS};
	road_status status = gpu->bus->ops->dma_alloc(gpu->bus, GPU_STAGE_BYTES, &gpu->stage);

	if (status)
		return status;
	status = gpu_queue_create(gpu, &config, &gpu->service);
	if (status)
		gpu->bus->ops->dma_free(gpu->bus, &gpu->stage);
	return status;
}

void gpu_service_stop(struct gpu *gpu)
{
	gpu_queue_destroy(gpu->service);
	gpu->bus->ops->dma_free(gpu->bus, &gpu->stage);
}

void gpu_service_leave(struct gpu_space *space)
{
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->service_lock);
	if (gpu->service->encode.space == space) {
		gpu_queue_stop(gpu->service);
		gpu->service->encode.space = NULL;
	}
	pthread_mutex_unlock(&gpu->service_lock);
}

static road_status bind(struct gpu *gpu, struct gpu_space *space)
{
	struct gpu_queue *queue = gpu->service;

	if (queue->encode.space == space && atomic_load(&queue->open))
		return ROAD_OK;
	gpu_queue_stop(queue);
	queue->encode.space = space;
	gpu->service_sequence = 0;
	return gpu_queue_start(queue);
}

/* Waits for the job; what ended badly leaves the queue closed, so that nothing goes on behind. */
static road_status await(struct gpu *gpu, uint64_t deadline, const char *where)
{
	struct gpu_queue *queue = gpu->service;
	road_status status = ROAD_OK;

	for (;;) {
		uint64_t now =
			gpu_now(gpu); /* before the word, so that the last look is late enough */
		uint32_t fault = gpu_queue_fault(queue);
		uint64_t done = road_ring_completed(queue->ring);

		if (fault)
			status = gpu_fault_error(queue->status, where);
		else if (done >= gpu->service_sequence)
			return ROAD_OK;
		else if (gpu_alive(gpu, where))
			status = ROAD_DEVICE_LOST;
		else if (now >= deadline)
			status = road_drv_errorf(ROAD_TIMEOUT, where,
						 "completion word stays %" PRIu64
						 ", awaited %" PRIu64,
						 done, gpu->service_sequence);
		if (status)
			break;
		gpu->bus->ops->relax(gpu->bus, deadline);
	}
	gpu_queue_stop(queue);
	return status;
}

/* Under service_lock. `bytes`: how much it moves, for the deadline. */
static road_status run(struct gpu *gpu, struct gpu_space *space, const struct road_cmd *command,
		       uint64_t bytes, const char *where)
{
	struct road_drv_submission job = {.commands = command, .count = 1};
	road_status status = bind(gpu, space);

	if (status)
		return status;
	job.sequence = gpu->service_sequence + 1;
	status = road_ring_submit(gpu->service->ring, &job);
	if (status)
		return status;
	gpu->service_sequence++;
	return await(gpu, gpu_now(gpu) + GPU_SERVICE_WAIT + bytes, where); /* 1 GB/s at the least */
}

static road_status run_one(struct gpu_space *space, const struct road_cmd *command, uint64_t bytes,
			   const char *where)
{
	struct gpu *gpu = space->gpu;

	pthread_mutex_lock(&gpu->service_lock);
	road_status status = run(gpu, space, command, bytes, where);

	pthread_mutex_unlock(&gpu->service_lock);
	return status;
}

road_status gpu_service_fill_zero(struct gpu_space *space, uint64_t va, uint64_t bytes)
{
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = {.address = va}, .bytes = bytes, .pattern_bytes = 1},
	};

	return run_one(space, &fill, bytes, "clearing of memory");
}

road_status gpu_service_upload(struct gpu_space *space, uint64_t va, const void *from,
			       uint64_t bytes)
{
	struct gpu *gpu = space->gpu;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&gpu->service_lock);
	for (uint64_t done = 0; done < bytes && !status;) {
		uint64_t part = bytes - done < GPU_STAGE_BYTES ? bytes - done : GPU_STAGE_BYTES;
		const struct road_cmd copy = {
			.kind = ROAD_COMMAND_COPY,
			.copy = {.dst = {.address = va + done},
				 .src = {.address = gpu->stage.iova.value, .bus = true},
				 .bytes = part,
				 .rows = 1,
				 .slices = 1},
		};

		memcpy(gpu->stage.host, (const char *)from + done, part);
		gpu->bus->ops->dma_sync(gpu->bus, &gpu->stage, 0, part, ROAD_DMA_TO_DEVICE);
		status = run(gpu, space, &copy, part, "upload of an image");
		done += part;
	}
	pthread_mutex_unlock(&gpu->service_lock);
	return status;
}

static road_status image_command(struct gpu_space *space, enum gpu_command kind, uint64_t va,
				 uint64_t bytes, const char *where)
{
	const struct road_cmd command = {
		.kind = (enum road_command_kind)kind,
		.fill = {.dst = {.address = va}, .bytes = bytes},
	};

	return run_one(space, &command, bytes, where);
}

road_status gpu_service_load(struct gpu_space *space, uint64_t va, uint64_t bytes)
{
	return image_command(space, GPU_COMMAND_LOAD, va, bytes, "road_image_load");
}

road_status gpu_service_unload(struct gpu_space *space, uint64_t va)
{
	return image_command(space, GPU_COMMAND_UNLOAD, va, 0, "road_image_release");
}
