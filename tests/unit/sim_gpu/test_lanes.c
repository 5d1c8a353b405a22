/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lanes tell each other, against the text of the PTX ISA lane by lane: random values, random
 * sets of lanes that act together, at one word or at two; who is waited for; what is a violation.
 */
#include "tests/unit/sim_gpu/rig.h"

#include <stdio.h>
#include <string.h>

enum { D = 4, A = 6, B = 8, MEMBERS = 10, P = 3, Q = 4, SECOND = 5 };

static struct rig rig;
static uint64_t state;
static unsigned wrong;

static const uint16_t ops[] = {
	ROAD_GPU_OP_shfl_up_b32,   ROAD_GPU_OP_shfl_down_b32, ROAD_GPU_OP_shfl_bfly_b32,
	ROAD_GPU_OP_shfl_idx_b32,  ROAD_GPU_OP_vote_all,      ROAD_GPU_OP_vote_any,
	ROAD_GPU_OP_vote_uni,      ROAD_GPU_OP_vote_ballot,   ROAD_GPU_OP_match_any_b32,
	ROAD_GPU_OP_match_any_b64, ROAD_GPU_OP_match_all_b32, ROAD_GPU_OP_match_all_b64,
	ROAD_GPU_OP_redux_add_b32, ROAD_GPU_OP_redux_min_u32, ROAD_GPU_OP_redux_min_s32,
	ROAD_GPU_OP_redux_max_u32, ROAD_GPU_OP_redux_max_s32, ROAD_GPU_OP_redux_and_b32,
	ROAD_GPU_OP_redux_or_b32,  ROAD_GPU_OP_redux_xor_b32,
};

struct lanes { /* operands of all lanes, and what comes of them */
	uint64_t a[32];
	uint32_t b[32], c[32]; /* of shuffles, as in PTX */
	bool p[32];
	uint64_t d[32];
	bool second[32];
};

static bool is_shuffle(unsigned op)
{
	return op >= ROAD_GPU_OP_shfl_up_b32 && op <= ROAD_GPU_OP_shfl_idx_b32;
}

static bool is_wide(unsigned op)
{
	return op == ROAD_GPU_OP_match_any_b64 || op == ROAD_GPU_OP_match_all_b64;
}

/* The pseudo code of "shfl.sync". */
static void shuffle(unsigned op, struct lanes *x, uint32_t lane, uint32_t group)
{
	int b = (int)(x->b[lane] & 31), c = (int)(x->c[lane] & 31);
	int mask = (int)(x->c[lane] >> 8 & 31), own = (int)lane, j;
	int max = (own & mask) | (c & ~mask & 31), min = own & mask;

	if (op == ROAD_GPU_OP_shfl_up_b32)
		j = own - b, x->second[lane] = j >= max;
	else if (op == ROAD_GPU_OP_shfl_down_b32)
		j = own + b, x->second[lane] = j <= max;
	else if (op == ROAD_GPU_OP_shfl_bfly_b32)
		j = own ^ b, x->second[lane] = j <= max;
	else
		j = min | (b & ~mask & 31), x->second[lane] = j <= max;
	if (!x->second[lane] || !(group >> j & 1))
		j = own;
	x->d[lane] = (uint32_t)x->a[j];
}

static uint32_t reduced(unsigned op, const struct lanes *x, uint32_t group)
{
	uint32_t sum = 0;
	bool first = true;

	for (uint32_t l = 0; l < 32; l++) {
		uint32_t v = (uint32_t)x->a[l];
		bool low = op == ROAD_GPU_OP_redux_min_s32 || op == ROAD_GPU_OP_redux_max_s32
				   ? (int32_t)v < (int32_t)sum
				   : v < sum;

		if (!(group >> l & 1))
			continue;
		if (first)
			sum = v;
		else if (op == ROAD_GPU_OP_redux_add_b32)
			sum += v;
		else if (op == ROAD_GPU_OP_redux_and_b32)
			sum &= v;
		else if (op == ROAD_GPU_OP_redux_or_b32)
			sum |= v;
		else if (op == ROAD_GPU_OP_redux_xor_b32)
			sum ^= v;
		else if (op == ROAD_GPU_OP_redux_min_u32 || op == ROAD_GPU_OP_redux_min_s32)
			sum = low ? v : sum;
		else
			sum = low ? sum : v;
		first = false;
	}
	return sum;
}

