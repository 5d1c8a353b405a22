/* SPDX-License-Identifier: Apache-2.0 */
/* What a region's microcode does to a core: tables of operators, splits, and what is no microcode.
 */
#include "tests/unit/sim_dsa/rig.h"

#include <string.h>

#define F16 ROAD_DSA_TYPE_F16
#define F32 ROAD_DSA_TYPE_F32

static struct rig rig;

/* All instructions, and this split. */
static struct road_dsa_microcode make(unsigned cube)
{
	struct road_dsa_microcode m = {
		.magic = ROAD_DSA_MICROCODE_MAGIC,
		.version = ROAD_DSA_MICROCODE_VERSION,
		.cube = (uint8_t)cube,
		.vector = (uint8_t)(ROAD_DSA_SPLIT_SUM - cube),
		.isa = ROAD_DSA_ISA_VERSION,
		.operators = ROAD_DSA_OPS,
	};

	for (unsigned op = 0; op < ROAD_DSA_OPS; op++)
		m.enabled[op / 64] |= UINT64_C(1) << op % 64;
	return m;
}

static void forbid(struct road_dsa_microcode *m, unsigned op)
{
	m->enabled[op / 64] &= ~(UINT64_C(1) << op % 64);
}

static void begin(enum sim_fidelity fidelity, const struct road_dsa_microcode *m)
{
	rig_init(&rig);
	rig.fidelity = fidelity;
	rig.no_hazards = true;
	rig.microcode = m;
}

/* ---- checks ---- */

static uint32_t wrong_at(const struct road_dsa_microcode *m, uint32_t bytes)
{
	uint32_t at = 0;

	return dsa_microcode_check(m, bytes, &at) ? UINT32_MAX : at;
}

#define MUTANT(at_, change)                                                \
	do {                                                               \
		struct road_dsa_microcode m = make(8);                     \
		change;                                                    \
		CU_ASSERT_EQUAL(wrong_at(&m, sizeof(m)),                   \
				offsetof(struct road_dsa_microcode, at_)); \
	} while (0)

static void each_field_is_checked(void)
{
	struct road_dsa_microcode good = make(8);

	CU_ASSERT_EQUAL(wrong_at(&good, sizeof(good)), UINT32_MAX);
	CU_ASSERT_EQUAL(wrong_at(&good, sizeof(good) - 1), 0);
	CU_ASSERT_EQUAL(wrong_at(&good, 0), 0);
	MUTANT(magic, m.magic ^= 1);
	MUTANT(version, m.version++);
	MUTANT(cube, m.cube = 3);
	MUTANT(cube, m.cube = 13);
	MUTANT(vector, m.vector = 9);
	MUTANT(vector, m.cube = 0);
	MUTANT(enabled, (m.cube = 0, m.vector = 16));
	MUTANT(enabled, (forbid(&m, ROAD_DSA_OP_mmad), m.cube = 16, m.vector = 0));
	MUTANT(isa, m.isa++);
	MUTANT(operators, m.operators = 0);
	MUTANT(operators, m.operators++);
	MUTANT(enabled, m.operators--); /* the last one is enabled */
	MUTANT(enabled, m.enabled[3] = UINT64_C(1) << 63);
	MUTANT(enabled, forbid(&m, ROAD_DSA_OP_end));
	MUTANT(reserved, m.reserved[1] = 1);
	for (unsigned cube = ROAD_DSA_SPLIT_MIN; cube <= ROAD_DSA_SPLIT_MAX; cube++) {
		good = make(cube);
		CU_ASSERT_EQUAL(wrong_at(&good, sizeof(good)), UINT32_MAX);
	}
	good = make(0);
	forbid(&good, ROAD_DSA_OP_mmad);
	CU_ASSERT_EQUAL(wrong_at(&good, sizeof(good)), UINT32_MAX);
}

/* ---- tables ---- */

static void what_is_forbidden_faults(void)
{
	static const enum sim_fidelity modes[] = {SIM_FUNCTIONAL, SIM_TRACE};
	struct road_dsa_microcode m = make(8);

	forbid(&m, ROAD_DSA_OP_vadd);
	forbid(&m, ROAD_DSA_OP_mul);
	for (unsigned i = 0; i < 2; i++) {
		begin(modes[i], &m);
		rig_vector(&rig, ROAD_DSA_OP_vsub, F32, 1024, 0, 256, 64);
		rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 1024, 0, 256, 64);
		EMIT(&rig, end, 0, 0, 0);
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
		CU_ASSERT_EQUAL(rig.fault.kind, ROAD_DSA_FAULT_OPERATOR);
		CU_ASSERT_EQUAL(rig.fault.detail, ROAD_DSA_OP_vadd);
		CU_ASSERT_EQUAL(rig.fault.pc, rig.count - 2);
		/* S's own, which it would take ahead of time */
		begin(modes[i], &m);
		rig_load(&rig, 1, 5);
		EMIT(&rig, mul, 1, 1, 1);
		EMIT(&rig, end, 0, 0, 0);
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
		CU_ASSERT_EQUAL(rig.fault.kind, ROAD_DSA_FAULT_OPERATOR);
		CU_ASSERT_EQUAL(rig.fault.detail, ROAD_DSA_OP_mul);
		CU_ASSERT_EQUAL(rig.fault.pc, 1);
		/* beside it, all goes on; and without microcode nothing is forbidden */
		begin(modes[i], i ? &m : NULL);
		rig_load(&rig, 1, 5);
		EMIT(&rig, add, 1, 1, 1);
		EMIT(&rig, end, 0, 0, 0);
		rig_finish(&rig);
		CU_ASSERT_EQUAL(rig.x[0][1], 10);
	}
}

/* ---- splits ---- */

static uint64_t cycles_of(enum road_dsa_queue queue)
{
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
	return rig.counts.queue[queue].busy_ps / 1000;
}

static void splits_cost_what_they_say(void)
{
	for (unsigned cube = ROAD_DSA_SPLIT_MIN; cube <= ROAD_DSA_SPLIT_MAX; cube++) {
		struct road_dsa_microcode m = make(cube);

		begin(SIM_TRACE, &m); /* 1024 bytes, 64 a cycle at 8 eighths */
		rig_vector(&rig, ROAD_DSA_OP_vadd, F32, 4096, 0, 1024, 256);
		CU_ASSERT_EQUAL(cycles_of(ROAD_DSA_QUEUE_V), dsa_ceil(1024 * 8, 64 * (16 - cube)));
		begin(SIM_TRACE, &m); /* 2 x 1 x 4 fractals and the fill, at 8 eighths */
		rig_load(&rig, 5, UINT64_C(32) | UINT64_C(16) << 16 | UINT64_C(64) << 32);
		rig_emit(&rig, ROAD_DSA_OP_mmad, F16, 0, 0, 0)->c = 5;
		CU_ASSERT_EQUAL(cycles_of(ROAD_DSA_QUEUE_M), dsa_ceil((8 + 20) * 8, cube));
	}
}

static const struct tap_case cases[] = {
	{"each field of microcode is checked", each_field_is_checked},
	{"what the table forbids faults, by whichever queue", what_is_forbidden_faults},
	{"splits cost what they say", splits_cost_what_they_say},
};

TAP_MAIN(cases)
