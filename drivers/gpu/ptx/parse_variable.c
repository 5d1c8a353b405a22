/* SPDX-License-Identifier: Apache-2.0 */
/* Variable declarations and initialisers (PTX ISA, sections 5.4 and 5.5). */
#include <string.h>

#include "drivers/gpu/ptx/module.h"

static const struct {
	const char *name;
	enum variable_space space;
} spaces[] = {
	{"global", VARIABLE_GLOBAL}, {"const", VARIABLE_CONST}, {"shared", VARIABLE_SHARED},
	{"local", VARIABLE_LOCAL},   {"param", VARIABLE_PARAM},
};

bool variable_space_find(struct slice name, enum variable_space *space)
{
	for (unsigned i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		if (slice_is(name, spaces[i].name)) {
			*space = spaces[i].space;
			return true;
		}
	}
	return false;
}

static uint32_t round_up(uint32_t value, uint32_t align)
{
	return (value + align - 1) & ~(align - 1);
}

/* What a parameter points to is said behind .ptr: its space and alignment are not the parameter's.
 */
static void skip_pointee(struct ptx *p)
{
	static const char *const spaces_of_pointers[] = {"global", "const", "shared", "local"};

	for (unsigned i = 0; i < 4; i++) {
		if (lex_is_dot(p, spaces_of_pointers[i])) {
			lex_next(p);
			break;
		}
	}
	if (lex_is_dot(p, "align")) {
		lex_next(p);
		parse_count(p, ".align", 1, UINT32_MAX);
	}
}

void parse_declarator_type(struct ptx *p, struct declaration *d)
{
	*d = (struct declaration){.vector = 1, .type = TYPE_NONE};
	while (p->lex.token.kind == TOKEN_DOT) {
		struct token token = p->lex.token;
		enum ptx_type type = type_find(token.text);

		lex_next(p);
		if (slice_is(token.text, "align")) {
			struct place at = p->lex.token.at;

			d->align = (uint32_t)parse_count(p, ".align", 1, 4096);
			if (d->align & (d->align - 1))
				ptx_fail(p, at, ".align is %u, must be a power of two", d->align);
		} else if (slice_is(token.text, "v2") || slice_is(token.text, "v4")) {
			d->vector = token.text.text[1] == '2' ? 2 : 4;
		} else if (slice_is(token.text, "attribute")) {
			lex_expect(p, '(', ".attribute");
			parse_skip_to(p, ')', ".attribute");
		} else if (slice_is(token.text, "ptr")) {
			skip_pointee(p);
		} else if (1u << type & ~(unsigned)T_VARIABLE) {
			ptx_fail(p, token.at, "'.%.*s' is no type; allowed: %s", SLICE(token.text),
				 type_set_names(p, &p->module, T_VARIABLE));
		} else if (d->type != TYPE_NONE) {
			ptx_fail(p, token.at, "second type '.%.*s' in one declaration",
				 SLICE(token.text));
		} else {
			d->type = type;
		}
	}
	if (d->type == TYPE_NONE)
		ptx_fail(p, p->lex.token.at, "expected a type such as .b32, saw '%.*s'",
			 SLICE(lex_seen(p)));
}

static void parse_dimensions(struct ptx *p, struct declaration *d)
{
	bool first = true;

	for (; lex_is(p, '['); first = false) {
		struct place at = p->lex.token.at;

		lex_next(p);
		d->is_array = true;
		if (first && lex_accept(p, ']')) {
			d->is_open = true;
			continue;
		}
		uint64_t n = parse_count(p, "an array dimension", 0, UINT32_MAX);

		lex_expect(p, ']', "an array dimension");
		if (__builtin_mul_overflow(d->elements, n, &d->elements) ||
		    d->elements > ROAD_GPU_IMAGE_MAX_BYTES)
			ptx_fail(p, at, "array '%.*s' is larger than %u bytes", SLICE(d->name),
				 ROAD_GPU_IMAGE_MAX_BYTES);
	}
}

void parse_declarator_name(struct ptx *p, struct declaration *d)
{
	d->at = p->lex.token.at;
	d->name = lex_expect_name(p, "a declaration");
	d->elements = 1;
	d->is_array = d->is_open = false;
	parse_dimensions(p, d);
	uint32_t unit = ptx_types[d->type].bytes * d->vector;

	if (!unit)
		ptx_fail(p, d->at, "variable '%.*s' of type .pred", SLICE(d->name));
	if (!d->align)
		d->align = unit;
	d->bytes = d->is_open ? 0 : d->elements * unit;
	if (d->bytes > ROAD_GPU_IMAGE_MAX_BYTES)
		ptx_fail(p, d->at, "variable '%.*s' is larger than %u bytes", SLICE(d->name),
			 ROAD_GPU_IMAGE_MAX_BYTES);
}

