/* SPDX-License-Identifier: Apache-2.0 */
/* Registers, setup of queues and spaces, interrupts, regions, options. */
#include <stdio.h>
#include <string.h>

#include "simulators/boot/boot.h"
#include "tests/unit/sim_gpu_model/rig.h"
#include "uapi/traits.h"

static void identity(void)
{
	const struct {
		uint64_t offset, value;
		uint32_t width;
	} rows[] = {
		{ROAD_GPU_REG_ID, ROAD_GPU_ID, 4},
		{ROAD_GPU_REG_VERSION, ROAD_GPU_INTERFACE, 4},
		{ROAD_GPU_REG_SM_COUNT, 4, 4},
		{ROAD_GPU_REG_WARPS_PER_SM, 16, 4},
		{ROAD_GPU_REG_BLOCKS_PER_SM, 8, 4},
		{ROAD_GPU_REG_REGS_PER_SM, 16384, 4},
		{ROAD_GPU_REG_SHARED_PER_SM, 32 << 10, 4},
		{ROAD_GPU_REG_SHARED_PER_BLOCK, 31 << 10, 4},
		{ROAD_GPU_REG_THREADS_PER_BLOCK, 512, 4},
		{ROAD_GPU_REG_CLOCK_KHZ, 1000000, 4},
		{ROAD_GPU_REG_L2_BYTES, 512 << 10, 4},
		{ROAD_GPU_REG_COMPUTE, 0x800, 4},
		{ROAD_GPU_REG_QUEUES, 16, 4},
		{ROAD_GPU_REG_SPACES, 8, 4},
		{ROAD_GPU_REG_MEM_BYTES64, 256 << 20, 8},
		{ROAD_GPU_REG_MEM_WINDOW64, 256 << 20, 8},
		{ROAD_GPU_REG_MEM_RATE64, UINT64_C(64000000000), 8},
		{ROAD_GPU_REG_REG_GRANULE, 256, 4},
		{ROAD_GPU_REG_SHARED_GRANULE, 128, 4},
		{ROAD_GPU_REG_SHARED_RESERVED, 1024, 4},
		{ROAD_GPU_REG_TRAITS + ROAD_TRAITS_REG_L2_LINE, 128, 4},
		{ROAD_GPU_REG_TRAITS + ROAD_TRAITS_REG_REGISTER_FILE, 64 << 10, 4},
		{ROAD_GPU_REG_TRAITS + ROAD_TRAITS_REG_PEAK64 + 8 * ROAD_PEAK_VECTOR_F32,
		 UINT64_C(512000000000), 8},
		{ROAD_GPU_REG_STATUS,
		 ROAD_GPU_STATUS_READY | ROAD_GPU_STATUS_CLEAN | ROAD_GPU_STATUS_ECC |
			 ROAD_GPU_STATUS_REGIONS |
			 (sim_boot_built() ? ROAD_GPU_STATUS_FIRMWARE : 0),
		 4},
		{ROAD_GPU_REG_QUEUE_STATE, ROAD_GPU_QUEUE_CLOSED, 4},
		{ROAD_GPU_REG_IRQ_MASK, 0, 4},
	};
	struct rig *rig = rig_open_bare("time=functional");

	for (size_t i = 0; i < COUNT(rows); i++)
		CU_ASSERT_EQUAL(rows[i].width == 4 ? rig_get(rig, rows[i].offset)
						   : rig_get64(rig, rows[i].offset),
				rows[i].value);
	uint64_t time = rig_get64(rig, ROAD_GPU_REG_TIME64);

	CU_ASSERT_EQUAL(rig_get64(rig, ROAD_GPU_REG_TIME64), time + 500); /* what a read costs */
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	rig_close(rig);
}

