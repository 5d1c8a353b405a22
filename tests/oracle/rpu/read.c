/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a graph, split at blanks and commas. What is wrong is the mapper's to say. */
#include "tests/oracle/rpu/graph.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS 16

static int find(const char *name, const void *list, size_t stride, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(name, (const char *)list + i * stride))
			return (int)i;
	return -1;
}

static int64_t number(const struct oracle_graph *graph, const char *word)
{
	int argument = find(word, graph->arguments, 32, graph->argument_count);

	return argument >= 0 ? (int32_t)graph->values[argument] : strtoll(word, NULL, 0);
}

static uint32_t literal(const char *word)
{
	float real;
	uint32_t bits;

	if (!strpbrk(word, ".eE") || !strncmp(word, "0x", 2))
		return (uint32_t)strtoll(word, NULL, 0);
	real = strtof(word, NULL);
	memcpy(&bits, &real, sizeof(bits));
	return bits;
}

static void operand(const struct oracle_graph *graph, const char *word, struct oracle_operand *out)
{
	int argument = find(word, graph->arguments, 32, graph->argument_count);
	int stream = find(word, graph->streams, sizeof(graph->streams[0]), graph->stream_count);
	const char *at = strchr(word, '@'), *open = strchr(word, '(');

	out->kind = ORACLE_NUMBER;
	if (argument >= 0) {
		out->bits = graph->values[argument];
	} else if (stream >= 0) {
		out->kind = ORACLE_STREAM;
		out->index = stream;
	} else if ((*word >= '0' && *word <= '9') || *word == '-') {
		out->bits = literal(word);
	} else {
		out->kind = ORACLE_NODE;
		snprintf(out->name, sizeof(out->name), "%.*s", (int)strcspn(word, "@"), word);
		out->distance = at ? (unsigned)strtoul(at + 1, NULL, 10) : 0;
		out->bits = open ? literal(open + 1) : 0;
	}
}

static void read_stream(struct oracle_graph *graph, char **words, unsigned count)
{
	struct oracle_stream *stream = &graph->streams[graph->stream_count++];
	char *dot = strchr(words[2], '.');
	unsigned at = 3;

	snprintf(stream->name, sizeof(stream->name), "%s", words[1]);
	if (dot) {
		*dot = 0;
		snprintf(stream->second, sizeof(stream->second), "%s", dot + 1);
		stream->base = (uint32_t)number(graph, words[at++]);
	}
	snprintf(stream->kind, sizeof(stream->kind), "%s", words[2]);
	if (at < count && !strncmp(words[at], "via.", 4)) {
		stream->index_bytes =
			(unsigned)strtoul(words[at] + strcspn(words[at], "0123456789"), NULL, 10) /
			8;
		stream->index_base = (uint32_t)number(graph, words[at + 1]);
		at += 2;
	}
	if (at < count && !strcmp(words[at], "+")) {
		stream->offset = number(graph, words[at + 1]);
		at += 2;
	}
	for (unsigned i = 0; i < graph->loop_count && at < count; i++)
		stream->strides[i] = number(graph, words[at++]);
}

static void read_node(struct oracle_graph *graph, char **words, unsigned count)
{
	struct oracle_node *node = &graph->nodes[graph->node_count++];
	unsigned at = count > 1 && !strcmp(words[1], "=") ? 2 : 0;

	node->push = -1;
	if (at)
		snprintf(node->name, sizeof(node->name), "%s", words[0]);
	snprintf(node->op, sizeof(node->op), "%s", words[at++]);
	while (at < count && node->operand_count < 3)
		operand(graph, words[at++], &node->operands[node->operand_count++]);
}

static bool read_line(struct oracle_graph *graph, char **words, unsigned count)
{
	if (!strcmp(words[0], "graph") || !strcmp(words[0], "operations") ||
	    !strcmp(words[0], "recurrences") || !strcmp(words[0], "order"))
		return true;
	if (!strcmp(words[0], "argument")) {
		snprintf(graph->arguments[graph->argument_count++], 32, "%s", words[1]);
	} else if (!strcmp(words[0], "loop")) {
		snprintf(graph->loops[graph->loop_count], 32, "%s", words[1]);
		graph->counts[graph->loop_count++] = number(graph, words[2]);
	} else if (!strcmp(words[0], "period")) {
		graph->period_loop = (unsigned)find(words[1], graph->loops, 32, graph->loop_count);
	} else if (!strcmp(words[0], "stream")) {
		read_stream(graph, words, count);
	} else if (!strcmp(words[0], "push")) {
		int node = find(words[2], graph->nodes, sizeof(graph->nodes[0]), graph->node_count);

		if (node < 0)
			return false;
		graph->nodes[node].push = find(words[1], graph->streams, sizeof(graph->streams[0]),
					       graph->stream_count);
	} else {
		read_node(graph, words, count);
	}
	return true;
}

static bool resolve(struct oracle_graph *graph)
{
	bool all = true;

	for (unsigned n = 0; n < graph->node_count; n++)
		for (unsigned i = 0; i < graph->nodes[n].operand_count; i++) {
			struct oracle_operand *from = &graph->nodes[n].operands[i];

			if (from->kind != ORACLE_NODE)
				continue;
			from->index = find(from->name, graph->nodes, sizeof(graph->nodes[0]),
					   graph->node_count);
			all = all && from->index >= 0;
		}
	return all;
}

unsigned oracle_read(const char *text, const uint32_t *values, struct oracle_graph *graph)
{
	memset(graph, 0, sizeof(*graph));
	graph->values = values;
	for (unsigned line = 1; *text; line++) {
		size_t bytes = strcspn(text, "\n");
		char copy[256], *words[WORDS], *rest = copy, *word;
		unsigned count = 0;

		snprintf(copy, sizeof(copy), "%.*s", (int)bytes, text);
		text += bytes + (text[bytes] == '\n');
		copy[strcspn(copy, "#")] = 0;
		while (count < WORDS && (word = strtok_r(rest, " \t,", &rest)))
			words[count++] = word;
		if (count && !read_line(graph, words, count))
			return line;
	}
	return resolve(graph) ? 0 : UINT32_MAX;
}
