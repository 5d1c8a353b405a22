/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/drivers/fake_bus.h"

#include <stdlib.h>
#include <string.h>

static struct fake_bus *of(struct road_bus *bus)
{
	return (struct fake_bus *)(void *)bus;
}

/* Counts down to the loss. */
static bool gone(struct fake_bus *fake)
{
	if (fake->accesses_left == 0)
		fake->is_lost = true;
	else if (fake->accesses_left > 0)
		fake->accesses_left--;
	return fake->is_lost;
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	struct fake_bus *fake = of(bus);

	if (gone(fake) || region)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	return fake->read ? fake->read(fake, offset, width) : 0;
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct fake_bus *fake = of(bus);

	if (!gone(fake) && !region && fake->write)
		fake->write(fake, offset, width, value);
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	struct fake_bus *fake = of(bus);

	if (fake->is_lost)
		return road_drv_error(ROAD_DEVICE_LOST, "gone", "region_map", NULL, NULL);
	if (region != fake->memory_region || offset > fake->memory_bytes ||
	    bytes > fake->memory_bytes - offset)
		return road_drv_error(ROAD_UNSUPPORTED, "no such window", "region_map", NULL, NULL);
	if (services_fail_now())
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "asked to fail", "region_map", NULL,
				      NULL);
	fake->window_maps++;
	*out = fake->memory + offset;
	return ROAD_OK;
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)mapping;
	(void)bytes;
	of(bus)->window_maps--;
}

static uint64_t bus_now(struct road_bus *bus)
{
	return of(bus)->now_ns;
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	struct fake_bus *fake = of(bus);
	uint64_t step = fake->now_ns + 10000000;

	fake->now_ns = step < until_ns ? step : until_ns;
	if (fake->relaxed)
		fake->relaxed(fake);
}

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	(void)bus;
	*out = (struct road_dma_limits){UINT64_MAX, 4096, true};
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	struct fake_bus *fake = of(bus);
	uint64_t rounded = (bytes + 4095) & ~UINT64_C(4095);
	uint32_t i = 0;

	if (fake->is_lost)
		return road_drv_error(ROAD_DEVICE_LOST, "gone", "dma_alloc", NULL, NULL);
	while (i < FAKE_DMA_MAX && fake->dma[i].host)
		i++;
	if (i == FAKE_DMA_MAX || services_fail_now())
		return road_drv_error(ROAD_OUT_OF_HOST_MEMORY, "asked to fail", "dma_alloc", NULL,
				      NULL);
	void *host = NULL;

	/* exactly what was asked for, so that sanitizers see what lies beyond */
	if (posix_memalign(&host, 4096, bytes))
		return ROAD_OUT_OF_HOST_MEMORY;
	memset(host, 0, bytes);
	fake->dma[i] = (struct road_dma){
		.host = host, .iova = {fake->next_iova}, .bytes = bytes, .fd = -1};
	fake->next_iova += rounded + 4096;
	*out = fake->dma[i];
	return ROAD_OK;
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	struct fake_bus *fake = of(bus);

	for (uint32_t i = 0; i < FAKE_DMA_MAX; i++) {
		if (!fake->dma[i].host || fake->dma[i].iova.value != dma->iova.value)
			continue;
		free(fake->dma[i].host);
		fake->dma[i].host = NULL;
		dma->host = NULL;
		return;
	}
	abort(); /* freed twice, or never allocated */
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct fake_bus *fake = of(bus);

	if (offset > dma->bytes || bytes > dma->bytes - offset)
		abort(); /* beyond the mapping */
	if (fake->synced)
		fake->synced(fake, dma, offset, bytes, direction);
}

static uint32_t bus_irq_count(struct road_bus *bus)
{
	return of(bus)->vectors;
}

static bool bus_lost(struct road_bus *bus)
{
	return of(bus)->is_lost;
}

static const struct road_bus_ops ops = {
	.name = "fake",
	.read = bus_read,
	.write = bus_write,
	.region_map = bus_region_map,
	.region_unmap = bus_region_unmap,
	.now_ns = bus_now,
	.relax = bus_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_sync = bus_dma_sync,
	.irq_count = bus_irq_count,
	.lost = bus_lost,
};

void fake_bus_init(struct fake_bus *fake)
{
	*fake = (struct fake_bus){.bus = {.ops = &ops, .data = fake},
				  .next_iova = 0x100000,
				  .memory_region = 2,
				  .vectors = 8,
				  .accesses_left = -1};
}

uint32_t fake_bus_live(const struct fake_bus *fake)
{
	uint32_t live = fake->window_maps;

	for (uint32_t i = 0; i < FAKE_DMA_MAX; i++)
		live += fake->dma[i].host != NULL;
	return live;
}

void *fake_bus_host(struct fake_bus *fake, uint64_t iova, uint64_t bytes)
{
	for (uint32_t i = 0; i < FAKE_DMA_MAX; i++) {
		const struct road_dma *dma = &fake->dma[i];

		if (dma->host && iova >= dma->iova.value && iova - dma->iova.value <= dma->bytes &&
		    bytes <= dma->bytes - (iova - dma->iova.value))
			return (char *)dma->host + (iova - dma->iova.value);
	}
	return NULL;
}
