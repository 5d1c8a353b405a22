/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a batch: entered, computed, left. */
#include <string.h>

#include "simulators/rpu/fabric/batch.h"
#include "simulators/rpu/fabric/rows.h"

bool rpu_batch_fits(const struct rpu_fabric *fabric)
{
	for (uint32_t s = 0; s < fabric->engine_count; s++) {
		const struct rpu_engine *read = &fabric->engines[s];
		uint32_t kind = read->stream.kind;

		if (kind == ROAD_RPU_STREAM_GATHER ||
		    (fabric->memory.far && kind != ROAD_RPU_STREAM_COUNTER &&
		     read->stream.base >= fabric->memory.far_base))
			return false;
		for (uint32_t w = 0; kind && !read->stream.write && w < fabric->engine_count; w++)
			if (fabric->engines[w].stream.write && kind != ROAD_RPU_STREAM_COUNTER &&
			    fabric->engines[w].low < read->end &&
			    read->low < fabric->engines[w].end)
				return false;
	}
	return true;
}

/* ---- between registers and rows ---- */

static const uint32_t *value_of(const struct rpu_batch *batch, struct rpu_ref ref)
{
	return rpu_batch_row(batch, ref.series) - ref.age;
}

/* Rounds from a word's begin until it completes. */
static uint32_t rounds_of(const struct rpu_batch *batch, const struct rpu_word *word)
{
	return (word->step + word->lag) / batch->config->interval;
}

/* Where the result of a word lies on its way that began k rounds before this one. */
static uint32_t *on_its_way(struct rpu_fabric *fabric, const struct rpu_word *word, uint32_t k)
{
	uint64_t at = fabric->at + word->step + word->lag - k * fabric->config->interval;

	return &rpu_results_at(fabric, at)[word->element];
}

void rpu_batch_enter(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	for (uint32_t i = 0; i < batch->constant_count; i++) {
		uint32_t *row = rpu_batch_row(batch, batch->constant_series + i) - batch->history;

		for (uint32_t n = 0; n < batch->stride; n++)
			row[n] = fabric->places[batch->constants[i]];
	}
	for (uint32_t i = 0; i < batch->place_count; i++) {
		struct rpu_ref ref = batch->places[i].ref;

		if (ref.series < batch->constant_series)
			*(rpu_batch_row(batch, ref.series) - ref.age) =
				fabric->places[batch->places[i].place];
	}
	for (uint32_t i = 0; i < batch->op_count; i++) {
		const struct rpu_word *word = &batch->config->words[batch->ops[i].word];

		for (uint32_t k = 1; k <= rounds_of(batch, word); k++)
			*(rpu_batch_row(batch, batch->ops[i].word) - k) =
				*on_its_way(fabric, word, k);
	}
}

void rpu_batch_leave(struct rpu_fabric *fabric, const struct rpu_batch *batch)
{
	for (uint32_t i = 0; i < batch->place_count; i++)
		fabric->places[batch->places[i].place] = *value_of(batch, batch->places[i].ref);
	for (uint32_t i = 0; i < batch->op_count; i++) {
		const struct rpu_word *word = &batch->config->words[batch->ops[i].word];

		for (uint32_t k = 1; k <= rounds_of(batch, word); k++)
			*on_its_way(fabric, word, k) =
				*(rpu_batch_row(batch, batch->ops[i].word) - k);
	}
}

void rpu_batch_shift(struct rpu_batch *batch)
{
	for (uint32_t s = 0; s < batch->constant_series; s++) {
		uint32_t *row = rpu_batch_row(batch, s);

		memmove(row - batch->history, row + RPU_BATCH_ROUNDS - batch->history,
			batch->history * sizeof(*row));
	}
}

/* ---- tokens to come ---- */

/* Streams are read ahead on copies; the engines themselves follow in their own time. */
static void read_ahead(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	const struct rpu_config *config = batch->config;
	struct rpu_engine ahead[ROAD_RPU_STREAMS];
	uint32_t pops = batch->constant_series - batch->pop_series;

	for (uint32_t s = 0; s < fabric->engine_count; s++)
		if (!fabric->engines[s].stream.write)
			ahead[s] = fabric->engines[s];
	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
		for (uint32_t i = 0; i < pops; i++)
			rpu_batch_row(batch, batch->pop_series + i)[n] = rpu_engine_ahead(
				&ahead[config->pops[i].stream], fabric->memory.spm);
}

