/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images on the device: what image_make.c got is placed, patched, uploaded, and loaded by the chip.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

enum { READ = ROAD_RANGE_READ, RW = ROAD_RANGE_READ | ROAD_RANGE_WRITE };

static struct gpu_log log_of(const struct road_image_options *options)
{
	if (!options || !options->log || !options->log_bytes)
		return (struct gpu_log){NULL, 0, 0};
	options->log[0] = 0;
	return (struct gpu_log){options->log, options->log_bytes, 0};
}

/* What cannot be launched of a module that loads. */
static void tell_refused(struct gpu_log *log, const struct gpu_image *image)
{
	const struct road_gpu_kernel *kernels = gpu_image_kernels(image);

	for (uint32_t i = 0; i < gpu_image_header(image)->kernels.count; i++)
		if (kernels[i].flags & ROAD_GPU_KERNEL_REFUSED)
			gpu_log_tell(log, "ptx:%u: kernel %s: %s\n", kernels[i].error_line,
				     gpu_image_string(image, kernels[i].name),
				     gpu_image_string(image, kernels[i].error));
}

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

/* Puts the data's address into what will be uploaded of the image. */
static void relocate(const struct gpu_image *image, char *blob)
{
	const struct road_gpu_image *header = gpu_image_header(image);
	const struct road_gpu_reloc *relocs = (const void *)(image->blob + header->relocs.offset);
	struct road_gpu_word *words = (void *)(blob + header->words.offset);
	char *data = blob + header->data.offset;

	for (uint32_t i = 0; i < header->relocs.count; i++) {
		uint64_t value = image->data.va + (uint64_t)relocs[i].addend;

		switch (relocs[i].kind) {
		case ROAD_GPU_RELOC_LO32: words[relocs[i].where].imm = (int32_t)value; break;
		case ROAD_GPU_RELOC_HI32:
			words[relocs[i].where].imm = (int32_t)(value >> 32);
			break;
		case ROAD_GPU_RELOC_ABS64: memcpy(data + relocs[i].where, &value, 8); break;
		default: break; /* refused by gpu_image_check */
		}
	}
}

/* ---- on the device ---- */

/* The chip's own: it checks the code and keeps it, or lets go of it. */
static road_status code_command(const struct gpu_image *image, enum gpu_command kind,
				uint64_t bytes, const char *where)
{
	const struct road_cmd command = {
		.kind = (enum road_command_kind)kind,
		.fill = {.dst = {.address = image->code.va}, .bytes = bytes},
	};

	return road_streams_run(image->space->gpu->queues, image->space, &command, bytes, where);
}

static road_status load_code(const struct gpu_image *image)
{
	return code_command(image, GPU_COMMAND_LOAD, gpu_image_header(image)->code_bytes,
			    "road_image_load");
}

static road_status place_data(struct gpu_space *space, struct gpu_image *image)
{
	const struct road_gpu_image *header = gpu_image_header(image);

	if (!header->data.count)
		return ROAD_OK;
	return gpu_memory_alloc(space, header->data.count, header->data_align, false, RW,
				&image->data);
}

static void free_data(struct gpu_image *image)
{
	if (gpu_image_header(image)->data.count)
		gpu_memory_free(&image->data);
}

static road_status upload_blob(struct gpu_space *space, struct gpu_image *image, const char *blob)
{
	const struct road_gpu_image *header = gpu_image_header(image);
	road_status status = gpu_memory_upload(&image->code, blob, header->code_bytes);

	if (!status && header->data.count)
		status = gpu_memory_upload(&image->data, blob + header->data.offset,
					   header->data.count);
	if (!status)
		status = road_range_table_protect(space->ranges, image->code.va, READ);
	if (!status)
		status = load_code(image);
	return status;
}

/* What is relocated is a copy: the image itself is others' too. */
static road_status upload(struct gpu_space *space, struct gpu_image *image)
{
	if (!gpu_image_header(image)->relocs.count)
		return upload_blob(space, image, image->blob);
	char *copy = malloc(image->cached->count);

	if (!copy)
		return no_memory();
	memcpy(copy, image->blob, image->cached->count);
	relocate(image, copy);
	road_status status = upload_blob(space, image, copy);

	free(copy);
	return status;
}

static void enlist(struct gpu_image *image)
{
	pthread_mutex_lock(&image->space->lock);
	image->next = image->space->images;
	image->space->images = image;
	pthread_mutex_unlock(&image->space->lock);
}

