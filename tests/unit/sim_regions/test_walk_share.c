/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that share a region, at random: ops, launches, slices, faults, drops and resets. At no
 * time does a launch run by anything but what was active for its function when it began, and in the
 * end everything is at rest.
 */
#include <string.h>

#include "simulators/regions/internal.h"
#include "tests/unit/sim_regions/rig.h"

enum { FUNCTIONS = 3, EACH = 2, QUEUES = FUNCTIONS * EACH, STEPS = 3000 };

static struct {
	uint32_t seed, mark;
	struct rig_op *ops[QUEUES];
	struct region_want wants[QUEUES]; /* of a launch that waits at the gate */
	uint64_t runs_by[FUNCTIONS];      /* what was active when its launches began */
	uint32_t went;
} w;
static uint64_t suspensions; /* of all walks */

static uint32_t roll(void)
{
	w.seed = w.seed * 1664525u + 1013904223u;
	return w.seed >> 8;
}

static uint32_t function_of(uint32_t queue)
{
	return queue % FUNCTIONS;
}

static struct region *region(void)
{
	return &rig.unit->regions[0];
}

static uint32_t running(uint32_t function)
{
	return region()->mine[function].running;
}

/* ---- what is done ---- */

static void begin_op(uint32_t queue, uint32_t dice)
{
	static const uint8_t verbs[] = {ROAD_REGION_VERB_LOAD, ROAD_REGION_VERB_ACTIVATE,
					ROAD_REGION_VERB_ROLLBACK, ROAD_REGION_VERB_RESET};
	const uint32_t verb = verbs[dice % 4];
	struct rig_op *op;

	if (w.ops[queue] || w.wants[queue].config || rig.at > RIG_MEMORY / 2)
		return;
	op = rig_op(queue, verb, verb <= ROAD_REGION_VERB_ACTIVATE ? 1 + (dice >> 8) % 4 : 0);
	op->op.deadline_ns = (dice >> 12 & 3) ? 0 : 900000;
	if (verb != ROAD_REGION_VERB_LOAD) {
		op->op.drain = dice >> 14 & 3;
		op->op.on_failure = (uint8_t)((dice >> 16) % 3);
	}
	w.ops[queue] = op;
	rig_go(op, queue);
}

static void drop(uint32_t queue)
{
	region_unit_queue_drop(rig.unit, queue);
	w.ops[queue] = NULL;
	w.wants[queue].config = 0;
}

static void ask(uint32_t queue)
{
	enum road_region_error error;
	enum region_gate gate = region_unit_gate(rig.unit, queue, &w.wants[queue], &error);
	const uint32_t function = function_of(queue);

	if (gate == REGION_FAIL)
		drop(queue); /* as a chip does with a queue that faults */
	if (gate != REGION_GO)
		return;
	w.wants[queue].config = 0;
	w.runs_by[function] = region_active_of(region(), function);
	w.went++;
}

static void launch(uint32_t queue, uint32_t dice)
{
	if (w.ops[queue])
		return;
	if (!w.wants[queue].config)
		w.wants[queue] = (struct region_want){.config = 1 + (dice >> 8) % 4,
						      .activate = (dice >> 12 & 7) != 0};
	ask(queue);
}

static void end_one(uint32_t function)
{
	if (!running(function))
		return;
	region_unit_leave(rig.unit, function, 0);
	if (!running(function))
		rig.stands[function] = false;
}

static void open(uint32_t queue)
{
	CU_ASSERT(!region_unit_queue_open(rig.unit, queue, function_of(queue), 0,
					  (uint64_t)function_of(queue) << 32 | 1));
}

static void reset(uint32_t function)
{
	while (running(function))
		end_one(function);
	region_unit_reset_function(rig.unit, function);
	for (uint32_t q = function; q < QUEUES; q += FUNCTIONS) {
		w.ops[q] = NULL;
		w.wants[q].config = 0;
		open(q);
	}
}

