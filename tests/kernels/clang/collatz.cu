/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of 3n + 1 to 1, and the highest number on the way: lanes leave at unlike times. */
#include "device.h"

extern "C" __global__ void collatz(unsigned *steps, unsigned long long *highest, int n)
{
	int i = global_x();

	if (i >= n)
		return;
	unsigned long long v = (unsigned)i + 1, most = v;
	unsigned count = 0;

	while (v != 1) {
		v = v % 2 ? 3 * v + 1 : v / 2;
		most = v > most ? v : most;
		count++;
	}
	steps[i] = count;
	highest[i] = most;
}
