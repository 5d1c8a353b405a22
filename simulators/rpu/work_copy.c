/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and FILL entries: all bytes move at the end of the time that they take. */
#include "simulators/rpu/model.h"

static struct road_rows rows_of(const struct road_rpu_entry *work)
{
	return (struct road_rows){
		.bytes = work->bytes,
		.rows = work->rows,
		.slices = work->slices,
		.slice_rows = work->slice_rows,
		.dst_pitch = work->dst_pitch,
		.src_pitch = work->src_pitch,
	};
}

static bool is_fill(const struct rpu_stream *stream)
{
	return stream->entry.work == ROAD_RPU_WORK_FILL;
}

/* In scratchpads, not in memory. */
static bool is_local(const struct rpu_stream *stream)
{
	return stream->entry.flags & ROAD_RPU_WORK_SPM;
}

static enum rpu_start check(const struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	const struct road_rows rows = rows_of(work);
	const bool fill = is_fill(stream);
	const uint32_t value = work->value_bytes;
	const uint8_t bus = ROAD_RPU_WORK_DST_BUS | ROAD_RPU_WORK_SRC_BUS;
#define AT(member) offsetof(struct road_rpu_entry, member)
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
		{is_local(stream) && work->flags & bus, AT(flags)},
		{!work->bytes, AT(bytes)},
		{!work->rows, AT(rows)},
		{!work->slices, AT(slices)},
		{work->slices > 1 && work->slice_rows < work->rows, AT(slice_rows)},
		{fill && value != 1 && value != 2 && value != 4 && value != 8, AT(value_bytes)},
		{fill && value && work->bytes % value, AT(bytes)},
		{work->rows && work->slices && !road_rows_fit(&rows, rows.dst_pitch),
		 AT(dst_pitch)},
		{!fill && work->rows && work->slices && !road_rows_fit(&rows, rows.src_pitch),
		 AT(src_pitch)},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].bad)
			return rpu_fail(why, ROAD_RPU_FAULT_ENTRY, 0, rules[i].offset);
	return RPU_START_DONE;
#undef AT
}

struct both {
	struct rpu_piece dst, src;
};

/* Where both sides are during this event. */
static enum rpu_start place_both(struct rpu_stream *stream, struct both *out,
				 struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	const struct road_rows rows = rows_of(work);
	uint64_t bytes = road_rows_extent(&rows, rows.dst_pitch);
	enum road_rpu_fault fault =
		rpu_place(stream->function, stream->table, work->flags & ROAD_RPU_WORK_DST_BUS,
			  work->dst, bytes, true, &out->dst);

	if (fault)
		return rpu_fail(why, fault, work->dst, bytes);
	out->src = out->dst;
	if (is_fill(stream))
		return RPU_START_DONE;
	bytes = road_rows_extent(&rows, rows.src_pitch);
	fault = rpu_place(stream->function, stream->table, work->flags & ROAD_RPU_WORK_SRC_BUS,
			  work->src, bytes, false, &out->src);
	return fault ? rpu_fail(why, fault, work->src, bytes) : RPU_START_DONE;
}

static enum road_rpu_fault touch_both(struct rpu_stream *stream, const struct both *both,
				      const struct road_rows *rows, uint64_t *address)
{
	struct rpu_chip *chip = stream->function->chip;
	enum road_rpu_fault fault = ROAD_RPU_FAULT_NONE;

	if (!is_fill(stream))
		fault = rpu_poison_rows(chip, &both->src, rows, rows->src_pitch, false, address);
	return fault ? fault
		     : rpu_poison_rows(chip, &both->dst, rows, rows->dst_pitch, true, address);
}

/* ---- in scratchpads ---- */

static enum rpu_start check_local(const struct rpu_stream *stream, uint64_t at, uint64_t pitch,
				  struct road_rpu_stream_status *why)
{
	const struct road_rows rows = rows_of(&stream->entry.any);

	return rpu_window_check(stream, at, road_rows_extent(&rows, pitch), why) ? RPU_START_DONE
										 : RPU_START_FAULT;
}

