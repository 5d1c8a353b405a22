/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/engine/heap.h"

#include <stdlib.h>

enum { ARITY = 4 };

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->time_ps < b->time_ps || (a->time_ps == b->time_ps && a->order < b->order);
}

static void place(struct sim_heap *heap, uint32_t at, struct sim_event *event)
{
	heap->slots[at] = event;
	event->slot = at + 1;
}

static void sift_up(struct sim_heap *heap, uint32_t at, struct sim_event *event)
{
	while (at) {
		uint32_t parent = (at - 1) / ARITY;

		if (!before(event, heap->slots[parent]))
			break;
		place(heap, at, heap->slots[parent]);
		at = parent;
	}
	place(heap, at, event);
}

static void sift_down(struct sim_heap *heap, uint32_t at, struct sim_event *event)
{
	for (;;) {
		uint32_t child = at * ARITY + 1, best = child;

		if (child >= heap->count)
			break;
		for (uint32_t i = child + 1; i < child + ARITY && i < heap->count; i++)
			if (before(heap->slots[i], heap->slots[best]))
				best = i;
		if (!before(heap->slots[best], event))
			break;
		place(heap, at, heap->slots[best]);
		at = best;
	}
	place(heap, at, event);
}

bool sim_heap_reserve(struct sim_heap *heap, uint32_t events)
{
	if (events <= heap->room)
		return true;
	uint32_t room = heap->room ? heap->room * 2 : 64;

	room = room < events ? events : room;
	struct sim_event **slots = realloc(heap->slots, room * sizeof(*slots));

	if (!slots)
		return false;
	heap->slots = slots;
	heap->room = room;
	return true;
}

void sim_heap_free(struct sim_heap *heap)
{
	free(heap->slots);
	*heap = (struct sim_heap){0};
}

bool sim_heap_put(struct sim_heap *heap, struct sim_event *event, uint64_t time_ps)
{
	if (event->slot)
		sim_heap_remove(heap, event);
	if (!sim_heap_reserve(heap, heap->count + 1))
		return false;
	event->time_ps = time_ps;
	event->order = heap->next_order++;
	heap->foreground += !event->background;
	sift_up(heap, heap->count++, event);
	return true;
}

void sim_heap_remove(struct sim_heap *heap, struct sim_event *event)
{
	uint32_t at = event->slot - 1;
	struct sim_event *last = heap->slots[--heap->count];

	event->slot = 0;
	heap->foreground -= !event->background;
	if (last == event)
		return;
	if (at && before(last, heap->slots[(at - 1) / ARITY]))
		sift_up(heap, at, last);
	else
		sift_down(heap, at, last);
}

struct sim_event *sim_heap_first(const struct sim_heap *heap)
{
	return heap->count ? heap->slots[0] : NULL;
}
