/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/gpu/fake_gpu.h"

#include <stdlib.h>
#include <string.h>

static void violate(struct fake_gpu *gpu, const char *text)
{
	if (!gpu->violations++)
		gpu->violation = text;
}

static uint32_t *reg(struct fake_gpu *gpu, uint32_t offset)
{
	return &gpu->regs[offset / 4];
}

static uint64_t reg64(struct fake_gpu *gpu, uint32_t offset)
{
	uint64_t value;

	memcpy(&value, reg(gpu, offset), 8);
	return value;
}

/* ---- translation ---- */

void *fake_gpu_at(struct fake_gpu *gpu, uint32_t space, uint64_t va, uint64_t bytes,
		  uint32_t rights)
{
	const struct fake_space *s = &gpu->spaces[space % FAKE_SPACES];

	for (uint32_t i = 0; s->open && i < s->count; i++) {
		const struct road_gpu_segment *g = &s->segments[i];

		if (va < g->va || va - g->va > g->bytes || bytes > g->bytes - (va - g->va))
			continue;
		if ((g->flags & rights) != rights)
			return NULL;
		if (g->flags & ROAD_GPU_SEGMENT_SYSTEM)
			return fake_bus_host(&gpu->bus, g->pa + (va - g->va), bytes);
		return gpu->bus.memory + g->pa + (va - g->va);
	}
	return NULL;
}

static void check_table(struct fake_gpu *gpu, const struct fake_space *space)
{
	uint64_t end = ROAD_GPU_UNMAPPED;

	for (uint32_t i = 0; i < space->count; i++) {
		const struct road_gpu_segment *g = &space->segments[i];
		bool system = g->flags & ROAD_GPU_SEGMENT_SYSTEM;

		if (g->va < end || g->va + g->bytes < g->va || !g->bytes || g->reserved)
			violate(gpu, "segment table is not sorted, or overlaps");
		if (system ? !fake_bus_host(&gpu->bus, g->pa, g->bytes)
			   : g->pa + g->bytes > FAKE_MEMORY)
			violate(gpu, "segment lies in no memory");
		end = g->va + g->bytes;
	}
}

static void space_command(struct fake_gpu *gpu, uint32_t command)
{
	uint32_t select = *reg(gpu, ROAD_GPU_REG_SPACE_SELECT);
	uint32_t count = *reg(gpu, ROAD_GPU_REG_SPACE_COUNT);
	struct fake_space *space = &gpu->spaces[select % FAKE_SPACES];

	if (select >= FAKE_SPACES || count > FAKE_SEGMENTS) {
		violate(gpu, "space or count out of range");
		return;
	}
	if (command == ROAD_GPU_SPACE_CLOSE) {
		for (uint32_t i = 0; i < FAKE_QUEUES; i++)
			if (gpu->queues[i].open && gpu->queues[i].space == select)
				violate(gpu, "space closed under an open queue");
		for (uint32_t i = 0; i < gpu->image_count; i++)
			if (gpu->images[i].space == select)
				violate(gpu, "space closed under a loaded image");
		*space = (struct fake_space){.open = false};
		return;
	}
	uint64_t bytes = count * sizeof(struct road_gpu_segment);
	const void *table = fake_bus_host(&gpu->bus, reg64(gpu, ROAD_GPU_REG_SPACE_TABLE64), bytes);

	if (!table) {
		violate(gpu, "segment table is not mapped");
		return;
	}
	space->open = true;
	space->count = count;
	memcpy(space->segments, table, bytes);
	check_table(gpu, space);
}

/* ---- packets ---- */

struct work {
	struct fake_gpu *gpu;
	struct fake_queue *queue;
	struct road_gpu_queue_status *status;
};

