/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the odd numbers of each warp in order, by ballots; sums each warp by shuffles. */
#include "device.h"

extern "C" __global__ void compact(const int *in, int *out, int *kept, int *sums)
{
	int i = global_x(), lane = thread_x() & 31, warp = i >> 5, v = in[i], sum = v;
	unsigned odd = __nvvm_vote_ballot_sync(0xffffffffu, v & 1);

	if (v & 1)
		out[(i & ~31) + __builtin_popcount(odd & ((1u << lane) - 1))] = v;
	for (int d = 16; d; d >>= 1)
		sum += __nvvm_shfl_sync_bfly_i32(0xffffffffu, sum, d, 31);
	if (!lane) {
		kept[warp] = __builtin_popcount(odd);
		sums[warp] = sum;
	}
}
