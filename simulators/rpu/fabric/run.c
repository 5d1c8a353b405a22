/* SPDX-License-Identifier: Apache-2.0 */
/* Cycles: streams, then the fabric, which advances or stalls. */
#include <string.h>

#include "simulators/rpu/fabric/batch.h"

void rpu_fault_at(struct rpu_fabric *fabric, enum rpu_fault_kind kind, uint32_t index,
		  uint64_t seen, uint64_t allowed)
{
	fabric->fault = (struct rpu_fabric_fault){
		.kind = kind,
		.index = index,
		.step = fabric->step,
		.seen = seen,
		.allowed = allowed,
		.cycle = fabric->counters.cycles,
	};
	fabric->status = RPU_FABRIC_FAULT;
}

void rpu_fault_in(struct rpu_fabric *fabric, enum rpu_fault_kind kind, uint32_t index,
		  uint64_t seen, uint64_t allowed, struct rpu_window window)
{
	rpu_fault_at(fabric, kind, index, seen, allowed);
	fabric->fault.window = window;
}

/* ---- streams ---- */

uint32_t rpu_free_banks(struct rpu_fabric *fabric)
{
	uint64_t cycle = fabric->counters.cycles;
	uint32_t all = rpu_all_banks(fabric);

	if (!fabric->memory.busy)
		return all;
	if (cycle >= fabric->busy_until) {
		fabric->busy_until = cycle + 1;
		fabric->busy =
			fabric->memory.busy(fabric->memory.context, cycle, &fabric->busy_until);
	}
	return all & ~fabric->busy;
}

static bool run_streams(struct rpu_fabric *fabric, struct rpu_port *port)
{
	uint32_t address;

	for (uint32_t s = 0; s < fabric->engine_count; s++) {
		struct rpu_engine *engine = &fabric->engines[s];

		if (rpu_engine_idle(engine) ||
		    rpu_injected(&fabric->injection, fabric->injection.of_stream))
			continue;
		if (engine->near) {
			rpu_engine_tick_near(engine, port);
		} else if (!rpu_engine_tick(engine, port, &address)) {
			rpu_fault_in(fabric, RPU_FAULT_GATHER, s, address, port->refused,
				     port->window[engine->stream.write]);
			return false;
		}
	}
	fabric->counters.stream_accesses += port->accesses;
	return true;
}

/* The lowest stream that lacks a token or room in this step, or ROAD_RPU_STREAMS. */
static uint32_t lacking(struct rpu_fabric *fabric, enum rpu_fabric_stall *why)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_step *step = &config->steps[fabric->step];
	uint32_t found = ROAD_RPU_STREAMS;

	for (uint32_t i = 0; i < step->pops.count; i++) {
		const struct rpu_move *pop = &config->pops[step->pops.first + i];

		if (pop->stream < found && rpu_enabled(fabric, pop->begin_at) &&
		    !rpu_fifo_ready(&fabric->engines[pop->stream].fifo, fabric->counters.cycles)) {
			found = pop->stream;
			*why = RPU_STALL_EMPTY;
		}
	}
	for (uint32_t i = 0; i < step->pushes.count; i++) {
		const struct rpu_move *push = &config->pushes[step->pushes.first + i];

		if (push->stream < found && rpu_enabled(fabric, push->begin_at) &&
		    fabric->engines[push->stream].fifo.count == ROAD_RPU_FIFO) {
			found = push->stream;
			*why = RPU_STALL_FULL;
		}
	}
	return found;
}

/* Tokens of this step lie where its words read them; they are taken when it is done. */
static void show_tokens(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_range *pops = &config->steps[fabric->step].pops;

	for (uint32_t i = 0; i < pops->count; i++) {
		const struct rpu_move *pop = &config->pops[pops->first + i];
		const struct rpu_fifo *fifo = &fabric->engines[pop->stream].fifo;

		fabric->places[rpu_token_place(config, pop->stream)] =
			rpu_enabled(fabric, pop->begin_at) ? fifo->value[fifo->head] : 0;
	}
}

