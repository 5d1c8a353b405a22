/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction: words behind its opcode, operands. */
#include <string.h>

#include "tests/oracle/gpu/scope.h"
#include "tests/oracle/gpu/special.h"

static const char *const words[] = {
#define X(name) #name,
	PTX_WORDS(X)
#undef X
};

static const char *const ignored[] = {
#define X(name) #name,
	PTX_IGNORED(X)
#undef X
};

static bool is_ignored(const char *word)
{
	for (unsigned k = 0; k < sizeof(ignored) / sizeof(ignored[0]); k++)
		if (!strcmp(ignored[k], word))
			return true;
	return strstr(word, "::evict") || strstr(word, "::no_allocate") ||
	       !strncmp(word, "L2::", 4);
}

static void parse_word(struct parser *p, struct instr *i, const char *word)
{
	enum type type = type_find(word);

	if (type != TYPES) {
		if (i->type_count == 4)
			fail(p->m, i->line, "more than four types");
		i->types[i->type_count++] = type;
		return;
	}
	if (!strcmp(word, "shared::cta"))
		word = "shared";
	if (!strcmp(word, "param::entry") || !strcmp(word, "param::func"))
		word = "param";
	for (unsigned k = 0; k < WORDS; k++) {
		if (!strcmp(words[k], word)) {
			i->words[k / 64] |= UINT64_C(1) << k % 64;
			return;
		}
	}
	if (!strcmp(word, "left") || !strcmp(word, "right"))
		parse_word(p, i, word[0] == 'l' ? "l" : "r");
	else if (!is_ignored(word))
		fail(p->m, i->line, "'.%s' behind '%s' is not known", word, i->name);
}

static void parse_operand(struct parser *p, struct instr *i, struct operand *o);

static void parse_list(struct parser *p, struct instr *i, struct operand *o, char end)
{
	o->kind = OPERAND_LIST;
	o->list = arena_take(p->m, 64 * sizeof(*o->list));
	while (!lex_accept(&p->x, end)) {
		if (o->count == 64)
			fail(p->m, i->line, "more than 64 operands in a list");
		parse_operand(p, i, &o->list[o->count++]);
		if (!lex_is(&p->x, end))
			lex_expect(&p->x, ',');
	}
}

static void symbol_operand(struct parser *p, struct operand *o, const struct symbol *s)
{
	o->kind = OPERAND_SYMBOL;
	o->value = s->offset;
	o->space = s->space;
	o->is_dynamic = s->is_dynamic;
	if (lex_is(&p->x, '+') || lex_is(&p->x, '-')) {
		enum number number;

		lex_accept(&p->x, '+');
		o->value += lex_constant(&p->x, &number);
	}
}

static void parse_memory(struct parser *p, struct operand *o)
{
	enum number number;
	uint32_t count, reg = 0;

	if (p->x.token != TOKEN_NAME) {
		o->value = lex_constant(&p->x, &number);
	} else {
		const char *name = lex_name(&p->x);

		reg = register_find(p, name, &count);
		if (reg) {
			if (lex_accept(&p->x, '+') || lex_is(&p->x, '-'))
				o->value = lex_constant(&p->x, &number);
		} else {
			const struct symbol *s = symbol_find(p, name);

			if (!s || s->kind != SYMBOL_VARIABLE)
				fail(p->m, p->x.line, "'%s' as address", name);
			symbol_operand(p, o, s);
		}
	}
	o->kind = OPERAND_MEMORY;
	o->has_reg = reg;
	o->reg = reg;
	lex_expect(&p->x, ']');
}

static void register_operand(struct parser *p, struct operand *o, uint32_t reg, uint32_t count)
{
	static const char parts[] = "xyzw";

	o->kind = OPERAND_REG;
	o->reg = reg;
	if (count > 1 && p->x.token == TOKEN_DOT && strlen(p->x.text) == 1) {
		const char *part = strchr(parts, p->x.text[0]);

		o->reg = reg + (part ? (uint32_t)(part - parts) : (uint32_t)(p->x.text[0] == 'g'));
		lex_next(&p->x);
	} else if (count > 1) {
		o->kind = OPERAND_LIST;
		o->count = count;
		o->list = arena_take(p->m, count * sizeof(*o->list));
		for (uint32_t k = 0; k < count; k++)
			o->list[k] = (struct operand){.kind = OPERAND_REG, .reg = reg + k};
	}
	if (lex_accept(&p->x, '|')) {
		const char *name = lex_name(&p->x);

		o->reg2 = register_find(p, name, &count);
		if (!o->reg2 && strcmp(name, "_"))
			fail(p->m, p->x.line, "'%s' is not declared", name);
	}
}

