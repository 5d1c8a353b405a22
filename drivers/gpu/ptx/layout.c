/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of blocks. Splits of a warp run lowest word first, so what diverges must meet again
 * further down: forward edges go down (reverse post-order), and all of a loop comes before what
 * follows it, or lanes that leave early would run ahead of those still inside.
 *
 * Depth-first search finds loops by intervals of its numbering (Havlak's nesting: a back edge goes
 * to an ancestor; the body is what reaches it without passing the header). Then blocks are placed
 * when all their forward predecessors are, innermost open loop first.
 */
#include <string.h>

#include "drivers/gpu/ptx/module.h"

struct search {
	struct block *block;
	uint32_t edge;
};

static uint32_t edge_count(const struct block *b)
{
	return 2 + b->table_count;
}

/* Fall-through last: what is visited last comes first in reverse post-order. */
static struct block *edge(const struct block *b, uint32_t k)
{
	if (k < b->table_count)
		return b->table[k];
	return k == b->table_count ? b->taken : b->next;
}

static void add_pred(struct ptx *p, struct block *to, struct block *from)
{
	to->preds = ptx_grow(p, &p->kernel, to->preds, to->pred_count, &to->pred_room,
			     sizeof(*to->preds));
	to->preds[to->pred_count++] = from;
}

/* Numbers reachable blocks in preorder; `order` receives them so. Returns how many. */
static uint32_t search(struct ptx *p, struct block *first, struct block **order)
{
	struct function *f = p->function;
	struct search *stack = ptx_alloc(p, &p->kernel, f->block_count + 1, sizeof(*stack));
	uint32_t depth = 1, count = 0;

	stack[0] = (struct search){first, 0};
	first->reached = true;
	first->preorder = 0;
	order[count++] = first;
	while (depth) {
		struct search *top = &stack[depth - 1];

		if (top->edge == edge_count(top->block)) {
			top->block->last_descendant = count - 1;
			depth--;
			continue;
		}
		struct block *to = edge(top->block, top->edge++);

		if (!to)
			continue;
		add_pred(p, to, top->block);
		if (to->reached)
			continue;
		to->reached = true;
		to->preorder = count;
		order[count++] = to;
		stack[depth++] = (struct search){to, 0};
	}
	return count;
}

static bool is_ancestor(const struct block *a, const struct block *b)
{
	return a->preorder <= b->preorder && b->preorder <= a->last_descendant;
}

/* An edge against the search's direction: to an ancestor, or to the block itself. */
static bool is_back(const struct block *from, const struct block *to)
{
	return is_ancestor(to, from);
}

struct loops {
	uint32_t *parent; /* union-find over preorder numbers: the outermost loop found so far */
	struct block **work;
	uint32_t work_count;
};

static uint32_t find(uint32_t *parent, uint32_t x)
{
	while (parent[x] != x) {
		parent[x] = parent[parent[x]];
		x = parent[x];
	}
	return x;
}

static void add_body(struct loops *loops, struct block **order, struct block *header,
		     struct block *from)
{
	struct block *member = order[find(loops->parent, from->preorder)];

	if (member == header || !is_ancestor(header, member))
		return; /* itself, or a second entry of an irreducible loop */
	loops->parent[member->preorder] = header->preorder;
	member->header = header;
	loops->work[loops->work_count++] = member;
}

static void find_loops(struct ptx *p, struct block **order, uint32_t count)
{
	struct loops loops = {
		.parent = ptx_alloc(p, &p->kernel, count, sizeof(uint32_t)),
		.work = ptx_alloc(p, &p->kernel, count, sizeof(struct block *)),
	};

	for (uint32_t i = 0; i < count; i++)
		loops.parent[i] = i;
	for (uint32_t i = count; i-- > 0;) {
		struct block *header = order[i];

		loops.work_count = 0;
		for (uint32_t k = 0; k < header->pred_count; k++) {
			if (!is_back(header->preds[k], header))
				continue;
			header->is_header = true;
			add_body(&loops, order, header, header->preds[k]);
		}
		while (loops.work_count) {
			struct block *b = loops.work[--loops.work_count];

			for (uint32_t k = 0; k < b->pred_count; k++)
				if (!is_back(b->preds[k], b))
					add_body(&loops, order, header, b->preds[k]);
		}
	}
	for (uint32_t i = 0; i < count; i++) { /* headers come before their bodies in preorder */
		struct block *b = order[i];

		b->depth = (b->header ? b->header->depth : 0) + b->is_header;
	}
}

