/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the lanes of a warp stand: splits, branches, barriers, exits. The lowest split runs until
 * it meets the next one (warp->meet); one that sat through ROAD_GPU_PATIENCE backward branches of
 * others gets a turn of its own, so that a lane may spin on another lane of its warp.
 */
#include "simulators/gpu/async.h"
#include "simulators/gpu/exec.h"
#include "simulators/gpu/mbarrier.h"
#include "simulators/gpu/print.h"

static bool can_run(const struct road_gpu_warp *warp, uint32_t index)
{
	return warp->split[index].mask && !warp->split[index].waits;
}

static void drop_split(struct road_gpu_warp *warp, uint32_t index)
{
	uint32_t last = --warp->splits;

	warp->split[index] = warp->split[last];
	if (warp->current == last)
		warp->current = index;
}

/* The deepest first: what a call diverges from waits behind it until it has returned. */
static bool runs_before(const struct road_gpu_split *a, const struct road_gpu_split *b)
{
	return a->depth != b->depth ? a->depth > b->depth : a->pc < b->pc;
}

/* Index of the lowest split that can run, or warp->splits. */
static uint32_t lowest(const struct road_gpu_warp *warp)
{
	uint32_t found = warp->splits;

	for (uint32_t i = 0; i < warp->splits; i++) {
		if (can_run(warp, i) &&
		    (found == warp->splits || runs_before(&warp->split[i], &warp->split[found])))
			found = i;
	}
	return found;
}

static void merge_equal(struct road_gpu_warp *warp)
{
	for (uint32_t i = 0; i < warp->splits;) {
		struct road_gpu_split *current = &warp->split[warp->current];

		if (i == warp->current || !can_run(warp, i) || warp->split[i].pc != current->pc ||
		    warp->split[i].depth != current->depth) {
			i++;
			continue;
		}
		current->mask |= warp->split[i].mask;
		warp->turn = false;
		drop_split(warp, i);
	}
}

/* The pc at which the current split has to stop and choose again. */
static uint32_t find_meet(const struct road_gpu_warp *warp)
{
	uint32_t meet = ROAD_GPU_MEET_NONE, depth = warp->split[warp->current].depth;

	for (uint32_t i = 0; i < warp->splits; i++) {
		uint32_t at =
			warp->split[i].depth == depth ? warp->split[i].pc : ROAD_GPU_MEET_APART;

		if (i != warp->current && can_run(warp, i) && at < meet)
			meet = at;
	}
	/* Out of order it may meet others anywhere. */
	return meet != ROAD_GPU_MEET_NONE && warp->turn ? 0 : meet;
}

bool road_gpu_warp_choose(struct road_gpu_warp *warp)
{
	for (uint32_t i = 0; i < warp->splits;) {
		if (warp->split[i].mask)
			i++;
		else
			drop_split(warp, i);
	}
	if (!warp->splits)
		return false;
	if (warp->turn && (warp->current >= warp->splits || !can_run(warp, warp->current)))
		warp->turn = false;
	if (warp->turn)
		merge_equal(warp);
	if (!warp->turn) {
		uint32_t found = lowest(warp);

		if (found == warp->splits)
			return false;
		if (found != warp->current)
			warp->split[found].stamp = ++warp->stamp;
		warp->current = found;
		merge_equal(warp);
	}
	warp->meet = find_meet(warp);
	if (warp->meet == ROAD_GPU_MEET_NONE) {
		warp->backward = 0;
		warp->turn = false;
	}
	return true;
}

const struct road_gpu_insn *road_gpu_warp_peek(struct road_gpu_warp *warp)
{
	const struct road_gpu_split *split = &warp->split[warp->current];

	if (!warp->live)
		return NULL;
	if ((warp->current >= warp->splits || !can_run(warp, warp->current) ||
	     split->pc >= warp->meet) &&
	    !road_gpu_warp_choose(warp))
		return NULL;
	return &warp->code[warp->split[warp->current].pc];
}

void road_gpu_warp_fault(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 enum road_gpu_fault code, uint32_t lanes, uint64_t address,
			 uint64_t detail)
{
	struct road_gpu_block *block = warp->block;
	const struct road_gpu_code *kernel = block->launch->config.code;
	uint32_t pc = (uint32_t)(insn - warp->code);

	block->fault = (struct road_gpu_fault_info){
		.code = code,
		.pc = pc,
		.line = pc < kernel->desc.word_count ? road_gpu_code_line(kernel, pc) : 0,
		.lane = lanes ? (uint32_t)__builtin_ctz(lanes) : 0,
		.warp = warp->index,
		.ctaid = {block->ctaid[0], block->ctaid[1], block->ctaid[2]},
		.address = address,
		.detail = detail,
	};
}

