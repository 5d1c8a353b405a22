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
#include <time.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/memfd.h"
#include "hal/bus/transport.h"
#include "hal/core/error.h"

enum { PAGE = 4096 };
#define NAP_NS UINT64_C(20000) /* of one relax */

struct runtime_bus {
	struct road_bus_handle handle;
	void *library;
	char name[]; /* as it was asked for */
};

static struct runtime_bus *bus_of(struct road_bus *bus)
{
	return (struct runtime_bus *)(void *)bus;
}

static road_status unsupported(const char *what)
{
	return road_fail(ROAD_UNSUPPORTED, "a vendor's library has nothing of the sort", what,
			 "library", "");
}

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	(void)bus;
	memset(out, 0, sizeof(*out));
}

static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	(void)bus;
	(void)offset;
	return UINT32_MAX;
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	(void)bus;
	(void)offset;
	(void)value;
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	(void)bus;
	(void)region;
	*out = (struct road_bus_region){0};
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	(void)bus;
	(void)region;
	(void)offset;
	(void)bytes;
	(void)out;
	return unsupported("region_map");
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus;
	(void)mapping;
	(void)bytes;
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	(void)bus;
	(void)region;
	(void)offset;
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	(void)bus;
	(void)region;
	(void)offset;
	(void)width;
	(void)value;
}

static uint64_t bus_now_ns(struct road_bus *bus)
{
	(void)bus;
	return road_host_now_ns();
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	uint64_t now = bus_now_ns(bus), left = until_ns > now ? until_ns - now : 0;
	struct timespec nap = {.tv_nsec = (long)(left < NAP_NS ? left : NAP_NS)};

	nanosleep(&nap, NULL);
}

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	(void)bus;
	*out = (struct road_dma_limits){UINT64_MAX, PAGE, true};
}

static void show(struct road_dma *dma)
{
	dma->iova.value = (uint64_t)(uintptr_t)dma->host;
	dma->coherent = true;
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	uint64_t rounded = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	struct road_dma dma = {.bytes = rounded};

	(void)bus;
	if (!bytes || rounded < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_alloc", bytes, ">= 1");
	road_status status = road_memfd_alloc(rounded, &dma.host, &dma.fd);

	if (status)
		return status;
	show(&dma);
	*out = dma;
	return ROAD_OK;
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	(void)bus;
	road_memfd_free(dma->host, dma->bytes, dma->fd);
	*dma = (struct road_dma){.fd = -1};
}

static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	struct road_dma dma = {.host = host, .bytes = bytes, .fd = -1};

	(void)bus;
	(void)direction;
	if (!host || !bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "nothing to map", "dma_map", bytes,
				     ">= 1 byte at a pointer");
	show(&dma);
	*out = dma;
	return ROAD_OK;
}

static void bus_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	(void)bus;
	*dma = (struct road_dma){.fd = -1};
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	(void)bus;
	(void)dma;
	(void)offset;
	(void)bytes;
	(void)direction;
}

static uint32_t bus_irq_count(struct road_bus *bus)
{
	(void)bus;
	return 0;
}

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	(void)bus;
	(void)vector;
	(void)eventfd;
	return unsupported("irq_bind");
}

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	(void)bus;
	(void)vector;
	return false;
}

static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	(void)bus;
	(void)vector;
	(void)until_ns;
	return unsupported("irq_wait");
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	(void)bus;
	(void)vector;
	(void)masked;
}

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)bus;
	(void)request;
	(void)argument;
	return unsupported("control");
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

static road_status bus_reset(struct road_bus *bus)
{
	(void)bus;
	return unsupported("reset");
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
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = bus_region_unmap,
	.read = bus_read,
	.write = bus_write,
	.now_ns = bus_now_ns,
	.relax = bus_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = bus_irq_count,
	.irq_bind = bus_irq_bind,
	.irq_take = bus_irq_take,
	.irq_wait = bus_irq_wait,
	.irq_mask = bus_irq_mask,
	.control = bus_control,
	.symbol = bus_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
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
