/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver. The chip does one copy at a time, so the step helper keeps the queues; what is left
 * is to begin a copy, to see that it ended, and where memory is.
 */
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/step.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

#define GRANULE UINT64_C(64)
#define IDLE_NS UINT64_C(1000000000) /* far beyond the longest copy */

struct scratch {
	struct road_bus *bus;
	uint64_t bytes;  /* of the chip's memory */
	char *memory;    /* mapped */
	uint64_t window; /* device addresses are window + offset: they mean one thing in the process
			  */
	pthread_mutex_t lock; /* of the heap */
	struct road_ranges *heap;
	struct road_stepper *stepper;
	uint64_t part; /* bytes of the copy that runs */
};

static uint32_t status_of(struct scratch *s)
{
	return road_read32(s->bus, SCRATCH_REGS, SCRATCH_REG_STATUS);
}

/* ---- copies ---- */

static uint64_t reg_address(const struct scratch *s, const struct road_place *place,
			    uint64_t offset)
{
	return place->bus ? place->address + offset : place->address - s->window + offset;
}

/* Row by row: `done` bytes are copied already, counted without what lies between rows. */
static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	struct scratch *s = queue->dev->data;
	const struct road_cmd_copy *copy = &command->copy;
	uint64_t row = done / copy->bytes;
	uint64_t slice = row / copy->rows;

	if (command->kind != ROAD_COMMAND_COPY)
		return command->kind == ROAD_COMMAND_BARRIER ? ROAD_STEP_DONE : ROAD_STEP_FAILED;
	row %= copy->rows;
	road_write64(s->bus, SCRATCH_REGS, SCRATCH_REG_SOURCE,
		     reg_address(s, &copy->src,
				 slice * copy->src_slice_pitch + row * copy->src_row_pitch));
	road_write64(s->bus, SCRATCH_REGS, SCRATCH_REG_TARGET,
		     reg_address(s, &copy->dst,
				 slice * copy->dst_slice_pitch + row * copy->dst_row_pitch));
	road_write64(s->bus, SCRATCH_REGS, SCRATCH_REG_BYTES, copy->bytes);
	road_write32(s->bus, SCRATCH_REGS, SCRATCH_REG_GO,
		     (copy->src.bus ? SCRATCH_GO_SOURCE_BUS : 0) |
			     (copy->dst.bus ? SCRATCH_GO_TARGET_BUS : 0));
	return ROAD_STEP_BUSY;
}

static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault)
{
	struct scratch *s = queue->dev->data;
	const struct road_cmd_copy *copy = &command->copy;
	uint32_t status = status_of(s);

	if (status == UINT32_MAX) { /* no legal value */
		if (s->bus->ops->lost(s->bus))
			road_drv_device_lost(queue->dev);
		return ROAD_STEP_BUSY;
	}
	if (status & SCRATCH_STATUS_BUSY)
		return ROAD_STEP_BUSY;
	if (status & SCRATCH_STATUS_FAILED) {
		snprintf(fault->text, sizeof(fault->text), "the chip could not copy %llu bytes",
			 (unsigned long long)copy->bytes);
		return ROAD_STEP_FAILED;
	}
	*done += copy->bytes;
	return *done >= copy->bytes * copy->rows * copy->slices ? ROAD_STEP_DONE : ROAD_STEP_BUSY;
}

/* It cannot be stopped, only awaited; on the chip's clock. */
static void await_idle(struct scratch *s)
{
	uint64_t deadline = s->bus->ops->now_ns(s->bus) + IDLE_NS;

	while (status_of(s) & SCRATCH_STATUS_BUSY && !s->bus->ops->lost(s->bus) &&
	       s->bus->ops->now_ns(s->bus) < deadline)
		s->bus->ops->relax(s->bus, deadline);
}

static void abort_copy(struct road_drv_queue *queue)
{
	await_idle(queue->dev->data);
}

static const struct road_step_ops steps = {begin, check, abort_copy};

/* ---- up and down ---- */

static road_status probe(struct road_bus *bus)
{
	uint32_t id = road_read32(bus, SCRATCH_REGS, SCRATCH_REG_ID);
	char seen[16];

	if (id == SCRATCH_ID)
		return ROAD_OK;
	snprintf(seen, sizeof(seen), "0x%08x", id);
	return road_drv_error(ROAD_UNSUPPORTED, "not a scratch chip", "scratch: register ID", seen,
			      "0x53435254");
}

