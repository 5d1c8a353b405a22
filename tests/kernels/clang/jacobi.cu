/* SPDX-License-Identifier: Apache-2.0 */
/* A step of Jacobi's iteration for Poisson's equation, and how far each point moved. */
#include "device.h"

extern "C" __global__ void jacobi(const float *u, const float *f, float *next, float *moved, int n,
				  float h2)
{
	int x = global_x(), y = block_y() * 4 + thread_y();

	if (x >= n || y >= n)
		return;
	int i = y * n + x;
	float v = u[i];

	if (x > 0 && y > 0 && x < n - 1 && y < n - 1)
		v = 0.25f * (u[i - 1] + u[i + 1] + u[i - n] + u[i + n] - h2 * f[i]);
	next[i] = v;
	moved[i] = __builtin_fabsf(v - u[i]);
}
