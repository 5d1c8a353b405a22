/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/values.h"

#include <math.h>
#include <string.h>

static const struct value_type types[] = {
	{"u8", 1, VALUE_UNSIGNED, 0, 0, false},  {"i8", 1, VALUE_SIGNED, 0, 0, false},
	{"u16", 2, VALUE_UNSIGNED, 0, 0, false}, {"i16", 2, VALUE_SIGNED, 0, 0, false},
	{"f16", 2, VALUE_FLOAT, 5, 10, false},   {"bf16", 2, VALUE_FLOAT, 8, 7, false},
	{"u32", 4, VALUE_UNSIGNED, 0, 0, true},  {"i32", 4, VALUE_SIGNED, 0, 0, true},
	{"f32", 4, VALUE_FLOAT, 8, 23, true},    {"u64", 8, VALUE_UNSIGNED, 0, 0, true},
	{"i64", 8, VALUE_SIGNED, 0, 0, true},    {"f64", 8, VALUE_FLOAT, 11, 52, true},
};

const struct value_type *value_type_at(unsigned index)
{
	return index < sizeof(types) / sizeof(types[0]) ? &types[index] : NULL;
}

const struct value_type *value_type_find(const char *name, size_t bytes)
{
	const struct value_type *type;

	for (unsigned i = 0; (type = value_type_at(i)); i++)
		if (strlen(type->name) == bytes && !memcmp(type->name, name, bytes))
			return type;
	return NULL;
}

static uint64_t infinity_of(uint32_t exponent_bits, uint32_t fraction_bits)
{
	return ((UINT64_C(1) << exponent_bits) - 1) << fraction_bits;
}

uint64_t value_round(double x, uint32_t exponent_bits, uint32_t fraction_bits)
{
	uint64_t sign = (uint64_t)(signbit(x) ? 1 : 0) << (exponent_bits + fraction_bits);
	uint64_t infinity = infinity_of(exponent_bits, fraction_bits);
	int least = 2 - (1 << (exponent_bits - 1)); /* exponent of the least normal number */
	int exponent;

	if (isnan(x))
		return infinity | UINT64_C(1) << (fraction_bits - 1);
	if (isinf(x) || x == 0)
		return sign | (x == 0 ? 0 : infinity);
	(void)frexp(x, &exponent);
	exponent = exponent - 1 > least ? exponent - 1 : least;

	/* In units of the last place: exact, as only the exponent changes. */
	double scaled = ldexp(fabs(x), (int)fraction_bits - exponent);
	uint64_t whole = (uint64_t)scaled;
	double rest = scaled - (double)whole;

	if (rest > 0.5 || (rest == 0.5 && (whole & 1)))
		whole++;
	/* The hidden bit, if there is one, adds the 1 that makes the exponent a biased one; so
	 * does a carry out of the fraction. */
	uint64_t bits = ((uint64_t)(exponent - least) << fraction_bits) + whole;

	return sign | (bits < infinity ? bits : infinity);
}

void value_store(void *out, uint64_t bits, uint32_t bytes)
{
	unsigned char *at = out;

	for (uint32_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)(bits >> (8 * i));
}

static uint64_t float_bits(const struct value_type *type, double x)
{
	uint64_t bits = value_round(x, type->exponent_bits, type->fraction_bits);
	uint64_t infinity = infinity_of(type->exponent_bits, type->fraction_bits);

	return bits == infinity ? infinity - 1 : bits;
}

void value_iota(const struct value_type *type, uint64_t count, void *out)
{
	unsigned char *at = out;

	for (uint64_t i = 0; i < count; i++, at += type->bytes)
		value_store(at, type->kind == VALUE_FLOAT ? float_bits(type, (double)i) : i,
			    type->bytes);
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void value_rand(const struct value_type *type, uint64_t count, uint64_t seed, void *out)
{
	int precision = (int)type->fraction_bits + 1;
	unsigned char *at = out;

	for (uint64_t i = 0; i < count; i++, at += type->bytes) {
		uint64_t bits = splitmix64(&seed);

		if (type->kind == VALUE_FLOAT)
			bits = float_bits(type,
					  ldexp((double)(bits >> (64 - precision)), -precision));
		value_store(at, bits, type->bytes);
	}
}
