/* SPDX-License-Identifier: Apache-2.0 */
/* The words together: what happens in which step, and that nothing meets what it must not. */
#include <stdlib.h>
#include <string.h>

#include "simulators/rpu/fabric/internal.h"

static uint32_t class_of(const struct rpu_word *word)
{
	return rpu_ops[word->op].class;
}

static uint32_t index_of(const struct rpu_config *config, const struct rpu_word *word)
{
	return word->step * config->elements + word->element;
}

static uint32_t done_step(const struct rpu_config *config, const struct rpu_word *word)
{
	return (word->step + word->lag) % config->interval;
}

static bool check_timing(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	const struct road_rpu_config *header = config->header;
	bool used[ROAD_RPU_CONFIG_CLASSES] = {false};

	for (uint32_t i = 0; i < config->word_count; i++)
		used[class_of(&config->words[i])] = true;
	used[ROAD_RPU_CLASS_NONE] = false;
	for (uint32_t class = 0; class < ROAD_RPU_CONFIG_CLASSES; class ++) {
		uint32_t latency = used[class] ? rpu_latency(&config->params, class) : 0;
		uint32_t interval = used[class] ? rpu_interval(&config->params, class) : 0;

		if (header->latency[class] != latency)
			return rpu_refuse(
				check, RPU_CONFIG_TIMING, RPU_PART_HEADER,
				(uint32_t)(offsetof(struct road_rpu_config, latency) + class),
				header->latency[class], latency);
		if (header->intervals[class] != interval)
			return rpu_refuse(
				check, RPU_CONFIG_TIMING, RPU_PART_HEADER,
				(uint32_t)(offsetof(struct road_rpu_config, intervals) + class),
				header->intervals[class], interval);
	}
	return true;
}

/* Lags, length, and from when to when every word is enabled. */
static bool measure(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	uint64_t least = UINT64_MAX, length = 0, from = 0;
	uint32_t lag = 0;

	for (uint32_t i = 0; i < config->word_count; i++) {
		struct rpu_word *word = &config->words[i];
		uint32_t class = class_of(word);
		uint64_t all = word->begin_at + (uint64_t)word->first * config->interval;

		if (word->op == ROAD_RPU_OP_nop && !word->pops)
			continue;
		if (class != ROAD_RPU_CLASS_NONE) {
			word->lag = (uint8_t)(rpu_latency(&config->params, class) - 1);
			config->ops++;
		}
		lag = word->lag > lag ? word->lag : lag;
		least = word->begin_at < least ? word->begin_at : least;
		all = all < word->begin_at + word->lag ? word->begin_at + word->lag : all;
		from = all > from ? all : from;
		if (word->begin_at + word->lag + 1 > length)
			length = word->begin_at + word->lag + 1;
	}
	if (config->header->length != length)
		return rpu_refuse(check, RPU_CONFIG_LENGTH, RPU_PART_HEADER,
				  offsetof(struct road_rpu_config, length), config->header->length,
				  length);
	config->length = (uint32_t)length;
	config->all_from = from;
	config->all_left =
		length && length > least + config->interval ? length - least - config->interval : 0;
	for (config->ring = 1; config->ring <= lag;)
		config->ring *= 2;
	return true;
}

struct occupancy {
	/* by step of completion, and element */
	uint16_t results[ROAD_RPU_INTERVAL_MAX][RPU_ELEMENTS_MAX / 16];
	uint8_t registers[ROAD_RPU_INTERVAL_MAX][RPU_ELEMENTS_MAX]; /* bit r: written */
	uint8_t class[ROAD_RPU_INTERVAL_MAX][RPU_ELEMENTS_MAX];     /* that begins */
};

static bool write_register(struct rpu_check *check, struct occupancy *taken,
			   const struct rpu_word *word, uint32_t step, uint32_t place)
{
	uint32_t reg = place % RPU_PLACES - ROAD_RPU_SOURCE_R0;
	uint8_t bit = (uint8_t)(1u << reg);

	if (taken->registers[step][word->element] & bit)
		return rpu_refuse(check, RPU_CONFIG_COLLISION, RPU_PART_WORDS,
				  index_of(check->config, word), reg, step);
	taken->registers[step][word->element] |= bit;
	return true;
}

static bool occupy(struct rpu_check *check, struct occupancy *taken, const struct rpu_word *word)
{
	const struct rpu_config *config = check->config;
	uint32_t done = done_step(config, word);
	uint16_t bit = (uint16_t)(1u << word->element % 16);
	uint16_t *results = &taken->results[done][word->element / 16];

	taken->class[word->step][word->element] = (uint8_t)class_of(word);
	for (unsigned p = 0; p < word->passes; p++)
		if (word->pass[p].to % RPU_PLACES >= ROAD_RPU_SOURCE_R0 &&
		    !write_register(check, taken, word, word->step, word->pass[p].to))
			return false;
	if (word->op == ROAD_RPU_OP_nop)
		return true;
	if (*results & bit)
		return rpu_refuse(check, RPU_CONFIG_COLLISION, RPU_PART_WORDS,
				  index_of(config, word), word->lag + 1, done);
	*results |= bit;
	return !word->destination || write_register(check, taken, word, done, word->destination);
}

