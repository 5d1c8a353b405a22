/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window helper: memory of a device that the host sees through a region of its bus, as a heap
 * of kind ROAD_HEAP_DEVICE_VISIBLE. Device addresses are reserved ones, so that each means one
 * thing in the process:
 *
 *	device address = road_window_address + offset in the memory
 */
#ifndef ROADBED_DRIVER_WINDOW_H
#define ROADBED_DRIVER_WINDOW_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

struct road_window;

/* Maps [offset, offset + bytes) of the region. granule: what allocations are rounded to, a power of
 * two. The bus must stay until close. */
ROAD_API road_status road_window_open(struct road_bus *bus, uint32_t region, uint64_t offset,
				      uint64_t bytes, uint64_t granule, struct road_window **out);
/* NULL is allowed; so is a device that is gone. No buffer is left. */
ROAD_API void road_window_close(struct road_window *window);

/* For the driver's slots; any thread, locked inside. alloc: ROAD_UNSUPPORTED for another kind of
 * heap; the memory is zero, address and host pointer are set. */
ROAD_API void road_window_heap(struct road_window *window, struct road_heap_info *out);
ROAD_API road_status road_window_alloc(struct road_window *window, struct road_drv_buffer *buffer);
ROAD_API void road_window_free(struct road_window *window, struct road_drv_buffer *buffer);

ROAD_API uint64_t road_window_address(const struct road_window *window);
ROAD_API uint64_t road_window_bytes(const struct road_window *window);
/* A place as the device names its own memory: the bus address, or the offset in the memory. */
static inline uint64_t road_window_place(const struct road_window *window,
					 const struct road_place *place)
{
	return place->bus ? place->address : place->address - road_window_address(window);
}

#ifdef __cplusplus
}
#endif
#endif
