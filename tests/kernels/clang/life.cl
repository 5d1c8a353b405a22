/* SPDX-License-Identifier: Apache-2.0 */
/* A generation of the game of life on a torus of bytes. */
__kernel void life(__global const uchar *in, __global uchar *out, int width, int height)
{
	int x = get_global_id(0), y = get_global_id(1), neighbours = 0;

	if (x >= width || y >= height)
		return;
	for (int dy = -1; dy <= 1; dy++)
		for (int dx = -1; dx <= 1; dx++)
			if (dx || dy)
				neighbours += in[(y + dy + height) % height * width +
						 (x + dx + width) % width];
	out[y * width + x] = neighbours == 3 || (neighbours == 2 && in[y * width + x]);
}
