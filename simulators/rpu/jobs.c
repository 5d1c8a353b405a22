/* SPDX-License-Identifier: Apache-2.0 */
/* What engines have to do: who may begin, how it ends, tokens, and what can never begin. */
#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/model.h"

static const struct rpu_engine *const engines[ROAD_RPU_ENGINES] = {
	[ROAD_RPU_ENGINE_CGRA] = &rpu_engine_run,
	[ROAD_RPU_ENGINE_NEUR] = &rpu_engine_gemm,
	[ROAD_RPU_ENGINE_RDMA] = &rpu_engine_move,
	[ROAD_RPU_ENGINE_WDMA] = &rpu_engine_move,
};

enum { TOKEN_MAX = 255 };

/* ---- tokens ---- */

bool rpu_tokens_ready(const struct rpu_stream *stream, uint32_t wait)
{
	for (; wait; wait &= wait - 1)
		if (!stream->tokens[__builtin_ctz(wait)])
			return false;
	return true;
}

void rpu_tokens_take(struct rpu_stream *stream, uint32_t wait)
{
	for (; wait; wait &= wait - 1)
		stream->tokens[__builtin_ctz(wait)]--;
}

bool rpu_tokens_give(struct rpu_stream *stream, uint32_t signal, uint32_t *which)
{
	for (; signal; signal &= signal - 1) {
		*which = (uint32_t)__builtin_ctz(signal);
		if (stream->tokens[*which] == TOKEN_MAX)
			return false;
		stream->tokens[*which]++;
	}
	return true;
}

/* ---- jobs come and go ---- */

uint32_t rpu_job_tiles(const struct rpu_job *job, uint32_t mask)
{
	uint32_t all = job->tile_count == 32 ? UINT32_MAX : (1u << job->tile_count) - 1;

	if (mask & ~all)
		return 0;
	return (mask ? mask : all) << job->first_tile;
}

enum rpu_start rpu_job_start(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	struct rpu_chip *chip = stream->function->chip;
	struct rpu_job *job = calloc(1, sizeof(*job)), **at = &stream->jobs;

	if (!job)
		return rpu_fail(why, ROAD_RPU_FAULT_HOST, 0, sizeof(*job));
	job->stream = stream;
	job->work = stream->work;
	job->entry = stream->entry;
	job->number = stream->taken - 1;
	job->event.arg = job;
	why->engine = job->entry.engine;
	region_unit_bounds(chip->unit, stream->region, &job->first_tile, &job->tile_count);
	if (!engines[job->entry.engine]->check(job, why)) {
		free(job);
		return RPU_START_FAULT;
	}
	job->table = sim_ranges_get(stream->table);
	while (*at)
		at = &(*at)->next;
	*at = job;
	stream->job_count++;
	rpu_jobs_kick(chip);
	return RPU_START_DONE;
}

static void free_job(struct rpu_job *job)
{
	struct rpu_stream *stream = job->stream;
	struct rpu_chip *chip = stream->function->chip;
	struct rpu_job **at = &stream->jobs;

	sim_cancel(chip->env, &job->event);
	for (uint32_t t = 0; t < chip->params.tiles; t++) {
		if (chip->tiles[t].job[job->entry.engine] == job)
			chip->tiles[t].job[job->entry.engine] = NULL;
		free(job->seat[t].saved);
	}
	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	rpu_suspended_free(job);
	stream->job_count--;
	sim_ranges_put(job->table);
	free(job);
}

void rpu_job_end(struct rpu_job *job)
{
	struct rpu_stream *stream = job->stream;
	struct rpu_chip *chip = stream->function->chip;
	struct road_rpu_stream_status why = {.engine = job->entry.engine, .config = job->config};
	uint64_t number = job->number;
	uint32_t token;

	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (chip->tiles[t].job[job->entry.engine] == job) {
			chip->tiles[t].busy_ps[job->entry.engine] +=
				sim_now(chip->env) - job->start_ps;
			sim_trace_span(chip->env, chip->tiles[t].lane[job->entry.engine],
				       job->work->name, job->seen_ps, sim_now(chip->env));
		}
	bool given = rpu_tokens_give(stream, job->entry.signal, &token);

	free_job(job);
	if (!given) {
		why.tile = why.stream = why.element = RPU_NOWHERE;
		rpu_fail(&why, ROAD_RPU_FAULT_TOKEN, 0, token);
		rpu_stream_fail(stream, number, &why);
	}
	rpu_jobs_kick(chip);
	rpu_streams_retry(chip);
}

void rpu_job_fault(struct rpu_job *job, struct road_rpu_stream_status *why)
{
	struct rpu_stream *stream = job->stream;
	struct rpu_chip *chip = stream->function->chip;

	why->engine = job->entry.engine;
	rpu_stream_fail(stream, job->number, why); /* drops it */
	if (why->fault == ROAD_RPU_FAULT_ECC &&
	    why->engine <= ROAD_RPU_ENGINE_NEUR) /* what the hardware did, not the program */
		region_unit_fault(chip->unit, stream->function->index,
				  region_unit_of_queue(chip->unit, rpu_region_queue(stream)));
	rpu_streams_retry(chip);
}

