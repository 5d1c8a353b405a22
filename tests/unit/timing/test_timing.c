/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timing model against cycles computed by hand. The chip of rig.c: first workgroup 500 cycles
 * after a launch's beginning, quantum 100, loads 30 (first level), 130 (second), 250 and two a
 * sector (memory, row closed).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/tap.h"
#include "tests/unit/timing/rig.h"

#define START 500u

/* One launch on a fresh chip. */
static struct road_gpu_timing_done once(const struct road_gpu_params *params,
					const struct fake_op *ops, uint32_t count, uint32_t blocks,
					uint32_t warps)
{
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, params, NULL);
	fake_kernel_make(&kernel, ops, count, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, blocks, warps, 0);

	CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_NONE);
	CU_ASSERT_TRUE(rig_balances(&rig));
	fake_kernel_free(&kernel);
	rig_close(&rig);
	return done;
}

/* ---- hand-computed kernels ---- */

static void a_chain_of_dependent_fmas_takes_n_latencies(void)
{
	const struct road_gpu_params p = rig_params();

	for (uint32_t n = 1; n <= 40; n += 13) {
		struct fake_op ops[48];

		for (uint32_t i = 0; i < n; i++)
			ops[i] = (struct fake_op)FMA(0, 0);
		ops[n] = (struct fake_op)EXIT(0);
		struct road_gpu_timing_done done = once(&p, ops, n + 1, 1, 1);

		CU_ASSERT_EQUAL(done.end, START + n * 4 + 1);
		CU_ASSERT_EQUAL(done.counters.warp_instructions, n + 1);
		CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_DEPENDENCE], 3 * n);
		CU_ASSERT_EQUAL(done.counters.resident_warp_cycles, 4 * n + 1);
	}
}

static void a_write_after_a_write_waits_as_a_read_does(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, NO_REG), FMA(0, NO_REG), EXIT(NO_REG)};

	CU_ASSERT_EQUAL(once(&p, ops, 3, 1, 1).end, START + 4 + 1 + 1);
}

static uint64_t shared_plain(const struct fake_lane *l)
{
	return l->lane * 4u;
}

static uint64_t shared_two_way(const struct fake_lane *l)
{
	return l->lane * 8u;
}

static uint64_t shared_all(const struct fake_lane *l)
{
	return l->lane * 128u;
}

static uint64_t shared_broadcast(const struct fake_lane *l)
{
	return l->lane / 16 * 4u;
}

static uint64_t shared_pairs(const struct fake_lane *l)
{
	return l->lane / 2 * 128u; /* 16 words of one bank, each for two lanes */
}

static void bank_conflicts_cost_a_cycle_for_each_further_word(void)
{
	static const struct {
		uint64_t (*address)(const struct fake_lane *);
		uint32_t extra, bytes;
	} rows[] = {
		{shared_plain, 0, 4},
		{shared_two_way, 1, 4},
		{shared_all, 31, 4},
		{shared_broadcast, 0, 4},
		{shared_pairs, 15, 4},
		{shared_two_way, 1, 8}, /* 64-bit lanes go in two halves: 2 passes */
	};
	const struct road_gpu_params p = rig_params();

	for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
		const struct fake_op ops[] = {
			LOAD(SHARED, (uint8_t)rows[i].bytes, 0, NO_REG, rows[i].address), EXIT(0)};
		struct road_gpu_timing_done done = once(&p, ops, 2, 1, 1);

		CU_ASSERT_EQUAL(done.end, START + 23 + rows[i].extra + 1);
		CU_ASSERT_EQUAL(done.counters.shared_replays,
				rows[i].bytes == 8 ? 0 : rows[i].extra);
		CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_MEMORY], 22 + rows[i].extra);
	}
}

static uint32_t sectors_wanted;

static uint64_t some_sectors(const struct fake_lane *l)
{
	return RIG_BASE + l->lane % sectors_wanted * 32u;
}

