/* SPDX-License-Identifier: Apache-2.0 */
/* The cache in memory, and which folder the environment names. */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/cache/results.h"

static const struct road_cache_limits small = {.memory_bytes = 8192, .disk_bytes = 1 << 20};

static void test_same(void)
{
	struct road_cache *cache = road_cache_create(NULL, NULL);
	struct road_cache_key key = result_key(1);

	CU_ASSERT_PTR_NULL(road_cache_get(cache, &key));
	const struct road_cached *put = road_cache_put(cache, &key, result_make(1, 100), 100);
	const struct road_cached *got = road_cache_get(cache, &key);
	const struct road_cached *again = road_cache_put(cache, &key, result_make(1, 100), 100);

	CU_ASSERT_TRUE(put && put == got && put == again);
	CU_ASSERT_FALSE(result_there(cache, 2, 100));
	road_cache_destroy(cache);
	road_cached_release(put);
	road_cached_release(got);
	CU_ASSERT_TRUE(result_is(again, 1, 100)); /* outlives the cache */
	road_cached_release(again);
}

static void test_replaced(void)
{
	struct road_cache *cache = road_cache_create(NULL, NULL);
	struct road_cache_key key = result_key(1);
	const struct road_cached *bad = road_cache_put(cache, &key, result_make(2, 100), 100);

	result_put(cache, 1, 100);
	CU_ASSERT_TRUE(result_there(cache, 1, 100));
	CU_ASSERT_TRUE(result_is(bad, 2, 100)); /* whoever has it keeps it */
	road_cached_release(bad);
	road_cache_destroy(cache);
}

static void test_least_recent(void)
{
	struct road_cache *cache = road_cache_create(NULL, &small);

	for (uint32_t n = 0; n < 7; n++)
		result_put(cache, n, 1000);
	CU_ASSERT_TRUE(result_there(cache, 0, 1000)); /* now the most recent */
	for (uint32_t n = 7; n < 9; n++)
		result_put(cache, n, 1000);
	CU_ASSERT_TRUE(result_there(cache, 0, 1000));
	CU_ASSERT_FALSE(result_there(cache, 1, 1000));
	CU_ASSERT_FALSE(result_there(cache, 2, 1000));
	for (uint32_t n = 3; n < 9; n++)
		CU_ASSERT_TRUE(result_there(cache, n, 1000));
	result_put(cache, 9, 8000); /* would leave room for nothing else */
	CU_ASSERT_FALSE(result_there(cache, 9, 8000));
	CU_ASSERT_TRUE(result_there(cache, 8, 1000));
	road_cache_destroy(cache);
}

static void test_none(void)
{
	struct road_cache_key key;

	road_cache_key_make(NULL, &(struct road_cache_part){"x", 1}, 1, &key);
	const struct road_cached *put = road_cache_put(NULL, &key, result_make(1, 10), 10);

	CU_ASSERT_TRUE(put && result_is(put, 1, 10));
	CU_ASSERT_PTR_NULL(road_cache_get(NULL, &key));
	road_cached_release(put);
	road_cached_release(NULL);
	road_cache_destroy(NULL);
}

/* The same bytes, cut at another place, are another key. */
static void test_keys(void)
{
	struct road_cache *cache = road_cache_create(NULL, NULL);
	static const struct road_cache_part lists[][2] = {
		{{"ab", 2}, {"c", 1}}, {{"a", 1}, {"bc", 2}}, {{"abc", 3}, {"", 0}},
		{{"", 0}, {"abc", 3}}, {{"ab", 2}, {"d", 1}},
	};
	enum { LISTS = sizeof(lists) / sizeof(lists[0]) };
	struct road_cache_key keys[LISTS + 1], again;

	for (int i = 0; i < LISTS; i++)
		road_cache_key_make(cache, lists[i], 2, &keys[i]);
	road_cache_key_make(cache, lists[2], 1, &keys[LISTS]);
	for (int i = 0; i <= LISTS; i++)
		for (int j = 0; j < i; j++)
			CU_ASSERT_TRUE(memcmp(&keys[i], &keys[j], sizeof(keys[i])) != 0);
	road_cache_key_make(cache, lists[0], 2, &again);
	CU_ASSERT_EQUAL(memcmp(&again, &keys[0], sizeof(again)), 0);
	road_cache_destroy(cache);
}

enum { THREADS = 4, ROUNDS = 2000, RESULTS = 24 };
struct racer {
	struct road_cache *cache;
	_Atomic uint32_t hits, wrong;
};

static void *race(void *user)
{
	struct racer *racer = user;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t n = (i / 2 * 7 + i / 50) % RESULTS; /* mostly twice in a row */
		struct road_cache_key key = result_key(n);
		const struct road_cached *got = road_cache_get(racer->cache, &key);

		racer->hits += got != NULL;
		if (!got)
			got = road_cache_put(racer->cache, &key, result_make(n, 500), 500);
		racer->wrong += !got || !result_is(got, n, 500);
		road_cached_release(got);
	}
	return NULL;
}

/* Room for about half of the results, so that they come and go. */
static void test_threads(void)
{
	struct racer racer = {.cache = road_cache_create(NULL, &small)};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, race, &racer), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CU_ASSERT_EQUAL(racer.wrong, 0);
	CU_ASSERT_TRUE(racer.hits > 0);
	road_cache_destroy(racer.cache);
}

static void test_folders(void)
{
	static const struct {
		struct road_cache_environment environment;
		bool off;
		const char *folder;
	} cases[] = {
		{{.home = "/h"}, false, "/h/.cache/roadbed"},
		{{.home = "/h", .xdg = "/x"}, false, "/x/roadbed"},
		{{.home = "/h", .xdg = "x"}, false, "/h/.cache/roadbed"},
		{{.home = "/h", .xdg = ""}, false, "/h/.cache/roadbed"},
		{{.home = "h"}, false, NULL},
		{{.home = NULL}, false, NULL},
		{{.home = "/h", .xdg = "/x", .cache = "/c"}, false, "/c"},
		{{.home = "/h", .xdg = "/x", .cache = ""}, false, "/x/roadbed"},
		{{.home = "/h", .xdg = "/x", .cache = "c"}, false, NULL},
		{{.home = "/h", .xdg = "/x", .cache = "off"}, true, NULL},
		{{.secure = true, .home = "/h", .xdg = "/x", .cache = "/c"}, false, NULL},
		{{.secure = true, .cache = "off"}, false, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct road_cache_place place = road_cache_choose(&cases[i].environment);

		CU_ASSERT_EQUAL(place.off, cases[i].off);
		CU_ASSERT_EQUAL(!place.folder, !cases[i].folder);
		if (place.folder && cases[i].folder)
			CU_ASSERT_STRING_EQUAL(place.folder, cases[i].folder);
		free(place.folder);
	}
}

static const struct tap_case cases[] = {
	{"the same key gives the same bytes, which outlive the cache", test_same},
	{"another result of a key takes the place of the first", test_replaced},
	{"what was not used for longest goes first", test_least_recent},
	{"without a cache there are results all the same", test_none},
	{"keys differ with each part and with where parts end", test_keys},
	{"threads that get and put meet no wrong result", test_threads},
	{"the environment names a folder, none, or nothing to be trusted", test_folders},
};

TAP_MAIN(cases)
