/* SPDX-License-Identifier: Apache-2.0 */
/* Where and when one operation begins, as cheaply as the others allow. */
#include "tools/map/bounds.h"
#include "tools/map/search.h"

#define TRIES     6u /* best places whose ways are tried out */
#define COST_HOP  10u
#define COST_WAIT 3u
#define COST_LATE 2u /* a cycle later than could be */

struct place_try {
	uint32_t cost;
	unsigned element;
	int time;
};
struct placing {
	struct map_search *search;
	unsigned node;
	int early, late;
	bool has_early, has_late;
	unsigned edges[MAP_OPERANDS],
		edge_count; /* into the node, from where something is placed */
	struct place_try best[TRIES];
};

void map_rip(struct map_search *search, unsigned node)
{
	for (unsigned i = 0; i < search->edge_count; i++) {
		struct map_edge *edge = &search->edges[i];

		if (edge->routed && (edge->from == node || edge->to == node))
			map_edge_claim(search, edge, false);
	}
	if (search->places[node].placed)
		map_own_claim(search, node, false);
	search->places[node].placed = false;
}

static int begin_of(const struct placing *placing, unsigned node)
{
	return placing->search->places[node].time;
}

static void not_before(struct placing *placing, int time)
{
	if (!placing->has_early || time > placing->early)
		placing->early = time;
	placing->has_early = true;
}

static void not_after(struct placing *placing, int time)
{
	if (!placing->has_late || time < placing->late)
		placing->late = time;
	placing->has_late = true;
}

/* `from` must begin `steps` before `to` of `distance` iterations later. */
static void keep_apart(struct placing *placing, unsigned from, unsigned to, int steps,
		       unsigned distance)
{
	const struct map_placed *places = placing->search->places;
	int back = (int)(distance * placing->search->interval);

	if (from == to)
		return;
	if (to == placing->node && places[from].placed)
		not_before(placing, begin_of(placing, from) + steps - back);
	if (from == placing->node && places[to].placed)
		not_after(placing, begin_of(placing, to) - steps + back);
}

/* The time in which the operation can begin, by what is placed. */
static void find_window(struct placing *placing)
{
	struct map_search *search = placing->search;
	int span = (int)(search->interval - 1 + search->slack);

	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *edge = &search->edges[i];

		keep_apart(placing, edge->from, edge->to,
			   (int)map_latency(search->fabric, search->graph->nodes[edge->from].op),
			   edge->distance);
	}
	for (unsigned i = 0; i < search->graph->order_count; i++) {
		const struct map_order *order = &search->graph->orders[i];

		keep_apart(placing, order->before, order->after,
			   (int)map_order_steps(search->graph, search->fabric, order),
			   order->distance);
	}
	if (!placing->has_early)
		placing->early = placing->has_late
					 ? placing->late - span
					 : MAP_BEGIN - (int)search->heights[placing->node];
	if (!placing->has_late || placing->late > placing->early + span)
		placing->late = placing->early + span;
}

/* At the interval's least, a way to a consumer that stands already. */
static uint32_t estimate(const struct placing *placing, unsigned element, int time)
{
	struct map_search *search = placing->search;
	int done = time + (int)map_latency(search->fabric, search->graph->nodes[placing->node].op);
	uint32_t sum = 0;

	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *edge = &search->edges[i];
		const struct map_placed *to = &search->places[edge->to];
		unsigned apart;
		int slack;

		if (edge->from != placing->node || edge->to == placing->node || !to->placed)
			continue;
		apart = map_fabric_distance(search->fabric, element, to->element);
		slack = to->time + (int)(edge->distance * search->interval) - done;
		if (slack < 0 || slack + 1 < (int)apart || slack >= MAP_LAYERS)
			return MAP_NEVER;
		sum += apart * COST_HOP + (uint32_t)slack * COST_WAIT;
	}
	return sum;
}

static uint32_t add_costs(uint32_t a, uint32_t b)
{
	return a == MAP_NEVER || b == MAP_NEVER ? MAP_NEVER : a + b;
}

static bool may_stand(const struct map_search *search, unsigned node, unsigned element)
{
	const struct map_node *what = &search->graph->nodes[node];
	bool streams = what->pushes;

	for (unsigned i = 0; i < MAP_OPERANDS; i++)
		streams = streams || what->operands[i].kind == MAP_STREAM;
	if (streams && !map_fabric_border(search->fabric, element))
		return false;
	return map_ops[what->op].class != ROAD_RPU_CLASS_MEM ||
	       map_fabric_memory(search->fabric, element);
}

