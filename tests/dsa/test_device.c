/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated DSA through the public interface: tasks, modes, images, memory, flags. */
#include "tests/dsa/run.h"

static const char *const modes[] = {"sim:dsa-small?time=functional", "sim:dsa-small?time=approx",
				    "sim:dsa-small?time=functional&host_line=0"};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

static void blocks_of_a_task_add_vectors(void)
{
	enum { N = 4096, BLOCKS = 8 };
	static float a[N], b[N], c[N];

	for (int i = 0; i < N; i++) {
		a[i] = (float)i * 0.25f;
		b[i] = 1000.0f - (float)i;
	}
	for (int mode = 0; mode < MODES; mode++) {
		uint64_t cycles = 0;

		for (int again = 0; again < 2; again++) {
			struct fixture f = setup(modes[mode]);
			struct run run = {.file = "device.elf",
					  .kernel = "add",
					  .blocks = BLOCKS,
					  .arguments = {{a, sizeof(a), 0},
							{b, sizeof(b), 0},
							{c, sizeof(c), 0},
							{NULL, 0, N / BLOCKS}},
					  .argument_count = 4};

			memset(c, 0, sizeof(c));
			CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_OK);
			for (int i = 0; i < N; i++)
				if (c[i] != a[i] + b[i])
					CU_FAIL_FATAL("a sum is wrong");
			CU_ASSERT_EQUAL(counter_of(&f, "dsa.blocks"), BLOCKS);
			CU_ASSERT_EQUAL(counter_of(&f, "dsa.hazards"), 0);
			cycles = again ? cycles : counter_of(&f, "dsa.queue.v.busy_ps");
			CU_ASSERT_EQUAL(counter_of(&f, "dsa.queue.v.busy_ps"), cycles);
			teardown(&f);
		}
	}
}

static void more_blocks_than_cores_take_turns(void)
{
	uint64_t out[100];

	for (int mode = 0; mode < MODES; mode++) {
		struct fixture f = setup(modes[mode]);
		struct run run = {.file = "device.elf",
				  .kernel = "number",
				  .blocks = 100,
				  .arguments = {{out, sizeof(out), 0}},
				  .argument_count = 1};

		memset(out, 0xff, sizeof(out));
		CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_OK);
		for (uint64_t i = 0; i < 100; i++)
			CU_ASSERT_EQUAL(out[i], i);
		teardown(&f);
	}
}

static void blocks_of_a_cooperative_task_hand_over(void)
{
	for (int mode = 0; mode < MODES; mode++) {
		struct fixture f = setup(modes[mode]);
		uint64_t out = 0;
		struct run run = {.file = "device.elf",
				  .kernel = "pingpong",
				  .blocks = 2,
				  .arguments = {{&out, sizeof(out), 0}},
				  .argument_count = 1,
				  .cooperative = true};

		CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_OK);
		CU_ASSERT_EQUAL(out, 16);
		teardown(&f);
	}
}

static void an_image_has_variables(void)
{
	for (int mode = 0; mode < MODES; mode++) {
		struct fixture f = setup(modes[mode]);
		float out[4] = {0};
		struct run run = {.file = "device.elf",
				  .kernel = "twice",
				  .blocks = 1,
				  .arguments = {{out, sizeof(out), 0}},
				  .argument_count = 1};
		size_t bytes;
		void *image = run_read(run.file, &bytes);
		road_image *loaded;
		uint64_t address = 0, size = 0;

		CU_ASSERT_EQUAL(run_kernel(&f, &run), ROAD_OK);
		CU_ASSERT(out[0] == 3.0f && out[1] == 5.0f && out[2] == 7.0f && out[3] == 9.0f);
		CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, image, bytes, NULL, &loaded),
				      ROAD_OK);
		CU_ASSERT_EQUAL(road_image_symbol(loaded, "constants", &address, &size), ROAD_OK);
		CU_ASSERT_EQUAL(size, 16);
		CU_ASSERT_NOT_EQUAL(address, 0);
		CU_ASSERT_EQUAL(road_image_symbol(loaded, "none", &address, &size), ROAD_NOT_FOUND);
		road_image_release(loaded);
		free(image);
		teardown(&f);
	}
}

