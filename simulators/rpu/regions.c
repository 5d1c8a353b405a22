/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the RPU does for its reconfiguration unit: a unit of a region is a tile, an image holds a
 * configuration of the fabrics (uapi/rpu/config.h), a region's state is what its tiles'
 * scratchpads hold.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/model.h"

struct state { /* before the scratchpads of all tiles */
	uint64_t config;
	uint32_t tiles, spm_bytes;
};

static void bounds(const struct rpu_chip *chip, uint32_t region, uint32_t *first, uint32_t *count)
{
	*first = 0;
	*count = chip->unit ? 0 : chip->params.tiles; /* the unit is being made: the root */
	if (chip->unit)
		region_unit_bounds(chip->unit, region, first, count);
}

static bool read_image(void *arg, uint32_t function, uint64_t address, void *out, uint32_t bytes)
{
	struct rpu_chip *chip = arg;

	return rpu_image_read(&chip->functions[function], address, out, bytes);
}

uint32_t rpu_region_queue(const struct rpu_stream *stream)
{
	return stream->function->index * stream->function->chip->params.streams + stream->index;
}

static struct rpu_stream *stream_of(const struct rpu_chip *chip, uint32_t queue)
{
	return &chip->functions[queue / chip->params.streams].streams[queue % chip->params.streams];
}

/* A piece of what a queue's context shows; host NULL: nothing is there. */
static struct rpu_piece buffer_at(struct rpu_chip *chip, uint32_t queue, uint64_t address,
				  uint32_t bytes, bool write)
{
	struct rpu_stream *stream = stream_of(chip, queue);
	struct rpu_piece piece = {.host = NULL};
	uint64_t bad;

	if (rpu_place(stream->function, stream->function->contexts[stream->context], false, address,
		      bytes, write, &piece) ||
	    rpu_poison_touch(chip, &piece, 0, bytes, write, &bad))
		piece.host = NULL;
	return piece;
}

static bool read_buffer(void *arg, uint32_t queue, uint64_t address, void *out, uint32_t bytes)
{
	struct rpu_piece piece = buffer_at(arg, queue, address, bytes, false);

	if (piece.host)
		memcpy(out, piece.host, bytes);
	return piece.host != NULL;
}

static bool write_buffer(void *arg, uint32_t queue, uint64_t address, const void *in,
			 uint32_t bytes)
{
	struct rpu_piece piece = buffer_at(arg, queue, address, bytes, true);

	if (piece.host)
		memcpy(piece.host, in, bytes);
	return piece.host != NULL;
}

static bool check(void *arg, const struct region_image *image, uint32_t *at)
{
	const struct rpu_chip *chip = arg;
	struct rpu_config_verdict verdict = {.offset = 0};
	struct rpu_config *config =
		rpu_config_check(&chip->fabric, image->payload, image->payload_bytes, &verdict);

	*at = (uint32_t)verdict.offset;
	rpu_config_free(config);
	return config != NULL;
}

static bool claims_memory(const struct region_image *image)
{
	for (uint32_t i = 0; i < image->header->claim_count; i++)
		if (image->claims[i].kind == ROAD_CLAIM_MEMORY)
			return true;
	return false;
}

/* The fabrics take it when a launch comes; without host memory there is none then. */
static void activate(void *arg, uint32_t region, const struct region_image *image)
{
	struct rpu_chip *chip = arg;
	struct rpu_config_verdict verdict;
	uint32_t first, count;

	bounds(chip, region, &first, &count);
	for (uint32_t t = first; t < first + count; t++)
		if (chip->tiles[t].fabric)
			rpu_fabric_activate(chip->tiles[t].fabric, NULL);
	rpu_config_free(chip->active[region]);
	chip->active[region] = image ? rpu_config_check(&chip->fabric, image->payload,
							image->payload_bytes, &verdict)
				     : NULL;
	chip->active_memory[region] = image && claims_memory(image);
}

