/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest ring port, to copy. It moves data: COPY, FILL. What to change is marked PORT.
 *
 *	probe, start, stop, info     is it ours; up; down; what is it
 *	queue_open, queue_close      give the chip a ring; take it back
 *	encode, doorbell             a command as packets; tell the chip
 *
 * and alloc, free of memory. submit and advance are the ring helper's. Kernels need three functions
 * more: load, unload, kernel (struct road_image_ops). Rules that no compiler checks:
 *
 *   - probe writes nothing. start waits on the bus's clock, with a deadline.
 *   - completion comes from memory, never from polling a register.
 *   - a write to a register is posted: read one back before what it points at is freed.
 *   - memory is zero when it is handed out.
 *   - every error says what was seen and what would be right.
 */
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/template/chip.h"

#define REGS     0u
#define MEMORY   1u
#define DEADLINE UINT64_C(100000000) /* ns: PORT: what the data sheet allows for a reset */
#define GRANULE  UINT64_C(64)        /* PORT: what one allocation is rounded to */

struct template
{
	struct road_bus *bus;
	uint32_t memory_bytes;
	char *memory;    /* region 1, mapped */
	uint64_t window; /* device addresses are window + offset: they mean one thing in the process
			  */
	pthread_mutex_t lock; /* of heap and queue */
	struct road_ranges *heap;
	struct road_drv_queue *queue; /* the one that is open */
	struct road_ring *ring;
	struct road_dma completion;
};

/* ---- bring-up ---- */

static road_status probe(struct road_bus *bus)
{
	uint32_t id = road_read32(bus, REGS, TEMPLATE_REG_ID);
	char seen[16];

	if (id == TEMPLATE_ID)
		return ROAD_OK;
	snprintf(seen, sizeof(seen), "0x%08x", id);
	return road_drv_error(ROAD_UNSUPPORTED, "not the template's chip", "template: register ID",
			      seen, "0x504d4554");
}

/* Data sheet: ready within 100 ms. All ones is no legal status: the chip may be gone. */
static road_status reset_chip(struct template *t)
{
	struct road_bus *bus = t->bus;
	uint64_t deadline = bus->ops->now_ns(bus) + DEADLINE;

	road_write32(bus, REGS, TEMPLATE_REG_RESET, 1);
	for (;;) {
		uint64_t now = bus->ops->now_ns(bus);
		uint32_t status = road_read32(bus, REGS, TEMPLATE_REG_STATUS);

		if (bus->ops->lost(bus))
			return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "template",
					      NULL, NULL);
		if (status & TEMPLATE_READY)
			return ROAD_OK;
		if (now >= deadline)
			return road_drv_errorf(ROAD_TIMEOUT, "template: STATUS",
					       "status stays 0x%x, awaited bit 0", status);
		bus->ops->relax(bus, deadline);
	}
}

static road_status map_memory(struct template *t)
{
	void *memory;
	road_status status;

	t->memory_bytes = road_read32(t->bus, REGS, TEMPLATE_REG_MEMORY_BYTES);
	if (t->memory_bytes < GRANULE || t->memory_bytes == UINT32_MAX)
		return road_drv_errorf(ROAD_UNSUPPORTED, "template: MEMORY_BYTES",
				       "the chip says it has %u bytes", t->memory_bytes);
	status = t->bus->ops->region_map(t->bus, MEMORY, 0, t->memory_bytes, &memory);
	if (status)
		return status;
	t->memory = memory;
	status = road_va_reserve(t->memory_bytes, 4096, &t->window);
	if (status)
		goto unmap;
	status = road_ranges_create(0, t->memory_bytes, GRANULE, &t->heap);
	if (status)
		goto release;
	return ROAD_OK;
release:
	road_va_release(t->window, t->memory_bytes);
unmap:
	t->bus->ops->region_unmap(t->bus, memory, t->memory_bytes);
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct template *t = calloc(1, sizeof(*t));
	road_status status;

	(void)options; /* PORT: own options, if there are any */
	if (!t)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a device",
				      "road_device_open", NULL, NULL);
	t->bus = dev->bus;
	pthread_mutex_init(&t->lock, NULL);
	status = reset_chip(t);
	if (!status)
		status = map_memory(t);
	if (status) {
		pthread_mutex_destroy(&t->lock);
		free(t);
		return status;
	}
	dev->data = t;
	return ROAD_OK;
}

