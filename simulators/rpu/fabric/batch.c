/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch computes in which order: made once for a configuration. */
#include "simulators/rpu/fabric/batch.h"

#include <stdlib.h>
#include <string.h>

/* Who writes a place at a step's end: nobody, a word's completion, a pass from another place. */
#define WRITER_COMPLETION 0x10000u
#define WRITER_PASS       0x20000u
#define WRITER_UNKNOWN    0x30000u /* a replaced operand that is passed on */
#define WRITER_KIND       0x30000u

struct tracing {
	struct rpu_batch *batch;
	const struct rpu_config *config;
	uint32_t places;
	uint32_t *writers; /* by step and place */
	/* for the order of ops */
	uint32_t *number, *low, *stack, *by_word;
	bool *stacked;
	uint32_t numbered, depth;
	struct rpu_batch_op *found;
};

static uint32_t *writer(struct tracing *t, uint32_t step, uint32_t place)
{
	return &t->writers[(size_t)step * t->places + place];
}

static uint32_t pass_writer(const struct rpu_word *word, uint16_t from, bool completes,
			    uint32_t completing)
{
	unsigned n = from == RPU_FROM_B;

	switch (from) {
	case RPU_FROM_RESULT:
		return completes ? WRITER_COMPLETION | completing
				 : WRITER_PASS | rpu_place(word->element, ROAD_RPU_SOURCE_SELF);
	case RPU_FROM_A:
	case RPU_FROM_B:
		return word->first && word->replaced == n ? WRITER_UNKNOWN
							  : WRITER_PASS | word->operand[n];
	default: return WRITER_PASS | from;
	}
}

static void find_writers(struct tracing *t, uint32_t s)
{
	const struct rpu_config *config = t->config;
	const struct rpu_step *step = &config->steps[s];
	uint32_t completing[RPU_ELEMENTS_MAX];

	memset(completing, 0xff, sizeof(completing));
	for (uint32_t i = 0; i < step->done.count; i++) {
		uint32_t index = config->done[step->done.first + i];
		const struct rpu_word *word = &config->words[index];

		completing[word->element] = index;
		*writer(t, s, rpu_place(word->element, ROAD_RPU_SOURCE_SELF)) =
			WRITER_COMPLETION | index;
		if (word->destination)
			*writer(t, s, word->destination) = WRITER_COMPLETION | index;
	}
	for (uint32_t i = 0; i < step->words.count; i++) {
		const struct rpu_word *word = &config->words[step->words.first + i];
		uint32_t result = completing[word->element];

		for (unsigned p = 0; p < word->passes; p++)
			*writer(t, s, word->pass[p].to) =
				pass_writer(word, word->pass[p].from, result != UINT32_MAX, result);
	}
}

static bool pop_at(struct tracing *t, uint32_t step, uint32_t stream, uint16_t *series)
{
	const struct rpu_range *pops = &t->config->steps[step].pops;

	for (uint32_t i = 0; i < pops->count; i++)
		if (t->config->pops[pops->first + i].stream == stream) {
			*series = (uint16_t)(t->batch->pop_series + pops->first + i);
			return true;
		}
	return false;
}

static bool constant(struct tracing *t, uint32_t place, struct rpu_ref *ref)
{
	struct rpu_batch *batch = t->batch;
	uint32_t i = 0;

	while (i < batch->constant_count && batch->constants[i] != place)
		i++;
	batch->constants[i] = (uint16_t)place;
	if (i == batch->constant_count)
		batch->constant_count++;
	*ref = (struct rpu_ref){(uint16_t)(batch->constant_series + i), 0};
	return true;
}

/* Who last wrote the place before the step begins; *step and *age go back to it. */
static uint32_t last_writer(struct tracing *t, uint32_t place, uint32_t *step, uint32_t *age)
{
	uint32_t interval = t->config->interval, s = *step;

	for (uint32_t k = 0; k < interval; k++) {
		*age += s == 0;
		s = (s + interval - 1) % interval;
		if (*writer(t, s, place)) {
			*step = s;
			return *writer(t, s, place);
		}
	}
	return 0;
}

/* What a place holds when a step begins. */
static bool trace(struct tracing *t, uint32_t place, uint32_t step, struct rpu_ref *ref)
{
	uint32_t interval = t->config->interval, age = 0;

	while (age <= RPU_HISTORY_MAX) {
		uint32_t by = last_writer(t, place, &step, &age);

		if (!by)
			return constant(t, place, ref);
		if ((by & WRITER_KIND) == WRITER_UNKNOWN)
			return false;
		if ((by & WRITER_KIND) == WRITER_COMPLETION) {
			const struct rpu_word *word = &t->config->words[by & 0xffffu];

			age += (word->step + word->lag) / interval;
			*ref = (struct rpu_ref){(uint16_t)(by & 0xffffu), (uint16_t)age};
			return age <= RPU_HISTORY_MAX;
		}
		place = by & 0xffffu;
		if (place >= rpu_token_place(t->config, 0)) {
			ref->age = (uint16_t)age;
			return age <= RPU_HISTORY_MAX &&
			       pop_at(t, step, place - rpu_token_place(t->config, 0), &ref->series);
		}
	}
	return false;
}

