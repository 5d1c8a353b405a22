/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, and what the report says of it: the value seen, the one allowed; ops that the
 * unit cannot even begin; hardware that fails under work. */
#include <string.h>

#include "tests/unit/sim_regions/rig.h"

#define LOAD     ROAD_REGION_VERB_LOAD
#define ACTIVATE ROAD_REGION_VERB_ACTIVATE
#define EQUAL    ROAD_REGION_RULE_EQUAL
#define AT_LEAST ROAD_REGION_RULE_AT_LEAST
#define AT_MOST  ROAD_REGION_RULE_AT_MOST

struct expected {
	uint32_t error, detail;
	uint64_t at, seen;
	uint32_t rule;
	uint64_t allowed;
};

static void go(struct rig_op *op)
{
	rig_go(op, 0);
	rig_run();
	CU_ASSERT(op->done);
}

static void expect(const struct rig_op *op, struct expected e)
{
	const struct road_region_report *report = rig_report(op);

	CU_ASSERT_EQUAL(report->done, 1);
	CU_ASSERT_EQUAL(report->error, e.error);
	CU_ASSERT_EQUAL(report->detail, e.detail);
	CU_ASSERT_EQUAL(report->detail_at, e.at);
	CU_ASSERT_EQUAL(report->seen, e.seen);
	CU_ASSERT_EQUAL(report->rule, e.rule);
	CU_ASSERT_EQUAL(report->allowed, e.allowed);
}

/* ---- fields of the op ---- */

#define OP(member) offsetof(struct road_region_op, member)

static void test_fields(void)
{
	struct rig_op *op;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 5);
	op->op.drain = 9;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_OP, 0, OP(drain), 9, AT_MOST, DRAIN_REFUSE});
	op = rig_op(0, LOAD, 5);
	op->op.drain = DRAIN_ABORT; /* it drains nothing */
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_OP, 0, OP(drain), DRAIN_ABORT, AT_MOST, 0});
	op = rig_op(0, LOAD, 5);
	op->op.slot = RIG_SLOTS;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_OP, 0, OP(slot), RIG_SLOTS, AT_MOST,
				     RIG_SLOTS - 1});
	op = rig_op(0, ROAD_REGION_VERBS, 0);
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_OP, 0, OP(verb), ROAD_REGION_VERBS, AT_MOST,
				     ROAD_REGION_VERBS - 1});
	op = rig_op(0, LOAD, 5);
	op->op.reserved[2] = 7;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_OP, 0, OP(reserved) + 16, 7, EQUAL, 0});
	op = rig_op(0, LOAD, 5);
	op->op.generation = 99;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_STALE, 0, OP(generation), 99, EQUAL,
				     region_unit_generation(rig.unit, 0, 0)});
	op = rig_op(0, ROAD_REGION_VERB_PIN, 8);
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_NOT_RESIDENT, 0, OP(config), 8,
				     ROAD_REGION_RULE_RESIDENT, 0});
	rig_end();
}

static void test_deadline(void)
{
	struct rig_op *op;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 5);
	op->op.deadline_ns = RIG_LOAD / 2000;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_TIMEOUT, 0, OP(deadline_ns), RIG_LOAD / 2000,
				     AT_MOST, RIG_LOAD / 2000});
	op = rig_op(0, ACTIVATE, 5);
	op->op.deadline_ns = RIG_LOAD / 1000 + 1; /* the switch would end behind it */
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_TIMEOUT, 0, OP(deadline_ns),
				     (RIG_LOAD + RIG_SWITCH) / 1000, AT_MOST, RIG_LOAD / 1000 + 1});
	rig_end();
}

static void test_busy(void)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	op = rig_op(0, LOAD, 6);
	op->op.slot = 0;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_BUSY, ROAD_REGION_BUSY_SLOTS, 0, 0,
				     ROAD_REGION_RULE_NONE, 0});
	op = rig_op(0, ROAD_REGION_VERB_EVICT, 5);
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_BUSY, ROAD_REGION_BUSY_SLOT, 0, 0,
				     ROAD_REGION_RULE_NONE, 0});
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	op = rig_op(0, ACTIVATE, 6);
	op->op.drain = DRAIN_REFUSE;
	go(op);
	expect(op,
	       (struct expected){ROAD_REGION_ERROR_BUSY, ROAD_REGION_BUSY_WORK, 0, 1, EQUAL, 0});
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	rig_end();
}

