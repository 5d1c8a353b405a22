/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and stores of all spaces, at masked places. */
#include "tests/oracle/gpu/gen.h"

#include <stdio.h>
#include <string.h>

enum place {
	PLACE_OUT,
	PLACE_IN,
	PLACE_SHARED,
	PLACE_DYNAMIC,
	PLACE_LOCAL,
	PLACE_CONST,
	PLACE_NUMBERS,
	PLACE_PARAM,
	PLACES
};

/* Windows that one thread may reach; `base` is 32 bits of offset or 64 of address. */
static const struct {
	const char *space, *base;
	unsigned bytes;
	bool writes, wide;
} places[PLACES] = {
	[PLACE_OUT] = {"global", "%d0", 256, true, true},
	[PLACE_IN] = {"global", "%d1", GEN_INPUT_BYTES, false, true},
	[PLACE_SHARED] = {"shared", "own", 32, true, false},
	[PLACE_DYNAMIC] = {"shared", "dynamic", 16, true, false},
	[PLACE_LOCAL] = {"local", "array", 128, true, false},
	[PLACE_CONST] = {"const", "constants", 64, false, true},
	[PLACE_NUMBERS] = {"global", "numbers", 32, false, true},
	[PLACE_PARAM] = {"param", "block", 32, false, false},
};

static const struct {
	const char *type;
	enum class c;
	unsigned bytes;
} types[] = {
	{"b8", CLASS_H, 1},  {"u8", CLASS_H, 1},  {"s8", CLASS_H, 1},  {"b16", CLASS_H, 2},
	{"u16", CLASS_H, 2}, {"s16", CLASS_H, 2}, {"u8", CLASS_R, 1},  {"s8", CLASS_R, 1},
	{"u16", CLASS_R, 2}, {"s16", CLASS_R, 2}, {"b32", CLASS_R, 4}, {"u32", CLASS_R, 4},
	{"s32", CLASS_R, 4}, {"u8", CLASS_D, 1},  {"s8", CLASS_D, 1},  {"s16", CLASS_D, 2},
	{"u32", CLASS_D, 4}, {"s32", CLASS_D, 4}, {"b64", CLASS_D, 8}, {"u64", CLASS_D, 8},
	{"s64", CLASS_D, 8}, {"f32", CLASS_F, 4}, {"b32", CLASS_F, 4}, {"f64", CLASS_G, 8},
	{"b64", CLASS_G, 8},
};
#define TYPES_COUNT (sizeof(types) / sizeof(types[0]))

/* A 32-bit offset of the thread's own part: 0 where all of the window is its own. */
static uint32_t own_offset(struct program *p, enum place place, uint32_t index)
{
	uint32_t t = gen_new(p, CLASS_R);

	if (place == PLACE_SHARED || place == PLACE_DYNAMIC)
		gen_line(p, "mad.lo.u32 %%r%u, %%r0, %u, %%r%u;", t, places[place].bytes, index);
	else
		gen_line(p, "mov.u32 %%r%u, %%r%u;", t, index);
	return t;
}

/* An address in a 64-bit register: in the space itself, or generic. */
static uint32_t wide_address(struct program *p, enum place place, uint32_t offset, bool generic)
{
	uint32_t d = gen_new(p, CLASS_D), e = gen_new(p, CLASS_D);
	const char *base = places[place].base;

	if (base[0] == '%') {
		gen_line(p, "mul.wide.u32 %%d%u, %%r%u, 1;", d, offset);
		gen_line(p, "add.%c64 %%d%u, %s, %%d%u;", gen_once(p, 2) ? 's' : 'u', e, base, d);
	} else {
		gen_line(p, "mov.u64 %%d%u, %s;", d, base);
		gen_line(p, "mad.wide.u32 %%d%u, %%r%u, 1, %%d%u;", e, offset, d);
	}
	if (!generic || base[0] == '%')
		return e;
	d = gen_new(p, CLASS_D);
	gen_line(p, "cvta.%s.u64 %%d%u, %%d%u;", places[place].space, d, e);
	if (!gen_once(p, 4))
		return d;
	/* there and back, and what it is */
	uint32_t q = gen_new(p, CLASS_P);

	gen_line(p, "isspacep.%s %%p%u, %%d%u;", gen_once(p, 2) ? places[place].space : "shared", q,
		 d);
	if (strcmp(places[place].space, "const"))
		gen_add(p, CLASS_P, q);
	gen_note("isspacep");
	gen_note("cvta");
	return d;
}

