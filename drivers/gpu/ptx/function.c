/* SPDX-License-Identifier: Apache-2.0 */
/* Registers, labels and instructions of the function being read. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drivers/gpu/ptx/module.h"

#define LABEL_BUCKETS 256u
#define RANGES_FIRST  256u
#define VREGS_MAX     (4u << 20)
#define INDEX_DIGITS  10 /* of %r<n>: below 2^31 */

struct function *function_start(struct ptx *p)
{
	struct function *f = ptx_alloc(p, &p->kernel, 1, sizeof(*f));

	p->function = f;
	f->vregs = ptx_grow(p, &p->kernel, NULL, 0, &f->vreg_room, sizeof(*f->vregs));
	f->vreg_count = 1; /* register 0 is RZ and PT */
	f->label_buckets = ptx_alloc(p, &p->kernel, LABEL_BUCKETS, sizeof(*f->label_buckets));
	f->label_buckets_count = LABEL_BUCKETS;
	f->number = ++p->function_count;
	f->range_room = RANGES_FIRST;
	f->range_keys = ptx_alloc(p, &p->kernel, RANGES_FIRST, sizeof(*f->range_keys));
	f->range_vregs = ptx_alloc(p, &p->kernel, RANGES_FIRST, sizeof(*f->range_vregs));
	body_start(p, 0, (struct place){0, 0});
	return f;
}

uint32_t vreg_new(struct ptx *p, enum reg_class cls, unsigned bits)
{
	struct function *f = p->function;

	if (f->vreg_count >= VREGS_MAX)
		ptx_fail(p, p->lex.token.at, "function '%.*s' uses more than %u registers",
			 SLICE(f->name), VREGS_MAX);
	f->vregs =
		ptx_grow(p, &p->kernel, f->vregs, f->vreg_count, &f->vreg_room, sizeof(*f->vregs));
	f->vregs[f->vreg_count] = (struct vreg){.cls = (uint8_t)cls, .bits = (uint8_t)bits};
	return f->vreg_count++;
}

uint32_t vreg_new_group(struct ptx *p, enum reg_class cls, unsigned count)
{
	uint32_t first = 0;

	for (unsigned k = 0; k < count; k++) {
		uint32_t v = vreg_new(p, cls, cls == CLASS_D ? 64 : 32);

		first = k ? first : v;
		p->function->vregs[v].group = first;
		p->function->vregs[v].group_count = (uint8_t)count;
		p->function->vregs[v].group_index = (uint8_t)k;
		p->function->vregs[v].temporary = true;
	}
	return first;
}

static enum reg_class class_of(enum ptx_type type)
{
	if (type == TYPE_PRED)
		return CLASS_P;
	return ptx_types[type].bytes == 8 ? CLASS_D : CLASS_R;
}