/* ---- images ---- */

#define HEADER(member) offsetof(struct road_config_header, member)
#define CLAIM(member) \
	(sizeof(struct road_config_header) + offsetof(struct road_config_claim, member))

/* An image of word 9 with one claim and one relocation in front of the payload. */
static struct rig_op *with_parts(struct road_config_claim claim,
				 struct road_config_relocation relocation)
{
	struct rig_op *op = rig_op(0, ACTIVATE, 9);
	uint8_t *image = rig.memory + rig.at;
	struct road_config_header *header = (void *)image;
	const uint32_t payload[4] = {9, 9, 0, 0};
	const uint32_t extra = sizeof(claim) + sizeof(relocation);

	memcpy(image, rig.memory + op->op.image, sizeof(*header));
	memcpy(image + sizeof(*header), &claim, sizeof(claim));
	memcpy(image + sizeof(*header) + sizeof(claim), &relocation, sizeof(relocation));
	memcpy(image + sizeof(*header) + extra, payload, sizeof(payload));
	header->claim_count = 1;
	header->relocation_count = 1;
	header->payload_bytes = sizeof(payload);
	header->total_bytes = (uint32_t)(sizeof(*header) + extra + sizeof(payload));
	op->op.image = rig.at;
	op->op.image_bytes = header->total_bytes;
	rig.at += 256;
	rig_seal((uint32_t)op->op.image);
	return op;
}

static const struct road_config_claim sound_claim = {ROAD_CLAIM_SCRATCH, ROAD_CONFIG_CLAIM_READ, 0,
						     64};
static const struct road_config_relocation sound_relocation = {8, ROAD_RELOCATE_CLAIM, 0};

static void test_parts(void)
{
	const struct {
		struct road_config_claim claim;
		struct road_config_relocation relocation;
		struct expected expected;
	} rows[] = {
		{{7, 1, 0, 64},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CLAIM, CLAIM(kind), 7, AT_MOST,
		  ROAD_CLAIM_MEMORY}},
		{{1, 0, 0, 64},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CLAIM, CLAIM(flags), 0, AT_LEAST, 1}},
		{{1, 8, 0, 64},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CLAIM, CLAIM(flags), 8,
		  ROAD_REGION_RULE_BITS, 3}},
		{{1, 1, 0, 0},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CLAIM, CLAIM(bytes), 0, AT_LEAST, 1}},
		{{2, 1, 16, 0},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CLAIM, CLAIM(offset), 16, EQUAL, 0}},
		{{1, 1, 1000, 64},
		 {8, 2, 0}, /* sound, and beyond the scratchpad of 1024 bytes */
		 {ROAD_REGION_ERROR_INCOMPATIBLE, ROAD_CONFIG_BAD_CLAIM, CLAIM(bytes), 64, AT_MOST,
		  24}},
		{{1, 1, 2000, 64},
		 {8, 2, 0},
		 {ROAD_REGION_ERROR_INCOMPATIBLE, ROAD_CONFIG_BAD_CLAIM, CLAIM(offset), 2000,
		  AT_MOST, 1024}},
		{{1, 1, 0, 64},
		 {9, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_RELOCATION, 128, 9,
		  ROAD_REGION_RULE_MULTIPLE, 4}},
		{{1, 1, 0, 64},
		 {16, 2, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_RELOCATION, 128, 16, AT_MOST, 12}},
		{{1, 1, 0, 64},
		 {8, 3, 0},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_RELOCATION, 132, 3, AT_MOST,
		  ROAD_RELOCATE_CLAIM}},
		{{1, 1, 0, 64},
		 {8, 2, 1},
		 {ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_RELOCATION, 134, 1, AT_MOST, 0}},
	};
	struct rig_op *op;

	rig_begin(0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		op = with_parts(rows[i].claim, rows[i].relocation);
		go(op);
		expect(op, rows[i].expected);
		CU_ASSERT_EQUAL(rig.active[0], 0);
	}
	op = with_parts(sound_claim, sound_relocation);
	go(op);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	rig_end();
}

