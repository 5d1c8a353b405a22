/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated speed of kernels that nvcc compiled, in warp instructions a second. */
#include "bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 6, N = 1 << 20 };

/* A buffer of floats, or a number. */
struct argument {
	uint64_t floats; /* 0: not a buffer */
	uint32_t value;
	float number;
	bool is_float;
};

struct kernel {
	const char *name, *problem;
	road_dim3 grid, block;
	unsigned count;
	struct argument arguments[ARGUMENTS_MAX];
};

#define BUFFER(n)             \
	{                     \
		.floats = (n) \
	}
#define INT(n)               \
	{                    \
		.value = (n) \
	}

/* The problem sizes of the table in docs/performance.md. */
static const struct kernel functional[] = {
	{"vecadd",
	 "2^20 elements",
	 {4096, 1, 1},
	 {256, 1, 1},
	 4,
	 {BUFFER(N), BUFFER(N), BUFFER(N), INT(N)}},
	{"saxpy",
	 "2^20 elements",
	 {432, 1, 1},
	 {256, 1, 1},
	 4,
	 {{.number = 2.5f, .is_float = true}, BUFFER(N), BUFFER(N), INT(N)}},
	{"transpose",
	 "1024 x 1024",
	 {32, 32, 1},
	 {32, 8, 1},
	 4,
	 {BUFFER(N), BUFFER(N), INT(1024), INT(1024)}},
	{"gemm_tiled",
	 "256 x 256 x 256",
	 {16, 16, 1},
	 {16, 16, 1},
	 6,
	 {BUFFER(65536), BUFFER(65536), BUFFER(65536), INT(256), INT(256), INT(256)}},
	{"softmax",
	 "512 rows of 1024",
	 {512, 1, 1},
	 {256, 1, 1},
	 3,
	 {BUFFER(N / 2), BUFFER(N / 2), INT(1024)}},
};

static const struct kernel timed[] = {
	{"gemm_tiled",
	 "512 x 512 x 64",
	 {32, 32, 1},
	 {16, 16, 1},
	 6,
	 {BUFFER(32768), BUFFER(32768), BUFFER(262144), INT(512), INT(512), INT(64)}},
	{"saxpy",
	 "2^20 elements",
	 {864, 1, 1},
	 {256, 1, 1},
	 4,
	 {{.number = 2.5f, .is_float = true}, BUFFER(N), BUFFER(N), INT(N)}},
};

/* The OpenCL kernels that bench/beside.c runs on PoCL too, as clang compiled them. */
static const struct kernel beside[] = {
	{"vecadd",
	 "2^20 elements",
	 {4096, 1, 1},
	 {256, 1, 1},
	 4,
	 {BUFFER(N), BUFFER(N), BUFFER(N), INT(N)}},
	{"gemm",
	 "256 x 256 x 256",
	 {16, 16, 1},
	 {16, 16, 1},
	 6,
	 {BUFFER(65536), BUFFER(65536), BUFFER(65536), INT(256), INT(256), INT(256)}},
};

