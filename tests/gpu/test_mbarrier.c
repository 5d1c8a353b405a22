/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barriers in shared memory (PTX mbarrier) in both modes: phases, parities, drops, counts, copies
 * that arrive, lanes of one warp that wait for each other, and what is told of misuse.
 */
#include "tests/gpu/run.h"

#include <string.h>

#define HEAD ".version 8.0\n.target sm_80\n.address_size 64\n"

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

/* A kernel with buffers p and q in %p and %q, and registers for all tests. */
#define KERNEL(body)                                                                   \
	HEAD ".visible .entry k(.param .u64 p, .param .u64 q)\n{\n"                    \
	     "\t.reg .pred %c<8>; .reg .b32 %r<16>; .reg .b64 %d<16>; .reg .b64 %p; "  \
	     ".reg .b64 %q;\n"                                                         \
	     "\t.shared .align 8 .b64 full[4]; .shared .align 8 .b64 empty[4];\n"      \
	     "\t.shared .align 16 .b8 room[4096];\n"                                   \
	     "\tld.param.u64 %p, [p]; ld.param.u64 %q, [q];\n"                         \
	     "\tcvta.to.global.u64 %p, %p; cvta.to.global.u64 %q, %q;\n"               \
	     "\tmov.u32 %r0, %tid.x; mul.wide.u32 %d0, %r0, 4; add.u64 %p, %p, %d0;\n" \
	     "\tsetp.eq.u32 %c0, %r0, 0;\n" body "\tret;\n}\n"

/* The barrier for everybody: made by thread 0, and all know of it. */
#define INIT(barrier, count)                                          \
	"\t@%c0 mbarrier.init.shared.b64 [" barrier "], " count ";\n" \
	"\tbar.sync 0;\n"

enum { THREADS = 64, ROUNDS = 9 };

/* Each round all threads add what their neighbour of the other warp wrote in it. */
static const char phases[] = KERNEL(INIT(
	"full", "64") "\tmov.u32 %r1, 0; mov.u32 %r2, 0;\n"
		      "\tmov.u32 %r3, room; shl.b32 %r4, %r0, 2; add.u32 %r5, %r3, %r4;\n"
		      "\txor.b32 %r6, %r4, 128; add.u32 %r6, %r3, %r6;\n"
		      "$L:\n"
		      "\tmad.lo.u32 %r7, %r1, 1000, %r0; st.shared.u32 [%r5], %r7;\n"
		      "\tmbarrier.arrive.shared.b64 %d1, [full];\n"
		      "$A:\n"
		      "\tmbarrier.test_wait.shared.b64 %c1, [full], %d1; @!%c1 bra $A;\n"
		      "\tld.shared.u32 %r8, [%r6]; add.u32 %r2, %r2, %r8;\n"
		      "\tmbarrier.arrive.release.cta.shared::cta.b64 %d1, [full], 1;\n"
		      "$B:\n"
		      "\tmbarrier.try_wait.acquire.cta.shared::cta.b64 %c1, [full], %d1, 100;\n"
		      "\t@!%c1 bra $B;\n"
		      "\tadd.u32 %r1, %r1, 1; setp.lt.u32 %c2, %r1, 9; @%c2 bra $L;\n"
		      "\tst.global.u32 [%p], %r2;\n");

static void all_threads_meet_in_every_phase(void)
{
	for (int mode = 0; mode < 2; mode++) {
		uint32_t sums[THREADS] = {0}, q[1] = {0};
		struct run run = {.ptx = phases,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {THREADS, 1, 1},
				  .argument_count = 2,
				  .arguments = {{sums, THREADS, 0}, {q, 1, 0}}};
		struct fixture f = setup(modes[mode]);

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t t = 0; t < THREADS; t++)
			CU_ASSERT_EQUAL(sums[t],
					1000 * (ROUNDS * (ROUNDS - 1) / 2) + ROUNDS * (t ^ 32));
		teardown(&f);
	}
}

