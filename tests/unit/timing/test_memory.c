/* SPDX-License-Identifier: Apache-2.0 */
/* simulators/memory: caches, misses and memory channels against plain references. */
#include <stdlib.h>
#include <string.h>

#include "simulators/memory/cache.h"
#include "simulators/memory/dram.h"
#include "simulators/memory/link.h"
#include "tests/support/tap.h"

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

/* ---- cache: every line with the time of its last use; the oldest of a set goes ---- */

#define LINES 96u
struct plain_line {
	uint64_t used; /* 0: not there */
	uint8_t valid, dirty;
};

/* A set is what the cache itself evicts together; found by experiment, not by its formula. */
static uint32_t set_ids[LINES];

static void learn_sets(uint32_t sets)
{
	for (uint32_t line = 0; line < LINES; line++)
		set_ids[line] = UINT32_MAX;
	for (uint32_t line = 0; line < LINES; line++) {
		if (set_ids[line] != UINT32_MAX)
			continue;
		set_ids[line] = line;
		for (uint32_t other = line + 1; other < LINES; other++) {
			struct road_cache one = {calloc(sets, sizeof(uint64_t)), sets, 1};
			struct road_cache_victim victim;

			road_cache_fill(&one, line, 1, 0, &victim);
			road_cache_fill(&one, other, 1, 0, &victim);
			if (!road_cache_lookup(&one, line, 1))
				set_ids[other] = line;
			free(one.entries);
		}
	}
}

static uint32_t oldest_of_set(const struct plain_line *lines, uint32_t set, uint32_t *count)
{
	uint32_t oldest = LINES;

	*count = 0;
	for (uint32_t l = 0; l < LINES; l++) {
		if (set_ids[l] != set || !lines[l].used)
			continue;
		++*count;
		if (oldest == LINES || lines[l].used < lines[oldest].used)
			oldest = l;
	}
	return oldest;
}

static void plain_fill(struct plain_line *lines, uint32_t line, uint8_t valid, uint8_t dirty,
		       uint32_t ways, uint64_t now, uint32_t *gone, uint8_t *gone_dirty)
{
	uint32_t count, oldest = oldest_of_set(lines, set_ids[line], &count);

	*gone_dirty = 0;
	if (!lines[line].used && count == ways) {
		*gone = oldest;
		*gone_dirty = lines[oldest].dirty;
		lines[oldest] = (struct plain_line){0};
	}
	lines[line].used = now;
	lines[line].valid |= valid | dirty;
	lines[line].dirty |= dirty;
}

