/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: set-up by command registers, doorbells, one descriptor after the other, faults. */
#include <stdlib.h>
#include <string.h>

#include "simulators/dsa/model.h"

static struct sim_env *env_of(const struct dsa_stream *stream)
{
	return stream->function->chip->env;
}

enum road_dsa_stream_state dsa_stream_state(const struct dsa_stream *stream)
{
	if (stream->life == DSA_STREAM_SHUT)
		return ROAD_DSA_STREAM_CLOSED;
	if (stream->life == DSA_STREAM_STOPPED)
		return ROAD_DSA_STREAM_FAULTED;
	if (stream->busy || stream->taken < stream->doorbell)
		return ROAD_DSA_STREAM_RUNNING;
	return ROAD_DSA_STREAM_IDLE;
}

enum dsa_start dsa_fail(struct road_dsa_stream_status *why, enum road_dsa_fault fault,
			uint64_t address, uint64_t detail)
{
	why->fault = (uint32_t)fault;
	why->address = address;
	why->detail = detail;
	return DSA_START_FAULT;
}

/* ---- the status block in host memory ---- */

static bool write_status(const struct dsa_stream *stream, size_t offset, const void *from,
			 size_t bytes)
{
	return sim_dma_write(env_of(stream), stream->function->index, stream->status + offset, from,
			     bytes);
}

static bool write_consumed(const struct dsa_stream *stream)
{
	return write_status(stream, offsetof(struct road_dsa_stream_status, consumed),
			    &stream->taken, sizeof(stream->taken));
}

/* All but `done`, which belongs to fences. The fault word is what the host looks at: the rest
 * first. */
static bool write_record(const struct dsa_stream *stream,
			 const struct road_dsa_stream_status *record)
{
	const size_t fault = offsetof(struct road_dsa_stream_status, fault);
	const size_t rest = fault + sizeof(record->fault);

	return write_consumed(stream) &&
	       write_status(stream, rest, (const char *)record + rest, sizeof(*record) - rest) &&
	       write_status(stream, fault, &record->fault, sizeof(record->fault));
}

/* ---- what it does ---- */

static void park(struct dsa_stream *stream)
{
	if (stream->parked)
		return;
	stream->parked = true;
	stream->watching = !stream->work->retry;
	if (stream->watching)
		sim_watch_begin(env_of(stream));
}

static void unpark(struct dsa_stream *stream)
{
	if (stream->watching)
		sim_watch_end(env_of(stream));
	stream->parked = stream->watching = false;
}

/* Ends what is in hand, without a word about how it went. */
static void let_go(struct dsa_stream *stream)
{
	unpark(stream);
	sim_cancel(env_of(stream), &stream->event);
	if (stream->run)
		dsa_task_drop(stream->run);
	free(stream->load);
	sim_ranges_put(stream->table);
	stream->run = NULL;
	stream->load = NULL;
	stream->table = NULL;
	stream->busy = false;
}

static void take_next(void *arg);

static void go_on(struct dsa_stream *stream)
{
	if (stream->life != DSA_STREAM_LIVE || stream->busy || stream->taken == stream->doorbell)
		return;
	stream->busy = true;
	stream->event.run = take_next;
	sim_schedule(env_of(stream), &stream->event,
		     sim_now(env_of(stream)) + stream->function->chip->params.descriptor_ps);
}

void dsa_stream_drop(struct dsa_stream *stream)
{
	let_go(stream);
	if (stream->in_region)
		region_unit_queue_drop(stream->function->chip->unit, dsa_region_queue(stream));
}

void dsa_stream_end(struct dsa_stream *stream)
{
	struct dsa_chip *chip = stream->function->chip;

	if (stream->work)
		sim_trace_span(chip->env, stream->lane, stream->work->name, stream->start_ps,
			       sim_now(chip->env));
	let_go(stream);
	go_on(stream);
}

