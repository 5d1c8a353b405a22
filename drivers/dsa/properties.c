/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/dsa/dsa.h"

/* A register that start reads: where it goes, what it may say, and the property that it is. */
struct row {
	const char *name, *property, *unit; /* property NULL: none */
	uint16_t reg, member;
	uint8_t width;
	uint32_t scale; /* of the property */
	uint64_t min, max;
};
#define ROW(reg, member, min, max, property, unit, scale)                                      \
	{                                                                                      \
#reg, property, unit, ROAD_DSA_REG_##reg, offsetof(struct dsa_params, member), \
			sizeof(((struct dsa_params *)0)->member), scale, min, max              \
	}
#define PAD(p, property)                                                                         \
	{                                                                                        \
		"PAD_BYTES", property, "bytes", ROAD_DSA_REG_PAD_BYTES + 4 * ROAD_DSA_PAD_##p,   \
			offsetof(struct dsa_params, pad_bytes) + 4 * ROAD_DSA_PAD_##p, 4, 1, 32, \
			1u << 30                                                                 \
	}

/* A property's number is its place here, from 1: rows are appended, never moved. */
static const struct row rows[] = {
	ROW(CORES, cores, 1, 65535, "compute.units", "", 1),
	ROW(CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1, "compute.clock_hz", "Hz", 1000),
	ROW(CUBE_RATE64, cube_rate, 0, UINT64_MAX - 1, "compute.cube_macs_per_second", "1/s", 1),
	ROW(FLAGS, flags, 1, 64, "compute.flags_per_pair", "", 1),
	ROW(MEM_BYTES64, memory_bytes, DSA_PAGE, UINT64_C(1) << 56, "memory.bytes", "bytes", 1),
	ROW(MEM_RATE64, memory_rate, 0, UINT64_MAX - 1, "memory.bytes_per_second", "bytes/s", 1),
	ROW(L2_BYTES, l2_bytes, 0, UINT32_MAX - 1, "l2.bytes", "bytes", 1),
	PAD(L0A, "scratchpad.l0a_bytes"),
	PAD(L0B, "scratchpad.l0b_bytes"),
	PAD(L0C, "scratchpad.l0c_bytes"),
	PAD(L1, "scratchpad.l1_bytes"),
	PAD(UB, "scratchpad.ub_bytes"),
	PAD(BT, "scratchpad.bt_bytes"),
	ROW(STREAMS, streams, 2, ROAD_DSA_STREAMS_MAX, "queues.hardware", "", 1),
	ROW(CONTEXTS, contexts, 1, ROAD_DSA_CONTEXTS_MAX, "spaces.hardware", "", 1),
	ROW(ISA, isa, 1, UINT32_MAX - 1, "compute.isa_version", "", 1),
	ROW(FEATURES, features, 0, UINT32_MAX - 1, NULL, "", 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void *member(struct dsa_params *params, const struct row *row)
{
	return (char *)params + row->member;
}

static uint64_t value_of(struct dsa_params *params, const struct row *row)
{
	return row->width == 8 ? *(uint64_t *)member(params, row)
			       : *(uint32_t *)member(params, row);
}

road_status dsa_params_read(struct dsa *dsa)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		uint64_t value =
			dsa->bus->ops->read(dsa->bus, ROAD_DSA_REGION_REGS, row->reg, row->width);

		if (value < row->min || value > row->max) {
			road_status status = dsa_alive(dsa, "road_device_open");
			char seen[32], allowed[64];

			if (status)
				return status;
			snprintf(seen, sizeof(seen), "%" PRIu64, value);
			snprintf(allowed, sizeof(allowed), "%" PRIu64 " .. %" PRIu64, row->min,
				 row->max);
			return road_drv_error(ROAD_UNSUPPORTED, "register says what cannot be",
					      row->name, seen, allowed);
		}
		if (row->width == 8)
			*(uint64_t *)member(&dsa->params, row) = value;
		else
			*(uint32_t *)member(&dsa->params, row) = (uint32_t)value;
	}
	return ROAD_OK;
}

/* ---- properties ---- */

static void begin(struct road_property *out, uint32_t id, const char *name, const char *unit)
{
	*out = (struct road_property){
		.size = sizeof(*out), .id = id, .source = ROAD_SOURCE_REGISTER};
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->unit, sizeof(out->unit), "%s", unit);
}

static void set_bool(struct road_property *out, uint32_t id, const char *name, bool value)
{
	begin(out, id, name, "");
	out->type = ROAD_VALUE_BOOL;
	out->u64 = value;
}

