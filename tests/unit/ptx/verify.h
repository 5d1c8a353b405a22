/* SPDX-License-Identifier: Apache-2.0 */
/* A strict reading of uapi/gpu/image.h and isa.h, apart from everything that makes images. */
#ifndef TESTS_UNIT_PTX_VERIFY_H
#define TESTS_UNIT_PTX_VERIFY_H

#include <stddef.h>

#include "uapi/gpu/image.h"
#include "uapi/gpu/isa.h"

/* NULL, or what is wrong (a static text; *word is the word it is wrong in, if any). */
const char *verify_image(const void *image, size_t bytes, unsigned *word);

/* Parts of an image that verify_image() accepted. */
static inline const void *image_part(const struct road_gpu_image *image,
				     const struct road_gpu_section *section)
{
	return (const char *)image + section->offset;
}
const struct road_gpu_kernel *image_kernel(const struct road_gpu_image *image, unsigned index);
const struct road_gpu_word *image_words(const struct road_gpu_image *image, unsigned kernel);
const char *image_string(const struct road_gpu_image *image, unsigned offset);

#endif
