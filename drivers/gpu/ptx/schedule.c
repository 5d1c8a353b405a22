/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block-local list scheduling: loads early, their consumers late, within a window so that registers
 * do not run out. The chip issues in order and waits for operands, so this is where latency is
 * hidden within a warp.
 */
#include <string.h>

#include "drivers/gpu/ptx/module.h"

#define REGION_MAX 256 /* instructions scheduled together */
#define WINDOW     16  /* how far one may move ahead of the first that waits */
#define EDGES_MAX  4096

/* Rough cycles by latency class: only their order matters. */
static const uint16_t latencies[ROAD_GPU_LATS] = {
	[ROAD_GPU_LAT_ALU] = 4,   [ROAD_GPU_LAT_IMUL] = 5,     [ROAD_GPU_LAT_IDIV] = 40,
	[ROAD_GPU_LAT_FMA] = 4,   [ROAD_GPU_LAT_FDIV] = 40,    [ROAD_GPU_LAT_SPECIAL] = 20,
	[ROAD_GPU_LAT_FP64] = 8,  [ROAD_GPU_LAT_FP64DIV] = 80, [ROAD_GPU_LAT_CVT] = 8,
	[ROAD_GPU_LAT_MEM] = 300, [ROAD_GPU_LAT_BRANCH] = 4,   [ROAD_GPU_LAT_BARRIER] = 4,
	[ROAD_GPU_LAT_FP16] = 5,  [ROAD_GPU_LAT_SHUFFLE] = 24, [ROAD_GPU_LAT_TENSOR] = 30,
	[ROAD_GPU_LAT_VOTE] = 6,  [ROAD_GPU_LAT_REDUX] = 26,
};
#define LATENCY_NEAR 30 /* shared, constants, parameters */

struct node {
	struct inst *inst;
	uint32_t edges; /* list, + 1 */
	uint32_t waits; /* predecessors not yet placed */
	uint32_t height, ready_at;
	bool placed;
};

struct edge {
	uint16_t to;
	uint32_t next;
	uint32_t latency;
};

enum memory_class { MEMORY_FREE, MEMORY_SHARED, MEMORY_LOCAL, MEMORY_GLOBAL, MEMORY_CLASSES };

struct last { /* per register: who wrote it last, who read it since */
	uint32_t region;
	uint16_t writer;  /* + 1 */
	uint32_t readers; /* list, + 1 */
};

struct reader {
	uint16_t node;
	uint32_t next;
};

struct scheduler {
	struct ptx *p;
	struct vreg *vregs;
	struct last *lasts;
	uint32_t region;
	struct node nodes[REGION_MAX];
	uint32_t count;
	struct edge edges[EDGES_MAX];
	uint32_t edge_count;
	struct reader readers[REGION_MAX * OPERANDS_MAX];
	uint32_t reader_count;
	uint16_t stores[MEMORY_CLASSES]; /* last one, + 1 */
	uint16_t loads[MEMORY_CLASSES][REGION_MAX];
	uint32_t load_counts[MEMORY_CLASSES];
	uint16_t fence; /* + 1 */
	bool has_generic;
};

static uint32_t latency_of(const struct inst *i)
{
	if (!inst_is_memory(i))
		return latencies[ptx_ops[i->op].latency];
	unsigned space = i->mods & ROAD_GPU_MEM_SPACE_MASK;

	return space == ROAD_GPU_SPACE_GLOBAL || space == ROAD_GPU_SPACE_GENERIC
		       ? latencies[ROAD_GPU_LAT_MEM]
		       : LATENCY_NEAR;
}

static bool has_room(const struct scheduler *s)
{
	return s->edge_count + 3 * REGION_MAX < EDGES_MAX;
}

static void add_edge(struct scheduler *s, uint32_t from, uint32_t to, uint32_t latency)
{
	struct node *node = &s->nodes[from];

	if (from == to)
		return;
	s->edges[s->edge_count] =
		(struct edge){.to = (uint16_t)to, .next = node->edges, .latency = latency};
	node->edges = ++s->edge_count;
	s->nodes[to].waits++;
}

static struct last *last_of(struct scheduler *s, uint32_t v)
{
	struct last *last = &s->lasts[v];

	if (last->region != s->region)
		*last = (struct last){.region = s->region};
	return last;
}

