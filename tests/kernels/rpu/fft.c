/* SPDX-License-Identifier: Apache-2.0 */
#include "kernels.h"

void fft(const float *ar, const float *ai, const float *br, const float *bi, const float *wr,
	 const float *wi, float *yr, float *yi, int half)
{
	for (int j = 0; j < half; j++) {
		float tr = br[j] * wr[j] - bi[j] * wi[j];
		float ti = br[j] * wi[j] + bi[j] * wr[j];

		yr[2 * j] = ar[j] + tr;
		yi[2 * j] = ai[j] + ti;
		yr[2 * j + 1] = ar[j] - tr;
		yi[2 * j + 1] = ai[j] - ti;
	}
}
