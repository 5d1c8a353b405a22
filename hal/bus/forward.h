/* SPDX-License-Identifier: Apache-2.0 */
/* What decorators share: a bus around another one, whose calls go on as they came. A decorator
 * takes the functions from here that it has nothing to say to. */
#ifndef HAL_BUS_FORWARD_H
#define HAL_BUS_FORWARD_H

#include "hal/bus/transport.h"

struct road_forward {
	struct road_bus_handle handle; /* first: a decorator's bus is one of these */
	struct road_bus *inner;        /* owned */
	struct road_bus_control control;
};

static inline struct road_forward *road_forward_of(struct road_bus *bus)
{
	return (struct road_forward *)(void *)bus;
}

static inline struct road_bus *road_forward_inner(struct road_bus *bus)
{
	return road_forward_of(bus)->inner;
}

/* Makes `forward` the bus around `inner`, with the inner bus's control: what that lacks is lacking.
 * `control` may be changed afterwards. */
void road_forward_init(struct road_forward *forward, const struct road_bus_ops *ops,
		       struct road_bus *inner);

/* The calls of road_bus_ops as they came. close closes the inner bus, and frees nothing. */
void road_forward_ids(struct road_bus *bus, struct road_bus_ids *out);
uint32_t road_forward_config_read(struct road_bus *bus, uint32_t offset);
void road_forward_config_write(struct road_bus *bus, uint32_t offset, uint32_t value);
void road_forward_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out);
road_status road_forward_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				    uint64_t bytes, void **out);
void road_forward_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes);
uint64_t road_forward_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width);
void road_forward_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
			uint64_t value);
uint64_t road_forward_now_ns(struct road_bus *bus);
void road_forward_relax(struct road_bus *bus, uint64_t until_ns);
void road_forward_dma_limits(struct road_bus *bus, struct road_dma_limits *out);
road_status road_forward_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
void road_forward_dma_free(struct road_bus *bus, struct road_dma *dma);
road_status road_forward_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
				 enum road_dma_direction direction, struct road_dma *out);
void road_forward_dma_unmap(struct road_bus *bus, struct road_dma *dma);
void road_forward_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			   uint64_t bytes, enum road_dma_direction direction);
uint32_t road_forward_irq_count(struct road_bus *bus);
road_status road_forward_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd);
bool road_forward_irq_take(struct road_bus *bus, uint32_t vector);
road_status road_forward_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns);
void road_forward_irq_mask(struct road_bus *bus, uint32_t vector, bool masked);
road_status road_forward_control(struct road_bus *bus, unsigned long request, void *argument);
road_status road_forward_symbol(struct road_bus *bus, const char *name, void **out);
road_status road_forward_reset(struct road_bus *bus);
bool road_forward_lost(struct road_bus *bus);
void road_forward_close(struct road_bus *bus);
road_status road_forward_fact(struct road_bus *bus, uint32_t index, struct road_property *out);

#endif
