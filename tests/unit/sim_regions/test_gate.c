/* SPDX-License-Identifier: Apache-2.0 */
/* What launches pass, and owners. */
#include "tests/unit/sim_regions/rig.h"

#define ACTIVATE ROAD_REGION_VERB_ACTIVATE
#define LOAD     ROAD_REGION_VERB_LOAD

static void begin_two(void)
{
	rig_begin(0);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 0, 1));
}

static void test_two_queues(void)
{
	begin_two();
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO); /* no image is what it expects */
	region_unit_leave(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_FAIL); /* the other one's */
	CU_ASSERT_EQUAL(rig_gate(1, 5, false), REGION_GO);
	region_unit_leave(rig.unit, 0);
	region_unit_leave(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 6), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_FAIL);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	region_unit_leave(rig.unit, 0);
	rig_run();
	rig_end();
}

static void test_closed_while_switching(void)
{
	struct rig_op *op;

	begin_two();
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	op = rig_op(1, ACTIVATE, 6);
	rig_go(op, 1);
	rig_run();
	CU_ASSERT(!op->done);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_WAIT); /* lets none begin */
	region_unit_leave(rig.unit, 0);
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_FAIL);
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_IDLE_PS),
			RIG_SWITCH); /* it worked while the image was loaded */
	rig_end();
}

static void test_hit_is_no_barrier(void)
{
	struct rig_op *op;

	begin_two();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	op = rig_op(1, ACTIVATE, 5);
	rig_go(op, 1);
	rig_run();
	CU_ASSERT(op->done); /* though a launch runs */
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	region_unit_leave(rig.unit, 0);
	region_unit_leave(rig.unit, 0);
	rig_run();
	rig_end();
}

static void test_implicit(void)
{
	begin_two();
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 5, true), REGION_WAIT);
	rig_run();
	CU_ASSERT(rig.retries > 0);
	CU_ASSERT_EQUAL(rig_gate(0, 5, true), REGION_GO);
	region_unit_leave(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO); /* its current image now */
	region_unit_leave(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_gate(0, 8, true), REGION_WAIT); /* that is nowhere */
	rig_run();
	enum road_region_error error;
	const struct region_want want = {.config = 8, .activate = true};

	CU_ASSERT_EQUAL(region_unit_gate(rig.unit, 0, &want, &error), REGION_FAIL);
	CU_ASSERT_EQUAL(error, ROAD_REGION_ERROR_NOT_RESIDENT);
	rig_end();
}

/* Two queues that want different images in turn: each gets on, and switches are few. */
static void test_grouping(void)
{
	const uint64_t launch = RIG_SWITCH;
	uint32_t went[2] = {0, 0}, runs[2] = {0, 0};
	uint64_t switches, until;

	begin_two();
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 6), ROAD_REGION_ERROR_NONE);
	until = rig.now + 200 * launch;
	while (rig.now < until) {
		for (uint32_t q = 0; q < 2; q++) {
			if (runs[q]) {
				region_unit_leave(rig.unit, 0);
				runs[q] = 0;
			}
			if (rig_gate(q, 5 + q, true) == REGION_GO) {
				CU_ASSERT_EQUAL(rig.active[0], 5 + q);
				runs[q] = 1;
				went[q]++;
			}
		}
		rig_run_until(rig.now + launch);
	}
	switches = rig_reg(0, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_SWITCHES);
	CU_ASSERT(went[0] > 50);
	CU_ASSERT(went[1] > 50);
	CU_ASSERT(switches <= 21); /* 200 launches, ten or so at a time */
	for (uint32_t q = 0; q < 2; q++)
		if (runs[q])
			region_unit_leave(rig.unit, 0);
	rig_run();
	rig_end();
}

static void test_owner(void)
{
	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	rig.state[0] = 77; /* what work leaves */
	region_unit_queue_close(rig.unit, 0);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 0, 1));
	CU_ASSERT_EQUAL(rig.active[0], 5); /* the same owner again */
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 0, 2));
	CU_ASSERT_EQUAL(rig.active[0], 5); /* two at once: both know of it */
	region_unit_queue_close(rig.unit, 0);
	region_unit_queue_close(rig.unit, 1);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 0, 2));
	CU_ASSERT_EQUAL(rig.active[0], 0);
	CU_ASSERT_EQUAL(rig.state[0], 0);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_EMPTY);
	rig_end();
}

static void test_owner_gone(void)
{
	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	region_unit_queue_close(rig.unit, 0);
	region_unit_owner_gone(rig.unit, 1);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 0, 1)); /* another one of that name */
	CU_ASSERT_EQUAL(rig.active[0], 0);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_EMPTY);
	rig_end();
}

/* What a load waits for may be used, and made active, until the load takes it. */
static void test_slot_of_a_load_that_waits(void)
{
	struct rig_op *ops[3];

	rig_begin(0);
	for (uint32_t q = 1; q < 3; q++)
		CU_ASSERT(!region_unit_queue_open(rig.unit, q, 0, 0, 1));
	for (uint32_t word = 1; word <= RIG_SLOTS; word++)
		CU_ASSERT_EQUAL(rig_do(0, LOAD, word), ROAD_REGION_ERROR_NONE);
	ops[0] = rig_op(0, LOAD, 11);    /* takes the slot of 1 */
	ops[1] = rig_op(1, LOAD, 12);    /* waits: that of 2 would be next */
	ops[2] = rig_op(2, ACTIVATE, 2); /* is there */
	for (uint32_t q = 0; q < 3; q++)
		rig_go(ops[q], q);
	rig_run();
	for (uint32_t q = 0; q < 3; q++) {
		CU_ASSERT(ops[q]->done);
		CU_ASSERT_EQUAL(ops[q]->error, ROAD_REGION_ERROR_NONE);
	}
	CU_ASSERT_EQUAL(rig.active[0], 2);
	CU_ASSERT_EQUAL(rig_slot_state(0, 1), SLOT_ACTIVE);
	rig_end();
}

static const struct tap_case cases[] = {
	{"two queues of a region cannot run each other's image", test_two_queues},
	{"a switch lets no launch begin until it is done", test_closed_while_switching},
	{"activating what is active is no barrier", test_hit_is_no_barrier},
	{"a launch may bring its own switch along", test_implicit},
	{"launches that name one image are grouped, and nobody starves", test_grouping},
	{"another owner finds nothing of the one before", test_owner},
	{"nor does one that is called like an owner who is gone", test_owner_gone},
	{"a load that waits keeps no one from the slot that it will take",
	 test_slot_of_a_load_that_waits},
};
TAP_MAIN(cases)
