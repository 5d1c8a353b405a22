/* SPDX-License-Identifier: Apache-2.0 */
/* What the chip says of itself: parameters from registers, properties, info. */
#include <stdio.h>

#include "drivers/rpu/rpu.h"
#include "uapi/traits.h"

#define ROW(reg, m, least, most, number, text, in, times)                               \
	{                                                                               \
		.name = #reg, .offset = ROAD_RPU_REG_##reg,                             \
		ROAD_PARAMETER_MEMBER(struct rpu_params, m), .min = least, .max = most, \
		.id = number, .property = text, .unit = in, .scale = times              \
	}

/* 0: there is none, or the chip does not know. */
#define MAYBE(reg, m, least, most, number, text, in, times)                              \
	{                                                                                \
		.name = #reg, .offset = ROAD_RPU_REG_##reg,                              \
		ROAD_PARAMETER_MEMBER(struct rpu_params, m), .min = least, .max = most,  \
		.id = number, .property = text, .unit = in, .scale = times, .unknown = 1 \
	}

/* Rows are appended, never moved: a property's number is its place. */
static const struct road_parameter rows[] = {
	ROW(TILES, tiles, 1, ROAD_RPU_TILES_MAX, 1, "compute.units", "", 1),
	ROW(CLOCK_KHZ, clock_khz, 1, UINT32_MAX - 1, 2, "compute.clock_hz", "Hz", 1000),
	MAYBE(NEUR_RATE64, neur_rate, 0, UINT64_MAX - 1, 3, "compute.neur_macs_per_second", "1/s",
	      1),
	ROW(FABRIC, fabric, 1, UINT32_MAX - 1, 4, "compute.fabric_id", "", 1),
	ROW(MESH_COLUMNS, mesh_columns, 1, ROAD_RPU_TILES_MAX, 5, "compute.mesh_columns", "", 1),
	ROW(MEM_BYTES64, memory_bytes, RPU_PAGE, UINT64_C(1) << 46, 6, "memory.bytes", "bytes", 1),
	ROW(MEM_RATE64, memory_rate, 0, UINT64_MAX - 1, 7, "memory.bytes_per_second", "bytes/s", 1),
	ROW(SPM_BYTES, spm_bytes, 1, ROAD_RPU_MEMORY_BASE, 8, "scratchpad.bytes", "bytes", 1),
	ROW(SPM_BANKS, spm_banks, 1, 1024, 9, "scratchpad.banks", "", 1),
	ROW(STREAMS, streams, 2, ROAD_RPU_STREAMS_MAX, 10, "queues.hardware", "", 1),
	ROW(CONTEXTS, contexts, 2, ROAD_RPU_CONTEXTS_MAX, 11, "spaces.hardware", "", 1),
	ROW(FEATURES, features, 0, UINT32_MAX - 1, 0, NULL, "", 1),
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Chips of an older interface say nothing of it: all of it is unknown. */
static road_status read_traits(struct rpu *rpu)
{
	if ((rpu_read32(rpu, ROAD_RPU_REG_VERSION) & 0xffffu) < 1)
		return ROAD_OK;
	return road_traits_read(rpu->dev, ROAD_RPU_REGION_REGS, ROAD_RPU_TRAITS, &rpu->traits);
}

/* What the firmware is able to; is it all that the driver needs? */
static road_status read_program(struct rpu *rpu)
{
	static const struct road_boot_need needs[] = {
		{ROAD_RPU_WORK_RUN, 1, "run"},       {ROAD_RPU_WORK_MOVE, 1, "move"},
		{ROAD_RPU_WORK_REGION, 1, "region"}, {ROAD_RPU_WORK_COPY, 1, "copy"},
		{ROAD_RPU_WORK_FILL, 1, "fill"},     {ROAD_RPU_WORK_FENCE, 1, "fence"},
	};

	road_status status = road_boot_unit_program(rpu->dev, ROAD_RPU_WORKS, &rpu->program);

	if (!status)
		status = road_boot_program_need(&rpu->program, needs,
						sizeof(needs) / sizeof(needs[0]));
	return status;
}

road_status rpu_params_read(struct rpu *rpu)
{
	road_status status =
		road_parameters_read(rpu->dev, ROAD_RPU_REGION_REGS, rows, ROWS, &rpu->params);

	if (!status)
		status = read_traits(rpu);
	if (!status)
		status = read_program(rpu);
	if (!status && !road_boot_has(&rpu->program, ROAD_RPU_WORK_GEMM, 1)) {
		rpu->params.features &= ~ROAD_RPU_FEATURE_NEUR; /* nothing can be given to it */
		rpu->params.neur_rate = 0;
		rpu->traits.matrix_units = 0;
		for (uint32_t p = ROAD_PEAK_MATRIX_F64; p <= ROAD_PEAK_MATRIX_I8; p++)
			rpu->traits.peaks[p] = 0;
	}
	return status;
}

/* ---- properties ---- */

road_status rpu_property(struct road_drv_device *dev, uint32_t index, struct road_property *out)
{
	struct rpu *rpu = dev->data;
	const uint32_t features = rpu->params.features;

	if (index < ROWS && rows[index].id) {
		road_parameter_property(&rows[index], &rpu->params, out);
	} else if (index == ROWS - 1) {
		road_property_bool(out, index + 1, "memory.ecc", features & ROAD_RPU_FEATURE_ECC);
	} else if (index == ROWS) {
		road_property_bool(out, index + 1, "address.unified", false);
		out->source = ROAD_SOURCE_COMPUTED;
	} else if (index == ROWS + 1 || index == ROWS + 2) {
		/* Every chip of this interface ends a kernel that runs on, and checks all accesses.
		 */
		road_property_bool(out, index + 1,
				   index == ROWS + 1 ? "fault.watchdog" : "fault.protection", true);
		out->source = ROAD_SOURCE_CATALOGUE;
	} else if (index == ROWS + 3) {
		road_property_bool(out, index + 1, "launch.activate",
				   road_boot_has(&rpu->program, ROAD_RPU_WORK_RUN, 2));
		out->source = rpu->program.known ? ROAD_SOURCE_FIRMWARE : ROAD_SOURCE_CATALOGUE;
	} else {
		return road_traits_last(&rpu->program, &rpu->traits, ROWS + 4, index, out);
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

/* Those that a packet makes; the others are none, or a part of the packet behind them. */
static const struct road_boot_command commands[] = {
	{ROAD_RPU_WORK_COPY, ROAD_COMMAND_COPY},
	{ROAD_RPU_WORK_FILL, ROAD_COMMAND_FILL},
	{ROAD_RPU_WORK_RUN, ROAD_COMMAND_LAUNCH},
	{ROAD_RPU_WORK_WAIT, ROAD_COMMAND_WAIT_VALUE},
	{ROAD_RPU_WORK_WRITE, ROAD_COMMAND_WRITE_VALUE},
	{ROAD_RPU_WORK_TIMESTAMP, ROAD_COMMAND_TIMESTAMP},
};

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
	out->commands = road_boot_program_commands(&rpu->program, commands,
						   sizeof(commands) / sizeof(commands[0])) |
			UINT64_C(1) << ROAD_COMMAND_BARRIER |
			UINT64_C(1) << ROAD_COMMAND_RECONFIGURE;
	out->features = ROAD_FEATURE_IMAGES | ROAD_FEATURE_REGIONS | ROAD_FEATURE_QUEUE_RESET |
			ROAD_FEATURE_PRIORITIES;
	if (p->contexts > 2) /* one is the driver's own */
		out->features |= ROAD_FEATURE_SPACES;
	if (limits.coherent)
		out->features |= ROAD_FEATURE_COHERENT;
}
