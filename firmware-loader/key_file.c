/* SPDX-License-Identifier: Apache-2.0 */
/* Files of public keys, and folders of them, which have to be root's. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware-loader/detail.h"
#include "firmware-loader/keys.h"

enum { FILE_MAX = 16384, FILES_MAX = 4096 };

static road_firmware_error refuse_errno(road_firmware_detail *detail, const char *what,
					const char *path)
{
	return firmware_refuse_errno(
		detail, errno == ENOENT ? ROAD_FIRMWARE_NOT_FOUND : ROAD_FIRMWARE_RW_ERROR, what,
		path, errno);
}

static road_firmware_error bad(road_firmware_detail *detail, const char *what, const char *path,
			       const char *seen, const char *allowed)
{
	return firmware_refuse(detail, ROAD_FIRMWARE_BAD_KEY_FILE,
			       (struct finding){what, path, seen, allowed});
}

/* Nobody but root may have made or may change it. */
static road_firmware_error check_owner(const struct stat *st, const char *path,
				       road_firmware_detail *detail)
{
	char seen[48];

	snprintf(seen, sizeof(seen), "user %u, mode %04o", (unsigned)st->st_uid,
		 (unsigned)(st->st_mode & 07777));
	if (st->st_uid)
		return bad(detail, "does not belong to root", path, seen, "user 0");
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return bad(detail, "others than root may write it", path, seen,
			   "no write permission for group and others");
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error read_text(int fd, const char *path, char *text, size_t *bytes,
				     road_firmware_detail *detail)
{
	*bytes = 0;
	for (;;) {
		ssize_t got = read(fd, text + *bytes, FILE_MAX + 1 - *bytes);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse_errno(detail, "cannot be read", path);
		*bytes += (size_t)got;
		if (*bytes > FILE_MAX)
			return bad(detail, "is too long", path, "", "at most 16384 bytes");
		if (!got)
			return ROAD_FIRMWARE_OK;
	}
}

static road_firmware_error read_open(int fd, const char *path, bool of_root, road_firmware_key *out,
				     road_firmware_detail *detail)
{
	char text[FILE_MAX + 1];
	road_firmware_error rc;
	struct stat st;
	size_t bytes;

	if (fstat(fd, &st))
		return refuse_errno(detail, "cannot be read", path);
	if (!S_ISREG(st.st_mode))
		return bad(detail, "is no regular file", path, "", "a regular file");
	rc = of_root ? check_owner(&st, path, detail) : ROAD_FIRMWARE_OK;
	if (!rc)
		rc = read_text(fd, path, text, &bytes, detail);
	if (rc)
		return rc;
	rc = road_firmware_key_read_public(text, bytes, out, detail);
	if (rc)
		firmware_locate(detail, path);
	return rc;
}

/* In a folder no links are followed; a pipe must not hold us up. */
static road_firmware_error read_file(int folder, const char *name, bool of_root,
				     road_firmware_key *out, road_firmware_detail *detail)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (of_root ? O_NOFOLLOW : 0);
	int fd = openat(folder, name, flags);
	road_firmware_error rc;

	if (fd < 0 && errno == ELOOP)
		return bad(detail, "is a link", name, "", "a regular file");
	if (fd < 0)
		return refuse_errno(detail, "cannot be opened", name);
	rc = read_open(fd, name, of_root, out, detail);
	close(fd);
	return rc;
}

/* Adding failed: two files say what cannot be joined, or there is no room. */
static road_firmware_error add(road_firmware_keys *keys, const road_firmware_key *key,
			       const char *path, road_firmware_detail *detail)
{
	road_firmware_error rc = road_firmware_keys_add(keys, key, detail);

	if (rc == ROAD_FIRMWARE_INVALID_ARGUMENT) {
		rc = ROAD_FIRMWARE_BAD_KEY_FILE;
		if (detail)
			detail->error = rc;
	}
	if (rc)
		firmware_locate(detail, path);
	return rc;
}

