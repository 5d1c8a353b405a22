/* SPDX-License-Identifier: Apache-2.0 */
/* Images by the assembler, and what its own reader makes of any bytes: an oracle beside the
 * driver's. (Their headers name the same things and do not meet.) */
#ifndef TESTS_UNIT_DSA_IMAGES_H
#define TESTS_UNIT_DSA_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two kernels, two variables, lines. The caller frees. */
unsigned char *images_good(size_t *bytes);

/* What a reader found: parts of its own memory. */
struct images_content {
	const void *kernels, *words, *data;
	size_t kernel_count, word_count, data_bytes, object_count;
	const char *(*kernel_name)(const void *reader, size_t i);
	const char *(*object_name)(const void *reader, size_t i);
	uint64_t (*object_offset)(const void *reader, size_t i);
	const void *reader;
};
/* Whether the assembler's reader accepts the bytes; *same: it finds the same in them. */
bool images_compare(const void *bytes, size_t count, const struct images_content *seen, bool *same);

#endif
