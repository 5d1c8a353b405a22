/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels in the shape that Triton gives its output for sm_80 (tests/kernels/triton): predicated
 * memory accesses with braces and offsets, inline assembly, debug sections, copies in three stages.
 * Every result is compared with the host's, in both modes; sums in the order of the kernel's.
 */
#include "tests/gpu/run.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};

static unsigned next(unsigned *seed)
{
	return (*seed = *seed * 1664525u + 1013904223u) >> 16;
}

static void a_sum_of_vectors_stops_at_its_mask(void)
{
	enum { ROOM = 3072, COUNT = 2700 }; /* of the last group of four all, or none */
	static float a[ROOM], b[ROOM], c[ROOM];

	for (unsigned mode = 0; mode < 2; mode++) {
		struct run run = {
			.file = "triton/vector_add.ptx",
			.kernel = "vector_add",
			.grid = {3, 1, 1},
			.block = {128, 1, 1},
			.argument_count = 4,
			.arguments = {{a, COUNT, 0}, {b, COUNT, 0}, {c, ROOM, 0}, {0, 0, COUNT}}};
		struct fixture f = setup(modes[mode]);
		unsigned wrong = 0;

		for (unsigned i = 0; i < ROOM; i++) {
			a[i] = (float)i * 0.37f;
			b[i] = 1.0f / (float)(i + 1);
			c[i] = -1.0f;
		}
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (unsigned i = 0; i < ROOM; i++)
			wrong += c[i] != (i < COUNT ? a[i] + b[i] : -1.0f);
		CU_ASSERT_EQUAL(wrong, 0);
		teardown(&f);
	}
}

enum { WARPS = 4, EACH = 4, COLUMNS = 32 * WARPS * EACH };

static float join(bool sum, float a, float b)
{
	return sum ? a + b : a > b ? a : b;
}

/* Each thread's four, then by butterflies over a warp, then over four warps. */
static float reduce(const float *values, bool sum)
{
	float warps[WARPS];

	for (unsigned w = 0; w < WARPS; w++) {
		float lanes[32];

		for (unsigned l = 0; l < 32; l++) {
			const float *own = values + (w * 32 + l) * EACH;

			lanes[l] = join(sum, join(sum, join(sum, own[0], own[1]), own[2]), own[3]);
		}
		for (unsigned by = 16; by; by /= 2)
			for (unsigned l = 0; l < by; l++)
				lanes[l] = join(sum, lanes[l], lanes[l + by]);
		warps[w] = lanes[0];
	}
	return join(sum, join(sum, warps[0], warps[2]), join(sum, warps[1], warps[3]));
}

static void host_softmax(const float *in, unsigned columns, float *out)
{
	float row[COLUMNS], most, sum;

	for (unsigned i = 0; i < COLUMNS; i++)
		row[i] = i < columns ? in[i] : -INFINITY;
	most = reduce(row, false);
	for (unsigned i = 0; i < COLUMNS; i++) {
		float scaled = (row[i] - most) * 1.44269502f;

		row[i] = (float)exp2((double)scaled);
	}
	sum = reduce(row, true);
	for (unsigned i = 0; i < columns; i++)
		out[i] = row[i] / sum;
}

