/* SPDX-License-Identifier: Apache-2.0 */
/* Images on the device, and their kernels: placed, uploaded, loaded by the chip, launched. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/dsa/dsa.h"

/* What lies in an argument block is the kernel's business. To launches that name single arguments
 * it is slots of 8 bytes. */
enum { ARGUMENT_BYTES = 8 };
static const uint32_t READ = ROAD_RANGE_READ;
static const uint32_t RW = ROAD_RANGE_READ | ROAD_RANGE_WRITE;

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

/* ---- images ---- */

/* The chip's own: it checks the code and keeps it, or lets go of it. */
static road_status code_command(struct dsa_context *context, enum dsa_command kind, uint64_t va,
				uint64_t bytes, const char *where)
{
	const struct road_cmd command = {
		.kind = (enum road_command_kind)kind,
		.fill = {.dst = {.address = va}, .bytes = bytes},
	};

	return road_streams_run(context->dsa->streams, context, &command, bytes, where);
}

static road_status load_code(struct dsa_image *image)
{
	return code_command(image->context, DSA_COMMAND_LOAD, image->code.va,
			    image->file.code_bytes, "road_image_load");
}

static void enlist(struct dsa_image *image)
{
	pthread_mutex_lock(&image->context->image_lock);
	image->next = image->context->images;
	image->context->images = image;
	pthread_mutex_unlock(&image->context->image_lock);
}

static void unlist(struct dsa_image *image)
{
	struct dsa_image **at = &image->context->images;

	pthread_mutex_lock(&image->context->image_lock);
	while (*at != image)
		at = &(*at)->next;
	*at = image->next;
	pthread_mutex_unlock(&image->context->image_lock);
}

static road_status place_data(struct dsa_image *image)
{
	const struct dsa_file *file = &image->file;

	if (!file->data_bytes)
		return ROAD_OK;
	road_status status =
		dsa_memory_alloc(image->context, file->data_bytes, 0, RW, &image->data);

	if (status)
		return status;
	status = road_streams_upload(image->context->dsa->streams, image->context, image->data.va,
				     file->data, file->data_bytes);
	if (status)
		dsa_memory_free(&image->data);
	return status;
}

/* Under life_lock: places, uploads, loads. Blocks may not write code. */
static road_status install(struct dsa_image *image)
{
	struct dsa_context *context = image->context;
	const struct dsa_file *file = &image->file;
	road_status status = dsa_memory_alloc(context, file->code_bytes, 0, READ, &image->code);

	if (status)
		return status;
	status = place_data(image);
	if (status)
		goto free_code;
	status = road_streams_upload(context->dsa->streams, context, image->code.va, file->code,
				     file->code_bytes);
	if (!status)
		status = load_code(image);
	if (status)
		goto free_data;
	enlist(image);
	return ROAD_OK;
free_data:
	if (file->data_bytes)
		dsa_memory_free(&image->data);
free_code:
	dsa_memory_free(&image->code);
	return status;
}

static void tell(const struct road_image_options *options, road_status status)
{
	road_error error = {.size = sizeof(error)};

	if (!options || !options->log || !options->log_bytes)
		return;
	options->log[0] = 0;
	if (status && !road_last_error(&error))
		snprintf(options->log, options->log_bytes, "%s: %s\n", error.where, error.what);
}

static road_status load(struct road_drv_image *drv, const void *bytes, size_t count,
			const struct road_image_options *options)
{
	struct dsa_image *image = calloc(1, sizeof(*image));

	if (!image)
		return no_memory();
	image->context = drv->space->data;
	struct dsa *dsa = image->context->dsa;
	road_status status = dsa_file_read(&dsa->params, bytes, count, &image->file);

	if (!status) {
		pthread_mutex_lock(&dsa->life_lock);
		status = install(image);
		pthread_mutex_unlock(&dsa->life_lock);
	}
	tell(options, status);
	if (status) {
		dsa_file_free(&image->file);
		free(image);
		return status;
	}
	drv->data = image;
	return ROAD_OK;
}

/* A chip that is gone, or that refuses, holds the image no more than one that let go of it. */
static void unload(struct road_drv_image *drv)
{
	struct dsa_image *image = drv->data;
	struct dsa *dsa = image->context->dsa;

	pthread_mutex_lock(&dsa->life_lock);
	unlist(image);
	(void)code_command(image->context, DSA_COMMAND_UNLOAD, image->code.va, 0,
			   "road_image_release");
	if (image->file.data_bytes)
		dsa_memory_free(&image->data);
	dsa_memory_free(&image->code);
	pthread_mutex_unlock(&dsa->life_lock);
	dsa_file_free(&image->file);
	free(image);
	drv->data = NULL;
}

/* Under life_lock, so that the list stays. */
road_status dsa_images_restore(struct dsa_context *context)
{
	road_status status = ROAD_OK;

	for (struct dsa_image *image = context->images; image && !status; image = image->next)
		status = load_code(image);
	return status;
}

static const char *kernel_name(struct road_drv_image *drv, uint32_t index)
{
	const struct dsa_image *image = drv->data;

	return index < image->file.kernel_count ? image->file.kernels[index].name : NULL;
}

static const struct dsa_symbol *find(const struct dsa_symbol *symbols, uint32_t count,
				     const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(symbols[i].name, name))
			return &symbols[i];
	return NULL;
}

static road_status symbol(struct road_drv_image *drv, const char *name, uint64_t *address,
			  uint64_t *bytes)
{
	const struct dsa_image *image = drv->data;
	const struct dsa_symbol *object = find(image->file.objects, image->file.object_count, name);

	if (!object)
		return road_drv_error(ROAD_NOT_FOUND, "no such variable in the image",
				      "road_image_symbol: name", name, NULL);
	*address = image->data.va + object->offset;
	*bytes = object->bytes;
	return ROAD_OK;
}