static bool fault(struct work *work, uint32_t kind, uint64_t address, uint64_t detail)
{
	work->status->packet = (uint32_t)work->queue->taken;
	work->status->address = address;
	work->status->detail = detail;
	__atomic_store_n(&work->status->fault, kind, __ATOMIC_RELEASE);
	work->queue->state = ROAD_GPU_QUEUE_FAULTED;
	return false;
}

/* The bytes that a packet names; NULL after a fault. */
static char *place(struct work *work, bool bus, uint64_t address, uint64_t bytes, uint32_t rights)
{
	char *at = bus ? fake_bus_host(&work->gpu->bus, address, bytes)
		       : fake_gpu_at(work->gpu, work->queue->space, address, bytes, rights);

	if (!at)
		fault(work, bus ? ROAD_GPU_FAULT_DMA : ROAD_GPU_FAULT_UNMAPPED, address, bytes);
	return at;
}

static char *dst(struct work *work, const struct road_gpu_vendor *p, uint64_t offset,
		 uint64_t bytes)
{
	return place(work, p->flags & ROAD_GPU_VENDOR_DST_BUS, p->dst + offset, bytes,
		     ROAD_GPU_SEGMENT_WRITE);
}

static char *src(struct work *work, const struct road_gpu_vendor *p, uint64_t offset,
		 uint64_t bytes)
{
	return place(work, p->flags & ROAD_GPU_VENDOR_SRC_BUS, p->src + offset, bytes,
		     ROAD_GPU_SEGMENT_READ);
}

static bool copy(struct work *work, const struct road_gpu_vendor *p)
{
	work->gpu->copies++;
	for (uint32_t slice = 0; slice < p->slices; slice++) {
		for (uint32_t row = 0; row < p->rows; row++) {
			uint64_t line = (uint64_t)slice * p->slice_rows + row;
			char *to = dst(work, p, line * p->dst_pitch, p->bytes);
			char *from = to ? src(work, p, line * p->src_pitch, p->bytes) : NULL;

			if (!from)
				return false;
			memmove(to, from, p->bytes);
		}
	}
	return true;
}

static bool fill(struct work *work, const struct road_gpu_vendor *p)
{
	char *to = dst(work, p, 0, p->bytes);

	work->gpu->fills++;
	for (uint64_t i = 0; to && i < p->bytes; i += p->value_bytes)
		memcpy(to + i, &p->value, p->value_bytes);
	return to;
}

static bool store(struct work *work, const struct road_gpu_vendor *p, uint64_t value)
{
	char *to = dst(work, p, 0, p->value_bytes);

	if (to)
		memcpy(to, &value, p->value_bytes);
	return to;
}

static bool fence(struct work *work, const struct road_gpu_vendor *p)
{
	uint64_t *to = (uint64_t *)(void *)dst(work, p, 0, 8);

	if (!to)
		return false;
	__atomic_store_n(to, p->value, __ATOMIC_RELEASE);
	work->gpu->fences++;
	if (p->flags & ROAD_GPU_VENDOR_IRQ)
		work->gpu->irq_status |= 1u << p->vector;
	return true;
}

static bool load(struct work *work, const struct road_gpu_vendor *p)
{
	struct fake_gpu *gpu = work->gpu;
	const struct road_gpu_image *image =
		(const void *)place(work, false, p->dst, p->bytes, ROAD_GPU_SEGMENT_READ);

	if (!image)
		return false;
	if (fake_gpu_at(gpu, work->queue->space, p->dst, p->bytes, ROAD_GPU_SEGMENT_WRITE))
		violate(gpu, "loaded code can be written");
	if (gpu->image_error || image->magic != ROAD_GPU_IMAGE_MAGIC ||
	    image->code_bytes != p->bytes || gpu->image_count == FAKE_IMAGES) {
		work->status->pc = 3;
		fault(work, ROAD_GPU_FAULT_IMAGE, p->dst, gpu->image_error);
		gpu->image_error = 0;
		return false;
	}
	gpu->images[gpu->image_count].va = p->dst;
	gpu->images[gpu->image_count++].space = work->queue->space;
	gpu->loads++;
	return true;
}

