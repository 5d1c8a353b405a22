/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand random operations on the simulated RPU's region, beside a reference that shares no
 * code with the library or the chip; phases are made to fail on the way. */
#include <stdbool.h>

#include "tests/support/region_walk.h"
#include "tests/unit/core/fixture.h"

enum { CONFIGS = 6, STEPS = 10000, STRIDE_FIELD = 7 };

static void fail_next(void *user, uint32_t phase)
{
	CU_ASSERT_EQUAL(road_sim_phase_fail(user, 0, phase, 1), ROAD_OK);
}

/* Six images of one, which differ in a stream's stride. */
static void make_configs(const struct fixture *f, road_config *out[CONFIGS])
{
	static uint8_t bytes[1 << 16];
	FILE *file = fopen(IMAGE, "r");
	size_t count;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CU_ASSERT_EQUAL_FATAL(road_config_create(f->device, bytes, count, &out[0]), ROAD_OK);
	for (uint32_t i = 1; i < CONFIGS; i++) {
		road_patch patch = {
			.kind = ROAD_PATCH_STREAM, .field = STRIDE_FIELD, .value = 4 * (i + 2)};

		CU_ASSERT_EQUAL_FATAL(road_config_patch(out[0], &patch, 1, &out[i]), ROAD_OK);
	}
}

static uint64_t state_bytes_of(road_device *device)
{
	road_region_info info = {.size = sizeof(info)};
	road_region *root = NULL;

	CU_ASSERT_EQUAL_FATAL(road_region_root(device, &root), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_info_get(root, &info), ROAD_OK);
	road_region_release(root);
	return info.state_bytes;
}

static void walk(const char *device, uint32_t seed)
{
	struct fixture f = setup(device);
	road_config *configs[CONFIGS];

	make_configs(&f, configs);
	const uint64_t state_bytes = state_bytes_of(f.device);
	road_buffer *state = buffer_of(&f, ROAD_HEAP_DEVICE, state_bytes);
	struct region_walk w = {.device = f.device,
				.space = f.space,
				.configs = configs,
				.config_count = CONFIGS,
				.seed = seed,
				.steps = STEPS,
				.keeps = true,
				.state = state,
				.state_bytes = state_bytes,
				.fail_next = fail_next,
				.user = f.device};

	CU_ASSERT_EQUAL(region_walk_run(&w), 0);
	if (w.wrong[0])
		printf("# %s, seed %u, %s\n", device, seed, w.wrong);
	printf("# seed %u: %u loads, %u switches, %u hits, %u failures made, %u quarantines, "
	       "%u resets, %u swaps, %u restores\n",
	       seed, w.loads, w.switches, w.hits, w.failures, w.quarantines, w.resets, w.swaps,
	       w.restores);
	CU_ASSERT(w.loads > STEPS / 50 && w.switches > STEPS / 50 && w.hits > STEPS / 50);
	CU_ASSERT(w.swaps > STEPS / 200 && w.restores > STEPS / 200);
	CU_ASSERT(w.failures > 20 && w.quarantines > 5 && w.resets > 5);
	for (uint32_t i = 0; i < CONFIGS; i++)
		road_config_release(configs[i]);
	road_buffer_release(state);
	teardown(&f);
}

static void with_four_slots(void)
{
	walk("sim:rpu-small?slots=4", 1);
	walk("sim:rpu-small?slots=4", 2);
}

static void with_two_slots(void)
{
	walk("sim:rpu-small?slots=2", 3);
}

static const struct tap_case cases[] = {
	{"the region is what the reference says after each of 10 000 operations", with_four_slots},
	{"it is so with two slots", with_two_slots},
};
TAP_MAIN(cases)