static void wipe_of(struct rpu_function *function, uint32_t first, uint32_t count)
{
	struct rpu_chip *chip = function->chip;

	for (uint32_t t = first; t < first + count; t++) {
		if (chip->tiles[t].fabric_of != function->index)
			continue;
		rpu_fabric_free(chip->tiles[t].fabric);
		chip->tiles[t].fabric = NULL;
	}
	if (chip->memory)
		sim_memory_discard(chip->env, (uint64_t)(rpu_spm(function, first) - chip->memory),
				   (uint64_t)count * chip->params.spm_bytes);
}

static void wipe(void *arg, uint32_t function, uint32_t region)
{
	struct rpu_chip *chip = arg;
	uint32_t first, count;

	bounds(chip, region, &first, &count);
	for (uint32_t f = 0; f < chip->function_count; f++)
		if (function == REGION_NONE || function == f)
			wipe_of(&chip->functions[f], first, count);
}

static void drain(void *arg, uint32_t function, uint32_t region, enum region_drain how)
{
	rpu_run_drain(arg, function, region, how);
}

static void suspend(void *arg, uint32_t function, uint32_t region)
{
	rpu_run_suspend(arg, function, region);
}

static void resume(void *arg, uint32_t function, uint32_t region)
{
	rpu_run_resume(arg, function, region);
}

static void retry(void *arg)
{
	rpu_jobs_kick(arg);
}

/* From memory at its rate, through the load port of the group's tiles: a broadcast. */
static uint64_t transfer(void *arg, uint32_t region, uint32_t bytes, uint64_t from_ps)
{
	struct rpu_chip *chip = arg;
	uint64_t memory = rpu_memory_take(chip, false, bytes, from_ps) -
			  rpu_ps(chip, chip->params.ddr_latency);
	uint64_t port =
		from_ps + rpu_ps(chip, chip->params.load + rpu_ceil(bytes, chip->params.load_rate));

	(void)region;
	return memory > port ? memory : port;
}

/* What bounds a load: the slots' port or the memory. */
static uint64_t load_rate(const struct road_rpu_params *p)
{
	return p->load_rate < p->ddr_rate ? p->load_rate : p->ddr_rate;
}

static uint64_t configure(void *arg, const struct region_image *image)
{
	const struct rpu_chip *chip = arg;
	struct road_rpu_config header; /* it was checked */

	memcpy(&header, image->payload, sizeof(header));
	return rpu_ps(chip, rpu_fabric_configure_cycles(&chip->fabric, header.interval));
}

/* Work of other entries than those at the gate: jobs in a queue that have not begun. */
static bool more(void *arg, uint32_t region, uint32_t but)
{
	const struct rpu_chip *chip = arg;

	for (uint32_t i = 0; i < chip->function_count * chip->params.streams; i++) {
		const struct rpu_stream *stream = stream_of(chip, i);

		if (stream->function->index == but || stream->life != RPU_STREAM_LIVE ||
		    !stream->in_region || stream->region != region)
			continue;
		if (!stream->hold && (stream->busy || stream->taken < stream->doorbell))
			return true;
	}
	return false;
}

static uint32_t state_bytes(const struct rpu_chip *chip, uint32_t tiles)
{
	return (uint32_t)sizeof(struct state) + tiles * chip->params.spm_bytes;
}

static uint32_t save(void *arg, uint32_t function, uint32_t region, void *out)
{
	struct rpu_chip *chip = arg;
	const struct region_image *image = region_unit_active(chip->unit, region);
	struct state state = {.config = image ? image->config : 0,
			      .spm_bytes = chip->params.spm_bytes};
	uint32_t first;

	bounds(chip, region, &first, &state.tiles);
	memcpy(out, &state, sizeof(state));
	if (rpu_chip_memory(chip))
		memcpy((uint8_t *)out + sizeof(state), rpu_spm(&chip->functions[function], first),
		       (size_t)state.tiles * state.spm_bytes);
	return state_bytes(chip, state.tiles);
}

