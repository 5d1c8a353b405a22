/* SPDX-License-Identifier: Apache-2.0 */
/* Where lanes go: divergence, merging, fairness, barriers, faults, turns. */
#include "tests/unit/sim_gpu/rig.h"

#include <string.h>

#define GLOBAL ROAD_GPU_SPACE_GLOBAL
#define LT     (ROAD_GPU_CMP_LT << ROAD_GPU_MOD_CMP_SHIFT)
#define NE     (ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT)
#define EQ     (ROAD_GPU_CMP_EQ << ROAD_GPU_MOD_CMP_SHIFT)

static struct rig rig;

/* p = (r CMP imm) */
static void emit_setp(unsigned p, unsigned r, unsigned mods, int32_t imm)
{
	struct road_gpu_word *word = emit_imm(&rig, ROAD_GPU_OP_setp_u32, p, r, RZ, PT, 2, imm);

	word->mods = (uint16_t)mods;
	word->aux = PT;
}

static void emit_bar(unsigned op, int32_t barrier, unsigned threads)
{
	emit_imm(&rig, op, 0, RZ, threads, 0, 1, barrier);
}

static void stores_by_thread(void)
{
	rig_init(&rig);
	rig.config.grid[0] = 3;
	rig.config.threads[0] = 70; /* two full warps and one of six lanes */
	rig.config.slots = 2;
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_add_u32, 1, 0, RZ, 0, 2, 100);
	emit_store_by_thread(&rig, 1, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 210; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i % 70 + 100);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 210), 0);
	CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 3 * 3 * 10);
	CU_ASSERT_EQUAL(rig.launch->stats.thread_instructions, 3 * 70 * 10);
	rig_free(&rig);
}

/* if (tid < 5) r1 = 1 else r1 = 2; then both add 10 together */
static void lanes_meet_again(void)
{
	rig_init(&rig);
	emit_tid(&rig, 0);                                       /* 0 */
	emit_setp(0, 0, LT, 5);                                  /* 1 */
	emit_branch(&rig, 0, 5);                                 /* 2 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 2);  /* 3 */
	emit_branch(&rig, PT, 6);                                /* 4 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 1);  /* 5 */
	emit_imm(&rig, ROAD_GPU_OP_add_u32, 1, 1, RZ, 0, 2, 10); /* 6 */
	emit_store_by_thread(&rig, 1, 0);                        /* 7..13 */
	emit_exit(&rig);                                         /* 14 */
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i < 5 ? 11 : 12);
	/* Nothing behind word 5 runs twice. */
	CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 15);
	CU_ASSERT_EQUAL(rig.launch->stats.divergent_branches, 1);
	rig_free(&rig);
}

/* Lane i goes round i + 1 times: the loop's exit waits for the last lane. */
static void loop_exits_merge(void)
{
	uint32_t loop;

	rig_init(&rig);
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 0);
	loop = rig.count;
	emit_imm(&rig, ROAD_GPU_OP_add_u32, 1, 1, RZ, 0, 2, 1);
	emit(&rig, ROAD_GPU_OP_setp_u32, 0, 1, 0, PT)->mods = ROAD_GPU_CMP_LE
							      << ROAD_GPU_MOD_CMP_SHIFT;
	rig.words[rig.count - 1].aux = PT;
	emit_branch(&rig, 0, loop);
	emit_store_by_thread(&rig, 1, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i + 1);
	CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 2 + 3 * 32 + 8);
	rig_free(&rig);
}

/* Lane 7 stores to a word on which all others of its warp spin, behind them in layout. */
static void spinning_lanes_let_others_run(void)
{
	uint32_t loop;

	rig_init(&rig);
	emit_tid(&rig, 0);                                                    /* 0 */
	emit_setp(0, 0, EQ, 7);                                               /* 1 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA); /* 2 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 4, 0, RZ, 0, 2, 1);               /* 3 */
	emit_branch(&rig, 0, 8);                                              /* 4 */
	loop = rig.count;
	emit(&rig, ROAD_GPU_OP_ld_b32, 5, 2, 0, 0)->mods = GLOBAL; /* 5 */
	emit_setp(1, 5, EQ, 0);                                    /* 6 */
	emit_branch(&rig, 1, loop);                                /* 7 */
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 4, 0)->mods = GLOBAL; /* 8 */
	emit_store_by_thread(&rig, 4, 1024);
	emit_exit(&rig);
	rig.config.watchdog = 100000;
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, 256 + i), 1);
	/* one patience: 256 rounds of three words, and little else */
	CU_ASSERT_TRUE(rig.launch->stats.warp_instructions > 3 * 256);
	CU_ASSERT_TRUE(rig.launch->stats.warp_instructions < 3 * 256 + 60);
	rig_free(&rig);
}

