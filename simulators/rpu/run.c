/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine CGRA: a kernel on the fabrics of a region's tiles, block after block on each. A fabric
 * runs some cycles ahead in one event, and the next one comes when they have passed.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/model.h"

/* Cycles in one event: how far a fabric is ahead of what others do to its banks. */
enum { QUANTUM = 1024, QUANTUM_FUNCTIONAL = 65536 };

static struct rpu_chip *chip_of(const struct rpu_job *job)
{
	return job->stream->function->chip;
}

static struct rpu_seat *seat_of(const struct rpu_tile *tile)
{
	return &tile->job[ROAD_RPU_ENGINE_CGRA]->seat[tile->index];
}

/* ---- what a fabric sees ---- */

static uint32_t banks_busy(void *context, uint64_t cycle, uint64_t *until)
{
	const struct rpu_tile *tile = context;
	const struct rpu_chip *chip = tile->chip;
	uint64_t now = tile->begin_ps + rpu_ps(chip, cycle);
	uint32_t mask = 0;

	*until = cycle + QUANTUM;
	for (uint32_t e = 0; e < ROAD_RPU_ENGINES; e++) {
		const struct rpu_traffic *traffic = &tile->traffic[e];

		if (now < traffic->from_ps || now >= traffic->to_ps)
			continue;
		uint64_t at = traffic->spm +
			      rpu_cycles(chip, now - traffic->from_ps) * traffic->bytes_per_cycle;

		mask |= 1u << (at / chip->fabric.bank_bytes % chip->fabric.banks);
		*until = cycle + 1;
	}
	return mask;
}

static uint8_t *far(void *context, uint32_t address, uint32_t bytes, bool write)
{
	struct rpu_tile *tile = context;
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	struct rpu_piece piece = {.host = NULL};

	tile->far = address;
	tile->far_fault = ROAD_RPU_FAULT_UNMAPPED;
	if (tile->chip->active_memory[job->stream->region])
		tile->far_fault = rpu_access(job->stream->function, job->table, address, bytes,
					     write, &piece);
	return tile->far_fault ? NULL : piece.host;
}

static bool window(void *context, uint32_t address, bool write, struct rpu_window *out)
{
	const struct rpu_tile *tile = context;
	const struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];

	return rpu_window_find(job->table,
			       region_unit_active(tile->chip->unit, job->stream->region), address,
			       write ? ROAD_RANGE_WRITE : ROAD_RANGE_READ, out);
}

/* Of the tile, in the function's scratchpad. */
static bool make_fabric(struct rpu_tile *tile, struct rpu_function *function)
{
	struct rpu_chip *chip = tile->chip;
	const struct rpu_fabric_memory memory = {
		.spm = rpu_spm_take(function, tile->index),
		.busy = chip->fidelity == SIM_FUNCTIONAL ? NULL : banks_busy,
		.context = tile,
		.window = window,
		.far = far,
		.far_base = ROAD_RPU_MEMORY_BASE,
		.far_latency = chip->params.ddr_latency +
			       chip->params.hop * (1 + tile->index % chip->params.mesh_columns),
		.far_interval = 1,
	};

	if (tile->fabric_of != function->index) {
		rpu_fabric_free(tile->fabric);
		tile->fabric = NULL;
	}
	if (!tile->fabric)
		tile->fabric = rpu_fabric_create(&chip->fabric, &memory, chip->mode);
	tile->fabric_of = function->index;
	return tile->fabric != NULL;
}

/* ---- how it went ---- */

