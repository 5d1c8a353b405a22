/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant expressions. Arithmetic is that of 64-bit integers, which wrap; precedence as in C.
 *	| ^ & << >> + - * / %  - ~ ( )  numbers, names
 *	pair(low, high)  f32(x) f16(x) bf16(x)  min(a, b) max(a, b)
 */
#include "tools/dsa/asm_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64u

static int unary(struct asm_state *state, int64_t *value);

static unsigned precedence_of(const struct dsa_token *token)
{
	if (token->kind != DSA_TOKEN_PUNCT)
		return 0;
	switch (token->punct) {
	case '|': return 1;
	case '^': return 2;
	case '&': return 3;
	case '<':
	case '>': return 4;
	case '+':
	case '-': return 5;
	case '*':
	case '/':
	case '%': return 6;
	default: return 0;
	}
}

static int divide(struct asm_state *state, const struct dsa_token *op, int64_t a, int64_t b,
		  int64_t *out)
{
	if (!b)
		return asm_error_at(state, op, "division by zero", "");
	if (b == -1)
		*out = op->punct == '/' ? (int64_t)(0 - (uint64_t)a) : 0;
	else
		*out = op->punct == '/' ? a / b : a % b;
	return 0;
}

static int shift(struct asm_state *state, const struct dsa_token *op, int64_t a, int64_t b,
		 int64_t *out)
{
	if (b < 0 || b > 63)
		return asm_error_at(state, op, "shift out of range", "0 to 63");
	*out = (int64_t)(op->punct == '<' ? (uint64_t)a << b : (uint64_t)a >> b);
	return 0;
}

static int apply(struct asm_state *state, const struct dsa_token *op, int64_t a, int64_t b,
		 int64_t *out)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (op->punct) {
	case '|': *out = (int64_t)(x | y); return 0;
	case '^': *out = (int64_t)(x ^ y); return 0;
	case '&': *out = (int64_t)(x & y); return 0;
	case '+': *out = (int64_t)(x + y); return 0;
	case '-': *out = (int64_t)(x - y); return 0;
	case '*': *out = (int64_t)(x * y); return 0;
	case '/':
	case '%': return divide(state, op, a, b, out);
	default: return shift(state, op, a, b, out);
	}
}

static int binary(struct asm_state *state, unsigned least, int64_t *value)
{
	if (unary(state, value))
		return -1;
	for (;;) {
		struct dsa_token op = state->token;
		unsigned precedence = precedence_of(&op);
		int64_t right;

		if (!precedence || precedence < least)
			return 0;
		asm_next(state);
		if (binary(state, precedence + 1, &right) ||
		    apply(state, &op, *value, right, value))
			return -1;
	}
}

int asm_expression(struct asm_state *state, int64_t *value)
{
	int result;

	if (state->depth >= DEPTH_MAX)
		return asm_error(state, "expression nested too deeply", "64 levels");
	state->depth++;
	result = binary(state, 1, value);
	state->depth--;
	return result;
}

int asm_expression_in(struct asm_state *state, int64_t least, int64_t most, int64_t *value)
{
	struct dsa_token first = state->token;
	char allowed[64], seen[32];

	if (asm_expression(state, value))
		return -1;
	if (*value >= least && *value <= most)
		return 0;
	snprintf(allowed, sizeof(allowed), "%lld to %lld", (long long)least, (long long)most);
	snprintf(seen, sizeof(seen), "%lld", (long long)*value);
	return dsa_messages_add(state->messages, first.line, first.column, "number out of range",
				seen, strlen(seen), allowed);
}

/* The bits of a double in a narrower type; more than it can hold is infinite. */
static uint64_t narrowed(double x, unsigned exponent_bits, unsigned fraction_bits)
{
	uint64_t sign = signbit(x) ? 1ull << (exponent_bits + fraction_bits) : 0;
	uint64_t infinite = ((1ull << exponent_bits) - 1) << fraction_bits;
	int bias = (1 << (exponent_bits - 1)) - 1, exponent;
	double scaled;

	if (isnan(x))
		return infinite | ((1ull << fraction_bits) - 1);
	if (isinf(x) || x == 0)
		return sign | (x == 0 ? 0 : infinite);
	frexp(x, &exponent);
	exponent -= 1; /* 1 <= |x| / 2^exponent < 2 */
	if (exponent < 1 - bias)
		exponent = 1 - bias;
	if (exponent > bias)
		return sign | infinite;
	scaled = nearbyint(ldexp(fabs(x), (int)fraction_bits - exponent));
	/* Carries run into the exponent, up to infinity. */
	return sign | ((((uint64_t)(exponent + bias - 1)) << fraction_bits) + (uint64_t)scaled);
}

