/* SPDX-License-Identifier: Apache-2.0 */
#include <roadbed-driver/library.h>

#include <dlfcn.h>

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

road_status road_library_open(const char *path, void **out)
{
	if (path[0] != '/')
		return road_fail(ROAD_IMAGE_INVALID, "path is not absolute", "library", path,
				 "a path that starts with '/'");
	*out = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!*out)
		return road_fail(ROAD_IMAGE_INVALID, dlerror(), "library", path, "");
	return ROAD_OK;
}

road_status road_library_symbol(void *library, const char *name, void **out)
{
	*out = dlsym(library, name);
	if (!*out)
		return road_fail(ROAD_IMAGE_INVALID, "library lacks a symbol", "library", name, "");
	return ROAD_OK;
}

void road_library_close(void *library)
{
	dlclose(library);
}

road_status road_memory_alloc(uint64_t bytes, void **out, int *fd)
{
	return road_memfd_alloc(bytes, out, fd);
}

void road_memory_free(void *memory, uint64_t bytes, int fd)
{
	road_memfd_free(memory, bytes, fd);
}
