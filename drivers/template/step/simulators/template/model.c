/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chip `template`, simulated: it answers the registers of uapi/template/regs.h and does what
 * its COMMAND register says. PORT: this is your second reading of the data sheet. It shares nothing
 * with the driver, and tells a driver that breaks a rule of the chip (sim_violation), which fails
 * the test.
 */
#include <roadbed-sim/chip.h>
#include <roadbed-sim/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/template/regs.h"

/* Sizes and times: template.yaml gives the values, each with its source. PORT: a parameter more is
 * a member here and a row in `keys`. */
struct template_params {
	uint64_t memory_bytes, reset_ps, command_ps, bytes_per_second;
};

struct template_model {
	struct sim_env *env;
	const struct template_params *params;
	unsigned char *memory;
	uint32_t status, irq;
	/* the engine */
	uint32_t bytes, command;
	uint64_t dst, src;
	struct sim_event ready, done;
	/* counters */
	uint64_t commands_done, bytes_done;
};

static void raise_irq(struct template_model *m)
{
	m->irq = 1;
	sim_irq_raise(m->env, 0, 0);
}

/* ---- the engine ---- */

/* Both sides of a command; NULL: nothing is there for all of its bytes. */
static void *place(struct template_model *m, bool bus, uint64_t at, uint64_t bytes, bool write)
{
	if (bus)
		return sim_dma_window(m->env, 0, at, bytes, write);
	if (at > m->params->memory_bytes || bytes > m->params->memory_bytes - at)
		return NULL;
	return m->memory + at;
}

static void fill(unsigned char *dst, uint64_t pattern, uint32_t bytes)
{
	unsigned char unit[8];

	memcpy(unit, &pattern, sizeof(unit));
	for (uint32_t i = 0; i < bytes; i++)
		dst[i] = unit[i % sizeof(unit)];
}

/* False: no memory at one of its addresses. */
static bool execute(struct template_model *m)
{
	void *dst = place(m, m->command & TEMPLATE_DST_BUS, m->dst, m->bytes, true);
	const void *src;

	if (!dst)
		return false;
	if ((m->command & 0xff) == TEMPLATE_FILL) {
		fill(dst, m->src, m->bytes);
		return true;
	}
	src = place(m, m->command & TEMPLATE_SRC_BUS, m->src, m->bytes, false);
	if (src)
		memmove(dst, src, m->bytes);
	return src != NULL;
}

static void done(void *arg)
{
	struct template_model *m = arg;

	m->status &= ~TEMPLATE_STATUS_BUSY;
	if (execute(m)) {
		m->commands_done++;
		m->bytes_done += m->bytes;
	} else {
		m->status |= TEMPLATE_STATUS_FAULTED;
	}
	raise_irq(m);
}

static void begin(struct template_model *m, uint32_t command)
{
	uint32_t op = command & 0xff, flags = TEMPLATE_DST_BUS | TEMPLATE_SRC_BUS;

	if (m->status & TEMPLATE_STATUS_BUSY) {
		sim_violation(m->env, 0, "COMMAND written while one runs");
		return;
	}
	if ((op != TEMPLATE_COPY && op != TEMPLATE_FILL) || command & ~(flags | 0xffu)) {
		sim_violation(m->env, 0, "COMMAND 0x%x is none", command);
		return;
	}
	m->command = command;
	m->status = (m->status | TEMPLATE_STATUS_BUSY) & ~TEMPLATE_STATUS_FAULTED;
	sim_schedule(m->env, &m->done,
		     sim_now(m->env) + m->params->command_ps +
			     m->bytes * UINT64_C(1000000000000) / m->params->bytes_per_second);
}

/* ---- registers ---- */

static void ready(void *arg)
{
	struct template_model *m = arg;

	m->status = TEMPLATE_STATUS_READY;
}

/* What RESET does: the memory stays. */
static void stop_all(struct template_model *m)
{
	sim_cancel(m->env, &m->done);
	m->status = m->irq = m->bytes = m->command = 0;
	m->dst = m->src = 0;
	sim_schedule(m->env, &m->ready, sim_now(m->env) + m->params->reset_ps);
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t region, uint64_t offset,
			 uint32_t width)
{
	const struct template_model *m = model;
	uint64_t all_ones = width == 8 ? UINT64_MAX : UINT32_MAX;

	(void)function;
	if (region == TEMPLATE_REGION_MEMORY && offset + width <= m->params->memory_bytes) {
		uint64_t value = 0;

		memcpy(&value, m->memory + offset, width);
		return value;
	}
	switch (offset) {
	case TEMPLATE_REG_ID: return TEMPLATE_ID;
	case TEMPLATE_REG_STATUS: return m->status;
	case TEMPLATE_REG_IRQ: return m->irq;
	case TEMPLATE_REG_MEMORY_BYTES: return m->params->memory_bytes;
	case TEMPLATE_REG_BYTES: return m->bytes;
	case TEMPLATE_REG_DST: return m->dst & all_ones;
	case TEMPLATE_REG_SRC: return m->src & all_ones;
	default: return all_ones;
	}
}

