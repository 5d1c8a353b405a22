/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose the bytes of scratchpads are, through the public interface: an image reaches what it
 * claims and no more, and whoever has a region next finds nothing of those before.
 *
 * Chips are simulated in the process that opens them, each instance's apart: two processes can no
 * more meet on one than two instances.
 */
#include "tests/unit/core/fixture.h"

enum { CLAIMED = 4096, WORDS = 4 };
#define PATTERN 0x5eca11edu

static const char *const devices[] = {"sim:rpu-small", "sim:rpu-small?time=functional"};

/* A space with a queue in the root, and what is needed to run one of the images. */
struct client {
	road_device *device;
	road_space *space;
	road_queue *queue;
};

static struct client arrive(road_device *device)
{
	struct client c = {.device = device};

	CU_ASSERT_EQUAL_FATAL(road_space_create(device, NULL, &c.space), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(c.space, NULL, &c.queue), ROAD_OK);
	return c;
}

static void leave(struct client *c)
{
	road_queue_release(c->queue);
	CU_ASSERT_EQUAL(road_space_close(c->space), ROAD_OK);
	road_space_release(c->space);
}

static road_kernel *load(struct client *c, const char *name, road_image **image)
{
	static uint8_t bytes[1 << 14];
	char path[512];
	road_kernel *kernel = NULL;

	snprintf(path, sizeof(path), "%s/%s.image", IMAGES, name);
	FILE *file = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	const size_t count = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	if (road_image_load(c->space, bytes, count, NULL, image)) {
		tell_error(name);
		CU_FAIL_FATAL("the image is refused");
	}
	CU_ASSERT_EQUAL_FATAL(road_image_kernel(*image, name, &kernel), ROAD_OK);
	return kernel;
}

static uint64_t address_of(road_buffer *buffer)
{
	uint64_t address = 0;

	CU_ASSERT_EQUAL_FATAL(road_buffer_address(buffer, &address), ROAD_OK);
	return address;
}

/*
 * Runs the image's kernel on one tile, with an array of `words`: written before, read after. at:
 * of `reach`. The queue's failure, if the launch fails, goes to *error.
 */
static road_status run(struct client *c, const char *name, uint32_t at, uint32_t words[WORDS],
		       road_error *error)
{
	road_image *image = NULL;
	road_kernel *kernel = load(c, name, &image);
	const road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = WORDS * 4};
	road_buffer *buffer = NULL;
	road_point done;

	CU_ASSERT_EQUAL_FATAL(road_buffer_create(c->space, &options, &buffer), ROAD_OK);
	const uint64_t address = address_of(buffer), n = WORDS;
	const void *pointers[] = {&address, &n, &at};
	const road_launch what = {.size = sizeof(what),
				  .kernel = kernel,
				  .grid = {1, 1, 1},
				  .block = {1, 1, 1},
				  .argument_pointers = pointers,
				  .argument_count = strcmp(name, "reach") ? 2 : 3};

	CU_ASSERT_EQUAL(road_queue_write(c->queue, buffer, 0, words, WORDS * 4, NULL), ROAD_OK);
	CU_ASSERT_EQUAL(road_queue_launch(c->queue, &what, NULL), ROAD_OK);
	CU_ASSERT_EQUAL_FATAL(road_queue_read(c->queue, words, buffer, 0, WORDS * 4, &done),
			      ROAD_OK);
	const road_status status = road_point_wait(done, soon());

	if (status && error)
		CU_ASSERT_EQUAL(road_event_error(done.event, done.value, error), status);
	road_buffer_release(buffer);
	road_kernel_release(kernel);
	road_image_release(image);
	return status;
}

static void stain(struct client *c)
{
	uint32_t words[WORDS] = {1, 2, 3, PATTERN};

	CU_ASSERT_EQUAL(run(c, "leave", 0, words, NULL), ROAD_OK);
}

/* All words are what the scratchpad holds at the byte that `leave` writes. */
static uint32_t seen(struct client *c)
{
	uint32_t words[WORDS] = {1, 2, 3, 4};

	CU_ASSERT_EQUAL(run(c, "look", 0, words, NULL), ROAD_OK);
	for (uint32_t i = 1; i < WORDS; i++)
		CU_ASSERT_EQUAL(words[i], words[0]);
	return words[0];
}

/* ---- owners ---- */

static void next_owner_finds_nothing(void)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct fixture f = {.instance = open_instance()};

		CU_ASSERT_EQUAL_FATAL(road_device_open(f.instance, devices[i], &f.device), ROAD_OK);
		struct client one = arrive(f.device);

		stain(&one);
		CU_ASSERT_EQUAL(seen(&one), PATTERN); /* it is its own, for another image, too */
		leave(&one);
		struct client other = arrive(f.device);

		CU_ASSERT_EQUAL(seen(&other), 0);
		leave(&other);
		road_device_release(f.device);
		road_instance_release(f.instance);
	}
}

/* Two at a time share the region; once nobody is left, it is new, also for the one that came last.
 */
static void two_owners_leave_nothing(void)
{
	struct fixture f = {.instance = open_instance()};

	CU_ASSERT_EQUAL_FATAL(road_device_open(f.instance, devices[0], &f.device), ROAD_OK);
	struct client one = arrive(f.device), other = arrive(f.device);

	stain(&one);
	leave(&one);
	road_queue_release(other.queue);
	CU_ASSERT_EQUAL_FATAL(road_queue_create(other.space, NULL, &other.queue), ROAD_OK);
	CU_ASSERT_EQUAL(seen(&other), 0);
	leave(&other);
	road_device_release(f.device);
	road_instance_release(f.instance);
}

static void instances_have_chips_of_their_own(void)
{
	struct fixture f[2];
	struct client c[2];

	for (int i = 0; i < 2; i++) {
		f[i].instance = open_instance();
		CU_ASSERT_EQUAL_FATAL(road_device_open(f[i].instance, devices[0], &f[i].device),
				      ROAD_OK);
		c[i] = arrive(f[i].device);
	}
	stain(&c[0]);
	CU_ASSERT_EQUAL(seen(&c[1]), 0);
	CU_ASSERT_EQUAL(seen(&c[0]), PATTERN);
	for (int i = 0; i < 2; i++) {
		leave(&c[i]);
		road_device_release(f[i].device);
		road_instance_release(f[i].instance);
	}
}

/* ---- claims ---- */

static void image_reaches_what_it_claims(void)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		struct fixture f = setup(devices[i]);
		struct client c = {f.device, f.space, f.queue};
		road_error error = {.size = sizeof(error)};
		uint32_t words[WORDS] = {0};

		CU_ASSERT_EQUAL(run(&c, "reach", 0, words, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(run(&c, "reach", CLAIMED - 4, words, NULL), ROAD_OK);
		CU_ASSERT_EQUAL(run(&c, "reach", CLAIMED, words, &error), ROAD_FAULT);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.what, "outside claims"));
		teardown(&f);
	}
}

static const struct tap_case cases[] = {
	{"the next owner of a region finds nothing in its scratchpads", next_owner_finds_nothing},
	{"what one of two owners left is gone when both are", two_owners_leave_nothing},
	{"instances have chips of their own", instances_have_chips_of_their_own},
	{"an image reaches what it claims of scratchpads, and no byte more",
	 image_reaches_what_it_claims},
};
TAP_MAIN(cases)
