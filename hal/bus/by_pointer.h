/* SPDX-License-Identifier: Apache-2.0 */
/* DMA for buses behind which something reaches this process's memory by its host pointers, which
 * are the bus addresses then: a vendor's library, a kernel driver. */
#ifndef HAL_BUS_BY_POINTER_H
#define HAL_BUS_BY_POINTER_H

#include <roadbed-driver/bus.h>

void road_pointer_dma_limits(struct road_bus *bus, struct road_dma_limits *out);
road_status road_pointer_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
void road_pointer_dma_free(struct road_bus *bus, struct road_dma *dma);
/* Released by road_bare_dma_release. */
road_status road_pointer_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
				 enum road_dma_direction direction, struct road_dma *out);

#endif
