/* SPDX-License-Identifier: Apache-2.0 */
/* The simulators' library and the firmware loader's are linked in; who opens one of them gets the
 * program itself. */
#include <string.h>

#ifdef FUZZ_FIRMWARE
#include "hal/bus/firmware_library.h"
#endif
#include "simulators/engine/entry.h"

void *__wrap_dlopen(const char *path, int flags);
void *__wrap_dlsym(void *library, const char *name);
int __wrap_dlclose(void *library);
void *__real_dlopen(const char *path, int flags);
void *__real_dlsym(void *library, const char *name);
int __real_dlclose(void *library);

static char self;

static const struct symbol {
	const char *name;
	void (*function)(void);
} symbols[] = {{SIM_ENTRY_SYMBOL, (void (*)(void))roadbed_sim_entry},
#ifdef FUZZ_FIRMWARE
#define CALL(name) {"road_firmware_" #name, (void (*)(void))road_firmware_##name},
	       ROAD_FIRMWARE_CALLS(CALL)
#undef CALL
#endif
};

static bool is_here(const char *path)
{
#ifdef FUZZ_FIRMWARE
	if (strstr(path, "libroadbed-firmware"))
		return true;
#endif
	return strstr(path, "libroadbed-sim");
}

void *__wrap_dlopen(const char *path, int flags)
{
	return path && is_here(path) ? &self : __real_dlopen(path, flags);
}

void *__wrap_dlsym(void *library, const char *name)
{
	void *address = NULL;

	if (library != &self)
		return __real_dlsym(library, name);
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strcmp(symbols[i].name, name))
			memcpy(&address, &symbols[i].function, sizeof(address));
	return address;
}

int __wrap_dlclose(void *library)
{
	return library == &self ? 0 : __real_dlclose(library);
}
