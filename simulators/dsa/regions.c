/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the DSA does for its reconfiguration unit: a unit of a region is a core, an image holds
 * microcode (uapi/dsa/microcode.h). A region has no state between tasks: blocks find their
 * scratchpads empty.
 */
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"

static bool read_image(void *arg, uint32_t function, uint64_t address, void *out, uint32_t bytes)
{
	struct dsa_chip *chip = arg;

	return dsa_image_read(&chip->functions[function], address, out, bytes);
}

uint32_t dsa_region_queue(const struct dsa_stream *stream)
{
	return stream->function->index * stream->function->chip->params.streams + stream->index;
}

static struct dsa_stream *stream_of(const struct dsa_chip *chip, uint32_t queue)
{
	return &chip->functions[queue / chip->params.streams].streams[queue % chip->params.streams];
}

/* A piece of what a queue's context shows; host NULL: nothing is there. */
static struct dsa_piece buffer_at(struct dsa_chip *chip, uint32_t queue, uint64_t address,
				  uint32_t bytes, bool write)
{
	struct dsa_stream *stream = stream_of(chip, queue);
	struct dsa_function *function = stream->function;
	struct dsa_piece piece = {.host = NULL};
	uint64_t bad;

	if (dsa_place(function, function->contexts[stream->context], false, address, bytes, write,
		      &piece) ||
	    dsa_poison_touch(function, &piece, 0, bytes, write, &bad))
		piece.host = NULL;
	return piece;
}

static bool read_buffer(void *arg, uint32_t queue, uint64_t address, void *out, uint32_t bytes)
{
	struct dsa_piece piece = buffer_at(arg, queue, address, bytes, false);

	if (piece.host)
		memcpy(out, piece.host, bytes);
	return piece.host != NULL;
}

static bool write_buffer(void *arg, uint32_t queue, uint64_t address, const void *in,
			 uint32_t bytes)
{
	struct dsa_piece piece = buffer_at(arg, queue, address, bytes, true);

	if (piece.host)
		memcpy(piece.host, in, bytes);
	return piece.host != NULL;
}

static bool check(void *arg, const struct region_image *image, uint32_t *at)
{
	(void)arg;
	return dsa_microcode_check(image->payload, image->payload_bytes, at);
}

/* Tasks take what is active when they begin. */
static void activate(void *arg, uint32_t region, const struct region_image *image)
{
	(void)arg;
	(void)region;
	(void)image;
}

/* What lies in scratchpads is nobody's between tasks. */
static void wipe(void *arg, uint32_t function, uint32_t region)
{
	struct dsa_chip *chip = arg;
	uint32_t first = 0, count = 0;

	(void)function;
	if (chip->unit) /* else it is being made, and there is nothing to wipe */
		region_unit_bounds(chip->unit, region, &first, &count);
	for (uint32_t i = first; i < first + count; i++)
		if (chip->seats[i].core && !chip->seats[i].run)
			dsa_core_wipe(chip->seats[i].core);
}

static void drain(void *arg, uint32_t function, uint32_t region, enum region_drain how)
{
	struct dsa_chip *chip = arg;
	const struct road_dsa_stream_status why = {.fault = ROAD_DSA_FAULT_ABORTED};

	(void)how; /* ITERATION needs REGION_STATE */
	for (uint32_t i = 0; i < chip->params.streams; i++) {
		struct dsa_stream *stream = &chip->functions[function].streams[i];

		if (stream->in_region && stream->region == region && stream->run)
			road_dsa_stream_fault(stream, &why);
	}
	dsa_streams_retry(chip);
}

static void suspend(void *arg, uint32_t function, uint32_t region)
{
	dsa_tasks_suspend(arg, function, region);
}

static void resume(void *arg, uint32_t function, uint32_t region)
{
	dsa_tasks_resume(arg, function, region);
}

static void retry(void *arg)
{
	dsa_streams_retry(arg);
}

/* Descriptors that have not begun, of streams that do not stand at the gate. */
static bool more(void *arg, uint32_t region, uint32_t but)
{
	const struct dsa_chip *chip = arg;

	for (uint32_t i = 0; i < chip->function_count * chip->params.streams; i++) {
		const struct dsa_stream *stream = stream_of(chip, i);

		if (stream->function->index == but || stream->life != DSA_STREAM_LIVE ||
		    !stream->in_region || stream->region != region || stream->parked)
			continue;
		if (stream->taken < stream->doorbell || (stream->busy && !stream->run))
			return true;
	}
	return false;
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
	.more = more,
};