static void a_cache_holds_what_a_list_of_last_uses_says(void)
{
	const uint32_t sets = 6, ways = 4;
	struct plain_line lines[LINES] = {{0}};
	struct road_cache cache = {calloc((size_t)sets * ways, sizeof(uint64_t)), sets, ways};
	uint32_t wrong = 0, evicted_dirty = 0;

	random_state = 7;
	learn_sets(sets);
	for (uint64_t now = 1; now < 40000; now++) {
		uint32_t line = random_below(LINES);
		uint8_t mask = (uint8_t)(1 + random_below(15));

		if (random_below(2)) {
			uint8_t here = road_cache_lookup(&cache, line, mask);

			wrong += here != (lines[line].used ? lines[line].valid & mask : 0);
			if (lines[line].used)
				lines[line].used = now;
			continue;
		}
		uint8_t dirty = random_below(3) ? 0 : mask, gone_dirty;
		struct road_cache_victim victim;
		uint32_t gone = 0;

		road_cache_fill(&cache, line, mask, dirty, &victim);
		plain_fill(lines, line, mask, dirty, ways, now, &gone, &gone_dirty);
		wrong += victim.dirty != gone_dirty || (gone_dirty && victim.line != gone);
		evicted_dirty += gone_dirty != 0;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_TRUE(evicted_dirty > 100);
	free(cache.entries);
}

static void an_aligned_run_of_lines_fills_a_cache_exactly(void)
{
	const uint32_t sets = 48, ways = 4, lines = sets * ways;
	struct road_cache cache = {calloc(lines, sizeof(uint64_t)), sets, ways};
	struct road_cache_victim victim;

	for (uint32_t first = 0; first < 4 * lines; first += lines) {
		uint32_t here = 0;

		for (uint32_t l = 0; l < lines; l++)
			road_cache_fill(&cache, first + l, ROAD_CACHE_SECTORS, 0, &victim);
		for (uint32_t l = 0; l < lines; l++)
			here += road_cache_lookup(&cache, first + l, ROAD_CACHE_SECTORS) ==
				ROAD_CACHE_SECTORS;
		CU_ASSERT_EQUAL(here, lines);
	}
	free(cache.entries);
}

/* ---- misses ---- */

static void misses_are_found_until_their_answer_has_come(void)
{
	enum { ROOM = 5 };
	struct road_miss miss[ROOM];
	uint16_t answered[ROOM], *buckets;
	struct road_misses m = {.miss = miss, .answered = answered, .room = ROOM};

	m.bucket_mask = road_misses_buckets(ROOM) - 1;
	buckets = calloc(m.bucket_mask + 1, sizeof(*buckets));
	m.buckets = buckets;
	road_misses_clear(&m);
	for (uint64_t round = 0; round < 7; round++) {
		uint16_t id[ROOM];

		for (uint32_t i = 0; i < ROOM; i++)
			id[i] = road_misses_add(&m, 100 + i / 2, (uint8_t)(1u << i % 2));
		CU_ASSERT_EQUAL(road_misses_add(&m, 1, 1), ROAD_MISS_NONE);
		CU_ASSERT_EQUAL(road_misses_first(&m), ROAD_MISS_UNKNOWN);
		uint16_t one = road_misses_next(&m, 101, ROAD_MISS_NONE);
		uint16_t two = road_misses_next(&m, 101, one);

		CU_ASSERT_TRUE((one == id[2] && two == id[3]) || (one == id[3] && two == id[2]));
		CU_ASSERT_EQUAL(road_misses_next(&m, 101, two), ROAD_MISS_NONE);
		road_misses_answer(&m, id[3], 10 + round * 100);
		road_misses_answer(&m, id[0], 20 + round * 100);
		CU_ASSERT_EQUAL(road_misses_first(&m), 10 + round * 100);
		road_misses_retire(&m, 9 + round * 100);
		CU_ASSERT_EQUAL(m.count, ROOM);
		road_misses_retire(&m, 10 + round * 100);
		CU_ASSERT_EQUAL(m.count, ROOM - 1);
		CU_ASSERT_EQUAL(road_misses_next(&m, 101, ROAD_MISS_NONE), id[2]);
		CU_ASSERT_EQUAL(road_misses_next(&m, 101, id[2]), ROAD_MISS_NONE);
		road_misses_answer(&m, id[1], 20 + round * 100);
		road_misses_answer(&m, id[2], 30 + round * 100);
		road_misses_answer(&m, id[4], 40 + round * 100);
		road_misses_retire(&m, 99 + round * 100);
		CU_ASSERT_EQUAL(m.count, 0);
	}
	free(buckets);
}

/* ---- memory channel: a queue worked off by looking back at everything that was served ---- */

#define SERVED 3000u
struct served {
	uint64_t row, start, end, burst;
	uint32_t bank;
};

static uint64_t latest_end(const struct served *served, uint32_t n)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < n; i++)
		end = served[i].end > end ? served[i].end : end;
	return end;
}

static const struct served *last_of_bank(const struct served *served, uint32_t n, uint32_t bank)
{
	while (n-- > 0)
		if (served[n].bank == bank)
			return &served[n];
	return NULL;
}

/* Bank by search: the row's number folded onto itself in bank-sized digits. */
static uint32_t plain_bank(uint64_t row, uint32_t banks)
{
	uint32_t bank = 0;

	for (uint32_t digit = 0; digit < 3; digit++, row /= banks)
		bank ^= (uint32_t)(row % banks);
	return bank;
}

