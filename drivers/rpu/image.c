/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of kernels: one or more images (uapi/region.h), one behind the other. Each is one kernel:
 * a configuration, which the reconfiguration unit brings to the chip, or one of an engine
 * (engine.c).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/rpu/rpu.h"

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "road_image_load",
			      NULL, NULL);
}

/* ---- images ---- */

static const struct rpu_entry_point *find(const struct rpu_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->count; i++)
		if (!strcmp(image->entries[i].name, name))
			return &image->entries[i];
	return NULL;
}

/* How long the container at `at` says that it is; 0: nothing that could be one. */
static uint64_t container_bytes(const unsigned char *bytes, uint64_t at, uint64_t count)
{
	struct road_config_header header;

	if (count - at < sizeof(header))
		return 0;
	memcpy(&header, bytes + at, sizeof(header));
	if (header.magic != ROAD_CONFIG_MAGIC || header.total_bytes < sizeof(header) ||
	    header.total_bytes > count - at)
		return 0;
	return header.total_bytes;
}

/* What is in the container, and is it a kernel that this chip has? */
static road_status check(const struct rpu_image *image, uint64_t at, uint64_t bytes,
			 struct road_region_payload *payload, bool *is_engine)
{
	struct road_config_header header;
	road_status status;

	memcpy(&header, image->bytes + at, sizeof(header));
	*is_engine = header.kind == ROAD_CONFIG_ENGINE;
	status = road_region_image_check(image->bytes + at, bytes,
					 *is_engine ? ROAD_CONFIG_ENGINE : ROAD_CONFIG_FABRIC, NULL,
					 payload);
	if (status)
		return status;
	return *is_engine ? rpu_engine_check(image->rpu, payload)
			  : rpu_payload_check(image->rpu->dev, payload);
}

static road_status add(struct rpu_image *image, uint64_t at, uint64_t bytes)
{
	struct road_region_payload payload;
	struct rpu_entry_point *entry;
	bool is_engine;
	road_status status = check(image, at, bytes, &payload, &is_engine);

	if (status)
		return status;
	entry = realloc(image->entries, (image->count + 1) * sizeof(*entry));
	if (!entry)
		return no_memory();
	image->entries = entry;
	entry += image->count;
	*entry = (struct rpu_entry_point){.at = at, .bytes = bytes, .is_engine = is_engine};
	entry->payload = (uint64_t)((const unsigned char *)payload.bytes - image->bytes);
	memcpy(entry->name,
	       (const char *)payload.bytes +
		       (is_engine ? offsetof(struct road_rpu_engine_kernel, name)
				  : offsetof(struct road_rpu_config, name)),
	       sizeof(entry->name));
	if (find(image, entry->name))
		return road_drv_error(ROAD_IMAGE_INVALID, "two kernels of one name",
				      "road_image_load: bytes", entry->name, "one each");
	image->count++;
	return ROAD_OK;
}

static road_status read_all(struct rpu_image *image, uint64_t count)
{
	road_status status = ROAD_OK;
	uint64_t at = 0;

	do {
		uint64_t bytes = container_bytes(image->bytes, at, count);

		if (!bytes)
			return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: bytes",
					       "byte %" PRIu64 " of %" PRIu64
					       ": no whole configuration image begins here",
					       at, count);
		status = add(image, at, bytes);
		at += bytes;
	} while (!status && at < count);
	return status;
}

static void destroy(struct rpu_image *image)
{
	free(image->entries);
	free(image->bytes);
	free(image);
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
	struct rpu_image *image = calloc(1, sizeof(*image));
	road_status status;

	if (!image)
		return no_memory();
	image->rpu = drv->space->dev->data;
	image->bytes = malloc(count ? count : 1);
	if (!image->bytes) {
		destroy(image);
		return no_memory();
	}
	memcpy(image->bytes, bytes, count);
	status = read_all(image, count);
	if (!status) /* they are brought there by the first launch */
		status = rpu_memory_room(image->rpu, count);
	tell(options, status);
	if (status) {
		destroy(image);
		return status;
	}
	drv->data = image;
	return ROAD_OK;
}

static void unload(struct road_drv_image *drv)
{
	destroy(drv->data);
	drv->data = NULL;
}

static const char *kernel_name(struct road_drv_image *drv, uint32_t index)
{
	const struct rpu_image *image = drv->data;

	return index < image->count ? image->entries[index].name : NULL;
}

/* ---- kernels ---- */

static void describe_configuration(struct rpu_kernel *kernel, struct road_kernel_info *info)
{
	const unsigned char *payload = kernel->image->bytes + kernel->entry->payload;
	struct road_rpu_config config;

	memcpy(&config, payload, sizeof(config));
	info->argument_bytes = config.argument_bytes;
	info->argument_count = config.arguments;
	for (uint32_t i = 0; i < config.arguments; i++) {
		struct road_rpu_argument argument;

		rpu_payload_argument(payload, i, &argument);
		kernel->arguments[i] =
			(struct road_argument_info){.size = sizeof(struct road_argument_info),
						    .offset = argument.offset,
						    .bytes = argument.bytes,
						    .alignment = argument.bytes};
	}
}

