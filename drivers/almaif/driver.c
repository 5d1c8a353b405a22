/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixed-function accelerators behind AlmaIF 3 (uapi/almaif/regs.h): a ring in the chip's own memory
 * of any length, a word of completion a packet, no interrupt. Who waits looks (wait_for).
 *
 * The chip has to reach the host's memory: what a program writes and reads goes by a built-in
 * kernel of the chip, so that it is in order with everything else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/almaif/almaif.h"

#define RESET_NS UINT64_C(100000000) /* the interface names no limit */
#define LOOK_NS  UINT64_C(20000)     /* between two looks at what completed */
#define GRANULE  UINT64_C(64)        /* of allocations */
#define PAGE     UINT64_C(4096)      /* of mappings */
#define DEPTH    64u

#define TEST_BYTES (UINT64_C(64) << 20)

enum { PACKETS_MAX = 4096, ARGUMENT_BYTES = 16384 };

/* ---- 1: is it ours? ---- */

static uint32_t reg(struct road_bus *bus, enum almaif_reg offset)
{
	return road_read32(bus, ALMAIF_REGION_REGS, offset);
}

static uint64_t reg_wide(struct road_bus *bus, enum almaif_reg low)
{
	return reg(bus, low) | (uint64_t)road_read32(bus, ALMAIF_REGION_REGS, low + 4u) << 32;
}

static road_status probe(struct road_bus *bus)
{
	uint32_t type = reg(bus, ALMAIF_REG_INTERFACE_TYPE), bytes = reg(bus, ALMAIF_REG_CTRL_SIZE);

	if (type == ALMAIF_INTERFACE && bytes == ALMAIF_REGS_BYTES)
		return ROAD_OK;
	if (bus->ops->lost(bus))
		return road_drv_error(ROAD_DEVICE_LOST, "the device is gone", "almaif", NULL, NULL);
	return road_drv_errorf(ROAD_UNSUPPORTED, "almaif: INTERFACE_TYPE, CTRL_SIZE",
			       "0x%x, %u; this driver knows 3, 1024", type, bytes);
}

/* ---- 2: up, down, what it is ---- */

static void command(struct road_bus *bus, uint32_t value)
{
	road_write32(bus, ALMAIF_REGION_REGS, ALMAIF_REG_COMMAND, value);
}

/* Leaves the chip in reset: it touches no memory. */
static road_status reset_chip(struct road_drv_device *dev)
{
	command(dev->bus, ALMAIF_COMMAND_RESET);
	return road_register_await(dev, ALMAIF_REGION_REGS, ALMAIF_REG_STATUS, ALMAIF_STATUS_RESET,
				   ALMAIF_STATUS_RESET, RESET_NS, "almaif: register STATUS");
}

static uint32_t ring_packets(const struct almaif_chip *t)
{
	uint64_t packets = t->queue_bytes / sizeof(struct almaif_dispatch) - 1;

	return packets < PACKETS_MAX ? (uint32_t)packets : PACKETS_MAX;
}

