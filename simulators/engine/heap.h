/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of events: a 4-ary heap by (time, order). Behind this interface so that a timing wheel
 * can take its place where hundreds of events are pending.
 */
#ifndef SIMULATORS_ENGINE_HEAP_H
#define SIMULATORS_ENGINE_HEAP_H

#include <roadbed-sim/model.h>

struct sim_heap {
	struct sim_event **slots;
	uint32_t count, room;
	uint64_t next_order;
	uint32_t foreground; /* events that keep the engine awake */
};

/* Room for `events` at least; false: no memory. Scheduling never fails after that. */
bool sim_heap_reserve(struct sim_heap *heap, uint32_t events);
void sim_heap_free(struct sim_heap *heap);
/* Inserts, or moves an event that is queued. false: no memory, nothing changed. */
bool sim_heap_put(struct sim_heap *heap, struct sim_event *event, uint64_t time_ps);
void sim_heap_remove(struct sim_heap *heap, struct sim_event *event);
/* The earliest, still queued; NULL: none. */
struct sim_event *sim_heap_first(const struct sim_heap *heap);

#endif
