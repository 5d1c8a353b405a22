/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of the simulated DSA: clusters work side by side, each under its own microcode. */
#include <roadbed/region.h>

#include "tests/dsa/run.h"
#include "tests/support/config_image.h"

/* dsa-small has two cores, each a cluster, and two slots a region. */
#define DEVICE "sim:dsa-small"

struct chip {
	struct fixture f;
	road_region *root, *child[2];
	road_queue *queue[2];
	road_image *image;
	road_kernel *matrices, *vectors;
};

static struct chip open_chip(const char *address)
{
	static const road_region_part parts[] = {{0, 1, 0}, {1, 1, 0}};
	struct chip c = {.f = setup(address)};
	size_t bytes = 0;
	void *image = run_read("device.elf", &bytes);

	CU_ASSERT_EQUAL_FATAL(road_image_load(c.f.space, image, bytes, NULL, &c.image), ROAD_OK);
	free(image);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(c.image, "matrices", &c.matrices), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(c.image, "vectors", &c.vectors), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_root(c.f.device, &c.root), ROAD_OK);
	road_queue_release(c.f.queue);
	c.f.queue = NULL;
	CU_ASSERT_EQUAL_FATAL(road_layout_apply(c.root, parts, 2), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_layout_commit(c.root), ROAD_OK);
	for (uint32_t i = 0; i < 2; i++) {
		road_queue_options options = {.size = sizeof(options)};

		CU_ASSERT_EQUAL_FATAL(road_region_child(c.root, i, &c.child[i]), ROAD_OK);
		options.region = c.child[i];
		CU_ASSERT_EQUAL_FATAL(road_queue_create(c.f.space, &options, &c.queue[i]), ROAD_OK);
	}
	return c;
}

static void close_chip(struct chip *c)
{
	for (uint32_t i = 0; i < 2; i++) {
		road_queue_release(c->queue[i]);
		road_region_release(c->child[i]);
	}
	road_region_release(c->root);
	road_kernel_release(c->matrices);
	road_kernel_release(c->vectors);
	road_image_release(c->image);
	teardown(&c->f);
}

/* ---- launches that tell their times ---- */

struct timed {
	road_list *list;
	road_point point;
	road_times times;
};

static void begin(struct chip *c, uint32_t part, road_kernel *kernel, uint64_t count,
		  struct timed *out)
{
	const void *arguments[] = {&count};
	const road_launch launch = {.size = sizeof(launch),
				    .kernel = kernel,
				    .grid = {1, 1, 1},
				    .block = {1, 1, 1},
				    .argument_pointers = arguments,
				    .argument_count = 1};
	road_submission s = {.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .times = &out->times};

