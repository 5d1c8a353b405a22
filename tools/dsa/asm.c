/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: labels, directives, kernels. A line with an error is left, the next one is read. */
#include "tools/dsa/asm_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/dsa/syntax.h"

static bool is_word(const struct dsa_token *token, const char *text)
{
	return token->kind == DSA_TOKEN_WORD && strlen(text) == token->bytes &&
	       !memcmp(text, token->text, token->bytes);
}

/* Kernels and variables have their names in one table of the image. */
static int name_taken(struct asm_state *state, const struct dsa_token *name)
{
	const struct asm_symbol *symbol = asm_symbol_find(state, name->text, name->bytes);

	for (uint32_t i = 0; i < state->program->kernel_count; i++)
		if (is_word(name, state->program->kernels[i].name))
			return asm_error_at(state, name, "a name that a kernel has", "a new name");
	if (symbol && symbol->kind == ASM_SYMBOL_VARIABLE)
		return asm_error_at(state, name, "a name that a variable has", "a new name");
	return 0;
}

/* .kernel NAME arguments=BYTES [cooperative] */
static int directive_kernel(struct asm_state *state)
{
	int64_t bytes;

	if (state->where == ASM_KERNEL)
		return asm_error(state, "a kernel within a kernel", ".end before it");
	asm_variable_close(state);
	if (asm_name(state, &state->kernel_name))
		return -1;
	if (name_taken(state, &state->kernel_name))
		return -1;
	state->where = ASM_KERNEL;
	state->outer_symbols = state->symbol_count;
	state->kernel = (struct road_dsa_kernel){.first_word = state->program->word_count};
	if (!is_word(&state->token, "arguments"))
		return asm_error(state, "a kernel without the size of its arguments",
				 "arguments=BYTES");
	asm_next(state);
	if (asm_expect(state, '=') || asm_expression_in(state, 0, ROAD_DSA_ARGUMENTS_MAX, &bytes))
		return -1;
	state->kernel.argument_bytes = (uint32_t)bytes;
	if (is_word(&state->token, "cooperative")) {
		state->kernel.flags = ROAD_DSA_KERNEL_COOPERATIVE;
		asm_next(state);
	}
	return 0;
}

static void resolve(struct asm_state *state, const struct asm_fixup *fixup)
{
	const struct asm_symbol *label =
		asm_symbol_find(state, fixup->name.text, fixup->name.bytes);

	if (!label || label->kind != ASM_SYMBOL_LABEL)
		asm_error_at(state, &fixup->name, "no such label", "labels of this kernel");
	else if (fixup->word < state->program->word_count) /* not after an error in its line */
		state->program->words[fixup->word].imm =
			(int32_t)(label->value - (int64_t)fixup->word);
}

/* Words that their kernel has no place for; after other errors targets mean nothing. */
static void check_places(struct asm_state *state)
{
	const struct dsa_program *program = state->program;

	for (uint32_t i = 0; i < state->kernel.word_count && !state->messages->total; i++) {
		const struct road_dsa_word *word = &program->words[state->kernel.first_word + i];
		const char *reason = dsa_word_misplaced(word, i, &state->kernel);

		if (reason)
			dsa_messages_add(state->messages,
					 program->lines[state->kernel.first_word + i], 0, reason,
					 dsa_syntax_ops[word->op].name,
					 strlen(dsa_syntax_ops[word->op].name),
					 "arguments=BYTES, cooperative at its .kernel");
	}
}

