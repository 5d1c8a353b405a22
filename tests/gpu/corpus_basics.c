/* SPDX-License-Identifier: Apache-2.0 */
/* What each of the first kernels of clang's is to leave in memory. */
#include <math.h>
#include <string.h>

#include "tests/gpu/corpus.h"

enum { N = 300 };

struct settings {
	int32_t first;
	float weights[6];
	double scale;
};

static const struct settings dispatch_settings = {-3, {0.5f, 1.5f, -2.0f, 4.0f, 0.1f, 3.0f}, 0.3};

static float dispatch_step(int code, int at, float x, const float *recent, float weight)
{
	static const int table[8] = {3, 1, 4, 1, 5, 9, 2, 6};

	switch (code & 7) {
	case 0: return x + weight;
	case 1: return x - (float)table[at & 7];
	case 2: return x * 1.5f;
	case 3: return -x;
	case 4: return x + 0.25f;
	case 5: return x + recent[at & 3];
	case 6: return x > 10 ? 10 : x;
	default: return x + (float)dispatch_settings.first;
	}
}

static void dispatch(void **a)
{
	const uint32_t *codes = a[1];
	float *out = a[2];

	for (int i = 0; i < N; i++) {
		float recent[4] = {0}, x = 0;

		for (int k = 0; k < 6; k++) {
			int code = (int)codes[(i + k) % N];

			x = dispatch_step(code, i + k, x, recent, dispatch_settings.weights[k]);
			recent[code & 3] = x;
		}
		out[i] = (float)((double)x * dispatch_settings.scale);
	}
}

static uint64_t integers_of(int64_t x, int32_t y, int16_t z)
{
	uint64_t r = (uint64_t)x / (uint32_t)y;
	int turn = (y & 31) + 1;

	r ^= (uint64_t)(x % y) << 7;
	r += (uint32_t)__builtin_popcount((uint32_t)y) * 3u +
	     (uint32_t)__builtin_clzll((uint64_t)x | 1);
	r ^= (uint64_t)(((__int128)x * y) >> 64);
	z = (int16_t)(z * z - (z >> 3));
	r += (uint64_t)(int64_t)z;
	r = r << turn | r >> (64 - turn);
	return r + (uint32_t)(y / (z | 1)) + (uint8_t)(x >> 5);
}

static void integers(void **a)
{
	const int64_t *x = a[0];
	const int32_t *y = a[1];
	const int16_t *z = a[2];
	uint64_t *out = a[3];

	for (int i = 0; i < N; i++)
		out[i] = integers_of(x[i], y[i] | 1, z[i]);
}

static int32_t mandelbrot_at(int px, int py, int limit, float scale)
{
	double cx = (double)px * (double)scale - 2.0, x = 0, y = 0;
	float cy = (float)py * scale - 1.0f;
	int k = 0;

	while (k < limit && x * x + y * y < 4.0) {
		double t = x * x - y * y + cx;

		y = 2 * x * y + (double)cy;
		x = t;
		if (++k == limit / 2 && x < -1.5)
			break;
	}
	return k;
}

static void mandelbrot(void **a)
{
	int32_t *out = a[0];

	for (int y = 0; y < 20; y++)
		for (int x = 0; x < 45; x++)
			out[y * 45 + x] = mandelbrot_at(x, y, 60, 0.0625f);
}

static void matvec(void **a)
{
	const float *m = a[0], *x = a[1];
	float *y = a[2];

	for (int row = 0; row < 9; row++) {
		float partial[64] = {0};

		for (int k = 0; k < 150; k++)
			partial[k % 64] += m[row * 150 + k] * x[k];
		for (int d = 32; d; d >>= 1)
			for (int t = 0; t < d; t++)
				partial[t] += partial[t + d];
		y[row] = partial[0];
	}
}

static void stencil(void **a)
{
	const float *in = a[0];
	float *out = a[1], left = 0.25f, right = -0.75f;

	for (int i = 0; i < N; i++)
		out[i] = left * (i ? in[i - 1] : 0.0f) + in[i] +
			 right * (i + 1 < N ? in[i + 1] : 0.0f);
}

