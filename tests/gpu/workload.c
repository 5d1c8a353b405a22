/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stddef.h>

#include "tests/gpu/workload.h"

#include <sys/mman.h>
#include <unistd.h>

#define HEAD ".version 7.0\n.target sm_80\n.address_size 64\n"

#define BUFFER(n)             \
	{                     \
		.words = (n), \
	}
#define ZEROS(n)                                     \
	{                                            \
		.kind = WORKLOAD_ZEROS, .words = (n) \
	}
#define HALVES(n)                                     \
	{                                             \
		.kind = WORKLOAD_HALVES, .words = (n) \
	}
#define NUMBER(n)                                      \
	{                                              \
		.kind = WORKLOAD_NUMBER, .number = (n) \
	}
#define REAL(x)                                     \
	{                                           \
		.kind = WORKLOAD_FLOAT, .real = (x) \
	}

/* Workgroups everywhere read and write the same words: what each sees depends on when. */
static const char meddle[] = HEAD ".visible .entry meddle(.param .u64 p, .param .u64 q)\n"
				  "{\n"
				  "\t.reg .b64 %rd<6>;\n"
				  "\t.reg .b32 %r<12>;\n"
				  "\t.reg .pred %p<2>;\n"
				  "\tld.param.u64 %rd1, [p];\n"
				  "\tld.param.u64 %rd4, [q];\n"
				  "\tmov.u32 %r1, %tid.x;\n"
				  "\tmov.u32 %r2, %ctaid.x;\n"
				  "\tmad.lo.s32 %r3, %r2, 37, %r1;\n"
				  "\tmov.u32 %r5, 0;\n"
				  "$L:\n"
				  "\tand.b32 %r4, %r3, 1023;\n"
				  "\tmul.wide.u32 %rd2, %r4, 4;\n"
				  "\tadd.s64 %rd3, %rd1, %rd2;\n"
				  "\tld.volatile.global.u32 %r6, [%rd3];\n"
				  "\tmad.lo.s32 %r3, %r6, 1664525, %r2;\n"
				  "\tshr.u32 %r7, %r3, 7;\n"
				  "\txor.b32 %r3, %r3, %r7;\n"
				  "\tst.global.u32 [%rd3], %r3;\n"
				  "\tmembar.gl;\n"
				  "\tadd.s32 %r5, %r5, 1;\n"
				  "\tsetp.lt.u32 %p1, %r5, 12;\n"
				  "\t@%p1 bra $L;\n"
				  "\tmov.u32 %r8, %clock;\n"
				  "\tmov.u32 %r9, %smid;\n"
				  "\tadd.s32 %r8, %r8, %r9;\n"
				  "\tmov.u32 %r10, %ntid.x;\n"
				  "\tmad.lo.s32 %r11, %r2, %r10, %r1;\n"
				  "\tmul.wide.u32 %rd2, %r11, 4;\n"
				  "\tadd.s64 %rd5, %rd4, %rd2;\n"
				  "\tst.global.u32 [%rd5], %r8;\n"
				  "\tret;\n"
				  "}\n";

/* Generic addresses, odd lanes in shared memory; narrow and wide pieces; local memory; lanes that
 * take turns of different length. */
