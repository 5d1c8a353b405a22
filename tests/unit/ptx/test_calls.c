/* SPDX-License-Identifier: Apache-2.0 */
/* Functions in all the ways that PTX has of calling them, compiled in several ways. */
#include "tests/unit/ptx/support.h"

#define KERNEL                                                   \
	".entry k(.param .u64 out, .param .u32 n) {\n"           \
	".reg .b32 %r<20>; .reg .b64 %d<9>; .reg .pred %p<3>;\n" \
	"ld.param.u64 %d1, [out]; ld.param.u32 %r1, [n];\n"

static const char forms[] = PTX_HEADER
	".func (.reg .u32 %res) inc(.reg .u32 %ptr, .reg .u64 %w) {\n"
	".reg .u32 %t; cvt.u32.u64 %t, %w; add.u32 %res, %ptr, %t; ret; }\n"
	".func stop() .noreturn;\n"
	".func stop() .noreturn { trap; }\n"
	".func (.param .b32 r) twice(.param .b32 a) {\n"
	".reg .b32 %x; ld.param.b32 %x, [a]; add.u32 %x, %x, %x; st.param.b32 [r], %x; ret.uni; }\n"
	".func (.param .b32 r) same(.param .b32 a);\n"
	".alias same, twice;\n"
	".weak .func (.param .b32 r) thrice(.param .b32 a) {\n"
	".reg .b32 %x; ld.param.b32 %x, [a]; mul.lo.u32 %x, %x, 3; st.param.b32 [r], %x; }\n"
	".global .align 8 .u64 table[2] = {twice, generic(thrice)};\n" KERNEL
	"call (%r2), inc, (%r1, 40);\n"
	"setp.gt.u32 %p1, %r1, 1000;\n@%p1 call stop;\n"
	"{ .param .b32 a; .param .b32 b; st.param.b32 [a], %r2; call.uni (b), same, (a); "
	"ld.param.b32 %r3, [b]; }\n"
	"mov.u64 %d2, thrice;\n"
	"proto: .callprototype (.param .b32 _) _ (.param .b32 _);\n"
	"{ .param .b32 a; .param .b32 b; st.param.b32 [a], %r3; call (b), %d2, (a), proto; "
	"ld.param.b32 %r4, [b]; }\n"
	"ld.global.u64 %d3, [table];\n"
	"targets: .calltargets twice, thrice;\n"
	"call (%r5), %d3, (%r4), targets;\n"
	"st.global.u32 [%d1], %r5; ret; }\n";

/* n! with what is needed behind the call in a row, a pair and a predicate; a local variable. */
static const char recursion[] = PTX_HEADER
	".func (.param .b32 r) fact(.param .b32 a) {\n"
	".local .align 8 .b8 own[16]; .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<3>;\n"
	"ld.param.b32 %r1, [a]; mov.u32 %r3, 1; setp.lt.u32 %p1, %r1, 2; @%p1 bra END;\n"
	"st.local.u32 [own+8], %r1; cvt.u64.u32 %d1, %r1; sub.u32 %r2, %r1, 1;\n"
	"and.b32 %r4, %r1, 1; setp.ne.u32 %p2, %r4, 0;\n"
	"{ .param .b32 x; .param .b32 y; st.param.b32 [x], %r2; call (y), fact, (x); "
	"ld.param.b32 %r3, [y]; }\n"
	"cvt.u32.u64 %r5, %d1; ld.local.u32 %r6, [own+8];\n"
	"@%p2 mul.lo.u32 %r3, %r3, %r5; @!%p2 mul.lo.u32 %r3, %r3, %r6;\n"
	"END: st.param.b32 [r], %r3; ret; }\n" KERNEL
	"{ .param .b32 x; .param .b32 y; st.param.b32 [x], %r1; call (y), fact, (x); "
	"ld.param.b32 %r2, [y]; }\n"
	"st.global.u32 [%d1], %r2; ret; }\n";

static const char stack[] = PTX_HEADER KERNEL
	"stacksave.u64 %d4;\nalloca.u64 %d5, %d7, 64;\nalloca.u32 %r9, 100, 64;\n"
	"st.local.u32 [%r9+4], %r1; ld.local.u32 %r6, [%r9+4];\n"
	"and.b32 %r7, %r9, 63; add.u32 %r6, %r6, %r7;\n"
	"stackrestore.u64 %d4;\nstacksave.u64 %d6; sub.u64 %d6, %d6, %d4; cvt.u32.u64 %r8, %d6;\n"
	"add.u32 %r6, %r6, %r8; st.global.u32 [%d1], %r6; ret; }\n";

