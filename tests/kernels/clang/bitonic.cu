/* SPDX-License-Identifier: Apache-2.0 */
/* A bitonic sort of 256 keys by each workgroup, in shared memory. */
#include "device.h"

extern "C" __global__ void bitonic(int *keys)
{
	__shared__ int s[256];
	int t = thread_x();

	s[t] = keys[block_x() * 256 + t];
	barrier();
	for (int k = 2; k <= 256; k <<= 1) {
		for (int j = k >> 1; j; j >>= 1) {
			int other = t ^ j;
			bool up = !(t & k);

			if (other > t && (s[t] > s[other]) == up) {
				int swap = s[t];

				s[t] = s[other];
				s[other] = swap;
			}
			barrier();
		}
	}
	keys[block_x() * 256 + t] = s[t];
}
