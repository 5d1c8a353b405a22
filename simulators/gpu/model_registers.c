/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/gpu/regs.h), doorbells, interrupts. */
#include "simulators/gpu/model.h"
#include "uapi/firmware/boot.h"

static uint64_t read_status(void *arg)
{
	const struct gpu_function *function = arg;
	uint64_t status = 0;

	if (sim_boot_runs(function->chip->boot))
		status |= ROAD_GPU_STATUS_READY;
	if (sim_boot_program(function->chip->boot))
		status |= ROAD_GPU_STATUS_FIRMWARE;
	for (uint32_t i = 0; i < function->chip->params.queues; i++)
		if (function->queues[i].life == GPU_QUEUE_STOPPED)
			status |= ROAD_GPU_STATUS_FAULT;
	if (!function->dirty)
		status |= ROAD_GPU_STATUS_CLEAN;
	if (function->chip->params.memory_ecc)
		status |= ROAD_GPU_STATUS_ECC;
	if (function->chip->unit)
		status |= ROAD_GPU_STATUS_REGIONS;
	return status;
}

static uint64_t read_zero(void *arg)
{
	(void)arg;
	return 0;
}

static void write_control(void *arg, uint64_t value)
{
	struct gpu_function *function = arg;

	if (value & ~(uint64_t)ROAD_GPU_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_GPU_CONTROL_RESET);
	if (value & ROAD_GPU_CONTROL_RESET)
		road_gpu_function_reset(function);
}

static uint64_t read_compute(void *arg)
{
	const struct gpu_function *function = arg;
	const struct road_gpu_params *params = &function->chip->params;

	return params->compute_major << 8 | params->compute_minor;
}

static uint64_t read_mem_window(void *arg)
{
	const struct gpu_function *function = arg;

	return road_gpu_chip_window(function->chip);
}

