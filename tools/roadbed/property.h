/* SPDX-License-Identifier: Apache-2.0 */
/* What a device can do, as named values: its driver's properties, and the facts of its info. */
#ifndef TOOLS_ROADBED_PROPERTY_H
#define TOOLS_ROADBED_PROPERTY_H

#include "tools/roadbed/library.h"

struct json_object;

struct property {
	road_property is;
	bool fact; /* of road_device_info; `source` says nothing then */
};

struct properties {
	struct property *at; /* sorted by name */
	uint32_t count;
};

/* Prints what is wrong and answers an exit code. */
int properties_read(road_device *device, struct properties *out);
void properties_free(struct properties *properties);
const struct property *properties_find(const struct properties *properties, const char *name);

/* "info" for facts. */
const char *property_source(const struct property *property);
/* Its value; NULL: unknown. */
struct json_object *property_value(const road_property *property);
/* name, value (the key ends in the unit), unit; adds nothing else. */
void property_json(struct json_object *to, const road_property *property);
bool property_same(const road_property *a, const road_property *b);

/* Does any driver of the tree, or any info, have this one? If not: names like it, in `near`. */
bool property_known(const char *name, char *near, size_t bytes);

#endif
