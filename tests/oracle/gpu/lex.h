/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of PTX text, and constant expressions. */
#ifndef TESTS_ORACLE_GPU_LEX_H
#define TESTS_ORACLE_GPU_LEX_H

#include "tests/oracle/gpu/ptx.h"

enum token { TOKEN_END, TOKEN_NAME, TOKEN_DOT, TOKEN_NUMBER, TOKEN_STRING, TOKEN_PUNCT };

struct lexer {
	struct module *m;
	const char *at;
	unsigned line;
	enum token token;
	const char *text; /* without the dot; in the arena */
	char punct;
	enum number number;
	uint64_t value;
};

void lex_next(struct lexer *x);
bool lex_is(const struct lexer *x, char punct);
bool lex_accept(struct lexer *x, char punct);
void lex_expect(struct lexer *x, char punct);
bool lex_dot(const struct lexer *x, const char *word);
bool lex_accept_dot(struct lexer *x, const char *word);
const char *lex_name(struct lexer *x);
/* A constant expression; its kind in *number. */
uint64_t lex_constant(struct lexer *x, enum number *number);

#endif