int asm_real(struct asm_state *state, unsigned exponent_bits, unsigned fraction_bits,
	     uint64_t *bits)
{
	bool negative = false;
	double x;

	for (; asm_punct(state, '-'); asm_next(state))
		negative = !negative;
	if (state->token.kind == DSA_TOKEN_REAL)
		x = state->token.real;
	else if (state->token.kind == DSA_TOKEN_NUMBER)
		x = (double)state->token.value;
	else if (state->token.kind == DSA_TOKEN_WORD && state->token.bytes == 3 &&
		 !memcmp(state->token.text, "inf", 3))
		x = (double)INFINITY;
	else if (state->token.kind == DSA_TOKEN_WORD && state->token.bytes == 3 &&
		 !memcmp(state->token.text, "nan", 3))
		x = (double)NAN;
	else
		return asm_error(state, "no floating-point number", "1.5 -2e-3 inf nan");
	asm_next(state);
	*bits = narrowed(negative ? -x : x, exponent_bits, fraction_bits);
	return 0;
}

static int real_call(struct asm_state *state, unsigned exponent_bits, unsigned fraction_bits,
		     int64_t *value)
{
	uint64_t bits;

	if (asm_real(state, exponent_bits, fraction_bits, &bits) || asm_expect(state, ')'))
		return -1;
	*value = (int64_t)bits;
	return 0;
}

static int two_call(struct asm_state *state, char which, int64_t *value)
{
	int64_t a, b;

	if (asm_expression(state, &a) || asm_expect(state, ',') || asm_expression(state, &b) ||
	    asm_expect(state, ')'))
		return -1;
	if (which == 'p')
		*value = (int64_t)(((uint64_t)a & 0xffffffffu) | (uint64_t)b << 32);
	else
		*value = (which == 'm') == (a < b) ? a : b;
	return 0;
}

/* A function of the table, its parenthesis already taken. */
static int call(struct asm_state *state, const struct dsa_token *name, int64_t *value)
{
	static const struct {
		const char *name;
		uint8_t exponent, fraction; /* 0: of two integers */
		char which;
	} functions[] = {{"f32", 8, 23, 0},   {"f16", 5, 10, 0},  {"bf16", 8, 7, 0},
			 {"pair", 0, 0, 'p'}, {"min", 0, 0, 'm'}, {"max", 0, 0, 'x'}};

	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strlen(functions[i].name) == name->bytes &&
		    !memcmp(functions[i].name, name->text, name->bytes))
			return functions[i].exponent ? real_call(state, functions[i].exponent,
								 functions[i].fraction, value)
						     : two_call(state, functions[i].which, value);
	return asm_error_at(state, name, "no such function", "pair f32 f16 bf16 min max");
}

static int named(struct asm_state *state, int64_t *value)
{
	struct dsa_token name = state->token;
	struct asm_symbol *symbol;

	asm_next(state);
	if (asm_punct(state, '(')) {
		int result;

		if (state->depth >= DEPTH_MAX)
			return asm_error(state, "expression nested too deeply", "64 levels");
		asm_next(state);
		state->depth++;
		result = call(state, &name, value);
		state->depth--;
		return result;
	}
	symbol = asm_symbol_find(state, name.text, name.bytes);
	if (!symbol)
		return asm_error_at(state, &name, "unknown name in an expression",
				    "numbers, and names that .equ, .default or data gave before");
	if (symbol->kind != ASM_SYMBOL_NUMBER && symbol->kind != ASM_SYMBOL_VARIABLE)
		return asm_error_at(state, &name, "not a number",
				    "names that .equ, .default or data gave");
	*value = symbol->value;
	return 0;
}

static int signed_operand(struct asm_state *state, int64_t *value)
{
	char sign = state->token.punct;
	int result;

	if (state->depth >= DEPTH_MAX)
		return asm_error(state, "expression nested too deeply", "64 levels");
	asm_next(state);
	state->depth++;
	result = unary(state, value);
	state->depth--;
	if (!result)
		*value = (int64_t)(sign == '~' ? ~(uint64_t)*value : 0 - (uint64_t)*value);
	return result;
}

static int unary(struct asm_state *state, int64_t *value)
{
	if (asm_punct(state, '-') || asm_punct(state, '~'))
		return signed_operand(state, value);
	if (asm_punct(state, '(')) {
		asm_next(state);
		return asm_expression(state, value) || asm_expect(state, ')') ? -1 : 0;
	}
	if (state->token.kind == DSA_TOKEN_NUMBER) {
		*value = (int64_t)state->token.value;
		asm_next(state);
		return 0;
	}
	if (state->token.kind == DSA_TOKEN_WORD)
		return named(state, value);
	return asm_error(state, "no constant expression", "numbers, names, ( ) - ~");
}
