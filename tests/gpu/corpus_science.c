/* SPDX-License-Identifier: Apache-2.0 */
/* Physics, finance, signals: what the kernels of clang's are to leave in memory. */
#include <math.h>

#include "tests/gpu/corpus.h"

enum { BODIES = 128 };

static void nbody(void **a)
{
	const float *bodies = a[0];
	float *out = a[1];

	for (int i = 0; i < BODIES; i++) {
		float sum[4] = {0};

		for (int k = 0; k < BODIES; k++) {
			const float *me = bodies + 4 * i, *other = bodies + 4 * k;
			float x = other[0] - me[0], y = other[1] - me[1], z = other[2] - me[2];
			float r2 = x * x + y * y + z * z + 0.01f;
			float f = other[3] / (r2 * sqrtf(r2));

			sum[0] += x * f;
			sum[1] += y * f;
			sum[2] += z * f;
		}
		for (int d = 0; d < 4; d++)
			out[4 * i + d] = sum[d];
	}
}

enum { OPTIONS = 400 };

/* Prices 5 to 30, strikes 1 to 100, a quarter of a year to ten. */
static void options(void **a)
{
	float *price = a[0], *strike = a[1], *years = a[2];

	for (int i = 0; i < OPTIONS; i++) {
		price[i] = 17.5f + 25 * price[i];
		strike[i] = 50.5f + 99 * strike[i];
		years[i] = 5.125f + 9.75f * years[i];
	}
}

static double normal(double d)
{
	return 0.5 * erfc(-d * 0.70710678118654752);
}

static void blackscholes(void **a)
{
	const float *price = a[0], *strike = a[1], *years = a[2];
	float *call = a[3], *put = a[4];
	double rate = 0.02, volatility = 0.3;

	for (int i = 0; i < OPTIONS; i++) {
		double s = (double)price[i], k = (double)strike[i], t = (double)years[i];
		double root = sqrt(t), discounted = k * exp(-rate * t);
		double d1 = (log(s / k) + (rate + 0.5 * volatility * volatility) * t) /
			    (volatility * root);
		double d2 = d1 - volatility * root;

		call[i] = (float)(s * normal(d1) - discounted * normal(d2));
		put[i] = (float)(discounted * normal(-d2) - s * normal(-d1));
	}
}

enum { SIDE = 37 };

static void jacobi(void **a)
{
	const float *u = a[0], *f = a[1];
	float *next = a[2], *moved = a[3];

	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			int i = y * SIDE + x;

			next[i] = u[i];
			if (x && y && x < SIDE - 1 && y < SIDE - 1)
				next[i] = 0.25f * (u[i - 1] + u[i + 1] + u[i - SIDE] + u[i + SIDE] -
						   0.01f * f[i]);
			moved[i] = fabsf(next[i] - u[i]);
		}
	}
}

enum { POINTS = 128, TRANSFORMS = 3 };
static const double turn = 6.283185307179586476925;

static void roots_of_unity(void **a)
{
	float *roots = a[2];

	for (int i = 0; i < POINTS / 2; i++) {
		roots[2 * i] = (float)cos(-turn * i / POINTS);
		roots[2 * i + 1] = (float)sin(-turn * i / POINTS);
	}
}

/* The definition, not the fast way. */
static void fourier(void **a)
{
	const float *in = a[0];
	float *out = a[1];

	for (int i = 0; i < POINTS * TRANSFORMS; i++) {
		const float *mine = in + i / POINTS * POINTS * 2;
		double re = 0, im = 0;

		for (int k = 0; k < POINTS; k++) {
			double angle = -turn * (double)((i % POINTS) * k % POINTS) / POINTS;
			double x = (double)mine[2 * k], y = (double)mine[2 * k + 1];

			re += x * cos(angle) - y * sin(angle);
			im += x * sin(angle) + y * cos(angle);
		}
		out[2 * i] = (float)re;
		out[2 * i + 1] = (float)im;
	}
}

enum { J_WIDTH = 50, J_HEIGHT = 33 };
static const float julia_c[2] = {-0.4f, 0.6f};

static uint8_t saturated(float x)
{
	return (uint8_t)(x > 255 ? 255 : x > 0 ? x : 0);
}

