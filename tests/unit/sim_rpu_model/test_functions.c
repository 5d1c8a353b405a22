/* SPDX-License-Identifier: Apache-2.0 */
/* An RPU with several functions: each client reaches its own share of memory and finds its own
 * bytes in the scratchpads, has streams and interrupts of its own, and keeps its turn on the
 * engines. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_model/kernels.h"
#include "tests/unit/sim_rpu_model/rig.h"
#include "uapi/firmware/boot.h"

enum { FUNCTIONS = 3, TILES = 4, CONFIG = 77, OUT_AT = 0x40000 };

static const char *const modes[] = {"time=functional&functions=3", "time=approx&functions=3"};
/* out[i] = i + the addend */
static const char store[] = "graph store\nargument out output\nargument count value 8\n"
			    "argument addend value 8\nloop i count\noperations 2\nrecurrences 0\n"
			    "stream os write.32 out 1\nv = iter\nw = add v, addend\npush os, w\n";
static struct rig *rigs[FUNCTIONS];
static uint64_t share;

static void open_all(const char *options)
{
	rigs[0] = rig_open(options);
	for (int i = 1; i < FUNCTIONS; i++) {
		rigs[i] = rig_open_further(rigs[0]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[i]);
	}
	for (int i = 0; i < FUNCTIONS; i++)
		rig_put(rigs[i], ROAD_RPU_REG_IRQ_MASK, 4, 0);
	share = rig_get(rigs[0], ROAD_RPU_REG_MEM_BYTES64, 8);
}

static void close_all(void)
{
	for (int i = FUNCTIONS; i--;)
		rig_close(rigs[i]);
}

static void run_until(uint64_t until)
{
	rig_run(rigs[0], until, 100000);
	for (int i = 0; i < FUNCTIONS; i++)
		rigs[i]->when = rigs[0]->when;
}

static void run_us(uint64_t us)
{
	run_until(rigs[0]->when + us * 1000000);
}

static void run(void)
{
	run_until(UINT64_MAX);
}

static struct road_rpu_entry fill_of(uint64_t va, uint64_t bytes, uint64_t value)
{
	return (struct road_rpu_entry){.work = ROAD_RPU_WORK_FILL,
				       .flags = ROAD_RPU_WORK_ORDERED,
				       .dst = va,
				       .bytes = bytes,
				       .rows = 1,
				       .slices = 1,
				       .value = value,
				       .value_bytes = 4};
}

static void push_fill(struct rig *rig, uint64_t va, uint64_t bytes, uint64_t value)
{
	const struct road_rpu_entry fill = fill_of(va, bytes, value);

	rig_push(rig, 0, &fill);
}

/* All scratchpads. */
static void push_fill_spm(struct rig *rig, uint64_t at, uint64_t bytes, uint64_t value)
{
	struct road_rpu_entry fill = fill_of(at, bytes, value);

	fill.flags |= ROAD_RPU_WORK_SPM;
	rig_push(rig, 0, &fill);
}

static void push_move(struct rig *rig, uint32_t stream, struct road_rpu_move move)
{
	move.work = ROAD_RPU_WORK_MOVE;
	move.rows = move.slices = 1;
	rig_push(rig, stream, &move);
}

/* From memory to where the host sees it. */
static void push_copy_out(struct rig *rig, uint64_t va, uint64_t bytes)
{
	const struct road_rpu_entry copy = {.work = ROAD_RPU_WORK_COPY,
					    .flags = ROAD_RPU_WORK_ORDERED,
					    .dst = VA_SYSTEM + OUT_AT,
					    .src = va,
					    .bytes = bytes,
					    .rows = 1,
					    .slices = 1};

	rig_push(rig, 0, &copy);
}

/* From the scratchpads of all tiles, one behind the other. */
static void push_spm_out(struct rig *rig, uint32_t at, uint32_t bytes)
{
	push_move(rig, 0,
		  (struct road_rpu_move){.flags = ROAD_RPU_WORK_ORDERED,
					 .engine = ROAD_RPU_ENGINE_WDMA,
					 .memory = VA_SYSTEM + OUT_AT,
					 .spm = at,
					 .bytes = bytes,
					 .tile_stride = bytes});
}

static uint32_t word(const struct rig *rig, uint64_t index)
{
	uint32_t value;

	memcpy(&value, rig->host + SYSTEM_AT + OUT_AT + index * 4, sizeof(value));
	return value;
}

