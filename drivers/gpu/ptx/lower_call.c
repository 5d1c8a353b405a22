/* SPDX-License-Identifier: Apache-2.0 */
/* call, ret, the stack (PTX ISA, sections 9.7.12 "Control Flow" and 9.7.16 "Stack Manipulation").
 */
#include "drivers/gpu/ptx/lower.h"

struct call {
	struct operand *values; /* results, then arguments */
	uint32_t results, args;
	struct operand target;
	struct routine *routine;           /* direct */
	const struct prototype *prototype; /* what the callee takes */
	const struct label *list;          /* .callprototype or .calltargets; NULL: none */
};

/* ---- reading ---- */

static uint32_t parse_call_values(struct ptx *p, struct instr *in, struct call *c, uint32_t count)
{
	uint32_t first = count;

	while (!lex_accept(p, ')')) {
		if (count == 2 * PTX_MAX_VALUES)
			ptx_fail(p, p->lex.token.at, "call with more than %u operands",
				 2 * PTX_MAX_VALUES);
		parse_one_operand(p, in, &c->values[count++]);
		if (!lex_is(p, ')'))
			lex_expect(p, ',', "a call");
	}
	return count - first;
}

static void parse_target(struct ptx *p, struct instr *in, struct call *c)
{
	parse_one_operand(p, in, &c->target);
	if (c->target.kind == OPERAND_REG)
		return;
	if (c->target.kind != OPERAND_SYMBOL || c->target.symbol.kind != SYMBOL_FUNCTION ||
	    c->target.symbol.is_const)
		ptx_fail(p, c->target.at, "call of '%.*s', which is no function",
			 SLICE(c->target.name));
	c->routine = &p->routines[c->target.symbol.id];
	c->prototype = c->routine->prototype;
}

/* The list behind an indirect call: what it may call, or how. */
static void parse_call_list(struct ptx *p, struct call *c)
{
	struct place at = p->lex.token.at;
	struct slice name = lex_expect_name(p, "a call");

	c->list = label_find(p, name);
	if (!c->list || (!c->list->prototype && !c->list->routines))
		ptx_fail(p, at, "'%.*s' is no .callprototype and no .calltargets above",
			 SLICE(name));
	c->prototype = c->list->prototype;
	if (!c->prototype)
		c->prototype = p->routines[c->list->routines[0]].prototype;
}

static void parse_call(struct ptx *p, struct instr *in, struct call *c)
{
	bool comma = false;

	c->values = ptx_alloc(p, &p->kernel, 2 * PTX_MAX_VALUES, sizeof(*c->values));
	if (lex_accept(p, '(')) {
		c->results = parse_call_values(p, in, c, 0);
		lex_expect(p, ',', "a call");
	}
	parse_target(p, in, c);
	comma = lex_accept(p, ',');
	if (comma && lex_accept(p, '(')) {
		c->args = parse_call_values(p, in, c, c->results);
		comma = lex_accept(p, ',');
	}
	if (!c->routine && !comma)
		ptx_fail(p, in->at, "indirect call without .callprototype or .calltargets");
	if (comma && c->routine)
		ptx_fail(p, p->lex.token.at, "call of '%.*s' with a prototype",
			 SLICE(c->target.name));
	if (comma)
		parse_call_list(p, c);
	lex_expect(p, ';', "a call");
	if (c->results != c->prototype->results || c->args != c->prototype->params)
		ptx_fail(p, in->at,
			 "call of '%.*s' with %u arguments and %u results; declared with %u and %u",
			 SLICE(c->target.name), c->args, c->results, c->prototype->params,
			 c->prototype->results);
}

/* ---- values ---- */

static void refuse_value(struct ptx *p, const struct operand *o)
{
	function_refuse(p, o->at, "'%.*s' has another size than the parameter that it is passed as",
			SLICE(o->name));
}

/* The address in local memory of a variable that is passed by it. */
static struct val address_value(struct ptx *p, const struct instr *in, const struct operand *o)
{
	const struct symbol *symbol = &o->symbol;
	uint32_t base;

	if (symbol->by_reference)
		return val_reg(symbol->vreg);
	base = frame_base(p);
	if (!base)
		return val_const(symbol->offset);
	return emit_r(p, in, ROAD_GPU_OP_add_u32, val_reg(base), val_const(symbol->offset),
		      VAL_NONE);
}

static bool is_param(const struct operand *o)
{
	return o->kind == OPERAND_SYMBOL && o->symbol.kind == SYMBOL_FUNCTION_PARAM;
}

static bool param_in_memory(const struct operand *o)
{
	return is_param(o) && (o->symbol.by_reference || !o->symbol.vreg);
}

