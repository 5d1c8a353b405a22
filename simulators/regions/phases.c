/* SPDX-License-Identifier: Apache-2.0 */
/* What the phases do once an op fits: bring the image, empty the region, switch. */
#include <stdlib.h>
#include <string.h>

#include "simulators/regions/internal.h"
#include "simulators/regions/verbs.h"

static struct region *region_of(const struct region_op *op)
{
	return &op->unit->regions[op->region];
}

static uint64_t now_of(const struct region_op *op)
{
	return sim_now(op->unit->setup.env);
}

/* ---- times ---- */

static uint64_t at_rate(uint64_t ps_per_kib, uint64_t bytes)
{
	return (uint64_t)(((unsigned __int128)bytes * ps_per_kib + 1023) / 1024);
}

uint64_t region_copy_ps(const struct region_unit *unit, uint64_t bytes)
{
	return at_rate(unit->setup.costs.read_back_ps_per_kib, bytes);
}

uint64_t region_load_end(struct region_op *op, uint32_t bytes, uint64_t from_ps)
{
	const struct region_setup *setup = &op->unit->setup;

	if (setup->chip->transfer)
		return setup->chip->transfer(setup->arg, op->region, bytes, from_ps);
	return from_ps + setup->costs.load_ps + at_rate(setup->costs.load_ps_per_kib, bytes);
}

/* ---- staging ---- */

static enum region_outcome begin_read_back(struct region_op *op)
{
	const struct region_content *content = region_of(op)->slots[op->slot].content;

	region_op_wait_until(op, now_of(op) + region_copy_ps(op->unit, content->bytes));
	return OUTCOME_TIMED;
}

static enum region_outcome end_read_back(struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;
	const struct region_content *content = region_of(op)->slots[op->slot].content;

	if (!setup->chip->write_buffer(setup->arg, op->queue, op->what.buffer, content->canonical,
				       content->bytes))
		return region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0,
				      offsetof(struct road_region_op, buffer));
	op->report.bytes = content->bytes;
	return OUTCOME_OK;
}

/* The slot loses what it had: nothing but the image that comes is to be seen in it. */
static void take_slot(struct region_op *op)
{
	struct region *region = region_of(op);
	struct region_slot *slot = &region->slots[op->slot];

	if (slot->content)
		region_count(region, op->function, ROAD_REGION_COUNT_EVICTIONS, 1);
	if (op->in_place) {
		op->former = slot->content;
		op->former_config = slot->config;
		slot->content = NULL; /* `config` stays: it is what the region works by */
	} else {
		region_slot_clear(region, op->slot, SLOT_LOADING);
		slot->config = op->what.config;
	}
	slot->state = SLOT_LOADING;
	op->loading = true;
}

static enum region_outcome begin_transfer(struct region_op *op)
{
	struct region *region = region_of(op);

	if (op->what.verb == ROAD_REGION_VERB_READ_BACK)
		return begin_read_back(op);
	if (op->in_place && region_pinned(op->unit, region, op->slot)) /* since it was picked */
		return region_op_fail(op, ROAD_REGION_ERROR_BUSY, ROAD_REGION_BUSY_SLOT,
				      region_own_slot(op->unit, op->slot));
	if (region->loader || (op->in_place && !region_ops_unhold(op, op->slot)))
		return OUTCOME_WAIT;
	region->loader = op;
	take_slot(op);
	op->phase_ps = now_of(op);
	region_op_wait_until(op, region_load_end(op, op->content->bytes, now_of(op)));
	return OUTCOME_TIMED;
}

static enum region_outcome end_transfer(struct region_op *op)
{
	struct region *region = region_of(op);

	if (op->what.verb == ROAD_REGION_VERB_READ_BACK)
		return end_read_back(op);
	region->loader = NULL;
	op->report.bytes = op->content->bytes;
	region_count(region, op->function, ROAD_REGION_COUNT_LOADS, 1);
	region_count(region, op->function, ROAD_REGION_COUNT_LOAD_BYTES, op->content->bytes);
	region_count(region, op->function, ROAD_REGION_COUNT_LOADING_PS, now_of(op) - op->phase_ps);
	sim_trace_span(op->unit->setup.env, region->lane_load,
		       (const char *)op->content->image.header->name, op->phase_ps, now_of(op));
	return OUTCOME_OK;
}

