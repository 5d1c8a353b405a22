/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a program: registers, control flow, the text around them. */
#include "tests/oracle/gpu/gen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char gen_letters[CLASSES + 1] = "hrdfgp";

static void *room_for(void *array, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

void gen_line(struct program *p, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->lines = room_for(p->lines, p->line_count, &p->line_room, sizeof(*p->lines));
	p->lines[p->line_count++] = (struct line){strdup(text), p->unit};
}

uint32_t gen_unit_open(struct program *p, bool keep)
{
	uint32_t outer = p->unit;

	p->units = room_for(p->units, p->unit_count, &p->unit_room, sizeof(*p->units));
	p->units[p->unit_count] = (struct unit){outer, keep};
	p->unit = p->unit_count++;
	return outer;
}

void gen_unit_close(struct program *p, uint32_t outer)
{
	p->unit = outer;
}

uint32_t gen_below(struct program *p, uint32_t n)
{
	return random_below(&p->random, n);
}

bool gen_once(struct program *p, uint32_t n)
{
	return random_once(&p->random, n);
}

/* ---- registers ---- */

uint32_t gen_live(struct program *p, enum class c)
{
	uint32_t count = p->live_count[c];

	/* what came last is wanted more often: chains grow, and copies find their readers */
	if (count > 4 && gen_once(p, 3))
		return p->live[c][count - 1 - gen_below(p, 4)];
	return p->live[c][gen_below(p, count)];
}

uint32_t gen_new(struct program *p, enum class c)
{
	return p->declared[c]++;
}

void gen_add(struct program *p, enum class c, uint32_t reg)
{
	if (p->live_count[c] < GEN_REGS_MAX)
		p->live[c][p->live_count[c]++] = reg;
}

uint32_t gen_destination(struct program *p, enum class c, bool guarded)
{
	uint32_t reg;

	if (guarded || gen_below(p, 5) < 2)
		return gen_live(p, c);
	reg = gen_new(p, c);
	gen_add(p, c, reg);
	return reg;
}

const char *gen_guard(struct program *p, char text[16], bool *guarded)
{
	*guarded = gen_once(p, 5);
	text[0] = '\0';
	if (*guarded)
		snprintf(text, 16, "@%s%%p%u ", gen_once(p, 2) ? "!" : "", gen_live(p, CLASS_P));
	return text;
}

static const uint32_t words[] = {0,          1,          2,          31,         32,
				 33,         63,         64,         0xff,       0x100,
				 0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffffff,
				 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff, 0x55555555,
				 0xff00ff00, 0x12345678};
static const uint32_t singles[] = {
	0,          0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0x00000001, 0x80000001,
	0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000,
	0x7f800001, 0x40490fdb, 0x3eaaaaab, 0x4b000001, 0x4f000000, 0xcf000000, 0x5f000000};
static const uint64_t doubles[] = {0,
				   UINT64_C(0x8000000000000000),
				   UINT64_C(0x3ff0000000000000),
				   UINT64_C(0xbff0000000000000),
				   UINT64_C(0x0000000000000001),
				   UINT64_C(0x0010000000000000),
				   UINT64_C(0x7fefffffffffffff),
				   UINT64_C(0x7ff0000000000000),
				   UINT64_C(0xfff0000000000000),
				   UINT64_C(0x7ff8000000000000),
				   UINT64_C(0x7ff0000000000001),
				   UINT64_C(0x3fd5555555555555),
				   UINT64_C(0x41dfffffffc00000),
				   UINT64_C(0x43e0000000000000)};

#define COUNT(table) (uint32_t)(sizeof(table) / sizeof((table)[0]))

static uint64_t wide_constant(struct program *p)
{
	uint64_t low = words[gen_below(p, COUNT(words))];

	switch (gen_below(p, 4)) {
	case 0: return low;
	case 1: return (uint64_t)(int64_t)(int32_t)low;
	case 2: return low << 32;
	default: return low << 32 | words[gen_below(p, COUNT(words))];
	}
}

const char *gen_source(struct program *p, enum class c, char text[40])
{
	if (c == CLASS_P || !gen_once(p, 5)) {
		snprintf(text, 40, "%%%c%u", gen_letters[c], gen_live(p, c));
		return text;
	}
	switch (c) {
	case CLASS_H: snprintf(text, 40, "%u", words[gen_below(p, COUNT(words))] & 0xffff); break;
	case CLASS_R:
		if (gen_once(p, 2))
			snprintf(text, 40, "%d", (int)gen_below(p, 200) - 100);
		else
			snprintf(text, 40, "0x%x", words[gen_below(p, COUNT(words))]);
		break;
	case CLASS_D: snprintf(text, 40, "0x%llx", (unsigned long long)wide_constant(p)); break;
	case CLASS_F: snprintf(text, 40, "0f%08x", singles[gen_below(p, COUNT(singles))]); break;
	default:
		snprintf(text, 40, "0d%016llx",
			 (unsigned long long)doubles[gen_below(p, COUNT(doubles))]);
		break;
	}
	return text;
}

/* ---- control flow ---- */

struct scope {
	uint32_t live_count[CLASSES];
	bool uniform;
	char mask[16];
};

static struct scope enter(struct program *p)
{
	struct scope s = {.uniform = p->uniform};

	memcpy(s.live_count, p->live_count, sizeof(s.live_count));
	memcpy(s.mask, p->mask, sizeof(s.mask));
	p->depth++;
	return s;
}

static void leave(struct program *p, const struct scope *s)
{
	memcpy(p->live_count, s->live_count, sizeof(s->live_count));
	memcpy(p->mask, s->mask, sizeof(s->mask));
	p->uniform = s->uniform;
	p->depth--;
}

static void statements(struct program *p, uint32_t count);

/* The lanes of the mask for which the predicate holds, in a new register; "" if masks are off. */
static void split_mask(struct program *p, uint32_t predicate, char hold[16], char rest[16])
{
	hold[0] = rest[0] = '\0';
	if (!p->mask[0])
		return;
	uint32_t m = gen_new(p, CLASS_R), n = gen_new(p, CLASS_R);

	snprintf(hold, 16, "%%r%u", m);
	snprintf(rest, 16, "%%r%u", n);
	gen_line(p, "vote.sync.ballot.b32 %s, %%p%u, %s;", hold, predicate, p->mask);
	gen_line(p, "xor.b32 %s, %s, %s;", rest, hold, p->mask);
	gen_note("vote.sync.ballot.b32");
}

static void gen_if(struct program *p)
{
	uint32_t label = p->labels++, predicate = gen_live(p, CLASS_P), outer;
	bool has_else = gen_once(p, 2), negated = gen_once(p, 2);
	char hold[16], rest[16];
	struct scope s = enter(p);

	outer = gen_unit_open(p, false);
	p->uniform = false;
	split_mask(p, predicate, hold, rest);
	gen_line(p, "@%s%%p%u bra $E%u;", negated ? "" : "!", predicate, label);
	snprintf(p->mask, sizeof(p->mask), "%s", negated ? rest : hold);
	statements(p, 1 + gen_below(p, 4));
	memcpy(p->live_count, s.live_count, sizeof(s.live_count));
	if (has_else)
		gen_line(p, "bra%s $F%u;", gen_once(p, 4) ? ".uni" : "", label);
	gen_line(p, "$E%u:", label);
	snprintf(p->mask, sizeof(p->mask), "%s", negated ? hold : rest);
	if (has_else) {
		statements(p, 1 + gen_below(p, 3));
		gen_line(p, "$F%u:", label);
	}
	gen_unit_close(p, outer);
	leave(p, &s);
	gen_note("bra");
}

/* How often a loop goes round: the same for all lanes, or not. */
static void gen_limit(struct program *p, uint32_t limit)
{
	if (gen_once(p, 3))
		gen_line(p, "mov.u32 %%r%u, %u;", limit, 1 + gen_below(p, 4));
	else
		gen_line(p, "and.b32 %%r%u, %%r%u, %u;", limit, gen_live(p, CLASS_R),
			 gen_once(p, 6) ? 15 : 3);
}

/* Lanes leave the innermost loop, and its mask. */
static void gen_break(struct program *p, const char *target)
{
	uint32_t predicate = gen_live(p, CLASS_P);
	char hold[16], rest[16];

	split_mask(p, predicate, hold, rest);
	gen_line(p, "@%%p%u bra %s;", predicate, target);
	if (rest[0])
		snprintf(p->mask, sizeof(p->mask), "%s", rest);
}

static void gen_loop(struct program *p)
{
	uint32_t label = p->labels++, i = gen_new(p, CLASS_R), limit = gen_new(p, CLASS_R);
	uint32_t more = gen_new(p, CLASS_P), outer = gen_unit_open(p, false), m = 0;
	char end[16], hold[16], rest[16];
	struct scope s = enter(p);

	p->loops++;
	p->uniform = false;
	snprintf(end, sizeof(end), "$M%u", label);
	gen_limit(p, limit);
	gen_line(p, "mov.u32 %%r%u, 0;", i);
	if (p->mask[0]) {
		m = gen_new(p, CLASS_R);
		gen_line(p, "mov.b32 %%r%u, %s;", m, p->mask);
		snprintf(p->mask, sizeof(p->mask), "%%r%u", m);
	}
	gen_line(p, "$L%u:", label);
	gen_line(p, "setp.lt.u32 %%p%u, %%r%u, %%r%u;", more, i, limit);
	split_mask(p, more, hold, rest);
	gen_line(p, "@!%%p%u bra %s;", more, end);
	if (hold[0])
		snprintf(p->mask, sizeof(p->mask), "%s", hold);
	gen_line(p, "add.u32 %%r%u, %%r%u, 1;", i, i);
	gen_line(p, "xor.b32 %%r%u, %%r%u, %%r%u;", p->live[CLASS_R][0], p->live[CLASS_R][0], i);
	statements(p, 1 + gen_below(p, 4));
	if (gen_once(p, 3))
		gen_break(p, end);
	if (gen_once(p, 3))
		statements(p, 1 + gen_below(p, 2));
	if (m)
		gen_line(p, "mov.b32 %%r%u, %s;", m, p->mask);
	gen_line(p, "bra $L%u;", label);
	gen_line(p, "%s:", end);
	gen_unit_close(p, outer);
	p->loops--;
	leave(p, &s);
}

static void gen_switch(struct program *p)
{
	uint32_t label = p->labels++, count = 2 + gen_below(p, 3), index = gen_new(p, CLASS_R);
	uint32_t outer = gen_unit_open(p, false), table[4];
	char list[80] = "";
	struct scope s = enter(p);

	for (uint32_t k = 0; k < 4; k++) {
		table[k] = k < count ? k : gen_below(p, count);
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s$C%u_%u",
			 k ? ", " : "", label, table[k]);
	}
	p->uniform = false;
	gen_line(p, "and.b32 %%r%u, %%r%u, 3;", index, gen_live(p, CLASS_R));
	p->mask[0] = '\0'; /* cases fall into each other: whose lanes are there is not known */
	gen_line(p, "$T%u: .branchtargets %s;", label, list);
	if (gen_once(p, 3)) {
		uint32_t predicate = gen_live(p, CLASS_P);

		gen_line(p, "@%%p%u brx.idx %%r%u, $T%u;", predicate, index, label);
		gen_line(p, "bra $S%u;", label);
	} else {
		gen_line(p, "brx.idx %%r%u, $T%u;", index, label);
	}
	for (uint32_t k = 0; k < count; k++) {
		gen_line(p, "$C%u_%u:", label, k);
		statements(p, 1 + gen_below(p, 3));
		memcpy(p->live_count, s.live_count, sizeof(s.live_count));
		if (k + 1 < count && !gen_once(p, 3))
			gen_line(p, "bra $S%u;", label);
	}
	gen_line(p, "$S%u:", label);
	gen_unit_close(p, outer);
	leave(p, &s);
	gen_note("brx.idx");
}

