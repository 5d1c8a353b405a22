/* SPDX-License-Identifier: Apache-2.0 */
/* Workgroups one after the other, their threads in turns; registers, control flow, calls. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/gpu/ptx.h"
#include "tests/oracle/gpu/special.h"

#define TURN_STEPS 4096 /* of a thread that others may be waiting for */
#define CALLS_MAX  64

void fault(struct thread *t, const struct instr *i, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail(t->block->module, i->line, "%s (thread %u of workgroup %u,%u,%u)", text, t->linear,
	     t->block->ctaid[0], t->block->ctaid[1], t->block->ctaid[2]);
}

/* ---- operands ---- */

static uint64_t cut(uint64_t value, unsigned bits)
{
	return bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
}

static uint64_t extend(uint64_t value, enum type type)
{
	unsigned bits = type_table[type].bits;

	value = cut(value, bits);
	if (type_table[type].kind != KIND_S || bits == 64)
		return value;
	return (value ^ UINT64_C(1) << (bits - 1)) - (UINT64_C(1) << (bits - 1));
}

static uint64_t constant(const struct operand *o, enum type type)
{
	double wide;
	float narrow;
	uint32_t bits;

	if (o->number != NUMBER_F64 || type_table[type].bits != 32)
		return o->value;
	memcpy(&wide, &o->value, 8);
	narrow = (float)wide;
	memcpy(&bits, &narrow, 4);
	return bits;
}

uint64_t get_operand(struct thread *t, const struct instr *i, const struct operand *o,
		     enum type type)
{
	uint64_t value;

	switch (o->kind) {
	case OPERAND_REG: value = t->frame->regs[o->reg]; break;
	case OPERAND_CONST: value = constant(o, type); break;
	case OPERAND_SREG: value = special_value(t, (int)o->value); break;
	case OPERAND_SYMBOL:
		value = o->value +
			(o->is_dynamic ? (t->block->module->shared_bytes + 15) & ~15u : 0) +
			(o->space == SPACE_LOCAL ? t->frame->local : 0);
		break;
	case OPERAND_FUNCTION: value = function_value(o->function); break;
	default: fault(t, i, "an operand that is no value");
	}
	if (type == TYPE_pred)
		return (value ^ o->negated) & 1;
	return extend(value, type);
}

uint64_t get(struct thread *t, const struct instr *i, unsigned k, enum type type)
{
	if (k >= i->count)
		fault(t, i, "'%s' lacks operand %u", i->name, k);
	return get_operand(t, i, &i->operands[k], type);
}

void put_reg(struct thread *t, uint32_t reg, enum type type, uint64_t value)
{
	if (reg)
		t->frame->regs[reg] = cut(extend(value, type), t->frame->function->reg_bits[reg]);
}

void put_operand(struct thread *t, const struct instr *i, const struct operand *o, enum type type,
		 uint64_t value)
{
	if (o->kind == OPERAND_SINK)
		return;
	if (o->kind != OPERAND_REG)
		fault(t, i, "a destination that is no register");
	put_reg(t, o->reg, type, value);
}

void put(struct thread *t, const struct instr *i, unsigned k, enum type type, uint64_t value)
{
	put_operand(t, i, &i->operands[k], type, value);
}

/* ---- moves ---- */

static void run_mov(struct thread *t, const struct instr *i)
{
	const struct operand *d = &i->operands[0], *a = &i->operands[1];
	enum type type = i->types[0];
	unsigned bits = type_table[type].bits;
	uint64_t value = 0;

	if (a->kind == OPERAND_LIST) {
		for (unsigned k = 0; k < a->count; k++)
			value |= cut(get_operand(t, i, &a->list[k], TYPE_b64), bits / a->count)
				 << k * (bits / a->count);
		put(t, i, 0, type, value);
		return;
	}
	value = get(t, i, 1, type);
	if (d->kind != OPERAND_LIST) {
		put(t, i, 0, type, value);
		return;
	}
	for (unsigned k = 0; k < d->count; k++)
		put_operand(t, i, &d->list[k], TYPE_b64,
			    cut(value >> k * (bits / d->count), bits / d->count));
}

static void run_selp(struct thread *t, const struct instr *i)
{
	put(t, i, 0, i->types[0], get(t, i, get(t, i, 3, TYPE_pred) ? 1 : 2, i->types[0]));
}

