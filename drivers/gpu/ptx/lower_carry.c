/* SPDX-License-Identifier: Apache-2.0 */
/* Extended precision (PTX ISA, section 9.7.2), dot products, szext. */
#include "drivers/gpu/ptx/lower.h"

/*
 * PTX has one carry flag per thread. Here it is a predicate register like any other, so the
 * scheduler sees who writes and who reads it, and chains may be interleaved with other code.
 */
static uint32_t carry_flag(struct ptx *p)
{
	struct function *f = p->function;

	if (!f->carry)
		f->carry = vreg_new(p, CLASS_P, 1);
	return f->carry;
}

static unsigned multiply_op(const struct instr *in, bool wide, bool is_signed)
{
	if (in->flags & FLAG_LO)
		return wide ? ROAD_GPU_OP_mul_lo_u64 : ROAD_GPU_OP_mul_lo_u32;
	if (wide)
		return is_signed ? ROAD_GPU_OP_mul_hi_s64 : ROAD_GPU_OP_mul_hi_u64;
	return is_signed ? ROAD_GPU_OP_mul_hi_s32 : ROAD_GPU_OP_mul_hi_u32;
}

/* add.cc, addc, sub.cc, subc, mad.cc, madc: those with a c in their name read the flag, those with
 * .cc write it. */
void lower_carry(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool wide = type_class(type) == CLASS_D, subtract = in->row->op == ROAD_GPU_OP_subc_u32;
	bool reads = in->name.text[in->name.bytes - 1] == 'c';
	unsigned last = in->operand_count - 1;
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, last, type);
	struct val none = {.negated = true}; /* !PT */

	if (last == 3)
		a = emit_r(p, in, multiply_op(in, wide, ptx_types[type].kind == KIND_SIGNED), a,
			   lower_src(p, in, 2, type), VAL_NONE);
	unsigned op = subtract ? (wide ? ROAD_GPU_OP_subc_u64 : ROAD_GPU_OP_subc_u32)
			       : (wide ? ROAD_GPU_OP_addc_u64 : ROAD_GPU_OP_addc_u32);
	struct inst *i = emit(p, in, op, lower_dst(p, in, 0, type), a, b,
			      reads ? val_reg(carry_flag(p)) : none);

	if (in->flags & FLAG_CC)
		i->d2 = carry_flag(p);
}

/* dp4a, dp2a: the result is signed if one of the factors is, which changes no bit of it. */
void lower_dot(struct ptx *p, const struct instr *in)
{
	enum ptx_type to = TYPE_U32;

	for (unsigned k = 0; k < 2; k++)
		if (!(1 << in->types[k] & T_I32))
			ptx_fail(p, in->at, "type .%s of '%.*s'; allowed: .u32 .s32",
				 ptx_types[in->types[k]].name, SLICE(in->name));
	struct inst *i =
		emit(p, in, in->row->op, lower_dst(p, in, 0, to), lower_src(p, in, 1, TYPE_B32),
		     lower_src(p, in, 2, TYPE_B32), lower_src(p, in, 3, to));

	i->aux = (uint16_t)((in->types[0] == TYPE_S32 ? ROAD_GPU_DOT_A_SIGNED : 0) |
			    (in->types[1] == TYPE_S32 ? ROAD_GPU_DOT_B_SIGNED : 0) |
			    (in->flags & FLAG_HI ? ROAD_GPU_DOT_HIGH : 0));
}

/* szext: the low bits of a as a number; all of them from 32 on, or modulo 32. */
void lower_szext(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val length = lower_src(p, in, 2, TYPE_U32);
	bool wrap = in->flags & FLAG_WRAP;

	length = emit_r(p, in, wrap ? ROAD_GPU_OP_and_b32 : ROAD_GPU_OP_min_u32, length,
			val_const(wrap ? 31 : 32), VAL_NONE);
	emit(p, in, type == TYPE_S32 ? ROAD_GPU_OP_bfe_s32 : ROAD_GPU_OP_bfe_u32,
	     lower_dst(p, in, 0, type), lower_src(p, in, 1, type), val_const(0), length);
}
