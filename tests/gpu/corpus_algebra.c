/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices, vectors, sums: what the kernels of clang's are to leave in memory. */
#include <math.h>
#include <stdlib.h>

#include "tests/gpu/corpus.h"

static void vecadd(void **a)
{
	const float *x = a[0], *y = a[1];
	float *out = a[2];

	for (int i = 0; i < 1000; i++)
		out[i] = x[i] + y[i];
}

static void gemm(void **v)
{
	enum { M = 40, N = 35, K = 50 };
	const float *a = v[0], *b = v[1];
	float *c = v[2];

	for (int i = 0; i < M; i++) {
		for (int j = 0; j < N; j++) {
			float sum = 0;

			for (int k = 0; k < K; k++)
				sum = fmaf(a[i * K + k], b[k * N + j], sum);
			c[i * N + j] = sum;
		}
	}
}

static void gemm64(void **v)
{
	enum { N = 21 };
	const double *a = v[0], *b = v[1];
	double *c = v[2];

	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			double sum = 0;

			for (int k = 0; k < N; k++)
				sum += a[i * N + k] * b[k * N + j];
			c[i * N + j] += sum;
		}
	}
}

enum { G8_N = 50, G8_ROWS = 7, G8_QUADS = 9 };

static int8_t to_byte(float x)
{
	float rounded = nearbyintf(x);

	return (int8_t)(rounded > 127 ? 127 : rounded < -128 ? -128 : rounded);
}

static void gemm8(void **v)
{
	const int8_t *a = v[0], *b = v[1];
	int8_t *c = v[2];

	for (int i = 0; i < G8_ROWS; i++) {
		for (int j = 0; j < G8_N; j++) {
			int sum = 0;

			for (int k = 0; k < G8_QUADS * 4; k++)
				sum += a[i * G8_QUADS * 4 + k] * b[j * G8_QUADS * 4 + k];
			c[i * G8_N + j] = to_byte((float)sum * 0.0025f);
		}
	}
}

static void transpose16(void **a)
{
	enum { W = 37, H = 45 };
	const uint16_t *in = a[0];
	uint16_t *out = a[1];

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			out[x * H + y] = in[y * W + x];
}

enum { ROWS = 200, COLUMNS = 300, ENTRIES = 4000 };

/* Rows of 0 to 40 entries, one of 200. */
static void sparse(void **a)
{
	uint32_t *starts = a[0], *columns = a[1];
	uint64_t state = 7;

	for (uint32_t row = 0; row < ROWS; row++) {
		uint32_t most = row == 50 ? 200 : (uint32_t)(corpus_random(&state) % 41);
		uint32_t end = starts[row] + most;

		starts[row + 1] = end < ENTRIES ? end : ENTRIES;
	}
	for (uint32_t k = 0; k < ENTRIES; k++)
		columns[k] = (uint32_t)(corpus_random(&state) % COLUMNS);
}

static void spmv(void **a)
{
	const uint32_t *starts = a[0], *columns = a[1];
	const float *values = a[2], *x = a[3];
	float *y = a[4];

	for (int row = 0; row < ROWS; row++) {
		float sum = 0;

		for (uint32_t k = starts[row]; k < starts[row + 1]; k++)
			sum += values[k] * x[columns[k]];
		y[row] = sum;
	}
}

enum { LU_N = 20, LU_COUNT = 3 };

/* Rows that are heavy on the diagonal need no pivots. */
static void make_dominant(void **a)
{
	double *m = a[0];

	for (int i = 0; i < LU_COUNT * LU_N; i++)
		m[i * LU_N + i % LU_N] += 13;
}

static void lu_one(double *m)
{
	for (int k = 0; k < LU_N; k++) {
		for (int i = k + 1; i < LU_N; i++)
			m[i * LU_N + k] /= m[k * LU_N + k];
		for (int i = k + 1; i < LU_N; i++)
			for (int j = k + 1; j < LU_N; j++)
				m[i * LU_N + j] -= m[i * LU_N + k] * m[k * LU_N + j];
	}
}

static void lu(void **a)
{
	for (int i = 0; i < LU_COUNT; i++)
		lu_one((double *)a[0] + i * LU_N * LU_N);
}

enum { DOT_N = 5000, DOT_GROUPS = 4, DOT_SIZE = 128 };

