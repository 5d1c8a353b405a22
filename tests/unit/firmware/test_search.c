/* SPDX-License-Identifier: Apache-2.0 */
/* Where firmware is looked for, in which order, and what is not taken. */
#include <fcntl.h>
#include <ftw.h>
#include <lzma.h>
#include <roadbed/firmware_store.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zstd.h>

#include "tests/support/tap.h"

#define NAME "acme/t1/main.img"
enum { BIG = 100000, SMALL_MAX = 65536 };

static char place[] = "/tmp/roadbed-test-search-XXXXXX";
static road_firmware_file *found;

struct path {
	char text[512];
};
static struct path path_of(const char *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", place, name);
	return path;
}

static void write_bytes(const char *name, const void *bytes, size_t count)
{
	const struct path path = path_of(name);
	struct path folder = path;
	FILE *file;

	for (char *at = folder.text + sizeof(place); (at = strchr(at, '/')); *at++ = '/') {
		*at = '\0';
		mkdir(folder.text, 0755);
	}
	file = fopen(path.text, "wb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fwrite(bytes, 1, count, file), count);
	fclose(file);
}

static void write_text(const char *name, const char *text)
{
	write_bytes(name, text, strlen(text));
}

static size_t pack_zstd(const void *bytes, size_t count, char *out, size_t room)
{
	return ZSTD_compress(out, room, bytes, count, 3);
}

static size_t pack_xz(const void *bytes, size_t count, char *out, size_t room)
{
	size_t used = 0;

	CU_ASSERT_EQUAL(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, bytes, count,
						(uint8_t *)out, &used, room),
			LZMA_OK);
	return used;
}

static void write_packed(const char *name, const void *bytes, size_t count)
{
	const bool zstd = strstr(name, ".zst");
	static char packed[2 * BIG];
	const size_t used = (zstd ? pack_zstd : pack_xz)(bytes, count, packed, sizeof(packed));

	write_bytes(name, packed, used);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level ? remove(path) : 0;
}

/* An empty place, the same for all cases. */
static void begin(void)
{
	static bool made; /* the name cannot tell: it may end with an X of its own */

	if (!made)
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place));
	made = true;
	nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	unsetenv("ROADBED_FIRMWARE_PATH");
	road_firmware_file_free(found);
	found = NULL;
}

/* In the folders of the place; NULL: in the system's own, below the place. */
static road_firmware_error look(const char *folders, uint64_t bytes_max)
{
	const road_firmware_search search = {
		.size = sizeof(search),
		.flags = folders ? ROAD_FIRMWARE_NO_SYSTEM : 0,
		.folders = folders,
		.root = place,
		.bytes_max = bytes_max,
	};

	road_firmware_file_free(found);
	return road_firmware_find(NAME, &search, &found, NULL);
}

static bool holds(const char *text)
{
	size_t bytes;
	const void *at = road_firmware_file_bytes(found, &bytes);

	return at && bytes == strlen(text) && !memcmp(at, text, bytes);
}

static road_firmware_tried tried(uint32_t index)
{
	road_firmware_tried one = {.error = ROAD_FIRMWARE_CANCELLED};

	CU_ASSERT_EQUAL(road_firmware_file_tried(found, index, &one), ROAD_FIRMWARE_OK);
	return one;
}

static bool tried_says(uint32_t index, const char *path, road_firmware_error error,
		       const char *reason)
{
	const road_firmware_tried one = tried(index);
	const bool fine =
		one.error == error && strstr(one.path, path) && strstr(one.reason, reason);

	if (!fine)
		printf("# %u: %s: %s (%s)\n", index, one.path, one.reason,
		       road_firmware_error_name(one.error));
	return fine;
}

static uint32_t tried_count(void)
{
	road_firmware_tried one;
	uint32_t count = 0;

	while (!road_firmware_file_tried(found, count, &one))
		count++;
	return count;
}

/* ---- */

