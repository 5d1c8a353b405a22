/* SPDX-License-Identifier: Apache-2.0 */
/* mov, packing and unpacking, conversions (PTX ISA, section 9.7.9). */
#include "drivers/gpu/ptx/lower.h"

static const enum ptx_type bits_of_size[9] = {
	[1] = TYPE_B8, [2] = TYPE_B16, [4] = TYPE_B32, [8] = TYPE_B64};

static enum ptx_type element_type(struct ptx *p, const struct instr *in, const struct operand *list)
{
	unsigned bytes = ptx_types[in->types[0]].bytes;

	if ((list->count != 2 && list->count != 4) || bytes / list->count == 0)
		ptx_fail(p, list->at, "%u elements in braces for type .%s; allowed: 2 or 4",
			 list->count, ptx_types[in->types[0]].name);
	return bits_of_size[bytes / list->count];
}

/* Joins two halves of `bits` bits each. */
static struct val join(struct ptx *p, const struct instr *in, struct val low, struct val high,
		       unsigned bits)
{
	if (bits == 32)
		return emit_r(p, in, ROAD_GPU_OP_pack_b64, low, high, VAL_NONE);
	return emit_r(p, in, ROAD_GPU_OP_prmt_b32, low, high,
		      val_const(bits == 16 ? 0x5410 : 0x7740)); /* 7: a byte of zero-extension */
}

static void lower_pack(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	const struct operand *list = &in->operands[1];
	enum ptx_type element = element_type(p, in, list);
	unsigned bits = type_bits(element);
	struct val v[4];

	for (unsigned k = 0; k < list->count; k++)
		v[k] = lower_source(p, in, &list->elements[k], element, false);
	if (list->count == 4) {
		v[0] = join(p, in, v[0], v[1], bits);
		v[1] = join(p, in, v[2], v[3], bits);
		bits *= 2;
	}
	emit_mov(p, in, type_class(type), lower_dst(p, in, 0, type), join(p, in, v[0], v[1], bits));
}

static void unpack_word(struct ptx *p, const struct instr *in, const struct operand *elements,
			unsigned count, enum ptx_type element, struct val word)
{
	unsigned bits = type_bits(element);

	for (unsigned k = 0; k < count; k++) {
		if (elements[k].kind == OPERAND_SINK)
			continue;
		uint32_t d = lower_destination(p, in, &elements[k], element, false);

		if (k == 0)
			emit_cut(p, in, d, word, bits);
		else if (bits == 16)
			emit(p, in, ROAD_GPU_OP_shr_u32, d, word, val_const(16), VAL_NONE);
		else /* one byte, the others from a register of zeros */
			emit(p, in, ROAD_GPU_OP_prmt_b32, d, word, VAL_NONE, val_const(0x4440 + k));
	}
}

static void lower_unpack(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	const struct operand *list = &in->operands[0];
	enum ptx_type element = element_type(p, in, list);
	struct val a = lower_src(p, in, 1, type);

	if (type_class(type) == CLASS_R) {
		unpack_word(p, in, list->elements, list->count, element, a);
		return;
	}
	a = in_register(p, in, CLASS_D, a);
	for (unsigned high = 0; high < 2; high++) {
		const struct operand *half = &list->elements[high * list->count / 2];
		unsigned op = high ? ROAD_GPU_OP_unhi_b64 : ROAD_GPU_OP_unlo_b64;

		if (list->count == 4) {
			unpack_word(p, in, half, 2, element,
				    emit_r(p, in, op, a, VAL_NONE, VAL_NONE));
		} else if (half->kind != OPERAND_SINK) {
			emit(p, in, op, lower_destination(p, in, half, element, false), a, VAL_NONE,
			     VAL_NONE);
		}
	}
}

void lower_mov(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];

	if (in->operands[0].kind == OPERAND_LIST && in->operands[1].kind == OPERAND_LIST)
		ptx_fail(p, in->operands[1].at, "braces on both sides of 'mov'");
	if (in->operands[0].kind == OPERAND_LIST)
		lower_unpack(p, in);
	else if (in->operands[1].kind == OPERAND_LIST)
		lower_pack(p, in);
	else
		emit_mov(p, in, type_class(type), lower_dst(p, in, 0, type),
			 lower_src(p, in, 1, type));
}

