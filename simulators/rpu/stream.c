/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: set-up by command registers, doorbells, one entry after the other, faults. */
#include <string.h>

#include "simulators/rpu/model.h"

static struct sim_env *env_of(const struct rpu_stream *stream)
{
	return stream->function->chip->env;
}

enum road_rpu_stream_state rpu_stream_state(const struct rpu_stream *stream)
{
	if (stream->life == RPU_STREAM_SHUT)
		return ROAD_RPU_STREAM_CLOSED;
	if (stream->life == RPU_STREAM_STOPPED)
		return ROAD_RPU_STREAM_FAULTED;
	if (stream->busy || stream->jobs || stream->taken < stream->doorbell)
		return ROAD_RPU_STREAM_RUNNING;
	return ROAD_RPU_STREAM_IDLE;
}

enum rpu_start rpu_bad_field(struct road_rpu_stream_status *why, size_t offset)
{
	return rpu_fail(why, ROAD_RPU_FAULT_ENTRY, 0, offset);
}

enum rpu_start rpu_fail(struct road_rpu_stream_status *why, enum road_rpu_fault fault,
			uint64_t address, uint64_t detail)
{
	why->fault = (uint32_t)fault;
	why->address = address;
	why->detail = detail;
	return RPU_START_FAULT;
}

/* ---- the status block in host memory ---- */

static bool write_status(const struct rpu_stream *stream, size_t offset, const void *from,
			 size_t bytes)
{
	return sim_dma_write(env_of(stream), stream->function->index, stream->status + offset, from,
			     bytes);
}

static bool write_consumed(const struct rpu_stream *stream)
{
	return write_status(stream, offsetof(struct road_rpu_stream_status, consumed),
			    &stream->taken, sizeof(stream->taken));
}

/* All but `done`, which belongs to fences. The fault word is what the host looks at: the rest
 * first. */
static bool write_record(const struct rpu_stream *stream,
			 const struct road_rpu_stream_status *record)
{
	const size_t fault = offsetof(struct road_rpu_stream_status, fault);
	const size_t rest = fault + sizeof(record->fault);

	return write_consumed(stream) &&
	       write_status(stream, rest, (const char *)record + rest, sizeof(*record) - rest) &&
	       write_status(stream, fault, &record->fault, sizeof(record->fault));
}

/* ---- what it does ---- */

static void hold(struct rpu_stream *stream, enum rpu_hold why)
{
	if (stream->hold == (uint8_t)why)
		return;
	if (stream->hold == RPU_HOLD_WORD)
		sim_watch_end(env_of(stream));
	if (why == RPU_HOLD_WORD)
		sim_watch_begin(env_of(stream));
	stream->hold = (uint8_t)why;
}

/* Ends what is in hand, without a word about how it went. */
static void let_go(struct rpu_stream *stream)
{
	hold(stream, RPU_HOLD_NONE);
	sim_cancel(env_of(stream), &stream->event);
	sim_ranges_put(stream->table);
	stream->table = NULL;
	stream->busy = false;
}

static void take_next(void *arg);

static void go_on(struct rpu_stream *stream, uint32_t cycles)
{
	struct rpu_chip *chip = stream->function->chip;

	if (stream->life != RPU_STREAM_LIVE || stream->busy || stream->taken == stream->doorbell)
		return;
	stream->busy = true;
	stream->event.run = take_next;
	sim_schedule(chip->env, &stream->event, sim_now(chip->env) + rpu_ps(chip, cycles));
}

void rpu_stream_drop(struct rpu_stream *stream)
{
	let_go(stream);
	rpu_jobs_drop(stream);
	if (stream->in_region)
		region_unit_queue_drop(stream->function->chip->unit, rpu_region_queue(stream));
}

void rpu_stream_end(struct rpu_stream *stream)
{
	struct rpu_chip *chip = stream->function->chip;
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;
	uint32_t token;

	if (!stream->work->engines)
		sim_trace_span(chip->env, stream->lane, stream->work->name, stream->start_ps,
			       sim_now(chip->env));
	if (!stream->work->engines && !rpu_tokens_give(stream, stream->entry.signal, &token)) {
		rpu_fail(&why, ROAD_RPU_FAULT_TOKEN, 0, token);
		rpu_stream_fail(stream, stream->taken - 1, &why);
		return;
	}
	let_go(stream);
	go_on(stream, chip->params.entry);
}

void rpu_stream_fail(struct rpu_stream *stream, uint64_t number,
		     const struct road_rpu_stream_status *why)
{
	struct road_rpu_stream_status record = *why;
	struct rpu_chip *chip = stream->function->chip;

	stream->life = RPU_STREAM_STOPPED;
	chip->counters.faults[record.fault]++;
	chip->counters.dropped += stream->doorbell - stream->taken;
	rpu_stream_drop(stream);
	record.slot = (uint32_t)number;
	if (!write_record(stream, &record))
		sim_violation(chip->env, stream->function->index,
			      "stream %u: its status block is not mapped any more", stream->index);
	rpu_interrupt(stream->function, ROAD_RPU_IRQ_FAULT);
	rpu_jobs_kick(chip);
}

