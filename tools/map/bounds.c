/* SPDX-License-Identifier: Apache-2.0 */
/* Lower bounds of the initiation interval. */
#include "tools/map/bounds.h"

#include <string.h>

#include "tools/map/ops.h"

static unsigned divide_up(unsigned a, unsigned b)
{
	return b ? (a + b - 1) / b : a ? ROAD_RPU_INTERVAL_MAX + 1 : 0;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static bool names_stream(const struct map_node *node)
{
	bool names = node->pushes;

	for (unsigned i = 0; i < MAP_OPERANDS; i++)
		names = names || node->operands[i].kind == MAP_STREAM;
	return names;
}

static unsigned resource_bound(const struct map_graph *graph, const struct map_fabric *fabric)
{
	unsigned elements = map_fabric_elements(fabric), border = 0, reaching = 0;
	unsigned memory = 0, streaming = 0, tokens = 0, busy[ROAD_RPU_CLASSES] = {0};
	unsigned bound = larger(1, divide_up(graph->node_count, elements));

	for (unsigned e = 0; e < elements; e++) {
		border += map_fabric_border(fabric, e);
		reaching += map_fabric_memory(fabric, e);
	}
	for (unsigned n = 0; n < graph->node_count; n++) {
		const struct map_node *node = &graph->nodes[n];
		enum road_rpu_class class = map_ops[node->op].class;

		memory += class == ROAD_RPU_CLASS_MEM;
		streaming += names_stream(node);
		busy[class] += map_interval(fabric, node->op);
		bound = larger(bound, map_interval(fabric, node->op));
	}
	for (unsigned i = 0; i < ROAD_RPU_CLASSES; i++)
		bound = larger(bound, divide_up(busy[i], elements));
	for (unsigned i = 0; i < graph->stream_count; i++)
		tokens += graph->streams[i].kind != MAP_COUNTER;
	bound = larger(bound, divide_up(memory, reaching));
	bound = larger(bound, divide_up(streaming, border));
	return larger(bound, divide_up(memory + tokens, fabric->banks));
}

unsigned map_order_steps(const struct map_graph *graph, const struct map_fabric *fabric,
			 const struct map_order *order)
{
	(void)graph;
	(void)fabric;
	(void)order;
	return 1;
}

/* Raises what must come before if an edge asks for it; true: something was raised. */
static bool raise_to(unsigned *height, unsigned after, unsigned steps, unsigned back)
{
	unsigned wanted = after + steps;

	if (wanted < back || wanted - back <= *height)
		return false;
	*height = wanted - back;
	return true;
}

static bool raise_all(const struct map_graph *graph, const struct map_fabric *fabric,
		      bool with_orders, unsigned interval, unsigned *heights)
{
	bool raised = false;

	for (unsigned n = graph->node_count; n-- > 0;)
		for (unsigned i = 0; i < MAP_OPERANDS; i++) {
			const struct map_operand *operand = &graph->nodes[n].operands[i];

			if (operand->kind != MAP_VALUE)
				continue;
			raised |= raise_to(&heights[operand->index], heights[n],
					   map_latency(fabric, graph->nodes[operand->index].op),
					   operand->distance * interval);
		}
	for (unsigned i = 0; with_orders && i < graph->order_count; i++) {
		const struct map_order *order = &graph->orders[i];

		raised |=
			raise_to(&heights[order->before], heights[order->after],
				 map_order_steps(graph, fabric, order), order->distance * interval);
	}
	return raised;
}

/* Longest paths settle in as many rounds as there are operations, unless a circle feeds itself. */
bool map_interval_fits(const struct map_graph *graph, const struct map_fabric *fabric,
		       bool with_orders, unsigned interval, unsigned *heights)
{
	unsigned own[MAP_NODES_MAX], *list = heights ? heights : own;

	memset(list, 0, sizeof(own[0]) * graph->node_count);
	for (unsigned round = 0; round <= graph->node_count; round++)
		if (!raise_all(graph, fabric, with_orders, interval, list))
			return true;
	return false;
}

static unsigned circle_bound(const struct map_graph *graph, const struct map_fabric *fabric,
			     bool with_orders)
{
	unsigned low = 1, high = MAP_NODES_MAX * ROAD_RPU_LATENCY_MAX;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (map_interval_fits(graph, fabric, with_orders, middle, NULL))
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct map_bounds map_bounds(const struct map_graph *graph, const struct map_fabric *fabric)
{
	struct map_bounds bounds = {.resource = resource_bound(graph, fabric),
				    .recurrence = circle_bound(graph, fabric, false),
				    .memory = circle_bound(graph, fabric, true)};

	bounds.least = larger(bounds.resource, larger(bounds.recurrence, bounds.memory));
	return bounds;
}
