/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SM by itself, for a quantum: sub-cores that each issue the oldest ready warp a cycle. Only
 * cycles in which something can happen are visited; what passes between is accounted for when a
 * warp issues again.
 */
#include "simulators/gpu/sm_operands.h"
#include "simulators/gpu/sm_units.h"
#include "simulators/gpu/sm_wheel.h"
#include "simulators/gpu/timing_internal.h"

/* The load/store unit takes no instruction while there may be no room for what it leaves behind:
 * lines of global and of local memory, each with several misses to wait for. */
static void hold_while_full(struct gpu_sm *sm, uint64_t cycle)
{
	road_misses_retire(&sm->misses, cycle);
	bool full = sm->misses.count + 2 * ACCESS_LINES > sm->misses.room ||
		    sm->request_count + 4 * ACCESS_LINES > REQUEST_ROOM ||
		    sm->store_count + 4 * ACCESS_LINES > STORE_ROOM ||
		    sm->atomics_used == ATOMIC_ROOM || sm->loads_used == LOAD_ROOM ||
		    sm->waiters_used + 8 * ACCESS_LINES > WAITER_ROOM;

	if (full)
		unit_hold(
			&sm->ldst, cycle,
			later(cycle + 1, earlier(road_misses_first(&sm->misses), sm->quantum_end)));
}

/* ---- waiting ---- */

static const struct gpu_op *op_of(const struct gpu_warp *w)
{
	const struct gpu_launch *launch = w->block->launch;

	return &launch->ops[w->insn - launch->exec->config.code->insns];
}

/* From `wake` on, which is behind what was turned: an issue comes a cycle before it, an answer in
 * the next quantum. */
static inline void set_wake(struct gpu_sm *sm, struct gpu_warp *w, uint64_t wake)
{
	struct gpu_subcore *sc = &sm->subcore[w->subcore];
	uint64_t bit = UINT64_C(1) << w->position;

	if (sc->waiting & bit)
		take_from_wheel(sc, w->position);
	sc->wake[w->position] = wake;
	sc->waiting |= bit;
	if (wake == NO_TIME)
		return;
	put_in_wheel(sc, bit, wake);
	sc->next_wake = earlier(sc->next_wake, wake);
	sc->next = earlier(sc->next, wake);
}

static void wait_for_operands(struct gpu_sm *sm, struct gpu_warp *w)
{
	uint64_t cycle = operands_ready(w, &w->memory);

	if (w->fence)
		w->memory = later(w->memory, w->floor);
	set_wake(sm, w, cycle >= READY_PENDING >> 1 ? NO_TIME : later(cycle, w->floor));
}

/* Some cycles will pass before it goes: time to bring its rows into the host's caches. */
static inline void prefetch_row(const uint8_t *row)
{
	__builtin_prefetch(row);
	__builtin_prefetch(row + ROAD_GPU_ROW_BYTES / 2);
}

static inline void prefetch_rows(const struct road_gpu_warp *warp, const struct road_gpu_insn *insn)
{
	prefetch_row(warp->rows[insn->a & ROAD_GPU_BANK_MASK] + (insn->a & ~ROAD_GPU_BANK_MASK));
	prefetch_row(warp->rows[insn->b & ROAD_GPU_BANK_MASK] + (insn->b & ~ROAD_GPU_BANK_MASK));
	prefetch_row(warp->rows[insn->c & ROAD_GPU_BANK_MASK] + (insn->c & ~ROAD_GPU_BANK_MASK));
	prefetch_row(warp->rows[0] + insn->d);
}

/* The warp's next instruction, and when it can go; at a barrier it waits to be released. */
void gpu_sm_prepare(struct gpu_sm *sm, struct gpu_warp *w)
{
	w->insn = road_gpu_warp_peek(w->exec);
	if (w->insn) {
		prefetch_rows(w->exec, w->insn);
		w->op = op_of(w);
		wait_for_operands(sm, w);
	} else {
		set_wake(sm, w, NO_TIME);
	}
}

void gpu_sm_wake(struct gpu_sm *sm, uint32_t warp)
{
	struct gpu_warp *w = &sm->warps[warp];
	struct gpu_subcore *sc = &sm->subcore[w->subcore];

	if (w->exec && w->insn && !w->done && sc->waiting >> w->position & 1 &&
	    sc->wake[w->position] == NO_TIME)
		wait_for_operands(sm, w);
}