static void julia(void **a)
{
	uint8_t *out = a[0];

	for (int i = 0; i < J_WIDTH * J_HEIGHT; i++) {
		float x = (float)(i % J_WIDTH) * 0.0625f - 2.0f;
		float y = (float)(i / J_WIDTH) * 0.0625f - 1.0f;
		int k = 0;

		while (k < 40 && fmaf(x, x, y * y) < 4.0f) {
			float t = fmaf(x, x, fmaf(-y, y, julia_c[0]));

			y = fmaf(2.0f * x, y, julia_c[1]);
			x = t;
			k++;
		}
		out[4 * i] = (uint8_t)k;
		out[4 * i + 1] = saturated(fabsf(x) * 60.0f);
		out[4 * i + 2] = saturated(y * 100.0f);
		out[4 * i + 3] = k == 40 ? 255 : 0;
	}
}

enum { KM_POINTS = 500, CENTRES = 12 };

static void kmeans(void **a)
{
	const float *points = a[0], *centres = a[1];
	int32_t *nearest = a[2];
	float *distance = a[3];

	for (int i = 0; i < KM_POINTS; i++) {
		float best = INFINITY;

		for (int k = 0; k < CENTRES; k++) {
			float sum = 0;

			for (int d = 0; d < 3; d++) {
				float apart = points[3 * i + d] - centres[3 * k + d];

				sum += apart * apart;
			}
			nearest[i] = sum < best ? k : nearest[i];
			best = sum < best ? sum : best;
		}
		distance[i] = sqrtf(best);
	}
}

const struct corpus_case corpus_science[] = {
	{.says = "nbody: tiles of bodies, roots and quotients",
	 .file = "clang/nbody.ptx",
	 .kernel = "nbody",
	 .grid = {2, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(4 * BODIES), ZEROS(float, 4 * BODIES), INTEGER(BODIES), REAL(0.01f)},
	 .expect = nbody},
	{.says = "blackscholes: the special unit, against erfc",
	 .file = "clang/blackscholes.ptx",
	 .kernel = "blackscholes",
	 .grid = {2, 1, 1},
	 .block = {96, 1, 1},
	 .arguments = {FLOATS(OPTIONS), FLOATS(OPTIONS), FLOATS(OPTIONS), ZEROS(float, OPTIONS),
		       ZEROS(float, OPTIONS), INTEGER(OPTIONS), REAL(0.02f), REAL(0.3f)},
	 .prepare = options,
	 .expect = blackscholes,
	 .tolerance = 5e-5f},
	{.says = "jacobi: five points of a grid",
	 .file = "clang/jacobi.ptx",
	 .kernel = "jacobi",
	 .grid = {2, 10, 1},
	 .block = {32, 4, 1},
	 .arguments = {FLOATS(SIDE * SIDE), FLOATS(SIDE *SIDE), ZEROS(float, SIDE *SIDE),
		       ZEROS(float, SIDE *SIDE), INTEGER(SIDE), REAL(0.01f)},
	 .expect = jacobi},
	{.says = "fft: radix 2 in local memory, against the definition",
	 .file = "clang/fft.ptx",
	 .kernel = "fft",
	 .grid = {TRANSFORMS, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(2 * POINTS * TRANSFORMS), ZEROS(float, 2 * POINTS * TRANSFORMS),
		       ZEROS(float, POINTS)},
	 .prepare = roots_of_unity,
	 .expect = fourier,
	 .tolerance = 2e-5f},
	{.says = "julia: fused steps, a vector by value, saturated bytes",
	 .file = "clang/julia.ptx",
	 .kernel = "julia",
	 .grid = {2, J_HEIGHT, 1},
	 .block = {32, 1, 1},
	 .arguments = {ZEROS(uint8_t, 4 * J_WIDTH * J_HEIGHT), INTEGER(J_WIDTH), VALUE(julia_c),
		       INTEGER(40)},
	 .expect = julia},
	{.says = "kmeans: the nearest of twelve centres",
	 .file = "clang/kmeans.ptx",
	 .kernel = "kmeans",
	 .grid = {8, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(3 * KM_POINTS), FLOATS(3 * CENTRES), ZEROS(int32_t, KM_POINTS),
		       ZEROS(float, KM_POINTS), INTEGER(KM_POINTS)},
	 .expect = kmeans},
	{0},
};
