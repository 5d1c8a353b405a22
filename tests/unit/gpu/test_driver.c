/* SPDX-License-Identifier: Apache-2.0 */
/* The GPGPU's driver on a chip made of paper: bring-up, memory, queues, faults, loss. */
#include <inttypes.h>
#include <sys/mman.h>

#include "tests/unit/gpu/driver_rig.h"

static struct road_cmd copy_command(uint64_t dst, uint64_t src, uint64_t bytes)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_COPY,
				 .copy = {.dst = {.address = dst},
					  .src = {.address = src},
					  .bytes = bytes,
					  .rows = 1,
					  .slices = 1}};
}

static struct road_cmd fill_command(uint64_t dst, uint64_t bytes, uint8_t value)
{
	return (struct road_cmd){.kind = ROAD_COMMAND_FILL,
				 .fill = {.dst = {.address = dst},
					  .bytes = bytes,
					  .pattern = value,
					  .pattern_bytes = 1}};
}

static void test_bring_up(void)
{
	struct road_device_info info = {.size = sizeof(info)};
	struct road_property property;
	bool seen = false, unknown = false;
	uint32_t count = 0;
	struct rig rig;

	rig_open(&rig);
	DRIVER->ops->info(&rig.dev, &info);
	CU_ASSERT_EQUAL(info.device_class, ROAD_CLASS_GPU);
	CU_ASSERT_EQUAL(info.queues_max, FAKE_QUEUES - 1);
	CU_ASSERT_EQUAL(info.memory_bytes, FAKE_MEMORY);
	CU_ASSERT_EQUAL(info.heap_count, 3);
	for (; DRIVER->ops->property(&rig.dev, count, &property) == ROAD_OK; count++) {
		if (!strcmp(property.name, "compute.clock_hz"))
			seen = property.u64 == 1000000000 && !strcmp(property.unit, "Hz") &&
			       property.source == ROAD_SOURCE_REGISTER;
		if (!strcmp(property.name, "memory.bytes_per_second"))
			unknown = property.type == ROAD_VALUE_NULL; /* unknown is not 0 */
	}
	CU_ASSERT_TRUE(seen);
	CU_ASSERT_TRUE(unknown);
	CU_ASSERT_EQUAL(services_status, ROAD_NOT_FOUND);
	CU_ASSERT_TRUE(count >= 10);
	rig_close(&rig);
}

static void test_property_ids(void)
{
	struct road_property property;
	bool seen[512] = {false};
	struct rig rig;

	rig_open(&rig);
	for (uint32_t i = 0; DRIVER->ops->property(&rig.dev, i, &property) == ROAD_OK; i++) {
		CU_ASSERT_FATAL(property.id > 0 && property.id < 512);
		CU_ASSERT_FALSE(seen[property.id]);
		seen[property.id] = true;
		CU_ASSERT_NOT_EQUAL(property.name[0], 0);
	}
	rig_close(&rig);
}

static void refuse_start(struct rig *rig, road_status expected, const char *text)
{
	CU_ASSERT_EQUAL(DRIVER->ops->start(&rig->dev, ""), expected);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, text));
	rig_check(rig);
}

static void test_refused_chips(void)
{
	struct rig rig;

	rig_init(&rig);
	rig.chip.regs[ROAD_GPU_REG_ID / 4] = 0x1234;
	CU_ASSERT_EQUAL(DRIVER->ops->probe(rig.dev.bus), ROAD_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "0x00001234"));
	rig_check(&rig);
	rig_init(&rig);
	rig.chip.regs[ROAD_GPU_REG_VERSION / 4] = 0x20000;
	refuse_start(&rig, ROAD_UNSUPPORTED, "seen 2.0 allowed 1.x");
	rig_init(&rig);
	rig.chip.never_ready = true;
	refuse_start(&rig, ROAD_TIMEOUT, "stays");
	rig_init(&rig);
	rig.chip.regs[ROAD_GPU_REG_QUEUES / 4] = 1u << 20;
	refuse_start(&rig, ROAD_UNSUPPORTED, "seen 1048576");
	rig_init(&rig);
	rig.chip.regs[ROAD_GPU_REG_REG_GRANULE / 4] = 0;
	refuse_start(&rig, ROAD_UNSUPPORTED, "seen 0");
}

