/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations: from phase to phase on virtual time, and what follows when one of them fails. What
 * the phases do is in parse.c, fit.c and phases.c.
 */
#include <stdlib.h>

#include "simulators/regions/internal.h"

const uint8_t region_plan_head[] = {PHASE_PARSE, PHASE_VERIFY, PHASE_FIT, PHASE_NONE};

/* What is undone, and how. */
enum region_undo {
	UNDO_KEEP,       /* nothing was switched: what was active goes on */
	UNDO_BACK,       /* what was active before is made so again */
	UNDO_SAFE,       /* the safe image is; BACK, where there is none */
	UNDO_QUARANTINE, /* none is, and nothing runs here any more */
};

/* The state machine's other half: phase that failed x on_failure -> what follows. A phase that
 * succeeds is followed by the next of the op's plan. */
static const uint8_t undo_rows[REGION_PHASES][3] = {
	/*                    KEEP       SAFE       QUARANTINE */
	[PHASE_PARSE] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_VERIFY] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_FIT] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_ISOLATE] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_DRAIN] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_TRANSFER] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_CHECK] = {UNDO_KEEP, UNDO_KEEP, UNDO_KEEP},
	[PHASE_COMMIT] = {UNDO_BACK, UNDO_SAFE, UNDO_QUARANTINE},
	[PHASE_POST_CHECK] = {UNDO_BACK, UNDO_SAFE, UNDO_QUARANTINE},
	[PHASE_RESUME] = {UNDO_BACK, UNDO_SAFE, UNDO_QUARANTINE},
};

static struct region *region_of(const struct region_op *op)
{
	return &op->unit->regions[op->region];
}

static struct region_mine *mine_of(const struct region_op *op)
{
	return &region_of(op)->mine[op->function];
}

static uint64_t now_of(const struct region_op *op)
{
	return sim_now(op->unit->setup.env);
}

/* ---- begin and end ---- */

struct road_region_op region_op_to(const struct region *region, uint32_t function, uint64_t config)
{
	return (struct road_region_op){
		.verb = config ? ROAD_REGION_VERB_ACTIVATE : ROAD_REGION_VERB_ROLLBACK,
		.target = config ? 0 : TARGET_INITIAL,
		.region = (uint16_t)region->index,
		.slot = ROAD_REGION_SLOT_ANY,
		.generation = region->mine[function].generation,
		.config = config,
	};
}

struct region_op *region_op_new(struct region_unit *unit, uint32_t region, uint32_t function,
				uint32_t queue)
{
	struct region_op *op = calloc(1, sizeof(*op));
	struct region_op **at;

	if (!op)
		return NULL;
	op->unit = unit;
	op->region = region;
	op->queue = queue;
	op->function = function;
	op->slot = op->from = op->own = REGION_NONE;
	op->plan = region_plan_head;
	op->phase = PHASE_PARSE;
	op->phase_ps = now_of(op);
	op->report.slot = ROAD_REGION_SLOT_ANY;
	op->report.began_ns = now_of(op) / SIM_PS_PER_NS;
	op->event.arg = op->deadline.arg = op;
	at = &region_of(op)->ops;
	while (*at)
		at = &(*at)->next_op;
	*at = op;
	if (queue == REGION_NONE)
		return op;
	op->counted = true;
	mine_of(op)->foreground++;
	region_account(unit, region_of(op));
	return op;
}

static void uncount(struct region_op *op)
{
	if (!op->counted)
		return;
	op->counted = false;
	mine_of(op)->foreground--;
	region_account(op->unit, region_of(op));
}

/* Gives up what it holds of the region. */
static void let_go(struct region_op *op)
{
	struct region *region = region_of(op);

	if (region->loader == op)
		region->loader = NULL;
	if (region->isolator == op)
		region->isolator = NULL;
	if (mine_of(op)->isolator == op)
		mine_of(op)->isolator = NULL;
	if (op->returns)
		mine_of(op)->returning = false;
	if (op->holds)
		region->slots[op->slot].held--;
	op->holds = false;
	sim_cancel(op->unit->setup.env, &op->event);
	sim_cancel(op->unit->setup.env, &op->deadline);
}

static void unlink_op(struct region_op *op)
{
	struct region_op **at = &region_of(op)->ops;

	while (*at != op)
		at = &(*at)->next_op;
	*at = op->next_op;
}

