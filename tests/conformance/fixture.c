/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/fixture.h"
#include "tests/conformance/machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What a fixture gave, to be given back in reverse. */
struct given {
	void *object;
	void (*release)(void *object);
	struct given *next;
};

struct fixture_own {
	struct given *given;
	road_queue *queue;
	road_image *image;
	road_device *second;
	road_buffer *passing;
	const char *libraries;
	const char *hotplug;
	uint32_t first_heap; /* its kind */
	bool has_first_heap;
	uint64_t random;
	char text[512], port[96];
};

static void give_back_queue(void *queue)
{
	road_queue_release(queue);
}

static void give_back_buffer(void *buffer)
{
	road_buffer_release(buffer);
}

static void give_back_event(void *event)
{
	road_event_release(event);
}

static void give_back_list(void *list)
{
	road_list_release(list);
}

static void give_back_image(void *image)
{
	road_image_release(image);
}

static void give_back_kernel(void *kernel)
{
	road_kernel_release(kernel);
}

static void give_back_device(void *device)
{
	road_device_release(device);
}

/* Scratchpads are small, and each unit's own: what goes through all memory leaves them out. */
static road_status count_heaps(struct fixture *f)
{
	road_heap_info last = {.size = sizeof(last)};
	road_status status = f->info.heap_count
				     ? road_device_heap(f->device, f->info.heap_count - 1, &last)
				     : ROAD_OK;

	f->memory_heaps = f->info.heap_count - (last.kind == ROAD_HEAP_SCRATCH);
	return status;
}

static void give_back_instance(void *instance)
{
	road_instance_release(instance);
}

void *fixture_keep(struct fixture *f, void *object, void (*release)(void *object))
{
	struct given *given = malloc(sizeof(*given));

	REQUIRE(given != NULL);
	*given = (struct given){object, release, f->own->given};
	f->own->given = given;
	return object;
}

void *fixture_memory(struct fixture *f, size_t bytes)
{
	void *memory = calloc(1, bytes ? bytes : 1);

	REQUIRE(memory != NULL);
	return fixture_keep(f, memory, free);
}

/* ---- open and close ---- */

static road_status open_device(struct fixture *f)
{
	road_status status = road_device_open(f->instance, f->address, &f->device);

	if (!status)
		status = road_device_info_get(f->device, &f->info);
	if (!status)
		status = count_heaps(f);
	if (!status && (f->info.features & ROAD_FEATURE_SPACES))
		status = road_space_create(f->device, NULL, &f->space);
	else if (!status)
		status = road_space_shared(f->device, &f->space);
	return status;
}

road_status fixture_open(struct fixture *f, const struct fixture_where *where)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE,
					 .library_folder = where->libraries};
	road_status status;

	*f = (struct fixture){
		.address = where->address, .kernels = where->kernels, .seed = where->seed};
	f->soak = where->soak;
	f->info.size = sizeof(f->info);
	f->own = calloc(1, sizeof(*f->own));
	if (!f->own)
		return ROAD_OUT_OF_HOST_MEMORY;
	f->own->random = where->seed;
	f->own->libraries = where->libraries;
	f->own->hotplug = where->hotplug;
	status = road_instance_create(&options, &f->instance);
	if (!status)
		status = open_device(f);
	/* A case left it pulled out. */
	if (status == ROAD_NOT_FOUND && where->hotplug &&
	    machine_plug(where->hotplug, true, where->address))
		status = open_device(f);
	return status;
}

static void give_all_back(struct fixture *f)
{
	while (f->own && f->own->given) {
		struct given *given = f->own->given;

		f->own->given = given->next;
		given->release(given->object);
		free(given);
	}
}

static void look_for_violations(struct fixture *f)
{
	char text[200];
	uint64_t count = 0;

	if (f->violates || road_sim_violations(f->device, &count) || !count)
		return;
	if (road_sim_violation(f->device, 0, text, sizeof(text)))
		text[0] = 0;
	CASE_FAIL("the driver broke %llu rules of the chip, first: %s", (unsigned long long)count,
		  text);
}

/* After all was given back, what of the heaps is still in use? Not what another thread of the
 * library is just done with: that goes a moment later. */
static void look_for_buffers(struct fixture *f)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};

		for (int ms = 0; ms < 2000; ms++) {
			if (road_device_heap(f->device, i, &heap) || !heap.buffer_count)
				break;
			usleep(1000);
		}
		if (heap.buffer_count)
			CASE_FAIL("%llu buffers of heap %u are still there after their release",
				  (unsigned long long)heap.buffer_count, i);
	}
}

static void close_device(struct fixture *f)
{
	if (f->device && !f->lost) {
		road_space_release(f->space);
		f->space = NULL;
		look_for_violations(f);
		look_for_buffers(f);
	}
	road_space_release(f->space);
	road_device_release(f->device);
	f->space = NULL;
	f->device = NULL;
}

