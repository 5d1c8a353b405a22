/* SPDX-License-Identifier: Apache-2.0 */
/* The educational device: what QEMU documents of it, with times from its chip file. */
#include <roadbed-sim/model.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/chips/chip_edu.h"
#include "uapi/edu.h"

/* What one function has: all of the device, side by side with the others'. */
struct edu {
	struct sim_env *env;
	const struct road_edu_params *params;
	uint32_t index;
	uint32_t liveness, operand, factorial, status, irq_status;
	uint64_t dma_source, dma_target, dma_count;
	uint32_t dma_command;
	struct sim_event computed, copied;
	uint64_t compute_start_ps, copy_start_ps;
	uint64_t factorials, dmas, dma_bytes;
	uint64_t buffer_bytes;
	unsigned char buffer[];
};

struct edu_chip {
	const struct road_edu_params *params;
	uint32_t function_count;
	struct edu *functions[];
};

static void raise_irq(struct edu *edu, uint32_t value)
{
	edu->irq_status |= value;
	if (edu->irq_status)
		sim_irq_raise(edu->env, edu->index, 0);
}

static void computed(void *arg)
{
	struct edu *edu = arg;
	uint32_t result = 1;

	/* From 34 on 2^32 divides it. */
	for (uint32_t n = edu->operand < 34 ? edu->operand : 34; n > 1; n--)
		result *= n;
	edu->factorial = result;
	edu->status &= ~ROAD_EDU_STATUS_COMPUTING;
	edu->factorials++;
	sim_trace_span(edu->env, "factorial", "compute", edu->compute_start_ps, sim_now(edu->env));
	if (edu->status & ROAD_EDU_STATUS_IRQ)
		raise_irq(edu, ROAD_EDU_IRQ_FACTORIAL);
}

static void compute(struct edu *edu, uint32_t n)
{
	uint64_t steps = n < 34 ? n : 34;

	if (edu->status & ROAD_EDU_STATUS_COMPUTING) {
		sim_violation(edu->env, edu->index, "factorial written while one is computed");
		return;
	}
	edu->operand = edu->factorial = n;
	edu->compute_start_ps = sim_now(edu->env);
	edu->status |= ROAD_EDU_STATUS_COMPUTING;
	sim_schedule(edu->env, &edu->computed,
		     sim_now(edu->env) + edu->params->factorial_ps +
			     steps * edu->params->factorial_step_ps);
}

/* The buffer's side of a transfer: NULL if it does not lie in the window. */
static unsigned char *window(struct edu *edu, uint64_t address, uint64_t bytes)
{
	uint64_t offset = address - ROAD_EDU_BUFFER;

	if (address < ROAD_EDU_BUFFER || offset > edu->buffer_bytes ||
	    bytes > edu->buffer_bytes - offset) {
		sim_violation(edu->env, edu->index,
			      "transfer of %llu bytes at 0x%llx leaves the buffer",
			      (unsigned long long)bytes, (unsigned long long)address);
		return NULL;
	}
	return edu->buffer + offset;
}