/* Registers, for what this driver needs of a chip. */
static road_status size_up(struct road_drv_device *dev, struct almaif_chip *t)
{
	uint64_t features = reg_wide(t->bus, ALMAIF_REG_FEATURES_LOW);
	uint32_t word = reg(t->bus, ALMAIF_REG_PTR_SIZE);

	t->queue_bytes = reg_wide(t->bus, ALMAIF_REG_CQMEM_SIZE_LOW);
	t->places.bytes = reg_wide(t->bus, ALMAIF_REG_DMEM_SIZE_LOW);
	t->places.start = reg_wide(t->bus, ALMAIF_REG_DMEM_START_LOW);
	t->queue_start = reg_wide(t->bus, ALMAIF_REG_CQMEM_START_LOW);
	road_status status = road_drv_alive(dev, "almaif");

	if (status)
		return status;
	if (!(features & ALMAIF_FEATURE_MASTER) || word != sizeof(uint64_t))
		return road_drv_errorf(ROAD_UNSUPPORTED, "almaif: FEATURE_FLAGS, PTR_SIZE",
				       "0x%llx, %u; needed: bit 0 (reaches the host's memory), 8",
				       (unsigned long long)features, word);
	if (t->queue_bytes < 3 * sizeof(struct almaif_dispatch)) /* its header and two packets */
		return road_drv_errorf(ROAD_IO, "almaif: CQMEM_SIZE", "%llu; at least 192",
				       (unsigned long long)t->queue_bytes);
	t->reserved_bytes = ARGUMENT_BYTES + ring_packets(t) * sizeof(struct almaif_meta);
	t->reserved_bytes = (t->reserved_bytes + PAGE - 1) & ~(PAGE - 1);
	t->places.bytes &= ~(PAGE - 1);
	if (t->places.bytes <= t->reserved_bytes)
		return road_drv_errorf(
			ROAD_IO, "almaif: DMEM_SIZE", "%llu; the driver alone needs %llu",
			(unsigned long long)t->places.bytes, (unsigned long long)t->reserved_bytes);
	t->places.bytes -= t->reserved_bytes;
	t->places.metas = t->places.start + t->places.bytes + ARGUMENT_BYTES;
	return ROAD_OK;
}

static road_status map_memory(struct almaif_chip *t)
{
	const struct road_bus_ops *bus = t->bus->ops;
	void *queue, *reserved;
	road_status status =
		bus->region_map(t->bus, ALMAIF_REGION_QUEUE, 0, t->queue_bytes, &queue);

	if (status)
		return status;
	status = bus->region_map(t->bus, ALMAIF_REGION_DATA, t->places.bytes, t->reserved_bytes,
				 &reserved);
	if (status)
		goto unmap_queue;
	status = road_window_open(t->bus, ALMAIF_REGION_DATA, 0, t->places.bytes, GRANULE,
				  &t->memory);
	if (status)
		goto unmap_reserved;
	t->places.window = road_window_address(t->memory);
	t->places.names = calloc(ring_packets(t), sizeof(*t->places.names));
	if (!t->places.names) {
		status = road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver",
					"almaif", NULL, NULL);
		goto close_window;
	}
	t->queue_memory = queue;
	t->reserved = reserved;
	return ROAD_OK;
close_window:
	road_window_close(t->memory);
unmap_reserved:
	bus->region_unmap(t->bus, reserved, t->reserved_bytes);
unmap_queue:
	bus->region_unmap(t->bus, queue, t->queue_bytes);
	return status;
}

static road_status start(struct road_drv_device *dev, const char *options)
{
	struct almaif_chip *t = calloc(1, sizeof(*t));
	road_status status;

	(void)options; /* what stands behind '?' is the simulator's; this driver has none */
	if (!t)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for the driver", "almaif",
				      NULL, NULL);
	t->bus = dev->bus;
	pthread_mutex_init(&t->lock, NULL);
	status = reset_chip(dev);
	if (!status)
		status = size_up(dev, t);
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
	struct almaif_chip *t = dev->data;

	if (why != ROAD_STOP_LOST)
		(void)reset_chip(dev);
	road_window_close(t->memory);
	t->bus->ops->region_unmap(t->bus, t->reserved, t->reserved_bytes);
	t->bus->ops->region_unmap(t->bus, t->queue_memory, t->queue_bytes);
	pthread_mutex_destroy(&t->lock);
	free(t->places.names);
	free(t);
	dev->data = NULL;
}

