/* SPDX-License-Identifier: Apache-2.0 */
/* Operations: [NAME =] OPERATION OPERANDS, and pushes. */
#include "tools/map/parse.h"

#include <stdio.h>
#include <string.h>

/* An integer stands for its bits, a number with a point for those of f32. */
static int take_literal(struct map_parser *parser, uint32_t *bits)
{
	const struct map_token *token = &parser->token;
	float single = (float)token->real;

	if (token->kind == MAP_TOKEN_REAL)
		memcpy(bits, &single, sizeof(*bits));
	else if (token->kind == MAP_TOKEN_INTEGER)
		*bits = (uint32_t)token->value;
	else
		return map_fail(parser, token, "no operand",
				"a value, a stream, an argument, VALUE@DISTANCE(INITIAL), an "
				"integer or a number with a point");
	map_take(parser);
	return 0;
}

/* @DISTANCE(INITIAL) */
static int take_distance(struct map_parser *parser, struct map_operand *operand)
{
	int64_t distance;

	if (!map_token_is(&parser->token, "@"))
		return 0;
	map_take(parser);
	if (map_take_integer(parser, 1, MAP_DISTANCE_MAX, &distance) ||
	    map_take_punct(parser, "(") || take_literal(parser, &operand->bits) ||
	    map_take_punct(parser, ")"))
		return -1;
	operand->distance = (unsigned)distance;
	return 0;
}

static int take_stream_operand(struct map_parser *parser, struct map_operand *operand)
{
	struct map_stream *stream = &parser->graph->streams[operand->index];

	if (stream->kind == MAP_WRITE || stream->kind == MAP_SCATTER || stream->kind == MAP_REDUCE)
		return map_fail(parser, &parser->token, "the stream goes to memory",
				"a stream that reads; push writes");
	if (stream->users++)
		return map_fail(parser, &parser->token, "the stream is in use",
				"one operand of one operation; `x = mov STREAM` gives a value");
	map_take(parser);
	return 0;
}

int map_find_own(const struct map_token *token)
{
	static const struct {
		const char *name;
		int argument;
	} own[] = {{"tile", ROAD_RPU_ARGUMENT_TILE}, {"tiles", ROAD_RPU_ARGUMENT_TILES}};

	for (size_t i = 0; token->kind == MAP_TOKEN_WORD && i < sizeof(own) / sizeof(own[0]); i++)
		if (strlen(own[i].name) == token->bytes &&
		    !memcmp(own[i].name, token->text, token->bytes))
			return own[i].argument;
	return -1;
}

static int take_operand(struct map_parser *parser, struct map_operand *operand,
			struct map_token *pending)
{
	int argument = map_find_argument(parser->graph, &parser->token);
	int stream = map_find_stream(parser->graph, &parser->token);

	if (argument < 0)
		argument = map_find_own(&parser->token);
	operand->line = parser->token.line;
	operand->column = parser->token.column;
	if (parser->token.kind != MAP_TOKEN_WORD) {
		operand->kind = MAP_CONSTANT;
		return take_literal(parser, &operand->bits);
	}
	if (stream >= 0) {
		operand->kind = MAP_STREAM;
		operand->index = (unsigned)stream;
		return take_stream_operand(parser, operand);
	}
	if (argument >= 0) {
		operand->kind = MAP_ARGUMENT;
		operand->index = (unsigned)argument;
		map_take(parser);
		return 0;
	}
	operand->kind = MAP_VALUE;
	*pending = parser->token;
	map_take(parser);
	return take_distance(parser, operand);
}

static int take_operands(struct map_parser *parser, struct map_node *node)
{
	struct map_token *pending = parser->pending[parser->graph->node_count];

	for (unsigned i = 0; i < map_ops[node->op].operands; i++)
		if ((i && map_take_punct(parser, ",")) ||
		    take_operand(parser, &node->operands[i], &pending[i]))
			return -1;
	return 0;
}

int map_parse_push(struct map_parser *parser)
{
	struct map_token token = parser->token;
	struct map_stream *stream;
	unsigned index;
	int node;

	if (map_take_stream(parser, &index) || map_take_punct(parser, ","))
		return -1;
	stream = &parser->graph->streams[index];
	if (stream->kind != MAP_WRITE && stream->kind != MAP_SCATTER && stream->kind != MAP_REDUCE)
		return map_fail(parser, &token, "the stream comes from memory",
				"a write, scatter or reduce stream");
	if (stream->users++)
		return map_fail(parser, &token, "the stream is in use", "one push of each stream");
	node = map_find_node(parser->graph, &parser->token);
	if (node < 0 || parser->graph->nodes[node].pushes)
		return map_fail(parser, &parser->token, "nothing that can be pushed",
				"an operation above that is pushed nowhere else");
	parser->graph->nodes[node].pushes = true;
	parser->graph->nodes[node].stream = index;
	map_take(parser);
	return 0;
}

static int take_op(struct map_parser *parser, struct map_node *node)
{
	int op = parser->token.kind == MAP_TOKEN_WORD
			 ? map_op_find(parser->token.text, parser->token.bytes)
			 : -1;

	if (op < 0)
		return map_fail(parser, &parser->token, "no such operation",
				"those of uapi/rpu/ops.def: add, fma, ld32, …");
	node->op = (enum road_rpu_op)op;
	if (op == ROAD_RPU_OP_lut)
		return map_fail(parser, &parser->token, "a graph has no tables",
				"exp, ln, tanh, rcp, rsqrt");
	if (!node->name[0] && !map_op_stores(node->op))
		return map_fail(parser, &parser->token, "the result has no name", "NAME = …");
	map_take(parser);
	return 0;
}

int map_parse_operation(struct map_parser *parser, const struct map_token *word)
{
	struct map_graph *graph = parser->graph;
	struct map_node *node = &graph->nodes[graph->node_count];
	struct map_lexer ahead = parser->lexer;
	struct map_token next;

	if (graph->node_count == MAP_NODES_MAX)
		return map_fail(parser, word, "too many operations", "256");
	memset(node, 0, sizeof(*node));
	node->line = word->line;
	node->column = word->column;
	map_lex_next(&ahead, &next);
	if (map_token_is(&next, "=") &&
	    (map_take_new_name(parser, node->name) || map_take_punct(parser, "=")))
		return -1;
	if (take_op(parser, node) || take_operands(parser, node))
		return -1;
	graph->node_count++;
	return 0;
}
