/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/scope.h"

#include <stdlib.h>
#include <string.h>

const struct type_info type_table[TYPES + 1] = {
#define X(name, bits, kind) {#name, bits, KIND_##kind},
	PTX_TYPES(X)
#undef X
		{"?", 0, KIND_B},
};

enum type type_find(const char *name)
{
	unsigned k = 0;

	while (k < TYPES && strcmp(type_table[k].name, name))
		k++;
	return (enum type)k;
}

struct symbol *symbol_add(struct parser *p, const char *name, enum symbol_kind kind)
{
	if (p->symbol_count == SYMBOLS_MAX)
		fail(p->m, p->x.line, "too many names");
	for (uint32_t k = p->scope_start; k < p->symbol_count; k++)
		if (!strcmp(p->symbols[k].name, name) && kind != SYMBOL_VARIABLE)
			fail(p->m, p->x.line, "'%s' is declared twice", name);
	struct symbol *s = &p->symbols[p->symbol_count++];

	*s = (struct symbol){.name = name, .kind = kind, .count = 1};
	return s;
}

struct symbol *symbol_find(struct parser *p, const char *name)
{
	for (uint32_t k = p->symbol_count; k-- > 0;)
		if (p->symbols[k].kind != SYMBOL_RANGE && !strcmp(p->symbols[k].name, name))
			return &p->symbols[k];
	return NULL;
}

static uint32_t member_of_range(struct parser *p, const char *name)
{
	size_t digits = strlen(name);

	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (!name[digits])
		return 0;
	for (uint32_t k = p->symbol_count; k-- > 0;) {
		const struct symbol *s = &p->symbols[k];
		size_t bytes = strlen(s->name);

		if (s->kind != SYMBOL_RANGE || bytes < digits || strncmp(s->name, name, bytes))
			continue;
		unsigned long index = strtoul(name + bytes, NULL, 10);

		if (name[bytes] && index < s->count)
			return s->reg + (uint32_t)index;
	}
	return 0;
}

uint32_t register_find(struct parser *p, const char *name, uint32_t *count)
{
	const struct symbol *s = symbol_find(p, name);

	*count = 1;
	if (!s)
		return member_of_range(p, name);
	if (s->kind != SYMBOL_REG)
		return 0;
	*count = s->count;
	return s->reg;
}

uint32_t register_new(struct parser *p, enum type type, uint32_t count)
{
	struct function *f = p->f;
	uint32_t first = f->reg_count + 1;

	if (f->reg_count + count + 1 > f->reg_room) {
		uint32_t room = 2 * (f->reg_count + count + 1);
		uint8_t *bits = arena_take(p->m, room);

		if (f->reg_bits)
			memcpy(bits, f->reg_bits, f->reg_count + 1);
		f->reg_bits = bits;
		f->reg_room = room;
	}
	for (uint32_t k = 0; k < count; k++)
		f->reg_bits[first + k] = (uint8_t)type_table[type].bits;
	f->reg_count += count;
	return first;
}

struct scope scope_open(struct parser *p)
{
	struct scope scope = {p->symbol_count, p->scope_start, p->label_count, p->reference_count};

	p->scope_start = p->symbol_count;
	return scope;
}

static bool resolve(struct parser *p, const struct reference *r, uint32_t first)
{
	for (uint32_t k = p->label_count; k-- > first;) {
		if (strcmp(p->labels[k].name, r->name))
			continue;
		if (r->in_table)
			p->f->tables[r->instr].targets[r->operand] = p->labels[k].index;
		else
			p->f->code[r->instr].operands[r->operand].target = p->labels[k].index;
		return true;
	}
	return false;
}

void scope_close(struct parser *p, struct scope scope)
{
	uint32_t left = scope.references;

	for (uint32_t k = scope.references; k < p->reference_count; k++)
		if (!resolve(p, &p->references[k], scope.labels))
			p->references[left++] = p->references[k];
	p->reference_count = left;
	p->label_count = scope.labels;
	p->symbol_count = scope.symbols;
	p->scope_start = scope.outer;
}

void label_add(struct parser *p, const char *name, uint32_t index, bool is_table)
{
	if (p->label_count == LABELS_MAX)
		fail(p->m, p->x.line, "too many labels");
	p->labels[p->label_count++] = (struct label){name, index, is_table};
}

void label_refer(struct parser *p, const char *name, uint32_t instr, uint32_t operand,
		 bool in_table)
{
	if (p->reference_count == REFERENCES_MAX)
		fail(p->m, p->x.line, "too many references to labels");
	p->references[p->reference_count++] =
		(struct reference){name, p->x.line, instr, operand, in_table};
}

struct function *function_find(struct parser *p, const char *name, bool make)
{
	struct function **at = &p->m->functions;

	for (; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name))
			return *at;
	if (!make)
		return NULL;
	*at = arena_take(p->m, sizeof(**at));
	(*at)->name = name;
	return *at;
}
