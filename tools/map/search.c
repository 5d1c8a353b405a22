/* SPDX-License-Identifier: Apache-2.0 */
/* The search's rounds: what has no place gets one, what is in a conflict gets another. */
#include "tools/map/search.h"

#include <stdlib.h>

#include "tools/map/bounds.h"

#define PRESSURE_FIRST 20u
#define PRESSURE_MOST  400u
#define HISTORY_STEP   3u
#define HISTORY_ROUNDS 16u /* placings between two lessons */

uint32_t map_random(struct map_search *search, uint32_t below)
{
	/* xorshift64*: the same on every machine. */
	search->random ^= search->random >> 12;
	search->random ^= search->random << 25;
	search->random ^= search->random >> 27;
	return (uint32_t)((search->random * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

static void list_edges(struct map_search *search)
{
	for (unsigned n = 0; n < search->graph->node_count; n++)
		for (unsigned i = 0; i < MAP_OPERANDS; i++) {
			const struct map_operand *operand = &search->graph->nodes[n].operands[i];
			struct map_edge *edge = &search->edges[search->edge_count];

			if (operand->kind != MAP_VALUE)
				continue;
			edge->from = operand->index;
			edge->to = n;
			edge->operand = i;
			edge->distance = operand->distance;
			search->edge_count++;
		}
}

static void find_neighbours(struct map_search *search)
{
	for (unsigned e = 0; e < search->elements; e++)
		for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
			int neighbour = map_fabric_neighbour(search->fabric, e, side);
			unsigned back = MAP_CELL_LINK + (side + 2) % ROAD_RPU_SIDES;

			search->incoming[e][side] =
				neighbour < 0 ? -1 : (int32_t)map_node((unsigned)neighbour, back);
		}
}

struct map_search *map_search_new(const struct map_graph *graph, const struct map_fabric *fabric,
				  unsigned interval, unsigned slack, uint64_t seed)
{
	struct map_search *search = calloc(1, sizeof(*search));
	bool whole;

	if (!search)
		return NULL;
	search->graph = graph;
	search->fabric = fabric;
	search->interval = interval;
	search->slack = slack;
	search->elements = map_fabric_elements(fabric);
	search->nodes = search->elements * MAP_CELLS;
	search->random = (seed + 1) * 0x9e3779b97f4a7c15ULL;
	search->pressure = PRESSURE_FIRST;
	search->slots = calloc((size_t)search->nodes * interval, sizeof(*search->slots));
	search->edges =
		calloc(MAP_OPERANDS * (size_t)graph->node_count + 1, sizeof(*search->edges));
	whole = search->slots && search->edges;
	for (unsigned i = 0; i < MAP_OPERANDS + 1; i++) {
		size_t cells = (size_t)search->nodes * MAP_LAYERS;

		search->floods[i].cost = malloc(cells * sizeof(uint32_t));
		search->floods[i].before = malloc(cells * sizeof(int32_t));
		whole = whole && search->floods[i].cost && search->floods[i].before;
	}
	if (!whole) {
		map_search_free(search);
		return NULL;
	}
	list_edges(search);
	find_neighbours(search);
	map_interval_fits(graph, fabric, true, interval, search->heights);
	return search;
}

void map_search_free(struct map_search *search)
{
	if (!search)
		return;
	for (unsigned i = 0; i < MAP_OPERANDS + 1; i++) {
		free(search->floods[i].cost);
		free(search->floods[i].before);
	}
	free(search->slots);
	free(search->edges);
	free(search);
}

/* The one from which the longest way leads to the end; chance breaks ties. */
static int next_unplaced(struct map_search *search)
{
	uint32_t best = 0;
	int found = -1;

	for (unsigned n = 0; n < search->graph->node_count; n++) {
		uint32_t worth = search->heights[n] * 4 + 1;

		if (search->places[n].placed)
			continue;
		worth += map_random(search, 4);
		if (worth > best) {
			best = worth;
			found = (int)n;
		}
	}
	return found;
}

/* One of those that share a cell, by chance; -1: none does. */
static int next_crowded(struct map_search *search)
{
	uint32_t seen = 0;
	int found = -1;

#define OFFER(node)                              \
	do {                                     \
		if (!map_random(search, ++seen)) \
			found = (int)(node);     \
	} while (0)
	for (unsigned n = 0; n < search->graph->node_count; n++)
		if (map_own_crowded(search, n))
			OFFER(n);
	for (unsigned i = 0; i < search->edge_count; i++)
		if (map_edge_crowded(search, &search->edges[i])) {
			OFFER(search->edges[i].from);
			OFFER(search->edges[i].to);
		}
#undef OFFER
	return found;
}

/* Cells that are in demand get dearer for good. */
static void learn(struct map_search *search)
{
	for (size_t i = 0; i < (size_t)search->nodes * search->interval; i++)
		if (search->slots[i].count > 1)
			search->slots[i].history += HISTORY_STEP;
	if (search->pressure < PRESSURE_MOST)
		search->pressure += search->pressure / 8 + 1;
}

int map_search_run(struct map_search *search, unsigned effort, unsigned *stuck)
{
	for (unsigned round = 1; round <= effort; round++) {
		int next = next_unplaced(search);

		if (next < 0)
			next = next_crowded(search);
		if (next < 0)
			return 0;
		*stuck = (unsigned)next;
		map_rip(search, (unsigned)next);
		map_place(search, (unsigned)next);
		if (round % HISTORY_ROUNDS == 0)
			learn(search);
	}
	return -1;
}
