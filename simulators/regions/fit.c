/* SPDX-License-Identifier: Apache-2.0 */
/* Before anything changes: is the image sound, does it fit, which slot does it take? */
#include <stdlib.h>

#include "simulators/regions/internal.h"
#include "simulators/regions/verbs.h"

/* What follows FIT. */
static const uint8_t tail_load[] = {PHASE_FIT, PHASE_TRANSFER, PHASE_CHECK, PHASE_NONE};
static const uint8_t tail_switch[] = {PHASE_FIT,        PHASE_ISOLATE, PHASE_DRAIN, PHASE_COMMIT,
				      PHASE_POST_CHECK, PHASE_RESUME,  PHASE_NONE};
/* The new image is brought while the old one works on … */
static const uint8_t tail_stage[] = {PHASE_FIT,        PHASE_TRANSFER, PHASE_CHECK,
				     PHASE_ISOLATE,    PHASE_DRAIN,    PHASE_COMMIT,
				     PHASE_POST_CHECK, PHASE_RESUME,   PHASE_NONE};
/* … or takes its place, where no other slot is to be had. */
static const uint8_t tail_in_place[] = {PHASE_FIT,        PHASE_ISOLATE, PHASE_DRAIN,
					PHASE_TRANSFER,   PHASE_CHECK,   PHASE_COMMIT,
					PHASE_POST_CHECK, PHASE_RESUME,  PHASE_NONE};
static const uint8_t tail_read[] = {PHASE_FIT, PHASE_TRANSFER, PHASE_NONE};

static struct region *region_of(const struct region_op *op)
{
	return &op->unit->regions[op->region];
}

/* Who switches in the region, or is about to for the op's function; NULL: nobody. */
static const struct region_op *switcher_of(const struct region_op *op)
{
	const struct region *region = region_of(op);
	const struct region_op *own = region->mine[op->function].isolator;

	return own ? own : region->isolator;
}

/* ---- the image ---- */

static enum region_outcome not_resident(struct region_op *op, uint64_t config)
{
	return region_op_refuse(
		op, ROAD_REGION_ERROR_NOT_RESIDENT, 0,
		(struct region_finding){.at = offsetof(struct road_region_op, config),
					.seen = config,
					.rule = ROAD_REGION_RULE_RESIDENT});
}

static enum region_outcome check_payload(struct region_op *op)
{
	struct region_content *content = op->content;
	const struct region_setup *setup = &op->unit->setup;
	uint32_t at = 0;

	content->image.config = op->what.config;
	region_image_relocate(content, region_of(op));
	if (setup->chip->check(setup->arg, &content->image, &at))
		return OUTCOME_OK;
	return region_op_fail(op, ROAD_REGION_ERROR_IMAGE, ROAD_CONFIG_BAD_PAYLOAD,
			      content->bytes - (content->image.payload_bytes + 7ull) / 8 * 8 + at);
}

static enum region_outcome read_image(struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;
	struct region_finding found = {true, offsetof(struct road_region_op, image_bytes),
				       op->what.image_bytes, ROAD_REGION_RULE_AT_MOST,
				       ROAD_CONFIG_MAX};
	enum road_config_error error;

	if (!op->what.image_bytes)
		return not_resident(op, op->what.config);
	if (op->what.image_bytes > ROAD_CONFIG_MAX)
		return region_op_refuse(op, ROAD_REGION_ERROR_OP, 0, found);
	op->content = region_content_new(op->what.image_bytes);
	if (!op->content)
		return region_op_fail(op, ROAD_REGION_ERROR_HARDWARE, 0, 0);
	if (!setup->chip->read_image(setup->arg, op->function, op->what.image,
				     op->content->canonical, op->what.image_bytes))
		return region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0,
				      offsetof(struct road_region_op, image));
	error = region_image_check(op->content, setup->kind, &found);
	if (error)
		return region_op_refuse(op, ROAD_REGION_ERROR_IMAGE, (uint32_t)error, found);
	return check_payload(op);
}

#define SAVED(member) offsetof(struct region_saved, member)

