/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tap.h"
#include "tools/roadbed/values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct value_type *type(const char *name)
{
	return value_type_find(name, strlen(name));
}

static uint64_t element(const void *data, uint64_t index, uint32_t bytes)
{
	uint64_t out = 0;

	for (uint32_t i = 0; i < bytes; i++)
		out |= (uint64_t)((const uint8_t *)data)[index * bytes + i] << (8 * i);
	return out;
}

static uint64_t f16(double x)
{
	return value_round(x, 5, 10);
}

static uint64_t bf16(double x)
{
	return value_round(x, 8, 7);
}

static void f16_rounds_to_nearest_even_at_every_boundary(void)
{
	CU_ASSERT_EQUAL(f16(0.0), 0);
	CU_ASSERT_EQUAL(f16(-0.0), 0x8000);
	CU_ASSERT_EQUAL(f16(1.0), 0x3c00);
	CU_ASSERT_EQUAL(f16(-2.0), 0xc000);
	CU_ASSERT_EQUAL(f16(65504), 0x7bff);
	CU_ASSERT_EQUAL(f16(65519.996), 0x7bff);
	CU_ASSERT_EQUAL(f16(65520), 0x7c00);
	CU_ASSERT_EQUAL(f16(1 + 0x1p-11), 0x3c00);
	CU_ASSERT_EQUAL(f16(1 + 3 * 0x1p-11), 0x3c02);
	CU_ASSERT_EQUAL(f16(1 + 0x1p-11 + 0x1p-40), 0x3c01);
	CU_ASSERT_EQUAL(f16(0x1p-14), 0x0400);
	CU_ASSERT_EQUAL(f16(0x1p-24), 0x0001);
	CU_ASSERT_EQUAL(f16(0x1p-25), 0x0000);
	CU_ASSERT_EQUAL(f16(0x1.8p-25), 0x0001);
	CU_ASSERT_EQUAL(f16(0x1.ffcp-15), 0x03ff + 1);
	CU_ASSERT_EQUAL(f16((double)INFINITY), 0x7c00);
	CU_ASSERT_EQUAL(f16((double)-INFINITY), 0xfc00);
	CU_ASSERT_EQUAL(f16((double)NAN), 0x7e00);
}

static void bf16_rounds_to_nearest_even_at_every_boundary(void)
{
	CU_ASSERT_EQUAL(bf16(1.0), 0x3f80);
	CU_ASSERT_EQUAL(bf16(1 + 0x1p-8), 0x3f80);
	CU_ASSERT_EQUAL(bf16(1 + 3 * 0x1p-8), 0x3f82);
	CU_ASSERT_EQUAL(bf16(-257), 0xc380);
	CU_ASSERT_EQUAL(bf16(259), 0x4382);
	CU_ASSERT_EQUAL(bf16(0x1p-133), 0x0001);
	CU_ASSERT_EQUAL(bf16(0x1p-134), 0x0000);
	CU_ASSERT_EQUAL(bf16(0x1.fep127), 0x7f7f);
	CU_ASSERT_EQUAL(bf16(0x1.ffp127), 0x7f80);
}

/* The processor's own conversion is the oracle. */
static void f32_and_f64_round_as_the_processor_does(void)
{
	uint64_t *draws = malloc(100000 * 8);

	value_rand(type("u64"), 100000, 7, draws);
	for (unsigned i = 0; i < 100000; i++) {
		double x;
		uint32_t bits;

		memcpy(&x, &draws[i], sizeof(x));
		if (isnan(x))
			continue;
		if (value_round(x, 11, 52) != draws[i]) {
			CU_FAIL("f64 is not itself");
			break;
		}
		/* bring some into f32's range, subnormals included */
		x = i % 2 ? ldexp(x, -(int)(draws[i] >> 52 & 0x7ff) + 1023 + (int)(i % 300) - 160)
			  : x;

		float f = (float)x;

		memcpy(&bits, &f, sizeof(bits));
		if (value_round(x, 8, 23) != bits) {
			CU_FAIL("f32 differs from the processor's");
			break;
		}
	}
	free(draws);
}

