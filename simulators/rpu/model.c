/* SPDX-License-Identifier: Apache-2.0 */
/* The RPU as the engine sees it: options, creation, regions, reset. */
#include "simulators/rpu/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/options.h"

bool rpu_chip_memory(struct rpu_chip *chip)
{
	if (!chip->memory)
		chip->memory = sim_memory_create(chip->env, chip->memory_bytes +
								    (uint64_t)chip->function_count *
									    chip->params.tiles *
									    chip->params.spm_bytes);
	return chip->memory != NULL;
}

uint8_t *rpu_spm_take(struct rpu_function *function, uint32_t tile)
{
	struct rpu_tile *at = &function->chip->tiles[tile];

	if (at->spm_of != RPU_NOWHERE && at->spm_of != function->index)
		sim_approximate(function->chip->env, "rpu.scratchpad_swaps", 1);
	at->spm_of = function->index;
	return rpu_spm(function, tile);
}

static bool take_fabric(struct rpu_chip *chip, const struct sim_option *option, char *error)
{
	chip->mode = strcmp(option->value, "compiled") ? RPU_MODE_INTERPRETED : RPU_MODE_COMPILED;
	if (chip->mode == RPU_MODE_COMPILED || !strcmp(option->value, "interpreted"))
		return true;
	snprintf(error, SIM_ERROR_BYTES,
		 "option fabric: value \"%.64s\", allowed: compiled, interpreted", option->value);
	return false;
}

static bool take_boot(struct rpu_chip *chip, const struct sim_option *option, char *error)
{
	return sim_boot_option(&chip->boot_options, option, SIM_BOOT_PUSH, error);
}

static const struct {
	const char *key;
	bool (*take)(struct rpu_chip *chip, const struct sim_option *option, char *error);
} options[] = {
	{"boot", take_boot},     /* what goes wrong when firmware is booted */
	{"fabric", take_fabric}, /* how fabrics are run: results and cycles are equal */
	{"firmware", take_boot}, /* search: the simulator has none */
	{"rom_key", take_boot},  /* one more key that the boot ROM trusts */
};

static bool take_option(struct rpu_chip *chip, const struct sim_option *option, char *error)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].key, option->key))
			return options[i].take(chip, option, error);
	snprintf(error, SIM_ERROR_BYTES,
		 "option %.32s: unknown, allowed: a parameter of the chip, time, seed, threads, "
		 "functions, boot, fabric, firmware, rom_key",
		 option->key);
	return false;
}

static bool make_function(struct rpu_chip *chip, uint32_t index)
{
	struct rpu_function *function = &chip->functions[index];

	function->chip = chip;
	function->index = index;
	function->base = index * chip->share_bytes;
	function->served = ++chip->served;
	function->streams = calloc(chip->params.streams, sizeof(*function->streams));
	function->order = calloc(chip->params.streams, sizeof(*function->order));
	function->contexts = calloc(chip->params.contexts, sizeof(struct sim_ranges *));
	if (!function->streams || !function->order || !function->contexts)
		return false;
	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct rpu_stream *stream = &function->streams[i];

		function->order[i] = stream;
		stream->function = function;
		stream->index = i;
		stream->event.arg = stream;
		snprintf(stream->lane, sizeof(stream->lane), "stream %u", i);
	}
	return true;
}

static void reset_own(struct rpu_function *function)
{
	struct rpu_chip *chip = function->chip;

	for (uint32_t i = 0; function->streams && i < chip->params.streams; i++)
		rpu_stream_close(&function->streams[i]);
	for (uint32_t i = 0; function->contexts && i < chip->params.contexts; i++) {
		sim_ranges_put(function->contexts[i]);
		function->contexts[i] = NULL;
	}
	function->interrupts = (struct sim_interrupts){0};
	function->latch = (struct rpu_latch){0};
}