static const struct {
	uint8_t fault; /* enum road_rpu_fault */
	bool stream, element, address;
} kinds[RPU_FAULTS] = {
	[RPU_FAULT_ARGUMENTS] = {ROAD_RPU_FAULT_ARGUMENTS, false, false, false},
	[RPU_FAULT_TOKENS] = {ROAD_RPU_FAULT_STREAM, true, false, false},
	[RPU_FAULT_COUNT] = {ROAD_RPU_FAULT_STREAM, true, false, false},
	[RPU_FAULT_RANGE] = {ROAD_RPU_FAULT_BOUNDS, true, false, true},
	[RPU_FAULT_ALIGNMENT] = {ROAD_RPU_FAULT_MISALIGNED, true, false, true},
	[RPU_FAULT_GATHER] = {ROAD_RPU_FAULT_BOUNDS, true, false, true},
	[RPU_FAULT_ACCESS] = {ROAD_RPU_FAULT_BOUNDS, false, true, true},
	[RPU_FAULT_STATE] = {ROAD_RPU_FAULT_HOST, false, false, false},
};

/* An access while it ran: misaligned, refused by what is beyond the scratchpad, or in neither. */
static uint32_t kind_of_access(const struct rpu_tile *tile, const struct rpu_fabric_fault *fault)
{
	if (fault->seen % fault->allowed)
		return ROAD_RPU_FAULT_MISALIGNED;
	if (fault->seen >= ROAD_RPU_MEMORY_BASE && fault->seen == tile->far && tile->far_fault)
		return tile->far_fault;
	return ROAD_RPU_FAULT_BOUNDS;
}

static bool is_in_scratchpad(const struct rpu_tile *tile, uint64_t address, uint64_t bytes)
{
	uint64_t all = tile->chip->params.spm_bytes;

	return address <= all && bytes <= all - address;
}

static void explain(const struct rpu_tile *tile, const struct rpu_fabric_fault *fault,
		    struct road_rpu_stream_status *why)
{
	uint32_t kind = kinds[fault->kind].fault;

	if (fault->kind == RPU_FAULT_GATHER || fault->kind == RPU_FAULT_ACCESS)
		kind = kind_of_access(tile, fault);
	rpu_fail(why, kind, kinds[fault->kind].address ? fault->seen : 0,
		 kinds[fault->kind].address ? fault->allowed : fault->seen);
	if (kind == ROAD_RPU_FAULT_BOUNDS && is_in_scratchpad(tile, fault->seen, fault->allowed)) {
		why->fault = ROAD_RPU_FAULT_WINDOW;
		why->window_from = fault->window.from;
		why->window_end = fault->window.end;
	}
	why->stream = kinds[fault->kind].stream ? fault->index : RPU_NOWHERE;
	why->element = kinds[fault->kind].element ? fault->index : RPU_NOWHERE;
	why->step = fault->step;
}

static void fault(struct rpu_tile *tile, enum road_rpu_fault kind, uint64_t detail)
{
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	const struct region_image *image =
		region_unit_active(tile->chip->unit, job->stream->region);
	struct road_rpu_stream_status why = {
		.config = image ? image->config : 0,
		.tile = tile->index,
		.block = (uint32_t)seat_of(tile)->block,
		.stream = RPU_NOWHERE,
		.element = RPU_NOWHERE,
	};

	if (kind == ROAD_RPU_FAULT_NONE)
		explain(tile, rpu_fabric_fault(tile->fabric), &why);
	else
		rpu_fail(&why, kind, 0, detail);
	rpu_job_fault(job, &why);
}

static void trace_stalls(struct rpu_tile *tile, const struct rpu_fabric_counters *c)
{
	static const char *const names[ROAD_RPU_STREAMS] = {
		"first: stream 0", "first: stream 1", "first: stream 2",  "first: stream 3",
		"first: stream 4", "first: stream 5", "first: stream 6",  "first: stream 7",
		"first: stream 8", "first: stream 9", "first: stream 10", "first: stream 11"};
	uint64_t from = tile->begin_ps + rpu_ps(tile->chip, c->first_stall_cycle);
	uint64_t stalls = c->stalls[RPU_STALL_EMPTY] + c->stalls[RPU_STALL_FULL];

	if (c->first_stall_stream < ROAD_RPU_STREAMS)
		sim_trace_span(tile->chip->env, tile->stall_lane, names[c->first_stall_stream],
			       from, from + rpu_ps(tile->chip, stalls));
}