void road_gpu_note_order(struct road_gpu_warp *warp, const struct road_gpu_insn *insn)
{
	struct road_gpu_statistics *stats = &warp->block->stats;

	if (stats->order_sensitive)
		return;
	stats->order_sensitive = true;
	stats->order_pc = (uint32_t)(insn - warp->code);
	stats->order_line = road_gpu_code_line(warp->block->launch->config.code, stats->order_pc);
}

struct road_gpu_split *road_gpu_warp_split_off(struct road_gpu_warp *warp, uint32_t lanes,
					       uint32_t pc)
{
	struct road_gpu_split *current = &warp->split[warp->current];
	struct road_gpu_split *other = &warp->split[warp->splits++];

	*other = (struct road_gpu_split){
		.pc = pc, .mask = lanes, .stamp = current->stamp, .depth = current->depth};
	current->mask &= ~lanes;
	warp->meet = 0; /* choose before the next step */
	return other;
}

/* The current split went backward while others could run: has one of them waited too long? */
static void lose_patience(struct road_gpu_warp *warp)
{
	uint32_t next = warp->splits;

	if (warp->meet == ROAD_GPU_MEET_NONE || ++warp->backward < ROAD_GPU_PATIENCE)
		return;
	for (uint32_t i = 0; i < warp->splits; i++) {
		const struct road_gpu_split *split = &warp->split[i];

		if (i == warp->current || !can_run(warp, i))
			continue;
		if (next == warp->splits || split->stamp < warp->split[next].stamp ||
		    (split->stamp == warp->split[next].stamp && split->pc < warp->split[next].pc))
			next = i;
	}
	warp->backward = 0;
	if (next == warp->splits)
		return;
	warp->split[warp->current].stamp = ++warp->stamp;
	warp->current = next;
	warp->turn = true;
	warp->meet = 0;
}

/* Lanes `taken` go to target, the others of the split to the next word. */
static void branch(struct road_gpu_warp *warp, uint32_t taken, uint32_t target,
		   struct road_gpu_step *step)
{
	struct road_gpu_split *current = &warp->split[warp->current];
	uint32_t pc = current->pc, stay = current->mask & ~taken;

	step->taken = taken != 0;
	if (!taken) {
		current->pc++;
		return;
	}
	if (stay) {
		road_gpu_warp_split_off(warp, stay, pc + 1);
		step->divergent = true;
		warp->block->stats.divergent_branches++;
	}
	current->pc = target;
	if (target <= pc)
		lose_patience(warp);
}

/* Each lane of mask goes to its own target, `depth` deeper; the others of the split go on. */
static void scatter(struct road_gpu_warp *warp, uint32_t mask, const uint32_t *targets,
		    uint32_t depth, struct road_gpu_step *step)
{
	uint32_t pc = warp->split[warp->current].pc, left = mask;
	bool backward = false, moved = false;

	step->taken = mask != 0;
	while (left) {
		struct road_gpu_split *current = &warp->split[warp->current], *moving = current;
		uint32_t target = targets[__builtin_ctz(left)], group = 0;

		for (uint32_t rest = left; rest; rest &= rest - 1) {
			uint32_t lane = (uint32_t)__builtin_ctz(rest);

			group |= targets[lane] == target ? 1u << lane : 0u;
		}
		left &= ~group;
		backward |= target <= pc;
		moved = group == current->mask;
		if (!moved) {
			moving = road_gpu_warp_split_off(warp, group, target);
			step->divergent = true;
		}
		moving->pc = target;
		moving->depth += depth;
	}
	if (!moved) /* the lanes whose guard was false */
		warp->split[warp->current].pc++;
	if (step->divergent)
		warp->block->stats.divergent_branches++;
	if (depth)
		warp->meet = 0; /* choose before the next step */
	if (backward && !depth)
		lose_patience(warp);
}

/* False, and a fault, if a lane's index is no entry of the table. */
static bool in_table(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t lane,
		     uint64_t index)
{
	if (index < insn->aux)
		return true;
	road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, 1u << lane, 0, index);
	return false;
}

static bool branch_table(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			 uint32_t mask, struct road_gpu_step *step)
{
	const uint32_t *index = road_gpu_source(warp, insn->a);
	const uint32_t *table = warp->block->launch->config.code->branches + insn->imm;
	uint32_t targets[ROAD_GPU_WARP_LANES];

	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		if (!in_table(warp, insn, lane, index[lane]))
			return false;
		targets[lane] = table[index[lane]];
	}
	scatter(warp, mask, targets, 0, step);
	return true;
}

