/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/gpu/decode.h"

#include "simulators/gpu/decode_image.h"
#include "simulators/gpu/exec.h"

#include <stdlib.h>
#include <string.h>

#define ROW            128u
#define POOL_MAX_BYTES (256u << 20) /* of a kernel's immediates: 16 bytes of image make 256 */

struct opcode {
	const char *name;
	uint8_t unit, latency;
	uint8_t operand[4]; /* d, a, b, c: enum road_gpu_operand */
	uint8_t mods;       /* enum road_gpu_modclass */
};

static const struct opcode opcodes[ROAD_GPU_OPS] = {
#define OP(name, unit, latency, tier, d, a, b, c, mods)                                            \
	{#name,                                                                                    \
	 ROAD_GPU_UNIT_##unit,                                                                     \
	 ROAD_GPU_LAT_##latency,                                                                   \
	 {ROAD_GPU_OPERAND_##d, ROAD_GPU_OPERAND_##a, ROAD_GPU_OPERAND_##b, ROAD_GPU_OPERAND_##c}, \
	 ROAD_GPU_MODS_##mods},
#include "uapi/gpu/ops.def"
#undef OP
};

/* Rows and alignment of an operand that is registers. */
static const struct {
	uint8_t rows, align;
} shapes[] = {
	[ROAD_GPU_OPERAND_N] = {0, 1},  [ROAD_GPU_OPERAND_R] = {1, 1},
	[ROAD_GPU_OPERAND_D] = {2, 2},  [ROAD_GPU_OPERAND_V2] = {2, 2},
	[ROAD_GPU_OPERAND_V4] = {4, 4}, [ROAD_GPU_OPERAND_W2] = {4, 4},
	[ROAD_GPU_OPERAND_P] = {0, 1},  [ROAD_GPU_OPERAND_A] = {0, 1},
};

/* What follows from the opcode alone, where it is not plain arithmetic. */
static const struct {
	uint8_t kind, bytes, flags;
} traits[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_nop] = {ROAD_GPU_KIND_NOP, 0, 0},
	[ROAD_GPU_OP_ld_u8] = {ROAD_GPU_KIND_LOAD, 1, 0},
	[ROAD_GPU_OP_ld_s8] = {ROAD_GPU_KIND_LOAD, 1, 0},
	[ROAD_GPU_OP_ld_u16] = {ROAD_GPU_KIND_LOAD, 2, 0},
	[ROAD_GPU_OP_ld_s16] = {ROAD_GPU_KIND_LOAD, 2, 0},
	[ROAD_GPU_OP_ld_b32] = {ROAD_GPU_KIND_LOAD, 4, 0},
	[ROAD_GPU_OP_ld_b64] = {ROAD_GPU_KIND_LOAD, 8, 0},
	[ROAD_GPU_OP_ld_v2_b32] = {ROAD_GPU_KIND_LOAD, 8, 0},
	[ROAD_GPU_OP_ld_v4_b32] = {ROAD_GPU_KIND_LOAD, 16, 0},
	[ROAD_GPU_OP_ld_v2_b64] = {ROAD_GPU_KIND_LOAD, 16, 0},
	[ROAD_GPU_OP_st_b8] = {ROAD_GPU_KIND_STORE, 1, 0},
	[ROAD_GPU_OP_st_b16] = {ROAD_GPU_KIND_STORE, 2, 0},
	[ROAD_GPU_OP_st_b32] = {ROAD_GPU_KIND_STORE, 4, 0},
	[ROAD_GPU_OP_st_b64] = {ROAD_GPU_KIND_STORE, 8, 0},
	[ROAD_GPU_OP_st_v2_b32] = {ROAD_GPU_KIND_STORE, 8, 0},
	[ROAD_GPU_OP_st_v4_b32] = {ROAD_GPU_KIND_STORE, 16, 0},
	[ROAD_GPU_OP_st_v2_b64] = {ROAD_GPU_KIND_STORE, 16, 0},
	[ROAD_GPU_OP_membar] = {ROAD_GPU_KIND_MEMBAR, 0, 0},
	[ROAD_GPU_OP_bra] = {ROAD_GPU_KIND_BRANCH, 0, 0},
	[ROAD_GPU_OP_brx] = {ROAD_GPU_KIND_BRANCH_TABLE, 0, 0},
	[ROAD_GPU_OP_call] = {ROAD_GPU_KIND_CALL, 0, 0},
	[ROAD_GPU_OP_call_table] = {ROAD_GPU_KIND_CALL_TABLE, 0, 0},
	[ROAD_GPU_OP_ret] = {ROAD_GPU_KIND_RETURN, 0, 0},
	[ROAD_GPU_OP_stack_u32] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_exit] = {ROAD_GPU_KIND_EXIT, 0, 0},
	[ROAD_GPU_OP_trap] = {ROAD_GPU_KIND_TRAP, 0, 0},
	[ROAD_GPU_OP_bar_sync] = {ROAD_GPU_KIND_BAR_SYNC, 0, 0},
	[ROAD_GPU_OP_bar_arrive] = {ROAD_GPU_KIND_BAR_ARRIVE, 0, 0},
	[ROAD_GPU_OP_shfl_up_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_shfl_down_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_shfl_bfly_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_shfl_idx_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_vote_all] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_vote_any] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_vote_uni] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_vote_ballot] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_match_any_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_match_any_b64] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_match_all_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_match_all_b64] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_add_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_min_u32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_min_s32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_max_u32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_max_s32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_and_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_or_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_redux_xor_b32] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_bar_warp] = {ROAD_GPU_KIND_SYNC, 0, 0},
	[ROAD_GPU_OP_nanosleep] = {ROAD_GPU_KIND_SLEEP, 0, 0},
	[ROAD_GPU_OP_bar_red_popc] = {ROAD_GPU_KIND_BAR_SYNC, 0, 0},
	[ROAD_GPU_OP_bar_red_and] = {ROAD_GPU_KIND_BAR_SYNC, 0, 0},
	[ROAD_GPU_OP_bar_red_or] = {ROAD_GPU_KIND_BAR_SYNC, 0, 0},
	[ROAD_GPU_OP_atom_b16] = {ROAD_GPU_KIND_ATOMIC, 2, 0},
	[ROAD_GPU_OP_atom_b32] = {ROAD_GPU_KIND_ATOMIC, 4, 0},
	[ROAD_GPU_OP_atom_b64] = {ROAD_GPU_KIND_ATOMIC, 8, 0},
	[ROAD_GPU_OP_cas_b16] = {ROAD_GPU_KIND_ATOMIC, 2, 0},
	[ROAD_GPU_OP_cas_b32] = {ROAD_GPU_KIND_ATOMIC, 4, 0},
	[ROAD_GPU_OP_cas_b64] = {ROAD_GPU_KIND_ATOMIC, 8, 0},
	[ROAD_GPU_OP_red_b16] = {ROAD_GPU_KIND_ATOMIC, 2, 0},
	[ROAD_GPU_OP_red_b32] = {ROAD_GPU_KIND_ATOMIC, 4, 0},
	[ROAD_GPU_OP_red_b64] = {ROAD_GPU_KIND_ATOMIC, 8, 0},
	[ROAD_GPU_OP_copy_b32] = {ROAD_GPU_KIND_COPY, 4, 0},
	[ROAD_GPU_OP_copy_b64] = {ROAD_GPU_KIND_COPY, 8, 0},
	[ROAD_GPU_OP_copy_b128] = {ROAD_GPU_KIND_COPY, 16, 0},
	[ROAD_GPU_OP_copy_commit] = {ROAD_GPU_KIND_COPY_COMMIT, 0, 0},
	[ROAD_GPU_OP_copy_wait] = {ROAD_GPU_KIND_COPY_WAIT, 0, 0},
	[ROAD_GPU_OP_copy_arrive] = {ROAD_GPU_KIND_COPY_ARRIVE, 8, 0},
	[ROAD_GPU_OP_mbarrier] = {ROAD_GPU_KIND_MBARRIER, 8, 0},
	[ROAD_GPU_OP_mbarrier_test] = {ROAD_GPU_KIND_MBARRIER, 8, 0},
	[ROAD_GPU_OP_mbarrier_parity] = {ROAD_GPU_KIND_MBARRIER, 8, 0},
	[ROAD_GPU_OP_ldmatrix_x1] = {ROAD_GPU_KIND_LOAD, 16, ROAD_GPU_INSN_MATRIX},
	[ROAD_GPU_OP_ldmatrix_x2] = {ROAD_GPU_KIND_LOAD, 16, ROAD_GPU_INSN_MATRIX},
	[ROAD_GPU_OP_ldmatrix_x4] = {ROAD_GPU_KIND_LOAD, 16, ROAD_GPU_INSN_MATRIX},
	[ROAD_GPU_OP_print] = {ROAD_GPU_KIND_PRINT, 0, 0},
	[ROAD_GPU_OP_assert_fail] = {ROAD_GPU_KIND_PRINT, 0, 0},
	[ROAD_GPU_OP_mma_f32_b2] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_f32_b1] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_f16_b2] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_f16_b1] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_s32_b2] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_s32_b1] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_s32_m8] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_mma_f64] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_movmatrix] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_div_u32] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_div_s32] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_rem_u32] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_rem_s32] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_div_u64] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_div_s64] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_rem_u64] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_rem_s64] = {0, 0, ROAD_GPU_INSN_SLOW},
	[ROAD_GPU_OP_div_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_rcp_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_sqrt_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_rsqrt_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_ex2_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_lg2_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_sin_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_cos_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_tanh_approx_f32] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_ex2_approx_half] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_tanh_approx_half] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_rcp_approx_f64] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
	[ROAD_GPU_OP_rsqrt_approx_f64] = {0, 0, ROAD_GPU_INSN_APPROXIMATE},
};

