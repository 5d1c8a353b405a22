/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/discover.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hal/bus/ivshmem.h"
#include "hal/bus/sysfs.h"
#include "hal/bus/vfio_open.h"
#include "hal/core/error.h"

enum { PLACES_MAX = 32768 }; /* functions of one machine that are looked at */

/* ---- what a function is ---- */

struct class_word {
	uint16_t mask, class_code; /* class << 8 | subclass */
	const char *word;
};

/* PCI Code and ID Assignment Specification; the first row that fits. */
static const struct class_word classes[] = {
	{0xffff, 0x1200, "processing accelerator"}, {0xffff, 0x1201, "data accelerator"},
	{0xffff, 0x0300, "VGA controller"},         {0xffff, 0x0302, "3D controller"},
	{0xff00, 0x0300, "display controller"},     {0xffff, 0x0b40, "co-processor"},
};

static const char *class_word(uint32_t class_code)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if ((class_code >> 8 & classes[i].mask) == classes[i].class_code)
			return classes[i].word;
	return NULL;
}

bool road_pci_place(const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t domain = strspn(text, hex);
	const char *rest = text + domain;

	return domain >= 4 && domain <= 8 && rest[0] == ':' && strspn(rest + 1, hex) == 2 &&
	       rest[3] == ':' && strspn(rest + 4, hex) == 2 && rest[6] == '.' && rest[7] >= '0' &&
	       rest[7] <= '7' && !rest[8];
}

static const struct road_chip_id *find_chip(uint16_t vendor, uint16_t device)
{
	for (unsigned i = 0; i < road_chip_id_count && vendor; i++)
		if (road_chip_ids[i].pci_vendor == vendor && road_chip_ids[i].pci_device == device)
			return &road_chip_ids[i];
	return NULL;
}

/* Our own table first: the system's knows few accelerators. */
static void name(struct road_found *found, struct road_pci *pci)
{
	struct road_bus_ids *ids = &found->ids;

	const struct road_chip_id *row = find_chip(ids->vendor, ids->device);

	if (row) {
		found->own_name = true;
		found->chip = row->chip;
		found->family = row->family;
		snprintf(ids->name, sizeof(ids->name), "%s", row->product);
		snprintf(ids->vendor_name, sizeof(ids->vendor_name), "%s", row->vendor);
		return;
	}
	if (!ids->simulated) /* else the chip itself says what it is */
		road_pci_names(pci, ids->vendor, ids->device, ids->vendor_name, ids->name);
}

static void add_nodes(struct road_found *found, const struct road_nodes *nodes)
{
	size_t used = 0;

	for (uint32_t i = 0; i < nodes->count; i++) {
		if (strcmp(nodes->at[i].function, found->place) || !nodes->at[i].path[0])
			continue;
		int more = snprintf(found->nodes + used, sizeof(found->nodes) - used, "%s%s",
				    used ? " " : "", nodes->at[i].path);

		used += (size_t)more;
		if (used >= sizeof(found->nodes))
			return;
	}
}

bool road_node_belongs(const struct road_node *node, const struct road_found *found)
{
	return strcmp(found->scheme, "pci")
		       ? !node->function[0] && !strcmp(node->scheme, found->scheme) &&
				 !strcmp(node->name, found->place)
		       : !strcmp(node->function, found->place);
}

/* "processing accelerator 1002:74a1, kernel driver amdgpu, /dev/dri/renderD128" */
static void say(struct road_found *found, const char *what)
{
	char driver[64], ids[16] = "";

	snprintf(driver, sizeof(driver), "kernel driver %s", found->kernel);
	if (found->ids.pci_address[0] && found->ids.vendor) /* a simulated chip may have none */
		snprintf(ids, sizeof(ids), " %04x:%04x", found->ids.vendor, found->ids.device);
	snprintf(found->reason, sizeof(found->reason), "%s%s, %s%s%s", what, ids,
		 found->kernel[0] ? driver : "no kernel driver is bound",
		 found->nodes[0] ? ", " : "", found->nodes);
}

