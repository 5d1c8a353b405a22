/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caches that know what they hold, not what is in it: sectored, set-associative, least recently
 * used. A line is 128 bytes of four 32-byte sectors and is named by its number (address / 128).
 * Data live elsewhere; a cache decides times and traffic only.
 */
#ifndef SIMULATORS_MEMORY_CACHE_H
#define SIMULATORS_MEMORY_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define ROAD_CACHE_SECTORS 0xfu /* all of a line */

/* Entries of a set stand in order of use, the latest first:
 * (line + 1) << 8 | valid sectors << 4 | dirty sectors; 0 = empty. */
struct road_cache {
	uint64_t *entries; /* the owner's memory: sets * ways, zero */
	uint32_t sets, ways;
};

struct road_cache_victim {
	uint64_t line;
	uint8_t dirty; /* sectors to write back; 0: nothing to do */
};

void road_cache_clear(struct road_cache *cache);

/* The sectors of `want` that are there; the line becomes the latest used. */
uint8_t road_cache_lookup(struct road_cache *cache, uint64_t line, uint8_t want);

/* Adds sectors (dirty ones among them marked), the line becoming the latest used. What had to go
 * is in *victim. */
void road_cache_fill(struct road_cache *cache, uint64_t line, uint8_t sectors, uint8_t dirty,
		     struct road_cache_victim *victim);

/*
 * Misses on their way: what was asked for and has not come. Requests for sectors that are on the
 * way merge with them. A miss ends when its answer's time is known and has passed; answers are
 * given in ascending time.
 */
#define ROAD_MISS_UNKNOWN UINT64_MAX
#define ROAD_MISS_NONE    UINT16_MAX

struct road_miss {
	uint64_t line;
	uint64_t ready;   /* ROAD_MISS_UNKNOWN until answered */
	uint32_t waiters; /* the owner's: head of a list */
	uint16_t next;    /* in the bucket, or free list */
	uint8_t sectors;
};

struct road_misses {
	struct road_miss *miss; /* the owner's memory: room */
	uint16_t *buckets;      /* bucket_mask + 1 */
	uint16_t *answered;     /* room: ring of those with a known time, ascending */
	uint32_t bucket_mask, room;
	uint32_t count; /* on their way */
	uint32_t answered_first, answered_count;
	uint16_t unused; /* free list */
};

/* Buckets for a table of this room: a power of two. */
uint32_t road_misses_buckets(uint32_t room);
void road_misses_clear(struct road_misses *misses);
/* Forgets the misses whose answers came at `time` or before. */
void road_misses_retire(struct road_misses *misses, uint64_t time);
/* The next miss of this line, from ROAD_MISS_NONE on; ROAD_MISS_NONE ends. */
uint16_t road_misses_next(const struct road_misses *misses, uint64_t line, uint16_t after);
/* A new miss; ROAD_MISS_NONE when there is no room. */
uint16_t road_misses_add(struct road_misses *misses, uint64_t line, uint8_t sectors);
void road_misses_answer(struct road_misses *misses, uint16_t miss, uint64_t ready);
/* When the first of the known answers comes; ROAD_MISS_UNKNOWN: none is known. */
uint64_t road_misses_first(const struct road_misses *misses);

#endif
