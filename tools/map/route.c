/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways of values. All cells take one cycle or none to reach, none ever backwards, so the cheapest
 * ways to everywhere are found cycle by cycle, from the value's begin on.
 */
#include <string.h>

#include "tools/map/search.h"

#define COST_HOLD 3u /* to stay is dear only for others */

/* The value in the flood: what relaxing needs. */
struct wave {
	struct map_search *search;
	struct map_flood *flood;
	unsigned from;
	int time;
	bool dest_free;
};

static uint32_t at(const struct wave *wave, uint32_t node, int time)
{
	return (uint32_t)(time - wave->flood->begin) * wave->search->nodes + node;
}

/* To stay on a cell: with an interval of 1 the next iteration's value is there already. */
static uint32_t hold_cost(const struct wave *wave, uint32_t cost)
{
	return wave->search->interval == 1 ? wave->search->pressure : cost;
}

/* The cheapest cell to come from, of those considered. */
struct choice {
	uint32_t cost;
	int32_t from;
};

static void consider(const struct wave *wave, struct choice *choice, uint32_t before, int time,
		     uint32_t extra)
{
	uint32_t from, cost;

	if (time < wave->flood->begin || extra == MAP_NEVER)
		return;
	from = at(wave, before, time);
	cost = wave->flood->cost[from];
	if (cost == MAP_NEVER || cost + extra >= choice->cost)
		return;
	choice->cost = cost + extra;
	choice->from = (int32_t)from;
}

/* The way to `node` at the wave's time, from what was chosen; what the value has costs nothing. */
static void settle(const struct wave *wave, uint32_t node, const struct choice *choice)
{
	uint32_t to, cost;

	if (choice->cost == MAP_NEVER)
		return;
	to = at(wave, node, wave->time);
	if (!wave->flood->cost[to])
		return;
	cost = map_claim_cost(wave->search, node, wave->time,
			      map_value_key(wave->from, wave->time));
	if (cost == MAP_NEVER)
		return;
	wave->flood->cost[to] = cost + choice->cost;
	wave->flood->before[to] = choice->from;
}

/* What a link or the move can pass on that was there a cycle ago. */
static struct choice passed(const struct wave *wave, unsigned element)
{
	struct choice choice = {MAP_NEVER, -1};

	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
		int32_t link = wave->search->incoming[element][side];

		if (link >= 0)
			consider(wave, &choice, (uint32_t)link, wave->time - 1, 0);
	}
	for (unsigned port = 0; port < 2; port++)
		consider(wave, &choice, map_node(element, MAP_CELL_PORT + port), wave->time - 1, 0);
	return choice;
}

static void links(const struct wave *wave, unsigned element, const struct choice *from_before)
{
	struct choice all = *from_before;

	consider(wave, &all, map_node(element, MAP_CELL_SELF), wave->time, 0);
	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
		uint32_t node = map_node(element, MAP_CELL_LINK + side);
		struct choice choice = all;

		if (wave->search->incoming[element][side] < 0)
			continue;
		consider(wave, &choice, node, wave->time - 1, hold_cost(wave, COST_HOLD));
		settle(wave, node, &choice);
	}
}

static void registers(const struct wave *wave, unsigned element, const struct choice *from_before)
{
	bool by_dest = wave->dest_free && wave->time == wave->flood->begin;
	/* Its own key stands in the claim once the way is taken; ways of one value seldom share it.
	 */
	uint32_t move = map_claim_cost(wave->search, map_node(element, MAP_CELL_MOVE),
				       wave->time - 1, UINT64_MAX);
	struct choice all = *from_before;

	all.cost = all.cost == MAP_NEVER || move == MAP_NEVER ? MAP_NEVER : all.cost + move;
	consider(wave, &all, map_node(element, MAP_CELL_SELF), wave->time, by_dest ? 0 : move);
	for (unsigned r = 0; r < wave->search->fabric->registers; r++) {
		uint32_t node = map_node(element, MAP_CELL_REG + r);
		struct choice choice = all;

		consider(wave, &choice, node, wave->time - 1, hold_cost(wave, 0));
		settle(wave, node, &choice);
	}
}

static void ports(const struct wave *wave, unsigned element)
{
	struct choice choice = {MAP_NEVER, -1};

	consider(wave, &choice, map_node(element, MAP_CELL_SELF), wave->time, COST_HOLD);
	for (unsigned r = 0; r < wave->search->fabric->registers; r++)
		consider(wave, &choice, map_node(element, MAP_CELL_REG + r), wave->time, COST_HOLD);
	for (unsigned port = 0; port < 2; port++)
		settle(wave, map_node(element, MAP_CELL_PORT + port), &choice);
}

static void spread(const struct wave *wave, unsigned element)
{
	uint32_t self = map_node(element, MAP_CELL_SELF);
	struct choice kept = {MAP_NEVER, -1}, before = passed(wave, element);

	consider(wave, &kept, self, wave->time - 1, hold_cost(wave, COST_HOLD));
	settle(wave, self, &kept);
	links(wave, element, &before);
	registers(wave, element, &before);
	ports(wave, element);
}

