/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/fixture.h"

#include <dirent.h>
#include <stdio.h>

/* NULL: there is none. */
static void *read_file(struct fixture *f, const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	void *out = NULL;
	long size;

	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) > 0 && !fseek(file, 0, SEEK_SET)) {
		out = fixture_memory(f, (size_t)size);
		*bytes = fread(out, 1, (size_t)size, file);
	}
	fclose(file);
	return out;
}

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

/* ---- images that are not right ---- */

/* Kernels of an image that loaded though its bytes were changed: all can be asked for. */
static void check_kernels(road_image *image)
{
	const char *name;

	for (uint32_t i = 0; !road_image_kernel_name(image, i, &name); i++) {
		road_kernel *kernel = NULL;
		road_status status = road_image_kernel(image, name, &kernel);

		CHECK(status == ROAD_OK || status == ROAD_UNSUPPORTED);
		road_kernel_release(kernel);
	}
}

/* Loads what somebody changed: either it is refused with words, or it is an image. */
static road_status load_changed(struct fixture *f, const void *bytes, size_t count)
{
	road_error why = {.size = sizeof(why)};
	road_image *image = NULL;
	road_status status = road_image_load(f->space, bytes, count, NULL, &image);

	if (!status) {
		check_kernels(image);
		road_image_release(image);
		return status;
	}
	CHECK(status == ROAD_IMAGE_INVALID || status == ROAD_IMAGE_INCOMPATIBLE ||
	      status == ROAD_NOT_FOUND || status == ROAD_INVALID_ARGUMENT ||
	      status == ROAD_UNSUPPORTED);
	CHECK(!road_last_error(&why) && why.status == status && why.what[0]);
	return status;
}

