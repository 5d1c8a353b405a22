/* SPDX-License-Identifier: Apache-2.0 */
/* A polynomial filter with constant coefficients, selections, generic and constant spaces. */
#include "device_cl.h"

__constant float coefficients[5] = {0.5f, -1.25f, 2.0f, 0.125f, -0.75f};

__kernel void filter(__global const float4 *in, __global float4 *out, __constant float *bias,
		     uint n, float low, float high)
{
	for (uint i = (uint)global_id(); i < n; i += (uint)global_size()) {
		float4 x = in[i], y = (float4)(bias[i & 3]);

		for (int k = 0; k < 5; k++)
			y = y * x + coefficients[k];
		y.x = y.x < low ? low : y.x > high ? high : y.x;
		y.y = __builtin_fabsf(y.y);
		y.z = __builtin_sqrtf(y.z < 0 ? -y.z : y.z);
		y.w = __builtin_fmaf(y.w, x.w, x.x);
		out[i] = y;
	}
}