static void count(struct rpu_tile *tile)
{
	const struct rpu_fabric_counters *c = rpu_fabric_counters(tile->fabric);
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	struct rpu_counters *all = &tile->chip->counters;

	all->blocks++;
	all->cycles += c->cycles;
	all->element_ops += c->element_ops;
	all->stream_accesses += c->stream_accesses;
	all->element_accesses += c->element_accesses;
	job->cycles += c->cycles;
	for (uint32_t i = 0; i < RPU_STALLS; i++) {
		all->stalls[i] += c->stalls[i];
		job->stalls += c->stalls[i];
	}
	if (job->stalled_stream == RPU_NOWHERE && c->first_stall_stream < ROAD_RPU_STREAMS)
		job->stalled_stream = c->first_stall_stream;
	trace_stalls(tile, c);
}

static void note(const struct rpu_job *job)
{
	struct rpu_chip *chip = chip_of(job);
	const struct rpu_config *config = chip->active[job->stream->region];
	const struct region_image *image = region_unit_active(chip->unit, job->stream->region);
	struct rpu_note *note = &chip->notes[chip->noted++ % RPU_LAUNCH_LOG];

	*note = (struct rpu_note){
		.config = image ? image->config : 0,
		.begin_ps = job->start_ps,
		.end_ps = sim_now(chip->env),
		.cycles = job->cycles,
		.stalls = job->stalls,
		.blocks = job->entry.run.blocks,
		.stalled_stream = job->stalled_stream,
	};
	if (config)
		memcpy(note->name, rpu_config_header(config)->name, sizeof(note->name) - 1);
	chip->counters.runs++;
	chip->counters.run_ps += note->end_ps - note->begin_ps;
}

/* ---- blocks ---- */

static void advance(void *arg);

static void leave(struct rpu_job *job)
{
	region_unit_leave(chip_of(job)->unit, job->stream->function->index, job->stream->region);
}

static bool has_more(const struct rpu_job *job)
{
	for (uint32_t t = 0; t < ROAD_RPU_TILES_MAX; t++)
		if (job->tiles >> t & 1 &&
		    (job->seat[t].saved || job->seat[t].next < job->entry.run.blocks))
			return true;
	return false;
}

/* The tile has nothing left to do, or not now. */
static void rest(struct rpu_job *job)
{
	struct rpu_chip *chip = chip_of(job);

	if (--job->running)
		return;
	leave(job);
	if (!has_more(job)) {
		note(job);
		rpu_job_end(job);
		return;
	}
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			chip->tiles[t].job[ROAD_RPU_ENGINE_CGRA] = NULL;
	chip->counters.pauses++;
	job->drain = DRAIN_WAIT;
	job->paused = true;
	job->state = RPU_JOB_WAITS;
	rpu_jobs_kick(chip);
}

static void go_on(struct rpu_tile *tile)
{
	tile->event.run = advance;
	sim_schedule(tile->chip->env, &tile->event,
		     tile->begin_ps + rpu_ps(tile->chip, seat_of(tile)->cycles));
}

/* Begins the tile's next block, or what was interrupted; false: there is none. */
static bool start_block(struct rpu_tile *tile)
{
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	struct rpu_seat *seat = seat_of(tile);
	const struct road_rpu_run *run = &job->entry.run;

	if (seat->saved) {
		rpu_fabric_load(tile->fabric, seat->saved, rpu_fabric_state_bytes(tile->fabric));
		free(seat->saved);
		seat->saved = NULL;
	} else if (seat->next < run->blocks) {
		seat->block = seat->next;
		seat->next += job->tile_count;
		seat->cycles = 0;
		rpu_fabric_launch(tile->fabric, job->arguments, run->argument_bytes,
				  (uint32_t)seat->block, run->blocks);
	} else {
		return false;
	}
	tile->begin_ps = sim_now(tile->chip->env) - rpu_ps(tile->chip, seat->cycles);
	go_on(tile);
	return true;
}

