/* SPDX-License-Identifier: Apache-2.0 */
/* The written ring port of the kit on a chip made of paper, and each of its allocations failing. */
#include <string.h>

#include "drivers/template/ring/uapi/template/regs.h"
#include "tests/support/tap.h"
#include "tests/unit/drivers/fake_bus.h"

extern const struct road_driver road_driver_template;
#define DRIVER (&road_driver_template)

enum { MEMORY_BYTES = 4096 };

struct rig {
	struct fake_bus fake; /* first */
	struct road_drv_device dev;
	struct road_drv_space space;
	struct road_drv_queue queue;
	uint64_t ring, taken, sequence;
	uint32_t packets, interrupts, bad;
	bool never_ready;
	char memory[MEMORY_BYTES];
};

static char *place(struct rig *rig, bool bus, uint64_t at, uint64_t bytes)
{
	if (bus)
		return fake_bus_host(&rig->fake, at, bytes);
	return at + bytes <= MEMORY_BYTES ? rig->memory + at : NULL;
}

static void take(struct rig *rig)
{
	const struct template_packet *p =
		fake_bus_host(&rig->fake, rig->ring + rig->taken++ % rig->packets * 32, 32);
	char *dst = p ? place(rig, p->flags & TEMPLATE_DST_BUS, p->dst, p->bytes) : NULL;
	const char *src = (const char *)&p->src;

	if (p && p->op == TEMPLATE_COPY)
		src = place(rig, p->flags & TEMPLATE_SRC_BUS, p->src, p->bytes);
	if (!dst || !src || p->op == TEMPLATE_EMPTY) {
		rig->bad++;
		return;
	}
	for (uint32_t i = 0; p->op == TEMPLATE_FILL && i < p->bytes; i++)
		dst[i] = ((const char *)&p->src)[i % 8];
	if (p->op != TEMPLATE_FILL)
		memmove(dst, src, p->bytes);
	rig->interrupts += p->op == TEMPLATE_FENCE;
}

static void write_reg(struct fake_bus *fake, uint64_t offset, uint32_t width, uint64_t value)
{
	struct rig *rig = (struct rig *)(void *)fake;

	(void)width;
	switch (offset) {
	case TEMPLATE_REG_RESET: rig->packets = 0; break;
	case TEMPLATE_REG_RING: rig->ring = value; break;
	case TEMPLATE_REG_PACKETS:
		rig->packets = (uint32_t)value;
		rig->taken = 0;
		break;
	case TEMPLATE_REG_TAIL:
		while (rig->packets && rig->taken != value)
			take(rig);
		break;
	default: break;
	}
}

static uint64_t read_reg(struct fake_bus *fake, uint64_t offset, uint32_t width)
{
	const struct rig *rig = (const struct rig *)(const void *)fake;

	(void)width;
	switch (offset) {
	case TEMPLATE_REG_ID: return TEMPLATE_ID;
	case TEMPLATE_REG_STATUS: return rig->never_ready ? 0 : TEMPLATE_STATUS_READY;
	case TEMPLATE_REG_MEMORY_BYTES: return MEMORY_BYTES;
	default: return 0;
	}
}

static void init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_bus_init(&rig->fake);
	rig->fake.read = read_reg;
	rig->fake.write = write_reg;
	rig->fake.memory = rig->memory;
	rig->fake.memory_bytes = MEMORY_BYTES;
	rig->fake.memory_region = 1;
	rig->dev = (struct road_drv_device){.driver = DRIVER, .bus = &rig->fake.bus};
	rig->space.dev = &rig->dev;
	rig->queue = (struct road_drv_queue){.dev = &rig->dev, .space = &rig->space, .depth = 4};
}

static void open_all(struct rig *rig)
{
	init(rig);
	memset(rig->memory, 0x5a, sizeof(rig->memory));
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->probe(rig->dev.bus), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->start(&rig->dev, ""), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(DRIVER->ops->queue_open(&rig->queue), ROAD_OK);
}

static void close_all(struct rig *rig, enum road_stop_reason why)
{
	DRIVER->ops->queue_close(&rig->queue);
	DRIVER->ops->stop(&rig->dev, why);
	CU_ASSERT_EQUAL(rig->bad, 0);
	CU_ASSERT_EQUAL(fake_bus_live(&rig->fake), 0);
}

static uint64_t run(struct rig *rig, const struct road_cmd *commands, uint32_t count)
{
	struct road_drv_submission s = {
		.sequence = ++rig->sequence, .commands = commands, .count = count};
	struct road_drv_progress progress;

	CU_ASSERT_EQUAL(DRIVER->ops->submit(&rig->queue, &s), ROAD_OK);
	DRIVER->ops->advance(&rig->queue, &progress);
	CU_ASSERT_EQUAL(progress.failed_from, UINT64_MAX);
	return progress.completed;
}

static struct road_drv_buffer buffer_of(struct rig *rig, uint64_t bytes)
{
	struct road_drv_buffer b = {
		.space = &rig->space, .heap = ROAD_HEAP_DEVICE_VISIBLE, .bytes = bytes};

