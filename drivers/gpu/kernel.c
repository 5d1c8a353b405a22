/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of an image: what they need, how many workgroups fit, which launches cannot be. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpu/gpu.h"

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* ---- look-up ---- */

static const struct road_gpu_kernel *find(const struct gpu_image *image, const char *name)
{
	const struct road_gpu_kernel *kernels = gpu_image_kernels(image);

	for (uint32_t i = 0; i < gpu_image_header(image)->kernels.count; i++)
		if (!strcmp(gpu_image_string(image, kernels[i].name), name))
			return &kernels[i];
	return NULL;
}

static road_status refused(const struct gpu_image *image, const struct road_gpu_kernel *entry,
			   const char *name)
{
	char where[96];

	snprintf(where, sizeof(where), "ptx:%u: kernel %.60s", entry->error_line, name);
	return road_drv_error(ROAD_UNSUPPORTED, gpu_image_string(image, entry->error), where, NULL,
			      NULL);
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t threads_max(const struct gpu *gpu, const struct road_gpu_kernel *entry)
{
	uint32_t chip = gpu->params.threads_per_block;

	return entry->max_threads ? least(entry->max_threads, chip) : chip;
}

static void fill_info(const struct gpu_kernel *kernel, const char *name,
		      struct road_kernel_info *info)
{
	const struct road_gpu_kernel *entry = kernel->entry;

	info->registers = entry->regs;
	snprintf(info->name, sizeof(info->name), "%s", name);
	info->shared_bytes = entry->shared_bytes;
	info->local_bytes = entry->local_bytes;
	info->spill_bytes = entry->spill_bytes;
	info->threads_max = threads_max(kernel->gpu, entry);
	info->argument_bytes = entry->param_bytes;
	info->argument_count = entry->param_count;
}

static void fill_arguments(const struct gpu_image *image, struct gpu_kernel *kernel)
{
	const struct road_gpu_param *params =
		(const void *)(image->blob + gpu_image_header(image)->params.offset);

	for (uint32_t i = 0; i < kernel->entry->param_count; i++) {
		const struct road_gpu_param *p = &params[kernel->entry->first_param + i];

		kernel->arguments[i] = (struct road_argument_info){
			.size = sizeof(struct road_argument_info),
			.offset = p->offset,
			.bytes = p->bytes,
			.alignment = p->align,
		};
	}
}

road_status gpu_kernel_get(struct road_drv_kernel *drv, const char *name)
{
	const struct gpu_image *image = drv->image->data;
	const struct road_gpu_kernel *entry = find(image, name);
	struct gpu_kernel *kernel;

	if (!entry)
		return road_drv_error(ROAD_NOT_FOUND, "no such kernel in the image",
				      "road_image_kernel: name", name, NULL);
	if (entry->flags & ROAD_GPU_KERNEL_REFUSED)
		return refused(image, entry, name);
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		goto no_memory;
	kernel->gpu = image->space->gpu;
	kernel->bounded = !road_boot_has(&kernel->gpu->program, ROAD_GPU_OPCODE_DISPATCH, 2);
	kernel->entry = entry;
	kernel->object = image->code.va + (uint64_t)((const char *)entry - image->blob);
	kernel->shared_bytes = entry->shared_bytes;
	kernel->local_bytes = entry->local_bytes;
	kernel->has_stack = entry->flags & ROAD_GPU_KERNEL_STACK;
	atomic_init(&kernel->shared_max, kernel->gpu->params.shared_per_block);
	kernel->arguments =
		calloc(entry->param_count ? entry->param_count : 1, sizeof(*kernel->arguments));
	if (!kernel->arguments)
		goto no_memory;
	fill_info(kernel, name, &drv->info);
	fill_arguments(image, kernel);
	drv->arguments = kernel->arguments;
	drv->data = kernel;
	return ROAD_OK;
no_memory:
	free(kernel);
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a kernel",
			      "road_image_kernel", NULL, NULL);
}

void gpu_kernel_free(struct road_drv_kernel *drv)
{
	struct gpu_kernel *kernel = drv->data;

	free(kernel->arguments);
	free(kernel);
	drv->data = NULL;
}

/* ---- what fits ---- */

