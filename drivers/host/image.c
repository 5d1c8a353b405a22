/* SPDX-License-Identifier: Apache-2.0 */
/* Images of `host:`: tables of C functions, registered by name or in a shared object. */
#include "drivers/host/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/library.h>

enum {
	NAME_MAX_BYTES = 4096,
	KERNELS_MAX = 65536,
	ARGUMENTS_MAX = 4096,
	ARGUMENT_BYTES_MAX = 65536 /* of the packed block, and so of one argument */
};

struct registered {
	struct registered *next;
	char *name;
	const road_host_module *module;
};

static struct {
	pthread_mutex_t lock;
	struct registered *first;
} modules = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct host_image {
	const road_host_module *module;
	void *library; /* NULL: registered */
};

/* Each argument is aligned to its size rounded up to a power of two, at most to 16. Returns the
 * packed block's size, 0 for one that is too large; arguments may be NULL. */
static uint32_t lay_out(const road_host_kernel *kernel, struct road_argument_info *arguments)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < kernel->argument_count; i++) {
		uint32_t bytes = kernel->argument_bytes[i], align = 1;

		if (!bytes || bytes > ARGUMENT_BYTES_MAX)
			return 0;
		while (align < 16 && align < bytes)
			align *= 2;
		at = (at + align - 1) & ~(align - 1);
		if (arguments)
			arguments[i] =
				(struct road_argument_info){sizeof(*arguments), at, bytes, align};
		at += bytes;
		if (at > ARGUMENT_BYTES_MAX)
			return 0;
	}
	return at;
}

static road_status check_kernel(const road_host_kernel *k, uint32_t index, road_status bad,
				const char *where)
{
	if (!k->name || !k->name[0] || !k->run)
		return road_drv_errorf(bad, where, "kernel %u has no name or no function", index);
	if (k->argument_count > ARGUMENTS_MAX)
		return road_drv_errorf(bad, where, "kernel %u has %u arguments, allowed: 0 to %d",
				       index, k->argument_count, ARGUMENTS_MAX);
	if (k->argument_count && !k->argument_bytes)
		return road_drv_errorf(bad, where, "kernel %u has no argument sizes", index);
	if (k->argument_count && !lay_out(k, NULL))
		return road_drv_errorf(bad, where,
				       "kernel %u: an argument has no bytes, or all have over %d",
				       index, ARGUMENT_BYTES_MAX);
	if (k->shared_bytes > HOST_SHARED_MAX)
		return road_drv_errorf(bad, where,
				       "kernel %u: %u bytes of shared memory, at most %u", index,
				       k->shared_bytes, HOST_SHARED_MAX);
	return ROAD_OK;
}

/* bad: the status of a module that is not right. */
static road_status check_module(const road_host_module *module, road_status bad, const char *where)
{
	road_status status = ROAD_OK;

	if (module->size < sizeof(*module))
		return road_drv_errorf(bad, where, "module's size is %u, allowed: %zu or more",
				       module->size, sizeof(*module));
	if (module->kernel_count > KERNELS_MAX || (module->kernel_count && !module->kernels))
		return road_drv_errorf(bad, where,
				       "module has %u kernels, allowed: 0 to %d with a table",
				       module->kernel_count, KERNELS_MAX);
	for (uint32_t i = 0; i < module->kernel_count && !status; i++)
		status = check_kernel(&module->kernels[i], i, bad, where);
	return status;
}

/* Under the lock. */
static const road_host_module *find(const char *name, size_t bytes)
{
	for (struct registered *r = modules.first; r; r = r->next)
		if (strlen(r->name) == bytes && !memcmp(r->name, name, bytes))
			return r->module;
	return NULL;
}

static const road_host_module *find_registered(const char *name, size_t bytes)
{
	pthread_mutex_lock(&modules.lock);
	const road_host_module *found = find(name, bytes);

	pthread_mutex_unlock(&modules.lock);
	return found;
}

/* Under the lock. */
static road_status list(const char *name, const road_host_module *module)
{
	const road_host_module *known = find(name, strlen(name));

	if (known)
		return known == module ? ROAD_OK
				       : road_drv_error(ROAD_BUSY, "name is taken by another table",
							"road_host_register: name", name, NULL);
	struct registered *r = calloc(1, sizeof(*r));

	if (r)
		r->name = strdup(name);
	if (!r || !r->name) {
		free(r);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a name",
				      "road_host_register", NULL, NULL);
	}
	r->module = module;
	r->next = modules.first;
	modules.first = r;
	return ROAD_OK;
}

road_status road_host_register(const char *name, const road_host_module *module)
{
	if (!name || !name[0] || name[0] == '/' || strlen(name) > NAME_MAX_BYTES)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "bad name of a module",
				      "road_host_register: name", name ? name : "NULL",
				      "1 to 4096 bytes that do not start with '/'");
	if (!module)
		return road_drv_error(ROAD_INVALID_ARGUMENT, "module is missing",
				      "road_host_register: module", "NULL", NULL);
	road_status status =
		check_module(module, ROAD_INVALID_ARGUMENT, "road_host_register: module");

	if (status)
		return status;
	pthread_mutex_lock(&modules.lock);
	status = list(name, module);
	pthread_mutex_unlock(&modules.lock);
	return status;
}

