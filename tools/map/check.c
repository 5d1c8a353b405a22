/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mapping run with names of values for values. What each operation must find follows from the
 * graph; what it finds, from the words alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/map.h"
#include "tools/map/ops.h"
#include "tools/map/words.h"

#define ITERATIONS 8u /* seen from the first on, besides those that overlap with them */
#define ELEMENTS   (ROAD_RPU_ROWS_MAX * ROAD_RPU_COLUMNS_MAX)

typedef uint32_t tag; /* of a value: 1 + node + MAP_NODES_MAX * iteration; 0: nothing */

struct registers {
	tag self, links[ROAD_RPU_SIDES], regs[ROAD_RPU_REGISTERS];
};
struct flight { /* a result that completes at the end of a cycle */
	tag value;
	unsigned dest;
};
struct checker {
	const struct map_graph *graph;
	const struct map_fabric *fabric;
	const struct map_mapping *mapping;
	struct map_error *error;
	unsigned iterations;
	uint16_t nodes[ROAD_RPU_INTERVAL_MAX * ELEMENTS]; /* 1 + whose word it is; 0: none's */
	struct registers now[ELEMENTS], next[ELEMENTS];
	struct flight flights[ELEMENTS][ROAD_RPU_LATENCY_MAX + 1]; /* by cycle modulo that */
};

static tag tag_of(unsigned node, unsigned iteration)
{
	return 1 + node + MAP_NODES_MAX * iteration;
}

static unsigned operand_source(uint64_t word, unsigned index)
{
	static const unsigned shifts[MAP_OPERANDS] = {ROAD_RPU_WORD_A_SHIFT, ROAD_RPU_WORD_B_SHIFT,
						      ROAD_RPU_WORD_C_SHIFT};

	return map_word_field(word, shifts[index], ROAD_RPU_WORD_SOURCE_MASK);
}

/* What comes in from a side. */
static tag incoming(const struct checker *checker, unsigned element, unsigned side)
{
	int neighbour = map_fabric_neighbour(checker->fabric, element, side);

	return neighbour < 0 ? 0 : checker->now[neighbour].links[(side + 2) % ROAD_RPU_SIDES];
}

static tag read_source(const struct checker *checker, unsigned element, unsigned source)
{
	const struct registers *own = &checker->now[element];

	if (source >= ROAD_RPU_SOURCE_N && source <= ROAD_RPU_SOURCE_W)
		return incoming(checker, element, source - ROAD_RPU_SOURCE_N);
	if (source == ROAD_RPU_SOURCE_SELF)
		return own->self;
	if (source >= ROAD_RPU_SOURCE_R0 && source < ROAD_RPU_SOURCE_K0)
		return own->regs[source - ROAD_RPU_SOURCE_R0];
	return 0; /* constants and streams are no values of the graph */
}

static bool holds_constant(const struct checker *checker, unsigned element, unsigned source,
			   const struct map_operand *operand)
{
	const struct map_constant *constant;

	if (source < ROAD_RPU_SOURCE_K0 || source >= ROAD_RPU_SOURCE_STREAM0)
		return source == ROAD_RPU_SOURCE_ZERO && operand->kind == MAP_CONSTANT &&
		       !operand->bits;
	constant = &checker->mapping->constants[element][source - ROAD_RPU_SOURCE_K0];
	if (operand->kind == MAP_ARGUMENT)
		return constant->kind == MAP_RELOCATED && constant->argument == operand->index;
	return constant->kind == MAP_BITS && constant->bits == operand->bits;
}

/* In first iterations the word itself must say the value. */
static bool first_is_right(const struct checker *checker, unsigned element, uint64_t word,
			   unsigned node, unsigned index)
{
	const struct map_operand *operand = &checker->graph->nodes[node].operands[index];
	const struct map_constant *all = checker->mapping->constants[element];
	unsigned first =
		map_word_field(word, ROAD_RPU_WORD_KFIRST_SHIFT, ROAD_RPU_WORD_KFIRST_MASK);
	bool last = map_word_field(word, ROAD_RPU_WORD_LAST_SHIFT, ROAD_RPU_WORD_LAST_MASK);
	unsigned place = last ? map_ops[checker->graph->nodes[node].op].operands - 1 : 0;

	if (map_word_field(word, ROAD_RPU_WORD_FIRST_SHIFT, ROAD_RPU_WORD_FIRST_MASK) !=
		    operand->distance ||
	    place != index)
		return false;
	for (unsigned i = 0; i < operand->distance; i++) {
		const struct map_constant *constant = &all[(first + i) % ROAD_RPU_CONSTANTS];

		if (constant->kind != MAP_BITS || constant->bits != operand->bits)
			return false;
	}
	return true;
}

static bool operand_is_right(const struct checker *checker, unsigned element, uint64_t word,
			     unsigned node, unsigned index, unsigned iteration)
{
	const struct map_operand *operand = &checker->graph->nodes[node].operands[index];
	unsigned source = operand_source(word, index);

	if (operand->kind == MAP_STREAM)
		return source == ROAD_RPU_SOURCE_STREAM0 + operand->index;
	if (operand->kind != MAP_VALUE)
		return holds_constant(checker, element, source, operand);
	if (operand->distance && !first_is_right(checker, element, word, node, index))
		return false;
	return iteration < operand->distance ||
	       read_source(checker, element, source) ==
		       tag_of(operand->index, iteration - operand->distance);
}

static int wrong(struct checker *checker, unsigned node, const char *what, unsigned iteration)
{
	const struct map_node *found = &checker->graph->nodes[node];
	char seen[64];

	snprintf(seen, sizeof(seen), "iteration %u, element %u", iteration,
		 checker->mapping->places[node].element);
	return map_error_set(checker->error, found->line, found->column, what, seen, strlen(seen),
			     "the mapping that was meant: this is a bug of the mapper");
}

