/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: lanes go deeper and come back each to its own place, and meet where they left. */
#include "tests/unit/sim_gpu/rig.h"

#include <string.h>

#define GLOBAL ROAD_GPU_SPACE_GLOBAL

static struct rig rig;

static void emit_setp(unsigned p, unsigned r, unsigned cmp, int32_t imm)
{
	struct road_gpu_word *word = emit_imm(&rig, ROAD_GPU_OP_setp_u32, p, r, RZ, PT, 2, imm);

	word->mods = (uint16_t)(cmp << ROAD_GPU_MOD_CMP_SHIFT);
	word->aux = PT;
}

static void emit_call(unsigned guard, unsigned link, uint32_t target)
{
	struct road_gpu_word *word = emit(&rig, ROAD_GPU_OP_call, link, 0, 0, 0);

	word->guard = (uint8_t)guard;
	word->imm = (int32_t)target;
}

static void emit_ret(unsigned link)
{
	emit(&rig, ROAD_GPU_OP_ret, 0, link, 0, 0);
}

static void emit_add(unsigned d, unsigned a, int32_t imm)
{
	emit_imm(&rig, ROAD_GPU_OP_add_u32, d, a, RZ, 0, 2, imm);
}

/* Lanes below 5 call a function that stands behind what follows the call. */
static void callers_meet_the_others(void)
{
	rig_init(&rig);
	emit_tid(&rig, 0);                   /* 0 */
	emit_setp(0, 0, ROAD_GPU_CMP_LT, 5); /* 1 */
	emit_call(0, 4, 12);                 /* 2 */
	emit_add(1, 1, 10);                  /* 3: together */
	emit_store_by_thread(&rig, 1, 0);    /* 4..10 */
	emit_exit(&rig);                     /* 11 */
	emit_add(1, 0, 100);                 /* 12 */
	emit_ret(4);                         /* 13 */
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i < 5 ? i + 110 : 10);
	CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 12 + 2);
	CU_ASSERT_EQUAL(rig.launch->stats.divergent_branches, 1);
	rig_free(&rig);
}

/* Even lanes come from one place, odd lanes from another, through functions between: in the inner
 * one all are at depth 2 and run as one; each returns to where it came from. */
static void lanes_return_to_their_own_place(void)
{
	rig_init(&rig);
	rig.branches[0] = 15;
	rig.branches[1] = 18;
	rig.branch_count = 2;
	emit_tid(&rig, 0);                                                          /* 0 */
	emit_imm(&rig, ROAD_GPU_OP_and_b32, 2, 0, RZ, 0, 2, 1);                     /* 1 */
	emit_imm(&rig, ROAD_GPU_OP_mul_lo_u32, 2, 2, RZ, 0, 2, ROAD_GPU_CODE_STEP); /* 2 */
	emit_imm(&rig, ROAD_GPU_OP_pack_b64, 6, 2, RZ, 0, 2,
		 (int32_t)(ROAD_GPU_CODE_WINDOW >> 32));         /* 3 */
	emit(&rig, ROAD_GPU_OP_call_table, 4, 6, 0, 0)->aux = 2; /* 4 */
	emit_add(1, 1, 1000);                                    /* 5: together */
	emit_store_by_thread(&rig, 1, 0);                        /* 6..12 */
	emit_exit(&rig);                                         /* 13 */
	emit(&rig, ROAD_GPU_OP_nop, 0, 0, 0, 0);                 /* 14 */
	emit_call(PT, 5, 21);                                    /* 15: even */
	emit_add(1, 1, 1);                                       /* 16 */
	emit_ret(4);                                             /* 17 */
	emit_call(PT, 5, 21);                                    /* 18: odd */
	emit_add(1, 1, 2);                                       /* 19 */
	emit_ret(4);                                             /* 20 */
	emit_add(1, 0, 100);                                     /* 21: all */
	emit_ret(5);                                             /* 22 */
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), i + 1101 + i % 2);
	rig_free(&rig);
}

/* Lane i calls itself i times; the way back is walked together, deepest first. */
static void recursion_comes_back_together(void)
{
	rig_init(&rig);
	rig.desc.local_bytes = rig.config.local_bytes = 256;
	emit_tid(&rig, 0);                                        /* 0 */
	emit_call(PT, 4, 11);                                     /* 1 */
	emit_store_by_thread(&rig, 1, 0);                         /* 2..8 */
	emit_exit(&rig);                                          /* 9 */
	emit(&rig, ROAD_GPU_OP_nop, 0, 0, 0, 0);                  /* 10 */
	emit_setp(0, 0, ROAD_GPU_CMP_EQ, 0);                      /* 11 */
	emit_branch(&rig, 0, 21);                                 /* 12 */
	emit_imm(&rig, ROAD_GPU_OP_stack_u32, 8, 8, RZ, 0, 2, 8); /* 13 */
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 8, 4, 0);               /* 14 */
	rig.words[14].form = ROAD_GPU_FORM_ADDR32;
	rig.words[14].mods = ROAD_GPU_SPACE_LOCAL;
	rig.words[14].imm = -8;
	emit_add(0, 0, -1);                         /* 15 */
	emit_call(PT, 4, 11);                       /* 16 */
	emit(&rig, ROAD_GPU_OP_ld_b32, 4, 8, 0, 0); /* 17 */
	rig.words[17].form = ROAD_GPU_FORM_ADDR32;
	rig.words[17].mods = ROAD_GPU_SPACE_LOCAL;
	rig.words[17].imm = -8;
	emit_add(8, 8, -8);                                     /* 18 */
	emit_add(1, 1, 3);                                      /* 19 */
	emit_ret(4);                                            /* 20 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 1, 0, RZ, 0, 2, 7); /* 21 */
	emit_ret(4);                                            /* 22 */
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, i), 7 + 3 * i);
	/* down: 6 words at each of 31 depths, 2 at the last; 2 for each lane's end; back: 4 */
	CU_ASSERT_EQUAL(rig.launch->stats.warp_instructions, 2 + 31 * 6 + 2 + 32 * 2 + 31 * 4 + 8);
	rig_free(&rig);
}

