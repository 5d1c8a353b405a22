/* SPDX-License-Identifier: Apache-2.0 */
/* f16, bf16 and their pairs; narrow floating point (PTX ISA, sections 9.7.4, 9.7.9 "cvt"). */
#include "drivers/gpu/ptx/lower.h"

uint16_t half_aux(enum ptx_type type)
{
	unsigned half = (1 << type & (T_BF16 | T_BF16X2) ? ROAD_GPU_HALF_BF : 0u) |
			(1 << type & (T_F16X2 | T_BF16X2) ? ROAD_GPU_HALF_X2 : 0u);

	return (uint16_t)(half << ROAD_GPU_HALF_SHIFT);
}

void lower_half(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val v[3] = {VAL_NONE, VAL_NONE, VAL_NONE};
	bool fused = in->row->op == ROAD_GPU_OP_fma_half;

	if (in->round > 0 || (fused && in->round < 0))
		ptx_fail(p, in->at, "rounding of '%.*s.%s'; allowed: .rn", SLICE(in->name),
			 ptx_types[type].name);
	if (!(in->flags & FLAG_XORSIGN) != !(in->flags & FLAG_ABS))
		ptx_fail(p, in->at, "'%.*s' with one of .xorsign .abs; allowed: both or none",
			 SLICE(in->name));
	for (unsigned k = 1; k < in->operand_count; k++)
		v[k - 1] = lower_src(p, in, k, type);
	struct inst *i = emit(p, in, in->row->op, lower_dst(p, in, 0, type), v[0], v[1], v[2]);

	i->mods = arithmetic_mods(in);
	if (in->flags & FLAG_RELU)
		i->mods |= ROAD_GPU_MOD_RELU;
	i->aux = half_aux(type);
}

static uint16_t clamp_mods(const struct instr *in)
{
	return (uint16_t)((in->round > 0 ? (unsigned)in->round : 0) |
			  (in->flags & FLAG_RELU ? ROAD_GPU_MOD_RELU : 0) |
			  (in->flags & FLAG_SATFINITE ? ROAD_GPU_MOD_SATFINITE : 0));
}

/* PTX names the roundings of each narrow type. */
static void check_rounding(struct ptx *p, const struct instr *in, unsigned allowed,
			   const char *names)
{
	if (in->round < 0 || in->round_integral || !(allowed >> in->round & 1))
		ptx_fail(p, in->at, "rounding of 'cvt.%s.%s'; allowed: %s",
			 ptx_types[in->types[0]].name, ptx_types[in->types[1]].name, names);
}

#define ROUNDS_RN       (1u << ROAD_GPU_RN)
#define ROUNDS_RN_RZ    (1u << ROAD_GPU_RN | 1u << ROAD_GPU_RZ_)
#define ROUNDS_WITH_RNA (ROUNDS_RN_RZ | 1u << ROAD_GPU_RNA)

/* cvt from f32 with .relu or .satfinite, and to tf32. */
void lower_cvt_clamp(struct ptx *p, const struct instr *in)
{
	enum ptx_type to = in->types[0];

	if (!(1 << to & (T_F16 | T_BF16 | T_TF32)))
		ptx_fail(p, in->at, "'cvt.%s.f32' with .relu or .satfinite; allowed: %s",
			 ptx_types[to].name,
			 type_set_names(p, &p->kernel, T_F16 | T_BF16 | T_TF32));
	if (to == TYPE_TF32)
		check_rounding(p, in, ROUNDS_WITH_RNA, ".rn .rz .rna");
	else
		check_rounding(p, in, ROUNDS_RN_RZ, ".rn .rz");
	emit_cvt(p, in, (unsigned)ptx_types[to].lanes, ROAD_GPU_F32,
		 lower_dst(p, in, 0, to == TYPE_TF32 ? TYPE_B32 : to),
		 lower_src(p, in, 1, TYPE_F32), clamp_mods(in));
}

static unsigned element_lanes(enum ptx_type pair)
{
	switch (1 << pair) {
	case T_F16X2: return ROAD_GPU_F16;
	case T_BF16X2: return ROAD_GPU_BF16;
	case T_E4M3X2: return ROAD_GPU_E4M3;
	default: return ROAD_GPU_E5M2;
	}
}

/* The two values of a pair of f16 as f32, lower one first. */
static void widen_pair(struct ptx *p, const struct instr *in, struct val pair, struct val v[2])
{
	struct val high = emit_r(p, in, ROAD_GPU_OP_shr_u32, pair, val_const(16), VAL_NONE);

	v[0] = emit_cvt(p, in, ROAD_GPU_F32, ROAD_GPU_F16, temp(p, CLASS_R), pair, 0);
	v[1] = emit_cvt(p, in, ROAD_GPU_F32, ROAD_GPU_F16, temp(p, CLASS_R), high, 0);
}

