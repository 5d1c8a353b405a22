/* SPDX-License-Identifier: Apache-2.0 */
/* Shared objects and shared memory, for drivers that are their own bus: hal/bus does the calls. */
#ifndef ROADBED_DRIVER_LIBRARY_H
#define ROADBED_DRIVER_LIBRARY_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* path is absolute. ROAD_IMAGE_INVALID with the loader's words. */
ROAD_API road_status road_library_open(const char *path, void **out);
ROAD_API road_status road_library_symbol(void *library, const char *name, void **out);
ROAD_API void road_library_close(void *library);

/* Zeroed pages in a memfd sealed against shrinking; fd belongs to the memory. */
ROAD_API road_status road_memory_alloc(uint64_t bytes, void **out, int *fd);
ROAD_API void road_memory_free(void *memory, uint64_t bytes, int fd);

#ifdef __cplusplus
}
#endif
#endif