static unsigned cvt_op(bool to_wide, bool from_wide)
{
	if (to_wide)
		return from_wide ? ROAD_GPU_OP_cvt_64_64 : ROAD_GPU_OP_cvt_64_32;
	return from_wide ? ROAD_GPU_OP_cvt_32_64 : ROAD_GPU_OP_cvt_32_32;
}

struct val emit_cvt(struct ptx *p, const struct instr *in, unsigned to, unsigned from, uint32_t d,
		    struct val v, unsigned mods)
{
	bool to_wide = p->function->vregs[d].cls == CLASS_D;
	bool from_wide = from == ROAD_GPU_U64 || from == ROAD_GPU_S64 || from == ROAD_GPU_F64;
	struct inst *i =
		emit(p, in, cvt_op(to_wide, from_wide), d,
		     in_register(p, in, from_wide ? CLASS_D : CLASS_R, v), VAL_NONE, VAL_NONE);

	i->aux = ROAD_GPU_CVT(to, from);
	i->mods = (uint16_t)mods;
	return val_reg(d);
}

/* The value in the first `type` bits of a register that is perhaps wider. */
static struct val narrowed(struct ptx *p, const struct instr *in, const struct operand *o,
			   struct val v, enum ptx_type type)
{
	if (v.is_const || o->kind != OPERAND_REG)
		return v;
	if (p->function->vregs[v.vreg].cls == CLASS_D && type_class(type) == CLASS_R)
		v = emit_r(p, in, ROAD_GPU_OP_unlo_b64, v, VAL_NONE, VAL_NONE);
	return v;
}

static bool is_float(enum ptx_type type)
{
	return ptx_types[type].kind == KIND_FLOAT;
}

/* Integer to integer without .sat: truncation or extension. `d` may be wider than `to`. */
static void convert_integer(struct ptx *p, const struct instr *in, enum ptx_type to,
			    enum ptx_type from, uint32_t d, struct val v)
{
	unsigned to_bits = type_bits(to), from_bits = type_bits(from);
	bool to_signed = ptx_types[to].kind == KIND_SIGNED;
	unsigned d_bits = p->function->vregs[d].bits;
	enum ptx_type type = to_bits <= from_bits ? to : from; /* whose bits decide */
	bool is_signed = to_bits <= from_bits ? to_signed : ptx_types[from].kind == KIND_SIGNED;
	unsigned bits = type_bits(type);

	if (bits == 64) {
		emit_mov(p, in, CLASS_D, d, v);
		return;
	}
	if (from_bits == 64) {
		v = emit_r(p, in, ROAD_GPU_OP_unlo_b64, in_register(p, in, CLASS_D, v), VAL_NONE,
			   VAL_NONE);
	}
	/* cvt.u32.s8 to 64-bit register: the result is zero-extended from 32 */
	unsigned lanes = (unsigned)ptx_types[bits_of_size[bits / 8]].lanes + (is_signed ? 1 : 0);

	if (d_bits == 64) {
		if (to_bits < 64 && to_bits > bits && is_signed && !to_signed) {
			struct val t = sign_extend(p, in, v, type);

			if (to_bits < 32)
				t = emit_r(p, in, ROAD_GPU_OP_and_b32, t, val_const(0xffff),
					   VAL_NONE);
			emit_cvt(p, in, ROAD_GPU_U64, ROAD_GPU_U32, d, t, 0);
			return;
		}
		emit_cvt(p, in, is_signed ? ROAD_GPU_S64 : ROAD_GPU_U64, lanes, d, v, 0);
	} else if (bits == 32) {
		emit_mov(p, in, CLASS_R, d, v);
	} else if (!is_signed) {
		emit_cut(p, in, d, v, bits);
	} else {
		if (bits < d_bits)
			v = sign_extend(p, in, v, type);
		emit_cut(p, in, d, v, to_signed ? d_bits : to_bits);
	}
}

static unsigned lanes_of(enum ptx_type type)
{
	return (unsigned)ptx_types[type].lanes;
}

