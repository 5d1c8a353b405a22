/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How words are written: one row a format, read by the assembler, the disassembler, the checker
 * and whoever verifies words. Instructions come from uapi/dsa/ops.def; none is named here.
 */
#ifndef TOOLS_DSA_SYNTAX_H
#define TOOLS_DSA_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi/dsa/image.h"
#include "uapi/dsa/isa.h"

struct dsa_op {
	const char *name;
	uint8_t queue, format;
	uint16_t types;
	const char *text;
};
extern const struct dsa_op dsa_syntax_ops[ROAD_DSA_OPS];

/* What stands between commas. REG: a register; AT: one in brackets. */
enum dsa_operand {
	DSA_OPERAND_END,
	DSA_OPERAND_REG_D,
	DSA_OPERAND_REG_A,
	DSA_OPERAND_REG_B,
	DSA_OPERAND_REG_C,
	DSA_OPERAND_REG_E, /* may be left out: x0 */
	DSA_OPERAND_AT_D,
	DSA_OPERAND_AT_A,
	DSA_OPERAND_AT_B,
	DSA_OPERAND_AT_E,
	DSA_OPERAND_AT_BIAS, /* e; there if mods say BIAS */
	DSA_OPERAND_OFFSET,  /* [xA + imm] */
	DSA_OPERAND_ADDRESS, /* [imm] */
	DSA_OPERAND_IMM,
	DSA_OPERAND_TARGET, /* imm, in words from this one */
	DSA_OPERAND_SREG,
	DSA_OPERAND_SOURCE, /* queues in mods */
	DSA_OPERAND_SINK,
	DSA_OPERAND_QUEUE,
	DSA_OPERAND_QUEUE_OR_ALL,
	DSA_OPERAND_BLOCK, /* xA, or others */
};
#define DSA_OPERANDS_MAX 5u

struct dsa_suffix { /* of a name: (mods & mask) == value */
	const char *name;
	uint8_t value, mask;
};

struct dsa_format {
	uint8_t operands[DSA_OPERANDS_MAX + 1];
	const struct dsa_suffix *suffixes; /* NULL: none; ends with a NULL name */
	bool suffix_needed;                /* one of them must be there */
	bool suffix_first;                 /* it stands before the type */
	int32_t least, most;               /* of imm where an operand is one */
};
extern const struct dsa_format dsa_syntax_formats[ROAD_DSA_FORMATS];

extern const char *const dsa_syntax_types[ROAD_DSA_TYPES]; /* "" for NONE */
extern const char *const dsa_syntax_queues[ROAD_DSA_QUEUES];
extern const char *const dsa_syntax_pads[ROAD_DSA_PADS];
extern const char *const dsa_syntax_sregs[ROAD_DSA_SREGS];
extern const uint8_t dsa_syntax_bytes[ROAD_DSA_TYPES];

/* Number of a name in a table, or -1. */
int dsa_name_find(const char *const *names, int count, const char *text, size_t bytes);
/* All names with commas, for error messages. */
void dsa_name_list(const char *const *names, int count, char *out, size_t room);

/* x0..x31, or -1. */
int dsa_register_number(const char *text, size_t bytes);

/* Whether the row has the operand. */
bool dsa_format_has(const struct dsa_format *format, enum dsa_operand operand);
/* Registers that the word reads from b on: shapes stand in blocks of them; 0 without b. */
unsigned dsa_word_shape_registers(const struct road_dsa_word *word);
/*
 * What is wrong with a word, NULL if it can be written and run: unknown numbers, registers that
 * do not exist, fields not 0 that its format does not use. Targets and token ids are not looked at:
 * they depend on where the word stands and on the chip.
 */
const char *dsa_word_wrong(const struct road_dsa_word *word);
/* What is wrong with a word as number `index` of this kernel: targets, arguments, cross-core flags.
 * NULL: nothing. The word is one that dsa_word_wrong takes. */
const char *dsa_word_misplaced(const struct road_dsa_word *word, uint32_t index,
			       const struct road_dsa_kernel *kernel);

#endif