static void expect(unsigned op, struct lanes *x, uint32_t group)
{
	uint32_t yes = 0, same;
	bool all = op == ROAD_GPU_OP_match_all_b32 || op == ROAD_GPU_OP_match_all_b64;

	for (uint32_t l = 0; l < 32; l++)
		yes |= (uint32_t)(group >> l & 1 && x->p[l]) << l;
	for (uint32_t l = 0; l < 32; l++) {
		if (!(group >> l & 1))
			continue;
		same = 0;
		for (uint32_t o = 0; o < 32; o++)
			same |= (uint32_t)(group >> o & 1 && x->a[o] == x->a[l]) << o;
		switch (op) {
		case ROAD_GPU_OP_vote_all: x->d[l] = yes == group; break;
		case ROAD_GPU_OP_vote_any: x->d[l] = yes != 0; break;
		case ROAD_GPU_OP_vote_uni: x->d[l] = yes == group || !yes; break;
		case ROAD_GPU_OP_vote_ballot: x->d[l] = yes; break;
		case ROAD_GPU_OP_match_any_b32:
		case ROAD_GPU_OP_match_any_b64: x->d[l] = same; break;
		default:
			if (is_shuffle(op))
				shuffle(op, x, l, group);
			else if (!all)
				x->d[l] = reduced(op, x, group);
			else
				x->d[l] = same == group ? group : 0;
			if (all)
				x->second[l] = same == group;
		}
	}
}

static void choose(unsigned op, struct lanes *x, uint32_t clamp)
{
	uint64_t few = rig_random(&state) & 3;

	for (uint32_t l = 0; l < 32; l++) {
		x->a[l] = few ? rig_random(&state) % (1 + few) : rig_random(&state);
		if (few == 1)
			x->a[l] = UINT64_C(0x8000000080000000);
		if (!is_wide(op))
			x->a[l] = (uint32_t)x->a[l];
		x->b[l] = (uint32_t)rig_random(&state) & (few & 1 ? 31 : 255);
		x->c[l] = clamp;
		x->p[l] = few == 1 || (few != 2 && rig_random(&state) & 1);
	}
}

static struct road_gpu_word *emit_op(unsigned op, unsigned mods, uint32_t c)
{
	bool second = op == ROAD_GPU_OP_match_all_b32 || op == ROAD_GPU_OP_match_all_b64;
	unsigned d = op >= ROAD_GPU_OP_vote_all && op <= ROAD_GPU_OP_vote_uni ? P : D;
	unsigned a = op >= ROAD_GPU_OP_vote_all && op <= ROAD_GPU_OP_vote_ballot ? Q : A;
	struct road_gpu_word *word = emit(&rig, op, d, a, is_shuffle(op) ? B : 0,
					  mods & ROAD_GPU_MOD_MEMBERS_MASK ? RZ : MEMBERS);

	word->mods = (uint16_t)mods;
	if (second)
		word->aux = SECOND;
	if (is_shuffle(op))
		word->aux = mods & ROAD_GPU_MOD_PACKED ? ROAD_GPU_SHFL(SECOND, 0, 0)
						       : ROAD_GPU_SHFL(SECOND, c & 31, c >> 8 & 31);
	return word;
}

static void put(struct road_gpu_warp *warp, unsigned op, const struct lanes *x, bool packed)
{
	for (uint32_t l = 0; l < 32; l++) {
		if (is_wide(op))
			((uint64_t *)(void *)road_gpu_warp_row(warp, A))[l] = x->a[l];
		else
			road_gpu_warp_row(warp, A)[l] = (uint32_t)x->a[l];
		road_gpu_warp_row(warp, B)[l] =
			packed ? (x->b[l] & 31) | (x->c[l] & 0x1f1f) << 8 : x->b[l];
		warp->preds[Q] = (warp->preds[Q] & ~(1u << l)) | (uint32_t)x->p[l] << l;
	}
}