CONFORMANCE_CASE(image, image_bad_magic_image_invalid)
{
	static const char *const texts[] = {"nonsense",
					    "\x7f"
					    "ELF",
					    "/", ".version", "DRBG"};
	unsigned char noise[512];

	for (uint32_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK(load_changed(f, texts[i], strlen(texts[i])) != ROAD_OK);
	for (uint32_t i = 0; i < 32; i++) {
		fixture_fill_random(f, noise, sizeof(noise));
		CHECK(load_changed(f, noise, 1 + fixture_random(f) % sizeof(noise)) != ROAD_OK);
	}
	CHECK_STATUS(road_image_load(f->space, NULL, 10, NULL, &(road_image *){NULL}),
		     ROAD_INVALID_ARGUMENT);
	CHECK_STATUS(road_image_load(f->space, noise, 0, NULL, &(road_image *){NULL}),
		     ROAD_INVALID_ARGUMENT);
}

/* The space still takes the whole image, and it works. */
static void check_space_works(struct fixture *f)
{
	check_iota_and_add(f, &shapes[1]);
}

CONFORMANCE_CASE(image, image_truncated_every_offset)
{
	size_t count = 0, step, refused = 0, tried = 0;
	unsigned char *bytes = fixture_image_bytes(f, &count);
	unsigned char *piece = fixture_memory(f, count);

	step = f->soak || count < 512 ? 1 : count / 251;
	for (size_t end = 1; end < count; end += step, tried++) {
		memcpy(piece, bytes, end);
		refused += load_changed(f, piece, end) != ROAD_OK;
	}
	CHECK(refused > tried / 2);
	check_space_works(f);
}

CONFORMANCE_CASE(image, image_bitflip_detected)
{
	size_t count = 0;
	unsigned char *bytes = fixture_image_bytes(f, &count);
	unsigned char *copy = fixture_memory(f, count);
	uint32_t refused = 0, tries = f->soak ? 4000 : 250;

	for (uint32_t i = 0; i < tries; i++) {
		uint64_t bit = fixture_random(f) % (8 * count);

		memcpy(copy, bytes, count);
		copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
		refused += load_changed(f, copy, count) != ROAD_OK;
	}
	CHECK(refused > 0);
	check_space_works(f);
	case_note("%u of %u images with a wrong bit were refused", refused, tries);
}

/* The images of all other families, as bytes and by path. */
CONFORMANCE_CASE(image, image_wrong_chip_refused)
{
	char *path = fixture_memory(f, 4096);
	const struct dirent *entry;
	uint32_t others = 0;
	DIR *folder = opendir(f->kernels);

	REQUIRE(folder != NULL);
	while ((entry = readdir(folder))) {
		size_t own = strlen(f->info.driver), count;
		void *bytes;

		const char *dot = strrchr(entry->d_name, '.');

		if (!dot || (strcmp(dot, ".image") && strcmp(dot, ".so")))
			continue;
		if (!strncmp(entry->d_name, f->info.driver, own) &&
		    strchr(".-", entry->d_name[own])) /* its own, also of its other chips */
			continue;
		snprintf(path, 4096, "%s/%s", f->kernels, entry->d_name);
		bytes = read_file(f, path, &count);
		if (!bytes)
			continue;
		others++;
		CHECK(load_changed(f, bytes, count) != ROAD_OK);
		CHECK(load_changed(f, path, strlen(path)) != ROAD_OK);
	}
	closedir(folder);
	CHECK(others >= 2);
	check_space_works(f);
}

/* Takes all of the device's memory, the largest pieces first. */
static uint32_t take_memory(struct fixture *f, road_buffer **taken, uint32_t room)
{
	uint64_t least = 4096;
	uint32_t count = 0;
	road_buffer_options options = {.size = sizeof(options), .heap = ROAD_HEAP_DEVICE};

	for (uint64_t bytes = f->info.memory_bytes; bytes >= least && count < room;) {
		road_buffer *buffer = NULL;
		road_status status;

		options.bytes = bytes;
		status = road_buffer_create(f->space, &options, &buffer);
		if (!status) {
			taken[count++] = buffer;
			continue;
		}
		CHECK_STATUS(status, ROAD_OUT_OF_DEVICE_MEMORY);
		bytes /= 2;
	}
	return count;
}

CONFORMANCE_CASE(image, image_too_large_out_of_device_memory)
{
	size_t count = 0;
	void *bytes = fixture_image_bytes(f, &count);
	road_buffer *taken[256];
	road_image *image = NULL;

	uint32_t pieces = take_memory(f, taken, 256);

	CHECK_STATUS(road_image_load(f->space, bytes, count, NULL, &image),
		     ROAD_OUT_OF_DEVICE_MEMORY);
	while (pieces)
		road_buffer_release(taken[--pieces]);
	CHECK_OK(road_image_load(f->space, bytes, count, NULL, &image));
	road_image_release(image);
}

/* ---- what an image tells ---- */

/* The bytes are the library's own from the call on, and the same bytes are the same image. */
CONFORMANCE_CASE(image, image_digest_matches)
{
	size_t count = 0;
	void *bytes = fixture_image_bytes(f, &count);
	unsigned char *copy = fixture_memory(f, count);
	road_image *one = NULL, *other = NULL;
	const char *name, *again;
	uint32_t kernels = 0;

	memcpy(copy, bytes, count);
	CHECK_OK(road_image_load(f->space, copy, count, NULL, &one));
	memset(copy, 0x5a, count);
	CHECK_OK(road_image_load(f->space, bytes, count, NULL, &other));
	for (; !road_image_kernel_name(one, kernels, &name); kernels++) {
		road_kernel_info a = {.size = sizeof(a)}, b = {.size = sizeof(b)};
		road_kernel *left = NULL, *right = NULL;

		CHECK_OK(road_image_kernel_name(other, kernels, &again));
		CHECK(!strcmp(name, again));
		CHECK_OK(road_image_kernel(one, name, &left));
		CHECK_OK(road_image_kernel(other, name, &right));
		CHECK_OK(road_kernel_info_get(left, &a));
		CHECK_OK(road_kernel_info_get(right, &b));
		CHECK_SAME(&a, &b, sizeof(a));
		road_kernel_release(left);
		road_kernel_release(right);
	}
	CHECK(kernels >= 2);
	CHECK_STATUS(road_image_kernel_name(other, kernels, &again), ROAD_NOT_FOUND);
	road_image_release(one);
	road_image_release(other);
}

static void launch_of_image(struct fixture *f, road_image *image, uint64_t start)
{
	road_buffer *buffer = fixture_buffer(f, 64);
	uint64_t arguments[] = {fixture_address(f, buffer), 16, start};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	uint32_t words[16];
	road_point point;

	CHECK_OK(road_image_kernel(image, "iota", &launch.kernel));
	CHECK_OK(road_queue_launch(fixture_queue(f), &launch, &point));
	road_kernel_release(launch.kernel);
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, words, buffer, 0, sizeof(words));
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(words[i], (uint32_t)start + i);
}

