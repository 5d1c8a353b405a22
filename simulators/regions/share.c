/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A region that functions share: each has it for a slice of time while others wait.
 *
 * An operation of one function waits for the launches of another one. Those that had their slice
 * are suspended: they stand still, off the units. For their own function they run all the while:
 * its operations drain them, its queues wait for them, its reset ends them. For the region they are
 * gone, until an operation of the unit's own brings their image back, and they go on. That comes as
 * soon as nobody else has work in the region, and one slice after they were suspended at the
 * latest.
 *
 * A slice is 1 ms, or as many switches as the hysteresis says, if those take longer: else switches
 * would take more of the time than work does.
 */
#include "simulators/regions/internal.h"

enum { LOOKS = 16 }; /* in a slice, whether others still have work */

uint64_t region_share_slice(const struct region_unit *unit)
{
	const uint64_t switches = unit->setup.hysteresis * unit->setup.costs.switch_ps;

	return switches > REGION_SLICE_PS ? switches : REGION_SLICE_PS;
}

bool region_share_any(const struct region_unit *unit, const struct region *region)
{
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		if (region->mine[f].suspended)
			return true;
	return false;
}

bool region_share_due(const struct region_unit *unit, const struct region *region)
{
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		if (region->mine[f].suspended && region_is_here(region, f))
			return true;
	return false;
}

/* ---- off the units ---- */

/* Its event comes then, or earlier. */
static void look_again(struct region_unit *unit, struct region *region, uint64_t at)
{
	const uint64_t now = sim_now(unit->setup.env);

	at = at > now ? at : now;
	if (!region->slice.slot || region->slice.time_ps > at)
		sim_schedule(unit->setup.env, &region->slice, at);
}

static void suspend(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_mine *mine = &region->mine[function];
	const struct region_setup *setup = &unit->setup;

	region_count(region, REGION_NONE, ROAD_REGION_COUNT_PREEMPTIONS, mine->running);
	/* What they have on the units would have to be brought away and back. */
	sim_approximate(setup->env, "region.suspended_launches", mine->running);
	region->running -= mine->running;
	/* Whom it was switched for comes back with the others. */
	if (region->owed != REGION_NONE && unit->queues[region->owed].function == function)
		region->owed = REGION_NONE;
	mine->suspended = true;
	mine->suspended_ps = sim_now(setup->env);
	setup->chip->suspend(setup->arg, function, region->index);
}

/* Launches that are aborted are about to go by themselves, and would only do so later. */
static bool may_stand(const struct region_mine *mine)
{
	const struct region_op *op = mine->isolator;

	return mine->running && !mine->suspended && !mine->quarantined &&
	       !(op && op->draining && op->what.drain == DRAIN_ABORT);
}

static bool any_may_stand(const struct region_unit *unit, const struct region *region)
{
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		if (may_stand(&region->mine[f]))
			return true;
	return false;
}

void region_share_wait(struct region_op *op)
{
	struct region_unit *unit = op->unit;
	struct region *region = &unit->regions[op->region];

	/* The others go by themselves, and say so. */
	if (unit->setup.chip->suspend && any_may_stand(unit, region))
		look_again(unit, region, region->busy_ps + region_share_slice(unit));
}

/* Does an operation wait for nothing but the launches that run, and had they their slice? */
static bool is_over(const struct region_unit *unit, const struct region *region)
{
	const struct region_op *op = region->isolator;

	return op && op->phase == PHASE_DRAIN && !op->ending && region->running &&
	       sim_now(unit->setup.env) >= region->busy_ps + region_share_slice(unit);
}

void region_share_over(void *arg)
{
	struct region *region = arg;
	struct region_unit *unit = region->again.arg;

	if (is_over(unit, region)) {
		for (uint32_t f = 0; f < unit->setup.functions; f++)
			if (may_stand(&region->mine[f]))
				suspend(unit, region, f);
		region_account(unit, region);
	}
	region_retry(unit);
}

/* ---- and back ---- */

void region_share_resume(struct region_unit *unit, struct region *region)
{
	const struct region_setup *setup = &unit->setup;

	if (region->isolator)
		return;
	for (uint32_t f = 0; f < setup->functions; f++) {
		struct region_mine *mine = &region->mine[f];

		if (!mine->suspended || !region_is_here(region, f))
			continue;
		sim_trace_span(setup->env, region->lane_stall, "launches stand", mine->suspended_ps,
			       sim_now(setup->env));
		mine->suspended = false;
		if (!region->running)
			region->busy_ps = sim_now(setup->env);
		region->running += mine->running;
		setup->chip->resume(setup->arg, f, region->index);
	}
	region_account(unit, region);
}

/* Has anybody else work in the region, or comes to it right now? */
static bool is_used(const struct region_unit *unit, const struct region *region, uint32_t but)
{
	const struct region_setup *setup = &unit->setup;

	return region->running || region->isolator || region->owed != REGION_NONE ||
	       region_is_wanted(unit, region) ||
	       (setup->chip->more && setup->chip->more(setup->arg, region->index, but));
}

static void bring_back(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_op *op = region_op_new(unit, region->index, function, REGION_NONE);

	if (!op) /* no host memory: asked again when something changes */
		return;
	op->implicit = op->back = op->returns = true;
	op->what = region_op_to(region, function, region_active_of(region, function));
	region->mine[function].returning = true;
	region_op_run(op);
}

void region_share_return(struct region_unit *unit, struct region *region)
{
	for (uint32_t f = 0; f < unit->setup.functions; f++) {
		const struct region_mine *mine = &region->mine[f];
		const uint64_t slice = region_share_slice(unit), now = sim_now(unit->setup.env);
		const uint64_t until = mine->suspended_ps + slice;

		if (!mine->suspended || mine->returning || mine->quarantined ||
		    region_is_here(region, f))
			continue;
		if (now >= until || !is_used(unit, region, f))
			bring_back(unit, region, f);
		else /* no queue says that it has nothing more */
			look_again(unit, region,
				   until - now < slice / LOOKS ? until : now + slice / LOOKS);
	}
}

/* But if its function is the one that a launch is owed of, that one waits for it. */
bool region_share_yields(const struct region_op *op)
{
	const struct region *region = &op->unit->regions[op->region];

	if (region->owed != REGION_NONE && op->unit->queues[region->owed].function == op->function)
		return false;
	for (const struct region_op *other = region->ops; other != op; other = other->next_op)
		if (other->returns && !other->ending)
			return true;
	return false;
}

void region_share_left(struct region *region, uint32_t function)
{
	struct region_mine *mine = &region->mine[function];

	if (!mine->suspended)
		region->running--;
	if (!--mine->running)
		mine->suspended = false; /* there is nothing to bring back */
}
