/* SPDX-License-Identifier: Apache-2.0 */
#include "simulators/rpu/fabric/lanes.h"

#include <string.h>

#include "simulators/rpu/fabric/batch.h"

uint32_t rpu_lane_tokens(const struct rpu_lane *lane)
{
	return lane->uses * RPU_BATCH_ROUNDS + ROAD_RPU_FIFO;
}

/* ---- between FIFOs and lanes ---- */

/* Tokens that are on their way as bits of their ages; false: none that one access a cycle makes. */
static bool ages_of(const struct rpu_fifo *fifo, uint64_t cycle, uint32_t latency, uint32_t *ages)
{
	uint64_t newest = cycle - 1 + latency, before = 0;

	*ages = 0;
	for (uint32_t i = 0; i < fifo->count; i++) {
		uint64_t ready = fifo->ready[(fifo->head + i) % ROAD_RPU_FIFO];

		if (ready < cycle && !before)
			continue;
		if (ready <= before || ready < cycle || ready > newest)
			return false;
		*ages |= 1u << (newest - ready);
		before = ready;
	}
	return true;
}

static bool enter(const struct rpu_fabric *fabric, struct rpu_lane *lane)
{
	const struct rpu_engine *engine = &fabric->engines[lane->stream];
	const struct rpu_fifo *fifo = &engine->fifo;

	for (uint32_t i = 0; i < fifo->count; i++)
		lane->value[i] = fifo->value[(fifo->head + i) % ROAD_RPU_FIFO];
	lane->left = engine->walk.left;
	lane->ahead = engine->walk;
	lane->held = lane->last = engine->held;
	lane->history = 0;
	if (lane->write) {
		lane->latency = 0;
		lane->room = fifo->count;
		lane->ready = ROAD_RPU_FIFO - fifo->count;
		lane->next = lane->have = lane->from = 0;
		return true;
	}
	lane->latency = fabric->params.stream_latency;
	if (!ages_of(fifo, fabric->counters.cycles, lane->latency, &lane->history))
		return false;
	lane->room = ROAD_RPU_FIFO - fifo->count;
	lane->ready = fifo->count - (uint32_t)__builtin_popcount(lane->history);
	lane->next = lane->have = lane->from = fifo->count;
	return true;
}

bool rpu_lanes_enter(const struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	for (uint32_t l = 0; l < batch->lane_count; l++)
		if (!enter(fabric, &batch->lanes[l]))
			return false;
	return true;
}

static void leave_read(struct rpu_fabric *fabric, const struct rpu_lane *lane)
{
	struct rpu_engine *engine = &fabric->engines[lane->stream];
	struct rpu_fifo *fifo = &engine->fifo;
	uint32_t count = ROAD_RPU_FIFO - lane->room, age = 0;

	fifo->head = 0;
	fifo->count = count;
	memcpy(fifo->value, lane->value + (lane->next - count), count * sizeof(*fifo->value));
	memset(fifo->ready, 0, sizeof(fifo->ready));
	for (uint32_t i = count; i > 0 && age < lane->latency; age++)
		if (lane->history >> age & 1)
			fifo->ready[--i] = fabric->counters.cycles - 1 - age + lane->latency;
	rpu_engine_seek(engine, engine->tokens - lane->left, 0);
	if (engine->stream.kind != ROAD_RPU_STREAM_BROADCAST || lane->left == engine->tokens)
		return;
	engine->held = lane->next > lane->from ? lane->value[lane->next - 1] : lane->last;
	engine->held_latency = lane->latency;
}

void rpu_lanes_leave(struct rpu_fabric *fabric, const struct rpu_batch *batch)
{
	for (uint32_t l = 0; l < batch->lane_count; l++) {
		const struct rpu_lane *lane = &batch->lanes[l];
		struct rpu_fifo *fifo = &fabric->engines[lane->stream].fifo;

		if (!lane->write) {
			leave_read(fabric, lane);
			continue;
		}
		fifo->head = 0;
		fifo->count = lane->room;
		memset(fifo->ready, 0, sizeof(fifo->ready));
		memcpy(fifo->value, lane->value + lane->next, lane->room * sizeof(*fifo->value));
	}
}

/* ---- tokens ---- */

struct fetching {
	const uint8_t *spm;
	uint32_t bank_shift, bank_mask;
	uint8_t none; /* the bank of no access */
};

#define AT_ONCE 16u /* of a constant length, so that it becomes vector instructions */

static void fetch_banks(const struct fetching *f, struct rpu_lane *lane, uint32_t address,
			uint32_t stride, uint32_t count)
{
	uint32_t shift = f->bank_shift, mask = f->bank_mask;
	uint8_t *bank = lane->bank + lane->have;

	for (uint32_t i = 0; i < count; i += AT_ONCE, address += AT_ONCE * stride)
		for (uint32_t k = 0; k < AT_ONCE; k++)
			bank[i + k] = (uint8_t)((address + k * stride) >> shift & mask);
}

static uint8_t bank_of(const struct fetching *f, uint32_t address)
{
	return (uint8_t)(address >> f->bank_shift & f->bank_mask);
}

