/* SPDX-License-Identifier: Apache-2.0 */
/* PoCL beside ours in the same run: the same OpenCL C, there as code of this processor. */
#include "bench/bench.h"
#include "bench/pocl.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 2000, N = 1 << 20, SIDE = 256 };

static const char *const names[] = {"empty marker + wait, PoCL",
				    "vecadd, 2^20 elements, functional: wall time",
				    "gemm, 256 x 256 x 256, functional: wall time"};

static void skip_all(struct bench *bench, const char *why)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		bench_skip(bench, names[i], why);
}

static void markers(struct bench *bench, struct pocl *pocl)
{
	double values[BENCH_RUNS];

	for (int run = -1; run < BENCH_RUNS; run++) { /* -1 warms */
		double start = bench_seconds();

		for (int i = 0; i < ROUNDS; i++)
			if (!pocl_marker(pocl)) {
				bench_skip(bench, names[0], "PoCL's marker failed");
				return;
			}
		if (run >= 0)
			values[run] = (bench_seconds() - start) / ROUNDS * 1e9;
	}
	bench_add(bench, names[0], "ns", values, 0, 0, false);
}

/* How many times as long ours takes, run by run. */
static void kernel(struct bench *bench, struct pocl *pocl, const char *row, struct pocl_work *work)
{
	double values[BENCH_RUNS], ours[BENCH_RUNS];
	char file[64];

	snprintf(file, sizeof(file), "%s.cl", work->kernel);
	const struct bench_file *source = bench_file_find(file);

	if (!source || !bench_kernel_seconds(bench, work->kernel, ours))
		return;
	work->source = (const char *)source->bytes;
	work->source_bytes = source->byte_count;
	if (!pocl_prepare(pocl, work)) {
		bench_skip(bench, row, "PoCL does not take the kernel");
		return;
	}
	for (int run = -1; run < BENCH_RUNS; run++) { /* -1 warms, and compiles */
		double start = bench_seconds();

		if (!pocl_run(pocl, work)) {
			bench_skip(bench, row, "PoCL does not run the kernel");
			return;
		}
		if (run >= 0)
			values[run] = ours[run] / (bench_seconds() - start);
	}
	bench_add(bench, row, "times PoCL's", values, 0, 0, false);
}

void bench_beside(struct bench *bench)
{
	struct pocl_work vecadd = {.kernel = "vecadd",
				   .global = {N, 1, 1},
				   .local = {256, 1, 1},
				   .count = 4,
				   .arguments = {{N, 0}, {N, 0}, {N, 0}, {0, N}}};
	struct pocl_work gemm = {.kernel = "gemm",
				 .global = {SIDE, SIDE, 1},
				 .local = {16, 16, 1},
				 .count = 6,
				 .arguments = {{SIDE * SIDE, 0},
					       {SIDE * SIDE, 0},
					       {SIDE * SIDE, 0},
					       {0, SIDE},
					       {0, SIDE},
					       {0, SIDE}}};
	const char *why;
	struct pocl *pocl = pocl_open(&why);

	if (!pocl) {
		skip_all(bench, why);
		return;
	}
	markers(bench, pocl);
	kernel(bench, pocl, names[1], &vecadd);
	kernel(bench, pocl, names[2], &gemm);
	pocl_close(pocl);
}
