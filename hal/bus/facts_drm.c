/* SPDX-License-Identifier: Apache-2.0 */
/* By libdrm. Nodes of accel are DRM's, too. Whatever stands at the path may answer anything. */
#include "hal/bus/facts_drm.h"
#include "hal/bus/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

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

static void ask_version(const struct ask *ask)
{
	drmVersionPtr version = ask->fd < 0 ? NULL : drmGetVersion(ask->fd);
	char text[96] = "", driver[64] = "";

	if (version) {
		snprintf(text, sizeof(text), "%d.%d.%d", version->version_major,
			 version->version_minor, version->version_patchlevel);
		if (version->name)
			snprintf(driver, sizeof(driver), "%.*s",
				 version->name_len < 0 ? 0 : version->name_len, version->name);
	}
	add_text(ask, "drm.driver", driver);
	add_text(ask, "drm.version", text);
	if (version)
		drmFreeVersion(version);
}

static void ask_cap(const struct ask *ask, const char *name, uint64_t cap, uint64_t mask)
{
	uint64_t value = 0;
	char full[64];

	full_name(ask, name, full);
	if (ask->fd >= 0 && !drmGetCap(ask->fd, cap, &value))
		road_fact_bool(ask->facts, ROAD_SOURCE_KERNEL, full, value & mask);
	else
		road_fact_unknown(ask->facts, ROAD_SOURCE_KERNEL, full, "");
}

/* An interrupted open is tried again, but not for ever. */
static int open_node(const char *path, int *error)
{
	int fd = -1;

	for (unsigned tries = 0; fd < 0 && tries < 100; tries++) {
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
