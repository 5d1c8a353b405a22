/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the chip `template` (uapi/template/regs.h), a step port: registers, one thing at a
 * time, an interrupt at its end. What is the same for every chip is written; what is yours says
 * PORT_TODO with its step of docs/porting.md. `PORT:` marks what to look over.
 *
 * Rules that no compiler checks:
 *
 *   - probe writes nothing. Waits are on the bus's clock, with a deadline.
 *   - begin never waits; when abort returns, the engine touches nothing any more.
 *   - a write to a register is posted: read one back before what it points at is freed.
 *   - memory is zero when it is handed out.
 *   - every error says where, what was seen and what would be right.
 */
#include <roadbed-driver/driver.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/step.h>
#include <roadbed-driver/window.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/regs.h"

/* What is not written yet answers with what to write; the guide has a section for each step. */
#define PORT_TEXT(step, what, function) \
	"template: step " #step ": " what ": " function "() in driver.c"
#define PORT_TODO(step, what)                                             \
	road_drv_errorf(ROAD_UNSUPPORTED, "docs/porting.md, step " #step, \
			PORT_TEXT(step, what, "%s"), __func__)

#define RESET_NS UINT64_C(100000000) /* PORT: the most that a reset takes, by the data sheet */
#define GRANULE  UINT64_C(64)        /* PORT: what one allocation is rounded to */

struct template_chip {
	struct road_bus *bus;
	struct road_window *memory; /* region 1; NULL before step 3 */
	/* the engine, which all queues share */
	struct road_stepper *stepper;
	uint64_t part; /* bytes of what runs; under the stepper's lock */
};

/* ---- 1: is it ours? ---- */

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return PORT_TODO(1, "read the identity register and compare it");
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

/* ---- 2: up, down, what it is ---- */

/* Called by start and stop, and when work is aborted. Leaves the chip idle: it reads and writes
 * no memory of the host any more. */
static road_status reset_chip(struct road_drv_device *dev)
{
	(void)dev;
	return PORT_TODO(2, "reset the chip and wait for it");
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
	/* Step 3 opens the memory here. */
	status = road_stepper_create(dev, &step_ops, &t->stepper);
	if (status)
		goto free_chip;
	dev->data = t;
	return ROAD_OK;
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

/* PORT: only what is written and works; from registers where there are any. */
static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	(void)dev;
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 0; /* step 3: 1 */
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 16;
	out->queue_depth_max = 64;
	out->memory_bytes = 0; /* step 3: road_window_bytes() */
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL;
	out->features = ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT;
}

/* PORT: what info() has no field for; by position, ROAD_NOT_FOUND ends. Unknown is ROAD_VALUE_NULL,
 * never 0. */
static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	const struct road_property properties[] = {
		{.id = 1,
		 .name = "address.unified",
		 .type = ROAD_VALUE_BOOL,
		 .source = ROAD_SOURCE_COMPUTED,
		 .u64 = 1},
	};

	(void)dev;
	if (index >= sizeof(properties) / sizeof(properties[0]))
		return road_drv_errorf(ROAD_NOT_FOUND, "template", "no property %u", index);
	*out = properties[index];
	return ROAD_OK;
}

/* ---- 3: memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct template_chip *t = dev->data;

	if (index || !t->memory)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	road_window_heap(t->memory, out);
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	const struct template_chip *t = buffer->space->dev->data;

	if (!t->memory)
		return PORT_TODO(3, "open the memory in start()");
	return road_window_alloc(t->memory, buffer);
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	const struct template_chip *t = buffer->space->dev->data;

	road_window_free(t->memory, buffer);
}

/* ---- 4: one command, or a part of it ---- */

/* Starts the part that begins after `done` bytes, and keeps its size in t->part. */
static enum road_step begin_copy(struct template_chip *t, const struct road_cmd_copy *copy,
				 uint64_t done)
{
	(void)t; /* step 4 */
	(void)copy;
	(void)done;
	return ROAD_STEP_FAILED;
}

static enum road_step begin_fill(struct template_chip *t, const struct road_cmd_fill *fill,
				 uint64_t done)
{
	(void)t; /* step 4 */
	(void)fill;
	(void)done;
	return ROAD_STEP_FAILED;
}

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	struct template_chip *t = queue->dev->data;

	switch (command->kind) {
	case ROAD_COMMAND_COPY: return begin_copy(t, &command->copy, done);
	case ROAD_COMMAND_FILL: return begin_fill(t, &command->fill, done);
	case ROAD_COMMAND_BARRIER: return ROAD_STEP_DONE; /* one thing at a time anyway */
	default: return ROAD_STEP_FAILED;
	}
}

/* ---- 5: has it ended? ---- */

/* `done` rises by what the ended part moved; a fault goes on record (step 7). */
static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault)
{
	(void)queue;
	(void)command;
	(void)done;
	snprintf(fault->text, sizeof(fault->text), "%s",
		 PORT_TEXT(5, "has what begin started ended?", "check"));
	return ROAD_STEP_FAILED;
}

/* PORT: cheaper than a reset, if the chip can. It is also called when the device is gone. */
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
	(void)queue;
	(void)submission;
	return PORT_TODO(4, "write begin, then road_step_submit()");
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	road_step_advance(stepper_of(queue), queue, out);
}

/* PORT: the acknowledging write. */
static void irq(struct road_drv_device *dev, uint32_t vector)
{
	const struct template_chip *t = dev->data;

	(void)vector;
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_IRQ, 1);
	road_step_run(t->stepper);
}

/* ---- 6: images and kernels; a chip without kernels: delete this part ---- */

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	(void)image;
	(void)bytes;
	(void)byte_count;
	(void)options;
	return PORT_TODO(6, "check the image and bring it to the chip");
}

static void unload(struct road_drv_image *image)
{
	(void)image; /* step 6 */
}

static road_status kernel(struct road_drv_kernel *kernel, const char *name)
{
	(void)kernel;
	(void)name;
	return PORT_TODO(6, "find the kernel and say what arguments it takes");
}

/* ---- 7: faults and resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	return road_step_queue_reset(stepper_of(queue), queue);
}

/* All queues fail, and stay so until each is reset. */
static road_status reset(struct road_drv_device *dev)
{
	(void)dev;
	return PORT_TODO(7, "stop all work, then reset the chip");
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

static const struct road_image_ops image_ops = {
	.load = load,
	.unload = unload,
	.kernel = kernel,
};

extern const struct road_driver road_driver_template;
const struct road_driver road_driver_template = {
	.abi = ROAD_DRIVER_ABI,
	.name = "template",
	.compatible = "roadbed,template",
	.ops = &ops,
	.memory = &memory_ops,
	.image = &image_ops,
	/* .region: a chip that is reconfigured while it works, step 9. .firmware: the host brings
	 * its firmware, step 10. */
};