void fixture_close(struct fixture *f)
{
	give_all_back(f);
	close_device(f);
	road_instance_release(f->instance);
	free(f->own);
	f->own = NULL;
}

/* ---- what it gives ---- */

road_queue *fixture_queue_new(struct fixture *f, const road_queue_options *options)
{
	road_queue *queue = NULL;

	CHECK_OK(road_queue_create(f->space, options, &queue));
	return fixture_keep(f, queue, give_back_queue);
}

void fixture_queue_drop(struct fixture *f, road_queue *queue)
{
	struct given **at = &f->own->given;

	while (*at && (*at)->object != queue)
		at = &(*at)->next;
	REQUIRE(*at != NULL);
	struct given *given = *at;

	*at = given->next;
	if (f->own->queue == queue)
		f->own->queue = NULL;
	given->release(given->object);
	free(given);
}

road_queue *fixture_queue(struct fixture *f)
{
	if (!f->own->queue)
		f->own->queue = fixture_queue_new(f, NULL);
	return f->own->queue;
}

road_buffer *fixture_buffer_in(struct fixture *f, uint32_t heap, uint64_t bytes)
{
	road_buffer_options options = {.size = sizeof(options), .heap = heap, .bytes = bytes};
	road_buffer *buffer = NULL;

	CHECK_OK(road_buffer_create(f->space, &options, &buffer));
	return fixture_keep(f, buffer, give_back_buffer);
}

uint32_t fixture_heap(struct fixture *f)
{
	if (!f->own->has_first_heap) { /* asked once: the fixture may let go of its device */
		road_heap_info heap = {.size = sizeof(heap)};

		CHECK_OK(road_device_heap(f->device, 0, &heap));
		f->own->first_heap = heap.kind;
		f->own->has_first_heap = true;
	}
	return f->own->first_heap;
}

uint32_t fixture_visible_heap(struct fixture *f)
{
	for (uint32_t i = 0; i < f->info.heap_count; i++) {
		road_heap_info heap = {.size = sizeof(heap)};

		CHECK_OK(road_device_heap(f->device, i, &heap));
		if (heap.host_visible)
			return heap.kind;
	}
	return ROAD_HEAP_KINDS;
}

road_buffer *fixture_buffer(struct fixture *f, uint64_t bytes)
{
	return fixture_buffer_in(f, fixture_heap(f), bytes);
}

road_event *fixture_event(struct fixture *f, uint64_t initial)
{
	road_event *event = NULL;

	CHECK_OK(road_event_create(f->instance, initial, &event));
	return fixture_keep(f, event, give_back_event);
}

road_list *fixture_list(struct fixture *f, uint32_t flags)
{
	road_list *list = NULL;

	CHECK_OK(road_list_create(f->space, flags, &list));
	return fixture_keep(f, list, give_back_list);
}

/* Chips that are made never are. */
static bool is_exclusive(struct fixture *f)
{
	road_instance_options options = {.size = sizeof(options),
					 .driver_folders = getenv("ROADBED_DRIVERS")};
	road_instance *instance = NULL;
	road_device *device = NULL;

	if (fixture_is_made(f))
		return false;
	CHECK_OK(road_instance_create(&options, &instance));
	const road_status status = road_device_open(instance, f->address, &device);

	if (!status)
		road_device_release(device);
	road_instance_release(instance);
	return status == ROAD_BUSY;
}

/* What is not of a device may stay. */
static bool stays(const struct given *given)
{
	return given->release == free || given->release == give_back_instance;
}

void fixture_let_go(struct fixture *f)
{
	struct given **at = &f->own->given;

	if (!f->device || !is_exclusive(f))
		return;
	if (f->info.heap_count)
		(void)fixture_heap(f);
	while (*at) {
		struct given *given = *at;

		if (stays(given)) {
			at = &given->next;
			continue;
		}
		*at = given->next;
		given->release(given->object);
		free(given);
	}
	f->own->queue = NULL;
	f->own->image = NULL;
	f->own->second = NULL;
	f->own->passing = NULL;
	close_device(f);
}

void fixture_back(struct fixture *f)
{
	if (!f->device)
		CHECK_OK(open_device(f));
}

road_instance *fixture_instance(struct fixture *f, const char *devices, uint32_t flags)
{
	/* Of the environment only this is taken, whatever the flags: without it a driver from
	 * outside the tree has no device. */
	road_instance_options options = {.size = sizeof(options),
					 .flags = flags | ROAD_INSTANCE_VALIDATE,
					 .devices = devices,
					 .library_folder = f->own->libraries,
					 .driver_folders = getenv("ROADBED_DRIVERS")};
	road_instance *instance = NULL;

	fixture_let_go(f);
	CHECK_OK(road_instance_create(&options, &instance));
	return fixture_keep(f, instance, give_back_instance);
}

