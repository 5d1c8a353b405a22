/* SPDX-License-Identifier: Apache-2.0 */
/* The engine CGRA: kernels that fault, that a switch interrupts, that await tokens. */
#include <stdio.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_model/kernels.h"
#include "tests/unit/sim_rpu_model/rig.h"

enum { FIRST = 77, SECOND = 78, SPM = 256 << 10 };
enum { DRAIN_AT_ITERATION = 1 }; /* ROAD_DRAIN_ITERATION of <roadbed/region.h> */

/* Activates the graph's image, runs it once with these arguments, and says how that ended. */
static const struct road_rpu_stream_status *run_alone(struct rig *rig, const char *graph,
						      uint32_t bytes, const uint64_t arguments[3])
{
	struct road_rpu_run run = rig_run_of(bytes);

	memcpy(rig->host + ARGUMENTS_AT, arguments, 3 * sizeof(*arguments));
	rig_activate(rig, 0, 0, rig_put_image(rig, 0, graph), FIRST, 0);
	rig_push(rig, 0, &run);
	rig_fence(rig, 0, 1);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	return rig_status(rig, 0);
}

/* ---- accesses ---- */

static const char poke16[] = "graph poke16\nargument at value 8\nargument n value 8\nloop i n\n"
			     "operations 1\nrecurrences 0\nst16 at, n\n";
static const char poke32[] = "graph poke32\nargument at value 8\nargument n value 8\nloop i n\n"
			     "operations 1\nrecurrences 0\nst32 at, n\n";
static const char gather[] =
	"graph gather\nargument x input\nargument n value 8\nargument ix input\nloop i n\n"
	"operations 2\nrecurrences 0\nstream g gather.u16 x via.32 ix 1\nv = mov g\nst32 64, v\n";
static const char strided[] =
	"graph strided\nargument x input\nargument n value 8\nloop i n\n"
	"operations 2\nrecurrences 0\nstream s read.32 x 1\nv = mov s\nst32 64, v\n";

/* A misaligned access is told as one, with the alignment that it lacks; one beyond the end as
 * that, with its bytes: by an element, by a gathering stream, by a stream's begin. */
static void accesses_in_scratchpads_are_told_for_what_they_are(void)
{
	static const struct {
		const char *graph;
		uint64_t at; /* the first argument */
		uint32_t bytes, fault;
		uint64_t address, detail;
	} rows[] = {
		{poke16, 0x401, 16, ROAD_RPU_FAULT_MISALIGNED, 0x401, 2},
		{poke32, 0x402, 16, ROAD_RPU_FAULT_MISALIGNED, 0x402, 4},
		{poke16, SPM, 16, ROAD_RPU_FAULT_BOUNDS, SPM, 2},
		{poke32, SPM + 8, 16, ROAD_RPU_FAULT_BOUNDS, SPM + 8, 4},
		{gather, ROAD_RPU_SPM_BASE + 0x101, 24, ROAD_RPU_FAULT_MISALIGNED, 0x101, 2},
		{gather, ROAD_RPU_SPM_BASE + SPM, 24, ROAD_RPU_FAULT_BOUNDS, SPM, 2},
		{strided, ROAD_RPU_SPM_BASE + 6, 16, ROAD_RPU_FAULT_MISALIGNED, 6, 4},
		{strided, ROAD_RPU_SPM_BASE + SPM, 16, ROAD_RPU_FAULT_BOUNDS, SPM, 4},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=approx");
		const uint64_t arguments[3] = {rows[i].at, 1, ROAD_RPU_SPM_BASE};

		const struct road_rpu_stream_status *status =
			run_alone(rig, rows[i].graph, rows[i].bytes, arguments);

		if (status->fault != rows[i].fault || status->detail != rows[i].detail ||
		    status->address != rows[i].address)
			printf("# row %zu: fault %u detail %llu at 0x%llx\n", i, status->fault,
			       (unsigned long long)status->detail,
			       (unsigned long long)status->address);
		CU_ASSERT_EQUAL(status->fault, rows[i].fault);
		CU_ASSERT_EQUAL(status->detail, rows[i].detail);
		CU_ASSERT_EQUAL(status->address, rows[i].address);
		CU_ASSERT_EQUAL(status->config, FIRST);
		rig_close(rig);
	}
}

