/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector stores and matrix instructions read groups of registers that lowering filled by copies.
 * Where the copied registers are free to stand together they become the group's members, and the
 * copies go; so do those out of a matrix instruction's result.
 */
#include "drivers/gpu/ptx/opt.h"

struct joiner {
	struct opt *o;
	uint32_t *renamed; /* register -> member that it becomes, 0 = stays */
};

/* The register that the copy into this member takes; 0 if it is filled in another way. */
static uint32_t filled_from(const struct joiner *j, const struct inst *store, uint32_t member)
{
	const struct vreg *v = &j->o->f->vregs[member];
	const struct inst *def = v->def;

	if (v->defs != 1 || !def || def->block != store->block || !inst_is_copy(def) ||
	    def->guard != store->guard)
		return 0;
	return def->b;
}

static bool same_group(const struct joiner *j, const uint32_t *from, unsigned count)
{
	const struct vreg *vregs = j->o->f->vregs;

	for (unsigned k = 0; k < count; k++)
		if (vregs[from[k]].group_count != count || vregs[from[k]].group_index != k ||
		    vregs[from[k]].group != vregs[from[0]].group)
			return false;
	return true;
}

static bool may_move(const struct joiner *j, uint32_t vreg)
{
	const struct vreg *v = &j->o->f->vregs[vreg];

	return !v->group_count && !v->shared;
}

static bool may_join(const struct joiner *j, const uint32_t *from, unsigned count)
{
	for (unsigned k = 0; k < count; k++)
		if (!from[k] || j->renamed[from[k]] || !may_move(j, from[k]))
			return false;
	return true;
}

static void join_sources(struct joiner *j, struct inst *i, unsigned kind, uint32_t *field)
{
	struct vreg *vregs = j->o->f->vregs;
	unsigned count = operand_count(kind);
	uint32_t from[4], known[4];

	if (count < 2 || !*field)
		return;
	for (unsigned k = 0; k < count; k++) {
		from[k] = filled_from(j, i, *field + k);
		known[k] = j->renamed[from[k]] ? j->renamed[from[k]] : from[k];
	}
	if (from[0] && same_group(j, known, count)) {
		*field = known[0];
		return;
	}
	if (!may_join(j, from, count))
		return;
	for (unsigned k = 0; k < count; k++) {
		j->renamed[from[k]] = *field + k;
		vregs[*field + k].temporary = vregs[from[k]].temporary;
	}
}

/* Registers that are nothing but copies of a result's members become these. */
static void join_results(struct joiner *j, struct inst *i)
{
	struct vreg *vregs = j->o->f->vregs;
	unsigned count = operand_count(ptx_ops[i->op].d);
	const struct inst *copy = i->next;

	for (unsigned k = 0; k < count && copy && inst_is_copy(copy); k++, copy = copy->next) {
		uint32_t from = inst_copied(copy), to = copy->d;

		if (from < i->d || from >= i->d + count || copy->guard != i->guard ||
		    vregs[to].defs != 1 || vregs[to].cls != vregs[from].cls || j->renamed[to] ||
		    !may_move(j, to))
			continue;
		j->renamed[to] = from;
		vregs[from].temporary = vregs[to].temporary;
	}
}

static void join(struct joiner *j, struct inst *i)
{
	const struct op_info *op = &ptx_ops[i->op];

	if (op->d == ROAD_GPU_OPERAND_N) {
		join_sources(j, i, op->b, &i->b);
	} else if (op->unit == ROAD_GPU_UNIT_TENSOR) {
		join_sources(j, i, op->a, &i->a);
		join_sources(j, i, op->b, &i->b);
		join_sources(j, i, op->c, &i->c);
		join_results(j, i);
	}
}

static void rename_field(const struct joiner *j, uint32_t *field)
{
	if (j->renamed[*field])
		*field = j->renamed[*field];
}

static void rename_inst(const struct joiner *j, struct inst *i)
{
	rename_field(j, &i->a);
	rename_field(j, &i->b);
	rename_field(j, &i->c);
	rename_field(j, &i->d);
	if (inst_is_copy(i) && i->d == inst_copied(i))
		block_remove(i);
}

void join_vectors(struct opt *o)
{
	struct function *f = o->f;
	struct joiner j = {o, ptx_alloc(o->p, &o->p->kernel, f->vreg_count, sizeof(uint32_t))};

	for (uint32_t k = 0; k < f->block_count; k++)
		for (struct inst *i = f->blocks[k]->head; i; i = i->next)
			join(&j, i);
	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head, *next; i; i = next) {
			next = i->next;
			rename_inst(&j, i);
		}
	}
}
