/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/lex.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/ptx/module.h"

#define DECIMAL_MAX 64 /* characters of a decimal floating-point literal */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_word(char c)
{
	return is_letter(c) || is_digit(c);
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static struct place place_of(const struct lexer *lex, const char *at)
{
	return (struct place){lex->line, (uint32_t)(at - lex->line_start) + 1};
}

static void new_line(struct lexer *lex)
{
	lex->line++;
	lex->line_start = lex->next;
}

static char peek(const struct lexer *lex, size_t ahead)
{
	return (size_t)(lex->end - lex->next) > ahead ? lex->next[ahead] : '\0';
}

static void skip_block_comment(struct ptx *p)
{
	struct lexer *lex = &p->lex;
	struct place start = place_of(lex, lex->next);

	lex->next += 2;
	while (lex->end - lex->next >= 2) {
		char c = *lex->next++;

		if (c == '\n')
			new_line(lex);
		if (c == '*' && *lex->next == '/') {
			lex->next++;
			return;
		}
	}
	ptx_fail(p, start, "comment is not closed before the end of the text");
}

/* White space, comments, and the preprocessor's line marks. */
static void skip_space(struct ptx *p)
{
	struct lexer *lex = &p->lex;

	while (lex->next < lex->end) {
		char c = *lex->next;

		if (c == '\n') {
			lex->next++;
			new_line(lex);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
			lex->next++;
		} else if (c == '#' || (c == '/' && peek(lex, 1) == '/')) {
			while (lex->next < lex->end && *lex->next != '\n')
				lex->next++;
		} else if (c == '/' && peek(lex, 1) == '*') {
			skip_block_comment(p);
		} else {
			return;
		}
	}
}

static void lex_word(struct lexer *lex, struct token *token)
{
	token->kind = TOKEN_NAME;
	lex->next++;
	while (lex->next < lex->end && is_word(*lex->next))
		lex->next++;
}

static void lex_dot(struct lexer *lex, struct token *token)
{
	token->kind = TOKEN_DOT;
	lex->next++;
	while (lex->next < lex->end) {
		if (is_word(*lex->next))
			lex->next++;
		else if (*lex->next == ':' && peek(lex, 1) == ':' && is_word(peek(lex, 2)))
			lex->next += 2;
		else
			return;
	}
}

static void lex_string(struct ptx *p, struct token *token)
{
	struct lexer *lex = &p->lex;

	token->kind = TOKEN_STRING;
	lex->next++;
	while (lex->next < lex->end && *lex->next != '"' && *lex->next != '\n')
		lex->next += *lex->next == '\\' && lex->end - lex->next > 1 ? 2 : 1;
	if (lex->next >= lex->end || *lex->next != '"')
		ptx_fail(p, token->at, "string is not closed before the end of its line");
	lex->next++;
}

/* 0f and 0d: exactly 8 or 16 hexadecimal digits. */
static void lex_float_bits(struct ptx *p, struct token *token, unsigned digits)
{
	struct lexer *lex = &p->lex;
	unsigned seen = 0;

	token->kind = digits == 8 ? TOKEN_F32 : TOKEN_F64;
	for (lex->next += 2; lex->next < lex->end && digit_of(*lex->next) < 16; seen++)
		token->value = token->value << 4 | (unsigned)digit_of(*lex->next++);
	if (seen != digits || (lex->next < lex->end && is_word(*lex->next)))
		ptx_fail(p, token->at, "0%c constant has %u hexadecimal digits, needs %u",
			 digits == 8 ? 'f' : 'd', seen, digits);
}

static void lex_decimal_float(struct ptx *p, struct token *token, size_t bytes)
{
	char text[DECIMAL_MAX + 1];

	if (bytes > DECIMAL_MAX)
		ptx_fail(p, token->at, "floating-point constant has %zu characters, at most %d",
			 bytes, DECIMAL_MAX);
	memcpy(text, token->text.text, bytes);
	text[bytes] = '\0';
	/* The caller's locale may write 1,5. */
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	if (!plain)
		ptx_no_memory(p);
	double value = strtod_l(text, NULL, plain);

	freelocale(plain);
	memcpy(&token->value, &value, sizeof(value));
	token->kind = TOKEN_F64;
}

/* The length of digits.digits e sign digits at `text`, or 0 if that is no such thing. */
static size_t decimal_float_bytes(const struct lexer *lex)
{
	const char *s = lex->next;
	bool point = false, exponent = false;

	while (s < lex->end && is_digit(*s))
		s++;
	if (s < lex->end && *s == '.') {
		point = true;
		for (s++; s < lex->end && is_digit(*s);)
			s++;
	}
	if (lex->end - s > 1 && (*s == 'e' || *s == 'E')) {
		const char *e = s + 1;

		if (e < lex->end && (*e == '+' || *e == '-'))
			e++;
		if (e < lex->end && is_digit(*e)) {
			exponent = true;
			for (s = e; s < lex->end && is_digit(*s);)
				s++;
		}
	}
	return point || exponent ? (size_t)(s - lex->next) : 0;
}

static void lex_integer(struct ptx *p, struct token *token)
{
	struct lexer *lex = &p->lex;
	unsigned base = 10;
	char second = (char)(peek(lex, 1) | 0x20);

	if (*lex->next == '0' && (second == 'x' || second == 'b')) {
		base = second == 'x' ? 16 : 2;
		lex->next += 2;
	} else if (*lex->next == '0') {
		base = 8;
	}
	const char *first = lex->next;

	token->kind = TOKEN_INT;
	for (; lex->next < lex->end && (unsigned)digit_of(*lex->next) < base; lex->next++) {
		uint64_t digit = (uint64_t)digit_of(*lex->next);

		if (__builtin_mul_overflow(token->value, base, &token->value) ||
		    __builtin_add_overflow(token->value, digit, &token->value))
			ptx_fail(p, token->at, "integer constant does not fit in 64 bits");
	}
	if (lex->next == first)
		ptx_fail(p, token->at, "integer constant has no digits of base %u", base);
	token->is_unsigned = token->value > INT64_MAX;
	if (lex->next < lex->end && (*lex->next == 'U' || *lex->next == 'u')) {
		token->is_unsigned = true;
		lex->next++;
	}
	if (lex->next < lex->end && is_word(*lex->next))
		ptx_fail(p, token->at, "'%c' in an integer constant of base %u", *lex->next, base);
}

static void lex_number(struct ptx *p, struct token *token)
{
	struct lexer *lex = &p->lex;
	char second = peek(lex, 1);

	if (*lex->next == '0' && (second == 'f' || second == 'F')) {
		lex_float_bits(p, token, 8);
	} else if (*lex->next == '0' && (second == 'd' || second == 'D')) {
		lex_float_bits(p, token, 16);
	} else {
		size_t bytes = decimal_float_bytes(lex);

		token->text.text = lex->next;
		if (bytes) {
			lex_decimal_float(p, token, bytes);
			lex->next += bytes;
		} else {
			lex_integer(p, token);
		}
	}
}

static void lex_punct(struct ptx *p, struct token *token)
{
	static const char pairs[][2] = {{'<', '<'}, {'>', '>'}, {'=', '='}, {'!', '='},
					{'<', '='}, {'>', '='}, {'&', '&'}, {'|', '|'}};
	struct lexer *lex = &p->lex;
	char c = *lex->next, second = peek(lex, 1);

	if (c <= ' ' || c > '~' || !strchr("[]{}(),;:@!+-*/%&|^~?<>=", c))
		ptx_fail(p, token->at, "byte 0x%02x cannot start a token", (unsigned char)c);
	token->kind = TOKEN_PUNCT;
	token->punct = (uint32_t)c;
	lex->next++;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == c && pairs[i][1] == second) {
			token->punct = (uint32_t)c << 8 | (uint32_t)second;
			lex->next++;
			return;
		}
	}
}

