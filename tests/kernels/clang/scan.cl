/* SPDX-License-Identifier: Apache-2.0 */
/* An inclusive scan of a work-group in local memory that the host sizes. */
#include "device_cl.h"

__kernel void scan(__global const int *in, __global int *out, __local int *a, __local int *b)
{
	int t = local_id();

	a[t] = in[global_id()];
	__syncthreads();
	for (int d = 1; d < local_size(); d <<= 1) {
		b[t] = t >= d ? a[t] + a[t - d] : a[t];
		__syncthreads();
		__local int *swap = a;

		a = b;
		b = swap;
	}
	out[global_id()] = a[t];
}
