/* SPDX-License-Identifier: Apache-2.0 */
/* The cache's folder: what comes back from it, and what may lie there without doing harm. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/cache/folder.h"
#include "tests/unit/cache/results.h"

enum { BYTES = 300 };

/* ---- a disk that is full after so many bytes; < 0: never ---- */

static long disk_room = -1;

ssize_t __real_write(int fd, const void *from, size_t bytes);
ssize_t __wrap_write(int fd, const void *from, size_t bytes);

ssize_t __wrap_write(int fd, const void *from, size_t bytes)
{
	if (disk_room < 0 || fd <= 2)
		return __real_write(fd, from, bytes);
	if (!disk_room) {
		errno = ENOSPC;
		return -1;
	}
	ssize_t n = __real_write(fd, from, (long)bytes < disk_room ? bytes : (size_t)disk_room);

	disk_room -= n > 0 ? n : 0;
	return n;
}

/* ---- */

static struct road_cache *open_cache(const struct folder *folder)
{
	static const struct road_cache_limits limits = {.memory_bytes = 1 << 20,
							.disk_bytes = 64 << 10};

	return road_cache_create(folder->path, &limits);
}

/* By a cache that has nothing in memory. */
static bool on_disk(const struct folder *folder, uint32_t n, size_t bytes)
{
	struct road_cache *cache = open_cache(folder);
	bool there = result_there(cache, n, bytes);

	road_cache_destroy(cache);
	return there;
}

static void put_on_disk(const struct folder *folder, uint32_t n, size_t bytes)
{
	struct road_cache *cache = open_cache(folder);

	result_put(cache, n, bytes);
	road_cache_destroy(cache);
}

static void test_other_process(void)
{
	struct folder folder = folder_make();

	put_on_disk(&folder, 1, BYTES);
	put_on_disk(&folder, 2, 0);
	CU_ASSERT_TRUE(on_disk(&folder, 1, BYTES));
	CU_ASSERT_TRUE(on_disk(&folder, 2, 0));
	CU_ASSERT_FALSE(on_disk(&folder, 3, BYTES));
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 2);
	folder_remove(&folder);
}