static void a_load_of_n_sectors_takes_their_time_on_the_memory_bus(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, some_sectors), EXIT(0)};

	for (sectors_wanted = 1; sectors_wanted <= 4; sectors_wanted++) {
		struct road_gpu_timing_done done = once(&p, ops, 2, 1, 1);

		/* 30 to the port, 30 network, 40 look-up, 20 row, 100 access, bus, 30 back */
		CU_ASSERT_EQUAL(done.end, START + 250 + 2 * sectors_wanted + 1);
		CU_ASSERT_EQUAL(done.counters.sectors, sectors_wanted);
		CU_ASSERT_EQUAL(done.counters.sectors_ideal, 1);
		CU_ASSERT_EQUAL(done.counters.dram_read_bytes, 32 * sectors_wanted);
	}
}

static uint64_t own_line(const struct fake_lane *l)
{
	return RIG_BASE + l->lane * 128u;
}

static uint64_t one_word(const struct fake_lane *l)
{
	(void)l;
	return RIG_BASE;
}

static void each_level_answers_in_its_latency(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op twice[] = {LOAD(GLOBAL, 4, 0, NO_REG, one_word),
					LOAD(GLOBAL, 4, 1, 0, one_word), EXIT(1)};
	const struct fake_op single[] = {LOAD(GLOBAL, 4, 0, NO_REG, one_word), EXIT(0)};
	struct fake_kernel kernel, again;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, twice, 3, FAKE_REGS);
	fake_kernel_make(&again, single, 2, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 1, 0);

	CU_ASSERT_EQUAL(done.end, START + 252 + 30 + 1);
	CU_ASSERT_EQUAL(done.counters.l1_hits, 1);
	/* The first level begins empty; the second kept the sector. */
	uint64_t begin = done.end;

	done = rig_run(&rig, &again, 1, 1, begin);
	CU_ASSERT_EQUAL(done.end, begin + 200 + 130 + 1);
	CU_ASSERT_EQUAL(done.counters.l2_near_hits, 1);
	CU_ASSERT_EQUAL(done.counters.dram_read_bytes, 0);
	fake_kernel_free(&kernel);
	fake_kernel_free(&again);
	rig_close(&rig);
}

static uint64_t next_sector(const struct fake_lane *l)
{
	return one_word(l) + 32;
}

static void an_open_row_answers_without_activation(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, one_word),
				      LOAD(GLOBAL, 4, 1, 0, next_sector), EXIT(1)};
	struct road_gpu_timing_done done = once(&p, ops, 3, 1, 1);

	/* The second goes to memory too, as each sector is fetched by itself: 20 less. */
	CU_ASSERT_EQUAL(done.end, START + 252 + 232 + 1);
	CU_ASSERT_EQUAL(done.counters.l2_misses, 2);
	CU_ASSERT_EQUAL(done.counters.dram_read_bytes, 64);
}

static void each_line_of_an_access_takes_a_cycle(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, own_line),
				      LOAD(GLOBAL, 4, 1, 0, own_line), EXIT(1)};
	struct road_gpu_timing_done done = once(&p, ops, 3, 1, 1);
	const struct fake_op first[] = {ops[0], EXIT(0)};
	uint64_t filled = once(&p, first, 2, 1, 1).end;

	CU_ASSERT_EQUAL(done.end, filled + 30 + 31);
	CU_ASSERT_EQUAL(done.counters.sectors, 64);
	CU_ASSERT_EQUAL(done.counters.sectors_ideal, 8);
}

static void what_is_on_its_way_is_not_asked_for_again(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, one_word),
				      LOAD(GLOBAL, 4, 1, NO_REG, one_word), FMA(2, 0), EXIT(1)};
	struct road_gpu_timing_done done = once(&p, ops, 4, 1, 1);

	/* The second load is answered with the first. */
	CU_ASSERT_EQUAL(done.end, START + 252 + 1 + 1);
	CU_ASSERT_EQUAL(done.counters.l1_merged, 1);
	CU_ASSERT_EQUAL(done.counters.l2_reads, 1);
}

static uint64_t skewed(const struct fake_lane *l)
{
	return l->warp ? l->lane * 128u : l->lane * 4u;
}

static void a_barrier_waits_for_the_slowest_warp(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(SHARED, 4, 0, NO_REG, skewed),
				      OP(BAR_SYNC, CONTROL, BARRIER, 0, 0, 0, NO_REG),
				      EXIT(NO_REG)};
	struct road_gpu_timing_done done = once(&p, ops, 3, 1, 2);

	/* Warp 0 loads first (500 % 4 = 0) and is there at 23; warp 1 loads a cycle later, with 31
	 * replays: 55. Both leave 20 after that. */
	CU_ASSERT_EQUAL(done.end, START + 55 + 20 + 1);
	CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_BARRIER], (75 - 24) + (75 - 56));
	CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_MEMORY], 22 + (54 - 1));
	CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_UNIT] +
				done.counters.stalls[ROAD_GPU_STALL_NOT_SELECTED],
			1);
}

