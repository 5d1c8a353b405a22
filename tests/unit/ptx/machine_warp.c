/* SPDX-License-Identifier: Apache-2.0 */
/* Words that need several lanes of a warp. Those of a group stand at one word here. */
#include "tests/unit/ptx/machine_lane.h"
#include "tests/unit/ptx/verify.h"

static uint32_t named(const struct lane *lane, const struct road_gpu_word *w)
{
	if ((w->mods & ROAD_GPU_MOD_MEMBERS_MASK) != ROAD_GPU_MEMBERS_FIELD)
		return UINT32_MAX;
	return (uint32_t)lane_reg(lane, w, ROAD_GPU_OPERAND_R, w->c, ROAD_GPU_FORM_IMM_C);
}

static uint32_t value_of(const struct lane *lane, const struct road_gpu_word *w)
{
	return (uint32_t)lane_reg(lane, w, ROAD_GPU_OPERAND_R, w->a, ROAD_GPU_FORM_IMM_A);
}

/* PTX ISA, "shfl": the source lane, or the lane itself with *in false. */
static unsigned source_lane(const struct lane *lane, const struct road_gpu_word *w, unsigned own,
			    bool *in)
{
	unsigned b = (unsigned)lane_reg(lane, w, ROAD_GPU_OPERAND_R, w->b, ROAD_GPU_FORM_IMM_B);
	bool packed = w->mods & ROAD_GPU_MOD_PACKED;
	unsigned c = packed ? b >> 8 & 31 : ROAD_GPU_SHFL_CLAMP(w->aux);
	unsigned s = packed ? b >> 16 & 31 : ROAD_GPU_SHFL_SEGMENT(w->aux);
	int low = (int)(own & s), high = (int)((own & s) | (c & ~s)), from;

	b &= 31;
	switch (w->op) {
	case ROAD_GPU_OP_shfl_up_b32: from = (int)own - (int)b; break;
	case ROAD_GPU_OP_shfl_down_b32: from = (int)(own + b); break;
	case ROAD_GPU_OP_shfl_bfly_b32: from = (int)(own ^ b); break;
	default: from = low | (int)(b & ~s); break;
	}
	*in = w->op == ROAD_GPU_OP_shfl_up_b32 ? from >= high : from <= high;
	return *in ? (unsigned)from : own;
}

static void shuffle(struct lane *lanes, const struct road_gpu_word *w, uint32_t group)
{
	uint32_t values[32] = {0};

	for (unsigned l = 0; l < 32; l++)
		if (group >> l & 1)
			values[l] = value_of(&lanes[l], w);
	for (unsigned l = 0; l < 32; l++) {
		bool in = false;

		if (!(group >> l & 1))
			continue;
		unsigned from = source_lane(&lanes[l], w, l, &in);

		lane_write(&lanes[l], w, values[group >> from & 1 ? from : l]);
		if (ROAD_GPU_SHFL_PRED(w->aux) != ROAD_GPU_PT)
			lanes[l].preds[ROAD_GPU_SHFL_PRED(w->aux)] = in;
	}
}

static void vote(struct lane *lanes, const struct road_gpu_word *w, uint32_t group)
{
	uint32_t yes = 0;

	for (unsigned l = 0; l < 32; l++)
		if (group >> l & 1 && lane_pred(&lanes[l], w->a))
			yes |= 1u << l;
	for (unsigned l = 0; l < 32; l++) {
		if (!(group >> l & 1))
			continue;
		lane_write(&lanes[l], w,
			   w->op == ROAD_GPU_OP_vote_ballot ? yes
			   : w->op == ROAD_GPU_OP_vote_all  ? yes == group
			   : w->op == ROAD_GPU_OP_vote_any  ? yes != 0
							    : yes == group || !yes);
	}
}

static bool act(struct lane *lanes, const struct road_gpu_word *w, uint32_t group)
{
	switch (w->op) {
	case ROAD_GPU_OP_shfl_up_b32:
	case ROAD_GPU_OP_shfl_down_b32:
	case ROAD_GPU_OP_shfl_bfly_b32:
	case ROAD_GPU_OP_shfl_idx_b32: shuffle(lanes, w, group); return true;
	case ROAD_GPU_OP_vote_all:
	case ROAD_GPU_OP_vote_any:
	case ROAD_GPU_OP_vote_uni:
	case ROAD_GPU_OP_vote_ballot: vote(lanes, w, group); return true;
	case ROAD_GPU_OP_bar_warp: return true;
	default: return false;
	}
}

bool lanes_together(struct machine *m, struct lane *lanes, uint32_t count)
{
	const struct road_gpu_word *words = image_words(m->image, m->kernel);
	bool moved = false;

	for (uint32_t first = 0; first < count; first++) {
		uint32_t group = 0, pc = lanes[first].pc, alive = 0;

		if (lanes[first].done || lanes[first].state != LANE_AT_COLLECTIVE)
			continue;
		for (uint32_t l = 0; l < count; l++) {
			alive |= (uint32_t)!lanes[l].done << l;
			if (!lanes[l].done && lanes[l].state == LANE_AT_COLLECTIVE &&
			    lanes[l].pc == pc)
				group |= 1u << l;
		}
		group &= named(&lanes[first], &words[pc]);
		if ((named(&lanes[first], &words[pc]) & alive) != group)
			continue;
		if (!act(lanes, &words[pc], group))
			m->fault = "collective word that this machine does not know";
		for (uint32_t l = 0; l < count; l++) {
			if (!(group >> l & 1))
				continue;
			lanes[l].pc++;
			lanes[l].state = LANE_RUNS;
		}
		moved = true;
	}
	return moved && !m->fault;
}