static uint64_t mask_of(const struct road_edu_params *params)
{
	uint32_t bits = params->dma_address_bits;

	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* QEMU cuts an address down to the mask; a driver that relies on it is wrong. */
static uint64_t bus_address(struct edu *edu, uint64_t address)
{
	if (address & ~mask_of(edu->params))
		sim_violation(edu->env, edu->index, "bus address 0x%llx is beyond the mask 0x%llx",
			      (unsigned long long)address,
			      (unsigned long long)mask_of(edu->params));
	return address & mask_of(edu->params);
}

static void copied(void *arg)
{
	struct edu *edu = arg;
	bool to_host = edu->dma_command & ROAD_EDU_DMA_TO_HOST, done = false;
	uint64_t inside = to_host ? edu->dma_source : edu->dma_target;
	uint64_t outside = bus_address(edu, to_host ? edu->dma_target : edu->dma_source);
	unsigned char *bytes = window(edu, inside, edu->dma_count);

	if (bytes && to_host)
		done = sim_dma_write(edu->env, edu->index, outside, bytes, edu->dma_count);
	else if (bytes)
		done = sim_dma_read(edu->env, edu->index, outside, bytes, edu->dma_count);
	if (bytes && !done)
		sim_violation(edu->env, edu->index,
			      "bus address 0x%llx is not mapped for %llu bytes",
			      (unsigned long long)outside, (unsigned long long)edu->dma_count);
	if (done) {
		edu->dmas++;
		edu->dma_bytes += edu->dma_count;
	}
	sim_trace_span(edu->env, "dma", to_host ? "to host" : "to device", edu->copy_start_ps,
		       sim_now(edu->env));
	edu->dma_command &= ~ROAD_EDU_DMA_START;
	if (edu->dma_command & ROAD_EDU_DMA_IRQ)
		raise_irq(edu, ROAD_EDU_IRQ_DMA);
}

static void copy(struct edu *edu, uint32_t command)
{
	/* One that leaves the buffer moves nothing: it ends no later than the longest that does. */
	uint64_t bytes = edu->dma_count < edu->buffer_bytes ? edu->dma_count : edu->buffer_bytes;

	if (command & ~(ROAD_EDU_DMA_START | ROAD_EDU_DMA_TO_HOST | ROAD_EDU_DMA_IRQ))
		sim_violation(edu->env, edu->index, "unknown bits in DMA command 0x%x", command);
	if (edu->dma_command & ROAD_EDU_DMA_START) {
		sim_violation(edu->env, edu->index, "DMA command written while a transfer runs");
		return;
	}
	edu->dma_command = command;
	if (!(command & ROAD_EDU_DMA_START))
		return;
	edu->copy_start_ps = sim_now(edu->env);
	sim_schedule(edu->env, &edu->copied,
		     sim_now(edu->env) + edu->params->dma_latency_ps +
			     bytes * UINT64_C(1000000000000) / edu->params->dma_bytes_per_second);
}

/* Size and place of an access as the device allows them. */
static bool check_access(struct edu *edu, uint32_t region, uint64_t offset, uint32_t width)
{
	bool good = region == ROAD_EDU_REGION && offset % width == 0 &&
		    offset < ROAD_EDU_REGION_BYTES &&
		    (width == 4 || (width == 8 && offset >= ROAD_EDU_REG_DMA_SOURCE));

	if (!good)
		sim_violation(edu->env, edu->index, "access of %u bytes at 0x%llx of region %u",
			      width, (unsigned long long)offset, region);
	return good;
}

static uint64_t *dma_register(struct edu *edu, uint64_t offset)
{
	switch (offset) {
	case ROAD_EDU_REG_DMA_SOURCE: return &edu->dma_source;
	case ROAD_EDU_REG_DMA_TARGET: return &edu->dma_target;
	case ROAD_EDU_REG_DMA_COUNT: return &edu->dma_count;
	default: return NULL;
	}
}

static struct edu *of(void *model, uint32_t function)
{
	return ((struct edu_chip *)model)->functions[function];
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t region, uint64_t offset,
			 uint32_t width)
{
	struct edu *edu = of(model, function);
	uint64_t all_ones = width == 8 ? UINT64_MAX : UINT32_MAX;

	if (!check_access(edu, region, offset, width))
		return all_ones;
	const uint64_t *dma = dma_register(edu, offset);

	if (dma)
		return *dma & all_ones;
	switch (offset) {
	case ROAD_EDU_REG_ID: return ROAD_EDU_ID;
	case ROAD_EDU_REG_LIVENESS: return ~edu->liveness;
	case ROAD_EDU_REG_FACTORIAL: return edu->factorial;
	case ROAD_EDU_REG_STATUS: return edu->status;
	case ROAD_EDU_REG_IRQ_STATUS: return edu->irq_status;
	case ROAD_EDU_REG_DMA_COMMAND: return edu->dma_command;
	default: return all_ones;
	}
}

static void reg_write(void *model, uint32_t function, uint32_t region, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct edu *edu = of(model, function);

	if (!check_access(edu, region, offset, width))
		return;
	uint64_t *dma = dma_register(edu, offset);

	if (dma && edu->dma_command & ROAD_EDU_DMA_START) {
		sim_violation(edu->env, edu->index,
			      "DMA register 0x%llx written while a transfer runs",
			      (unsigned long long)offset);
		return;
	}
	if (dma) {
		*dma = width == 8 ? value : (uint32_t)value; /* all of the register, as in QEMU */
		return;
	}
	switch (offset) {
	case ROAD_EDU_REG_LIVENESS: edu->liveness = (uint32_t)value; break;
	case ROAD_EDU_REG_FACTORIAL: compute(edu, (uint32_t)value); break;
	case ROAD_EDU_REG_STATUS:
		edu->status = (edu->status & ROAD_EDU_STATUS_COMPUTING) |
			      ((uint32_t)value & ROAD_EDU_STATUS_IRQ);
		break;
	case ROAD_EDU_REG_IRQ_RAISE: raise_irq(edu, (uint32_t)value); break;
	case ROAD_EDU_REG_IRQ_ACK: edu->irq_status &= ~(uint32_t)value; break;
	case ROAD_EDU_REG_DMA_COMMAND: copy(edu, (uint32_t)value); break;
	default:
		sim_violation(edu->env, edu->index, "write to 0x%llx, which is no register",
			      (unsigned long long)offset);
	}
}

static void reset(void *model, uint32_t function)
{
	struct edu *edu = of(model, function);

	sim_cancel(edu->env, &edu->computed);
	sim_cancel(edu->env, &edu->copied);
	edu->liveness = edu->operand = edu->factorial = edu->status = edu->irq_status =
		edu->dma_command = 0;
	edu->dma_source = edu->dma_target = edu->dma_count = 0;
	memset(edu->buffer, 0, edu->buffer_bytes);
}

static void destroy(void *model)
{
	struct edu_chip *chip = model;

	for (uint32_t i = 0; i < chip->function_count; i++)
		free(chip->functions[i]);
	free(chip);
}

static struct edu *make_function(const struct sim_model_create *create, uint32_t index)
{
	const struct road_edu_params *params = create->params;
	struct edu *edu = calloc(1, sizeof(*edu) + params->buffer_bytes);

	if (!edu)
		return NULL;
	edu->env = create->env;
	edu->params = params;
	edu->index = index;
	edu->buffer_bytes = params->buffer_bytes;
	edu->computed = (struct sim_event){.run = computed, .arg = edu};
	edu->copied = (struct sim_event){.run = copied, .arg = edu};
	return edu;
}

static void *create(const struct sim_model_create *create)
{
	struct edu_chip *chip;

	if (create->option_count) {
		snprintf(create->error, 256,
			 "option %.32s: unknown, allowed: time, seed, threads, functions",
			 create->options[0].key);
		return NULL;
	}
	create->error[0] = 0;
	chip = calloc(1, sizeof(*chip) + create->functions * sizeof(struct edu *));
	if (!chip)
		return NULL;
	chip->params = create->params;
	chip->function_count = create->functions;
	for (uint32_t i = 0; i < create->functions; i++) {
		chip->functions[i] = make_function(create, i);
		if (!chip->functions[i]) {
			destroy(chip);
			return NULL;
		}
	}
	return chip;
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	(void)model;
	*out = (struct sim_region){index == ROAD_EDU_REGION ? ROAD_EDU_REGION_BYTES : 0, false};
}

static uint64_t dma_mask(void *model)
{
	return mask_of(((struct edu_chip *)model)->params);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return 1;
}

static bool counter(void *model, uint32_t index, struct sim_counter *out)
{
	const struct edu_chip *chip = model;
	struct sim_counter counters[] = {
		{"edu.factorials", 0},
		{"edu.transfers", 0},
		{"edu.transferred_bytes", 0},
	};

	for (uint32_t i = 0; i < chip->function_count; i++) {
		counters[0].value += chip->functions[i]->factorials;
		counters[1].value += chip->functions[i]->dmas;
		counters[2].value += chip->functions[i]->dma_bytes;
	}
	if (index >= sizeof(counters) / sizeof(counters[0]))
		return false;
	*out = counters[index];
	return true;
}

const struct sim_model_ops sim_model_edu = {
	.abi = ROAD_SIM_ABI,
	.family = "edu",
	.compatible = "qemu,edu",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.dma_mask = dma_mask,
	.irq_count = irq_count,
	.reset = reset,
	.counter = counter,
	.many_functions = true,
};