static void info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct almaif_chip *t = dev->data;

	out->device_class = ROAD_CLASS_OTHER;
	out->heap_count = 1;
	out->queue_classes = 1u << ROAD_QUEUE_TRANSFER | 1u << ROAD_QUEUE_COMPUTE;
	out->queues_max = 1;
	out->queue_depth_max = DEPTH;
	out->memory_bytes = t->places.bytes;
	out->commands = 1u << ROAD_COMMAND_COPY | 1u << ROAD_COMMAND_FILL |
			1u << ROAD_COMMAND_LAUNCH | 1u << ROAD_COMMAND_WRITE_VALUE |
			1u << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_UNIFIED_ADDRESS | ROAD_FEATURE_COHERENT |
			ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_IMAGES;
	/* Such chips are small; a test's sizes are made for 64 MiB. */
	out->test_scale = (uint32_t)(TEST_BYTES / out->memory_bytes) + 1;
}

static const struct {
	const char *name;
	enum almaif_reg reg;
	bool wide; /* its high word is the next register */
} properties[] = {
	{"almaif.device_class", ALMAIF_REG_DEVICE_CLASS, false},
	{"almaif.device_id", ALMAIF_REG_DEVICE_ID, false},
	{"almaif.cores", ALMAIF_REG_CORE_COUNT, false},
	{"almaif.features", ALMAIF_REG_FEATURES_LOW, true},
};

static road_status property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	uint32_t row = index - 1;

	out->id = index + 1;
	if (!index) {
		snprintf(out->name, sizeof(out->name), "address.unified");
		out->type = ROAD_VALUE_BOOL;
		out->source = ROAD_SOURCE_COMPUTED;
		out->u64 = 1;
		return ROAD_OK;
	}
	if (row >= sizeof(properties) / sizeof(properties[0]))
		return ROAD_NOT_FOUND;
	snprintf(out->name, sizeof(out->name), "%s", properties[row].name);
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_REGISTER;
	out->u64 = properties[row].wide ? reg_wide(dev->bus, properties[row].reg)
					: reg(dev->bus, properties[row].reg);
	return ROAD_OK;
}

/* ---- 3: memory ---- */

static road_status heap(struct road_drv_device *dev, uint32_t index, struct road_heap_info *out)
{
	const struct almaif_chip *t = dev->data;

	if (index)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_heap", "no heap %u", index);
	road_window_heap(t->memory, out);
	return ROAD_OK;
}

static road_status alloc(struct road_drv_buffer *buffer)
{
	const struct almaif_chip *t = buffer->space->dev->data;

	return road_window_alloc(t->memory, buffer);
}

static void free_buffer(struct road_drv_buffer *buffer)
{
	const struct almaif_chip *t = buffer->space->dev->data;

	road_window_free(t->memory, buffer);
}

/* ---- 4: the queue; submit and advance are the ring helper's ---- */

static struct almaif_chip *chip_of(void *places)
{
	return (void *)((char *)places - offsetof(struct almaif_chip, places));
}

/* `tail` and write_index are the same number: packets written since the reset was lifted. */
static void doorbell(void *user, uint64_t tail)
{
	road_write64(chip_of(user)->bus, ALMAIF_REGION_QUEUE, ALMAIF_QUEUE_WRITE_INDEX, tail);
}

/* The chip says that it failed, and no more. */
static void decode_status(void *user, uint32_t slot, uint32_t status, struct road_fault *out)
{
	const struct almaif_places *places = user;

	out->kind = ROAD_FAULT_TRAP;
	snprintf(out->kernel, sizeof(out->kernel), "%s", places->names[slot]);
	snprintf(out->text, sizeof(out->text),
		 "the kernel failed (status %u); the chip does not say why", status);
}

static const struct road_ring_ops ring_ops = {
	.encode = almaif_encode,
	.doorbell = doorbell,
	.decode_status = decode_status,
};

