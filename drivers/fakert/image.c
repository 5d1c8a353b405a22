/* SPDX-License-Identifier: Apache-2.0 */
/* Images are the library's modules, kernels its functions. */
#include "drivers/fakert/fakert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_MAX = 1 << 20, FUNCTIONS_MAX = 256 };

struct image {
	frtModule_t module;
	frtFunction_t functions[FUNCTIONS_MAX + 1]; /* ends with NULL */
};
struct kernel {
	frtFunction_t function;
	struct road_argument_info arguments[FAKERT_ARGUMENTS_MAX];
};

frtFunction_t fakert_function(const struct road_drv_kernel *kernel)
{
	return ((const struct kernel *)kernel->data)->function;
}

static road_status no_memory(void)
{
	return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "fakert", NULL,
			      NULL);
}

/* The library takes a text without its length, and would read on until it finds a NUL. */
static road_status text_of(const void *bytes, size_t count, char **out)
{
	const char *nul = memchr(bytes, 0, count);

	if (count > IMAGE_MAX)
		return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: byte_count",
				       "the image has %zu bytes; allowed: 1 to %d", count,
				       IMAGE_MAX);
	if (nul)
		return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: bytes",
				       "byte %zu is 0; a module is text",
				       (size_t)(nul - (const char *)bytes));
	*out = calloc(1, count + 1);
	if (!*out)
		return no_memory();
	memcpy(*out, bytes, count);
	return ROAD_OK;
}

static road_status load_text(struct fakert *f, struct image *own, const char *text)
{
	int result = f->rt.ModuleLoadData(&own->module, text);
	road_status status = ROAD_OK;

	switch (result) {
	case frtErrorInvalidImage:
		status =
			road_drv_error(ROAD_IMAGE_INVALID,
				       "the library takes it for no module, or for a broken one",
				       "road_image_load: bytes", NULL, "text that begins FAKERT 1");
		(void)f->rt.GetLastError();
		break;
	case frtErrorNoBinaryForDevice:
		status =
			road_drv_error(ROAD_IMAGE_INCOMPATIBLE, "the module is of another version",
				       "road_image_load: bytes", NULL, "text that begins FAKERT 1");
		(void)f->rt.GetLastError();
		break;
	default: status = fakert_status(f, result, "frtModuleLoadData");
	}
	if (status)
		return status;
	status = fakert_status(
		f, f->rt.ModuleEnumerateFunctions(own->functions, FUNCTIONS_MAX, own->module),
		"frtModuleEnumerateFunctions");
	if (status)
		(void)f->rt.ModuleUnload(own->module);
	return status;
}

static void tell(const struct road_image_options *options)
{
	road_error why = {.size = sizeof(why)};

	if (options && options->log && options->log_bytes && !road_last_error(&why))
		snprintf(options->log, options->log_bytes, "%s: %s", why.where, why.what);
}

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	struct fakert *f = image->space->dev->data;
	struct fakert_stay stay;
	struct image *own = calloc(1, sizeof(*own));
	char *text = NULL;
	road_status status = own ? text_of(bytes, byte_count, &text) : no_memory();

	if (!status)
		status = fakert_enter(f, &stay);
	if (!status) {
		status = load_text(f, own, text);
		fakert_leave(f, &stay);
	}
	free(text);
	if (status) {
		tell(options);
		free(own);
		return status;
	}
	image->data = own;
	return ROAD_OK;
}

static void unload(struct road_drv_image *image)
{
	struct fakert *f = image->space->dev->data;
	struct image *own = image->data;
	struct fakert_stay stay;

	(void)fakert_enter(f, &stay);
	(void)f->rt.ModuleUnload(own->module);
	fakert_leave(f, &stay);
	free(own);
	image->data = NULL;
}

static const char *kernel_name(struct road_drv_image *image, uint32_t index)
{
	const struct fakert *f = image->space->dev->data;
	const struct image *own = image->data;
	const char *name = NULL;

	if (index >= FUNCTIONS_MAX || !own->functions[index] ||
	    f->rt.FuncGetName(&name, own->functions[index]))
		return NULL;
	return name;
}

