/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph of calls. Bodies that may call themselves again, by whatever way, form a component;
 * around a call within one, what is needed behind it goes to the stack, since the same registers
 * serve the inner call. All other calls leave registers alone: what is needed behind them has
 * registers that nothing in between uses (live.c).
 */
#include "drivers/gpu/ptx/regalloc.h"

struct search {
	struct function *f;
	uint32_t *number, *low; /* number: 0 = not seen */
	uint32_t *stack, depth; /* bodies whose component is not complete */
	uint32_t *path, *edge;  /* the search's own stack, and how far each of it is */
	bool *open;
	uint32_t count, placed, components;
};

static void enter(struct search *s, uint32_t body, uint32_t *height)
{
	s->number[body] = s->low[body] = ++s->count;
	s->stack[s->depth++] = body;
	s->open[body] = true;
	s->edge[*height] = 0;
	s->path[(*height)++] = body;
}

static void close_component(struct search *s, uint32_t body)
{
	uint32_t member;

	do {
		member = s->stack[--s->depth];
		s->open[member] = false;
		s->f->bodies[member].component = s->components;
		s->f->body_order[s->placed++] = member;
	} while (member != body);
	s->components++;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Tarjan's algorithm, without recursion: hostile text may make long chains. */
static void find_components(struct search *s, uint32_t root)
{
	uint32_t height = 0;

	enter(s, root, &height);
	while (height) {
		uint32_t body = s->path[height - 1];
		const struct body *b = &s->f->bodies[body];

		if (s->edge[height - 1] < b->call_count) {
			uint32_t to = b->calls[s->edge[height - 1]++];

			if (!s->number[to])
				enter(s, to, &height);
			else if (s->open[to])
				s->low[body] = least(s->low[body], s->number[to]);
			continue;
		}
		if (s->low[body] == s->number[body])
			close_component(s, body);
		if (--height)
			s->low[s->path[height - 1]] =
				least(s->low[s->path[height - 1]], s->low[body]);
	}
}

static bool may_come_again(const struct function *f, const struct block *b)
{
	const struct inst *call = b->tail;
	uint32_t callee = call->op == ROAD_GPU_OP_call ? call->target : f->pointed;

	return f->bodies[callee].component == f->bodies[b->body].component;
}

/* What body_enter() left at the kernel's start becomes the stack pointer's first value. */
static void start_stack(struct ptx *p)
{
	struct function *f = p->function;
	struct inst *start = f->bodies[0].block->head;

	if (!f->has_stack)
		return;
	start->op = ROAD_GPU_OP_mov_b32;
	start->d = abi_stack(p);
	start->form = ROAD_GPU_FORM_IMM_B;
}

void calls_analyse(struct ptx *p)
{
	struct function *f = p->function;
	size_t n = f->body_count;
	struct search s = {
		.f = f,
		.number = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.low = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.stack = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.path = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.edge = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t)),
		.open = ptx_alloc(p, &p->kernel, n, sizeof(bool)),
	};

	f->body_order = ptx_alloc(p, &p->kernel, n, sizeof(uint32_t));
	for (uint32_t k = 0; k < n; k++)
		if (!s.number[k])
			find_components(&s, k);
	for (uint32_t k = 0; k < f->block_count; k++) {
		struct inst *tail = f->blocks[k]->tail;

		if (!tail || !inst_is_call(tail) || !may_come_again(f, f->blocks[k]))
			continue;
		tail->symbol = SYMBOL_IS_AGAIN;
		f->has_stack = true;
	}
	start_stack(p);
}

/* ---- saving ---- */

struct saver {
	struct ptx *p;
	struct block *before, *after; /* of the call, and behind it */
	struct inst *call, *first;    /* what both are put in front of; first: NULL = at the end */
	uint32_t bytes;
};

static struct inst *put(struct saver *s, unsigned op, bool behind)
{
	struct inst *i = inst_new(s->p, op, s->call->line);
	struct block *b = behind ? s->after : s->before;
	struct inst *at = behind ? s->first : s->call;