/*
 * Multiply-adds of matrix instructions. What is not f16 or bf16 counts by the rates of an A100's
 * tensor cores against f16 (NVIDIA A100 white paper, 2020): tf32 1/2, int8 2, f64 1/16.
 */
static const uint16_t work[ROAD_GPU_OPS] = {
	[ROAD_GPU_OP_mma_f32_b2] = 16 * 8 * 16,     [ROAD_GPU_OP_mma_f32_b1] = 16 * 8 * 8,
	[ROAD_GPU_OP_mma_f16_b2] = 16 * 8 * 16,     [ROAD_GPU_OP_mma_f16_b1] = 16 * 8 * 8,
	[ROAD_GPU_OP_mma_s32_b2] = 16 * 8 * 32 / 2, [ROAD_GPU_OP_mma_s32_b1] = 16 * 8 * 16 / 2,
	[ROAD_GPU_OP_mma_s32_m8] = 8 * 8 * 16 / 2,  [ROAD_GPU_OP_mma_f64] = 8 * 8 * 4 * 16,
};

/* Rows of constants: immediates of one kernel, each value once. */
struct pool {
	uint8_t *rows;
	uint32_t used, room; /* bytes */
	uint32_t *slots;     /* hash of offsets; 0 = empty (offset 0 is the zero rows) */
	uint32_t slot_count; /* power of two */
};

