/* SPDX-License-Identifier: Apache-2.0 */
/* A region in turns: queue N is function N's, which made image 10 + N active. */
#include "simulators/regions/internal.h"
#include "tests/unit/sim_regions/rig.h"

#define ACTIVATE ROAD_REGION_VERB_ACTIVATE
#define SLICE    (1000 * RIG_US)

static void begin(uint32_t functions)
{
	rig_begin(0);
	rig_share(functions);
	for (uint32_t f = 0; f < functions; f++)
		CU_ASSERT_EQUAL(rig_do(f, ACTIVATE, 10 + f), ROAD_REGION_ERROR_NONE);
}

static uint64_t reg_of(uint32_t function, uint32_t reg, uint32_t width)
{
	region_unit_write(rig.unit, function, ROAD_REGION_REG_SELECT, 4, 0);
	return region_unit_read(rig.unit, function, reg, width);
}

static uint64_t count_of(uint32_t function, enum road_region_counter counter)
{
	return reg_of(function, ROAD_REGION_REG_COUNTER64 + 8 * (uint32_t)counter, 8);
}

static bool waits(uint32_t function)
{
	return rig_gate(function, 10 + function, false) == REGION_WAIT;
}

static bool goes(uint32_t function)
{
	return rig_gate(function, 10 + function, false) == REGION_GO;
}

static void ends(uint32_t function)
{
	region_unit_leave(rig.unit, function, 0);
}

/* A launch of function 0 that runs, without an end. */
static void spin(void)
{
	CU_ASSERT_TRUE(waits(0));
	rig_run();
	CU_ASSERT_TRUE(goes(0));
}

/* … and stands, for one of function 1 that runs. */
static void spin_and_stand(void)
{
	spin();
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE);
	CU_ASSERT_TRUE(rig.stands[0]);
	CU_ASSERT_TRUE(goes(1));
}

static void a_launch_has_its_slice_and_comes_back(void)
{
	begin(2);
	spin();
	const uint64_t began = rig.now;

	rig_run_until(began + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + 10 * RIG_SWITCH);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(began + SLICE - 1);
	CU_ASSERT_FALSE(rig.stands[0]);
	rig_run_until(began + SLICE);
	CU_ASSERT_TRUE(rig.stands[0]);
	CU_ASSERT_EQUAL(rig.active[0], 10);
	rig_run_until(rig.now + RIG_SWITCH);
	CU_ASSERT_EQUAL(rig.active[0], 11);
	CU_ASSERT_TRUE(goes(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(rig.stands[0]);
	ends(1);
	rig_run();
	CU_ASSERT_EQUAL(rig.active[0], 10);
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_EQUAL(rig.suspensions, 1);
	CU_ASSERT_EQUAL(rig.approximations, 1);
	ends(0);
	rig_run();
	rig_end();
}

/* Whoever is alone in the region is never suspended, however long its launch or its switch waits.
 */
static void alone_a_launch_runs_on(void)
{
	struct rig_op *op;

	begin(2);
	spin();
	op = rig_op(0, ACTIVATE, 20);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_FALSE(op->done);
	CU_ASSERT_EQUAL(rig.suspensions, 0);
	ends(0);
	rig_run();
	CU_ASSERT_TRUE(op->done);
	CU_ASSERT_EQUAL(rig.active[0], 20);
	rig_end();
}

/* Registers, switches, queues: for its function it is as if nobody else were there. */
static void for_its_function_it_runs_all_the_while(void)
{
	struct rig_op *op;

	begin(2);
	CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, 2, 0, 0, 1));
	spin_and_stand();
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 1);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_RUNNING);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 10);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_RUNNING, 4), 1);
	op = rig_op(0, ACTIVATE, 20);
	op->op.deadline_ns = 10 * SLICE / RIG_NS;
	rig_go(op, 0);
	rig_run_until(rig.now + RIG_LOAD + RIG_SWITCH);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_DRAINING);
	ends(1); /* the region is empty: it is not the switch that gets it, … */
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_FALSE(op->done);
	CU_ASSERT_EQUAL(rig.active[0], 10);
	CU_ASSERT_EQUAL(rig_gate(2, 10, false), REGION_WAIT);
	ends(0); /* … but once the launch ended */
	rig_run();
	CU_ASSERT_TRUE(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.active[0], 20);
	/* Of how it came back it sees nothing. */
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_SWITCHES), 2);
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_PREEMPTIONS), 0);
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_HITS), 0);
	/* two switches of its own, and the one that its launch waited for before it ran */
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_IDLE_PS), RIG_LOAD + 3 * RIG_SWITCH);
	rig_end();
}

/* Its queues wait for nothing but its return: what is active for it is there then. */
static void its_other_queues_go_on_with_it(void)
{
	begin(2);
	CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, 2, 0, 0, 1));
	spin_and_stand();
	CU_ASSERT_EQUAL(rig_gate(2, 10, false), REGION_WAIT);
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_EQUAL(rig_gate(2, 10, false), REGION_WAIT);
	ends(1);
	rig_run();
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_EQUAL(rig_gate(2, 10, false), REGION_GO);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 2);
	ends(0);
	ends(0);
	rig_run();
	rig_end();
}

