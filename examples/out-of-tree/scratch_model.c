/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated chip. It knows nothing of the driver: they meet in scratch.h. */
#include <roadbed-sim/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

#define PS_PER_S UINT64_C(1000000000000)

struct scratch_params {
	uint64_t memory_bytes, start_ps, bytes_per_second;
};

#define MEMBER(m) ROAD_CHIP_MEMBER(struct scratch_params, m)
static const struct road_chip_key keys[] = {
	{"memory", ROAD_CHIP_UINT, "KiB", 1024, 4, 65536, NULL, MEMBER(memory_bytes)},
	{"start", ROAD_CHIP_DECIMAL, "ns", 1000, 0, 1000000, NULL, MEMBER(start_ps)},
	{"rate", ROAD_CHIP_UINT, "MB/s", 1000000, 1, 1000000, NULL, MEMBER(bytes_per_second)},
};

static const struct road_chip_family family = {
	.name = "scratch",
	.keys = keys,
	.key_count = sizeof(keys) / sizeof(keys[0]),
	.params_bytes = sizeof(struct scratch_params),
};

struct scratch {
	struct sim_env *env;
	const struct scratch_params *params;
	unsigned char *memory;
	uint64_t source, target, bytes;
	uint32_t go, status;
	uint64_t copies, copied_bytes;
	struct sim_event ended;
};

/* Where the bytes are; NULL: nowhere. */
static unsigned char *place(struct scratch *s, uint64_t address, uint32_t on_bus, bool write)
{
	if (on_bus)
		return sim_dma_window(s->env, 0, address, s->bytes, write);
	if (address > s->params->memory_bytes || s->bytes > s->params->memory_bytes - address)
		return NULL;
	return s->memory + address;
}

static void ended(void *arg)
{
	struct scratch *s = arg;
	const unsigned char *from = place(s, s->source, s->go & SCRATCH_GO_SOURCE_BUS, false);
	unsigned char *to = place(s, s->target, s->go & SCRATCH_GO_TARGET_BUS, true);

	s->status = from && to ? 0 : SCRATCH_STATUS_FAILED;
	if (from && to) {
		memmove(to, from, s->bytes);
		s->copies++;
		s->copied_bytes += s->bytes;
	}
	sim_irq_raise(s->env, 0, 0);
}

static void go(struct scratch *s, uint32_t flags)
{
	uint64_t rate = s->params->bytes_per_second;

	if (s->status & SCRATCH_STATUS_BUSY) {
		sim_violation(s->env, 0, "GO written while a copy runs");
		return;
	}
	if (!s->bytes || s->bytes > s->params->memory_bytes) { /* none that ends well is longer */
		s->status = SCRATCH_STATUS_FAILED;
		sim_irq_raise(s->env, 0, 0);
		return;
	}
	s->go = flags;
	s->status = SCRATCH_STATUS_BUSY;
	sim_schedule(s->env, &s->ended,
		     sim_now(s->env) + s->params->start_ps +
			     s->bytes * (PS_PER_S / 1000000) / (rate / 1000000));
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t region, uint64_t offset,
			 uint32_t width)
{
	const struct scratch *s = model;

	if (region == SCRATCH_REGS) {
		switch (offset) {
		case SCRATCH_REG_ID: return SCRATCH_ID;
		case SCRATCH_REG_MEMORY: return s->params->memory_bytes;
		case SCRATCH_REG_SOURCE: return s->source;
		case SCRATCH_REG_TARGET: return s->target;
		case SCRATCH_REG_BYTES: return s->bytes;
		case SCRATCH_REG_STATUS: return s->status;
		default: break;
		}
	}
	sim_violation(s->env, function, "read of %u bytes at 0x%llx of region %u", width,
		      (unsigned long long)offset, region);
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

static void reg_write(void *model, uint32_t function, uint32_t region, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct scratch *s = model;

	if (region == SCRATCH_REGS) {
		switch (offset) {
		case SCRATCH_REG_SOURCE: s->source = value; return;
		case SCRATCH_REG_TARGET: s->target = value; return;
		case SCRATCH_REG_BYTES: s->bytes = value; return;
		case SCRATCH_REG_GO: go(s, (uint32_t)value); return;
		default: break;
		}
	}
	sim_violation(s->env, function, "write of %u bytes at 0x%llx of region %u", width,
		      (unsigned long long)offset, region);
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	const struct scratch *s = model;

	if (index == SCRATCH_REGS)
		*out = (struct sim_region){SCRATCH_REGS_BYTES, false};
	else if (index == SCRATCH_MEMORY)
		*out = (struct sim_region){s->params->memory_bytes, true};
}

static void *region_map(void *model, uint32_t function, uint32_t region, uint64_t offset,
			uint64_t bytes)
{
	struct scratch *s = model;

	(void)function;
	(void)bytes; /* the engine has checked that it lies inside */
	return region == SCRATCH_MEMORY ? s->memory + offset : NULL;
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 1;
}

static void reset(void *model, uint32_t function)
{
	struct scratch *s = model;

	(void)function;
	sim_cancel(s->env, &s->ended);
	s->source = s->target = s->bytes = 0;
	s->status = 0;
	sim_memory_discard(s->env, 0, s->params->memory_bytes);
}

static void *create(const struct sim_model_create *create)
{
	struct scratch *s;

	if (create->option_count) { /* those that name parameters are taken out already */
		snprintf(create->error, SIM_ERROR_BYTES,
			 "option %.32s: unknown, allowed: parameters of the chip, time, seed",
			 create->options[0].key);
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s) {
		s->env = create->env;
		s->params = create->params;
		s->ended = (struct sim_event){.run = ended, .arg = s};
		s->memory = sim_memory_create(s->env, s->params->memory_bytes);
	}
	if (!s || !s->memory) {
		snprintf(create->error, SIM_ERROR_BYTES, "no memory for the chip");
		free(s);
		return NULL;
	}
	return s;
}

static void destroy(void *model)
{
	free(model);
}

static bool counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct scratch *s = model;
	const struct sim_counter counters[] = {{"scratch.copies", s->copies},
					       {"scratch.copied_bytes", s->copied_bytes}};

	if (index >= sizeof(counters) / sizeof(counters[0]))
		return false;
	*out = counters[index];
	return true;
}

static const struct sim_model_ops model = {
	.abi = ROAD_SIM_ABI,
	.family = "scratch",
	.compatible = "example,scratch",
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

ROAD_SIM_ENTRY(model, family)
