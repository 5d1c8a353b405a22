/* SPDX-License-Identifier: Apache-2.0 */
/* Small kernels with tables of their cycles, computed by hand. */
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

#include <stdlib.h>
#include <string.h>

static struct rig rig;

static const enum rpu_fabric_mode modes[] = {RPU_MODE_INTERPRETED, RPU_MODE_COMPILED};
#define EACH_MODE(m) for (unsigned m = 0; m < 2; m++)

static void expect_done(const struct rig_run *run, uint64_t cycles)
{
	CU_ASSERT_EQUAL(rpu_fabric_status(run->fabric), RPU_FABRIC_DONE);
	CU_ASSERT_EQUAL(rpu_fabric_counters(run->fabric)->cycles, cycles);
	rig_check_time(&rig, run->fabric);
}

/*
 * c[i] = a[i] + b[i], one element, II 1; the three never meet in a bank. Streams read in cycle 0,
 * tokens are there in cycle 2 (latency 2): two stalls. a + b of iteration i in cycle 2 + i, pushed
 * at its end, written in the next: cycle 3 + i. 100 iterations: the last add in 101, its write in
 * 102: 103 cycles.
 */
static void adds_two_vectors(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 100;
		rig_stream(&rig, false, 0, 100);
		rig_stream(&rig, false, 1024 + 32, 100);
		rig_stream(&rig, true, 2048 + 256, 100);
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = STREAM(0), .b = STREAM(1), .dest = STREAM(2)};
		for (uint32_t i = 0; i < 100; i++) {
			rig_store(&rig, 4 * i, 3 * i);
			rig_store(&rig, 1024 + 32 + 4 * i, 1000 + i);
		}
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 103);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->stalls[RPU_STALL_EMPTY], 2);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->drain, 1);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->element_ops, 100);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->first_stall_stream,
				ROAD_RPU_STREAMS);
		for (uint32_t i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 2048 + 256 + 4 * i), 4 * i + 1000);
		rig_end(&run);
	}
}

/*
 * Two streams whose addresses always lie in one bank: the second gets it when the first's FIFO is
 * full or in turns. Per token both need a cycle, so an iteration takes two in the long run.
 */
static void shares_a_bank_by_turns(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;
		const struct rpu_fabric_counters *counters;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 100;
		rig_stream(&rig, false, 0, 100)->stride[0] = 0;
		rig_stream(&rig, false, 512, 100)->stride[0] = 0; /* 16 banks x 32 bytes on */
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = STREAM(0), .b = STREAM(1), .dest = R(0)};
		run = rig_run(&rig, modes[m]);
		counters = rpu_fabric_counters(run.fabric);
		/* Stream 0 fills its FIFO in cycles 0..15, stream 1 then has 16, in which it reads
		 * its first; in 18 the fabric takes both, 0 refills in 19, 1 reads again in 17, 18,
		 * 20, ...: stream 1 loses a turn for each token of stream 0 that is left: 84. */
		expect_done(&run, 16 + 100 + 84 + 2);
		CU_ASSERT_EQUAL(counters->first_stall_stream, 1);
		CU_ASSERT_EQUAL(counters->stream_stalls[1], counters->stalls[RPU_STALL_EMPTY] - 2);
		rig_end(&run);
	}
}

/*
 * fma of latency 4 over two elements: x * 2 + 1 in element 0, handed east, pushed by element 1.
 *	cycle 0 fma begins; complete at the end of 3, into the link; cycle 4 element 1 adds 0.
 * length = 5; 10 iterations at II 1: 14 cycles, 2 before (streams), 1 after (the write).
 */
static void passes_results_east(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 1, 2, 0, 1);
		rig.header.iterations = 10;
		rig_stream(&rig, false, 0, 10);
		rig_stream(&rig, true, 512 + 256, 10);
		rig_constant(&rig, 0, 0, 0x40000000);
		rig_constant(&rig, 0, 1, 0x3f800000);
		*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(fma),
							.a = STREAM(0),
							.b = K(0),
							.c = K(1),
							.link = {TO_E = RESULT}};
		*rig_at(&rig, 0, 1) =
			(struct rig_word){.op = OP(mov), .a = W_IN, .dest = STREAM(1), .stage = 4};
		for (uint32_t i = 0; i < 10; i++)
			rig_store(&rig, 4 * i, road_num_bits32((float)i));
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 2 + 5 + 9 + 1);
		for (uint32_t i = 0; i < 10; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 512 + 256 + 4 * i),
					road_num_bits32(2.0f * (float)i + 1.0f));
		rig_end(&run);
	}
}