static void its_own_deadline_and_abort_end_as_ever(void)
{
	struct rig_op *op;

	begin(2);
	spin_and_stand();
	op = rig_op(0, ACTIVATE, 20);
	op->op.deadline_ns = 3 * SLICE / RIG_NS;
	rig_go(op, 0);
	rig_run_until(rig.now + 4 * SLICE);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_TIMEOUT);
	while (!rig.stands[0])
		rig_run_until(rig.now + RIG_SWITCH);
	op = rig_op(0, ACTIVATE, 20);
	op->op.drain = DRAIN_REFUSE;
	rig_go(op, 0);
	rig_run_until(rig.now + 2 * RIG_LOAD);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_report(op)->seen, 1);
	while (!rig.stands[0])
		rig_run_until(rig.now + RIG_SWITCH);
	op = rig_op(0, ACTIVATE, 20);
	op->op.drain = DRAIN_ABORT;
	rig_go(op, 0);
	rig_run_until(rig.now + 2 * RIG_LOAD);
	CU_ASSERT_EQUAL(rig.drains, 1);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 0);
	rig_run_until(rig.now + 2 * SLICE);
	CU_ASSERT_TRUE(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 20);
	CU_ASSERT_FALSE(rig.stands[0]);
	ends(1);
	rig_run();
	rig_end();
}

static void quarantine_and_reset_end_it(void)
{
	for (uint32_t reset = 0; reset < 2; reset++) {
		begin(2);
		spin_and_stand();
		if (reset) {
			ends(0);
			region_unit_reset_function(rig.unit, 0);
		} else {
			for (uint32_t i = 0; i < REGION_FAULTS_MAX; i++)
				region_unit_fault(rig.unit, 0, 0);
		}
		rig_run_until(rig.now + 5 * SLICE);
		CU_ASSERT_EQUAL(rig.drains, !reset);
		CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 0);
		CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 0);
		/* The other one is as it was, and nothing comes back. */
		CU_ASSERT_EQUAL(rig.active[0], 11);
		CU_ASSERT_FALSE(rig.stands[1]);
		CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_RUNNING, 4), 1);
		ends(1);
		rig_run();
		rig_end();
	}
}

/* None of them keeps another one out, nor one that comes later. */
static void endless_launches_take_turns(void)
{
	uint32_t turns[RIG_FUNCTIONS] = {0};
	bool runs[RIG_FUNCTIONS] = {false};

	begin(4);
	spin();
	runs[0] = true;
	for (uint32_t f = 1; f < RIG_FUNCTIONS; f++)
		for (uint32_t i = 0; i < 3 * RIG_FUNCTIONS * 100 && !runs[f]; i++) {
			runs[f] = goes(f);
			rig_run_until(rig.now + SLICE / 100);
		}
	for (uint32_t f = 1; f < RIG_FUNCTIONS; f++)
		CU_ASSERT_TRUE_FATAL(runs[f]);
	for (uint32_t i = 0; i < 4000; i++) { /* 40 slices */
		rig_run_until(rig.now + SLICE / 100);
		for (uint32_t f = 0; f < RIG_FUNCTIONS; f++)
			turns[f] += !rig.stands[f];
	}
	for (uint32_t f = 0; f < RIG_FUNCTIONS; f++)
		CU_ASSERT(turns[f] > 800 && turns[f] < 1200);
	for (uint32_t f = 0; f < RIG_FUNCTIONS; f++)
		ends(f);
	rig_run();
	CU_ASSERT_EQUAL(region_unit_running(rig.unit, 0), 0);
	rig_end();
}

/* Short launches, one behind the other, are not broken off by one that stands. */
static void who_has_more_work_has_its_slice_too(void)
{
	uint64_t until;

	begin(2);
	spin_and_stand();
	until = rig.unit->regions[0].mine[0].suspended_ps + SLICE;
	rig.more_of = 2;
	while (rig.now < until - SLICE / 50) {
		ends(1);
		rig_run_until(rig.now + SLICE / 100);
		CU_ASSERT_TRUE(rig.stands[0]);
		CU_ASSERT_TRUE(goes(1));
	}
	ends(1);
	rig_run_until(until + 2 * RIG_SWITCH);
	CU_ASSERT_FALSE(rig.stands[0]);
	rig.more_of = 1; /* what it has itself keeps it from nothing */
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE);
	CU_ASSERT_TRUE(goes(1));
	ends(1);
	rig_run_until(rig.now + 2 * RIG_SWITCH);
	CU_ASSERT_FALSE(rig.stands[0]);
	ends(0);
	rig_run();
	rig_end();
}

/* Whom it was to make way for is gone: it goes on at once. */
static void it_goes_on_if_nobody_comes(void)
{
	begin(2);
	spin();
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	while (!rig.stands[0])
		rig_run_until(rig.now + RIG_NS);
	region_unit_queue_close(rig.unit, 1);
	rig_run();
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_EQUAL(rig.active[0], 10);
	CU_ASSERT_EQUAL(region_unit_running(rig.unit, 0), 1);
	ends(0);
	rig_run();
	rig_end();
}

