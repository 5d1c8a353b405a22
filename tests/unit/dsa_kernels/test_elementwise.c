/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise kernels: each element is the exact result, rounded once. */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct harness harness;
static uint32_t seed;

static double of_add(double a, double b)
{
	return a + b;
}

static double of_sub(double a, double b)
{
	return a - b;
}

static double of_mul(double a, double b)
{
	return a * b;
}

static double of_div(double a, double b)
{
	return a / b;
}

static double of_abs(double a, double b)
{
	(void)b;
	return fabs(a);
}

static double of_neg(double a, double b)
{
	(void)b;
	return -a;
}

static double of_relu(double a, double b)
{
	(void)b;
	return a > 0 ? a : 0;
}

static double of_exp(double a, double b)
{
	(void)b;
	return exp(a);
}

static double of_ln(double a, double b)
{
	(void)b;
	return log(a);
}

static double of_sqrt(double a, double b)
{
	(void)b;
	return sqrt(a);
}

static double of_rsqrt(double a, double b)
{
	(void)b;
	return 1 / sqrt(a);
}

static double of_rec(double a, double b)
{
	(void)b;
	return 1 / a;
}

static double of_tanh(double a, double b)
{
	(void)b;
	return tanh(a);
}

static const struct op {
	const char *name;
	double (*of)(double a, double b);
	bool binary, positive;
} ops[] = {
	{"add", of_add, true, false},     {"sub", of_sub, true, false},
	{"mul", of_mul, true, false},     {"div", of_div, true, false},
	{"max", fmax, true, false},       {"min", fmin, true, false},
	{"abs", of_abs, false, false},    {"neg", of_neg, false, false},
	{"relu", of_relu, false, false},  {"exp", of_exp, false, false},
	{"ln", of_ln, false, true},       {"sqrt", of_sqrt, false, true},
	{"rsqrt", of_rsqrt, false, true}, {"rec", of_rec, false, false},
	{"tanh", of_tanh, false, false},
};
static const struct {
	const char *name;
	unsigned type;
} types[] = {{"f32", ROAD_DSA_TYPE_F32}, {"f16", ROAD_DSA_TYPE_F16}, {"bf16", ROAD_DSA_TYPE_BF16}};

static bool same(const struct op *op, unsigned type, const uint8_t *x, const uint8_t *y,
		 const uint8_t *z, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double a = harness_value(type, x, i), b = y ? harness_value(type, y, i) : 0;
		uint32_t want = harness_round(type, op->of(a, b)), got = harness_bits(type, z, i);

		if (want != got) {
			printf("# %s of %zu: %.9g %.9g is 0x%x, not 0x%x\n", op->name, i, a, b, got,
			       want);
			return false;
		}
	}
	return true;
}

/* Addresses are odd multiples of the element, so that nothing is aligned in global memory. */
static void one(const struct op *op, unsigned t, size_t count, uint32_t blocks)
{
	size_t bytes = harness_bytes(types[t].type);
	uint8_t *x, *y = NULL, *z;
	uint64_t args[4];
	unsigned used = 0;
	char name[32];

	args[used++] = harness_alloc(&harness, (count + 1) * bytes, &x) + bytes;
	if (op->binary)
		args[used++] = harness_alloc(&harness, count * bytes, &y);
	args[used++] = harness_alloc(&harness, (count + 1) * bytes, &z) + bytes;
	args[used++] = count;
	x += bytes;
	z += bytes;
	harness_fill(&seed, types[t].type, x, count);
	if (op->binary)
		harness_fill(&seed, types[t].type, y, count);
	for (size_t i = 0; op->positive && i < count; i++)
		x[i * bytes + bytes - 1] &= 0x7f;
	snprintf(name, sizeof(name), "%s_%s", op->name, types[t].name);
	harness_run(&harness, name, args, used * 8, blocks);
	CU_ASSERT_TRUE(same(op, types[t].type, x, y, z, count));
	CU_ASSERT_EQUAL(z[-1], 0xcd);
	harness_clear(&harness);
}

static void all(void)
{
	harness_open(&harness, "elementwise.elf");
	seed = 5;
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		for (unsigned t = 0; t < 3; t++) {
			harness.seed = i * 3 + t;
			harness.fidelity = (i + t) % 4 ? SIM_FUNCTIONAL : SIM_APPROX;
			one(&ops[i], t, 1 + harness_random(&seed) % 3000,
			    1 + harness_random(&seed) % 3);
		}
	harness_close(&harness);
}

/* UB of the harness takes tiles of 16 KiB of binary operations. */
static void tiles_and_tails(void)
{
	static const size_t counts[] = {1, 4095, 4096, 4097, 8192, 20000};

	harness_open(&harness, "elementwise.elf");
	seed = 6;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (uint32_t blocks = 1; blocks <= 3; blocks++)
			one(&ops[0], 0, counts[i], blocks);
	harness_close(&harness);
}

static const struct tap_case cases[] = {
	{"every kernel gives the exact result, rounded once", all},
	{"sizes around tiles, for several blocks", tiles_and_tails},
};
TAP_MAIN(cases)
