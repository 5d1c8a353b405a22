/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/fixture.h"

/* ---- what the kernels do, whatever shape a launch has ---- */

static const struct shape {
	road_dim3 grid, block;
} shapes[] = {
	{{1, 1, 1}, {1, 1, 1}},  {{3, 1, 1}, {1, 1, 1}},  {{2, 3, 2}, {1, 1, 1}},
	{{1, 1, 1}, {33, 1, 1}}, {{5, 1, 1}, {16, 2, 1}}, {{2, 2, 3}, {5, 3, 2}},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static bool fits(road_kernel *kernel, const struct shape *shape)
{
	road_kernel_info info = {.size = sizeof(info)};

	CHECK_OK(road_kernel_info_get(kernel, &info));
	return shape->block.x * shape->block.y * shape->block.z <= info.threads_max;
}

/* Launches in this shape and waits; false: the device has no such blocks. */
static bool run_shaped(struct fixture *f, const struct shape *shape, const char *name,
		       const uint64_t *arguments, uint32_t count)
{
	road_launch launch = fixture_launch_of(f, name, arguments, count);
	road_point point;

	if (!fits(launch.kernel, shape))
		return false;
	launch.grid = shape->grid;
	launch.block = shape->block;
	CHECK_OK(road_queue_launch(fixture_queue(f), &launch, &point));
	CHECK_OK(road_point_wait(point, SOON));
	return true;
}

static void check_iota_and_add(struct fixture *f, const struct shape *shape)
{
	enum { COUNT = 203 };
	uint32_t start = (uint32_t)fixture_random(f), words[COUNT + 1];
	road_buffer *a = fixture_buffer(f, sizeof(words)), *b = fixture_buffer(f, sizeof(words));
	uint64_t at_a = fixture_address(f, a), at_b = fixture_address(f, b);
	bool good = true;

	if (!run_shaped(f, shape, "iota", (uint64_t[]){at_a, COUNT, start}, 3))
		return;
	run_shaped(f, shape, "add", (uint64_t[]){at_b, at_a, at_a, COUNT}, 4);
	fixture_get(f, words, a, 0, sizeof(words));
	for (uint32_t i = 0; i < COUNT; i++)
		good &= words[i] == start + i;
	CHECK(good && !words[COUNT]);
	fixture_get(f, words, b, 0, sizeof(words));
	for (uint32_t i = 0; i < COUNT; i++)
		good &= words[i] == 2 * (start + i);
	CHECK(good && !words[COUNT]);
}

static void check_words(struct fixture *f, const struct shape *shape)
{
	uint64_t value = fixture_random(f), words[4] = {0};
	road_buffer *buffer = fixture_buffer(f, sizeof(words));
	uint64_t at = fixture_address(f, buffer);

	if (!run_shaped(f, shape, "poke", (uint64_t[]){at + 8, value}, 2))
		return;
	run_shaped(f, shape, "peek", (uint64_t[]){at + 16, at + 8}, 2);
	fixture_get(f, words, buffer, 0, sizeof(words));
	CHECK(!words[0] && !words[3]);
	CHECK_EQ(words[1], value);
	CHECK_EQ(words[2], value);
}

static void check_atomics(struct fixture *f, const struct shape *shape)
{
	enum { COUNT = 100 };
	uint64_t words[COUNT + 1], seen[COUNT] = {0};
	road_buffer *buffer = fixture_buffer(f, sizeof(words));
	uint64_t at = fixture_address(f, buffer);
	bool good = true;

	if (!run_shaped(f, shape, "atomic", (uint64_t[]){at, 1000}, 2))
		return;
	fixture_get(f, words, buffer, 0, 8);
	CHECK_EQ(words[0], 1000);
	run_shaped(f, shape, "ticket", (uint64_t[]){at + 8, at, COUNT}, 3);
	fixture_get(f, words, buffer, 0, sizeof(words));
	CHECK_EQ(words[0], 1000 + COUNT);
	for (uint32_t i = 1; i <= COUNT; i++)
		good &= words[i] - 1000 < COUNT && !seen[words[i] - 1000]++;
	CHECK(good);
}

CONFORMANCE_CASE(image, image_create_valid)
{
	for (uint32_t i = 0; i < SHAPES; i++) {
		check_iota_and_add(f, &shapes[i]);
		check_words(f, &shapes[i]);
		if (fixture_has(f, CAPABILITY_KERNEL_ATOMIC))
			check_atomics(f, &shapes[i]);
	}
}
