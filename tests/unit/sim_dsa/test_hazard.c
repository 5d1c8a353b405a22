/* SPDX-License-Identifier: Apache-2.0 */
/* The hazard checker: silent where things are ordered, and nowhere else. */
#include "tests/unit/sim_dsa/rig.h"

#include <stdio.h>
#include <string.h>

#define S    ROAD_DSA_QUEUE_S
#define V    ROAD_DSA_QUEUE_V
#define M    ROAD_DSA_QUEUE_M
#define MTE1 ROAD_DSA_QUEUE_MTE1
#define MTE2 ROAD_DSA_QUEUE_MTE2
#define MTE3 ROAD_DSA_QUEUE_MTE3
#define F32  ROAD_DSA_TYPE_F32

static struct rig rig;

/* Runs what was emitted with several arbitrations and timed: whether there are hazards, the same in
 * all. (Which pairs are told of a place that several queues race for depends on who was first.) */
static bool hazards(void)
{
	bool found = false;

	EMIT(&rig, end, 0, 0, 0);
	for (unsigned i = 0; i < 10; i++) {
		rig.fidelity = i == 9 ? SIM_APPROX : SIM_FUNCTIONAL;
		rig.seed = i;
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_DONE);
		if (i)
			CU_ASSERT_EQUAL(rig.counts.hazards > 0, found);
		found = rig.counts.hazards > 0;
		if (rig.blocks == 1)
			CU_ASSERT_EQUAL(rig.violations, rig.counts.hazards);
	}
	return found;
}

static bool told(uint32_t first, const char *does, uint32_t second, const char *did)
{
	char a[40], b[40];

	/* either may have come first */
	snprintf(a, sizeof(a), "%s pc %u line %u", does, first, first + 100);
	snprintf(b, sizeof(b), "%s pc %u line %u", did, second, second + 100);
	return rig_has_violation(&rig, a) && rig_has_violation(&rig, b);
}

/* MTE2 fills UB, V doubles it, MTE3 stores; each order may be left out. */
static void emit_chain(bool first, bool second, uint32_t *pcs)
{
	rig_move_ub(&rig, 0, 0, 256);
	pcs[0] = rig.count - 1;
	if (first)
		rig_order(&rig, MTE2, V, 0);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 0, 0, 0, 64);
	pcs[1] = rig.count - 1;
	if (second)
		rig_order(&rig, V, MTE3, 0);
	rig_store_ub(&rig, 4096, 0, 256);
	pcs[2] = rig.count - 1;
}

static void tokens_order(void)
{
	uint32_t pcs[3];

	rig_init(&rig);
	emit_chain(true, true, pcs);
	CU_ASSERT_EQUAL(hazards(), 0);
	rig_init(&rig);
	emit_chain(false, true, pcs);
	CU_ASSERT(hazards()); /* and the store is behind V, not behind MTE2 */
	CU_ASSERT(told(pcs[0], "MTE2 writes", pcs[1], "V reads"));
	CU_ASSERT(told(pcs[0], "MTE2 writes", pcs[2], "MTE3 reads"));
	CU_ASSERT_EQUAL(rig.counts.hazards, 2);
	rig_init(&rig);
	emit_chain(true, false, pcs);
	CU_ASSERT(hazards());
	CU_ASSERT_EQUAL(rig.counts.hazards, 2); /* MTE3 is not behind MTE2 either */
	CU_ASSERT(told(pcs[1], "V writes", pcs[2], "MTE3 reads"));
}

/* A token through a third queue orders too; one that M set before its own came does not. */
static void orders_are_transitive(void)
{
	for (int early = 0; early < 2; early++) {
		rig_init(&rig);
		rig_move_ub(&rig, 0, 0, 256);
		rig_flag(&rig, ROAD_DSA_OP_set_flag, MTE2, M, 1);
		if (early)
			rig_flag(&rig, ROAD_DSA_OP_set_flag, M, MTE3, 0);
		rig_flag(&rig, ROAD_DSA_OP_wait_flag, MTE2, M, 1);
		if (!early)
			rig_flag(&rig, ROAD_DSA_OP_set_flag, M, MTE3, 0);
		rig_flag(&rig, ROAD_DSA_OP_wait_flag, M, MTE3, 0);
		rig_store_ub(&rig, 4096, 0, 256);
		CU_ASSERT_EQUAL(hazards(), early);
	}
}

/* set_flag before the move it should stand for */
static void early_tokens_order_nothing(void)
{
	rig_init(&rig);
	rig_flag(&rig, ROAD_DSA_OP_set_flag, MTE2, MTE3, 0);
	rig_move_ub(&rig, 0, 0, 256);
	rig_flag(&rig, ROAD_DSA_OP_wait_flag, MTE2, MTE3, 0);
	rig_store_ub(&rig, 4096, 0, 256);
	CU_ASSERT_EQUAL(hazards(), 1);
}

