/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the chip `template` (uapi/template/regs.h), a ring port with all of its steps
 * written: what drivers/template/ring becomes, to compare with. Tests run it; no build ships it.
 */
#include <pthread.h>
#include <roadbed-driver/driver.h>
#include <roadbed-driver/registers.h>
#include <roadbed-driver/ring.h>
#include <roadbed-driver/window.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/regs.h"

#define RESET_NS UINT64_C(100000000) /* regs.h, STATUS: the most that a reset takes */
#define GRANULE  UINT64_C(64)        /* what one allocation is rounded to */

struct template_chip {
	struct road_bus *bus;
	struct road_window *memory; /* region 1 */
	pthread_mutex_t lock;       /* of all below */
	/* the chip's one queue */
	struct road_drv_queue *queue; /* NULL: closed */
	struct road_ring *ring;
	_Atomic bool running; /* it has a ring; read without the lock */
};

/* ---- 1: is it ours? ---- */

static road_status probe(struct road_bus *bus)
{
	return road_register_expect(bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_ID, TEMPLATE_ID,
				    "not this chip", "template: register ID");
}

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
	pthread_mutex_init(&t->lock, NULL);
	status = reset_chip(dev);
	if (!status)
		status = open_memory(dev, &t->memory);
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
	struct template_chip *t = dev->data;

	if (why != ROAD_STOP_LOST)
		(void)reset_chip(dev);
	road_window_close(t->memory);
	pthread_mutex_destroy(&t->lock);
	free(t);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct template_chip *t = dev->data;

	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 1;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 1;
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

/* ---- 4: commands as packets; pure in their inputs ---- */

/* A place as packets name it: a bus address, or an offset in the chip's memory. */
static uint64_t at(const struct template_chip *t, const struct road_place *place, uint64_t offset)
{
	return road_window_place(t->memory, place) + offset;
}

/* One packet a row. */
static int encode_copy(struct road_ring_encoder *encoder, const struct road_cmd_copy *copy)
{
	uint64_t rows = (uint64_t)copy->rows * copy->slices, row = encoder->resume;
	struct template_packet *out = encoder->packets;
	int count = 0;

	for (; row < rows && (uint32_t)count < encoder->packet_room; row++) {
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

static int encode_fill(struct road_ring_encoder *encoder, const struct road_cmd_fill *fill)
{
	uint64_t pattern = fill->pattern;

	for (uint32_t bytes = fill->pattern_bytes; bytes < 8; bytes *= 2)
		pattern = (pattern & ((UINT64_C(1) << bytes * 8) - 1)) | pattern << bytes * 8;
	*(struct template_packet *)encoder->packets = (struct template_packet){
		.op = TEMPLATE_FILL,
		.flags = fill->dst.bus ? TEMPLATE_DST_BUS : 0,
		.bytes = (uint32_t)fill->bytes,
		.dst = at(encoder->user, &fill->dst, 0),
		.src = pattern,
	};
	return 1;
}

static int encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return encode_copy(encoder, &command->copy);
	case ROAD_COMMAND_FILL: return encode_fill(encoder, &command->fill);
	default: return 0; /* a barrier: this chip keeps order; others are not in info.commands */
	}
}

static void encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	const struct template_chip *t = encoder->user;

	*(struct template_packet *)encoder->packets = (struct template_packet){
		.op = TEMPLATE_FENCE,
		.flags = TEMPLATE_DST_BUS,
		.bytes = sizeof(sequence),
		.dst = road_ring_word(t->ring).value,
		.src = sequence,
	};
}

static void doorbell(void *user, uint64_t tail)
{
	const struct template_chip *t = user;

	road_write64(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_TAIL, tail);
}

/* ---- 4: the queue; submit and advance are the ring helper's ---- */

static const struct road_ring_ops ring_ops = {
	.encode = encode,
	.encode_fence = encode_fence,
	.doorbell = doorbell,
};
static const struct road_ring_geometry geometry = {
	.packet_bytes = sizeof(struct template_packet),
	.packets = 1024,
	.packets_per_command = 64,
	.argument_align = 16, /* packets hold all: argument_bytes is 0 */
	.header_bytes = 2,
	.header_empty = TEMPLATE_EMPTY,
};

/* Under the lock. The chip is told where its ring is and starts at packet 0. */
static void give_ring(struct template_chip *t)
{
	road_write64(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_RING,
		     road_ring_iova(t->ring).value);
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_PACKETS, geometry.packets);
	atomic_store(&t->running, true);
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct template_chip *t = queue->dev->data;
	road_status status;

	pthread_mutex_lock(&t->lock);
	status = road_ring_create(t->bus, &geometry, &ring_ops, t, queue->depth, NULL, &t->ring);
	if (!status) {
		give_ring(t);
		t->queue = queue;
	}
	pthread_mutex_unlock(&t->lock);
	return status;
}

/* The reset's read of STATUS pushes its write: then the chip touches nothing of the ring. */
static void queue_close(struct road_drv_queue *queue)
{
	struct template_chip *t = queue->dev->data;

	pthread_mutex_lock(&t->lock);
	atomic_store(&t->running, false);
	(void)reset_chip(queue->dev);
	road_ring_destroy(t->ring);
	t->queue = NULL;
	pthread_mutex_unlock(&t->lock);
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct template_chip *t = queue->dev->data;

	if (!atomic_load(&t->running))
		return road_drv_error(ROAD_CANCELLED, "the device was reset", "road_queue_submit",
				      NULL, "road_queue_reset first");
	return road_ring_submit(t->ring, submission);
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	const struct template_chip *t = queue->dev->data;

	road_ring_advance(t->ring, out);
}

/* ---- 7: faults and resets ---- */

/* Under the lock: the queue stopped at a packet; what came before it has completed. */
static void take_fault(struct template_chip *t)
{
	bool address = road_read32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_FAULT) ==
		       TEMPLATE_FAULT_ADDRESS;
	uint64_t packet = road_read64(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_FAULT_PACKET);
	struct road_fault fault = {.size = sizeof(fault),
				   .kind = address ? ROAD_FAULT_MEMORY : ROAD_FAULT_PACKET};

	snprintf(fault.text, sizeof(fault.text), "the chip stopped at packet %llu: %s",
		 (unsigned long long)packet, address ? "no memory at its address" : "malformed");
	road_ring_fail(t->ring, packet, ROAD_FAULT, &fault);
}

static void irq(struct road_drv_device *dev, uint32_t vector)
{
	struct template_chip *t = dev->data;
	uint32_t status;

	(void)vector;
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_IRQ, 1);
	pthread_mutex_lock(&t->lock);
	status = road_read32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_STATUS);
	if (t->queue && status != UINT32_MAX && status & TEMPLATE_STATUS_FAULTED)
		take_fault(t);
	if (t->queue)
		road_drv_queue_ready(t->queue);
	pthread_mutex_unlock(&t->lock);
}

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct template_chip *t = queue->dev->data;
	road_status status;

	pthread_mutex_lock(&t->lock);
	status = reset_chip(queue->dev);
	if (!status) {
		road_ring_reset(t->ring);
		give_ring(t);
	}
	pthread_mutex_unlock(&t->lock);
	return status;
}

/* All queues stop, and stay so until each is reset. */
static road_status reset(struct road_drv_device *dev)
{
	struct template_chip *t = dev->data;
	road_status status;

	pthread_mutex_lock(&t->lock);
	atomic_store(&t->running, false);
	status = reset_chip(dev);
	pthread_mutex_unlock(&t->lock);
	return status;
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
