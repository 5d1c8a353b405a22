/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What launches pass: one begins only while the image that it expects is active and no switch is
 * under way. A launch that brings its own switch along may have to wait while others still use
 * what is active: each switch idles the region, so launches that name one image are grouped.
 */
#include "simulators/regions/internal.h"

static void begin_waiting(struct region_unit *unit, struct region_queue *queue, uint64_t config)
{
	queue->wanted = config;
	if (queue->waits_ps == REGION_NO_TIME)
		queue->waits_ps = sim_now(unit->setup.env);
}

static void end_waiting(struct region_unit *unit, struct region *region, struct region_queue *queue)
{
	uint64_t now = sim_now(unit->setup.env);

	if (queue->waits_ps != REGION_NO_TIME && queue->waits_ps < now)
		sim_trace_span(unit->setup.env, region->lane_stall, "launch waits", queue->waits_ps,
			       now);
	queue->waits_ps = REGION_NO_TIME;
	queue->bids = false;
	queue->yields = 0;
}

/* Does the region work by this image of the queue's function? */
static bool works_by(const struct region *region, const struct region_queue *queue, uint64_t config)
{
	return region_is_here(region, queue->function) &&
	       region_active_of(region, queue->function) == config;
}

bool region_is_wanted(const struct region_unit *unit, const struct region *region)
{
	for (uint32_t i = 0; i < unit->setup.queues; i++) {
		const struct region_queue *queue = &unit->queues[i];

		if (queue->open && queue->region == region->index &&
		    queue->waits_ps != REGION_NO_TIME && works_by(region, queue, queue->wanted))
			return true;
	}
	return false;
}

/* Is a switch away from what is active to wait? Then it is looked at again when that is over. */
static bool put_off(struct region_unit *unit, struct region *region,
		    const struct region_queue *queue)
{
	const struct region_setup *setup = &unit->setup;
	uint64_t until = region->active_ps + setup->hysteresis * setup->costs.switch_ps;

	if (region->active == REGION_NONE || sim_now(setup->env) >= until)
		return false;
	/* Others come back slice after slice: it waits no longer than they do. */
	if (region_share_any(unit, region) &&
	    sim_now(setup->env) >= queue->waits_ps + region_share_slice(unit))
		return false;
	if (!region->running && !region_is_wanted(unit, region) &&
	    !(setup->chip->more && setup->chip->more(setup->arg, region->index, REGION_NONE)))
		return false;
	if (!region->again.slot)
		sim_schedule(setup->env, &region->again, until);
	return true;
}

static bool is_late(const struct region_unit *unit, const struct region *region, uint32_t index)
{
	for (uint32_t i = 0; i < unit->setup.queues; i++) {
		const struct region_queue *queue = &unit->queues[i];

		if (queue->open && queue->region == region->index && queue->bids &&
		    !works_by(region, queue, queue->wanted) &&
		    queue->waits_ps < unit->queues[index].waits_ps)
			return true;
	}
	return false;
}

/*
 * Who waits longest switches next, whatever the order in which the chip asks for its queues: else
 * two of three would switch in turn. The others are asked again at once, and yield twice, so that
 * the one who waits longest is asked in between; then they go, in case it is not.
 */
static bool yields(struct region_unit *unit, struct region *region, uint32_t index)
{
	struct region_queue *queue = &unit->queues[index];

	if (queue->yields_ps != region->active_ps)
		queue->yields = 0;
	queue->yields_ps = region->active_ps;
	if (queue->yields == 2 || !is_late(unit, region, index))
		return false;
	queue->yields++;
	region_retry(unit);
	return true;
}

static void activated(void *arg, enum road_region_error error)
{
	struct region_op *op = arg;
	struct region_unit *unit = op->unit;
	struct region_queue *queue = &unit->queues[op->queue];

	queue->activating = false;
	queue->error = error;
	if (!error)
		unit->regions[op->region].owed = op->queue;
	region_retry(unit);
}

/* config 0: to no image. */
static bool activate(struct region_unit *unit, uint32_t index, const struct region_want *want,
		     bool back)
{
	struct region_queue *queue = &unit->queues[index];
	struct region_op *op = region_op_new(unit, queue->region, queue->function, index);

	if (!op)
		return false;
	op->implicit = true;
	op->back = back;
	op->done = activated;
	op->arg = op;
	op->what = region_op_to(&unit->regions[queue->region], queue->function, want->config);
	op->what.image = want->image;
	op->what.image_bytes = want->image_bytes;
	queue->activating = true;
	region_op_run(op);
	return true;
}

