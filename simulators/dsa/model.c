/* SPDX-License-Identifier: Apache-2.0 */
/* The DSA as the engine sees it: options, creation, regions, reset. */
#include "simulators/dsa/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/options.h"

bool dsa_chip_memory(struct dsa_chip *chip)
{
	if (!chip->memory)
		chip->memory = sim_memory_create(chip->env, chip->memory_bytes);
	return chip->memory != NULL;
}

static bool take_check(struct dsa_chip *chip, const struct sim_option *option, char *error)
{
	chip->hazards = !strcmp(option->value, "hazards");
	if (chip->hazards || !strcmp(option->value, "none"))
		return true;
	snprintf(error, SIM_ERROR_BYTES, "option check: value \"%.64s\", allowed: hazards, none",
		 option->value);
	return false;
}

static bool take_boot(struct dsa_chip *chip, const struct sim_option *option, char *error)
{
	return sim_boot_option(&chip->boot_options, option, SIM_BOOT_PULL, error);
}

static const struct {
	const char *key;
	bool (*take)(struct dsa_chip *chip, const struct sim_option *option, char *error);
} options[] = {
	{"boot", take_boot},     /* what goes wrong when firmware is booted */
	{"check", take_check},   /* hazards: accesses that nothing orders are reported */
	{"firmware", take_boot}, /* search: the simulator has none */
	{"rom_key", take_boot},  /* one more key that the boot ROM trusts */
};

static bool take_option(struct dsa_chip *chip, const struct sim_option *option, char *error)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].key, option->key))
			return options[i].take(chip, option, error);
	snprintf(error, SIM_ERROR_BYTES,
		 "option %.32s: unknown, allowed: a parameter of the chip, time, seed, threads, "
		 "functions, boot, check, firmware, rom_key",
		 option->key);
	return false;
}

static bool make_function(struct dsa_chip *chip, uint32_t index)
{
	struct dsa_function *function = &chip->functions[index];

	function->chip = chip;
	function->index = index;
	function->base = index * chip->share_bytes;
	function->served = ++chip->served;
	function->streams = calloc(chip->params.streams, sizeof(*function->streams));
	function->contexts = calloc(chip->params.contexts, sizeof(struct sim_ranges *));
	if (!function->streams || !function->contexts)
		return false;
	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct dsa_stream *stream = &function->streams[i];

		stream->function = function;
		stream->index = i;
		stream->event.arg = stream;
		snprintf(stream->lane, sizeof(stream->lane), "stream %u", i);
	}
	return true;
}

static void reset_own(struct dsa_function *function)
{
	struct dsa_chip *chip = function->chip;

	for (uint32_t i = 0; function->streams && i < chip->params.streams; i++)
		dsa_stream_close(&function->streams[i]);
	for (uint32_t i = 0; function->contexts && i < chip->params.contexts; i++)
		dsa_context_drop(function, i);
	function->interrupts = (struct sim_interrupts){0};
	function->latch = (struct dsa_latch){0};
}

void dsa_function_reset(struct dsa_function *function)
{
	struct dsa_chip *chip = function->chip;

	reset_own(function);
	for (uint32_t f = 1; !function->index && f < chip->function_count; f++)
		if (chip->functions[f].chip)
			reset_own(&chip->functions[f]);
	if (chip->unit && function->index)
		region_unit_reset_function(chip->unit, function->index);
	else if (chip->unit)
		region_unit_reset(chip->unit);
}

static void set_clock(struct dsa_chip *chip, uint32_t level)
{
	const uint64_t before = chip->params.clock_hz;

	chip->params.clock_hz = chip->built_hz * level / ROAD_PROGRAM_CLOCK_MAX;
	if (chip->params.clock_hz != before && chip->path)
		dsa_memory_clocked(chip->path, before);
}

void dsa_obey(struct dsa_chip *chip, const struct sim_program *program)
{
	dsa_works_enable(chip, program);
	chip->quantum_ps = program ? program->quantum_ns * SIM_PS_PER_NS : 0;
	set_clock(chip, program ? program->at[program->level].clock : ROAD_PROGRAM_CLOCK_MAX);
}

