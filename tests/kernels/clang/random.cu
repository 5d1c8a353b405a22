/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers of three kinds: xorshift64*, PCG 32, Mersenne twister's tempering. */
#include "device.h"

static __device__ unsigned temper(unsigned y)
{
	y ^= y >> 11;
	y ^= (y << 7) & 0x9d2c5680u;
	y ^= (y << 15) & 0xefc60000u;
	return y ^ (y >> 18);
}

extern "C" __global__ void random(const unsigned long long *seeds, unsigned long long *out,
				  float *unit, int rounds)
{
	int i = global_x();
	unsigned long long x = seeds[i] | 1, p = seeds[i];
	unsigned mixed = 0;

	for (int k = 0; k < rounds; k++) {
		x ^= x >> 12;
		x ^= x << 25;
		x ^= x >> 27;
		p = p * 6364136223846793005ull + 1442695040888963407ull;
		unsigned v = (unsigned)(((p >> 18) ^ p) >> 27), turn = (unsigned)(p >> 59);

		/* clang 14 does not mask a rotation's amount */
		mixed += temper(turn ? v >> turn | v << (32 - turn) : v);
	}
	out[i] = x * 2685821657736338717ull + mixed;
	unit[i] = (float)(mixed >> 8) * 0x1p-24f;
}
