/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to queues. */
#include "simulators/gpu/model.h"

static void started(void *arg)
{
	struct gpu_chip *chip = arg;

	road_gpu_obey(chip, sim_boot_program(chip->boot));
}

static void crash_queue(struct gpu_queue *queue)
{
	const struct road_gpu_queue_status why = {.fault = ROAD_GPU_FAULT_FIRMWARE};

	if (queue->life == GPU_QUEUE_OPEN)
		road_gpu_queue_fault(queue, queue->fetched ? queue->fetched - 1 : 0, &why);
}

static void stopped(void *arg, enum sim_boot_end why)
{
	static void (*const ends[])(struct gpu_queue *) = {
		[SIM_BOOT_ENDED_CRASH] = crash_queue,
		[SIM_BOOT_ENDED_STILL] = road_gpu_queue_drop,
	};
	struct gpu_chip *chip = arg;

	for (uint32_t f = 0; f < GPU_FUNCTIONS; f++) {
		if (why == SIM_BOOT_ENDED_RESET)
			road_gpu_function_reset(&chip->functions[f]);
		else
			for (uint32_t i = 0; i < chip->params.queues; i++)
				ends[why](&chip->functions[f].queues[i]);
	}
}

static void count(void *arg, uint32_t *queues_open, uint64_t *entries)
{
	const struct gpu_chip *chip = arg;

	*queues_open = 0;
	for (uint32_t f = 0; f < GPU_FUNCTIONS; f++)
		for (uint32_t i = 0; i < chip->params.queues; i++)
			*queues_open += chip->functions[f].queues[i].life == GPU_QUEUE_OPEN;
	*entries = chip->counters.packets;
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
		.stopped = stopped,
		.count = count,
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

	(void)function;
	return sim_boot_inject(chip->boot, fault, phase, times);
}
