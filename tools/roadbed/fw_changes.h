/* SPDX-License-Identifier: Apache-2.0 */
/* What other firmware makes of a device, as programs see it. */
#ifndef TOOLS_ROADBED_FW_CHANGES_H
#define TOOLS_ROADBED_FW_CHANGES_H

#include <roadbed/roadbed.h>

/* Commands, features and properties, as they are now; NULL: no memory. */
struct fw_seen *fw_seen_take(road_device *device);
void fw_seen_free(struct fw_seen *seen); /* NULL is fine */
/* One line for each that is another one now; none for what the firmware says of itself. */
void fw_changes_print(const struct fw_seen *before, const struct fw_seen *now);

#endif