static void add_register_edges(struct scheduler *s, uint32_t n)
{
	const struct inst *i = s->nodes[n].inst;
	uint32_t regs[OPERANDS_MAX];
	unsigned count = inst_reads(s->vregs, i, regs);

	for (unsigned k = 0; k < count; k++) {
		struct last *last = last_of(s, regs[k]);

		if (last->writer)
			add_edge(s, last->writer - 1u, n,
				 latency_of(s->nodes[last->writer - 1].inst));
		s->readers[s->reader_count] = (struct reader){(uint16_t)n, last->readers};
		last->readers = ++s->reader_count;
	}
	count = inst_writes(i, regs);
	for (unsigned k = 0; k < count; k++) {
		struct last *last = last_of(s, regs[k]);

		if (last->writer)
			add_edge(s, last->writer - 1u, n, 1);
		for (uint32_t r = last->readers; r; r = s->readers[r - 1].next)
			add_edge(s, s->readers[r - 1].node, n, 0);
		last->writer = (uint16_t)(n + 1);
		last->readers = 0;
	}
}

static bool reads_clock(const struct inst *i)
{
	return ptx_ops[i->op].mods == ROAD_GPU_MODS_SREG && i->aux >= ROAD_GPU_SREG_CLOCK &&
	       i->aux <= ROAD_GPU_SREG_GLOBALTIMER_HI;
}

/* What all memory accesses stay behind or before. */
static bool is_fence(const struct inst *i)
{
	if (ptx_ops[i->op].unit == ROAD_GPU_UNIT_CONTROL || i->op == ROAD_GPU_OP_membar ||
	    reads_clock(i) || inst_is_collective(i) || inst_is_mbarrier(i))
		return true;
	return inst_is_memory(i) && i->mods & (ROAD_GPU_MEM_VOLATILE | ROAD_GPU_MEM_SEM_MASK);
}

static enum memory_class memory_class(const struct scheduler *s, const struct inst *i)
{
	if ((i->mods & ROAD_GPU_MEM_CACHE_MASK) >> ROAD_GPU_MEM_CACHE_SHIFT == ROAD_GPU_CACHE_NC)
		return MEMORY_FREE;
	switch (i->mods & ROAD_GPU_MEM_SPACE_MASK) {
	case ROAD_GPU_SPACE_PARAM:
	case ROAD_GPU_SPACE_CONST: return MEMORY_FREE;
	case ROAD_GPU_SPACE_SHARED: return s->has_generic ? MEMORY_GLOBAL : MEMORY_SHARED;
	case ROAD_GPU_SPACE_LOCAL: return s->has_generic ? MEMORY_GLOBAL : MEMORY_LOCAL;
	default: return MEMORY_GLOBAL;
	}
}

static void order_class(struct scheduler *s, uint32_t n, enum memory_class c, bool is_store)
{
	if (s->stores[c])
		add_edge(s, s->stores[c] - 1u, n, 1);
	if (!is_store)
		return;
	for (uint32_t k = 0; k < s->load_counts[c]; k++)
		add_edge(s, s->loads[c][k], n, 0);
	s->load_counts[c] = 0;
}

static void add_memory_edges(struct scheduler *s, uint32_t n)
{
	const struct inst *i = s->nodes[n].inst;
	bool fence = is_fence(i);

	if (!fence && !inst_is_memory(i))
		return;
	if (fence) {
		for (unsigned c = MEMORY_SHARED; c < MEMORY_CLASSES; c++) {
			order_class(s, n, c, true);
			s->stores[c] = 0;
		}
		if (s->fence)
			add_edge(s, s->fence - 1u, n, 0);
		s->fence = (uint16_t)(n + 1);
		return;
	}
	enum memory_class c = memory_class(s, i);
	bool is_store = ptx_ops[i->op].d == ROAD_GPU_OPERAND_N || inst_is_atomic(i);

	if (c == MEMORY_FREE && !is_store)
		return;
	if (s->fence)
		add_edge(s, s->fence - 1u, n, 0);
	order_class(s, n, c, is_store);
	if (is_store)
		s->stores[c] = (uint16_t)(n + 1);
	else
		s->loads[c][s->load_counts[c]++] = (uint16_t)n;
}

static void measure_heights(struct scheduler *s)
{
	for (uint32_t n = s->count; n-- > 0;) {
		struct node *node = &s->nodes[n];

		node->height = 0;
		for (uint32_t e = node->edges; e; e = s->edges[e - 1].next) {
			const struct edge *edge = &s->edges[e - 1];
			uint32_t height = s->nodes[edge->to].height + edge->latency;

			if (height > node->height)
				node->height = height;
		}
	}
}

/* The best of what may come next: what can start now before what must wait, then the longest way
 * to the end, then the text's order. */
