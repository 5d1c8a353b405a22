/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool printable(char c)
{
	return c >= ' ' && c <= '~';
}

void road_text_clean(char *text)
{
	for (; *text; text++)
		if (!printable(*text))
			*text = '?';
}

static bool path_of(char path[PATH_MAX], const char *folder, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);

	return length > 0 && length < PATH_MAX;
}

ssize_t road_sysfs_read_all(int fd, char *out, size_t room)
{
	size_t used = 0;
	ssize_t got = 1;

	for (unsigned interrupted = 0; used < room && got && interrupted < 100;) {
		got = read(fd, out + used, room - used);
		if (got < 0 && errno == EINTR) {
			interrupted++;
			got = 1;
			continue;
		}
		if (got < 0)
			return -1;
		used += (size_t)got;
	}
	return got ? -1 : (ssize_t)used; /* not at its end: too long */
}

bool road_sysfs_read(const char *folder, const char *name, char *out, size_t bytes)
{
	char path[PATH_MAX];

	if (!path_of(path, folder, name))
		return false;
	/* Whatever stands there instead of a file: nothing is waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return false;
	ssize_t length = road_sysfs_read_all(fd, out, bytes);

	close(fd);
	if (length <= 0 || (size_t)length >= bytes)
		return false;
	for (ssize_t i = 0; i < length; i++)
		if (out[i] == '\t')
			out[i] = ' ';
		else if (!printable(out[i]) && out[i] != '\n')
			out[i] = '?';
	out[length] = 0;
	return true;
}

bool road_sysfs_text(const char *folder, const char *name, char *out, size_t bytes)
{
	char all[ROAD_SYSFS_MAX];

	if (!road_sysfs_read(folder, name, all, sizeof(all)))
		return false;
	char *from = all + strspn(all, " ");
	size_t length = strcspn(from, "\n");

	while (length && from[length - 1] == ' ')
		length--;
	snprintf(out, bytes, "%.*s", (int)length, from);
	return length > 0;
}

bool road_sysfs_u64(const char *folder, const char *name, uint64_t *out)
{
	char text[32], *end;

	if (!road_sysfs_text(folder, name, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return false;
	const bool hexadecimal = text[0] == '0' && text[1] == 'x';

	errno = 0;
	uint64_t value = strtoull(text, &end, hexadecimal ? 16 : 10);

	if (errno || *end)
		return false;
	*out = value;
	return true;
}

bool road_sysfs_f64(const char *folder, const char *name, double *out)
{
	char text[32], *end;

	if (!road_sysfs_text(folder, name, text, sizeof(text)) ||
	    strspn(text, "-0123456789.") != strlen(text))
		return false;
	*out = strtod(text, &end);
	return end != text && !*end;
}

bool road_sysfs_link(const char *folder, const char *name, char *out, size_t bytes)
{
	char path[PATH_MAX], target[PATH_MAX];

	if (!path_of(path, folder, name))
		return false;
	ssize_t length = readlink(path, target, sizeof(target));

	if (length <= 0 || (size_t)length >= sizeof(target))
		return false;
	target[length] = 0;
	const char *slash = strrchr(target, '/');

	snprintf(out, bytes, "%s", slash ? slash + 1 : target);
	road_text_clean(out);
	return out[0];
}

bool road_sysfs_folder(const char *folder)
{
	struct stat is;

	return !stat(folder, &is) && S_ISDIR(is.st_mode);
}

bool road_sysfs_public(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat is;

	return path_of(path, folder, name) && !lstat(path, &is) && S_ISREG(is.st_mode) &&
	       is.st_mode & S_IROTH;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* false: no host memory. */
static bool add_name(struct road_sysfs_names *names, uint32_t *room, const char *name)
{
	if (names->count == *room) {
		const uint32_t more = *room ? *room * 2 : 64;
		void *at = realloc(names->at, more * sizeof(*names->at));

		if (!at)
			return false;
		names->at = at;
		*room = more;
	}
	snprintf(names->at[names->count++], sizeof(*names->at), "%s", name);
	return true;
}

bool road_sysfs_list(const char *folder, struct road_sysfs_names *out)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	uint32_t room = 0;
	bool fits = true;

	*out = (struct road_sysfs_names){NULL, 0};
	while (dir && fits && out->count < ROAD_SYSFS_NAMES_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < sizeof(*out->at))
			fits = add_name(out, &room, entry->d_name);
	if (dir)
		closedir(dir);
	if (!fits)
		road_sysfs_names_free(out);
	else if (out->count)
		qsort(out->at, out->count, sizeof(*out->at), by_name);
	return fits;
}

void road_sysfs_names_free(struct road_sysfs_names *names)
{
	free(names->at);
	*names = (struct road_sysfs_names){NULL, 0};
}

bool road_sysfs_own_folder(const char *folder)
{
	struct stat is;

	return !lstat(folder, &is) && S_ISDIR(is.st_mode);
}

bool road_sysfs_present(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat is;

	return path_of(path, folder, name) && !stat(path, &is);
}

void road_text_word(char *text)
{
	for (; *text; text++) {
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
		else if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9'))
			*text = '_';
	}
}
