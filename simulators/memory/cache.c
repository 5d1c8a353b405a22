/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/memory/cache.h"

#include <string.h>

void road_cache_clear(struct road_cache *cache)
{
	memset(cache->entries, 0, (size_t)cache->sets * cache->ways * sizeof(*cache->entries));
}

/* Upper bits folded in, so that power-of-two strides do not meet in one set. Any aligned run of
 * lines still spreads evenly. */
static uint64_t *set_of(struct road_cache *cache, uint64_t line)
{
	uint64_t upper = line / cache->sets;

	return cache->entries + (line + upper * 7) % cache->sets * cache->ways;
}

/* The way of this line, or `ways`. */
static uint32_t find(const uint64_t *set, uint32_t ways, uint64_t line)
{
	uint32_t way = 0;

	while (way < ways && set[way] >> 8 != line + 1)
		way++;
	return way;
}

static void make_latest(uint64_t *set, uint32_t way, uint64_t entry)
{
	memmove(set + 1, set, way * sizeof(*set));
	set[0] = entry;
}

uint8_t road_cache_lookup(struct road_cache *cache, uint64_t line, uint8_t want)
{
	uint64_t *set = set_of(cache, line);
	uint32_t way = find(set, cache->ways, line);

	if (way == cache->ways)
		return 0;
	uint64_t entry = set[way];

	make_latest(set, way, entry);
	return (uint8_t)(entry >> 4 & want);
}

void road_cache_fill(struct road_cache *cache, uint64_t line, uint8_t sectors, uint8_t dirty,
		     struct road_cache_victim *victim)
{
	uint64_t *set = set_of(cache, line);
	uint32_t way = find(set, cache->ways, line);
	uint64_t entry = (line + 1) << 8;

	victim->dirty = 0;
	if (way < cache->ways) {
		entry = set[way];
	} else {
		way = cache->ways - 1;
		if (set[way]) {
			victim->line = (set[way] >> 8) - 1;
			victim->dirty = set[way] & ROAD_CACHE_SECTORS;
		}
	}
	make_latest(set, way, entry | (uint64_t)(sectors | dirty) << 4 | dirty);
}

uint32_t road_misses_buckets(uint32_t room)
{
	uint32_t n = 1;

	while (n < 2 * room)
		n *= 2;
	return n;
}

void road_misses_clear(struct road_misses *misses)
{
	memset(misses->buckets, 0xff, (misses->bucket_mask + 1) * sizeof(*misses->buckets));
	misses->count = 0;
	misses->answered_first = 0;
	misses->answered_count = 0;
	misses->unused = 0;
	for (uint32_t i = 0; i < misses->room; i++)
		misses->miss[i].next = i + 1 < misses->room ? (uint16_t)(i + 1) : ROAD_MISS_NONE;
}

static uint16_t *bucket(const struct road_misses *misses, uint64_t line)
{
	uint64_t hash = line * UINT64_C(0x9e3779b97f4a7c15);

	return &misses->buckets[hash >> 40 & misses->bucket_mask];
}

static void forget(struct road_misses *misses, uint16_t miss)
{
	uint16_t *at = bucket(misses, misses->miss[miss].line);

	while (*at != miss)
		at = &misses->miss[*at].next;
	*at = misses->miss[miss].next;
	misses->miss[miss].next = misses->unused;
	misses->unused = miss;
	misses->count--;
}

void road_misses_retire(struct road_misses *misses, uint64_t time)
{
	while (misses->answered_count) {
		uint16_t miss = misses->answered[misses->answered_first];

		if (misses->miss[miss].ready > time)
			break;
		misses->answered_first =
			misses->answered_first + 1 == misses->room ? 0 : misses->answered_first + 1;
		misses->answered_count--;
		forget(misses, miss);
	}
}

uint16_t road_misses_next(const struct road_misses *misses, uint64_t line, uint16_t after)
{
	uint16_t miss = after == ROAD_MISS_NONE ? *bucket(misses, line) : misses->miss[after].next;

	while (miss != ROAD_MISS_NONE && misses->miss[miss].line != line)
		miss = misses->miss[miss].next;
	return miss;
}

uint16_t road_misses_add(struct road_misses *misses, uint64_t line, uint8_t sectors)
{
	uint16_t miss = misses->unused;

	if (miss == ROAD_MISS_NONE)
		return miss;
	struct road_miss *m = &misses->miss[miss];
	uint16_t *head = bucket(misses, line);

	misses->unused = m->next;
	m->line = line;
	m->sectors = sectors;
	m->ready = ROAD_MISS_UNKNOWN;
	m->waiters = 0;
	m->next = *head;
	*head = miss;
	misses->count++;
	return miss;
}

void road_misses_answer(struct road_misses *misses, uint16_t miss, uint64_t ready)
{
	uint32_t at = misses->answered_first + misses->answered_count++;

	misses->miss[miss].ready = ready;
	misses->answered[at >= misses->room ? at - misses->room : at] = miss;
}

uint64_t road_misses_first(const struct road_misses *misses)
{
	return misses->answered_count ? misses->miss[misses->answered[misses->answered_first]].ready
				      : ROAD_MISS_UNKNOWN;
}