static void test_header(void)
{
	struct road_config_header *header;
	struct rig_op *op;
	uint32_t crc;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 9);
	header = (void *)(rig.memory + op->op.image);
	header->units = RIG_UNITS + 1;
	rig_seal((uint32_t)op->op.image);
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_INCOMPATIBLE, ROAD_CONFIG_BAD_HEADER,
				     HEADER(units), RIG_UNITS + 1, AT_MOST, RIG_UNITS});
	op = rig_op(0, ACTIVATE, 9);
	header = (void *)(rig.memory + op->op.image);
	crc = header->crc++;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_CRC, HEADER(crc),
				     crc + 1, EQUAL, crc});
	op = rig_op(0, ACTIVATE, 9);
	header = (void *)(rig.memory + op->op.image);
	header->version = 2;
	go(op);
	expect(op, (struct expected){ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_HEADER,
				     HEADER(version), 2, EQUAL, ROAD_CONFIG_VERSION});
	rig_end();
}

/* ---- ops that do not begin ---- */

static void test_starved(void)
{
	struct rig_op *op;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 5);
	rig.starved = true;
	rig_go(op, 0);
	CU_ASSERT(!op->done); /* never from within the call */
	rig.starved = false;
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_HARDWARE);
	CU_ASSERT_EQUAL(rig_report(op)->done, 1);
	CU_ASSERT_EQUAL(rig_report(op)->phase, PHASE_PARSE);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	op = rig_op(0, ACTIVATE, 6);
	rig.starved = true;
	rig_go(op, 0);
	region_unit_queue_drop(rig.unit, 0); /* who asked is not there to be told */
	rig.starved = false;
	rig_run();
	CU_ASSERT(!op->done);
	op = rig_op(0, ACTIVATE, 6);
	rig.starved = true;
	rig_go(op, 0);
	rig.starved = false;
	rig_end(); /* nor is the unit */
	CU_ASSERT(!op->done);
}

static void test_no_region(void)
{
	struct rig_op *op;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 5);
	region_unit_queue_close(rig.unit, 0);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_STALE);
	CU_ASSERT_EQUAL(rig_report(op)->error, ROAD_REGION_ERROR_STALE);
	op = rig_op(0, ACTIVATE, 5);
	rig_go(op, RIG_QUEUES); /* there is no such queue */
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_STALE);
	CU_ASSERT_EQUAL(rig.violations, 1);
	rig_end();
}

/* ---- hardware that fails under work ---- */

static void test_faults(void)
{
	const struct road_region_share two[] = {{0, 4, 0}, {4, 4, 0}};

	rig_begin(0);
	region_unit_queue_close(rig.unit, 0);
	CU_ASSERT_EQUAL(rig_layout(ROAD_LAYOUT_COMMAND_APPLY, two, 2), ROAD_LAYOUT_OK);
	CU_ASSERT(!region_unit_queue_open(rig.unit, 0, 0, 1, 1));
	CU_ASSERT(!region_unit_queue_open(rig.unit, 1, 0, 2, 1));
	rig_run();
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	for (int i = 0; i < 2; i++)
		region_unit_fault(rig.unit, 0, 1);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_gate(1, 0, false), REGION_GO);
	region_unit_fault(rig.unit, 0, 1); /* while a launch of another queue runs there */
	CU_ASSERT_EQUAL(rig_reg(1, ROAD_REGION_REG_STATE), ROAD_REGION_STATE_QUARANTINED);
	rig_run();
	CU_ASSERT_EQUAL(rig.drains, 1);
	CU_ASSERT_EQUAL(rig.active[1], 0);
	CU_ASSERT_EQUAL(rig_gate(0, 5, false), REGION_FAIL);
	CU_ASSERT_EQUAL(rig_reg(2, ROAD_REGION_REG_STATE), ROAD_REGION_STATE_RUNNING);
	CU_ASSERT_EQUAL(rig_reg(1, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_FAULTS), 3);
	CU_ASSERT_EQUAL(rig_reg(2, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_FAULTS), 0);
	region_unit_leave(rig.unit, 0, 2);
	rig_run();
	rig_end();
}

static const struct tap_case cases[] = {
	{"a field out of range is told with its value and the range", test_fields},
	{"a deadline that passed is told beside the time that it took", test_deadline},
	{"what is busy is named", test_busy},
	{"a claim or relocation that is wrong is told with value and rule", test_parts},
	{"so is a header that is wrong, or for others", test_header},
	{"an op for which there is no memory fails, and its queue hears of it", test_starved},
	{"so does one of a queue without a region", test_no_region},
	{"the third fault under work quarantines a region, and its sibling works on", test_faults},
};
TAP_MAIN(cases)
