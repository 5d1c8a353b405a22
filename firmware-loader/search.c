/* SPDX-License-Identifier: Apache-2.0 */
/* Where a firmware file is looked for, and what was found out at each place. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <roadbed/firmware_store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "firmware-loader/bytes.h"
#include "firmware-loader/detail.h"
#include "firmware-loader/file.h"

/* What a name may end with, in the order of the search. */
static const struct ending {
	const char *text;
	unpack_call *unpack;
} endings[] = {{"", NULL}, {".zst", unpack_zstd}, {".xz", unpack_xz}};
enum { ENDINGS = sizeof(endings) / sizeof(endings[0]) };

/* The system's own folders, with the kernel's release in place of %s. */
static const char *const system_folders[] = {
	ROAD_FIRMWARE_FOLDER,    "/lib/firmware/updates/%s",
	"/lib/firmware/updates", "/lib/firmware/%s",
	"/lib/firmware",
};

struct road_firmware_file {
	void *bytes;
	size_t byte_count;
	char *path; /* NULL: nothing was found */
	road_firmware_tried *tried;
	uint32_t tried_count;
};

struct search {
	const char *name;
	road_firmware_search options;
	road_firmware_file *file;
};

static road_firmware_error out_of_memory(road_firmware_detail *detail)
{
	return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
			       (struct finding){"out of memory", "search", "", ""});
}

/* ---- one file ---- */

static road_firmware_error take(int fd, const char *path, const struct ending *ending,
				uint64_t bytes_max, road_firmware_file *file,
				road_firmware_detail *detail)
{
	void *packed;
	size_t packed_bytes;
	road_firmware_error rc =
		file_read(fd, path, bytes_max, &file->bytes, &file->byte_count, detail);

	if (rc || !ending->unpack)
		return rc;
	packed = file->bytes;
	packed_bytes = file->byte_count;
	file->bytes = NULL;
	file->byte_count = 0;
	rc = ending->unpack(packed, packed_bytes, bytes_max, &file->bytes, &file->byte_count,
			    detail);
	if (rc)
		firmware_locate(detail, path);
	free(packed);
	return rc;
}

static uint64_t limit(uint64_t bytes_max)
{
	const uint64_t wanted = bytes_max ? bytes_max : ROAD_FIRMWARE_FILE_MAX;

	return wanted < SSIZE_MAX / 4 ? wanted : SSIZE_MAX / 4; /* a size can be doubled */
}

/* ---- the list of what was tried ---- */

static bool note(struct search *search, const char *path, const road_firmware_detail *detail)
{
	road_firmware_file *file = search->file;
	road_firmware_tried *all = reallocarray(file->tried, file->tried_count + 1, sizeof(*all));
	road_firmware_tried *one;

	if (!all)
		return false;
	file->tried = all;
	one = &all[file->tried_count++];
	*one = (road_firmware_tried){.error = detail->error};
	if (strlen(path) < sizeof(one->path))
		memcpy(one->path, path, strlen(path) + 1);
	else
		snprintf(one->path, sizeof(one->path), "%.*s…", (int)sizeof(one->path) - 4, path);
	if (!detail->error)
		snprintf(one->reason, sizeof(one->reason), "taken");
	else if (detail->seen[0])
		snprintf(one->reason, sizeof(one->reason), "%.70s: %.50s", detail->what,
			 detail->seen);
	else
		snprintf(one->reason, sizeof(one->reason), "%s", detail->what);
	return true;
}

/* ---- folders ---- */

static road_firmware_error try_ending(struct search *search, const char *folder,
				      const struct ending *ending, road_firmware_detail *detail)
{
	char path[PATH_MAX], name[PATH_MAX];
	road_firmware_detail why = {.size = sizeof(why)};
	road_firmware_error rc;
	int fd;

	snprintf(name, sizeof(name), "%s%s", search->name, ending->text);
	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path)) {
		rc = firmware_refuse_errno(&why, ROAD_FIRMWARE_RW_ERROR, "cannot be opened", path,
					   ENAMETOOLONG);
	} else {
		rc = file_open_beneath(folder, name, &fd, &why);
		if (!rc) {
			rc = take(fd, path, ending, search->options.bytes_max, search->file, &why);
			close(fd);
		}
	}
	if (!rc) {
		search->file->path = strdup(path);
		if (!search->file->path)
			return out_of_memory(detail);
	}
	return note(search, path, &why) ? rc : out_of_memory(detail);
}