static road_status kernel_get(struct road_drv_kernel *drv, const char *name)
{
	const struct rpu_image *image = drv->image->data;
	const struct rpu_entry_point *entry = find(image, name);
	struct rpu_kernel *kernel;

	if (!entry)
		return road_drv_error(ROAD_NOT_FOUND, "no such kernel in the image",
				      "road_image_kernel: name", name, NULL);
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return no_memory();
	kernel->image = image;
	kernel->entry = entry;
	snprintf(drv->info.name, sizeof(drv->info.name), "%s", entry->name);
	drv->info.threads_max = 1; /* a block is one run on one tile */
	if (entry->is_engine) {
		memcpy(&kernel->engine, image->bytes + entry->payload, sizeof(kernel->engine));
		rpu_engine_describe(kernel, &drv->info);
	} else {
		describe_configuration(kernel, &drv->info);
	}
	drv->arguments = kernel->arguments;
	drv->data = kernel;
	return ROAD_OK;
}

static void kernel_free(struct road_drv_kernel *drv)
{
	free(drv->data);
	drv->data = NULL;
}

bool rpu_of_kernel(struct road_drv_kernel *drv, const void **bytes, uint64_t *count)
{
	const struct rpu_kernel *kernel = drv->data;

	*bytes = kernel->image->bytes + kernel->entry->at;
	*count = kernel->entry->bytes;
	return !kernel->entry->is_engine;
}

static road_status occupancy(struct road_drv_kernel *drv, uint32_t block, uint32_t shared_bytes,
			     struct road_occupancy *out)
{
	(void)drv;
	(void)shared_bytes;
	out->blocks_per_unit = block == 1;
	out->warps_per_unit = out->warps_max = 1;
	snprintf(out->limit, sizeof(out->limit), "%s", block == 1 ? "a tile" : "work-items");
	return ROAD_OK;
}

static road_status refuse(road_status status, const char *what, const char *where, uint64_t seen,
			  const char *allowed)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, seen);
	return road_drv_error(status, what, where, text, allowed);
}

static road_status check_grid(const struct rpu *rpu, const struct road_cmd_launch *launch)
{
	const road_dim3 *grid = &launch->grid;
	unsigned __int128 blocks = (unsigned __int128)grid->x * grid->y * grid->z;
	char allowed[32];

	if (!blocks || blocks > UINT32_MAX)
		return refuse(ROAD_INVALID_ARGUMENT, "grid is empty or has too many blocks",
			      "road_list_launch: grid",
			      blocks > UINT64_MAX ? UINT64_MAX : (uint64_t)blocks,
			      "1 .. 4294967295 in all");
	if (launch->flags & ROAD_LAUNCH_COOPERATIVE && blocks > rpu->params.tiles) {
		snprintf(allowed, sizeof(allowed), "at most %u", rpu->params.tiles);
		return refuse(ROAD_NO_SPACE, "cooperative grid cannot be resident at once",
			      "road_list_launch: grid", (uint64_t)blocks, allowed);
	}
	return ROAD_OK;
}

static road_status check_launch(const struct road_cmd_launch *launch)
{
	static const struct road_boot_need activate = {ROAD_RPU_WORK_RUN, 2, "run"};
	const struct rpu_kernel *kernel = launch->kernel->data;
	const struct rpu *rpu = kernel->image->rpu;
	uint32_t bytes = launch->kernel->info.argument_bytes;
	char exactly[32];

	snprintf(exactly, sizeof(exactly), "exactly %u", bytes);
	if (launch->argument_bytes != bytes)
		return refuse(ROAD_INVALID_ARGUMENT, "argument block has the wrong size",
			      "road_list_launch: arguments", launch->argument_bytes, exactly);
	if (launch->block.x != 1 || launch->block.y != 1 || launch->block.z != 1)
		return refuse(ROAD_INVALID_ARGUMENT, "a block is one run on one tile",
			      "road_list_launch: block",
			      (uint64_t)launch->block.x * launch->block.y * launch->block.z, "1");
	if (launch->shared_bytes)
		return refuse(ROAD_INVALID_ARGUMENT,
			      "scratchpads are the kernel's own: none is given by launches",
			      "road_list_launch: shared_bytes", launch->shared_bytes, "0");
	if (kernel->entry->is_engine)
		return rpu_engine_check_launch(launch);
	road_status status =
		road_boot_program_allow(&rpu->program, launch->flags & ROAD_LAUNCH_ACTIVATE,
					&activate, "road_list_launch: flags");

	return status ? status : check_grid(rpu, launch);
}

static road_status symbol(struct road_drv_image *drv, const char *name, uint64_t *address,
			  uint64_t *bytes)
{
	(void)drv;
	(void)address;
	(void)bytes;
	return road_drv_error(ROAD_NOT_FOUND, "configurations have no variables",
			      "road_image_symbol: name", name, NULL);
}

const struct road_image_ops rpu_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = kernel_get,
	.kernel_free = kernel_free,
	.symbol = symbol,
	.occupancy = occupancy,
	.check_launch = check_launch,
};
