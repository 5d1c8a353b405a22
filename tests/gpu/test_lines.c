/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of lines through the public interface: numbers known beforehand, and sums. */
#include "tests/gpu/workload.h"

/* The race detector makes all this twenty times slower; only the first of the chips has threads. */
#ifdef __SANITIZE_THREAD__
enum { CHIPS = 1 };
#else
enum { CHIPS = 4 };
#endif

/* Two warps. Each marked line's numbers are known. */
static const char known[] = ".version 8.0\n.target sm_80\n.address_size 64\n"
			    ".visible .entry known(.param .u64 p)\n{\n"
			    "\t.reg .pred %p<2>;\n\t.reg .b32 %r<12>;\n\t.reg .b64 %rd<6>;\n"
			    "\t.shared .align 4 .b8 s[1024];\n"
			    "\tld.param.u64 %rd1, [p];\n"
			    "\tmov.u32 %r1, %tid.x;\n"
			    "\tmul.wide.u32 %rd2, %r1, 64;\n"
			    "\tadd.s64 %rd3, %rd1, %rd2;\n"
			    "\tld.global.u32 %r2, [%rd3]; // strided\n"
			    "\tld.global.u32 %r3, [%rd1]; // the same for all\n"
			    "\tmov.u32 %r4, s;\n"
			    "\tand.b32 %r5, %r1, 31;\n"
			    "\tmad.lo.u32 %r6, %r5, 8, %r4;\n"
			    "\tst.shared.u32 [%r6], %r2; // two-way\n"
			    "\tmad.lo.u32 %r7, %r5, 4, %r4;\n"
			    "\tld.shared.u32 %r8, [%r7]; // no conflict\n"
			    "\tadd.u32 %r9, %r8, %r3;\n"
			    "\tsetp.gt.u32 %p1, %r5, 15;\n"
			    "\t@%p1 bra DONE;\n"
			    "\tmul.lo.u32 %r9, %r9, %r2; // half\n"
			    "DONE:\n"
			    "\tmul.wide.u32 %rd4, %r1, 4;\n"
			    "\tadd.s64 %rd5, %rd1, %rd4;\n"
			    "\tst.global.u32 [%rd5], %r9; // side by side\n"
			    "\tret;\n}\n";

static uint32_t line_with(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	uint32_t line = 1;

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	for (const char *c = text; c < at; c++)
		line += *c == '\n';
	return line;
}

/* The counters of the line with this mark; issues 0: there is none. */
static road_sim_line find(road_device *device, const char *mark)
{
	uint32_t wanted = line_with(known, mark);
	road_sim_line line = {.size = sizeof(line)};

	for (uint32_t i = 0; !road_sim_line_get(device, i, &line); i++)
		if (line.line == wanted)
			return line;
	return (road_sim_line){.size = sizeof(line)};
}

static struct fixture run_known(const char *address)
{
	uint32_t *data = calloc(1024, sizeof(*data));
	struct run run = {.ptx = known,
			  .kernel = "known",
			  .grid = {1, 1, 1},
			  .block = {64, 1, 1},
			  .argument_count = 1,
			  .arguments = {{data, 1024, 0}}};
	struct fixture f = setup(address);

	CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
	free(data);
	return f;
}

static void lines_have_the_numbers_computed_by_hand(void)
{
	static const struct {
		const char *mark;
		uint64_t lanes, sectors, ideal, replays; /* of both warps */
	} rows[] = {
		{"// strided", 64, 64, 8, 0}, /* a sector for each lane; 2 x 128 bytes */
		{"// the same", 64, 2, 2, 0}, /* one sector a warp, whatever lanes ask */
		{"// two-way", 64, 0, 0, 2},  /* words 2l: 32 in 16 banks, one more pass a warp */
		{"// no conflict", 64, 0, 0, 0},  {"// half", 32, 0, 0, 0},
		{"// side by side", 64, 8, 8, 0},
	};
	struct fixture f = run_known("sim:gpu-small?lines=1");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		road_sim_line line = find(f.device, rows[i].mark);

		if (line.sectors != rows[i].sectors || line.replays != rows[i].replays)
			printf("# %s\n", rows[i].mark);
		CU_ASSERT_EQUAL(line.issues, 2);
		CU_ASSERT_EQUAL(line.lanes, rows[i].lanes);
		CU_ASSERT_EQUAL(line.sectors, rows[i].sectors);
		CU_ASSERT_EQUAL(line.sectors_ideal, rows[i].ideal);
		CU_ASSERT_EQUAL(line.replays, rows[i].replays);
		CU_ASSERT_EQUAL(line.spills, 0);
		CU_ASSERT_EQUAL(line.timed, 1);
		CU_ASSERT_EQUAL(line.image, 0);
		CU_ASSERT_EQUAL(line.kernel, 0);
	}
	teardown(&f);
}

