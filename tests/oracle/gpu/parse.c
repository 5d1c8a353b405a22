/* SPDX-License-Identifier: Apache-2.0 */
/* Modules: variables, functions, bodies. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/gpu/scope.h"

#define DATA_MAX       (16u << 20)
#define SCOPES_MAX     64
#define DIMENSIONS_MAX 8

void fail(struct module *m, unsigned line, const char *format, ...)
{
	va_list args;
	int n = snprintf(m->error, m->error_bytes, "ptx:%u: ", line);

	va_start(args, format);
	vsnprintf(m->error + n, m->error_bytes - (size_t)n, format, args);
	va_end(args);
	longjmp(m->failed, 1);
}

void *arena_take(struct module *m, size_t bytes)
{
	void **chunk = calloc(1, bytes + 16);

	if (!chunk)
		fail(m, 0, "no memory");
	*chunk = m->arena;
	m->arena = chunk;
	return (char *)chunk + 16;
}

void module_free(struct module *m)
{
	while (m->arena) {
		void **chunk = m->arena;

		m->arena = *chunk;
		free(chunk);
	}
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

struct declaration {
	const char *name;
	enum type type;
	uint64_t align, dims[DIMENSIONS_MAX], bytes;
	unsigned dim_count, vector;
	bool is_open; /* name[] */
};

static enum type lex_type(struct parser *p)
{
	enum type type = p->x.token == TOKEN_DOT ? type_find(p->x.text) : TYPES;

	if (type == TYPES)
		fail(p->m, p->x.line, "expected a type");
	lex_next(&p->x);
	return type;
}

/* [.align n] [.v2 | .v4] .type [.ptr ...] */
static struct declaration parse_type(struct parser *p)
{
	struct declaration d = {.vector = 1};
	enum number number;

	if (lex_accept_dot(&p->x, "align"))
		d.align = lex_constant(&p->x, &number);
	if (lex_accept_dot(&p->x, "v2"))
		d.vector = 2;
	else if (lex_accept_dot(&p->x, "v4"))
		d.vector = 4;
	d.type = lex_type(p);
	while (p->x.token == TOKEN_DOT) {
		bool align = lex_dot(&p->x, "align");

		lex_next(&p->x);
		if (align)
			lex_constant(&p->x, &number);
	}
	if (!d.align)
		d.align = d.vector * (uint64_t)type_table[d.type].bits / 8;
	return d;
}

static void parse_dims(struct parser *p, struct declaration *d)
{
	enum number number;

	d->name = lex_name(&p->x);
	d->bytes = d->vector * (uint64_t)type_table[d->type].bits / 8;
	while (lex_accept(&p->x, '[')) {
		if (d->dim_count == DIMENSIONS_MAX)
			fail(p->m, p->x.line, "too many dimensions");
		uint64_t count = 0;

		if (lex_is(&p->x, ']'))
			d->is_open = true;
		else
			count = lex_constant(&p->x, &number);
		d->dims[d->dim_count++] = count;
		d->bytes *= count;
		lex_expect(&p->x, ']');
	}
}

/* One value of an initialiser: a constant, or the address of a variable or function. */
static uint64_t initial_value(struct parser *p, enum number *number)
{
	bool generic = p->x.token == TOKEN_NAME && !strcmp(p->x.text, "generic");

	*number = NUMBER_INTEGER;
	if (p->x.token != TOKEN_NAME)
		return lex_constant(&p->x, number);
	if (generic) {
		lex_next(&p->x);
		lex_expect(&p->x, '(');
	}
	const char *name = lex_name(&p->x);
	const struct symbol *s = symbol_find(p, name);
	const struct function *f = function_find(p, name, false);
	enum number ignored;

	if (f)
		return function_value(f);
	if (!s || s->kind != SYMBOL_VARIABLE)
		fail(p->m, p->x.line, "an initialiser names '%s'", name);
	if (generic)
		lex_expect(&p->x, ')');
	uint64_t value = s->offset;

	if (lex_is(&p->x, '+') || lex_is(&p->x, '-')) {
		lex_accept(&p->x, '+');
		value += lex_constant(&p->x, &ignored);
	}
	return value;
}

