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
	region_unit_leave(rig.unit, 0, 0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_FAIL); /* the other one's */
	CU_ASSERT_EQUAL(rig_gate(1, 5, false), REGION_GO);
	region_unit_leave(rig.unit, 0, 0);
	region_unit_leave(rig.unit, 0, 0);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 6), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_FAIL);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	region_unit_leave(rig.unit, 0, 0);
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
	region_unit_leave(rig.unit, 0, 0);
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
	region_unit_leave(rig.unit, 0, 0);
	region_unit_leave(rig.unit, 0, 0);
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
	region_unit_leave(rig.unit, 0, 0);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO); /* its current image now */
	region_unit_leave(rig.unit, 0, 0);
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
				region_unit_leave(rig.unit, 0, 0);
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
			region_unit_leave(rig.unit, 0, 0);
	rig_run();
	rig_end();
}

static void test_owner(void)
{
	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	rig.state[0][0] = 77; /* what work leaves */
	region_unit_queue_close(rig.unit, 0);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 0, 1));
	CU_ASSERT_EQUAL(rig.active[0], 5); /* the same owner again */
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 0, 2));
	CU_ASSERT_EQUAL(rig.active[0], 5); /* two at once: both know of it */
	region_unit_queue_close(rig.unit, 0);
	region_unit_queue_close(rig.unit, 1);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 0, 2));
	CU_ASSERT_EQUAL(rig.active[0], 0);
	CU_ASSERT_EQUAL(rig.state[0][0], 0);
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

/* ---- one slot ---- */

static void begin_one_slot(uint32_t slots)
{
	rig_begin(0);
	rig_end();
	rig.setup.slots = slots;
	rig.unit = region_unit_create(&rig.setup);
	CU_ASSERT_FATAL(rig.unit != NULL);
	for (uint32_t q = 0; q < RIG_QUEUES; q++)
		CU_ASSERT(!region_unit_queue_open(rig.unit, q, 0, 0, 1));
}

static struct rig_op *begin_op(uint32_t queue, uint32_t verb, uint32_t word)
{
	struct rig_op *op = rig_op(queue, verb, word);

	rig_go(op, queue);
	return op;
}

/* Activations wait for each other, in order; a load gets no place; a deadline runs meanwhile. */
static void test_one_slot_waits(void)
{
	struct rig_op *first, *second, *load, *hasty;

	begin_one_slot(1);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 8), ROAD_REGION_ERROR_BUSY); /* at once */
	first = begin_op(1, ACTIVATE, 6);
	second = begin_op(2, ACTIVATE, 7);
	load = begin_op(3, LOAD, 8);
	hasty = rig_op(3, ACTIVATE, 9);
	hasty->op.deadline_ns = RIG_LOAD / RIG_NS;
	rig_go(hasty, 3);
	rig_run();
	CU_ASSERT(!first->done && !second->done && !load->done);
	CU_ASSERT(hasty->done);
	CU_ASSERT_EQUAL(hasty->error, ROAD_REGION_ERROR_TIMEOUT);
	CU_ASSERT_EQUAL(rig_report(hasty)->phase, PHASE_FIT);
	CU_ASSERT_EQUAL(rig.active[0], 5);
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	CU_ASSERT(first->done && second->done && load->done);
	CU_ASSERT_EQUAL(first->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_report(first)->active, 6);
	CU_ASSERT_EQUAL(second->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT(rig_report(second)->ended_ns - rig_report(first)->ended_ns >=
		  (RIG_LOAD + RIG_SWITCH) / RIG_NS);
	CU_ASSERT_EQUAL(load->error, ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig.active[0], 7);
	rig_end();
}

/* Whoever holds the place, be it to read it, or to overwrite it behind a launch that has yet to
 * begin, ends: who comes next waits. */
