/* SPDX-License-Identifier: Apache-2.0 */
/* All shortest paths of a graph of 32 nodes (Floyd and Warshall), one work-group each. */
__kernel __attribute__((reqd_work_group_size(32, 8, 1))) void floyd(__global int *distances)
{
	__local int d[32 * 32];
	int x = get_local_id(0);
	__global int *mine = distances + get_group_id(0) * 1024;

	for (int y = get_local_id(1); y < 32; y += 8)
		d[y * 32 + x] = mine[y * 32 + x];
	for (int k = 0; k < 32; k++) {
		barrier(CLK_LOCAL_MEM_FENCE);
		for (int y = get_local_id(1); y < 32; y += 8)
			d[y * 32 + x] = min(d[y * 32 + x], d[y * 32 + k] + d[k * 32 + x]);
	}
	for (int y = get_local_id(1); y < 32; y += 8)
		mine[y * 32 + x] = d[y * 32 + x];
}
