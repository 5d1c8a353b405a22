/* SPDX-License-Identifier: Apache-2.0 */
/* A file as the medium of a store: one process at a time, written through to the disk. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <roadbed/firmware_store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware-loader/detail.h"

struct medium_file {
	int fd;
};

static road_status file_read(void *arg, uint64_t offset, void *bytes, size_t byte_count)
{
	const struct medium_file *file = arg;
	char *to = bytes;

	while (byte_count) {
		const ssize_t n = pread(file->fd, to, byte_count, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ROAD_IO;
		to += n;
		offset += (uint64_t)n;
		byte_count -= (size_t)n;
	}
	return ROAD_OK;
}

static road_status file_write(void *arg, uint64_t offset, const void *bytes, size_t byte_count)
{
	const struct medium_file *file = arg;
	const char *from = bytes;

	while (byte_count) {
		const ssize_t n = pwrite(file->fd, from, byte_count, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ROAD_IO;
		from += n;
		offset += (uint64_t)n;
		byte_count -= (size_t)n;
	}
	return ROAD_OK;
}

static road_status file_flush(void *arg)
{
	const struct medium_file *file = arg;

	return fdatasync(file->fd) ? ROAD_IO : ROAD_OK;
}

/* A file that was just made is there after a cut only once its folder is written, too. */
static int flush_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int fd, rc;

	snprintf(folder, sizeof(folder), "%.*s",
		 slash ? (slash == path ? 1 : (int)(slash - path)) : 1, slash ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* Of the process that has it open, not of whoever forks from it: a lock of the open file. */
static road_firmware_error lock(int fd, const char *path, road_firmware_detail *detail)
{
	struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (!fcntl(fd, F_OFD_SETLK, &all))
		return ROAD_FIRMWARE_OK;
	if (errno == EAGAIN || errno == EACCES)
		return firmware_refuse(detail, ROAD_FIRMWARE_BUSY,
				       (struct finding){"another one has the store open", path,
							"locked", "one at a time"});
	return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot lock", path, errno);
}

/* Regular, locked, of at least so many bytes; *bytes: how many it has. */
static road_firmware_error prepare(int fd, const char *path, uint64_t *bytes,
				   road_firmware_detail *detail)
{
	road_firmware_error rc;
	struct stat st;

	if (fstat(fd, &st))
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be looked at",
					     path, errno);
	if (!S_ISREG(st.st_mode))
		return firmware_refuse(detail, ROAD_FIRMWARE_RW_ERROR,
				       (struct finding){"not a regular file", path, "", ""});
	rc = lock(fd, path, detail);
	if (rc)
		return rc;
	if (fstat(fd, &st)) /* who had the lock before may have made it larger */
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be looked at",
					     path, errno);
	if ((uint64_t)st.st_size >= *bytes) {
		*bytes = (uint64_t)st.st_size;
		return ROAD_FIRMWARE_OK;
	}
	if (ftruncate(fd, (off_t)*bytes) || fsync(fd) || flush_folder(path))
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be made", path,
					     errno);
	return ROAD_FIRMWARE_OK;
}

road_firmware_error road_firmware_medium_file(const char *path, uint64_t bytes,
					      road_firmware_medium *out,
					      road_firmware_detail *detail)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (bytes ? O_CREAT : 0);
	struct medium_file *file;
	road_firmware_error rc;
	int fd;

	if (!path || !out)
		return firmware_refuse(detail, ROAD_FIRMWARE_INVALID_ARGUMENT,
				       (struct finding){"is NULL", path ? "out" : "path", "", ""});
	if (bytes > INT64_MAX)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG, "more than a file has",
					      path, bytes, "at most # bytes", INT64_MAX);
	fd = open(path, flags, 0600);
	if (fd < 0)
		return firmware_refuse_errno(
			detail, errno == ENOENT ? ROAD_FIRMWARE_NOT_FOUND : ROAD_FIRMWARE_RW_ERROR,
			"cannot open the store", path, errno);
	rc = prepare(fd, path, &bytes, detail);
	if (rc)
		goto close_fd;
	file = malloc(sizeof(*file));
	if (!file) {
		rc = firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				     (struct finding){"out of memory", path, "", ""});
		goto close_fd;
	}
	file->fd = fd;
	*out = (road_firmware_medium){.size = sizeof(*out),
				      .bytes = bytes,
				      .arg = file,
				      .read = file_read,
				      .write = file_write,
				      .flush = file_flush};
	return ROAD_FIRMWARE_OK;

close_fd:
	close(fd);
	return rc;
}

void road_firmware_medium_close(road_firmware_medium *medium)
{
	struct medium_file *file = medium ? medium->arg : NULL;

	if (!file)
		return;
	close(file->fd);
	free(file);
	medium->arg = NULL;
}
