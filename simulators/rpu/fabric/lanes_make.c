/* SPDX-License-Identifier: Apache-2.0 */
/* What of a batch is about streams and follows from the configuration. */
#include <stdlib.h>

#include "simulators/rpu/fabric/batch.h"

static bool moves_in(const struct rpu_batch *batch, const struct rpu_lane *lane, uint32_t step)
{
	const struct rpu_batch_step *at = &batch->steps[step];

	for (uint32_t i = 0; i < at->moving.count; i++)
		if (&batch->lanes[batch->moving[at->moving.first + i]] == lane)
			return true;
	return false;
}

/* The move of a stream in a step, as the series of its tokens. */
static bool find_move(const struct rpu_batch *batch, const struct rpu_lane *lane, uint32_t step,
		      struct rpu_ref *ref)
{
	const struct rpu_config *config = batch->config;
	const struct rpu_step *at = &config->steps[step];
	const struct rpu_range *range = lane->write ? &at->pushes : &at->pops;
	const struct rpu_move *moves = lane->write ? config->pushes : config->pops;

	for (uint32_t i = range->first; i < range->first + range->count; i++) {
		const struct rpu_word *word = &config->words[moves[i].word];

		if (moves[i].stream != lane->stream)
			continue;
		if (lane->write)
			*ref = (struct rpu_ref){
				(uint16_t)moves[i].word,
				(uint16_t)((word->step + word->lag) / config->interval)};
		else
			*ref = (struct rpu_ref){(uint16_t)(batch->pop_series + i), 0};
		return true;
	}
	return false;
}

static void make_lanes(struct rpu_batch *batch)
{
	const struct rpu_config *config = batch->config;
	uint32_t moves = 0;

	for (uint32_t s = 0; s < ROAD_RPU_STREAMS; s++) {
		struct rpu_lane *lane = &batch->lanes[batch->lane_count];

		if (!config->uses[s])
			continue;
		lane->stream = s;
		lane->uses = config->uses[s];
		lane->write = config->streams[s].write;
		lane->each = lane->uses == config->interval;
		lane->first_move = moves;
		for (uint32_t step = 0; step < config->interval; step++)
			moves += find_move(batch, lane, step, &batch->moves[moves]);
		batch->lane_count++;
	}
}

static void make_moving(struct rpu_batch *batch)
{
	uint32_t count = 0;
	struct rpu_ref ref;

	for (uint32_t step = 0; step < batch->config->interval; step++) {
		batch->steps[step].moving.first = count;
		for (uint32_t l = 0; l < batch->lane_count; l++)
			if (find_move(batch, &batch->lanes[l], step, &ref))
				batch->moving[count++] = (uint8_t)l;
		batch->steps[step].moving.count = count - batch->steps[step].moving.first;
	}
}

/* Accesses that follow moves: of step s - 1 in step s. */
static void make_accesses(struct rpu_batch *batch)
{
	uint32_t interval = batch->config->interval, count = 0;
	uint8_t made[ROAD_RPU_STREAMS] = {0};

	for (uint32_t step = 0; step < interval; step++) {
		uint32_t before = (step + interval - 1) % interval;

		batch->steps[step].accesses.first = count;
		for (uint32_t l = 0; l < batch->lane_count; l++)
			if (moves_in(batch, &batch->lanes[l], before))
				batch->accesses[count++] =
					(struct rpu_batch_access){(uint8_t)l, made[l]++};
		batch->steps[step].accesses.count = count - batch->steps[step].accesses.first;
	}
}

static void make_pattern(struct rpu_batch *batch, struct rpu_lane *lane)
{
	uint32_t interval = batch->config->interval;

	lane->pending = moves_in(batch, lane, interval - 1);
	for (uint32_t age = 0; age < 32; age++) /* any multiple of interval that is large enough */
		if (moves_in(batch, lane, (34 * interval - 2 - age) % interval))
			lane->pattern |= 1u << age;
}

/* Room for tokens, and behind them for what is done many at once. */
static bool make_room(struct rpu_batch *batch)
{
	enum { SLACK = 64 };
	size_t tokens = 0;

	for (uint32_t l = 0; l < batch->lane_count; l++)
		tokens += rpu_lane_tokens(&batch->lanes[l]) + SLACK;
	batch->tokens = calloc(tokens + 1, sizeof(*batch->tokens));
	batch->banks = calloc(tokens + 1, sizeof(*batch->banks));
	if (!batch->tokens || !batch->banks)
		return false;
	tokens = 0;
	for (uint32_t l = 0; l < batch->lane_count; l++) {
		struct rpu_lane *lane = &batch->lanes[l];

		lane->value = batch->tokens + tokens;
		lane->bank = batch->banks + tokens;
		tokens += rpu_lane_tokens(lane) + SLACK;
	}
	return true;
}

bool rpu_lanes_make(struct rpu_batch *batch)
{
	size_t moves = (size_t)batch->config->interval * ROAD_RPU_STREAMS;

	batch->moves = calloc(moves, sizeof(*batch->moves));
	batch->moving = calloc(moves, sizeof(*batch->moving));
	batch->accesses = calloc(moves, sizeof(*batch->accesses));
	if (!batch->moves || !batch->moving || !batch->accesses)
		return false;
	make_lanes(batch);
	make_moving(batch);
	make_accesses(batch);
	for (uint32_t l = 0; l < batch->lane_count; l++)
		make_pattern(batch, &batch->lanes[l]);
	return make_room(batch);
}
