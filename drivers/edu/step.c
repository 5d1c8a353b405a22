/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps 4 and 5, commands as transfers. The engine moves bytes between host memory and the device's
 * buffer, no other way; so a copy within the buffer passes through host memory of the driver, and
 * one within host memory through the scratch in the buffer: two transfers (legs) a part. Fills and
 * words are prepared in the driver's host memory and copied from there.
 */
#include "drivers/edu/edu.h"

#include <string.h>

/* One end of a part, as the engine addresses it. */
struct end {
	uint64_t address;
	bool inside; /* in the device's buffer; else on the bus */
};

static struct edu *edu_of(const struct road_drv_queue *queue)
{
	return queue->dev->data;
}

static bool is_inside(const struct edu *edu, const struct road_place *place)
{
	return !place->bus && place->address - edu->window < EDU_HEAP_BYTES;
}

/* False: the engine does not reach all of these bytes. */
static bool find_end(struct edu *edu, const struct road_place *place, uint64_t bytes,
		     struct end *out)
{
	out->inside = is_inside(edu, place);
	if (out->inside) {
		uint64_t offset = place->address - edu->window;

		out->address = ROAD_EDU_BUFFER + offset;
		return bytes <= EDU_HEAP_BYTES - offset;
	}
	out->address = place->address;
	if (!place->bus && !edu_host_iova(edu, place->address, bytes, &out->address))
		return false;
	return edu_reaches(out->address, bytes);
}

/* One transfer; its end raises an interrupt. */
static void transfer(struct edu *edu, const struct edu_leg *leg, uint64_t bytes)
{
	uint32_t command = ROAD_EDU_DMA_START | ROAD_EDU_DMA_IRQ;

	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_SOURCE, leg->source);
	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_TARGET, leg->target);
	road_write64(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COUNT, bytes);
	road_write32(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND,
		     command | (leg->to_host ? ROAD_EDU_DMA_TO_HOST : 0u));
}

/* The most bytes of one part between places like these. */
static uint64_t part_max(bool src_inside, bool dst_inside)
{
	return src_inside || dst_inside ? EDU_TRANSFER_MAX : EDU_SCRATCH_BYTES;
}