static void release(struct region_op *op)
{
	free(op->content);
	free(op->former);
	free(op->state);
	region_retry(op->unit);
	free(op);
}

static void destroy(struct region_op *op)
{
	let_go(op);
	uncount(op);
	unlink_op(op);
	release(op);
}

/* `done` is stored last. False: there is no such place. */
static bool report_to(struct sim_env *env, uint32_t function, uint64_t address,
		      const struct road_region_report *report)
{
	const size_t skip = sizeof(report->done);
	const uint32_t done = 1;

	return sim_dma_write(env, function, address + skip, (const char *)report + skip,
			     sizeof(*report) - skip) &&
	       sim_dma_write(env, function, address, &done, sizeof(done));
}

static enum road_region_error write_report(struct region_op *op)
{
	if (op->what.report &&
	    !report_to(op->unit->setup.env, op->function, op->what.report, &op->report))
		return ROAD_REGION_ERROR_ADDRESS;
	return (enum road_region_error)op->report.error;
}

static void tell(struct region_op *op)
{
	region_done done = op->done;
	enum road_region_error error;

	op->done = NULL;
	if (!done)
		return;
	if (op->detached)
		op->report.error = op->report.phase = 0;
	op->report.active = region_active_of(region_of(op), op->function);
	op->report.ended_ns = now_of(op) / SIM_PS_PER_NS;
	error = write_report(op);
	done(op->arg, error);
}

static void finished(void *arg)
{
	struct region_op *op = arg;

	/* Before others are told: done may begin the queue's next op, or close the queue. */
	let_go(op);
	uncount(op);
	unlink_op(op);
	op->ending = ENDING_DONE;
	region_settle_quarantine(op->unit, region_of(op));
	op->told = true;
	tell(op);
	release(op);
}

static void finish(struct region_op *op)
{
	op->ending = ENDING_DONE;
	op->event.run = finished;
	sim_schedule(op->unit->setup.env, &op->event, now_of(op));
}

/* ---- failure ---- */

/* Does another image than the one that is there now come back, or in? */
static bool is_switch_back(const struct region_op *op)
{
	const struct region *region = region_of(op);

	if (op->undo == UNDO_BACK)
		return op->switched || op->former;
	return op->undo == UNDO_SAFE && region_active_of(region, op->function) != mine_of(op)->safe;
}

static void end_keep(struct region_op *op)
{
	struct region *region = region_of(op);
	struct region_slot *slot = op->slot == REGION_NONE ? NULL : &region->slots[op->slot];
	bool broken = op->report.error == ROAD_REGION_ERROR_HARDWARE;

	if (op->former) { /* it was overwritten, and came back */
		free(slot->content);
		slot->content = op->former;
		op->former = NULL;
		slot->config = op->former_config;
		slot->state = mine_of(op)->active == op->slot ? SLOT_ACTIVE : SLOT_READY;
	} else if (op->loading) {
		region_slot_clear(region, op->slot, broken ? SLOT_FAULT : SLOT_EMPTY);
	}
	op->loading = false;
}

static void end_back(struct region_op *op)
{
	struct region *region = region_of(op);

	if (op->former) {
		/* The active slot itself: it must let go of the new image before. */
		if (op->switched)
			op->unit->setup.chip->activate(op->unit->setup.arg, op->region, NULL);
		end_keep(op);
	}
	if (op->switched) /* another function's may have gone meanwhile */
		region_switch(op->unit, region,
			      op->from != REGION_NONE && region->slots[op->from].content
				      ? op->from
				      : REGION_NONE);
	region_set_active(region, op->function, op->own);
}

static void undone(void *arg)
{
	struct region_op *op = arg;
	struct region *region = region_of(op);
	const bool back = is_switch_back(op);

	switch (op->undo) {
	case UNDO_KEEP: end_keep(op); break;
	case UNDO_BACK: end_back(op); break;
	case UNDO_SAFE:
		region_activate(op->unit, region, op->function,
				region_resident(op->unit, region, op->function, mine_of(op)->safe));
		break;
	case UNDO_QUARANTINE: region_activate(op->unit, region, op->function, REGION_NONE); break;
	}
	if (back) {
		op->report.flags |= RESULT_ROLLED_BACK;
		region_count(region, op->function, ROAD_REGION_COUNT_ROLLBACKS, 1);
		sim_trace_span(op->unit->setup.env, region->lane_switch, "roll back", op->phase_ps,
			       now_of(op));
	}
	if (op->undo == UNDO_QUARANTINE)
		region_quarantine(op->unit, region, op->function);
	if (mine_of(op)->quarantined)
		op->report.flags |= RESULT_QUARANTINED;
	finish(op);
}

