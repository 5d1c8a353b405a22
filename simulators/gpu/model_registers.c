/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/gpu/regs.h), doorbells, interrupts. */
#include "simulators/gpu/model.h"

struct gpu_register {
	uint8_t width;  /* 0: no register */
	uint16_t latch; /* plain register: offset in struct gpu_latch, + 1 */
	uint64_t (*read)(struct gpu_function *function);
	void (*write)(struct gpu_function *function, uint64_t value);
};

static uint64_t read_id(struct gpu_function *function)
{
	(void)function;
	return ROAD_GPU_ID;
}

static uint64_t read_version(struct gpu_function *function)
{
	(void)function;
	return ROAD_GPU_INTERFACE;
}

static uint64_t read_status(struct gpu_function *function)
{
	uint64_t status = ROAD_GPU_STATUS_READY;

	for (uint32_t i = 0; i < function->chip->params.queues; i++)
		if (function->queues[i].life == GPU_QUEUE_STOPPED)
			status |= ROAD_GPU_STATUS_FAULT;
	if (!function->chip->dirty)
		status |= ROAD_GPU_STATUS_CLEAN;
	if (function->chip->params.memory_ecc)
		status |= ROAD_GPU_STATUS_ECC;
	if (function->chip->unit)
		status |= ROAD_GPU_STATUS_REGIONS;
	return status;
}

static uint64_t read_zero(struct gpu_function *function)
{
	(void)function;
	return 0;
}

static void write_control(struct gpu_function *function, uint64_t value)
{
	if (value & ~(uint64_t)ROAD_GPU_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_GPU_CONTROL_RESET);
	if (value & ROAD_GPU_CONTROL_RESET)
		road_gpu_function_reset(function);
}

#define READ_PARAM(name)                                           \
	static uint64_t read_##name(struct gpu_function *function) \
	{                                                          \
		return function->chip->params.name;                \
	}
READ_PARAM(sm_count)
READ_PARAM(warps_per_sm)
READ_PARAM(blocks_per_sm)
READ_PARAM(registers_per_sm)
READ_PARAM(shared_per_sm)
READ_PARAM(shared_per_block)
READ_PARAM(threads_per_block)
READ_PARAM(clock_khz)
READ_PARAM(l2_bytes)
READ_PARAM(queues)
READ_PARAM(spaces)
READ_PARAM(dram_rate)
READ_PARAM(register_granule)
READ_PARAM(shared_granule)
READ_PARAM(shared_reserved)

static uint64_t read_compute(struct gpu_function *function)
{
	const struct road_gpu_params *params = &function->chip->params;

	return params->compute_major << 8 | params->compute_minor;
}

static uint64_t read_mem_bytes(struct gpu_function *function)
{
	return function->chip->memory_bytes;
}

static uint64_t read_mem_window(struct gpu_function *function)
{
	return road_gpu_chip_window(function->chip);
}

static uint64_t read_corrected(struct gpu_function *function)
{
	return function->chip->counters.ecc_corrected;
}

static uint64_t read_uncorrected(struct gpu_function *function)
{
	return function->chip->counters.ecc_uncorrected;
}

