/* SPDX-License-Identifier: Apache-2.0 */
/* Random programs compute the same however they are compiled. They never read what was not written,
 * but on paths that no lane takes. */
#include <stdarg.h>

#include "tests/unit/ptx/support.h"

#define PROGRAMS  400
#define MUTABLE   6 /* %r0.. and %d0..: written again and again */
#define SINGLES   64
#define DEPTH_MAX 3

struct writer {
	char text[65536];
	size_t at;
	uint32_t seed;
	unsigned labels, depth;
	unsigned singles; /* %s0..: written once */
	unsigned visible[SINGLES], visible_count;
	unsigned wide_singles; /* %t0.. */
	unsigned wide[SINGLES], wide_count;
};

static unsigned chance(struct writer *w, unsigned n)
{
	w->seed = w->seed * 1664525u + 1013904223u;
	return (w->seed >> 8) % n;
}

static void put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct writer *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(w->text + w->at, sizeof(w->text) - w->at, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < sizeof(w->text) - w->at)
		w->at += (size_t)n;
}

static const char *source(struct writer *w, char out[32])
{
	switch (chance(w, 4)) {
	case 0: snprintf(out, 32, "%d", (int)chance(w, 2000) - 1000); break;
	case 1:
		if (w->visible_count) {
			snprintf(out, 32, "%%s%u", w->visible[chance(w, w->visible_count)]);
			break;
		}
		/* fall through */
	default: snprintf(out, 32, "%%r%u", chance(w, MUTABLE)); break;
	}
	return out;
}

static const char *wide_source(struct writer *w, char out[32])
{
	switch (chance(w, 4)) {
	case 0:
		snprintf(out, 32, "0x%llx", (unsigned long long)chance(w, 4096) << chance(w, 50));
		break;
	case 1:
		if (w->wide_count) {
			snprintf(out, 32, "%%t%u", w->wide[chance(w, w->wide_count)]);
			break;
		}
		/* fall through */
	default: snprintf(out, 32, "%%d%u", chance(w, MUTABLE)); break;
	}
	return out;
}

static void put_guard(struct writer *w)
{
	if (!chance(w, 4))
		put(w, "@%s%%q%u ", chance(w, 2) ? "!" : "", chance(w, 4));
}

static void put_narrow(struct writer *w)
{
	static const char *const ops[] = {"add.s32", "sub.s32", "mul.lo.s32", "and.b32",   "or.b32",
					  "xor.b32", "min.s32", "max.u32",    "mul.hi.u32"};
	char a[32], b[32], c[32], d[32];

	if (chance(w, 3) || w->singles == SINGLES) {
		put_guard(w);
		snprintf(d, sizeof(d), "%%r%u", chance(w, MUTABLE));
	} else {
		snprintf(d, sizeof(d), "%%s%u", w->singles);
	}
	switch (chance(w, 5)) {
	case 0: put(w, "mov.u32 %s, %s;\n", d, source(w, a)); break;
	case 1:
		put(w, "mad.lo.s32 %s, %s, %s, %s;\n", d, source(w, a), source(w, b), source(w, c));
		break;
	case 2:
		put(w, "selp.b32 %s, %s, %s, %%q%u;\n", d, source(w, a), source(w, b),
		    chance(w, 4));
		break;
	default:
		put(w, "%s %s, %s, %s;\n", ops[chance(w, 9)], d, source(w, a), source(w, b));
		break;
	}
	if (d[1] == 's')
		w->visible[w->visible_count++] = w->singles++;
}

static void put_wide(struct writer *w)
{
	static const char *const ops[] = {"add.s64", "sub.s64", "mul.lo.s64", "and.b64", "xor.b64"};
	char a[32], b[32], d[32];

	if (chance(w, 3) || w->wide_singles == SINGLES) {
		put_guard(w);
		snprintf(d, sizeof(d), "%%d%u", chance(w, MUTABLE));
	} else {
		snprintf(d, sizeof(d), "%%t%u", w->wide_singles);
	}
	switch (chance(w, 6)) {
	case 0: put(w, "mov.b64 %s, %s;\n", d, wide_source(w, a)); break;
	case 1: put(w, "mul.wide.s32 %s, %s, %s;\n", d, source(w, a), source(w, b)); break;
	case 2: put(w, "shr.s64 %s, %s, %u;\n", d, wide_source(w, a), chance(w, 70)); break;
	case 3: put(w, "cvt.s64.s32 %s, %%r%u;\n", d, chance(w, MUTABLE)); break;
	default:
		put(w, "%s %s, %s, %s;\n", ops[chance(w, 5)], d, wide_source(w, a),
		    wide_source(w, b));
		break;
	}
	if (d[1] == 't')
		w->wide[w->wide_count++] = w->wide_singles++;
}

