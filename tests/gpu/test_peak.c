/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peak rates as oracles: loops of nothing but the instructions that a rate is made of come close
 * to the property `peak.*` of their unit and type, and do not exceed it.
 */
#include "tests/gpu/run.h"

enum { TURNS = 128, EACH = 16, SETS = 4 };

/* "@" is the number of a set of accumulators: sets do not wait for each other. */
static const struct kind {
	const char *peak, *declare;
	const char *begin, *step, *end;
	uint32_t warp_ops; /* operations of a warp's instruction */
} kinds[] = {
	{"peak.vector.f32", ".reg .f32 %a, %b, %c<4>; mov.f32 %a, 0f3f800000; mov.f32 %b, %a;",
	 "mov.f32 %c@, %a;", "fma.rn.f32 %c@, %c@, %a, %b;", "st.global.f32 [%o], %c@;", 32 * 2},
	{"peak.vector.f64",
	 ".reg .f64 %a, %b, %c<4>; mov.f64 %a, 0d3ff0000000000000; mov.f64 %b, %a;",
	 "mov.f64 %c@, %a;", "fma.rn.f64 %c@, %c@, %a, %b;", "st.global.f64 [%o], %c@;", 32 * 2},
	{"peak.vector.f16", ".reg .b32 %a, %b, %c<4>; mov.b32 %a, 0x3c003c00; mov.b32 %b, %a;",
	 "mov.b32 %c@, %a;", "fma.rn.f16x2 %c@, %c@, %a, %b;", "st.global.b32 [%o], %c@;", 32 * 4},
	{"peak.vector.bf16", ".reg .b32 %a, %b, %c<4>; mov.b32 %a, 0x3f803f80; mov.b32 %b, %a;",
	 "mov.b32 %c@, %a;", "fma.rn.bf16x2 %c@, %c@, %a, %b;", "st.global.b32 [%o], %c@;", 32 * 4},
	{"peak.vector.i32", ".reg .b32 %a, %b, %c<4>; ld.global.b32 %a, [%o]; add.u32 %b, %a, 5;",
	 "mov.b32 %c@, %a;", "mad.lo.u32 %c@, %c@, %a, %b;", "st.global.b32 [%o], %c@;", 32 * 2},
	{"peak.vector.i8", ".reg .b32 %a, %b, %c<4>; ld.global.b32 %a, [%o]; add.u32 %b, %a, 5;",
	 "mov.b32 %c@, %a;", "dp4a.s32.s32 %c@, %a, %b, %c@;", "st.global.b32 [%o], %c@;", 32 * 8},
#define MMA(type, shape, types, a, b, ops)                                                       \
	{                                                                                        \
		"peak.matrix." type,                                                             \
			".reg .b32 %a<4>, %b<2>, %c<4>, %d<4>, %e<4>, %f<4>;"                    \
			"mov.b32 %a0, 0; mov.b32 %a1, 1; mov.b32 %a2, 2; mov.b32 %a3, 3;"        \
			"mov.b32 %b0, 0; mov.b32 %b1, 1;",                                       \
			"mov.b32 %c@, 0; mov.b32 %d@, 0; mov.b32 %e@, 0; mov.b32 %f@, 0;",       \
			"mma.sync.aligned." shape ".row.col." types " {%c@, %d@, %e@, %f@}, {" a \
			"}, {" b "}, {%c@, %d@, %e@, %f@};",                                     \
			"st.global.b32 [%o], %c@;", ops                                          \
	}
	MMA("f16", "m16n8k16", "f32.f16.f16.f32", "%a0, %a1, %a2, %a3", "%b0, %b1",
	    2 * 16 * 8 * 16),
	MMA("bf16", "m16n8k16", "f32.bf16.bf16.f32", "%a0, %a1, %a2, %a3", "%b0, %b1",
	    2 * 16 * 8 * 16),
	MMA("tf32", "m16n8k8", "f32.tf32.tf32.f32", "%a0, %a1, %a2, %a3", "%b0, %b1",
	    2 * 16 * 8 * 8),
	MMA("i8", "m16n8k32", "s32.s8.s8.s32", "%a0, %a1, %a2, %a3", "%b0, %b1", 2 * 16 * 8 * 32),
#undef MMA
	{"peak.matrix.f64",
	 ".reg .f64 %a, %b, %c<4>, %d<4>; mov.f64 %a, 0d3ff0000000000000; mov.f64 %b, %a;",
	 "mov.f64 %c@, %a; mov.f64 %d@, %a;",
	 "mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%c@, %d@}, {%a}, {%b}, {%c@, %d@};",
	 "st.global.f64 [%o], %c@;", 2 * 8 * 8 * 4},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void add(char *ptx, size_t bytes, const char *text, unsigned set)
{
	size_t used = strlen(ptx);

	for (; *text && used + 2 < bytes; text++)
		ptx[used++] = *text == '@' ? (char)('0' + set) : *text;
	ptx[used++] = '\n';
	ptx[used] = 0;
}

static void make_kernel(char *ptx, size_t bytes, const struct kind *kind)
{
	ptx[0] = 0;
	add(ptx, bytes,
	    ".version 7.8\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 out, "
	    ".param .u32 turns)\n{\n.reg .b64 %o; .reg .u32 %n; .reg .pred %p;\n"
	    "ld.param.u64 %o, [out]; ld.param.u32 %n, [turns];",
	    0);
	add(ptx, bytes, kind->declare, 0);
	for (unsigned set = 0; set < SETS; set++)
		add(ptx, bytes, kind->begin, set);
	add(ptx, bytes, "again:", 0);
	for (unsigned i = 0; i < EACH; i++)
		add(ptx, bytes, kind->step, i % SETS);
	add(ptx, bytes, "sub.u32 %n, %n, 1; setp.ne.u32 %p, %n, 0; @%p bra again;", '@' - '0');
	for (unsigned set = 0; set < SETS; set++)
		add(ptx, bytes, kind->end, set);
	add(ptx, bytes, "ret;\n}", 0);
}

static double peak_of(const struct fixture *f, const char *name)
{
	road_property property = {.size = sizeof(property)};

	if (road_device_property(f->device, name, &property))
		tell_error(name);
	CU_ASSERT_EQUAL_FATAL(property.type, ROAD_VALUE_U64);
	CU_ASSERT_STRING_EQUAL(property.unit, "1/s");
	CU_ASSERT_EQUAL(property.source, ROAD_SOURCE_ASSUMED); /* as all of the chip's file is */
	return (double)property.u64;
}

/* Of the launch, launching included. */
static double rate_of(struct fixture *f, const struct kind *kind)
{
	static char ptx[1 << 13];
	static uint64_t word;
	const struct run run = {.ptx = ptx,
				.kernel = "k",
				.grid = {8, 1, 1},
				.block = {256, 1, 1},
				.arguments = {{.data = &word, .count = 2}, {.number = TURNS}},
				.argument_count = 2};
	uint64_t ns = 0;

	make_kernel(ptx, sizeof(ptx), kind);
	CU_ASSERT_EQUAL_FATAL(run_kernel(f, &run, &ns), ROAD_OK);
	return (double)kind->warp_ops * run.grid.x * (run.block.x / 32) * TURNS * EACH * 1e9 /
	       (double)ns;
}

static void no_kernel_exceeds_its_peak(void)
{
	struct fixture f = setup("sim:gpu-small?time=approx");

	for (uint32_t i = 0; i < KINDS; i++) {
		const double peak = peak_of(&f, kinds[i].peak), rate = rate_of(&f, &kinds[i]);

		printf("# %s: %.4g of %.4g\n", kinds[i].peak, rate, peak);
		CU_ASSERT(rate <= peak);
		CU_ASSERT(rate >= 0.5 * peak); /* else the bound would say little */
	}
	teardown(&f);
}

/* A quarter of the units at half the clock. */
static void fewer_units_and_another_clock_are_another_peak(void)
{
	struct fixture all = setup("sim:gpu-small"),
		       less = setup("sim:gpu-small@1?cores=1&clock=500");

	for (uint32_t i = 0; i < KINDS; i++)
		CU_ASSERT_EQUAL(peak_of(&less, kinds[i].peak) * 8, peak_of(&all, kinds[i].peak));
	teardown(&less);
	teardown(&all);
}

static const struct tap_case cases[] = {
	{"loops of one instruction come close to its peak rate, and not above",
	 no_kernel_exceeds_its_peak},
	{"peak rates follow units and clock", fewer_units_and_another_clock_are_another_peak},
};

TAP_MAIN(cases)
