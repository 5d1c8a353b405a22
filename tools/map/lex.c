/* SPDX-License-Identifier: Apache-2.0 */
/* Characters to tokens. */
#include "tools/map/lex.h"

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

void map_lex_start(struct map_lexer *lexer, const char *text, size_t bytes)
{
	lexer->at = lexer->line_start = text;
	lexer->end = text + bytes;
	lexer->line = 1;
}

/* A comment ends where its line does. */
static void skip_blanks(struct map_lexer *lexer)
{
	while (lexer->at < lexer->end &&
	       (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r'))
		lexer->at++;
	if (lexer->at < lexer->end && *lexer->at == '#')
		while (lexer->at < lexer->end && *lexer->at != '\n')
			lexer->at++;
}

/* -0x7f, 12, 1.5e-3: up to the first character that no number has. */
static size_t number_bytes(const struct map_lexer *lexer)
{
	const char *at = lexer->at + (*lexer->at == '-');
	bool hex = lexer->end - at > 1 && at[0] == '0' && (at[1] | 0x20) == 'x';

	for (; at < lexer->end && is_word(*at); at++)
		if (!hex && (*at | 0x20) == 'e' && lexer->end - at > 1 &&
		    (at[1] == '-' || at[1] == '+'))
			at++;
	return (size_t)(at - lexer->at);
}

static void number(struct map_token *token)
{
	char copy[48], *end;
	bool hex;

	token->kind = MAP_TOKEN_BAD;
	if (token->bytes >= sizeof(copy))
		return;
	memcpy(copy, token->text, token->bytes);
	copy[token->bytes] = 0;
	hex = !strncmp(copy + (copy[0] == '-'), "0x", 2);
	if (!hex && strpbrk(copy, ".eE")) {
		token->real = strtod(copy, &end);
		token->kind = *end ? MAP_TOKEN_BAD : MAP_TOKEN_REAL;
		return;
	}
	token->value = strtoll(copy, &end, hex ? 16 : 10);
	if (!*end && token->value >= INT32_MIN && token->value <= UINT32_MAX)
		token->kind = MAP_TOKEN_INTEGER;
}

static bool starts_number(const struct map_lexer *lexer)
{
	return is_digit(*lexer->at) ||
	       (*lexer->at == '-' && lexer->end - lexer->at > 1 && is_digit(lexer->at[1]));
}

static void classify(struct map_lexer *lexer, struct map_token *token)
{
	if (starts_number(lexer)) {
		token->bytes = number_bytes(lexer);
		number(token);
	} else if (is_word(*lexer->at) && *lexer->at != '.') {
		while (token->text + token->bytes < lexer->end &&
		       is_word(token->text[token->bytes]))
			token->bytes++;
		token->kind = MAP_TOKEN_WORD;
	} else {
		token->bytes = 1;
		token->kind = *lexer->at && strchr("=,@()+", *lexer->at) ? MAP_TOKEN_PUNCT
									 : MAP_TOKEN_BAD;
	}
}

void map_lex_next(struct map_lexer *lexer, struct map_token *token)
{
	skip_blanks(lexer);
	*token = (struct map_token){.kind = MAP_TOKEN_END,
				    .text = lexer->at,
				    .line = lexer->line,
				    .column = (unsigned)(lexer->at - lexer->line_start) + 1};
	if (lexer->at == lexer->end)
		return;
	if (*lexer->at == '\n') {
		token->kind = MAP_TOKEN_NEWLINE;
		lexer->line_start = ++lexer->at;
		lexer->line++;
		return;
	}
	classify(lexer, token);
	lexer->at += token->bytes;
}

bool map_token_is(const struct map_token *token, const char *text)
{
	return (token->kind == MAP_TOKEN_WORD || token->kind == MAP_TOKEN_PUNCT) &&
	       token->bytes == strlen(text) && !memcmp(token->text, text, token->bytes);
}
