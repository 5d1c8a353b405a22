/* SPDX-License-Identifier: Apache-2.0 */
/* The words and tables that small texts become. */
#include "tests/unit/ptx/support.h"

#define NONE       ROAD_GPU_RZ
#define PT         ROAD_GPU_PT
#define MEM(space) ROAD_GPU_SPACE_##space

static struct road_gpu_image *compile(const char *text)
{
	struct road_gpu_image *image = compile_text(text, strlen(text), 0, 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	return image;
}

static void expect_word(const struct road_gpu_image *image, unsigned index,
			struct road_gpu_word expected)
{
	CU_ASSERT_TRUE_FATAL(index < image_kernel(image, 0)->word_count);
	const struct road_gpu_word *w = &image_words(image, 0)[index];
	bool same = !memcmp(w, &expected, sizeof(expected));

	CU_ASSERT_TRUE(same);
	if (!same)
		printf("# word %u: op %u mods 0x%x guard %u d %u a %u b %u c %u form %u aux %u imm "
		       "%d\n",
		       index, w->op, w->mods, w->guard, w->d, w->a, w->b, w->c, w->form, w->aux,
		       w->imm);
}

#define WORD(name, ...)                                            \
	(struct road_gpu_word)                                     \
	{                                                          \
		.op = ROAD_GPU_OP_##name, .guard = PT, __VA_ARGS__ \
	}

static uint32_t line_of(const struct road_gpu_image *image, unsigned index)
{
	return ((const uint32_t *)image_part(image, &image->lines))[index];
}

static unsigned count_op(const struct road_gpu_image *image, unsigned op)
{
	unsigned count = 0;

	for (unsigned k = 0; k < image_kernel(image, 0)->word_count; k++)
		count += image_words(image, 0)[k].op == op;
	return count;
}

static void test_empty(void)
{
	struct road_gpu_image *image = compile(PTX_HEADER ".entry k() { }");

	CU_ASSERT_EQUAL(image_kernel(image, 0)->word_count, 1);
	expect_word(image, 0, WORD(exit));
	free(image);
}

static void test_parameters(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u32 a, .param .u64 b, .param .align 16 .b8 c[20],\n"
		".param .u64 .ptr .global .align 4 d, .param .f64 e, .param .u8 f)\n"
		"{ .reg .u64 %d<9>; .reg .u32 %r;\n"
		"ld.param.u64 %d1, [b]; ld.param.u32 %r, [c+8]; st.global.u32 [%d1], %r; ret; }");
	static const struct road_gpu_param expected[] = {
		{0, 4, 4, 0},    {8, 8, 8, ROAD_GPU_PARAM_POINTER},
		{16, 20, 16, 0}, {40, 8, 8, ROAD_GPU_PARAM_POINTER},
		{48, 8, 8, 0},   {56, 1, 1, 0}};

	CU_ASSERT_EQUAL(image_kernel(image, 0)->param_count, 6);
	CU_ASSERT_EQUAL(image_kernel(image, 0)->param_bytes, 57);
	CU_ASSERT_EQUAL(memcmp(image_part(image, &image->params), expected, sizeof(expected)), 0);
	expect_word(image, 0,
		    WORD(ld_b64, .d = 0, .a = NONE, .form = ROAD_GPU_FORM_ADDR32, .imm = 8,
			 .mods = MEM(PARAM)));
	expect_word(image, 1,
		    WORD(ld_b32, .d = 2, .a = NONE, .form = ROAD_GPU_FORM_ADDR32, .imm = 24,
			 .mods = MEM(PARAM)));
	expect_word(image, 2, WORD(st_b32, .a = 0, .b = 2, .mods = MEM(GLOBAL)));
	free(image);
}

