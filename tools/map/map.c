/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals from the bound on, several searches for each, until one finds a mapping. */
#include "tools/map/map.h"

#include <stdio.h>
#include <string.h>

#include "tools/map/search.h"
#include "tools/map/words.h"

const struct map_options map_options_default = {.attempts = 144, .effort = 500, .seed = 1};
/* Late places help some graphs and crowd others: attempts take turns. */
static const unsigned slacks[] = {4, 8, 6};

/* 1: found; 0: not; -1: out of memory, or a mapping that is wrong. */
static int attempt(const struct map_graph *graph, const struct map_fabric *fabric,
		   unsigned interval, const struct map_options *options, unsigned number,
		   struct map_mapping *mapping, unsigned *stuck, struct map_error *error)
{
	struct map_search *search = map_search_new(
		graph, fabric, interval, slacks[number % (sizeof(slacks) / sizeof(slacks[0]))],
		options->seed * 100003 + number);
	int found;

	if (!search)
		return map_error_set(error, 0, 0, "out of memory", "none", 4, "some");
	found = !map_search_run(search, options->effort, stuck) && !map_words(search, mapping);
	map_search_free(search);
	if (found && map_check(graph, fabric, mapping, error))
		return -1;
	return found;
}

static int give_up(const struct map_graph *graph, unsigned stuck, unsigned most,
		   const struct map_options *options, struct map_error *error)
{
	const struct map_node *node = &graph->nodes[stuck];
	char allowed[160];

	snprintf(allowed, sizeof(allowed),
		 "an initiation interval of at most %u, %u attempts of %u placings each", most,
		 options->attempts, options->effort);
	return map_error_set(error, node->line, node->column,
			     "no mapping was found; this operation was the last without a place",
			     map_ops[node->op].name, strlen(map_ops[node->op].name), allowed);
}

int map_run(const struct map_graph *graph, const struct map_fabric *fabric,
	    const struct map_options *options, struct map_mapping *mapping, struct map_error *error)
{
	struct map_bounds bounds = map_bounds(graph, fabric);
	unsigned least = options->least > bounds.least ? options->least : bounds.least;
	unsigned most = options->most ? options->most : ROAD_RPU_INTERVAL_MAX, stuck = 0;
	char seen[32], allowed[48];

	if (graph->stream_count > fabric->streams) {
		snprintf(seen, sizeof(seen), "%u", graph->stream_count);
		snprintf(allowed, sizeof(allowed), "%u", fabric->streams);
		return map_error_set(error, 0, 0, "the fabric has fewer streams than the graph",
				     seen, strlen(seen), allowed);
	}
	if (least > most) {
		snprintf(seen, sizeof(seen), "at least %u", least);
		return map_error_set(error, 0, 0, "the graph's initiation interval is too long",
				     seen, strlen(seen),
				     most == ROAD_RPU_INTERVAL_MAX ? "16 at most"
								   : "the one that was asked for");
	}
	for (unsigned interval = least; interval <= most; interval++)
		for (unsigned i = 0; i < options->attempts; i++) {
			int found = attempt(graph, fabric, interval, options, i, mapping, &stuck,
					    error);

			if (found)
				return found < 0 ? -1 : 0;
		}
	return give_up(graph, stuck, most, options, error);
}