/* Some threads end here, their registers stored. */
static void gen_exit(struct program *p)
{
	uint32_t predicate = gen_live(p, CLASS_P), outer = gen_unit_open(p, false);
	char hold[16], rest[16];

	gen_line(p, "// some end");
	split_mask(p, predicate, hold, rest);
	gen_line(p, "@%%p%u %s;", predicate, gen_once(p, 2) ? "exit" : "ret");
	if (rest[0])
		snprintf(p->mask, sizeof(p->mask), "%s", rest);
	gen_unit_close(p, outer);
	gen_note("exit");
}

/* What compilers write: products that become addresses, predicates turned round, jumps to jumps. */
static void gen_idiom(struct program *p)
{
	uint32_t outer = gen_unit_open(p, false), a = gen_live(p, CLASS_R), d, e, q;
	uint32_t label = p->labels++;

	switch (gen_below(p, 5)) {
	case 0: /* base + i * size, the product wanted once */
		d = gen_new(p, CLASS_D);
		e = gen_new(p, CLASS_D);
		gen_line(p, "mul.wide.%s32 %%d%u, %%r%u, %u;", gen_once(p, 2) ? "s" : "u", d, a,
			 4u << gen_below(p, 3));
		gen_line(p, "add.s64 %%d%u, %%d%u, %%d%u;", e, gen_live(p, CLASS_D), d);
		gen_add(p, CLASS_D, e);
		break;
	case 1: /* a copy, then its source changes */
		d = gen_new(p, CLASS_R);
		gen_line(p, "mov.u32 %%r%u, %%r%u;", d, a);
		gen_line(p, "add.u32 %%r%u, %%r%u, %u;", a, a, 1 + gen_below(p, 9));
		gen_add(p, CLASS_R, d);
		break;
	case 2: /* the opposite of a predicate */
		q = gen_new(p, CLASS_P);
		gen_line(p, "not.pred %%p%u, %%p%u;", q, gen_live(p, CLASS_P));
		gen_add(p, CLASS_P, q);
		break;
	case 3: /* of two results only one is wanted */
		d = gen_new(p, CLASS_P);
		q = gen_new(p, CLASS_P);
		gen_line(p, "setp.lt.s32 %%p%u|%%p%u, %%r%u, %%r%u;", d, q, a,
			 gen_live(p, CLASS_R));
		gen_add(p, CLASS_P, gen_once(p, 2) ? d : q);
		break;
	default: /* a jump to a guarded jump */
		q = gen_live(p, CLASS_P);
		gen_line(p, "@%%p%u bra $J%u;", gen_live(p, CLASS_P), label);
		gen_line(p, "add.u32 %%r%u, %%r%u, 77;", a, a);
		gen_line(p, "$J%u:", label);
		gen_line(p, "@%%p%u bra $K%u;", q, label);
		gen_line(p, "xor.b32 %%r%u, %%r%u, 99;", a, a);
		gen_line(p, "$K%u:", label);
		break;
	}
	gen_unit_close(p, outer);
}

