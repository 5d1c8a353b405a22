/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By the calls of <drm.h>, as libdrm declares them: its own functions repeat a call that is
 * interrupted for ever. Nodes of accel are DRM's, too. Whatever stands at the path may answer
 * anything.
 */
#include "hal/bus/facts_drm.h"
#include "hal/bus/sysfs.h"

#include <drm.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct ask {
	struct road_facts *facts;
	unsigned number;
	int fd; /* -1: not to be opened, or it cannot be */
	int error;
};

static const char *full_name(const struct ask *ask, const char *name, char out[64])
{
	snprintf(out, 64, "node.%u.%s", ask->number, name);
	return out;
}

static void add_text(const struct ask *ask, const char *name, const char *text)
{
	char full[64];

	road_fact_text(ask->facts, ROAD_SOURCE_KERNEL, full_name(ask, name, full), text);
}

enum { TRIES = 100 }; /* of what is interrupted */

static bool call(const struct ask *ask, unsigned long request, void *argument)
{
	for (unsigned tries = 0; ask->fd >= 0 && tries < TRIES; tries++) {
		if (!ioctl(ask->fd, request, argument))
			return true;
		if (errno != EINTR && errno != EAGAIN)
			return false;
	}
	return false;
}

static void ask_version(const struct ask *ask)
{
	char name[64] = "", text[48] = "";
	struct drm_version version = {.name_len = sizeof(name) - 1, .name = name};
	const bool known = call(ask, DRM_IOCTL_VERSION, &version);

	name[sizeof(name) - 1] = 0;
	if (known)
		snprintf(text, sizeof(text), "%d.%d.%d", version.version_major,
			 version.version_minor, version.version_patchlevel);
	add_text(ask, "drm.driver", known ? name : "");
	add_text(ask, "drm.version", text);
}

static void ask_cap(const struct ask *ask, const char *name, uint64_t cap, uint64_t mask)
{
	struct drm_get_cap get = {.capability = cap};
	char full[64];

	full_name(ask, name, full);
	if (call(ask, DRM_IOCTL_GET_CAP, &get))
		road_fact_bool(ask->facts, ROAD_SOURCE_KERNEL, full, get.value & mask);
	else
		road_fact_unknown(ask->facts, ROAD_SOURCE_KERNEL, full, "");
}

/* An interrupted open is tried again, but not for ever. */
static int open_node(const char *path, int *error)
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

void road_facts_drm(struct road_facts *facts, const struct road_node *node, unsigned number)
{
	struct ask ask = {.facts = facts, .number = number, .fd = -1};

	if (!facts->no_wake && node->path[0])
		ask.fd = open_node(node->path, &ask.error);
	add_text(&ask, "access",
		 facts->no_wake ? ""
		 : ask.fd >= 0  ? "read and write"
				: strerror(ask.error));
	ask_version(&ask);
	ask_cap(&ask, "drm.prime_import", DRM_CAP_PRIME, DRM_PRIME_CAP_IMPORT);
	ask_cap(&ask, "drm.prime_export", DRM_CAP_PRIME, DRM_PRIME_CAP_EXPORT);
	ask_cap(&ask, "drm.syncobj", DRM_CAP_SYNCOBJ, UINT64_MAX);
	ask_cap(&ask, "drm.syncobj_timeline", DRM_CAP_SYNCOBJ_TIMELINE, UINT64_MAX);
	if (ask.fd >= 0)
		close(ask.fd);
}
