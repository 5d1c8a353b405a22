/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations: the graph's name, arguments, loops, streams, orders of memory, stated counts. */
#include "tools/map/parse.h"

#include <string.h>

static int parse_graph(struct map_parser *parser)
{
	if (parser->graph->name[0])
		return map_fail(parser, &parser->token, "a second name of the graph", "one");
	return map_take_new_name(parser, parser->graph->name);
}

/* [8] behind a value: so many bytes in the block, of which the low 4 count. */
static int take_bytes(struct map_parser *parser, struct map_argument *argument)
{
	int64_t bytes = argument->kind == ROAD_RPU_ARGUMENT_VALUE ? 4 : 8;

	if (argument->kind == ROAD_RPU_ARGUMENT_VALUE && parser->token.kind == MAP_TOKEN_INTEGER &&
	    map_take_integer(parser, 8, 8, &bytes))
		return -1;
	argument->bytes = (unsigned)bytes;
	parser->graph->argument_count++;
	return 0;
}

static int parse_argument(struct map_parser *parser)
{
	static const char *const kinds[] = {"value", "input", "output", "inout"};
	struct map_argument *argument = &parser->graph->arguments[parser->graph->argument_count];

	if (parser->graph->argument_count == MAP_ARGUMENTS_MAX)
		return map_fail(parser, &parser->token, "too many arguments", "16");
	if (map_take_new_name(parser, argument->name))
		return -1;
	for (unsigned i = 0; i < ROAD_RPU_ARGUMENT_KINDS; i++)
		if (map_token_is(&parser->token, kinds[i])) {
			argument->kind = (enum road_rpu_argument_kind)i;
			map_take(parser);
			return take_bytes(parser, argument);
		}
	return map_fail(parser, &parser->token, "no kind of argument",
			"input, output, inout or value");
}

static int parse_loop(struct map_parser *parser)
{
	struct map_graph *graph = parser->graph;
	struct map_loop *loop = &graph->loops[graph->loop_count];
	struct map_token count;

	if (graph->loop_count == MAP_LOOPS_MAX || graph->stream_count)
		return map_fail(parser, &parser->token, "a loop too many",
				"4 loops, all before the first stream");
	if (map_take_new_name(parser, loop->name))
		return -1;
	count = parser->token;
	if (map_take_number(parser, &loop->count))
		return -1;
	if (!loop->count.is_argument && loop->count.value < 1)
		return map_fail(parser, &count, "the loop never runs", "1 and more");
	graph->loop_count++;
	return 0;
}

/* [+ OFFSET] and a stride for each loop. */
static int parse_pattern(struct map_parser *parser, struct map_stream *stream)
{
	int64_t offset = 0;

	if (map_token_is(&parser->token, "+")) {
		map_take(parser);
		if (map_take_integer(parser, INT32_MIN, INT32_MAX, &offset))
			return -1;
	}
	stream->offset = (int32_t)offset;
	for (unsigned i = 0; i < parser->graph->loop_count; i++)
		if (map_take_number(parser, &stream->strides[i]))
			return -1;
	return 0;
}

/* WORD.SECOND, SECOND one of a list; answers which. */
static int take_dotted(struct map_parser *parser, const char *word, const char *const *list,
		       unsigned count, const char *allowed, unsigned *index)
{
	const struct map_token *token = &parser->token;
	size_t bytes = strlen(word);

	for (unsigned i = 0; i < count; i++)
		if (token->kind == MAP_TOKEN_WORD && token->bytes == bytes + 1 + strlen(list[i]) &&
		    !memcmp(token->text, word, bytes) && token->text[bytes] == '.' &&
		    !memcmp(token->text + bytes + 1, list[i], strlen(list[i]))) {
			*index = i;
			map_take(parser);
			return 0;
		}
	return map_fail(parser, token, "not how it goes on", allowed);
}

static const char *const types[ROAD_RPU_TYPES] = {"s8", "u8", "s16", "u16", "32"};
static const char *const folds[ROAD_RPU_REDUCES] = {"last", "add",  "min", "max",
						    "fadd", "fmin", "fmax"};
static const struct stream_form {
	const char *word;
	const char *const *seconds;
	unsigned second_count;
	bool indices;
	const char *allowed;
} forms[] = {
	[MAP_READ] = {"read", types, ROAD_RPU_TYPES, false, "read.s8, .u8, .s16, .u16 or .32"},
	[MAP_WRITE] = {"write", types, ROAD_RPU_TYPES, false, "write.s8, .u8, .s16, .u16 or .32"},
	[MAP_GATHER] = {"gather", types, ROAD_RPU_TYPES, true, "gather.s8, .u8, .s16, .u16 or .32"},
	[MAP_SCATTER] = {"scatter", types, ROAD_RPU_TYPES, true,
			 "scatter.s8, .u8, .s16, .u16 or .32"},
	[MAP_REDUCE] = {"reduce", folds, ROAD_RPU_REDUCES, false,
			"reduce.last, .add, .min, .max, .fadd, .fmin or .fmax"},
};