const struct bench_file *bench_file_find(const char *name)
{
	for (const struct bench_file *f = bench_files; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static double warp_instructions(road_device *device)
{
	const char *name;
	uint64_t value;

	for (uint32_t i = 0; !road_sim_counter(device, i, &name, &value); i++)
		if (!strcmp(name, "gpu.warp_instructions"))
			return (double)value;
	return 0;
}

struct prepared {
	road_image *image;
	road_kernel *kernel;
	road_buffer *buffers[ARGUMENTS_MAX];
	uint64_t addresses[ARGUMENTS_MAX];
	const void *pointers[ARGUMENTS_MAX];
};

static bool fill(struct bench *bench, struct bench_device *d, const struct kernel *k,
		 struct prepared *p, unsigned i)
{
	road_buffer_options options = {.size = sizeof(options),
				       .heap = ROAD_HEAP_DEVICE,
				       .bytes = k->arguments[i].floats * 4};
	float *values = malloc(options.bytes);

	if (!values)
		return bench_failed(bench, k->name);
	for (uint64_t n = 0; n < k->arguments[i].floats; n++)
		values[n] = (float)(n % 1000) * 0.001f;
	bool good = !road_buffer_create(d->space, &options, &p->buffers[i]) &&
		    !road_buffer_address(p->buffers[i], &p->addresses[i]) &&
		    !road_queue_write(d->queue, p->buffers[i], 0, values, options.bytes, NULL) &&
		    !road_queue_drain(d->queue, ROAD_FOREVER);

	free(values);
	p->pointers[i] = &p->addresses[i];
	return good || bench_failed(bench, k->name);
}

static bool prepare(struct bench *bench, struct bench_device *d, const struct kernel *k,
		    const char *file_name, struct prepared *p)
{
	const struct bench_file *file = bench_file_find(file_name);

	memset(p, 0, sizeof(*p));
	if (!file || road_image_load(d->space, file->bytes, file->byte_count, NULL, &p->image) ||
	    road_image_kernel(p->image, k->name, &p->kernel))
		return bench_failed(bench, k->name);
	for (unsigned i = 0; i < k->count; i++) {
		const struct argument *a = &k->arguments[i];

		p->pointers[i] = a->is_float ? (const void *)&a->number : (const void *)&a->value;
		if (a->floats && !fill(bench, d, k, p, i))
			return false;
	}
	return true;
}

static void release(struct prepared *p)
{
	for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
		road_buffer_release(p->buffers[i]);
	road_kernel_release(p->kernel);
	road_image_release(p->image);
}

/* Seconds and warp instructions of each run, after one that warms; false after a failure. */
static bool measure_file(struct bench *bench, struct bench_device *d, const struct kernel *k,
			 const char *file, double *seconds, double *instructions)
{
	struct prepared p;
	bool good = prepare(bench, d, k, file, &p);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = p.kernel,
			      .grid = k->grid,
			      .block = k->block,
			      .argument_pointers = p.pointers,
			      .argument_count = k->count};

	for (int run = -1; run < BENCH_RUNS && good; run++) {
		double before = warp_instructions(d->device), start = bench_seconds();

		if (road_queue_launch(d->queue, &launch, NULL) ||
		    road_queue_drain(d->queue, ROAD_FOREVER))
			good = bench_failed(bench, k->name);
		if (run < 0)
			continue;
		seconds[run] = bench_seconds() - start;
		instructions[run] = warp_instructions(d->device) - before;
	}
	release(&p);
	return good;
}

/* Millions of warp instructions a second of each run; 0 after a failure. */
static void measure(struct bench *bench, struct bench_device *d, const struct kernel *k,
		    double *values)
{
	double seconds[BENCH_RUNS], instructions[BENCH_RUNS];
	bool good = measure_file(bench, d, k, k->name, seconds, instructions);

	for (int run = 0; run < BENCH_RUNS; run++)
		values[run] = good ? instructions[run] / seconds[run] * 1e-6 : 0;
}

bool bench_kernel_seconds(struct bench *bench, const char *name, double *seconds)
{
	double instructions[BENCH_RUNS];
	struct bench_device d;
	char file[64];
	bool good = false;

	snprintf(file, sizeof(file), "%s.cl.ptx", name);
	if (!bench_open(bench, "sim:a100-sxm4-80gb?time=functional", &d))
		return false;
	for (size_t k = 0; k < sizeof(beside) / sizeof(beside[0]); k++)
		if (!strcmp(beside[k].name, name))
			good = measure_file(bench, &d, &beside[k], file, seconds, instructions);
	bench_close(&d);
	return good;
}

static void functional_rows(struct bench *bench)
{
	enum { COUNT = sizeof(functional) / sizeof(functional[0]) };
	double values[COUNT][BENCH_RUNS], mean[BENCH_RUNS], worst[BENCH_RUNS];
	struct bench_device d;
	char name[80];

	if (!bench_open(bench, "sim:a100-sxm4-80gb?time=functional", &d))
		return;
	for (int k = 0; k < COUNT; k++) {
		measure(bench, &d, &functional[k], values[k]);
		snprintf(name, sizeof(name), "functional %s, %s", functional[k].name,
			 functional[k].problem);
		bench_add(bench, name, "M warp-instr/s", values[k], 4, 10, true);
	}
	for (int run = 0; run < BENCH_RUNS; run++) {
		double log_sum = 0;

		worst[run] = values[0][run];
		for (int k = 0; k < COUNT; k++) {
			log_sum += log(values[k][run]);
			worst[run] = values[k][run] < worst[run] ? values[k][run] : worst[run];
		}
		mean[run] = exp(log_sum / COUNT);
	}
	bench_add(bench, "functional, five kernels, geometric mean", "M warp-instr/s", mean, 10, 30,
		  true);
	bench_add(bench, "functional, five kernels, worst", "M warp-instr/s", worst, 4, 10, true);
	bench_close(&d);
}

enum { TIMED = sizeof(timed) / sizeof(timed[0]) };

/* Both timed kernels on a simulated A100 of this address. */
static bool measure_timed(struct bench *bench, const char *address,
			  double values[TIMED][BENCH_RUNS])
{
	struct bench_device d;

	if (!bench_open(bench, address, &d))
		return false;
	for (int k = 0; k < TIMED; k++)
		measure(bench, &d, &timed[k], values[k]);
	bench_close(&d);
	return true;
}

void bench_kernels(struct bench *bench)
{
	static const double floors[TIMED] = {2, 1}, targets[TIMED] = {6, 2.5};
	static const double ratios[TIMED] = {1.7, 1.5};
	double one[TIMED][BENCH_RUNS], two[TIMED][BENCH_RUNS];
	char name[80];

	functional_rows(bench);
	if (!measure_timed(bench, "sim:a100-sxm4-80gb?time=approx", one) ||
	    !measure_timed(bench, "sim:a100-sxm4-80gb?time=approx&threads=2", two))
		return;
	for (int k = 0; k < TIMED; k++) {
		snprintf(name, sizeof(name), "timed %s, %s, 108 SMs", timed[k].name,
			 timed[k].problem);
		bench_add(bench, name, "M warp-instr/s", one[k], floors[k], targets[k], true);
		for (int run = 0; run < BENCH_RUNS; run++)
			two[k][run] = one[k][run] > 0 ? two[k][run] / one[k][run] : 0;
		snprintf(name, sizeof(name), "the same %s, two threads against one", timed[k].name);
		bench_add(bench, name, "times as fast", two[k], 0, ratios[k], true);
	}
}
