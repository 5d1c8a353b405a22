/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `roadbed fw` on a device, which boots when it is opened. */
#ifndef TOOLS_ROADBED_FW_DEVICE_H
#define TOOLS_ROADBED_FW_DEVICE_H

#include "tools/roadbed/fw.h"
#include "tools/roadbed/library.h"

/* An address ("sim:gpu-small") and no path: ":" stands in it, and no "/" before that. */
bool fw_is_device(const char *word);

/* A device, and what it may be booted with beside what it finds by itself. */
struct fw_device {
	const char *address;
	const char *folders;        /* of images; NULL: none of one's own */
	const struct fw_list *keys; /* files of public keys */
	bool json;
};

/* Each opens the device, and answers an exit code. */
int fw_device_status(const struct fw_device *device);
/* folder: of further keys for these images; NULL: none. */
int fw_device_load(const struct fw_device *device, char **paths, int count, const char *folder);

/* The instance that opens it. Prints what is wrong, and answers an exit code. */
int fw_device_instance(const struct fw_device *device, road_instance **out);

/* Prints what failed, and answers its exit code: those of the other verbs. */
int fw_library_refuse(const char *doing, road_status status);

#endif