	if (at) {
		block_insert_before(b, at, i);
	} else if (b->tail) {
		block_insert_after(b, b->tail, i);
	} else {
		i->block = b;
		b->head = b->tail = i;
	}
	return i;
}

static uint32_t fresh(struct saver *s)
{
	uint32_t v = vreg_new(s->p, CLASS_R, 32);

	s->p->function->vregs[v].temporary = true;
	return v;
}

static struct inst *put_memory(struct saver *s, unsigned op, uint32_t offset, bool behind)
{
	struct inst *i = put(s, op, behind);

	i->a = s->p->function->sp;
	i->form = ROAD_GPU_FORM_ADDR32;
	i->mods = ROAD_GPU_SPACE_LOCAL;
	i->imm = (int32_t)(offset - s->bytes);
	return i;
}

static void save_register(struct saver *s, uint32_t v, uint32_t offset)
{
	enum reg_class cls = s->p->function->vregs[v].cls;
	uint32_t stored = v, loaded = v;

	if (cls == CLASS_P) {
		stored = fresh(s);
		loaded = fresh(s);
		struct inst *select = put(s, ROAD_GPU_OP_selp_b32, false);

		select->d = stored;
		select->form = ROAD_GPU_FORM_IMM_A;
		select->imm = 1;
		select->c = v;
	}
	put_memory(s, cls == CLASS_D ? ROAD_GPU_OP_st_b64 : ROAD_GPU_OP_st_b32, offset, false)->b =
		stored;
	put_memory(s, cls == CLASS_D ? ROAD_GPU_OP_ld_b64 : ROAD_GPU_OP_ld_b32, offset, true)->d =
		loaded;
	if (cls == CLASS_P) {
		struct inst *test = put(s, ROAD_GPU_OP_setp_u32, true);

		test->mods = ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT;
		test->d = v;
		test->a = loaded;
	}
}

static uint32_t size_of(const struct function *f, uint32_t v)
{
	return f->vregs[v].cls == CLASS_D ? 8 : 4;
}

static void save_around(struct ptx *p, struct block *b)
{
	struct function *f = p->function;
	struct saver s = {
		.p = p, .before = b, .after = b->next, .call = b->tail, .first = b->next->head};
	uint32_t offset = 0;

	for (uint32_t k = 0; k < b->save_count; k++)
		s.bytes += size_of(f, b->saves[k]);
	s.bytes = (s.bytes + 15) & ~15u;
	struct inst *grow = put(&s, ROAD_GPU_OP_stack_u32, false);

	grow->d = grow->a = f->sp;
	grow->form = ROAD_GPU_FORM_IMM_B;
	grow->imm = (int32_t)s.bytes;
	for (unsigned size = 8; size >= 4; size -= 4) /* pairs first: they must be aligned */
		for (uint32_t k = 0; k < b->save_count; k++) {
			if (size_of(f, b->saves[k]) != size)
				continue;
			save_register(&s, b->saves[k], offset);
			offset += size;
		}
	struct inst *shrink = put(&s, ROAD_GPU_OP_add_u32, true);

	shrink->d = shrink->a = f->sp;
	shrink->form = ROAD_GPU_FORM_IMM_B;
	shrink->imm = -(int32_t)s.bytes;
}

static bool has_recursion(const struct function *f)
{
	for (uint32_t k = 0; k < f->block_count; k++)
		if (f->blocks[k]->tail && f->blocks[k]->tail->symbol == SYMBOL_IS_AGAIN)
			return true;
	return false;
}

void calls_save(struct ptx *p)
{
	struct function *f = p->function;

	if (f->body_count < 2 || !has_recursion(f))
		return;
	f->collects = true;
	if (!live_compute(p)) {
		function_refuse(p, f->at, "control flow of '%.*s' is too tangled", SLICE(f->name));
		return;
	}
	f->collects = false;
	for (uint32_t k = 0; k < f->block_count; k++)
		if (f->blocks[k]->save_count)
			save_around(p, f->blocks[k]);
}

/* ---- kernels that call ---- */

void parse_waiting(struct ptx *p)
{
	p->again = true;
	for (uint32_t k = 0; k < p->waiting_count; k++)
		parse_kernel_again(p, &p->waiting[k]);
}
