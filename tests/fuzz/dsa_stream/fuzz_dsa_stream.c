/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of the DSA gone mad: registers, doorbells, descriptors, streams and contexts in any
 * order, with memory that changes meanwhile. The chip may fault; it must not crash nor hang, nor
 * touch what is not mapped, and after a reset a fence comes through.
 *
 * The bytes: one for the mode, then steps; each is a byte that chooses, and what it needs.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "simulators/engine/entry.h"
#include "tests/fuzz/reader.h"
#include "tests/unit/boot_support.h"
#include "tests/unit/dsa_code.h"
#include "uapi/dsa/regs.h"
#include "uapi/dsa/ring.h"
#include "uapi/range.h"

enum { STEPS_MAX = 64, REGISTERS_END = 0x158, STREAMS = 4, SLOTS = 64, SLICE_EVENTS = 16 };

/* Host memory that the chip reaches, and what lies in it, by offset. */
#define HOST       UINT64_C(0x100000000)
#define HOST_BYTES UINT64_C(0x40000)
enum {
	STATUS_AT = 0, /* of stream s at s * 256 */
	TABLE_AT = 0x1000,
	ARGUMENTS_AT = 0x2000,
	RINGS_AT = 0x4000, /* of stream s at s * RING_BYTES */
	RING_BYTES = SLOTS * ROAD_DSA_DESCRIPTOR_BYTES,
	CODE_AT = 0x10000,
	SYSTEM_AT = 0x20000, /* mapped into the context */
};
/* The ranges of context 0: device memory for data and for code, host memory. */
#define VA_DATA   UINT64_C(0x200000)
#define VA_CODE   UINT64_C(0x400000)
#define VA_SYSTEM UINT64_C(0x800000)

static const char source[] = ".kernel store arguments=16\n"
			     " ldarg.u64 x1, [0]\n"
			     " ldarg.u64 x2, [8]\n"
			     " end\n"
			     ".end\n"
			     ".kernel forever arguments=0\n"
			     "again: jump again\n"
			     " end\n"
			     ".end\n"
			     ".kernel pair arguments=0 cooperative\n"
			     " end\n"
			     ".end\n";

struct rig {
	const struct sim_entry *sim;
	struct sim_function *function;
	uint64_t when, written[STREAMS], code_bytes;
	uint8_t *host;
};

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* ---- the chip, as a good driver sets it up ---- */

static void *translate(void *user, uint64_t iova, uint64_t bytes, bool write)
{
	struct rig *rig = user;

	(void)write;
	if (iova < HOST || iova - HOST > HOST_BYTES || bytes > HOST_BYTES - (iova - HOST))
		return NULL;
	return rig->host + (iova - HOST);
}

static void put(struct rig *rig, uint64_t offset, uint32_t width, uint64_t value)
{
	rig->sim->post(rig->function, ROAD_DSA_REGION_REGS, offset, width, value, rig->when);
}

