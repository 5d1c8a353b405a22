/* SPDX-License-Identifier: Apache-2.0 */
/* Data-dependent loops: lanes leave at different times. Double precision beside single. */
#include "device.h"

extern "C" __global__ void mandelbrot(int *out, int width, int limit, float scale)
{
	int px = global_x(), py = block_y();
	double cx = (double)px * scale - 2.0;
	float cy = (float)py * scale - 1.0f;
	double x = 0, y = 0;
	int k = 0;

	if (px >= width)
		return;
	while (k < limit && x * x + y * y < 4.0) {
		double t = x * x - y * y + cx;

		y = 2 * x * y + cy;
		x = t;
		if (++k == limit / 2 && x < -1.5)
			break;
	}
	out[py * width + px] = k;
}
