/* SPDX-License-Identifier: Apache-2.0 */
/* Attention of one head: bits of the documented steps, and nearness to float64. */
#include "tests/unit/dsa_kernels/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 64, D_MAX = 128 };

struct arguments {
	uint64_t q, k, v, o;
	uint32_t qs, ks, d;
	float scale;
	uint32_t q_row, k_row, v_row, o_row;
};

static struct harness harness;
static uint32_t seed;
static unsigned type;

static float value(const uint8_t *at, uint32_t row_bytes, uint32_t row, uint32_t column)
{
	return harness_value(type, at + (size_t)row * row_bytes, column);
}

static float sum_of(const float *x, uint32_t count)
{
	float lane[64] = {0};

	memcpy(lane, x, count * sizeof(float));
	for (uint32_t s = 32; s; s /= 2)
		for (uint32_t i = 0; i < s && i + s < count; i++)
			lane[i] += lane[i + s];
	return lane[0];
}

static float rounded(float x)
{
	uint32_t bits = harness_round(type, (double)x);

	return harness_value(type, &bits, 0);
}

/* One row through 64 rows of k and v. */
struct state {
	float m, l, o[D_MAX];
};

static void tile(const struct arguments *args, const uint8_t *q, const uint8_t *k, const uint8_t *v,
		 uint32_t row, uint32_t first, struct state *state)
{
	uint32_t count = args->ks - first < KEYS ? args->ks - first : KEYS;
	float s[KEYS], most = state->m, a;

	for (uint32_t j = 0; j < count; j++) {
		s[j] = 0;
		for (uint32_t d = 0; d < args->d; d++)
			s[j] = fmaf(value(q, args->q_row, row, d),
				    value(k, args->k_row, first + j, d), s[j]);
		s[j] *= args->scale;
		most = fmaxf(most, s[j]);
	}
	a = (float)exp((double)(state->m - most));
	for (uint32_t j = 0; j < count; j++)
		s[j] = (float)exp((double)(s[j] - most));
	state->l *= a;
	state->l += sum_of(s, count);
	for (uint32_t d = 0; d < args->d; d++) {
		float sum = 0;

		for (uint32_t j = 0; j < count; j++)
			sum = fmaf(rounded(s[j]), value(v, args->v_row, first + j, d), sum);
		state->o[d] *= a;
		state->o[d] += sum;
	}
	state->m = most;
}

static double meant(const struct arguments *args, const uint8_t *q, const uint8_t *k,
		    const uint8_t *v, uint32_t row, uint32_t column)
{
	double most = -INFINITY, sum = 0, out = 0, *s = malloc(args->ks * sizeof(*s));

	for (uint32_t j = 0; j < args->ks; j++) {
		s[j] = 0;
		for (uint32_t d = 0; d < args->d; d++)
			s[j] += (double)value(q, args->q_row, row, d) *
				(double)value(k, args->k_row, j, d);
		s[j] *= (double)args->scale;
		most = fmax(most, s[j]);
	}
	for (uint32_t j = 0; j < args->ks; j++) {
		sum += exp(s[j] - most);
		out += exp(s[j] - most) * (double)value(v, args->v_row, j, column);
	}
	free(s);
	return out / sum;
}

static bool row_is_right(const struct arguments *args, const uint8_t *q, const uint8_t *k,
			 const uint8_t *v, const uint8_t *o, uint32_t row)
{
	struct state state = {.m = -INFINITY};
	double near = type == ROAD_DSA_TYPE_F16 ? 2e-3 : 2e-2;

	for (uint32_t first = 0; first < args->ks; first += KEYS)
		tile(args, q, k, v, row, first, &state);
	for (uint32_t d = 0; d < args->d; d++) {
		uint32_t want = harness_round(type, (double)(state.o[d] / state.l));
		uint32_t got = harness_bits(type, o + (size_t)row * args->o_row, d);

		if (want != got) {
			printf("# %ux%ux%u: o[%u][%u] is 0x%x, not 0x%x\n", args->qs, args->ks,
			       args->d, row, d, got, want);
			return false;
		}
	}
	return harness_near((double)value(o, args->o_row, row, args->d / 2),
			    meant(args, q, k, v, row, args->d / 2), near, near);
}

static void attend(uint32_t qs, uint32_t ks, uint32_t d, uint32_t gap, uint32_t blocks)
{
	struct arguments args = {.qs = qs, .ks = ks, .d = d, .scale = 1 / sqrtf((float)d)};
	uint8_t *q, *k, *v, *o;
	bool right = true;

	args.q_row = args.o_row = (d + gap) * 2;
	args.k_row = args.v_row = (d + 2 * gap) * 2;
	args.q = harness_alloc(&harness, qs * args.q_row, &q);
	args.k = harness_alloc(&harness, ks * args.k_row, &k);
	args.v = harness_alloc(&harness, ks * args.v_row, &v);
	args.o = harness_alloc(&harness, qs * args.o_row, &o);
	harness_fill(&seed, type, q, qs * args.q_row / 2);
	harness_fill(&seed, type, k, ks * args.k_row / 2);
	harness_fill(&seed, type, v, ks * args.v_row / 2);
	harness_run(&harness, type == ROAD_DSA_TYPE_F16 ? "attention_f16" : "attention_bf16", &args,
		    sizeof(args), blocks);
	for (uint32_t row = 0; row < qs && right; row++)
		right = row_is_right(&args, q, k, v, o, row);
	CU_ASSERT_TRUE(right);
	harness_clear(&harness);
}

static void shapes(void)
{
	static const uint32_t list[][3] = {{16, 64, 64},   {1, 1, 1},    {17, 65, 33},
					   {40, 130, 128}, {5, 300, 80}, {33, 63, 16}};

	harness_open(&harness, "attention.elf");
	seed = 31;
	for (unsigned i = 0; i < 2 * sizeof(list) / sizeof(list[0]); i++) {
		type = i & 1 ? ROAD_DSA_TYPE_BF16 : ROAD_DSA_TYPE_F16;
		harness.seed = i;
		harness.fidelity = i % 5 == 4 ? SIM_APPROX : SIM_FUNCTIONAL;
		attend(list[i / 2][0], list[i / 2][1], list[i / 2][2], i % 3, 1 + i % 2);
	}
	harness_close(&harness);
}

static void long_rows_trap(void)
{
	struct arguments args = {.qs = 1, .ks = 1, .d = 129};

	harness_open(&harness, "attention.elf");
	CU_ASSERT_EQUAL(harness_faults(&harness, "attention_f16", &args, sizeof(args)),
			ROAD_DSA_FAULT_TRAP);
	harness_close(&harness);
}

static const struct tap_case cases[] = {
	{"attention has the bits of the steps, and is near to float64", shapes},
	{"more than 128 elements a row trap", long_rows_trap},
};
TAP_MAIN(cases)
