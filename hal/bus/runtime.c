/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus to a vendor's runtime library: its functions by name, for drivers that call them. It has
 * no registers and no interrupts. Its device clock is the host's; what the library reaches of host
 * memory is named by host pointers, so these are its bus addresses.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/bare.h"
#include "hal/bus/by_pointer.h"
#include "hal/bus/transport.h"
#include "hal/core/error.h"

struct runtime_bus {
	struct road_bus_handle handle;
	void *library;
	char name[]; /* as it was asked for */
};

static struct runtime_bus *bus_of(struct road_bus *bus)
{
	return (struct runtime_bus *)(void *)bus;
}

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	(void)bus;
	memset(out, 0, sizeof(*out));
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	void *found = dlsym(bus_of(bus)->library, name);

	if (!found)
		return road_fail(ROAD_NOT_FOUND, "the vendor's library lacks a function",
				 bus_of(bus)->name, name, "a version of the library that has it");
	*out = found;
	return ROAD_OK;
}

static bool bus_lost(struct road_bus *bus)
{
	(void)bus;
	return false;
}

/* The library stays: its threads may outlive every use of it. */
static void bus_close(struct road_bus *bus)
{
	dlclose(bus_of(bus)->library);
	free(bus_of(bus));
}

static const struct road_bus_ops bus_ops = {
	.name = "library",
	.ids = bus_ids,
	.config_read = road_bare_config_read,
	.config_write = road_bare_config_write,
	.region_info = road_bare_region_info,
	.region_map = road_bare_region_map,
	.region_unmap = road_bare_region_unmap,
	.read = road_bare_read,
	.write = road_bare_write,
	.now_ns = road_bare_now_ns,
	.relax = road_bare_relax,
	.dma_limits = road_pointer_dma_limits,
	.dma_alloc = road_pointer_dma_alloc,
	.dma_free = road_pointer_dma_free,
	.dma_map = road_pointer_dma_map,
	.dma_unmap = road_bare_dma_release,
	.dma_sync = road_bare_dma_sync,
	.irq_count = road_bare_irq_count,
	.irq_bind = road_bare_irq_bind,
	.irq_take = road_bare_irq_take,
	.irq_wait = road_bare_irq_wait,
	.irq_mask = road_bare_irq_mask,
	.control = road_bare_control,
	.symbol = bus_symbol,
	.reset = road_bare_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = road_bare_fact,
};

road_status road_runtime_open(const char *library, struct road_bus **out)
{
	struct runtime_bus *bus = calloc(1, sizeof(*bus) + strlen(library) + 1);

	if (!bus)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", "library", library,
				 "");
	bus->library = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!bus->library) {
		const char *why = dlerror();

		free(bus);
		return road_fail(ROAD_NOT_FOUND, why ? why : "the library cannot be opened",
				 "vendor's library", library, "a library that the loader finds");
	}
	strcpy(bus->name, library);
	bus->handle.bus.ops = &bus_ops;
	*out = &bus->handle.bus;
	return ROAD_OK;
}