static void a_barrier_that_nobody_can_leave_is_a_fault_at_once(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {{.kind = ROAD_GPU_KIND_BAR_SYNC,
				       .unit = ROAD_GPU_UNIT_CONTROL,
				       .latency = ROAD_GPU_LAT_BARRIER,
				       .a = NO_REG,
				       .b = NO_REG,
				       .loops = 1},
				      EXIT(NO_REG)};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 2, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 3, 0);

	CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_BARRIER);
	CU_ASSERT_EQUAL(done.fault.pc, 0);
	CU_ASSERT_EQUAL(done.end, START + 100); /* the quantum's end */
	CU_ASSERT_TRUE(rig_balances(&rig));
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static uint64_t other_line(const struct fake_lane *l)
{
	return own_line(l) + (1u << 20);
}

/* When B ends, whose only workgroup takes the place of A's, which left a load on its way. */
static uint64_t end_behind(uint8_t left)
{
	struct road_gpu_params p = rig_params();
	const struct fake_op a[] = {LOAD(GLOBAL, 4, left, NO_REG, own_line), EXIT(NO_REG)};
	const struct fake_op b[] = {LOAD(GLOBAL, 4, 0, NO_REG, other_line), EXIT(0)};
	struct fake_kernel kernel[2];
	struct road_gpu_timing_done done;
	struct rig rig;

	p.sm_count = 1;
	p.blocks_per_sm = 1;
	p.network_request_rate = 1;
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel[0], a, 2, FAKE_REGS);
	fake_kernel_make(&kernel[1], b, 2, FAKE_REGS);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel[0], 1, 1, 0, &kernel[0]), ROAD_GPU_TIMING_OK);
	CU_ASSERT_EQUAL(rig_begin(&rig, &kernel[1], 1, 1, 0, &kernel[1]), ROAD_GPU_TIMING_OK);
	while (road_gpu_timing_run(rig.timing, ROAD_GPU_NEVER - 1, 0) != ROAD_GPU_NEVER)
		;
	CU_ASSERT_TRUE(road_gpu_timing_take(rig.timing, &done));
	CU_ASSERT_PTR_EQUAL(done.cookie, &kernel[0]);
	CU_ASSERT_TRUE(road_gpu_timing_take(rig.timing, &done));
	fake_kernel_free(&kernel[0]);
	fake_kernel_free(&kernel[1]);
	rig_close(&rig);
	return done.end;
}

static void a_load_that_outlives_its_warp_is_no_answer_to_the_next(void)
{
	CU_ASSERT_EQUAL(end_behind(0), end_behind(5));
	CU_ASSERT_TRUE(end_behind(0) > START + 500);
}

static void a_narrow_unit_is_busy_between_instructions(void)
{
	struct road_gpu_params p = rig_params();
	struct fake_op ops[11];

	p.lanes[ROAD_GPU_UNIT_FP64] = 8;
	for (uint32_t i = 0; i < 10; i++)
		ops[i] = (struct fake_op)OP(ALU, FP64, FP64, (uint8_t)i, 1, NO_REG, NO_REG);
	ops[10] = (struct fake_op)EXIT(NO_REG);
	struct road_gpu_timing_done done = once(&p, ops, 11, 1, 1);

	CU_ASSERT_EQUAL(done.end, START + 9 * 4 + 1 + 1);
	CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_UNIT], 9 * 3);
	p.passes[ROAD_GPU_LAT_FP64] = 5;
	CU_ASSERT_EQUAL(once(&p, ops, 11, 1, 1).end, START + 9 * 20 + 1 + 1);
}

