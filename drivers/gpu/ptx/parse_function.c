/* SPDX-License-Identifier: Apache-2.0 */
/* .entry and .func: parameters, performance directives, body (PTX ISA, sections 11.2 to 11.4). */
#include "drivers/gpu/ptx/module.h"

static uint32_t round_up(uint32_t value, uint32_t align)
{
	return (value + align - 1) & ~(align - 1);
}

static void add_kernel_param(struct ptx *p, const struct declaration *d)
{
	struct road_gpu_kernel *info = &p->function->info;
	uint64_t offset = round_up(info->param_bytes, d->align);

	if (offset + d->bytes > PTX_MAX_PARAM)
		ptx_fail(p, d->at, "parameter '%.*s' ends at byte %llu, at most %u", SLICE(d->name),
			 (unsigned long long)(offset + d->bytes), PTX_MAX_PARAM);
	struct symbol *symbol = names_add(p, d->name, SYMBOL_PARAM, d->at);

	symbol->type = d->type;
	symbol->offset = (uint32_t)offset;
	symbol->bytes = (uint32_t)d->bytes;
	p->params = ptx_grow(p, &p->module, p->params, p->param_count, &p->param_room,
			     sizeof(*p->params));
	bool pointer = !d->is_array && d->vector == 1 && ptx_types[d->type].bytes == 8 &&
		       ptx_types[d->type].kind != KIND_FLOAT;

	p->params[p->param_count++] = (struct road_gpu_param){
		.offset = (uint32_t)offset,
		.bytes = (uint32_t)d->bytes,
		.align = d->align,
		.flags = pointer ? ROAD_GPU_PARAM_POINTER : 0,
	};
	info->param_count++;
	info->param_bytes = (uint32_t)(offset + d->bytes);
}

static void add_reg(struct ptx *p, const struct declaration *d, uint32_t range)
{
	struct symbol *symbol = names_add(p, d->name, range ? SYMBOL_REG_RANGE : SYMBOL_REG, d->at);

	symbol->type = d->type;
	symbol->count = range ? range : d->vector;
	symbol->id = ++p->function->next_range;
}

static void parse_params(struct ptx *p, bool is_kernel, uint32_t first)
{
	lex_expect(p, '(', "a parameter list");
	for (uint32_t index = first; !lex_accept(p, ')'); index++) {
		struct declaration d;
		bool is_reg = lex_is_dot(p, "reg");

		if (is_reg ? is_kernel : !lex_is_dot(p, "param"))
			ptx_fail(p, p->lex.token.at,
				 "expected .param in a parameter list, saw '%.*s'",
				 SLICE(lex_seen(p)));
		lex_next(p);
		parse_declarator_type(p, &d);
		parse_declarator_name(p, &d);
		if (is_kernel)
			add_kernel_param(p, &d);
		else
			body_declare(p, &d, is_reg, index);
		if (!lex_is(p, ')'))
			lex_expect(p, ',', "a parameter list");
	}
}

static void parse_triple(struct ptx *p, const char *name, uint32_t out[3])
{
	uint64_t product = 1;
	struct place at = p->lex.token.at;

	for (unsigned i = 0; i < 3; i++) {
		out[i] = 1;
		if (i && !lex_accept(p, ','))
			continue;
		out[i] = (uint32_t)parse_count(p, name, 1, UINT16_MAX);
		product *= out[i];
	}
	if (product > UINT16_MAX)
		ptx_fail(p, at, "%s is %llu threads, at most %u", name, (unsigned long long)product,
			 UINT16_MAX);
}

