/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the DSA's tools share. */
#ifndef TESTS_UNIT_DSA_TOOLS_SUPPORT_H
#define TESTS_UNIT_DSA_TOOLS_SUPPORT_H

#include "tests/support/tap.h"
#include "tools/dsa/asm.h"
#include "tools/dsa/check.h"
#include "tools/dsa/dis.h"
#include "tools/dsa/elf_image.h"
#include "tools/dsa/syntax.h"

/* An image that the caller frees; asserts that there is one. */
void *support_image(const struct dsa_program *program, size_t *bytes);
/* Text of a program; the caller frees. */
char *support_text(const struct dsa_program *program, size_t *bytes);
/* Asserts that text and image lead back to the same image, byte by byte. */
void support_round(const struct dsa_program *program);
/* xorshift: the same numbers on every host. */
uint32_t support_random(uint32_t *seed);
/* A valid word of these numbers, or false: the row has none of that type or mods. */
bool support_word(uint16_t op, uint8_t type, uint8_t mods, uint32_t *seed, uint32_t at,
		  uint32_t count, struct road_dsa_word *word);

#endif