static void the_oldest_ready_warp_goes_first(void)
{
	struct road_gpu_params p = rig_params();
	struct fake_kernel kernel;
	struct fake_op ops[9];
	struct rig rig;

	p.subcores = 1;
	for (uint32_t i = 0; i < 8; i++)
		ops[i] = (struct fake_op)FMA((uint8_t)i, NO_REG);
	ops[8] = (struct fake_op)EXIT(NO_REG);
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 9, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 3, 0);

	/* One after the other runs through; the younger look on. */
	for (uint32_t w = 0; w < 3; w++)
		CU_ASSERT_EQUAL(rig.warp_ends[w], START + 9 * (w + 1));
	CU_ASSERT_EQUAL(done.end, START + 27);
	CU_ASSERT_EQUAL(done.counters.stalls[ROAD_GPU_STALL_NOT_SELECTED], 9 + 18);
	CU_ASSERT_EQUAL(done.counters.resident_warp_cycles, 9 + 18 + 27);
	CU_ASSERT_EQUAL(rig.traced, 3 + 1);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static void branches_hold_the_next_instruction_back(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, NO_REG), LOOP(0, 9), EXIT(NO_REG)};
	struct road_gpu_timing_done done = once(&p, ops, 3, 1, 1);

	/* ten times: fma, a cycle later the branch, eight later the next */
	CU_ASSERT_EQUAL(done.end, START + 10 * 9 + 1);
	CU_ASSERT_EQUAL(done.counters.warp_instructions, 21);
}

static void launches_and_workgroups_cost_what_the_chip_says(void)
{
	struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, 0), EXIT(0)};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 2, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 1, 10);

	CU_ASSERT_EQUAL(done.start, 510);
	CU_ASSERT_EQUAL(done.end, 515);
	done = rig_run(&rig, &kernel, 3, 1, 515); /* behind another: 200; two cycles apart */
	CU_ASSERT_EQUAL(done.end, 515 + 200 + 2 * 2 + 5);
	uint64_t later = done.end + 500;

	done = rig_run(&rig, &kernel, 1, 1, later);
	CU_ASSERT_EQUAL(done.end, later + 500 + 5);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static void a_freed_place_is_refilled_after_the_dispatch_latency(void)
{
	struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {FMA(0, 0), EXIT(0)};

	p.sm_count = 1;
	p.blocks_per_sm = 1;
	struct road_gpu_timing_done done = once(&p, ops, 2, 3, 1);

	CU_ASSERT_EQUAL(done.end, START + 3 * 5 + 2 * 100);
	CU_ASSERT_EQUAL(done.counters.workgroups, 3);
	CU_ASSERT_EQUAL(done.blocks_per_sm, 1);
	CU_ASSERT_EQUAL(done.limit, ROAD_GPU_LIMIT_BLOCKS);
}

static void the_far_partition_answers_later_and_fills_the_near_one(void)
{
	struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, own_line), EXIT(0)};
	struct fake_kernel kernel;
	struct rig rig;

	p.l2_partitions = 2;
	p.l2_hop_latency = 60;
	p.sm_count = 2; /* one in each partition */
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 2, FAKE_REGS);
	/* Both SMs load the same 32 lines: half of them are at home with each. */
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 2, 1, 0);

	CU_ASSERT_EQUAL(done.counters.l2_reads, 64);
	CU_ASSERT_EQUAL(done.counters.l2_misses, 32);
	CU_ASSERT_EQUAL(done.counters.l2_near_hits + done.counters.l2_far_hits, 32);
	CU_ASSERT_EQUAL(done.counters.l2_far_hits, 16);
	/* Now all is near. */
	uint64_t begin = done.end;

	done = rig_run(&rig, &kernel, 1, 1, begin);
	CU_ASSERT_EQUAL(done.counters.l2_near_hits, 32);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static void the_way_to_the_far_partition_and_back_takes_a_hop(void)
{
	struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {LOAD(GLOBAL, 4, 0, NO_REG, one_word), EXIT(0)};
	struct fake_kernel kernel;
	struct rig rig;

	p.l2_partitions = 2;
	p.l2_hop_latency = 60;
	p.sm_count = 2; /* one in each partition */
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 2, FAKE_REGS);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 1, 0);

	/* SMs are given workgroups in turn: the one that has not asked yet is first, and crosses
	 * over; the other one's, two cycles behind, finds the word near. */
	done = rig_run(&rig, &kernel, 2, 1, done.end);
	CU_ASSERT_EQUAL(done.counters.l2_far_hits, 1);
	CU_ASSERT_EQUAL(done.end - done.start, 130 + 60 + 1);
	done = rig_run(&rig, &kernel, 2, 1, done.end);
	CU_ASSERT_EQUAL(done.counters.l2_near_hits, 2);
	CU_ASSERT_EQUAL(done.end - done.start, 2 + 130 + 1);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

