/* SPDX-License-Identifier: Apache-2.0 */
/* What no mapping can be below: initiation intervals, each by another cause. */
#ifndef TOOLS_MAP_BOUNDS_H
#define TOOLS_MAP_BOUNDS_H

#include "tools/map/fabric.h"
#include "tools/map/graph.h"

struct map_bounds {
	unsigned resource;   /* ResMII: operations over elements that can do them, streams, banks */
	unsigned recurrence; /* RecMII: circles of values */
	unsigned memory;     /* memMII: circles through memory, too */
	unsigned least;      /* the greatest of them */
};

struct map_bounds map_bounds(const struct map_graph *graph, const struct map_fabric *fabric);
/* Steps from the begin of `before` until what it did stands in the scratchpad for `after`. */
unsigned map_order_steps(const struct map_graph *graph, const struct map_fabric *fabric,
			 const struct map_order *order);
/* Whether no circle of the graph asks for a longer interval; heights: NULL, or by node the steps
 * from its begin to the end of all that depends on it. */
bool map_interval_fits(const struct map_graph *graph, const struct map_fabric *fabric,
		       bool with_orders, unsigned interval, unsigned *heights);

#endif
