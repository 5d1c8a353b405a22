/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to streams. */
#include "simulators/dsa/model.h"

enum { CHUNK_BYTES = 256, IMAGE_MAX = 1 << 16 };

static void started(void *arg)
{
	struct dsa_chip *chip = arg;

	dsa_obey(chip, sim_boot_program(chip->boot));
}

static void reset(void *arg, uint32_t function)
{
	struct dsa_chip *chip = arg;

	dsa_function_reset(&chip->functions[function]);
}

static bool of_stream(void *arg, uint32_t function, uint32_t index, enum sim_boot_verb verb)
{
	struct dsa_chip *chip = arg;
	struct dsa_stream *stream = &chip->functions[function].streams[index];
	const bool open = stream->life == DSA_STREAM_LIVE;
	const struct road_dsa_stream_status why = {.fault = ROAD_DSA_FAULT_FIRMWARE};

	if (verb == SIM_BOOT_DROP)
		dsa_stream_drop(stream);
	else if (verb == SIM_BOOT_FAIL && open)
		road_dsa_stream_fault(stream, &why);
	return open;
}

bool dsa_boot_make(struct dsa_chip *chip)
{
	const struct sim_boot_setup setup = {
		.env = chip->env,
		.style = SIM_BOOT_PULL,
		.chunk_bytes = CHUNK_BYTES,
		.chip = ROAD_DSA_ID,
		.family = ROAD_PROGRAM_DSA,
		.chip_class = ROAD_PROGRAM_CLASS_DSA,
		.component_count = 1,
		.components = {{"control", IMAGE_MAX, 1}},
		.options = chip->boot_options,
		.started = started,
		.functions = chip->function_count,
		.queues = chip->params.streams,
		.reset = reset,
		.queue = of_stream,
		.entries = &chip->counters.descriptors,
		.arg = chip,
	};

	chip->boot = sim_boot_create(&setup);
	return chip->boot || !sim_boot_built();
}

bool dsa_firmware(void *model, const char *component, struct sim_firmware *out)
{
	const struct dsa_chip *chip = model;

	return sim_boot_firmware(chip->boot, component, out);
}

enum sim_inject dsa_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
			       uint32_t times)
{
	const struct dsa_chip *chip = model;

	return sim_boot_inject(chip->boot, function, fault, phase, times);
}
