/* SPDX-License-Identifier: Apache-2.0 */
/* Factors a matrix of 20 x 20 doubles into L and U in place, without pivots, one workgroup each. */
#include "device.h"

extern "C" __global__ void lu(double *matrices)
{
	enum { N = 20 };
	__shared__ double m[N][N + 1];
	int x = thread_x(), y = thread_y();
	double *mine = matrices + block_x() * N * N;

	m[y][x] = mine[y * N + x];
	for (int k = 0; k < N - 1; k++) {
		barrier();
		if (x == k && y > k)
			m[y][k] /= m[k][k];
		barrier();
		if (x > k && y > k)
			m[y][x] -= m[y][k] * m[k][x];
	}
	mine[y * N + x] = m[y][x];
}
