/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks what the demonstration's kernels wrote, against the definition, in double:
 *
 *   demo-check vecadd N A B C      demo-check gemm M N K A B C      demo-check softmax ROWS COLS X
 * Y
 *
 * The files hold f32, little-endian. Exits 1 and names the worst element if one is too far off.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct worst {
	size_t at;
	double error, bound; /* of the element whose error is the largest part of its bound */
	double got, want;
};

static float *load(const char *path, size_t count)
{
	float *data = malloc((count + 1) * sizeof(*data));
	FILE *file = fopen(path, "rb");
	size_t got = data && file ? fread(data, sizeof(*data), count + 1, file) : 0;

	if (file)
		fclose(file);
	if (got == count)
		return data;
	fprintf(stderr, "demo-check: %s: has not %zu values\n", path, count);
	exit(1);
}

/* A NaN is as far off as can be. */
static void compare(struct worst *worst, size_t at, double got, double want, double bound)
{
	double error = isnan(got) ? (double)INFINITY : fabs(got - want);
	int first = worst->bound == 0;

	if (first || error * worst->bound > worst->error * bound)
		*worst = (struct worst){at, error, bound, got, want};
}

static int tell(const char *name, size_t count, const struct worst *worst)
{
	int good = worst->error <= worst->bound;

	printf("%-16s%s: %zu values, the worst of them %zu: %.9g, should be %.9g within %.2g\n",
	       "check", good ? "right" : "WRONG", count, worst->at, worst->got, worst->want,
	       worst->bound);
	if (!good)
		fprintf(stderr, "demo-check: %s: wrong numbers\n", name);
	return good ? 0 : 1;
}

/* One addition: half a unit in the last place. */
static int vecadd(const size_t *size, char **file)
{
	float *a = load(file[0], size[0]), *b = load(file[1], size[0]);
	float *c = load(file[2], size[0]);
	struct worst worst = {0};

	for (size_t i = 0; i < size[0]; i++) {
		double want = (double)a[i] + (double)b[i];

		compare(&worst, i, (double)c[i], want, fabs(want) * (double)FLT_EPSILON / 2);
	}
	free(a);
	free(b);
	free(c);
	return tell("vecadd", size[0], &worst);
}

/* k rounded products and sums in any order: k ulps of the sum of magnitudes. */
static int gemm(const size_t *size, char **file)
{
	size_t m = size[0], n = size[1], k = size[2];
	float *a = load(file[0], m * k), *b = load(file[1], k * n), *c = load(file[2], m * n);
	struct worst worst = {0};

	for (size_t i = 0; i < m * n; i++) {
		double want = 0, magnitude = 0;

		for (size_t j = 0; j < k; j++) {
			double product = (double)a[i / n * k + j] * (double)b[j * n + i % n];

			want += product;
			magnitude += fabs(product);
		}
		compare(&worst, i, (double)c[i], want, (double)k * (double)FLT_EPSILON * magnitude);
	}
	free(a);
	free(b);
	free(c);
	return tell("gemm", m * n, &worst);
}

/* Exponentials of a fast kind, a sum and a division: 1e-5 of the value is far above their error
 * and far below that of any wrong element. */
static int softmax(const size_t *size, char **file)
{
	size_t rows = size[0], columns = size[1];
	float *x = load(file[0], rows * columns), *y = load(file[1], rows * columns);
	struct worst worst = {0};

	for (size_t r = 0; r < rows; r++) {
		const float *in = x + r * columns;
		double top = (double)in[0], sum = 0;

		for (size_t i = 0; i < columns; i++)
			top = fmax(top, (double)in[i]);
		for (size_t i = 0; i < columns; i++)
			sum += exp((double)in[i] - top);
		for (size_t i = 0; i < columns; i++) {
			double want = exp((double)in[i] - top) / sum;

			compare(&worst, r * columns + i, (double)y[r * columns + i], want,
				1e-5 * want);
		}
	}
	free(x);
	free(y);
	return tell("softmax", rows * columns, &worst);
}

static const struct check {
	const char *name;
	int sizes, files;
	int (*run)(const size_t *size, char **file);
} checks[] = {{"vecadd", 1, 3, vecadd}, {"gemm", 3, 3, gemm}, {"softmax", 2, 2, softmax}};

int main(int argc, char **argv)
{
	size_t size[3];

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *check = &checks[i];

		if (argc != 2 + check->sizes + check->files || strcmp(argv[1], check->name))
			continue;
		for (int s = 0; s < check->sizes; s++) {
			size[s] = strtoull(argv[2 + s], NULL, 10);
			if (!size[s] || size[s] > 1u << 24)
				return 2;
		}
		return check->run(size, argv + 2 + check->sizes);
	}
	fputs("usage: demo-check vecadd|gemm|softmax SIZE… FILE…\n", stderr);
	return 2;
}