static int kernel_close(struct asm_state *state)
{
	struct dsa_program *program = state->program;

	for (uint32_t i = 0; i < state->fixup_count; i++)
		resolve(state, &state->fixups[i]);
	for (uint32_t i = state->outer_symbols; i < state->symbol_count; i++)
		if (state->symbols[i].kind == ASM_SYMBOL_LABEL &&
		    state->symbols[i].value == program->word_count)
			dsa_messages_add(state->messages, state->symbols[i].line, 1,
					 "a label behind the kernel's last instruction",
					 state->symbols[i].name, state->symbols[i].bytes,
					 "labels before an instruction");
	state->fixup_count = 0;
	state->symbol_count = state->outer_symbols;
	state->where = ASM_OUTSIDE;
	state->kernel.word_count = program->word_count - state->kernel.first_word;
	check_places(state);
	if (!state->kernel.word_count)
		return asm_error_at(state, &state->kernel_name, "a kernel without instructions",
				    "at least one");
	if (!dsa_program_add_kernel(program, state->kernel_name.text, state->kernel_name.bytes,
				    &state->kernel))
		return asm_no_memory(state);
	return 0;
}

static int directive_end(struct asm_state *state)
{
	if (state->where != ASM_KERNEL)
		return asm_error(state, ".end without a kernel", ".kernel before it");
	return kernel_close(state);
}

static int directive_data(struct asm_state *state)
{
	if (state->where == ASM_KERNEL)
		return asm_error(state, ".data within a kernel", ".end before it");
	state->where = ASM_DATA;
	return 0;
}

/* .equ NAME expr, .default NAME expr: the second keeps a name that is given. */
static int define(struct asm_state *state, bool keep)
{
	struct dsa_token name;
	int64_t value;

	if (asm_name(state, &name))
		return -1;
	if (asm_punct(state, '='))
		asm_next(state);
	if (asm_expression(state, &value))
		return -1;
	if (keep && asm_symbol_find(state, name.text, name.bytes))
		return 0;
	return asm_symbol_add(state, &name, ASM_SYMBOL_NUMBER, value);
}

static int directive_equ(struct asm_state *state)
{
	return define(state, false);
}

static int directive_default(struct asm_state *state)
{
	return define(state, true);
}

/* .reg name = xN, ... */
static int directive_reg(struct asm_state *state)
{
	struct dsa_token name;

	for (;;) {
		int number;

		if (asm_name(state, &name) || asm_expect(state, '='))
			return -1;
		number = state->token.kind == DSA_TOKEN_WORD
				 ? dsa_register_number(state->token.text, state->token.bytes)
				 : -1;
		if (number < 0)
			return asm_error(state, "no register", "x0 to x31");
		asm_next(state);
		if (asm_symbol_add(state, &name, ASM_SYMBOL_REGISTER, number))
			return -1;
		if (!asm_punct(state, ','))
			return 0;
		asm_next(state);
	}
}

/* .pads L0A=BYTES, ... */
static int directive_pads(struct asm_state *state)
{
	for (;;) {
		int64_t bytes;
		char names[64];
		int pad = state->token.kind == DSA_TOKEN_WORD
				  ? dsa_name_find(dsa_syntax_pads, ROAD_DSA_PADS, state->token.text,
						  state->token.bytes)
				  : -1;

		dsa_name_list(dsa_syntax_pads, ROAD_DSA_PADS, names, sizeof(names));
		if (pad < 0)
			return asm_error(state, "no scratchpad", names);
		asm_next(state);
		if (asm_expect(state, '=') || asm_expression_in(state, 1, UINT32_MAX, &bytes))
			return -1;
		state->program->pads[pad] = (uint32_t)bytes;
		if (!asm_punct(state, ','))
			return 0;
		asm_next(state);
	}
}

/* .loc LINE: what follows comes from that line of another text. .noloc: from none. */
static int directive_loc(struct asm_state *state)
{
	int64_t number;

	if (asm_expression_in(state, 0, UINT32_MAX, &number))
		return -1;
	state->has_loc = true;
	state->loc = (uint32_t)number;
	return 0;
}

static int directive_noloc(struct asm_state *state)
{
	state->program->has_lines = false;
	return 0;
}

