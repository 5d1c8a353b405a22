/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a launch, put away and taken back. What follows from the configuration and the
 * arguments is bound anew; what remains is registers, results on their way, FIFOs, and how far each
 * part has come. A state is refused unless FIFOs hold just what the fabric has not moved yet: one
 * that lied would make a launch wait for ever.
 */
#include <string.h>

#include "simulators/rpu/fabric/internal.h"

#define STATE_MAGIC 0x54535052u /* "RPST" */

struct engine_state {
	uint64_t turns, index_turns; /* done */
	uint32_t count, index_count; /* in the FIFOs, from slot 0 on */
	uint32_t held, held_latency;
	uint32_t value[ROAD_RPU_FIFO], index[ROAD_RPU_FIFO];
	uint32_t wait[ROAD_RPU_FIFO], index_wait[ROAD_RPU_FIFO]; /* cycles until ready */
};

/* Behind it: an engine_state a stream, registers of all elements, results on their way. */
struct state {
	uint32_t magic, streams, places, results;
	uint32_t tile, tiles;
	uint64_t at, begins, waits;
	uint64_t held, far; /* cycles until then; 0: past */
	uint32_t waiting, argument_bytes;
	uint64_t served[RPU_SERVED_WORDS];
	uint64_t injection;
	struct rpu_fabric_counters counters;
	uint8_t arguments[ROAD_RPU_ARGUMENT_BYTES_MAX];
};

static size_t places_of(const struct rpu_config *config)
{
	return config->elements * RPU_PLACES;
}

static size_t results_of(const struct rpu_config *config)
{
	return config->ring * config->elements;
}

size_t rpu_fabric_state_bytes(const struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;

	if (!config)
		return 0;
	return sizeof(struct state) + config->header->streams * sizeof(struct engine_state) +
	       (places_of(config) + results_of(config)) * sizeof(uint32_t);
}

static void save_fifo(const struct rpu_fifo *fifo, uint64_t cycle, uint32_t *count, uint32_t *value,
		      uint32_t *wait)
{
	*count = fifo->count;
	for (uint32_t i = 0; i < fifo->count; i++) {
		uint32_t at = (fifo->head + i) % ROAD_RPU_FIFO;

		value[i] = fifo->value[at];
		wait[i] = (uint32_t)(fifo->ready[at] > cycle ? fifo->ready[at] - cycle : 0);
	}
}

static void save_engine(const struct rpu_fabric *fabric, uint32_t s, struct engine_state *out)
{
	const struct rpu_engine *engine = &fabric->engines[s];
	uint64_t cycle = fabric->counters.cycles;

	memset(out, 0, sizeof(*out));
	if (!engine->stream.kind)
		return;
	out->turns = engine->tokens - engine->walk.left;
	if (engine->stream.kind == ROAD_RPU_STREAM_GATHER)
		out->index_turns = engine->tokens - engine->index_walk.left;
	out->held = engine->held;
	out->held_latency = engine->held_latency;
	save_fifo(&engine->fifo, cycle, &out->count, out->value, out->wait);
	save_fifo(&engine->indices, cycle, &out->index_count, out->index, out->index_wait);
}

static uint64_t left_until(const struct rpu_fabric *fabric, uint64_t cycle)
{
	return cycle > fabric->counters.cycles ? cycle - fabric->counters.cycles : 0;
}

void rpu_fabric_save(const struct rpu_fabric *fabric, void *bytes)
{
	const struct rpu_config *config = fabric->config;
	struct state state;
	struct engine_state engine;
	uint8_t *out = bytes;

	if (!config)
		return;
	memset(&state, 0, sizeof(state));
	state.magic = STATE_MAGIC;
	state.streams = config->header->streams;
	state.places = (uint32_t)places_of(config);
	state.results = (uint32_t)results_of(config);
	state.tile = fabric->tile;
	state.tiles = fabric->tiles;
	state.at = fabric->at;
	state.begins = fabric->begins;
	state.waits = fabric->waits;
	state.waiting = fabric->waiting;
	state.held = left_until(fabric, fabric->held_until);
	state.far = left_until(fabric, fabric->far_next);
	state.argument_bytes = config->header->argument_bytes;
	state.injection = fabric->injection.state;
	state.counters = fabric->counters;
	memcpy(state.served, fabric->served, sizeof(state.served));
	memcpy(state.arguments, fabric->arguments, sizeof(state.arguments));
	memcpy(out, &state, sizeof(state));
	out += sizeof(state);
	for (uint32_t s = 0; s < state.streams; s++, out += sizeof(engine)) {
		save_engine(fabric, s, &engine);
		memcpy(out, &engine, sizeof(engine));
	}
	memcpy(out, fabric->places, places_of(config) * sizeof(uint32_t));
	out += places_of(config) * sizeof(uint32_t);
	memcpy(out, fabric->results, results_of(config) * sizeof(uint32_t));
}

/* ---- loading ---- */

/* Tokens that the fabric has moved by now, by the schedule. */
static uint64_t moved(const struct rpu_fabric *fabric, const struct rpu_move *moves,
		      struct rpu_range range, uint32_t stream)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < range.count; i++) {
		const struct rpu_move *move = &moves[range.first + i];
		uint64_t interval = fabric->config->interval, times = 0;

		if (move->stream == stream && fabric->at > move->begin_at)
			times = (fabric->at - move->begin_at + interval - 1) / interval;
		sum += times < fabric->iterations ? times : fabric->iterations;
	}
	return sum;
}

