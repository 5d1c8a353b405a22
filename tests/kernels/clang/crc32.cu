/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 of pieces of unlike length; the table is made in shared memory first. */
#include "device.h"

extern "C" __global__ void crc32(const unsigned char *data, unsigned *out, int stride)
{
	__shared__ unsigned table[256];
	int i = global_x();

	for (int k = thread_x(); k < 256; k += threads_x()) {
		unsigned c = (unsigned)k;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		table[k] = c;
	}
	barrier();
	unsigned crc = ~0u;

	for (int k = 0; k < stride - i % 17; k++)
		crc = crc >> 8 ^ table[(crc ^ data[i * stride + k]) & 255];
	out[i] = ~crc;
}
