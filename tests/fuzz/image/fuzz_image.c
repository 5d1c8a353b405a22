/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image for the simulated GPGPU, loaded as programs do: refused with a reason, or
 * its kernels are asked about and run, within a watchdog, until they end or fault. What the driver
 * believes of an image and what the chip believes must fit: a driver that breaks the chip's rules
 * is a crash here.
 *
 * The first byte is the mode and the shape of the launches; images.h says how an image follows.
 */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/images.h"

enum { KERNELS = 3, BUFFER_BYTES = 4096, ARGUMENTS_MAX = 512, WATCHDOG = 2000 };

struct device {
	road_instance *instance;
	road_device *device;
	road_space *space;
	road_queue *queue;
	road_buffer *buffer;
	uint64_t address;
};

static struct device open_device(uint8_t kind)
{
	const road_instance_options nothing = {
		.size = sizeof(nothing), .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV};
	static const char *const addresses[] = {"sim:gpu-small?time=functional",
						"sim:gpu-small?time=approx"};
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = BUFFER_BYTES};
	struct device d = {.device = NULL};

	if (road_instance_create(&nothing, &d.instance) ||
	    road_device_open(d.instance, addresses[kind & 1], &d.device) ||
	    road_space_shared(d.device, &d.space) || road_queue_create(d.space, NULL, &d.queue) ||
	    road_buffer_create(d.space, &options, &d.buffer) ||
	    road_buffer_address(d.buffer, &d.address)) {
		road_error error = {.size = sizeof(error)};

		(void)road_last_error(&error);
		fprintf(stderr, "%s: %s %s\n", error.where, error.what, error.seen);
		abort();
	}
	return d;
}

/* The driver broke no rule of the chip. */
static void close_device(struct device *d)
{
	char text[200];

	for (uint32_t i = 0; !road_sim_violation(d->device, i, text, sizeof(text)); i++) {
		if (strstr(text, "*.sync instructions")) /* the kernel's own doing */
			continue;
		fprintf(stderr, "violation: %s\n", text);
		abort();
	}
	road_buffer_release(d->buffer);
	road_queue_release(d->queue);
	road_space_release(d->space);
	road_device_release(d->device);
	road_instance_release(d->instance);
}

/* Every 8 bytes of the arguments are the buffer's address. */
static void launch(struct device *d, road_kernel *kernel, const road_kernel_info *info,
		   uint8_t kind)
{
	static uint64_t arguments[ARGUMENTS_MAX];
	road_launch what = {.size = sizeof(what),
			    .kernel = kernel,
			    .grid = {1 + (kind >> 1 & 1), 1, 1},
			    .block = {1 + (kind >> 2) * 2u, 1, 1},
			    .arguments = arguments,
			    .argument_bytes = info->argument_bytes,
			    .watchdog = WATCHDOG};
	road_point point;

	if (info->argument_bytes > sizeof(arguments))
		return;
	for (size_t i = 0; i < ARGUMENTS_MAX; i++)
		arguments[i] = d->address;
	road_status status = road_queue_launch(d->queue, &what, &point);

	if (status)
		return; /* with a reason: too large, a kernel that is refused, … */
	status = road_point_wait(point, road_deadline_after(UINT64_C(8000000000)));
	if (status == ROAD_TIMEOUT)
		abort();
	if (status)
		road_queue_reset(d->queue);
}

static void use(struct device *d, road_image *image, const char *name, uint8_t kind)
{
	road_kernel_info info = {.size = sizeof(info)};
	road_argument_info argument = {.size = sizeof(argument)};
	road_occupancy occupancy = {.size = sizeof(occupancy)};
	road_kernel *kernel = NULL;
	uint64_t address, bytes;

	(void)road_image_symbol(image, name, &address, &bytes);
	if (road_image_kernel(image, name, &kernel))
		return;
	if (road_kernel_info_get(kernel, &info) || !memchr(info.name, 0, sizeof(info.name)))
		abort();
	for (uint32_t i = 0; !road_kernel_argument(kernel, i, &argument); i++)
		if (argument.bytes > info.argument_bytes ||
		    argument.offset > info.argument_bytes - argument.bytes)
			abort();
	(void)road_kernel_occupancy(kernel, 1 + kind, kind, &occupancy);
	launch(d, kernel, &info, kind);
	road_kernel_release(kernel);
}

static void load(struct device *d, const uint8_t *bytes, size_t count, uint8_t kind)
{
	char log[256];
	road_image_options how = {.size = sizeof(how), .log = log, .log_bytes = sizeof(log)};
	road_error error = {.size = sizeof(error)};
	road_image *image = NULL;
	const char *name;

	if (road_image_load(d->space, bytes, count, &how, &image)) {
		if (image || road_last_error(&error) || !error.what[0] ||
		    !memchr(log, 0, sizeof(log)))
			abort();
		return;
	}
	for (uint32_t i = 0; i < KERNELS && !road_image_kernel_name(image, i, &name); i++)
		use(d, image, name, kind);
	road_image_release(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = {data, size};
	uint8_t kind = reader_u8(&r), *image;
	size_t bytes;

	if (size > 1 << 16)
		return 0;
	image = images_take(&r, &bytes);
	if (!image)
		return 0;
	struct device d = open_device(kind);

	load(&d, image, bytes, kind);
	close_device(&d);
	free(image);
	return 0;
}