static const char spaces[] = HEAD ".visible .entry spaces(.param .u64 p, .param .u64 q)\n"
				  "{\n"
				  "\t.reg .b64 %rd<16>;\n"
				  "\t.reg .b32 %r<20>;\n"
				  "\t.reg .b16 %h<4>;\n"
				  "\t.reg .pred %p<4>;\n"
				  "\t.shared .align 16 .b8 tile[8192];\n"
				  "\t.local .align 16 .b8 own[64];\n"
				  "\tld.param.u64 %rd1, [p];\n"
				  "\tld.param.u64 %rd2, [q];\n"
				  "\tmov.u32 %r1, %tid.x;\n"
				  "\tmov.u32 %r2, %ctaid.x;\n"
				  "\tmov.u32 %r3, %ntid.x;\n"
				  "\tmad.lo.s32 %r4, %r2, %r3, %r1;\n"
				  "\tmul.wide.u32 %rd3, %r4, 16;\n"
				  "\tadd.s64 %rd4, %rd1, %rd3;\n"
				  "\tld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd4];\n"
				  "\tmov.u64 %rd5, tile;\n"
				  "\tcvta.shared.u64 %rd6, %rd5;\n"
				  "\tmul.wide.u32 %rd7, %r1, 16;\n"
				  "\tadd.s64 %rd6, %rd6, %rd7;\n"
				  "\tadd.s64 %rd8, %rd2, %rd3;\n"
				  "\tand.b32 %r9, %r1, 1;\n"
				  "\tsetp.eq.u32 %p1, %r9, 1;\n"
				  "\tselp.b64 %rd9, %rd6, %rd8, %p1;\n"
				  "\tst.v2.u32 [%rd9], {%r5, %r7};\n"
				  "\tst.u16 [%rd9+8], %r6;\n"
				  "\tst.u8 [%rd9+11], %r8;\n"
				  "\tbar.sync 0;\n"
				  "\tld.v2.u32 {%r10, %r11}, [%rd9];\n"
				  "\tld.s16 %r12, [%rd9+8];\n"
				  "\tld.u8 %r13, [%rd9+11];\n"
				  "\tmov.u32 %r14, 0;\n"
				  "\tand.b32 %r15, %r5, 15;\n"
				  "$L:\n"
				  "\tand.b32 %r16, %r14, 15;\n"
				  "\tmul.wide.u32 %rd10, %r16, 4;\n"
				  "\tmov.u64 %rd11, own;\n"
				  "\tadd.s64 %rd12, %rd11, %rd10;\n"
				  "\tst.local.u32 [%rd12], %r10;\n"
				  "\tadd.s32 %r10, %r10, %r12;\n"
				  "\tadd.s32 %r14, %r14, 1;\n"
				  "\tsetp.le.u32 %p2, %r14, %r15;\n"
				  "\t@%p2 bra $L;\n"
				  "\tand.b32 %r17, %r13, 12;\n"
				  "\tmul.wide.u32 %rd10, %r17, 1;\n"
				  "\tadd.s64 %rd12, %rd11, %rd10;\n"
				  "\tld.local.u32 %r18, [%rd12];\n"
				  "\tadd.s32 %r18, %r18, %r11;\n"
				  "\tst.global.u32 [%rd8+12], %r18;\n"
				  "\tadd.s64 %rd13, %rd8, 4;\n"
				  "\t@%p1 st.global.u16 [%rd13+1022], %r13;\n"
				  "\tret;\n"
				  "}\n";

/* The higher half of the grid runs off the buffer's end while others still store. */
static const char astray[] = HEAD ".visible .entry astray(.param .u64 p)\n"
				  "{\n"
				  "\t.reg .b64 %rd<4>;\n"
				  "\t.reg .b32 %r<6>;\n"
				  "\tld.param.u64 %rd1, [p];\n"
				  "\tmov.u32 %r1, %tid.x;\n"
				  "\tmov.u32 %r2, %ctaid.x;\n"
				  "\tmov.u32 %r3, %ntid.x;\n"
				  "\tmad.lo.s32 %r4, %r2, %r3, %r1;\n"
				  "\tmul.lo.s32 %r5, %r4, %r2;\n"
				  "\tmul.wide.u32 %rd2, %r5, 128;\n"
				  "\tadd.s64 %rd3, %rd1, %rd2;\n"
				  "\tst.global.u32 [%rd3], %r4;\n"
				  "\tst.global.u32 [%rd3+64], %r2;\n"
				  "\tret;\n"
				  "}\n";

/*
 * Even lanes of four warps, which come at different times, meet at a barrier of their own while the
 * odd ones go round a loop; then all meet. Lane by lane: what the even lane of the next warp wrote,
 * or how often the odd one went round.
 */