static road_status describe(struct fakert *f, struct kernel *own, struct road_drv_kernel *kernel)
{
	struct frtFuncAttributes attributes = {0};
	road_status status = fakert_status(f, f->rt.FuncGetAttributes(&attributes, own->function),
					   "frtFuncGetAttributes");

	if (!status && attributes.paramCount > FAKERT_ARGUMENTS_MAX)
		return road_drv_errorf(ROAD_UNSUPPORTED, "road_image_kernel: name",
				       "the kernel has %u arguments; allowed: up to %d",
				       attributes.paramCount, FAKERT_ARGUMENTS_MAX);
	for (uint32_t i = 0; i < attributes.paramCount && !status; i++) {
		size_t offset = 0, bytes = 0;

		status = fakert_status(f, f->rt.FuncGetParamInfo(own->function, i, &offset, &bytes),
				       "frtFuncGetParamInfo");
		own->arguments[i] =
			(struct road_argument_info){sizeof(own->arguments[i]), (uint32_t)offset,
						    (uint32_t)bytes, (uint32_t)bytes};
	}
	kernel->info.shared_bytes = attributes.sharedSizeBytes;
	kernel->info.threads_max = attributes.maxThreadsPerBlock;
	kernel->info.argument_count = attributes.paramCount;
	kernel->info.argument_bytes = attributes.paramBytes;
	return status;
}

static road_status find(struct fakert *f, struct road_drv_kernel *kernel, const char *name)
{
	const struct image *image = kernel->image->data;
	struct kernel *own = calloc(1, sizeof(*own));
	road_status status;

	if (!own)
		return no_memory();
	status = fakert_status(f, f->rt.ModuleGetFunction(&own->function, image->module, name),
			       "frtModuleGetFunction");
	if (!status)
		status = describe(f, own, kernel);
	if (status) {
		free(own);
		return status;
	}
	snprintf(kernel->info.name, sizeof(kernel->info.name), "%s", name);
	kernel->arguments = own->arguments;
	kernel->data = own;
	return ROAD_OK;
}

static road_status kernel(struct road_drv_kernel *kernel, const char *name)
{
	struct fakert *f = kernel->image->space->dev->data;
	struct fakert_stay stay;
	road_status status = fakert_enter(f, &stay);

	if (!status) {
		status = find(f, kernel, name);
		fakert_leave(f, &stay);
	}
	return status;
}

static void kernel_free(struct road_drv_kernel *kernel)
{
	free(kernel->data);
}

static road_status symbol(struct road_drv_image *image, const char *name, uint64_t *address,
			  uint64_t *bytes)
{
	struct fakert *f = image->space->dev->data;
	struct fakert_stay stay;
	void *memory = NULL;
	size_t size = 0;
	road_status status = fakert_enter(f, &stay);

	if (status)
		return status;
	status = fakert_status(
		f,
		f->rt.ModuleGetGlobal(&memory, &size, ((struct image *)image->data)->module, name),
		"frtModuleGetGlobal");
	fakert_leave(f, &stay);
	if (status)
		return status;
	*address = (uint64_t)(uintptr_t)memory;
	*bytes = size;
	return ROAD_OK;
}

static road_status check_launch(const struct road_cmd_launch *launch)
{
	const struct fakert *f = launch->kernel->image->space->dev->data;
	const uint32_t *most = f->prop.maxGridSize;
	const road_dim3 *block = &launch->block;

	if (launch->flags & ROAD_LAUNCH_COOPERATIVE)
		return road_drv_error(ROAD_UNSUPPORTED, "the library has no cooperative launches",
				      "road_list_launch: launch.flags", "ROAD_LAUNCH_COOPERATIVE",
				      "0");
	if (launch->grid.x > most[0] || launch->grid.y > most[1] || launch->grid.z > most[2])
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_list_launch: launch.grid",
				       "the grid is %u x %u x %u; allowed: up to %u x %u x %u",
				       launch->grid.x, launch->grid.y, launch->grid.z, most[0],
				       most[1], most[2]);
	if ((uint64_t)block->x * block->y > launch->kernel->info.threads_max / block->z)
		return road_drv_errorf(ROAD_INVALID_ARGUMENT, "road_list_launch: launch.block",
				       "the workgroup is %u x %u x %u; allowed: %u work-items",
				       block->x, block->y, block->z,
				       launch->kernel->info.threads_max);
	if (launch->shared_bytes > f->prop.sharedMemPerBlock)
		return road_drv_errorf(ROAD_NO_SPACE, "road_list_launch: launch.shared_bytes",
				       "%u bytes of shared memory; allowed: up to %llu",
				       launch->shared_bytes,
				       (unsigned long long)f->prop.sharedMemPerBlock);
	return ROAD_OK;
}

const struct road_image_ops fakert_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = kernel,
	.kernel_free = kernel_free,
	.symbol = symbol,
	.check_launch = check_launch,
};
