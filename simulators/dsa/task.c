/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: their blocks go to free cores of their region in ascending order, tasks of higher priority
 * first, then those that came first. A cooperative task waits until as many cores are free as it
 * has blocks, and nothing behind it starts there meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"

static void run_seat(void *arg);

/* ---- cores ---- */

static void wake(void *arg, uint32_t core, uint64_t when)
{
	struct dsa_chip *chip = arg;
	struct dsa_seat *seat = &chip->seats[core];

	if (!seat->run)
		return;
	/* Timed, a core that runs on later may go on now; else it is ahead of the others. */
	if (seat->state == DSA_CORE_WAITS ||
	    (seat->state == DSA_CORE_RUNS && chip->fidelity != SIM_FUNCTIONAL &&
	     seat->event.time_ps > when)) {
		seat->state = DSA_CORE_RUNS;
		sim_schedule(chip->env, &seat->event, when);
	}
}

bool dsa_seat_make(struct dsa_seat *seat)
{
	struct dsa_chip *chip = seat->chip;
	const struct dsa_core_setup setup = {
		.env = chip->env,
		.params = &chip->params,
		.memory = chip->path,
		.index = seat->index,
		.fidelity = chip->fidelity,
		.hazards = chip->hazards,
		.seed = chip->seed,
		.wake = wake,
		.chip = chip,
	};

	if (!seat->core)
		seat->core = dsa_core_create(&setup);
	return seat->core != NULL;
}

/* All cores are made at the first task: an idle chip costs nothing of them. */
static bool make_seats(struct dsa_chip *chip)
{
	if (!chip->path)
		chip->path = dsa_memory_create(&chip->params);
	if (!chip->path)
		return false;
	for (uint32_t i = 0; i < chip->params.cores; i++)
		if (!dsa_seat_make(&chip->seats[i]))
			return false;
	return true;
}

void dsa_seats_free(struct dsa_chip *chip)
{
	for (uint32_t i = 0; chip->seats && i < chip->params.cores; i++)
		if (chip->seats[i].core)
			dsa_core_destroy(chip->seats[i].core);
	if (chip->path)
		dsa_memory_destroy(chip->path);
	free(chip->seats);
}

/* ---- blocks ---- */

static struct dsa_turn *turn_of(struct dsa_chip *chip, const struct dsa_run *run)
{
	return &chip->turns[run->region][run->stream->priority];
}

/* Is it still somebody's, by the firmware's quantum? */
static bool is_on(const struct dsa_chip *chip, const struct dsa_turn *turn)
{
	return turn->stream && sim_now(chip->env) - turn->since_ps < chip->quantum_ps &&
	       dsa_stream_state(turn->stream) == ROAD_DSA_STREAM_RUNNING;
}

static bool has_turn(struct dsa_chip *chip, const struct dsa_run *run)
{
	const struct dsa_turn *turn = turn_of(chip, run);

	return turn->stream == run->stream && is_on(chip, turn);
}

/* The task begins: others may fill gaps in a turn, and do not end it. */
static void take_turn(struct dsa_chip *chip, const struct dsa_run *run)
{
	struct dsa_turn *turn = turn_of(chip, run);

	if (!is_on(chip, turn))
		*turn = (struct dsa_turn){run->stream, sim_now(chip->env)};
}

static void start_block(struct dsa_chip *chip, struct dsa_seat *seat, struct dsa_run *run)
{
	uint64_t now = sim_now(chip->env);

	if (!run->begun) {
		run->begin_ps = now;
		take_turn(chip, run);
	}
	seat->run = run;
	seat->state = DSA_CORE_RUNS;
	seat->block = run->begun++;
	seat->begin_ps = now + chip->params.block_ps;
	if (run->task.cooperative)
		run->task.cores[seat->block] = seat->core;
	chip->counters.blocks++;
	dsa_core_start(seat->core, &run->task, seat->block, seat->begin_ps);
	seat->event = (struct sim_event){.run = run_seat, .arg = seat};
	sim_schedule(chip->env, &seat->event, seat->begin_ps);
}

static bool is_free(const struct dsa_seat *seat)
{
	return !seat->run && seat->core;
}

static uint32_t count_free(const struct dsa_chip *chip, const struct dsa_run *run)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < run->cores; i++)
		count += is_free(&chip->seats[run->first_core + i]);
	return count;
}

