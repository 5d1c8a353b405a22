/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of one function: one row each (uapi/dsa/regs.h), doorbells, interrupts. */
#include "simulators/dsa/model.h"

enum kind { NONE, FIXED, PARAMETER, PARAMETER64, LATCHED, CALLED };

struct dsa_register {
	uint8_t width; /* 0: no register */
	uint8_t kind;  /* enum kind */
	uint16_t at;   /* offset in the parameters or the latch */
	uint32_t value;
	uint64_t (*read)(struct dsa_function *function);
	void (*write)(struct dsa_function *function, uint64_t value);
};

static uint64_t read_status(struct dsa_function *function)
{
	uint64_t status = ROAD_DSA_STATUS_READY;

	for (uint32_t i = 0; i < function->chip->params.streams; i++)
		if (function->streams[i].life == DSA_STREAM_STOPPED)
			status |= ROAD_DSA_STATUS_FAULT;
	return function->chip->dirty ? status : status | ROAD_DSA_STATUS_CLEAN;
}

static uint64_t read_zero(struct dsa_function *function)
{
	(void)function;
	return 0;
}

static void write_control(struct dsa_function *function, uint64_t value)
{
	if (value & ~(uint64_t)ROAD_DSA_CONTROL_RESET)
		sim_violation(function->chip->env, function->index,
			      "control is written 0x%llx, allowed: 0x%x", (unsigned long long)value,
			      ROAD_DSA_CONTROL_RESET);
	if (value & ROAD_DSA_CONTROL_RESET)
		dsa_function_reset(function);
}

static uint64_t read_clock(struct dsa_function *function)
{
	return function->chip->params.clock_hz / 1000;
}

static uint64_t read_features(struct dsa_function *function)
{
	const struct road_dsa_params *params = &function->chip->params;

	return (params->interlocked ? ROAD_DSA_FEATURE_INTERLOCKED : 0) |
	       (params->systolic ? ROAD_DSA_FEATURE_SYSTOLIC : 0) |
	       (params->memory_ecc ? ROAD_DSA_FEATURE_ECC : 0) |
	       (params->regions ? ROAD_DSA_FEATURE_REGIONS : 0);
}

static uint64_t read_corrected(struct dsa_function *function)
{
	return function->chip->counters.ecc_corrected;
}

static uint64_t read_uncorrected(struct dsa_function *function)
{
	return function->chip->counters.ecc_uncorrected;
}

static uint64_t read_l2(struct dsa_function *function)
{
	uint64_t bytes = function->chip->params.l2_bytes;

	return bytes < UINT32_MAX ? bytes : UINT32_MAX - 1;
}

static uint64_t read_memory(struct dsa_function *function)
{
	return function->chip->memory_bytes;
}

static uint64_t read_time(struct dsa_function *function)
{
	return sim_now(function->chip->env) / SIM_PS_PER_NS;
}

/* Multiply-adds of fp16 per second. */
static uint64_t read_cube_rate(struct dsa_function *function)
{
	const struct road_dsa_params *p = &function->chip->params;
	uint64_t cycle = p->systolic ? (uint64_t)p->systolic_rows * p->systolic_columns
				     : (uint64_t)p->cube_m * p->cube_n * (p->cube_k_bytes / 2) /
					       p->cube_interval;

	return cycle * p->clock_hz * p->cores;
}

static uint64_t read_irq_status(struct dsa_function *function)
{
	return function->irq_status;
}

static void write_irq_status(struct dsa_function *function, uint64_t value)
{
	function->irq_status &= ~(uint32_t)value;
}

static uint64_t read_irq_mask(struct dsa_function *function)
{
	return function->irq_mask;
}

static void deliver(struct dsa_function *function, uint32_t vectors)
{
	for (; vectors; vectors &= vectors - 1) {
		function->chip->counters.interrupts++;
		sim_irq_raise(function->chip->env, function->index,
			      (uint32_t)__builtin_ctz(vectors));
	}
}

/* What is pending is delivered when it is let through. */
static void write_irq_mask(struct dsa_function *function, uint64_t value)
{
	uint32_t opened = (uint32_t)value & ~function->irq_mask;

	function->irq_mask = (uint32_t)value;
	deliver(function, function->irq_status & opened);
}

void dsa_interrupt(struct dsa_function *function, uint32_t vector)
{
	function->irq_status |= UINT32_C(1) << vector;
	deliver(function, function->irq_mask & UINT32_C(1) << vector);
}

static uint64_t read_stream_state(struct dsa_function *function)
{
	uint64_t selected = function->latch.stream;

	if (selected >= function->chip->params.streams || function->streams[selected].refused)
		return ROAD_DSA_STREAM_REFUSED;
	return dsa_stream_state(&function->streams[selected]);
}

static void write_stream_command(struct dsa_function *function, uint64_t value)
{
	dsa_stream_command(function, (uint32_t)value);
}

/* Reads 1 while the selected context is open: an invalid table leaves it closed. */
static uint64_t read_context_command(struct dsa_function *function)
{
	uint64_t selected = function->latch.context;

	return selected < function->chip->params.contexts && function->contexts[selected];
}

