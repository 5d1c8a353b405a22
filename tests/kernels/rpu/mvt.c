/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void mvt(const float *a, const float *y1, const float *y2, const float *x1, const float *x2,
	 float *z1, float *z2, int n)
{
	for (int i = 0; i < n; i++) {
		float s1 = x1[i], s2 = x2[i];

		for (int j = 0; j < n; j++) {
			s1 += a[i * n + j] * y1[j];
			s2 += a[j * n + i] * y2[j];
		}
		z1[i] = s1;
		z2[i] = s2;
	}
}
