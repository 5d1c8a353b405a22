/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a separable convolution with nine weights; a halo in local memory. */
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void
convsep(__global const float *in, __global float *out, __constant float *weights, int width)
{
	__local float row[64 + 8];
	int t = get_local_id(0), x = get_global_id(0), y = get_global_id(1);
	int first = get_group_id(0) * 64 - 4;

	for (int k = t; k < 72; k += 64) {
		int from = clamp(first + k, 0, width - 1);

		row[k] = in[y * width + from];
	}
	barrier(CLK_LOCAL_MEM_FENCE);
	if (x >= width)
		return;
	float sum = 0;

	for (int k = 0; k < 9; k++)
		sum += weights[k] * row[t + k];
	out[y * width + x] = sum;
}
