/* SPDX-License-Identifier: Apache-2.0 */
/* The porting kit: drivers/template as part of the command. */
#ifndef TOOLS_ROADBED_NEW_DRIVER_H
#define TOOLS_ROADBED_NEW_DRIVER_H

#include <stddef.h>

/* A file of a shape's project for the driver `template`; a NULL shape ends the table. */
struct kit_file {
	const char *shape; /* "ring" */
	const char *path;  /* in the project */
	const char *bytes;
	size_t count;
};

extern const struct kit_file kit_files[]; /* made by embed.py */

#endif
