/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of the reconfiguration unit: phases, failures, deadlines, slots. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_regions/rig.h"

#define LOAD     ROAD_REGION_VERB_LOAD
#define ACTIVATE ROAD_REGION_VERB_ACTIVATE

static uint64_t active(void)
{
	uint64_t config = rig_reg(0, ROAD_REGION_REG_ACTIVE64);

	CU_ASSERT_EQUAL(rig.active[0], config); /* what the chip was told */
	return config;
}

static void set_safe(uint64_t config)
{
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SELECT, 4, 0);
	region_unit_write(rig.unit, 0, ROAD_REGION_REG_SAFE64, 8, config);
	CU_ASSERT_EQUAL(region_unit_read(rig.unit, 0, ROAD_REGION_REG_RESULT, 4),
			ROAD_REGION_ERROR_NONE);
}

static void test_activate(void)
{
	struct rig_op *op;
	uint64_t began;

	rig_begin(0);
	began = rig.now;
	op = rig_op(0, ACTIVATE, 7);
	rig_go(op, 0);
	CU_ASSERT(!op->done);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.now, began + RIG_LOAD + RIG_SWITCH);
	CU_ASSERT_EQUAL(active(), 7);
	CU_ASSERT_EQUAL(rig_report(op)->slot, 0);
	CU_ASSERT_EQUAL(rig_report(op)->bytes, op->op.image_bytes);
	CU_ASSERT_EQUAL(rig_report(op)->loaded_ns, RIG_LOAD / 1000);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_ACTIVE);
	began = rig.now;
	op = rig_op(0, ACTIVATE, 7);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(rig.now, began); /* a hit takes no time */
	CU_ASSERT_EQUAL(rig_report(op)->flags, RESULT_HIT);
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_SWITCHES), 1);
	rig_end();
}

/* What is active after a failure in each phase, by what on_failure says; 5 is the old image, 3 the
 * safe one, 9 the new one. */
static uint64_t expect(uint32_t phase, uint32_t policy)
{
	if (phase < PHASE_COMMIT || policy == FAILURE_KEEP)
		return 5;
	return policy == FAILURE_SAFE ? 3 : 0;
}

/* Is another image made active by the failure than the one that was when it came? In place, the new
 * image has the old one's slot from the transfer on. */
static bool comes_back(uint32_t phase, uint32_t policy, bool in_place)
{
	if (phase < PHASE_COMMIT || policy == FAILURE_QUARANTINE)
		return false;
	return policy == FAILURE_SAFE || in_place || phase > PHASE_COMMIT;
}

static void fail_once(uint32_t phase, uint32_t policy, bool in_place)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 3), ROAD_REGION_ERROR_NONE);
	set_safe(3);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	if (in_place) { /* no slot but the active one is to be had */
		CU_ASSERT_EQUAL(rig_do(0, LOAD, 4), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_PIN, 4), ROAD_REGION_ERROR_NONE);
	}
	CU_ASSERT(region_unit_phase_fail(rig.unit, 0, 0, phase, 1));
	op = rig_op(0, ACTIVATE, 9);
	op->op.on_failure = (uint8_t)policy;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT(op->done);
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_HARDWARE);
	CU_ASSERT_EQUAL(rig_report(op)->phase, phase);
	CU_ASSERT_EQUAL(rig_report(op)->active, expect(phase, policy));
	CU_ASSERT_EQUAL(active(), expect(phase, policy));
	bool quarantined = phase >= PHASE_COMMIT && policy == FAILURE_QUARANTINE;

	CU_ASSERT_EQUAL(!!(rig_report(op)->flags & RESULT_QUARANTINED), quarantined);
	CU_ASSERT_EQUAL(!!(rig_report(op)->flags & RESULT_ROLLED_BACK),
			comes_back(phase, policy, in_place));
	CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_COUNTER64 + 8 * ROAD_REGION_COUNT_ROLLBACKS),
			comes_back(phase, policy, in_place));
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 9),
			quarantined ? ROAD_REGION_ERROR_QUARANTINED : ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), quarantined ? 0 : 9);
	rig_end();
}