static const char too_much[] = PTX_HEADER KERNEL "alloca.u32 %r2, %r1;\nret; }\n";

static const struct {
	uint32_t regs, optimise;
} ways[] = {{0, 1}, {0, 0}, {14, 1}, {14, 0}};

static struct machine machine;

/* Runs kernel 0 with n; *out receives what it stored. */
static bool run(const char *text, uint32_t n, unsigned way, uint32_t *out)
{
	struct road_gpu_image *image =
		compile_text(text, strlen(text), ways[way].regs, ways[way].optimise);
	const uint64_t address = MACHINE_GLOBAL;

	CU_ASSERT_PTR_NOT_NULL_FATAL(image);
	memset(&machine, 0, sizeof(machine));
	machine.image = image;
	for (unsigned i = 0; i < 3; i++)
		machine.ntid[i] = machine.nctaid[i] = 1;
	machine.steps = 100000;
	memcpy(machine.params, &address, sizeof(address));
	memcpy(machine.params + 8, &n, sizeof(n));
	CU_ASSERT_STRING_EQUAL(image_string(image, image_kernel(image, 0)->error), "");
	bool good = machine_run(&machine);

	memcpy(out, machine.global, sizeof(*out));
	free(image);
	return good;
}

static void expect(const char *text, uint32_t n, uint32_t expected)
{
	for (unsigned way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
		uint32_t out;
		bool good = run(text, n, way, &out);

		if (!good || out != expected)
			printf("# way %u: %u, not %u; %s\n", way, out, expected,
			       machine.fault ? machine.fault : "no fault");
		CU_ASSERT(good && out == expected);
	}
}

static void test_forms(void)
{
	uint32_t out;

	expect(forms, 5, (5 + 40) * 2 * 3 * 2);
	CU_ASSERT_FALSE(run(forms, 1001, 0, &out));
	CU_ASSERT_STRING_EQUAL(machine.fault, "trap");
}

static void test_recursion(void)
{
	uint32_t out;

	expect(recursion, 1, 1);
	expect(recursion, 10, 3628800);
	CU_ASSERT_FALSE(run(recursion, 60, 0, &out));
	CU_ASSERT_STRING_EQUAL(machine.fault, "stack overflow");
}

static void test_stack(void)
{
	uint32_t out;

	expect(stack, 77, 77);
	for (unsigned k = 0; k < 3; k++) {
		const uint32_t sizes[] = {MACHINE_LOCAL_BYTES + 1, 0xfffffff1, UINT32_MAX};

		CU_ASSERT_FALSE(run(too_much, sizes[k], 0, &out));
		CU_ASSERT_STRING_EQUAL(machine.fault, "stack overflow");
	}
	CU_ASSERT(run(too_much, MACHINE_LOCAL_BYTES - 16, 0, &out));
}

static void test_errors(void)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"call inc, (%r1);", "with 1 arguments and 0 results; declared with 1 and 1"},
		{"call (%r1), %d1, (%r2);", "without .callprototype or .calltargets"},
		{"call (%r1), %d1, (%r2), nowhere;", "'nowhere' is no .callprototype"},
		{"call (%r1), %r2, (%r3), p;\n", "'p' is no .callprototype"},
		{"call (%r1), k, (%r3);", "call of 'k', which is no function"},
	};
	char text[1024];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct road_ptx_error error;
		void *image;
		size_t bytes;

		snprintf(text, sizeof(text),
			 "%s.func (.reg .u32 %%a) inc(.reg .u32 %%b) { ret; }\n.entry k();\n"
			 ".entry l() { .reg .b32 %%r<4>; .reg .b64 %%d<4>; %s ret; }\n",
			 PTX_HEADER, rows[i].text);
		int result = road_ptx_compile(text, strlen(text), NULL, &image, &bytes, &error);
		bool good = result == -1 && strstr(error.text, rows[i].says);

		CU_ASSERT_TRUE(good);
		if (!good)
			printf("# %s: %d %s\n", rows[i].text, result, result ? error.text : "");
	}
}

static const struct tap_case cases[] = {
	{"functions are called by name, alias, pointer, prototype and list", test_forms},
	{"recursion keeps rows, pairs, predicates and local variables", test_recursion},
	{"the stack grows, aligned, comes back, and overflows by a fault", test_stack},
	{"malformed calls are refused with the reason", test_errors},
};

TAP_MAIN(cases)
