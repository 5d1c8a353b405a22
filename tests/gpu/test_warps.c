/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes, warps and workgroups that wait for each other: what nvcc makes of locks, flags and
 * barriers in divergent code comes to its end in both modes, with the same data and, in one mode,
 * the same time at every run. What has no hope ends in a fault.
 */
#include "tests/gpu/run.h"

#define HEAD ".version 7.0\n.target sm_80\n.address_size 64\n"

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

/* One counter behind a lock that every thread takes: [p] lock, [p+4] counter. nvcc's form: the
 * loop around atom.cas is a block of its own, lanes that got the lock fall out of it. */
static const char spin_lock[] = HEAD ".visible .entry locked(.param .u64 p)\n"
				     "{\n"
				     "\t.reg .pred %p<2>;\n"
				     "\t.reg .b32 %r<5>;\n"
				     "\t.reg .b64 %rd<3>;\n"
				     "\tld.param.u64 %rd1, [p];\n"
				     "\tcvta.to.global.u64 %rd2, %rd1;\n"
				     "$L__BB0_1:\n"
				     "\tatom.global.cas.b32 %r1, [%rd2], 0, 1;\n"
				     "\tsetp.ne.s32 %p1, %r1, 0;\n"
				     "\t@%p1 bra $L__BB0_1;\n"
				     "\tmembar.gl;\n"
				     "\tld.volatile.global.u32 %r2, [%rd2+4];\n"
				     "\tadd.s32 %r3, %r2, 1;\n"
				     "\tst.volatile.global.u32 [%rd2+4], %r3;\n"
				     "\tmembar.gl;\n"
				     "\tatom.global.exch.b32 %r4, [%rd2], 0;\n"
				     "\tret;\n"
				     "}\n";

/* The same within a workgroup, in shared memory, with acquire and release. */
static const char shared_lock[] = HEAD ".visible .entry locked(.param .u64 p)\n"
				       "{\n"
				       "\t.reg .pred %p<3>;\n"
				       "\t.reg .b32 %r<6>;\n"
				       "\t.reg .b64 %rd<3>;\n"
				       "\t.shared .align 4 .b8 s[8];\n"
				       "\tld.param.u64 %rd1, [p];\n"
				       "\tcvta.to.global.u64 %rd2, %rd1;\n"
				       "\tmov.u32 %r5, %tid.x;\n"
				       "\tsetp.ne.s32 %p2, %r5, 0;\n"
				       "\t@%p2 bra $go;\n"
				       "\tst.shared.u32 [s], 0;\n"
				       "\tst.shared.u32 [s+4], 0;\n"
				       "$go:\n"
				       "\tbar.sync 0;\n"
				       "$again:\n"
				       "\tatom.acquire.cta.shared.cas.b32 %r1, [s], 0, 1;\n"
				       "\tsetp.ne.s32 %p1, %r1, 0;\n"
				       "\t@%p1 bra $again;\n"
				       "\tld.shared.u32 %r2, [s+4];\n"
				       "\tadd.s32 %r3, %r2, 1;\n"
				       "\tst.shared.u32 [s+4], %r3;\n"
				       "\tatom.release.cta.shared.exch.b32 %r4, [s], 0;\n"
				       "\tbar.sync 0;\n"
				       "\t@%p2 bra $end;\n"
				       "\tld.shared.u32 %r2, [s+4];\n"
				       "\tred.global.add.u32 [%rd2+4], %r2;\n"
				       "$end:\n"
				       "\tret;\n"
				       "}\n";

/* Odd lanes wait for what the even lanes before them store behind the loop. */
static const char producer[] = HEAD ".visible .entry hand_over(.param .u64 p)\n"
				    "{\n"
				    "\t.reg .pred %p<3>;\n"
				    "\t.reg .b32 %r<7>;\n"
				    "\t.reg .b64 %rd<5>;\n"
				    "\tld.param.u64 %rd1, [p];\n"
				    "\tmov.u32 %r1, %tid.x;\n"
				    "\tand.b32 %r2, %r1, -2;\n"
				    "\tmul.wide.u32 %rd2, %r2, 4;\n"
				    "\tadd.s64 %rd3, %rd1, %rd2;\n"
				    "\tand.b32 %r3, %r1, 1;\n"
				    "\tsetp.eq.u32 %p1, %r3, 0;\n"
				    "\t@%p1 bra $produce;\n"
				    "$wait:\n"
				    "\tld.acquire.gpu.global.u32 %r4, [%rd3];\n"
				    "\tsetp.eq.u32 %p2, %r4, 0;\n"
				    "\t@%p2 bra $wait;\n"
				    "\tadd.u32 %r5, %r4, 1000;\n"
				    "\tst.global.u32 [%rd3+4], %r5;\n"
				    "\tret;\n"
				    "$produce:\n"
				    "\tadd.u32 %r6, %r1, 1;\n"
				    "\tst.release.gpu.global.u32 [%rd3], %r6;\n"
				    "\tret;\n"
				    "}\n";

