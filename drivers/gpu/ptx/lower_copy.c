/* SPDX-License-Identifier: Apache-2.0 */
/* Asynchronous copies from global to shared memory (PTX ISA, section 9.7.8.24). */
#include "drivers/gpu/ptx/lower.h"

static void check_operands(struct ptx *p, const struct instr *in, unsigned low, unsigned high)
{
	if (in->operand_count < low || in->operand_count > high)
		ptx_fail(p, in->at, "'cp.async' has %u operands here, needs %u to %u",
			 in->operand_count, low, high);
}

static uint64_t constant_operand(struct ptx *p, const struct instr *in, unsigned k)
{
	const struct operand *o = &in->operands[k];

	if (o->kind != OPERAND_CONST || o->constant.is_f32 || o->constant.is_f64)
		ptx_fail(p, o->at, "'cp.async' needs a whole number here");
	return o->constant.value;
}

static void lower_group(struct ptx *p, const struct instr *in)
{
	uint64_t groups = ROAD_GPU_COPY_ALL;

	check_operands(p, in, in->action == COPY_WAIT_GROUP, in->action == COPY_WAIT_GROUP);
	if (in->space >= 0 || in->cache >= 0)
		ptx_fail(p, in->at, "state space or cache operator for groups of 'cp.async'");
	if (in->action == COPY_COMMIT) {
		emit(p, in, ROAD_GPU_OP_copy_commit, 0, VAL_NONE, VAL_NONE, VAL_NONE);
		return;
	}
	if (in->action == COPY_WAIT_GROUP) {
		groups = constant_operand(p, in, 0);
		groups = groups < ROAD_GPU_COPY_ALL ? groups : ROAD_GPU_COPY_ALL - 1;
	}
	emit(p, in, ROAD_GPU_OP_copy_wait, 0, VAL_NONE, VAL_NONE, VAL_NONE)->aux = (uint16_t)groups;
}

static unsigned copy_op(struct ptx *p, const struct instr *in)
{
	uint64_t bytes = constant_operand(p, in, 2);

	if (in->cache == ROAD_GPU_CACHE_CG ? bytes != 16 : bytes != 4 && bytes != 8 && bytes != 16)
		ptx_fail(p, in->operands[2].at, "copy of %llu bytes; allowed: %s16",
			 (unsigned long long)bytes, in->cache == ROAD_GPU_CACHE_CG ? "" : "4 8 ");
	return bytes == 4   ? ROAD_GPU_OP_copy_b32
	       : bytes == 8 ? ROAD_GPU_OP_copy_b64
			    : ROAD_GPU_OP_copy_b128;
}

/* The source's address, whole in a register: the word has an offset for the target only. */
static uint32_t source_address(struct ptx *p, const struct instr *in)
{
	struct address from = lower_address(p, in, &in->operands[1], ROAD_GPU_SPACE_GLOBAL);

	if (from.vreg && !from.imm)
		return from.vreg;
	return emit_r(p, in, ROAD_GPU_OP_add_u64, val_reg(from.vreg),
		      val_const((uint64_t)(int64_t)from.imm), VAL_NONE)
		.vreg;
}

/* How many bytes are read: as many as it says; or none where the predicate holds (ignore-src). */
static struct val source_size(struct ptx *p, const struct instr *in, unsigned op)
{
	static const uint8_t bytes[] = {4, 8, 16};
	const struct operand *o = &in->operands[3];

	if (o->kind != OPERAND_REG || p->function->vregs[o->vreg].cls != CLASS_P)
		return in_register(p, in, CLASS_R, lower_src(p, in, 3, TYPE_U32));
	struct val all = val_const(bytes[op - ROAD_GPU_OP_copy_b32]);

	return emit_r(p, in, ROAD_GPU_OP_selp_b32, val_reg(0), all, lower_pred(p, o));
}

void lower_cp_async(struct ptx *p, const struct instr *in)
{
	if (in->action >= 0) {
		lower_group(p, in);
		return;
	}
	check_operands(p, in, in->flags & FLAG_HINT ? 4 : 3, in->flags & FLAG_HINT ? 5 : 4);
	if (in->space != ROAD_GPU_SPACE_SHARED || in->to_space != ROAD_GPU_SPACE_GLOBAL)
		ptx_fail(p, in->at, "state spaces of 'cp.async'; allowed: .shared.global");
	if (in->cache != ROAD_GPU_CACHE_CA && in->cache != ROAD_GPU_CACHE_CG)
		ptx_fail(p, in->at, "cache operator of 'cp.async'; allowed: .ca .cg");
	unsigned op = copy_op(p, in);
	bool sized = in->operand_count - (in->flags & FLAG_HINT ? 1u : 0u) > 3;
	struct val size = VAL_NONE;

	if (sized)
		size = source_size(p, in, op);
	struct address to = lower_address(p, in, &in->operands[0], ROAD_GPU_SPACE_SHARED);
	struct inst *i = emit(p, in, op, 0, val_reg(to.vreg), val_reg(source_address(p, in)), size);

	i->form = to.form;
	if (!to.vreg)
		i->form = ROAD_GPU_FORM_ADDR32;
	i->imm = to.imm;
	i->aux = sized ? ROAD_GPU_COPY_SIZED : 0;
	/* In no space of its own: it stays behind all that reads or writes memory before it. */
	i->mods = (uint16_t)((unsigned)in->cache << ROAD_GPU_MEM_CACHE_SHIFT);
}
