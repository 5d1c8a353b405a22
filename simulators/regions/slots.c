/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: what is resident, what is pinned, which one a load takes. */
#include <stdlib.h>

#include "simulators/regions/internal.h"

uint32_t region_slot_function(const struct region_unit *unit, uint32_t slot)
{
	return slot / unit->setup.slots;
}

uint32_t region_own_slot(const struct region_unit *unit, uint32_t slot)
{
	return slot % unit->setup.slots;
}

uint64_t region_active_of(const struct region *region, uint32_t function)
{
	const uint32_t slot = region->mine[function].active;

	return slot == REGION_NONE ? 0 : region->slots[slot].config;
}

bool region_is_here(const struct region *region, uint32_t function)
{
	return region->active == region->mine[function].active;
}

uint32_t region_resident(const struct region_unit *unit, const struct region *region,
			 uint32_t function, uint64_t config)
{
	const uint32_t first = function * unit->setup.slots;

	for (uint32_t i = first; config && i < first + unit->setup.slots; i++) {
		uint32_t state = region->slots[i].state;

		if (region->slots[i].config == config && state != SLOT_EMPTY && state != SLOT_FAULT)
			return i;
	}
	return REGION_NONE;
}

void region_touch(struct region_unit *unit, struct region *region, uint32_t slot)
{
	region->slots[slot].used = ++unit->tick;
}

/* The safe image is pinned without being counted. */
bool region_pinned(const struct region_unit *unit, const struct region *region, uint32_t slot)
{
	const struct region_slot *at = &region->slots[slot];
	const uint64_t safe = region->mine[region_slot_function(unit, slot)].safe;

	return at->pins || (safe && at->config == safe);
}

void region_slot_clear(struct region *region, uint32_t slot, enum region_slot_state state)
{
	struct region_slot *at = &region->slots[slot];

	free(at->content);
	*at = (struct region_slot){.state = (uint8_t)state, .held = at->held};
}

bool region_evict(struct region_unit *unit, struct region *region, uint32_t slot)
{
	const struct region_slot *at = &region->slots[slot];

	if (at->state != SLOT_READY || at->held || region_pinned(unit, region, slot) ||
	    region_comes_back(unit, region, slot))
		return false;
	region_slot_clear(region, slot, SLOT_EMPTY);
	region_count(region, region_slot_function(unit, slot), ROAD_REGION_COUNT_EVICTIONS, 1);
	region_retry(unit); /* for loads that wait for a slot */
	return true;
}

bool region_comes_back(const struct region_unit *unit, const struct region *region, uint32_t slot)
{
	const struct region_op *own = region->mine[region_slot_function(unit, slot)].isolator;
	const struct region_op *switching = region->isolator;

	return (own && own->own == slot) ||
	       (switching && (switching->from == slot || switching->own == slot));
}

/* For its function, or just now. */
static bool is_active(const struct region_unit *unit, const struct region *region, uint32_t slot)
{
	return region->active == slot ||
	       region->mine[region_slot_function(unit, slot)].active == slot;
}

static enum region_pick judge(const struct region_unit *unit, const struct region *region,
			      uint32_t slot)
{
	const struct region_slot *at = &region->slots[slot];

	if (region_comes_back(unit, region, slot))
		return PICK_WAIT;
	if (is_active(unit, region, slot) || region_pinned(unit, region, slot))
		return PICK_BUSY;
	if (at->state == SLOT_LOADING || at->held)
		return PICK_WAIT;
	return PICK_FOUND;
}

/* Empty ones first, then the one that was used longest ago. */
static bool is_better(const struct region_slot *at, const struct region_slot *best)
{
	bool empty = at->state != SLOT_READY, best_empty = best->state != SLOT_READY;

	if (empty != best_empty)
		return empty;
	return !empty && at->used < best->used;
}

enum region_pick region_pick_slot(const struct region_unit *unit, const struct region *region,
				  uint32_t function, uint32_t wish, uint32_t *out)
{
	const uint32_t first = function * unit->setup.slots;
	enum region_pick pick = PICK_BUSY;

	*out = REGION_NONE;
	for (uint32_t i = first; i < first + unit->setup.slots; i++) {
		enum region_pick one;

		if (wish != ROAD_REGION_SLOT_ANY && first + wish != i)
			continue;
		one = judge(unit, region, i);
		if (one == PICK_WAIT && pick == PICK_BUSY)
			pick = PICK_WAIT;
		if (one != PICK_FOUND)
			continue;
		if (pick != PICK_FOUND || is_better(&region->slots[i], &region->slots[*out]))
			*out = i;
		pick = PICK_FOUND;
	}
	return pick;
}
