/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that gather lanes (*.sync): a split that comes waits at the word until all lanes
 * that it names, and that have not exited, are at one of the same opcode and modifiers with the
 * same names, which need not be the same word. Then all of them act at once.
 */
#include "simulators/gpu/exec.h"

#define PARTS_MAX ROAD_GPU_WARP_LANES

static bool same_kind(const struct road_gpu_insn *a, const struct road_gpu_insn *b)
{
	return a->op == b->op &&
	       (a->mods & ROAD_GPU_MOD_MEMBERS_MASK) == (b->mods & ROAD_GPU_MOD_MEMBERS_MASK);
}

static void note_violation(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   uint32_t lanes)
{
	struct road_gpu_statistics *stats = &warp->block->stats;

	if (stats->sync_violations++)
		return;
	stats->sync_pc = (uint32_t)(insn - warp->code);
	stats->sync_line = road_gpu_code_line(warp->block->launch->config.code, stats->sync_pc);
	stats->sync_lanes = lanes;
}

/* Lets the lanes act and go if all of them are here. */
static void complete(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t members)
{
	struct road_gpu_part parts[PARTS_MAX];
	uint32_t which[PARTS_MAX], count = 0, here = 0;

	for (uint32_t i = 0; i < warp->splits; i++) {
		const struct road_gpu_split *split = &warp->split[i];

		if (split->waits != ROAD_GPU_WAITS_SYNC || split->members != members ||
		    !same_kind(&warp->code[split->pc], insn))
			continue;
		which[count] = i;
		parts[count++] = (struct road_gpu_part){&warp->code[split->pc], split->mask};
		here |= split->mask;
	}
	if (!count || members & warp->live & ~here)
		return;
	/* Lanes that are gone may be named: the last warp of a workgroup names all 32, as a rule.
	 */
	if (here & ~members)
		note_violation(warp, parts[0].insn, here & ~members);
	warp->block->launch->config.variant->together(warp, parts, count);
	for (uint32_t i = 0; i < count; i++) {
		warp->split[which[i]].waits = ROAD_GPU_WAITS_NOT;
		warp->split[which[i]].pc++;
	}
	warp->block->waiting -= (uint32_t)__builtin_popcount(here);
	warp->meet = 0;
}

/* The lanes of `group` leave the current split and wait; they all name the same lanes. */
static void wait_for(struct road_gpu_warp *warp, uint32_t group, uint32_t members)
{
	struct road_gpu_split *split = &warp->split[warp->current];

	if (group != split->mask)
		split = road_gpu_warp_split_off(warp, group, split->pc);
	split->waits = ROAD_GPU_WAITS_SYNC;
	split->members = members;
	warp->meet = 0;
	warp->block->waiting += (uint32_t)__builtin_popcount(group);
}

static uint32_t members_of(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   uint32_t lane)
{
	if ((insn->mods & ROAD_GPU_MOD_MEMBERS_MASK) == ROAD_GPU_MEMBERS_FULL)
		return ROAD_GPU_ALL;
	return ((const uint32_t *)road_gpu_source(warp, insn->c))[lane];
}

void road_gpu_sync(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask)
{
	uint32_t names[ROAD_GPU_WARP_LANES], distinct = 0, home = warp->current;

	while (mask) {
		uint32_t group = 0, members = members_of(warp, insn, (uint32_t)__builtin_ctz(mask));

		for (uint32_t left = mask; left; left &= left - 1) {
			uint32_t lane = (uint32_t)__builtin_ctz(left);

			group |= (uint32_t)(members_of(warp, insn, lane) == members) << lane;
		}
		wait_for(warp, group, members);
		names[distinct++] = members;
		mask &= ~group;
	}
	/* The lanes whose guard was false. */
	if (!warp->split[home].waits)
		warp->split[home].pc++;
	for (uint32_t i = 0; i < distinct; i++)
		complete(warp, insn, names[i]);
}

void road_gpu_sync_left(struct road_gpu_warp *warp)
{
	for (uint32_t i = 0; i < warp->splits; i++) {
		const struct road_gpu_split *split = &warp->split[i];

		if (split->waits == ROAD_GPU_WAITS_SYNC)
			complete(warp, &warp->code[split->pc], split->members);
	}
}
