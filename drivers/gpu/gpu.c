/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed GPGPU (uapi/gpu/regs.h): probe, start, stop, reset; the driver's table.
 */
#include "drivers/gpu/gpu.h"

#include <stdio.h>
#include <stdlib.h>

road_status gpu_alive(struct gpu *gpu, const char *where)
{
	if (!gpu->bus->ops->lost(gpu->bus))
		return ROAD_OK;
	road_drv_device_lost(gpu->dev);
	return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", where, NULL, NULL);
}

road_status gpu_await(struct gpu *gpu, uint64_t reg, uint32_t mask, uint32_t wanted,
		      const char *name)
{
	uint64_t deadline = gpu_now(gpu) + GPU_REGISTER_WAIT;

	for (;;) {
		uint64_t now = gpu_now(gpu);
		uint32_t value = gpu_read32(gpu, reg);

		if (value == UINT32_MAX) { /* legal in none of those that are awaited */
			road_status status = gpu_alive(gpu, name);

			if (status)
				return status;
		}
		if ((value & mask) == wanted)
			return ROAD_OK;
		if (now >= deadline)
			return road_drv_errorf(ROAD_TIMEOUT, name,
					       "register stays 0x%x, awaited 0x%x of mask 0x%x",
					       value, wanted, mask);
		gpu->bus->ops->relax(gpu->bus, deadline);
	}
}

static road_status probe(struct road_bus *bus)
{
	uint32_t id = road_read32(bus, ROAD_GPU_REGION_REGS, ROAD_GPU_REG_ID);
	char seen[16], allowed[16];

	if (id == ROAD_GPU_ID)
		return ROAD_OK;
	if (id == UINT32_MAX && bus->ops->lost(bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "gpu: register ID",
				      NULL, NULL);
	snprintf(seen, sizeof(seen), "0x%08x", id);
	snprintf(allowed, sizeof(allowed), "0x%08x", ROAD_GPU_ID);
	return road_drv_error(ROAD_UNSUPPORTED, "not a Roadbed GPGPU", "gpu: register ID", seen,
			      allowed);
}

static road_status check_version(struct gpu *gpu)
{
	uint32_t version = gpu_read32(gpu, ROAD_GPU_REG_VERSION);
	char seen[24], allowed[24];
	road_status status = version == UINT32_MAX ? gpu_alive(gpu, "road_device_open") : ROAD_OK;

	if (status || version >> 16 == ROAD_GPU_INTERFACE >> 16)
		return status;
	snprintf(seen, sizeof(seen), "%u.%u", version >> 16, version & 0xffffu);
	snprintf(allowed, sizeof(allowed), "%u.x", ROAD_GPU_INTERFACE >> 16);
	return road_drv_error(ROAD_UNSUPPORTED, "the chip speaks another interface version",
			      "gpu: register VERSION", seen, allowed);
}

static road_status reset_chip(struct gpu *gpu)
{
	gpu_write32(gpu, ROAD_GPU_REG_CONTROL, ROAD_GPU_CONTROL_RESET);
	return gpu_await(gpu, ROAD_GPU_REG_STATUS, ROAD_GPU_STATUS_READY, ROAD_GPU_STATUS_READY,
			 "STATUS");
}

static void enable_interrupts(struct gpu *gpu)
{
	uint32_t count = gpu->bus->ops->irq_count(gpu->bus);

	count = count < GPU_VECTORS_MAX ? count : GPU_VECTORS_MAX;
	if (gpu->vectors != count) /* once: at later resets interrupts look at it */
		gpu->vectors = count;
	if (gpu->vectors)
		gpu_write32(gpu, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX >> (32 - gpu->vectors));
}

/* Device memory in pages: what the window shows and what it does not. */
static road_status make_heaps(struct gpu *gpu)
{
	struct gpu_params *p = &gpu->params;
	road_status status = ROAD_OK;

	p->memory_bytes &= ~(GPU_PAGE - 1);
	p->window_bytes &= ~(GPU_PAGE - 1);
	if (p->window_bytes > p->memory_bytes)
		p->window_bytes = p->memory_bytes;
	if (p->window_bytes)
		status = road_ranges_create(0, p->window_bytes, GPU_PAGE, &gpu->visible);
	if (!status && p->window_bytes < p->memory_bytes)
		status = road_ranges_create(p->window_bytes, p->memory_bytes - p->window_bytes,
					    GPU_PAGE, &gpu->hidden);
	return status;
}

static road_status make_tables(struct gpu *gpu)
{
	gpu->queues = calloc(gpu->params.queues, sizeof(struct gpu_queue *));
	gpu->spaces = calloc(gpu->params.spaces, sizeof(struct gpu_space *));
	if (!gpu->queues || !gpu->spaces)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	return ROAD_OK;
}

static struct gpu *make(struct road_drv_device *dev)
{
	struct gpu *gpu = calloc(1, sizeof(*gpu));

	if (!gpu)
		return NULL;
	gpu->dev = dev;
	gpu->bus = dev->bus;
	pthread_mutex_init(&gpu->life_lock, NULL);
	pthread_mutex_init(&gpu->reg_lock, NULL);
	pthread_mutex_init(&gpu->heap_lock, NULL);
	pthread_mutex_init(&gpu->table_lock, NULL);
	pthread_mutex_init(&gpu->service_lock, NULL);
	return gpu;
}

static void unmake(struct gpu *gpu)
{
	road_region_unit_close(gpu->dev);
	road_ranges_destroy(gpu->hidden);
	road_ranges_destroy(gpu->visible);
	free(gpu->spaces);
	free(gpu->queues);
	pthread_mutex_destroy(&gpu->service_lock);
	pthread_mutex_destroy(&gpu->table_lock);
	pthread_mutex_destroy(&gpu->heap_lock);
	pthread_mutex_destroy(&gpu->reg_lock);
	pthread_mutex_destroy(&gpu->life_lock);
	free(gpu);
}

static road_status bring_up(struct gpu *gpu)
{
	road_status status = check_version(gpu);

	if (!status)
		status = reset_chip(gpu);
	if (!status)
		status = gpu_params_read(gpu);
	if (status)
		return status;
	gpu->clean = gpu_read32(gpu, ROAD_GPU_REG_STATUS) & ROAD_GPU_STATUS_CLEAN;
	enable_interrupts(gpu);
	status = make_heaps(gpu);
	if (!status)
		status = make_tables(gpu);
	if (!status)
		status = gpu_regions_start(gpu);
	if (!status)
		status = gpu_service_start(gpu);
	return status;
}

/* Options are the simulator's; the driver has none of its own. */
static road_status start(struct road_drv_device *dev, const char *options)
{
	struct gpu *gpu = make(dev);

	if (!gpu)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	road_status status = gpu_options_take(gpu, options);

	if (!status)
		status = bring_up(gpu);
	if (status) {
		unmake(gpu);
		return status;
	}
	dev->data = gpu;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct gpu *gpu = dev->data;

	gpu_service_stop(gpu);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		gpu_write32(gpu, ROAD_GPU_REG_IRQ_MASK, 0);
		(void)reset_chip(gpu);
	}
	unmake(gpu);
	dev->data = NULL;
}

