/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for one case, and what lies in it. */
#ifndef TESTS_UNIT_CACHE_FOLDER_H
#define TESTS_UNIT_CACHE_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/tap.h"

struct folder {
	char path[64];
};

static inline struct folder folder_make(void)
{
	struct folder folder = {"/tmp/roadbed-test-cache-XXXXXX"};

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder.path));
	return folder;
}

static inline int folder_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void folder_remove(struct folder *folder)
{
	CU_ASSERT_EQUAL(nftw(folder->path, folder_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* How many names begin like this; the last one, if name is not NULL. */
static inline int folder_count(const struct folder *folder, const char *prefix, char name[256])
{
	DIR *dir = opendir(folder->path);
	struct dirent *entry;
	int count = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)))
			continue;
		if (name)
			snprintf(name, 256, "%s", entry->d_name);
		count++;
	}
	closedir(dir);
	return count;
}

struct path {
	char text[340];
};
static inline struct path folder_path(const struct folder *folder, const char *name)
{
	struct path path;

	snprintf(path.text, sizeof(path.text), "%s/%s", folder->path, name);
	return path;
}

/* The path of the only file. */
static inline struct path folder_only(const struct folder *folder)
{
	char name[256] = "";

	CU_ASSERT_EQUAL_FATAL(folder_count(folder, "", name), 1);
	return folder_path(folder, name);
}

static inline size_t file_read(const char *path, char *to, size_t room)
{
	FILE *file = fopen(path, "rb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	size_t bytes = fread(to, 1, room, file);

	fclose(file);
	return bytes;
}

static inline void file_write(const char *path, const char *from, size_t bytes)
{
	FILE *file = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(fwrite(from, 1, bytes, file), bytes);
	CU_ASSERT_EQUAL(fclose(file), 0);
}

static inline bool file_there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

#endif
