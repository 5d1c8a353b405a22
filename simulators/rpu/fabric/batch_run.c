/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a batch: entered, computed, left. */
#include <string.h>

#include "simulators/rpu/fabric/batch.h"

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* What all addresses of a stream are a multiple of away from its base. */
static uint32_t grid_of(const struct road_rpu_stream *stream, uint32_t grid)
{
	for (unsigned d = 0; d < ROAD_RPU_DIMENSIONS; d++)
		if (stream->count[d] > 1) {
			uint32_t stride = (uint32_t)stream->stride[d];

			grid = common_divisor(grid, stream->stride[d] < 0 ? 0u - stride : stride);
		}
	return grid;
}

/* Whether two streams may have a byte in common. */
static bool may_meet(const struct rpu_engine *a, const struct rpu_engine *b)
{
	uint32_t grid = grid_of(&b->stream, grid_of(&a->stream, 0)), apart;

	if (a->low >= b->end || b->low >= a->end)
		return false;
	if (!grid)
		return true;
	apart = a->stream.base % grid + grid - b->stream.base % grid;
	apart %= grid;
	return apart < rpu_type_bytes(b->stream.type) ||
	       grid - apart < rpu_type_bytes(a->stream.type);
}

/* Out of time, what one stream writes must be nothing that another one touches. */
static bool is_apart(const struct rpu_fabric *fabric, uint32_t s)
{
	const struct rpu_engine *engine = &fabric->engines[s];

	for (uint32_t w = 0; w < fabric->engine_count; w++)
		if (w != s && fabric->engines[w].stream.write && fabric->engines[w].stream.kind &&
		    may_meet(engine, &fabric->engines[w]))
			return false;
	return true;
}

bool rpu_batch_fits(const struct rpu_fabric *fabric)
{
	for (uint32_t s = 0; s < fabric->engine_count; s++) {
		const struct rpu_engine *engine = &fabric->engines[s];
		uint32_t kind = engine->stream.kind;

		if (kind == ROAD_RPU_STREAM_NONE || kind == ROAD_RPU_STREAM_COUNTER)
			continue;
		if (kind == ROAD_RPU_STREAM_GATHER ||
		    (fabric->memory.far && engine->stream.base >= fabric->memory.far_base) ||
		    !is_apart(fabric, s))
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

bool rpu_batch_enter(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	if (!rpu_lanes_enter(fabric, batch))
		return false;
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
	return true;
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
	rpu_lanes_shift(batch);
}

/* ---- ops ---- */

/*
 * An op in this batch. Its operand `replaced` is a constant in the rounds of a phase below
 * `first`; there are none if first is 0.
 */
struct running {
	const struct rpu_word *word;
	uint32_t *out;
	const uint32_t *in[3];
	uint32_t first, replaced;
	uint32_t phase; /* of the round that comes next, and the one after which it begins anew */
	uint32_t last_phase;
	const uint32_t *constants;
};

static struct running running(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			      const struct rpu_batch_op *op)
{
	const struct rpu_word *word = &batch->config->words[op->word];
	uint32_t iteration = (uint32_t)(fabric->round - word->stage), period = fabric->period;
	struct running run = {
		.word = word,
		.out = rpu_batch_row(batch, op->word),
		.first = period ? word->first : 0,
		.replaced = word->replaced,
		.phase = period ? iteration % period : iteration,
		.last_phase = period ? period - 1 : UINT32_MAX,
		.constants = fabric->places + rpu_place(word->element, ROAD_RPU_SOURCE_K0),
	};

	for (unsigned k = 0; k < 3; k++)
		run.in[k] = value_of(batch, op->in[k]);
	return run;
}

static uint32_t constant_of(const struct running *run)
{
	return run->constants[(run->word->kfirst + run->phase) % ROAD_RPU_CONSTANTS];
}

static void next_phase(struct running *run)
{
	run->phase = run->phase == run->last_phase ? 0 : run->phase + 1;
}

static uint32_t operand_at(const struct running *run, unsigned k, uint32_t n)
{
	return k == run->replaced && run->phase < run->first ? constant_of(run) : run->in[k][n];
}

static void compute_one(const struct rpu_fabric *fabric, struct running *run, uint32_t n)
{
	uint32_t a = operand_at(run, 0, n), b = operand_at(run, 1, n), c = operand_at(run, 2, n);

	if (run->word->op == ROAD_RPU_OP_lut)
		a = rpu_first_operand(fabric, run->word, a, b);
	run->out[n] = rpu_ops[run->word->op].execute(a, b, c);
	next_phase(run);
}

static void compute_ring(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			 const struct rpu_batch_group *group)
{
	struct running run[RPU_RING_MAX];
	uint32_t count = group->ops.count;

	for (uint32_t i = 0; i < count; i++)
		run[i] = running(fabric, batch, &batch->ops[group->ops.first + i]);
	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
		for (uint32_t i = 0; i < count; i++)
			compute_one(fabric, &run[i], n);
}

/* Rounds from the one that comes next on in which no operand is replaced, up to n. */
static uint32_t rounds_alike(const struct running *run, uint32_t n)
{
	uint32_t rest = run->last_phase - run->phase;

	return !run->first || rest >= n ? n : rest + 1;
}

/* Sums and the like: between replaced operands the rows know how. */
static void compute_fold(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			 const struct rpu_batch_op *op)
{
	struct running run = running(fabric, batch, op);
	rpu_fold_fn fold = batch->rows->fold[run.word->op];
	uint32_t age = op->in[rpu_ops[run.word->op].operands - 1].age;
	uint32_t n = 0, alike;

	while (n < RPU_BATCH_ROUNDS) {
		if (run.phase < run.first) {
			compute_one(fabric, &run, n++);
			continue;
		}
		alike = rounds_alike(&run, RPU_BATCH_ROUNDS - n);
		fold(run.out + n, run.in[0] + n, run.in[1] + n, age, alike);
		run.phase += alike - 1;
		next_phase(&run);
		n += alike;
	}
}

/* The operand with its constants in place. */
static void replace(struct running *run, uint32_t made[RPU_BATCH_ROUNDS])
{
	memcpy(made, run->in[run->replaced], RPU_BATCH_ROUNDS * sizeof(*made));
	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS;) {
		uint32_t alike = 1;

		if (run->phase < run->first)
			made[n] = constant_of(run);
		else
			alike = rounds_alike(run, RPU_BATCH_ROUNDS - n);
		n += alike;
		run->phase += alike - 1;
		next_phase(run);
	}
	run->in[run->replaced] = made;
}

/* What lut, iter and phase take as a. */
static void make_first(const struct rpu_fabric *fabric, struct running *run,
		       uint32_t made[RPU_BATCH_ROUNDS])
{
	uint32_t iteration = (uint32_t)(fabric->round - run->word->stage);

	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++) {
		if (run->word->op == ROAD_RPU_OP_lut)
			made[n] =
				rpu_first_operand(fabric, run->word, run->in[0][n], run->in[1][n]);
		else if (run->word->op == ROAD_RPU_OP_iter)
			made[n] = iteration + n;
		else
			made[n] = run->phase;
		next_phase(run);
	}
	run->in[0] = made;
}

