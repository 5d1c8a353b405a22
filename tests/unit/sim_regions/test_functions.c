/* SPDX-License-Identifier: Apache-2.0 */
/* Two functions of one chip in one region: queue 0 is function 0's, queue 1 function 1's. */
#include "simulators/regions/internal.h"
#include "tests/unit/sim_regions/rig.h"

#define FUNCTIONS 2u
#define ACTIVATE  ROAD_REGION_VERB_ACTIVATE
#define LOAD      ROAD_REGION_VERB_LOAD
#define PIN       ROAD_REGION_VERB_PIN
#define READ_BACK ROAD_REGION_VERB_READ_BACK
#define RESET     ROAD_REGION_VERB_RESET
#define RESTORE   ROAD_REGION_VERB_RESTORE
#define SWAP      ROAD_REGION_VERB_SWAP

static void begin(void)
{
	rig_begin(0);
	region_unit_destroy(rig.unit);
	rig.setup.functions = FUNCTIONS;
	rig.unit = region_unit_create(&rig.setup);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rig.unit);
	rig.unit->setup.arg = rig.unit;
	for (uint32_t q = 0; q < FUNCTIONS; q++)
		CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, q, q, 0, (uint64_t)q << 32 | 1));
}

static uint64_t reg_of(uint32_t function, uint32_t reg, uint32_t width)
{
	region_unit_write(rig.unit, function, ROAD_REGION_REG_SELECT, 4, 0);
	return region_unit_read(rig.unit, function, reg, width);
}

/* Asks until the launch may begin. */
static bool goes(uint32_t queue, uint32_t word)
{
	enum region_gate gate = rig_gate(queue, word, false);

	for (int i = 0; i < 10 && gate == REGION_WAIT; i++) {
		rig_run();
		gate = rig_gate(queue, word, false);
	}
	if (gate == REGION_GO)
		region_unit_leave(rig.unit, rig.unit->queues[queue].function, 0);
	return gate == REGION_GO;
}

/* Each expects what it made active itself, however often the other one changes it. */
static void what_a_queue_expects_comes_back(void)
{
	begin();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_TRUE(goes(1, 0)); /* no image, as ever */
	CU_ASSERT_EQUAL(rig.active[0], 0);
	CU_ASSERT_TRUE(goes(0, 0));
	CU_ASSERT_EQUAL(rig.active[0], 5);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 7), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_TRUE(goes(0, 5));
	CU_ASSERT_EQUAL(rig.active[0], 5);
	CU_ASSERT_TRUE(goes(1, 0));
	CU_ASSERT_EQUAL(rig.active[0], 7);
	CU_ASSERT_FALSE(goes(0, 6)); /* that it never had */
	rig_end();
}

static uint64_t count_of(uint32_t function, enum road_region_counter counter)
{
	return reg_of(function, ROAD_REGION_REG_COUNTER64 + 8 * (uint32_t)counter, 8);
}

/* Whatever another function makes active, it stays so for the one that did. */
static void what_is_active_is_the_functions_own(void)
{
	struct rig_op *op;

	begin();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 7), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.active[0], 7);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 5);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_ACTIVE64, 8), 7);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_ACTIVE);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_EVICT, 5), ROAD_REGION_ERROR_BUSY);
	for (uint32_t word = 11; word < 11 + 2 * RIG_SLOTS; word++)
		CU_ASSERT_EQUAL(rig_do(0, LOAD, word), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_slot_config(0, 0), 5);
	/* To activate it again is a hit, and takes nothing. */
	op = rig_op(0, ACTIVATE, 5);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT(rig_report(op)->flags & RESULT_HIT);
	CU_ASSERT_EQUAL(rig.active[0], 7);
	/* A queue that is opened meanwhile expects it. */
	CU_ASSERT_FATAL(!region_unit_queue_open(rig.unit, 2, 0, 0, 1));
	CU_ASSERT_TRUE(goes(2, 0));
	CU_ASSERT_EQUAL(rig.active[0], 5);
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_SWITCHES), 1); /* that it asked for */
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_HITS), 1);
	CU_ASSERT_EQUAL(region_unit_count(rig.unit, ROAD_REGION_COUNT_SWITCHES), 3);
	/* A queue that expects what its own function switched away fails as ever. */
	CU_ASSERT_EQUAL(rig_do(2, ACTIVATE, 12), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_TRUE(goes(1, 0));
	CU_ASSERT_EQUAL(rig.active[0], 7);
	CU_ASSERT_FALSE(goes(0, 0));
	CU_ASSERT_TRUE(goes(2, 0));
	CU_ASSERT_EQUAL(rig.active[0], 12);
	rig_end();
}

