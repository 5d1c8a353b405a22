/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/rpu/regs.h), doorbells, interrupts. */
#include "simulators/rpu/model.h"
#include "uapi/firmware/boot.h"

static uint64_t read_status(void *arg)
{
	const struct rpu_function *function = arg;
	uint64_t status = 0;

	if (sim_boot_runs(function->chip->boot))
		status |= ROAD_RPU_STATUS_READY;
	if (sim_boot_program(function->chip->boot))
		status |= ROAD_RPU_STATUS_FIRMWARE;
	for (uint32_t i = 0; i < function->chip->params.streams; i++)
		if (function->streams[i].life == RPU_STREAM_STOPPED)
			status |= ROAD_RPU_STATUS_FAULT;
	return function->dirty ? status : status | ROAD_RPU_STATUS_CLEAN;
}

static uint64_t read_zero(void *arg)
{
	(void)arg;
	return 0;
}

static void write_control(void *arg, uint64_t value)
{
	struct rpu_function *function = arg;

	if (value & ~(uint64_t)ROAD_RPU_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_RPU_CONTROL_RESET);
	if (value & ROAD_RPU_CONTROL_RESET)
		rpu_function_reset(function);
}

static uint64_t read_clock(void *arg)
{
	const struct rpu_function *function = arg;

	return function->chip->params.clock_hz / 1000;
}

static uint64_t read_features(void *arg)
{
	const struct rpu_function *function = arg;
	const struct road_rpu_params *params = &function->chip->params;

	return (params->memory_ecc ? ROAD_RPU_FEATURE_ECC : 0) |
	       (params->neur ? ROAD_RPU_FEATURE_NEUR : 0) | ROAD_RPU_FEATURE_MEMORY;
}

static uint64_t read_fabric(void *arg)
{
	const struct rpu_function *function = arg;

	return function->chip->fabric.fabric_id;
}

static uint64_t read_memory_rate(void *arg)
{
	const struct rpu_function *function = arg;

	return function->chip->params.ddr_rate * function->chip->params.clock_hz;
}

