/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reconfiguring the simulated RPU costs, in virtual time, which is the same in every run: a
 * switch between images that are resident, loads hidden behind work, and a trace of images that do
 * not all fit. Prints what docs/reconfiguration.md quotes.
 */
#include <stdbool.h>

#include "tests/unit/core/fixture.h"

enum { KERNELS = 4, TURNS = 8, LAUNCHES = 1000, MANY = 32, TRACE = 2000 };
enum { STRIDE_FIELD = 7 }; /* what patches of this class call a stream's first stride */
static const struct {
	const char *name;
	bool binary; /* x, y, z, n; else x, y, n */
} kernels[KERNELS] = {{"add", true}, {"mul", true}, {"relu", false}, {"dot_i8", true}};

struct rig {
	struct fixture f;
	road_image *image;
	road_kernel *kernels[KERNELS];
	road_config *configs[KERNELS];
	road_buffer *buffer;
	uint64_t address;
	road_region *root;
};

static struct rig begin(const char *device)
{
	static uint8_t bytes[1 << 17];
	struct rig r = {.f = setup(device)};
	FILE *file = fopen(IMAGES, "r");
	size_t count;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	count = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	CU_ASSERT_EQUAL_FATAL(road_image_load(r.f.space, bytes, count, NULL, &r.image), ROAD_OK);
	for (uint32_t i = 0; i < KERNELS; i++) {
		road_config_info info = {.size = sizeof(info)};

		CU_ASSERT_EQUAL_FATAL(road_image_kernel(r.image, kernels[i].name, &r.kernels[i]),
				      ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_kernel_config(r.kernels[i], &r.configs[i]), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_config_info_get(r.configs[i], &info), ROAD_OK);
		CU_ASSERT(info.bytes >= 4096);
	}
	r.buffer = buffer_of(&r.f, ROAD_HEAP_DEVICE, 1 << 16);
	CU_ASSERT_EQUAL_FATAL(road_buffer_address(r.buffer, &r.address), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_region_root(r.f.device, &r.root), ROAD_OK);
	return r;
}

static void finish(struct rig *r)
{
	road_region_release(r->root);
	road_buffer_release(r->buffer);
	for (uint32_t i = 0; i < KERNELS; i++) {
		road_config_release(r->configs[i]);
		road_kernel_release(r->kernels[i]);
	}
	road_image_release(r->image);
	teardown(&r->f);
}

static road_region_status status_of(const struct rig *r)
{
	road_region_status status = {.size = sizeof(status)};

	CU_ASSERT_EQUAL_FATAL(road_region_status_get(r->root, &status), ROAD_OK);
	return status;
}

static void record_launch(const struct rig *r, road_list *list, uint32_t kernel,
			  const uint64_t *iterations)
{
	const uint64_t x = r->address, y = x + 16384, z = y + 16384;
	const void *pointers[4] = {&x, &y, &z, iterations};
	road_launch what = {.size = sizeof(what),
			    .kernel = r->kernels[kernel],
			    .grid = {1, 1, 1},
			    .block = {1, 1, 1},
			    .argument_pointers = pointers,
			    .argument_count = 4};

	if (!kernels[kernel].binary) {
		pointers[2] = iterations;
		what.argument_count = 3;
	}
	if (road_list_launch(list, &what)) {
		tell_error(kernels[kernel].name);
		CU_FAIL_FATAL("the launch is refused");
	}
}

static road_reconfiguration command(uint32_t verb, road_config *config)
{
	road_reconfiguration what = {.size = sizeof(what)};

	what.verb = verb;
	what.slot = ROAD_SLOT_ANY;
	what.config = config;
	return what;
}

static road_list *new_list(const struct rig *r)
{
	road_list *list = NULL;

	CU_ASSERT_EQUAL_FATAL(road_list_create(r->f.space, 0, &list), ROAD_OK);
	return list;
}

static void run(const struct rig *r, road_list *list, uint32_t times)
{
	for (uint32_t i = 0; i < times; i++) {
		road_submission s = {.size = sizeof(s), .list = list};
		road_point point;

		CU_ASSERT_EQUAL_FATAL(road_queue_submit(r->f.queue, &s, &point), ROAD_OK);
		/* The next one is there before this one ends. */
		if (i % 4 == 3)
			CU_ASSERT_EQUAL_FATAL(road_point_wait(point, soon()), ROAD_OK);
	}
	CU_ASSERT_EQUAL_FATAL(road_queue_drain(r->f.queue, soon()), ROAD_OK);
}

/* From the doorbell to the end of a kernel of one iteration, behind a switch to an image that is
 * resident: more than to its first result. */