/* Its own switch waits for a launch without an end: that is its own affair. */
static void a_switch_that_waits_for_its_own_launches_keeps_nobody_out(void)
{
	struct rig_op *op;

	begin(2);
	spin();
	op = rig_op(0, ACTIVATE, 20);
	rig_go(op, 0);
	rig_run_until(rig.now + 2 * SLICE);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + 2 * RIG_SWITCH);
	CU_ASSERT_TRUE(goes(1));
	CU_ASSERT_TRUE(rig.stands[0]);
	ends(1);
	rig_run();
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_FALSE(op->done);
	ends(0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	rig_end();
}

/* A test's fault is for what programs ask for. */
static void no_phase_of_a_return_fails(void)
{
	begin(2);
	spin_and_stand();
	CU_ASSERT(region_unit_phase_fail(rig.unit, 0, 0, PHASE_COMMIT, 1));
	ends(1);
	rig_run();
	CU_ASSERT_FALSE(rig.stands[0]);
	ends(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 20), ROAD_REGION_ERROR_HARDWARE);
	rig_end();
}

/* Nothing comes back for launches that have ended meanwhile. */
static void who_ended_is_not_brought_back(void)
{
	struct rig_op *op;
	uint64_t switches;

	begin(2);
	spin();
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + 3 * SLICE);
	CU_ASSERT_TRUE(rig.stands[0]); /* its return waits for the launch that the switch was for */
	CU_ASSERT_EQUAL(rig.active[0], 11);
	ends(0);
	rig.stands[0] = false;
	op = rig_op(0, ACTIVATE, 20);
	rig_go(op, 0);
	rig_run_until(rig.now + 2 * RIG_LOAD);
	switches = region_unit_count(rig.unit, ROAD_REGION_COUNT_SWITCHES);
	CU_ASSERT_TRUE(goes(1));
	while (!op->done)
		rig_run_until(rig.now + RIG_US);
	CU_ASSERT_EQUAL(rig.active[0], 20);
	CU_ASSERT_EQUAL(region_unit_count(rig.unit, ROAD_REGION_COUNT_SWITCHES), switches + 1);
	ends(1);
	rig.stands[1] = false;
	rig_run();
	rig_end();
}

/* Of two queues of function 0 that waited for the same image one runs without an end, and nobody
 * asks the other, for which the region was switched last. */
static void an_owed_launch_keeps_nobody_out(void)
{
	begin(2);
	CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, 2, 0, 0, 1));
	spin();
	rig.unit->regions[0].owed = 2;
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE);
	CU_ASSERT_TRUE(rig.stands[0]);
	CU_ASSERT_TRUE(goes(1));
	ends(1);
	rig_run();
	CU_ASSERT_FALSE(rig.stands[0]); /* nor is the one kept out that stands */
	CU_ASSERT_EQUAL(rig.active[0], 10);
	ends(0);
	rig_run();
	rig_end();
}

/* It is about to end: who waits has the region then, and not a launch that stands and that nobody
 * brings back. */
static void what_is_aborted_does_not_stand(void)
{
	begin(2);
	rig.refuse_drain = true; /* that takes a while */
	spin();
	for (int i = 0; i < 3; i++)
		region_unit_fault(rig.unit, 0, 0);
	CU_ASSERT_TRUE(rig.unit->regions[0].mine[0].quarantined);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + SLICE / 2);
	CU_ASSERT_TRUE(waits(1));
	rig_run_until(rig.now + 2 * SLICE);
	CU_ASSERT_FALSE(rig.stands[0]);
	CU_ASSERT_TRUE(waits(1));
	ends(0);
	rig_run();
	CU_ASSERT_TRUE(goes(1));
	rig_end();
}

static const struct tap_case cases[] = {
	{"a launch has its slice and comes back", a_launch_has_its_slice_and_comes_back},
	{"alone a launch runs on", alone_a_launch_runs_on},
	{"for its function it runs all the while", for_its_function_it_runs_all_the_while},
	{"its other queues go on with it", its_other_queues_go_on_with_it},
	{"its own deadline and abort end as ever", its_own_deadline_and_abort_end_as_ever},
	{"quarantine and reset end it", quarantine_and_reset_end_it},
	{"an owed launch keeps nobody out", an_owed_launch_keeps_nobody_out},
	{"what is aborted does not stand", what_is_aborted_does_not_stand},
	{"endless launches take turns", endless_launches_take_turns},
	{"who has more work has its slice too", who_has_more_work_has_its_slice_too},
	{"it goes on if nobody comes", it_goes_on_if_nobody_comes},
	{"a switch that waits for its own launches keeps nobody out",
	 a_switch_that_waits_for_its_own_launches_keeps_nobody_out},
	{"who ended is not brought back", who_ended_is_not_brought_back},
	{"no phase of a return fails", no_phase_of_a_return_fails},
};
TAP_MAIN(cases)
