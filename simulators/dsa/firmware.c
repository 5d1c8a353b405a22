/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to streams. */
#include "simulators/dsa/model.h"

enum { CHUNK_BYTES = 256, IMAGE_MAX = 1 << 16 };

static void started(void *arg)
{
	struct dsa_chip *chip = arg;

	dsa_obey(chip, sim_boot_program(chip->boot));
}

static void crash_stream(struct dsa_stream *stream)
{
	const struct road_dsa_stream_status why = {.fault = ROAD_DSA_FAULT_FIRMWARE};

	if (stream->life == DSA_STREAM_LIVE)
		road_dsa_stream_fault(stream, &why);
}

static void stopped(void *arg, enum sim_boot_end why)
{
	static void (*const ends[])(struct dsa_stream *) = {
		[SIM_BOOT_ENDED_CRASH] = crash_stream,
		[SIM_BOOT_ENDED_STILL] = dsa_stream_drop,
	};
	struct dsa_chip *chip = arg;

	for (uint32_t f = 0; f < DSA_FUNCTIONS; f++) {
		if (why == SIM_BOOT_ENDED_RESET)
			dsa_function_reset(&chip->functions[f]);
		else
			for (uint32_t i = 0; i < chip->params.streams; i++)
				ends[why](&chip->functions[f].streams[i]);
	}
}

static void count(void *arg, uint32_t *queues_open, uint64_t *entries)
{
	const struct dsa_chip *chip = arg;

	*queues_open = 0;
	for (uint32_t f = 0; f < DSA_FUNCTIONS; f++)
		for (uint32_t i = 0; i < chip->params.streams; i++)
			*queues_open += chip->functions[f].streams[i].life == DSA_STREAM_LIVE;
	*entries = chip->counters.descriptors;
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
		.stopped = stopped,
		.count = count,
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

	(void)function;
	return sim_boot_inject(chip->boot, fault, phase, times);
}
