/* SPDX-License-Identifier: Apache-2.0 */
/* Constants: evaluation, identities, immediates. */
#include "drivers/gpu/ptx/opt.h"

struct source {
	uint32_t *reg;
	unsigned kind, form;
	bool is_const;
	uint64_t bits;
};

static uint64_t immediate_bits(const struct inst *i, unsigned kind)
{
	if (kind != ROAD_GPU_OPERAND_D)
		return (uint32_t)i->imm;
	if (i->form & ROAD_GPU_FORM_IMM_HIGH)
		return (uint64_t)(uint32_t)i->imm << 32;
	return (uint64_t)(int64_t)i->imm;
}

static void read_sources(struct opt *o, struct inst *i, struct source s[3])
{
	const struct op_info *op = &ptx_ops[i->op];
	uint32_t *regs[3] = {&i->a, &i->b, &i->c};
	const uint8_t kinds[3] = {op->a, op->b, op->c};

	for (unsigned k = 0; k < 3; k++) {
		s[k] = (struct source){.reg = regs[k], .kind = kinds[k], .form = k + 1};
		if (kinds[k] != ROAD_GPU_OPERAND_R && kinds[k] != ROAD_GPU_OPERAND_D)
			continue;
		if ((i->form & ROAD_GPU_FORM_IMM_MASK) == k + 1) {
			s[k].is_const = !i->symbol;
			s[k].bits = immediate_bits(i, kinds[k]);
		} else if (!*regs[k]) {
			s[k].is_const = true;
		} else if (o->values[*regs[k]].is_const) {
			s[k].is_const = true;
			s[k].bits = o->values[*regs[k]].bits;
		}
	}
}

static uint64_t shift_left(uint64_t a, uint64_t n, unsigned width)
{
	n = (uint32_t)n;
	return n >= width ? 0 : a << n;
}

static uint64_t shift_right(uint64_t a, uint64_t n, unsigned width)
{
	n = (uint32_t)n;
	return n >= width ? 0 : a >> n;
}

/* The few operations that are left over constants by lowering and by compilers. */
static bool evaluate(const struct inst *i, const struct source s[3], uint64_t *out)
{
	uint64_t a = s[0].bits, b = s[1].bits;

	switch (i->op) {
	case ROAD_GPU_OP_mov_b32:
	case ROAD_GPU_OP_mov_b64: *out = b; break;
	case ROAD_GPU_OP_pack_b64: *out = (uint32_t)a | b << 32; break;
	case ROAD_GPU_OP_unlo_b64: *out = (uint32_t)a; break;
	case ROAD_GPU_OP_unhi_b64: *out = a >> 32; break;
	case ROAD_GPU_OP_add_u32:
	case ROAD_GPU_OP_add_u64: *out = a + b; break;
	case ROAD_GPU_OP_sub_u32:
	case ROAD_GPU_OP_sub_u64: *out = a - b; break;
	case ROAD_GPU_OP_mul_lo_u32:
	case ROAD_GPU_OP_mul_lo_u64: *out = a * b; break;
	case ROAD_GPU_OP_mul_wide_u32: *out = a * b; break;
	case ROAD_GPU_OP_mul_wide_s32:
		*out = (uint64_t)((int64_t)(int32_t)a * (int64_t)(int32_t)b);
		break;
	case ROAD_GPU_OP_and_b32:
	case ROAD_GPU_OP_and_b64: *out = a & b; break;
	case ROAD_GPU_OP_or_b32:
	case ROAD_GPU_OP_or_b64: *out = a | b; break;
	case ROAD_GPU_OP_xor_b32:
	case ROAD_GPU_OP_xor_b64: *out = a ^ b; break;
	case ROAD_GPU_OP_not_b32:
	case ROAD_GPU_OP_not_b64: *out = ~a; break;
	case ROAD_GPU_OP_shl_b32: *out = shift_left(a, b, 32); break;
	case ROAD_GPU_OP_shl_b64: *out = shift_left(a, b, 64); break;
	case ROAD_GPU_OP_shr_u32: *out = shift_right(a, b, 32); break;
	case ROAD_GPU_OP_shr_u64: *out = shift_right(a, b, 64); break;
	case ROAD_GPU_OP_cvt_64_32:
		if (i->mods || (i->aux != ROAD_GPU_CVT(ROAD_GPU_S64, ROAD_GPU_S32) &&
				i->aux != ROAD_GPU_CVT(ROAD_GPU_U64, ROAD_GPU_U32)))
			return false;
		*out = ROAD_GPU_CVT_TO(i->aux) == ROAD_GPU_S64 ? (uint64_t)(int64_t)(int32_t)a : a;
		break;
	default: return false;
	}
	if (ptx_ops[i->op].d == ROAD_GPU_OPERAND_R)
		*out = (uint32_t)*out;
	return true;
}

