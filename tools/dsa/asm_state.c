/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, messages and symbols of the assembler. */
#include "tools/dsa/asm_internal.h"
#include "tools/dsa/syntax.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void asm_next(struct asm_state *state)
{
	dsa_lex_next(&state->lexer, &state->token);
}

bool asm_punct(const struct asm_state *state, char punct)
{
	return state->token.kind == DSA_TOKEN_PUNCT && state->token.punct == punct;
}

bool asm_at_end(const struct asm_state *state)
{
	return state->token.kind == DSA_TOKEN_NEWLINE || state->token.kind == DSA_TOKEN_END;
}

int asm_error_at(struct asm_state *state, const struct dsa_token *token, const char *what,
		 const char *allowed)
{
	bool end = token->kind == DSA_TOKEN_NEWLINE || token->kind == DSA_TOKEN_END;

	return dsa_messages_add(state->messages, token->line, token->column, what,
				end ? "end of line" : token->text,
				end ? strlen("end of line") : token->bytes, allowed);
}

int asm_error(struct asm_state *state, const char *what, const char *allowed)
{
	return asm_error_at(state, &state->token, what, allowed);
}

int asm_no_memory(struct asm_state *state)
{
	return asm_error(state, "out of host memory, or beyond what an image may hold", "");
}

int asm_expect(struct asm_state *state, char punct)
{
	const char allowed[2] = {punct, 0};

	if (!asm_punct(state, punct))
		return asm_error(state, "unexpected text", allowed);
	asm_next(state);
	return 0;
}

struct asm_symbol *asm_symbol_find(struct asm_state *state, const char *name, size_t bytes)
{
	for (uint32_t i = state->symbol_count; i-- > 0;)
		if (state->symbols[i].bytes == bytes &&
		    !memcmp(state->symbols[i].name, name, bytes))
			return &state->symbols[i];
	return NULL;
}

int asm_symbol_add(struct asm_state *state, const struct dsa_token *name, enum asm_symbol_kind kind,
		   int64_t value)
{
	const struct asm_symbol *old = asm_symbol_find(state, name->text, name->bytes);
	char allowed[64];

	if (old) {
		snprintf(allowed, sizeof(allowed), "a new name; it is given in line %u", old->line);
		return asm_error_at(state, name, "a name given twice", allowed);
	}
	if (state->symbol_count == state->symbol_room) {
		uint32_t room = state->symbol_room ? state->symbol_room * 2 : 64;
		void *larger = reallocarray(state->symbols, room, sizeof(*state->symbols));

		if (!larger)
			return asm_no_memory(state);
		state->symbols = larger;
		state->symbol_room = room;
	}
	state->symbols[state->symbol_count++] =
		(struct asm_symbol){name->text, name->bytes, kind, value, name->line};
	return 0;
}

int asm_name(struct asm_state *state, struct dsa_token *name)
{
	*name = state->token;
	if (name->kind != DSA_TOKEN_WORD || memchr(name->text, '.', name->bytes) ||
	    dsa_register_number(name->text, name->bytes) >= 0)
		return asm_error(state, "no name", "letters, digits, _; no register");
	if (name->bytes > DSA_NAME_MAX)
		return asm_error(state, "a name too long", "255 characters");
	asm_next(state);
	return 0;
}
