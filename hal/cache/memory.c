/* SPDX-License-Identifier: Apache-2.0 */
/* The cache in memory: results by key, the least recently used ones let go first. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "hal/cache/cache.h"

enum { BUCKETS = 256 }; /* by the first byte of the key, which is as good as random */

struct entry {
	struct road_cached shown; /* first */
	_Atomic uint32_t references;
	struct road_cache_key key;
	struct entry *next;          /* of the bucket */
	struct entry *newer, *older; /* in order of use */
};

struct road_cache {
	pthread_mutex_t lock;
	uint64_t used, limit;
	struct entry *newest, *oldest;
	struct entry *buckets[BUCKETS];
	struct road_cache_disk *disk; /* NULL: none */
};

static struct entry *entry_make(void *bytes, size_t count, const struct road_cache_key *key)
{
	struct entry *entry = malloc(sizeof(*entry));

	if (!entry)
		return NULL;
	*entry = (struct entry){.shown = {bytes, count}};
	if (key)
		entry->key = *key;
	atomic_init(&entry->references, 1);
	return entry;
}

void road_cached_release(const struct road_cached *cached)
{
	struct entry *entry = (struct entry *)(uintptr_t)cached;

	if (!entry || atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) > 1)
		return;
	free((void *)(uintptr_t)entry->shown.bytes);
	free(entry);
}

static const struct road_cached *share(struct entry *entry)
{
	atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
	return &entry->shown;
}

static uint64_t cost(const struct entry *entry)
{
	return entry->shown.count + sizeof(*entry);
}

/* ---- under the lock ---- */

static void use_first(struct road_cache *cache, struct entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
	cache->newest = entry;
}

static void use_never(struct road_cache *cache, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static struct entry **find(struct road_cache *cache, const struct road_cache_key *key)
{
	struct entry **link = &cache->buckets[key->bytes[0]];

	while (*link && memcmp(&(*link)->key, key, sizeof(*key)))
		link = &(*link)->next;
	return link;
}

static void drop(struct road_cache *cache, struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	use_never(cache, entry);
	cache->used -= cost(entry);
	road_cached_release(&entry->shown);
}

/* The cache's own reference is the entry's first; the caller gets another. An entry that would
 * push out half of the rest is not kept. */
static void keep(struct road_cache *cache, struct entry *entry)
{
	struct entry **bucket = &cache->buckets[entry->key.bytes[0]];

	if (cost(entry) > cache->limit / 2)
		return;
	share(entry);
	entry->next = *bucket;
	*bucket = entry;
	use_first(cache, entry);
	cache->used += cost(entry);
	while (cache->used > cache->limit)
		drop(cache, find(cache, &cache->oldest->key));
}

/* The entry that stands for this result: one that is there already, or else this one. What is
 * there but differs was found to be wrong by whoever comes with another, and goes. */
static const struct road_cached *settle(struct road_cache *cache, struct entry *entry)
{
	struct entry **link = find(cache, &entry->key);
	struct entry *there = *link;

	if (there && there->shown.count == entry->shown.count &&
	    !memcmp(there->shown.bytes, entry->shown.bytes, entry->shown.count)) {
		share(there);
		road_cached_release(&entry->shown);
		return &there->shown;
	}
	if (there)
		drop(cache, link);
	keep(cache, entry);
	return &entry->shown;
}

/* ---- what drivers call ---- */

void road_cache_key_make(const struct road_cache *cache, const struct road_cache_part *parts,
			 uint32_t count, struct road_cache_key *out)
{
	if (cache)
		road_cache_hash(out->bytes, parts, count);
	else
		memset(out, 0, sizeof(*out));
}

static const struct road_cached *get_from_memory(struct road_cache *cache,
						 const struct road_cache_key *key)
{
	const struct road_cached *found = NULL;

	pthread_mutex_lock(&cache->lock);
	struct entry *entry = *find(cache, key);

	if (entry) {
		use_never(cache, entry);
		use_first(cache, entry);
		found = share(entry);
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

static const struct road_cached *put_in_memory(struct road_cache *cache, struct entry *entry)
{
	pthread_mutex_lock(&cache->lock);
	const struct road_cached *shown = settle(cache, entry);

	pthread_mutex_unlock(&cache->lock);
	return shown;
}

const struct road_cached *road_cache_get(struct road_cache *cache, const struct road_cache_key *key)
{
	void *bytes;
	size_t count;

	if (!cache)
		return NULL;
	const struct road_cached *found = get_from_memory(cache, key);

	if (found || !road_cache_disk_get(cache->disk, key, &bytes, &count))
		return found;
	struct entry *entry = entry_make(bytes, count, key);

	if (!entry) {
		free(bytes);
		return NULL;
	}
	return put_in_memory(cache, entry);
}

const struct road_cached *road_cache_put(struct road_cache *cache, const struct road_cache_key *key,
					 void *bytes, size_t count)
{
	struct entry *entry = entry_make(bytes, count, key);

	if (!entry) {
		free(bytes);
		return NULL;
	}
	if (!cache)
		return &entry->shown;
	road_cache_disk_put(cache->disk, key, bytes, count);
	return put_in_memory(cache, entry);
}

struct road_cache *road_cache_create(const char *folder, const struct road_cache_limits *limits)
{
	static const struct road_cache_limits usual = {ROAD_CACHE_MEMORY_BYTES,
						       ROAD_CACHE_DISK_BYTES};
	struct road_cache *cache = road_cache_hash_ready() ? calloc(1, sizeof(*cache)) : NULL;

	if (!cache)
		return NULL;
	if (!limits)
		limits = &usual;
	cache->limit = limits->memory_bytes;
	if (folder)
		cache->disk = road_cache_disk_create(folder, limits->disk_bytes);
	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void road_cache_destroy(struct road_cache *cache)
{
	if (!cache)
		return;
	while (cache->oldest)
		drop(cache, find(cache, &cache->oldest->key));
	road_cache_disk_destroy(cache->disk);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}
