/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each word of a kernel costs, computed by hand on the chip of rig.c: results after 4 cycles,
 * shared memory after 23, a sector of memory after 252, a barrier 20 after its last warp.
 */
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

static uint64_t two_way(const struct fake_lane *l)
{
	return l->lane * 8u;
}

static uint64_t one_word(const struct fake_lane *l)
{
	(void)l;
	return RIG_BASE;
}

static uint64_t own_line(const struct fake_lane *l)
{
	return RIG_BASE + 128u + l->lane * 128u;
}

/* The first warp's words stand side by side, the second's in one bank. */
static uint64_t skewed(const struct fake_lane *l)
{
	return l->lane * (l->warp ? 128u : 4u);
}

static uint64_t forty_bits(const struct fake_lane *l)
{
	return (UINT64_C(1) << 40) + l->lane * 4u; /* outside of the memory */
}

struct expected {
	uint64_t issues;
	uint64_t barrier, memory, dependence, unit, not_selected;
	uint64_t sectors, ideal, replays;
};

static bool is(const struct road_gpu_word_counters *word, const struct expected *e)
{
	return word->issues == e->issues && word->lanes == 32 * e->issues &&
	       word->stalls[ROAD_GPU_STALL_BARRIER] == e->barrier &&
	       word->stalls[ROAD_GPU_STALL_MEMORY] == e->memory &&
	       word->stalls[ROAD_GPU_STALL_DEPENDENCE] == e->dependence &&
	       word->stalls[ROAD_GPU_STALL_UNIT] == e->unit &&
	       word->stalls[ROAD_GPU_STALL_NOT_SELECTED] == e->not_selected &&
	       word->sectors == e->sectors && word->sectors_ideal == e->ideal &&
	       word->replays == e->replays;
}

static void tell(uint32_t index, const struct road_gpu_word_counters *word)
{
	const uint64_t *at = (const uint64_t *)word;

	printf("# word %u:", index);
	for (size_t i = 0; i < sizeof(*word) / sizeof(*at); i++)
		printf(" %llu", (unsigned long long)at[i]);
	puts("");
}

/* The sums over words are the launch's totals. */
static void check_sums(const struct road_gpu_word_counters *words, uint32_t count,
		       const struct road_gpu_timing_counters *total)
{
	struct road_gpu_word_counters sum = {0};

	for (uint32_t w = 0; w < count; w++)
		for (size_t i = 0; i < sizeof(sum) / sizeof(uint64_t); i++)
			((uint64_t *)&sum)[i] += ((const uint64_t *)&words[w])[i];
	CU_ASSERT_EQUAL(sum.issues, total->warp_instructions);
	CU_ASSERT_EQUAL(sum.lanes, total->thread_instructions);
	CU_ASSERT_EQUAL(memcmp(sum.stalls, total->stalls, sizeof(sum.stalls)), 0);
	CU_ASSERT_EQUAL(sum.sectors, total->sectors);
	CU_ASSERT_EQUAL(sum.sectors_ideal, total->sectors_ideal);
	CU_ASSERT_EQUAL(sum.replays, total->shared_replays);
}

#define WORDS 16u

