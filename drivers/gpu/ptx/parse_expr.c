/* SPDX-License-Identifier: Apache-2.0 */
/* Constant expressions (PTX ISA, section 4.5): C's operators over 64-bit integers. */
#include "drivers/gpu/ptx/module.h"

#define PAIR(a, b) ((uint32_t)(a) << 8 | (uint32_t)(b))

static const struct {
	uint32_t punct;
	uint8_t level; /* binds tighter the higher */
} binaries[] = {
	{PAIR('|', '|'), 1},
	{PAIR('&', '&'), 2},
	{'|', 3},
	{'^', 4},
	{'&', 5},
	{PAIR('=', '='), 6},
	{PAIR('!', '='), 6},
	{'<', 7},
	{'>', 7},
	{PAIR('<', '='), 7},
	{PAIR('>', '='), 7},
	{PAIR('<', '<'), 8},
	{PAIR('>', '>'), 8},
	{'+', 9},
	{'-', 9},
	{'*', 10},
	{'/', 10},
	{'%', 10},
};

static struct constant parse_ternary(struct ptx *p, const char *where, unsigned depth);

static unsigned level_of(struct ptx *p)
{
	if (p->lex.token.kind != TOKEN_PUNCT)
		return 0;
	for (unsigned i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++)
		if (binaries[i].punct == p->lex.token.punct)
			return binaries[i].level;
	return 0;
}

static struct constant parse_leaf(struct ptx *p, const char *where)
{
	struct token token = p->lex.token;
	struct slice seen = lex_seen(p);

	if (token.kind == TOKEN_NAME && slice_is(token.text, "WARP_SZ"))
		token = (struct token){.kind = TOKEN_INT, .value = ROAD_GPU_WARP_LANES};
	else if (token.kind != TOKEN_INT && token.kind != TOKEN_F32 && token.kind != TOKEN_F64)
		ptx_fail(p, p->lex.token.at, "expected a constant in %s, saw '%.*s'", where,
			 SLICE(seen));
	lex_next(p);
	return (struct constant){token.value, token.is_unsigned, token.kind == TOKEN_F32,
				 token.kind == TOKEN_F64};
}

static struct constant negate(struct constant c)
{
	if (c.is_f32)
		c.value ^= UINT32_C(1) << 31;
	else if (c.is_f64)
		c.value ^= UINT64_C(1) << 63;
	else
		c.value = 0 - c.value;
	return c;
}

static struct constant parse_unary(struct ptx *p, const char *where, unsigned depth)
{
	if (depth > PTX_MAX_DEPTH)
		ptx_fail(p, p->lex.token.at, "constant expression in %s is nested deeper than %d",
			 where, PTX_MAX_DEPTH);
	if (lex_accept(p, '-'))
		return negate(parse_unary(p, where, depth + 1));
	if (lex_accept(p, '+'))
		return parse_unary(p, where, depth + 1);
	if (lex_is(p, '~') || lex_is(p, '!')) {
		bool is_not = lex_is(p, '!');

		lex_next(p);
		struct constant c = parse_unary(p, where, depth + 1);

		c.value = is_not ? !c.value : ~c.value;
		return c;
	}
	if (!lex_accept(p, '('))
		return parse_leaf(p, where);
	if (p->lex.token.kind == TOKEN_DOT) { /* a cast: (.s64), (.u64) */
		bool is_unsigned = lex_is_dot(p, "u64");

		lex_next(p);
		lex_expect(p, ')', "a cast");
		struct constant c = parse_unary(p, where, depth + 1);

		c.is_unsigned = is_unsigned;
		return c;
	}
	struct constant c = parse_ternary(p, where, depth + 1);

	lex_expect(p, ')', where);
	return c;
}

static uint64_t shift(uint64_t a, uint64_t n, bool left, bool is_unsigned)
{
	if (left)
		return n > 63 ? 0 : a << n;
	if (is_unsigned)
		return n > 63 ? 0 : a >> n;
	uint64_t sign = a >> 63 ? ~UINT64_C(0) : 0;

	return n > 63 ? sign : n ? a >> n | sign << (64 - n) : a;
}

static uint64_t divide(struct ptx *p, struct constant a, struct constant b, bool remainder,
		       struct place at)
{
	if (!b.value)
		ptx_fail(p, at, "division by zero in a constant expression");
	if (a.is_unsigned || b.is_unsigned)
		return remainder ? a.value % b.value : a.value / b.value;
	if (b.value == ~UINT64_C(0)) /* INT64_MIN / -1 */
		return remainder ? 0 : 0 - a.value;
	int64_t x = (int64_t)a.value, y = (int64_t)b.value;

	return (uint64_t)(remainder ? x % y : x / y);
}

static bool less(struct constant a, struct constant b)
{
	if (a.is_unsigned || b.is_unsigned)
		return a.value < b.value;
	return (int64_t)a.value < (int64_t)b.value;
}

static uint64_t apply(struct ptx *p, uint32_t punct, struct constant a, struct constant b,
		      struct place at)
{
	switch (punct) {
	case '+': return a.value + b.value;
	case '-': return a.value - b.value;
	case '*': return a.value * b.value;
	case '/': return divide(p, a, b, false, at);
	case '%': return divide(p, a, b, true, at);
	case '&': return a.value & b.value;
	case '|': return a.value | b.value;
	case '^': return a.value ^ b.value;
	case '<': return less(a, b);
	case '>': return less(b, a);
	case PAIR('<', '='): return !less(b, a);
	case PAIR('>', '='): return !less(a, b);
	case PAIR('=', '='): return a.value == b.value;
	case PAIR('!', '='): return a.value != b.value;
	case PAIR('&', '&'): return a.value && b.value;
	case PAIR('|', '|'): return a.value || b.value;
	default: return shift(a.value, b.value, punct == PAIR('<', '<'), a.is_unsigned);
	}
}

static struct constant parse_binary(struct ptx *p, const char *where, unsigned depth, unsigned low)
{
	struct constant a = parse_unary(p, where, depth);

	for (;;) {
		unsigned level = level_of(p);
		struct token operation = p->lex.token;

		if (!level || level < low)
			return a;
		lex_next(p);
		struct constant b = parse_binary(p, where, depth + 1, level + 1);

		if (a.is_f32 || a.is_f64 || b.is_f32 || b.is_f64)
			ptx_fail(p, operation.at,
				 "operator '%.*s' on a floating-point constant in %s",
				 SLICE(operation.text), where);
		a.value = apply(p, operation.punct, a, b, operation.at);
		a.is_unsigned |= b.is_unsigned;
	}
}

static struct constant parse_ternary(struct ptx *p, const char *where, unsigned depth)
{
	struct constant c = parse_binary(p, where, depth, 1);

	if (!lex_accept(p, '?'))
		return c;
	struct constant yes = parse_ternary(p, where, depth + 1);

	lex_expect(p, ':', where);
	struct constant no = parse_ternary(p, where, depth + 1);

	return c.value ? yes : no;
}

struct constant parse_constant(struct ptx *p, const char *where)
{
	return parse_ternary(p, where, 0);
}

uint64_t parse_count(struct ptx *p, const char *where, uint64_t low, uint64_t high)
{
	struct place at = p->lex.token.at;
	struct constant c = parse_constant(p, where);

	if (c.is_f32 || c.is_f64)
		ptx_fail(p, at, "%s is a floating-point constant, must be an integer", where);
	if (c.value < low || c.value > high)
		ptx_fail(p, at, "%s is %lld, must be %llu to %llu", where, (long long)c.value,
			 (unsigned long long)low, (unsigned long long)high);
	return c.value;
}