/* The first rule that the header of a saved state breaks. */
static struct region_finding judge_state(const struct region_op *op,
					 const struct region_saved *saved)
{
	const struct region_setup *setup = &op->unit->setup;
	const uint64_t room = op->what.buffer_bytes - sizeof(*saved);
	const uint64_t most = room < setup->state_bytes ? room : setup->state_bytes;
	const uint32_t units = region_of(op)->units;
	const struct region_finding rules[] = {
		{saved->magic != REGION_STATE_MAGIC, SAVED(magic), saved->magic,
		 ROAD_REGION_RULE_EQUAL, REGION_STATE_MAGIC},
		{saved->bytes > most, SAVED(bytes), saved->bytes, ROAD_REGION_RULE_AT_MOST, most},
		{saved->config != op->what.config, SAVED(config), saved->config,
		 ROAD_REGION_RULE_EQUAL, op->what.config},
		{saved->fabric != setup->fabric, SAVED(fabric), saved->fabric,
		 ROAD_REGION_RULE_EQUAL, setup->fabric},
		{saved->units != units, SAVED(units), saved->units, ROAD_REGION_RULE_EQUAL, units},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return rules[i];
	return (struct region_finding){.bad = false};
}

static enum region_outcome bad_state(struct region_op *op, struct region_finding found)
{
	return region_op_refuse(op, ROAD_REGION_ERROR_INCOMPATIBLE, ROAD_CONFIG_BAD_STATE, found);
}

static enum region_outcome check_state_crc(struct region_op *op, const struct region_saved *saved)
{
	const uint32_t crc = region_crc(0, op->state, saved->bytes);

	if (crc == saved->crc)
		return OUTCOME_OK;
	return bad_state(op, (struct region_finding){true, SAVED(crc), saved->crc,
						     ROAD_REGION_RULE_EQUAL, crc});
}

static enum region_outcome read_state(struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;
	struct region_saved saved;
	const uint64_t at = offsetof(struct road_region_op, buffer);

	if (op->state)
		return OUTCOME_OK;
	if (op->what.buffer_bytes < sizeof(saved) ||
	    !setup->chip->read_buffer(setup->arg, op->queue, op->what.buffer, &saved,
				      sizeof(saved)))
		return region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0, at);
	const struct region_finding bad = judge_state(op, &saved);

	if (bad.bad)
		return bad_state(op, bad);
	op->state = malloc(saved.bytes ? saved.bytes : 1);
	op->state_bytes = saved.bytes;
	if (!op->state)
		return region_op_fail(op, ROAD_REGION_ERROR_HARDWARE, 0, 0);
	if (!setup->chip->read_buffer(setup->arg, op->queue, op->what.buffer + sizeof(saved),
				      op->state, saved.bytes))
		return region_op_fail(op, ROAD_REGION_ERROR_ADDRESS, 0, at);
	return check_state_crc(op, &saved);
}

enum region_outcome region_verify(struct region_op *op)
{
	const uint32_t needs = region_verbs[op->what.verb].needs;

	if (op->what.verb == ROAD_REGION_VERB_RESTORE) {
		enum region_outcome outcome = read_state(op);

		if (outcome != OUTCOME_OK)
			return outcome;
	}
	if (!(needs & VERB_IMAGE) || op->content ||
	    region_resident(op->unit, region_of(op), op->function, op->what.config) != REGION_NONE)
		return OUTCOME_OK;
	return read_image(op);
}

/* ---- does it fit? ---- */

static enum region_outcome incompatible(struct region_op *op, enum road_config_error error,
					struct region_finding found)
{
	return region_op_refuse(op, ROAD_REGION_ERROR_INCOMPATIBLE, (uint32_t)error, found);
}

static enum region_outcome check_claims(struct region_op *op)
{
	const struct region_image *image = &op->content->image;
	const uint64_t room = op->unit->setup.scratch_bytes;

	for (uint32_t i = 0; i < image->header->claim_count; i++) {
		const struct road_config_claim *claim = &image->claims[i];
		const uint64_t at = sizeof(*image->header) + i * sizeof(*claim);
		struct region_finding found = {claim->offset > room,
					       at + offsetof(struct road_config_claim, offset),
					       claim->offset, ROAD_REGION_RULE_AT_MOST, room};

		if (!found.bad)
			found = (struct region_finding){
				claim->bytes > room - claim->offset,
				at + offsetof(struct road_config_claim, bytes), claim->bytes,
				ROAD_REGION_RULE_AT_MOST, room - claim->offset};
		if (found.bad)
			return incompatible(op, ROAD_CONFIG_BAD_CLAIM, found);
	}
	return OUTCOME_OK;
}

#define HEADER(member) offsetof(struct road_config_header, member)

static enum region_outcome check_fit(struct region_op *op)
{
	const struct road_config_header *header = op->content->image.header;
	const struct region_setup *setup = &op->unit->setup;