/* Lanes of a warp come to one barrier at two places, some leave before it, then all count. */
static const char divergent[] = HEAD ".visible .entry meet(.param .u64 p)\n"
				     "{\n"
				     "\t.reg .pred %p<5>;\n"
				     "\t.reg .b32 %r<7>;\n"
				     "\t.reg .b64 %rd<4>;\n"
				     "\t.shared .align 4 .b8 s[1024];\n"
				     "\tld.param.u64 %rd1, [p];\n"
				     "\tmov.u32 %r1, %tid.x;\n"
				     "\tsetp.ge.u32 %p1, %r1, 90;\n"
				     "\t@%p1 bra $leave;\n"
				     "\tmov.u32 %r2, s;\n"
				     "\tshl.b32 %r3, %r1, 2;\n"
				     "\tadd.u32 %r2, %r2, %r3;\n"
				     "\tst.shared.u32 [%r2], %r1;\n"
				     "\tand.b32 %r4, %r1, 3;\n"
				     "\tsetp.eq.u32 %p2, %r4, 1;\n"
				     "\t@%p2 bra $other;\n"
				     "\tbar.sync 0;\n"
				     "\tbra $on;\n"
				     "$other:\n"
				     "\tbar.sync 0;\n"
				     "$on:\n"
				     "\tsetp.lt.u32 %p3, %r1, 7;\n"
				     "\tbar.red.popc.u32 %r5, 0, %p3;\n"
				     "\tbar.red.and.pred %p4, 0, !%p1;\n"
				     "\tselp.u32 %r6, 100, 0, %p4;\n"
				     "\tadd.u32 %r5, %r5, %r6;\n"
				     "\tbar.red.or.pred %p4, 0, %p1;\n"
				     "\tselp.u32 %r6, 10000, 0, %p4;\n"
				     "\tadd.u32 %r5, %r5, %r6;\n"
				     "\tld.shared.u32 %r6, [s+356];\n"
				     "\tmul.wide.u32 %rd2, %r1, 4;\n"
				     "\tadd.s64 %rd3, %rd1, %rd2;\n"
				     "\tshl.b32 %r6, %r6, 16;\n"
				     "\tadd.u32 %r5, %r5, %r6;\n"
				     "\tst.global.u32 [%rd3], %r5;\n"
				     "$leave:\n"
				     "\tret;\n"
				     "}\n";

/* Both sides of a branch shuffle at different words, with one mask: lanes exchange across. */
static const char across[] = HEAD ".visible .entry across(.param .u64 p)\n"
				  "{\n"
				  "\t.reg .pred %p<3>;\n"
				  "\t.reg .b32 %r<6>;\n"
				  "\t.reg .b64 %rd<4>;\n"
				  "\tld.param.u64 %rd1, [p];\n"
				  "\tmov.u32 %r1, %tid.x;\n"
				  "\tmul.wide.u32 %rd2, %r1, 4;\n"
				  "\tadd.s64 %rd3, %rd1, %rd2;\n"
				  "\tsetp.lt.u32 %p1, %r1, 11;\n"
				  "\t@%p1 bra $low;\n"
				  "\tadd.u32 %r2, %r1, 100;\n"
				  "\tshfl.sync.bfly.b32 %r3|%p2, %r2, 16, 31, -1;\n"
				  "\tst.global.u32 [%rd3], %r3;\n"
				  "\tret;\n"
				  "$low:\n"
				  "\tadd.u32 %r4, %r1, 500;\n"
				  "\tshfl.sync.bfly.b32 %r5|%p2, %r4, 16, 31, -1;\n"
				  "\tst.global.u32 [%rd3], %r5;\n"
				  "\tret;\n"
				  "}\n";

