/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus to a simulated chip on the host of this virtual machine (ivshmem_wire.h): messages,
 * posted writes and memory are those of `sock:`, by memory that both see instead of a socket; and
 * under it lies the bus of the PCI function, for registers, that memory and interrupts.
 */
#ifndef HAL_BUS_IVSHMEM_H
#define HAL_BUS_IVSHMEM_H

#include "hal/bus/ivshmem_wire.h"
#include "hal/bus/transport.h"

/* Is it QEMU's device? */
static inline bool road_ivshmem_is(const struct road_bus_ids *ids)
{
	return ids->vendor == ROAD_IVSHMEM_VENDOR && ids->device == ROAD_IVSHMEM_DEVICE;
}

/* A copy of the head that lies there, if it is one of ours; false: it is not. */
bool road_ivshmem_head(const volatile void *memory, uint64_t bytes, struct road_ivshmem_head *out);

/*
 * If a chip of ours is behind the function: puts the bus to that chip in the place of *bus, which
 * it owns from then on. Other memory than ours: *bus stays as it is. An error: *bus is closed.
 * patience_ns: how long a server that does nothing is taken to live; 0: as long as is usual.
 */
road_status road_ivshmem_open(struct road_bus **bus, uint64_t patience_ns);

/* What is behind a function that nobody opened, by its folder in sysfs. */
enum road_ivshmem_peek {
	ROAD_IVSHMEM_CHIP,  /* ids say what; the PCI address is left as it is */
	ROAD_IVSHMEM_OTHER, /* memory for something else */
	ROAD_IVSHMEM_CLOSED /* the kernel lets nobody look */
};
enum road_ivshmem_peek road_ivshmem_peek(const char *folder, struct road_bus_ids *ids);

#endif
