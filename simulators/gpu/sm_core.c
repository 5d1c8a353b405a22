/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SM by itself, for a quantum: sub-cores that each issue the oldest ready warp a cycle. Only
 * cycles in which something can happen are visited; what passes between is accounted for when a
 * warp issues again.
 */
#include "simulators/gpu/timing_internal.h"

#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* ---- units ---- */

static struct gpu_unit *unit_of(struct gpu_sm *sm, struct gpu_subcore *sc, unsigned unit)
{
	return unit == ROAD_GPU_UNIT_LDST ? &sm->ldst : &sc->unit[unit];
}

/* Cycles before `cycle` in which the unit could take nothing, the cycles of issue not counted. */
static uint64_t unit_busy(const struct gpu_unit *unit, uint64_t cycle)
{
	if (unit->free <= cycle)
		return unit->busy;
	return unit->busy - (unit->free - later(cycle, unit->from));
}

static void unit_take(struct gpu_unit *unit, uint64_t cycle, uint64_t cycles)
{
	unit->from = cycle + 1;
	unit->free = cycle + cycles;
	unit->busy += cycles - 1;
}

static void unit_hold(struct gpu_unit *unit, uint64_t cycle, uint64_t until)
{
	if (unit->free < cycle) {
		unit->from = cycle;
		unit->free = cycle;
	}
	if (until > unit->free) {
		unit->busy += until - unit->free;
		unit->free = until;
	}
}

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

/* ---- what the next instruction needs ---- */

static void add_slot(struct gpu_op *op, uint32_t slot)
{
	if (op->count == UINT8_MAX)
		return;
	for (uint32_t i = 0; i < op->count; i++)
		if (op->slot[i] == slot)
			return;
	if (op->count == OP_SLOTS)
		op->count = UINT8_MAX;
	else
		op->slot[op->count++] = (uint16_t)slot;
}

/* A 64-bit integer operation is two of 32 bits. */
static uint32_t unit_cycles(const struct road_gpu_timing *timing, const struct road_gpu_insn *insn)
{
	uint32_t cycles = timing->issue_cycles[insn->unit][insn->latency];
	uint32_t fmas = timing->params->tensor_fmas;
	bool wide = insn->unit == ROAD_GPU_UNIT_INT && insn->uses.read_rows[0] == 2 &&
		    insn->uses.write_rows == 2;

	if (insn->unit == ROAD_GPU_UNIT_TENSOR)
		return (insn->work + fmas - 1) / fmas;
	return wide ? 2 * cycles : cycles;
}

static void learn(const struct road_gpu_timing *timing, struct gpu_op *op,
		  const struct road_gpu_insn *insn)
{
	const struct road_gpu_uses *uses = &insn->uses;

	op->cycles = unit_cycles(timing, insn);
	op->latency = timing->params->latency[insn->latency];
	for (unsigned i = 0; i < 3; i++)
		for (unsigned r = 0; r < uses->read_rows[i]; r++)
			add_slot(op, uses->read[i] + r);
	for (unsigned r = 0; r < uses->write_rows; r++)
		add_slot(op, uses->write + r);
	for (unsigned i = 0; i < 4; i++)
		if ((uses->pred_read[i] & ROAD_GPU_PT) != ROAD_GPU_PT)
			add_slot(op, READY_PREDS + (uses->pred_read[i] & ROAD_GPU_PT));
	for (unsigned i = 0; i < 2; i++)
		if ((uses->pred_write[i] & ROAD_GPU_PT) != ROAD_GPU_PT)
			add_slot(op, READY_PREDS + (uses->pred_write[i] & ROAD_GPU_PT));
	if (insn->kind == ROAD_GPU_KIND_COPY_WAIT)
		op->count = UINT8_MAX; /* many_operands() knows */
}

/* The end's needs nothing: it is a fault. */
void gpu_launch_learn(const struct road_gpu_timing *timing, struct gpu_launch *launch)
{
	const struct road_gpu_code *code = launch->exec->config.code;

	for (uint32_t i = 0; i < code->desc.word_count; i++)
		learn(timing, &launch->ops[i], &code->insns[i]);
}

static const struct gpu_op *op_of(const struct gpu_warp *w)
{
	const struct gpu_launch *launch = w->block->launch;

	return &launch->ops[w->insn - launch->exec->config.code->insns];
}

/* When a register or predicate is there, and when the latest that a load writes. */
struct operands {
	uint64_t ready, memory;
};

static inline void need(struct operands *o, uint64_t ready)
{
	uint64_t loaded = ready & 1 ? ready : 0;

	o->ready = later(o->ready, ready);
	o->memory = later(o->memory, loaded);
}

