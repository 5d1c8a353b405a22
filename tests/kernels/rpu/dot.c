/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#include <math.h>
#include <string.h>

/* n words of four bytes */
void dot_i8(const int8_t *x, const int8_t *y, int32_t *z, int n)
{
	*z = 0;
	for (int i = 0; i < 4 * n; i++)
		*z += x[i] * y[i];
}

static float widened(uint16_t half)
{
	uint32_t bits = (uint32_t)half << 16;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* n pairs: each is summed from 0, rounded at each step, then added to those before */
void dot_bf16(const uint16_t *x, const uint16_t *y, float *z, int n)
{
	for (int i = 0; i < n; i++) {
		float s = widened(x[2 * i]) * widened(y[2 * i]);

		s = fmaf(widened(x[2 * i + 1]), widened(y[2 * i + 1]), s);
		*z = i ? *z + s : s;
	}
}
