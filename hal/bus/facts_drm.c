/* SPDX-License-Identifier: Apache-2.0 */
/* By the calls of <drm.h>, as libdrm declares them. Nodes of accel are DRM's, too. */
#include "hal/bus/facts_drm.h"
#include "hal/bus/node.h"

#include <drm.h>
#include <stdio.h>
#include <string.h>
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

static bool call(const struct ask *ask, unsigned long request, void *argument)
{
	return !road_node_file_call(ask->fd, request, argument);
}

static void ask_version(const struct ask *ask)
{
	char name[64], version[48];

	(void)road_node_file_driver(ask->fd, name, version);
	add_text(ask, "drm.driver", name);
	add_text(ask, "drm.version", version);
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

void road_facts_drm(struct road_facts *facts, const struct road_node *node, unsigned number)
{
	struct ask ask = {.facts = facts, .number = number, .fd = -1};

	if (!facts->no_wake && node->path[0])
		ask.fd = road_node_file_open(node->path, &ask.error);
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
