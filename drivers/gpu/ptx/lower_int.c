/* SPDX-License-Identifier: Apache-2.0 */
/* Integer and bit instructions (PTX ISA, sections 9.7.1, 9.7.2, 9.7.8). */
#include "drivers/gpu/ptx/lower.h"

#define CONST32(bits) val_const((uint32_t)(bits))

/* d = op(sources of the instruction's type), with the narrow types' way through 32 bits. */
void lower_alu(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	unsigned bits = type_bits(type), count = in->operand_count - 1;
	struct val v[3] = {VAL_NONE, VAL_NONE, VAL_NONE};

	for (unsigned k = 0; k < count; k++) {
		v[k] = lower_src(p, in, k + 1, type);
		if (in->row->narrow == NARROW_SIGNED && bits < 32)
			v[k] = sign_extend(p, in, v[k], type);
	}
	uint32_t d = lower_dst(p, in, 0, type);
	bool cut = in->row->narrow != NARROW_NONE && bits < 32;
	struct inst *i = emit(p, in, in->row->op, cut ? temp(p, CLASS_R) : d, v[0], v[1], v[2]);

	i->mods = arithmetic_mods(in);
	if (cut)
		emit_cut(p, in, d, val_reg(i->d), bits);
}

/* mul.wide, mad.wide: sources of half the result's width. */
void lower_wide(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool is_signed = ptx_types[type].kind == KIND_SIGNED, narrow = type_bits(type) == 16;
	enum ptx_type wide = narrow ? TYPE_U32 : TYPE_U64;
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type), c = VAL_NONE;

	if (in->operand_count == 4)
		c = lower_src(p, in, 3, wide);
	if (narrow && is_signed) {
		a = sign_extend(p, in, a, type);
		b = sign_extend(p, in, b, type);
	}
	emit(p, in, in->row->op, lower_dst(p, in, 0, wide), a, b, c);
}

/* mul.hi of 16 bits: the high half of the 32-bit product. */
void lower_mulhi16(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool is_signed = type == TYPE_S16;
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type);

	if (is_signed) {
		a = sign_extend(p, in, a, type);
		b = sign_extend(p, in, b, type);
	}
	struct val high = emit_r(p, in, ROAD_GPU_OP_shr_u32,
				 emit_r(p, in, ROAD_GPU_OP_mul_lo_u32, a, b, VAL_NONE), CONST32(16),
				 VAL_NONE);

	if (in->operand_count == 4)
		high = emit_r(p, in, ROAD_GPU_OP_add_u32, high, lower_src(p, in, 3, type),
			      VAL_NONE);
	emit_cut(p, in, lower_dst(p, in, 0, type), high, 16);
}

void lower_shift(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	unsigned bits = type_bits(type);
	struct val a = lower_src(p, in, 1, type), n = lower_src(p, in, 2, TYPE_U32);
	uint32_t d = lower_dst(p, in, 0, type);

	if (in->row->narrow == NARROW_SIGNED && bits < 32)
		a = sign_extend(p, in, a, type);
	if (bits < 32)
		emit_cut(p, in, d, emit_r(p, in, in->row->op, a, n, VAL_NONE), bits);
	else
		emit(p, in, in->row->op, d, a, n, VAL_NONE);
}

/* sad of 64 bits: c + (max(a, b) - min(a, b)). */
void lower_sad64(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool is_signed = type == TYPE_S64;
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type);
	struct val c = lower_src(p, in, 3, type);
	struct val high = emit_r(p, in, is_signed ? ROAD_GPU_OP_max_s64 : ROAD_GPU_OP_max_u64, a, b,
				 VAL_NONE);
	struct val low = emit_r(p, in, is_signed ? ROAD_GPU_OP_min_s64 : ROAD_GPU_OP_min_u64, a, b,
				VAL_NONE);

	emit(p, in, ROAD_GPU_OP_add_u64, lower_dst(p, in, 0, type), c,
	     emit_r(p, in, ROAD_GPU_OP_sub_u64, high, low, VAL_NONE), VAL_NONE);
}