/* A lane in a function spins for one that has not called: the deeper does not starve it. */
static void a_caller_may_wait_for_who_did_not_call(void)
{
	rig_init(&rig);
	emit_tid(&rig, 0);                                                    /* 0 */
	emit_setp(0, 0, ROAD_GPU_CMP_NE, 7);                                  /* 1 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b64, 2, 0, RZ, 0, 2, (int32_t)RIG_VA); /* 2 */
	emit_imm(&rig, ROAD_GPU_OP_mov_b32, 4, 0, RZ, 0, 2, 1);               /* 3 */
	emit_call(0, 6, 15);                                                  /* 4 */
	emit(&rig, ROAD_GPU_OP_st_b32, 0, 2, 4, 0)->mods = GLOBAL;            /* 5 */
	emit_store_by_thread(&rig, 4, 1024);                                  /* 6..12 */
	emit_exit(&rig);                                                      /* 13 */
	emit(&rig, ROAD_GPU_OP_nop, 0, 0, 0, 0);                              /* 14 */
	emit(&rig, ROAD_GPU_OP_ld_b32, 5, 2, 0, 0)->mods = GLOBAL;            /* 15 */
	emit_setp(1, 5, ROAD_GPU_CMP_EQ, 0);                                  /* 16 */
	emit_branch(&rig, 1, 15);                                             /* 17 */
	emit_ret(6);                                                          /* 18 */
	rig.config.watchdog = 100000;
	rig_finish(&rig);
	for (uint32_t i = 0; i < 32; i++)
		CU_ASSERT_EQUAL(*rig_u32(&rig, 256 + i), 1);
	rig_free(&rig);
}

/* r0 = tid; function at word 3 */
static void start_fault(void)
{
	rig_init(&rig);
	rig.desc.local_bytes = rig.config.local_bytes = 64;
	emit_tid(&rig, 0);
}

static void bad_calls_are_faults(void)
{
	const struct road_gpu_fault_info *fault;

	start_fault(); /* return without call */
	emit_ret(0);
	emit_exit(&rig);
	CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_ILLEGAL)->lane, 0);
	rig_free(&rig);

	start_fault(); /* to a word behind the last, from lane 4 on */
	emit_call(PT, 4, 2);
	emit_ret(0);
	emit_exit(&rig);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_ILLEGAL);
	CU_ASSERT_EQUAL(fault->lane, 4);
	CU_ASSERT_EQUAL(fault->detail, 4);
	rig_free(&rig);

	for (unsigned k = 0; k < 3; k++) { /* not aligned, no entry, below the window */
		static const uint64_t addresses[] = {ROAD_GPU_CODE_WINDOW + 1,
						     ROAD_GPU_CODE_WINDOW + ROAD_GPU_CODE_STEP,
						     ROAD_GPU_CODE_WINDOW - ROAD_GPU_CODE_STEP};

		start_fault();
		rig.branch_count = 1;
		rig.params[0] = addresses[k];
		emit(&rig, ROAD_GPU_OP_ld_b64, 2, RZ, 0, 0)->form = ROAD_GPU_FORM_ADDR32;
		rig.words[1].mods = ROAD_GPU_SPACE_PARAM;
		emit(&rig, ROAD_GPU_OP_call_table, 4, 2, 0, 0)->aux = 1;
		emit_exit(&rig);
		fault = rig_fault(&rig, ROAD_GPU_FAULT_CALL);
		CU_ASSERT_EQUAL(fault->address, addresses[k]);
		CU_ASSERT_EQUAL(fault->pc, 2);
		rig_free(&rig);
	}
}

static void a_stack_beyond_local_memory_is_a_fault(void)
{
	const struct road_gpu_fault_info *fault;

	start_fault(); /* up to 64 bytes are good: lane 17 asks for 65 */
	emit_imm(&rig, ROAD_GPU_OP_stack_u32, 2, 0, RZ, 0, 2, 48);
	emit_exit(&rig);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_STACK);
	CU_ASSERT_EQUAL(fault->lane, 17);
	CU_ASSERT_EQUAL(fault->detail, 65);
	rig_free(&rig);

	start_fault(); /* the sum does not wrap */
	emit_imm(&rig, ROAD_GPU_OP_stack_u32, 2, 0, RZ, 0, 2, -1);
	emit_exit(&rig);
	CU_ASSERT_EQUAL(rig_fault(&rig, ROAD_GPU_FAULT_STACK)->lane, 0);
	rig_free(&rig);
}

static void variant_calls(const char *name)
{
	(void)name;
	callers_meet_the_others();
	lanes_return_to_their_own_place();
	recursion_comes_back_together();
	a_caller_may_wait_for_who_did_not_call();
}

static void all_variants(void)
{
	each_variant(variant_calls);
}

static const struct tap_case cases[] = {
	{"lanes that call meet those that do not, behind the call", callers_meet_the_others},
	{"each lane returns to its own place", lanes_return_to_their_own_place},
	{"recursion to different depths comes back together", recursion_comes_back_together},
	{"a lane in a function may spin on one that did not call",
	 a_caller_may_wait_for_who_did_not_call},
	{"returns and calls to nowhere are faults", bad_calls_are_faults},
	{"a stack beyond local memory is a fault", a_stack_beyond_local_memory_is_a_fault},
	{"the same under every vector variant", all_variants},
};

TAP_MAIN(cases)
