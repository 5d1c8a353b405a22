/* SPDX-License-Identifier: Apache-2.0 */
/* Bring-up of the Roadbed RPU (uapi/rpu/regs.h): probe, start, stop, reset; the driver's table. */
#include "drivers/rpu/rpu.h"

#include <stdio.h>
#include <stdlib.h>

road_status rpu_alive(struct rpu *rpu, const char *where)
{
	if (!rpu->bus->ops->lost(rpu->bus))
		return ROAD_OK;
	road_drv_device_lost(rpu->dev);
	return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", where, NULL, NULL);
}

road_status rpu_await(struct rpu *rpu, uint64_t reg, uint32_t mask, uint32_t wanted,
		      const char *name)
{
	uint64_t deadline = rpu_now(rpu) + RPU_REGISTER_WAIT;

	for (;;) {
		uint64_t now = rpu_now(rpu);
		uint32_t value = rpu_read32(rpu, reg);

		if (value == UINT32_MAX) { /* legal in none of those that are awaited */
			road_status status = rpu_alive(rpu, name);

			if (status)
				return status;
		}
		if ((value & mask) == wanted)
			return ROAD_OK;
		if (now >= deadline)
			return road_drv_errorf(ROAD_TIMEOUT, name,
					       "register stays 0x%x, awaited 0x%x of mask 0x%x",
					       value, wanted, mask);
		rpu->bus->ops->relax(rpu->bus, deadline);
	}
}

