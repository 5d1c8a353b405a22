/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to streams. */
#include "simulators/rpu/model.h"

enum { IMAGE_MAX = 1 << 16 };

static void started(void *arg)
{
	struct rpu_chip *chip = arg;

	rpu_obey(chip, sim_boot_program(chip->boot));
}

static void crash_stream(struct rpu_stream *stream)
{
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;

	why.fault = ROAD_RPU_FAULT_FIRMWARE;
	if (stream->life == RPU_STREAM_LIVE)
		rpu_stream_fail(stream, stream->taken ? stream->taken - 1 : 0, &why);
}

static void stopped(void *arg, enum sim_boot_end why)
{
	static void (*const ends[])(struct rpu_stream *) = {
		[SIM_BOOT_ENDED_CRASH] = crash_stream,
		[SIM_BOOT_ENDED_STILL] = rpu_stream_drop,
	};
	struct rpu_chip *chip = arg;

	for (uint32_t f = 0; f < RPU_FUNCTIONS; f++) {
		if (why == SIM_BOOT_ENDED_RESET)
			rpu_function_reset(&chip->functions[f]);
		else
			for (uint32_t i = 0; i < chip->params.streams; i++)
				ends[why](&chip->functions[f].streams[i]);
	}
}

static void count(void *arg, uint32_t *queues_open, uint64_t *entries)
{
	const struct rpu_chip *chip = arg;

	*queues_open = 0;
	for (uint32_t f = 0; f < RPU_FUNCTIONS; f++)
		for (uint32_t i = 0; i < chip->params.streams; i++)
			*queues_open += chip->functions[f].streams[i].life == RPU_STREAM_LIVE;
	*entries = chip->counters.entries;
}

bool rpu_boot_make(struct rpu_chip *chip)
{
	const struct sim_boot_setup setup = {
		.env = chip->env,
		.style = SIM_BOOT_PUSH,
		.chunk_bytes = ROAD_BOOT_DATA_BYTES,
		.chip = ROAD_RPU_ID,
		.family = ROAD_PROGRAM_RPU,
		.chip_class = ROAD_PROGRAM_CLASS_RPU,
		.component_count = 2,
		.components = {{"mesh", IMAGE_MAX, 1}, {"tile", IMAGE_MAX, chip->params.tiles}},
		.options = chip->boot_options,
		.started = started,
		.stopped = stopped,
		.count = count,
		.arg = chip,
	};

	chip->boot = sim_boot_create(&setup);
	return chip->boot || !sim_boot_built();
}

bool rpu_firmware(void *model, const char *component, struct sim_firmware *out)
{
	const struct rpu_chip *chip = model;

	return sim_boot_firmware(chip->boot, component, out);
}

enum sim_inject rpu_boot_fault(void *model, uint32_t function, uint32_t fault, uint32_t phase,
			       uint32_t times)
{
	const struct rpu_chip *chip = model;

	(void)function;
	return sim_boot_inject(chip->boot, fault, phase, times);
}