/* Made when first needed, with those above it, for the user alone. */
static void test_made(void)
{
	struct folder root = folder_make(), deep;
	struct stat st;

	snprintf(deep.path, sizeof(deep.path), "%.40s/a/b", root.path);
	struct road_cache *cache = open_cache(&deep);

	CU_ASSERT_FALSE(file_there(deep.path));
	result_put(cache, 1, BYTES);
	road_cache_destroy(cache);
	CU_ASSERT_EQUAL_FATAL(stat(deep.path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	CU_ASSERT_EQUAL(stat(folder_path(&root, "a").text, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	CU_ASSERT_EQUAL(stat(folder_only(&deep).text, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	folder_remove(&root);
}

/* Each bit of the file counts: in whatever byte it is wrong, it is no result, and goes. */
static void test_damaged(void)
{
	struct folder folder = folder_make();
	char good[BYTES + 200], bad[BYTES + 200];

	put_on_disk(&folder, 1, BYTES);
	struct path path = folder_only(&folder);
	size_t bytes = file_read(path.text, good, sizeof(good));

	CU_ASSERT_TRUE_FATAL(bytes > BYTES && bytes < sizeof(good));
	for (size_t at = 0; at < bytes; at++) {
		memcpy(bad, good, bytes);
		bad[at] = (char)(bad[at] ^ 1 << at % 8);
		file_write(path.text, bad, bytes);
		CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
		CU_ASSERT_FALSE(file_there(path.text));
	}
	file_write(path.text, good, bytes);
	CU_ASSERT_TRUE(on_disk(&folder, 1, BYTES));
	folder_remove(&folder);
}

static void test_cut(void)
{
	struct folder folder = folder_make();
	char good[BYTES + 200];

	put_on_disk(&folder, 1, BYTES);
	struct path path = folder_only(&folder);
	size_t bytes = file_read(path.text, good, sizeof(good) - 1);

	good[bytes] = 0;
	for (size_t n = 0; n <= bytes + 1; n++) {
		if (n == bytes)
			continue;
		file_write(path.text, good, n);
		CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
		CU_ASSERT_FALSE(file_there(path.text));
	}
	put_on_disk(&folder, 1, BYTES); /* comes back */
	CU_ASSERT_TRUE(on_disk(&folder, 1, BYTES));
	folder_remove(&folder);
}

/* Something else by the name of a result. */
static void test_foreign(void)
{
	struct folder folder = folder_make();
	char other[BYTES + 200];

	put_on_disk(&folder, 2, BYTES);
	size_t bytes = file_read(folder_only(&folder).text, other, sizeof(other));

	CU_ASSERT_EQUAL(unlink(folder_only(&folder).text), 0);
	put_on_disk(&folder, 1, BYTES);
	struct path path = folder_only(&folder), aside = folder_path(&folder, "aside");

	CU_ASSERT_EQUAL(rename(path.text, aside.text), 0);
	file_write(path.text, other, bytes); /* a good file, but of another key */
	CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	CU_ASSERT_FALSE(file_there(path.text));
	CU_ASSERT_EQUAL(symlink(aside.text, path.text), 0);
	CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	CU_ASSERT_FALSE(file_there(path.text));
	CU_ASSERT_EQUAL(mkfifo(path.text, 0600), 0); /* would block whoever opens it */
	CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	CU_ASSERT_FALSE(file_there(path.text));
	CU_ASSERT_EQUAL(mkdir(path.text, 0700), 0);
	CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	put_on_disk(&folder, 1, BYTES); /* cannot replace it, and leaves nothing */
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 2);
	folder_remove(&folder);
}

/* A folder that is a file, others may write, or is somebody else's: as if there were none. */
static void test_bad_folder(void)
{
	struct folder folder = folder_make(), file;

	CU_ASSERT_EQUAL(chmod(folder.path, 0770), 0);
	put_on_disk(&folder, 1, BYTES);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 0);
	CU_ASSERT_EQUAL(chmod(folder.path, 0755), 0);
	put_on_disk(&folder, 1, BYTES);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 1);
	CU_ASSERT_EQUAL(chmod(folder.path, 0702), 0);
	CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	CU_ASSERT_EQUAL(chmod(folder.path, 0700), 0);
	snprintf(file.path, sizeof(file.path), "%.40s/f", folder.path);
	file_write(file.path, "x", 1);
	put_on_disk(&file, 1, BYTES);
	CU_ASSERT_FALSE(on_disk(&file, 1, BYTES));
	if (!geteuid()) {
		CU_ASSERT_EQUAL(chown(folder.path, 1, 1), 0);
		CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
		CU_ASSERT_EQUAL(chown(folder.path, 0, 0), 0);
		struct path path = folder_path(&folder, "f");

		CU_ASSERT_EQUAL(unlink(path.text), 0);
		CU_ASSERT_EQUAL(chown(folder_only(&folder).text, 1, 1), 0); /* nor another's file */
		CU_ASSERT_FALSE(on_disk(&folder, 1, BYTES));
	}
	folder_remove(&folder);
}

/* Wherever the disk is full, there is a result, no file, and nothing half written. */
static void test_full(void)
{
	struct folder folder = folder_make();
	long room = 0;

	for (; room < 1000; room += 7) {
		disk_room = room;
		put_on_disk(&folder, 1, BYTES);
		disk_room = -1;
		if (folder_count(&folder, "", NULL))
			break;
	}
	CU_ASSERT_TRUE(room > BYTES && room < 1000);
	CU_ASSERT_TRUE(on_disk(&folder, 1, BYTES));
	folder_remove(&folder);
}

/* The system ends a process that writes beyond RLIMIT_FSIZE, and refuses descriptors. */
static void test_limits(void)
{
	struct folder folder = folder_make();
	pid_t child = fork();
	int status = -1;

	if (!child) {
		struct rlimit none = {0, 0}, little = {200, 200};
		struct road_cache *cache = open_cache(&folder);

		setrlimit(RLIMIT_FSIZE, &little);
		result_put(cache, 1, BYTES);
		bool good = result_there(cache, 1, BYTES) && !folder_count(&folder, "", NULL);

		setrlimit(RLIMIT_NOFILE, &none);
		result_put(cache, 2, 10);
		_exit(good && result_there(cache, 2, 10) ? 0 : 1);
	}
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 0);
	folder_remove(&folder);
}

static void set_times(const char *path, time_t ago)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= ago;
	times[1] = times[0];
	CU_ASSERT_EQUAL_FATAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct path path_of(const struct folder *folder, uint32_t n)
{
	struct road_cache_key key = result_key(n);
	char name[65];

	for (int i = 0; i < 32; i++)
		snprintf(name + 2 * i, 3, "%02x", key.bytes[i]);
	return folder_path(folder, name);
}

/* 64 KiB hold 16 files of a page. Number 3 was made early but used late. */
static void test_least_recent(void)
{
	struct folder folder = folder_make();

	for (uint32_t n = 0; n < 16; n++) {
		put_on_disk(&folder, n, BYTES);
		set_times(path_of(&folder, n).text, 1000 - n);
	}
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 16);
	CU_ASSERT_TRUE(on_disk(&folder, 3, BYTES));
	put_on_disk(&folder, 16, BYTES);
	CU_ASSERT_EQUAL(folder_count(&folder, "", NULL), 14); /* an eighth is free again */
	for (uint32_t n = 0; n < 17; n++)
		CU_ASSERT_EQUAL(file_there(path_of(&folder, n).text), n > 3 || n == 3);
	put_on_disk(&folder, 17, 17 << 10); /* more than a quarter of all is not kept */
	CU_ASSERT_FALSE(file_there(path_of(&folder, 17).text));
	folder_remove(&folder);
}

/* One process that writes on and on keeps the bound, too, and touches nothing that is not its. */
static void test_bound(void)
{
	struct folder folder = folder_make();
	struct path old = folder_path(&folder, "tmp-1-1"), young = folder_path(&folder, "tmp-1-2"),
		    other = folder_path(&folder, "README");

	file_write(old.text, "x", 1);
	set_times(old.text, 7200);
	file_write(young.text, "x", 1);
	file_write(other.text, "x", 1);
	set_times(other.text, 7200);
	struct road_cache *cache = open_cache(&folder);

	for (uint32_t n = 0; n < 100; n++) {
		result_put(cache, n, 5000);
		CU_ASSERT_TRUE(folder_count(&folder, "", NULL) <= 8 + 1 + 3);
	}
	road_cache_destroy(cache);
	CU_ASSERT_TRUE(folder_count(&folder, "", NULL) >= 7);
	CU_ASSERT_FALSE(file_there(old.text));
	CU_ASSERT_TRUE(file_there(young.text));
	CU_ASSERT_TRUE(file_there(other.text));
	folder_remove(&folder);
}

enum { PROCESSES = 4, ROUNDS = 150, RESULTS = 10 };

/* Files come and go under the readers; a fresh cache, so that the disk is asked each time. */
static int race(const struct folder *folder, uint32_t seed)
{
	int wrong = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t n = (i * 3 + seed) % RESULTS;
		struct road_cache_key key = result_key(n);
		struct road_cache *cache = open_cache(folder);
		const struct road_cached *got = road_cache_get(cache, &key);

		if (!got)
			got = road_cache_put(cache, &key, result_make(n, 9000), 9000);
		wrong += !got || !result_is(got, n, 9000);
		road_cached_release(got);
		road_cache_destroy(cache);
	}
	return wrong;
}

static void test_processes(void)
{
	struct folder folder = folder_make();
	pid_t children[PROCESSES];

	for (uint32_t i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(race(&folder, i) != 0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		CU_ASSERT_EQUAL(waitpid(children[i], &status, 0), children[i]);
		CU_ASSERT_EQUAL(status, 0);
	}
	CU_ASSERT_EQUAL(folder_count(&folder, "tmp-", NULL), 0);
	CU_ASSERT_TRUE(folder_count(&folder, "", NULL) > 0);
	folder_remove(&folder);
}

static const struct tap_case cases[] = {
	{"what one cache put another finds", test_other_process},
	{"the folder is made when needed, for the user alone", test_made},
	{"a file with any bit wrong is no result, and goes", test_damaged},
	{"a file of any other length is no result, and goes", test_cut},
	{"what has a result's name but is none does no harm", test_foreign},
	{"a folder that others may write is none", test_bad_folder},
	{"a full disk leaves the result and nothing else", test_full},
	{"limits of the process end nothing", test_limits},
	{"of the files those go that were not used for longest", test_least_recent},
	{"the folder stays bounded, and files of others stay", test_bound},
	{"processes that read and write at once meet no wrong result", test_processes},
};

TAP_MAIN(cases)