static bool restore(void *arg, uint32_t function, uint32_t region, const void *in, uint32_t bytes)
{
	struct rpu_chip *chip = arg;
	uint32_t first, tiles;
	struct state state;

	bounds(chip, region, &first, &tiles);
	if (bytes < sizeof(state) || !rpu_chip_memory(chip))
		return false;
	memcpy(&state, in, sizeof(state));
	if (state.tiles != tiles || state.spm_bytes != chip->params.spm_bytes ||
	    bytes != state_bytes(chip, tiles))
		return false;
	memcpy(rpu_spm(&chip->functions[function], first), (const uint8_t *)in + sizeof(state),
	       (size_t)tiles * state.spm_bytes);
	return true;
}

static const struct region_chip ops = {
	.read_image = read_image,
	.read_buffer = read_buffer,
	.write_buffer = write_buffer,
	.check = check,
	.activate = activate,
	.wipe = wipe,
	.drain = drain,
	.retry = retry,
	.suspend = suspend,
	.resume = resume,
	.transfer = transfer,
	.configure = configure,
	.more = more,
	.save = save,
	.restore = restore,
};

static struct region_costs costs_of(const struct rpu_chip *chip)
{
	const struct road_rpu_params *p = &chip->params;

	return (struct region_costs){
		.load_ps = rpu_ps(chip, p->load),
		.load_ps_per_kib = rpu_ps(chip, rpu_ceil(1024, load_rate(p))),
		.switch_ps = rpu_ps(chip, p->switching),
		.read_back_ps_per_kib = rpu_ps(chip, rpu_ceil(1024, p->load_rate)),
		.layout_ps = rpu_ps(chip, p->layout),
		/* exact: what the model itself goes by; or without the steps */
		.quality = p->configure_step ? 1 : 3,
	};
}

void rpu_regions_clocked(struct rpu_chip *chip)
{
	const struct region_costs costs = costs_of(chip);

	region_unit_costs(chip->unit, &costs);
}

bool rpu_regions_make(struct rpu_chip *chip)
{
	const struct road_rpu_params *p = &chip->params;
	const struct region_setup setup = {
		.env = chip->env,
		.chip = &ops,
		.arg = chip,
		.features = REGION_READ_BACK | REGION_STATE | REGION_KEEPS_MEMORY |
			    REGION_SWITCHES | (p->tiles > 1 ? REGION_LAYOUT : 0),
		.kind = ROAD_CONFIG_FABRIC,
		.fabric = chip->fabric.fabric_id,
		.units = p->tiles,
		.slots = p->slots,
		.slot_bytes = p->slot_bytes,
		.alignment = p->unit_alignment,
		.units_min = p->units_min,
		.queues = p->streams * chip->function_count,
		.functions = chip->function_count,
		.scratch_bytes = p->spm_bytes,
		.state_bytes = state_bytes(chip, p->tiles),
		.hysteresis = p->hysteresis,
		.costs = costs_of(chip),
	};

	chip->unit = region_unit_create(&setup);
	return chip->unit != NULL;
}

/* ---- an entry that asks for something of it ---- */

static void done(void *arg, enum road_region_error error)
{
	struct rpu_stream *stream = arg;
	struct rpu_chip *chip = stream->function->chip;
	struct road_rpu_stream_status why = {.engine = ROAD_RPU_ENGINES, .tile = RPU_NOWHERE};

	why.stream = why.element = RPU_NOWHERE;
	if (error == ROAD_REGION_ERROR_NONE) {
		rpu_stream_end(stream);
	} else {
		rpu_fail(&why, ROAD_RPU_FAULT_REGION, stream->entry.any.src, error);
		rpu_stream_fail(stream, stream->taken - 1, &why);
	}
	rpu_streams_retry(chip);
}

enum rpu_start rpu_region_start(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	uint64_t op = stream->entry.any.src;

	if (!op || op % ROAD_RPU_LINE)
		return rpu_bad_field(why, offsetof(struct road_rpu_entry, src));
	region_unit_begin(stream->function->chip->unit, rpu_region_queue(stream), op, done, stream);
	return RPU_START_ASYNC;
}
