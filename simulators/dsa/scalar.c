/* SPDX-License-Identifier: Apache-2.0 */
/* What S does itself: arithmetic, branches, loads and stores of single words. */
#include "simulators/dsa/internal.h"

#include <string.h>

#include "simulators/dsa/hazard.h"

#define ALU(name, expression)                                          \
	static uint64_t alu_##name(uint64_t d, uint64_t a, uint64_t b) \
	{                                                              \
		(void)d, (void)a, (void)b;                             \
		return expression;                                     \
	}

ALU(imm, b)
ALU(high, (d & UINT32_MAX) | b << 32)
ALU(mov, a)
ALU(add, a + b)
ALU(sub, a - b)
ALU(mul, a *b)
ALU(divu, b ? a / b : UINT64_MAX)
ALU(remu, b ? a % b : a)
ALU(and, a &b)
ALU(or, a | b)
ALU(xor, a ^ b)
ALU(shl, b < 64 ? a << b : 0)
ALU(shr, b < 64 ? a >> b : 0)
ALU(sar, (uint64_t)((int64_t)a >> b))
ALU(minu, a < b ? a : b)
ALU(maxu, a > b ? a : b)
ALU(slt, (int64_t)a < (int64_t)b)
ALU(sltu, a < b)
ALU(eq, a == b)
ALU(ne, a != b)
ALU(ge, (int64_t)a >= (int64_t)b)
ALU(geu, a >= b)
ALU(less_one, d - 1)

/* b is the register, or imm where the format has no b. */
static const struct {
	uint64_t (*value)(uint64_t d, uint64_t a, uint64_t b);
} alu[ROAD_DSA_OPS] = {
	[ROAD_DSA_OP_beq] = {alu_eq},        [ROAD_DSA_OP_bne] = {alu_ne},
	[ROAD_DSA_OP_blt] = {alu_slt},       [ROAD_DSA_OP_bge] = {alu_ge},
	[ROAD_DSA_OP_bltu] = {alu_sltu},     [ROAD_DSA_OP_bgeu] = {alu_geu},
	[ROAD_DSA_OP_loop] = {alu_less_one}, [ROAD_DSA_OP_movi] = {alu_imm},
	[ROAD_DSA_OP_movh] = {alu_high},     [ROAD_DSA_OP_mov] = {alu_mov},
	[ROAD_DSA_OP_add] = {alu_add},       [ROAD_DSA_OP_addi] = {alu_add},
	[ROAD_DSA_OP_sub] = {alu_sub},       [ROAD_DSA_OP_mul] = {alu_mul},
	[ROAD_DSA_OP_muli] = {alu_mul},      [ROAD_DSA_OP_divu] = {alu_divu},
	[ROAD_DSA_OP_remu] = {alu_remu},     [ROAD_DSA_OP_and] = {alu_and},
	[ROAD_DSA_OP_andi] = {alu_and},      [ROAD_DSA_OP_or] = {alu_or},
	[ROAD_DSA_OP_ori] = {alu_or},        [ROAD_DSA_OP_xor] = {alu_xor},
	[ROAD_DSA_OP_shl] = {alu_shl},       [ROAD_DSA_OP_shli] = {alu_shl},
	[ROAD_DSA_OP_shr] = {alu_shr},       [ROAD_DSA_OP_shri] = {alu_shr},
	[ROAD_DSA_OP_sari] = {alu_sar},      [ROAD_DSA_OP_minu] = {alu_minu},
	[ROAD_DSA_OP_maxu] = {alu_maxu},     [ROAD_DSA_OP_slt] = {alu_slt},
	[ROAD_DSA_OP_sltu] = {alu_sltu},
};

static void put(struct dsa_core *core, uint32_t reg, uint64_t value)
{
	core->x[reg] = reg ? value : 0;
}

static uint64_t compute(struct dsa_core *core, const struct road_dsa_word *word)
{
	uint32_t format = dsa_ops[word->op].format;
	bool has_b = format == ROAD_DSA_FORMAT_D_A_B || format == ROAD_DSA_FORMAT_BRANCH;
	uint64_t b = has_b ? core->x[word->b] : (uint64_t)(int64_t)word->imm;

	return alu[word->op].value(core->x[word->d], core->x[word->a], b);
}

static void jump(struct dsa_core *core, const struct road_dsa_word *word, bool taken)
{
	core->pc = taken ? core->pc + (uint32_t)word->imm : core->pc + 1;
}

