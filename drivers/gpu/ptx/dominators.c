/* SPDX-License-Identifier: Apache-2.0 */
/* Dominators by iteration over the block order (Cooper, Harvey, Kennedy). */
#include "drivers/gpu/ptx/opt.h"

#define PASSES_MAX 16

/* Blocks go up in number from a dominator to what it dominates. */
static struct block *intersect(struct block *a, struct block *b, uint64_t *steps)
{
	while (a != b) {
		if (a->number > b->number)
			a = a->idom;
		else
			b = b->idom;
		++*steps;
	}
	return a;
}

static bool update(const struct function *f, struct block *b, uint64_t *steps, uint64_t limit)
{
	struct block *idom = NULL;

	if (f->bodies[b->body].block == b)
		return false;
	for (uint32_t k = 0; k < b->pred_count && *steps <= limit; k++) {
		struct block *pred = b->preds[k];

		if (pred->idom)
			idom = idom ? intersect(pred, idom, steps) : pred;
	}
	bool changed = b->idom != idom;

	b->idom = idom;
	return changed;
}

/* Numbers the dominator tree: children as linked lists. */
static void number_tree(struct ptx *p)
{
	struct function *f = p->function;
	uint32_t n = f->block_count, depth = 1, count = 0;
	struct block **child = ptx_alloc(p, &p->kernel, n, sizeof(*child));
	struct block **sibling = ptx_alloc(p, &p->kernel, n, sizeof(*sibling));
	struct block **stack = ptx_alloc(p, &p->kernel, n, sizeof(*stack));

	for (uint32_t k = n; k-- > 1;) {
		struct block *b = f->blocks[k];

		sibling[k] = child[b->idom->number];
		child[b->idom->number] = b;
	}
	stack[0] = f->blocks[0];
	f->blocks[0]->preorder = count++;
	while (depth) {
		struct block *top = stack[depth - 1], *next = child[top->number];

		if (!next) {
			top->last_descendant = count - 1;
			depth--;
			continue;
		}
		child[top->number] = sibling[next->number];
		next->preorder = count++;
		stack[depth++] = next;
	}
}

bool dominators_compute(struct ptx *p)
{
	struct function *f = p->function;
	uint64_t steps = 0, limit = 64 * (uint64_t)f->block_count + (1u << 20);
	bool changed = true;

	for (uint32_t k = 0; k < f->block_count; k++) {
		f->blocks[k]->number = k;
		f->blocks[k]->idom = NULL;
	}
	/* Functions count as children of the kernel's first block, which does run before them. */
	for (uint32_t k = 0; k < f->body_count; k++)
		f->bodies[k].block->idom = f->blocks[0];
	for (unsigned pass = 0; changed; pass++) {
		changed = false;
		for (uint32_t k = 1; k < f->block_count && steps <= limit; k++)
			changed |= update(f, f->blocks[k], &steps, limit);
		if (pass == PASSES_MAX || steps > limit)
			return false;
	}
	number_tree(p);
	return true;
}
