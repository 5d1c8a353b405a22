/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed DSA (uapi/dsa/regs.h): probe, start, stop, reset; the driver's table. */
#include "drivers/dsa/dsa.h"

#include <stdio.h>
#include <stdlib.h>

road_status dsa_alive(struct dsa *dsa, const char *where)
{
	if (!dsa->bus->ops->lost(dsa->bus))
		return ROAD_OK;
	road_drv_device_lost(dsa->dev);
	return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", where, NULL, NULL);
}

road_status dsa_await(struct dsa *dsa, uint64_t reg, uint32_t mask, uint32_t wanted,
		      const char *name)
{
	uint64_t deadline = dsa_now(dsa) + DSA_REGISTER_WAIT;

	for (;;) {
		uint64_t now = dsa_now(dsa);
		uint32_t value = dsa_read32(dsa, reg);

		if (value == UINT32_MAX) { /* legal in none of those that are awaited */
			road_status status = dsa_alive(dsa, name);

			if (status)
				return status;
		}
		if ((value & mask) == wanted)
			return ROAD_OK;
		if (now >= deadline)
			return road_drv_errorf(ROAD_TIMEOUT, name,
					       "register stays 0x%x, awaited 0x%x of mask 0x%x",
					       value, wanted, mask);
		dsa->bus->ops->relax(dsa->bus, deadline);
	}
}

static road_status probe(struct road_bus *bus)
{
	uint32_t id = road_read32(bus, ROAD_DSA_REGION_REGS, ROAD_DSA_REG_ID);
	char seen[16], allowed[16];

	if (id == ROAD_DSA_ID)
		return ROAD_OK;
	if (id == UINT32_MAX && bus->ops->lost(bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "dsa: register ID",
				      NULL, NULL);
	snprintf(seen, sizeof(seen), "0x%08x", id);
	snprintf(allowed, sizeof(allowed), "0x%08x", ROAD_DSA_ID);
	return road_drv_error(ROAD_UNSUPPORTED, "not a Roadbed DSA", "dsa: register ID", seen,
			      allowed);
}

static road_status check_version(struct dsa *dsa)
{
	uint32_t version = dsa_read32(dsa, ROAD_DSA_REG_VERSION);
	char seen[24], allowed[24];
	road_status status = version == UINT32_MAX ? dsa_alive(dsa, "road_device_open") : ROAD_OK;

	if (status || version >> 16 == ROAD_DSA_INTERFACE >> 16)
		return status;
	snprintf(seen, sizeof(seen), "%u.%u", version >> 16, version & 0xffffu);
	snprintf(allowed, sizeof(allowed), "%u.x", ROAD_DSA_INTERFACE >> 16);
	return road_drv_error(ROAD_UNSUPPORTED, "the chip speaks another interface version",
			      "dsa: register VERSION", seen, allowed);
}

static road_status reset_chip(struct dsa *dsa)
{
	dsa_write32(dsa, ROAD_DSA_REG_CONTROL, ROAD_DSA_CONTROL_RESET);
	return dsa_await(dsa, ROAD_DSA_REG_STATUS, ROAD_DSA_STATUS_READY, ROAD_DSA_STATUS_READY,
			 "STATUS");
}

static void enable_interrupts(struct dsa *dsa)
{
	uint32_t count = dsa->bus->ops->irq_count(dsa->bus);

	count = count < DSA_VECTORS_MAX ? count : DSA_VECTORS_MAX;
	if (dsa->vectors != count) /* once: at later resets interrupts look at it */
		dsa->vectors = count;
	if (dsa->vectors)
		dsa_write32(dsa, ROAD_DSA_REG_IRQ_MASK, UINT32_MAX >> (32 - dsa->vectors));
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
	pthread_mutex_init(&dsa->table_lock, NULL);
	pthread_mutex_init(&dsa->service_lock, NULL);
	return dsa;
}

static void unmake(struct dsa *dsa)
{
	road_ranges_destroy(dsa->heap);
	free(dsa->contexts);
	free(dsa->streams);
	pthread_mutex_destroy(&dsa->service_lock);
	pthread_mutex_destroy(&dsa->table_lock);
	pthread_mutex_destroy(&dsa->heap_lock);
	pthread_mutex_destroy(&dsa->reg_lock);
	pthread_mutex_destroy(&dsa->life_lock);
	free(dsa);
}

static road_status make_tables(struct dsa *dsa)
{
	dsa->streams = calloc(dsa->params.streams, sizeof(struct dsa_stream *));
	dsa->contexts = calloc(dsa->params.contexts, sizeof(struct dsa_context *));
	if (!dsa->streams || !dsa->contexts)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	dsa->params.memory_bytes &= ~(DSA_PAGE - 1);
	return road_ranges_create(0, dsa->params.memory_bytes, DSA_PAGE, &dsa->heap);
}

static road_status bring_up(struct dsa *dsa)
{
	road_status status = check_version(dsa);

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
	status = dsa_service_start(dsa);
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
	dsa_service_stop(dsa);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		dsa_write32(dsa, ROAD_DSA_REG_IRQ_MASK, 0);
		(void)reset_chip(dsa);
	}
	unmake(dsa);
	dev->data = NULL;
}

/* Under life_lock. Contexts and code come back; memory kept its bytes. */
static road_status restore(struct dsa *dsa)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < dsa->params.contexts && !status; i++) {
		pthread_mutex_lock(&dsa->table_lock);
		struct dsa_context *context = dsa->contexts[i];

		pthread_mutex_unlock(&dsa->table_lock);
		if (!context)
			continue;
		status = dsa_context_restore(context);
		if (!status)
			status = dsa_images_restore(context);
	}
	return status;
}

/* All streams are closed by it and stay so until each is reset. */
static road_status reset_all(struct dsa *dsa)
{
	pthread_mutex_lock(&dsa->service_lock); /* no job of ours is under way */
	pthread_mutex_lock(&dsa->table_lock);
	for (uint32_t i = 0; i < dsa->params.streams; i++)
		if (dsa->streams[i])
			atomic_store(&dsa->streams[i]->open, false);
	pthread_mutex_unlock(&dsa->table_lock);
	pthread_mutex_lock(&dsa->reg_lock);
	road_status status = reset_chip(dsa);

	if (!status)
		enable_interrupts(dsa);
	pthread_mutex_unlock(&dsa->reg_lock);
	pthread_mutex_unlock(&dsa->service_lock);
	return status;
}

static road_status reset(struct road_drv_device *dev)
{
	struct dsa *dsa = dev->data;

	pthread_mutex_lock(&dsa->life_lock);
	road_status status = reset_all(dsa);

	if (!status)
		status = restore(dsa);
	pthread_mutex_unlock(&dsa->life_lock);
	return status;
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = dsa_info,
	.property = dsa_property,
	.space_open = dsa_context_open,
	.space_close = dsa_context_close,
	.queue_open = dsa_queue_open,
	.queue_close = dsa_queue_close,
	.submit = dsa_queue_submit,
	.advance = dsa_queue_advance,
	.queue_reset = dsa_queue_reset,
	.irq = dsa_irq,
	.reset = reset,
	.counter = dsa_counter,
};

extern const struct road_driver road_driver_dsa;
const struct road_driver road_driver_dsa = {
	.abi = ROAD_DRIVER_ABI,
	.name = "dsa",
	.compatible = "roadbed,dsa",
	.ops = &ops,
	.memory = &dsa_memory_ops,
	.image = &dsa_image_ops,
	.region = &road_region_unit_ops,
};