static void test_one_slot_held(void)
{
	struct rig_op *read, *ops[2];
	struct region_want want = {.config = 8, .activate = true};
	enum road_region_error error;

	begin_one_slot(1);
	want.image = rig_image(8, &want.image_bytes);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	read = rig_op(0, ROAD_REGION_VERB_READ_BACK, 5);
	read->op.buffer = RIG_MEMORY / 2;
	read->op.buffer_bytes = 4096;
	rig_go(read, 0);
	ops[0] = begin_op(1, ACTIVATE, 6);
	CU_ASSERT(!read->done);
	rig_run();
	CU_ASSERT_EQUAL(read->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(ops[0]->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.active[0], 6);
	/* the first activation holds the place, the launch that the switch was made for is owed */
	CU_ASSERT_EQUAL(region_unit_gate(rig.unit, 0, &want, &error), REGION_WAIT);
	for (uint32_t q = 0; q < 2; q++)
		ops[q] = begin_op(1 + q, ACTIVATE, 6 + q);
	rig_run();
	CU_ASSERT(!ops[0]->done && !ops[1]->done);
	CU_ASSERT_EQUAL(region_unit_gate(rig.unit, 0, &want, &error), REGION_GO);
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	for (uint32_t q = 0; q < 2; q++) {
		CU_ASSERT(ops[q]->done);
		CU_ASSERT_EQUAL(ops[q]->error, ROAD_REGION_ERROR_NONE);
	}
	CU_ASSERT_EQUAL(rig.active[0], 7);
	rig_end();
}

/* A pin ends only by a program: who waits for the place is told. */
static void test_one_slot_pinned(void)
{
	struct rig_op *ops[2];

	begin_one_slot(1);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	for (uint32_t q = 0; q < 2; q++)
		ops[q] = begin_op(1 + q, ACTIVATE, 6 + q);
	CU_ASSERT_EQUAL(rig_do(3, ROAD_REGION_VERB_PIN, 5), ROAD_REGION_ERROR_NONE);
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	for (uint32_t q = 0; q < 2; q++) {
		CU_ASSERT(ops[q]->done);
		CU_ASSERT_EQUAL(ops[q]->error, ROAD_REGION_ERROR_BUSY);
	}
	CU_ASSERT_EQUAL(rig.active[0], 5);
	CU_ASSERT_EQUAL(rig_do(3, ACTIVATE, 6), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_do(3, ROAD_REGION_VERB_UNPIN, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(3, ACTIVATE, 6), ROAD_REGION_ERROR_NONE);
	rig_end();
}

/* Three queues whose launches bring their images along: each gets on, as often as the others. */
static void three_queues(uint32_t slots)
{
	const uint64_t launch = RIG_SWITCH, until = 3000 * launch;
	uint32_t went[3] = {0, 0, 0};
	struct region_want want[3];
	bool runs[3] = {false, false, false};

	begin_one_slot(slots);
	for (uint32_t q = 0; q < 3; q++) {
		want[q] = (struct region_want){.config = 5 + q, .activate = true};
		want[q].image = rig_image(5 + q, &want[q].image_bytes);
	}
	while (rig.now < until) {
		for (uint32_t q = 0; q < 3; q++) {
			enum road_region_error error;

			if (runs[q])
				region_unit_leave(rig.unit, 0, 0);
			runs[q] = region_unit_gate(rig.unit, q, &want[q], &error) == REGION_GO;
			CU_ASSERT_EQUAL(error, ROAD_REGION_ERROR_NONE);
			CU_ASSERT(!runs[q] || rig.active[0] == 5 + q);
			went[q] += runs[q];
		}
		rig_run_until(rig.now + launch);
	}
	for (uint32_t q = 0; q < 3; q++) {
		CU_ASSERT(went[q] > 100 && went[q] > went[(q + 1) % 3] / 2);
		if (runs[q])
			region_unit_leave(rig.unit, 0, 0);
	}
	rig_run();
	rig_end();
}

static void test_shared_slots(void)
{
	for (uint32_t slots = 1; slots <= RIG_SLOTS; slots++)
		three_queues(slots);
}

enum { CROWD = 12 };

/* Verbs that hold, or want, the place of the active image; all but LOAD wait for it. */
static struct rig_op *crowd_op(uint32_t queue, uint32_t dice)
{
	static const uint32_t verbs[] = {ACTIVATE,
					 ACTIVATE,
					 ROAD_REGION_VERB_SWAP,
					 LOAD,
					 ROAD_REGION_VERB_READ_BACK,
					 ROAD_REGION_VERB_ROLLBACK};
	const uint32_t verb = verbs[dice % 6];
	struct rig_op *op;

	op = rig_op(queue, verb, verb == ROAD_REGION_VERB_ROLLBACK ? 0 : 1 + dice / 8 % 4);
	if (verb == ROAD_REGION_VERB_SWAP || verb == ROAD_REGION_VERB_READ_BACK) {
		op->op.buffer = RIG_MEMORY / 2;
		op->op.buffer_bytes = 4096;
	}
	rig_go(op, queue);
	return op;
}

static void crowd_round(uint32_t *seed)
{
	struct rig_op *ops[CROWD];
	const bool runs = rig_gate(0, 0, false) == REGION_GO;

	for (uint32_t i = 0; i < CROWD; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		ops[i] = crowd_op(i % RIG_QUEUES, *seed >> 8);
		rig_run_until(rig.now + (*seed >> 24) * RIG_US);
		if (runs && i == CROWD / 2)
			region_unit_leave(rig.unit, 0, 0);
	}
	rig_run();
	for (uint32_t i = 0; i < CROWD; i++) {
		CU_ASSERT(ops[i]->done);
		if (ops[i]->op.verb == ACTIVATE || ops[i]->op.verb == ROAD_REGION_VERB_SWAP)
			CU_ASSERT_EQUAL(ops[i]->error, ROAD_REGION_ERROR_NONE);
	}
}

/* Whatever holds the place ends, so whatever waits for it gets it: there is no circle. */
static void test_crowd(void)
{
	uint32_t seed = 1;

	for (uint32_t slots = 1; slots <= 2; slots++) {
		begin_one_slot(slots);
		for (uint32_t round = 0; round < 300; round++) {
			const uint32_t mark = rig.at;

			crowd_round(&seed);
			rig.at = mark;
		}
		rig_end();
	}
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
	{"switches wait for the only slot; a load is refused it", test_one_slot_waits},
	{"a switch waits for whoever holds the only slot", test_one_slot_held},
	{"who waits for a slot that is pinned meanwhile is refused it", test_one_slot_pinned},
	{"launches of three queues that bring their images along all get on", test_shared_slots},
	{"whatever waits for a slot gets it in the end", test_crowd},
};
TAP_MAIN(cases)