void rpu_function_reset(struct rpu_function *function)
{
	struct rpu_chip *chip = function->chip;

	reset_own(function);
	for (uint32_t f = 1; !function->index && f < chip->function_count; f++)
		if (chip->functions[f].chip)
			reset_own(&chip->functions[f]);
	if (chip->unit && function->index)
		region_unit_reset_function(chip->unit, function->index); /* jobs look again */
	else if (chip->unit)
		region_unit_reset(chip->unit);
}

void rpu_obey(struct rpu_chip *chip, const struct sim_program *program)
{
	const uint32_t clock = program ? program->at[program->level].clock : ROAD_PROGRAM_CLOCK_MAX;

	rpu_works_enable(chip, program);
	chip->quantum_ps = program ? program->quantum_ns * SIM_PS_PER_NS : 0;
	chip->params.clock_hz = chip->built_hz * clock / ROAD_PROGRAM_CLOCK_MAX;
	if (chip->unit)
		rpu_regions_clocked(chip);
}

static void destroy(void *model)
{
	struct rpu_chip *chip = model;

	for (uint32_t f = 0; chip->functions && f < chip->function_count; f++) {
		struct rpu_function *function = &chip->functions[f];

		if (!function->chip)
			continue;
		rpu_function_reset(function);
		free(function->streams);
		free(function->order);
		free(function->contexts);
	}
	sim_boot_destroy(chip->boot);
	if (chip->unit)
		region_unit_destroy(chip->unit);
	for (uint32_t i = 0; i < ROAD_REGION_NUMBERS; i++)
		rpu_config_free(chip->active[i]);
	for (uint32_t i = 0; chip->tiles && i < chip->params.tiles; i++)
		rpu_fabric_free(chip->tiles[i].fabric);
	sim_cancel(chip->env, &chip->kick);
	free(chip->functions);
	free(chip->tiles);
	free(chip->links);
	free(chip);
}

static void make_tile(struct rpu_chip *chip, uint32_t index)
{
	static const char *const engines[ROAD_RPU_ENGINES] = {"cgra", "neur", "rdma", "wdma"};
	struct rpu_tile *tile = &chip->tiles[index];

	tile->chip = chip;
	tile->index = index;
	tile->spm_of = RPU_NOWHERE;
	tile->event.arg = tile;
	for (uint32_t e = 0; e < ROAD_RPU_ENGINES; e++)
		snprintf(tile->lane[e], sizeof(tile->lane[e]), "tile %u %s", index, engines[e]);
	snprintf(tile->stall_lane, sizeof(tile->stall_lane), "tile %u stalls", index);
}

static void make_fabric_params(struct rpu_chip *chip)
{
	const struct road_rpu_params *p = &chip->params;
	struct rpu_fabric_params *f = &chip->fabric;

	f->fabric_id = p->rows | p->columns << ROAD_RPU_FABRIC_COLUMNS_SHIFT |
		       p->registers << ROAD_RPU_FABRIC_REGISTERS_SHIFT |
		       p->fabric_streams << ROAD_RPU_FABRIC_STREAMS_SHIFT |
		       (p->torus ? ROAD_RPU_FABRIC_TORUS : 0) |
		       (p->memory_all ? ROAD_RPU_FABRIC_MEMORY_ALL : 0) |
		       (p->stepwise ? ROAD_RPU_FABRIC_STEPWISE : 0) |
		       ROAD_RPU_FABRIC_VERSION << ROAD_RPU_FABRIC_VERSION_SHIFT;
	for (uint32_t c = 0; c < ROAD_RPU_CLASSES; c++) {
		f->latency[c] = (uint8_t)(p->latency[c] ? p->latency[c] : 1);
		f->interval[c] = (uint8_t)(p->interval[c] ? p->interval[c] : 1);
		f->cost[c] = (uint8_t)(p->cost[c] ? p->cost[c] : 1);
	}
	f->spm_bytes = p->spm_bytes;
	f->banks = p->spm_banks;
	f->bank_bytes = p->spm_bank_bytes;
	f->stream_latency = p->stream_latency;
	f->cost_column = p->cost_column;
	f->configure_step = p->configure_step;
	f->begin_fixed = p->begin_fixed;
	f->begin_step = p->begin_step;
}