static const char partial[] = HEAD ".visible .entry partial(.param .u64 p)\n"
				   "{\n"
				   "\t.reg .b64 %rd<8>;\n"
				   "\t.reg .b32 %r<20>;\n"
				   "\t.reg .pred %p<4>;\n"
				   "\t.shared .align 4 .b8 tile[512];\n"
				   "\tld.param.u64 %rd1, [p];\n"
				   "\tmov.u32 %r1, %tid.x;\n"
				   "\tmov.u32 %r2, %ctaid.x;\n"
				   "\tshr.u32 %r3, %r1, 5;\n"
				   "\tmul.lo.s32 %r4, %r3, 9;\n"
				   "\tmov.u32 %r5, 1;\n"
				   "$A:\n"
				   "\tmad.lo.s32 %r5, %r5, 3, 1;\n"
				   "\tsub.s32 %r4, %r4, 1;\n"
				   "\tsetp.ge.s32 %p1, %r4, 0;\n"
				   "\t@%p1 bra $A;\n"
				   "\tmov.u64 %rd2, tile;\n"
				   "\tand.b32 %r6, %r1, 1;\n"
				   "\tsetp.eq.u32 %p2, %r6, 1;\n"
				   "\t@%p2 bra $ODD;\n"
				   "\tadd.s32 %r7, %r5, %r1;\n"
				   "\tmul.wide.u32 %rd3, %r1, 4;\n"
				   "\tadd.s64 %rd4, %rd2, %rd3;\n"
				   "\tst.shared.u32 [%rd4], %r7;\n"
				   "\tbar.sync 1, 64;\n"
				   "\tadd.s32 %r8, %r1, 32;\n"
				   "\tand.b32 %r8, %r8, 127;\n"
				   "\tmul.wide.u32 %rd3, %r8, 4;\n"
				   "\tadd.s64 %rd4, %rd2, %rd3;\n"
				   "\tld.shared.u32 %r10, [%rd4];\n"
				   "\tbra $JOIN;\n"
				   "$ODD:\n"
				   "\tand.b32 %r11, %r1, 6;\n"
				   "\tmad.lo.s32 %r11, %r11, 5, 40;\n"
				   "\tmov.u32 %r10, 0;\n"
				   "$B:\n"
				   "\tadd.s32 %r10, %r10, 1;\n"
				   "\tsetp.lt.u32 %p3, %r10, %r11;\n"
				   "\t@%p3 bra $B;\n"
				   "$JOIN:\n"
				   "\tbar.sync 0;\n"
				   "\tmov.u32 %r12, %ntid.x;\n"
				   "\tmad.lo.s32 %r13, %r2, %r12, %r1;\n"
				   "\tmul.wide.u32 %rd5, %r13, 4;\n"
				   "\tadd.s64 %rd6, %rd1, %rd5;\n"
				   "\tst.global.u32 [%rd6], %r10;\n"
				   "\tret;\n"
				   "}\n";

