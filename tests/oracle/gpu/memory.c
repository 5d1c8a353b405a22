/* SPDX-License-Identifier: Apache-2.0 */
/* State spaces, loads, stores, atomic operations. */
#include <string.h>

#include "tests/oracle/gpu/ptx.h"

enum space space_of(const struct instr *i)
{
	return has(i, WORD_global)   ? SPACE_GLOBAL
	       : has(i, WORD_shared) ? SPACE_SHARED
	       : has(i, WORD_local)  ? SPACE_LOCAL
	       : has(i, WORD_const)  ? SPACE_CONST
	       : has(i, WORD_param)  ? SPACE_PARAM
				     : SPACE_GENERIC;
}

uint64_t memory_address(struct thread *t, const struct instr *i, const struct operand *o)
{
	if (o->kind != OPERAND_MEMORY)
		fault(t, i, "an operand that is no address");
	uint64_t address = o->value;

	if (o->has_reg)
		return address + t->frame->regs[o->reg];
	if (o->is_dynamic)
		address += (t->block->module->shared_bytes + 15) & ~15u;
	if (o->space == SPACE_LOCAL)
		address += t->frame->local;
	return address;
}

static uint8_t *global_at(struct thread *t, uint64_t address, uint64_t bytes)
{
	const struct oracle_launch *l = t->block->launch;
	struct module *m = t->block->module;

	for (unsigned k = 0; k < l->region_count; k++) {
		const struct oracle_region *r = &l->regions[k];

		if (address - r->address < r->bytes && bytes <= r->bytes - (address - r->address))
			return r->data + (address - r->address);
	}
	if (address - MODULE_BASE < m->data_bytes &&
	    bytes <= m->data_bytes - (address - MODULE_BASE))
		return m->data + (address - MODULE_BASE);
	return NULL;
}

uint8_t *memory_at(struct thread *t, const struct instr *i, enum space space, uint64_t address,
		   uint64_t bytes)
{
	struct {
		uint8_t *data;
		uint64_t bytes;
	} own[] = {[SPACE_SHARED] = {t->block->shared, t->block->shared_bytes},
		   [SPACE_LOCAL] = {t->local, LOCAL_BYTES},
		   [SPACE_PARAM] = {t->frame->params, t->frame->function->param_bytes}};
	uint8_t *at = NULL;

	if (space == SPACE_GENERIC && address - SHARED_WINDOW < WINDOW_BYTES) {
		space = SPACE_SHARED;
		address -= SHARED_WINDOW;
	} else if (space == SPACE_GENERIC && address - LOCAL_WINDOW < WINDOW_BYTES) {
		space = SPACE_LOCAL;
		address -= LOCAL_WINDOW;
	}
	if (space == SPACE_GENERIC || space == SPACE_GLOBAL || space == SPACE_CONST)
		at = global_at(t, address, bytes);
	else if (address <= own[space].bytes && bytes <= own[space].bytes - address)
		at = own[space].data + address;
	if (!at || address % bytes)
		fault(t, i, "%llu bytes at 0x%llx of space %d: %s", (unsigned long long)bytes,
		      (unsigned long long)address, (int)space,
		      at ? "not aligned" : "out of bounds");
	return at;
}

static const struct operand *element(const struct operand *o, unsigned k)
{
	return o->kind == OPERAND_LIST ? &o->list[k] : o;
}

static unsigned element_count(const struct operand *o)
{
	return o->kind == OPERAND_LIST ? o->count : 1;
}

void run_ld(struct thread *t, const struct instr *i)
{
	const struct operand *d = &i->operands[0];
	unsigned count = element_count(d), bytes = type_table[i->types[0]].bits / 8;
	const uint8_t *at = memory_at(t, i, space_of(i), memory_address(t, i, &i->operands[1]),
				      (uint64_t)count * bytes);
	uint64_t values[8] = {0};

	for (unsigned k = 0; k < count; k++)
		memcpy(&values[k], at + k * bytes, bytes);
	for (unsigned k = 0; k < count; k++)
		put_operand(t, i, element(d, k), i->types[0], values[k]);
}