static bool unload(struct work *work, const struct road_gpu_vendor *p)
{
	struct fake_gpu *gpu = work->gpu;

	for (uint32_t i = 0; i < gpu->image_count; i++) {
		if (gpu->images[i].va != p->dst || gpu->images[i].space != work->queue->space)
			continue;
		gpu->images[i] = gpu->images[--gpu->image_count];
		gpu->unloads++;
		return true;
	}
	violate(gpu, "unload of what is not loaded");
	return true;
}

static bool wait_met(const char *at, const struct road_gpu_vendor *p)
{
	uint64_t word = 0;

	memcpy(&word, at, p->value_bytes);
	switch (p->cond) {
	case ROAD_GPU_WAIT_GE:
		return p->value_bytes == 4 ? (int32_t)(uint32_t)(word - p->value) >= 0
					   : (int64_t)(word - p->value) >= 0;
	case ROAD_GPU_WAIT_EQ: return word == p->value;
	case ROAD_GPU_WAIT_AND: return word & p->value;
	default: return ~(word | p->value) << (64 - 8 * p->value_bytes);
	}
}

static bool vendor(struct work *work, const struct road_gpu_vendor *p)
{
	const char *at;

	switch (p->op) {
	case ROAD_GPU_VENDOR_COPY: return copy(work, p);
	case ROAD_GPU_VENDOR_FILL: return fill(work, p);
	case ROAD_GPU_VENDOR_WRITE: return store(work, p, p->value);
	case ROAD_GPU_VENDOR_TIMESTAMP: return store(work, p, work->gpu->bus.now_ns + 1);
	case ROAD_GPU_VENDOR_FENCE: return fence(work, p);
	case ROAD_GPU_VENDOR_LOAD: return load(work, p);
	case ROAD_GPU_VENDOR_UNLOAD: return unload(work, p);
	case ROAD_GPU_VENDOR_WAIT:
		at = src(work, p, 0, p->value_bytes);
		return at && wait_met(at, p);
	default: return fault(work, ROAD_GPU_FAULT_PACKET, 0, p->op);
	}
}

static bool dispatch(struct work *work, const struct road_gpu_dispatch *p)
{
	struct fake_gpu *gpu = work->gpu;
	const struct road_gpu_kernel *kernel = (const void *)place(
		work, false, p->kernel_object, sizeof(*kernel), ROAD_GPU_SEGMENT_READ);

	if (!kernel)
		return false;
	if (p->kernarg % 16 ||
	    (kernel->param_bytes && !fake_bus_host(&gpu->bus, p->kernarg, kernel->param_bytes)))
		violate(gpu, "kernarg is not mapped, or misaligned");
	else if (kernel->param_bytes)
		memcpy(gpu->kernarg, fake_bus_host(&gpu->bus, p->kernarg, kernel->param_bytes),
		       kernel->param_bytes < 64 ? kernel->param_bytes : 64);
	gpu->dispatch = *p;
	gpu->dispatches++;
	if (!gpu->fault.fault)
		return true;
	uint64_t fence = work->status->fence;

	*work->status = gpu->fault;
	work->status->fence = fence;
	work->status->kernel = kernel->name;
	work->status->image = gpu->image_count ? gpu->images[0].va : 0;
	return fault(work, gpu->fault.fault, gpu->fault.address, gpu->fault.detail);
}