/* The index into the window, and what is left of it for the instruction's own offset. */
static uint32_t write_index(struct program *p, unsigned room, unsigned bytes, int *more)
{
	uint32_t index = gen_new(p, CLASS_R), a = gen_live(p, CLASS_R);

	*more = 0;
	switch (gen_below(p, 3)) {
	case 0:
		gen_line(p, "and.b32 %%r%u, %%r%u, %u;", index, a, (room - 1) & ~(bytes - 1));
		return index;
	case 1: /* half by a register, half by a constant */
		if (room >= 2 * bytes)
			*more = (int)(gen_below(p, room / 2 / bytes) * bytes);
		gen_line(p, "and.b32 %%r%u, %%r%u, %u;", index, a,
			 room >= 2 * bytes ? (room / 2 - 1) & ~(bytes - 1) : 0);
		return index;
	default: /* the constant is negative */
		gen_line(p, "and.b32 %%r%u, %%r%u, %u;", index, a, (room - 1) & ~(bytes - 1));
		gen_line(p, "add.u32 %%r%u, %%r%u, 64;", index, index);
		*more = -64;
		return index;
	}
}

static void write_address(struct program *p, enum place place, unsigned bytes, bool generic,
			  char text[64])
{
	bool alone = place == PLACE_LOCAL || place == PLACE_CONST || place == PLACE_NUMBERS;
	unsigned room = places[place].bytes;
	int more;
	char offset[16] = "";

	if (place == PLACE_PARAM || (alone && !generic && gen_once(p, 4))) {
		snprintf(text, 64, "[%s+%u]", places[place].base,
			 gen_below(p, room / bytes) * bytes);
		return;
	}
	uint32_t index = own_offset(p, place, write_index(p, room, bytes, &more));

	if (more)
		snprintf(offset, sizeof(offset), "+%d", more);
	if (generic || places[place].wide) {
		snprintf(text, 64, "[%%d%u%s]", wide_address(p, place, index, generic), offset);
		return;
	}
	uint32_t t = gen_new(p, CLASS_R), s = gen_new(p, CLASS_R);

	gen_line(p, "mov.u32 %%r%u, %s;", t, places[place].base);
	gen_line(p, "add.%c32 %%r%u, %%r%u, %%r%u;", gen_once(p, 2) ? 's' : 'u', s, t, index);
	snprintf(text, 64, "[%%r%u%s]", s, offset);
}

/* A value behind a pointer that is an initial value of the module. */
static void gen_pointer(struct program *p)
{
	uint32_t outer = gen_unit_open(p, false), d = gen_new(p, CLASS_D), g = gen_new(p, CLASS_G);

	gen_line(p, "ld.global.u64 %%d%u, [where+%u];", d, 8 * gen_below(p, 2));
	gen_line(p, "ld.f64 %%g%u, [%%d%u+%u];", g, d, 8 * gen_below(p, 2));
	gen_add(p, CLASS_G, g);
	gen_unit_close(p, outer);
}

/* {%r1, %r2}, or one of them */
static void write_registers(struct program *p, const uint32_t *regs, enum class c, unsigned count,
			    char text[64])
{
	int n = snprintf(text, 64, count > 1 ? "{" : "");

	for (unsigned k = 0; k < count; k++)
		n += snprintf(text + n, 64 - (size_t)n, "%s%%%c%u", k ? ", " : "", gen_letters[c],
			      regs[k]);
	snprintf(text + n, 64 - (size_t)n, count > 1 ? "}" : "");
	(void)p;
}

static bool twice(const uint32_t *regs, unsigned count)
{
	for (unsigned k = 0; k + 1 < count; k++)
		if (regs[k] == regs[count - 1])
			return true;
	return false;
}

