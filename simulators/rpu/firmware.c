/* SPDX-License-Identifier: Apache-2.0 */
/* The chip's boot ROM, and what its firmware's beginning and end mean to streams. */
#include "simulators/rpu/model.h"

enum { IMAGE_MAX = 1 << 16 };

static void started(void *arg)
{
	struct rpu_chip *chip = arg;

	rpu_obey(chip, sim_boot_program(chip->boot));
}

static void reset(void *arg, uint32_t function)
{
	struct rpu_chip *chip = arg;

	rpu_function_reset(&chip->functions[function]);
}

static bool of_stream(void *arg, uint32_t function, uint32_t index, enum sim_boot_verb verb)
{
	struct rpu_chip *chip = arg;
	struct rpu_stream *stream = &chip->functions[function].streams[index];
	const bool open = stream->life == RPU_STREAM_LIVE;
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;

	why.fault = ROAD_RPU_FAULT_FIRMWARE;
	if (verb == SIM_BOOT_DROP)
		rpu_stream_drop(stream);
	else if (verb == SIM_BOOT_FAIL && open)
		rpu_stream_fail(stream, stream->taken ? stream->taken - 1 : 0, &why);
	return open;
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
		.functions = chip->function_count,
		.queues = chip->params.streams,
		.reset = reset,
		.queue = of_stream,
		.entries = &chip->counters.entries,
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

	return sim_boot_inject(chip->boot, function, fault, phase, times);
}
