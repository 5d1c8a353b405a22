/* SPDX-License-Identifier: Apache-2.0 */
/* The edit distance of two strings of 63 bytes by each workgroup, along anti-diagonals. */
#include "device.h"

extern "C" __global__ void levenshtein(const unsigned char *a, const unsigned char *b, int *out)
{
	enum { N = 63 };
	__shared__ int diagonals[3][N + 1];
	int t = thread_x(); /* row, 0 .. N */
	const unsigned char *mine = a + block_x() * N, *other = b + block_x() * N;

	for (int d = 0; d <= 2 * N; d++) {
		int *now = diagonals[d % 3], *last = diagonals[(d + 2) % 3];
		int *before = diagonals[(d + 1) % 3], column = d - t;

		if (column >= 0 && column <= N) {
			int cost = t + column;

			if (t && column) {
				int step = last[t] < last[t - 1] ? last[t] : last[t - 1];
				int match = before[t - 1] + (mine[t - 1] != other[column - 1]);

				cost = step + 1 < match ? step + 1 : match;
			}
			now[t] = cost;
		}
		barrier();
	}
	if (t == N)
		out[block_x()] = diagonals[(2 * N) % 3][N];
}
