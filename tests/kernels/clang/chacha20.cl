/* SPDX-License-Identifier: Apache-2.0 */
/* The key stream of ChaCha20 (RFC 8439): a block of 64 bytes by each work-item. */
static void quarter(uint *a, uint *b, uint *c, uint *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16u);
	*c += *d;
	*b = rotate(*b ^ *c, 12u);
	*a += *b;
	*d = rotate(*d ^ *a, 8u);
	*c += *d;
	*b = rotate(*b ^ *c, 7u);
}

__kernel void chacha20(__global const uint *start, __global uint16 *out)
{
	uint s[16], x[16];

	for (int i = 0; i < 16; i++)
		s[i] = start[i];
	s[12] += get_global_id(0);
	for (int i = 0; i < 16; i++)
		x[i] = s[i];
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			quarter(&x[i], &x[i + 4], &x[i + 8], &x[i + 12]);
		for (int i = 0; i < 4; i++)
			quarter(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
				&x[12 + (i + 3) % 4]);
	}
	for (int i = 0; i < 16; i++)
		x[i] += s[i];
	out[get_global_id(0)] =
		(uint16)(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11],
			 x[12], x[13], x[14], x[15]);
}