static void pause(struct rpu_tile *tile)
{
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	struct rpu_seat *seat = seat_of(tile);

	seat->saved = malloc(rpu_fabric_state_bytes(tile->fabric));
	if (!seat->saved) {
		fault(tile, ROAD_RPU_FAULT_HOST, rpu_fabric_state_bytes(tile->fabric));
		return;
	}
	rpu_fabric_save(tile->fabric, seat->saved);
	rpu_fabric_abort(tile->fabric);
	rest(job);
}

static void run_on(struct rpu_tile *tile)
{
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	struct rpu_seat *seat = seat_of(tile);
	const struct road_rpu_run *run = &job->entry.run;
	uint64_t limit = run->watchdog ? run->watchdog : tile->chip->params.watchdog;
	uint64_t cycles = tile->chip->fidelity == SIM_FUNCTIONAL ? QUANTUM_FUNCTIONAL : QUANTUM;
	uint64_t passed = 0;

	if (seat->cycles >= limit) {
		fault(tile, ROAD_RPU_FAULT_WATCHDOG, seat->cycles);
		return;
	}
	if (cycles > limit - seat->cycles)
		cycles = limit - seat->cycles;
	rpu_fabric_run(tile->fabric, cycles, &passed);
	seat->cycles += passed;
	go_on(tile);
}

/* The cycles that the fabric ran have passed. */
static void advance(void *arg)
{
	struct rpu_tile *tile = arg;
	struct rpu_job *job = tile->job[ROAD_RPU_ENGINE_CGRA];
	enum rpu_fabric_status status = rpu_fabric_status(tile->fabric);

	if (status == RPU_FABRIC_FAULT) {
		fault(tile, ROAD_RPU_FAULT_NONE, 0);
	} else if (job->drain == DRAIN_ABORT) {
		fault(tile, ROAD_RPU_FAULT_ABORTED, seat_of(tile)->cycles);
	} else if (status == RPU_FABRIC_DONE) {
		count(tile);
		if (job->drain != DRAIN_WAIT || !start_block(tile))
			rest(job);
	} else if (job->drain != DRAIN_WAIT) {
		pause(tile);
	} else {
		run_on(tile);
	}
}

/* ---- the engine ---- */

static bool check(struct rpu_job *job, struct road_rpu_stream_status *why)
{
	const struct road_rpu_run *run = &job->entry.run;
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{!run->blocks, offsetof(struct road_rpu_run, blocks)},
		{run->argument_bytes > ROAD_RPU_ARGUMENT_BYTES_MAX,
		 offsetof(struct road_rpu_run, argument_bytes)},
		{!run->arguments != !run->argument_bytes || run->arguments % ROAD_RPU_LINE,
		 offsetof(struct road_rpu_run, arguments)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad) {
			rpu_bad_field(why, rules[i].offset);
			return false;
		}
	job->tiles = rpu_job_tiles(job, 0);
	job->stalled_stream = RPU_NOWHERE;
	for (uint32_t i = 0; i < job->tile_count; i++)
		job->seat[job->first_tile + i].next = i;
	why->config = run->config;
	if (!run->argument_bytes ||
	    sim_dma_read(chip_of(job)->env, job->stream->function->index, run->arguments,
			 job->arguments, run->argument_bytes))
		return true;
	rpu_fail(why, ROAD_RPU_FAULT_DMA, run->arguments, run->argument_bytes);
	return false;
}

