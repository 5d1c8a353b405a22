/* SPDX-License-Identifier: Apache-2.0 */
/* Files of a fake machine that umockdev has no words for: processes, and a device's own. */
#ifndef TESTS_DISCOVERY_PROCESS_H
#define TESTS_DISCOVERY_PROCESS_H

#include "tests/discovery/bed.h"

/* Writes a file below the fake machine's root, folders and all; replaces one that is there. */
void bed_write(UMockdevTestbed *bed, const char *path, const char *bytes, gssize count);
void bed_remove(UMockdevTestbed *bed, const char *path);
char *bed_path(UMockdevTestbed *bed, const char *path);

/* A process that runs `command`. */
void bed_process(UMockdevTestbed *bed, unsigned pid, const char *command);
void bed_process_end(UMockdevTestbed *bed, unsigned pid);
/* It has the node open, and the kernel says this of it. */
void bed_descriptor(UMockdevTestbed *bed, unsigned pid, unsigned fd, const char *node,
		    const char *says);

#endif