struct kernel_decoder {
	const struct road_gpu_code *code;
	const struct opcode *opcode;
	struct pool pool;
	bool no_memory;
};

const char *road_gpu_op_name(unsigned op)
{
	return op < ROAD_GPU_OPS ? opcodes[op].name : "?";
}

static bool pool_init(struct pool *pool, uint32_t words)
{
	pool->slot_count = 16;
	while (pool->slot_count < words * 2u)
		pool->slot_count *= 2;
	pool->room = 16 * ROW;
	pool->used = 4 * ROW;
	pool->slots = calloc(pool->slot_count, sizeof(*pool->slots));
	pool->rows = aligned_alloc(64, pool->room);
	if (!pool->slots || !pool->rows)
		return false;
	memset(pool->rows, 0, pool->used);
	return true;
}

static bool pool_grow(struct pool *pool)
{
	uint8_t *rows;

	if (pool->room - pool->used >= 2 * ROW)
		return true;
	if (pool->room >= POOL_MAX_BYTES)
		return false;
	rows = aligned_alloc(64, (size_t)pool->room * 2);
	if (!rows)
		return false;
	memcpy(rows, pool->rows, pool->used);
	free(pool->rows);
	pool->rows = rows;
	pool->room *= 2;
	return true;
}

/* Offset of a pair of rows that holds 64-bit `value` in each lane, or of one row of 32 bits. */
static uint32_t pool_find(struct pool *pool, uint64_t value, bool wide)
{
	uint64_t hash = (value * 2u + wide) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t slot = (uint32_t)(hash >> 32) & (pool->slot_count - 1);
	uint8_t *row;

	for (; pool->slots[slot]; slot = (slot + 1) & (pool->slot_count - 1)) {
		uint32_t entry = pool->slots[slot];
		uint64_t stored = 0;

		if ((entry & 1u) != wide)
			continue;
		memcpy(&stored, pool->rows + (entry & ~1u), wide ? 8 : 4);
		if (stored == value)
			return entry & ~1u;
	}
	if (!pool_grow(pool))
		return 0;
	row = pool->rows + pool->used;
	for (unsigned l = 0; l < ROAD_GPU_WARP_LANES; l++) {
		if (wide)
			memcpy(row + l * 8, &value, 8);
		else
			memcpy(row + l * 4, &value, 4);
	}
	pool->slots[slot] = pool->used | wide;
	pool->used += wide ? 2 * ROW : ROW;
	return pool->slots[slot] & ~1u;
}

