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
		position += 2;
	}
	for (uint32_t v = 1; v < n; v++)
		if (lives.exposed[v] && !flood(p, &lives, v))
			return false;
	return true;
}
