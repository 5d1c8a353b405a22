/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of instruction forms over registers, and what was written of it. Braces in an opcode
 * stand for all their words; behind it capital letters are results, small ones sources, by class
 * (h 16 bits, r 32, d 64, f f32, g f64, p predicate); s is an amount to shift by, b a byte's value,
 * ~ an exclamation mark or nothing.
 */
#include "tests/oracle/gpu/gen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMS_MAX 6000

#define ROUND    "{,.rn,.rz,.rm,.rp}"
#define ROUNDING "{.rn,.rz,.rm,.rp}"
#define ICMP     "{eq,ne,lt,le,gt,ge}"
#define UCMP     "{eq,ne,lt,le,gt,ge,lo,ls,hi,hs}"
#define FCMP     "{eq,ne,lt,le,gt,ge,equ,neu,ltu,leu,gtu,geu,num,nan}"
#define JOIN     "{and,or,xor}"

static const struct {
	unsigned feature; /* 0: always */
	const char *pattern;
} patterns[] = {
	{0, "{add,sub}.{u16,s16} H, h, h;"},
	{0, "{add,sub}.{u32,s32,sat.s32} R, r, r;"},
	{0, "{add,sub}.{u64,s64} D, d, d;"},
	{0, "mul.{lo,hi}.{u16,s16} H, h, h;"},
	{0, "mul.{lo,hi}.{u32,s32} R, r, r;"},
	{0, "mul.{lo,hi}.{u64,s64} D, d, d;"},
	{0, "mul.wide.{u16,s16} R, h, h;"},
	{0, "mul.wide.{u32,s32} D, r, r;"},
	{0, "mad.{lo,hi}.{u16,s16} H, h, h, h;"},
	{0, "mad.{lo,hi}.{u32,s32} R, r, r, r;"},
	{0, "mad.hi.sat.s32 R, r, r, r;"},
	{0, "mad.{lo,hi}.{u64,s64} D, d, d, d;"},
	{0, "mad.wide.{u16,s16} R, h, h, r;"},
	{0, "mad.wide.{u32,s32} D, r, r, d;"},
	{0, "mul24.{lo,hi}.{u32,s32} R, r, r;"},
	{0, "mad24.{lo,hi}.{u32,s32} R, r, r, r;"},
	{0, "sad.{u16,s16} H, h, h, h;"},
	{0, "sad.{u32,s32} R, r, r, r;"},
	{0, "sad.{u64,s64} D, d, d, d;"},
	{0, "{div,rem,min,max}.{u16,s16} H, h, h;"},
	{0, "{div,rem,min,max}.{u32,s32} R, r, r;"},
	{0, "{div,rem,min,max}.{u64,s64} D, d, d;"},
	{0, "{abs,neg}.s16 H, h;"},
	{0, "{abs,neg}.s32 R, r;"},
	{0, "{abs,neg}.s64 D, d;"},
	{0, "{popc,clz}.b32 R, r;"},
	{0, "{popc,clz}.b64 R, d;"},
	{0, "bfind{,.shiftamt}.{u32,s32} R, r;"},
	{0, "bfind{,.shiftamt}.{u64,s64} R, d;"},
	{0, "brev.b32 R, r;"},
	{0, "brev.b64 D, d;"},
	{0, "bfe.{u32,s32} R, r, s, s;"},
	{0, "bfe.{u64,s64} D, d, s, s;"},
	{0, "bfi.b32 R, r, r, s, s;"},
	{0, "bfi.b64 D, d, d, s, s;"},
	{0, "bmsk.{clamp,wrap}.b32 R, s, s;"},
	{0, "prmt.b32{,.f4e,.b4e,.rc8,.ecl,.ecr,.rc16} R, r, r, r;"},
	{0, "shf.{l,r}.{clamp,wrap}.b32 R, r, r, s;"},
	{0, "{shl.b16,shr.b16,shr.u16,shr.s16} H, h, s;"},
	{0, "{shl.b32,shr.b32,shr.u32,shr.s32} R, r, s;"},
	{0, "{shl.b64,shr.b64,shr.u64,shr.s64} D, d, s;"},
	{0, "cnot.b16 H, h;"},
	{0, "cnot.b32 R, r;"},
	{0, "cnot.b64 D, d;"},
	{0, "lop3.b32 R, r, r, r, b;"},
	{0, "{and,or,xor}.pred P, ~p, ~p;"},
	{0, "{and,or,xor}.b16 H, h, h;"},
	{0, "{and,or,xor}.b32 R, r, r;"},
	{0, "{and,or,xor}.b64 D, d, d;"},
	{0, "not.pred P, p;"},
	{0, "not.b16 H, h;"},
	{0, "not.b32 R, r;"},
	{0, "not.b64 D, d;"},
	{0, "selp.{b16,u16,s16} H, h, h, ~p;"},
	{0, "selp.{b32,u32,s32} R, r, r, ~p;"},
	{0, "selp.{b64,u64,s64} D, d, d, ~p;"},
	{0, "selp.f32 F, f, f, ~p;"},
	{0, "selp.f64 G, g, g, ~p;"},
	{0, "slct.{b16,u16,s16}.s32 H, h, h, r;"},
	{0, "slct.{b32,u32,s32}.s32 R, r, r, r;"},
	{0, "slct.{b64,u64,s64}.s32 D, d, d, r;"},
	{0, "slct.f32.s32 F, f, f, r;"},
	{0, "slct.f64.s32 G, g, g, r;"},
	{0, "slct{,.ftz}.{b16,u16,s16}.f32 H, h, h, f;"},
	{0, "slct{,.ftz}.{b32,u32,s32}.f32 R, r, r, f;"},
	{0, "slct{,.ftz}.{b64,u64,s64}.f32 D, d, d, f;"},
	{0, "slct{,.ftz}.f32.f32 F, f, f, f;"},
	{0, "slct{,.ftz}.f64.f32 G, g, g, f;"},
	{0, "setp.{eq,ne}.b16 P|P, h, h;"},
	{0, "setp.{eq,ne}.b32 P|P, r, r;"},
	{0, "setp.{eq,ne}.b64 P|P, d, d;"},
	{0, "setp." ICMP ".s16 P, h, h;"},
	{0, "setp." ICMP ".s32 P, r, r;"},
	{0, "setp." ICMP ".s64 P, d, d;"},
	{0, "setp." UCMP ".u16 P|P, h, h;"},
	{0, "setp." UCMP ".u32 P|P, r, r;"},
	{0, "setp." UCMP ".u64 P|P, d, d;"},
	{0, "setp." ICMP "." JOIN ".{s32,u32} P|P, r, r, ~p;"},
	{0, "setp.{eq,ne}." JOIN ".{b32} P, r, r, ~p;"},
	{0, "setp." ICMP "." JOIN ".{s16,u16} P, h, h, ~p;"},
	{0, "setp." ICMP "." JOIN ".{s64,u64} P, d, d, ~p;"},
	{0, "setp." FCMP "{,.ftz}.f32 P, f, f;"},
	{0, "setp." FCMP ".f64 P|P, g, g;"},
	{0, "setp." FCMP "." JOIN "{,.ftz}.f32 P|P, f, f, ~p;"},
	{0, "setp." FCMP "." JOIN ".f64 P, g, g, ~p;"},
	{0, "set." ICMP ".{u32,s32}.{s32,u32} R, r, r;"},
	{0, "set." ICMP ".f32.{s32,u32} F, r, r;"},
	{0, "set." ICMP ".{u32,s32}.{s16,u16} R, h, h;"},
	{0, "set." ICMP ".{u32,s32}.{s64,u64} R, d, d;"},
	{0, "set." FCMP "{,.ftz}.{u32,s32}.f32 R, f, f;"},
	{0, "set." FCMP "{,.ftz}.f32.f32 F, f, f;"},
	{0, "set." FCMP ".{u32,s32}.f64 R, g, g;"},
	{0, "set." FCMP "." JOIN "{,.ftz}.u32.f32 R, f, f, ~p;"},
	{0, "testp.{finite,infinite,number,notanumber,normal,subnormal}.f32 P, f;"},
	{0, "testp.{finite,infinite,number,notanumber,normal,subnormal}.f64 P, g;"},
	{0, "{add,sub,mul}" ROUND "{,.ftz}{,.sat}.f32 F, f, f;"},
	{0, "{fma,mad}" ROUNDING "{,.ftz}{,.sat}.f32 F, f, f, f;"},
	{0, "div" ROUNDING "{,.ftz}.f32 F, f, f;"},
	{0, "div.{approx,full}{,.ftz}.f32 F, f, f;"},
	{0, "{rcp,sqrt}{.rn,.rz,.rm,.rp,.approx}{,.ftz}.f32 F, f;"},
	{0, "{rsqrt,sin,cos,lg2,ex2}.approx{,.ftz}.f32 F, f;"},
	{0, "tanh.approx.f32 F, f;"},
	{0, "{min,max}{,.ftz}{,.NaN}{,.xorsign.abs}.f32 F, f, f;"},
	{0, "{abs,neg}{,.ftz}.f32 F, f;"},
	{0, "copysign.f32 F, f, f;"},
	{0, "{add,sub,mul}" ROUND ".f64 G, g, g;"},
	{0, "{fma,mad}" ROUNDING ".f64 G, g, g, g;"},
	{0, "div" ROUNDING ".f64 G, g, g;"},
	{0, "{rcp,sqrt}" ROUNDING ".f64 G, g;"},
	{0, "{min,max}.f64 G, g, g;"},
	{0, "{abs,neg}.f64 G, g;"},
	{0, "copysign.f64 G, g, g;"},
	{0, "cvt.{u8,s8,u16,s16}.{u8,s8,u16,s16} H, h;"},
	{0, "cvt.{u8,s8,u16,s16}.{u32,s32} H, r;"},
	{0, "cvt.{u8,s8,u16,s16}.{u64,s64} H, d;"},
	{0, "cvt.{u8,s8,u16,s16,u32,s32}.{u8,s8,u16,s16} R, h;"},
	{0, "cvt.{u8,s8,u16,s16,u32,s32}.{u8,s8,u16,s16,u32,s32} R, r;"},
	{0, "cvt.{u32,s32,u16,s16}.{u64,s64,u8,s16} R, d;"},
	{0, "cvt.{u32,s32,u64,s64}.{u8,s8,u16,s16} D, h;"},
	{0, "cvt.{u64,s64}.{u32,s32} D, r;"},
	{0, "cvt.{u16,s8,u64,s64}.{u64,s64,s32} D, d;"},
	{0, "cvt.sat.{u8,s8,u16,s16}.{u32,s32} R, r;"},
	{0, "cvt.sat.{u32,s32}.{u32,s32} R, r;"},
	{0, "cvt.sat.{u8,s8,u16,s16,u32,s32}.{u64,s64} R, d;"},
	{0, "cvt.sat.{u64,s64}.{u64,s64} D, d;"},
	{0, "cvt.sat.{u8,s8}.{u16,s16} H, h;"},
	{0, "cvt.sat.u64.s32 D, r;"},
	{0, "cvt.{rni,rzi,rmi,rpi}{,.ftz}.{u8,s8,u16,s16}.f32 H, f;"},
	{0, "cvt.{rni,rzi,rmi,rpi}{,.ftz}.{u32,s32,s8,u16}.f32 R, f;"},
	{0, "cvt.{rni,rzi,rmi,rpi}{,.ftz}.{u64,s64}.f32 D, f;"},
	{0, "cvt.{rni,rzi,rmi,rpi}.{u32,s32}.f64 R, g;"},
	{0, "cvt.{rni,rzi,rmi,rpi}.{u64,s64}.f64 D, g;"},
	{0, "cvt.{rn,rz,rm,rp}{,.sat}.f32.{u8,s8,u16,s16} F, h;"},
	{0, "cvt.{rn,rz,rm,rp}{,.sat}.f32.{u32,s32} F, r;"},
	{0, "cvt.{rn,rz,rm,rp}.f32.{u64,s64} F, d;"},
	{0, "cvt.{rn,rz,rm,rp}.f64.{u32,s32} G, r;"},
	{0, "cvt.{rn,rz,rm,rp}.f64.{u64,s64} G, d;"},
	{0, "cvt{,.sat}{,.ftz}.f64.f32 G, f;"},
	{0, "cvt.{rn,rz,rm,rp}{,.ftz}{,.sat}.f32.f64 F, g;"},
	{0, "cvt.{rni,rzi,rmi,rpi}{,.ftz}{,.sat}.f32.f32 F, f;"},
	{0, "cvt.{rni,rzi,rmi,rpi}.f64.f64 G, g;"},
	{0, "cvt{,.ftz}{,.sat}.f32.f32 F, f;"},
	{0, "cvt.{rn,rz}.{f16,bf16}.f32 H, f;"},
	{0, "cvt.f32.{f16,bf16} F, h;"},
	{0, "cvt.rn.f16x2.f32 R, f, f;"},
	{0, "cvt.rn.bf16x2.f32 R, f, f;"},
	{0, "mov.{b16,u16,s16} H, h;"},
	{0, "mov.{b32,u32,s32} R, r;"},
	{0, "mov.{b64,u64,s64} D, d;"},
	{0, "mov.f32 F, f;"},
	{0, "mov.f64 G, g;"},
	{0, "mov.b32 R, f;"},
	{0, "mov.b32 F, r;"},
	{0, "mov.b64 D, g;"},
	{0, "mov.b64 G, d;"},
	{0, "mov.pred P, p;"},
	{0, "mov.b32 R, {h, h};"},
	{0, "mov.b32 {H, H}, r;"},
	{0, "mov.b64 D, {r, r};"},
	{0, "mov.b64 {R, R}, d;"},
	{0, "mov.b64 D, {h, h, h, h};"},
	{0, "mov.b64 {H, H, H, H}, d;"},
	{0, "mov.b64 {_, R}, d;"},
	{FEATURE_HALF, "{add,sub,mul}{,.rn}{,.ftz}{,.sat}.f16 H, h, h;"},
	{FEATURE_HALF, "{add,sub,mul}{,.rn}{,.ftz}{,.sat}.f16x2 R, r, r;"},
	{FEATURE_HALF, "{add,sub,mul}{,.rn}.bf16 H, h, h;"},
	{FEATURE_HALF, "{add,sub,mul}{,.rn}.bf16x2 R, r, r;"},
	{FEATURE_HALF, "fma.rn{,.ftz}{,.sat,.relu}.f16 H, h, h, h;"},
	{FEATURE_HALF, "fma.rn{,.ftz}{,.sat,.relu}.f16x2 R, r, r, r;"},
	{FEATURE_HALF, "fma.rn{,.relu}.bf16 H, h, h, h;"},
	{FEATURE_HALF, "fma.rn{,.relu}.bf16x2 R, r, r, r;"},
	{FEATURE_HALF, "{abs,neg}{,.ftz}.f16 H, h;"},
	{FEATURE_HALF, "{abs,neg}{,.ftz}.f16x2 R, r;"},
	{FEATURE_HALF, "{abs,neg}.bf16 H, h;"},
	{FEATURE_HALF, "{abs,neg}.bf16x2 R, r;"},
	{FEATURE_HALF, "{min,max}{,.ftz}{,.NaN}{,.xorsign.abs}.f16 H, h, h;"},
	{FEATURE_HALF, "{min,max}{,.ftz}{,.NaN}{,.xorsign.abs}.f16x2 R, r, r;"},
	{FEATURE_HALF, "{min,max}{,.NaN}{,.xorsign.abs}.bf16 H, h, h;"},
	{FEATURE_HALF, "{min,max}{,.NaN}{,.xorsign.abs}.bf16x2 R, r, r;"},
	{FEATURE_HALF, "setp." FCMP "{,.ftz}.f16 P, h, h;"},
	{FEATURE_HALF, "setp." FCMP ".bf16 P, h, h;"},
	{FEATURE_HALF, "ex2.approx.f16 H, h;"},
	{FEATURE_HALF, "tanh.approx.{f16,bf16} H, h;"},
	{FEATURE_HALF, "dp4a.{u32,s32}.{u32,s32} R, r, r, r;"},
	{FEATURE_HALF, "dp2a.{lo,hi}.{u32,s32}.{u32,s32} R, r, r, r;"},
	{FEATURE_HALF, "ex2.approx.f16x2 R, r;"},
	{FEATURE_HALF, "ex2.approx.ftz.bf16 H, h;"},
	{FEATURE_HALF, "ex2.approx.ftz.bf16x2 R, r;"},
	{FEATURE_HALF, "tanh.approx.{f16x2,bf16x2} R, r;"},
	{FEATURE_HALF, "setp." FCMP "{,.ftz}.f16x2 P|P, r, r;"},
	{FEATURE_HALF, "setp." FCMP ".bf16x2 P|P, r, r;"},
	{FEATURE_HALF, "set." FCMP "{,.ftz}.f16.f16 H, h, h;"},
	{FEATURE_HALF, "cvt.rn.relu.{f16,bf16}.f32 H, f;"},
	{FEATURE_HALF, "cvt.rn.relu.{f16x2,bf16x2}.f32 R, f, f;"},
	{FEATURE_HALF, "cvt.{rn,rz,rm,rp}{,.sat}.f16.f32 H, f;"},
	{FEATURE_HALF, "cvt.{rn,rz,rm,rp}.f16.f64 H, g;"},
	{FEATURE_HALF, "cvt.f64.f16 G, h;"},
	{FEATURE_HALF, "cvt.{rn,rz,rm,rp}.f16.{u32,s32} H, r;"},
	{FEATURE_HALF, "cvt.{rni,rzi,rmi,rpi}.{u32,s32}.f16 R, h;"},
	{FEATURE_HALF, "mad24.hi.sat.s32 R, r, r, r;"},
	{FEATURE_HALF, "szext.{clamp,wrap}.{u32,s32} R, r, s;"},
	{FEATURE_HALF, "lop3.{and,or}.b32 R|P, r, r, r, b, ~p;"},
	{FEATURE_HALF, "add.cc.{u32,s32} R, r, r; addc{,.cc}.{u32,s32} R, r, r;"},
	{FEATURE_HALF, "sub.cc.{u32,s32} R, r, r; subc{,.cc}.{u32,s32} R, r, r;"},
	{FEATURE_HALF, "add.cc.{u64,s64} D, d, d; addc{,.cc}.{u64,s64} D, d, d;"},
	{FEATURE_HALF, "sub.cc.{u64,s64} D, d, d; subc{,.cc}.{u64,s64} D, d, d;"},
	{FEATURE_HALF, "mad.{lo,hi}.cc.{u32,s32} R, r, r, r; madc.{lo,hi}.{u32,s32} R, r, r, r;"},
};

