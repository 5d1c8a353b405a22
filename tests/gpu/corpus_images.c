/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures and grids: what the kernels of clang's are to leave in memory. */
#include <math.h>
#include <stdlib.h>

#include "tests/gpu/corpus.h"

enum { WIDTH = 45, HEIGHT = 21 };

static int within(int v, int most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

static void conv2d(void **a)
{
	static const float weights[5][5] = {{0.01f, 0.02f, 0.03f, 0.02f, 0.01f},
					    {0.02f, 0.06f, 0.08f, 0.06f, 0.02f},
					    {0.03f, 0.08f, 0.12f, 0.08f, 0.03f},
					    {0.02f, 0.06f, 0.08f, 0.06f, 0.02f},
					    {0.01f, -0.5f, 0.03f, 0.02f, 0.75f}};
	const float *in = a[0];
	float *out = a[1];

	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		float sum = 0;

		for (int k = 0; k < 25; k++) {
			int y = within(i / WIDTH + k / 5 - 2, HEIGHT - 1);
			int x = within(i % WIDTH + k % 5 - 2, WIDTH - 1);

			sum += weights[k / 5][k % 5] * in[y * WIDTH + x];
		}
		out[i] = sum;
	}
}

static void convsep(void **a)
{
	const float *in = a[0], *weights = a[2];
	float *out = a[1];

	for (int i = 0; i < 100 * 5; i++) {
		float sum = 0;

		for (int k = 0; k < 9; k++)
			sum += weights[k] * in[i / 100 * 100 + within(i % 100 + k - 4, 99)];
		out[i] = sum;
	}
}

enum { SMALL_W = 19, SMALL_H = 11 };

static float row_at(const uint8_t *row, float u)
{
	int left = (int)u, right = left + 1 < SMALL_W ? left + 1 : left;
	float d = u - (float)left;

	return (float)row[left] * (1 - d) + (float)row[right] * d;
}

static void bilinear(void **a)
{
	const uint8_t *in = a[0];
	uint8_t *out = a[1];

	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			float u = ((float)x + 0.5f) * (float)SMALL_W / (float)WIDTH - 0.5f;
			float v = ((float)y + 0.5f) * (float)SMALL_H / (float)HEIGHT - 0.5f;

			u = u < 0 ? 0 : u;
			v = v < 0 ? 0 : v;
			int top = (int)v, bottom = top + 1 < SMALL_H ? top + 1 : top;
			float d = v - (float)top;

			out[y * WIDTH + x] = (uint8_t)(row_at(in + top * SMALL_W, u) * (1 - d) +
						       row_at(in + bottom * SMALL_W, u) * d + 0.5f);
		}
	}
}

static int sobel_at(const uint8_t *p)
{
	static const int weights[3] = {1, 2, 1};
	int across = 0, down = 0;

	for (int k = -1; k <= 1; k++) {
		across += weights[k + 1] * (p[k * WIDTH + 1] - p[k * WIDTH - 1]);
		down += weights[k + 1] * (p[WIDTH + k] - p[-WIDTH + k]);
	}
	return abs(across) + abs(down);
}

static void sobel(void **a)
{
	const uint8_t *in = a[0];
	uint8_t *out = a[1];

	for (int y = 1; y < HEIGHT - 1; y++)
		for (int x = 1; x < WIDTH - 1; x++)
			out[y * WIDTH + x] = (uint8_t)within(sobel_at(in + y * WIDTH + x), 255);
}

/* Bytes to dead and alive. */
static void populate(void **a)
{
	uint8_t *in = a[0];

	for (int i = 0; i < WIDTH * HEIGHT; i++)
		in[i] = in[i] < 90;
}

static void life(void **a)
{
	const uint8_t *in = a[0];
	uint8_t *out = a[1];

	for (int y = 0; y < HEIGHT; y++) {
		for (int x = 0; x < WIDTH; x++) {
			int alive = -in[y * WIDTH + x];

			for (int k = 0; k < 9; k++)
				alive += in[(y + k / 3 + HEIGHT - 1) % HEIGHT * WIDTH +
					    (x + k % 3 + WIDTH - 1) % WIDTH];
			out[y * WIDTH + x] = alive == 3 || (alive == 2 && in[y * WIDTH + x]);
		}
	}
}

const struct corpus_case corpus_images[] = {
	{.says = "conv2d: a filter in constant memory",
	 .file = "clang/conv2d.ptx",
	 .kernel = "conv2d",
	 .grid = {3, 3, 1},
	 .block = {16, 8, 1},
	 .arguments = {FLOATS(WIDTH * HEIGHT), ZEROS(float, WIDTH *HEIGHT), INTEGER(WIDTH),
		       INTEGER(HEIGHT)},
	 .expect = conv2d},
	{.says = "convsep: a row with its halo in local memory",
	 .file = "clang/convsep.ptx",
	 .kernel = "convsep",
	 .grid = {2, 5, 1},
	 .block = {64, 1, 1},
	 .arguments = {FLOATS(500), ZEROS(float, 500), FLOATS(9), INTEGER(100)},
	 .expect = convsep},
	{.says = "bilinear: a picture of bytes resized",
	 .file = "clang/bilinear.ptx",
	 .kernel = "bilinear",
	 .grid = {2, HEIGHT, 1},
	 .block = {32, 1, 1},
	 .arguments = {BITS(uint8_t, SMALL_W *SMALL_H), ZEROS(uint8_t, WIDTH *HEIGHT),
		       INTEGER(SMALL_W), INTEGER(SMALL_H), INTEGER(WIDTH), INTEGER(HEIGHT)},
	 .expect = bilinear},
	{.says = "sobel: edges in integers, saturated",
	 .file = "clang/sobel.ptx",
	 .kernel = "sobel",
	 .grid = {6, 3, 1},
	 .block = {8, 8, 1},
	 .arguments = {BITS(uint8_t, WIDTH *HEIGHT), ZEROS(uint8_t, WIDTH *HEIGHT), INTEGER(WIDTH),
		       INTEGER(HEIGHT)},
	 .expect = sobel},
	{.says = "life: a generation on a torus",
	 .file = "clang/life.ptx",
	 .kernel = "life",
	 .grid = {3, 6, 1},
	 .block = {16, 4, 1},
	 .arguments = {BITS(uint8_t, WIDTH *HEIGHT), ZEROS(uint8_t, WIDTH *HEIGHT), INTEGER(WIDTH),
		       INTEGER(HEIGHT)},
	 .prepare = populate,
	 .expect = life},
	{0},
};
