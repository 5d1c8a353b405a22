/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void fir(const int32_t *x, const int32_t *h, int32_t *y, int n, int taps)
{
	for (int i = 0; i < n; i++) {
		int32_t s = 0;

		for (int k = 0; k < taps; k++)
			s += x[i + k] * h[k];
		y[i] = s;
	}
}
