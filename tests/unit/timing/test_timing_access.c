/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, sectors and bank passes of an access against a plain count over its bytes, told lane by
 * lane and told as places in one piece of memory.
 */
#include <string.h>

#include "simulators/gpu/timing_internal.h"
#include "tests/support/tap.h"

#define ROUNDS 20000u

static uint64_t state = 3;

static uint32_t any(uint32_t below)
{
	state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((state >> 33) % below);
}

struct example {
	uint32_t mask, bytes, flags;
	uint64_t start; /* physical address of offset 0 */
	uint32_t offset[32];
};

static void choose_offsets(struct example *e)
{
	uint32_t pattern = any(7), stride = e->bytes << any(8), base = any(512) * e->bytes;

	for (uint32_t l = 0; l < 32; l++) {
		switch (pattern) {
		case 0: e->offset[l] = base; break;
		case 1: e->offset[l] = base + l * e->bytes; break;
		case 2: e->offset[l] = base + (l ^ 5) * e->bytes; break;
		case 3: e->offset[l] = base + l * stride; break;
		case 4: e->offset[l] = base + l / 16 * stride; break;
		case 5: e->offset[l] = base + any(64) * e->bytes; break;
		default: e->offset[l] = any(1u << 14) * e->bytes; break;
		}
	}
}

static struct example choose(void)
{
	struct example e = {.mask = any(3) ? ROAD_GPU_ALL : any(UINT32_MAX) | 1u << any(32),
			    .bytes = 1u << any(5),
			    .flags = any(2) ? ROAD_GPU_SEGMENT_SYSTEM : 0,
			    .start = any(1000) * 16u + ((uint64_t)any(4) << 32)};

	choose_offsets(&e);
	return e;
}

static void tell_lanes(const struct example *e, struct road_gpu_access *access)
{
	*access = (struct road_gpu_access){.mask = e->mask, .bytes = (uint8_t)e->bytes};
	for (uint32_t l = 0; l < 32; l++) {
		if (!(e->mask >> l & 1))
			continue;
		access->address[l] = e->offset[l];
		access->pa[l] = e->start + e->offset[l];
		access->flags[l] = e->flags;
	}
}

/* As the executor does (exec_memory.c). */
static void tell_rows(const struct example *e, struct road_gpu_access *access)
{
	uint32_t first = e->offset[__builtin_ctz(e->mask)];
	bool contiguous = e->mask == ROAD_GPU_ALL;

	*access = (struct road_gpu_access){.mask = e->mask,
					   .bytes = (uint8_t)e->bytes,
					   .together = true,
					   .piece = {NULL, e->start, e->flags},
					   .low = INT32_MAX};
	for (uint32_t l = 0; l < 32; l++) {
		int32_t at = (int32_t)(e->mask >> l & 1 ? e->offset[l] : first);

		access->lanes.offset[l] = at;
		access->low = at < access->low ? at : access->low;
		access->high = at > access->high ? at : access->high;
		contiguous = contiguous && at == (int32_t)(first + l * e->bytes);
	}
	access->lanes.contiguous = contiguous;
}

/* Byte by byte: lines in the order of the first lane that touches each. */
static uint32_t count_lines(const struct example *e, struct gpu_touch *touch)
{
	uint32_t n = 0, at;

	for (uint32_t i = 0; i < 32 * e->bytes; i++) {
		uint64_t pa = e->start + e->offset[i / e->bytes] + i % e->bytes;
		uint64_t line = gpu_line_of(pa, e->flags);

		if (!(e->mask >> i / e->bytes & 1))
			continue;
		for (at = 0; at < n && touch[at].line != line;)
			at++;
		if (at == n)
			touch[n++] = (struct gpu_touch){.line = line};
		touch[at].sectors |= (uint8_t)(1u << pa / 32 % 4);
	}
	return n;
}

/* Sectors that the bytes would fill, side by side; one that several lanes ask for counts once. */
static uint32_t count_ideal(const struct example *e)
{
	uint64_t seen[32 * 16];
	uint32_t n = 0, at;

	for (uint32_t i = 0; i < 32 * e->bytes; i++) {
		uint64_t pa = e->start + e->offset[i / e->bytes] + i % e->bytes;

		if (!(e->mask >> i / e->bytes & 1))
			continue;
		for (at = 0; at < n && seen[at] != pa;)
			at++;
		if (at == n)
			seen[n++] = pa;
	}
	return (n + 31) / 32;
}

static void lines_and_sectors_are_those_of_the_bytes(void)
{
	struct gpu_touch want[ACCESS_LINES], got[ACCESS_LINES];
	struct road_gpu_access access;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct example e = choose();
		uint32_t n = count_lines(&e, want), least = count_ideal(&e), ideal;

		for (int rows = 0; rows < 2; rows++) {
			(rows ? tell_rows : tell_lanes)(&e, &access);
			bool same =
				gpu_coalesce(&access, e.mask, got, &ideal) == n && ideal == least;

			for (uint32_t t = 0; same && t < n; t++)
				same = got[t].line == want[t].line &&
				       got[t].sectors == want[t].sectors;
			wrong += !same;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

/* For each group of lanes that goes at once, the most different words that a bank has to give. */
static uint32_t count_passes(const struct example *e, uint32_t *groups)
{
	uint32_t group = e->bytes > 4 ? 128 / e->bytes : 32, passes = 0;

	*groups = 0;
	for (uint32_t first = 0; first < 32; first += group) {
		uint32_t depth[32] = {0}, deepest = 0, n = 0;
		uint64_t words[128];

		for (uint32_t i = first * e->bytes; i < (first + group) * e->bytes; i++) {
			uint64_t word = (e->offset[i / e->bytes] + i % e->bytes) / 4;
			uint32_t at = 0;

			if (!(e->mask >> i / e->bytes & 1))
				continue;
			while (at < n && words[at] != word)
				at++;
			if (at < n)
				continue;
			words[n++] = word;
			if (++depth[word % 32] > deepest)
				deepest = depth[word % 32];
		}
		passes += deepest;
		*groups += deepest != 0;
	}
	return passes;
}

static void passes_are_the_words_of_the_busiest_bank(void)
{
	struct road_gpu_access access;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct example e = choose();
		uint32_t ideal, groups, passes = count_passes(&e, &groups);

		for (int rows = 0; rows < 2; rows++) {
			(rows ? tell_rows : tell_lanes)(&e, &access);
			wrong += gpu_bank_passes(&access, e.mask, &ideal) != passes;
			wrong += ideal != groups;
		}
	}
	CU_ASSERT_EQUAL(wrong, 0);
}

static const struct tap_case cases[] = {
	{"lines and sectors are those of the bytes", lines_and_sectors_are_those_of_the_bytes},
	{"bank passes are the words of the busiest bank", passes_are_the_words_of_the_busiest_bank},
};

TAP_MAIN(cases)