static void test_heaps(void)
{
	struct road_heap_info heap;
	uint64_t total = 0;
	uint32_t kinds = 0, i = 0;
	struct rig rig;

	rig_open(&rig);
	for (; DRIVER->memory->heap(&rig.dev, i, &heap) == ROAD_OK; i++) {
		kinds |= 1u << heap.kind;
		total += heap.bytes;
		CU_ASSERT_EQUAL(heap.host_visible, heap.kind != ROAD_HEAP_DEVICE);
	}
	CU_ASSERT_EQUAL(i, 3);
	CU_ASSERT_EQUAL(kinds, 7);
	CU_ASSERT_EQUAL(total, FAKE_MEMORY);
	rig_close(&rig);
}

/* Every kind of memory, through the queue and, where it can be, by the host. */
static void test_memory_kinds(void)
{
	struct rig rig;
	void *host = NULL;

	rig_open(&rig);
	struct road_drv_buffer device = rig_buffer(&rig, ROAD_HEAP_DEVICE, 100);
	struct road_drv_buffer visible = rig_buffer(&rig, ROAD_HEAP_DEVICE_VISIBLE, 100);
	struct road_drv_buffer pinned = rig_buffer(&rig, ROAD_HEAP_HOST, 100);

	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&device), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&visible), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&pinned), ROAD_OK);
	CU_ASSERT_EQUAL(pinned.address, (uint64_t)(uintptr_t)pinned.host);
	CU_ASSERT_EQUAL(DRIVER->memory->map(&visible, &host), ROAD_OK);
	CU_ASSERT_PTR_NOT_EQUAL(host, (void *)(uintptr_t)visible.address);
	memset(pinned.host, 0x5a, 100);
	const struct road_cmd commands[] = {copy_command(device.address, pinned.address, 100),
					    copy_command(visible.address, device.address, 100)};

	CU_ASSERT_EQUAL(rig_submit(&rig, commands, 2), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 1);
	CU_ASSERT_EQUAL(((unsigned char *)host)[99], 0x5a);
	CU_ASSERT_EQUAL(DRIVER->memory->map(&device, &host), ROAD_PERMISSION);
	/* exactly their bytes are mapped, nothing behind */
	CU_ASSERT_PTR_NOT_NULL(rig_at(&rig, device.address, 100));
	CU_ASSERT_PTR_NULL(rig_at(&rig, device.address, 101));
	CU_ASSERT_PTR_NULL(rig_at(&rig, pinned.address, 101));
	DRIVER->memory->free(&pinned);
	DRIVER->memory->free(&device);
	CU_ASSERT_PTR_NULL(rig_at(&rig, device.address, 1));
	unsigned char in_core; /* its reservation is given back */

	CU_ASSERT_EQUAL(mincore((void *)(uintptr_t)device.address, 1, &in_core), -1);
	DRIVER->memory->free(&visible);
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	rig_close(&rig);
}

