/* SPDX-License-Identifier: Apache-2.0 */
/* What threads do together, atomic operations, calls. */
#include "tests/oracle/gpu/gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All 32 lanes of every warp are here: a shuffle may come from any. */
static bool is_full(const struct program *p)
{
	return p->threads % 32 == 0 && !strcmp(p->mask, "%r5");
}

static void gen_shuffle(struct program *p)
{
	static const char *const modes[] = {"up", "down", "bfly", "idx"};
	unsigned mode = gen_below(p, 4);
	uint32_t d = gen_new(p, CLASS_R), q = gen_new(p, CLASS_P), a = gen_live(p, CLASS_R);
	char from[24], clamp[24], opcode[40], second[16] = "";

	snprintf(clamp, sizeof(clamp), "0x%x", mode ? 31 : 0);
	if (is_full(p)) {
		static const char *const clamps[] = {"0x1f", "0", "0x181f", "0x1c1f", "0x1800"};

		snprintf(from, sizeof(from), gen_once(p, 2) ? "%%r%u" : "%u", gen_live(p, CLASS_R));
		snprintf(clamp, sizeof(clamp), "%s", clamps[gen_below(p, 5)]);
	} else if (mode == 3) { /* from the lowest lane that is here */
		uint32_t t = gen_new(p, CLASS_R);

		gen_line(p, "brev.b32 %%r%u, %s;", t, p->mask);
		gen_line(p, "clz.b32 %%r%u, %%r%u;", t, t);
		snprintf(from, sizeof(from), "%%r%u", t);
	} else { /* segments of one lane: from itself; a butterfly would leave them */
		if (mode == 2)
			snprintf(from, sizeof(from), "0");
		else
			snprintf(from, sizeof(from), "%%r%u", a);
		snprintf(clamp, sizeof(clamp), "0x1f%s", mode ? "1f" : "00");
	}
	if (gen_once(p, 2))
		snprintf(second, sizeof(second), "|%%p%u", q);
	snprintf(opcode, sizeof(opcode), "shfl.sync.%s.b32", modes[mode]);
	gen_line(p, "%s %%r%u%s, %%r%u, %s, %s, %s;", opcode, d, second, a, from, clamp, p->mask);
	gen_note(opcode);
	gen_add(p, CLASS_R, d);
	if (second[0])
		gen_add(p, CLASS_P, q);
}

static void gen_vote(struct program *p)
{
	static const char *const modes[] = {"all", "any", "uni"};
	uint32_t q = gen_new(p, CLASS_P), d = gen_new(p, CLASS_R);
	char opcode[40];

	if (gen_once(p, 2)) {
		gen_line(p, "vote.sync.ballot.b32 %%r%u, %s%%p%u, %s;", d,
			 gen_once(p, 3) ? "!" : "", gen_live(p, CLASS_P), p->mask);
		gen_add(p, CLASS_R, d);
		gen_note("vote.sync.ballot.b32");
		return;
	}
	snprintf(opcode, sizeof(opcode), "vote.sync.%s.pred", modes[gen_below(p, 3)]);
	gen_line(p, "%s %%p%u, %s%%p%u, %s;", opcode, q, gen_once(p, 3) ? "!" : "",
		 gen_live(p, CLASS_P), p->mask);
	gen_add(p, CLASS_P, q);
	gen_note(opcode);
}

static void gen_match(struct program *p)
{
	uint32_t d = gen_new(p, CLASS_R), q = gen_new(p, CLASS_P);
	bool wide = gen_once(p, 3), all = gen_once(p, 2);
	enum class c = wide ? CLASS_D : CLASS_R;
	char opcode[40], second[16] = "";

	if (all)
		snprintf(second, sizeof(second), "|%%p%u", q);
	snprintf(opcode, sizeof(opcode), "match.%s.sync.b%u", all ? "all" : "any", wide ? 64 : 32);
	gen_line(p, "%s %%r%u%s, %%%c%u, %s;", opcode, d, second, gen_letters[c], gen_live(p, c),
		 p->mask);
	gen_add(p, CLASS_R, d);
	if (all)
		gen_add(p, CLASS_P, q);
	gen_note(opcode);
}

