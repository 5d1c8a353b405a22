/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of bytes resized by bilinear interpolation. */
#include "device.h"

extern "C" __global__ void bilinear(const unsigned char *in, unsigned char *out, int in_width,
				    int in_height, int width, int height)
{
	int x = global_x(), y = block_y();

	if (x >= width)
		return;
	float u = ((float)x + 0.5f) * (float)in_width / (float)width - 0.5f;
	float v = ((float)y + 0.5f) * (float)in_height / (float)height - 0.5f;

	u = u < 0 ? 0 : u;
	v = v < 0 ? 0 : v;
	int left = (int)u, top = (int)v;
	int right = left + 1 < in_width ? left + 1 : left;
	int bottom = top + 1 < in_height ? top + 1 : top;
	float dx = u - (float)left, dy = v - (float)top;
	float above = in[top * in_width + left] * (1 - dx) + in[top * in_width + right] * dx;
	float below = in[bottom * in_width + left] * (1 - dx) + in[bottom * in_width + right] * dx;

	out[y * width + x] = (unsigned char)(above * (1 - dy) + below * dy + 0.5f);
}