/* The image claims the first 4096 bytes; the context has a window of 256 bytes at 0x8000, which can
 * be read only. All else of the scratchpad is a fault that tells what was nearest. */
static void scratchpads_are_bounded_by_claims_and_windows(void)
{
	enum { NONE = ROAD_RPU_FAULT_NONE, WINDOW = ROAD_RPU_FAULT_WINDOW };
	static const struct {
		const char *graph;
		uint64_t at;
		uint32_t bytes, fault;
		uint64_t address, from, end;
	} rows[] = {
		{poke32, 0xffc, 16, NONE, 0, 0, 0},
		{poke32, 0x1000, 16, WINDOW, 0x1000, 0, 0x1000},
		{poke32, 0x7ffc, 16, WINDOW, 0x7ffc, 0, 0x1000},
		{poke32, 0x8000, 16, WINDOW, 0x8000, 0, 0x1000},
		{strided, ROAD_RPU_SPM_BASE + 0xfe0, 16, NONE, 0, 0, 0},
		{strided, ROAD_RPU_SPM_BASE + 0xfe4, 16, NONE, 0, 0, 0},
		{strided, ROAD_RPU_SPM_BASE + 0x80fc, 16, NONE, 0, 0, 0},
		{strided, ROAD_RPU_SPM_BASE + 0x8100, 16, WINDOW, 0x8100, 0x8000, 0x8100},
		{gather, ROAD_RPU_SPM_BASE + 0xffe, 24, NONE, 0, 0, 0},
		{gather, ROAD_RPU_SPM_BASE + 0x4000, 24, WINDOW, 0x4000, 0, 0x1000},
	};
	const uint64_t counts[COUNT(rows)] = {1, 1, 1, 1, 8, 7, 1, 1, 1, 1};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rig *rig = rig_open("time=approx");
		const uint64_t arguments[3] = {rows[i].at, counts[i], ROAD_RPU_SPM_BASE};

		rig_set_window(rig, 0x8000, 0x100, ROAD_RANGE_READ);
		const struct road_rpu_stream_status *status =
			run_alone(rig, rows[i].graph, rows[i].bytes, arguments);

		if (status->fault != rows[i].fault || status->address != rows[i].address ||
		    status->window_from != rows[i].from)
			printf("# row %zu: fault %u at 0x%llx, window 0x%llx\n", i, status->fault,
			       (unsigned long long)status->address,
			       (unsigned long long)status->window_from);
		CU_ASSERT_EQUAL(status->fault, rows[i].fault);
		CU_ASSERT_EQUAL(status->address, rows[i].address);
		CU_ASSERT_EQUAL(status->window_from, rows[i].from);
		CU_ASSERT_EQUAL(status->window_end, rows[i].end);
		rig_close(rig);
	}
}

/* ---- switches ---- */

static const char store[] = "graph store\nargument out output\nargument count value 8\n"
			    "loop i count\noperations 2\nrecurrences 0\n"
			    "stream os write.32 out 1\nv = iter\nw = add v, 5\npush os, w\n";
static const char other[] = "graph other\nargument out output\nargument count value 8\n"
			    "loop i count\noperations 2\nrecurrences 0\n"
			    "stream os write.32 out 1\nv = iter\nw = xor v, 3\npush os, w\n";