/* The load takes its unit a cycle; who waits is the line that reads what it brings. */
static void a_stall_is_the_line_s_that_waits(void)
{
	struct fixture f = run_known("sim:gpu-small?lines=1");

	CU_ASSERT_TRUE(find(f.device, "// two-way").stall_memory > 100);
	CU_ASSERT_EQUAL(find(f.device, "// strided").stall_memory, 0);
	teardown(&f);
}

static void functional_mode_counts_issues_and_lanes(void)
{
	struct fixture f = run_known("sim:gpu-small?lines=1&time=functional");
	road_sim_line line = find(f.device, "// half");

	CU_ASSERT_EQUAL(line.issues, 2);
	CU_ASSERT_EQUAL(line.lanes, 32);
	CU_ASSERT_EQUAL(line.timed, 0);
	line = find(f.device, "// strided");
	CU_ASSERT_EQUAL(line.issues, 2);
	CU_ASSERT_EQUAL(line.sectors, 0);
	teardown(&f);
}

static void nobody_who_does_not_ask_is_told(void)
{
	struct fixture f = run_known("sim:gpu-small");
	road_sim_line line = {.size = sizeof(line)};

	CU_ASSERT_EQUAL(road_sim_line_get(f.device, 0, &line), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL(road_sim_line_get(f.device, 0, NULL), ROAD_INVALID_ARGUMENT);
	teardown(&f);
}

static void lines_stay_when_the_image_goes_and_the_next_has_its_own(void)
{
	uint32_t *data = calloc(1024, sizeof(*data)), last = 0, count = 0;
	struct run run = {.ptx = known,
			  .kernel = "known",
			  .grid = {1, 1, 1},
			  .block = {64, 1, 1},
			  .argument_count = 1,
			  .arguments = {{data, 1024, 0}}};
	struct fixture f = setup("sim:gpu-small?lines=1");
	road_sim_line line = {.size = sizeof(line)};

	for (int turn = 0; turn < 2; turn++)
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
	for (; !road_sim_line_get(f.device, count, &line); count++) {
		CU_ASSERT_TRUE(line.image > last || line.line > 0);
		last = (uint32_t)line.image;
		CU_ASSERT_TRUE(line.issues >= 2);
	}
	CU_ASSERT_EQUAL(last, 1);
	CU_ASSERT_EQUAL(count % 2, 0);
	free(data);
	teardown(&f);
}

/* workload_hash() holds the sums against the totals; faults and races are among the workloads. */
static void lines_add_up_to_what_all_cost(void)
{
	static const char *const chips[] = {
		"sim:gpu-small?lines=1&threads=2", "sim:gpu-small?lines=1",
		"sim:gpu-small?lines=1&regs=32", "sim:gpu-small?lines=1&time=functional"};

	for (size_t c = 0; c < CHIPS; c++)
		for (uint32_t w = 0; w < workload_count; w++)
			workload_hash(chips[c], &workloads[w]);
}

static const struct tap_case cases[] = {
	{"lines have the numbers computed by hand", lines_have_the_numbers_computed_by_hand},
	{"a stall is the line's that waits", a_stall_is_the_line_s_that_waits},
	{"functional mode counts issues and lanes", functional_mode_counts_issues_and_lanes},
	{"nobody who does not ask is told", nobody_who_does_not_ask_is_told},
	{"lines stay when the image goes, and the next has its own",
	 lines_stay_when_the_image_goes_and_the_next_has_its_own},
	{"lines add up to what all cost", lines_add_up_to_what_all_cost},
};

TAP_MAIN(cases)
