/* SPDX-License-Identifier: Apache-2.0 */
/* Partial dot products: a stride over all, then a tree in local memory that the host sizes. */
__kernel void dot_products(__global const float *a, __global const float *b, __global float *out,
			   __local float *partial, uint n)
{
	uint t = get_local_id(0);
	float sum = 0;

	for (uint i = get_global_id(0); i < n; i += get_global_size(0))
		sum += a[i] * b[i];
	partial[t] = sum;
	for (uint d = get_local_size(0) / 2; d; d /= 2) {
		barrier(CLK_LOCAL_MEM_FENCE);
		if (t < d)
			partial[t] += partial[t + d];
	}
	if (!t)
		out[get_group_id(0)] = partial[0];
}