/* An accumulator that begins anew every 4 iterations; a REDUCE stream keeps the last of four. */
static void accumulates_with_a_period(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;
		struct road_rpu_stream *out;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 40;
		rig.header.period = 4;
		rig_stream(&rig, false, 0, 40);
		out = rig_stream(&rig, true, 1024 + 256, 4);
		out->kind = ROAD_RPU_STREAM_REDUCE;
		out->reduce = ROAD_RPU_REDUCE_LAST;
		out->count[1] = 10;
		out->stride[0] = 0;
		out->stride[1] = 4;
		rig_constant(&rig, 0, 2, 100);
		*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(add),
							.a = STREAM(0),
							.b = SELF,
							.dest = STREAM(1),
							.first = 1,
							.kfirst = 2,
							.last = 1};
		for (uint32_t i = 0; i < 40; i++)
			rig_store(&rig, 4 * i, i);
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 2 + 40 + 1);
		for (uint32_t i = 0; i < 10; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 1024 + 256 + 4 * i), 100 + 16 * i + 6);
		rig_end(&run);
	}
}

/* Two accesses of one bank in one step: the second waits a cycle, once an iteration. */
static void waits_for_banks_of_elements(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 2);
		rig.header.iterations = 50;
		rig_constant(&rig, 0, 0, 4);
		rig_constant(&rig, 2, 0, 8); /* the same row of the same bank: still a conflict */
		*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(ld32), .a = K(0), .dest = R(1)};
		*rig_at(&rig, 0, 2) = (struct rig_word){.op = OP(ld32), .a = K(0), .dest = R(1)};
		rig_store(&rig, 4, 0x1234);
		rig_store(&rig, 8, 0x5678);
		run = rig_run(&rig, modes[m]);
		/* length 3 (latency of a load), II 2 */
		expect_done(&run, 3 + 2 * 49 + 50);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->stalls[RPU_STALL_BANK], 50);
		CU_ASSERT_EQUAL(rpu_fabric_counters(run.fabric)->element_accesses, 100);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, R(1)), 0x1234);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 2, R(1)), 0x5678);
		rig_end(&run);
	}
}

/* y[i] = x[index[i]]: index in cycle i, element in 2 + i, token in 4 + i. */
static void gathers(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;
		struct road_rpu_stream *in;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 8;
		in = rig_stream(&rig, false, 1024, 8);
		in->kind = ROAD_RPU_STREAM_GATHER;
		in->type = ROAD_RPU_TYPE_S16;
		in->stride[0] = 0;
		in->index_type = ROAD_RPU_TYPE_U8;
		in->index_shift = 1;
		in->index_base = 32;
		in->index_stride[0] = 1;
		rig_stream(&rig, true, 2048 + 128, 8);
		*rig_at(&rig, 0, 3) =
			(struct rig_word){.op = OP(mov), .a = STREAM(0), .dest = STREAM(1)};
		for (uint32_t i = 0; i < 8; i++) {
			int16_t value = (int16_t)(-100 * (int)i);

			rig.spm[32 + i] = (uint8_t)(7 - i);
			memcpy(rig.spm + 1024 + 2 * i, &value, 2);
		}
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 4 + 8 + 1);
		for (uint32_t i = 0; i < 8; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 2048 + 128 + 4 * i),
					(uint32_t)(-100 * (7 - (int)i)));
		rig_end(&run);
	}
}

static void names_a_gathered_address_that_is_none(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;
		struct road_rpu_stream *in;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 8;
		in = rig_stream(&rig, false, 0, 8);
		in->kind = ROAD_RPU_STREAM_GATHER;
		in->stride[0] = 0;
		in->index_type = ROAD_RPU_TYPE_32;
		in->index_base = 32;
		in->index_stride[0] = 4;
		*rig_at(&rig, 0, 3) = (struct rig_word){.op = OP(mov), .a = STREAM(0)};
		rig_store(&rig, 32 + 4 * 5, RIG_SPM);
		run = rig_run(&rig, modes[m]);
		CU_ASSERT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_FAULT);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->kind, RPU_FAULT_GATHER);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->seen, RIG_SPM);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->index, 0);
		rig_end(&run);
	}
}