static void test_addresses(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .shared .align 4 .b8 pad[64];\n"
		".shared .align 4 .b8 s[64]; .reg .u64 %d<9>; .reg .u32 %r<9>;\n"
		"ld.param.u64 %d1, [p]; cvta.to.global.u64 %d2, %d1;\n"
		"add.s64 %d3, %d2, 16; add.s64 %d4, %d3, 16; ld.global.u32 %r1, [%d4+-4];\n"
		"mov.u32 %r2, s; add.s32 %r3, %r2, 8; st.shared.u32 [%r3+4], %r1;\n"
		"mov.u32 %r4, %tid.x; add.s32 %r5, %r2, %r4; st.shared.u32 [%r5], %r1; ret; }");

	expect_word(
		image, 0,
		WORD(ld_b64, .d = 0, .a = NONE, .form = ROAD_GPU_FORM_ADDR32, .mods = MEM(PARAM)));
	expect_word(image, 1, WORD(sreg_b32, .d = 2, .aux = ROAD_GPU_SREG_TID_X));
	expect_word(image, 2, WORD(ld_b32, .d = 3, .a = 0, .imm = 28, .mods = MEM(GLOBAL)));
	expect_word(image, 3,
		    WORD(st_b32, .a = NONE, .b = 3, .form = ROAD_GPU_FORM_ADDR32, .imm = 76,
			 .mods = MEM(SHARED)));
	expect_word(image, 4,
		    WORD(st_b32, .a = 2, .b = 3, .form = ROAD_GPU_FORM_ADDR32, .imm = 64,
			 .mods = MEM(SHARED)));
	expect_word(image, 5, WORD(exit));
	CU_ASSERT_EQUAL(image_kernel(image, 0)->shared_bytes, 128);
	free(image);
}

static void test_immediates(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u64 %d<9>; .reg .f64 %e<9>; .reg .u32 %r<9>;\n"
		"ld.param.u64 %d1, [p];\n"
		"and.b64 %d2, %d1, -65536;\n"
		"or.b64 %d3, %d2, 0x1200000000;\n"
		"xor.b64 %d4, %d3, 0x100000001;\n"
		"st.global.u64 [%d4], 0;\nret; }");

	expect_word(image, 1,
		    WORD(mov_b32, .d = 4, .b = NONE, .form = ROAD_GPU_FORM_IMM_B, .imm = 1));
	expect_word(
		image, 2,
		WORD(pack_b64, .d = 2, .a = NONE, .b = 4, .form = ROAD_GPU_FORM_IMM_A, .imm = 1));
	expect_word(image, 3,
		    WORD(and_b64, .d = 0, .a = 0, .b = NONE, .form = ROAD_GPU_FORM_IMM_B,
			 .imm = -65536));
	expect_word(image, 4,
		    WORD(or_b64, .d = 0, .a = 0, .b = NONE,
			 .form = ROAD_GPU_FORM_IMM_B | ROAD_GPU_FORM_IMM_HIGH, .imm = 0x12));
	expect_word(image, 5, WORD(xor_b64, .d = 0, .a = 0, .b = 2));
	expect_word(image, 6, WORD(st_b64, .a = 0, .b = NONE, .mods = MEM(GLOBAL)));
	CU_ASSERT_EQUAL(line_of(image, 3), 6);
	CU_ASSERT_EQUAL(line_of(image, 5), 8);
	free(image);
}

static void test_modifiers(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u64 %d<9>; .reg .f32 %f<9>; .reg .pred %p<4>;\n"
		"ld.param.u64 %d1, [p];\n"
		"ld.global.nc.L1::no_allocate.L2::128B.f32 %f1, [%d1];\n"
		"ld.acquire.gpu.global.f32 %f2, [%d1+4];\n"
		"ld.volatile.global.f32 %f3, [%d1+8];\n"
		"fma.rz.ftz.sat.f32 %f4, %f1, %f2, %f3;\n"
		"max.NaN.f32 %f4, %f4, %f1;\n"
		"setp.neu.ftz.f32 %p1, %f4, %f1;\n"
		"setp.lt.or.f32 %p2|%p3, %f4, %f1, !%p1;\n"
		"@!%p2 st.release.sys.global.f32 [%d1], %f4;\n"
		"@%p3 st.global.cs.f32 [%d1+4], %f4;\n"
		"ex2.approx.ftz.f32 %f5, %f4; st.global.f32 [%d1+4], %f5; ret; }");
	const struct road_gpu_word *w = image_words(image, 0);
	unsigned mods[16] = {0};
	const unsigned ops[] = {ROAD_GPU_OP_fma_f32, ROAD_GPU_OP_max_f32,
				ROAD_GPU_OP_ex2_approx_f32};
	const unsigned expected[] = {ROAD_GPU_RZ_ | ROAD_GPU_MOD_FTZ | ROAD_GPU_MOD_SAT,
				     ROAD_GPU_MOD_NAN, ROAD_GPU_MOD_FTZ};

	for (unsigned k = 0; k < image_kernel(image, 0)->word_count; k++) {
		for (unsigned n = 0; n < 3; n++)
			if (w[k].op == ops[n])
				mods[n] = w[k].mods;
		if (w[k].op == ROAD_GPU_OP_setp_f32 && w[k].mods & ROAD_GPU_MOD_BOOL_MASK) {
			mods[3] = w[k].mods;
			CU_ASSERT_EQUAL(w[k].c & ROAD_GPU_PNOT, ROAD_GPU_PNOT);
			CU_ASSERT_NOT_EQUAL(w[k].aux, w[k].d);
		}
		if (w[k].op == ROAD_GPU_OP_st_b32)
			mods[4 + mods[10]++] = w[k].mods;
		if (w[k].op == ROAD_GPU_OP_ld_b32)
			mods[7 + mods[11]++] = w[k].mods;
	}
	for (unsigned n = 0; n < 3; n++)
		CU_ASSERT_EQUAL(mods[n], expected[n]);
	CU_ASSERT_EQUAL(mods[3], ROAD_GPU_CMP_LT << ROAD_GPU_MOD_CMP_SHIFT |
					 ROAD_GPU_BOOL_OR << ROAD_GPU_MOD_BOOL_SHIFT);
	CU_ASSERT_EQUAL(mods[4], MEM(GLOBAL) | ROAD_GPU_SEM_RELEASE << ROAD_GPU_MEM_SEM_SHIFT |
					 ROAD_GPU_SCOPE_SYS << ROAD_GPU_MEM_SCOPE_SHIFT);
	CU_ASSERT_EQUAL(mods[5], MEM(GLOBAL) | ROAD_GPU_CACHE_CS << ROAD_GPU_MEM_CACHE_SHIFT);
	CU_ASSERT_EQUAL(mods[10], 3);
	CU_ASSERT_EQUAL(mods[11], 3);
	CU_ASSERT_TRUE(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_APPROXIMATE);
	free(image);
}

