/* SPDX-License-Identifier: Apache-2.0 */
/* CUDA's driver API by name: no header of the vendor's, and no need of it to build. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/oracle/gpu/goldens/backend.h"

enum { MAJOR = 75, MINOR = 76, BUFFERS_MAX = 8 };
/* cuLaunchKernel's way to take a packed block of arguments */
#define LAUNCH_END     ((void *)0)
#define LAUNCH_POINTER ((void *)1)
#define LAUNCH_SIZE    ((void *)2)

typedef int (*any_fn)(void);

static struct {
	void *library;
	int (*init)(unsigned flags);
	int (*driver_version)(int *version);
	int (*device_get)(int *device, int ordinal);
	int (*device_name)(char *name, int bytes, int device);
	int (*device_attribute)(int *value, int attribute, int device);
	int (*context_create)(void **context, unsigned flags, int device);
	int (*context_destroy)(void *context);
	int (*context_wait)(void);
	int (*module_load)(void **module, const void *text);
	int (*module_unload)(void *module);
	int (*module_function)(void **function, void *module, const char *name);
	int (*allocate)(uint64_t *address, size_t bytes);
	int (*release)(uint64_t address);
	int (*to_device)(uint64_t to, const void *from, size_t bytes);
	int (*to_host)(void *to, uint64_t from, size_t bytes);
	int (*launch)(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
		      unsigned by, unsigned bz, unsigned shared, void *stream, void **parameters,
		      void **extra);
	void *context;
} cuda;

static int load(char *why, size_t why_bytes)
{
	const struct {
		const char *name;
		void *where;
	} names[] = {
		{"cuInit", &cuda.init},
		{"cuDriverGetVersion", &cuda.driver_version},
		{"cuDeviceGet", &cuda.device_get},
		{"cuDeviceGetName", &cuda.device_name},
		{"cuDeviceGetAttribute", &cuda.device_attribute},
		{"cuCtxCreate_v2", &cuda.context_create},
		{"cuCtxDestroy_v2", &cuda.context_destroy},
		{"cuCtxSynchronize", &cuda.context_wait},
		{"cuModuleLoadData", &cuda.module_load},
		{"cuModuleUnload", &cuda.module_unload},
		{"cuModuleGetFunction", &cuda.module_function},
		{"cuMemAlloc_v2", &cuda.allocate},
		{"cuMemFree_v2", &cuda.release},
		{"cuMemcpyHtoD_v2", &cuda.to_device},
		{"cuMemcpyDtoH_v2", &cuda.to_host},
		{"cuLaunchKernel", &cuda.launch},
	};

	cuda.library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!cuda.library) {
		snprintf(why, why_bytes, "%s", dlerror());
		return -1;
	}
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		void *symbol = dlsym(cuda.library, names[k].name);

		if (!symbol) {
			snprintf(why, why_bytes, "libcuda.so.1 has no %s", names[k].name);
			return -1;
		}
		memcpy(names[k].where, &symbol, sizeof(any_fn));
	}
	return 0;
}

static int failed(const char *what, int status, char *why, size_t why_bytes)
{
	snprintf(why, why_bytes, "%s answers %d", what, status);
	return -1;
}

static int cuda_open(char *who, size_t who_bytes, unsigned *target, char *why, size_t why_bytes)
{
	int device = 0, version = 0, major = 0, minor = 0, status;
	char name[200] = "";

	if (load(why, why_bytes))
		return -1;
	status = cuda.init(0);
	if (status || (status = cuda.device_get(&device, 0)))
		return failed("the driver", status, why, why_bytes);
	cuda.device_name(name, sizeof(name), device);
	cuda.driver_version(&version);
	cuda.device_attribute(&major, MAJOR, device);
	cuda.device_attribute(&minor, MINOR, device);
	status = cuda.context_create(&cuda.context, 0, device);
	if (status)
		return failed("cuCtxCreate", status, why, why_bytes);
	*target = (unsigned)(major * 10 + minor);
	snprintf(who, who_bytes, "%s (sm_%u), CUDA driver API %d.%d", name, *target, version / 1000,
		 version % 1000 / 10);
	return 0;
}

static int launch(const struct golden_launch *l, void *function, const uint64_t *addresses,
		  char *why, size_t why_bytes)
{
	size_t bytes = l->argument_bytes;
	void *extra[] = {LAUNCH_POINTER, l->arguments, LAUNCH_SIZE, &bytes, LAUNCH_END};
	int status = 0;

	for (unsigned k = 0; k < l->buffer_count && !status; k++)
		status = cuda.to_device(addresses[k], l->buffers[k].data, l->buffers[k].bytes);
	if (!status)
		status = cuda.launch(function, l->grid[0], l->grid[1], l->grid[2], l->block[0],
				     l->block[1], l->block[2], l->shared, NULL, NULL, extra);
	if (!status)
		status = cuda.context_wait();
	for (unsigned k = 0; k < l->buffer_count && !status; k++)
		status = cuda.to_host(l->buffers[k].data, addresses[k], l->buffers[k].bytes);
	return status ? failed("the launch", status, why, why_bytes) : 0;
}

static int cuda_run(const struct golden_launch *l, char *why, size_t why_bytes)
{
	uint64_t addresses[BUFFERS_MAX] = {0};
	void *module = NULL, *function = NULL;
	int status = cuda.module_load(&module, l->text), result = -1;

	if (status || (status = cuda.module_function(&function, module, l->kernel)))
		failed("the module", status, why, why_bytes);
	for (unsigned k = 0; k < l->buffer_count && !status; k++) {
		status = cuda.allocate(&addresses[k], l->buffers[k].bytes);
		memcpy(l->arguments + 8 * k, &addresses[k], 8);
	}
	if (!status)
		result = launch(l, function, addresses, why, why_bytes);
	for (unsigned k = 0; k < l->buffer_count; k++)
		if (addresses[k])
			cuda.release(addresses[k]);
	if (module)
		cuda.module_unload(module);
	return result;
}

static void cuda_close(void)
{
	if (cuda.context)
		cuda.context_destroy(cuda.context);
	if (cuda.library)
		dlclose(cuda.library);
	memset(&cuda, 0, sizeof(cuda));
}

const struct backend backend_cuda = {"cuda", cuda_open, cuda_run, cuda_close};