/* A slot that a failed op wrote and did not get to use holds a sound image. */
static void leave_new_image(struct region_op *op)
{
	struct region_slot *slot = &region_of(op)->slots[op->slot];

	if (!op->former || op->switched)
		return;
	/* Not switched to, but the active slot holds it: the old image is gone for good. */
	slot->config = op->target;
	slot->state = SLOT_READY;
	if (region_is_here(region_of(op), op->function))
		region_switch(op->unit, region_of(op), REGION_NONE);
	mine_of(op)->active = REGION_NONE;
}

static uint64_t undo_ends(struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;
	uint64_t end = now_of(op);

	if (op->former && op->undo != UNDO_SAFE && op->undo != UNDO_QUARANTINE)
		end = region_load_end(op, op->former->bytes, end);
	if ((op->undo == UNDO_BACK && op->switched) ||
	    (op->undo == UNDO_SAFE && is_switch_back(op)))
		end += setup->costs.switch_ps;
	return end;
}

static enum region_undo choose_undo(const struct region_op *op)
{
	const struct region *region = region_of(op);
	enum region_undo undo = UNDO_KEEP;
	uint32_t safe = region_resident(op->unit, region, op->function, mine_of(op)->safe);

	if (op->phase != PHASE_NONE)
		undo = undo_rows[op->phase][op->what.on_failure <= FAILURE_QUARANTINE
						    ? op->what.on_failure
						    : FAILURE_KEEP];
	if (undo == UNDO_SAFE && (safe == REGION_NONE || (op->former && safe == op->slot)))
		undo = UNDO_BACK;
	if (undo != UNDO_KEEP && op->report.error == ROAD_REGION_ERROR_TIMEOUT)
		undo = UNDO_BACK;
	return undo;
}

static void fail(struct region_op *op)
{
	struct region *region = region_of(op);

	sim_cancel(op->unit->setup.env, &op->event);
	if (!op->detached) /* else it tells */
		sim_cancel(op->unit->setup.env, &op->deadline);
	op->timed = false;
	op->report.phase = op->phase;
	op->ending = ENDING_BACK;
	op->undo = (uint8_t)choose_undo(op);
	if (op->report.error == ROAD_REGION_ERROR_HARDWARE &&
	    region_count_fault(op->unit, region, op->function))
		region_quarantine(op->unit, region, op->function);
	if (op->undo == UNDO_SAFE || op->undo == UNDO_QUARANTINE)
		leave_new_image(op);
	op->phase_ps = now_of(op);
	op->event.run = undone;
	sim_schedule(op->unit->setup.env, &op->event, undo_ends(op));
}

/* ---- from phase to phase ---- */

static void add_time(struct region_op *op)
{
	uint64_t ns = (now_of(op) - op->phase_ps) / SIM_PS_PER_NS;

	if (op->phase == PHASE_ISOLATE || op->phase == PHASE_DRAIN)
		op->report.drained_ns += ns;
	if (op->phase == PHASE_TRANSFER)
		op->report.loaded_ns += ns;
	op->phase_ps = now_of(op);
}

static void told(void *arg)
{
	tell(arg);
}

/* A prefetch is a hint: its queue goes on, however it ends. */
static void detach(struct region_op *op)
{
	op->detached = true;
	uncount(op);
	op->deadline.run = told;
	sim_schedule(op->unit->setup.env, &op->deadline, now_of(op));
}

static void next_phase(struct region_op *op)
{
	add_time(op);
	op->phase = *++op->plan;
	op->entered = false;
	if (op->phase == PHASE_VERIFY && op->what.verb == ROAD_REGION_VERB_PREFETCH)
		detach(op);
}

static bool injected(struct region_op *op)
{
	uint32_t *left = &mine_of(op)->fail[op->phase];

	if (!*left || op->returns) /* no program asked for that one */
		return false;
	--*left;
	region_op_fail(op, ROAD_REGION_ERROR_HARDWARE, 0, 0);
	return true;
}

