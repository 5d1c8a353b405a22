/* SPDX-License-Identifier: Apache-2.0 */
/* Assembler text to a program. The syntax is described in docs/dsa.md. */
#ifndef TOOLS_DSA_ASM_H
#define TOOLS_DSA_ASM_H

#include "tools/dsa/program.h"

struct dsa_define { /* what `.default` of that name does not change */
	const char *name;
	int64_t value;
};
#define DSA_SOURCE_MAX (16u << 20) /* bytes of a source */

/*
 * Fills an empty program. Answers 0, or -1 with at least one message; several errors are found in
 * one run. The program is to be freed in either case; it is whole only after 0.
 */
int dsa_assemble(const char *text, size_t bytes, const struct dsa_define *defines, unsigned count,
		 struct dsa_program *program, struct dsa_messages *messages);

#endif