static road_status create_ring(struct almaif_chip *t, uint32_t depth)
{
	const struct road_ring_geometry geometry = {
		.packet_bytes = sizeof(struct almaif_dispatch),
		.packets = ring_packets(t),
		.packets_per_command = 1,
		.argument_bytes = ARGUMENT_BYTES,
		.argument_align = sizeof(uint64_t),
		.header_bytes = sizeof(uint16_t),
		.header_empty = ALMAIF_INVALID,
		.packets_host = t->queue_memory + sizeof(struct almaif_queue),
		.packets_device = t->queue_start + sizeof(struct almaif_queue),
		.arguments_host = t->reserved,
		.arguments_device = t->places.start + t->places.bytes,
		.status_host = (uint32_t *)(void *)(t->reserved + ARGUMENT_BYTES),
		.status_stride = sizeof(struct almaif_meta),
		.status_ok = ALMAIF_OK,
	};

	return road_ring_create(t->bus, &geometry, &ring_ops, &t->places, depth, NULL, &t->ring);
}

/* Under the lock, of a chip in reset: it begins at packet 0. */
static void give_ring(struct almaif_chip *t)
{
	const struct almaif_queue queue = {
		.base_address = road_ring_iova(t->ring).value,
		.size = ring_packets(t),
	};

	memcpy(t->queue_memory, &queue, sizeof(queue));
	atomic_store(&t->stopped, false);
	command(t->bus, ALMAIF_COMMAND_CONTINUE);
	atomic_store(&t->running, true);
}

static road_status queue_open(struct road_drv_queue *queue)
{
	struct almaif_chip *t = queue->dev->data;
	road_status status;

	pthread_mutex_lock(&t->lock);
	status = create_ring(t, queue->depth);
	if (!status)
		give_ring(t);
	pthread_mutex_unlock(&t->lock);
	return status;
}

static void queue_close(struct road_drv_queue *queue)
{
	struct almaif_chip *t = queue->dev->data;

	pthread_mutex_lock(&t->lock);
	atomic_store(&t->running, false);
	(void)reset_chip(queue->dev);
	road_ring_destroy(t->ring);
	pthread_mutex_unlock(&t->lock);
}

static road_status submit(struct road_drv_queue *queue,
			  const struct road_drv_submission *submission)
{
	struct almaif_chip *t = queue->dev->data;

	if (!atomic_load(&t->running))
		return road_drv_error(ROAD_CANCELLED, "the device was reset", "road_queue_submit",
				      NULL, "road_queue_reset first");
	return road_ring_submit(t->ring, submission);
}

/* ---- 5: completion ---- */

static void advance(struct road_drv_queue *queue, struct road_drv_progress *out)
{
	struct almaif_chip *t = queue->dev->data;

	road_ring_advance(t->ring, out);
	if (out->failed_from != UINT64_MAX && !atomic_exchange(&t->stopped, true))
		command(t->bus, ALMAIF_COMMAND_BREAK);
}

/* Nobody interrupts: the core asks again after this. */
static void wait_for(struct road_drv_queue *queue, uint64_t sequence, uint64_t deadline_ns)
{
	struct almaif_chip *t = queue->dev->data;
	struct road_bus *bus = t->bus;

	(void)sequence;
	(void)deadline_ns; /* milliseconds away */
	if (reg(bus, ALMAIF_REG_STATUS) != UINT32_MAX || !road_drv_alive(queue->dev, "almaif"))
		bus->ops->relax(bus, bus->ops->now_ns(bus) + LOOK_NS);
}

/* ---- 7: faults and resets ---- */

static road_status queue_reset(struct road_drv_queue *queue)
{
	struct almaif_chip *t = queue->dev->data;
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

/* The queue stops, and stays so until it is reset. */
static road_status reset(struct road_drv_device *dev)
{
	struct almaif_chip *t = dev->data;
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
	.reset = reset,
	.wait = wait_for,
};
static const struct road_memory_ops memory_ops = {
	.heap = heap,
	.alloc = alloc,
	.free = free_buffer,
};

extern const struct road_driver road_driver_almaif;
const struct road_driver road_driver_almaif = {
	.abi = ROAD_DRIVER_ABI,
	.name = "almaif",
	.compatible = "roadbed,almaif",
	.ops = &ops,
	.memory = &memory_ops,
	.image = &almaif_image_ops,
};