static enum region_outcome begin_check(struct region_op *op)
{
	struct region_slot *slot = &region_of(op)->slots[op->slot];

	slot->content = op->content;
	op->content = NULL;
	op->loading = false;
	if (!op->in_place)
		slot->state = SLOT_READY;
	region_touch(op->unit, region_of(op), op->slot);
	region_retry(op->unit); /* for those who wait for this image, or the loader */
	return OUTCOME_OK;
}

/* ---- emptying the region ---- */

/* A launch that a switch was made for goes before the next switch. Of the op's function, or of
 * another one? */
static bool is_owed(const struct region_op *op, bool own)
{
	const struct region *region = region_of(op);

	return region->owed != REGION_NONE && region->owed != op->queue && !region->running &&
	       (op->unit->queues[region->owed].function == op->function) == own;
}

/* What was to come back is not active for its function any more, or no launch waits for it. */
static bool is_void(const struct region_op *op)
{
	const struct region *region = region_of(op);

	return op->back && (region_active_of(region, op->function) != op->target ||
			    (op->returns && !region->mine[op->function].suspended));
}

/* No more launches of its function begin. Who comes back for launches of it that are suspended
 * changes nothing that they notice, and may be what the function's isolator waits for. */
static enum region_outcome begin_isolate(struct region_op *op)
{
	struct region *region = region_of(op);
	struct region_mine *mine = &region->mine[op->function];

	if (region->isolator || (mine->isolator && !op->returns))
		return OUTCOME_WAIT;
	if (is_void(op))
		return OUTCOME_DONE;
	if (op->what.verb == ROAD_REGION_VERB_ACTIVATE && !op->in_place && region_is_hit(op)) {
		/* another one brought it meanwhile */
		op->report.flags |= RESULT_HIT;
		if (op->queue != REGION_NONE)
			op->unit->queues[op->queue].current = op->target;
		return OUTCOME_DONE;
	}
	if (is_owed(op, true))
		return OUTCOME_WAIT;
	if (!op->returns)
		mine->isolator = op;
	op->own = mine->active;
	op->own_config = region_active_of(region, op->function);
	return OUTCOME_OK;
}

/* No launches begin at all. False: not yet. */
static bool take_region(struct region_op *op)
{
	struct region *region = region_of(op);

	if (region->isolator == op)
		return true;
	if (region->isolator || region_share_due(op->unit, region) || region_share_yields(op) ||
	    is_owed(op, false))
		return false;
	region->isolator = op;
	op->from = region->active;
	return true;
}

/* Does the region go on by what it works by? */
static bool stays(const struct region_op *op)
{
	return !op->in_place && op->from == (op->target ? op->slot : REGION_NONE);
}

static void empty(void *arg)
{
	struct region_op *op = arg;
	const struct region_setup *setup = &op->unit->setup;
	struct region_unit *unit = op->unit;
	struct region *region = region_of(op);
	const uint32_t running = region->mine[op->function].running;
	enum region_drain how = (enum region_drain)op->what.drain;

	region_count(region, op->function, ROAD_REGION_COUNT_PREEMPTIONS, running);
	if (running)
		setup->chip->drain(setup->arg, op->function, region->index, how);
	region_retry(unit); /* the op may be gone */
}

/* What the op's function runs, `running` launches. */
static enum region_outcome drain_own(struct region_op *op, uint32_t running)
{
	if (op->what.drain == DRAIN_REFUSE)
		return region_op_refuse(
			op, ROAD_REGION_ERROR_BUSY, ROAD_REGION_BUSY_WORK,
			(struct region_finding){.seen = running, .rule = ROAD_REGION_RULE_EQUAL});
	if (op->what.drain == DRAIN_WAIT || op->draining)
		return OUTCOME_WAIT;
	op->draining = true;
	op->event.run = empty;
	sim_schedule(op->unit->setup.env, &op->event, now_of(op));
	return OUTCOME_WAIT;
}

