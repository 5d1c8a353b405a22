/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and engines work by the firmware's program: opcodes, versions, quantum, clock. */
#include <string.h>

#include "simulators/engine/domain.h"
#include "simulators/rpu/model.h"
#include "tests/support/tap.h"
#include "tests/unit/sim_rpu_model/rig.h"

/* Everything that there is, at the full clock. */
static struct sim_program everything(void)
{
	struct sim_program program = {
		.family = ROAD_PROGRAM_RPU, .levels = 2, .at = {{1000, 400}, {500, 200}}};
	const struct sim_program_row *row;

	for (uint32_t i = 0; (row = sim_program_row(i)); i++)
		if (row->family == ROAD_PROGRAM_RPU)
			program.version[row->opcode] = row->version;
	return program;
}

static void obey(struct rig *rig, const struct sim_program *program)
{
	rpu_obey(rig->function->env->model, program);
}

static bool is_bad(struct rig *rig, uint64_t byte)
{
	return rig_status(rig, 0)->fault == ROAD_RPU_FAULT_ENTRY &&
	       rig_status(rig, 0)->detail == byte;
}

/* On a chip of its own: the stream may stop. */
static bool refuses(const struct sim_program *program, const void *entry, uint64_t byte)
{
	struct rig *rig = rig_open("time=functional");
	bool bad;

	obey(rig, program);
	rig_push(rig, 0, entry);
	rig_ring(rig, 0);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	bad = is_bad(rig, byte);
	rig_close(rig);
	return bad;
}

/* Each work twice: all others are enabled, and none of them is. */
static void opcodes_are_enabled_one_by_one(void)
{
	for (uint32_t work = 1; work < ROAD_RPU_WORKS; work++) {
		struct sim_program all = everything(), one = everything();
		union rpu_entry entry = {.work = (uint8_t)work};

		if (work <= ROAD_RPU_WORK_MOVE)
			entry.engine = (uint8_t)(work - 1); /* in the same order */
		all.version[work] = 0;
		CU_ASSERT_TRUE(refuses(&all, &entry, 0));
		memset(one.version, 0, sizeof(one.version));
		one.version[work] = everything().version[work];
		CU_ASSERT_FALSE(refuses(&one, &entry, 0));
	}
}

static void versions_are_flags(void)
{
	static const struct {
		uint8_t work, engine, flag;
		uint16_t since;
	} rows[] = {
		{ROAD_RPU_WORK_RUN, ROAD_RPU_ENGINE_CGRA, ROAD_RPU_WORK_ACTIVATE, 2},
		{ROAD_RPU_WORK_GEMM, ROAD_RPU_ENGINE_NEUR, ROAD_RPU_WORK_ADD, 2},
		{ROAD_RPU_WORK_GEMM, ROAD_RPU_ENGINE_NEUR, ROAD_RPU_WORK_NARROW, 3},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const union rpu_entry entry = {
			.work = rows[i].work, .engine = rows[i].engine, .flags = rows[i].flag};
		struct sim_program program = everything();
		const size_t flags = offsetof(struct road_rpu_entry, flags);

		for (uint16_t v = 1; v <= everything().version[rows[i].work]; v++) {
			program.version[rows[i].work] = v;
			CU_ASSERT_EQUAL(refuses(&program, &entry, flags), v < rows[i].since);
		}
		CU_ASSERT_FALSE(refuses(NULL, &entry, flags));
	}
}

/* ---- clock and quantum ---- */

enum { JOBS = 8, BYTES = 16384 };

/* JOBS loads of BYTES on each of two streams, rung at once; when each has ended. */
static void run_two(struct rig *rig, uint64_t ns[2])
{
	struct road_rpu_move in = {.work = ROAD_RPU_WORK_MOVE,
				   .engine = ROAD_RPU_ENGINE_RDMA,
				   .memory = VA_DATA,
				   .bytes = BYTES,
				   .rows = 1,
				   .slices = 1};
	struct road_rpu_entry stamp = {.work = ROAD_RPU_WORK_TIMESTAMP,
				       .flags = ROAD_RPU_WORK_ORDERED};
	uint64_t first;

	stamp.dst = VA_SYSTEM + 16;
	rig_push(rig, 0, &stamp);
	for (uint32_t s = 0; s < 2; s++) {
		for (uint32_t i = 0; i < JOBS; i++)
			rig_push(rig, s, &in);
		stamp.dst = VA_SYSTEM + 8 * s;
		rig_push(rig, s, &stamp);
	}
	rig_ring(rig, 0);
	rig_ring(rig, 1);
	CU_ASSERT_TRUE(rig_run(rig, UINT64_MAX, 100000));
	CU_ASSERT_EQUAL(rig_status(rig, 0)->fault, 0);
	CU_ASSERT_EQUAL(rig_status(rig, 1)->fault, 0);
	memcpy(&first, rig_system(rig) + 16, sizeof(first));
	memcpy(ns, rig_system(rig), 2 * sizeof(*ns));
	ns[0] -= first;
	ns[1] -= first;
}

static void a_level_is_a_clock(void)
{
	struct rig *rig = rig_open("time=approx");
	const uint64_t khz = rig_get(rig, ROAD_RPU_REG_CLOCK_KHZ, 4);
	const uint64_t rate = rig_get(rig, ROAD_RPU_REG_NEUR_RATE64, 8);
	const uint64_t layout = rig_get(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_LAYOUT_PS64, 8);
	struct sim_program program = everything();
	uint64_t plain[2], full[2], half[2];

	run_two(rig, plain);
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REG_CLOCK_KHZ, 4), khz);
	run_two(rig, full);
	program.level = 1;
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REG_CLOCK_KHZ, 4), khz / 2);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REG_NEUR_RATE64, 8), rate / 2);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REGIONS + ROAD_REGION_REG_LAYOUT_PS64, 8),
			2 * layout);
	run_two(rig, half);
	CU_ASSERT_EQUAL(plain[1], full[1]);
	CU_ASSERT_TRUE(half[1] >= 2 * full[1] - 4 && half[1] <= 2 * full[1] + 4);
	program.level = 0;
	obey(rig, &program);
	CU_ASSERT_EQUAL(rig_get(rig, ROAD_RPU_REG_CLOCK_KHZ, 4), khz);
	rig_close(rig);
}

/* How many jobs of a stream are left when the other one has ended. */
static uint64_t left_behind(uint32_t quantum_ns)
{
	struct rig *rig = rig_open("time=approx");
	struct sim_program program = everything();
	uint64_t ns[2];

	program.quantum_ns = quantum_ns;
	obey(rig, &program);
	run_two(rig, ns);
	rig_close(rig);
	const uint64_t first = ns[0] < ns[1] ? ns[0] : ns[1], last = ns[0] + ns[1] - first;

	return (last - first) * 2 * JOBS / last;
}

static void a_quantum_keeps_a_stream_in_front(void)
{
	CU_ASSERT_TRUE(left_behind(0) <= 1);
	CU_ASSERT_TRUE(left_behind(1) <= 1);
	CU_ASSERT_TRUE(left_behind(UINT32_MAX) >= JOBS - 1);
}

static const struct tap_case cases[] = {
	{"a work that is not enabled is no entry, each", opcodes_are_enabled_one_by_one},
	{"what an enabled version lacks is no flag of the entry", versions_are_flags},
	{"a level of the program is a clock, and 1000 is the chip's", a_level_is_a_clock},
	{"a quantum keeps a stream in front of its equals", a_quantum_keeps_a_stream_in_front},
};
TAP_MAIN(cases)
