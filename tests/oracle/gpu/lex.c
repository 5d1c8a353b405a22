/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void skip_blanks(struct lexer *x)
{
	for (;;) {
		if (*x->at == '\n')
			x->line++;
		if (isspace((unsigned char)*x->at)) {
			x->at++;
		} else if (!strncmp(x->at, "//", 2)) {
			while (*x->at && *x->at != '\n')
				x->at++;
		} else if (!strncmp(x->at, "/*", 2)) {
			const char *end = strstr(x->at + 2, "*/");

			if (!end)
				fail(x->m, x->line, "a comment does not end");
			for (; x->at < end; x->at++)
				x->line += *x->at == '\n';
			x->at = end + 2;
		} else {
			return;
		}
	}
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

static const char *take(struct lexer *x, const char *start, const char *end)
{
	size_t bytes = (size_t)(end - start);
	char *text = arena_take(x->m, bytes + 1);

	memcpy(text, start, bytes);
	x->at = end;
	return text;
}

/* 0f and eight digits, 0d and sixteen. */
static bool float_bits(struct lexer *x)
{
	char kind = (char)tolower((unsigned char)x->at[1]);
	unsigned digits = kind == 'f' ? 8 : 16;
	char hex[17] = {0};

	if (x->at[0] != '0' || (kind != 'f' && kind != 'd'))
		return false;
	for (unsigned n = 0; n < digits; n++) {
		if (!isxdigit((unsigned char)x->at[2 + n]))
			return false;
		hex[n] = x->at[2 + n];
	}
	x->value = strtoull(hex, NULL, 16);
	x->number = kind == 'f' ? NUMBER_F32 : NUMBER_F64;
	x->at += 2 + digits;
	return true;
}

static void lex_number(struct lexer *x)
{
	const char *end = x->at;
	char *stop;

	x->token = TOKEN_NUMBER;
	if (float_bits(x))
		return;
	bool hex = end[0] == '0' && tolower((unsigned char)end[1]) == 'x';
	bool binary = end[0] == '0' && tolower((unsigned char)end[1]) == 'b';
	bool real = false;

	while (isdigit((unsigned char)*end))
		end++;
	real = !hex && !binary && (*end == '.' || tolower((unsigned char)*end) == 'e');
	if (real) {
		double value = strtod(x->at, &stop);

		memcpy(&x->value, &value, 8);
		x->number = NUMBER_F64;
	} else {
		x->value = strtoull(binary ? x->at + 2 : x->at, &stop, binary ? 2 : 0);
		x->number = NUMBER_INTEGER;
	}
	x->at = stop;
	if (!real && *x->at == 'U')
		x->at++;
}

static void lex_word(struct lexer *x)
{
	const char *end = x->at;

	x->token = TOKEN_NAME;
	if (*end == '.') {
		x->token = TOKEN_DOT;
		x->at = ++end;
		while (is_word(*end) || (end[0] == ':' && end[1] == ':') ||
		       (end[0] == ':' && end[-1] == ':'))
			end++;
	} else {
		for (end++; is_word(*end); end++)
			;
	}
	x->text = take(x, x->at, end);
}

void lex_next(struct lexer *x)
{
	skip_blanks(x);
	char c = *x->at;

	x->punct = 0;
	if (!c) {
		x->token = TOKEN_END;
	} else if (isdigit((unsigned char)c)) {
		lex_number(x);
	} else if (is_word(c) || c == '%' ||
		   (c == '.' && (is_word(x->at[1]) && !isdigit((unsigned char)x->at[1])))) {
		if (c == '%' && !is_word(x->at[1])) {
			x->token = TOKEN_PUNCT;
			x->punct = *x->at++;
			return;
		}
		lex_word(x);
	} else if (c == '"') {
		const char *end = strchr(x->at + 1, '"');

		if (!end)
			fail(x->m, x->line, "a string does not end");
		x->token = TOKEN_STRING;
		x->at = end + 1;
	} else {
		x->token = TOKEN_PUNCT;
		x->punct = *x->at++;
	}
}

bool lex_is(const struct lexer *x, char punct)
{
	return x->token == TOKEN_PUNCT && x->punct == punct;
}

bool lex_accept(struct lexer *x, char punct)
{
	if (!lex_is(x, punct))
		return false;
	lex_next(x);
	return true;
}

void lex_expect(struct lexer *x, char punct)
{
	if (!lex_accept(x, punct))
		fail(x->m, x->line, "expected '%c', saw '%s%c'", punct,
		     x->token == TOKEN_PUNCT || !x->text ? "" : x->text, x->punct ? x->punct : ' ');
}

bool lex_dot(const struct lexer *x, const char *word)
{
	return x->token == TOKEN_DOT && !strcmp(x->text, word);
}

bool lex_accept_dot(struct lexer *x, const char *word)
{
	if (!lex_dot(x, word))
		return false;
	lex_next(x);
	return true;
}

const char *lex_name(struct lexer *x)
{
	if (x->token != TOKEN_NAME)
		fail(x->m, x->line, "expected a name");
	const char *name = x->text;

	lex_next(x);
	return name;
}

static uint64_t primary(struct lexer *x, enum number *number);

static uint64_t negate(uint64_t value, enum number number)
{
	return number == NUMBER_F32   ? value ^ 0x80000000u
	       : number == NUMBER_F64 ? value ^ UINT64_C(1) << 63
				      : 0 - value;
}

static uint64_t primary(struct lexer *x, enum number *number)
{
	uint64_t value;

	*number = NUMBER_INTEGER;
	if (lex_accept(x, '-')) {
		value = primary(x, number);
		return negate(value, *number);
	}
	if (lex_accept(x, '+'))
		return primary(x, number);
	if (lex_accept(x, '~'))
		return ~primary(x, number);
	if (lex_accept(x, '!'))
		return !primary(x, number);
	if (lex_accept(x, '(')) {
		value = lex_constant(x, number);
		lex_expect(x, ')');
		return value;
	}
	if (x->token == TOKEN_NAME && !strcmp(x->text, "WARP_SZ")) {
		lex_next(x);
		return 32;
	}
	if (x->token != TOKEN_NUMBER)
		fail(x->m, x->line, "expected a constant");
	*number = x->number;
	value = x->value;
	lex_next(x);
	return value;
}

/* Sums of products are all that programs write here. */
static uint64_t product(struct lexer *x, enum number *number)
{
	uint64_t value = primary(x, number);

	while (lex_is(x, '*') || lex_is(x, '/')) {
		bool times = lex_is(x, '*');
		enum number other;

		lex_next(x);
		uint64_t by = primary(x, &other);

		if (!times && !by)
			fail(x->m, x->line, "division by zero");
		value = times ? value * by : value / by;
	}
	return value;
}

uint64_t lex_constant(struct lexer *x, enum number *number)
{
	uint64_t value = product(x, number);

	while (lex_is(x, '+') || lex_is(x, '-')) {
		bool plus = lex_is(x, '+');
		enum number other;

		lex_next(x);
		value = plus ? value + product(x, &other) : value - product(x, &other);
	}
	return value;
}
