/* SPDX-License-Identifier: Apache-2.0 */
/* A program as assembler text, which assembles again to the same image. */
#ifndef TOOLS_DSA_DIS_H
#define TOOLS_DSA_DIS_H

#include <stdio.h>

#include "tools/dsa/program.h"

/*
 * One instruction without its line end; a jump's target is `L` and the number of the word in its
 * kernel, counted from `index`. The word is one that dsa_word_wrong takes.
 */
void dsa_print_word(FILE *out, const struct road_dsa_word *word, uint32_t index);
void dsa_disassemble(const struct dsa_program *program, FILE *out);

#endif
