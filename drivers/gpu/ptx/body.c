/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions as parts of a kernel. Each kernel has a copy of every function that it may call, and
 * all of it is compiled as one: registers are divided among kernel and functions as they need
 * them, and a function that is not called by itself again saves nothing.
 *
 * Values are passed in registers that all bodies share: the k-th parameter or result of up to 4
 * bytes in the k-th row, of 8 bytes in the k-th pair, a larger one by its address in local memory
 * (the caller's variable: PTX does not let a function write its parameters). Addresses of results
 * stand behind the parameters. The return address has a register too.
 */
#include "drivers/gpu/ptx/lower.h"

static struct body *current(struct ptx *p)
{
	return &p->function->bodies[p->function->body];
}

void body_start(struct ptx *p, uint32_t routine, struct place at)
{
	struct function *f = p->function;

	f->bodies = ptx_grow(p, &p->kernel, f->bodies, f->body_count, &f->body_room,
			     sizeof(*f->bodies));
	f->bodies[f->body_count++] = (struct body){.routine = routine, .at = at};
}

uint32_t body_request(struct ptx *p, uint32_t index)
{
	struct routine *routine = routine_resolve(p, &p->routines[index]);

	if (routine->kernel != p->function->number) {
		if (p->function->body_count > PTX_MAX_BODIES)
			ptx_fail(p, p->function->at, "'%.*s' may call more than %u functions",
				 SLICE(p->function->name), PTX_MAX_BODIES);
		routine->kernel = p->function->number;
		routine->body = p->function->body_count;
		body_start(p, (uint32_t)(routine - p->routines) + 1, routine->at);
	}
	return routine->body;
}

static void add_call(struct ptx *p, struct body *body, uint32_t callee)
{
	for (uint32_t k = 0; k < body->call_count; k++)
		if (body->calls[k] == callee)
			return;
	body->calls = ptx_grow(p, &p->kernel, body->calls, body->call_count, &body->call_room,
			       sizeof(*body->calls));
	body->calls[body->call_count++] = callee;
}

void body_calls(struct ptx *p, uint32_t callee)
{
	add_call(p, current(p), callee);
}

uint32_t body_pointed(struct ptx *p)
{
	struct function *f = p->function;

	if (!f->pointed) {
		f->pointed = f->body_count;
		body_start(p, 0, f->at);
	}
	return f->pointed;
}

void body_points_to(struct ptx *p, uint32_t callee)
{
	body_pointed(p);
	add_call(p, &p->function->bodies[p->function->pointed], callee);
}

/* ---- shared registers ---- */

static uint32_t new_shared(struct ptx *p, enum reg_class cls)
{
	uint32_t v = vreg_new(p, cls, cls == CLASS_D ? 64 : 32);

	p->function->vregs[v].shared = true;
	p->function->vregs[v].fixed = true;
	return v;
}

uint32_t abi_value(struct ptx *p, enum reg_class cls, uint32_t index)
{
	struct function *f = p->function;

	if (!f->abi[cls])
		f->abi[cls] = ptx_alloc(p, &p->kernel, 2 * PTX_MAX_VALUES, sizeof(uint32_t));
	if (!f->abi[cls][index]) {
		uint32_t v = new_shared(p, cls);

		f->abi[cls][index] = v;
	}
	return f->abi[cls][index];
}

uint32_t abi_link(struct ptx *p)
{
	if (!p->function->link) {
		uint32_t v = new_shared(p, CLASS_R);

		p->function->link = v;
	}
	return p->function->link;
}

uint32_t abi_stack(struct ptx *p)
{
	if (!p->function->sp) {
		uint32_t v = new_shared(p, CLASS_R);

		p->function->sp = v;
	}
	return p->function->sp;
}

/* ---- local memory ---- */

uint32_t frame_reserve(struct ptx *p, const struct declaration *d)
{
	struct function *f = p->function;
	uint32_t *bytes = f->body ? &current(p)->frame_bytes : &f->local_bytes;
	uint64_t offset = ((uint64_t)*bytes + d->align - 1) & ~(uint64_t)(d->align - 1);

	if (d->is_open)
		ptx_fail(p, d->at, "array '%.*s' has no size", SLICE(d->name));
	if (offset + d->bytes > PTX_MAX_LOCAL)
		ptx_fail(p, d->at, "'%.*s' ends at byte %llu of its space, which has %u",
			 SLICE(d->name), (unsigned long long)(offset + d->bytes), PTX_MAX_LOCAL);
	if (f->body && d->align > 16)
		function_refuse(p, d->at, "'%.*s' in a function is aligned to %u bytes, at most 16",
				SLICE(d->name), d->align);
	*bytes = (uint32_t)(offset + d->bytes);
	return (uint32_t)offset;
}

uint32_t frame_base(struct ptx *p)
{
	if (!p->function->body)
		return 0;
	current(p)->has_frame = true;
	return current(p)->frame;
}

/* ---- from '{' to '}' ---- */

void body_declare(struct ptx *p, const struct declaration *d, bool is_reg, uint32_t index)
{
	struct symbol *symbol =
		names_add(p, d->name, is_reg ? SYMBOL_REG : SYMBOL_FUNCTION_PARAM, d->at);
	struct function *f = p->function;
	bool in_memory = declaration_in_memory(d);

	symbol->type = d->type;
	symbol->count = 1;
	symbol->bytes = (uint32_t)d->bytes;
	symbol->by_reference = in_memory;
	uint32_t v = vreg_new(p, in_memory ? CLASS_R : type_class(d->type),
			      in_memory ? 32 : type_bits(d->type));

	symbol->vreg = v;
	if (!current(p)->params)
		current(p)->params = ptx_alloc(p, &p->kernel, 2 * PTX_MAX_VALUES, sizeof(uint32_t));
	f->bodies[f->body].params[index] = v;
}

/* Where value number `index` of a prototype is passed: parameters first, then results' addresses;
 * results that are no addresses come back in the first registers. */
uint32_t abi_place(struct ptx *p, const struct prototype *prototype, uint32_t index)
{
	const struct prototype_value *value = &prototype->values[index];
	bool is_result = index < prototype->results;
	uint32_t position = is_result ? index : index - prototype->results;

	if (is_result && value->in_memory)
		position += prototype->params;
	return abi_value(p, value->bytes == 8 && !value->in_memory ? CLASS_D : CLASS_R, position);
}

static enum reg_class place_class(const struct prototype_value *value)
{
	return value->bytes == 8 && !value->in_memory ? CLASS_D : CLASS_R;
}

static struct inst *emit_stack(struct ptx *p, const struct instr *in, uint32_t sp, uint32_t bytes)
{
	struct inst *i =
		emit(p, in, ROAD_GPU_OP_stack_u32, sp, val_reg(sp), val_const(16), VAL_NONE);

	i->imm = (int32_t)bytes;
	return i;
}

void body_enter(struct ptx *p)
{
	struct function *f = p->function;
	struct instr in = {.at = current(p)->at};

	if (!f->body) {
		if (p->again) /* becomes the stack pointer's start, if there is a stack */
			emit(p, &in, ROAD_GPU_OP_nop, 0, VAL_NONE, VAL_NONE, VAL_NONE)->symbol =
				SYMBOL_IS_STACK;
		return;
	}
	uint32_t link = temp(p, CLASS_R), frame = temp(p, CLASS_R), sp = abi_stack(p);
	const struct prototype *prototype = current(p)->prototype;

	f->vregs[link].temporary = f->vregs[frame].temporary = false;
	current(p)->link = link;
	current(p)->frame = frame;
	emit_mov(p, &in, CLASS_R, link, val_reg(abi_link(p)));
	current(p)->entry = f->last;
	emit_mov(p, &in, CLASS_R, frame, val_reg(sp));
	f->last->symbol = SYMBOL_IS_FRAME;
	emit_stack(p, &in, sp, 16)->symbol = SYMBOL_IS_FRAME;
	for (uint32_t k = 0; k < prototype->results + prototype->params; k++) {
		const struct prototype_value *value = &prototype->values[k];

		if (k >= prototype->results || value->in_memory)
			emit_mov(p, &in, place_class(value), current(p)->params[k],
				 val_reg(abi_place(p, prototype, k)));
	}
}

/* ret: results to where callers look for them, the frame goes, and back. */
void body_return(struct ptx *p, const struct instr *in)
{
	const struct body *body = current(p);
	const struct prototype *prototype = body->prototype;

	for (uint32_t k = 0; k < prototype->results; k++)
		if (!prototype->values[k].in_memory)
			emit_mov(p, in, place_class(&prototype->values[k]),
				 abi_place(p, prototype, k), val_reg(body->params[k]));
	emit_mov(p, in, CLASS_R, abi_stack(p), val_reg(body->frame));
	p->function->last->symbol = SYMBOL_IS_FRAME;
	emit(p, in, ROAD_GPU_OP_ret, 0, val_reg(body->link), VAL_NONE, VAL_NONE);
}

static void remove_inst(struct inst *i)
{
	*i = (struct inst){
		.prev = i->prev, .next = i->next, .op = ROAD_GPU_OP_nop, .line = i->line};
}

void body_leave(struct ptx *p)
{
	struct function *f = p->function;
	struct body *body = current(p);
	struct instr in = {.at = {p->lex.token.at.line, p->lex.token.at.column}};
	uint32_t bytes = (body->frame_bytes + 15) & ~15u;

	if (!f->body) {
		if (p->again)
			emit(p, &in, ROAD_GPU_OP_exit, 0, VAL_NONE, VAL_NONE, VAL_NONE);
		return;
	}
	body_return(p, &in);
	f->has_stack |= body->has_frame;
	for (struct inst *i = body->entry; i; i = i->next) {
		if (i->symbol != SYMBOL_IS_FRAME)
			continue;
		if (!body->has_frame || (i->op == ROAD_GPU_OP_stack_u32 && !bytes))
			remove_inst(i);
		else if (i->op == ROAD_GPU_OP_stack_u32)
			i->imm = (int32_t)bytes;
		i->symbol = SYMBOL_IS_NONE;
	}
}

/* The code of body_pointed(): for addresses that are no function which the call could mean. */
static void trap_body(struct ptx *p)
{
	struct instr in = {.at = current(p)->at};

	current(p)->entry = emit(p, &in, ROAD_GPU_OP_trap, 0, VAL_NONE, VAL_NONE, VAL_NONE);
}

void parse_bodies(struct ptx *p)
{
	struct function *f = p->function;

	for (f->body = 1; f->body < f->body_count && !f->refusal; f->body++) {
		uint32_t routine = current(p)->routine, before = f->inst_count;

		if (!routine) {
			trap_body(p);
			continue;
		}
		p->lex = p->routines[routine - 1].text;
		parse_routine(p);
		p->reread += f->inst_count - before;
		if (p->reread > PTX_MAX_REREAD)
			ptx_fail(p, f->at, "functions are called by too many kernels");
	}
	f->body = 0;
}