void lex_next(struct ptx *p)
{
	struct lexer *lex = &p->lex;

	skip_space(p);
	struct token *token = &lex->token;

	*token = (struct token){.at = place_of(lex, lex->next)};
	const char *first = lex->next;

	token->text.text = first;
	if (lex->next >= lex->end)
		return;
	char c = *lex->next;

	if (is_letter(c) || (c == '%' && is_word(peek(lex, 1))))
		lex_word(lex, token);
	else if (c == '.' && is_word(peek(lex, 1)))
		lex_dot(lex, token);
	else if (is_digit(c))
		lex_number(p, token);
	else if (c == '"')
		lex_string(p, token);
	else
		lex_punct(p, token);
	unsigned quote = token->kind == TOKEN_STRING || token->kind == TOKEN_DOT;

	token->text.text = first + quote;
	token->text.bytes = (uint32_t)(lex->next - first) - quote - (token->kind == TOKEN_STRING);
}

void lex_start(struct ptx *p, const char *text, size_t bytes)
{
	p->lex = (struct lexer){.next = text, .end = text + bytes, .line_start = text, .line = 1};
	lex_next(p);
}

struct slice lex_seen(struct ptx *p)
{
	const struct token *token = &p->lex.token;

	if (token->kind == TOKEN_END)
		return (struct slice){"the end of the text", 19};
	return token->text;
}

bool lex_is(struct ptx *p, uint32_t punct)
{
	return p->lex.token.kind == TOKEN_PUNCT && p->lex.token.punct == punct;
}

bool lex_is_dot(struct ptx *p, const char *word)
{
	return p->lex.token.kind == TOKEN_DOT && slice_is(p->lex.token.text, word);
}

bool lex_accept(struct ptx *p, uint32_t punct)
{
	if (!lex_is(p, punct))
		return false;
	lex_next(p);
	return true;
}

void lex_expect(struct ptx *p, uint32_t punct, const char *where)
{
	if (lex_accept(p, punct))
		return;
	struct slice seen = lex_seen(p);

	ptx_fail(p, p->lex.token.at, "expected '%c' in %s, saw '%.*s'", (char)punct, where,
		 SLICE(seen));
}

struct slice lex_expect_name(struct ptx *p, const char *where)
{
	struct slice seen = lex_seen(p);

	if (p->lex.token.kind != TOKEN_NAME)
		ptx_fail(p, p->lex.token.at, "expected a name in %s, saw '%.*s'", where,
			 SLICE(seen));
	lex_next(p);
	return seen;
}
