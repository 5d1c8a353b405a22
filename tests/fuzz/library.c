/* SPDX-License-Identifier: Apache-2.0 */
/* The simulators' library is linked in; who opens it gets the program itself. */
#include <string.h>

#include "simulators/engine/entry.h"

void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlsym(void *library, const char *name);
int __wrap_dlclose(void *library);
void *__real_dlopen(const char *path, int flags);
void *__real_dlsym(void *library, const char *name);
int __real_dlclose(void *library);

static char self;

void *__wrap_dlopen(const char *path, int flags)
{
	return path && strstr(path, "libroadbed-sim") ? &self : __real_dlopen(path, flags);
}

void *__wrap_dlsym(void *library, const char *name)
{
	const struct sim_entry *(*entry)(uint32_t) = roadbed_sim_entry;
	void *address;

	if (library != &self)
		return __real_dlsym(library, name);
	memcpy(&address, &entry, sizeof(address));
	return address;
}

int __wrap_dlclose(void *library)
{
	return library == &self ? 0 : __real_dlclose(library);
}
