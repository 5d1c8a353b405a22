/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device's folder has beyond what Roadbed knows: files of a kernel driver that it never
 * heard of are shown as they are. Files that not everybody may read are left alone: reading those
 * may do something. So are other devices below it.
 */
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { REST_MAX = 256, DEPTH_MAX = 6 }; /* files, folders in folders */

static const struct {
	const char *name, *why;
} left_out[] = {
	{"class", "pci.class says it"},
	{"vendor", "pci.vendor says it"},
	{"device", "pci.device says it"},
	{"revision", "pci.revision says it"},
	{"subsystem_vendor", "pci.subsystem_vendor says it"},
	{"subsystem_device", "pci.subsystem says it"},
	{"resource", "pci.barN.bytes say it"},
	{"resource[0-9]*", "the device's memory, not a text"},
	{"config", "configuration space, not a text"},
	{"rom", "the device's code, not a text"},
	{"vpd", "reading it takes long, and it is not a text"},
	{"modalias", "ids in another form"},
	{"uevent", "what other files say, too"},
	{"pools", "the kernel's own bookkeeping"},
	{"msi_irqs", "a file for each interrupt"},
	{"pcie_bw", "reading it takes a second"},
	{"gpu_metrics", "not a text"},
	{"pp_table", "not a text"},
	{"ip_discovery", "a folder for each part of the chip"},
	{"hwmon", "facts_hwmon.c says it"},
	{"*[0-9]_label", "a part of its sensor's name"},
};

struct walk {
	struct road_facts *facts;
	uint32_t taken;
};

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (!fnmatch(left_out[i].name, name, 0))
			return true;
	return false;
}

/* May be a part of a property's name as it is. */
static bool is_word(const char *name)
{
	return !name[strspn(name,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

/* Nodes of it are other devices to the kernel, and its own to us. */
static bool is_other_device(const char *path, const char *prefix)
{
	const size_t length = strlen(prefix);
	const bool node = (length >= 4 && !strcmp(prefix + length - 4, "drm.")) ||
			  (length >= 6 && !strcmp(prefix + length - 6, "accel."));

	return !node && road_sysfs_present(path, "uevent");
}

static void take_file(struct walk *walk, const char *folder, const char *prefix, const char *file)
{
	char name[64];
	const struct road_fact_row row = {
		.name = name, .unit = "", .file = file, .how = ROAD_FACT_LINES | ROAD_FACT_WAKES};

	if (road_facts_has(walk->facts, folder, file) || !road_sysfs_public(folder, file) ||
	    snprintf(name, sizeof(name), "sysfs.%s%s", prefix, file) >= (int)sizeof(name))
		return;
	walk->taken += road_fact_file(walk->facts, folder, &row) != NULL;
}

static void look_into(struct walk *walk, const char *folder, const char *prefix, unsigned depth)
{
	struct road_sysfs_names names;

	walk->facts->full |= !road_sysfs_list(folder, &names);
	for (uint32_t i = 0; i < names.count && walk->taken < REST_MAX; i++)
		if (!is_left_out(names.at[i]) && is_word(names.at[i]))
			take_file(walk, folder, prefix, names.at[i]);
	for (uint32_t i = 0; depth && i < names.count && walk->taken < REST_MAX; i++) {
		char path[sizeof(walk->facts->at->folder)], longer[64];

		if (is_left_out(names.at[i]) || !is_word(names.at[i]) ||
		    snprintf(path, sizeof(path), "%s/%s", folder, names.at[i]) >=
			    (int)sizeof(path) ||
		    snprintf(longer, sizeof(longer), "%s%s.", prefix, names.at[i]) >=
			    (int)sizeof(longer) ||
		    !road_sysfs_own_folder(path) || is_other_device(path, prefix))
			continue;
		look_into(walk, path, longer, depth - 1);
	}
	road_sysfs_names_free(&names);
}

void road_facts_rest(struct road_facts *facts, const char *folder, const char *prefix)
{
	struct walk walk = {.facts = facts};

	look_into(&walk, folder, prefix, DEPTH_MAX);
}