void rpu_jobs_drop(struct rpu_stream *stream)
{
	while (stream->jobs) {
		struct rpu_job *job = stream->jobs;

		if (job->state == RPU_JOB_RUNS)
			engines[job->entry.engine]->drop(job);
		free_job(job);
	}
}

/* ---- who may begin ---- */

static bool are_free(const struct rpu_chip *chip, const struct rpu_job *job)
{
	if (chip->reserved[job->entry.engine] & job->tiles)
		return false;
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1 && chip->tiles[t].job[job->entry.engine])
			return false;
	return true;
}

static void begin(struct rpu_chip *chip, struct rpu_job *job)
{
	rpu_tokens_take(job->stream, job->paused ? 0 : job->entry.wait);
	job->stream->began = true;
	job->stream->function->served = ++chip->served;
	job->state = RPU_JOB_RUNS;
	job->start_ps = job->seen_ps = sim_now(chip->env);
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			chip->tiles[t].job[job->entry.engine] = job;
	engines[job->entry.engine]->begin(job);
}

/* Asks the reconfiguration unit; true: it may run. */
static bool pass_gate(struct rpu_chip *chip, struct rpu_job *job,
		      struct road_rpu_stream_status *why)
{
	const struct road_rpu_run *run = &job->entry.run;
	const struct region_want want = {
		.config = job->paused ? job->config : run->config,
		.image = run->image,
		.image_bytes = run->image_bytes,
		.activate = job->paused || run->flags & ROAD_RPU_WORK_ACTIVATE,
	};
	enum road_region_error error = ROAD_REGION_ERROR_NONE;

	switch (region_unit_gate(chip->unit, rpu_region_queue(job->stream), &want, &error)) {
	case REGION_GO: return true;
	case REGION_WAIT: job->state = RPU_JOB_GATED; return false;
	default:
		why->config = want.config;
		rpu_fail(why, ROAD_RPU_FAULT_CONFIG, 0, error);
		return false;
	}
}

/* Does another function have the region, tiles and all? The gate says when it is this one's turn,
 * and lets nothing through before. */
static bool is_kept_out(const struct rpu_chip *chip, const struct rpu_job *job)
{
	return job->entry.engine == ROAD_RPU_ENGINE_CGRA &&
	       region_unit_is_foreign(chip->unit, rpu_region_queue(job->stream));
}

/* One that may begin does; false: the stream stopped, its jobs are gone. */
static bool look_at(struct rpu_chip *chip, struct rpu_job *job)
{
	struct road_rpu_stream_status why = {0};

	if (!job->paused && !rpu_tokens_ready(job->stream, job->entry.wait))
		return true;
	why.tile = why.stream = why.element = RPU_NOWHERE;
	if (!are_free(chip, job)) {
		chip->wanted[job->entry.engine] |= job->tiles;
		if (is_kept_out(chip, job))
			pass_gate(chip, job, &why);
	} else if (job->entry.engine != ROAD_RPU_ENGINE_CGRA || pass_gate(chip, job, &why)) {
		begin(chip, job);
	}
	if (why.fault)
		rpu_job_fault(job, &why);
	return !why.fault;
}

static void look_at_stream(struct rpu_chip *chip, struct rpu_stream *stream)
{
	uint32_t taken[ROAD_RPU_ENGINES] = {0};
	struct rpu_job *next;

	for (struct rpu_job *job = stream->jobs; job; job = next) {
		uint32_t *before = &taken[job->entry.engine];

		next = job->next;
		if (job->state != RPU_JOB_RUNS && !(*before & job->tiles) && !look_at(chip, job))
			return;
		*before |= job->tiles;
	}
}

/* Tokens come from the stream alone: if none of its work can go on, none ever will. */
static bool is_stuck(const struct rpu_chip *chip, const struct rpu_stream *stream,
		     struct road_rpu_stream_status *why, uint64_t *number)
{
	const struct rpu_job *first = NULL;
	uint32_t awaited = stream->hold == RPU_HOLD_TOKENS ? stream->entry.wait : 0;

	for (const struct rpu_job *job = stream->jobs; job; job = job->next) {
		if (job->state != RPU_JOB_WAITS || !are_free(chip, job))
			return false;
		first = first ? first : job;
	}
	if (stream->hold < RPU_HOLD_ORDER)
		return false;
	if (first)
		awaited = first->entry.wait;
	*number = first ? first->number : stream->taken - 1;
	why->engine = first ? first->entry.engine : ROAD_RPU_ENGINES;
	if (why->engine == ROAD_RPU_ENGINE_CGRA)
		why->config = first->entry.run.config;
	for (uint32_t i = 0; i < ROAD_RPU_TOKENS; i++)
		if (stream->tokens[i])
			awaited &= ~(1u << i);
	rpu_fail(why, ROAD_RPU_FAULT_DEADLOCK, 0, awaited);
	return true;
}

