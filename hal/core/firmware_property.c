/* SPDX-License-Identifier: Apache-2.0 */
/* Properties `firmware.*`, the same names for every chip that boots any; behind those of regions.
 */
#include <stdio.h>

#include "hal/core/firmware.h"

/* A property's number is its place here, from FIRMWARE_PROPERTY: rows are appended. */
enum row { STATE, VERSION, COUNTER, PROTOCOL, COMPONENTS, STYLE, HEARTBEAT, BOOT_TIME, ROWS };
enum { FIRMWARE_PROPERTY = 1101 };

static const struct {
	const char *name, *unit;
	uint32_t source;
} rows[ROWS] = {
	[STATE] = {"firmware.state", "", ROAD_SOURCE_REGISTER},
	[VERSION] = {"firmware.version", "", ROAD_SOURCE_FIRMWARE},
	[COUNTER] = {"firmware.counter", "", ROAD_SOURCE_FIRMWARE},
	[PROTOCOL] = {"firmware.protocol", "", ROAD_SOURCE_FIRMWARE},
	[COMPONENTS] = {"firmware.components", "", ROAD_SOURCE_REGISTER},
	[STYLE] = {"firmware.transfer", "", ROAD_SOURCE_REGISTER},
	[HEARTBEAT] = {"firmware.heartbeat", "ns", ROAD_SOURCE_REGISTER},
	[BOOT_TIME] = {"firmware.boot_time", "ns", ROAD_SOURCE_COMPUTED},
};

static void set_number(road_property *out, uint64_t value)
{
	out->type = ROAD_VALUE_U64;
	out->u64 = value;
}

static void set_text(road_property *out, const char *text)
{
	out->type = ROAD_VALUE_TEXT;
	snprintf(out->text, sizeof(out->text), "%s", text);
}

/* Under the boot's lock. */
static void fill(const struct road_boot *boot, uint32_t row, road_property *out)
{
	const road_firmware_boot_info info = road_boot_info(boot);

	switch (row) {
	case STATE: set_text(out, boot->calls->state_text(info.state)); break;
	case VERSION:
		out->type = ROAD_VALUE_TEXT;
		boot->calls->version_format(&info.version, out->text);
		break;
	case COUNTER: set_number(out, info.counter); break;
	case PROTOCOL: set_number(out, info.protocol); break;
	case COMPONENTS: set_number(out, boot->chip.component_count); break;
	case STYLE: set_text(out, boot->chip.style == ROAD_FIRMWARE_PULL ? "pull" : "push"); break;
	case HEARTBEAT:
		if (boot->chip.heartbeat_ns) /* else unknown: it has none */
			set_number(out, boot->chip.heartbeat_ns);
		break;
	default: set_number(out, boot->boot_ns);
	}
}

uint32_t road_boot_properties(const struct road_device *device)
{
	return device->boot ? ROWS : 0;
}

road_status road_boot_property(struct road_device *device, uint32_t index, road_property *out)
{
	if (index >= ROWS || !device->boot)
		return ROAD_NOT_FOUND;
	*out = (road_property){.size = sizeof(*out),
			       .id = FIRMWARE_PROPERTY + index,
			       .source = rows[index].source};
	snprintf(out->name, sizeof(out->name), "%s", rows[index].name);
	snprintf(out->unit, sizeof(out->unit), "%s", rows[index].unit);
	pthread_mutex_lock(&device->boot->lock);
	fill(device->boot, index, out);
	pthread_mutex_unlock(&device->boot->lock);
	return ROAD_OK;
}
