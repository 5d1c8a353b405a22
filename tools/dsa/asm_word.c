/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions: the row of the format says what stands where. */
#include "tools/dsa/asm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/syntax.h"

/* The parts of a name that dots part; `bytes` 0: there is none more. */
struct part {
	const char *text;
	size_t bytes;
};
struct parts {
	struct dsa_token whole;
	const char *at, *end;
	struct part part;
};

static void next_part(struct parts *parts)
{
	const char *dot;

	parts->part.text = parts->at;
	dot = memchr(parts->at, '.', (size_t)(parts->end - parts->at));
	parts->part.bytes = (size_t)((dot ? dot : parts->end) - parts->at);
	parts->at = dot ? dot + 1 : parts->end;
}

static struct dsa_token part_token(const struct parts *parts)
{
	struct dsa_token token = parts->whole;

	token.column += (unsigned)(parts->part.text - token.text);
	token.text = parts->part.text;
	token.bytes = parts->part.bytes;
	return token;
}

int asm_emit(struct asm_state *state, const struct road_dsa_word *word, unsigned line)
{
	if (!dsa_program_add_word(state->program, word, state->has_loc ? state->loc : line))
		return asm_no_memory(state);
	return 0;
}

static int reg(struct asm_state *state, uint8_t *out)
{
	const struct dsa_token *token = &state->token;
	int number = -1;

	if (token->kind == DSA_TOKEN_WORD) {
		const struct asm_symbol *symbol = asm_symbol_find(state, token->text, token->bytes);

		number = dsa_register_number(token->text, token->bytes);
		if (symbol && symbol->kind == ASM_SYMBOL_REGISTER)
			number = (int)symbol->value;
	}
	if (number < 0)
		return asm_error(state, "no register", "x0 to x31, and names that .reg gave");
	*out = (uint8_t)number;
	asm_next(state);
	return 0;
}

static int at(struct asm_state *state, uint8_t *out)
{
	return asm_expect(state, '[') || reg(state, out) || asm_expect(state, ']') ? -1 : 0;
}

static int imm(struct asm_state *state, const struct dsa_format *format, int32_t *out)
{
	int64_t value;

	if (asm_expression_in(state, format->least, format->most, &value))
		return -1;
	*out = (int32_t)value;
	return 0;
}

/* [xA + imm], [xA - imm], [xA] */
static int offset(struct asm_state *state, const struct dsa_format *format,
		  struct road_dsa_word *word)
{
	if (asm_expect(state, '[') || reg(state, &word->a))
		return -1;
	if (asm_punct(state, '+'))
		asm_next(state);
	else if (!asm_punct(state, '-'))
		return asm_expect(state, ']');
	return imm(state, format, &word->imm) || asm_expect(state, ']') ? -1 : 0;
}

static int target(struct asm_state *state, struct road_dsa_word *word)
{
	struct asm_fixup fixup = {.word = state->program->word_count};

	(void)word; /* its imm is known when the kernel ends */
	if (asm_name(state, &fixup.name))
		return -1;
	if (state->fixup_count == state->fixup_room) {
		uint32_t room = state->fixup_room ? state->fixup_room * 2 : 64;
		void *larger = reallocarray(state->fixups, room, sizeof(*state->fixups));

		if (!larger)
			return asm_no_memory(state);
		state->fixups = larger;
		state->fixup_room = room;
	}
	state->fixups[state->fixup_count++] = fixup;
	return 0;
}

static int sreg(struct asm_state *state, struct road_dsa_word *word)
{
	char names[192];
	int number = state->token.kind == DSA_TOKEN_SREG
			     ? dsa_name_find(dsa_syntax_sregs, ROAD_DSA_SREGS, state->token.text,
					     state->token.bytes)
			     : -1;

	dsa_name_list(dsa_syntax_sregs, ROAD_DSA_SREGS, names, sizeof(names));
	if (number < 0)
		return asm_error(state, "no special register (each with a % before it)", names);
	word->imm = number;
	asm_next(state);
	return 0;
}

static int queue(struct asm_state *state, bool all, unsigned *out)
{
	char names[96];
	int number = state->token.kind == DSA_TOKEN_WORD
			     ? dsa_name_find(dsa_syntax_queues, ROAD_DSA_QUEUES, state->token.text,
					     state->token.bytes)
			     : -1;

	if (all && state->token.kind == DSA_TOKEN_WORD && state->token.bytes == 3 &&
	    !memcmp(state->token.text, "ALL", 3))
		number = ROAD_DSA_QUEUES;
	dsa_name_list(dsa_syntax_queues, ROAD_DSA_QUEUES, names, sizeof(names));
	if (number < 0)
		return asm_error(state, all ? "no queue, nor ALL" : "no queue", names);
	*out = (unsigned)number;
	asm_next(state);
	return 0;
}

