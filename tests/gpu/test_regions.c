/* SPDX-License-Identifier: Apache-2.0 */
/* Partitions of the simulated GPGPU: launches stay on their SMs, and obey their profile. */
#include <roadbed/region.h>

#include "tests/gpu/run.h"
#include "tests/support/config_image.h"

enum { BLOCKS = 48 };

static const char *const devices[] = {"sim:gpu-small?time=functional", "sim:gpu-small?time=approx"};
enum { DEVICES = sizeof(devices) / sizeof(devices[0]) };

/* out[block] = %nsmid * 256 + %smid */
static const char where[] = ".version 7.0\n.target sm_80\n.address_size 64\n"
			    ".visible .entry where(.param .u64 out) {\n"
			    ".reg .u64 %rd<4>; .reg .u32 %r<5>;\n"
			    "ld.param.u64 %rd1, [out];\n"
			    "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %smid; mov.u32 %r3, %nsmid;\n"
			    "mad.lo.u32 %r4, %r3, 256, %r2;\n"
			    "mul.wide.u32 %rd2, %r1, 4; add.u64 %rd3, %rd1, %rd2;\n"
			    "st.global.u32 [%rd3], %r4;\n"
			    "ret;\n}\n";

static road_status run_where(struct fixture *f, uint32_t *out, uint32_t shared_bytes)
{
	struct run run = {.ptx = where,
			  .kernel = "where",
			  .grid = {BLOCKS, 1, 1},
			  .block = {32, 1, 1},
			  .argument_count = 1,
			  .shared_bytes = shared_bytes};

	run.arguments[0] = (struct run_argument){.data = out, .count = BLOCKS};
	return run_kernel(f, &run, NULL);
}

static void use_region(struct fixture *f, road_region *region)
{
	const road_queue_options options = {.size = sizeof(options), .region = region};

	road_queue_release(f->queue);
	f->queue = NULL;
	CU_ASSERT_EQUAL_FATAL(road_queue_create(f->space, &options, &f->queue), ROAD_OK);
}

static void on_their_sms(void)
{
	const road_region_part parts[] = {{0, 1, 0}, {1, 3, 0}};

	for (size_t k = 0; k < DEVICES; k++) {
		struct fixture f = setup(devices[k]);
		uint32_t out[BLOCKS] = {0}, seen = 0;
		road_region *root = NULL, *child = NULL;

		CU_ASSERT_EQUAL_FATAL(road_region_root(f.device, &root), ROAD_OK);
		road_queue_release(f.queue);
		f.queue = NULL;
		CU_ASSERT_EQUAL_FATAL(road_layout_apply(root, parts, 2), ROAD_OK);
		CU_ASSERT_EQUAL(road_layout_commit(root), ROAD_OK);
		CU_ASSERT_EQUAL_FATAL(road_region_child(root, 1, &child), ROAD_OK);
		use_region(&f, child);
		CU_ASSERT_EQUAL(run_where(&f, out, 0), ROAD_OK);
		for (uint32_t i = 0; i < BLOCKS; i++) {
			CU_ASSERT_EQUAL(out[i] / 256, 3);
			CU_ASSERT(out[i] % 256 >= 1 && out[i] % 256 <= 3);
			seen |= 1u << out[i] % 256;
		}
		CU_ASSERT_EQUAL(seen, 0xe); /* all of them work */
		road_region_release(child);
		road_region_release(root);
		teardown(&f);
	}
}

static road_config *open_config(struct fixture *f, const char *file)
{
	static char bytes[4096];
	road_config *config = NULL;
	FILE *in = fopen(file, "rb");

	CU_ASSERT_FATAL(in != NULL);
	size_t count = fread(bytes, 1, sizeof(bytes), in);

	fclose(in);
	CU_ASSERT_EQUAL_FATAL(road_config_create(f->device, bytes, count, &config), ROAD_OK);
	return config;
}

