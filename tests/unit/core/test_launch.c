/* SPDX-License-Identifier: Apache-2.0 */
/* What a launch may ask for beside its size, and what can be set of a kernel. */
#include "tests/unit/core/fixture.h"

static const char ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
			  ".visible .entry nothing()\n{\n\tret;\n}\n";

static int nothing(const road_host_group *group, const void *arguments)
{
	(void)group;
	(void)arguments;
	return 0;
}

static const road_host_kernel host_kernels[] = {{.name = "nothing", .run = nothing}};
static const road_host_module host_module = {
	.size = sizeof(host_module), .kernel_count = 1, .kernels = host_kernels};

static const struct device {
	const char *address, *image;
} devices[] = {{"host:", "test-launch"}, {"sim:gpu-small?time=functional", ptx}};
enum { DEVICES = 2, GPU = 1 };

struct loaded {
	struct fixture f;
	road_image *image;
	road_kernel *kernel;
	road_launch launch;
	road_list *list;
};

static struct loaded load(int d)
{
	struct loaded l = {.f = setup(devices[d].address)};

	CU_ASSERT_EQUAL_FATAL(road_host_register("test-launch", &host_module), ROAD_OK);
	if (road_image_load(l.f.space, devices[d].image, strlen(devices[d].image), NULL, &l.image))
		tell_error("load");
	CU_ASSERT_PTR_NOT_NULL_FATAL(l.image);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(l.image, "nothing", &l.kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_list_create(l.f.space, 0, &l.list), ROAD_OK);
	l.launch = (road_launch){.size = sizeof(l.launch),
				 .kernel = l.kernel,
				 .grid = {4, 2, 1},
				 .block = {1, 1, 1}};
	return l;
}

static void unload(struct loaded *l)
{
	road_list_release(l->list);
	road_kernel_release(l->kernel);
	road_image_release(l->image);
	teardown(&l->f);
}

static void clusters_divide_the_grid_or_are_unsupported(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct loaded l = load(d);

		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
		l.launch.cluster = (road_dim3){3, 1, 1};
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		l.launch.cluster = (road_dim3){2, 0, 1};
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		l.launch.cluster = (road_dim3){UINT32_MAX, 1, 1};
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		l.launch.cluster = (road_dim3){2, 2, 1};
		road_device_info info = {.size = sizeof(info)};

		CU_ASSERT_EQUAL(road_device_info_get(l.f.device, &info), ROAD_OK);
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch),
				info.features & ROAD_FEATURE_CLUSTERS ? ROAD_OK : ROAD_UNSUPPORTED);
		unload(&l);
	}
}

static void uses_are_buffers_of_the_space(void)
{
	struct fixture other = setup("host:");
	road_buffer *foreign = buffer_of(&other, ROAD_HEAP_HOST, 64);

	for (int d = 0; d < DEVICES; d++) {
		struct loaded l = load(d);
		road_buffer *mine = buffer_of(&l.f, ROAD_HEAP_HOST, 64);
		road_buffer *uses[2] = {mine, mine};

		l.launch.use_count = 2;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		l.launch.uses = uses;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
		uses[1] = foreign;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		uses[1] = NULL;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		l.launch.use_count = ROAD_USES_MAX + 1;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		road_buffer_release(mine);
		unload(&l);
	}
	road_buffer_release(foreign);
	teardown(&other);
}

static uint32_t has_regions(const struct loaded *l)
{
	road_device_info info = {.size = sizeof(info)};

	CU_ASSERT_EQUAL(road_device_info_get(l->f.device, &info), ROAD_OK);
	return info.features & ROAD_FEATURE_REGIONS;
}

static void an_expected_configuration_needs_regions_and_is_known(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct loaded l = load(d);

		l.launch.configuration = 1;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch),
				has_regions(&l) ? ROAD_NOT_FOUND : ROAD_UNSUPPORTED);
		l.launch.configuration = 0;
		l.launch.reserved4 = 1;
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
		/* An older caller's structure ends before both. */
		l.launch.configuration = 1;
		l.launch.size = (uint32_t)offsetof(road_launch, cluster);
		CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
		unload(&l);
	}
}

static void shared_memory_of_a_kernel_can_be_bounded(void)
{
	struct loaded l = load(GPU);
	road_error error = {.size = sizeof(error)};

	l.launch.shared_bytes = 1024;
	CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
	CU_ASSERT_EQUAL(road_kernel_set(l.kernel, ROAD_KERNEL_SHARED_MAX, 1000), ROAD_OK);
	CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
	CU_ASSERT_STRING_EQUAL(error.seen, "1024");
	CU_ASSERT_PTR_NOT_NULL(strstr(error.allowed, "1000"));
	l.launch.shared_bytes = 1000;
	CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
	CU_ASSERT_EQUAL(road_kernel_set(l.kernel, ROAD_KERNEL_SHARED_MAX, UINT64_MAX),
			ROAD_INVALID_ARGUMENT);
	CU_ASSERT_EQUAL(road_list_launch(l.list, &l.launch), ROAD_OK);
	unload(&l);
}

static void setting_checks_its_arguments(void)
{
	for (int d = 0; d < DEVICES; d++) {
		struct loaded l = load(d);

		CU_ASSERT_EQUAL(road_kernel_set(NULL, 0, 1), ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_kernel_set((road_kernel *)(void *)l.image, 0, 1),
				ROAD_INVALID_ARGUMENT);
		CU_ASSERT_EQUAL(road_kernel_set(l.kernel, ROAD_KERNEL_ATTRIBUTES, 1),
				ROAD_INVALID_ARGUMENT);
		if (d != GPU)
			CU_ASSERT_EQUAL(road_kernel_set(l.kernel, ROAD_KERNEL_SHARED_MAX, 1),
					ROAD_UNSUPPORTED);
		CU_ASSERT_EQUAL(road_space_close(l.f.space), ROAD_OK);
		CU_ASSERT_EQUAL(road_kernel_set(l.kernel, ROAD_KERNEL_SHARED_MAX, 1), ROAD_STALE);
		unload(&l);
	}
}

static const struct tap_case cases[] = {
	{"clusters divide the grid or are unsupported",
	 clusters_divide_the_grid_or_are_unsupported},
	{"uses are buffers of the space", uses_are_buffers_of_the_space},
	{"an expected configuration needs regions, and is one that the device knows",
	 an_expected_configuration_needs_regions_and_is_known},
	{"shared memory of a kernel can be bounded", shared_memory_of_a_kernel_can_be_bounded},
	{"setting checks its arguments", setting_checks_its_arguments},
};

TAP_MAIN(cases)