CONFORMANCE_CASE(image, image_two_entries)
{
	size_t count = 0;
	void *bytes = fixture_image_bytes(f, &count);
	road_image *images[2] = {NULL, NULL};
	road_kernel *kernel = NULL;

	for (uint32_t i = 0; i < 2; i++)
		CHECK_OK(road_image_load(f->space, bytes, count, NULL, &images[i]));
	launch_of_image(f, images[0], 100);
	launch_of_image(f, images[1], 200);
	road_image_release(images[0]);
	launch_of_image(f, images[1], 300);
	CHECK_STATUS(road_image_kernel(images[1], "no such kernel", &kernel), ROAD_NOT_FOUND);
	CHECK_STATUS(road_image_kernel(images[1], "", &kernel), ROAD_NOT_FOUND);
	road_image_release(images[1]);
}

CONFORMANCE_CASE(image, image_destroy_while_running_kept)
{
	enum { COUNT = 1000 };
	size_t count = 0;
	void *bytes = fixture_image_bytes(f, &count);
	road_queue *queue = fixture_queue(f);
	road_buffer *buffer = fixture_buffer(f, 4 * COUNT);
	uint64_t arguments[] = {fixture_address(f, buffer), COUNT, 7};
	road_launch launch = fixture_launch_of(f, "iota", arguments, 3);
	road_event *gate = fixture_event(f, 0);
	road_point open = {gate, 1}, point;
	road_submission wait = {.size = sizeof(wait), .waits = &open, .wait_count = 1};
	uint32_t *words = fixture_memory(f, 4 * COUNT);
	road_image *image = NULL;
	bool good = true;

	CHECK_OK(road_image_load(f->space, bytes, count, NULL, &image));
	CHECK_OK(road_image_kernel(image, "iota", &launch.kernel));
	CHECK_OK(road_queue_submit(queue, &wait, NULL));
	CHECK_OK(road_queue_launch(queue, &launch, &point));
	road_kernel_release(launch.kernel);
	road_image_release(image); /* nobody but the work holds it now */
	CHECK_OK(road_event_signal(gate, 1));
	CHECK_OK(road_point_wait(point, SOON));
	fixture_get(f, words, buffer, 0, 4 * COUNT);
	for (uint32_t i = 0; i < COUNT; i++)
		good &= words[i] == 7 + i;
	CHECK(good);
}

CONFORMANCE_CASE(image, kernel_unsupported_opcode_named_with_line)
{
	size_t count = 0;
	char *path = fixture_memory(f, 4096);
	road_image *image = NULL;
	road_kernel *kernel = NULL;
	road_error why = {.size = sizeof(why)};

	snprintf(path, 4096, "%s/%s.bad", f->kernels, f->info.driver);
	char *bytes = read_file(f, path, &count);

	if (!bytes)
		case_unsupported("its images are code already: no unknown operation has a name");
	CHECK_OK(road_image_load(f->space, bytes, count, NULL, &image));
	CHECK_OK(road_image_kernel(image, "fine", &kernel));
	road_kernel_release(kernel);
	CHECK_STATUS(road_image_kernel(image, "exotic", &kernel), ROAD_UNSUPPORTED);
	CHECK_OK(road_last_error(&why));
	/* The line says "frobnicate"; it is the seventh. */
	CHECK(strstr(why.what, "frobnicate") || strstr(why.seen, "frobnicate"));
	CHECK(strstr(why.where, ":7") != NULL);
	road_image_release(image);
}

CONFORMANCE_CASE(image, symbol_address_and_size)
{
	static const uint64_t wanted[4] = {UINT64_C(0x0123456789abcdef), 2, 3, 4};
	road_buffer *out = fixture_buffer(f, 64);
	uint64_t address = 0, bytes = 0, seen[4];
	road_image *image = fixture_image(f);
	road_status status = road_image_symbol(image, "symbol", &address, &bytes);

	if (status == ROAD_UNSUPPORTED || status == ROAD_NOT_FOUND)
		case_unsupported("its images have no variables that can be found");
	CHECK_OK(status);
	CHECK_EQ(bytes, sizeof(wanted));
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t arguments[] = {fixture_address(f, out) + 8 * i, address + 8 * i};
		road_point point;

		fixture_launch(f, fixture_queue(f), "peek", arguments, 2, &point);
		CHECK_OK(road_point_wait(point, SOON));
	}
	fixture_get(f, seen, out, 0, sizeof(seen));
	CHECK_SAME(seen, wanted, sizeof(wanted));
	CHECK_STATUS(road_image_symbol(image, "no such symbol", &address, &bytes), ROAD_NOT_FOUND);
}

