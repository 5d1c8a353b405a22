/* SPDX-License-Identifier: Apache-2.0 */
/* The GPGPU as the engine sees it: options, creation, regions, reset. */
#include "simulators/gpu/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simulators/engine/options.h"

uint8_t *road_gpu_chip_memory(struct gpu_chip *chip)
{
	if (!chip->memory)
		chip->memory = sim_memory_create(chip->env, chip->memory_bytes);
	return chip->memory;
}

uint64_t road_gpu_chip_window(const struct gpu_chip *chip)
{
	const uint64_t window = chip->params.memory_window_bytes;

	return chip->options.small_window && window < chip->share_bytes ? window
									: chip->share_bytes;
}

uint64_t road_gpu_cycles_ps(const struct gpu_chip *chip, uint64_t cycles)
{
	const unsigned __int128 scaled = (unsigned __int128)cycles * 1000000000u;

	return (uint64_t)((scaled + chip->params.clock_khz - 1) / chip->params.clock_khz);
}

static bool take_check(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	if (strcmp(option->value, "div") != 0) {
		snprintf(error, SIM_ERROR_BYTES, "option check: value \"%.64s\", allowed: div",
			 option->value);
		return false;
	}
	chip->options.check_div = true;
	return true;
}

static bool take_poison(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	uint64_t byte;

	if (!sim_option_u64(option, 0, 255, &byte, error))
		return false;
	chip->options.poison = true;
	chip->options.poison_word = (uint32_t)byte * 0x01010101u;
	return true;
}

static bool take_free(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	return road_gpu_scenario_apply(&chip->params, option->value, error);
}

static bool take_cores(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	uint64_t cores;

	if (!sim_option_u64(option, 1, 1024, &cores, error))
		return false;
	chip->params.sm_count = (uint32_t)cores;
	return true;
}

static bool take_lines(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	uint64_t value;

	if (!sim_option_u64(option, 0, 1, &value, error))
		return false;
	chip->options.lines = value;
	return true;
}

static bool take_window(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	chip->options.small_window = !strcmp(option->value, "chip");
	if (chip->options.small_window || !strcmp(option->value, "all"))
		return true;
	snprintf(error, SIM_ERROR_BYTES, "option window: value \"%.64s\", allowed: all, chip",
		 option->value);
	return false;
}

static bool take_boot(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	return sim_boot_option(&chip->options.boot, option, SIM_BOOT_PUSH, error);
}

static bool leave_option(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	(void)chip;
	(void)option;
	(void)error;
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct gpu_chip *chip, const struct sim_option *option, char *error);
} options[] = {
	{"boot", take_boot},     /* what goes wrong when firmware is booted */
	{"check", take_check},   /* div: integer division by zero is a fault */
	{"cores", take_cores},   /* SMs */
	{"firmware", take_boot}, /* search: the simulator has none */
	{"free", take_free},     /* what-if: a cost that is left out */
	{"lines", take_lines},   /* counts what each line of a kernel costs */
	{"opt", leave_option},   /* of the driver's compiler, which checks it */
	{"poison", take_poison}, /* byte that registers and shared memory start with */
	{"regs", leave_option},  /* of the driver's compiler, too */
	{"rom_key", take_boot},  /* one more key that the boot ROM trusts */
	{"window", take_window}, /* device memory that region 2 shows: all, or as the chip file */
};

static bool take_option(struct gpu_chip *chip, const struct sim_option *option, char *error)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(options[i].key, option->key))
			return options[i].take(chip, option, error);
	snprintf(error, SIM_ERROR_BYTES,
		 "option %.32s: unknown, allowed: a parameter of the chip, time, seed, threads, "
		 "functions",
		 option->key);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t used = strlen(error);

		snprintf(error + used, SIM_ERROR_BYTES - used, ", %s", options[i].key);
	}
	return false;
}

static bool make_function(struct gpu_chip *chip, uint32_t index)
{
	struct gpu_function *function = &chip->functions[index];

	function->chip = chip;
	function->index = index;
	function->base = index * chip->share_bytes;
	function->queues = calloc(chip->params.queues, sizeof(*function->queues));
	if (!function->queues)
		return false;
	for (uint32_t i = 0; i < chip->params.queues; i++) {
		struct gpu_queue *queue = &function->queues[i];

		queue->function = function;
		queue->index = i;
		snprintf(queue->lane, sizeof(queue->lane), "queue %u", i);
	}
	/* Last: queues without the words above could not be closed. */
	function->spaces = calloc(chip->params.spaces, sizeof(*function->spaces));
	return function->spaces;
}