struct form {
	char *text;
	unsigned feature;
	uint32_t written;
};

#define PATTERNS (sizeof(patterns) / sizeof(patterns[0]))

static struct form forms[FORMS_MAX];
static uint32_t form_count, first_form[PATTERNS + 1]; /* of each pattern */

static void form_add(const char *text, unsigned feature)
{
	if (form_count == FORMS_MAX)
		abort();
	forms[form_count++] = (struct form){strdup(text), feature, 0};
}

/* The first braces of an opcode (before a blank) are replaced by each of their words. */
static void expand(const char *text, unsigned feature)
{
	const char *open = NULL;
	bool opcode = true;

	for (const char *at = text; *at && !open; at++) {
		if (*at == ' ')
			opcode = false;
		else if (*at == ';')
			opcode = at[1] == ' ';
		if (*at == ' ' && at > text && at[-1] == ';')
			opcode = true;
		if (*at == '{' && opcode)
			open = at;
	}
	if (!open) {
		form_add(text, feature);
		return;
	}
	const char *close = strchr(open, '}');

	for (const char *word = open; word < close;) {
		size_t bytes = strcspn(++word, ",}");
		char next[256];

		snprintf(next, sizeof(next), "%.*s%.*s%s", (int)(open - text), text, (int)bytes,
			 word, close + 1);
		expand(next, feature);
		word += bytes;
	}
}

