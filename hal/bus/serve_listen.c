/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that a server listens at, in a folder that nobody else can look into. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/core/error.h"

enum { BACKLOG = 16 };

#define LOCK_NS UINT64_C(1000000000) /* for other servers that start in the folder */

static const char *const where = "road_sim_server_create: socket";

/* The folder of the path; false: it does not fit. */
static bool folder_of(const char *path, char *out, size_t bytes)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return snprintf(out, bytes, ".") < (int)bytes;
	if (slash == path)
		return snprintf(out, bytes, "/") < (int)bytes;
	return snprintf(out, bytes, "%.*s", (int)(slash - path), path) < (int)bytes;
}

/* Made if it is missing; nobody else may look into it. */
static road_status check_folder(const char *path)
{
	struct sockaddr_un room;
	char folder[sizeof(room.sun_path)], mode[16];
	struct stat stat;

	if (!folder_of(path, folder, sizeof(folder)) || strlen(path) >= sizeof(room.sun_path))
		return road_fail(ROAD_INVALID_ARGUMENT, "path of the socket is too long", where,
				 path, "at most 107 characters");
	if (mkdir(folder, 0700) && errno != EEXIST)
		return road_fail(ROAD_IO, "folder of the socket cannot be made", where, folder,
				 errno == ENOENT ? "one in a folder that is there"
						 : strerror(errno));
	if (lstat(folder, &stat))
		return road_fail(ROAD_IO, "folder of the socket cannot be looked at", where,
				 strerror(errno), "");
	snprintf(mode, sizeof(mode), "mode %03o", (unsigned)(stat.st_mode & 0777));
	if (!S_ISDIR(stat.st_mode) || stat.st_uid != geteuid() || stat.st_mode & 077)
		return road_fail(ROAD_PERMISSION, "others may look into the folder of the socket",
				 where, S_ISDIR(stat.st_mode) ? mode : "no folder",
				 "a folder of this user, of mode 700");
	return ROAD_OK;
}

static void fill_name(const char *path, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(out->sun_path, sizeof(out->sun_path), "%s", path);
}

/* What a server left behind that ended without a word goes; one that answers stays. */
static road_status clear_path(const char *path)
{
	struct sockaddr_un name;
	struct stat stat;

	if (lstat(path, &stat))
		return ROAD_OK;
	if (!S_ISSOCK(stat.st_mode))
		return road_fail(ROAD_INVALID_ARGUMENT, "there is something else at the path",
				 where, path, "a path where nothing is, or an old socket");
	const int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no descriptor left", where, "", "");
	fill_name(path, &name);
	const bool dead = connect(sock, (const struct sockaddr *)&name, sizeof(name)) &&
			  errno == ECONNREFUSED;

	close(sock);
	if (!dead)
		return road_fail(ROAD_BUSY, "another server listens there", where, path, "");
	unlink(path);
	return ROAD_OK;
}

/* Of servers that start together none takes for dead what another has bound, and does not listen to
 * yet. *out: to be closed; the folder itself is locked, so that nothing is left behind. */
static road_status lock_folder(const char *path, int *out)
{
	const uint64_t deadline = road_deadline_after(LOCK_NS);
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)] = "";

	folder_of(path, folder, sizeof(folder));
	*out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out < 0)
		return road_fail(ROAD_IO, "folder of the socket cannot be opened", where,
				 strerror(errno), "");
	while (flock(*out, LOCK_EX | LOCK_NB)) {
		if (road_host_now_ns() > deadline) {
			close(*out);
			return road_fail(ROAD_BUSY, "another server is starting in the folder",
					 where, folder, "");
		}
		poll(NULL, 0, 1);
	}
	return ROAD_OK;
}

/* Under the folder's lock. */
static road_status bind_at(struct road_listener *listener)
{
	struct sockaddr_un name;
	struct stat stat;
	road_status status = clear_path(listener->path);

	if (status)
		return status;
	fill_name(listener->path, &name);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The mode of the socket becomes that of the file. */
	if (listener->fd < 0 || fchmod(listener->fd, 0600) ||
	    bind(listener->fd, (const struct sockaddr *)&name, sizeof(name)))
		return road_fail(ROAD_IO, "socket cannot be made", where, strerror(errno), "");
	if (!lstat(listener->path, &stat)) {
		listener->device = stat.st_dev;
		listener->inode = stat.st_ino;
	}
	if (listen(listener->fd, BACKLOG))
		return road_fail(ROAD_IO, "socket cannot be listened to", where, strerror(errno),
				 "");
	return ROAD_OK;
}

road_status road_listen(struct road_listener *listener, const char *path)
{
	listener->path = strdup(path);
	if (!listener->path)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a socket", where, "", "");
	road_status status = check_folder(listener->path);
	int lock;

	if (!status)
		status = lock_folder(listener->path, &lock);
	if (status)
		return status;
	status = bind_at(listener);
	close(lock);
	return status;
}

/* The file goes if it is still ours. */
static void forget_path(const struct road_listener *listener)
{
	struct stat stat;

	if (listener->inode && !lstat(listener->path, &stat) && stat.st_dev == listener->device &&
	    stat.st_ino == listener->inode)
		unlink(listener->path);
}

void road_unlisten(struct road_listener *listener)
{
	if (listener->fd >= 0) {
		forget_path(listener);
		close(listener->fd);
	}
	free(listener->path);
	*listener = (struct road_listener){.fd = -1};
}