/* The word that a lane calls; false after a fault. */
static bool call_target(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t lane,
			uint32_t *target)
{
	const uint32_t *table = warp->block->launch->config.code->branches + insn->imm;
	const uint64_t *address = road_gpu_source(warp, insn->a);
	uint64_t index;

	if (insn->kind == ROAD_GPU_KIND_CALL) {
		*target = (uint32_t)insn->imm;
		return true;
	}
	index = (address[lane] - ROAD_GPU_CODE_WINDOW) / ROAD_GPU_CODE_STEP;
	if (address[lane] % ROAD_GPU_CODE_STEP || index >= insn->aux) {
		road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_CALL, 1u << lane, address[lane], 0);
		return false;
	}
	*target = table[index];
	return true;
}

static bool call(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		 struct road_gpu_step *step)
{
	const struct road_gpu_split *current = &warp->split[warp->current];
	uint32_t targets[ROAD_GPU_WARP_LANES], *back = road_gpu_target(warp, insn->d);

	if (mask && current->depth >= ROAD_GPU_CALLS_MAX) {
		road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_STACK, mask, 0, current->depth);
		return false;
	}
	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		if (!call_target(warp, insn, lane, &targets[lane]))
			return false;
	}
	for (uint32_t left = mask; left; left &= left - 1)
		back[__builtin_ctz(left)] = current->pc + 1;
	scatter(warp, mask, targets, 1, step);
	return true;
}

static bool leave_call(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		       struct road_gpu_step *step)
{
	const uint32_t *targets = road_gpu_source(warp, insn->a);
	const struct road_gpu_kernel *desc = &warp->block->launch->config.code->desc;
	uint32_t bad = warp->split[warp->current].depth ? 0 : mask;

	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		bad |= targets[lane] >= desc->word_count ? 1u << lane : 0u;
	}
	if (bad) {
		road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, bad, 0,
				    targets[__builtin_ctz(bad)]);
		return false;
	}
	scatter(warp, mask, targets, UINT32_MAX, step);
	return true;
}

/* What a bar.red gives to the lanes of a split that waits behind it. */
static void put_reduction(struct road_gpu_warp *warp, const struct road_gpu_split *split,
			  const struct road_gpu_barrier_state *barrier)
{
	const struct road_gpu_insn *insn = &warp->code[split->pc - 1];
	bool holds = insn->op == ROAD_GPU_OP_bar_red_and ? barrier->truths == barrier->asked
							 : barrier->truths != 0;

	if (insn->op == ROAD_GPU_OP_bar_red_popc) {
		uint32_t *d = road_gpu_target(warp, insn->d);

		for (uint32_t m = split->mask; m; m &= m - 1)
			d[__builtin_ctz(m)] = barrier->truths;
	} else if (insn->pd != ROAD_GPU_PT) {
		warp->preds[insn->pd] &= ~split->mask;
		warp->preds[insn->pd] |= holds ? split->mask : 0;
	}
}

/* Lets go everybody who waits at the barrier if enough have come. */
static void complete_barrier(struct road_gpu_block *block, uint32_t index)
{
	struct road_gpu_barrier_state *barrier = &block->barriers[index];

	if (!barrier->warps ||
	    barrier->arrived < (barrier->expected ? barrier->expected : block->live))
		return;
	for (uint32_t w = 0; w < block->warp_count; w++) {
		struct road_gpu_warp *warp = &block->warps[w];

		barrier->lanes[w] = 0;
		for (uint32_t i = 0; i < warp->splits; i++) {
			struct road_gpu_split *split = &warp->split[i];

			if (split->waits != ROAD_GPU_WAITS_BARRIER || split->barrier != index)
				continue;
			put_reduction(warp, split, barrier);
			split->waits = ROAD_GPU_WAITS_NOT;
			block->waiting -= (uint32_t)__builtin_popcount(split->mask);
			block->released |= 1u << w;
			warp->meet = 0;
		}
	}
	barrier->arrived = barrier->expected = barrier->warps = 0;
	barrier->asked = barrier->truths = 0;
	block->stats.barriers++;
}

/*
 * Threads arrive one by one (Volta and later). A count includes lanes that never existed or have
 * exited, of warps that take part: programs count in whole warps (PTX ISA, bar.sync).
 */
