/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void spmv(const float *values, const int32_t *columns, const float *x, float *y, int rows,
	  int width)
{
	for (int r = 0; r < rows; r++) {
		const float *v = values + r * width;
		const int32_t *c = columns + r * width;
		float s = v[0] * x[c[0]];

		for (int w = 1; w < width; w++)
			s += v[w] * x[c[w]];
		y[r] = s;
	}
}