	CU_ASSERT_EQUAL_FATAL(DRIVER->memory->alloc(&b), ROAD_OK);
	for (uint64_t i = 0; i < bytes; i++)
		CU_ASSERT_EQUAL_FATAL(((char *)b.host)[i], 0);
	return b;
}

static void test_moves(void)
{
	struct road_dma stage;
	struct rig rig;

	open_all(&rig);
	struct road_drv_buffer a = buffer_of(&rig, 300), b = buffer_of(&rig, 300);

	CU_ASSERT_EQUAL_FATAL(rig.dev.bus->ops->dma_alloc(rig.dev.bus, 64, &stage), ROAD_OK);
	memset(stage.host, 0x11, 64);
	const struct road_cmd commands[] = {
		{.kind = ROAD_COMMAND_COPY, /* 20 rows: more packets than one call writes */
		 .copy = {.dst = {.address = a.address},
			  .src = {.address = stage.iova.value, .bus = true},
			  .bytes = 2,
			  .rows = 10,
			  .slices = 2,
			  .dst_row_pitch = 10,
			  .dst_slice_pitch = 150,
			  .src_row_pitch = 2,
			  .src_slice_pitch = 20}},
		{.kind = ROAD_COMMAND_FILL,
		 .fill = {.dst = {.address = a.address + 200},
			  .bytes = 40,
			  .pattern = 0xabcd,
			  .pattern_bytes = 2}},
		{.kind = ROAD_COMMAND_COPY,
		 .copy = {.dst = {.address = b.address},
			  .src = {.address = a.address},
			  .bytes = 300,
			  .rows = 1,
			  .slices = 1}},
		{.kind = ROAD_COMMAND_FILL,
		 .fill = {.dst = {.address = b.address + 299},
			  .bytes = 1,
			  .pattern = 7,
			  .pattern_bytes = 1}},
	};
	const unsigned char *out = b.host;

	CU_ASSERT_EQUAL(run(&rig, commands, 4), 1);
	CU_ASSERT_EQUAL(out[0], 0x11);
	CU_ASSERT_EQUAL(out[2], 0);
	CU_ASSERT_EQUAL(out[90], 0x11);
	CU_ASSERT_EQUAL(out[150], 0x11);
	CU_ASSERT_EQUAL(out[200], 0xcd);
	CU_ASSERT_EQUAL(out[239], 0xab);
	CU_ASSERT_EQUAL(out[299], 7);
	CU_ASSERT_EQUAL(rig.interrupts, 1);
	uint32_t before = services_ready;

	DRIVER->ops->irq(&rig.dev, 0);
	CU_ASSERT_EQUAL(services_ready, before + 1);
	rig.dev.bus->ops->dma_free(rig.dev.bus, &stage);
	DRIVER->memory->free(&b);
	DRIVER->memory->free(&a);
	close_all(&rig, ROAD_STOP_CLOSE);
}

static void test_limits(void)
{
	struct rig rig;

	open_all(&rig);
	struct road_drv_buffer b = {
		.space = &rig.space, .heap = ROAD_HEAP_DEVICE_VISIBLE, .bytes = MEMORY_BYTES + 1};

	CU_ASSERT_EQUAL(DRIVER->memory->alloc(&b), ROAD_OUT_OF_DEVICE_MEMORY);
	b.heap = ROAD_HEAP_HOST;
	CU_ASSERT_EQUAL(DRIVER->memory->alloc(&b), ROAD_UNSUPPORTED);
	rig.fake.is_lost = true;
	close_all(&rig, ROAD_STOP_LOST);
}

static void test_failures(void)
{
	road_status status = ROAD_OUT_OF_HOST_MEMORY;
	struct rig rig;

	init(&rig);
	rig.never_ready = true;
	CU_ASSERT_EQUAL(DRIVER->ops->start(&rig.dev, ""), ROAD_TIMEOUT);
	for (int n = 0; status; n++) {
		init(&rig);
		services_fail_after = n;
		status = DRIVER->ops->start(&rig.dev, "");
		if (!status) {
			status = DRIVER->ops->queue_open(&rig.queue);
			if (status)
				DRIVER->ops->stop(&rig.dev, ROAD_STOP_CLOSE);
		}
		if (status) {
			CU_ASSERT_EQUAL(status, ROAD_OUT_OF_HOST_MEMORY);
			CU_ASSERT_EQUAL(fake_bus_live(&rig.fake), 0);
		}
		CU_ASSERT_TRUE_FATAL(n < 100);
	}
	services_fail_after = -1;
	close_all(&rig, ROAD_STOP_CLOSE);
}

static const struct tap_case cases[] = {
	{"bytes move, patterns repeat, memory is zero at first", test_moves},
	{"limits are kept, a lost chip is closed", test_limits},
	{"each allocation that fails leaves nothing behind", test_failures},
};

TAP_MAIN(cases)