static uint8_t host[64 << 10], back[64 << 10];

static void boxes_are_copied_and_filled(void)
{
	struct fixture f = setup("sim:dsa-small?time=functional");
	road_buffer *a = buffer_of(&f, ROAD_HEAP_DEVICE, sizeof(host));
	road_buffer *b = buffer_of(&f, ROAD_HEAP_DEVICE, sizeof(host));

	for (size_t i = 0; i < sizeof(host); i++)
		host[i] = (uint8_t)(i * 7 + i / 251);
	CU_ASSERT_EQUAL(road_queue_write(f.queue, a, 0, host, sizeof(host), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_copy(f.queue, b, 5, a, 3, sizeof(host) - 9, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_fill(f.queue, b, 1000, 4000, 0xabcd, 2, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(f.queue, back, b, 0, sizeof(back), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	for (size_t i = 0; i < sizeof(host); i++) {
		uint8_t expected = i < 5 || i >= sizeof(host) - 4 ? 0 : host[i - 2];

		if (i >= 1000 && i < 5000)
			expected = i % 2 ? 0xab : 0xcd;
		if (back[i] != expected)
			CU_FAIL_FATAL("a byte is wrong");
	}
	road_buffer_release(a);
	road_buffer_release(b);
	teardown(&f);
}

/* Host memory is flushed before the chip reads it, and invalidated before the host does. */
static void host_memory_is_seen_after_flush_and_invalidate(void)
{
	struct fixture f = setup("sim:dsa-small?time=functional");
	road_buffer *in = buffer_of(&f, ROAD_HEAP_HOST, 4096),
		    *out = buffer_of(&f, ROAD_HEAP_HOST, 4096);
	uint32_t *from = mapped(in), *to = mapped(out);
	road_heap_info heap = {.size = sizeof(heap)};

	CU_ASSERT_EQUAL(road_device_heap(f.device, 1, &heap), ROAD_OK);
	CU_ASSERT_EQUAL(heap.coherent, 0);
	for (uint32_t i = 0; i < 1024; i++)
		from[i] = i + 1;
	CU_ASSERT_EQUAL(road_buffer_flush(in, 0, 4096), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_copy(f.queue, out, 0, in, 0, 4096, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(to[5], 0); /* the host's cache has the old line */
	CU_ASSERT_EQUAL(road_buffer_invalidate(out, 0, 4096), ROAD_OK);
	for (uint32_t i = 0; i < 1024; i++)
		CU_ASSERT_EQUAL(to[i], i + 1);
	road_buffer_release(in);
	road_buffer_release(out);
	teardown(&f);
}

/* Every shorter file, and every byte of the headers changed, is refused or works; never more. */
static void broken_images_are_refused(void)
{
	struct fixture f = setup("sim:dsa-small?time=functional");
	size_t bytes;
	uint8_t *image = run_read("device.elf", &bytes);
	road_image *loaded = NULL;
	road_error error = {.size = sizeof(error)};

	for (size_t n = 0; n < bytes; n += n < 512 || n + 2048 > bytes ? 1 : 37) {
		road_status status = road_image_load(f.space, image, n, NULL, &loaded);

		CU_ASSERT_NOT_EQUAL(status, ROAD_OK);
		CU_ASSERT_EQUAL(road_last_error(&error), ROAD_OK);
		CU_ASSERT(error.what[0] && error.where[0]);
	}
	for (size_t i = 0; i < 64; i++) {
		image[i] ^= 0x41;
		if (!road_image_load(f.space, image, bytes, NULL, &loaded))
			road_image_release(loaded);
		image[i] ^= 0x41;
	}
	image[18] ^= 1; /* e_machine */
	CU_ASSERT_EQUAL(road_image_load(f.space, image, bytes, NULL, &loaded),
			ROAD_IMAGE_INCOMPATIBLE);
	image[18] ^= 1;
	image[64] ^= 0xff; /* the first word's opcode */
	CU_ASSERT_EQUAL(road_image_load(f.space, image, bytes, NULL, &loaded), ROAD_IMAGE_INVALID);
	image[64] ^= 0xff;
	CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, image, bytes, NULL, &loaded), ROAD_OK);
	road_image_release(loaded);
	free(image);
	teardown(&f);
}

static void what_cannot_be_launched_says_why(void)
{
	struct fixture f = setup("sim:dsa-small");
	size_t bytes;
	void *image = run_read("device.elf", &bytes);
	road_image *loaded;
	road_kernel *kernel, *pair;
	uint64_t value = 0;
	const void *pointers[] = {&value};

	CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, image, bytes, NULL, &loaded), ROAD_OK);
	CU_ASSERT_EQUAL(road_image_kernel(loaded, "none", &kernel), ROAD_NOT_FOUND);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(loaded, "number", &kernel), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(loaded, "pingpong", &pair), ROAD_OK);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = kernel,
			      .grid = {1, 1, 1},
			      .block = {32, 1, 1},
			      .argument_pointers = pointers,
			      .argument_count = 1};

	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_INVALID_ARGUMENT);
	launch.block.x = 1;
	launch.grid.x = launch.grid.y = 1u << 20;
	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_INVALID_ARGUMENT);
	launch.grid.x = launch.grid.y = 1;
	launch.shared_bytes = 16;
	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_INVALID_ARGUMENT);
	launch.shared_bytes = 0;
	launch.kernel = pair;
	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_INVALID_ARGUMENT);
	launch.flags = ROAD_LAUNCH_COOPERATIVE;
	launch.grid.x = 3; /* the chip has two cores */
	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_NO_SPACE);
	road_kernel_release(kernel);
	road_kernel_release(pair);
	road_image_release(loaded);
	free(image);
	teardown(&f);
}