static uint32_t *range_slot(struct function *f, uint64_t key)
{
	uint32_t mask = f->range_room - 1;
	uint32_t at = (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;

	while (f->range_keys[at] && f->range_keys[at] != key)
		at = (at + 1) & mask;
	f->range_keys[at] = key;
	return &f->range_vregs[at];
}

static void ranges_grow(struct ptx *p)
{
	struct function *f = p->function;
	uint64_t *keys = f->range_keys;
	uint32_t *vregs = f->range_vregs;
	uint32_t room = f->range_room;

	f->range_room = room * 4;
	f->range_keys = ptx_alloc(p, &p->kernel, f->range_room, sizeof(*keys));
	f->range_vregs = ptx_alloc(p, &p->kernel, f->range_room, sizeof(*vregs));
	for (uint32_t i = 0; i < room; i++)
		if (keys[i])
			*range_slot(f, keys[i]) = vregs[i];
}

/* Members of %r<n> come to be when they are first named. */
static uint32_t range_vreg(struct ptx *p, const struct symbol *symbol, uint32_t index)
{
	struct function *f = p->function;

	if (f->range_count * 2 >= f->range_room)
		ranges_grow(p);
	uint32_t *slot = range_slot(f, (uint64_t)symbol->id << 32 | index);

	if (!*slot) {
		f->range_count++;
		*slot = vreg_new(p, class_of(symbol->type), type_bits(symbol->type));
	}
	return *slot;
}

static uint32_t symbol_vreg(struct ptx *p, struct symbol *symbol)
{
	if (!symbol->vreg) {
		for (uint32_t k = 0; k < symbol->count; k++) {
			uint32_t v = vreg_new(p, class_of(symbol->type), type_bits(symbol->type));

			symbol->vreg = symbol->vreg ? symbol->vreg : v;
		}
	}
	return symbol->vreg;
}

uint32_t vreg_find(struct ptx *p, struct slice name, uint32_t *count)
{
	struct symbol *symbol = names_find(p, name);
	uint64_t index = 0, scale = 1;

	*count = 1;
	if (symbol) {
		if (symbol->kind != SYMBOL_REG)
			return 0;
		*count = symbol->count;
		return symbol_vreg(p, symbol);
	}
	for (unsigned digits = 1; digits <= INDEX_DIGITS && digits < name.bytes; digits++) {
		char c = name.text[name.bytes - digits];

		if (c < '0' || c > '9')
			return 0;
		index += (uint64_t)(c - '0') * scale;
		scale *= 10;
		if (c == '0' && digits > 1)
			continue; /* %r07 is no member of %r<n> */
		symbol = names_find(p, (struct slice){name.text, name.bytes - digits});
		if (symbol && symbol->kind == SYMBOL_REG_RANGE && index < symbol->count)
			return range_vreg(p, symbol, (uint32_t)index);
	}
	return 0;
}

static uint32_t label_hash(const struct ptx *p, struct slice name)
{
	uint32_t h = p->names.seed;

	for (uint32_t i = 0; i < name.bytes; i++)
		h = (h ^ (uint8_t)name.text[i]) * 0x01000193u;
	return h ^ h >> 15;
}

static uint32_t *label_bucket(struct ptx *p, struct slice name)
{
	struct function *f = p->function;

	return &f->label_buckets[label_hash(p, name) & (f->label_buckets_count - 1)];
}

static void labels_rehash(struct ptx *p)
{
	struct function *f = p->function;

	f->label_buckets_count *= 4;
	f->label_buckets =
		ptx_alloc(p, &p->kernel, f->label_buckets_count, sizeof(*f->label_buckets));
	for (uint32_t i = 0; i < f->label_count; i++) {
		if (f->labels[i].closed)
			continue;
		uint32_t *bucket = label_bucket(p, f->labels[i].name);

		f->labels[i].chain = *bucket;
		*bucket = i + 1;
	}
}

/* A name means the label of the innermost scope that defines it, which may come later: so every
 * scope has a label of its own until it closes. */
uint32_t label_use(struct ptx *p, struct slice name, struct place at)
{
	struct function *f = p->function;

	for (uint32_t i = *label_bucket(p, name); i; i = f->labels[i - 1].chain)
		if (f->labels[i - 1].scope == p->depth && slice_same(f->labels[i - 1].name, name))
			return i - 1;
	if (f->label_count >= f->label_buckets_count)
		labels_rehash(p);
	f->labels = ptx_grow(p, &p->kernel, f->labels, f->label_count, &f->label_room,
			     sizeof(*f->labels));
	uint32_t *bucket = label_bucket(p, name);

	f->labels[f->label_count] =
		(struct label){.name = name, .scope = p->depth, .at = at, .chain = *bucket};
	*bucket = ++f->label_count;
	return f->label_count - 1;
}

const struct label *label_find(struct ptx *p, struct slice name)
{
	struct function *f = p->function;

	for (uint32_t i = *label_bucket(p, name); i; i = f->labels[i - 1].chain)
		if (f->labels[i - 1].defined && slice_same(f->labels[i - 1].name, name))
			return &f->labels[i - 1];
	return NULL;
}

uint32_t label_define(struct ptx *p, struct slice name, struct place at)
{
	struct function *f = p->function;
	uint32_t index = label_use(p, name, at);

	if (f->labels[index].defined)
		ptx_fail(p, at, "label '%.*s' is defined twice; first on line %u", SLICE(name),
			 f->labels[index].at.line);
	f->labels[index].defined = true;
	f->labels[index].at = at;
	return index;
}

uint32_t labels_open(struct ptx *p)
{
	uint32_t outer = p->function->label_mark;

	p->function->label_mark = p->function->label_count;
	return outer;
}

void labels_close(struct ptx *p, uint32_t outer)
{
	struct function *f = p->function;
	uint32_t count = f->label_count;

	for (uint32_t i = count; i-- > f->label_mark;) {
		if (f->labels[i].closed)
			continue;
		*label_bucket(p, f->labels[i].name) = f->labels[i].chain;
	}
	p->depth--;
	for (uint32_t i = f->label_mark; i < count; i++) {
		struct label label = f->labels[i];

		if (label.closed)
			continue;
		f->labels[i].closed = true;
		if (label.defined)
			continue;
		if (p->depth == f->body_depth)
			ptx_fail(p, label.at, "label '%.*s' is not defined in '%.*s'",
				 SLICE(label.name), SLICE(f->name));
		uint32_t alias = label_use(p, label.name, label.at) + 1;

		f->labels[i].alias = alias;
	}
	p->depth++;
	f->label_mark = outer;
}

struct label *label_resolve(struct function *f, uint32_t index)
{
	while (f->labels[index].alias)
		index = f->labels[index].alias - 1;
	return &f->labels[index];
}

struct inst *inst_new(struct ptx *p, unsigned op, uint32_t line)
{
	struct inst *i = ptx_alloc(p, &p->kernel, 1, sizeof(*i));

	i->op = (uint16_t)op;
	i->line = line;
	return i;
}

void inst_append(struct ptx *p, struct inst *i)
{
	struct function *f = p->function;

	if (++f->inst_count > PTX_MAX_INSTS)
		ptx_fail(p, p->lex.token.at, "function '%.*s' has more than %u instructions",
			 SLICE(f->name), PTX_MAX_INSTS);
	i->prev = f->last;
	if (f->last)
		f->last->next = i;
	else
		f->first = i;
	f->last = i;
}

void function_refuse(struct ptx *p, struct place at, const char *format, ...)
{
	struct function *f = p->function;
	char text[200];
	va_list args;

	if (f->refusal && !f->refused_weakly)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f->refusal = ptx_format(p, &p->kernel, "%s", text);
	f->refused_at = at;
	f->refused_weakly = false;
}