static void destroy(void *model)
{
	struct dsa_chip *chip = model;

	for (uint32_t f = 0; chip->functions && f < chip->function_count; f++) {
		struct dsa_function *function = &chip->functions[f];

		if (!function->chip)
			continue;
		dsa_function_reset(function);
		free(function->streams);
		free(function->contexts);
	}
	sim_boot_destroy(chip->boot);
	if (chip->unit)
		region_unit_destroy(chip->unit);
	dsa_seats_free(chip);
	free(chip->functions);
	free(chip);
}

static bool build(struct dsa_chip *chip)
{
	chip->functions = calloc(chip->function_count, sizeof(*chip->functions));
	chip->seats = calloc(chip->params.cores, sizeof(*chip->seats));
	if (!chip->functions || !chip->seats)
		return false;
	for (uint32_t i = 0; i < chip->params.cores; i++)
		chip->seats[i] = (struct dsa_seat){.chip = chip, .index = i};
	for (uint32_t f = 0; f < chip->function_count; f++)
		if (!make_function(chip, f))
			return false;
	return dsa_boot_make(chip) && dsa_regions_make(chip);
}

static void *create(const struct sim_model_create *create)
{
	struct dsa_chip *chip = calloc(1, sizeof(*chip));

	if (!chip)
		goto no_memory;
	chip->env = create->env;
	chip->fidelity = create->fidelity;
	chip->seed = create->seed;
	chip->hazards = create->fidelity == SIM_FUNCTIONAL;
	chip->origin_ps = sim_now(create->env);
	chip->memory_bytes = create->memory_bytes;
	chip->share_bytes = create->share_bytes;
	chip->function_count = create->functions;
	chip->params = *(const struct road_dsa_params *)create->params;
	for (uint32_t i = 0; i < create->option_count; i++) {
		if (take_option(chip, &create->options[i], create->error))
			continue;
		free(chip);
		return NULL;
	}
	chip->built_hz = chip->params.clock_hz;
	dsa_traits_make(chip);
	dsa_obey(chip, NULL);
	if (build(chip))
		return chip;
	destroy(chip);
no_memory:
	create->error[0] = 0; /* no memory */
	return NULL;
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	(void)model;
	*out = (struct sim_region){index == ROAD_DSA_REGION_REGS ? ROAD_DSA_REGS_BYTES : 0, false};
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t index, uint64_t offset,
			 uint32_t width)
{
	struct dsa_chip *chip = model;

	if (function < chip->function_count && index == ROAD_DSA_REGION_REGS)
		return dsa_register_read(&chip->functions[function], offset, width);
	sim_violation(chip->env, function, "read of %u bytes at 0x%llx of region %u", width,
		      (unsigned long long)offset, index);
	return UINT64_MAX >> (64 - 8 * width);
}

static void reg_write(void *model, uint32_t function, uint32_t index, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct dsa_chip *chip = model;

	if (function < chip->function_count && index == ROAD_DSA_REGION_REGS)
		dsa_register_write(&chip->functions[function], offset, width, value);
	else
		sim_violation(chip->env, function, "write of %u bytes at 0x%llx of region %u",
			      width, (unsigned long long)offset, index);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return DSA_VECTORS;
}

/* Streams, contexts, code, layout, slots and interrupts go; memory keeps its bytes, if it is not
 * shared out: then the engine takes those of the function's share. */
static void reset(void *model, uint32_t function)
{
	struct dsa_chip *chip = model;

	dsa_function_reset(&chip->functions[function]);
	if (chip->function_count == 1)
		return;
	chip->functions[function].dirty = false;
	road_poison_clear(&chip->poison, chip->functions[function].base, chip->share_bytes);
}

static void poke(void *model)
{
	dsa_streams_retry(model);
}

const struct sim_model_ops sim_model_dsa = {
	.abi = ROAD_SIM_ABI,
	.family = "dsa",
	.compatible = "roadbed,dsa",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.irq_count = irq_count,
	.reset = reset,
	.poke = poke,
	.inject = dsa_inject,
	.phase_fail = dsa_phase_fail,
	.firmware = dsa_firmware,
	.boot_fault = dsa_boot_fault,
	.counter = road_dsa_counter,
	.report = dsa_report,
	.many_functions = true,
};
