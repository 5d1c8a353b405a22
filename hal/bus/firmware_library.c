/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/firmware_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

#include "hal/bus/beside.h"
#include "hal/core/error.h"

#define LIBRARY_NAME "libroadbed-firmware.so.0"

static struct {
	pthread_mutex_t lock;
	bool loaded;
	struct road_firmware_library calls; /* set once */
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct call {
	const char *symbol;
	size_t at; /* in the table */
} calls[] = {
#define CALL(name) {"road_firmware_" #name, offsetof(struct road_firmware_library, name)},
	ROAD_FIRMWARE_CALLS(CALL)
#undef CALL
};

/* The first function that the library lacks, or NULL. */
static const char *take_calls(void *handle, struct road_firmware_library *out)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		void *symbol = dlsym(handle, calls[i].symbol);

		if (!symbol)
			return calls[i].symbol;
		*(void **)(void *)((char *)out + calls[i].at) = symbol;
	}
	return NULL;
}

/* Under the lock. */
static road_status load(const char *folder)
{
	void *handle = road_open_beside(folder, LIBRARY_NAME);
	const char *why = handle ? take_calls(handle, &library.calls) : dlerror();

	if (!why) {
		library.loaded = true;
		return ROAD_OK;
	}
	road_status status =
		road_fail(ROAD_UNSUPPORTED,
			  handle ? LIBRARY_NAME " lacks a function"
				 : "the chip wants firmware, and " LIBRARY_NAME " cannot be loaded",
			  "road_device_open", why, "a build with the firmware loader");

	if (handle)
		dlclose(handle);
	return status;
}

road_status road_firmware_library_get(const char *folder, const struct road_firmware_library **out)
{
	pthread_mutex_lock(&library.lock);
	road_status status = library.loaded ? ROAD_OK : load(folder);

	pthread_mutex_unlock(&library.lock);
	*out = &library.calls;
	return status;
}