/* A switch that fails gives back both: what the region worked by, and what was active for whom. */
static void a_failed_switch_leaves_both_as_they_were(void)
{
	for (uint32_t gone = 0; gone < 2; gone++) {
		struct rig_op *op;

		begin();
		CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 7), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_do(0, LOAD, 6), ROAD_REGION_ERROR_NONE);
		CU_ASSERT(region_unit_phase_fail(rig.unit, 0, 0, PHASE_POST_CHECK, 1));
		op = rig_op(0, ACTIVATE, 6);
		rig_go(op, 0);
		rig_run_until(rig.now + RIG_SWITCH + RIG_SWITCH / 2);
		CU_ASSERT_EQUAL(rig.active[0], 6);
		CU_ASSERT_FALSE(op->done);
		if (gone) /* nothing of it comes back */
			region_unit_reset_function(rig.unit, 1);
		rig_run();
		CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_HARDWARE);
		CU_ASSERT_EQUAL(rig.active[0], gone ? 0 : 7);
		CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 5);
		CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_ACTIVE);
		CU_ASSERT_EQUAL(rig_slot_state(0, 1), SLOT_READY);
		CU_ASSERT_TRUE(goes(0, 0));
		CU_ASSERT_EQUAL(rig.active[0], 5);
		CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_PREVIOUS64, 8), 0);
		rig_end();
	}
}

/* Two images of one id are two: none runs another function's. */
static void an_id_names_an_image_of_the_function(void)
{
	begin();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, READ_BACK, 5), ROAD_REGION_ERROR_OP); /* no buffer */
	struct rig_op *op = rig_op(1, READ_BACK, 5);

	op->op.buffer = op->report; /* anywhere */
	op->op.buffer_bytes = 4096;
	rig_go(op, 1);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NOT_RESIDENT);
	CU_ASSERT_EQUAL(rig_gate(1, 5, false), REGION_FAIL);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 5);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_ACTIVE64, 8), 0);
	CU_ASSERT_EQUAL(rig_do(1, ROAD_REGION_VERB_EVICT, 5), ROAD_REGION_ERROR_NOT_RESIDENT);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_ACTIVE64, 8), 5);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_ACTIVE64, 8), 5);
	rig_end();
}

static void each_has_all_slots_for_itself(void)
{
	begin();
	for (uint32_t word = 1; word <= RIG_SLOTS; word++) {
		CU_ASSERT_EQUAL(rig_do(1, LOAD, word), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_do(1, PIN, word), ROAD_REGION_ERROR_NONE);
	}
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 100), ROAD_REGION_ERROR_BUSY);
	for (uint32_t word = 1; word <= RIG_SLOTS; word++)
		CU_ASSERT_EQUAL(rig_do(0, LOAD, 10 + word), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_slot_config(0, 0), 11); /* function 0 sees its own */
	rig_end();
}

/* What one runs nobody else ends: the switch waits, however it was to drain. */
static void nobody_ends_another_functions_launches(void)
{
	struct rig_op *op;

	begin();
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	op = rig_op(0, ACTIVATE, 5);
	op->op.drain = DRAIN_ABORT;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_FALSE(op->done);
	CU_ASSERT_EQUAL(rig.drains, 0);
	region_unit_leave(rig.unit, 1, 0);
	rig_run();
	CU_ASSERT_TRUE(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	rig_end();
}

/* Its own it ends as it is told to, and waits for the others. */
static void a_drain_ends_the_functions_own_launches(void)
{
	struct rig_op *op;

	begin();
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 1);
	op = rig_op(0, ACTIVATE, 5);
	op->op.drain = DRAIN_ABORT;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_FALSE(op->done);
	CU_ASSERT_EQUAL(rig.drains, 1);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 0);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_DRAINING);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_RUNNING, 4), 1);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_RUNNING);
	region_unit_leave(rig.unit, 0, 0); /* it runs nothing: the other's is not taken for it */
	rig_run();
	CU_ASSERT_FALSE(op->done);
	region_unit_leave(rig.unit, 1, 0);
	rig_run();
	CU_ASSERT_TRUE(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	/* REFUSE is about one's own, too. */
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_WAIT);
	rig_run();
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	op = rig_op(0, ACTIVATE, 6);
	op->op.drain = DRAIN_REFUSE;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_FALSE(op->done);
	region_unit_leave(rig.unit, 1, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	rig_end();
}

