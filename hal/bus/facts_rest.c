/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device's folder has beyond what Roadbed knows: files of a kernel driver that it never
 * heard of are shown as they are. Files that not everybody may read are left alone: reading those
 * may do something.
 */
#include "hal/bus/facts.h"
#include "hal/bus/sysfs.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

enum { REST_MAX = 192 }; /* files of a folder */

static const struct {
	const char *file, *why;
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
	{"vpd", "reading it takes long, and not a text"},
	{"modalias", "ids in another form"},
	{"uevent", "what other files say, too"},
	{"pools", "the kernel's own bookkeeping"},
	{"pcie_bw", "reading it takes a second"},
	{"gpu_metrics", "not a text"},
	{"pp_table", "not a text"},
	{"*[0-9]_label", "a part of its sensor's name"},
};

static bool is_left_out(const char *file)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		if (!fnmatch(left_out[i].file, file, 0))
			return true;
	return false;
}

/* May be a part of a property's name as it is. */
static bool is_word(const char *file)
{
	return !file[strspn(file,
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")];
}

void road_facts_rest(struct road_facts *facts, const char *folder, const char *prefix)
{
	struct road_sysfs_names files;
	uint32_t taken = 0;

	facts->full |= !road_sysfs_list(folder, &files);
	for (uint32_t i = 0; i < files.count && taken < REST_MAX; i++) {
		const char *file = files.at[i];
		char name[64];
		const struct road_fact_row row = {name, "", file, ROAD_FACT_LINES | ROAD_FACT_WAKES,
						  1,    ""};

		if (is_left_out(file) || !is_word(file) || road_facts_has(facts, folder, file) ||
		    !road_sysfs_public(folder, file) ||
		    snprintf(name, sizeof(name), "sysfs.%s%s", prefix, file) >= (int)sizeof(name))
			continue;
		taken += road_fact_file(facts, folder, &row) != NULL;
	}
	road_sysfs_names_free(&files);
}
