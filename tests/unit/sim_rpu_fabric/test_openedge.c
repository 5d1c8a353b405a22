/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenEdgeCGRA's published rules on a 4 x 4 torus, against tables computed by hand: all elements
 * wait for the slowest of a step; a multiplication takes 3 cycles, an access to memory 2, and 1
 * more for each further one of the column in the same step; configuring n steps takes n cycles; the
 * first step begins 14 + 3n cycles after that.
 */
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

static struct rig rig;

static const enum rpu_fabric_mode modes[] = {RPU_MODE_INTERPRETED, RPU_MODE_COMPILED};
#define EACH_MODE(m) for (unsigned m = 0; m < 2; m++)

static void expect(const struct rig_run *run, uint32_t steps, uint64_t cycles)
{
	const struct rpu_fabric_counters *counters = rpu_fabric_counters(run->fabric);

	CU_ASSERT_EQUAL(rpu_fabric_status(run->fabric), RPU_FABRIC_DONE);
	CU_ASSERT_EQUAL(counters->cycles, 14 + 3 * steps + cycles);
	CU_ASSERT_EQUAL(
		rpu_fabric_configure_cycles(&rig.params, rpu_config_header(run->config)->interval),
		steps);
	rig_check_time(&rig, run->fabric);
}

/* One step of each kind of op: 1, 3, 2 cycles a step whatever the others do. */
static void steps_last_as_long_as_their_slowest_op(void)
{
	static const struct {
		uint32_t op, cycles;
	} steps[] = {{OP(add), 1}, {OP(mul), 3}, {OP(ld32), 2}, {OP(xor), 1}, {OP(mulh), 3}};

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		EACH_MODE(m)
		{
			struct rig_run run;

			rig_openedge(&rig, 1);
			rig.header.iterations = 20;
			*rig_at(&rig, 0, 5) = (struct rig_word){.op = steps[i].op, .a = SELF};
			rig_at(&rig, 0, 5)->a = 0;
			*rig_at(&rig, 0, 9) =
				(struct rig_word){.op = OP(sub), .a = SELF, .b = R(3)};
			run = rig_run(&rig, modes[m]);
			expect(&run, 1, 20 * steps[i].cycles);
			rig_end(&run);
		}
}

/* Accesses of a step: c of one column take 2 + (c - 1); columns are at work side by side. */
static void columns_take_turns_at_memory(void)
{
	static const struct {
		uint8_t elements[6], count, cycles;
	} steps[] = {
		{{0}, 1, 2},
		{{0, 1, 2, 3}, 4, 2}, /* four columns */
		{{0, 4}, 2, 3},       /* one column twice */
		{{1, 5, 9}, 3, 4},
		{{2, 6, 10, 14}, 4, 5},
		{{0, 4, 1, 5, 9, 3}, 6, 4}, /* 2, 3, 0, 1: the fullest counts */
	};

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		EACH_MODE(m)
		{
			struct rig_run run;

			rig_openedge(&rig, 1);
			rig.header.iterations = 10;
			for (unsigned e = 0; e < steps[i].count; e++)
				*rig_at(&rig, 0, steps[i].elements[e]) = (struct rig_word){
					.op = e & 1 ? OP(st32) : OP(ld32), .a = 0, .b = 0};
			run = rig_run(&rig, modes[m]);
			expect(&run, 1, 10u * steps[i].cycles);
			rig_end(&run);
		}
}

/* A store whose predicate is 0 is no access. */
static void predicated_stores_cost_only_when_they_happen(void)
{
	struct rig_run run;

	rig_openedge(&rig, 2);
	rig.header.iterations = 10;
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(phase), .dest = R(0)};
	*rig_at(&rig, 1, 0) = (struct rig_word){.op = OP(stif32), .a = 0, .b = SELF, .c = SELF};
	rig.header.period = 2;
	run = rig_run(&rig, RPU_MODE_INTERPRETED);
	expect(&run, 2, 10 * 1 + 5 * 1 + 5 * 2);
	rig_end(&run);
}

/*
 * Dot product of two vectors in memory, one element each for address, loads, product, sum:
 *	step 0	element 0: a = a + 4 (1 cycle)
 *	step 1	elements 0 (column 0): load [r0], 4 (column 0): load [r0 + 512]	2 + 1
 *	step 2	element 0: its load * the other's, from the south		3
 *	step 3	element 0: sum = sum + product				1
 * 8 cycles an iteration.
 */
