/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and FILL descriptors: all bytes move at the end of the time that they take. */
#include "simulators/dsa/model.h"
#include "simulators/memory/rows.h"

static struct road_rows rows_of(const struct road_dsa_descriptor *work)
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

static bool is_fill(const struct dsa_stream *stream)
{
	return stream->descriptor.work == ROAD_DSA_WORK_FILL;
}

static enum dsa_start check(const struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	const struct road_rows rows = rows_of(work);
	const bool fill = is_fill(stream);
	const uint32_t value = work->value_bytes;
#define AT(member) offsetof(struct road_dsa_descriptor, member)
	const struct {
		bool bad;
		size_t offset;
	} rules[] = {
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
			return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0, rules[i].offset);
	return DSA_START_DONE;
#undef AT
}

struct both {
	struct dsa_piece dst, src;
};

/* Where both sides are during this event. */
static enum dsa_start place_both(struct dsa_stream *stream, struct both *out,
				 struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	const struct road_rows rows = rows_of(work);
	uint64_t bytes = road_rows_extent(&rows, rows.dst_pitch);
	enum road_dsa_fault fault =
		dsa_place(stream->function, stream->table, work->flags & ROAD_DSA_WORK_DST_BUS,
			  work->dst, bytes, true, &out->dst);

	if (fault)
		return dsa_fail(why, fault, work->dst, bytes);
	out->src = out->dst;
	if (is_fill(stream))
		return DSA_START_DONE;
	bytes = road_rows_extent(&rows, rows.src_pitch);
	fault = dsa_place(stream->function, stream->table, work->flags & ROAD_DSA_WORK_SRC_BUS,
			  work->src, bytes, false, &out->src);
	return fault ? dsa_fail(why, fault, work->src, bytes) : DSA_START_DONE;
}

/* Poison in the rows of a side; *address: the first poisoned byte's. */
static enum road_dsa_fault touch(struct dsa_stream *stream, const struct dsa_piece *piece,
				 const struct road_rows *rows, uint64_t pitch, bool write,
				 uint64_t *address)
{
	enum road_dsa_fault fault = ROAD_DSA_FAULT_NONE;

	for (uint64_t i = 0; !fault && i < (uint64_t)rows->rows * rows->slices; i++) {
		uint64_t row = i / rows->rows * rows->slice_rows + i % rows->rows;

		fault = dsa_poison_touch(stream->function, piece, row * pitch, rows->bytes, write,
					 address);
	}
	return fault;
}

static enum road_dsa_fault touch_both(struct dsa_stream *stream, const struct both *both,
				      const struct road_rows *rows, uint64_t *address)
{
	enum road_dsa_fault fault = ROAD_DSA_FAULT_NONE;

	if (!stream->function->chip->poison.count)
		return fault;
	if (!is_fill(stream))
		fault = touch(stream, &both->src, rows, rows->src_pitch, false, address);
	return fault ? fault : touch(stream, &both->dst, rows, rows->dst_pitch, true, address);
}

static enum dsa_start move(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	const struct road_rows rows = rows_of(work);
	struct both both;
	uint64_t address = 0;

	/* Windows of the host are valid during one event only: ranges may have gone. */
	if (place_both(stream, &both, why) != DSA_START_DONE)
		return DSA_START_FAULT;
	if (touch_both(stream, &both, &rows, &address) != ROAD_DSA_FAULT_NONE)
		return dsa_fail(why, ROAD_DSA_FAULT_ECC, address, ROAD_POISON_BYTES);
	if (is_fill(stream))
		road_rows_fill_memory(stream->function->chip->env, &rows, both.dst.host,
				      work->value, work->value_bytes);
	else if (!road_rows_copy(&rows, both.dst.host, both.src.host))
		return dsa_fail(why, ROAD_DSA_FAULT_DESCRIPTOR, 0,
				offsetof(struct road_dsa_descriptor, bytes));
	return DSA_START_DONE;
}

static void moved(void *arg)
{
	struct dsa_stream *stream = arg;
	struct dsa_chip *chip = stream->function->chip;
	struct road_dsa_stream_status why = {0};

	if (move(stream, &why) != DSA_START_DONE)
		road_dsa_stream_fault(stream, &why);
	else
		dsa_stream_end(stream);
	dsa_streams_retry(chip);
}

uint64_t dsa_copy_take(struct dsa_chip *chip, bool system, uint64_t bytes)
{
	const struct road_dsa_params *params = &chip->params;
	uint64_t rate = system ? params->system_rate : params->hbm_rate;
	unsigned __int128 ps = (unsigned __int128)bytes * DSA_PS_PER_S;
	uint64_t end = sim_resource_take(system ? &chip->bus : &chip->hbm, sim_now(chip->env),
					 (uint64_t)((ps + rate - 1) / rate));

	return end + (system ? params->system_latency_ps
			     : params->hbm_latency * DSA_PS_PER_S / params->clock_hz);
}

enum dsa_start dsa_copy_start(struct dsa_stream *stream, struct road_dsa_stream_status *why)
{
	const struct road_dsa_descriptor *work = &stream->descriptor.any;
	struct dsa_counters *counters = &stream->function->chip->counters;
	struct both both;

	if (check(stream, why) != DSA_START_DONE ||
	    place_both(stream, &both, why) != DSA_START_DONE)
		return DSA_START_FAULT;
	uint64_t bytes = work->bytes * work->rows * work->slices;

	*(is_fill(stream) ? &counters->filled_bytes : &counters->copied_bytes) += bytes;
	counters->copies++;
	stream->event.run = moved;
	sim_schedule(
		stream->function->chip->env, &stream->event,
		dsa_copy_take(stream->function->chip, both.dst.system || both.src.system, bytes));
	return DSA_START_ASYNC;
}