static void test_data(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER ".visible .global .align 4 .u32 a[3] = {1, 2};\n"
			   ".const .align 2 .b16 c[2][2] = {{1, 2}, {-1, 4}};\n"
			   ".global .u64 p[2] = {a+4, generic(c)};\n.weak .global .f64 d = 1.0;\n"
			   ".entry k() { .reg .u64 %d<3>; .reg .u32 %r;\n"
			   "ld.const.u16 %r, [c+2]; st.global.u32 [a+8], %r; ret; }");
	static const uint8_t bytes[] = {1, 0, 0, 0, 2, 0, 0,   0,   0, 0,
					0, 0, 1, 0, 2, 0, 255, 255, 4, 0};
	const struct road_gpu_symbol *s = image_part(image, &image->symbols);
	const struct road_gpu_reloc *r = image_part(image, &image->relocs);
	const struct road_gpu_word *w = image_words(image, 0);

	CU_ASSERT_EQUAL(image->data.count, 48);
	CU_ASSERT_EQUAL(image->data_align, 8);
	CU_ASSERT_EQUAL(memcmp(image_part(image, &image->data), bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(image->symbols.count, 4);
	CU_ASSERT_STRING_EQUAL(image_string(image, s[1].name), "c");
	CU_ASSERT_EQUAL(s[0].flags, ROAD_GPU_SYMBOL_VISIBLE);
	CU_ASSERT_EQUAL(s[1].flags, ROAD_GPU_SYMBOL_CONST);
	CU_ASSERT_EQUAL(s[1].offset, 12);
	CU_ASSERT_EQUAL(s[3].bytes, 8);
	CU_ASSERT_EQUAL(image->relocs.count, 6);
	for (unsigned k = 0; k < image->relocs.count && k < 6; k++) {
		static const int64_t addends[] = {4, 12, 12, 12, 0, 0};

		CU_ASSERT_EQUAL(r[k].addend, addends[k]);
		if (k < 2) {
			CU_ASSERT_TRUE(r[k].kind == ROAD_GPU_RELOC_ABS64 &&
				       r[k].where == 24 + 8 * k);
			continue;
		}
		CU_ASSERT_EQUAL(w[r[k].where].op, ROAD_GPU_OP_mov_b32);
		CU_ASSERT_EQUAL(r[k].kind, k & 1 ? ROAD_GPU_RELOC_HI32 : ROAD_GPU_RELOC_LO32);
	}
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_pack_b64), 2);
	free(image);
}

