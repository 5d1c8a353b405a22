/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed text gives line, column, what was seen and what is allowed; nothing is allocated. */
#include "tests/unit/ptx/support.h"

/* In a function's body: line 6 is the first of `text`. */
#define BODY(text)                                                                        \
	PTX_HEADER                                                                        \
	".entry k(.param .u64 p)\n{ .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %q<9>; " \
	".reg .b16 %h<9>; .reg .f32 %f<9>;\n" text "\nret;\n}\n"

struct bad {
	const char *text;
	uint32_t line, column;
	const char *says; /* part of the message */
};

static const struct bad bad_modules[] = {
	{"", 1, 1, "starts with .version"},
	{".target sm_80", 1, 1, "starts with .version, saw 'target'"},
	{".version 8.0\n.entry", 2, 1, ".target must follow .version"},
	{".version 8\n.target sm_80", 1, 10, "expected a version such as 8.0, saw '8'"},
	{".version 8.0\n.target sm_80\n.address_size 32\n", 3, 15, "is 32, must be 64 to 64"},
	{PTX_HEADER ".reg .b32 %r;", 4, 1, "'.reg' at module level"},
	{PTX_HEADER ".global .b32 x;\n.global .b32 x;", 5, 14,
	 "'x' is declared twice; first on line 4"},
	{PTX_HEADER ".global .q32 x;", 4, 9, "'.q32' is no type; allowed: .b8"},
	{PTX_HEADER ".global .align 3 .b32 x;", 4, 16, ".align is 3, must be a power of two"},
	{PTX_HEADER ".global .b8 x[2] = {1, 2, 3};", 4, 27, "more than its 2 elements"},
	{PTX_HEADER ".global .b8 x[4] = {1, 2", 4, 25, "expected '}' in an initialiser"},
	{PTX_HEADER ".global .u64 x = y;", 4, 18, "'y' is no .global or .const variable"},
	{PTX_HEADER ".global .u32 x; .global .u32 y = x;", 4, 34, "element of 4 bytes, must be 8"},
	{PTX_HEADER ".global .f32 x = 0f123;", 4, 18,
	 "0f constant has 3 hexadecimal digits, needs 8"},
	{PTX_HEADER ".global .u32 x = 1 / 0;", 4, 20, "division by zero"},
	{PTX_HEADER ".global .u64 x = 0x12345678123456781;", 4, 18, "does not fit in 64 bits"},
	{PTX_HEADER ".global .u32 x = 089;", 4, 18, "integer constant of base 8"},
	{PTX_HEADER ".global .b8 x[9999999999];", 4, 15, "must be 0 to 4294967295"},
	{PTX_HEADER ".global .b8 x[300000000];", 4, 14, "larger than"},
	{PTX_HEADER ".global .b32 x", 4, 15,
	 "expected ';' in a declaration, saw 'the end of the text'"},
	{PTX_HEADER "/* open", 4, 1, "comment is not closed"},
	{PTX_HEADER ".file 1 \"abc", 4, 9, "string is not closed"},
	{PTX_HEADER "\x01", 4, 1, "byte 0x01 cannot start a token"},
	{PTX_HEADER ".entry k() {", 4, 13, "the text ends in function 'k'"},
	{PTX_HEADER ".entry k(.param .u32 a", 4, 23, "expected ','"},
	{PTX_HEADER ".entry k(.param .b8 a[5000]) { ret; }", 4, 21, "at most 4352"},
	{PTX_HEADER ".entry k() { ret; }\n.entry k() { ret; }", 5, 8, "'k' is declared twice"},
	{PTX_HEADER ".entry k() .maxntid 70000 { ret; }", 4, 21,
	 ".maxntid is 70000, must be 1 to 65535"},
	{PTX_HEADER ".entry k() { .reg .b32 %r<0>; ret; }", 4, 27, "register count is '0'"},
	{PTX_HEADER ".entry k() { .reg .pred %p; .reg .b32 %p; }", 4, 39, "'%p' is declared twice"},
	{PTX_HEADER ".entry k() { .shared .b8 s[99999999]; }", 4, 26, "ends at byte 99999999"},
};

