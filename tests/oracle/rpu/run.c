/* SPDX-License-Identifier: Apache-2.0 */
/* A graph, iteration by iteration. */
#include <string.h>

#include "tests/oracle/rpu/graph.h"

#define KEPT 4 /* iterations that values are kept for: the greatest distance and this one */

struct running {
	struct oracle_graph *graph;
	uint8_t *memory;
	size_t bytes;
	int64_t iteration, period, indices[ORACLE_LOOPS];
	uint32_t values[ORACLE_NODES][KEPT];
	int64_t made[ORACLE_NODES]; /* the iteration that values[] are up to */
	int bad;
};

/* A field of memory, or a spare one if it does not lie there. */
static uint8_t *place(struct running *running, int64_t address, unsigned bytes)
{
	static uint8_t spare[4];

	if (address >= 0 && (uint64_t)address + bytes <= running->bytes)
		return running->memory + address;
	running->bad = -1;
	return spare;
}

static uint32_t load(struct running *running, int64_t address, unsigned bytes, int with_sign)
{
	uint32_t value = 0;

	memcpy(&value, place(running, address, bytes), bytes);
	if (with_sign && bytes == 1)
		value = (uint32_t)(int8_t)value;
	if (with_sign && bytes == 2)
		value = (uint32_t)(int16_t)value;
	return value;
}

static unsigned element_bytes(const struct oracle_stream *stream)
{
	if (!strcmp(stream->second, "s8") || !strcmp(stream->second, "u8"))
		return 1;
	return !strcmp(stream->second, "s16") || !strcmp(stream->second, "u16") ? 2 : 4;
}

static int64_t address_of(struct running *running, const struct oracle_stream *stream)
{
	int64_t element = stream->offset;

	for (unsigned i = 0; i < running->graph->loop_count; i++)
		element += stream->strides[i] * running->indices[i];
	if (stream->index_bytes)
		element = load(running, stream->index_base + element * stream->index_bytes,
			       stream->index_bytes, 0);
	return stream->base + element * element_bytes(stream);
}

static uint32_t pop(struct running *running, const struct oracle_stream *stream)
{
	int64_t counted = stream->offset;

	for (unsigned i = 0; i < running->graph->loop_count; i++)
		counted += stream->strides[i] * running->indices[i];
	if (!strcmp(stream->kind, "counter"))
		return (uint32_t)counted;
	return load(running, address_of(running, stream), element_bytes(stream),
		    stream->second[0] == 's');
}

static void push(struct running *running, struct oracle_stream *stream, uint32_t value)
{
	static const char *const folds[][2] = {{"add", "add"},   {"min", "min"},
					       {"max", "max"},   {"fadd", "fadd"},
					       {"fmin", "fmin"}, {"fmax", "fmax"}};
	unsigned inner = running->graph->loop_count - 1;

	if (!strcmp(stream->kind, "reduce") && running->indices[inner]) {
		const uint32_t operands[3] = {stream->folded, value, 0};

		for (unsigned i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
			if (!strcmp(stream->second, folds[i][0]))
				oracle_operate(folds[i][1], operands, &value);
	}
	stream->folded = value;
	memcpy(place(running, address_of(running, stream), element_bytes(stream)), &value,
	       element_bytes(stream));
}

static uint32_t operand_value(struct running *running, const struct oracle_operand *operand);

static void make(struct running *running, unsigned index)
{
	struct oracle_node *node = &running->graph->nodes[index];
	uint32_t operands[3] = {0}, result = 0;

	if (running->made[index] == running->iteration)
		return;
	running->made[index] = running->iteration;
	for (unsigned i = 0; i < node->operand_count; i++)
		operands[i] = operand_value(running, &node->operands[i]);
	if (!strcmp(node->op, "ld32")) {
		result = load(running, (uint32_t)(operands[0] + operands[1]), 4, 0);
	} else if (!strcmp(node->op, "st32") || !strcmp(node->op, "stif32")) {
		result = operands[1];
		if (node->op[2] != 'i' || operands[2])
			memcpy(place(running, operands[0], 4), &result, 4);
	} else if (!strcmp(node->op, "iter")) {
		result = (uint32_t)running->iteration;
	} else if (!strcmp(node->op, "phase")) {
		result = (uint32_t)(running->iteration % running->period);
	} else if (oracle_operate(node->op, operands, &result)) {
		running->bad = -1;
	}
	running->values[index][running->iteration % KEPT] = result;
	if (node->push >= 0)
		push(running, &running->graph->streams[node->push], result);
}

static uint32_t operand_value(struct running *running, const struct oracle_operand *operand)
{
	if (operand->kind == ORACLE_NUMBER)
		return operand->bits;
	if (operand->kind == ORACLE_STREAM)
		return pop(running, &running->graph->streams[operand->index]);
	if (operand->distance) {
		if (running->iteration % running->period < operand->distance)
			return operand->bits;
		return running
			->values[operand->index][(running->iteration - operand->distance) % KEPT];
	}
	make(running, (unsigned)operand->index);
	return running->values[operand->index][running->iteration % KEPT];
}

int oracle_run(struct oracle_graph *graph, uint8_t *memory, size_t bytes)
{
	static struct running running;
	int64_t iterations = 1, period = 1;

	running = (struct running){.graph = graph, .memory = memory, .bytes = bytes};
	for (unsigned i = 0; i < graph->loop_count; i++) {
		iterations *= graph->counts[i];
		period *= i >= graph->period_loop ? graph->counts[i] : 1;
	}
	running.period = graph->period_loop ? period : INT64_MAX;
	for (unsigned n = 0; n < graph->node_count; n++)
		running.made[n] = -1;
	for (; running.iteration < iterations; running.iteration++) {
		int64_t rest = running.iteration;

		for (unsigned i = graph->loop_count; i-- > 0; rest /= graph->counts[i])
			running.indices[i] = rest % graph->counts[i];
		for (unsigned n = 0; n < graph->node_count; n++)
			make(&running, n);
	}
	return running.bad;
}