static uint8_t *data_reserve(struct ptx *p, uint32_t bytes)
{
	if (bytes > p->data_room) {
		uint32_t room = p->data_room * 2 > bytes ? p->data_room * 2 : bytes;
		uint8_t *moved = ptx_alloc(p, &p->module, room, 1);

		if (p->data_bytes)
			memcpy(moved, p->data, p->data_bytes);
		p->data = moved;
		p->data_room = room;
	}
	return p->data;
}

static uint32_t data_place(struct ptx *p, const struct declaration *d)
{
	uint64_t offset = round_up(p->data_bytes, d->align);

	if (offset + d->bytes > ROAD_GPU_IMAGE_MAX_BYTES / 2)
		ptx_fail(p, d->at, "variables need more than %u bytes at '%.*s'",
			 ROAD_GPU_IMAGE_MAX_BYTES / 2, SLICE(d->name));
	data_reserve(p, (uint32_t)(offset + d->bytes));
	p->data_bytes = (uint32_t)(offset + d->bytes);
	if (d->align > p->data_align)
		p->data_align = d->align;
	return (uint32_t)offset;
}

static void store_address(struct ptx *p, const struct declaration *d, uint32_t where, uint32_t room)
{
	struct place at = p->lex.token.at;
	bool is_generic = slice_is(p->lex.token.text, "generic");
	struct slice name = lex_expect_name(p, "an initialiser");

	if (is_generic && lex_accept(p, '(')) {
		name = lex_expect_name(p, "generic()");
		lex_expect(p, ')', "generic()");
	}
	struct symbol *symbol = names_find(p, name);

	bool is_routine = symbol && symbol->kind == SYMBOL_FUNCTION && !symbol->is_const;

	if (!symbol || (symbol->kind != SYMBOL_DATA && !is_routine))
		ptx_fail(p, at,
			 "initialiser of '%.*s': '%.*s' is no .global or .const variable and no "
			 "function",
			 SLICE(d->name), SLICE(name));
	if (is_routine && room == 8) {
		uint64_t address = routine_address(p, &p->routines[symbol->id]);

		for (unsigned i = 0; i < 8; i++)
			p->data[where + i] = (uint8_t)(address >> 8 * i);
		return;
	}
	if (room != 8)
		ptx_fail(p, at, "address of '%.*s' in an element of %u bytes, must be 8",
			 SLICE(name), room);
	int64_t addend = symbol->offset;

	if (lex_is(p, '+') || lex_is(p, '-')) {
		struct constant c = parse_constant(p, "an address's offset");

		addend = (int64_t)((uint64_t)addend + c.value);
	}
	p->relocs = ptx_grow(p, &p->module, p->relocs, p->reloc_count, &p->reloc_room,
			     sizeof(*p->relocs));
	p->relocs[p->reloc_count++] = (struct road_gpu_reloc){ROAD_GPU_RELOC_ABS64, where, addend};
}

static uint64_t convert_constant(struct ptx *p, struct constant c, enum ptx_type type,
				 struct place at)
{
	uint64_t bits = c.value;

	if (type == TYPE_F32 && c.is_f64) {
		double wide;
		float narrow;
		uint32_t out;

		memcpy(&wide, &bits, sizeof(wide));
		narrow = (float)wide;
		memcpy(&out, &narrow, sizeof(out));
		return out;
	}
	if (type == TYPE_F64 && c.is_f32) {
		uint32_t low = (uint32_t)bits;
		float narrow;
		double wide;

		memcpy(&narrow, &low, sizeof(narrow));
		wide = narrow;
		memcpy(&bits, &wide, sizeof(bits));
		return bits;
	}
	if ((c.is_f32 && ptx_types[type].bytes != 4) || (c.is_f64 && ptx_types[type].bytes != 8))
		ptx_fail(p, at, "floating-point constant for type .%s", ptx_types[type].name);
	return bits;
}