static void gen_load(struct program *p, const char *opcode, unsigned type, unsigned vector,
		     const char *address)
{
	char guard[16], list[64];
	uint32_t regs[4];
	bool guarded, fresh[4];

	gen_guard(p, guard, &guarded);
	for (unsigned k = 0; k < vector; k++) {
		fresh[k] = !guarded && gen_once(p, 2);
		do
			regs[k] = fresh[k] ? gen_new(p, types[type].c) : gen_live(p, types[type].c);
		while (twice(regs, k + 1));
	}
	write_registers(p, regs, types[type].c, vector, list);
	gen_line(p, "%s%s %s, %s;", guard, opcode, list, address);
	for (unsigned k = 0; k < vector; k++)
		if (fresh[k])
			gen_add(p, types[type].c, regs[k]);
}

static void gen_store(struct program *p, const char *opcode, unsigned type, unsigned vector,
		      const char *address)
{
	char guard[16], list[64];
	uint32_t regs[4];
	bool guarded;

	gen_guard(p, guard, &guarded);
	for (unsigned k = 0; k < vector; k++)
		regs[k] = gen_live(p, types[type].c);
	write_registers(p, regs, types[type].c, vector, list);
	gen_line(p, "%s%s %s, %s;", guard, opcode, address, list);
}

static enum place choose_place(struct program *p)
{
	enum place place = (enum place)gen_below(p, PLACES);

	return place == PLACE_DYNAMIC && !p->dynamic_shared ? PLACE_SHARED : place;
}

/* A word that is written, written again in part or whole, and read: what is on its way counts. */
static void gen_rewrite(struct program *p)
{
	static const char *const parts[] = {"b8", "b16", "b32"};
	uint32_t outer = gen_unit_open(p, false), d = gen_new(p, CLASS_R);
	uint32_t word = 4 * gen_below(p, 64), part;

	gen_line(p, "st.global.u32 [%%d0+%u], %%r%u;", word, gen_live(p, CLASS_R));
	for (uint32_t n = 1 + gen_below(p, 2); n; n--) {
		part = gen_below(p, 3);
		gen_line(p, "st.global.%s [%%d0+%u], %%r%u;", parts[part],
			 word + (gen_below(p, 4) & ~((1u << part) - 1)), gen_live(p, CLASS_R));
	}
	gen_line(p, "ld.global.u32 %%r%u, [%%d0+%u];", d, word);
	gen_add(p, CLASS_R, d);
	gen_unit_close(p, outer);
}

void gen_memory(struct program *p)
{
	enum place place = choose_place(p);
	unsigned type = gen_below(p, TYPES_COUNT), bytes = types[type].bytes;
	unsigned vector = gen_once(p, 3) ? (gen_once(p, 2) ? 4 : 2) : 1;
	bool store = places[place].writes && gen_once(p, 2);
	bool generic = place != PLACE_PARAM && place != PLACE_CONST && gen_once(p, 4);
	const char *order = "";
	char opcode[64], address[64];

	if (gen_once(p, 10)) {
		if (gen_once(p, 2))
			gen_pointer(p);
		else
			gen_rewrite(p);
		return;
	}
	uint32_t outer = gen_unit_open(p, false);

	if (vector * bytes > 16)
		vector = bytes == 8 ? 2 : 4;
	if (places[place].bytes < vector * bytes)
		vector = 1;
	if (place == PLACE_IN && gen_once(p, 2))
		order = ".nc";
	else if (strcmp(places[place].space, "const") && place != PLACE_PARAM && gen_once(p, 6))
		order = vector == 1 && gen_once(p, 2) ? ".volatile" : "";
	snprintf(opcode, sizeof(opcode), "%s%s%s%s%s%s.%s", store ? "st" : "ld",
		 order[0] == '.' && order[1] == 'v' ? order : "", generic ? "" : ".",
		 generic ? "" : places[place].space,
		 order[0] == '.' && order[1] == 'n' && !generic ? order : "",
		 vector == 4   ? ".v4"
		 : vector == 2 ? ".v2"
			       : "",
		 types[type].type);
	write_address(p, place, vector * bytes, generic, address);
	gen_note(opcode);
	if (store)
		gen_store(p, opcode, type, vector, address);
	else
		gen_load(p, opcode, type, vector, address);
	gen_unit_close(p, outer);
}