static void no_register(void)
{
	static const uint64_t offsets[] = {0x044, 0x04c, 0x06c, 0x088,  0x0fc,   0x130,
					   0x154, 0x158, 0x3fc, 0xfffc, 0x10000, 0x1fff8};
	struct rig *rig = rig_open_bare("time=functional");

	for (size_t i = 0; i < COUNT(offsets); i++) {
		CU_ASSERT_EQUAL(rig_get(rig, offsets[i]), UINT32_MAX);
		CU_ASSERT_EQUAL(rig_violations(rig), i + 1);
	}
	uint64_t before = rig_violations(rig);

	rig_get64(rig, ROAD_GPU_REG_ID);          /* too wide */
	rig_get(rig, ROAD_GPU_REG_MEM_BYTES64);   /* too narrow */
	rig_put(rig, ROAD_GPU_REG_ID, 1);         /* read only */
	rig_put(rig, ROAD_GPU_REG_CONTROL, 0x80); /* unknown bit */
	rig_put(rig, ROAD_GPU_DOORBELL, 1);       /* half a doorbell */
	rig_put64(rig, ROAD_GPU_DOORBELL + 16 * 8, 1);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, 7);
	rig_put(rig, ROAD_GPU_REG_QUEUE_COMMAND, 7);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_violations(rig), before + 8);
	rig_close(rig);
}

/* One wrong field at a time. */
static void queue_refused(void)
{
	static const struct {
		uint64_t offset, value;
		uint32_t width;
		const char *says;
	} rows[] = {
		{ROAD_GPU_REG_QUEUE_SPACE, 1, 4, "QUEUE_SPACE"},
		{ROAD_GPU_REG_QUEUE_SPACE, 8, 4, "QUEUE_SPACE"},
		{ROAD_GPU_REG_QUEUE_SLOTS, 0, 4, "QUEUE_SLOTS"},
		{ROAD_GPU_REG_QUEUE_SLOTS, 96, 4, "QUEUE_SLOTS"},
		{ROAD_GPU_REG_QUEUE_SLOTS, 1u << 21, 4, "QUEUE_SLOTS"},
		{ROAD_GPU_REG_QUEUE_SLOTS, 1u << 20, 4, "QUEUE_RING"},
		{ROAD_GPU_REG_QUEUE_PRIORITY, 4, 4, "QUEUE_PRIORITY"},
		{ROAD_GPU_REG_QUEUE_RING64, HOST + 32, 8, "QUEUE_RING"},
		{ROAD_GPU_REG_QUEUE_RING64, 0x1000, 8, "QUEUE_RING"},
		{ROAD_GPU_REG_QUEUE_RING64, UINT64_MAX - 63, 8, "QUEUE_RING"},
		{ROAD_GPU_REG_QUEUE_STATUS64, HOST + 4, 8, "QUEUE_STATUS"},
		{ROAD_GPU_REG_QUEUE_STATUS64, HOST + HOST_BYTES - 64, 8, "QUEUE_STATUS"},
	};
	struct rig *rig = rig_open_bare("time=functional");

	rig_set_space(rig);
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_queue_fields(rig, 2, 0);
		if (rows[i].width == 4)
			rig_put(rig, rows[i].offset, (uint32_t)rows[i].value);
		else
			rig_put64(rig, rows[i].offset, rows[i].value);
		CU_ASSERT_EQUAL(rig_queue_command(rig, 2, ROAD_GPU_QUEUE_OPEN),
				ROAD_GPU_QUEUE_REFUSED);
		CU_ASSERT_TRUE(rig_violation_says(rig, rows[i].says));
	}
	CU_ASSERT_EQUAL(rig_open_queue(rig, 2, 0), ROAD_GPU_QUEUE_IDLE);
	CU_ASSERT_EQUAL(rig_open_queue(rig, 2, 0), ROAD_GPU_QUEUE_REFUSED); /* it is open */
	CU_ASSERT_EQUAL(rig_queue_command(rig, 2, ROAD_GPU_QUEUE_CLOSE), ROAD_GPU_QUEUE_CLOSED);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 2, ROAD_GPU_QUEUE_CLOSE), ROAD_GPU_QUEUE_REFUSED);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 2, ROAD_GPU_QUEUE_RESET), ROAD_GPU_QUEUE_REFUSED);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 2, 9), ROAD_GPU_QUEUE_REFUSED);
	CU_ASSERT_EQUAL(rig_queue_command(rig, 99, ROAD_GPU_QUEUE_OPEN), ROAD_GPU_QUEUE_REFUSED);
	CU_ASSERT_EQUAL(rig_open_queue(rig, 2, 3), ROAD_GPU_QUEUE_IDLE);
	rig_close(rig);
}

