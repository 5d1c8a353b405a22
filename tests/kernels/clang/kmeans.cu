/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest of 12 centres for each point in three dimensions, and its distance. */
#include "device.h"

extern "C" __global__ void kmeans(const float *points, const float *centres, int *nearest,
				  float *distance, int n)
{
	__shared__ float c[36];
	int i = global_x();

	if (thread_x() < 36)
		c[thread_x()] = centres[thread_x()];
	barrier();
	if (i >= n)
		return;
	float best = __builtin_inff();
	int which = -1;

	for (int k = 0; k < 12; k++) {
		float sum = 0;

		for (int d = 0; d < 3; d++) {
			float apart = points[3 * i + d] - c[3 * k + d];

			sum += apart * apart;
		}
		if (sum < best) {
			best = sum;
			which = k;
		}
	}
	nearest[i] = which;
	distance[i] = __builtin_sqrtf(best);
}
