/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed RPU (uapi/rpu/regs.h): probe, start, stop, reset; the driver's table. */
#include "drivers/rpu/rpu.h"

#include <stdlib.h>

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, ROAD_RPU_REGION_REGS, ROAD_RPU_REG_ID, ROAD_RPU_ID,
				    "not a Roadbed RPU", "rpu: register ID");
}

static road_status reset_chip(struct rpu *rpu)
{
	rpu_write32(rpu, ROAD_RPU_REG_CONTROL, ROAD_RPU_CONTROL_RESET);
	return rpu_await(rpu, ROAD_RPU_REG_STATUS, ROAD_RPU_STATUS_READY, ROAD_RPU_STATUS_READY,
			 "STATUS");
}

/* Vectors that streams share. */
static uint32_t vectors_of(struct rpu *rpu)
{
	uint32_t count = rpu->bus->ops->irq_count(rpu->bus);

	return count < RPU_VECTORS_MAX ? count : RPU_VECTORS_MAX;
}

static void enable_interrupts(struct rpu *rpu)
{
	uint32_t vectors = vectors_of(rpu);

	if (vectors)
		rpu_write32(rpu, ROAD_RPU_REG_IRQ_MASK, UINT32_MAX >> (32 - vectors));
}

static struct rpu *make(struct road_drv_device *dev)
{
	struct rpu *rpu = calloc(1, sizeof(*rpu));

	if (!rpu)
		return NULL;
	rpu->dev = dev;
	rpu->bus = dev->bus;
	pthread_mutex_init(&rpu->life_lock, NULL);
	pthread_mutex_init(&rpu->reg_lock, NULL);
	pthread_mutex_init(&rpu->heap_lock, NULL);
	pthread_mutex_init(&rpu->config_lock, NULL);
	return rpu;
}

static void unmake(struct rpu *rpu)
{
	road_ranges_destroy(rpu->heap);
	road_ranges_destroy(rpu->addresses);
	road_ranges_destroy(rpu->scratch);
	road_numbers_destroy(rpu->contexts);
	pthread_mutex_destroy(&rpu->config_lock);
	pthread_mutex_destroy(&rpu->heap_lock);
	pthread_mutex_destroy(&rpu->reg_lock);
	pthread_mutex_destroy(&rpu->life_lock);
	free(rpu);
}

static road_status make_tables(struct rpu *rpu)
{
	road_status status = road_numbers_create(rpu->params.contexts, &rpu->contexts);

	if (status)
		return status;
	rpu->params.memory_bytes &= ~(RPU_PAGE - 1);
	status = road_ranges_create(0, rpu->params.memory_bytes, RPU_PAGE, &rpu->heap);

	if (status)
		return status;
	status = road_ranges_create(ROAD_RPU_SPM_BASE, rpu->params.spm_bytes, RPU_SCRATCH_GRANULE,
				    &rpu->scratch);
	if (status)
		return status;
	return road_ranges_create(ROAD_RPU_MEMORY_BASE, RPU_ADDRESSES, RPU_PAGE, &rpu->addresses);
}

static road_status start_streams(struct rpu *rpu)
{
	road_status status = road_streams_create(rpu->dev, &rpu_stream_port, rpu->params.streams,
						 vectors_of(rpu), &rpu->streams);

	if (status)
		return status;
	status = rpu_context_create(rpu, &rpu->own);
	if (status)
		road_streams_destroy(rpu->streams);
	return status;
}

static void stop_streams(struct rpu *rpu)
{
	rpu_context_destroy(rpu->own);
	road_streams_destroy(rpu->streams);
}

static road_status bring_up(struct rpu *rpu)
{
	road_status status =
		road_register_version(rpu->dev, ROAD_RPU_REGION_REGS, ROAD_RPU_REG_VERSION,
				      ROAD_RPU_INTERFACE, "rpu: register VERSION");

	if (!status)
		status = reset_chip(rpu);
	if (!status)
		status = rpu_params_read(rpu);
	if (status)
		return status;
	rpu->clean = rpu_read32(rpu, ROAD_RPU_REG_STATUS) & ROAD_RPU_STATUS_CLEAN;
	enable_interrupts(rpu);
	status = make_tables(rpu);
	if (!status)
		status = start_streams(rpu);
	if (status)
		return status;
	status = road_region_unit_open(rpu->dev, &rpu_region_port);
	if (status) {
		road_status gone = road_drv_alive(rpu->dev, "road_device_open");

		stop_streams(rpu);
		status = gone ? gone : status;
	}
	return status;
}

/* Options are the simulator's; the driver has none of its own. */
static road_status start(struct road_drv_device *dev, const char *options)
{
	struct rpu *rpu = make(dev);

	(void)options;
	if (!rpu)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	dev->data = rpu;
	road_status status = bring_up(rpu);

	if (status) {
		dev->data = NULL;
		unmake(rpu);
	}
	return status;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct rpu *rpu = dev->data;

	road_region_unit_close(dev);
	stop_streams(rpu);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		rpu_write32(rpu, ROAD_RPU_REG_IRQ_MASK, 0);
		(void)reset_chip(rpu);
	}
	unmake(rpu);
	dev->data = NULL;
}

/* Under life_lock: what work needs, without work of the driver's own. */
static road_status restore_contexts(struct rpu *rpu)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < rpu->params.contexts && !status; i++) {
		struct rpu_context *context = road_numbers_owner(rpu->contexts, i);

		if (context)
			status = road_range_table_restore(context->table);
	}
	return status;
}

static road_status reset_running(struct road_drv_device *dev)
{
	struct rpu *rpu = dev->data;

	pthread_mutex_lock(&rpu->reg_lock);
	road_status status = reset_chip(rpu);

	if (!status)
		enable_interrupts(rpu);
	pthread_mutex_unlock(&rpu->reg_lock);
	return status ? status : restore_contexts(rpu);
}

static road_status reset(struct road_drv_device *dev)
{
	struct rpu *rpu = dev->data;

	pthread_mutex_lock(&rpu->life_lock);
	road_status status = road_streams_reset(rpu->streams, reset_running);

	pthread_mutex_unlock(&rpu->life_lock);
	return status;
}

/* The chip goes back to its ROM, and forgets queues and contexts. */
static void halt(struct road_drv_device *dev)
{
	struct rpu *rpu = dev->data;

	road_streams_halt(rpu->streams);
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = rpu_info,
	.property = rpu_property,
	.space_open = rpu_space_open,
	.space_close = rpu_space_close,
	.queue_open = rpu_queue_open,
	.queue_close = road_stream_close,
	.submit = rpu_queue_submit,
	.advance = road_stream_advance,
	.queue_reset = road_stream_reset,
	.irq = rpu_irq,
	.reset = reset,
	.counter = rpu_counter,
};

static road_status describe_firmware(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	static const struct road_boot_port port = {
		.region = ROAD_RPU_REGION_REGS,
		.offset = ROAD_RPU_BOOT,
		.vendor = "roadbed",
		.chip = "rpu",
		.protocol_min = 1,
		.protocol_max = 1,
		.halt = halt,
	};

	return road_boot_unit_describe(dev, &port, out);
}

static const struct road_firmware_ops firmware_ops = {describe_firmware, ROAD_BOOT_UNIT_OPS};

extern const struct road_driver road_driver_rpu;
const struct road_driver road_driver_rpu = {
	.abi = ROAD_DRIVER_ABI,
	.name = "rpu",
	.compatible = "roadbed,rpu",
	.ops = &ops,
	.memory = &rpu_memory_ops,
	.image = &rpu_image_ops,
	.region = &road_region_unit_ops,
	.firmware = &firmware_ops,
};
