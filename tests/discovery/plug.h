/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of a fake machine that come and go, and somebody who watches. */
#ifndef TESTS_DISCOVERY_PLUG_H
#define TESTS_DISCOVERY_PLUG_H

#include <roadbed/roadbed.h>

#include "tests/discovery/bed.h"

struct rig {
	UMockdevTestbed *bed;
	road_instance *instance;
	road_watch *watch; /* of all changes */
	unsigned fences;
};

/* Places of functions, each on a bus of its own. */
#define FUNCTION(n) "0000:2" #n ":00.0"
#define PCI(n)      "pci:" FUNCTION(n)

road_instance *new_instance(void);
/* file: of the machine; NULL: an empty one. */
struct rig rig_new(const char *file);
void rig_end(struct rig *rig);

/* ---- the machine ---- */

/* A function of this class ("0x120000") and device ("0x74a1"), and an event of that. */
void plug_as(struct rig *rig, const char *place, const char *class_code, const char *device);
void plug(struct rig *rig, const char *place); /* an accelerator */
/* The event and nothing else; the function, without an event; both. */
void tell_of(struct rig *rig, const char *place, const char *action);
void vanish(struct rig *rig, const char *place);
void pull(struct rig *rig, const char *place);
/* Another function in its place: both before the events of them. */
void change_places(struct rig *rig, const char *place);
/* The kernel's driver, without an event; NULL: none. */
void put_driver(struct rig *rig, const char *place, const char *driver);
void bind_driver(struct rig *rig, const char *place, const char *driver);
void unbind_driver(struct rig *rig, const char *place);

/* ---- the watch ---- */

/* The next change; false: none came within 20 seconds. */
bool next_change(struct rig *rig, road_change *out);
/* The next change is this; `text` is a part of its. */
void expect(struct rig *rig, uint32_t kind, const char *address, const char *text);
/* This one comes, whatever else before. */
void expect_seen(struct rig *rig, uint32_t kind, const char *address, const char *text);
/* What happened brought no other change: the next one is of something new. */
void expect_nothing_more(struct rig *rig);

#endif