static void expect_partial(const uint32_t *out, uint32_t count)
{
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t tid = i % 128, next = (tid + 32) % 128, value = 1;

		for (uint32_t n = 0; n <= next / 32 * 9; n++)
			value = value * 3 + 1;
		wrong += out[i] != (tid & 1 ? (tid & 6) * 5 + 40 : value + next);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/*
 * Every thread takes one lock and writes its number where the counter behind it points: the order
 * in which they came is the result. [p] lock, [p+4] counter, [p+8] numbers.
 */
static const char locked[] = HEAD ".visible .entry locked(.param .u64 p)\n"
				  "{\n"
				  "\t.reg .b64 %rd<6>;\n"
				  "\t.reg .b32 %r<10>;\n"
				  "\t.reg .pred %p<2>;\n"
				  "\tld.param.u64 %rd1, [p];\n"
				  "\tmov.u32 %r1, %tid.x;\n"
				  "\tmov.u32 %r2, %ctaid.x;\n"
				  "\tmov.u32 %r3, %ntid.x;\n"
				  "\tmad.lo.s32 %r4, %r2, %r3, %r1;\n"
				  "$again:\n"
				  "\tatom.acquire.gpu.global.cas.b32 %r5, [%rd1], 0, 1;\n"
				  "\tsetp.ne.s32 %p1, %r5, 0;\n"
				  "\t@%p1 bra $again;\n"
				  "\tld.volatile.global.u32 %r6, [%rd1+4];\n"
				  "\tmul.wide.u32 %rd2, %r6, 4;\n"
				  "\tadd.s64 %rd3, %rd1, %rd2;\n"
				  "\tst.volatile.global.u32 [%rd3+8], %r4;\n"
				  "\tadd.s32 %r6, %r6, 1;\n"
				  "\tst.volatile.global.u32 [%rd1+4], %r6;\n"
				  "\tmembar.gl;\n"
				  "\tatom.release.gpu.global.exch.b32 %r7, [%rd1], 0;\n"
				  "\tret;\n"
				  "}\n";

/* Both runs: each thread once, then each once more. */
static void expect_locked(const uint32_t *out, uint32_t count)
{
	uint32_t threads = (count - 2) / 2, wrong = 0;

	CU_ASSERT_EQUAL(out[0], 0);
	CU_ASSERT_EQUAL(out[1], 2 * threads);
	for (uint32_t run = 0; run < 2; run++) {
		const uint32_t *order = out + 2 + run * threads;
		bool *seen = calloc(threads, sizeof(*seen));

		for (uint32_t i = 0; seen && i < threads; i++) {
			wrong += order[i] >= threads || seen[order[i]];
			seen[order[i] < threads ? order[i] : 0] = true;
		}
		free(seen);
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/*
 * Atomics of all kinds on few words: tickets, whose order is stored; sums of floats that depend on
 * the order; the largest, a chain of exchanges, compare-and-swap loops; in shared memory too.
 */
static const char tickets[] = HEAD ".visible .entry tickets(.param .u64 p, .param .u64 q)\n"
				   "{\n"
				   "\t.reg .b64 %rd<12>;\n"
				   "\t.reg .b32 %r<24>;\n"
				   "\t.reg .f32 %f<6>;\n"
				   "\t.reg .pred %p<4>;\n"
				   "\t.shared .align 8 .b8 s[16];\n"
				   "\tld.param.u64 %rd1, [p];\n"
				   "\tld.param.u64 %rd2, [q];\n"
				   "\tmov.u32 %r1, %tid.x;\n"
				   "\tmov.u32 %r2, %ctaid.x;\n"
				   "\tmov.u32 %r3, %ntid.x;\n"
				   "\tmad.lo.s32 %r4, %r2, %r3, %r1;\n"
				   "\tsetp.ne.u32 %p1, %r1, 0;\n"
				   "\t@!%p1 st.shared.u32 [s], 0;\n"
				   "\tbar.sync 0;\n"
				   "\tatom.shared.add.u32 %r5, [s], 1;\n"
				   "\tatom.global.inc.u32 %r6, [%rd1], 5000;\n"
				   "\tmul.wide.u32 %rd3, %r6, 8;\n"
				   "\tadd.s64 %rd4, %rd2, %rd3;\n"
				   "\tst.global.u32 [%rd4], %r4;\n"
				   "\tcvt.rn.f32.u32 %f1, %r4;\n"
				   "\tsqrt.approx.f32 %f1, %f1;\n"
				   "\tatom.global.add.f32 %f2, [%rd1+4], %f1;\n"
				   "\tred.global.add.f32 [%rd1+8], %f2;\n"
				   "\tatom.global.exch.b32 %r7, [%rd1+12], %r4;\n"
				   "\txor.b32 %r7, %r7, %r5;\n"
				   "\tst.global.u32 [%rd4+4], %r7;\n"
				   "\tcvt.u64.u32 %rd5, %r7;\n"
				   "\tatom.global.max.u64 %rd6, [%rd1+16], %rd5;\n"
				   "$again:\n"
				   "\tld.volatile.global.u32 %r8, [%rd1+24];\n"
				   "\tmad.lo.s32 %r9, %r8, 1664525, %r4;\n"
				   "\tatom.global.cas.b32 %r10, [%rd1+24], %r8, %r9;\n"
				   "\tsetp.ne.u32 %p2, %r10, %r8;\n"
				   "\t@%p2 bra $again;\n"
				   "\tred.global.xor.b32 [%rd1+28], %r9;\n"
				   "\tret;\n"
				   "}\n";

const struct workload workloads[] = {
	{.name = "partial",
	 .ptx = partial,
	 .grid = {70, 1, 1},
	 .block = {128, 1, 1},
	 .argument_count = 1,
	 .arguments = {BUFFER(8960)},
	 .expect = expect_partial},
	{.name = "vecadd",
	 .file = "nvcc/vecadd.sm80.ptx",
	 .grid = {300, 1, 1},
	 .block = {256, 1, 1},
	 .argument_count = 4,
	 .arguments = {BUFFER(76800), BUFFER(76800), BUFFER(76800), NUMBER(76700)}},
	{.name = "saxpy",
	 .file = "nvcc/saxpy.sm80.ptx",
	 .grid = {216, 1, 1},
	 .block = {256, 1, 1},
	 .argument_count = 4,
	 .arguments = {REAL(2.5f), BUFFER(131072), BUFFER(131072), NUMBER(131000)}},
	{.name = "transpose",
	 .file = "nvcc/transpose.sm80.ptx",
	 .grid = {12, 10, 1},
	 .block = {32, 8, 1},
	 .argument_count = 4,
	 .arguments = {BUFFER(111000), BUFFER(111000), NUMBER(370), NUMBER(300)}},
	{.name = "gemm_tiled",
	 .file = "nvcc/gemm_tiled.sm80.ptx",
	 .grid = {12, 11, 1},
	 .block = {16, 16, 1},
	 .argument_count = 6,
	 .arguments = {BUFFER(8448), BUFFER(9216), BUFFER(33792), NUMBER(176), NUMBER(192),
		       NUMBER(48)}},
	{.name = "softmax",
	 .file = "nvcc/softmax.sm80.ptx",
	 .grid = {60, 1, 1},
	 .block = {128, 1, 1},
	 .argument_count = 3,
	 .arguments = {BUFFER(30000), BUFFER(30000), NUMBER(500)}},
	{.name = "matvec",
	 .file = "clang/matvec.ptx",
	 .grid = {90, 1, 1},
	 .block = {64, 1, 1},
	 .argument_count = 4,
	 .arguments = {BUFFER(27000), BUFFER(300), BUFFER(90), NUMBER(300)}},
	{.name = "mandelbrot",
	 .file = "clang/mandelbrot.ptx",
	 .grid = {2, 60, 1},
	 .block = {64, 1, 1},
	 .argument_count = 4,
	 .arguments = {BUFFER(7200), NUMBER(120), NUMBER(40), REAL(0.025f)}},
	{.name = "integers",
	 .file = "clang/integers.ptx",
	 .grid = {50, 1, 1},
	 .block = {96, 1, 1},
	 .argument_count = 5,
	 .arguments = {BUFFER(9600), BUFFER(4800), BUFFER(2400), BUFFER(9600), NUMBER(4790)}},
	{.name = "vectors",
	 .file = "clang/vectors.ptx",
	 .grid = {80, 1, 1},
	 .block = {64, 1, 1},
	 .argument_count = 6,
	 .arguments = {BUFFER(20480), BUFFER(5120), BUFFER(10240), BUFFER(20480), BUFFER(5120),
		       NUMBER(5100)}},
	{.name = "meddle",
	 .ptx = meddle,
	 .grid = {250, 1, 1},
	 .block = {96, 1, 1},
	 .argument_count = 2,
	 .arguments = {BUFFER(1024), BUFFER(24000)}},
	{.name = "spaces",
	 .ptx = spaces,
	 .grid = {120, 1, 1},
	 .block = {96, 1, 1},
	 .argument_count = 2,
	 .arguments = {BUFFER(46080), BUFFER(47000)}},
	{.name = "reduce_shfl",
	 .file = "nvcc/reduce_shfl.sm80.ptx",
	 .grid = {60, 1, 1},
	 .block = {128, 1, 1},
	 .argument_count = 3,
	 .arguments = {BUFFER(30000), ZEROS(1), NUMBER(30000)}},
	{.name = "histogram",
	 .file = "nvcc/histogram.sm80.ptx",
	 .grid = {40, 1, 1},
	 .block = {96, 1, 1},
	 .argument_count = 3,
	 .arguments = {BUFFER(6000), ZEROS(256), NUMBER(24000)}},
	{.name = "layernorm",
	 .file = "nvcc/layernorm.sm80.ptx",
	 .grid = {50, 1, 1},
	 .block = {96, 1, 1},
	 .argument_count = 6,
	 .arguments = {BUFFER(10000), BUFFER(200), BUFFER(200), BUFFER(10000), NUMBER(200),
		       REAL(1e-5f)}},
	{.name = "mma_gemm",
	 .file = "nvcc/mma_sync.sm80.ptx",
	 .grid = {12, 5, 1},
	 .block = {32, 1, 1},
	 .argument_count = 6,
	 .arguments = {HALVES(80 * 64 / 2), HALVES(64 * 96 / 2), BUFFER(80 * 96), NUMBER(80),
		       NUMBER(96), NUMBER(64)}},
	{.name = "locked",
	 .ptx = locked,
	 .grid = {6, 1, 1},
	 .block = {10, 1, 1},
	 .argument_count = 1,
	 .arguments = {ZEROS(2 + 2 * 60)},
	 .expect = expect_locked},
	{.name = "tickets",
	 .ptx = tickets,
	 .grid = {30, 1, 1},
	 .block = {48, 1, 1},
	 .argument_count = 2,
	 .arguments = {ZEROS(8), ZEROS(2 * 5001)}},
	{.name = "astray",
	 .ptx = astray,
	 .grid = {200, 1, 1},
	 .block = {64, 1, 1},
	 .argument_count = 1,
	 .arguments = {BUFFER(400000)},
	 .ends = ROAD_FAULT},
};
const uint32_t workload_count = sizeof(workloads) / sizeof(workloads[0]);

/* FNV-1a. */
void workload_add(uint64_t *hash, const void *data, size_t bytes)
{
	for (const unsigned char *at = data, *end = at + bytes; at != end; at++)
		*hash = (*hash ^ *at) * UINT64_C(0x100000001b3);
}

static void fill(struct run_argument *to, const struct workload_argument *from, uint32_t seed)
{
	*to = (struct run_argument){.number = from->number};
	if (from->kind == WORKLOAD_FLOAT)
		memcpy(&to->number, &from->real, 4);
	if (from->kind == WORKLOAD_NUMBER || from->kind == WORKLOAD_FLOAT)
		return;
	float *data = calloc(from->words, sizeof(*data));

	CU_ASSERT_PTR_NOT_NULL_FATAL(data);
	to->data = data;
	to->count = from->words;
	for (uint32_t i = 0; i < from->words && from->kind != WORKLOAD_ZEROS; i++) {
		uint32_t halves;

		seed = seed * 1664525u + 1013904223u;
		data[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
		halves = (seed >> 3 & 0x83ff83ffu) | 0x38003800u; /* 0.5 to 1, and negative */
		if (from->kind == WORKLOAD_HALVES)
			memcpy(&data[i], &halves, sizeof(halves));
	}
}

/* Whatever warps do, each resident warp-cycle is an issue or one kind of stall; what a level asks
 * for is what the one below answers. */
static void check_balance(road_device *device)
{
	uint64_t resident = 0, explained = 0, asked = 0, answered = 0, value;
	const char *name;

	for (uint32_t i = 0; !road_sim_counter(device, i, &name, &value); i++) {
		resident += strcmp(name, "gpu.timing.resident_warp_cycles") ? 0 : value;
		explained += strcmp(name, "gpu.timing.warp_instructions") ? 0 : value;
		explained += strncmp(name, "gpu.stall.", 10) ? 0 : value;
		asked += strcmp(name, "gpu.l2.reads") ? 0 : value;
		answered += strcmp(name, "gpu.l2.near_hits") ? 0 : value;
		answered += strcmp(name, "gpu.l2.far_hits") ? 0 : value;
		answered += strcmp(name, "gpu.l2.misses") ? 0 : value;
	}
	CU_ASSERT_EQUAL(resident, explained);
	CU_ASSERT_EQUAL(asked, answered);
}

struct total {
	const char *counter;
	size_t member;
	bool timed; /* who models no time issues what it executes, what faults included */
};

#define TOTAL(counter, member, timed)                           \
	{                                                       \
		counter, offsetof(road_sim_line, member), timed \
	}

static const struct total totals[] = {
	TOTAL("gpu.warp_instructions", issues, false),
	TOTAL("gpu.thread_instructions", lanes, false),
	TOTAL("gpu.timing.warp_instructions", issues, true),
	TOTAL("gpu.timing.thread_instructions", lanes, true),
	TOTAL("gpu.stall.barrier", stall_barrier, true),
	TOTAL("gpu.stall.memory", stall_memory, true),
	TOTAL("gpu.stall.dependence", stall_dependence, true),
	TOTAL("gpu.stall.unit", stall_unit, true),
	TOTAL("gpu.stall.not_selected", stall_not_selected, true),
	TOTAL("gpu.memory.sectors", sectors, true),
	TOTAL("gpu.memory.sectors_ideal", sectors_ideal, true),
	TOTAL("gpu.shared.replays", replays, true),
};

/* What lines cost adds up to what all cost, and is part of the number. */
static void add_lines(uint64_t *hash, const struct fixture *f)
{
	road_sim_line line = {.size = sizeof(line)};
	uint64_t sums[sizeof(totals) / sizeof(totals[0])] = {0};
	uint32_t count = 0;

	for (; !road_sim_line_get(f->device, count, &line); count++) {
		workload_add(hash, &line, sizeof(line));
		for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++)
			sums[i] += *(uint64_t *)(void *)((char *)&line + totals[i].member);
	}
	for (size_t i = 0; count && i < sizeof(totals) / sizeof(totals[0]); i++) {
		uint64_t want = counter_of(f, totals[i].counter);

		if (totals[i].timed != line.timed)
			continue;
		if (sums[i] != want)
			printf("# %s: lines %llu, in all %llu\n", totals[i].counter,
			       (unsigned long long)sums[i], (unsigned long long)want);
		CU_ASSERT_EQUAL(sums[i], want);
	}
}

static void add_counters(uint64_t *hash, road_device *device)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(device, i, &name, &value); i++) {
		workload_add(hash, name, strlen(name));
		workload_add(hash, &value, sizeof(value));
	}
}

static void add_trace(uint64_t *hash, road_device *device)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);
	char bytes[4096];
	ssize_t n;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	if (!road_sim_trace(device, fd)) {
		CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			workload_add(hash, bytes, (size_t)n);
	}
	close(fd);
}