static void store_initial(struct parser *p, enum type type, uint64_t offset)
{
	enum number number;
	uint64_t value = initial_value(p, &number);

	if (number == NUMBER_F64 && type == TYPE_f32) {
		double wide;
		float narrow;

		memcpy(&wide, &value, 8);
		narrow = (float)wide;
		value = 0;
		memcpy(&value, &narrow, 4);
	}
	memcpy(p->m->data + offset, &value, type_table[type].bits / 8);
}

static void parse_initial(struct parser *p, const struct declaration *d, unsigned dim,
			  uint64_t offset, uint64_t bytes)
{
	uint64_t step =
		dim < d->dim_count ? bytes / d->dims[dim] : (uint64_t)type_table[d->type].bits / 8;

	if (!lex_accept(&p->x, '{')) {
		store_initial(p, d->type, offset);
		return;
	}
	for (uint64_t at = offset; !lex_accept(&p->x, '}'); at += step) {
		if (at >= offset + bytes)
			fail(p->m, p->x.line, "too many values for '%s'", d->name);
		parse_initial(p, d, dim + 1, at, step);
		if (!lex_is(&p->x, '}'))
			lex_expect(&p->x, ',');
	}
}

/* `name[] = {...}`: its length is the number of values. */
static void count_open(struct parser *p, struct declaration *d)
{
	struct lexer saved = p->x;
	uint64_t count = 0;
	unsigned depth = 0;

	do {
		if (lex_is(&p->x, '{'))
			depth++;
		else if (lex_is(&p->x, '}'))
			depth--;
		else if (lex_is(&p->x, ',') && depth == 1)
			count++;
		lex_next(&p->x);
	} while (depth && p->x.token != TOKEN_END);
	p->x = saved;
	d->dims[0] = count + 1;
	d->bytes = d->vector * (uint64_t)type_table[d->type].bits / 8;
	for (unsigned k = 0; k < d->dim_count; k++)
		d->bytes *= d->dims[k];
}

static uint64_t place_data(struct parser *p, const struct declaration *d)
{
	uint64_t offset = round_up(p->m->data_bytes, d->align);

	if (offset + d->bytes > DATA_MAX)
		fail(p->m, p->x.line, "more than %u bytes of variables", DATA_MAX);
	p->m->data_bytes = offset + d->bytes;
	return offset;
}

static void place_variable(struct parser *p, struct declaration *d, struct symbol *s,
			   bool is_extern)
{
	uint32_t *top = &p->m->shared_bytes;

	if (s->space == SPACE_LOCAL)
		top = &p->f->local_bytes;
	else if (s->space == SPACE_PARAM)
		top = &p->f->param_bytes;
	if (s->space == SPACE_SHARED && (is_extern || d->is_open)) {
		s->is_dynamic = true;
	} else if (s->space == SPACE_GLOBAL || s->space == SPACE_CONST) {
		s->offset = MODULE_BASE + place_data(p, d);
	} else {
		s->offset = round_up(*top, d->align);
		*top = (uint32_t)(s->offset + d->bytes);
	}
}

static bool parse_space(struct parser *p, enum space *space)
{
	static const struct {
		const char *name;
		enum space space;
	} spaces[] = {{"global", SPACE_GLOBAL},
		      {"const", SPACE_CONST},
		      {"shared", SPACE_SHARED},
		      {"local", SPACE_LOCAL},
		      {"param", SPACE_PARAM}};

	for (unsigned k = 0; k < sizeof(spaces) / sizeof(spaces[0]); k++) {
		if (lex_accept_dot(&p->x, spaces[k].name)) {
			*space = spaces[k].space;
			return true;
		}
	}
	return false;
}