static struct val scalar_value(struct ptx *p, const struct instr *in, const struct operand *o,
			       uint32_t bytes)
{
	static const enum ptx_type types[9] = {
		[1] = TYPE_B8, [2] = TYPE_B16, [4] = TYPE_B32, [8] = TYPE_B64};
	const struct vreg *vregs = p->function->vregs;
	enum reg_class cls = bytes == 8 ? CLASS_D : CLASS_R;
	uint32_t v = is_param(o) ? o->symbol.vreg : o->kind == OPERAND_REG ? o->vreg : 0;

	if (!v)
		return lower_source(p, in, o, types[bytes], true);
	if (vregs[v].cls != cls)
		refuse_value(p, o);
	return val_reg(v);
}

/* Parameters and results agree with the prototype in what is passed how. */
static bool check_value(struct ptx *p, const struct prototype_value *value, const struct operand *o)
{
	if (param_in_memory(o) != value->in_memory ||
	    (value->in_memory && value->bytes && o->symbol.bytes &&
	     o->symbol.bytes != value->bytes)) {
		refuse_value(p, o);
		return false;
	}
	return true;
}

static void pass_values(struct ptx *p, const struct instr *in, const struct call *c)
{
	for (uint32_t k = 0; k < c->results + c->args; k++) {
		const struct prototype_value *value = &c->prototype->values[k];
		const struct operand *o = &c->values[k];
		enum reg_class cls = value->bytes == 8 && !value->in_memory ? CLASS_D : CLASS_R;

		if (k < c->results && (o->kind == OPERAND_SINK || !value->in_memory)) {
			if (value->in_memory)
				refuse_value(p, o);
			continue;
		}
		if (!check_value(p, value, o))
			return;
		struct val v = value->in_memory ? address_value(p, in, o)
						: scalar_value(p, in, o, value->bytes);

		emit_mov(p, in, cls, abi_place(p, c->prototype, k), v);
	}
}

struct val call_argument(struct ptx *p, const struct instr *in, const struct prototype_value *value,
			 const struct operand *o)
{
	return check_value(p, value, o) ? scalar_value(p, in, o, value->bytes) : val_const(0);
}

uint32_t call_result(struct ptx *p, const struct prototype_value *value, const struct operand *o)
{
	uint32_t d = is_param(o) ? o->symbol.vreg : o->kind == OPERAND_REG ? o->vreg : 0;

	if (o->kind == OPERAND_SINK)
		return 0;
	if (!d || p->function->vregs[d].cls != (value->bytes == 8 ? CLASS_D : CLASS_R)) {
		refuse_value(p, o);
		return 0;
	}
	return d;
}

static void take_results(struct ptx *p, const struct instr *in, const struct call *c)
{
	for (uint32_t k = 0; k < c->results; k++) {
		const struct prototype_value *value = &c->prototype->values[k];
		const struct operand *o = &c->values[k];
		uint32_t d = value->in_memory ? 0 : call_result(p, value, o);

		if (d)
			emit_mov(p, in, p->function->vregs[d].cls, d,
				 val_reg(abi_place(p, c->prototype, k)));
	}
}

/* ---- the call ---- */

static bool may_mean(struct ptx *p, const struct call *c, const struct routine *routine)
{
	for (uint32_t k = 0; k < c->list->routine_count; k++)
		if (routine_resolve(p, &p->routines[c->list->routines[k]]) == routine)
			return true;
	return !c->list->routines && prototype_same(routine->prototype, c->prototype);
}

/* Every function whose address is taken anywhere and that fits. */
static void request_targets(struct ptx *p, const struct call *c)
{
	for (uint32_t k = 1; k < p->addressed_count; k++) {
		const struct routine *routine = routine_resolve(p, &p->routines[p->addressed[k]]);

		if (routine->is_defined && may_mean(p, c, routine))
			body_points_to(p, body_request(p, p->addressed[k]));
	}
}

static void emit_call(struct ptx *p, const struct instr *in, const struct call *c)
{
	uint32_t link = abi_link(p);

	if (c->routine) {
		uint32_t callee = body_request(p, (uint32_t)(c->routine - p->routines));

		emit(p, in, ROAD_GPU_OP_call, link, VAL_NONE, VAL_NONE, VAL_NONE)->target = callee;
		body_calls(p, callee);
		return;
	}
	uint32_t pointed = body_pointed(p);

	request_targets(p, c);
	emit(p, in, ROAD_GPU_OP_call_table, link, val_reg(c->target.vreg), VAL_NONE, VAL_NONE);
	body_calls(p, pointed);
}