/* ---- occupancy ---- */

static void occupancy_names_what_bounds_it(void)
{
	const struct road_gpu_params p = rig_params();
	static const struct {
		uint32_t regs, threads, shared, fit;
		enum road_gpu_limit limit;
	} rows[] = {
		{16, 32, 0, 8, ROAD_GPU_LIMIT_BLOCKS},
		{16, 128, 0, 4, ROAD_GPU_LIMIT_WARPS},
		{64, 128, 0, 2, ROAD_GPU_LIMIT_REGISTERS}, /* 2 warps a sub-core of 4096 */
		{16, 32, 10000, 3, ROAD_GPU_LIMIT_SHARED},
		{16, 32, 31744, 1, ROAD_GPU_LIMIT_SHARED},
		{16, 32, 31745, 0, ROAD_GPU_LIMIT_SHARED},
		{254, 512, 0, 0, ROAD_GPU_LIMIT_REGISTERS},
		{16, 544, 0, 0, ROAD_GPU_LIMIT_WARPS},
	};

	for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
		struct road_gpu_code code = {.desc = {.regs = (uint16_t)rows[i].regs}};
		const struct road_gpu_launch_config config = {.code = &code,
							      .grid = {1, 1, 1},
							      .threads = {rows[i].threads, 1, 1},
							      .shared_bytes = rows[i].shared};
		enum road_gpu_limit limit;

		CU_ASSERT_EQUAL(road_gpu_timing_occupancy(&p, &config, &limit), rows[i].fit);
		CU_ASSERT_EQUAL(limit, rows[i].limit);
	}
}

/* ---- data ---- */

static uint64_t thread_number(const struct fake_lane *l)
{
	return l->block * 32 + l->lane;
}

static uint64_t own_word(const struct fake_lane *l)
{
	return RIG_BASE + thread_number(l) * 4;
}

static uint64_t odd_word(const struct fake_lane *l)
{
	return RIG_BASE + 65536 + thread_number(l) * 8 + 4;
}

static uint64_t marked(const struct fake_lane *l)
{
	return 0xab000000u + thread_number(l);
}