/* Brings the kernel's image to memory and activates it. */
static void load(struct rig *rig)
{
	rig_activate(rig, 0, 0, rig_put_image(rig, 0, store), CONFIG, 0);
}

static void push_run(struct rig *rig, uint32_t stream, uint64_t count, uint64_t addend)
{
	const uint64_t arguments[] = {ROAD_RPU_SPM_BASE + 0x1000, count, addend};
	struct road_rpu_run entry = rig_run_of(sizeof(arguments));

	memcpy(rig->host + ARGUMENTS_AT, arguments, sizeof(arguments));
	entry.blocks = TILES;
	entry.config = CONFIG;
	entry.flags = ROAD_RPU_WORK_ORDERED;
	rig_push(rig, stream, &entry);
}

/* ---- memory ---- */

static void each_has_an_equal_share_and_its_own_bytes(void)
{
	open_all(modes[0]);
	CU_ASSERT_EQUAL(share, (UINT64_C(256) << 20) / FUNCTIONS >> 21 << 21);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(rig_get(rigs[i], ROAD_RPU_REG_MEM_BYTES64, 8), share);
		CU_ASSERT(rig_get(rigs[i], ROAD_RPU_REG_STATUS, 4) & ROAD_RPU_STATUS_CLEAN);
		push_fill(rigs[i], VA_DATA, 0x8000, 0x1000 + i);
		rig_fence(rigs[i], 0, 1);
		run();
		CU_ASSERT_FALSE(rig_get(rigs[i], ROAD_RPU_REG_STATUS, 4) & ROAD_RPU_STATUS_CLEAN);
	}
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		push_copy_out(rigs[i], VA_DATA, 0x8000);
		rig_fence(rigs[i], 0, 2);
	}
	run();
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->done, 2);
		CU_ASSERT_EQUAL(word(rigs[i], 0), 0x1000 + i);
		CU_ASSERT_EQUAL(word(rigs[i], 0x1fff), 0x1000 + i);
		CU_ASSERT_EQUAL(rigs[i]->sim->violations(rigs[i]->function), 0);
	}
	close_all();
}

static bool opens(struct rig *rig, uint64_t pa, uint64_t bytes)
{
	const struct road_range range = {VA_DATA, bytes, pa, ROAD_RANGE_READ | ROAD_RANGE_WRITE, 0};

	memcpy(rig->host + TABLE_AT, &range, sizeof(range));
	rig_put(rig, ROAD_RPU_REG_CONTEXT_SELECT, 4, 1);
	rig_put(rig, ROAD_RPU_REG_CONTEXT_TABLE64, 8, HOST + TABLE_AT);
	rig_put(rig, ROAD_RPU_REG_CONTEXT_COUNT, 4, 1);
	rig_put(rig, ROAD_RPU_REG_CONTEXT_COMMAND, 4, ROAD_RPU_CONTEXT_OPEN);
	return rig_get(rig, ROAD_RPU_REG_CONTEXT_COMMAND, 4) == 1;
}

static void no_range_reaches_another_share(void)
{
	open_all(modes[0]);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_TRUE(opens(rigs[i], 0, share));
		CU_ASSERT_TRUE(opens(rigs[i], share - 4096, 4096));
		CU_ASSERT_FALSE(opens(rigs[i], 0, share + 1));
		CU_ASSERT_FALSE(opens(rigs[i], share - 4096, 4097));
		CU_ASSERT_FALSE(opens(rigs[i], share, 1));
		CU_ASSERT_FALSE(opens(rigs[i], share * FUNCTIONS, 4096)); /* scratchpads */
		CU_ASSERT_FALSE(opens(rigs[i], (uint64_t)-4096, 4096));
		CU_ASSERT_EQUAL(rigs[i]->sim->violations(rigs[i]->function), 5);
	}
	close_all();
}

