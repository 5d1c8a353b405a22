/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a graph, once all are known, and what a graph must be as a whole. */
#include "tools/map/parse.h"

#include <stdio.h>
#include <string.h>

static int resolve_operand(struct map_parser *parser, unsigned node, unsigned index)
{
	struct map_graph *graph = parser->graph;
	struct map_operand *operand = &graph->nodes[node].operands[index];
	const struct map_token *token = &parser->pending[node][index];
	int found;

	if (operand->kind != MAP_VALUE)
		return 0;
	found = map_find_node(graph, token);
	if (found < 0)
		return map_fail(parser, token, "no such value",
				"the name of an operation's result");
	operand->index = (unsigned)found;
	return 0;
}

static int resolve_order(struct map_parser *parser, unsigned index)
{
	struct map_order *order = &parser->graph->orders[index];
	unsigned found[2];

	for (unsigned i = 0; i < 2; i++) {
		const struct map_token *token = &parser->order_names[index][i];
		int node = map_find_node(parser->graph, token);

		if (node < 0 || map_ops[parser->graph->nodes[node].op].class != ROAD_RPU_CLASS_MEM)
			return map_fail(parser, token, "no such access",
					"the name of a load or store");
		found[i] = (unsigned)node;
	}
	order->before = found[0];
	order->after = found[1];
	return 0;
}

/*
 * Values of the same iteration must not depend on each other in a circle. Operations whose operands
 * are all done are done; when a pass does none, the first of the rest is in a circle or behind one.
 */
static int check_circles(struct map_parser *parser)
{
	const struct map_graph *graph = parser->graph;
	bool done[MAP_NODES_MAX] = {false};
	unsigned left = graph->node_count;

	for (unsigned before = left + 1; left && left < before;) {
		before = left;
		for (unsigned n = 0; n < graph->node_count; n++) {
			bool ready = !done[n];

			for (unsigned i = 0; i < MAP_OPERANDS; i++) {
				const struct map_operand *operand = &graph->nodes[n].operands[i];

				ready = ready && (operand->kind != MAP_VALUE || operand->distance ||
						  done[operand->index]);
			}
			done[n] = done[n] || ready;
			left -= ready;
		}
	}
	for (unsigned n = 0; left && n < graph->node_count; n++)
		if (!done[n])
			return map_error_set(parser->error, graph->nodes[n].line,
					     graph->nodes[n].column, "a value needs itself",
					     graph->nodes[n].name, strlen(graph->nodes[n].name),
					     "NAME@DISTANCE(INITIAL) somewhere in the circle");
	return 0;
}

/* One operand may be a constant in first iterations: a, or the last. */
static int check_first(struct map_parser *parser, struct map_node *node)
{
	unsigned last = map_ops[node->op].operands - 1, recurrences = 0;

	for (unsigned i = 0; i < map_ops[node->op].operands; i++) {
		struct map_operand *operand = &node->operands[i], swapped = node->operands[0];

		if (!operand->distance)
			continue;
		if (recurrences++)
			return map_error_set(parser->error, operand->line, operand->column,
					     "a second operand of iterations before", node->name,
					     strlen(node->name),
					     "one an operation; mov gives others");
		if (i == 0 || i == last)
			continue;
		if (!map_op_commutes(node->op))
			return map_error_set(parser->error, operand->line, operand->column,
					     "no operand for iterations before",
					     map_ops[node->op].name, strlen(map_ops[node->op].name),
					     "the first or the last operand");
		node->operands[0] = *operand;
		*operand = swapped;
	}
	return 0;
}

static int check_parts(struct map_parser *parser)
{
	struct map_graph *graph = parser->graph;

	for (unsigned n = 0; n < graph->node_count; n++)
		if (check_first(parser, &graph->nodes[n]))
			return -1;
	for (unsigned i = 0; i < graph->stream_count; i++)
		if (!graph->streams[i].users)
			return map_error_set(parser->error, graph->streams[i].line,
					     graph->streams[i].column, "nothing uses the stream",
					     graph->streams[i].name, strlen(graph->streams[i].name),
					     "an operand or a push that does");
	return 0;
}

/* What the text states of itself is true; it must state it. */
static int check_count(struct map_parser *parser, const struct map_token *token, const char *word,
		       unsigned count)
{
	char what[96], allowed[32];

	snprintf(allowed, sizeof(allowed), "%s %u", word, count);
	snprintf(what, sizeof(what), "the graph does not state its %s", word);
	if (token->kind != MAP_TOKEN_INTEGER)
		return map_error_set(parser->error, 0, 0, what, "nothing", 7, allowed);
	snprintf(what, sizeof(what), "the graph has another number of %s", word);
	if (token->value != count)
		return map_fail(parser, token, what, allowed);
	return 0;
}

static int check_whole(struct map_parser *parser)
{
	const struct map_graph *graph = parser->graph;
	bool effect = false;

	for (unsigned i = 0; i < graph->node_count; i++)
		effect = effect || graph->nodes[i].pushes || map_op_stores(graph->nodes[i].op);
	if (!graph->name[0] || !graph->loop_count || !effect)
		return map_error_set(parser->error, 0, 0, "the graph is not whole",
				     !graph->name[0] ? "no name"
				     : effect        ? "no loop"
						     : "no effect",
				     !graph->name[0] ? 7
				     : effect        ? 7
						     : 9,
				     "a graph, a loop, and a push or store");
	if (check_count(parser, &parser->operation_token, "operations", graph->node_count))
		return -1;
	return check_count(parser, &parser->recurrence_token, "recurrences", graph->order_count);
}

int map_resolve(struct map_parser *parser)
{
	for (unsigned n = 0; n < parser->graph->node_count; n++)
		for (unsigned i = 0; i < MAP_OPERANDS; i++)
			if (resolve_operand(parser, n, i))
				return -1;
	for (unsigned i = 0; i < parser->graph->order_count; i++)
		if (resolve_order(parser, i))
			return -1;
	if (check_circles(parser) || check_parts(parser))
		return -1;
	return check_whole(parser);
}