static void reg_write(void *model, uint32_t function, uint32_t region, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct template_model *m = model;

	(void)function;
	if (region == TEMPLATE_REGION_MEMORY && offset + width <= m->params->memory_bytes) {
		memcpy(m->memory + offset, &value, width);
		return;
	}
	if (offset != TEMPLATE_REG_RESET && !(m->status & TEMPLATE_STATUS_READY))
		sim_violation(m->env, 0, "register 0x%llx written before the chip is ready",
			      (unsigned long long)offset);
	if (m->status & TEMPLATE_STATUS_BUSY && offset >= TEMPLATE_REG_BYTES)
		sim_violation(m->env, 0, "register 0x%llx written while a command runs",
			      (unsigned long long)offset);
	switch (offset) {
	case TEMPLATE_REG_RESET: stop_all(m); break;
	case TEMPLATE_REG_IRQ: m->irq &= ~(uint32_t)value; break;
	case TEMPLATE_REG_BYTES: m->bytes = (uint32_t)value; break;
	case TEMPLATE_REG_DST: m->dst = value; break;
	case TEMPLATE_REG_SRC: m->src = value; break;
	case TEMPLATE_REG_COMMAND: begin(m, (uint32_t)value); break;
	default:
		sim_violation(m->env, 0, "write to 0x%llx, which is no register",
			      (unsigned long long)offset);
	}
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	const struct template_model *m = model;

	*out = (struct sim_region){0};
	if (index == TEMPLATE_REGION_REGS)
		out->bytes = TEMPLATE_REGS_BYTES;
	if (index == TEMPLATE_REGION_MEMORY)
		*out = (struct sim_region){.bytes = m->params->memory_bytes, .memory = true};
}

static void *region_map(void *model, uint32_t function, uint32_t region, uint64_t offset,
			uint64_t bytes)
{
	struct template_model *m = model;

	(void)function;
	if (region != TEMPLATE_REGION_MEMORY)
		return NULL;
	return place(m, false, offset, bytes, true);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 1;
}

/* ---- power ---- */

static void reset(void *model, uint32_t function)
{
	struct template_model *m = model;

	(void)function;
	stop_all(m);
	sim_memory_discard(m->env, 0, m->params->memory_bytes);
}

static void *create(const struct sim_model_create *create)
{
	const struct template_params *params = create->params;
	struct template_model *m;

	if (create->option_count) {
		snprintf(create->error, SIM_ERROR_BYTES,
			 "option %.32s: unknown, allowed: time, seed, threads",
			 create->options[0].key);
		return NULL;
	}
	m = calloc(1, sizeof(*m));
	if (m)
		m->memory = sim_memory_create(create->env, params->memory_bytes);
	if (!m || !m->memory) {
		free(m);
		return NULL;
	}
	m->env = create->env;
	m->params = params;
	m->status = TEMPLATE_STATUS_READY;
	m->ready = (struct sim_event){.run = ready, .arg = m};
	m->done = (struct sim_event){.run = done, .arg = m};
	return m;
}

static void destroy(void *model)
{
	free(model);
}

static bool counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct template_model *m = model;
	const struct sim_counter counters[] = {
		{"template.commands", m->commands_done},
		{"template.bytes", m->bytes_done},
	};

	if (index >= sizeof(counters) / sizeof(counters[0]))
		return false;
	*out = counters[index];
	return true;
}

extern const struct road_chip_family road_chip_family_template;
extern const struct sim_model_ops sim_model_template;

#define MEMBER(m) ROAD_CHIP_MEMBER(struct template_params, m)
static const struct road_chip_key keys[] = {
	{"memory", ROAD_CHIP_UINT, "KiB", 1024, 64, 1u << 22, NULL, MEMBER(memory_bytes)},
	{"reset", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 100000000, NULL, MEMBER(reset_ps)},
	{"command", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, NULL, MEMBER(command_ps)},
	{"copy_rate", ROAD_CHIP_UINT, "MB/s", 1000000, 1, 1u << 24, NULL, MEMBER(bytes_per_second)},
};

const struct road_chip_family road_chip_family_template = {
	.name = "template",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct template_params),
};

const struct sim_model_ops sim_model_template = {
	.abi = ROAD_SIM_ABI,
	.family = "template",
	.compatible = "roadbed,template",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.region_map = region_map,
	.irq_count = irq_count,
	.reset = reset,
	.counter = counter,
};