static void test_shared_and_limits(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".shared .align 8 .b8 all[24]; .extern .shared .align 32 .b8 dyn[];\n"
		".entry k() .reqntid 8, 4 .maxnreg 40 .minnctapersm 2 {\n"
		".shared .align 4 .b8 own[10]; .local .align 16 .b8 l[20]; .reg .u32 %r<9>;\n"
		"mov.u32 %r1, dyn; st.shared.u32 [%r1+4], %r2; ld.local.u32 %r3, [l+4];\n"
		"st.shared.u32 [own], %r3; bar.sync 3; barrier.cta.sync 5, 64; ret; }\n"
		".entry m() .maxntid 128 { ret; }");
	const struct road_gpu_kernel *k = image_kernel(image, 0), *m = image_kernel(image, 1);

	CU_ASSERT_EQUAL(k->shared_bytes, 64);
	CU_ASSERT_EQUAL(k->shared_align, 32);
	CU_ASSERT_EQUAL(k->local_bytes, 32);
	CU_ASSERT_EQUAL(k->spill_bytes, 0);
	CU_ASSERT_EQUAL(k->barriers, 6);
	CU_ASSERT_EQUAL(k->max_threads, 32);
	CU_ASSERT_TRUE(k->reqd[0] == 8 && k->reqd[1] == 4 && k->reqd[2] == 1);
	CU_ASSERT_EQUAL(m->max_threads, 128);
	CU_ASSERT_EQUAL(m->reqd[0], 0);
	const struct road_gpu_word *w = image_words(image, 0);

	for (unsigned n = 0; n < k->word_count; n++)
		if (w[n].op == ROAD_GPU_OP_st_b32 && w[n].imm != 24) {
			CU_ASSERT_EQUAL(w[n].imm, 68);
		}
	free(image);
}

/* A loop with two exits and a branch inside: all of it stands before what follows it. */
static void test_layout(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u64 %d<3>; .reg .u32 %r<9>; .reg .pred %p<4>;\n"
		"mov.u32 %r1, %tid.x; ld.param.u64 %d1, [p];\n" /* 5 */
		"LOOP: setp.eq.u32 %p1, %r1, 9; @%p1 bra OUT;\n"
		"setp.eq.u32 %p2, %r1, 7; @%p2 bra ODD;\n"
		"add.u32 %r1, %r1, 2; bra NEXT;\n"      /* 8 */
		"OUT: st.global.u32 [%d1], %r1; ret;\n" /* 9 */
		"ODD: add.u32 %r1, %r1, 1;\n"
		"NEXT: setp.lt.u32 %p3, %r1, 100; @%p3 bra LOOP;\n" /* 11 */
		"st.global.u32 [%d1+4], %r1; ret; }");
	unsigned last_inside = 0, first_outside = 1000;
	const struct road_gpu_word *w = image_words(image, 0);
	unsigned count = image_kernel(image, 0)->word_count, back = 0;

	for (unsigned k = 0; k < count; k++) {
		uint32_t line = line_of(image, k);
		bool outside = w[k].op == ROAD_GPU_OP_st_b32;

		if (outside && k < first_outside)
			first_outside = k;
		if (line >= 6 && line <= 11 && line != 9)
			last_inside = k;
		back += w[k].op == ROAD_GPU_OP_bra && w[k].imm <= (int32_t)k;
	}
	CU_ASSERT_TRUE(last_inside < first_outside);
	CU_ASSERT_EQUAL(back, 1);
	free(image);
}

static void test_branch_table(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER ".entry k(.param .u64 p) { .reg .u64 %d<3>; .reg .u32 %r<9>;\n"
			   "mov.u32 %r1, %tid.x; ld.param.u64 %d1, [p];\n"
			   "T: .branchtargets A, B, A;\nbrx.idx %r1, T;\n"
			   "A: st.global.u32 [%d1], 1; ret;\nB: st.global.u32 [%d1], 2; ret; }");
	const uint32_t *table = image_part(image, &image->branches);
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);

	CU_ASSERT_EQUAL(kernel->branch_count, 3);
	CU_ASSERT_EQUAL(table[0], table[2]);
	CU_ASSERT_NOT_EQUAL(table[0], table[1]);
	for (unsigned k = 0; k < 3; k++)
		CU_ASSERT_EQUAL(line_of(image, table[k]), k == 1 ? 9 : 8);
	free(image);
}

