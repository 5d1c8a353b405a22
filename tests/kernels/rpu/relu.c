/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void relu(const float *x, float *y, int n)
{
	for (int i = 0; i < n; i++)
		y[i] = x[i] > 0.0f ? x[i] : 0.0f;
}
