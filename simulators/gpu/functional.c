/* SPDX-License-Identifier: Apache-2.0 */
/* Functional mode: resident workgroups take turns; what runs when depends on the launch alone. */
#include "simulators/gpu/exec.h"

/* Assigns the next workgroup; it starts with its first turn. */
static void fill_slot(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	if (launch->assigned >= launch->total)
		return;
	block->linear = launch->assigned++;
	block->busy = true;
	block->pending = true;
}

static void start_pending(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	uint32_t sms = launch->config.sm_count;

	if (block->pending)
		road_gpu_block_start(block, block->linear,
				     launch->config.first_sm + (sms ? block->slot % sms : 0));
}

/* The slot whose turn it is; the next busy one if its turn is over. */
static struct road_gpu_block *whose_turn(struct road_gpu_launch *launch)
{
	uint32_t slots = launch->config.slots, slot = launch->turn_slot;

	if (launch->turn_left)
		return &launch->blocks[slot];
	for (uint32_t i = 0; i < slots; i++) {
		slot = slot + 1 < slots ? slot + 1 : 0;
		if (launch->blocks[slot].busy)
			break;
	}
	launch->turn_slot = slot;
	launch->turn_left = ROAD_GPU_TURN_STEPS;
	return &launch->blocks[slot];
}

/* The next warp from block->next_warp on that can run, or NULL. */
static struct road_gpu_warp *whose_warp(struct road_gpu_block *block)
{
	for (uint32_t i = 0; i < block->warp_count; i++) {
		uint32_t w = (block->next_warp + i) % block->warp_count;

		if (road_gpu_warp_peek(&block->warps[w])) {
			block->next_warp = w;
			return &block->warps[w];
		}
	}
	return NULL;
}

static void watchdog(struct road_gpu_launch *launch, struct road_gpu_warp *warp)
{
	const struct road_gpu_split *split = &warp->split[warp->current];

	road_gpu_warp_fault(warp, &warp->code[split->pc], ROAD_GPU_FAULT_WATCHDOG, split->mask, 0,
			    launch->steps);
}

static uint32_t least(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a < b ? a : b;

	return (uint32_t)(low < c ? low : c);
}

/* A part of a workgroup's turn: one warp until it blocks; returns how much it ran. */
static uint32_t run_warp(struct road_gpu_launch *launch, struct road_gpu_block *block,
			 uint64_t budget)
{
	uint64_t left =
		launch->config.watchdog ? launch->config.watchdog - launch->steps : UINT64_MAX;
	struct road_gpu_warp *warp = whose_warp(block);
	enum road_gpu_run end;
	uint32_t ran = 0;

	if (!warp) {
		road_gpu_block_stuck(block);
		return 0;
	}
	if (!left) {
		watchdog(launch, warp);
		return 0;
	}
	end = launch->config.variant->run(warp, least(left, budget, launch->turn_left), &ran);
	launch->steps += ran;
	launch->turn_left -= ran;
	/* The next warp has its turn where this one stopped, not where the budget ended. */
	if (end == ROAD_GPU_RUN_BLOCKED || !launch->turn_left)
		block->next_warp = (block->next_warp + 1) % block->warp_count;
	return ran;
}

static void finish_block(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	road_gpu_launch_collect(launch, block);
	road_gpu_block_leave(block);
	launch->finished++;
	launch->turn_left = 0;
	fill_slot(launch, block);
}

static enum road_gpu_progress run_slice(struct road_gpu_launch *launch, uint64_t budget,
					uint64_t *ran)
{
	while (launch->finished < launch->total) {
		struct road_gpu_block *block;

		if (*ran >= budget)
			return ROAD_GPU_MORE;
		block = whose_turn(launch);
		start_pending(launch, block);
		*ran += run_warp(launch, block, budget - *ran);
		if (block->fault.code) {
			road_gpu_launch_collect(launch, block);
			return ROAD_GPU_FAULTED;
		}
		if (!block->busy)
			finish_block(launch, block);
	}
	return ROAD_GPU_DONE;
}

enum road_gpu_progress road_gpu_functional_run(struct road_gpu_launch *launch, uint64_t budget,
					       uint64_t *ran)
{
	*ran = 0;
	if (launch->fault.code)
		return ROAD_GPU_FAULTED;
	if (!launch->assigned) {
		for (uint32_t slot = 0; slot < launch->config.slots; slot++)
			fill_slot(launch, &launch->blocks[slot]);
		launch->turn_slot = launch->config.slots - 1; /* so the first turn is slot 0's */
	}
	return run_slice(launch, budget, ran);
}
