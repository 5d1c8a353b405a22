/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launches in approx and trace mode. Each region has a timing model of its own, which an event
 * drives in quanta; none knows of the others'. What is stored in one region is seen in another one
 * when the quantum was run, up to a quantum early.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct gpu_timed {
	struct gpu_chip *chip;
	struct road_gpu_params params;  /* the region's */
	struct road_gpu_timing *timing; /* NULL: it runs nothing yet */
	uint64_t generation;            /* of the region */
	struct sim_event event;
};

static void take_ended(const struct gpu_timed *timed)
{
	struct gpu_chip *chip = timed->chip;
	struct road_gpu_timing_done done;

	while (road_gpu_timing_take(timed->timing, &done)) {
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

static void run_quanta(void *arg)
{
	struct gpu_timed *timed = arg;
	struct gpu_chip *chip = timed->chip;
	uint64_t next = road_gpu_timing_run(timed->timing, now_cycle(chip), EVENT_STEPS);

	take_ended(timed);
	if (next != ROAD_GPU_NEVER)
		sim_schedule(chip->env, &timed->event, cycle_ps(chip, next));
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
	chip->timed = calloc(ROAD_REGION_NUMBERS, sizeof(*chip->timed));
	for (uint32_t i = 0; chip->timed && i < ROAD_REGION_NUMBERS; i++)
		chip->timed[i] = (struct gpu_timed){
			.chip = chip, .event = {.run = run_quanta, .arg = &chip->timed[i]}};
	return chip->timed != NULL;
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

static void add_counters(struct road_gpu_timing_counters *to, const struct road_gpu_timing *timing)
{
	struct road_gpu_timing_counters counters;
	uint64_t *sum = (uint64_t *)to;
	const uint64_t *part = (const uint64_t *)&counters;

	road_gpu_timing_counters(timing, &counters);
	for (size_t i = 0; i < sizeof(counters) / sizeof(*part); i++)
		sum[i] += part[i];
}

bool road_gpu_timed_counters(const struct gpu_chip *chip, struct road_gpu_timing_counters *out)
{
	if (!chip->has_timed)
		return false;
	*out = chip->timed_before;
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (chip->timed[i].timing)
			add_counters(out, chip->timed[i].timing);
	return true;
}

static void drop(struct gpu_timed *timed)
{
	if (!timed->timing)
		return;
	sim_cancel(timed->chip->env, &timed->event);
	add_counters(&timed->chip->timed_before, timed->timing);
	road_gpu_timing_destroy(timed->timing);
	timed->timing = NULL;
}

/* Where one region runs, what it was part of, or was made of, does not, nor what is gone. */
static void drop_others(struct gpu_chip *chip, uint32_t region)
{
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		struct gpu_timed *timed = &chip->timed[i];

		if (!i != !region || timed->generation != road_gpu_region_generation(chip, i))
			drop(timed);
	}
}

/* Caches and queues of all SMs take megabytes: an idle chip does without. */
static bool ensure_timing(struct gpu_chip *chip, uint32_t region)
{
	const struct road_gpu_timing_outside outside = {chip, load_outside, store_outside};
	const struct road_gpu_timing_trace trace = {.ctx = chip, .workgroup = trace_workgroup};
	struct gpu_timed *timed = &chip->timed[region];

	drop_others(chip, region);
	if (timed->timing)
		return true;
	road_gpu_region_params(chip, region, &timed->params);
	timed->generation = road_gpu_region_generation(chip, region);
	timed->timing = road_gpu_timing_create(&timed->params, &outside,
					       chip->fidelity == SIM_TRACE ? &trace : NULL);
	if (!timed->timing)
		return false;
	chip->has_timed = true;
	road_gpu_timing_share(timed->timing, run_parallel, chip);
	return true;
}

/* Made anew with what they cost at the new clock. */
static void drop_all(struct gpu_chip *chip)
{
	for (uint32_t i = 0; chip->timed && i < ROAD_REGION_NUMBERS; i++)
		drop(&chip->timed[i]);
}

static void destroy(struct gpu_chip *chip)
{
	drop_all(chip);
	free(chip->timed);
	chip->timed = NULL;
}

static enum road_gpu_fault begin(struct gpu_work *work, uint64_t *detail)
{
	struct gpu_chip *chip = work->queue->function->chip;
	const uint32_t region = road_gpu_region_of(work->queue);
	enum road_gpu_launch_error launch_error = ROAD_GPU_LAUNCH_MEMORY;
	enum road_gpu_timing_error error;

	if (!ensure_timing(chip, region)) {
		*detail = (uint64_t)launch_error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	error = road_gpu_timing_begin(chip->timed[region].timing, now_cycle(chip),
				      &work->launch.config, work, &launch_error);
	if (error != ROAD_GPU_TIMING_OK) {
		*detail = (uint64_t)launch_error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	work->launch.running = true;
	work->launch.timed = &chip->timed[region];
	run_quanta(&chip->timed[region]);
	return ROAD_GPU_FAULT_NONE;
}

static void cancel(struct gpu_work *work)
{
	road_gpu_timing_cancel(work->launch.timed->timing, work);
}

const struct gpu_backend road_gpu_backend_timed = {
	.create = create,
	.destroy = destroy,
	.begin = begin,
	.cancel = cancel,
	.costs_launch = true,
	.clocked = drop_all,
};
