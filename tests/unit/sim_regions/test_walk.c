/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ops of all verbs, launches, faults and drops in any order: each op ends once, what the chip was
 * told is what registers say, and in the end everything is at rest.
 */
#include "tests/unit/sim_regions/rig.h"

enum { QUEUES = 2, STEPS = 2000 };

struct walk {
	uint32_t seed, dice;
	struct rig_op *ops[QUEUES];
	struct region_want wants[QUEUES]; /* of a launch that waits at the gate */
	uint32_t running, mark;           /* launches that went; the rig's memory before any op */
};

static uint32_t roll(struct walk *w)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return w->seed >> 8;
}

static bool has_buffer(uint32_t verb)
{
	return verb == ROAD_REGION_VERB_SWAP || verb == ROAD_REGION_VERB_RESTORE ||
	       verb == ROAD_REGION_VERB_READ_BACK;
}

static void begin_op(struct walk *w, uint32_t queue)
{
	const uint32_t dice = w->dice, verb = (dice >> 4) % ROAD_REGION_VERBS;
	struct rig_op *op;

	if (w->ops[queue] || w->wants[queue].config || rig.at > RIG_MEMORY / 2)
		return;
	op = rig_op(queue, verb, verb < ROAD_REGION_VERB_ROLLBACK ? 1 + (dice >> 8) % 5 : 0);
	if (has_buffer(verb)) {
		op->op.buffer = RIG_MEMORY - 8192;
		op->op.buffer_bytes = 4096;
	}
	if (op->op.image_bytes || verb >= ROAD_REGION_VERB_ROLLBACK)
		op->op.deadline_ns = (dice >> 12 & 3) ? 0 : 90000;
	if (verb >= ROAD_REGION_VERB_ACTIVATE && verb != ROAD_REGION_VERB_READ_BACK) {
		op->op.drain = dice >> 14 & 3;
		op->op.on_failure = (uint8_t)((dice >> 16) % 2);
	}
	w->ops[queue] = op;
	rig.starved = (dice >> 18 & 63) == 0;
	rig_go(op, queue);
	rig.starved = false;
}

static enum region_gate ask(struct walk *w, uint32_t queue)
{
	enum road_region_error error;
	enum region_gate gate = region_unit_gate(rig.unit, queue, &w->wants[queue], &error);

	if (gate != REGION_WAIT)
		w->wants[queue].config = 0;
	return gate;
}

static void launch(struct walk *w, uint32_t queue)
{
	if (w->ops[queue])
		return;
	if (!w->wants[queue].config)
		w->wants[queue] = (struct region_want){.config = 1 + (w->dice >> 8) % 5,
						       .activate = w->dice >> 12 & 1};
	w->running += ask(w, queue) == REGION_GO;
}

static void drop(struct walk *w, uint32_t queue)
{
	region_unit_queue_drop(rig.unit, queue);
	w->ops[queue] = NULL;
	w->wants[queue].config = 0;
}

static void release(void)
{
	if (rig_reg(0, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_QUARANTINED)
		region_unit_write(rig.unit, 0, ROAD_REGION_REG_COMMAND, 4,
				  ROAD_REGION_COMMAND_RELEASE);
}

static void step(struct walk *w)
{
	const uint32_t dice = w->dice = roll(w), queue = dice & 1;
	const bool rarely = (dice >> 4 & 31) == 0;

	if (!w->ops[0] && !w->ops[1])
		rig.at = w->mark;
	if (w->ops[queue] && w->ops[queue]->done)
		w->ops[queue] = NULL;
	switch (dice >> 1 & 7) {
	case 0:
	case 1: begin_op(w, queue); break;
	case 2: launch(w, queue); break;
	case 3:
		if (w->running && rig_reg(0, ROAD_REGION_REG_RUNNING))
			region_unit_leave(rig.unit, 0, 0);
		break;
	case 4:
		if (rarely && dice >> 20 & 3)
			region_unit_phase_fail(rig.unit, 0, 0, 1 + (dice >> 9) % 10, 1);
		else if (rarely)
			region_unit_fault(rig.unit, 0, 0);
		break;
	case 5:
		if (rarely)
			drop(w, queue);
		break;
	case 6: release(); break;
	default: rig_run_until(rig.now + (dice >> 4 & 0xff) * RIG_US); break;
	}
	CU_ASSERT_EQUAL(rig.active[0] != 0, region_unit_active(rig.unit, 0) != NULL ||
						    rig_reg(0, ROAD_REGION_REG_ACTIVE64) != 0);
}

static void come_to_rest(struct walk *w)
{
	for (int i = 0; i < 8; i++) {
		while (rig_reg(0, ROAD_REGION_REG_RUNNING))
			region_unit_leave(rig.unit, 0, 0);
		rig_run();
		for (uint32_t q = 0; q < QUEUES; q++)
			if (w->wants[q].config)
				ask(w, q);
	}
}

static void walk(uint32_t seed)
{
	struct walk w = {.seed = seed};

	rig_begin(0);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 0, 1));
	w.mark = rig.at;
	for (int i = 0; i < STEPS; i++)
		step(&w);
	come_to_rest(&w);
	CU_ASSERT(w.running > 0);
	for (uint32_t q = 0; q < QUEUES; q++) {
		CU_ASSERT(!w.wants[q].config);
		CU_ASSERT(!w.ops[q] || w.ops[q]->done);
	}
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
	{"a random walk ends at rest, each op once", test_walk},
};
TAP_MAIN(cases)
