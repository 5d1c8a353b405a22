/* SPDX-License-Identifier: Apache-2.0 */
/* Names, labels and their scopes while a module is read. */
#ifndef TESTS_ORACLE_GPU_SCOPE_H
#define TESTS_ORACLE_GPU_SCOPE_H

#include "tests/oracle/gpu/lex.h"

enum symbol_kind { SYMBOL_REG, SYMBOL_RANGE, SYMBOL_VARIABLE };

struct symbol {
	const char *name;
	enum symbol_kind kind;
	enum type type;
	uint32_t reg, count; /* first register; members of a vector or a range */
	enum space space;
	uint64_t offset, bytes;
	bool is_dynamic;
};

struct label {
	const char *name;
	uint32_t index; /* of an instruction, or of a table */
	bool is_table;
};

/* A place that names a label: an operand of an instruction, or an entry of a table. */
struct reference {
	const char *name;
	unsigned line;
	uint32_t instr, operand;
	bool in_table;
};

#define SYMBOLS_MAX    8192
#define LABELS_MAX     8192
#define REFERENCES_MAX 32768

struct parser {
	struct lexer x;
	struct module *m;
	struct function *f;
	struct symbol symbols[SYMBOLS_MAX];
	uint32_t symbol_count, scope_start;
	struct label labels[LABELS_MAX];
	uint32_t label_count;
	struct reference references[REFERENCES_MAX];
	uint32_t reference_count;
	uint32_t data_room;
};

struct scope {
	uint32_t symbols, outer, labels, references;
};

struct symbol *symbol_add(struct parser *p, const char *name, enum symbol_kind kind);
struct symbol *symbol_find(struct parser *p, const char *name);
/* The register of this name, or 0; *count: members if it names a vector. */
uint32_t register_find(struct parser *p, const char *name, uint32_t *count);
uint32_t register_new(struct parser *p, enum type type, uint32_t count);
struct scope scope_open(struct parser *p);
/* Resolves what names labels of this scope; the rest is left to the scope around it. */
void scope_close(struct parser *p, struct scope scope);
void label_add(struct parser *p, const char *name, uint32_t index, bool is_table);
void label_refer(struct parser *p, const char *name, uint32_t instr, uint32_t operand,
		 bool in_table);
struct function *function_find(struct parser *p, const char *name, bool make);
enum type type_find(const char *name);

/* statement.c */
void parse_instruction(struct parser *p, const char *name, uint32_t guard, bool negated);

#endif