static void gen_reduction(struct program *p)
{
	static const char *const forms[] = {"add.u32", "add.s32", "min.u32", "min.s32", "max.u32",
					    "max.s32", "and.b32", "or.b32",  "xor.b32"};
	uint32_t d = gen_new(p, CLASS_R);
	char opcode[40];

	snprintf(opcode, sizeof(opcode), "redux.sync.%s", forms[gen_below(p, 9)]);
	gen_line(p, "%s %%r%u, %%r%u, %s;", opcode, d, gen_live(p, CLASS_R), p->mask);
	gen_add(p, CLASS_R, d);
	gen_note(opcode);
}

void gen_warp(struct program *p)
{
	uint32_t outer;

	if (!p->mask[0]) {
		gen_form(p);
		return;
	}
	outer = gen_unit_open(p, false);
	switch (gen_below(p, 9)) {
	case 0:
		gen_line(p, "bar.warp.sync %s;", p->mask);
		gen_note("bar.warp.sync");
		break;
	case 1:
	case 2: gen_vote(p); break;
	case 3: gen_match(p); break;
	case 4:
	case 5: gen_reduction(p); break;
	default: gen_shuffle(p); break;
	}
	gen_unit_close(p, outer);
}

/* Operations on common words: each word has one operation, so their order does not matter. */
static const struct {
	const char *form;
	enum class c;
	unsigned offset, words;
} commons[] = {
	{"add.u32", CLASS_R, 0, 16},   {"and.b32", CLASS_R, 64, 16},  {"or.b32", CLASS_R, 128, 16},
	{"xor.b32", CLASS_R, 192, 16}, {"min.u32", CLASS_R, 256, 16}, {"max.u32", CLASS_R, 320, 16},
	{"min.s32", CLASS_R, 384, 16}, {"max.s32", CLASS_R, 448, 16}, {"add.u64", CLASS_D, 512, 16},
	{"and.b64", CLASS_D, 640, 16}, {"max.u64", CLASS_D, 768, 8},  {"min.s64", CLASS_D, 832, 8},
	{"xor.b64", CLASS_D, 896, 8},  {"or.b64", CLASS_D, 960, 8},
};

/* On words of the thread's own what was there before may be looked at. */
static const struct {
	const char *form;
	enum class c;
	unsigned bytes;
	bool has_c;
} owns[] = {
	{"add.u32", CLASS_R, 4, false},  {"add.s32", CLASS_R, 4, false},
	{"exch.b32", CLASS_R, 4, false}, {"cas.b32", CLASS_R, 4, true},
	{"inc.u32", CLASS_R, 4, false},  {"dec.u32", CLASS_R, 4, false},
	{"min.s32", CLASS_R, 4, false},  {"max.u32", CLASS_R, 4, false},
	{"and.b32", CLASS_R, 4, false},  {"or.b32", CLASS_R, 4, false},
	{"xor.b32", CLASS_R, 4, false},  {"add.u64", CLASS_D, 8, false},
	{"exch.b64", CLASS_D, 8, false}, {"cas.b64", CLASS_D, 8, true},
	{"min.u64", CLASS_D, 8, false},  {"max.s64", CLASS_D, 8, false},
	{"xor.b64", CLASS_D, 8, false},  {"add.f32", CLASS_F, 4, false},
	{"add.f64", CLASS_G, 8, false},  {"add.noftz.f16x2", CLASS_R, 4, false},
};

