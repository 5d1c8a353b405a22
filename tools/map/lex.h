/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a graph as tokens. A word may have dots in it: `mul.f32`. */
#ifndef TOOLS_MAP_LEX_H
#define TOOLS_MAP_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum map_token_kind {
	MAP_TOKEN_END,     /* of the text */
	MAP_TOKEN_NEWLINE, /* or a comment before it */
	MAP_TOKEN_WORD,
	MAP_TOKEN_INTEGER, /* value */
	MAP_TOKEN_REAL,    /* real */
	MAP_TOKEN_PUNCT,   /* = , @ ( ) + */
	MAP_TOKEN_BAD,     /* nothing that can be; a number too large included */
};
struct map_token {
	enum map_token_kind kind;
	const char *text; /* in the source */
	size_t bytes;
	unsigned line, column;
	int64_t value;
	double real;
};
struct map_lexer {
	const char *at, *end, *line_start;
	unsigned line;
};

void map_lex_start(struct map_lexer *lexer, const char *text, size_t bytes);
void map_lex_next(struct map_lexer *lexer, struct map_token *token);
bool map_token_is(const struct map_token *token, const char *text);

#endif
