/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/rpu/regs.h), doorbells, interrupts. */
#include "simulators/rpu/model.h"

enum kind { NONE, FIXED, PARAMETER, LATCHED, CALLED };

struct rpu_register {
	uint8_t width; /* 0: no register */
	uint8_t kind;  /* enum kind */
	uint16_t at;   /* offset in the parameters or the latch */
	uint32_t value;
	uint64_t (*read)(struct rpu_function *function);
	void (*write)(struct rpu_function *function, uint64_t value);
};

static uint64_t read_status(struct rpu_function *function)
{
	uint64_t status = ROAD_RPU_STATUS_READY;

	for (uint32_t i = 0; i < function->chip->params.streams; i++)
		if (function->streams[i].life == RPU_STREAM_STOPPED)
			status |= ROAD_RPU_STATUS_FAULT;
	return function->chip->dirty ? status : status | ROAD_RPU_STATUS_CLEAN;
}

static uint64_t read_zero(struct rpu_function *function)
{
	(void)function;
	return 0;
}

static void write_control(struct rpu_function *function, uint64_t value)
{
	if (value & ~(uint64_t)ROAD_RPU_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_RPU_CONTROL_RESET);
	if (value & ROAD_RPU_CONTROL_RESET)
		rpu_function_reset(function);
}

static uint64_t read_clock(struct rpu_function *function)
{
	return function->chip->params.clock_hz / 1000;
}

static uint64_t read_features(struct rpu_function *function)
{
	const struct road_rpu_params *params = &function->chip->params;

	return (params->memory_ecc ? ROAD_RPU_FEATURE_ECC : 0) |
	       (params->neur ? ROAD_RPU_FEATURE_NEUR : 0) | ROAD_RPU_FEATURE_MEMORY;
}

static uint64_t read_fabric(struct rpu_function *function)
{
	return function->chip->fabric.fabric_id;
}

static uint64_t read_memory_rate(struct rpu_function *function)
{
	return function->chip->params.ddr_rate * function->chip->params.clock_hz;
}

static uint64_t read_corrected(struct rpu_function *function)
{
	return function->chip->counters.ecc_corrected;
}

static uint64_t read_uncorrected(struct rpu_function *function)
{
	return function->chip->counters.ecc_uncorrected;
}

static uint64_t read_memory(struct rpu_function *function)
{
	return function->chip->memory_bytes;
}