static int take_memory_stream(struct map_parser *parser, const struct stream_form *form,
			      struct map_stream *stream)
{
	unsigned second;

	stream->kind = (enum map_stream_kind)(form - forms);
	if (take_dotted(parser, form->word, form->seconds, form->second_count, form->allowed,
			&second))
		return -1;
	stream->type = ROAD_RPU_TYPE_32;
	if (stream->kind == MAP_REDUCE)
		stream->reduce = (enum road_rpu_reduce)second;
	else
		stream->type = (enum road_rpu_type)second;
	if (map_take_argument(parser, true, &stream->argument))
		return -1;
	if (form->indices) {
		if (take_dotted(parser, "via", types, ROAD_RPU_TYPES,
				"via.s8, .u8, .s16, .u16 or .32", &second) ||
		    map_take_argument(parser, true, &stream->index_argument))
			return -1;
		stream->index_type = (enum road_rpu_type)second;
	}
	return parse_pattern(parser, stream);
}

static int take_stream_kind(struct map_parser *parser, struct map_stream *stream)
{
	if (map_token_is(&parser->token, "counter")) {
		map_take(parser);
		stream->kind = MAP_COUNTER;
		stream->type = ROAD_RPU_TYPE_32;
		return parse_pattern(parser, stream);
	}
	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t bytes = strlen(forms[i].word);

		if (parser->token.kind == MAP_TOKEN_WORD && parser->token.bytes > bytes &&
		    !memcmp(parser->token.text, forms[i].word, bytes))
			return take_memory_stream(parser, &forms[i], stream);
	}
	return map_fail(parser, &parser->token, "no kind of stream",
			"read.TYPE, write.TYPE, gather.TYPE, scatter.TYPE, reduce.FOLD or counter");
}

static int parse_stream(struct map_parser *parser)
{
	struct map_graph *graph = parser->graph;
	struct map_stream *stream = &graph->streams[graph->stream_count];

	if (graph->stream_count == ROAD_RPU_STREAMS || !graph->loop_count)
		return map_fail(parser, &parser->token, "a stream too many",
				"12 streams, behind the loops");
	stream->line = parser->token.line;
	stream->column = parser->token.column;
	if (map_take_new_name(parser, stream->name) || take_stream_kind(parser, stream))
		return -1;
	if (stream->kind == MAP_REDUCE && (stream->strides[graph->loop_count - 1].is_argument ||
					   stream->strides[graph->loop_count - 1].value))
		return map_error_set(parser->error, stream->line, stream->column,
				     "a reduction moves on in its own loop", stream->name,
				     strlen(stream->name), "a last stride of 0");
	graph->stream_count++;
	return 0;
}

static int parse_period(struct map_parser *parser)
{
	return map_take_loop(parser, &parser->graph->period_loop);
}

static int parse_order(struct map_parser *parser)
{
	struct map_graph *graph = parser->graph;
	int64_t distance;

	if (graph->order_count == MAP_ORDERS_MAX)
		return map_fail(parser, &parser->token, "too many orders", "32");
	for (unsigned i = 0; i < 2; i++) {
		if (parser->token.kind != MAP_TOKEN_WORD)
			return map_fail(parser, &parser->token, "no operation",
					"the name of a load or store");
		parser->order_names[graph->order_count][i] = parser->token;
		map_take(parser);
	}
	if (map_take_integer(parser, 0, 1 << 20, &distance))
		return -1;
	graph->orders[graph->order_count++].distance = (unsigned)distance;
	return 0;
}

static int parse_count(struct map_parser *parser, struct map_token *token)
{
	int64_t value;

	*token = parser->token;
	return map_take_integer(parser, 0, MAP_NODES_MAX, &value);
}

static int parse_operations(struct map_parser *parser)
{
	return parse_count(parser, &parser->operation_token);
}

static int parse_recurrences(struct map_parser *parser)
{
	return parse_count(parser, &parser->recurrence_token);
}

int map_parse_declaration(struct map_parser *parser, const struct map_token *word, bool *known)
{
	static const struct {
		const char *word;
		int (*parse)(struct map_parser *parser);
	} statements[] = {
		{"graph", parse_graph},
		{"argument", parse_argument},
		{"loop", parse_loop},
		{"stream", parse_stream},
		{"order", parse_order},
		{"operations", parse_operations},
		{"recurrences", parse_recurrences},
		{"period", parse_period},
		{"push", map_parse_push},
	};

	for (unsigned i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (map_token_is(word, statements[i].word)) {
			map_take(parser);
			return statements[i].parse(parser);
		}
	*known = false;
	return 0;
}