/* A unit takes its next op `interval` cycles after the last. */
static bool check_interval(struct rpu_check *check, const struct occupancy *taken,
			   const struct rpu_word *word)
{
	const struct rpu_config *config = check->config;
	uint32_t class = class_of(word);
	uint32_t interval = class ? rpu_interval(&config->params, class) : 1;

	for (uint32_t after = 1; after < interval; after++)
		if (taken->class[(word->step + after) % config->interval][word->element] == class)
			return rpu_refuse(check, RPU_CONFIG_COLLISION, RPU_PART_WORDS,
					  index_of(config, word), after, interval);
	return true;
}

static bool check_collisions(struct rpu_check *check)
{
	const struct rpu_config *config = check->config;
	struct occupancy *taken = calloc(1, sizeof(*taken));
	bool good = true;

	if (!taken)
		return rpu_refuse(check, RPU_CONFIG_MEMORY, RPU_PART_WORDS, 0, sizeof(*taken), 0);
	for (uint32_t i = 0; good && i < config->word_count; i++)
		good = occupy(check, taken, &config->words[i]);
	for (uint32_t i = 0; good && i < config->word_count; i++)
		good = check_interval(check, taken, &config->words[i]);
	free(taken);
	return good;
}

/* ---- lists by step ---- */

static bool add_pops(struct rpu_check *check, const struct rpu_word *word, struct rpu_range *range,
		     uint32_t *seen)
{
	struct rpu_config *config = check->config;

	for (uint32_t stream = 0; stream < config->header->streams; stream++) {
		struct rpu_move *move = &config->pops[range->first + range->count];

		if (!(word->pops >> stream & 1))
			continue;
		if (!(*seen >> stream & 1)) {
			*move = (struct rpu_move){word->begin_at, stream, word->element, 0};
			range->count++;
			*seen |= 1u << stream;
			config->uses[stream]++;
			continue;
		}
		for (uint32_t i = 0; i < range->count; i++)
			if (config->pops[range->first + i].stream == stream &&
			    config->pops[range->first + i].begin_at != word->begin_at)
				return rpu_refuse(check, RPU_CONFIG_STAGE, RPU_PART_WORDS,
						  index_of(config, word), word->stage,
						  config->pops[range->first + i].begin_at /
							  config->interval);
	}
	return true;
}

static bool list_begins(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	uint32_t word = 0, accesses = 0, pops = 0;

	for (uint32_t s = 0; s < config->interval; s++) {
		struct rpu_step *step = &config->steps[s];
		uint32_t seen = 0;

		step->words.first = word;
		step->accesses.first = accesses;
		step->pops.first = pops;
		for (; word < config->word_count && config->words[word].step == s; word++) {
			step->words.count++;
			step->ops += config->words[word].op != ROAD_RPU_OP_nop;
			if (config->words[word].memory)
				config->accesses[accesses + step->accesses.count++] = word;
			if (!add_pops(check, &config->words[word], &step->pops, &seen))
				return false;
		}
		accesses += step->accesses.count;
		pops += step->pops.count;
	}
	config->access_count = accesses;
	return true;
}

static bool list_ends(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	uint32_t done = 0, pushes = 0;

	for (uint32_t s = 0; s < config->interval; s++) {
		struct rpu_step *step = &config->steps[s];
		uint32_t seen = 0;

		step->done.first = done;
		step->pushes.first = pushes;
		for (uint32_t i = 0; i < config->word_count; i++) {
			const struct rpu_word *word = &config->words[i];

			if (word->op == ROAD_RPU_OP_nop || done_step(config, word) != s)
				continue;
			config->done[done++] = i;
			if (word->push < 0)
				continue;
			if (seen >> word->push & 1)
				return rpu_refuse(check, RPU_CONFIG_COLLISION, RPU_PART_WORDS,
						  index_of(config, word), (uint64_t)word->push, s);
			seen |= 1u << word->push;
			config->uses[word->push]++;
			config->pushes[pushes++] = (struct rpu_move){
				word->begin_at + word->lag, (uint32_t)word->push, word->element, i};
		}
		step->done.count = done - step->done.first;
		step->pushes.count = pushes - step->pushes.first;
	}
	return true;
}

static bool make_lists(struct rpu_check *check)
{
	struct rpu_config *config = check->config;
	size_t words = config->word_count + 1, moves = config->interval * ROAD_RPU_STREAMS + 1;

	config->done = calloc(words, sizeof(*config->done));
	config->accesses = calloc(words, sizeof(*config->accesses));
	config->pops = calloc(moves, sizeof(*config->pops));
	config->pushes = calloc(moves, sizeof(*config->pushes));
	if (!config->done || !config->accesses || !config->pops || !config->pushes)
		return rpu_refuse(check, RPU_CONFIG_MEMORY, RPU_PART_WORDS, 0, words, 0);
	return list_begins(check) && list_ends(check);
}

bool rpu_check_schedule(struct rpu_check *check)
{
	struct rpu_config *config = check->config;

	if (!check_timing(check) || !measure(check) || !check_collisions(check) ||
	    !make_lists(check))
		return false;
	for (uint32_t s = 0; s < config->header->streams; s++)
		if (config->streams[s].kind && !config->uses[s])
			return rpu_refuse(check, RPU_CONFIG_STREAM, RPU_PART_STREAMS, s, 0, 1);
	return true;
}