/* First its own function's launches end, then those of others do, or are suspended: nobody ends
 * work of another function. */
static enum region_outcome begin_drain(struct region_op *op)
{
	const struct region *region = region_of(op);
	const struct region_mine *mine = &region->mine[op->function];

	if (mine->running && !op->back)
		return drain_own(op, mine->running);
	if (is_void(op))
		return OUTCOME_DONE;
	if (!take_region(op))
		return OUTCOME_WAIT;
	if (region->running) {
		region_share_wait(op);
		return OUTCOME_WAIT;
	}
	if (op->what.verb == ROAD_REGION_VERB_RESET && !region_ops_unhold(op, REGION_NONE))
		return OUTCOME_WAIT;
	return OUTCOME_OK;
}

/* ---- the switch ---- */

void region_set_active(struct region *region, uint32_t function, uint32_t slot)
{
	const uint32_t old = region->mine[function].active;

	if (old != REGION_NONE && region->slots[old].content)
		region->slots[old].state = SLOT_READY;
	if (slot != REGION_NONE)
		region->slots[slot].state = SLOT_ACTIVE;
	region->mine[function].active = slot;
}

void region_activate(struct region_unit *unit, struct region *region, uint32_t function,
		     uint32_t slot)
{
	region_switch(unit, region, slot);
	region_set_active(region, function, slot);
}

void region_switch(struct region_unit *unit, struct region *region, uint32_t slot)
{
	const struct region_setup *setup = &unit->setup;

	region->active = slot;
	region->active_ps = sim_now(setup->env);
	if (slot == REGION_NONE) {
		setup->chip->activate(setup->arg, region->index, NULL);
		return;
	}
	region_touch(unit, region, slot);
	setup->chip->activate(setup->arg, region->index, &region->slots[slot].content->image);
}

/* Writes the state of what is active to the guest's buffer. */
static enum region_outcome save(struct region_op *op, uint64_t *bytes)
{
	const struct region_setup *setup = &op->unit->setup;
	const size_t room = sizeof(struct region_saved) + setup->state_bytes;
	enum region_outcome outcome = OUTCOME_OK;
	struct region_saved *saved = NULL;

	if (op->what.buffer_bytes < room)
		return region_op_refuse(
			op, ROAD_REGION_ERROR_OP, 0,
			(struct region_finding){true, offsetof(struct road_region_op, buffer_bytes),
						op->what.buffer_bytes, ROAD_REGION_RULE_AT_LEAST,
						room});
	saved = calloc(1, room);
	if (!saved)
		return region_op_fail(op, ROAD_REGION_ERROR_HARDWARE, 0, 0);
	saved->magic = REGION_STATE_MAGIC;
	saved->config = op->own_config;
	saved->fabric = setup->fabric;
	saved->units = region_of(op)->units;
	saved->bytes = saved->config
			       ? setup->chip->save(setup->arg, op->function, op->region, saved + 1)
			       : 0;
	saved->crc = region_crc(0, saved + 1, saved->bytes);
	*bytes = sizeof(*saved) + saved->bytes;
	if (!setup->chip->write_buffer(setup->arg, op->queue, op->what.buffer, saved,
				       (uint32_t)*bytes))
		outcome = region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0,
					 offsetof(struct road_region_op, buffer));
	free(saved);
	return outcome;
}

static uint64_t switch_ps(const struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;
	const struct region_content *content = NULL;

	if (stays(op))
		return 0;
	if (op->target && op->slot != REGION_NONE)
		content = region_of(op)->slots[op->slot].content;
	if (!content || !setup->chip->configure)
		return setup->costs.switch_ps;
	return setup->costs.switch_ps + setup->chip->configure(setup->arg, &content->image);
}

