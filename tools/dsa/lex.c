/* SPDX-License-Identifier: Apache-2.0 */
/* Characters to tokens. */
#include "tools/dsa/lex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
	       is_digit(c);
}

void dsa_lex_start(struct dsa_lexer *lexer, const char *text, size_t bytes)
{
	lexer->at = lexer->line_start = text;
	lexer->end = text + bytes;
	lexer->line = 1;
}

/* A comment ends where its line does. */
static void skip_blanks(struct dsa_lexer *lexer)
{
	while (lexer->at < lexer->end &&
	       (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r'))
		lexer->at++;
	if (lexer->at < lexer->end &&
	    (*lexer->at == ';' || (lexer->end - lexer->at > 1 && !memcmp(lexer->at, "//", 2))))
		while (lexer->at < lexer->end && *lexer->at != '\n')
			lexer->at++;
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static void integer(struct dsa_token *token)
{
	const char *at = token->text, *end = at + token->bytes;
	int base = 10;

	if (token->bytes > 2 && at[0] == '0' && ((at[1] | 0x20) == 'x' || (at[1] | 0x20) == 'b')) {
		base = (at[1] | 0x20) == 'x' ? 16 : 2;
		at += 2;
	}
	token->kind = DSA_TOKEN_NUMBER;
	for (token->value = 0; at < end; at++)
		if (digit_of(*at) >= base ||
		    __builtin_mul_overflow(token->value, (uint64_t)base, &token->value) ||
		    __builtin_add_overflow(token->value, (uint64_t)digit_of(*at), &token->value)) {
			token->kind = DSA_TOKEN_BAD;
			return;
		}
}

static void real(struct dsa_token *token)
{
	char copy[64], *end;

	token->kind = DSA_TOKEN_BAD;
	if (token->bytes >= sizeof(copy))
		return;
	memcpy(copy, token->text, token->bytes);
	copy[token->bytes] = 0;
	token->real = strtod(copy, &end);
	if (!*end)
		token->kind = DSA_TOKEN_REAL;
}

/* `1e-3` has a sign in it; hexadecimal digits are no exponents. */
static void number(struct dsa_lexer *lexer, struct dsa_token *token)
{
	const char *at = lexer->at;
	bool hex = lexer->end - at > 1 && at[0] == '0' && (at[1] | 0x20) == 'x', fraction = false;

	for (; at < lexer->end; at++) {
		bool exponent = !hex && (*at | 0x20) == 'e';

		if (!is_word(*at))
			break;
		fraction = fraction || exponent || *at == '.';
		if (exponent && lexer->end - at > 1 && (at[1] == '-' || at[1] == '+'))
			at++;
	}
	token->bytes = (size_t)(at - lexer->at);
	if (fraction)
		real(token);
	else
		integer(token);
}

static void word(struct dsa_lexer *lexer, struct dsa_token *token)
{
	const char *at = lexer->at;

	while (at < lexer->end && is_word(*at))
		at++;
	token->kind = DSA_TOKEN_WORD;
	token->bytes = (size_t)(at - lexer->at);
}

static void punctuation(struct dsa_lexer *lexer, struct dsa_token *token)
{
	token->punct = *lexer->at;
	token->bytes = 1;
	token->kind = strchr(",:=[]()+-*/%&|^~<>", *lexer->at) && *lexer->at ? DSA_TOKEN_PUNCT
									     : DSA_TOKEN_BAD;
	if (*lexer->at != '<' && *lexer->at != '>')
		return;
	if (lexer->end - lexer->at > 1 && lexer->at[1] == *lexer->at)
		token->bytes = 2;
	else
		token->kind = DSA_TOKEN_BAD;
}

void dsa_lex_next(struct dsa_lexer *lexer, struct dsa_token *token)
{
	skip_blanks(lexer);
	*token = (struct dsa_token){.kind = DSA_TOKEN_END,
				    .text = lexer->at,
				    .line = lexer->line,
				    .column = (unsigned)(lexer->at - lexer->line_start) + 1};
	if (lexer->at == lexer->end)
		return;
	if (*lexer->at == '\n') {
		token->kind = DSA_TOKEN_NEWLINE;
		lexer->line_start = ++lexer->at;
		lexer->line++;
		return;
	}
	if (is_digit(*lexer->at)) {
		number(lexer, token);
	} else if (is_word(*lexer->at)) {
		word(lexer, token);
	} else if (*lexer->at == '%' && lexer->end - lexer->at > 1 && is_word(lexer->at[1]) &&
		   !is_digit(lexer->at[1])) {
		lexer->at++;
		token->text++;
		word(lexer, token);
		token->kind = DSA_TOKEN_SREG;
	} else {
		punctuation(lexer, token);
	}
	lexer->at += token->bytes;
}
