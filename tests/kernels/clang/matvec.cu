/* SPDX-License-Identifier: Apache-2.0 */
/* A matrix times a vector: nested loops, a tree reduction in shared memory. */
#include "device.h"

extern "C" __global__ void __attribute__((launch_bounds(64)))
matvec(const float *m, const float *x, float *y, int columns)
{
	__shared__ float partial[64];
	int row = block_x(), t = thread_x();
	float sum = 0;

	for (int k = t; k < columns; k += threads_x())
		sum += m[row * columns + k] * x[k];
	partial[t] = sum;
	barrier();
	for (int d = 32; d; d >>= 1) {
		if (t < d)
			partial[t] += partial[t + d];
		barrier();
	}
	if (!t)
		y[row] = partial[0];
}