static bool special_operand(struct parser *p, struct operand *o, const char *name)
{
	const char *part = p->x.token == TOKEN_DOT ? p->x.text : "";
	int special = special_find(name, part);

	if (special < 0)
		return false;
	if (*part)
		lex_next(&p->x);
	o->kind = OPERAND_SREG;
	o->value = (uint64_t)special;
	return true;
}

static void name_operand(struct parser *p, struct instr *i, struct operand *o)
{
	uint32_t count, reg;
	const char *name = lex_name(&p->x);

	if (!strcmp(name, "_")) {
		o->kind = OPERAND_SINK;
		if (lex_accept(&p->x, '|'))
			o->reg2 = register_find(p, lex_name(&p->x), &count);
		return;
	}
	reg = register_find(p, name, &count);
	if (reg) {
		register_operand(p, o, reg, count);
		return;
	}
	if (special_operand(p, o, name))
		return;
	const struct symbol *s = symbol_find(p, name);

	if (s && s->kind == SYMBOL_VARIABLE) {
		symbol_operand(p, o, s);
	} else if (function_find(p, name, false)) {
		o->kind = OPERAND_FUNCTION;
		o->function = function_find(p, name, false);
	} else if (!strcmp(i->name, "bra") || !strcmp(i->name, "brx") || !strcmp(i->name, "call")) {
		o->kind = OPERAND_LABEL;
		if (strcmp(i->name, "call"))
			label_refer(p, name, p->f->count, (uint32_t)(o - i->operands), false);
	} else {
		fail(p->m, p->x.line, "'%s' is not declared", name);
	}
}

static void parse_operand(struct parser *p, struct instr *i, struct operand *o)
{
	if (lex_accept(&p->x, '[')) {
		parse_memory(p, o);
	} else if (lex_accept(&p->x, '{')) {
		parse_list(p, i, o, '}');
	} else if (!strcmp(i->name, "call") && lex_accept(&p->x, '(')) {
		parse_list(p, i, o, ')');
	} else if (lex_is(&p->x, '!')) {
		lex_next(&p->x);
		name_operand(p, i, o);
		o->negated = true;
	} else if (p->x.token == TOKEN_NAME && strcmp(p->x.text, "WARP_SZ")) {
		name_operand(p, i, o);
	} else {
		o->kind = OPERAND_CONST;
		o->value = lex_constant(&p->x, &o->number);
	}
}

static struct instr *instr_new(struct parser *p)
{
	struct function *f = p->f;

	if (f->count == f->room) {
		uint32_t room = f->room ? 2 * f->room : 64;
		struct instr *code = arena_take(p->m, room * sizeof(*code));

		if (f->count)
			memcpy(code, f->code, f->count * sizeof(*code));
		f->code = code;
		f->room = room;
	}
	memset(&f->code[f->count], 0, sizeof(struct instr));
	return &f->code[f->count];
}

void parse_instruction(struct parser *p, const char *name, uint32_t guard, bool negated)
{
	struct instr *i = instr_new(p);

	i->name = name;
	i->line = p->x.line;
	i->guard = guard;
	i->guard_negated = negated;
	i->run = instr_find(name);
	if (!i->run)
		fail(p->m, i->line, "'%s' is not known", name);
	for (; p->x.token == TOKEN_DOT; lex_next(&p->x))
		parse_word(p, i, p->x.text);
	while (!lex_accept(&p->x, ';')) {
		if (i->count == OPERANDS_MAX)
			fail(p->m, i->line, "more than %d operands", OPERANDS_MAX);
		parse_operand(p, i, &i->operands[i->count++]);
		if (!lex_is(&p->x, ';'))
			lex_expect(&p->x, ',');
	}
	p->f->count++;
}