/* A run that takes whatever is active goes on with that, once it was interrupted for another. */
static void a_run_without_a_name_comes_back(void)
{
	struct rig *rig = rig_open("time=approx");
	const uint64_t arguments[] = {ROAD_RPU_SPM_BASE + 0x1000, 20000};
	struct road_rpu_run run = rig_run_of(16), second = rig_run_of(0);
	const struct road_rpu_move out = {.work = ROAD_RPU_WORK_MOVE,
					  .flags = ROAD_RPU_WORK_ORDERED,
					  .engine = ROAD_RPU_ENGINE_WDMA,
					  .memory = VA_SYSTEM + 0x20000,
					  .spm = 0x1000,
					  .bytes = 80000,
					  .rows = 1,
					  .slices = 1,
					  .tiles = 1};
	const uint64_t few[] = {ROAD_RPU_SPM_BASE + 0x30000, 10};
	size_t bytes[2];
	unsigned wrong = 0;

	memcpy(rig->host + ARGUMENTS_AT, arguments, sizeof(arguments));
	memcpy(rig->host + ARGUMENTS_AT + 64, few, sizeof(few));
	for (unsigned n = 0; n < 2; n++)
		bytes[n] = rig_put_image(rig, n, n ? other : store);
	rig_activate(rig, 0, 0, bytes[0], FIRST, 0);
	rig_push(rig, 0, &run);
	rig_push(rig, 0, &out);
	rig_fence(rig, 0, 1);
	(void)rig_run(rig, rig->when + UINT64_C(10000000), 1000); /* it runs: 10 of 20 us */
	CU_ASSERT_EQUAL(rig_counter(rig, "rpu.runs"), 0);
	rig_activate(rig, 1, 1, bytes[1], SECOND, DRAIN_AT_ITERATION);
	second.arguments = HOST + ARGUMENTS_AT + 64;
	second.argument_bytes = 16;
	rig_push(rig, 1, &second);
	rig_fence(rig, 1, 2);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 1000000));
	CU_ASSERT_EQUAL(rig_status(rig, 1)->fault, ROAD_RPU_FAULT_NONE);
	CU_ASSERT_EQUAL(rig_status(rig, 1)->done, 2);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, ROAD_RPU_FAULT_NONE);
	CU_ASSERT_EQUAL(rig_status(rig, 0)->done, 1);
	CU_ASSERT_EQUAL(rig_counter(rig, "rpu.pauses"), 1);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t seen;

		memcpy(&seen, rig_system(rig) + 0x20000 + i * 4, sizeof(seen));
		wrong += seen != i + 5;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	rig_close(rig);
}

/* ---- tokens ---- */

static void faults_of_tokens_name_the_configuration(void)
{
	const uint64_t arguments[] = {ROAD_RPU_SPM_BASE + 0x1000, 4};

	for (int gives = 0; gives < 2; gives++) {
		struct rig *rig = rig_open("time=approx");
		const struct road_rpu_entry give = {.work = ROAD_RPU_WORK_BARRIER, .signal = 1};
		struct road_rpu_run run = rig_run_of(16);

		memcpy(rig->host + ARGUMENTS_AT, arguments, sizeof(arguments));
		rig_activate(rig, 0, 0, rig_put_image(rig, 0, store), FIRST, 0);
		run.config = gives ? 0 : FIRST;
		run.signal = gives ? 1 : 0; /* the 256th; or one that nobody gives */
		run.wait = gives ? 0 : 2;
		for (int i = 0; gives && i < 255; i++) {
			rig_push(rig, 0, &give);
			rig_ring(rig, 0);
			if (i % 32 == 31)
				CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
		}
		rig_push(rig, 0, &run);
		rig_fence(rig, 0, 1);
		CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
		CU_ASSERT_EQUAL(rig_status(rig, 0)->fault,
				gives ? ROAD_RPU_FAULT_TOKEN : ROAD_RPU_FAULT_DEADLOCK);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->engine, ROAD_RPU_ENGINE_CGRA);
		CU_ASSERT_EQUAL(rig_status(rig, 0)->config, FIRST);
		rig_close(rig);
	}
}

static const struct tap_case cases[] = {
	{"scratchpads are bounded by claims and windows",
	 scratchpads_are_bounded_by_claims_and_windows},
	{"accesses in scratchpads are told for what they are",
	 accesses_in_scratchpads_are_told_for_what_they_are},
	{"a run without a name comes back to its configuration", a_run_without_a_name_comes_back},
	{"faults of tokens name the configuration", faults_of_tokens_name_the_configuration},
};
TAP_MAIN(cases)