static bool all_zero(const unsigned char *bytes, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Memory that comes back is zero, whatever its last owner left there. */
static void wiped(uint32_t heap, uint32_t flags, bool dirty)
{
	struct rig rig;

	rig_init(&rig);
	rig.chip.dirty = dirty;
	memset(rig.chip.bus.memory, dirty ? 0x77 : 0, FAKE_MEMORY);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->start(&rig.dev, ""), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->space_open(&rig.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->queue_open(&rig.queue), ROAD_OK);
	for (uint32_t i = 0; i < 4; i++) {
		struct road_drv_buffer b = rig_buffer(&rig, heap, 10000);

		b.flags = flags;
		CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
		unsigned char *bytes = rig_at(&rig, b.address, 10000);

		CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
		CU_ASSERT_TRUE(all_zero(bytes, 10000));
		bool writable = fake_gpu_at(&rig.chip, 0, b.address, 1, ROAD_GPU_SEGMENT_WRITE);

		CU_ASSERT_EQUAL(writable, !(flags & ROAD_BUFFER_READ_ONLY));
		memset(bytes, 0xc3, 10000);
		DRIVER->memory->free(&b);
	}
	if (heap == ROAD_HEAP_DEVICE)
		CU_ASSERT_EQUAL(rig.chip.fills, dirty ? 4 : 3); /* what is fresh needs none */
	rig_close(&rig);
}

static void test_wiped(void)
{
	wiped(ROAD_HEAP_DEVICE, 0, false);
	wiped(ROAD_HEAP_DEVICE, 0, true);
	wiped(ROAD_HEAP_DEVICE, ROAD_BUFFER_READ_ONLY, true);
	wiped(ROAD_HEAP_DEVICE_VISIBLE, 0, false);
	wiped(ROAD_HEAP_DEVICE_VISIBLE, ROAD_BUFFER_READ_ONLY, true);
	wiped(ROAD_HEAP_HOST, ROAD_BUFFER_READ_ONLY, false);
}

/* Kernels may not write a read-only buffer, commands of a queue may. */
static void read_only(uint32_t heap)
{
	struct rig rig;

	rig_open(&rig);
	struct road_drv_buffer plain = rig_buffer(&rig, heap, 4096);
	struct road_drv_buffer b = rig_buffer(&rig, heap, 300);

	b.flags = ROAD_BUFFER_READ_ONLY;
	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&plain), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
	const struct road_cmd commands[] = {fill_command(b.address, 300, 0x11),
					    fill_command(b.address + 299, 1, 0x22),
					    fill_command(plain.address, 4096, 0x33),
					    copy_command(plain.address, b.address + 299, 1)};

	CU_ASSERT_EQUAL(rig_submit(&rig, commands, 4), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 1);
	const unsigned char *bytes = rig_at(&rig, b.address, 300);

	CU_ASSERT_EQUAL(bytes[0], 0x11);
	CU_ASSERT_EQUAL(bytes[299], 0x22);
	CU_ASSERT_EQUAL(*rig_at(&rig, plain.address, 1), 0x22);
	CU_ASSERT_PTR_NULL(fake_gpu_at(&rig.chip, 0, b.address, 1, ROAD_GPU_SEGMENT_WRITE));
	DRIVER->memory->free(&b);
	const struct road_cmd stale = fill_command(b.address, 1, 0x44);

	CU_ASSERT_EQUAL(rig_submit(&rig, &stale, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).fault.address, b.address);
	DRIVER->memory->free(&plain);
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	rig_close(&rig);
}

static void test_read_only(void)
{
	read_only(ROAD_HEAP_DEVICE);
	read_only(ROAD_HEAP_DEVICE_VISIBLE);
	read_only(ROAD_HEAP_HOST);
}

static void test_alignment(void)
{
	static const uint32_t heaps[] = {ROAD_HEAP_DEVICE, ROAD_HEAP_HOST};
	struct rig rig;

	rig_open(&rig);
	for (uint32_t i = 0; i < 2; i++) {
		for (uint64_t align = 1; align <= 1 << 20; align *= 4) {
			struct road_drv_buffer b = rig_buffer(&rig, heaps[i], 5000);

			b.alignment = align;
			CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
			CU_ASSERT_EQUAL(b.address % align, 0);
			CU_ASSERT_PTR_NOT_NULL(rig_at(&rig, b.address, 5000));
			if (b.host)
				CU_ASSERT_PTR_EQUAL(rig_at(&rig, b.address, 5000), b.host);
			DRIVER->memory->free(&b);
		}
	}
	rig_close(&rig);
}