/* The folder's number, which no other one has while the machine runs; 0: it is not there. */
static uint64_t inode_of(const char *folder)
{
	struct stat is;

	return stat(folder, &is) || !S_ISDIR(is.st_mode) ? 0 : (uint64_t)is.st_ino;
}

bool road_found_here(const struct road_found *found)
{
	return found->inode && inode_of(found->folder) == found->inode;
}

/* What the device's folder says without being asked twice. */
static void look_at(struct road_found *found, bool brief)
{
	found->inode = inode_of(found->folder);
	if (!road_sysfs_link(found->folder, "driver", found->kernel, sizeof(found->kernel)))
		found->kernel[0] = 0;
	if (brief || !road_sysfs_u64(found->folder, "mem_info_vram_total", &found->memory_bytes))
		found->memory_bytes = 0;
}

/* What the memory of QEMU's function is for: `what`, unless it is a chip's. Which chip cannot be
 * seen while a program has it, and by root alone else; that none of it is hardware is certain. */
static const char *look_behind(struct road_found *found, const char *what)
{
	switch (road_ivshmem_peek(found->folder, &found->ids)) {
	case ROAD_IVSHMEM_CHIP: return "a simulated chip on the host";
	case ROAD_IVSHMEM_OTHER: return what;
	case ROAD_IVSHMEM_CLOSED: break;
	}
	found->veiled = true;
	found->ids.simulated = true;
	return "a simulated chip on the host that cannot be looked at";
}

static void describe(struct road_found *found, const struct road_function *function,
		     struct road_pci *pci, const struct road_nodes *nodes, bool brief)
{
	const char *what = class_word(function->class_code);

	*found = (struct road_found){.scheme = "pci"};
	snprintf(found->place, sizeof(found->place), "%s", function->place);
	snprintf(found->folder, sizeof(found->folder), ROAD_PCI_FOLDER "/%s", function->place);
	snprintf(found->ids.pci_address, sizeof(found->ids.pci_address), "%s", function->place);
	found->ids.vendor = function->vendor;
	found->ids.device = function->device;
	found->ids.subsystem_vendor = function->subsystem_vendor;
	found->ids.subsystem = function->subsystem;
	found->ids.class_code = function->class_code;
	found->ids.revision = function->revision;
	look_at(found, brief);
	add_nodes(found, nodes);
	found->ivshmem = road_ivshmem_is(&found->ids);
	if (found->ivshmem)
		what = look_behind(found, what);
	if (function->why[0]) {
		found->status = ROAD_IO;
		snprintf(found->reason, sizeof(found->reason), "what it is cannot be read: %s",
			 function->why);
		return;
	}
	if (!brief)
		name(found, pci);
	say(found, what ? what : found->nodes[0] ? "a function with a node" : "a function");
}

/* ---- functions ---- */

static bool has_node(const struct road_nodes *nodes, const char *place)
{
	for (uint32_t i = 0; i < nodes->count; i++)
		if (!strcmp(nodes->at[i].function, place))
			return true;
	return false;
}

/* A chip on the host of this virtual machine. While a program has it, nobody else can look: then it
 * is one if it was given to programs. */
static bool is_simulated(const struct road_function *function, const char *folder)
{
	struct road_bus_ids ids = {.vendor = function->vendor, .device = function->device};
	char bound[32];

	if (!road_ivshmem_is(&ids))
		return false;
	switch (road_ivshmem_peek(folder, &ids)) {
	case ROAD_IVSHMEM_CHIP: return true;
	case ROAD_IVSHMEM_OTHER: return false;
	default:
		return road_sysfs_link(folder, "driver", bound, sizeof(bound)) &&
		       !strcmp(bound, ROAD_VFIO_DRIVER);
	}
}

static road_status no_accelerator(uint32_t class_code)
{
	char seen[16];

	snprintf(seen, sizeof(seen), "0x%06x", class_code);
	return road_fail(ROAD_NOT_FOUND, "the function is no accelerator",
			 "device address: pci, class", seen,
			 "0x1200.., 0x1201.., 0x03...., 0x0b40.., a node, a known chip");
}

