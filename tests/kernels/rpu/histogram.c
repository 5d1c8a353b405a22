/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void histogram(const int32_t *x, int32_t *bins, int n)
{
	for (int i = 0; i < n; i++)
		bins[x[i]]++;
}
