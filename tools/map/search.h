/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a mapping: who begins where and when, and over which cells values travel. Time and
 * space are one graph: a cell (a result register, a link register, a register, an operand's place
 * in a word) of an element at a time. What one iteration occupies at a time, all occupy at that
 * time modulo the interval. Two values may stand on one cell while the search goes on; that gets
 * dearer with each round until one of them moves (negotiated congestion).
 */
#ifndef TOOLS_MAP_SEARCH_H
#define TOOLS_MAP_SEARCH_H

#include "tools/map/fabric.h"
#include "tools/map/graph.h"
#include "tools/map/ops.h"

enum map_cell {
	MAP_CELL_SELF,
	MAP_CELL_LINK, /* + enum road_rpu_side: this element's register to that side */
	MAP_CELL_REG = MAP_CELL_LINK + ROAD_RPU_SIDES,
	MAP_CELL_PORT = MAP_CELL_REG + ROAD_RPU_REGISTERS, /* operands a, b, c of the word */
	MAP_CELL_OP = MAP_CELL_PORT + MAP_OPERANDS,        /* from here on values do not travel */
	MAP_CELL_MOVE,
	MAP_CELL_UNIT, /* of operations that begin less often than each cycle */
	MAP_CELLS
};
#define MAP_TRAVELLED MAP_CELL_OP /* cells of an element that values travel over */
#define MAP_CLAIMS    8u          /* different values on a cell that are kept apart */
#define MAP_HOPS      64u         /* cells of one way */
#define MAP_LAYERS    64          /* cycles that a value may take */
#define MAP_EDGES_MAX (MAP_NODES_MAX * MAP_OPERANDS)
#define MAP_NEVER     UINT32_MAX /* a cost */
#define MAP_BEGIN     100000     /* times lie around it, above 0 */

struct map_claim {
	uint64_t key; /* what, and for which time */
	unsigned refs;
};
struct map_slot { /* a cell in a step */
	struct map_claim claims[MAP_CLAIMS];
	unsigned count;
	uint32_t history;
};
struct map_hop {
	uint32_t node; /* element * MAP_CELLS + cell */
	int time;
	bool by_dest; /* into a register by the operation itself, not by the word's move */
};
struct map_edge {
	unsigned from, to, operand, distance;
	bool routed;
	unsigned count;
	struct map_hop hops[MAP_HOPS];
};
struct map_placed {
	bool placed;
	unsigned element;
	int time;
};
struct map_flood { /* least costs from a value to each cell and time */
	int begin, end;
	uint32_t *cost;  /* (time - begin) * nodes + node */
	int32_t *before; /* the same index of the cell before; -1: the way begins here */
};
struct map_search {
	const struct map_graph *graph;
	const struct map_fabric *fabric;
	unsigned interval, elements, nodes;
	uint64_t random;
	unsigned slack;    /* cycles looked at beyond one interval */
	uint32_t pressure; /* cost of a second value on a cell */
	/* The neighbour's link register that points to the element, by side; -1: no neighbour. */
	int32_t incoming[ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX][ROAD_RPU_SIDES];
	struct map_slot *slots; /* node * interval + step */
	struct map_edge *edges;
	unsigned edge_count;
	struct map_placed places[MAP_NODES_MAX];
	unsigned heights[MAP_NODES_MAX];
	unsigned dest_refs[MAP_NODES_MAX];
	struct map_flood floods[MAP_OPERANDS + 1]; /* the last for ways that are taken */
	unsigned evictions;
};

/* NULL: out of memory. Nothing is placed yet. */
struct map_search *map_search_new(const struct map_graph *graph, const struct map_fabric *fabric,
				  unsigned interval, unsigned slack, uint64_t seed);
void map_search_free(struct map_search *search);
/* 0: all is placed, no cell has two values; -1: not within the effort, *stuck: an operation that
 * had no place, or was in a conflict, at last. */
int map_search_run(struct map_search *search, unsigned effort, unsigned *stuck);

/* claims.c */
struct map_slot *map_slot(struct map_search *search, uint32_t node, int time);
uint32_t map_claim_cost(struct map_search *search, uint32_t node, int time, uint64_t key);
void map_claim(struct map_search *search, uint32_t node, int time, uint64_t key);
void map_unclaim(struct map_search *search, uint32_t node, int time, uint64_t key);
uint64_t map_value_key(unsigned value, int time);
/* Of the operation's own: the cells it needs wherever its operands come from. */
uint32_t map_own_cost(struct map_search *search, unsigned node, unsigned element, int time);
void map_own_claim(struct map_search *search, unsigned node, bool claim);
/* Constants that an element lacks for its operations and this one; node_count: for its own. */
unsigned map_constants_over(const struct map_search *search, unsigned element, unsigned node);
void map_edge_claim(struct map_search *search, struct map_edge *edge, bool claim);
bool map_edge_crowded(struct map_search *search, const struct map_edge *edge);
bool map_own_crowded(struct map_search *search, unsigned node);

/* route.c */
void map_flood_run(struct map_search *search, struct map_flood *flood, unsigned from, int end);
/* Least cost of bringing the flooded value to an element at a time. */
uint32_t map_flood_reach(const struct map_search *search, const struct map_flood *flood,
			 unsigned element, int time, uint32_t *index);
/* Finds a way and claims it; its cost, or MAP_NEVER. */
uint32_t map_edge_route(struct map_search *search, struct map_edge *edge);

/* place.c */
void map_rip(struct map_search *search, unsigned node);
void map_place(struct map_search *search, unsigned node);

static inline uint32_t map_node(unsigned element, unsigned cell)
{
	return element * MAP_CELLS + cell;
}
uint32_t map_random(struct map_search *search, uint32_t below);

#endif
