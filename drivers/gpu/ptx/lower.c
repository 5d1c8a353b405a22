/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/lower.h"

#include <string.h>

#define HERE(in) ((in)->at.line)

enum reg_class type_class(enum ptx_type type)
{
	if (type == TYPE_PRED)
		return CLASS_P;
	return ptx_types[type].bytes == 8 ? CLASS_D : CLASS_R;
}

uint32_t temp(struct ptx *p, enum reg_class cls)
{
	static const uint8_t bits[CLASSES] = {32, 64, 1};
	uint32_t v = vreg_new(p, cls, bits[cls]);

	p->function->vregs[v].temporary = true;
	return v;
}

static const char *width_name(unsigned bits)
{
	return bits == 1    ? "a predicate"
	       : bits == 8  ? "8 bits"
	       : bits == 16 ? "16 bits"
	       : bits == 32 ? "32 bits"
			    : "64 bits";
}

static void check_width(struct ptx *p, const struct instr *in, const struct operand *o,
			enum ptx_type type, bool wider)
{
	unsigned has = p->function->vregs[o->vreg].bits, needs = type_bits(type);

	if (has == needs || (wider && has > needs && needs > 1))
		return;
	ptx_fail(p, o->at, "'%.*s' is %s, '%.*s' with type .%s needs %s%s", SLICE(o->name),
		 width_name(has), SLICE(in->name), ptx_types[type].name, width_name(needs),
		 wider ? " or more" : "");
}

/* Decimal and 0d constants serve f32 too, rounded; integers serve bit and integer types. */
static uint64_t constant_bits(struct ptx *p, const struct operand *o, enum ptx_type type)
{
	struct constant c = o->constant;
	unsigned bytes = ptx_types[type].bytes;

	if (c.is_f64 && bytes == 4) {
		double wide;
		float narrow;
		uint32_t bits;

		memcpy(&wide, &c.value, sizeof(wide));
		narrow = (float)wide;
		memcpy(&bits, &narrow, sizeof(bits));
		return bits;
	}
	if ((c.is_f32 && bytes != 4) || (c.is_f64 && bytes != 8))
		ptx_fail(p, o->at, "floating-point constant for type .%s", ptx_types[type].name);
	if (!c.is_f32 && !c.is_f64 && (type == TYPE_F32 || type == TYPE_F64))
		ptx_fail(p, o->at,
			 "integer constant for type .%s; allowed: 0f or 0d and hexadecimal digits, "
			 "or a decimal point",
			 ptx_types[type].name);
	return bytes < 8 ? c.value & ((UINT64_C(1) << 8 * bytes) - 1) : c.value;
}

static struct val sreg_value(struct ptx *p, const struct instr *in, const struct operand *o,
			     enum ptx_type type)
{
	enum reg_class cls = type_class(type);

	if (cls == CLASS_P)
		ptx_fail(p, o->at, "special register '%.*s' as predicate", SLICE(o->name));
	if (o->constant.value == ROAD_GPU_SREGS)
		return val_const(0);
	bool wide = cls == CLASS_D;
	bool has_wide = o->constant.value == ROAD_GPU_SREG_CLOCK64 ||
			o->constant.value == ROAD_GPU_SREG_GLOBALTIMER ||
			o->constant.value == ROAD_GPU_SREG_GRIDID;
	uint32_t d = temp(p, wide && has_wide ? CLASS_D : CLASS_R);
	struct inst *i = emit(p, in, wide && has_wide ? ROAD_GPU_OP_sreg_b64 : ROAD_GPU_OP_sreg_b32,
			      d, VAL_NONE, VAL_NONE, VAL_NONE);

	i->aux = (uint16_t)o->constant.value;
	if (wide && !has_wide)
		return emit_r(p, in, ROAD_GPU_OP_pack_b64, val_reg(d), VAL_NONE, VAL_NONE);
	if (ptx_types[type].bytes < 4)
		return emit_r(p, in, ROAD_GPU_OP_and_b32, val_reg(d),
			      val_const((1u << type_bits(type)) - 1), VAL_NONE);
	return val_reg(d);
}

static struct val data_address(struct ptx *p, const struct instr *in, const struct symbol *symbol,
			       uint64_t offset)
{
	uint32_t halves[2];

	for (unsigned high = 0; high < 2; high++) {
		halves[high] = temp(p, CLASS_R);
		struct inst *i = emit(p, in, ROAD_GPU_OP_mov_b32, halves[high], VAL_NONE,
				      val_const(high + 1), VAL_NONE);

		i->imm = 0;
		i->symbol = high + 1;
		i->addend = (int64_t)(symbol->offset + offset);
	}
	return emit_r(p, in, ROAD_GPU_OP_pack_b64, val_reg(halves[0]), val_reg(halves[1]),
		      VAL_NONE);
}

