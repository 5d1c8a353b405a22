/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector stores and matrix instructions read groups of registers that lowering filled by copies.
 * Where the copied registers are free to stand together they become the group's members, and the
 * copies go; so do those out of a vector load's or a matrix instruction's result. What stands
 * together already, be it as a part of a larger group, is used where it stands: a sum in a loop
 * stays in its registers.
 */
#include <string.h>

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

/* Do they stand side by side in a group, where `count` of them may begin? */
static bool same_group(const struct joiner *j, const uint32_t *from, unsigned count)
{
	const struct vreg *vregs = j->o->f->vregs, *first = &vregs[from[0]];

	if (first->group_count < count || first->group_index % count)
		return false;
	for (unsigned k = 1; k < count; k++)
		if (from[k] != from[0] + k || vregs[from[k]].group != first->group)
			return false;
	return true;
}

static uint32_t home_of(const struct joiner *j, uint32_t vreg)
{
	return j->renamed[vreg] ? j->renamed[vreg] : vreg;
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
		known[k] = home_of(j, from[k]);
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

/* Where the copies behind an instruction put the members of its result; 0: nowhere, or not only
 * there, so that the member must stay as it is while that register changes. */
static void find_results(const struct joiner *j, const struct inst *i, unsigned count, uint32_t *to)
{
	const struct vreg *vregs = j->o->f->vregs;
	const struct inst *copy = i->next;

	memset(to, 0, count * sizeof(*to));
	for (unsigned k = 0; k < count && copy && inst_is_copy(copy); k++, copy = copy->next) {
		uint32_t from = inst_copied(copy);

		if (from >= i->d && from < i->d + count && copy->guard == i->guard &&
		    vregs[copy->d].cls == vregs[from].cls &&
		    (vregs[copy->d].defs == 1 || vregs[from].uses == 1))
			to[from - i->d] = copy->d;
	}
}

/* The copies' targets stand together: the result is made there. */
static bool join_home(struct joiner *j, const struct inst *i, unsigned count, const uint32_t *to)
{
	uint32_t known[4];

	for (unsigned k = 0; k < count; k++) {
		if (!to[k] || j->o->f->vregs[i->d + k].uses != 1)
			return false;
		known[k] = home_of(j, to[k]);
	}
	if (!same_group(j, known, count))
		return false;
	for (unsigned k = 0; k < count; k++)
		j->renamed[i->d + k] = known[k];
	return true;
}

static void join_results(struct joiner *j, struct inst *i)
{
	struct vreg *vregs = j->o->f->vregs;
	unsigned count = operand_count(ptx_ops[i->op].d);
	bool whole = true; /* a guarded write is */
	uint32_t to[4];

	if (count < 2 || !i->d)
		return;
	find_results(j, i, count, to);
	if (join_home(j, i, count, to))
		return;
	for (unsigned k = 0; k < count; k++) {
		if (!to[k] || j->renamed[to[k]] || !may_move(j, to[k]))
			continue;
		j->renamed[to[k]] = i->d + k;
		whole = whole && vregs[to[k]].temporary;
	}
	for (unsigned k = 0; k < count && !whole; k++)
		vregs[i->d + k].temporary = false;
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
	}
	join_results(j, i);
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