static void test_exhaust(void)
{
	struct road_drv_buffer b[64], more;
	uint32_t n = 0;
	road_status status;
	struct rig rig;

	rig_open(&rig);
	for (;; n++) {
		b[n] = rig_buffer(&rig, ROAD_HEAP_DEVICE, 256 << 10);
		status = DRIVER->memory->alloc(&b[n]);
		if (status)
			break;
	}
	CU_ASSERT_EQUAL(status, ROAD_OUT_OF_DEVICE_MEMORY);
	CU_ASSERT_EQUAL(n, FAKE_MEMORY / (256 << 10)); /* the visible part serves, too */
	DRIVER->memory->free(&b[3]);
	more = rig_buffer(&rig, ROAD_HEAP_DEVICE, 256 << 10);
	CU_ASSERT_EQUAL(DRIVER->memory->alloc(&more), ROAD_OK);
	b[3] = more;
	while (n)
		DRIVER->memory->free(&b[--n]);
	rig_close(&rig);
}

/* A table that outgrows its page, with buffers freed from its middle. */
static void test_many_segments(void)
{
	enum { COUNT = 300 }; /* more than one page of them, twice */
	static struct road_drv_buffer b[COUNT];
	struct rig rig;

	rig_open(&rig);
	for (uint32_t i = 0; i < COUNT; i++) {
		b[i] = rig_buffer(&rig, ROAD_HEAP_DEVICE, 4096);
		CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b[i]), ROAD_OK);
	}
	for (uint32_t i = 0; i < COUNT; i += 2)
		DRIVER->memory->free(&b[i]);
	for (uint32_t i = 1; i < COUNT; i += 2)
		CU_ASSERT_PTR_NOT_NULL(rig_at(&rig, b[i].address, 4096));
	for (uint32_t i = 1; i < COUNT; i += 2)
		DRIVER->memory->free(&b[i]);
	CU_ASSERT_EQUAL(rig.chip.spaces[0].count, 0);
	rig_close(&rig);
}

static void test_limits(void)
{
	struct road_drv_space spaces[FAKE_SPACES];
	struct road_drv_queue queues[FAKE_QUEUES];
	uint32_t n = 0, q = 0;
	struct rig rig;

	rig_open(&rig);
	do
		spaces[n] = (struct road_drv_space){.dev = &rig.dev};
	while (DRIVER->ops->space_open(&spaces[n]) == ROAD_OK && ++n);
	CU_ASSERT_EQUAL(services_status, ROAD_NO_SPACE);
	CU_ASSERT_EQUAL(n, FAKE_SPACES - 1);
	do
		queues[q] = rig.queue;
	while (DRIVER->ops->queue_open(&queues[q]) == ROAD_OK && ++q);
	CU_ASSERT_EQUAL(services_status, ROAD_NO_SPACE);
	CU_ASSERT_EQUAL(q, FAKE_QUEUES - 2);
	while (q)
		DRIVER->ops->queue_close(&queues[--q]);
	while (n)
		DRIVER->ops->space_close(&spaces[--n]);
	rig_close(&rig);
}

static void test_back_pressure(void)
{
	struct rig rig;

	rig_open(&rig);
	rig.chip.hang = true;
	for (uint32_t i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_OK);
	CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_NOT_READY);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 0);
	rig.chip.hang = false;
	rig.dev.bus->ops->relax(rig.dev.bus, UINT64_MAX);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 8);
	CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_OK);
	rig_close(&rig);
}

static void test_interrupts(void)
{
	struct rig rig;

	rig_open(&rig);
	CU_ASSERT_EQUAL(rig.chip.regs[ROAD_GPU_REG_IRQ_MASK / 4], 0xff); /* 8 vectors */
	CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_OK);
	uint32_t pending = rig.chip.irq_status, before = services_ready;

	CU_ASSERT_EQUAL(pending & (pending - 1), 0);
	CU_ASSERT_NOT_EQUAL_FATAL(pending, 0);
	for (uint32_t v = 0; v < 32; v++)
		if (pending & 1u << v)
			DRIVER->ops->irq(&rig.dev, v);
	/* Vectors are messages: a write to acknowledge would cost one more bus access. */
	CU_ASSERT_EQUAL(rig.chip.irq_status, pending);
	CU_ASSERT_EQUAL(services_ready, before + 1);
	DRIVER->ops->irq(&rig.dev, 7);  /* nobody's */
	DRIVER->ops->irq(&rig.dev, 40); /* no such vector */
	CU_ASSERT_EQUAL(services_ready, before + 1);
	rig_close(&rig);
}

