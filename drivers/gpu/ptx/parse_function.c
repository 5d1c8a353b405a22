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

static void parse_params(struct ptx *p, bool is_kernel)
{
	lex_expect(p, '(', "a parameter list");
	while (!lex_accept(p, ')')) {
		struct declaration d;
		bool is_reg = lex_is_dot(p, "reg");

		if (!is_reg && !lex_is_dot(p, "param"))
			ptx_fail(p, p->lex.token.at,
				 "expected .param in a parameter list, saw '%.*s'",
				 SLICE(lex_seen(p)));
		lex_next(p);
		parse_declarator_type(p, &d);
		if (is_reg) {
			d.at = p->lex.token.at;
			d.name = lex_expect_name(p, "a parameter list");
			add_reg(p, &d, 0);
		} else {
			parse_declarator_name(p, &d);
			if (is_kernel)
				add_kernel_param(p, &d);
			else
				names_add(p, d.name, SYMBOL_FUNCTION_PARAM, d.at);
		}
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
		   lex_is_dot(p, "blocksareclusters")) {
		lex_next(p);
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
	} else if (lex_is_dot(p, "callprototype") || lex_is_dot(p, "calltargets")) {
		parse_skip_to(p, ';', "a call prototype");
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

static void declare_function(struct ptx *p, bool is_entry, bool has_body)
{
	struct function *f = p->function;
	struct symbol *old = names_find(p, f->name);

	if (!old) {
		old = names_add(p, f->name, SYMBOL_FUNCTION, f->at);
		old->is_const = is_entry;
	}
	if (old->kind != SYMBOL_FUNCTION || old->is_const != is_entry || (has_body && old->count))
		ptx_fail(p, f->at, "'%.*s' is declared twice; first on line %u", SLICE(f->name),
			 old->at.line);
	old->count |= has_body;
}

void parse_function(struct ptx *p, bool is_entry, bool is_extern)
{
	struct function *f = function_start(p);
	uint32_t first_param = p->param_count;

	f->is_entry = is_entry;
	f->info.first_param = first_param;
	f->info.shared_bytes = p->module_shared_bytes;
	f->info.shared_align = p->module_shared_align;
	uint32_t mark = names_open(p); /* of the parameters */

	if (lex_is_dot(p, "attribute")) {
		lex_next(p);
		lex_expect(p, '(', ".attribute");
		parse_skip_to(p, ')', ".attribute");
	}
	if (!is_entry && lex_is(p, '('))
		parse_params(p, false);
	f->at = p->lex.token.at;
	f->name = lex_expect_name(p, is_entry ? ".entry" : ".func");
	if (lex_is(p, '('))
		parse_params(p, is_entry);
	while (parse_performance(p))
		;
	bool has_body = lex_is(p, '{');

	if (has_body)
		parse_body(p);
	else
		lex_expect(p, ';', "a function");
	names_close(p, mark);
	declare_function(p, is_entry, has_body);
	if (is_entry && has_body && !is_extern)
		function_finish(p);
	else
		p->param_count = first_param;
	p->function = NULL;
	ptx_arena_release(&p->kernel);
}