static int queue_mods(struct asm_state *state, bool all, unsigned shift, struct road_dsa_word *word)
{
	struct dsa_token token = state->token;
	unsigned number = 0;

	if (queue(state, all, &number))
		return -1;
	if (shift && number == (word->mods & 15u))
		return asm_error_at(state, &token, "a token from a queue to itself",
				    "another queue (pipe_barrier orders one)");
	word->mods = (uint8_t)(word->mods | number << shift);
	return 0;
}

static int block(struct asm_state *state, struct road_dsa_word *word)
{
	if (state->token.kind != DSA_TOKEN_WORD || state->token.bytes != 6 ||
	    memcmp(state->token.text, "others", 6))
		return reg(state, &word->a);
	word->mods |= ROAD_DSA_CROSS_OTHERS;
	asm_next(state);
	return 0;
}

static int operand(struct asm_state *state, const struct dsa_format *format, enum dsa_operand kind,
		   struct road_dsa_word *word)
{
	switch (kind) {
	case DSA_OPERAND_REG_D: return reg(state, &word->d);
	case DSA_OPERAND_REG_A: return reg(state, &word->a);
	case DSA_OPERAND_REG_B: return reg(state, &word->b);
	case DSA_OPERAND_REG_C: return reg(state, &word->c);
	case DSA_OPERAND_REG_E: return reg(state, &word->e);
	case DSA_OPERAND_AT_D: return at(state, &word->d);
	case DSA_OPERAND_AT_A: return at(state, &word->a);
	case DSA_OPERAND_AT_B: return at(state, &word->b);
	case DSA_OPERAND_AT_BIAS:
	case DSA_OPERAND_AT_E: return at(state, &word->e);
	case DSA_OPERAND_OFFSET: return offset(state, format, word);
	case DSA_OPERAND_ADDRESS:
		return asm_expect(state, '[') || imm(state, format, &word->imm) ||
				       asm_expect(state, ']')
			       ? -1
			       : 0;
	case DSA_OPERAND_IMM: return imm(state, format, &word->imm);
	case DSA_OPERAND_TARGET: return target(state, word);
	case DSA_OPERAND_SREG: return sreg(state, word);
	case DSA_OPERAND_SOURCE:
	case DSA_OPERAND_QUEUE: return queue_mods(state, false, 0, word);
	case DSA_OPERAND_SINK: return queue_mods(state, false, 4, word);
	case DSA_OPERAND_QUEUE_OR_ALL: return queue_mods(state, true, 0, word);
	case DSA_OPERAND_BLOCK: return block(state, word);
	case DSA_OPERAND_END: break;
	}
	return 0;
}

/* Operands may be missing at the end: E is then x0, BIAS has its suffix. */
static int operands(struct asm_state *state, const struct dsa_format *format,
		    struct road_dsa_word *word)
{
	for (unsigned i = 0; format->operands[i]; i++) {
		enum dsa_operand kind = format->operands[i];

		if (kind == DSA_OPERAND_REG_E && asm_at_end(state))
			return 0;
		if (kind == DSA_OPERAND_AT_BIAS && !(word->mods & ROAD_DSA_MOD_BIAS))
			return 0;
		if ((i && asm_expect(state, ',')) || operand(state, format, kind, word))
			return -1;
	}
	return 0;
}

static void suffix_list(const struct dsa_suffix *suffix, char *out, size_t room)
{
	size_t used = 0;

	out[0] = 0;
	for (; suffix && suffix->name && used < room; suffix++)
		used += (size_t)snprintf(out + used, room - used, "%s.%s", used ? " " : "",
					 suffix->name);
}

/* The type is the first suffix, but for conversions: .TO.FROM. */
static int type_suffix(struct asm_state *state, const struct dsa_op *op, struct parts *parts,
		       struct road_dsa_word *word)
{
	const char *names[ROAD_DSA_TYPES];
	char allowed[96];
	int type;

	if (!op->types)
		return 0;
	for (int i = 0; i < ROAD_DSA_TYPES; i++)
		names[i] = op->types >> i & 1 ? dsa_syntax_types[i] : "";
	dsa_name_list(names, ROAD_DSA_TYPES, allowed, sizeof(allowed));
	type = dsa_name_find(names, ROAD_DSA_TYPES, parts->part.text, parts->part.bytes);
	if (type < 0) {
		struct dsa_token token = parts->part.bytes ? part_token(parts) : parts->whole;

		return asm_error_at(state, &token,
				    parts->part.bytes
					    ? "an element type that the instruction does not take"
					    : "an instruction without its element type",
				    allowed);
	}
	word->type = (uint8_t)type;
	next_part(parts);
	return 0;
}

