/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port or bus that moves one thing at a time: busy until a time. Memory models count time in
 * ticks, so that rates that are no whole bytes a cycle stay exact enough; durations round up, so
 * that no model beats its own bandwidth.
 */
#ifndef SIMULATORS_MEMORY_LINK_H
#define SIMULATORS_MEMORY_LINK_H

#include <stdint.h>

#define ROAD_TICKS UINT64_C(1024) /* of a cycle */

struct road_link {
	uint64_t free; /* ticks */
	uint64_t busy; /* ticks in all */
};

static inline uint64_t road_ticks_of_cycles(uint64_t cycles)
{
	return cycles * ROAD_TICKS;
}

static inline uint64_t road_cycles_of_ticks(uint64_t ticks) /* rounded up */
{
	return (ticks + ROAD_TICKS - 1) / ROAD_TICKS;
}

/* Ticks for `bytes` at `rate` bytes a cycle. */
static inline uint64_t road_link_ticks(uint64_t bytes, uint32_t rate)
{
	return (bytes * ROAD_TICKS + rate - 1) / rate;
}

/* Takes the link at `arrival` or when it is free; returns when the last byte is through. */
static inline uint64_t road_link_take(struct road_link *link, uint64_t arrival, uint64_t ticks)
{
	uint64_t start = arrival > link->free ? arrival : link->free;

	link->free = start + ticks;
	link->busy += ticks;
	return link->free;
}

#endif