/* One that cannot be read may be an accelerator, unless it is gone. */
static bool is_wanted(const struct road_function *function, const struct road_nodes *nodes)
{
	char folder[64];

	if (has_node(nodes, function->place))
		return true;
	snprintf(folder, sizeof(folder), ROAD_PCI_FOLDER "/%.31s", function->place);
	if (function->why[0])
		return road_sysfs_folder(folder);
	return class_word(function->class_code) || find_chip(function->vendor, function->device) ||
	       is_simulated(function, folder);
}

typedef char place_text[32];

static int by_place(const void *a, const void *b)
{
	size_t x = strlen(a), y = strlen(b); /* a longer domain is a higher one */

	return x == y ? strcmp(a, b) : x < y ? -1 : 1;
}

/* Sorted; what has no name of a function is none. */
static uint32_t list_places(place_text *places)
{
	DIR *folder = opendir(ROAD_PCI_FOLDER);
	const struct dirent *entry;
	uint32_t count = 0;

	while (folder && count < PLACES_MAX && (entry = readdir(folder)))
		if (road_pci_place(entry->d_name))
			snprintf(places[count++], sizeof(*places), "%.31s", entry->d_name);
	if (folder)
		closedir(folder);
	qsort(places, count, sizeof(*places), by_place);
	return count;
}

static void tell_functions(struct road_pci *pci, const struct road_nodes *nodes, place_text *places,
			   bool brief, road_found_fn fn, void *arg)
{
	struct road_function function;
	struct road_found found;
	uint32_t count = list_places(places);
	bool more = true;

	for (uint32_t i = 0, told = 0; more && i < count && told < ROAD_FOUND_MAX; i++) {
		road_pci_fill(pci, places[i], &function);
		if (!is_wanted(&function, nodes))
			continue;
		describe(&found, &function, pci, nodes, brief);
		more = fn(arg, &found);
		told++;
	}
}

/* The bus itself: why it shows nothing. */
static void tell_no_libpci(const char *why, road_found_fn fn, void *arg)
{
	struct road_found found = {.scheme = "pci", .status = ROAD_IO};

	snprintf(found.reason, sizeof(found.reason), "libpci cannot start: %s", why);
	(void)fn(arg, &found);
}

/* false: no host memory. */
static bool discover_functions(const struct road_nodes *nodes, bool brief, road_found_fn fn,
			       void *arg)
{
	place_text *places = malloc(PLACES_MAX * sizeof(*places));
	char why[128];
	struct road_pci *pci = road_pci_open(why);
	const bool able = places && (pci || why[0]);

	if (pci && places)
		tell_functions(pci, nodes, places, brief, fn, arg);
	else if (able && !brief)
		tell_no_libpci(why, fn, arg);
	road_pci_close(pci);
	free(places);
	return able;
}

/* ---- nodes that no function is above ---- */

static void describe_node(struct road_found *found, const struct road_node *node, bool brief)
{
	*found = (struct road_found){0};
	snprintf(found->scheme, sizeof(found->scheme), "%s", node->scheme);
	snprintf(found->place, sizeof(found->place), "%s", node->name);
	snprintf(found->folder, sizeof(found->folder), "%s/device", node->folder);
	if (!road_sysfs_folder(found->folder)) /* a virtual device */
		found->folder[strlen(found->folder) - strlen("/device")] = 0;
	look_at(found, brief);
	snprintf(found->nodes, sizeof(found->nodes), "%s", node->path);
	say(found, "a device outside of PCI");
}

/* scheme NULL: all. */
static void discover_nodes(const struct road_nodes *nodes, const char *scheme, bool brief,
			   road_found_fn fn, void *arg)
{
	struct road_found found;
	bool more = true;

	for (uint32_t i = 0; more && i < nodes->count; i++) {
		if (nodes->at[i].function[0] || (scheme && strcmp(nodes->at[i].scheme, scheme)))
			continue;
		describe_node(&found, &nodes->at[i], brief);
		more = fn(arg, &found);
	}
}