static void store_element(struct ptx *p, const struct declaration *d, uint32_t where)
{
	struct place at = p->lex.token.at;
	uint32_t bytes = ptx_types[d->type].bytes;

	if (p->lex.token.kind == TOKEN_NAME && !slice_is(p->lex.token.text, "WARP_SZ")) {
		store_address(p, d, where, bytes);
		return;
	}
	uint64_t value = convert_constant(p, parse_constant(p, "an initialiser"), d->type, at);

	for (uint32_t i = 0; i < bytes && i < 8; i++)
		p->data[where + i] = (uint8_t)(value >> 8 * i);
}

/* Nested braces fill elements in order; sizes of inner rows are not checked, as PTX's own
 * compilers write flat lists. */
static void parse_initialiser(struct ptx *p, struct declaration *d, uint32_t offset)
{
	uint32_t bytes = ptx_types[d->type].bytes;
	uint64_t count = 0;
	unsigned depth = 0;

	if (bytes > 8)
		ptx_fail(p, d->at, "initialiser of type .%s", ptx_types[d->type].name);
	do {
		while (lex_accept(p, '{'))
			if (++depth > PTX_MAX_DEPTH)
				ptx_fail(p, p->lex.token.at, "initialiser is nested deeper than %d",
					 PTX_MAX_DEPTH);
		if (lex_is(p, '}') && depth) {
			/* an empty list, or a comma before the brace */
		} else if ((count + 1) * bytes > d->bytes) {
			ptx_fail(p, p->lex.token.at,
				 "initialiser of '%.*s' has more than its %llu elements",
				 SLICE(d->name), (unsigned long long)(d->bytes / bytes));
		} else {
			store_element(p, d, offset + (uint32_t)(count++ * bytes));
		}
		while (depth && lex_accept(p, '}'))
			depth--;
	} while (depth && lex_accept(p, ','));
	if (depth)
		lex_expect(p, '}', "an initialiser");
}

/* The size of `x[] = {...}` is what it is initialised with: count before placing. */
static void count_open_array(struct ptx *p, struct declaration *d)
{
	struct lexer saved = p->lex;
	uint64_t commas = 0;
	unsigned depth = 0;
	bool empty = true;

	for (; p->lex.token.kind != TOKEN_END && !lex_is(p, ';'); lex_next(p)) {
		if (lex_is(p, '{') || lex_is(p, '('))
			depth++;
		else if (lex_is(p, '}') || lex_is(p, ')'))
			depth--;
		else if (lex_is(p, ',') && depth)
			commas++;
		else
			empty = false;
		if (!depth)
			break;
	}
	p->lex = saved;
	d->bytes = empty ? 0 : (commas + 1) * ptx_types[d->type].bytes * d->vector;
	d->is_open = false;
}

/* A function's own variable exists once, however often the function is read. */
static bool find_again(struct ptx *p, const struct declaration *d)
{
	for (uint32_t i = 0; i < p->variable_count; i++) {
		const struct variable *v = &p->variables[i];

		if (v->name.text != d->name.text)
			continue;
		struct symbol *symbol = names_add(p, d->name, SYMBOL_DATA, d->at);

		symbol->type = d->type;
		symbol->offset = v->offset;
		symbol->bytes = v->bytes;
		symbol->is_const = v->flags & ROAD_GPU_SYMBOL_CONST;
		return true;
	}
	return false;
}

static void skip_initialiser(struct ptx *p, bool initialised)
{
	for (unsigned depth = 0; initialised && (depth || (!lex_is(p, ',') && !lex_is(p, ';')));
	     lex_next(p)) {
		if (lex_is(p, '{') || lex_is(p, '('))
			depth++;
		else if (lex_is(p, '}') || lex_is(p, ')'))
			depth--;
	}
}

static void declare_data(struct ptx *p, struct declaration *d, enum variable_space space,
			 bool is_visible)
{
	bool initialised = lex_accept(p, '=');

	if (p->again && find_again(p, d)) {
		skip_initialiser(p, initialised);
		return;
	}

	if (d->is_open && initialised)
		count_open_array(p, d);
	uint32_t offset = data_place(p, d);
	struct symbol *symbol = names_add(p, d->name, SYMBOL_DATA, d->at);

	symbol->type = d->type;
	symbol->offset = offset;
	symbol->bytes = (uint32_t)d->bytes;
	symbol->is_const = space == VARIABLE_CONST;
	p->variables = ptx_grow(p, &p->module, p->variables, p->variable_count, &p->variable_room,
				sizeof(*p->variables));
	p->variables[p->variable_count++] = (struct variable){
		.name = d->name,
		.offset = offset,
		.bytes = (uint32_t)d->bytes,
		.flags = (space == VARIABLE_CONST ? ROAD_GPU_SYMBOL_CONST : 0) |
			 (is_visible ? ROAD_GPU_SYMBOL_VISIBLE : 0),
		.is_local = p->function != NULL,
	};
	if (initialised)
		parse_initialiser(p, d, offset);
}

