/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to queues. */
#include "simulators/gpu/model.h"

static void started(void *arg)
{
	struct gpu_chip *chip = arg;

	road_gpu_obey(chip, sim_boot_program(chip->boot));
}

static void reset(void *arg, uint32_t function)
{
	struct gpu_chip *chip = arg;

	road_gpu_function_reset(&chip->functions[function]);
}

static bool of_queue(void *arg, uint32_t function, uint32_t index, enum sim_boot_verb verb)
{
	struct gpu_chip *chip = arg;
	struct gpu_queue *queue = &chip->functions[function].queues[index];
	const bool open = queue->life == GPU_QUEUE_OPEN;
	const struct road_gpu_queue_status why = {.fault = ROAD_GPU_FAULT_FIRMWARE};

	if (verb == SIM_BOOT_DROP)
		road_gpu_queue_drop(queue);
	else if (verb == SIM_BOOT_FAIL && open)
		road_gpu_queue_fault(queue, queue->fetched ? queue->fetched - 1 : 0, &why);
	return open;
}

bool road_gpu_boot_make(struct gpu_chip *chip)
{
	const struct sim_boot_setup setup = {
		.env = chip->env,
		.style = SIM_BOOT_PUSH,
		.chunk_bytes = ROAD_BOOT_DATA_BYTES,
		.chip = ROAD_GPU_ID,
		.family = ROAD_PROGRAM_GPU,
		.chip_class = ROAD_PROGRAM_CLASS_GPU,
		.component_count = 1,
		.components = {{"scheduler", 1u << 16, 1}},
		.options = chip->options.boot,
		.started = started,
		.functions = chip->function_count,
		.queues = chip->params.queues,
		.reset = reset,
		.queue = of_queue,
		.entries = &chip->counters.packets,
		.arg = chip,
	};

	chip->boot = sim_boot_create(&setup);
	return chip->boot || !sim_boot_built();
}

bool road_gpu_firmware(void *model, const char *component, struct sim_firmware *out)
{
	const struct gpu_chip *chip = model;

	return sim_boot_firmware(chip->boot, component, out);
}

enum sim_inject road_gpu_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
				    uint32_t times)
{
	const struct gpu_chip *chip = model;

	return sim_boot_inject(chip->boot, function, fault, phase, times);
}