/* Two links that take each other's value at once. */
static void swaps_what_links_hold(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 1, 2, 0, 2);
		rig.header.iterations = 10;
		rig_constant(&rig, 0, 0, 111);
		rig_constant(&rig, 1, 0, 222);
		*rig_at(&rig, 0, 0) =
			(struct rig_word){.a = K(0), .link = {TO_E = ROAD_RPU_PASS_A}};
		*rig_at(&rig, 0, 1) =
			(struct rig_word){.a = K(0), .link = {TO_W = ROAD_RPU_PASS_A}};
		*rig_at(&rig, 1, 0) =
			(struct rig_word){.op = OP(iter), .link = {TO_E = ROAD_RPU_PASS_E}};
		*rig_at(&rig, 1, 1) = (struct rig_word){.link = {TO_W = ROAD_RPU_PASS_W}};
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 20);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, E_IN), 222);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 1, W_IN), 111);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, SELF), 9);
		rig_end(&run);
	}
}

/* In each period the first three iterations see K3, K0, K1 instead of the operand. */
static void replaces_first_operands_in_turn(void)
{
	static const uint32_t seen[5] = {30, 0, 10, 7, 7};

	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 50;
		rig.header.period = 5;
		rig_stream(&rig, true, 0, 50);
		for (uint32_t k = 0; k < 4; k++)
			rig_constant(&rig, 1, k, 10 * k);
		rig_register(&rig, 1, 7, 7);
		*rig_at(&rig, 0, 1) = (struct rig_word){
			.op = OP(mov), .a = R(7), .dest = STREAM(0), .first = 3, .kfirst = 3};
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 51);
		for (uint32_t i = 0; i < 50; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 4 * i), seen[i % 5]);
		rig_end(&run);
	}
}

/* A stream that reads what another writes sees the same in both modes, whatever that is. */
static void races_end_the_same(void)
{
	static uint8_t first[RIG_SPM];

	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 1000;
		rig_stream(&rig, false, 0, 1000);
		rig_stream(&rig, true, 120, 1000); /* 30 tokens ahead of the reader */
		rig_constant(&rig, 0, 0, 3);
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = STREAM(0), .b = K(0), .dest = STREAM(1)};
		run = rig_run(&rig, modes[m]);
		CU_ASSERT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_DONE);
		if (m)
			CU_ASSERT_EQUAL(memcmp(first, rig.spm, sizeof(first)), 0);
		memcpy(first, rig.spm, sizeof(first));
		rig_end(&run);
	}
}

/* A sum of its own with a register that held something else before the first result came. */
static void registers_keep_their_begin_until_written(void)
{
	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 1);
		rig.header.iterations = 1000;
		rig_register(&rig, 0, 3, 901);
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = SELF, .b = K(0), .dest = R(3), .stage = 3};
		rig_constant(&rig, 0, 0, 2);
		run = rig_run(&rig, modes[m]);
		expect_done(&run, 1003);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, R(3)), 2000);
		CU_ASSERT_EQUAL(rpu_fabric_peek(run.fabric, 0, SELF), 2000);
		rig_end(&run);
	}
}