/* Vectors need no copies where their members are free to stand together. */
static void test_vectors(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u64 %d<9>; .reg .f32 %f<9>;\n"
		"ld.param.u64 %d1, [p]; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d1];\n"
		"st.global.v4.f32 [%d1+16], {%f1, %f2, %f3, %f4};\n"
		"add.f32 %f5, %f1, %f2; add.f32 %f6, %f3, %f4;\n"
		"st.global.v2.f32 [%d1+32], {%f6, %f5};\n"
		"ld.global.v2.u64 {%d2, %d3}, [%d1+48]; st.global.v2.u64 [%d1+64], {%d3, %d2}; "
		"ret; }");

	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_mov_b32), 0);
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_ld_v4_b32), 1);
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_st_v2_b64), 1);
	CU_ASSERT_TRUE(count_op(image, ROAD_GPU_OP_mov_b64) <= 2);
	free(image);
}

/* The sum of a loop of matrix products stays in its registers, and parts of a loaded group are used
 * where they stand: what is copied is the zeros that the sum begins with. */
static void test_fragments(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u64 %d<9>; .reg .f32 %f<9>; .reg .b32 %a<9>;\n"
		".reg .b32 %b<9>; .reg .b32 %s; .reg .pred %q; .shared .align 16 .b8 t[4096];\n"
		"ld.param.u64 %d1, [p]; mov.u32 %s, t;\n"
		"mov.f32 %f1, 0f00000000; mov.f32 %f2, %f1; mov.f32 %f3, %f1; mov.f32 %f4, %f1;\n"
		"$L:\n"
		"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%a1, %a2, %a3, %a4}, [%s];\n"
		"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%b1, %b2, %b3, %b4}, [%s+512];\n"
		"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, "
		"{%a1, %a2, %a3, %a4}, {%b1, %b2}, {%f1, %f2, %f3, %f4};\n"
		"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%a1, %a2, %a3, %a4}, [%s+256];\n"
		"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, "
		"{%a1, %a2, %a3, %a4}, {%b3, %b4}, {%f1, %f2, %f3, %f4};\n"
		"add.u32 %s, %s, 1024; setp.lt.u32 %q, %s, 3000; @%q bra $L;\n"
		"st.global.v4.f32 [%d1], {%f1, %f2, %f3, %f4}; ret; }");
	unsigned mma = 0;

	for (unsigned k = 0; k < image_kernel(image, 0)->word_count; k++) {
		const struct road_gpu_word *w = &image_words(image, 0)[k];

		if (w->op != ROAD_GPU_OP_mma_f32_b2)
			continue;
		CU_ASSERT_EQUAL(w->d, w->c);
		mma++;
	}
	CU_ASSERT_EQUAL(mma, 2);
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_mov_b32), 5);
	free(image);
}

static unsigned spills(const struct road_gpu_image *image, unsigned *local)
{
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);
	const struct road_gpu_word *words = image_words(image, 0);
	const uint32_t *notes = image_part(image, &image->lines);
	unsigned marked = 0;

	*local = 0;
	for (unsigned w = 0; w < kernel->word_count; w++) {
		marked += (notes[kernel->first_word + w] & ROAD_GPU_LINE_SPILL) != 0;
		*local +=
			(words[w].op == ROAD_GPU_OP_ld_b32 || words[w].op == ROAD_GPU_OP_st_b32) &&
			(words[w].mods & ROAD_GPU_MEM_SPACE_MASK) == ROAD_GPU_SPACE_LOCAL;
	}
	return marked;
}

/* A kernel that stores to a variable of its own and loads from it, around 60 values. */
static void test_spill_notes(void)
{
	static char text[32768];
	size_t at = (size_t)snprintf(
		text, sizeof(text),
		PTX_HEADER ".entry k(.param .u64 p) { .reg .u64 %%d<3>; .reg .u32 %%r<99>; "
			   ".local .align 4 .b8 own[16];\nld.param.u64 %%d1, [p];\n");
	unsigned local;

	for (unsigned k = 0; k < 60; k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "ld.volatile.global.u32 %%r%u, [%%d1+%u];\n", k, 4 * k);
	at += (size_t)snprintf(text + at, sizeof(text) - at,
			       "st.local.u32 [own+4], %%r0;\nld.local.u32 %%r70, [own+4];\n");
	for (unsigned k = 0; k < 60; k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "xor.b32 %%r70, %%r70, %%r%u;\nadd.u32 %%r70, %%r70, %u;\n",
				       k, k);
	snprintf(text + at, sizeof(text) - at, "st.global.u32 [%%d1], %%r70; ret; }");
	struct road_gpu_image *wide = compile_text(text, strlen(text), 0, 1);
	struct road_gpu_image *narrow = compile_text(text, strlen(text), 24, 1);

	CU_ASSERT_EQUAL(spills(wide, &local), 0);
	CU_ASSERT_EQUAL(local, 2);
	unsigned marked = spills(narrow, &local);

	CU_ASSERT_TRUE(marked > 40);
	CU_ASSERT_EQUAL(local, marked + 2);
	free(wide);
	free(narrow);
}

