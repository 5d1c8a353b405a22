/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the educational device, after QEMU's docs/specs/edu.txt: a step port, in the order
 * of docs/porting.md. Steps 1, 2 and 7 are here, 3 is in memory.c, 4 and 5 in step.c; there is no
 * step 6, for it runs no code.
 */
#include "drivers/edu/edu.h"

#include <stdio.h>
#include <stdlib.h>

/* QEMU takes 100 ms for every transfer, whatever its size. */
#define IDLE_NS UINT64_C(1000000000)  /* most for one transfer, or one factorial */
#define WIPE_NS UINT64_C(30000000000) /* wiping takes turns with all queues */

static uint32_t read_reg(struct edu *edu, uint64_t reg)
{
	return road_read32(edu->bus, ROAD_EDU_REGION, reg);
}

static void write_reg(struct edu *edu, uint64_t reg, uint32_t value)
{
	road_write32(edu->bus, ROAD_EDU_REGION, reg, value);
}

/* ---- 1: is it ours? ---- */

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, ROAD_EDU_REGION, ROAD_EDU_REG_ID, ROAD_EDU_ID,
				    "not an educational device", "edu: register 0x00");
}

/* ---- 2: up, down, what it is ---- */

road_status edu_idle(struct edu *edu)
{
	return road_register_await(edu->dev, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND,
				   ROAD_EDU_DMA_START, 0, IDLE_NS, "edu: register 0x98");
}

/* What went wrong, unless it is that the device went away. */
static road_status fails(struct edu *edu, const char *what, const char *where, const char *allowed)
{
	road_status status = road_drv_alive(edu->dev, where);

	return status ? status : road_drv_error(ROAD_IO, what, where, NULL, allowed);
}

/* Liveness answers the complement; 5! must be 120. */
static road_status self_test(struct edu *edu)
{
	const uint32_t pattern = 0x5a0fc3e1;

	write_reg(edu, ROAD_EDU_REG_LIVENESS, pattern);
	if (read_reg(edu, ROAD_EDU_REG_LIVENESS) != ~pattern)
		return fails(edu, "liveness check fails", "edu: register 0x04",
			     "the complement of what was written");
	write_reg(edu, ROAD_EDU_REG_STATUS, 0); /* no interrupt for this one */
	write_reg(edu, ROAD_EDU_REG_FACTORIAL, 5);
	road_status status =
		road_register_await(edu->dev, ROAD_EDU_REGION, ROAD_EDU_REG_STATUS,
				    ROAD_EDU_STATUS_COMPUTING, 0, IDLE_NS, "edu: register 0x20");

	if (!status && read_reg(edu, ROAD_EDU_REG_FACTORIAL) != 120)
		status = fails(edu, "factorial of 5 is wrong", "edu: register 0x08", "120");
	return status;
}

/* From whatever state an earlier user left to an idle, working device. */
static road_status bring_up(struct edu *edu)
{
	road_status status = edu_idle(edu);

	if (!status)
		status = self_test(edu);
	if (!status)
		write_reg(edu, ROAD_EDU_REG_IRQ_ACK, read_reg(edu, ROAD_EDU_REG_IRQ_STATUS));
	return status;
}

static road_status alloc_bounce(struct edu *edu)
{
	road_status status = edu->bus->ops->dma_alloc(edu->bus, EDU_BOUNCE_BYTES, &edu->bounce);

	if (status || edu_reaches(edu->bounce.iova.value, EDU_BOUNCE_BYTES))
		return status;
	status = road_drv_errorf(ROAD_NO_SPACE, "edu: host memory",
				 "bus address 0x%llx is beyond the device's 28 bits",
				 (unsigned long long)edu->bounce.iova.value);
	edu->bus->ops->dma_free(edu->bus, &edu->bounce);
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct edu *edu = calloc(1, sizeof(*edu));
	road_status status;

	(void)options; /* the simulator's; the driver has none */
	if (!edu)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver", "edu",
				      NULL, NULL);
	edu->dev = dev;
	edu->bus = dev->bus;
	dev->data = edu;
	pthread_mutex_init(&edu->heap_lock, NULL);
	pthread_mutex_init(&edu->wipe_lock, NULL);
	status = bring_up(edu);
	if (status)
		goto free_edu;
	status = road_ranges_create(0, EDU_HEAP_BYTES, 8, &edu->heap);
	if (status)
		goto free_edu;
	/* Aligned as strictly as any buffer may ask, so that offsets are aligned like addresses. */
	status = road_va_reserve(ROAD_EDU_BUFFER_BYTES, UINT64_C(2) << 20, &edu->window);
	if (status)
		goto free_heap;
	status = alloc_bounce(edu);
	if (status)
		goto release_window;
	status = road_stepper_create(dev, &edu_step_ops, &edu->stepper);
	if (status)
		goto free_bounce;
	edu->wiper = (struct road_drv_queue){.dev = dev, .depth = 1, .internal = true};
	status = road_step_queue_open(edu->stepper, &edu->wiper);
	if (status)
		goto destroy_stepper;
	return ROAD_OK;
