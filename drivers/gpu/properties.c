/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <stdio.h>

#include "drivers/gpu/gpu.h"

#define PARAMETER(reg, m, least, most, number, text, in, times)                                  \
	.name = #reg, .offset = ROAD_GPU_REG_##reg, ROAD_PARAMETER_MEMBER(struct gpu_params, m), \
	.min = least, .max = most, .id = number, .property = text, .unit = in, .scale = times
#define ROW(...)                       \
	{                              \
		PARAMETER(__VA_ARGS__) \
	}
#define MAYBE(...)                                   \
	{                                            \
		PARAMETER(__VA_ARGS__), .unknown = 1 \
	}

/* The order is that of the properties; numbers are never changed. */
static const struct road_parameter rows[] = {
	ROW(SM_COUNT, sm_count, 1, 65535, 1, "compute.units", "", 1),
	ROW(CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1, 3, "compute.clock_hz", "Hz", 1000),
	ROW(WARPS_PER_SM, warps_per_sm, 1, 65535, 4, "compute.warps_per_unit", "", 1),
	ROW(BLOCKS_PER_SM, blocks_per_sm, 1, 65535, 5, "compute.blocks_per_unit", "", 1),
	ROW(THREADS_PER_BLOCK, threads_per_block, 1, 65535, 6, "compute.threads_per_block", "", 1),
	ROW(MEM_BYTES64, memory_bytes, GPU_PAGE, UINT64_C(1) << 56, 7, "memory.bytes", "bytes", 1),
	ROW(MEM_WINDOW64, window_bytes, 0, UINT64_C(1) << 56, 8, "memory.visible_bytes", "bytes",
	    1),
	MAYBE(MEM_RATE64, memory_rate, 0, UINT64_MAX - 1, 9, "memory.bytes_per_second", "bytes/s",
	      1),
	ROW(L2_BYTES, l2_bytes, 0, UINT32_MAX - 1, 10, "l2.bytes", "bytes", 1),
	ROW(REGS_PER_SM, regs_per_sm, 1, 1u << 30, 11, "registers.per_unit", "", 1),
	ROW(REG_GRANULE, reg_granule, 1, 1u << 20, 12, "registers.granule", "", 1),
	ROW(SHARED_PER_SM, shared_per_sm, 0, 1u << 30, 13, "shared.per_unit", "bytes", 1),
	ROW(SHARED_PER_BLOCK, shared_per_block, 0, 1u << 30, 14, "shared.per_block", "bytes", 1),
	ROW(SHARED_GRANULE, shared_granule, 1, 1u << 20, 15, "shared.granule", "bytes", 1),
	ROW(SHARED_RESERVED, shared_reserved, 0, 1u << 20, 16, "shared.reserved_per_block", "bytes",
	    1),
	ROW(QUEUES, queues, 2, ROAD_GPU_QUEUES_MAX, 17, "queues.hardware", "", 1),
	ROW(SPACES, spaces, 1, ROAD_GPU_SPACES_MAX, 18, "spaces.hardware", "", 1),
	ROW(COMPUTE, compute, 0, 0xffff, 0, NULL, "", 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), REGISTERS = ROWS - 1 }; /* the last is no property */
enum { OPCODES = ROAD_GPU_OPCODE_BARRIER_OR + 1 };

/* Chips of an older interface say nothing of it: all of it is unknown. */
static road_status read_traits(struct gpu *gpu)
{
	if ((gpu_read32(gpu, ROAD_GPU_REG_VERSION) & 0xffffu) < 1)
		return ROAD_OK;
	return road_traits_read(gpu->dev, ROAD_GPU_REGION_REGS, ROAD_GPU_REG_TRAITS, &gpu->traits);
}

/* What the firmware is able to; is it all that the driver needs? */
static road_status read_program(struct gpu *gpu)
{
	static const struct road_boot_need needs[] = {
		{ROAD_GPU_VENDOR_LOAD, 1, "load"},   {ROAD_GPU_VENDOR_UNLOAD, 1, "unload"},
		{ROAD_GPU_VENDOR_COPY, 1, "copy"},   {ROAD_GPU_VENDOR_FILL, 1, "fill"},
		{ROAD_GPU_VENDOR_FENCE, 1, "fence"}, {ROAD_GPU_OPCODE_DISPATCH, 1, "dispatch"},
	};

	road_status status = road_boot_unit_program(gpu->dev, OPCODES, &gpu->program);

	if (!status)
		status = road_boot_program_need(&gpu->program, needs,
						sizeof(needs) / sizeof(needs[0]));
	return status;
}