static const struct bad bad_bodies[] = {
	{BODY("add.s32 %r0, %r1, %r9;"), 6, 19, "'%r9' is not declared"},
	{BODY("add.s32 %r0, %r1, %r02;"), 6, 19, "'%r02' is not declared"},
	{BODY("mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32 {%r0,%r1}, {%r2}, {%r3}, "
	      "{%r0,%r1};"),
	 6, 1, "allowed: .xor.popc .and.popc"},
	{BODY("mma.sync.aligned.m8n8k32.row.col.s32.s4.s4.s32.and.popc {%r0,%r1}, {%r2}, {%r3}, "
	      "{%r0,%r1};"),
	 6, 1, "allowed for .b1 only"},
	{BODY("mma.sync.aligned.m8n8k128.row.col.satfinite.s32.b1.b1.s32.and.popc {%r0,%r1}, "
	      "{%r2}, "
	      "{%r3}, {%r0,%r1};"),
	 6, 1, "allowed for integers only"},
	{BODY("wmma.load.a.sync.aligned.col.m8n8k32.global.s4 {%r0}, [%d0], 32;"), 6, 1,
	 "allowed: .row"},
	{BODY(".reg .s4 %x;"), 6, 6, "'.s4' is no type"},
	{BODY("cvt.pack.sat.u8.s32 %r0, %r1, %r2;"), 6, 1, "allowed: 'cvt.pack.sat' to .u16 .s16"},
	{BODY("cvt.pack.sat.u16.s32.b32 %r0, %r1, %r2, %r3;"), 6, 1, "to .u8 .s8"},
	{BODY("cvt.sat.u8.s32.b32 %r0, %r1, %r2, %r3;"), 6, 1, "allowed: 'cvt.pack.sat' to"},
	{BODY("createpolicy.range.global.L2::evict_last.b64 %d0, [%d1], 64;"), 6, 1, "needs 4"},
	{BODY("createpolicy.parity.b64 %d0, %d1;"), 6, 1, "allowed: .fractional .range .cvt"},
	{BODY("createpolicy.fractional.global.L2::evict_last.b64 %d0, 1.0;"), 6, 1,
	 "form of 'createpolicy'"},
	{BODY("mbarrier.b64 [%d0];"), 6, 1, "allowed: .init .inval .arrive"},
	{BODY("mbarrier.arrive.noinc.shared.b64 %d1, [%d0];"), 6, 1, "allowed: .noComplete"},
	{BODY("mbarrier.arrive.noComplete.shared.b64 %d1, [%d0];"), 6, 1,
	 "2 operands here, needs 3"},
	{BODY("mbarrier.arrive.acquire.cta.shared.b64 %d1, [%d0];"), 6, 1,
	 "allowed: .relaxed or .release"},
	{BODY("mbarrier.test_wait.release.cta.shared.b64 %q1, [%d0], %d2;"), 6, 1,
	 ".relaxed or .acquire"},
	{BODY("mbarrier.init.relaxed.cta.shared.b64 [%d0], 3;"), 6, 1,
	 "memory order of 'mbarrier'"},
	{BODY("mbarrier.init.global.b64 [%d0], 3;"), 6, 1, "allowed: .shared, or none"},
	{BODY("mbarrier.test_wait.parity.shared.b64 %q1, [%d0], %d2;"), 6, 50, "needs 32 bits"},
	{BODY("mbarrier.pending_count.shared.b64 %r1, %d2;"), 6, 1, "state space of"},
	{BODY("cp.async.arrive.shared.b64 [%d0];"), 6, 1, "allowed: .mbarrier.arrive"},
	{BODY("cp.async.mbarrier.arrive.parity.shared.b64 [%d0];"), 6, 1, "allowed: .noinc"},
	{BODY("add.s32 %r0, %r1;"), 6, 1, "'add' has 2 operands, needs 3"},
	{BODY("add.s32 %r0, %r1, %r2, %r3;"), 6, 1, "'add' has 4 operands, needs 3"},
	{BODY("add.s32 %r0, %r1, %d2;"), 6, 19,
	 "'%d2' is 64 bits, 'add' with type .s32 needs 32 bits"},
	{BODY("add.s64 %r0, %d1, %d2;"), 6, 9, "'%r0' is 32 bits"},
	{BODY("add.s32 %r0, %q1, %r2;"), 6, 14, "'%q1' is a predicate"},
	{BODY("add.s16 %h0, %h1, %r2;"), 6, 19, "'%r2' is 32 bits, 'add' with type .s16"},
	{BODY("add.pred %q0, %q1, %q2;"), 6, 1, "type .pred in 'add'; allowed: .u16"},
	{BODY("add.q32 %r0, %r1, %r2;"), 6, 4, "'.q32' is no type and no modifier of 'add'"},
	{BODY("add %r0, %r1, %r2;"), 6, 1, "'add' has 0 types, needs one of"},
	{BODY("add.wide.s32 %r0, %r1, %r2;"), 6, 1, "with .wide; allowed: .sat"},
	{BODY("mul.s32 %r0, %r1, %r2;"), 6, 1, "needs another choice of"},
	{BODY("add.rn.s32 %r0, %r1, %r2;"), 6, 1, "'add'"},
	{BODY("fma.f32 %f0, %f1, %f2, %f3;"), 6, 1, "needs a rounding; allowed: .rn .rz .rm .rp"},
	{BODY("cvt.s32.f32 %r0, %f1;"), 6, 1, "needs a rounding; allowed: .rni"},
	{BODY("cvt.rn.s32.f32 %r0, %f1;"), 6, 1, "with floating-point rounding"},
	{BODY("cvt.rn.u32.u32 %r0, %r1;"), 6, 1, "rounding in 'cvt.u32.u32'"},
	{BODY("setp.s32 %q0, %r1, %r2;"), 6, 1, "needs a comparison"},
	{BODY("setp.ltu.s32 %q0, %r1, %r2;"), 6, 1, "unordered comparison of type .s32"},
	{BODY("setp.lt.b32 %q0, %r1, %r2;"), 6, 1, "ordering of type .b32; allowed: .eq .ne"},
	{BODY("setp.lt.ftz.s32 %q0, %r1, %r2;"), 6, 1, "'setp.ftz' with type .s32; allowed: .f32"},
	{BODY("setp.lt.s32 %r0, %r1, %r2;"), 6, 13, "expected a .pred register as destination"},
	{BODY("setp.lt.and.s32 %q0, %r1, %r2;"), 6, 1, "with 3 operands and .and, .or, .xor"},
	{BODY("selp.b32 %r0, %r1, %r2, %r3;"), 6, 25, "expected a .pred register"},
	{BODY("mov.f32 %f0, 1;"), 6, 14, "integer constant for type .f32"},
	{BODY("mov.b32 %r0, nowhere;"), 6, 14, "'nowhere' is not declared"},
	{BODY("mov.u32 %r0, %tid.q;"), 6, 14, "'%tid' is not declared"},
	{BODY("bra nowhere;"), 6, 5, "label 'nowhere' is not defined in 'k'"},
	{BODY("{ L: bra L; } bra L;"), 6, 19, "label 'L' is not defined"},
	{BODY("L: L: ret;"), 6, 4, "label 'L' is defined twice; first on line 6"},
	{BODY("bra %r1;"), 6, 5, "operand 1 of 'bra' must be a label"},
	{BODY("L: brx.idx %r1, L;"), 6, 1, "label 'L' is no .branchtargets list"},
	{BODY("T: .branchtargets T; bra T;"), 6, 1, "is a branch table"},
	{BODY("@%r1 bra L; L:"), 6, 2, "guard '%r1' is no .pred register"},
	{BODY("@%zz bra L; L:"), 6, 2, "guard '%zz' is not declared"},
	{BODY("ld.global.u32 %r0, %d1;"), 6, 20, "needs an address in brackets"},
	{BODY("ld.global.u32 %r0, [%r1];"), 6, 20, "'%r1' is 32 bits; allowed: 64"},
	{BODY("ld.shared.u32 %r0, [%h1];"), 6, 20, "'%h1' is 16 bits; allowed: 32 or 64"},
	{BODY("ld.shared.u32 %r0, [p];"), 6, 20, "'ld.shared' of 'p', which is in .param"},
	{BODY("ld.u32 %r0, [p];"), 6, 13, "'ld' of 'p', which is in .param"},
	{BODY("ld.global.v2.u32 {%r0, %r1, %r2}, [%d1];"), 6, 18,
	 "needs 2 registers in braces, saw 3"},
	{BODY("ld.global.v2.u32 %r0, [%d1];"), 6, 18, "needs 2 registers in braces, saw 1"},
	{BODY("ld.global.u32 %r0, [%d1;"), 6, 24, "expected ']' in an address"},
	{BODY("ld.global.u32 %h0, [%d1];"), 6, 15, "'%h0' is 16 bits"},
	{BODY("ld.acquire.global.u32 %r0, [%d1];"), 6, 1, "needs a scope"},
	{BODY("ld.global.shared.u32 %r0, [%d1];"), 6, 10, "second modifier of one kind in 'ld'"},
	{BODY("ld.global.u32 %r0, [%d1], %d2;"), 6, 1, "'ld' has 3 operands, needs 2"},
	{BODY("st.const.u32 [%d1], %r0;"), 6, 1, "constants are read only"},
	{BODY("st.global.u32 [%d1], 0f00000000"), 7, 1, "expected ';' in an instruction"},
	{BODY("bar.sync 16;"), 6, 10, "barrier 16; allowed: 0 to 15"},
	{BODY("bar.sync 1, 33;"), 6, 13, "must be a multiple of 32"},
	{BODY("bar.arrive 1;"), 6, 1, "needs a thread count"},
	{BODY("lop3.b32 %r0, %r1, %r2, %r3, 256;"), 6, 30, "must be a constant from 0 to 255"},
	{BODY("mov.b64 %d0, {%r1, %r2, %r3};"), 6, 14, "3 elements in braces"},
	{BODY("mov.b64 %d0, {%r1, {%r2}};"), 6, 20, "braces within braces"},
	{BODY("shf.l.b32 %r0, %r1, %r2, %r3;"), 6, 1, "needs .wrap or .clamp"},
	{BODY("cvta.u64 %d0, %d1;"), 6, 1, "needs a state space"},
	{BODY(".global2 .b32 x;"), 6, 1, "'.global2' in a function; allowed: .reg"},
	{BODY(".reg .b128 %x;"), 6, 12, ".b128"},
	{BODY("5;"), 6, 1, "expected a name in an instruction, saw '5'"},
	{BODY("mapa.u32 %r0, [%d1], (1;"), 9, 1, "the text ends in an instruction"},
	{BODY("shfl.sync.b32 %r0, %r1, 1, 31, -1;"), 6, 1, "mode of 'shfl'; allowed: .up .down"},
	{BODY("shfl.sync.up.idx.b32 %r0, %r1, 1, 31, -1;"), 6, 1, "mode of 'shfl'"},
	{BODY("shfl.sync.up.b32 %r0, %r1, 1, 31;"), 6, 1, "has 4 operands, needs 5"},
	{BODY("shfl.up.b32 %r0|%r2, %r1, 1, 31;"), 6, 13, "must be a predicate"},
	{BODY("vote.sync.ballot.pred %q0, %q1, -1;"), 6, 1, "'vote.ballot' with type .pred"},
	{BODY("vote.sync.all.b32 %r0, %q1, -1;"), 6, 1, "'vote' with type .b32; allowed: .pred"},
	{BODY("vote.sync.up.pred %q0, %q1, -1;"), 6, 1, "mode of 'vote'"},
	{BODY("match.sync.b32 %r0, %r1, -1;"), 6, 1, "mode of 'match'"},
	{BODY("match.any.sync.b32 %r0|%q1, %r1, -1;"), 6, 20, "has one destination"},
	{BODY("redux.sync.and.u32 %r0, %r1, -1;"), 6, 1, "'redux' takes no boolean operator"},
	{BODY("redux.sync.b32 %r0, %r1, -1;"), 6, 1, "operation of 'redux.b32'"},
	{BODY("redux.sync.inc.u32 %r0, %r1, -1;"), 6, 1, "operation of 'redux'"},
	{BODY("bar.red.all.u32 %r0, 0, %q1;"), 6, 1, "operation of 'bar.red'"},
	{BODY("bar.red.xor.pred %q0, 0, %q1;"), 6, 1, "operation of 'bar.red'"},
	{BODY("bar.red.popc.u32 %r0, 16, %q1;"), 6, 23, "barrier 16; allowed: 0 to 15"},
	{BODY("bar.red.popc.u32 %r0, 1, 33, %q1;"), 6, 26, "must be a multiple of 32"},
	{BODY("atom.global.inc.s32 %r0, [%d1], 1;"), 6, 1, "allowed: .u32"},
	{BODY("atom.global.up.b32 %r0, [%d1], 1;"), 6, 1, "operation of 'atom'"},
	{BODY("atom.global.cas.b32 %r0, [%d1], 1;"), 6, 1, "has 3 operands, needs 4"},
	{BODY("atom.global.cas.u32 %r0, [%d1], 1, 2;"), 6, 1, "type .u32 in 'atom.cas'"},
	{BODY("atom.local.add.u32 %r0, [%d1], 1;"), 6, 1, "state space of 'atom'"},
	{BODY("atom.sc.gpu.add.u32 %r0, [%d1], 1;"), 6, 1, "memory order of 'atom'"},
	{BODY("red.global.exch.b32 [%d1], 1;"), 6, 1, "'red.exch'"},
	{BODY("mov.b32 %r0, 1 +;"), 6, 17, "expected a constant in an operand"},
	{BODY("mov.b32 %r0, 1.5 + 2;"), 6, 18, "operator '+' on a floating-point constant"},
};