static void statement(struct program *p)
{
	uint32_t choice = gen_below(p, 100);
	bool nests = p->depth < 4 && p->budget > 4;

	if (nests && choice < 7)
		gen_if(p);
	else if (nests && choice < 11 && p->loops < 2)
		gen_loop(p);
	else if (nests && choice < 14 && !p->in_function)
		gen_switch(p);
	else if (choice < 15 && p->depth == 0 && !p->in_function)
		gen_exit(p);
	else if (choice < 22)
		gen_idiom(p);
	else if (choice < 24 && p->uniform)
		gen_exchange(p);
	else if (choice < 48 && !p->in_function)
		gen_memory(p);
	else if (choice < 54 && p->features & FEATURE_WARP && !p->in_function)
		gen_warp(p);
	else if (choice < 57 && p->features & FEATURE_WARP && !p->in_function)
		gen_atomic(p);
	else if (choice < 59 && p->features & FEATURE_CALLS && !p->in_function)
		gen_call(p);
	else
		gen_form(p);
}

static void statements(struct program *p, uint32_t count)
{
	for (; count && p->budget; count--) {
		p->budget--;
		statement(p);
	}
}

void gen_some(struct program *p, uint32_t count)
{
	p->budget = 2 * count;
	statements(p, count);
}

/* ---- the whole ---- */