static uint64_t read_time(struct rpu_function *function)
{
	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

/* Multiply-adds per second. */
static uint64_t read_neur_rate(struct rpu_function *function)
{
	const struct road_rpu_params *p = &function->chip->params;
	uint64_t side = p->neur_side;

	return p->neur ? side * side * side * p->tiles * p->clock_hz : 0;
}

static uint64_t read_irq_status(struct rpu_function *function)
{
	return function->irq_status;
}

static void write_irq_status(struct rpu_function *function, uint64_t value)
{
	function->irq_status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(struct rpu_function *function)
{
	return function->irq_mask;
}

static void deliver(struct rpu_function *function, uint32_t vectors)
{
	for (; vectors; vectors &= vectors - 1) {
		function->chip->counters.interrupts++;
		sim_irq_raise(function->chip->env, function->index,
			      (uint32_t)__builtin_ctz(vectors));
	}
}

/* What is pending is delivered when it is let through. */
static void write_irq_mask(struct rpu_function *function, uint64_t value)
{
	uint32_t opened = (uint32_t)value & ~function->irq_mask;

	function->irq_mask = (uint32_t)value;
	deliver(function, function->irq_status & opened);
}

void rpu_interrupt(struct rpu_function *function, uint32_t vector)
{
	function->irq_status |= UINT32_C(1) << vector;
	deliver(function, function->irq_mask & UINT32_C(1) << vector);
}

static uint64_t read_stream_state(struct rpu_function *function)
{
	uint64_t selected = function->latch.stream;

	if (selected >= function->chip->params.streams || function->streams[selected].refused)
		return ROAD_RPU_STREAM_REFUSED;
	return rpu_stream_state(&function->streams[selected]);
}

static void write_stream_command(struct rpu_function *function, uint64_t value)
{
	rpu_stream_command(function, (uint32_t)value);
}

/* Reads 1 while the selected context is open: an invalid table leaves it closed. */
static uint64_t read_context_command(struct rpu_function *function)
{
	uint64_t selected = function->latch.context;

	return selected < function->chip->params.contexts && function->contexts[selected];
}

static void write_context_command(struct rpu_function *function, uint64_t value)
{
	rpu_context_command(function, (uint32_t)value);
}

#define AT(reg) [ROAD_RPU_REG_##reg / 4]
#define VALUE(v)                           \
	{                                  \
		4, FIXED, 0, v, NULL, NULL \
	}
#define PARAM(m)                                                                 \
	{                                                                        \
		4, PARAMETER, offsetof(struct road_rpu_params, m), 0, NULL, NULL \
	}
#define LATCH(w, m)                                                      \
	{                                                                \
		w, LATCHED, offsetof(struct rpu_latch, m), 0, NULL, NULL \
	}
#define CALL(w, r, s)                 \
	{                             \
		w, CALLED, 0, 0, r, s \
	}

static const struct rpu_register registers[] = {
	AT(ID) = VALUE(ROAD_RPU_ID),
	AT(VERSION) = VALUE(ROAD_RPU_INTERFACE),
	AT(STATUS) = CALL(4, read_status, NULL),
	AT(CONTROL) = CALL(4, read_zero, write_control),
	AT(TILES) = PARAM(tiles),
	AT(MESH_COLUMNS) = PARAM(mesh_columns),
	AT(CLOCK_KHZ) = CALL(4, read_clock, NULL),
	AT(STREAMS) = PARAM(streams),
	AT(CONTEXTS) = PARAM(contexts),
	AT(FEATURES) = CALL(4, read_features, NULL),
	AT(SPM_BYTES) = PARAM(spm_bytes),
	AT(SPM_BANKS) = PARAM(spm_banks),
	AT(FABRIC) = CALL(4, read_fabric, NULL),
	AT(MEM_BYTES64) = CALL(8, read_memory, NULL),
	AT(MEM_RATE64) = CALL(8, read_memory_rate, NULL),
	AT(TIME64) = CALL(8, read_time, NULL),
	AT(NEUR_RATE64) = CALL(8, read_neur_rate, NULL),
	AT(ECC_CORRECTED64) = CALL(8, read_corrected, NULL),
	AT(ECC_UNCORRECTED64) = CALL(8, read_uncorrected, NULL),
	AT(IRQ_STATUS) = CALL(4, read_irq_status, write_irq_status),
	AT(IRQ_MASK) = CALL(4, read_irq_mask, write_irq_mask),
	AT(STREAM_SELECT) = LATCH(4, stream),
	AT(STREAM_COMMAND) = CALL(4, read_zero, write_stream_command),
	AT(STREAM_STATE) = CALL(4, read_stream_state, NULL),
	AT(STREAM_CONTEXT) = LATCH(4, stream_context),
	AT(STREAM_RING64) = LATCH(8, ring),
	AT(STREAM_SLOTS) = LATCH(4, slots),
	AT(STREAM_PRIORITY) = LATCH(4, priority),
	AT(STREAM_STATUS64) = LATCH(8, status),
	AT(STREAM_REGION) = LATCH(4, region),
	AT(STREAM_GENERATION64) = LATCH(8, generation),
	AT(CONTEXT_SELECT) = LATCH(4, context),
	AT(CONTEXT_COMMAND) = CALL(4, read_context_command, write_context_command),
	AT(CONTEXT_TABLE64) = LATCH(8, table),
	AT(CONTEXT_COUNT) = LATCH(4, count),
};

static const struct rpu_register *find(struct rpu_function *function, uint64_t offset,
				       uint32_t width, const char *what)
{
	const struct rpu_register *row = NULL;

	if (offset % 4 == 0 && offset / 4 < sizeof(registers) / sizeof(registers[0]))
		row = &registers[offset / 4];
	if (row && row->width && row->width == width)
		return row;
	sim_violation(function->chip->env, function->index,
		      "%s of %u bytes at 0x%llx of the registers: there is none of that width",
		      what, width, (unsigned long long)offset);
	return NULL;
}

static bool is_region(uint64_t offset)
{
	return offset >= ROAD_RPU_REGIONS && offset < ROAD_RPU_REGIONS + ROAD_REGION_REGS_BYTES;
}

static uint64_t *latch_of(struct rpu_function *function, const struct rpu_register *row)
{
	return (uint64_t *)(void *)((char *)&function->latch + row->at);
}

uint64_t rpu_register_read(struct rpu_function *function, uint64_t offset, uint32_t width)
{
	const char *params = (const char *)&function->chip->params;

	if (is_region(offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_RPU_REGIONS, width);
	const struct rpu_register *row = find(function, offset, width, "a read");

	if (!row)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	switch (row->kind) {
	case FIXED: return row->value;
	case PARAMETER: return *(const uint32_t *)(const void *)(params + row->at);
	case LATCHED: return *latch_of(function, row);
	default: return row->read(function);
	}
}

static void write_doorbell(struct rpu_function *function, uint64_t offset, uint32_t width,
			   uint64_t value)
{
	uint64_t index = (offset - ROAD_RPU_DOORBELL) / ROAD_RPU_DOORBELL_STRIDE;

	if (width != 8 || offset % ROAD_RPU_DOORBELL_STRIDE ||
	    index >= function->chip->params.streams) {
		sim_violation(function->chip->env, function->index,
			      "a write of %u bytes at 0x%llx is no doorbell", width,
			      (unsigned long long)offset);
		return;
	}
	rpu_stream_doorbell(function, (uint32_t)index, value);
}

void rpu_register_write(struct rpu_function *function, uint64_t offset, uint32_t width,
			uint64_t value)
{
	const struct rpu_register *row;

	if (is_region(offset)) {
		region_unit_write(function->chip->unit, function->index, offset - ROAD_RPU_REGIONS,
				  width, value);
		return;
	}
	if (offset >= ROAD_RPU_DOORBELL) {
		write_doorbell(function, offset, width, value);
		return;
	}
	row = find(function, offset, width, "a write");
	if (!row)
		return;
	if (width == 4)
		value = (uint32_t)value;
	if (row->kind == LATCHED)
		*latch_of(function, row) = value;
	else if (row->write)
		row->write(function, value);
	else
		sim_violation(function->chip->env, function->index,
			      "register 0x%llx is written and can only be read",
			      (unsigned long long)offset);
}