static uint64_t special(const struct dsa_core *core, int32_t name)
{
	switch (name) {
	case ROAD_DSA_SREG_BLOCK: return core->block;
	case ROAD_DSA_SREG_BLOCKS: return core->task->blocks;
	case ROAD_DSA_SREG_CORE: return core->setup.index;
	case ROAD_DSA_SREG_CLOCK: {
		unsigned __int128 cycles = core->now;

		return (uint64_t)(cycles * core->params->clock_hz / UINT64_C(1000000000000));
	}
	case ROAD_DSA_SREG_DATA: return core->task->data;
	case ROAD_DSA_SREG_ARG_BYTES: return core->task->argument_bytes;
	default: return core->params->pad_bytes[name - ROAD_DSA_SREG_L0A_BYTES];
	}
}

/* ---- memory ---- */

static uint64_t read_word(const uint8_t *at, uint32_t mods)
{
	uint32_t bits = 8u << (mods & ROAD_DSA_MOD_SIZE_MASK);
	uint64_t value = 0;

	memcpy(&value, at, bits / 8);
	if (mods & ROAD_DSA_MOD_SIGNED)
		value = (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
	return value;
}

/* Where an ldg, stg, ldu, stu goes; NULL: it is a fault. */
static uint8_t *find(struct dsa_core *core, const struct road_dsa_word *word, bool write)
{
	uint64_t address = core->x[word->a] + (uint64_t)(int64_t)word->imm;
	uint32_t bytes = 1u << (word->mods & ROAD_DSA_MOD_SIZE_MASK);
	struct dsa_piece piece;
	uint8_t *at;

	dsa_hazards_enter(core->hazards, ROAD_DSA_QUEUE_S, NULL);
	if (word->op == ROAD_DSA_OP_ldu || word->op == ROAD_DSA_OP_stu) {
		at = dsa_pad(core, ROAD_DSA_PAD_UB, address, bytes, bytes, write);
		if (at)
			dsa_hazards_pad(core->hazards, ROAD_DSA_PAD_UB, address, bytes, write);
		return at;
	}
	if (address % bytes) {
		dsa_fault(core, ROAD_DSA_FAULT_MISALIGNED, ROAD_DSA_PADS, address, bytes);
		return NULL;
	}
	if (!dsa_global(core, address, bytes, write, &piece))
		return NULL;
	dsa_touch(core, &piece, 0, bytes, write);
	return core->state == DSA_CORE_FAULTED ? NULL : piece.host;
}

static bool access_memory(struct dsa_core *core, const struct road_dsa_word *word)
{
	bool write = dsa_ops[word->op].format == ROAD_DSA_FORMAT_STORE;
	uint32_t bytes = 1u << (word->mods & ROAD_DSA_MOD_SIZE_MASK);
	uint8_t *at = find(core, word, write);

	if (!at)
		return false;
	core->counts.queue[ROAD_DSA_QUEUE_S].bytes += bytes;
	if (write)
		memcpy(at, &core->x[word->b], bytes);
	else
		put(core, word->d, read_word(at, word->mods));
	core->pc++;
	return true;
}

bool dsa_scalar_run(struct dsa_core *core, const struct road_dsa_word *word)
{
	switch (dsa_ops[word->op].format) {
	case ROAD_DSA_FORMAT_LOAD:
	case ROAD_DSA_FORMAT_STORE: return access_memory(core, word);
	case ROAD_DSA_FORMAT_IMM:
		return dsa_fault(core, ROAD_DSA_FAULT_TRAP, ROAD_DSA_PADS, 0,
				 (uint64_t)(int64_t)word->imm);
	case ROAD_DSA_FORMAT_JUMP: jump(core, word, true); return true;
	case ROAD_DSA_FORMAT_BRANCH: jump(core, word, compute(core, word)); return true;
	case ROAD_DSA_FORMAT_LOOP: {
		uint64_t left = compute(core, word);

		put(core, word->d, left);
		jump(core, word, left != 0);
		return true;
	}
	case ROAD_DSA_FORMAT_NONE: break;
	case ROAD_DSA_FORMAT_SREG: put(core, word->d, special(core, word->imm)); break;
	case ROAD_DSA_FORMAT_ARG:
		put(core, word->d, read_word(core->task->arguments + word->imm, word->mods));
		break;
	default: put(core, word->d, compute(core, word)); break;
	}
	core->pc++;
	return true;
}
