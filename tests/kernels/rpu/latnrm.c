/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#include <math.h>

void latnrm(const float *c0, const float *c1, const float *state, float *next, int n)
{
	float top = 1.0f, bottom = 0.0f;

	for (int i = 0; i < n; i++) {
		float left = top, right = state[i];

		next[i] = bottom;
		top = fmaf(left, c0[i], -(c1[i] * right));
		bottom = fmaf(c1[i], left, c0[i] * right);
	}
}
