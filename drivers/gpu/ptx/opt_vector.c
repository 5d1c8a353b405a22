/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector stores read a group of registers that lowering filled by copies. Where the copied
 * registers are free to stand together they become the group's members, and the copies go.
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
	    def->guard != store->guard || j->renamed[def->b])
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

static bool may_join(const struct joiner *j, const uint32_t *from, unsigned count)
{
	for (unsigned k = 0; k < count; k++)
		if (!from[k] || j->o->f->vregs[from[k]].group_count ||
		    j->o->f->vregs[from[k]].shared)
			return false;
	return true;
}

static void join_store(struct joiner *j, struct inst *i)
{
	struct vreg *vregs = j->o->f->vregs;
	unsigned count = operand_count(ptx_ops[i->op].b);
	uint32_t from[4];

	if (count < 2)
		return;
	for (unsigned k = 0; k < count; k++)
		from[k] = filled_from(j, i, i->b + k);
	if (from[0] && same_group(j, from, count)) {
		i->b = from[0];
		return;
	}
	if (!may_join(j, from, count))
		return;
	for (unsigned k = 0; k < count; k++) {
		j->renamed[from[k]] = i->b + k;
		vregs[i->b + k].temporary = vregs[from[k]].temporary;
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
			if (ptx_ops[i->op].d == ROAD_GPU_OPERAND_N)
				join_store(&j, i);
	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head, *next; i; i = next) {
			next = i->next;
			rename_inst(&j, i);
		}
	}
}
