/* SPDX-License-Identifier: Apache-2.0 */
/* Accelerations of bodies by all others, tile by tile through shared memory. */
#include "device.h"

extern "C" __global__ void nbody(const float4 *bodies, float4 *out, int n, float softening)
{
	__shared__ float4 tile[64];
	int i = global_x();
	float4 me = bodies[i];
	float4 sum = {0, 0, 0, 0};

	for (int first = 0; first < n; first += 64) {
		tile[thread_x()] = bodies[first + thread_x()];
		barrier();
		for (int k = 0; k < 64; k++) {
			float x = tile[k].x - me.x, y = tile[k].y - me.y, z = tile[k].z - me.z;
			float r2 = x * x + y * y + z * z + softening;
			float f = tile[k].w / (r2 * __builtin_sqrtf(r2));

			sum.x += x * f;
			sum.y += y * f;
			sum.z += z * f;
		}
		barrier();
	}
	out[i] = sum;
}
