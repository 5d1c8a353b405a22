/* SPDX-License-Identifier: Apache-2.0 */
/* Workgroups come to an SM and leave it, between quanta. */
#include "simulators/gpu/timing_internal.h"

#include <string.h>

static uint64_t moved(uint64_t mask, const uint32_t *to)
{
	uint64_t out = 0;

	for (; mask; mask &= mask - 1)
		out |= UINT64_C(1) << to[__builtin_ctzll(mask)];
	return out;
}

/* Positions are in order of age; those of warps that left are used again only by closing ranks. */
static void close_ranks(struct gpu_sm *sm, struct gpu_subcore *sc)
{
	uint32_t to[SUBCORE_POSITIONS], top = 0;

	for (uint32_t from = 0; from < sc->top; from++) {
		struct gpu_warp *w = &sm->warps[sc->warp[from]];

		to[from] = 0;
		if (!w->exec || w->done || w->position != from || &sm->subcore[w->subcore] != sc)
			continue;
		to[from] = top;
		sc->warp[top] = sc->warp[from];
		sc->wake[top] = sc->wake[from];
		w->position = top++;
	}
	sc->waiting = moved(sc->waiting, to);
	sc->far = moved(sc->far, to);
	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++)
		sc->ready[u] = moved(sc->ready[u], to);
	for (uint32_t place = 0; place < WHEEL; place++)
		sc->wheel[place] = moved(sc->wheel[place], to);
	sc->top = top;
}

static uint32_t emptiest(const struct gpu_sm *sm)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < sm->subcores; i++)
		if (sm->subcore[i].resident < sm->subcore[best].resident)
			best = i;
	return best;
}

static void add_warp(struct gpu_sm *sm, struct gpu_block *block, uint32_t index, uint32_t slot,
		     uint64_t start)
{
	struct gpu_warp *w = &sm->warps[slot];
	uint64_t *ready = w->ready;
	uint32_t home = emptiest(sm);
	struct gpu_subcore *sc = &sm->subcore[home];

	if (sc->top == SUBCORE_POSITIONS)
		close_ranks(sm, sc);
	*w = (struct gpu_warp){.exec = &block->exec->warps[index],
			       .block = block,
			       .ready = ready,
			       .words = gpu_words_of(block->launch, sm->index),
			       .account = start,
			       .floor = start,
			       .start = start,
			       .born = ++sm->born,
			       .subcore = home,
			       .position = sc->top++};
	memset(ready, 0, READY_SLOTS * sizeof(*ready));
	block->warps[index] = slot;
	sc->warp[w->position] = slot;
	sc->resident++;
	gpu_sm_prepare(sm, w);
}

void gpu_sm_add_block(struct gpu_sm *sm, uint32_t index, uint64_t start)
{
	struct gpu_block *block = &sm->blocks[index];
	uint32_t slot = 0;

	block->start = start;
	if (!sm->resident_blocks++)
		sm->active_from = start;
	for (uint32_t i = 0; i < block->exec->warp_count; i++, slot++) {
		while (sm->warps[slot].exec)
			slot++;
		add_warp(sm, block, i, slot, start);
	}
}

void gpu_sm_drop_block(struct gpu_sm *sm, uint32_t index, uint64_t cycle)
{
	struct gpu_block *block = &sm->blocks[index];

	for (uint32_t i = 0; i < block->exec->warp_count; i++) {
		struct gpu_warp *w = &sm->warps[block->warps[i]];

		if (!w->done)
			gpu_sm_abandon(sm, w, cycle);
		w->exec = NULL;
	}
	if (!--sm->resident_blocks && cycle > sm->active_from)
		sm->counters.active_sm_cycles += cycle - sm->active_from;
	block->exec = NULL;
	block->launch = NULL;
}
