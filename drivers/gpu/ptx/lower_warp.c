/* SPDX-License-Identifier: Apache-2.0 */
/* What lanes of a warp tell each other, and reductions at barriers (PTX ISA, section 9.7.13). */
#include "drivers/gpu/ptx/lower.h"

/* The lanes that act together, as field c and modifier of the instruction. */
struct members {
	struct val c;
	uint16_t mods;
};

/* Operand k names them, or without .sync nobody does. */
static struct members members_of(struct ptx *p, const struct instr *in, unsigned k)
{
	struct members members = {.mods = ROAD_GPU_MEMBERS_ACTIVE};

	if (!(in->flags & FLAG_SYNC))
		return members;
	members.c = lower_src(p, in, k, TYPE_B32);
	members.mods = ROAD_GPU_MEMBERS_FIELD;
	if (members.c.is_const && members.c.bits == UINT32_MAX) {
		members.c = VAL_NONE;
		members.mods = ROAD_GPU_MEMBERS_FULL;
	}
	return members;
}

/* d, or d|p, where either may be `_`. */
static uint32_t destinations(struct ptx *p, const struct instr *in, enum ptx_type type,
			     uint32_t *second)
{
	struct operand first = in->operands[0];
	const struct function *f = p->function;

	*second = first.vreg2;
	if (*second && f->vregs[*second].cls != CLASS_P)
		ptx_fail(p, first.at, "second destination of '%.*s' must be a predicate",
			 SLICE(in->name));
	first.vreg2 = 0;
	return lower_destination(p, in, &first, type, false);
}

/* Clamp and segment mask in a register: they go into b (isa.h, PACKED). */
static struct val pack_shuffle(struct ptx *p, const struct instr *in, struct val b, struct val c)
{
	struct val low = emit_r(p, in, ROAD_GPU_OP_and_b32, b, val_const(31), VAL_NONE);
	struct val high = emit_r(p, in, ROAD_GPU_OP_and_b32, c, val_const(0x1f1f), VAL_NONE);

	high = emit_r(p, in, ROAD_GPU_OP_shl_b32, high, val_const(8), VAL_NONE);
	return emit_r(p, in, ROAD_GPU_OP_or_b32, low, high, VAL_NONE);
}

static unsigned shuffle_op(struct ptx *p, const struct instr *in)
{
	if (in->flags & FLAG_IDX && in->operation < 0)
		return ROAD_GPU_OP_shfl_idx_b32;
	if (!(in->flags & FLAG_IDX)) {
		switch (in->operation) {
		case OPERATION_UP: return ROAD_GPU_OP_shfl_up_b32;
		case OPERATION_DOWN: return ROAD_GPU_OP_shfl_down_b32;
		case OPERATION_BFLY: return ROAD_GPU_OP_shfl_bfly_b32;
		default: break;
		}
	}
	ptx_fail(p, in->at, "mode of 'shfl'; allowed: .up .down .bfly .idx");
}

void lower_shfl(struct ptx *p, const struct instr *in)
{
	unsigned op = shuffle_op(p, in);
	uint32_t second, d = destinations(p, in, TYPE_B32, &second);
	struct val a = lower_src(p, in, 1, TYPE_B32), b = lower_src(p, in, 2, TYPE_B32);
	struct val c = lower_src(p, in, 3, TYPE_B32);
	struct members members = members_of(p, in, 4);
	uint16_t aux = 0;

	if (c.is_const) {
		aux = ROAD_GPU_SHFL(0, c.bits & 31, c.bits >> 8 & 31);
	} else {
		b = pack_shuffle(p, in, b, c);
		members.mods |= ROAD_GPU_MOD_PACKED;
	}
	struct inst *i = emit(p, in, op, d, a, b, members.c);

	i->d2 = second;
	i->aux = aux;
	i->mods = members.mods;
}