road_status gpu_params_read(struct gpu *gpu)
{
	road_status status =
		road_parameters_read(gpu->dev, ROAD_GPU_REGION_REGS, rows, ROWS, &gpu->params);

	if (status)
		return status;
	status = read_traits(gpu);
	if (status)
		return status;
	gpu->params.ecc = gpu_read32(gpu, ROAD_GPU_REG_STATUS) & ROAD_GPU_STATUS_ECC;
	return read_program(gpu);
}

/* ---- properties ---- */

static void warp_size(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	road_property_u64(out, 2, "compute.warp_size", "", ROAD_GPU_WARP_LANES);
	out->source = ROAD_SOURCE_CATALOGUE; /* of the interface, not of a register */
}

static void capability(const struct gpu *gpu, struct road_property *out)
{
	road_property_u64(out, 19, "compute.capability", "", 0);
	out->type = ROAD_VALUE_TEXT;
	snprintf(out->text, sizeof(out->text), "%u.%u", gpu->params.compute >> 8,
		 gpu->params.compute & 0xffu);
}

static void unified(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	road_property_bool(out, 20, "address.unified", true);
	out->source = ROAD_SOURCE_COMPUTED;
}

static void ecc(const struct gpu *gpu, struct road_property *out)
{
	road_property_bool(out, 21, "memory.ecc", gpu->params.ecc);
}

/* Every chip of this interface ends a launch that runs on, and checks every access. */
static void watchdog(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	road_property_bool(out, 22, "fault.watchdog", true);
	out->source = ROAD_SOURCE_CATALOGUE;
}

static void protection(const struct gpu *gpu, struct road_property *out)
{
	(void)gpu;
	road_property_bool(out, 23, "fault.protection", true);
	out->source = ROAD_SOURCE_CATALOGUE;
}

/* What launches may ask for: as the firmware's opcodes have it. */
static void own_watchdog(const struct gpu *gpu, struct road_property *out)
{
	road_property_bool(out, 24, "launch.watchdog",
			   road_boot_has(&gpu->program, ROAD_GPU_OPCODE_DISPATCH, 2));
	out->source = gpu->program.known ? ROAD_SOURCE_FIRMWARE : ROAD_SOURCE_CATALOGUE;
}

static void activate(const struct gpu *gpu, struct road_property *out)
{
	road_property_bool(out, 25, "launch.activate",
			   gpu->dev->region_unit &&
				   road_boot_has(&gpu->program, ROAD_GPU_VENDOR_EXPECT, 2));
	out->source = gpu->program.known ? ROAD_SOURCE_FIRMWARE : ROAD_SOURCE_CATALOGUE;
}

static void (*const others[])(const struct gpu *, struct road_property *) = {
	warp_size, capability, unified, ecc, watchdog, protection, own_watchdog, activate};
enum { OTHERS = sizeof(others) / sizeof(others[0]) };

road_status gpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	const struct gpu *gpu = dev->data;

	if (index < REGISTERS)
		road_parameter_property(&rows[index], &gpu->params, out);
	else if (index < REGISTERS + OTHERS)
		others[index - REGISTERS](gpu, out);
	else
		return road_traits_last(&gpu->program, &gpu->traits, REGISTERS + OTHERS, index,
					out);
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

/* Those that a packet makes; the others are none, or a part of the packet behind them. */
static const struct road_boot_command commands[] = {
	{ROAD_GPU_VENDOR_COPY, ROAD_COMMAND_COPY},
	{ROAD_GPU_VENDOR_FILL, ROAD_COMMAND_FILL},
	{ROAD_GPU_OPCODE_DISPATCH, ROAD_COMMAND_LAUNCH},
	{ROAD_GPU_VENDOR_WAIT, ROAD_COMMAND_WAIT_VALUE},
	{ROAD_GPU_VENDOR_WRITE, ROAD_COMMAND_WRITE_VALUE},
	{ROAD_GPU_VENDOR_TIMESTAMP, ROAD_COMMAND_TIMESTAMP},
};

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
	out->commands = road_boot_program_commands(&gpu->program, commands,
						   sizeof(commands) / sizeof(commands[0])) |
			UINT64_C(1) << ROAD_COMMAND_BARRIER;
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