/* Ready blocks as a binary heap: deepest loop first, then the text's order. */
struct ready {
	struct block **heap;
	uint32_t count;
};

static uint32_t key_depth(const struct block *b)
{
	return b->depth -
	       b->is_header; /* a header belongs to the loop around it until it is placed */
}

static bool before(const struct block *a, const struct block *b)
{
	if (key_depth(a) != key_depth(b))
		return key_depth(a) > key_depth(b);
	return a->number < b->number;
}

static void ready_push(struct ready *ready, struct block *b)
{
	uint32_t at = ready->count++;

	for (; at && before(b, ready->heap[(at - 1) / 2]); at = (at - 1) / 2)
		ready->heap[at] = ready->heap[(at - 1) / 2];
	ready->heap[at] = b;
}

static struct block *ready_pop(struct ready *ready)
{
	struct block *top = ready->heap[0], *last = ready->heap[--ready->count];
	uint32_t at = 0, child;

	while ((child = 2 * at + 1) < ready->count) {
		if (child + 1 < ready->count && before(ready->heap[child + 1], ready->heap[child]))
			child++;
		if (!before(ready->heap[child], last))
			break;
		ready->heap[at] = ready->heap[child];
		at = child;
	}
	if (ready->count)
		ready->heap[at] = last;
	return top;
}

/* Places the blocks of one body; returns how many. */
static uint32_t place_blocks(struct ptx *p, struct block **order, uint32_t count,
			     struct block **placed)
{
	struct ready ready = {.heap = ptx_alloc(p, &p->kernel, count, sizeof(struct block *))};
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) /* stamp: forward predecessors not yet placed */
		for (uint32_t k = 0; k < order[i]->pred_count; k++)
			order[i]->stamp += !is_back(order[i]->preds[k], order[i]);
	ready_push(&ready, order[0]);
	while (ready.count) {
		struct block *b = ready_pop(&ready);

		placed[n++] = b;
		for (uint32_t k = 0; k < edge_count(b); k++) {
			struct block *to = edge(b, k);

			if (to && !is_back(b, to) && !--to->stamp)
				ready_push(&ready, to);
		}
	}
	return n;
}

/* A block that only falls into one which has no other way in becomes one with it: longer blocks
 * schedule better. */
static void merge_blocks(struct function *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->block_count; i++) {
		struct block *b = f->blocks[i], *last = n ? f->blocks[n - 1] : NULL;

		if (!last || last->next != b || last->taken || last->table_count ||
		    b->pred_count != 1 || b->is_header ||
		    (last->tail && inst_is_call(last->tail))) {
			f->blocks[n++] = b;
			continue;
		}
		for (struct inst *k = b->head; k; k = k->next)
			k->block = last;
		if (last->tail && b->head) {
			last->tail->next = b->head;
			b->head->prev = last->tail;
		}
		last->head = last->head ? last->head : b->head;
		last->tail = b->tail ? b->tail : last->tail;
		last->taken = b->taken;
		last->next = b->next;
		last->table = b->table;
		last->table_count = b->table_count;
	}
	f->block_count = n;
	for (uint32_t i = 0; i < n; i++)
		f->blocks[i]->number = i;
}

void layout_blocks(struct ptx *p)
{
	struct function *f = p->function;
	struct block **order = ptx_alloc(p, &p->kernel, f->block_count, sizeof(*order));
	struct block **placed = ptx_alloc(p, &p->kernel, f->block_count, sizeof(*placed));
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->block_count; i++)
		f->blocks[i]->number = i;
	for (uint32_t i = 0; i < f->body_count; i++) {
		uint32_t count = search(p, f->bodies[i].block, order);

		find_loops(p, order, count);
		for (uint32_t k = 0; k < count; k++)
			order[k]->body = i;
		n += place_blocks(p, order, count, placed + n);
	}
	for (uint32_t i = 0; i < n; i++)
		placed[i]->number = i;
	f->blocks = placed;
	f->block_count = n;
	if (!p->options.optimise)
		return;
	merge_blocks(f);
	for (uint32_t i = 0; i < f->block_count; i++)
		f->blocks[i]->pred_count = 0;
	for (uint32_t i = 0; i < f->block_count; i++)
		for (uint32_t k = 0; k < edge_count(f->blocks[i]); k++)
			if (edge(f->blocks[i], k))
				add_pred(p, edge(f->blocks[i], k), f->blocks[i]);
}
