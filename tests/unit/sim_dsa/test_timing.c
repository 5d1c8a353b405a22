/* SPDX-License-Identifier: Apache-2.0 */
/* Programs whose cycles can be computed by hand; the rig's chip is in rig.c, a cycle is 1000 ps. */
#include "tests/unit/sim_dsa/rig.h"

#include <string.h>

#define S    ROAD_DSA_QUEUE_S
#define V    ROAD_DSA_QUEUE_V
#define M    ROAD_DSA_QUEUE_M
#define MTE2 ROAD_DSA_QUEUE_MTE2
#define MTE3 ROAD_DSA_QUEUE_MTE3
#define F32  ROAD_DSA_TYPE_F32

static struct rig rig;

static void begin(void)
{
	rig_init(&rig);
	rig.fidelity = SIM_TRACE;
	rig.no_hazards = true;
}

/* Cycles until the end of the program. */
static uint64_t cycles(void)
{
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(rig.end % 1000, 0);
	return rig.end / 1000;
}

static const struct rig_span *span(const char *lane, const char *name)
{
	static const struct rig_span none;

	for (uint32_t i = 0; i < rig.span_count; i++)
		if (!strcmp(rig.spans[i].lane, lane) && !strcmp(rig.spans[i].name, name))
			return &rig.spans[i];
	CU_FAIL("no such span");
	return &none;
}

static void scalars(void)
{
	begin();
	for (int i = 0; i < 3000; i++) /* more than one run of S takes */
		rig_load(&rig, 1, 5);
	CU_ASSERT_EQUAL(cycles(), 3000);
	begin();
	rig_load(&rig, 1, RIG_VA);
	EMIT(&rig, ldg, 2, 1, 0);
	EMIT(&rig, ldu, 2, 0, 0);
	CU_ASSERT_EQUAL(cycles(), 1 + 100 + 10);
}

static void transfers(void)
{
	begin(); /* three movi, start-up, 512 bytes at 64 */
	rig_move_ub(&rig, 0, 0, 512);
	CU_ASSERT_EQUAL(cycles(), 3 + 40 + 8);
	CU_ASSERT_EQUAL(rig.counts.queue[MTE2].busy_ps, 48000);
	CU_ASSERT_EQUAL(rig.counts.queue[MTE2].bytes, 512);
	begin(); /* a short burst costs 256 bytes */
	rig_move_ub(&rig, 0, 0, 8);
	CU_ASSERT_EQUAL(cycles(), 3 + 40 + 4);
	begin(); /* one behind the other: S is faster */
	rig_move_ub(&rig, 0, 0, 512);
	rig_move_ub(&rig, 512, 0, 512);
	CU_ASSERT_EQUAL(cycles(), 3 + 2 * 48);
	begin(); /* 4 bursts of 32 bytes */
	rig_load(&rig, 1, 32);
	rig_load(&rig, 2, 4);
	rig_load(&rig, 3, 64 | UINT64_C(64) << 32); /* two instructions */
	rig_load(&rig, 4, RIG_VA);
	rig_emit(&rig, ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 0, 4, 1)->imm = 2;
	CU_ASSERT_EQUAL(cycles(), 5 + 40 + 4 * 256 / 64);
}

static void tokens(void)
{
	begin();
	rig_move_ub(&rig, 0, 0, 512); /* until 51 */
	rig_order(&rig, MTE2, V, 0);  /* seen at 54 */
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 0, 256, 64);
	CU_ASSERT_EQUAL(cycles(), 54 + 4 + 10);
	CU_ASSERT_EQUAL(rig.counts.queue[V].busy_ps, 4000);
	/* S gives V the wait at 7: set_flag takes 2, from 5 on */
	CU_ASSERT_EQUAL(rig.counts.queue[V].wait_flag_ps, (54 - 7) * 1000);
	CU_ASSERT_EQUAL(span("core0.V", "flag MTE2>V 0")->from, 7000);
	CU_ASSERT_EQUAL(span("core0.V", "flag MTE2>V 0")->to, 54000);
	CU_ASSERT_EQUAL(span("core0.V", "vadd")->from, 54000);
	CU_ASSERT_EQUAL(span("core0.V", "vadd")->to, 58000);
	CU_ASSERT_EQUAL(span("core0.MTE2", "move_ub")->from, 3000);
	CU_ASSERT_EQUAL(span("core0.MTE2", "move_ub")->to, 51000);
}

/* x23..x26 loaded once: 4 movi, then vector instructions every 2 cycles. */
static void emit_vectors(unsigned count, bool barriers)
{
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 0, 1024, 2048, 256);
	for (unsigned i = 1; i < count; i++) {
		if (barriers)
			rig_barrier(&rig, V);
		rig.words[rig.count] = rig.words[rig.count - (barriers ? 2 : 1)];
		rig.count++;
	}
}

