/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host memory helper: buffers of kind ROAD_HEAP_HOST, for ports whose chip reaches all of them
 * over the bus. The helper fills buffer->dma and ->host and keeps ->data; what address the space
 * knows them by (buffer->address) is the port's.
 *
 *	alloc     road_host_memory_alloc(buffer); map road_host_memory_iova(buffer) into the space
 *	import    road_host_memory_import(buffer); map likewise
 *	free      unmap; road_host_memory_free(buffer)
 */
#ifndef ROADBED_DRIVER_HOST_MEMORY_H
#define ROADBED_DRIVER_HOST_MEMORY_H

#include <roadbed-driver/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Memory of the bus, zero; buffer->host is aligned as the buffer asks. */
ROAD_API road_status road_host_memory_alloc(struct road_drv_buffer *buffer);
/* Pages of the core's, at buffer->dma.host, made known to the bus. */
ROAD_API road_status road_host_memory_import(struct road_drv_buffer *buffer);
/* Undoes either. */
ROAD_API void road_host_memory_free(struct road_drv_buffer *buffer);
/* Where the chip finds buffer->host on the bus. */
ROAD_API uint64_t road_host_memory_iova(const struct road_drv_buffer *buffer);
/* The slot `sync`; of other heaps' buffers it does nothing. */
ROAD_API void road_host_memory_sync(struct road_drv_buffer *buffer, uint64_t offset, uint64_t bytes,
				    enum road_dma_direction direction);
/* The slot `map` of a port that has no other memory for the host to see. */
ROAD_API road_status road_host_memory_map(struct road_drv_buffer *buffer, void **out);
/* What `heap` says of it. */
ROAD_API void road_host_memory_heap(struct road_bus *bus, struct road_heap_info *out);

#ifdef __cplusplus
}
#endif
#endif