static void move_tokens(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_step *step = &config->steps[fabric->step];
	const uint32_t *results = rpu_results_at(fabric, fabric->at);

	for (uint32_t i = 0; i < step->pops.count; i++) {
		const struct rpu_move *pop = &config->pops[step->pops.first + i];

		if (rpu_enabled(fabric, pop->begin_at))
			rpu_fifo_pop(&fabric->engines[pop->stream].fifo);
	}
	for (uint32_t i = 0; i < step->pushes.count; i++) {
		const struct rpu_move *push = &config->pushes[step->pushes.first + i];

		if (rpu_enabled(fabric, push->begin_at))
			rpu_fifo_push(&fabric->engines[push->stream].fifo, results[push->element],
				      0);
	}
}

/* ---- the fabric ---- */

void rpu_stall_on(struct rpu_fabric *fabric, enum rpu_fabric_stall why, uint32_t stream)
{
	struct rpu_fabric_counters *counters = &fabric->counters;

	counters->stalls[why]++;
	if (stream == ROAD_RPU_STREAMS)
		return;
	counters->stream_stalls[stream]++;
	if (fabric->at && counters->first_stall_stream == ROAD_RPU_STREAMS) {
		counters->first_stall_stream = stream;
		counters->first_stall_cycle = counters->cycles;
	}
}

/* Every word enabled, and FIRST without a part: what the compiled lists are made for. */
static bool is_steady(const struct rpu_fabric *fabric)
{
	return fabric->compiled && fabric->at >= fabric->config->all_from &&
	       fabric->at + fabric->config->all_left < fabric->end;
}

static void next_step(struct rpu_fabric *fabric)
{
	fabric->at++;
	if (++fabric->step == fabric->config->interval) {
		fabric->step = 0;
		fabric->round++;
	}
}

static void advance(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;

	if (is_steady(fabric))
		rpu_advance_compiled(fabric);
	else
		rpu_advance(fabric);
	move_tokens(fabric);
	if (config->steps[fabric->step].accesses.count)
		memset(fabric->served, 0, sizeof(fabric->served));
	fabric->waiting = false;
	next_step(fabric);
}

/* The present step, once all its tokens and room are there. */
static void try_step(struct rpu_fabric *fabric, struct rpu_port *port)
{
	if (!fabric->waiting) {
		show_tokens(fabric);
		fabric->waiting = true;
		fabric->waits = rpu_stepwise(&fabric->params) ? rpu_step_waits(fabric) : 0;
	}
	if (fabric->waits) {
		fabric->waits--;
		rpu_stall_on(fabric, RPU_STALL_OP, ROAD_RPU_STREAMS);
		return;
	}
	if (fabric->config->steps[fabric->step].accesses.count && !rpu_accesses(fabric, port)) {
		if (fabric->status == RPU_FABRIC_RUNNING)
			rpu_stall_on(fabric, RPU_STALL_BANK, ROAD_RPU_STREAMS);
		return;
	}
	advance(fabric);
}

bool rpu_resume_step(struct rpu_fabric *fabric, uint64_t waits)
{
	enum rpu_fabric_stall why;

	if (fabric->at == fabric->end || fabric->begins ||
	    lacking(fabric, &why) != ROAD_RPU_STREAMS)
		return false;
	show_tokens(fabric);
	if (waits > (rpu_stepwise(&fabric->params) ? rpu_step_waits(fabric) : 0))
		return false;
	fabric->waiting = true;
	fabric->waits = waits;
	return true;
}

static void run_fabric(struct rpu_fabric *fabric, struct rpu_port *port)
{
	enum rpu_fabric_stall why = RPU_STALL_EMPTY;
	uint32_t stream;

	if (fabric->at == fabric->end) {
		fabric->counters.drain++;
		return;
	}
	if (fabric->begins) {
		fabric->begins--;
		return;
	}
	if (rpu_injected(&fabric->injection, fabric->injection.of_fabric)) {
		rpu_stall_on(fabric, RPU_STALL_INJECTED, ROAD_RPU_STREAMS);
		return;
	}
	stream = fabric->waiting ? ROAD_RPU_STREAMS : lacking(fabric, &why);
	if (stream != ROAD_RPU_STREAMS)
		rpu_stall_on(fabric, why, stream);
	else
		try_step(fabric, port);
}

