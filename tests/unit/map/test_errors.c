/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a graph is said with line, column, what was seen and what is allowed. */
#include "tests/unit/map/support.h"

#include <string.h>

#define HEAD   "graph g\nargument x input\nargument y output\nargument n value\nloop i n\n"
#define OPS(n) "operations " #n "\nrecurrences 0\n"

static const struct {
	const char *text;
	unsigned line, column;
	const char *what, *seen, *allowed;
} rows[] = {
	{"graph 7", 1, 7, "no name", "7", "letters"},
	{"graph a.b", 1, 7, "no name", "a.b", "letters"},
	{"graph g\ngraph h", 2, 7, "second name", "h", "one"},
	{"graph g extra", 1, 9, "more than", "extra", "line's end"},
	{"= 3", 1, 1, "no statement", "=", "argument"},
	{"graph g\nargument x pointer", 2, 12, "no kind", "pointer", "input"},
	{"graph g\nargument x value 4", 2, 18, "no such number", "4", "8 to 8"},
	{"argument g input\nargument g input", 2, 10, "taken", "g", "its own"},
	{HEAD "tile = mov n", 6, 1, "taken", "tile", "its own"},
	{"loop i 0", 1, 8, "never runs", "0", "1 and more"},
	{"loop i q", 1, 8, "no such number", "q", "value argument"},
	{"loop i 99999999999", 1, 8, "no such number", "99999999999", "integer"},
	{"stream s read.32 x 1", 1, 8, "too many", "s", "behind the loops"},
	{HEAD "stream s reads.32 x 1", 6, 10, "goes on", "reads.32", "read.s8"},
	{HEAD "stream s read.f32 x 1", 6, 10, "goes on", "read.f32", "read.s8"},
	{HEAD "stream s read.32 n 1", 6, 18, "no such argument", "n", "input"},
	{HEAD "stream s read.32 x", 6, 19, "no such number", "line's end", "integer"},
	{HEAD "stream s gather.32 x 1", 6, 22, "goes on", "1", "via.s8"},
	{HEAD "stream s reduce.add y 1", 6, 8, "moves on", "s", "last stride of 0"},
	{HEAD "stream s reduce.mul y 0", 6, 10, "goes on", "reduce.mul", ".fmax"},
	{HEAD "period j", 6, 8, "no such loop", "j", "loop above"},
	{HEAD "v = addd x, 1", 6, 5, "no such operation", "addd", "add"},
	{HEAD "add n, 1", 6, 1, "no name", "add", "NAME ="},
	{HEAD "v = add n", 6, 10, "missing", "line's end", ","},
	{HEAD "v = add n, 1, 2", 6, 13, "more than", ",", "line's end"},
	{HEAD "v = add n, w@4(0)", 6, 14, "no such number", "4", "1 to 3"},
	{HEAD "v = add n, w@1", 6, 15, "missing", "line's end", "("},
	{HEAD "v = add n, w\nst32 y, v\n" OPS(2), 6, 12, "no such value", "w", "result"},
	{HEAD "v = add n, v\nst32 y, v\n" OPS(2), 6, 1, "needs itself", "v", "@DISTANCE"},
	{HEAD "v = add v@1(0), v@2(0)\nst32 y, v\n" OPS(2), 6, 17, "second operand", "v", "one"},
	{HEAD "v = sel n, v@1(0), n\nst32 y, v\n" OPS(2), 6, 12, "iterations before", "sel",
	 "first or the last"},
	{HEAD "v = mov n\nst32 y, v\n" OPS(3), 8, 12, "another number", "3", "operations 2"},
	{HEAD "v = mov n\nst32 y, v\n", 0, 0, "does not state", "nothing", "operations 2"},
	{HEAD "v = mov n\n" OPS(1), 0, 0, "not whole", "no effect", "push or store"},
	{HEAD "stream s read.32 x 1\nv = mov n\nst32 y, v\n" OPS(2), 6, 8, "nothing uses", "s",
	 "operand"},
	{HEAD "stream s read.32 x 1\nv = mov s\nw = mov s", 8, 9, "in use", "s", "mov"},
	{HEAD "stream s read.32 x 1\nv = mov n\npush s, v", 8, 6, "from memory", "s", "write"},
	{HEAD "stream s write.32 y 1\nv = mov s", 7, 9, "to memory", "s", "push"},
	{HEAD "stream s write.32 y 1\npush s, v", 7, 9, "can be pushed", "v", "above"},
	{HEAD "v = mov n\ns = st32 y, v\norder s v 1\noperations 2\nrecurrences 1", 8, 9,
	 "no such access", "v", "load or store"},
	{HEAD "v = lut n, 0", 6, 5, "no tables", "lut", "exp"},
};

