/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the parser share. */
#ifndef TOOLS_MAP_PARSE_H
#define TOOLS_MAP_PARSE_H

#include "tools/map/graph.h"
#include "tools/map/lex.h"
#include "tools/map/ops.h"

struct map_parser {
	struct map_lexer lexer;
	struct map_token token; /* the next one, not taken yet */
	struct map_graph *graph;
	struct map_error *error;
	/* Names of values may be used before they are defined: found once all are known. */
	struct map_token pending[MAP_NODES_MAX][MAP_OPERANDS];
	struct map_token order_names[MAP_ORDERS_MAX][2];
	struct map_token operation_token, recurrence_token; /* stated counts; END: not stated */
};

/* -1, with the token as what was seen. */
int map_fail(struct map_parser *parser, const struct map_token *at, const char *what,
	     const char *allowed);
void map_take(struct map_parser *parser);
int map_take_punct(struct map_parser *parser, const char *punct);
int map_take_integer(struct map_parser *parser, int64_t least, int64_t most, int64_t *value);
/* A word that is no name yet, copied to `name`. */
int map_take_new_name(struct map_parser *parser, char *name);
/* The index of what is already known. */
int map_take_argument(struct map_parser *parser, bool pointer, unsigned *index);
int map_take_loop(struct map_parser *parser, unsigned *index);
int map_take_stream(struct map_parser *parser, unsigned *index);
/* A number, or an argument that is a value. */
int map_take_number(struct map_parser *parser, struct map_number *number);

/* What a launch says of itself beside its arguments, as the contract numbers it; -1: this is
 * neither. */
int map_find_own(const struct map_token *token);
int map_find_argument(const struct map_graph *graph, const struct map_token *token);
int map_find_stream(const struct map_graph *graph, const struct map_token *token);
int map_find_node(const struct map_graph *graph, const struct map_token *token);

/* Statements; the word they begin with is taken. */
int map_parse_declaration(struct map_parser *parser, const struct map_token *word, bool *known);
int map_parse_push(struct map_parser *parser);
int map_parse_operation(struct map_parser *parser, const struct map_token *word);
/* Once all is read: names, cycles, counts. */
int map_resolve(struct map_parser *parser);

#endif
