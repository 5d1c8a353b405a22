/* SPDX-License-Identifier: Apache-2.0 */
/* A program as text for the assembler. x1: global memory; x2..x6: shapes; x20..x23: operands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracle/dsa/program.h"

struct writer {
	struct program *p;
	size_t used;
	uint32_t line; /* of what is written next */
};

__attribute__((format(printf, 2, 3))) static void say(struct writer *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->p->text + w->used, sizeof(w->p->text) - w->used, format, args);
	va_end(args);
	if (n > 0 && w->used + (size_t)n < sizeof(w->p->text))
		w->used += (size_t)n;
	for (const char *c = w->p->text + w->used - (n > 0 ? n : 0); *c; c++)
		w->line += *c == '\n';
}

/* An operand's register: an address in a scratchpad, or in global memory. */
static void operand(struct writer *w, uint32_t reg, enum memory memory, uint32_t at)
{
	if (memory == GLOBAL)
		say(w, "\taddi x%u, x1, %u\n", reg, at);
	else
		say(w, "\tmovi x%u, %u\n", reg, at);
}

static void transfer(struct writer *w, struct op *op, const char *shape)
{
	struct span spans[4];

	op_spans(op, spans);
	operand(w, 20, (enum memory)spans[1].memory, op->d);
	operand(w, 21, (enum memory)spans[0].memory, op->a);
	if (!shape)
		say(w, "\tmovi x22, %u\n", op->count);
	op->line = w->line;
	say(w, "\t%s [x20], [x21], %s\n", op_name(op->kind), shape ? shape : "x22, 1");
}

static void vector(struct writer *w, struct op *op)
{
	say(w, "\tmovi x20, %u\n\tmovi x21, %u\n\tmovi x22, %u\n\tmovi x23, %u\n", op->d, op->a,
	    op->b, op->count);
	if (op->kind == VADDS || op->kind == VDUP)
		say(w, "\tmovi x22, %d\n", op->scalar);
	op->line = w->line;
	if (op->kind < VADDS)
		say(w, "\t%s [x20], [x21], [x22], x23\n", op_name(op->kind));
	else if (op->kind == VADDS)
		say(w, "\t%s [x20], [x21], x22, x23\n", op_name(op->kind));
	else if (op->kind == VDUP)
		say(w, "\t%s [x20], x22, x23\n", op_name(op->kind));
	else
		say(w, "\t%s [x20], [x21], x23\n", op_name(op->kind));
}

static void scalar(struct writer *w, struct op *op)
{
	bool load = op->kind == LDU || op->kind == LDG;
	uint32_t at = load ? op->a : op->d;
	const char *base = op->kind == LDG || op->kind == STG ? "x1" : "x0";

	op->line = w->line;
	if (load)
		say(w, "\t%s x28, [%s + %u]\n", op_name(op->kind), base, at);
	else
		say(w, "\t%s [%s + %u], x28\n", op_name(op->kind), base, at);
}

static void write_op(struct writer *w, struct op *op)
{
	switch (op->kind) {
	case MOVE_UB:
	case STORE_UB:
	case MOVE_L1:
	case STORE_L1: transfer(w, op, NULL); break;
	case LOAD_A:
	case LOAD_B: transfer(w, op, "x2"); break;
	case FIX_GM:
	case FIX_UB: transfer(w, op, "x5"); break;
	case MMAD:
		say(w, "\tmovi x20, %u\n\tmovi x21, %u\n\tmovi x22, %u\n", op->d, op->a, op->b);
		op->line = w->line;
		say(w, "\tmmad.s8%s [x20], [x21], [x22], x4\n", op->init ? ".init" : "");
		break;
	case LDU:
	case STU:
	case LDG:
	case STG: scalar(w, op); break;
	default: vector(w, op);
	}
}

static void write_step(struct writer *w, const struct step *step)
{
	switch (step->kind) {
	case STEP_OP: write_op(w, &w->p->ops[step->op]); break;
	case STEP_SET:
	case STEP_WAIT:
		say(w, "\t%s %s, %s, %u\n", step->kind == STEP_SET ? "set_flag" : "wait_flag",
		    queue_names[step->source], queue_names[step->target], step->id);
		break;
	case STEP_BARRIER_V: say(w, "\tpipe_barrier V\n"); break;
	case STEP_BARRIER_ALL: say(w, "\tpipe_barrier ALL\n"); break;
	}
}

void program_write(struct program *p)
{
	struct writer w = {p, 0, 1};

	p->text[0] = 0;
	say(&w, ".kernel main arguments=8\n\tldarg.u64 x1, [0]\n");
	say(&w, "\tmovi x2, 16\n\tmovh x2, 32\n\tmovi x3, 16\n");               /* rows, k; P */
	say(&w, "\tmovi x4, 0x100010\n\tmovh x4, 32\n");                        /* m, n, k */
	say(&w, "\tmovi x5, 16\n\tmovh x5, 16\n\tmovi x6, 64\n\tmovh x6, 1\n"); /* m, n; pitch */
	for (uint32_t i = 0; i < p->step_count; i++)
		write_step(&w, &p->steps[i]);
	say(&w, "\tend\n.end\n");
}
