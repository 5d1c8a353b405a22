/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/map/random_graph.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define NODES_MAX  16u
#define READS_MAX  4u
#define WRITES_MAX 3u

static const struct {
	const char *name;
	unsigned operands;
} ops[] = {
	{"mov", 1},  {"sel", 3},     {"iter", 0},   {"phase", 0}, {"add", 2},  {"sub", 2},
	{"neg", 1},  {"abs", 1},     {"min", 2},    {"max", 2},   {"minu", 2}, {"maxu", 2},
	{"mul", 2},  {"mulh", 2},    {"mulhu", 2},  {"mad", 3},   {"and", 2},  {"or", 2},
	{"xor", 2},  {"andn", 2},    {"shl", 2},    {"shr", 2},   {"sar", 2},  {"clz", 1},
	{"popc", 1}, {"eq", 2},      {"ne", 2},     {"lt", 2},    {"le", 2},   {"ltu", 2},
	{"leu", 2},  {"dot4", 3},    {"addnew", 3}, {"fadd", 2},  {"fsub", 2}, {"fmul", 2},
	{"fma", 3},  {"fmin", 2},    {"fmax", 2},   {"fabs", 1},  {"fneg", 1}, {"flt", 2},
	{"fle", 2},  {"i2f", 1},     {"u2f", 1},    {"f2i", 1},   {"rcp", 1},  {"bdot2", 3},
	{"add", 2},  {"faddnew", 3}, {"mul", 2},    {"xor", 2},
};

struct generator {
	uint64_t *state;
	char *at;
	const char *end;
	unsigned nodes, reads, writes, unread; /* streams not yet named */
	uint32_t outer, inner;                 /* turns of the loops; outer 0: one loop */
};

uint32_t graph_random(uint64_t *state, uint32_t below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % below;
}

static uint32_t pick(struct generator *g, uint32_t below)
{
	return graph_random(g->state, below);
}

__attribute__((format(printf, 2, 3))) static void say(struct generator *g, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	g->at += vsnprintf(g->at, (size_t)(g->end - g->at), format, list);
	va_end(list);
}

static void loops(struct generator *g)
{
	bool longer = pick(g, 3);

	say(g, "graph random\nargument x input\nargument y output\nargument c value\n");
	g->inner = longer ? 100 + pick(g, 60) : 1 + pick(g, 60);
	if (pick(g, 2)) {
		g->inner = longer ? 20 + pick(g, 12) : 1 + pick(g, 9);
		g->outer = 1 + pick(g, 6);
		say(g, "loop i %u\n", g->outer);
	}
	say(g, "loop k %u\n", g->inner);
	if (g->outer && pick(g, 2))
		say(g, "period k\n");
}

static void reads(struct generator *g)
{
	static const char *const types[] = {"s8", "u8", "s16", "u16", "32", "32", "32"};

	for (unsigned i = 0; i < g->reads; i++) {
		const char *type = types[pick(g, 7)];
		unsigned kind = pick(g, 8);

		if (kind == 0)
			say(g, "stream r%u counter + %u", i, pick(g, 50));
		else if (kind == 1)
			say(g, "stream r%u gather.%s x via.u8 x + %u", i, type, pick(g, 50));
		else
			say(g, "stream r%u read.%s x + %u", i, type, pick(g, 50));
		if (g->outer)
			say(g, " %u", pick(g, 30));
		say(g, " %u\n", pick(g, 4));
	}
}

static void writes(struct generator *g)
{
	static const char *const folds[] = {"last", "add", "min", "max", "fadd", "fmin", "fmax"};

	for (unsigned i = 0; i < g->writes; i++) {
		bool fold = pick(g, 3) == 0;

		say(g, "stream w%u %s.%s y + %u", i, fold ? "reduce" : "write",
		    fold ? folds[pick(g, 7)] : "32", 256 * i);
		if (g->outer)
			say(g, " %u", fold ? 1 : g->inner);
		say(g, " %u\n", !fold);
	}
}

static void literal(struct generator *g)
{
	switch (pick(g, 4)) {
	case 0: say(g, "%u", pick(g, 40)); break;
	case 1: say(g, "-%u", pick(g, 1u << 30)); break;
	case 2: say(g, "0x%x", pick(g, UINT32_MAX)); break;
	default: say(g, "%u.%u", pick(g, 100), pick(g, 100)); break;
	}
}

/* Constants of an element are few: most operands are values. */
static void operand(struct generator *g, unsigned node, bool may_recur, bool *recurs)
{
	unsigned kind = pick(g, 20);

	if (kind < 5 && may_recur && !*recurs) {
		say(g, "v%u@%u(", pick(g, g->nodes), 1 + pick(g, 3) % (1 + pick(g, 3)));
		literal(g);
		say(g, ")");
		*recurs = true;
	} else if (kind < 9 && g->unread) {
		say(g, "r%u", --g->unread);
	} else if (kind < 18 && node) {
		say(g, "v%u", pick(g, node));
	} else if (kind == 18) {
		say(g, "c");
	} else {
		literal(g);
	}
}

static void node(struct generator *g, unsigned index)
{
	unsigned op = pick(g, sizeof(ops) / sizeof(ops[0])), count = ops[op].operands;
	bool recurs = false;

	say(g, "v%u = %s ", index, ops[op].name);
	for (unsigned i = 0; i < count; i++) {
		operand(g, index, i == 0 || i == count - 1, &recurs);
		say(g, i + 1 < count ? ", " : "");
	}
	say(g, "\n");
}

uint32_t graph_generate(uint64_t *state, char *text)
{
	struct generator g = {.state = state, .at = text, .end = text + GRAPH_TEXT};

	g.nodes = 3 + pick(&g, NODES_MAX - 3);
	g.reads = g.unread = 1 + pick(&g, READS_MAX);
	g.writes = 1 + pick(&g, WRITES_MAX);
	loops(&g);
	reads(&g);
	writes(&g);
	for (unsigned n = 0; n < g.nodes; n++)
		node(&g, n);
	for (; g.unread; g.nodes++)
		say(&g, "v%u = mov r%u\n", g.nodes, --g.unread);
	for (unsigned i = 0; i < g.writes; i++)
		say(&g, "push w%u, v%u\n", i, g.nodes - 1 - i);
	say(&g, "operations %u\nrecurrences 0\n", g.nodes);
	return g.inner * (g.outer ? g.outer : 1);
}
