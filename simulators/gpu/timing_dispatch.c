/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workgroups to SMs, between quanta: a new launch goes round the SMs in linear order until none
 * has room; a freed place gets the next workgroup after the dispatch latency. Here launches end,
 * fault and are dropped, too.
 */
#include "simulators/gpu/timing_internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t round_up(uint32_t n, uint32_t granule)
{
	return (n + granule - 1) / granule * granule;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- occupancy ---- */

struct need { /* of a workgroup */
	uint32_t warps, registers, shared;
};

static struct need need_of(const struct road_gpu_params *p,
			   const struct road_gpu_launch_config *config)
{
	uint64_t threads = (uint64_t)config->threads[0] * config->threads[1] * config->threads[2];
	uint32_t regs = config->code->desc.regs ? config->code->desc.regs : 1;
	struct need need;

	/* More than the hardware's limit never fits; keep the sums below small. */
	need.warps = threads > 1u << 16 ? 1u << 11 : ((uint32_t)threads + 31) / 32;
	need.registers = need.warps * round_up(regs * 32, p->register_granule);
	need.shared =
		config->shared_bytes > p->shared_per_block
			? UINT32_MAX
			: round_up(config->shared_bytes + p->shared_reserved, p->shared_granule);
	return need;
}

void gpu_launch_need(const struct road_gpu_timing *timing, struct gpu_launch *launch,
		     const struct road_gpu_launch_config *config)
{
	struct need need = need_of(timing->params, config);

	launch->warps = need.warps;
	launch->registers = need.registers;
	launch->shared = need.shared;
	/* What-if: the extra workgroup takes nothing from the others. */
	if (timing->params->extra_workgroups) {
		launch->registers = least(need.registers,
					  timing->params->registers_per_sm / launch->blocks_per_sm);
		launch->shared =
			least(need.shared, timing->params->shared_per_sm / launch->blocks_per_sm);
	}
}

/* `extra_workgroups` comes with more slots (scenarios.c), which are no part of the limits. */
uint32_t road_gpu_timing_occupancy(const struct road_gpu_params *p,
				   const struct road_gpu_launch_config *config,
				   enum road_gpu_limit *limit)
{
	struct need need = need_of(p, config);
	uint32_t per_warp = need.warps ? need.registers / need.warps : 1;
	/* A warp's registers lie in its sub-core. */
	uint32_t warps = p->registers_per_sm / p->subcores / per_warp * p->subcores;
	const uint32_t slots = p->warps_per_sm / (1 + p->extra_workgroups);
	const uint32_t fits[ROAD_GPU_LIMITS] = {
		[ROAD_GPU_LIMIT_GRID] = UINT32_MAX,
		[ROAD_GPU_LIMIT_BLOCKS] = p->blocks_per_sm - p->extra_workgroups,
		[ROAD_GPU_LIMIT_WARPS] = need.warps ? slots / need.warps : 0,
		[ROAD_GPU_LIMIT_REGISTERS] = need.warps ? warps / need.warps : 0,
		[ROAD_GPU_LIMIT_SHARED] = need.shared ? p->shared_per_sm / need.shared : UINT32_MAX,
	};

	*limit = ROAD_GPU_LIMIT_BLOCKS;
	for (unsigned l = ROAD_GPU_LIMIT_BLOCKS; l < ROAD_GPU_LIMITS; l++)
		if (fits[l] < fits[*limit])
			*limit = (enum road_gpu_limit)l;
	if (need.warps * 32 > round_up(p->threads_per_block, 32))
		return 0;
	return fits[*limit] ? fits[*limit] + p->extra_workgroups : 0;
}

/* ---- placing ---- */

static uint32_t blocks_of(const struct gpu_sm *sm, const struct gpu_launch *launch)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < sm->timing->params->blocks_per_sm; b++)
		n += sm->blocks[b].launch == launch;
	return n;
}

static bool fits(const struct gpu_sm *sm, const struct gpu_launch *launch)
{
	return sm->free_blocks && sm->free_warps >= launch->warps &&
	       sm->free_registers >= launch->registers && sm->free_shared >= launch->shared &&
	       blocks_of(sm, launch) < launch->blocks_per_sm;
}

void gpu_activate(struct road_gpu_timing *timing, struct gpu_sm *sm)
{
	uint32_t at = timing->active_count;

	if (sm->listed)
		return;
	sm->listed = true;
	for (; at && timing->active[at - 1] > sm->index; at--)
		timing->active[at] = timing->active[at - 1];
	timing->active[at] = sm->index;
	timing->active_count++;
}

