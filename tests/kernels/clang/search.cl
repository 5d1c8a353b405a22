/* SPDX-License-Identifier: Apache-2.0 */
/* Where each key would stand in a sorted table of 64-bit numbers. */
__kernel void search(__global const long *table, __global const long *keys, __global uint *out,
		     uint entries)
{
	uint low = 0, high = entries;
	long key = keys[get_global_id(0)];

	while (low < high) {
		uint middle = low + (high - low) / 2;

		if (table[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	out[get_global_id(0)] = low;
}