/* cvt to a pair: from two f32, of which the first goes to the upper half, or from f16x2. */
void lower_cvt_x2(struct ptx *p, const struct instr *in)
{
	enum ptx_type to = in->types[0], from = in->types[1];
	bool narrow = 1 << to & (T_E4M3X2 | T_E5M2X2);
	struct val v[2];

	if (!(1 << to & T_PAIRS) || (from == TYPE_F16X2 && !narrow))
		ptx_fail(p, in->at, "'cvt.%s.%s'; allowed to: %s", ptx_types[to].name,
			 ptx_types[from].name,
			 type_set_names(p, &p->kernel,
					from == TYPE_F32 ? T_PAIRS : T_E4M3X2 | T_E5M2X2));
	if (narrow && !(in->flags & FLAG_SATFINITE))
		ptx_fail(p, in->at, "'cvt.%s' needs .satfinite", ptx_types[to].name);
	check_rounding(p, in, narrow ? ROUNDS_RN : ROUNDS_RN_RZ, narrow ? ".rn" : ".rn .rz");
	if (from == TYPE_F32) {
		v[1] = lower_src(p, in, 1, TYPE_F32);
		v[0] = lower_src(p, in, 2, TYPE_F32);
	} else {
		widen_pair(p, in, in_register(p, in, CLASS_R, lower_src(p, in, 1, TYPE_F16X2)), v);
	}
	struct inst *i = emit(
		p, in, ROAD_GPU_OP_cvt_pack, lower_dst(p, in, 0, narrow ? TYPE_B16 : to),
		in_register(p, in, CLASS_R, v[0]), in_register(p, in, CLASS_R, v[1]), VAL_NONE);

	i->aux = ROAD_GPU_CVT(element_lanes(to), ROAD_GPU_F32);
	i->mods = clamp_mods(in);
}

/* cvt.rn.f16x2.e4m3x2: exact, so the rounding says nothing. */
void lower_cvt_from_f8(struct ptx *p, const struct instr *in)
{
	enum ptx_type from = in->types[1];
	unsigned lanes = element_lanes(from);
	struct val v[2];

	if (in->types[0] != TYPE_F16X2)
		ptx_fail(p, in->at, "'cvt.%s.%s'; allowed to: .f16x2", ptx_types[in->types[0]].name,
			 ptx_types[from].name);
	check_rounding(p, in, ROUNDS_RN, ".rn");
	v[0] = in_register(p, in, CLASS_R, lower_src(p, in, 1, TYPE_B16));
	v[1] = emit_r(p, in, ROAD_GPU_OP_shr_u32, v[0], val_const(8), VAL_NONE);
	for (unsigned k = 0; k < 2; k++)
		v[k] = emit_cvt(p, in, ROAD_GPU_F16, lanes, temp(p, CLASS_R), v[k], clamp_mods(in));
	emit(p, in, ROAD_GPU_OP_prmt_b32, lower_dst(p, in, 0, TYPE_F16X2), v[0], v[1],
	     val_const(0x5410));
}

/* A whole number within what fits `bits` bits, which are all that is left of it. */
static struct val clamp_to(struct ptx *p, const struct instr *in, struct val v, bool is_signed,
			   unsigned bits)
{
	uint32_t most = (1u << (is_signed ? bits - 1 : bits)) - 1, least = is_signed ? ~most : 0;

	v = in_register(p, in, CLASS_R, v);
	v = emit_r(p, in, ROAD_GPU_OP_max_s32, v, val_const(least), VAL_NONE);
	v = emit_r(p, in, ROAD_GPU_OP_min_s32, v, val_const(most), VAL_NONE);
	return is_signed ? emit_r(p, in, ROAD_GPU_OP_and_b32, v, val_const((1u << bits) - 1),
				  VAL_NONE)
			 : v;
}

/* cvt.pack: a above b, and above both what is left of c. */
void lower_cvt_pack(struct ptx *p, const struct instr *in)
{
	static const struct {
		uint32_t type;
		uint8_t bits;
		bool is_signed;
	} kinds[] = {{T_U16, 16, false}, {T_S16, 16, true}, {T_U8, 8, false}, {T_S8, 8, true},
		     {T_U4, 4, false},   {T_S4, 4, true},   {T_U2, 2, false}, {T_S2, 2, true}};
	unsigned k = in->operand_count == 3 ? 0 : 2, end = in->operand_count == 3 ? 2 : 8;
	uint32_t allowed = k ? T_U8 | T_S8 | T_U4 | T_S4 | T_U2 | T_S2 : T_U16 | T_S16;

	while (k < end && kinds[k].type != 1u << in->types[0])
		k++;
	if (in->form != FORM_PACK || k == end || in->types[1] != TYPE_S32)
		ptx_fail(p, in->at,
			 "'cvt.%s.%s' with %u operands; allowed: 'cvt.pack.sat' to %s from .s32",
			 ptx_types[in->types[0]].name, ptx_types[in->types[1]].name,
			 in->operand_count, type_set_names(p, &p->kernel, allowed));
	unsigned bits = kinds[k].bits;
	struct val a = clamp_to(p, in, lower_src(p, in, 1, TYPE_S32), kinds[k].is_signed, bits);
	struct val b = clamp_to(p, in, lower_src(p, in, 2, TYPE_S32), kinds[k].is_signed, bits);

	a = emit_r(p, in, ROAD_GPU_OP_shl_b32, a, val_const(bits), VAL_NONE);
	if (in->operand_count == 4) {
		struct val c = in_register(p, in, CLASS_R, lower_src(p, in, 3, TYPE_B32));

		c = emit_r(p, in, ROAD_GPU_OP_shl_b32, c, val_const(2 * bits), VAL_NONE);
		a = emit_r(p, in, ROAD_GPU_OP_or_b32, a, c, VAL_NONE);
	}
	emit(p, in, ROAD_GPU_OP_or_b32, lower_dst(p, in, 0, TYPE_B32), a, b, VAL_NONE);
}