/* All wait, and perhaps learn something of all. */
static void gen_barrier(struct program *p, uint32_t barrier)
{
	static const char *const forms[] = {"popc.u32", "and.pred", "or.pred"};
	uint32_t form = gen_below(p, 5), d = gen_new(p, CLASS_R), q = gen_new(p, CLASS_P);

	if (form > 2 || !(p->features & FEATURE_WARP)) {
		gen_line(p, "barrier.sync %u;", barrier);
		return;
	}
	gen_line(p, "bar.red.%s %%%c%u, %u, %s%%p%u;", forms[form], form ? 'p' : 'r', form ? q : d,
		 barrier, gen_once(p, 2) ? "!" : "", gen_live(p, CLASS_P));
	gen_add(p, form ? CLASS_P : CLASS_R, form ? q : d);
	gen_note("bar.red");
}

/* Each writes its word, all wait, each reads another's; then all wait again. */
void gen_exchange(struct program *p)
{
	uint32_t outer = gen_unit_open(p, false), t = gen_new(p, CLASS_R), s = gen_new(p, CLASS_R);
	uint32_t u = gen_new(p, CLASS_R), d = gen_new(p, CLASS_R), v = gen_new(p, CLASS_R);
	uint32_t barrier = gen_once(p, 3) ? gen_below(p, 16) : 0;

	gen_line(p, "mov.u32 %%r%u, common;", t);
	gen_line(p, "mad.lo.u32 %%r%u, %%r0, 16, %%r%u;", s, t);
	gen_line(p, "st.shared.u32 [%%r%u], %%r%u;", s, gen_live(p, CLASS_R));
	gen_line(p, "bar.sync %u;", barrier);
	gen_line(p, "add.u32 %%r%u, %%r0, %u;", u, 1 + gen_below(p, 40));
	gen_line(p, "rem.u32 %%r%u, %%r%u, %u;", u, u, p->threads);
	gen_line(p, "mad.lo.u32 %%r%u, %%r%u, 16, %%r%u;", v, u, t);
	gen_line(p, "ld.shared.u32 %%r%u, [%%r%u];", d, v);
	gen_barrier(p, barrier);
	gen_add(p, CLASS_R, d);
	gen_unit_close(p, outer);
	gen_note("bar.sync");
}

/* The upper half of the thread's output takes all that registers hold. */
void gen_store_all(struct program *p)
{
	static const struct {
		const char *type;
		unsigned bytes, count;
	} stores[CLASSES - 1] = {
		{"b16", 2, 16}, {"b32", 4, 24}, {"b64", 8, 4}, {"f32", 4, 8}, {"f64", 8, 4}};
	uint32_t offset = 256, outer = p->unit;

	for (unsigned c = 0; c < CLASSES - 1; c++) {
		uint32_t count = p->live_count[c];

		if (count > stores[c].count)
			count = stores[c].count;
		for (uint32_t k = 0; k < count; k++) {
			/* the first half, and the last that came */
			uint32_t at = k < count / 2 ? k : p->live_count[c] - count + k;

			outer = gen_unit_open(p, false);
			gen_line(p, "st.global.%s [%%d0+%u], %%%c%u;", stores[c].type,
				 offset + k * stores[c].bytes, gen_letters[c], p->live[c][at]);
			gen_unit_close(p, outer);
		}
		offset += stores[c].bytes * stores[c].count;
	}
	uint32_t bits = gen_new(p, CLASS_R);

	gen_line(p, "mov.u32 %%r%u, 0;", bits);
	for (uint32_t k = 0; k < p->live_count[CLASS_P] && k < 30; k++)
		gen_line(p, "@%%p%u or.b32 %%r%u, %%r%u, %u;",
			 p->live[CLASS_P][p->live_count[CLASS_P] - 1 - k], bits, bits, 1u << k);
	gen_line(p, "st.global.u32 [%%d0+%u], %%r%u;", offset, bits);
}