static void writes_after_reads_need_order(void)
{
	rig_init(&rig);
	rig_store_ub(&rig, 4096, 0, 256);
	rig_move_ub(&rig, 128, 0, 256);
	CU_ASSERT_EQUAL(hazards(), 1);
	rig_init(&rig);
	rig_store_ub(&rig, 4096, 0, 256);
	rig_order(&rig, MTE3, MTE2, 7);
	rig_move_ub(&rig, 128, 0, 256);
	CU_ASSERT_EQUAL(hazards(), 0);
	rig_init(&rig); /* two reads may come as they like */
	rig_store_ub(&rig, 4096, 0, 256);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 0, 0, 64);
	CU_ASSERT_EQUAL(hazards(), 0);
}

/* Bytes of one granule that different queues use are no hazard. */
static void bytes_are_told_apart(void)
{
	for (uint64_t n = 3; n < 6; n++) {
		rig_init(&rig);
		rig_move_ub(&rig, 0, 0, 16);
		rig_load(&rig, 1, 1);
		EMIT(&rig, stu, 0, 0, 1)->imm = (int32_t)(4 * n);
		rig.words[rig.count - 1].mods = 2;
		CU_ASSERT_EQUAL(hazards(), n < 4);
	}
}

/* ---- V ---- */

static void reads_in_v_need_a_barrier(void)
{
	for (int barrier = 0; barrier < 3; barrier++) {
		rig_init(&rig);
		rig.params.interlocked = barrier == 2;
		rig_vector(&rig, ROAD_DSA_OP_vdup, F32, 0, 0, 5, 64);
		if (barrier == 1)
			rig_barrier(&rig, V);
		rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 0, 0, 64);
		CU_ASSERT_EQUAL(hazards(), barrier == 0);
	}
	rig_init(&rig); /* writes come in order */
	rig_vector(&rig, ROAD_DSA_OP_vdup, F32, 0, 0, 5, 64);
	rig_vector(&rig, ROAD_DSA_OP_vdup, F32, 0, 0, 6, 64);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 2048, 2048, 64);
	rig_vector(&rig, ROAD_DSA_OP_vdup, F32, 2048, 0, 6, 64);
	CU_ASSERT_EQUAL(hazards(), 0);
}

/* A token from V that came back to it tells that what was before it is over. */
static void a_round_trip_is_a_barrier(void)
{
	rig_init(&rig);
	rig_vector(&rig, ROAD_DSA_OP_vdup, F32, 0, 0, 5, 64);
	rig_order(&rig, V, MTE3, 0);
	rig_order(&rig, MTE3, V, 0);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 0, 0, 64);
	CU_ASSERT_EQUAL(hazards(), 0);
}

/* ---- S ---- */

static void dispatch_orders(void)
{
	rig_init(&rig);
	rig_load(&rig, 1, 1);
	EMIT(&rig, stu, 0, 0, 1)->mods = 2;
	rig_store_ub(&rig, 4096, 0, 256);
	CU_ASSERT_EQUAL(hazards(), 0);
	rig_init(&rig); /* but not back */
	rig_move_ub(&rig, 0, 0, 256);
	EMIT(&rig, ldu, 1, 0, 0)->mods = 2;
	CU_ASSERT_EQUAL(hazards(), 1);
	rig_init(&rig);
	rig_move_ub(&rig, 0, 0, 256);
	rig_barrier(&rig, ROAD_DSA_QUEUES);
	EMIT(&rig, ldu, 1, 0, 0)->mods = 2;
	CU_ASSERT_EQUAL(hazards(), 0);
	rig_init(&rig);
	rig_move_ub(&rig, 0, 0, 256);
	rig_order(&rig, MTE2, S, 3);
	EMIT(&rig, ldu, 1, 0, 0)->mods = 2;
	CU_ASSERT_EQUAL(hazards(), 0);
}

/* One instruction that reads and writes a place is no hazard, nor is what a loop does again. */
static void loops_are_reported_once(void)
{
	rig_init(&rig);
	rig_load(&rig, 2, 5);
	rig_move_ub(&rig, 0, 0, 256);
	rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 0, 0, 0, 64);
	EMIT(&rig, loop, 2, 0, 0)->imm = -(int32_t)(rig.count - 2);
	CU_ASSERT(hazards());
	/* move and vadd in either order, vadd behind itself */
	CU_ASSERT(rig.counts.hazards <= 3);
}

/* ---- global memory ---- */

static void memory_is_looked_at(void)
{
	for (int ordered = 0; ordered < 2; ordered++) {
		rig_init(&rig);
		rig.shared_memory = true;
		rig_store_ub(&rig, 4096, 0, 256);
		if (ordered)
			rig_order(&rig, MTE3, MTE2, 0);
		rig_move_ub(&rig, 512, 4096 + 255, 256);
		CU_ASSERT_EQUAL(hazards(), !ordered);
		if (!ordered)
			CU_ASSERT(told(3, "MTE3 writes", 7, "MTE2 reads"));
	}
	rig_init(&rig);
	rig.shared_memory = true;
	rig_store_ub(&rig, 4096, 0, 256);
	rig_move_ub(&rig, 512, 4096 + 256, 256);
	CU_ASSERT(!hazards());
}