/* mul24, mad24: the low or high 32 of the product's 48 bits. */
void lower_mul24(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool is_signed = type == TYPE_S32;
	struct val v[2], product;

	for (unsigned k = 0; k < 2; k++) {
		v[k] = emit_r(p, in, ROAD_GPU_OP_shl_b32, lower_src(p, in, k + 1, type), CONST32(8),
			      VAL_NONE);
		v[k] = emit_r(p, in, is_signed ? ROAD_GPU_OP_shr_s32 : ROAD_GPU_OP_shr_u32, v[k],
			      CONST32(8), VAL_NONE);
	}
	if (in->flags & FLAG_LO) {
		product = emit_r(p, in, ROAD_GPU_OP_mul_lo_u32, v[0], v[1], VAL_NONE);
	} else {
		product = emit_r(p, in,
				 is_signed ? ROAD_GPU_OP_mul_wide_s32 : ROAD_GPU_OP_mul_wide_u32,
				 v[0], v[1], VAL_NONE);
		product = emit_r(p, in, ROAD_GPU_OP_shr_u64, product, CONST32(16), VAL_NONE);
		product = emit_r(p, in, ROAD_GPU_OP_unlo_b64, product, VAL_NONE, VAL_NONE);
	}
	uint32_t d = lower_dst(p, in, 0, type);

	if (in->flags & FLAG_SAT)
		emit(p, in, ROAD_GPU_OP_add_s32, d, product, lower_src(p, in, 3, type), VAL_NONE)
			->mods = ROAD_GPU_MOD_SAT;
	else if (in->operand_count == 4)
		emit(p, in, ROAD_GPU_OP_add_u32, d, product, lower_src(p, in, 3, type), VAL_NONE);
	else
		emit_mov(p, in, CLASS_R, d, product);
}

/* popc, clz, bfind: a 32-bit result whatever the source. */
void lower_count(struct ptx *p, const struct instr *in)
{
	struct val a = lower_src(p, in, 1, in->types[0]);
	uint32_t d = lower_dst(p, in, 0, TYPE_U32);

	if (!(in->flags & FLAG_SHIFTAMT)) {
		emit(p, in, in->row->op, d, a, VAL_NONE, VAL_NONE);
		return;
	}
	/* the shift that brings the bit to the top: 31 - place, or all ones for none */
	struct val place = emit_r(p, in, in->row->op, a, VAL_NONE, VAL_NONE);
	struct val none = emit_r(p, in, ROAD_GPU_OP_setp_s32, place, CONST32(0), VAL_NONE);

	p->function->last->mods = ROAD_GPU_CMP_LT << ROAD_GPU_MOD_CMP_SHIFT;
	emit(p, in, ROAD_GPU_OP_selp_b32, d, place,
	     emit_r(p, in, ROAD_GPU_OP_sub_u32, CONST32(31), place, VAL_NONE), none);
}

/* bfind of 64 bits: 63 - clz, which is all ones where there is no bit. */
void lower_bfind64(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val a = lower_src(p, in, 1, type);
	uint32_t d = lower_dst(p, in, 0, TYPE_U32);

	if (type == TYPE_S64)
		a = emit_r(p, in, ROAD_GPU_OP_xor_b64, a,
			   emit_r(p, in, ROAD_GPU_OP_shr_s64, a, CONST32(63), VAL_NONE), VAL_NONE);
	struct val zeros = emit_r(p, in, ROAD_GPU_OP_clz_b64, a, VAL_NONE, VAL_NONE);

	if (!(in->flags & FLAG_SHIFTAMT)) {
		emit(p, in, ROAD_GPU_OP_sub_u32, d, CONST32(63), zeros, VAL_NONE);
		return;
	}
	struct val none = emit_r(p, in, ROAD_GPU_OP_setp_u32, zeros, CONST32(64), VAL_NONE);

	p->function->last->mods = ROAD_GPU_CMP_EQ << ROAD_GPU_MOD_CMP_SHIFT;
	emit(p, in, ROAD_GPU_OP_selp_b32, d, CONST32(~0u), zeros, none);
}

static struct val low_byte(struct ptx *p, const struct instr *in, struct val v)
{
	if (v.is_const)
		return CONST32(v.bits & 0xff);
	return emit_r(p, in, ROAD_GPU_OP_and_b32, v, CONST32(0xff), VAL_NONE);
}

void lower_bfe(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];

	emit(p, in, in->row->op, lower_dst(p, in, 0, type), lower_src(p, in, 1, type),
	     lower_src(p, in, 2, TYPE_U32), lower_src(p, in, 3, TYPE_U32));
}