static road_status load_library(struct host_image *own, const char *path)
{
	void *symbol;
	road_status status = road_library_open(path, &own->library);

	if (status)
		return status;
	status = road_library_symbol(own->library, ROAD_HOST_MODULE_SYMBOL, &symbol);
	if (!status) {
		own->module = symbol;
		status = check_module(own->module, ROAD_IMAGE_INVALID, path);
	}
	if (status)
		road_library_close(own->library);
	return status;
}

/* The loader's words, as far as the error's detail has them, into the caller's log. */
static void tell(const struct road_image_options *options)
{
	road_error why = {.size = sizeof(why)};

	if (options && options->log && options->log_bytes && !road_last_error(&why))
		snprintf(options->log, options->log_bytes, "%s: %s",
			 why.seen[0] ? why.seen : why.where, why.what);
}

static road_status load(struct road_drv_image *image, const void *bytes, size_t byte_count,
			const struct road_image_options *options)
{
	char path[NAME_MAX_BYTES + 1];
	struct host_image *own;
	road_status status = ROAD_OK;

	if (byte_count > NAME_MAX_BYTES || memchr(bytes, 0, byte_count))
		return road_drv_errorf(ROAD_IMAGE_INVALID, "road_image_load: bytes",
				       "no name of a module and no path (%zu bytes, at most %d)",
				       byte_count, NAME_MAX_BYTES);
	memcpy(path, bytes, byte_count);
	path[byte_count] = 0;
	own = calloc(1, sizeof(*own));
	if (!own)
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for an image", "host",
				      NULL, NULL);
	if (path[0] == '/')
		status = load_library(own, path);
	else if (!(own->module = find_registered(path, byte_count)))
		status = road_drv_error(ROAD_IMAGE_INVALID, "no module of this name is registered",
					"road_image_load: bytes", path,
					"a registered name, or an absolute path");
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
	struct host_image *own = image->data;

	if (own->library)
		road_library_close(own->library);
	free(own);
	image->data = NULL;
}

static const char *kernel_name(struct road_drv_image *image, uint32_t index)
{
	const road_host_module *module = ((struct host_image *)image->data)->module;

	return index < module->kernel_count ? module->kernels[index].name : NULL;
}

static road_status kernel(struct road_drv_kernel *out, const char *name)
{
	const road_host_module *module = ((struct host_image *)out->image->data)->module;
	const road_host_kernel *found = NULL;

	for (uint32_t i = 0; i < module->kernel_count && !found; i++)
		if (!strcmp(module->kernels[i].name, name))
			found = &module->kernels[i];
	if (!found)
		return road_drv_error(ROAD_NOT_FOUND, "the module has no such kernel",
				      "road_image_kernel: name", name, NULL);
	struct host_kernel *own = calloc(1, sizeof(*own));

	if (own)
		own->arguments = calloc(found->argument_count + 1, sizeof(*own->arguments));
	if (!own || !own->arguments) {
		free(own);
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "no memory for a kernel", "host",
				      NULL, NULL);
	}
	own->kernel = found;
	snprintf(out->info.name, sizeof(out->info.name), "%s", found->name);
	out->info.shared_bytes = found->shared_bytes;
	out->info.threads_max = UINT32_MAX;
	out->info.argument_count = found->argument_count;
	out->info.argument_bytes = lay_out(found, own->arguments);
	out->arguments = own->arguments;
	out->data = own;
	return ROAD_OK;
}

static void kernel_free(struct road_drv_kernel *out)
{
	struct host_kernel *own = out->data;

	free(own->arguments);
	free(own);
}

/* Workgroups run one after the other here: more than one cannot be resident at once. */
static road_status check_launch(const struct road_cmd_launch *l)
{
	const struct host_kernel *own = l->kernel->data;

	if (l->flags & ROAD_LAUNCH_COOPERATIVE && (l->grid.x > 1 || l->grid.y > 1 || l->grid.z > 1))
		return road_drv_errorf(
			ROAD_NO_SPACE, "road_list_launch: launch.grid",
			"%u x %u x %u workgroups cannot be resident at once, allowed: 1", l->grid.x,
			l->grid.y, l->grid.z);
	if (l->shared_bytes > HOST_SHARED_MAX - own->kernel->shared_bytes)
		return road_drv_errorf(
			ROAD_NO_SPACE, "road_list_launch: launch.shared_bytes",
			"%u bytes of shared memory beside %u static ones, at most %u",
			l->shared_bytes, own->kernel->shared_bytes, HOST_SHARED_MAX);
	return ROAD_OK;
}

const struct road_image_ops host_image_ops = {
	.load = load,
	.unload = unload,
	.kernel_name = kernel_name,
	.kernel = kernel,
	.kernel_free = kernel_free,
	.check_launch = check_launch,
};
