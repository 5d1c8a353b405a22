/* SPDX-License-Identifier: Apache-2.0 */
/* Programs, dispatch, tokens: what happens in which order, and what may not. */
#include "tests/unit/sim_dsa/rig.h"

#include <string.h>

#define S    ROAD_DSA_QUEUE_S
#define V    ROAD_DSA_QUEUE_V
#define M    ROAD_DSA_QUEUE_M
#define MTE1 ROAD_DSA_QUEUE_MTE1
#define MTE2 ROAD_DSA_QUEUE_MTE2
#define MTE3 ROAD_DSA_QUEUE_MTE3

static struct rig rig;

/* UB 0 and 1024 from memory, their sum to memory at 8192: n floats. */
static void emit_vadd(uint64_t n)
{
	rig_move_ub(&rig, 0, 0, n * 4);
	rig_move_ub(&rig, 1024, 4096, n * 4);
	rig_order(&rig, MTE2, V, 0);
	rig_vector(&rig, ROAD_DSA_OP_vadd, ROAD_DSA_TYPE_F32, 2048, 0, 1024, n);
	rig_order(&rig, V, MTE3, 1);
	rig_store_ub(&rig, 8192, 2048, n * 4);
	EMIT(&rig, end, 0, 0, 0);
}

static void fill_floats(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		memcpy(rig.memory + 4 * i, &(float){(float)i}, 4);
		memcpy(rig.memory + 4096 + 4 * i, &(float){0.5f * (float)i}, 4);
	}
}

static void check_sum(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		float sum;

		memcpy(&sum, rig.memory + 8192 + 4 * i, 4);
		CU_ASSERT_EQUAL(sum, 1.5f * (float)i);
	}
	CU_ASSERT_EQUAL(rig.memory[8192 + 4 * n], 0);
}

static void adds_vectors(void)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		rig_init(&rig);
		rig.seed = seed;
		fill_floats(100);
		emit_vadd(100);
		rig_finish(&rig);
		check_sum(100);
		CU_ASSERT_EQUAL(rig.counts.vector_elements, 100);
		CU_ASSERT_EQUAL(rig.counts.queue[MTE2].instructions, 3);
		CU_ASSERT_EQUAL(rig.counts.queue[MTE2].bytes, 800);
	}
}

static void same_data_when_timed(void)
{
	rig_init(&rig);
	rig.fidelity = SIM_APPROX;
	fill_floats(100);
	emit_vadd(100);
	rig_finish(&rig);
	check_sum(100);
	CU_ASSERT(rig.end > 0);
}

/* More instructions than a queue holds: S waits for room. */
static void full_queues_stall(void)
{
	for (int timed = 0; timed < 2; timed++) {
		rig_init(&rig);
		rig.fidelity = timed ? SIM_APPROX : SIM_FUNCTIONAL;
		for (uint32_t i = 0; i < 20; i++)
			rig_move_ub(&rig, i * 32, i * 32, 32);
		rig_order(&rig, MTE2, MTE3, 0);
		rig_store_ub(&rig, 4096, 0, 640);
		EMIT(&rig, end, 0, 0, 0);
		for (uint32_t i = 0; i < 640; i++)
			rig.memory[i] = (uint8_t)(i * 7);
		rig_finish(&rig);
		CU_ASSERT_EQUAL(memcmp(rig.memory, rig.memory + 4096, 640), 0);
		CU_ASSERT(rig.counts.queue[S].wait_full_ps > 0);
	}
}

/* x1 = sum of 1..10 */
static void scalars_loop(void)
{
	rig_init(&rig);
	rig_load(&rig, 2, 10);
	EMIT(&rig, add, 1, 1, 2);
	EMIT(&rig, loop, 2, 0, 0)->imm = -1;
	rig_load(&rig, 3, UINT64_C(0x123456789abcdef0));
	EMIT(&rig, addi, 0, 1, 0)->imm = 5;
	EMIT(&rig, end, 0, 0, 0);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(rig.x[0][1], 55);
	CU_ASSERT_EQUAL(rig.x[0][2], 0);
	CU_ASSERT_EQUAL(rig.x[0][3], UINT64_C(0x123456789abcdef0));
	CU_ASSERT_EQUAL(rig.x[0][0], 0);
}

/* ---- what may not be ---- */

static void deadlock_is_named(void)
{
	for (int timed = 0; timed < 2; timed++) {
		rig_init(&rig);
		rig.fidelity = timed ? SIM_APPROX : SIM_FUNCTIONAL;
		rig_flag(&rig, ROAD_DSA_OP_wait_flag, MTE2, V, 3); /* pc 0 */
		rig_flag(&rig, ROAD_DSA_OP_wait_flag, V, M, 1);    /* pc 1 */
		EMIT(&rig, end, 0, 0, 0);
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
		CU_ASSERT_EQUAL(rig.fault.kind, ROAD_DSA_FAULT_DEADLOCK);
		CU_ASSERT_EQUAL(rig.fault.queue, V);
		CU_ASSERT_EQUAL(rig.fault.pc, 0);
		CU_ASSERT_EQUAL(rig.fault.line, 100);
		CU_ASSERT_EQUAL(rig.fault.detail, 2);
		CU_ASSERT_EQUAL(rig.violations, 2);
		CU_ASSERT(rig_has_violation(
			&rig, "core 0 queue V awaits flag MTE2>V 3; kernel 0 pc 0 line 100"));
		CU_ASSERT(rig_has_violation(
			&rig, "core 0 queue M awaits flag V>M 1; kernel 0 pc 1 line 101"));
	}
}

