/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

#include <math.h>

void invert(const float *a, const float *p, const float *b, const float *q, float *aout,
	    float *bout, float factor, int n)
{
	for (int j = 0; j < n; j++) {
		aout[j] = fmaf(p[j], factor, a[j]);
		bout[j] = fmaf(q[j], factor, b[j]);
	}
}
