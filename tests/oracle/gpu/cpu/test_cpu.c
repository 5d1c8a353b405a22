/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same sources by two other ways: built for this machine by its own compiler, and their PTX by
 * the interpreter. clang's kernels were compiled without contraction and must agree to the bit;
 * nvcc fuses products with sums and approximates, which is what `tolerance` is for. The interpreter
 * must give the simulator's bits always.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/gpu/cpu/threads.h"
#include "tests/oracle/gpu/device.h"
#include "tests/oracle/gpu/oracle.h"
#include "tests/oracle/gpu/random.h"

#define ARGUMENTS_MAX 8
#define BYTES_MAX     (64u << 10)

enum argument_kind { NONE, FLOATS, INTS, BYTES, WIDES, SHORTS, ZEROS, NUMBER, REAL, SETTINGS };

struct argument {
	enum argument_kind kind;
	unsigned count; /* of elements; NUMBER: the value */
	float real;
};

struct test_kernel {
	const char *name, *file;
	void (*cpu)(void **);
	struct cpu_dim blocks, threads;
	unsigned shared;
	double tolerance; /* of floats; 0: every bit */
	struct argument arguments[ARGUMENTS_MAX];
};

/* dispatch.cu's parameter by value */
struct settings {
	int first;
	float weights[6];
	double scale;
};

/* clang-format off */
#define KERNELS(X)                                                                              \
	X(vecadd)                                                                               \
	X(saxpy) X(transpose) X(gemm_tiled) X(histogram) X(layernorm) X(reduce_shfl) X(softmax) \
		X(matvec) X(mandelbrot) X(stencil) X(vectors) X(integers) X(dispatch)
/* clang-format on */
#define X(name) void cpu_##name(void **);
KERNELS(X)
#undef X

#define NVCC(name)  #name, "nvcc/" #name ".sm80.ptx", cpu_##name
#define CLANG(name) #name, "clang/" #name ".ptx", cpu_##name

static const struct test_kernel kernels[] = {
	{NVCC(vecadd),
	 {4, 1, 1},
	 {256, 1, 1},
	 0,
	 0,
	 {{FLOATS, 1000, 0}, {FLOATS, 1000, 0}, {ZEROS, 1000, 0}, {NUMBER, 1000, 0}}},
	{NVCC(saxpy),
	 {3, 1, 1},
	 {128, 1, 1},
	 0,
	 1e-5,
	 {{REAL, 0, 2.5f}, {FLOATS, 3000, 0}, {FLOATS, 3000, 0}, {NUMBER, 3000, 0}}},
	{NVCC(transpose),
	 {3, 2, 1},
	 {32, 8, 1},
	 0,
	 0,
	 {{FLOATS, 70 * 45, 0}, {ZEROS, 70 * 45, 0}, {NUMBER, 70, 0}, {NUMBER, 45, 0}}},
	{NVCC(gemm_tiled),
	 {3, 3, 1},
	 {16, 16, 1},
	 0,
	 1e-5,
	 {{FLOATS, 40 * 50, 0},
	  {FLOATS, 50 * 35, 0},
	  {ZEROS, 40 * 35, 0},
	  {NUMBER, 40, 0},
	  {NUMBER, 35, 0},
	  {NUMBER, 50, 0}}},
	{NVCC(histogram),
	 {3, 1, 1},
	 {64, 1, 1},
	 0,
	 0,
	 {{BYTES, 5000, 0}, {ZEROS, 256, 0}, {NUMBER, 5000, 0}}},
	{NVCC(layernorm),
	 {5, 1, 1},
	 {96, 1, 1},
	 0,
	 1e-4,
	 {{FLOATS, 5 * 200, 0},
	  {FLOATS, 200, 0},
	  {FLOATS, 200, 0},
	  {ZEROS, 5 * 200, 0},
	  {NUMBER, 200, 0},
	  {REAL, 0, 1e-5f}}},
	/* one workgroup: atomic sums of floats depend on who comes first */
	{NVCC(reduce_shfl),
	 {1, 1, 1},
	 {128, 1, 1},
	 0,
	 1e-5,
	 {{FLOATS, 3000, 0}, {ZEROS, 1, 0}, {NUMBER, 3000, 0}}},
	{NVCC(softmax),
	 {6, 1, 1},
	 {128, 1, 1},
	 0,
	 1e-5,
	 {{FLOATS, 6 * 300, 0}, {ZEROS, 6 * 300, 0}, {NUMBER, 300, 0}}},
	{CLANG(matvec),
	 {9, 1, 1},
	 {64, 1, 1},
	 0,
	 0,
	 {{FLOATS, 9 * 150, 0}, {FLOATS, 150, 0}, {ZEROS, 9, 0}, {NUMBER, 150, 0}}},
	{CLANG(mandelbrot),
	 {2, 20, 1},
	 {32, 1, 1},
	 0,
	 0,
	 {{ZEROS, 50 * 20, 0}, {NUMBER, 50, 0}, {NUMBER, 60, 0}, {REAL, 0, 0.0625f}}},
	{CLANG(stencil),
	 {4, 1, 1},
	 {64, 1, 1},
	 66 * 4,
	 0,
	 {{FLOATS, 250, 0}, {ZEROS, 250, 0}, {NUMBER, 250, 0}, {REAL, 0, 0.25f}, {REAL, 0, -1.5f}}},
	{CLANG(vectors),
	 {4, 1, 1},
	 {64, 1, 1},
	 0,
	 0,
	 {{FLOATS, 4 * 200, 0},
	  {BYTES, 4 * 200, 0},
	  {SHORTS, 4 * 200, 0},
	  {ZEROS, 4 * 200, 0},
	  {ZEROS, 200, 0},
	  {NUMBER, 200, 0}}},
	{CLANG(integers),
	 {4, 1, 1},
	 {64, 1, 1},
	 0,
	 0,
	 {{WIDES, 250, 0}, {INTS, 250, 0}, {SHORTS, 250, 0}, {ZEROS, 500, 0}, {NUMBER, 250, 0}}},
	{CLANG(dispatch),
	 {4, 1, 1},
	 {64, 1, 1},
	 0,
	 0,
	 {{SETTINGS, 0, 0}, {INTS, 250, 0}, {ZEROS, 250, 0}, {NUMBER, 250, 0}}},
};