static void vectors(void **a)
{
	const float *v = a[0];
	const uint8_t *u = a[1];
	const uint16_t *s = a[2];
	float *out = a[3];
	uint8_t *bytes = a[4];

	for (int i = 0; i < N; i++, u += 4) {
		for (int k = 0; k < 4; k++)
			out[4 * i + k] = v[4 * i + k] * (float)u[k] + (float)s[4 * i + 3 - k];
		bytes[4 * i] = (uint8_t)(u[0] + u[1]);
		bytes[4 * i + 1] = (uint8_t)(u[1] - u[2]);
		bytes[4 * i + 2] = (uint8_t)(u[2] ^ u[3]);
		bytes[4 * i + 3] = (uint8_t)(u[3] >> 1);
	}
}

static void filter(void **a)
{
	static const float coefficients[5] = {0.5f, -1.25f, 2.0f, 0.125f, -0.75f};
	const float *in = a[0], *bias = a[2];
	float *out = a[1], low = -0.4f, high = 0.3f;

	for (int i = 0; i < N; i++, in += 4, out += 4) {
		float y[4];

		for (int c = 0; c < 4; c++) {
			y[c] = bias[i & 3];
			for (int k = 0; k < 5; k++)
				y[c] = y[c] * in[c] + coefficients[k];
		}
		out[0] = y[0] < low ? low : y[0] > high ? high : y[0];
		out[1] = fabsf(y[1]);
		out[2] = sqrtf(fabsf(y[2]));
		out[3] = fmaf(y[3], in[3], in[0]);
	}
}

static void scan(void **a)
{
	const uint32_t *in = a[0];
	uint32_t *out = a[1];

	for (int i = 0; i < 3 * 96; i++)
		out[i] = (i % 96 ? out[i - 1] : 0) + in[i];
}

const struct corpus_case corpus_basics[] = {
	{.says = "dispatch: a dense switch, local arrays, a structure by value",
	 .file = "clang/dispatch.ptx",
	 .kernel = "dispatch",
	 .grid = {5, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {VALUE(dispatch_settings), BELOW(1000, N), ZEROS(float, N), INTEGER(N)},
	 .expect = dispatch},
	{.says = "integers: arithmetic of all widths",
	 .file = "clang/integers.ptx",
	 .kernel = "integers",
	 .grid = {3, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {BITS(int64_t, N), BITS(int32_t, N), BITS(int16_t, N), ZEROS(uint64_t, N),
		       INTEGER(N)},
	 .expect = integers},
	{.says = "mandelbrot: loops that depend on data",
	 .file = "clang/mandelbrot.ptx",
	 .kernel = "mandelbrot",
	 .grid = {2, 20, 1},
	 .block = {32, 1, 1},
	 .arguments = {ZEROS(int32_t, 45 * 20), INTEGER(45), INTEGER(60), REAL(0.0625f)},
	 .expect = mandelbrot},
	{.says = "matvec: partial sums and a tree",
	 .file = "clang/matvec.ptx",
	 .kernel = "matvec",
	 .grid = {9, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(9 * 150), FLOATS(150), ZEROS(float, 9), INTEGER(150)},
	 .expect = matvec},
	{.says = "stencil: dynamic shared memory with a halo",
	 .file = "clang/stencil.ptx",
	 .kernel = "stencil",
	 .grid = {5, 1, 1},
	 .block = {64, 1, 1},
	 .shared_bytes = 66 * 4,
	 .arguments = {FLOATS(N), ZEROS(float, N), INTEGER(N), REAL(0.25f), REAL(-0.75f)},
	 .expect = stencil},
	{.says = "vectors: loads and stores of 4 to 16 bytes",
	 .file = "clang/vectors.ptx",
	 .kernel = "vectors",
	 .grid = {3, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {FLOATS(4 * N), BITS(uint8_t, 4 * N), BITS(uint16_t, 4 * N),
		       ZEROS(float, 4 * N), ZEROS(uint8_t, 4 * N), INTEGER(N)},
	 .expect = vectors},
	{.says = "filter: OpenCL's vectors, constants, selections",
	 .file = "clang/filter.ptx",
	 .kernel = "filter",
	 .grid = {2, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(4 * N), ZEROS(float, 4 * N), FLOATS(4), INTEGER(N), REAL(-0.4f),
		       REAL(0.3f)},
	 .expect = filter},
	{.says = "scan: OpenCL's local memory that the host sizes",
	 .file = "clang/scan.ptx",
	 .kernel = "scan",
	 .grid = {3, 1, 1},
	 .block = {96, 1, 1},
	 .shared_bytes = 2 * 96 * 4,
	 .arguments = {BELOW(1000, 3 * 96), ZEROS(int32_t, 3 * 96), INTEGER(0), INTEGER(96 * 4)},
	 .expect = scan},
	{0},
};
