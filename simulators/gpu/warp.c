/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warps as sets of splits. The split that stands lowest runs, so that those ahead wait for it to
 * come along and merge; one that has waited while another took 256 backward branches gets its
 * turn out of order, in the order in which they last ran (a lock's holder must be able to run).
 */
#include "simulators/gpu/warp_internal.h"

#include <string.h>

static void remove_split(struct road_gpu_warp *warp, uint32_t at)
{
	warp->split[at] = warp->split[--warp->splits];
}

/* Merges runnable splits with equal pcs; the survivor stays in place. */
static void merge(struct road_gpu_warp *warp)
{
	for (uint32_t i = 0; i < warp->splits; i++) {
		struct road_gpu_split *into = &warp->split[i];

		for (uint32_t j = i + 1; j < warp->splits && !into->waits;) {
			struct road_gpu_split *other = &warp->split[j];

			if (other->waits || other->pc != into->pc) {
				j++;
				continue;
			}
			into->mask |= other->mask;
			remove_split(warp, j);
		}
	}
}

void gpu_warp_settle(struct road_gpu_warp *warp)
{
	uint32_t lanes = warp->splits ? warp->split[warp->current].mask : 0;
	uint32_t count = warp->splits, lowest = UINT32_MAX, second = UINT32_MAX, at = 0, held = 0;
	bool turn = warp->turn;

	merge(warp);
	if (warp->splits != count)
		turn = false; /* whoever had the turn met the others, or may start anew */
	warp->meet = UINT32_MAX;
	warp->turn = false;
	for (uint32_t i = 0; i < warp->splits; i++) {
		const struct road_gpu_split *split = &warp->split[i];

		if (split->mask & lanes)
			held = i;
		if (split->waits)
			continue;
		if (split->pc < lowest) {
			second = lowest;
			lowest = split->pc;
			at = i;
		} else if (split->pc < second) {
			second = split->pc;
		}
	}
	if (turn && warp->splits && !warp->split[held].waits && warp->split[held].mask & lanes) {
		warp->turn = second != UINT32_MAX;
		warp->current = held;
		/* Out of order: whichever split it comes to stand at, they merge. */
		for (uint32_t i = 0; i < warp->splits; i++) {
			const struct road_gpu_split *split = &warp->split[i];

			if (i != held && !split->waits && split->pc > warp->split[held].pc &&
			    split->pc < warp->meet)
				warp->meet = split->pc;
		}
		return;
	}
	if (at != warp->current || lowest == UINT32_MAX)
		warp->backward = 0;
	warp->current = at;
	warp->meet = second;
	if (warp->splits)
		warp->split[at].stamp = ++warp->stamp;
}

/* The current split jumped back while others could run: after too many times they get a turn. */
static void lose_patience(struct road_gpu_warp *warp)
{
	uint32_t oldest = UINT32_MAX, at = warp->current;

	for (uint32_t i = 0; i < warp->splits; i++) {
		const struct road_gpu_split *split = &warp->split[i];

		if (i != warp->current && !split->waits && split->stamp < oldest) {
			oldest = split->stamp;
			at = i;
		}
	}
	warp->backward = 0;
	if (at == warp->current)
		return;
	warp->split[warp->current].stamp = ++warp->stamp;
	warp->current = at;
	warp->split[at].stamp = ++warp->stamp;
	warp->turn = true;
	gpu_warp_settle(warp);
}

static bool others_can_run(const struct road_gpu_warp *warp)
{
	for (uint32_t i = 0; i < warp->splits; i++)
		if (i != warp->current && !warp->split[i].waits)
			return true;
	return false;
}

/* Lanes `taken` of the current split go to `target`, the others to the next word. */
static void jump(struct road_gpu_warp *warp, uint32_t taken, uint32_t target,
		 struct road_gpu_step *step)
{
	struct road_gpu_split *split = &warp->split[warp->current];
	uint32_t from = split->pc, stay = split->mask & ~taken;

	step->taken = taken != 0;
	if (!taken) {
		gpu_warp_advance(warp, split);
		return;
	}
	bool back = target <= from && others_can_run(warp);

	if (!stay) {
		split->pc = target;
		if (target >= warp->meet || warp->turn)
			gpu_warp_settle(warp);
	} else {
		step->divergent = true;
		warp->block->stats.divergent_branches++;
		back = target <= from;
		split->mask = taken;
		split->pc = target;
		warp->split[warp->splits++] =
			(struct road_gpu_split){.pc = from + 1, .mask = stay, .stamp = split->stamp};
		gpu_warp_settle(warp);
	}
	if (back && ++warp->backward > ROAD_GPU_PATIENCE)
		lose_patience(warp);
}

static void branch_table(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
			 struct road_gpu_step *step)
{
	const uint32_t *index = gpu_row32(warp, insn->a);
	const uint32_t *table = warp->block->launch->config.code->branches + insn->imm;
	uint32_t left = mask;

	for (uint32_t m = mask; m; m &= m - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(m);

		if (index[lane] >= insn->aux) {
			gpu_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, lane, 0, index[lane]);
			return;
		}
	}
	if (!mask) {
		gpu_warp_advance(warp, &warp->split[warp->current]);
		return;
	}
	struct road_gpu_split *split = &warp->split[warp->current];
	uint32_t from = split->pc, stay = split->mask & ~mask, stamp = split->stamp;

	remove_split(warp, warp->current);
	if (stay)
		warp->split[warp->splits++] =
			(struct road_gpu_split){.pc = from + 1, .mask = stay, .stamp = stamp};
	while (left) {
		uint32_t target = table[index[__builtin_ctz(left)]], together = 0;

		for (uint32_t m = left; m; m &= m - 1)
			if (table[index[__builtin_ctz(m)]] == target)
				together |= m & -m;
		left &= ~together;
		warp->split[warp->splits++] =
			(struct road_gpu_split){.pc = target, .mask = together, .stamp = stamp};
	}
	step->taken = true;
	step->divergent = warp->splits > 1;
	warp->current = 0;
	warp->turn = false;
	gpu_warp_settle(warp);
}

