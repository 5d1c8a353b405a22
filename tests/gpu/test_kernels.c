/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that nvcc compiled give right numbers, the same data in both modes, the same cycles. */
#include <math.h>

#include "tests/gpu/run.h"

static const char *const modes[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx",
				    "sim:gpu-small?time=functional&host_line=64"};

static float *random_floats(uint32_t count, uint32_t seed)
{
	float *out = malloc(count * sizeof(*out));

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	for (uint32_t i = 0; i < count; i++) {
		seed = seed * 1664525u + 1013904223u;
		out[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
	}
	return out;
}

static float *zeros(uint32_t count)
{
	float *out = calloc(count, sizeof(*out));

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	return out;
}

/* Runs it three times in each mode: outputs must be the same everywhere, cycles in each mode. */
static void check_runs(struct run *run, uint32_t output, float *result)
{
	uint32_t count = run->arguments[output].count;
	float *out = run->arguments[output].data, *start = zeros(count);

	memcpy(start, out, count * sizeof(*out));
	for (size_t mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
		struct course first = {0}, course;

		for (int i = 0; i < 3; i++) {
			struct fixture f = setup(modes[mode]);

			memcpy(out, start, count * sizeof(*out));
			CU_ASSERT_EQUAL_FATAL(run_kernel(&f, run, NULL), ROAD_OK);
			course = course_of(&f);
			first = i ? first : course;
			CU_ASSERT_EQUAL(memcmp(&course, &first, sizeof(course)), 0);
			CU_ASSERT(course.instructions > 0);
			if (!mode && !i)
				memcpy(result, out, count * sizeof(*out));
			CU_ASSERT_EQUAL(memcmp(result, out, count * sizeof(*out)), 0);
			teardown(&f);
		}
	}
	free(start);
}

static void vecadd_adds(void)
{
	enum { N = 1000 };
	float *a = random_floats(N, 1), *b = random_floats(N, 2), *c = zeros(N), *r = zeros(N);
	struct run run = {.file = "nvcc/vecadd.sm80.ptx",
			  .kernel = "vecadd",
			  .grid = {4, 1, 1},
			  .block = {256, 1, 1},
			  .argument_count = 4,
			  .arguments = {{a, N, 0}, {b, N, 0}, {c, N, 0}, {NULL, 0, N}}};
	int wrong = 0;

	check_runs(&run, 2, r);
	for (int i = 0; i < N; i++)
		wrong += r[i] != a[i] + b[i];
	CU_ASSERT_EQUAL(wrong, 0);
	free(a), free(b), free(c), free(r);
}

static void saxpy_scales_and_adds(void)
{
	enum { N = 5000 };
	float *x = random_floats(N, 3), *y = random_floats(N, 4), *was = zeros(N), *r = zeros(N);
	float s = 2.5f;
	struct run run = {.file = "nvcc/saxpy.sm80.ptx",
			  .kernel = "saxpy",
			  .grid = {3, 1, 1},
			  .block = {128, 1, 1},
			  .argument_count = 4,
			  .arguments = {{NULL, 0, 0}, {x, N, 0}, {y, N, 0}, {NULL, 0, N}}};
	int wrong = 0;

	memcpy(&run.arguments[0].number, &s, 4);
	memcpy(was, y, N * sizeof(*was));
	check_runs(&run, 2, r);
	for (int i = 0; i < N; i++)
		wrong += r[i] != fmaf(x[i], s, was[i]);
	CU_ASSERT_EQUAL(wrong, 0);
	free(x), free(y), free(was), free(r);
}

static void transpose_transposes(void)
{
	enum { W = 70, H = 45 };
	float *a = random_floats(W * H, 5), *b = zeros(W * H), *r = zeros(W * H);
	struct run run = {.file = "nvcc/transpose.sm80.ptx",
			  .kernel = "transpose",
			  .grid = {3, 2, 1},
			  .block = {32, 8, 1},
			  .argument_count = 4,
			  .arguments = {{a, W * H, 0}, {b, W * H, 0}, {NULL, 0, W}, {NULL, 0, H}}};
	int wrong = 0;

	check_runs(&run, 1, r);
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			wrong += r[x * H + y] != a[y * W + x];
	CU_ASSERT_EQUAL(wrong, 0);
	free(a), free(b), free(r);
}

static void gemm_multiplies_in_its_own_order(void)
{
	enum { M = 40, N = 35, K = 50 };
	float *a = random_floats(M * K, 6), *b = random_floats(K * N, 7), *c = zeros(M * N);
	float *r = zeros(M * N);
	struct run run = {.file = "nvcc/gemm_tiled.sm80.ptx",
			  .kernel = "gemm_tiled",
			  .grid = {3, 3, 1},
			  .block = {16, 16, 1},
			  .argument_count = 6,
			  .arguments = {{a, M * K, 0},
					{b, K * N, 0},
					{c, M * N, 0},
					{NULL, 0, M},
					{NULL, 0, N},
					{NULL, 0, K}}};
	int wrong = 0;

	check_runs(&run, 2, r);
	for (int i = 0; i < M; i++) {
		for (int j = 0; j < N; j++) {
			float sum = 0;

			for (int k = 0; k < K; k++) /* the kernel's order, with fused steps */
				sum = fmaf(a[i * K + k], b[k * N + j], sum);
			wrong += r[i * N + j] != sum;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
	free(a), free(b), free(c), free(r);
}

static void softmax_sums_to_one(void)
{
	enum { ROWS = 6, COLS = 300 };
	float *x = random_floats(ROWS * COLS, 8), *y = zeros(ROWS * COLS), *r = zeros(ROWS * COLS);
	struct run run = {.file = "nvcc/softmax.sm80.ptx",
			  .kernel = "softmax",
			  .grid = {ROWS, 1, 1},
			  .block = {128, 1, 1},
			  .argument_count = 3,
			  .arguments = {{x, ROWS * COLS, 0}, {y, ROWS * COLS, 0}, {NULL, 0, COLS}}};
	double worst = 0;

	check_runs(&run, 1, r);
	for (int row = 0; row < ROWS; row++) {
		double sum = 0;

		for (int i = 0; i < COLS; i++)
			sum += exp(x[row * COLS + i]);
		for (int i = 0; i < COLS; i++) {
			double e = exp(x[row * COLS + i]) / sum, got = r[row * COLS + i];

			worst = fmax(worst, fabs(got - e) / e);
		}
	}
	CU_ASSERT(worst < 1e-5);
	free(x), free(y), free(r);
}

/* nvcc's: a reduction by shuffles, then one float atomic a workgroup. Sums of small integers are
 * exact in any order. */
static void reduce_shfl_sums_exactly(void)
{
	enum { N = 3000 };
	float *x = random_floats(N, 11), *sum = zeros(1), *r = zeros(1), expected = 0;
	struct run run = {.file = "nvcc/reduce_shfl.sm80.ptx",
			  .kernel = "reduce_shfl",
			  .grid = {5, 1, 1},
			  .block = {128, 1, 1},
			  .argument_count = 3,
			  .arguments = {{x, N, 0}, {sum, 1, 0}, {NULL, 0, N}}};

	for (int i = 0; i < N; i++)
		expected += x[i] = floorf(x[i] * 64);
	check_runs(&run, 1, r);
	CU_ASSERT_EQUAL(r[0], expected);
	free(x), free(sum), free(r);
}

static void histogram_counts(void)
{
	enum { N = 4000 };
	uint32_t count[256] = {0}, wrong = 0;
	float *data = random_floats(N / 4, 12), *h = zeros(256), *r = zeros(256);
	struct run run = {.file = "nvcc/histogram.sm80.ptx",
			  .kernel = "histogram",
			  .grid = {3, 1, 1},
			  .block = {96, 1, 1},
			  .argument_count = 3,
			  .arguments = {{data, N / 4, 0}, {h, 256, 0}, {NULL, 0, N}}};

	for (int i = 0; i < N; i++)
		count[((const uint8_t *)data)[i]]++;
	check_runs(&run, 1, r);
	for (int i = 0; i < 256; i++)
		wrong += ((const uint32_t *)r)[i] != count[i];
	CU_ASSERT_EQUAL(wrong, 0);
	free(data), free(h), free(r);
}

static void layernorm_normalises(void)
{
	enum { ROWS = 4, COLS = 200 };
	float *x = random_floats(ROWS * COLS, 13), *g = random_floats(COLS, 14);
	float *b = random_floats(COLS, 15), *y = zeros(ROWS * COLS), *r = zeros(ROWS * COLS);
	float eps = 1e-5f;
	struct run run = {.file = "nvcc/layernorm.sm80.ptx",
			  .kernel = "layernorm",
			  .grid = {ROWS, 1, 1},
			  .block = {96, 1, 1},
			  .argument_count = 6,
			  .arguments = {{x, ROWS * COLS, 0},
					{g, COLS, 0},
					{b, COLS, 0},
					{y, ROWS * COLS, 0},
					{NULL, 0, COLS},
					{NULL, 0, 0}}};
	double worst = 0;

	memcpy(&run.arguments[5].number, &eps, 4);
	check_runs(&run, 3, r);
	for (int row = 0; row < ROWS; row++) {
		double s = 0, q = 0;

		for (int i = 0; i < COLS; i++) {
			s += x[row * COLS + i];
			q += (double)x[row * COLS + i] * x[row * COLS + i];
		}
		s /= COLS;
		q = 1 / sqrt(q / COLS - s * s + eps);
		for (int i = 0; i < COLS; i++)
			worst = fmax(worst, fabs((x[row * COLS + i] - s) * q * g[i] + b[i] -
						 r[row * COLS + i]));
	}
	CU_ASSERT(worst < 1e-5);
	free(x), free(g), free(b), free(y), free(r);
}

static const struct tap_case cases[] = {
	{"vecadd adds", vecadd_adds},
	{"saxpy scales and adds", saxpy_scales_and_adds},
	{"transpose transposes", transpose_transposes},
	{"gemm multiplies, in its own order to the bit", gemm_multiplies_in_its_own_order},
	{"softmax sums to one", softmax_sums_to_one},
	{"reduce_shfl sums exactly", reduce_shfl_sums_exactly},
	{"histogram counts", histogram_counts},
	{"layernorm normalises", layernorm_normalises},
};

TAP_MAIN(cases)
