/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts: what is refused, what stays, what is taken back. */
#include "tests/unit/sim_regions/rig.h"

#define CHECK  ROAD_LAYOUT_COMMAND_CHECK
#define APPLY  ROAD_LAYOUT_COMMAND_APPLY
#define COMMIT ROAD_LAYOUT_COMMAND_COMMIT
#define REVERT ROAD_LAYOUT_COMMAND_REVERT

static void begin_closed(void)
{
	rig_begin(0);
	region_unit_queue_close(rig.unit, 0);
}

static void test_refused(void)
{
	static const struct {
		struct road_region_share shares[2];
		uint32_t error, part;
	} rows[] = {
		{{{0, 4, 0}, {2, 4, 0}}, ROAD_LAYOUT_ERROR_OVERLAP, 1},
		{{{4, 4, 0}, {0, 4, 0}}, ROAD_LAYOUT_ERROR_OVERLAP, 1},
		{{{0, 3, 0}, {4, 4, 0}}, ROAD_LAYOUT_ERROR_ALIGNMENT, 0},
		{{{1, 2, 0}, {4, 4, 0}}, ROAD_LAYOUT_ERROR_ALIGNMENT, 0},
		{{{0, 0, 0}, {4, 4, 0}}, ROAD_LAYOUT_ERROR_MIN, 0},
		{{{0, 4, 0}, {4, 6, 0}}, ROAD_LAYOUT_ERROR_UNITS, 1},
		{{{0, 4, 1u << 24}, {4, 4, 1}}, ROAD_LAYOUT_ERROR_MEMORY, 1},
	};

	begin_closed();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CU_ASSERT_EQUAL(rig_layout(CHECK, rows[i].shares, 2), rows[i].error);
		CU_ASSERT_EQUAL(region_unit_read(rig.unit, 0, ROAD_REGION_REG_LAYOUT_PART, 4),
				rows[i].part);
		CU_ASSERT_EQUAL(rig_layout(APPLY, rows[i].shares, 2), rows[i].error);
		CU_ASSERT_EQUAL(rig_reg(1, ROAD_REGION_REG_STATE), UINT32_MAX); /* no effect */
	}
	CU_ASSERT_EQUAL(rig_layout(CHECK, rows[0].shares, 17), ROAD_LAYOUT_ERROR_TABLE);
	CU_ASSERT_EQUAL(rig_layout(COMMIT, NULL, 0), ROAD_LAYOUT_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_layout(REVERT, NULL, 0), ROAD_LAYOUT_ERROR_NONE);
	rig_end();
}

static void test_transaction(void)
{
	const struct road_region_share two[] = {{0, 4, 0}, {4, 4, 0}};
	const struct road_region_share three[] = {{0, 4, 0}, {4, 2, 0}, {6, 2, 0}};
	uint64_t kept, gone;

	begin_closed();
	CU_ASSERT_EQUAL(rig_layout(CHECK, two, 2), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_STATE), ROAD_REGION_STATE_IDLE);
	CU_ASSERT_EQUAL(rig_layout(APPLY, two, 2), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_layout(APPLY, three, 3), ROAD_LAYOUT_ERROR_PENDING);
	CU_ASSERT_EQUAL(rig_layout(COMMIT, NULL, 0), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_STATE), ROAD_REGION_STATE_SPLIT);
	CU_ASSERT_EQUAL(rig_reg(2, ROAD_REGION_REG_FIRST_UNIT), 4);
	CU_ASSERT_EQUAL(rig_reg(2, ROAD_REGION_REG_MEMORY64), 1u << 23);
	CU_ASSERT_EQUAL(region_unit_queue_open(rig.unit, 0, 0, 0, 1), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(region_unit_queue_open(rig.unit, 0, 0, 1, 1), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	kept = region_unit_generation(rig.unit, 0, 1);
	gone = region_unit_generation(rig.unit, 0, 2);

	/* Its sibling is split while it runs. */
	CU_ASSERT_EQUAL(rig_layout(CHECK, three, 3), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_LAYOUT_DRAIN64), 2);
	CU_ASSERT_EQUAL(rig_layout(APPLY, three, 3), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(region_unit_generation(rig.unit, 0, 1), kept);
	CU_ASSERT_EQUAL(rig.active[1], 5);
	CU_ASSERT_NOT_EQUAL(region_unit_generation(rig.unit, 0, 2), gone);
	CU_ASSERT_EQUAL(rig_layout(REVERT, NULL, 0), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_reg(2, ROAD_REGION_REG_UNIT_COUNT), 4);
	CU_ASSERT_EQUAL(rig.active[1], 5);

	/* One piece again: not while a queue is open. */
	CU_ASSERT_EQUAL(rig_layout(APPLY, NULL, 0), ROAD_LAYOUT_ERROR_BUSY);
	region_unit_leave(rig.unit, 0, 1);
	region_unit_queue_close(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_layout(APPLY, NULL, 0), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig_reg(1, ROAD_REGION_REG_STATE), UINT32_MAX);
	CU_ASSERT_EQUAL(rig_layout(COMMIT, NULL, 0), ROAD_LAYOUT_OK);
	rig_run();
	rig_end();
}

static void test_siblings(void)
{
	const struct road_region_share two[] = {{0, 4, 0}, {4, 4, 0}};
	struct rig_op *op;

	begin_closed();
	CU_ASSERT_EQUAL(rig_layout(APPLY, two, 2), ROAD_LAYOUT_OK);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 1, 1));
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 2, 1));
	rig_run();
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	op = rig_op(0, ROAD_REGION_VERB_ACTIVATE, 5);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT(op->done); /* did not wait for the sibling's launch */
	CU_ASSERT_EQUAL(rig.active[1], 5);
	CU_ASSERT_EQUAL(rig.active[2], 0);
	region_unit_phase_fail(rig.unit, 0, 1, PHASE_TRANSFER, 3);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_LOAD, 6), ROAD_REGION_ERROR_HARDWARE);
	CU_ASSERT_EQUAL(rig_reg(1, ROAD_REGION_REG_STATE), ROAD_REGION_STATE_QUARANTINED);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO); /* the sibling goes on */
	region_unit_leave(rig.unit, 0, 2);
	region_unit_leave(rig.unit, 0, 2);
	rig_run();
	rig_end();
}

static void test_unsupported(void)
{
	const struct road_region_share two[] = {{0, 4, 0}, {4, 4, 0}};

	rig_begin(REGION_SWITCHES);
	CU_ASSERT_EQUAL(rig_layout(CHECK, two, 2), ROAD_LAYOUT_ERROR_UNSUPPORTED);
	rig_end();
}

/* Nothing changes, so it may work on, and does. */
static void test_one_piece_stays_one(void)
{
	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_layout(APPLY, NULL, 0), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig.active[0], 5);
	CU_ASSERT_EQUAL(rig_layout(REVERT, NULL, 0), ROAD_LAYOUT_OK);
	CU_ASSERT_EQUAL(rig.active[0], 5);
	region_unit_leave(rig.unit, 0, 0);
	rig_end();
}

static const struct tap_case cases[] = {
	{"a layout that cannot be is refused, and the part is named", test_refused},
	{"layouts are applied, committed and reverted; children in both work on", test_transaction},
	{"one piece that stays one piece works on", test_one_piece_stays_one},
	{"siblings notice nothing of a switch or of a quarantine", test_siblings},
	{"a unit without layouts says so", test_unsupported},
};
TAP_MAIN(cases)