static void run_slct(struct thread *t, const struct instr *i)
{
	uint64_t c = get(t, i, 3, i->types[1]);
	bool first = (int64_t)c >= 0;

	if (i->types[1] == TYPE_f32) {
		bool tiny = !(c & 0x7f800000u) && (has(i, WORD_ftz) || !(c & 0x7fffffffu));

		first = (c & 0x7fffffffu) <= 0x7f800000u && (tiny || !(c >> 31));
	}
	put(t, i, 0, i->types[0], get(t, i, first ? 1 : 2, i->types[0]));
}

/* d = compare(a, b) combined with predicate c; the second destination takes the opposite. */
static bool combine(const struct instr *i, bool value, bool with)
{
	return has(i, WORD_and)   ? value && with
	       : has(i, WORD_or)  ? value || with
	       : has(i, WORD_xor) ? value != with
				  : value;
}

/* Of two halves at once: one result for each. */
static void setp_halves(struct thread *t, const struct instr *i, enum type half)
{
	uint64_t a = get(t, i, 1, TYPE_b32), b = get(t, i, 2, TYPE_b32);
	bool with = i->count > 3 && get(t, i, 3, TYPE_pred);

	put(t, i, 0, TYPE_pred, combine(i, compare(i, half, a & 0xffff, b & 0xffff), with));
	put_reg(t, i->operands[0].reg2, TYPE_pred,
		combine(i, compare(i, half, a >> 16, b >> 16), with));
}

static void run_setp(struct thread *t, const struct instr *i)
{
	enum type type = i->types[0];

	if (type == TYPE_f16x2 || type == TYPE_bf16x2) {
		setp_halves(t, i, type == TYPE_f16x2 ? TYPE_f16 : TYPE_bf16);
		return;
	}
	bool holds = compare(i, type, get(t, i, 1, type), get(t, i, 2, type));
	bool with = i->count > 3 && get(t, i, 3, TYPE_pred);

	put(t, i, 0, TYPE_pred, combine(i, holds, with));
	put_reg(t, i->operands[0].reg2, TYPE_pred, combine(i, !holds, with));
}

static void run_set(struct thread *t, const struct instr *i)
{
	enum type type = i->types[1], to = i->types[0];
	bool with = i->count > 3 && get(t, i, 3, TYPE_pred);
	bool holds = combine(i, compare(i, type, get(t, i, 1, type), get(t, i, 2, type)), with);
	uint64_t one = to == TYPE_f32    ? 0x3f800000u
		       : to == TYPE_f16  ? 0x3c00u
		       : to == TYPE_bf16 ? 0x3f80u
					 : UINT64_MAX;

	put(t, i, 0, to, holds ? one : 0);
}

static void run_nothing(struct thread *t, const struct instr *i)
{
	(void)t;
	(void)i;
}

static void run_createpolicy(struct thread *t, const struct instr *i)
{
	put(t, i, 0, TYPE_b64, 0);
}

/* ---- control ---- */

static void run_bra(struct thread *t, const struct instr *i)
{
	t->frame->pc = i->operands[0].target;
}

static void run_brx(struct thread *t, const struct instr *i)
{
	const struct table *table = &t->frame->function->tables[i->operands[1].target];
	uint64_t index = get(t, i, 0, TYPE_u32);

	if (index >= table->count)
		fault(t, i, "branch target %llu of %u", (unsigned long long)index, table->count);
	t->frame->pc = table->targets[index];
}

static void run_exit(struct thread *t, const struct instr *i)
{
	(void)i;
	t->state = STATE_EXITED;
}

static void run_trap(struct thread *t, const struct instr *i)
{
	fault(t, i, "trap");
}

static struct frame *frame_new(struct thread *t, struct function *f)
{
	struct frame *frame = calloc(1, sizeof(*frame));

	frame->function = f;
	frame->regs = calloc(f->reg_count + 1, sizeof(*frame->regs));
	frame->params = calloc(1, f->param_bytes + 16);
	frame->stack = t->local_top;
	frame->local = (t->local_top + 15) & ~15u;
	t->local_top = frame->local + f->local_bytes;
	return frame;
}

static void frame_free(struct frame *frame)
{
	free(frame->regs);
	free(frame->params);
	free(frame);
}

