/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of what a kernel printed: text of bounded size, or none. */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_text text = {.bytes = NULL};
	char assertion[160];
	char *record;

	if (size > ROAD_GPU_PRINT_RECORD_MAX)
		return 0;
	record = malloc(size ? size : 1); /* of this size alone, so that reading beyond shows */
	if (!record)
		return 0;
	if (size)
		memcpy(record, data, size);
	gpu_print_render(record, size, &text);
	gpu_print_assertion(record, size, assertion, sizeof(assertion));
	if (strlen(assertion) >= sizeof(assertion))
		abort();
	/* a conversion is at least two bytes of format and gives no more than a whole text or so */
	if (text.count > size * (size + 2 * GPU_PRINT_WIDTH_MAX))
		abort();
	free(text.bytes);
	free(record);
	return 0;
}