/* Who breaks the region, or says so, is barred alone. */
static void quarantine_is_the_functions_own(void)
{
	begin();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 7), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(1, 7, false), REGION_GO);
	for (uint32_t i = 0; i < REGION_FAULTS_MAX; i++)
		region_unit_fault(rig.unit, 1, 0);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_QUARANTINED);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_STATE, 4), ROAD_REGION_STATE_IDLE);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_RUNNING, 4), 0);
	rig_run(); /* what it runs is ended, and its image goes */
	CU_ASSERT_EQUAL(rig.drains, 1);
	CU_ASSERT_EQUAL(rig.active[0], 0);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_FAIL);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 8), ROAD_REGION_ERROR_QUARANTINED);
	CU_ASSERT_TRUE(goes(0, 5));
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 6), ROAD_REGION_ERROR_NONE);
	/* Only its own release, or reset, ends it. */
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_COMMAND, 4, ROAD_REGION_COMMAND_RELEASE);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 8), ROAD_REGION_ERROR_QUARANTINED);
	region_unit_reset_function(rig.unit, 1);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 1, 0, UINT64_C(1) << 32 | 1));
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 8), ROAD_REGION_ERROR_NONE);
	region_unit_fault(rig.unit, 1, 0); /* those of before are forgotten */
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 9), ROAD_REGION_ERROR_NONE);
	rig_end();
}

/* A function that was reset is as new; the chip's report goes on. */
static void counts_and_generations_are_the_functions_own(void)
{
	uint64_t generation;

	begin();
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 6), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_LOADS), 1);
	CU_ASSERT_EQUAL(count_of(1, ROAD_REGION_COUNT_LOADS), 2);
	CU_ASSERT_EQUAL(region_unit_count(rig.unit, ROAD_REGION_COUNT_LOADS), 3);
	generation = region_unit_generation(rig.unit, 0, 0);
	region_unit_reset_function(rig.unit, 1);
	CU_ASSERT_EQUAL(count_of(0, ROAD_REGION_COUNT_LOADS), 1);
	CU_ASSERT_EQUAL(count_of(1, ROAD_REGION_COUNT_LOADS), 0);
	CU_ASSERT_EQUAL(region_unit_count(rig.unit, ROAD_REGION_COUNT_LOADS), 3);
	CU_ASSERT_EQUAL(region_unit_generation(rig.unit, 0, 0), generation);
	CU_ASSERT(region_unit_generation(rig.unit, 1, 0) > generation);
	CU_ASSERT_EQUAL(reg_of(1, ROAD_REGION_REG_GENERATION64, 8),
			region_unit_generation(rig.unit, 1, 0));
	rig_end();
}

static void resets_are_of_the_function(void)
{
	begin();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 7), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, RESET, 0), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_TRUE(goes(0, 5));
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 7), ROAD_REGION_ERROR_NONE);
	region_unit_reset_function(rig.unit, 1);
	CU_ASSERT_EQUAL(region_unit_of_queue(rig.unit, 1), REGION_NONE);
	CU_ASSERT_TRUE(goes(0, 5));
	CU_ASSERT_EQUAL(rig.active[0], 5);
	/* Whoever comes next as function 1 finds nothing of it. */
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 1, 0, UINT64_C(1) << 32 | 1));
	CU_ASSERT_EQUAL(rig_do(1, ROAD_REGION_VERB_EVICT, 7), ROAD_REGION_ERROR_NOT_RESIDENT);
	CU_ASSERT_TRUE(goes(1, 0));
	rig_end();
}

static enum road_region_error do_with_state(uint32_t verb, uint32_t word)
{
	struct rig_op *op = rig_op(1, verb, word);

	op->op.buffer = 0x80000;
	op->op.buffer_bytes = 4096;
	rig_go(op, 1);
	rig_run();
	return op->error;
}

