/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, losing and closing of real PCI functions, and the table that drivers see. */
#include "hal/bus/vfio.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/bus/bare.h"
#include "hal/bus/sysfs.h"
#include "hal/core/error.h"

road_status vfio_gone(const char *where)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
}

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = vfio_bus_of(bus)->found.ids;
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	road_property property;

	if (!road_facts_at(&vfio_bus_of(bus)->facts, index, &property))
		return road_fail_u64(ROAD_NOT_FOUND, "no more facts", "fact", index, "");
	*out = property;
	return ROAD_OK;
}

/* ---- losing ---- */

/*
 * The kernel wants the device back, and waits until this process has let go of all of it; the
 * program may hold on to its objects for as long as it likes. So the bus stays, without a device:
 * first the device stops, then the memory is unmapped, and only then the bus says that it is lost,
 * since whoever hears that takes the memory back.
 */
static void let_go(struct road_bus *bus)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	pthread_rwlock_wrlock(&own->lock);
	if (own->device >= 0) {
		vfio_dma_stop(own);
		vfio_irqs_stop(own);
		vfio_regions_blank(own);
		close(own->device);
		own->device = -1;
		vfio_group_leave(own);
	}
	pthread_rwlock_unlock(&own->lock);
	if (!atomic_exchange(&own->lost, true))
		road_bus_gone();
}

static int lost_fd(struct road_bus *bus)
{
	return vfio_bus_of(bus)->asked;
}

/* A device that was pulled out answers nothing: not even its vendor. */
static bool bus_lost(struct road_bus *bus)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	if (!atomic_load_explicit(&own->lost, memory_order_acquire) &&
	    vfio_config_read(bus, PCI_VENDOR_ID) == UINT32_MAX)
		atomic_store(&own->lost, true);
	return atomic_load_explicit(&own->lost, memory_order_acquire);
}

static road_status bus_reset(struct road_bus *bus)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	road_status status = ROAD_OK;

	pthread_rwlock_rdlock(&own->lock);
	if (own->device < 0)
		status = vfio_gone("reset");
	else if (!own->can_reset)
		status = road_fail(
			ROAD_UNSUPPORTED,
			"the function has no reset of its own, and is not alone on its bus",
			"reset", own->found.place, "");
	else if (ioctl(own->device, VFIO_DEVICE_RESET))
		status = road_fail(ROAD_IO, strerror(errno), "reset", own->found.place, "");
	pthread_rwlock_unlock(&own->lock);
	return status;
}

static void destroy(struct vfio_bus *bus)
{
	if (bus->device >= 0)
		close(bus->device);
	vfio_irqs_close(bus);
	vfio_regions_close(bus);
	if (bus->group)
		vfio_group_put(bus);
	road_facts_free(&bus->facts);
	pthread_mutex_destroy(&bus->irq_lock);
	pthread_rwlock_destroy(&bus->lock);
	free(bus);
}

static void bus_close(struct road_bus *bus)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	if (own->device >= 0) {
		vfio_dma_stop(own);
		vfio_irqs_stop(own);
	}
	destroy(own);
}

static const struct road_bus_ops bus_ops = {
	.name = "vfio",
	.ids = bus_ids,
	.config_read = vfio_config_read,
	.config_write = vfio_config_write,
	.region_info = vfio_region_info,
	.region_map = vfio_region_map,
	.region_unmap = road_bare_region_unmap,
	.read = vfio_read,
	.write = vfio_write,
	.now_ns = road_bare_now_ns,
	.relax = road_bare_relax,
	.dma_limits = vfio_dma_limits,
	.dma_alloc = vfio_dma_alloc,
	.dma_free = vfio_dma_free,
	.dma_map = vfio_dma_map,
	.dma_unmap = vfio_dma_unmap,
	.dma_sync = vfio_dma_sync,
	.irq_count = vfio_irq_count,
	.irq_bind = vfio_irq_bind,
	.irq_take = vfio_irq_take,
	.irq_wait = vfio_irq_wait,
	.irq_mask = vfio_irq_mask,
	.control = road_bare_control,
	.symbol = road_bare_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = bus_fact,
};

static const struct road_bus_control bus_control = {
	.irq_pending = vfio_irq_pending,
	.lost_fd = lost_fd,
	.let_go = let_go,
};

/* ---- opening ---- */

static road_status open_device(struct vfio_bus *bus)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};

	bus->device = ioctl(bus->group->file, VFIO_GROUP_GET_DEVICE_FD, bus->found.place);
	if (bus->device < 0)
		return road_fail(errno == EBUSY ? ROAD_BUSY : ROAD_IO, strerror(errno),
				 "device address: pci", bus->found.place, "");
	if (ioctl(bus->device, VFIO_DEVICE_GET_INFO, &info))
		return road_fail(ROAD_IO, strerror(errno), "device address: pci, device's info",
				 bus->found.place, "");
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI))
		return road_fail_u64(ROAD_UNSUPPORTED, "the device is no function of PCI",
				     "device address: pci, device's flags", info.flags, "");
	bus->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	return ROAD_OK;
}

road_status road_vfio_open(const struct road_found *found, bool no_wake, struct road_bus **out)
{
	struct vfio_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus",
				 "device address: pci", found->place, "");
	bus->found = *found;
	bus->device = bus->asked = -1;
	for (uint32_t v = 0; v < VFIO_VECTORS; v++)
		bus->own[v] = -1;
	pthread_rwlock_init(&bus->lock, NULL);
	pthread_mutex_init(&bus->irq_lock, NULL);
	road_status status = vfio_group_get(bus);

	if (!status)
		status = open_device(bus);
	if (!status)
		status = vfio_regions_open(bus);
	if (!status)
		status = vfio_irqs_open(bus);
	if (!status && !road_facts_find(&bus->facts, &bus->found, no_wake))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for facts",
				   "device address: pci", found->place, "");
	if (status) {
		destroy(bus);
		return status;
	}
	bus->handle.bus.ops = &bus_ops;
	bus->handle.control = &bus_control;
	*out = &bus->handle.bus;
	return ROAD_OK;
}
