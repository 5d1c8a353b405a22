/* SPDX-License-Identifier: Apache-2.0 */
/* The source with the words of each line beside it. */
#ifndef TOOLS_DSA_LISTING_H
#define TOOLS_DSA_LISTING_H

#include "tools/dsa/program.h"

/* A text that the caller frees; NULL without host memory. The program is what the source gave. */
char *dsa_listing(const struct dsa_program *program, const char *text, size_t bytes, size_t *out);

#endif
