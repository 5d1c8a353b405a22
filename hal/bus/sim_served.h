/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated chips whose host is another process: for the server (serve.h). All buses here are of
 * road_transport_sim. */
#ifndef HAL_BUS_SIM_SERVED_H
#define HAL_BUS_SIM_SERVED_H

#include "hal/bus/transport.h"

/* How the chip's bus addresses become memory, in place of the bus's own dma_alloc and dma_map.
 * Called with the engine's lock held: takes only its own. */
struct road_sim_host {
	void *(*translate)(void *host, uint64_t iova, uint64_t bytes, bool write);
	void *host;
};

/*
 * rest and options: as in struct road_transport. of NULL: a new chip, with as many functions as its
 * option `functions` says; the bus is its physical function. Else a bus of this transport that
 * stays open during the call: the new one is a further function of the same chip, whatever address,
 * rest and options say; BUSY if all are in use. The chip lives until its last bus is closed;
 * closing the physical function resets the others.
 */
road_status road_sim_open_for(const struct road_bus_wish *wish, const char *address,
			      const char *rest, const char *options,
			      const struct road_sim_host *host, struct road_bus *of,
			      struct road_bus **out);
/* Bytes of a cache line that the chip does not look into; 0: it is coherent. */
uint32_t road_sim_line_bytes(struct road_bus *bus);
/* Returns once no model works with what a translation gave that was removed before. */
void road_sim_fence(void);
/* The sealed memory behind a piece of a region; false: it is not memory, or has no descriptor. The
 * descriptor is the chip's. */
bool road_sim_region_fd(struct road_bus *bus, uint32_t region, uint64_t offset, uint64_t bytes,
			int *fd, uint64_t *fd_offset);

#endif
