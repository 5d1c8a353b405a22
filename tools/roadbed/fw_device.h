/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `roadbed fw` on a device, which boots when it is opened. */
#ifndef TOOLS_ROADBED_FW_DEVICE_H
#define TOOLS_ROADBED_FW_DEVICE_H

#include "tools/roadbed/fw.h"
#include "tools/roadbed/library.h"

/* An address ("sim:gpu-small") and no path: ":" stands in it, and no "/" before that. */
bool fw_is_device(const char *word);

/* Each opens the device, and answers an exit code. */
int fw_device_status(const char *address, bool json);
int fw_device_load(const char *address, char **paths, int count, const struct fw_list *keys,
		   const char *folder, bool json);

/* Prints what failed, and answers its exit code: those of the other verbs. */
int fw_library_refuse(const char *doing, road_status status);

#endif
