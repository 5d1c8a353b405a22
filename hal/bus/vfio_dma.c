/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that a function reaches. What is mapped is pinned, in whole pages: memory of the program
 * that does not fill its pages is not shown, since the device would reach what else lies there, but
 * copied (bounced) when it is synchronised.
 *
 * The device may begin transfers once something is mapped, and must have stopped before the last of
 * it is unmapped.
 */
#include "hal/bus/vfio.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hal/bus/memfd.h"
#include "hal/core/error.h"

void vfio_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	struct vfio_group *group = vfio_bus_of(bus)->group;

	*out = (struct road_dma_limits){group->iovas.mask, VFIO_PAGE, true};
}

/* ---- what is wrong, in words ---- */

static road_status too_much_pinned(uint64_t bytes, uint64_t pinned)
{
	char seen[96], allowed[64];
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || pinned + bytes <= limit.rlim_cur)
		return road_fail_u64(ROAD_OUT_OF_HOST_MEMORY, "the kernel cannot pin the memory",
				     "dma_map", bytes, "");
	snprintf(seen, sizeof(seen),
		 "%" PRIu64 " KiB more than the %" PRIu64 " KiB pinned; limit %" PRIu64 " KiB",
		 bytes >> 10, pinned >> 10, (uint64_t)limit.rlim_cur >> 10);
	snprintf(allowed, sizeof(allowed), "ulimit -l of %" PRIu64 " or more",
		 (pinned + bytes + 1023) >> 10);
	return road_fail(ROAD_OUT_OF_HOST_MEMORY, "the limit on pinned memory is too small",
			 "dma_map: RLIMIT_MEMLOCK", seen, allowed);
}

static road_status map_error(int error, uint64_t bytes, uint64_t pinned)
{
	switch (error) {
	case ENOMEM: return too_much_pinned(bytes, pinned);
	case ENOSPC:
		return road_fail(ROAD_NO_SPACE, "the kernel keeps no more mappings", "dma_map", "",
				 "vfio_iommu_type1.dma_entry_limit");
	case EFAULT:
		return road_fail(ROAD_INVALID_ARGUMENT,
				 "memory is not there, or may not be written", "dma_map", "",
				 "memory of this process");
	default: return road_fail_u64(ROAD_IO, strerror(error), "dma_map", bytes, "");
	}
}

/* ---- mapping: under the group's lock ---- */

static road_status map_pages(struct vfio_bus *bus, struct vfio_map *map, void *pages, bool writable)
{
	struct vfio_group *group = bus->group;
	road_iova iova;
	road_status status = road_iova_add(&group->iovas, pages, map->bytes, writable, &iova);

	if (status)
		return status;
	struct vfio_iommu_type1_dma_map call = {
		.argsz = sizeof(call),
		.flags = VFIO_DMA_MAP_FLAG_READ | (writable ? VFIO_DMA_MAP_FLAG_WRITE : 0u),
		.vaddr = (uint64_t)(uintptr_t)pages,
		.iova = iova.value,
		.size = map->bytes,
	};

	if (ioctl(group->container, VFIO_IOMMU_MAP_DMA, &call)) {
		status = map_error(errno, map->bytes, group->pinned);
		road_iova_remove(&group->iovas, iova);
		return status;
	}
	map->iova = iova.value;
	map->live = true;
	group->pinned += map->bytes;
	map->next = bus->maps;
	bus->maps = map;
	if (!bus->live_maps++)
		vfio_command(bus, 0, PCI_COMMAND_MASTER);
	return ROAD_OK;
}

static void unmap_pages(struct vfio_bus *bus, struct vfio_map *map)
{
	struct vfio_group *group = bus->group;
	struct vfio_iommu_type1_dma_unmap call = {
		.argsz = sizeof(call), .iova = map->iova, .size = map->bytes};

	if (!map->live)
		return;
	if (!--bus->live_maps)
		vfio_command(bus, PCI_COMMAND_MASTER, 0);
	ioctl(group->container, VFIO_IOMMU_UNMAP_DMA, &call);
	map->live = false;
	group->pinned -= map->bytes;
}

void vfio_dma_stop(struct vfio_bus *bus)
{
	vfio_command(bus, PCI_COMMAND_MASTER, 0);
	pthread_mutex_lock(&bus->group->lock);
	for (struct vfio_map *map = bus->maps; map; map = map->next)
		unmap_pages(bus, map);
	pthread_mutex_unlock(&bus->group->lock);
}

/* ---- what drivers see ---- */

/* Shows whole pages to the device. dma is complete but for iova and data. */
static road_status show(struct vfio_bus *bus, struct road_dma *dma, void *pages, uint64_t bytes,
			bool writable, struct vfio_map *map)
{
	road_status status;

	map->bytes = bytes;
	pthread_rwlock_rdlock(&bus->lock);
	pthread_mutex_lock(&bus->group->lock);
	if (bus->device < 0)
		status = vfio_gone("dma_map");
	else
		status = map_pages(bus, map, pages, writable);
	pthread_mutex_unlock(&bus->group->lock);
	pthread_rwlock_unlock(&bus->lock);
	if (status)
		return status;
	dma->iova.value = map->iova;
	dma->data = map;
	dma->coherent = !map->bounce;
	return ROAD_OK;
}

