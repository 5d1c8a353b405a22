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

/* The place of the function that it belongs to: above it, or as an attribute says. */
static const char *place_of(struct udev_device *device, const struct road_node_class *node_class)
{
	struct udev_device *above =
		udev_device_get_parent_with_subsystem_devtype(device, "pci", NULL);

	if (above)
		return udev_device_get_sysname(above);
	return node_class->place ? udev_device_get_sysattr_value(device, node_class->place) : NULL;
}

static void take(struct road_nodes *nodes, struct udev_device *device)
{
	const char *name = udev_device_get_sysname(device), *path = udev_device_get_devnode(device);
	const char *subsystem = udev_device_get_subsystem(device);
	const struct road_node_class *node_class =
		name && subsystem ? road_node_class_of(subsystem, name) : NULL;
	const char *place = node_class ? place_of(device, node_class) : NULL;

	if (!node_class || strlen(name) >= sizeof(nodes->at->name))
		return;
	struct road_node *node = &nodes->at[nodes->count++];

	*node = (struct road_node){0};
	snprintf(node->name, sizeof(node->name), "%s", name);
	snprintf(node->scheme, sizeof(node->scheme), "%s", road_node_class_scheme(node_class));
	snprintf(node->path, sizeof(node->path), "%s", path ? path : "");
	snprintf(node->folder, sizeof(node->folder), "/sys/class/%s/%s", subsystem, name);
	if (place && road_pci_place(place))
		snprintf(node->function, sizeof(node->function), "%s", place);
	for (char *at = node->name; *at; at++) /* "tenstorrent/0": an address has none */
		if (*at == '/' || *at == '!')
			*at = '-';
	road_text_clean(node->name);
	road_text_clean(node->path);
}

static void find(struct udev *udev, struct road_nodes *nodes)
{
	struct udev_enumerate *all = udev_enumerate_new(udev);
	struct udev_list_entry *entry = NULL;
	bool able = all;

	for (unsigned i = 0; able && i < road_node_class_count; i++)
		able = udev_enumerate_add_match_subsystem(all, road_node_classes[i].subsystem) >= 0;
	if (able && udev_enumerate_scan_devices(all) >= 0)
		entry = udev_enumerate_get_list_entry(all);
	for (; entry && nodes->count < ROAD_FOUND_MAX; entry = udev_list_entry_get_next(entry)) {
		struct udev_device *device =
			udev_device_new_from_syspath(udev, udev_list_entry_get_name(entry));

		if (!device) /* it went away since */
			continue;
		take(nodes, device);
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
	find(udev, out);
	udev_unref(udev);
	qsort(out->at, out->count, sizeof(*out->at), by_name);
	return true;
}

void road_nodes_free(struct road_nodes *nodes)
{
	free(nodes->at);
	*nodes = (struct road_nodes){0};
}
