/* SPDX-License-Identifier: Apache-2.0 */
/* Floating point, comparison and predicates (PTX ISA, sections 9.7.3, 9.7.6, 9.7.8). */
#include "drivers/gpu/ptx/lower.h"

/* Instructions that PTX gives a mandatory rounding (fma, mad, and div, rcp, sqrt without .approx).
 */
void lower_float(struct ptx *p, const struct instr *in)
{
	if (in->round < 0)
		ptx_fail(p, in->at, "'%.*s.%s' needs a rounding; allowed: .rn .rz .rm .rp%s",
			 SLICE(in->name), ptx_types[in->types[0]].name,
			 in->operand_count < 4 && in->types[0] == TYPE_F32 ? " .approx" : "");
	lower_alu(p, in);
}

/* Comparisons by type: opcode and how narrow values come in. */
static unsigned compare_op(enum ptx_type type)
{
	bool wide = ptx_types[type].bytes == 8;

	if (1 << type & T_HALF)
		return ROAD_GPU_OP_setp_half;
	switch (ptx_types[type].kind) {
	case KIND_FLOAT: return wide ? ROAD_GPU_OP_setp_f64 : ROAD_GPU_OP_setp_f32;
	case KIND_SIGNED: return wide ? ROAD_GPU_OP_setp_s64 : ROAD_GPU_OP_setp_s32;
	default: return wide ? ROAD_GPU_OP_setp_u64 : ROAD_GPU_OP_setp_u32;
	}
}

static unsigned comparison(struct ptx *p, const struct instr *in, enum ptx_type type)
{
	int cmp = in->cmp;

	/* .lo and .hi are flags, for mul.lo */
	if (cmp < 0 && in->flags & FLAG_LO)
		cmp = ROAD_GPU_CMP_LT;
	if (cmp < 0 && in->flags & FLAG_HI)
		cmp = ROAD_GPU_CMP_GT;
	if (cmp < 0)
		ptx_fail(p, in->at, "'%.*s' needs a comparison such as .eq or .lt",
			 SLICE(in->name));
	if (cmp >= ROAD_GPU_CMP_INT_END && ptx_types[type].kind != KIND_FLOAT)
		ptx_fail(p, in->at,
			 "unordered comparison of type .%s; allowed: floating-point types",
			 ptx_types[type].name);
	if (cmp > ROAD_GPU_CMP_NE && ptx_types[type].kind == KIND_BITS)
		ptx_fail(p, in->at, "ordering of type .%s; allowed: .eq .ne", ptx_types[type].name);
	return (unsigned)cmp;
}

struct inst *emit_compare(struct ptx *p, const struct instr *in, enum ptx_type type, uint32_t d,
			  uint32_t d2)
{
	unsigned cmp = comparison(p, in, type);

	if (in->flags & FLAG_FTZ && !(1 << type & (T_F32 | T_F16 | T_F16X2)))
		ptx_fail(p, in->at, "'%.*s.ftz' with type .%s; allowed: .f32 .f16 .f16x2",
			 SLICE(in->name), ptx_types[type].name);
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type), c = VAL_NONE;

	if (type == TYPE_S16) {
		a = sign_extend(p, in, a, type);
		b = sign_extend(p, in, b, type);
	}
	if ((in->combine >= 0) != (in->operand_count == 4))
		ptx_fail(p, in->at, "'%.*s' with %u operands %s .and, .or, .xor", SLICE(in->name),
			 in->operand_count, in->combine >= 0 ? "and" : "needs");
	if (in->operand_count == 4)
		c = lower_pred(p, &in->operands[3]);
	if (d2 && c.vreg == d && d) { /* both destinations need it: see reads_late() in live.c */
		uint32_t t = temp(p, CLASS_P);

		emit_mov(p, in, CLASS_P, t, c);
		c = val_reg(t);
	}
	struct inst *i = emit(p, in, compare_op(type), d, a, b, c);

	i->d2 = d2;
	i->aux = half_aux(type);
	i->mods = (uint16_t)(cmp << ROAD_GPU_MOD_CMP_SHIFT |
			     (in->combine > 0 ? (unsigned)in->combine : 0)
				     << ROAD_GPU_MOD_BOOL_SHIFT |
			     (in->flags & FLAG_FTZ ? ROAD_GPU_MOD_FTZ : 0));
	return i;
}

void lower_setp(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	uint32_t d = lower_pred_dst(p, &in->operands[0]), d2 = in->operands[0].vreg2;

	if (1 << type & T_PAIRS && in->operands[0].kind == OPERAND_REG && !d2)
		ptx_fail(p, in->operands[0].at, "'setp.%s' needs two destinations: p|q",
			 ptx_types[type].name);
	if (1 << type & (T_F16 | T_BF16) && d2)
		ptx_fail(p, in->operands[0].at, "second destination of 'setp.%s'",
			 ptx_types[type].name);
	emit_compare(p, in, type, d, d2);
}