static void reset_own(struct gpu_function *function)
{
	struct gpu_chip *chip = function->chip;

	for (uint32_t i = 0; function->queues && i < chip->params.queues; i++)
		road_gpu_queue_close(&function->queues[i]);
	for (uint32_t i = 0; function->spaces && i < chip->params.spaces; i++)
		road_gpu_space_drop(function, i);
	function->interrupts = (struct sim_interrupts){0};
	function->latch = (struct gpu_latch){0};
}

void road_gpu_function_reset(struct gpu_function *function)
{
	struct gpu_chip *chip = function->chip;

	reset_own(function);
	for (uint32_t f = 1; !function->index && f < chip->function_count; f++)
		if (chip->functions[f].chip)
			reset_own(&chip->functions[f]);
	if (chip->unit && function->index)
		region_unit_reset_function(chip->unit, function->index);
	else if (chip->unit)
		region_unit_reset(chip->unit);
}

static void set_clock(struct gpu_chip *chip, uint32_t level)
{
	const uint32_t khz = (uint32_t)((uint64_t)chip->built_khz * level / ROAD_PROGRAM_CLOCK_MAX);

	if (khz != chip->params.clock_khz) {
		chip->params.clock_khz = khz ? khz : 1;
		if (chip->backend->clocked)
			chip->backend->clocked(chip);
	}
	chip->packet_ps = road_gpu_cycles_ps(chip, chip->params.packet_cost);
}

void road_gpu_obey(struct gpu_chip *chip, const struct sim_program *program)
{
	road_gpu_packets_enable(chip, program);
	chip->quantum_ps = program ? program->quantum_ns * SIM_PS_PER_NS : 0;
	set_clock(chip, program ? program->at[program->level].clock : ROAD_PROGRAM_CLOCK_MAX);
}

static void destroy(void *model)
{
	struct gpu_chip *chip = model;

	for (uint32_t f = 0; chip->functions && f < chip->function_count; f++) {
		struct gpu_function *function = &chip->functions[f];

		if (!function->chip)
			continue;
		road_gpu_function_reset(function);
		free(function->queues);
		free(function->spaces);
	}
	sim_boot_destroy(chip->boot);
	road_gpu_regions_free(chip);
	sim_cancel(chip->env, &chip->cp);
	chip->backend->destroy(chip);
	road_gpu_lines_free(chip);
	while (chip->free_works) {
		struct gpu_work *work = chip->free_works;

		chip->free_works = work->next;
		free(work);
	}
	free(chip->functions);
	free(chip);
}

static bool configure(struct gpu_chip *chip, const struct sim_model_create *create)
{
	const char *key;
	char allowed[128];

	chip->params = *(const struct road_gpu_params *)create->params;
	for (uint32_t i = 0; i < create->option_count; i++)
		if (!take_option(chip, &create->options[i], create->error))
			return false;
	key = road_gpu_params_check(&chip->params, allowed, sizeof(allowed));
	if (key)
		snprintf(create->error, SIM_ERROR_BYTES, "options: do not go with %s: %s", key,
			 allowed);
	return !key;
}

static bool build(struct gpu_chip *chip)
{
	chip->functions = calloc(chip->function_count, sizeof(*chip->functions));
	for (uint32_t f = 0; f < chip->function_count; f++)
		if (!chip->functions || !make_function(chip, f))
			return false;
	return road_gpu_boot_make(chip) && road_gpu_regions_make(chip) &&
	       chip->backend->create(chip);
}

static void *create(const struct sim_model_create *create)
{
	struct gpu_chip *chip = calloc(1, sizeof(*chip));

	if (!chip) {
		return NULL;
	}
	chip->env = create->env;
	chip->fidelity = create->fidelity;
	chip->origin_ps = sim_now(create->env);
	chip->memory_bytes = create->memory_bytes;
	chip->share_bytes = create->share_bytes;
	chip->function_count = create->functions;
	chip->cp = (struct sim_event){.run = road_gpu_cp_run, .arg = chip};
	chip->backend = create->fidelity == SIM_FUNCTIONAL ? &road_gpu_backend_functional
							   : &road_gpu_backend_timed;
	if (!configure(chip, create)) {
		free(chip);
		return NULL;
	}
	chip->built_khz = chip->params.clock_khz;
	road_gpu_traits_make(chip);
	road_gpu_obey(chip, NULL);
	if (build(chip))
		return chip;
	create->error[0] = 0; /* no memory */
	destroy(chip);
	return NULL;
}

