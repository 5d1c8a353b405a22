/* SPDX-License-Identifier: Apache-2.0 */
/* Vector loads and stores of 4 to 16 bytes, narrow integers. */
#include "device.h"

extern "C" __global__ void vectors(const float4 *a, const uchar4 *b, const ushort4 *c, float4 *out,
				   uchar4 *bytes, int n)
{
	int i = global_x();

	if (i >= n)
		return;
	float4 v = a[i];
	uchar4 u = b[i];
	ushort4 s = c[i];
	uchar4 w;

	v.x = v.x * u.x + s.w;
	v.y = v.y * u.y + s.z;
	v.z = v.z * u.z + s.y;
	v.w = v.w * u.w + s.x;
	out[i] = v;
	w.x = (unsigned char)(u.x + u.y);
	w.y = (unsigned char)(u.y - u.z);
	w.z = (unsigned char)(u.z ^ u.w);
	w.w = (unsigned char)(u.w >> 1);
	bytes[i] = w;
}