/* Between the parameters and the body. */
static bool parse_performance(struct ptx *p)
{
	struct road_gpu_kernel *info = &p->function->info;
	uint32_t n[3];

	if (p->lex.token.kind != TOKEN_DOT)
		return false;
	if (lex_is_dot(p, "maxntid") || lex_is_dot(p, "reqntid")) {
		bool required = lex_is_dot(p, "reqntid");

		lex_next(p);
		parse_triple(p, required ? ".reqntid" : ".maxntid", n);
		info->max_threads = n[0] * n[1] * n[2];
		for (unsigned i = 0; required && i < 3; i++)
			info->reqd[i] = n[i];
	} else if (lex_is_dot(p, "maxnreg")) {
		lex_next(p);
		p->function->max_regs = (uint32_t)parse_count(p, ".maxnreg", 1, UINT32_MAX);
	} else if (lex_is_dot(p, "minnctapersm") || lex_is_dot(p, "maxnctapersm") ||
		   lex_is_dot(p, "maxclusterrank")) {
		lex_next(p);
		parse_count(p, "a performance directive", 0, UINT32_MAX);
	} else if (lex_is_dot(p, "reqnctapercluster")) {
		lex_next(p);
		parse_triple(p, ".reqnctapercluster", n);
	} else if (lex_is_dot(p, "pragma")) {
		lex_next(p);
		parse_skip_to(p, ';', ".pragma");
	} else if (lex_is_dot(p, "noreturn") || lex_is_dot(p, "explicitcluster") ||
		   lex_is_dot(p, "blocksareclusters") || lex_is_dot(p, "attribute")) {
		parse_skip_attribute(p);
	} else {
		return false;
	}
	return true;
}

/* No expression: the '>' that follows would be an operator. */
static uint32_t parse_range(struct ptx *p)
{
	struct token token = p->lex.token;

	if (token.kind != TOKEN_INT || token.value < 1 || token.value > INT32_MAX)
		ptx_fail(p, token.at, "register count is '%.*s', must be 1 to %d",
			 SLICE(lex_seen(p)), INT32_MAX);
	lex_next(p);
	return (uint32_t)token.value;
}

static void parse_regs(struct ptx *p)
{
	struct declaration d;

	parse_declarator_type(p, &d);
	if (d.type == TYPE_B128)
		ptx_fail(p, p->lex.token.at, "registers of type .b128; allowed: up to 64 bits");
	do {
		uint32_t range = 0;

		d.at = p->lex.token.at;
		d.name = lex_expect_name(p, ".reg");
		if (lex_accept(p, '<')) {
			range = parse_range(p);
			lex_expect(p, '>', ".reg");
		}
		if (range && d.vector > 1)
			ptx_fail(p, d.at, "range '%.*s<%u>' of vector registers", SLICE(d.name),
				 range);
		add_reg(p, &d, range);
	} while (lex_accept(p, ','));
	lex_expect(p, ';', ".reg");
}

/* .loc 1 23 4, function_name $L, inlined_at ...: up to what starts the next statement, which is on
 * another line. */
static void parse_loc(struct ptx *p)
{
	uint32_t line = p->lex.token.at.line;

	while (p->lex.token.kind != TOKEN_END && p->lex.token.at.line == line)
		lex_next(p);
}

static void parse_branch_targets(struct ptx *p, uint32_t label)
{
	uint32_t *table = NULL, count = 0, room = 0;

	do {
		struct place at = p->lex.token.at;
		struct slice name = lex_expect_name(p, ".branchtargets");

		if (count == UINT16_MAX)
			ptx_fail(p, at, "more than %u branch targets", UINT16_MAX);
		table = ptx_grow(p, &p->kernel, table, count, &room, sizeof(*table));
		table[count++] = label_use(p, name, at);
	} while (lex_accept(p, ','));
	lex_expect(p, ';', ".branchtargets");
	p->function->labels[label].table = table;
	p->function->labels[label].table_count = count;
}

static void parse_label(struct ptx *p, struct slice name, struct place at)
{
	uint32_t label = label_define(p, name, at);

	p->function->labels[label].after = p->function->last;
	if (lex_is_dot(p, "branchtargets")) {
		lex_next(p);
		parse_branch_targets(p, label);
	} else if (lex_is_dot(p, "callprototype")) {
		lex_next(p);
		parse_call_prototype(p, label);
	} else if (lex_is_dot(p, "calltargets")) {
		lex_next(p);
		parse_call_targets(p, label);
	}
}

