/* SPDX-License-Identifier: Apache-2.0 */
/* How S takes instructions and gives them to queues, and how queues begin them. */
#include "simulators/dsa/internal.h"

#include <stdio.h>
#include <string.h>

#include "simulators/dsa/hazard.h"

static const dsa_exec_fn executors[ROAD_DSA_FORMATS] = {
	[ROAD_DSA_FORMAT_MOVE] = dsa_exec_move,         [ROAD_DSA_FORMAT_TILE] = dsa_exec_tile,
	[ROAD_DSA_FORMAT_FRACTALS] = dsa_exec_fractals, [ROAD_DSA_FORMAT_BYTES] = dsa_exec_bytes,
	[ROAD_DSA_FORMAT_CUBE] = dsa_exec_cube,         [ROAD_DSA_FORMAT_FIX] = dsa_exec_fix,
	[ROAD_DSA_FORMAT_V_DA] = dsa_exec_vector,       [ROAD_DSA_FORMAT_V_DAB] = dsa_exec_vector,
	[ROAD_DSA_FORMAT_V_DAS] = dsa_exec_vector,      [ROAD_DSA_FORMAT_V_DS] = dsa_exec_vector,
	[ROAD_DSA_FORMAT_V_CMP] = dsa_exec_vector,      [ROAD_DSA_FORMAT_V_SEL] = dsa_exec_vector,
	[ROAD_DSA_FORMAT_V_CVT] = dsa_exec_vector,
};

/* ---- waiting, counted and drawn ---- */

static void block(struct dsa_core *core, uint32_t q)
{
	struct dsa_queue *queue = &core->queue[q];

	if (!queue->blocked) {
		queue->blocked = true;
		queue->blocked_since = core->now;
	}
}

static bool is_wait(const struct road_dsa_word *word)
{
	return word->op == ROAD_DSA_OP_wait_flag || word->op == ROAD_DSA_OP_cross_wait;
}

/* The queue stood at `word` until now: for a token, S also for room in a queue, or until all
 * queues were empty. */
static void unblock(struct dsa_core *core, uint32_t q, const struct road_dsa_word *word)
{
	struct dsa_queue *queue = &core->queue[q];
	struct dsa_queue_counts *counts = &core->counts.queue[q];
	uint64_t waited = core->now - queue->blocked_since;
	char text[48] = "drain";

	if (!queue->blocked)
		return;
	queue->blocked = false;
	if (is_wait(word)) {
		counts->wait_flag_ps += waited;
		dsa_token_text(word, text, sizeof(text));
	} else if (dsa_queue_of(word) != q) {
		counts->wait_full_ps += waited;
		snprintf(text, sizeof(text), "%s full", dsa_queue_names[dsa_queue_of(word)]);
	}
	if (core->setup.fidelity == SIM_TRACE && waited)
		sim_trace_span(core->setup.env, core->lane[q], text, queue->blocked_since,
			       core->now);
}

/* ---- queues ---- */

static bool meets_flight(const struct dsa_core *core, uint64_t from, uint64_t to)
{
	for (uint32_t i = 0; i < DSA_FLIGHTS; i++) {
		const struct dsa_flight *flight = &core->flight[i];

		if (flight->end > core->now && from < flight->to && to > flight->from)
			return true;
	}
	return false;
}

/* V of an interlocked chip: whether this instruction reads what is on its way. First repeats
 * stand for all: the chip compares where operands begin. */
static bool reads_flight(const struct dsa_core *core, const struct dsa_entry *entry)
{
	uint32_t op = entry->word->op, format = dsa_ops[op].format;
	uint64_t bytes = (uint64_t)dsa_low(entry->c) * dsa_type_bytes(entry->word->type);
	bool select = format == ROAD_DSA_FORMAT_V_SEL;
	bool two = select || format == ROAD_DSA_FORMAT_V_DAB || format == ROAD_DSA_FORMAT_V_CMP;

	if (op == ROAD_DSA_OP_vgather && meets_flight(core, 0, UINT64_MAX))
		return true;
	return (format != ROAD_DSA_FORMAT_V_DS && meets_flight(core, entry->a, entry->a + bytes)) ||
	       (two && meets_flight(core, entry->b[0], entry->b[0] + bytes)) ||
	       (select && meets_flight(core, entry->e, entry->e + dsa_ceil(bytes, 8))) ||
	       (op == ROAD_DSA_OP_vmadd && meets_flight(core, entry->d, entry->d + bytes));
}

