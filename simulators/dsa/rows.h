/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops over elements, built once per instruction set of the host (rows_*.c, with VARIANT naming
 * it), chosen when a core is made; all variants give the same bits.
 *
 * Elements are bit patterns. A destination is a source, index for index, or apart from it.
 */
#ifndef SIMULATORS_DSA_ROWS_H
#define SIMULATORS_DSA_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "uapi/dsa/isa.h"

/* d[i] = f(a[i], b[i]); functions of one source do not look at b. */
typedef void (*dsa_row_fn)(void *d, const void *a, const void *b, size_t n);
/* Bit i of d: a[i] OP b[i]; whole bytes. */
typedef void (*dsa_compare_fn)(uint8_t *d, const void *a, const void *b, size_t n);
/* One element of all n. */
typedef void (*dsa_reduce_fn)(void *d, const void *a, size_t n);
typedef void (*dsa_to_f32_fn)(float *d, const void *a, size_t n);
typedef void (*dsa_to_s32_fn)(int32_t *d, const void *a, size_t n);
typedef void (*dsa_from_f32_fn)(void *d, const float *a, size_t n);
typedef void (*dsa_from_s32_fn)(void *d, const int32_t *a, size_t n);

/* A product of whole fractals: rows, columns rounded up to 16, k as it is. */
struct dsa_cube {
	const uint8_t *a, *b;
	uint32_t *d;
	const uint32_t *bias; /* n values, or NULL */
	void *panels;         /* room for dsa_cube_panels() bytes */
	uint32_t m, n, k;
	int keep; /* L0C's values are added to */
};
typedef void (*dsa_cube_fn)(const struct dsa_cube *cube);

/* Bytes of panels for what L0A and L0B of these sizes can hold: s8 becomes four bytes. */
static inline size_t dsa_cube_panels(size_t l0a_bytes, size_t l0b_bytes)
{
	return 4 * (l0a_bytes + l0b_bytes);
}

struct dsa_vector_ops {
	const char *name;
	const dsa_row_fn (*floats)[ROAD_DSA_TYPES], (*ints)[ROAD_DSA_TYPES]; /* by operation */
	const dsa_compare_fn (*compare)[ROAD_DSA_TYPES];                     /* by comparison */
	const dsa_reduce_fn (*reduce)[ROAD_DSA_TYPES];                       /* by operation */
	const dsa_to_f32_fn *to_f32;                                         /* by type */
	const dsa_to_s32_fn *to_s32;                                         /* of integers */
	const dsa_from_f32_fn *from_f32;
	const dsa_from_s32_fn *from_s32;
	void (*scale)(float *d, float factor, size_t n);
	const dsa_cube_fn *cube; /* by type */
};

const struct dsa_vector_ops *dsa_vector_ops_in_use(void);

/* ---- for the files that are built per variant ---- */

#define DSA_JOIN2(a, b) a##_##b
#define DSA_JOIN(a, b)  DSA_JOIN2(a, b)
#define DSA_NAME(name)  DSA_JOIN(name, VARIANT)

#ifdef __clang__
#define DSA_EACH(i, n) \
	_Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < (n); i++)
#else
#define DSA_EACH(i, n) _Pragma("GCC ivdep") for (size_t i = 0; i < (n); i++)
#endif

#ifdef VARIANT
extern const dsa_row_fn DSA_NAME(dsa_rows_float)[ROAD_DSA_OPS][ROAD_DSA_TYPES];
extern const dsa_row_fn DSA_NAME(dsa_rows_int)[ROAD_DSA_OPS][ROAD_DSA_TYPES];
extern const dsa_compare_fn DSA_NAME(dsa_rows_compare)[ROAD_DSA_COMPARES][ROAD_DSA_TYPES];
extern const dsa_reduce_fn DSA_NAME(dsa_rows_reduce)[ROAD_DSA_OPS][ROAD_DSA_TYPES];
extern const dsa_to_f32_fn DSA_NAME(dsa_rows_to_f32)[ROAD_DSA_TYPES];
extern const dsa_to_s32_fn DSA_NAME(dsa_rows_to_s32)[ROAD_DSA_TYPES];
extern const dsa_from_f32_fn DSA_NAME(dsa_rows_from_f32)[ROAD_DSA_TYPES];
extern const dsa_from_s32_fn DSA_NAME(dsa_rows_from_s32)[ROAD_DSA_TYPES];
extern const dsa_cube_fn DSA_NAME(dsa_rows_cube)[ROAD_DSA_TYPES];
void DSA_NAME(dsa_rows_scale)(float *d, float factor, size_t n);
#endif

#endif
