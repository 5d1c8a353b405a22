/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that all families share, and the list of families. */
#include <stdio.h>
#include <string.h>

#include "simulators/chips/chip_internal.h"

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_chip_identity, m)
const struct road_chip_key road_chip_identity_keys[] = {
	{"vendor", ROAD_CHIP_STRING, NULL, 1, 1, 63, NULL, MEMBER(vendor)},
	{"product", ROAD_CHIP_STRING, NULL, 1, 1, 63, NULL, MEMBER(product)},
	{"pci_vendor", ROAD_CHIP_UINT, NULL, 1, 1, 0xffff, "0", MEMBER(pci_vendor)},
	{"pci_devices", ROAD_CHIP_IDS, NULL, 1, 0, 0xffff, "0", MEMBER(pci_devices)},
	{"pci_class", ROAD_CHIP_UINT, NULL, 1, 0, 0xffff, "0", MEMBER(pci_class)},
	{"memory", ROAD_CHIP_UINT, "MiB", 1u << 20, 0, 1u << 24, "0", MEMBER(memory_bytes)},
};
#undef MEMBER
const size_t road_chip_identity_key_count =
	sizeof(road_chip_identity_keys) / sizeof(road_chip_identity_keys[0]);

#define MEMBER(m) ROAD_CHIP_MEMBER(struct road_chip_host, m)
const struct road_chip_key road_chip_host_keys[] = {
	{"host_read", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, "500", MEMBER(read_ps)},
	{"host_submit", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, "500", MEMBER(submit_ps)},
	{"host_query", ROAD_CHIP_DECIMAL, "ns", 1000, 1, 1000000, "200", MEMBER(query_ps)},
	{"host_line", ROAD_CHIP_UINT, "B", 1, 0, 256, "0", MEMBER(line_bytes)},
};
#undef MEMBER
const size_t road_chip_host_key_count =
	sizeof(road_chip_host_keys) / sizeof(road_chip_host_keys[0]);

static const struct road_chip_family *const families[] = {
	&road_chip_family_gpu,
	&road_chip_family_dsa,
	&road_chip_family_edu,
};

const struct road_chip_family *road_chip_family_find(const char *name)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strcmp(families[i]->name, name))
			return families[i];
	return NULL;
}

const char *road_chip_conflict(const struct road_chip_family *family,
			       const struct road_chip_host *host, const void *params, char *allowed,
			       size_t bytes)
{
	if (host->line_bytes & (host->line_bytes - 1)) {
		snprintf(allowed, bytes, "a power of two, or 0: caches are coherent");
		return "host_line";
	}
	return family->check ? family->check(params, allowed, bytes) : NULL;
}

const char *road_chip_kind_name(enum road_chip_kind kind)
{
	static const char *const names[ROAD_CHIP_KINDS] = {
		[ROAD_CHIP_MEASURED] = "measured",
		[ROAD_CHIP_DATASHEET] = "datasheet",
		[ROAD_CHIP_TUNED] = "tuned",
		[ROAD_CHIP_ASSUMED] = "assumed",
	};

	return (unsigned)kind < ROAD_CHIP_KINDS ? names[kind] : "?";
}