static bool trace_operand(struct tracing *t, const struct rpu_word *word, unsigned n,
			  struct rpu_ref *ref)
{
	/* what the op does not take is not waited for; place 0 is never written */
	uint32_t place = n < rpu_ops[word->op].operands ? word->operand[n] : 0;

	if (place < rpu_token_place(t->config, 0))
		return trace(t, place, word->step, ref);
	ref->age = 0;
	return pop_at(t, word->step, place - rpu_token_place(t->config, 0), &ref->series);
}

static void remember(struct rpu_batch *batch, struct rpu_ref ref)
{
	if (ref.age > batch->history)
		batch->history = ref.age;
}

static bool trace_ops(struct tracing *t)
{
	for (uint32_t w = 0; w < t->config->word_count; w++) {
		const struct rpu_word *word = &t->config->words[w];
		struct rpu_batch_op *op = &t->found[w];

		op->word = w;
		for (unsigned n = 0; word->op != ROAD_RPU_OP_nop && n < 3; n++) {
			if (!trace_operand(t, word, n, &op->in[n]))
				return false;
			remember(t->batch, op->in[n]);
		}
		if ((word->step + word->lag) / t->config->interval > t->batch->history)
			t->batch->history = (word->step + word->lag) / t->config->interval;
	}
	return t->batch->history <= RPU_HISTORY_MAX;
}

static bool is_written(struct tracing *t, uint32_t place)
{
	for (uint32_t s = 0; s < t->config->interval; s++)
		if (*writer(t, s, place))
			return true;
	return false;
}

static bool trace_places(struct tracing *t)
{
	struct rpu_batch *batch = t->batch;

	for (uint32_t place = 0; place < t->places; place++) {
		struct rpu_batch_place *at = &batch->places[batch->place_count];

		if (!is_written(t, place))
			continue;
		at->place = (uint16_t)place;
		if (!trace(t, place, 0, &at->ref))
			return false;
		remember(batch, at->ref);
		batch->place_count++;
	}
	return true;
}

/* ---- order: components of what depends on each other (Tarjan), dependencies first ---- */

static void close_component(struct tracing *t, uint32_t root, bool on_itself)
{
	struct rpu_batch *batch = t->batch;
	struct rpu_batch_group *group = &batch->groups[batch->group_count++];
	uint32_t word;

	group->ops.first = batch->op_count;
	do {
		word = t->stack[--t->depth];
		t->stacked[word] = false;
		batch->ops[batch->op_count++] = t->found[word];
	} while (word != root);
	group->ops.count = batch->op_count - group->ops.first;
	group->kind = on_itself || group->ops.count > 1 ? RPU_GROUP_RING : RPU_GROUP_ROW;
}

/* Depth is bounded by the words of a configuration that may take part. */
static void visit(struct tracing *t, uint32_t word)
{
	bool on_itself = false;

	t->number[word] = t->low[word] = ++t->numbered;
	t->stack[t->depth++] = word;
	t->stacked[word] = true;
	for (unsigned n = 0; n < 3; n++) {
		uint32_t other = t->found[word].in[n].series;

		if (other >= t->batch->pop_series)
			continue;
		on_itself |= other == word;
		if (!t->number[other]) {
			visit(t, other);
			t->low[word] = t->low[other] < t->low[word] ? t->low[other] : t->low[word];
		} else if (t->stacked[other] && t->number[other] < t->low[word]) {
			t->low[word] = t->number[other];
		}
	}
	if (t->low[word] == t->number[word])
		close_component(t, word, on_itself);
}

static int by_step(const void *a, const void *b)
{
	const struct rpu_batch_op *x = a, *y = b; /* words are listed by step */

	return x->word < y->word ? -1 : x->word > y->word;
}

static bool is_commutative(uint32_t op)
{
	switch (op) {
	case ROAD_RPU_OP_add:
	case ROAD_RPU_OP_xor:
	case ROAD_RPU_OP_min:
	case ROAD_RPU_OP_max:
	case ROAD_RPU_OP_minu:
	case ROAD_RPU_OP_maxu:
	case ROAD_RPU_OP_fadd:
	case ROAD_RPU_OP_fmul:
	case ROAD_RPU_OP_fmin:
	case ROAD_RPU_OP_fmax: return true;
	default: return false;
	}
}

