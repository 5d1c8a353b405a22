/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes a matrix of 16-bit numbers through a padded tile. */
__kernel __attribute__((reqd_work_group_size(16, 16, 1))) void
transpose16(__global const ushort *in, __global ushort *out, int width, int height)
{
	__local ushort tile[16][17];
	int x = get_global_id(0), y = get_global_id(1);

	if (x < width && y < height)
		tile[get_local_id(1)][get_local_id(0)] = in[y * width + x];
	barrier(CLK_LOCAL_MEM_FENCE);
	x = get_group_id(1) * 16 + get_local_id(0);
	y = get_group_id(0) * 16 + get_local_id(1);
	if (x < height && y < width)
		out[y * height + x] = tile[get_local_id(0)][get_local_id(1)];
}