/* All groups of copies but the youngest that may be on their way. */
static void need_copies(struct operands *o, const struct gpu_warp *w)
{
	uint32_t spare = w->insn->aux == ROAD_GPU_COPY_ALL ? 0 : w->insn->aux + 1u;

	for (uint32_t age = spare; age < COPY_GROUPS; age++)
		need(o, w->ready[READY_COPIES + (w->copy_group - age) % COPY_GROUPS]);
}

static struct operands many_operands(const struct gpu_warp *w)
{
	const struct road_gpu_uses *uses = &w->insn->uses;
	struct operands o = {0, 0};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned r = 0; r < uses->read_rows[i]; r++)
			need(&o, w->ready[uses->read[i] + r]);
	for (unsigned r = 0; r < uses->write_rows; r++)
		need(&o, w->ready[uses->write + r]);
	for (unsigned i = 0; i < 4; i++)
		need(&o, w->ready[READY_PREDS + (uses->pred_read[i] & ROAD_GPU_PT)]);
	for (unsigned i = 0; i < 2; i++)
		need(&o, w->ready[READY_PREDS + (uses->pred_write[i] & ROAD_GPU_PT)]);
	if (w->insn->kind == ROAD_GPU_KIND_COPY_WAIT)
		need_copies(&o, w);
	return o;
}

/* When the registers and predicates of the next instruction are there; *memory: those among them
 * that loads write. */
static inline uint64_t operands_ready(const struct gpu_warp *w, uint64_t *memory)
{
	const struct gpu_op *op = w->op;
	struct operands o = {0, 0};

	if (op->count == UINT8_MAX)
		o = many_operands(w);
	else
		for (uint32_t i = 0; i < op->count; i++)
			need(&o, w->ready[op->slot[i]]);
	*memory = o.memory >> 1;
	return o.ready >> 1;
}

/* ---- the wheel of those that wait ---- */

static void put_in_wheel(struct gpu_subcore *sc, uint64_t bit, uint64_t wake)
{
	if (wake - sc->turned > WHEEL) {
		sc->far |= bit;
		sc->far_next = earlier(sc->far_next, wake);
		return;
	}
	sc->wheel[wake % WHEEL] |= bit;
	sc->places |= UINT64_C(1) << wake % WHEEL;
}

static void take_from_wheel(struct gpu_subcore *sc, uint32_t position)
{
	uint64_t bit = UINT64_C(1) << position, *place = &sc->wheel[sc->wake[position] % WHEEL];

	sc->far &= ~bit;
	if (!(*place & bit)) /* it was far, or waits for no known cycle */
		return;
	*place &= ~bit;
	if (!*place)
		sc->places &= ~(UINT64_C(1) << sc->wake[position] % WHEEL);
}

/* The wheel's places in order of time: bit k is `turned` + 1 + k. */
static uint64_t places_ahead(const struct gpu_subcore *sc)
{
	uint32_t by = (uint32_t)((sc->turned + 1) % WHEEL);

	return by ? sc->places >> by | sc->places << (WHEEL - by) : sc->places;
}

/* The far ones again, most of which are near now; `turned` was just moved. */
static uint64_t bring_near(struct gpu_subcore *sc)
{
	uint64_t left = sc->far, due = 0;

	sc->far = 0;
	sc->far_next = NO_TIME;
	for (; left; left &= left - 1) {
		uint32_t position = (uint32_t)__builtin_ctzll(left);

		if (sc->wake[position] <= sc->turned)
			due |= UINT64_C(1) << position;
		else
			put_in_wheel(sc, UINT64_C(1) << position, sc->wake[position]);
	}
	return due;
}

/* Turns it up to `cycle`; returns those whose time has come. */
static uint64_t turn_wheel(struct gpu_subcore *sc, uint64_t cycle)
{
	uint64_t by = cycle - sc->turned, passed = places_ahead(sc), due = 0;

	if (by < WHEEL)
		passed &= (UINT64_C(1) << by) - 1;
	for (; passed; passed &= passed - 1) {
		uint32_t place =
			(uint32_t)((sc->turned + 1 + (unsigned)__builtin_ctzll(passed)) % WHEEL);

		due |= sc->wheel[place];
		sc->wheel[place] = 0;
		sc->places &= ~(UINT64_C(1) << place);
	}
	sc->turned = cycle;
	if (sc->far_next - 1 < cycle + WHEEL) /* NO_TIME - 1 is not */
		due |= bring_near(sc);
	uint64_t ahead = places_ahead(sc);

	sc->next_wake = sc->far_next;
	if (ahead)
		sc->next_wake = cycle + 1 + (unsigned)__builtin_ctzll(ahead);
	return due;
}

/* ---- waiting ---- */

/* From `wake` on, which is behind what was turned: an issue comes a cycle before it, an answer in
 * the next quantum. */
