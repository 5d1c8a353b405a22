/* SPDX-License-Identifier: Apache-2.0 */
/* Chip files are input from anywhere: no bytes may do more than be refused with a reason. */
#include <stdint.h>
#include <stdlib.h>

#include "simulators/chips/chip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct road_chip_error error;
	struct road_chip *chip;

	if (road_chip_parse((const char *)data, size, "fuzz", &chip, &error)) {
		if (error.code == ROAD_CHIP_OK || !error.message[0])
			abort();
		return 0;
	}
	if (!chip->name || !chip->params || !chip->identity.vendor || !chip->value_count)
		abort();
	road_chip_free(chip);
	return 0;
}