static void fetch_values(const struct fetching *f, struct rpu_lane *lane, uint32_t type,
			 uint32_t stride, uint32_t count)
{
	uint32_t *value = lane->value + lane->have, address = lane->ahead.address;

	if (type == ROAD_RPU_TYPE_32 && stride == 4) {
		memcpy(value, f->spm + address, count * sizeof(*value));
		return;
	}
	for (uint32_t i = 0; i < count; i++, address += stride)
		value[i] = rpu_load(f->spm + address, type);
}

static void count_up(struct rpu_lane *lane, uint32_t stride, uint32_t count)
{
	uint32_t *value = lane->value + lane->have, number = lane->ahead.address;

	for (uint32_t i = 0; i < count; i++, number += stride)
		value[i] = number;
}

/* A run of turns in which dimension 0 alone moves. */
static void fetch_run(const struct fetching *f, struct rpu_lane *lane,
		      const struct road_rpu_stream *stream, uint32_t count)
{
	uint32_t stride = (uint32_t)stream->stride[0], index = lane->ahead.index[0];
	uint32_t *value = lane->value + lane->have;
	uint8_t *bank = lane->bank + lane->have;

	memset(bank, f->none, count);
	switch (stream->kind) {
	case ROAD_RPU_STREAM_COUNTER: count_up(lane, stride, count); break;
	case ROAD_RPU_STREAM_BROADCAST:
		if (!index) {
			lane->held = rpu_load(f->spm + lane->ahead.address, stream->type);
			bank[0] = bank_of(f, lane->ahead.address);
		}
		for (uint32_t i = 0; i < count; i++)
			value[i] = lane->held;
		break;
	case ROAD_RPU_STREAM_REDUCE:
		if (index + count == stream->count[0])
			bank[count - 1] = bank_of(f, lane->ahead.address);
		break;
	default:
		fetch_banks(f, lane, lane->ahead.address, stride, count);
		if (!lane->write)
			fetch_values(f, lane, stream->type, stride, count);
		break;
	}
}

static void fetch(const struct fetching *f, struct rpu_lane *lane, const struct rpu_engine *engine)
{
	const struct road_rpu_stream *stream = &engine->stream;
	uint32_t want = rpu_lane_tokens(lane);

	while (lane->have < want && lane->ahead.left) {
		uint32_t count = stream->count[0] - lane->ahead.index[0];

		if (count > want - lane->have)
			count = want - lane->have;
		fetch_run(f, lane, stream, count);
		rpu_engine_turns(engine, &lane->ahead, count);
		lane->have += count;
	}
}

/* Move m of a round, as the series of what is moved. */
static const struct rpu_ref *move_of(const struct rpu_batch *batch, const struct rpu_lane *lane,
				     uint32_t m)
{
	return &batch->moves[lane->first_move + m];
}

void rpu_lanes_fetch(const struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	struct fetching f = {
		.spm = fabric->memory.spm,
		.bank_shift = (uint32_t)__builtin_ctz(fabric->params.bank_bytes),
		.bank_mask = fabric->params.banks - 1,
	};

	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];

		f.none = (uint8_t)(RPU_NO_BANK + l);
		fetch(&f, lane, &fabric->engines[lane->stream]);
		for (uint32_t m = 0; m < lane->uses && !lane->write; m++) {
			uint32_t *row = rpu_batch_row(batch, move_of(batch, lane, m)->series);

			if (lane->uses == 1) {
				memcpy(row, lane->value, RPU_BATCH_ROUNDS * sizeof(*row));
				continue;
			}
			for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
				row[n] = lane->value[n * lane->uses + m];
		}
	}
}

void rpu_lanes_collect(struct rpu_batch *batch)
{
	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];
		uint32_t *value = lane->value + lane->room; /* behind those in the FIFO */

		for (uint32_t m = 0; m < lane->uses && lane->write; m++) {
			const struct rpu_ref *ref = move_of(batch, lane, m);
			const uint32_t *row = rpu_batch_row(batch, ref->series) - ref->age;

			if (lane->uses == 1) {
				memcpy(value, row, RPU_BATCH_ROUNDS * sizeof(*row));
				continue;
			}
			for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
				value[n * lane->uses + m] = row[n];
		}
	}
}

static uint32_t accesses_of(const struct rpu_lane *lane, uint32_t kind)
{
	uint32_t sum = 0;

	if (kind == ROAD_RPU_STREAM_LINEAR)
		return lane->next - lane->from;
	for (uint32_t t = lane->from; t < lane->next; t++)
		sum += lane->bank[t] < RPU_NO_BANK;
	return sum;
}

void rpu_lanes_store(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];
		struct rpu_engine *engine = &fabric->engines[lane->stream];

		fabric->counters.stream_accesses += accesses_of(lane, engine->stream.kind);
		if (lane->write)
			rpu_engine_store(engine, fabric->memory.spm, lane->value, lane->next);
	}
}

void rpu_lanes_shift(struct rpu_batch *batch)
{
	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];
		uint32_t gone = lane->write ? lane->next : lane->uses * RPU_BATCH_ROUNDS;
		uint32_t tokens = lane->write ? lane->room : lane->have - gone;

		if (lane->next > lane->from)
			lane->last = lane->value[lane->next - 1];
		memmove(lane->value, lane->value + gone, tokens * sizeof(*lane->value));
		memmove(lane->bank, lane->bank + gone, lane->have - gone);
		lane->have -= gone;
		lane->next -= gone;
		lane->from = lane->next;
	}
}