static void emit_cross(unsigned op, unsigned queue, int id)
{
	struct road_dsa_word *word = rig_emit(&rig, op, 0, 0, 0, 0);

	word->mods = (uint8_t)(queue | (op == ROAD_DSA_OP_cross_set ? ROAD_DSA_CROSS_OTHERS : 0));
	word->imm = id;
}

/* Block 0 stores and tells, the others wait and load; `setter` tells and `waiter` waits. */
static bool blocks_race(unsigned setter, unsigned waiter, bool hand_on)
{
	uint32_t branch;

	rig_init(&rig);
	rig.shared_memory = true;
	rig.blocks = 3;
	EMIT(&rig, sreg, 1, 0, 0)->imm = ROAD_DSA_SREG_BLOCK;
	branch = rig.count;
	EMIT(&rig, bne, 0, 1, 0);
	rig_store_ub(&rig, 4096, 0, 256);
	emit_cross(ROAD_DSA_OP_cross_set, setter, 4);
	EMIT(&rig, end, 0, 0, 0);
	rig.words[branch].imm = (int32_t)(rig.count - branch);
	emit_cross(ROAD_DSA_OP_cross_wait, waiter, 4);
	if (hand_on)
		rig_order(&rig, waiter, MTE2, 2);
	rig_move_ub(&rig, 512, 4096, 256);
	EMIT(&rig, end, 0, 0, 0);
	return hazards();
}

static uint64_t of_all(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < rig.blocks; i++)
		sum += dsa_core_counts(rig.core[i])->hazards;
	return sum;
}

static void cross_flags_order_blocks(void)
{
	CU_ASSERT(!blocks_race(MTE3, MTE2, false));
	CU_ASSERT_EQUAL(of_all(), 0);
	CU_ASSERT(!blocks_race(MTE3, V, true)); /* V waits and hands it on by a token */
	CU_ASSERT_EQUAL(of_all(), 0);
	blocks_race(MTE3, V, false); /* V waits, MTE2 loads */
	CU_ASSERT_EQUAL(of_all(), 2);
	CU_ASSERT(rig_has_violation(&rig, "MTE3 writes pc 5 line 105"));
	CU_ASSERT(rig_has_violation(&rig, "block 0"));
	blocks_race(M, MTE2, false); /* M tells before MTE3 stored */
	CU_ASSERT_EQUAL(of_all(), 2);
}

/* 1 hears of 0, 2 of 1: then 2 is behind 0. */
static void cross_flags_are_transitive(void)
{
	for (int broken = 0; broken < 2; broken++) {
		uint32_t branch, second;

		rig_init(&rig);
		rig.shared_memory = true;
		rig.blocks = 3;
		EMIT(&rig, sreg, 1, 0, 0)->imm = ROAD_DSA_SREG_BLOCK;
		rig_load(&rig, 2, 1);
		rig_load(&rig, 3, 2);
		branch = rig.count;
		EMIT(&rig, bne, 0, 1, 0);
		rig_store_ub(&rig, 4096, 0, 256);
		EMIT(&rig, cross_set, 0, 2, 0)->mods = MTE3; /* to 1 */
		EMIT(&rig, end, 0, 0, 0);
		rig.words[branch].imm = (int32_t)(rig.count - branch);
		second = rig.count;
		EMIT(&rig, bne, 0, 1, 2);
		if (broken) /* tells before it heard */
			EMIT(&rig, cross_set, 0, 3, 0)->mods = M;
		EMIT(&rig, cross_wait, 0, 0, 0)->mods = M;
		if (!broken)
			EMIT(&rig, cross_set, 0, 3, 0)->mods = M;
		EMIT(&rig, end, 0, 0, 0);
		rig.words[second].imm = (int32_t)(rig.count - second);
		EMIT(&rig, cross_wait, 0, 0, 0)->mods = MTE2;
		rig_move_ub(&rig, 512, 4096, 256);
		EMIT(&rig, end, 0, 0, 0);
		hazards();
		CU_ASSERT_EQUAL(of_all(), broken);
	}
}

static const struct tap_case cases[] = {
	{"tokens order, and a missing one is reported with both pcs", tokens_order},
	{"orders are transitive", orders_are_transitive},
	{"a token set too early orders nothing", early_tokens_order_nothing},
	{"writes after reads need order, reads do not", writes_after_reads_need_order},
	{"bytes of one granule are told apart", bytes_are_told_apart},
	{"a read in V behind a write needs a barrier or interlocks", reads_in_v_need_a_barrier},
	{"a token that came back to V is a barrier", a_round_trip_is_a_barrier},
	{"dispatch orders S before a queue, not a queue before S", dispatch_orders},
	{"a pair of instructions is reported once", loops_are_reported_once},
	{"accesses to global memory are looked at", memory_is_looked_at},
	{"flags between cores order blocks, by the queues that set and wait",
	 cross_flags_order_blocks},
	{"flags between cores are transitive", cross_flags_are_transitive},
};

TAP_MAIN(cases)
