/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus to devices that the kernel alone knows: functions of PCI and accelerators' nodes. It has
 * facts and nothing else. A function that is bound to vfio-pci gets that bus instead (vfio.h), and
 * a device whose kernel driver a driver of ours speaks to gets that of its node (node.h), if they
 * can be opened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/bus/bare.h"
#include "hal/bus/discover.h"
#include "hal/bus/facts.h"
#include "hal/bus/ivshmem.h"
#include "hal/bus/node.h"
#include "hal/bus/sysfs.h"
#include "hal/bus/transport.h"
#include "hal/bus/vfio_open.h"
#include "hal/core/error.h"

struct kernel_bus {
	struct road_bus_handle handle;
	struct road_found found;
	struct road_facts facts;
	road_error closed; /* why its registers are not to be had */
};

static struct kernel_bus *bus_of(struct road_bus *bus)
{
	return (struct kernel_bus *)(void *)bus;
}

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = bus_of(bus)->found.ids;
}

static bool bus_lost(struct road_bus *bus)
{
	return !road_found_here(&bus_of(bus)->found);
}

static size_t lost_why(struct road_bus *bus, char *out, size_t bytes)
{
	const struct road_found *found = &bus_of(bus)->found;

	if (road_found_here(found)) /* a decorator's doing */
		return 0;
	return (size_t)snprintf(out, bytes, "%s:%s was pulled out%s", found->scheme, found->place,
				road_sysfs_folder(found->folder) ? "; another device is there"
								 : "");
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	road_property property;

	if (!road_facts_at(&bus_of(bus)->facts, index, &property))
		return road_fail_u64(ROAD_NOT_FOUND, "no more facts", "fact", index, "");
	*out = property;
	return ROAD_OK;
}

static void bus_close(struct road_bus *bus)
{
	road_facts_free(&bus_of(bus)->facts);
	free(bus_of(bus));
}

static const struct road_bus_ops bus_ops = {
	.name = "kernel",
	.ids = bus_ids,
	.config_read = road_bare_config_read,
	.config_write = road_bare_config_write,
	.region_info = road_bare_region_info,
	.region_map = road_bare_region_map,
	.region_unmap = road_bare_region_unmap,
	.read = road_bare_read,
	.write = road_bare_write,
	.now_ns = road_bare_now_ns,
	.relax = road_bare_relax,
	.dma_limits = road_bare_dma_limits,
	.dma_alloc = road_bare_dma_alloc,
	.dma_free = road_bare_dma_release,
	.dma_map = road_bare_dma_map,
	.dma_unmap = road_bare_dma_release,
	.dma_sync = road_bare_dma_sync,
	.irq_count = road_bare_irq_count,
	.irq_bind = road_bare_irq_bind,
	.irq_take = road_bare_irq_take,
	.irq_wait = road_bare_irq_wait,
	.irq_mask = road_bare_irq_mask,
	.control = road_bare_control,
	.symbol = road_bare_symbol,
	.reset = road_bare_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = bus_fact,
};

static road_status control_reach(struct road_bus *bus)
{
	return road_fail_again(&bus_of(bus)->closed);
}

static const struct road_bus_control bus_control = {.reach = control_reach, .lost_why = lost_why};

/* Why the registers of what was found are closed to programs, or would be if it were opened. */
static void say_closed(const struct road_found *found, bool no_wake, road_error *out)
{
	char command[64];

	snprintf(command, sizeof(command), "roadbed bind pci:%.31s", found->place);
	if (strcmp(found->scheme, "pci"))
		road_error_set(out, ROAD_UNSUPPORTED, "the kernel drives this device",
			       "device address", found->kernel, "a function of PCI");
	else if (!found->kernel[0])
		road_error_set(out, ROAD_UNSUPPORTED, "no driver gives the function to programs",
			       "device address: pci", found->place, command);
	else if (strcmp(found->kernel, ROAD_VFIO_DRIVER))
		road_error_set(out, ROAD_BUSY, "another driver has the function",
			       "device address: pci", found->kernel, command);
	else if (no_wake)
		road_error_set(out, ROAD_UNSUPPORTED, "opening it would wake it",
			       "device address: pci", found->place, "");
	else
		road_error_set(out, ROAD_OK, "", "", "", "");
}