CONFORMANCE_CASE(image, kernel_attributes)
{
	road_kernel *kernel = fixture_kernel(f, "add");
	road_kernel_info info = {.size = sizeof(info)};
	road_argument_info argument = {.size = sizeof(argument)};
	uint32_t count = 0;

	CHECK_OK(road_kernel_info_get(kernel, &info));
	CHECK(!strcmp(info.name, "add"));
	CHECK_EQ(info.argument_bytes, 32);
	CHECK_EQ(info.argument_count, 4);
	CHECK(info.threads_max >= 1);
	for (; !road_kernel_argument(kernel, count, &argument); count++) {
		CHECK_EQ(argument.offset, 8 * count);
		CHECK_EQ(argument.bytes, 8);
		CHECK(argument.alignment && 8 % argument.alignment == 0);
	}
	CHECK_EQ(count, info.argument_count);
	CHECK_STATUS(road_kernel_argument(kernel, count, &argument), ROAD_NOT_FOUND);
	road_status status = road_kernel_set(kernel, ROAD_KERNEL_ATTRIBUTES, 1);

	CHECK(status == ROAD_INVALID_ARGUMENT || status == ROAD_UNSUPPORTED);
}

CONFORMANCE_CASE(image, log_buffer_filled)
{
	char log[64], before[64];
	size_t count = 0;
	void *bytes = fixture_image_bytes(f, &count);
	road_image_options options = {.size = sizeof(options), .log = log};
	road_image *image = NULL;

	for (uint64_t room = 1; room <= sizeof(log); room += 21) {
		memset(log, 'x', sizeof(log));
		memset(before, 'x', sizeof(before));
		options.log_bytes = room;
		CHECK(road_image_load(f->space, "garbage\n!", 9, &options, &image) != ROAD_OK);
		CHECK(memchr(log, 0, room) != NULL);
		CHECK(room == 1 || log[0] != 0); /* words */
		CHECK_SAME(log + room, before + room, sizeof(log) - room);
	}
	memset(log, 'x', sizeof(log));
	options.log_bytes = sizeof(log);
	CHECK_OK(road_image_load(f->space, bytes, count, &options, &image));
	CHECK(memchr(log, 0, sizeof(log)) != NULL);
	road_image_release(image);
}

CONFORMANCE_CASE(image, occupancy_matches_launch)
{
	road_launch launch = fixture_launch_of(
		f, "iota", (uint64_t[]){fixture_address(f, fixture_buffer(f, 64)), 1, 1}, 3);
	road_property units = {.size = sizeof(units)};
	road_occupancy now = {.size = sizeof(now)}, more = {.size = sizeof(more)};
	uint32_t block = launch.block.x;
	road_status status = road_kernel_occupancy(launch.kernel, block, 0, &now);

	if (status == ROAD_UNSUPPORTED)
		case_unsupported("it has no compute units that are filled");
	CHECK_OK(status);
	CHECK(now.blocks_per_unit >= 1);
	CHECK(now.warps_per_unit <= now.warps_max);
	CHECK(now.limit[0]);
	for (uint32_t shared = 1024; shared <= 16384; shared *= 2) {
		if (road_kernel_occupancy(launch.kernel, block, shared, &more))
			break;
		CHECK(more.blocks_per_unit <= now.blocks_per_unit);
	}
	CHECK_OK(road_device_property(f->device, "compute.units", &units));
	launch.flags = ROAD_LAUNCH_COOPERATIVE;
	launch.grid.x = (uint32_t)units.u64 * now.blocks_per_unit;
	CHECK_OK(road_queue_launch(fixture_queue(f), &launch, NULL));
	CHECK_OK(road_queue_drain(fixture_queue(f), SOON));
	launch.grid.x++;
	CHECK_STATUS(road_queue_launch(fixture_queue(f), &launch, NULL), ROAD_NO_SPACE);
}