static uint64_t all_moved(const struct rpu_fabric *fabric, uint32_t stream, bool write)
{
	const struct rpu_config *config = fabric->config;
	uint64_t sum = 0;

	for (uint32_t s = 0; s < config->interval; s++)
		sum += write ? moved(fabric, config->pushes, config->steps[s].pushes, stream)
			     : moved(fabric, config->pops, config->steps[s].pops, stream);
	return sum;
}

static bool load_fifo(struct rpu_fifo *fifo, uint64_t cycle, uint32_t latency, uint32_t count,
		      const uint32_t *value, const uint32_t *wait)
{
	if (count > ROAD_RPU_FIFO)
		return false;
	fifo->head = 0;
	fifo->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (wait[i] > latency)
			return false;
		rpu_fifo_push(fifo, value[i], cycle + wait[i]);
	}
	return true;
}

static uint32_t longest_latency(const struct rpu_fabric *fabric)
{
	uint32_t far = fabric->memory.far ? fabric->memory.far_latency : 0;

	return far > fabric->params.stream_latency ? far : fabric->params.stream_latency;
}

static bool load_engine(struct rpu_fabric *fabric, uint32_t s, const struct engine_state *in)
{
	struct rpu_engine *engine = &fabric->engines[s];
	bool gather = engine->stream.kind == ROAD_RPU_STREAM_GATHER;
	uint64_t cycle = fabric->counters.cycles, by_fabric;
	uint32_t latency = longest_latency(fabric);

	if (!engine->stream.kind)
		return true;
	if (!load_fifo(&engine->fifo, cycle, latency, in->count, in->value, in->wait) ||
	    !load_fifo(&engine->indices, cycle, latency, in->index_count, in->index,
		       in->index_wait))
		return false;
	by_fabric = all_moved(fabric, s, engine->stream.write);
	if (in->turns > engine->tokens || in->index_turns > engine->tokens ||
	    in->index_turns != (gather ? in->turns + in->index_count : 0) ||
	    (!gather && in->index_count) || in->held_latency > latency ||
	    (engine->stream.write ? in->turns + in->count != by_fabric
				  : in->turns != by_fabric + in->count))
		return false;
	rpu_engine_seek(engine, in->turns, in->index_turns);
	engine->held = in->held;
	engine->held_latency = in->held_latency;
	return true;
}

static void load_registers(struct rpu_fabric *fabric, const uint8_t *in)
{
	const struct rpu_config *config = fabric->config;
	uint32_t row[RPU_PLACES];

	for (uint32_t e = 0; e < config->elements; e++, in += sizeof(row)) {
		memcpy(row, in, sizeof(row));
		/* constants are the configuration's and the arguments' */
		memcpy(&fabric->places[rpu_place(e, ROAD_RPU_SOURCE_N)], &row[ROAD_RPU_SOURCE_N],
		       (ROAD_RPU_SOURCE_K0 - ROAD_RPU_SOURCE_N) * sizeof(uint32_t));
	}
	memcpy(fabric->results, in, results_of(config) * sizeof(uint32_t));
}

static bool load_position(struct rpu_fabric *fabric, const struct state *state)
{
	const struct rpu_config *config = fabric->config;
	uint64_t begins = fabric->begins; /* of a launch that just began */

	if (state->at > fabric->end || state->begins > begins || (state->begins && state->at) ||
	    state->waiting > 1 || state->held > longest_latency(fabric) ||
	    state->far > fabric->memory.far_interval || (state->waits && !state->waiting))
		return false;
	fabric->at = state->at;
	fabric->step = (uint32_t)(state->at % config->interval);
	fabric->round = state->at / config->interval;
	fabric->begins = state->begins;
	memcpy(fabric->served, state->served, sizeof(state->served));
	fabric->counters = state->counters;
	fabric->held_until = state->counters.cycles + state->held;
	fabric->far_next = state->counters.cycles + state->far;
	fabric->injection.state = state->injection ? state->injection : 1; /* never 0 */
	return true;
}

static bool load(struct rpu_fabric *fabric, const uint8_t *in)
{
	const struct rpu_config *config = fabric->config;
	struct engine_state engine;
	struct state state;

	memcpy(&state, in, sizeof(state));
	if (state.magic != STATE_MAGIC || state.streams != config->header->streams ||
	    state.places != places_of(config) || state.results != results_of(config) ||
	    state.argument_bytes != config->header->argument_bytes)
		return false;
	if (rpu_fabric_launch(fabric, state.arguments, state.argument_bytes, state.tile,
			      state.tiles) != RPU_FABRIC_RUNNING ||
	    !load_position(fabric, &state))
		return false;
	in += sizeof(state);
	for (uint32_t s = 0; s < state.streams; s++, in += sizeof(engine)) {
		memcpy(&engine, in, sizeof(engine));
		if (!load_engine(fabric, s, &engine))
			return false;
	}
	load_registers(fabric, in);
	return !state.waiting || rpu_resume_step(fabric, state.waits);
}

enum rpu_fabric_status rpu_fabric_load(struct rpu_fabric *fabric, const void *bytes, size_t size)
{
	if (!fabric->config)
		return fabric->status;
	if (size != rpu_fabric_state_bytes(fabric) || !load(fabric, bytes))
		rpu_fault_at(fabric, RPU_FAULT_STATE, 0, size, rpu_fabric_state_bytes(fabric));
	return fabric->status;
}