/* ---- barriers ---- */

static void release(struct road_gpu_block *block, uint32_t id)
{
	struct road_gpu_barrier_state *barrier = &block->barriers[id];

	for (uint32_t w = 0; w < block->warp_count; w++) {
		struct road_gpu_warp *warp = &block->warps[w];
		uint32_t lanes = 0;

		for (uint32_t i = 0; i < warp->splits; i++) {
			struct road_gpu_split *split = &warp->split[i];

			if (split->waits && split->barrier == id) {
				split->waits = 0;
				lanes |= split->mask;
			}
		}
		if (!lanes)
			continue;
		block->waiting -= (uint32_t)__builtin_popcount(lanes);
		block->released |= 1u << w;
		gpu_warp_settle(warp);
	}
	memset(barrier, 0, sizeof(*barrier));
	block->stats.barriers++;
}

static bool complete(const struct road_gpu_block *block, uint32_t id)
{
	const struct road_gpu_barrier_state *barrier = &block->barriers[id];

	if (!barrier->warps)
		return false;
	return barrier->arrived >= (barrier->expected ? barrier->expected : block->live);
}

/* Counts of threads are by whole warps, as PTX has it: a warp whose live lanes all came counts 32. */
static uint32_t arrivals(const struct road_gpu_warp *warp,
			 const struct road_gpu_barrier_state *barrier, uint32_t mask)
{
	uint32_t lanes = barrier->lanes[warp->index] | mask;
	uint32_t counted = (uint32_t)__builtin_popcount(mask);

	if (barrier->expected && lanes == warp->live)
		counted += ROAD_GPU_WARP_LANES - (uint32_t)__builtin_popcount(lanes);
	return counted;
}

static void barrier(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		    struct road_gpu_step *step)
{
	struct road_gpu_block *block = warp->block;
	struct road_gpu_split *split = &warp->split[warp->current];
	bool wait = insn->kind == ROAD_GPU_KIND_BAR_SYNC;

	if (!mask) {
		gpu_warp_advance(warp, split);
		return;
	}
	uint32_t first = (uint32_t)__builtin_ctz(mask);
	uint32_t id = gpu_row32(warp, insn->a)[first], count = gpu_row32(warp, insn->b)[first];

	if (id >= ROAD_GPU_BARRIERS) {
		gpu_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, first, 0, id);
		return;
	}
	struct road_gpu_barrier_state *state = &block->barriers[id];

	step->barrier = true;
	state->expected = count ? count : state->expected;
	state->arrived += arrivals(warp, state, mask);
	state->lanes[warp->index] |= mask;
	state->warps |= 1u << warp->index;
	split->pc++;
	if (wait && mask != split->mask) { /* the others go on */
		warp->split[warp->splits++] = (struct road_gpu_split){
			.pc = split->pc, .mask = split->mask & ~mask, .stamp = split->stamp};
		split->mask = mask;
	}
	if (wait) {
		split->waits = 1;
		split->barrier = (uint8_t)id;
		block->waiting += (uint32_t)__builtin_popcount(mask);
	}
	if (complete(block, id))
		release(block, id);
	gpu_warp_settle(warp);
}

/* Threads left: barriers that wait for all who have not exited may be complete now. */
static void leave(struct road_gpu_warp *warp, uint32_t mask, struct road_gpu_step *step)
{
	struct road_gpu_block *block = warp->block;
	struct road_gpu_split *split = &warp->split[warp->current];

	warp->live &= ~mask;
	block->live -= (uint32_t)__builtin_popcount(mask);
	split->mask &= ~mask;
	split->pc++;
	if (!split->mask) {
		remove_split(warp, warp->current);
		warp->current = 0;
		warp->turn = false;
	}
	gpu_warp_settle(warp);
	for (uint32_t id = 0; id < ROAD_GPU_BARRIERS; id++)
		if (!block->barriers[id].expected && complete(block, id))
			release(block, id);
	if (!block->live) {
		block->busy = false;
		step->block_finished = true;
	}
}

