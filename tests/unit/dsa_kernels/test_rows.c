/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels on rows: bits of the documented steps, and nearness to what they mean in float64. */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arguments {
	uint64_t x, y, gamma, beta, rows;
	uint32_t columns, x_row, y_row;
	float epsilon;
};

static const struct {
	const char *name;
	unsigned type;
	double relative; /* of a result in that type */
} types[] = {{"f32", ROAD_DSA_TYPE_F32, 2e-6},
	     {"f16", ROAD_DSA_TYPE_F16, 1e-3},
	     {"bf16", ROAD_DSA_TYPE_BF16, 8e-3}};

static struct harness harness;
static uint32_t seed;

/* A row as f32, and what becomes of it. */
struct row {
	uint32_t columns;
	float x[4096], gamma[4096], beta[4096], epsilon;
};
static struct row row;
static float bits[4096];   /* by the steps */
static double meant[4096]; /* by the definition */

/* vsum's order: 64 lanes in ascending order, then a tree. */
static float sum_of(const float *x, uint32_t count)
{
	uint32_t lanes = count < 64 ? count : 64;
	float lane[64];

	memcpy(lane, x, lanes * sizeof(float));
	for (uint32_t i = 64; i < count; i++)
		lane[i % 64] += x[i];
	for (uint32_t s = 32; s; s /= 2)
		for (uint32_t i = 0; i < s && i + s < lanes; i++)
			lane[i] += lane[i + s];
	return lane[0];
}

static void softmax(void)
{
	float most = row.x[0], scale;
	double sum = 0;

	for (uint32_t i = 0; i < row.columns; i++)
		most = fmaxf(most, row.x[i]);
	for (uint32_t i = 0; i < row.columns; i++) {
		bits[i] = (float)exp((double)(row.x[i] - most));
		meant[i] = exp((double)row.x[i] - (double)most);
		sum += meant[i];
	}
	scale = (float)(1 / (double)sum_of(bits, row.columns));
	for (uint32_t i = 0; i < row.columns; i++) {
		bits[i] *= scale;
		meant[i] /= sum;
	}
}

static void normalise(float mean, double exact_mean, bool beta)
{
	float square[4096] = {0}, variance, scale;
	double exact = 0;

	for (uint32_t i = 0; i < row.columns; i++) {
		bits[i] = row.x[i] + -mean;
		square[i] = bits[i] * bits[i];
		meant[i] = (double)row.x[i] - exact_mean;
		exact += meant[i] * meant[i];
	}
	variance = sum_of(square, row.columns) / (float)row.columns + row.epsilon;
	scale = (float)(1 / sqrt((double)variance));
	exact = 1 / sqrt(exact / row.columns + (double)row.epsilon);
	for (uint32_t i = 0; i < row.columns; i++) {
		bits[i] = bits[i] * scale * row.gamma[i] + (beta ? row.beta[i] : 0);
		meant[i] =
			meant[i] * exact * (double)row.gamma[i] + (beta ? (double)row.beta[i] : 0);
	}
}

static void rmsnorm(void)
{
	normalise(0, 0, false);
}

static void layernorm(void)
{
	double exact = 0;

	for (uint32_t i = 0; i < row.columns; i++)
		exact += (double)row.x[i] / row.columns;
	normalise(sum_of(row.x, row.columns) / (float)row.columns, exact, true);
}

static void sum(void)
{
	bits[0] = sum_of(row.x, row.columns);
	meant[0] = 0;
	for (uint32_t i = 0; i < row.columns; i++)
		meant[0] += (double)row.x[i];
}

static void most(void)
{
	bits[0] = row.x[0];
	for (uint32_t i = 0; i < row.columns; i++)
		bits[0] = fmaxf(bits[0], row.x[i]);
	meant[0] = (double)bits[0];
}

static void least(void)
{
	bits[0] = row.x[0];
	for (uint32_t i = 0; i < row.columns; i++)
		bits[0] = fminf(bits[0], row.x[i]);
	meant[0] = (double)bits[0];
}

static const struct kernel {
	const char *name;
	void (*of)(void);
	bool reduces;
} kernels[] = {{"sum", sum, true},          {"rowmax", most, true},
	       {"rowmin", least, true},     {"softmax", softmax, false},
	       {"rmsnorm", rmsnorm, false}, {"layernorm", layernorm, false}};