/* A launch finds the first level empty; its size is what shared memory leaves of the array. */
static void refresh_l1(struct gpu_sm *sm, const struct gpu_launch *launch)
{
	const struct road_gpu_params *p = sm->timing->params;

	if (sm->launch_seen >= launch->serial)
		return;
	sm->launch_seen = launch->serial;
	if (!sm->resident_blocks) {
		uint64_t taken = (uint64_t)launch->shared * launch->blocks_per_sm;
		uint64_t left = taken < p->l1_bytes ? p->l1_bytes - taken : 0;
		uint32_t sets = (uint32_t)(left / ROAD_GPU_LINE_BYTES / p->l1_ways);

		sm->l1.sets = sets ? sets : 1;
	}
	road_cache_clear(&sm->l1);
}

static void place(struct road_gpu_timing *timing, struct gpu_launch *launch, struct gpu_sm *sm,
		  uint64_t earliest)
{
	uint64_t start = earliest > timing->dispatch_free ? earliest : timing->dispatch_free;
	struct road_gpu_block *exec = &launch->exec->blocks[launch->slots[--launch->slot_count]];
	uint32_t index = 0;

	timing->dispatch_free = start + timing->params->launch_workgroup;
	refresh_l1(sm, launch);
	while (sm->blocks[index].exec)
		index++;
	road_gpu_block_start(exec, launch->next++, timing->params->first_sm + sm->index);
	sm->blocks[index].exec = exec;
	sm->blocks[index].launch = launch;
	sm->free_blocks--;
	sm->free_warps -= launch->warps;
	sm->free_registers -= launch->registers;
	sm->free_shared -= launch->shared;
	launch->resident++;
	gpu_sm_add_block(sm, index, start);
	gpu_activate(timing, sm);
}

/* ---- several clients ---- */

static bool has_more(const struct gpu_launch *launch)
{
	return launch->next < launch->exec->total && launch->slot_count &&
	       launch->fault_cycle == NO_TIME;
}

/* The earliest launch with workgroups to be placed of the client that got a place the longest ago;
 * of those that got none yet, the lowest. */
static struct gpu_launch *first_in_turn(struct road_gpu_timing *timing)
{
	struct gpu_launch *first = NULL;

	for (uint32_t i = 0; i < timing->order_count; i++) {
		struct gpu_launch *launch = &timing->launches[timing->order[i]];

		if (has_more(launch) && (!first || timing->placed_of[launch->client] <
							   timing->placed_of[first->client]))
			first = launch;
	}
	return first;
}

/*
 * Each place goes to the client whose turn it is. If its workgroup needs more room than the SM has
 * by now, the SM is kept for it: else small workgroups of others would take each place that comes
 * free. Something runs there then, so that the SM is looked at again; empty it takes any workgroup.
 */
static void refill_in_turn(struct road_gpu_timing *timing, struct gpu_sm *sm, uint64_t earliest)
{
	struct gpu_launch *launch;

	while ((launch = first_in_turn(timing)) && fits(sm, launch)) {
		place(timing, launch, sm, earliest < launch->start ? launch->start : earliest);
		timing->placed_of[launch->client] = ++timing->placed;
	}
}

void gpu_dispatch_begin(struct road_gpu_timing *timing, struct gpu_launch *launch)
{
	uint32_t n = timing->params->sm_count, tried = 0;

	for (uint32_t i = 0; timing->clients && i < n; i++)
		refill_in_turn(timing, &timing->sms[i], launch->start);
	if (timing->clients)
		return;
	while (launch->next < launch->exec->total && launch->slot_count && tried < n) {
		struct gpu_sm *sm = &timing->sms[timing->cursor];

		timing->cursor = timing->cursor + 1 == n ? 0 : timing->cursor + 1;
		if (fits(sm, launch)) {
			place(timing, launch, sm, launch->start);
			tried = 0;
		} else {
			tried++;
		}
	}
}

static void refill(struct road_gpu_timing *timing, struct gpu_sm *sm, uint64_t cycle)
{
	if (timing->clients) {
		refill_in_turn(timing, sm, cycle + timing->params->dispatch_latency);
		return;
	}
	for (uint32_t i = 0; i < timing->order_count; i++) {
		struct gpu_launch *launch = &timing->launches[timing->order[i]];
		uint64_t earliest = cycle + timing->params->dispatch_latency;

		if (earliest < launch->start)
			earliest = launch->start;
		while (launch->next < launch->exec->total && launch->slot_count &&
		       launch->fault_cycle == NO_TIME && fits(sm, launch))
			place(timing, launch, sm, earliest);
	}
}