static road_status reconfigure(struct fixture *f, uint32_t verb, road_config *config)
{
	const road_reconfiguration what = {
		.size = sizeof(what),
		.verb = verb,
		.config = config,
		.slot = ROAD_SLOT_ANY,
		.target = verb == ROAD_RECONFIGURE_ROLLBACK ? ROAD_ROLLBACK_INITIAL : 0};
	road_point point;

	CU_ASSERT_EQUAL(road_queue_reconfigure(f->queue, &what, &point), ROAD_OK);
	return road_point_wait(point, soon());
}

/* gpu-1 leaves 16 KiB of shared memory: a workgroup with more has no place then. */
static void carve_out(void)
{
	for (size_t k = 0; k < DEVICES; k++) {
		struct fixture f = setup(devices[k]);
		road_config *config = open_config(&f, CONFIGS "/gpu-1.config");
		uint32_t out[BLOCKS];

		CU_ASSERT_EQUAL(run_where(&f, out, 20000), ROAD_OK);
		CU_ASSERT_EQUAL(reconfigure(&f, ROAD_RECONFIGURE_ACTIVATE, config), ROAD_OK);
		CU_ASSERT_EQUAL(run_where(&f, out, 8000), ROAD_OK);
		CU_ASSERT_EQUAL(run_where(&f, out, 20000), ROAD_FAULT);
		CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
		CU_ASSERT_EQUAL(reconfigure(&f, ROAD_RECONFIGURE_ROLLBACK, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(run_where(&f, out, 20000), ROAD_OK);
		road_config_release(config);
		teardown(&f);
	}
}

/* Each field of a profile: where it lies, something that it may not say, and the bounds of
 * gpu-small that the error tells. */
static const struct {
	uint32_t at, bytes, value;
	const char *says, *allowed;
} wrong[] = {
	{0, 2, 2, "version", "1"},
	{2, 2, 2, "flags", "0 .. 1"},
	{4, 4, 32 * 1024 + 1, "shared", "0 .. 32768"},
	{8, 4, 0, "warps", "1 .. 16"},
	{8, 4, 17, "warps", "1 .. 16"},
	{12, 4, 9, "workgroups", "0 .. 8"},
	{28, 4, 1, "reserved", "0"},
};

static void wrong_profiles(void)
{
	struct fixture f = setup("sim:gpu-small");
	uint8_t image[CONFIG_IMAGE_ROOM];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t count = config_image_read(CONFIGS "/gpu-0.config", image);
		road_error error = {.size = sizeof(error)};
		road_config *config = NULL;
		char place[32];

		CU_ASSERT_FATAL(count > CONFIG_HEADER);
		config_image_poke(image, count, wrong[i].at, &wrong[i].value, wrong[i].bytes);
		CU_ASSERT_EQUAL(road_config_create(f.device, image, count, &config),
				ROAD_IMAGE_INVALID);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		snprintf(place, sizeof(place), "byte %u", CONFIG_HEADER + wrong[i].at);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.what, wrong[i].says));
		CU_ASSERT_PTR_NOT_NULL(strstr(error.where, place));
		CU_ASSERT_EQUAL(strtoul(error.seen, NULL, 10), wrong[i].value);
		CU_ASSERT_STRING_EQUAL(error.allowed, wrong[i].allowed);
	}
	teardown(&f);
}

static void none(void)
{
	struct fixture f = setup("sim:gpu-small?regions=0");
	road_region *root = NULL;
	uint32_t out[BLOCKS];

	CU_ASSERT_EQUAL(road_region_root(f.device, &root), ROAD_UNSUPPORTED);
	CU_ASSERT_EQUAL(run_where(&f, out, 0), ROAD_OK);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"launches of a region run on its SMs, on all of them, and on no other", on_their_sms},
	{"a profile's carve-out of shared memory binds launches while it is active", carve_out},
	{"each field of a profile that is out of bounds is named, with its bounds", wrong_profiles},
	{"a chip without regions says so, and works", none},
};
TAP_MAIN(cases)