/* One before it, in the same region, waits for more cores than are free. */
static bool is_held(const struct dsa_chip *chip, const struct dsa_run *run)
{
	for (const struct dsa_run *other = chip->runs; other != run; other = other->next)
		if (other->region == run->region && other->task.cooperative && !other->begun)
			return true;
	return run->task.cooperative && count_free(chip, run) < run->task.blocks;
}

static void start_blocks(struct dsa_chip *chip, struct dsa_run *run, uint32_t most)
{
	for (uint32_t i = 0; i < run->cores && most && run->begun < run->task.blocks; i++)
		if (is_free(&chip->seats[run->first_core + i])) {
			start_block(chip, &chip->seats[run->first_core + i], run);
			most--;
		}
}

/* The first task of the function that can have a core. *held: bits of regions where one that came
 * to its turn before waits for more cores than are free. */
static struct dsa_run *first_of(const struct dsa_chip *chip, const struct dsa_function *function,
				uint64_t *held)
{
	for (struct dsa_run *run = chip->runs; run; run = run->next) {
		const uint64_t bit = UINT64_C(1) << run->region;

		if (run->view.function != function || run->suspended ||
		    run->begun == run->task.blocks || *held & bit)
			continue;
		if (run->task.cooperative && count_free(chip, run) < run->task.blocks)
			*held |= bit;
		else if (count_free(chip, run))
			return run;
	}
	return NULL;
}

/* Who has work, and was served the longest ago, but after `after`. */
static struct dsa_function *waits_longest(const struct dsa_chip *chip, uint64_t after)
{
	struct dsa_function *longest = NULL;

	for (struct dsa_run *run = chip->runs; run; run = run->next) {
		struct dsa_function *function = run->view.function;

		if (function->served > after && (!longest || function->served < longest->served))
			longest = function;
	}
	return longest;
}

/* Several functions: each core goes to whoever got one the longest ago. Priorities, turns and the
 * order of arrival are each function's own, so that none of them holds up another one's work. */
static bool serve_one(struct dsa_chip *chip)
{
	struct dsa_function *function = waits_longest(chip, 0);
	uint64_t held = 0;

	for (; function; function = waits_longest(chip, function->served)) {
		struct dsa_run *run = first_of(chip, function, &held);

		if (!run)
			continue;
		start_blocks(chip, run, run->task.cooperative ? run->task.blocks : 1);
		function->served = ++chip->served;
		return true;
	}
	return false;
}

void dsa_blocks_give(struct dsa_chip *chip)
{
	if (chip->function_count > 1) {
		while (serve_one(chip))
			;
		return;
	}
	for (struct dsa_run *run = chip->runs; run; run = run->next) {
		if (run->begun == run->task.blocks || is_held(chip, run))
			continue;
		start_blocks(chip, run, run->task.blocks);
	}
}

static void leave_seat(struct dsa_seat *seat)
{
	sim_cancel(seat->chip->env, &seat->event);
	seat->run = NULL;
	seat->state = DSA_CORE_IDLE;
}

/* ---- how they end ---- */

static void scrap(struct dsa_run *run)
{
	dsa_run_free_away(run);
	free(run->task.cross);
	free(run->task.cores);
	free(run);
}

static void free_run(struct dsa_run *run)
{
	struct dsa_chip *chip = run->view.function->chip;
	struct dsa_run **at = &chip->runs;

	while (*at && *at != run) /* it may not have been listed yet */
		at = &(*at)->next;
	if (*at)
		*at = run->next;
	run->loaded->tasks--;
	sim_ranges_put(run->view.table);
	dsa_region_leave(run->view.function, run->region);
	scrap(run);
}

void dsa_task_drop(struct dsa_run *run)
{
	struct dsa_chip *chip = run->view.function->chip;

	for (uint32_t i = 0; i < chip->params.cores; i++) {
		struct dsa_seat *seat = &chip->seats[i];

		if (seat->run != run)
			continue;
		dsa_core_stop(seat->core);
		leave_seat(seat);
	}
	free_run(run);
	dsa_blocks_give(chip);
}

static void note(struct dsa_chip *chip, const struct dsa_run *run)
{
	chip->counters.task_ps += sim_now(chip->env) - run->begin_ps;
	chip->notes[chip->noted++ % DSA_TASK_LOG] = (struct dsa_note){
		.code = run->task.code->va,
		.kernel = run->task.kernel,
		.blocks = run->task.blocks,
		.begin_ps = run->begin_ps,
		.end_ps = sim_now(chip->env),
	};
}

