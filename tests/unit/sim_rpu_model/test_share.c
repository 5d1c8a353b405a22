/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of an RPU whose kernels want the same tiles for longer than a slice: 1 ms. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_model/kernels.h"
#include "tests/unit/sim_rpu_model/rig.h"

enum { FUNCTIONS = 3, TILES = 4, CONFIG = 77, OTHER = 78, OUT_AT = 0x40000, LIMIT = 4000000 };
enum { WAIT, ITERATION, ABORT }; /* how an operation drains */

static const char *const modes[] = {"time=functional&functions=3", "time=approx&functions=3"};
/* out[i] = i + the addend; or all of them to one place, which can be any number */
#define KERNEL(name, step)                                                     \
	"graph " name "\nargument out output\nargument count value 8\n"        \
	"argument addend value 8\nloop i count\noperations 2\nrecurrences 0\n" \
	"stream os write.32 out " step "\nv = iter\nw = add v, addend\npush os, w\n"
static const char store[] = KERNEL("store", "1"), hold[] = KERNEL("hold", "0");
static struct rig *rigs[FUNCTIONS];

static void run_until(uint64_t until)
{
	rig_run(rigs[0], until, 1000000);
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

/* Function 1 has the kernel that holds its tiles, function 2 the one that stores; each has both. */
static void open_all(const char *options)
{
	size_t bytes;

	rigs[0] = rig_open(options);
	for (int i = 1; i < FUNCTIONS; i++) {
		rigs[i] = rig_open_further(rigs[0]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(rigs[i]);
	}
	for (int f = 0; f < FUNCTIONS; f++)
		rig_put(rigs[f], ROAD_RPU_REG_IRQ_MASK, 4, 0);
	for (int f = 1; f < FUNCTIONS; f++) {
		bytes = rig_put_image(rigs[f], 0, f == 1 ? hold : store);
		rig_activate(rigs[f], 0, 0, bytes, CONFIG, 0);
		rig_ring(rigs[f], 0);
		run();
		CU_ASSERT_EQUAL_FATAL(rig_status(rigs[f], 0)->fault, 0);
	}
}

static void close_all(void)
{
	for (int i = FUNCTIONS; i--;)
		rig_close(rigs[i]);
}

static void push_run(struct rig *rig, uint32_t blocks, uint64_t count, uint64_t addend)
{
	const uint64_t arguments[] = {ROAD_RPU_SPM_BASE + 0x1000, count, addend};
	struct road_rpu_run entry = rig_run_of(sizeof(arguments));

	memcpy(rig->host + ARGUMENTS_AT, arguments, sizeof(arguments));
	entry.blocks = blocks;
	entry.config = CONFIG;
	entry.watchdog = LIMIT;
	entry.flags = ROAD_RPU_WORK_ORDERED;
	rig_push(rig, 0, &entry);
}

/* The first words of all tiles' outputs, to the host. */
static void push_out(struct rig *rig)
{
	const struct road_rpu_move move = {.work = ROAD_RPU_WORK_MOVE,
					   .flags = ROAD_RPU_WORK_ORDERED,
					   .engine = ROAD_RPU_ENGINE_WDMA,
					   .memory = VA_SYSTEM + OUT_AT,
					   .spm = 0x1000,
					   .bytes = 64,
					   .rows = 1,
					   .slices = 1,
					   .tile_stride = 64};

	rig_push(rig, 0, &move);
}

static uint32_t word(const struct rig *rig, uint64_t index)
{
	uint32_t value;

	memcpy(&value, rig->host + SYSTEM_AT + OUT_AT + index * 4, sizeof(value));
	return value;
}

/* Function 1's kernel has no end; how long it takes until it is said that it is done for. */
static void spin(void)
{
	push_run(rigs[1], TILES, UINT64_C(1) << 30, 0);
	rig_ring(rigs[1], 0);
	run_us(50);
}

/* … and stands still, for one of function 2 that holds its tiles, too. */
static void spin_and_stand(void)
{
	spin();
	push_run(rigs[2], 1000 * TILES, 20000, 5);
	rig_ring(rigs[2], 0);
	run_us(1200);
	CU_ASSERT_EQUAL(rig_counter(rigs[0], "rpu.region.preemptions"), 1);
}

/* Short ones of another function go on, again and again, and it meets its watchdog where it would
 * have met it alone. */
static void a_spinning_kernel_keeps_nobody_out(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		struct road_rpu_stream_status alone;

		open_all(modes[m]);
		spin();
		run();
		alone = *rig_status(rigs[1], 0);
		CU_ASSERT_EQUAL(alone.fault, ROAD_RPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig_counter(rigs[0], "rpu.region.preemptions"), 0);
		close_all();
		open_all(modes[m]);
		spin();
		for (uint64_t n = 1; n <= 3; n++) {
			push_run(rigs[2], TILES, 1000, 100 * n);
			push_out(rigs[2]);
			rig_fence(rigs[2], 0, n);
			run_us(1200); /* a slice, and what it takes itself */
			CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->done, n);
			CU_ASSERT_EQUAL(word(rigs[2], 3), 100 * n + 3);
			CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault, 0);
		}
		run();
		CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault, ROAD_RPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(memcmp(&alone, (const void *)rig_status(rigs[1], 0), sizeof(alone)),
				0);
		CU_ASSERT_EQUAL(rig_counter(rigs[0], "rpu.region.preemptions"), 3);
		close_all();
	}
}