static uint64_t read_time(void *arg)
{
	const struct rpu_function *function = arg;

	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

/* Multiply-adds per second. */
static uint64_t read_neur_rate(void *arg)
{
	const struct rpu_function *function = arg;

	const uint64_t cycle =
		function->chip->traits.peaks[ROAD_PEAK_MATRIX_F16] / 2 / function->chip->built_hz;

	return cycle * function->chip->params.clock_hz; /* as the firmware has set it */
}

static uint64_t read_irq_status(void *arg)
{
	const struct rpu_function *function = arg;

	return function->interrupts.status;
}

static void write_irq_status(void *arg, uint64_t value)
{
	struct rpu_function *function = arg;

	function->interrupts.status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(void *arg)
{
	const struct rpu_function *function = arg;

	return function->interrupts.mask;
}

static void write_irq_mask(void *arg, uint64_t value)
{
	struct rpu_function *function = arg;
	struct rpu_chip *chip = function->chip;

	chip->counters.interrupts += sim_interrupts_mask(&function->interrupts, chip->env,
							 function->index, (uint32_t)value);
}

void rpu_interrupt(struct rpu_function *function, uint32_t vector)
{
	struct rpu_chip *chip = function->chip;

	chip->counters.interrupts +=
		sim_interrupts_raise(&function->interrupts, chip->env, function->index, vector);
}

static uint64_t read_stream_state(void *arg)
{
	const struct rpu_function *function = arg;
	uint64_t selected = function->latch.stream;

	if (selected >= function->chip->params.streams || function->streams[selected].refused)
		return ROAD_RPU_STREAM_REFUSED;
	return rpu_stream_state(&function->streams[selected]);
}

static void write_stream_command(void *arg, uint64_t value)
{
	struct rpu_function *function = arg;

	rpu_stream_command(function, (uint32_t)value);
}

/* Reads 1 while the selected context is open: an invalid table leaves it closed. */
static uint64_t read_context_command(void *arg)
{
	const struct rpu_function *function = arg;
	uint64_t selected = function->latch.context;

	return selected < function->chip->params.contexts && function->contexts[selected];
}

static void write_context_command(void *arg, uint64_t value)
{
	struct rpu_function *function = arg;

	rpu_context_command(function, (uint32_t)value);
}

#define AT(reg)         [ROAD_RPU_REG_##reg / 4]
#define PARAM(width, m) SIM_OF_CHIP(width, struct rpu_chip, params.m)
#define CHIP64(m)       SIM_OF_CHIP(8, struct rpu_chip, m)
#define LATCH(width, m) SIM_KEPT(width, struct rpu_function, latch.m)

static const struct sim_register registers[] = {
	AT(ID) = SIM_FIXED(ROAD_RPU_ID),
	AT(VERSION) = SIM_FIXED(ROAD_RPU_INTERFACE),
	AT(STATUS) = SIM_CALLED(4, read_status, NULL),
	AT(CONTROL) = SIM_CALLED(4, read_zero, write_control),
	AT(TILES) = PARAM(4, tiles),
	AT(MESH_COLUMNS) = PARAM(4, mesh_columns),
	AT(CLOCK_KHZ) = SIM_CALLED(4, read_clock, NULL),
	AT(STREAMS) = PARAM(4, streams),
	AT(CONTEXTS) = PARAM(4, contexts),
	AT(FEATURES) = SIM_CALLED(4, read_features, NULL),
	AT(SPM_BYTES) = PARAM(4, spm_bytes),
	AT(SPM_BANKS) = PARAM(4, spm_banks),
	AT(FABRIC) = SIM_CALLED(4, read_fabric, NULL),
	AT(MEM_BYTES64) = CHIP64(share_bytes),
	AT(MEM_RATE64) = SIM_CALLED(8, read_memory_rate, NULL),
	AT(TIME64) = SIM_CALLED(8, read_time, NULL),
	AT(NEUR_RATE64) = SIM_CALLED(8, read_neur_rate, NULL),
	AT(ECC_CORRECTED64) = CHIP64(counters.ecc_corrected),
	AT(ECC_UNCORRECTED64) = CHIP64(counters.ecc_uncorrected),
	AT(IRQ_STATUS) = SIM_CALLED(4, read_irq_status, write_irq_status),
	AT(IRQ_MASK) = SIM_CALLED(4, read_irq_mask, write_irq_mask),
	AT(STREAM_SELECT) = LATCH(4, stream),
	AT(STREAM_COMMAND) = SIM_CALLED(4, read_zero, write_stream_command),
	AT(STREAM_STATE) = SIM_CALLED(4, read_stream_state, NULL),
	AT(STREAM_CONTEXT) = LATCH(4, stream_context),
	AT(STREAM_RING64) = LATCH(8, ring),
	AT(STREAM_SLOTS) = LATCH(4, slots),
	AT(STREAM_PRIORITY) = LATCH(4, priority),
	AT(STREAM_STATUS64) = LATCH(8, status),
	AT(STREAM_REGION) = LATCH(4, region),
	AT(STREAM_GENERATION64) = LATCH(8, generation),
	AT(CONTEXT_SELECT) = LATCH(4, context),
	AT(CONTEXT_COMMAND) = SIM_CALLED(4, read_context_command, write_context_command),
	AT(CONTEXT_TABLE64) = LATCH(8, table),
	AT(CONTEXT_COUNT) = LATCH(4, count),
};

static struct sim_registers of(struct rpu_function *function)
{
	return (struct sim_registers){
		.rows = registers,
		.count = sizeof(registers) / sizeof(registers[0]),
		.env = function->chip->env,
		.index = function->index,
		.chip = function->chip,
		.function = function,
	};
}

static bool is_region(uint64_t offset)
{
	return offset >= ROAD_RPU_REGIONS && offset < ROAD_RPU_REGIONS + ROAD_REGION_REGS_BYTES;
}

uint64_t rpu_register_read(struct rpu_function *function, uint64_t offset, uint32_t width)
{
	const struct sim_registers mine = of(function);

	if (is_region(offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_RPU_REGIONS, width);
	if (sim_traits_is(offset, ROAD_RPU_TRAITS))
		return sim_traits_read(&function->chip->traits, function->chip->env,
				       function->index, offset - ROAD_RPU_TRAITS, width);
	if (sim_boot_is(offset, ROAD_RPU_BOOT))
		return sim_boot_read(function->chip->boot, function->index, offset - ROAD_RPU_BOOT,
				     width);
	return sim_register_read(&mine, offset, width);
}

void rpu_register_write(struct rpu_function *function, uint64_t offset, uint32_t width,
			uint64_t value)
{
	const struct sim_registers mine = of(function);
	uint32_t index;

	if (is_region(offset))
		region_unit_write(function->chip->unit, function->index, offset - ROAD_RPU_REGIONS,
				  width, value);
	else if (function->chip->boot && sim_boot_is(offset, ROAD_RPU_BOOT))
		sim_boot_write(function->chip->boot, function->index, offset - ROAD_RPU_BOOT, width,
			       value);
	else if (offset < ROAD_RPU_DOORBELL)
		sim_register_write(&mine, offset, width, value);
	else if (sim_doorbell_find(&mine, ROAD_RPU_DOORBELL, ROAD_RPU_DOORBELL_STRIDE,
				   function->chip->params.streams, offset, width, &index))
		rpu_stream_doorbell(function, index, value);
}
