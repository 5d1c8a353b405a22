/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/region_reference.h"

#include <string.h>

void reference_reset(struct reference *r, uint32_t slots)
{
	const bool keeps = r->keeps;

	memset(r, 0, sizeof(*r));
	r->keeps = keeps;
	r->slots = slots;
	r->active = -1;
}

uint64_t reference_active(const struct reference *r)
{
	return r->active < 0 ? 0 : r->slot[r->active].config;
}

int reference_resident(const struct reference *r, uint64_t config)
{
	for (uint32_t i = 0; config && i < r->slots; i++)
		if (r->slot[i].config == config)
			return (int)i;
	return -1;
}

bool reference_pinned(const struct reference *r, int slot)
{
	return r->slot[slot].pins || (r->safe && r->slot[slot].config == r->safe);
}

/* ---- which slot ---- */

static bool may_take(const struct reference *r, const struct reference_step *step, int slot)
{
	return (step->wish == ROAD_SLOT_ANY || step->wish == (uint32_t)slot) && r->active != slot &&
	       !reference_pinned(r, slot);
}

static bool is_older(const struct reference_slot *a, const struct reference_slot *b)
{
	return a->used < b->used && !a->doubtful && !b->doubtful;
}

/* Empty ones are as good as any other; else the one that was used longest ago. */
static bool is_best(const struct reference *r, const struct reference_step *step, int slot)
{
	if (!may_take(r, step, slot))
		return false;
	for (int i = 0; i < (int)r->slots; i++)
		if (r->slot[slot].config && may_take(r, step, i) &&
		    (!r->slot[i].config || is_older(&r->slot[i], &r->slot[slot])))
			return false;
	return true;
}

static int any_best(const struct reference *r, const struct reference_step *step)
{
	for (int i = 0; i < (int)r->slots; i++)
		if (is_best(r, step, i))
			return i;
	return -1;
}

static bool may_replace_active(const struct reference *r, const struct reference_step *step)
{
	return r->active >= 0 && !reference_pinned(r, r->active) &&
	       (step->wish == ROAD_SLOT_ANY || step->wish == (uint32_t)r->active);
}

/* ---- what will happen ---- */

static struct reference_outcome predict_load(const struct reference *r,
					     const struct reference_step *step)
{
	if (reference_resident(r, step->config) >= 0)
		return (struct reference_outcome){.hit = true};
	if (any_best(r, step) >= 0)
		return (struct reference_outcome){.loads = true, .slot = any_best(r, step)};
	return (struct reference_outcome){
		.status = step->verb == ROAD_RECONFIGURE_PREFETCH ? ROAD_OK : ROAD_BUSY};
}

static struct reference_outcome predict_activate(const struct reference *r,
						 const struct reference_step *step)
{
	struct reference_outcome outcome = predict_load(r, step);

	if (reference_active(r) == step->config)
		return (struct reference_outcome){.hit = true};
	if (outcome.status && may_replace_active(r, step))
		outcome = (struct reference_outcome){.loads = true, .slot = r->active};
	outcome.hit = false;
	outcome.switches = !outcome.status;
	return outcome;
}

static struct reference_outcome predict_launch(const struct reference *r,
					       const struct reference_step *step)
{
	if (!step->brings && reference_active(r) != step->config)
		return (struct reference_outcome){.status = ROAD_CONFIG_MISMATCH};
	return predict_activate(r, step);
}

/* Of the active image, too, the state goes or comes: that is no hit. */
static struct reference_outcome predict_swap(const struct reference *r,
					     const struct reference_step *step)
{
	struct reference_outcome outcome = predict_activate(r, step);

	outcome.hit = false;
	return outcome;
}

static uint64_t rollback_target(const struct reference *r, const struct reference_step *step)
{
	const uint64_t targets[] = {r->previous, r->safe, 0};

	return targets[step->target];
}

static struct reference_outcome predict_rollback(const struct reference *r,
						 const struct reference_step *step)
{
	uint64_t target = rollback_target(r, step);

	if (target && reference_resident(r, target) < 0 && r->kept == target) {
		struct reference_step again = {.wish = ROAD_SLOT_ANY, .config = target};

		return predict_activate(r, &again);
	}
	if (step->target != ROAD_ROLLBACK_INITIAL && reference_resident(r, target) < 0)
		return (struct reference_outcome){.status = ROAD_NOT_FOUND};
	return (struct reference_outcome){.hit = target == reference_active(r),
					  .switches = target != reference_active(r)};
}

static struct reference_outcome predict_small(const struct reference *r,
					      const struct reference_step *step)
{
	int slot = reference_resident(r, step->config);

	if (slot < 0)
		return (struct reference_outcome){.status = ROAD_NOT_FOUND};
	if (step->verb == ROAD_RECONFIGURE_UNPIN && !r->slot[slot].pins)
		return (struct reference_outcome){.status = ROAD_NOT_FOUND};
	if (step->verb == ROAD_RECONFIGURE_EVICT &&
	    (slot == r->active || reference_pinned(r, slot)))
		return (struct reference_outcome){.status = ROAD_BUSY};
	return (struct reference_outcome){0};
}