static void region(void *model, uint32_t index, struct sim_region *out)
{
	const struct gpu_chip *chip = model;

	*out = (struct sim_region){0};
	if (index == ROAD_GPU_REGION_REGS)
		out->bytes = ROAD_GPU_REGS_BYTES;
	else if (index == ROAD_GPU_REGION_MEMORY)
		*out = (struct sim_region){road_gpu_chip_window(chip), true};
}

static void *region_map(void *model, uint32_t function, uint32_t index, uint64_t offset,
			uint64_t bytes)
{
	struct gpu_chip *chip = model;
	const uint64_t window = road_gpu_chip_window(chip);

	if (index != ROAD_GPU_REGION_MEMORY || offset > window || bytes > window - offset ||
	    !road_gpu_chip_memory(chip))
		return NULL;
	chip->functions[function].dirty = true; /* the host may write from now on */
	return road_gpu_share(&chip->functions[function], offset, bytes);
}

/* The byte of device memory that an access through region 2 names, or NULL. */
static uint8_t *in_window(struct gpu_chip *chip, uint32_t function, uint64_t offset, uint32_t width)
{
	const uint64_t window = road_gpu_chip_window(chip);

	if (offset % width || offset >= window || width > window - offset)
		return NULL;
	return road_gpu_chip_memory(chip)
		       ? road_gpu_share(&chip->functions[function], offset, width)
		       : NULL;
}

static uint64_t reg_read(void *model, uint32_t function, uint32_t region_index, uint64_t offset,
			 uint32_t width)
{
	struct gpu_chip *chip = model;
	uint64_t value = 0;

	if (function < chip->function_count && region_index == ROAD_GPU_REGION_REGS)
		return road_gpu_register_read(&chip->functions[function], offset, width);
	const uint8_t *at = region_index == ROAD_GPU_REGION_MEMORY
				    ? in_window(chip, function, offset, width)
				    : NULL;

	if (!at) {
		sim_violation(chip->env, function, "read of %u bytes at 0x%llx of region %u", width,
			      (unsigned long long)offset, region_index);
		return UINT64_MAX >> (64 - 8 * width);
	}
	memcpy(&value, at, width);
	return value;
}

static void reg_write(void *model, uint32_t function, uint32_t region_index, uint64_t offset,
		      uint32_t width, uint64_t value)
{
	struct gpu_chip *chip = model;

	if (function < chip->function_count && region_index == ROAD_GPU_REGION_REGS) {
		road_gpu_register_write(&chip->functions[function], offset, width, value);
		return;
	}
	uint8_t *at = region_index == ROAD_GPU_REGION_MEMORY
			      ? in_window(chip, function, offset, width)
			      : NULL;

	if (!at) {
		sim_violation(chip->env, function, "write of %u bytes at 0x%llx of region %u",
			      width, (unsigned long long)offset, region_index);
		return;
	}
	memcpy(at, &value, width);
	chip->functions[function].dirty = true;
	road_gpu_cp_retry(chip);
}

static uint32_t irq_count(void *model)
{
	(void)model;
	return GPU_VECTORS;
}

/* Queues, spaces, images and interrupts go; memory keeps its bytes, if it is not shared out: then
 * the engine takes those of the function's share. */
static void reset(void *model, uint32_t function)
{
	struct gpu_chip *chip = model;

	road_gpu_function_reset(&chip->functions[function]);
	if (chip->function_count == 1)
		return;
	chip->functions[function].dirty = false;
	road_poison_clear(&chip->poison, chip->functions[function].base, chip->share_bytes);
}

static void poke(void *model)
{
	road_gpu_cp_retry(model);
}

const struct sim_model_ops sim_model_gpu = {
	.abi = ROAD_SIM_ABI,
	.family = "gpu",
	.compatible = "roadbed,gpgpu",
	.create = create,
	.destroy = destroy,
	.region = region,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.region_map = region_map,
	.irq_count = irq_count,
	.reset = reset,
	.poke = poke,
	.inject = road_gpu_inject,
	.phase_fail = road_gpu_phase_fail,
	.firmware = road_gpu_firmware,
	.boot_fault = road_gpu_boot_fault,
	.counter = road_gpu_counter,
	.line = road_gpu_line,
	.report = road_gpu_report,
	.scenarios = road_gpu_scenarios,
	.many_functions = true,
};
