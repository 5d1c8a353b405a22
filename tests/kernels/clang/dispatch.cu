/* SPDX-License-Identifier: Apache-2.0 */
/* A dense switch, local arrays indexed at run time, constants, a parameter by value, pointers in
 * global variables. */
#include "device.h"

struct settings {
	int first;
	float weights[6];
	double scale;
};

__constant__ int table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
__device__ float offset = 0.25f;
__device__ float *offset_pointer = &offset;

extern "C" __global__ void dispatch(settings s, const int *codes, float *out, int n)
{
	int i = global_x();
	float recent[4] = {0, 0, 0, 0};

	if (i >= n)
		return;
	float x = 0;

	for (int k = 0; k < 6; k++) {
		int code = codes[(i + k) % n];

		switch (code & 7) {
		case 0: x += s.weights[k]; break;
		case 1: x -= (float)table[(i + k) & 7]; break;
		case 2: x *= 1.5f; break;
		case 3: x = -x; break;
		case 4: x += *offset_pointer; break;
		case 5: x += recent[(k + i) & 3]; break;
		case 6: x = x > 10 ? 10 : x; break;
		default: x += (float)s.first; break;
		}
		recent[code & 3] = x;
	}
	out[i] = (float)(x * s.scale);
}
