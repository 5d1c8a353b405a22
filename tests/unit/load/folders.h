/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of drivers that go away again, and what an instance says of them. */
#ifndef TESTS_UNIT_LOAD_FOLDERS_H
#define TESTS_UNIT_LOAD_FOLDERS_H

#include <roadbed/roadbed.h>
#include <stdbool.h>

/* A new empty folder, for this user alone. */
char *folder_new(void);
/* Removes it and what was put there; frees the name. */
void folder_remove(char *folder);
/* A copy of a built file, under another name; mode 0644. */
void folder_put(const char *folder, const char *from, const char *name);
void folder_put_text(const char *folder, const char *name, const char *text);

road_instance *open_with(const char *folders);
/* The candidate whose address is FOLDER/NAME (FOLDER alone: name NULL); false: there is none. */
bool row_of(road_instance *instance, const char *folder, const char *name, road_candidate *out);
bool candidate_of(road_instance *instance, const char *address, road_candidate *out);

#endif
