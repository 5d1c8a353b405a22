/* SPDX-License-Identifier: Apache-2.0 */
/* A sparse matrix (compressed rows) times a vector: rows of unlike length, gathers. */
#include "device.h"

extern "C" __global__ void spmv(const int *starts, const int *columns, const float *values,
				const float *x, float *y, int rows)
{
	int row = global_x();

	if (row >= rows)
		return;
	float sum = 0;

	for (int k = starts[row]; k < starts[row + 1]; k++)
		sum += values[k] * x[columns[k]];
	y[row] = sum;
}
