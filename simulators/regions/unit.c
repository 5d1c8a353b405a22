/* SPDX-License-Identifier: Apache-2.0 */
/* The unit as a whole: regions that come and go, queues that open in them, the tests' back door. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/regions/internal.h"

struct region *region_find(struct region_unit *unit, uint32_t index)
{
	if (index >= ROAD_REGION_NUMBERS || !unit->regions[index].present)
		return NULL;
	return &unit->regions[index];
}

void region_retry(struct region_unit *unit)
{
	if (!unit->retry.slot)
		sim_schedule(unit->setup.env, &unit->retry, sim_now(unit->setup.env));
}

static void run_retry(void *arg)
{
	struct region_unit *unit = arg;

	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		if (!unit->regions[i].present)
			continue;
		region_share_resume(unit, &unit->regions[i]);
		region_ops_wake(unit, &unit->regions[i]);
	}
	unit->setup.chip->retry(unit->setup.arg);
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			region_share_return(unit, &unit->regions[i]);
}

/* ---- regions ---- */

static void again(void *arg)
{
	region_retry(arg);
}

static void abort_running(void *arg)
{
	struct region_mine *mine = arg;
	struct region *region = mine->region;
	struct region_unit *unit = region->again.arg;

	if (mine->running)
		unit->setup.chip->drain(unit->setup.arg, (uint32_t)(mine - region->mine),
					region->index, DRAIN_ABORT);
}

/* As a function finds the region that it never used. */
static void make_mine(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_mine *mine = &region->mine[function];

	*mine = (struct region_mine){
		.region = region,
		.active = REGION_NONE,
		.generation = unit->generation,
		.idle_ps = REGION_NO_TIME,
		.abort = {.run = abort_running, .arg = mine},
	};
	for (uint32_t i = 0; i < REGION_FAULTS_MAX; i++)
		mine->fault_ps[i] = REGION_NO_TIME;
}

void region_make(struct region_unit *unit, uint32_t index, const struct region_part *part)
{
	struct region *region = &unit->regions[index];
	struct region_slot *slots = region->slots;
	struct region_mine *mine = region->mine;

	*region = (struct region){
		.present = true,
		.index = index,
		.first_unit = part->first_unit,
		.units = part->units,
		.memory_bytes = part->memory_bytes,
		.slots = slots,
		.mine = mine,
		.active = REGION_NONE,
		.owed = REGION_NONE,
		.idle_ps = REGION_NO_TIME,
		.again = {.run = again, .arg = unit},
		.slice = {.run = region_share_over, .arg = region},
	};
	unit->generation++;
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		make_mine(unit, region, f);
	snprintf(region->lane_load, sizeof(region->lane_load), "region %u load", index);
	snprintf(region->lane_switch, sizeof(region->lane_switch), "region %u switch", index);
	snprintf(region->lane_stall, sizeof(region->lane_stall), "region %u stall", index);
	region_wipe(unit, region);
}

void region_unmake(struct region_unit *unit, uint32_t index)
{
	struct region *region = &unit->regions[index];

	region_ops_end(unit, region, REGION_NONE);
	sim_cancel(unit->setup.env, &region->again);
	sim_cancel(unit->setup.env, &region->slice);
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		sim_cancel(unit->setup.env, &region->mine[f].abort);
	region_wipe(unit, region);
	region->present = false;
}

static void forget_images(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_mine *mine = &region->mine[function];
	const uint32_t first = function * unit->setup.slots;

	if (region->active != REGION_NONE &&
	    region_slot_function(unit, region->active) == function) {
		unit->setup.chip->activate(unit->setup.arg, region->index, NULL);
		region->active = REGION_NONE;
	}
	mine->active = REGION_NONE;
	mine->previous = mine->safe = 0;
	free(mine->kept);
	mine->kept = NULL;
	for (uint32_t i = first; i < first + unit->setup.slots; i++)
		region_slot_clear(region, i, SLOT_EMPTY);
}

void region_wipe(struct region_unit *unit, struct region *region)
{
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		forget_images(unit, region, f);
	unit->setup.chip->wipe(unit->setup.arg, REGION_NONE, region->index);
}