/* Those whose time has come join the ready ones. */
static void collect_ready(struct gpu_sm *sm, struct gpu_subcore *sc, uint64_t cycle)
{
	uint64_t due = turn_wheel(sc, cycle);

	sc->waiting &= ~due;
	for (; due; due &= due - 1) {
		uint32_t position = (uint32_t)__builtin_ctzll(due);
		struct gpu_warp *w = &sm->warps[sc->warp[position]];
		unsigned unit = w->insn->unit;

		sc->ready[unit] |= UINT64_C(1) << position;
		sc->ready_units |= 1u << unit;
		w->mark = unit_busy(unit_of(sm, sc, unit), cycle);
	}
}

/* Neither waits nor is ready any more. */
static void withdraw(struct gpu_subcore *sc, uint32_t position)
{
	uint64_t others = ~(UINT64_C(1) << position);

	if (sc->waiting & ~others)
		take_from_wheel(sc, position);
	sc->waiting &= others;
	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++) {
		sc->ready[u] &= others;
		if (!sc->ready[u])
			sc->ready_units &= ~(1u << u);
	}
}

/* ---- accounting ---- */

/* The cycles since the warp last issued, each by one cause; `wake`: when it became ready. */
static void account(struct gpu_sm *sm, struct gpu_warp *w, uint64_t wake, uint64_t busy,
		    uint64_t cycle)
{
	uint64_t *stalls = sm->counters.stalls;
	uint64_t at = w->account;

	wake = earlier(wake, cycle);
	if (w->barrier && w->floor > at) {
		uint64_t to = earlier(w->floor, wake);

		stalls[ROAD_GPU_STALL_BARRIER] += to - at;
		at = to;
	}
	if (earlier(w->memory, wake) > at) {
		stalls[ROAD_GPU_STALL_MEMORY] += earlier(w->memory, wake) - at;
		at = earlier(w->memory, wake);
	}
	if (wake > at) {
		stalls[ROAD_GPU_STALL_DEPENDENCE] += wake - at;
		at = wake;
	}
	busy = earlier(busy, cycle - at);
	stalls[ROAD_GPU_STALL_UNIT] += busy;
	stalls[ROAD_GPU_STALL_NOT_SELECTED] += cycle - at - busy;
	w->account = cycle;
}

static void leave(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle)
{
	withdraw(&sm->subcore[w->subcore], w->position);
	sm->counters.resident_warp_cycles += cycle - w->start;
	w->done = true;
}

void gpu_sm_abandon(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle)
{
	struct gpu_subcore *sc = &sm->subcore[w->subcore];
	uint64_t until = later(cycle, w->account);

	if (w->words)
		gpu_word_begin(sm, w);
	if (until > w->start)
		account(sm, w, sc->wake[w->position], 0, until);
	else
		until = w->start;
	if (w->words)
		gpu_word_end(sm);
	leave(sm, w, until);
	sc->resident--;
}

/* ---- issue ---- */

static void write_results(struct gpu_warp *w, const struct road_gpu_insn *insn, uint64_t cycle)
{
	uint64_t ready = (cycle + w->op->latency) << 1;

	for (unsigned r = 0; r < insn->uses.write_rows; r++)
		w->ready[insn->uses.write + r] = ready;
	for (unsigned i = 0; i < 2; i++)
		if (insn->uses.pred_write[i] != ROAD_GPU_PT)
			w->ready[READY_PREDS + insn->uses.pred_write[i]] = ready;
}

/* The earliest next issue by what kind of instruction this was. */
static void set_floor(struct gpu_sm *sm, struct gpu_warp *w, const struct road_gpu_step *step,
		      uint64_t cycle)
{
	const struct road_gpu_params *p = sm->timing->params;
	bool released = step->released >> w->exec->index & 1;

	w->barrier = false;
	w->fence = false;
	w->floor = cycle + 1;
	switch (step->insn->kind) {
	case ROAD_GPU_KIND_BRANCH:
	case ROAD_GPU_KIND_BRANCH_TABLE:
	case ROAD_GPU_KIND_CALL:
	case ROAD_GPU_KIND_CALL_TABLE:
	case ROAD_GPU_KIND_RETURN: w->floor = cycle + p->latency[ROAD_GPU_LAT_BRANCH]; break;
	case ROAD_GPU_KIND_BAR_SYNC:
		/* Where some lanes wait and others can go on, the warp does not wait. */
		w->barrier = step->blocked || released;
		if (w->barrier)
			w->floor = cycle + p->latency[ROAD_GPU_LAT_BARRIER];
		break;
	case ROAD_GPU_KIND_COPY_COMMIT:
		w->committed[w->commits++ % COPY_BATCHES] = w->copy_batch++;
		break;
	case ROAD_GPU_KIND_COPY_ARRIVE: w->copy_batch++; break;
	case ROAD_GPU_KIND_SLEEP:
		w->floor += (uint64_t)step->sleep_ns * p->clock_khz / 1000000u;
		break;
	case ROAD_GPU_KIND_MEMBAR:
		/* Until the last store before it is acknowledged. */
		if (sm->store_count || sm->atomics_used)
			w->floor = later(w->floor, road_cycles_of_ticks(sm->store_end) +
							   p->l2_latency + p->network_latency);
		w->fence = true;
		break;
	default: break;
	}
}

