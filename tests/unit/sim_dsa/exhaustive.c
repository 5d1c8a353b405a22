/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By hand, some minutes: every f32 argument of vexp and vln, in the widest variant. The host's libm
 * decides where the next rounding boundary is far off, its long doubles the rest; what even they
 * are too near to is counted. Prints what is not the exact value rounded to nearest even.
 */
#include <math.h>
#include <stdio.h>

#include "simulators/dsa/rows.h"
#include "simulators/numbers/bits.h"

#define FAR  0x1p-49  /* libm is much better than that, relatively */
#define NEAR 0x1p-61L /* and than that in long doubles */

enum { CHUNK = 4096 };

struct function {
	const char *name;
	unsigned op;
	double (*value)(double);
	long double (*close)(long double);
	uint64_t end;
};

/* What the result is; *hard counts what double could not tell, *open what nothing here can. */
static float decide(const struct function *f, float x, uint64_t *hard, uint64_t *open)
{
	double value = f->value((double)x);
	float low = (float)(value * (1 - FAR)), high = (float)(value * (1 + FAR));
	long double close;

	if (low == high)
		return low;
	++*hard;
	close = f->close((long double)x);
	low = (float)(close * (1 - NEAR));
	high = (float)(close * (1 + NEAR));
	*open += low != high;
	return (float)close;
}

static uint64_t check(const struct function *f)
{
	static uint32_t a[CHUNK], d[CHUNK];
	dsa_row_fn row = dsa_vector_ops_in_use()->floats[f->op][ROAD_DSA_TYPE_F32];
	uint64_t wrong = 0, hard = 0, open = 0;

	for (uint64_t first = 0; first < f->end; first += CHUNK) {
		if ((first & 0x7f800000u) == 0x7f800000u) /* test_vector.c */
			continue;
		for (uint32_t i = 0; i < CHUNK; i++)
			a[i] = (uint32_t)first + i;
		row(d, a, a, CHUNK);
		for (uint32_t i = 0; i < CHUNK; i++) {
			float x = road_num_float(a[i]), want = decide(f, x, &hard, &open);

			if (road_num_bits32(want) != d[i] && wrong++ < 20)
				printf("%s %a: got %a, want %a\n", f->name, (double)x,
				       (double)road_num_float(d[i]), (double)want);
		}
	}
	printf("%s: %llu wrong, %llu decided by long doubles, %llu open\n", f->name,
	       (unsigned long long)wrong, (unsigned long long)hard, (unsigned long long)open);
	return wrong;
}

int main(void)
{
	static const struct function functions[] = {
		{"vexp", ROAD_DSA_OP_vexp, exp, expl, UINT64_C(1) << 32},
		{"vln", ROAD_DSA_OP_vln, log, logl, UINT64_C(1) << 31},
	};

	return check(&functions[0]) + check(&functions[1]) != 0;
}