bool dsa_regions_make(struct dsa_chip *chip)
{
	const struct road_dsa_params *p = &chip->params;
	const uint64_t kib_ps = p->regions ? 1024 * DSA_PS_PER_S / p->load_rate : 0;
	const struct region_setup setup = {
		.env = chip->env,
		.chip = &ops,
		.arg = chip,
		.features = REGION_READ_BACK | REGION_KEEPS_MEMORY | REGION_SWITCHES |
			    (p->cores > p->cluster ? REGION_LAYOUT : 0),
		.kind = ROAD_CONFIG_MICROCODE,
		.fabric = ROAD_DSA_FABRIC,
		.units = p->cores,
		.slots = p->slots,
		.slot_bytes = p->slot_bytes,
		.alignment = p->cluster,
		.units_min = p->cluster,
		.queues = p->streams * chip->function_count,
		.functions = chip->function_count,
		.hysteresis = p->hysteresis,
		.costs =
			{
				.load_ps = p->load_ps,
				.load_ps_per_kib = kib_ps,
				.switch_ps = p->activate_ps,
				.read_back_ps_per_kib = kib_ps,
				.layout_ps = p->layout_ps,
				.quality = 3, /* exact: what the model itself goes by */
			},
	};

	if (!p->regions)
		return true;
	chip->unit = region_unit_create(&setup);
	return chip->unit != NULL;
}

enum sim_inject dsa_phase_fail(void *model, uint32_t function, uint32_t region, uint32_t phase,
			       uint32_t times)
{
	struct dsa_chip *chip = model;

	if (!chip->unit)
		return SIM_INJECT_NONE;
	return region_unit_phase_fail(chip->unit, function, region, phase, times)
		       ? SIM_INJECTED
		       : SIM_INJECT_NOWHERE;
}

/* ---- streams ---- */

bool dsa_region_enter(struct dsa_stream *stream)
{
	const struct dsa_function *function = stream->function;
	const struct dsa_latch *latch = &function->latch;
	struct region_unit *unit = function->chip->unit;
	uint32_t region = (uint32_t)latch->region;
	uint64_t owner = (uint64_t)function->index << 32 | latch->stream_context;

	stream->region = region;
	stream->in_region = false;
	if (!unit || region == ROAD_DSA_NO_REGION)
		return true;
	if ((latch->generation &&
	     region_unit_generation(unit, function->index, region) != latch->generation) ||
	    region_unit_queue_open(unit, dsa_region_queue(stream), function->index, region, owner))
		return false;
	stream->in_region = true;
	return true;
}

void dsa_region_exit(struct dsa_stream *stream)
{
	if (stream->in_region)
		region_unit_queue_close(stream->function->chip->unit, dsa_region_queue(stream));
	stream->in_region = false;
}

void dsa_region_cores(const struct dsa_stream *stream, uint32_t *first, uint32_t *count)
{
	const struct dsa_chip *chip = stream->function->chip;

	*first = 0;
	*count = chip->params.cores;
	if (stream->in_region)
		region_unit_bounds(chip->unit, stream->region, first, count);
}

/* ---- descriptors ---- */

static void done(void *arg, enum road_region_error error)
{
	struct dsa_stream *stream = arg;
	struct road_dsa_stream_status why = {.fault = ROAD_DSA_FAULT_NONE};

	if (error == ROAD_REGION_ERROR_NONE) {
		dsa_stream_end(stream);
	} else {
		dsa_fail(&why, ROAD_DSA_FAULT_REGION, stream->descriptor.any.src, error);
		road_dsa_stream_fault(stream, &why);
	}
	dsa_streams_retry(stream->function->chip);
}

enum dsa_start dsa_region_start(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	uint64_t op = stream->descriptor.any.src;

	if (!stream->in_region)
		return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0, 0);
	if (!op || op % ROAD_DSA_LINE)
		return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0,
				offsetof(struct road_dsa_descriptor, src));
	region_unit_begin(stream->function->chip->unit, dsa_region_queue(stream), op, done, stream);
	return DSA_START_ASYNC;
}

enum dsa_start dsa_region_gate(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_task *task = &stream->descriptor.task;
	struct region_unit *unit = stream->function->chip->unit;
	enum road_region_error error = ROAD_REGION_ERROR_NONE;
	const struct region_want want = {
		.config = task->config,
		.image = task->image,
		.image_bytes = task->image_words * 8u,
		.activate = task->flags & ROAD_DSA_WORK_ACTIVATE,
	};

	if (!unit)
		return DSA_START_DONE;
	switch (region_unit_gate(unit, dsa_region_queue(stream), &want, &error)) {
	case REGION_GO: return DSA_START_DONE;
	case REGION_WAIT: return DSA_START_PARK;
	default: return dsa_fail(why, ROAD_DSA_FAULT_CONFIG, task->config, error);
	}
}

void dsa_region_leave(const struct dsa_function *function, uint32_t region)
{
	if (function->chip->unit)
		region_unit_leave(function->chip->unit, function->index, region);
}

const struct road_dsa_microcode *dsa_region_microcode(const struct dsa_chip *chip, uint32_t region)
{
	const struct region_image *image =
		chip->unit ? region_unit_active(chip->unit, region) : NULL;

	return image ? image->payload : NULL;
}