/* Lanes 0..15 produce, lanes 16..31 consume, by parities: the warp must not spin in one place. */
static const char lanes[] = KERNEL("\t@%c0 mbarrier.init.shared.b64 [full], 16;\n" INIT(
	"empty", "16") "\tmov.u32 %r1, 0; and.b32 %r2, %r0, 15; shl.b32 %r2, %r2, 2;\n"
		       "\tmov.u32 %r3, room; add.u32 %r3, %r3, %r2; mov.u32 %r4, 0;\n"
		       "\tsetp.ge.u32 %c1, %r0, 16; @%c1 bra $CONSUME;\n"
		       "$PRODUCE:\n"
		       "\tand.b32 %r5, %r1, 1; xor.b32 %r6, %r5, 1;\n"
		       "$P:\n"
		       "\tmbarrier.test_wait.parity.shared.b64 %c2, [empty], %r6;\n"
		       "\t@!%c2 bra $P;\n"
		       "\tmad.lo.u32 %r7, %r1, 100, %r0; st.shared.u32 [%r3], %r7;\n"
		       "\tmbarrier.arrive.shared.b64 %d1, [full];\n"
		       "\tadd.u32 %r1, %r1, 1; setp.lt.u32 %c3, %r1, 9; @%c3 bra $PRODUCE;\n"
		       "\tbra $OUT;\n"
		       "$CONSUME:\n"
		       "\tand.b32 %r5, %r1, 1;\n"
		       "$C:\n"
		       "\tmbarrier.try_wait.parity.shared.b64 %c2, [full], %r5;\n"
		       "\t@!%c2 bra $C;\n"
		       "\tld.shared.u32 %r7, [%r3]; add.u32 %r4, %r4, %r7;\n"
		       "\tmbarrier.arrive.shared.b64 _, [empty];\n"
		       "\tadd.u32 %r1, %r1, 1; setp.lt.u32 %c3, %r1, 9; @%c3 bra $CONSUME;\n"
		       "$OUT:\n"
		       "\tst.global.u32 [%p], %r4;\n");

static void lanes_of_one_warp_wait_for_each_other(void)
{
	for (int mode = 0; mode < 2; mode++) {
		uint32_t sums[32] = {0}, q[1] = {0};
		struct run run = {.ptx = lanes,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {32, 1, 1},
				  .argument_count = 2,
				  .arguments = {{sums, 32, 0}, {q, 1, 0}},
				  .watchdog = 1000000};
		struct fixture f = setup(modes[mode]);

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t t = 16; t < 32; t++)
			CU_ASSERT_EQUAL(sums[t],
					100 * (ROUNDS * (ROUNDS - 1) / 2) + ROUNDS * (t - 16));
		teardown(&f);
	}
}

/* Counts as PTX defines them, told by one thread. */
static const char counts[] =
	KERNEL("\tmbarrier.init.shared.b64 [full], 6;\n"
	       "\tmbarrier.arrive.noComplete.shared.b64 %d1, [full], 2;\n"
	       "\tmbarrier.pending_count.b64 %r1, %d1; st.global.u32 [%p], %r1;\n"
	       "\tmbarrier.arrive_drop.noComplete.shared.b64 %d1, [full], 1;\n"
	       "\tmbarrier.pending_count.b64 %r1, %d1; st.global.u32 [%p+4], %r1;\n"
	       "\tmbarrier.arrive.shared.b64 %d2, [full], 2;\n"
	       "\tmbarrier.test_wait.shared.b64 %c1, [full], %d2;\n"
	       "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+8], %r1;\n"
	       "\tmbarrier.arrive_drop.shared.b64 %d3, [full];\n" /* ends phase 0; 4 from now on */
	       "\tmbarrier.test_wait.shared.b64 %c1, [full], %d3;\n"
	       "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+12], %r1;\n"
	       "\tmbarrier.arrive.noComplete.shared.b64 %d1, [full], 3;\n"
	       "\tmbarrier.pending_count.b64 %r1, %d1; st.global.u32 [%p+16], %r1;\n"
	       "\tmbarrier.test_wait.parity.shared.b64 %c1, [full], 1;\n"
	       "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+20], %r1;\n"
	       "\tmbarrier.test_wait.parity.shared.b64 %c1, [full], 0;\n"
	       "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+24], %r1;\n"
	       "\tmbarrier.inval.shared.b64 [full];\n"
	       "\tmov.u64 %d4, full; cvta.shared.u64 %d4, %d4;\n"
	       "\tmbarrier.init.b64 [%d4], 1;\n" /* by a generic address, again */
	       "\tmbarrier.arrive.b64 %d5, [%d4];\n"
	       "\tmbarrier.test_wait.b64 %c1, [%d4], %d5;\n"
	       "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+28], %r1;\n"
	       "\tmbarrier.init.shared.b64 [empty+8], 1048575;\n"
	       "\tmbarrier.arrive.noComplete.shared.b64 %d1, [empty+8], 1048574;\n"
	       "\tmbarrier.pending_count.b64 %r1, %d1; st.global.u32 [%p+32], %r1;\n");