/* Moves a value between a place of one frame and one of another. */
static void pass(struct frame *to, const struct formal *formal, const struct frame *from,
		 const struct operand *o, bool back)
{
	uint64_t value = o->kind == OPERAND_REG ? from->regs[o->reg] : o->value;

	if (back && formal->reg)
		((struct frame *)from)->regs[o->reg] = to->regs[formal->reg];
	else if (back)
		memcpy(from->params + o->value, to->params + formal->offset, formal->bytes);
	else if (formal->reg)
		to->regs[formal->reg] = value;
	else if (o->kind == OPERAND_SYMBOL)
		memcpy(to->params + formal->offset, from->params + o->value, formal->bytes);
	else
		memcpy(to->params + formal->offset, &value, formal->bytes);
}

static void run_call(struct thread *t, const struct instr *i)
{
	unsigned first = i->operands[0].kind == OPERAND_LIST, depth = 0;
	const struct operand *callee = &i->operands[first], *args = callee + 1;
	struct function *f =
		callee->kind == OPERAND_FUNCTION
			? callee->function
			: (void *)(uintptr_t)(get_operand(t, i, callee, TYPE_b64) - FUNCTION_BASE);

	for (const struct frame *frame = t->frame; frame; frame = frame->caller)
		depth++;
	if (!f || !f->has_body || depth == CALLS_MAX)
		fault(t, i, "a call that cannot be");
	struct frame *frame = frame_new(t, f);

	if (t->local_top > LOCAL_BYTES)
		fault(t, i, "the stack is full");
	for (unsigned k = 0; first + 1 < i->count && args->kind == OPERAND_LIST && k < args->count;
	     k++)
		pass(frame, &f->formals[k], t->frame, &args->list[k], false);
	frame->caller = t->frame;
	t->frame = frame;
}

/* The call stands in front of the caller's pc. */
static void run_ret(struct thread *t, const struct instr *i)
{
	struct frame *frame = t->frame, *caller = frame->caller;

	if (!caller) {
		run_exit(t, i);
		return;
	}
	const struct instr *call = &caller->function->code[caller->pc - 1];
	const struct operand *results = &call->operands[0];

	for (unsigned k = 0; results->kind == OPERAND_LIST && k < results->count; k++)
		pass(frame, &frame->function->results[k], caller, &results->list[k], true);
	t->frame = caller;
	t->local_top = frame->stack;
	frame_free(frame);
}

/* ---- the table ---- */

static const struct {
	const char *names;
	instr_fn run;
} opcodes[] = {
	{" mov ", run_mov},
	{" selp ", run_selp},
	{" slct ", run_slct},
	{" setp ", run_setp},
	{" set ", run_set},
	{" bra ", run_bra},
	{" brx ", run_brx},
	{" exit ", run_exit},
	{" ret ", run_ret},
	{" call ", run_call},
	{" trap ", run_trap},
	{" prefetch prefetchu discard applypriority membar fence pmevent nanosleep ", run_nothing},
	{" createpolicy ", run_createpolicy},
	{" ld ldu ", run_ld},
	{" st ", run_st},
	{" atom red ", run_atom},
	{" cvta ", run_cvta},
	{" isspacep ", run_isspacep},
	{" alloca ", run_alloca},
	{" stacksave stackrestore ", run_stack},
	{" bar barrier ", run_barrier},
	{" shfl vote match redux elect ", run_warp},
	{" cvt ", run_cvt},
	{" testp ", run_testp},
	{" rcp sqrt rsqrt sin cos lg2 ex2 tanh fma copysign ", run_float},
	{" add sub mul mad div rem abs neg min max sad mul24 mad24 ", run_integer},
	{" addc subc madc ", run_carry},
	{" dp4a dp2a ", run_dot},
	{" popc clz bfind fns brev bfe bfi bmsk szext prmt shl shr shf cnot ", run_bits},
	{" and or xor not lop3 ", run_logic},
};

instr_fn instr_find(const char *name)
{
	char wanted[40];

	snprintf(wanted, sizeof(wanted), " %s ", name);
	for (unsigned k = 0; k < sizeof(opcodes) / sizeof(opcodes[0]); k++)
		if (strstr(opcodes[k].names, wanted))
			return opcodes[k].run;
	return NULL;
}

/* ---- workgroups ---- */

static void step(struct thread *t)
{
	struct frame *frame = t->frame;

	if (frame->pc >= frame->function->count) {
		run_ret(t, &(struct instr){.name = "ret"});
		return;
	}
	const struct instr *i = &frame->function->code[frame->pc++];

	if (i->guard && (frame->regs[i->guard] & 1) == i->guard_negated)
		return;
	i->run(t, i);
}

