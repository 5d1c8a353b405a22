/* SPDX-License-Identifier: Apache-2.0 */
/* From a graph to the configuration of a fabric. */
#ifndef TOOLS_MAP_MAP_H
#define TOOLS_MAP_MAP_H

#include "tools/map/bounds.h"
#include "tools/map/fabric.h"
#include "tools/map/graph.h"

struct map_options {
	unsigned least;    /* interval to begin with; 0: the lower bound */
	unsigned most;     /* 0: ROAD_RPU_INTERVAL_MAX */
	unsigned attempts; /* for each interval */
	unsigned effort;   /* placings of one operation in an attempt */
	uint64_t seed;     /* equal ones make equal mappings, on every machine */
};
extern const struct map_options map_options_default;

struct map_constant {
	enum { MAP_FREE, MAP_BITS, MAP_RELOCATED } kind;
	uint32_t bits;
	unsigned argument;
};

/* Who does what when, as words; made by map_run, or by hand. */
struct map_mapping {
	unsigned interval, length, elements;
	uint64_t words[ROAD_RPU_INTERVAL_MAX * ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX];
	struct map_constant constants[ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX][ROAD_RPU_CONSTANTS];
	struct {
		unsigned element, time; /* from the iteration's first cycle on */
	} places[MAP_NODES_MAX];
};

/* The least interval that is found, from options->least on. 0, or -1 and why there is none. */
int map_run(const struct map_graph *graph, const struct map_fabric *fabric,
	    const struct map_options *options, struct map_mapping *mapping,
	    struct map_error *error);
/*
 * Runs the mapping's words on a fabric whose registers hold names of values instead of values, and
 * holds each operand against the graph. It knows the words, not how they were found. 0, or -1 and
 * the first operand that is not what it must be.
 */
int map_check(const struct map_graph *graph, const struct map_fabric *fabric,
	      const struct map_mapping *mapping, struct map_error *error);
/* The configuration (struct road_rpu_config and all behind it); the caller frees. NULL and why. */
void *map_emit(const struct map_graph *graph, const struct map_fabric *fabric,
	       const struct map_mapping *mapping, size_t *bytes, struct map_error *error);

#endif