/* Arguments: y[i] = i * scale + offset for n iterations, from an address of the launch. */
static void binds_arguments(void)
{
	static const struct road_rpu_argument table[] = {
		{.offset = 0, .bytes = 8, .kind = ROAD_RPU_ARGUMENT_OUTPUT, .name = "y"},
		{.offset = 8, .bytes = 4, .name = "n"},
		{.offset = 12, .bytes = 2, .name = "scale"},
	};
	struct {
		uint64_t y;
		uint32_t n;
		uint16_t scale, reserved;
	} block = {512, 20, 7, 0};

	EACH_MODE(m)
	{
		struct rig_run run;

		rig_init(&rig, 2, 2, 0, 3);
		rig.header.iterations = 0;
		rig.header.argument_bytes = sizeof(block);
		rig.header.arguments = 3;
		memcpy(rig.arguments, table, sizeof(table));
		rig_stream(&rig, true, 0, 0);
		rig_constant(&rig, 0, 0, 0);
		rig_constant(&rig, 0, 1, 0);
#define RELOCATE(...) \
	rig.relocations[rig.header.relocations++] = (struct road_rpu_relocation){__VA_ARGS__}
		RELOCATE(ROAD_RPU_FIELD_ITERATIONS, 0, 0, {1, 0xff, 0xff}, 0, 1, 0);
		RELOCATE(ROAD_RPU_FIELD_STREAM_COUNT, 0, 0, {1, 0xff, 0xff}, 0, 1, 0);
		RELOCATE(ROAD_RPU_FIELD_STREAM_BASE, 0, 0, {0, 0xff, 0xff}, 0, 1, 4);
		RELOCATE(ROAD_RPU_FIELD_CONSTANT, 0, 0, {2, 0xff, 0xff}, 0, 1, 0);
		RELOCATE(ROAD_RPU_FIELD_CONSTANT, 0, 1, {ROAD_RPU_ARGUMENT_TILE, 2, 0xff}, 0, 10,
			 3);
		*rig_at(&rig, 0, 0) = (struct rig_word){.op = OP(iter)};
		*rig_at(&rig, 1, 0) = (struct rig_word){
			.op = OP(mad), .a = SELF, .b = K(0), .c = K(1), .dest = STREAM(0)};
		run = rig_begin(&rig, modes[m]);
		CU_ASSERT_EQUAL(rpu_fabric_launch(run.fabric, &block, sizeof(block), 3, 4),
				RPU_FABRIC_RUNNING);
		rpu_fabric_run(run.fabric, 1000, NULL);
		expect_done(&run, 3 + 3 * 19 + 1);
		for (uint32_t i = 0; i < 20; i++)
			CU_ASSERT_EQUAL(rig_load(&rig, 516 + 4 * i), 7 * i + 10 * 3 * 7 + 3);
		CU_ASSERT_EQUAL(rpu_fabric_launch(run.fabric, &block, 8, 3, 4), RPU_FABRIC_FAULT);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->kind, RPU_FAULT_ARGUMENTS);
		block.y = UINT64_C(1) << 32;
		CU_ASSERT_EQUAL(rpu_fabric_launch(run.fabric, &block, sizeof(block), 3, 4),
				RPU_FABRIC_FAULT);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->seen, UINT64_C(1) << 32);
		block.y = RIG_SPM - 80;
		CU_ASSERT_EQUAL(rpu_fabric_launch(run.fabric, &block, sizeof(block), 3, 4),
				RPU_FABRIC_FAULT);
		CU_ASSERT_EQUAL(rpu_fabric_fault(run.fabric)->kind, RPU_FAULT_RANGE);
		block.y = 512;
		block.n = 0;
		CU_ASSERT_EQUAL(rpu_fabric_launch(run.fabric, &block, sizeof(block), 3, 4),
				RPU_FABRIC_DONE);
		block.n = 20;
		rig_end(&run);
	}
}

/* Memory beyond the scratchpad, as if it began at 16 MiB. */
static uint8_t beyond[256];

static uint8_t *far(void *context, uint32_t address, uint32_t bytes, bool write)
{
	uint32_t at = address - (16u << 20);

	(void)context;
	(void)write;
	return at <= sizeof(beyond) - bytes ? beyond + at : NULL;
}

/*
 * One token each 3 cycles, 40 cycles away: reads in cycles 0, 3, 6, ...; the writes share the way,
 * from stream 1. 4 iterations: tokens in 40, 43, 46, 49; the last write in cycle 50: 51 cycles.
 */
static void reaches_far_memory(void)
{
	EACH_MODE(m)
	{
		struct rpu_fabric_memory memory = {.spm = rig.spm,
						   .far = far,
						   .far_base = 16u << 20,
						   .far_latency = 40,
						   .far_interval = 3};
		struct rpu_fabric *fabric;
		struct rpu_config *config;

		rig_init(&rig, 2, 2, 0, 1);
		memset(beyond, 0, sizeof(beyond));
		rig.header.iterations = 4;
		rig_stream(&rig, false, 16u << 20, 4);
		rig_stream(&rig, true, (16u << 20) + 128, 4);
		rig_constant(&rig, 0, 0, 5);
		*rig_at(&rig, 0, 0) = (struct rig_word){
			.op = OP(add), .a = STREAM(0), .b = K(0), .dest = STREAM(1)};
		for (uint32_t i = 0; i < 4; i++)
			beyond[4 * i] = (uint8_t)(10 * i);
		config = rig_config(&rig);
		fabric = rpu_fabric_create(&rig.params, &memory, modes[m]);
		CU_ASSERT_TRUE(rpu_fabric_activate(fabric, config));
		rpu_fabric_launch(fabric, NULL, 0, 0, 1);
		CU_ASSERT_EQUAL(rpu_fabric_run(fabric, 1000, NULL), RPU_FABRIC_DONE);
		CU_ASSERT_EQUAL(rpu_fabric_counters(fabric)->cycles, 51);
		for (uint32_t i = 0; i < 4; i++)
			CU_ASSERT_EQUAL(beyond[128 + 4 * i], 10 * i + 5);
		rpu_fabric_free(fabric);
		rpu_config_free(config);
	}
}

