/* SPDX-License-Identifier: Apache-2.0 */
/* A tiled product of matrices of doubles, added to what is there. */
#include "device.h"

extern "C" __global__ void gemm64(const double *a, const double *b, double *c, int n)
{
	__shared__ double s[8][8], t[8][8];
	int x = thread_x(), y = thread_y(), row = block_y() * 8 + y, column = block_x() * 8 + x;
	double sum = 0;

	for (int k = 0; k < n; k += 8) {
		s[y][x] = row < n && k + x < n ? a[row * n + k + x] : 0;
		t[y][x] = column < n && k + y < n ? b[(k + y) * n + column] : 0;
		barrier();
		for (int i = 0; i < 8; i++)
			sum += s[y][i] * t[i][x];
		barrier();
	}
	if (row < n && column < n)
		c[row * n + column] += sum;
}