static void arrive(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t index,
		   uint32_t mask, uint32_t expected)
{
	struct road_gpu_barrier_state *barrier = &warp->block->barriers[index];
	uint32_t bit = 1u << warp->index;

	if (!barrier->warps)
		barrier->expected = expected;
	if (barrier->expected && !(barrier->warps & bit))
		barrier->arrived += (uint32_t)__builtin_popcount(~warp->live);
	barrier->warps |= bit;
	barrier->lanes[warp->index] |= mask;
	barrier->arrived += (uint32_t)__builtin_popcount(mask);
	if (insn->op >= ROAD_GPU_OP_bar_red_popc && insn->op <= ROAD_GPU_OP_bar_red_or) {
		barrier->asked += (uint32_t)__builtin_popcount(mask);
		barrier->truths +=
			(uint32_t)__builtin_popcount(mask & road_gpu_predicate(warp, insn->pc));
	}
}

/* Operands of a barrier are the same in all lanes; false and a fault if not, or too large. */
static bool barrier_operands(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			     uint32_t mask, uint32_t *index, uint32_t *expected)
{
	const uint32_t *a = road_gpu_source(warp, insn->a), *b = road_gpu_source(warp, insn->b);
	uint32_t first = (uint32_t)__builtin_ctz(mask);

	*index = a[first];
	*expected = b[first];
	for (uint32_t left = mask; left; left &= left - 1) {
		uint32_t lane = (uint32_t)__builtin_ctz(left);

		if (a[lane] != *index || b[lane] != *expected || *index >= ROAD_GPU_BARRIERS) {
			road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, 1u << lane, 0,
					    a[lane]);
			return false;
		}
	}
	return true;
}

static bool barrier(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
		    struct road_gpu_step *step)
{
	struct road_gpu_split *current = &warp->split[warp->current];
	uint32_t index, expected;

	if (!mask) {
		current->pc++;
		return true;
	}
	if (!barrier_operands(warp, insn, mask, &index, &expected))
		return false;
	step->barrier = true;
	current->pc++;
	if (insn->kind == ROAD_GPU_KIND_BAR_SYNC) {
		if (mask != current->mask)
			current = road_gpu_warp_split_off(warp, mask, current->pc);
		current->waits = ROAD_GPU_WAITS_BARRIER;
		current->barrier = (uint8_t)index;
		warp->meet = 0;
		warp->block->waiting += (uint32_t)__builtin_popcount(mask);
	}
	arrive(warp, insn, index, mask, expected);
	complete_barrier(warp->block, index);
	return true;
}

static void leave(struct road_gpu_warp *warp, uint32_t mask)
{
	struct road_gpu_block *block = warp->block;
	struct road_gpu_split *current = &warp->split[warp->current];
	uint32_t bit = 1u << warp->index;

	current->mask &= ~mask;
	current->pc++;
	warp->live &= ~mask;
	warp->meet = 0;
	block->live -= (uint32_t)__builtin_popcount(mask);
	if (!block->live) {
		block->busy = false;
		return;
	}
	for (uint32_t i = 0; i < ROAD_GPU_BARRIERS; i++) {
		struct road_gpu_barrier_state *state = &block->barriers[i];

		if (!state->warps)
			continue;
		if (state->expected && state->warps & bit)
			state->arrived +=
				(uint32_t)__builtin_popcount(mask & ~state->lanes[warp->index]);
		complete_barrier(block, i);
	}
	road_gpu_sync_left(warp);
}

static uint32_t longest_sleep(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			      uint32_t mask)
{
	const uint32_t *a = road_gpu_source(warp, insn->a);
	uint32_t longest = 0;

	for (; mask; mask &= mask - 1) {
		uint32_t ns = a[__builtin_ctz(mask)];

		longest = ns > longest ? ns : longest;
	}
	return longest < ROAD_GPU_SLEEP_MAX ? longest : ROAD_GPU_SLEEP_MAX;
}

/* Barriers in memory; false after a fault. */
static bool at_mbarrier(struct road_gpu_warp *warp, const struct road_gpu_insn *insn, uint32_t mask,
			struct road_gpu_access *access)
{
	if (insn->kind == ROAD_GPU_KIND_COPY_ARRIVE)
		return !road_gpu_async_arrive(warp, insn, mask, access);
	return !mask || !road_gpu_mbarrier(warp, insn, mask, access);
}

static bool at_mbarrier_unseen(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			       uint32_t mask)
{
	struct road_gpu_access access;

	return at_mbarrier(warp, insn, mask, &access);
}