/* A mask of `length` ones, by clamping shifts; 64 or 32 bits. */
static struct val ones(struct ptx *p, const struct instr *in, struct val length, bool wide)
{
	struct val bit = emit_r(p, in, wide ? ROAD_GPU_OP_shl_b64 : ROAD_GPU_OP_shl_b32,
				val_const(1), length, VAL_NONE);

	return emit_r(p, in, wide ? ROAD_GPU_OP_add_u64 : ROAD_GPU_OP_add_u32, bit,
		      val_const(wide ? ~UINT64_C(0) : UINT32_MAX), VAL_NONE);
}

/* bfe of 64 bits (section 9.7.1 "bfe"): shift the field up against the top, then down. */
void lower_bfe64(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val a = lower_src(p, in, 1, type);
	struct val position = low_byte(p, in, lower_src(p, in, 2, TYPE_U32));
	struct val length = low_byte(p, in, lower_src(p, in, 3, TYPE_U32));
	uint32_t d = lower_dst(p, in, 0, type);

	if (type == TYPE_U64) {
		struct val down = emit_r(p, in, ROAD_GPU_OP_shr_u64, a, position, VAL_NONE);

		emit(p, in, ROAD_GPU_OP_and_b64, d, down, ones(p, in, length, true), VAL_NONE);
		return;
	}
	struct val end = emit_r(p, in, ROAD_GPU_OP_add_u32, position, length, VAL_NONE);
	struct val gap = emit_r(p, in, ROAD_GPU_OP_sub_u32, CONST32(64), end, VAL_NONE);

	gap = emit_r(p, in, ROAD_GPU_OP_max_s32, gap, CONST32(0), VAL_NONE);
	struct val up = emit_r(p, in, ROAD_GPU_OP_shl_b64, a, gap, VAL_NONE);
	struct val down =
		emit_r(p, in, ROAD_GPU_OP_shr_s64, up,
		       emit_r(p, in, ROAD_GPU_OP_add_u32, gap, position, VAL_NONE), VAL_NONE);
	struct val empty = emit_r(p, in, ROAD_GPU_OP_setp_u32, length, CONST32(0), VAL_NONE);

	p->function->last->mods = ROAD_GPU_CMP_EQ << ROAD_GPU_MOD_CMP_SHIFT;
	emit(p, in, ROAD_GPU_OP_selp_b64, d, val_const(0), down, empty);
}

/* bfi d, a, b, c, n: n bits of a into b at c. */
void lower_bfi(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool wide = type == TYPE_B64;
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type);
	struct val position = low_byte(p, in, lower_src(p, in, 3, TYPE_U32));
	struct val length = low_byte(p, in, lower_src(p, in, 4, TYPE_U32));
	unsigned shl = wide ? ROAD_GPU_OP_shl_b64 : ROAD_GPU_OP_shl_b32;
	struct val mask = emit_r(p, in, shl, ones(p, in, length, wide), position, VAL_NONE);
	struct val field = emit_r(p, in, shl, a, position, VAL_NONE);
	uint32_t d = lower_dst(p, in, 0, type);

	if (!wide) {
		emit(p, in, ROAD_GPU_OP_lop3_b32, d, mask, field, b)->aux = 0xca; /* a ? b : c */
		return;
	}
	struct val kept =
		emit_r(p, in, ROAD_GPU_OP_and_b64, b,
		       emit_r(p, in, ROAD_GPU_OP_not_b64, mask, VAL_NONE, VAL_NONE), VAL_NONE);

	emit(p, in, ROAD_GPU_OP_or_b64, d, kept,
	     emit_r(p, in, ROAD_GPU_OP_and_b64, field, mask, VAL_NONE), VAL_NONE);
}

void lower_bmsk(struct ptx *p, const struct instr *in)
{
	struct val v[2];

	for (unsigned k = 0; k < 2; k++) {
		v[k] = lower_src(p, in, k + 1, TYPE_B32);
		if (in->flags & FLAG_WRAP)
			v[k] = emit_r(p, in, ROAD_GPU_OP_and_b32, v[k], CONST32(31), VAL_NONE);
	}
	emit(p, in, ROAD_GPU_OP_shl_b32, lower_dst(p, in, 0, TYPE_B32), ones(p, in, v[1], false),
	     v[0], VAL_NONE);
}

