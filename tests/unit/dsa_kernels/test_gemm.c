/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices: bits in the order of accumulation, shapes with tails, tokens in any order.
 */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	uint64_t a, b, c;
	uint32_t m, n, k, lda, ldb, ldc;
};

static const struct variant {
	const char *name;
	uint8_t in, out;
} variants[] = {
	{"gemm_f16", ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F16},
	{"gemm_f16_f32", ROAD_DSA_TYPE_F16, ROAD_DSA_TYPE_F32},
	{"gemm_bf16", ROAD_DSA_TYPE_BF16, ROAD_DSA_TYPE_BF16},
	{"gemm_bf16_f32", ROAD_DSA_TYPE_BF16, ROAD_DSA_TYPE_F32},
	{"gemm_f32", ROAD_DSA_TYPE_F32, ROAD_DSA_TYPE_F32},
	{"gemm_s8", ROAD_DSA_TYPE_S8, ROAD_DSA_TYPE_S32},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct harness harness;
static uint32_t seed;

/* What C's element must be, bit by bit. */
static uint32_t expected(const struct variant *variant, const struct arguments *args,
			 const uint8_t *a, const uint8_t *b, uint32_t row, uint32_t column)
{
	size_t in = harness_bytes(variant->in);
	uint32_t whole = 0;
	float sum = 0;

	for (uint32_t k = 0; k < args->k; k++) {
		const uint8_t *x = a + (size_t)row * args->lda + k * in;
		const uint8_t *y = b + (size_t)k * args->ldb + column * in;

		if (variant->in == ROAD_DSA_TYPE_S8)
			whole += (uint32_t)(*(const int8_t *)x * *(const int8_t *)y);
		else
			sum = fmaf(harness_value(variant->in, x, 0),
				   harness_value(variant->in, y, 0), sum);
	}
	return variant->in == ROAD_DSA_TYPE_S8 ? whole : harness_round(variant->out, sum);
}

static bool row_is_right(const struct variant *variant, const struct arguments *args,
			 const uint8_t *a, const uint8_t *b, const uint8_t *c, uint32_t row)
{
	for (uint32_t column = 0; column < args->n; column++) {
		uint32_t want = expected(variant, args, a, b, row, column);
		uint32_t got = harness_bits(variant->out, c + (size_t)row * args->ldc, column);

		if (want != got) {
			printf("# %s %ux%ux%u: C[%u][%u] is 0x%x, not 0x%x\n", variant->name,
			       args->m, args->n, args->k, row, column, got, want);
			return false;
		}
	}
	/* What is between the rows stays. */
	for (uint32_t i = (uint32_t)(args->n * harness_bytes(variant->out));
	     row + 1 < args->m && i < args->ldc; i++)
		if (c[(size_t)row * args->ldc + i] != 0xcd)
			return false;
	return true;
}

static void product(const struct variant *variant, const char *suffix, uint32_t m, uint32_t n,
		    uint32_t k, uint32_t gap, uint32_t blocks)
{
	size_t in = harness_bytes(variant->in), out = harness_bytes(variant->out);
	struct arguments args = {.m = m,
				 .n = n,
				 .k = k,
				 .lda = (uint32_t)((k + gap) * in),
				 .ldb = (uint32_t)((n + gap) * in),
				 .ldc = (uint32_t)((n + gap) * out)};
	uint8_t *a, *b, *c;
	char name[64];
	bool right = true;

	args.a = harness_alloc(&harness, (m - 1) * (size_t)args.lda + k * in, &a);
	args.b = harness_alloc(&harness, (k - 1) * (size_t)args.ldb + n * in, &b);
	args.c = harness_alloc(&harness, (m - 1) * (size_t)args.ldc + n * out, &c);
	for (uint32_t row = 0; row < m; row++)
		harness_fill(&seed, variant->in, a + (size_t)row * args.lda, k);
	for (uint32_t row = 0; row < k; row++)
		harness_fill(&seed, variant->in, b + (size_t)row * args.ldb, n);
	snprintf(name, sizeof(name), "%s%s", variant->name, suffix);
	harness_run(&harness, name, &args, sizeof(args), blocks);
	for (uint32_t row = 0; row < m && right; row++)
		right = row_is_right(variant, &args, a, b, c, row);
	CU_ASSERT_TRUE(right);
	harness_clear(&harness);
}

static void shapes(const char *suffix)
{
	static const uint32_t list[][3] = {{1, 1, 1},      {16, 16, 16},  {64, 128, 128},
					   {65, 129, 257}, {3, 200, 700}, {130, 5, 64}};

	harness_open(&harness, "gemm-small.elf");
	seed = 7;
	for (unsigned v = 0; v < VARIANTS; v++)
		for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++)
			product(&variants[v], suffix, list[i][0], list[i][1], list[i][2], i % 3,
				1 + i % 2);
	harness_close(&harness);
}

static void double_buffered(void)
{
	shapes("");
}

static void naive(void)
{
	shapes("_naive");
}

static void random_shapes(void)
{
	harness_open(&harness, "gemm-small.elf");
	seed = 99;
	for (unsigned i = 0; i < 40; i++) {
		const struct variant *variant = &variants[harness_random(&seed) % VARIANTS];
		uint32_t m = 1 + harness_random(&seed) % 150, n = 1 + harness_random(&seed) % 300;
		uint32_t k = 1 + harness_random(&seed) % 600;

		harness.seed = i;
		harness.fidelity = i % 4 == 3 ? SIM_APPROX : SIM_FUNCTIONAL;
		product(variant, i & 1 ? "_naive" : "", m, n, k, harness_random(&seed) % 5,
			1 + harness_random(&seed) % 4);
	}
	harness_close(&harness);
}

static void large_tiles(void)
{
	harness_open(&harness, "gemm-ascend.elf");
	harness.large = true;
	seed = 13;
	for (unsigned v = 0; v < VARIANTS; v += 2) {
		product(&variants[v], "", 130, 270, 530, 1, 2);
		product(&variants[v + 1], "_naive", 128, 256, 256, 0, 1);
	}
	harness_close(&harness);
}

static void buffers_save_time(void)
{
	uint64_t cycles;

	harness_open(&harness, "gemm-small.elf");
	seed = 3;
	harness.fidelity = SIM_APPROX;
	product(&variants[0], "", 128, 128, 1024, 0, 1);
	cycles = harness.cycles;
	product(&variants[0], "_naive", 128, 128, 1024, 0, 1);
	CU_ASSERT_TRUE(cycles < harness.cycles);
	harness_close(&harness);
}

static const struct tap_case cases[] = {
	{"double-buffered products have the bits of ascending k", double_buffered},
	{"naive ones have the same bits", naive},
	{"shapes, gaps, seeds and fidelities at random do not change that", random_shapes},
	{"tiles of larger scratchpads have the same bits", large_tiles},
	{"two buffers take fewer simulated cycles than one", buffers_save_time},
};
TAP_MAIN(cases)