static void expand_all(void)
{
	if (form_count)
		return;
	for (size_t k = 0; k < PATTERNS; k++) {
		expand(patterns[k].pattern, patterns[k].feature);
		first_form[k + 1] = form_count;
	}
}

/* ---- writing one ---- */

struct writer {
	struct program *p;
	FILE *out;
	bool guarded;
	uint32_t taken[8]; /* results of this instruction: no register twice */
	unsigned count;
	uint32_t added[8];
	enum class added_class[8];
	unsigned added_count;
};

static enum class class_of(char letter) {
	return (enum class)(strchr(gen_letters, tolower(letter)) - gen_letters);
}

/* New registers become sources of later instructions only. */
static void write_result(struct writer *w, char letter)
{
	enum class c = class_of(letter);
	uint32_t reg;
	bool again, fresh = !w->guarded && gen_below(w->p, 5) > 1;

	if (fresh) {
		reg = gen_new(w->p, c);
		w->added_class[w->added_count] = c;
		w->added[w->added_count++] = reg;
	} else {
		do {
			reg = gen_live(w->p, c);
			again = false;
			for (unsigned k = 0; k < w->count; k++)
				again |= w->taken[k] == reg;
		} while (again && w->p->live_count[c] > w->count);
		if (again)
			reg = gen_new(w->p, c);
		w->taken[w->count++] = reg;
	}
	fprintf(w->out, "%%%c%u", gen_letters[c], reg);
}