destroy_stepper:
	road_stepper_destroy(edu->stepper);
free_bounce:
	edu->bus->ops->dma_free(edu->bus, &edu->bounce);
release_window:
	road_va_release(edu->window, ROAD_EDU_BUFFER_BYTES);
free_heap:
	road_ranges_destroy(edu->heap);
free_edu:
	pthread_mutex_destroy(&edu->wipe_lock);
	pthread_mutex_destroy(&edu->heap_lock);
	free(edu);
	dev->data = NULL;
	return status;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct edu *edu = dev->data;

	if (why != ROAD_STOP_LOST)
		edu_idle(edu); /* a transfer cannot be stopped, only awaited */
	road_step_queue_close(edu->stepper, &edu->wiper);
	road_stepper_destroy(edu->stepper);
	edu->bus->ops->dma_free(edu->bus, &edu->bounce);
	road_va_release(edu->window, ROAD_EDU_BUFFER_BYTES);
	road_ranges_destroy(edu->heap);
	free(edu->hosts);
	pthread_mutex_destroy(&edu->wipe_lock);
	pthread_mutex_destroy(&edu->heap_lock);
	free(edu);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	struct edu *edu = dev->data;
	struct road_dma_limits limits = {0};

	edu->bus->ops->dma_limits(edu->bus, &limits);
	out->device_class = ROAD_CLASS_EDU;
	out->heap_count = 2;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 16;
	out->queue_depth_max = 256;
	out->memory_bytes = EDU_HEAP_BYTES;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_WRITE_VALUE | 1u << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_QUEUE_RESET;
	if (limits.coherent)
		out->features |= ROAD_FEATURE_COHERENT;
	out->test_scale = 1u << 16;
}

