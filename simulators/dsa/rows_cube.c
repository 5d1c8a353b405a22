/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cube: for ascending k, d = d + a * b, one rounding to f32 each (s8: wraps). Vectors run over
 * the 16 columns of a fractal, never over k, so that the order of sums is the contract's.
 *
 * Fractals hold 16 rows of 32 bytes of k. They are turned into panels of [k][16] first: those of A
 * once for all, that of B for each column of fractals.
 */
#include "simulators/dsa/rows.h"
#include "simulators/numbers/half.h"

enum { SIDE = 16, FRACTAL = 512 };

/* A row of a fractal's columns in vectors, and rows at a time: as many sums as the host has
 * registers for. */
#ifdef __AVX512F__
enum { WIDTH = 16, ROWS = 8 };
#elif defined(__AVX2__)
enum { WIDTH = 8, ROWS = 4 };
#else
enum { WIDTH = 4, ROWS = 2 };
#endif
enum { PARTS = SIDE / WIDTH };
typedef float columns __attribute__((vector_size(WIDTH * 4), may_alias, aligned(4)));

/* Sums of products of s8 that are exact in f32: 2^10 * 2^7 * 2^7 = 2^24. */
enum { EXACT_S8 = 1024 };

static uint32_t up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- panels ---- */

typedef float quad __attribute__((vector_size(16), may_alias, aligned(4)));

#define LOW(a, b)  __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)

/* Four rows of four, `step` apart, become columns. */
static inline void turn(float *to, const float *from, uint32_t step)
{
	quad r0 = *(const quad *)from, r1 = *(const quad *)(from + step);
	quad r2 = *(const quad *)(from + 2 * step), r3 = *(const quad *)(from + 3 * step);
	quad a = LOW(r0, r2), b = HIGH(r0, r2), c = LOW(r1, r3), d = HIGH(r1, r3);

	*(quad *)to = LOW(a, c);
	*(quad *)(to + SIDE) = HIGH(a, c);
	*(quad *)(to + 2 * SIDE) = LOW(b, d);
	*(quad *)(to + 3 * SIDE) = HIGH(b, d);
}

/* Whole fractals, `step` bytes apart along k. */
#define PACK(name, element, c0, in)                                                       \
	static void pack_##name(float *panel, const uint8_t *at, size_t step, uint32_t k) \
	{                                                                                 \
		float line[SIDE * c0];                                                    \
                                                                                          \
		for (uint32_t k0 = 0; k0 < k; k0 += c0, at += step) {                     \
			const element *from = (const element *)at;                        \
                                                                                          \
			DSA_EACH(i, SIDE *c0) line[i] = in(from[i]);                      \
			for (uint32_t i = 0; i < c0; i += 4, panel += 4 * SIDE)           \
				for (uint32_t r = 0; r < SIDE; r += 4)                    \
					turn(panel + r, line + r * c0 + i, c0);           \
		}                                                                         \
	}

#define IN_F32(x)  road_num_float(x)
#define IN_F16(x)  half_in(x, false)
#define IN_BF16(x) half_in(x, true)
#define IN_S8(x)   (float)(x)

PACK(f16, uint16_t, 16, IN_F16)
PACK(bf16, uint16_t, 16, IN_BF16)
PACK(f32, uint32_t, 8, IN_F32)
PACK(s8, int8_t, 32, IN_S8)

/* ---- sums ---- */

/* If products are exact, a fused sum is what a product and a sum are. */
static inline __attribute__((always_inline)) columns add(float a, columns b, columns d, bool exact)
{
#if defined(__FMA__) || defined(__aarch64__)
	exact = false;
#endif
	if (exact)
		return a * b + d;
	for (unsigned n = 0; n < WIDTH; n++)
		d[n] = elem_fma(a, b[n], d[n]);
	return d;
}