/* ---- ops ---- */

static uint32_t phase_at(const struct rpu_fabric *fabric, const struct rpu_word *word, uint32_t n)
{
	uint32_t iteration = (uint32_t)(fabric->round - word->stage) + n;

	return fabric->period ? iteration % fabric->period : iteration;
}

static bool is_special(const struct rpu_word *word)
{
	return word->op == ROAD_RPU_OP_iter || word->op == ROAD_RPU_OP_phase ||
	       word->op == ROAD_RPU_OP_lut;
}

static bool replaces(const struct rpu_fabric *fabric, const struct rpu_word *word)
{
	return word->first && fabric->period;
}

/* Operand k of round n, after FIRST. */
static uint32_t operand_at(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			   const struct rpu_batch_op *op, unsigned k, uint32_t n)
{
	const struct rpu_word *word = &batch->config->words[op->word];
	uint32_t phase;

	if (replaces(fabric, word) && word->replaced == k) {
		phase = phase_at(fabric, word, n);
		if (phase < word->first)
			return fabric->places[rpu_place(
				word->element,
				ROAD_RPU_SOURCE_K0 + (word->kfirst + phase) % ROAD_RPU_CONSTANTS)];
	}
	return value_of(batch, op->in[k])[n];
}

static uint32_t special_at(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			   const struct rpu_batch_op *op, uint32_t n, uint32_t a, uint32_t b)
{
	const struct rpu_word *word = &batch->config->words[op->word];

	switch (word->op) {
	case ROAD_RPU_OP_iter: return (uint32_t)(fabric->round - word->stage) + n;
	case ROAD_RPU_OP_phase: return phase_at(fabric, word, n);
	default: return rpu_first_operand(fabric, word, a, b);
	}
}

static void compute_one(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			const struct rpu_batch_op *op, uint32_t n)
{
	const struct rpu_word *word = &batch->config->words[op->word];
	uint32_t a = operand_at(fabric, batch, op, 0, n), b = operand_at(fabric, batch, op, 1, n);
	uint32_t c = operand_at(fabric, batch, op, 2, n);

	if (is_special(word))
		a = special_at(fabric, batch, op, n, a, b);
	rpu_batch_row(batch, op->word)[n] = rpu_ops[word->op].execute(a, b, c);
}

static void compute_ring(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			 const struct rpu_batch_op *ops, uint32_t count)
{
	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
		for (uint32_t i = 0; i < count; i++)
			compute_one(fabric, batch, &ops[i], n);
}

/* Made operands stand in rows of their own. */
static void compute_row(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			const struct rpu_batch_op *op)
{
	const struct rpu_word *word = &batch->config->words[op->word];
	const uint32_t *in[3];
	uint32_t made[2][RPU_BATCH_ROUNDS];

	for (unsigned k = 0; k < 3; k++)
		in[k] = value_of(batch, op->in[k]);
	if (replaces(fabric, word)) {
		for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
			made[0][n] = operand_at(fabric, batch, op, word->replaced, n);
		in[word->replaced] = made[0];
	}
	if (is_special(word)) {
		for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
			made[1][n] = special_at(fabric, batch, op, n, in[0][n], in[1][n]);
		in[0] = made[1];
	}
	batch->rows->row(word->op, rpu_batch_row(batch, op->word), in[0], in[1], in[2],
			 RPU_BATCH_ROUNDS);
}

void rpu_batch_compute(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	read_ahead(fabric, batch);
	for (uint32_t g = 0; g < batch->group_count; g++) {
		const struct rpu_batch_group *group = &batch->groups[g];
		const struct rpu_batch_op *ops = batch->ops + group->ops.first;
		const struct rpu_word *word = &batch->config->words[ops->word];

		if (!group->ring)
			compute_row(fabric, batch, ops);
		else if (group->ops.count > 1 || replaces(fabric, word) || is_special(word))
			compute_ring(fabric, batch, ops, group->ops.count);
		else
			batch->rows->chain(word->op, rpu_batch_row(batch, ops->word),
					   value_of(batch, ops->in[0]), value_of(batch, ops->in[1]),
					   value_of(batch, ops->in[2]), RPU_BATCH_ROUNDS);
	}
}