/* Three groups: lanes of A spin for B, those of B for C: none starves. */
static void waiting_splits_all_get_turns(void)
{
	uint32_t a, b;

	rig_init(&rig);
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA);
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 4, 0, RZ, 0, 2, 1);
	emit_setp(0, 0, LT, 10);
	emit_setp(1, 0, LT, 20);
	emit_branch(&rig, 0 | ROAD_GPU_PNOT, 10); /* 5: lanes 10.. to word 10 */
	a = rig.count;                            /* 6: A waits for word 0 */
	emit(&rig, ROAD_GPU_OP_ld_b32, 5, 2, 0, 0)->mods = GLOBAL;
	emit_setp(2, 5, EQ, 0);
	emit_branch(&rig, 2, a);
	emit_branch(&rig, PT, 16);                /* 9 */
	emit_branch(&rig, 1 | ROAD_GPU_PNOT, 15); /* 10: lanes 20.. to word 15 */
	b = rig.count;                            /* 11: B waits for word 1, then stores word 0 */
	emit(&rig, ROAD_GPU_OP_ld_b32, 5, 2, 0, 0)->mods = GLOBAL;
	rig.words[rig.count - 1].imm = 4;
	emit_setp(2, 5, EQ, 0);
	emit_branch(&rig, 2, b);
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 4, 0)->mods = GLOBAL; /* 14 */
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 4, 0)->mods = GLOBAL; /* 15: C stores word 1 */
	rig.words[rig.count - 1].imm = 4;
	emit_exit(&rig); /* 16 */
	rig.config.watchdog = 100000;
	rig_finish(&rig);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 0), 1);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 1), 1);
	rig_free(&rig);
}

/* Two workgroups: the first spins until the second stores. */
static void workgroups_take_turns(void)
{
	rig_init(&rig);
	rig.config.grid[0] = 2;
	rig.config.slots = 2;
	emit(&rig, ROAD_GPU_OP_sreg_b32, 0, 0, 0, 0)->aux = ROAD_GPU_SREG_CTAID_X;
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA);
	emit_setp(0, 0, EQ, 1);
	emit_branch(&rig, 0, 7);
	emit(&rig, ROAD_GPU_OP_ld_b32, 5, 2, 0, 0)->mods = GLOBAL;
	emit_setp(1, 5, EQ, 0);
	emit_branch(&rig, 1, 4);
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 4, 0, RZ, 0, 2, 1);
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 4, 0)->mods = GLOBAL;
	emit_exit(&rig);
	rig.config.watchdog = 100000;
	rig_finish(&rig);
	/* The first one's turn is 1024 steps long. */
	CU_ASSERT_TRUE(rig.launch->steps > 1024);
	CU_ASSERT_TRUE(rig.launch->steps < 2100);
	rig_free(&rig);
}

/* Warps 1 and 2 exit at once; the others' barrier counts only those that are left. */
static void barrier_counts_threads_that_have_not_exited(void)
{
	rig_init(&rig);
	rig.config.threads[0] = 128;
	rig.config.shared_bytes = 512;
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_shl_b32, 1, 0, RZ, 0, 2, 2);
	emit_setp(0, 0, LT, 96);
	emit_setp(1, 0, LT, 32);
	emit(&rig, ROAD_GPU_OP_plop, 0, 0, 1 | ROAD_GPU_PNOT, PT)->aux = 0x80;
	emit(&rig, ROAD_GPU_OP_exit, 0, 0, 0, 0)->guard = 0; /* threads 32..95 */
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 1, 0, 0)->mods = ROAD_GPU_SPACE_SHARED;
	rig.words[rig.count - 1].form = ROAD_GPU_FORM_ADDR32;
	emit_bar(ROAD_GPU_OP_bar_sync, 3, RZ);
	emit_imm(&rig, ROAD_GPU_OP_xor_b32, 1, 1, RZ, 0, 2, 96 * 4); /* 0..31 <-> 96..127 */
	emit(&rig, ROAD_GPU_OP_ld_b32, 2, 1, 0, 0)->mods = ROAD_GPU_SPACE_SHARED;
	rig.words[rig.count - 1].form = ROAD_GPU_FORM_ADDR32;
	emit_store_by_thread(&rig, 2, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 128; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i < 32 || i >= 96 ? (i ^ 96) : 0);
	CU_ASSERT_EQUAL(rig.launch->stats.barriers, 1);
	rig_free(&rig);
}