static uint32_t choose(const struct scheduler *s, uint32_t first, uint32_t now)
{
	uint32_t best = UINT32_MAX;

	for (uint32_t n = first; n < s->count && n < first + WINDOW; n++) {
		const struct node *node = &s->nodes[n], *top;

		if (node->placed || node->waits)
			continue;
		if (best == UINT32_MAX) {
			best = n;
			continue;
		}
		top = &s->nodes[best];
		uint32_t mine = node->ready_at > now ? node->ready_at : now;
		uint32_t other = top->ready_at > now ? top->ready_at : now;

		if (mine != other ? mine < other : node->height > top->height)
			best = n;
	}
	return best;
}

static void place(struct scheduler *s, uint32_t n, uint32_t now)
{
	struct node *node = &s->nodes[n];

	node->placed = true;
	for (uint32_t e = node->edges; e; e = s->edges[e - 1].next) {
		struct node *to = &s->nodes[s->edges[e - 1].to];
		uint32_t at = now + s->edges[e - 1].latency;

		to->waits--;
		if (at > to->ready_at)
			to->ready_at = at;
	}
}

/* Chains the region's instructions in their new order behind `prev`. */
static struct inst *reorder(struct scheduler *s, struct block *b, struct inst *prev)
{
	struct inst *after = s->nodes[s->count - 1].inst->next;
	uint32_t now = 0, first = 0;

	for (uint32_t k = 0; k < s->count; k++) {
		while (s->nodes[first].placed)
			first++;
		uint32_t n = choose(s, first, now);

		now = (s->nodes[n].ready_at > now ? s->nodes[n].ready_at : now) + 1;
		place(s, n, now - 1);
		struct inst *i = s->nodes[n].inst;

		i->prev = prev;
		if (prev)
			prev->next = i;
		else
			b->head = i;
		prev = i;
	}
	prev->next = after;
	if (after)
		after->prev = prev;
	else
		b->tail = prev;
	return prev;
}

static void start_region(struct scheduler *s)
{
	s->region++;
	s->count = s->edge_count = s->reader_count = 0;
	memset(s->stores, 0, sizeof(s->stores));
	memset(s->load_counts, 0, sizeof(s->load_counts));
	s->fence = 0;
}

static bool is_generic(const struct inst *i)
{
	return inst_is_memory(i) && i->op != ROAD_GPU_OP_membar &&
	       (i->mods & ROAD_GPU_MEM_SPACE_MASK) == ROAD_GPU_SPACE_GENERIC;
}

static void schedule_block(struct scheduler *s, struct block *b)
{
	struct inst *prev = NULL;

	for (struct inst *i = b->head; i && !inst_is_jump(i);) {
		start_region(s);
		for (; i && !inst_is_jump(i) && s->count < REGION_MAX && has_room(s); i = i->next) {
			s->nodes[s->count] = (struct node){.inst = i};
			add_register_edges(s, s->count);
			add_memory_edges(s, s->count);
			s->count++;
		}
		measure_heights(s);
		prev = reorder(s, b, prev);
	}
}

/* Remembers the order, for schedule_undo. */
static void save_order(struct scheduler *s, struct function *f)
{
	uint32_t count = 0;

	s->has_generic = false;
	for (uint32_t k = 0; k < f->block_count; k++)
		for (struct inst *i = f->blocks[k]->head; i; i = i->next, count++)
			s->has_generic |= is_generic(i);
	f->unscheduled = ptx_alloc(s->p, &s->p->kernel, count + 1, sizeof(*f->unscheduled));
	count = 0;
	for (uint32_t k = 0; k < f->block_count; k++)
		for (struct inst *i = f->blocks[k]->head; i; i = i->next)
			f->unscheduled[count++] = i;
	f->unscheduled_count = count;
}

void schedule_run(struct ptx *p)
{
	struct function *f = p->function;
	struct scheduler *s = ptx_alloc(p, &p->kernel, 1, sizeof(*s));

	s->p = p;
	s->vregs = f->vregs;
	s->lasts = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*s->lasts));
	save_order(s, f);
	for (uint32_t k = 0; k < f->block_count; k++)
		schedule_block(s, f->blocks[k]);
}

void schedule_undo(struct ptx *p)
{
	struct function *f = p->function;

	for (uint32_t k = 0; k < f->block_count; k++)
		f->blocks[k]->head = f->blocks[k]->tail = NULL;
	for (uint32_t n = 0; n < f->unscheduled_count; n++) {
		struct inst *i = f->unscheduled[n];
		struct block *b = i->block;

		i->next = NULL;
		i->prev = b->tail;
		if (b->tail)
			b->tail->next = i;
		else
			b->head = i;
		b->tail = i;
	}
}
