/* SPDX-License-Identifier: Apache-2.0 */
/* Integer arithmetic of all widths, divisions, bit counting, 64-bit products. */
#include "device.h"

extern "C" __global__ void integers(const long long *a, const int *b, const short *c,
				    unsigned long long *out, int n)
{
	int i = global_x();

	if (i >= n)
		return;
	long long x = a[i];
	int y = b[i] | 1;
	short z = c[i];
	unsigned long long r = (unsigned long long)x / (unsigned)y;

	r ^= (unsigned long long)(x % y) << 7;
	r += (unsigned)__builtin_popcount((unsigned)y) * 3u + (unsigned)__builtin_clzll((unsigned long long)x | 1);
	r ^= (unsigned long long)(((__int128)x * y) >> 64);
	z = (short)(z * z - (z >> 3));
	r += (unsigned long long)(long long)z;
	int turn = (y & 31) + 1; /* clang 14 does not mask a rotation's amount */

	r = r << turn | r >> (64 - turn);
	out[i] = r + (unsigned)(y / (z | 1)) + (unsigned char)(x >> 5);
}