static void still_usable_after_refusal(void)
{
	struct rig *rig = rig_open("time=functional");

	CU_ASSERT_EQUAL(rig_queue_command(rig, 0, ROAD_GPU_QUEUE_OPEN), ROAD_GPU_QUEUE_REFUSED);
	rig_fence(rig, 0, 5);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 5);
	rig_close(rig);
}

static void bad_tables(void)
{
	const uint32_t rw = ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE;
	const uint64_t memory = 256 << 20;
	const struct {
		struct road_gpu_segment segment[2];
		const char *says;
	} rows[] = {
		{{{0x8000, 0x1000, 0, rw, 0}}, "unmapped first bytes"},
		{{{0x20000, 0, 0, rw, 0}}, "empty"},
		{{{UINT64_MAX - 0xfff, 0x2000, 0, rw, 0}}, "wraps"},
		{{{0x20000, 0x1000, 0, 0, 0}}, "neither"},
		{{{0x20000, 0x1000, 0, 8 | rw, 0}}, "unknown flags"},
		{{{0x20000, 0x1000, 0, rw, 1}}, "reserved"},
		{{{0x20000, 0x1000, memory - 0xfff, rw, 0}}, "leaves"},
		{{{0x20000, 0x1000, UINT64_MAX - 0xfff, rw, 0}}, "wraps on the bus"},
		{{{0x20000, memory + 1, 0, rw, 0}}, "leaves"},
		{{{ROAD_GPU_SHARED_WINDOW - 1, 2, 0, rw, 0}}, "window"},
		{{{ROAD_GPU_SHARED_WINDOW + ROAD_GPU_WINDOW_BYTES - 1, 2, 0, rw, 0}}, "window"},
		{{{ROAD_GPU_LOCAL_WINDOW + 5, 2, 0, rw, 0}}, "window"},
		{{{ROAD_GPU_SHARED_WINDOW - 1, memory, 0, rw, 0}}, "window"},
		{{{0x20000, 0x1000, 0, rw, 0}, {0x20fff, 0x1000, 0x1000, rw, 0}}, "not above"},
		{{{0x30000, 0x1000, 0, rw, 0}, {0x20000, 0x1000, 0x1000, rw, 0}}, "not above"},
	};
	struct rig *rig = rig_open_bare("time=functional");

	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_set_space(rig);
		memcpy(rig->host + TABLE_AT, rows[i].segment, sizeof(rows[i].segment));
		rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, rows[i].segment[1].bytes ? 2 : 1);
		rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 0);
		CU_ASSERT_TRUE(rig_violation_says(rig, rows[i].says));
	}
	/* A table that touches, but does not cross, what it must not. */
	const struct road_gpu_segment edges[] = {
		{ROAD_GPU_UNMAPPED, 0x1000, 0, rw, 0},
		{ROAD_GPU_UNMAPPED + 0x1000, 0x1000, memory - 0x1000, rw, 0},
		{ROAD_GPU_SHARED_WINDOW - 0x1000, 0x1000, 0, rw, 0},
		{ROAD_GPU_SHARED_WINDOW + ROAD_GPU_WINDOW_BYTES, 0x1000, 0, rw, 0},
		{UINT64_MAX - 0x1000, 0x1000, 0, rw, 0},
	};
	uint64_t before = rig_violations(rig);

	memcpy(rig->host + TABLE_AT, edges, sizeof(edges));
	rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, COUNT(edges));
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 1);
	CU_ASSERT_EQUAL(rig_violations(rig), before);
	rig_put64(rig, ROAD_GPU_REG_SPACE_TABLE64, 0x1000); /* not mapped */
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 0);
	rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, UINT32_MAX);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	rig_put(rig, ROAD_GPU_REG_SPACE_SELECT, 8);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_CLOSE);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_violations(rig), before + 4);
	rig_close(rig);
}