static void as_f32(unsigned type, const uint8_t *at, uint32_t count, float *out)
{
	for (uint32_t i = 0; i < count; i++)
		out[i] = harness_value(type, at, i);
}

static bool row_is_right(const struct kernel *kernel, unsigned t, unsigned out, const uint8_t *y)
{
	for (uint32_t i = 0; i < (kernel->reduces ? 1 : row.columns); i++) {
		uint32_t want = harness_round(out, (double)bits[i]), got = harness_bits(out, y, i);
		double value = (double)harness_value(out, y, i);

		if (want != got) {
			printf("# %s_%s of %u: [%u] is 0x%x, not 0x%x\n", kernel->name,
			       types[t].name, row.columns, i, got, want);
			return false;
		}
		/* Sums cancel: their error goes by what was summed. */
		if (!harness_near(value, meant[i], types[t].relative,
				  kernel->reduces ? 1e-6 * row.columns : 3 * types[t].relative))
			return false;
	}
	return true;
}

static void matrix(const struct kernel *kernel, unsigned t, uint32_t rows, uint32_t columns,
		   uint32_t gap, uint32_t blocks)
{
	unsigned type = types[t].type, out = kernel->of == sum ? ROAD_DSA_TYPE_F32 : type;
	size_t bytes = harness_bytes(type), out_bytes = harness_bytes(out);
	struct arguments args = {.rows = rows,
				 .columns = columns,
				 .x_row = (uint32_t)((columns + gap) * bytes),
				 .y_row = (uint32_t)((columns + 2 * gap) * out_bytes),
				 .epsilon = 1e-5f};
	uint8_t *x, *y, *gamma, *beta;
	bool right = true;
	char name[32];

	if (kernel->reduces)
		args.y_row = (uint32_t)out_bytes;
	args.x = harness_alloc(&harness, (rows - 1) * (size_t)args.x_row + columns * bytes, &x);
	args.y = harness_alloc(
		&harness,
		(rows - 1) * (size_t)args.y_row + (kernel->reduces ? 1 : columns) * out_bytes, &y);
	args.gamma = harness_alloc(&harness, columns * bytes, &gamma);
	args.beta = harness_alloc(&harness, columns * bytes, &beta);
	for (uint32_t i = 0; i < rows; i++)
		harness_fill(&seed, type, x + i * (size_t)args.x_row, columns);
	harness_fill(&seed, type, gamma, columns);
	harness_fill(&seed, type, beta, columns);
	as_f32(type, gamma, columns, row.gamma);
	as_f32(type, beta, columns, row.beta);
	row.columns = columns;
	row.epsilon = args.epsilon;
	snprintf(name, sizeof(name), "%s_%s", kernel->name, types[t].name);
	harness_run(&harness, name, &args, sizeof(args), blocks);
	for (uint32_t i = 0; i < rows && right; i++) {
		as_f32(type, x + i * (size_t)args.x_row, columns, row.x);
		kernel->of();
		right = row_is_right(kernel, t, out, y + i * (size_t)args.y_row);
	}
	CU_ASSERT_TRUE(right);
	harness_clear(&harness);
}

static void shapes(void)
{
	static const uint32_t columns[] = {1, 7, 64, 65, 500, 2000};

	harness_open(&harness, "rows.elf");
	seed = 11;
	for (unsigned k = 0; k < sizeof(kernels) / sizeof(kernels[0]); k++)
		for (unsigned t = 0; t < 3; t++)
			for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
				harness.seed = k + t + i;
				harness.fidelity = i == 3 ? SIM_APPROX : SIM_FUNCTIONAL;
				matrix(&kernels[k], t, 1 + i % 5, columns[i], i % 3, 1 + i % 2);
			}
	harness_close(&harness);
}

static void a_row_too_long_traps(void)
{
	struct arguments args = {.rows = 1, .columns = 5000};
	uint8_t *host;

	harness_open(&harness, "rows.elf");
	args.x = harness_alloc(&harness, 20000, &host);
	args.y = args.gamma = args.beta = args.x;
	CU_ASSERT_EQUAL(harness_faults(&harness, "softmax_f32", &args, sizeof(args)),
			ROAD_DSA_FAULT_TRAP);
	harness_close(&harness);
}

static const struct tap_case cases[] = {
	{"rows have the bits of the steps, and are near to float64", shapes},
	{"a row that does not fit into UB traps", a_row_too_long_traps},
};
TAP_MAIN(cases)
