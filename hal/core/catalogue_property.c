/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of what the data sheet of a device's chip says, where the table of chips has it; the
 * same names whatever the driver, behind those of firmware. */
#include <stdio.h>
#include <string.h>

#include <roadbed-driver/chip_id.h>

#include "hal/core/core.h"
#include "hal/core/drivers.h"

/* A property's number is its place here, from CATALOGUE_PROPERTY: rows are appended. */
enum { CATALOGUE_PROPERTY = 1201 };

static const struct {
	const char *name, *unit;
} rows[ROAD_PUBLISHED] = {
	[ROAD_PUBLISHED_PEAK_F16] = {"peak.published.f16", "1/s"},
	[ROAD_PUBLISHED_PEAK_BF16] = {"peak.published.bf16", "1/s"},
	[ROAD_PUBLISHED_PEAK_F32] = {"peak.published.f32", "1/s"},
	[ROAD_PUBLISHED_PEAK_I8] = {"peak.published.i8", "1/s"},
	[ROAD_PUBLISHED_MEMORY_CLOCK] = {"memory.clock_hz", "Hz"},
	[ROAD_PUBLISHED_MEMORY_BUS] = {"memory.bus_bits", "bits"},
};

/* By its names: a simulated chip need not have ids. */
static const struct road_chip_id *find(const struct road_device *device)
{
	for (unsigned i = 0; i < road_chip_id_count; i++)
		if (!strcmp(road_chip_ids[i].product, device->info.name) &&
		    !strcmp(road_chip_ids[i].vendor, device->info.vendor))
			return &road_chip_ids[i];
	return NULL;
}

road_status road_catalogue_property(struct road_device *device, uint32_t index, road_property *out)
{
	const struct road_chip_id *chip = index < ROAD_PUBLISHED ? find(device) : NULL;

	if (!chip)
		return ROAD_NOT_FOUND;
	*out = (road_property){
		.size = sizeof(*out),
		.id = CATALOGUE_PROPERTY + index,
		.type = chip->published[index].value ? ROAD_VALUE_U64 : ROAD_VALUE_NULL,
		.source = chip->published[index].assumed ? ROAD_SOURCE_ASSUMED
							 : ROAD_SOURCE_CATALOGUE,
		.u64 = chip->published[index].value,
	};
	snprintf(out->name, sizeof(out->name), "%s", rows[index].name);
	snprintf(out->unit, sizeof(out->unit), "%s", rows[index].unit);
	return ROAD_OK;
}
