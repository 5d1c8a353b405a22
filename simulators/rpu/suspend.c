/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that stands still while its tiles work for another function. What a fabric is in the
 * middle of stays in it, and what is to come of it comes later by as much time as it stood.
 */
#include "simulators/rpu/model.h"

enum { CGRA = ROAD_RPU_ENGINE_CGRA };

static void put_away(struct rpu_tile *tile, struct rpu_job *job)
{
	struct rpu_seat *seat = &job->seat[tile->index];
	struct sim_env *env = tile->chip->env;

	sim_trace_span(env, tile->lane[CGRA], job->work->name, job->seen_ps, sim_now(env));
	seat->away.waits = tile->event.slot;
	seat->away.left_ps = tile->event.time_ps - sim_now(env);
	seat->away.begin_ps = tile->begin_ps;
	seat->away.far = tile->far;
	seat->away.far_fault = tile->far_fault;
	seat->away.fabric = tile->fabric;
	sim_cancel(env, &tile->event);
	tile->fabric = NULL;
	tile->job[CGRA] = NULL;
}

static void take_back(struct rpu_tile *tile, struct rpu_job *job, uint64_t stood_ps)
{
	struct rpu_seat *seat = &job->seat[tile->index];
	struct rpu_function *function = job->stream->function;
	struct sim_env *env = tile->chip->env;

	rpu_spm_take(function, tile->index);
	rpu_fabric_free(tile->fabric);
	tile->fabric = seat->away.fabric;
	tile->fabric_of = function->index;
	seat->away.fabric = NULL;
	tile->far = seat->away.far;
	tile->far_fault = seat->away.far_fault;
	tile->begin_ps = seat->away.begin_ps + stood_ps;
	tile->job[CGRA] = job;
	if (seat->away.waits)
		sim_schedule(env, &tile->event, sim_now(env) + seat->away.left_ps);
}

/* All tiles of the region are its. */
static void suspend(struct rpu_chip *chip, struct rpu_job *job)
{
	const uint32_t region = job->stream->region;

	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			put_away(&chip->tiles[t], job);
	job->suspended = true;
	job->suspended_ps = sim_now(chip->env);
	/* Its fabrics have it. The region's image stays where it is, and so what this points to. */
	job->away_config = chip->active[region];
	chip->active[region] = NULL;
	job->refuses = job->event.slot;
	sim_cancel(chip->env, &job->event);
}

static void resume(struct rpu_chip *chip, struct rpu_job *job)
{
	const uint64_t stood_ps = sim_now(chip->env) - job->suspended_ps;
	const uint32_t region = job->stream->region;

	rpu_config_free(chip->active[region]); /* no launch has taken it */
	chip->active[region] = job->away_config;
	job->away_config = NULL;
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			take_back(&chip->tiles[t], job, stood_ps);
	job->suspended = false;
	job->start_ps += stood_ps;
	job->seen_ps = sim_now(chip->env);
	if (job->refuses)
		sim_schedule(chip->env, &job->event, sim_now(chip->env));
}

void rpu_suspended_free(struct rpu_job *job)
{
	for (uint32_t t = 0; t < ROAD_RPU_TILES_MAX; t++)
		rpu_fabric_free(job->seat[t].away.fabric);
	rpu_config_free(job->away_config);
}

/* The region's launch of the function, suspended or not; NULL: there is none. */
static struct rpu_job *find(struct rpu_chip *chip, uint32_t function, uint32_t region,
			    bool suspended)
{
	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct rpu_stream *stream = &chip->functions[function].streams[i];

		for (struct rpu_job *job = stream->jobs; job; job = job->next)
			if (stream->region == region && job->entry.engine == CGRA &&
			    job->state == RPU_JOB_RUNS && job->suspended == suspended)
				return job;
	}
	return NULL;
}

void rpu_run_suspend(struct rpu_chip *chip, uint32_t function, uint32_t region)
{
	struct rpu_job *job = find(chip, function, region, false);

	if (job)
		suspend(chip, job);
}

void rpu_run_resume(struct rpu_chip *chip, uint32_t function, uint32_t region)
{
	struct rpu_job *job = find(chip, function, region, true);

	if (job)
		resume(chip, job);
}

void rpu_suspended_drain(struct rpu_chip *chip, uint32_t function, uint32_t region,
			 enum region_drain how)
{
	struct rpu_job *job = find(chip, function, region, true);
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;

	if (!job)
		return;
	job->drain = how; /* ITERATION: as soon as it goes on */
	if (how != DRAIN_ABORT)
		return;
	why.config = job->config;
	why.tile = job->first_tile;
	why.block = (uint32_t)job->seat[job->first_tile].block;
	rpu_fail(&why, ROAD_RPU_FAULT_ABORTED, 0, job->seat[job->first_tile].cycles);
	rpu_job_fault(job, &why);
}