const char *fixture_libraries(const struct fixture *f)
{
	return f->own->libraries;
}

road_device *fixture_open_in(struct fixture *f, road_instance *instance, const char *address)
{
	road_device *device = NULL;

	CHECK_OK(road_device_open(instance, address, &device));
	return fixture_keep(f, device, give_back_device);
}

/* Work is what lets simulated time pass; of others' time some passes by itself. */
void fixture_pass(struct fixture *f)
{
	uint64_t word = 0;

	if (!f->own->passing)
		f->own->passing = fixture_buffer(f, sizeof(word));
	fixture_put(f, f->own->passing, 0, &word, sizeof(word));
}

void fixture_put(struct fixture *f, road_buffer *to, uint64_t offset, const void *from,
		 uint64_t bytes)
{
	road_point point;

	CHECK_OK(road_queue_write(fixture_queue(f), to, offset, from, bytes, &point));
	CHECK_OK(road_point_wait(point, SOON));
}

void fixture_get(struct fixture *f, void *to, road_buffer *from, uint64_t offset, uint64_t bytes)
{
	road_point point;

	CHECK_OK(road_queue_read(fixture_queue(f), to, from, offset, bytes, &point));
	CHECK_OK(road_point_wait(point, SOON));
}

uint64_t fixture_address(struct fixture *f, road_buffer *buffer)
{
	uint64_t address = 0;

	(void)f;
	CHECK_OK(road_buffer_address(buffer, &address));
	return address;
}

/* ---- kernels ---- */

void *fixture_file(struct fixture *f, const char *name, size_t *bytes)
{
	char path[512];
	long size = 0;

	snprintf(path, sizeof(path), "%s/%s", f->kernels, name);
	FILE *file = fopen(path, "rb");

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 0 ||
	    fseek(file, 0, SEEK_SET))
		case_fail(true, __FILE__, __LINE__, "the port's file is missing: %s", path);
	void *image = fixture_memory(f, (size_t)size);

	REQUIRE_EQ(fread(image, 1, (size_t)size, file), (size_t)size);
	fclose(file);
	*bytes = (size_t)size;
	return image;
}

/* The chip that a simulated one is like: its parameters say so. */
static void like_of(struct fixture *f, char *out, size_t bytes)
{
	road_sim_parameter parameter = {.size = sizeof(parameter)};

	out[0] = 0;
	for (uint32_t i = 0; !road_sim_parameter_get(f->device, i, &parameter); i++)
		if (!strncmp(parameter.source, "like ", 5)) {
			snprintf(out, bytes, "%s", parameter.source + 5);
			return;
		}
}

/* Is there an image of the family for this chip alone? Then it is the port's. */
static bool take_port(struct fixture *f, const char *chip, int length)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s-%.*s.image", f->kernels, f->info.driver, length, chip);
	if (!length || access(path, R_OK))
		return false;
	snprintf(f->own->port, sizeof(f->own->port), "%s-%.*s", f->info.driver, length, chip);
	return true;
}

/* "DRIVER", or "DRIVER-CHIP" of a simulated chip whose images are of its own, or of the chip's that
 * it is like. */
const char *fixture_port(struct fixture *f)
{
	const char *chip = strstr(f->address, "sim:");
	char like[64];

	if (f->own->port[0])
		return f->own->port;
	snprintf(f->own->port, sizeof(f->own->port), "%s", f->info.driver);
	if (!chip)
		return f->own->port;
	chip += strlen("sim:");
	if (take_port(f, chip, (int)strcspn(chip, "@?")))
		return f->own->port;
	like_of(f, like, sizeof(like));
	(void)take_port(f, like, (int)strlen(like));
	return f->own->port;
}

/* The family's image: NAME.image as it is; else NAME.so, by its path. */
void *fixture_image_bytes(struct fixture *f, size_t *bytes)
{
	char *path = f->own->text;

	snprintf(path, sizeof(f->own->text), "%s/%s.so", f->kernels, f->info.driver);
	if (!access(path, R_OK)) {
		*bytes = strlen(path);
		return strcpy(fixture_memory(f, *bytes + 1), path);
	}
	snprintf(path, sizeof(f->own->text), "%s.image", fixture_port(f));
	return fixture_file(f, path, bytes);
}

road_image *fixture_image(struct fixture *f)
{
	if (!f->own->image) {
		size_t count = 0;
		void *bytes = fixture_image_bytes(f, &count);

		CHECK_OK(road_image_load(f->space, bytes, count, NULL, &f->own->image));
		fixture_keep(f, f->own->image, give_back_image);
	}
	return f->own->image;
}

