/* SPDX-License-Identifier: Apache-2.0 */
/* Sorting, searching, graphs: what the kernels of clang's are to leave in memory. */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "tests/gpu/corpus.h"

static int by_i32(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static int by_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void bitonic(void **a)
{
	for (int block = 0; block < 3; block++)
		qsort((int32_t *)a[0] + 256 * block, 256, 4, by_i32);
}

enum { KEYS = 200 };

/* Keys of six bits, so that many are equal. */
static void few_keys(void **a)
{
	int16_t *keys = a[0];

	for (int i = 0; i < KEYS; i++)
		keys[i] >>= 10;
}

static void ranks(void **a)
{
	const int16_t *keys = a[0];
	const int64_t *payload = a[1];
	int16_t *sorted = a[2];
	int64_t *moved = a[3];
	int count = 0;

	for (int key = INT16_MIN; key <= INT16_MAX; key++) {
		for (int i = 0; i < KEYS; i++) {
			if (keys[i] != key)
				continue;
			sorted[count] = keys[i];
			moved[count++] = payload[i];
		}
	}
}

enum { TABLE = 777, LOOKUPS = 160 };

/* A sorted table; every third key is in it, two are outside of it. */
static void sorted_table(void **a)
{
	int64_t *table = a[0], *keys = a[1];

	qsort(table, TABLE, 8, by_i64);
	for (int i = 0; i < LOOKUPS; i += 3)
		keys[i] = table[i * 4];
	keys[1] = INT64_MIN;
	keys[2] = INT64_MAX;
}

static void search(void **a)
{
	const int64_t *table = a[0], *keys = a[1];
	uint32_t *out = a[2];

	for (int i = 0; i < LOOKUPS; i++)
		for (out[i] = 0; out[i] < TABLE && table[out[i]] < keys[i];)
			out[i]++;
}

/* Edges of 1 to 100, a third of them missing; nothing to itself. */
static void graph(void **a)
{
	int32_t *d = a[0];

	for (int i = 0; i < 2 * 1024; i++) {
		d[i] = d[i] % 3 ? 1 + d[i] % 100 : 1000000;
		if (i % 32 == i / 32 % 32)
			d[i] = 0;
	}
}

/* Relaxes every edge until nothing changes. */
static void floyd(void **a)
{
	int32_t *d = a[0];
	int changed = 1;

	while (changed) {
		changed = 0;
		for (int i = 0; i < 2 * 1024; i++) {
			int graph_base = i & ~1023, from = i / 32 % 32, to = i % 32;

			for (int k = 0; k < 32; k++) {
				int way =
					d[graph_base + from * 32 + k] + d[graph_base + k * 32 + to];

				changed |= way < d[i];
				d[i] = way < d[i] ? way : d[i];
			}
		}
	}
}

/* Strings of four letters; the second is the first with changes. */
static void strings(void **a)
{
	uint8_t *x = a[0], *y = a[1];

	for (int i = 0; i < 5 * 63; i++) {
		x[i] = (uint8_t)('a' + x[i] % 4);
		y[i] = y[i] % 5 && i ? x[i - (i / 63) % 2] : (uint8_t)('a' + y[i] % 4);
	}
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void levenshtein(void **a)
{
	int32_t *out = a[2];

	for (int pair = 0; pair < 5; pair++) {
		const uint8_t *x = (uint8_t *)a[0] + 63 * pair, *y = (uint8_t *)a[1] + 63 * pair;
		int d[64][64];

		for (int i = 0; i < 64; i++) {
			for (int j = 0; j < 64; j++) {
				d[i][j] = i + j;
				if (i && j)
					d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
							d[i - 1][j - 1] + (x[i - 1] != y[j - 1]));
			}
		}
		out[pair] = d[63][63];
	}
}

static int ways(int *place, int row)
{
	int count = 0;

	for (int i = 0; i < row - 1; i++)
		if (place[i] == place[row - 1] || abs(place[i] - place[row - 1]) == row - 1 - i)
			return 0;
	if (row == 8)
		return 1;
	for (place[row] = 0; place[row] < 8; place[row]++)
		count += ways(place, row + 1);
	return count;
}

static void queens(void **a)
{
	int32_t *out = a[0], all = 0;

	for (int i = 0; i < 64; i++) {
		int place[9] = {i / 8, i % 8};

		out[i] = ways(place, 2);
		all += out[i];
	}
	CU_ASSERT_EQUAL(all, 92);
}

static void collatz(void **a)
{
	uint32_t *steps = a[0];
	uint64_t *highest = a[1];

	for (uint32_t i = 0; i < 300; i++) {
		uint64_t v = i + 1, most = v;
		uint32_t count = 0;

		for (; v != 1; count++) {
			v = v & 1 ? 3 * v + 1 : v >> 1;
			most = v > most ? v : most;
		}
		steps[i] = count;
		highest[i] = most;
	}
}

enum { BYTES = 3000 };

static void histogram(void **a)
{
	uint32_t *counts = a[1];

	for (int i = 0; i < BYTES; i++)
		counts[((uint8_t *)a[0])[i]]++;
}

enum { NUMBERS = 6 * 96 };

static void compact(void **a)
{
	const int32_t *in = a[0];
	int32_t *out = a[1], *kept = a[2], *sums = a[3];

	for (int i = 0; i < NUMBERS; i++) {
		int warp = i / 32;

		if (in[i] & 1)
			out[warp * 32 + kept[warp]++] = in[i];
		sums[warp] = (int32_t)((uint32_t)sums[warp] + (uint32_t)in[i]);
	}
}

const struct corpus_case corpus_search[] = {
	{.says = "histogram: atomics in shared and in global memory",
	 .file = "clang/histogram.ptx",
	 .kernel = "histogram",
	 .grid = {4, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {BITS(uint8_t, BYTES), BELOW(100, 256), INTEGER(BYTES)},
	 .expect = histogram},
	{.says = "compact: ballots and shuffles of whole warps",
	 .file = "clang/compact.ptx",
	 .kernel = "compact",
	 .grid = {6, 1, 1},
	 .block = {96, 1, 1},
	 .arguments = {BITS(int32_t, NUMBERS), ZEROS(int32_t, NUMBERS),
		       ZEROS(int32_t, NUMBERS / 32), ZEROS(int32_t, NUMBERS / 32)},
	 .expect = compact},
	{.says = "bitonic: sorts in shared memory",
	 .file = "clang/bitonic.ptx",
	 .kernel = "bitonic",
	 .grid = {3, 1, 1},
	 .block = {256, 1, 1},
	 .arguments = {BITS(int32_t, 3 * 256)},
	 .expect = bitonic},
	{.says = "ranks: a stable sort by counting",
	 .file = "clang/ranks.ptx",
	 .kernel = "ranks",
	 .grid = {4, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {BITS(int16_t, KEYS), BITS(int64_t, KEYS), ZEROS(int16_t, KEYS),
		       ZEROS(int64_t, KEYS), INTEGER(KEYS)},
	 .prepare = few_keys,
	 .expect = ranks},
	{.says = "search: lanes that end at different times",
	 .file = "clang/search.ptx",
	 .kernel = "search",
	 .grid = {5, 1, 1},
	 .block = {32, 1, 1},
	 .arguments = {BITS(int64_t, TABLE), BITS(int64_t, LOOKUPS), ZEROS(uint32_t, LOOKUPS),
		       INTEGER(TABLE)},
	 .prepare = sorted_table,
	 .expect = search},
	{.says = "floyd: all shortest paths, against relaxation",
	 .file = "clang/floyd.ptx",
	 .kernel = "floyd",
	 .grid = {2, 1, 1},
	 .block = {32, 8, 1},
	 .arguments = {BELOW(1000, 2 * 1024)},
	 .prepare = graph,
	 .expect = floyd},
	{.says = "levenshtein: anti-diagonals of the edit distance",
	 .file = "clang/levenshtein.ptx",
	 .kernel = "levenshtein",
	 .grid = {5, 1, 1},
	 .block = {64, 1, 1},
	 .arguments = {BITS(uint8_t, 5 * 63), BITS(uint8_t, 5 * 63), ZEROS(int32_t, 5)},
	 .prepare = strings,
	 .expect = levenshtein},
	{.says = "queens: backtracking with a stack by hand",
	 .file = "clang/queens.ptx",
	 .kernel = "queens",
	 .grid = {1, 1, 1},
	 .block = {96, 1, 1},
	 .arguments = {ZEROS(int32_t, 64)},
	 .expect = queens},
	{.says = "collatz: loops of unlike length, 64-bit",
	 .file = "clang/collatz.ptx",
	 .kernel = "collatz",
	 .grid = {3, 1, 1},
	 .block = {128, 1, 1},
	 .arguments = {ZEROS(uint32_t, 300), ZEROS(uint64_t, 300), INTEGER(300)},
	 .expect = collatz},
	{0},
};
