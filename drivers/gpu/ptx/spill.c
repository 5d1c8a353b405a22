/* SPDX-License-Identifier: Apache-2.0 */
/* Moving registers to local memory: a load before each read, a store behind each write. */
#include <string.h>

#include "drivers/gpu/ptx/regalloc.h"

struct spiller {
	struct ptx *p;
	const bool *spilled;
	uint32_t *slots;     /* offset in local memory + 1, by first member */
	uint32_t vreg_count; /* before new ones came */
	struct inst *inst;
	/* registers of the current instruction and what stands for them */
	uint32_t from[OPERANDS_MAX], to[OPERANDS_MAX];
	unsigned members[OPERANDS_MAX], count;
	uint64_t written; /* bit per entry */
};

static uint32_t first_of(const struct vreg *vregs, uint32_t v)
{
	return vregs[v].group_count ? vregs[v].group : v;
}

static uint32_t slot_of(struct spiller *s, uint32_t v)
{
	struct function *f = s->p->function;
	uint32_t first = first_of(f->vregs, v);
	const struct vreg *reg = &f->vregs[first];
	uint32_t unit = reg->cls == CLASS_D ? 8 : 4;
	uint32_t bytes = unit * (reg->group_count ? reg->group_count : 1);

	if (!s->slots[first]) {
		uint32_t offset = (f->local_bytes + bytes - 1) & ~(bytes - 1);

		f->spill_bytes += offset + bytes - f->local_bytes;
		f->local_bytes = offset + bytes;
		s->slots[first] = offset + 1;
	}
	return s->slots[first] - 1 + unit * f->vregs[v].group_index;
}

static uint32_t new_fixed(struct spiller *s, enum reg_class cls, unsigned count)
{
	struct ptx *p = s->p;
	static const uint8_t bits[CLASSES] = {32, 64, 1};
	uint32_t first = count > 1 ? vreg_new_group(p, cls, count) : vreg_new(p, cls, bits[cls]);

	for (unsigned k = 0; k < count; k++) {
		p->function->vregs[first + k].temporary = true;
		p->function->vregs[first + k].fixed = true;
	}
	return first;
}

static struct inst *memory_inst(struct spiller *s, unsigned op, uint32_t offset)
{
	struct inst *i = inst_new(s->p, op, s->inst->line);

	i->mods = ROAD_GPU_SPACE_LOCAL;
	i->form = ROAD_GPU_FORM_ADDR32;
	i->imm = (int32_t)offset;
	i->is_spill = true;
	return i;
}

/* Opcodes by class and members. */
static unsigned load_op(enum reg_class cls, unsigned count)
{
	if (cls == CLASS_D)
		return count > 1 ? ROAD_GPU_OP_ld_v2_b64 : ROAD_GPU_OP_ld_b64;
	return count == 4   ? ROAD_GPU_OP_ld_v4_b32
	       : count == 2 ? ROAD_GPU_OP_ld_v2_b32
			    : ROAD_GPU_OP_ld_b32;
}

static unsigned store_op(enum reg_class cls, unsigned count)
{
	if (cls == CLASS_D)
		return count > 1 ? ROAD_GPU_OP_st_v2_b64 : ROAD_GPU_OP_st_b64;
	return count == 4   ? ROAD_GPU_OP_st_v4_b32
	       : count == 2 ? ROAD_GPU_OP_st_v2_b32
			    : ROAD_GPU_OP_st_b32;
}

static void insert_load(struct spiller *s, uint32_t t, uint32_t offset, enum reg_class cls,
			unsigned count)
{
	struct inst *load = memory_inst(s, load_op(cls, count), offset);

	load->d = cls == CLASS_P ? new_fixed(s, CLASS_R, 1) : t;
	block_insert_before(s->inst->block, s->inst, load);
	if (cls != CLASS_P)
		return;
	struct inst *test = inst_new(s->p, ROAD_GPU_OP_setp_u32, s->inst->line);

	test->mods = ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT;
	test->d = t;
	test->a = load->d;
	block_insert_before(s->inst->block, s->inst, test);
}

static void insert_store(struct spiller *s, uint32_t t, uint32_t offset, enum reg_class cls,
			 unsigned count)
{
	struct inst *store = memory_inst(s, store_op(cls, count), offset);

	store->b = cls == CLASS_P ? new_fixed(s, CLASS_R, 1) : t;
	block_insert_after(s->inst->block, s->inst, store);
	if (cls != CLASS_P)
		return;
	struct inst *select = inst_new(s->p, ROAD_GPU_OP_selp_b32, s->inst->line);

	select->d = store->b;
	select->form = ROAD_GPU_FORM_IMM_A;
	select->imm = 1;
	select->c = t;
	block_insert_after(s->inst->block, s->inst, select);
}

/* What stands for a spilled register (or group, in a vector field) in this instruction. */
static uint32_t replace(struct spiller *s, uint32_t v, unsigned count, bool read, bool write)
{
	struct vreg *reg = &s->p->function->vregs[v];
	enum reg_class cls = reg->cls;

	if (!v || v >= s->vreg_count || !s->spilled[first_of(s->p->function->vregs, v)])
		return v;
	unsigned at = 0;

	while (at < s->count && (s->from[at] != v || s->members[at] != count))
		at++;
	uint32_t offset = slot_of(s, v);

	if (at == s->count) {
		s->from[at] = v;
		s->members[at] = count;
		s->to[at] = new_fixed(s, cls, count);
		s->count++;
		if (read)
			insert_load(s, s->to[at], offset, cls, count);
	}
	if (write && !(s->written >> at & 1)) {
		s->written |= UINT64_C(1) << at;
		insert_store(s, s->to[at], offset, cls, count);
	}
	return s->to[at];
}

static void rewrite_inst(struct spiller *s, struct inst *i)
{
	const struct op_info *op = &ptx_ops[i->op];
	struct vreg *vregs = s->p->function->vregs;
	bool partial = i->guard && !(i->d && vregs[i->d].temporary);

	s->inst = i;
	s->count = 0;
	s->written = 0;
	i->a = replace(s, i->a, operand_count(op->a), true, false);
	i->b = replace(s, i->b, operand_count(op->b), true, false);
	i->c = replace(s, i->c, operand_count(op->c), true, false);
	i->guard = replace(s, i->guard, 1, true, false);
	i->d = replace(s, i->d, operand_count(op->d), partial, true);
	i->d2 = replace(s, i->d2, 1, partial, true);
}

void spill_rewrite(struct ptx *p, const bool *spilled)
{
	struct function *f = p->function;
	struct spiller s = {.p = p, .spilled = spilled, .vreg_count = f->vreg_count};

	s.slots = ptx_alloc(p, &p->kernel, f->vreg_count, sizeof(*s.slots));
	for (uint32_t k = 0; k < f->block_count; k++) {
		for (struct inst *i = f->blocks[k]->head, *next; i; i = next) {
			next = i->next;
			rewrite_inst(&s, i);
		}
	}
}