static void release(uint32_t function)
{
	region_unit_write(rig.unit, function, ROAD_REGION_REG_SELECT, 4, 0);
	region_unit_write(rig.unit, function, ROAD_REGION_REG_COMMAND, 4,
			  ROAD_REGION_COMMAND_RELEASE);
}

/* ---- what holds ---- */

static void look(void)
{
	uint32_t on = 0;

	for (uint32_t f = 0; f < FUNCTIONS; f++) {
		const struct region_mine *mine = &region()->mine[f];

		CU_ASSERT_EQUAL_FATAL(mine->suspended, rig.stands[f]);
		if (!mine->running)
			continue;
		CU_ASSERT_EQUAL_FATAL(region_active_of(region(), f), w.runs_by[f]);
		if (mine->suspended)
			continue;
		on += mine->running;
		CU_ASSERT_FATAL(region_is_here(region(), f));
		CU_ASSERT_EQUAL_FATAL(rig.active[0], w.runs_by[f]);
	}
	CU_ASSERT_EQUAL_FATAL(region()->running, on);
}

static void step(void)
{
	const uint32_t dice = roll(), queue = (dice >> 20) % QUEUES;
	const bool rarely = (dice >> 4 & 31) == 0;
	bool idle = true;

	for (uint32_t q = 0; q < QUEUES; q++) {
		if (w.ops[q] && w.ops[q]->done)
			w.ops[q] = NULL;
		idle &= !w.ops[q];
	}
	if (idle)
		rig.at = w.mark;
	rig.more_of = (dice >> 9) % (FUNCTIONS + 1);
	switch (dice & 7) {
	case 0: begin_op(queue, dice >> 4); break;
	case 1:
	case 2: launch(queue, dice); break;
	case 3:
		if (dice & 8)
			end_one(function_of(queue));
		break;
	case 4:
		if (rarely && dice & 8)
			region_unit_phase_fail(rig.unit, function_of(queue), 0, 1 + dice % 10, 1);
		else if (rarely)
			region_unit_fault(rig.unit, function_of(queue), 0);
		break;
	case 5:
		if (rarely && dice & 8)
			reset(function_of(queue));
		else if (rarely)
			drop(queue);
		release(function_of(queue));
		break;
	default: rig_run_until(rig.now + (dice >> 4 & 0xff) * RIG_US); break;
	}
	look();
}

/* Launches that stand come back by themselves, and end as they run. */
static void come_to_rest(void)
{
	rig.more_of = 0;
	for (int i = 0; i < 40; i++) {
		for (uint32_t f = 0; f < FUNCTIONS; f++)
			while (running(f) && !rig.stands[f])
				end_one(f);
		rig_run();
		for (uint32_t q = 0; q < QUEUES; q++)
			if (w.wants[q].config)
				ask(q);
	}
}

static void walk(uint32_t seed)
{
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	rig_begin(0);
	rig.setup.queues = QUEUES;
	rig_share(FUNCTIONS);
	for (uint32_t q = FUNCTIONS; q < QUEUES; q++)
		open(q);
	w.mark = rig.at;
	for (int i = 0; i < STEPS; i++)
		step();
	suspensions += rig.suspensions;
	come_to_rest();
	for (uint32_t q = 0; q < QUEUES; q++) {
		CU_ASSERT(!w.wants[q].config);
		CU_ASSERT(!w.ops[q] || w.ops[q]->done);
	}
	for (uint32_t f = 0; f < FUNCTIONS; f++)
		CU_ASSERT_EQUAL(running(f), 0);
	CU_ASSERT(w.went > 0);
	CU_ASSERT_EQUAL(rig.violations, 0);
	rig_end();
}

static void functions_that_share_walk_at_random(void)
{
	for (uint32_t seed = 1; seed <= 200; seed++)
		walk(seed);
	CU_ASSERT(suspensions > 1000);
}

static const struct tap_case cases[] = {
	{"functions that share walk at random", functions_that_share_walk_at_random},
};
TAP_MAIN(cases)