static unsigned element_bytes(enum argument_kind kind)
{
	return kind == BYTES ? 1 : kind == SHORTS ? 2 : kind == WIDES ? 8 : 4;
}

static bool is_buffer(enum argument_kind kind)
{
	return kind >= FLOATS && kind <= ZEROS;
}

/* Three copies of what a kernel is given. */
struct run {
	uint8_t *data[ARGUMENTS_MAX];
	uint64_t address[ARGUMENTS_MAX]; /* what the kernel is told */
};

static void fill(const struct argument *a, uint8_t *data, uint64_t seed)
{
	uint64_t random = seed;

	for (unsigned k = 0; k < a->count && a->kind != ZEROS; k++) {
		uint64_t value = random_next(&random);
		float real = (float)(value >> 40) / (float)(1 << 24) - 0.5f;

		if (a->kind == FLOATS)
			memcpy(data + 4 * k, &real, 4);
		else
			memcpy(data + k * element_bytes(a->kind), &value, element_bytes(a->kind));
		if (a->kind == INTS) /* indices and divisors: small, either sign unless indices */
			data[4 * k + 3] &= 0x7f;
	}
}

static void make_run(const struct test_kernel *t, struct run *r)
{
	for (unsigned k = 0; k < ARGUMENTS_MAX; k++) {
		if (!is_buffer(t->arguments[k].kind))
			continue;
		r->data[k] = calloc(1, BYTES_MAX);
		fill(&t->arguments[k], r->data[k], k + 1);
	}
}

static void drop_run(struct run *r)
{
	for (unsigned k = 0; k < ARGUMENTS_MAX; k++)
		free(r->data[k]);
}

static const struct settings settings = {7, {1.5f, -2, 0.25f, 3, -0.125f, 9}, 0.3};

/* The parameter block; returns its size. */
static size_t pack(const struct test_kernel *t, const struct run *r, uint8_t *block)
{
	size_t at = 0;

	for (unsigned k = 0; k < ARGUMENTS_MAX && t->arguments[k].kind; k++) {
		const struct argument *a = &t->arguments[k];
		const void *from = is_buffer(a->kind)    ? (const void *)&r->address[k]
				   : a->kind == NUMBER   ? (const void *)&a->count
				   : a->kind == SETTINGS ? (const void *)&settings
							 : (const void *)&a->real;
		size_t bytes = is_buffer(a->kind) ? 8 : a->kind == SETTINGS ? sizeof(settings) : 4;
		size_t align = bytes == 4 ? 4 : 8;

		at = (at + align - 1) / align * align;
		memcpy(block + at, from, bytes);
		at += bytes;
	}
	return at;
}

static void run_cpu(const struct test_kernel *t, struct run *r)
{
	void *pointers[ARGUMENTS_MAX];
	void *values[ARGUMENTS_MAX];

	for (unsigned k = 0; k < ARGUMENTS_MAX; k++) {
		const struct argument *a = &t->arguments[k];

		values[k] = r->data[k];
		pointers[k] = is_buffer(a->kind)    ? (void *)&values[k]
			      : a->kind == NUMBER   ? (void *)(uintptr_t)&a->count
			      : a->kind == SETTINGS ? (void *)(uintptr_t)&settings
						    : (void *)(uintptr_t)&a->real;
	}
	cpu_launch(t->cpu, t->blocks, t->threads, pointers);
}

