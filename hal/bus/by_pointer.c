/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/by_pointer.h"

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

enum { PAGE = 4096 };

void road_pointer_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	(void)bus;
	*out = (struct road_dma_limits){UINT64_MAX, PAGE, true};
}

static void show(struct road_dma *dma)
{
	dma->iova.value = (uint64_t)(uintptr_t)dma->host;
	dma->coherent = true;
}

road_status road_pointer_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
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

void road_pointer_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	(void)bus;
	road_memfd_free(dma->host, dma->bytes, dma->fd);
	*dma = (struct road_dma){.fd = -1};
}

road_status road_pointer_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
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