static bool build(struct rpu_chip *chip)
{
	make_fabric_params(chip);
	chip->functions = calloc(chip->function_count, sizeof(*chip->functions));
	chip->tiles = calloc(chip->params.tiles, sizeof(*chip->tiles));
	chip->links = calloc(chip->params.tiles, sizeof(*chip->links));
	if (!chip->functions || !chip->tiles || !chip->links)
		return false;
	for (uint32_t i = 0; i < chip->params.tiles; i++)
		make_tile(chip, i);
	for (uint32_t f = 0; f < chip->function_count; f++)
		if (!make_function(chip, f))
			return false;
	return rpu_boot_make(chip) && rpu_regions_make(chip);
}

static void *create(const struct sim_model_create *create)
{
	struct rpu_chip *chip = calloc(1, sizeof(*chip));

	if (!chip)
		goto no_memory;
	chip->env = create->env;
	chip->fidelity = create->fidelity;
	chip->mode = RPU_MODE_COMPILED;
	chip->origin_ps = sim_now(create->env);
	chip->memory_bytes = create->memory_bytes;
	chip->share_bytes = create->share_bytes;
	chip->function_count = create->functions;
	chip->params = *(const struct road_rpu_params *)create->params;
	for (uint32_t i = 0; i < create->option_count; i++) {
		if (take_option(chip, &create->options[i], create->error))
			continue;
		free(chip);
		return NULL;
	}
	chip->built_hz = chip->params.clock_hz;
	rpu_traits_make(chip);
	rpu_obey(chip, NULL);
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
	*out = (struct sim_region){index == ROAD_RPU_REGION_REGS ? ROAD_RPU_REGS_BYTES : 0, false};
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t index, uint64_t offset,
			 uint32_t width)
{
	struct rpu_chip *chip = model;

	if (function < chip->function_count && index == ROAD_RPU_REGION_REGS)
		return rpu_register_read(&chip->functions[function], offset, width);
	sim_violation(chip->env, function, "read of %u bytes at 0x%llx of region %u", width,
		      (unsigned long long)offset, index);
	return UINT64_MAX >> (64 - 8 * width);
}

static void reg_write(void *model, uint32_t function, uint32_t index, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct rpu_chip *chip = model;

	if (function < chip->function_count && index == ROAD_RPU_REGION_REGS)
		rpu_register_write(&chip->functions[function], offset, width, value);
	else
		sim_violation(chip->env, function, "write of %u bytes at 0x%llx of region %u",
			      width, (unsigned long long)offset, index);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return RPU_VECTORS;
}

/* Streams, contexts, layout, slots and interrupts go; memory keeps its bytes, if it is not shared
 * out: then the engine takes those of the function's share. */
static void reset(void *model, uint32_t function)
{
	struct rpu_chip *chip = model;

	rpu_function_reset(&chip->functions[function]);
	if (chip->function_count == 1)
		return;
	chip->functions[function].dirty = false;
	road_poison_clear(&chip->poison, chip->functions[function].base, chip->share_bytes);
}

static void poke(void *model)
{
	rpu_streams_retry(model);
}

static enum sim_inject phase_fail(void *model, uint32_t function, uint32_t region, uint32_t phase,
				  uint32_t times)
{
	struct rpu_chip *chip = model;

	if (!region_unit_phase_fail(chip->unit, function, region, phase, times))
		return SIM_INJECT_NOWHERE;
	return SIM_INJECTED;
}

const struct sim_model_ops sim_model_rpu = {
	.abi = ROAD_SIM_ABI,
	.family = "rpu",
	.compatible = "roadbed,rpu",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.irq_count = irq_count,
	.reset = reset,
	.poke = poke,
	.inject = rpu_inject,
	.phase_fail = phase_fail,
	.firmware = rpu_firmware,
	.boot_fault = rpu_boot_fault,
	.counter = road_rpu_counter,
	.report = rpu_report,
	.many_functions = true,
};