/* Lanes that wait for others that are at another kind of word: never. */
static const char never_together[] = HEAD ".visible .entry apart()\n"
					  "{\n"
					  "\t.reg .pred %p<3>;\n"
					  "\t.reg .b32 %r<3>;\n"
					  "\tmov.u32 %r1, %laneid;\n"
					  "\tsetp.lt.u32 %p1, %r1, 9;\n"
					  "\t@%p1 bra $low;\n"
					  "\tvote.sync.ballot.b32 %r2, %p1, -1;\n"
					  "\tret;\n"
					  "$low:\n"
					  "\tbar.warp.sync -1;\n"
					  "\tret;\n"
					  "}\n";

/* Nobody ever gives the lock back. */
static const char hopeless[] = HEAD ".visible .entry locked(.param .u64 p)\n"
				    "{\n"
				    "\t.reg .pred %p<2>;\n"
				    "\t.reg .b32 %r<2>;\n"
				    "\t.reg .b64 %rd<2>;\n"
				    "\tld.param.u64 %rd1, [p];\n"
				    "$again:\n"
				    "\tatom.global.cas.b32 %r1, [%rd1], 0, 1;\n"
				    "\tnanosleep.u32 20;\n"
				    "\tsetp.ne.s32 %p1, %r1, 0;\n"
				    "\t@%p1 bra $again;\n"
				    "\tbra $again;\n"
				    "}\n";

/* Runs it three times in each mode; data are the same everywhere, the course in each mode. */
static void check_runs(struct run *run, uint32_t *result)
{
	uint32_t count = run->arguments[0].count;
	uint32_t *words = run->arguments[0].data;

	for (int mode = 0; mode < 2; mode++) {
		struct course first = {0}, course;

		for (int i = 0; i < 3; i++) {
			struct fixture f = setup(modes[mode]);

			memset(words, 0, count * 4);
			CU_ASSERT_EQUAL_FATAL(run_kernel(&f, run, NULL), ROAD_OK);
			course = course_of(&f);
			first = i ? first : course;
			CU_ASSERT_EQUAL(memcmp(&course, &first, sizeof(course)), 0);
			CU_ASSERT(course.instructions > 0);
			if (!mode && !i)
				memcpy(result, words, count * 4);
			CU_ASSERT_EQUAL(memcmp(result, words, count * 4), 0);
			teardown(&f);
		}
	}
}

static void check_lock(const char *ptx, uint32_t groups, uint32_t threads)
{
	uint32_t words[2], result[2];
	struct run run = {.ptx = ptx,
			  .kernel = "locked",
			  .grid = {groups, 1, 1},
			  .block = {threads, 1, 1},
			  .argument_count = 1,
			  .arguments = {{words, 2, 0}}};

	check_runs(&run, result);
	CU_ASSERT_EQUAL(result[0], 0);
	CU_ASSERT_EQUAL(result[1], groups * threads);
}

static void lanes_take_a_lock_in_turns(void)
{
	check_lock(spin_lock, 1, 32);
	check_lock(shared_lock, 1, 32);
}

static void warps_take_a_lock_in_turns(void)
{
	check_lock(spin_lock, 1, 64);
	check_lock(shared_lock, 1, 96);
}

static void workgroups_take_a_lock_in_turns(void)
{
	check_lock(spin_lock, 3, 40);
	check_lock(shared_lock, 3, 40);
}

