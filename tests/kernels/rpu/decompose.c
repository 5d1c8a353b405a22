/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void decompose(const float *a, const float *l, const float *u, float *out, float inverse, int rows,
	       int columns)
{
	for (int r = 0; r < rows; r++)
		for (int c = 0; c < columns; c++)
			out[r * columns + c] = a[r * columns + c] - l[r] * inverse * u[c];
}