static void choose_launch(struct program *p)
{
	static const uint32_t blocks[][3] = {{32, 1, 1}, {64, 1, 1}, {33, 1, 1}, {1, 1, 1},
					     {65, 1, 1}, {7, 3, 1},  {16, 2, 2}, {96, 1, 1},
					     {31, 1, 1}, {5, 4, 3},  {128, 1, 1}};
	static const uint32_t grids[][3] = {{1, 1, 1}, {2, 1, 1}, {2, 2, 1}, {1, 3, 1}, {2, 1, 2}};
	const uint32_t *block, *grid;

	do {
		block = blocks[gen_below(p, COUNT(blocks))];
		grid = grids[gen_below(p, COUNT(grids))];
		p->threads = block[0] * block[1] * block[2];
	} while (p->threads * grid[0] * grid[1] * grid[2] > GEN_THREADS_MAX);
	memcpy(p->block, block, sizeof(p->block));
	memcpy(p->grid, grid, sizeof(p->grid));
	p->dynamic_shared = gen_once(p, 2) ? 16 * p->threads : 0;
}

/* %d0: this thread's output, %d1: the input, %d2: the sums; %r0: place in the workgroup, %r1: in
 * the grid. They are never written again and stand outside what random code may write. */
static void gen_start(struct program *p)
{
	static const char *const lines[] = {
		"ld.param.u64 %d0, [out];",       "ld.param.u64 %d1, [in];",
		"ld.param.u64 %d2, [sums];",      "mov.u32 %r0, %tid.z;",
		"mov.u32 %r2, %ntid.y;",          "mov.u32 %r3, %tid.y;",
		"mad.lo.u32 %r0, %r0, %r2, %r3;", "mov.u32 %r2, %ntid.x;",
		"mov.u32 %r3, %tid.x;",           "mad.lo.u32 %r0, %r0, %r2, %r3;",
		"mov.u32 %r1, %ctaid.z;",         "mov.u32 %r2, %nctaid.y;",
		"mov.u32 %r3, %ctaid.y;",         "mad.lo.u32 %r1, %r1, %r2, %r3;",
		"mov.u32 %r2, %nctaid.x;",        "mov.u32 %r3, %ctaid.x;",
		"mad.lo.u32 %r1, %r1, %r2, %r3;",
	};

	p->declared[CLASS_D] = 3;
	p->declared[CLASS_R] = 6;
	for (uint32_t k = 0; k < COUNT(lines); k++)
		gen_line(p, "%s", lines[k]);
	gen_line(p, "mad.lo.u32 %%r1, %%r1, %u, %%r0;", p->threads);
	gen_line(p, "mul.wide.u32 %%d3, %%r1, %u;", GEN_OUTPUT_BYTES);
	p->declared[CLASS_D] = 4;
	gen_line(p, "add.u64 %%d0, %%d0, %%d3;");
	if (!(p->features & FEATURE_WARP))
		return;
	/* lanes of this warp that exist: %r5 */
	gen_line(p, "and.b32 %%r4, %%r0, 0xffffffe0;");
	gen_line(p, "sub.u32 %%r4, %u, %%r4;", p->threads);
	gen_line(p, "min.u32 %%r4, %%r4, 32;");
	gen_line(p, "bmsk.clamp.b32 %%r5, 0, %%r4;");
	strcpy(p->mask, "%r5");
}