static void dot_products(void **v)
{
	const float *a = v[0], *b = v[1];
	float *out = v[2];

	for (int group = 0; group < DOT_GROUPS; group++) {
		float partial[DOT_SIZE] = {0};

		for (int t = 0; t < DOT_SIZE; t++)
			for (int i = group * DOT_SIZE + t; i < DOT_N; i += DOT_GROUPS * DOT_SIZE)
				partial[t] += a[i] * b[i];
		for (int d = DOT_SIZE / 2; d; d /= 2)
			for (int t = 0; t < d; t++)
				partial[t] += partial[t + d];
		out[group] = partial[0];
	}
}

static void prefix(void **a)
{
	const uint32_t *in = a[0];
	uint32_t *out = a[1], *sums = a[2];

	for (int block = 0; block < 5; block++) {
		uint32_t sum = 0;

		for (int i = 256 * block; i < 256 * (block + 1); i++) {
			out[i] = sum;
			sum += in[i];
		}
		sums[block] = sum;
	}
}

const struct corpus_case corpus_algebra[] = {
	{.says = "vecadd: OpenCL's work-items",
	 .file = "clang/vecadd.ptx",
	 .kernel = "vecadd",
	 .grid = {8, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {FLOATS(1000), FLOATS(1000), ZEROS(float, 1000), INTEGER(1000)},
	 .expect = vecadd},
	{.says = "gemm: OpenCL's tiles, to the bit",
	 .file = "clang/gemm.ptx",
	 .kernel = "gemm",
	 .grid = {3, 3, 1},
	 .block = {16, 16, 1},
	 .arguments = {FLOATS(40 * 50), FLOATS(50 * 35), ZEROS(float, 40 * 35), INTEGER(40),
		       INTEGER(35), INTEGER(50)},
	 .expect = gemm},
	{.says = "gemm64: doubles, added to what is there",
	 .file = "clang/gemm64.ptx",
	 .kernel = "gemm64",
	 .grid = {3, 3, 1},
	 .block = {8, 8, 1},
	 .arguments = {DOUBLES(21 * 21), DOUBLES(21 * 21), DOUBLES(21 * 21), INTEGER(21)},
	 .expect = gemm64},
	{.says = "gemm8: signed bytes, rescaled and saturated",
	 .file = "clang/gemm8.ptx",
	 .kernel = "gemm8",
	 .grid = {2, G8_ROWS, 1},
	 .block = {32, 1, 1},
	 .arguments = {BITS(int8_t, G8_ROWS *G8_QUADS * 4), BITS(int8_t, G8_N *G8_QUADS * 4),
		       ZEROS(int8_t, G8_ROWS *G8_N), INTEGER(G8_N), INTEGER(G8_QUADS),
		       REAL(0.0025f)},
	 .expect = gemm8},
	{.says = "transpose16: half-words through a padded tile",
	 .file = "clang/transpose16.ptx",
	 .kernel = "transpose16",
	 .grid = {3, 3, 1},
	 .block = {16, 16, 1},
	 .arguments = {BITS(uint16_t, 37 * 45), ZEROS(uint16_t, 37 * 45), INTEGER(37), INTEGER(45)},
	 .expect = transpose16},
	{.says = "spmv: compressed rows of unlike length",
	 .file = "clang/spmv.ptx",
	 .kernel = "spmv",
	 .grid = {4, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {ZEROS(uint32_t, ROWS + 1), ZEROS(uint32_t, ENTRIES), FLOATS(ENTRIES),
		       FLOATS(COLUMNS), ZEROS(float, ROWS), INTEGER(ROWS)},
	 .prepare = sparse,
	 .expect = spmv},
	{.says = "lu: factors in place, barriers in a loop",
	 .file = "clang/lu.ptx",
	 .kernel = "lu",
	 .grid = {LU_COUNT, 1, 1},
	 .block = {LU_N, LU_N, 1},
	 .arguments = {DOUBLES(LU_COUNT * LU_N * LU_N)},
	 .prepare = make_dominant,
	 .expect = lu},
	{.says = "dot: partial products and a tree in local memory",
	 .file = "clang/dot.ptx",
	 .kernel = "dot_products",
	 .grid = {DOT_GROUPS, 1, 1},
	 .block = {DOT_SIZE, 1, 1},
	 .shared_bytes = DOT_SIZE * 4,
	 .arguments = {FLOATS(DOT_N), FLOATS(DOT_N), ZEROS(float, DOT_GROUPS), INTEGER(0),
		       INTEGER(DOT_N)},
	 .expect = dot_products},
	{.says = "prefix: exclusive sums up and down a tree",
	 .file = "clang/prefix.ptx",
	 .kernel = "prefix",
	 .grid = {5, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {BITS(uint32_t, 5 * 256), ZEROS(uint32_t, 5 * 256), ZEROS(uint32_t, 5)},
	 .expect = prefix},
	{0},
};
