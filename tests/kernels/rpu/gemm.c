/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void gemm(const float *a, const float *b, float *c, int m, int n, int depth)
{
	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++) {
			float s = a[i * depth] * b[j];

			for (int k = 1; k < depth; k++)
				s += a[i * depth + k] * b[k * n + j];
			c[i * n + j] = s;
		}
}
