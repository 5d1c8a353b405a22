/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a program without running it. Registers are followed through each kernel as
 * far as they are constants; what depends on arguments is left to the chip.
 */
#ifndef TOOLS_DSA_CHECK_H
#define TOOLS_DSA_CHECK_H

#include "tools/dsa/program.h"

struct dsa_check_limits {
	uint32_t pads[ROAD_DSA_PADS]; /* bytes; 0: not known */
	uint32_t flags;               /* token ids; 0: not known */
};
/* Adds a message for each thing found; lines are those of the words. */
void dsa_check(const struct dsa_program *program, const struct dsa_check_limits *limits,
	       struct dsa_messages *messages);

#endif