	const uint32_t units = region_of(op)->units;
	const struct region_finding rules[] = {
		{header->fabric != setup->fabric, HEADER(fabric), header->fabric,
		 ROAD_REGION_RULE_EQUAL, setup->fabric},
		{header->units > units, HEADER(units), header->units, ROAD_REGION_RULE_AT_MOST,
		 units},
		{header->total_bytes > setup->slot_bytes, HEADER(total_bytes), header->total_bytes,
		 ROAD_REGION_RULE_AT_MOST, setup->slot_bytes},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return incompatible(op, ROAD_CONFIG_BAD_HEADER, rules[i]);
	return check_claims(op);
}

static void hold(struct region_op *op, uint32_t slot)
{
	op->slot = slot;
	op->report.slot = region_own_slot(op->unit, slot);
	op->holds = true;
	region_of(op)->slots[slot].held++;
}

static void count_use(struct region_op *op, bool hit)
{
	struct region *region = region_of(op);

	if (!op->back) /* no program asked for it */
		region_count(region, op->function,
			     hit ? ROAD_REGION_COUNT_HITS : ROAD_REGION_COUNT_MISSES, 1);
	if (hit)
		region_touch(op->unit, region, op->slot);
}

/* The slot of an image: OK with op->slot where it is, DONE where it is to be loaded to. */
static enum region_outcome find_slot(struct region_op *op)
{
	struct region *region = region_of(op);
	uint32_t slot = region_resident(op->unit, region, op->function, op->what.config);
	enum region_outcome outcome;
	enum region_pick pick;

	if (slot != REGION_NONE) {
		if (region->slots[slot].state == SLOT_LOADING)
			return OUTCOME_WAIT;
		hold(op, slot);
		count_use(op, true);
		return OUTCOME_OK;
	}
	outcome = op->content ? OUTCOME_OK : read_image(op); /* it was resident a moment ago */
	if (outcome == OUTCOME_OK)
		outcome = check_fit(op);
	if (outcome != OUTCOME_OK)
		return outcome;
	/* A slot is taken as soon as it is picked: till then it is for others to use. */
	if (region->loader)
		return OUTCOME_WAIT;
	pick = region_pick_slot(op->unit, region, op->function, op->what.slot, &slot);
	if (pick == PICK_WAIT)
		return OUTCOME_WAIT;
	op->slot = slot;
	return OUTCOME_DONE;
}

static enum region_outcome busy(struct region_op *op, enum road_region_busy why, uint32_t slot)
{
	return region_op_fail(op, ROAD_REGION_ERROR_BUSY, (uint32_t)why, slot);
}

/* ---- by verb ---- */

static enum region_outcome fit_load(struct region_op *op)
{
	enum region_outcome outcome = find_slot(op);

	if (outcome == OUTCOME_OK) {
		op->report.flags |= RESULT_HIT;
		return OUTCOME_DONE;
	}
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (op->slot == REGION_NONE)
		return busy(op, ROAD_REGION_BUSY_SLOTS, op->what.slot);
	hold(op, op->slot);
	count_use(op, false);
	op->plan = tail_load;
	return OUTCOME_OK;
}

static bool loses_memory(const struct region_op *op)
{
	const struct region_setup *setup = &op->unit->setup;

	if (setup->features & REGION_KEEPS_MEMORY || op->what.flags & ROAD_REGION_OP_LOSE_MEMORY)
		return false;
	return setup->chip->live_memory && setup->chip->live_memory(setup->arg, op->region);
}

/*
 * The rule of the only slot: who may have the active image's place, where no other is to be had
 * (with one slot: always).
 *
 * - LOAD and PREFETCH never: BUSY (fit_load), for only a switch ends what is active. While a switch
 *   is under way they wait for its end first: it decides what is active (judge in slots.c).
 * - A switch, where the place is pinned, or is not the one that was asked for: BUSY. No operation
 *   that ends changes that, only a program does.
 * - A switch, where another operation holds the place (it is about to overwrite it, to read it
 *   back, to switch to it): waits. Queued operations wait for each other; its deadline runs
 *   meanwhile.
 * - Else it takes the place, and overwrites it once the region is drained.
 *
 * Nobody waits in a circle. Who waits here, or for the isolator to know whether it is a hit, holds
 * nothing: no place, no loader, no isolator. It is asked again whenever an operation ends, in the
 * order in which they began. Who holds a place waits for the isolator at most; who is the isolator
 * of its function, for that function's launches, and then for the region; who has that, for
 * launches of others until their slice is over, the loader, and transfers from its place; the
 * loader and transfers end by themselves, and a running launch waits for no operation, but a
 * suspended one for the one that brings it back, which is nobody's but the region's isolator. A
 * launch that a switch was made for begins before the next switch (take_region), and waits for the
 * present one alone; so two queues whose launches bring their images along both get on.
 */
static enum region_pick pick_active(const struct region_op *op)
{
	const struct region *region = region_of(op);
	const uint32_t active = region->mine[op->function].active;