/* Shared and local variables get offsets as they come; those of the module before any kernel's. */
static void declare_offset(struct ptx *p, struct declaration *d, enum symbol_kind kind,
			   uint32_t *bytes, uint32_t *align, uint32_t limit)
{
	uint64_t offset = round_up(*bytes, d->align);

	if (d->is_open)
		ptx_fail(p, d->at, "array '%.*s' has no size", SLICE(d->name));
	if (offset + d->bytes > limit)
		ptx_fail(p, d->at, "'%.*s' ends at byte %llu of its space, which has %u",
			 SLICE(d->name), (unsigned long long)(offset + d->bytes), limit);
	struct symbol *symbol = names_add(p, d->name, kind, d->at);

	symbol->type = d->type;
	symbol->offset = (uint32_t)offset;
	symbol->bytes = (uint32_t)d->bytes;
	*bytes = (uint32_t)(offset + d->bytes);
	if (d->align > *align)
		*align = d->align;
}

static struct symbol *declare_local(struct ptx *p, struct declaration *d, enum symbol_kind kind)
{
	uint32_t offset = frame_reserve(p, d);
	struct symbol *symbol = names_add(p, d->name, kind, d->at);

	symbol->type = d->type;
	symbol->offset = offset;
	symbol->bytes = (uint32_t)d->bytes;
	return symbol;
}

/* What a call passes or takes: a scalar is a register. */
static void declare_param(struct ptx *p, struct declaration *d)
{
	if (!p->function)
		ptx_fail(p, d->at, ".param variable '%.*s' outside a function", SLICE(d->name));
	if (declaration_in_memory(d)) {
		declare_local(p, d, SYMBOL_FUNCTION_PARAM);
		return;
	}
	struct symbol *symbol = names_add(p, d->name, SYMBOL_FUNCTION_PARAM, d->at);
	bool wide = ptx_types[d->type].bytes == 8;

	symbol->type = d->type;
	symbol->bytes = (uint32_t)d->bytes;
	symbol->vreg = vreg_new(p, wide ? CLASS_D : CLASS_R, wide ? 64 : 32);
}

static void declare_extern(struct ptx *p, struct declaration *d, enum variable_space space)
{
	struct symbol *old = names_find(p, d->name);

	if (old)
		return; /* a repeated declaration */
	bool dynamic = space == VARIABLE_SHARED;

	names_add(p, d->name, dynamic ? SYMBOL_DYNAMIC : SYMBOL_EXTERN, d->at)->type = d->type;
	if (dynamic && d->align > p->dynamic_align)
		p->dynamic_align = d->align;
}

static void declare_variable(struct ptx *p, struct declaration *d, enum variable_space space,
			     bool is_extern, bool is_visible)
{
	struct function *f = p->function;

	if (is_extern || (space == VARIABLE_SHARED && d->is_open)) {
		declare_extern(p, d, space);
		return;
	}
	switch (space) {
	case VARIABLE_GLOBAL:
	case VARIABLE_CONST: declare_data(p, d, space, is_visible); return;
	case VARIABLE_SHARED:
		if (f)
			declare_offset(p, d, SYMBOL_SHARED, &f->info.shared_bytes,
				       &f->info.shared_align, PTX_MAX_SHARED);
		else
			declare_offset(p, d, SYMBOL_SHARED, &p->module_shared_bytes,
				       &p->module_shared_align, PTX_MAX_SHARED);
		return;
	case VARIABLE_LOCAL:
		if (!f)
			ptx_fail(p, d->at, ".local variable '%.*s' outside a function",
				 SLICE(d->name));
		declare_local(p, d, SYMBOL_LOCAL);
		return;
	case VARIABLE_PARAM: declare_param(p, d); return;
	}
}

void parse_variables(struct ptx *p, enum variable_space space, bool is_extern, bool is_visible)
{
	struct declaration d;

	parse_declarator_type(p, &d);
	uint32_t align = d.align;

	do {
		d.align = align;
		parse_declarator_name(p, &d);
		declare_variable(p, &d, space, is_extern, is_visible);
	} while (lex_accept(p, ','));
	lex_expect(p, ';', "a declaration");
}