void lower_shf(struct ptx *p, const struct instr *in)
{
	struct val low = lower_src(p, in, 1, TYPE_B32), high = lower_src(p, in, 2, TYPE_B32);
	struct val n = lower_src(p, in, 3, TYPE_U32);

	if (!(in->flags & (FLAG_WRAP | FLAG_CLAMP)))
		ptx_fail(p, in->at, "'shf' needs .wrap or .clamp");
	emit(p, in, in->row->op, lower_dst(p, in, 0, TYPE_B32), low, high, n)->aux =
		in->flags & FLAG_WRAP ? 1 : 0;
}

static uint32_t constant_operand(struct ptx *p, const struct instr *in, unsigned k, uint32_t max)
{
	const struct operand *o = &in->operands[k];

	if (o->kind != OPERAND_CONST || o->constant.is_f32 || o->constant.is_f64 ||
	    o->constant.value > max)
		ptx_fail(p, o->at, "operand %u of '%.*s' must be a constant from 0 to %u", k + 1,
			 SLICE(in->name), max);
	return (uint32_t)o->constant.value;
}

/* With .and or .or, a predicate besides: (d != 0) combined with operand 5. */
void lower_lop3(struct ptx *p, const struct instr *in)
{
	const struct operand *o = &in->operands[0];
	struct val a = lower_src(p, in, 1, TYPE_B32), b = lower_src(p, in, 2, TYPE_B32);
	struct val c = lower_src(p, in, 3, TYPE_B32);
	uint32_t table = constant_operand(p, in, 4, 255);

	if (in->combine < 0) {
		emit(p, in, ROAD_GPU_OP_lop3_b32, lower_dst(p, in, 0, TYPE_B32), a, b, c)->aux =
			(uint16_t)table;
		return;
	}
	if (!o->vreg2 || p->function->vregs[o->vreg2].cls != CLASS_P ||
	    in->combine == ROAD_GPU_BOOL_XOR)
		ptx_fail(p, o->at, "'lop3' with a predicate needs d|p, and .and or .or");
	struct operand first = *o; /* of the pair */

	first.vreg2 = 0;
	uint32_t d = lower_destination(p, in, &first, TYPE_B32, false);
	struct val q = lower_pred(p, &in->operands[5]);

	emit(p, in, ROAD_GPU_OP_lop3_b32, d, a, b, c)->aux = (uint16_t)table;
	emit(p, in, ROAD_GPU_OP_setp_u32, o->vreg2, val_reg(d), val_const(0), q)->mods =
		(uint16_t)(ROAD_GPU_CMP_NE << ROAD_GPU_MOD_CMP_SHIFT |
			   (unsigned)in->combine << ROAD_GPU_MOD_BOOL_SHIFT);
}

void lower_prmt(struct ptx *p, const struct instr *in)
{
	struct val a = lower_src(p, in, 1, TYPE_B32), b = lower_src(p, in, 2, TYPE_B32);
	struct val c = lower_src(p, in, 3, TYPE_B32);

	emit(p, in, ROAD_GPU_OP_prmt_b32, lower_dst(p, in, 0, TYPE_B32), a, b, c)->aux =
		in->prmt > 0 ? (uint16_t)in->prmt : ROAD_GPU_PRMT_INDEX;
}

/* cnot: 1 for zero, else 0. */
void lower_cnot(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	bool wide = type == TYPE_B64;
	struct val zero = emit_r(p, in, wide ? ROAD_GPU_OP_setp_u64 : ROAD_GPU_OP_setp_u32,
				 lower_src(p, in, 1, type), val_const(0), VAL_NONE);

	p->function->last->mods = ROAD_GPU_CMP_EQ << ROAD_GPU_MOD_CMP_SHIFT;
	emit(p, in, wide ? ROAD_GPU_OP_selp_b64 : ROAD_GPU_OP_selp_b32, lower_dst(p, in, 0, type),
	     val_const(1), val_const(0), zero);
}

void lower_madhi64(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val high =
		emit_r(p, in, type == TYPE_S64 ? ROAD_GPU_OP_mul_hi_s64 : ROAD_GPU_OP_mul_hi_u64,
		       lower_src(p, in, 1, type), lower_src(p, in, 2, type), VAL_NONE);

	emit(p, in, ROAD_GPU_OP_add_u64, lower_dst(p, in, 0, type), high, lower_src(p, in, 3, type),
	     VAL_NONE);
}