static void run_queue(struct fake_gpu *gpu, struct fake_queue *queue)
{
	struct work work = {gpu, queue, fake_bus_host(&gpu->bus, queue->status, 128)};

	while (queue->open && queue->state != ROAD_GPU_QUEUE_FAULTED &&
	       queue->taken != queue->rung && !gpu->hang) {
		char packet[ROAD_GPU_PACKET_BYTES];
		uint64_t at = queue->ring + queue->taken % queue->slots * sizeof(packet);
		const void *from = fake_bus_host(&gpu->bus, at, sizeof(packet));
		uint16_t header;
		bool done;

		if (!from || !work.status) {
			violate(gpu, "ring or status is not mapped");
			return;
		}
		memcpy(packet, from, sizeof(packet));
		memcpy(&header, packet, 2);
		if ((header & 0xff) == ROAD_GPU_PACKET_VENDOR)
			done = vendor(&work, (const void *)packet);
		else if ((header & 0xff) == ROAD_GPU_PACKET_DISPATCH)
			done = dispatch(&work, (const void *)packet);
		else
			done = fault(&work, ROAD_GPU_FAULT_PACKET, 0, header);
		if (!done)
			return; /* a fault, or a wait that is looked at again later */
		queue->taken++;
		work.status->consumed = queue->taken;
	}
}

/* ---- registers ---- */

static void queue_command(struct fake_gpu *gpu, uint32_t command)
{
	uint32_t select = *reg(gpu, ROAD_GPU_REG_QUEUE_SELECT);
	uint32_t space = *reg(gpu, ROAD_GPU_REG_QUEUE_SPACE);
	struct fake_queue *queue = &gpu->queues[select % FAKE_QUEUES];

	if (command == ROAD_GPU_QUEUE_CLOSE) {
		if (!queue->open)
			violate(gpu, "close of a closed queue");
		*queue = (struct fake_queue){.open = false};
		gpu->closes++;
		return;
	}
	if (gpu->refuse_queue) {
		gpu->refuse_queue--;
		queue->state = ROAD_GPU_QUEUE_REFUSED;
		return;
	}
	if (queue->open || select >= FAKE_QUEUES || space >= FAKE_SPACES ||
	    !gpu->spaces[space].open)
		violate(gpu, "queue opened twice, or in no space");
	*queue = (struct fake_queue){.open = true,
				     .state = ROAD_GPU_QUEUE_IDLE,
				     .space = space,
				     .slots = *reg(gpu, ROAD_GPU_REG_QUEUE_SLOTS),
				     .priority = *reg(gpu, ROAD_GPU_REG_QUEUE_PRIORITY),
				     .ring = reg64(gpu, ROAD_GPU_REG_QUEUE_RING64),
				     .status = reg64(gpu, ROAD_GPU_REG_QUEUE_STATUS64)};
	gpu->opens++;
}

static void reset(struct fake_gpu *gpu)
{
	memset(gpu->queues, 0, sizeof(gpu->queues));
	memset(gpu->spaces, 0, sizeof(gpu->spaces));
	gpu->image_count = 0;
	gpu->irq_status = 0;
}

static void write_reg(struct fake_bus *bus, uint64_t offset, uint32_t width, uint64_t value)
{
	struct fake_gpu *gpu = (struct fake_gpu *)(void *)bus;

	if (offset >= ROAD_GPU_DOORBELL) {
		uint64_t index = (offset - ROAD_GPU_DOORBELL) / ROAD_GPU_DOORBELL_STRIDE;
		struct fake_queue *queue = &gpu->queues[index % FAKE_QUEUES];

		if (width != 8 || index >= FAKE_QUEUES || !queue->open) {
			violate(gpu, "doorbell of no open queue");
			return;
		}
		queue->rung = value;
		run_queue(gpu, queue);
		return;
	}
	if (offset + width > sizeof(gpu->regs)) {
		violate(gpu, "write beyond the registers");
		return;
	}
	memcpy(reg(gpu, (uint32_t)offset), &value, width);
	switch (offset) {
	case ROAD_GPU_REG_CONTROL: reset(gpu); break;
	case ROAD_GPU_REG_QUEUE_COMMAND: queue_command(gpu, (uint32_t)value); break;
	case ROAD_GPU_REG_SPACE_COMMAND: space_command(gpu, (uint32_t)value); break;
	case ROAD_GPU_REG_IRQ_STATUS: gpu->irq_status &= ~(uint32_t)value; break;
	default: break;
	}
}