static void expect(const struct bad *bad)
{
	struct road_ptx_error error;
	void *image = &error;
	size_t bytes = 1;
	int result = road_ptx_compile(bad->text, strlen(bad->text), NULL, &image, &bytes, &error);
	bool good = result == -1 && !image && !bytes && error.line == bad->line &&
		    error.column == bad->column && strstr(error.text, bad->says);

	CU_ASSERT_TRUE(good);
	if (!good)
		printf("# %s\n# result %d, line %u column %u: %s (expected %u, %u: %s)\n",
		       bad->text, result, error.line, error.column, error.text, bad->line,
		       bad->column, bad->says);
	free(result ? NULL : image);
}

static void test_modules(void)
{
	for (size_t k = 0; k < sizeof(bad_modules) / sizeof(bad_modules[0]); k++)
		expect(&bad_modules[k]);
}

static void test_bodies(void)
{
	for (size_t k = 0; k < sizeof(bad_bodies) / sizeof(bad_bodies[0]); k++)
		expect(&bad_bodies[k]);
}

/* What is not malformed but beyond the chip: refused by kernel. */
static const struct {
	const char *text;
	uint32_t line;
	const char *says;
} refusals[] = {
	{BODY("frobnicate.x.y %r0, (1), {2};"), 6, "unknown instruction 'frobnicate.x.y'"},
	{BODY("tex.2d.v4.f32.f32 {%f0, %f1, %f2, %f3}, [t, {%f1, %f2}];"), 6,
	 "unknown instruction 'tex"},
	{BODY("\nelect.sync %r0|%q1, -1;"), 7, "'elect.sync' is not supported (tier 4)"},
	{BODY("@%q1 redux.sync.min.f32 %f0, %f1, -1;"), 6,
	 "'redux.sync.min.f32' is not supported (tier 4)"},
	{BODY("fma.rn.oob.f16 %h0, %h1, %h2, %h3;"), 6, "'fma.rn.oob.f16' is not supported"},
	{BODY("mma.sp.sync.aligned.m16n8k64.row.col.s32.s8.s8.s32 {%r0}, {%r1}, {%r2}, {%r0};"), 6,
	 "tier"},
	{BODY("wgmma.fence.sync.aligned;"), 6, "tier 4"},
	{BODY("wmma.mma.sync.aligned.row.col.m8n8k4.f64.f32.f32.f64 {%f0}, {%r1}, {%r2}, {%f0};"),
	 6, "'wmma' of these types is not supported"},
	{BODY("{ .param .b32 a; st.param.b32 [a+0], %r1; call.uni f, (a); }"), 6,
	 "call of 'f', which is declared on line 1 and defined nowhere"},
	{PTX_HEADER ".extern .func (.param .b32 r) vprintf(.param .b64 f);\n"
		    ".entry k() { { .param .b64 f; .param .b32 r;\ncall (r), vprintf, (f); } }",
	 6, "call of 'vprintf', which line 3 declares with other parameters than CUDA has"},
	{PTX_HEADER ".extern .func __assertfail(.param .b64 m);\n"
		    ".entry k() { { .param .b64 m;\ncall __assertfail, (m); } }",
	 6, "call of '__assertfail', which line 3 declares"},
	{BODY("ld.shared::cluster.u32 %r0, [%d1];"), 6, "'ld.shared::cluster.u32'"},
	{BODY("mov.b64 %d0, f;"), 6, "address of 'f'"},
	{BODY("ld.global.u32 %r0, [outside];"), 6,
	 "'outside' is declared .extern and defined nowhere"},
};