static void vectors(void)
{
	begin(); /* 256 f32 are 16 cycles; they overlap */
	emit_vectors(3, false);
	CU_ASSERT_EQUAL(cycles(), 4 + 3 * 16 + 10);
	begin();
	emit_vectors(3, true);
	CU_ASSERT_EQUAL(cycles(), 4 + 3 * (16 + 10));
	begin();
	rig_vector(&rig, ROAD_DSA_OP_vexp, F32, 0, 1024, 0, 256);
	CU_ASSERT_EQUAL(cycles(), 3 + 4 * 16 + 10);
	begin(); /* 5 repeats of 17 elements: each two cycles */
	rig_vector(&rig, ROAD_DSA_OP_vabs, F32, 0, 1024, 0, 17 | UINT64_C(4) << 32);
	CU_ASSERT_EQUAL(cycles(), 4 + 5 * 2 + 10);
}

/* A reader waits for what it reads, others do not. */
static void interlocks(void)
{
	for (uint64_t source = 0; source <= 4096; source += 4096) {
		begin();
		rig.params.interlocked = 1;
		rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 0, 1024, 2048, 64);
		rig_load(&rig, 24, source);
		rig_load(&rig, 23, 8192);
		rig.words[rig.count] = rig.words[rig.count - 3];
		rig.count++;
		/* the first from 4 to 8, its result at 18; the second given at 8 */
		CU_ASSERT_EQUAL(cycles(), (source ? 8 : 18) + 4 + 10);
	}
}

static void cubes(void)
{
	static const struct {
		uint32_t type;
		uint64_t m, n, k, pieces;
	} rows[] = {{ROAD_DSA_TYPE_F16, 32, 16, 64, 2 * 4},
		    {ROAD_DSA_TYPE_F16, 33, 17, 65, 3 * 2 * 5},
		    {ROAD_DSA_TYPE_S8, 32, 16, 64, 2 * 2},
		    {F32, 32, 16, 32, 2 * 4 * 4}};

	for (unsigned i = 0; i < 4; i++) {
		begin();
		rig_load(&rig, 5, rows[i].m | rows[i].n << 16 | rows[i].k << 32);
		rig_emit(&rig, ROAD_DSA_OP_mmad, rows[i].type, 0, 0, 0)->c = 5;
		CU_ASSERT_EQUAL(cycles(), 2 + rows[i].pieces + 20);
		CU_ASSERT_EQUAL(rig.counts.macs, rows[i].m * rows[i].n * rows[i].k);
	}
}

/* Depth 4: the sixth move waits until the second begins. */
static void full_queues(void)
{
	begin();
	rig_load(&rig, 1, RIG_VA);
	rig_load(&rig, 2, 512);
	for (unsigned i = 0; i < 6; i++)
		rig_emit(&rig, ROAD_DSA_OP_move_ub, ROAD_DSA_TYPE_U8, 0, 1, 2)->imm = 1;
	CU_ASSERT_EQUAL(cycles(), 2 + 6 * 48);
	/* at 2, 4, 6, 8, 10 it gave five away, until 12; the second begins at 50; then S waits
	 * for the end from 52 on */
	CU_ASSERT_EQUAL(span("core0.S", "MTE2 full")->from, 12000);
	CU_ASSERT_EQUAL(span("core0.S", "MTE2 full")->to, 50000);
	CU_ASSERT_EQUAL(span("core0.S", "drain")->from, 52000);
	CU_ASSERT_EQUAL(span("core0.S", "drain")->to, 290000);
	CU_ASSERT_EQUAL(rig.counts.queue[S].wait_full_ps, (50 - 12) * 1000);
	CU_ASSERT_EQUAL(rig.counts.queue[S].busy_ps, (2 + 6 * 2) * 1000);
}

/* Two buffers: transfers and vectors overlap, so the slower one alone counts. */
static void double_buffers_overlap(void)
{
	uint64_t end[2];

	for (int buffers = 1; buffers <= 2; buffers++) {
		begin();
		for (int i = 0; i < 8; i++) {
			int b = i % buffers;

			if (i >= buffers)
				rig_flag(&rig, ROAD_DSA_OP_wait_flag, V, MTE2, b);
			rig_move_ub(&rig, (uint64_t)b * 8192, 0, 2048);
			rig_order(&rig, MTE2, V, b);
			rig_vector(&rig, ROAD_DSA_OP_vexp, F32, (uint64_t)b * 8192,
				   (uint64_t)b * 8192, 0, 512);
			if (i + buffers < 8)
				rig_flag(&rig, ROAD_DSA_OP_set_flag, V, MTE2, b);
		}
		end[buffers - 1] = cycles();
	}
	/* a move takes 40 + 32, a vector 4 * 32 + 10 */
	CU_ASSERT(end[0] >= 8 * (72 + 128));
	CU_ASSERT(end[1] < 72 + 8 * 128 + 8 * 20);
}

/* ---- shared memory ---- */