/* The immediate as the operand kind wants it (isa.h, "form"). */
static uint32_t constant(struct kernel_decoder *decoder, const struct road_gpu_word *word,
			 bool wide)
{
	uint64_t value = (uint32_t)word->imm;
	uint32_t offset;

	if (wide)
		value = word->form & ROAD_GPU_FORM_IMM_HIGH ? value << 32
							    : (uint64_t)(int64_t)word->imm;
	if (!value)
		return ROAD_GPU_BANK_MASK;
	offset = pool_find(&decoder->pool, value, wide);
	if (!offset)
		decoder->no_memory = true;
	return offset | ROAD_GPU_BANK_MASK;
}

static bool good_predicate(const struct road_gpu_kernel *desc, unsigned field, bool source)
{
	unsigned index = field & ~(source ? ROAD_GPU_PNOT : 0u);

	return index == ROAD_GPU_PT || index < desc->preds;
}

static bool good_registers(const struct road_gpu_kernel *desc, unsigned field, unsigned kind)
{
	if (field == ROAD_GPU_RZ)
		return true;
	return field % shapes[kind].align == 0 && field + shapes[kind].rows <= desc->regs;
}

static bool decode_target(struct kernel_decoder *decoder, const struct road_gpu_word *word,
			  struct road_gpu_insn *insn)
{
	const struct road_gpu_kernel *desc = &decoder->code->desc;
	unsigned kind = decoder->opcode->operand[0];

	insn->d = (uint32_t)desc->regs * ROW; /* the sink */
	insn->pd = ROAD_GPU_PT;
	if (kind == ROAD_GPU_OPERAND_N)
		return word->d == 0;
	if (kind == ROAD_GPU_OPERAND_P) {
		insn->pd = word->d;
		insn->uses.pred_write[0] = word->d;
		return good_predicate(desc, word->d, false);
	}
	if (!good_registers(desc, word->d, kind))
		return false;
	if (word->d != ROAD_GPU_RZ) {
		insn->d = (uint32_t)word->d * ROW;
		insn->uses.write = word->d;
		insn->uses.write_rows = shapes[kind].rows;
	}
	return true;
}

/* Field number `index` (1 a, 2 b, 3 c), as also FORM_IMM counts them. */
static bool decode_source(struct kernel_decoder *decoder, const struct road_gpu_word *word,
			  unsigned index, struct road_gpu_insn *insn)
{
	const struct road_gpu_kernel *desc = &decoder->code->desc;
	unsigned field = index == 1 ? word->a : index == 2 ? word->b : word->c;
	uint32_t *row = index == 1 ? &insn->a : index == 2 ? &insn->b : &insn->c;
	uint8_t *predicate = index == 1 ? &insn->pa : index == 2 ? &insn->pb : &insn->pc;
	unsigned kind = decoder->opcode->operand[index];

	*row = ROAD_GPU_BANK_MASK;
	*predicate = ROAD_GPU_PT;
	if (kind == ROAD_GPU_OPERAND_A)
		kind = word->form & ROAD_GPU_FORM_ADDR32 ? ROAD_GPU_OPERAND_R : ROAD_GPU_OPERAND_D;
	if (kind == ROAD_GPU_OPERAND_N)
		return field == 0;
	if (kind == ROAD_GPU_OPERAND_P) {
		*predicate = (uint8_t)field;
		insn->uses.pred_read[index] = field & ROAD_GPU_PREDS_MAX;
		return good_predicate(desc, field, true);
	}
	if ((word->form & ROAD_GPU_FORM_IMM_MASK) == index) {
		*row = constant(decoder, word, kind == ROAD_GPU_OPERAND_D);
		return field == ROAD_GPU_RZ;
	}
	if (!good_registers(desc, field, kind))
		return false;
	if (field != ROAD_GPU_RZ) {
		*row = (uint32_t)field * ROW;
		insn->uses.read[index - 1] = (uint8_t)field;
		insn->uses.read_rows[index - 1] = shapes[kind].rows;
	}
	return true;
}

