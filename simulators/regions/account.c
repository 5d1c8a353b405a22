/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted: time without work for want of a configuration, and faults. */
#include <string.h>

#include "simulators/regions/internal.h"

void region_count(struct region *region, uint32_t function, enum road_region_counter counter,
		  uint64_t more)
{
	if (function != REGION_NONE)
		region->mine[function].counters[counter] += more;
	region->counters[counter] += more;
}

/* *since: NO_TIME while it is not idle; counter: of whole spans. */
static void account(bool idle, uint64_t now, uint64_t *since, uint64_t *counter)
{
	if (idle == (*since != REGION_NO_TIME))
		return;
	if (!idle)
		*counter += now - *since;
	*since = idle ? now : REGION_NO_TIME;
}

/* Units stand idle for a configuration while nothing runs and a queue waits for an op. */
void region_account(struct region_unit *unit, struct region *region)
{
	const uint64_t now = sim_now(unit->setup.env);
	bool any = false;

	for (uint32_t f = 0; f < unit->setup.functions; f++) {
		struct region_mine *mine = &region->mine[f];
		const bool idle = !region->running && !mine->running && mine->foreground;

		account(idle, now, &mine->idle_ps, &mine->counters[ROAD_REGION_COUNT_IDLE_PS]);
		any |= idle;
	}
	account(any, now, &region->idle_ps, &region->counters[ROAD_REGION_COUNT_IDLE_PS]);
}

bool region_count_fault(struct region_unit *unit, struct region *region, uint32_t function)
{
	uint64_t *fault_ps = region->mine[function].fault_ps;
	uint64_t now = sim_now(unit->setup.env);

	region_count(region, function, ROAD_REGION_COUNT_FAULTS, 1);
	memmove(fault_ps, fault_ps + 1, (REGION_FAULTS_MAX - 1) * sizeof(*fault_ps));
	fault_ps[REGION_FAULTS_MAX - 1] = now;
	return fault_ps[0] != REGION_NO_TIME && now - fault_ps[0] <= REGION_FAULT_WINDOW;
}

void region_settle_quarantine(struct region_unit *unit, struct region *region)
{
	if (region->isolator)
		return;
	for (uint32_t f = 0; f < unit->setup.functions; f++) {
		const struct region_mine *mine = &region->mine[f];

		if (!mine->quarantined || mine->running || mine->isolator ||
		    mine->active == REGION_NONE)
			continue;
		if (region_is_here(region, f))
			region_switch(unit, region, REGION_NONE);
		region_set_active(region, f, REGION_NONE);
	}
}

void region_quarantine(struct region_unit *unit, struct region *region, uint32_t function)
{
	struct region_mine *mine = &region->mine[function];

	if (mine->quarantined)
		return;
	mine->quarantined = true;
	if (mine->running)
		sim_schedule(unit->setup.env, &mine->abort, sim_now(unit->setup.env));
	region_settle_quarantine(unit, region);
	region_retry(unit);
}