static void stores_arrive_in_memory_byte_for_byte(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {STORE(GLOBAL, 4, NO_REG, own_word, marked),
				      STORE(GLOBAL, 2, NO_REG, odd_word, marked), EXIT(NO_REG)};
	struct fake_kernel kernel;
	struct rig rig;
	uint32_t wrong = 0;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 3, FAKE_REGS);
	memset(rig.memory, 0x77, 1u << 20);
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 64, 1, 0);

	for (uint32_t i = 0; i < 64 * 32; i++) {
		uint32_t word, odd[2];

		memcpy(&word, rig.memory + i * 4, 4);
		memcpy(odd, rig.memory + 65536 + i * 8, 8);
		wrong += word != 0xab000000u + i;
		wrong += odd[0] != 0x77777777 || odd[1] != (0x77770000u | i);
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(done.counters.l2_writes, 64 * (4 + 8));
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static uint64_t scratch_line(const struct fake_lane *l)
{
	return RIG_BASE + (1u << 20) + l->turn * 128u + l->lane * 4u;
}

static void places_of_old_stores_are_clean_when_used_again(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {STORE(GLOBAL, 4, NO_REG, scratch_line, marked), LOOP(0, 1500),
				      STORE(GLOBAL, 2, NO_REG, odd_word, marked), EXIT(NO_REG)};
	struct fake_kernel kernel;
	struct rig rig;
	uint32_t wrong = 0;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, 4, FAKE_REGS);
	memset(rig.memory, 0x77, 1u << 20);
	rig_run(&rig, &kernel, 1, 1, 0);
	for (uint32_t i = 0; i < 32; i++) {
		uint32_t odd[2];

		memcpy(odd, rig.memory + 65536 + i * 8, 8);
		wrong += odd[0] != 0x77777777 || odd[1] != (0x77770000u | i);
	}
	for (uint32_t i = 0; i < 1501; i++)
		wrong += rig.memory[(1u << 20) + i * 128 + 31 * 4] != 31;
	CU_ASSERT_EQUAL(wrong, 0);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static uint64_t same_word(const struct fake_lane *l)
{
	(void)l;
	return RIG_BASE + 4096;
}

static uint64_t block_number(const struct fake_lane *l)
{
	return l->block + 1;
}

static void the_store_that_arrives_last_stays(void)
{
	const struct road_gpu_params p = rig_params();
	const struct fake_op ops[] = {STORE(GLOBAL, 4, NO_REG, same_word, block_number),
				      EXIT(NO_REG)};
	struct fake_kernel kernel;
	struct rig rig;
	uint32_t word;

	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	rig_run(&rig, &kernel, 4, 1, 0); /* four SMs, two cycles apart */
	memcpy(&word, rig.memory + 4096, 4);
	CU_ASSERT_EQUAL(word, 4);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static uint64_t own_slot(const struct fake_lane *l)
{
	return RIG_BASE + 4096 + l->block * 512 + l->lane * 16u;
}

/* In the same lines. */
static uint64_t next_to_it(const struct fake_lane *l)
{
	return own_slot(l) + 8;
}

static uint64_t other_slot(const struct fake_lane *l)
{
	return RIG_BASE + 4096 + (l->block ^ 1) * 512 + l->lane * 16u;
}

static uint64_t some_pointer(const struct fake_lane *l)
{
	return RIG_BASE + 1024 + l->lane * 4u;
}

/* Stores pointers, waits, loads some and follows them: a stale one (0) is unmapped. */
static enum road_gpu_fault exchange(uint64_t (*from)(const struct fake_lane *), uint32_t wait)
{
	const struct road_gpu_params p = rig_params();
	struct fake_op ops[64] = {STORE(GLOBAL, 8, NO_REG, own_slot, some_pointer),
				  STORE(GLOBAL, 8, NO_REG, next_to_it, NULL)};
	struct fake_kernel kernel;
	struct rig rig;
	uint32_t n = 2;

	while (n < wait + 2)
		ops[n++] = (struct fake_op)FMA(5, 5);
	ops[n++] = (struct fake_op)LOAD(GLOBAL, 8, 3, 5, from);
	ops[n++] = (struct fake_op)LOAD(GLOBAL, 4, 4, 3, NULL);
	ops[n++] = (struct fake_op)EXIT(4);
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, n, FAKE_REGS);
	enum road_gpu_fault fault = rig_run(&rig, &kernel, 2, 1, 0).fault.code;

	fake_kernel_free(&kernel);
	rig_close(&rig);
	return fault;
}

static void an_sm_sees_its_own_stores_at_once_and_others_a_quantum_later(void)
{
	CU_ASSERT_EQUAL(exchange(own_slot, 0), ROAD_GPU_FAULT_NONE);
	CU_ASSERT_EQUAL(exchange(other_slot, 0), ROAD_GPU_FAULT_UNMAPPED);
	CU_ASSERT_EQUAL(exchange(other_slot, 50), ROAD_GPU_FAULT_NONE); /* 200 cycles */
	CU_ASSERT_EQUAL(exchange(own_slot, 50), ROAD_GPU_FAULT_NONE);
}

static bool bus_load(void *ctx, void *cookie, uint32_t flags, uint64_t pa, void *out,
		     uint32_t bytes)
{
	(void)cookie;
	CU_ASSERT_TRUE(flags & ROAD_GPU_SEGMENT_SYSTEM);
	memcpy(out, (uint8_t *)ctx + pa, bytes);
	return true;
}

static bool bus_store(void *ctx, void *cookie, uint32_t flags, uint64_t pa, const void *in,
		      uint32_t bytes)
{
	(void)cookie;
	(void)flags;
	memcpy((uint8_t *)ctx + pa, in, bytes);
	return true;
}

static uint64_t far_word(const struct fake_lane *l)
{
	return (UINT64_C(1) << 40) + l->lane * 4u;
}

static uint64_t far_pointer(const struct fake_lane *l)
{
	return (UINT64_C(1) << 40) + 1024 + l->lane * 8u;
}

static void memory_behind_the_bus_is_reached_by_callbacks(void)
{
	struct road_gpu_params p = rig_params();
	static uint8_t host[1u << 20];
	const struct road_gpu_timing_outside outside = {host, bus_load, bus_store};
	/* Loads pointers from there, follows them into memory, stores there. */
	const struct fake_op ops[] = {LOAD(GLOBAL, 8, 0, NO_REG, far_pointer),
				      LOAD(GLOBAL, 4, 1, 0, NULL),
				      STORE(GLOBAL, 4, 1, far_word, marked), EXIT(NO_REG)};
	struct fake_kernel kernel;
	struct rig rig;

	rig_open(&rig, &p, &outside);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	for (uint32_t l = 0; l < 32; l++) {
		uint64_t pointer = RIG_BASE + l * 512;

		memcpy(host + 1024 + l * 8, &pointer, 8);
	}
	struct road_gpu_timing_done done = rig_run(&rig, &kernel, 1, 1, 0);
	uint32_t last;

	memcpy(&last, host + 31 * 4, 4);
	CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_NONE);
	CU_ASSERT_EQUAL(last, 0xab000000u + 31);
	CU_ASSERT_EQUAL(done.counters.system_reads, 8);
	CU_ASSERT_EQUAL(done.counters.system_writes, 4);
	CU_ASSERT_EQUAL(done.counters.sectors, 8 + 32 + 4);
	fake_kernel_free(&kernel);
	rig_close(&rig);
	/* Without callbacks it is a fault. */
	rig_open(&rig, &p, NULL);
	fake_kernel_make(&kernel, ops, COUNT_OF(ops), FAKE_REGS);
	done = rig_run(&rig, &kernel, 1, 1, 0);
	CU_ASSERT_EQUAL(done.fault.code, ROAD_GPU_FAULT_DMA);
	fake_kernel_free(&kernel);
	rig_close(&rig);
}