static void parse_guarded(struct ptx *p)
{
	uint32_t count, guard = 0;
	bool negated = false;

	if (lex_accept(p, '@')) {
		negated = lex_accept(p, '!');
		struct place at = p->lex.token.at;
		struct slice name = lex_expect_name(p, "a guard");

		guard = vreg_find(p, name, &count);
		if (!guard)
			ptx_fail(p, at, "guard '%.*s' is not declared", SLICE(name));
		if (p->function->vregs[guard].cls != CLASS_P)
			ptx_fail(p, at, "guard '%.*s' is no .pred register", SLICE(name));
	}
	struct place at = p->lex.token.at;
	struct slice name = lex_expect_name(p, "an instruction");

	if (!guard && lex_accept(p, ':'))
		parse_label(p, name, at);
	else
		parse_instruction(p, name, at, guard, negated);
}

static void parse_statement_directive(struct ptx *p)
{
	struct token token = p->lex.token;
	enum variable_space space;

	lex_next(p);
	if (slice_is(token.text, "reg"))
		parse_regs(p);
	else if (variable_space_find(token.text, &space))
		parse_variables(p, space, false, false);
	else if (slice_is(token.text, "loc"))
		parse_loc(p);
	else if (slice_is(token.text, "pragma"))
		parse_skip_to(p, ';', ".pragma");
	else if (slice_is(token.text, "extern") && variable_space_find(p->lex.token.text, &space)) {
		lex_next(p);
		parse_variables(p, space, true, false);
	} else
		ptx_fail(p, token.at,
			 "'.%.*s' in a function; allowed: .reg, .local, .shared, .param, .loc, "
			 ".pragma",
			 SLICE(token.text));
}

/* { statements }, nested scopes on a stack of marks. */
static void parse_body(struct ptx *p)
{
	uint32_t names[PTX_MAX_DEPTH], labels[PTX_MAX_DEPTH];
	unsigned depth = 0;

	p->function->body_depth = p->depth;
	do {
		if (lex_is(p, '{')) {
			if (depth == PTX_MAX_DEPTH)
				ptx_fail(p, p->lex.token.at, "scopes are nested deeper than %d",
					 PTX_MAX_DEPTH);
			lex_next(p);
			names[depth] = names_open(p);
			labels[depth++] = labels_open(p);
		} else if (lex_is(p, '}')) {
			labels_close(p, labels[--depth]);
			names_close(p, names[depth]);
			lex_next(p);
		} else if (p->lex.token.kind == TOKEN_DOT) {
			parse_statement_directive(p);
		} else if (p->lex.token.kind == TOKEN_END) {
			ptx_fail(p, p->lex.token.at, "the text ends in function '%.*s', before '}'",
				 SLICE(p->function->name));
		} else if (!lex_accept(p, ';')) {
			parse_guarded(p);
		}
	} while (depth);
}

void parse_skip_attribute(struct ptx *p)
{
	bool has_list = lex_is_dot(p, "attribute");

	lex_next(p);
	if (!has_list)
		return;
	lex_expect(p, '(', ".attribute");
	parse_skip_to(p, ')', ".attribute");
}

/* The body, if there is one; else ';'. */
static bool parse_definition(struct ptx *p)
{
	bool has_body = lex_is(p, '{');

	if (!has_body) {
		lex_expect(p, ';', "a function");
		return false;
	}
	body_enter(p);
	parse_body(p);
	body_leave(p);
	return true;
}

static void skip_attributes(struct ptx *p)
{
	while (lex_is_dot(p, "attribute") || lex_is_dot(p, "noreturn"))
		parse_skip_attribute(p);
}

