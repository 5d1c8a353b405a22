/* SPDX-License-Identifier: Apache-2.0 */
/* Images and kernels. */
#include <stdlib.h>
#include <string.h>

#include "hal/core/region.h"

static struct road_image *image_of(struct road_object *object)
{
	return (struct road_image *)(void *)object;
}

static struct road_kernel *kernel_of(struct road_object *object)
{
	return (struct road_kernel *)(void *)object;
}

/* Under space->lock. */
static void unlist(struct road_image *image)
{
	if (image->next)
		image->next->prev = image->prev;
	if (image->prev)
		image->prev->next = image->next;
	else
		image->space->images = image->next;
	image->loaded = false;
}

static void image_close(struct road_object *object)
{
	struct road_image *image = image_of(object);
	struct road_space *space = image->space;

	pthread_mutex_lock(&space->lock);
	bool loaded = image->loaded;

	if (loaded)
		unlist(image);
	pthread_mutex_unlock(&space->lock);
	if (loaded)
		space->device->image.unload(&image->drv);
}

static void image_finish(struct road_object *object)
{
	road_object_release(&image_of(object)->space->object);
}

static void image_free(struct road_object *object)
{
	free(image_of(object));
}

const struct road_class road_image_class = {ROAD_TYPE_IMAGE, "image", image_close, image_finish,
					    image_free};

/* A space that closes unloads its images while the program still holds them. */
void road_space_unload_images(struct road_space *space)
{
	for (;;) {
		pthread_mutex_lock(&space->lock);
		struct road_image *image = space->images;

		if (image) {
			unlist(image);
			road_object_hold(&image->object);
		}
		pthread_mutex_unlock(&space->lock);
		if (!image)
			return;
		space->device->image.unload(&image->drv);
		road_object_drop(&image->object);
	}
}

static void enlist(struct road_image *image)
{
	struct road_space *space = image->space;

	pthread_mutex_lock(&space->lock);
	image->next = space->images;
	if (image->next)
		image->next->prev = image;
	space->images = image;
	image->loaded = true;
	pthread_mutex_unlock(&space->lock);
}

static road_status check_load(struct road_space *space, const void *bytes, size_t byte_count,
			      const road_image_options *options)
{
	if (!bytes || !byte_count)
		return road_fail(ROAD_INVALID_ARGUMENT, "image is empty", "road_image_load: bytes",
				 bytes ? "0 bytes" : "NULL", ">= 1 byte");
	if (options->flags & ~(ROAD_IMAGE_PLAIN | ROAD_IMAGE_IN_ORDER))
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown flags",
				     "road_image_load: options.flags", options->flags,
				     "ROAD_IMAGE_PLAIN, ROAD_IMAGE_IN_ORDER");
	if (options->reserved)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "reserved field is not 0",
				     "road_image_load: options.reserved", options->reserved, "0");
	if (options->log_bytes && !options->log)
		return road_fail(ROAD_INVALID_ARGUMENT, "log is NULL",
				 "road_image_load: options.log", "NULL", "log_bytes of memory");
	if (!(space->device->info.features & ROAD_FEATURE_IMAGES))
		return road_fail(ROAD_UNSUPPORTED, "the device loads no images",
				 "road_image_load: space", "", "");
	return ROAD_OK;
}

road_status road_image_load(road_space *space, const void *bytes, size_t byte_count,
			    const road_image_options *options, road_image **out)
{
	road_image_options own;
	road_status status = road_object_check(space, &road_space_class, "road_image_load: space");

	if (!status)
		status = road_struct_in(&own, sizeof(own), options, 8, "road_image_load: options");
	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", "road_image_load: out",
				   "NULL", "");
	if (!status)
		status = road_space_usable(space, "road_image_load: space");
	if (!status)
		status = check_load(space, bytes, byte_count, &own);
	if (status)
		return status;
	if (own.log && own.log_bytes)
		own.log[0] = 0;
	struct road_image *image = calloc(1, sizeof(*image));

	if (!image)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image",
				 "road_image_load", "", "");
	image->space = space;
	image->drv.space = &space->drv;
	status = space->device->image.load(&image->drv, bytes, byte_count, &own);
	if (status) {
		free(image);
		return status;
	}
	road_object_retain(&space->object);
	road_object_init(&image->object, &road_image_class);
	enlist(image);
	*out = image;
	return ROAD_OK;
}

road_status road_image_retain(road_image *image)
{
	road_status status =
		road_object_check(image, &road_image_class, "road_image_retain: image");

	if (!status)
		road_object_retain(&image->object);
	return status;
}

void road_image_release(road_image *image)
{
	if (road_object_mine(image, &road_image_class, "road_image_release: image"))
		road_object_release(&image->object);
}

static road_status check_image(struct road_image *image, const char *where)
{
	road_status status = road_object_check(image, &road_image_class, where);

	return status ? status : road_space_usable(image->space, where);
}

static void kernel_close(struct road_object *object)
{
	struct road_kernel *kernel = kernel_of(object);

	kernel->image->space->device->image.kernel_free(&kernel->drv);
}

