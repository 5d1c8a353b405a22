/* SPDX-License-Identifier: Apache-2.0 */
/* The DSA's kernels through the public interface, on chips of several sizes: the same bits in both
 * modes, the right ones by plain loops. tests/unit/dsa_kernels looks at each bit of each kernel. */
#include <math.h>

#include "tests/dsa/run.h"

static const struct {
	const char *chip, *gemm;
	uint32_t cores;
} chips[] = {
	{"dsa-small", "gemm-small.elf", 2},
	{"ascend-910b", "gemm-ascend.elf", 24},
};
static const char *const modes[] = {"functional", "approx"};

static struct fixture open_chip(size_t chip, size_t mode)
{
	char address[64];

	snprintf(address, sizeof(address), "sim:%s?time=%s", chips[chip].chip, modes[mode]);
	return setup(address);
}

static uint64_t two(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

/* Deterministic, small enough for exact sums. */
static int8_t byte_of(uint32_t i)
{
	return (int8_t)(i * 2654435761u >> 24);
}

static void products_of_bytes_are_exact(void)
{
	enum { M = 200, N = 136, K = 72 };
	static int8_t a[M * K], b[K * N];
	static int32_t c[M * N];

	for (uint32_t i = 0; i < M * K; i++)
		a[i] = byte_of(i);
	for (uint32_t i = 0; i < K * N; i++)
		b[i] = byte_of(i + 1000003);
	for (size_t at = 0; at < 4; at++) {
		struct fixture f = open_chip(at / 2, at % 2);
		struct run run = {.file = chips[at / 2].gemm,
				  .kernel = "gemm_s8",
				  .blocks = chips[at / 2].cores,
				  .arguments = {{a, sizeof(a), 0},
						{b, sizeof(b), 0},
						{c, sizeof(c), 0},
						{NULL, 0, two(M, N)},
						{NULL, 0, two(K, K)},
						{NULL, 0, two(N, N * 4)}},
				  .argument_count = 6};

		memset(c, 0x55, sizeof(c));
		CU_ASSERT_EQUAL_FATAL(run_kernel(&f, &run), ROAD_OK);
		for (uint32_t m = 0; m < M; m++)
			for (uint32_t n = 0; n < N; n++) {
				int32_t sum = 0;

				for (uint32_t k = 0; k < K; k++)
					sum += a[m * K + k] * b[k * N + n];
				if (c[m * N + n] != sum)
					CU_FAIL_FATAL("a sum is wrong");
			}
		if (at % 2 == 0)
			CU_ASSERT_EQUAL(counter_of(&f, "dsa.hazards"), 0);
		CU_ASSERT(counter_of(&f, "dsa.macs") >= (uint64_t)M * N * K);
		teardown(&f);
	}
}

static void rows_become_probabilities(void)
{
	enum { ROWS = 50, COLUMNS = 333 };
	static float x[ROWS * COLUMNS], y[ROWS * COLUMNS], first[ROWS * COLUMNS];

	for (uint32_t i = 0; i < ROWS * COLUMNS; i++)
		x[i] = (float)byte_of(i) / 16;
	for (size_t at = 0; at < 4; at++) {
		struct fixture f = open_chip(at / 2, at % 2);
		struct run run = {.file = "rows.elf",
				  .kernel = "softmax_f32",
				  .blocks = chips[at / 2].cores,
				  .arguments = {{x, sizeof(x), 0},
						{y, sizeof(y), 0},
						{NULL, 0, 0},
						{NULL, 0, 0},
						{NULL, 0, ROWS},
						{NULL, 0, two(COLUMNS, COLUMNS * 4)},
						{NULL, 0, two(COLUMNS * 4, 0)}},
				  .argument_count = 7};

		memset(y, 0, sizeof(y));
		CU_ASSERT_EQUAL_FATAL(run_kernel(&f, &run), ROAD_OK);
		if (!at)
			memcpy(first, y, sizeof(y));
		CU_ASSERT_EQUAL(memcmp(first, y, sizeof(y)), 0);
		teardown(&f);
	}
	for (uint32_t row = 0; row < ROWS; row++) {
		const float *in = x + row * COLUMNS, *out = y + row * COLUMNS;
		double sum = 0, largest = -1e9;

		for (uint32_t i = 0; i < COLUMNS; i++)
			largest = in[i] > largest ? in[i] : largest;
		for (uint32_t i = 0; i < COLUMNS; i++)
			sum += exp(in[i] - largest);
		for (uint32_t i = 0; i < COLUMNS; i++)
			CU_ASSERT(fabs(out[i] - exp(in[i] - largest) / sum) < 1e-6);
	}
}

static const struct tap_case cases[] = {
	{"products of bytes are exact", products_of_bytes_are_exact},
	{"rows become probabilities", rows_become_probabilities},
};

TAP_MAIN(cases)
