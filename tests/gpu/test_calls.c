/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that clang left as functions, on the simulated GPGPU. */
#include <math.h>

#include "tests/gpu/run.h"

enum { N = 300 };

/* In functional mode, approximately, and with hardly any registers. */
static const char *const devices[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx",
				      "sim:gpu-small?opt=0", "sim:gpu-small?regs=16"};

static void tell_fault(struct fixture *f)
{
	road_fault fault = {.size = sizeof(fault)};

	if (!road_device_fault_read(f->device, &fault))
		printf("# %s line %u lane %u: %s\n", fault.kernel, fault.line, fault.lane,
		       fault.text);
}

static void run_on(const char *device, const char *kernel, const float *x, float *y)
{
	float *copy = malloc(N * sizeof(float));
	struct run run = {.file = "clang/calls.ptx",
			  .kernel = kernel,
			  .grid = {3, 1, 1},
			  .block = {100, 1, 1},
			  .argument_count = 3,
			  .arguments = {{copy, N, 0}, {y, N, 0}, {NULL, 0, N}}};
	struct fixture f = setup(device);

	memcpy(copy, x, N * sizeof(float));
	memset(y, 0, N * sizeof(float));
	if (run_kernel(&f, &run, NULL)) {
		tell_fault(&f);
		CU_FAIL("the kernel faulted");
	}
	teardown(&f);
	free(copy);
}

static void fill(float *x)
{
	for (int i = 0; i < N; i++)
		x[i] = (float)((i * 37) % 101) - 50.0f;
}

static void check(const char *kernel, void (*expect)(const float *x, float *y))
{
	float x[N], y[N], expected[N];

	fill(x);
	memset(expected, 0, sizeof(expected));
	expect(x, expected);
	for (size_t k = 0; k < sizeof(devices) / sizeof(devices[0]); k++) {
		int wrong = -1;

		run_on(devices[k], kernel, x, y);
		for (int i = 0; i < N && wrong < 0; i++)
			wrong = y[i] != expected[i] ? i : -1;
		if (wrong >= 0)
			printf("# %s on %s: [%d] is %a, not %a\n", kernel, devices[k], wrong,
			       (double)y[wrong], (double)expected[wrong]);
		CU_ASSERT(wrong < 0);
	}
}

static void expect_plain(const float *x, float *y)
{
	for (int i = 0; i < N; i++)
		y[i] = (x[i] * 3.0f + 1.0f) + (x[i] * 0.5f * 2.0f + 1.0f);
}

static void cross(const float *a, const float *b, float *c)
{
	float r[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
		      a[0] * b[1] - a[1] * b[0]};

	memcpy(c, r, sizeof(r));
}

static void expect_struct(const float *x, float *y)
{
	const float b[3] = {1, 2, 3};

	for (int i = 0; 3 * i + 2 < N; i++) {
		float c[3];
		int total = i % 100 + (int)((double)x[i] * 100.0);

		cross(&x[3 * i], b, c);
		cross(c, &x[3 * i], c);
		for (int k = 1; k <= 5; k++)
			total += i * k;
		y[3 * i] = c[0] + (float)total;
		y[3 * i + 1] = c[1];
		y[3 * i + 2] = c[2];
	}
}

static unsigned fibonacci(unsigned n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static void expect_recursive(const float *x, float *y)
{
	(void)x;
	for (unsigned i = 0; i < N; i++) {
		unsigned depth = i % 12, result = depth == 3 ? 1000u : fibonacci(depth);

		y[i] = (float)(result + !(depth % 2) * 100000u);
	}
}

/* All four are computed, whichever is asked for: they wrap, as the chip's do. */
static int apply(int f, int a, int b)
{
	unsigned x = (unsigned)a, y = (unsigned)b;
	const unsigned results[] = {x + y, x - y, x * y, (x + y) * (x - y)};

	return (int)results[f];
}

static int count_down(int f, int depth, int a)
{
	return depth <= 0 ? a : apply(f, count_down(f, depth - 1, a), depth);
}

static void expect_indirect(const float *x, float *y)
{
	for (int i = 0; i < N; i++)
		y[i] = (float)(apply(i % 4, (int)x[i], i) + count_down(i % 4, i % 5, i) +
			       count_down(1, 3, i));
}

static void arguments_and_results(void)
{
	check("calls_plain", expect_plain);
}

static void structures(void)
{
	check("calls_struct", expect_struct);
}

static void recursion(void)
{
	check("calls_recursive", expect_recursive);
}

static void pointers(void)
{
	check("calls_indirect", expect_indirect);
}

static const struct tap_case cases[] = {
	{"functions take arguments and give results", arguments_and_results},
	{"functions take and give structures", structures},
	{"functions call themselves and each other, lanes to different depths", recursion},
	{"functions are called through pointers that differ by lane", pointers},
};

TAP_MAIN(cases)