static void gen_values(struct program *p)
{
	static const struct {
		const char *load;
		unsigned bytes;
	} loads[CLASSES - 1] = {{"ld.global.b16", 2},
				{"ld.global.b32", 4},
				{"ld.global.b64", 8},
				{"ld.global.f32", 4},
				{"ld.global.f64", 8}};
	static const char *const special[] = {"%tid.x",  "%ctaid.y",  "%laneid",
					      "%ntid.y", "%nctaid.x", "%lanemask_le"};
	uint32_t t = gen_new(p, CLASS_R), d = gen_new(p, CLASS_D);
	static const uint32_t counts[CLASSES] = {4, 8, 5, 6, 4, 5};

	gen_line(p, "and.b32 %%r%u, %%r1, 63;", t);
	gen_line(p, "mad.wide.u32 %%d%u, %%r%u, 32, %%d1;", d, t);
	for (unsigned c = 0; c < CLASSES; c++) {
		for (uint32_t k = 0; k < counts[c]; k++) {
			uint32_t reg = gen_new(p, c);

			if (c == CLASS_P)
				gen_line(p, "setp.lt.s32 %%p%u, %%r%u, %%r%u;", reg,
					 gen_live(p, CLASS_R), gen_live(p, CLASS_R));
			else if (c == CLASS_R && k < 3)
				gen_line(p, "mov.u32 %%r%u, %s;", reg,
					 special[gen_below(p, COUNT(special))]);
			else
				gen_line(p, "%s %%%c%u, [%%d%u+%u];", loads[c].load, gen_letters[c],
					 reg, d, gen_below(p, 256) * loads[c].bytes % 1024);
			gen_add(p, c, reg);
		}
	}
}