static const struct tap_case cases[] = {
	{"a chain of dependent fmas takes n latencies",
	 a_chain_of_dependent_fmas_takes_n_latencies},
	{"a write after a write waits as a read does", a_write_after_a_write_waits_as_a_read_does},
	{"bank conflicts cost a cycle for each further word of a bank",
	 bank_conflicts_cost_a_cycle_for_each_further_word},
	{"a load of n sectors takes their time on the memory bus",
	 a_load_of_n_sectors_takes_their_time_on_the_memory_bus},
	{"each level answers in its latency", each_level_answers_in_its_latency},
	{"an open row answers without activation", an_open_row_answers_without_activation},
	{"each line of an access takes a cycle", each_line_of_an_access_takes_a_cycle},
	{"what is on its way is not asked for again", what_is_on_its_way_is_not_asked_for_again},
	{"a barrier waits for the slowest warp", a_barrier_waits_for_the_slowest_warp},
	{"a barrier that nobody can leave is a fault at once",
	 a_barrier_that_nobody_can_leave_is_a_fault_at_once},
	{"a load that outlives its warp is no answer to the next one in its place",
	 a_load_that_outlives_its_warp_is_no_answer_to_the_next},
	{"a narrow unit is busy between instructions", a_narrow_unit_is_busy_between_instructions},
	{"the oldest ready warp goes first", the_oldest_ready_warp_goes_first},
	{"branches hold the next instruction back", branches_hold_the_next_instruction_back},
	{"launches and workgroups cost what the chip says",
	 launches_and_workgroups_cost_what_the_chip_says},
	{"a freed place is refilled after the dispatch latency",
	 a_freed_place_is_refilled_after_the_dispatch_latency},
	{"the far partition answers later and fills the near one",
	 the_far_partition_answers_later_and_fills_the_near_one},
	{"the way to the far partition and back takes a hop",
	 the_way_to_the_far_partition_and_back_takes_a_hop},
	{"occupancy names what bounds it", occupancy_names_what_bounds_it},
	{"stores arrive in memory byte for byte", stores_arrive_in_memory_byte_for_byte},
	{"places of old stores are clean when used again",
	 places_of_old_stores_are_clean_when_used_again},
	{"the store that arrives last stays", the_store_that_arrives_last_stays},
	{"an SM sees its own stores at once and others' a quantum later",
	 an_sm_sees_its_own_stores_at_once_and_others_a_quantum_later},
	{"memory behind the bus is reached by callbacks",
	 memory_behind_the_bus_is_reached_by_callbacks},
};

TAP_MAIN(cases)