static uint64_t read_reg(struct fake_bus *bus, uint64_t offset, uint32_t width)
{
	struct fake_gpu *gpu = (struct fake_gpu *)(void *)bus;

	switch (offset) {
	case ROAD_GPU_REG_STATUS:
		return (gpu->never_ready ? 0u : ROAD_GPU_STATUS_READY) |
		       (gpu->dirty ? 0u : ROAD_GPU_STATUS_CLEAN);
	case ROAD_GPU_REG_QUEUE_STATE:
		return gpu->queues[*reg(gpu, ROAD_GPU_REG_QUEUE_SELECT) % FAKE_QUEUES].state;
	default: return width == 8 ? reg64(gpu, (uint32_t)offset) : *reg(gpu, (uint32_t)offset);
	}
}

/* Waits are looked at again. */
static void relaxed(struct fake_bus *bus)
{
	struct fake_gpu *gpu = (struct fake_gpu *)(void *)bus;

	for (uint32_t i = 0; i < FAKE_QUEUES; i++)
		if (gpu->queues[i].open)
			run_queue(gpu, &gpu->queues[i]);
}

void fake_gpu_init(struct fake_gpu *gpu)
{
	static const struct {
		uint32_t reg;
		uint64_t value;
	} values[] = {
		{ROAD_GPU_REG_ID, ROAD_GPU_ID},
		{ROAD_GPU_REG_VERSION, ROAD_GPU_INTERFACE},
		{ROAD_GPU_REG_SM_COUNT, 2},
		{ROAD_GPU_REG_WARPS_PER_SM, 64},
		{ROAD_GPU_REG_BLOCKS_PER_SM, 32},
		{ROAD_GPU_REG_REGS_PER_SM, 65536},
		{ROAD_GPU_REG_SHARED_PER_SM, 100 << 10},
		{ROAD_GPU_REG_SHARED_PER_BLOCK, 99 << 10},
		{ROAD_GPU_REG_THREADS_PER_BLOCK, 1024},
		{ROAD_GPU_REG_CLOCK_KHZ, 1000000},
		{ROAD_GPU_REG_L2_BYTES, 1 << 20},
		{ROAD_GPU_REG_COMPUTE, 0x800},
		{ROAD_GPU_REG_QUEUES, FAKE_QUEUES},
		{ROAD_GPU_REG_SPACES, FAKE_SPACES},
		{ROAD_GPU_REG_REG_GRANULE, 256},
		{ROAD_GPU_REG_SHARED_GRANULE, 128},
		{ROAD_GPU_REG_SHARED_RESERVED, 1024},
		{ROAD_GPU_REG_MEM_BYTES64, FAKE_MEMORY},
		{ROAD_GPU_REG_MEM_WINDOW64, FAKE_WINDOW},
		{ROAD_GPU_REG_MEM_RATE64, 0},
	};

	memset(gpu, 0, sizeof(*gpu));
	fake_bus_init(&gpu->bus);
	gpu->bus.read = read_reg;
	gpu->bus.write = write_reg;
	gpu->bus.relaxed = relaxed;
	gpu->bus.memory = calloc(1, FAKE_MEMORY);
	gpu->bus.memory_bytes = FAKE_WINDOW;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		memcpy(reg(gpu, values[i].reg), &values[i].value,
		       values[i].value > UINT32_MAX || values[i].reg == ROAD_GPU_REG_MEM_BYTES64 ||
				       values[i].reg == ROAD_GPU_REG_MEM_WINDOW64 ||
				       values[i].reg == ROAD_GPU_REG_MEM_RATE64
			       ? 8
			       : 4);
}

void fake_gpu_destroy(struct fake_gpu *gpu)
{
	free(gpu->bus.memory);
}
