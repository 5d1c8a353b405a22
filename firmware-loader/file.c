/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware-loader/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware-loader/detail.h"

enum { OPEN_TRIES = 8 };

static bool part_valid(const char *part, size_t bytes)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	if (!bytes || strspn(part, allowed) < bytes)
		return false;
	return !(part[0] == '.' && (bytes == 1 || (bytes == 2 && part[1] == '.')));
}

bool file_name_valid(const char *name)
{
	for (;;) {
		const size_t bytes = strcspn(name, "/");

		if (!part_valid(name, bytes))
			return false;
		if (!name[bytes])
			return true;
		name += bytes + 1;
	}
}

/* What a link or a mount does while it is looked up, the kernel asks to try again. */
static int openat2_beneath(int folder, const char *name)
{
	const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				     .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = -1;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = syscall(SYS_openat2, folder, name, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

static road_firmware_error refuse_open(const char *name, int error_number,
				       road_firmware_detail *detail)
{
	switch (error_number) {
	case ENOENT:
	case ENOTDIR:
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_NOT_FOUND, "is not there", name,
					     error_number);
	case EXDEV:
		return firmware_refuse(detail, ROAD_FIRMWARE_RW_ERROR,
				       (struct finding){"a link leaves the folder", name, "",
							"links within the folder"});
	case ENOSYS:
		return firmware_refuse(detail, ROAD_FIRMWARE_UNSUPPORTED,
				       (struct finding){"the kernel lacks openat2, which keeps "
							"links within the folder",
							name, "", "Linux 5.6 or later"});
	default:
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be opened",
					     name, error_number);
	}
}

road_firmware_error file_open_beneath(const char *folder, const char *name, int *fd,
				      road_firmware_detail *detail)
{
	const int at = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error_number;

	if (at < 0)
		return firmware_refuse_errno(detail,
					     errno == ENOENT || errno == ENOTDIR
						     ? ROAD_FIRMWARE_NOT_FOUND
						     : ROAD_FIRMWARE_RW_ERROR,
					     "its folder cannot be opened", folder, errno);
	*fd = openat2_beneath(at, name);
	error_number = errno;
	close(at);
	return *fd < 0 ? refuse_open(name, error_number, detail) : ROAD_FIRMWARE_OK;
}

/* Up to room bytes, or < 0. */
static ssize_t read_all(int fd, char *to, size_t room)
{
	size_t used = 0;

	while (used < room) {
		const ssize_t n = read(fd, to + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

road_firmware_error file_read(int fd, const char *where, uint64_t bytes_max, void **out,
			      size_t *out_bytes, road_firmware_detail *detail)
{
	struct stat st;
	size_t room;
	ssize_t n;
	void *bytes;

	if (fstat(fd, &st))
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be looked at",
					     where, errno);
	if (!S_ISREG(st.st_mode))
		return firmware_refuse(detail, ROAD_FIRMWARE_RW_ERROR,
				       (struct finding){"not a regular file", where,
							S_ISDIR(st.st_mode) ? "a folder" : "", ""});
	if ((uint64_t)st.st_size > bytes_max)
		return firmware_refuse_number(detail, ROAD_FIRMWARE_TOO_BIG, "the file is too big",
					      where, (uint64_t)st.st_size, "at most # bytes",
					      bytes_max);
	room = (size_t)st.st_size + 1; /* one more: whether it grew meanwhile */
	bytes = malloc(room);
	if (!bytes)
		return firmware_refuse(detail, ROAD_FIRMWARE_OUT_OF_MEMORY,
				       (struct finding){"out of memory", where, "", ""});
	n = read_all(fd, bytes, room);
	if (n == (ssize_t)st.st_size) {
		*out = bytes;
		*out_bytes = (size_t)n;
		return ROAD_FIRMWARE_OK;
	}
	free(bytes);
	if (n < 0)
		return firmware_refuse_errno(detail, ROAD_FIRMWARE_RW_ERROR, "cannot be read",
					     where, errno);
	return firmware_refuse(detail, ROAD_FIRMWARE_RW_ERROR,
			       (struct finding){"it changed while it was read", where, "", ""});
}