static const struct road_property properties[] = {
	{.id = 1,
	 .name = "memory.bytes",
	 .unit = "bytes",
	 .type = ROAD_VALUE_U64,
	 .source = ROAD_SOURCE_CATALOGUE,
	 .u64 = EDU_HEAP_BYTES},
	{.id = 2,
	 .name = "dma.mask_bits",
	 .unit = "bits",
	 .type = ROAD_VALUE_U64,
	 .source = ROAD_SOURCE_CATALOGUE,
	 .u64 = 28},
	{.id = 3,
	 .name = "address.unified",
	 .type = ROAD_VALUE_BOOL,
	 .source = ROAD_SOURCE_COMPUTED,
	 .u64 = 1},
	{.id = 4, .name = "memory.ecc", .type = ROAD_VALUE_BOOL, .source = ROAD_SOURCE_CATALOGUE},
	{.id = 5,
	 .name = "fault.watchdog",
	 .type = ROAD_VALUE_BOOL,
	 .source = ROAD_SOURCE_CATALOGUE},
	{.id = 6,
	 .name = "fault.protection",
	 .type = ROAD_VALUE_BOOL,
	 .source = ROAD_SOURCE_CATALOGUE},
};

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	(void)dev;
	if (index >= sizeof(properties) / sizeof(properties[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "edu", "no property %u", index);
	*out = properties[index];
	return ROAD_OK;
}

/* ---- 3: memory.c; clearing it is work for the engine ---- */

/* Awaits the wiper's submission. Nobody delivers interrupts meanwhile, so it asks the stepper. */
static road_status await_wipe(struct edu *edu, uint64_t sequence)
{
	uint64_t deadline = edu->bus->ops->now_ns(edu->bus) + WIPE_NS;
	struct road_drv_progress progress;

	for (;;) {
		road_step_advance(edu->stepper, &edu->wiper, &progress);
		if (progress.completed >= sequence)
			return ROAD_OK;
		if (edu->bus->ops->lost(edu->bus))
			return ROAD_DEVICE_LOST;
		if (progress.failed_from <= sequence)
			return progress.status;
		uint64_t now = edu->bus->ops->now_ns(edu->bus);

		if (now >= deadline)
			return ROAD_TIMEOUT;
		/* Another thread may have taken the end of a transfer and not yet begun the next:
		 * for as long there is nothing to run, and all of the time must not pass at once.
		 */
		edu->bus->ops->relax(edu->bus, now + IDLE_NS < deadline ? now + IDLE_NS : deadline);
		road_step_run(edu->stepper);
	}
}

road_status edu_wipe(struct edu *edu, uint64_t address, uint64_t bytes)
{
	const struct road_cmd fill = {
		.kind = ROAD_COMMAND_FILL,
		.fill = {.dst = {.address = address}, .bytes = bytes, .pattern_bytes = 8}};
	struct road_drv_submission submission = {.commands = &fill, .count = 1};
	road_status status;

	pthread_mutex_lock(&edu->wipe_lock);
	submission.sequence = ++edu->wiped;
	status = road_step_submit(edu->stepper, &edu->wiper, &submission);
	if (!status)
		status = await_wipe(edu, submission.sequence);
	if (status) {
		road_step_queue_reset(edu->stepper, &edu->wiper);
		edu->wiped = 0;
		road_drv_errorf(status, "edu: memory", "%llu bytes cannot be wiped: %s",
				(unsigned long long)bytes, road_status_text(status));
	}
	pthread_mutex_unlock(&edu->wipe_lock);
	return status;
}

/* ---- 4, 5: step.c; the queues are the step helper's ---- */

static struct road_stepper *stepper_of(const struct road_drv_queue *queue)
{
	return ((struct edu *)queue->dev->data)->stepper;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	return road_step_queue_open(stepper_of(queue), queue);
}

static void queue_close(struct road_drv_queue *queue)
{
	road_step_queue_close(stepper_of(queue), queue);
}

static road_status submit(struct road_drv_queue *queue, const struct road_drv_submission *s)
{
	return road_step_submit(stepper_of(queue), queue, s);
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	road_step_advance(stepper_of(queue), queue, out);
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	struct edu *edu = dev->data;
	uint32_t status = read_reg(edu, ROAD_EDU_REG_IRQ_STATUS);

	(void)vector;
	if (status == UINT32_MAX && edu->bus->ops->lost(edu->bus)) {
		road_step_fail_all(edu->stepper, ROAD_DEVICE_LOST);
		road_drv_device_lost(dev);
		return;
	}
	write_reg(edu, ROAD_EDU_REG_IRQ_ACK, status);
	road_step_run(edu->stepper);
}

/* ---- 7: resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	return road_step_queue_reset(stepper_of(queue), queue);
}

/* Work is taken from the engine and the engine tested; only one that does not come to rest is reset
 * by the bus, because that loses the buffer. */
static road_status reset(struct road_drv_device *dev)
{
	struct edu *edu = dev->data;

	pthread_mutex_lock(&edu->wipe_lock);
	road_step_fail_all(edu->stepper, ROAD_CANCELLED);
	road_status status = bring_up(edu);

	if (status == ROAD_TIMEOUT || status == ROAD_IO) {
		status = edu->bus->ops->reset(edu->bus);
		if (!status)
			status = bring_up(edu);
	}
	road_step_queue_reset(edu->stepper, &edu->wiper);
	edu->wiped = 0;
	pthread_mutex_unlock(&edu->wipe_lock);
	return status;
}

/* ---- the table ---- */

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.property = property,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.queue_reset = queue_reset,
	.irq = irq,
	.reset = reset,
};

const struct road_driver road_driver_edu = {
	.abi = ROAD_DRIVER_ABI,
	.name = "edu",
	.compatible = "qemu,edu",
	.pci_vendor = 0x1234,
	.pci_device = 0x11e8,
	.ops = &ops,
	.memory = &edu_memory_ops,
};