void run_st(struct thread *t, const struct instr *i)
{
	const struct operand *s = &i->operands[1];
	unsigned count = element_count(s), bytes = type_table[i->types[0]].bits / 8;
	uint8_t *at = memory_at(t, i, space_of(i), memory_address(t, i, &i->operands[0]),
				(uint64_t)count * bytes);

	for (unsigned k = 0; k < count; k++) {
		uint64_t value = get_operand(t, i, element(s, k), i->types[0]);

		memcpy(at + k * bytes, &value, bytes);
	}
}

static uint64_t atom_order(enum type type, uint64_t old, uint64_t b, bool max)
{
	bool less = type_table[type].kind == KIND_S ? (int64_t)old < (int64_t)b : old < b;

	return less != max ? old : b;
}

static uint64_t atom_result(const struct instr *i, enum type type, uint64_t old, uint64_t b,
			    uint64_t c)
{
	bool is_float = type_table[type].kind == KIND_F;

	if (has(i, WORD_add))
		return is_float ? float_add(type, old, b) : old + b;
	if (has(i, WORD_min) || has(i, WORD_max))
		return is_float ? float_minmax(i, type, old, b, has(i, WORD_max))
				: atom_order(type, old, b, has(i, WORD_max));
	if (has(i, WORD_and))
		return old & b;
	if (has(i, WORD_or))
		return old | b;
	if (has(i, WORD_xor))
		return old ^ b;
	if (has(i, WORD_exch))
		return b;
	if (has(i, WORD_cas))
		return old == b ? c : old;
	if (has(i, WORD_inc))
		return old >= b ? 0 : old + 1;
	return old == 0 || old > b ? b : old - 1; /* dec */
}

/* atom d, [a], b, c; red has no d */
void run_atom(struct thread *t, const struct instr *i)
{
	unsigned first = i->name[0] == 'a';
	enum type type = i->types[0];
	unsigned bytes = type_table[type].bits / 8;
	uint64_t address = memory_address(t, i, &i->operands[first]), old = 0;
	uint8_t *at = memory_at(t, i, space_of(i), address, bytes);
	uint64_t b = get(t, i, first + 1, type);
	uint64_t c = has(i, WORD_cas) ? get(t, i, first + 2, type) : 0;

	memcpy(&old, at, bytes);
	if (type_table[type].kind == KIND_S && bytes == 4)
		old = (uint64_t)(int64_t)(int32_t)old;
	/* sums of f32 flush subnormals, but in shared memory ("atom" in the ISA) */
	bool shared = at >= t->block->shared && at < t->block->shared + t->block->shared_bytes;
	uint64_t value = type == TYPE_f32 && has(i, WORD_add) && !shared
				 ? float_add_flushed(old, b)
				 : atom_result(i, type, old, b, c);

	memcpy(at, &value, bytes);
	if (first)
		put(t, i, 0, type, old);
}

void run_cvta(struct thread *t, const struct instr *i)
{
	uint64_t a = get(t, i, 1, TYPE_b64);
	uint64_t window = has(i, WORD_shared)  ? SHARED_WINDOW
			  : has(i, WORD_local) ? LOCAL_WINDOW
					       : 0;

	put(t, i, 0, TYPE_b64, has(i, WORD_to) ? a - window : a + window);
}

void run_isspacep(struct thread *t, const struct instr *i)
{
	uint64_t a = get(t, i, 1, TYPE_b64);
	bool shared = a - SHARED_WINDOW < WINDOW_BYTES, local = a - LOCAL_WINDOW < WINDOW_BYTES;

	put(t, i, 0, TYPE_pred,
	    has(i, WORD_shared)   ? shared
	    : has(i, WORD_local)  ? local
	    : has(i, WORD_global) ? !shared && !local
				  : false);
}

/* alloca.u64 d, size, align */
void run_alloca(struct thread *t, const struct instr *i)
{
	uint64_t align = i->count > 2 ? get(t, i, 2, TYPE_u64) : 8;
	uint64_t bytes = get(t, i, 1, i->types[0]);
	uint64_t at = (t->local_top + align - 1) / align * align;

	if (bytes > LOCAL_BYTES || at + bytes > LOCAL_BYTES)
		fault(t, i, "the stack is full");
	put(t, i, 0, i->types[0], at);
	t->local_top = (uint32_t)(at + bytes);
}

void run_stack(struct thread *t, const struct instr *i)
{
	bool save = i->name[5] == 's';

	if (save)
		put(t, i, 0, i->types[0], t->local_top);
	else
		t->local_top = (uint32_t)get(t, i, 0, i->types[0]);
}
