/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <stdio.h>

#include "drivers/dsa/dsa.h"

#define ROW(reg, m, least, most, number, text, in, times)                               \
	{                                                                               \
		.name = #reg, .offset = ROAD_DSA_REG_##reg,                             \
		ROAD_PARAMETER_MEMBER(struct dsa_params, m), .min = least, .max = most, \
		.id = number, .property = text, .unit = in, .scale = times              \
	}
#define PAD(p, number, text)                                                                      \
	{                                                                                         \
		.name = "PAD_BYTES", .offset = ROAD_DSA_REG_PAD_BYTES + 4 * ROAD_DSA_PAD_##p,     \
		ROAD_PARAMETER_MEMBER(struct dsa_params, pad_bytes[ROAD_DSA_PAD_##p]), .min = 32, \
		.max = 1u << 30, .id = number, .property = text, .unit = "bytes", .scale = 1      \
	}

/* A property's number is never given to another one. */
static const struct road_parameter rows[] = {
	ROW(CORES, cores, 1, 65535, 1, "compute.units", "", 1),
	ROW(CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1, 2, "compute.clock_hz", "Hz", 1000),
	ROW(CUBE_RATE64, cube_rate, 0, UINT64_MAX - 1, 3, "compute.cube_macs_per_second", "1/s", 1),
	ROW(FLAGS, flags, 1, 64, 4, "compute.flags_per_pair", "", 1),
	ROW(MEM_BYTES64, memory_bytes, DSA_PAGE, UINT64_C(1) << 56, 5, "memory.bytes", "bytes", 1),
	ROW(MEM_RATE64, memory_rate, 0, UINT64_MAX - 1, 6, "memory.bytes_per_second", "bytes/s", 1),
	ROW(L2_BYTES, l2_bytes, 0, UINT32_MAX - 1, 7, "l2.bytes", "bytes", 1),
	PAD(L0A, 8, "scratchpad.l0a_bytes"),
	PAD(L0B, 9, "scratchpad.l0b_bytes"),
	PAD(L0C, 10, "scratchpad.l0c_bytes"),
	PAD(L1, 11, "scratchpad.l1_bytes"),
	PAD(UB, 12, "scratchpad.ub_bytes"),
	PAD(BT, 13, "scratchpad.bt_bytes"),
	ROW(STREAMS, streams, 2, ROAD_DSA_STREAMS_MAX, 14, "queues.hardware", "", 1),
	ROW(CONTEXTS, contexts, 1, ROAD_DSA_CONTEXTS_MAX, 15, "spaces.hardware", "", 1),
	ROW(ISA, isa, 1, UINT32_MAX - 1, 16, "compute.isa_version", "", 1),
	ROW(FEATURES, features, 0, UINT32_MAX - 1, 0, NULL, "", 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Chips of an older interface say nothing of it: all of it is unknown. */
static road_status read_traits(struct dsa *dsa)
{
	if ((dsa_read32(dsa, ROAD_DSA_REG_VERSION) & 0xffffu) < 2)
		return ROAD_OK;
	return road_traits_read(dsa->dev, ROAD_DSA_REGION_REGS, ROAD_DSA_TRAITS, &dsa->traits);
}

/* What the firmware is able to; is it all that the driver needs? */
static road_status read_program(struct dsa *dsa)
{
	static const struct road_boot_need needs[] = {
		{ROAD_DSA_WORK_TASK, 1, "task"},     {ROAD_DSA_WORK_LOAD, 1, "load"},
		{ROAD_DSA_WORK_UNLOAD, 1, "unload"}, {ROAD_DSA_WORK_COPY, 1, "copy"},
		{ROAD_DSA_WORK_FILL, 1, "fill"},     {ROAD_DSA_WORK_FENCE, 1, "fence"},
	};

	road_status status = road_boot_unit_program(dsa->dev, ROAD_DSA_WORKS, &dsa->program);

	if (!status)
		status = road_boot_program_need(&dsa->program, needs,
						sizeof(needs) / sizeof(needs[0]));
	return status;
}

road_status dsa_params_read(struct dsa *dsa)
{
	road_status status =
		road_parameters_read(dsa->dev, ROAD_DSA_REGION_REGS, rows, ROWS, &dsa->params);

	if (!status)
		status = read_traits(dsa);
	return status ? status : read_program(dsa);
}

/* ---- properties ---- */

enum { PROPERTIES = ROWS + 7 };

/* What launches may ask for: as the firmware's versions of a task have it. */
static void of_launches(const struct dsa *dsa, uint32_t id, bool cooperative,
			struct road_property *out)
{
	if (cooperative)
		road_property_bool(out, id, "launch.cooperative",
				   road_boot_has(&dsa->program, ROAD_DSA_WORK_TASK, 2));
	else
		road_property_bool(out, id, "launch.activate",
				   dsa->dev->region_unit &&
					   road_boot_has(&dsa->program, ROAD_DSA_WORK_TASK, 3));
	out->source = dsa->program.known ? ROAD_SOURCE_FIRMWARE : ROAD_SOURCE_CATALOGUE;
}

road_status dsa_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	struct dsa *dsa = dev->data;
	const uint32_t features = dsa->params.features;

	if (index < ROWS && rows[index].id) {
		road_parameter_property(&rows[index], &dsa->params, out);
	} else if (index == ROWS - 1) {
		road_property_bool(out, index + 1, "compute.vector_interlocked",
				   features & ROAD_DSA_FEATURE_INTERLOCKED);
	} else if (index == ROWS) {
		road_property_bool(out, index + 1, "compute.systolic",
				   features & ROAD_DSA_FEATURE_SYSTOLIC);
	} else if (index == ROWS + 1) {
		road_property_bool(out, index + 1, "address.unified", true);
		out->source = ROAD_SOURCE_COMPUTED;
	} else if (index == ROWS + 2) {
		road_property_bool(out, index + 1, "memory.ecc", features & ROAD_DSA_FEATURE_ECC);
	} else if (index == ROWS + 3 || index == ROWS + 4) {
		/* Every chip of this interface ends a task that runs on, and checks all accesses.
		 */
		road_property_bool(out, index + 1,
				   index == ROWS + 3 ? "fault.watchdog" : "fault.protection", true);
		out->source = ROAD_SOURCE_CATALOGUE;
	} else if (index == ROWS + 5 || index == ROWS + 6) {
		of_launches(dsa, index + 1, index == ROWS + 5, out);
	} else {
		return road_traits_last(&dsa->program, &dsa->traits, PROPERTIES, index, out);
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

/* Those that a packet makes; the others are none, or a part of the packet behind them. */
static const struct road_boot_command commands[] = {
	{ROAD_DSA_WORK_COPY, ROAD_COMMAND_COPY},
	{ROAD_DSA_WORK_FILL, ROAD_COMMAND_FILL},
	{ROAD_DSA_WORK_TASK, ROAD_COMMAND_LAUNCH},
	{ROAD_DSA_WORK_WAIT, ROAD_COMMAND_WAIT_VALUE},
	{ROAD_DSA_WORK_WRITE, ROAD_COMMAND_WRITE_VALUE},
	{ROAD_DSA_WORK_TIMESTAMP, ROAD_COMMAND_TIMESTAMP},
};

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
	out->commands = road_boot_program_commands(&dsa->program, commands,
						   sizeof(commands) / sizeof(commands[0])) |
			UINT64_C(1) << ROAD_COMMAND_BARRIER;
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
