/* SPDX-License-Identifier: Apache-2.0 */
/* Functions before and apart from their code: names, prototypes, aliases, addresses. */
#include "drivers/gpu/ptx/module.h"

#define ALIASES_MAX 16 /* of aliases */

struct values {
	struct prototype_value *list;
	uint32_t count, room;
};

static void parse_value(struct ptx *p, struct arena *arena, struct values *values)
{
	struct declaration d;
	bool is_reg = lex_is_dot(p, "reg");

	if (!is_reg && !lex_is_dot(p, "param"))
		ptx_fail(p, p->lex.token.at, "expected .param in a parameter list, saw '%.*s'",
			 SLICE(lex_seen(p)));
	lex_next(p);
	parse_declarator_type(p, &d);
	parse_declarator_name(p, &d);
	if (values->count == PTX_MAX_VALUES)
		ptx_fail(p, d.at, "more than %u parameters", PTX_MAX_VALUES);
	values->list = ptx_grow(p, arena, values->list, values->count, &values->room,
				sizeof(*values->list));
	values->list[values->count++] = (struct prototype_value){
		.at = d.at,
		.bytes = (uint32_t)d.bytes,
		.in_memory = declaration_in_memory(&d),
	};
}

static void parse_values(struct ptx *p, struct arena *arena, struct values *values)
{
	if (!lex_accept(p, '('))
		return;
	while (!lex_accept(p, ')')) {
		parse_value(p, arena, values);
		if (!lex_is(p, ')'))
			lex_expect(p, ',', "a parameter list");
	}
}

bool declaration_in_memory(const struct declaration *d)
{
	return d->is_array || d->vector > 1 || d->bytes > 8;
}

const struct prototype *prototype_parse(struct ptx *p, struct arena *arena, struct slice *name,
					struct place *at)
{
	struct prototype *prototype = ptx_alloc(p, arena, 1, sizeof(*prototype));
	struct values values = {0};

	parse_values(p, arena, &values);
	prototype->results = values.count;
	*at = p->lex.token.at;
	*name = lex_expect_name(p, "a function");
	parse_values(p, arena, &values);
	prototype->params = values.count - prototype->results;
	prototype->values = values.list;
	return prototype;
}

bool prototype_same(const struct prototype *a, const struct prototype *b)
{
	if (a->results != b->results || a->params != b->params)
		return false;
	for (uint32_t k = 0; k < a->results + a->params; k++)
		if (a->values[k].in_memory != b->values[k].in_memory ||
		    (a->values[k].bytes != b->values[k].bytes && a->values[k].bytes &&
		     b->values[k].bytes))
			return false;
	return true;
}

struct routine *routine_declare(struct ptx *p, struct slice name, struct place at,
				const struct prototype *prototype)
{
	struct symbol *symbol = names_find(p, name);

	if (symbol && (symbol->kind != SYMBOL_FUNCTION || symbol->is_const))
		ptx_fail(p, at, "'%.*s' is declared twice; first on line %u", SLICE(name),
			 symbol->at.line);
	if (symbol) {
		struct routine *old = &p->routines[symbol->id];

		if (!prototype_same(old->prototype, prototype))
			ptx_fail(p, at, "'%.*s' is declared with other parameters on line %u",
				 SLICE(name), old->at.line);
		return old;
	}
	p->routines = ptx_grow(p, &p->module, p->routines, p->routine_count, &p->routine_room,
			       sizeof(*p->routines));
	p->routines[p->routine_count] =
		(struct routine){.name = name, .at = at, .prototype = prototype};
	names_add(p, name, SYMBOL_FUNCTION, at)->id = p->routine_count;
	return &p->routines[p->routine_count++];
}

static struct routine *find_routine(struct ptx *p, const char *where)
{
	struct place at = p->lex.token.at;
	struct slice name = lex_expect_name(p, where);
	struct symbol *symbol = names_find(p, name);

	if (!symbol || symbol->kind != SYMBOL_FUNCTION || symbol->is_const)
		ptx_fail(p, at, "'%.*s' in %s is no function", SLICE(name), where);
	return &p->routines[symbol->id];
}

/* .alias name, aliasee; */
void parse_alias(struct ptx *p)
{
	struct place at = p->lex.token.at;
	struct routine *name = find_routine(p, ".alias");

	lex_expect(p, ',', ".alias");
	struct routine *aliasee = find_routine(p, ".alias");

	if (name->is_defined || name->alias)
		ptx_fail(p, at, "alias '%.*s' is defined already", SLICE(name->name));
	if (!prototype_same(name->prototype, aliasee->prototype))
		ptx_fail(p, at, "alias '%.*s' has other parameters than '%.*s'", SLICE(name->name),
			 SLICE(aliasee->name));
	name->alias = (uint32_t)(aliasee - p->routines) + 1;
	lex_expect(p, ';', ".alias");
}

struct routine *routine_resolve(struct ptx *p, struct routine *routine)
{
	for (unsigned n = 0; routine->alias && n < ALIASES_MAX; n++)
		routine = &p->routines[routine->alias - 1];
	return routine;
}

uint64_t routine_address(struct ptx *p, struct routine *routine)
{
	if (!routine->address) {
		if (!p->addressed_count) /* number 0 is nobody's */
			p->addressed_count = 1;
		if (p->addressed_count == UINT16_MAX)
			ptx_fail(p, p->lex.token.at, "addresses of more than %u functions",
				 UINT16_MAX - 1);
		while (p->addressed_count >= p->addressed_room)
			p->addressed = ptx_grow(p, &p->module, p->addressed, p->addressed_room,
						&p->addressed_room, sizeof(*p->addressed));
		routine->address = p->addressed_count;
		p->addressed[p->addressed_count++] = (uint32_t)(routine - p->routines);
	}
	return ROAD_GPU_CODE_WINDOW + (uint64_t)routine->address * ROAD_GPU_CODE_STEP;
}

/* label: .callprototype (results) _ (parameters) .noreturn; */
void parse_call_prototype(struct ptx *p, uint32_t label)
{
	struct slice name;
	struct place at;
	const struct prototype *prototype = prototype_parse(p, &p->kernel, &name, &at);

	while (p->lex.token.kind == TOKEN_DOT)
		parse_skip_attribute(p);
	lex_expect(p, ';', ".callprototype");
	p->function->labels[label].prototype = prototype;
}

/* label: .calltargets f, g; */
void parse_call_targets(struct ptx *p, uint32_t label)
{
	uint32_t *routines = NULL, count = 0, room = 0;

	do {
		struct routine *routine = find_routine(p, ".calltargets");

		if (count == PTX_MAX_BODIES)
			ptx_fail(p, p->lex.token.at, "more than %u call targets", PTX_MAX_BODIES);
		routines = ptx_grow(p, &p->kernel, routines, count, &room, sizeof(*routines));
		routines[count++] = (uint32_t)(routine - p->routines);
		routine_address(p, routine);
	} while (lex_accept(p, ','));
	lex_expect(p, ';', ".calltargets");
	p->function->labels[label].routines = routines;
	p->function->labels[label].routine_count = count;
}