/* x op constant = x: which source is x, or -1. */
static int identity(const struct inst *i, const struct source s[3])
{
	bool wide = ptx_ops[i->op].d == ROAD_GPU_OPERAND_D;
	uint64_t ones = wide ? ~UINT64_C(0) : UINT32_MAX;

	switch (i->op) {
	case ROAD_GPU_OP_add_u32:
	case ROAD_GPU_OP_add_u64:
	case ROAD_GPU_OP_or_b32:
	case ROAD_GPU_OP_or_b64:
	case ROAD_GPU_OP_xor_b32:
	case ROAD_GPU_OP_xor_b64:
		if (s[1].is_const && !s[1].bits)
			return 0;
		return s[0].is_const && !s[0].bits ? 1 : -1;
	case ROAD_GPU_OP_sub_u32:
	case ROAD_GPU_OP_sub_u64:
	case ROAD_GPU_OP_shl_b32:
	case ROAD_GPU_OP_shl_b64:
	case ROAD_GPU_OP_shr_u32:
	case ROAD_GPU_OP_shr_s32:
	case ROAD_GPU_OP_shr_u64:
	case ROAD_GPU_OP_shr_s64: return s[1].is_const && !s[1].bits ? 0 : -1;
	case ROAD_GPU_OP_mul_lo_u32:
	case ROAD_GPU_OP_mul_lo_u64: return s[1].is_const && s[1].bits == 1 ? 0 : -1;
	case ROAD_GPU_OP_and_b32:
	case ROAD_GPU_OP_and_b64: return s[1].is_const && s[1].bits == ones ? 0 : -1;
	default: return -1;
	}
}

static bool fits(unsigned kind, uint64_t bits, bool is_f64, int32_t *imm, uint8_t *high)
{
	*high = 0;
	*imm = (int32_t)(uint32_t)bits;
	if (kind == ROAD_GPU_OPERAND_R)
		return true;
	if (!is_f64 && (uint64_t)(int64_t)*imm == bits)
		return true;
	*high = ROAD_GPU_FORM_IMM_HIGH;
	*imm = (int32_t)(bits >> 32);
	return !(uint32_t)bits;
}

static void set_move(struct inst *i, uint32_t reg)
{
	bool wide = ptx_ops[i->op].d == ROAD_GPU_OPERAND_D;

	i->op = wide ? ROAD_GPU_OP_mov_b64 : ROAD_GPU_OP_mov_b32;
	i->a = i->c = 0;
	i->b = reg;
	i->mods = i->aux = 0;
	i->form = 0;
	i->imm = 0;
}

static bool takes_immediate(const struct inst *i)
{
	switch (ptx_ops[i->op].unit) {
	case ROAD_GPU_UNIT_LDST: return inst_is_collective(i);
	case ROAD_GPU_UNIT_CONTROL: return false;
	default: break;
	}
	return ptx_ops[i->op].mods != ROAD_GPU_MODS_CVT && i->op != ROAD_GPU_OP_isspacep &&
	       i->op != ROAD_GPU_OP_unlo_b64 && i->op != ROAD_GPU_OP_unhi_b64;
}

static void place_immediates(struct inst *i, const struct source s[3])
{
	bool is_f64 = ptx_ops[i->op].unit == ROAD_GPU_UNIT_FP64;
	int32_t imm;
	uint8_t high;

	for (unsigned k = 0; k < 3; k++) {
		if (!s[k].is_const || !*s[k].reg)
			continue;
		if (!s[k].bits) {
			*s[k].reg = 0; /* RZ */
			continue;
		}
		if (i->form & ROAD_GPU_FORM_IMM_MASK ||
		    !fits(s[k].kind, s[k].bits, is_f64, &imm, &high))
			continue;
		*s[k].reg = 0;
		i->form = (uint8_t)(s[k].form | high);
		i->imm = imm;
	}
}

void fold_inst(struct opt *o, struct inst *i)
{
	struct source s[3];
	uint64_t bits;
	int32_t imm;
	uint8_t high;

	if (inst_is_memory(i) && ptx_ops[i->op].d == ROAD_GPU_OPERAND_N &&
	    operand_count(ptx_ops[i->op].b) == 1 && o->values[i->b].is_const &&
	    !o->values[i->b].bits)
		i->b = 0; /* stores take no immediates, but RZ */
	if (!takes_immediate(i) && i->op != ROAD_GPU_OP_cvt_64_32 &&
	    i->op != ROAD_GPU_OP_unlo_b64 && i->op != ROAD_GPU_OP_unhi_b64)
		return;
	read_sources(o, i, s);
	bool all = true;

	for (unsigned k = 0; k < 3; k++)
		all &= s[k].is_const || s[k].kind == ROAD_GPU_OPERAND_N;
	bool known = all && evaluate(i, s, &bits);

	if (known && fits(ptx_ops[i->op].d, bits, false, &imm, &high)) {
		set_move(i, 0);
		if (bits) {
			i->form = (uint8_t)(ROAD_GPU_FORM_IMM_B | high);
			i->imm = imm;
		}
	} else {
		int same = identity(i, s);

		if (same >= 0 && *s[same].reg)
			set_move(i, *s[same].reg);
		else if (takes_immediate(i))
			place_immediates(i, s);
	}
	if (known && !i->guard && o->values[i->d].is_single) {
		o->values[i->d].is_const = true;
		o->values[i->d].bits = bits;
	}
}