static void report_stuck(struct rpu_chip *chip, struct rpu_stream *stream)
{
	struct road_rpu_stream_status why = {0};
	uint64_t number = 0;

	why.tile = why.stream = why.element = RPU_NOWHERE;
	if (stream->life == RPU_STREAM_LIVE && is_stuck(chip, stream, &why, &number))
		rpu_stream_fail(stream, number, &why);
}

/* ---- whose turn it is: a stream's jobs go first for a quantum, then behind all others ---- */

static void move_to(struct rpu_function *function, struct rpu_stream *stream, bool front)
{
	struct rpu_stream **order = function->order;
	const uint32_t last = function->chip->params.streams - 1;
	uint32_t at = 0;

	while (order[at] != stream)
		at++;
	if (front)
		memmove(&order[1], &order[0], at * sizeof(struct rpu_stream *));
	else
		memmove(&order[at], &order[at + 1], (last - at) * sizeof(struct rpu_stream *));
	order[front ? 0 : last] = stream;
}

static void end_turns(struct rpu_function *function)
{
	struct rpu_chip *chip = function->chip;

	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct rpu_stream *stream = &function->streams[i];

		if (!stream->turn || (sim_now(chip->env) - stream->since_ps < chip->quantum_ps &&
				      rpu_stream_state(stream) == ROAD_RPU_STREAM_RUNNING))
			continue;
		stream->turn = false;
		move_to(function, stream, false);
	}
}

/* Is it the turn of another one of its priority in its region? */
static bool is_others_turn(const struct rpu_function *function, const struct rpu_stream *stream)
{
	for (uint32_t i = 0; i < function->chip->params.streams; i++) {
		const struct rpu_stream *other = &function->streams[i];

		if (other->turn && other != stream && other->priority == stream->priority &&
		    other->region == stream->region)
			return true;
	}
	return false;
}

static void begin_turns(struct rpu_function *function)
{
	struct rpu_chip *chip = function->chip;

	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct rpu_stream *stream = &function->streams[i];
		const bool began = stream->began;

		stream->began = false;
		if (!began || stream->turn)
			continue;
		stream->turn = chip->quantum_ps && !is_others_turn(function, stream);
		stream->since_ps = sim_now(chip->env);
		move_to(function, stream, stream->turn);
	}
}

static void look_at_function(struct rpu_chip *chip, struct rpu_function *function)
{
	struct rpu_stream *streams = function->streams, **order = function->order;

	end_turns(function);
	for (uint32_t p = 0; p < RPU_PRIORITIES; p++)
		for (uint32_t i = 0; i < chip->params.streams; i++)
			if (order[i]->priority == p && order[i]->jobs)
				look_at_stream(chip, order[i]);
	begin_turns(function);
	for (uint32_t i = 0; i < chip->params.streams; i++)
		/* What failed meanwhile freed engines: then all is looked at again. */
		if (streams[i].hold && !chip->kick.slot)
			report_stuck(chip, &streams[i]);
}

/* ---- functions: who was served the longest ago goes first, and whoever comes behind leaves it
 * the tiles that it waits for. Priorities and turns are each function's own, so that none of them
 * holds up another one's work. ---- */

/* Served the longest ago, but after `after`, and not since `until`. */
static struct rpu_function *waits_longest(struct rpu_chip *chip, uint64_t after, uint64_t until)
{
	struct rpu_function *longest = NULL;

	for (uint32_t f = 0; f < chip->function_count; f++) {
		struct rpu_function *function = &chip->functions[f];

		if (function->served > after && function->served <= until &&
		    (!longest || function->served < longest->served))
			longest = function;
	}
	return longest;
}

static void kicked(void *arg)
{
	struct rpu_chip *chip = arg;
	const uint64_t until = chip->served;
	struct rpu_function *function = waits_longest(chip, 0, until);

	memset(chip->reserved, 0, sizeof(chip->reserved));
	while (function) {
		const uint64_t served = function->served;

		memset(chip->wanted, 0, sizeof(chip->wanted));
		look_at_function(chip, function);
		for (uint32_t e = 0; e < ROAD_RPU_ENGINES; e++)
			chip->reserved[e] |= chip->wanted[e];
		function = waits_longest(chip, served, until);
	}
}

void rpu_jobs_kick(struct rpu_chip *chip)
{
	if (chip->kick.slot)
		return;
	chip->kick.run = kicked;
	chip->kick.arg = chip;
	sim_schedule(chip->env, &chip->kick, sim_now(chip->env));
}