static enum region_outcome step(struct region_op *op)
{
	if (mine_of(op)->quarantined && op->phase < PHASE_COMMIT)
		return region_op_fail(op, ROAD_REGION_ERROR_QUARANTINED, 0, 0);
	if (!op->entered) {
		op->entered = true;
		if (injected(op))
			return OUTCOME_FAIL;
	}
	return region_phase_rows[op->phase].begin(op);
}

/* True: on to the next step. */
static bool take(struct region_op *op, enum region_outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK:
		next_phase(op);
		if (op->phase != PHASE_NONE)
			return true;
		finish(op);
		return false;
	case OUTCOME_WAIT: return false;
	case OUTCOME_TIMED: op->timed = true; return false;
	case OUTCOME_DONE:
		add_time(op);
		finish(op);
		return false;
	case OUTCOME_FAIL:
		add_time(op);
		fail(op);
		return false;
	}
	return false;
}

void region_op_run(struct region_op *op)
{
	if (op->timed || op->ending)
		return;
	while (take(op, step(op)))
		;
}

static void phase_over(void *arg)
{
	struct region_op *op = arg;
	enum region_outcome (*end)(struct region_op *) = region_phase_rows[op->phase].end;

	op->timed = false;
	if (take(op, end ? end(op) : OUTCOME_OK))
		region_op_run(op);
}

void region_op_wait_until(struct region_op *op, uint64_t time_ps)
{
	op->event.run = phase_over;
	sim_schedule(op->unit->setup.env, &op->event, time_ps);
}

enum region_outcome region_op_fail(struct region_op *op, enum road_region_error error,
				   uint32_t detail, uint64_t at)
{
	return region_op_refuse(op, error, detail, (struct region_finding){.at = at});
}

enum region_outcome region_op_refuse(struct region_op *op, enum road_region_error error,
				     uint32_t detail, struct region_finding found)
{
	op->report.error = (uint32_t)error;
	op->report.detail = detail;
	op->report.detail_at = found.at;
	op->report.rule = found.rule;
	op->report.seen = found.seen;
	op->report.allowed = found.allowed;
	return OUTCOME_FAIL;
}

enum region_outcome region_op_time_out(struct region_op *op, uint64_t until_ps)
{
	const uint64_t began_ps = op->report.began_ns * SIM_PS_PER_NS;

	return region_op_refuse(op, ROAD_REGION_ERROR_TIMEOUT, 0,
				(struct region_finding){
					.at = offsetof(struct road_region_op, deadline_ns),
					.seen = (until_ps - began_ps) / SIM_PS_PER_NS,
					.rule = ROAD_REGION_RULE_AT_MOST,
					.allowed = op->what.deadline_ns,
				});
}

/* A switch that began ends: it takes no longer than it takes. */
static void expired(void *arg)
{
	struct region_op *op = arg;

	if (op->ending || op->phase >= PHASE_COMMIT)
		return;
	add_time(op);
	region_op_time_out(op, now_of(op));
	fail(op);
}

void region_ops_wake(struct region_unit *unit, struct region *region)
{
	(void)unit;
	for (struct region_op *op = region->ops; op; op = op->next_op)
		if (op->entered)
			region_op_run(op);
}

/* Looks for its slot again: what it found there goes. */
static void fit_again(struct region_op *op)
{
	region_of(op)->slots[op->slot].held--;
	op->holds = op->in_place = false;
	op->slot = REGION_NONE;
	op->report.slot = ROAD_REGION_SLOT_ANY;
	op->plan = region_plan_head + 2;
	op->phase = PHASE_FIT;
	op->entered = true;
	region_retry(op->unit);
}

static bool counts_on(const struct region_op *op, const struct region_op *by, uint32_t slot)
{
	return op != by && op->function == by->function && !op->ending && op->holds &&
	       (slot == REGION_NONE || op->slot == slot);
}

bool region_ops_unhold(struct region_op *by, uint32_t slot)
{
	struct region_op *op;

	for (op = region_of(by)->ops; op; op = op->next_op)
		if (counts_on(op, by, slot) && op->timed)
			return false;
	for (op = region_of(by)->ops; op; op = op->next_op)
		if (counts_on(op, by, slot))
			fit_again(op);
	return true;
}

