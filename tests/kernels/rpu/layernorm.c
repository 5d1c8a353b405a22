/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#include <math.h>

/* With scale = 1 / n: the mean, and the mean of the squares. */
void moments(const float *x, float *s, float *q, float scale, int rows, int n)
{
	for (int r = 0; r < rows; r++)
		for (int i = 0; i < n; i++) {
			float v = x[r * n + i], a = v * scale, b = v * a;

			s[r] = i ? s[r] + a : a;
			q[r] = i ? q[r] + b : b;
		}
}

void normalize(const float *x, const float *mean, const float *square, const float *gain,
	       const float *bias, float *y, float eps, int rows, int n)
{
	for (int r = 0; r < rows; r++) {
		float variance = square[r] - mean[r] * mean[r] + eps;
		float scale = (float)(1.0L / sqrtl((long double)variance));

		for (int i = 0; i < n; i++)
			y[r * n + i] = fmaf((x[r * n + i] - mean[r]) * scale, gain[i], bias[i]);
	}
}
