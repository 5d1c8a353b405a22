/* SPDX-License-Identifier: Apache-2.0 */
/* How soon each point of a Julia set escapes, in fused steps; a smooth shade of it in bytes. */
__kernel void julia(__global uchar4 *out, int width, float2 c, int limit)
{
	int px = get_global_id(0), py = get_global_id(1), k = 0;
	float x = (float)px * 0.0625f - 2.0f, y = (float)py * 0.0625f - 1.0f;

	if (px >= width)
		return;
	while (k < limit && fma(x, x, y * y) < 4.0f) {
		float t = fma(x, x, fma(-y, y, c.x));

		y = fma(2.0f * x, y, c.y);
		x = t;
		k++;
	}
	out[py * width + px] = (uchar4)(k, convert_uchar_sat(fabs(x) * 60.0f),
					convert_uchar_sat_rtz(y * 100.0f), k == limit ? 255 : 0);
}