/* ---- ending ---- */

static void free_place(struct gpu_sm *sm, uint32_t index, uint64_t cycle)
{
	struct gpu_block *block = &sm->blocks[index];
	struct gpu_launch *launch = block->launch;

	road_gpu_launch_collect(launch->exec, block->exec);
	launch->slots[launch->slot_count++] = block->exec->slot;
	launch->resident--;
	sm->free_blocks++;
	sm->free_warps += launch->warps;
	sm->free_registers += launch->registers;
	sm->free_shared += launch->shared;
	gpu_sm_drop_block(sm, index, cycle);
}

static void end_block(struct road_gpu_timing *timing, const struct gpu_freed *freed)
{
	struct gpu_sm *sm = &timing->sms[freed->sm];
	struct gpu_block *block = &sm->blocks[freed->block];
	struct gpu_launch *launch = block->launch;
	const struct road_gpu_timing_trace *trace = &timing->trace;
	/* All that this SM stored so far: no later than the last store of the workgroup. */
	uint64_t stored = road_cycles_of_ticks(sm->store_end);

	sm->counters.workgroups++;
	if (trace->workgroup)
		trace->workgroup(trace->ctx, launch->cookie, timing->params->first_sm + sm->index,
				 block->exec->linear, block->start, freed->cycle);
	if (launch->end < freed->cycle)
		launch->end = freed->cycle;
	if (launch->end < stored)
		launch->end = stored;
	free_place(sm, freed->block, freed->cycle);
}

static int compare_freed(const void *a, const void *b)
{
	const struct gpu_freed *x = a, *y = b;

	if (x->cycle != y->cycle)
		return x->cycle < y->cycle ? -1 : 1;
	if (x->sm != y->sm)
		return x->sm < y->sm ? -1 : 1;
	return x->block < y->block ? -1 : x->block > y->block;
}

static uint32_t collect_freed(struct road_gpu_timing *timing)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < timing->active_count; i++) {
		struct gpu_sm *sm = &timing->sms[timing->active[i]];

		for (uint32_t e = 0; e < sm->ended_count; e++)
			timing->freed[count++] = (struct gpu_freed){sm->ended[e].cycle, sm->index,
								    sm->ended[e].block};
		sm->ended_count = 0;
	}
	if (count > 1)
		qsort(timing->freed, count, sizeof(*timing->freed), compare_freed);
	return count;
}

/* ---- faults ---- */

/* The earliest fault of a launch counts; of equals, that of the lowest SM. */
static void take_fault(struct gpu_sm *sm)
{
	const struct gpu_block *block = sm->fault_block;
	uint64_t cycle = sm->fault_cycle;

	sm->fault_cycle = NO_TIME;
	sm->fault_block = NULL;
	if (!block->launch || cycle >= block->launch->fault_cycle)
		return;
	block->launch->fault_cycle = cycle;
	block->launch->fault = block->exec->fault;
}

static uint64_t instructions_of(const struct road_gpu_timing *timing,
				const struct gpu_launch *launch)
{
	uint64_t n = launch->exec->stats.warp_instructions;

	for (uint32_t i = 0; i < timing->active_count; i++) {
		const struct gpu_sm *sm = &timing->sms[timing->active[i]];

		for (uint32_t b = 0; b < timing->params->blocks_per_sm; b++)
			if (sm->blocks[b].launch == launch)
				n += sm->blocks[b].exec->stats.warp_instructions;
	}
	return n;
}

/* Looked at between quanta: a launch may run on for one, always the same. */
static void check_watchdog(struct road_gpu_timing *timing, struct gpu_launch *launch,
			   uint64_t cycle)
{
	if (!launch->watchdog || launch->fault_cycle != NO_TIME ||
	    timing->instructions - launch->watchdog_base <= launch->watchdog)
		return;
	uint64_t n = instructions_of(timing, launch);

	if (n <= launch->watchdog)
		return;
	launch->fault_cycle = cycle;
	launch->fault = (struct road_gpu_fault_info){.code = ROAD_GPU_FAULT_WATCHDOG, .detail = n};
}

