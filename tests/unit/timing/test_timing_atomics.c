/* SPDX-License-Identifier: Apache-2.0 */
/* Atomics at the second level: when they act, in which order, and who sees what. */
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

static struct road_gpu_params params;

static uint64_t one_word(const struct fake_lane *lane)
{
	(void)lane;
	return RIG_BASE + 4096;
}

static uint64_t word_of_lane(const struct fake_lane *lane)
{
	return RIG_BASE + 4096 + 8 * lane->lane;
}

static uint64_t result_of_thread(const struct fake_lane *lane)
{
	return RIG_BASE + 65536 + ((lane->block * 4 + lane->warp) * 32 + lane->lane) * 8;
}

static uint64_t second_result(const struct fake_lane *lane)
{
	return result_of_thread(lane) + 65536;
}

static uint64_t third_result(const struct fake_lane *lane)
{
	return result_of_thread(lane) + 2 * 65536;
}

static uint64_t one(const struct fake_lane *lane)
{
	(void)lane;
	return 1;
}

static uint64_t value_at(const struct rig *rig, uint64_t address)
{
	uint64_t value;

	memcpy(&value, rig->memory + (address - RIG_BASE), sizeof(value));
	return value;
}

/* 8 workgroups of 4 warps on 4 SMs add one each: nothing is lost, whether
 * somebody asks for the old value or not. */
static void no_addition_is_lost(void)
{
	static const struct fake_op ops[] = {
		ATOMIC(8, 1, 0, NO_REG, one_word, one),
		ATOMIC(8, 1, 1, NO_REG, word_of_lane, one),
		LOOP(0, 5),
		EXIT(1),
	};
	struct fake_kernel kernel;
	struct rig rig;

	params = rig_params();
	rig_open(&rig, &params, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 8, 4, 0);

	CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_NONE);
	/* lane 0 of the second one stands on the first one's word */
	CU_ASSERT_EQUAL(value_at(&rig, one_word(NULL)), 6 * 8 * 4 * 33);
	for (uint32_t l = 1; l < 32; l++)
		CU_ASSERT_EQUAL(value_at(&rig, RIG_BASE + 4096 + 8 * l), 6 * 8 * 4);
	CU_ASSERT_EQUAL(done.counters.l2_atomics, 6 * 8 * 4 * (1 + 2));
	CU_ASSERT_TRUE(rig_balances(&rig));
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* Lane l of a warp that is alone finds l; a load behind it sees all that its SM has added, and a
 * store behind it comes after it. */
