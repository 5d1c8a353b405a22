/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The meaning of a dataflow graph: its text, run iteration by iteration on plain memory. It shares
 * nothing with the mapper nor with the fabric: parser and arithmetic are its own.
 */
#ifndef TESTS_ORACLE_RPU_GRAPH_H
#define TESTS_ORACLE_RPU_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#define ORACLE_NODES     256
#define ORACLE_STREAMS   12
#define ORACLE_ARGUMENTS 16
#define ORACLE_LOOPS     4

struct oracle_operand {
	enum { ORACLE_NODE, ORACLE_STREAM, ORACLE_NUMBER } kind;
	char name[32];
	int index;
	unsigned distance;
	uint32_t bits;
};
struct oracle_node {
	char name[32], op[16];
	struct oracle_operand operands[3];
	unsigned operand_count;
	int push; /* stream; -1: none */
};
struct oracle_stream {
	char name[32], kind[16], second[16];
	uint32_t base, index_base;
	unsigned index_bytes;
	int64_t offset, strides[ORACLE_LOOPS];
	uint32_t folded;
};
struct oracle_graph {
	struct oracle_node nodes[ORACLE_NODES];
	struct oracle_stream streams[ORACLE_STREAMS];
	char arguments[ORACLE_ARGUMENTS][32], loops[ORACLE_LOOPS][32];
	int64_t counts[ORACLE_LOOPS];
	unsigned node_count, stream_count, argument_count, loop_count, period_loop;
	const uint32_t *values; /* of the arguments: numbers, or where arrays begin in memory */
};

/* 0, or the line that is not understood. The values must stay. */
unsigned oracle_read(const char *text, const uint32_t *values, struct oracle_graph *graph);
/* What an operation makes of its operands; -1: no such operation. */
int oracle_operate(const char *op, const uint32_t *operands, uint32_t *result);
/* Runs all iterations. 0, or -1: an access beyond the memory, or no such operation. */
int oracle_run(struct oracle_graph *graph, uint8_t *memory, size_t bytes);

#endif
