/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices in fragments (PTX ISA, section 9.7.14): the chip's fragments are those of mma. */
#include "drivers/gpu/ptx/lower.h"

/* A shape with its types, as one of the chip's opcodes; registers of A, B, and C and D. */
struct mma {
	uint8_t shape;
	uint32_t a, c; /* sets of types: A and B, C and D */
	uint16_t op, aux;
	uint8_t registers[3];
};

#define BYTES   (T_S8 | T_U8)
#define NIBBLES (T_S4 | T_U4)
#define NIBBLE  (ROAD_GPU_MMA_NIBBLES << ROAD_GPU_MMA_ELEMENTS_SHIFT)
static const struct mma mmas[] = {
	{SHAPE_M16N8K16, T_F16, T_F32, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_F16, {4, 2, 4}},
	{SHAPE_M16N8K8, T_F16, T_F32, ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_F16, {2, 1, 4}},
	{SHAPE_M16N8K16, T_F16, T_F16, ROAD_GPU_OP_mma_f16_b2, 0, {4, 2, 2}},
	{SHAPE_M16N8K8, T_F16, T_F16, ROAD_GPU_OP_mma_f16_b1, 0, {2, 1, 2}},
	{SHAPE_M16N8K16, T_BF16, T_F32, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_BF16, {4, 2, 4}},
	{SHAPE_M16N8K8, T_BF16, T_F32, ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_BF16, {2, 1, 4}},
	{SHAPE_M16N8K8, T_TF32, T_F32, ROAD_GPU_OP_mma_f32_b2, ROAD_GPU_MMA_TF32, {4, 2, 4}},
	{SHAPE_M16N8K4, T_TF32, T_F32, ROAD_GPU_OP_mma_f32_b1, ROAD_GPU_MMA_TF32, {2, 1, 4}},
	{SHAPE_M16N8K32, BYTES, T_S32, ROAD_GPU_OP_mma_s32_b2, 0, {4, 2, 4}},
	{SHAPE_M16N8K16, BYTES, T_S32, ROAD_GPU_OP_mma_s32_b1, 0, {2, 1, 4}},
	{SHAPE_M8N8K16, BYTES, T_S32, ROAD_GPU_OP_mma_s32_m8, 0, {1, 1, 2}},
	{SHAPE_M16N8K64, NIBBLES, T_S32, ROAD_GPU_OP_mma_s32_b2, NIBBLE, {4, 2, 4}},
	{SHAPE_M16N8K32, NIBBLES, T_S32, ROAD_GPU_OP_mma_s32_b1, NIBBLE, {2, 1, 4}},
	{SHAPE_M8N8K32, NIBBLES, T_S32, ROAD_GPU_OP_mma_s32_m8, NIBBLE, {1, 1, 2}},
	{SHAPE_M16N8K256, T_B1, T_S32, ROAD_GPU_OP_mma_s32_b2, 0, {4, 2, 4}},
	{SHAPE_M16N8K128, T_B1, T_S32, ROAD_GPU_OP_mma_s32_b1, 0, {2, 1, 4}},
	{SHAPE_M8N8K128, T_B1, T_S32, ROAD_GPU_OP_mma_s32_m8, 0, {1, 1, 2}},
	{SHAPE_M8N8K4, T_F64, T_F64, ROAD_GPU_OP_mma_f64, 0, {1, 1, 2}},
};

static bool has(uint32_t set, enum ptx_type type)
{
	return set >> type & 1;
}

/* Types are written .d.a.b.c; NULL: the chip has no such instruction. */
static const struct mma *find_mma(const struct instr *in)
{
	for (unsigned i = 0; i < sizeof(mmas) / sizeof(mmas[0]); i++) {
		const struct mma *m = &mmas[i];
		bool mixed = m->a == BYTES || m->a == NIBBLES;

		if (in->shape == m->shape && has(m->c, in->types[0]) && has(m->c, in->types[3]) &&
		    has(m->a, in->types[1]) && has(m->a, in->types[2]) &&
		    (mixed || in->types[1] == in->types[2]))
			return m;
	}
	return NULL;
}

void fragment_check(struct ptx *p, const struct instr *in, const struct operand *o, unsigned count)
{
	unsigned seen = o->kind == OPERAND_LIST ? o->count : 1;

	if (seen != count)
		ptx_fail(p, o->at, "fragment of %u registers in '%.*s'; needed: %u", seen,
			 SLICE(in->name), count);
}

const struct operand *fragment_element(const struct operand *o, unsigned k)
{
	return o->kind == OPERAND_LIST ? &o->elements[k] : o;
}

/* The registers of a source fragment, side by side. */
static uint32_t gather(struct ptx *p, const struct instr *in, const struct operand *o,
		       unsigned count, enum ptx_type type)
{
	enum reg_class cls = type_class(type);
	uint32_t group;

	fragment_check(p, in, o, count);
	if (count == 1)
		return in_register(p, in, cls,
				   lower_source(p, in, fragment_element(o, 0), type, false))
			.vreg;
	group = vreg_new_group(p, cls, count);
	for (unsigned k = 0; k < count; k++)
		emit_mov(p, in, cls, group + k,
			 lower_source(p, in, fragment_element(o, k), type, false));
	return group;
}