static uint64_t read_time(struct gpu_function *function)
{
	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

static uint64_t read_irq_status(struct gpu_function *function)
{
	return function->irq_status;
}

static void write_irq_status(struct gpu_function *function, uint64_t value)
{
	function->irq_status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(struct gpu_function *function)
{
	return function->irq_mask;
}

static void deliver(struct gpu_function *function, uint32_t vectors)
{
	for (; vectors; vectors &= vectors - 1) {
		function->chip->counters.interrupts++;
		sim_irq_raise(function->chip->env, function->index,
			      (uint32_t)__builtin_ctz(vectors));
	}
}

/* What is pending is delivered when it is let through. */
static void write_irq_mask(struct gpu_function *function, uint64_t value)
{
	uint32_t opened = (uint32_t)value & ~function->irq_mask;

	function->irq_mask = (uint32_t)value;
	deliver(function, function->irq_status & opened);
}

void road_gpu_interrupt(struct gpu_function *function, uint32_t vector)
{
	function->irq_status |= UINT32_C(1) << vector;
	deliver(function, function->irq_mask & UINT32_C(1) << vector);
}

static uint64_t read_queue_state(struct gpu_function *function)
{
	uint64_t selected = function->latch.queue;

	if (selected >= function->chip->params.queues)
		return ROAD_GPU_QUEUE_REFUSED;
	if (function->queues[selected].refused)
		return ROAD_GPU_QUEUE_REFUSED;
	return road_gpu_queue_state(&function->queues[selected]);
}

static void write_queue_command(struct gpu_function *function, uint64_t value)
{
	road_gpu_queue_command(function, (uint32_t)value);
}

/* Reads 1 while the selected space is open: an invalid table leaves it closed. */
static uint64_t read_space_command(struct gpu_function *function)
{
	uint64_t selected = function->latch.space;

	return selected < function->chip->params.spaces && function->spaces[selected].table;
}

static void write_space_command(struct gpu_function *function, uint64_t value)
{
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

#define AT(reg)       [ROAD_GPU_REG_##reg / 4]
#define LATCH(member) (uint16_t)(offsetof(struct gpu_latch, member) + 1)

static const struct gpu_register registers[] = {
	AT(ID) = {4, 0, read_id, NULL},
	AT(VERSION) = {4, 0, read_version, NULL},
	AT(STATUS) = {4, 0, read_status, NULL},
	AT(CONTROL) = {4, 0, read_zero, write_control},
	AT(SM_COUNT) = {4, 0, read_sm_count, NULL},
	AT(WARPS_PER_SM) = {4, 0, read_warps_per_sm, NULL},
	AT(BLOCKS_PER_SM) = {4, 0, read_blocks_per_sm, NULL},
	AT(REGS_PER_SM) = {4, 0, read_registers_per_sm, NULL},
	AT(SHARED_PER_SM) = {4, 0, read_shared_per_sm, NULL},
	AT(SHARED_PER_BLOCK) = {4, 0, read_shared_per_block, NULL},
	AT(THREADS_PER_BLOCK) = {4, 0, read_threads_per_block, NULL},
	AT(CLOCK_KHZ) = {4, 0, read_clock_khz, NULL},
	AT(L2_BYTES) = {4, 0, read_l2_bytes, NULL},
	AT(COMPUTE) = {4, 0, read_compute, NULL},
	AT(QUEUES) = {4, 0, read_queues, NULL},
	AT(SPACES) = {4, 0, read_spaces, NULL},
	AT(MEM_BYTES64) = {8, 0, read_mem_bytes, NULL},
	AT(MEM_WINDOW64) = {8, 0, read_mem_window, NULL},
	AT(MEM_RATE64) = {8, 0, read_dram_rate, NULL},
	AT(TIME64) = {8, 0, read_time, NULL},
	AT(REG_GRANULE) = {4, 0, read_register_granule, NULL},
	AT(SHARED_GRANULE) = {4, 0, read_shared_granule, NULL},
	AT(SHARED_RESERVED) = {4, 0, read_shared_reserved, NULL},
	AT(ECC_CORRECTED64) = {8, 0, read_corrected, NULL},
	AT(ECC_UNCORRECTED64) = {8, 0, read_uncorrected, NULL},
	AT(IRQ_STATUS) = {4, 0, read_irq_status, write_irq_status},
	AT(IRQ_MASK) = {4, 0, read_irq_mask, write_irq_mask},
	AT(QUEUE_SELECT) = {4, LATCH(queue), NULL, NULL},
	AT(QUEUE_COMMAND) = {4, 0, read_zero, write_queue_command},
	AT(QUEUE_STATE) = {4, 0, read_queue_state, NULL},
	AT(QUEUE_SPACE) = {4, LATCH(queue_space), NULL, NULL},
	AT(QUEUE_RING64) = {8, LATCH(ring), NULL, NULL},
	AT(QUEUE_SLOTS) = {4, LATCH(slots), NULL, NULL},
	AT(QUEUE_PRIORITY) = {4, LATCH(priority), NULL, NULL},
	AT(QUEUE_STATUS64) = {8, LATCH(status), NULL, NULL},
	AT(QUEUE_REGION) = {4, LATCH(queue_region), NULL, NULL},
	AT(SPACE_SELECT) = {4, LATCH(space), NULL, NULL},
	AT(SPACE_COMMAND) = {4, 0, read_space_command, write_space_command},
	AT(SPACE_TABLE64) = {8, LATCH(table), NULL, NULL},
	AT(SPACE_COUNT) = {4, LATCH(count), NULL, NULL},
	AT(SPACE_PRINT64) = {8, LATCH(print), NULL, NULL},
	AT(SPACE_PRINT_BYTES) = {4, LATCH(print_bytes), NULL, NULL},
};

static const struct gpu_register *find(struct gpu_function *function, uint64_t offset,
				       uint32_t width, const char *what)
{
	const struct gpu_register *row = NULL;

	if (offset % 4 == 0 && offset / 4 < sizeof(registers) / sizeof(registers[0]))
		row = &registers[offset / 4];
	if (row && row->width && row->width == width)
		return row;
	sim_violation(function->chip->env, function->index,
		      "%s of %u bytes at 0x%llx of the registers: there is none of that width",
		      what, width, (unsigned long long)offset);
	return NULL;
}

static uint64_t *latch_of(struct gpu_function *function, const struct gpu_register *row)
{
	return (uint64_t *)(void *)((char *)&function->latch + row->latch - 1);
}

static bool in_unit(const struct gpu_function *function, uint64_t offset)
{
	return function->chip->unit && offset >= ROAD_GPU_REG_UNIT &&
	       offset < ROAD_GPU_REG_UNIT + ROAD_REGION_REGS_BYTES;
}

uint64_t road_gpu_register_read(struct gpu_function *function, uint64_t offset, uint32_t width)
{
	const struct gpu_register *row;

	if (in_unit(function, offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_GPU_REG_UNIT, width);
	row = find(function, offset, width, "a read");

	if (!row)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	return row->latch ? *latch_of(function, row) : row->read(function);
}

static void write_doorbell(struct gpu_function *function, uint64_t offset, uint32_t width,
			   uint64_t value)
{
	uint64_t index = (offset - ROAD_GPU_DOORBELL) / ROAD_GPU_DOORBELL_STRIDE;

	if (width != 8 || offset % ROAD_GPU_DOORBELL_STRIDE ||
	    index >= function->chip->params.queues) {
		sim_violation(function->chip->env, function->index,
			      "a write of %u bytes at 0x%llx is no doorbell", width,
			      (unsigned long long)offset);
		return;
	}
	road_gpu_queue_doorbell(function, (uint32_t)index, value);
}

void road_gpu_register_write(struct gpu_function *function, uint64_t offset, uint32_t width,
			     uint64_t value)
{
	const struct gpu_register *row;

	if (offset >= ROAD_GPU_DOORBELL) {
		write_doorbell(function, offset, width, value);
		return;
	}
	if (in_unit(function, offset)) {
		region_unit_write(function->chip->unit, function->index, offset - ROAD_GPU_REG_UNIT,
				  width, value);
		return;
	}
	row = find(function, offset, width, "a write");
	if (!row)
		return;
	if (width == 4)
		value = (uint32_t)value;
	if (row->latch)
		*latch_of(function, row) = value;
	else if (row->write)
		row->write(function, value);
	else
		sim_violation(function->chip->env, function->index,
			      "register 0x%llx is written and can only be read",
			      (unsigned long long)offset);
}