static void images_outlive_a_reset(void)
{
	struct fixture f = setup("sim:dsa-small?time=functional");
	size_t bytes;
	void *image = run_read("device.elf", &bytes);
	road_buffer *buffer = buffer_of(&f, ROAD_HEAP_DEVICE, 64);
	road_image *loaded;
	road_kernel *kernel;
	uint64_t address = 0, out[8] = {0};
	const void *pointers[] = {&address};

	CU_ASSERT_EQUAL_FATAL(road_image_load(f.space, image, bytes, NULL, &loaded), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(loaded, "number", &kernel), ROAD_OK);
	CU_ASSERT_EQUAL(road_buffer_address(buffer, &address), ROAD_OK);
	CU_ASSERT_EQUAL(road_device_reset(f.device, ROAD_RESET_DEVICE), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_reset(f.queue), ROAD_OK);
	road_launch launch = {.size = sizeof(launch),
			      .kernel = kernel,
			      .grid = {2, 2, 2},
			      .block = {1, 1, 1},
			      .argument_pointers = pointers,
			      .argument_count = 1};

	CU_ASSERT_EQUAL(road_queue_launch(f.queue, &launch, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_read(f.queue, out, buffer, 0, sizeof(out), NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_drain(f.queue, soon()), ROAD_OK);
	CU_ASSERT_EQUAL(out[7], 7);
	road_kernel_release(kernel);
	road_image_release(loaded);
	road_buffer_release(buffer);
	free(image);
	teardown(&f);
}

static const struct tap_case cases[] = {
	{"blocks of a task add vectors", blocks_of_a_task_add_vectors},
	{"more blocks than cores take turns", more_blocks_than_cores_take_turns},
	{"blocks of a cooperative task hand over", blocks_of_a_cooperative_task_hand_over},
	{"an image has variables", an_image_has_variables},
	{"boxes are copied and filled", boxes_are_copied_and_filled},
	{"host memory is seen after flush and invalidate",
	 host_memory_is_seen_after_flush_and_invalidate},
	{"broken images are refused", broken_images_are_refused},
	{"what cannot be launched says why", what_cannot_be_launched_says_why},
	{"images outlive a reset", images_outlive_a_reset},
};

TAP_MAIN(cases)