/* Lanes of one warp arrive at the same barrier at different words. */
static void barrier_works_in_divergent_code(void)
{
	rig_init(&rig);
	rig.config.threads[0] = 64;
	emit_tid(&rig, 0);                                      /* 0 */
	emit_setp(0, 0, LT, 13);                                /* 1 */
	emit_branch(&rig, 0, 5);                                /* 2 */
	emit_bar(ROAD_GPU_OP_bar_sync, 0, RZ);                  /* 3 */
	emit_branch(&rig, PT, 6);                               /* 4 */
	emit_bar(ROAD_GPU_OP_bar_sync, 0, RZ);                  /* 5 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 9); /* 6 */
	emit_store_by_thread(&rig, 1, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), 9);
	CU_ASSERT_EQUAL(rig.launch->stats.barriers, 1);
	rig_free(&rig);
}

/* Producer arrives and goes on, consumer waits: named barriers with a count. */
static void arrivals_do_not_wait(void)
{
	rig_init(&rig);
	rig.config.threads[0] = 96;
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 64);
	emit_setp(0, 0, LT, 32);
	emit_setp(1, 0, LT, 64);
	emit_branch(&rig, 0, 8);          /* warp 0 arrives */
	emit_branch(&rig, 1, 9);          /* warp 1 waits */
	emit_store_by_thread(&rig, 1, 0); /* 6..12: warp 2 has nothing to do with it */
	rig.count = 6;
	emit_exit(&rig);                        /* 6 */
	emit_exit(&rig);                        /* 7 */
	emit_bar(ROAD_GPU_OP_bar_arrive, 5, 1); /* 8 */
	rig.words[8].guard = 0;
	emit_bar(ROAD_GPU_OP_bar_sync, 5, 1); /* 9 */
	rig.words[9].guard = 0 | ROAD_GPU_PNOT;
	emit_store_by_thread(&rig, 1, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 96; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i < 64 ? 64 : 0);
	CU_ASSERT_EQUAL(rig.launch->stats.barriers, 1);
	rig_free(&rig);
}

static void deadlock_at_barrier_is_a_fault_at_once(void)
{
	const struct road_gpu_fault_info *fault;

	rig_init(&rig);
	rig.config.threads[0] = 64;
	rig.config.grid[0] = 2;
	emit_tid(&rig, 0);
	emit_setp(0, 0, LT, 32);
	emit_branch(&rig, 0, 4);
	emit_bar(ROAD_GPU_OP_bar_sync, 1, RZ);
	emit_bar(ROAD_GPU_OP_bar_sync, 2, RZ); /* 4 */
	emit_exit(&rig);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_BARRIER);
	CU_ASSERT_EQUAL(fault->warp, 0);
	CU_ASSERT_EQUAL(fault->pc, 4);
	CU_ASSERT_EQUAL(fault->line, 1004);
	CU_ASSERT_EQUAL(fault->detail, 2);
	CU_ASSERT_TRUE(rig.launch->steps < 20);
	rig_free(&rig);
}

static void watchdog_bites_at_the_same_step_in_any_slicing(void)
{
	for (uint64_t slice = 1; slice < 100000; slice = slice * 7 + 3) {
		enum road_gpu_progress end;

		rig_init(&rig);
		rig.config.threads[0] = 128;
		rig.config.grid[0] = 5;
		rig.config.slots = 3;
		emit_imm(&rig, ROAD_GPU_OP_add_u32, 1, 1, RZ, 0, 2, 1);
		emit_branch(&rig, PT, 0);
		rig.config.watchdog = 12345;
		rig_launch(&rig);
		CU_ASSERT_EQUAL(rig_run(&rig, slice, &end), 12345);
		CU_ASSERT_EQUAL(end, ROAD_GPU_FAULTED);
		CU_ASSERT_EQUAL(rig.launch->fault.code, ROAD_GPU_FAULT_WATCHDOG);
		CU_ASSERT_EQUAL(rig.launch->fault.detail, 12345);
		/* 12 whole turns, three slots: the thirteenth is slot 0's again */
		CU_ASSERT_EQUAL(rig.launch->fault.ctaid[0], 0);
		CU_ASSERT_EQUAL(rig.launch->fault.pc, 1);
		rig_free(&rig);
	}
}