static enum rpu_start move_local(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	const struct road_rows rows = rows_of(work);
	struct rpu_chip *chip = stream->function->chip;
	uint32_t first = 0, count = chip->params.tiles;

	if (stream->in_region)
		region_unit_bounds(chip->unit, stream->region, &first, &count);
	for (uint32_t t = first; t < first + count; t++) {
		uint8_t *spm = rpu_spm_take(stream->function, t);

		if (is_fill(stream))
			road_rows_fill(&rows, spm + work->dst, work->value, work->value_bytes);
		else if (!road_rows_copy(&rows, spm + work->dst, spm + work->src))
			return rpu_fail(why, ROAD_RPU_FAULT_HOST, 0, rows.bytes);
	}
	return RPU_START_DONE;
}

static enum rpu_start start_local(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	struct rpu_chip *chip = stream->function->chip;
	uint64_t bytes = work->bytes * work->rows * work->slices;

	if (check_local(stream, work->dst, work->dst_pitch, why) != RPU_START_DONE ||
	    (!is_fill(stream) &&
	     check_local(stream, work->src, work->src_pitch, why) != RPU_START_DONE))
		return RPU_START_FAULT;
	sim_schedule(chip->env, &stream->event,
		     sim_now(chip->env) + rpu_ps(chip, rpu_ceil(bytes, chip->params.dma_rate)));
	return RPU_START_ASYNC;
}

/* ---- in memory ---- */

static enum rpu_start move(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	const struct road_rows rows = rows_of(work);
	struct both both;
	uint64_t address = 0;

	/* Windows of the host are valid during one event only: ranges may have gone. */
	if (place_both(stream, &both, why) != RPU_START_DONE)
		return RPU_START_FAULT;
	if (touch_both(stream, &both, &rows, &address) != ROAD_RPU_FAULT_NONE)
		return rpu_fail(why, ROAD_RPU_FAULT_ECC, address, ROAD_POISON_BYTES);
	if (is_fill(stream))
		road_rows_fill_memory(stream->function->chip->env, &rows, both.dst.host,
				      work->value, work->value_bytes);
	else if (!road_rows_copy(&rows, both.dst.host, both.src.host))
		return rpu_fail(why, ROAD_RPU_FAULT_ENTRY, 0,
				offsetof(struct road_rpu_entry, bytes));
	return RPU_START_DONE;
}

static void moved(void *arg)
{
	struct rpu_stream *stream = arg;
	struct rpu_chip *chip = stream->function->chip;
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;

	if ((is_local(stream) ? move_local : move)(stream, &why) != RPU_START_DONE)
		rpu_stream_fail(stream, stream->taken - 1, &why);
	else
		rpu_stream_end(stream);
	rpu_streams_retry(chip);
}

uint64_t rpu_memory_take(struct rpu_chip *chip, bool system, uint64_t bytes, uint64_t from_ps)
{
	const struct road_rpu_params *params = &chip->params;
	uint64_t rate = system ? params->system_rate : params->ddr_rate * params->clock_hz;
	unsigned __int128 ps = (unsigned __int128)bytes * RPU_PS_PER_S;
	uint64_t end = sim_resource_take(system ? &chip->bus : &chip->ddr, from_ps,
					 (uint64_t)((ps + rate - 1) / rate));

	return end + (system ? params->system_latency_ps : rpu_ps(chip, params->ddr_latency));
}

enum rpu_start rpu_copy_start(struct rpu_stream *stream, struct road_rpu_stream_status *why)
{
	const struct road_rpu_entry *work = &stream->entry.any;
	struct rpu_chip *chip = stream->function->chip;
	struct rpu_counters *counters = &chip->counters;
	struct both both;

	if (check(stream, why) != RPU_START_DONE)
		return RPU_START_FAULT;
	stream->event.run = moved;
	if (is_local(stream))
		return start_local(stream, why);
	if (place_both(stream, &both, why) != RPU_START_DONE)
		return RPU_START_FAULT;
	uint64_t bytes = work->bytes * work->rows * work->slices;

	*(is_fill(stream) ? &counters->filled_bytes : &counters->copied_bytes) += bytes;
	counters->copies++;
	sim_schedule(chip->env, &stream->event,
		     rpu_memory_take(chip, both.dst.system || both.src.system, bytes,
				     sim_now(chip->env)));
	return RPU_START_ASYNC;
}
