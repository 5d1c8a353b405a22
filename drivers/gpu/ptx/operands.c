/* SPDX-License-Identifier: Apache-2.0 */
/* Operands of an instruction (PTX ISA, chapter 6). */
#include "drivers/gpu/ptx/instr.h"

static void parse_operand(struct ptx *p, struct instr *in, struct operand *o, unsigned depth);

/* .x .r and so on behind a vector register. */
static unsigned component_of(struct ptx *p, uint32_t count)
{
	struct slice s = p->lex.token.text;
	static const char names[] = "xyzwrgba";

	for (unsigned i = 0; s.bytes == 1 && i < 8; i++)
		if (names[i] == s.text[0] && i % 4 < count)
			return i % 4;
	ptx_fail(p, p->lex.token.at, "component '.%.*s' of a vector of %u", SLICE(s), count);
}

static void operand_vector(struct ptx *p, struct operand *o, uint32_t first, uint32_t count)
{
	o->kind = OPERAND_LIST;
	o->count = count;
	o->elements = ptx_alloc(p, &p->kernel, count, sizeof(*o->elements));
	for (uint32_t k = 0; k < count; k++)
		o->elements[k] =
			(struct operand){.kind = OPERAND_REG, .at = o->at, .vreg = first + k};
}

static bool parse_sreg(struct ptx *p, struct operand *o, struct slice name)
{
	struct slice component = {"", 0};
	unsigned bits;

	if (name.text[0] != '%')
		return false;
	if (p->lex.token.kind == TOKEN_DOT)
		component = p->lex.token.text;
	int sreg = sreg_find(name, component, &bits);

	if (sreg < 0)
		return false;
	if (component.bytes)
		lex_next(p);
	o->kind = OPERAND_SREG;
	o->constant.value = (uint64_t)sreg;
	return true;
}

static void parse_register(struct ptx *p, struct operand *o, uint32_t vreg, uint32_t count)
{
	if (count > 1 && p->lex.token.kind != TOKEN_DOT) {
		operand_vector(p, o, vreg, count);
		return;
	}
	if (count > 1) {
		vreg += component_of(p, count);
		lex_next(p);
	}
	o->kind = OPERAND_REG;
	o->vreg = vreg;
	if (!lex_accept(p, '|'))
		return;
	struct place at = p->lex.token.at;
	struct slice name = lex_expect_name(p, "the second destination");

	if (slice_is(name, "_"))
		return;
	o->vreg2 = vreg_find(p, name, &count);
	if (!o->vreg2)
		ptx_fail(p, at, "register '%.*s' is not declared", SLICE(name));
}

static void parse_symbol_offset(struct ptx *p, struct operand *o)
{
	if (lex_is(p, '+') || lex_is(p, '-')) {
		bool minus = lex_is(p, '-');

		/* [%r1+-4] and [sym-4] both occur */
		if (!minus)
			lex_next(p);
		o->constant.value = parse_constant(p, "an address").value;
	}
}

static void parse_name(struct ptx *p, struct instr *in, struct operand *o)
{
	uint32_t count;
	struct slice name = lex_expect_name(p, "an operand");

	o->name = name;
	if (slice_is(name, "_")) {
		o->kind = OPERAND_SINK;
		if (lex_accept(p, '|')) { /* _|%p: only the second destination */
			struct place at = p->lex.token.at;

			name = lex_expect_name(p, "the second destination");
			o->vreg2 = vreg_find(p, name, &count);
			if (!o->vreg2)
				ptx_fail(p, at, "register '%.*s' is not declared", SLICE(name));
		}
		return;
	}
	uint32_t vreg = vreg_find(p, name, &count);

	if (vreg) {
		parse_register(p, o, vreg, count);
		return;
	}
	if (parse_sreg(p, o, name))
		return;
	struct symbol *symbol = names_find(p, name);

	if (symbol && symbol->kind != SYMBOL_REG_RANGE) {
		o->kind = OPERAND_SYMBOL;
		o->symbol = *symbol;
		parse_symbol_offset(p, o);
		return;
	}
	if (name.text[0] == '%' ||
	    !(in->row->op == ROAD_GPU_OP_bra || in->row->op == ROAD_GPU_OP_brx))
		ptx_fail(p, o->at, "'%.*s' is not declared", SLICE(name));
	o->kind = OPERAND_NAME;
}

static void parse_address(struct ptx *p, struct instr *in, struct operand *o)
{
	o->kind = OPERAND_ADDRESS;
	if (p->lex.token.kind == TOKEN_NAME && !slice_is(p->lex.token.text, "WARP_SZ")) {
		struct operand base = {.at = p->lex.token.at};

		parse_name(p, in, &base);
		if (base.kind == OPERAND_REG && !base.vreg2) {
			o->vreg = base.vreg;
			parse_symbol_offset(p, &base);
		} else if (base.kind == OPERAND_SYMBOL) {
			o->symbol = base.symbol;
			o->has_symbol = true;
		} else {
			ptx_fail(p, base.at,
				 "'%.*s' as address; allowed: a register, a variable, a constant",
				 SLICE(base.name));
		}
		o->name = base.name;
		o->constant = base.constant;
	} else {
		o->constant = parse_constant(p, "an address");
		if (o->constant.is_f32 || o->constant.is_f64)
			ptx_fail(p, o->at, "floating-point constant as address");
	}
	lex_expect(p, ']', "an address");
}

static void parse_list(struct ptx *p, struct instr *in, struct operand *o, unsigned depth)
{
	o->kind = OPERAND_LIST;
	if (depth)
		ptx_fail(p, o->at, "braces within braces");
	o->elements = ptx_alloc(p, &p->kernel, INSTR_ELEMENTS, sizeof(*o->elements));
	do {
		if (o->count == INSTR_ELEMENTS)
			ptx_fail(p, p->lex.token.at, "more than %d elements in braces",
				 INSTR_ELEMENTS);
		parse_operand(p, in, &o->elements[o->count++], depth + 1);
	} while (lex_accept(p, ','));
	lex_expect(p, '}', "an operand");
}

static void parse_operand(struct ptx *p, struct instr *in, struct operand *o, unsigned depth)
{
	*o = (struct operand){.at = p->lex.token.at};
	if (lex_accept(p, '[')) {
		parse_address(p, in, o);
	} else if (lex_accept(p, '{')) {
		parse_list(p, in, o, depth);
	} else if (p->lex.token.kind == TOKEN_NAME && !slice_is(p->lex.token.text, "WARP_SZ")) {
		parse_name(p, in, o);
	} else if (lex_is(p, '!')) {
		struct lexer saved = p->lex;

		lex_next(p);
		if (p->lex.token.kind == TOKEN_NAME) {
			parse_operand(p, in, o, depth + 1);
			o->negated = true;
		} else { /* a constant expression */
			p->lex = saved;
			o->kind = OPERAND_CONST;
			o->constant = parse_constant(p, "an operand");
		}
	} else {
		o->kind = OPERAND_CONST;
		o->constant = parse_constant(p, "an operand");
	}
}

void parse_one_operand(struct ptx *p, struct instr *in, struct operand *o)
{
	parse_operand(p, in, o, 0);
}

void parse_operands(struct ptx *p, struct instr *in)
{
	if (lex_accept(p, ';'))
		return;
	do {
		if (in->operand_count == INSTR_OPERANDS)
			ptx_fail(p, p->lex.token.at, "'%.*s' with more than %d operands",
				 SLICE(in->name), INSTR_OPERANDS);
		parse_operand(p, in, &in->operands[in->operand_count++], 0);
	} while (lex_accept(p, ','));
	lex_expect(p, ';', "an instruction");
}
