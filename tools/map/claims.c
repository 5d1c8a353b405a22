/* SPDX-License-Identifier: Apache-2.0 */
/* Which values stand on which cells, and what it costs to add one. */
#include "tools/map/search.h"

#define COST_CELL     10u
#define COST_CONSTANT 4u /* times the pressure: an element has few, and nothing else helps */

enum key_kind { KEY_VALUE, KEY_PRIVATE, KEY_MOVE };

static uint64_t key(enum key_kind kind, unsigned what, unsigned detail, int time)
{
	return (uint64_t)kind << 60 | (uint64_t)detail << 52 | (uint64_t)what << 32 |
	       (uint32_t)time;
}

uint64_t map_value_key(unsigned value, int time)
{
	return key(KEY_VALUE, value, 0, time);
}

struct map_slot *map_slot(struct map_search *search, uint32_t node, int time)
{
	return &search->slots[node * search->interval + (unsigned)time % search->interval];
}

uint32_t map_claim_cost(struct map_search *search, uint32_t node, int time, uint64_t claim)
{
	const struct map_slot *slot = map_slot(search, node, time);

	for (unsigned i = 0; i < slot->count; i++)
		if (slot->claims[i].key == claim)
			return 0;
	if (slot->count == MAP_CLAIMS)
		return MAP_NEVER;
	return COST_CELL + slot->history + slot->count * search->pressure;
}

void map_claim(struct map_search *search, uint32_t node, int time, uint64_t claim)
{
	struct map_slot *slot = map_slot(search, node, time);

	for (unsigned i = 0; i < slot->count; i++)
		if (slot->claims[i].key == claim) {
			slot->claims[i].refs++;
			return;
		}
	/* A full slot was offered to nobody: MAP_NEVER. */
	if (slot->count < MAP_CLAIMS)
		slot->claims[slot->count++] = (struct map_claim){claim, 1};
}

void map_unclaim(struct map_search *search, uint32_t node, int time, uint64_t claim)
{
	struct map_slot *slot = map_slot(search, node, time);

	for (unsigned i = 0; i < slot->count; i++)
		if (slot->claims[i].key == claim) {
			if (!--slot->claims[i].refs)
				slot->claims[i] = slot->claims[--slot->count];
			return;
		}
}

/* Calls for each cell that an operation needs of its own. */
static uint32_t each_own(struct map_search *search, unsigned node, unsigned element, int time,
			 uint32_t (*visit)(struct map_search *search, uint32_t cell, int time,
					   uint64_t claim))
{
	const struct map_node *what = &search->graph->nodes[node];
	unsigned interval = map_interval(search->fabric, what->op);
	int done = time + (int)map_latency(search->fabric, what->op);
	uint32_t sum = 0, one;

#define VISIT(cell, at, claim)                                           \
	do {                                                             \
		one = visit(search, map_node(element, cell), at, claim); \
		if (one == MAP_NEVER)                                    \
			return MAP_NEVER;                                \
		sum += one;                                              \
	} while (0)
	VISIT(MAP_CELL_OP, time, key(KEY_PRIVATE, node, 0, time));
	VISIT(MAP_CELL_SELF, done, map_value_key(node, done));
	for (unsigned i = 0; interval > 1 && i < interval; i++)
		VISIT(MAP_CELL_UNIT, time + (int)i, key(KEY_PRIVATE, node, i, time));
	for (unsigned i = 0; i < map_ops[what->op].operands; i++)
		if (what->operands[i].kind != MAP_VALUE)
			VISIT(MAP_CELL_PORT + i, time, key(KEY_PRIVATE, node, 0, time));
#undef VISIT
	return sum;
}

uint32_t map_own_cost(struct map_search *search, unsigned node, unsigned element, int time)
{
	uint32_t cost = each_own(search, node, element, time, map_claim_cost);

	if (cost == MAP_NEVER)
		return cost;
	return cost + map_constants_over(search, element, node) * search->pressure * COST_CONSTANT;
}

static uint32_t visit_claim(struct map_search *search, uint32_t cell, int time, uint64_t claim)
{
	map_claim(search, cell, time, claim);
	return 0;
}

static uint32_t visit_unclaim(struct map_search *search, uint32_t cell, int time, uint64_t claim)
{
	map_unclaim(search, cell, time, claim);
	return 0;
}

static uint32_t visit_crowd(struct map_search *search, uint32_t cell, int time, uint64_t claim)
{
	(void)claim;
	return map_slot(search, cell, time)->count > 1;
}

void map_own_claim(struct map_search *search, unsigned node, bool claim)
{
	const struct map_placed *place = &search->places[node];

	each_own(search, node, place->element, place->time, claim ? visit_claim : visit_unclaim);
}

