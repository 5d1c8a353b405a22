/* SPDX-License-Identifier: Apache-2.0 */
/* What the two programs share: messages as lines, sizes of scratchpads as options. */
#ifndef TOOLS_DSA_FRONT_H
#define TOOLS_DSA_FRONT_H

#include "tools/dsa/program.h"
#include "tools/roadbed/tool.h"

/* FILE:LINE:COLUMN: what; seen: …; allowed: … on stderr. */
void front_messages(const char *file, const struct dsa_messages *messages, const char *kind);
/* "L0A=65536,UB=262144": sets those; 0, or -1 and the error. */
int front_pads(const char *text, uint32_t pads[ROAD_DSA_PADS], struct tool_error *error);

#endif