static void softmax_of_rows_is_the_host_s(void)
{
	enum { ROWS = 5, STRIDE = 520, USED = 500 };
	static float in[ROWS * STRIDE], out[ROWS * STRIDE], want[STRIDE];
	unsigned seed = 7;

	for (unsigned i = 0; i < ROWS * STRIDE; i++)
		in[i] = (float)(int)(next(&seed) % 4096 - 2048) / 256.0f;
	for (unsigned mode = 0; mode < 2; mode++) {
		struct run run = {.file = "triton/softmax.ptx",
				  .kernel = "softmax",
				  .grid = {ROWS, 1, 1},
				  .block = {128, 1, 1},
				  .shared_bytes = 16,
				  .argument_count = 4,
				  .arguments = {{out, ROWS * STRIDE, 0},
						{in, ROWS * STRIDE, 0},
						{0, 0, STRIDE},
						{0, 0, USED}}};
		struct fixture f = setup(modes[mode]);
		unsigned wrong = 0;

		memset(out, 0, sizeof(out));
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (unsigned r = 0; r < ROWS; r++) {
			host_softmax(in + r * STRIDE, USED, want);
			for (unsigned i = 0; i < STRIDE; i++)
				wrong += out[r * STRIDE + i] != (i < USED ? want[i] : 0.0f);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		teardown(&f);
	}
}

/* To nearest even; no value here is NaN. */
static uint16_t to_bf16(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/* Whole numbers, so that sums are exact in any order; M and N leave tiles partly empty. */
static void a_product_in_three_stages_is_right(void)
{
	enum { M = 80, N = 72, K = 160, PAD = 4096 };
	static uint16_t a[M * K + PAD], b[K * N + PAD], c[M * N], want[M * N];
	unsigned seed = 3;

	for (unsigned i = 0; i < M * K; i++)
		a[i] = to_bf16((float)((int)(next(&seed) % 9) - 4));
	for (unsigned i = 0; i < K * N; i++)
		b[i] = to_bf16((float)((int)(next(&seed) % 15) - 7));
	for (unsigned row = 0; row < M; row++) {
		for (unsigned column = 0; column < N; column++) {
			float sum = 0;

			for (unsigned k = 0; k < K; k++) {
				uint32_t x = (uint32_t)a[row * K + k] << 16,
					 y = (uint32_t)b[k * N + column] << 16;
				float p, q;

				memcpy(&p, &x, sizeof(p));
				memcpy(&q, &y, sizeof(q));
				sum += p * q;
			}
			want[row * N + column] = to_bf16(sum);
		}
	}
	for (unsigned mode = 0; mode < 2; mode++) {
		struct run run = {.file = "triton/matmul.ptx",
				  .kernel = "matmul",
				  .grid = {2, 2, 1},
				  .block = {128, 1, 1},
				  .shared_bytes = 3 * 8192,
				  .argument_count = 6,
				  .arguments = {{a, M * K, 0, 2},
						{b, K * N, 0, 2},
						{c, M * N, 0, 2},
						{0, 0, M},
						{0, 0, N},
						{0, 0, K}}};
		struct fixture f = setup(modes[mode]);

		memset(c, 0xff, sizeof(c));
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(memcmp(c, want, sizeof(c)), 0);
		teardown(&f);
	}
}

/* Copies with a policy, whose source is ignored where a predicate holds: zeros instead. */
static const char ignored[] =
	".version 8.4\n.target sm_80\n.address_size 64\n"
	".extern .shared .align 16 .b8 global_smem[];\n"
	".visible .entry k(.param .u64 .ptr .global .align 1 p, .param .u64 .ptr .global .align 1 "
	"q)\n"
	"{\n\t.reg .pred %p<3>; .reg .b32 %r<12>; .reg .b64 %rd<8>;\n"
	"\tld.param.u64 %rd1, [p]; ld.param.u64 %rd2, [q];\n"
	"\tmov.u32 %r1, %tid.x; mul.wide.u32 %rd3, %r1, 16;\n"
	"\tadd.s64 %rd1, %rd1, %rd3; add.s64 %rd2, %rd2, %rd3;\n"
	"\tmov.u32 %r2, global_smem; shl.b32 %r3, %r1, 4; add.s32 %r2, %r2, %r3;\n"
	"\tand.b32 %r4, %r1, 1; setp.eq.s32 %p1, %r4, 1;\n"
	"\tcreatepolicy.range.global.L2::evict_last.L2::evict_first.b64 %rd5, [%rd1], 64, 128;\n"
	"\tcreatepolicy.cvt.L2.b64 %rd4, %rd5;\n"
	"\t// begin inline asm\n"
	"\tcp.async.cg.shared.global.L2::cache_hint [ %r2 + 0 ], [ %rd1 + 0 ], 0x10, %p1, %rd4;\n"
	"\t// end inline asm\n"
	"\t// begin inline asm\n"
	"\tcp.async.ca.shared.global [ %r2 + 512 ], [ %rd1 + 0 ], 0x8, !%p1;\n"
	"\t// end inline asm\n"
	"\tcp.async.commit_group ;\n\tcp.async.wait_group 0x0;\n"
	"\tld.shared.v4.u32 {%r5, %r6, %r7, %r8}, [%r2];\n"
	"\tld.shared.v2.u32 {%r9, %r10}, [%r2+512]; add.s32 %r6, %r6, %r9; add.s32 %r7, %r7, "
	"%r10;\n"
	"\tst.global.v4.b32 [ %rd2 + 0 ], { %r5, %r6, %r7, %r8 };\n"
	"\tret;\n}\n";

static void copies_ignore_their_source_where_told(void)
{
	static uint32_t from[128], to[128];

	for (unsigned mode = 0; mode < 2; mode++) {
		struct run run = {.ptx = ignored,
				  .kernel = "k",
				  .grid = {1, 1, 1},
				  .block = {32, 1, 1},
				  .shared_bytes = 1024,
				  .argument_count = 2,
				  .arguments = {{from, 128, 0}, {to, 128, 0}}};
		struct fixture f = setup(modes[mode]);
		unsigned wrong = 0;

		for (unsigned i = 0; i < 128; i++)
			from[i] = 1000 + i;
		CU_ASSERT_EQUAL(run_kernel(&f, &run, NULL), ROAD_OK);
		for (unsigned t = 0; t < 32; t++) {
			const uint32_t *own = from + 4 * t, *got = to + 4 * t;
			bool odd = t % 2;

			wrong += got[0] != (odd ? 0 : own[0]) || got[3] != (odd ? 0 : own[3]);
			wrong += got[1] != (odd ? own[0] : own[1]);
			wrong += got[2] != (odd ? own[1] : own[2]);
		}
		CU_ASSERT_EQUAL(wrong, 0);
		teardown(&f);
	}
}

static const struct tap_case cases[] = {
	{"a sum of vectors stops at its mask", a_sum_of_vectors_stops_at_its_mask},
	{"softmax of rows is the host's", softmax_of_rows_is_the_host_s},
	{"a product in three stages is right", a_product_in_three_stages_is_right},
	{"copies ignore their source where told", copies_ignore_their_source_where_told},
};

TAP_MAIN(cases)