/* Cycles and data of a long kernel are those that it has alone. */
static void a_kernel_that_stood_computes_what_it_computes_alone(void)
{
	for (size_t m = 0; m < COUNT(modes); m++) {
		uint64_t cycles[2], run_ps[2];

		for (uint32_t beside = 0; beside < 2; beside++) {
			open_all(modes[m]);
			push_run(rigs[2], 100 * TILES, 20000, 7);
			push_out(rigs[2]);
			rig_fence(rigs[2], 0, 1);
			run_us(50);
			if (beside) {
				push_run(rigs[1], 100 * TILES, 20000, 9);
				rig_fence(rigs[1], 0, 1);
				run_us(1900);
				CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->done, 0);
				CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->done, 0);
			} else { /* one behind the other */
				run();
				push_run(rigs[1], 100 * TILES, 20000, 9);
				rig_fence(rigs[1], 0, 1);
			}
			run();
			CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->done, 1);
			CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->done, 1);
			for (uint64_t t = 0; t < TILES; t++)
				CU_ASSERT_EQUAL(word(rigs[2], 16 * t + 9), 16);
			cycles[beside] = rig_counter(rigs[0], "rpu.cycles");
			run_ps[beside] = rig_counter(rigs[0], "rpu.run_ps");
			CU_ASSERT(!beside || rig_counter(rigs[0], "rpu.region.preemptions") >= 2);
			close_all();
		}
		CU_ASSERT(cycles[0] > 0 && run_ps[0] > 0);
		CU_ASSERT_EQUAL(cycles[1], cycles[0]);
		CU_ASSERT_EQUAL(run_ps[1], run_ps[0]);
	}
}

static uint32_t result_of(const struct rig *rig, unsigned n)
{
	struct road_region_report report;

	memcpy(&report, rig->host + OPS_AT + 512 + n * 128, sizeof(report));
	return report.done ? report.error : UINT32_MAX;
}

/* What the function asks for meanwhile finds it running. */
static void its_own_switch_waits_for_it_or_ends_it(void)
{
	static const struct {
		uint8_t drain;
		uint32_t fault;
	} ways[] = {
		{WAIT, ROAD_RPU_FAULT_WATCHDOG}, {ITERATION, 0}, {ABORT, ROAD_RPU_FAULT_ABORTED}};

	for (size_t i = 0; i < COUNT(ways); i++) {
		open_all(modes[1]);
		const size_t bytes = rig_put_image(rigs[1], 1, store);

		rig_fence(rigs[1], 0, 1);
		run();
		spin_and_stand();
		rig_put(rigs[1], ROAD_RPU_REGIONS + ROAD_REGION_REG_SELECT, 4, 0);
		CU_ASSERT_EQUAL(rig_get(rigs[1], ROAD_RPU_REGIONS + ROAD_REGION_REG_RUNNING, 4), 1);
		rig_activate(rigs[1], 1, 1, bytes, OTHER, ways[i].drain);
		rig_ring(rigs[1], 1);
		run_us(100);
		CU_ASSERT_EQUAL(result_of(rigs[1], 1), UINT32_MAX); /* another one's turn */
		CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault,
				ways[i].drain == ABORT ? ROAD_RPU_FAULT_ABORTED : 0);
		run_us(2 * 1200);
		CU_ASSERT_EQUAL(result_of(rigs[1], 1),
				ways[i].drain == WAIT ? UINT32_MAX : ROAD_REGION_ERROR_NONE);
		while (!rig_status(rigs[1], 0)->fault)
			run_us(1000);
		run_us(3 * 1200);
		CU_ASSERT_EQUAL(result_of(rigs[1], 1), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_status(rigs[1], 0)->fault,
				ways[i].fault ? ways[i].fault : ROAD_RPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->fault, 0);
		close_all();
	}
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

static void close_its_stream(void)
{
	rig_put(rigs[1], ROAD_RPU_REG_STREAM_SELECT, 4, 0);
	rig_put(rigs[1], ROAD_RPU_REG_STREAM_COMMAND, 4, ROAD_RPU_STREAM_CLOSE);
	rig_get(rigs[1], ROAD_RPU_REG_STREAM_STATE, 4);
}

static void its_end_is_its_own_while_it_stands(void)
{
	static void (*const ends[])(void) = {reset_it, close_it, close_its_stream};

	for (size_t i = 0; i < COUNT(ends) * COUNT(modes); i++) {
		open_all(modes[i / COUNT(ends)]);
		spin_and_stand();
		ends[i % COUNT(ends)]();
		push_out(rigs[2]);
		rig_fence(rigs[2], 0, 1);
		run();
		CU_ASSERT_EQUAL(rig_counter(rigs[0], "rpu.region.preemptions"), 1);
		CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->fault, 0);
		CU_ASSERT_EQUAL(rig_status(rigs[2], 0)->done, 1);
		CU_ASSERT_EQUAL(word(rigs[2], 9), 14);
		CU_ASSERT_EQUAL(rigs[2]->sim->violations(rigs[2]->function), 0);
		close_all();
	}
}

static const struct tap_case cases[] = {
	{"a spinning kernel keeps nobody out", a_spinning_kernel_keeps_nobody_out},
	{"a kernel that stood computes what it computes alone",
	 a_kernel_that_stood_computes_what_it_computes_alone},
	{"its own switch waits for it or ends it", its_own_switch_waits_for_it_or_ends_it},
	{"its end is its own while it stands", its_end_is_its_own_while_it_stands},
};
TAP_MAIN(cases)
