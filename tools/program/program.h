/* SPDX-License-Identifier: Apache-2.0 */
/* Text of a firmware program to its payload (uapi/firmware/program.h), and back. */
#ifndef TOOLS_PROGRAM_PROGRAM_H
#define TOOLS_PROGRAM_PROGRAM_H

#include <stddef.h>
#include <stdio.h>

#include "uapi/firmware/program.h"

#define PROGRAM_TEXT_MAX (1u << 16) /* bytes of a source, and of a description */

struct program {
	struct road_program head;
	struct road_program_opcode opcodes[ROAD_PROGRAM_OPCODES_MAX]; /* rising */
	struct road_program_level levels[ROAD_PROGRAM_LEVELS_MAX];
	char text[PROGRAM_TEXT_MAX];
};

/* What is wrong on which line (0: of the whole), the value seen, the values allowed. */
struct program_error {
	unsigned line;
	const char *what;
	char seen[64], allowed[320];
};

/* -1: error filled. */
int program_parse(const char *source, size_t bytes, struct program *out,
		  struct program_error *error);
/* The payload; the caller frees. NULL: no memory. */
void *program_payload(const struct program *program, size_t *bytes);
/* Any bytes; -1: no payload that a chip works by. */
int program_print(const void *payload, size_t bytes, FILE *to, struct program_error *error);

#endif
