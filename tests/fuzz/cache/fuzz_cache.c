/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a result's file in the cache's folder: a miss, or the very bytes that were put
 * there; and afterwards the cache works as before. A first byte with its lowest bit set gives the
 * file a sound header for what follows, changed in the places that the next bytes name: nobody
 * guesses a hash.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/cache/cache.h"
#include "tests/fuzz/reader.h"

enum { HEADER_BYTES = 88, HEADER_CHANGES = 2, SMALL_LIMIT = 1 << 16 };

static const struct road_cache_key key = {.bytes = {1, 2, 3, 0xab}};
static char folder[] = "/tmp/roadbed-fuzz-cache-XXXXXX", path[128];
static struct road_cache_disk *disk;
static uint8_t sound[HEADER_BYTES + SMALL_LIMIT];

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

static void prepare(void)
{
	int used;

	if (disk)
		return;
	if (!mkdtemp(folder) || !road_cache_hash_ready())
		abort();
	used = snprintf(path, sizeof(path), "%s/", folder);
	for (size_t i = 0; i < sizeof(key.bytes); i++)
		used += snprintf(path + used, sizeof(path) - (size_t)used, "%02x", key.bytes[i]);
	disk = road_cache_disk_create(folder, SMALL_LIMIT);
	atexit(remove_folder);
}

static void put_file(const void *bytes, size_t count)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, count) != (ssize_t)count || close(fd))
		abort();
}

/* The file that the cache itself writes for these bytes, with changes of its header. */
static size_t make_sound(struct reader *r)
{
	uint8_t change[2 * HEADER_CHANGES];
	int fd;

	reader_take(r, change, sizeof(change));
	road_cache_disk_put(disk, &key, r->at, r->left);
	fd = open(path, O_RDONLY);
	ssize_t bytes = fd < 0 ? -1 : read(fd, sound, sizeof(sound));

	if (bytes < HEADER_BYTES || (size_t)bytes != HEADER_BYTES + r->left || close(fd))
		abort();
	for (unsigned i = 0; i < HEADER_CHANGES; i++)
		sound[change[2 * i] % HEADER_BYTES] ^= change[2 * i + 1];
	return (size_t)bytes;
}

static void get(const uint8_t *wanted, size_t wanted_bytes, bool must)
{
	size_t count = 0;
	void *bytes;
	bool found = road_cache_disk_get(disk, &key, &bytes, &count);

	if (must && !found)
		abort();
	if (found && (count != wanted_bytes || (count && memcmp(bytes, wanted, count))))
		abort();
	/* what is no result is gone */
	if (!found && !access(path, F_OK))
		abort();
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	uint8_t kind = reader_u8(&r);

	prepare();
	if (r.left > SMALL_LIMIT / 4)
		return 0;
	if (kind & 1) {
		size_t bytes = make_sound(&r);

		put_file(sound, bytes);
		get(sound + HEADER_BYTES, bytes - HEADER_BYTES, false);
	} else {
		put_file(r.at, r.left);
		get(r.left < HEADER_BYTES ? NULL : r.at + HEADER_BYTES,
		    r.left < HEADER_BYTES ? 0 : r.left - HEADER_BYTES, false);
	}
	road_cache_disk_put(disk, &key, data, size);
	get(data, size, true);
	return 0;
}