static void counts_are_those_of_ptx(void)
{
	static const uint32_t want[9] = {6, 4, 0, 1, 4, 0, 1, 1, 1048575};

	for (int mode = 0; mode < 2; mode++) {
		uint32_t out[9] = {0}, q[1] = {0};
		struct run run = {.ptx = counts,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_count = 2,
				  .arguments = {{out, 9, 0}, {q, 1, 0}}};
		struct fixture f = setup(modes[mode]);

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t i = 0; i < 9; i++)
			CU_ASSERT_EQUAL(out[i], want[i]);
		teardown(&f);
	}
}

/*
 * Warp 0 copies and leaves; warp 1 reads before it has looked at the barrier, waits, and reads
 * again. %r9 counts how often it looked.
 */
#define COPIES(arrivals, count, arrive)                                                         \
	KERNEL(INIT(                                                                            \
		"full",                                                                         \
		count) "\tmov.u32 %r3, room; and.b32 %r1, %r0, 31; shl.b32 %r2, %r1, 4;\n"      \
		       "\tadd.u32 %r3, %r3, %r2; mul.wide.u32 %d1, %r1, 16;\n"                  \
		       "\tadd.u64 %d2, %q, %d1; mov.u32 %r9, 0;\n"                              \
		       "\tsetp.ge.u32 %c1, %r0, 32; @%c1 bra $READ;\n"                          \
		       "\tcp.async.cg.shared.global [%r3], [%d2], 16;\n"                        \
		       "\tcp.async.commit_group;\n"                                             \
		       "\tcp.async.ca.shared.global [%r3+1024], [%d2+512], 16;\n"               \
		       "\tcp.async.mbarrier.arrive" arrivals ".shared.b64 [full];\n" arrive     \
		       "\tret;\n"                                                               \
		       "$READ:\n"                                                               \
		       "\tmov.u32 %r8, 1000;\n"                                                 \
		       "$DELAY:\n"                                                              \
		       "\tsub.u32 %r8, %r8, 1; setp.ne.u32 %c2, %r8, 0; @%c2 bra $DELAY;\n"     \
		       "\tld.shared.u32 %r4, [%r3];\n"                                          \
		       "$W:\n"                                                                  \
		       "\tadd.u32 %r9, %r9, 1;\n"                                               \
		       "\tmbarrier.test_wait.parity.shared.b64 %c2, [full], 0; @!%c2 bra $W;\n" \
		       "\tld.shared.u32 %r5, [%r3]; ld.shared.u32 %r6, [%r3+1036];\n"           \
		       "\tst.global.u32 [%p+-128], %r4; st.global.u32 [%p], %r5;\n"             \
		       "\tst.global.u32 [%p+128], %r6; st.global.u32 [%p+256], %r9;\n")

static const char counted[] = COPIES("", "32", "\tmbarrier.arrive.shared.b64 _, [full];\n");
static const char not_counted[] = COPIES(".noinc", "32", "");
static const char in_parts[] =
	COPIES(".noinc", "64", "\tmbarrier.arrive.shared.b64 %d3, [full];\n");

static void copies_arrive_when_they_are_there(void)
{
	static const char *const kernels[] = {counted, not_counted, in_parts};
	uint32_t from[256];

	for (uint32_t i = 0; i < 256; i++)
		from[i] = i * 2654435761u;
	for (size_t i = 0; i < 6; i++) {
		uint32_t out[128] = {0};
		struct run run = {.ptx = kernels[i / 2],
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {64, 1, 1},
				  .argument_count = 2,
				  .arguments = {{out, 128, 0}, {from, 256, 0}},
				  .watchdog = 1000000};
		struct fixture f = setup(modes[i % 2]);

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t l = 0; l < 32; l++) {
			CU_ASSERT_EQUAL(out[l], 0xa5a5a5a5u);
			CU_ASSERT_EQUAL(out[32 + l], from[4 * l]);
			CU_ASSERT_EQUAL(out[64 + l], from[128 + 4 * l + 3]);
			CU_ASSERT(out[96 + l] >= 1);
		}
		teardown(&f);
	}
}