static void stop(struct road_drv_device *dev, enum road_stop_reason why)
{
	struct template *t = dev->data;

	if (why != ROAD_STOP_LOST)
		(void)reset_chip(t);
	road_ranges_destroy(t->heap);
	road_va_release(t->window, t->memory_bytes);
	t->bus->ops->region_unmap(t->bus, t->memory, t->memory_bytes);
	pthread_mutex_destroy(&t->lock);
	free(t);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct template *t = dev->data;

	out->device_class = ROAD_CLASS_OTHER; /* PORT */
	out->heap_count = 1;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 1;
	out->queue_depth_max = 64;
	out->memory_bytes = t->memory_bytes;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL;
	out->features = ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT;
}

/* ---- commands as packets: pure in their inputs, so tested by their bytes without a chip ---- */

/* The chip's view of a place, and whether it is a bus address. */
static uint64_t at(const struct template *t, const struct road_place *place, uint64_t offset)
{
	return place->bus ? place->address + offset : place->address - t->window + offset;
}

static int encode_copy(struct road_ring_encoder *encoder, const struct road_cmd_copy *copy)
{
	uint64_t rows = (uint64_t)copy->rows * copy->slices, row = encoder->resume;
	struct template_packet *out = encoder->packets;
	int count = 0;

	for (; row < rows && (uint32_t)count < encoder->packet_room; row++) { /* one a row */
		uint64_t slice = row / copy->rows, line = row % copy->rows;

		out[count++] = (struct template_packet){
			.op = TEMPLATE_COPY,
			.flags = (uint16_t)((copy->dst.bus ? TEMPLATE_DST_BUS : 0u) |
					    (copy->src.bus ? TEMPLATE_SRC_BUS : 0u)),
			.bytes = (uint32_t)copy->bytes, /* fits: the memory has 32 bits */
			.dst = at(encoder->user, &copy->dst,
				  slice * copy->dst_slice_pitch + line * copy->dst_row_pitch),
			.src = at(encoder->user, &copy->src,
				  slice * copy->src_slice_pitch + line * copy->src_row_pitch),
		};
	}
	encoder->resume = row < rows ? row : 0; /* called again for the rest */
	return count;
}

/* This chip repeats one byte: a pattern of unequal ones takes a packet for each byte. */
static int encode_fill(struct road_ring_encoder *encoder, const struct road_cmd_fill *fill)
{
	const unsigned char *pattern = (const unsigned char *)&fill->pattern;
	struct template_packet *out = encoder->packets;
	uint64_t byte = encoder->resume, bytes = fill->bytes;
	bool plain = true;
	int count = 0;

	for (uint32_t i = 1; i < fill->pattern_bytes; i++)
		plain &= pattern[i] == pattern[0];
	for (; byte < (plain ? 1 : bytes) && (uint32_t)count < encoder->packet_room; byte++)
		out[count++] = (struct template_packet){
			.op = TEMPLATE_FILL,
			.flags = fill->dst.bus ? TEMPLATE_DST_BUS : 0,
			.bytes = plain ? (uint32_t)bytes : 1,
			.dst = at(encoder->user, &fill->dst, byte),
			.src = pattern[byte % fill->pattern_bytes],
		};
	encoder->resume = byte < (plain ? 1 : bytes) ? byte : 0;
	return count;
}

/* Only what info.commands names arrives; a barrier needs no packet, this chip keeps order. */
static int encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return encode_copy(encoder, &command->copy);
	case ROAD_COMMAND_FILL: return encode_fill(encoder, &command->fill);
	default: return 0;
	}
}

static void encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	const struct template *t = encoder->user;

	*(struct template_packet *)encoder->packets = (struct template_packet){
		.op = TEMPLATE_FENCE,
		.flags = TEMPLATE_DST_BUS,
		.bytes = 8,
		.dst = t->completion.iova.value,
		.src = sequence,
	};
}

static void doorbell(void *user, uint64_t tail)
{
	const struct template *t = user;

	road_write64(t->bus, REGS, TEMPLATE_REG_TAIL64, tail);
}

/* ---- the queue ---- */

static const struct road_ring_ops ring_ops = {encode, encode_fence, doorbell};
static const struct road_ring_geometry geometry = {
	.packet_bytes = sizeof(struct template_packet),
	.packets = 256,
	.packets_per_command = 8,
	.argument_align = 16, /* no arguments: argument_bytes is 0 */
	.header_bytes = 2,
	.header_empty = TEMPLATE_EMPTY,
};

