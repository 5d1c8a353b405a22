/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void conv(const int32_t *x0, const int32_t *x1, const int32_t *x2, const int32_t *w, int32_t *y,
	  int columns)
{
	for (int c = 0; c < columns; c++) {
		int32_t s = 0;

		for (int k = 0; k < 3; k++)
			s += x0[c + k] * w[k] + x1[c + k] * w[3 + k] + x2[c + k] * w[6 + k];
		y[c] = s;
	}
}
