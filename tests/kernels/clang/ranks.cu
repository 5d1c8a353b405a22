/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts by counting who is smaller; equal keys keep their order. 16-bit keys, 64-bit payload. */
#include "device.h"

extern "C" __global__ void ranks(const short *keys, const long long *payload, short *sorted,
				 long long *moved, int n)
{
	int i = global_x(), rank = 0;

	if (i >= n)
		return;
	for (int k = 0; k < n; k++)
		rank += keys[k] < keys[i] || (keys[k] == keys[i] && k < i);
	sorted[rank] = keys[i];
	moved[rank] = payload[i];
}