void gpu_control(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		 struct road_gpu_step *step)
{
	struct road_gpu_split *split = &warp->split[warp->current];

	switch (insn->kind) {
	case ROAD_GPU_KIND_BRANCH: jump(warp, mask, (uint32_t)insn->imm, step); return;
	case ROAD_GPU_KIND_BRANCH_TABLE: branch_table(warp, insn, mask, step); return;
	case ROAD_GPU_KIND_EXIT: leave(warp, mask, step); return;
	case ROAD_GPU_KIND_BAR_SYNC:
	case ROAD_GPU_KIND_BAR_ARRIVE: barrier(warp, insn, mask, step); return;
	case ROAD_GPU_KIND_TRAP:
		if (mask)
			gpu_fault(warp, insn, ROAD_GPU_FAULT_TRAP, (uint32_t)__builtin_ctz(mask), 0,
				  0);
		else
			gpu_warp_advance(warp, split);
		return;
	case ROAD_GPU_KIND_END:
		gpu_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, (uint32_t)__builtin_ctz(split->mask),
			  0, 0);
		return;
	default: gpu_warp_advance(warp, split); return; /* NOP, MEMBAR */
	}
}

/* ---- steps ---- */

void gpu_fault(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
	       enum road_gpu_fault code, uint32_t lane, uint64_t address, uint64_t detail)
{
	struct road_gpu_block *block = warp->block;
	const struct road_gpu_code *kernel = block->launch->config.code;
	uint32_t pc = (uint32_t)(insn - warp->code);

	block->fault = (struct road_gpu_fault_info){
		.code = code,
		.pc = pc,
		.line = pc < kernel->desc.word_count ? kernel->lines[pc] : 0,
		.lane = lane,
		.warp = warp->index,
		.ctaid = {block->ctaid[0], block->ctaid[1], block->ctaid[2]},
		.address = address,
		.detail = detail,
	};
}

const struct road_gpu_insn *road_gpu_warp_peek(struct road_gpu_warp *warp)
{
	return gpu_warp_runnable(warp) ? &warp->code[warp->split[warp->current].pc] : NULL;
}

static void note_order(struct road_gpu_block *block, const struct road_gpu_insn *insn, uint32_t pc)
{
	if (!(insn->flags & ROAD_GPU_INSN_ORDER_SENSITIVE) || block->stats.order_sensitive)
		return;
	block->stats.order_sensitive = true;
	block->stats.order_pc = pc;
	block->stats.order_line = block->launch->config.code->lines[pc];
}

static void count(struct road_gpu_block *block, const struct road_gpu_insn *insn, uint32_t mask,
		  uint32_t pc)
{
	block->stats.warp_instructions++;
	block->stats.thread_instructions += (uint32_t)__builtin_popcount(mask);
	block->stats.by_unit[insn->unit]++;
	if (__builtin_expect(insn->flags != 0, 0)) {
		block->stats.approximate += insn->flags & ROAD_GPU_INSN_APPROXIMATE ? 1 : 0;
		note_order(block, insn, pc);
	}
}

bool road_gpu_warp_step(struct road_gpu_warp *warp, struct road_gpu_access *access,
			struct road_gpu_step *step)
{
	const struct road_gpu_insn *insn = road_gpu_warp_peek(warp);
	struct road_gpu_block *block = warp->block;

	memset(step, 0, sizeof(*step));
	if (!insn)
		return false;
	struct road_gpu_split *split = &warp->split[warp->current];
	uint32_t mask = split->mask & gpu_predicate(warp, insn->guard);

	step->insn = insn;
	step->pc = split->pc;
	step->active = split->mask;
	step->mask = mask;
	switch (insn->kind) {
	case ROAD_GPU_KIND_ALU:
		if (mask)
			insn->exec(warp, insn, mask);
		if (!block->fault.code)
			gpu_warp_advance(warp, split);
		break;
	case ROAD_GPU_KIND_LOAD:
	case ROAD_GPU_KIND_STORE:
		if (mask && access)
			step->access = access;
		if (!mask || !gpu_access(warp, insn, mask, access))
			gpu_warp_advance(warp, split);
		break;
	default: gpu_control(warp, insn, mask, step); break;
	}
	if (block->fault.code) {
		step->fault = true;
		return true;
	}
	count(block, insn, mask, step->pc);
	step->released = block->released;
	block->released = 0;
	step->exited = !warp->live;
	step->blocked = !gpu_warp_runnable(warp);
	return true;
}

bool road_gpu_block_stuck(struct road_gpu_block *block)
{
	if (!block->busy || block->fault.code || !block->live || block->waiting < block->live)
		return false;
	for (uint32_t w = 0; w < block->warp_count; w++) {
		struct road_gpu_warp *warp = &block->warps[w];

		if (!warp->splits)
			continue;
		const struct road_gpu_split *split = &warp->split[0];

		gpu_fault(warp, &warp->code[split->pc - 1], ROAD_GPU_FAULT_BARRIER,
			  (uint32_t)__builtin_ctz(split->mask), 0, split->barrier);
		return true;
	}
	return false;
}
