/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of PTX text (PTX ISA 8.x, chapter 4 "Syntax"). */
#ifndef DRIVERS_GPU_PTX_LEX_H
#define DRIVERS_GPU_PTX_LEX_H

#include "drivers/gpu/ptx/core.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,   /* foo, %r1, $L_2, _ */
	TOKEN_DOT,    /* .global, .L1::evict_last: the text is without the dot */
	TOKEN_INT,    /* value */
	TOKEN_F32,    /* 0f3F800000: value = bits */
	TOKEN_F64,    /* 0d... or decimal: value = bits */
	TOKEN_STRING, /* text without the quotes */
	TOKEN_PUNCT,  /* punct = the character, or two of them: '<' << 8 | '<' */
};

struct token {
	enum token_kind kind;
	uint32_t punct;
	struct slice text; /* as written */
	struct place at;
	uint64_t value;
	bool is_unsigned; /* integer with suffix U, or above INT64_MAX */
};

struct lexer {
	const char *next, *end, *line_start;
	uint32_t line;
	struct token token; /* the current one */
};

void lex_start(struct ptx *p, const char *text, size_t bytes);
void lex_next(struct ptx *p);

/* The current token's spelling, for messages. */
struct slice lex_seen(struct ptx *p);
bool lex_is(struct ptx *p, uint32_t punct);
bool lex_is_dot(struct ptx *p, const char *word);
bool lex_accept(struct ptx *p, uint32_t punct);
/* Takes the character or fails with "expected ... in `where`, saw ...". */
void lex_expect(struct ptx *p, uint32_t punct, const char *where);
struct slice lex_expect_name(struct ptx *p, const char *where);

#endif
