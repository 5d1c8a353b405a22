/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: constants go into a memory instruction's offset, products into multiply-add. */
#include "drivers/gpu/ptx/opt.h"

#define CHAIN_MAX 16

static bool is_single(const struct opt *o, uint32_t v)
{
	return v && o->values[v].is_single;
}

/* v = base + constant, by an addition of the address's width? */
static bool split_sum(const struct opt *o, uint32_t v, bool narrow, uint32_t *base, int64_t *offset)
{
	if (!is_single(o, v))
		return false;
	const struct inst *def = o->f->vregs[v].def;

	if (!def || def->op != (narrow ? ROAD_GPU_OP_add_u32 : ROAD_GPU_OP_add_u64) ||
	    def->symbol || def->form & ROAD_GPU_FORM_IMM_HIGH)
		return false;
	unsigned form = def->form & ROAD_GPU_FORM_IMM_MASK;

	if (form != ROAD_GPU_FORM_IMM_A && form != ROAD_GPU_FORM_IMM_B)
		return false;
	*base = form == ROAD_GPU_FORM_IMM_A ? def->b : def->a;
	*offset = def->imm;
	return !*base || is_single(o, *base);
}

static bool offset_fits(int64_t offset)
{
	return offset >= INT32_MIN && offset <= INT32_MAX;
}

static bool is_offset_space(const struct inst *i)
{
	unsigned space = i->mods & ROAD_GPU_MEM_SPACE_MASK;

	return space == ROAD_GPU_SPACE_SHARED || space == ROAD_GPU_SPACE_LOCAL ||
	       space == ROAD_GPU_SPACE_PARAM;
}

void fold_address(struct opt *o, struct inst *i)
{
	if (ptx_ops[i->op].a != ROAD_GPU_OPERAND_A)
		return;
	bool narrow = i->form & ROAD_GPU_FORM_ADDR32;
	uint32_t base;
	int64_t offset;

	for (unsigned n = 0; n < CHAIN_MAX && split_sum(o, i->a, narrow, &base, &offset); n++) {
		if (!offset_fits(i->imm + offset))
			break;
		i->a = base;
		i->imm = (int32_t)(i->imm + offset);
	}
	if (i->a && o->values[i->a].is_const) {
		uint64_t bits = o->values[i->a].bits;

		if (bits <= INT32_MAX && offset_fits((int64_t)bits + i->imm)) {
			i->imm = (int32_t)((int64_t)bits + i->imm);
			i->a = 0;
		}
	}
	if (!i->a && is_offset_space(i))
		i->form |= ROAD_GPU_FORM_ADDR32;
}

/* base + a * b, where nothing else wants the product. */
void fuse_multiply(struct opt *o, struct inst *i)
{
	if (i->op != ROAD_GPU_OP_add_u64 || i->form & ROAD_GPU_FORM_IMM_MASK || !i->a || !i->b)
		return;
	for (unsigned k = 0; k < 2; k++) {
		uint32_t product = k ? i->a : i->b, base = k ? i->b : i->a;
		struct inst *def = is_single(o, product) ? o->f->vregs[product].def : NULL;

		if (!def || o->f->vregs[product].uses != 1 ||
		    (def->op != ROAD_GPU_OP_mul_wide_s32 && def->op != ROAD_GPU_OP_mul_wide_u32) ||
		    (def->a && !is_single(o, def->a)) || (def->b && !is_single(o, def->b)) ||
		    def->block->depth < i->block->depth)
			continue;
		i->op = def->op == ROAD_GPU_OP_mul_wide_s32 ? ROAD_GPU_OP_mad_wide_s32
							    : ROAD_GPU_OP_mad_wide_u32;
		i->a = def->a;
		i->b = def->b;
		i->c = base;
		i->form = def->form;
		i->imm = def->imm;
		o->f->vregs[product].uses = 0;
		return;
	}
}