static void iota_wraps_integers(void)
{
	uint8_t data[300];
	uint8_t wide[2 * 70000];

	value_iota(type("u8"), 300, data);
	CU_ASSERT_EQUAL(data[255], 255);
	CU_ASSERT_EQUAL(data[256], 0);
	value_iota(type("i8"), 300, data);
	CU_ASSERT_EQUAL((int8_t)data[127], 127);
	CU_ASSERT_EQUAL((int8_t)data[128], -128);
	value_iota(type("i16"), 70000, wide);
	CU_ASSERT_EQUAL(element(wide, 65535, 2), 65535);
	CU_ASSERT_EQUAL(element(wide, 65536, 2), 0);
}

static void iota_saturates_floats(void)
{
	uint8_t *data = malloc(2 * 70000);

	value_iota(type("f16"), 70000, data);
	CU_ASSERT_EQUAL(element(data, 2047, 2), 0x67ff);
	CU_ASSERT_EQUAL(element(data, 2049, 2), 0x6800);
	CU_ASSERT_EQUAL(element(data, 65504, 2), 0x7bff);
	CU_ASSERT_EQUAL(element(data, 69999, 2), 0x7bff);
	value_iota(type("f32"), 10, data);
	CU_ASSERT_EQUAL(element(data, 3, 4), 0x40400000);
	value_iota(type("f64"), 10, data);
	CU_ASSERT_EQUAL(element(data, 3, 8), 0x4008000000000000);
	value_iota(type("u64"), 10, data);
	CU_ASSERT_EQUAL(element(data, 9, 8), 9);
	free(data);
}

/* First numbers of the published generator for seed 1234567. */
static void rand_is_splitmix64(void)
{
	static const uint64_t want[] = {
		UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
		UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
		UINT64_C(16408922859458223821)};
	uint8_t data[40];

	value_rand(type("u64"), 5, 1234567, data);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(element(data, i, 8), want[i]);
	value_rand(type("u16"), 5, 1234567, data);
	for (unsigned i = 0; i < 5; i++)
		CU_ASSERT_EQUAL(element(data, i, 2), want[i] & 0xffff);
	value_rand(type("i32"), 5, 1234567, data);
	CU_ASSERT_EQUAL(element(data, 4, 4), want[4] & 0xffffffff);
	value_rand(type("f32"), 5, 1234567, data);
	for (unsigned i = 0; i < 5; i++) {
		float f = (float)(want[i] >> 40) * 0x1p-24f;
		uint32_t bits;

		memcpy(&bits, &f, sizeof(bits));
		CU_ASSERT_EQUAL(element(data, i, 4), bits);
	}
}

static void rand_floats_are_below_one_and_not_negative(void)
{
	static const char *const names[] = {"f16", "bf16", "f32", "f64"};
	uint8_t *data = malloc(8 * 20000);

	for (unsigned n = 0; n < 4; n++) {
		const struct value_type *t = type(names[n]);
		uint64_t one = value_round(1.0, t->exponent_bits, t->fraction_bits), top = 0;
		bool good = true;

		value_rand(t, 20000, n, data);
		for (unsigned i = 0; i < 20000; i++) {
			uint64_t bits = element(data, i, t->bytes);

			good = good && bits < one;
			top = bits > top ? bits : top;
		}
		CU_ASSERT_TRUE(good);
		/* the draws reach the upper end, so the bound above is one that they could cross */
		CU_ASSERT_TRUE(top >= value_round(0.99, t->exponent_bits, t->fraction_bits));
	}
	free(data);
}

static void types_are_found_by_their_whole_name(void)
{
	CU_ASSERT_PTR_NULL(type("f"));
	CU_ASSERT_PTR_NULL(type("f322"));
	CU_ASSERT_PTR_NULL(type(""));
	CU_ASSERT_EQUAL(type("bf16")->bytes, 2);
	CU_ASSERT_EQUAL(type("i64")->kind, VALUE_SIGNED);
}

static const struct tap_case cases[] = {
	{"f16 rounds to nearest even at every boundary",
	 f16_rounds_to_nearest_even_at_every_boundary},
	{"bf16 rounds to nearest even at every boundary",
	 bf16_rounds_to_nearest_even_at_every_boundary},
	{"f32 and f64 round as the processor does", f32_and_f64_round_as_the_processor_does},
	{"iota wraps integers", iota_wraps_integers},
	{"iota saturates floats", iota_saturates_floats},
	{"rand is splitmix64", rand_is_splitmix64},
	{"rand floats are below one and not negative", rand_floats_are_below_one_and_not_negative},
	{"types are found by their whole name", types_are_found_by_their_whole_name},
};

TAP_MAIN(cases)
