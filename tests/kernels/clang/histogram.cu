/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of bytes: atomic additions in shared memory, then in global memory. */
#include "device.h"

extern "C" __global__ void histogram(const unsigned char *data, unsigned *counts, int n)
{
	__shared__ unsigned mine[256];

	for (int k = thread_x(); k < 256; k += threads_x())
		mine[k] = 0;
	barrier();
	for (int i = global_x(); i < n; i += threads_x() * blocks_x())
		__atomic_fetch_add(&mine[data[i]], 1u, __ATOMIC_RELAXED);
	barrier();
	for (int k = thread_x(); k < 256; k += threads_x())
		if (mine[k])
			__atomic_fetch_add(&counts[k], mine[k], __ATOMIC_RELAXED);
}
