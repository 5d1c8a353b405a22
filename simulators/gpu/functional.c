/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functional mode: no time but a count of warp instructions. Resident workgroups take turns of
 * 1024 steps in slot order, so that one may spin on another; within one, a warp runs until it
 * waits, exits, or the turn ends.
 */
#include "simulators/gpu/warp_internal.h"

/* Runs one warp for at most `limit` steps; returns how many it took. */
static uint64_t run_warp(struct road_gpu_warp *warp, uint64_t limit, bool *finished)
{
	struct road_gpu_block *block = warp->block;
	struct road_gpu_step step;
	uint64_t done = 0;

	while (done < limit && road_gpu_warp_step(warp, NULL, &step)) {
		done++;
		if (step.fault || step.block_finished) {
			*finished = step.block_finished;
			break;
		}
	}
	(void)block;
	return done;
}

static void next_warp(struct road_gpu_block *block)
{
	block->next_warp = block->next_warp + 1 == block->warp_count ? 0 : block->next_warp + 1;
}

/* One warp of this block that can run, from next_warp on; NULL: none. */
static struct road_gpu_warp *choose(struct road_gpu_block *block)
{
	for (uint32_t i = 0; i < block->warp_count; i++) {
		struct road_gpu_warp *warp = &block->warps[block->next_warp];

		if (gpu_warp_runnable(warp))
			return warp;
		next_warp(block);
	}
	return NULL;
}

static void next_slot(struct road_gpu_launch *launch)
{
	launch->turn_slot = launch->turn_slot + 1 == launch->config.slots ? 0 : launch->turn_slot + 1;
	launch->turn_left = ROAD_GPU_TURN_STEPS;
}

/* A slot whose workgroup runs, in turn; a free one gets the next workgroup. NULL: all are done. */
static struct road_gpu_block *choose_block(struct road_gpu_launch *launch)
{
	for (uint32_t i = 0; i < launch->config.slots; i++) {
		struct road_gpu_block *block = &launch->blocks[launch->turn_slot];

		if (!block->busy && launch->started < launch->total)
			road_gpu_block_start(block, launch->started,
					     launch->config.sm_count ?
						     launch->turn_slot % launch->config.sm_count :
						     0);
		if (block->busy)
			return block;
		next_slot(launch);
	}
	return NULL;
}

static enum road_gpu_progress fail(struct road_gpu_launch *launch, struct road_gpu_block *block)
{
	road_gpu_launch_collect(launch, block);
	return ROAD_GPU_FAULTED;
}

static enum road_gpu_progress watchdog(struct road_gpu_launch *launch, struct road_gpu_block *block,
				       struct road_gpu_warp *warp)
{
	const struct road_gpu_insn *insn = road_gpu_warp_peek(warp);

	gpu_fault(warp, insn, ROAD_GPU_FAULT_WATCHDOG,
		  (uint32_t)__builtin_ctz(warp->split[warp->current].mask), 0, launch->steps);
	return fail(launch, block);
}

enum road_gpu_progress road_gpu_functional_run(struct road_gpu_launch *launch, uint64_t budget,
					       uint64_t *ran)
{
	*ran = 0;
	while (*ran < budget) {
		struct road_gpu_block *block = choose_block(launch);

		if (!block)
			return ROAD_GPU_DONE;
		struct road_gpu_warp *warp = choose(block);

		if (!warp) { /* all wait: for each other, or this would not be so */
			road_gpu_block_stuck(block);
			return fail(launch, block);
		}
		uint64_t limit = budget - *ran, dog = launch->config.watchdog, done;
		bool finished = false;

		if (dog && launch->steps >= dog)
			return watchdog(launch, block, warp);
		limit = launch->turn_left < limit ? launch->turn_left : limit;
		limit = dog && dog - launch->steps < limit ? dog - launch->steps : limit;
		done = run_warp(warp, limit, &finished);
		*ran += done;
		launch->steps += done;
		launch->turn_left -= (uint32_t)done;
		if (block->fault.code)
			return fail(launch, block);
		if (finished) {
			road_gpu_launch_collect(launch, block);
			launch->finished++;
		}
		if (finished || !launch->turn_left) {
			next_warp(block);
			next_slot(launch);
		}
	}
	return launch->finished == launch->total ? ROAD_GPU_DONE : ROAD_GPU_MORE;
}