/* word r2 + tid * 4, from `base` on */
static void emit_access(unsigned op, int32_t low, int32_t imm)
{
	emit_tid(&rig, 0);
	emit_imm(&rig, ROAD_GPU_OP_mul_wide_u32, 2, 0, RZ, 0, 2, 4);
	emit_imm(&rig, ROAD_GPU_OP_add_u64, 2, 2, RZ, 0, 2, low);
	if (op == ROAD_GPU_OP_ld_b32)
		emit(&rig, op, 5, 2, 0, 0)->mods = GLOBAL;
	else
		emit(&rig, op, 0, 2, 0, 0)->mods = GLOBAL;
	rig.words[rig.count - 1].imm = imm;
	emit_exit(&rig);
}

static void access_out_of_bounds_names_the_lane(void)
{
	const struct road_gpu_fault_info *fault;

	rig_init(&rig);
	emit_access(ROAD_GPU_OP_st_b32, (int32_t)(RIG_VA + RIG_BYTES) - 40, 0);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_UNMAPPED);
	CU_ASSERT_EQUAL(fault->lane, 10);
	CU_ASSERT_EQUAL(fault->address, RIG_VA + RIG_BYTES);
	CU_ASSERT_EQUAL(fault->pc, 3);
	CU_ASSERT_EQUAL(fault->line, 1003);
	CU_ASSERT_EQUAL(fault->detail, 4);
	/* nothing was written by the lanes before it */
	CU_ASSERT_EQUAL(*rig_u32(&rig, RIG_BYTES / 4 - 9), 0);
	rig_free(&rig);
}

static void lanes_that_do_not_act_never_fault(void)
{
	rig_init(&rig);
	emit_access(ROAD_GPU_OP_st_b32, (int32_t)(RIG_VA + RIG_BYTES) - 40, 0);
	rig.count = 3;
	emit_setp(0, 0, LT, 10);
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 0, 0)->mods = GLOBAL;
	rig.words[rig.count - 1].guard = 0;
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, RIG_BYTES / 4 - 10 + i), i);
	rig_free(&rig);
}

static void rights_and_alignment_are_checked(void)
{
	const struct road_gpu_fault_info *fault;

	rig_init(&rig);
	emit_access(ROAD_GPU_OP_st_b32, (int32_t)RIG_READONLY, 0);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_RIGHTS);
	CU_ASSERT_EQUAL(fault->lane, 0);
	CU_ASSERT_EQUAL(fault->address, RIG_READONLY);
	rig_free(&rig);

	rig_init(&rig);
	emit_access(ROAD_GPU_OP_ld_b32, (int32_t)RIG_READONLY, 0);
	rig_finish(&rig);
	rig_free(&rig);

	rig_init(&rig);
	emit_access(ROAD_GPU_OP_ld_b32, (int32_t)RIG_VA, 2);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_MISALIGNED);
	CU_ASSERT_EQUAL(fault->address, RIG_VA + 2);
	rig_free(&rig);
}

static void running_off_the_end_is_a_fault(void)
{
	const struct road_gpu_fault_info *fault;

	rig_init(&rig);
	emit_tid(&rig, 0);
	emit_setp(0, 0, LT, 4);
	emit(&rig, ROAD_GPU_OP_exit, 0, 0, 0, 0)->guard = 0;
	fault = rig_fault(&rig, ROAD_GPU_FAULT_ILLEGAL);
	CU_ASSERT_EQUAL(fault->pc, 3);
	CU_ASSERT_EQUAL(fault->lane, 4);
	rig_free(&rig);

	rig_init(&rig);
	emit_setp(0, RZ, EQ, 1);
	emit(&rig, ROAD_GPU_OP_trap, 0, 0, 0, 0)->guard = 0; /* no lane */
	emit(&rig, ROAD_GPU_OP_trap, 0, 0, 0, 0);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_TRAP);
	CU_ASSERT_EQUAL(fault->pc, 2);
	rig_free(&rig);
}