static void a_switch_is_quick(void)
{
	struct rig r = begin("sim:rpu-small?rows=8&columns=8");
	road_times times = {.size = sizeof(times)};
	const uint64_t one = 1;
	road_list *list = new_list(&r), *loads = new_list(&r);

	for (uint32_t i = 0; i < 2; i++) {
		road_reconfiguration load = command(
			i ? ROAD_RECONFIGURE_ACTIVATE : ROAD_RECONFIGURE_LOAD, r.configs[i]);

		CU_ASSERT_EQUAL_FATAL(road_list_reconfigure(loads, &load), ROAD_OK);
	}
	CU_ASSERT_EQUAL_FATAL(road_list_close(loads), ROAD_OK);
	run(&r, loads, 1);
	road_region_status before = status_of(&r);

	record_launch(&r, list, 0, &one);
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	road_submission s = {
		.size = sizeof(s), .flags = ROAD_SUBMIT_TIMED, .list = list, .times = &times};
	road_point point;

	CU_ASSERT_EQUAL_FATAL(road_queue_submit(r.f.queue, &s, &point), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_point_wait(point, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(status_of(&r).switches, before.switches + 1);
	CU_ASSERT_EQUAL(status_of(&r).loads, before.loads);
	printf("# doorbell to the end of one iteration, with a switch: %llu ns\n",
	       (unsigned long long)(times.ended - times.submitted));
	CU_ASSERT(times.ended - times.submitted < 1000);
	road_list_release(list);
	road_list_release(loads);
	finish(&r);
}

/* Four images in rotation through two slots, each brought in while another one works: the share of
 * the loads' time that the units did not wait for. */
static double hidden(uint64_t iterations, uint64_t *kernel_ns)
{
	struct rig r = begin("sim:rpu-small?rows=8&columns=8&slots=2");
	road_list *list = new_list(&r);
	uint64_t began, ended, host;

	for (uint32_t i = 0; i < TURNS; i++) {
		road_reconfiguration ahead =
			command(ROAD_RECONFIGURE_PREFETCH, r.configs[(i + 1) % KERNELS]);
		road_reconfiguration now =
			command(ROAD_RECONFIGURE_ACTIVATE, r.configs[i % KERNELS]);

		CU_ASSERT_EQUAL_FATAL(road_list_reconfigure(list, &now), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_list_reconfigure(list, &ahead), ROAD_OK);
		record_launch(&r, list, i % KERNELS, &iterations);
	}
	CU_ASSERT_EQUAL_FATAL(road_list_close(list), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_device_clock(r.f.device, &began, &host), ROAD_OK);
	run(&r, list, LAUNCHES / TURNS);
	CU_ASSERT_EQUAL_FATAL(road_device_clock(r.f.device, &ended, &host), ROAD_OK);
	road_region_status status = status_of(&r);

	CU_ASSERT(status.loads >= LAUNCHES);
	*kernel_ns = (ended - began) / LAUNCHES;
	road_list_release(list);
	finish(&r);
	return 1 - (double)status.idle_ns / (double)status.load_ns;
}

static void loads_are_hidden_behind_work(void)
{
	static const uint64_t iterations[] = {8, 25, 128};
	double share = 0;

	for (uint32_t i = 0; i < 3; i++) {
		uint64_t ns;

		share = hidden(iterations[i], &ns);
		printf("# %llu iterations, %llu ns a launch: %.1f %% of the loads' time hidden\n",
		       (unsigned long long)iterations[i], (unsigned long long)ns, 100 * share);
	}
	CU_ASSERT(share >= 0.9);
}

/* ---- more images than slots ---- */

static uint32_t zipf(uint64_t *seed)
{
	static double sum[MANY];

	for (uint32_t i = 0; !sum[MANY - 1] && i < MANY; i++)
		sum[i] = (i ? sum[i - 1] : 0) + 1.0 / (i + 1);
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	double at = (double)(*seed >> 11) / 9007199254740992.0 * sum[MANY - 1];
	uint32_t i = 0;

	while (sum[i] < at)
		i++;
	return i;
}

/* Images that differ in a stream's stride alone. */
static void make_many(const struct rig *r, road_config *out[MANY])
{
	for (uint32_t i = 0; i < MANY; i++) {
		road_patch patch = {.kind = ROAD_PATCH_STREAM,
				    .index = 0,
				    .field = STRIDE_FIELD,
				    .value = 4 * (i + 2)};

		if (road_config_patch(r->configs[0], &patch, 1, &out[i])) {
			tell_error("patch");
			CU_FAIL_FATAL("the image takes no patch");
		}
	}
}

static void images_that_do_not_all_fit(void)
{
	struct rig r = begin("sim:rpu-small?rows=8&columns=8&slots=8");
	road_reconfigure_result result = {.size = sizeof(result)};
	uint64_t seed = 1, hit_ns = 0, miss_ns = 0, hits = 0, misses = 0;
	road_config *many[MANY];

	make_many(&r, many);
	for (uint32_t i = 0; i < TRACE; i++) {
		road_reconfiguration what = command(ROAD_RECONFIGURE_ACTIVATE, many[zipf(&seed)]);
		road_point point;

		what.result = &result;
		CU_ASSERT_EQUAL_FATAL(road_queue_reconfigure(r.f.queue, &what, &point), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_point_wait(point, soon()), ROAD_OK);
		*(result.bytes ? &misses : &hits) += 1;
		*(result.bytes ? &miss_ns : &hit_ns) += result.ended_ns - result.began_ns;
	}
	CU_ASSERT_EQUAL(hits + misses, TRACE);
	CU_ASSERT_EQUAL(status_of(&r).loads, misses);
	CU_ASSERT(hits > misses); /* least recently used keeps what is asked for often */
	CU_ASSERT(miss_ns * hits > hit_ns * misses);
	printf("# Zipf over %d images, 8 slots: %.1f %% resident; activation %llu ns resident, "
	       "%llu "
	       "ns else\n",
	       MANY, 100.0 * (double)hits / TRACE, (unsigned long long)(hit_ns / hits),
	       (unsigned long long)(miss_ns / misses));
	for (uint32_t i = 0; i < MANY; i++)
		road_config_release(many[i]);
	finish(&r);
}

static const struct tap_case cases[] = {
	{"from doorbell to result in less than 1 us, a switch included", a_switch_is_quick},
	{"at least 90 % of the loads' time is hidden behind kernels of 1000 cycles",
	 loads_are_hidden_behind_work},
	{"of 32 images through 8 slots those that are asked for often stay",
	 images_that_do_not_all_fit},
};
TAP_MAIN(cases)