/* 10^4 tables of random segments, most of them wrong: opened or closed, never worse. */
static void random_tables(void)
{
	static const uint64_t places[] = {
		0, 0x10000, 0x20000, 256 << 20, UINT64_C(1) << 45, UINT64_C(1) << 46, UINT64_MAX};
	struct rig *rig = rig_open_bare("time=functional");
	uint64_t state = 12345;
	unsigned opened = 0;

	rig_set_space(rig);
	for (int round = 0; round < 10000; round++) {
		struct road_gpu_segment *table = (void *)(rig->host + TABLE_AT);
		uint32_t count = 1 + (uint32_t)round % 3;

		for (uint32_t i = 0; i < count; i++) {
			uint64_t r[4];

			for (int k = 0; k < 4; k++)
				r[k] = state = state * UINT64_C(6364136223846793005) + 1442695041;
			table[i] = (struct road_gpu_segment){
				places[(r[0] >> 33) % COUNT(places)] + (r[0] >> 60) * 4096,
				places[(r[1] >> 33) % COUNT(places)] + (r[1] >> 60) * 4096,
				places[(r[2] >> 33) % 4] + (r[2] >> 60) * 4096,
				(uint32_t)(r[3] >> 33) % 8, 0};
		}
		rig_put(rig, ROAD_GPU_REG_SPACE_COUNT, count);
		rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_OPEN);
		opened += rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND);
	}
	printf("# %u of 10000 random tables were valid\n", opened);
	CU_ASSERT_TRUE(opened > 10 && opened < 9000);
	rig_close(rig);
}

static void close_running_space(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor wait = rig_vendor(ROAD_GPU_VENDOR_WAIT, false);

	wait.src = HOST + DATA_AT;
	wait.flags = ROAD_GPU_VENDOR_SRC_BUS;
	wait.value_bytes = 8;
	wait.value = 1;
	rig_send(rig, 0, &wait);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_queue_command(rig, 0, 0), ROAD_GPU_QUEUE_REFUSED);
	rig_put(rig, ROAD_GPU_REG_SPACE_SELECT, 0);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_CLOSE);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 1);
	CU_ASSERT_TRUE(rig_violation_says(rig, "stays open"));
	rig_queue_command(rig, 0, ROAD_GPU_QUEUE_CLOSE);
	rig_put(rig, ROAD_GPU_REG_SPACE_COMMAND, ROAD_GPU_SPACE_CLOSE);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 0);
	/* queue 1 is still open: what it names is not mapped any more */
	struct road_gpu_vendor write = rig_vendor(ROAD_GPU_VENDOR_WRITE, false);

	write.dst = VA_DATA;
	write.value_bytes = 4;
	rig_send(rig, 1, &write);
	CU_ASSERT_TRUE(rig_run(rig));
	CU_ASSERT_EQUAL(rig_status(rig, 1)->fault, ROAD_GPU_FAULT_UNMAPPED);
	rig_close(rig);
}

static void doorbell_abuse(void)
{
	struct rig *rig = rig_open("time=functional");
	const struct road_gpu_vendor nop = rig_vendor(ROAD_GPU_VENDOR_NOP, false);

	rig_send(rig, 0, &nop);
	rig_send(rig, 0, &nop);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 2);
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	rig_put64(rig, ROAD_GPU_DOORBELL, 1); /* back */
	rig_run(rig);
	CU_ASSERT_TRUE(rig_violation_says(rig, "goes back from 2 to 1"));
	rig_put64(rig, ROAD_GPU_DOORBELL, 2 + RING_SLOTS + 1); /* beyond the ring */
	rig_run(rig);
	CU_ASSERT_TRUE(rig_violation_says(rig, "more than 256 packets ahead"));
	rig_put64(rig, ROAD_GPU_DOORBELL, UINT64_MAX);
	rig_put64(rig, ROAD_GPU_DOORBELL + 8 * 5, 1); /* a closed queue */
	rig_run(rig);
	CU_ASSERT_TRUE(rig_violation_says(rig, "closed"));
	CU_ASSERT_EQUAL(rig_violations(rig), 4);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 2);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	for (int i = 0; i < RING_SLOTS; i++) /* exactly full */
		rig_push(rig, 0, &nop);
	rig_ring(rig, 0);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 2 + RING_SLOTS);
	CU_ASSERT_EQUAL(rig_violations(rig), 4);
	rig_close(rig);
}

