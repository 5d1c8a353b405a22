/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be asked of regions before there is a handle: properties `region.*`, of the root as it
 * was when the device was opened, the same names for every driver that has regions. They come
 * behind the driver's own.
 */
#include <stdio.h>

#include "hal/core/region.h"

enum property_kind { NUMBER, FLAG, UNIT_NAME, QUALITY, COUNT };

struct row {
	const char *name, *unit;
	enum property_kind kind;
	uint32_t at; /* offset in road_region_info; of FLAG the bit */
	uint32_t width;
};
#define NUMBER(name, unit, member)                                      \
	{                                                               \
		name, unit, NUMBER, offsetof(road_region_info, member), \
			sizeof(((road_region_info *)0)->member)         \
	}
#define FLAG(name, bit)                              \
	{                                            \
		name, "", FLAG, ROAD_REGION_##bit, 0 \
	}

/* A property's number is its place here, from ROAD_REGION_PROPERTY: rows are appended. */
static const struct row rows[] = {
	{"region.unit", "", UNIT_NAME, 0, 0},
	NUMBER("region.units", "", units),
	NUMBER("region.unit_alignment", "", unit_alignment),
	NUMBER("region.units_min", "", units_min),
	{"region.count", "", COUNT, 0, 0}, /* children of a layout, at most */
	NUMBER("region.slots", "", slots),
	NUMBER("region.slot_bytes", "bytes", slot_bytes),
	NUMBER("region.unit_memory", "bytes", unit_memory_bytes),
	NUMBER("region.unit_cache", "bytes", unit_cache_bytes),
	NUMBER("region.unit_memory_rate", "bytes/s", unit_memory_bytes_per_second),
	FLAG("region.layouts", LAYOUT),
	FLAG("region.switches", SWITCHES),
	FLAG("region.read_back", READ_BACK),
	FLAG("region.state", STATE),
	FLAG("region.keeps_memory", KEEPS_MEMORY),
	FLAG("region.software_barrier", BARRIER),
	{"region.cost_quality", "", QUALITY, 0, 0},
	NUMBER("region.load", "ns", load_ns),
	NUMBER("region.load_per_kib", "ns", load_ns_per_kib),
	NUMBER("region.activate", "ns", switch_ns),
	NUMBER("region.drain", "ns", drain_ns),
	NUMBER("region.read_back_per_kib", "ns", read_back_ns_per_kib),
	NUMBER("region.layout", "ns", layout_ns),
	NUMBER("region.state_bytes", "bytes", state_bytes),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), ROAD_REGION_PROPERTY = 1001 };

static uint64_t children_max(const road_region_info *root)
{
	uint64_t least = root->units_min ? root->units_min : 1;
	uint64_t most = root->flags & ROAD_REGION_LAYOUT ? root->units / least : 0;

	return most < ROAD_REGION_PARTS_MAX ? most : ROAD_REGION_PARTS_MAX;
}

/* 0 of something that has a unit is what a chip says that does not know, or has none. */
static void set_number(road_property *out, uint64_t value)
{
	out->type = !value && out->unit[0] ? ROAD_VALUE_NULL : ROAD_VALUE_U64;
	out->u64 = value;
}

static void set_text(road_property *out, const char *text)
{
	out->type = text[0] ? ROAD_VALUE_TEXT : ROAD_VALUE_NULL;
	snprintf(out->text, sizeof(out->text), "%s", text);
}

static void set_quality(road_property *out, uint32_t quality)
{
	static const char *const words[] = {
		[ROAD_COST_UNKNOWN] = "",
		[ROAD_COST_DATASHEET] = "datasheet",
		[ROAD_COST_CALIBRATED] = "calibrated",
		[ROAD_COST_EXACT] = "exact",
	};

	set_text(out, quality < sizeof(words) / sizeof(words[0]) ? words[quality] : "");
}

static void fill(const road_region_info *root, const struct row *row, road_property *out)
{
	const char *member = (const char *)root + row->at;

	switch (row->kind) {
	case FLAG:
		out->type = ROAD_VALUE_BOOL;
		out->u64 = (root->flags & row->at) != 0;
		break;
	case UNIT_NAME: set_text(out, root->unit_name); break;
	case QUALITY: set_quality(out, root->cost_quality); break;
	case COUNT:
		out->source = ROAD_SOURCE_COMPUTED;
		set_number(out, children_max(root));
		break;
	default:
		set_number(out, row->width == 8 ? *(const uint64_t *)(const void *)member
						: *(const uint32_t *)(const void *)member);
	}
}

uint32_t road_region_properties(const struct road_device *device)
{
	return device->info.features & ROAD_FEATURE_REGIONS ? ROWS : 0;
}

road_status road_region_property(const struct road_device *device, uint32_t index,
				 road_property *out)
{
	if (index >= road_region_properties(device))
		return ROAD_NOT_FOUND;
	*out = (road_property){.size = sizeof(*out),
			       .id = ROAD_REGION_PROPERTY + index,
			       .source = ROAD_SOURCE_REGISTER};
	snprintf(out->name, sizeof(out->name), "%s", rows[index].name);
	snprintf(out->unit, sizeof(out->unit), "%s", rows[index].unit);
	fill(&device->root, &rows[index], out);
	return ROAD_OK;
}
