/* SPDX-License-Identifier: Apache-2.0 */
/* Assembler text as tokens. A word may have dots in it: `.kernel`, `vadd.f16`. */
#ifndef TOOLS_DSA_LEX_H
#define TOOLS_DSA_LEX_H

#include <stddef.h>
#include <stdint.h>

enum dsa_token_kind {
	DSA_TOKEN_END,     /* of the text */
	DSA_TOKEN_NEWLINE, /* or a comment before it */
	DSA_TOKEN_WORD,
	DSA_TOKEN_NUMBER, /* value */
	DSA_TOKEN_REAL,   /* real */
	DSA_TOKEN_SREG,   /* %name; text without the % */
	DSA_TOKEN_PUNCT,  /* punct; `<<` is '<', `>>` is '>' */
	DSA_TOKEN_BAD,    /* nothing that can be; a number too large included */
};
struct dsa_token {
	enum dsa_token_kind kind;
	const char *text; /* in the source */
	size_t bytes;
	unsigned line, column;
	uint64_t value;
	double real;
	char punct;
};
struct dsa_lexer {
	const char *at, *end, *line_start;
	unsigned line;
};

void dsa_lex_start(struct dsa_lexer *lexer, const char *text, size_t bytes);
void dsa_lex_next(struct dsa_lexer *lexer, struct dsa_token *token);

#endif
