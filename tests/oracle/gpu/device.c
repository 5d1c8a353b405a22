/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/oracle/gpu/device.h"

#include <stdio.h>
#include <string.h>

#define SECONDS UINT64_C(1000000000)

static int tell(const char *what, char *why, size_t why_bytes)
{
	road_error e = {.size = sizeof(e)};

	if (road_last_error(&e))
		snprintf(why, why_bytes, "%s failed", what);
	else
		snprintf(why, why_bytes, "%s: %s [%s] seen \"%s\" allowed \"%s\"", what, e.what,
			 e.where, e.seen, e.allowed);
	return -1;
}

int device_open(struct device *d, const char *address, char *why, size_t why_bytes)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV,
					 .library_folder = SIM_FOLDER};

	memset(d, 0, sizeof(*d));
	if (!road_instance_create(&options, &d->instance) &&
	    !road_device_open(d->instance, address, &d->device) &&
	    !road_space_shared(d->device, &d->space) &&
	    !road_queue_create(d->space, NULL, &d->queue))
		return 0;
	tell(address, why, why_bytes);
	device_close(d);
	return -1;
}

void device_close(struct device *d)
{
	road_queue_release(d->queue);
	road_space_release(d->space);
	road_device_release(d->device);
	road_instance_release(d->instance);
}

int device_buffer_make(struct device *d, struct device_buffer *b, char *why, size_t why_bytes)
{
	road_buffer_options options = {
		.size = sizeof(options), .heap = ROAD_HEAP_DEVICE, .bytes = b->bytes};

	if (road_buffer_create(d->space, &options, &b->buffer) ||
	    road_buffer_address(b->buffer, &b->address))
		return tell("a buffer", why, why_bytes);
	return 0;
}

void device_buffer_drop(struct device_buffer *b)
{
	road_buffer_release(b->buffer);
	b->buffer = NULL;
}

static uint64_t soon(void)
{
	return road_deadline_after(30 * SECONDS);
}

static int launch(struct device *d, const struct device_launch *l, road_kernel *kernel, char *why,
		  size_t why_bytes)
{
	road_launch launch = {.size = sizeof(launch),
			      .kernel = kernel,
			      .grid = l->grid,
			      .block = l->block,
			      .shared_bytes = l->shared_bytes,
			      .arguments = l->arguments,
			      .argument_bytes = l->argument_bytes,
			      .watchdog = l->watchdog};
	road_point point;

	for (unsigned k = 0; k < l->buffer_count; k++)
		if (road_queue_write(d->queue, l->buffers[k].buffer, 0, l->buffers[k].data,
				     l->buffers[k].bytes, NULL))
			return tell("writing a buffer", why, why_bytes);
	if (road_queue_launch(d->queue, &launch, &point))
		return tell("the launch", why, why_bytes);
	if (road_point_wait(point, soon()))
		return tell("the kernel", why, why_bytes);
	for (unsigned k = 0; k < l->buffer_count; k++)
		if (road_queue_read(d->queue, l->buffers[k].data, l->buffers[k].buffer, 0,
				    l->buffers[k].bytes, NULL))
			return tell("reading a buffer", why, why_bytes);
	return road_queue_drain(d->queue, soon()) ? tell("the end", why, why_bytes) : 0;
}

int device_run(struct device *d, const struct device_launch *l, char *why, size_t why_bytes)
{
	road_image_options options = {.size = sizeof(options),
				      .flags = l->image_flags,
				      .max_registers = l->max_registers};
	road_image *image = NULL;
	road_kernel *kernel = NULL;
	int result;

	if (road_image_load(d->space, l->text, strlen(l->text), &options, &image) ||
	    road_image_kernel(image, l->kernel, &kernel))
		result = tell("the image", why, why_bytes);
	else
		result = launch(d, l, kernel, why, why_bytes);
	road_kernel_release(kernel);
	road_image_release(image);
	return result;
}