static enum region_outcome begin_commit(struct region_op *op)
{
	uint64_t end = now_of(op) + switch_ps(op);
	enum region_outcome outcome = OUTCOME_OK;
	uint64_t bytes = op->state_bytes;

	/* Whose queue is gone has no buffer any more: the old image comes back, nobody is told. */
	if (op->what.verb == ROAD_REGION_VERB_SWAP && op->queue == REGION_NONE)
		return region_op_time_out(op, now_of(op));
	if (op->what.verb == ROAD_REGION_VERB_SWAP)
		outcome = save(op, &bytes);
	if (outcome != OUTCOME_OK)
		return outcome;
	end += region_copy_ps(op->unit, bytes);
	if (op->deadline.slot && op->deadline.time_ps < end)
		return region_op_time_out(op, end);
	op->phase_ps = now_of(op);
	if (end == now_of(op))
		return region_phase_rows[PHASE_COMMIT].end(op);
	region_op_wait_until(op, end);
	return OUTCOME_TIMED;
}

static enum region_outcome end_commit(struct region_op *op)
{
	struct region *region = region_of(op);
	const struct region_setup *setup = &op->unit->setup;

	sim_trace_span(setup->env, region->lane_switch, region_verbs[op->what.verb].name,
		       op->phase_ps, now_of(op));
	if (op->what.verb == ROAD_REGION_VERB_RESET) {
		region_wipe_of(op->unit, region, op->function);
		region->active_ps = now_of(op);
		return OUTCOME_OK;
	}
	if (stays(op)) {
		region_set_active(region, op->function, op->from);
		return OUTCOME_OK;
	}
	if (op->in_place)
		region->slots[op->slot].config = op->target;
	region_activate(op->unit, region, op->function, op->target ? op->slot : REGION_NONE);
	op->switched = true;
	region_count(region, op->back ? REGION_NONE : op->function, ROAD_REGION_COUNT_SWITCHES, 1);
	if (!(setup->features & REGION_KEEPS_MEMORY))
		op->report.flags |= RESULT_MEMORY_LOST;
	return OUTCOME_OK;
}

static enum region_outcome begin_post_check(struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;

	if (op->what.verb == ROAD_REGION_VERB_RESTORE &&
	    !setup->chip->restore(setup->arg, op->function, op->region, op->state, op->state_bytes))
		return region_op_fail(op, ROAD_REGION_ERROR_INCOMPATIBLE, ROAD_CONFIG_BAD_STATE,
				      sizeof(struct region_saved));
	return OUTCOME_OK;
}

static enum region_outcome begin_resume(struct region_op *op)
{
	struct region *region = region_of(op);

	struct region_mine *mine = &region->mine[op->function];

	if (op->what.verb != ROAD_REGION_VERB_RESET && op->target != op->own_config)
		mine->previous = op->own_config;
	if (op->former) {
		free(mine->kept);
		mine->kept = op->former;
		mine->kept_config = op->former_config;
		op->former = NULL;
	}
	if (op->what.verb == ROAD_REGION_VERB_ROLLBACK)
		region_count(region, op->function, ROAD_REGION_COUNT_ROLLBACKS, 1);
	if (op->queue != REGION_NONE)
		op->unit->queues[op->queue].current = op->target;
	return OUTCOME_OK;
}

const struct region_phase_row region_phase_rows[REGION_PHASES] = {
	[PHASE_PARSE] = {region_parse, NULL},
	[PHASE_VERIFY] = {region_verify, NULL},
	[PHASE_FIT] = {region_fit, NULL},
	[PHASE_ISOLATE] = {begin_isolate, NULL},
	[PHASE_DRAIN] = {begin_drain, NULL},
	[PHASE_TRANSFER] = {begin_transfer, end_transfer},
	[PHASE_CHECK] = {begin_check, NULL},
	[PHASE_COMMIT] = {begin_commit, end_commit},
	[PHASE_POST_CHECK] = {begin_post_check, NULL},
	[PHASE_RESUME] = {begin_resume, NULL},
};
