/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of accelerators, by libudev. It needs no daemon for that. Its objects belong to one thread,
 * so each look has a context of its own; a parent lives as long as its child and is not released.
 */
#include "hal/bus/discover.h"
#include "hal/bus/sysfs.h"

#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool wanted(const char *scheme, const char *name)
{
	const char *start = strcmp(scheme, "drm") ? "accel" : "renderD";

	return !strncmp(name, start, strlen(start));
}

static void take(struct road_nodes *nodes, const char *scheme, struct udev_device *device)
{
	const char *name = udev_device_get_sysname(device), *path = udev_device_get_devnode(device);
	struct udev_device *above =
		udev_device_get_parent_with_subsystem_devtype(device, "pci", NULL);
	const char *place = above ? udev_device_get_sysname(above) : NULL;

	if (!name || !wanted(scheme, name) || strlen(name) >= sizeof(nodes->at->name))
		return;
	struct road_node *node = &nodes->at[nodes->count++];

	*node = (struct road_node){0};
	snprintf(node->name, sizeof(node->name), "%s", name);
	snprintf(node->scheme, sizeof(node->scheme), "%s", scheme);
	snprintf(node->path, sizeof(node->path), "%s", path ? path : "");
	if (place && road_pci_place(place))
		snprintf(node->function, sizeof(node->function), "%s", place);
	road_text_clean(node->name);
	road_text_clean(node->path);
}

static void find(struct udev *udev, const char *scheme, struct road_nodes *nodes)
{
	struct udev_enumerate *all = udev_enumerate_new(udev);
	struct udev_list_entry *entry = NULL;

	if (all && udev_enumerate_add_match_subsystem(all, scheme) >= 0 &&
	    udev_enumerate_scan_devices(all) >= 0)
		entry = udev_enumerate_get_list_entry(all);
	for (; entry && nodes->count < ROAD_FOUND_MAX; entry = udev_list_entry_get_next(entry)) {
		struct udev_device *device =
			udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));

		if (!device) /* it went away since */
			continue;
		take(nodes, scheme, device);
		udev_device_unref(device);
	}
	udev_enumerate_unref(all);
}

static int by_name(const void *a, const void *b)
{
	const struct road_node *x = a, *y = b;
	int order = strcmp(x->scheme, y->scheme);

	if (!order && strlen(x->name) != strlen(y->name)) /* accel10 after accel9 */
		order = strlen(x->name) < strlen(y->name) ? -1 : 1;
	return order ? order : strcmp(x->name, y->name);
}

bool road_nodes_find(struct road_nodes *out)
{
	struct udev *udev = udev_new();

	*out = (struct road_nodes){calloc(ROAD_FOUND_MAX, sizeof(*out->at)), 0};
	if (!udev || !out->at) {
		udev_unref(udev);
		road_nodes_free(out);
		return false;
	}
	find(udev, "accel", out);
	find(udev, "drm", out);
	udev_unref(udev);
	qsort(out->at, out->count, sizeof(*out->at), by_name);
	return true;
}

void road_nodes_free(struct road_nodes *nodes)
{
	free(nodes->at);
	*nodes = (struct road_nodes){0};
}