/* From behind .func: reads into the body that is current. */
void parse_routine(struct ptx *p)
{
	struct function *f = p->function;
	uint32_t mark = names_open(p); /* of the parameters */
	struct body *body = &f->bodies[f->body];

	body->prototype = p->routines[body->routine - 1].prototype;
	skip_attributes(p);
	if (lex_is(p, '('))
		parse_params(p, false, 0);
	lex_expect_name(p, ".func");
	if (lex_is(p, '('))
		parse_params(p, false, body->prototype->results);
	while (parse_performance(p))
		;
	parse_definition(p);
	names_close(p, mark);
}

/* .func: declared at once, since its body may call it; read to be checked. */
static void parse_func(struct ptx *p, bool is_extern)
{
	struct lexer text = p->lex;
	struct slice name;
	struct place at;

	skip_attributes(p);
	const struct prototype *prototype = prototype_parse(p, &p->module, &name, &at);
	uint32_t routine = (uint32_t)(routine_declare(p, name, at, prototype) - p->routines);
	struct function *f = function_start(p);

	f->at = at;
	f->name = name;
	while (parse_performance(p))
		;
	bool has_body = lex_is(p, '{') && !is_extern;

	if (has_body && (p->routines[routine].is_defined || p->routines[routine].alias))
		ptx_fail(p, at, "'%.*s' is declared twice; first on line %u", SLICE(name),
			 p->routines[routine].at.line);
	if (has_body) {
		p->routines[routine].is_defined = true;
		p->routines[routine].text = text;
	}
	p->lex = text;
	body_start(p, routine + 1, at);
	f->body = 1;
	parse_routine(p);
	p->function = NULL;
	ptx_arena_release(&p->kernel);
}

static void declare_kernel(struct ptx *p, bool has_body)
{
	struct function *f = p->function;
	struct symbol *old = names_find(p, f->name);

	if (!old) {
		old = names_add(p, f->name, SYMBOL_FUNCTION, f->at);
		old->is_const = true;
	}
	if (old->kind != SYMBOL_FUNCTION || !old->is_const || (has_body && old->count))
		ptx_fail(p, f->at, "'%.*s' is declared twice; first on line %u", SLICE(f->name),
			 old->at.line);
	old->count |= has_body;
}

/* From behind .entry; true if there is a body. */
static bool parse_kernel_text(struct ptx *p)
{
	struct function *f = function_start(p);

	f->is_entry = true;
	f->info.first_param = p->param_count;
	f->info.shared_bytes = p->module_shared_bytes;
	f->info.shared_align = p->module_shared_align;
	uint32_t mark = names_open(p); /* of the parameters */

	skip_attributes(p);
	f->at = f->bodies[0].at = p->lex.token.at;
	f->name = lex_expect_name(p, ".entry");
	if (lex_is(p, '('))
		parse_params(p, true, 0);
	while (parse_performance(p))
		;
	bool has_body = parse_definition(p);

	names_close(p, mark);
	return has_body;
}

static void parse_entry(struct ptx *p, bool is_extern)
{
	struct lexer text = p->lex;
	bool has_body = parse_kernel_text(p);
	struct function *f = p->function;
	bool waits = f->calls && !f->refusal;

	declare_kernel(p, has_body);
	if (has_body && !is_extern && !waits)
		function_finish(p);
	else
		p->param_count = f->info.first_param;
	if (has_body && !is_extern && waits) {
		p->waiting = ptx_grow(p, &p->module, p->waiting, p->waiting_count, &p->waiting_room,
				      sizeof(*p->waiting));
		p->waiting[p->waiting_count++] = (struct waiting){.text = text};
	}
	p->function = NULL;
	ptx_arena_release(&p->kernel);
}

/* A kernel that calls, with all that it may call. */
void parse_kernel_again(struct ptx *p, const struct waiting *kernel)
{
	p->lex = kernel->text;
	parse_kernel_text(p);
	parse_bodies(p);
	function_finish(p);
	p->function = NULL;
	ptx_arena_release(&p->kernel);
}

void parse_function(struct ptx *p, bool is_entry, bool is_extern)
{
	if (is_entry)
		parse_entry(p, is_extern);
	else
		parse_func(p, is_extern);
}
