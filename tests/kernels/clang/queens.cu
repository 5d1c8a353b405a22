/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the ways to place eight queens, the first two fixed by the thread: a stack by hand. */
#include "device.h"

extern "C" __global__ void queens(int *out)
{
	enum { N = 8 };
	int i = global_x(), place[N], row = 2, ways = 0;

	if (i >= N * N)
		return;
	place[0] = i / N;
	place[1] = i % N;
	place[2] = -1;
	int apart = place[0] - place[1];

	while (row >= 2 && apart != 0 && apart != 1 && apart != -1) {
		bool good = ++place[row] < N;

		if (!good) {
			row--;
			continue;
		}
		for (int k = 0; k < row && good; k++) {
			int d = place[row] - place[k];

			good = d != 0 && d != row - k && d != k - row;
		}
		if (!good)
			continue;
		if (row == N - 1)
			ways++;
		else
			place[++row] = -1;
	}
	out[i] = ways;
}
