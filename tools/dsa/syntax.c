/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and what they say about words. */
#include "tools/dsa/syntax.h"

#include "uapi/dsa/image.h"

#include <stdio.h>
#include <string.h>

const struct dsa_op dsa_syntax_ops[ROAD_DSA_OPS] = {
#define OP(name, queue, format, types, text) \
	{#name, ROAD_DSA_QUEUE_##queue, ROAD_DSA_FORMAT_##format, types, text},
#include "uapi/dsa/ops.def"
#undef OP
};

const char *const dsa_syntax_types[ROAD_DSA_TYPES] = {"",    "s8",  "u8",   "s16", "s32",
						      "u32", "f16", "bf16", "f32"};
const uint8_t dsa_syntax_bytes[ROAD_DSA_TYPES] = {1, 1, 1, 2, 4, 4, 2, 2, 4};
const char *const dsa_syntax_queues[ROAD_DSA_QUEUES] = {"S",    "V",    "M",  "MTE1",
							"MTE2", "MTE3", "FIX"};
const char *const dsa_syntax_pads[ROAD_DSA_PADS] = {"L0A", "L0B", "L0C", "L1", "UB", "BT"};
const char *const dsa_syntax_sregs[ROAD_DSA_SREGS] = {
	"block",     "blocks",    "core",      "clock",    "data",     "arg_bytes",
	"l0a_bytes", "l0b_bytes", "l0c_bytes", "l1_bytes", "ub_bytes", "bt_bytes"};

#define SIZE(log) (log), ROAD_DSA_MOD_SIZE_MASK | ROAD_DSA_MOD_SIGNED
static const struct dsa_suffix loads[] = {{"u8", SIZE(0)},
					  {"u16", SIZE(1)},
					  {"u32", SIZE(2)},
					  {"u64", SIZE(3)},
					  {"s8", SIZE(0 | ROAD_DSA_MOD_SIGNED)},
					  {"s16", SIZE(1 | ROAD_DSA_MOD_SIGNED)},
					  {"s32", SIZE(2 | ROAD_DSA_MOD_SIGNED)},
					  {NULL, 0, 0}};
static const struct dsa_suffix stores[] = {
	{"u8", SIZE(0)}, {"u16", SIZE(1)}, {"u32", SIZE(2)}, {"u64", SIZE(3)}, {NULL, 0, 0}};
static const struct dsa_suffix transposed[] = {
	{"t", ROAD_DSA_MOD_TRANSPOSE, ROAD_DSA_MOD_TRANSPOSE}, {NULL, 0, 0}};
static const struct dsa_suffix cubes[] = {
	{"init", ROAD_DSA_MOD_INIT, ROAD_DSA_MOD_INIT | ROAD_DSA_MOD_BIAS},
	{"bias", ROAD_DSA_MOD_BIAS, ROAD_DSA_MOD_INIT | ROAD_DSA_MOD_BIAS},
	{NULL, 0, 0}};
static const struct dsa_suffix fixes[] = {{"from_s32", ROAD_DSA_MOD_S32, ROAD_DSA_MOD_S32},
					  {"quant", ROAD_DSA_MOD_QUANT, ROAD_DSA_MOD_QUANT},
					  {"relu", ROAD_DSA_MOD_RELU, ROAD_DSA_MOD_RELU},
					  {NULL, 0, 0}};
static const struct dsa_suffix compares[] = {{"eq", ROAD_DSA_EQ, 0xff},
					     {"ne", ROAD_DSA_NE, 0xff},
					     {"lt", ROAD_DSA_LT, 0xff},
					     {"le", ROAD_DSA_LE, 0xff},
					     {"gt", ROAD_DSA_GT, 0xff},
					     {"ge", ROAD_DSA_GE, 0xff},
					     {NULL, 0, 0}};
#define TO(type) ROAD_DSA_TYPE_##type, 0xff
static const struct dsa_suffix conversions[] = {
	{"s8", TO(S8)},   {"u8", TO(U8)},     {"s16", TO(S16)}, {"s32", TO(S32)},
	{"f16", TO(F16)}, {"bf16", TO(BF16)}, {"f32", TO(F32)}, {NULL, 0, 0}};

#define P(name) DSA_OPERAND_##name
#define ANY_IMM .least = INT32_MIN, .most = INT32_MAX
#define IDS     .least = 0, .most = 255 /* the chip's number of ids is known to who runs it */
#define CROSS   .least = 0, .most = ROAD_DSA_CROSS_IDS - 1
const struct dsa_format dsa_syntax_formats[ROAD_DSA_FORMATS] = {
	[ROAD_DSA_FORMAT_NONE] = {{0}},
	[ROAD_DSA_FORMAT_D_IMM] = {{P(REG_D), P(IMM)}, ANY_IMM},
	[ROAD_DSA_FORMAT_D_A] = {{P(REG_D), P(REG_A)}},
	[ROAD_DSA_FORMAT_D_A_B] = {{P(REG_D), P(REG_A), P(REG_B)}},
	[ROAD_DSA_FORMAT_D_A_IMM] = {{P(REG_D), P(REG_A), P(IMM)}, ANY_IMM},
	[ROAD_DSA_FORMAT_D_A_SHIFT] = {{P(REG_D), P(REG_A), P(IMM)}, .least = 0, .most = 63},
	[ROAD_DSA_FORMAT_IMM] = {{P(IMM)}, ANY_IMM},
	[ROAD_DSA_FORMAT_SREG] = {{P(REG_D), P(SREG)}, .least = 0, .most = ROAD_DSA_SREGS - 1},
	[ROAD_DSA_FORMAT_LOAD] = {{P(REG_D), P(OFFSET)}, loads, .suffix_needed = true, ANY_IMM},
	[ROAD_DSA_FORMAT_STORE] = {{P(OFFSET), P(REG_B)}, stores, .suffix_needed = true, ANY_IMM},
	[ROAD_DSA_FORMAT_ARG] = {{P(REG_D), P(ADDRESS)},
				 loads,
				 .suffix_needed = true,
				 .least = 0,
				 .most = ROAD_DSA_ARGUMENTS_MAX - 1},
	[ROAD_DSA_FORMAT_JUMP] = {{P(TARGET)}, ANY_IMM},
	[ROAD_DSA_FORMAT_BRANCH] = {{P(REG_A), P(REG_B), P(TARGET)}, ANY_IMM},
	[ROAD_DSA_FORMAT_LOOP] = {{P(REG_D), P(TARGET)}, ANY_IMM},
	[ROAD_DSA_FORMAT_FLAG] = {{P(SOURCE), P(SINK), P(IMM)}, IDS},
	[ROAD_DSA_FORMAT_BARRIER] = {{P(QUEUE_OR_ALL)}},
	[ROAD_DSA_FORMAT_CROSS_SET] = {{P(QUEUE), P(IMM), P(BLOCK)}, CROSS},
	[ROAD_DSA_FORMAT_CROSS_WAIT] = {{P(QUEUE), P(IMM)}, CROSS},
	[ROAD_DSA_FORMAT_MOVE] = {{P(AT_D), P(AT_A), P(REG_B), P(IMM)},
				  transposed,
				  .least = 1,
				  .most = 4},
	[ROAD_DSA_FORMAT_TILE] = {{P(AT_D), P(AT_A), P(REG_B)}},
	[ROAD_DSA_FORMAT_FRACTALS] = {{P(AT_D), P(AT_A), P(REG_B)}, transposed},
	[ROAD_DSA_FORMAT_BYTES] = {{P(AT_D), P(AT_A), P(REG_B)}},
	[ROAD_DSA_FORMAT_CUBE] = {{P(AT_D), P(AT_A), P(AT_B), P(REG_C), P(AT_BIAS)}, cubes},
	[ROAD_DSA_FORMAT_FIX] = {{P(AT_D), P(AT_A), P(REG_B)}, fixes},
	[ROAD_DSA_FORMAT_V_DA] = {{P(AT_D), P(AT_A), P(REG_C), P(REG_E)}},
	[ROAD_DSA_FORMAT_V_DAB] = {{P(AT_D), P(AT_A), P(AT_B), P(REG_C), P(REG_E)}},
	[ROAD_DSA_FORMAT_V_DAS] = {{P(AT_D), P(AT_A), P(REG_B), P(REG_C), P(REG_E)}},
	[ROAD_DSA_FORMAT_V_DS] = {{P(AT_D), P(REG_B), P(REG_C), P(REG_E)}},
	[ROAD_DSA_FORMAT_V_CMP] = {{P(AT_D), P(AT_A), P(AT_B), P(REG_C)},
				   compares,
				   .suffix_needed = true},
	[ROAD_DSA_FORMAT_V_SEL] = {{P(AT_D), P(AT_A), P(AT_B), P(REG_C), P(AT_E)}},
	[ROAD_DSA_FORMAT_V_CVT] = {{P(AT_D), P(AT_A), P(REG_B), P(REG_C), P(REG_E)},
				   conversions,
				   .suffix_needed = true,
				   .suffix_first = true},
};

int dsa_name_find(const char *const *names, int count, const char *text, size_t bytes)
{
	for (int i = 0; i < count; i++)
		if (names[i][0] && strlen(names[i]) == bytes && !memcmp(names[i], text, bytes))
			return i;
	return -1;
}

void dsa_name_list(const char *const *names, int count, char *out, size_t room)
{
	size_t used = 0;

	out[0] = 0;
	for (int i = 0; i < count && used < room; i++)
		if (names[i][0])
			used += (size_t)snprintf(out + used, room - used, "%s%s", used ? " " : "",
						 names[i]);
}

int dsa_register_number(const char *text, size_t bytes)
{
	unsigned number = 0;

	if (bytes < 2 || bytes > 3 || text[0] != 'x' || (bytes == 3 && text[1] == '0'))
		return -1;
	for (size_t i = 1; i < bytes; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (unsigned)(text[i] - '0');
	}
	return number < 32 ? (int)number : -1;
}

bool dsa_format_has(const struct dsa_format *format, enum dsa_operand operand)
{
	for (unsigned i = 0; format->operands[i]; i++)
		if (format->operands[i] == operand)
			return true;
	return false;
}

unsigned dsa_word_shape_registers(const struct road_dsa_word *word)
{
	switch (dsa_syntax_ops[word->op].format) {
	case ROAD_DSA_FORMAT_MOVE: return word->imm == 1 ? 1 : (unsigned)word->imm + 1;
	case ROAD_DSA_FORMAT_TILE:
	case ROAD_DSA_FORMAT_FRACTALS: return 2;
	case ROAD_DSA_FORMAT_FIX: return word->mods & ROAD_DSA_MOD_QUANT ? 3 : 2;
	default: break;
	}
	for (unsigned i = 0; dsa_syntax_formats[dsa_syntax_ops[word->op].format].operands[i]; i++)
		switch (dsa_syntax_formats[dsa_syntax_ops[word->op].format].operands[i]) {
		case DSA_OPERAND_REG_B:
		case DSA_OPERAND_AT_B: return 1;
		default: break;
		}
	return 0;
}

/* Which of d, a, b, c, e the operands use, bits 0 to 4; whether they use imm, bit 5. */
static unsigned fields_used(const struct dsa_format *format, const struct road_dsa_word *word)
{
	static const uint8_t uses[] = {
		[DSA_OPERAND_REG_D] = 1,   [DSA_OPERAND_REG_A] = 2,    [DSA_OPERAND_REG_B] = 4,
		[DSA_OPERAND_REG_C] = 8,   [DSA_OPERAND_REG_E] = 16,   [DSA_OPERAND_AT_D] = 1,
		[DSA_OPERAND_AT_A] = 2,    [DSA_OPERAND_AT_B] = 4,     [DSA_OPERAND_AT_E] = 16,
		[DSA_OPERAND_OFFSET] = 34, [DSA_OPERAND_ADDRESS] = 32, [DSA_OPERAND_IMM] = 32,
		[DSA_OPERAND_TARGET] = 32, [DSA_OPERAND_SREG] = 32,    [DSA_OPERAND_BLOCK] = 0,
	};
	unsigned used = 0;

	for (unsigned i = 0; format->operands[i]; i++) {
		used |= uses[format->operands[i]];
		if (format->operands[i] == DSA_OPERAND_BLOCK &&
		    !(word->mods & ROAD_DSA_CROSS_OTHERS))
			used |= 2;
		if (format->operands[i] == DSA_OPERAND_AT_BIAS && word->mods & ROAD_DSA_MOD_BIAS)
			used |= 16;
	}
	return used;
}

static const char *registers_wrong(const struct dsa_format *format,
				   const struct road_dsa_word *word)
{
	const uint8_t fields[5] = {word->d, word->a, word->b, word->c, word->e};
	unsigned used = fields_used(format, word);

	for (unsigned i = 0; i < 5; i++)
		if (fields[i] && (!(used >> i & 1) || fields[i] >= ROAD_DSA_REGS))
			return used >> i & 1 ? "a register beyond x31" : "a register not used";
	if (word->imm && !(used & 32))
		return "an immediate not used";
	if (used & 32 && (word->imm < format->least || word->imm > format->most))
		return "an immediate beyond its limits";
	if (word->b + dsa_word_shape_registers(word) > ROAD_DSA_REGS)
		return "a block of registers beyond x31";
	return NULL;
}

/* Queues that stand in mods. */
static const char *queues_wrong(const struct dsa_format *format, unsigned mods)
{
	if (dsa_format_has(format, DSA_OPERAND_SOURCE)) {
		if ((mods & 15) >= ROAD_DSA_QUEUES || mods >> 4 >= ROAD_DSA_QUEUES)
			return "a queue that is none";
		return (mods & 15) == mods >> 4 ? "a token from a queue to itself" : NULL;
	}
	if (dsa_format_has(format, DSA_OPERAND_BLOCK))
		mods &= ~ROAD_DSA_CROSS_OTHERS;
	if (dsa_format_has(format, DSA_OPERAND_QUEUE_OR_ALL))
		return mods > ROAD_DSA_QUEUES ? "a queue that is none" : NULL;
	return mods >= ROAD_DSA_QUEUES ? "a queue that is none" : NULL;
}

static const char *mods_wrong(const struct dsa_format *format, unsigned mods)
{
	const struct dsa_suffix *suffix = format->suffixes;
	bool any = false;

	if (dsa_format_has(format, DSA_OPERAND_SOURCE) ||
	    dsa_format_has(format, DSA_OPERAND_QUEUE) ||
	    dsa_format_has(format, DSA_OPERAND_QUEUE_OR_ALL))
		return queues_wrong(format, mods);
	for (; suffix && suffix->name; suffix++)
		if ((mods & suffix->mask) == suffix->value) {
			any = true;
			mods &= ~(unsigned)suffix->mask;
		}
	if (mods)
		return "modifiers that are none";
	return format->suffix_needed && !any ? "a modifier that is missing" : NULL;
}

/* What a format asks of several fields together. */
static const char *form_wrong(unsigned format, const struct road_dsa_word *word)
{
	switch (format) {
	case ROAD_DSA_FORMAT_MOVE:
		return word->mods && word->imm != 2 ? "a transposing move that has not 2 dimensions"
						    : NULL;
	case ROAD_DSA_FORMAT_ARG:
		return word->imm % (1 << (word->mods & ROAD_DSA_MOD_SIZE_MASK))
			       ? "an argument that is not naturally aligned"
			       : NULL;
	case ROAD_DSA_FORMAT_FIX:
		return (word->mods & (ROAD_DSA_MOD_S32 | ROAD_DSA_MOD_QUANT)) == ROAD_DSA_MOD_S32 &&
				       word->type != ROAD_DSA_TYPE_S32
			       ? "s32 without a factor to another type"
			       : NULL;
	default: return NULL;
	}
}

const char *dsa_word_wrong(const struct road_dsa_word *word)
{
	const struct dsa_op *op = &dsa_syntax_ops[word->op < ROAD_DSA_OPS ? word->op : 0];
	const struct dsa_format *format = &dsa_syntax_formats[op->format];
	const char *wrong;

	if (word->op >= ROAD_DSA_OPS)
		return "an instruction that is none";
	if (word->reserved[0] || word->reserved[1] || word->reserved[2])
		return "reserved bytes that are not 0";
	if (op->types ? word->type >= ROAD_DSA_TYPES || !(op->types >> word->type & 1)
		      : word->type != 0)
		return "a type that the instruction does not take";
	wrong = mods_wrong(format, word->mods);
	if (!wrong)
		wrong = registers_wrong(format, word);
	return wrong ? wrong : form_wrong(op->format, word);
}

const char *dsa_word_misplaced(const struct road_dsa_word *word, uint32_t index,
			       const struct road_dsa_kernel *kernel)
{
	const struct dsa_format *format = &dsa_syntax_formats[dsa_syntax_ops[word->op].format];
	int64_t target = (int64_t)index + word->imm;
	uint32_t bytes = 1u << (word->mods & ROAD_DSA_MOD_SIZE_MASK);
	bool cross = dsa_format_has(format, DSA_OPERAND_QUEUE);

	if (dsa_format_has(format, DSA_OPERAND_TARGET) &&
	    (target < 0 || target >= kernel->word_count))
		return "jumps out of its kernel";
	if (dsa_format_has(format, DSA_OPERAND_ADDRESS) &&
	    (uint32_t)word->imm + bytes > kernel->argument_bytes)
		return "reads beyond the kernel's arguments";
	if (cross && !(kernel->flags & ROAD_DSA_KERNEL_COOPERATIVE))
		return "a cross-core flag in a kernel that is not cooperative";
	return NULL;
}