void region_wipe_of(struct region_unit *unit, struct region *region, uint32_t function)
{
	forget_images(unit, region, function);
	unit->setup.chip->wipe(unit->setup.arg, function, region->index);
}

/* ---- life ---- */

static bool make_slots(struct region_unit *unit)
{
	const uint32_t functions = unit->setup.functions;

	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		struct region *region = &unit->regions[i];

		region->active = REGION_NONE;
		region->slots =
			calloc((size_t)functions * unit->setup.slots, sizeof(struct region_slot));
		region->mine = calloc(functions, sizeof(struct region_mine));
		if (!region->slots || !region->mine)
			return false;
	}
	return true;
}

static void start(struct region_unit *unit)
{
	const struct region_part whole = {.units = unit->setup.units};

	for (uint32_t i = 0; i < unit->setup.queues; i++)
		unit->queues[i] = (struct region_queue){.waits_ps = REGION_NO_TIME};
	region_make(unit, 0, &whole);
	for (uint32_t f = 0; f < unit->setup.functions; f++)
		unit->windows[f] = (struct region_window){.select = 0};
	unit->pending = false;
}

struct region_unit *region_unit_create(const struct region_setup *setup)
{
	struct region_unit *unit = calloc(1, sizeof(*unit));

	if (!unit)
		return NULL;
	unit->setup = *setup;
	if (!setup->functions)
		unit->setup.functions = 1;
	unit->retry = (struct sim_event){.run = run_retry, .arg = unit};
	unit->queues = calloc(setup->queues, sizeof(*unit->queues));
	unit->windows = calloc(unit->setup.functions, sizeof(*unit->windows));
	unit->window = unit->windows;
	if (unit->queues && unit->windows && make_slots(unit)) {
		start(unit);
		return unit;
	}
	region_unit_destroy(unit);
	return NULL;
}

static void stop(struct region_unit *unit)
{
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			region_unmake(unit, i);
	for (uint32_t i = 0; unit->queues && i < unit->setup.queues; i++)
		sim_cancel(unit->setup.env, &unit->queues[i].refusal.event);
	sim_cancel(unit->setup.env, &unit->stray.event);
	sim_cancel(unit->setup.env, &unit->retry);
}

void region_unit_reset(struct region_unit *unit)
{
	stop(unit);
	start(unit);
}

void region_unit_reset_function(struct region_unit *unit, uint32_t function)
{
	for (uint32_t i = 0; i < unit->setup.queues; i++)
		if (unit->queues[i].open && unit->queues[i].function == function)
			region_unit_queue_close(unit, i);
	unit->generation++;
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		struct region *region = &unit->regions[i];

		if (!region->present)
			continue;
		region_ops_end(unit, region, function);
		region_wipe_of(unit, region, function);
		sim_cancel(unit->setup.env, &region->mine[function].abort);
		make_mine(unit, region, function);
	}
	unit->windows[function] = (struct region_window){.select = 0};
	region_retry(unit);
}

void region_unit_costs(struct region_unit *unit, const struct region_costs *costs)
{
	unit->setup.costs = *costs;
}

void region_unit_destroy(struct region_unit *unit)
{
	if (!unit)
		return;
	stop(unit);
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++) {
		free(unit->regions[i].slots);
		free(unit->regions[i].mine);
	}
	free(unit->queues);
	free(unit->windows);
	free(unit);
}

/* ---- queues ---- */

/* Whoever had the region before leaves nothing in it for another one. */
static void take_over(struct region_unit *unit, struct region *region, uint32_t function,
		      uint64_t owner)
{
	struct region_mine *mine = &region->mine[function];
	bool other = mine->owned && mine->owner != owner;

	if (!mine->open && (other || mine->mixed)) {
		region_ops_end(unit, region, function);
		region_wipe_of(unit, region, function);
		mine->mixed = false;
	}
	mine->mixed |= mine->open && other;
	mine->owned = true;
	mine->owner = owner;
}