/* ---- kernels ---- */

static road_status kernel_get(struct road_drv_kernel *drv, const char *name)
{
	const struct dsa_image *image = drv->image->data;
	const struct dsa_symbol *found = find(image->file.kernels, image->file.kernel_count, name);
	struct dsa_kernel *kernel;

	if (!found)
		return road_drv_error(ROAD_NOT_FOUND, "no such kernel in the image",
				      "road_image_kernel: name", name, NULL);
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a kernel",
				      "road_image_kernel", NULL, NULL);
	kernel->image = image;
	kernel->index = (uint32_t)(found - image->file.kernels);
	kernel->entry = dsa_file_kernel(&image->file, kernel->index);
	snprintf(drv->info.name, sizeof(drv->info.name), "%s", name);
	drv->info.threads_max = 1; /* a block is one program on one core */
	drv->info.argument_bytes = kernel->entry->argument_bytes;
	drv->info.argument_count = kernel->entry->argument_bytes / ARGUMENT_BYTES;
	for (uint32_t i = 0; i < drv->info.argument_count; i++)
		kernel->arguments[i] = (struct road_argument_info){
			.size = sizeof(struct road_argument_info),
			.offset = i * ARGUMENT_BYTES,
			.bytes = ARGUMENT_BYTES,
			.alignment = ARGUMENT_BYTES,
		};
	drv->arguments = kernel->arguments;
	drv->data = kernel;
	return ROAD_OK;
}

static void kernel_free(struct road_drv_kernel *drv)
{
	free(drv->data);
	drv->data = NULL;
}

static road_status occupancy(struct road_drv_kernel *drv, uint32_t block, uint32_t shared_bytes,
			     struct road_occupancy *out)
{
	(void)drv;
	(void)shared_bytes;
	out->blocks_per_unit = block == 1;
	out->warps_per_unit = out->warps_max = 1;
	snprintf(out->limit, sizeof(out->limit), "%s", block == 1 ? "a core" : "work-items");
	return ROAD_OK;
}

static road_status refuse(road_status status, const char *what, const char *where, uint64_t seen,
			  const char *allowed)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, seen);
	return road_drv_error(status, what, where, text, allowed);
}

static road_status check_grid(const struct dsa *dsa, const struct road_cmd_launch *launch)
{
	const road_dim3 *grid = &launch->grid;
	unsigned __int128 blocks = (unsigned __int128)grid->x * grid->y * grid->z;
	char allowed[32];

	if (!blocks || blocks > UINT32_MAX)
		return refuse(ROAD_INVALID_ARGUMENT, "grid is empty or has too many blocks",
			      "road_list_launch: grid",
			      blocks > UINT64_MAX ? UINT64_MAX : (uint64_t)blocks,
			      "1 .. 4294967295 in all");
	if (launch->flags & ROAD_LAUNCH_COOPERATIVE && blocks > dsa->params.cores) {
		snprintf(allowed, sizeof(allowed), "at most %u", dsa->params.cores);
		return refuse(ROAD_NO_SPACE, "cooperative grid cannot be resident at once",
			      "road_list_launch: grid", (uint64_t)blocks, allowed);
	}
	return ROAD_OK;
}

/* What versions of the firmware's opcodes do without. */
static road_status check_firmware(const struct dsa *dsa, const struct road_cmd_launch *launch)
{
	static const struct road_boot_need cooperative = {ROAD_DSA_WORK_TASK, 2, "task"};
	static const struct road_boot_need activate = {ROAD_DSA_WORK_TASK, 3, "task"};
	road_status status =
		road_boot_program_allow(&dsa->program, launch->flags & ROAD_LAUNCH_COOPERATIVE,
					&cooperative, "road_list_launch: flags");

	if (!status)
		status =
			road_boot_program_allow(&dsa->program, launch->flags & ROAD_LAUNCH_ACTIVATE,
						&activate, "road_list_launch: flags");
	return status;
}

static road_status check_launch(const struct road_cmd_launch *launch)
{
	const struct dsa_kernel *kernel = launch->kernel->data;
	const struct dsa *dsa = kernel->image->context->dsa;
	char exactly[32];

	snprintf(exactly, sizeof(exactly), "exactly %u", kernel->entry->argument_bytes);
	if (launch->argument_bytes != kernel->entry->argument_bytes)
		return refuse(ROAD_INVALID_ARGUMENT, "argument block has the wrong size",
			      "road_list_launch: arguments", launch->argument_bytes, exactly);
	if (launch->block.x != 1 || launch->block.y != 1 || launch->block.z != 1)
		return refuse(ROAD_INVALID_ARGUMENT, "a block is one program on one core",
			      "road_list_launch: block",
			      (uint64_t)launch->block.x * launch->block.y * launch->block.z, "1");
	if (launch->shared_bytes)
		return refuse(ROAD_INVALID_ARGUMENT,
			      "scratchpads are the kernel's own: none is given by launches",
			      "road_list_launch: shared_bytes", launch->shared_bytes, "0");
	if (kernel->entry->flags & ROAD_DSA_KERNEL_COOPERATIVE &&
	    !(launch->flags & ROAD_LAUNCH_COOPERATIVE))
		return refuse(ROAD_INVALID_ARGUMENT, "the kernel uses flags between cores",
			      "road_list_launch: flags", launch->flags, "ROAD_LAUNCH_COOPERATIVE");
	road_status status = check_firmware(dsa, launch);

	return status ? status : check_grid(dsa, launch);
}

const struct road_image_ops dsa_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = kernel_get,
	.kernel_free = kernel_free,
	.symbol = symbol,
	.occupancy = occupancy,
	.check_launch = check_launch,
};