static void state_is_of_the_function(void)
{
	begin();
	CU_ASSERT_EQUAL(rig_do(1, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	rig.state[0][0] = 10;
	rig.state[1][0] = 11;
	CU_ASSERT_EQUAL(do_with_state(SWAP, 9), ROAD_REGION_ERROR_NONE);
	rig.state[1][0] = 99;
	CU_ASSERT_EQUAL(do_with_state(RESTORE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.state[0][0], 10);
	CU_ASSERT_EQUAL(rig.state[1][0], 11);
	/* Another owner finds nothing; who works beside it keeps what it has. */
	region_unit_queue_close(rig.unit, 1);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 1, 0, UINT64_C(1) << 32 | 2));
	CU_ASSERT_EQUAL(rig.state[0][0], 10);
	CU_ASSERT_EQUAL(rig.state[1][0], 0);
	rig.state[1][0] = 12;
	region_unit_reset_function(rig.unit, 0);
	CU_ASSERT_EQUAL(rig.state[0][0], 0);
	CU_ASSERT_EQUAL(rig.state[1][0], 12);
	rig_end();
}

static void registers_select_for_one_function_and_layouts_are_function_0s(void)
{
	const struct road_region_share halves[] = {{0, 2, 0}, {2, 2, 0}};

	begin();
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 5), ROAD_REGION_ERROR_NONE);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SLOT_SELECT, 4, 0);
	region_unit_write(rig.unit, 1, ROAD_REGION_REG_SLOT_SELECT, 4, 2);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_SLOT_SELECT, 4), 0);
	CU_ASSERT_EQUAL(reg_of(0, ROAD_REGION_REG_SLOT_CONFIG64, 8), 5);
	CU_ASSERT(reg_of(0, ROAD_REGION_REG_FEATURES, 4) & REGION_LAYOUT);
	CU_ASSERT_FALSE(reg_of(1, ROAD_REGION_REG_FEATURES, 4) & REGION_LAYOUT);
	region_unit_queue_close(rig.unit, 0);
	region_unit_queue_close(rig.unit, 1);
	region_unit_write(rig.unit, 1, ROAD_REGION_REG_SELECT, 4, 0);
	region_unit_write(rig.unit, 1, ROAD_REGION_REG_LAYOUT_COUNT, 4, 0);
	region_unit_write(rig.unit, 1, ROAD_REGION_REG_LAYOUT_COMMAND, 4,
			  ROAD_LAYOUT_COMMAND_APPLY);
	CU_ASSERT_EQUAL(region_unit_read(rig.unit, 1, ROAD_REGION_REG_LAYOUT_RESULT, 4),
			ROAD_LAYOUT_ERROR_UNSUPPORTED);
	CU_ASSERT_EQUAL(rig_layout(ROAD_LAYOUT_COMMAND_APPLY, halves, 2), ROAD_LAYOUT_OK);
	region_unit_write(rig.unit, 1, ROAD_REGION_REG_LAYOUT_COMMAND, 4,
			  ROAD_LAYOUT_COMMAND_REVERT);
	CU_ASSERT_EQUAL(region_unit_read(rig.unit, 1, ROAD_REGION_REG_LAYOUT_RESULT, 4),
			ROAD_LAYOUT_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_layout(ROAD_LAYOUT_COMMAND_REVERT, NULL, 0), ROAD_LAYOUT_OK);
	rig_end();
}

/* A test's fault is its own. */
static void a_phase_fails_for_who_asked(void)
{
	begin();
	CU_ASSERT(region_unit_phase_fail(rig.unit, 1, 0, PHASE_TRANSFER, 1));
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(1, LOAD, 5), ROAD_REGION_ERROR_HARDWARE);
	rig_end();
}

static const struct tap_case cases[] = {
	{"what a queue expects comes back", what_a_queue_expects_comes_back},
	{"what is active is the function's own", what_is_active_is_the_functions_own},
	{"a failed switch leaves both as they were", a_failed_switch_leaves_both_as_they_were},
	{"an id names an image of the function", an_id_names_an_image_of_the_function},
	{"each has all slots for itself", each_has_all_slots_for_itself},
	{"nobody ends another function's launches", nobody_ends_another_functions_launches},
	{"a drain ends the function's own launches", a_drain_ends_the_functions_own_launches},
	{"quarantine is the function's own", quarantine_is_the_functions_own},
	{"counts and generations are the function's own",
	 counts_and_generations_are_the_functions_own},
	{"resets are of the function", resets_are_of_the_function},
	{"state is of the function", state_is_of_the_function},
	{"registers select for one function, and layouts are function 0's",
	 registers_select_for_one_function_and_layouts_are_function_0s},
	{"a phase fails for who asked", a_phase_fails_for_who_asked},
};
TAP_MAIN(cases)
