/* SPDX-License-Identifier: Apache-2.0 */
/* A Fourier transform of 128 complex numbers by each work-group: radix 2, in local memory. */
__kernel __attribute__((reqd_work_group_size(64, 1, 1))) void
fft(__global const float2 *in, __global float2 *out, __global const float2 *roots)
{
	__local float2 s[128];
	uint t = get_local_id(0), base = get_group_id(0) * 128;

	for (uint k = t; k < 128; k += 64) {
		uint reversed = 0;

		for (uint bit = 0; bit < 7; bit++)
			reversed |= (k >> bit & 1) << (6 - bit);
		s[reversed] = in[base + k];
	}
	for (uint half_size = 1; half_size < 128; half_size *= 2) {
		barrier(CLK_LOCAL_MEM_FENCE);
		uint within = t & (half_size - 1), low = (t - within) * 2 + within;
		float2 w = roots[within * (64 / half_size)], a = s[low], b = s[low + half_size];
		float2 turned = (float2)(b.x * w.x - b.y * w.y, b.x * w.y + b.y * w.x);

		s[low] = a + turned;
		s[low + half_size] = a - turned;
	}
	barrier(CLK_LOCAL_MEM_FENCE);
	out[base + t] = s[t];
	out[base + t + 64] = s[t + 64];
}
