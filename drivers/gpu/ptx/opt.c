/* SPDX-License-Identifier: Apache-2.0 */
/* The order of optimisations, copy propagation, dead code. */
#include "drivers/gpu/ptx/opt.h"

#define DEAD_PASSES 4

/* Counts definitions and reads, numbers instructions. */
static void count_references(struct function *f)
{
	uint32_t regs[OPERANDS_MAX], order = 0;

	for (uint32_t v = 0; v < f->vreg_count; v++) {
		f->vregs[v].defs = f->vregs[v].uses = 0;
		f->vregs[v].def = NULL;
	}
	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head; i; i = i->next) {
			unsigned count = inst_reads(f->vregs, i, regs);

			i->order = order++;
			for (unsigned n = 0; n < count; n++)
				f->vregs[regs[n]].uses++;
			count = inst_writes(i, regs);
			for (unsigned n = 0; n < count; n++) {
				f->vregs[regs[n]].defs++;
				f->vregs[regs[n]].def = i;
			}
		}
	}
}

static void check_read(struct opt *o, const struct inst *i, uint32_t v)
{
	const struct inst *def = o->f->vregs[v].def;

	if (!o->values[v].is_single)
		return;
	if (def->block == i->block ? def->order >= i->order
				   : !block_dominates(def->block, i->block))
		o->values[v].is_single = false;
}

static void find_singles(struct opt *o)
{
	struct function *f = o->f;
	uint32_t regs[OPERANDS_MAX];

	for (uint32_t v = 1; v < f->vreg_count; v++)
		o->values[v] =
			(struct value){.is_single = f->vregs[v].defs == 1 &&
						    !f->vregs[v].def->guard && !f->vregs[v].shared};
	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head; i; i = i->next) {
			unsigned count = inst_reads(f->vregs, i, regs);

			for (unsigned n = 0; n < count; n++)
				check_read(o, i, regs[n]);
		}
	}
}

static void replace(struct opt *o, struct inst *i, uint32_t *field, unsigned kind, uint8_t negate)
{
	const struct value *value = &o->values[*field];

	if (!*field || !value->copy_of || operand_count(kind) > 1)
		return;
	if (value->negated)
		i->negate ^= negate;
	*field = value->copy_of;
}

static void note_copy(struct opt *o, const struct inst *i)
{
	struct value *d = &o->values[i->d];
	bool is_not = i->op == ROAD_GPU_OP_plop && i->aux == 0x0f && i->a;

	if (i->guard || !i->d || !d->is_single || o->f->vregs[i->d].group_count)
		return;
	if (!is_not && !inst_is_copy(i) && !(i->op == ROAD_GPU_OP_plop && i->aux == 0xf0 && i->a))
		return;
	uint32_t from = inst_copied(i);

	/* classes differ where a narrow value is read from a wide register */
	if (!o->values[from].is_single || o->f->vregs[from].cls != o->f->vregs[i->d].cls)
		return;
	d->copy_of = from;
	d->negated = i->op == ROAD_GPU_OP_plop && is_not != !!(i->negate & NEGATE_A);
}

/* Definitions stand before what they dominate, so one pass in order sees each before its reads. */
static void propagate(struct opt *o)
{
	struct function *f = o->f;

	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head; i; i = i->next) {
			const struct op_info *op = &ptx_ops[i->op];

			replace(o, i, &i->a, op->a, NEGATE_A);
			replace(o, i, &i->b, op->b, NEGATE_B);
			replace(o, i, &i->c, op->c, NEGATE_C);
			replace(o, i, &i->guard, ROAD_GPU_OPERAND_P, NEGATE_GUARD);
			fold_inst(o, i);
			fold_address(o, i);
			note_copy(o, i);
		}
	}
}

static void fuse(struct opt *o)
{
	for (uint32_t k = 0; k < o->f->block_count; k++)
		for (struct inst *i = o->f->blocks[k]->head; i; i = i->next)
			fuse_multiply(o, i);
}

static bool is_dead(const struct function *f, const struct inst *i)
{
	uint32_t writes[OPERANDS_MAX];
	unsigned count = inst_writes(i, writes);

	if (inst_has_effect(i))
		return false;
	for (unsigned n = 0; n < count; n++)
		if (f->vregs[writes[n]].uses)
			return false;
	return true;
}

/* An atomic must stay, but what it returns need not be brought. */
static void drop_result(struct function *f, struct inst *i)
{
	uint32_t own = i->guard && i->d && !f->vregs[i->d].temporary;

	if (!inst_is_atomic(i) || !i->d || f->vregs[i->d].uses > own)
		return;
	f->vregs[i->d].uses -= own;
	i->d = 0;
}

/* From the end, so that what only dead code reads goes in the same pass. */
static bool remove_dead(struct function *f)
{
	bool removed = false;
	uint32_t reads[OPERANDS_MAX];

	for (uint32_t k = f->block_count; k-- > 0;) {
		for (struct inst *i = f->blocks[k]->tail, *prev; i; i = prev) {
			prev = i->prev;
			drop_result(f, i);
			if (!is_dead(f, i))
				continue;
			unsigned count = inst_reads(f->vregs, i, reads);

			for (unsigned n = 0; n < count; n++)
				f->vregs[reads[n]].uses--;
			block_remove(i);
			removed = true;
		}
	}
	return removed;
}

void opt_run(struct ptx *p)
{
	struct opt o = {.p = p, .f = p->function};

	if (!dominators_compute(p))
		return;
	o.values = ptx_alloc(p, &p->kernel, o.f->vreg_count, sizeof(*o.values));
	count_references(o.f);
	find_singles(&o);
	propagate(&o);
	count_references(o.f);
	fuse(&o);
	count_references(o.f);
	join_vectors(&o);
	count_references(o.f);
	for (unsigned pass = 0; pass < DEAD_PASSES && remove_dead(o.f); pass++)
		;
}
