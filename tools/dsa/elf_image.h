/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as ELF images (uapi/dsa/image.h). */
#ifndef TOOLS_DSA_ELF_IMAGE_H
#define TOOLS_DSA_ELF_IMAGE_H

#include "tools/dsa/program.h"

/* Makes an image; the caller frees *image. 0, or -1 and a message. */
int dsa_elf_write(const struct dsa_program *program, void **image, size_t *bytes,
		  struct dsa_messages *messages);

/*
 * Reads an image from anywhere: nothing in it is trusted; all of it is checked, words included.
 * Fills an empty program, which is to be freed in either case. 0, or -1 and a message.
 */
int dsa_elf_read(const void *image, size_t bytes, struct dsa_program *program,
		 struct dsa_messages *messages);

#endif
