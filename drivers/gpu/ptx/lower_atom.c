/* SPDX-License-Identifier: Apache-2.0 */
/* atom and red (PTX ISA, section 9.7.13). */
#include "drivers/gpu/ptx/lower.h"

/* What a spelling does: enum road_gpu_atom, and the types it has. */
static const struct {
	int8_t operation, combine; /* -1: the other one says it */
	uint8_t atom;
	uint32_t types;
} atoms[] = {
	{OPERATION_EXCH, -1, ROAD_GPU_ATOM_EXCH, T_B32 | T_B64},
	{-1, ROAD_GPU_BOOL_AND, ROAD_GPU_ATOM_AND, T_B32 | T_B64},
	{-1, ROAD_GPU_BOOL_OR, ROAD_GPU_ATOM_OR, T_B32 | T_B64},
	{-1, ROAD_GPU_BOOL_XOR, ROAD_GPU_ATOM_XOR, T_B32 | T_B64},
	{OPERATION_ADD, -1, ROAD_GPU_ATOM_ADD, T_I32 | T_I64},
	{OPERATION_ADD, -1, ROAD_GPU_ATOM_ADD_F, T_F16 | T_F32 | T_F64},
	{OPERATION_ADD, -1, ROAD_GPU_ATOM_ADD_BF, T_BF16},
	{OPERATION_ADD, -1, ROAD_GPU_ATOM_ADD_FX2, T_F16X2},
	{OPERATION_ADD, -1, ROAD_GPU_ATOM_ADD_BFX2, T_BF16X2},
	{OPERATION_INC, -1, ROAD_GPU_ATOM_INC, T_U32},
	{OPERATION_DEC, -1, ROAD_GPU_ATOM_DEC, T_U32},
	{OPERATION_MIN, -1, ROAD_GPU_ATOM_MIN_U, T_U32 | T_U64},
	{OPERATION_MIN, -1, ROAD_GPU_ATOM_MIN_S, T_S32 | T_S64},
	{OPERATION_MAX, -1, ROAD_GPU_ATOM_MAX_U, T_U32 | T_U64},
	{OPERATION_MAX, -1, ROAD_GPU_ATOM_MAX_S, T_S32 | T_S64},
};

static unsigned find_atom(struct ptx *p, const struct instr *in)
{
	enum ptx_type type = in->types[0];
	uint32_t types = 0;

	for (unsigned k = 0; k < sizeof(atoms) / sizeof(atoms[0]); k++) {
		if (atoms[k].operation != in->operation || atoms[k].combine != in->combine)
			continue;
		if (atoms[k].types >> type & 1)
			return atoms[k].atom;
		types |= atoms[k].types;
	}
	if (types)
		ptx_fail(p, in->at, "type .%s in this '%.*s'; allowed: %s", ptx_types[type].name,
			 SLICE(in->name), type_set_names(p, &p->kernel, types));
	ptx_fail(p, in->at,
		 "operation of '%.*s'; allowed: .add .inc .dec .min .max .and .or .xor%s",
		 SLICE(in->name), in->row->op == ROAD_GPU_OP_atom_b32 ? " .exch .cas" : "");
}

static void check_atomic(struct ptx *p, const struct instr *in)
{
	int space = space_of(in);

	if (space > ROAD_GPU_SPACE_SHARED)
		ptx_fail(p, in->at, "state space of '%.*s'; allowed: .global .shared, or none",
			 SLICE(in->name));
	if (in->sem == ROAD_GPU_SEM_WEAK || in->sem == ROAD_GPU_SEM_SC)
		ptx_fail(p, in->at,
			 "memory order of '%.*s'; allowed: .relaxed .acquire .release .acq_rel",
			 SLICE(in->name));
}

static void check_operands(struct ptx *p, const struct instr *in, unsigned needs)
{
	needs += in->flags & FLAG_HINT ? 1 : 0;
	if (in->operand_count != needs)
		ptx_fail(p, in->at, "'%.*s' has %u operands, needs %u", SLICE(in->name),
			 in->operand_count, needs);
}

/* The opcode of a row of three (16, 32, 64 bits) for this type. */
static unsigned of_width(unsigned op_b16, enum ptx_type type)
{
	unsigned bytes = ptx_types[type].bytes;

	return op_b16 + (bytes == 2 ? 0 : bytes == 4 ? 1 : 2);
}

static struct val operand(struct ptx *p, const struct instr *in, unsigned k)
{
	enum ptx_type type = in->types[0];

	return in_register(p, in, type_class(type), lower_src(p, in, k, type));
}

static void lower_cas(struct ptx *p, const struct instr *in, uint32_t d,
		      const struct address *address)
{
	if (!((T_B16 | T_B32 | T_B64) >> in->types[0] & 1))
		ptx_fail(p, in->at, "type .%s in 'atom.cas'; allowed: %s",
			 ptx_types[in->types[0]].name,
			 type_set_names(p, &p->kernel, T_B16 | T_B32 | T_B64));
	struct val b = operand(p, in, 2), c = operand(p, in, 3);

	emit_memory(p, in, of_width(ROAD_GPU_OP_cas_b16, in->types[0]), d, address, b.vreg)->c =
		c.vreg;
}

void lower_atom(struct ptx *p, const struct instr *in)
{
	bool cas = in->operation == OPERATION_CAS;

	check_atomic(p, in);
	check_operands(p, in, cas ? 4 : 3);
	struct address address = lower_address(p, in, &in->operands[1], space_of(in));
	uint32_t d = lower_dst(p, in, 0, in->types[0]);

	if (cas) {
		lower_cas(p, in, d, &address);
		return;
	}
	unsigned atom = find_atom(p, in);
	struct val b = operand(p, in, 2);

	emit_memory(p, in, of_width(ROAD_GPU_OP_atom_b16, in->types[0]), d, &address, b.vreg)->aux =
		(uint16_t)atom;
}

void lower_red(struct ptx *p, const struct instr *in)
{
	check_atomic(p, in);
	check_operands(p, in, 2);
	struct address address = lower_address(p, in, &in->operands[0], space_of(in));

	if (in->operation == OPERATION_CAS || in->operation == OPERATION_EXCH)
		ptx_fail(p, in->at, "'red.%s'; allowed: .add .inc .dec .min .max .and .or .xor",
			 in->operation == OPERATION_CAS ? "cas" : "exch");
	unsigned atom = find_atom(p, in);
	struct val b = operand(p, in, 1);

	emit_memory(p, in, of_width(ROAD_GPU_OP_red_b16, in->types[0]), 0, &address, b.vreg)->aux =
		(uint16_t)atom;
}
