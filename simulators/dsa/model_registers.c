/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/dsa/regs.h), doorbells, interrupts. */
#include "simulators/dsa/model.h"
#include "uapi/firmware/boot.h"

static uint64_t read_status(void *arg)
{
	const struct dsa_function *function = arg;
	uint64_t status = 0;

	if (sim_boot_runs(function->chip->boot))
		status |= ROAD_DSA_STATUS_READY;
	if (sim_boot_program(function->chip->boot))
		status |= ROAD_DSA_STATUS_FIRMWARE;
	for (uint32_t i = 0; i < function->chip->params.streams; i++)
		if (function->streams[i].life == DSA_STREAM_STOPPED)
			status |= ROAD_DSA_STATUS_FAULT;
	return function->dirty ? status : status | ROAD_DSA_STATUS_CLEAN;
}

static uint64_t read_zero(void *arg)
{
	(void)arg;
	return 0;
}

static void write_control(void *arg, uint64_t value)
{
	struct dsa_function *function = arg;

	if (value & ~(uint64_t)ROAD_DSA_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_DSA_CONTROL_RESET);
	if (value & ROAD_DSA_CONTROL_RESET)
		dsa_function_reset(function);
}

static uint64_t read_clock(void *arg)
{
	const struct dsa_function *function = arg;

	return function->chip->params.clock_hz / 1000;
}

static uint64_t read_features(void *arg)
{
	const struct dsa_function *function = arg;
	const struct road_dsa_params *params = &function->chip->params;

	return (params->interlocked ? ROAD_DSA_FEATURE_INTERLOCKED : 0) |
	       (params->systolic ? ROAD_DSA_FEATURE_SYSTOLIC : 0) |
	       (params->memory_ecc ? ROAD_DSA_FEATURE_ECC : 0) |
	       (params->regions ? ROAD_DSA_FEATURE_REGIONS : 0);
}

static uint64_t read_l2(void *arg)
{
	const struct dsa_function *function = arg;
	uint64_t bytes = function->chip->params.l2_bytes;

	return bytes < UINT32_MAX ? bytes : UINT32_MAX - 1;
}