static int run_device(const struct test_kernel *t, struct device *d, struct run *r,
		      const char *text, char *why, size_t why_bytes)
{
	struct device_buffer buffers[ARGUMENTS_MAX] = {0};
	unsigned count = 0;
	uint8_t block[256];
	int result = 0;

	for (unsigned k = 0; k < ARGUMENTS_MAX && !result; k++) {
		if (!r->data[k])
			continue;
		buffers[count].data = r->data[k];
		buffers[count].bytes = BYTES_MAX;
		result = device_buffer_make(d, &buffers[count], why, why_bytes);
		r->address[k] = buffers[count++].address;
	}
	struct device_launch l = {
		.text = text,
		.kernel = t->name,
		.grid = {t->blocks.x, t->blocks.y, t->blocks.z},
		.block = {t->threads.x, t->threads.y, t->threads.z},
		.shared_bytes = t->shared,
		.arguments = block,
		.argument_bytes = pack(t, r, block),
		.buffers = buffers,
		.buffer_count = count,
	};

	if (!result)
		result = device_run(d, &l, why, why_bytes);
	for (unsigned k = 0; k < count; k++)
		device_buffer_drop(&buffers[k]);
	return result;
}

static int run_interpreter(const struct test_kernel *t, struct run *r, const char *text, char *why,
			   size_t why_bytes)
{
	struct oracle_region regions[ARGUMENTS_MAX];
	unsigned count = 0;
	uint8_t block[256];

	for (unsigned k = 0; k < ARGUMENTS_MAX; k++) {
		if (!r->data[k])
			continue;
		r->address[k] = (uint64_t)(k + 1) << 32;
		regions[count++] = (struct oracle_region){r->address[k], BYTES_MAX, r->data[k]};
	}
	struct oracle_launch l = {
		.text = text,
		.kernel = t->name,
		.grid = {t->blocks.x, t->blocks.y, t->blocks.z},
		.block = {t->threads.x, t->threads.y, t->threads.z},
		.dynamic_shared = t->shared,
		.arguments = block,
		.argument_bytes = pack(t, r, block),
		.regions = regions,
		.region_count = count,
	};

	return oracle_run(&l, why, why_bytes);
}

/* Elements that differ: by a bit, or by more than the tolerance. */
static unsigned differences(const struct test_kernel *t, const struct run *a, const struct run *b,
			    double tolerance)
{
	unsigned wrong = 0;

	for (unsigned k = 0; k < ARGUMENTS_MAX; k++) {
		for (unsigned n = 0; a->data[k] && n < BYTES_MAX; n += 4) {
			float x, y;

			if (!memcmp(a->data[k] + n, b->data[k] + n, 4))
				continue;
			memcpy(&x, a->data[k] + n, 4);
			memcpy(&y, b->data[k] + n, 4);
			wrong += !(tolerance > 0 && fabs((double)x - (double)y) <=
							    tolerance * fmax(1, fabs((double)y)));
		}
	}
	(void)t;
	return wrong;
}

static char *read_text(const char *file)
{
	char path[512], *text = calloc(1, 1 << 20);

	snprintf(path, sizeof(path), "%s/%s", KERNELS_FOLDER, file);
	FILE *in = fopen(path, "r");

	if (in && !fread(text, 1, (1 << 20) - 1, in))
		text[0] = '\0';
	if (in)
		fclose(in);
	return text;
}

static unsigned failures, number;

static void tell(bool good, const char *name, const char *what)
{
	printf("%sok %u - %s: %s\n", good ? "" : "not ", ++number, name, what);
	failures += !good;
}

static void test(const struct test_kernel *t, struct device *d)
{
	struct run simulated = {0}, built = {0}, read = {0};
	char why[400] = "", *text = read_text(t->file);

	make_run(t, &simulated);
	make_run(t, &built);
	make_run(t, &read);
	bool good = !run_device(t, d, &simulated, text, why, sizeof(why));

	if (!good)
		printf("# %s\n", why);
	run_cpu(t, &built);
	tell(good && !differences(t, &simulated, &built, t->tolerance), t->name,
	     t->tolerance > 0 ? "the simulator is near this machine's own compiler"
			      : "the simulator agrees with this machine's own compiler");
	why[0] = '\0';
	bool ran = !run_interpreter(t, &read, text, why, sizeof(why));

	if (!ran)
		printf("# %s\n", why);
	tell(good && ran && !differences(t, &simulated, &read, 0), t->name,
	     "the simulator agrees with the interpreter");
	drop_run(&simulated);
	drop_run(&built);
	drop_run(&read);
	free(text);
}

int main(void)
{
	struct device d;
	char why[400];
	unsigned count = sizeof(kernels) / sizeof(kernels[0]);

	printf("1..%u\n", 2 * count);
	if (device_open(&d, "sim:gpu-small?time=functional", why, sizeof(why))) {
		printf("Bail out! %s\n", why);
		return 1;
	}
	for (unsigned k = 0; k < count; k++)
		test(&kernels[k], &d);
	device_close(&d);
	return failures != 0;
}