static bool all_written(const struct rpu_fabric *fabric)
{
	for (uint32_t s = 0; s < fabric->engine_count; s++)
		if (fabric->engines[s].stream.write && !rpu_engine_idle(&fabric->engines[s]))
			return false;
	return true;
}

static void end_cycle(struct rpu_fabric *fabric)
{
	fabric->counters.cycles++;
	if (fabric->at == fabric->end && fabric->status == RPU_FABRIC_RUNNING &&
	    all_written(fabric))
		fabric->status = RPU_FABRIC_DONE;
}

static void run_cycle(struct rpu_fabric *fabric, struct rpu_port *port)
{
	port->cycle = fabric->counters.cycles;
	port->banks = rpu_free_banks(fabric);
	port->accesses = 0;
	if (!run_streams(fabric, port))
		return;
	run_fabric(fabric, port);
	end_cycle(fabric);
}

/* ---- compiled, while nothing but streams can stall ---- */

static bool is_plain(const struct rpu_fabric *fabric)
{
	return is_steady(fabric) && !fabric->config->access_count && !fabric->waiting &&
	       !rpu_stepwise(&fabric->params);
}

static bool is_swift(const struct rpu_fabric *fabric)
{
	return is_plain(fabric) && !fabric->injection.of_fabric && !fabric->injection.of_stream;
}

/* As lacking(), with every word enabled. */
static uint32_t lacking_now(const struct rpu_fabric *fabric, const struct rpu_step *step,
			    enum rpu_fabric_stall *why)
{
	const struct rpu_move *pops = fabric->config->pops + step->pops.first;
	const struct rpu_move *pushes = fabric->config->pushes + step->pushes.first;
	uint32_t found = ROAD_RPU_STREAMS;

	for (uint32_t i = 0; i < step->pops.count; i++)
		if (!rpu_fifo_ready(&fabric->engines[pops[i].stream].fifo,
				    fabric->counters.cycles) &&
		    pops[i].stream < found) {
			found = pops[i].stream;
			*why = RPU_STALL_EMPTY;
		}
	for (uint32_t i = 0; i < step->pushes.count; i++)
		if (fabric->engines[pushes[i].stream].fifo.count == ROAD_RPU_FIFO &&
		    pushes[i].stream < found) {
			found = pushes[i].stream;
			*why = RPU_STALL_FULL;
		}
	return found;
}

static void swift_step(struct rpu_fabric *fabric, const struct rpu_step *step)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_move *pops = config->pops + step->pops.first;
	const struct rpu_move *pushes = config->pushes + step->pushes.first;
	const uint32_t *results = rpu_results_at(fabric, fabric->at);
	uint32_t *tokens = fabric->places + rpu_token_place(config, 0);

	for (uint32_t i = 0; i < step->pops.count; i++)
		tokens[pops[i].stream] = rpu_fifo_pop(&fabric->engines[pops[i].stream].fifo);
	rpu_advance_compiled(fabric);
	for (uint32_t i = 0; i < step->pushes.count; i++)
		rpu_fifo_push(&fabric->engines[pushes[i].stream].fifo, results[pushes[i].element],
			      0);
	next_step(fabric);
}

/* ---- batches of rounds: data by rows, then their time ---- */

/* A whole batch lies ahead, and would fit into the cycles if nothing stalls. */
static bool is_batch_ahead(const struct rpu_fabric *fabric, uint64_t end)
{
	uint64_t cycles = RPU_BATCH_ROUNDS * (uint64_t)fabric->config->interval;

	return fabric->in_batches && !fabric->step && fabric->at >= fabric->batch->from &&
	       fabric->counters.cycles + cycles <= end &&
	       fabric->at + cycles + fabric->config->all_left < fabric->end;
}

/* What the batch has done up to now, in registers: its begin, and again from there. */
static void stop_within(struct rpu_fabric *fabric, uint64_t begin)
{
	const struct rpu_config *config = fabric->config;
	struct rpu_batch *batch = fabric->batch;
	uint64_t at = fabric->at;

	fabric->at = begin;
	fabric->step = 0;
	fabric->round = begin / config->interval;
	rpu_batch_leave(fabric, batch);
	while (fabric->at < at) {
		const struct rpu_range *pops = &config->steps[fabric->step].pops;
		uint64_t round = (fabric->at - begin) / config->interval;

		for (uint32_t i = pops->first; i < pops->first + pops->count; i++)
			fabric->places[rpu_token_place(config, config->pops[i].stream)] =
				rpu_batch_row(batch, batch->pop_series + i)[round];
		rpu_advance_compiled(fabric);
		next_step(fabric);
	}
	fabric->shortcuts.batched += (at - begin) / config->interval;
}