/* Where the value is already: there it costs nothing. */
static void seed(struct wave *wave)
{
	const struct map_search *search = wave->search;

	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *edge = &search->edges[i];

		if (!edge->routed || edge->from != wave->from)
			continue;
		for (unsigned h = 0; h < edge->count; h++) {
			const struct map_hop *hop = &edge->hops[h];

			if (hop->time > wave->flood->end ||
			    (h == edge->count - 1 && edge->distance))
				continue;
			wave->flood->cost[at(wave, hop->node, hop->time)] = 0;
			wave->flood->before[at(wave, hop->node, hop->time)] =
				h ? (int32_t)at(wave, edge->hops[h - 1].node,
						edge->hops[h - 1].time)
				  : -1;
		}
	}
}

void map_flood_run(struct map_search *search, struct map_flood *flood, unsigned from, int end)
{
	const struct map_placed *place = &search->places[from];
	const struct map_node *node = &search->graph->nodes[from];
	struct wave wave = {search, flood, from, 0, !node->pushes && !search->dest_refs[from]};

	flood->begin = place->time + (int)map_latency(search->fabric, node->op);
	flood->end = end < flood->begin + MAP_LAYERS ? end : flood->begin + MAP_LAYERS - 1;
	if (flood->end < flood->begin)
		return;
	memset(flood->cost, 0xff,
	       sizeof(uint32_t) * search->nodes * (size_t)(flood->end - flood->begin + 1));
	flood->cost[at(&wave, map_node(place->element, MAP_CELL_SELF), flood->begin)] = 0;
	flood->before[at(&wave, map_node(place->element, MAP_CELL_SELF), flood->begin)] = -1;
	seed(&wave);
	for (wave.time = flood->begin; wave.time <= flood->end; wave.time++)
		for (unsigned e = 0; e < search->elements; e++)
			if (map_fabric_distance(search->fabric, place->element, e) <=
			    (unsigned)(wave.time - flood->begin) + 1)
				spread(&wave, e);
}

uint32_t map_flood_reach(const struct map_search *search, const struct map_flood *flood,
			 unsigned element, int time, uint32_t *index)
{
	const struct wave wave = {(struct map_search *)search, (struct map_flood *)flood, 0, time,
				  false};
	uint32_t least = MAP_NEVER, cell;

	if (time < flood->begin || time > flood->end)
		return MAP_NEVER;
#define TRY(node)                                  \
	do {                                       \
		cell = at(&wave, node, time);      \
		if (flood->cost[cell] < least) {   \
			least = flood->cost[cell]; \
			*index = cell;             \
		}                                  \
	} while (0)
	TRY(map_node(element, MAP_CELL_SELF));
	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++) {
		int32_t link = search->incoming[element][side];

		if (link >= 0)
			TRY((uint32_t)link);
	}
	for (unsigned r = 0; r < search->fabric->registers; r++)
		TRY(map_node(element, MAP_CELL_REG + r));
#undef TRY
	return least;
}

/* The way back from a cell of the flood, and the operand's place behind it. -1: too long. */
static int trace(const struct map_search *search, const struct map_flood *flood,
		 struct map_edge *edge, int32_t index, uint32_t port, int time)
{
	unsigned count = 1;

	for (int32_t i = index; i >= 0; i = flood->before[i])
		if (++count > MAP_HOPS)
			return -1;
	edge->count = count;
	edge->hops[--count] = (struct map_hop){port, time, false};
	for (; index >= 0; index = flood->before[index])
		edge->hops[--count] = (struct map_hop){
			(uint32_t)index % search->nodes,
			flood->begin + (int)((uint32_t)index / search->nodes), false};
	return 0;
}

/* The first register that the value reaches as it is completed takes no move. */
static void use_dest(const struct map_search *search, struct map_edge *edge)
{
	struct map_hop *hop = &edge->hops[1];
	unsigned cell = hop->node % MAP_CELLS;
	bool owned = false;

	if (search->graph->nodes[edge->from].pushes || cell < MAP_CELL_REG ||
	    cell >= MAP_CELL_PORT || hop->time != edge->hops[0].time)
		return;
	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *other = &search->edges[i];

		if (!other->routed || other->from != edge->from || other->count < 2)
			continue;
		if (other->hops[1].node == hop->node && other->hops[1].time == hop->time) {
			hop->by_dest = other->hops[1].by_dest;
			return;
		}
		owned = owned || other->hops[1].by_dest;
	}
	hop->by_dest = !owned;
}

uint32_t map_edge_route(struct map_search *search, struct map_edge *edge)
{
	struct map_flood *flood = &search->floods[MAP_OPERANDS];
	const struct map_placed *to = &search->places[edge->to];
	int time = to->time + (int)(edge->distance * search->interval);
	uint32_t port = map_node(to->element, MAP_CELL_PORT + edge->operand), index, cost, last;
	uint64_t key = edge->distance ? UINT64_MAX : map_value_key(edge->from, time);

	map_flood_run(search, flood, edge->from, time);
	cost = map_flood_reach(search, flood, to->element, time, &index);
	last = map_claim_cost(search, port, time, key);
	if (cost == MAP_NEVER || last == MAP_NEVER)
		return MAP_NEVER;
	if (!last) /* the value is there for another's sake: the same way */
		index = (uint32_t)flood
				->before[(uint32_t)(time - flood->begin) * search->nodes + port];
	if (trace(search, flood, edge, (int32_t)index, port, time))
		return MAP_NEVER;
	use_dest(search, edge);
	map_edge_claim(search, edge, true);
	return cost + last;
}