static void set_flags_are_violations(void)
{
	rig_init(&rig);
	rig_flag(&rig, ROAD_DSA_OP_set_flag, MTE2, V, 3);
	rig_flag(&rig, ROAD_DSA_OP_set_flag, MTE2, V, 3);
	EMIT(&rig, end, 0, 0, 0);
	CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_DONE);
	CU_ASSERT_EQUAL(rig.violations, 2);
	CU_ASSERT(rig_has_violation(&rig, "set_flag MTE2>V 3 is set already: core 0 kernel 0 pc 1 "
					  "line 101"));
	CU_ASSERT(rig_has_violation(&rig, "flag MTE2>V 3 is set at the end: core 0 block 0 "
					  "kernel 0, set at pc 1 line 101"));
}

static void check_fault(enum road_dsa_fault kind, uint32_t queue, uint32_t pad, uint64_t address,
			uint64_t detail)
{
	EMIT(&rig, end, 0, 0, 0);
	CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
	CU_ASSERT_EQUAL(rig.fault.kind, kind);
	CU_ASSERT_EQUAL(rig.fault.queue, queue);
	CU_ASSERT_EQUAL(rig.fault.pad, pad);
	CU_ASSERT_EQUAL(rig.fault.address, address);
	CU_ASSERT_EQUAL(rig.fault.detail, detail);
	CU_ASSERT_EQUAL(rig.fault.line, rig.fault.pc + 100);
}

static void faults_say_where(void)
{
	rig_init(&rig);
	rig_move_ub(&rig, 65536 - 32, 0, 64);
	check_fault(ROAD_DSA_FAULT_BOUNDS, MTE2, ROAD_DSA_PAD_UB, 65536 - 32, 64);
	CU_ASSERT_EQUAL(rig.fault.pc, 3);
	rig_init(&rig);
	rig_move_ub(&rig, 16, 0, 64);
	check_fault(ROAD_DSA_FAULT_MISALIGNED, MTE2, ROAD_DSA_PAD_UB, 16, 32);
	rig_init(&rig);
	rig_move_ub(&rig, 0, RIG_MEMORY - 32, 64);
	check_fault(ROAD_DSA_FAULT_UNMAPPED, MTE2, ROAD_DSA_PADS, RIG_VA + RIG_MEMORY - 32, 64);
	rig_init(&rig);
	rig_vector(&rig, ROAD_DSA_OP_vadd, ROAD_DSA_TYPE_F32, 16, 32, 64, 0);
	check_fault(ROAD_DSA_FAULT_SHAPE, V, ROAD_DSA_PAD_UB, 0, 0);
	rig_init(&rig);
	rig_vector(&rig, ROAD_DSA_OP_vadd, ROAD_DSA_TYPE_F32, 32, 0, 1024, 16);
	check_fault(ROAD_DSA_FAULT_SHAPE, V, ROAD_DSA_PAD_UB, 32, 16);
	rig_init(&rig);
	EMIT(&rig, trap, 0, 0, 0)->imm = 77;
	check_fault(ROAD_DSA_FAULT_TRAP, S, ROAD_DSA_PADS, 0, 77);
}

static void programs_end(void)
{
	rig_init(&rig);
	EMIT(&rig, nop, 0, 0, 0);
	CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
	CU_ASSERT_EQUAL(rig.fault.kind, ROAD_DSA_FAULT_ILLEGAL);
	CU_ASSERT_EQUAL(rig.fault.pc, 1);
	for (int timed = 0; timed < 2; timed++) {
		rig_init(&rig);
		rig.fidelity = timed ? SIM_APPROX : SIM_FUNCTIONAL;
		rig.params.watchdog = 1000;
		EMIT(&rig, jump, 0, 0, 0)->imm = 0;
		CU_ASSERT_EQUAL(rig_run(&rig), DSA_CORE_FAULTED);
		CU_ASSERT_EQUAL(rig.fault.kind, ROAD_DSA_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig.fault.detail, 1000);
	}
}

static const struct tap_case cases[] = {
	{"a vector sum runs through UB, the same for every arbitration", adds_vectors},
	{"timed runs give the same data", same_data_when_timed},
	{"S stalls while a queue is full", full_queues_stall},
	{"scalars loop, x0 stays 0", scalars_loop},
	{"a deadlock names what each queue awaits", deadlock_is_named},
	{"setting a set flag and leaving one set are violations", set_flags_are_violations},
	{"faults say where, with queue, pc and line", faults_say_where},
	{"programs without end fault", programs_end},
};

TAP_MAIN(cases)
