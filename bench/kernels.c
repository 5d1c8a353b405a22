/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated speed of kernels that nvcc compiled, in warp instructions a second. */
#include "bench/kernel.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 1 << 20 };

/* The problem sizes of the table in docs/performance.md. */
static const struct bench_kernel functional[] = {
	{"vecadd",
	 "2^20 elements",
	 NULL,
	 {4096, 1, 1},
	 {256, 1, 1},
	 4,
	 {BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_INT(N)}},
	{"saxpy",
	 "2^20 elements",
	 NULL,
	 {432, 1, 1},
	 {256, 1, 1},
	 4,
	 {BENCH_REAL(2.5f), BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_INT(N)}},
	{"transpose",
	 "1024 x 1024",
	 NULL,
	 {32, 32, 1},
	 {32, 8, 1},
	 4,
	 {BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_INT(1024), BENCH_INT(1024)}},
	{"gemm_tiled",
	 "256 x 256 x 256",
	 NULL,
	 {16, 16, 1},
	 {16, 16, 1},
	 6,
	 {BENCH_BUFFER(FLOATS, 65536), BENCH_BUFFER(FLOATS, 65536), BENCH_BUFFER(FLOATS, 65536),
	  BENCH_INT(256), BENCH_INT(256), BENCH_INT(256)}},
	{"softmax",
	 "512 rows of 1024",
	 NULL,
	 {512, 1, 1},
	 {256, 1, 1},
	 3,
	 {BENCH_BUFFER(FLOATS, N / 2), BENCH_BUFFER(FLOATS, N / 2), BENCH_INT(1024)}},
	{"layernorm",
	 "512 rows of 1024",
	 NULL,
	 {512, 1, 1},
	 {256, 1, 1},
	 6,
	 {BENCH_BUFFER(FLOATS, N / 2), BENCH_BUFFER(FLOATS, 1024), BENCH_BUFFER(FLOATS, 1024),
	  BENCH_BUFFER(FLOATS, N / 2), BENCH_INT(1024), BENCH_REAL(1e-5f)}},
	{"reduce_shfl",
	 "2^22 elements",
	 NULL,
	 {432, 1, 1},
	 {256, 1, 1},
	 3,
	 {BENCH_BUFFER(FLOATS, 4 * N), BENCH_BUFFER(FLOATS, 1), BENCH_INT(4 * N)}},
	{"histogram",
	 "2^22 bytes",
	 NULL,
	 {432, 1, 1},
	 {256, 1, 1},
	 3,
	 {BENCH_BUFFER(BYTES, N), BENCH_BUFFER(FLOATS, 256), BENCH_INT(4 * N)}},
	{"mma_gemm",
	 "256 x 256 x 256",
	 "mma_sync",
	 {32, 16, 1},
	 {32, 1, 1},
	 6,
	 {BENCH_BUFFER(HALVES, 32768), BENCH_BUFFER(HALVES, 32768), BENCH_BUFFER(FLOATS, 65536),
	  BENCH_INT(256), BENCH_INT(256), BENCH_INT(256)}},
};

static const struct bench_kernel timed[] = {
	{"gemm_tiled",
	 "512 x 512 x 64",
	 NULL,
	 {32, 32, 1},
	 {16, 16, 1},
	 6,
	 {BENCH_BUFFER(FLOATS, 32768), BENCH_BUFFER(FLOATS, 32768), BENCH_BUFFER(FLOATS, 262144),
	  BENCH_INT(512), BENCH_INT(512), BENCH_INT(64)}},
	{"saxpy",
	 "2^20 elements",
	 NULL,
	 {864, 1, 1},
	 {256, 1, 1},
	 4,
	 {BENCH_REAL(2.5f), BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_INT(N)}},
};

/* The OpenCL kernels that bench/beside.c runs on PoCL too, as clang compiled them. */
static const struct bench_kernel beside[] = {
	{"vecadd",
	 "2^20 elements",
	 "vecadd.cl.ptx",
	 {4096, 1, 1},
	 {256, 1, 1},
	 4,
	 {BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_BUFFER(FLOATS, N), BENCH_INT(N)}},
	{"gemm",
	 "256 x 256 x 256",
	 "gemm.cl.ptx",
	 {16, 16, 1},
	 {16, 16, 1},
	 6,
	 {BENCH_BUFFER(FLOATS, 65536), BENCH_BUFFER(FLOATS, 65536), BENCH_BUFFER(FLOATS, 65536),
	  BENCH_INT(256), BENCH_INT(256), BENCH_INT(256)}},
};