/* An image is read from the share, too: none lies where it ends. */
static void an_image_is_read_from_the_share(void)
{
	struct road_region_op op = {.verb = ROAD_REGION_VERB_LOAD,
				    .slot = ROAD_REGION_SLOT_ANY,
				    .image_bytes = 4096,
				    .image = share - 64,
				    .config = CONFIG,
				    .report = HOST + OPS_AT + 512};
	const struct road_rpu_entry entry = {
		.work = ROAD_RPU_WORK_REGION, .flags = ROAD_RPU_WORK_ORDERED, .src = HOST + OPS_AT};
	struct road_region_report report;

	open_all(modes[0]);
	op.image = share - 64;
	rig_put(rigs[1], ROAD_RPU_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
	op.generation = rig_get(rigs[1], ROAD_RPU_REGIONS + ROAD_REGION_REG_GENERATION64, 8);
	memcpy(rigs[1]->host + OPS_AT, &op, sizeof(op));
	rig_push(rigs[1], 0, &entry);
	rig_ring(rigs[1], 0);
	run();
	memcpy(&report, rigs[1]->host + OPS_AT + 512, sizeof(report));
	CU_ASSERT_EQUAL(report.done, 1);
	CU_ASSERT_EQUAL(report.error, ROAD_REGION_ERROR_ADDRESS);
	close_all();
}

static void poison_hits_the_function_that_it_was_put_to(void)
{
	open_all(modes[0]);
	CU_ASSERT_EQUAL(rigs[1]->sim->inject(rigs[1]->function, true, VA_DATA), SIM_INJECTED);
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		push_copy_out(rigs[i], VA_DATA, 64);
		rig_ring(rigs[i], 0);
	}
	run();
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->fault,
				i == 1 ? ROAD_RPU_FAULT_ECC : ROAD_RPU_FAULT_NONE);
	close_all();
}

static void the_next_owner_finds_zeros(void)
{
	open_all(modes[0]);
	for (uint32_t i = 1; i < FUNCTIONS; i++) {
		push_fill(rigs[i], VA_DATA, 0x10000, 0xdeadbeef);
		push_fill_spm(rigs[i], 0, SCRATCH_BYTES, 0xdeadbeef);
		rig_fence(rigs[i], 0, 1);
	}
	run();
	CU_ASSERT_EQUAL(rigs[1]->sim->inject(rigs[1]->function, true, VA_DATA + 8), SIM_INJECTED);
	CU_ASSERT_PTR_NULL(rig_open_further(rigs[0])); /* all are in use */
	rig_close(rigs[1]);
	rigs[1] = rig_open_further(rigs[0]);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[1]);
	CU_ASSERT(rig_get(rigs[1], ROAD_RPU_REG_STATUS, 4) & ROAD_RPU_STATUS_CLEAN);
	for (uint32_t i = 1; i < FUNCTIONS; i++) {
		push_copy_out(rigs[i], VA_DATA, 0x10000);
		rig_fence(rigs[i], 0, 2);
	}
	run();
	for (uint64_t at = 0; at < 0x10000 / 4; at++) {
		CU_ASSERT_EQUAL_FATAL(word(rigs[1], at), 0);
		CU_ASSERT_EQUAL_FATAL(word(rigs[2], at), 0xdeadbeef);
	}
	for (uint32_t at = 0; at < SCRATCH_BYTES; at += 0x4000) {
		push_spm_out(rigs[1], at, 0x4000);
		push_spm_out(rigs[2], at, 0x4000);
		rig_fence(rigs[1], 0, 3);
		rig_fence(rigs[2], 0, 3);
		run();
		for (uint64_t i = 0; i < TILES * 0x4000 / 4; i++) {
			CU_ASSERT_EQUAL_FATAL(word(rigs[1], i), 0);
			CU_ASSERT_EQUAL_FATAL(word(rigs[2], i), 0xdeadbeef);
		}
	}
	close_all();
}

/* ---- scratchpads ---- */

/* By fills, kernels and transfers in turn. */
static void each_finds_its_own_bytes_in_the_scratchpads(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		open_all(modes[m]);
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			load(rigs[i]);
			push_fill_spm(rigs[i], 0x2000, 64, 0x70 + i);
			rig_ring(rigs[i], 0);
		}
		run();
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			push_run(rigs[i], 0, 8, 1000 * (i + 1));
			rig_ring(rigs[i], 0);
		}
		run();
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			push_spm_out(rigs[i], 0x1000, 0x1040);
			rig_fence(rigs[i], 0, 1);
		}
		run();
		for (uint32_t i = 0; i < FUNCTIONS; i++) {
			CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->fault, ROAD_RPU_FAULT_NONE);
			CU_ASSERT_EQUAL(rig_status(rigs[i], 0)->done, 1);
			for (uint64_t t = 0; t < TILES; t++) {
				const uint64_t first = t * 0x1040 / 4;

				CU_ASSERT_EQUAL(word(rigs[i], first + 7), 1000 * (i + 1) + 7);
				CU_ASSERT_EQUAL(word(rigs[i], first + 0x400), 0x70 + i);
			}
		}
		close_all();
	}
}

