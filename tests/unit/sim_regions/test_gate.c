/* SPDX-License-Identifier: Apache-2.0 */
/* What launches pass, owners, and a random walk. */
#include <string.h>

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

/* Ops of all verbs, launches, faults and drops in any order: each op ends once, what the chip was
 * told is what registers say, and in the end everything is at rest. */
static void walk(uint32_t seed)
{
	struct rig_op *ops[2] = {NULL, NULL};
	struct region_want wants[2] = {{0}, {0}}; /* of a launch that waits at the gate */
	enum road_region_error error;
	uint32_t running = 0, mark;

	begin_two();
	mark = rig.at;
	for (int i = 0; i < 2000; i++) {
		uint32_t dice, queue;

		seed = seed * 1664525u + 1013904223u;
		dice = seed >> 8;
		queue = dice & 1;
		if (!ops[0] && !ops[1])
			rig.at = mark;
		if (ops[queue] && ops[queue]->done)
			ops[queue] = NULL;
		switch (dice >> 1 & 7) {
		case 0:
		case 1:
			if (ops[queue] || wants[queue].config || rig.at > RIG_MEMORY / 2)
				break;
			uint32_t verb = (dice >> 4) % ROAD_REGION_VERBS;
			bool named = verb < ROAD_REGION_VERB_ROLLBACK;
			struct rig_op *op = rig_op(queue, verb, named ? 1 + (dice >> 8) % 5 : 0);

			if (verb == ROAD_REGION_VERB_SWAP || verb == ROAD_REGION_VERB_RESTORE ||
			    verb == ROAD_REGION_VERB_READ_BACK) {
				op->op.buffer = RIG_MEMORY - 8192;
				op->op.buffer_bytes = 4096;
			}
			if (op->op.image_bytes || verb >= ROAD_REGION_VERB_ROLLBACK)
				op->op.deadline_ns = (dice >> 12 & 3) ? 0 : 90000;
			if (verb >= ROAD_REGION_VERB_ACTIVATE &&
			    verb != ROAD_REGION_VERB_READ_BACK) {
				op->op.drain = dice >> 14 & 3;
				op->op.on_failure = (uint8_t)((dice >> 16) % 2);
			}
			ops[queue] = op;
			rig_go(op, queue);
			break;
		case 2:
			if (ops[queue])
				break;
			if (!wants[queue].config)
				wants[queue] = (struct region_want){.config = 1 + (dice >> 8) % 5,
								    .activate = dice >> 12 & 1};
			enum region_gate gate =
				region_unit_gate(rig.unit, queue, &wants[queue], &error);

			running += gate == REGION_GO;
			if (gate != REGION_WAIT)
				wants[queue].config = 0;
			break;
		case 3:
			if (running && rig_reg(0, ROAD_REGION_REG_RUNNING))
				region_unit_leave(rig.unit, 0);
			break;
		case 4:
			if ((dice >> 4 & 31) == 0)
				region_unit_phase_fail(rig.unit, 0, 1 + (dice >> 9) % 10, 1);
			break;
		case 5:
			if ((dice >> 4 & 31) == 0) {
				region_unit_queue_drop(rig.unit, queue);
				ops[queue] = NULL;
				wants[queue].config = 0;
			}
			break;
		case 6:
			if (rig_reg(0, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_QUARANTINED)
				region_unit_write(rig.unit, 0, ROAD_REGION_REG_COMMAND, 4,
						  ROAD_REGION_COMMAND_RELEASE);
			break;
		default: rig_run_until(rig.now + (dice >> 4 & 0xff) * RIG_US); break;
		}
		CU_ASSERT_EQUAL(rig.active[0] != 0,
				region_unit_active(rig.unit, 0) != NULL ||
					rig_reg(0, ROAD_REGION_REG_ACTIVE64) != 0);
	}
	for (int i = 0; i < 8; i++) {
		while (rig_reg(0, ROAD_REGION_REG_RUNNING))
			region_unit_leave(rig.unit, 0);
		rig_run();
		for (uint32_t q = 0; q < 2; q++)
			if (wants[q].config &&
			    region_unit_gate(rig.unit, q, &wants[q], &error) != REGION_WAIT)
				wants[q].config = 0;
	}
	CU_ASSERT(!wants[0].config && !wants[1].config);
	CU_ASSERT(running > 0);
	for (uint32_t q = 0; q < 2; q++)
		CU_ASSERT(!ops[q] || ops[q]->done);
	CU_ASSERT_EQUAL(rig.active[0], rig_reg(0, ROAD_REGION_REG_ACTIVE64));
	CU_ASSERT_EQUAL(rig.violations, 0);
	rig_end();
}

static void test_walk(void)
{
	for (uint32_t seed = 1; seed <= 40; seed++)
		walk(seed);
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
	{"a random walk ends at rest, each op once", test_walk},
};
TAP_MAIN(cases)