static void gen_common(struct program *p)
{
	unsigned k = gen_below(p, sizeof(commons) / sizeof(commons[0]));
	enum class c = commons[k].c;
	unsigned bytes = c == CLASS_D ? 8 : 4;
	uint32_t t = gen_new(p, CLASS_R), d = gen_new(p, CLASS_D);
	char guard[16], opcode[48], result[24] = "";
	bool guarded, red = gen_once(p, 2);

	gen_line(p, "and.b32 %%r%u, %%r%u, %u;", t, gen_live(p, CLASS_R), commons[k].words - 1);
	gen_line(p, "mad.wide.u32 %%d%u, %%r%u, %u, %%d2;", d, t, bytes);
	gen_guard(p, guard, &guarded);
	snprintf(opcode, sizeof(opcode), "%s%s.%s", red ? "red" : "atom",
		 gen_once(p, 3) ? "" : ".global", commons[k].form);
	if (!red) /* nobody reads it: it depends on the order */
		snprintf(result, sizeof(result), "%%%c%u, ", gen_letters[c], gen_new(p, c));
	gen_line(p, "%s%s %s[%%d%u+%u], %%%c%u;", guard, opcode, result, d, commons[k].offset,
		 gen_letters[c], gen_live(p, c));
	gen_note(opcode);
}

static void gen_own(struct program *p)
{
	unsigned k = gen_below(p, sizeof(owns) / sizeof(owns[0]));
	enum class c = owns[k].c;
	char opcode[48], address[32], third[16] = "";
	bool shared = gen_once(p, 2);
	uint32_t d = gen_new(p, c);

	if (shared) {
		uint32_t t = gen_new(p, CLASS_R), s = gen_new(p, CLASS_R);

		gen_line(p, "mov.u32 %%r%u, own;", t);
		gen_line(p, "mad.lo.u32 %%r%u, %%r0, 32, %%r%u;", s, t);
		snprintf(address, sizeof(address), "[%%r%u+%u]", s, gen_below(p, 4) * 8);
	} else {
		snprintf(address, sizeof(address), "[%%d0+%u]", gen_below(p, 32) * 8);
	}
	if (owns[k].has_c)
		snprintf(third, sizeof(third), ", %%%c%u", gen_letters[c], gen_live(p, c));
	snprintf(opcode, sizeof(opcode), "atom.%s.%s", shared ? "shared" : "global", owns[k].form);
	gen_line(p, "%s %%%c%u, %s, %%%c%u%s;", opcode, gen_letters[c], d, address, gen_letters[c],
		 gen_live(p, c), third);
	gen_add(p, c, d);
	gen_note(opcode);
}

void gen_atomic(struct program *p)
{
	uint32_t outer = gen_unit_open(p, false);

	if (gen_once(p, 2))
		gen_common(p);
	else
		gen_own(p);
	gen_unit_close(p, outer);
}

/* ---- calls ---- */

static const char header[] = "(.param .b32 result) f%u(.param .b32 a, .param .b64 b, "
			     ".param .f32 c)";

/* Stores a value on the stack and takes another one back. */
static void use_stack(struct program *p)
{
	uint32_t t = gen_new(p, CLASS_R), s = gen_new(p, CLASS_R), d = gen_new(p, CLASS_R);

	for (unsigned k = 0; k < 4; k++)
		gen_line(p, "st.local.u32 [stack+%u], %%r%u;", 4 * k, gen_live(p, CLASS_R));
	gen_line(p, "and.b32 %%r%u, %%r%u, 12;", t, gen_live(p, CLASS_R));
	gen_line(p, "mov.u32 %%r%u, stack;", s);
	gen_line(p, "add.u32 %%r%u, %%r%u, %%r%u;", s, s, t);
	gen_line(p, "ld.local.u32 %%r%u, [%%r%u];", d, s);
	gen_add(p, CLASS_R, d);
}

