/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of an instance, as lines. */
#ifndef TOOLS_ROADBED_CHANGES_H
#define TOOLS_ROADBED_CHANGES_H

#include "tools/roadbed/library.h"

struct json_object;

struct changes {
	road_watch *watch;
	int fd;           /* readable while any is unread */
	uint64_t from_ns; /* of the first one, which times are counted from; 0: none came */
};

/* kinds: bits of enum road_change_kind. Prints what is wrong and answers an exit code. */
int changes_open(struct changes *changes, road_instance *instance, uint32_t kinds);
void changes_close(struct changes *changes);
/* The next one; false: there is none, or the watch failed: then *code is an exit code. */
bool changes_next(struct changes *changes, road_change *out, int *code);

/* A line; one more before it if any were lost. */
void changes_print(const struct changes *changes, const road_change *change);
/* The same into an object; as a document in a line of its own. */
void changes_fill(const struct changes *changes, const road_change *change, struct json_object *to);
void changes_print_json(const struct changes *changes, const road_change *change);

#endif