/* What compilers write for debuggers stands between the instructions, in all its shapes. */
static void test_debug_directives(void)
{
	struct road_gpu_image *image =
		compile(".version 8.0\n.target sm_80, debug\n.address_size 64\n"
			".file 1 \"first.cu\", 1700000000, 12\n"
			".visible .entry k(.param .u64 p)\n{\n"
			".reg .b32 %r<3>;\n.reg .b64 %d<2>;\n"
			"$L__func_begin0:\n"
			".loc 1 2 0\n"
			"ld.param.u64 %d1, [p];\n" /* line 11 */
			".loc 1 2 30\n\n"
			"$L__tmp0:\n"
			".loc 1 1 73, function_name $L__info_string0, inlined_at 1 2 30\n"
			".loc 1 1 73, function_name $L__info_string0+4, inlined_at 1 2 30 \n"
			"st.global.u32 [%d1], %r1; ret;\n" /* line 17 */
			"$L__func_end0:\n}\n"
			".file 2 \"/a/b c.cuh\"\n"
			".section .debug_str\n{\n$L__info_string0:\n.b8 95,90,50\n.b8 0\n\n}\n"
			".section .debug_abbrev\n{\n.b8 1\n.b8 17\n}\n"
			".section .debug_info\n{\n.b32 263\n.b8 2, 0\n.b32 .debug_abbrev\n.b8 8\n"
			".b64 $L__func_begin0\n.b64 $L__func_end0\n.b32 .debug_str+4\n}\n"
			".section .debug_loc { }\n");
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);
	const uint32_t *notes = image_part(image, &image->lines);

	CU_ASSERT_EQUAL(kernel->word_count, 3);
	CU_ASSERT_EQUAL(notes[kernel->first_word], 11);
	CU_ASSERT_EQUAL(notes[kernel->first_word + 1], 17);
	CU_ASSERT_EQUAL(notes[kernel->first_word + 2], 17);
	free(image);
}

/* Eighty predicates, all needed at the end: some pass through local memory. */
static void test_predicate_spills(void)
{
	static char text[32768];
	static struct machine m;
	size_t at = (size_t)snprintf(
		text, sizeof(text),
		PTX_HEADER ".entry k(.param .u64 p) { .reg .u64 %%d<3>; .reg .u32 %%r<9>; "
			   ".reg .pred %%p<99>;\nld.param.u64 %%d1, [p]; "
			   "ld.global.u32 %%r1, [%%d1]; mov.u32 %%r2, 0;\n");

	for (unsigned k = 0; k < 80; k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "setp.gt.u32 %%p%u, %%r1, %u;\n", k, k);
	for (unsigned k = 0; k < 80; k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "@%s%%p%u add.u32 %%r2, %%r2, %u;\n", k % 3 ? "" : "!", k,
				       k);
	snprintf(text + at, sizeof(text) - at, "st.global.u32 [%%d1+4], %%r2; ret; }");
	struct road_gpu_image *image = compile(text);
	const struct road_gpu_kernel *kernel = image_kernel(image, 0);
	uint64_t address = MACHINE_GLOBAL;
	uint32_t value = 41, expected = 0, got;

	CU_ASSERT_TRUE(kernel->preds <= ROAD_GPU_PREDS_MAX && kernel->spill_bytes > 0);
	memset(&m, 0, sizeof(m));
	m.image = image;
	m.steps = 100000;
	for (unsigned k = 0; k < 3; k++)
		m.ntid[k] = m.nctaid[k] = 1;
	memcpy(m.params, &address, 8);
	memcpy(m.global, &value, 4);
	CU_ASSERT_TRUE(machine_run(&m));
	for (unsigned k = 0; k < 80; k++)
		if ((value > k) == (k % 3 != 0))
			expected += k;
	memcpy(&got, m.global + 4, 4);
	CU_ASSERT_EQUAL(got, expected);
	free(image);
}