static void check_cvt(struct ptx *p, const struct instr *in, enum ptx_type to, enum ptx_type from)
{
	if (!(1 << to & T_CVT))
		ptx_fail(p, in->at, "'cvt' to type .%s; allowed: %s", ptx_types[to].name,
			 type_set_names(p, &p->kernel, T_CVT));
	bool narrows = is_float(to) && is_float(from) && type_bits(to) < type_bits(from);
	bool crosses = is_float(to) != is_float(from);

	if (in->round < 0 && (narrows || crosses))
		ptx_fail(p, in->at, "'cvt.%s.%s' needs a rounding; allowed: %s", ptx_types[to].name,
			 ptx_types[from].name,
			 is_float(to) ? ".rn .rz .rm .rp" : ".rni .rzi .rmi .rpi");
	if (in->round == ROAD_GPU_RNA)
		ptx_fail(p, in->at, "'cvt.rna.%s'; allowed: .tf32", ptx_types[to].name);
	if (in->round >= 0 && !is_float(from) && !is_float(to))
		ptx_fail(p, in->at, "rounding in 'cvt.%s.%s'", ptx_types[to].name,
			 ptx_types[from].name);
	if (in->round >= 0 && crosses && is_float(to) == in->round_integral)
		ptx_fail(p, in->at, "'cvt.%s.%s' with %s rounding", ptx_types[to].name,
			 ptx_types[from].name, is_float(to) ? "integer" : "floating-point");
}

/* A signed narrow result in a register that is wider than it (section 9.7.9 "cvt"). */
static void store_narrow(struct ptx *p, const struct instr *in, enum ptx_type to, uint32_t d,
			 struct val v)
{
	unsigned d_bits = p->function->vregs[d].bits;
	bool is_signed = ptx_types[to].kind == KIND_SIGNED;

	if (d_bits == 64)
		emit_cvt(p, in, is_signed ? ROAD_GPU_S64 : ROAD_GPU_U64, lanes_of(to), d, v, 0);
	else if (is_signed && type_bits(to) < 32)
		emit_cut(p, in, d, sign_extend(p, in, v, to), d_bits);
	else
		emit_mov(p, in, CLASS_R, d, v);
}

void lower_cvt(struct ptx *p, const struct instr *in)
{
	enum ptx_type to = in->types[0], from = in->types[1];

	check_cvt(p, in, to, from);
	const struct operand *o = &in->operands[1];
	struct val v = narrowed(p, in, o, lower_source(p, in, o, from, true), from);
	uint32_t d = lower_destination(p, in, &in->operands[0], to, true);
	unsigned d_bits = p->function->vregs[d].bits;
	bool sat = in->flags & FLAG_SAT;

	if (!is_float(to) && !is_float(from) && !sat) {
		convert_integer(p, in, to, from, d, v);
		return;
	}
	unsigned mods = (in->round > 0 ? (unsigned)in->round : 0) |
			(in->flags & FLAG_FTZ ? ROAD_GPU_MOD_FTZ : 0) |
			(sat ? ROAD_GPU_MOD_SAT : 0);
	bool integral = is_float(to) && is_float(from) && in->round_integral;

	if (d_bits == type_bits(to)) {
		emit_cvt(p, in, lanes_of(to), lanes_of(from), d, v, mods);
		if (integral)
			p->function->last->aux |= ROAD_GPU_CVT_INTEGRAL;
		return;
	}
	struct val t =
		emit_cvt(p, in, lanes_of(to), lanes_of(from), temp(p, type_class(to)), v, mods);

	if (integral)
		p->function->last->aux |= ROAD_GPU_CVT_INTEGRAL;
	if (is_float(to) && d_bits == 64)
		emit_cvt(p, in, ROAD_GPU_U64, ROAD_GPU_U32, d, t, 0);
	else
		store_narrow(p, in, to, d, t);
}

/* Generic addresses of shared and local memory lie in windows, global is itself. */
void lower_cvta(struct ptx *p, const struct instr *in)
{
	static const uint64_t windows[ROAD_GPU_SPACES] = {
		[ROAD_GPU_SPACE_SHARED] = ROAD_GPU_SHARED_WINDOW,
		[ROAD_GPU_SPACE_LOCAL] = ROAD_GPU_LOCAL_WINDOW,
	};
	struct val a = lower_src(p, in, 1, TYPE_U64);
	uint32_t d = lower_dst(p, in, 0, TYPE_U64);

	if (in->space < 0)
		ptx_fail(p, in->at,
			 "'cvta' needs a state space; allowed: .global .shared .local "
			 ".const");
	if (in->space == ROAD_GPU_SPACE_PARAM) {
		function_refuse(p, in->at, "'cvta.param': parameters have no generic address");
		return;
	}
	if (windows[in->space])
		emit(p, in, in->flags & FLAG_TO ? ROAD_GPU_OP_sub_u64 : ROAD_GPU_OP_add_u64, d, a,
		     val_const(windows[in->space]), VAL_NONE);
	else
		emit_mov(p, in, CLASS_D, d, a);
}