/* Addresses in the block as kernels see them; false: *out is none that they can have. */
static bool translate(struct rpu_job *job, const struct rpu_config *config, uint64_t *out)
{
	const struct road_rpu_config *header = rpu_config_header(config);
	const struct road_rpu_argument *argument = rpu_config_arguments(config);
	const uint64_t spm_end = ROAD_RPU_SPM_BASE + chip_of(job)->params.spm_bytes;
	uint8_t block[ROAD_RPU_ARGUMENT_BYTES_MAX]; /* all of them, or none */

	if (job->translated || header->argument_bytes != job->entry.run.argument_bytes)
		return true; /* the launch will say so */
	memcpy(block, job->arguments, sizeof(block));
	for (uint32_t i = 0; i < header->arguments; i++, argument++) {
		if (argument->kind == ROAD_RPU_ARGUMENT_VALUE)
			continue;
		*out = 0;
		memcpy(out, block + argument->offset, argument->bytes);
		if (*out > UINT32_MAX || *out < ROAD_RPU_SPM_BASE ||
		    (*out > spm_end && *out < ROAD_RPU_MEMORY_BASE))
			return false;
		uint64_t local = *out < ROAD_RPU_MEMORY_BASE ? *out - ROAD_RPU_SPM_BASE : *out;

		memcpy(block + argument->offset, &local, argument->bytes);
	}
	memcpy(job->arguments, block, sizeof(block));
	job->translated = true;
	return true;
}

/* Why it cannot begin, told by an event: nothing of the job may go within begin. */
static void refuse(void *arg)
{
	struct rpu_job *job = arg;
	struct road_rpu_stream_status why = {.tile = RPU_NOWHERE};
	const struct rpu_config *config = chip_of(job)->active[job->stream->region];
	uint64_t address = 0;

	why.stream = why.element = RPU_NOWHERE;
	why.config = job->entry.run.config;
	if (config && !translate(job, config, &address))
		rpu_fail(&why, ROAD_RPU_FAULT_UNMAPPED, address, 4);
	else
		rpu_fail(&why, config ? ROAD_RPU_FAULT_HOST : ROAD_RPU_FAULT_CONFIG, 0,
			 config ? 0 : ROAD_REGION_ERROR_NOT_RESIDENT);
	rpu_job_fault(job, &why);
}

static void begin(struct rpu_job *job)
{
	struct rpu_chip *chip = chip_of(job);
	const struct rpu_config *config = chip->active[job->stream->region];
	bool ready = config != NULL;
	uint64_t address;

	for (uint32_t t = 0; ready && t < chip->params.tiles; t++)
		if (job->tiles >> t & 1)
			ready = make_fabric(&chip->tiles[t], job->stream->function) &&
				(rpu_fabric_active(chip->tiles[t].fabric) == config ||
				 rpu_fabric_activate(chip->tiles[t].fabric, config));
	job->running = 0;
	if (!ready || !translate(job, config, &address)) {
		job->event.run = refuse;
		sim_schedule(chip->env, &job->event, sim_now(chip->env));
		return;
	}
	job->paused = false;
	job->config = region_unit_active(chip->unit, job->stream->region)->config;
	for (uint32_t t = 0; t < chip->params.tiles; t++)
		if (job->tiles >> t & 1 && start_block(&chip->tiles[t]))
			job->running++;
}

static void drop(struct rpu_job *job)
{
	struct rpu_chip *chip = chip_of(job);

	for (uint32_t t = 0; t < chip->params.tiles; t++) {
		struct rpu_tile *tile = &chip->tiles[t];

		if (tile->job[ROAD_RPU_ENGINE_CGRA] != job)
			continue;
		sim_cancel(chip->env, &tile->event);
		if (tile->fabric)
			rpu_fabric_abort(tile->fabric);
	}
	leave(job);
}

void rpu_run_drain(struct rpu_chip *chip, uint32_t function, uint32_t region, enum region_drain how)
{
	for (uint32_t t = 0; t < chip->params.tiles; t++) {
		struct rpu_job *job = chip->tiles[t].job[ROAD_RPU_ENGINE_CGRA];

		if (job && job->stream->function->index == function &&
		    job->stream->region == region && how != DRAIN_WAIT)
			job->drain = how == DRAIN_ABORT ? DRAIN_ABORT : DRAIN_ITERATION;
	}
	rpu_suspended_drain(chip, function, region, how);
}

const struct rpu_engine rpu_engine_run = {check, begin, drop};