/* That one makes way for another's bytes takes no time: the report counts it. */
static void swaps_of_scratchpads_are_counted_as_left_out(void)
{
	static const char name[] = "\"rpu.scratchpad_swaps\":";
	char report[16384];
	const char *at;

	open_all(modes[1]);
	push_fill_spm(rigs[0], 0, 64, 1);
	rig_fence(rigs[0], 0, 1);
	run();
	rigs[0]->sim->report(rigs[0]->function, report, sizeof(report));
	CU_ASSERT_PTR_NULL(strstr(report, name)); /* nobody had anything there */
	for (uint32_t i = 0; i < 2; i++) {
		push_fill_spm(rigs[1 + i], 0, 64, 1);
		push_fill_spm(rigs[1 + i], 0, 64, 2);
		rig_fence(rigs[1 + i], 0, 1);
		run();
	}
	rigs[0]->sim->report(rigs[0]->function, report, sizeof(report));
	at = strstr(report, name);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_EQUAL(atoi(at + strlen(name)), 2 * TILES);
	close_all();
}

/* Who works for another context of the function than the last one finds nothing in scratchpads,
 * while another function keeps what it has there. */
static void another_owner_within_a_function_finds_zeros(void)
{
	open_all(modes[0]);
	for (uint32_t i = 1; i < FUNCTIONS; i++) {
		push_fill_spm(rigs[i], 0, 64, 0x33 + i);
		rig_fence(rigs[i], 0, 1);
	}
	run();
	for (uint32_t s = 0; s < 2; s++) {
		rig_put(rigs[1], ROAD_RPU_REG_STREAM_SELECT, 4, s);
		rig_put(rigs[1], ROAD_RPU_REG_STREAM_COMMAND, 4, ROAD_RPU_STREAM_CLOSE);
	}
	rig_put(rigs[1], ROAD_RPU_REG_CONTEXT_SELECT, 4, 0);
	rig_put(rigs[1], ROAD_RPU_REG_CONTEXT_COMMAND, 4, ROAD_RPU_CONTEXT_CLOSE);
	rig_set_context(rigs[1]);
	rig_open_stream(rigs[1], 0, 1);
	CU_ASSERT_EQUAL(rig_get(rigs[1], ROAD_RPU_REG_STREAM_STATE, 4), ROAD_RPU_STREAM_IDLE);
	for (uint32_t i = 1; i < FUNCTIONS; i++) {
		push_spm_out(rigs[i], 0, 64);
		rig_fence(rigs[i], 0, 2);
	}
	run();
	for (uint64_t at = 0; at < TILES * 16; at++) {
		CU_ASSERT_EQUAL(word(rigs[1], at), 0);
		CU_ASSERT_EQUAL(word(rigs[2], at), 0x35);
	}
	close_all();
}

/* ---- streams ---- */

static void a_fence_interrupts_its_own_function(void)
{
	const struct road_rpu_entry fence = {.work = ROAD_RPU_WORK_FENCE,
					     .flags = ROAD_RPU_WORK_ORDERED | ROAD_RPU_WORK_IRQ,
					     .vector = 3,
					     .value = 1};

	open_all(modes[0]);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		rig_put(rigs[i], ROAD_RPU_REG_IRQ_MASK, 4, UINT32_MAX);
	rig_push(rigs[1], 1, &fence);
	rig_ring(rigs[1], 1);
	rig_run(rigs[0], UINT64_MAX, 100); /* which takes those of function 0 */
	for (uint32_t i = 0; i < FUNCTIONS; i++) {
		CU_ASSERT_EQUAL(rigs[i]->sim->irq_pending(rigs[i]->function), i == 1 ? 8 : 0);
		CU_ASSERT_EQUAL(rig_status(rigs[i], 1)->done, i == 1);
	}
	close_all();
}

static void reset_it(void)
{
	rigs[1]->sim->reset(rigs[1]->function);
}

static void close_it(void)
{
	rig_close(rigs[1]);
	rigs[1] = rig_open_further(rigs[0]);
}

static void reset_by_register(void)
{
	rig_put(rigs[1], ROAD_RPU_REG_CONTROL, 4, ROAD_RPU_CONTROL_RESET);
	rig_get(rigs[1], ROAD_RPU_REG_STATUS, 4);
}