static void dot_product_by_hand(void)
{
	uint32_t want = 0;

	for (uint32_t i = 0; i < 32; i++)
		want += (i + 1) * (3 * i + 2);
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_openedge(&rig, 4);
		rig.header.iterations = 32;
		rig_constant(&rig, 0, 0, 4);
		rig_constant(&rig, 4, 0, 508);
		rig_register(&rig, 0, 0, 0xfffffffc);
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = R(0), .b = K(0), .dest = R(0), .link = {TO_S = RESULT}};
		*rig_at(&rig, 1, 0) = (struct rig_word){.op = OP(ld32), .a = R(0)};
		*rig_at(&rig, 1, 4) = (struct rig_word){
			.op = OP(ld32), .a = N_IN, .b = K(1), .link = {TO_N = RESULT}};
		rig_constant(&rig, 4, 1, 512);
		*rig_at(&rig, 2, 0) = (struct rig_word){.op = OP(mul), .a = SELF, .b = S_IN};
		*rig_at(&rig, 3, 0) =
			(struct rig_word){.op = OP(add), .a = SELF, .b = R(1), .dest = R(1)};
		for (uint32_t i = 0; i < 32; i++) {
			rig_store(&rig, 4 * i, i + 1);
			rig_store(&rig, 512 + 4 * i, 3 * i + 2);
		}
		run = rig_run(&rig, modes[m]);
		expect(&run, 4, 32 * (1 + 3 + 3 + 1));
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, R(1)), want);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->stalls[RPU_STALL_OP], 32 * 4);
		rig_end(&run);
	}
}

/* A prefix sum down the columns by way of the torus: 3 steps of 1 cycle, then stores of 16: 5. */
static void wraps_around_the_torus(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_openedge(&rig, 4);
		rig.header.iterations = 3;
		for (uint32_t e = 0; e < 16; e++) {
			rig_constant(&rig, e, 0, 4 * e);
			rig_register(&rig, e, 0, e);
			*rig_at(&rig, 0, e) = (struct rig_word){
				.op = OP(mov), .a = R(0), .link = {TO_S = RESULT}};
			*rig_at(&rig, 1, e) = (struct rig_word){
				.op = OP(add), .a = SELF, .b = N_IN, .link = {TO_E = RESULT}};
			*rig_at(&rig, 2, e) =
				(struct rig_word){.op = OP(add), .a = SELF, .b = W_IN};
			*rig_at(&rig, 3, e) =
				(struct rig_word){.op = OP(st32), .a = K(0), .b = SELF};
		}
		run = rig_run(&rig, modes[m]);
		expect(&run, 4, 3 * (1 + 1 + 1 + 5));
		for (uint32_t e = 0; e < 16; e++) {
			uint32_t north = (e + 12) % 16, west = e % 4 ? e - 1 : e + 3;

			CU_ASSERT_EQUAL(rig_load(&rig, 4 * e), e + north + west + (west + 12) % 16);
		}
		rig_end(&run);
	}
}

/* Products and accesses side by side: 3 against 2 and 1 more for each further one of the column. */
static void products_and_accesses_share_a_step(void)
{
	static const struct {
		uint8_t products[2], product_count, accesses[5], access_count, cycles;
	} steps[] = {
		{{5}, 1, {0}, 1, 3},
		{{5}, 1, {1}, 1, 3},                 /* its own column */
		{{5}, 1, {0, 4}, 2, 3},              /* 2 + 1 */
		{{5}, 1, {0, 4, 8}, 3, 4},           /* 2 + 1 + 1 */
		{{0, 15}, 2, {3}, 1, 3},             /* products do not wait for each other */
		{{5}, 1, {0, 4, 8, 12}, 4, 5},       /* 2 + 3 */
		{{10, 11}, 2, {0, 1, 2, 3, 7}, 5, 3} /* one column twice */
	};

	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		EACH_MODE(m)
		{
			struct rig_run run;

			rig_openedge(&rig, 1);
			rig.header.iterations = 10;
			for (unsigned e = 0; e < steps[i].product_count; e++)
				*rig_at(&rig, 0, steps[i].products[e]) =
					(struct rig_word){.op = OP(mul), .a = R(0), .b = R(1)};
			for (unsigned e = 0; e < steps[i].access_count; e++)
				*rig_at(&rig, 0, steps[i].accesses[e]) =
					(struct rig_word){.op = e & 1 ? OP(ld8) : OP(ld32)};
			run = rig_run(&rig, modes[m]);
			expect(&run, 1, 10u * steps[i].cycles);
			rig_end(&run);
		}
}

/* What accesses memory in another step costs nothing here: 2 + 2 + 3 + 1. */
static void steps_do_not_share_their_columns(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_openedge(&rig, 4);
		rig.header.iterations = 6;
		*rig_at(&rig, 0, 2) = (struct rig_word){.op = OP(ld32)};
		*rig_at(&rig, 1, 6) = (struct rig_word){.op = OP(st32)};
		*rig_at(&rig, 2, 2) = (struct rig_word){.op = OP(st16)};
		*rig_at(&rig, 2, 14) = (struct rig_word){.op = OP(ld16)};
		*rig_at(&rig, 3, 10) = (struct rig_word){.op = OP(xor)};
		run = rig_run(&rig, modes[m]);
		expect(&run, 4, 6 * (2 + 2 + 3 + 1));
		rig_end(&run);
	}
}