/* OK: found. NOT_FOUND: go on. */
static road_firmware_error try_folder(struct search *search, const char *folder,
				      road_firmware_detail *detail)
{
	road_firmware_detail why = {.size = sizeof(why)};

	if (folder[0] != '/') {
		firmware_refuse(&why, ROAD_FIRMWARE_INVALID_ARGUMENT,
				(struct finding){"the folder is not absolute", folder, "", ""});
		return note(search, folder, &why) ? ROAD_FIRMWARE_NOT_FOUND : out_of_memory(detail);
	}
	for (unsigned i = 0; i < ENDINGS; i++) {
		const road_firmware_error rc = try_ending(search, folder, &endings[i], detail);

		if (!rc || rc == ROAD_FIRMWARE_OUT_OF_MEMORY || rc == ROAD_FIRMWARE_UNSUPPORTED)
			return rc;
	}
	return ROAD_FIRMWARE_NOT_FOUND;
}

/* Folders separated by ':'; empty ones are skipped. */
static road_firmware_error try_list(struct search *search, const char *list,
				    road_firmware_detail *detail)
{
	road_firmware_error rc = ROAD_FIRMWARE_NOT_FOUND;

	while (rc == ROAD_FIRMWARE_NOT_FOUND && *list) {
		const size_t bytes = strcspn(list, ":");
		char *folder = strndup(list, bytes);

		if (!folder)
			return out_of_memory(detail);
		if (bytes)
			rc = try_folder(search, folder, detail);
		free(folder);
		list += bytes + (list[bytes] == ':');
	}
	return rc;
}

static road_firmware_error try_system(struct search *search, road_firmware_detail *detail)
{
	const char *root = search->options.root ? search->options.root : "";
	road_firmware_error rc = ROAD_FIRMWARE_NOT_FOUND;
	struct utsname name;

	if (uname(&name))
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR,
					     "the kernel's release is not known", "uname", errno);
	for (unsigned i = 0; i < sizeof(system_folders) / sizeof(system_folders[0]); i++) {
		const char *text = system_folders[i], *release = strstr(text, "%s");
		char folder[PATH_MAX];

		snprintf(folder, sizeof(folder), "%s%.*s%s", root,
			 release ? (int)(release - text) : (int)strlen(text), text,
			 release ? name.release : "");
		rc = try_folder(search, folder, detail);
		if (rc != ROAD_FIRMWARE_NOT_FOUND)
			break;
	}
	return rc;
}

static road_firmware_error try_all(struct search *search, road_firmware_detail *detail)
{
	const road_firmware_search *options = &search->options;
	/* nothing where the process has more rights than its user: AT_SECURE */
	const char *own = options->flags & ROAD_FIRMWARE_NO_ENV
				  ? NULL
				  : secure_getenv("ROADBED_FIRMWARE_PATH");
	road_firmware_error rc = ROAD_FIRMWARE_NOT_FOUND;

	if (own)
		rc = try_list(search, own, detail);
	if (rc == ROAD_FIRMWARE_NOT_FOUND && options->folders)
		rc = try_list(search, options->folders, detail);
	if (rc == ROAD_FIRMWARE_NOT_FOUND && !(options->flags & ROAD_FIRMWARE_NO_SYSTEM))
		rc = try_system(search, detail);
	return rc;
}

/* ---- the interface ---- */

/* Why nothing was taken: what was there and could not be read says more than what was not. */
static road_firmware_error refuse_all(const struct search *search, road_firmware_error error,
				      road_firmware_detail *detail)
{
	const road_firmware_file *file = search->file;
	const road_firmware_tried *worst = NULL;
	char seen[96];

	for (uint32_t i = 0; i < file->tried_count && !worst; i++)
		if (file->tried[i].error != ROAD_FIRMWARE_NOT_FOUND)
			worst = &file->tried[i];
	snprintf(seen, sizeof(seen), "%u places looked at", file->tried_count);
	if (!worst)
		return firmware_refuse(detail, error,
				       (struct finding){"is in no folder", search->name, seen, ""});
	return firmware_refuse(detail, error,
			       (struct finding){worst->reason, worst->path, seen, ""});
}