static void write_amount(struct writer *w)
{
	static const uint32_t amounts[] = {0, 1, 7, 8, 15, 16, 24, 31, 32, 33, 48, 63, 64, 65, 255};

	if (gen_once(w->p, 2))
		fprintf(w->out, "%u", amounts[gen_below(w->p, 15)]);
	else
		fprintf(w->out, "%%r%u", gen_live(w->p, CLASS_R));
}

static void write_operands(struct writer *w, const char *text)
{
	char source[40];

	for (; *text; text++) {
		if (strchr("HRDFGP", *text))
			write_result(w, *text);
		else if (strchr(gen_letters, *text))
			fputs(gen_source(w->p, class_of(*text), source), w->out);
		else if (*text == 's')
			write_amount(w);
		else if (*text == 'b')
			fprintf(w->out, "0x%x", gen_below(w->p, 256));
		else if (*text != '~')
			fputc(*text, w->out);
		else if (gen_once(w->p, 3))
			fputc('!', w->out);
	}
}

static void write_instruction(struct program *p, const char *text, const char *guard, bool guarded)
{
	struct writer w = {.p = p, .guarded = guarded};
	char *line = NULL;
	size_t bytes, opcode = strcspn(text, " ");

	w.out = open_memstream(&line, &bytes);
	if (!w.out)
		abort();
	fprintf(w.out, "%s%.*s", guard, (int)opcode, text);
	write_operands(&w, text + opcode);
	fclose(w.out);
	gen_line(p, "%s", line);
	free(line);
	for (unsigned k = 0; k < w.added_count; k++)
		gen_add(p, w.added_class[k], w.added[k]);
}