static void test_failures(void)
{
	for (uint32_t phase = PHASE_PARSE; phase < REGION_PHASES; phase++)
		for (uint32_t policy = FAILURE_KEEP; policy <= FAILURE_QUARANTINE; policy++) {
			fail_once(phase, policy, false);
			fail_once(phase, policy, true);
		}
}

static void test_deadlines(void)
{
	const struct {
		uint64_t ns;
		uint32_t phase;
	} cases[] = {
		{RIG_LOAD / 2000, PHASE_TRANSFER},
		{RIG_LOAD / 1000 + 1, PHASE_COMMIT},
		{(RIG_LOAD + RIG_SWITCH) / 1000, PHASE_NONE},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig_op *op;

		rig_begin(0);
		CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
		op = rig_op(0, ACTIVATE, 9);
		op->op.deadline_ns = cases[i].ns;
		op->op.on_failure = FAILURE_QUARANTINE; /* not for deadlines */
		rig_go(op, 0);
		rig_run();
		CU_ASSERT_EQUAL(rig_report(op)->phase, cases[i].phase);
		CU_ASSERT_EQUAL(op->error, cases[i].phase ? ROAD_REGION_ERROR_TIMEOUT
							  : ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(active(), cases[i].phase ? 5 : 9);
		CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 2), ROAD_REGION_ERROR_NONE);
		rig_end();
	}
}

static void test_deadline_drain(void)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	op = rig_op(0, ACTIVATE, 9);
	op->op.deadline_ns = 2 * RIG_LOAD / 1000;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_TIMEOUT);
	CU_ASSERT_EQUAL(rig_report(op)->phase, PHASE_DRAIN);
	CU_ASSERT_EQUAL(rig_report(op)->drained_ns, RIG_LOAD / 1000);
	CU_ASSERT_EQUAL(active(), 5);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO); /* the gate is open again */
	region_unit_leave(rig.unit, 0, 0);
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	rig_end();
}

static void test_drain(void)
{
	for (uint32_t how = DRAIN_WAIT; how <= DRAIN_REFUSE; how++) {
		struct rig_op *op;

		rig_begin(0);
		CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
		op = rig_op(0, ACTIVATE, 9);
		op->op.drain = (uint8_t)how;
		rig_go(op, 0);
		rig_run();
		CU_ASSERT_EQUAL(op->done, how != DRAIN_WAIT);
		CU_ASSERT_EQUAL(rig.drains, how == DRAIN_ABORT || how == DRAIN_ITERATION);
		region_unit_leave(rig.unit, 0, 0);
		rig_run();
		CU_ASSERT(op->done);
		CU_ASSERT_EQUAL(op->error, how == DRAIN_REFUSE ? ROAD_REGION_ERROR_BUSY
							       : ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(active(), how == DRAIN_REFUSE ? 5 : 9);
		rig_end();
	}
}

static void test_load_spares_active(void)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	op = rig_op(0, LOAD, 9);
	op->op.slot = 0;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(active(), 5);
	CU_ASSERT_EQUAL(rig_gate(0, 0, false), REGION_GO);
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 9), ROAD_REGION_ERROR_NONE); /* while it works */
	CU_ASSERT_EQUAL(rig_slot_config(0, 1), 9);
	CU_ASSERT_EQUAL(rig_slot_state(0, 1), SLOT_READY);
	region_unit_leave(rig.unit, 0, 0);
	rig_run();
	rig_end();
}

/* A list in order of use: the simplest thing that is right. */
struct reference {
	uint32_t words[RIG_SLOTS], count; /* most recently used first */
};

static bool use(struct reference *reference, uint32_t word)
{
	uint32_t i = 0;
	bool hit;

	while (i < reference->count && reference->words[i] != word)
		i++;
	hit = i < reference->count;
	if (!hit && reference->count < RIG_SLOTS)
		reference->count++;
	if (!hit)
		i = reference->count - 1;
	memmove(reference->words + 1, reference->words, i * sizeof(word));
	reference->words[0] = word;
	return hit;
}