/* Whether the last operand alone is the op's own result, of a round before. */
static bool folds(const struct tracing *t, const struct rpu_batch_op *op)
{
	uint32_t number = t->config->words[op->word].op, last = rpu_ops[number].operands - 1u;

	if (!t->batch->rows->fold[number] || op->in[last].series != op->word)
		return false;
	for (uint32_t n = 0; n < last; n++)
		if (op->in[n].series == op->word)
			return false;
	return true;
}

/* A ring of one op that rows can compute after all. */
static void find_fold(const struct tracing *t, struct rpu_batch_group *group)
{
	struct rpu_batch_op *op = &t->batch->ops[group->ops.first];
	const struct rpu_word *word = &t->config->words[op->word];
	struct rpu_ref swapped = op->in[0];

	if (!folds(t, op) && is_commutative(word->op) && !word->first) {
		op->in[0] = op->in[1];
		op->in[1] = swapped;
	}
	if (folds(t, op))
		group->kind = RPU_GROUP_FOLD;
}

/* False: there is a ring that is too long. */
static bool order_ops(struct tracing *t)
{
	struct rpu_batch *batch = t->batch;

	for (uint32_t w = 0; w < t->config->word_count; w++)
		if (t->config->words[w].op != ROAD_RPU_OP_nop && !t->number[w])
			visit(t, w);
	for (uint32_t g = 0; g < batch->group_count; g++) {
		struct rpu_batch_group *group = &batch->groups[g];

		qsort(batch->ops + group->ops.first, group->ops.count, sizeof(*batch->ops),
		      by_step);
		if (group->kind == RPU_GROUP_RING && group->ops.count == 1)
			find_fold(t, group);
		if (group->ops.count > RPU_RING_MAX)
			return false;
	}
	return true;
}

/* ---- making ---- */

static bool allocate(struct tracing *t)
{
	const struct rpu_config *config = t->config;
	struct rpu_batch *batch = t->batch;
	size_t words = config->word_count + 1;

	batch->ops = calloc(words, sizeof(*batch->ops));
	batch->groups = calloc(words, sizeof(*batch->groups));
	batch->places = calloc(t->places + 1, sizeof(*batch->places));
	batch->constants = calloc(t->places + 1, sizeof(*batch->constants));
	t->writers = calloc((size_t)config->interval * t->places, sizeof(*t->writers));
	t->number = calloc(words, sizeof(*t->number));
	t->low = calloc(words, sizeof(*t->low));
	t->stack = calloc(words, sizeof(*t->stack));
	t->stacked = calloc(words, sizeof(*t->stacked));
	t->found = calloc(words, sizeof(*t->found));
	return batch->ops && batch->groups && batch->places && batch->constants && t->writers &&
	       t->number && t->low && t->stack && t->stacked && t->found;
}

static bool fill(struct tracing *t)
{
	const struct rpu_config *config = t->config;
	struct rpu_batch *batch = t->batch;

	if (!allocate(t))
		return false;
	for (uint32_t s = 0; s < config->interval; s++)
		find_writers(t, s);
	if (!trace_ops(t) || !trace_places(t) || !order_ops(t))
		return false;
	batch->series = batch->constant_series + batch->constant_count;
	batch->stride = batch->history + RPU_BATCH_ROUNDS;
	batch->from = config->all_from + (batch->history + 1) * (uint64_t)config->interval;
	batch->values = calloc((size_t)batch->series * batch->stride, sizeof(*batch->values));
	return batch->values && rpu_lanes_make(batch);
}

#define WORDS_MAX 1024u /* more would need too deep a recursion, and gain little */

struct rpu_batch *rpu_batch_make(const struct rpu_config *config)
{
	struct rpu_batch *batch;
	struct tracing t = {.config = config, .places = rpu_token_place(config, 0)};
	const struct rpu_step *last = &config->steps[config->interval - 1];
	bool made;

	if (config->access_count || rpu_stepwise(&config->params) || !config->ops ||
	    config->word_count > WORDS_MAX)
		return NULL;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return NULL;
	batch->config = config;
	batch->rows = rpu_row_ops_in_use();
	batch->pop_series = config->word_count;
	batch->constant_series = config->word_count + last->pops.first + last->pops.count;
	t.batch = batch;
	made = fill(&t);
	free(t.found);
	free(t.stacked);
	free(t.stack);
	free(t.low);
	free(t.number);
	free(t.writers);
	if (made)
		return batch;
	rpu_batch_free(batch);
	return NULL;
}

void rpu_batch_free(struct rpu_batch *batch)
{
	if (!batch)
		return;
	free(batch->banks);
	free(batch->tokens);
	free(batch->accesses);
	free(batch->moving);
	free(batch->moves);
	free(batch->values);
	free(batch->constants);
	free(batch->places);
	free(batch->groups);
	free(batch->ops);
	free(batch);
}