static uint32_t cost_of(const struct placing *placing, unsigned element, int time)
{
	struct map_search *search = placing->search;
	uint32_t cost = map_own_cost(search, placing->node, element, time), index;

	cost = add_costs(cost, estimate(placing, element, time));
	for (unsigned i = 0; i < placing->edge_count && cost != MAP_NEVER; i++) {
		const struct map_edge *edge = &search->edges[placing->edges[i]];
		int wanted = time + (int)(edge->distance * search->interval);

		cost = add_costs(
			cost, map_flood_reach(search, &search->floods[i], element, wanted, &index));
	}
	if (cost == MAP_NEVER)
		return cost;
	return cost + (uint32_t)(time - placing->early) * COST_LATE + map_random(search, 6);
}

static void keep_best(struct placing *placing, const struct place_try *offered)
{
	struct place_try next = *offered;

	for (unsigned i = 0; i < TRIES; i++)
		if (next.cost < placing->best[i].cost) {
			struct place_try worse = placing->best[i];

			placing->best[i] = next;
			next = worse;
		}
}

/* Floods from all that the operation takes; then the cost of each element and time. */
static void rank(struct placing *placing)
{
	struct map_search *search = placing->search;

	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *edge = &search->edges[i];

		if (edge->to != placing->node || edge->from == placing->node ||
		    !search->places[edge->from].placed)
			continue;
		map_flood_run(search, &search->floods[placing->edge_count], edge->from,
			      placing->late + (int)(edge->distance * search->interval));
		placing->edges[placing->edge_count++] = i;
	}
	for (unsigned e = 0; e < search->elements; e++)
		for (int t = placing->early;
		     t <= placing->late && may_stand(search, placing->node, e); t++) {
			struct place_try next = {cost_of(placing, e, t), e, t};

			keep_best(placing, &next);
		}
}

/* Places it and routes all that can be; MAP_NEVER: some way does not exist. */
static uint32_t commit(struct placing *placing, const struct place_try *where)
{
	struct map_search *search = placing->search;
	uint32_t cost = map_own_cost(search, placing->node, where->element, where->time);

	search->places[placing->node] = (struct map_placed){true, where->element, where->time};
	map_own_claim(search, placing->node, true);
	for (unsigned i = 0; i < search->edge_count; i++) {
		struct map_edge *edge = &search->edges[i];

		if ((edge->from == placing->node || edge->to == placing->node) &&
		    search->places[edge->from].placed && search->places[edge->to].placed)
			cost = add_costs(cost, map_edge_route(search, edge));
	}
	return cost;
}

/* No place fits the others: it takes one near its time, and those that it cannot reach leave. */
static void force(struct placing *placing)
{
	struct map_search *search = placing->search;
	struct place_try where = {0, 0, placing->early};

	where.time += (int)map_random(search, search->interval);
	do
		where.element = map_random(search, search->elements);
	while (!may_stand(search, placing->node, where.element));
	if (map_own_cost(search, placing->node, where.element, where.time) == MAP_NEVER)
		return;
	commit(placing, &where);
	for (unsigned i = 0; i < search->edge_count; i++) {
		const struct map_edge *edge = &search->edges[i];
		unsigned other = edge->from == placing->node ? edge->to : edge->from;

		if ((edge->from != placing->node && edge->to != placing->node) || edge->routed ||
		    !search->places[other].placed)
			continue;
		search->evictions++;
		map_rip(search, other);
		if (other == placing->node)
			return;
	}
}

static void order_evictions(struct placing *placing)
{
	struct map_search *search = placing->search;

	for (unsigned i = 0; i < search->graph->order_count; i++) {
		const struct map_order *order = &search->graph->orders[i];
		const struct map_placed *before = &search->places[order->before];
		const struct map_placed *after = &search->places[order->after];
		int steps = (int)map_order_steps(search->graph, search->fabric, order);

		if (!before->placed || !after->placed ||
		    after->time + (int)(order->distance * search->interval) >= before->time + steps)
			continue;
		map_rip(search, order->before == placing->node ? order->after : order->before);
	}
}

void map_place(struct map_search *search, unsigned node)
{
	struct placing placing = {.search = search, .node = node};
	struct place_try best = {MAP_NEVER, 0, 0};

	find_window(&placing);
	for (unsigned i = 0; i < TRIES; i++)
		placing.best[i].cost = MAP_NEVER;
	rank(&placing);
	for (unsigned i = 0; i < TRIES && placing.best[i].cost != MAP_NEVER; i++) {
		struct place_try next = placing.best[i];

		next.cost = commit(&placing, &placing.best[i]);
		map_rip(search, node);
		if (next.cost < best.cost)
			best = next;
	}
	if (best.cost != MAP_NEVER)
		commit(&placing, &best);
	else
		force(&placing);
	order_evictions(&placing);
}
