/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: PTX is compiled, an image of ours is taken as it is; both are checked, placed, patched,
 * uploaded, and loaded by the chip.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"
#include "drivers/gpu/ptx/ptx.h"

#define READ ((uint32_t)ROAD_GPU_SEGMENT_READ)
#define RW   ((uint32_t)(ROAD_GPU_SEGMENT_READ | ROAD_GPU_SEGMENT_WRITE))

/* ---- the caller's log ---- */

struct log {
	char *text;
	uint64_t bytes, used;
};

static __attribute__((format(printf, 2, 3))) void tell(struct log *log, const char *format, ...)
{
	va_list args;

	if (!log->text || log->used + 1 >= log->bytes)
		return;
	va_start(args, format);
	int n = vsnprintf(log->text + log->used, log->bytes - log->used, format, args);

	va_end(args);
	if (n > 0)
		log->used += (uint64_t)n;
	if (log->used >= log->bytes)
		log->used = log->bytes - 1;
}

static struct log log_of(const struct road_image_options *options)
{
	if (!options || !options->log || !options->log_bytes)
		return (struct log){NULL, 0, 0};
	options->log[0] = 0;
	return (struct log){options->log, options->log_bytes, 0};
}

/* What cannot be launched of a module that loads. */
static void tell_refused(struct log *log, const struct gpu_image *image)
{
	const struct road_gpu_kernel *kernels = gpu_image_kernels(image);

	for (uint32_t i = 0; i < gpu_image_header(image)->kernels.count; i++)
		if (kernels[i].flags & ROAD_GPU_KERNEL_REFUSED)
			tell(log, "ptx:%u: kernel %s: %s\n", kernels[i].error_line,
			     gpu_image_string(image, kernels[i].name),
			     gpu_image_string(image, kernels[i].error));
}

/* ---- bytes ---- */

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

static road_status compile(const struct gpu *gpu, const void *text, size_t bytes,
			   const struct road_image_options *options, struct log *log, char **blob,
			   size_t *blob_bytes)
{
	uint32_t flags = options ? options->flags : 0;
	struct road_ptx_options own = gpu->compile;
	struct road_ptx_error error = {.line = 0};
	void *image = NULL;
	char where[48];

	if (options && options->max_registers)
		own.max_regs = options->max_registers;
	if (flags & ROAD_IMAGE_PLAIN)
		own.optimise = 0;
	own.in_order = !!(flags & ROAD_IMAGE_IN_ORDER);
	int result = road_ptx_compile(text, bytes, &own, &image, blob_bytes, &error);

	if (result == -2)
		return no_memory();
	if (result) {
		snprintf(where, sizeof(where), "ptx:%u:%u", error.line, error.column);
		tell(log, "%s: %s\n", where, error.text);
		return road_drv_error(ROAD_IMAGE_INVALID, error.text, where, NULL, NULL);
	}
	*blob = image;
	return ROAD_OK;
}

static bool is_image(const void *bytes, size_t count)
{
	uint32_t magic = 0;

	if (count >= sizeof(magic))
		memcpy(&magic, bytes, sizeof(magic));
	return magic == ROAD_GPU_IMAGE_MAGIC;
}

/* A copy of our own: checked once, then used. */
static road_status get_blob(const struct gpu *gpu, const void *bytes, size_t count,
			    const struct road_image_options *options, struct log *log, char **blob)
{
	size_t blob_bytes = count;
	road_status status = ROAD_OK;

	*blob = NULL;
	if (!is_image(bytes, count)) {
		status = compile(gpu, bytes, count, options, log, blob, &blob_bytes);
	} else if (count > ROAD_GPU_IMAGE_MAX_BYTES) {
		return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: bytes",
				       "image is larger than %u bytes", ROAD_GPU_IMAGE_MAX_BYTES);
	} else {
		*blob = malloc(count < sizeof(uint64_t) ? sizeof(uint64_t) : count);
		if (!*blob)
			return no_memory();
		memcpy(*blob, bytes, count);
	}
	if (!status) {
		status = gpu_image_check(*blob, blob_bytes);
		if (status)
			tell(log, "the image is not valid\n");
	}
	if (status) {
		free(*blob);
		*blob = NULL;
	}
	return status;
}

static void relocate(struct gpu_image *image)
{
	const struct road_gpu_image *header = gpu_image_header(image);
	const struct road_gpu_reloc *relocs = (const void *)(image->blob + header->relocs.offset);
	struct road_gpu_word *words = (void *)(image->blob + header->words.offset);
	char *data = image->blob + header->data.offset;

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

static road_status upload(struct gpu_space *space, struct gpu_image *image)
{
	const struct road_gpu_image *header = gpu_image_header(image);
	road_status status = gpu_memory_upload(&image->code, image->blob, header->code_bytes);

	if (!status && header->data.count)
		status = gpu_memory_upload(&image->data, image->blob + header->data.offset,
					   header->data.count);
	if (!status)
		status = gpu_space_protect(space, image->code.va, READ);
	if (!status)
		status = gpu_service_load(space, image->code.va, header->code_bytes);
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

/* Under life_lock: places, patches, uploads, loads. */
static road_status install(struct gpu_space *space, struct gpu_image *image)
{
	road_status status = gpu_memory_alloc(space, gpu_image_header(image)->code_bytes, 0, false,
					      RW, &image->code);

	if (status)
		return status;
	status = place_data(space, image);
	if (status)
		goto free_code;
	relocate(image);
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
	struct log log = log_of(options);
	struct gpu_image *image = calloc(1, sizeof(*image));
	road_status status;

	if (!image)
		return no_memory();
	image->space = space;
	status = get_blob(image->space->gpu, bytes, byte_count, options, &log, &image->blob);
	if (status)
		goto free_image;
	pthread_mutex_lock(&space->gpu->life_lock);
	status = install(space, image);
	pthread_mutex_unlock(&space->gpu->life_lock);
	if (status)
		goto free_blob;
	tell_refused(&log, image);
	drv->data = image;
	return ROAD_OK;
free_blob:
	free(image->blob);
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
	(void)gpu_service_unload(image->space, image->code.va);
	free_data(image);
	gpu_memory_free(&image->code);
	pthread_mutex_unlock(&gpu->life_lock);
	free(image->blob);
	free(image);
	drv->data = NULL;
}

/* Under life_lock, so that the list stays. */
road_status gpu_images_restore(struct gpu_space *space)
{
	road_status status = ROAD_OK;

	for (struct gpu_image *image = space->images; image && !status; image = image->next)
		status = gpu_service_load(space, image->code.va,
					  gpu_image_header(image)->code_bytes);
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