/* ROWS rows of 16 sums, for k ascending; a: panel from the first of these rows on. */
static inline __attribute__((always_inline)) void sum(float *d, const float *a, const float *b,
						      uint32_t k, bool exact)
{
	columns sums[ROWS][PARTS];

	memcpy(sums, d, sizeof(sums));
	for (; k; k--, a += SIDE, b += SIDE)
#pragma GCC unroll 8
		for (unsigned i = 0; i < ROWS; i++)
#pragma GCC unroll 8
			for (unsigned p = 0; p < PARTS; p++)
				sums[i][p] = add(a[i], *(const columns *)(b + p * WIDTH),
						 sums[i][p], exact);
	memcpy(d, sums, sizeof(sums));
}

static void finish_rows(uint32_t *d)
{
	DSA_EACH(n, SIDE * SIDE) d[n] = elem_canon32(d[n]);
}

static void sum_exact(uint32_t *d, const float *a, const float *b, uint32_t k)
{
	for (uint32_t r = 0; r < SIDE; r += ROWS)
		sum((float *)d + r * SIDE, a + r, b, k, true);
	finish_rows(d);
}

static void sum_fused(uint32_t *d, const float *a, const float *b, uint32_t k)
{
	for (uint32_t r = 0; r < SIDE; r += ROWS)
		sum((float *)d + r * SIDE, a + r, b, k, false);
	finish_rows(d);
}

static void sum_s8(uint32_t *d, const float *a, const float *b, uint32_t k)
{
	for (uint32_t done = 0; done < k; done += EXACT_S8) {
		size_t at = (size_t)done * SIDE;
		float part[SIDE * SIDE] = {0};

		for (uint32_t r = 0; r < SIDE; r += ROWS)
			sum(part + r * SIDE, a + at + r, b + at, lesser(k - done, EXACT_S8), true);
		DSA_EACH(n, SIDE * SIDE) d[n] += (uint32_t)(int32_t)part[n];
	}
}

/* ---- products ---- */

static void start_block(const struct dsa_cube *cube, uint32_t *d, uint32_t column)
{
	for (uint32_t n = 0; n < SIDE; n++) {
		bool has = cube->bias && column + n < cube->n;

		for (uint32_t m = 0; m < SIDE; m++)
			d[m * SIDE + n] = has ? cube->bias[column + n] : 0;
	}
}

typedef void (*pack_fn)(float *panel, const uint8_t *at, size_t step, uint32_t k);
typedef void (*sum_fn)(uint32_t *d, const float *a, const float *b, uint32_t k);

static void multiply(const struct dsa_cube *cube, uint32_t c0, pack_fn pack, sum_fn sums)
{
	uint32_t m1 = up(cube->m, SIDE), n1 = up(cube->n, SIDE), k1 = up(cube->k, c0);
	size_t panel = (size_t)k1 * c0 * SIDE;
	float *b = cube->panels, *a = b + panel;
	uint32_t *d = cube->d;

	for (uint32_t m = 0; m < m1; m++)
		pack(a + m * panel, cube->a + (size_t)m * k1 * FRACTAL, FRACTAL, cube->k);
	for (uint32_t n = 0; n < n1; n++) {
		pack(b, cube->b + (size_t)n * FRACTAL, (size_t)n1 * FRACTAL, cube->k);
		for (uint32_t m = 0; m < m1; m++, d += SIDE * SIDE) {
			if (!cube->keep)
				start_block(cube, d, n * SIDE);
			sums(d, a + m * panel, b, cube->k);
		}
	}
}

#define CUBE(name, c0, sums)                                 \
	static void cube_##name(const struct dsa_cube *cube) \
	{                                                    \
		multiply(cube, c0, pack_##name, sums);       \
	}

CUBE(f16, 16, sum_exact)
CUBE(bf16, 16, sum_fused)
CUBE(f32, 8, sum_fused)
CUBE(s8, 32, sum_s8)

const dsa_cube_fn DSA_NAME(dsa_rows_cube)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = cube_s8,
	[ROAD_DSA_TYPE_F16] = cube_f16,
	[ROAD_DSA_TYPE_BF16] = cube_bf16,
	[ROAD_DSA_TYPE_F32] = cube_f32,
};