/* In the kernel's own body a constant, in a function's from the start of its frame. */
static struct val local_address(struct ptx *p, const struct instr *in, const struct operand *o,
				enum reg_class cls)
{
	const struct symbol *symbol = &o->symbol;
	uint64_t offset = o->constant.value + (symbol->by_reference ? 0 : symbol->offset);
	uint32_t base;

	if (symbol->kind == SYMBOL_FUNCTION_PARAM && symbol->vreg && !symbol->by_reference) {
		function_refuse(p, o->at, "address of '%.*s', which is in a register",
				SLICE(o->name));
		return val_const(0);
	}
	base = symbol->by_reference ? symbol->vreg : frame_base(p);
	if (!base)
		return val_const(cls == CLASS_D ? offset : (uint32_t)offset);
	struct val v = emit_r(p, in, ROAD_GPU_OP_add_u32, val_reg(base),
			      val_const((uint32_t)offset), VAL_NONE);

	if (cls == CLASS_R)
		return v;
	uint32_t wide = temp(p, CLASS_D);

	emit(p, in, ROAD_GPU_OP_cvt_64_32, wide, v, VAL_NONE, VAL_NONE)->aux =
		ROAD_GPU_CVT(ROAD_GPU_U64, ROAD_GPU_U32);
	return val_reg(wide);
}

/* That it is defined is known when all is read: the kernel waits for it. */
static uint64_t function_address(struct ptx *p, const struct operand *o)
{
	struct routine *routine = &p->routines[o->symbol.id];

	p->function->calls = true;
	if (p->again && !routine_resolve(p, routine)->is_defined)
		function_refuse(
			p, o->at,
			"address of '%.*s', which is declared on line %u and defined nowhere",
			SLICE(routine->name), routine->at.line);
	return routine_address(p, routine);
}

struct val symbol_value(struct ptx *p, const struct instr *in, const struct operand *o,
			enum reg_class cls)
{
	const struct symbol *symbol = &o->symbol;
	uint64_t offset = o->constant.value;

	switch (symbol->kind) {
	case SYMBOL_DATA:
		if (cls == CLASS_D)
			return data_address(p, in, symbol, offset);
		function_refuse(p, o->at, "32-bit address of variable '%.*s'", SLICE(o->name));
		return val_const(0);
	case SYMBOL_DYNAMIC: {
		/* known when the whole kernel is read: patched by place_dynamic() */
		uint32_t d = temp(p, cls);
		struct inst *i =
			emit(p, in, cls == CLASS_D ? ROAD_GPU_OP_mov_b64 : ROAD_GPU_OP_mov_b32, d,
			     VAL_NONE, val_const(1), VAL_NONE);

		i->imm = (int32_t)offset;
		i->symbol = SYMBOL_IS_DYNAMIC;
		return val_reg(d);
	}
	case SYMBOL_LOCAL:
	case SYMBOL_FUNCTION_PARAM: return local_address(p, in, o, cls);
	case SYMBOL_FUNCTION:
		if (cls != CLASS_D || symbol->is_const)
			break;
		return val_const(offset + function_address(p, o));
	case SYMBOL_SHARED:
	case SYMBOL_PARAM: offset += symbol->offset; break;
	case SYMBOL_EXTERN:
		function_refuse(p, o->at, "'%.*s' is declared .extern and defined nowhere",
				SLICE(o->name));
		return val_const(0);
	default: break;
	}
	if (symbol->kind == SYMBOL_SHARED || symbol->kind == SYMBOL_PARAM)
		return val_const(cls == CLASS_D ? offset : (uint32_t)offset);
	function_refuse(p, o->at, "address of '%.*s'", SLICE(o->name));
	return val_const(0);
}

struct val lower_pred(struct ptx *p, const struct operand *o)
{
	if (o->kind != OPERAND_REG || o->vreg2 || p->function->vregs[o->vreg].cls != CLASS_P)
		ptx_fail(p, o->at, "expected a .pred register as operand");
	return (struct val){.vreg = o->vreg, .negated = o->negated};
}

uint32_t lower_pred_dst(struct ptx *p, const struct operand *o)
{
	if (o->kind == OPERAND_SINK)
		return 0;
	if (o->negated)
		ptx_fail(p, o->at, "'!' before a destination");
	if (o->kind != OPERAND_REG || p->function->vregs[o->vreg].cls != CLASS_P)
		ptx_fail(p, o->at, "expected a .pred register as destination");
	if (o->vreg2 && p->function->vregs[o->vreg2].cls != CLASS_P)
		ptx_fail(p, o->at, "expected a .pred register as second destination");
	return o->vreg;
}