static void put_predicate(struct writer *w)
{
	static const char *const ops[] = {"and", "or", "xor"};
	char a[32], b[32];
	unsigned d = chance(w, 4);

	switch (chance(w, 4)) {
	case 0:
		put(w, "%s.pred %%q%u, %%q%u, %%q%u;\n", ops[chance(w, 3)], d, chance(w, 4),
		    chance(w, 4));
		break;
	case 1: put(w, "not.pred %%q%u, %%q%u;\n", d, chance(w, 4)); break;
	case 2:
		put(w, "setp.le.%s.s32 %%q%u|%%q%u, %s, %s, %s%%q%u;\n", ops[chance(w, 3)], d,
		    (d + 1) % 4, source(w, a), source(w, b), chance(w, 2) ? "!" : "", chance(w, 4));
		break;
	default:
		put_guard(w);
		put(w, "setp.gt.u32 %%q%u, %s, %s;\n", d, source(w, a), source(w, b));
		break;
	}
}

static void put_memory(struct writer *w)
{
	char a[32], b[32], c[32], d[32];
	unsigned at = chance(w, 4) * 16, to = chance(w, MUTABLE);

	switch (chance(w, 5)) {
	case 0:
		put(w, "st.local.v4.u32 [memory+%u], {%s, %s, %s, %s};\n", at, source(w, a),
		    source(w, b), source(w, c), source(w, d));
		break;
	case 1:
		put_guard(w);
		put(w, "ld.local.v4.u32 {%%r%u, %%r%u, %%r%u, %%r%u}, [memory+%u];\n", to,
		    (to + 1) % MUTABLE, (to + 2) % MUTABLE, (to + 3) % MUTABLE, at);
		break;
	case 2:
		put_guard(w);
		put(w, "st.local.v2.u64 [%%m+%u], {%s, %s};\n", at, wide_source(w, a),
		    wide_source(w, b));
		break;
	case 3:
		put(w, "ld.local.v2.u64 {%%d%u, %%d%u}, [%%m+%u];\n", to, (to + 1) % MUTABLE, at);
		break;
	default:
		put(w, "st.local.u16 [memory+%u], %%r%u;\nld.local.s8 %%r%u, [%%m+%u];\n", at + 2,
		    chance(w, MUTABLE), to, at + 3);
		break;
	}
}

static void put_statements(struct writer *w, unsigned count);

static void put_if(struct writer *w)
{
	unsigned label = w->labels++, visible = w->visible_count, wide = w->wide_count;

	put(w, "@%%q%u bra ELSE%u;\n", chance(w, 4), label);
	put_statements(w, 1 + chance(w, 5));
	w->visible_count = visible;
	w->wide_count = wide;
	put(w, "bra END%u;\nELSE%u:\n", label, label);
	put_statements(w, chance(w, 5));
	w->visible_count = visible;
	w->wide_count = wide;
	put(w, "END%u:\n", label);
}

/* What tempts a compiler in a loop: registers written once but not above all their readers (%old,
 * %first, %before hold what an earlier turn left), and one that only some turns write (%keep). */
static void put_carried(struct writer *w, unsigned label)
{
	put(w, "setp.ne.u32 %%carry%u, %%c%u, 0;\n", label, label);
	put(w, "cvt.u64.u32 %%base%u, %%c%u;\nadd.u64 %%here%u, %%base%u, %%m;\n", label, label,
	    label, label);
	put(w, "@%%carry%u ld.local.u8 %%r%u, [%%before%u];\nadd.u64 %%before%u, %%here%u, 4;\n",
	    label, chance(w, MUTABLE), label, label, label);
	put(w, "@%%carry%u xor.b32 %%r%u, %%old%u, %%r%u;\n", label, chance(w, MUTABLE), label,
	    chance(w, MUTABLE));
	put(w, "add.u32 %%now%u, %%r%u, %u;\n", label, chance(w, MUTABLE), chance(w, 9));
	put(w, "@%%carry%u bra LATER%u;\nmov.u32 %%first%u, %%now%u;\nLATER%u:\n", label, label,
	    label, label, label);
	put(w, "xor.b32 %%r%u, %%r%u, %%first%u;\n", chance(w, MUTABLE), chance(w, MUTABLE), label);
	put(w, "@%%q%u mov.u32 %%keep%u, %%r%u;\nadd.u32 %%r%u, %%r%u, %%keep%u;\n", chance(w, 4),
	    label, chance(w, MUTABLE), chance(w, MUTABLE), chance(w, MUTABLE), label);
}

/* Three turns at most. */
static void put_loop(struct writer *w)
{
	unsigned label = w->labels++, visible = w->visible_count, wide = w->wide_count;

	put(w, "mov.u32 %%c%u, 0;\nmov.u32 %%keep%u, %u;\nLOOP%u:\n", label, label, chance(w, 99),
	    label);
	put_carried(w, label);
	put_statements(w, 1 + chance(w, 6));
	if (!chance(w, 3))
		put(w, "@%%q%u bra OUT%u;\n", chance(w, 4), label);
	put_statements(w, chance(w, 4));
	put(w, "mov.u32 %%old%u, %%now%u;\n", label, label);
	put(w, "add.u32 %%c%u, %%c%u, 1;\nsetp.lt.u32 %%again%u, %%c%u, 3;\n", label, label, label,
	    label);
	put(w, "@%%again%u bra LOOP%u;\nOUT%u:\n", label, label, label);
	w->visible_count = visible;
	w->wide_count = wide;
}

