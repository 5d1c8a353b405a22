/* SPDX-License-Identifier: Apache-2.0 */
/* Lower bounds against graphs whose bounds follow from counting. */
#include "tests/unit/map/support.h"

#include <stdio.h>
#include <string.h>

#define HEAD "graph g\nargument y inout\nargument n value\nloop i n\n"

static struct map_graph graph;

static void recurrences_are_the_longest_circle(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_bounds bounds;

	/* 1 + 2 + 3 cycles over a distance of 1, and 3 + 3 over a distance of 2. */
	if (!parsed(HEAD "a = add c@1(0), n\nb = mul a, 3\nc = fadd b, 1.0\n"
			 "d = fmul e@2(0), 2.0\ne = fadd d, 1.0\nf = add c, e\nst32 y, f\n"
			 "operations 7\nrecurrences 0\n",
		    &graph))
		return;
	bounds = map_bounds(&graph, &fabric);
	CU_ASSERT(bounds.recurrence == 6 && bounds.memory == 6 && bounds.resource == 1);
	CU_ASSERT_EQUAL(bounds.least, 6);
	fabric.latency[ROAD_RPU_CLASS_FADD] = 30;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).recurrence, 33);
	fabric.stepwise = true;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).recurrence, 3);
}

static void memory_closes_circles(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_bounds bounds;

	/* Load 3, add 1, and 1 until the next load finds what was stored; by twos: half. */
	if (!parsed(HEAD "v = ld32 y, 0\nw = add v, 1\ns = st32 y, w\norder s v 1\n"
			 "operations 3\nrecurrences 1\n",
		    &graph))
		return;
	bounds = map_bounds(&graph, &fabric);
	CU_ASSERT(bounds.memory == 5 && bounds.recurrence == 1);
	graph.orders[0].distance = 2;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).memory, 3);
}

/* `count` operations of the kind, none of which needs another. */
static void many(unsigned count, const char *operation)
{
	char text[8192], *at = text + sprintf(text, HEAD);

	for (unsigned i = 0; i < count; i++)
		at += sprintf(at, "v%u = %s\n", i, operation);
	sprintf(at, "st32 y, v0\noperations %u\nrecurrences 0\n", count + 1);
	parsed(text, &graph);
}

static void resources_are_counted(void)
{
	struct map_fabric fabric = small_fabric();

	many(32, "add n, 1"); /* and a store: 33 on 16 elements */
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 3);
	many(16, "ld32 y, n"); /* and a store, on the 8 elements of two columns */
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 3);
	fabric.memory_all = true;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 2);
	fabric.banks = 4;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 5);
	many(20, "div n, 3"); /* 12 cycles each, on 16 elements */
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 15);
	fabric.interval[ROAD_RPU_CLASS_DIV] = 1;
	CU_ASSERT_EQUAL(map_bounds(&graph, &fabric).resource, 2);
}

static const struct tap_case cases[] = {
	{"RecMII is the longest circle by its distance", recurrences_are_the_longest_circle},
	{"memMII counts circles that memory closes", memory_closes_circles},
	{"ResMII counts elements, those that reach memory, banks and units", resources_are_counted},
};
TAP_MAIN(cases)
