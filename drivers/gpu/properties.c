/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/gpu/gpu.h"

/* A register that start reads: where it goes and what it may say. */
struct field {
	const char *name;
	uint16_t reg;
	uint8_t width;
	uint16_t member;
	uint64_t min, max;
};
#define FIELD(width, reg, member, min, max)                                                    \
	{                                                                                      \
#reg, ROAD_GPU_REG_##reg, width, offsetof(struct gpu_params, member), min, max \
	}

static const struct field fields[] = {
	FIELD(4, SM_COUNT, sm_count, 1, 65535),
	FIELD(4, WARPS_PER_SM, warps_per_sm, 1, 65535),
	FIELD(4, BLOCKS_PER_SM, blocks_per_sm, 1, 65535),
	FIELD(4, REGS_PER_SM, regs_per_sm, 1, 1u << 30),
	FIELD(4, SHARED_PER_SM, shared_per_sm, 0, 1u << 30),
	FIELD(4, SHARED_PER_BLOCK, shared_per_block, 0, 1u << 30),
	FIELD(4, THREADS_PER_BLOCK, threads_per_block, 1, 65535),
	FIELD(4, CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1),
	FIELD(4, L2_BYTES, l2_bytes, 0, UINT32_MAX - 1),
	FIELD(4, COMPUTE, compute, 0, 0xffff),
	FIELD(4, QUEUES, queues, 2, ROAD_GPU_QUEUES_MAX), /* one is the driver's own */
	FIELD(4, SPACES, spaces, 1, ROAD_GPU_SPACES_MAX),
	FIELD(4, REG_GRANULE, reg_granule, 1, 1u << 20),
	FIELD(4, SHARED_GRANULE, shared_granule, 1, 1u << 20),
	FIELD(4, SHARED_RESERVED, shared_reserved, 0, 1u << 20),
	FIELD(8, MEM_BYTES64, memory_bytes, GPU_PAGE, UINT64_C(1) << 56),
	FIELD(8, MEM_WINDOW64, window_bytes, 0, UINT64_C(1) << 56),
	FIELD(8, MEM_RATE64, memory_rate, 0, UINT64_MAX - 1),
};

static uint64_t member(const struct gpu_params *params, uint16_t offset, uint8_t width)
{
	const char *at = (const char *)params + offset;

	return width == 8 ? *(const uint64_t *)(const void *)at
			  : *(const uint32_t *)(const void *)at;
}

road_status gpu_params_read(struct gpu *gpu)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];
		char *at = (char *)&gpu->params + f->member;
		uint64_t value =
			gpu->bus->ops->read(gpu->bus, ROAD_GPU_REGION_REGS, f->reg, f->width);

		if (value < f->min || value > f->max) {
			road_status status = gpu_alive(gpu, "road_device_open");
			char seen[32], allowed[64];

			if (status)
				return status;
			snprintf(seen, sizeof(seen), "%" PRIu64, value);
			snprintf(allowed, sizeof(allowed), "%" PRIu64 " .. %" PRIu64, f->min,
				 f->max);
			return road_drv_error(ROAD_UNSUPPORTED, "register says what cannot be",
					      f->name, seen, allowed);
		}
		if (f->width == 8)
			*(uint64_t *)(void *)at = value;
		else
			*(uint32_t *)(void *)at = (uint32_t)value;
	}
	gpu->params.ecc = road_read32(gpu->bus, ROAD_GPU_REGION_REGS, ROAD_GPU_REG_STATUS) &
			  ROAD_GPU_STATUS_ECC;
	return ROAD_OK;
}

/* ---- properties ---- */

struct row {
	uint32_t id; /* stable: never renumbered */
	const char *name, *unit;
	uint16_t member;
	uint8_t width;
	uint8_t unknown_zero; /* 0 says: unknown */
	uint32_t scale;
};
#define ROW(id, name, unit, member, zero, scale)                              \
	{                                                                     \
		id, name, unit, offsetof(struct gpu_params, member),          \
			sizeof(((struct gpu_params *)0)->member), zero, scale \
	}