static void check(const struct road_gpu_warp *warp, unsigned op, const struct lanes *x,
		  uint32_t acted)
{
	bool votes = op >= ROAD_GPU_OP_vote_all && op <= ROAD_GPU_OP_vote_uni;
	bool second = is_shuffle(op) || op == ROAD_GPU_OP_match_all_b32 ||
		      op == ROAD_GPU_OP_match_all_b64;

	for (uint32_t l = 0; l < 32; l++) {
		uint64_t got = votes ? warp->preds[P] >> l & 1 : road_gpu_warp_row(warp, D)[l];
		uint64_t want = acted >> l & 1 ? x->d[l] : votes ? 0 : 0x77;
		bool bad = got != want;

		if (second)
			bad |= (warp->preds[SECOND] >> l & 1) !=
			       (acted >> l & 1 ? (uint32_t)x->second[l] : 0u);
		if (bad && wrong++ < 5)
			printf("# %s lane %u: got %llx, want %llx\n", road_gpu_op_name(op), l,
			       (unsigned long long)got, (unsigned long long)want);
	}
}

/* Some lanes (predicate 1) do it, in groups that know each other; at one word, or (`apart`)
 * those of predicate 2 at another one. */
static void run_once(unsigned op, unsigned mods, bool apart)
{
	static const uint32_t clamps[] = {31, 0, 0x1c1f, 0x1800, 0x101f, 0x0f07, 0x1f1f, 0x0810};
	uint32_t clamp = clamps[rig_random(&state) % 8], mask = (uint32_t)rig_random(&state);
	uint32_t split = (uint32_t)rig_random(&state), steps = 0, groups[2];
	struct road_gpu_access access;
	struct road_gpu_step step;
	struct lanes x;

	if ((mods & ROAD_GPU_MOD_MEMBERS_MASK) == ROAD_GPU_MEMBERS_FULL)
		mask = ROAD_GPU_ALL;
	rig_init(&rig);
	if (apart)
		emit_branch(&rig, 2, 3);
	emit_op(op, mods, clamp)->guard = 1;
	emit_exit(&rig);
	if (apart) {
		emit_op(op, mods, clamp)->guard = 1;
		emit_exit(&rig);
	}
	rig_launch(&rig);
	road_gpu_block_start(&rig.launch->blocks[0], 0, 0);

	struct road_gpu_warp *warp = &rig.launch->blocks[0].warps[0];

	choose(op, &x, clamp);
	put(warp, op, &x, mods & ROAD_GPU_MOD_PACKED);
	warp->preds[1] = mask;
	warp->preds[2] = split;
	groups[0] = (uint32_t)rig_random(&state) & mask;
	groups[1] = mask & ~groups[0];
	if ((mods & ROAD_GPU_MOD_MEMBERS_MASK) != ROAD_GPU_MEMBERS_FIELD) {
		groups[0] = mask;
		groups[1] = 0;
	}
	for (uint32_t l = 0; l < 32; l++) {
		road_gpu_warp_row(warp, D)[l] = 0x77;
		road_gpu_warp_row(warp, MEMBERS)[l] = groups[0] >> l & 1 ? groups[0] : groups[1];
	}
	expect(op, &x, groups[0]);
	expect(op, &x, groups[1]);
	while (rig.launch->blocks[0].busy && steps++ < 20)
		CU_ASSERT_TRUE(road_gpu_warp_step(warp, &access, &step));
	CU_ASSERT_FALSE(rig.launch->blocks[0].busy);
	CU_ASSERT_EQUAL(rig.launch->blocks[0].stats.sync_violations, 0);
	check(warp, op, &x, mask);
	rig_free(&rig);
}

static void run_all(const char *name)
{
	unsigned before = wrong;

	state = 77;
	for (unsigned k = 0; k < sizeof(ops) / sizeof(ops[0]); k++) {
		unsigned packed = is_shuffle(ops[k]) ? ROAD_GPU_MOD_PACKED : 0;

		for (unsigned i = 0; i < 60; i++) {
			run_once(ops[k], i & 1 ? packed : 0, i & 2);
			run_once(ops[k], ROAD_GPU_MEMBERS_FULL | (i & 1 ? packed : 0), i & 2);
			run_once(ops[k], ROAD_GPU_MEMBERS_ACTIVE | (i & 1 ? packed : 0), false);
		}
	}
	CU_ASSERT_EQUAL(wrong, before);
	if (wrong != before)
		printf("# in %s\n", name);
}