static void test_fault(void)
{
	struct rig rig;

	rig_open(&rig);
	struct road_drv_buffer b = rig_buffer(&rig, ROAD_HEAP_DEVICE, 4096);

	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
	const struct road_cmd good = fill_command(b.address, 4096, 1);
	const struct road_cmd bad[] = {good, fill_command(b.address + 4000, 97, 1)};

	CU_ASSERT_EQUAL(rig_submit(&rig, &good, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig_submit(&rig, bad, 2), ROAD_OK);
	CU_ASSERT_EQUAL(rig_submit(&rig, &good, 1), ROAD_OK);
	struct road_drv_progress progress = rig_progress(&rig);

	CU_ASSERT_EQUAL(progress.completed, 1);
	CU_ASSERT_EQUAL(progress.failed_from, 2);
	CU_ASSERT_EQUAL(progress.status, ROAD_FAULT);
	CU_ASSERT_EQUAL(progress.fault.kind, ROAD_FAULT_MEMORY);
	CU_ASSERT_EQUAL(progress.fault.address, b.address + 4000);
	CU_ASSERT_PTR_NOT_NULL(strstr(progress.fault.text, "unmapped"));
	uint32_t before = services_ready;

	DRIVER->ops->irq(&rig.dev, 7); /* whatever vector the chip chose for it */
	CU_ASSERT_EQUAL(services_ready, before + 1);
	CU_ASSERT_EQUAL(DRIVER->ops->queue_reset(&rig.queue), ROAD_OK);
	rig.sequence = 0;
	CU_ASSERT_EQUAL(rig_progress(&rig).failed_from, UINT64_MAX);
	CU_ASSERT_EQUAL(rig_submit(&rig, &good, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 1);
	DRIVER->memory->free(&b);
	rig_close(&rig);
}

static void test_fault_words(void)
{
	struct road_gpu_queue_status status = {0};
	struct road_fault fault;
	struct rig rig;

	rig_open(&rig);
	const struct road_stream queue = {.encode.space = rig.space.data, .status = &status};

	for (uint32_t kind = 1; kind < ROAD_GPU_FAULTS + 2; kind++) {
		status.fault = kind;
		status.detail = UINT64_MAX;
		status.image = 0x1000; /* no image of ours */
		CU_ASSERT_NOT_EQUAL(gpu_fault_describe(&queue, &fault), ROAD_OK);
		CU_ASSERT_NOT_EQUAL(fault.kind, ROAD_FAULT_NONE);
		CU_ASSERT_NOT_EQUAL(fault.text[0], 0);
		CU_ASSERT_EQUAL(!strncmp(fault.text, "unknown", 7), kind >= ROAD_GPU_FAULTS);
		CU_ASSERT_EQUAL(fault.kernel[0], 0);
		CU_ASSERT_NOT_EQUAL(gpu_fault_error(&queue, "test"), ROAD_OK);
	}
	rig_close(&rig);
}

/* The record holds 32 bits of the packet's number; a queue counts further. */
static void test_long_queue(void)
{
	struct rig rig;

	rig_open(&rig);
	for (uint32_t i = 0; i < 20000; i++) {
		CU_ASSERT_EQUAL_FATAL(rig_submit(&rig, NULL, 0), ROAD_OK);
		CU_ASSERT_EQUAL(rig_progress(&rig).completed, i + 1);
	}
	const struct road_cmd bad = fill_command(0x500000, 1, 1);

	CU_ASSERT_EQUAL(rig_submit(&rig, &bad, 1), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).failed_from, 20001);
	rig_close(&rig);
}

static void test_device_reset(void)
{
	struct rig rig;

	rig_open(&rig);
	struct road_drv_buffer b = rig_buffer(&rig, ROAD_HEAP_DEVICE, 4096);

	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
	memset(rig_at(&rig, b.address, 4096), 0x3c, 4096);
	struct road_drv_image image = {.space = &rig.space};

	CU_ASSERT_EQUAL_FATAL(DRIVER->image->load(&image, rig_ptx, strlen(rig_ptx), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(DRIVER->ops->reset(&rig.dev), ROAD_OK);
	CU_ASSERT_EQUAL(rig.chip.image_count, 1); /* loaded again */
	CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_CANCELLED);
	CU_ASSERT_EQUAL(DRIVER->ops->queue_reset(&rig.queue), ROAD_OK);
	const unsigned char *bytes = rig_at(&rig, b.address, 4096);

	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_EQUAL(bytes[4095], 0x3c);
	CU_ASSERT_EQUAL(rig_submit(&rig, NULL, 0), ROAD_OK);
	CU_ASSERT_EQUAL(rig_progress(&rig).completed, 1);
	DRIVER->image->unload(&image);
	DRIVER->memory->free(&b);
	rig_close(&rig);
}

static void test_refused_queue(void)
{
	struct rig rig;

	rig_open(&rig);
	struct road_drv_queue other = rig.queue;

	rig.chip.refuse_queue = 1;
	CU_ASSERT_EQUAL(DRIVER->ops->queue_open(&other), ROAD_INTERNAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "refused"));
	CU_ASSERT_EQUAL(DRIVER->ops->queue_open(&other), ROAD_OK);
	DRIVER->ops->queue_close(&other);
	rig_close(&rig);
}

static void test_silent_chip(void)
{
	struct rig rig;

	rig_init(&rig);
	rig.chip.dirty = true; /* memory must be cleared by the chip */
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->start(&rig.dev, ""), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->space_open(&rig.space), ROAD_OK);
	struct road_drv_buffer b = rig_buffer(&rig, ROAD_HEAP_DEVICE, 4096);

	rig.chip.hang = true;
	CU_ASSERT_EQUAL(DRIVER->memory->alloc(&b), ROAD_TIMEOUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(services_what, "stays 0, awaited 1"));
	CU_ASSERT_TRUE(rig.chip.bus.now_ns >= ROAD_STREAMS_WAIT_NS);
	rig.chip.hang = false;
	CU_ASSERT_EQUAL(DRIVER->memory->alloc(&b), ROAD_OK); /* with a queue made anew */
	DRIVER->memory->free(&b);
	DRIVER->ops->space_close(&rig.space);
	DRIVER->ops->stop(&rig.dev, ROAD_STOP_CLOSE);
	rig_check(&rig);
}

