/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the assembler share. */
#ifndef TOOLS_DSA_ASM_INTERNAL_H
#define TOOLS_DSA_ASM_INTERNAL_H

#include "tools/dsa/asm.h"
#include "tools/dsa/lex.h"

enum asm_symbol_kind {
	ASM_SYMBOL_NUMBER,   /* .equ: value */
	ASM_SYMBOL_REGISTER, /* .reg: value */
	ASM_SYMBOL_LABEL,    /* value: word */
	ASM_SYMBOL_VARIABLE, /* value: offset in the data */
};
struct asm_symbol {
	const char *name; /* not ended by 0 */
	size_t bytes;
	enum asm_symbol_kind kind;
	int64_t value;
	unsigned line;
};
struct asm_fixup { /* a jump to a label that may not be there yet */
	struct dsa_token name;
	uint32_t word;
};

struct asm_state {
	struct dsa_lexer lexer;
	struct dsa_token token; /* that comes next */
	struct dsa_program *program;
	struct dsa_messages *messages;
	struct asm_symbol *symbols;
	uint32_t symbol_count, symbol_room;
	struct asm_fixup *fixups;
	uint32_t fixup_count, fixup_room;
	unsigned depth; /* of an expression */
	enum { ASM_OUTSIDE, ASM_KERNEL, ASM_DATA } where;
	struct dsa_token kernel_name;
	struct road_dsa_kernel kernel; /* that is being written */
	uint32_t outer_symbols;        /* those that stay after it */
	struct dsa_token variable;     /* the last of the data */
	uint32_t variable_offset;
	bool has_variable;
	bool has_loc; /* .loc says which line words come from */
	uint32_t loc;
};

/* Tokens. */
void asm_next(struct asm_state *state);
bool asm_punct(const struct asm_state *state, char punct);
bool asm_at_end(const struct asm_state *state); /* of the line */
int asm_expect(struct asm_state *state, char punct);
/* Messages at the token that comes next; answer -1. */
int asm_error(struct asm_state *state, const char *what, const char *allowed);
int asm_error_at(struct asm_state *state, const struct dsa_token *token, const char *what,
		 const char *allowed);
int asm_no_memory(struct asm_state *state);

/* Symbols. NULL: there is none. */
struct asm_symbol *asm_symbol_find(struct asm_state *state, const char *name, size_t bytes);
int asm_symbol_add(struct asm_state *state, const struct dsa_token *name, enum asm_symbol_kind kind,
		   int64_t value);
/* A name that may be given: no register, no dots. */
int asm_name(struct asm_state *state, struct dsa_token *name);

/* Expressions: constants of 64 bits. */
int asm_expression(struct asm_state *state, int64_t *value);
int asm_expression_in(struct asm_state *state, int64_t least, int64_t most, int64_t *value);
/* A number with or without a fraction, as IEEE 754 bits of a type with so many exponent and
 * fraction bits, rounded to nearest even once. */
int asm_real(struct asm_state *state, unsigned exponent_bits, unsigned fraction_bits,
	     uint64_t *bits);

/* Lines. */
int asm_instruction(struct asm_state *state);
int asm_emit(struct asm_state *state, const struct road_dsa_word *word, unsigned line);
/* 0 done, -1 error, 1: no such directive of data. */
int asm_data_directive(struct asm_state *state);
void asm_variable_close(struct asm_state *state);

#endif