/* A launch that is put away in any cycle and taken back, by the other mode, ends the same. */
static void goes_on_from_saved_states(void)
{
	struct rig_run whole, run;
	static uint8_t spm[RIG_SPM];
	uint64_t cycles;

	rig_init(&rig, 2, 2, 0, 2);
	rig.header.iterations = 30;
	rig_stream(&rig, false, 0, 30);
	rig_stream(&rig, true, 2048 + 64, 30);
	rig_constant(&rig, 0, 0, 3);
	*rig_at(&rig, 0, 0) = (struct rig_word){
		.op = OP(mul), .a = STREAM(0), .b = K(0), .link = {TO_S = RESULT}};
	*rig_at(&rig, 1, 0) = (struct rig_word){.link = {TO_S = RESULT}};
	*rig_at(&rig, 0, 2) = (struct rig_word){.op = OP(add),
						.a = N_IN,
						.b = SELF,
						.dest = STREAM(1),
						.stage = 1,
						.first = 1,
						.last = 1};
	for (uint32_t i = 0; i < 30; i++)
		rig_store(&rig, 4 * i, i + 1);
	whole = rig_run(&rig, RPU_MODE_INTERPRETED);
	cycles = rpu_fabric_counters(whole.fabric)->cycles;
	for (uint32_t i = 0; i < 30; i++)
		CU_ASSERT_EQUAL(rig_load(&rig, 2048 + 64 + 4 * i), 3 * (i + 1) * (i + 2) / 2);
	memcpy(spm, rig.spm, sizeof(spm));
	for (uint64_t cut = 0; cut < cycles; cut++) {
		struct rig_run other = rig_begin(&rig, modes[cut & 1]);
		size_t bytes = rpu_fabric_state_bytes(other.fabric);
		uint8_t *state = malloc(bytes);

		memset(rig.spm + 2048, 0, 1024);
		run = rig_begin(&rig, modes[~cut & 1]);
		rpu_fabric_launch(run.fabric, NULL, 0, 0, 1);
		rpu_fabric_run(run.fabric, cut, NULL);
		rpu_fabric_save(run.fabric, state);
		CU_ASSERT_EQUAL(rpu_fabric_load(other.fabric, state, bytes), RPU_FABRIC_RUNNING);
		rpu_fabric_run(other.fabric, 1000, NULL);
		CU_ASSERT_EQUAL(memcmp(rpu_fabric_counters(other.fabric),
				       rpu_fabric_counters(whole.fabric),
				       sizeof(struct rpu_fabric_counters)),
				0);
		CU_ASSERT_EQUAL(memcmp(rig.spm, spm, sizeof(spm)), 0);
		free(state);
		rig_end(&run);
		rig_end(&other);
	}
	rig_end(&whole);
}

static const struct tap_case cases[] = {
	{"adds two vectors, one element a cycle", adds_two_vectors},
	{"two streams share a bank by turns", shares_a_bank_by_turns},
	{"results go east when their latency is over", passes_results_east},
	{"an accumulator begins anew with each period", accumulates_with_a_period},
	{"elements wait for banks, and do not repeat what is done", waits_for_banks_of_elements},
	{"two links swap what they hold", swaps_what_links_hold},
	{"first iterations of a period see constants in turn", replaces_first_operands_in_turn},
	{"a stream that reads what another writes sees the same in both modes", races_end_the_same},
	{"registers keep their first value until they are written",
	 registers_keep_their_begin_until_written},
	{"gathers by indices of another type", gathers},
	{"a gathered address out of bounds is named", names_a_gathered_address_that_is_none},
	{"arguments become addresses, counts, constants", binds_arguments},
	{"streams reach memory beyond the scratchpad", reaches_far_memory},
	{"a saved state goes on in either mode, from any cycle", goes_on_from_saved_states},
};

TAP_MAIN(cases)