road_kernel *fixture_kernel(struct fixture *f, const char *name)
{
	road_kernel *kernel = NULL;

	CHECK_OK(road_image_kernel(fixture_image(f), name, &kernel));
	return fixture_keep(f, kernel, give_back_kernel);
}

bool fixture_has_kernel(struct fixture *f, const char *name)
{
	road_kernel *kernel = NULL;

	if (!(f->info.features & ROAD_FEATURE_IMAGES))
		return false;
	road_status status = road_image_kernel(fixture_image(f), name, &kernel);

	if (status == ROAD_NOT_FOUND)
		return false;
	CHECK_OK(status); /* a kernel that is there and does not load is no absent one */
	road_kernel_release(kernel);
	return true;
}

road_launch fixture_launch_of(struct fixture *f, const char *kernel, const uint64_t *arguments,
			      uint32_t count)
{
	road_launch launch = {.size = sizeof(launch), .grid = {2, 1, 1}, .block = {1, 1, 1}};
	road_kernel_info info = {.size = sizeof(info)};

	launch.kernel = fixture_kernel(f, kernel);
	CHECK_OK(road_kernel_info_get(launch.kernel, &info));
	if (info.threads_max >= 32)
		launch.block.x = 32;
	launch.arguments = arguments;
	launch.argument_bytes = count * sizeof(*arguments);
	return launch;
}

void fixture_launch(struct fixture *f, road_queue *queue, const char *kernel,
		    const uint64_t *arguments, uint32_t count, road_point *point)
{
	road_launch launch = fixture_launch_of(f, kernel, arguments, count);

	CHECK_OK(road_queue_launch(queue, &launch, point));
}

/* ---- addresses, sizes, numbers ---- */

const char *fixture_address_with(struct fixture *f, const char *options)
{
	size_t bytes = strlen(f->address) + strlen(options) + 2;
	char *text = fixture_memory(f, bytes);

	snprintf(text, bytes, "%s%c%s", f->address, strchr(f->address, '?') ? '&' : '?', options);
	return text;
}

/* A simulated chip is made at will: "sim:NAME?OPTIONS" -> "sim:NAME@1?OPTIONS". */
static bool second_chip(struct fixture *f)
{
	size_t plain = strcspn(f->address, "?");

	if ((strncmp(f->address, "sim:", 4) && strncmp(f->address, "sock:", 5)) ||
	    strchr(f->address, '@'))
		return false;
	snprintf(f->own->text, sizeof(f->own->text), "%.*s@1%s", (int)plain, f->address,
		 f->address + plain);
	return true;
}

/* The first other device of the driver that is there, with the options of this one. */
static bool second_listed(struct fixture *f)
{
	road_candidate row = {.size = sizeof(row)};

	for (uint32_t i = 0; !road_instance_enumerate(f->instance, 0, i, &row); i++) {
		if (strcmp(row.driver, f->info.driver) || row.status ||
		    row.simulated != f->info.simulated || !strcmp(row.address, f->info.address))
			continue;
		snprintf(f->own->text, sizeof(f->own->text), "%s%s", row.address,
			 f->address + strcspn(f->address, "?"));
		return true;
	}
	return false;
}

const char *fixture_hotplug(const struct fixture *f)
{
	return f->own->hotplug;
}

bool fixture_is_made(const struct fixture *f)
{
	return f->info.simulated && strcmp(f->info.bus, "ivshmem");
}

bool fixture_in_process(const struct fixture *f)
{
	return fixture_is_made(f) && strcmp(f->info.bus, "sock");
}

bool fixture_can_second(struct fixture *f)
{
	return fixture_is_made(f) ? second_chip(f) : second_listed(f);
}

const char *fixture_second_address(struct fixture *f)
{
	REQUIRE(fixture_can_second(f));
	char *text = fixture_memory(f, strlen(f->own->text) + 1);

	return strcpy(text, f->own->text);
}

road_device *fixture_second(struct fixture *f)
{
	if (!f->own->second) {
		CHECK_OK(road_device_open(f->instance, fixture_second_address(f), &f->own->second));
		fixture_keep(f, f->own->second, give_back_device);
	}
	return f->own->second;
}

uint64_t fixture_bytes(const struct fixture *f, uint64_t bytes, uint64_t least)
{
	uint64_t scaled = bytes / (f->info.test_scale ? f->info.test_scale : 1);

	return scaled < least ? least : scaled / least * least;
}

/* splitmix64 */
uint64_t fixture_random(struct fixture *f)
{
	uint64_t z = f->own->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

void fixture_fill_random(struct fixture *f, void *out, size_t bytes)
{
	unsigned char *at = out;

	for (size_t i = 0; i < bytes; i++)
		at[i] = (unsigned char)fixture_random(f);
}
