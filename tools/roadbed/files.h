/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read at once, written beside and renamed, so that none is ever half there. */
#ifndef TOOLS_ROADBED_FILES_H
#define TOOLS_ROADBED_FILES_H

#include "tools/roadbed/tool.h"

/* All bytes, plus a 0 behind them; the caller frees. -1: error filled. */
int file_read(const char *path, uint64_t max, void **data, size_t *bytes, struct tool_error *error);

/* Files that are to be written together: all or, at the first that fails, none. */
struct file_set {
	struct file_output *head, **tail;
};

/*
 * Adds a file to the set and opens a new one beside it, under another name; *fd is where its
 * content goes. Devices and pipes are opened themselves. The same path twice is refused.
 */
int file_add(struct file_set *set, const char *path, int *fd, struct tool_error *error);
int file_write(int fd, const char *path, const void *data, size_t bytes, struct tool_error *error);
/* Closes all and gives them their names. */
int file_commit(struct file_set *set, struct tool_error *error);
/* Forgets them; after file_commit it only frees. */
void file_abandon(struct file_set *set);

#endif