static void check(const struct fake_op *ops, uint32_t count, uint32_t warps,
		  const struct expected *expected)
{
	const struct road_gpu_params p = rig_params();
	struct road_gpu_word_counters words[WORDS + 1] = {0};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	rig.words = words;
	fake_kernel_make(&kernel, ops, count, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, warps, 0);

	for (uint32_t w = 0; w < count; w++) {
		if (!is(&words[w], &expected[w]))
			tell(w, &words[w]);
		CU_ASSERT_TRUE(is(&words[w], &expected[w]));
	}
	check_sums(words, count + 1, &done.counters);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static void a_warp_s_waits_are_the_next_word_s(void)
{
	const struct fake_op ops[] = {
		FMA(0, NO_REG),
		FMA(1, 0),
		LOAD(SHARED, 4, 2, 1, two_way),
		FMA(3, 2),
		LOAD(GLOBAL, 4, 4, NO_REG, one_word),
		FMA(5, 4),
		LOAD(GLOBAL, 4, 6, NO_REG, own_line), /* takes the unit 32 cycles, for 32 lines */
		STORE(GLOBAL, 4, NO_REG, own_line, NULL),
		EXIT(NO_REG),
	};
	static const struct expected expected[] = {
		{.issues = 1},
		{.issues = 1, .dependence = 3},
		{.issues = 1, .dependence = 3, .replays = 1},
		{.issues = 1, .memory = 23}, /* 23 + 1 replay, of which one was the load's issue */
		{.issues = 1, .sectors = 1, .ideal = 1},
		{.issues = 1, .memory = 251},
		{.issues = 1, .sectors = 32, .ideal = 4},
		{.issues = 1, .unit = 31, .sectors = 32, .ideal = 4},
		{.issues = 1},
	};

	check(ops, COUNT_OF(ops), 1, expected);
}

/* Loads are there at 23 and at 55 cycles, the second warp's a cycle later begun; both go on 20
 * after the second one came. */
static void a_barrier_s_waits_are_the_word_s_behind_it(void)
{
	const struct fake_op ops[] = {LOAD(SHARED, 4, 0, NO_REG, skewed),
				      OP(BAR_SYNC, CONTROL, BARRIER, 0, 0, 0, NO_REG),
				      EXIT(NO_REG)};
	static const struct expected expected[] = {
		{.issues = 2, .unit = 0, .not_selected = 1, .replays = 31},
		{.issues = 2, .memory = 22 + (54 - 1)},
		{.issues = 2, .barrier = (75 - 24) + (75 - 56)},
	};

	check(ops, COUNT_OF(ops), 2, expected);
}

/* Two warps: one of them leaves at once when the other's access faults; what they waited for is
 * told all the same. */
static void a_fault_leaves_no_cycle_out(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, NO_REG), FMA(0, 0), LOAD(GLOBAL, 4, 1, 0, forty_bits),
				      EXIT(NO_REG)};
	struct road_gpu_word_counters words[WORDS + 1] = {0};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	rig.words = words;
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 2, 2, 0);

	CU_ASSERT_NOT_EQUAL(done.fault.code, ROAD_GPU_FAULT_NONE);
	check_sums(words, COUNT_OF(ops) + 1, &done.counters);
	CU_ASSERT_EQUAL(words[2].issues, 0);
	CU_ASSERT_TRUE(words[2].stalls[ROAD_GPU_STALL_DEPENDENCE] >= 3);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* Launches are added to what is there. */
static void launches_add_up(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, NO_REG), FMA(0, 0), EXIT(NO_REG)};
	struct road_gpu_word_counters words[WORDS + 1] = {0};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	rig.words = words;
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	for (uint32_t n = 1; n <= 3; n++) {
		rig_run(&rig, &kernel, 5, 2, 10000 * n);
		CU_ASSERT_EQUAL(words[1].issues, 10 * n);
		CU_ASSERT_EQUAL(words[1].stalls[ROAD_GPU_STALL_DEPENDENCE], 30 * n);
	}
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* A launch that is cancelled tells what it did. */
static void a_cancelled_launch_counts(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, 0), LOOP(0, 1000), EXIT(NO_REG)};
	struct road_gpu_word_counters words[WORDS + 1] = {0};
	struct road_gpu_timing_counters total;
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	rig.words = words;
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel, 3, 2, 0, &kernel), ROAD_GPU_TIMING_OK);
	road_gpu_timing_run(rig.timing, 2000, 0);
	CU_ASSERT_TRUE(road_gpu_timing_cancel(rig.timing, &kernel));
	road_gpu_timing_counters(rig.timing, &total);
	CU_ASSERT_TRUE(words[0].issues > 100);
	check_sums(words, COUNT_OF(ops) + 1, &total);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static const struct tap_case cases[] = {
	{"a warp's waits are the next word's", a_warp_s_waits_are_the_next_word_s},
	{"a barrier's waits are those of the word behind it",
	 a_barrier_s_waits_are_the_word_s_behind_it},
	{"a fault leaves no cycle out", a_fault_leaves_no_cycle_out},
	{"launches add up", launches_add_up},
	{"a cancelled launch counts", a_cancelled_launch_counts},
};

TAP_MAIN(cases)