/* Starts `bytes` from src to dst: in one transfer, or the first of two. */
static enum road_step start_part(struct edu *edu, const struct road_place *src,
				 const struct road_place *dst, uint64_t bytes)
{
	struct end from, to;

	if (!find_end(edu, src, bytes, &from) || !find_end(edu, dst, bytes, &to))
		return ROAD_STEP_FAILED;
	struct edu_leg leg = {from.address, to.address, from.inside};

	edu->part = bytes;
	edu->has_second = from.inside == to.inside;
	if (edu->has_second) {
		leg.target = from.inside ? edu->bounce.iova.value : EDU_SCRATCH;
		edu->second = (struct edu_leg){leg.target, to.address, !leg.to_host};
	}
	transfer(edu, &leg, bytes);
	return ROAD_STEP_BUSY;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- 4: copy ---- */

/* Byte `index` of a box, counted without what lies between its rows. */
static struct road_place place_at(const struct road_place *base, uint64_t row_pitch,
				  uint64_t slice_pitch, const struct road_cmd_copy *copy,
				  uint64_t index)
{
	uint64_t row = index / copy->bytes, slice = row / copy->rows;
	uint64_t offset = slice * slice_pitch + row % copy->rows * row_pitch + index % copy->bytes;

	return (struct road_place){.address = base->address + offset, .bus = base->bus};
}

/* A line that moves up over itself is copied from its end, so that each part is read before it is
 * written over. */
static bool is_backwards(const struct road_cmd_copy *copy)
{
	return copy->rows == 1 && copy->slices == 1 && copy->dst.bus == copy->src.bus &&
	       copy->dst.address > copy->src.address &&
	       copy->dst.address - copy->src.address < copy->bytes;
}

static enum road_step begin_copy(struct edu *edu, const struct road_cmd_copy *copy, uint64_t done)
{
	uint64_t bytes = least(copy->bytes - done % copy->bytes,
			       part_max(is_inside(edu, &copy->src), is_inside(edu, &copy->dst)));
	uint64_t index = is_backwards(copy) ? copy->bytes - done - bytes : done;
	struct road_place dst =
		place_at(&copy->dst, copy->dst_row_pitch, copy->dst_slice_pitch, copy, index);
	struct road_place src =
		place_at(&copy->src, copy->src_row_pitch, copy->src_slice_pitch, copy, index);

	return start_part(edu, &src, &dst, bytes);
}

/* ---- 4: fill and words ---- */

/* The first bytes of the driver's host memory to a place. */
static enum road_step put(struct edu *edu, const struct road_place *dst, uint64_t bytes)
{
	const struct road_place src = {.address = edu->bounce.iova.value, .bus = true};

	edu->bus->ops->dma_sync(edu->bus, &edu->bounce, 0, bytes, ROAD_DMA_TO_DEVICE);
	return start_part(edu, &src, dst, bytes);
}

static enum road_step begin_fill(struct edu *edu, const struct road_cmd_fill *fill, uint64_t done)
{
	const struct road_place dst = {.address = fill->dst.address + done, .bus = fill->dst.bus};
	uint64_t bytes = least(fill->bytes - done, part_max(false, is_inside(edu, &fill->dst)));
	char *out = edu->bounce.host;

	/* Parts are multiples of every pattern's size, so that each begins with a whole one. */
	for (uint64_t i = 0; i < bytes; i += fill->pattern_bytes)
		memcpy(out + i, &fill->pattern, fill->pattern_bytes);
	return put(edu, &dst, bytes);
}

static enum road_step begin_word(struct edu *edu, const struct road_cmd_word *word, uint64_t value)
{
	memcpy(edu->bounce.host, &value, sizeof(value)); /* little endian, like the device */
	return put(edu, &word->at, word->bytes);
}

static enum road_step begin(struct road_drv_queue *queue, const struct road_cmd *command,
			    uint64_t done)
{
	struct edu *edu = edu_of(queue);

	switch (command->kind) {
	case ROAD_COMMAND_COPY: return begin_copy(edu, &command->copy, done);
	case ROAD_COMMAND_FILL: return begin_fill(edu, &command->fill, done);
	case ROAD_COMMAND_WRITE_VALUE: return begin_word(edu, &command->word, command->word.value);
	case ROAD_COMMAND_TIMESTAMP:
		return begin_word(edu, &command->word, edu->bus->ops->now_ns(edu->bus));
	case ROAD_COMMAND_BARRIER: return ROAD_STEP_DONE; /* one thing at a time anyway */
	default: return ROAD_STEP_FAILED;
	}
}

/* ---- 5: has it ended? ---- */

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
	uint32_t running = road_read32(edu->bus, ROAD_EDU_REGION, ROAD_EDU_REG_DMA_COMMAND);

	(void)fault;                 /* the engine knows no errors */
	if (running == UINT32_MAX) { /* no legal value: the core fails what is lost */
		if (edu->bus->ops->lost(edu->bus))
			road_drv_device_lost(queue->dev);
		return ROAD_STEP_BUSY;
	}
	if (running & ROAD_EDU_DMA_START)
		return ROAD_STEP_BUSY;
	if (edu->has_second) { /* straight on: nobody else may use what lies between */
		edu->has_second = false;
		transfer(edu, &edu->second, edu->part);
		return ROAD_STEP_BUSY;
	}
	*done += edu->part;
	return *done >= total_bytes(command) ? ROAD_STEP_DONE : ROAD_STEP_BUSY;
}

static void abort_step(struct road_drv_queue *queue)
{
	struct edu *edu = edu_of(queue);

	edu->has_second = false;
	edu_idle(edu); /* it cannot be stopped, only awaited */
}

const struct road_step_ops edu_step_ops = {begin, check, abort_step};
