/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dataflow graph: what one iteration of a loop nest computes, and what it takes from iterations
 * before. docs/rpu-kernels.md has the language; map_graph_parse reads it.
 */
#ifndef TOOLS_MAP_GRAPH_H
#define TOOLS_MAP_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/rpu/config.h"

#define MAP_TEXT_MAX      65536u /* bytes of a graph's text */
#define MAP_NAME_MAX      31u
#define MAP_NODES_MAX     256u
#define MAP_ARGUMENTS_MAX 16u
#define MAP_LOOPS_MAX     ROAD_RPU_DIMENSIONS
#define MAP_ORDERS_MAX    32u
#define MAP_DISTANCE_MAX  3u /* iterations that an edge reaches back */
#define MAP_OPERANDS      3u

struct map_error {
	unsigned line, column; /* from 1; 0: does not apply */
	char what[160];
	char seen[64];
	char allowed[256];
};
/* Fills it and answers -1, so that callers can return it; texts are cut. */
int map_error_set(struct map_error *error, unsigned line, unsigned column, const char *what,
		  const char *seen, size_t seen_bytes, const char *allowed);

enum map_operand_kind { MAP_NONE, MAP_VALUE, MAP_STREAM, MAP_CONSTANT, MAP_ARGUMENT };
struct map_operand {
	enum map_operand_kind kind;
	unsigned index;    /* VALUE: the node; STREAM, ARGUMENT: which */
	unsigned distance; /* VALUE: of so many iterations ago */
	uint32_t bits;     /* CONSTANT; VALUE with a distance: instead, where there is none */
	unsigned line, column;
};

struct map_node {                    /* an operation */
	char name[MAP_NAME_MAX + 1]; /* may be "" if nothing needs it */
	enum road_rpu_op op;
	struct map_operand operands[MAP_OPERANDS]; /* as many as the operation has */
	bool pushes;
	unsigned stream; /* that the result is pushed to */
	unsigned line, column;
};

struct map_number { /* known, or an argument of the kernel */
	bool is_argument;
	unsigned argument;
	int32_t value;
};
struct map_loop {
	char name[MAP_NAME_MAX + 1];
	struct map_number count;
};
struct map_argument {
	char name[MAP_NAME_MAX + 1];
	enum road_rpu_argument_kind kind;
	unsigned bytes; /* in the block of arguments: of addresses 8 */
};
enum map_stream_kind { MAP_READ, MAP_WRITE, MAP_GATHER, MAP_SCATTER, MAP_REDUCE, MAP_COUNTER };
/* Element = base + offset + the sum of stride * index over the loops, in elements. */
struct map_stream {
	char name[MAP_NAME_MAX + 1];
	enum map_stream_kind kind;
	enum road_rpu_type type;
	enum road_rpu_reduce reduce; /* REDUCE: over the innermost loop */
	unsigned argument;           /* base; none for COUNTER */
	enum road_rpu_type index_type;
	unsigned index_argument; /* GATHER, SCATTER: the pattern is that of indices, which lie there
				  * and count elements of `argument` */
	int32_t offset;
	struct map_number strides[MAP_LOOPS_MAX];
	unsigned users; /* operands and pushes that name it */
	unsigned line, column;
};
/* Memory: what `after` does, `distance` iterations later, must find what `before` did. */
struct map_order {
	unsigned before, after, distance;
};

struct map_graph {
	char name[MAP_NAME_MAX + 1];
	struct map_argument arguments[MAP_ARGUMENTS_MAX];
	struct map_loop loops[MAP_LOOPS_MAX]; /* outermost first */
	struct map_stream streams[ROAD_RPU_STREAMS];
	struct map_node nodes[MAP_NODES_MAX];
	struct map_order orders[MAP_ORDERS_MAX];
	unsigned period_loop; /* recurrences begin anew with each turn of the loops outside of it;
			       * 0: never */
	unsigned argument_count, loop_count, stream_count, node_count, order_count;
};

/* 0, or -1 and the first error. Reads nothing outside of the text. */
int map_graph_parse(const char *text, size_t bytes, struct map_graph *graph,
		    struct map_error *error);

#endif