static const struct row rows[] = {
	ROW(1, "compute.units", "", sm_count, 0, 1),
	ROW(3, "compute.clock_hz", "Hz", clock_khz, 0, 1000),
	ROW(4, "compute.warps_per_unit", "", warps_per_sm, 0, 1),
	ROW(5, "compute.blocks_per_unit", "", blocks_per_sm, 0, 1),
	ROW(6, "compute.threads_per_block", "", threads_per_block, 0, 1),
	ROW(7, "memory.bytes", "bytes", memory_bytes, 0, 1),
	ROW(8, "memory.visible_bytes", "bytes", window_bytes, 0, 1),
	ROW(9, "memory.bytes_per_second", "bytes/s", memory_rate, 1, 1),
	ROW(10, "l2.bytes", "bytes", l2_bytes, 0, 1),
	ROW(11, "registers.per_unit", "", regs_per_sm, 0, 1),
	ROW(12, "registers.granule", "", reg_granule, 0, 1),
	ROW(13, "shared.per_unit", "bytes", shared_per_sm, 0, 1),
	ROW(14, "shared.per_block", "bytes", shared_per_block, 0, 1),
	ROW(15, "shared.granule", "bytes", shared_granule, 0, 1),
	ROW(16, "shared.reserved_per_block", "bytes", shared_reserved, 0, 1),
	ROW(17, "queues.hardware", "", queues, 0, 1),
	ROW(18, "spaces.hardware", "", spaces, 0, 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void name(struct road_property *out, uint32_t id, const char *text, const char *unit)
{
	*out = (struct road_property){
		.size = sizeof(*out), .id = id, .source = ROAD_SOURCE_REGISTER};
	snprintf(out->name, sizeof(out->name), "%s", text);
	snprintf(out->unit, sizeof(out->unit), "%s", unit);
}

static void from_row(const struct gpu *gpu, const struct row *row, struct road_property *out)
{
	uint64_t value = member(&gpu->params, row->member, row->width);

	name(out, row->id, row->name, row->unit);
	out->type = !value && row->unknown_zero ? ROAD_VALUE_NULL : ROAD_VALUE_U64;
	out->u64 = value * row->scale;
}

static void warp_size(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	name(out, 2, "compute.warp_size", "");
	out->type = ROAD_VALUE_U64;
	out->source = ROAD_SOURCE_CATALOGUE; /* of the interface, not of a register */
	out->u64 = ROAD_GPU_WARP_LANES;
}

static void capability(const struct gpu *gpu, struct road_property *out)
{
	name(out, 19, "compute.capability", "");
	out->type = ROAD_VALUE_TEXT;
	snprintf(out->text, sizeof(out->text), "%u.%u", gpu->params.compute >> 8,
		 gpu->params.compute & 0xffu);
}

static void unified(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	name(out, 20, "address.unified", "");
	out->type = ROAD_VALUE_BOOL;
	out->source = ROAD_SOURCE_COMPUTED;
	out->u64 = 1;
}

static void set_bool(struct road_property *out, uint32_t id, const char *text, bool value,
		     uint32_t source)
{
	name(out, id, text, "");
	out->type = ROAD_VALUE_BOOL;
	out->source = source;
	out->u64 = value;
}

static void ecc(const struct gpu *gpu, struct road_property *out)
{
	set_bool(out, 21, "memory.ecc", gpu->params.ecc, ROAD_SOURCE_REGISTER);
}

/* Every chip of this interface ends a launch that runs on, and checks every access. */
static void watchdog(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	set_bool(out, 22, "fault.watchdog", true, ROAD_SOURCE_CATALOGUE);
}

static void protection(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	set_bool(out, 23, "fault.protection", true, ROAD_SOURCE_CATALOGUE);
}

static void (*const others[])(const struct gpu *, struct road_property *) = {
	warp_size, capability, unified, ecc, watchdog, protection};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

road_status gpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	if (index < ROWS)
		from_row(dev->data, &rows[index], out);
	else if (index < ROWS + OTHERS)
		others[index - ROWS](dev->data, out);
	else
		return road_drv_errorf(ROAD_NOT_FOUND, "road_device_property_at",
				       "no property %u, there are %u", index,
				       (unsigned)(ROWS + OTHERS));
	return ROAD_OK;
}

/* The rates at which the chip says that it runs. */
road_status gpu_counter(struct road_drv_device *dev, uint32_t index, struct road_metric *out)
{
	const struct gpu *gpu = dev->data;

	if (index)
		return ROAD_NOT_FOUND;
	snprintf(out->name, sizeof(out->name), "clock.compute");
	snprintf(out->unit, sizeof(out->unit), "Hz");
	out->type = gpu->params.clock_khz ? ROAD_VALUE_U64 : ROAD_VALUE_NULL;
	out->source = ROAD_SOURCE_REGISTER;
	out->u64 = (uint64_t)gpu->params.clock_khz * 1000;
	return ROAD_OK;
}

void gpu_info(struct road_drv_device *dev, struct road_device_info *out)
{
	const struct gpu *gpu = dev->data;
	const struct gpu_params *p = &gpu->params;
	struct road_dma_limits limits;

	gpu->bus->ops->dma_limits(gpu->bus, &limits);
	out->device_class = ROAD_CLASS_GPU;
	out->heap_count = gpu->visible ? 3 : 2;
	out->queue_classes = 1u << ROAD_QUEUE_COMPUTE | 1u << ROAD_QUEUE_TRANSFER;
	out->queues_max = p->queues - 1;
	out->queue_depth_max = GPU_DEPTH_MAX;
	out->memory_bytes = p->memory_bytes;
	out->commands = UINT64_C(1) << ROAD_COMMAND_COPY | UINT64_C(1) << ROAD_COMMAND_FILL |
			UINT64_C(1) << ROAD_COMMAND_LAUNCH | UINT64_C(1) << ROAD_COMMAND_BARRIER |
			UINT64_C(1) << ROAD_COMMAND_WAIT_VALUE |
			UINT64_C(1) << ROAD_COMMAND_WRITE_VALUE |
			UINT64_C(1) << ROAD_COMMAND_TIMESTAMP;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_UNIFIED_ADDRESS |
			ROAD_FEATURE_QUEUE_RESET | ROAD_FEATURE_PRIORITIES | ROAD_FEATURE_SPACE_MAP;
	if (gpu->dev->region_unit) {
		out->features |= ROAD_FEATURE_REGIONS;
		out->commands |= UINT64_C(1) << ROAD_COMMAND_RECONFIGURE;
	}
	if (p->spaces > 1)
		out->features |= ROAD_FEATURE_SPACES;
	if (limits.coherent)
		out->features |= ROAD_FEATURE_COHERENT;
}