bool road_gpu_warp_control(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
			   uint32_t active, uint32_t mask, struct road_gpu_step *step)
{
	switch (insn->kind) {
	case ROAD_GPU_KIND_BRANCH: branch(warp, mask, (uint32_t)insn->imm, step); return true;
	case ROAD_GPU_KIND_BRANCH_TABLE: return branch_table(warp, insn, mask, step);
	case ROAD_GPU_KIND_CALL:
	case ROAD_GPU_KIND_CALL_TABLE: return call(warp, insn, mask, step);
	case ROAD_GPU_KIND_RETURN: return leave_call(warp, insn, mask, step);
	case ROAD_GPU_KIND_BAR_SYNC:
	case ROAD_GPU_KIND_BAR_ARRIVE: return barrier(warp, insn, mask, step);
	case ROAD_GPU_KIND_SYNC: road_gpu_sync(warp, insn, mask); return true;
	case ROAD_GPU_KIND_SLEEP: step->sleep_ns = longest_sleep(warp, insn, mask); break;
	case ROAD_GPU_KIND_COPY_COMMIT: road_gpu_async_commit(warp, mask); break;
	case ROAD_GPU_KIND_COPY_WAIT:
		if (road_gpu_async_wait(warp, insn, mask))
			return false;
		break;
	case ROAD_GPU_KIND_COPY_ARRIVE:
	case ROAD_GPU_KIND_MBARRIER:
		if (!at_mbarrier_unseen(warp, insn, mask))
			return false;
		break;
	case ROAD_GPU_KIND_EXIT: leave(warp, mask); return true;
	case ROAD_GPU_KIND_PRINT:
		if (mask && !road_gpu_print(warp, insn, mask))
			return false;
		break;
	case ROAD_GPU_KIND_TRAP:
		if (mask) {
			road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_TRAP, mask, 0, insn->op);
			return false;
		}
		break;
	case ROAD_GPU_KIND_END:
		road_gpu_warp_fault(warp, insn, ROAD_GPU_FAULT_ILLEGAL, active, 0, insn->op);
		return false;
	default: break;
	}
	warp->split[warp->current].pc++;
	return true;
}

/* One instruction that has lanes to run; false after a fault. */
static bool perform(struct road_gpu_warp *warp, const struct road_gpu_insn *insn,
		    struct road_gpu_access *access, struct road_gpu_step *step)
{
	switch (insn->kind) {
	case ROAD_GPU_KIND_ALU:
		if (step->mask)
			insn->exec(warp, insn, step->mask);
		if (insn->flags & ROAD_GPU_INSN_SLOW && warp->block->fault.code)
			return false;
		break;
	case ROAD_GPU_KIND_SYNC:
		if (!road_gpu_sync_whole(warp, insn, step->mask))
			return road_gpu_warp_control(warp, insn, step->active, step->mask, step);
		insn->exec(warp, insn, step->mask);
		break;
	case ROAD_GPU_KIND_LOAD:
	case ROAD_GPU_KIND_STORE:
		if (step->mask &&
		    warp->block->launch->config.variant->access(warp, insn, step->mask, access))
			return false;
		step->access = step->mask ? access : NULL;
		break;
	case ROAD_GPU_KIND_COPY:
		if (step->mask && road_gpu_async_copy(warp, insn, step->mask, access))
			return false;
		step->access = step->mask && access->mask ? access : NULL;
		break;
	case ROAD_GPU_KIND_COPY_ARRIVE:
	case ROAD_GPU_KIND_MBARRIER:
		if (!at_mbarrier(warp, insn, step->mask, access))
			return false;
		step->access = step->mask ? access : NULL;
		break;
	case ROAD_GPU_KIND_ATOMIC:
		if (step->mask && road_gpu_access_run(warp, insn, step->mask, access))
			return false;
		step->access = step->mask ? access : NULL;
		break;
	default: return road_gpu_warp_control(warp, insn, step->active, step->mask, step);
	}
	warp->split[warp->current].pc++;
	return true;
}

bool road_gpu_warp_step(struct road_gpu_warp *warp, struct road_gpu_access *access,
			struct road_gpu_step *step)
{
	const struct road_gpu_insn *insn = road_gpu_warp_peek(warp);
	struct road_gpu_block *block = warp->block;
	const struct road_gpu_split *split = &warp->split[warp->current];

	*step = (struct road_gpu_step){.insn = insn};
	if (!insn)
		return false;
	step->pc = split->pc;
	step->active = split->mask;
	step->mask = split->mask & road_gpu_predicate(warp, insn->guard);
	block->released = 0;
	block->stats.warp_instructions++;
	block->stats.thread_instructions += road_gpu_lane_count(step->mask);
	block->stats.by_unit[insn->unit]++;
	block->stats.approximate += insn->flags & ROAD_GPU_INSN_APPROXIMATE;
	step->fault = !perform(warp, insn, access, step);
	step->released = block->released;
	step->exited = !warp->live;
	step->block_finished = !block->busy;
	step->blocked = step->fault || !road_gpu_warp_peek(warp);
	return true;
}