static void an_end_in_the_middle_changes_nothing_of_the_others(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, reset_by_register};

	for (size_t i = 0; i < COUNT(ends) * COUNT(modes); i++) {
		open_all(modes[i / COUNT(ends)]);
		for (uint32_t f = 0; f < FUNCTIONS; f++) {
			load(rigs[f]);
			rig_ring(rigs[f], 0);
		}
		run();
		for (uint32_t f = 0; f < FUNCTIONS; f++) {
			for (uint32_t r = 0; r < 4; r++)
				push_run(rigs[f], 0, 20000, 500 * (f + 1));
			push_spm_out(rigs[f], 0x1000, 0x1000);
			rig_fence(rigs[f], 0, 9);
		}
		run_us(50);
		CU_ASSERT_EQUAL(rig_status(rigs[0], 0)->done, 0); /* it is under way */
		ends[i % COUNT(ends)]();
		run();
		for (uint32_t f = 0; f < FUNCTIONS; f += 2) {
			CU_ASSERT_EQUAL(rig_status(rigs[f], 0)->fault, 0);
			CU_ASSERT_EQUAL(rig_status(rigs[f], 0)->done, 9);
			CU_ASSERT_EQUAL(word(rigs[f], 0x400 * 3 + 9), 500 * (f + 1) + 9);
			CU_ASSERT_EQUAL(rigs[f]->sim->violations(rigs[f]->function), 0);
		}
		close_all();
	}
}

/* ---- turns on the engines ---- */

/* What function 2 does once, and function 1 without an end: entry n of a stream. */
struct contest {
	void (*once)(struct rig *rig);
	void (*again)(struct rig *rig, uint32_t stream, uint32_t n);
	bool kernels;
};

/* Virtual time of function 2's work, while function 1 has so many entries in each stream. */
static uint64_t time_beside(const struct contest *contest, uint32_t streams, uint32_t entries)
{
	uint64_t began;

	open_all(modes[1]);
	for (uint32_t f = 1; contest->kernels && f < FUNCTIONS; f++) {
		load(rigs[f]);
		rig_ring(rigs[f], 0);
	}
	run();
	for (uint32_t s = 0; s < streams; s++) {
		rig_put(rigs[1], ROAD_RPU_REG_STREAM_SELECT, 4, s);
		if (s < 2)
			rig_put(rigs[1], ROAD_RPU_REG_STREAM_COMMAND, 4, ROAD_RPU_STREAM_CLOSE);
		rig_open_stream(rigs[1], s, 0); /* the highest priority that there is */
		for (uint32_t n = 0; n < entries; n++)
			contest->again(rigs[1], s, n);
		rig_ring(rigs[1], s);
	}
	run_us(5);
	began = rigs[2]->when;
	contest->once(rigs[2]);
	rig_fence(rigs[2], 0, 1);
	for (uint64_t us = 1; !rig_status(rigs[2], 0)->done && us < 2000; us++)
		run_until(began + us * 1000000);
	CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->done, 1);
	CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->fault, 0);
	uint64_t took = rigs[2]->when - began;

	for (uint32_t s = 0; s < streams; s++) /* the flood goes on */
		CU_ASSERT(rig_status(rigs[1], s)->consumed < entries);
	close_all();
	return took;
}

static void move_once(struct rig *rig)
{
	push_move(rig, 0,
		  (struct road_rpu_move){.engine = ROAD_RPU_ENGINE_RDMA,
					 .memory = VA_DATA,
					 .bytes = SCRATCH_BYTES});
}

static void move_again(struct rig *rig, uint32_t stream, uint32_t n)
{
	(void)n;
	push_move(rig, stream,
		  (struct road_rpu_move){.engine = ROAD_RPU_ENGINE_RDMA,
					 .memory = VA_DATA,
					 .bytes = SCRATCH_BYTES});
}

/* A tile for each stream, and never all of them at rest at once. */
static void move_apart(struct rig *rig, uint32_t stream, uint32_t n)
{
	push_move(rig, stream,
		  (struct road_rpu_move){.engine = ROAD_RPU_ENGINE_RDMA,
					 .memory = VA_DATA,
					 .bytes = n ? SCRATCH_BYTES : SCRATCH_BYTES / (stream + 2),
					 .tiles = 1u << stream});
}

static void run_once(struct rig *rig)
{
	push_run(rig, 0, 20000, 1);
}

static void run_again(struct rig *rig, uint32_t stream, uint32_t n)
{
	(void)n;
	push_run(rig, stream, 20000, 1);
}

