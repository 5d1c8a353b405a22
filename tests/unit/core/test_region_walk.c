/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand random operations on a region, beside a reference that shares no code. */
#include "tests/support/region_walk.h"
#include "tests/unit/core/fake/fixture.h"

enum { CONFIGS = 6, STEPS = 10000 };

static void fail_next(void *user, uint32_t phase)
{
	struct fake *k = user;

	k->door->fail_phase = phase;
}

static void walk(uint32_t seed, uint32_t features)
{
	struct fake k = fake_setup(features);
	road_config *configs[CONFIGS];
	char bytes[] = "image 0";

	for (int i = 0; i < CONFIGS; i++) {
		bytes[6] = (char)('0' + i);
		configs[i] = config_of(&k, bytes);
	}
	struct region_walk w = {.device = k.f.device,
				.space = k.f.space,
				.configs = configs,
				.config_count = CONFIGS,
				.seed = seed,
				.steps = STEPS,
				.fail_next = fail_next,
				.user = &k};

	CU_ASSERT_EQUAL(region_walk_run(&w), 0);
	if (w.wrong[0])
		printf("# seed %u, %s\n", seed, w.wrong);
	printf("# seed %u: %u loads, %u switches, %u hits, %u failures made, %u quarantines, "
	       "%u resets\n",
	       seed, w.loads, w.switches, w.hits, w.failures, w.quarantines, w.resets);
	CU_ASSERT(w.loads > STEPS / 50 && w.switches > STEPS / 50 && w.hits > STEPS / 50);
	CU_ASSERT(w.failures > 20 && w.quarantines > 5 && w.resets > 5);
	for (int i = 0; i < CONFIGS; i++)
		road_config_release(configs[i]);
	fake_teardown(&k);
}

static void a_region_is_what_the_reference_says(void)
{
	for (uint32_t seed = 1; seed <= 3; seed++)
		walk(seed, FAKE_FEATURES);
}

static void it_is_so_where_the_core_orders_switches(void)
{
	walk(4, FAKE_FEATURES | ROAD_REGION_BARRIER);
}

static const struct tap_case cases[] = {
	{"a region is what the reference says after each of 10 000 operations",
	 a_region_is_what_the_reference_says},
	{"it is so where the core orders switches", it_is_so_where_the_core_orders_switches},
};
TAP_MAIN(cases)
