/* SPDX-License-Identifier: Apache-2.0 */
/* Units of an SM and its sub-cores: until when they take nothing, and how long they did not. */
#ifndef SIMULATORS_GPU_SM_UNITS_H
#define SIMULATORS_GPU_SM_UNITS_H

#include "simulators/gpu/timing_internal.h"

static inline struct gpu_unit *unit_of(struct gpu_sm *sm, struct gpu_subcore *sc, unsigned unit)
{
	return unit == ROAD_GPU_UNIT_LDST ? &sm->ldst : &sc->unit[unit];
}

/* Cycles before `cycle` in which the unit could take nothing, the cycles of issue not counted. */
static inline uint64_t unit_busy(const struct gpu_unit *unit, uint64_t cycle)
{
	if (unit->free <= cycle)
		return unit->busy;
	return unit->busy - (unit->free - later(cycle, unit->from));
}

static inline void unit_take(struct gpu_unit *unit, uint64_t cycle, uint64_t cycles)
{
	unit->from = cycle + 1;
	unit->free = cycle + cycles;
	unit->busy += cycles - 1;
}

static inline void unit_hold(struct gpu_unit *unit, uint64_t cycle, uint64_t until)
{
	if (unit->free < cycle) {
		unit->from = cycle;
		unit->free = cycle;
	}
	if (until > unit->free) {
		unit->busy += until - unit->free;
		unit->free = until;
	}
}

#endif