static bool head_ready(const struct dsa_core *core, uint32_t q, const struct dsa_entry *entry)
{
	switch (entry->word->op) {
	case ROAD_DSA_OP_wait_flag:
	case ROAD_DSA_OP_cross_wait: return dsa_token_is_set(core, entry->word);
	case ROAD_DSA_OP_pipe_barrier: return core->queue[q].drain <= core->now;
	case ROAD_DSA_OP_set_flag:
	case ROAD_DSA_OP_cross_set: return core->pending_count < DSA_PENDING;
	default: break;
	}
	return q != ROAD_DSA_QUEUE_V || !core->timed || !core->params->interlocked ||
	       !reads_flight(core, entry);
}

bool dsa_queue_ready(struct dsa_core *core, uint32_t q)
{
	struct dsa_queue *queue = &core->queue[q];
	const struct dsa_entry *entry = &queue->ring[queue->first];

	if (!queue->count || queue->free_at > core->now)
		return false;
	if (!head_ready(core, q, entry)) {
		if (is_wait(entry->word))
			block(core, q);
		return false;
	}
	if (is_wait(entry->word))
		unblock(core, q, entry->word);
	return true;
}

const struct road_dsa_word *dsa_queue_head(const struct dsa_core *core, uint32_t q, uint32_t *pc)
{
	const struct dsa_queue *queue = &core->queue[q];

	if (q == ROAD_DSA_QUEUE_S) {
		*pc = core->pc;
		return core->pc < core->word_count ? &core->words[core->pc] : NULL;
	}
	if (!queue->count)
		return NULL;
	*pc = queue->ring[queue->first].pc;
	return queue->ring[queue->first].word;
}

bool dsa_queues_empty(const struct dsa_core *core)
{
	for (uint32_t q = 1; q < ROAD_DSA_QUEUES; q++) {
		const struct dsa_queue *queue = &core->queue[q];

		if (queue->count || queue->free_at > core->now || queue->drain > core->now)
			return false;
	}
	return true;
}

/* When it ends, by what its executor found out. */
static void take_time(struct dsa_core *core, uint32_t q, const struct dsa_entry *entry)
{
	struct dsa_queue *queue = &core->queue[q];
	const struct dsa_work *work = &core->work;
	uint64_t end = core->now + dsa_ps(core->params, work->cycles);
	uint64_t done;

	if (work->memory_end > end)
		end = work->memory_end;
	done = end + (work->latency ? dsa_ps(core->params, work->latency) : 0);
	queue->free_at = end;
	queue->drain = done > queue->drain ? done : queue->drain;
	core->counts.queue[q].busy_ps += end - core->now;
	if (work->latency && core->params->interlocked) {
		uint64_t bytes = (uint64_t)dsa_low(entry->c) * dsa_type_bytes(entry->word->type);

		core->flight[core->flight_next++ % DSA_FLIGHTS] =
			(struct dsa_flight){entry->d, entry->d + bytes, done};
	}
	sim_trace_span(core->setup.env, core->lane[q], dsa_ops[entry->word->op].name, core->now,
		       end);
}

static bool run_entry(struct dsa_core *core, uint32_t q, const struct dsa_entry *entry)
{
	const struct road_dsa_word *word = entry->word;

	switch (word->op) {
	case ROAD_DSA_OP_pipe_barrier: dsa_hazards_barrier(core->hazards, q); return true;
	case ROAD_DSA_OP_wait_flag:
	case ROAD_DSA_OP_cross_wait: dsa_token_clear(core, word); return true;
	case ROAD_DSA_OP_set_flag:
	case ROAD_DSA_OP_cross_set:
		return dsa_token_set(core, word, entry->a, core->queue[q].drain);
	default: break;
	}
	memset(&core->work, 0, sizeof(core->work));
	if (!executors[dsa_ops[word->op].format](core, entry))
		return false;
	core->counts.queue[q].bytes += core->work.bytes;
	core->counts.macs += core->work.macs;
	core->counts.vector_elements += core->work.elements;
	if (core->timed)
		take_time(core, q, entry);
	return true;
}

bool dsa_queue_issue(struct dsa_core *core, uint32_t q)
{
	struct dsa_queue *queue = &core->queue[q];
	const struct dsa_entry *entry = &queue->ring[queue->first];

	queue->first = (queue->first + 1) % core->params->queue_depth;
	queue->count--;
	core->at_pc = entry->pc;
	core->at_queue = q;
	core->counts.queue[q].instructions++;
	dsa_hazards_enter(core->hazards, q, entry);
	return run_entry(core, q, entry);
}

/* ---- S ---- */

static enum dsa_step stall(struct dsa_core *core)
{
	block(core, ROAD_DSA_QUEUE_S);
	return DSA_STEP_STALL;
}