/* The function, or the simulated chip that is behind it. */
static road_status open_function(const struct road_found *found, struct road_bus **out)
{
	road_status status = road_vfio_open(found, false, out);

	return status || !found->ivshmem ? status : road_ivshmem_open(out, 0);
}

/* A bus by which the device can be run; else `closed` says why there is none. */
static bool open_better(const struct road_bus_wish *wish, struct kernel_bus *bus,
			struct road_bus **out)
{
	road_status status = road_node_open(wish, &bus->found, out);

	if (status == ROAD_NOT_FOUND) {
		say_closed(&bus->found, wish->no_wake, &bus->closed);
		if (bus->closed.status)
			return false;
		status = open_function(&bus->found, out);
	}
	if (status)
		road_error_take(&bus->closed);
	return !status;
}

static road_status open_found(const struct road_bus_wish *wish, const char *scheme,
			      const char *place, const char *options, struct road_bus **out)
{
	if (options[0])
		return road_fail(ROAD_INVALID_ARGUMENT, "this bus takes no options",
				 "device address, options", options, "none");
	struct kernel_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus", scheme, place, "");
	road_status status = road_discover_one(scheme, place, &bus->found);

	if (!status && open_better(wish, bus, out)) {
		free(bus);
		return ROAD_OK;
	}
	if (!status && bus->found.veiled) /* whose driver would say so is not known, either */
		status = road_fail_again(&bus->closed);
	if (!status && !road_facts_find(&bus->facts, &bus->found, wish->no_wake))
		status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for facts", scheme, place,
				   "");
	if (status) {
		free(bus);
		return status;
	}
	bus->handle.bus.ops = &bus_ops;
	bus->handle.control = &bus_control;
	*out = &bus->handle.bus;
	return ROAD_OK;
}

/* There is a driver: can it get at the device? Nothing is opened to find out. */
static void tell_closed(road_candidate *one, struct road_found *found,
			const struct road_candidate_sink *sink)
{
	road_error why = {0};

	/* What a simulated chip is, no driver of the kernel says. */
	if (!found->ivshmem && road_node_runs(found, sink)) {
		if (road_node_access(found))
			road_error_take(&why);
	} else if (sink->runs && sink->runs(sink, &found->ids)) {
		say_closed(found, false, &why);
	}
	if (!why.status)
		return;
	one->status = why.status;
	snprintf(one->reason, sizeof(one->reason), "%.90s, to be had by: %.90s", why.what,
		 why.allowed);
}

static bool tell(void *arg, const struct road_found *found)
{
	struct road_candidate_sink *sink = arg;
	road_candidate one = {
		.size = sizeof(one), .status = found->status, .simulated = found->ids.simulated};

	snprintf(one.address, sizeof(one.address), "%s:%s", found->scheme, found->place);
	snprintf(one.name, sizeof(one.name), "%s", found->ids.name);
	snprintf(one.vendor, sizeof(one.vendor), "%s", found->ids.vendor_name);
	snprintf(one.family, sizeof(one.family), "%s", found->family ? found->family : "");
	one.memory_bytes = found->memory_bytes;
	snprintf(one.kernel_driver, sizeof(one.kernel_driver), "%s", found->kernel);
	one.device_class = road_class_of_family(one.family);
	snprintf(one.reason, sizeof(one.reason), "%s", found->reason);
	if (!one.status) {
		struct road_found own = *found;

		tell_closed(&one, &own, sink);
	}
	return sink->seen(sink, &one);
}

#define TRANSPORT(scheme)                                                                       \
	static road_status open_##scheme(const struct road_bus_wish *wish, const char *address, \
					 const char *rest, const char *options,                 \
					 struct road_bus **out)                                 \
	{                                                                                       \
		(void)address;                                                                  \
		return open_found(wish, #scheme, rest, options, out);                           \
	}                                                                                       \
	static void scan_##scheme(const char *library_folder, uint32_t flags,                   \
				  struct road_candidate_sink *sink)                             \
	{                                                                                       \
		(void)library_folder;                                                           \
		(void)flags;                                                                    \
		road_discover(#scheme, tell, sink);                                             \
	}                                                                                       \
	const struct road_transport road_transport_##scheme = {#scheme, scan_##scheme,          \
							       open_##scheme}

TRANSPORT(pci);
TRANSPORT(accel);
TRANSPORT(drm);
TRANSPORT(node);
