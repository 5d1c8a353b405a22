/* SPDX-License-Identifier: Apache-2.0 */
/* The interpreter: one cycle of each element, as uapi/rpu/fabric.h says it. */
#include <string.h>

#include "simulators/rpu/fabric/internal.h"

/* What registers become at the cycle's end. */
struct writes {
	uint32_t count;
	uint16_t to[RPU_ELEMENTS_MAX * (RPU_PASSES + 2)];
	uint32_t value[RPU_ELEMENTS_MAX * (RPU_PASSES + 2)];
	uint64_t completes[RPU_ELEMENTS_MAX / 64]; /* elements that have a new result */
};

static void write(struct writes *writes, uint32_t to, uint32_t value)
{
	writes->to[writes->count] = (uint16_t)to;
	writes->value[writes->count++] = value;
}

static uint32_t iteration_of(const struct rpu_fabric *fabric, const struct rpu_word *word)
{
	return (uint32_t)(fabric->round - word->stage);
}

static uint32_t phase_of(const struct rpu_fabric *fabric, const struct rpu_word *word)
{
	uint32_t iteration = iteration_of(fabric, word);

	return fabric->period ? iteration % fabric->period : iteration;
}

uint32_t rpu_operand(const struct rpu_fabric *fabric, const struct rpu_word *word, unsigned n)
{
	if (word->first && n == word->replaced && rpu_enabled(fabric, word->begin_at)) {
		uint32_t phase = phase_of(fabric, word);

		if (phase < word->first)
			return fabric->places[rpu_place(
				word->element,
				ROAD_RPU_SOURCE_K0 + (word->kfirst + phase) % ROAD_RPU_CONSTANTS)];
	}
	return fabric->places[word->operand[n]];
}

/* The same, where most words have none that is replaced. */
static inline uint32_t operand(const struct rpu_fabric *fabric, const struct rpu_word *word,
			       unsigned n)
{
	return word->first ? rpu_operand(fabric, word, n) : fabric->places[word->operand[n]];
}

static uint32_t table_entry(const struct rpu_config *config, uint32_t index, uint32_t table)
{
	uint32_t entries = table < ROAD_RPU_TABLES ? config->header->table_entries[table] : 0;

	if (!entries)
		return 0;
	return config
		->entries[config->table_first[table] + (index < entries ? index : entries - 1)];
}

uint32_t rpu_first_operand(const struct rpu_fabric *fabric, const struct rpu_word *word, uint32_t a,
			   uint32_t b)
{
	switch (word->op) {
	case ROAD_RPU_OP_iter: return iteration_of(fabric, word);
	case ROAD_RPU_OP_phase: return phase_of(fabric, word);
	case ROAD_RPU_OP_lut: return table_entry(fabric->config, a, b);
	default: return a;
	}
}

/* Ops that begin; loads have put their result into its place already. */
static void begin(struct rpu_fabric *fabric, const struct rpu_word *word)
{
	uint32_t a, b, c;

	if (word->op == ROAD_RPU_OP_nop || !rpu_enabled(fabric, word->begin_at))
		return;
	fabric->counters.element_ops++;
	if (word->memory && !word->store)
		return;
	a = operand(fabric, word, 0);
	b = operand(fabric, word, 1);
	c = operand(fabric, word, 2);
	a = rpu_first_operand(fabric, word, a, b);
	rpu_results_at(fabric, fabric->at + word->lag)[word->element] =
		rpu_ops[word->op].execute(a, b, c);
}

static void complete(const struct rpu_fabric *fabric, const struct rpu_word *word,
		     struct writes *writes)
{
	uint32_t value;

	if (!rpu_enabled(fabric, word->begin_at + word->lag))
		return;
	value = rpu_results_at(fabric, fabric->at)[word->element];
	writes->completes[word->element / 64] |= UINT64_C(1) << word->element % 64;
	write(writes, rpu_place(word->element, ROAD_RPU_SOURCE_SELF), value);
	if (word->destination)
		write(writes, word->destination, value);
}

static uint32_t passed(const struct rpu_fabric *fabric, const struct rpu_word *word, uint16_t from,
		       const struct writes *writes)
{
	uint32_t element = word->element;

	switch (from) {
	case RPU_FROM_RESULT:
		if (writes->completes[element / 64] >> element % 64 & 1)
			return rpu_results_at(fabric, fabric->at)[element];
		return fabric->places[rpu_place(element, ROAD_RPU_SOURCE_SELF)];
	case RPU_FROM_A: return operand(fabric, word, 0);
	case RPU_FROM_B: return operand(fabric, word, 1);
	default: return fabric->places[from];
	}
}

void rpu_advance(struct rpu_fabric *fabric)
{
	const struct rpu_config *config = fabric->config;
	const struct rpu_step *step = &config->steps[fabric->step];
	const struct rpu_word *words = config->words + step->words.first;
	struct writes writes;

	writes.count = 0;
	memset(writes.completes, 0, sizeof(writes.completes));
	for (uint32_t i = 0; i < step->words.count; i++)
		begin(fabric, &words[i]);
	for (uint32_t i = 0; i < step->done.count; i++)
		complete(fabric, &config->words[config->done[step->done.first + i]], &writes);
	for (uint32_t i = 0; i < step->words.count; i++)
		for (unsigned p = 0; p < words[i].passes; p++)
			write(&writes, words[i].pass[p].to,
			      passed(fabric, &words[i], words[i].pass[p].from, &writes));
	for (uint32_t i = 0; i < writes.count; i++)
		fabric->places[writes.to[i]] = writes.value[i];
}