/* The loop that compilers write for tensor cores: C of SIDE x SIDE from K = SIDE. */
enum { SIDE = 512 };
static const struct bench_kernel matrix[] = {
	{"gemm_f16",
	 "f16 to f32, 512 x 512 x 512",
	 NULL,
	 {SIDE / 64, SIDE / 64, 1},
	 {128, 1, 1},
	 5,
	 {BENCH_BUFFER(HALVES, SIDE *SIDE / 2), BENCH_BUFFER(HALVES, SIDE *SIDE / 2),
	  BENCH_BUFFER(FLOATS, SIDE *SIDE), BENCH_INT(SIDE), BENCH_INT(SIDE)}},
	{"gemm_s8",
	 "s8 to s32, 512 x 512 x 512",
	 NULL,
	 {SIDE / 64, SIDE / 64, 1},
	 {128, 1, 1},
	 5,
	 {BENCH_BUFFER(BYTES, SIDE *SIDE / 4), BENCH_BUFFER(BYTES, SIDE *SIDE / 4),
	  BENCH_BUFFER(FLOATS, SIDE *SIDE), BENCH_INT(SIDE), BENCH_INT(SIDE)}},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Millions of warp instructions a second of each run; 0 after a failure. */
static void measure(struct bench *bench, struct bench_device *d, const struct bench_kernel *k,
		    double *values)
{
	struct bench_times times;
	bool good = bench_kernel_run(bench, d, k, &times);

	for (int run = 0; run < BENCH_RUNS; run++)
		values[run] = good ? times.warp_instructions[run] / times.seconds[run] * 1e-6 : 0;
}

bool bench_kernel_seconds(struct bench *bench, const char *name, double *seconds)
{
	struct bench_times times;
	struct bench_device d;
	bool good = false;

	if (!bench_open(bench, "sim:a100-sxm4-80gb?time=functional", &d))
		return false;
	for (size_t k = 0; k < COUNT(beside); k++)
		if (!strcmp(beside[k].name, name))
			good = bench_kernel_run(bench, &d, &beside[k], &times);
	if (good)
		memcpy(seconds, times.seconds, sizeof(times.seconds));
	bench_close(&d);
	return good;
}

static void functional_rows(struct bench *bench, struct bench_device *d)
{
	double values[BENCH_RUNS], worst[BENCH_RUNS], log_sum[BENCH_RUNS] = {0};
	char name[80];

	for (size_t k = 0; k < COUNT(functional); k++) {
		measure(bench, d, &functional[k], values);
		snprintf(name, sizeof(name), "functional %s, %s", functional[k].name,
			 functional[k].problem);
		bench_add(bench, name, "M warp-instr/s", values, 4, 10, true);
		for (int run = 0; run < BENCH_RUNS; run++) {
			worst[run] = k && worst[run] < values[run] ? worst[run] : values[run];
			log_sum[run] += log(values[run]);
		}
	}
	for (int run = 0; run < BENCH_RUNS; run++)
		log_sum[run] = exp(log_sum[run] / COUNT(functional));
	bench_add(bench, "functional, nine kernels, geometric mean", "M warp-instr/s", log_sum, 10,
		  30, true);
	bench_add(bench, "functional, nine kernels, worst", "M warp-instr/s", worst, 4, 10, true);
}

static void matrix_rows(struct bench *bench, struct bench_device *d)
{
	const double products = (double)SIDE * SIDE * SIDE;
	struct bench_times times = {0};
	char name[80];

	for (size_t k = 0; k < COUNT(matrix); k++) {
		if (!bench_kernel_run(bench, d, &matrix[k], &times))
			return;
		for (int run = 0; run < BENCH_RUNS; run++)
			times.seconds[run] = products / times.seconds[run] * 1e-9;
		snprintf(name, sizeof(name), "functional mma, %s", matrix[k].problem);
		bench_add(bench, name, "GMAC/s", times.seconds, 1, 4, true);
	}
}

enum { TIMED = COUNT(timed) };

/* Both timed kernels on a simulated A100 of this address. */
static bool measure_timed(struct bench *bench, const char *address,
			  double values[TIMED][BENCH_RUNS])
{
	struct bench_device d;

	if (!bench_open(bench, address, &d))
		return false;
	for (size_t k = 0; k < TIMED; k++)
		measure(bench, &d, &timed[k], values[k]);
	bench_close(&d);
	return true;
}

static void timed_rows(struct bench *bench)
{
	static const double floors[TIMED] = {2, 1}, targets[TIMED] = {6, 2.5};
	static const double ratios[TIMED] = {1.7, 1.5};
	double one[TIMED][BENCH_RUNS], two[TIMED][BENCH_RUNS];
	char name[80];

	if (!measure_timed(bench, "sim:a100-sxm4-80gb?time=approx", one) ||
	    !measure_timed(bench, "sim:a100-sxm4-80gb?time=approx&threads=2", two))
		return;
	for (size_t k = 0; k < TIMED; k++) {
		snprintf(name, sizeof(name), "timed %s, %s, 108 SMs", timed[k].name,
			 timed[k].problem);
		bench_add(bench, name, "M warp-instr/s", one[k], floors[k], targets[k], true);
		for (int run = 0; run < BENCH_RUNS; run++)
			two[k][run] = one[k][run] > 0 ? two[k][run] / one[k][run] : 0;
		snprintf(name, sizeof(name), "the same %s, two threads against one", timed[k].name);
		bench_add(bench, name, "times as fast", two[k], 0, ratios[k], true);
	}
}

void bench_kernels(struct bench *bench)
{
	struct bench_device d;

	if (!bench_open(bench, "sim:a100-sxm4-80gb?time=functional", &d))
		return;
	functional_rows(bench, &d);
	matrix_rows(bench, &d);
	bench_close(&d);
	timed_rows(bench);
}