void road_dsa_stream_fault(struct dsa_stream *stream, const struct road_dsa_stream_status *why)
{
	struct road_dsa_stream_status record = *why;
	struct dsa_chip *chip = stream->function->chip;

	stream->life = DSA_STREAM_STOPPED;
	chip->counters.faults[record.fault]++;
	chip->counters.dropped += stream->doorbell - stream->taken;
	dsa_stream_drop(stream);
	record.slot = (uint32_t)(stream->taken - 1);
	if (!record.code)
		record.pad = ROAD_DSA_PADS;
	if (!write_record(stream, &record))
		sim_violation(chip->env, stream->function->index,
			      "stream %u: its status block is not mapped any more", stream->index);
	dsa_interrupt(stream->function, ROAD_DSA_IRQ_FAULT);
}

static bool fetch(struct dsa_stream *stream)
{
	uint64_t slot = stream->taken & (stream->slots - 1);
	bool read = sim_dma_read(env_of(stream), stream->function->index,
				 stream->ring + slot * ROAD_DSA_DESCRIPTOR_BYTES,
				 &stream->descriptor, sizeof(stream->descriptor));

	stream->taken++;
	stream->function->chip->counters.descriptors++;
	return write_consumed(stream) && read;
}

/* Starts what is in hand, for the first time or again. */
static void start(struct dsa_stream *stream)
{
	struct road_dsa_stream_status why = {0};

	switch (stream->work->start(stream, &why)) {
	case DSA_START_DONE: dsa_stream_end(stream); break;
	case DSA_START_ASYNC: unpark(stream); break;
	case DSA_START_PARK: park(stream); break;
	case DSA_START_FAULT: road_dsa_stream_fault(stream, &why); break;
	}
}

static void take_next(void *arg)
{
	struct dsa_stream *stream = arg;
	struct dsa_function *function = stream->function;
	struct road_dsa_stream_status why = {0};

	stream->start_ps = sim_now(env_of(stream));
	stream->work = NULL;
	if (fetch(stream))
		stream->work = dsa_work_find(function->chip, &stream->descriptor, &why);
	else
		dsa_fail(&why, ROAD_DSA_FAULT_DMA, stream->ring, ROAD_DSA_DESCRIPTOR_BYTES);
	if (!stream->work) {
		road_dsa_stream_fault(stream, &why);
		return;
	}
	stream->table = sim_ranges_get(function->contexts[stream->context]);
	start(stream);
	dsa_streams_retry(function->chip); /* it may have written what another one waits for */
}

static bool retry(struct dsa_function *function)
{
	bool moved = false;

	for (uint32_t i = 0; i < function->chip->params.streams; i++) {
		struct dsa_stream *stream = &function->streams[i];

		if (!stream->parked)
			continue;
		start(stream);
		moved |= !stream->parked;
	}
	return moved;
}

void dsa_streams_retry(struct dsa_chip *chip)
{
	for (uint32_t f = 0; f < chip->function_count; f++)
		while (retry(&chip->functions[f]))
			;
}

/* ---- commands ---- */

/* Do the latched registers let the stream be opened? */
static bool may_open(struct dsa_function *function, const struct dsa_stream *stream)
{
	const struct dsa_latch *latch = &function->latch;
	struct dsa_chip *chip = function->chip;
	uint64_t slots = latch->slots, bytes = slots * ROAD_DSA_DESCRIPTOR_BYTES;
	bool open = latch->stream_context < chip->params.contexts &&
		    function->contexts[latch->stream_context];
	const struct sim_rule rules[] = {
		{stream->life != DSA_STREAM_SHUT, "state", stream->life, "a closed stream"},
		{!open, "STREAM_CONTEXT", latch->stream_context, "an open context"},
		{!slots || slots > DSA_SLOTS_MAX || (slots & (slots - 1)), "STREAM_SLOTS", slots,
		 "a power of two up to 1048576"},
		{latch->priority >= DSA_PRIORITIES, "STREAM_PRIORITY", latch->priority, "0 to 2"},
		{latch->ring % ROAD_DSA_LINE || latch->ring + bytes < latch->ring, "STREAM_RING",
		 latch->ring, "a multiple of 64"},
		{latch->status % ROAD_DSA_LINE, "STREAM_STATUS", latch->status, "a multiple of 64"},
		{latch->region >= (chip->unit ? ROAD_REGION_NUMBERS : 1) &&
			 latch->region != ROAD_DSA_NO_REGION,
		 "STREAM_REGION", latch->region, "a region's number, or 0xffffffff"},
	};

	return sim_rules_hold(chip->env, function->index, "stream", stream->index, rules,
			      sizeof(rules) / sizeof(rules[0]));
}

