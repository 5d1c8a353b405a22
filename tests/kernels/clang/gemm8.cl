/* SPDX-License-Identifier: Apache-2.0 */
/* A product of matrices of signed bytes, rescaled to signed bytes with saturation. */
__kernel void gemm8(__global const char4 *a, __global const char4 *b, __global char *c, int n,
		    int quads, float scale)
{
	int column = get_global_id(0), row = get_global_id(1);

	if (column >= n)
		return;
	int sum = 0;

	for (int k = 0; k < quads; k++) {
		char4 x = a[row * quads + k], y = b[column * quads + k];

		sum += x.x * y.x + x.y * y.y + x.z * y.z + x.w * y.w;
	}
	c[row * n + column] = convert_char_sat_rte((float)sum * scale);
}
