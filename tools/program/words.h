/* SPDX-License-Identifier: Apache-2.0 */
/* Names of families and opcodes. */
#ifndef TOOLS_PROGRAM_WORDS_H
#define TOOLS_PROGRAM_WORDS_H

#include "tools/program/program.h"

/* NULL: there is none. */
const char *program_family_name(uint32_t family);
/* Those of a family with their highest versions, one after the other: "nop 1, load 1". */
void program_opcode_names(uint32_t family, char *out, size_t bytes);

#endif