static void lanes_tell_each_other_what_ptx_says(void)
{
	each_variant(run_all);
}

/* The others wait at word 3 and name all while lanes 0..7 come to their end at word 5. */
static void who_has_exited_is_not_waited_for(void)
{
	rig_init(&rig);
	emit_tid(&rig, A);
	emit_imm(&rig, ROAD_GPU_OP_setp_u32, 0, A, RZ, PT, 2, 8)->mods = ROAD_GPU_CMP_LT
									 << ROAD_GPU_MOD_CMP_SHIFT;
	rig.words[rig.count - 1].aux = PT;
	emit_branch(&rig, 0, 5);
	emit_op(ROAD_GPU_OP_redux_add_b32, ROAD_GPU_MEMBERS_FULL, 0);
	emit_branch(&rig, PT, 6);
	emit_exit(&rig);
	emit_store_by_thread(&rig, D, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 8), 31 * 32 / 2 - 7 * 8 / 2);
	CU_ASSERT_EQUAL(rig.launch->stats.sync_violations, 0);
	rig_free(&rig);
}

/* A lane that does not name itself is a violation, and is not lost. */
static void a_lane_has_to_name_itself(void)
{
	rig_init(&rig);
	emit_imm(&rig, ROAD_GPU_OP_vote_ballot, D, PT, 0, RZ, 3, 0x7ffffffe);
	emit_store_by_thread(&rig, D, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(rig.launch->stats.sync_violations, 1);
	CU_ASSERT_EQUAL(rig.launch->stats.sync_lanes, 0x80000001);
	rig_free(&rig);
}

static void waiting_for_who_never_comes_is_a_fault_at_once(void)
{
	const struct road_gpu_fault_info *fault;

	rig_init(&rig);
	emit_tid(&rig, A);
	emit_imm(&rig, ROAD_GPU_OP_setp_u32, 0, A, RZ, PT, 2, 8)->mods = ROAD_GPU_CMP_LT
									 << ROAD_GPU_MOD_CMP_SHIFT;
	rig.words[rig.count - 1].aux = PT;
	emit_branch(&rig, 0, 5);
	emit_op(ROAD_GPU_OP_vote_ballot, ROAD_GPU_MEMBERS_FULL, 0); /* 3 */
	emit_exit(&rig);
	emit_op(ROAD_GPU_OP_redux_or_b32, ROAD_GPU_MEMBERS_FULL, 0); /* 5 */
	emit_exit(&rig);
	fault = rig_fault(&rig, ROAD_GPU_FAULT_BARRIER);
	CU_ASSERT_TRUE(fault->pc == 3 || fault->pc == 5);
	CU_ASSERT_EQUAL(fault->detail, ROAD_GPU_ALL);
	CU_ASSERT_TRUE(rig.launch->steps < 10);
	rig_free(&rig);
}

static void activemask_names_those_that_run_together(void)
{
	rig_init(&rig);
	emit_tid(&rig, A);
	emit_imm(&rig, ROAD_GPU_OP_setp_u32, 0, A, RZ, PT, 2, 8)->mods = ROAD_GPU_CMP_LT
									 << ROAD_GPU_MOD_CMP_SHIFT;
	rig.words[rig.count - 1].aux = PT;
	emit(&rig, ROAD_GPU_OP_activemask, D, 0, 0, 0)->guard = 0;
	emit(&rig, ROAD_GPU_OP_activemask, D, 0, 0, 0)->guard = 0 | ROAD_GPU_PNOT;
	emit_store_by_thread(&rig, D, 0);
	emit_exit(&rig);
	rig_finish(&rig);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 7), 0xff);
	CU_ASSERT_EQUAL(*rig_u32(&rig, 8), 0xffffff00);
	rig_free(&rig);
}

static const struct tap_case cases[] = {
	{"lanes tell each other what PTX says, from one word or two, in every variant",
	 lanes_tell_each_other_what_ptx_says},
	{"who has exited is not waited for, and may be named", who_has_exited_is_not_waited_for},
	{"a lane has to name itself", a_lane_has_to_name_itself},
	{"waiting for who never comes is a fault at once",
	 waiting_for_who_never_comes_is_a_fault_at_once},
	{"activemask names those that run together", activemask_names_those_that_run_together},
};

TAP_MAIN(cases)
