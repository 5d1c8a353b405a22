/* SPDX-License-Identifier: Apache-2.0 */
/* Ways through a kernel, registers along them, tokens. */
#include "tools/dsa/check_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/syntax.h"

void check_report(const struct check *check, uint32_t word, const char *what, const char *seen,
		  const char *allowed)
{
	uint32_t at = check->kernel->entry.first_word + word;

	dsa_messages_add(check->messages, check->program->lines[at], 0, what, seen, strlen(seen),
			 allowed);
}

bool check_constant(const struct check_state *state, unsigned reg, uint64_t *value)
{
	*value = reg ? state->reg[reg].value : 0;
	return !reg || state->reg[reg].kind == CHECK_CONSTANT;
}

static const struct dsa_format *format_of(const struct road_dsa_word *word)
{
	return &dsa_syntax_formats[dsa_syntax_ops[word->op].format];
}

/* ---- values ---- */

/* What a scalar instruction makes of constants; false: nothing that is followed. */
static bool evaluate(const struct road_dsa_word *word, uint64_t d, uint64_t a, uint64_t b,
		     uint64_t *out)
{
	const uint64_t imm = (uint64_t)(int64_t)word->imm;

	switch (word->op) {
	case ROAD_DSA_OP_movi: *out = imm; return true;
	case ROAD_DSA_OP_movh: *out = (d & 0xffffffffu) | imm << 32; return true;
	case ROAD_DSA_OP_mov: *out = a; return true;
	case ROAD_DSA_OP_add: *out = a + b; return true;
	case ROAD_DSA_OP_addi: *out = a + imm; return true;
	case ROAD_DSA_OP_sub: *out = a - b; return true;
	case ROAD_DSA_OP_mul: *out = a * b; return true;
	case ROAD_DSA_OP_muli: *out = a * imm; return true;
	case ROAD_DSA_OP_and: *out = a & b; return true;
	case ROAD_DSA_OP_andi: *out = a & imm; return true;
	case ROAD_DSA_OP_or: *out = a | b; return true;
	case ROAD_DSA_OP_ori: *out = a | imm; return true;
	case ROAD_DSA_OP_xor: *out = a ^ b; return true;
	case ROAD_DSA_OP_shli: *out = a << imm; return true;
	case ROAD_DSA_OP_shri: *out = a >> imm; return true;
	case ROAD_DSA_OP_minu: *out = a < b ? a : b; return true;
	case ROAD_DSA_OP_maxu: *out = a > b ? a : b; return true;
	case ROAD_DSA_OP_loop: *out = d - 1; return true;
	default: return false;
	}
}

/* Registers that a word reads, as bits; those of a shape's block are from b on. */
static uint32_t reads(const struct road_dsa_word *word)
{
	const struct dsa_format *format = format_of(word);
	unsigned block = dsa_word_shape_registers(word);
	uint32_t bits = block ? ((1u << block) - 1) << word->b : 0;

	for (unsigned i = 0; format->operands[i]; i++)
		switch (format->operands[i]) {
		case DSA_OPERAND_REG_A:
		case DSA_OPERAND_OFFSET:
		case DSA_OPERAND_AT_A:
		case DSA_OPERAND_BLOCK: bits |= 1u << word->a; break;
		case DSA_OPERAND_REG_C: bits |= 1u << word->c; break;
		case DSA_OPERAND_REG_E:
		case DSA_OPERAND_AT_BIAS:
		case DSA_OPERAND_AT_E: bits |= 1u << word->e; break;
		case DSA_OPERAND_AT_D: bits |= 1u << word->d; break;
		default: break;
		}
	if (word->op == ROAD_DSA_OP_movh || word->op == ROAD_DSA_OP_loop)
		bits |= 1u << word->d;
	return bits & ~1u;
}

static void step(struct check_state *state, const struct road_dsa_word *word)
{
	struct check_value *d = &state->reg[word->d];
	uint64_t a, b, old, value;
	bool known;

	if (!dsa_format_has(format_of(word), DSA_OPERAND_REG_D) || !word->d)
		return;
	known = check_constant(state, word->a, &a) & check_constant(state, word->b, &b);
	if (word->op == ROAD_DSA_OP_movh || word->op == ROAD_DSA_OP_loop)
		known &= check_constant(state, word->d, &old);
	else
		old = 0;
	d->kind = known && evaluate(word, old, a, b, &value) ? CHECK_CONSTANT : CHECK_ANY;
	d->value = d->kind == CHECK_CONSTANT ? value : 0;
}

/* Adds what holds on a further way; true: something changed. */
static bool join(struct check_state *into, const struct check_state *from)
{
	bool changed = false;

	if (!into->reached) {
		*into = *from;
		into->reached = true;
		return true;
	}
	for (unsigned i = 1; i < ROAD_DSA_REGS; i++) {
		struct check_value *a = &into->reg[i];
		const struct check_value *b = &from->reg[i];

		if (a->kind == CHECK_ANY || (a->kind == b->kind && a->value == b->value))
			continue;
		*a = (struct check_value){CHECK_ANY, 0};
		changed = true;
	}
	return changed;
}

/* ---- ways ---- */