struct val lower_source(struct ptx *p, const struct instr *in, const struct operand *o,
			enum ptx_type type, bool wider)
{
	if (o->negated || o->vreg2)
		ptx_fail(p, o->at, "'%c' with a source operand of '%.*s'", o->negated ? '!' : '|',
			 SLICE(in->name));
	switch (o->kind) {
	case OPERAND_REG: check_width(p, in, o, type, wider); return val_reg(o->vreg);
	case OPERAND_CONST: return val_const(constant_bits(p, o, type));
	case OPERAND_SREG: return sreg_value(p, in, o, type);
	case OPERAND_SYMBOL:
		if (ptx_types[type].bytes >= 4)
			return symbol_value(p, in, o, type_class(type));
		ptx_fail(p, o->at, "address of '%.*s' with type .%s; allowed: 32 or 64 bits",
			 SLICE(o->name), ptx_types[type].name);
	case OPERAND_ADDRESS:
		ptx_fail(p, o->at, "'[' in a source operand of '%.*s'", SLICE(in->name));
	case OPERAND_LIST: ptx_fail(p, o->at, "'{' in a source operand of '%.*s'", SLICE(in->name));
	default: ptx_fail(p, o->at, "'_' as source operand of '%.*s'", SLICE(in->name));
	}
}

struct val lower_src(struct ptx *p, const struct instr *in, unsigned k, enum ptx_type type)
{
	return lower_source(p, in, &in->operands[k], type, false);
}

uint32_t lower_destination(struct ptx *p, const struct instr *in, const struct operand *o,
			   enum ptx_type type, bool wider)
{
	if (o->kind == OPERAND_SINK && !o->vreg2)
		return temp(p, type_class(type));
	if (o->kind != OPERAND_REG || o->negated || o->vreg2)
		ptx_fail(p, o->at, "destination of '%.*s' must be one register", SLICE(in->name));
	check_width(p, in, o, type, wider);
	return o->vreg;
}

uint32_t lower_dst(struct ptx *p, const struct instr *in, unsigned k, enum ptx_type type)
{
	return lower_destination(p, in, &in->operands[k], type, false);
}

/* Whether an immediate of a 64-bit field can be this constant, and in which form. */
static bool fits_immediate(unsigned kind, uint64_t bits, int32_t *imm, uint8_t *form)
{
	*form = 0;
	*imm = (int32_t)(uint32_t)bits;
	if (kind == ROAD_GPU_OPERAND_R)
		return true;
	if (kind != ROAD_GPU_OPERAND_D)
		return false;
	if ((uint64_t)(int64_t)*imm == bits)
		return true;
	*form = ROAD_GPU_FORM_IMM_HIGH;
	*imm = (int32_t)(bits >> 32);
	return !(uint32_t)bits;
}

static bool is_f64_op(unsigned op)
{
	return ptx_ops[op].unit == ROAD_GPU_UNIT_FP64;
}

static uint32_t materialise(struct ptx *p, const struct instr *in, unsigned kind, uint64_t bits)
{
	enum reg_class cls = kind == ROAD_GPU_OPERAND_D ? CLASS_D : CLASS_R;
	uint32_t d = temp(p, cls);

	emit_mov(p, in, cls, d, val_const(bits));
	return d;
}

struct field {
	unsigned kind, form, negate;
	uint32_t *where;
};

static void put_source(struct ptx *p, const struct instr *in, struct inst *i,
		       const struct field *field, struct val v)
{
	int32_t imm;
	uint8_t high;

	if (field->kind == ROAD_GPU_OPERAND_N)
		return;
	if (!v.is_const) {
		*field->where = v.vreg;
		i->negate |= (uint8_t)(v.negated ? field->negate : 0);
		return;
	}
	if (!v.bits) /* RZ reads zero, at any width */
		return;
	bool fits = fits_immediate(field->kind, v.bits, &imm, &high);

	/* an f64 immediate is the high word */
	if (is_f64_op(i->op) && !high)
		fits = false;
	if (fits && !(i->form & ROAD_GPU_FORM_IMM_MASK) && !inst_is_memory(i)) {
		i->form |= (uint8_t)(field->form | high);
		i->imm = imm;
		return;
	}
	*field->where = materialise(p, in, field->kind, v.bits);
}

