/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launches in functional mode: an event runs a slice of warp instructions and comes back when
 * they are over, one clock cycle each. Launches of different queues run side by side.
 */
#include "simulators/gpu/model.h"

enum { SLICE_STEPS = 8192 };

static void ended(void *arg)
{
	road_gpu_launch_end(arg, NULL);
}

static void run_slice(void *arg)
{
	struct gpu_work *work = arg;
	struct gpu_function *function = work->queue->function;
	struct gpu_chip *chip = function->chip;
	enum road_gpu_progress progress;
	uint64_t ran = 0;

	road_gpu_table_refresh(function, work->table);
	progress = road_gpu_functional_run(work->launch.exec, SLICE_STEPS, &ran);
	work->launch.steps += ran;
	if (progress != ROAD_GPU_MORE) {
		work->launch.fault = work->launch.exec->fault;
		work->launch.stats = work->launch.exec->stats;
		work->event.run = ended;
	}
	sim_schedule(chip->env, &work->event,
		     work->launch.begin_ps + road_gpu_cycles_ps(chip, work->launch.steps));
	road_gpu_cp_retry(chip);
}

/* All 64 bits of a clock. Cycles move with each instruction of the workgroup; the timer is the
 * chip's as of the workgroup's last turn. */
static uint64_t read_clock(void *ctx, const struct road_gpu_block *block, enum road_gpu_sreg which)
{
	const struct gpu_work *work = ctx;
	const uint64_t steps = block->launch->steps;

	if (which < ROAD_GPU_SREG_GLOBALTIMER)
		return steps + block->stats.warp_instructions;
	return (work->launch.begin_ps + road_gpu_cycles_ps(work->queue->function->chip, steps)) /
	       SIM_PS_PER_NS;
}

static bool create(struct gpu_chip *chip)
{
	(void)chip;
	return true;
}

static void destroy(struct gpu_chip *chip)
{
	(void)chip;
}

static enum road_gpu_fault begin(struct gpu_work *work, uint64_t *detail)
{
	enum road_gpu_launch_error error = ROAD_GPU_LAUNCH_OK;

	work->launch.port = (struct road_gpu_port){.ctx = work, .clock = read_clock};
	work->launch.config.port = &work->launch.port;
	work->launch.exec = road_gpu_launch_create(&work->launch.config, &error);
	if (!work->launch.exec) {
		*detail = (uint64_t)error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	work->launch.running = true;
	work->event.run = run_slice;
	run_slice(work);
	return ROAD_GPU_FAULT_NONE;
}

static void cancel(struct gpu_work *work)
{
	road_gpu_launch_destroy(work->launch.exec);
}

const struct gpu_backend road_gpu_backend_functional = {
	.create = create,
	.destroy = destroy,
	.begin = begin,
	.cancel = cancel,
};
