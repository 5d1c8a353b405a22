/* SPDX-License-Identifier: Apache-2.0 */
/* Scoped names. The hash is seeded by an address so that no text can be made to collide. */
#include <string.h>

#include "drivers/gpu/ptx/module.h"

#define BUCKETS_FIRST 1024u

static uint32_t hash_of(const struct names *names, struct slice s)
{
	uint32_t h = names->seed;

	for (uint32_t i = 0; i < s.bytes; i++)
		h = (h ^ (uint8_t)s.text[i]) * 0x01000193u;
	return h ^ h >> 15;
}

static void link_symbol(struct names *names, uint32_t index)
{
	struct symbol *symbol = &names->stack[index];
	uint32_t *bucket = &names->buckets[symbol->hash & (names->bucket_count - 1)];

	symbol->chain = *bucket;
	*bucket = index + 1;
}

static void resize(struct ptx *p, uint32_t count)
{
	struct names *names = &p->names;

	names->buckets = ptx_alloc(p, &p->module, count, sizeof(*names->buckets));
	names->bucket_count = count;
	for (uint32_t i = 0; i < names->count; i++)
		link_symbol(names, i);
}

void names_start(struct ptx *p)
{
	p->names.seed = 0x811c9dc5u ^ (uint32_t)((uintptr_t)p >> 4) * 0x9e3779b1u;
	resize(p, BUCKETS_FIRST);
}

struct symbol *names_find(struct ptx *p, struct slice name)
{
	struct names *names = &p->names;
	uint32_t hash = hash_of(names, name);
	uint32_t at = names->buckets[hash & (names->bucket_count - 1)];

	for (; at; at = names->stack[at - 1].chain) {
		struct symbol *symbol = &names->stack[at - 1];

		if (symbol->hash == hash && slice_same(symbol->name, name))
			return symbol;
	}
	return NULL;
}

struct symbol *names_add(struct ptx *p, struct slice name, enum symbol_kind kind, struct place at)
{
	struct names *names = &p->names;
	struct symbol *old = names_find(p, name);
	bool forward = old && (old->kind == SYMBOL_EXTERN || old->kind == SYMBOL_FUNCTION);

	if (old && (uint32_t)(old - names->stack) >= p->scope_mark && !forward)
		ptx_fail(p, at, "'%.*s' is declared twice; first on line %u", SLICE(name),
			 old->at.line);
	if (names->count >= names->bucket_count)
		resize(p, names->bucket_count * 2);
	names->stack = ptx_grow(p, &p->module, names->stack, names->count, &names->room,
				sizeof(*names->stack));
	struct symbol *symbol = &names->stack[names->count];

	*symbol =
		(struct symbol){.name = name, .hash = hash_of(names, name), .kind = kind, .at = at};
	link_symbol(names, names->count++);
	return symbol;
}

uint32_t names_open(struct ptx *p)
{
	uint32_t outer = p->scope_mark;

	p->scope_mark = p->names.count;
	p->depth++;
	return outer;
}

/* Names leave in the opposite order of their coming, so each is the head of its bucket. */
void names_close(struct ptx *p, uint32_t outer)
{
	struct names *names = &p->names;

	while (names->count > p->scope_mark) {
		struct symbol *symbol = &names->stack[--names->count];

		names->buckets[symbol->hash & (names->bucket_count - 1)] = symbol->chain;
	}
	p->scope_mark = outer;
	p->depth--;
}