/* ---- launches ---- */

void gpu_launch_free(struct gpu_launch *launch)
{
	if (launch->exec)
		road_gpu_launch_destroy(launch->exec);
	free(launch->slots);
	free(launch->ops);
	free(launch->words);
	memset(launch, 0, sizeof(*launch));
}

static void unlist(struct road_gpu_timing *timing, const struct gpu_launch *launch)
{
	uint32_t index = (uint32_t)(launch - timing->launches), kept = 0;

	for (uint32_t i = 0; i < timing->order_count; i++)
		if (timing->order[i] != index)
			timing->order[kept++] = timing->order[i];
	timing->order_count = kept;
}

static void finish(struct road_gpu_timing *timing, struct gpu_launch *launch)
{
	launch->finished = true;
	if (launch->end > timing->last_active)
		timing->last_active = launch->end;
	road_gpu_timing_counters(timing, &launch->after);
	unlist(timing, launch);
}

void gpu_launch_drop(struct road_gpu_timing *timing, struct gpu_launch *launch, uint64_t cycle)
{
	unlist(timing, launch);
	for (uint32_t i = 0; i < timing->active_count && launch->resident; i++) {
		struct gpu_sm *sm = &timing->sms[timing->active[i]];

		for (uint32_t b = 0; b < timing->params->blocks_per_sm; b++) {
			if (sm->blocks[b].launch != launch)
				continue;
			free_place(sm, b, cycle);
			refill(timing, sm, cycle);
		}
	}
}

/* Its stores on their way still take effect: who looks at the fault sees them. */
static void stop_faulted(struct road_gpu_timing *timing, struct gpu_launch *launch, uint64_t end)
{
	launch->next = launch->exec->total;
	launch->end = end;
	for (uint32_t i = 0; i < timing->active_count; i++) {
		const struct gpu_sm *sm = &timing->sms[timing->active[i]];
		uint64_t stored = road_cycles_of_ticks(sm->store_end);

		if (blocks_of(sm, launch) && stored > launch->end)
			launch->end = stored;
	}
	gpu_launch_drop(timing, launch, end);
	timing->order[timing->order_count++] = (uint32_t)(launch - timing->launches);
}

/* A store that arrives in the very cycle in which the quantum ends has not taken effect. */
static bool stores_pending(const struct road_gpu_timing *timing, const struct gpu_launch *launch)
{
	for (uint32_t i = 0; i < timing->active_count; i++) {
		const struct gpu_sm *sm = &timing->sms[timing->active[i]];

		if (gpu_atomics_pending(sm, launch))
			return true;
		for (uint32_t s = 0; s < sm->store_count; s++) {
			const struct gpu_store *e = &sm->stores[(sm->store_first + s) % STORE_ROOM];

			if (e->launch == launch && e->serial == launch->serial)
				return true;
		}
	}
	return false;
}

static void settle(struct road_gpu_timing *timing, struct gpu_launch *launch, uint64_t end)
{
	if (launch->fault_cycle != NO_TIME && launch->resident)
		stop_faulted(timing, launch, end);
	if (launch->next < launch->exec->total || launch->resident || launch->end > end)
		return;
	if (launch->end == end && stores_pending(timing, launch))
		return;
	finish(timing, launch);
}

void gpu_dispatch_barrier(struct road_gpu_timing *timing, uint64_t end)
{
	uint32_t count = collect_freed(timing), kept = 0;

	for (uint32_t i = 0; i < timing->active_count; i++)
		if (timing->sms[timing->active[i]].fault_cycle != NO_TIME)
			take_fault(&timing->sms[timing->active[i]]);
	for (uint32_t i = 0; i < count; i++) {
		end_block(timing, &timing->freed[i]);
		refill(timing, &timing->sms[timing->freed[i].sm], timing->freed[i].cycle);
	}
	/* Launches may leave the list while it is walked: from the last one down. */
	for (uint32_t i = timing->order_count; i-- > 0;) {
		struct gpu_launch *launch = &timing->launches[timing->order[i]];

		check_watchdog(timing, launch, end);
		settle(timing, launch, end);
	}
	for (uint32_t i = 0; i < timing->active_count; i++) {
		struct gpu_sm *sm = &timing->sms[timing->active[i]];

		sm->listed = sm->resident_blocks || sm->request_count;
		if (sm->listed)
			timing->active[kept++] = sm->index;
	}
	timing->active_count = kept;
}
