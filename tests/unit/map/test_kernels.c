/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels of the tree are mapped, as near to the bounds as is promised, and mappings are
 * checked. */
#include "tests/unit/map/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map/ops.h"
#include "tools/map/words.h"

static struct map_graph graph;
static struct map_mapping mapping, other;

static const char *const named[] = {"fir",  "conv", "fft",  "gemm", "histogram", "latnrm",
				    "spmv", "mvt",  "relu", "dtw",  "decompose", "invert"};
#define NAMED (sizeof(named) / sizeof(named[0]))

/* The interval, or 0. */
static unsigned interval_of(const char *name, const struct map_fabric *fabric)
{
	struct map_error error;

	if (!kernel_graph(name, &graph))
		return 0;
	if (!map_run(&graph, fabric, &map_options_default, &mapping, &error))
		return mapping.interval;
	printf("# %s:%u:%u: %s; seen: %s\n", name, error.line, error.column, error.what,
	       error.seen);
	CU_FAIL("no mapping");
	return 0;
}

static void loop_control_reaches_the_bound(void)
{
	struct map_fabric fabric = small_fabric();
	unsigned reached = 0;

	for (unsigned i = 0; i < NAMED; i++) {
		unsigned interval, bound;
		char name[40];

		snprintf(name, sizeof(name), "%s_loop", named[i]);
		interval = interval_of(name, &fabric);
		bound = map_bounds(&graph, &fabric).least;
		printf("# %-16s II %2u bound %2u\n", name, interval, bound);
		CU_ASSERT(interval >= bound);
		reached += interval == bound;
	}
	CU_ASSERT(reached >= 10);
}

static void streams_need_two_cycles_at_most(void)
{
	unsigned short_ones = 0;

	for (unsigned i = 0; i < NAMED; i++) {
		unsigned interval = interval_of(named[i], map_fabric_default());

		printf("# %-16s II %2u\n", named[i], interval);
		short_ones += interval && interval <= 2;
	}
	CU_ASSERT(short_ones >= 6);
}

static void equal_seeds_make_equal_mappings(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_options options = map_options_default;
	struct map_error error;

	if (!interval_of("gemm_loop", &fabric))
		return;
	CU_ASSERT(!map_run(&graph, &fabric, &options, &other, &error));
	CU_ASSERT(!memcmp(&mapping, &other, sizeof(mapping)));
	options.seed = 99;
	CU_ASSERT(!map_run(&graph, &fabric, &options, &other, &error));
	CU_ASSERT(memcmp(&mapping, &other, sizeof(mapping)));
}

/* Each field that an enabled word uses, changed, is seen by the check. */
static void a_wrong_word_is_seen(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_error error;
	unsigned tried = 0, seen = 0;

	if (!interval_of("fir_loop", &fabric))
		return;
	for (unsigned n = 0; n < graph.node_count; n++) {
		unsigned index = mapping.places[n].time % mapping.interval * mapping.elements +
				 mapping.places[n].element;
		const unsigned bits[] = {0, ROAD_RPU_WORD_A_SHIFT, ROAD_RPU_WORD_B_SHIFT,
					 ROAD_RPU_WORD_STAGE_SHIFT};

		for (unsigned b = 0; b < sizeof(bits) / sizeof(bits[0]); b++) {
			if (b == 2 && map_ops[graph.nodes[n].op].operands < 2)
				continue;
			other = mapping;
			other.words[index] ^= 1ull << bits[b];
			tried++;
			seen += map_check(&graph, &fabric, &other, &error) != 0;
		}
	}
	/* The stage of what only stores is a matter of the values that it takes. */
	CU_ASSERT(tried > 40 && seen == tried);
	other = mapping;
	for (unsigned i = 0; i < other.interval * other.elements; i++)
		other.words[i] &= ~(0xfffull << ROAD_RPU_WORD_LINK_SHIFT);
	CU_ASSERT(map_check(&graph, &fabric, &other, &error));
}

static void constants_are_checked(void)
{
	struct map_fabric fabric = small_fabric();
	struct map_error error;

	if (!interval_of("relu_loop", &fabric))
		return;
	CU_ASSERT(!map_check(&graph, &fabric, &mapping, &error));
	for (unsigned e = 0; e < mapping.elements; e++)
		for (unsigned k = 0; k < ROAD_RPU_CONSTANTS; k++) {
			if (mapping.constants[e][k].kind == MAP_FREE)
				continue;
			other = mapping;
			other.constants[e][k].bits ^= 1;
			other.constants[e][k].argument ^= 1;
			CU_ASSERT(map_check(&graph, &fabric, &other, &error));
		}
}

static const struct tap_case cases[] = {
	{"at least ten of twelve kernels with loop control reach the bound on 4 x 4",
	 loop_control_reaches_the_bound},
	{"at least six of twelve kernels with streams have an interval of 2 or 1",
	 streams_need_two_cycles_at_most},
	{"equal seeds make equal mappings, others another", equal_seeds_make_equal_mappings},
	{"a word that is not what it must be is seen", a_wrong_word_is_seen},
	{"a constant that is not what it must be is seen", constants_are_checked},
};
TAP_MAIN(cases)