	out->times = (road_times){.size = sizeof(out->times)};
	CU_ASSERT_EQUAL_FATAL(road_list_create(c->f.space, 0, &out->list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_launch(out->list, &launch), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_close(out->list), ROAD_OK);
	s.list = out->list;
	CU_ASSERT_EQUAL_FATAL(road_queue_submit(c->queue[part], &s, &out->point), ROAD_OK);
}

static road_status await(struct timed *t)
{
	road_status status = road_point_wait(t->point, soon());

	road_list_release(t->list);
	return status;
}

static uint64_t took(struct chip *c, uint32_t part, road_kernel *kernel, uint64_t count)
{
	struct timed t;

	begin(c, part, kernel, count, &t);
	CU_ASSERT_EQUAL(await(&t), ROAD_OK);
	return t.times.ended - t.times.started;
}

/* ---- microcode ---- */

static road_config *config_of(struct chip *c, const char *file)
{
	uint8_t bytes[CONFIG_IMAGE_ROOM];
	char path[512];
	road_config *config = NULL;

	snprintf(path, sizeof(path), CONFIGS "/%s", file);
	size_t count = config_image_read(path, bytes);

	CU_ASSERT_EQUAL_FATAL(road_config_create(c->f.device, bytes, count, &config), ROAD_OK);
	return config;
}

static road_reconfigure_result do_verb(struct chip *c, uint32_t part, uint32_t verb,
				       road_config *config)
{
	road_reconfigure_result result = {.size = sizeof(result)};
	const road_reconfiguration what = {.size = sizeof(what),
					   .verb = verb,
					   .config = config,
					   .slot = ROAD_SLOT_ANY,
					   .result = &result};
	road_point point;

	CU_ASSERT_EQUAL(road_queue_reconfigure(c->queue[part], &what, &point), ROAD_OK);
	CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
	return result;
}

/* ---- cases ---- */

static void side_by_side(void)
{
	struct chip c = open_chip(DEVICE);
	struct timed timed[2];
	uint64_t alone[2] = {took(&c, 0, c.vectors, 2000), took(&c, 1, c.vectors, 2000)};

	for (uint32_t i = 0; i < 2; i++)
		begin(&c, i, c.vectors, 2000, &timed[i]);
	for (uint32_t i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(await(&timed[i]), ROAD_OK);
	CU_ASSERT(timed[0].times.started < timed[1].times.ended);
	CU_ASSERT(timed[1].times.started < timed[0].times.ended);
	for (uint32_t i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(timed[i].times.ended - timed[i].times.started, alone[i]);
	close_chip(&c);
}

static void without_cube(void)
{
	static const char *const modes[] = {DEVICE, DEVICE "?time=functional"};

	for (uint32_t k = 0; k < 2; k++) {
		struct chip c = open_chip(modes[k]);
		road_config *vectors = config_of(&c, "dsa-2.config");
		struct timed t;
		road_error why = {.size = sizeof(why)};

		do_verb(&c, 0, ROAD_RECONFIGURE_ACTIVATE, vectors);
		took(&c, 0, c.vectors, 1);
		begin(&c, 0, c.matrices, 1, &t);
		CU_ASSERT_EQUAL(await(&t), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_event_error(t.point.event, t.point.value, &why), ROAD_FAULT);
		CU_ASSERT_PTR_NOT_NULL(strstr(why.what, "microcode lacks it, instruction mmad"));
		/* the region beside it has its cube */
		took(&c, 1, c.matrices, 1);
		CU_ASSERT_EQUAL(road_queue_reset(c.queue[0]), ROAD_OK);
		const road_reconfiguration none = {.size = sizeof(none),
						   .verb = ROAD_RECONFIGURE_ROLLBACK,
						   .slot = ROAD_SLOT_ANY,
						   .target = ROAD_ROLLBACK_INITIAL};
		road_point point;

		CU_ASSERT_EQUAL(road_queue_reconfigure(c.queue[0], &none, &point), ROAD_OK);
		CU_ASSERT_EQUAL(road_point_wait(point, soon()), ROAD_OK);
		took(&c, 0, c.matrices, 1);
		road_config_release(vectors);
		close_chip(&c);
	}
}

/* Both are resident: going from one to the other transfers nothing, and the split shows. */
static void two_slots(void)
{
	struct chip c = open_chip(DEVICE);
	road_config *matrices = config_of(&c, "dsa-1.config");
	road_config *vectors = config_of(&c, "dsa-2.config");
	uint64_t plain_v = took(&c, 0, c.vectors, 1000), plain_m = took(&c, 0, c.matrices, 1000);

	do_verb(&c, 0, ROAD_RECONFIGURE_LOAD, matrices);
	do_verb(&c, 0, ROAD_RECONFIGURE_LOAD, vectors);
	for (uint32_t i = 0; i < 2; i++) {
		road_slot_info slot = {.size = sizeof(slot)};
		road_config_info info = {.size = sizeof(info)};

		CU_ASSERT_EQUAL(road_region_slot(c.child[0], i, &slot), ROAD_OK);
		CU_ASSERT_EQUAL(road_config_info_get(i ? vectors : matrices, &info), ROAD_OK);
		CU_ASSERT_EQUAL(slot.state, ROAD_SLOT_READY);
		CU_ASSERT_EQUAL(slot.config, info.id);
	}
	for (uint32_t round = 0; round < 2; round++) {
		CU_ASSERT_EQUAL(do_verb(&c, 0, ROAD_RECONFIGURE_ACTIVATE, matrices).bytes, 0);
		CU_ASSERT(took(&c, 0, c.matrices, 1000) < plain_m);
		CU_ASSERT(took(&c, 0, c.vectors, 1000) > plain_v);
		CU_ASSERT_EQUAL(do_verb(&c, 0, ROAD_RECONFIGURE_ACTIVATE, vectors).bytes, 0);
		CU_ASSERT(took(&c, 0, c.vectors, 1000) < plain_v);
		CU_ASSERT_EQUAL(took(&c, 1, c.vectors, 1000), plain_v);
	}
	road_config_release(matrices);
	road_config_release(vectors);
	close_chip(&c);
}

/* The shares of the cube and the vector unit in dsa-0, whose tables know all instructions. */
static void wrong_splits(void)
{
	static const struct {
		uint8_t split[2];
		const char *says, *allowed;
	} wrong[] = {
		{{3, 13}, "cube's share", "4 .. 12"},
		{{8, 9}, "vector unit's share", "8"},
		{{0, 16}, "of a unit that is off", "0"},
		{{16, 0}, "of a unit that is off", "0"},
	};
	struct fixture f = setup(DEVICE);
	uint8_t image[CONFIG_IMAGE_ROOM];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t count = config_image_read(CONFIGS "/dsa-0.config", image);
		road_error error = {.size = sizeof(error)};
		road_config *config = NULL;

		CU_ASSERT_FATAL(count > CONFIG_HEADER);
		config_image_poke(image, count, 6, wrong[i].split, 2);
		CU_ASSERT_EQUAL(road_config_create(f.device, image, count, &config),
				ROAD_IMAGE_INVALID);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.what, wrong[i].says));
		CU_ASSERT_PTR_NOT_NULL(strstr(error.where, "byte "));
		CU_ASSERT_STRING_EQUAL(error.allowed, wrong[i].allowed);
	}
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"regions work side by side, each as fast as alone", side_by_side},
	{"microcode without the cube refuses its kernels, and says which instruction",
	 without_cube},
	{"two slots hold two microcodes; which one is active shows in what work takes", two_slots},
	{"a split that cannot be is refused, and says what could be", wrong_splits},
};

TAP_MAIN(cases)