static void take_down(struct scratch *s)
{
	road_stepper_destroy(s->stepper);
	road_ranges_destroy(s->heap);
	if (s->window)
		road_va_release(s->window, s->bytes);
	if (s->memory)
		s->bus->ops->region_unmap(s->bus, s->memory, s->bytes);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static road_status bring_up(struct scratch *s, struct road_drv_device *dev)
{
	void *memory = NULL;
	road_status status;

	await_idle(s); /* whatever an earlier user left running */
	s->bytes = road_read64(s->bus, SCRATCH_REGS, SCRATCH_REG_MEMORY);
	status = s->bus->ops->region_map(s->bus, SCRATCH_MEMORY, 0, s->bytes, &memory);
	s->memory = memory;
	if (!status)
		status = road_va_reserve(s->bytes, 4096, &s->window);
	if (!status)
		status = road_ranges_create(0, s->bytes, GRANULE, &s->heap);
	if (!status)
		status = road_stepper_create(dev, &steps, &s->stepper);
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct scratch *s = calloc(1, sizeof(*s));
	road_status status;

	(void)options; /* the simulator's; the driver has none */
	if (!s)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver",
				      "scratch", NULL, NULL);
	s->bus = dev->bus;
	dev->data = s;
	pthread_mutex_init(&s->lock, NULL);
	status = bring_up(s, dev);
	if (status)
		take_down(s);
	return status;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct scratch *s = dev->data;

	if (why != ROAD_STOP_LOST)
		await_idle(s);
	take_down(s);
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct scratch *s = dev->data;

	out->heap_count = 1;
	out->memory_bytes = s->bytes;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 8;
	out->queue_depth_max = 64;
	out->commands = 1u << ROAD_COMMAND_COPY;
}

/* ---- queues: all the helper's ---- */

static struct road_stepper *stepper_of(const struct road_drv_queue *queue)
{
	return ((struct scratch *)queue->dev->data)->stepper;
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

static road_status queue_reset(struct road_drv_queue *queue)
{
	return road_step_queue_reset(stepper_of(queue), queue);
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	(void)vector;
	road_step_run(((struct scratch *)dev->data)->stepper);
}

/* ---- memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct scratch *s = dev->data;

	if (index)
		return road_drv_errorf(ROAD_NOT_FOUND, "scratch", "no heap %u", index);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_DEVICE,
				       .granule_bytes = GRANULE,
				       .host_visible = 1,
				       .coherent = 1,
				       .bytes = s->bytes};
	pthread_mutex_lock(&s->lock);
	out->used_bytes = road_ranges_used(s->heap);
	pthread_mutex_unlock(&s->lock);
	return ROAD_OK;
}

/* Whoever had the memory before, nobody sees what was in it. */
static road_status alloc(struct road_drv_buffer *buffer)
{
	struct scratch *s = buffer->space->dev->data;
	uint64_t offset;

	if (buffer->heap != ROAD_HEAP_DEVICE)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_buffer_create: options.heap",
				       "scratch has no heap of kind %u", buffer->heap);
	pthread_mutex_lock(&s->lock);
	road_status status =
		road_ranges_alloc(s->heap, buffer->bytes, buffer->alignment, &offset, NULL);

	pthread_mutex_unlock(&s->lock);
	if (status)
		return status;
	memset(s->memory + offset, 0, buffer->bytes);
	buffer->address = s->window + offset;
	buffer->host = s->memory + offset;
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct scratch *s = buffer->space->dev->data;

	pthread_mutex_lock(&s->lock);
	road_ranges_free(s->heap, buffer->address - s->window, buffer->bytes);
	pthread_mutex_unlock(&s->lock);
}

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.queue_reset = queue_reset,
	.irq = irq,
};

static const struct road_memory_ops memory = {.heap = heap, .alloc = alloc, .free = free_buffer};

static const struct road_driver driver = {
	.abi = ROAD_DRIVER_ABI,
	.name = "scratch",
	.compatible = "example,scratch",
	.ops = &ops,
	.memory = &memory,
};

ROAD_DRIVER_ENTRY(driver)
