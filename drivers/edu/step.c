/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands as transfers. The engine moves bytes between a bus address and the device's buffer, so a
 * copy within the buffer passes through host memory of the driver, and one within host memory
 * through the scratch at the buffer's end: two transfers a part.
 */
#include "drivers/edu/edu.h"

#include <string.h>

static struct edu *edu_of(const struct road_drv_queue *queue)
{
	return queue->dev->data;
}

static bool inside(const struct edu *edu, const struct road_place *place)
{
	return !place->bus && place->address - edu->window < ROAD_EDU_BUFFER_BYTES;
}

/* One transfer; its end raises an interrupt. */
static void transfer(struct edu *edu, uint64_t source, uint64_t target, uint64_t bytes,
		     bool to_host)
{
	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_SOURCE, source);
	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_TARGET, target);
	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COUNT, bytes);
	road_write32(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND,
		     ROAD_EDU_DMA_START | ROAD_EDU_DMA_IRQ | (to_host ? ROAD_EDU_DMA_TO_HOST : 0u));
}

/* The place as the engine addresses it: in its buffer, or on the bus. */
static uint64_t engine_address(struct edu *edu, const struct road_place *place)
{
	if (inside(edu, place))
		return ROAD_EDU_BUFFER + (place->address - edu->window);
	return place->address;
}