static bool good_form(const struct opcode *opcode, const struct road_gpu_word *word)
{
	unsigned index = word->form & ROAD_GPU_FORM_IMM_MASK;
	unsigned kind = index ? opcode->operand[index] : ROAD_GPU_OPERAND_N;
	bool memory = opcode->operand[1] == ROAD_GPU_OPERAND_A;

	if (word->form & ~ROAD_GPU_FORM_ALL)
		return false;
	if (word->form & ROAD_GPU_FORM_ADDR32 && !memory)
		return false;
	if (index && (memory || opcode->mods == ROAD_GPU_MODS_BRX))
		return false; /* imm is the offset or the table there */
	if (index && kind != ROAD_GPU_OPERAND_R && kind != ROAD_GPU_OPERAND_D)
		return false;
	return !(word->form & ROAD_GPU_FORM_IMM_HIGH) || kind == ROAD_GPU_OPERAND_D;
}

/* imm of words without an immediate operand */
static enum road_gpu_image_error check_imm(const struct road_gpu_code *code,
					   const struct opcode *opcode,
					   const struct road_gpu_word *word)
{
	if (opcode->mods == ROAD_GPU_MODS_BRANCH)
		return word->imm >= 0 && (uint32_t)word->imm < code->desc.word_count
			       ? ROAD_GPU_IMAGE_OK
			       : ROAD_GPU_IMAGE_TARGET;
	if (opcode->mods == ROAD_GPU_MODS_BRX)
		return word->imm >= 0 && word->aux <= code->desc.branch_count &&
				       (uint32_t)word->imm <= code->desc.branch_count - word->aux
			       ? ROAD_GPU_IMAGE_OK
			       : ROAD_GPU_IMAGE_TARGET;
	if (opcode->operand[1] == ROAD_GPU_OPERAND_A || word->form & ROAD_GPU_FORM_IMM_MASK)
		return ROAD_GPU_IMAGE_OK;
	return word->imm == 0 ? ROAD_GPU_IMAGE_OK : ROAD_GPU_IMAGE_IMMEDIATE;
}

/* Sums of floats depend on the order, and so does every value that was there before. */
static bool atomic_order_sensitive(const struct opcode *opcode, const struct road_gpu_word *word)
{
	return (opcode->operand[0] != ROAD_GPU_OPERAND_N && word->d != ROAD_GPU_RZ) ||
	       (opcode->mods == ROAD_GPU_MODS_ATOM && word->aux >= ROAD_GPU_ATOM_ADD_F);
}

static bool order_sensitive(const struct opcode *opcode, const struct road_gpu_word *word)
{
	unsigned aux = word->aux;

	if (opcode->mods == ROAD_GPU_MODS_ATOM || opcode->mods == ROAD_GPU_MODS_CAS)
		return atomic_order_sensitive(opcode, word);
	if (word->op == ROAD_GPU_OP_mbarrier) /* a state tells a count */
		return word->d != ROAD_GPU_RZ && aux >= ROAD_GPU_MBARRIER_ARRIVE_NO_COMPLETE;
	if (opcode->mods != ROAD_GPU_MODS_SREG)
		return false;
	return aux == ROAD_GPU_SREG_SMID || aux == ROAD_GPU_SREG_NSMID ||
	       aux == ROAD_GPU_SREG_WARPID ||
	       (aux >= ROAD_GPU_SREG_CLOCK && aux <= ROAD_GPU_SREG_GLOBALTIMER_HI);
}

static void copy_traits(const struct opcode *opcode, const struct road_gpu_word *word,
			struct road_gpu_insn *insn)
{
	*insn = (struct road_gpu_insn){
		.op = word->op,
		.mods = word->mods,
		.aux = word->aux,
		.imm = word->imm,
		.guard = word->guard,
		.form = word->form,
		.unit = opcode->unit,
		.latency = opcode->latency,
		.kind = traits[word->op].kind,
		.bytes = traits[word->op].bytes,
		.flags = traits[word->op].flags,
		.work = work[word->op],
	};
	memset(insn->uses.pred_read, ROAD_GPU_PT, sizeof(insn->uses.pred_read));
	memset(insn->uses.pred_write, ROAD_GPU_PT, sizeof(insn->uses.pred_write));
	insn->uses.pred_read[0] = word->guard & ROAD_GPU_PREDS_MAX;
	if (opcode->operand[1] == ROAD_GPU_OPERAND_A || word->op == ROAD_GPU_OP_membar)
		insn->space = word->mods & ROAD_GPU_MEM_SPACE_MASK;
	if (order_sensitive(opcode, word))
		insn->flags |= ROAD_GPU_INSN_ORDER_SENSITIVE;
	if (opcode->mods == ROAD_GPU_MODS_ICMP || opcode->mods == ROAD_GPU_MODS_FCMP ||
	    opcode->mods == ROAD_GPU_MODS_HCMP || opcode->mods == ROAD_GPU_MODS_CARRY)
		insn->uses.pred_write[1] = word->aux & ROAD_GPU_PREDS_MAX;
	if (opcode->mods == ROAD_GPU_MODS_SHFL || opcode->mods == ROAD_GPU_MODS_MATCH)
		insn->uses.pred_write[1] = ROAD_GPU_SHFL_PRED(word->aux);
	/* Nobody is waited for. */
	if (insn->kind == ROAD_GPU_KIND_SYNC &&
	    (word->mods & ROAD_GPU_MOD_MEMBERS_MASK) == ROAD_GPU_MEMBERS_ACTIVE)
		insn->kind = ROAD_GPU_KIND_ALU;
}

