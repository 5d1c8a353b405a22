/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed DSA (uapi/dsa/regs.h): probe, start, stop, reset; the driver's table. */
#include "drivers/dsa/dsa.h"

#include <stdlib.h>

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, ROAD_DSA_REGION_REGS, ROAD_DSA_REG_ID, ROAD_DSA_ID,
				    "not a Roadbed DSA", "dsa: register ID");
}

static road_status reset_chip(struct dsa *dsa)
{
	dsa_write32(dsa, ROAD_DSA_REG_CONTROL, ROAD_DSA_CONTROL_RESET);
	return dsa_await(dsa, ROAD_DSA_REG_STATUS, ROAD_DSA_STATUS_READY, ROAD_DSA_STATUS_READY,
			 "STATUS");
}

/* Vectors that streams share. */
static uint32_t vectors_of(struct dsa *dsa)
{
	uint32_t count = dsa->bus->ops->irq_count(dsa->bus);

	return count < DSA_VECTORS_MAX ? count : DSA_VECTORS_MAX;
}

static void enable_interrupts(struct dsa *dsa)
{
	uint32_t vectors = vectors_of(dsa);

	if (vectors)
		dsa_write32(dsa, ROAD_DSA_REG_IRQ_MASK, UINT32_MAX >> (32 - vectors));
}

static struct dsa *make(struct road_drv_device *dev)
{
	struct dsa *dsa = calloc(1, sizeof(*dsa));

	if (!dsa)
		return NULL;
	dsa->dev = dev;
	dsa->bus = dev->bus;
	pthread_mutex_init(&dsa->life_lock, NULL);
	pthread_mutex_init(&dsa->reg_lock, NULL);
	pthread_mutex_init(&dsa->heap_lock, NULL);
	return dsa;
}

static void unmake(struct dsa *dsa)
{
	road_ranges_destroy(dsa->heap);
	road_numbers_destroy(dsa->contexts);
	pthread_mutex_destroy(&dsa->heap_lock);
	pthread_mutex_destroy(&dsa->reg_lock);
	pthread_mutex_destroy(&dsa->life_lock);
	free(dsa);
}

static road_status make_tables(struct dsa *dsa)
{
	road_status status = road_numbers_create(dsa->params.contexts, &dsa->contexts);

	if (status)
		return status;
	dsa->params.memory_bytes &= ~(DSA_PAGE - 1);
	return road_ranges_create(0, dsa->params.memory_bytes, DSA_PAGE, &dsa->heap);
}

static road_status bring_up(struct dsa *dsa)
{
	road_status status =
		road_register_version(dsa->dev, ROAD_DSA_REGION_REGS, ROAD_DSA_REG_VERSION,
				      ROAD_DSA_INTERFACE, "dsa: register VERSION");

	if (!status)
		status = reset_chip(dsa);
	if (!status)
		status = dsa_params_read(dsa);
	if (status)
		return status;
	dsa->clean = dsa_read32(dsa, ROAD_DSA_REG_STATUS) & ROAD_DSA_STATUS_CLEAN;
	enable_interrupts(dsa);
	status = make_tables(dsa);
	if (!status)
		status = dsa_regions_start(dsa);
	if (status)
		return status;
	status = road_streams_create(dsa->dev, &dsa_stream_port, dsa->params.streams,
				     vectors_of(dsa), &dsa->streams);
	if (status)
		dsa_regions_stop(dsa);
	return status;
}

/* Options are the simulator's; the driver has none of its own. */
static road_status start(struct road_drv_device *dev, const char *options)
{
	struct dsa *dsa = make(dev);

	(void)options;
	if (!dsa)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	road_status status = bring_up(dsa);

	if (status) {
		unmake(dsa);
		return status;
	}
	dev->data = dsa;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct dsa *dsa = dev->data;

	dsa_regions_stop(dsa);
	road_streams_destroy(dsa->streams);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		dsa_write32(dsa, ROAD_DSA_REG_IRQ_MASK, 0);
		(void)reset_chip(dsa);
	}
	unmake(dsa);
	dev->data = NULL;
}

/* Under life_lock: what work needs, without work of the driver's own. */
static road_status restore_contexts(struct dsa *dsa)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < dsa->params.contexts && !status; i++) {
		struct dsa_context *context = road_numbers_owner(dsa->contexts, i);

		if (context)
			status = road_range_table_restore(context->ranges);
	}
	return status;
}

static road_status reset_running(struct road_drv_device *dev)
{
	struct dsa *dsa = dev->data;

	pthread_mutex_lock(&dsa->reg_lock);
	road_status status = reset_chip(dsa);

	if (!status)
		enable_interrupts(dsa);
	pthread_mutex_unlock(&dsa->reg_lock);
	return status ? status : restore_contexts(dsa);
}

/* Under life_lock. Code comes back; memory kept its bytes. */
static road_status restore_images(struct dsa *dsa)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < dsa->params.contexts && !status; i++) {
		struct dsa_context *context = road_numbers_owner(dsa->contexts, i);

		if (context)
			status = dsa_images_restore(context);
	}
	return status;
}

static road_status reset(struct road_drv_device *dev)
{
	struct dsa *dsa = dev->data;

	pthread_mutex_lock(&dsa->life_lock);
	road_status status = road_streams_reset(dsa->streams, reset_running);

	if (!status)
		status = restore_images(dsa);
	pthread_mutex_unlock(&dsa->life_lock);
	return status;
}

/* The chip goes back to its ROM, and forgets queues and contexts. */
static void halt(struct road_drv_device *dev)
{
	struct dsa *dsa = dev->data;

	road_streams_halt(dsa->streams);
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = dsa_info,
	.property = dsa_property,
	.space_open = dsa_space_open,
	.space_close = dsa_space_close,
	.queue_open = dsa_queue_open,
	.queue_close = road_stream_close,
	.submit = road_stream_submit,
	.advance = road_stream_advance,
	.queue_reset = road_stream_reset,
	.irq = dsa_irq,
	.reset = reset,
	.counter = dsa_counter,
};

static road_status describe_firmware(struct road_drv_device *dev, struct road_firmware_chip *out)
{
	static const struct road_boot_port port = {
		.region = ROAD_DSA_REGION_REGS,
		.offset = ROAD_DSA_BOOT,
		.vendor = "roadbed",
		.chip = "dsa",
		.protocol_min = 1,
		.protocol_max = 1,
		.halt = halt,
	};

	return road_boot_unit_describe(dev, &port, out);
}

static const struct road_firmware_ops firmware_ops = {describe_firmware, ROAD_BOOT_UNIT_OPS};

extern const struct road_driver road_driver_dsa;
const struct road_driver road_driver_dsa = {
	.abi = ROAD_DRIVER_ABI,
	.name = "dsa",
	.compatible = "roadbed,dsa",
	.ops = &ops,
	.memory = &dsa_memory_ops,
	.image = &dsa_image_ops,
	.region = &road_region_unit_ops,
	.firmware = &firmware_ops,
};