static void set_context(struct rig *rig)
{
	const uint32_t rw = ROAD_RANGE_READ | ROAD_RANGE_WRITE;
	const struct road_range table[] = {
		{VA_DATA, 0x10000, 0, rw, 0},
		{VA_CODE, 0x10000, 0x10000, ROAD_RANGE_READ, 0},
		{VA_SYSTEM, 0x10000, HOST + SYSTEM_AT, rw | ROAD_RANGE_SYSTEM, 0},
	};

	memcpy(rig->host + TABLE_AT, table, sizeof(table));
	put(rig, ROAD_DSA_REG_CONTEXT_SELECT, 4, 0);
	put(rig, ROAD_DSA_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	put(rig, ROAD_DSA_REG_CONTEXT_COUNT, 4, sizeof(table) / sizeof(table[0]));
	put(rig, ROAD_DSA_REG_CONTEXT_COMMAND, 4, ROAD_DSA_CONTEXT_OPEN);
}

static void open_stream(struct rig *rig, uint32_t stream, uint32_t priority)
{
	put(rig, ROAD_DSA_REG_STREAM_SELECT, 4, stream);
	put(rig, ROAD_DSA_REG_STREAM_CONTEXT, 4, 0);
	put(rig, ROAD_DSA_REG_STREAM_RING64, 8, HOST + RINGS_AT + stream * RING_BYTES);
	put(rig, ROAD_DSA_REG_STREAM_SLOTS, 4, SLOTS);
	put(rig, ROAD_DSA_REG_STREAM_PRIORITY, 4, priority);
	put(rig, ROAD_DSA_REG_STREAM_STATUS64, 8, HOST + STATUS_AT + stream * 256);
	put(rig, ROAD_DSA_REG_STREAM_COMMAND, 4, ROAD_DSA_STREAM_OPEN);
	rig->written[stream] = 0;
}

static void push(struct rig *rig, uint32_t stream, const void *descriptor)
{
	uint64_t slot = rig->written[stream]++ % SLOTS;

	memcpy(rig->host + RINGS_AT + stream * RING_BYTES + slot * ROAD_DSA_DESCRIPTOR_BYTES,
	       descriptor, ROAD_DSA_DESCRIPTOR_BYTES);
}

static void ring(struct rig *rig, uint32_t stream)
{
	put(rig, ROAD_DSA_DOORBELL + stream * ROAD_DSA_DOORBELL_STRIDE, 8, rig->written[stream]);
}

/* Returns whether nothing is left to run. A task's watchdog is its driver's to choose: one that
 * never ends is no fault of the chip's. */
static bool run(struct rig *rig, uint64_t until, unsigned slices)
{
	struct sim_slice slice = {.ran = 0};

	for (unsigned i = 0; i < slices; i++) {
		rig->sim->run(until, SLICE_EVENTS, &slice);
		for (uint32_t v = 0; v < rig->sim->irq_count(rig->function); v++)
			(void)rig->sim->irq_take(rig->function, v);
		if (!slice.ran && !slice.irq)
			break;
	}
	if (rig->sim->now() > rig->when)
		rig->when = rig->sim->now();
	return !slice.ran;
}

/* ---- good work ---- */

enum { GOOD = 12 };

/* One of each kind, as the driver writes them. */
static void good_descriptor(struct rig *rig, uint32_t which, uint8_t *out)
{
	const struct road_dsa_descriptor any[] = {
		{.work = ROAD_DSA_WORK_LOAD, .flags = 1, .dst = VA_CODE, .bytes = rig->code_bytes},
		{.work = ROAD_DSA_WORK_UNLOAD, .flags = 1, .dst = VA_CODE},
		{.work = ROAD_DSA_WORK_COPY,
		 .flags = ROAD_DSA_WORK_SRC_BUS,
		 .dst = VA_CODE,
		 .src = HOST + CODE_AT,
		 .bytes = rig->code_bytes,
		 .rows = 1,
		 .slices = 1},
		{.work = ROAD_DSA_WORK_COPY,
		 .dst = VA_DATA,
		 .src = VA_SYSTEM,
		 .bytes = 64,
		 .rows = 3,
		 .slices = 2,
		 .dst_pitch = 128,
		 .src_pitch = 256,
		 .slice_rows = 4},
		{.work = ROAD_DSA_WORK_FILL,
		 .dst = VA_SYSTEM,
		 .bytes = 64,
		 .rows = 1,
		 .slices = 1,
		 .value = 7,
		 .value_bytes = 4},
		{.work = ROAD_DSA_WORK_WRITE,
		 .flags = 1,
		 .dst = VA_DATA,
		 .value = 5,
		 .value_bytes = 8},
		{.work = ROAD_DSA_WORK_WAIT,
		 .flags = 1,
		 .src = VA_DATA,
		 .value = 5,
		 .value_bytes = 8},
		{.work = ROAD_DSA_WORK_TIMESTAMP, .flags = 1, .dst = VA_DATA + 8},
		{.work = ROAD_DSA_WORK_FENCE,
		 .flags = ROAD_DSA_WORK_IRQ | 1,
		 .vector = 3,
		 .value = 1},
	};
	const struct road_dsa_task tasks[] = {
		{.work = ROAD_DSA_WORK_TASK,
		 .blocks = 3,
		 .code = VA_CODE,
		 .argument_bytes = 16,
		 .arguments = HOST + ARGUMENTS_AT,
		 .data = VA_DATA},
		{.work = ROAD_DSA_WORK_TASK,
		 .blocks = 1,
		 .code = VA_CODE,
		 .kernel = 1,
		 .watchdog = 500},
		{.work = ROAD_DSA_WORK_TASK,
		 .flags = ROAD_DSA_WORK_COOPERATIVE,
		 .blocks = 2,
		 .code = VA_CODE,
		 .kernel = 2},
	};
	const uint32_t count = sizeof(any) / sizeof(any[0]);

	if (which < count)
		memcpy(out, &any[which], ROAD_DSA_DESCRIPTOR_BYTES);
	else
		memcpy(out, &tasks[which - count], ROAD_DSA_DESCRIPTOR_BYTES);
}

/* ---- steps ---- */

/* A good descriptor with up to three bytes of it changed. */
static void push_good(struct rig *rig, struct reader *r, uint32_t stream)
{
	uint8_t descriptor[ROAD_DSA_DESCRIPTOR_BYTES], change[6];

	good_descriptor(rig, reader_u8(r) % GOOD, descriptor);
	reader_take(r, change, sizeof(change));
	for (unsigned i = 0; i < 3; i++)
		descriptor[change[2 * i] % 64] ^= change[2 * i + 1];
	push(rig, stream, descriptor);
}

static void push_any(struct rig *rig, struct reader *r, uint32_t stream)
{
	uint8_t descriptor[ROAD_DSA_DESCRIPTOR_BYTES];

	reader_take(r, descriptor, sizeof(descriptor));
	push(rig, stream, descriptor);
}

static void change_memory(struct rig *rig, struct reader *r)
{
	static const uint32_t where[] = {CODE_AT, TABLE_AT, 0, RINGS_AT};
	uint8_t chosen = reader_u8(r) & 3, what[16];
	uint64_t at = reader_u64(r);

	reader_take(r, what, sizeof(what));
	at = where[chosen] + at % (chosen == 2 ? HOST_BYTES - sizeof(what) : 0x400);
	memcpy(rig->host + at, what, sizeof(what));
}

static void write_register(struct rig *rig, struct reader *r)
{
	uint8_t how = reader_u8(r), reg = reader_u8(r);
	uint64_t value = reader_u64(r), offset = reg * 4u % REGISTERS_END;

	if (how & 2)
		offset = ROAD_DSA_DOORBELL + reg % 32 * 4u;
	put(rig, offset, how & 1 ? 8 : 4, value);
}

static void step(struct rig *rig, struct reader *r)
{
	uint8_t what = reader_u8(r);
	uint32_t stream = what >> 4 & 3;

	switch (what & 7) {
	case 0: push_good(rig, r, stream); break;
	case 1: push_any(rig, r, stream); break;
	case 2: ring(rig, stream); break;
	case 3: (void)run(rig, rig->when + reader_u8(r) * UINT64_C(64000), 32); break;
	case 4: write_register(rig, r); break;
	case 5: change_memory(rig, r); break;
	case 6:
		(void)rig->sim->read(rig->function, 0, reader_u8(r) * 8u % REGISTERS_END, 8,
				     &rig->when);
		break;
	default: open_stream(rig, stream, reader_u8(r)); break;
	}
}

static void open_chip(struct rig *rig, uint8_t mode)
{
	static const char *const modes[] = {"time=functional", "time=approx",
					    "time=functional&check=hazards", "time=trace"};
	char error[256] = "";
	struct sim_open open = {
		.chip = "dsa-small",
		.chip_bytes = 9,
		.options = modes[mode & 3],
		.address = "sim:dsa-small",
		.host = {translate, rig},
		.error = error,
	};

	rig->host = calloc(1, HOST_BYTES);
	rig->sim = roadbed_sim_entry(SIM_ENTRY_VERSION);
	must(rig->sim->open(&open, &rig->function) == SIM_OPEN_OK, error);
	rig->when = rig->sim->now();
	const struct boot_support boot = {.sim = rig->sim,
					  .function = rig->function,
					  .base = ROAD_DSA_BOOT,
					  .when = &rig->when,
					  .host = rig->host + SYSTEM_AT,
					  .iova = HOST + SYSTEM_AT};

	must(boot_support(&boot), "its firmware does not run");
	memset(rig->host + SYSTEM_AT, 0, 4096);
	rig->code_bytes = dsa_code_write(source, rig->host + CODE_AT);
	must(rig->code_bytes, "source");
	put(rig, ROAD_DSA_REG_IRQ_MASK, 4, UINT32_MAX);
	set_context(rig);
	open_stream(rig, 0, 1);
	open_stream(rig, 1, 1);
}

/* After a reset the chip is as good as new. */
static void check_alive(struct rig *rig)
{
	const struct road_dsa_descriptor fence = {
		.work = ROAD_DSA_WORK_FENCE, .flags = ROAD_DSA_WORK_ORDERED, .value = 4711};
	const struct road_dsa_stream_status *status = (const void *)(rig->host + STATUS_AT);

	rig->sim->reset(rig->function);
	memset(rig->host + STATUS_AT, 0, sizeof(*status));
	set_context(rig);
	open_stream(rig, 0, 0);
	push(rig, 0, &fence);
	ring(rig, 0);
	must(run(rig, UINT64_MAX, 1000), "no rest after a reset");
	must(status->done == 4711 && !status->fault, "no fence after a reset");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	struct rig rig = {.when = 0};

	open_chip(&rig, reader_u8(&r));
	for (unsigned i = 0; r.left && i < STEPS_MAX; i++)
		step(&rig, &r);
	(void)run(&rig, UINT64_MAX, 64);
	check_alive(&rig);
	rig.sim->close(rig.function);
	free(rig.host);
	return 0;
}
