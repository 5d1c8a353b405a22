/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random graphs on random fabrics: what the oracle makes of the graph, the fabric must make of its
 * mapping, interpreted and compiled. ROADBED_GRAPHS: how many; without, as many as a test has time
 * for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/oracle/rpu/graph.h"
#include "tests/unit/map/data.h"
#include "tests/unit/map/random_graph.h"

#define GRAPHS 100u

static struct map_graph graph;
static struct map_mapping mapping;
static struct oracle_graph meaning;
static uint8_t begin[SPM_BYTES], wanted[SPM_BYTES], seen[SPM_BYTES];
static char text[GRAPH_TEXT];

static struct map_fabric random_fabric(uint64_t *state)
{
	struct map_fabric fabric = *map_fabric_default();

	fabric.rows = 2 + graph_random(state, 4);
	fabric.columns = 2 + graph_random(state, 4);
	fabric.registers = 2 + graph_random(state, 7);
	fabric.torus = graph_random(state, 2);
	for (unsigned i = ROAD_RPU_CLASS_ALU; i < ROAD_RPU_CLASSES; i++) {
		fabric.latency[i] = 1 + graph_random(state, 5);
		fabric.interval[i] = 1 + graph_random(state, 8) / 7;
	}
	return fabric;
}

static void fill(uint64_t *state, uint32_t *values)
{
	values[0] = 64;
	values[1] = 64 + 4 * GRAPH_INPUT;
	values[2] = graph_random(state, UINT32_MAX);
	for (uint32_t i = 0; i < SPM_BYTES; i += 4) {
		uint32_t word = graph_random(state, UINT32_MAX) ^ graph_random(state, 65536) << 16;

		if (graph_random(state, 3))
			word &= 0x807fffff, word |= 0x3f800000; /* a float of moderate size */
		memcpy(begin + i, &word, 4);
	}
}

static bool is_wanted(void)
{
	for (uint32_t i = 0; i < SPM_BYTES; i += 4) {
		uint32_t is, must;

		memcpy(&is, seen + i, 4);
		memcpy(&must, wanted + i, 4);
		if (is == must)
			continue;
		printf("# word %d of y is 0x%08x, the oracle has 0x%08x\n",
		       ((int)i - 64) / 4 - GRAPH_INPUT, is, must);
		return false;
	}
	return true;
}

static bool run(const struct map_fabric *fabric, const uint32_t *values)
{
	uint64_t cycles[2];
	bool same = true;

	memcpy(wanted, begin, SPM_BYTES);
	CU_ASSERT_EQUAL(oracle_read(text, values, &meaning), 0);
	CU_ASSERT_EQUAL(oracle_run(&meaning, wanted, SPM_BYTES), 0);
	for (unsigned mode = 0; mode < 2; mode++) {
		memcpy(seen, begin, SPM_BYTES);
		cycles[mode] = data_run(&graph, fabric, &mapping, (enum rpu_fabric_mode)mode, seen,
					values);
		same = same && is_wanted();
	}
	return same && cycles[0] == cycles[1] && cycles[0];
}

static void graphs_mean_the_same(void)
{
	const char *asked = getenv("ROADBED_GRAPHS");
	unsigned count = asked ? (unsigned)strtoul(asked, NULL, 10) : GRAPHS, mapped = 0,
		 longer = 0;
	const struct map_options options = {.attempts = 6, .effort = 300, .seed = 1};

	for (unsigned i = 0; i < count; i++) {
		uint64_t state = i;
		struct map_fabric fabric = random_fabric(&state);
		uint32_t values[3], iterations = graph_generate(&state, text);
		struct map_error error = {0};

		fill(&state, values);
		if (map_graph_parse(text, strlen(text), &graph, &error)) {
			printf("# %u: %u:%u: %s; seen: %s\n%s", i, error.line, error.column,
			       error.what, error.seen, text);
			CU_FAIL("the generator makes no graph");
			return;
		}
		if (map_run(&graph, &fabric, &options, &mapping, &error)) {
			CU_ASSERT_PTR_NULL(strstr(error.allowed, "bug"));
			continue;
		}
		mapped++;
		longer += iterations >= 100;
		if (!run(&fabric, values)) {
			printf("# graph %u differs:\n%s", i, text);
			CU_FAIL("another result");
			return;
		}
	}
	printf("# %u of %u graphs have a mapping, %u of these run 100 iterations and more\n",
	       mapped, count, longer);
	CU_ASSERT(mapped * 10 >= count * 8 && longer * 10 >= mapped * 3);
}

static const struct tap_case cases[] = {
	{"random graphs mean to the fabric what they mean to the oracle", graphs_mean_the_same},
};
TAP_MAIN(cases)