static bool fetch(struct rpu_stream *stream)
{
	uint64_t slot = stream->taken & (stream->slots - 1);
	bool read = sim_dma_read(env_of(stream), stream->function->index,
				 stream->ring + slot * ROAD_RPU_ENTRY_BYTES, &stream->entry,
				 sizeof(stream->entry));

	stream->taken++;
	stream->function->chip->counters.entries++;
	return write_consumed(stream) && read;
}

/* What keeps the entry in hand from being begun. */
static enum rpu_hold held_by(const struct rpu_stream *stream)
{
	bool ordered = stream->work->ordered || stream->entry.flags & ROAD_RPU_WORK_ORDERED;

	if (ordered && stream->jobs)
		return RPU_HOLD_ORDER;
	if (stream->work->engines)
		return stream->job_count < stream->function->chip->params.queue_depth
			       ? RPU_HOLD_NONE
			       : RPU_HOLD_DEPTH;
	return rpu_tokens_ready(stream, stream->entry.wait) ? RPU_HOLD_NONE : RPU_HOLD_TOKENS;
}

/* Starts what is in hand, for the first time or again. */
static void start(struct rpu_stream *stream)
{
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;
	enum rpu_hold held = held_by(stream);

	if (held != RPU_HOLD_NONE) {
		if (stream->hold != (uint8_t)held)
			rpu_jobs_kick(stream->function->chip); /* it may be held for ever */
		hold(stream, held);
		return;
	}
	why.stream = why.element = RPU_NOWHERE;
	if (stream->work->tiles && !stream->in_region) {
		rpu_bad_field(&why, 0);
		rpu_stream_fail(stream, stream->taken - 1, &why);
		return;
	}
	switch (stream->work->start(stream, &why)) {
	case RPU_START_DONE:
		if (!stream->work->engines)
			rpu_tokens_take(stream, stream->entry.wait);
		rpu_stream_end(stream);
		break;
	case RPU_START_ASYNC:
		rpu_tokens_take(stream, stream->entry.wait);
		hold(stream, RPU_HOLD_NONE);
		break;
	case RPU_START_PARK: hold(stream, RPU_HOLD_WORD); break;
	case RPU_START_FAULT: rpu_stream_fail(stream, stream->taken - 1, &why); break;
	}
}

static void take_next(void *arg)
{
	struct rpu_stream *stream = arg;
	struct rpu_function *function = stream->function;
	struct road_rpu_stream_status why = RPU_AT_NO_PLACE;

	stream->start_ps = sim_now(env_of(stream));
	stream->work = NULL;
	if (fetch(stream))
		stream->work = rpu_work_find(function->chip, &stream->entry, &why);
	else
		rpu_fail(&why, ROAD_RPU_FAULT_DMA, stream->ring, ROAD_RPU_ENTRY_BYTES);
	if (!stream->work) {
		rpu_stream_fail(stream, stream->taken - 1, &why);
		return;
	}
	stream->table = sim_ranges_get(function->contexts[stream->context]);
	start(stream);
	rpu_streams_retry(function->chip); /* it may have written what another one waits for */
}

static bool retry(struct rpu_function *function)
{
	bool moved = false;

	for (uint32_t i = 0; i < function->chip->params.streams; i++) {
		struct rpu_stream *stream = &function->streams[i];

		if (!stream->hold)
			continue;
		start(stream);
		moved |= !stream->hold;
	}
	return moved;
}

void rpu_streams_retry(struct rpu_chip *chip)
{
	for (uint32_t f = 0; f < chip->function_count; f++)
		while (retry(&chip->functions[f]))
			;
}

/* ---- commands ---- */

/* Do the latched registers let the stream be opened? */
static bool may_open(struct rpu_function *function, const struct rpu_stream *stream)
{
	const struct rpu_latch *latch = &function->latch;
	struct rpu_chip *chip = function->chip;
	uint64_t slots = latch->slots, bytes = slots * ROAD_RPU_ENTRY_BYTES;
	bool open = latch->stream_context < chip->params.contexts &&
		    function->contexts[latch->stream_context];
	const struct sim_rule rules[] = {
		{stream->life != RPU_STREAM_SHUT, "state", stream->life, "a closed stream"},
		{!open, "STREAM_CONTEXT", latch->stream_context, "an open context"},
		{!slots || slots > RPU_SLOTS_MAX || (slots & (slots - 1)), "STREAM_SLOTS", slots,
		 "a power of two up to 1048576"},
		{latch->priority >= RPU_PRIORITIES, "STREAM_PRIORITY", latch->priority, "0 to 2"},
		{latch->ring % ROAD_RPU_LINE || latch->ring + bytes < latch->ring, "STREAM_RING",
		 latch->ring, "a multiple of 64"},
		{latch->status % ROAD_RPU_LINE, "STREAM_STATUS", latch->status, "a multiple of 64"},
		{latch->region >= ROAD_REGION_NUMBERS && latch->region != ROAD_RPU_NO_REGION,
		 "STREAM_REGION", latch->region, "a region's number, or 0xffffffff"},
	};

	return sim_rules_hold(chip->env, function->index, "stream", stream->index, rules,
			      sizeof(rules) / sizeof(rules[0]));
}

