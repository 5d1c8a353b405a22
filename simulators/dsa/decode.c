/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/dsa/decode.h"

#include "simulators/dsa/core.h"

const struct dsa_op_info dsa_ops[ROAD_DSA_OPS] = {
#define OP(name, queue, format, types, text) \
	[ROAD_DSA_OP_##name] = {#name, ROAD_DSA_QUEUE_##queue, ROAD_DSA_FORMAT_##format, types},
#include "uapi/dsa/ops.def"
#undef OP
};

const char *const dsa_queue_names[ROAD_DSA_QUEUES] = {
	[ROAD_DSA_QUEUE_S] = "S",       [ROAD_DSA_QUEUE_V] = "V",
	[ROAD_DSA_QUEUE_M] = "M",       [ROAD_DSA_QUEUE_MTE1] = "MTE1",
	[ROAD_DSA_QUEUE_MTE2] = "MTE2", [ROAD_DSA_QUEUE_MTE3] = "MTE3",
	[ROAD_DSA_QUEUE_FIX] = "FIX",
};

uint32_t dsa_type_bytes(uint32_t type)
{
	static const uint8_t bytes[ROAD_DSA_TYPES] = {
		[ROAD_DSA_TYPE_S8] = 1,   [ROAD_DSA_TYPE_U8] = 1,  [ROAD_DSA_TYPE_S16] = 2,
		[ROAD_DSA_TYPE_S32] = 4,  [ROAD_DSA_TYPE_U32] = 4, [ROAD_DSA_TYPE_F16] = 2,
		[ROAD_DSA_TYPE_BF16] = 2, [ROAD_DSA_TYPE_F32] = 4,
	};

	return bytes[type];
}

enum road_dsa_queue dsa_queue_of(const struct road_dsa_word *word)
{
	uint32_t queue = dsa_ops[word->op].queue;

	if (queue != ROAD_DSA_QUEUE_ANY)
		return (enum road_dsa_queue)queue;
	if (word->op == ROAD_DSA_OP_wait_flag)
		return (enum road_dsa_queue)(word->mods >> 4);
	queue = word->mods & 0xfu; /* ROAD_DSA_CROSS_OTHERS stands above */
	return queue < ROAD_DSA_QUEUES ? (enum road_dsa_queue)queue : ROAD_DSA_QUEUE_S;
}

uint32_t dsa_shape_registers(const struct road_dsa_word *word)
{
	switch (dsa_ops[word->op].format) {
	case ROAD_DSA_FORMAT_MOVE: return word->imm > 1 ? 1u + (uint32_t)word->imm : 1u;
	case ROAD_DSA_FORMAT_TILE:
	case ROAD_DSA_FORMAT_FRACTALS: return 2;
	case ROAD_DSA_FORMAT_FIX: return word->mods & ROAD_DSA_MOD_QUANT ? 3 : 2;
	default: return 1;
	}
}

/* ---- what is checked of a word ---- */

enum { D = 1, A = 2, B = 4, C = 8, E = 16, IMM = 32 };

struct context {
	const struct road_dsa_word *word;
	uint32_t index, first, end; /* of the word; of its kernel: targets stay in it */
	uint32_t flags;             /* token ids */
	uint32_t argument_bytes;
};

typedef enum road_dsa_code_error (*check_fn)(const struct context *at);

static enum road_dsa_code_error no_mods(const struct context *at)
{
	return at->word->mods ? ROAD_DSA_CODE_MODS : ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error shift(const struct context *at)
{
	if (at->word->imm < 0 || at->word->imm > 63)
		return ROAD_DSA_CODE_IMMEDIATE;
	return no_mods(at);
}

static enum road_dsa_code_error sreg(const struct context *at)
{
	if ((uint32_t)at->word->imm >= ROAD_DSA_SREGS)
		return ROAD_DSA_CODE_IMMEDIATE;
	return no_mods(at);
}

static enum road_dsa_code_error load(const struct context *at)
{
	uint32_t mods = at->word->mods;

	if (mods & ~(ROAD_DSA_MOD_SIZE_MASK | ROAD_DSA_MOD_SIGNED) ||
	    mods == (ROAD_DSA_MOD_SIZE_MASK | ROAD_DSA_MOD_SIGNED))
		return ROAD_DSA_CODE_MODS;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error store(const struct context *at)
{
	return at->word->mods & ~ROAD_DSA_MOD_SIZE_MASK ? ROAD_DSA_CODE_MODS : ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error argument(const struct context *at)
{
	uint32_t bytes = 1u << (at->word->mods & ROAD_DSA_MOD_SIZE_MASK);
	uint32_t offset = (uint32_t)at->word->imm;

	if (load(at))
		return ROAD_DSA_CODE_MODS;
	if (offset % bytes || (uint64_t)offset + bytes > at->argument_bytes)
		return ROAD_DSA_CODE_IMMEDIATE;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error target(const struct context *at)
{
	int64_t to = (int64_t)at->index + at->word->imm;

	if (to < at->first || to >= at->end)
		return ROAD_DSA_CODE_TARGET;
	return no_mods(at);
}

static enum road_dsa_code_error flag(const struct context *at)
{
	uint32_t source = at->word->mods & 0xfu, to = at->word->mods >> 4;

	if (source >= ROAD_DSA_QUEUES || to >= ROAD_DSA_QUEUES || source == to ||
	    (uint32_t)at->word->imm >= at->flags)
		return ROAD_DSA_CODE_FLAG;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error barrier(const struct context *at)
{
	return at->word->mods > ROAD_DSA_QUEUES ? ROAD_DSA_CODE_FLAG : ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error cross(const struct context *at)
{
	if (at->word->mods >= ROAD_DSA_QUEUES || (uint32_t)at->word->imm >= ROAD_DSA_CROSS_IDS)
		return ROAD_DSA_CODE_FLAG;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error cross_set(const struct context *at)
{
	uint32_t queue = at->word->mods & ~ROAD_DSA_CROSS_OTHERS;

	if (queue >= ROAD_DSA_QUEUES || (uint32_t)at->word->imm >= ROAD_DSA_CROSS_IDS)
		return ROAD_DSA_CODE_FLAG;
	if (at->word->mods & ROAD_DSA_CROSS_OTHERS && at->word->a)
		return ROAD_DSA_CODE_REGISTER;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error move(const struct context *at)
{
	if (at->word->imm < 1 || at->word->imm > 4)
		return ROAD_DSA_CODE_IMMEDIATE;
	if (at->word->mods & ~ROAD_DSA_MOD_TRANSPOSE || (at->word->mods && at->word->imm != 2))
		return ROAD_DSA_CODE_MODS;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error fractals(const struct context *at)
{
	return at->word->mods & ~ROAD_DSA_MOD_TRANSPOSE ? ROAD_DSA_CODE_MODS : ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error cube(const struct context *at)
{
	uint32_t mods = at->word->mods;

	if (mods > ROAD_DSA_MOD_BIAS)
		return ROAD_DSA_CODE_MODS;
	if (!(mods & ROAD_DSA_MOD_BIAS) && at->word->e)
		return ROAD_DSA_CODE_REGISTER;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error fix(const struct context *at)
{
	uint32_t mods = at->word->mods;

	if (mods & ~(ROAD_DSA_MOD_RELU | ROAD_DSA_MOD_QUANT | ROAD_DSA_MOD_S32))
		return ROAD_DSA_CODE_MODS;
	if (mods & ROAD_DSA_MOD_S32 && !(mods & ROAD_DSA_MOD_QUANT) &&
	    at->word->type != ROAD_DSA_TYPE_S32)
		return ROAD_DSA_CODE_TYPE;
	return ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error compare(const struct context *at)
{
	return at->word->mods >= ROAD_DSA_COMPARES ? ROAD_DSA_CODE_MODS : ROAD_DSA_CODE_OK;
}

static enum road_dsa_code_error convert(const struct context *at)
{
	uint32_t to = at->word->mods;

	if (to >= ROAD_DSA_TYPES || !(dsa_ops[at->word->op].types >> to & 1))
		return ROAD_DSA_CODE_MODS;
	return ROAD_DSA_CODE_OK;
}

static const struct format {
	uint8_t fields;
	check_fn check;
} formats[ROAD_DSA_FORMATS] = {
	[ROAD_DSA_FORMAT_NONE] = {0, no_mods},
	[ROAD_DSA_FORMAT_D_IMM] = {D | IMM, no_mods},
	[ROAD_DSA_FORMAT_D_A] = {D | A, no_mods},
	[ROAD_DSA_FORMAT_D_A_B] = {D | A | B, no_mods},
	[ROAD_DSA_FORMAT_D_A_IMM] = {D | A | IMM, no_mods},
	[ROAD_DSA_FORMAT_D_A_SHIFT] = {D | A | IMM, shift},
	[ROAD_DSA_FORMAT_IMM] = {IMM, no_mods},
	[ROAD_DSA_FORMAT_SREG] = {D | IMM, sreg},
	[ROAD_DSA_FORMAT_LOAD] = {D | A | IMM, load},
	[ROAD_DSA_FORMAT_STORE] = {A | B | IMM, store},
	[ROAD_DSA_FORMAT_ARG] = {D | IMM, argument},
	[ROAD_DSA_FORMAT_JUMP] = {IMM, target},
	[ROAD_DSA_FORMAT_BRANCH] = {A | B | IMM, target},
	[ROAD_DSA_FORMAT_LOOP] = {D | IMM, target},
	[ROAD_DSA_FORMAT_FLAG] = {IMM, flag},
	[ROAD_DSA_FORMAT_BARRIER] = {0, barrier},
	[ROAD_DSA_FORMAT_CROSS_SET] = {A | IMM, cross_set},
	[ROAD_DSA_FORMAT_CROSS_WAIT] = {IMM, cross},
	[ROAD_DSA_FORMAT_MOVE] = {D | A | B | IMM, move},
	[ROAD_DSA_FORMAT_TILE] = {D | A | B, no_mods},
	[ROAD_DSA_FORMAT_FRACTALS] = {D | A | B, fractals},
	[ROAD_DSA_FORMAT_BYTES] = {D | A | B, no_mods},
	[ROAD_DSA_FORMAT_CUBE] = {D | A | B | C | E, cube},
	[ROAD_DSA_FORMAT_FIX] = {D | A | B, fix},
	[ROAD_DSA_FORMAT_V_DA] = {D | A | C | E, no_mods},
	[ROAD_DSA_FORMAT_V_DAB] = {D | A | B | C | E, no_mods},
	[ROAD_DSA_FORMAT_V_DAS] = {D | A | B | C | E, no_mods},
	[ROAD_DSA_FORMAT_V_DS] = {D | B | C | E, no_mods},
	[ROAD_DSA_FORMAT_V_CMP] = {D | A | B | C, compare},
	[ROAD_DSA_FORMAT_V_SEL] = {D | A | B | C | E, no_mods},
	[ROAD_DSA_FORMAT_V_CVT] = {D | A | B | C | E, convert},
};

static bool registers_fit(const struct road_dsa_word *word, uint8_t fields)
{
	const uint8_t value[] = {word->d, word->a, word->b, word->c, word->e};

	for (unsigned i = 0; i < 5; i++)
		if (value[i] >= ROAD_DSA_REGS || (value[i] && !(fields >> i & 1)))
			return false;
	return true;
}

static enum road_dsa_code_error check_word(const struct context *at)
{
	const struct road_dsa_word *word = at->word;
	const struct dsa_op_info *info;
	const struct format *format;
	enum road_dsa_code_error error;

	if (word->op >= ROAD_DSA_OPS)
		return ROAD_DSA_CODE_OPCODE;
	info = &dsa_ops[word->op];
	format = &formats[info->format];
	if (word->type >= ROAD_DSA_TYPES ||
	    (info->types ? !(info->types >> word->type & 1) : word->type))
		return ROAD_DSA_CODE_TYPE;
	if (word->reserved[0] || word->reserved[1] || word->reserved[2])
		return ROAD_DSA_CODE_RESERVED;
	if (!registers_fit(word, format->fields))
		return ROAD_DSA_CODE_REGISTER;
	if (word->imm && !(format->fields & IMM))
		return ROAD_DSA_CODE_IMMEDIATE;
	error = format->check(at);
	if (error)
		return error;
	return word->b + dsa_shape_registers(word) > ROAD_DSA_REGS ? ROAD_DSA_CODE_REGISTER
								   : ROAD_DSA_CODE_OK;
}

/* ---- the block around the words ---- */

static bool header_fits(const struct road_dsa_code *header, size_t bytes)
{
	uint64_t total = sizeof(*header);

	total += (uint64_t)header->kernel_count * sizeof(struct road_dsa_kernel);
	total += (uint64_t)header->word_count * sizeof(struct road_dsa_word);
	total += (uint64_t)header->line_count * sizeof(uint32_t);
	return header->magic == ROAD_DSA_CODE_MAGIC && header->version == ROAD_DSA_CODE_VERSION &&
	       header->isa_version == ROAD_DSA_ISA_VERSION && header->total_bytes == bytes &&
	       total == bytes && header->kernel_count >= 1 &&
	       header->kernel_count <= ROAD_DSA_KERNELS_MAX && !header->reserved &&
	       (header->line_count == 0 || header->line_count == header->word_count);
}

static bool kernel_fits(const struct road_dsa_kernel *kernel, uint32_t after, uint32_t words)
{
	uint32_t reserved = 0;

	for (unsigned i = 0; i < 4; i++)
		reserved |= kernel->reserved[i];
	return !reserved && !(kernel->flags & ~ROAD_DSA_KERNEL_COOPERATIVE) &&
	       kernel->argument_bytes <= ROAD_DSA_ARGUMENTS_MAX && kernel->word_count >= 1 &&
	       kernel->first_word >= after && kernel->first_word <= words &&
	       kernel->word_count <= words - kernel->first_word;
}

static bool is_cross(const struct road_dsa_word *word)
{
	return word->op == ROAD_DSA_OP_cross_set || word->op == ROAD_DSA_OP_cross_wait;
}

/* Words of one kernel, or between kernels (then `kernel` is NULL: nothing runs them). */
static enum road_dsa_code_error check_words(const struct dsa_code *code, uint32_t first,
					    uint32_t end, const struct road_dsa_kernel *kernel,
					    uint32_t flags, uint32_t *word)
{
	struct context at = {.first = first, .end = end, .flags = flags};

	at.argument_bytes = kernel ? kernel->argument_bytes : ROAD_DSA_ARGUMENTS_MAX;
	for (at.index = first; at.index < end; at.index++) {
		enum road_dsa_code_error error;

		at.word = &code->words[at.index];
		*word = at.index;
		error = check_word(&at);
		if (error)
			return error;
		if (kernel && is_cross(at.word) && !(kernel->flags & ROAD_DSA_KERNEL_COOPERATIVE))
			return ROAD_DSA_CODE_KERNEL;
	}
	return ROAD_DSA_CODE_OK;
}

enum road_dsa_code_error dsa_code_check(const void *block, size_t bytes, uint32_t flags,
					struct dsa_code *out, uint32_t *word)
{
	const struct road_dsa_code *header = block;
	enum road_dsa_code_error error = ROAD_DSA_CODE_OK;
	uint32_t after = 0;

	*word = 0;
	if (bytes < sizeof(*header) || (uintptr_t)block % _Alignof(struct road_dsa_code) ||
	    !header_fits(header, bytes))
		return ROAD_DSA_CODE_HEADER;
	out->va = 0;
	out->kernel_count = header->kernel_count;
	out->word_count = header->word_count;
	out->kernels = (const struct road_dsa_kernel *)(header + 1);
	out->words = (const struct road_dsa_word *)(out->kernels + out->kernel_count);
	out->lines = header->line_count ? (const uint32_t *)(out->words + out->word_count) : NULL;
	for (uint32_t i = 0; i < out->kernel_count && !error; i++) {
		const struct road_dsa_kernel *kernel = &out->kernels[i];

		*word = 0;
		if (!kernel_fits(kernel, after, out->word_count))
			return ROAD_DSA_CODE_KERNEL;
		error = check_words(out, after, kernel->first_word, NULL, flags, word);
		if (error)
			return error;
		after = kernel->first_word + kernel->word_count;
		error = check_words(out, kernel->first_word, after, kernel, flags, word);
	}
	if (error)
		return error;
	error = check_words(out, after, out->word_count, NULL, flags, word);
	*word = error ? *word : 0;
	return error;
}
