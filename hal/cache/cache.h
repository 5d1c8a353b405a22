/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an instance keeps of results that its drivers would compute again
 * (<roadbed-driver/driver.h>, road_cache_*): in memory, and in a folder of the user. This room
 * opens files, never a device.
 */
#ifndef HAL_CACHE_CACHE_H
#define HAL_CACHE_CACHE_H

#include <roadbed-driver/driver.h>

/* ---- where: folder.c ---- */
struct road_cache_environment {
	bool secure;            /* AT_SECURE: whatever the environment says is not to be trusted */
	const char *cache;      /* ROADBED_CACHE: off, or a folder; NULL: unset, as those below */
	const char *xdg, *home; /* XDG_CACHE_HOME, HOME */
};
struct road_cache_place {
	bool off;     /* no cache at all */
	char *folder; /* absolute, malloc'ed; NULL: in memory alone */
};
/* Pure: decides from the environment as it is given. */
struct road_cache_place road_cache_choose(const struct road_cache_environment *environment);

/* ---- the cache: memory.c ---- */
struct road_cache_limits {
	uint64_t memory_bytes, disk_bytes;
};
#define ROAD_CACHE_MEMORY_BYTES (UINT64_C(64) << 20)
#define ROAD_CACHE_DISK_BYTES   (UINT64_C(256) << 20)
/*
 * folder NULL: in memory alone; it is copied, and opened when first needed. limits NULL: those
 * above. NULL where there is no memory, or no libsodium in this build: drivers do without.
 */
struct road_cache *road_cache_create(const char *folder, const struct road_cache_limits *limits);
/* What was handed out stays until it is released. */
void road_cache_destroy(struct road_cache *cache);

/* ---- in a folder: disk.c. Any thread, any number of processes; nothing here can fail. ---- */
struct road_cache_disk;
struct road_cache_disk *road_cache_disk_create(const char *folder, uint64_t limit);
void road_cache_disk_destroy(struct road_cache_disk *disk);
/* *bytes is malloc'ed. false: not there, or not to be trusted; what is damaged is removed. */
bool road_cache_disk_get(struct road_cache_disk *disk, const struct road_cache_key *key,
			 void **bytes, size_t *count);
void road_cache_disk_put(struct road_cache_disk *disk, const struct road_cache_key *key,
			 const void *bytes, size_t count);

/* ---- hash.c, or hash_none.c without libsodium ---- */
bool road_cache_hash_ready(void); /* false: this build or machine has none */
void road_cache_hash(uint8_t out[32], const struct road_cache_part *parts, uint32_t count);

#endif