static const struct tap_case cases[] = {
	{"a chip comes up and says what it is", test_bring_up},
	{"properties have numbers of their own", test_property_ids},
	{"chips that cannot be are refused with what was seen", test_refused_chips},
	{"heaps add up to the chip's memory", test_heaps},
	{"each kind of memory is reached, to its last byte and no further", test_memory_kinds},
	{"memory is zero for its new owner", test_wiped},
	{"read-only buffers are written by commands, not by kernels", test_read_only},
	{"alignment holds", test_alignment},
	{"memory that is used up comes back when it is freed", test_exhaust},
	{"a table of many ranges stays sorted", test_many_segments},
	{"queues and spaces are limited by the chip", test_limits},
	{"a queue whose depth is used up takes nothing", test_back_pressure},
	{"an interrupt tells its queue and needs no acknowledgement", test_interrupts},
	{"a fault fails its submission and those behind, until a reset", test_fault},
	{"every fault has words", test_fault_words},
	{"a fault after twenty thousand packets finds its submission", test_long_queue},
	{"a device reset brings back spaces and images, and closes queues", test_device_reset},
	{"a queue that the chip refuses leaves nothing behind", test_refused_queue},
	{"a chip that does not answer meets a deadline of its own clock", test_silent_chip},
};

TAP_MAIN(cases)
