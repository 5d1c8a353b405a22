/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/groups/rig.h"

#include "tests/conformance/fixture.h"

#include <stdio.h>

enum { WORDS = 64, BYTES = RIG_BYTES };

const char *rig_address(struct fixture *f, uint32_t at, const char *option)
{
	size_t plain = strcspn(f->address, "?"), room = strlen(f->address) + 64;
	size_t key = option ? strcspn(option, "=") + 1 : 0;
	char *text = fixture_memory(f, room), separator = '?';
	int used = at ? snprintf(text, room, "%.*s@%u", (int)plain, f->address, at)
		      : snprintf(text, room, "%.*s", (int)plain, f->address);

	for (const char *one = f->address + plain; *one;) {
		size_t bytes = strcspn(++one, "&");

		if (!option || strncmp(one, option, key)) {
			used += snprintf(text + used, room - (size_t)used, "%c%.*s", separator,
					 (int)bytes, one);
			separator = '&';
		}
		one += bytes;
	}
	if (option)
		snprintf(text + used, room - (size_t)used, "%c%s", separator, option);
	return text;
}

struct rig rig_open(struct fixture *f, road_instance *instance, const char *address)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE,
					 .library_folder = fixture_libraries(f)};
	struct rig rig = {.instance = instance};

	if (instance)
		CHECK_OK(road_instance_retain(instance));
	else
		CHECK_OK(road_instance_create(&options, &rig.instance));
	if (rig.instance != f->instance)
		fixture_let_go(f);
	CHECK_OK(road_device_open(rig.instance, address, &rig.device));
	CHECK_OK(road_space_shared(rig.device, &rig.space));
	CHECK_OK(road_queue_create(rig.space, NULL, &rig.queue));
	return rig;
}

void rig_close(struct rig *rig)
{
	road_queue_release(rig->queue);
	road_space_release(rig->space);
	road_device_release(rig->device);
	road_instance_release(rig->instance);
	*rig = (struct rig){0};
}

uint64_t rig_hash(uint64_t hash, const void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

road_buffer *rig_buffer(struct fixture *f, const struct rig *rig)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = fixture_heap(f), .bytes = BYTES};
	road_buffer *buffer = NULL;

	CHECK_OK(road_buffer_create(rig->space, &options, &buffer));
	return buffer;
}

void rig_launch(struct fixture *f, const struct rig *rig, const char *name,
		const uint64_t *arguments, uint32_t count)
{
	/* More workgroups than one unit takes: the simulation may share them out to threads. */
	road_launch launch = {.size = sizeof(launch),
			      .grid = {16, 1, 1},
			      .block = {1, 1, 1},
			      .arguments = arguments,
			      .argument_bytes = count * sizeof(*arguments)};
	size_t bytes = 0;
	void *text = fixture_image_bytes(f, &bytes);
	road_image *image = NULL;

	CHECK_OK(road_image_load(rig->space, text, bytes, NULL, &image));
	CHECK_OK(road_image_kernel(image, name, &launch.kernel));
	CHECK_OK(road_queue_launch(rig->queue, &launch, NULL));
	road_kernel_release(launch.kernel);
	road_image_release(image);
}

/* b = iota; a = a + b */
static void compute(struct fixture *f, const struct rig *rig, road_buffer *a, road_buffer *b)
{
	uint64_t to = 0, from = 0;

	CHECK_OK(road_buffer_address(a, &to));
	CHECK_OK(road_buffer_address(b, &from));
	rig_launch(f, rig, "iota", (const uint64_t[]){from, WORDS, 12345}, 3);
	rig_launch(f, rig, "add", (const uint64_t[]){to, to, from, WORDS}, 4);
}

static uint64_t thread_ns(struct fixture *f, const struct rig *rig)
{
	uint64_t ns = 0;

	if (fixture_has(f, CAPABILITY_DOMAIN)) /* else it is of whoever else runs the chip */
		CHECK_OK(road_sim_time(rig->device, NULL, &ns));
	return ns;
}

struct outcome rig_work(struct fixture *f, const struct rig *rig)
{
	road_buffer *a = rig_buffer(f, rig), *b = rig_buffer(f, rig);
	unsigned char there[BYTES], back[BYTES];
	struct outcome out = {.data = UINT64_C(0xcbf29ce484222325)};
	uint64_t begun = thread_ns(f, rig);

	for (uint32_t round = 0; round < 4; round++) {
		for (uint32_t i = 0; i < BYTES; i++)
			there[i] = (unsigned char)(i * 37 + i / 7 + round * 11);
		CHECK_OK(road_queue_write(rig->queue, a, 0, there, BYTES, NULL));
		if (fixture_has(f, CAPABILITY_IMAGES))
			compute(f, rig, a, b);
		if (fixture_has(f, CAPABILITY_COPY))
			CHECK_OK(road_queue_copy(rig->queue, b, 3, a, 1, BYTES - 5, NULL));
		if (fixture_has(f, CAPABILITY_FILL))
			CHECK_OK(road_queue_fill(rig->queue, b, 16, 8 * (round + 1), 0xa5c3, 2,
						 NULL));
		for (int i = 0; i < 2; i++) {
			CHECK_OK(road_queue_read(rig->queue, back, i ? a : b, 0, BYTES, NULL));
			CHECK_OK(road_queue_drain(rig->queue, SOON));
			out.data = rig_hash(out.data, back, BYTES);
		}
	}
	out.thread_ns = thread_ns(f, rig) - begun;
	road_buffer_release(a);
	road_buffer_release(b);
	return out;
}