struct program *program_generate(uint64_t seed, unsigned features)
{
	struct program *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->seed = p->random = seed;
	p->features = features;
	choose_launch(p);
	gen_unit_open(p, true); /* unit 0: what must stay */
	if (features & FEATURE_CALLS)
		gen_functions(p);
	p->budget = 20 + gen_below(p, 120);
	p->uniform = true;
	gen_start(p);
	gen_values(p);
	statements(p, p->budget);
	gen_store_all(p);
	gen_line(p, "ret;");
	return p;
}

static bool is_dropped(const struct program *p, const bool *dropped, uint32_t unit)
{
	for (; dropped && unit; unit = p->units[unit].parent)
		if (dropped[unit])
			return true;
	return false;
}

static void print_head(const struct program *p, FILE *out)
{
	static const char *const types[CLASSES] = {"b16", "b32", "b64", "f32", "f64", "pred"};

	fprintf(out, "// seed=%llu features=%u grid=%u,%u,%u block=%u,%u,%u shared=%u\n",
		(unsigned long long)p->seed, p->features, p->grid[0], p->grid[1], p->grid[2],
		p->block[0], p->block[1], p->block[2], p->dynamic_shared);
	fprintf(out,
		".version 8.0\n.target sm_80\n.address_size 64\n"
		".extern .shared .align 16 .b8 dynamic[];\n"
		".const .align 16 .b32 constants[16] = {1, 0x80000000, 3, -4, 5, 6, 7, "
		"0x7fffffff, 9, 10, 11, 12, 13, 14, 15, 0xdeadbeef};\n"
		".global .align 16 .f64 numbers[4] = {1.5, -2.25, 0d0000000000000001, 1e300};\n"
		".global .align 8 .u64 where[2] = {numbers, numbers+16};\n");
	if (p->prologue)
		fputs(p->prologue, out);
	fprintf(out,
		".visible .entry k(.param .u64 out, .param .u64 in, .param .u64 sums,\n"
		"\t.param .b32 scalar, .param .align 16 .b8 block[32], .param .f64 real)\n{\n");
	fprintf(out,
		"\t.shared .align 16 .b8 own[%u];\n\t.shared .align 8 .b8 common[%u];\n"
		"\t.local .align 16 .b8 array[128];\n",
		32 * p->threads, 16 * p->threads);
	for (unsigned c = 0; c < CLASSES; c++)
		fprintf(out, "\t.reg .%s %%%c<%u>;\n", types[c], gen_letters[c],
			p->declared[c] + 1);
}

char *program_text(const struct program *p, const bool *dropped)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		abort();
	print_head(p, out);
	for (uint32_t k = 0; k < p->line_count; k++)
		if (!is_dropped(p, dropped, p->lines[k].unit))
			fprintf(out, "%s%s\n", p->lines[k].text[0] == '$' ? "" : "\t",
				p->lines[k].text);
	fputs("}\n", out);
	fclose(out);
	return text;
}

void program_free(struct program *p)
{
	for (uint32_t k = 0; k < p->line_count; k++)
		free(p->lines[k].text);
	free(p->lines);
	free(p->units);
	free(p->prologue);
	free(p);
}

void gen_inputs(uint64_t seed, uint8_t *input, uint8_t *sums)
{
	uint64_t random = seed ^ UINT64_C(0x5eed);

	for (uint32_t k = 0; k < GEN_INPUT_BYTES; k += 8) {
		uint64_t value = random_next(&random);

		switch (random_below(&random, 6)) {
		case 0:
			value = (uint64_t)singles[random_below(&random, COUNT(singles))] << 32 |
				singles[random_below(&random, COUNT(singles))];
			break;
		case 1: value = doubles[random_below(&random, COUNT(doubles))]; break;
		case 2: value &= UINT64_C(0x0000000f0000000f); break;
		case 3: /* floats near one */
			value = (value & UINT64_C(0x80ffffff80ffffff)) |
				UINT64_C(0x3f0000003f000000);
			break;
		default: break;
		}
		for (unsigned n = 0; n < 8; n++)
			input[k + n] = (uint8_t)(value >> 8 * n);
	}
	for (uint32_t k = 0; k < GEN_SUMS_BYTES; k++)
		sums[k] = (uint8_t)random_next(&random);
}