/* Without the delay: where time counts, copies are not there when one first looks. */
static void copies_take_their_time(void)
{
	char ptx[4096];
	uint32_t from[256] = {0}, out[128] = {0};
	struct run run = {.ptx = ptx,
			  .kernel = "k",
			  .grid = {1, 1, 1},
			  .block = {64, 1, 1},
			  .argument_count = 2,
			  .arguments = {{out, 128, 0}, {from, 256, 0}}};
	struct fixture f = setup(modes[1]);

	snprintf(ptx, sizeof(ptx), "%s", not_counted);
	memcpy(strstr(ptx, "1000;"), "0001;", 5);
	CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
	CU_ASSERT(out[96] > 3);
	teardown(&f);
}

/* A barrier that goes while copies are to arrive at it: they have come before, time or none. */
static const char going[] = KERNEL("\tmbarrier.init.shared.b64 [full], 2; mov.u32 %r3, room;\n"
				   "\tcp.async.cg.shared.global [%r3], [%q], 16;\n"
				   "\tcp.async.mbarrier.arrive.noinc.shared.b64 [full];\n"
				   "\tmbarrier.inval.shared.b64 [full];\n"
				   "\tld.shared.u32 %r4, [%r3+4]; st.global.u32 [%p], %r4;\n"
				   "\tmbarrier.init.shared.b64 [full], 1;\n"
				   "\tmbarrier.test_wait.parity.shared.b64 %c1, [full], 0;\n"
				   "\tselp.u32 %r1, 1, 0, %c1; st.global.u32 [%p+4], %r1;\n");

static void copies_come_before_their_barrier_goes(void)
{
	for (int mode = 0; mode < 2; mode++) {
		uint32_t out[2] = {9, 9}, from[4] = {1, 77, 3, 4};
		struct run run = {.ptx = going,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_count = 2,
				  .arguments = {{out, 2, 0}, {from, 4, 0}}};
		struct fixture f = setup(modes[mode]);

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(out[0], 77);
		CU_ASSERT_EQUAL(out[1], 0);
		teardown(&f);
	}
}

/* What nvcc makes of a ring of stages between a warp that copies and three that add. */
static void nvcc_s_pipeline_adds_up_all_tiles(void)
{
	enum { BLOCKS = 2, TILES = 11, TILE = 384, CONSUMERS = 96 };
	static float in[BLOCKS * TILES * TILE], out[BLOCKS * CONSUMERS];

	for (uint32_t i = 0; i < BLOCKS * TILES * TILE; i++)
		in[i] = (float)(i * 2654435761u >> 20);
	for (int mode = 0; mode < 2; mode++) {
		struct run run = {.file = "nvcc/pipeline.sm80.ptx",
				  .kernel = "pipeline",
				  .grid = {BLOCKS, 1, 1},
				  .block = {32 + CONSUMERS, 1, 1},
				  .argument_count = 3,
				  .arguments = {{in, BLOCKS * TILES * TILE, 0},
						{out, BLOCKS * CONSUMERS, 0},
						{NULL, 0, TILES}},
				  .watchdog = 10000000};
		struct fixture f = setup(modes[mode]);

		memset(out, 0, sizeof(out));
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (uint32_t t = 0; t < BLOCKS * CONSUMERS; t++) {
			const float *from = in + t / CONSUMERS * TILES * TILE;
			float sum = 0;

			for (uint32_t k = t % CONSUMERS; k < TILES * TILE; k += CONSUMERS)
				sum += from[k];
			CU_ASSERT_EQUAL(out[t], sum);
		}
		teardown(&f);
	}
}

/* ---- misuse ---- */