static void leave_region(struct rpu_stream *stream)
{
	if (stream->in_region)
		region_unit_queue_close(stream->function->chip->unit, rpu_region_queue(stream));
	stream->in_region = false;
}

/* A region that is none, or is split, or another one by now: no rule of the chip is broken. */
static bool enter_region(struct rpu_function *function, struct rpu_stream *stream)
{
	const struct rpu_latch *latch = &function->latch;
	struct region_unit *unit = function->chip->unit;
	uint32_t region = (uint32_t)latch->region;
	uint64_t owner = (uint64_t)function->index << 32 | latch->stream_context;

	if (region == ROAD_RPU_NO_REGION)
		return true;
	if ((latch->generation &&
	     region_unit_generation(unit, function->index, region) != latch->generation) ||
	    region_unit_queue_open(unit, rpu_region_queue(stream), function->index, region, owner))
		return false;
	stream->region = region;
	stream->in_region = true;
	return true;
}

static bool open_stream(struct rpu_function *function, struct rpu_stream *stream)
{
	const struct rpu_latch *latch = &function->latch;
	const struct road_rpu_stream_status record = {0};

	/* Firmware may have ended a moment ago, a region be none any more, or split, or another
	 * one: no rule of the chip is broken. */
	if (!sim_boot_runs(function->chip->boot) || !may_open(function, stream) ||
	    !enter_region(function, stream))
		return false;
	stream->context = (uint32_t)latch->stream_context;
	stream->ring = latch->ring;
	stream->slots = (uint32_t)latch->slots;
	stream->priority = (uint32_t)latch->priority;
	stream->status = latch->status;
	stream->doorbell = stream->taken = 0;
	memset(stream->tokens, 0, sizeof(stream->tokens));
	if (!write_record(stream, &record)) {
		leave_region(stream);
		sim_violation(function->chip->env, function->index,
			      "stream %u: its status block at 0x%llx is not mapped", stream->index,
			      (unsigned long long)stream->status);
		return false;
	}
	stream->life = RPU_STREAM_LIVE;
	return true;
}

void rpu_stream_close(struct rpu_stream *stream)
{
	if (stream->life != RPU_STREAM_SHUT) {
		let_go(stream);
		rpu_jobs_drop(stream);
		leave_region(stream);
	}
	stream->life = RPU_STREAM_SHUT;
	stream->refused = false;
}

static bool shut_stream(struct rpu_function *function, struct rpu_stream *stream)
{
	if (stream->life == RPU_STREAM_SHUT) {
		if (sim_boot_runs(function->chip->boot)) /* else a restart closed it */
			sim_violation(function->chip->env, function->index,
				      "stream %u is closed and is not open", stream->index);
		return false;
	}
	rpu_stream_close(stream);
	rpu_jobs_kick(function->chip); /* its engines are free */
	return true;
}

void rpu_stream_command(struct rpu_function *function, uint32_t command)
{
	uint64_t selected = function->latch.stream;
	bool known = command == ROAD_RPU_STREAM_OPEN || command == ROAD_RPU_STREAM_CLOSE;

	if (selected >= function->chip->params.streams || !known)
		sim_violation(function->chip->env, function->index,
			      "stream command %u for stream %llu, allowed: 1, 2, streams below %u",
			      command, (unsigned long long)selected,
			      function->chip->params.streams);
	if (selected >= function->chip->params.streams)
		return;
	struct rpu_stream *stream = &function->streams[selected];
	bool done = known && (command == ROAD_RPU_STREAM_OPEN ? open_stream(function, stream)
							      : shut_stream(function, stream));

	stream->refused = !done;
}

void rpu_stream_doorbell(struct rpu_function *function, uint32_t index, uint64_t value)
{
	struct rpu_stream *stream = &function->streams[index];
	struct rpu_chip *chip = function->chip;

	const struct sim_doorbell doorbell = {
		.queue = "stream",
		.entries = "entries",
		.index = index,
		.slots = stream->slots,
		.closed = stream->life == RPU_STREAM_SHUT,
		.rung = stream->doorbell,
		.taken = stream->taken,
	};

	chip->counters.doorbells++;
	if (!sim_boot_works(chip->boot))
		return; /* nobody listens */
	if (!sim_doorbell_valid(chip->env, function->index, &doorbell, value))
		return;
	stream->doorbell = value;
	go_on(stream, chip->params.doorbell);
}