static void set_u64(struct road_property *out, uint32_t id, const char *name, uint64_t value)
{
	begin(out, id, name, "");
	out->type = ROAD_VALUE_U64;
	out->u64 = value;
}

/* The last ones, of chips that can be reconfigured. */
enum { REGION_COUNT = ROWS + 5, REGION_SLOTS, REGION_BARRIER, PROPERTIES };

static road_status region_property(struct road_drv_device *dev, uint32_t index,
				   struct road_property *out)
{
	struct road_region_info info = {.size = sizeof(info)};

	if (index >= PROPERTIES || !dev->region_unit)
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_property_at",
				       "no property %u, there are %u", index,
				       dev->region_unit ? PROPERTIES : REGION_COUNT);
	road_status status = road_region_unit_ops.info(dev, 0, &info);

	if (status)
		return status;
	uint64_t most = info.units_min ? info.units / info.units_min : 0;

	if (index == REGION_COUNT)
		set_u64(out, index + 1, "region.count",
			most < ROAD_REGION_PARTS_MAX ? most : ROAD_REGION_PARTS_MAX);
	else if (index == REGION_SLOTS)
		set_u64(out, index + 1, "region.slots", info.slots);
	else
		set_bool(out, index + 1, "region.software_barrier",
			 info.flags & ROAD_REGION_BARRIER);
	return ROAD_OK;
}

road_status dsa_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	struct dsa *dsa = dev->data;
	const uint32_t features = dsa->params.features;

	if (index < ROWS && rows[index].property) {
		begin(out, index + 1, rows[index].property, rows[index].unit);
		out->type = ROAD_VALUE_U64;
		out->u64 = value_of(&dsa->params, &rows[index]) * rows[index].scale;
	} else if (index == ROWS - 1) {
		set_bool(out, index + 1, "compute.vector_interlocked",
			 features & ROAD_DSA_FEATURE_INTERLOCKED);
	} else if (index == ROWS) {
		set_bool(out, index + 1, "compute.systolic", features & ROAD_DSA_FEATURE_SYSTOLIC);
	} else if (index == ROWS + 1) {
		set_bool(out, index + 1, "address.unified", true);
		out->source = ROAD_SOURCE_COMPUTED;
	} else if (index == ROWS + 2) {
		set_bool(out, index + 1, "memory.ecc", features & ROAD_DSA_FEATURE_ECC);
	} else if (index == ROWS + 3 || index == ROWS + 4) {
		/* Every chip of this interface ends a task that runs on, and checks all accesses.
		 */
		set_bool(out, index + 1, index == ROWS + 3 ? "fault.watchdog" : "fault.protection",
			 true);
		out->source = ROAD_SOURCE_CATALOGUE;
	} else {
		return region_property(dev, index, out);
	}
	return ROAD_OK;
}

/* The rate at which the chip says that it runs. */
road_status dsa_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	const struct dsa *dsa = dev->data;

	if (index)
		return ROAD_NOT_FOUND;
	snprintf(out->name, sizeof(out->name), "clock.compute");
	snprintf(out->unit, sizeof(out->unit), "Hz");
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_REGISTER;
	out->u64 = (uint64_t)dsa->params.clock_khz * 1000;
	return ROAD_OK;
}

void dsa_info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct dsa *dsa = dev->data;
	const struct dsa_params *p = &dsa->params;
	struct road_dma_limits limits;

	dsa->bus->ops->dma_limits(dsa->bus, &limits);
	out->device_class = ROAD_CLASS_DSA;
	out->heap_count = 2;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = p->streams - 1; /* one is the driver's own */
	out->queue_depth_max = DSA_DEPTH_MAX;
	out->memory_bytes = p->memory_bytes;
	out->commands = UINT64_C(1) << ROAD_COMMAND_COPY | UINT64_C(1) << ROAD_COMMAND_FILL |
			UINT64_C(1) << ROAD_COMMAND_LAUNCH | UINT64_C(1) << ROAD_COMMAND_BARRIER |
			UINT64_C(1) << ROAD_COMMAND_WAIT_VALUE |
			UINT64_C(1) << ROAD_COMMAND_WRITE_VALUE |
			UINT64_C(1) << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_UNIFIED_ADDRESS |
			ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_PRIORITIES | ROAD_FEATURE_SPACE_MAP;
	if (dev->region_unit) {
		out->features |= ROAD_FEATURE_REGIONS;
		out->commands |= UINT64_C(1) << ROAD_COMMAND_RECONFIGURE;
	}
	if (p->contexts > 1)
		out->features |= ROAD_FEATURE_SPACES;
	if (limits.coherent)
		out->features |= ROAD_FEATURE_COHERENT;
}