static void run_thread(struct thread *t, uint64_t steps_max)
{
	for (unsigned n = 0; n < TURN_STEPS && t->state == STATE_RUNS; n++) {
		step(t);
		if (++t->block->steps > steps_max)
			fail(t->block->module, 0, "more than %llu instructions",
			     (unsigned long long)steps_max);
	}
}

static void start_thread(struct block *b, uint32_t linear, struct function *entry)
{
	struct thread *t = &b->threads[linear];
	const uint32_t *n = b->launch->block;

	*t = (struct thread){.block = b, .linear = linear};
	t->tid[0] = linear % n[0];
	t->tid[1] = linear / n[0] % n[1];
	t->tid[2] = linear / n[0] / n[1];
	t->local = calloc(1, LOCAL_BYTES);
	t->frame = frame_new(t, entry);
	memcpy(t->frame->params, b->launch->arguments, b->launch->argument_bytes);
}

static void end_threads(struct block *b)
{
	for (uint32_t k = 0; b->threads && k < b->count; k++) {
		for (struct frame *frame = b->threads[k].frame, *caller; frame; frame = caller) {
			caller = frame->caller;
			frame_free(frame);
		}
		free(b->threads[k].local);
	}
}

static void run_block(struct block *b, struct function *entry)
{
	uint64_t steps_max = b->launch->steps_max ? b->launch->steps_max : UINT64_C(1) << 32;

	memset(b->shared, 0xa5, b->shared_bytes);
	memset(b->barriers, 0, sizeof(b->barriers));
	for (uint32_t k = 0; k < b->count; k++)
		start_thread(b, k, entry);
	for (uint32_t left = b->count; left;) {
		bool moved = false;

		left = 0;
		for (uint32_t k = 0; k < b->count; k++) {
			moved |= b->threads[k].state == STATE_RUNS;
			run_thread(&b->threads[k], steps_max);
			left += b->threads[k].state != STATE_EXITED;
		}
		if (!complete_waits(b) && !moved && left)
			fail(b->module, 0, "%u threads of workgroup %u,%u,%u wait for ever", left,
			     b->ctaid[0], b->ctaid[1], b->ctaid[2]);
	}
	end_threads(b);
	memset(b->threads, 0, b->count * sizeof(*b->threads));
}

static void run_grid(struct block *b)
{
	struct function *f = b->module->functions;
	const uint32_t *grid = b->launch->grid;

	while (f && strcmp(f->name, b->launch->kernel))
		f = f->next;
	if (!f || !f->has_body || !f->is_entry)
		fail(b->module, 0, "there is no kernel '%s'", b->launch->kernel);
	uint32_t need = f->formal_count ? f->formals[f->formal_count - 1].offset +
						  f->formals[f->formal_count - 1].bytes
					: 0;

	if (b->launch->argument_bytes != need)
		fail(b->module, 0, "%zu bytes of arguments; the kernel has %u",
		     b->launch->argument_bytes, need);
	b->count = b->launch->block[0] * b->launch->block[1] * b->launch->block[2];
	b->shared_bytes = b->module->shared_bytes;
	if (b->launch->dynamic_shared)
		b->shared_bytes = ((b->shared_bytes + 15) & ~15u) + b->launch->dynamic_shared;
	b->shared = arena_take(b->module, b->shared_bytes + 1);
	b->threads = arena_take(b->module, b->count * sizeof(*b->threads));
	for (b->ctaid[2] = 0; b->ctaid[2] < grid[2]; b->ctaid[2]++)
		for (b->ctaid[1] = 0; b->ctaid[1] < grid[1]; b->ctaid[1]++)
			for (b->ctaid[0] = 0; b->ctaid[0] < grid[0]; b->ctaid[0]++)
				run_block(b, f);
}

int oracle_run(const struct oracle_launch *launch, char *error, size_t error_bytes)
{
	struct module *m = calloc(1, sizeof(*m));
	struct block *b = calloc(1, sizeof(*b));
	volatile int result = -1; /* lives through a longjmp */

	m->error = error;
	m->error_bytes = error_bytes;
	b->module = m;
	b->launch = launch;
	if (!setjmp(m->failed)) {
		module_parse(m, launch->text);
		run_grid(b);
		result = 0;
	}
	end_threads(b);
	module_free(m);
	free(b);
	free(m);
	return result;
}