static enum region_gate refuse(enum road_region_error *error, enum road_region_error why)
{
	*error = why;
	return REGION_FAIL;
}

static enum region_gate go(struct region_unit *unit, struct region *region, uint32_t index,
			   const struct region_want *want)
{
	struct region_queue *queue = &unit->queues[index];

	end_waiting(unit, region, queue);
	if (region->owed == index) {
		region->owed = REGION_NONE;
		region_retry(unit); /* who waits for the next switch */
	}
	if (want->activate && want->config)
		queue->current = want->config;
	if (region->active != REGION_NONE)
		region_touch(unit, region, region->active);
	if (!region->running++)
		region->busy_ps = sim_now(unit->setup.env);
	region->mine[queue->function].running++;
	region_account(unit, region);
	return REGION_GO;
}

bool region_unit_is_foreign(const struct region_unit *unit, uint32_t index)
{
	const struct region_queue *queue = &unit->queues[index];

	return !region_is_here(&unit->regions[queue->region], queue->function);
}

/* A launch for which the region was switched goes first. Where one of its function runs already,
 * who is of another one asks all the same: those that run have their slice then. */
static bool waits_for_owed(const struct region_unit *unit, const struct region *region,
			   uint32_t index)
{
	const uint32_t owed = region->owed;

	return owed != REGION_NONE && owed != index &&
	       (!region->running || unit->queues[owed].function == unit->queues[index].function);
}

/* Another image than the expected one is active. */
static enum region_gate differ(struct region_unit *unit, struct region *region, uint32_t index,
			       const struct region_want *want, enum road_region_error *error)
{
	struct region_queue *queue = &unit->queues[index];
	const bool back = region_active_of(region, queue->function) == queue->wanted;
	const struct region_want expected = {.config = queue->wanted};

	/* What another function made active is nothing that a program knows of, or could switch
	 * away from: what is active for its own comes back by itself. */
	if (!back && (!want->activate || !want->config))
		return refuse(error, ROAD_REGION_ERROR_MISMATCH);
	if (back)
		want = &expected;
	if (waits_for_owed(unit, region, index))
		return REGION_WAIT;
	queue->bids = true;
	if (put_off(unit, region, queue) || yields(unit, region, index))
		return REGION_WAIT;
	if (!activate(unit, index, want, back)) {
		end_waiting(unit, region, queue);
		return refuse(error, ROAD_REGION_ERROR_HARDWARE);
	}
	return REGION_WAIT;
}

/* Nobody begins while a switch is under way. Where others come back slice after slice, one often
 * is: whoever needs one of its own waits in line for it. */
static bool is_shut(const struct region_unit *unit, const struct region *region,
		    const struct region_queue *queue, uint64_t config)
{
	const struct region_mine *mine = &region->mine[queue->function];

	if (queue->activating || mine->isolator || mine->suspended ||
	    region_share_due(unit, region) || region->usable_ps > sim_now(unit->setup.env))
		return true;
	return region->isolator &&
	       (works_by(region, queue, config) || !region_share_any(unit, region));
}

enum region_gate region_unit_gate(struct region_unit *unit, uint32_t index,
				  const struct region_want *want, enum road_region_error *error)
{
	struct region_queue *queue = &unit->queues[index];
	struct region *region = region_find(unit, queue->region);
	uint64_t expected = want->config ? want->config : queue->current;
	enum region_gate gate = REGION_WAIT;

	*error = ROAD_REGION_ERROR_NONE;
	if (!queue->open || !region ||
	    region->mine[queue->function].generation != queue->generation)
		return refuse(error, ROAD_REGION_ERROR_STALE);
	if (region->mine[queue->function].quarantined)
		gate = refuse(error, ROAD_REGION_ERROR_QUARANTINED);
	else if (queue->error)
		gate = refuse(error, queue->error);
	else if (is_shut(unit, region, queue, expected))
		begin_waiting(unit, queue, expected);
	else if (works_by(region, queue, expected))
		return go(unit, region, index, want);
	else {
		begin_waiting(unit, queue, expected);
		gate = differ(unit, region, index, want, error);
	}
	if (gate == REGION_FAIL) {
		queue->error = ROAD_REGION_ERROR_NONE;
		end_waiting(unit, region, queue);
	}
	return gate;
}

void region_unit_leave(struct region_unit *unit, uint32_t function, uint32_t index)
{
	struct region *region = region_find(unit, index);

	if (!region || !region->mine[function].running)
		return;
	region_share_left(region, function);
	region_account(unit, region);
	region_settle_quarantine(unit, region);
	if (!region->running || !region->mine[function].running)
		region_retry(unit);
}