static road_firmware_error check_search(struct search *search, const road_firmware_search *options,
					road_firmware_detail *detail)
{
	const uint32_t known = ROAD_FIRMWARE_NO_ENV | ROAD_FIRMWARE_NO_SYSTEM;
	road_firmware_error rc = ROAD_FIRMWARE_OK;

	if (options)
		rc = bytes_struct_in(&search->options, sizeof(search->options), options, "search",
				     detail);
	if (rc)
		return rc;
	if (search->options.flags & ~known)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
					      "flags that are not known", "search, flags",
					      search->options.flags, "of", known);
	search->options.bytes_max = limit(search->options.bytes_max);
	if (!file_name_valid(search->name) || strlen(search->name) >= PATH_MAX - 8)
		return firmware_refuse(
			detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
			(struct finding){"not a relative name of a firmware file", "name",
					 search->name,
					 "a-z A-Z 0-9 . _ - and '/', without . and .. as parts"});
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_find(const char *name, const road_firmware_search *options,
				       road_firmware_file **out, road_firmware_detail *detail)
{
	struct search search = {.name = name};
	road_firmware_error rc;

	if (!name || !out)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", name ? "out" : "name", "", ""});
	*out = NULL;
	rc = check_search(&search, options, detail);
	if (rc)
		return rc;
	search.file = calloc(1, sizeof(*search.file));
	if (!search.file)
		return out_of_memory(detail);
	rc = try_all(&search, detail);
	if (rc == ROAD_FIRMWARE_NOT_FOUND || rc == ROAD_FIRMWARE_UNSUPPORTED)
		refuse_all(&search, rc, detail);
	if (rc && rc != ROAD_FIRMWARE_NOT_FOUND && rc != ROAD_FIRMWARE_UNSUPPORTED)
		road_firmware_file_free(search.file);
	else
		*out = search.file;
	return rc;
}

static const struct ending *ending_of(const char *path)
{
	for (unsigned i = ENDINGS - 1; i; i--) {
		const size_t bytes = strlen(path), own = strlen(endings[i].text);

		if (bytes > own && !strcmp(path + bytes - own, endings[i].text))
			return &endings[i];
	}
	return &endings[0];
}

road_firmware_error road_firmware_open(const char *path, uint64_t bytes_max,
				       road_firmware_file **out, road_firmware_detail *detail)
{
	road_firmware_file *file;
	road_firmware_error rc;
	int fd;

	if (!path || !out)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", path ? "out" : "path", "", ""});
	*out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return firmware_refuse_errno(
			detail, errno == ENOENT ? ROAD_FIRMWARE_NOT_FOUND : ROAD_FIRMWARE_RW_ERROR,
			"cannot be opened", path, errno);
	file = calloc(1, sizeof(*file));
	if (file)
		file->path = strdup(path);
	rc = file && file->path ? take(fd, path, ending_of(path), limit(bytes_max), file, detail)
				: out_of_memory(detail);
	close(fd);
	if (rc)
		road_firmware_file_free(file);
	else
		*out = file;
	return rc;
}

const void *road_firmware_file_bytes(const road_firmware_file *file, size_t *byte_count)
{
	if (byte_count)
		*byte_count = file ? file->byte_count : 0;
	return file ? file->bytes : NULL;
}

const char *road_firmware_file_path(const road_firmware_file *file)
{
	return file && file->path ? file->path : "";
}

road_firmware_error road_firmware_file_tried(const road_firmware_file *file, uint32_t index,
					     road_firmware_tried *out)
{
	if (!file || !out)
		return ROAD_FIRMWARE_INVALID_ARGUMENT;
	if (index >= file->tried_count)
		return ROAD_FIRMWARE_NOT_FOUND;
	*out = file->tried[index];
	return ROAD_FIRMWARE_OK;
}

void road_firmware_file_free(road_firmware_file *file)
{
	if (!file)
		return;
	free(file->bytes);
	free(file->path);
	free(file->tried);
	free(file);
}
