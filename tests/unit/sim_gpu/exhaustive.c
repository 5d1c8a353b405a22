/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand, some 15 minutes: every f32 argument of every approximate function of one variable, in
 * the widest variant. The host's libm decides where the next rounding boundary is far off, MPFR
 * the rest. Prints what is not the exact value rounded to nearest even.
 */
#include "simulators/numbers/bits.h"
#include "simulators/numbers/vector.h"
#include "tests/oracle/mpfr/numbers.h"

#include <math.h>
#include <stdio.h>

#define BOUNDARY 0x1p-49 /* libm is much better than that, relatively */

static double reciprocal_root(double x)
{
	return 1.0 / sqrt(x);
}

static float decide(enum ref_op op, double (*libm)(double), uint32_t bits, uint64_t *hard)
{
	const struct ref_mode mode = {.format = REF_F32, .round = REF_RN};
	double value = libm((double)road_num_float(bits));
	float low = (float)(value * (1 - BOUNDARY)), high = (float)(value * (1 + BOUNDARY));

	if (road_num_bits32(low) == road_num_bits32(high))
		return low;
	++*hard;
	return road_num_float((uint32_t)ref_arithmetic(op, &mode, bits, 0, 0));
}

static uint64_t check(const char *name, enum ref_op op, road_sim_unary32 function,
		      double (*libm)(double), uint64_t end)
{
	uint32_t a[32] __attribute__((aligned(64))), d[32] __attribute__((aligned(64)));
	uint64_t wrong = 0, hard = 0;

	for (uint64_t row = 0; row < end; row += 32) {
		if ((row & 0x7f800000u) == 0x7f800000u) /* infinity, NaN: test_numbers.c */
			continue;
		for (unsigned l = 0; l < 32; l++)
			a[l] = (uint32_t)row + l;
		function(d, a, false);
		for (unsigned l = 0; l < 32; l++) {
			float want;

			if (!(a[l] & 0x7fffffffu))
				continue;
			want = decide(op, libm, a[l], &hard);
			if (road_num_bits32(want) != d[l] && wrong++ < 20)
				printf("%s %a: got %a, want %a\n", name,
				       (double)road_num_float(a[l]), (double)road_num_float(d[l]),
				       (double)want);
		}
	}
	printf("%s: %llu wrong, %llu decided by MPFR\n", name, (unsigned long long)wrong,
	       (unsigned long long)hard);
	return wrong;
}

int main(void)
{
	const struct road_sim_vector_ops *ops = road_sim_vector();
	const uint64_t all = UINT64_C(1) << 32, positive = all / 2;
	uint64_t wrong = 0;

	wrong += check("rsqrt", REF_RSQRT, ops->rsqrt, reciprocal_root, positive);
	wrong += check("ex2", REF_EX2, ops->ex2, exp2, all);
	wrong += check("lg2", REF_LG2, ops->lg2, log2, positive);
	wrong += check("tanh", REF_TANH, ops->tanh, tanh, all);
	wrong += check("sin", REF_SIN, ops->sine, sin, all);
	wrong += check("cos", REF_COS, ops->cosine, cos, all);
	return wrong != 0;
}
