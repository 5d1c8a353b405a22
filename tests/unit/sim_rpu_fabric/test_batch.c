/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches where random configurations seldom lead: streams that lose a bank now and then, so that
 * their FIFOs run low, at each latency; streams that read what others write.
 */
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_fabric/rig.h"

#include <string.h>

enum { ROUNDS = 2000, TURN = 50, READ_B = 16384, WRITE = 40960 };

static struct rig rig;
static uint8_t begin_spm[RIG_SPM], first_spm[RIG_SPM];
static struct rpu_fabric_counters first;
static struct rpu_fabric_shortcuts shortcuts;

/* c = a + b in the first `moves` of `interval` steps. */
static void make(uint32_t interval, uint32_t moves, uint32_t latency)
{
	rig_init(&rig, 2, 2, 0, interval);
	rig.params.stream_latency = latency;
	rig.header.iterations = ROUNDS;
	for (uint32_t step = 0; step < moves; step++)
		*rig_at(&rig, step, 0) = (struct rig_word){
			.op = OP(add), .a = STREAM(0), .b = STREAM(1), .dest = STREAM(2)};
	for (uint32_t i = 0; i < RIG_SPM; i += 4)
		rig_store(&rig, i, 0x01000193 * i);
	memcpy(begin_spm, rig.spm, sizeof(begin_spm));
}

static void stream(bool write, uint32_t base, uint32_t moves, int32_t inner, int32_t outer)
{
	struct road_rpu_stream *made = rig_stream(&rig, write, base, TURN);

	made->stride[0] = inner;
	made->count[1] = ROUNDS * moves / TURN;
	made->stride[1] = outer;
}

static void expect_equal_modes(void)
{
	for (unsigned mode = 0; mode < 2; mode++) {
		struct rig_run run;

		memcpy(rig.spm, begin_spm, sizeof(begin_spm));
		run = rig_run(&rig, (enum rpu_fabric_mode)mode);
		CU_ASSERT_EQUAL(rpu_fabric_status(run.fabric), RPU_FABRIC_DONE);
		shortcuts = *rpu_fabric_shortcuts(run.fabric);
		if (mode == RPU_MODE_INTERPRETED) {
			first = *rpu_fabric_counters(run.fabric);
			memcpy(first_spm, rig.spm, sizeof(first_spm));
		} else {
			CU_ASSERT_EQUAL(
				memcmp(&first, rpu_fabric_counters(run.fabric), sizeof(first)), 0);
			CU_ASSERT_EQUAL(memcmp(first_spm, rig.spm, sizeof(first_spm)), 0);
		}
		rig_end(&run);
	}
}

static void banks_that_are_lost_now_and_then(void)
{
	static const int32_t strides[] = {4, 20, 36, 68, 132, 160, 260, 476};
	static const struct {
		uint32_t interval, moves;
	} shapes[] = {{1, 1}, {2, 1}, {2, 2}, {3, 1}, {3, 2}};
	unsigned leapt = 0, stalled = 0, runs = 0;

	for (unsigned k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
		for (uint32_t latency = 1; latency <= 16; latency++)
			for (unsigned s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
				uint32_t moves = shapes[k].moves;

				make(shapes[k].interval, moves, latency);
				stream(false, 0, moves, 4, 4 * (int32_t)(k + 1));
				stream(false, READ_B, moves, strides[s], 4);
				stream(true, WRITE, moves, 4, 200);
				expect_equal_modes();
				CU_ASSERT_TRUE(shortcuts.batched > ROUNDS / 2);
				leapt += shortcuts.leapt > 0;
				stalled += first.stalls[RPU_STALL_EMPTY] > 40 && shortcuts.leapt;
				runs++;
			}
	printf("# %u runs, %u with leaps, %u of them with stalls between\n", runs, leapt, stalled);
	CU_ASSERT_TRUE(leapt > runs / 2);
	CU_ASSERT_TRUE(stalled > runs / 20);
}

/* What is written may be read before or after, as the cycles fall: rows would not know. */
static void streams_that_read_what_is_written(void)
{
	for (uint32_t lag = 0; lag < 24; lag++) {
		make(1, 1, 2);
		stream(false, 0, 1, 4, 200);
		stream(false, READ_B, 1, 4, 200);
		stream(true, 4 * lag, 1, 4, 200);
		expect_equal_modes();
		CU_ASSERT_EQUAL(shortcuts.batched, 0);
	}
}

/* Even and odd words of one range are apart. */
static void streams_that_lie_side_by_side(void)
{
	make(1, 1, 2);
	stream(false, 0, 1, 8, 400);
	stream(false, READ_B, 1, 4, 200);
	stream(true, 4, 1, 8, 400);
	expect_equal_modes();
	CU_ASSERT_TRUE(shortcuts.batched > ROUNDS / 2);
	make(1, 1, 2);
	stream(false, 0, 1, 8, 400);
	stream(false, READ_B, 1, 4, 200);
	stream(true, 8, 1, 8, 400);
	expect_equal_modes();
	CU_ASSERT_EQUAL(shortcuts.batched, 0);
}

static uint64_t call_end; /* cycle behind the present call */
static unsigned asked_behind;

static uint32_t busy(void *context, uint64_t cycle, uint64_t *until)
{
	(void)context;
	*until = cycle + 1;
	asked_behind += cycle >= call_end;
	return 0;
}

/* Others begin to use banks between two calls: nobody can say before. */
static void banks_are_not_asked_for_ahead(void)
{
	for (uint64_t piece = 64; piece < 400; piece += 7) {
		struct rpu_fabric_memory memory = {.spm = rig.spm, .busy = busy};
		struct rpu_config *config;
		struct rpu_fabric *fabric;

		make(1, 1, 4);
		stream(false, 0, 1, 4, 4);
		stream(false, READ_B, 1, 36, 4);
		stream(true, WRITE, 1, 4, 200);
		config = rig_config(&rig);
		fabric = rpu_fabric_create(&rig.params, &memory, RPU_MODE_COMPILED);
		CU_ASSERT_FATAL(config && fabric && rpu_fabric_activate(fabric, config));
		rpu_fabric_launch(fabric, NULL, 0, 0, 1);
		for (call_end = piece; rpu_fabric_status(fabric) == RPU_FABRIC_RUNNING;
		     call_end += piece)
			rpu_fabric_run(fabric, piece, NULL);
		CU_ASSERT_TRUE(piece < 100 || rpu_fabric_shortcuts(fabric)->leapt > 0);
		rpu_fabric_free(fabric);
		rpu_config_free(config);
	}
	CU_ASSERT_EQUAL(asked_behind, 0);
}

static const struct tap_case cases[] = {
	{"banks that are lost now and then", banks_that_are_lost_now_and_then},
	{"streams that read what others write", streams_that_read_what_is_written},
	{"streams that lie side by side", streams_that_lie_side_by_side},
	{"banks are not asked for ahead", banks_are_not_asked_for_ahead},
};

TAP_MAIN(cases)