static struct vfio_map *make_map(void)
{
	struct vfio_map *map = calloc(1, sizeof(*map));

	if (!map)
		road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a mapping", "dma_map", "", "");
	return map;
}

road_status vfio_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	uint64_t rounded = (bytes + VFIO_PAGE - 1) & ~(uint64_t)(VFIO_PAGE - 1);
	struct road_dma dma = {.bytes = rounded};

	if (atomic_load(&vfio_bus_of(bus)->lost))
		return vfio_gone("dma_alloc");
	if (!bytes || rounded < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_alloc", bytes, ">= 1");
	struct vfio_map *map = make_map();

	if (!map)
		return ROAD_OUT_OF_HOST_MEMORY;
	road_status status = road_memfd_alloc(rounded, &dma.host, &dma.fd);

	if (status)
		goto free_map;
	status = show(vfio_bus_of(bus), &dma, dma.host, rounded, true, map);
	if (status)
		goto free_memory;
	*out = dma;
	return ROAD_OK;
free_memory:
	road_memfd_free(dma.host, rounded, dma.fd);
free_map:
	free(map);
	return status;
}

/* Takes the mapping back and forgets it. */
static void hide(struct vfio_bus *bus, struct road_dma *dma)
{
	struct vfio_map *map = dma->data, **at = &bus->maps;

	pthread_rwlock_rdlock(&bus->lock);
	pthread_mutex_lock(&bus->group->lock);
	unmap_pages(bus, map);
	road_iova_remove(&bus->group->iovas, (road_iova){map->iova});
	while (*at != map)
		at = &(*at)->next;
	*at = map->next;
	pthread_mutex_unlock(&bus->group->lock);
	pthread_rwlock_unlock(&bus->lock);
}

void vfio_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	hide(vfio_bus_of(bus), dma);
	road_memfd_free(dma->host, dma->bytes, dma->fd);
	free(dma->data);
	*dma = (struct road_dma){.fd = -1};
}

static bool fills_pages(const void *host, uint64_t bytes)
{
	return (uintptr_t)host % VFIO_PAGE == 0 && bytes % VFIO_PAGE == 0;
}

/* Pages that the device sees instead, with what the program's memory holds. */
static road_status make_bounce(struct vfio_map *map, const void *host, uint64_t bytes,
			       uint64_t *pages_bytes)
{
	*pages_bytes = (bytes + VFIO_PAGE - 1) & ~(uint64_t)(VFIO_PAGE - 1);
	if (*pages_bytes < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_map", bytes, "");
	road_status status = road_memfd_alloc(*pages_bytes, &map->bounce, &map->bounce_fd);

	if (!status)
		memcpy(map->bounce, host, bytes);
	return status;
}

road_status vfio_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			 enum road_dma_direction direction, struct road_dma *out)
{
	struct road_dma dma = {.host = host, .bytes = bytes, .fd = -1};
	uint64_t pages_bytes = bytes;
	road_status status = ROAD_OK;

	if (atomic_load(&vfio_bus_of(bus)->lost))
		return vfio_gone("dma_map");
	if (!host || !bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "nothing to map", "dma_map", bytes,
				     ">= 1 byte at a pointer");
	struct vfio_map *map = make_map();

	if (!map)
		return ROAD_OUT_OF_HOST_MEMORY;
	if (!fills_pages(host, bytes))
		status = make_bounce(map, host, bytes, &pages_bytes);
	if (status)
		goto free_map;
	status = show(vfio_bus_of(bus), &dma, map->bounce ? map->bounce : host, pages_bytes,
		      direction != ROAD_DMA_TO_DEVICE, map);
	if (status)
		goto free_bounce;
	*out = dma;
	return ROAD_OK;
free_bounce:
	if (map->bounce)
		road_memfd_free(map->bounce, pages_bytes, map->bounce_fd);
free_map:
	free(map);
	return status;
}

void vfio_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	struct vfio_map *map = dma->data;

	hide(vfio_bus_of(bus), dma);
	if (map->bounce)
		road_memfd_free(map->bounce, map->bytes, map->bounce_fd);
	free(map);
	*dma = (struct road_dma){.fd = -1};
}

/* Of memory that both sides wrote, who wrote last cannot be told: BOTH is the host's turn. */
void vfio_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
		   enum road_dma_direction direction)
{
	const struct vfio_map *map = dma->data;

	(void)bus;
	if (!map->bounce || offset >= dma->bytes)
		return;
	bytes = bytes < dma->bytes - offset ? bytes : dma->bytes - offset;
	char *host = (char *)dma->host + offset, *seen = (char *)map->bounce + offset;

	if (direction == ROAD_DMA_TO_HOST)
		memcpy(host, seen, bytes);
	else
		memcpy(seen, host, bytes);
}
