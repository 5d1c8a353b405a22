/* SPDX-License-Identifier: Apache-2.0 */
/* What generators share: their main, tables of types, loops over tiles or rows of a task's blocks.
 */
#ifndef EXAMPLES_DSA_OUTPUT_H
#define EXAMPLES_DSA_OUTPUT_H

#include "tools/dsa/build.h"

/*
 * NAME IMAGE [L0A=BYTES,L0B=,…]: lets `build` make a program and writes it; the sizes are in
 * program->pads. `build` answers what is wrong, or NULL. The exit status.
 */
int output_main(int argc, char **argv, const char *(*build)(struct dsa_program *program));

struct output_type {
	const char *name; /* as in the assembler */
	uint8_t type, log2_bytes;
};
extern const struct output_type output_floats[3]; /* f32, f16, bf16 */

#endif