/* By pattern, or a comparison would be most of what is written; sometimes by form, so that each
 * comes. */
static struct form *choose_form(struct program *p)
{
	uint32_t k = gen_below(p, PATTERNS), count = first_form[k + 1] - first_form[k];

	if (gen_once(p, 3))
		return &forms[gen_below(p, form_count)];
	return &forms[first_form[k] + gen_below(p, count)];
}

void gen_form(struct program *p)
{
	struct form *form;
	char guard[16], text[256], *rest, *part;
	bool guarded;
	uint32_t outer = gen_unit_open(p, false);

	expand_all();
	do
		form = choose_form(p);
	while (form->feature & ~p->features);
	form->written++;
	gen_guard(p, guard, &guarded);
	snprintf(text, sizeof(text), "%s", form->text);
	/* pairs that pass the carry flag stand together */
	for (rest = text; (part = rest) && *part;) {
		char one[256];
		char *end = strstr(part, "; ");

		rest = end ? end + 2 : NULL;
		snprintf(one, sizeof(one), "%.*s", end ? (int)(end + 1 - part) : 255, part);
		write_instruction(p, one, strstr(text, ".cc") ? "" : guard,
				  guarded && !strstr(text, ".cc"));
	}
	gen_unit_close(p, outer);
}

/* ---- coverage ---- */