/* Under life_lock. Spaces and images come back; memory kept its bytes. */
static road_status restore(struct gpu *gpu)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < gpu->params.spaces && !status; i++) {
		pthread_mutex_lock(&gpu->table_lock);
		struct gpu_space *space = gpu->spaces[i];

		pthread_mutex_unlock(&gpu->table_lock);
		if (!space)
			continue;
		status = gpu_space_restore(space);
		if (!status)
			status = gpu_print_restore(space);
		if (!status)
			status = gpu_images_restore(space);
	}
	return status;
}

/* All queues are closed by it and stay so until each is reset. */
static road_status reset_all(struct gpu *gpu)
{
	pthread_mutex_lock(&gpu->service_lock); /* no job of ours is under way */
	pthread_mutex_lock(&gpu->table_lock);
	for (uint32_t i = 0; i < gpu->params.queues; i++)
		if (gpu->queues[i])
			atomic_store(&gpu->queues[i]->open, false);
	pthread_mutex_unlock(&gpu->table_lock);
	pthread_mutex_lock(&gpu->reg_lock);
	road_status status = reset_chip(gpu);

	if (!status)
		enable_interrupts(gpu);
	pthread_mutex_unlock(&gpu->reg_lock);
	pthread_mutex_unlock(&gpu->service_lock);
	return status;
}

static road_status reset(struct road_drv_device *dev)
{
	struct gpu *gpu = dev->data;

	pthread_mutex_lock(&gpu->life_lock);
	road_status status = reset_all(gpu);

	if (!status)
		status = restore(gpu);
	pthread_mutex_unlock(&gpu->life_lock);
	return status;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = gpu_info,
	.property = gpu_property,
	.space_open = gpu_space_open,
	.space_close = gpu_space_close,
	.queue_open = gpu_queue_open,
	.queue_close = gpu_queue_close,
	.submit = gpu_queue_submit,
	.advance = gpu_queue_advance,
	.queue_reset = gpu_queue_reset,
	.irq = gpu_irq,
	.reset = reset,
	.counter = gpu_counter,
	.native = gpu_queue_native,
	.limit = gpu_limit,
	.output_read = gpu_output_read,
};

extern const struct road_driver road_driver_gpu;
const struct road_driver road_driver_gpu = {
	.abi = ROAD_DRIVER_ABI,
	.name = "gpu",
	.compatible = "roadbed,gpgpu",
	.ops = &ops,
	.memory = &gpu_memory_ops,
	.image = &gpu_image_ops,
	.region = &road_region_unit_ops,
};