/* Byte `done` of a box: its place, and how many bytes of its row are left. */
static struct road_place at(const struct road_place *base, uint64_t row_pitch, uint64_t slice_pitch,
			    const struct road_cmd_copy *copy, uint64_t done)
{
	uint64_t row = done / copy->bytes, slice = row / copy->rows;
	uint64_t offset = slice * slice_pitch + (row % copy->rows) * row_pitch + done % copy->bytes;

	return (struct road_place){.address = base->address + offset, .bus = base->bus};
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A line that moves up over itself is copied from its end, so that each part is read before it is
 * written over. */
static bool backwards(const struct road_cmd_copy *copy)
{
	return copy->rows == 1 && copy->slices == 1 && copy->dst.bus == copy->src.bus &&
	       copy->dst.address > copy->src.address &&
	       copy->dst.address - copy->src.address < copy->bytes;
}

static enum road_step begin_copy(struct edu *edu, const struct road_cmd_copy *copy, uint64_t done)
{
	bool dst_inside = inside(edu, &copy->dst), src_inside = inside(edu, &copy->src);
	uint64_t left = copy->bytes - done % copy->bytes, from = done;

	if (dst_inside != src_inside || src_inside)
		left = least(left, EDU_TRANSFER_MAX);
	else
		left = least(left, EDU_SCRATCH_BYTES);
	if (backwards(copy))
		from = copy->bytes - done - left;
	struct road_place dst = at(&copy->dst, copy->dst_row_pitch, copy->dst_slice_pitch, copy,
				   from);
	struct road_place src = at(&copy->src, copy->src_row_pitch, copy->src_slice_pitch, copy,
				   from);

	edu->part = left;
	if (dst_inside == src_inside && !edu->second) { /* first half: out of the source */
		if (src_inside)
			transfer(edu, engine_address(edu, &src), edu->bounce.iova.value, edu->part,
				 true);
		else
			transfer(edu, src.address, ROAD_EDU_BUFFER + EDU_HEAP_BYTES, edu->part,
				 false);
		return ROAD_STEP_BUSY;
	}
	if (dst_inside == src_inside) { /* second half: into the destination */
		if (src_inside)
			transfer(edu, edu->bounce.iova.value, engine_address(edu, &dst), edu->part,
				 false);
		else
			transfer(edu, ROAD_EDU_BUFFER + EDU_HEAP_BYTES, dst.address, edu->part,
				 true);
		return ROAD_STEP_BUSY;
	}
	transfer(edu, engine_address(edu, &src), engine_address(edu, &dst), edu->part, src_inside);
	return ROAD_STEP_BUSY;
}

static bool two_halves(struct edu *edu, const struct road_cmd *command)
{
	return command->kind == ROAD_COMMAND_COPY &&
	       inside(edu, &command->copy.dst) == inside(edu, &command->copy.src);
}

/* `bytes` of the bounce page to a place of the space: by a transfer into the buffer, by the
 * processor into host memory. */
static enum road_step put(struct edu *edu, const struct road_place *place, uint64_t bytes)
{
	if (!inside(edu, place)) {
		void *host = place->host ? place->host : (void *)(uintptr_t)place->address;

		if (bytes == 8)
			road_store64(host, *(uint64_t *)edu->bounce.host);
		else if (bytes == 4)
			road_store32(host, *(uint32_t *)edu->bounce.host);
		else
			memcpy(host, edu->bounce.host, bytes);
		return ROAD_STEP_DONE;
	}
	edu->part = bytes;
	transfer(edu, edu->bounce.iova.value, engine_address(edu, place), bytes, false);
	return ROAD_STEP_BUSY;
}

static void repeat(char *out, uint64_t bytes, const struct road_cmd_fill *fill)
{
	for (uint64_t i = 0; i < bytes; i += fill->pattern_bytes)
		memcpy(out + i, &fill->pattern, fill->pattern_bytes);
}

static enum road_step begin_fill(struct edu *edu, const struct road_cmd_fill *fill, uint64_t done)
{
	struct road_place place = fill->dst;
	uint64_t bytes = least(fill->bytes - done, EDU_TRANSFER_MAX);

	if (!inside(edu, &place)) {
		repeat(place.host, fill->bytes, fill);
		return ROAD_STEP_DONE;
	}
	repeat(edu->bounce.host, bytes, fill);
	place.address += done;
	return put(edu, &place, bytes);
}

static enum road_step begin_word(struct edu *edu, const struct road_cmd *command)
{
	uint64_t value = command->kind == ROAD_COMMAND_TIMESTAMP ?
				 edu->bus->ops->now_ns(edu->bus) :
				 command->word.value;

	memcpy(edu->bounce.host, &value, sizeof(value));
	return put(edu, &command->word.at, command->word.bytes);
}

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	struct edu *edu = edu_of(queue);

	switch (command->kind) {
	case ROAD_COMMAND_COPY: return begin_copy(edu, &command->copy, done);
	case ROAD_COMMAND_FILL: return begin_fill(edu, &command->fill, done);
	case ROAD_COMMAND_WRITE_VALUE:
	case ROAD_COMMAND_TIMESTAMP: return begin_word(edu, command);
	default: return ROAD_STEP_DONE; /* BARRIER: one thing at a time anyway */
	}
}

static uint64_t total_bytes(const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY:
		return command->copy.bytes * command->copy.rows * command->copy.slices;
	case ROAD_COMMAND_FILL: return command->fill.bytes;
	default: return command->word.bytes;
	}
}

static enum road_step check(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t *done, struct road_fault *fault)
{
	struct edu *edu = edu_of(queue);
	uint32_t running =
		road_read32(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND);

	(void)fault;
	if (running == UINT32_MAX && edu->bus->ops->lost(edu->bus)) {
		road_drv_device_lost(queue->dev);
		return ROAD_STEP_BUSY;
	}
	if (running & ROAD_EDU_DMA_START)
		return ROAD_STEP_BUSY;
	if (two_halves(edu, command)) {
		edu->second = !edu->second;
		if (edu->second) /* straight on: nobody else may use the bounce memory between */
			return begin(queue, command, *done);
	}
	*done += edu->part;
	return *done == total_bytes(command) ? ROAD_STEP_DONE : ROAD_STEP_BUSY;
}

static void abort_step(struct road_drv_queue *queue)
{
	struct edu *edu = edu_of(queue);

	edu->second = false;
	edu_idle(edu); /* it cannot be stopped, only awaited */
}

const struct road_step_ops edu_step_ops = {begin, check, abort_step};
