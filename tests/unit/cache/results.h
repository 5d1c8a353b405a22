/* SPDX-License-Identifier: Apache-2.0 */
/* Results that can be told apart: number n is `bytes` bytes that nothing else has. */
#ifndef TESTS_UNIT_CACHE_RESULTS_H
#define TESTS_UNIT_CACHE_RESULTS_H

#include <stdlib.h>
#include <string.h>

#include "hal/cache/cache.h"
#include "tests/support/tap.h"

static inline struct road_cache_key result_key(uint32_t n)
{
	static const char name[] = "test";
	struct road_cache_key key;

	road_cache_hash(key.bytes,
			(struct road_cache_part[]){{name, sizeof(name)}, {&n, sizeof(n)}}, 2);
	return key;
}

static inline unsigned char result_byte(uint32_t n, size_t at)
{
	return (unsigned char)((n * 2654435761u + at * 40503u) >> 7);
}

static inline void *result_make(uint32_t n, size_t bytes)
{
	unsigned char *made = malloc(bytes ? bytes : 1);

	for (size_t i = 0; made && i < bytes; i++)
		made[i] = result_byte(n, i);
	return made;
}

static inline bool result_is(const struct road_cached *cached, uint32_t n, size_t bytes)
{
	const unsigned char *got = cached->bytes;
	bool same = cached->count == bytes;

	for (size_t i = 0; same && i < bytes; i++)
		same = got[i] == result_byte(n, i);
	return same;
}

/* Puts it and lets go of it. */
static inline void result_put(struct road_cache *cache, uint32_t n, size_t bytes)
{
	struct road_cache_key key = result_key(n);
	const struct road_cached *put = road_cache_put(cache, &key, result_make(n, bytes), bytes);

	CU_ASSERT_TRUE(put && result_is(put, n, bytes));
	road_cached_release(put);
}

/* Is it there, and right? What is there and wrong fails the test. */
static inline bool result_there(struct road_cache *cache, uint32_t n, size_t bytes)
{
	struct road_cache_key key = result_key(n);
	const struct road_cached *got = road_cache_get(cache, &key);

	if (got)
		CU_ASSERT_TRUE(result_is(got, n, bytes));
	road_cached_release(got);
	return got;
}

#endif