static void scatter(struct ptx *p, const struct instr *in, const struct operand *o, unsigned count,
		    enum ptx_type type, uint32_t group)
{
	for (unsigned k = 0; k < count; k++)
		if (fragment_element(o, k)->kind != OPERAND_SINK)
			emit_mov(p, in, type_class(type),
				 lower_destination(p, in, fragment_element(o, k), type, false),
				 val_reg(group + k));
}

static void check_mma(struct ptx *p, const struct instr *in, const struct mma *m)
{
	if (in->layout_count != 2 || in->layouts[0] != LAYOUT_ROW || in->layouts[1] != LAYOUT_COL)
		ptx_fail(p, in->at, "layouts of 'mma'; allowed: .row.col");
	if (in->flags & FLAG_SATFINITE && (m->c != T_S32 || m->a == T_B1))
		ptx_fail(p, in->at, "'mma' with .satfinite; allowed for integers only");
	if (in->round > 0 || (in->round >= 0 && m->c != T_F64))
		ptx_fail(p, in->at, "rounding of 'mma'; allowed: .rn for .f64");
}

uint16_t mma_bits_aux(struct ptx *p, const struct instr *in, bool bits)
{
	bool xor = in->combine == ROAD_GPU_BOOL_XOR;

	if (!bits && (in->combine >= 0 || in->operation >= 0))
		ptx_fail(p, in->at, "operation of '%.*s'; allowed for .b1 only", SLICE(in->name));
	if (bits && (in->operation != OPERATION_POPC || (!xor&&in->combine != ROAD_GPU_BOOL_AND)))
		ptx_fail(p, in->at, "operation of '%.*s.b1'; allowed: .xor.popc .and.popc",
			 SLICE(in->name));
	return bits ? (uint16_t)((xor? ROAD_GPU_MMA_BITS_XOR : ROAD_GPU_MMA_BITS_AND)
				 << ROAD_GPU_MMA_ELEMENTS_SHIFT)
		    : 0;
}

uint16_t mma_signs(enum ptx_type a, enum ptx_type b)
{
	return (uint16_t)((1 << a & (T_S8 | T_S4) ? ROAD_GPU_MMA_A_SIGNED : 0u) |
			  (1 << b & (T_S8 | T_S4) ? ROAD_GPU_MMA_B_SIGNED : 0u));
}

void lower_mma(struct ptx *p, const struct instr *in)
{
	const struct mma *m = find_mma(in);

	if (!m) {
		function_refuse(p, in->at, "'mma' of this shape and these types is not supported");
		return;
	}
	check_mma(p, in, m);
	enum ptx_type type = m->c == T_F64 ? TYPE_F64 : TYPE_B32;
	uint32_t a = gather(p, in, &in->operands[1], m->registers[0], type);
	uint32_t b = gather(p, in, &in->operands[2], m->registers[1], type);
	uint32_t c = gather(p, in, &in->operands[3], m->registers[2], type);
	uint32_t d = vreg_new_group(p, type_class(type), m->registers[2]);

	fragment_check(p, in, &in->operands[0], m->registers[2]);
	struct inst *i = emit(p, in, m->op, d, val_reg(a), val_reg(b), val_reg(c));

	i->aux = m->aux | mma_signs(in->types[1], in->types[2]) | mma_bits_aux(p, in, m->a == T_B1);
	if (in->flags & FLAG_SATFINITE)
		i->mods = ROAD_GPU_MOD_SAT;
	scatter(p, in, &in->operands[0], m->registers[2], type, d);
}

static void check_8x8(struct ptx *p, const struct instr *in, bool needs_trans)
{
	if (in->shape != SHAPE_M8N8)
		ptx_fail(p, in->at, "shape of '%.*s'; allowed: .m8n8", SLICE(in->name));
	if (in->layout_count > 1 || (in->layout_count && in->layouts[0] != LAYOUT_TRANS) ||
	    (needs_trans && !in->layout_count))
		ptx_fail(p, in->at, "layout of '%.*s'; allowed: .trans", SLICE(in->name));
}

void lower_ldmatrix(struct ptx *p, const struct instr *in)
{
	unsigned count = in->vector;

	check_8x8(p, in, false);
	if (count == 8)
		ptx_fail(p, in->at, "'ldmatrix.v8'; allowed: .x1 .x2 .x4");
	if (in->space > 0 && in->space != ROAD_GPU_SPACE_SHARED)
		ptx_fail(p, in->at, "state space of 'ldmatrix'; allowed: .shared");
	fragment_check(p, in, &in->operands[0], count);
	struct address address = lower_address(p, in, &in->operands[1], space_of(in));
	uint32_t d = count > 1 ? vreg_new_group(p, CLASS_R, count) : temp(p, CLASS_R);
	unsigned op = count == 1   ? ROAD_GPU_OP_ldmatrix_x1
		      : count == 2 ? ROAD_GPU_OP_ldmatrix_x2
				   : ROAD_GPU_OP_ldmatrix_x4;

	emit_memory(p, in, op, d, &address, 0)->aux =
		in->layout_count ? ROAD_GPU_LDMATRIX_TRANSPOSED : 0;
	scatter(p, in, &in->operands[0], count, TYPE_B32, d);
}

void lower_movmatrix(struct ptx *p, const struct instr *in)
{
	check_8x8(p, in, true);
	emit(p, in, ROAD_GPU_OP_movmatrix, lower_dst(p, in, 0, TYPE_B32),
	     in_register(p, in, CLASS_R, lower_src(p, in, 1, TYPE_B32)), VAL_NONE, VAL_NONE);
}
