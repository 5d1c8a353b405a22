/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand random operations on the simulated RPU's region, beside a reference that shares no
 * code with the library or the chip; phases are made to fail on the way. */
#include <stdbool.h>

#include "tests/support/region_walk.h"
#include "tests/unit/core/fixture.h"

enum { CONFIGS = 6, STEPS = 10000, STRIDE_FIELD = 7 };

/* z[0] = x[0] + y[0], in one buffer: one element, so that no stride matters. */
enum { X, Y, Z, WORDS };

struct work {
	struct fixture *f;
	road_kernel *kernel;
	road_buffer *words;
	uint64_t address;
	float values[WORDS], back;
	road_queue *queue;
};

static void fail_next(void *user, uint32_t phase)
{
	struct work *w = user;

	CU_ASSERT_EQUAL(road_sim_phase_fail(w->f->device, 0, phase, 1), ROAD_OK);
}

static road_status launch(void *user, road_queue *queue, uint64_t config, uint32_t flags,
			  road_point *out)
{
	struct work *w = user;
	const uint64_t values[] = {w->address + 4 * X, w->address + 4 * Y, w->address + 4 * Z, 1};
	const void *pointers[] = {&values[0], &values[1], &values[2], &values[3]};
	const road_launch what = {.size = sizeof(what),
				  .flags = flags,
				  .kernel = w->kernel,
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_pointers = pointers,
				  .argument_count = 4,
				  .configuration = config};
	road_status status;

	w->queue = queue;
	w->values[X] += 1;
	w->values[Z] = 0;
	status = road_queue_write(queue, w->words, 0, w->values, sizeof(w->values), NULL);
	return status ? status : road_queue_launch(queue, &what, out);
}

static bool worked(void *user)
{
	struct work *w = user;
	road_point point;

	w->back = 0;
	if (road_queue_read(w->queue, &w->back, w->words, 4 * Z, sizeof(w->back), &point) ||
	    road_point_wait(point, soon()))
		return false;
	return w->back == w->values[X] + w->values[Y];
}

static size_t read_image(uint8_t *bytes, size_t most)
{
	FILE *file = fopen(IMAGE, "r");
	size_t count;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	count = fread(bytes, 1, most, file);
	fclose(file);
	return count;
}

static struct work work_of(struct fixture *f, road_image **image)
{
	static uint8_t bytes[1 << 16];
	const size_t count = read_image(bytes, sizeof(bytes));
	struct work w = {.f = f, .values = {[Y] = 0.5f}};

	CU_ASSERT_EQUAL_FATAL(road_image_load(f->space, bytes, count, NULL, image), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(*image, "add", &w.kernel), ROAD_OK);
	w.words = buffer_of(f, ROAD_HEAP_DEVICE, sizeof(w.values));
	CU_ASSERT_EQUAL_FATAL(road_buffer_address(w.words, &w.address), ROAD_OK);
	return w;
}

/* Six images of one, which differ in a stream's stride. */
static void make_configs(const struct fixture *f, road_config *out[CONFIGS])
{
	static uint8_t bytes[1 << 16];
	const size_t count = read_image(bytes, sizeof(bytes));

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
	road_image *image = NULL;
	struct work work = work_of(&f, &image);

	make_configs(&f, configs);
	road_queue_release(f.queue); /* what has queues is not split */
	f.queue = NULL;
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
				.layouts = true,
				.launch = launch,
				.worked = worked,
				.fail_next = fail_next,
				.user = &work};

	CU_ASSERT_EQUAL(region_walk_run(&w), 0);
	if (w.wrong[0])
		printf("# %s, seed %u, %s\n", device, seed, w.wrong);
	printf("# seed %u: %u loads, %u switches, %u hits, %u failures made, %u quarantines, "
	       "%u resets, %u swaps, %u restores\n",
	       seed, w.loads, w.switches, w.hits, w.failures, w.quarantines, w.resets, w.swaps,
	       w.restores);
	printf("# %u launches, %u of another image, %u brought their own; %u layouts, %u reverted, "
	       "%u refused, %u parts stayed\n",
	       w.launches, w.mismatches, w.brought, w.applied, w.reverted, w.refused, w.kept);
	CU_ASSERT(w.launches > STEPS / 50 && w.mismatches > STEPS / 50 && w.brought > STEPS / 50);
	CU_ASSERT(w.applied > STEPS / 200 && w.reverted > STEPS / 1000);
	CU_ASSERT(w.refused > STEPS / 1000 && w.kept > STEPS / 1000);
	CU_ASSERT(w.loads > STEPS / 50 && w.switches > STEPS / 50 && w.hits > STEPS / 50);
	CU_ASSERT(w.swaps > STEPS / 200 && w.restores > STEPS / 200);
	CU_ASSERT(w.failures > 20 && w.quarantines > 5 && w.resets > 5);
	for (uint32_t i = 0; i < CONFIGS; i++)
		road_config_release(configs[i]);
	road_buffer_release(state);
	road_buffer_release(work.words);
	road_kernel_release(work.kernel);
	road_image_release(image);
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
