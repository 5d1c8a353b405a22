/* SPDX-License-Identifier: Apache-2.0 */
/* What a bus answers that has no registers, no memory of its own and no interrupts: buses with less
 * than all of struct road_bus_ops take these for the rest. */
#ifndef HAL_BUS_BARE_H
#define HAL_BUS_BARE_H

#include <roadbed-driver/bus.h>

uint32_t road_bare_config_read(struct road_bus *bus, uint32_t offset);
void road_bare_config_write(struct road_bus *bus, uint32_t offset, uint32_t value);
void road_bare_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out);
road_status road_bare_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				 uint64_t bytes, void **out);
void road_bare_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes);
uint64_t road_bare_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width);
void road_bare_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		     uint64_t value);
/* The host's clock, and a nap on it. */
uint64_t road_bare_now_ns(struct road_bus *bus);
void road_bare_relax(struct road_bus *bus, uint64_t until_ns);
void road_bare_dma_limits(struct road_bus *bus, struct road_dma_limits *out);
road_status road_bare_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
road_status road_bare_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			      enum road_dma_direction direction, struct road_dma *out);
void road_bare_dma_release(struct road_bus *bus, struct road_dma *dma);
void road_bare_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
			enum road_dma_direction direction);
uint32_t road_bare_irq_count(struct road_bus *bus);
road_status road_bare_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd);
bool road_bare_irq_take(struct road_bus *bus, uint32_t vector);
road_status road_bare_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns);
void road_bare_irq_mask(struct road_bus *bus, uint32_t vector, bool masked);
road_status road_bare_control(struct road_bus *bus, unsigned long request, void *argument);
road_status road_bare_symbol(struct road_bus *bus, const char *name, void **out);
road_status road_bare_reset(struct road_bus *bus);
road_status road_bare_fact(struct road_bus *bus, uint32_t index, struct road_property *out);

#endif
