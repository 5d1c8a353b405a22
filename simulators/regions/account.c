/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted: time without work for want of a configuration, and faults. */
#include <string.h>

#include "simulators/regions/internal.h"

/* Units stand idle for a configuration while nothing runs and a queue waits for an op. */
void region_account(struct region_unit *unit, struct region *region)
{
	bool idle = !region->running && region->foreground;
	uint64_t now = sim_now(unit->setup.env);

	if (idle == (region->idle_ps != REGION_NO_TIME))
		return;
	if (!idle)
		region->counters[ROAD_REGION_COUNT_IDLE_PS] += now - region->idle_ps;
	region->idle_ps = idle ? now : REGION_NO_TIME;
}

bool region_count_fault(struct region_unit *unit, struct region *region)
{
	uint64_t now = sim_now(unit->setup.env);
	uint64_t first = region->fault_ps[0];

	region->counters[ROAD_REGION_COUNT_FAULTS]++;
	memmove(region->fault_ps, region->fault_ps + 1,
		sizeof(region->fault_ps) - sizeof(region->fault_ps[0]));
	region->fault_ps[REGION_FAULTS_MAX - 1] = now;
	first = region->fault_ps[0];
	return first != REGION_NO_TIME && now - first <= REGION_FAULT_WINDOW;
}

void region_settle_quarantine(struct region_unit *unit, struct region *region)
{
	if (region->quarantined && !region->running && region->active != REGION_NONE &&
	    !region->isolator)
		region_switch(unit, region, REGION_NONE);
}

void region_quarantine(struct region_unit *unit, struct region *region)
{
	if (region->quarantined)
		return;
	region->quarantined = true;
	if (region->running)
		sim_schedule(unit->setup.env, &region->abort, sim_now(unit->setup.env));
	region_settle_quarantine(unit, region);
	region_retry(unit);
}