static enum road_gpu_image_error decode_word(struct kernel_decoder *decoder,
					     const struct road_gpu_word *word,
					     struct road_gpu_insn *insn)
{
	static const enum road_gpu_image_error operand_errors[] = {
		0, ROAD_GPU_IMAGE_OPERAND_A, ROAD_GPU_IMAGE_OPERAND_B, ROAD_GPU_IMAGE_OPERAND_C};
	const struct road_gpu_code *code = decoder->code;
	const struct opcode *opcode;
	enum road_gpu_image_error error;

	if (word->op >= ROAD_GPU_OPS)
		return ROAD_GPU_IMAGE_OPCODE;
	opcode = decoder->opcode = &opcodes[word->op];
	if (!good_form(opcode, word))
		return ROAD_GPU_IMAGE_FORM;
	error = road_gpu_check_mods(opcode->mods, opcode->operand, word, &code->desc);
	if (error)
		return error;
	if (!good_predicate(&code->desc, word->guard, true))
		return ROAD_GPU_IMAGE_GUARD;
	error = check_imm(code, opcode, word);
	if (error)
		return error;
	copy_traits(opcode, word, insn);
	if (!decode_target(decoder, word, insn))
		return ROAD_GPU_IMAGE_OPERAND_D;
	for (unsigned index = 1; index <= 3; index++) {
		if (!decode_source(decoder, word, index, insn))
			return operand_errors[index];
	}
	return ROAD_GPU_IMAGE_OK;
}

/* The instruction that stands behind the last word. */
static void put_end(struct road_gpu_insn *insn, const struct road_gpu_kernel *desc)
{
	*insn = (struct road_gpu_insn){.kind = ROAD_GPU_KIND_END,
				       .op = ROAD_GPU_OP_nop,
				       .unit = ROAD_GPU_UNIT_CONTROL,
				       .guard = ROAD_GPU_PT,
				       .a = ROAD_GPU_BANK_MASK,
				       .b = ROAD_GPU_BANK_MASK,
				       .c = ROAD_GPU_BANK_MASK,
				       .d = (uint32_t)desc->regs * ROW};
	memset(insn->uses.pred_read, ROAD_GPU_PT, sizeof(insn->uses.pred_read));
	memset(insn->uses.pred_write, ROAD_GPU_PT, sizeof(insn->uses.pred_write));
}

enum road_gpu_image_error road_gpu_decode_kernel(struct road_gpu_code *code,
						 const struct road_gpu_word *words,
						 const struct road_gpu_variant *variant,
						 uint32_t *word, bool *no_memory)
{
	struct kernel_decoder decoder = {.code = code};
	enum road_gpu_image_error error = ROAD_GPU_IMAGE_OK;
	uint32_t count = code->desc.word_count;

	code->insns = aligned_alloc(64, ((size_t)count + 1) * sizeof(*code->insns));
	if (!code->insns || !pool_init(&decoder.pool, count))
		decoder.no_memory = true;
	for (*word = 0; *word < count && !decoder.no_memory; ++*word) {
		struct road_gpu_insn *insn = &code->insns[*word];

		error = decode_word(&decoder, &words[*word], insn);
		if (error)
			break;
		code->copies |=
			insn->kind >= ROAD_GPU_KIND_COPY && insn->kind <= ROAD_GPU_KIND_COPY_ARRIVE;
		insn->exec = variant->executor(insn);
	}
	if (!error && !decoder.no_memory)
		put_end(&code->insns[count], &code->desc);
	free(decoder.pool.slots);
	code->constants = decoder.pool.rows;
	*no_memory = decoder.no_memory;
	return error;
}
