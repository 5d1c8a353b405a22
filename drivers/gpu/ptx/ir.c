/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpu/ptx/ir.h"

const struct op_info ptx_ops[ROAD_GPU_OPS] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                                            \
	{ROAD_GPU_UNIT_##unit, ROAD_GPU_LAT_##latency, ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, \
	 ROAD_GPU_OPERAND_##b, ROAD_GPU_OPERAND_##c,   ROAD_GPU_MODS_##mods, #name},
#include "uapi/gpu/ops.def"
#undef OP
};

unsigned operand_count(unsigned kind)
{
	static const uint8_t counts[] = {
		[ROAD_GPU_OPERAND_N] = 0,  [ROAD_GPU_OPERAND_R] = 1,  [ROAD_GPU_OPERAND_D] = 1,
		[ROAD_GPU_OPERAND_V2] = 2, [ROAD_GPU_OPERAND_V4] = 4, [ROAD_GPU_OPERAND_W2] = 2,
		[ROAD_GPU_OPERAND_P] = 1,  [ROAD_GPU_OPERAND_A] = 1,
	};

	return counts[kind];
}

static unsigned add_operand(unsigned kind, uint32_t vreg, uint32_t *out, unsigned n)
{
	for (unsigned k = 0; vreg && k < operand_count(kind); k++)
		out[n++] = vreg + k;
	return n;
}

unsigned inst_writes(const struct inst *i, uint32_t writes[OPERANDS_MAX])
{
	unsigned n = add_operand(ptx_ops[i->op].d, i->d, writes, 0);

	if (i->d2)
		writes[n++] = i->d2;
	return n;
}

unsigned inst_reads(const struct vreg *vregs, const struct inst *i, uint32_t reads[OPERANDS_MAX])
{
	const struct op_info *op = &ptx_ops[i->op];
	unsigned n = 0;

	n = add_operand(op->a, i->a, reads, n);
	n = add_operand(op->b, i->b, reads, n);
	n = add_operand(op->c, i->c, reads, n);
	if (!i->guard)
		return n;
	reads[n++] = i->guard;
	uint32_t writes[OPERANDS_MAX];
	unsigned count = inst_writes(i, writes);

	for (unsigned k = 0; k < count; k++)
		if (!vregs[writes[k]].temporary)
			reads[n++] = writes[k];
	return n;
}

bool inst_is_jump(const struct inst *i)
{
	return i->op == ROAD_GPU_OP_bra || i->op == ROAD_GPU_OP_brx || i->op == ROAD_GPU_OP_exit ||
	       i->op == ROAD_GPU_OP_trap || i->op == ROAD_GPU_OP_ret || inst_is_call(i);
}

bool inst_is_call(const struct inst *i)
{
	return i->op == ROAD_GPU_OP_call || i->op == ROAD_GPU_OP_call_table;
}

bool inst_is_memory(const struct inst *i)
{
	return ptx_ops[i->op].a == ROAD_GPU_OPERAND_A || i->op == ROAD_GPU_OP_membar;
}

bool inst_is_atomic(const struct inst *i)
{
	return ptx_ops[i->op].mods == ROAD_GPU_MODS_ATOM ||
	       ptx_ops[i->op].mods == ROAD_GPU_MODS_CAS;
}

bool inst_is_mbarrier(const struct inst *i)
{
	return ptx_ops[i->op].mods == ROAD_GPU_MODS_MBARRIER;
}

bool inst_is_collective(const struct inst *i)
{
	unsigned mods = ptx_ops[i->op].mods;

	return mods == ROAD_GPU_MODS_SHFL || mods == ROAD_GPU_MODS_WARP ||
	       mods == ROAD_GPU_MODS_MATCH || i->op == ROAD_GPU_OP_activemask;
}

/* A plain load has no effect of its own but the fault that a bad address makes; a program that
 * never looks at the value cannot need it. */
bool inst_has_effect(const struct inst *i)
{
	if (ptx_ops[i->op].unit == ROAD_GPU_UNIT_CONTROL)
		return i->op != ROAD_GPU_OP_nop;
	if (i->op == ROAD_GPU_OP_stack_u32 || i->symbol == SYMBOL_IS_STACK)
		return true;
	if (inst_is_collective(i) || inst_is_atomic(i) || inst_is_mbarrier(i))
		return true;
	if (!inst_is_memory(i))
		return false;
	return ptx_ops[i->op].d == ROAD_GPU_OPERAND_N ||
	       (i->mods & (ROAD_GPU_MEM_VOLATILE | ROAD_GPU_MEM_SEM_MASK));
}

bool inst_is_copy(const struct inst *i)
{
	if (i->op == ROAD_GPU_OP_plop)
		return i->aux == 0xf0 && i->a && !(i->negate & NEGATE_A);
	return (i->op == ROAD_GPU_OP_mov_b32 || i->op == ROAD_GPU_OP_mov_b64) && i->b;
}

uint32_t inst_copied(const struct inst *i)
{
	return i->op == ROAD_GPU_OP_plop ? i->a : i->b;
}

void block_insert_before(struct block *b, struct inst *at, struct inst *i)
{
	i->block = b;
	i->next = at;
	i->prev = at->prev;
	if (at->prev)
		at->prev->next = i;
	else
		b->head = i;
	at->prev = i;
}

void block_insert_after(struct block *b, struct inst *at, struct inst *i)
{
	i->block = b;
	i->prev = at;
	i->next = at->next;
	if (at->next)
		at->next->prev = i;
	else
		b->tail = i;
	at->next = i;
}

void block_remove(struct inst *i)
{
	struct block *b = i->block;

	if (i->prev)
		i->prev->next = i->next;
	else
		b->head = i->next;
	if (i->next)
		i->next->prev = i->prev;
	else
		b->tail = i->prev;
}