uint64_t gpu_kernel_group_bytes(const struct gpu_kernel *kernel, uint32_t dynamic_bytes)
{
	uint32_t align = kernel->entry->shared_align ? kernel->entry->shared_align : 1;

	if (!dynamic_bytes)
		return kernel->shared_bytes;
	return round_up(kernel->shared_bytes, align) + dynamic_bytes;
}

/* Workgroups on one unit, and what bounds them. */
struct fit {
	uint64_t blocks;
	const char *limit;
};

static void bound(struct fit *fit, uint64_t blocks, const char *limit)
{
	if (blocks < fit->blocks)
		*fit = (struct fit){blocks, limit};
}

static uint32_t warps_of(uint64_t threads)
{
	return (uint32_t)((threads + ROAD_GPU_WARP_LANES - 1) / ROAD_GPU_WARP_LANES);
}

static struct fit fit_of(const struct gpu_kernel *kernel, uint64_t threads, uint32_t dynamic_bytes)
{
	const struct gpu_params *p = &kernel->gpu->params;
	uint64_t warps = warps_of(threads);
	uint64_t regs =
		round_up((uint64_t)kernel->entry->regs * ROAD_GPU_WARP_LANES, p->reg_granule) *
		warps;
	uint64_t shared = gpu_kernel_group_bytes(kernel, dynamic_bytes) + p->shared_reserved;
	struct fit fit = {p->blocks_per_sm, "workgroup slots"};

	shared = round_up(shared, p->shared_granule);
	bound(&fit, p->warps_per_sm / warps, "warp slots");
	if (regs)
		bound(&fit, p->regs_per_sm / regs, "registers");
	if (shared)
		bound(&fit, p->shared_per_sm / shared, "shared memory");
	return fit;
}

road_status gpu_kernel_occupancy(struct road_drv_kernel *drv, uint32_t block, uint32_t shared_bytes,
				 struct road_occupancy *out)
{
	const struct gpu_kernel *kernel = drv->data;
	const struct gpu_params *p = &kernel->gpu->params;
	uint64_t group = gpu_kernel_group_bytes(kernel, shared_bytes);
	struct fit fit = fit_of(kernel, block, shared_bytes);

	if (block > threads_max(kernel->gpu, kernel->entry))
		bound(&fit, 0, "threads of a workgroup");
	if (group > p->shared_per_block)
		bound(&fit, 0, "shared memory");
	out->blocks_per_unit = (uint32_t)fit.blocks;
	out->warps_per_unit = (uint32_t)fit.blocks * warps_of(block);
	out->warps_max = p->warps_per_sm;
	snprintf(out->limit, sizeof(out->limit), "%s", fit.limit);
	return ROAD_OK;
}

/* ---- launches ---- */

static road_status refuse(road_status status, const char *what, const char *field, uint64_t seen,
			  const char *allowed_text, uint64_t allowed)
{
	char where[64], seen_text[32], text[64];

	snprintf(where, sizeof(where), "road_list_launch: %s", field);
	snprintf(seen_text, sizeof(seen_text), "%" PRIu64, seen);
	snprintf(text, sizeof(text), "%s %" PRIu64, allowed_text, allowed);
	return road_drv_error(status, what, where, seen_text, text);
}

static road_status check_block(const struct gpu_kernel *kernel, const struct road_dim3 *block)
{
	const uint32_t sizes[3] = {block->x, block->y, block->z};
	static const char *const names[3] = {"block.x", "block.y", "block.z"};
	uint32_t most = threads_max(kernel->gpu, kernel->entry);

	for (size_t i = 0; i < 3; i++) { /* one by one first, so that the product cannot wrap */
		if (!sizes[i] || sizes[i] > most)
			return refuse(ROAD_INVALID_ARGUMENT, "workgroup is empty or too large",
				      names[i], sizes[i], "1 to", most);
		if (kernel->entry->reqd[i] && sizes[i] != kernel->entry->reqd[i])
			return refuse(ROAD_INVALID_ARGUMENT,
				      "the kernel was compiled for another size", names[i],
				      sizes[i], "exactly", kernel->entry->reqd[i]);
	}
	uint64_t threads = (uint64_t)block->x * block->y * block->z;

	if (threads > most)
		return refuse(ROAD_INVALID_ARGUMENT, "workgroup is too large", "block", threads,
			      "at most", most);
	return ROAD_OK;
}