/* n steps: nothing happens for 14 + 3n cycles, and the first op in the next one. */
static void the_first_iteration_begins_after_14_and_3_a_step(void)
{
	for (uint32_t n = 1; n <= ROAD_RPU_INTERVAL_MAX; n++)
		EACH_MODE(m)
		{
			struct rig_run run;

			rig_openedge(&rig, n);
			rig.header.iterations = 5;
			for (uint32_t step = 0; step < n; step++)
				*rig_at(&rig, step, step) = (struct rig_word){.op = OP(add)};
			run = rig_begin(&rig, modes[m]);
			rpu_fabric_launch(run.fabric, NULL, 0, 0, 1);
			rpu_fabric_run(run.fabric, 14 + 3 * n, NULL);
			CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->element_ops, 0);
			rpu_fabric_run(run.fabric, 1, NULL);
			CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->element_ops, 1);
			rpu_fabric_run(run.fabric, UINT64_MAX, NULL);
			expect(&run, n, 5 * n);
			rig_end(&run);
		}
}

/* Each way of the torus: all elements show their number to one side, then add what they see. */
static void every_side_wraps(void)
{
	static const struct {
		uint32_t to, in;
		int row, column; /* where what comes in is from */
	} ways[] = {{ROAD_RPU_SIDE_N, S_IN, 1, 0},
		    {ROAD_RPU_SIDE_S, N_IN, -1, 0},
		    {ROAD_RPU_SIDE_W, E_IN, 0, 1},
		    {ROAD_RPU_SIDE_E, W_IN, 0, -1}};

	for (unsigned way = 0; way < 4; way++)
		EACH_MODE(m)
		{
			struct rig_run run;

			rig_openedge(&rig, 2);
			rig.header.iterations = 3;
			for (uint32_t e = 0; e < 16; e++) {
				rig_register(&rig, e, 0, 100 + e);
				*rig_at(&rig, 0, e) = (struct rig_word){.op = OP(mov), .a = R(0)};
				rig_at(&rig, 0, e)->link[ways[way].to] = RESULT;
				*rig_at(&rig, 1, e) = (struct rig_word){
					.op = OP(mov), .a = ways[way].in, .dest = R(1)};
			}
			run = rig_run(&rig, modes[m]);
			expect(&run, 2, 3 * 2);
			for (int e = 0; e < 16; e++) {
				int row = (e / 4 + ways[way].row + 4) % 4;
				int column = (e % 4 + ways[way].column + 4) % 4;

				CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, (uint32_t)e, R(1)),
						(uint32_t)(100 + 4 * row + column));
			}
			rig_end(&run);
		}
}

static void fabrics_without_streams_refuse_them(void)
{
	struct rpu_config_verdict verdict;
	size_t bytes;

	rig_openedge(&rig, 1);
	rig_stream(&rig, false, 0, 1);
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(mov), .a = STREAM(0)};
	bytes = rig_image(&rig);
	CU_ASSERT_PTR_NULL(rpu_config_check(&rig.params, rig.image, bytes, &verdict));
	CU_ASSERT_EQUAL(verdict.error, RPU_CONFIG_COUNT);
	rig_openedge(&rig, 1);
	*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(mov), .a = R(4)}; /* of R0..R3 */
	bytes = rig_image(&rig);
	CU_ASSERT_PTR_NULL(rpu_config_check(&rig.params, rig.image, bytes, &verdict));
	CU_ASSERT_EQUAL(verdict.error, RPU_CONFIG_SOURCE);
	CU_ASSERT_EQUAL(verdict.allowed, R(3));
}

static const struct tap_case cases[] = {
	{"a step lasts as long as its slowest op", steps_last_as_long_as_their_slowest_op},
	{"elements of a column take turns at memory", columns_take_turns_at_memory},
	{"predicated stores cost only when they happen",
	 predicated_stores_cost_only_when_they_happen},
	{"a dot product takes the cycles of its table", dot_product_by_hand},
	{"values go round the torus", wraps_around_the_torus},
	{"products and accesses share a step", products_and_accesses_share_a_step},
	{"steps do not share their columns", steps_do_not_share_their_columns},
	{"the first iteration begins after 14 + 3n cycles",
	 the_first_iteration_begins_after_14_and_3_a_step},
	{"every side of the torus wraps", every_side_wraps},
	{"what the fabric lacks is refused", fabrics_without_streams_refuse_them},
};

TAP_MAIN(cases)