static void unlist(struct gpu_image *image)
{
	pthread_mutex_lock(&image->space->lock);
	struct gpu_image **link = &image->space->images;

	while (*link != image)
		link = &(*link)->next;
	*link = image->next;
	pthread_mutex_unlock(&image->space->lock);
}

static bool prints(const struct gpu_image *image)
{
	const struct road_gpu_kernel *kernels = gpu_image_kernels(image);

	for (uint32_t i = 0; i < gpu_image_header(image)->kernels.count; i++)
		if (kernels[i].flags & ROAD_GPU_KERNEL_PRINTS)
			return true;
	return false;
}

/* Under life_lock: places, patches, uploads, loads. */
static road_status install(struct gpu_space *space, struct gpu_image *image)
{
	road_status status = prints(image) ? gpu_print_start(space) : ROAD_OK;

	if (status)
		return status;
	status = gpu_memory_alloc(space, gpu_image_header(image)->code_bytes, 0, false, RW,
				  &image->code);
	if (status)
		return status;
	status = place_data(space, image);
	if (status)
		goto free_code;
	status = upload(space, image);
	if (status)
		goto free_data;
	enlist(image);
	return ROAD_OK;
free_data:
	free_data(image);
free_code:
	gpu_memory_free(&image->code);
	return status;
}

static road_status load(struct road_drv_image *drv, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	struct gpu_space *space = drv->space->data;
	struct gpu_log log = log_of(options);
	struct gpu_image *image = calloc(1, sizeof(*image));
	road_status status;

	if (!image)
		return no_memory();
	image->space = space;
	status = gpu_image_make(space->gpu, bytes, byte_count, options, &log, &image->cached);
	if (status)
		goto free_image;
	image->blob = image->cached->bytes;
	pthread_mutex_lock(&space->gpu->life_lock);
	status = install(space, image);
	pthread_mutex_unlock(&space->gpu->life_lock);
	if (status)
		goto release;
	tell_refused(&log, image);
	drv->data = image;
	return ROAD_OK;
release:
	road_cached_release(image->cached);
free_image:
	free(image);
	return status;
}

/* A chip that is gone, or that refuses, holds the image no more than one that let go of it. */
static void unload(struct road_drv_image *drv)
{
	struct gpu_image *image = drv->data;
	struct gpu *gpu = image->space->gpu;

	pthread_mutex_lock(&gpu->life_lock);
	unlist(image);
	(void)code_command(image, GPU_COMMAND_UNLOAD, 0, "road_image_release");
	free_data(image);
	gpu_memory_free(&image->code);
	pthread_mutex_unlock(&gpu->life_lock);
	road_cached_release(image->cached);
	free(image);
	drv->data = NULL;
}

/* Under life_lock, so that the list stays. */
road_status gpu_images_restore(struct gpu_space *space)
{
	road_status status = ROAD_OK;

	for (struct gpu_image *image = space->images; image && !status; image = image->next)
		status = load_code(image);
	return status;
}

static const char *kernel_name(struct road_drv_image *drv, uint32_t index)
{
	const struct gpu_image *image = drv->data;

	if (index >= gpu_image_header(image)->kernels.count)
		return NULL;
	return gpu_image_string(image, gpu_image_kernels(image)[index].name);
}

static road_status symbol(struct road_drv_image *drv, const char *name, uint64_t *address,
			  uint64_t *bytes)
{
	const struct gpu_image *image = drv->data;
	const struct road_gpu_image *header = gpu_image_header(image);
	const struct road_gpu_symbol *symbols =
		(const void *)(image->blob + header->symbols.offset);

	for (uint32_t i = 0; i < header->symbols.count; i++) {
		if (strcmp(gpu_image_string(image, symbols[i].name), name))
			continue;
		*address = image->data.va + symbols[i].offset;
		*bytes = symbols[i].bytes;
		return ROAD_OK;
	}
	return road_drv_error(ROAD_NOT_FOUND, "no such variable in the image",
			      "road_image_symbol: name", name, NULL);
}

const struct road_image_ops gpu_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = gpu_kernel_get,
	.kernel_free = gpu_kernel_free,
	.symbol = symbol,
	.occupancy = gpu_kernel_occupancy,
	.check_launch = gpu_check_launch,
	.kernel_set = gpu_kernel_set,
};