static bool is_special(const struct rpu_word *word)
{
	return word->op == ROAD_RPU_OP_iter || word->op == ROAD_RPU_OP_phase ||
	       word->op == ROAD_RPU_OP_lut;
}

static void compute_row(const struct rpu_fabric *fabric, const struct rpu_batch *batch,
			const struct rpu_batch_op *op)
{
	struct running run = running(fabric, batch, op);
	uint32_t made[2][RPU_BATCH_ROUNDS], phase = run.phase;
	uint32_t (*execute)(uint32_t, uint32_t, uint32_t) = rpu_ops[run.word->op].execute;
	rpu_row_fn row = batch->rows->row[run.word->op];

	if (run.first)
		replace(&run, made[0]);
	run.phase = phase;
	if (is_special(run.word))
		make_first(fabric, &run, made[1]);
	if (row) {
		row(run.out, run.in[0], run.in[1], run.in[2]);
		return;
	}
	for (uint32_t n = 0; n < RPU_BATCH_ROUNDS; n++)
		run.out[n] = execute(run.in[0][n], run.in[1][n], run.in[2][n]);
}

void rpu_batch_compute(struct rpu_fabric *fabric, struct rpu_batch *batch)
{
	rpu_lanes_fetch(fabric, batch);
	for (uint32_t g = 0; g < batch->group_count; g++) {
		const struct rpu_batch_group *group = &batch->groups[g];
		const struct rpu_batch_op *op = &batch->ops[group->ops.first];

		switch (group->kind) {
		case RPU_GROUP_ROW: compute_row(fabric, batch, op); break;
		case RPU_GROUP_FOLD: compute_fold(fabric, batch, op); break;
		default: compute_ring(fabric, batch, group); break;
		}
	}
	rpu_lanes_collect(batch);
}