static void block_done(struct dsa_seat *seat)
{
	struct dsa_chip *chip = seat->chip;
	struct dsa_run *run = seat->run;
	struct dsa_stream *stream = run->stream;

	leave_seat(seat);
	if (++run->ended == run->task.blocks) {
		note(chip, run);
		stream->run = NULL;
		free_run(run);
		dsa_stream_end(stream);
		dsa_streams_retry(chip); /* an UNLOAD may have waited for it */
	}
	dsa_blocks_give(chip);
}

static void faulted(struct dsa_seat *seat)
{
	const struct dsa_core_fault *fault = dsa_core_fault(seat->core);
	struct dsa_stream *stream = seat->run->stream;
	const struct road_dsa_stream_status why = {
		.fault = (uint32_t)fault->kind,
		.address = fault->address,
		.detail = fault->detail,
		.code = seat->run->task.code->va,
		.kernel = seat->run->task.kernel,
		.pc = fault->pc,
		.line = fault->line,
		.core = seat->index,
		.block = seat->block,
		.queue = fault->queue,
		.pad = fault->pad,
	};

	road_dsa_stream_fault(stream, &why);
	if (seat->chip->unit && why.fault == ROAD_DSA_FAULT_ECC) /* the hardware, not the program */
		region_unit_fault(seat->chip->unit, stream->function->index, stream->region);
	dsa_streams_retry(seat->chip);
}

/* Every block of the task that has begun and not ended waits for another: none ever will. */
static bool is_stuck(const struct dsa_run *run)
{
	const struct dsa_chip *chip = run->view.function->chip;

	for (uint32_t i = 0; i < chip->params.cores; i++)
		if (chip->seats[i].run == run && chip->seats[i].state != DSA_CORE_WAITS)
			return false;
	return true;
}

static void run_seat(void *arg)
{
	struct dsa_seat *seat = arg;
	struct dsa_chip *chip = seat->chip;
	uint64_t next = sim_now(chip->env);

	seat->state = dsa_core_run(seat->core, next, DSA_BUDGET, &next);
	switch (seat->state) {
	case DSA_CORE_RUNS: sim_schedule(chip->env, &seat->event, next); break;
	case DSA_CORE_WAITS:
		if (!is_stuck(seat->run))
			break;
		dsa_core_deadlock(seat->core);
		faulted(seat);
		break;
	case DSA_CORE_DONE:
		if (next > sim_now(chip->env)) { /* it ends then */
			seat->state = DSA_CORE_RUNS;
			sim_schedule(chip->env, &seat->event, next);
			break;
		}
		block_done(seat);
		break;
	case DSA_CORE_FAULTED: faulted(seat); break;
	case DSA_CORE_IDLE: break;
	}
}

/* ---- how they begin ---- */

static enum dsa_start bad_field(struct road_dsa_stream_status *why, size_t offset)
{
	return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0, offset);
}

static enum dsa_start check(const struct dsa_stream *stream, const struct dsa_loaded *loaded,
			    struct road_dsa_stream_status *why)
{
	const struct road_dsa_task *task = &stream->descriptor.task;
	bool cooperative = task->flags & ROAD_DSA_WORK_COOPERATIVE;
	uint32_t first, cores;

	dsa_region_cores(stream, &first, &cores);
	if (stream->region == ROAD_DSA_NO_REGION)
		return bad_field(why, offsetof(struct road_dsa_task, work));
	if (task->image_words && !(task->flags & ROAD_DSA_WORK_ACTIVATE))
		return bad_field(why, offsetof(struct road_dsa_task, image_words));
	if (task->image && !task->image_words)
		return bad_field(why, offsetof(struct road_dsa_task, image));
	if (!task->blocks)
		return bad_field(why, offsetof(struct road_dsa_task, blocks));
	if (!task->arguments != !task->argument_bytes || task->arguments % ROAD_DSA_ALIGN)
		return bad_field(why, offsetof(struct road_dsa_task, arguments));
	why->kernel = task->kernel;
	why->code = task->code;
	if (!loaded || task->kernel >= loaded->code.kernel_count)
		return dsa_fail(why, ROAD_DSA_FAULT_KERNEL, task->code, task->kernel);
	const struct road_dsa_kernel *kernel = &loaded->code.kernels[task->kernel];

	if (kernel->argument_bytes != task->argument_bytes)
		return dsa_fail(why, ROAD_DSA_FAULT_KERNEL, task->code, kernel->argument_bytes);
	if (kernel->flags & ROAD_DSA_KERNEL_COOPERATIVE && !cooperative)
		return bad_field(why, offsetof(struct road_dsa_task, flags));
	if (cooperative && task->blocks > cores)
		return dsa_fail(why, ROAD_DSA_FAULT_CORES, 0, cores);
	return DSA_START_DONE;
}

