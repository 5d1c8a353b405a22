/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launches in approx and trace mode. Each region has a timing model of its own, which an event
 * drives in quanta; none knows of the others'. What is stored in one region is seen in another one
 * when the quantum was run, up to a quantum early. Launches that are suspended take their model
 * with them, and others of the region get one of their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/gpu/model.h"

enum { EVENT_STEPS = 16384 };

struct gpu_timed {
	struct gpu_timed *next; /* of those that stand */
	struct gpu_chip *chip;
	uint32_t region;
	uint32_t launches;             /* in it */
	struct road_gpu_params params; /* the region's */
	struct road_gpu_timing *timing;
	uint64_t generation; /* of the region */
	uint64_t stood;      /* cycles in which it stood */
	bool is_standing;
	uint64_t standing_at; /* cycle, of its own */
	struct sim_event event;
};

/* Cycles count from when the chip was opened, so that quanta fall alike in every run. */
static uint64_t now_cycle(const struct gpu_timed *timed)
{
	const struct gpu_chip *chip = timed->chip;
	unsigned __int128 cycles = sim_now(chip->env) - chip->origin_ps;

	return (uint64_t)(cycles * chip->params.clock_khz / 1000000000u) - timed->stood;
}

static uint64_t cycle_ps(const struct gpu_timed *timed, uint64_t cycle)
{
	return timed->chip->origin_ps + road_gpu_cycles_ps(timed->chip, cycle + timed->stood);
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

static void take_ended(struct gpu_timed *timed)
{
	struct gpu_chip *chip = timed->chip;
	struct road_gpu_timing_done done;

	while (road_gpu_timing_take(timed->timing, &done)) {
		struct gpu_work *work = done.cookie;

		count_approximations(chip, &done);
		work->launch.running = false;
		timed->launches--;
		work->launch.fault = done.fault;
		work->launch.stats = *done.stats;
		work->launch.done = done;
		work->launch.done.stats = NULL;
		work->event.run = ended;
		sim_schedule(chip->env, &work->event, cycle_ps(timed, done.end));
	}
}

static void run_quanta(void *arg)
{
	struct gpu_timed *timed = arg;
	struct gpu_chip *chip = timed->chip;
	uint64_t next = road_gpu_timing_run(timed->timing, now_cycle(timed), EVENT_STEPS);

	take_ended(timed);
	if (next != ROAD_GPU_NEVER)
		sim_schedule(chip->env, &timed->event, cycle_ps(timed, next));
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
	sim_trace_span(chip->env, lane, name, cycle_ps(work->launch.timed, start),
		       cycle_ps(work->launch.timed, end));
}

static bool create(struct gpu_chip *chip)
{
	chip->timed = calloc(ROAD_REGION_NUMBERS, sizeof(struct gpu_timed *));
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
		if (chip->timed[i])
			add_counters(out, chip->timed[i]->timing);
	for (const struct gpu_timed *timed = chip->standing; timed; timed = timed->next)
		add_counters(out, timed->timing);
	return true;
}

static void drop(struct gpu_timed *timed)
{
	sim_cancel(timed->chip->env, &timed->event);
	add_counters(&timed->chip->timed_before, timed->timing);
	road_gpu_timing_destroy(timed->timing);
	free(timed);
}

static void drop_of(struct gpu_chip *chip, uint32_t region)
{
	if (chip->timed[region])
		drop(chip->timed[region]);
	chip->timed[region] = NULL;
}

/* Where one region runs, what it was part of, or was made of, does not, nor what is gone. */
static void drop_others(struct gpu_chip *chip, uint32_t region)
{
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		const struct gpu_timed *timed = chip->timed[i];

		if (timed &&
		    (!i != !region || timed->generation != road_gpu_region_generation(chip, i)))
			drop_of(chip, i);
	}
}

/* Caches and queues of all SMs take megabytes: an idle chip does without. */
static bool ensure_timing(struct gpu_chip *chip, uint32_t region)
{
	const struct road_gpu_timing_outside outside = {chip, load_outside, store_outside};
	const struct road_gpu_timing_trace trace = {.ctx = chip, .workgroup = trace_workgroup};
	struct gpu_timed *timed;

	drop_others(chip, region);
	if (chip->timed[region])
		return true;
	timed = calloc(1, sizeof(*timed));
	if (!timed)
		return false;
	timed->chip = chip;
	timed->region = region;
	timed->event = (struct sim_event){.run = run_quanta, .arg = timed};
	road_gpu_region_params(chip, region, &timed->params);
	timed->generation = road_gpu_region_generation(chip, region);
	timed->timing = road_gpu_timing_create(&timed->params, &outside,
					       chip->fidelity == SIM_TRACE ? &trace : NULL);
	if (!timed->timing) {
		free(timed);
		return false;
	}
	chip->timed[region] = timed;
	chip->has_timed = true;
	road_gpu_timing_share(timed->timing, run_parallel, chip);
	return true;
}

/* Made anew with what they cost at the new clock. */
static void drop_all(struct gpu_chip *chip)
{
	for (uint32_t i = 0; chip->timed && i < ROAD_REGION_NUMBERS; i++)
		drop_of(chip, i);
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
	struct gpu_timed *timed = chip->timed[region];

	error = road_gpu_timing_begin(timed->timing, now_cycle(timed), &work->launch.config, work,
				      &launch_error);
	if (error != ROAD_GPU_TIMING_OK) {
		*detail = (uint64_t)launch_error;
		return ROAD_GPU_FAULT_RESOURCES;
	}
	work->launch.running = true;
	work->launch.timed = timed;
	timed->launches++;
	run_quanta(timed);
	return ROAD_GPU_FAULT_NONE;
}

/* ---- launches that are suspended ---- */

static void unlist(const struct gpu_timed *timed)
{
	struct gpu_timed **at = &timed->chip->standing;

	while (*at != timed)
		at = &(*at)->next;
	*at = timed->next;
}

/* With all launches that it has: the first of them tells. */
static void suspend(struct gpu_work *work)
{
	struct gpu_timed *timed = work->launch.timed;
	struct gpu_chip *chip = timed->chip;

	if (timed->is_standing)
		return;
	sim_cancel(chip->env, &timed->event);
	timed->is_standing = true;
	timed->standing_at = now_cycle(timed);
	timed->next = chip->standing;
	chip->standing = timed;
	chip->timed[timed->region] = NULL;
}

/* In place of one that has nothing to run any more. */
static void resume(struct gpu_work *work)
{
	struct gpu_timed *timed = work->launch.timed;
	struct gpu_chip *chip = timed->chip;

	if (!timed->is_standing)
		return;
	unlist(timed);
	timed->is_standing = false;
	timed->stood += now_cycle(timed) - timed->standing_at;
	drop_of(chip, timed->region);
	chip->timed[timed->region] = timed;
	sim_schedule(chip->env, &timed->event, sim_now(chip->env));
}

static void cancel(struct gpu_work *work)
{
	struct gpu_timed *timed = work->launch.timed;

	road_gpu_timing_cancel(timed->timing, work);
	if (--timed->launches || !timed->is_standing)
		return;
	unlist(timed);
	drop(timed);
}

const struct gpu_backend road_gpu_backend_timed = {
	.create = create,
	.destroy = destroy,
	.begin = begin,
	.cancel = cancel,
	.suspend = suspend,
	.resume = resume,
	.costs_launch = true,
	.clocked = drop_all,
};