static const struct {
	const char *ptx, *says;
} wrongs[] = {
	{KERNEL("\tmbarrier.init.shared.b64 [full], 0;\n"),
	 "init with a count that is not in 1..1048575"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 1048576;\n"),
	 "init with a count that is not in 1..1048575"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n\tmbarrier.init.shared.b64 [full], 2;\n"),
	 "init of a barrier that was not invalidated"},
	{KERNEL("\tmbarrier.arrive.shared.b64 %d1, [full];\n"), "no barrier there"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n\tmbarrier.inval.shared.b64 [full];\n"
		"\tmbarrier.test_wait.parity.shared.b64 %c1, [full], 0;\n"),
	 "no barrier there"},
	{KERNEL("\tmbarrier.inval.shared.b64 [full];\n"), "no barrier there"},
	{KERNEL("\tcp.async.mbarrier.arrive.shared.b64 [full];\n"), "no barrier there"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n"
		"\tmbarrier.arrive.shared.b64 %d1, [full], 3;\n"),
	 "0 arrivals, or more than the phase lacks"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n"
		"\tmbarrier.arrive.shared.b64 %d1, [full], 0;\n"),
	 "0 arrivals, or more than the phase lacks"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n"
		"\tmbarrier.arrive.noComplete.shared.b64 %d1, [full], 2;\n"),
	 "an arrival with .noComplete ends the phase"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 1;\n"
		"\tmbarrier.arrive.shared.b64 %d1, [full];\n"
		"\tmbarrier.arrive.shared.b64 %d2, [full];\n"
		"\tmbarrier.test_wait.shared.b64 %c1, [full], %d1;\n"),
	 "a state neither of this phase nor of the one before"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 1;\n"
		"\tmbarrier.test_wait.parity.shared.b64 %c1, [full], 2;\n"),
	 "a parity that is neither 0 nor 1"},
	{KERNEL("\tmbarrier.init.b64 [%p], 1;\n"), "not in shared memory"},
	{KERNEL("\tmbarrier.init.shared.b64 [full], 1048575;\n"
		"\tcp.async.mbarrier.arrive.shared.b64 [full];\n"),
	 "more than 1048575 arrivals to come"},
	{KERNEL("\tmbarrier.init.shared.b64 [full+4], 1;\n"), "misaligned access"},
	{KERNEL("\tmov.u32 %r1, 0x100000; mbarrier.init.shared.b64 [%r1], 1;\n"),
	 "access to unmapped memory"},
};

static void misuse_is_told(void)
{
	for (size_t i = 0; i < 2 * (sizeof(wrongs) / sizeof(wrongs[0])); i++) {
		uint32_t out[4] = {0}, q[1] = {0};
		struct run run = {.ptx = wrongs[i / 2].ptx,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_count = 2,
				  .arguments = {{out, 4, 0}, {q, 1, 0}}};
		struct fixture f = setup(modes[i % 2]);
		road_fault fault = {.size = sizeof(fault)};

		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(fault.text, wrongs[i / 2].says));
		if (!strstr(fault.text, wrongs[i / 2].says))
			printf("# %zu: %s\n", i / 2, fault.text);
		teardown(&f);
	}
}

/* All lanes or none: the second of two lanes is one too many, and the first has not been there. */
static void init_of_one_barrier_by_two_threads_is_told(void)
{
	static const char ptx[] = KERNEL("\tmbarrier.init.shared.b64 [full], 2;\n");
	uint32_t out[4] = {0}, q[1] = {0};
	struct run run = {.ptx = ptx,
			  .kernel = "k",
			  .grid = {1, 1, 1},
			  .block = {2, 1, 1},
			  .argument_count = 2,
			  .arguments = {{out, 4, 0}, {q, 1, 0}}};
	struct fixture f = setup(modes[0]);
	road_fault fault = {.size = sizeof(fault)};

	CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_FAULT);
	CU_ASSERT_EQUAL(road_device_fault_read(f.device, &fault), ROAD_OK);
	CU_ASSERT_EQUAL(fault.lane, 1);
	CU_ASSERT_EQUAL(fault.kind, ROAD_FAULT_ILLEGAL);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"all threads meet in every phase", all_threads_meet_in_every_phase},
	{"lanes of one warp wait for each other", lanes_of_one_warp_wait_for_each_other},
	{"counts are those of PTX", counts_are_those_of_ptx},
	{"copies arrive when they are there", copies_arrive_when_they_are_there},
	{"copies take their time", copies_take_their_time},
	{"copies come before their barrier goes", copies_come_before_their_barrier_goes},
	{"nvcc's pipeline adds up all tiles", nvcc_s_pipeline_adds_up_all_tiles},
	{"misuse is told", misuse_is_told},
	{"init of one barrier by two threads is told", init_of_one_barrier_by_two_threads_is_told},
};

TAP_MAIN(cases)
