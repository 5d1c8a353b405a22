/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/rpu/rpu.h"

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
#reg, property, unit, ROAD_RPU_REG_##reg, offsetof(struct rpu_params, member), \
			sizeof(((struct rpu_params *)0)->member), scale, min, max              \
	}
/* A property's number is its place here, from 1: rows are appended, never moved. */
static const struct row rows[] = {
	ROW(TILES, tiles, 1, ROAD_RPU_TILES_MAX, "compute.units", "", 1),
	ROW(CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1, "compute.clock_hz", "Hz", 1000),
	ROW(NEUR_RATE64, neur_rate, 0, UINT64_MAX - 1, "compute.neur_macs_per_second", "1/s", 1),
	ROW(FABRIC, fabric, 1, UINT32_MAX - 1, "compute.fabric_id", "", 1),
	ROW(MESH_COLUMNS, mesh_columns, 1, ROAD_RPU_TILES_MAX, "compute.mesh_columns", "", 1),
	ROW(MEM_BYTES64, memory_bytes, RPU_PAGE, UINT64_C(1) << 46, "memory.bytes", "bytes", 1),
	ROW(MEM_RATE64, memory_rate, 0, UINT64_MAX - 1, "memory.bytes_per_second", "bytes/s", 1),
	ROW(SPM_BYTES, spm_bytes, 1, ROAD_RPU_MEMORY_BASE, "scratchpad.bytes", "bytes", 1),
	ROW(SPM_BANKS, spm_banks, 1, 1024, "scratchpad.banks", "", 1),
	ROW(STREAMS, streams, 2, ROAD_RPU_STREAMS_MAX, "queues.hardware", "", 1),
	ROW(CONTEXTS, contexts, 2, ROAD_RPU_CONTEXTS_MAX, "spaces.hardware", "", 1),
	ROW(FEATURES, features, 0, UINT32_MAX - 1, NULL, "", 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void *member(struct rpu_params *params, const struct row *row)
{
	return (char *)params + row->member;
}

static uint64_t value_of(struct rpu_params *params, const struct row *row)
{
	return row->width == 8 ? *(uint64_t *)member(params, row)
			       : *(uint32_t *)member(params, row);
}

road_status rpu_params_read(struct rpu *rpu)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];
		uint64_t value =
			rpu->bus->ops->read(rpu->bus, ROAD_RPU_REGION_REGS, row->reg, row->width);

		if (value < row->min || value > row->max) {
			road_status status = rpu_alive(rpu, "road_device_open");
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
			*(uint64_t *)member(&rpu->params, row) = value;
		else
			*(uint32_t *)member(&rpu->params, row) = (uint32_t)value;
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

road_status rpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	struct rpu *rpu = dev->data;
	const uint32_t features = rpu->params.features;

	if (index < ROWS && rows[index].property) {
		begin(out, index + 1, rows[index].property, rows[index].unit);
		out->type = ROAD_VALUE_U64;
		out->u64 = value_of(&rpu->params, &rows[index]) * rows[index].scale;
	} else if (index == ROWS - 1) {
		set_bool(out, index + 1, "memory.ecc", features & ROAD_RPU_FEATURE_ECC);
	} else if (index == ROWS) {
		set_bool(out, index + 1, "address.unified", false);
		out->source = ROAD_SOURCE_COMPUTED;
	} else if (index == ROWS + 1 || index == ROWS + 2) {
		/* Every chip of this interface ends a kernel that runs on, and checks all accesses.
		 */
		set_bool(out, index + 1, index == ROWS + 1 ? "fault.watchdog" : "fault.protection",
			 true);
		out->source = ROAD_SOURCE_CATALOGUE;
	} else {
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_property_at",
				       "no property %u, there are %u", index, ROWS + 3u);
	}
	return ROAD_OK;
}

/* The rate at which the chip says that it runs. */
road_status rpu_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	const struct rpu *rpu = dev->data;

	if (index)
		return ROAD_NOT_FOUND;
	snprintf(out->name, sizeof(out->name), "clock.compute");
	snprintf(out->unit, sizeof(out->unit), "Hz");
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_REGISTER;
	out->u64 = (uint64_t)rpu->params.clock_khz * 1000;
	return ROAD_OK;
}

void rpu_info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct rpu *rpu = dev->data;
	const struct rpu_params *p = &rpu->params;
	struct road_dma_limits limits;

	rpu->bus->ops->dma_limits(rpu->bus, &limits);
	out->device_class = ROAD_CLASS_RPU;
	out->heap_count = 3;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = p->streams - 1; /* one is the driver's own */
	out->queue_depth_max = RPU_DEPTH_MAX;
	out->memory_bytes = p->memory_bytes;
	out->commands =
		UINT64_C(1) << ROAD_COMMAND_COPY | UINT64_C(1) << ROAD_COMMAND_FILL |
		UINT64_C(1) << ROAD_COMMAND_LAUNCH | UINT64_C(1) << ROAD_COMMAND_BARRIER |
		UINT64_C(1) << ROAD_COMMAND_RECONFIGURE | UINT64_C(1) << ROAD_COMMAND_WAIT_VALUE |
		UINT64_C(1) << ROAD_COMMAND_WRITE_VALUE | UINT64_C(1) << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_REGIONS | ROAD_FEATURE_QUEUE_RESET |
			ROAD_FEATURE_PRIORITIES;
	if (p->contexts > 2) /* one is the driver's own */
		out->features |= ROAD_FEATURE_SPACES;
	if (limits.coherent)
		out->features |= ROAD_FEATURE_COHERENT;
}
