/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache in a folder of the user: one file a result, named by its key.
 *
 * A file is written beside its name and renamed, so that readers, in whatever process, see all of
 * it or nothing. What is read is believed only if it says the key that was asked for and has the
 * hash that it says; so nothing waits for the disk to be in order (fsync), and what a crash, a full
 * disk or a stranger left behind is a miss. Nothing that goes wrong here is an error for anyone.
 *
 * When a file was last used stands in its access time, which is set by hand: many file systems keep
 * none. The folder's size is bounded: it is counted when this process wrote a share of the limit,
 * so that several writers overshoot by that share each at most.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/cache/cache.h"

enum { NAME_BYTES = 65, TEMP_TRIES = 16, TEMP_SECONDS = 3600, BLOCK = 4096, SHARE = 16 };
static const char temp_prefix[] = "tmp-";

struct header { /* in the byte order of the machine, which the magic shows */
	uint64_t magic;
	uint32_t version, reserved;
	uint64_t count;
	struct road_cache_key key;
	uint8_t hash[32]; /* of the count bytes that follow */
};
#define MAGIC   UINT64_C(0x314863614364526f) /* "oRdCacH1" */
#define VERSION 1u

struct road_cache_disk {
	pthread_mutex_t lock;
	int fd;     /* of the folder */
	bool tried; /* to open it */
	uint64_t limit;
	uint64_t used, written; /* when it was last counted; since then, by this process */
	bool counted;
	uint32_t serial; /* of temporary files */
	char folder[];
};

/* ---- the folder ---- */

/* Makes what is missing of the path, for the user alone. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	(void)mkdir(path, 0700);
}

/* A folder that others may write is no place for code. */
static int open_folder(char *path)
{
	struct stat st;

	make_folders(path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 022))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* -1: there is none. */
static int folder_of(struct road_cache_disk *disk)
{
	if (!disk)
		return -1;
	pthread_mutex_lock(&disk->lock);
	if (!disk->tried)
		disk->fd = open_folder(disk->folder);
	disk->tried = true;
	pthread_mutex_unlock(&disk->lock);
	return disk->fd;
}

struct road_cache_disk *road_cache_disk_create(const char *folder, uint64_t limit)
{
	size_t bytes = strlen(folder) + 1;
	struct road_cache_disk *disk = calloc(1, sizeof(*disk) + bytes);

	if (!disk)
		return NULL;
	memcpy(disk->folder, folder, bytes);
	disk->limit = limit;
	disk->fd = -1;
	pthread_mutex_init(&disk->lock, NULL);
	return disk;
}

void road_cache_disk_destroy(struct road_cache_disk *disk)
{
	if (!disk)
		return;
	if (disk->fd >= 0)
		close(disk->fd);
	pthread_mutex_destroy(&disk->lock);
	free(disk);
}

/* ---- files ---- */

static void name_of(const struct road_cache_key *key, char name[NAME_BYTES])
{
	for (size_t i = 0; i < sizeof(key->bytes); i++)
		snprintf(name + 2 * i, 3, "%02x", key->bytes[i]);
}

static bool read_all(int fd, void *to, size_t count)
{
	char *at = to;

	while (count) {
		ssize_t n = read(fd, at, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		count -= (size_t)n;
	}
	return true;
}

static bool write_all(int fd, const void *from, size_t count)
{
	const char *at = from;

	while (count) {
		ssize_t n = write(fd, at, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		count -= (size_t)n;
	}
	return true;
}

/* The content of an open file, if all that it says of itself is true. */
static void *read_checked(int fd, const struct stat *st, const struct road_cache_disk *disk,
			  const struct road_cache_key *key, size_t *count)
{
	struct header header;
	uint8_t hash[32];

	if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() ||
	    !read_all(fd, &header, sizeof(header)))
		return NULL;
	if (header.magic != MAGIC || header.version != VERSION || header.reserved ||
	    header.count > disk->limit || memcmp(&header.key, key, sizeof(*key)) ||
	    (uint64_t)st->st_size != sizeof(header) + header.count)
		return NULL;
	void *bytes = malloc(header.count ? header.count : 1);

	if (bytes && read_all(fd, bytes, header.count)) {
		road_cache_hash(hash, &(struct road_cache_part){bytes, header.count}, 1);
		*count = header.count;
		if (!memcmp(hash, header.hash, sizeof(hash)))
			return bytes;
	}
	free(bytes);
	return NULL;
}

/* Damaged files go; a folder of that name would not, and does no harm. */
bool road_cache_disk_get(struct road_cache_disk *disk, const struct road_cache_key *key,
			 void **bytes, size_t *count)
{
	static const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
	int folder = folder_of(disk);
	char name[NAME_BYTES];
	struct stat st;

	*bytes = NULL;
	if (folder < 0)
		return false;
	name_of(key, name);
	/* NONBLOCK: were it a pipe, nobody would ever write it. NOATIME: the time is set below,
	 * where there is a result. */
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &st))
		*bytes = read_checked(fd, &st, disk, key, count);
	if (*bytes)
		(void)futimens(fd, now);
	else if (fd >= 0 || errno != ENOENT)
		(void)unlinkat(folder, name, 0);
	if (fd >= 0)
		close(fd);
	return *bytes;
}

