/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of a device, for the checker: asked through the public interface. */
#ifndef TOOLS_DSA_DEVICE_H
#define TOOLS_DSA_DEVICE_H

#include "tools/dsa/check.h"
#include "tools/roadbed/tool.h"

/*
 * Sizes of scratchpads and the number of token ids of the device of this address; what `limits`
 * has already stays. 0, or -1 and the error: there is no such device, or it has no scratchpads.
 */
int device_limits(const char *address, struct dsa_check_limits *limits, struct tool_error *error);

#endif