static uint64_t read_time(void *arg)
{
	const struct dsa_function *function = arg;

	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

/* Multiply-adds of fp16 per second. */
static uint64_t read_cube_rate(void *arg)
{
	const struct dsa_function *function = arg;

	const uint64_t cycle =
		function->chip->traits.peaks[ROAD_PEAK_MATRIX_F16] / 2 / function->chip->built_hz;

	return cycle * function->chip->params.clock_hz; /* as the firmware has set it */
}

static uint64_t read_irq_status(void *arg)
{
	const struct dsa_function *function = arg;

	return function->interrupts.status;
}

static void write_irq_status(void *arg, uint64_t value)
{
	struct dsa_function *function = arg;

	function->interrupts.status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(void *arg)
{
	const struct dsa_function *function = arg;

	return function->interrupts.mask;
}

/* What is pending is delivered when it is let through. */
static void write_irq_mask(void *arg, uint64_t value)
{
	struct dsa_function *function = arg;
	struct dsa_chip *chip = function->chip;

	chip->counters.interrupts += sim_interrupts_mask(&function->interrupts, chip->env,
							 function->index, (uint32_t)value);
}

void dsa_interrupt(struct dsa_function *function, uint32_t vector)
{
	struct dsa_chip *chip = function->chip;

	chip->counters.interrupts +=
		sim_interrupts_raise(&function->interrupts, chip->env, function->index, vector);
}

static uint64_t read_stream_state(void *arg)
{
	const struct dsa_function *function = arg;
	uint64_t selected = function->latch.stream;

	if (selected >= function->chip->params.streams || function->streams[selected].refused)
		return ROAD_DSA_STREAM_REFUSED;
	return dsa_stream_state(&function->streams[selected]);
}

static void write_stream_command(void *arg, uint64_t value)
{
	struct dsa_function *function = arg;

	dsa_stream_command(function, (uint32_t)value);
}

/* Reads 1 while the selected context is open: an invalid table leaves it closed. */
static uint64_t read_context_command(void *arg)
{
	const struct dsa_function *function = arg;
	uint64_t selected = function->latch.context;

	return selected < function->chip->params.contexts && function->contexts[selected];
}

static void write_context_command(void *arg, uint64_t value)
{
	struct dsa_function *function = arg;

	dsa_context_command(function, (uint32_t)value);
}

#define AT(reg)         [ROAD_DSA_REG_##reg / 4]
#define PARAM(width, m) SIM_OF_CHIP(width, struct dsa_chip, params.m)
#define CHIP64(m)       SIM_OF_CHIP(8, struct dsa_chip, m)
#define LATCH(width, m) SIM_KEPT(width, struct dsa_function, latch.m)
#define PAD(p) \
	[ROAD_DSA_REG_PAD_BYTES / 4 + ROAD_DSA_PAD_##p] = PARAM(4, pad_bytes[ROAD_DSA_PAD_##p])

static const struct sim_register registers[] = {
	AT(ID) = SIM_FIXED(ROAD_DSA_ID),
	AT(VERSION) = SIM_FIXED(ROAD_DSA_INTERFACE),
	AT(STATUS) = SIM_CALLED(4, read_status, NULL),
	AT(CONTROL) = SIM_CALLED(4, read_zero, write_control),
	AT(CORES) = PARAM(4, cores),
	AT(CLOCK_KHZ) = SIM_CALLED(4, read_clock, NULL),
	AT(FLAGS) = PARAM(4, flags),
	AT(STREAMS) = PARAM(4, streams),
	AT(CONTEXTS) = PARAM(4, contexts),
	AT(ISA) = SIM_FIXED(ROAD_DSA_ISA_VERSION),
	AT(FEATURES) = SIM_CALLED(4, read_features, NULL),
	AT(L2_BYTES) = SIM_CALLED(4, read_l2, NULL),
	PAD(L0A),
	PAD(L0B),
	PAD(L0C),
	PAD(L1),
	PAD(UB),
	PAD(BT),
	AT(MEM_BYTES64) = CHIP64(share_bytes),
	AT(MEM_RATE64) = PARAM(8, hbm_rate),
	AT(TIME64) = SIM_CALLED(8, read_time, NULL),
	AT(CUBE_RATE64) = SIM_CALLED(8, read_cube_rate, NULL),
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

static struct sim_registers of(struct dsa_function *function)
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

/* Of the reconfiguration unit; a chip without one has no registers there. */
static bool is_region(const struct dsa_function *function, uint64_t offset)
{
	return function->chip->unit && offset >= ROAD_DSA_REGIONS &&
	       offset < ROAD_DSA_REGIONS + ROAD_REGION_REGS_BYTES;
}

uint64_t dsa_register_read(struct dsa_function *function, uint64_t offset, uint32_t width)
{
	const struct sim_registers mine = of(function);

	if (is_region(function, offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_DSA_REGIONS, width);
	if (sim_traits_is(offset, ROAD_DSA_TRAITS))
		return sim_traits_read(&function->chip->traits, function->chip->env,
				       function->index, offset - ROAD_DSA_TRAITS, width);
	if (sim_boot_is(offset, ROAD_DSA_BOOT))
		return sim_boot_read(function->chip->boot, function->index, offset - ROAD_DSA_BOOT,
				     width);
	return sim_register_read(&mine, offset, width);
}

void dsa_register_write(struct dsa_function *function, uint64_t offset, uint32_t width,
			uint64_t value)
{
	const struct sim_registers mine = of(function);
	uint32_t index;

	if (is_region(function, offset))
		region_unit_write(function->chip->unit, function->index, offset - ROAD_DSA_REGIONS,
				  width, value);
	else if (function->chip->boot && sim_boot_is(offset, ROAD_DSA_BOOT))
		sim_boot_write(function->chip->boot, function->index, offset - ROAD_DSA_BOOT, width,
			       value);
	else if (offset < ROAD_DSA_DOORBELL)
		sim_register_write(&mine, offset, width, value);
	else if (sim_doorbell_find(&mine, ROAD_DSA_DOORBELL, ROAD_DSA_DOORBELL_STRIDE,
				   function->chip->params.streams, offset, width, &index))
		dsa_stream_doorbell(function, index, value);
}