/* What `set` may give, by what it compares (section 9.7.7 "set"). */
static uint32_t set_results(enum ptx_type from)
{
	uint32_t words = T_U32 | T_S32;

	switch (1 << from) {
	case T_F16: return words | T_U16 | T_S16 | T_F16;
	case T_BF16: return words | T_U16 | T_S16 | T_BF16;
	case T_F16X2: return words | T_F16X2;
	case T_BF16X2: return words | T_BF16X2;
	default: return words | T_F32 | T_F16 | T_BF16;
	}
}

/* set: all ones or 1.0 where the comparison holds; of pairs, by halves. */
void lower_set(struct ptx *p, const struct instr *in)
{
	enum ptx_type to = in->types[0], from = in->types[1];
	uint32_t one = to == TYPE_F32                               ? 0x3f800000u
		       : 1 << to & (T_F16 | T_F16X2)                ? 0x3c00u
		       : 1 << to & (T_BF16 | T_BF16X2)              ? 0x3f80u
		       : 1 << from & T_PAIRS || type_bits(to) == 16 ? UINT16_MAX
								    : UINT32_MAX;
	uint32_t holds = temp(p, CLASS_P), upper = 0;

	if (!(1 << to & set_results(from)))
		ptx_fail(p, in->at, "result type .%s of 'set' on .%s; allowed: %s",
			 ptx_types[to].name, ptx_types[from].name,
			 type_set_names(p, &p->kernel, set_results(from)));
	if (1 << from & T_PAIRS)
		upper = temp(p, CLASS_P);
	emit_compare(p, in, from, holds, upper);
	uint32_t d = lower_dst(p, in, 0, to), low = upper ? temp(p, CLASS_R) : d;

	emit(p, in, ROAD_GPU_OP_selp_b32, low, val_const(one), val_const(0), val_reg(holds));
	if (!upper)
		return;
	struct val high = emit_r(p, in, ROAD_GPU_OP_selp_b32, val_const(one << 16), val_const(0),
				 val_reg(upper));

	emit(p, in, ROAD_GPU_OP_or_b32, d, val_reg(low), high, VAL_NONE);
}

void lower_selp(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type);

	emit(p, in, type_class(type) == CLASS_D ? ROAD_GPU_OP_selp_b64 : ROAD_GPU_OP_selp_b32,
	     lower_dst(p, in, 0, type), a, b, lower_pred(p, &in->operands[3]));
}

/* slct: a where c >= 0 (-0 is, NaN is not), else b. */
void lower_slct(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0], by = in->types[1];

	if (!(1 << type & T_MOVE))
		ptx_fail(p, in->at, "result type .%s of 'slct'; allowed: %s", ptx_types[type].name,
			 type_set_names(p, &p->kernel, T_MOVE));
	struct val a = lower_src(p, in, 1, type), b = lower_src(p, in, 2, type);
	struct val c = lower_src(p, in, 3, by);
	struct val holds = emit_r(p, in, compare_op(by), c, val_const(0), VAL_NONE);

	p->function->last->mods =
		(uint16_t)(ROAD_GPU_CMP_GE << ROAD_GPU_MOD_CMP_SHIFT |
			   (in->flags & FLAG_FTZ && by == TYPE_F32 ? ROAD_GPU_MOD_FTZ : 0));
	emit(p, in, type_class(type) == CLASS_D ? ROAD_GPU_OP_selp_b64 : ROAD_GPU_OP_selp_b32,
	     lower_dst(p, in, 0, type), a, b, holds);
}

/* and, or, xor, not of predicates, as truth tables. */
void lower_plop(struct ptx *p, const struct instr *in)
{
	static const struct {
		const char *name;
		uint16_t table;
	} tables[] = {{"and", 0xc0}, {"or", 0xfc}, {"xor", 0x3c}, {"not", 0x0f}};
	uint32_t d = lower_pred_dst(p, &in->operands[0]);
	struct val a = lower_pred(p, &in->operands[1]), b = VAL_NONE;

	if (in->operand_count == 3)
		b = lower_pred(p, &in->operands[2]);
	struct inst *i = emit(p, in, ROAD_GPU_OP_plop, d, a, b, VAL_NONE);

	for (unsigned k = 0; k < sizeof(tables) / sizeof(tables[0]); k++)
		if (slice_is(in->name, tables[k].name))
			i->aux = tables[k].table;
}

void lower_mov_pred(struct ptx *p, const struct instr *in)
{
	uint32_t d = lower_pred_dst(p, &in->operands[0]);
	const struct operand *o = &in->operands[1];

	if (o->kind == OPERAND_CONST) {
		emit(p, in, ROAD_GPU_OP_plop, d, VAL_NONE, VAL_NONE, VAL_NONE)->aux =
			o->constant.value ? 0xff : 0x00;
		return;
	}
	emit_mov(p, in, CLASS_P, d, lower_pred(p, o));
}

void lower_testp(struct ptx *p, const struct instr *in)
{
	if (in->testp < 0)
		ptx_fail(p, in->at,
			 "'testp' needs one of .finite .infinite .number .notanumber "
			 ".normal .subnormal");
	struct val a = lower_src(p, in, 1, in->types[0]);

	emit(p, in, in->row->op, lower_pred_dst(p, &in->operands[0]), a, VAL_NONE, VAL_NONE)->aux =
		(uint16_t)in->testp;
}