static void test_refusals(void)
{
	static const char others[] =
		".extern .func f(.param .b32 a);\n.extern .global .u32 outside;\n";
	char text[2048];

	for (size_t k = 0; k < sizeof(refusals) / sizeof(refusals[0]); k++) {
		/* declared in front on the header's last line, so that lines stay */
		snprintf(text, sizeof(text), ".version 8.0 .target sm_80 %s %s", others,
			 refusals[k].text + strlen(PTX_HEADER));
		struct road_gpu_image *image = compile_text(text, strlen(text), 0, 1);
		uint32_t line = refusals[k].line - 1;

		if (!image)
			continue;
		const struct road_gpu_kernel *kernel = image_kernel(image, 0);
		const char *says = image_string(image, kernel->error);
		bool good = kernel->flags & ROAD_GPU_KERNEL_REFUSED && kernel->error_line == line &&
			    strstr(says, refusals[k].says);

		CU_ASSERT_TRUE(good);
		if (!good)
			printf("# %s\n# line %u: %s\n", text, kernel->error_line, says);
		free(image);
	}
}

static void test_other_kernels(void)
{
	static const char text[] = PTX_HEADER
		".func (.param .b32 r) helper(.param .b32 a) { .reg .b32 %x; ld.param.b32 %x, [a]; "
		"st.param.b32 [r], %x; ret; }\n"
		".entry first() { .reg .b32 %r; elect.sync %r; ret; }\n"
		".entry second() { ret; }\n";
	struct road_gpu_image *image = compile_text(text, sizeof(text) - 1, 0, 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	CU_ASSERT_EQUAL(image->kernels.count, 2);
	CU_ASSERT_TRUE(image_kernel(image, 0)->flags & ROAD_GPU_KERNEL_REFUSED);
	CU_ASSERT_FALSE(image_kernel(image, 1)->flags & ROAD_GPU_KERNEL_REFUSED);
	CU_ASSERT_EQUAL(image_kernel(image, 1)->word_count, 1);
	free(image);
}

/* Deep, long and tangled texts end in time and without a deep stack. */
static void expect_any(const char *text, size_t bytes)
{
	struct road_ptx_error error;
	void *image;
	size_t image_bytes;

	if (!road_ptx_compile(text, bytes, NULL, &image, &image_bytes, &error))
		free(image);
	else
		CU_ASSERT_NOT_EQUAL(error.text[0], '\0');
}

static void repeat(const char *before, const char *unit, unsigned count, const char *after)
{
	size_t bytes = strlen(before) + strlen(unit) * count + strlen(after) + 1, at = 0;
	char *text = malloc(bytes);

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	at += (size_t)snprintf(text, bytes, "%s", before);
	for (unsigned k = 0; k < count; k++, at += strlen(unit))
		memcpy(text + at, unit, strlen(unit));
	strcpy(text + at, after);
	expect_any(text, strlen(text));
	free(text);
}

static void test_hostile(void)
{
	static const char entry[] =
		PTX_HEADER ".entry k() { .reg .b32 %r<2000000000>; .reg .pred %p;\n";

	repeat(PTX_HEADER ".global .u32 x = ", "(", 100000, "");
	repeat(PTX_HEADER ".global .u32 x = ", "-", 100000, "1;");
	repeat(PTX_HEADER ".global .u32 x = ", "1?", 100000, "");
	repeat(PTX_HEADER ".global .u32 x[1] = ", "{", 100000, "");
	repeat(entry, "{", 100000, "");
	repeat(entry, "{L: bra L;} ", 20000, "ret; }");
	repeat(entry, "@%p bra L; ", 50000, "L: ret; }");
	repeat(entry, "@%p bra L; add.u32 %r1, %r1, 1; ", 30000, "L: ret; }");
	repeat(entry, "mov.u32 %r1999999999, %r0;", 50000, "ret; }");
	repeat(entry, "ret;", 100000, "}");
	repeat(PTX_HEADER, ".func f(); ", 50000, "");
	repeat("", "/**/", 100000, "");
}

static const struct tap_case cases[] = {
	{"malformed modules are refused with line, column and reason", test_modules},
	{"malformed function bodies are refused with line, column and reason", test_bodies},
	{"what the chip lacks refuses the kernel, with opcode and line", test_refusals},
	{"a refused kernel leaves the module's others usable", test_other_kernels},
	{"deep, long and tangled texts end", test_hostile},
};

TAP_MAIN(cases)