/* Lane i of 0..3 takes branch i of a table, whose entries are not in order. */
static void branch_tables_split_by_target(void)
{
	static const uint32_t targets[] = {8, 4, 6, 4};

	for (int limit = 4; limit >= 3; limit--) {
		rig_init(&rig);
		memcpy(rig.branches, targets, sizeof(targets));
		rig.branch_count = 4;
		emit_tid(&rig, 0);
		emit_imm(&rig, ROAD_GPU_OP_and_b32, 1, 0, RZ, 0, 2, 3);
		emit(&rig, ROAD_GPU_OP_nop, 0, 0, 0, 0);
		emit(&rig, ROAD_GPU_OP_brx, 0, 1, 0, 0)->aux = (uint16_t)limit;
		emit_imm(&rig, ROAD_GPU_OP_mov_b32, 2, 0, RZ, 0, 2, 40); /* 4 */
		emit_branch(&rig, PT, 9);
		emit_imm(&rig, ROAD_GPU_OP_mov_b32, 2, 0, RZ, 0, 2, 60); /* 6 */
		emit_branch(&rig, PT, 9);
		emit_imm(&rig, ROAD_GPU_OP_mov_b32, 2, 0, RZ, 0, 2, 80); /* 8 */
		emit_store_by_thread(&rig, 2, 0);                        /* 9 */
		emit_exit(&rig);
		if (limit == 3) {
			const struct road_gpu_fault_info *fault =
				rig_fault(&rig, ROAD_GPU_FAULT_ILLEGAL);

			CU_ASSERT_EQUAL(fault->lane, 3);
			CU_ASSERT_EQUAL(fault->detail, 3);
		} else {
			rig_finish(&rig);
			for (uint32_t i = 0; i < 32; i++)
				CU_ASSERT_EQUAL(*rig_u32(&rig, i), 10 * targets[i % 4]);
			CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 4 + 2 + 2 + 1 + 8);
			CU_ASSERT_EQUAL(rig.launch->stats.divergent_branches, 1);
		}
		rig_free(&rig);
	}
}

/* The same launch by single steps, with peek asked twice, ends with the same memory. */
static void steps_do_what_runs_do(void)
{
	static uint8_t expected[RIG_BYTES];
	static struct road_gpu_access access;
	struct road_gpu_block *block;
	struct road_gpu_step step;
	uint64_t steps = 0;

	for (int by_step = 0; by_step < 2; by_step++) {
		rig_init(&rig);
		rig.config.threads[0] = 64;
		rig.config.shared_bytes = 256;
		emit_tid(&rig, 0);
		emit_imm(&rig, ROAD_GPU_OP_shl_b32, 1, 0, RZ, 0, 2, 2);
		emit_imm(&rig, ROAD_GPU_OP_xor_b32, 3, 1, RZ, 0, 2, 0x84);
		emit(&rig, ROAD_GPU_OP_st_b32, 0, 1, 0, 0)->mods = ROAD_GPU_SPACE_SHARED;
		rig.words[rig.count - 1].form = ROAD_GPU_FORM_ADDR32;
		emit_bar(ROAD_GPU_OP_bar_sync, 0, RZ);
		emit(&rig, ROAD_GPU_OP_ld_b32, 2, 3, 0, 0)->mods = ROAD_GPU_SPACE_SHARED;
		rig.words[rig.count - 1].form = ROAD_GPU_FORM_ADDR32;
		emit_store_by_thread(&rig, 2, 0);
		emit_exit(&rig);
		if (!by_step) {
			rig_finish(&rig);
			memcpy(expected, rig.memory, RIG_BYTES);
			steps = rig.launch->steps;
			rig_free(&rig);
			continue;
		}
		rig_launch(&rig);
		block = &rig.launch->blocks[0];
		road_gpu_block_start(block, 0, 0);
		for (unsigned w = 0; block->busy; w ^= 1) {
			struct road_gpu_warp *warp = &block->warps[w];
			const struct road_gpu_insn *insn = road_gpu_warp_peek(warp);

			CU_ASSERT_PTR_EQUAL(insn, road_gpu_warp_peek(warp));
			if (!road_gpu_warp_step(warp, &access, &step))
				continue;
			CU_ASSERT_PTR_EQUAL(step.insn, insn);
			CU_ASSERT_EQUAL(step.active, ROAD_GPU_ALL);
			CU_ASSERT_FALSE(step.fault);
			if (insn->op == ROAD_GPU_OP_st_b32 && insn->space == GLOBAL) {
				CU_ASSERT_PTR_EQUAL_FATAL(step.access, &access);
				for (uint32_t l = 0; l < 32; l++) {
					CU_ASSERT_PTR_EQUAL(road_gpu_access_host(&access, l),
							    rig.memory + 4 * (w * 32 + l));
					CU_ASSERT_EQUAL(road_gpu_access_pa(&access, l),
							0x10000 + 4 * (w * 32 + l));
				}
			}
			if (insn->kind == ROAD_GPU_KIND_BAR_SYNC)
				CU_ASSERT_TRUE(step.barrier);
			steps--;
		}
		CU_ASSERT_TRUE(step.block_finished);
		CU_ASSERT_EQUAL(steps, 0);
		CU_ASSERT_EQUAL(memcmp(expected, rig.memory, RIG_BYTES), 0);
		CU_ASSERT_EQUAL(*rig_u32(&rig, 0), 33);
		rig_free(&rig);
	}
}