	if (active == REGION_NONE || region_pinned(op->unit, region, active) ||
	    (op->what.slot != ROAD_REGION_SLOT_ANY &&
	     op->what.slot != region_own_slot(op->unit, active)))
		return PICK_BUSY;
	return region->slots[active].held ? PICK_WAIT : PICK_FOUND;
}

static enum region_outcome fit_missing(struct region_op *op)
{
	const bool in_place = op->slot == REGION_NONE;
	const enum region_pick pick = in_place ? pick_active(op) : PICK_FOUND;

	if (pick == PICK_WAIT)
		return OUTCOME_WAIT;
	if (pick == PICK_BUSY)
		return busy(op, ROAD_REGION_BUSY_SLOTS, op->what.slot);
	if (in_place)
		op->slot = region_of(op)->mine[op->function].active;
	op->in_place = in_place;
	op->plan = in_place ? tail_in_place : tail_stage;
	hold(op, op->slot);
	count_use(op, false);
	return OUTCOME_OK;
}

/* To what is active already nothing needs to be switched: the first launch brings it back where
 * another function's work pushed it out. */
bool region_is_hit(const struct region_op *op)
{
	const struct region *region = region_of(op);

	return region_active_of(region, op->function) == op->target &&
	       (!op->back || region_is_here(region, op->function));
}

/* But who else is switching decides what is active. */
static enum region_outcome fit_hit(struct region_op *op)
{
	if (!region_is_hit(op))
		return OUTCOME_OK;
	if (switcher_of(op))
		return OUTCOME_WAIT;
	op->report.flags |= RESULT_HIT;
	if (op->queue != REGION_NONE)
		op->unit->queues[op->queue].current = op->target;
	if (op->slot != REGION_NONE)
		op->report.slot = region_own_slot(op->unit, op->slot);
	return OUTCOME_DONE;
}

static enum region_outcome fit_switch(struct region_op *op)
{
	struct region *region = region_of(op);
	enum region_outcome outcome;

	op->target = op->what.config;
	if (op->what.verb == ROAD_REGION_VERB_ACTIVATE && region_is_hit(op)) {
		op->slot = region->mine[op->function].active;
		outcome = fit_hit(op);
		if (outcome == OUTCOME_DONE)
			count_use(op, true);
		return outcome;
	}
	if (loses_memory(op))
		return busy(op, ROAD_REGION_BUSY_MEMORY, 0);
	outcome = find_slot(op);
	if (outcome == OUTCOME_DONE)
		return fit_missing(op);
	op->plan = tail_switch;
	return outcome;
}

/* It gave its place to what is active now: it takes it again. */
static enum region_outcome fit_kept(struct region_op *op)
{
	struct region *region = region_of(op);
	const struct region_mine *mine = &region->mine[op->function];

	if (!mine->kept || mine->kept_config != op->target)
		return not_resident(op, op->target);
	if (loses_memory(op))
		return busy(op, ROAD_REGION_BUSY_MEMORY, 0);
	if (region->loader)
		return OUTCOME_WAIT;
	free(op->content); /* another one may have been kept since it was looked at last */
	op->content = region_content_copy(mine->kept, op->unit->setup.kind);
	if (!op->content)
		return region_op_fail(op, ROAD_REGION_ERROR_HARDWARE, 0, 0);
	region_image_relocate(op->content, region);
	op->what.config = op->target;
	switch (region_pick_slot(op->unit, region, op->function, ROAD_REGION_SLOT_ANY, &op->slot)) {
	case PICK_WAIT: return OUTCOME_WAIT;
	default: return fit_missing(op);
	}
}

static enum region_outcome fit_rollback(struct region_op *op)
{
	struct region *region = region_of(op);
	const uint64_t targets[] = {
		[TARGET_PREVIOUS] = region->mine[op->function].previous,
		[TARGET_SAFE] = region->mine[op->function].safe,
		[TARGET_INITIAL] = 0,
	};
	enum region_outcome outcome;
	uint32_t slot;