static void test_register_limits(void)
{
	static const char text[] =
		PTX_HEADER ".entry k(.param .u64 p) { .reg .u64 %d<9>; .reg .f32 %f<9>;\n"
			   "ld.param.u64 %d1, [p]; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d1];\n"
			   "st.global.v4.f32 [%d1+16], {%f1, %f2, %f3, %f4}; ret; }";
	struct road_gpu_image *image = compile_text(text, strlen(text), 4, 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	CU_ASSERT_TRUE(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED);
	CU_ASSERT_PTR_NOT_NULL(
		strstr(image_string(image, image_kernel(image, 0)->error), "so few registers"));
	free(image);
	image = compile_text(text, strlen(text), 8, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	CU_ASSERT_FALSE(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED);
	free(image);
}

static void test_lanes(void)
{
	struct road_gpu_image *image =
		compile(PTX_HEADER ".entry k() { .reg .u32 %r<9>; .reg .pred %q<4>;\n"
				   "mov.u32 %r0, %tid.x;\n"
				   "shfl.sync.down.b32 %r1|%q1, %r0, 16, 0x1c1f, -1;\n"
				   "shfl.sync.up.b32 %r2, %r1, %r0, 0, %r0;\n"
				   "shfl.idx.b32 %r3, %r2, 5, 31;\n"
				   "vote.sync.ballot.b32 %r4, !%q1, 0xff;\n"
				   "vote.sync.any.pred %q2, %q1, -1;\n"
				   "match.all.sync.b32 %r5|%q3, %r4, -1;\n"
				   "redux.sync.max.s32 %r6, %r3, %r0;\n"
				   "bar.warp.sync 7;\n"
				   "activemask.b32 %r7;\n"
				   "shfl.sync.bfly.b32 %r8, %r5, 1, 31, -1; ret; }");

	expect_word(image, 1,
		    WORD(shfl_down_b32, .d = 1, .a = 0, .b = NONE, .c = NONE,
			 .form = ROAD_GPU_FORM_IMM_B, .imm = 16, .mods = ROAD_GPU_MEMBERS_FULL,
			 .aux = ROAD_GPU_SHFL(0, 31, 28)));
	expect_word(
		image, 2,
		WORD(shfl_up_b32, .d = 1, .a = 1, .b = 0, .c = 0, .aux = ROAD_GPU_SHFL(PT, 0, 0)));
	expect_word(image, 3,
		    WORD(shfl_idx_b32, .d = 1, .a = 1, .b = NONE, .c = NONE,
			 .form = ROAD_GPU_FORM_IMM_B, .imm = 5, .mods = ROAD_GPU_MEMBERS_ACTIVE,
			 .aux = ROAD_GPU_SHFL(PT, 31, 0)));
	expect_word(image, 4,
		    WORD(vote_ballot, .d = 2, .a = 0 | ROAD_GPU_PNOT, .c = NONE,
			 .form = ROAD_GPU_FORM_IMM_C, .imm = 0xff));
	/* nobody reads what these two give, but lanes meet there */
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_vote_any), 1);
	CU_ASSERT_EQUAL(count_op(image, ROAD_GPU_OP_redux_max_s32), 1);
	CU_ASSERT_EQUAL(image_words(image, 0)[6].op, ROAD_GPU_OP_match_all_b32);
	CU_ASSERT_TRUE(image_words(image, 0)[6].aux < 4);
	expect_word(image, 8, WORD(bar_warp, .c = NONE, .form = ROAD_GPU_FORM_IMM_C, .imm = 7));
	CU_ASSERT_EQUAL(image_words(image, 0)[10].op, ROAD_GPU_OP_shfl_bfly_b32);
	free(image);
}

/* Clamp and segment mask in a register go into the operand with the lane. */
static void test_packed_shuffle(void)
{
	struct road_gpu_image *image =
		compile(PTX_HEADER ".entry k() { .reg .u32 %r<9>; mov.u32 %r0, %tid.x;\n"
				   "shfl.sync.idx.b32 %r1, %r0, 3, %r0, -1; ret; }");
	const struct road_gpu_word *w = image_words(image, 0);
	unsigned n = image_kernel(image, 0)->word_count;

	CU_ASSERT_EQUAL_FATAL(w[n - 2].op, ROAD_GPU_OP_shfl_idx_b32);
	CU_ASSERT_EQUAL(w[n - 2].mods, ROAD_GPU_MEMBERS_FULL | ROAD_GPU_MOD_PACKED);
	CU_ASSERT_EQUAL(w[n - 2].aux, ROAD_GPU_SHFL(PT, 0, 0));
	CU_ASSERT_EQUAL(w[n - 3].op, ROAD_GPU_OP_or_b32);
	CU_ASSERT_EQUAL(w[n - 3].imm, 3);
	free(image);
}