static void each_error_is_said(void)
{
	static struct map_graph graph;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct map_error error = {0};
		bool refused = map_graph_parse(rows[i].text, strlen(rows[i].text), &graph, &error);

		if (!refused || error.line != rows[i].line || error.column != rows[i].column ||
		    !strstr(error.what, rows[i].what) || !strstr(error.seen, rows[i].seen) ||
		    !strstr(error.allowed, rows[i].allowed)) {
			printf("# row %u: %u:%u: %s; seen: %s; allowed: %s\n", i, error.line,
			       error.column, error.what, error.seen, error.allowed);
			CU_FAIL("another error");
		}
	}
}

static void too_much_is_refused(void)
{
	static char text[MAP_TEXT_MAX + 2];
	static struct map_graph graph;
	struct map_error error = {0};
	char *at = text;

	memset(text, '\n', sizeof(text) - 1);
	CU_ASSERT(map_graph_parse(text, MAP_TEXT_MAX + 1, &graph, &error));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "too long"));
	at += sprintf(at, HEAD);
	for (unsigned i = 0; i <= MAP_NODES_MAX; i++)
		at += sprintf(at, "v%u = mov n\n", i);
	CU_ASSERT(map_graph_parse(text, (size_t)(at - text), &graph, &error));
	CU_ASSERT_EQUAL(error.line, 6 + MAP_NODES_MAX);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "too many operations"));
}

static void a_fabric_is_described(void)
{
	struct map_fabric fabric = *map_fabric_default();
	struct map_error error = {0};

	CU_ASSERT(!map_fabric_set(&fabric, "rows=4,columns=5,torus=1,mul=3,div=9/2", &error));
	CU_ASSERT(fabric.rows == 4 && fabric.columns == 5 && fabric.torus);
	CU_ASSERT_EQUAL(fabric.latency[ROAD_RPU_CLASS_MUL], 3);
	CU_ASSERT_EQUAL(fabric.interval[ROAD_RPU_CLASS_MUL], 1);
	CU_ASSERT(fabric.latency[ROAD_RPU_CLASS_DIV] == 9 &&
		  fabric.interval[ROAD_RPU_CLASS_DIV] == 2);
	CU_ASSERT(map_fabric_set(&fabric, "rows=17", &error));
	CU_ASSERT_STRING_EQUAL(error.seen, "rows=17");
	CU_ASSERT(map_fabric_set(&fabric, "columns=4,raws=4", &error));
	CU_ASSERT_STRING_EQUAL(error.seen, "raws=4");
	CU_ASSERT(map_fabric_set(&fabric, "mul=3/", &error));
	CU_ASSERT(map_fabric_set(&fabric, "mul", &error));
}

static void an_interval_too_long_is_refused(void)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_options options = map_options_default;
	struct map_fabric fabric = small_fabric();
	struct map_error error = {0};

	/* Six divisions behind each other, in a circle: 72 cycles. */
	if (!parsed(HEAD "a = div f@1(1), 3\nb = div a, 3\nc = div b, 3\nd = div c, 3\n"
			 "e = div d, 3\nf = div e, 3\nst32 y, f\n" OPS(7),
		    &graph))
		return;
	CU_ASSERT(map_run(&graph, &fabric, &options, &mapping, &error));
	CU_ASSERT_STRING_EQUAL(error.seen, "at least 72");
}

static void streams_that_there_are_not_are_refused(void)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_fabric fabric = small_fabric();
	struct map_error error = {0};

	fabric.streams = 2;
	if (!kernel_graph("fir", &graph))
		return;
	CU_ASSERT(map_run(&graph, &fabric, &map_options_default, &mapping, &error));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "fewer streams"));
	CU_ASSERT_STRING_EQUAL(error.seen, "3");
	CU_ASSERT_STRING_EQUAL(error.allowed, "2");
}

static void what_has_no_place_is_named(void)
{
	static struct map_graph graph;
	static struct map_mapping mapping;
	struct map_options options = map_options_default;
	struct map_fabric fabric = small_fabric();
	struct map_error error = {0};

	/* Five constants besides 0 in one element's reach: 1 x 1 has four. */
	fabric.rows = fabric.columns = 1;
	options.attempts = 2;
	options.effort = 50;
	if (!parsed(HEAD
		    "a = add n, 1\nb = add a, 2\nc = add b, 3\nd = add c, 4\nst32 y, d\n" OPS(5),
		    &graph))
		return;
	CU_ASSERT(map_run(&graph, &fabric, &options, &mapping, &error));
	CU_ASSERT(error.line >= 6 && error.line <= 10);
	CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "no mapping"));
	CU_ASSERT_PTR_NOT_NULL(strstr(error.allowed, "2 attempts of 50"));
}

static const struct tap_case cases[] = {
	{"errors of a graph name line, column, what was seen and what is allowed",
	 each_error_is_said},
	{"texts and graphs beyond the limits are refused", too_much_is_refused},
	{"a fabric is described in words, and wrong ones are named", a_fabric_is_described},
	{"a recurrence longer than the longest interval is refused",
	 an_interval_too_long_is_refused},
	{"a graph with more streams than the fabric has is refused",
	 streams_that_there_are_not_are_refused},
	{"a graph without a mapping names the operation that had no place",
	 what_has_no_place_is_named},
};
TAP_MAIN(cases)
