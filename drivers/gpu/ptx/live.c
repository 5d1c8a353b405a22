/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live intervals. Each register's life is one interval over the final order; where it crosses
 * blocks it is found by walking backwards from each block that reads it before writing it, one
 * register at a time, so memory stays linear and only registers that really cross blocks cost time.
 */
#include "drivers/gpu/ptx/regalloc.h"

#define STEPS_MAX (256u << 20) /* block visits per kernel */

struct mention {
	struct block *block;
	uint32_t next; /* + 1 */
};

struct lives {
	struct mention *mentions;
	uint32_t count, room;
	uint32_t *writes, *exposed;         /* heads of lists, by register */
	uint32_t *write_block, *read_block; /* last block in which it was noted, + 1 */
	struct block **work;
	uint64_t steps;
};

static void note(struct ptx *p, struct lives *lives, uint32_t *head, struct block *block)
{
	lives->mentions = ptx_grow(p, &p->kernel, lives->mentions, lives->count, &lives->room,
				   sizeof(*lives->mentions));
	lives->mentions[lives->count] = (struct mention){block, *head};
	*head = ++lives->count;
}

static void extend(struct vreg *v, uint32_t position)
{
	if (position < v->start)
		v->start = position;
	if (position > v->end)
		v->end = position;
}

/* Chips may write one destination before they have read all sources, where there are several. */
static bool reads_late(const struct inst *i)
{
	return i->d2 || operand_count(ptx_ops[i->op].d) > 1;
}

static void scan_inst(struct ptx *p, struct lives *lives, struct block *b, struct inst *i,
		      uint32_t position)
{
	struct vreg *vregs = p->function->vregs;
	uint32_t regs[OPERANDS_MAX];
	unsigned count = inst_reads(vregs, i, regs);

	i->order = position;
	for (unsigned k = 0; k < count; k++) {
		uint32_t v = regs[k];

		extend(&vregs[v], position + reads_late(i));
		if (lives->write_block[v] != b->number + 1 &&
		    lives->read_block[v] != b->number + 1) {
			lives->read_block[v] = b->number + 1;
			note(p, lives, &lives->exposed[v], b);
		}
	}
	count = inst_writes(i, regs);
	for (unsigned k = 0; k < count; k++) {
		uint32_t v = regs[k];

		extend(&vregs[v], position + 1);
		if (lives->write_block[v] != b->number + 1) {
			lives->write_block[v] = b->number + 1;
			note(p, lives, &lives->writes[v], b);
		}
	}
}

/* What is needed behind a call stays where it is while all that the call may reach runs. */
static void outlive_call(struct ptx *p, uint32_t v, struct block *b)
{
	struct function *f = p->function;
	const struct inst *call = b->tail;
	uint32_t callee = call->op == ROAD_GPU_OP_call ? call->target : f->pointed;

	extend(&f->vregs[v], f->bodies[callee].reach_start);
	extend(&f->vregs[v], f->bodies[callee].reach_end);
	if (!f->collects || call->symbol != SYMBOL_IS_AGAIN || f->vregs[v].shared)
		return;
	b->saves =
		ptx_grow(p, &p->kernel, b->saves, b->save_count, &b->save_room, sizeof(*b->saves));
	b->saves[b->save_count++] = v;
}

/* From the bodies' own positions to those of all that they may call, callees first. */
static void find_reach(struct function *f)
{
	for (uint32_t k = 0; k < f->body_count;) {
		uint32_t end = k, start = UINT32_MAX, last = 0;

		for (; end < f->body_count && f->bodies[f->body_order[end]].component ==
						      f->bodies[f->body_order[k]].component;
		     end++) {
			const struct body *body = &f->bodies[f->body_order[end]];

			start = body->reach_start < start ? body->reach_start : start;
			last = body->reach_end > last ? body->reach_end : last;
			for (uint32_t c = 0; c < body->call_count; c++) {
				const struct body *callee = &f->bodies[body->calls[c]];

				start = callee->reach_start < start ? callee->reach_start : start;
				last = callee->reach_end > last ? callee->reach_end : last;
			}
		}
		for (; k < end; k++) {
			f->bodies[f->body_order[k]].reach_start = start;
			f->bodies[f->body_order[k]].reach_end = last;
		}
	}
}

/* What bodies share is written in the block that calls or returns, for what runs then, and read in
 * the block that runs then: it lives through both. */
static void hold_shared(struct function *f, const struct block *b)
{
	uint32_t regs[OPERANDS_MAX];

	for (const struct inst *i = b->head; i && f->body_count > 1; i = i->next) {
		unsigned count = inst_reads(f->vregs, i, regs);

		count += inst_writes(i, regs + count);
		for (unsigned k = 0; k < count; k++) {
			if (!f->vregs[regs[k]].shared)
				continue;
			extend(&f->vregs[regs[k]], b->start);
			extend(&f->vregs[regs[k]], b->end + 1);
		}
	}
}

static void note_body(struct function *f, const struct block *b)
{
	struct body *body = &f->bodies[b->body];

	body->reach_start = b->start < body->reach_start ? b->start : body->reach_start;
	body->reach_end = b->end > body->reach_end ? b->end : body->reach_end;
}

static bool flood(struct ptx *p, struct lives *lives, uint32_t v)
{
	struct vreg *reg = &p->function->vregs[v];
	uint32_t work = 0;

	for (uint32_t m = lives->writes[v]; m; m = lives->mentions[m - 1].next)
		lives->mentions[m - 1].block->written = v;
	for (uint32_t m = lives->exposed[v]; m; m = lives->mentions[m - 1].next) {
		lives->mentions[m - 1].block->stamp = v;
		lives->work[work++] = lives->mentions[m - 1].block;
	}
	while (work) {
		struct block *b = lives->work[--work];

		extend(reg, b->start);
		lives->steps += b->pred_count + 1;
		if (lives->steps > STEPS_MAX)
			return false;
		for (uint32_t k = 0; k < b->pred_count; k++) {
			struct block *pred = b->preds[k];

			extend(reg, pred->end);
			if (pred->tail && inst_is_call(pred->tail))
				outlive_call(p, v, pred);
			if (pred->written == v || pred->stamp == v)
				continue;
			pred->stamp = v;
			lives->work[work++] = pred;
		}
	}
	return true;
}

bool live_compute(struct ptx *p)
{
	struct function *f = p->function;
	size_t n = f->vreg_count;
	struct lives lives = {
		.writes = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.exposed = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.write_block = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.read_block = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.work = ptx_alloc(p, &p->kernel, f->block_count, sizeof(struct block *)),
	};
	uint32_t position = 2;

	for (uint32_t k = 0; k < f->body_count; k++) {
		f->bodies[k].reach_start = UINT32_MAX;
		f->bodies[k].reach_end = 0;
	}
	for (uint32_t v = 0; v < n; v++) {
		f->vregs[v].start = UINT32_MAX;
		f->vregs[v].end = 0;
	}
	for (uint32_t k = 0; k < f->block_count; k++) {
		struct block *b = f->blocks[k];

		b->number = k;
		b->stamp = b->written = 0;
		b->start = position;
		for (struct inst *i = b->head; i; i = i->next, position += 2)
			scan_inst(p, &lives, b, i, position);
		b->end = position; /* room for values that only pass through */
		note_body(f, b);
		hold_shared(f, b);
		position += 2;
	}
	find_reach(f);
	if (f->has_stack) /* every body may need it, and all that call it */
		extend(&f->vregs[f->sp], position);
	for (uint32_t v = 1; v < n; v++)
		if (lives.exposed[v] && !flood(p, &lives, v))
			return false;
	return true;
}