static void memory_costs(void)
{
	begin();
	rig.shared_memory = true;
	rig_move_ub(&rig, 0, 0, 128); /* 3, its request at 43: 8 at a channel, 120, 60 */
	rig_move_ub(&rig, 128, 0, 128);
	/* the second hits: its start-up, one cycle of L2's port, 60 */
	CU_ASSERT_EQUAL(cycles(), 43 + 8 + 120 + 60 + 40 + 1 + 60);
	CU_ASSERT_EQUAL(rig.memory_counts.l2_hits, 1);
	CU_ASSERT_EQUAL(rig.memory_counts.l2_misses, 1);
	CU_ASSERT_EQUAL(rig.memory_counts.hbm_read_bytes, 128);
	CU_ASSERT_EQUAL(rig.memory_counts.l2_read_bytes, 256);
}

/* What is written to L2 reaches HBM when it must go; bytes balance. */
static void memory_writes_back(void)
{
	begin();
	rig.shared_memory = true;
	for (uint64_t i = 0; i < 4; i++) /* twice what L2 holds */
		rig_store_ub(&rig, i * 32768, 0, 32768);
	cycles();
	CU_ASSERT_EQUAL(rig.memory_counts.l2_written_bytes, 131072);
	CU_ASSERT_EQUAL(rig.memory_counts.hbm_written_bytes, 131072 - 65536);
	CU_ASSERT_EQUAL(rig.memory_counts.hbm_read_bytes, 0);
}

/* A line that came by a read is written back too, once it was written. */
static void read_lines_become_dirty(void)
{
	begin();
	rig.shared_memory = true;
	rig_move_ub(&rig, 0, 0, 32768);
	rig_order(&rig, MTE2, MTE3, 0);
	rig_store_ub(&rig, 0, 0, 32768);
	rig_order(&rig, MTE3, MTE2, 0);
	for (uint64_t i = 2; i < 6; i++) /* all of L2, and more */
		rig_move_ub(&rig, 0, i * 32768, 32768);
	cycles();
	CU_ASSERT_EQUAL(rig.memory_counts.hbm_written_bytes, 32768);
	CU_ASSERT_EQUAL(rig.memory_counts.hbm_read_bytes, 5 * 32768);
}

static uint64_t time_of_copies(uint64_t hbm_rate, uint32_t latency)
{
	begin();
	rig.shared_memory = true;
	rig.params.hbm_rate = hbm_rate;
	rig.params.hbm_latency = latency;
	for (uint64_t i = 0; i < 8; i++)
		rig_move_ub(&rig, 0, i * 16384, 16384);
	return cycles();
}

static void more_bandwidth_is_never_slower(void)
{
	uint64_t before = UINT64_MAX;

	for (uint64_t rate = UINT64_C(4000000000); rate < UINT64_C(600000000000); rate *= 2) {
		uint64_t time = time_of_copies(rate, 120);

		CU_ASSERT(time <= before);
		CU_ASSERT(time * rate >= UINT64_C(8) * 16384 * 1000000000);
		CU_ASSERT(time <= time_of_copies(rate, 200));
		before = time;
	}
}

/* ---- cores ---- */

/* Block 0 sets the others' flag at once; they begin their transfer 50 cycles later. */
static void cross_flags_take_their_time(void)
{
	struct road_dsa_word *word;

	begin();
	rig.blocks = 3;
	EMIT(&rig, sreg, 1, 0, 0)->imm = ROAD_DSA_SREG_BLOCK; /* 0 */
	EMIT(&rig, bne, 0, 1, 0)->imm = 3;                    /* 1 */
	word = EMIT(&rig, cross_set, 0, 0, 0);                /* 2 */
	word->mods = S | ROAD_DSA_CROSS_OTHERS;
	word->imm = 4;
	EMIT(&rig, end, 0, 0, 0);
	word = EMIT(&rig, cross_wait, 0, 0, 0); /* given to MTE2 at 2 */
	word->mods = MTE2;
	word->imm = 4;
	rig_move_ub(&rig, 0, 0, 512);
	CU_ASSERT_EQUAL(cycles(), 2 + 50 + 48);
}

static const struct tap_case cases[] = {
	{"scalars take a cycle, memory its own time", scalars},
	{"transfers take start-up and bytes over rate, short bursts more", transfers},
	{"tokens take effect after their time, and gaps are named by them", tokens},
	{"vectors overlap unless a barrier holds them", vectors},
	{"interlocked chips hold readers alone", interlocks},
	{"products take a cycle a fractal", cubes},
	{"S waits for room in a queue", full_queues},
	{"two buffers hide the transfer", double_buffers_overlap},
	{"L2 and HBM cost what their parameters say", memory_costs},
	{"what L2 cannot hold is written back", memory_writes_back},
	{"lines that were read are written back once written", read_lines_become_dirty},
	{"more bandwidth is never slower, nothing beats it", more_bandwidth_is_never_slower},
	{"flags between cores take their time", cross_flags_take_their_time},
};

TAP_MAIN(cases)
