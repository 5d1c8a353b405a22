/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed GPGPU (uapi/gpu/regs.h): probe, start, stop, reset; the driver's table.
 */
#include "drivers/gpu/gpu.h"

#include <stdlib.h>

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, ROAD_GPU_REGION_REGS, ROAD_GPU_REG_ID, ROAD_GPU_ID,
				    "not a Roadbed GPGPU", "gpu: register ID");
}

static road_status reset_chip(struct gpu *gpu)
{
	gpu_write32(gpu, ROAD_GPU_REG_CONTROL, ROAD_GPU_CONTROL_RESET);
	return gpu_await(gpu, ROAD_GPU_REG_STATUS, ROAD_GPU_STATUS_READY, ROAD_GPU_STATUS_READY,
			 "STATUS");
}

/* Vectors that queues share. */
static uint32_t vectors_of(struct gpu *gpu)
{
	uint32_t count = gpu->bus->ops->irq_count(gpu->bus);

	return count < GPU_VECTORS_MAX ? count : GPU_VECTORS_MAX;
}

static void enable_interrupts(struct gpu *gpu)
{
	uint32_t vectors = vectors_of(gpu);

	if (vectors)
		gpu_write32(gpu, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX >> (32 - vectors));
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
	return gpu;
}

static void unmake(struct gpu *gpu)
{
	road_region_unit_close(gpu->dev);
	road_ranges_destroy(gpu->hidden);
	road_ranges_destroy(gpu->visible);
	road_numbers_destroy(gpu->spaces);
	pthread_mutex_destroy(&gpu->heap_lock);
	pthread_mutex_destroy(&gpu->reg_lock);
	pthread_mutex_destroy(&gpu->life_lock);
	free(gpu);
}

static road_status bring_up(struct gpu *gpu)
{
	road_status status =
		road_register_version(gpu->dev, ROAD_GPU_REGION_REGS, ROAD_GPU_REG_VERSION,
				      ROAD_GPU_INTERFACE, "gpu: register VERSION");

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
		status = road_numbers_create(gpu->params.spaces, &gpu->spaces);
	if (!status)
		status = gpu_regions_start(gpu);
	if (!status)
		status = road_streams_create(gpu->dev, &gpu_queue_port, gpu->params.queues,
					     vectors_of(gpu), &gpu->queues);
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

	road_streams_destroy(gpu->queues);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		gpu_write32(gpu, ROAD_GPU_REG_IRQ_MASK, 0);
		(void)reset_chip(gpu);
	}
	unmake(gpu);
	dev->data = NULL;
}

/* Under life_lock: what work needs, without work of the driver's own. */
static road_status restore_spaces(struct gpu *gpu)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < gpu->params.spaces && !status; i++) {
		struct gpu_space *space = road_numbers_owner(gpu->spaces, i);

		if (space)
			status = road_range_table_restore(space->ranges);
	}
	return status;
}

static road_status reset_running(struct road_drv_device *dev)
{
	struct gpu *gpu = dev->data;

	pthread_mutex_lock(&gpu->reg_lock);
	road_status status = reset_chip(gpu);

	if (!status)
		enable_interrupts(gpu);
	pthread_mutex_unlock(&gpu->reg_lock);
	return status ? status : restore_spaces(gpu);
}

/* Under life_lock. Code comes back; memory kept its bytes. */
static road_status restore_images(struct gpu *gpu)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < gpu->params.spaces && !status; i++) {
		struct gpu_space *space = road_numbers_owner(gpu->spaces, i);

		if (!space)
			continue;
		status = gpu_print_restore(space);
		if (!status)
			status = gpu_images_restore(space);
	}
	return status;
}

static road_status reset(struct road_drv_device *dev)
{
	struct gpu *gpu = dev->data;

	pthread_mutex_lock(&gpu->life_lock);
	road_status status = road_streams_reset(gpu->queues, reset_running);

	if (!status)
		status = restore_images(gpu);
	pthread_mutex_unlock(&gpu->life_lock);
	return status;
}

/* The chip goes back to its ROM, and forgets queues and address spaces. */
static void halt(struct road_drv_device *dev)
{
	struct gpu *gpu = dev->data;

	road_streams_halt(gpu->queues);
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
	.queue_close = road_stream_close,
	.submit = road_stream_submit,
	.advance = road_stream_advance,
	.queue_reset = road_stream_reset,
	.irq = gpu_irq,
	.reset = reset,
	.counter = gpu_counter,
	.native = gpu_queue_native,
	.limit = gpu_limit,
	.output_read = gpu_output_read,
};

static road_status describe_firmware(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	static const struct road_boot_port port = {
		.region = ROAD_GPU_REGION_REGS,
		.offset = ROAD_GPU_REG_BOOT,
		.vendor = "roadbed",
		.chip = "gpgpu",
		.protocol_min = 1,
		.protocol_max = 1,
		.halt = halt,
	};

	return road_boot_unit_describe(dev, &port, out);
}

static const struct road_firmware_ops firmware_ops = {describe_firmware, ROAD_BOOT_UNIT_OPS};

extern const struct road_driver road_driver_gpu;
const struct road_driver road_driver_gpu = {
	.abi = ROAD_DRIVER_ABI,
	.name = "gpu",
	.compatible = "roadbed,gpgpu",
	.ops = &ops,
	.memory = &gpu_memory_ops,
	.image = &gpu_image_ops,
	.region = &road_region_unit_ops,
	.firmware = &firmware_ops,
};