static road_status probe(struct road_bus *bus)
{
	uint32_t id = road_read32(bus, ROAD_RPU_REGION_REGS, ROAD_RPU_REG_ID);
	char seen[16], allowed[16];

	if (id == ROAD_RPU_ID)
		return ROAD_OK;
	if (id == UINT32_MAX && bus->ops->lost(bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "rpu: register ID",
				      NULL, NULL);
	snprintf(seen, sizeof(seen), "0x%08x", id);
	snprintf(allowed, sizeof(allowed), "0x%08x", ROAD_RPU_ID);
	return road_drv_error(ROAD_UNSUPPORTED, "not a Roadbed RPU", "rpu: register ID", seen,
			      allowed);
}

static road_status check_version(struct rpu *rpu)
{
	uint32_t version = rpu_read32(rpu, ROAD_RPU_REG_VERSION);
	char seen[24], allowed[24];
	road_status status = version == UINT32_MAX ? rpu_alive(rpu, "road_device_open") : ROAD_OK;

	if (status || version >> 16 == ROAD_RPU_INTERFACE >> 16)
		return status;
	snprintf(seen, sizeof(seen), "%u.%u", version >> 16, version & 0xffffu);
	snprintf(allowed, sizeof(allowed), "%u.x", ROAD_RPU_INTERFACE >> 16);
	return road_drv_error(ROAD_UNSUPPORTED, "the chip speaks another interface version",
			      "rpu: register VERSION", seen, allowed);
}

static road_status reset_chip(struct rpu *rpu)
{
	rpu_write32(rpu, ROAD_RPU_REG_CONTROL, ROAD_RPU_CONTROL_RESET);
	return rpu_await(rpu, ROAD_RPU_REG_STATUS, ROAD_RPU_STATUS_READY, ROAD_RPU_STATUS_READY,
			 "STATUS");
}

static void enable_interrupts(struct rpu *rpu)
{
	uint32_t count = rpu->bus->ops->irq_count(rpu->bus);

	count = count < RPU_VECTORS_MAX ? count : RPU_VECTORS_MAX;
	if (rpu->vectors != count) /* once: at later resets interrupts look at it */
		rpu->vectors = count;
	if (rpu->vectors)
		rpu_write32(rpu, ROAD_RPU_REG_IRQ_MASK, UINT32_MAX >> (32 - rpu->vectors));
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
	pthread_mutex_init(&rpu->table_lock, NULL);
	pthread_mutex_init(&rpu->service_lock, NULL);
	pthread_mutex_init(&rpu->config_lock, NULL);
	return rpu;
}

static void unmake(struct rpu *rpu)
{
	road_ranges_destroy(rpu->heap);
	road_ranges_destroy(rpu->addresses);
	road_ranges_destroy(rpu->scratch);
	free(rpu->contexts);
	free(rpu->streams);
	pthread_mutex_destroy(&rpu->config_lock);
	pthread_mutex_destroy(&rpu->service_lock);
	pthread_mutex_destroy(&rpu->table_lock);
	pthread_mutex_destroy(&rpu->heap_lock);
	pthread_mutex_destroy(&rpu->reg_lock);
	pthread_mutex_destroy(&rpu->life_lock);
	free(rpu);
}

static road_status make_tables(struct rpu *rpu)
{
	rpu->streams = calloc(rpu->params.streams, sizeof(struct rpu_stream *));
	rpu->contexts = calloc(rpu->params.contexts, sizeof(struct rpu_context *));
	if (!rpu->streams || !rpu->contexts)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	rpu->params.memory_bytes &= ~(RPU_PAGE - 1);
	road_status status = road_ranges_create(0, rpu->params.memory_bytes, RPU_PAGE, &rpu->heap);

	if (status)
		return status;
	status = road_ranges_create(ROAD_RPU_SPM_BASE, rpu->params.spm_bytes, RPU_SCRATCH_GRANULE,
				    &rpu->scratch);
	if (status)
		return status;
	return road_ranges_create(ROAD_RPU_MEMORY_BASE, RPU_ADDRESSES, RPU_PAGE, &rpu->addresses);
}

static road_status bring_up(struct rpu *rpu)
{
	road_status status = check_version(rpu);

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
		status = rpu_service_start(rpu);
	if (status)
		return status;
	status = road_region_unit_open(rpu->dev, &rpu_region_port);
	if (status) {
		road_status gone = rpu_alive(rpu, "road_device_open");

		rpu_service_stop(rpu);
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
	rpu_service_stop(rpu);
	if (why != ROAD_STOP_LOST) { /* else nobody hears it */
		rpu_write32(rpu, ROAD_RPU_REG_IRQ_MASK, 0);
		(void)reset_chip(rpu);
	}
	unmake(rpu);
	dev->data = NULL;
}

/* Under life_lock. Contexts come back; memory kept its bytes. */
static road_status restore(struct rpu *rpu)
{
	road_status status = ROAD_OK;

	for (uint32_t i = 0; i < rpu->params.contexts && !status; i++) {
		pthread_mutex_lock(&rpu->table_lock);
		struct rpu_context *context = rpu->contexts[i];

		pthread_mutex_unlock(&rpu->table_lock);
		if (context)
			status = road_range_table_restore(context->table);
	}
	return status;
}

/* All streams are closed by it and stay so until each is reset. */
static road_status reset_all(struct rpu *rpu)
{
	pthread_mutex_lock(&rpu->service_lock); /* no job of ours is under way */
	pthread_mutex_lock(&rpu->table_lock);
	for (uint32_t i = 0; i < rpu->params.streams; i++)
		if (rpu->streams[i])
			atomic_store(&rpu->streams[i]->open, false);
	pthread_mutex_unlock(&rpu->table_lock);
	pthread_mutex_lock(&rpu->reg_lock);
	road_status status = reset_chip(rpu);

	if (!status)
		enable_interrupts(rpu);
	pthread_mutex_unlock(&rpu->reg_lock);
	pthread_mutex_unlock(&rpu->service_lock);
	return status;
}

static road_status reset(struct road_drv_device *dev)
{
	struct rpu *rpu = dev->data;

	pthread_mutex_lock(&rpu->life_lock);
	road_status status = reset_all(rpu);

	if (!status)
		status = restore(rpu);
	pthread_mutex_unlock(&rpu->life_lock);
	return status;
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
	.queue_close = rpu_queue_close,
	.submit = rpu_queue_submit,
	.advance = rpu_queue_advance,
	.queue_reset = rpu_queue_reset,
	.irq = rpu_irq,
	.reset = reset,
	.counter = rpu_counter,
};

extern const struct road_driver road_driver_rpu;
const struct road_driver road_driver_rpu = {
	.abi = ROAD_DRIVER_ABI,
	.name = "rpu",
	.compatible = "roadbed,rpu",
	.ops = &ops,
	.memory = &rpu_memory_ops,
	.image = &rpu_image_ops,
	.region = &road_region_unit_ops,
};