static void write_call(struct program *p, uint32_t callee, bool indirect)
{
	uint32_t d = gen_new(p, CLASS_R), label = p->labels++, to = gen_new(p, CLASS_D);

	gen_line(p, "{");
	gen_line(p, ".param .b32 pa; .param .b64 pb; .param .f32 pc; .param .b32 pr;");
	gen_line(p, "st.param.b32 [pa], %%r%u;", gen_live(p, CLASS_R));
	gen_line(p, "st.param.b64 [pb], %%d%u;", gen_live(p, CLASS_D));
	gen_line(p, "st.param.f32 [pc], %%f%u;", gen_live(p, CLASS_F));
	if (indirect) {
		gen_line(p, "mov.u64 %%d%u, f%u;", to, callee);
		gen_line(p,
			 "$P%u: .callprototype (.param .b32 _) _ (.param .b32 _, .param .b64 _, "
			 ".param .f32 _);",
			 label);
		gen_line(p, "call (pr), %%d%u, (pa, pb, pc), $P%u;", to, label);
	} else {
		gen_line(p, "call%s (pr), f%u, (pa, pb, pc);", gen_once(p, 3) ? ".uni" : "",
			 callee);
	}
	gen_line(p, "ld.param.b32 %%r%u, [pr];", d);
	gen_line(p, "}");
	gen_add(p, CLASS_R, d);
	gen_note(indirect ? "call indirect" : "call");
}

void gen_call(struct program *p)
{
	uint32_t outer = gen_unit_open(p, false);

	write_call(p, gen_below(p, p->functions), gen_once(p, 3));
	gen_unit_close(p, outer);
}

static void write_function(struct program *f, uint32_t index, FILE *out)
{
	static const char *const types[CLASSES] = {"b16", "b32", "b64", "f32", "f64", "pred"};
	static const char *const starts[] = {
		"ld.param.b32 %r0, [a];", "ld.param.b64 %d0, [b];",
		"ld.param.f32 %f0, [c];", "cvt.u16.u32 %h0, %r0;",
		"cvt.f64.f32 %g0, %f0;",  "setp.ne.b32 %p0, %r0, 5;",
		"mov.b32 %r1, %f0;",      "setp.lt.f32 %p1, %f0, 0f00000000;",
		"cvt.u16.u64 %h1, %d0;"};

	for (unsigned k = 0; k < sizeof(starts) / sizeof(starts[0]); k++)
		gen_line(f, "%s", starts[k]);
	for (unsigned c = 0; c < CLASSES; c++) {
		f->declared[c] = c == CLASS_R || c == CLASS_P || c == CLASS_H ? 2 : 1;
		for (uint32_t k = 0; k < f->declared[c]; k++)
			gen_add(f, c, k);
	}
	use_stack(f);
	if (index)
		write_call(f, index - 1, false);
	gen_some(f, 8);
	gen_line(f, "xor.b32 %%r0, %%r0, %%r%u;", gen_live(f, CLASS_R));
	gen_line(f, "st.param.b32 [result], %%r0;");
	gen_line(f, "ret;");
	fprintf(out, ".func ");
	fprintf(out, header, index);
	fprintf(out, "\n{\n\t.local .align 16 .b8 stack[16];\n");
	for (unsigned c = 0; c < CLASSES; c++)
		fprintf(out, "\t.reg .%s %%%c<%u>;\n", types[c], gen_letters[c],
			f->declared[c] + 1);
	for (uint32_t k = 0; k < f->line_count; k++)
		fprintf(out, "%s%s\n", f->lines[k].text[0] == '$' ? "" : "\t", f->lines[k].text);
	fprintf(out, "}\n");
}

void gen_functions(struct program *p)
{
	size_t bytes;
	FILE *out = open_memstream(&p->prologue, &bytes);

	if (!out)
		abort();
	p->functions = 1 + gen_below(p, 2);
	for (uint32_t k = 0; k < p->functions; k++) {
		struct program *f = calloc(1, sizeof(*f));

		if (!f)
			abort();
		f->random = random_next(&p->random);
		f->features = p->features;
		f->threads = p->threads;
		f->in_function = true;
		gen_unit_open(f, true);
		write_function(f, k, out);
		program_free(f);
	}
	fclose(out);
}
