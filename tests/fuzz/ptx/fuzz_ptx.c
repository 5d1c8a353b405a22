/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: an error, or an image that the strict verifier accepts. The first byte chooses options.
 */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/gpu/ptx/ptx.h"
#include "tests/unit/ptx/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t limits[4] = {0, 16, 24, 3};
	struct road_ptx_options options = {0};
	struct road_ptx_error error;
	void *image;
	size_t bytes;
	unsigned word;

	if (!size)
		return 0;
	options.max_regs = limits[data[0] & 3];
	options.optimise = data[0] >> 2 & 1;
	if (road_ptx_compile((const char *)data + 1, size - 1, &options, &image, &bytes, &error)) {
		if (image || bytes || !error.text[0])
			abort();
		return 0;
	}
	const char *wrong = verify_image(image, bytes, &word);

	if (wrong) {
		fprintf(stderr, "word %u: %s\n", word, wrong);
		abort();
	}
	free(image);
	return 0;
}