struct inst *emit(struct ptx *p, const struct instr *in, unsigned op, uint32_t d, struct val a,
		  struct val b, struct val c)
{
	struct inst *i = inst_new(p, op, HERE(in));
	const struct op_info *info = &ptx_ops[op];
	struct field fields[3] = {{info->a, ROAD_GPU_FORM_IMM_A, NEGATE_A, &i->a},
				  {info->b, ROAD_GPU_FORM_IMM_B, NEGATE_B, &i->b},
				  {info->c, ROAD_GPU_FORM_IMM_C, NEGATE_C, &i->c}};
	const struct val values[3] = {a, b, c};

	i->d = d;
	i->guard = in->guard;
	i->negate = in->guard_negated ? NEGATE_GUARD : 0;
	for (unsigned k = 0; k < 3; k++)
		put_source(p, in, i, &fields[k], values[k]);
	inst_append(p, i);
	return i;
}

struct val emit_r(struct ptx *p, const struct instr *in, unsigned op, struct val a, struct val b,
		  struct val c)
{
	static const uint8_t classes[] = {[ROAD_GPU_OPERAND_R] = CLASS_R,
					  [ROAD_GPU_OPERAND_D] = CLASS_D,
					  [ROAD_GPU_OPERAND_P] = CLASS_P};
	uint32_t d = temp(p, classes[ptx_ops[op].d]);

	emit(p, in, op, d, a, b, c);
	return val_reg(d);
}

void emit_mov(struct ptx *p, const struct instr *in, enum reg_class cls, uint32_t d, struct val a)
{
	int32_t imm;
	uint8_t high;

	if (cls == CLASS_P) {
		emit(p, in, ROAD_GPU_OP_plop, d, a, VAL_NONE, VAL_NONE)->aux = 0xf0;
		return;
	}
	if (cls == CLASS_D && a.is_const &&
	    !fits_immediate(ROAD_GPU_OPERAND_D, a.bits, &imm, &high)) {
		uint32_t t = temp(p, CLASS_R);

		emit(p, in, ROAD_GPU_OP_mov_b32, t, VAL_NONE, val_const(a.bits >> 32), VAL_NONE);
		emit(p, in, ROAD_GPU_OP_pack_b64, d, val_const((uint32_t)a.bits), val_reg(t),
		     VAL_NONE);
		return;
	}
	emit(p, in, cls == CLASS_D ? ROAD_GPU_OP_mov_b64 : ROAD_GPU_OP_mov_b32, d, VAL_NONE, a,
	     VAL_NONE);
}

struct val in_register(struct ptx *p, const struct instr *in, enum reg_class cls, struct val v)
{
	if (!v.is_const)
		return v;
	if (!v.bits)
		return val_reg(0); /* RZ */
	uint32_t d = temp(p, cls);

	emit_mov(p, in, cls, d, v);
	return val_reg(d);
}

struct val sign_extend(struct ptx *p, const struct instr *in, struct val v, enum ptx_type type)
{
	unsigned bits = type_bits(type);

	if (v.is_const) {
		uint32_t sign = 1u << (bits - 1), low = (uint32_t)v.bits & (2 * sign - 1);

		return val_const((uint32_t)((low ^ sign) - sign));
	}
	uint32_t d = temp(p, CLASS_R);

	emit(p, in, ROAD_GPU_OP_cvt_32_32, d, v, VAL_NONE, VAL_NONE)->aux =
		ROAD_GPU_CVT(ROAD_GPU_S32, bits == 8 ? ROAD_GPU_S8 : ROAD_GPU_S16);
	return val_reg(d);
}

void emit_cut(struct ptx *p, const struct instr *in, uint32_t d, struct val v, unsigned bits)
{
	if (bits < 32)
		emit(p, in, ROAD_GPU_OP_and_b32, d, v, val_const((1u << bits) - 1), VAL_NONE);
	else
		emit_mov(p, in, CLASS_R, d, v);
}

uint16_t arithmetic_mods(const struct instr *in)
{
	static const struct {
		uint64_t flag;
		uint16_t mod;
	} table[] = {{FLAG_FTZ, ROAD_GPU_MOD_FTZ},
		     {FLAG_SAT, ROAD_GPU_MOD_SAT},
		     {FLAG_NAN, ROAD_GPU_MOD_NAN},
		     {FLAG_XORSIGN, ROAD_GPU_MOD_XORSIGN},
		     {FLAG_ABS, ROAD_GPU_MOD_ABS}};
	uint16_t mods = in->round > 0 ? (uint16_t)in->round : 0;

	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (in->flags & table[i].flag)
			mods |= table[i].mod;
	return mods;
}
