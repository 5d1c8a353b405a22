/* SPDX-License-Identifier: Apache-2.0 */
/* Edges of a picture of bytes after Sobel, in integers, saturated. */
__kernel void sobel(__global const uchar *in, __global uchar *out, int width, int height)
{
	int x = get_global_id(0), y = get_global_id(1);

	if (x >= width || y >= height)
		return;
	int result = 0;

	if (x > 0 && y > 0 && x < width - 1 && y < height - 1) {
		__global const uchar *p = in + y * width + x;
		int across = p[1 - width] + 2 * p[1] + p[1 + width] - p[-1 - width] - 2 * p[-1] -
			     p[width - 1];
		int down = p[width - 1] + 2 * p[width] + p[width + 1] - p[-width - 1] -
			   2 * p[-width] - p[1 - width];

		result = abs(across) + abs(down);
	}
	out[y * width + x] = convert_uchar_sat(result);
}
