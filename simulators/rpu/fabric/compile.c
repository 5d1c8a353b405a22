/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled mode: what every step does while all its words are enabled, as lists.
 *
 * Operands that a place alone does not give (FIRST, the iteration, tables) are made first. Then ops
 * write results, none of which is read in this cycle. Then come moves between registers, put in
 * such an order that each reads before its source is overwritten (a ring of moves goes by way of a
 * spare place); last the results that complete, which only write.
 */
#include <stdlib.h>

#include "simulators/rpu/fabric/internal.h"

struct fast_op {
	uint16_t op, element, lag;
	uint16_t operand[3]; /* places */
};

struct fast_move {
	uint16_t to, from; /* places; of a completion: from is the element */
};

/* An operand that is made: into `to`, as the word's n-th; executor: as its executor takes it. */
struct fast_make {
	uint32_t word;
	uint16_t to;
	uint8_t n;
	bool executor;
};

struct fast_step {
	struct rpu_range makes, ops, moves, completions;
	uint32_t counted; /* enabled ops */
};

struct rpu_compiled {
	struct fast_step steps[ROAD_RPU_INTERVAL_MAX];
	struct fast_make *makes;
	struct fast_op *ops;
	struct fast_move *moves, *completions;
	uint32_t make_count, op_count, move_count, completion_count;
	uint32_t places; /* made operands in a step at most, and one for rings of moves */
};

/* Room for one step's lists while they are made. */
struct making {
	struct rpu_compiled *compiled;
	const struct rpu_config *config;
	struct fast_step *step;
	uint32_t spare;                                        /* place for rings */
	uint8_t completes[RPU_ELEMENTS_MAX];                   /* in this step */
	struct fast_move moves[RPU_ELEMENTS_MAX * RPU_PASSES]; /* in no order */
	uint32_t count;
};

static uint16_t made(struct making *m, uint32_t index, unsigned n, bool executor)
{
	struct fast_make *make = &m->compiled->makes[m->compiled->make_count++];

	*make = (struct fast_make){
		.word = index,
		.to = (uint16_t)rpu_scratch_place(m->config, 1 + m->step->makes.count),
		.n = (uint8_t)n,
		.executor = executor,
	};
	m->step->makes.count++;
	if (m->step->makes.count + 1 > m->compiled->places)
		m->compiled->places = m->step->makes.count + 1;
	return make->to;
}

static void add_passes(struct making *m, const struct rpu_word *word, const uint16_t place[3])
{
	for (unsigned p = 0; p < word->passes; p++) {
		uint16_t from = word->pass[p].from;

		if (from == RPU_FROM_A)
			from = place[0];
		else if (from == RPU_FROM_B)
			from = place[1];
		else if (from == RPU_FROM_RESULT && m->completes[word->element])
			continue; /* with the completions */
		else if (from == RPU_FROM_RESULT)
			from = (uint16_t)rpu_place(word->element, ROAD_RPU_SOURCE_SELF);
		if (from != word->pass[p].to)
			m->moves[m->count++] = (struct fast_move){word->pass[p].to, from};
	}
}

static void add_word(struct making *m, uint32_t index)
{
	const struct rpu_word *word = &m->config->words[index];
	struct rpu_compiled *compiled = m->compiled;
	uint16_t shown[3], taken[3]; /* what passes see, what the op takes */

	for (unsigned n = 0; n < 3; n++) {
		shown[n] = word->operand[n];
		if (word->first && n == word->replaced)
			shown[n] = made(m, index, n, false);
		taken[n] = shown[n];
	}
	if (word->op == ROAD_RPU_OP_iter || word->op == ROAD_RPU_OP_phase ||
	    word->op == ROAD_RPU_OP_lut)
		taken[0] = made(m, index, 0, true);
	add_passes(m, word, shown);
	if (word->op == ROAD_RPU_OP_nop)
		return;
	m->step->counted++;
	if (word->memory && !word->store)
		return; /* the access has its result in place */
	compiled->ops[compiled->op_count++] = (struct fast_op){
		.op = word->op,
		.element = word->element,
		.lag = word->lag,
		.operand = {taken[0], taken[1], taken[2]},
	};
	m->step->ops.count++;
}

static void add_completion(struct making *m, uint32_t to, uint32_t element)
{
	m->compiled->completions[m->compiled->completion_count++] =
		(struct fast_move){(uint16_t)to, (uint16_t)element};
	m->step->completions.count++;
}

static void add_completions(struct making *m, const struct rpu_step *step)
{
	const struct rpu_config *config = m->config;

	for (uint32_t i = 0; i < step->done.count; i++) {
		const struct rpu_word *word = &config->words[config->done[step->done.first + i]];

		add_completion(m, rpu_place(word->element, ROAD_RPU_SOURCE_SELF), word->element);
		if (word->destination)
			add_completion(m, word->destination, word->element);
	}
	for (uint32_t i = 0; i < step->words.count; i++) {
		const struct rpu_word *word = &config->words[step->words.first + i];

		for (unsigned p = 0; p < word->passes; p++)
			if (word->pass[p].from == RPU_FROM_RESULT && m->completes[word->element])
				add_completion(m, word->pass[p].to, word->element);
	}
}

static bool is_read(const struct making *m, uint16_t place, uint32_t but)
{
	for (uint32_t i = 0; i < m->count; i++)
		if (i != but && m->moves[i].from == place)
			return true;
	return false;
}

static void emit(struct making *m, struct fast_move move)
{
	m->compiled->moves[m->compiled->move_count++] = move;
	m->step->moves.count++;
}

