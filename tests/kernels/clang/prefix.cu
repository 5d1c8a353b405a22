/* SPDX-License-Identifier: Apache-2.0 */
/* Exclusive prefix sums of 256 numbers by 128 threads, up and down a tree; sums of workgroups. */
#include "device.h"

#define PLACE(i) ((i) + ((i) >> 5)) /* keeps the tree's steps out of one bank */

extern "C" __global__ void prefix(const int *in, int *out, int *sums)
{
	__shared__ int s[PLACE(256)];
	int t = thread_x(), base = block_x() * 256, step = 1;

	s[PLACE(t)] = in[base + t];
	s[PLACE(t + 128)] = in[base + t + 128];
	for (int d = 128; d; d >>= 1, step <<= 1) {
		barrier();
		if (t < d)
			s[PLACE(step * (2 * t + 2) - 1)] += s[PLACE(step * (2 * t + 1) - 1)];
	}
	barrier();
	if (!t) {
		sums[block_x()] = s[PLACE(255)];
		s[PLACE(255)] = 0;
	}
	for (int d = 1; d < 256; d <<= 1) {
		step >>= 1;
		barrier();
		if (t < d) {
			int low = PLACE(step * (2 * t + 1) - 1), high = PLACE(step * (2 * t + 2) - 1);
			int was = s[low];

			s[low] = s[high];
			s[high] += was;
		}
	}
	barrier();
	out[base + t] = s[PLACE(t)];
	out[base + t + 128] = s[PLACE(t + 128)];
}