/* ---- both ---- */

void road_discover(const char *scheme, road_found_fn fn, void *arg)
{
	struct road_nodes nodes;

	if (!road_nodes_find(&nodes))
		return;
	if (strcmp(scheme, "pci"))
		discover_nodes(&nodes, scheme, false, fn, arg);
	else
		(void)discover_functions(&nodes, false, fn, arg);
	road_nodes_free(&nodes);
}

bool road_discover_brief(road_found_fn fn, void *arg)
{
	struct road_nodes nodes;

	if (!road_nodes_find(&nodes))
		return false;
	const bool able = discover_functions(&nodes, true, fn, arg);

	if (able)
		discover_nodes(&nodes, NULL, true, fn, arg);
	road_nodes_free(&nodes);
	return able;
}

static road_status bad_place(const char *scheme, const char *place)
{
	char where[64];

	snprintf(where, sizeof(where), "device address: %s", scheme);
	return road_fail(ROAD_INVALID_ARGUMENT, "malformed name of a device", where, place,
			 strcmp(scheme, "pci") ? "a node's name: accel0, renderD128"
			 : strchr(place, 'A')  ? "lower case"
					       : "0000:03:00.0");
}

static road_status find_function(const struct road_nodes *nodes, const char *place,
				 struct road_found *out)
{
	struct road_function function;
	char folder[64], bound[32], why[128];
	struct road_pci *pci = road_pci_open(why);

	snprintf(folder, sizeof(folder), ROAD_PCI_FOLDER "/%.31s", place);
	if (!pci && why[0])
		return road_fail(ROAD_IO, "libpci cannot start", "device address: pci", why, "");
	if (!pci)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for libpci",
				 "device address: pci", place, "");
	if (!road_sysfs_folder(folder)) {
		road_pci_close(pci);
		return road_fail(ROAD_NOT_FOUND, "no function at this place", "device address: pci",
				 place, "one that is listed");
	}
	road_pci_fill(pci, place, &function);
	/* One that somebody gave to programs is asked for by name. */
	const bool wanted = is_wanted(&function, nodes) ||
			    (road_sysfs_link(folder, "driver", bound, sizeof(bound)) &&
			     !strcmp(bound, ROAD_VFIO_DRIVER));

	if (wanted)
		describe(out, &function, pci, nodes, false);
	road_pci_close(pci);
	if (!wanted)
		return no_accelerator(function.class_code);
	return out->status ? road_fail(out->status, out->reason, "device address: pci", place, "")
			   : ROAD_OK;
}

static road_status find_node(const struct road_nodes *nodes, const char *scheme, const char *place,
			     struct road_found *out)
{
	for (uint32_t i = 0; i < nodes->count; i++) {
		const struct road_node *node = &nodes->at[i];
		char other[48];

		if (strcmp(node->scheme, scheme) || strcmp(node->name, place))
			continue;
		snprintf(other, sizeof(other), "pci:%s", node->function);
		if (node->function[0])
			return road_fail(ROAD_NOT_FOUND, "the node belongs to a PCI function",
					 "device address", place, other);
		describe_node(out, node, false);
		return ROAD_OK;
	}
	return road_fail(ROAD_NOT_FOUND, "no node of this name", "device address", place,
			 "one that is listed");
}

road_status road_discover_one(const char *scheme, const char *place, struct road_found *out)
{
	const bool pci = !strcmp(scheme, "pci");
	struct road_nodes nodes;

	if (pci ? !road_pci_place(place) : !place[0] || strchr(place, '/'))
		return bad_place(scheme, place);
	if (!road_nodes_find(&nodes))
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for nodes", "device address",
				 place, "");
	road_status status =
		pci ? find_function(&nodes, place, out) : find_node(&nodes, scheme, place, out);

	road_nodes_free(&nodes);
	return status;
}