/* A barrier of the workgroup let these warps go; `self` completed it and knows. A warp of which
 * only some lanes had waited may now run these first, so it is looked at again. */
static void release(struct gpu_sm *sm, const struct gpu_warp *self, uint32_t warps, uint64_t cycle)
{
	for (; warps; warps &= warps - 1) {
		struct gpu_warp *w = &sm->warps[self->block->warps[__builtin_ctz(warps)]];

		if (w->done || w == self)
			continue;
		if (!w->insn) /* `barrier` was set when it came here */
			w->floor = cycle + sm->timing->params->latency[ROAD_GPU_LAT_BARRIER];
		else
			w->floor = later(w->floor, cycle + 1);
		withdraw(&sm->subcore[w->subcore], w->position);
		gpu_sm_prepare(sm, w);
	}
}

static void record_fault(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle)
{
	sm->fault_cycle = cycle;
	sm->fault_block = w->block;
	w->insn = NULL;
	set_wake(sm, w, NO_TIME);
}

static void end_block(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle)
{
	struct gpu_ended *ended = &sm->ended[sm->ended_count++];

	ended->cycle = cycle;
	ended->block = (uint32_t)(w->block - sm->blocks);
}

static void end_warp(struct gpu_sm *sm, struct gpu_warp *w, uint64_t cycle)
{
	const struct road_gpu_timing_trace *trace = &sm->timing->trace;

	leave(sm, w, cycle + 1);
	sm->subcore[w->subcore].resident--;
	/* Traced runs use one thread: the log is written as it happens. */
	if (trace->warp)
		trace->warp(trace->ctx, w->block->launch->cookie,
			    sm->timing->params->first_sm + sm->index, w->block->exec->linear,
			    w->exec->index, w->start, cycle + 1);
}

static void count(struct gpu_sm *sm, const struct road_gpu_step *step, unsigned unit)
{
	sm->instructions++;
	sm->counters.warp_instructions++;
	sm->counters.thread_instructions += road_gpu_lane_count(step->mask);
	sm->counters.by_unit[unit]++;
}

static void issue(struct gpu_sm *sm, struct gpu_subcore *sc, uint32_t position, uint64_t cycle)
{
	uint32_t slot = sc->warp[position];
	struct gpu_warp *w = &sm->warps[slot];
	const struct road_gpu_insn *insn = w->insn;
	struct gpu_unit *unit = unit_of(sm, sc, insn->unit);
	struct road_gpu_step step;
	uint64_t cycles = w->op->cycles;

	sc->ready[insn->unit] &= ~(UINT64_C(1) << position);
	if (!sc->ready[insn->unit])
		sc->ready_units &= ~(1u << insn->unit);
	account(sm, w, sc->wake[position], unit_busy(unit, cycle) - w->mark, cycle);
	sm->now = cycle;
	sm->stepped = w->block;
	sm->lines = 0;
	road_gpu_warp_step(w->exec, &sm->access, &step);
	if (step.fault) {
		record_fault(sm, w, cycle);
		return;
	}
	count(sm, &step, insn->unit);
	w->account = cycle + 1;
	if (step.access)
		cycles = gpu_sm_access(sm, w, slot, step.access);
	else
		write_results(w, insn, cycle);
	unit_take(unit, cycle, cycles);
	set_floor(sm, w, &step, cycle);
	if (step.exited)
		end_warp(sm, w, cycle);
	else
		gpu_sm_prepare(sm, w);
	if (step.released)
		release(sm, w, step.released, cycle);
	if (step.block_finished)
		end_block(sm, w, cycle + 1);
	else if (step.blocked && road_gpu_block_stuck(w->block->exec))
		record_fault(sm, w, cycle);
}

