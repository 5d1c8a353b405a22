/* SPDX-License-Identifier: Apache-2.0 */
/* The control-flow graph: blocks between labels and jumps, edges, threads through empty jumps. */
#include "drivers/gpu/ptx/module.h"

#define THREAD_MAX 16 /* empty blocks that one edge may skip */

static struct block *block_new(struct ptx *p, uint32_t *room)
{
	struct function *f = p->function;

	f->blocks = ptx_grow(p, &p->kernel, f->blocks, f->block_count, room, sizeof(*f->blocks));
	struct block *b = ptx_alloc(p, &p->kernel, 1, sizeof(*b));

	f->blocks[f->block_count++] = b;
	return b;
}

/* Marks where blocks start: at labels, and behind jumps. inst.block != NULL = a leader. */
static void find_leaders(struct ptx *p, struct block *leader)
{
	struct function *f = p->function;

	f->first->block = leader;
	for (uint32_t i = 0; i < f->label_count; i++) {
		struct label *label = &f->labels[i];
		struct inst *first = label->after ? label->after->next : f->first;

		if (label->defined && !label->table && first)
			first->block = leader;
	}
	for (uint32_t i = 0; i < f->body_count; i++)
		f->bodies[i].entry->block = leader;
	for (struct inst *i = f->first; i; i = i->next)
		if (inst_is_jump(i) && i->next)
			i->next->block = leader;
}

static void cut_blocks(struct ptx *p)
{
	struct function *f = p->function;
	struct block mark, *block = NULL;
	uint32_t room = 0;

	find_leaders(p, &mark);
	for (struct inst *i = f->first, *next; i; i = next) {
		next = i->next;
		if (i->block) {
			if (block)
				block->tail->next = NULL;
			block = block_new(p, &room);
			block->head = i;
			i->prev = NULL;
		}
		i->block = block;
		block->tail = i;
	}
}

/* What a label's `after` points to may have become another block's tail: its next was cut. */
static void place_labels(struct ptx *p, struct inst **firsts)
{
	struct function *f = p->function;

	for (uint32_t i = 0; i < f->label_count; i++)
		f->labels[i].block = firsts[i] ? firsts[i]->block : NULL;
	for (uint32_t i = 0; i < f->body_count; i++)
		f->bodies[i].block = f->bodies[i].entry->block;
}

static struct block *target_of(struct ptx *p, uint32_t label)
{
	struct label *target = label_resolve(p->function, label);

	if (target->table)
		ptx_fail(p, p->function->labels[label].at,
			 "label '%.*s' is a branch table, must be of an instruction",
			 SLICE(target->name));
	return target->block;
}

static void link_table(struct ptx *p, struct block *b, const struct inst *jump)
{
	struct label *list = label_resolve(p->function, jump->target);

	if (!list->table)
		ptx_fail(p, p->function->labels[jump->target].at,
			 "label '%.*s' is no .branchtargets list", SLICE(list->name));
	b->table_count = list->table_count;
	b->table = ptx_alloc(p, &p->kernel, list->table_count, sizeof(struct block *));
	for (uint32_t k = 0; k < list->table_count; k++)
		b->table[k] = target_of(p, list->table[k]);
}

static void link_blocks(struct ptx *p)
{
	struct function *f = p->function;

	for (uint32_t k = 0; k < f->block_count; k++) {
		struct block *b = f->blocks[k];
		struct inst *jump = b->tail;
		struct block *next = k + 1 < f->block_count ? f->blocks[k + 1] : NULL;

		if (jump->op == ROAD_GPU_OP_bra)
			b->taken = target_of(p, jump->target);
		else if (jump->op == ROAD_GPU_OP_brx)
			link_table(p, b, jump);
		if (!inst_is_jump(jump) || jump->guard || inst_is_call(jump))
			b->next = next;
	}
}

/* Where an edge to `b` ends if blocks that only jump are skipped. */
static struct block *thread(struct block *b)
{
	for (unsigned n = 0; b && n < THREAD_MAX; n++) {
		if (b->head != b->tail || b->head->op != ROAD_GPU_OP_bra || b->head->guard)
			break;
		b = b->taken;
	}
	return b;
}

static void thread_jumps(struct function *f)
{
	for (uint32_t k = 0; k < f->block_count; k++) {
		struct block *b = f->blocks[k];

		b->next = thread(b->next);
		b->taken = thread(b->taken);
		for (uint32_t t = 0; t < b->table_count; t++)
			b->table[t] = thread(b->table[t]);
	}
}

/* The emitter writes plain jumps where the final order needs them: here they are edges only. */
static void drop_plain_jumps(struct function *f)
{
	for (uint32_t k = 0; k < f->block_count; k++) {
		struct block *b = f->blocks[k];
		struct inst *jump = b->tail;

		b->line = jump->line;
		if (jump->op != ROAD_GPU_OP_bra || jump->guard)
			continue;
		b->next = b->taken;
		b->taken = NULL;
		b->tail = jump->prev;
		if (jump->prev)
			jump->prev->next = NULL;
		else
			b->head = NULL;
	}
}

/* Ends the function, if its text does not, and gives labels at the end an instruction. */
static void close_end(struct ptx *p)
{
	struct function *f = p->function;
	bool label_at_end = !f->last;

	for (uint32_t i = 0; i < f->label_count; i++)
		label_at_end |= f->labels[i].defined && f->labels[i].after == f->last;
	if (f->last && !label_at_end && inst_is_jump(f->last) && !f->last->guard)
		return;
	inst_append(p, inst_new(p, ROAD_GPU_OP_exit, f->last ? f->last->line : f->at.line));
}

void cfg_build(struct ptx *p)
{
	struct function *f = p->function;

	close_end(p);
	struct inst **firsts = ptx_alloc(p, &p->kernel, f->label_count + 1, sizeof(*firsts));

	for (uint32_t i = 0; i < f->label_count; i++)
		if (f->labels[i].defined)
			firsts[i] = f->labels[i].after ? f->labels[i].after->next : f->first;
	f->bodies[0].entry = f->first;
	cut_blocks(p);
	place_labels(p, firsts);
	link_blocks(p);
	thread_jumps(f);
	drop_plain_jumps(f);
}