static unsigned vote_op(struct ptx *p, const struct instr *in)
{
	bool ballot = in->operation == OPERATION_BALLOT, uni = in->flags & FLAG_UNI;

	if (uni == (in->operation >= 0) ||
	    (!uni && !ballot && in->operation != OPERATION_ALL && in->operation != OPERATION_ANY))
		ptx_fail(p, in->at, "mode of 'vote'; allowed: .all .any .uni .ballot");
	if (ballot != (in->types[0] == TYPE_B32))
		ptx_fail(p, in->at, "'vote%s' with type .%s; allowed: .%s", ballot ? ".ballot" : "",
			 ptx_types[in->types[0]].name, ballot ? "b32" : "pred");
	if (uni)
		return ROAD_GPU_OP_vote_uni;
	return ballot                           ? ROAD_GPU_OP_vote_ballot
	       : in->operation == OPERATION_ALL ? ROAD_GPU_OP_vote_all
						: ROAD_GPU_OP_vote_any;
}

void lower_vote(struct ptx *p, const struct instr *in)
{
	unsigned op = vote_op(p, in);
	uint32_t d = op == ROAD_GPU_OP_vote_ballot ? lower_dst(p, in, 0, TYPE_B32)
						   : lower_pred_dst(p, &in->operands[0]);
	struct val a = lower_pred(p, &in->operands[1]);
	struct members members = members_of(p, in, 2);

	emit(p, in, op, d, a, VAL_NONE, members.c)->mods = members.mods;
}

void lower_match(struct ptx *p, const struct instr *in)
{
	bool wide = in->types[0] == TYPE_B64, all = in->operation == OPERATION_ALL;
	uint32_t second, d = destinations(p, in, TYPE_B32, &second);
	struct members members = members_of(p, in, 2);

	if (!all && in->operation != OPERATION_ANY)
		ptx_fail(p, in->at, "mode of 'match'; allowed: .any .all");
	if (!all && second)
		ptx_fail(p, in->operands[0].at, "'match.any' has one destination");
	struct inst *i = emit(p, in,
			      all    ? wide ? ROAD_GPU_OP_match_all_b64 : ROAD_GPU_OP_match_all_b32
			      : wide ? ROAD_GPU_OP_match_any_b64
				     : ROAD_GPU_OP_match_any_b32,
			      d, lower_src(p, in, 1, in->types[0]), VAL_NONE, members.c);

	i->d2 = second;
	i->mods = members.mods;
}

static unsigned redux_op(struct ptx *p, const struct instr *in)
{
	bool is_signed = in->types[0] == TYPE_S32;

	if (in->types[0] == TYPE_B32) {
		return in->combine == ROAD_GPU_BOOL_AND  ? ROAD_GPU_OP_redux_and_b32
		       : in->combine == ROAD_GPU_BOOL_OR ? ROAD_GPU_OP_redux_or_b32
							 : ROAD_GPU_OP_redux_xor_b32;
	}
	switch (in->operation) {
	case OPERATION_ADD: return ROAD_GPU_OP_redux_add_b32;
	case OPERATION_MIN:
		return is_signed ? ROAD_GPU_OP_redux_min_s32 : ROAD_GPU_OP_redux_min_u32;
	case OPERATION_MAX:
		return is_signed ? ROAD_GPU_OP_redux_max_s32 : ROAD_GPU_OP_redux_max_u32;
	default: ptx_fail(p, in->at, "operation of 'redux'; allowed: .add .min .max");
	}
}

void lower_redux(struct ptx *p, const struct instr *in)
{
	if (in->types[0] == TYPE_B32 && in->combine < 0)
		ptx_fail(p, in->at, "operation of 'redux.b32'; allowed: .and .or .xor");
	unsigned op = redux_op(p, in);
	uint32_t d = lower_dst(p, in, 0, in->types[0]);
	struct val a = lower_src(p, in, 1, in->types[0]);
	struct members members = members_of(p, in, 2);

	emit(p, in, op, d, a, VAL_NONE, members.c)->mods = members.mods;
}

void lower_activemask(struct ptx *p, const struct instr *in)
{
	emit(p, in, ROAD_GPU_OP_activemask, lower_dst(p, in, 0, TYPE_B32), VAL_NONE, VAL_NONE,
	     VAL_NONE);
}

void lower_bar_warp(struct ptx *p, const struct instr *in)
{
	struct members members = members_of(p, in, 0);

	emit(p, in, ROAD_GPU_OP_bar_warp, 0, VAL_NONE, VAL_NONE, members.c)->mods = members.mods;
}

void lower_nanosleep(struct ptx *p, const struct instr *in)
{
	emit(p, in, ROAD_GPU_OP_nanosleep, 0, lower_src(p, in, 0, TYPE_U32), VAL_NONE, VAL_NONE);
}