enum road_region_error region_unit_queue_open(struct region_unit *unit, uint32_t queue,
					      uint32_t function, uint32_t index, uint64_t owner)
{
	struct region *region = region_find(unit, index);

	if (!region || queue >= unit->setup.queues || function >= unit->setup.functions)
		return ROAD_REGION_ERROR_STALE;
	if (region->children)
		return ROAD_REGION_ERROR_BUSY;
	region_unit_queue_close(unit, queue);
	take_over(unit, region, function, owner);
	region->open++;
	region->mine[function].open++;
	unit->queues[queue] = (struct region_queue){
		.open = true,
		.region = index,
		.function = function,
		.generation = region->mine[function].generation,
		.current = region_active_of(region, function),
		.waits_ps = REGION_NO_TIME,
	};
	return ROAD_REGION_ERROR_NONE;
}

void region_unit_queue_drop(struct region_unit *unit, uint32_t queue)
{
	struct region_queue *at = &unit->queues[queue];
	struct region *region;

	if (queue >= unit->setup.queues)
		return;
	sim_cancel(unit->setup.env, &at->refusal.event);
	if (!at->open)
		return;
	region = &unit->regions[at->region];
	region_ops_drop(unit, region, queue);
	if (region->owed == queue)
		region->owed = REGION_NONE;
	at->waits_ps = REGION_NO_TIME;
	at->bids = false;
	at->activating = false;
	at->error = ROAD_REGION_ERROR_NONE;
	region_account(unit, region);
	region_retry(unit);
}

void region_unit_owner_gone(struct region_unit *unit, uint64_t owner)
{
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		for (uint32_t f = 0; f < unit->setup.functions; f++) {
			struct region_mine *mine = &unit->regions[i].mine[f];

			if (mine->owned && mine->owner == owner)
				mine->owner = REGION_NO_OWNER;
		}
}

void region_unit_queue_close(struct region_unit *unit, uint32_t queue)
{
	region_unit_queue_drop(unit, queue);
	if (queue >= unit->setup.queues || !unit->queues[queue].open)
		return;
	struct region *region = &unit->regions[unit->queues[queue].region];

	unit->queues[queue].open = false;
	region->open--;
	region->mine[unit->queues[queue].function].open--;
}

uint32_t region_unit_of_queue(const struct region_unit *unit, uint32_t queue)
{
	return queue < unit->setup.queues && unit->queues[queue].open ? unit->queues[queue].region
								      : REGION_NONE;
}

static const struct region *look(const struct region_unit *unit, uint32_t index)
{
	return index < ROAD_REGION_NUMBERS && unit->regions[index].present ? &unit->regions[index]
									   : NULL;
}

uint64_t region_unit_generation(const struct region_unit *unit, uint32_t function, uint32_t index)
{
	const struct region *region = look(unit, index);

	return region ? region->mine[function].generation : 0;
}

bool region_unit_bounds(const struct region_unit *unit, uint32_t index, uint32_t *first_unit,
			uint32_t *units)
{
	const struct region *region = look(unit, index);

	*first_unit = region ? region->first_unit : 0;
	*units = region ? region->units : 0;
	return region != NULL;
}

uint32_t region_unit_running(const struct region_unit *unit, uint32_t index)
{
	const struct region *region = look(unit, index);

	return region ? region->running : 0;
}

uint64_t region_unit_memory(const struct region_unit *unit, uint32_t index)
{
	const struct region *region = look(unit, index);

	return region ? region->memory_bytes : 0;
}

const struct region_image *region_unit_active(const struct region_unit *unit, uint32_t index)
{
	const struct region *region = look(unit, index);

	if (!region || region->active == REGION_NONE || !region->slots[region->active].content)
		return NULL;
	return &region->slots[region->active].content->image;
}

uint64_t region_unit_count(const struct region_unit *unit, enum road_region_counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		if (unit->regions[i].present)
			sum += unit->regions[i].counters[counter];
	return sum;
}

/* ---- what tests ask for ---- */

bool region_unit_phase_fail(struct region_unit *unit, uint32_t function, uint32_t index,
			    uint32_t phase, uint32_t times)
{
	struct region *region = region_find(unit, index);

	if (!region || phase == PHASE_NONE || phase >= REGION_PHASES)
		return false;
	region->mine[function].fail[phase] = times;
	return true;
}

void region_unit_fault(struct region_unit *unit, uint32_t function, uint32_t index)
{
	struct region *region = region_find(unit, index);

	if (region && region_count_fault(unit, region, function))
		region_quarantine(unit, region, function);
}