static road_status check_grid(const struct road_dim3 *grid, const struct road_dim3 *block)
{
	const uint64_t items[3] = {(uint64_t)grid->x * block->x, (uint64_t)grid->y * block->y,
				   (uint64_t)grid->z * block->z};
	static const char *const names[3] = {"grid.x", "grid.y", "grid.z"};

	for (size_t i = 0; i < 3; i++)
		if (!items[i] || items[i] > UINT32_MAX)
			return refuse(ROAD_INVALID_ARGUMENT,
				      "grid is empty or has too many work-items in a dimension",
				      names[i], items[i], "1 to", UINT32_MAX);
	return ROAD_OK;
}

static road_status check_resources(const struct gpu_kernel *kernel,
				   const struct road_cmd_launch *launch)
{
	const struct gpu_params *p = &kernel->gpu->params;
	uint64_t group = gpu_kernel_group_bytes(kernel, launch->shared_bytes);
	uint64_t threads = (uint64_t)launch->block.x * launch->block.y * launch->block.z;
	const struct road_dim3 *grid = &launch->grid;

	if (launch->shared_bytes > atomic_load(&kernel->shared_max))
		return refuse(ROAD_INVALID_ARGUMENT,
			      "more dynamic shared memory than the kernel was set to",
			      "shared_bytes", launch->shared_bytes, "at most",
			      atomic_load(&kernel->shared_max));
	if (group > p->shared_per_block)
		return refuse(ROAD_INVALID_ARGUMENT, "too much shared memory", "shared_bytes",
			      group, "static and dynamic at most", p->shared_per_block);
	struct fit fit = fit_of(kernel, threads, launch->shared_bytes);

	if (!fit.blocks)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "a workgroup fits on no compute unit",
				      "road_list_launch: block", fit.limit,
				      "see road_kernel_occupancy");
	if (!(launch->flags & ROAD_LAUNCH_COOPERATIVE))
		return ROAD_OK;
	unsigned __int128 blocks = (unsigned __int128)grid->x * grid->y * grid->z;
	uint64_t most = fit.blocks * p->sm_count;

	if (blocks > most)
		return refuse(ROAD_NO_SPACE, "cooperative grid cannot be resident at once", "grid",
			      blocks > UINT64_MAX ? UINT64_MAX : (uint64_t)blocks,
			      "workgroups at most", most);
	return ROAD_OK;
}

/* The chip gives any workgroup its most: the attribute is a bound of the program's own. */
road_status gpu_kernel_set(struct road_drv_kernel *drv, uint32_t attribute, uint64_t value)
{
	struct gpu_kernel *kernel = drv->data;
	uint32_t all = kernel->gpu->params.shared_per_block;
	uint32_t most = all > kernel->shared_bytes ? all - kernel->shared_bytes : 0;

	if (attribute != ROAD_KERNEL_SHARED_MAX)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_kernel_set: attribute",
				       "no attribute %u", attribute);
	if (value > most)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_kernel_set: value",
				       "%" PRIu64 " bytes of dynamic shared memory, at most %u",
				       value, most);
	atomic_store(&kernel->shared_max, (uint32_t)value);
	return ROAD_OK;
}

/* What the firmware's version of an opcode does without. */
static road_status check_firmware(const struct gpu *gpu, const struct road_cmd_launch *launch)
{
	static const struct road_boot_need activate = {ROAD_GPU_VENDOR_EXPECT, 2, "expect"};

	return road_boot_program_allow(&gpu->program, launch->flags & ROAD_LAUNCH_ACTIVATE,
				       &activate, "road_list_launch: flags");
}

road_status gpu_check_launch(const struct road_cmd_launch *launch)
{
	const struct gpu_kernel *kernel = launch->kernel->data;
	road_status status;

	if (launch->argument_bytes != kernel->entry->param_bytes)
		return refuse(ROAD_INVALID_ARGUMENT, "argument block has the wrong size",
			      "arguments", launch->argument_bytes, "exactly",
			      kernel->entry->param_bytes);
	status = check_firmware(kernel->gpu, launch);
	if (!status)
		status = check_block(kernel, &launch->block);
	if (!status)
		status = check_grid(&launch->grid, &launch->block);
	if (!status)
		status = check_resources(kernel, launch);
	return status;
}