/* Issues; what the SM's counters gain by it is the word's, if somebody asks for words. */
static void issue_counted(struct gpu_sm *sm, struct gpu_subcore *sc, uint32_t position,
			  uint64_t cycle)
{
	const struct gpu_warp *w = &sm->warps[sc->warp[position]];

	if (__builtin_expect(w->words != NULL, 0))
		gpu_word_begin(sm, w);
	issue(sm, sc, position, cycle);
	if (__builtin_expect(sm->word != NULL, 0))
		gpu_word_end(sm);
}

static void run_subcore(struct gpu_sm *sm, struct gpu_subcore *sc, uint64_t cycle)
{
	uint64_t candidates = 0, next = NO_TIME;

	if (cycle >= sc->next_wake)
		collect_ready(sm, sc, cycle);
	for (uint32_t units = sc->ready_units; units; units &= units - 1) {
		unsigned u = (unsigned)__builtin_ctz(units);
		struct gpu_unit *unit = unit_of(sm, sc, u);

		if (u == ROAD_GPU_UNIT_LDST && unit->free <= cycle)
			hold_while_full(sm, cycle);
		if (unit->free <= cycle)
			candidates |= sc->ready[u];
		else
			next = earlier(next, unit->free);
	}
	if (candidates) {
		sc->next = cycle + 1;
		issue_counted(sm, sc, (uint32_t)__builtin_ctzll(candidates), cycle);
	} else {
		sc->next = earlier(next, sc->next_wake);
	}
}

uint64_t gpu_sm_next(const struct gpu_sm *sm)
{
	uint64_t next = NO_TIME;

	for (uint32_t i = 0; i < sm->subcores; i++)
		next = earlier(next, sm->subcore[i].next);
	return next;
}

/* The positions whose warps may issue before this cycle. */
static inline uint64_t soon(const struct gpu_subcore *sc, uint64_t end)
{
	uint64_t positions = 0;

	for (uint64_t left = sc->waiting; left; left &= left - 1) {
		uint32_t position = (uint32_t)__builtin_ctzll(left);

		positions |= sc->wake[position] < end ? UINT64_C(1) << position : 0;
	}
	for (uint32_t units = sc->ready_units; units; units &= units - 1)
		positions |= sc->ready[__builtin_ctz(units)];
	return positions;
}

/* Since this SM ran last, others have taken the host's caches: all that the next instructions of
 * its warps need is asked for at once, not each in its turn. */
static void prefetch_warps(const struct gpu_sm *sm, const struct gpu_subcore *sc, uint64_t end)
{
	uint64_t positions = soon(sc, end);

	for (uint64_t left = positions; left; left &= left - 1) {
		const struct gpu_warp *w = &sm->warps[sc->warp[__builtin_ctzll(left)]];

		__builtin_prefetch(w);
		__builtin_prefetch(&w->mark);
	}
	for (uint64_t left = positions; left; left &= left - 1) {
		const struct gpu_warp *w = &sm->warps[sc->warp[__builtin_ctzll(left)]];

		__builtin_prefetch(w->exec);
		__builtin_prefetch(&w->exec->meet);
		__builtin_prefetch(&w->exec->split[0]);
		__builtin_prefetch(&w->ready[READY_PREDS]);
		for (uint32_t i = 0; w->op->count != UINT8_MAX && i < w->op->count; i++)
			__builtin_prefetch(&w->ready[w->op->slot[i]]);
	}
	for (uint64_t left = positions; left; left &= left - 1) {
		const struct gpu_warp *w = &sm->warps[sc->warp[__builtin_ctzll(left)]];

		prefetch_rows(w->exec, w->insn);
	}
}

void gpu_sm_run(struct gpu_sm *sm, uint64_t from, uint64_t end)
{
	uint32_t n = sm->subcores;

	sm->quantum_end = end;
	for (uint32_t i = 0; i < n; i++)
		prefetch_warps(sm, &sm->subcore[i], end);
	for (;;) {
		uint64_t cycle = later(gpu_sm_next(sm), from);

		if (cycle >= end)
			break;
		/* The turn goes round, so that no sub-core owns the load/store unit. */
		uint32_t i = (uint32_t)(cycle % n);

		for (uint32_t k = 0; k < n; k++, i = i + 1 == n ? 0 : i + 1) {
			if (sm->subcore[i].next <= cycle)
				run_subcore(sm, &sm->subcore[i], cycle);
			if (sm->fault_cycle != NO_TIME)
				return;
		}
	}
}
