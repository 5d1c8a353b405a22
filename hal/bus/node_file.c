/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls on a node, as <drm.h> and libdrm's documentation declare them; libdrm's own
 * functions repeat a call that is interrupted for ever. Whatever stands at the path may answer
 * anything.
 */
#include "hal/bus/node.h"

#include <drm.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { TRIES = 1000 }; /* of what is interrupted */

int road_node_file_open(const char *path, int *error)
{
	int fd = -1;

	for (unsigned tries = 0; fd < 0 && tries < TRIES; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		*error = fd < 0 ? errno : 0;
		if (*error != EINTR)
			break;
	}
	return fd;
}

int road_node_file_call(int fd, unsigned long request, void *argument)
{
	int error = EBADF;

	for (unsigned tries = 0; fd >= 0 && tries < TRIES; tries++) {
		if (!ioctl(fd, request, argument))
			return 0;
		error = errno;
		if (error != EINTR && error != EAGAIN)
			break;
	}
	return error;
}

bool road_node_file_driver(int fd, char name[64], char version[48])
{
	char own[64] = "";
	struct drm_version answer = {.name_len = sizeof(own) - 1, .name = own};

	name[0] = version[0] = 0;
	if (road_node_file_call(fd, DRM_IOCTL_VERSION, &answer))
		return false;
	own[sizeof(own) - 1] = 0;
	memcpy(name, own, sizeof(own));
	snprintf(version, 48, "%d.%d.%d", answer.version_major, answer.version_minor,
		 answer.version_patchlevel);
	return true;
}