static void test_atomics(void)
{
	struct road_gpu_image *image = compile(
		PTX_HEADER
		".entry k(.param .u64 p) { .reg .u32 %r<9>; .reg .u64 %d<9>; .reg .b16 %h<3>;\n"
		".reg .pred %q;\n"
		"ld.param.u64 %d1, [p]; mov.u32 %r0, %tid.x; setp.eq.u32 %q, %r0, 1;\n"
		"atom.global.add.u32 %r1, [%d1+8], %r0;\n" /* nobody asks for %r1 */
		"@%q atom.acq_rel.sys.global.cas.b32 %r2, [%d1], %r0, %r0;\n"
		"st.global.u32 [%d1+16], %r2;\n"
		"red.shared.min.s64 [64], %d1;\n"
		"cvt.u16.u32 %h1, %r0; red.global.add.noftz.bf16 [%d1+2], %h1; ret; }");
	const struct road_gpu_word *w = image_words(image, 0);
	unsigned n = image_kernel(image, 0)->word_count, seen = 0;

	for (unsigned k = 0; k < n; k++) {
		seen += w[k].op == ROAD_GPU_OP_atom_b32 && w[k].d == NONE && w[k].imm == 8 &&
			w[k].aux == ROAD_GPU_ATOM_ADD && w[k].mods == MEM(GLOBAL);
		seen += w[k].op == ROAD_GPU_OP_cas_b32 && w[k].d != NONE && w[k].guard != PT &&
			w[k].mods == (MEM(GLOBAL) | ROAD_GPU_SEM_ACQ_REL << ROAD_GPU_MEM_SEM_SHIFT |
				      ROAD_GPU_SCOPE_SYS << ROAD_GPU_MEM_SCOPE_SHIFT);
		seen += w[k].op == ROAD_GPU_OP_red_b64 && w[k].imm == 64 && w[k].a == NONE &&
			w[k].aux == ROAD_GPU_ATOM_MIN_S && w[k].form == ROAD_GPU_FORM_ADDR32;
		seen += w[k].op == ROAD_GPU_OP_red_b16 && w[k].aux == ROAD_GPU_ATOM_ADD_BF;
	}
	CU_ASSERT_EQUAL(seen, 4);
	free(image);
}

static void test_defaults(void)
{
	static const char text[] = PTX_HEADER ".entry k() { ret; }garbage";
	void *image;
	size_t bytes;

	/* neither options nor an error to fill, and no zero at the end */
	CU_ASSERT_EQUAL(road_ptx_compile(text, sizeof(text) - 8, NULL, &image, &bytes, NULL), 0);
	CU_ASSERT_PTR_NOT_NULL(image);
	free(image);
	CU_ASSERT_EQUAL(road_ptx_compile(text, sizeof(text) - 1, NULL, &image, &bytes, NULL), -1);
	CU_ASSERT_PTR_NULL(image);
}

static const struct tap_case cases[] = {
	{"a kernel without instructions is one exit", test_empty},
	{"parameters get offsets, sizes and the pointer flag, and load by offset", test_parameters},
	{"sums of constants go into the offsets of loads and stores", test_addresses},
	{"64-bit constants are extended, shifted or packed", test_immediates},
	{"modifiers arrive in the words", test_modifiers},
	{"variables, initialisers and their addresses become data, symbols, relocations",
	 test_data},
	{"shared and local memory, barriers and launch limits are recorded",
	 test_shared_and_limits},
	{"all of a loop stands before what follows it", test_layout},
	{"brx.idx has its targets in the branch table", test_branch_table},
	{"vector loads and stores need no copies", test_vectors},
	{"sums of matrix products stay in their registers", test_fragments},
	{"loads and stores that spill are marked, and no others", test_spill_notes},
	{"directives for debuggers change nothing", test_debug_directives},
	{"more predicates than there are go through local memory", test_predicate_spills},
	{"lanes are named by a field, by all, or by nobody", test_lanes},
	{"a shuffle's clamp may be in a register", test_packed_shuffle},
	{"atomics keep their order, and their result only if it is asked for", test_atomics},
	{"a register limit that cannot be met refuses the kernel", test_register_limits},
	{"options and error may be NULL, the text need not end in zero", test_defaults},
};

TAP_MAIN(cases)