bool map_own_crowded(struct map_search *search, unsigned node)
{
	const struct map_placed *place = &search->places[node];

	return each_own(search, node, place->element, place->time, visit_crowd) ||
	       map_constants_over(search, place->element, search->graph->node_count);
}

/* The last cell of a way is an operand's place: not to be passed on if it is not always the value.
 */
static uint64_t hop_key(const struct map_edge *edge, unsigned hop)
{
	if (hop == edge->count - 1 && edge->distance)
		return key(KEY_PRIVATE, edge->to, 0, edge->hops[hop].time);
	return map_value_key(edge->from, edge->hops[hop].time);
}

static unsigned cell_of(const struct map_hop *hop)
{
	return hop->node % MAP_CELLS;
}

static bool is_register(const struct map_hop *hop)
{
	return cell_of(hop) >= MAP_CELL_REG && cell_of(hop) < MAP_CELL_PORT;
}

/* Whether the hop into a register needs the move of the word before. */
static bool needs_move(const struct map_edge *edge, unsigned hop)
{
	const struct map_hop *to = &edge->hops[hop];

	return is_register(to) && !to->by_dest && edge->hops[hop - 1].node != to->node;
}

static uint64_t move_key(const struct map_edge *edge, const struct map_hop *hop)
{
	return key(KEY_MOVE, edge->from, cell_of(hop), hop->time - 1);
}

void map_edge_claim(struct map_search *search, struct map_edge *edge, bool claim)
{
	void (*change)(struct map_search *, uint32_t, int, uint64_t) =
		claim ? map_claim : map_unclaim;

	for (unsigned i = 0; i < edge->count; i++) {
		const struct map_hop *hop = &edge->hops[i];
		uint32_t move = map_node(hop->node / MAP_CELLS, MAP_CELL_MOVE);

		change(search, hop->node, hop->time, hop_key(edge, i));
		if (i && needs_move(edge, i))
			change(search, move, hop->time - 1, move_key(edge, hop));
		if (hop->by_dest && claim)
			search->dest_refs[edge->from]++;
		else if (hop->by_dest)
			search->dest_refs[edge->from]--;
	}
	edge->routed = claim;
}

bool map_edge_crowded(struct map_search *search, const struct map_edge *edge)
{
	for (unsigned i = 0; i < edge->count; i++) {
		const struct map_hop *hop = &edge->hops[i];
		uint32_t move = map_node(hop->node / MAP_CELLS, MAP_CELL_MOVE);

		if (map_slot(search, hop->node, hop->time)->count > 1)
			return true;
		if (i && needs_move(edge, i) && map_slot(search, move, hop->time - 1)->count > 1)
			return true;
	}
	return false;
}

/* Constants by what they are: an argument or bits, each with the most copies that one needs. */
struct constants {
	struct map_operand list[ROAD_RPU_CONSTANTS + 1];
	unsigned copies[ROAD_RPU_CONSTANTS + 1];
	unsigned count, over;
};

static void need_constant(struct constants *all, const struct map_operand *operand)
{
	bool zero = operand->kind == MAP_CONSTANT && !operand->bits;
	unsigned copies = operand->kind == MAP_VALUE ? operand->distance : 1, i = 0;
	struct map_operand wanted = {operand->kind == MAP_ARGUMENT ? MAP_ARGUMENT : MAP_CONSTANT,
				     operand->kind == MAP_ARGUMENT ? operand->index : 0,
				     0,
				     operand->kind == MAP_ARGUMENT ? 0 : operand->bits,
				     0,
				     0};

	if (operand->kind == MAP_NONE || operand->kind == MAP_STREAM || zero || !copies)
		return;
	while (i < all->count &&
	       (all->list[i].kind != wanted.kind || all->list[i].index != wanted.index ||
		all->list[i].bits != wanted.bits))
		i++;
	if (i == ROAD_RPU_CONSTANTS + 1) {
		all->over++;
		return;
	}
	if (i == all->count) {
		all->list[i] = wanted;
		all->copies[all->count++] = 0;
	}
	if (all->copies[i] < copies)
		all->copies[i] = copies;
}

unsigned map_constants_over(const struct map_search *search, unsigned element, unsigned node)
{
	struct constants all = {.count = 0};
	unsigned sum = 0;

	for (unsigned n = 0; n < search->graph->node_count; n++)
		if (n == node || (search->places[n].placed && search->places[n].element == element))
			for (unsigned i = 0; i < MAP_OPERANDS; i++)
				need_constant(&all, &search->graph->nodes[n].operands[i]);
	for (unsigned i = 0; i < all.count; i++)
		sum += all.copies[i];
	return all.over + (sum > ROAD_RPU_CONSTANTS ? sum - ROAD_RPU_CONSTANTS : 0);
}