static void consumers_wait_for_producers_of_their_warp(void)
{
	uint32_t words[64], result[64];
	struct run run = {.ptx = producer,
			  .kernel = "hand_over",
			  .grid = {1, 1, 1},
			  .block = {64, 1, 1},
			  .argument_count = 1,
			  .arguments = {{words, 64, 0}}};
	unsigned wrong = 0;

	check_runs(&run, result);
	for (uint32_t i = 0; i < 64; i++)
		wrong += result[i] != (i & 1 ? 1000 + i : i + 1);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void barriers_join_divergent_lanes_and_forget_those_that_left(void)
{
	uint32_t words[96], result[96];
	struct run run = {.ptx = divergent,
			  .kernel = "meet",
			  .grid = {1, 1, 1},
			  .block = {96, 1, 1},
			  .argument_count = 1,
			  .arguments = {{words, 96, 0}}};
	unsigned wrong = 0;

	check_runs(&run, result);
	for (uint32_t i = 0; i < 96; i++)
		wrong += result[i] != (i < 90 ? (89u << 16) + 107 : 0);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void lanes_exchange_from_two_places(void)
{
	uint32_t words[32], result[32];
	struct run run = {.ptx = across,
			  .kernel = "across",
			  .grid = {1, 1, 1},
			  .block = {32, 1, 1},
			  .argument_count = 1,
			  .arguments = {{words, 32, 0}}};
	unsigned wrong = 0;

	check_runs(&run, result);
	for (uint32_t i = 0; i < 32; i++)
		wrong += result[i] != (i ^ 16) + ((i ^ 16) < 11 ? 500 : 100);
	CU_ASSERT_EQUAL(wrong, 0);
}

static void check_fault(const struct run *run, uint32_t kind)
{
	for (int mode = 0; mode < 2; mode++) {
		struct course first = {0}, course;

		for (int i = 0; i < 3; i++) {
			struct fixture f = setup(modes[mode]);
			road_fault fault = {.size = sizeof(fault)};

			CU_ASSERT_EQUAL(run_kernel(&f, run, NULL), ROAD_FAULT);
			CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
			CU_ASSERT_EQUAL(fault.kind, kind);
			course = course_of(&f);
			first = i ? first : course;
			CU_ASSERT_EQUAL(memcmp(&course, &first, sizeof(course)), 0);
			CU_ASSERT(course.instructions > 0);
			teardown(&f);
		}
	}
}

static void what_has_no_hope_ends(void)
{
	uint32_t words[2] = {0};
	const struct run apart = {
		.ptx = never_together, .kernel = "apart", .grid = {1, 1, 1}, .block = {32, 1, 1}};
	const struct run spin = {.ptx = hopeless,
				 .kernel = "locked",
				 .grid = {2, 1, 1},
				 .block = {64, 1, 1},
				 .watchdog = 20000,
				 .argument_count = 1,
				 .arguments = {{words, 2, 0}}};

	check_fault(&apart, ROAD_FAULT_DEADLOCK);
	check_fault(&spin, ROAD_FAULT_WATCHDOG);
}

/* Sums of floats: bit-stable within a mode, and the report says that the order matters, where. */
static void float_sums_are_stable_and_marked(void)
{
	enum { N = 3000 };
	float *x = malloc(N * sizeof(*x)), sum[1], first;
	static char report[1 << 16];
	const struct run run = {.file = "nvcc/reduce_shfl.sm80.ptx",
				.kernel = "reduce_shfl",
				.grid = {7, 1, 1},
				.block = {128, 1, 1},
				.argument_count = 3,
				.arguments = {{x, N, 0}, {sum, 1, 0}, {NULL, 0, N}}};
	double exact = 0;
	uint32_t seed = 3;

	for (int i = 0; i < N; i++) {
		seed = seed * 1664525u + 1013904223u;
		x[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.3f;
		exact += x[i];
	}
	for (int mode = 0; mode < 2; mode++) {
		for (int i = 0; i < 3; i++) {
			struct fixture f = setup(modes[mode]);

			sum[0] = 0;
			CU_ASSERT_EQUAL_FATAL(run_kernel(&f, &run, NULL), ROAD_OK);
			first = i ? first : sum[0];
			CU_ASSERT_EQUAL(memcmp(&first, sum, sizeof(first)), 0);
			CU_ASSERT(sum[0] > exact - 0.01 && sum[0] < exact + 0.01);
			CU_ASSERT_EQUAL(road_sim_report(f.device, report, sizeof(report), NULL),
					ROAD_OK);
			CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"order_sensitive\":true"));
			/* red.global.add.f32 of the file */
			CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"line\":138}"));
			teardown(&f);
		}
	}
	free(x);
}

static const struct tap_case cases[] = {
	{"lanes take a lock in turns", lanes_take_a_lock_in_turns},
	{"warps take a lock in turns", warps_take_a_lock_in_turns},
	{"workgroups take a lock in turns", workgroups_take_a_lock_in_turns},
	{"consumers wait for producers of their warp", consumers_wait_for_producers_of_their_warp},
	{"barriers join divergent lanes and forget those that left",
	 barriers_join_divergent_lanes_and_forget_those_that_left},
	{"lanes exchange from two places in the kernel", lanes_exchange_from_two_places},
	{"sums of floats are stable in a mode, and marked with their line",
	 float_sums_are_stable_and_marked},
	{"what has no hope ends: a deadlock at once, a spin at its watchdog",
	 what_has_no_hope_ends},
};

TAP_MAIN(cases)