/* ---- queues ---- */

static bool is_past_return(const struct region_op *op)
{
	return op->ending == ENDING_BACK || op->former || op->phase >= PHASE_COMMIT;
}

static void discard(struct region_op *op)
{
	if (op->loading)
		region_slot_clear(region_of(op), op->slot, SLOT_EMPTY);
	op->done = NULL;
	destroy(op);
}

void region_ops_drop(struct region_unit *unit, struct region *region, uint32_t queue)
{
	struct region_op *next;

	(void)unit;
	for (struct region_op *op = region->ops; op; op = next) {
		next = op->next_op;
		if (op->detached && op->queue == queue)
			op->done = NULL; /* it goes on, and there is nobody to tell */
		if (op->told || op->queue != queue || op->detached)
			continue;
		if (!is_past_return(op)) {
			discard(op);
			continue;
		}
		op->done = NULL;
		op->queue = REGION_NONE;
		uncount(op);
	}
}

void region_ops_end(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_op *next;

	(void)unit;
	for (struct region_op *op = region->ops; op; op = next) {
		next = op->next_op;
		if (!op->told && (function == REGION_NONE || op->function == function))
			discard(op);
	}
}

static void begin(struct region_op *op, uint64_t address)
{
	struct sim_env *env = op->unit->setup.env;

	if (!sim_dma_read(env, op->function, address, &op->what, sizeof(op->what))) {
		op->what = (struct road_region_op){0};
		region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0, address);
		fail(op);
		return;
	}
	if (op->what.deadline_ns) {
		uint64_t most = (UINT64_MAX / 2 - now_of(op)) / SIM_PS_PER_NS;
		uint64_t ns = op->what.deadline_ns < most ? op->what.deadline_ns : most;

		op->deadline.run = expired;
		sim_schedule(env, &op->deadline, now_of(op) + ns * SIM_PS_PER_NS);
	}
	region_op_run(op);
}

/* ---- ops that do not even begin ---- */

static void refused(void *arg)
{
	struct region_refusal *refusal = arg;
	region_done done = refusal->done;
	struct road_region_report report = {
		.error = (uint32_t)refusal->error,
		.phase = PHASE_PARSE,
		.slot = ROAD_REGION_SLOT_ANY,
		.began_ns = sim_now(refusal->env) / SIM_PS_PER_NS,
		.ended_ns = sim_now(refusal->env) / SIM_PS_PER_NS,
	};

	refusal->done = NULL;
	if (refusal->report)
		report_to(refusal->env, refusal->function, refusal->report, &report);
	done(refusal->arg, refusal->error);
}

static void refuse(struct region_unit *unit, uint32_t queue, uint64_t address,
		   struct region_refusal refusal)
{
	const bool known = queue < unit->setup.queues;
	struct region_refusal *at = known ? &unit->queues[queue].refusal : &unit->stray;
	struct road_region_op what;

	sim_cancel(unit->setup.env, &at->event);
	*at = refusal;
	at->env = unit->setup.env;
	at->function = known ? unit->queues[queue].function : 0;
	if (sim_dma_read(at->env, at->function, address, &what, sizeof(what)) &&
	    what.report % 64 == 0)
		at->report = what.report;
	at->event = (struct sim_event){.run = refused, .arg = at};
	sim_schedule(at->env, &at->event, sim_now(at->env));
}

void region_unit_begin(struct region_unit *unit, uint32_t queue, uint64_t address, region_done done,
		       void *arg)
{
	struct region_refusal refusal = {
		.done = done, .arg = arg, .error = ROAD_REGION_ERROR_HARDWARE};
	struct region_op *op;

	if (queue >= unit->setup.queues)
		sim_violation(unit->setup.env, 0,
			      "queue %u asks for an operation, allowed: below %u", queue,
			      unit->setup.queues);
	if (queue >= unit->setup.queues || !unit->queues[queue].open ||
	    !unit->regions[unit->queues[queue].region].present) {
		refusal.error = ROAD_REGION_ERROR_STALE;
		refuse(unit, queue, address, refusal);
		return;
	}
	op = region_op_new(unit, unit->queues[queue].region, unit->queues[queue].function, queue);
	if (!op) {
		refuse(unit, queue, address, refusal);
		return;
	}
	op->done = done;
	op->arg = arg;
	begin(op, address);
}