/* Every place holds the file; the one that counts is taken away each time. */
static void test_order(void)
{
	static const char *const endings[] = {"", ".zst", ".xz"};
	struct utsname kernel;
	char folders[8][256];

	begin();
	CU_ASSERT_EQUAL_FATAL(uname(&kernel), 0);
	snprintf(folders[0], 256, "env1");
	snprintf(folders[1], 256, "env2");
	snprintf(folders[2], 256, "option");
	snprintf(folders[3], 256, "etc/roadbed/firmware");
	snprintf(folders[4], 256, "lib/firmware/updates/%.100s", kernel.release);
	snprintf(folders[5], 256, "lib/firmware/updates");
	snprintf(folders[6], 256, "lib/firmware/%.100s", kernel.release);
	snprintf(folders[7], 256, "lib/firmware");
	for (unsigned i = 0; i < 24; i++) {
		char name[400];

		snprintf(name, sizeof(name), "%s/" NAME "%s", folders[i / 3], endings[i % 3]);
		if (i % 3)
			write_packed(name, name, strlen(name));
		else
			write_text(name, name);
	}
	const struct path option = path_of("option");
	char env[1200];

	snprintf(env, sizeof(env), "%s::%s", path_of("env1").text, path_of("env2").text);
	setenv("ROADBED_FIRMWARE_PATH", env, 1);
	const road_firmware_search search = {
		.size = sizeof(search), .folders = option.text, .root = place};

	for (uint32_t i = 0; i < 24; i++) {
		char name[400];

		snprintf(name, sizeof(name), "%s/" NAME "%s", folders[i / 3], endings[i % 3]);
		road_firmware_file_free(found);
		CU_ASSERT_EQUAL(road_firmware_find(NAME, &search, &found, NULL), ROAD_FIRMWARE_OK);
		CU_ASSERT(holds(name));
		CU_ASSERT_STRING_EQUAL(road_firmware_file_path(found), path_of(name).text);
		CU_ASSERT_EQUAL(tried_count(), i + 1);
		CU_ASSERT(tried_says(i, name, ROAD_FIRMWARE_OK, "taken"));
		unlink(path_of(name).text);
	}
	road_firmware_file_free(found);
	CU_ASSERT_EQUAL(road_firmware_find(NAME, &search, &found, NULL), ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT_EQUAL(tried_count(), 24);
	for (uint32_t i = 0; i < 24; i++)
		CU_ASSERT(tried_says(i, folders[i / 3], ROAD_FIRMWARE_NOT_FOUND, "No such file"));
}

static void test_no_env(void)
{
	begin();
	write_text("env/" NAME, "x");
	setenv("ROADBED_FIRMWARE_PATH", path_of("env").text, 1);
	const road_firmware_search search = {
		.size = sizeof(search), .flags = ROAD_FIRMWARE_NO_ENV | ROAD_FIRMWARE_NO_SYSTEM};

	CU_ASSERT_EQUAL(road_firmware_find(NAME, &search, &found, NULL), ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT_EQUAL(tried_count(), 0);
	CU_ASSERT_EQUAL(look("relative", 0), ROAD_FIRMWARE_OK); /* by the environment */
	setenv("ROADBED_FIRMWARE_PATH", "env", 1);
	CU_ASSERT_EQUAL(look("relative", 0), ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT(tried_says(0, "env", ROAD_FIRMWARE_INVALID_ARGUMENT, "not absolute"));
	CU_ASSERT(tried_says(1, "relative", ROAD_FIRMWARE_INVALID_ARGUMENT, "not absolute"));
}

static void test_names(void)
{
	static const char *const bad[] = {"",     "/etc/passwd", "..",   "../x",  "a/../b", "a/..",
					  "a//b", "a/",          ".",    "a/./b", "a b",    "a\nb",
					  "a\\b", "a:b",         "\xc3", "./a"};

	begin();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		road_firmware_detail detail = {.size = sizeof(detail)};

		CU_ASSERT_EQUAL(road_firmware_find(bad[i], NULL, &found, &detail),
				ROAD_FIRMWARE_INVALID_ARGUMENT);
		CU_ASSERT_PTR_NULL(found);
		CU_ASSERT_STRING_EQUAL(detail.seen, bad[i]);
	}
}

/* What is there and cannot be taken is told, and the next place has its turn. */
static void test_not_taken(void)
{
	struct path folders = path_of("one");
	const struct path outside = path_of("outside.img");

	begin();
	write_text("two/" NAME, "good");
	write_text("outside.img", "evil");
	write_text("one/acme/t1/inside", "linked");
	snprintf(folders.text, sizeof(folders.text), "%s/one:%s/two", place, place);
	const struct path at = path_of("one/" NAME);
	const struct {
		const char *link, *reason;
		road_firmware_error error;
	} links[] = {{outside.text, "leaves the folder", ROAD_FIRMWARE_RW_ERROR},
		     {"../../../outside.img", "leaves the folder", ROAD_FIRMWARE_RW_ERROR},
		     {"nothing", "No such file", ROAD_FIRMWARE_NOT_FOUND},
		     {"main.img", "symbolic links", ROAD_FIRMWARE_RW_ERROR}};

	for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		CU_ASSERT_EQUAL(symlink(links[i].link, at.text), 0);
		CU_ASSERT_EQUAL(look(folders.text, 0), ROAD_FIRMWARE_OK);
		CU_ASSERT(holds("good"));
		CU_ASSERT(tried_says(0, "one/" NAME, links[i].error, links[i].reason));
		unlink(at.text);
	}
	CU_ASSERT_EQUAL(symlink("inside", at.text), 0);
	CU_ASSERT_EQUAL(look(folders.text, 0), ROAD_FIRMWARE_OK);
	CU_ASSERT(holds("linked"));
	unlink(at.text);
	CU_ASSERT_EQUAL(mkfifo(at.text, 0644), 0);
	CU_ASSERT_EQUAL(look(folders.text, 0), ROAD_FIRMWARE_OK);
	CU_ASSERT(tried_says(0, "one/" NAME, ROAD_FIRMWARE_RW_ERROR, "not a regular file"));
	unlink(at.text);
	CU_ASSERT_EQUAL(mkdir(at.text, 0755), 0);
	CU_ASSERT_EQUAL(look(folders.text, 0), ROAD_FIRMWARE_OK);
	CU_ASSERT(tried_says(0, "one/" NAME, ROAD_FIRMWARE_RW_ERROR, "a folder"));
	CU_ASSERT(holds("good"));
}

static void test_unreadable(void)
{
	road_firmware_detail detail = {.size = sizeof(detail)};
	const road_firmware_search search = {
		.size = sizeof(search), .flags = ROAD_FIRMWARE_NO_SYSTEM, .folders = place};
	road_firmware_error rc;

	if (geteuid()) {
		begin();
		write_text(NAME, "secret");
		chmod(path_of(NAME).text, 0);
		rc = road_firmware_find(NAME, &search, &found, &detail);
	} else {
		/* root reads everything; as nobody it does not */
		begin();
		write_text(NAME, "secret");
		chmod(place, 0755);
		chmod(path_of(NAME).text, 0);
		CU_ASSERT_EQUAL_FATAL(seteuid(65534), 0);
		rc = road_firmware_find(NAME, &search, &found, &detail);
		CU_ASSERT_EQUAL_FATAL(seteuid(0), 0);
	}
	CU_ASSERT_EQUAL(rc, ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT(tried_says(0, NAME, ROAD_FIRMWARE_RW_ERROR, "Permission denied"));
	CU_ASSERT_PTR_NOT_NULL(strstr(detail.what, "Permission denied"));
	CU_ASSERT_PTR_NOT_NULL(strstr(detail.where, NAME));
}

static void test_limits(void)
{
	static const char *const names[] = {NAME, NAME ".zst", NAME ".xz"};
	static char zeros[BIG];

	for (unsigned i = 0; i < 3; i++) {
		begin();
		if (i)
			write_packed(names[i], zeros, BIG);
		else
			write_bytes(names[i], zeros, BIG);
		CU_ASSERT_EQUAL(look(place, BIG), ROAD_FIRMWARE_OK);
		CU_ASSERT_EQUAL(look(place, BIG - 1), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT(tried_says(i, names[i], ROAD_FIRMWARE_TOO_BIG, "too big"));
		CU_ASSERT_EQUAL(look(place, SMALL_MAX), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT(tried_says(i, names[i], ROAD_FIRMWARE_TOO_BIG, "too big"));
	}
}

/* Cut anywhere, changed, or with something behind it: not the file. */
static void test_damaged(void)
{
	static const char *const names[] = {NAME ".zst", NAME ".xz"};
	char packed[1024], text[] = "what was packed here, what was packed here";

	for (uint32_t i = 0; i < 2; i++) {
		const size_t bytes = (i ? pack_xz : pack_zstd)(text, sizeof(text), packed, 1000);

		for (size_t cut = 0; cut < bytes; cut++) {
			begin();
			write_bytes(names[i], packed, cut);
			CU_ASSERT_EQUAL(look(place, 0), ROAD_FIRMWARE_NOT_FOUND);
			CU_ASSERT(tried_says(i + 1, names[i], ROAD_FIRMWARE_BAD_COMPRESSION, ""));
			road_firmware_file_free(found);
			found = NULL;
			CU_ASSERT_EQUAL(road_firmware_open(path_of(names[i]).text, 0, &found, NULL),
					ROAD_FIRMWARE_BAD_COMPRESSION);
		}
		for (size_t more = 1; more < 9; more++) {
			begin();
			memset(packed + bytes, 0, more);
			write_bytes(names[i], packed, bytes + more);
			CU_ASSERT_EQUAL(look(place, 0), ROAD_FIRMWARE_NOT_FOUND);
			CU_ASSERT(tried_says(i + 1, names[i], ROAD_FIRMWARE_BAD_COMPRESSION,
					     "stands behind"));
		}
		packed[0] ^= 1;
		write_bytes(names[i], packed, bytes);
		CU_ASSERT_EQUAL(look(place, 0), ROAD_FIRMWARE_NOT_FOUND);
		CU_ASSERT(tried_says(i + 1, names[i], ROAD_FIRMWARE_BAD_COMPRESSION, "not a"));
	}
}

static void test_open(void)
{
	begin();
	write_packed("a.xz", "packed", 6);
	CU_ASSERT_EQUAL(road_firmware_open(path_of("a.xz").text, 0, &found, NULL),
			ROAD_FIRMWARE_OK);
	CU_ASSERT(holds("packed"));
	road_firmware_file_free(found);
	CU_ASSERT_EQUAL(road_firmware_open(path_of("a.xz").text, 5, &found, NULL),
			ROAD_FIRMWARE_TOO_BIG);
	CU_ASSERT_EQUAL(road_firmware_open(path_of("none").text, 0, &found, NULL),
			ROAD_FIRMWARE_NOT_FOUND);
	CU_ASSERT_PTR_NULL(found);
	CU_ASSERT_EQUAL(mkfifo(path_of("fifo").text, 0600), 0);
	CU_ASSERT_EQUAL(road_firmware_open(path_of("fifo").text, 0, &found, NULL),
			ROAD_FIRMWARE_RW_ERROR);
	begin();
	rmdir(place);
}

static const struct tap_case cases[] = {
	{"the places are looked at in their order, and each is told", test_order},
	{"the environment counts unless it is not to, and only absolute folders do", test_no_env},
	{"names lead nowhere else", test_names},
	{"links out of the folder, fifos and folders are passed over", test_not_taken},
	{"what may not be read is told", test_unreadable},
	{"nothing larger than allowed is taken, unpacked or not", test_limits},
	{"packed files that are not whole are not taken", test_damaged},
	{"a file is opened by its path", test_open},
};

TAP_MAIN(cases)