void lower_call(struct ptx *p, struct instr *in)
{
	struct call c = {0};

	parse_call(p, in, &c);
	p->function->calls = true;
	if (!p->again) /* functions may be defined below */
		return;
	if (c.routine && !routine_resolve(p, c.routine)->is_defined) {
		if (lower_builtin(p, in, c.routine, c.values))
			return;
		function_refuse(p, in->at,
				"call of '%.*s', which is declared on line %u and defined nowhere",
				SLICE(c.routine->name), c.routine->at.line);
		return;
	}
	if (!c.routine && p->function->vregs[c.target.vreg].cls != CLASS_D)
		ptx_fail(p, c.target.at, "call through '%.*s', which is not 64 bits",
			 SLICE(c.target.name));
	pass_values(p, in, &c);
	emit_call(p, in, &c);
	/* What comes back, or nothing, stands between the call and what can be jumped to. */
	emit(p, in, ROAD_GPU_OP_nop, 0, VAL_NONE, VAL_NONE, VAL_NONE);
	take_results(p, in, &c);
}

/* ret of a kernel ends it as exit does. */
void lower_ret(struct ptx *p, const struct instr *in)
{
	if (p->function->body)
		body_return(p, in);
	else
		emit(p, in, ROAD_GPU_OP_exit, 0, VAL_NONE, VAL_NONE, VAL_NONE);
}

/* ---- the stack ---- */

/* A kernel that uses the stack is compiled with those that call. */
static bool starts_stack(struct ptx *p)
{
	p->function->calls = true;
	if (p->again) {
		p->function->has_stack = true;
		frame_base(p);
	}
	return p->again;
}

static void put_pointer(struct ptx *p, const struct instr *in, unsigned k, struct val v)
{
	enum ptx_type type = in->types[0];
	uint32_t d = lower_dst(p, in, k, type);

	if (type_class(type) == CLASS_D)
		emit(p, in, ROAD_GPU_OP_cvt_64_32, d, v, VAL_NONE, VAL_NONE)->aux =
			ROAD_GPU_CVT(ROAD_GPU_U64, ROAD_GPU_U32);
	else
		emit_mov(p, in, CLASS_R, d, v);
}

static struct val get_word(struct ptx *p, const struct instr *in, unsigned k)
{
	enum ptx_type type = in->types[0];
	struct val v = lower_src(p, in, k, type);

	if (type_class(type) == CLASS_D && !v.is_const)
		v = emit_r(p, in, ROAD_GPU_OP_unlo_b64, v, VAL_NONE, VAL_NONE);
	return v;
}

/* alloca.type ptr, size, align: the stack stays aligned to 16 bytes. */
void lower_alloca(struct ptx *p, const struct instr *in)
{
	uint64_t align = 8;

	if (in->operand_count > 2) {
		const struct operand *o = &in->operands[2];

		align = o->constant.value;
		if (o->kind != OPERAND_CONST || !align || align & (align - 1) || align > 1u << 16)
			ptx_fail(p, o->at,
				 "alignment of 'alloca' must be a power of two up to 65536");
	}
	if (!starts_stack(p))
		return;
	uint32_t sp = abi_stack(p), fill = (uint32_t)(align > 16 ? align - 16 : 0);
	struct val size = get_word(p, in, 1), start = val_reg(temp(p, CLASS_R));

	if (fill)
		emit(p, in, ROAD_GPU_OP_stack_u32, sp, val_reg(sp), val_const(fill), VAL_NONE);
	emit(p, in, ROAD_GPU_OP_and_b32, start.vreg, val_reg(sp), val_const((uint32_t)-align),
	     VAL_NONE);
	/* a size near 2^32 must not wrap in rounding: it is a fault as it is */
	size = emit_r(p, in, ROAD_GPU_OP_min_u32, size, val_const(0xfffffff0u), VAL_NONE);
	size = emit_r(p, in, ROAD_GPU_OP_add_u32, size, val_const(15), VAL_NONE);
	size = emit_r(p, in, ROAD_GPU_OP_and_b32, size, val_const(0xfffffff0u), VAL_NONE);
	emit(p, in, ROAD_GPU_OP_stack_u32, sp, start, size, VAL_NONE);
	put_pointer(p, in, 0, start);
}

void lower_stacksave(struct ptx *p, const struct instr *in)
{
	if (starts_stack(p))
		put_pointer(p, in, 0, val_reg(abi_stack(p)));
}

void lower_stackrestore(struct ptx *p, const struct instr *in)
{
	if (starts_stack(p))
		emit(p, in, ROAD_GPU_OP_stack_u32, abi_stack(p), get_word(p, in, 0), VAL_NONE,
		     VAL_NONE);
}