#define NOTES_MAX 2048

static struct {
	char *opcode;
	uint32_t written;
} notes[NOTES_MAX];
static uint32_t note_count;

void gen_note(const char *opcode)
{
	uint32_t k = 0;

	while (k < note_count && strcmp(notes[k].opcode, opcode))
		k++;
	if (k == NOTES_MAX)
		return;
	if (k == note_count)
		notes[note_count++].opcode = strdup(opcode);
	notes[k].written++;
}

uint32_t gen_form_count(unsigned features)
{
	uint32_t count = 0;

	expand_all();
	for (uint32_t k = 0; k < form_count; k++)
		count += !(forms[k].feature & ~features);
	return count;
}

void gen_coverage(unsigned features, bool all)
{
	uint32_t written = 0;

	for (uint32_t k = 0; k < form_count; k++)
		written += forms[k].written && !(forms[k].feature & ~features);
	printf("# %u of %u forms of arithmetic written, and %u others\n", written,
	       gen_form_count(features), note_count);
	for (uint32_t k = 0; all && k < form_count; k++)
		if (!(forms[k].feature & ~features))
			printf("# %8u %s\n", forms[k].written, forms[k].text);
	for (uint32_t k = 0; all && k < note_count; k++)
		printf("# %8u %s\n", notes[k].written, notes[k].opcode);
}