static void results_and_loads_behind_are_in_order(void)
{
	static const struct fake_op ops[] = {
		ATOMIC(8, 1, 1, NO_REG, one_word, one),  LOAD(GLOBAL, 8, 2, NO_REG, one_word),
		STORE(GLOBAL, 8, NO_REG, one_word, one), LOAD(GLOBAL, 8, 3, NO_REG, one_word),
		STORE_REG(8, 1, result_of_thread),       STORE_REG(8, 2, second_result),
		STORE_REG(8, 3, third_result),           EXIT(NO_REG),
	};
	struct fake_kernel kernel;
	struct rig rig;

	params = rig_params();
	rig_open(&rig, &params, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	rig_run(&rig, &kernel, 1, 1, 0);
	CU_ASSERT_EQUAL(value_at(&rig, one_word(NULL)), 1);
	for (uint32_t l = 0; l < 32; l++) {
		const struct fake_lane lane = {.lane = l};

		CU_ASSERT_EQUAL(value_at(&rig, result_of_thread(&lane)), l);
		CU_ASSERT_EQUAL(value_at(&rig, second_result(&lane)), 32);
		CU_ASSERT_EQUAL(value_at(&rig, third_result(&lane)), 1);
	}
	CU_ASSERT_TRUE(rig_balances(&rig));
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* Four warps on four SMs draw numbers: each number once. */
static void nobody_draws_a_number_twice(void)
{
	static const struct fake_op ops[] = {
		ATOMIC(8, 1, 1, NO_REG, one_word, one),
		STORE_REG(8, 1, result_of_thread),
		EXIT(NO_REG),
	};
	uint8_t seen[512] = {0};
	struct fake_kernel kernel;
	struct rig rig;
	unsigned wrong = 0;

	params = rig_params();
	rig_open(&rig, &params, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	rig_run(&rig, &kernel, 4, 4, 0);
	for (uint32_t t = 0; t < 512; t++) {
		const struct fake_lane lane = {t / 128, t / 32 % 4, t % 32, 0};
		uint64_t number = value_at(&rig, result_of_thread(&lane));

		wrong += number >= 512 || seen[number]++;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* One lane's value comes back after the round trip and no earlier than the next quantum; what is
 * added without being asked for holds nobody up. */
static void only_results_are_waited_for(void)
{
	static const struct fake_op returns[] = {
		ATOMIC(8, 1, 1, NO_REG, word_of_lane, one),
		EXIT(1),
	};
	static const struct fake_op reduces[] = {
		ATOMIC(8, 1, 0, NO_REG, word_of_lane, one),
		EXIT(1),
	};
	struct fake_kernel kernel;
	struct rig rig;
	uint64_t took[2];

	for (int k = 0; k < 2; k++) {
		params = rig_params();
		rig_open(&rig, &params, NULL);
		fake_kernel_make(&kernel, k ? reduces : returns, 2, FAKE_REGS);
		rig_run(&rig, &kernel, 1, 1, 0);
		took[k] = rig.warp_ends[0];
		fake_kernel_free(&kernel);
		rig_close(&rig);
	}
	CU_ASSERT_TRUE(took[0] - 500 >= road_gpu_round_trip(&params));
	CU_ASSERT_TRUE(took[0] - 500 >= 30 + 30 + 40 + 30);
	CU_ASSERT_TRUE(took[1] - 500 < 10);
}

/* All lanes on one word are worked off one a cycle, on different words several. */
static void lanes_on_one_word_follow_each_other(void)
{
	static const struct fake_op same[] = {
		ATOMIC(8, 1, 1, NO_REG, one_word, one),
		LOOP(0, 9),
		EXIT(1),
	};
	static const struct fake_op apart[] = {
		ATOMIC(4, 1, 1, NO_REG, word_of_lane, one),
		LOOP(0, 9),
		EXIT(1),
	};
	struct fake_kernel kernel;
	struct rig rig;
	uint64_t took[2];

	for (int k = 0; k < 2; k++) {
		params = rig_params();
		rig_open(&rig, &params, NULL);
		fake_kernel_make(&kernel, k ? apart : same, 3, FAKE_REGS);
		rig_run(&rig, &kernel, 1, 1, 0);
		took[k] = rig.warp_ends[0];
		fake_kernel_free(&kernel);
		rig_close(&rig);
	}
	CU_ASSERT_TRUE(took[0] > took[1] + 9 * 15);
}

static uint32_t words_wanted;

static uint64_t some_words(const struct fake_lane *lane)
{
	return RIG_BASE + 4096 + 4 * (lane->lane % words_wanted);
}

/* One warp's atomic, from memory and again from the second level. */
static void time_atomic(uint32_t rate, uint64_t took[2])
{
	static const struct fake_op ops[] = {
		ATOMIC(4, 1, 1, NO_REG, some_words, one),
		EXIT(1),
	};
	struct road_gpu_timing_done done = {.end = 0};
	struct fake_kernel kernel;
	struct rig rig;

	params = rig_params();
	params.l2_atomic_lanes = rate;
	rig_open(&rig, &params, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	for (int k = 0; k < 2; k++) {
		done = rig_run(&rig, &kernel, 1, 1, done.end);
		took[k] = done.end - done.start;
	}
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* By hand: 30 to the port, 30 network, 40 look-up, 30 back; the exit; and between them as many
 * cycles as the lanes take, `rate` of them a cycle and those of one word one after the other.
 * Memory adds 20 row, 100 access and 2 a sector. */
static void lanes_take_their_cycles_at_the_second_level(void)
{
	for (uint32_t rate = 1; rate <= 4; rate *= 2) {
		for (words_wanted = 1; words_wanted <= 32; words_wanted *= 2) {
			uint64_t even = 32 / rate, deepest = 32 / words_wanted, took[2];
			uint64_t cycles = even > deepest ? even : deepest;
			uint64_t sectors = words_wanted > 8 ? words_wanted / 8 : 1;

			time_atomic(rate, took);
			CU_ASSERT_EQUAL(took[0], 130 + 120 + 2 * sectors + cycles + 1);
			CU_ASSERT_EQUAL(took[1], 130 + cycles + 1);
		}
	}
}

static const struct tap_case cases[] = {
	{"no addition is lost", no_addition_is_lost},
	{"results, and loads behind atomics, are in order", results_and_loads_behind_are_in_order},
	{"nobody draws a number twice", nobody_draws_a_number_twice},
	{"only results are waited for", only_results_are_waited_for},
	{"lanes on one word follow each other", lanes_on_one_word_follow_each_other},
	{"lanes take their cycles at the second level",
	 lanes_take_their_cycles_at_the_second_level},
};

TAP_MAIN(cases)