static void set_wake(struct gpu_sm *sm, struct gpu_warp *w, uint64_t wake)
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
static void prepare(struct gpu_sm *sm, struct gpu_warp *w)
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
	case ROAD_GPU_KIND_COPY_COMMIT: w->copy_group++; break;
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
		prepare(sm, w);
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
		trace->warp(trace->ctx, w->block->launch->cookie, sm->index, w->block->exec->linear,
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
		prepare(sm, w);
	if (step.released)
		release(sm, w, step.released, cycle);
	if (step.block_finished)
		end_block(sm, w, cycle + 1);
	else if (step.blocked && road_gpu_block_stuck(w->block->exec))
		record_fault(sm, w, cycle);
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
		issue(sm, sc, (uint32_t)__builtin_ctzll(candidates), cycle);
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

void gpu_sm_run(struct gpu_sm *sm, uint64_t from, uint64_t end)
{
	uint32_t n = sm->subcores;

	sm->quantum_end = end;
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

/* ---- workgroups come and go (between quanta) ---- */

static uint64_t moved(uint64_t mask, const uint32_t *to)
{
	uint64_t out = 0;

	for (; mask; mask &= mask - 1)
		out |= UINT64_C(1) << to[__builtin_ctzll(mask)];
	return out;
}

/* Positions are in order of age; those of warps that left are used again only by closing ranks. */
static void close_ranks(struct gpu_sm *sm, struct gpu_subcore *sc)
{
	uint32_t to[SUBCORE_POSITIONS], top = 0;

	for (uint32_t from = 0; from < sc->top; from++) {
		struct gpu_warp *w = &sm->warps[sc->warp[from]];

		to[from] = 0;
		if (!w->exec || w->done || w->position != from || &sm->subcore[w->subcore] != sc)
			continue;
		to[from] = top;
		sc->warp[top] = sc->warp[from];
		sc->wake[top] = sc->wake[from];
		w->position = top++;
	}
	sc->waiting = moved(sc->waiting, to);
	sc->far = moved(sc->far, to);
	for (unsigned u = 0; u < ROAD_GPU_UNITS; u++)
		sc->ready[u] = moved(sc->ready[u], to);
	for (uint32_t place = 0; place < WHEEL; place++)
		sc->wheel[place] = moved(sc->wheel[place], to);
	sc->top = top;
}

static uint32_t emptiest(const struct gpu_sm *sm)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < sm->subcores; i++)
		if (sm->subcore[i].resident < sm->subcore[best].resident)
			best = i;
	return best;
}

static void add_warp(struct gpu_sm *sm, struct gpu_block *block, uint32_t index, uint32_t slot,
		     uint64_t start)
{
	struct gpu_warp *w = &sm->warps[slot];
	uint64_t *ready = w->ready;
	uint32_t home = emptiest(sm);
	struct gpu_subcore *sc = &sm->subcore[home];

	if (sc->top == SUBCORE_POSITIONS)
		close_ranks(sm, sc);
	*w = (struct gpu_warp){.exec = &block->exec->warps[index],
			       .block = block,
			       .ready = ready,
			       .account = start,
			       .floor = start,
			       .start = start,
			       .born = ++sm->born,
			       .subcore = home,
			       .position = sc->top++};
	memset(ready, 0, READY_SLOTS * sizeof(*ready));
	block->warps[index] = slot;
	sc->warp[w->position] = slot;
	sc->resident++;
	prepare(sm, w);
}

void gpu_sm_add_block(struct gpu_sm *sm, uint32_t index, uint64_t start)
{
	struct gpu_block *block = &sm->blocks[index];
	uint32_t slot = 0;

	block->start = start;
	if (!sm->resident_blocks++)
		sm->active_from = start;
	for (uint32_t i = 0; i < block->exec->warp_count; i++, slot++) {
		while (sm->warps[slot].exec)
			slot++;
		add_warp(sm, block, i, slot, start);
	}
}

void gpu_sm_drop_block(struct gpu_sm *sm, uint32_t index, uint64_t cycle)
{
	struct gpu_block *block = &sm->blocks[index];

	for (uint32_t i = 0; i < block->exec->warp_count; i++) {
		struct gpu_warp *w = &sm->warps[block->warps[i]];

		if (!w->done) {
			struct gpu_subcore *sc = &sm->subcore[w->subcore];
			uint64_t until = later(cycle, w->account);

			if (until > w->start)
				account(sm, w, sc->wake[w->position], 0, until);
			else
				until = w->start;
			leave(sm, w, until);
			sc->resident--;
		}
		w->exec = NULL;
	}
	if (!--sm->resident_blocks && cycle > sm->active_from)
		sm->counters.active_sm_cycles += cycle - sm->active_from;
	block->exec = NULL;
	block->launch = NULL;
}