static void test_lru(void)
{
	struct reference reference = {.count = 0};
	uint32_t seed = 1;

	rig_begin(0);
	for (uint32_t i = 0; i < 3000; i++) {
		const uint32_t mark = rig.at;
		struct rig_op *op;
		uint32_t word;

		seed = seed * 1664525u + 1013904223u;
		word = 1 + (seed >> 16) % 6;
		op = rig_op(0, LOAD, word);
		rig_go(op, 0);
		rig_run();
		CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(!!(rig_report(op)->flags & RESULT_HIT), use(&reference, word));
		for (uint32_t k = 0; k < reference.count; k++) {
			bool there = false;

			for (uint32_t s = 0; s < RIG_SLOTS; s++)
				there |= rig_slot_config(0, s) == reference.words[k];
			CU_ASSERT(there);
		}
		rig.at = mark;
	}
	rig_end();
}

static void test_pins(void)
{
	rig_begin(0);
	for (uint32_t word = 1; word <= RIG_SLOTS; word++) {
		CU_ASSERT_EQUAL(rig_do(0, LOAD, word), ROAD_REGION_ERROR_NONE);
		CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_PIN, word), ROAD_REGION_ERROR_NONE);
	}
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 9), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 9), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_EVICT, 1), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_UNPIN, 2), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_UNPIN, 2), ROAD_REGION_ERROR_NONE_SUCH);
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 9), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_slot_config(0, 1), 9);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_EVICT, 9), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_EVICT, 9), ROAD_REGION_ERROR_NOT_RESIDENT);
	rig_end();
}

static void test_prefetch(void)
{
	struct rig_op *op;
	uint64_t began;

	rig_begin(0);
	began = rig.now;
	op = rig_op(0, ROAD_REGION_VERB_PREFETCH, 4);
	rig_go(op, 0);
	rig_run_until(began);
	CU_ASSERT(op->done); /* at once */
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_LOADING);
	op = rig_op(0, ACTIVATE, 4); /* joins it */
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig.now, began + RIG_LOAD + RIG_SWITCH);
	CU_ASSERT_EQUAL(active(), 4);
	op = rig_op(0, ROAD_REGION_VERB_PREFETCH, 6);
	rig.memory[op->op.image + 60] ^= 1; /* an image that is not sound */
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	rig_end();
}

static void test_state(void)
{
	struct rig_op *op;
	const uint32_t buffer = 0x80000;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	rig.state[0][0] = 1234;
	op = rig_op(0, ROAD_REGION_VERB_SWAP, 9);
	op->op.buffer = buffer;
	op->op.buffer_bytes = 4096;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 9);
	rig.state[0][0] = 99;
	op = rig_op(0, ROAD_REGION_VERB_RESTORE, 5);
	op->op.buffer = buffer;
	op->op.buffer_bytes = 4096;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 5);
	CU_ASSERT_EQUAL(rig.state[0][0], 1234);
	rig.memory[buffer + 33] ^= 1; /* a bit of the state */
	op = rig_op(0, ROAD_REGION_VERB_RESTORE, 5);
	op->op.buffer = buffer;
	op->op.buffer_bytes = 4096;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_INCOMPATIBLE);
	rig_end();
}

static void test_read_back(void)
{
	struct rig_op *op;
	const uint32_t buffer = 0x80000;

	rig_begin(0);
	op = rig_op(0, LOAD, 5);
	rig_go(op, 0);
	rig_run();
	const uint64_t image = op->op.image, bytes = op->op.image_bytes;

	op = rig_op(0, ROAD_REGION_VERB_READ_BACK, 5);
	op->op.buffer = buffer;
	op->op.buffer_bytes = bytes;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_report(op)->bytes, bytes);
	CU_ASSERT(!memcmp(rig.memory + buffer, rig.memory + image, bytes));
	op = rig_op(0, ROAD_REGION_VERB_READ_BACK, 5);
	op->op.buffer = buffer;
	op->op.buffer_bytes = bytes - 1;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_OP);
	rig_end();
}

