/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#define FAR 0x3fffffff

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

void dtw(const int32_t *b, const int32_t *before, int32_t *now, int32_t a, int n)
{
	for (int j = 0; j < n; j++) {
		int32_t d = b[j] < a ? a - b[j] : b[j] - a;
		int32_t corner = j ? before[j - 1] : FAR, left = j ? now[j - 1] : FAR;

		now[j] = least(least(before[j], corner), left) + d;
	}
}
