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

enum { SIDE = 16, FRACTAL = 512, ROWS = 4 };

static uint32_t up(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

/* Products of f16 are exact in f32: a fused sum and two roundings give the same. */
static inline float sum_exact(float a, float b, float d)
{
#ifdef __FMA__
	return __builtin_fmaf(a, b, d);
#else
	return a * b + d;
#endif
}

static inline uint32_t sum_wrapping(uint32_t a, uint32_t b, uint32_t d)
{
	return a * b + d;
}

/* `value` of panels, `element` of fractals. */
#define PACK(name, value, element, c0, in)                                                \
	/* A fractal's k from 0 to `depth`. */                                            \
	static void pack_fractal_##name(value *panel, const uint8_t *at, uint32_t depth)  \
	{                                                                                 \
		const element *from = (const element *)at;                                \
		value line[SIDE][c0];                                                     \
                                                                                          \
		for (uint32_t r = 0; r < SIDE; r++)                                       \
			DSA_EACH(k, c0) line[r][k] = in(from[r * c0 + k]);                \
		for (uint32_t k = 0; k < depth; k++)                                      \
			for (uint32_t r = 0; r < SIDE; r++)                               \
				panel[k * SIDE + r] = line[r][k];                         \
	}                                                                                 \
                                                                                          \
	/* Fractals `step` bytes apart along k. */                                        \
	static void pack_##name(value *panel, const uint8_t *at, size_t step, uint32_t k) \
	{                                                                                 \
		for (uint32_t k0 = 0; k0 < k; k0 += c0, at += step)                       \
			pack_fractal_##name(panel + (size_t)k0 * SIDE, at,                \
					    k - k0 < c0 ? k - k0 : c0);                   \
	}

/* d: ROWS rows of 16 values, a: panel from the first of these rows on. */
#define MULTIPLY(name, value, in, out, sum)                                                  \
	static void multiply_##name(uint32_t *d, const value *a, const value *b, uint32_t k) \
	{                                                                                    \
		value acc[ROWS][SIDE];                                                       \
                                                                                             \
		for (uint32_t i = 0; i < ROWS; i++)                                          \
			DSA_EACH(n, SIDE) acc[i][n] = in(d[i * SIDE + n]);                   \
		for (; k; k--, a += SIDE, b += SIDE)                                         \
			for (uint32_t i = 0; i < ROWS; i++)                                  \
				DSA_EACH(n, SIDE) acc[i][n] = sum(a[i], b[n], acc[i][n]);    \
		for (uint32_t i = 0; i < ROWS; i++)                                          \
			DSA_EACH(n, SIDE) d[i * SIDE + n] = out(acc[i][n]);                  \
	}

static void start_block(const struct dsa_cube *cube, uint32_t *d, uint32_t column)
{
	for (uint32_t n = 0; n < SIDE; n++) {
		bool has = cube->bias && column + n < cube->n;

		for (uint32_t m = 0; m < SIDE; m++)
			d[m * SIDE + n] = has ? cube->bias[column + n] : 0;
	}
}

#define CUBE(name, value, c0, multiply)                                                         \
	static void cube_##name(const struct dsa_cube *cube)                                    \
	{                                                                                       \
		uint32_t m1 = up(cube->m, SIDE), n1 = up(cube->n, SIDE), k1 = up(cube->k, c0);  \
		size_t panel = (size_t)cube->k * SIDE;                                          \
		value *b = cube->panels, *a = b + panel;                                        \
		uint32_t *d = cube->d;                                                          \
                                                                                                \
		for (uint32_t m = 0; m < m1; m++)                                               \
			pack_##name(a + m * panel, cube->a + (size_t)m * k1 * FRACTAL, FRACTAL, \
				    cube->k);                                                   \
		for (uint32_t n = 0; n < n1; n++) {                                             \
			pack_##name(b, cube->b + (size_t)n * FRACTAL, (size_t)n1 * FRACTAL,     \
				    cube->k);                                                   \
			for (uint32_t m = 0; m < m1; m++, d += SIDE * SIDE) {                   \
				if (!cube->keep)                                                \
					start_block(cube, d, n *SIDE);                          \
				for (uint32_t r = 0; r < SIDE; r += ROWS)                       \
					multiply(d + r * SIDE, a + m * panel + r, b, cube->k);  \
			}                                                                       \
		}                                                                               \
	}

#define AS_F32(x)  road_num_float(x)
#define IN_F16(x)  half_in(x, false)
#define IN_BF16(x) half_in(x, true)
#define IN_S8(x)   ((uint32_t)(int32_t)(int8_t)(x))
#define SAME(x)    (x)
#define FINISH(x)  elem_finish32(x, false, false)

PACK(f16, float, uint16_t, 16, IN_F16)
PACK(bf16, float, uint16_t, 16, IN_BF16)
PACK(f32, float, uint32_t, 8, AS_F32)
PACK(s8, uint32_t, uint8_t, 32, IN_S8)

MULTIPLY(exact, float, AS_F32, FINISH, sum_exact)
MULTIPLY(fused, float, AS_F32, FINISH, elem_fma)
MULTIPLY(wrapping, uint32_t, SAME, SAME, sum_wrapping)

CUBE(f16, float, 16, multiply_exact)
CUBE(bf16, float, 16, multiply_fused)
CUBE(f32, float, 8, multiply_fused)
CUBE(s8, uint32_t, 32, multiply_wrapping)

const dsa_cube_fn DSA_NAME(dsa_rows_cube)[ROAD_DSA_TYPES] = {
	[ROAD_DSA_TYPE_S8] = cube_s8,
	[ROAD_DSA_TYPE_F16] = cube_f16,
	[ROAD_DSA_TYPE_BF16] = cube_bf16,
	[ROAD_DSA_TYPE_F32] = cube_f32,
};