static void test_rollback(void)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ROLLBACK, 0), ROAD_REGION_ERROR_NONE_SUCH);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 9), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ROLLBACK, 0), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 5);
	op = rig_op(0, ROAD_REGION_VERB_ROLLBACK, 0);
	op->op.target = TARGET_INITIAL;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 0);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_RESET, 0), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_EMPTY);
	rig_end();
}

static void test_quarantine(void)
{
	for (int apart = 0; apart < 2; apart++) {
		rig_begin(0);
		CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
		region_unit_phase_fail(rig.unit, 0, 0, PHASE_TRANSFER, 3);
		for (int i = 0; i < 3; i++) {
			CU_ASSERT_EQUAL(rig_do(0, LOAD, 9), ROAD_REGION_ERROR_HARDWARE);
			if (apart)
				rig.now += 31 * UINT64_C(1000000000000);
		}
		CU_ASSERT_EQUAL(rig_reg(0, ROAD_REGION_REG_STATE) == ROAD_REGION_STATE_QUARANTINED,
				!apart);
		CU_ASSERT_EQUAL(active(), apart ? 5 : 0);
		CU_ASSERT_EQUAL(rig_gate(0, 5, false), apart ? REGION_GO : REGION_FAIL);
		if (!apart) {
			region_unit_write(rig.unit, 0, ROAD_REGION_REG_COMMAND, 4,
					  ROAD_REGION_COMMAND_RELEASE);
			CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
		} else {
			region_unit_leave(rig.unit, 0, 0);
		}
		rig_run();
		rig_end();
	}
}

static void test_generation(void)
{
	struct rig_op *op;

	rig_begin(0);
	op = rig_op(0, ACTIVATE, 5);
	op->op.generation++;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_STALE);
	CU_ASSERT_EQUAL(active(), 0);
	uint64_t before = region_unit_generation(rig.unit, 0, 0);

	region_unit_reset(rig.unit);
	CU_ASSERT_NOT_EQUAL(region_unit_generation(rig.unit, 0, 0), before);
	rig_end();
}

/* Every byte of an op that must be zero, and each field out of its range. */
static void test_malformed(void)
{
	rig_begin(0);
	for (size_t at = offsetof(struct road_region_op, reserved);
	     at < sizeof(struct road_region_op); at++) {
		const uint32_t mark = rig.at;
		struct rig_op *op = rig_op(0, ACTIVATE, 5);

		((uint8_t *)&op->op)[at] = 1;
		rig_go(op, 0);
		rig_run();
		CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_OP);
		CU_ASSERT_EQUAL(rig_report(op)->detail_at, at / 8 * 8);
		rig.at = mark;
	}
	struct rig_op *op = rig_op(0, ROAD_REGION_VERBS, 0);

	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_OP);
	op = rig_op(0, ACTIVATE, 5);
	op->op.drain = 4;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(rig_report(op)->detail_at, offsetof(struct road_region_op, drain));
	rig_end();
}

/* An image with a wrong bit anywhere is refused, and nothing changes. */
static void test_images(void)
{
	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	for (uint32_t bit = 0; bit < 112 * 8; bit += 5) {
		const uint32_t mark = rig.at;
		struct rig_op *op = rig_op(0, ACTIVATE, 9);

		rig.memory[op->op.image + bit / 8] ^= (uint8_t)(1u << bit % 8);
		rig_go(op, 0);
		rig_run();
		CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_IMAGE);
		CU_ASSERT_EQUAL(active(), 5);
		rig.at = mark;
	}
	struct rig_op *op = rig_op(0, ACTIVATE, 9);
	struct road_config_header *header = (void *)(rig.memory + op->op.image);

	header->fabric++;
	rig_seal((uint32_t)op->op.image);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_INCOMPATIBLE);
	op = rig_op(0, ACTIVATE, 9);
	header = (void *)(rig.memory + op->op.image);
	header->units = RIG_UNITS + 1;
	rig_seal((uint32_t)op->op.image);
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_INCOMPATIBLE);
	op = rig_op(0, ACTIVATE, 9);
	op->op.image = RIG_MEMORY - 8;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_ADDRESS);
	rig_end();
}