road_firmware_error road_firmware_keys_add_file(road_firmware_keys *keys, const char *path,
						road_firmware_detail *detail)
{
	road_firmware_key key = {.size = sizeof(key)};
	road_firmware_error rc;

	if (!keys || !path)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", keys ? "path" : "keys", "", ""});
	rc = read_file(AT_FDCWD, path, false, &key, detail);
	return rc ? rc : add(keys, &key, path, detail);
}

/* ---- folders ---- */

struct names {
	char **all;
	size_t count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->all[i]);
	free(names->all);
}

static bool is_key_file(const char *name)
{
	const size_t bytes = strlen(name);

	return name[0] != '.' && bytes > 4 && !strcmp(name + bytes - 4, ".pub");
}

static road_firmware_error list(DIR *dir, const char *folder, struct names *names,
				road_firmware_detail *detail)
{
	struct dirent *entry;

	names->all = calloc(FILES_MAX, sizeof(*names->all));
	while (names->all && (errno = 0, entry = readdir(dir))) {
		if (!is_key_file(entry->d_name))
			continue;
		if (names->count == FILES_MAX)
			return bad(detail, "has too many keys", folder, "", "at most 4096");
		names->all[names->count] = strdup(entry->d_name);
		if (!names->all[names->count])
			break;
		names->count++;
	}
	if (!names->all || (errno && errno == ENOMEM))
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", folder, "", ""});
	if (errno)
		return refuse_errno(detail, "cannot be read", folder);
	qsort(names->all, names->count, sizeof(*names->all), by_name);
	return ROAD_FIRMWARE_OK;
}

static road_firmware_error add_names(road_firmware_keys *keys, int fd, const struct names *names,
				     road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	for (size_t i = 0; i < names->count && !rc; i++) {
		road_firmware_key key = {.size = sizeof(key)};

		rc = read_file(fd, names->all[i], true, &key, detail);
		if (!rc)
			rc = add(keys, &key, names->all[i], detail);
	}
	return rc;
}

/* All files or none: they are added to a copy, which takes the set's place at the end. */
static road_firmware_error add_all(road_firmware_keys *keys, int fd, const struct names *names,
				   road_firmware_detail *detail)
{
	road_firmware_keys copy = {0};
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	for (uint32_t i = 0; i < keys->count && !rc; i++)
		rc = road_firmware_keys_add(&copy, &keys->all[i].key, detail);
	if (!rc)
		rc = add_names(&copy, fd, names, detail);
	if (!rc) {
		const road_firmware_keys old = *keys;

		*keys = copy;
		copy = old;
	}
	free(copy.all);
	return rc;
}

static road_firmware_error add_folder(road_firmware_keys *keys, DIR *dir, const char *folder,
				      road_firmware_detail *detail)
{
	struct names names = {0};
	road_firmware_error rc;
	struct stat st;

	if (fstat(dirfd(dir), &st))
		return refuse_errno(detail, "cannot be read", folder);
	rc = check_owner(&st, folder, detail);
	if (rc)
		return rc;
	rc = list(dir, folder, &names, detail);
	if (!rc) {
		rc = add_all(keys, dirfd(dir), &names, detail);
		if (rc)
			firmware_locate(detail, folder);
	}
	names_free(&names);
	return rc;
}

road_firmware_error road_firmware_keys_add_folder(road_firmware_keys *keys, const char *folder,
						  road_firmware_detail *detail)
{
	const char *path = folder ? folder : ROAD_FIRMWARE_KEYS_FOLDER;
	road_firmware_error rc;
	DIR *dir;

	if (!keys)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", "keys", "", ""});
	dir = opendir(path);
	if (!dir && errno == ENOENT)
		return ROAD_FIRMWARE_OK;
	if (!dir)
		return refuse_errno(detail, "cannot be opened", path);
	rc = add_folder(keys, dir, path, detail);
	closedir(dir);
	return rc;
}