static void put_statements(struct writer *w, unsigned count)
{
	w->depth++;
	while (count--) {
		unsigned kind = chance(w, 14);

		if (kind < 5)
			put_narrow(w);
		else if (kind < 8)
			put_wide(w);
		else if (kind < 10)
			put_predicate(w);
		else if (kind < 12)
			put_memory(w);
		else if (w->depth <= DEPTH_MAX)
			kind == 12 ? put_if(w) : put_loop(w);
	}
	w->depth--;
}

static void write_program(struct writer *w, uint32_t seed)
{
	*w = (struct writer){.seed = seed};
	put(w, PTX_HEADER
	    ".entry k(.param .u64 p)\n{\n.reg .u32 %%r<6>, %%s<64>, %%c<999>, %%old<999>, "
	    "%%now<999>, %%first<999>, %%keep<999>;\n.reg .u64 %%d<6>, %%t<64>, %%p, %%m, "
	    "%%base<999>, %%here<999>, %%before<999>;\n"
	    ".reg .pred %%q<4>, %%carry<999>, %%again<999>;\n"
	    ".local .align 16 .b8 memory[64];\nld.param.u64 %%p, [p];\nmov.u64 %%m, memory;\n");
	for (unsigned k = 0; k < MUTABLE; k++)
		put(w, "ld.global.u32 %%r%u, [%%p+%u];\nld.global.u64 %%d%u, [%%p+%u];\n", k, 4 * k,
		    k, 64 + 8 * k);
	for (unsigned k = 0; k < 4; k++)
		put(w,
		    "setp.lt.s32 %%q%u, %%r%u, %%r%u;\nst.local.v2.u64 [%%m+%u], {%%d%u, %%d%u};\n",
		    k, k, k + 1, 16 * k, k, k + 1);
	put_statements(w, 20);
	for (unsigned k = 0; k < MUTABLE; k++)
		put(w, "st.global.u32 [%%p+%u], %%r%u;\nst.global.u64 [%%p+%u], %%d%u;\n",
		    256 + 4 * k, k, 320 + 8 * k, k);
	for (unsigned k = 0; k < w->visible_count; k++)
		put(w, "st.global.u32 [%%p+%u], %%s%u;\n", 512 + 4 * k, w->visible[k]);
	for (unsigned k = 0; k < w->wide_count; k++)
		put(w, "st.global.u64 [%%p+%u], %%t%u;\n", 1024 + 8 * k, w->wide[k]);
	for (unsigned k = 0; k < 4; k++)
		put(w, "selp.u32 %%r0, 1, 2, %%q%u;\nst.global.u32 [%%p+%u], %%r0;\n", k,
		    2048 + 4 * k);
	put(w, "ret;\n}\n");
}

static bool run_program(const struct writer *w, uint32_t regs, uint32_t optimise, struct machine *m)
{
	struct road_gpu_image *image = compile_text(w->text, w->at, regs, optimise);
	uint64_t address = MACHINE_GLOBAL;
	uint32_t seed = 99;

	if (!image)
		return false;
	memset(m, 0, sizeof(*m));
	m->image = image;
	m->steps = 200000;
	for (unsigned k = 0; k < 3; k++)
		m->ntid[k] = m->nctaid[k] = 1;
	memcpy(m->params, &address, sizeof(address));
	for (unsigned k = 0; k < 256; k++)
		m->global[k] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
	bool good = !(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED) && machine_run(m);

	if (!good)
		printf("# %s at word %u; %s\n", m->fault ? m->fault : "", m->fault_word,
		       image_string(image, image_kernel(image, 0)->error));
	free(image);
	return good;
}

static void test_programs(void)
{
	static const uint32_t ways[][2] = {{0, 0}, {0, 1}, {20, 0}, {20, 1}, {16, 1}};
	static struct writer w;
	static struct machine first, m;

	for (uint32_t seed = 1; seed <= PROGRAMS; seed++) {
		write_program(&w, seed * 7919);
		for (unsigned k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
			bool good = run_program(&w, ways[k][0], ways[k][1], k ? &m : &first);

			good = good && (!k || !memcmp(m.global, first.global, sizeof(m.global)));
			CU_ASSERT_TRUE(good);
			if (good)
				continue;
			printf("# program %u differs with %u registers, optimise %u\n", seed,
			       ways[k][0], ways[k][1]);
			if (getenv("PTX_RANDOM_SHOW"))
				fwrite(w.text, 1, w.at, stdout);
			return;
		}
	}
}

static const struct tap_case cases[] = {
	{"random programs compute the same however they are compiled", test_programs},
};

TAP_MAIN(cases)