static void test_one_slot(void)
{
	rig_begin(0);
	rig_end();
	rig.setup.slots = 1;
	rig.unit = region_unit_create(&rig.setup);
	CU_ASSERT_FATAL(rig.unit != NULL);
	region_unit_queue_open(rig.unit, 0, 0, 0, 1);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_do(0, LOAD, 9), ROAD_REGION_ERROR_BUSY);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 9), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 9);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ROLLBACK, 0), ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(active(), 5);
	CU_ASSERT_EQUAL(rig_do(0, ROAD_REGION_VERB_ROLLBACK, 0), ROAD_REGION_ERROR_NONE);
	region_unit_phase_fail(rig.unit, 0, 0, PHASE_CHECK, 1);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_HARDWARE);
	CU_ASSERT_EQUAL(active(), 9);
	CU_ASSERT_EQUAL(rig_slot_state(0, 0), SLOT_ACTIVE);
	rig_end();
}

static void test_drop(void)
{
	struct rig_op *op;

	rig_begin(0);
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_NONE);
	op = rig_op(0, ACTIVATE, 9);
	rig_go(op, 0);
	rig_run_until(rig.now + RIG_LOAD / 2);
	region_unit_queue_drop(rig.unit, 0); /* while it loads */
	rig_run();
	CU_ASSERT(!op->done);
	CU_ASSERT_EQUAL(active(), 5);
	op = rig_op(0, ACTIVATE, 9);
	rig_go(op, 0);
	rig_run_until(rig.now + RIG_LOAD + RIG_SWITCH / 2);
	region_unit_queue_drop(rig.unit, 0); /* while it switches: that ends */
	rig_run();
	CU_ASSERT(!op->done);
	CU_ASSERT_EQUAL(active(), 9);
	rig_end();
}

static void test_memory(void)
{
	struct rig_op *op;

	rig_begin(REGION_SWITCHES);
	rig.live = true;
	CU_ASSERT_EQUAL(rig_do(0, ACTIVATE, 5), ROAD_REGION_ERROR_BUSY);
	op = rig_op(0, ACTIVATE, 5);
	op->op.flags = ROAD_REGION_OP_LOSE_MEMORY;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_NONE);
	CU_ASSERT_EQUAL(rig_report(op)->flags, RESULT_MEMORY_LOST);
	op = rig_op(0, ROAD_REGION_VERB_READ_BACK, 5);
	op->op.buffer = 64;
	op->op.buffer_bytes = 4096;
	rig_go(op, 0);
	rig_run();
	CU_ASSERT_EQUAL(op->error, ROAD_REGION_ERROR_UNSUPPORTED);
	rig_end();
}

static const struct tap_case cases[] = {
	{"an activation loads, switches, and costs both; a second one is a hit", test_activate},
	{"a failure in each phase leaves what on_failure says active", test_failures},
	{"a deadline in each phase that takes time leaves the old image active", test_deadlines},
	{"a deadline ends the wait for launches", test_deadline_drain},
	{"draining waits, stops, aborts or refuses", test_drain},
	{"a load never disturbs the active image", test_load_spares_active},
	{"loads take the slot that was used longest ago", test_lru},
	{"pinned images stay", test_pins},
	{"a prefetch is done at once, and loads all the same", test_prefetch},
	{"a state that was saved comes back, and only to its own image", test_state},
	{"an image is read back as it came", test_read_back},
	{"a rollback goes to the previous image or to none, a reset to nothing", test_rollback},
	{"three faults in a minute quarantine a region until it is released", test_quarantine},
	{"an op for another generation touches nothing", test_generation},
	{"a malformed op is refused, with the place of the field", test_malformed},
	{"an image with any wrong bit is refused, and so is one that does not fit", test_images},
	{"with one slot the new image takes the place of the active one", test_one_slot},
	{"a queue that goes takes its ops along, but a switch that began ends", test_drop},
	{"memory that a switch would lose refuses it, unless told otherwise", test_memory},
};
TAP_MAIN(cases)
