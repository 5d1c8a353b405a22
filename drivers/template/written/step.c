/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the chip `template` (uapi/template/regs.h), a step port with all of its steps
 * written: what drivers/template/step becomes, to compare with. Tests run it; no build ships it.
 */
#include <roadbed-driver/driver.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/step.h>
#include <roadbed-driver/window.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/regs.h"

#define RESET_NS UINT64_C(100000000) /* regs.h, STATUS: the most that a reset takes */
#define GRANULE  UINT64_C(64)        /* what one allocation is rounded to */

struct template_chip {
	struct road_bus *bus;
	struct road_window *memory; /* region 1 */
	/* the engine, which all queues share */
	struct road_stepper *stepper;
	uint64_t part; /* bytes of what runs; under the stepper's lock */
};

/* ---- 1: is it ours? ---- */

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_ID, TEMPLATE_ID,
				    "not this chip", "template: register ID");
}

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done);
static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault);
static void abort_step(struct road_drv_queue *queue);

static const struct road_step_ops step_ops = {
	.begin = begin,
	.check = check,
	.abort = abort_step,
};

/* ---- 2: up and down ---- */

static road_status reset_chip(struct road_drv_device *dev)
{
	road_write32(dev->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_RESET, 1);
	return road_register_await(dev, TEMPLATE_REGION_REGS, TEMPLATE_REG_STATUS,
				   TEMPLATE_STATUS_READY, TEMPLATE_STATUS_READY, RESET_NS,
				   "template: register STATUS");
}

static road_status open_memory(struct road_drv_device *dev, struct road_window **out)
{
	uint32_t bytes = road_read32(dev->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_MEMORY_BYTES);
	road_status status = bytes == UINT32_MAX ? road_drv_alive(dev, "template") : ROAD_OK;

	if (status)
		return status;
	if (bytes < GRANULE)
		return road_drv_errorf(ROAD_IO, "template: register MEMORY_BYTES",
				       "the chip says that it has %u bytes", bytes);
	return road_window_open(dev->bus, TEMPLATE_REGION_MEMORY, 0, bytes, GRANULE, out);
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct template_chip *t = calloc(1, sizeof(*t));
	road_status status;

	(void)options; /* what stands behind '?' is the simulator's; this driver has none */
	if (!t)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver",
				      "template", NULL, NULL);
	t->bus = dev->bus;
	status = reset_chip(dev);
	if (status)
		goto free_chip;
	status = open_memory(dev, &t->memory);
	if (status)
		goto free_chip;
	status = road_stepper_create(dev, &step_ops, &t->stepper);
	if (status)
		goto unmap;
	dev->data = t;
	return ROAD_OK;
unmap:
	road_window_close(t->memory);
free_chip:
	free(t);
	return status;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct template_chip *t = dev->data;

	if (why != ROAD_STOP_LOST)
		(void)reset_chip(dev);
	road_stepper_destroy(t->stepper);
	road_window_close(t->memory);
	free(t);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct template_chip *t = dev->data;

	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 1;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 16;
	out->queue_depth_max = 64;
	out->memory_bytes = road_window_bytes(t->memory);
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL;
	out->features =
		ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT | ROAD_FEATURE_QUEUE_RESET;
}

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	const struct road_property properties[] = {
		{.id = 1,
		 .name = "address.unified",
		 .type = ROAD_VALUE_BOOL,
		 .source = ROAD_SOURCE_COMPUTED,
		 .u64 = 1},
		{.id = 2,
		 .name = "memory.bytes",
		 .unit = "bytes",
		 .type = ROAD_VALUE_U64,
		 .source = ROAD_SOURCE_REGISTER,
		 .u64 = road_window_bytes(((struct template_chip *)dev->data)->memory)},
	};

	if (index >= sizeof(properties) / sizeof(properties[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "template", "no property %u", index);
	*out = properties[index];
	return ROAD_OK;
}

/* ---- 3: memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct template_chip *t = dev->data;

	if (index)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	road_window_heap(t->memory, out);
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	const struct template_chip *t = buffer->space->dev->data;

	return road_window_alloc(t->memory, buffer);
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	const struct template_chip *t = buffer->space->dev->data;

	road_window_free(t->memory, buffer);
}

/* ---- 4: one command, or a part of it ---- */

static void run(struct template_chip *t, uint32_t op, uint64_t dst, uint64_t src, uint64_t bytes)
{
	t->part = bytes;
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_BYTES, (uint32_t)bytes);
	road_write64(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_DST, dst);
	road_write64(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_SRC, src);
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_COMMAND, op);
}