/* What S does itself is over: it goes on after the instruction's time. */
static enum dsa_step advance(struct dsa_core *core, const struct road_dsa_word *word,
			     uint64_t cycles)
{
	uint64_t time = core->timed ? dsa_ps(core->params, cycles) : 0;

	unblock(core, ROAD_DSA_QUEUE_S, word);
	core->ran++;
	core->s_time = core->now + time;
	core->counts.queue[ROAD_DSA_QUEUE_S].instructions++;
	core->counts.queue[ROAD_DSA_QUEUE_S].busy_ps += time;
	return DSA_STEP_DONE;
}

static enum dsa_step dispatch(struct dsa_core *core, const struct road_dsa_word *word, uint32_t q)
{
	struct dsa_queue *queue = &core->queue[q];
	uint32_t depth = core->params->queue_depth, count = dsa_shape_registers(word);
	struct dsa_entry *entry;

	if (queue->count == depth)
		return stall(core);
	entry = &queue->ring[(queue->first + queue->count++) % depth];
	entry->word = word;
	entry->pc = core->pc++;
	entry->d = core->x[word->d];
	entry->a = core->x[word->a];
	entry->c = core->x[word->c];
	entry->e = core->x[word->e];
	memcpy(entry->b, &core->x[word->b], count * sizeof(entry->b[0]));
	dsa_hazards_dispatch(core->hazards, entry);
	return advance(core, word, core->params->dispatch);
}

/* An instruction of order whose queue is S. */
static enum dsa_step scalar_order(struct dsa_core *core, const struct road_dsa_word *word)
{
	bool ready = true;

	if (is_wait(word))
		ready = dsa_token_is_set(core, word);
	else if (word->op == ROAD_DSA_OP_pipe_barrier)
		ready = word->mods != ROAD_DSA_QUEUES || dsa_queues_empty(core);
	else
		ready = core->pending_count < DSA_PENDING;
	if (!ready)
		return stall(core);
	if (is_wait(word))
		dsa_token_clear(core, word);
	else if (word->op == ROAD_DSA_OP_pipe_barrier)
		dsa_hazards_barrier(core->hazards, word->mods);
	else if (!dsa_token_set(core, word, core->x[word->a], core->now))
		return DSA_STEP_FAULT;
	core->pc++;
	return advance(core, word, core->params->scalar);
}

static enum dsa_step scalar_other(struct dsa_core *core, const struct road_dsa_word *word)
{
	if (word->op == ROAD_DSA_OP_end) {
		if (!dsa_queues_empty(core) || core->pending_count)
			return stall(core);
		unblock(core, ROAD_DSA_QUEUE_S, word);
		return DSA_STEP_END;
	}
	memset(&core->work, 0, sizeof(core->work));
	if (!dsa_scalar_run(core, word))
		return DSA_STEP_FAULT;
	return advance(core, word, core->timed ? dsa_scalar_cycles(core, word) : 0);
}

enum dsa_step dsa_scalar_step(struct dsa_core *core)
{
	const struct road_dsa_word *word = &core->words[core->pc];
	uint32_t q;

	core->at_pc = core->pc;
	core->at_queue = ROAD_DSA_QUEUE_S;
	if (core->pc >= core->word_count) {
		dsa_fault(core, ROAD_DSA_FAULT_ILLEGAL, ROAD_DSA_PADS, 0, 0);
		return DSA_STEP_FAULT;
	}
	if (core->ran >= core->task->watchdog) {
		dsa_fault(core, ROAD_DSA_FAULT_WATCHDOG, ROAD_DSA_PADS, 0, core->ran);
		return DSA_STEP_FAULT;
	}
	if (!dsa_knows(core, word->op)) {
		dsa_fault(core, ROAD_DSA_FAULT_OPERATOR, ROAD_DSA_PADS, 0, word->op);
		return DSA_STEP_FAULT;
	}
	q = dsa_queue_of(word);
	if (q != ROAD_DSA_QUEUE_S)
		return dispatch(core, word, q);
	if (dsa_ops[word->op].queue == ROAD_DSA_QUEUE_ANY)
		return scalar_order(core, word);
	return scalar_other(core, word);
}

bool dsa_scalar_is_private(const struct dsa_core *core)
{
	const struct road_dsa_word *word = &core->words[core->pc];
	uint32_t format;

	if (core->pc >= core->word_count || dsa_ops[word->op].queue != ROAD_DSA_QUEUE_S ||
	    !dsa_knows(core, word->op))
		return false;
	format = dsa_ops[word->op].format;
	return word->op != ROAD_DSA_OP_end && word->op != ROAD_DSA_OP_trap &&
	       format != ROAD_DSA_FORMAT_LOAD && format != ROAD_DSA_FORMAT_STORE;
}