static void parse_variables(struct parser *p, enum space space, bool is_extern)
{
	struct declaration type = parse_type(p);

	do {
		struct declaration d = type;

		parse_dims(p, &d);
		bool initial = lex_accept(&p->x, '=');

		if (initial && d.is_open)
			count_open(p, &d);
		struct symbol *s = symbol_add(p, d.name, SYMBOL_VARIABLE);

		s->space = space;
		s->type = d.type;
		s->bytes = d.bytes;
		place_variable(p, &d, s, is_extern);
		if (initial)
			parse_initial(p, &d, 0, s->offset - MODULE_BASE, d.bytes);
	} while (lex_accept(&p->x, ','));
	lex_expect(&p->x, ';');
}

static void parse_regs(struct parser *p)
{
	struct declaration d = parse_type(p);
	enum number number;

	do {
		const char *name = lex_name(&p->x);
		bool range = lex_accept(&p->x, '<');
		struct symbol *s = symbol_add(p, name, range ? SYMBOL_RANGE : SYMBOL_REG);

		s->count = range ? (uint32_t)lex_constant(&p->x, &number) : d.vector;
		if (range)
			lex_expect(&p->x, '>');
		s->type = d.type;
		s->reg = register_new(p, d.type, s->count);
	} while (lex_accept(&p->x, ','));
	lex_expect(&p->x, ';');
}

static void skip_to(struct parser *p, char end)
{
	while (!lex_accept(&p->x, end)) {
		if (p->x.token == TOKEN_END)
			fail(p->m, p->x.line, "the text ends before '%c'", end);
		lex_next(&p->x);
	}
}

static void skip_line(struct parser *p)
{
	unsigned line = p->x.line;

	while (p->x.token != TOKEN_END && p->x.line == line)
		lex_next(&p->x);
}

static void parse_targets(struct parser *p, const char *label)
{
	struct function *f = p->f;
	struct table *tables = arena_take(p->m, (f->table_count + 1) * sizeof(*tables));
	uint32_t *targets = arena_take(p->m, 1024 * sizeof(*targets));
	unsigned count = 0;

	do
		label_refer(p, lex_name(&p->x), f->table_count, count++, true);
	while (count < 1024 && lex_accept(&p->x, ','));
	lex_expect(&p->x, ';');
	if (f->table_count)
		memcpy(tables, f->tables, f->table_count * sizeof(*tables));
	tables[f->table_count] = (struct table){targets, count};
	f->tables = tables;
	label_add(p, label, f->table_count++, true);
}

static void parse_guarded(struct parser *p)
{
	uint32_t guard = 0, count;
	bool negated = false;

	if (lex_accept(&p->x, '@')) {
		negated = lex_accept(&p->x, '!');
		guard = register_find(p, lex_name(&p->x), &count);
		if (!guard)
			fail(p->m, p->x.line, "a guard that is not declared");
	}
	const char *name = lex_name(&p->x);

	if (!lex_accept(&p->x, ':'))
		parse_instruction(p, name, guard, negated);
	else if (lex_accept_dot(&p->x, "branchtargets"))
		parse_targets(p, name);
	else if (lex_dot(&p->x, "callprototype") || lex_dot(&p->x, "calltargets"))
		skip_to(p, ';');
	else
		label_add(p, name, p->f->count, false);
}

static void parse_directive(struct parser *p)
{
	enum space space;
	bool is_extern = lex_accept_dot(&p->x, "extern");

	if (lex_accept_dot(&p->x, "reg"))
		parse_regs(p);
	else if (parse_space(p, &space))
		parse_variables(p, space, is_extern);
	else if (lex_dot(&p->x, "loc"))
		skip_line(p);
	else if (lex_dot(&p->x, "pragma"))
		skip_to(p, ';');
	else
		fail(p->m, p->x.line, "'.%s' in a function", p->x.text);
}

