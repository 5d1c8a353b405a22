/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the chip `template` (uapi/template/regs.h), a ring port: packets in memory, a
 * doorbell, a word in memory that says what completed. What is the same for every chip is written;
 * what is yours says PORT_TODO with its step of docs/porting.md. `PORT:` marks what to look over.
 *
 * Rules that no compiler checks:
 *
 *   - probe writes nothing. Waits are on the bus's clock, with a deadline.
 *   - completion comes from memory, never from polling a register.
 *   - a write to a register is posted: read one back before what it points at is freed.
 *   - memory is zero when it is handed out.
 *   - every error says where, what was seen and what would be right.
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
	pthread_mutex_t lock;       /* of all below */
	/* the chip's one queue */
	struct road_drv_queue *queue; /* NULL: closed */
	struct road_ring *ring;
	_Atomic bool running; /* it has a ring; read without the lock */
};

/* ---- 1: is it ours? ---- */

static road_status probe(struct road_bus *bus)
{
	(void)bus;
	return PORT_TODO(1, "read the identity register and compare it");
}

/* ---- 2: up, down, what it is ---- */

/* Called by start and stop, and later when queues close. Leaves the chip idle: it reads and writes
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
	pthread_mutex_init(&t->lock, NULL);
	status = reset_chip(dev);
	/* Step 3 opens the memory here. */
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

/* PORT: only what is written and works; from registers where there are any. */
static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	(void)dev;
	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 0; /* step 3: 1 */
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = 1;
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

/* ---- 4: commands as packets; pure in their inputs ---- */

/* Rows of rows: as many packets as encoder->packet_room takes, and what is left in encoder->resume.
 */
static int encode_copy(struct road_ring_encoder *encoder, const struct road_cmd_copy *copy)
{
	(void)encoder;
	(void)copy;
	return PORT_TODO(4, "encode COPY as packets");
}

static int encode_fill(struct road_ring_encoder *encoder, const struct road_cmd_fill *fill)
{
	(void)encoder;
	(void)fill;
	return PORT_TODO(4, "encode FILL as packets");
}

static int encode(struct road_ring_encoder *encoder, const struct road_cmd *command)
{
	switch (command->kind) {
	case ROAD_COMMAND_COPY: return encode_copy(encoder, &command->copy);
	case ROAD_COMMAND_FILL: return encode_fill(encoder, &command->fill);
	default: return 0; /* a barrier: this chip keeps order; others are not in info.commands */
	}
}

/* One packet that stores `sequence` to road_ring_word() when all before it is done, and raises the
 * interrupt. */
static void encode_fence(struct road_ring_encoder *encoder, uint64_t sequence)
{
	(void)encoder; /* step 4 */
	(void)sequence;
}

/* Packets up to `tail`, counted since the ring was given, are there to be read. */
static void doorbell(void *user, uint64_t tail)
{
	(void)user; /* step 4 */
	(void)tail;
}

/* ---- 4: the queue; submit and advance are the ring helper's ---- */

static const struct road_ring_ops ring_ops = {
	.encode = encode,
	.encode_fence = encode_fence,
	.doorbell = doorbell,
};
static const struct road_ring_geometry geometry = {
	/* PORT: the ring as the data sheet has it */
	.packet_bytes = sizeof(struct template_packet),
	.packets = 1024,
	.packets_per_command = 64,
	.argument_align = 16, /* packets hold all: argument_bytes is 0 */
	.header_bytes = 2,
	.header_empty = TEMPLATE_EMPTY,
};

/* Under the lock. Tells the chip where its ring is; it starts at packet 0. */
static road_status give_ring(struct template_chip *t)
{
	road_status status = PORT_TODO(4, "tell the chip where its ring is");

	atomic_store(&t->running, !status);
	return status;
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct template_chip *t = queue->dev->data;
	road_status status;

	pthread_mutex_lock(&t->lock);
	status = road_ring_create(t->bus, &geometry, &ring_ops, t, queue->depth, NULL, &t->ring);
	if (!status) {
		status = give_ring(t);
		if (status)
			road_ring_destroy(t->ring);
		else
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
	(void)submission;
	return PORT_TODO(4, "write fence and doorbell, then submit");
}

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	(void)queue;
	*out = (struct road_drv_progress){
		.failed_from = 1,
		.status = ROAD_UNSUPPORTED,
		.fault.text = PORT_TEXT(5, "look over irq(), then road_ring_advance()", "advance"),
	};
}

/* PORT: the acknowledging write. Step 7 looks here whether the queue stopped on a fault. */
static void irq(struct road_drv_device *dev, uint32_t vector)
{
	struct template_chip *t = dev->data;

	(void)vector;
	road_write32(t->bus, TEMPLATE_REGION_REGS, TEMPLATE_REG_IRQ, 1);
	pthread_mutex_lock(&t->lock);
	if (t->queue)
		road_drv_queue_ready(t->queue);
	pthread_mutex_unlock(&t->lock);
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
	(void)queue;
	return PORT_TODO(7, "stop the queue, forget its work, start it again");
}

/* All queues stop, and stay so until each is reset. */
static road_status reset(struct road_drv_device *dev)
{
	(void)dev;
	return PORT_TODO(7, "reset the chip; queues stay stopped until each is reset");
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