static void a_flood_of_one_function_does_not_starve_another(void)
{
	static const struct contest contests[] = {
		{move_once, move_again, false},
		{move_once, move_apart, false},
		{run_once, run_again, true},
	};

	for (size_t i = 0; i < COUNT(contests); i++) {
		const uint64_t alone = time_beside(&contests[i], 0, 0);

		CU_ASSERT(alone > 0);
		CU_ASSERT(time_beside(&contests[i], RIG_STREAMS, 60) <= 8 * alone);
	}
}

/* ---- firmware ---- */

static void a_further_function_reads_the_boot_block_and_writes_nothing(void)
{
	open_all(modes[0]);
	if (rig_get(rigs[0], ROAD_RPU_BOOT + ROAD_BOOT_REG_MAGIC, 4) != ROAD_BOOT_MAGIC) {
		close_all();
		tap_skip("a build without a boot ROM");
		return;
	}
	CU_ASSERT_EQUAL(rig_get(rigs[0], ROAD_RPU_BOOT + ROAD_BOOT_REG_OWNER, 4), 0);
	CU_ASSERT_EQUAL(rig_get(rigs[1], ROAD_RPU_BOOT + ROAD_BOOT_REG_OWNER, 4), 1);
	rig_put(rigs[1], ROAD_RPU_BOOT + ROAD_BOOT_REG_CONTROL, 4, ROAD_BOOT_CONTROL_RESET);
	CU_ASSERT_EQUAL(rig_get(rigs[0], ROAD_RPU_BOOT + ROAD_BOOT_REG_PHASE, 4),
			ROAD_BOOT_PHASE_RUNNING);
	CU_ASSERT_EQUAL(rigs[1]->sim->violations(rigs[1]->function), 1);
	CU_ASSERT_EQUAL(rigs[0]->sim->violations(rigs[0]->function), 0);
	close_all();
}

static void a_crash_of_firmware_fails_the_streams_of_all(void)
{
	const struct sim_entry *sim;

	open_all(modes[0]);
	sim = rigs[0]->sim;
	if (rig_get(rigs[0], ROAD_RPU_BOOT + ROAD_BOOT_REG_MAGIC, 4) != ROAD_BOOT_MAGIC) {
		close_all();
		tap_skip("a build without a boot ROM");
		return;
	}
	/* 11: ROAD_SIM_BOOT_CRASH; another function has no say in it */
	CU_ASSERT_EQUAL(sim->boot_fault(rigs[1]->function, 11, 0, 1), SIM_INJECT_NONE);
	CU_ASSERT_EQUAL(sim->boot_fault(rigs[0]->function, 11, 0, 1), SIM_INJECTED);
	rig_get(rigs[0], ROAD_RPU_REG_STATUS, 4);
	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		CU_ASSERT_EQUAL(rig_status(rigs[f], 0)->fault, ROAD_RPU_FAULT_FIRMWARE);
		CU_ASSERT_FALSE(rig_get(rigs[f], ROAD_RPU_REG_STATUS, 4) & ROAD_RPU_STATUS_READY);
	}
	close_all();
}

static const struct tap_case cases[] = {
	{"each has an equal share and its own bytes", each_has_an_equal_share_and_its_own_bytes},
	{"no range reaches another share", no_range_reaches_another_share},
	{"an image is read from the share", an_image_is_read_from_the_share},
	{"poison hits the function that it was put to",
	 poison_hits_the_function_that_it_was_put_to},
	{"the next owner finds zeros", the_next_owner_finds_zeros},
	{"each finds its own bytes in the scratchpads",
	 each_finds_its_own_bytes_in_the_scratchpads},
	{"swaps of scratchpads are counted as left out",
	 swaps_of_scratchpads_are_counted_as_left_out},
	{"another owner within a function finds zeros",
	 another_owner_within_a_function_finds_zeros},
	{"a fence interrupts its own function", a_fence_interrupts_its_own_function},
	{"an end in the middle changes nothing of the others",
	 an_end_in_the_middle_changes_nothing_of_the_others},
	{"a flood of one function does not starve another",
	 a_flood_of_one_function_does_not_starve_another},
	{"a further function reads the boot block and writes nothing",
	 a_further_function_reads_the_boot_block_and_writes_nothing},
	{"a crash of firmware fails the streams of all",
	 a_crash_of_firmware_fails_the_streams_of_all},
};
TAP_MAIN(cases)
