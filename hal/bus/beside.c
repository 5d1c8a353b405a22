/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/beside.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *try_folder(const char *folder, size_t length, const char *name)
{
	char path[4096];

	if (length + strlen(name) + 2 > sizeof(path))
		return NULL;
	snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *road_open_beside(const char *folder, const char *name)
{
	void *handle = folder ? try_folder(folder, strlen(folder), name) : NULL;
	Dl_info own;

	if (!handle && dladdr((const void *)(uintptr_t)&road_open_beside, &own) && own.dli_fname) {
		const char *slash = strrchr(own.dli_fname, '/');

		if (slash && own.dli_fname[0] == '/')
			handle = try_folder(own.dli_fname, (size_t)(slash - own.dli_fname), name);
	}
	return handle ? handle : dlopen(name, RTLD_NOW | RTLD_LOCAL);
}
