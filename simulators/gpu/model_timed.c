/* SPDX-License-Identifier: Apache-2.0 */
/* Launches in approx and trace mode: one event drives the timing model in quanta. */
#include <stdio.h>

#include "simulators/gpu/model.h"

enum { EVENT_STEPS = 16384 };

/* Cycles count from when the chip was opened, so that quanta fall alike in every run. */
static uint64_t now_cycle(const struct gpu_chip *chip)
{
	unsigned __int128 cycles = sim_now(chip->env) - chip->origin_ps;

	return (uint64_t)(cycles * chip->params.clock_khz / 1000000000u);
}

static uint64_t cycle_ps(const struct gpu_chip *chip, uint64_t cycle)
{
	return chip->origin_ps + road_gpu_cycles_ps(chip, cycle);
}

/* An end lies in the quantum that was just run: it takes effect when its cycle comes. */
static void ended(void *arg)
{
	struct gpu_work *work = arg;

	road_gpu_launch_end(work, &work->launch.done);
}

/* What this model leaves out: caches that are always right. */
static void count_approximations(struct gpu_chip *chip, const struct road_gpu_timing_done *done)
{
	sim_approximate(chip->env, "gpu.instruction_fetch_hits", done->stats->warp_instructions);
	if (done->counters.const_accesses && !done->overlapped)
		sim_approximate(chip->env, "gpu.constant_load_hits", done->counters.const_accesses);
}

static void take_ended(struct gpu_chip *chip)
{
	struct road_gpu_timing_done done;

	while (road_gpu_timing_take(chip->timing, &done)) {
		struct gpu_work *work = done.cookie;

		count_approximations(chip, &done);
		work->launch.running = false;
		work->launch.fault = done.fault;
		work->launch.stats = *done.stats;
		work->launch.done = done;
		work->launch.done.stats = NULL;
		work->event.run = ended;
		sim_schedule(chip->env, &work->event, cycle_ps(chip, done.end));
	}
}

static void schedule(struct gpu_chip *chip, uint64_t cycle)
{
	if (cycle != ROAD_GPU_NEVER)
		sim_schedule(chip->env, &chip->timing_event, cycle_ps(chip, cycle));
}

static void run_quanta(void *arg)
{
	struct gpu_chip *chip = arg;
	uint64_t next = road_gpu_timing_run(chip->timing, now_cycle(chip), EVENT_STEPS);

	take_ended(chip);
	schedule(chip, next);
	road_gpu_cp_retry(chip);
}

/* Host memory that kernels reach through SYSTEM segments. */
static bool load_outside(void *ctx, void *cookie, uint32_t flags, uint64_t pa, void *out,
			 uint32_t bytes)
{
	const struct gpu_chip *chip = ctx;
	const struct gpu_work *work = cookie;

	return flags & ROAD_GPU_SEGMENT_SYSTEM &&
	       sim_dma_read(chip->env, work->queue->function->index, pa, out, bytes);
}

static bool store_outside(void *ctx, void *cookie, uint32_t flags, uint64_t pa, const void *in,
			  uint32_t bytes)
{
	const struct gpu_chip *chip = ctx;
	const struct gpu_work *work = cookie;

	return flags & ROAD_GPU_SEGMENT_SYSTEM &&
	       sim_dma_write(chip->env, work->queue->function->index, pa, in, bytes);
}

static void trace_workgroup(void *ctx, void *cookie, uint32_t sm, uint64_t linear, uint64_t start,
			    uint64_t end)
{
	const struct gpu_chip *chip = ctx;
	const struct gpu_work *work = cookie;
	char lane[16], name[32];

	snprintf(lane, sizeof(lane), "sm %u", sm);
	snprintf(name, sizeof(name), "%u.%llu", work->launch.config.grid_id,
		 (unsigned long long)linear);
	sim_trace_span(chip->env, lane, name, cycle_ps(chip, start), cycle_ps(chip, end));
}

static bool create(struct gpu_chip *chip)
{
	chip->timing_event = (struct sim_event){.run = run_quanta, .arg = chip};
	return true;
}

static void run_parallel(void *ctx, uint32_t count, void (*fn)(void *arg, uint32_t index),
			 void *arg)
{
	const struct gpu_chip *chip = ctx;

	/* Stores heal what they write: in an order that no number of threads changes. */
	if (chip->poison.count)
		for (uint32_t i = 0; i < count; i++)
			fn(arg, i);
	else
		sim_parallel(chip->env, count, fn, arg);
}

/* Caches and queues of all SMs take megabytes: an idle chip does without. */
static bool ensure_timing(struct gpu_chip *chip)
{
	const struct road_gpu_timing_outside outside = {chip, load_outside, store_outside};
	const struct road_gpu_timing_trace trace = {.ctx = chip, .workgroup = trace_workgroup};

	if (chip->timing)
		return true;
	chip->timing = road_gpu_timing_create(&chip->params, &outside,
					      chip->fidelity == SIM_TRACE ? &trace : NULL);
	if (chip->timing)
		road_gpu_timing_share(chip->timing, run_parallel, chip);
	return chip->timing != NULL;
}

static void destroy(struct gpu_chip *chip)
{
	sim_cancel(chip->env, &chip->timing_event);
	if (chip->timing)
		road_gpu_timing_destroy(chip->timing);
}

static enum road_gpu_fault begin(struct gpu_work *work, uint64_t *detail)
{
	struct gpu_chip *chip = work->queue->function->chip;
	enum road_gpu_launch_error launch_error = ROAD_GPU_LAUNCH_MEMORY;
	enum road_gpu_timing_error error;

	if (!ensure_timing(chip)) {
		*detail = (uint64_t)launch_error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	error = road_gpu_timing_begin(chip->timing, now_cycle(chip), &work->launch.config, work,
				      &launch_error);
	if (error != ROAD_GPU_TIMING_OK) {
		*detail = (uint64_t)launch_error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	work->launch.running = true;
	run_quanta(chip);
	return ROAD_GPU_FAULT_NONE;
}

static void cancel(struct gpu_work *work)
{
	road_gpu_timing_cancel(work->queue->function->chip->timing, work);
}

const struct gpu_backend road_gpu_backend_timed = {
	.create = create,
	.destroy = destroy,
	.begin = begin,
	.cancel = cancel,
	.costs_launch = true,
};
