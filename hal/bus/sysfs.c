/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/sysfs.h"

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

/* The number of bytes that were read, at most `room`; -1: an error. */
static ssize_t read_file(int fd, char *out, size_t room)
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
	ssize_t length = read_file(fd, out, bytes);

	close(fd);
	if (length <= 0 || (size_t)length >= bytes)
		return false;
	for (ssize_t i = 0; i < length; i++)
		if (!printable(out[i]) && out[i] != '\n')
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

bool road_sysfs_present(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat is;

	return path_of(path, folder, name) && !stat(path, &is);
}
