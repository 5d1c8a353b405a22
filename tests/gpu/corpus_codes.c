/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums, ciphers, random numbers: what the kernels of clang's are to leave in memory. */
#include <math.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/gpu/corpus.h"

enum { STRIDE = 40, PIECES = 100 };

static uint32_t crc_of(const uint8_t *data, int bytes)
{
	uint32_t crc = ~0u;

	for (int i = 0; i < bytes * 8; i++) {
		uint32_t in = data[i / 8] >> i % 8 & 1u;

		crc = crc >> 1 ^ ((crc ^ in) & 1u ? 0xedb88320u : 0u);
	}
	return ~crc;
}

static void crc32(void **a)
{
	uint32_t *out = a[1];

	/* The check value that is published for this CRC. */
	CU_ASSERT_EQUAL(crc_of((const uint8_t *)"123456789", 9), 0xcbf43926u);
	for (int i = 0; i < PIECES; i++)
		out[i] = crc_of((uint8_t *)a[0] + i * STRIDE, STRIDE - i % 17);
}

static uint32_t turned(uint32_t x, uint32_t right)
{
	return right ? x >> right | x << (32 - right) : x;
}

/* The first 32 bits of the fractional part of the root of this degree of the nth prime. */
static uint32_t root_bits(int n, int degree)
{
	int prime = 2;

	for (int found = 0;; prime++) {
		int divisor = 2;

		while (prime % divisor)
			divisor++;
		if (divisor == prime && found++ == n)
			break;
	}
	long double root = degree == 2 ? sqrtl(prime) : cbrtl(prime);

	return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static void sha256_of(const uint32_t *block, uint32_t *out)
{
	uint32_t w[64], s[8];

	memcpy(w, block, 64);
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) +
		       (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
	}
	for (int i = 0; i < 8; i++)
		s[i] = out[i] = root_bits(i, 2);
	for (int i = 0; i < 64; i++) {
		uint32_t first = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) +
				 ((s[4] & s[5]) ^ (~s[4] & s[6])) + root_bits(i, 3) + w[i];
		uint32_t second = (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) +
				  ((s[0] & s[1]) | (s[2] & (s[0] | s[1])));

		memmove(s + 1, s, 28);
		s[4] += first;
		s[0] = first + second;
	}
	for (int i = 0; i < 8; i++)
		out[i] += s[i];
}

enum { MESSAGES = 64 };

static void sha256(void **a)
{
	uint32_t *blocks = a[0], *digests = a[1], seen[8];
	const uint32_t abc[16] = {0x61626380, [15] = 24};
	const uint32_t digest[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
				    0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};

	sha256_of(abc, seen); /* the standard's example */
	CU_ASSERT_EQUAL(memcmp(seen, digest, 32), 0);
	for (int i = 0; i < MESSAGES; i++)
		sha256_of(blocks + 16 * i, digests + 8 * i);
}

/* The RFC's example (section 2.3.2): key 0, 1, 2 …, its nonce, block 1. */
static void chacha_start(void **a)
{
	static const uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
					   0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
					   0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
					   0x00000001, 0x09000000, 0x4a000000, 0x00000000};

	memcpy(a[0], start, sizeof(start));
}

static void add_xor_turn(uint32_t *x, int to, int from, int other, uint32_t left)
{
	x[to] += x[from];
	x[other] = turned(x[other] ^ x[to], 32 - left);
}

static void chacha20(void **a)
{
	static const uint8_t places[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14},
					     {3, 7, 11, 15}, {0, 5, 10, 15}, {1, 6, 11, 12},
					     {2, 7, 8, 13},  {3, 4, 9, 14}};
	const uint32_t *start = a[0];
	uint32_t *out = a[1];

	for (uint32_t block = 0; block < MESSAGES; block++, out += 16) {
		uint32_t x[16];

		memcpy(x, start, 64);
		x[12] += block;
		for (int i = 0; i < 80; i++) {
			const uint8_t *p = places[i % 8];

			add_xor_turn(x, p[0], p[1], p[3], 16);
			add_xor_turn(x, p[2], p[3], p[1], 12);
			add_xor_turn(x, p[0], p[1], p[3], 8);
			add_xor_turn(x, p[2], p[3], p[1], 7);
		}
		for (int i = 0; i < 16; i++)
			out[i] = x[i] + start[i] + (i == 12 ? block : 0);
	}
	CU_ASSERT_EQUAL(((uint32_t *)a[1])[0], 0xe4e7f110u);
	CU_ASSERT_EQUAL(((uint32_t *)a[1])[15], 0x4e3c50a2u);
}

static uint32_t tempered(uint32_t y)
{
	y ^= y >> 11;
	y ^= (y << 7) & 0x9d2c5680u;
	y ^= (y << 15) & 0xefc60000u;
	return y ^ y >> 18;
}

static void numbers(void **a)
{
	const uint64_t *seeds = a[0];
	uint64_t *out = a[1];
	float *unit = a[2];

	for (int i = 0; i < 192; i++) {
		uint64_t x = seeds[i] | 1, p = seeds[i];
		uint32_t mixed = 0;

		for (int k = 0; k < 25; k++) {
			x ^= x >> 12;
			x ^= x << 25;
			x ^= x >> 27;
			p = p * 6364136223846793005u + 1442695040888963407u;
			mixed += tempered(
				turned((uint32_t)((p >> 18 ^ p) >> 27), (uint32_t)(p >> 59)));
		}
		out[i] = x * 2685821657736338717u + mixed;
		unit[i] = (float)(mixed >> 8) * 0x1p-24f;
	}
}

const struct corpus_case corpus_codes[] = {
	{.says = "crc32: a table in shared memory, against bits",
	 .file = "clang/crc32.ptx",
	 .kernel = "crc32",
	 .grid = {2, 1, 1},
	 .block = {50, 1, 1},
	 .arguments = {BITS(uint8_t, STRIDE *PIECES), ZEROS(uint32_t, PIECES), INTEGER(STRIDE)},
	 .expect = crc32},
	{.says = "sha256: rotations, and the standard's example",
	 .file = "clang/sha256.ptx",
	 .kernel = "sha256",
	 .grid = {2, 1, 1},
	 .block = {32, 1, 1},
	 .arguments = {BITS(uint32_t, 16 * MESSAGES), ZEROS(uint32_t, 8 * MESSAGES)},
	 .expect = sha256},
	{.says = "chacha20: the key stream of the RFC's example",
	 .file = "clang/chacha20.ptx",
	 .kernel = "chacha20",
	 .grid = {2, 1, 1},
	 .block = {32, 1, 1},
	 .arguments = {ZEROS(uint32_t, 16), ZEROS(uint32_t, 16 * MESSAGES)},
	 .prepare = chacha_start,
	 .expect = chacha20},
	{.says = "random: xorshift, PCG, tempering",
	 .file = "clang/random.ptx",
	 .kernel = "random",
	 .grid = {3, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {BITS(uint64_t, 192), ZEROS(uint64_t, 192), ZEROS(float, 192), INTEGER(25)},
	 .expect = numbers},
	{0},
};
