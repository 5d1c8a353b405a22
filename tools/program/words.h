/* SPDX-License-Identifier: Apache-2.0 */
/* Names of families and opcodes. */
#ifndef TOOLS_PROGRAM_WORDS_H
#define TOOLS_PROGRAM_WORDS_H

#include <stdbool.h>

#include "tools/program/program.h"

/* May it stand in a description? Bytes of UTF-8 may. */
static inline bool program_printable(char c)
{
	return (unsigned char)c >= 0x20 && c != 0x7f;
}

/* NULL: there is none. */
const char *program_family_name(uint32_t family);
/* Those of a family with their highest versions, one after the other: "nop 1, load 1". */
void program_opcode_names(uint32_t family, char *out, size_t bytes);

#endif