/* Behind those of its priority; in a stream's quantum its tasks go before them. */
static void enlist(struct dsa_chip *chip, struct dsa_run *run)
{
	const uint32_t priority = run->stream->priority + !has_turn(chip, run);
	struct dsa_run **at = &chip->runs;

	while (*at && (*at)->stream->priority < priority)
		at = &(*at)->next;
	run->next = *at;
	*at = run;
}

static void begin(void *arg)
{
	struct dsa_stream *stream = arg;

	enlist(stream->function->chip, stream->run);
	dsa_blocks_give(stream->function->chip);
}

/* What its size depends on. False: no memory. */
static bool allot(struct dsa_run *run)
{
	const struct dsa_chip *chip = run->view.function->chip;
	struct dsa_task *task = &run->task;

	if (chip->unit && chip->function_count > 1) {
		run->away = calloc(run->cores, sizeof(*run->away));
		if (!run->away)
			return false;
	}
	if (!task->cooperative)
		return true;
	task->cross = calloc(task->blocks, ROAD_DSA_CROSS_IDS);
	task->cores = calloc(task->blocks, sizeof(struct dsa_core *));
	return task->cross && task->cores;
}

static struct dsa_run *make_run(struct dsa_stream *stream, struct dsa_loaded *loaded)
{
	const struct road_dsa_task *task = &stream->descriptor.task;
	struct dsa_run *run = calloc(1, sizeof(*run));

	if (!run)
		return NULL;
	run->stream = stream;
	run->loaded = loaded;
	run->region = stream->region;
	dsa_region_cores(stream, &run->first_core, &run->cores);
	run->view.function = stream->function;
	run->task = (struct dsa_task){
		.id = stream->function->chip->counters.tasks + 1,
		.code = &loaded->code,
		.kernel = task->kernel,
		.blocks = task->blocks,
		.cooperative = task->flags & ROAD_DSA_WORK_COOPERATIVE,
		.arguments = run->arguments,
		.argument_bytes = task->argument_bytes,
		.data = task->data,
		.watchdog =
			task->watchdog ? task->watchdog : stream->function->chip->params.watchdog,
		.function = stream->function->index,
		.view = &run->view,
		.poison = &stream->function->chip->poison,
	};
	const struct road_dsa_microcode *active =
		dsa_region_microcode(stream->function->chip, run->region);

	if (active) {
		run->microcode = *active;
		run->task.microcode = &run->microcode;
	}
	if (allot(run))
		return run;
	scrap(run);
	return NULL;
}

/* It passed the gate. */
static enum dsa_start begin_run(struct dsa_stream *stream, struct dsa_loaded *loaded,
				struct road_dsa_stream_status *why)
{
	const struct road_dsa_task *task = &stream->descriptor.task;
	struct dsa_chip *chip = stream->function->chip;
	uint32_t function = stream->function->index;
	struct dsa_run *run = make_seats(chip) ? make_run(stream, loaded) : NULL;

	if (!run) {
		sim_violation(chip->env, function, "no host memory for a task");
		return dsa_fail(why, ROAD_DSA_FAULT_CORES, 0, 0);
	}
	if (task->argument_bytes && !sim_dma_read(chip->env, function, task->arguments,
						  run->arguments, task->argument_bytes)) {
		scrap(run);
		return dsa_fail(why, ROAD_DSA_FAULT_DMA, task->arguments, task->argument_bytes);
	}
	run->view.table = sim_ranges_get(stream->table);
	loaded->tasks++;
	chip->counters.tasks++;
	stream->run = run;
	stream->event.run = begin;
	sim_schedule(chip->env, &stream->event, sim_now(chip->env) + chip->params.launch_ps);
	return DSA_START_ASYNC;
}

enum dsa_start dsa_task_start(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	struct dsa_function *function = stream->function;
	struct dsa_loaded *loaded =
		dsa_loaded_find(function, stream->context, stream->descriptor.task.code);
	enum dsa_start start = check(stream, loaded, why);

	if (start == DSA_START_DONE)
		start = dsa_region_gate(stream, why);
	if (start != DSA_START_DONE)
		return start;
	start = begin_run(stream, loaded, why);
	if (start == DSA_START_FAULT)
		dsa_region_leave(function, stream->region);
	return start;
}