	op->target = targets[op->what.target];
	if (!op->target && op->what.target != TARGET_INITIAL)
		return region_op_fail(op, ROAD_REGION_ERROR_NONE_SUCH, op->what.target, 0);
	slot = region_resident(op->unit, region, op->function, op->target);
	if (op->target && slot == REGION_NONE)
		return fit_kept(op);
	if (slot != REGION_NONE && region->slots[slot].state == SLOT_LOADING)
		return OUTCOME_WAIT;
	outcome = fit_hit(op);
	if (outcome != OUTCOME_OK)
		return outcome;
	if (loses_memory(op))
		return busy(op, ROAD_REGION_BUSY_MEMORY, 0);
	if (slot != REGION_NONE)
		hold(op, slot);
	op->plan = tail_switch;
	return OUTCOME_OK;
}

static enum region_outcome fit_reset(struct region_op *op)
{
	op->plan = tail_switch;
	return loses_memory(op) ? busy(op, ROAD_REGION_BUSY_MEMORY, 0) : OUTCOME_OK;
}

/* A resident image that is there as a whole. */
static enum region_outcome find_ready(struct region_op *op)
{
	struct region *region = region_of(op);

	op->slot = region_resident(op->unit, region, op->function, op->what.config);
	if (op->slot == REGION_NONE)
		return not_resident(op, op->what.config);
	if (region->slots[op->slot].state == SLOT_LOADING)
		return OUTCOME_WAIT;
	op->report.slot = region_own_slot(op->unit, op->slot);
	return OUTCOME_OK;
}

static enum region_outcome fit_small(struct region_op *op)
{
	struct region *region = region_of(op);
	enum region_outcome outcome = find_ready(op);

	if (outcome != OUTCOME_OK)
		return outcome;
	struct region_slot *slot = &region->slots[op->slot];

	switch (op->what.verb) {
	case ROAD_REGION_VERB_PIN: slot->pins++; break;
	case ROAD_REGION_VERB_UNPIN:
		if (!slot->pins)
			return region_op_fail(op, ROAD_REGION_ERROR_NONE_SUCH,
					      region_own_slot(op->unit, op->slot), 0);
		slot->pins--;
		break;
	default: /* EVICT */
		if (!region_evict(op->unit, region, op->slot))
			return busy(op, ROAD_REGION_BUSY_SLOT, region_own_slot(op->unit, op->slot));
		break;
	}
	region_retry(op->unit); /* for loads that wait for a slot */
	return OUTCOME_DONE;
}

static enum region_outcome fit_read_back(struct region_op *op)
{
	enum region_outcome outcome = find_ready(op);

	if (outcome != OUTCOME_OK)
		return outcome;
	const struct region_content *content = region_of(op)->slots[op->slot].content;

	if (!content)
		return OUTCOME_WAIT;
	if (op->what.buffer_bytes < content->bytes)
		return region_op_refuse(
			op, ROAD_REGION_ERROR_OP, 0,
			(struct region_finding){true, offsetof(struct road_region_op, buffer_bytes),
						op->what.buffer_bytes, ROAD_REGION_RULE_AT_LEAST,
						content->bytes});
	hold(op, op->slot);
	op->plan = tail_read;
	return OUTCOME_OK;
}

enum region_outcome region_fit(struct region_op *op)
{
	static enum region_outcome (*const verbs[ROAD_REGION_VERBS])(struct region_op *) = {
		[ROAD_REGION_VERB_LOAD] = fit_load,
		[ROAD_REGION_VERB_PREFETCH] = fit_load,
		[ROAD_REGION_VERB_PIN] = fit_small,
		[ROAD_REGION_VERB_UNPIN] = fit_small,
		[ROAD_REGION_VERB_EVICT] = fit_small,
		[ROAD_REGION_VERB_ACTIVATE] = fit_switch,
		[ROAD_REGION_VERB_SWAP] = fit_switch,
		[ROAD_REGION_VERB_RESTORE] = fit_switch,
		[ROAD_REGION_VERB_READ_BACK] = fit_read_back,
		[ROAD_REGION_VERB_ROLLBACK] = fit_rollback,
		[ROAD_REGION_VERB_RESET] = fit_reset,
	};

	const struct region_op *switcher = switcher_of(op);

	if (region_of(op)->usable_ps > sim_now(op->unit->setup.env) ||
	    (switcher && switcher->what.verb == ROAD_REGION_VERB_RESET && !op->returns))
		return OUTCOME_WAIT;
	return verbs[op->what.verb](op);
}