/* A place as the engine names it: a bus address, or an offset in the chip's memory. */
static uint64_t at(const struct template_chip *t, const struct road_place *place, uint64_t offset)
{
	return road_window_place(t->memory, place) + offset;
}

/* One row a part. */
static enum road_step begin_copy(struct template_chip *t, const struct road_cmd_copy *copy,
				 uint64_t done)
{
	uint64_t row = done / copy->bytes, slice = row / copy->rows, line = row % copy->rows;
	uint32_t flags =
		(copy->dst.bus ? TEMPLATE_DST_BUS : 0u) | (copy->src.bus ? TEMPLATE_SRC_BUS : 0u);

	run(t, TEMPLATE_COPY | flags,
	    at(t, &copy->dst, slice * copy->dst_slice_pitch + line * copy->dst_row_pitch),
	    at(t, &copy->src, slice * copy->src_slice_pitch + line * copy->src_row_pitch),
	    copy->bytes);
	return ROAD_STEP_BUSY;
}

static enum road_step begin_fill(struct template_chip *t, const struct road_cmd_fill *fill)
{
	uint64_t pattern = fill->pattern;

	for (uint32_t bytes = fill->pattern_bytes; bytes < 8; bytes *= 2)
		pattern = (pattern & ((UINT64_C(1) << bytes * 8) - 1)) | pattern << bytes * 8;
	run(t, TEMPLATE_FILL | (fill->dst.bus ? TEMPLATE_DST_BUS : 0u), at(t, &fill->dst, 0),
	    pattern, fill->bytes);
	return ROAD_STEP_BUSY;
}

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	struct template_chip *t = queue->dev->data;

	switch (command->kind) {
	case ROAD_COMMAND_COPY: return begin_copy(t, &command->copy, done);
	case ROAD_COMMAND_FILL: return begin_fill(t, &command->fill);
	case ROAD_COMMAND_BARRIER: return ROAD_STEP_DONE; /* one thing at a time anyway */
	default: return ROAD_STEP_FAILED;
	}
}

/* ---- 5: has it ended? ---- */

static uint64_t total_bytes(const struct road_cmd *command)
{
	const struct road_cmd_copy *copy = &command->copy;

	if (command->kind == ROAD_COMMAND_FILL)
		return command->fill.bytes;
	return copy->bytes * copy->rows * copy->slices;
}

static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault)
{
	struct template_chip *t = queue->dev->data;
	uint32_t status = road_read32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_STATUS);

	if (status == UINT32_MAX || status & TEMPLATE_STATUS_BUSY) {
		if (t->bus->ops->lost(t->bus))
			road_drv_device_lost(queue->dev);
		return ROAD_STEP_BUSY;
	}
	if (status & TEMPLATE_STATUS_FAULTED) {
		fault->kind = ROAD_FAULT_MEMORY;
		snprintf(fault->text, sizeof(fault->text), "no memory at an address of the copy");
		return ROAD_STEP_FAILED;
	}
	*done += t->part;
	return *done >= total_bytes(command) ? ROAD_STEP_DONE : ROAD_STEP_BUSY;
}

/* The reset stops the engine; its read of STATUS pushes the write. */
static void abort_step(struct road_drv_queue *queue)
{
	(void)reset_chip(queue->dev);
}

/* ---- the queues are the step helper's ---- */

static struct road_stepper *stepper_of(const struct road_drv_queue *queue)
{
	return ((struct template_chip *)queue->dev->data)->stepper;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	return road_step_queue_open(stepper_of(queue), queue);
}

static void queue_close(struct road_drv_queue *queue)
{
	road_step_queue_close(stepper_of(queue), queue);
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	return road_step_submit(stepper_of(queue), queue, submission);
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	road_step_advance(stepper_of(queue), queue, out);
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	const struct template_chip *t = dev->data;

	(void)vector;
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_IRQ, 1);
	road_step_run(t->stepper);
}

/* ---- 7: resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	return road_step_queue_reset(stepper_of(queue), queue);
}

/* All queues fail, and stay so until each is reset. */
static road_status reset(struct road_drv_device *dev)
{
	const struct template_chip *t = dev->data;

	road_step_fail_all(t->stepper, ROAD_CANCELLED);
	return reset_chip(dev);
}

/* ---- the tables; a missing slot gets a default or answers UNSUPPORTED ---- */

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
static const struct road_memory_ops memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};

extern const struct road_driver road_driver_template;
const struct road_driver road_driver_template = {
	.abi = ROAD_DRIVER_ABI,
	.name = "template",
	.compatible = "roadbed,template",
	.ops = &ops,
	.memory = &memory_ops,
};