static uint64_t read_time(void *arg)
{
	const struct gpu_function *function = arg;

	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

static uint64_t read_irq_status(void *arg)
{
	const struct gpu_function *function = arg;

	return function->interrupts.status;
}

static void write_irq_status(void *arg, uint64_t value)
{
	struct gpu_function *function = arg;

	function->interrupts.status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(void *arg)
{
	const struct gpu_function *function = arg;

	return function->interrupts.mask;
}

static void write_irq_mask(void *arg, uint64_t value)
{
	struct gpu_function *function = arg;
	struct gpu_chip *chip = function->chip;

	chip->counters.interrupts += sim_interrupts_mask(&function->interrupts, chip->env,
							 function->index, (uint32_t)value);
}

void road_gpu_interrupt(struct gpu_function *function, uint32_t vector)
{
	struct gpu_chip *chip = function->chip;

	chip->counters.interrupts +=
		sim_interrupts_raise(&function->interrupts, chip->env, function->index, vector);
}

static uint64_t read_queue_state(void *arg)
{
	const struct gpu_function *function = arg;
	uint64_t selected = function->latch.queue;

	if (selected >= function->chip->params.queues)
		return ROAD_GPU_QUEUE_REFUSED;
	if (function->queues[selected].refused)
		return ROAD_GPU_QUEUE_REFUSED;
	return road_gpu_queue_state(&function->queues[selected]);
}

static void write_queue_command(void *arg, uint64_t value)
{
	struct gpu_function *function = arg;

	road_gpu_queue_command(function, (uint32_t)value);
}

/* Reads 1 while the selected space is open: an invalid table leaves it closed. */
static uint64_t read_space_command(void *arg)
{
	const struct gpu_function *function = arg;
	uint64_t selected = function->latch.space;

	return selected < function->chip->params.spaces && function->spaces[selected].table;
}

static void write_space_command(void *arg, uint64_t value)
{
	struct gpu_function *function = arg;

	if (value == ROAD_GPU_SPACE_OPEN)
		road_gpu_space_open(function);
	else if (value == ROAD_GPU_SPACE_CLOSE)
		road_gpu_space_close(function);
	else if (value == ROAD_GPU_SPACE_PRINT)
		road_gpu_print_set(function);
	else
		sim_violation(function->chip->env, function->index, "space command %llu is none",
			      (unsigned long long)value);
}

#define AT(reg)         [ROAD_GPU_REG_##reg / 4]
#define PARAM(width, m) SIM_OF_CHIP(width, struct gpu_chip, params.m)
#define CHIP64(m)       SIM_OF_CHIP(8, struct gpu_chip, m)
#define LATCH(width, m) SIM_KEPT(width, struct gpu_function, latch.m)

static const struct sim_register registers[] = {
	AT(ID) = SIM_FIXED(ROAD_GPU_ID),
	AT(VERSION) = SIM_FIXED(ROAD_GPU_INTERFACE),
	AT(STATUS) = SIM_CALLED(4, read_status, NULL),
	AT(CONTROL) = SIM_CALLED(4, read_zero, write_control),
	AT(SM_COUNT) = PARAM(4, sm_count),
	AT(WARPS_PER_SM) = PARAM(4, warps_per_sm),
	AT(BLOCKS_PER_SM) = PARAM(4, blocks_per_sm),
	AT(REGS_PER_SM) = PARAM(4, registers_per_sm),
	AT(SHARED_PER_SM) = PARAM(4, shared_per_sm),
	AT(SHARED_PER_BLOCK) = PARAM(4, shared_per_block),
	AT(THREADS_PER_BLOCK) = PARAM(4, threads_per_block),
	AT(CLOCK_KHZ) = PARAM(4, clock_khz),
	AT(L2_BYTES) = PARAM(4, l2_bytes),
	AT(COMPUTE) = SIM_CALLED(4, read_compute, NULL),
	AT(QUEUES) = PARAM(4, queues),
	AT(SPACES) = PARAM(4, spaces),
	AT(MEM_BYTES64) = CHIP64(share_bytes),
	AT(MEM_WINDOW64) = SIM_CALLED(8, read_mem_window, NULL),
	AT(MEM_RATE64) = PARAM(8, dram_rate),
	AT(TIME64) = SIM_CALLED(8, read_time, NULL),
	AT(REG_GRANULE) = PARAM(4, register_granule),
	AT(SHARED_GRANULE) = PARAM(4, shared_granule),
	AT(SHARED_RESERVED) = PARAM(4, shared_reserved),
	AT(ECC_CORRECTED64) = CHIP64(counters.ecc_corrected),
	AT(ECC_UNCORRECTED64) = CHIP64(counters.ecc_uncorrected),
	AT(IRQ_STATUS) = SIM_CALLED(4, read_irq_status, write_irq_status),
	AT(IRQ_MASK) = SIM_CALLED(4, read_irq_mask, write_irq_mask),
	AT(QUEUE_SELECT) = LATCH(4, queue),
	AT(QUEUE_COMMAND) = SIM_CALLED(4, read_zero, write_queue_command),
	AT(QUEUE_STATE) = SIM_CALLED(4, read_queue_state, NULL),
	AT(QUEUE_SPACE) = LATCH(4, queue_space),
	AT(QUEUE_RING64) = LATCH(8, ring),
	AT(QUEUE_SLOTS) = LATCH(4, slots),
	AT(QUEUE_PRIORITY) = LATCH(4, priority),
	AT(QUEUE_STATUS64) = LATCH(8, status),
	AT(QUEUE_REGION) = LATCH(4, queue_region),
	AT(SPACE_SELECT) = LATCH(4, space),
	AT(SPACE_COMMAND) = SIM_CALLED(4, read_space_command, write_space_command),
	AT(SPACE_TABLE64) = LATCH(8, table),
	AT(SPACE_COUNT) = LATCH(4, count),
	AT(SPACE_PRINT64) = LATCH(8, print),
	AT(SPACE_PRINT_BYTES) = LATCH(4, print_bytes),
};

static struct sim_registers of(struct gpu_function *function)
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

static bool in_unit(const struct gpu_function *function, uint64_t offset)
{
	return function->chip->unit && offset >= ROAD_GPU_REG_UNIT &&
	       offset < ROAD_GPU_REG_UNIT + ROAD_REGION_REGS_BYTES;
}

uint64_t road_gpu_register_read(struct gpu_function *function, uint64_t offset, uint32_t width)
{
	const struct sim_registers mine = of(function);

	if (in_unit(function, offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_GPU_REG_UNIT, width);
	if (sim_traits_is(offset, ROAD_GPU_REG_TRAITS))
		return sim_traits_read(&function->chip->traits, function->chip->env,
				       function->index, offset - ROAD_GPU_REG_TRAITS, width);
	if (sim_boot_is(offset, ROAD_GPU_REG_BOOT))
		return sim_boot_read(function->chip->boot, function->index,
				     offset - ROAD_GPU_REG_BOOT, width);
	return sim_register_read(&mine, offset, width);
}

void road_gpu_register_write(struct gpu_function *function, uint64_t offset, uint32_t width,
			     uint64_t value)
{
	const struct sim_registers mine = of(function);
	uint32_t index;

	if (in_unit(function, offset))
		region_unit_write(function->chip->unit, function->index, offset - ROAD_GPU_REG_UNIT,
				  width, value);
	else if (function->chip->boot && sim_boot_is(offset, ROAD_GPU_REG_BOOT))
		sim_boot_write(function->chip->boot, function->index, offset - ROAD_GPU_REG_BOOT,
			       width, value);
	else if (offset < ROAD_GPU_DOORBELL)
		sim_register_write(&mine, offset, width, value);
	else if (sim_doorbell_find(&mine, ROAD_GPU_DOORBELL, ROAD_GPU_DOORBELL_STRIDE,
				   function->chip->params.queues, offset, width, &index))
		road_gpu_queue_doorbell(function, index, value);
}