static road_status queue_open(struct road_drv_queue *queue)
{
	struct template *t = queue->dev->data;
	road_status status = ROAD_OK;

	pthread_mutex_lock(&t->lock);
	if (t->queue)
		status = road_drv_error(ROAD_NO_SPACE, "the chip's only queue is in use",
					"road_queue_create", "1", "1");
	if (!status)
		status = t->bus->ops->dma_alloc(t->bus, sizeof(uint64_t), &t->completion);
	if (status)
		goto unlock;
	status = road_ring_create(t->bus, &geometry, &ring_ops, t, queue->depth, t->completion.host,
				  &t->ring);
	if (status) {
		t->bus->ops->dma_free(t->bus, &t->completion);
		goto unlock;
	}
	road_write64(t->bus, REGS, TEMPLATE_REG_RING64, road_ring_iova(t->ring).value);
	road_write32(t->bus, REGS, TEMPLATE_REG_PACKETS, geometry.packets);
	t->queue = queue;
unlock:
	pthread_mutex_unlock(&t->lock);
	return status;
}

/* The reset's read of STATUS pushes its write: then the chip touches nothing of the ring. */
static void queue_close(struct road_drv_queue *queue)
{
	struct template *t = queue->dev->data;

	pthread_mutex_lock(&t->lock);
	(void)reset_chip(t);
	road_ring_destroy(t->ring);
	t->bus->ops->dma_free(t->bus, &t->completion);
	t->queue = NULL;
	pthread_mutex_unlock(&t->lock);
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	const struct template *t = queue->dev->data;

	return road_ring_submit(t->ring, submission);
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct template *t = queue->dev->data;

	t->bus->ops->dma_sync(t->bus, &t->completion, 0, sizeof(uint64_t), ROAD_DMA_TO_HOST);
	*out = (struct road_drv_progress){.completed = road_ring_completed(t->ring),
					  .failed_from = UINT64_MAX};
	/* PORT: a chip that reports faults fills failed_from, status and fault:
	 * road_ring_sequence_of(ring, packet) tells which submission a packet belongs to. */
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	struct template *t = dev->data;

	(void)vector;
	road_write32(t->bus, REGS, TEMPLATE_REG_IRQ, 1);
	pthread_mutex_lock(&t->lock);
	if (t->queue)
		road_drv_queue_ready(t->queue);
	pthread_mutex_unlock(&t->lock);
}

/* ---- memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	struct template *t = dev->data;

	if (index)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	pthread_mutex_lock(&t->lock);
	*out = (struct road_heap_info){.size = sizeof(*out),
				       .kind = ROAD_HEAP_DEVICE_VISIBLE,
				       .bytes = t->memory_bytes,
				       .used_bytes = road_ranges_used(t->heap),
				       .granule_bytes = GRANULE,
				       .host_visible = 1,
				       .coherent = 1};
	pthread_mutex_unlock(&t->lock);
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	struct template *t = buffer->space->dev->data;
	uint64_t offset;

	if (buffer->heap != ROAD_HEAP_DEVICE_VISIBLE)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_buffer_create: options.heap",
				       "no heap of kind %u", buffer->heap);
	pthread_mutex_lock(&t->lock);
	road_status status =
		road_ranges_alloc(t->heap, buffer->bytes, buffer->alignment, &offset, NULL);

	pthread_mutex_unlock(&t->lock);
	if (status)
		return status;
	memset(t->memory + offset, 0, buffer->bytes); /* whatever its last owner left there */
	buffer->address = t->window + offset;
	buffer->host = t->memory + offset; /* always mapped: no map function is needed */
	return ROAD_OK;
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	struct template *t = buffer->space->dev->data;

	pthread_mutex_lock(&t->lock);
	road_ranges_free(t->heap, buffer->address - t->window, buffer->bytes);
	pthread_mutex_unlock(&t->lock);
}

/* ---- the table; a missing slot gets a default or answers UNSUPPORTED ---- */

static const struct road_driver_ops ops = {
	.probe = probe,
	.start = start,
	.stop = stop,
	.info = info,
	.queue_open = queue_open,
	.queue_close = queue_close,
	.submit = submit,
	.advance = advance,
	.irq = irq,
};
static const struct road_memory_ops memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};

/* PORT: meson's driver_names lists `template`, and this name follows from it. */
extern const struct road_driver road_driver_template;
const struct road_driver road_driver_template = {
	.abi = ROAD_DRIVER_ABI,
	.name = "template",
	.compatible = "roadbed,template",
	.ops = &ops,
	.memory = &memory_ops,
};