/* False: none can begin in this cycle, by what its FIFOs hold. */
static bool run_batches(struct rpu_fabric *fabric, uint64_t end)
{
	const struct rpu_config *config = fabric->config;
	struct rpu_batch *batch = fabric->batch;
	bool whole = true;

	if (!rpu_batch_enter(fabric, batch))
		return false;
	while (whole && is_batch_ahead(fabric, end)) {
		uint64_t begin = fabric->at;

		rpu_batch_compute(fabric, batch);
		whole = rpu_batch_pace(fabric, end);
		rpu_lanes_store(fabric, batch);
		if (!whole) {
			stop_within(fabric, begin);
			break;
		}
		fabric->round += RPU_BATCH_ROUNDS;
		fabric->counters.element_ops += RPU_BATCH_ROUNDS * (uint64_t)config->ops;
		fabric->shortcuts.batched += RPU_BATCH_ROUNDS;
		rpu_batch_shift(batch);
	}
	rpu_lanes_leave(fabric, batch);
	if (whole)
		rpu_batch_leave(fabric, batch);
	return true;
}

/* Cycles up to `end`, as run_cycle() would. */
static void run_swiftly(struct rpu_fabric *fabric, struct rpu_port *port, uint64_t end)
{
	enum rpu_fabric_stall why = RPU_STALL_EMPTY;

	while (fabric->counters.cycles < end && is_steady(fabric) && !is_batch_ahead(fabric, end)) {
		const struct rpu_step *step = &fabric->config->steps[fabric->step];
		uint32_t stream;

		port->cycle = fabric->counters.cycles;
		port->banks = rpu_free_banks(fabric);
		port->accesses = 0;
		if (!run_streams(fabric, port))
			return;
		stream = lacking_now(fabric, step, &why);
		if (stream != ROAD_RPU_STREAMS)
			rpu_stall_on(fabric, why, stream);
		else
			swift_step(fabric, step);
		end_cycle(fabric);
	}
}

static void count_iterations(struct rpu_fabric *fabric)
{
	uint32_t length = fabric->config ? fabric->config->length : 0;

	if (fabric->config && fabric->at >= length && fabric->end)
		fabric->counters.iterations = (fabric->at - length) / fabric->config->interval + 1;
}

enum rpu_fabric_status rpu_fabric_run(struct rpu_fabric *fabric, uint64_t cycles, uint64_t *passed)
{
	const struct rpu_fabric_params *params = &fabric->params;
	const struct rpu_window all = {0, fabric->memory.window ? 0 : params->spm_bytes};
	struct rpu_port port = {
		.spm = fabric->memory.spm,
		.bytes = params->spm_bytes,
		.bank_shift = (uint32_t)__builtin_ctz(params->bank_bytes),
		.bank_mask = params->banks - 1,
		.latency = params->stream_latency,
		.memory = &fabric->memory,
		.window = {all, all},
		.far = fabric->memory.far ? &fabric->memory : NULL,
		.far_next = fabric->far_next,
	};
	uint64_t from = fabric->counters.cycles;
	uint64_t end = cycles < UINT64_MAX - from ? from + cycles : UINT64_MAX;

	while (fabric->status == RPU_FABRIC_RUNNING && fabric->counters.cycles < end)
		if (is_plain(fabric) && is_batch_ahead(fabric, end)) {
			if (!run_batches(fabric, end))
				run_cycle(fabric, &port);
		} else if (is_swift(fabric)) {
			run_swiftly(fabric, &port, end);
		} else {
			run_cycle(fabric, &port);
		}
	fabric->far_next = port.far_next;
	count_iterations(fabric);
	if (passed)
		*passed = fabric->counters.cycles - from;
	return fabric->status;
}
