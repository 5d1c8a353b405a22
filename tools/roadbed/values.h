/* SPDX-License-Identifier: Apache-2.0 */
/* Element types of buffers and how their values are made. */
#ifndef TOOLS_ROADBED_VALUES_H
#define TOOLS_ROADBED_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind { VALUE_UNSIGNED, VALUE_SIGNED, VALUE_FLOAT };

struct value_type {
	const char *name;
	uint32_t bytes;
	enum value_kind kind;
	uint32_t exponent_bits, fraction_bits; /* of VALUE_FLOAT */
	bool scalar;                           /* may be given as TYPE:VALUE */
};

/* The type of this name; NULL: none. */
const struct value_type *value_type_find(const char *name, size_t bytes);
/* By position, for lists; NULL ends. */
const struct value_type *value_type_at(unsigned index);

/*
 * x as the bits of an IEEE-754 binary format, rounded to nearest, ties to even; beyond the largest
 * finite value: infinity. NaN becomes the quiet one without payload.
 */
uint64_t value_round(double x, uint32_t exponent_bits, uint32_t fraction_bits);

/* Stores the low `bytes` bytes of bits, least significant first. */
void value_store(void *out, uint64_t bits, uint32_t bytes);

/*
 * Element i is i: integers wrap modulo 2^bits (a signed type goes on at its least value), floats
 * are rounded to nearest even and stay at the largest finite value.
 */
void value_iota(const struct value_type *type, uint64_t count, void *out);

/*
 * Element i is made of the i-th number of splitmix64 (Steele, Lea, Flood, OOPSLA 2014) started
 * with `seed`: integers are its low bits, so any value of the type; floats are its top p bits
 * divided by 2^p, p being the type's precision (f16 11, bf16 8, f32 24, f64 53): multiples of
 * 2^-p in [0, 1), each exact.
 */
void value_rand(const struct value_type *type, uint64_t count, uint64_t seed, void *out);

#endif