static void a_channel_serves_as_a_brute_force_queue_does(void)
{
	const struct road_dram_timing timing = {.banks = 4,
						.row_bytes = 1024,
						.sector = 906,
						.access = 240 * ROAD_TICKS,
						.activate = 30 * ROAD_TICKS,
						.precharge = 20 * ROAD_TICKS};
	static struct served served[SERVED];
	struct road_dram_bank banks[4] = {{0}};
	struct road_dram_channel channel = {.banks = banks};
	uint64_t arrival = 0, hits = 0;
	uint32_t wrong = 0;

	random_state = 11;
	for (uint32_t n = 0; n < SERVED; n++) {
		uint64_t address = (uint64_t)random_below(24) * 512;
		uint32_t sectors = 1 + random_below(4);
		struct served s = {.row = address / 1024, .burst = sectors * timing.sector};

		arrival += random_below(n / 500 % 2 ? 40 * ROAD_TICKS : 4 * ROAD_TICKS);
		s.bank = plain_bank(s.row, 4);
		const struct served *last = last_of_bank(served, n, s.bank);
		bool hit = last && last->row == s.row;

		s.start = arrival;
		if (last && last->start + last->burst > s.start)
			s.start = last->start + last->burst;
		if (!hit)
			s.start += timing.activate + (last ? timing.precharge : 0);
		s.end = s.start + timing.access;
		if (s.end < latest_end(served, n))
			s.end = latest_end(served, n);
		s.end += s.burst;
		hits += hit;
		served[n] = s;
		wrong += road_dram_access(&channel, &timing, arrival, address, sectors,
					  n % 3 == 0) != s.end;
	}
	CU_ASSERT_EQUAL(wrong, 0);
	CU_ASSERT_EQUAL(channel.row_hits, hits);
	CU_ASSERT_EQUAL(channel.row_hits + channel.row_misses, SERVED);
	CU_ASSERT_TRUE(hits > 50 && hits < SERVED - 50);
}

static void a_channel_never_beats_its_rate(void)
{
	const uint64_t rate = UINT64_C(2039000000000), clock = UINT64_C(1410000000);
	const struct road_dram_timing timing = {
		.banks = 16, .row_bytes = 1024, .sector = road_dram_sector_ticks(rate, 40, clock)};
	struct road_dram_bank banks[16] = {{0}};
	struct road_dram_channel channel = {.banks = banks};
	uint64_t end = 0;

	for (uint64_t a = 0; a < 1u << 20; a += 128)
		end = road_dram_access(&channel, &timing, 0, a, 4, false);
	/* bytes / seconds of one channel, forty of them */
	double measured = (double)(1u << 20) * 40 / ((double)end / ROAD_TICKS / (double)clock);

	CU_ASSERT_TRUE(measured <= (double)rate);
	CU_ASSERT_TRUE(measured > 0.99 * (double)rate);
	CU_ASSERT_EQUAL(channel.read_bytes, 1u << 20);
}

static void a_link_is_busy_until_its_last_byte(void)
{
	struct road_link link = {0};

	CU_ASSERT_EQUAL(road_link_ticks(64, 64), ROAD_TICKS);
	CU_ASSERT_EQUAL(road_link_ticks(1, 3), (ROAD_TICKS + 2) / 3);
	CU_ASSERT_EQUAL(road_link_take(&link, 100, 50), 150);
	CU_ASSERT_EQUAL(road_link_take(&link, 120, 50), 200);
	CU_ASSERT_EQUAL(road_link_take(&link, 500, 50), 550);
	CU_ASSERT_EQUAL(link.busy, 150);
}

static const struct tap_case cases[] = {
	{"a cache holds what a list of last uses says",
	 a_cache_holds_what_a_list_of_last_uses_says},
	{"an aligned run of lines fills a cache exactly",
	 an_aligned_run_of_lines_fills_a_cache_exactly},
	{"misses are found until their answer has come",
	 misses_are_found_until_their_answer_has_come},
	{"a memory channel serves as a brute-force queue does",
	 a_channel_serves_as_a_brute_force_queue_does},
	{"a memory channel never beats its rate", a_channel_never_beats_its_rate},
	{"a link is busy until its last byte", a_link_is_busy_until_its_last_byte},
};

TAP_MAIN(cases)
