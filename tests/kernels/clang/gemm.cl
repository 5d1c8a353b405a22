/* SPDX-License-Identifier: Apache-2.0 */
/* A tiled product of matrices. */
__kernel __attribute__((reqd_work_group_size(16, 16, 1))) void
gemm(__global const float *a, __global const float *b, __global float *c, int m, int n, int k)
{
	__local float s[16][16], t[16][16];
	int x = get_local_id(0), y = get_local_id(1);
	int column = get_global_id(0), row = get_global_id(1);
	float sum = 0;

	for (int from = 0; from < k; from += 16) {
		s[y][x] = row < m && from + x < k ? a[row * k + from + x] : 0;
		t[y][x] = column < n && from + y < k ? b[(from + y) * n + column] : 0;
		barrier(CLK_LOCAL_MEM_FENCE);
		for (int i = 0; i < 16; i++)
			sum = fma(s[y][i], t[i][x], sum);
		barrier(CLK_LOCAL_MEM_FENCE);
	}
	if (row < m && column < n)
		c[row * n + column] = sum;
}
