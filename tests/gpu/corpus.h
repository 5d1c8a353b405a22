/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels that compilers made, each with a plain host computation of what it must leave in memory.
 * A case is a row: problem, arguments, and the functions that prepare and expect.
 */
#ifndef TESTS_GPU_CORPUS_H
#define TESTS_GPU_CORPUS_H

#include <roadbed/base.h>
#include <stdint.h>

enum { CORPUS_ARGUMENTS = 8 };

enum corpus_kind {
	CORPUS_END,    /* no such argument */
	CORPUS_NUMBER, /* by value */
	CORPUS_ZEROS,  /* buffers, and what they hold before prepare */
	CORPUS_BITS,   /* any bits */
	CORPUS_BELOW,  /* u32 in [0, number) */
	CORPUS_FLOATS, /* f32 in [-0.5, 0.5) */
	CORPUS_DOUBLES
};

struct corpus_argument {
	enum corpus_kind kind;
	uint32_t count, element; /* of a buffer */
	uint64_t number;
	float real;        /* a number that is an f32, unless it is 0 */
	const void *value; /* a number of another type */
};

struct corpus_case {
	const char *says;
	const char *file, *kernel; /* file: under tests/kernels */
	road_dim3 grid, block;
	uint32_t shared_bytes;
	struct corpus_argument arguments[CORPUS_ARGUMENTS];
	/* Both get the arguments: a buffer's data, else the value. prepare may be NULL. */
	void (*prepare)(void **a);
	void (*expect)(void **a); /* turns the data before into the data after */
	float tolerance;          /* of all f32, absolute; 0: every bit of every buffer */
};

#define ZEROS(type, n)                                                                \
	{                                                                             \
		.kind = CORPUS_ZEROS, .count = (n), .element = (uint32_t)sizeof(type) \
	}
#define BITS(type, n)                                                                \
	{                                                                            \
		.kind = CORPUS_BITS, .count = (n), .element = (uint32_t)sizeof(type) \
	}
#define BELOW(limit, n)                                                             \
	{                                                                           \
		.kind = CORPUS_BELOW, .count = (n), .element = 4, .number = (limit) \
	}
#define FLOATS(n)                                                 \
	{                                                         \
		.kind = CORPUS_FLOATS, .count = (n), .element = 4 \
	}
#define DOUBLES(n)                                                 \
	{                                                          \
		.kind = CORPUS_DOUBLES, .count = (n), .element = 8 \
	}
#define INTEGER(n)                                   \
	{                                            \
		.kind = CORPUS_NUMBER, .number = (n) \
	}
#define REAL(x)                                    \
	{                                          \
		.kind = CORPUS_NUMBER, .real = (x) \
	}
#define VALUE(object)                                     \
	{                                                 \
		.kind = CORPUS_NUMBER, .value = &(object) \
	}

/* Numbers that follow from *state; the same on every machine. */
uint64_t corpus_random(uint64_t *state);

/* Tables, each ended by a row without a name. */
extern const struct corpus_case corpus_basics[];  /* the first kernels of clang's */
extern const struct corpus_case corpus_algebra[]; /* matrices, vectors, sums */
extern const struct corpus_case corpus_science[]; /* physics, finance, signals */
extern const struct corpus_case corpus_images[];
extern const struct corpus_case corpus_codes[];  /* checksums, ciphers, random numbers */
extern const struct corpus_case corpus_search[]; /* sorting, searching, graphs */

#endif