static bool ends(const struct road_dsa_word *word)
{
	return word->op == ROAD_DSA_OP_end || word->op == ROAD_DSA_OP_trap;
}

/* The words that may follow: up to two. */
static unsigned successors(const struct check *check, uint32_t at, uint32_t next[2])
{
	const struct road_dsa_word *word = &check->words[at];
	unsigned count = 0;

	if (ends(word))
		return 0;
	if (dsa_syntax_ops[word->op].format != ROAD_DSA_FORMAT_JUMP &&
	    at + 1 < check->kernel->entry.word_count)
		next[count++] = at + 1;
	if (dsa_format_has(format_of(word), DSA_OPERAND_TARGET))
		next[count++] = (uint32_t)((int64_t)at + word->imm);
	return count;
}

/* Each word's state reaches a fixed point: a register changes at most twice. */
static bool follow(struct check *check)
{
	uint32_t count = check->kernel->entry.word_count, depth = 0;
	uint32_t *stack = malloc((size_t)count * sizeof(*stack));
	unsigned char *waits = calloc(count, 1);

	if (stack && waits) {
		check->states[0].reached = true;
		stack[depth++] = 0;
	}
	while (depth) {
		uint32_t at = stack[--depth], next[2];
		struct check_state after = check->states[at];
		unsigned ways = successors(check, at, next);

		waits[at] = 0;
		step(&after, &check->words[at]);
		for (unsigned i = 0; i < ways; i++)
			if (join(&check->states[next[i]], &after) && !waits[next[i]]) {
				waits[next[i]] = 1;
				stack[depth++] = next[i];
			}
	}
	free(stack);
	free(waits);
	return stack && waits;
}

static void check_ways(const struct check *check)
{
	uint32_t count = check->kernel->entry.word_count;
	const struct road_dsa_word *last = &check->words[count - 1];
	bool before = true;

	for (uint32_t i = 0; i < count; i++) {
		bool reached = check->states[i].reached;

		if (!reached && before)
			check_report(check, i, "code that is never reached",
				     dsa_syntax_ops[check->words[i].op].name, "");
		before = reached;
	}
	if (check->states[count - 1].reached && !ends(last) &&
	    dsa_syntax_ops[last->op].format != ROAD_DSA_FORMAT_JUMP)
		check_report(check, count - 1, "the kernel runs off its end",
			     dsa_syntax_ops[last->op].name,
			     "end, trap or jump as its last instruction");
}

static void check_registers(const struct check *check, uint32_t at)
{
	uint32_t bits = reads(&check->words[at]);

	for (unsigned i = 1; i < ROAD_DSA_REGS; i++)
		if (bits >> i & 1 && check->states[at].reg[i].kind == CHECK_UNWRITTEN) {
			char seen[8];

			snprintf(seen, sizeof(seen), "x%u", i);
			check_report(check, at, "a register that nothing wrote before", seen, "");
		}
}

/* ---- tokens ---- */

static bool is_flag(const struct check *check, uint32_t at)
{
	return check->states[at].reached &&
	       dsa_syntax_ops[check->words[at].op].format == ROAD_DSA_FORMAT_FLAG;
}

static bool has_partner(const struct check *check, const struct road_dsa_word *flag)
{
	for (uint32_t i = 0; i < check->kernel->entry.word_count; i++)
		if (is_flag(check, i) && check->words[i].op != flag->op &&
		    check->words[i].mods == flag->mods && check->words[i].imm == flag->imm)
			return true;
	return false;
}

static void check_flag(const struct check *check, uint32_t at)
{
	const struct road_dsa_word *word = &check->words[at];
	char seen[48], allowed[48];

	if (!is_flag(check, at))
		return;
	snprintf(seen, sizeof(seen), "%s, %s, %d", dsa_syntax_queues[word->mods & 15],
		 dsa_syntax_queues[word->mods >> 4], word->imm);
	if (!has_partner(check, word))
		check_report(check, at,
			     word->op == ROAD_DSA_OP_set_flag
				     ? "a token that is set and never awaited"
				     : "a token that is awaited and never set",
			     seen, "a set_flag and a wait_flag for each token");
	if (check->limits->flags && word->imm >= (int32_t)check->limits->flags) {
		snprintf(allowed, sizeof(allowed), "0 to %u", check->limits->flags - 1);
		check_report(check, at, "a token's id beyond the chip's", seen, allowed);
	}
}

static void check_kernel(struct check *check)
{
	uint32_t count = check->kernel->entry.word_count;

	check->states = calloc(count, sizeof(*check->states));
	if (!check->states || !follow(check)) {
		check_report(check, 0, "out of host memory", "", "");
	} else {
		check_ways(check);
		for (uint32_t i = 0; i < count; i++) {
			if (!check->states[i].reached)
				continue;
			check_registers(check, i);
			check_flag(check, i);
			check_pads(check, i);
		}
	}
	free(check->states);
}

void dsa_check(const struct dsa_program *program, const struct dsa_check_limits *limits,
	       struct dsa_messages *messages)
{
	struct check check = {.program = program, .limits = limits, .messages = messages};

	for (uint32_t i = 0; i < program->kernel_count; i++) {
		check.kernel = &program->kernels[i];
		check.words = program->words + check.kernel->entry.first_word;
		check_kernel(&check);
	}
}
