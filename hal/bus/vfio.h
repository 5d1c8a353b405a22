/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real PCI functions that the kernel's vfio-pci gives to programs (type 1), in parts:
 *
 *	vfio_group.c   containers and groups: what the IOMMU keeps apart
 *	vfio_region.c  registers: BARs around the MSI-X table, configuration space
 *	vfio_dma.c     memory that the device reaches
 *	vfio_irq.c     interrupts as eventfds, and the request to give the device back
 *	vfio.c         opening, losing and closing, and the table
 *
 * Locks, in this order: `lock` of the bus (shared by all that use its descriptor; alone to close
 * it), then the group's.
 */
#ifndef HAL_BUS_VFIO_H
#define HAL_BUS_VFIO_H

#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>

#include "hal/bus/discover.h"
#include "hal/bus/facts.h"
#include "hal/bus/iova.h"
#include "hal/bus/transport.h"
#include "hal/bus/vfio_open.h"

enum {
	VFIO_BARS = 6,
	VFIO_AREAS = 8,    /* mapped parts of one BAR */
	VFIO_VECTORS = 64, /* interrupts that are used */
	VFIO_PAGE = 4096
};

/* ---- groups: one container each, open as long as one of its functions is ---- */

struct vfio_group {
	struct vfio_group *next;         /* of the process */
	uint32_t number, users, holders; /* buses that have it; those with a device */
	struct vfio_bus *buses;          /* the holders */
	int container, file;             /* -1: given back */
	pthread_mutex_t lock;            /* of what is mapped */
	struct road_iova_table iovas;
	uint64_t pinned; /* bytes that are mapped now */
};

struct vfio_bus;
/* Sets the group of the function that the bus has found. ROAD_BUSY: this process has it open. */
road_status vfio_group_get(struct vfio_bus *bus);
/* The bus has no device any more: the last one of a group gives the group back. */
void vfio_group_leave(struct vfio_bus *bus);
/* Leaves it, and forgets it. */
void vfio_group_put(struct vfio_bus *bus);

/* ---- the bus ---- */

struct vfio_area {
	uint64_t offset, bytes; /* within the region */
	char *at;
};

struct vfio_region {
	uint64_t bytes;
	uint64_t file; /* where it begins in the device's descriptor */
	struct vfio_area areas[VFIO_AREAS];
	uint32_t area_count;
};

/* Memory that is mapped for the device. */
struct vfio_map {
	struct vfio_map *next; /* of the bus, under the group's lock */
	uint64_t iova, bytes;  /* whole pages */
	void *bounce;          /* what the device sees instead of the host's; NULL: the same */
	int bounce_fd;
	bool live; /* the IOMMU has it */
};

struct vfio_bus {
	struct road_bus_handle handle;
	struct road_found found;
	struct road_facts facts;
	struct vfio_group *group;
	struct vfio_bus *next; /* of the group's holders */
	bool holds;            /* it is one */
	pthread_rwlock_t lock;
	int device; /* -1: given back */
	bool can_reset;
	_Atomic bool lost;
	struct vfio_region regions[VFIO_BARS];
	uint64_t config; /* where configuration space begins in the descriptor */
	/* under the group's lock */
	struct vfio_map *maps;
	uint32_t live_maps;
	/* interrupts: vfio_irq.c */
	pthread_mutex_t irq_lock;
	uint32_t irq_index, irq_count;
	bool irq_on;
	int own[VFIO_VECTORS];            /* eventfds of the bus's own */
	_Atomic int active[VFIO_VECTORS]; /* those that are bound */
	int asked;                        /* eventfd: the kernel wants the device back */
};

static inline struct vfio_bus *vfio_bus_of(struct road_bus *bus)
{
	return (struct vfio_bus *)(void *)bus;
}

road_status vfio_gone(const char *where);

/* ---- vfio_region.c ---- */

road_status vfio_regions_open(struct vfio_bus *bus);
void vfio_regions_close(struct vfio_bus *bus);
/* Puts memory of all ones where registers were, so that who reads there sees a device that is
 * gone. */
void vfio_regions_blank(struct vfio_bus *bus);
void vfio_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out);
road_status vfio_region_map(struct road_bus *bus, uint32_t region, uint64_t offset, uint64_t bytes,
			    void **out);
uint64_t vfio_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width);
void vfio_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		uint64_t value);
uint32_t vfio_config_read(struct road_bus *bus, uint32_t offset);
void vfio_config_write(struct road_bus *bus, uint32_t offset, uint32_t value);
/* Under the bus's lock: changes bits of the command register. */
void vfio_command(struct vfio_bus *bus, uint16_t clear, uint16_t set);

/* ---- vfio_dma.c ---- */

void vfio_dma_limits(struct road_bus *bus, struct road_dma_limits *out);
road_status vfio_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out);
void vfio_dma_free(struct road_bus *bus, struct road_dma *dma);
road_status vfio_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			 enum road_dma_direction direction, struct road_dma *out);
void vfio_dma_unmap(struct road_bus *bus, struct road_dma *dma);
void vfio_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset, uint64_t bytes,
		   enum road_dma_direction direction);
/* Under the bus's lock: the device reaches nothing any more. */
void vfio_dma_stop(struct vfio_bus *bus);

/* ---- vfio_irq.c ---- */

road_status vfio_irqs_open(struct vfio_bus *bus);
/* Under the bus's lock: the kernel signals nothing any more. */
void vfio_irqs_stop(struct vfio_bus *bus);
void vfio_irqs_close(struct vfio_bus *bus);
uint32_t vfio_irq_count(struct road_bus *bus);
road_status vfio_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd);
bool vfio_irq_take(struct road_bus *bus, uint32_t vector);
road_status vfio_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns);
void vfio_irq_mask(struct road_bus *bus, uint32_t vector, bool masked);
uint64_t vfio_irq_pending(struct road_bus *bus);

#endif