/* Moves whose target nobody reads any more go first; if there is none, all left are rings. */
static void order_moves(struct making *m)
{
	while (m->count) {
		bool moved = false;

		for (uint32_t i = 0; i < m->count;) {
			if (is_read(m, m->moves[i].to, i)) {
				i++;
				continue;
			}
			emit(m, m->moves[i]);
			m->moves[i] = m->moves[--m->count];
			moved = true;
		}
		if (moved)
			continue;
		/* who reads the first target reads the spare place instead */
		emit(m, (struct fast_move){(uint16_t)m->spare, m->moves[0].to});
		for (uint32_t i = 1; i < m->count; i++)
			if (m->moves[i].from == m->moves[0].to)
				m->moves[i].from = (uint16_t)m->spare;
	}
}

static int by_op(const void *a, const void *b)
{
	const struct fast_op *x = a, *y = b;

	return x->op != y->op ? x->op - y->op : x->element - y->element;
}

static void compile_step(struct making *m, const struct rpu_step *step)
{
	struct rpu_compiled *compiled = m->compiled;

	m->step->makes.first = compiled->make_count;
	m->step->ops.first = compiled->op_count;
	m->step->moves.first = compiled->move_count;
	m->step->completions.first = compiled->completion_count;
	m->count = 0;
	for (uint32_t e = 0; e < RPU_ELEMENTS_MAX; e++)
		m->completes[e] = 0;
	for (uint32_t i = 0; i < step->done.count; i++)
		m->completes[m->config->words[m->config->done[step->done.first + i]].element] = 1;
	for (uint32_t i = 0; i < step->words.count; i++)
		add_word(m, step->words.first + i);
	add_completions(m, step);
	order_moves(m);
	/* equal ops side by side: the host's branch predictor likes them so */
	qsort(compiled->ops + m->step->ops.first, m->step->ops.count, sizeof(*compiled->ops),
	      by_op);
}

struct rpu_compiled *rpu_compile(const struct rpu_config *config)
{
	struct rpu_compiled *compiled = calloc(1, sizeof(*compiled));
	struct making *m = calloc(1, sizeof(*m));
	size_t words = config->word_count + 1;

	if (!compiled || !m)
		goto fail;
	compiled->makes = calloc(words * 2, sizeof(*compiled->makes));
	compiled->ops = calloc(words, sizeof(*compiled->ops));
	/* each ring needs one more */
	compiled->moves = calloc(words * RPU_PASSES * 2, sizeof(*compiled->moves));
	compiled->completions = calloc(words * (RPU_PASSES + 2), sizeof(*compiled->completions));
	if (!compiled->makes || !compiled->ops || !compiled->moves || !compiled->completions)
		goto fail;
	compiled->places = 1;
	m->compiled = compiled;
	m->config = config;
	m->spare = rpu_scratch_place(config, 0);
	for (uint32_t s = 0; s < config->interval; s++) {
		m->step = &compiled->steps[s];
		compile_step(m, &config->steps[s]);
	}
	free(m);
	return compiled;

fail:
	free(m);
	rpu_compiled_free(compiled);
	return NULL;
}

void rpu_compiled_free(struct rpu_compiled *compiled)
{
	if (!compiled)
		return;
	free(compiled->completions);
	free(compiled->moves);
	free(compiled->ops);
	free(compiled->makes);
	free(compiled);
}

uint32_t rpu_compiled_places(const struct rpu_compiled *compiled)
{
	return compiled ? compiled->places : 0;
}

/* ---- running ---- */

static void make_operands(struct rpu_fabric *fabric, const struct fast_step *step)
{
	const struct fast_make *make = fabric->compiled->makes + step->makes.first;

	for (uint32_t i = 0; i < step->makes.count; i++) {
		const struct rpu_word *word = &fabric->config->words[make[i].word];
		uint32_t value = rpu_operand(fabric, word, make[i].n);

		if (make[i].executor)
			value = rpu_first_operand(fabric, word, value,
						  rpu_operand(fabric, word, 1));
		fabric->places[make[i].to] = value;
	}
}

static inline uint32_t execute(uint32_t op, uint32_t a, uint32_t b, uint32_t c)
{
	switch (op) {
#define OP(name, operands, class, text) \
	case ROAD_RPU_OP_##name:        \
		return rpu_op_##name(a, b, c);
#include "uapi/rpu/ops.def"
#undef OP
	default: return 0;
	}
}

static void execute_ops(struct rpu_fabric *fabric, const struct fast_step *step)
{
	const struct fast_op *op = fabric->compiled->ops + step->ops.first;
	const struct fast_op *end = op + step->ops.count;
	const uint32_t *places = fabric->places;
	uint32_t *results = fabric->results;
	uint32_t at = (uint32_t)fabric->at, mask = fabric->config->ring - 1;
	uint32_t elements = fabric->config->elements;

	for (; op < end; op++)
		results[((at + op->lag) & mask) * elements + op->element] =
			execute(op->op, places[op->operand[0]], places[op->operand[1]],
				places[op->operand[2]]);
}

void rpu_advance_compiled(struct rpu_fabric *fabric)
{
	const struct rpu_compiled *compiled = fabric->compiled;
	const struct fast_step *step = &compiled->steps[fabric->step];
	const struct fast_move *move = compiled->moves + step->moves.first;
	const struct fast_move *completion = compiled->completions + step->completions.first;
	const uint32_t *results = rpu_results_at(fabric, fabric->at);
	uint32_t *places = fabric->places;

	make_operands(fabric, step);
	execute_ops(fabric, step);
	for (uint32_t i = 0; i < step->moves.count; i++)
		places[move[i].to] = places[move[i].from];
	for (uint32_t i = 0; i < step->completions.count; i++)
		places[completion[i].to] = results[completion[i].from];
	fabric->counters.element_ops += step->counted;
}