static int mod_suffix(struct asm_state *state, const struct dsa_format *format, struct parts *parts,
		      unsigned *seen, struct road_dsa_word *word)
{
	const struct dsa_suffix *suffix = format->suffixes;
	struct dsa_token token = part_token(parts);
	char allowed[96];

	for (; suffix && suffix->name; suffix++)
		if (strlen(suffix->name) == parts->part.bytes &&
		    !memcmp(suffix->name, parts->part.text, parts->part.bytes))
			break;
	suffix_list(format->suffixes, allowed, sizeof(allowed));
	if (!suffix || !suffix->name)
		return asm_error_at(state, &token, "a suffix that the instruction does not take",
				    allowed[0] ? allowed : "none");
	if (*seen & suffix->mask)
		return asm_error_at(state, &token, "a suffix that excludes one before it", allowed);
	*seen |= suffix->mask;
	word->mods |= suffix->value;
	next_part(parts);
	return 0;
}

static int suffixes(struct asm_state *state, const struct dsa_op *op, struct parts *parts,
		    struct road_dsa_word *word)
{
	const struct dsa_format *format = &dsa_syntax_formats[op->format];
	unsigned seen = 0;
	char allowed[96];

	next_part(parts);
	if (format->suffix_first && parts->part.bytes &&
	    mod_suffix(state, format, parts, &seen, word))
		return -1;
	if (type_suffix(state, op, parts, word))
		return -1;
	while (parts->part.bytes)
		if (mod_suffix(state, format, parts, &seen, word))
			return -1;
	suffix_list(format->suffixes, allowed, sizeof(allowed));
	if (format->suffix_needed && !seen)
		return asm_error_at(state, &parts->whole, "an instruction without its suffix",
				    allowed);
	return 0;
}

/* li xD, expr: one word, or two where 32 bits with a sign do not hold it. */
static int pseudo_li(struct asm_state *state, unsigned line)
{
	struct road_dsa_word word = {.op = ROAD_DSA_OP_movi};
	int64_t value;

	if (reg(state, &word.d) || asm_expect(state, ',') || asm_expression(state, &value))
		return -1;
	word.imm = (int32_t)value;
	if (asm_emit(state, &word, line))
		return -1;
	if (value == word.imm)
		return 0;
	word.op = ROAD_DSA_OP_movh;
	word.imm = (int32_t)(value >> 32);
	return asm_emit(state, &word, line);
}

/* la xD, expr: the device address of what lies there in the data. */
static int pseudo_la(struct asm_state *state, unsigned line)
{
	struct road_dsa_word word = {.op = ROAD_DSA_OP_sreg, .imm = ROAD_DSA_SREG_DATA};
	int64_t value;

	if (reg(state, &word.d) || asm_expect(state, ',') ||
	    asm_expression_in(state, 0, DSA_DATA_MAX, &value) || asm_emit(state, &word, line))
		return -1;
	word = (struct road_dsa_word){.op = ROAD_DSA_OP_addi, .d = word.d, .a = word.d};
	word.imm = (int32_t)value;
	return value ? asm_emit(state, &word, line) : 0;
}

static const struct {
	const char *name;
	int (*run)(struct asm_state *state, unsigned line);
} pseudos[] = {{"li", pseudo_li}, {"la", pseudo_la}};

static const struct dsa_op *op_find(const char *text, size_t bytes)
{
	for (unsigned i = 0; i < ROAD_DSA_OPS; i++)
		if (strlen(dsa_syntax_ops[i].name) == bytes &&
		    !memcmp(dsa_syntax_ops[i].name, text, bytes))
			return &dsa_syntax_ops[i];
	return NULL;
}

/* What the rows do not say of one field: the word as a whole. */
static int finish(struct asm_state *state, const struct dsa_token *name,
		  const struct road_dsa_word *word)
{
	const char *wrong = dsa_word_wrong(word);

	if (wrong)
		return asm_error_at(state, name, wrong, "see the instruction's row in docs/dsa.md");
	return asm_emit(state, word, name->line);
}

int asm_instruction(struct asm_state *state)
{
	struct parts parts = {
		state->token, state->token.text, state->token.text + state->token.bytes, {NULL, 0}};
	struct road_dsa_word word = {0};
	const struct dsa_op *op;

	for (unsigned i = 0; i < sizeof(pseudos) / sizeof(pseudos[0]); i++)
		if (strlen(pseudos[i].name) == parts.whole.bytes &&
		    !memcmp(pseudos[i].name, parts.whole.text, parts.whole.bytes)) {
			asm_next(state);
			return pseudos[i].run(state, parts.whole.line);
		}
	next_part(&parts);
	op = op_find(parts.part.text, parts.part.bytes);
	if (!op)
		return asm_error(state, "no such instruction", "the table of docs/dsa.md, li, la");
	word.op = (uint16_t)(op - dsa_syntax_ops);
	if (suffixes(state, op, &parts, &word))
		return -1;
	asm_next(state);
	if (operands(state, &dsa_syntax_formats[op->format], &word))
		return -1;
	return finish(state, &parts.whole, &word);
}
