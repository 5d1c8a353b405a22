/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on this machine: functions of PCI that are accelerators or display adapters, and the
 * nodes by which the kernel offers such devices (subsystems accel and drm). Nothing here opens a
 * node, and what the kernel says is not believed: see sysfs.h.
 */
#ifndef HAL_BUS_DISCOVER_H
#define HAL_BUS_DISCOVER_H

#include <roadbed-driver/bus.h>
#include <roadbed-driver/chip_id.h>
#include <roadbed/roadbed.h>

enum { ROAD_FOUND_MAX = 4096 }; /* functions or nodes that are listed; more are not looked at */

/* ---- nodes, by libudev ---- */

struct road_node {
	char name[32];     /* "renderD128" */
	char scheme[8];    /* of its address: "drm", "accel"; "node" for a vendor's class */
	char folder[96];   /* in sysfs: "/sys/class/drm/renderD128" */
	char path[64];     /* "/dev/dri/renderD128" */
	char function[32]; /* place of the PCI function above it; "" if there is none */
};
struct road_nodes {
	struct road_node *at; /* by scheme and name */
	uint32_t count;
};
/* Render and accel nodes, and those of vendors' classes (node_class.c). No libudev, no udevd, no
 * such subsystem: none. false: no host memory. */
bool road_nodes_find(struct road_nodes *out);
void road_nodes_free(struct road_nodes *nodes);

/* A subsystem whose devices are accelerators. */
struct road_node_class {
	const char *subsystem; /* "drm": /sys/class/drm */
	const char *start;     /* a node's name without the number at its end: "renderD" */
	const char *place;     /* an attribute with the PCI function's place; NULL: it is above */
	const char *known_from;
};
extern const struct road_node_class road_node_classes[];
extern const unsigned road_node_class_count;
/* The class that a device of this subsystem and name is of; NULL: of none. */
const struct road_node_class *road_node_class_of(const char *subsystem, const char *name);
/* Its scheme in addresses: that of the subsystem if it is the kernel's own, else "node". */
const char *road_node_class_scheme(const struct road_node_class *node_class);

/* ---- functions of PCI, by libpci ---- */

struct road_function {
	char place[32]; /* "0000:03:00.0" */
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code;
	uint8_t revision;
	char why[128]; /* why this is not known; "" if it is */
};
struct road_pci;
/* NULL: no host memory, and `why` is ""; or libpci cannot start, and `why` has its words. */
struct road_pci *road_pci_open(char why[128]);
void road_pci_close(struct road_pci *pci);
/* Reads class and ids of the function at a place. */
void road_pci_fill(struct road_pci *pci, const char *place, struct road_function *out);
/* Names by the system's pci.ids; "" where it has none. Never asks a network. */
void road_pci_names(struct road_pci *pci, uint16_t vendor, uint16_t device, char vendor_name[64],
		    char device_name[64]);

#define ROAD_PCI_FOLDER "/sys/bus/pci/devices"
/* DDDD:BB:SS.F in lower case, as the kernel writes it. */
bool road_pci_place(const char *text);

/* ---- both ---- */

struct road_found {
	char scheme[8];   /* of its address: "pci", "accel", "drm" */
	char place[32];   /* what follows it */
	char folder[128]; /* of the device in sysfs */
	char kernel[32];  /* the kernel's driver that is bound; "" if none is */
	char nodes[96];   /* paths of its nodes */
	bool own_name;    /* the name is of our own table, not of pci.ids */
	bool ivshmem;     /* QEMU's: ids are of the simulated chip behind it, unless it is veiled */
	bool veiled; /* what is behind it cannot be seen: a program has it, or root alone may look
		      */
	road_status status; /* what opening it comes to */
	char reason[192];
	const char *chip, *family; /* of our own table; NULL: not in it */
	uint64_t memory_bytes;     /* the device's own, where sysfs says it; 0: unknown */
	uint64_t inode; /* of the folder: another device at this place has another; 0: it went */
	struct road_bus_ids ids;
};

/* Is it one of the device's nodes? */
bool road_node_belongs(const struct road_node *node, const struct road_found *found);

typedef bool (*road_found_fn)(void *arg, const struct road_found *found);
/* Everything of a scheme, in the order of places. false of fn ends. */
void road_discover(const char *scheme, road_found_fn fn, void *arg);
/* Everything of all schemes, in any order, without names and memory: these take longer. false: no
 * host memory, something may be missing. */
bool road_discover_brief(road_found_fn fn, void *arg);
/* Whether it is still there: it, not another device at its place. */
bool road_found_here(const struct road_found *found);
/* The one at a place; ROAD_NOT_FOUND says what is there instead. */
road_status road_discover_one(const char *scheme, const char *place, struct road_found *out);

#endif