static bool open_stream(struct dsa_function *function, struct dsa_stream *stream)
{
	const struct dsa_latch *latch = &function->latch;
	const struct road_dsa_stream_status record = {0};

	/* Firmware may have ended a moment ago, a region be none any more, or split, or another
	 * one: no rule of the chip is broken. */
	if (!sim_boot_runs(function->chip->boot) || !may_open(function, stream) ||
	    !dsa_region_enter(stream))
		return false;
	stream->context = (uint32_t)latch->stream_context;
	stream->ring = latch->ring;
	stream->slots = (uint32_t)latch->slots;
	stream->priority = (uint32_t)latch->priority;
	stream->status = latch->status;
	stream->doorbell = stream->taken = 0;
	if (!write_record(stream, &record)) {
		dsa_region_exit(stream);
		sim_violation(function->chip->env, function->index,
			      "stream %u: its status block at 0x%llx is not mapped", stream->index,
			      (unsigned long long)stream->status);
		return false;
	}
	stream->life = DSA_STREAM_LIVE;
	return true;
}

void dsa_stream_close(struct dsa_stream *stream)
{
	if (stream->life != DSA_STREAM_SHUT) {
		let_go(stream);
		dsa_region_exit(stream);
	}
	stream->life = DSA_STREAM_SHUT;
}

static bool shut_stream(struct dsa_function *function, struct dsa_stream *stream)
{
	if (stream->life == DSA_STREAM_SHUT) {
		if (sim_boot_runs(function->chip->boot)) /* else a restart closed it */
			sim_violation(function->chip->env, function->index,
				      "stream %u is closed and is not open", stream->index);
		return false;
	}
	dsa_stream_close(stream);
	dsa_streams_retry(function->chip); /* a dropped task may release an UNLOAD */
	return true;
}

void dsa_stream_command(struct dsa_function *function, uint32_t command)
{
	uint64_t selected = function->latch.stream;
	bool known = command == ROAD_DSA_STREAM_OPEN || command == ROAD_DSA_STREAM_CLOSE;

	if (selected >= function->chip->params.streams || !known)
		sim_violation(function->chip->env, function->index,
			      "stream command %u for stream %llu, allowed: 1, 2, streams below %u",
			      command, (unsigned long long)selected,
			      function->chip->params.streams);
	if (selected >= function->chip->params.streams)
		return;
	struct dsa_stream *stream = &function->streams[selected];
	bool done = known && (command == ROAD_DSA_STREAM_OPEN ? open_stream(function, stream)
							      : shut_stream(function, stream));

	stream->refused = !done;
}

void dsa_stream_doorbell(struct dsa_function *function, uint32_t index, uint64_t value)
{
	struct dsa_stream *stream = &function->streams[index];
	struct dsa_chip *chip = function->chip;

	const struct sim_doorbell doorbell = {
		.queue = "stream",
		.entries = "descriptors",
		.index = index,
		.slots = stream->slots,
		.closed = stream->life == DSA_STREAM_SHUT,
		.rung = stream->doorbell,
		.taken = stream->taken,
	};

	chip->counters.doorbells++;
	if (!sim_boot_works(chip->boot))
		return; /* nobody listens */
	if (!sim_doorbell_valid(chip->env, function->index, &doorbell, value))
		return;
	stream->doorbell = value;
	go_on(stream);
}