static void consumes_no_further(void)
{
	struct rig *rig = rig_open("time=functional");
	struct road_gpu_vendor write = rig_vendor(ROAD_GPU_VENDOR_WRITE, false);

	write.dst = VA_DATA;
	write.value_bytes = 8;
	write.value = 1;
	rig_send(rig, 0, &write);
	write.value = 2;
	rig_push(rig, 0, &write); /* there, but not rung */
	rig_run(rig);
	CU_ASSERT_EQUAL(rig->memory[0], 1);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->consumed, 1);
	rig_ring(rig, 0);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig->memory[0], 2);
	rig_close(rig);
}

static void interrupt_mask(void)
{
	struct rig *rig = rig_open("time=functional");

	rig_put(rig, ROAD_GPU_REG_IRQ_MASK, ~(1u << 3));
	rig_fence(rig, 0, 1); /* vector 3 */
	rig_fence(rig, 1, 1); /* vector 4 */
	rig_run(rig);
	CU_ASSERT_EQUAL(rig->irqs, 1u << 4);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_IRQ_STATUS), 1u << 3 | 1u << 4);
	rig_put(rig, ROAD_GPU_REG_IRQ_STATUS, 1u << 4);
	rig->irqs = 0;
	rig_put(rig, ROAD_GPU_REG_IRQ_MASK, UINT32_MAX); /* 3 is pending and comes now */
	rig_run(rig);
	CU_ASSERT_EQUAL(rig->irqs, 1u << 3);
	rig->irqs = 0;
	rig_fence(rig, 0, 2); /* sent again, though the one before was not acknowledged */
	rig_run(rig);
	CU_ASSERT_EQUAL(rig->irqs, 1u << 3);
	rig_put(rig, ROAD_GPU_REG_IRQ_STATUS, 1u << 3);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_IRQ_STATUS), 0);
	rig_close(rig);
}

static void function_reset(void)
{
	struct rig *rig = rig_open("time=functional");

	for (int how = 0; how < 2; how++) {
		rig_fence(rig, 0, 7);
		rig_run(rig);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 7);
		rig_fence(rig, 0, 8); /* never done */
		if (how) {
			rig->sim->reset(rig->function);
			rig_run(rig);
		} else {
			rig_put(rig, ROAD_GPU_REG_CONTROL, ROAD_GPU_CONTROL_RESET);
		}
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_QUEUE_STATE), ROAD_GPU_QUEUE_CLOSED);
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SPACE_COMMAND), 0);
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_IRQ_MASK), 0);
		CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_IRQ_STATUS), 0);
		CU_ASSERT_EQUAL(rig_get64(rig, ROAD_GPU_REG_QUEUE_RING64), 0);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fence, 7);
		rig_set_space(rig);
		CU_ASSERT_EQUAL(rig_open_queue(rig, 0, 1), ROAD_GPU_QUEUE_IDLE);
	}
	rig_close(rig);
}

static void memory_window(void)
{
	struct rig *rig = rig_open_bare("time=functional&window=chip");
	bool memory = false;
	uint64_t bytes = 0;

	rig->sim->region(rig->function, ROAD_GPU_REGION_MEMORY, &bytes, &memory);
	CU_ASSERT_EQUAL(bytes, 64 << 20);
	CU_ASSERT_TRUE(memory);
	CU_ASSERT_EQUAL(rig_get64(rig, ROAD_GPU_REG_MEM_WINDOW64), 64 << 20);
	CU_ASSERT_PTR_NULL(rig->sim->region_map(rig->function, 2, 64 << 20, 1));
	CU_ASSERT_PTR_NULL(rig->sim->region_map(rig->function, 2, 1, UINT64_MAX));
	CU_ASSERT_PTR_NULL(rig->sim->region_map(rig->function, 0, 0, 4096));
	uint8_t *map = rig->sim->region_map(rig->function, 2, 4096, 4096);

	CU_ASSERT_PTR_NOT_NULL_FATAL(map);
	rig->sim->post(rig->function, 2, 4096, 4, 0x11223344, rig->when);
	CU_ASSERT_EQUAL(rig->sim->read(rig->function, 2, 4096, 2, &rig->when), 0x3344);
	CU_ASSERT_EQUAL(map[3], 0x11);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_STATUS) & ROAD_GPU_STATUS_CLEAN, 0);
	CU_ASSERT_EQUAL(rig_violations(rig), 0);
	rig->sim->read(rig->function, 2, 64 << 20, 4, &rig->when);
	rig->sim->read(rig->function, 2, 2, 4, &rig->when);
	rig->sim->read(rig->function, 1, 0, 4, &rig->when);
	rig->sim->post(rig->function, 2, UINT64_MAX - 3, 4, 0, rig->when);
	rig_run(rig);
	CU_ASSERT_EQUAL(rig_violations(rig), 4);
	rig->sim->region(rig->function, 1, &bytes, &memory);
	CU_ASSERT_EQUAL(bytes, 0);
	rig_close(rig);
}