static void kernel_finish(struct road_object *object)
{
	road_config_entry_put(kernel_of(object)->config);
	road_object_release(&kernel_of(object)->image->object);
}

static void kernel_free(struct road_object *object)
{
	free(kernel_of(object));
}

const struct road_class road_kernel_class = {ROAD_TYPE_KERNEL, "kernel", kernel_close,
					     kernel_finish, kernel_free};

road_status road_image_kernel(road_image *image, const char *name, road_kernel **out)
{
	road_status status = check_image(image, "road_image_kernel: image");

	if (status)
		return status;
	if (!name || !out)
		return road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				 name ? "road_image_kernel: out" : "road_image_kernel: name",
				 "NULL", "");
	struct road_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a kernel",
				 "road_image_kernel", "", "");
	kernel->image = image;
	kernel->drv.image = &image->drv;
	kernel->drv.info.size = sizeof(kernel->drv.info);
	status = image->space->device->image.kernel(&kernel->drv, name);
	if (status) {
		free(kernel);
		return status;
	}
	road_object_retain(&image->object);
	road_object_init(&kernel->object, &road_kernel_class);
	*out = kernel;
	return ROAD_OK;
}

road_status road_image_kernel_name(road_image *image, uint32_t index, const char **out)
{
	road_status status = check_image(image, "road_image_kernel_name: image");

	if (status)
		return status;
	if (!out)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_image_kernel_name: out", "NULL", "");
	const char *name = image->space->device->image.kernel_name(&image->drv, index);

	if (!name)
		return road_fail_u64(ROAD_NOT_FOUND, "no such kernel",
				     "road_image_kernel_name: index", index, "");
	*out = name;
	return ROAD_OK;
}

road_status road_image_symbol(road_image *image, const char *name, uint64_t *address,
			      uint64_t *bytes)
{
	road_status status = check_image(image, "road_image_symbol: image");

	if (status)
		return status;
	if (!name || !address || !bytes)
		return road_fail(ROAD_INVALID_ARGUMENT, "argument is NULL",
				 "road_image_symbol: name, address, bytes", "NULL", "");
	return image->space->device->image.symbol(&image->drv, name, address, bytes);
}

road_status road_kernel_retain(road_kernel *kernel)
{
	road_status status =
		road_object_check(kernel, &road_kernel_class, "road_kernel_retain: kernel");

	if (!status)
		road_object_retain(&kernel->object);
	return status;
}

void road_kernel_release(road_kernel *kernel)
{
	if (road_object_mine(kernel, &road_kernel_class, "road_kernel_release: kernel"))
		road_object_release(&kernel->object);
}

static road_status check_kernel(struct road_kernel *kernel, const char *where)
{
	road_status status = road_object_check(kernel, &road_kernel_class, where);

	return status ? status : road_space_usable(kernel->image->space, where);
}

road_status road_kernel_info_get(road_kernel *kernel, road_kernel_info *out)
{
	road_status status = check_kernel(kernel, "road_kernel_info_get: kernel");

	if (!status)
		status = road_struct_out_check(out, 8, "road_kernel_info_get: out");
	if (!status)
		road_struct_out(out, &kernel->drv.info, sizeof(kernel->drv.info));
	return status;
}

road_status road_kernel_argument(road_kernel *kernel, uint32_t index, road_argument_info *out)
{
	road_status status = check_kernel(kernel, "road_kernel_argument: kernel");

	if (!status)
		status = road_struct_out_check(out, 8, "road_kernel_argument: out");
	if (status)
		return status;
	if (index >= kernel->drv.info.argument_count)
		return road_fail_u64(ROAD_NOT_FOUND, "no such argument",
				     "road_kernel_argument: index", index,
				     "below road_kernel_info.argument_count");
	road_struct_out(out, &kernel->drv.arguments[index], sizeof(*out));
	return ROAD_OK;
}

road_status road_kernel_set(road_kernel *kernel, uint32_t attribute, uint64_t value)
{
	road_status status = check_kernel(kernel, "road_kernel_set: kernel");

	if (!status && attribute >= ROAD_KERNEL_ATTRIBUTES)
		status = road_fail_u64(ROAD_INVALID_ARGUMENT, "unknown attribute",
				       "road_kernel_set: attribute", attribute,
				       "enum road_kernel_attribute");
	if (!status)
		status = kernel->image->space->device->image.kernel_set(&kernel->drv, attribute,
									value);
	return status;
}

road_status road_kernel_occupancy(road_kernel *kernel, uint32_t block, uint32_t shared_bytes,
				  road_occupancy *out)
{
	road_occupancy occupancy = {.size = sizeof(occupancy)};
	road_status status = check_kernel(kernel, "road_kernel_occupancy: kernel");

	if (!status)
		status = road_struct_out_check(out, 8, "road_kernel_occupancy: out");
	if (!status && !block)
		status = road_fail(ROAD_INVALID_ARGUMENT, "block is empty",
				   "road_kernel_occupancy: block", "0", ">= 1");
	if (!status)
		status = kernel->image->space->device->image.occupancy(&kernel->drv, block,
								       shared_bytes, &occupancy);
	if (!status)
		road_struct_out(out, &occupancy, sizeof(occupancy));
	return status;
}
