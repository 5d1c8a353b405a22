/* SPDX-License-Identifier: Apache-2.0 */
/* What an image has to claim of scratchpads (uapi/region.h). */
#ifndef TOOLS_MAP_SCRATCH_H
#define TOOLS_MAP_SCRATCH_H

#include "tools/map/graph.h"
#include "uapi/region.h"

#define MAP_SCRATCH_CLAIMS (ROAD_CONFIG_CLAIMS_MAX - 1u) /* one is of memory */

/*
 * The windows that operations access at addresses which the graph itself names, by offset, with
 * the rights that they need; returns how many. More windows than claims become one that holds them
 * all. Nothing is said of addresses that come from arguments (buffers, which the chip knows of) or
 * that are computed: for these `roadbed-map --scratch` says what the image claims.
 */
unsigned map_scratch(const struct map_graph *graph,
		     struct road_config_claim claims[MAP_SCRATCH_CLAIMS]);

#endif
