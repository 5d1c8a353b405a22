/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/roadbed/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_output {
	struct file_output *next;
	char *path; /* with links resolved, so that the link is not what is replaced */
	char *temp; /* NULL: written in place, or already renamed */
	int fd;
};

static int system_error(struct tool_error *error, const char *path, const char *what)
{
	return tool_error_set(error, path, what, strerror(errno), "");
}

static int read_all(int fd, size_t expected, uint64_t max, const char *path, void **data,
		    size_t *bytes, struct tool_error *error)
{
	size_t room = expected + 1, used = 0;
	char *out = malloc(room);

	while (out) {
		ssize_t got = read(fd, out + used, room - used - 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(out);
			return system_error(error, path, "cannot be read");
		}
		used += (size_t)got;
		if (used > max) {
			free(out);
			return tool_error_allow(error, path, "is too large", "", "%llu bytes",
						(unsigned long long)max);
		}
		if (!got) {
			out[used] = 0;
			*data = out;
			*bytes = used;
			return 0;
		}
		if (used + 1 == room) {
			char *more = realloc(out, room *= 2);

			if (!more)
				free(out);
			out = more;
		}
	}
	return tool_error_set(error, path, "out of host memory", "", "");
}

int file_read(const char *path, uint64_t max, void **data, size_t *bytes, struct tool_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return system_error(error, path, "cannot be opened");
	if (fstat(fd, &st))
		rc = system_error(error, path, "cannot be read");
	else if (S_ISDIR(st.st_mode))
		rc = tool_error_set(error, path, "is a directory", "", "a file");
	else
		rc = read_all(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 4096, max, path,
			      data, bytes, error);
	close(fd);
	return rc;
}

static bool same_path_in(const struct file_set *set, const char *path)
{
	for (const struct file_output *f = set->head; f; f = f->next)
		if (!strcmp(f->path, path))
			return true;
	return false;
}

/* `path` with links resolved, also if the last part does not exist yet. */
static char *resolve(const char *path)
{
	char *whole = realpath(path, NULL), *folder, *out = NULL;
	const char *slash = strrchr(path, '/');

	if (whole || errno != ENOENT)
		return whole;
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	whole = folder ? realpath(folder, NULL) : NULL;
	if (whole && asprintf(&out, "%s/%s", whole, slash ? slash + 1 : path) < 0)
		out = NULL;
	free(whole);
	free(folder);
	return out;
}

static int open_beside(struct file_output *f, mode_t mode)
{
	const char *slash = strrchr(f->path, '/');

	if (asprintf(&f->temp, "%.*s/.%s.XXXXXX", (int)(slash - f->path), f->path, slash + 1) < 0)
		return -1;
	f->fd = mkostemp(f->temp, O_CLOEXEC);
	if (f->fd < 0) {
		free(f->temp);
		f->temp = NULL;
		return -1;
	}
	return fchmod(f->fd, mode);
}

static int open_output(struct file_output *f)
{
	mode_t mask = umask(0);
	struct stat st;

	umask(mask);
	if (stat(f->path, &st))
		return open_beside(f, 0666 & ~mask);
	if (S_ISREG(st.st_mode))
		return open_beside(f, st.st_mode & 0777);
	f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
	return f->fd < 0 ? -1 : 0;
}

static void output_free(struct file_output *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	free(f);
}

int file_add(struct file_set *set, const char *path, int *fd, struct tool_error *error)
{
	struct file_output *f = calloc(1, sizeof(*f));

	if (!f)
		tool_no_memory();
	f->fd = -1;
	f->path = resolve(path);
	if (!f->path || open_output(f)) {
		system_error(error, path, "cannot be written");
		output_free(f);
		return -1;
	}
	if (f->temp && same_path_in(set, f->path)) {
		output_free(f);
		return tool_error_set(error, path, "is to be written twice", "", "");
	}
	if (!set->tail)
		set->tail = &set->head;
	*set->tail = f;
	set->tail = &f->next;
	*fd = f->fd;
	return 0;
}

int file_write(int fd, const char *path, const void *data, size_t bytes, struct tool_error *error)
{
	const char *at = data;

	while (bytes) {
		ssize_t put = write(fd, at, bytes);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return system_error(error, path, "cannot be written");
		at += put;
		bytes -= (size_t)put;
	}
	return 0;
}

int file_commit(struct file_set *set, struct tool_error *error)
{
	for (struct file_output *f = set->head; f; f = f->next) {
		int fd = f->fd;

		f->fd = -1;
		if (close(fd))
			return system_error(error, f->path, "cannot be written");
	}
	for (struct file_output *f = set->head; f; f = f->next) {
		if (f->temp && rename(f->temp, f->path))
			return system_error(error, f->path, "cannot be written");
		free(f->temp);
		f->temp = NULL;
	}
	return 0;
}

void file_abandon(struct file_set *set)
{
	while (set->head) {
		struct file_output *f = set->head;

		set->head = f->next;
		output_free(f);
	}
	set->tail = NULL;
}