/* Begins the word's operation if it is enabled. */
static int begin(struct checker *checker, unsigned cycle, unsigned element, unsigned step)
{
	const struct map_mapping *mapping = checker->mapping;
	uint64_t word = mapping->words[step * mapping->elements + element];
	unsigned op = map_word_field(word, ROAD_RPU_WORD_OP_SHIFT, ROAD_RPU_WORD_OP_MASK);
	unsigned stage = map_word_field(word, ROAD_RPU_WORD_STAGE_SHIFT, ROAD_RPU_WORD_STAGE_MASK);
	unsigned round = cycle / mapping->interval, node, done;
	struct flight *flight;

	if (!checker->nodes[step * mapping->elements + element] || round < stage ||
	    round - stage >= checker->iterations)
		return 0;
	node = checker->nodes[step * mapping->elements + element] - 1u;
	if (op != checker->graph->nodes[node].op)
		return wrong(checker, node, "a word has another operation", round - stage);
	for (unsigned i = 0; i < map_ops[op].operands; i++)
		if (!operand_is_right(checker, element, word, node, i, round - stage))
			return wrong(checker, node, "an operand is not what it must be",
				     round - stage);
	done = cycle + map_latency(checker->fabric, (enum road_rpu_op)op) - 1;
	flight = &checker->flights[element][done % (ROAD_RPU_LATENCY_MAX + 1)];
	if (flight->value)
		return wrong(checker, node, "two results complete at once", round - stage);
	flight->value = tag_of(node, round - stage);
	flight->dest = map_word_field(word, ROAD_RPU_WORD_DEST_SHIFT, ROAD_RPU_WORD_SOURCE_MASK);
	return 0;
}

static tag passed(const struct checker *checker, unsigned element, uint64_t word, unsigned pass,
		  tag kept)
{
	if (pass == ROAD_RPU_PASS_NONE)
		return kept;
	if (pass == ROAD_RPU_PASS_RESULT)
		return checker->next[element].self;
	if (pass <= ROAD_RPU_PASS_W)
		return incoming(checker, element, pass - ROAD_RPU_PASS_N);
	return read_source(checker, element, operand_source(word, pass - ROAD_RPU_PASS_A));
}

/* All registers of an element as they are at the cycle's end. */
static void end(struct checker *checker, unsigned cycle, unsigned element, unsigned step)
{
	uint64_t word = checker->mapping->words[step * checker->mapping->elements + element];
	struct flight *flight = &checker->flights[element][cycle % (ROAD_RPU_LATENCY_MAX + 1)];
	struct registers *next = &checker->next[element];
	unsigned move = map_word_field(word, ROAD_RPU_WORD_MOVE_SHIFT, ROAD_RPU_WORD_PASS_MASK);
	unsigned reg =
		map_word_field(word, ROAD_RPU_WORD_MOVE_REG_SHIFT, ROAD_RPU_WORD_MOVE_REG_MASK);

	*next = checker->now[element];
	if (flight->value) {
		next->self = flight->value;
		if (flight->dest >= ROAD_RPU_SOURCE_R0 && flight->dest < ROAD_RPU_SOURCE_K0)
			next->regs[flight->dest - ROAD_RPU_SOURCE_R0] = flight->value;
	}
	flight->value = 0;
	for (unsigned side = 0; side < ROAD_RPU_SIDES; side++)
		next->links[side] = passed(
			checker, element, word,
			map_word_field(word,
				       ROAD_RPU_WORD_LINK_SHIFT + ROAD_RPU_WORD_LINK_BITS * side,
				       ROAD_RPU_WORD_PASS_MASK),
			next->links[side]);
	next->regs[reg] = passed(checker, element, word, move, next->regs[reg]);
}

static int check_orders(struct checker *checker)
{
	for (unsigned i = 0; i < checker->graph->order_count; i++) {
		const struct map_order *order = &checker->graph->orders[i];
		unsigned before = checker->mapping->places[order->before].time +
				  map_order_steps(checker->graph, checker->fabric, order);
		unsigned after = checker->mapping->places[order->after].time +
				 order->distance * checker->mapping->interval;

		if (after < before)
			return wrong(checker, order->after, "memory is accessed out of order", 0);
	}
	return 0;
}

static int run(struct checker *checker)
{
	const struct map_mapping *mapping = checker->mapping;
	unsigned cycles = mapping->length + mapping->interval * checker->iterations;

	for (unsigned cycle = 0; cycle < cycles; cycle++) {
		unsigned step = cycle % mapping->interval;

		for (unsigned e = 0; e < mapping->elements; e++)
			if (begin(checker, cycle, e, step))
				return -1;
		for (unsigned e = 0; e < mapping->elements; e++)
			end(checker, cycle, e, step);
		memcpy(checker->now, checker->next, sizeof(checker->now));
	}
	return check_orders(checker);
}

int map_check(const struct map_graph *graph, const struct map_fabric *fabric,
	      const struct map_mapping *mapping, struct map_error *error)
{
	struct checker *checker = calloc(1, sizeof(*checker));
	int bad;

	if (!checker)
		return map_error_set(error, 0, 0, "out of memory", "none", 4, "some");
	checker->graph = graph;
	checker->fabric = fabric;
	checker->mapping = mapping;
	checker->error = error;
	checker->iterations = ITERATIONS + mapping->length / mapping->interval;
	for (unsigned n = 0; n < graph->node_count; n++)
		checker->nodes[mapping->places[n].time % mapping->interval * mapping->elements +
			       mapping->places[n].element] = (uint16_t)(n + 1);
	bad = run(checker);
	free(checker);
	return bad;
}
