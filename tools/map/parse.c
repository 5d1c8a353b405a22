/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a graph, one a line; what they share. */
#include "tools/map/parse.h"

#include <stdio.h>
#include <string.h>

static void cut(char *out, size_t room, const char *text, size_t bytes)
{
	size_t kept = bytes < room ? bytes : room - 1;

	memcpy(out, text, kept);
	out[kept] = 0;
	if (kept < bytes)
		memcpy(out + room - 4, "...", 4);
}

int map_error_set(struct map_error *error, unsigned line, unsigned column, const char *what,
		  const char *seen, size_t seen_bytes, const char *allowed)
{
	error->line = line;
	error->column = column;
	cut(error->what, sizeof(error->what), what, strlen(what));
	cut(error->seen, sizeof(error->seen), seen, seen_bytes);
	cut(error->allowed, sizeof(error->allowed), allowed, strlen(allowed));
	return -1;
}

int map_fail(struct map_parser *parser, const struct map_token *at, const char *what,
	     const char *allowed)
{
	const char *seen = at->text;
	size_t bytes = at->bytes;

	if (at->kind == MAP_TOKEN_NEWLINE || at->kind == MAP_TOKEN_END) {
		seen = "the line's end";
		bytes = strlen(seen);
	}
	return map_error_set(parser->error, at->line, at->column, what, seen, bytes, allowed);
}

void map_take(struct map_parser *parser)
{
	map_lex_next(&parser->lexer, &parser->token);
}

int map_take_punct(struct map_parser *parser, const char *punct)
{
	if (!map_token_is(&parser->token, punct))
		return map_fail(parser, &parser->token, "something is missing", punct);
	map_take(parser);
	return 0;
}

int map_take_integer(struct map_parser *parser, int64_t least, int64_t most, int64_t *value)
{
	char allowed[64];

	*value = parser->token.value;
	if (parser->token.kind != MAP_TOKEN_INTEGER || *value < least || *value > most) {
		snprintf(allowed, sizeof(allowed), "an integer of %lld to %lld", (long long)least,
			 (long long)most);
		return map_fail(parser, &parser->token, "no such number", allowed);
	}
	map_take(parser);
	return 0;
}

#define FIND(list, count)                                               \
	for (unsigned i = 0; i < (count); i++)                          \
		if (strlen((list)[i].name) == token->bytes &&           \
		    !memcmp((list)[i].name, token->text, token->bytes)) \
			return (int)i;                                  \
	return -1

int map_find_argument(const struct map_graph *graph, const struct map_token *token)
{
	FIND(graph->arguments, graph->argument_count);
}

int map_find_stream(const struct map_graph *graph, const struct map_token *token)
{
	FIND(graph->streams, graph->stream_count);
}

int map_find_node(const struct map_graph *graph, const struct map_token *token)
{
	FIND(graph->nodes, graph->node_count);
}

static int find_loop(const struct map_graph *graph, const struct map_token *token)
{
	FIND(graph->loops, graph->loop_count);
}

int map_take_new_name(struct map_parser *parser, char *name)
{
	const struct map_token *token = &parser->token;
	const struct map_graph *graph = parser->graph;

	if (token->kind != MAP_TOKEN_WORD || memchr(token->text, '.', token->bytes) ||
	    token->bytes > MAP_NAME_MAX)
		return map_fail(parser, token, "no name",
				"at most 31 letters, digits and _, beginning with no digit");
	if (map_find_own(token) >= 0 || map_find_argument(graph, token) >= 0 ||
	    map_find_stream(graph, token) >= 0 || map_find_node(graph, token) >= 0 ||
	    find_loop(graph, token) >= 0)
		return map_fail(parser, token, "the name is taken", "a name of its own");
	memcpy(name, token->text, token->bytes);
	name[token->bytes] = 0;
	map_take(parser);
	return 0;
}

static int take_found(struct map_parser *parser, int found, unsigned *index, const char *what,
		      const char *allowed)
{
	if (parser->token.kind != MAP_TOKEN_WORD || found < 0)
		return map_fail(parser, &parser->token, what, allowed);
	*index = (unsigned)found;
	map_take(parser);
	return 0;
}

int map_take_argument(struct map_parser *parser, bool pointer, unsigned *index)
{
	const struct map_graph *graph = parser->graph;
	int found = map_find_argument(graph, &parser->token);

	if (found >= 0 && pointer != (graph->arguments[found].kind != ROAD_RPU_ARGUMENT_VALUE))
		found = -1;
	return take_found(parser, found, index, "no such argument",
			  pointer ? "the name of an input, output or inout argument"
				  : "the name of a value argument");
}

int map_take_loop(struct map_parser *parser, unsigned *index)
{
	return take_found(parser, find_loop(parser->graph, &parser->token), index, "no such loop",
			  "the name of a loop above");
}

int map_take_stream(struct map_parser *parser, unsigned *index)
{
	return take_found(parser, map_find_stream(parser->graph, &parser->token), index,
			  "no such stream", "the name of a stream above");
}

int map_take_number(struct map_parser *parser, struct map_number *number)
{
	int64_t value;
	int found;

	if (parser->token.kind != MAP_TOKEN_WORD) {
		if (map_take_integer(parser, INT32_MIN, INT32_MAX, &value))
			return -1;
		number->value = (int32_t)value;
		return 0;
	}
	found = map_find_argument(parser->graph, &parser->token);
	if (found < 0 || parser->graph->arguments[found].kind != ROAD_RPU_ARGUMENT_VALUE)
		return map_fail(parser, &parser->token, "no such number",
				"an integer, or the name of a value argument");
	number->is_argument = true;
	return map_take_argument(parser, false, &number->argument);
}

static int statement(struct map_parser *parser)
{
	struct map_token word = parser->token;
	bool known = true;

	if (word.kind != MAP_TOKEN_WORD)
		return map_fail(parser, &word, "no statement",
				"graph, argument, loop, period, stream, order, operations, "
				"recurrences, push, or [NAME =] OPERATION …");
	if (map_parse_declaration(parser, &word, &known))
		return -1;
	if (!known && map_parse_operation(parser, &word))
		return -1;
	if (parser->token.kind != MAP_TOKEN_NEWLINE && parser->token.kind != MAP_TOKEN_END)
		return map_fail(parser, &parser->token, "more than the statement has",
				"the line's end");
	return 0;
}

int map_graph_parse(const char *text, size_t bytes, struct map_graph *graph,
		    struct map_error *error)
{
	struct map_parser parser = {.graph = graph, .error = error};

	memset(graph, 0, sizeof(*graph));
	if (bytes > MAP_TEXT_MAX)
		return map_error_set(error, 0, 0, "the text is too long", "more", 4, "65536 bytes");
	map_lex_start(&parser.lexer, text, bytes);
	for (map_take(&parser); parser.token.kind != MAP_TOKEN_END;)
		if (parser.token.kind == MAP_TOKEN_NEWLINE)
			map_take(&parser);
		else if (statement(&parser))
			return -1;
	return map_resolve(&parser);
}