static void options(void)
{
	static const struct {
		const char *options, *says; /* NULL: fine */
		bool rom;                   /* holds where chips have a boot ROM */
	} rows[] = {
		{"check=div", NULL},
		{"poison=0xff&watchdog=100&cores=2", NULL},
		{"window=all", NULL},
		{"boot=offset", "option boot: value \"offset\", allowed: honest, hang:PHASE", true},
		{"boot=hang:ready",
		 "option boot: value \"hang:ready\", allowed: hang: and one of off, rom", true},
		{"boot=crash", "option boot: value \"crash\", allowed: honest", true},
		{"rom_key=12", "option rom_key: value \"12\", allowed: 64 hexadecimal digits",
		 true},
		{"firmware=none", "allowed: development, search", true},
		{"check=mul", "allowed: div"},
		{"poison=256", "from 0 to 255"},
		{"watchdog=0", "allowed: integer 1.."},
		{"cores=0", "from 1 to 1024"},
		{"cores=1025", "from 1 to 1024"},
		{"window=none", "allowed: all, chip"},
		{"speed=9",
		 "option speed: unknown, allowed: a parameter of the chip, time, seed, threads, "
		 "functions, "
		 "boot, check, cores, firmware, free, lines, opt, poison, regs, rom_key, window"},
		{"free=time", "option free: value \"time\", allowed: dram, l2, latency, "
			      "bank_conflicts, launch, tensor, workgroup"},
		{"alu_latency=7&dram_rate=1000", NULL},
		{"alu_latency=many",
		 "option alu_latency: value \"many\", allowed: integer 1..10000"},
		{"l2_ways=3", "parameter l2_size: value"},
	};
	const struct sim_entry *sim = roadbed_sim_entry(SIM_ENTRY_VERSION);

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sim_function *function;
		char error[256] = "";
		struct sim_open open = {.chip = "gpu-small",
					.chip_bytes = 9,
					.options = rows[i].options,
					.address = "sim:gpu-small",
					.error = error};

		if (rows[i].rom && !sim_boot_built())
			continue;
		bool good = sim->open(&open, &function) == SIM_OPEN_OK;

		CU_ASSERT_EQUAL(good, !rows[i].says);
		if (rows[i].says && !strstr(error, rows[i].says))
			printf("# %s: \"%s\" lacks \"%s\"\n", rows[i].options, error, rows[i].says);
		CU_ASSERT_TRUE(!rows[i].says || strstr(error, rows[i].says));
		if (good)
			sim->close(function);
	}
	struct rig *rig = rig_open_bare("cores=2");

	CU_ASSERT_EQUAL(rig_get(rig, ROAD_GPU_REG_SM_COUNT), 2);
	rig_close(rig);
}

static const struct tap_case cases[] = {
	{"registers say what the chip file says", identity},
	{"what is no register, or of another width, is a violation", no_register},
	{"a queue with one wrong field is refused, and says which", queue_refused},
	{"a refused command leaves an open queue as it was", still_usable_after_refusal},
	{"a table with one fault closes the space, and says which", bad_tables},
	{"random segment tables open or close a space", random_tables},
	{"a space that a queue uses stays open", close_running_space},
	{"doorbells that go back, too far or nowhere are violations", doorbell_abuse},
	{"nothing behind the last doorbell is consumed", consumes_no_further},
	{"masked interrupts wait until they are let through", interrupt_mask},
	{"reset closes queues and spaces, and drops their work", function_reset},
	{"region 2 shows device memory", memory_window},
	{"options are taken, others refused with what is allowed", options},
};
TAP_MAIN(cases)