struct reference_outcome reference_predict(const struct reference *r,
					   const struct reference_step *step)
{
	if (r->quarantined)
		return (struct reference_outcome){.status = ROAD_FAULT};
	switch (step->verb) {
	case ROAD_RECONFIGURE_LOAD:
	case ROAD_RECONFIGURE_PREFETCH: return predict_load(r, step);
	case ROAD_RECONFIGURE_ACTIVATE: return predict_activate(r, step);
	case ROAD_RECONFIGURE_SWAP:
	case ROAD_RECONFIGURE_RESTORE: return predict_swap(r, step);
	case ROAD_RECONFIGURE_ROLLBACK: return predict_rollback(r, step);
	case REFERENCE_LAUNCH: return predict_launch(r, step);
	case ROAD_RECONFIGURE_RESET: return (struct reference_outcome){0};
	default: return predict_small(r, step);
	}
}

/* ---- it happens ---- */

static bool take_slot(struct reference *r, const struct reference_step *step, int slot, bool ready)
{
	bool right = ready || (slot >= 0 && slot < (int)r->slots && is_best(r, step, slot));

	if (slot < 0 || slot >= (int)r->slots)
		return false;
	r->slot[slot] = (struct reference_slot){.config = step->config, .used = ++r->tick};
	return right;
}

static void touch(struct reference *r, int slot)
{
	r->slot[slot].used = ++r->tick;
	r->slot[slot].doubtful = false;
}

static void switch_to(struct reference *r, int slot, uint64_t from)
{
	r->previous = from;
	r->active = slot;
	if (slot >= 0)
		touch(r, slot);
}

/* A phase fails: before the switch all stays; in it `on_failure` says what is. */
static void fail(struct reference *r, const struct reference_step *step)
{
	bool switching = step->fails_in >= ROAD_PHASE_COMMIT;

	for (uint32_t i = 0; i < r->slots; i++)
		if (r->slot[i].config == step->config || r->active == (int)i ||
		    r->slot[i].config == r->safe || r->slot[i].config == r->previous)
			r->slot[i].doubtful = true;
	if (switching && step->on_failure == ROAD_FAILURE_SAFE &&
	    reference_resident(r, r->safe) >= 0)
		r->active = reference_resident(r, r->safe);
	r->quarantined = ++r->faults >= REFERENCE_FAULTS ||
			 (switching && step->on_failure == ROAD_FAILURE_QUARANTINE);
	if (r->quarantined)
		r->active = -1;
}

static bool is_swap(uint32_t verb)
{
	return verb == ROAD_RECONFIGURE_SWAP || verb == ROAD_RECONFIGURE_RESTORE;
}

bool reference_do(struct reference *r, const struct reference_step *asked, uint32_t at)
{
	struct reference_outcome outcome = reference_predict(r, asked);
	struct reference_step own = *asked, *step = &own;
	int slot = reference_resident(r, step->config);
	uint64_t from = reference_active(r);
	bool right = true, in_place;

	if (outcome.status)
		return true;
	if (step->fails_in) {
		fail(r, step);
		return true;
	}
	if (step->verb == ROAD_RECONFIGURE_ROLLBACK) {
		own.config = rollback_target(r, asked);
		own.wish = ROAD_SLOT_ANY;
	}
	if (outcome.loads) {
		in_place = outcome.slot == r->active && (int)at == r->active;
		right = take_slot(r, step, (int)at, in_place);
		if (in_place && r->keeps)
			r->kept = from;
		slot = (int)at;
	} else if ((outcome.hit || is_swap(step->verb)) && slot >= 0) {
		touch(r, slot);
	}
	switch (step->verb) {
	case ROAD_RECONFIGURE_PIN: r->slot[slot].pins++; break;
	case ROAD_RECONFIGURE_UNPIN: r->slot[slot].pins--; break;
	case ROAD_RECONFIGURE_EVICT: r->slot[slot] = (struct reference_slot){0}; break;
	case ROAD_RECONFIGURE_RESET: reference_wipe(r); break;
	case ROAD_RECONFIGURE_ROLLBACK:
		slot = reference_resident(r, own.config);
		if (outcome.switches)
			switch_to(r, slot, from);
		break;
	case ROAD_RECONFIGURE_ACTIVATE:
	case ROAD_RECONFIGURE_SWAP:
	case ROAD_RECONFIGURE_RESTORE:
	case REFERENCE_LAUNCH:
		if (outcome.switches)
			switch_to(r, slot, from);
		break;
	default: break;
	}
	return right;
}

void reference_wipe(struct reference *r)
{
	const uint32_t faults = r->faults;

	reference_reset(r, r->slots);
	r->faults = faults;
}

road_status reference_set_safe(struct reference *r, uint64_t config)
{
	if (r->quarantined)
		return ROAD_FAULT;
	if (config && reference_resident(r, config) < 0)
		return ROAD_NOT_FOUND;
	r->safe = config;
	return ROAD_OK;
}

road_status reference_release(struct reference *r)
{
	if (!r->quarantined)
		return ROAD_NOT_FOUND;
	reference_reset(r, r->slots);
	return ROAD_OK;
}
