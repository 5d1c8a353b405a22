/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lanes of a warp tell each other: shuffles, votes, matches, reductions (PTX ISA, sections
 * "shfl.sync", "vote.sync", "match.sync", "redux.sync"). The lanes that act together are all
 * there; mostly they are at one word, and then the rows are used as they stand. Where they came
 * to different words their operands are collected first.
 */
#include "simulators/gpu/exec_rows.h"

/* Operands and results of the lanes that act together. */
struct group {
	const struct road_gpu_insn *insn;
	uint32_t lanes;
	const void *a;     /* 32 x u32 or u64 */
	const uint32_t *b; /* shuffles: as PTX's b, or packed */
	uint32_t truth;    /* votes: operand a */
	uint32_t d[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;
	uint32_t second; /* second destination, or the first of votes */
};

static uint32_t clamp_of(const struct road_gpu_insn *insn, uint32_t b)
{
	return insn->mods & ROAD_GPU_MOD_PACKED ? b >> 8 & 31u : ROAD_GPU_SHFL_CLAMP(insn->aux);
}

static uint32_t segment_of(const struct road_gpu_insn *insn, uint32_t b)
{
	return insn->mods & ROAD_GPU_MOD_PACKED ? b >> 16 & 31u : ROAD_GPU_SHFL_SEGMENT(insn->aux);
}

/* The lane that `lane` reads from; false: out of its segment, it keeps its own value. */
static bool shuffle_source(const struct road_gpu_insn *insn, int32_t lane, uint32_t b,
			   int32_t *from)
{
	int32_t segment = (int32_t)segment_of(insn, b), clamp = (int32_t)clamp_of(insn, b);
	int32_t first = lane & segment, limit = first | (clamp & ~segment);
	int32_t step = (int32_t)(b & 31u);

	switch (insn->op) {
	case ROAD_GPU_OP_shfl_up_b32: *from = lane - step; return *from >= limit;
	case ROAD_GPU_OP_shfl_down_b32: *from = lane + step; break;
	case ROAD_GPU_OP_shfl_bfly_b32: *from = lane ^ step; break;
	default: *from = first | (step & ~segment); break;
	}
	return *from <= limit;
}

/* A source that does not take part gives nothing that one may rely on: the lane's own value. */
static void shuffle(struct group *group)
{
	const uint32_t *a = group->a;

	for (int32_t lane = 0; lane < (int32_t)ROAD_GPU_WARP_LANES; lane++) {
		int32_t from;
		bool inside = shuffle_source(group->insn, lane, group->b[lane], &from);

		if (!inside || !(group->lanes >> from & 1u))
			from = lane;
		group->d[lane] = a[from];
		group->second |= (uint32_t)inside << lane;
	}
}

static void vote(struct group *group)
{
	uint32_t yes = group->truth & group->lanes;
	bool all = yes == group->lanes;

	switch (group->insn->op) {
	case ROAD_GPU_OP_vote_all: group->second = all ? ROAD_GPU_ALL : 0; break;
	case ROAD_GPU_OP_vote_any: group->second = yes ? ROAD_GPU_ALL : 0; break;
	case ROAD_GPU_OP_vote_uni: group->second = all || !yes ? ROAD_GPU_ALL : 0; break;
	default: LANES(l) group->d[l] = yes; break;
	}
}

static uint64_t value_of(const struct group *group, bool wide, uint32_t lane)
{
	return wide ? ((const uint64_t *)group->a)[lane] : ((const uint32_t *)group->a)[lane];
}

static uint32_t lanes_with(const struct group *group, bool wide, uint64_t value)
{
	uint32_t same = 0;

	for (uint32_t l = 0; l < ROAD_GPU_WARP_LANES; l++)
		same |= (uint32_t)(value_of(group, wide, l) == value) << l;
	return same & group->lanes;
}

static void match(struct group *group, bool wide, bool all)
{
	for (uint32_t left = group->lanes; left;) {
		uint64_t value = value_of(group, wide, (uint32_t)__builtin_ctz(left));
		uint32_t same = lanes_with(group, wide, value);

		if (all && same != group->lanes)
			same = 0;
		group->second |= same;
		for (uint32_t m = same; m; m &= m - 1)
			group->d[__builtin_ctz(m)] = same;
		if (all)
			break;
		left &= ~same;
	}
}

static uint32_t joined(unsigned op, uint32_t x, uint32_t y)
{
	switch (op) {
	case ROAD_GPU_OP_redux_add_b32: return x + y;
	case ROAD_GPU_OP_redux_min_u32: return x < y ? x : y;
	case ROAD_GPU_OP_redux_min_s32: return (int32_t)x < (int32_t)y ? x : y;
	case ROAD_GPU_OP_redux_max_u32: return x > y ? x : y;
	case ROAD_GPU_OP_redux_max_s32: return (int32_t)x > (int32_t)y ? x : y;
	case ROAD_GPU_OP_redux_and_b32: return x & y;
	case ROAD_GPU_OP_redux_or_b32: return x | y;
	default: return x ^ y;
	}
}

static void reduce(struct group *group)
{
	const uint32_t *a = group->a;
	uint32_t left = group->lanes, sum = a[__builtin_ctz(left)];

	for (left &= left - 1; left; left &= left - 1)
		sum = joined(group->insn->op, sum, a[__builtin_ctz(left)]);
	LANES(l) group->d[l] = sum;
}

static void compute(struct group *group)
{
	group->second = 0;
	switch (group->insn->op) {
	case ROAD_GPU_OP_bar_warp: break;
	case ROAD_GPU_OP_shfl_up_b32:
	case ROAD_GPU_OP_shfl_down_b32:
	case ROAD_GPU_OP_shfl_bfly_b32:
	case ROAD_GPU_OP_shfl_idx_b32: shuffle(group); break;
	case ROAD_GPU_OP_vote_all:
	case ROAD_GPU_OP_vote_any:
	case ROAD_GPU_OP_vote_uni:
	case ROAD_GPU_OP_vote_ballot: vote(group); break;
	case ROAD_GPU_OP_match_any_b32: match(group, false, false); break;
	case ROAD_GPU_OP_match_any_b64: match(group, true, false); break;
	case ROAD_GPU_OP_match_all_b32:
		LANES(l) group->d[l] = 0;
		match(group, false, true);
		break;
	case ROAD_GPU_OP_match_all_b64:
		LANES(l) group->d[l] = 0;
		match(group, true, true);
		break;
	default: reduce(group); break;
	}
}

/* The lanes' results to where this word puts them. */
static void put(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
		const struct group *group, uint32_t lanes)
{
	if (insn->pd != ROAD_GPU_PT)
		exec_set_predicate(warp, insn->pd, group->second, lanes);
	else if (insn->uses.write_rows)
		exec_put(road_gpu_target(warp, insn->d), group->d, 4, lanes);
	if (insn->uses.pred_write[1] != ROAD_GPU_PT)
		exec_set_predicate(warp, insn->uses.pred_write[1], group->second, lanes);
}

static void x_warp(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	struct group group = {.insn = insn, .lanes = mask};

	group.a = road_gpu_source(warp, insn->a);
	group.b = road_gpu_source(warp, insn->b);
	group.truth = road_gpu_predicate(warp, insn->pa);
	compute(&group);
	put(warp, insn, &group, mask);
}

static void x_activemask(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 uint32_t mask)
{
	uint32_t row[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW;

	LANES(l) row[l] = mask;
	exec_put(road_gpu_target(warp, insn->d), row, 4, mask);
}

/* One part's operands into the rows of all, in the packed form. */
static void collect(const struct road_gpu_warp *warp, const struct road_gpu_part *part, uint64_t *a,
		    uint32_t *b, uint32_t *truth)
{
	const struct road_gpu_insn *insn = part->insn;
	const void *from = road_gpu_source(warp, insn->a);
	const uint32_t *steps = road_gpu_source(warp, insn->b);
	bool wide = insn->op == ROAD_GPU_OP_match_any_b64 || insn->op == ROAD_GPU_OP_match_all_b64;

	for (uint32_t m = part->lanes; m; m &= m - 1) {
		uint32_t l = (uint32_t)__builtin_ctz(m);

		if (wide)
			a[l] = ((const uint64_t *)from)[l];
		else
			((uint32_t *)(void *)a)[l] = ((const uint32_t *)from)[l];
		b[l] = (steps[l] & 31u) | clamp_of(insn, steps[l]) << 8 |
		       segment_of(insn, steps[l]) << 16;
	}
	*truth |= road_gpu_predicate(warp, insn->pa) & part->lanes;
}

void EXEC_NAME(road_gpu_exec_together)(struct road_gpu_warp *warp,
				       const struct road_gpu_part *parts, uint32_t count)
{
	uint64_t a[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW = {0};
	uint32_t b[ROAD_GPU_WARP_LANES] ROAD_SIM_ROW = {0};
	struct road_gpu_insn packed = *parts[0].insn;
	struct group group = {.insn = &packed, .a = a, .b = b};

	packed.mods |= ROAD_GPU_MOD_PACKED;
	for (uint32_t i = 0; i < count; i++) {
		collect(warp, &parts[i], a, b, &group.truth);
		group.lanes |= parts[i].lanes;
	}
	compute(&group);
	for (uint32_t i = 0; i < count; i++)
		put(warp, parts[i].insn, &group, parts[i].lanes);
}

const road_gpu_exec_fn EXEC_NAME(road_gpu_exec_warp)[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_shfl_up_b32] = x_warp,   [ROAD_GPU_OP_shfl_down_b32] = x_warp,
	[ROAD_GPU_OP_shfl_bfly_b32] = x_warp, [ROAD_GPU_OP_shfl_idx_b32] = x_warp,
	[ROAD_GPU_OP_vote_all] = x_warp,      [ROAD_GPU_OP_vote_any] = x_warp,
	[ROAD_GPU_OP_vote_uni] = x_warp,      [ROAD_GPU_OP_vote_ballot] = x_warp,
	[ROAD_GPU_OP_match_any_b32] = x_warp, [ROAD_GPU_OP_match_any_b64] = x_warp,
	[ROAD_GPU_OP_match_all_b32] = x_warp, [ROAD_GPU_OP_match_all_b64] = x_warp,
	[ROAD_GPU_OP_redux_add_b32] = x_warp, [ROAD_GPU_OP_redux_min_u32] = x_warp,
	[ROAD_GPU_OP_redux_min_s32] = x_warp, [ROAD_GPU_OP_redux_max_u32] = x_warp,
	[ROAD_GPU_OP_redux_max_s32] = x_warp, [ROAD_GPU_OP_redux_and_b32] = x_warp,
	[ROAD_GPU_OP_redux_or_b32] = x_warp,  [ROAD_GPU_OP_redux_xor_b32] = x_warp,
	[ROAD_GPU_OP_bar_warp] = x_warp,      [ROAD_GPU_OP_activemask] = x_activemask,
};