/* ---- the folder's size ---- */

struct file {
	char name[NAME_BYTES];
	struct timespec used;
	uint64_t bytes;
};
struct files {
	struct file *files;
	size_t count, room;
	uint64_t bytes;
};

static bool is_result(const char *name)
{
	return strlen(name) == NAME_BYTES - 1 && strspn(name, "0123456789abcdef") == NAME_BYTES - 1;
}

static uint64_t on_disk(uint64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static bool list_file(struct files *all, const char *name, const struct stat *st)
{
	if (all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct file *more = realloc(all->files, room * sizeof(*more));

		if (!more)
			return false;
		all->files = more;
		all->room = room;
	}
	struct file *file = &all->files[all->count++];

	memcpy(file->name, name, NAME_BYTES);
	file->used = st->st_atim;
	file->bytes = on_disk((uint64_t)st->st_size);
	all->bytes += file->bytes;
	return true;
}

/* Lists the results; removes what a process that died while it wrote left behind. Of what else is
 * in the folder, none is ours. */
static void list_folder(int folder, time_t now, struct files *all)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;
		bool temp = !strncmp(name, temp_prefix, sizeof(temp_prefix) - 1);

		if ((!temp && !is_result(name)) ||
		    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (temp && now - st.st_mtim.tv_sec > TEMP_SECONDS)
			(void)unlinkat(folder, name, 0);
		if (!temp && !list_file(all, name, &st))
			break;
	}
	closedir(dir);
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct file *)a)->used;
	const struct timespec *y = &((const struct file *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

/* Under the lock. Leaves some room, so that not every file that comes makes one go. */
static void trim(struct road_cache_disk *disk, time_t now)
{
	struct files all = {.files = NULL};

	list_folder(disk->fd, now, &all);
	if (all.bytes > disk->limit) {
		qsort(all.files, all.count, sizeof(*all.files), by_use);
		for (size_t i = 0; i < all.count && all.bytes > disk->limit - disk->limit / 8;
		     i++) {
			(void)unlinkat(disk->fd, all.files[i].name, 0);
			all.bytes -= all.files[i].bytes;
		}
	}
	free(all.files);
	disk->counted = true;
	disk->used = all.bytes;
	disk->written = 0;
}

static void account(struct road_cache_disk *disk, uint64_t bytes, time_t now)
{
	pthread_mutex_lock(&disk->lock);
	disk->written += on_disk(bytes);
	if (!disk->counted || disk->written > disk->limit / SHARE ||
	    disk->used + disk->written > disk->limit)
		trim(disk, now);
	pthread_mutex_unlock(&disk->lock);
}

/* ---- writing ---- */

/* A file that nobody else writes: processes differ, threads draw numbers. */
static int open_temp(struct road_cache_disk *disk, char name[NAME_BYTES])
{
	int fd = -1;

	for (int i = 0; i < TEMP_TRIES && fd < 0; i++) {
		pthread_mutex_lock(&disk->lock);
		uint32_t serial = disk->serial++;

		pthread_mutex_unlock(&disk->lock);
		snprintf(name, NAME_BYTES, "%s%ld-%u", temp_prefix, (long)getpid(), serial);
		fd = openat(disk->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

/* Beyond RLIMIT_FSIZE, write would end the process by a signal. */
static bool may_write(const struct road_cache_disk *disk, size_t count)
{
	struct rlimit limit;

	return count <= disk->limit / 4 && !getrlimit(RLIMIT_FSIZE, &limit) &&
	       (limit.rlim_cur == RLIM_INFINITY ||
		sizeof(struct header) + count <= (uint64_t)limit.rlim_cur);
}

void road_cache_disk_put(struct road_cache_disk *disk, const struct road_cache_key *key,
			 const void *bytes, size_t count)
{
	struct header header = {.magic = MAGIC, .version = VERSION, .count = count, .key = *key};
	char name[NAME_BYTES], temp[NAME_BYTES];
	struct stat st;

	if (folder_of(disk) < 0 || !may_write(disk, count))
		return;
	int fd = open_temp(disk, temp);

	if (fd < 0)
		return;
	name_of(key, name);
	road_cache_hash(header.hash, &(struct road_cache_part){bytes, count}, 1);
	bool good = write_all(fd, &header, sizeof(header)) && write_all(fd, bytes, count) &&
		    !fstat(fd, &st);

	good = !close(fd) && good;
	if (good && !renameat(disk->fd, temp, disk->fd, name))
		account(disk, sizeof(header) + count, st.st_mtim.tv_sec);
	else
		(void)unlinkat(disk->fd, temp, 0);
}
