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
};

TAP_MAIN(cases)
