/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/bare.h"

#include <time.h>

#include <roadbed-driver/driver.h>

#include "hal/core/error.h"

/* Of one relax: a thousandth of the time that it may take at the most, within these. */
#define NAP_MIN_NS UINT64_C(20000)
#define NAP_MAX_NS UINT64_C(1000000)

static road_status unsupported(struct road_bus *bus, const char *what)
{
	return road_fail(ROAD_UNSUPPORTED, "the bus has nothing of the sort", what, bus->ops->name,
			 "");
}

uint32_t road_bare_config_read(struct road_bus *bus, uint32_t offset)
{
	(void)bus;
	(void)offset;
	return UINT32_MAX;
}

void road_bare_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	(void)bus;
	(void)offset;
	(void)value;
}

void road_bare_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	(void)bus;
	(void)region;
	*out = (struct road_bus_region){0};
}

road_status road_bare_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				 uint64_t bytes, void **out)
{
	(void)region;
	(void)offset;
	(void)bytes;
	(void)out;
	return unsupported(bus, "region_map");
}

void road_bare_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus;
	(void)mapping;
	(void)bytes;
}

uint64_t road_bare_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	(void)bus;
	(void)region;
	(void)offset;
	return width == 8 ? UINT64_MAX : UINT32_MAX;
}

void road_bare_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		     uint64_t value)
{
	(void)bus;
	(void)region;
	(void)offset;
	(void)width;
	(void)value;
}

uint64_t road_bare_now_ns(struct road_bus *bus)
{
	(void)bus;
	return road_host_now_ns();
}

void road_bare_relax(struct road_bus *bus, uint64_t until_ns)
{
	uint64_t now = road_bare_now_ns(bus), left = until_ns > now ? until_ns - now : 0;
	uint64_t nap = left / 1000;

	nap = nap < NAP_MIN_NS ? NAP_MIN_NS : nap > NAP_MAX_NS ? NAP_MAX_NS : nap;
	nap = nap < left ? nap : left;
	nanosleep(&(struct timespec){.tv_nsec = (long)nap}, NULL);
}

void road_bare_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	(void)bus;
	*out = (struct road_dma_limits){.coherent = true, .granule = 4096};
}

road_status road_bare_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	(void)bytes;
	(void)out;
	return unsupported(bus, "dma_alloc");
}

road_status road_bare_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			      enum road_dma_direction direction, struct road_dma *out)
{
	(void)host;
	(void)bytes;
	(void)direction;
	(void)out;
	return unsupported(bus, "dma_map");
}

void road_bare_dma_release(struct road_bus *bus, struct road_dma *dma)
{
	(void)bus;
	*dma = (struct road_dma){.fd = -1};
}

void road_bare_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
			enum road_dma_direction direction)
{
	(void)bus;
	(void)dma;
	(void)offset;
	(void)bytes;
	(void)direction;
}

uint32_t road_bare_irq_count(struct road_bus *bus)
{
	(void)bus;
	return 0;
}

road_status road_bare_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	(void)vector;
	(void)eventfd;
	return unsupported(bus, "irq_bind");
}

bool road_bare_irq_take(struct road_bus *bus, uint32_t vector)
{
	(void)bus;
	(void)vector;
	return false;
}

road_status road_bare_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	(void)vector;
	(void)until_ns;
	return unsupported(bus, "irq_wait");
}

void road_bare_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	(void)bus;
	(void)vector;
	(void)masked;
}

road_status road_bare_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)request;
	(void)argument;
	return unsupported(bus, "control");
}

road_status road_bare_symbol(struct road_bus *bus, const char *name, void **out)
{
	(void)name;
	(void)out;
	return unsupported(bus, "symbol");
}

road_status road_bare_reset(struct road_bus *bus)
{
	return unsupported(bus, "reset");
}

road_status road_bare_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	(void)index;
	(void)out;
	return unsupported(bus, "fact");
}