static void memory_starts_as_specified(void)
{
	for (int poison = 0; poison < 2; poison++) {
		rig_init(&rig);
		rig.config.shared_bytes = 64;
		rig.config.poison = poison;
		rig.config.poison_word = 0xdeadbeef;
		emit(&rig, ROAD_GPU_OP_ld_b32, 1, RZ, 0, 0)->mods = ROAD_GPU_SPACE_SHARED;
		rig.words[0].form = ROAD_GPU_FORM_ADDR32;
		rig.words[0].imm = 60;
		emit_store_by_thread(&rig, 1, 0);
		emit_store_by_thread(&rig, 9, 128);
		emit_exit(&rig);
		rig_finish(&rig);
		CU_ASSERT_EQUAL(*rig_u32(&rig, 5), poison ? 0xdeadbeef : 0xa5a5a5a5);
		CU_ASSERT_EQUAL(*rig_u32(&rig, 32 + 5), poison ? 0xdeadbeef : 0);
		rig_free(&rig);
	}
}

static void partial_workgroups_run_fewer_threads(void)
{
	rig_init(&rig);
	rig.config.threads[0] = 32;
	rig.config.grid[0] = 2;
	rig.config.grid_items[0] = 45;
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 1);
	emit_bar(ROAD_GPU_OP_bar_sync, 0, RZ);
	emit_store_by_thread(&rig, 1, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	for (uint32_t i = 0; i < 64; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i < 45);
	rig_free(&rig);
}

static const struct tap_case cases[] = {
	{"each thread stores its own word", stores_by_thread},
	{"lanes of an if and its else meet behind it", lanes_meet_again},
	{"lanes that leave a loop early wait for the others", loop_exits_merge},
	{"spinning lanes let the others run after 256 rounds", spinning_lanes_let_others_run},
	{"of three waiting splits none starves", waiting_splits_all_get_turns},
	{"a workgroup may spin on a later one", workgroups_take_turns},
	{"barriers count threads that have not exited",
	 barrier_counts_threads_that_have_not_exited},
	{"barriers work in divergent code", barrier_works_in_divergent_code},
	{"arriving at a barrier does not wait", arrivals_do_not_wait},
	{"a deadlock at barriers faults at once", deadlock_at_barrier_is_a_fault_at_once},
	{"the watchdog bites at the same step in any slicing",
	 watchdog_bites_at_the_same_step_in_any_slicing},
	{"an access out of bounds names lane, address, word and line",
	 access_out_of_bounds_names_the_lane},
	{"lanes that do not act never fault", lanes_that_do_not_act_never_fault},
	{"rights and alignment are checked", rights_and_alignment_are_checked},
	{"running off the end and traps are faults", running_off_the_end_is_a_fault},
	{"branch tables split a warp by target", branch_tables_split_by_target},
	{"single steps do what functional runs do", steps_do_what_runs_do},
	{"registers and shared memory start as specified", memory_starts_as_specified},
	{"partial workgroups run fewer threads", partial_workgroups_run_fewer_threads},
};

TAP_MAIN(cases)