static void parse_body(struct parser *p)
{
	struct scope scopes[SCOPES_MAX];
	unsigned depth = 0;

	do {
		if (lex_accept(&p->x, '{')) {
			if (depth == SCOPES_MAX)
				fail(p->m, p->x.line, "scopes nest too deep");
			scopes[depth++] = scope_open(p);
		} else if (lex_is(&p->x, '}')) {
			scope_close(p, scopes[--depth]);
			lex_next(&p->x);
		} else if (p->x.token == TOKEN_DOT) {
			parse_directive(p);
		} else if (p->x.token == TOKEN_END) {
			fail(p->m, p->x.line, "the text ends in '%s'", p->f->name);
		} else if (!lex_accept(&p->x, ';')) {
			parse_guarded(p);
		}
	} while (depth);
	if (p->reference_count)
		fail(p->m, p->references[0].line, "label '%s' is not defined",
		     p->references[0].name);
}

/* (.param .b32 a, .reg .f32 b): where calls put them */
static unsigned parse_formals(struct parser *p, struct formal *formals, unsigned room)
{
	unsigned count = 0;

	lex_expect(&p->x, '(');
	while (!lex_accept(&p->x, ')')) {
		bool is_reg = lex_accept_dot(&p->x, "reg");

		if (!is_reg && !lex_accept_dot(&p->x, "param"))
			fail(p->m, p->x.line, "expected .param");
		struct declaration d = parse_type(p);

		parse_dims(p, &d);
		struct symbol *s = symbol_add(p, d.name, is_reg ? SYMBOL_REG : SYMBOL_VARIABLE);

		s->type = d.type;
		s->space = SPACE_PARAM;
		if (is_reg)
			s->reg = register_new(p, d.type, 1);
		else
			place_variable(p, &d, s, false);
		if (count == room)
			fail(p->m, p->x.line, "more than %u parameters", room);
		formals[count++] = (struct formal){s->reg, (uint32_t)s->offset, (uint32_t)d.bytes};
		if (!lex_is(&p->x, ')'))
			lex_expect(&p->x, ',');
	}
	return count;
}

static void parse_function(struct parser *p, bool is_entry)
{
	struct function header = {.is_entry = is_entry}, *f;
	struct scope scope = scope_open(p);

	p->f = &header;
	if (lex_is(&p->x, '('))
		header.result_count = parse_formals(p, header.results, 4);
	header.name = lex_name(&p->x);
	if (lex_is(&p->x, '('))
		header.formal_count = parse_formals(p, header.formals, 32);
	f = function_find(p, header.name, true);
	header.next = f->next;
	while (!lex_is(&p->x, '{') && !lex_is(&p->x, ';'))
		lex_next(&p->x); /* what tunes, but changes no value */
	if (lex_is(&p->x, '{')) {
		*f = header;
		f->has_body = true;
		p->f = f;
		parse_body(p);
	} else {
		lex_next(&p->x);
	}
	scope_close(p, scope);
}

static void parse_linked(struct parser *p)
{
	enum space space;
	bool is_extern = false;

	while (lex_dot(&p->x, "visible") || lex_dot(&p->x, "weak") || lex_dot(&p->x, "extern") ||
	       lex_dot(&p->x, "common")) {
		is_extern |= lex_dot(&p->x, "extern");
		lex_next(&p->x);
	}
	if (lex_accept_dot(&p->x, "entry"))
		parse_function(p, true);
	else if (lex_accept_dot(&p->x, "func"))
		parse_function(p, false);
	else if (parse_space(p, &space))
		parse_variables(p, space, is_extern);
	else
		fail(p->m, p->x.line, "'.%s' in a module", p->x.text ? p->x.text : "");
}

void module_parse(struct module *m, const char *text)
{
	struct parser *p = arena_take(m, sizeof(*p));

	m->data = arena_take(m, DATA_MAX);
	p->m = m;
	p->x = (struct lexer){.m = m, .at = text, .line = 1};
	lex_next(&p->x);
	while (p->x.token != TOKEN_END) {
		if (lex_dot(&p->x, "version") || lex_dot(&p->x, "target") ||
		    lex_dot(&p->x, "address_size") || lex_dot(&p->x, "file"))
			skip_line(p);
		else if (lex_dot(&p->x, "section"))
			skip_to(p, '}');
		else if (lex_dot(&p->x, "pragma"))
			skip_to(p, ';');
		else if (!lex_accept(&p->x, ';'))
			parse_linked(p);
	}
}