static int directive(struct asm_state *state)
{
	static const struct {
		const char *name;
		int (*run)(struct asm_state *state);
	} directives[] = {
		{".kernel", directive_kernel},   {".end", directive_end},
		{".data", directive_data},       {".equ", directive_equ},
		{".default", directive_default}, {".reg", directive_reg},
		{".pads", directive_pads},       {".loc", directive_loc},
		{".noloc", directive_noloc},
	};
	int result;

	for (unsigned i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (is_word(&state->token, directives[i].name)) {
			asm_next(state);
			return directives[i].run(state);
		}
	result = asm_data_directive(state);
	if (result <= 0)
		return result;
	return asm_error(
		state, "no such directive",
		".kernel .end .data .equ .default .reg .pads .loc .noloc .byte .half .word .quad "
		".f16 .bf16 .float .zero .align");
}

static int label(struct asm_state *state, const struct dsa_token *name)
{
	if (state->where == ASM_KERNEL)
		return asm_symbol_add(state, name, ASM_SYMBOL_LABEL, state->program->word_count);
	if (state->where != ASM_DATA)
		return asm_error_at(state, name, "a label outside kernels and data",
				    ".kernel or .data before it");
	if (name_taken(state, name))
		return -1;
	asm_variable_close(state);
	state->variable = *name;
	state->variable_offset = state->program->data_bytes;
	state->has_variable = true;
	return asm_symbol_add(state, name, ASM_SYMBOL_VARIABLE, state->variable_offset);
}

static bool colon_follows(const struct asm_state *state)
{
	struct dsa_lexer lexer = state->lexer;
	struct dsa_token token;

	dsa_lex_next(&lexer, &token);
	return token.kind == DSA_TOKEN_PUNCT && token.punct == ':';
}

static int line(struct asm_state *state)
{
	while (state->token.kind == DSA_TOKEN_WORD && colon_follows(state)) {
		struct dsa_token name;

		if (asm_name(state, &name) || label(state, &name))
			return -1;
		asm_next(state);
	}
	if (asm_at_end(state))
		return 0;
	if (state->token.kind != DSA_TOKEN_WORD)
		return asm_error(state, "no instruction", "a name, a label, or a directive");
	if (state->token.text[0] == '.')
		return directive(state);
	if (state->where != ASM_KERNEL)
		return asm_error(state, "an instruction outside a kernel", ".kernel before it");
	return asm_instruction(state);
}

static void lines(struct asm_state *state)
{
	while (state->token.kind != DSA_TOKEN_END && state->messages->total < DSA_MESSAGES_MAX) {
		if (!line(state) && !asm_at_end(state))
			asm_error(state, "more than the line can take", "its end, or a comment");
		while (!asm_at_end(state))
			asm_next(state);
		if (state->token.kind == DSA_TOKEN_NEWLINE)
			asm_next(state);
	}
}

static int predefine(struct asm_state *state, const struct dsa_define *defines, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct dsa_token name = {.kind = DSA_TOKEN_WORD,
					 .text = defines[i].name,
					 .bytes = strlen(defines[i].name)};

		if (asm_symbol_add(state, &name, ASM_SYMBOL_NUMBER, defines[i].value))
			return -1;
	}
	return 0;
}

int dsa_assemble(const char *text, size_t bytes, const struct dsa_define *defines, unsigned count,
		 struct dsa_program *program, struct dsa_messages *messages)
{
	struct asm_state state = {.program = program, .messages = messages};

	if (bytes > DSA_SOURCE_MAX)
		return dsa_messages_add(messages, 0, 0, "a source too large", "", 0, "16 MiB");
	program->has_lines = true;
	dsa_lex_start(&state.lexer, text, bytes);
	asm_next(&state);
	if (!predefine(&state, defines, count)) {
		lines(&state);
		if (state.where == ASM_KERNEL && !messages->total)
			asm_error_at(&state, &state.kernel_name, "a kernel without an end", ".end");
		if (!messages->total)
			asm_variable_close(&state);
		if (!program->kernel_count && !messages->total)
			asm_error(&state, "a source without kernels", "at least one .kernel");
	}
	free(state.symbols);
	free(state.fixups);
	return messages->total ? -1 : 0;
}
