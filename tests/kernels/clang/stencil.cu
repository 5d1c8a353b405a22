/* SPDX-License-Identifier: Apache-2.0 */
/* A three-point stencil through dynamic shared memory with a halo. */
#include "device.h"

extern __shared__ float tile[];

extern "C" __global__ void stencil(const float *in, float *out, int n, float left, float right)
{
	int i = global_x(), t = thread_x() + 1;

	tile[t] = i < n ? in[i] : 0.0f;
	if (thread_x() == 0)
		tile[0] = i > 0 ? in[i - 1] : 0.0f;
	if (thread_x() == threads_x() - 1)
		tile[t + 1] = i + 1 < n ? in[i + 1] : 0.0f;
	barrier();
	if (i < n)
		out[i] = left * tile[t - 1] + tile[t] + right * tile[t + 1];
}