static void write_context_command(struct dsa_function *function, uint64_t value)
{
	dsa_context_command(function, (uint32_t)value);
}

#define AT(reg) [ROAD_DSA_REG_##reg / 4]
#define VALUE(v)                           \
	{                                  \
		4, FIXED, 0, v, NULL, NULL \
	}
#define PARAM(m)                                                                 \
	{                                                                        \
		4, PARAMETER, offsetof(struct road_dsa_params, m), 0, NULL, NULL \
	}
#define PARAM64(m)                                                                 \
	{                                                                          \
		8, PARAMETER64, offsetof(struct road_dsa_params, m), 0, NULL, NULL \
	}
#define LATCH(w, m)                                                      \
	{                                                                \
		w, LATCHED, offsetof(struct dsa_latch, m), 0, NULL, NULL \
	}
#define CALL(w, r, s)                 \
	{                             \
		w, CALLED, 0, 0, r, s \
	}
#define PAD(p) [ROAD_DSA_REG_PAD_BYTES / 4 + ROAD_DSA_PAD_##p] = PARAM(pad_bytes[ROAD_DSA_PAD_##p])

static const struct dsa_register registers[] = {
	AT(ID) = VALUE(ROAD_DSA_ID),
	AT(VERSION) = VALUE(ROAD_DSA_INTERFACE),
	AT(STATUS) = CALL(4, read_status, NULL),
	AT(CONTROL) = CALL(4, read_zero, write_control),
	AT(CORES) = PARAM(cores),
	AT(CLOCK_KHZ) = CALL(4, read_clock, NULL),
	AT(FLAGS) = PARAM(flags),
	AT(STREAMS) = PARAM(streams),
	AT(CONTEXTS) = PARAM(contexts),
	AT(ISA) = VALUE(ROAD_DSA_ISA_VERSION),
	AT(FEATURES) = CALL(4, read_features, NULL),
	AT(L2_BYTES) = CALL(4, read_l2, NULL),
	PAD(L0A),
	PAD(L0B),
	PAD(L0C),
	PAD(L1),
	PAD(UB),
	PAD(BT),
	AT(MEM_BYTES64) = CALL(8, read_memory, NULL),
	AT(MEM_RATE64) = PARAM64(hbm_rate),
	AT(TIME64) = CALL(8, read_time, NULL),
	AT(CUBE_RATE64) = CALL(8, read_cube_rate, NULL),
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

static const struct dsa_register *find(struct dsa_function *function, uint64_t offset,
				       uint32_t width, const char *what)
{
	const struct dsa_register *row = NULL;

	if (offset % 4 == 0 && offset / 4 < sizeof(registers) / sizeof(registers[0]))
		row = &registers[offset / 4];
	if (row && row->width && row->width == width)
		return row;
	sim_violation(function->chip->env, function->index,
		      "%s of %u bytes at 0x%llx of the registers: there is none of that width",
		      what, width, (unsigned long long)offset);
	return NULL;
}

/* Of the reconfiguration unit; a chip without one has no registers there. */
static bool is_region(const struct dsa_function *function, uint64_t offset)
{
	return function->chip->unit && offset >= ROAD_DSA_REGIONS &&
	       offset < ROAD_DSA_REGIONS + ROAD_REGION_REGS_BYTES;
}

static uint64_t *latch_of(struct dsa_function *function, const struct dsa_register *row)
{
	return (uint64_t *)(void *)((char *)&function->latch + row->at);
}

uint64_t dsa_register_read(struct dsa_function *function, uint64_t offset, uint32_t width)
{
	const char *params = (const char *)&function->chip->params;

	if (is_region(function, offset))
		return region_unit_read(function->chip->unit, function->index,
					offset - ROAD_DSA_REGIONS, width);
	const struct dsa_register *row = find(function, offset, width, "a read");

	if (!row)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	switch (row->kind) {
	case FIXED: return row->value;
	case PARAMETER: return *(const uint32_t *)(const void *)(params + row->at);
	case PARAMETER64: return *(const uint64_t *)(const void *)(params + row->at);
	case LATCHED: return *latch_of(function, row);
	default: return row->read(function);
	}
}

static void write_doorbell(struct dsa_function *function, uint64_t offset, uint32_t width,
			   uint64_t value)
{
	uint64_t index = (offset - ROAD_DSA_DOORBELL) / ROAD_DSA_DOORBELL_STRIDE;

	if (width != 8 || offset % ROAD_DSA_DOORBELL_STRIDE ||
	    index >= function->chip->params.streams) {
		sim_violation(function->chip->env, function->index,
			      "a write of %u bytes at 0x%llx is no doorbell", width,
			      (unsigned long long)offset);
		return;
	}
	dsa_stream_doorbell(function, (uint32_t)index, value);
}

void dsa_register_write(struct dsa_function *function, uint64_t offset, uint32_t width,
			uint64_t value)
{
	const struct dsa_register *row;

	if (is_region(function, offset)) {
		region_unit_write(function->chip->unit, function->index, offset - ROAD_DSA_REGIONS,
				  width, value);
		return;
	}
	if (offset >= ROAD_DSA_DOORBELL) {
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