void workload_add_device(uint64_t *hash, const struct fixture *f)
{
	check_balance(f->device);
	add_lines(hash, f);
	add_counters(hash, f->device);
	add_trace(hash, f->device);
}

static void add_fault(uint64_t *hash, road_device *device)
{
	road_fault fault = {.size = sizeof(fault)};

	CU_ASSERT_EQUAL(road_device_fault_read(device, &fault), ROAD_OK);
	const uint64_t told[] = {fault.kind, fault.pc,           fault.lane,
				 fault.warp, fault.workgroup[0], fault.device_ns};

	workload_add(hash, told, sizeof(told));
}

static struct run prepare(const struct workload *workload)
{
	struct run run = {.ptx = workload->ptx,
			  .file = workload->file,
			  .kernel = workload->name,
			  .grid = workload->grid,
			  .block = workload->block,
			  .argument_count = workload->argument_count};

	for (uint32_t i = 0; i < run.argument_count; i++)
		fill(&run.arguments[i], &workload->arguments[i], i + 1);
	return run;
}

static void release(struct run *run)
{
	for (uint32_t i = 0; i < run->argument_count; i++)
		free(run->arguments[i].data);
}

const struct workload *workload_find(const char *name)
{
	for (uint32_t w = 0; w < workload_count; w++)
		if (!strcmp(workloads[w].name, name))
			return &workloads[w];
	return NULL;
}

void workload_run(struct fixture *f, const struct workload *workload)
{
	struct run run = prepare(workload);

	CU_ASSERT_EQUAL(run_kernel(f, &run, NULL), workload->ends);
	release(&run);
}

uint64_t workload_hash(const char *address, const struct workload *workload)
{
	uint64_t hash = WORKLOAD_SEED, took;
	struct run run = prepare(workload);
	struct fixture f = setup(address);

	for (int turn = 0; turn < (workload->ends ? 1 : 2); turn++) {
		CU_ASSERT_EQUAL(run_kernel(&f, &run, &took), workload->ends);
		workload_add(&hash, &took, sizeof(took));
		for (uint32_t i = 0; i < run.argument_count; i++)
			workload_add(&hash, run.arguments[i].data,
				     run.arguments[i].count * sizeof(float));
	}
	if (workload->ends)
		add_fault(&hash, f.device);
	if (workload->expect)
		workload->expect(run.arguments[0].data, run.arguments[0].count);
	workload_add_device(&hash, &f);
	release(&run);
	teardown(&f);
	return hash;
}
