/* SPDX-License-Identifier: Apache-2.0 */
/* The bus to simulated chips in this process; with sim_library.c the one place that knows both
 * sides. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <roadbed-sim/model.h>

#include "hal/bus/iova.h"
#include "hal/bus/memfd.h"
#include "hal/bus/shadow_set.h"
#include "hal/bus/sim_library.h"
#include "hal/bus/sim_served.h"
#include "hal/bus/synthetic.h"
#include "hal/bus/transport.h"
#include "hal/core/error.h"

#define NS_PS UINT64_C(1000)

struct sim_bus {
	struct road_bus_handle handle;
	struct sim_function *function;
	struct road_iova_table iovas;
	uint32_t line_bytes; /* of caches that the chip does not look into; 0: coherent */
	struct road_shadow_set shadows; /* under the engine's lock */
	struct road_bus_ids ids;
	_Atomic bool lost;
	struct road_synthetic number; /* of its PCI address */
};

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static const struct sim_entry *sim; /* set once, before there is a bus */

static struct sim_bus *bus_of(struct road_bus *bus)
{
	return (struct sim_bus *)(void *)bus;
}

static road_status load_library(const char *folder)
{
	const struct sim_entry *entry;
	road_status status = road_sim_library(folder, &entry);

	pthread_mutex_lock(&loading);
	if (!status && !sim)
		sim = entry;
	pthread_mutex_unlock(&loading);
	return status;
}

static uint64_t to_ps(uint64_t ns)
{
	return ns > UINT64_MAX / NS_PS ? UINT64_MAX : ns * NS_PS;
}

/* ---- what drivers see ---- */

static void bus_ids(struct road_bus *bus, struct road_bus_ids *out)
{
	*out = bus_of(bus)->ids;
}

/* The first words of a PCI function's configuration space; the rest reads zero. */
static uint32_t bus_config_read(struct road_bus *bus, uint32_t offset)
{
	const struct road_bus_ids *ids = &bus_of(bus)->ids;

	if (atomic_load(&bus_of(bus)->lost))
		return UINT32_MAX;
	switch (offset) {
	case 0x00: return (uint32_t)ids->device << 16 | ids->vendor;
	case 0x08: return ids->class_code << 8 | ids->revision;
	case 0x2c: return (uint32_t)ids->subsystem << 16 | ids->subsystem_vendor;
	default: return 0;
	}
}

static void bus_config_write(struct road_bus *bus, uint32_t offset, uint32_t value)
{
	(void)bus;
	(void)offset;
	(void)value;
}

static void bus_region_info(struct road_bus *bus, uint32_t region, struct road_bus_region *out)
{
	sim->region(bus_of(bus)->function, region, &out->bytes, &out->mappable);
}

static road_status gone(const char *where)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
}

static road_status bus_region_map(struct road_bus *bus, uint32_t region, uint64_t offset,
				  uint64_t bytes, void **out)
{
	if (atomic_load(&bus_of(bus)->lost))
		return gone("region_map");
	void *mapping = sim->region_map(bus_of(bus)->function, region, offset, bytes);

	if (!mapping)
		return road_fail_u64(ROAD_UNSUPPORTED, "region cannot be mapped there",
				     "region_map", offset, "a range of a memory region");
	*out = mapping;
	return ROAD_OK;
}

static void bus_region_unmap(struct road_bus *bus, void *mapping, uint64_t bytes)
{
	(void)bus;
	(void)mapping;
	(void)bytes;
}

static uint64_t bus_read(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width)
{
	if (atomic_load(&bus_of(bus)->lost))
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	return sim->read(bus_of(bus)->function, region, offset, width, road_thread_time());
}

static void evict_some(void *arg)
{
	road_shadow_set_evict(&((struct sim_bus *)arg)->shadows);
}

static void bus_write(struct road_bus *bus, uint32_t region, uint64_t offset, uint32_t width,
		      uint64_t value)
{
	struct sim_bus *own = bus_of(bus);

	if (atomic_load_explicit(&own->lost, memory_order_relaxed))
		return;
	if (own->line_bytes)
		sim->quietly(evict_some, own);
	sim->post(own->function, region, offset, width, value, *road_thread_time());
}

static uint64_t bus_now_ns(struct road_bus *bus)
{
	uint64_t now = sim->now(), mine = *road_thread_time();

	(void)bus;
	return (now > mine ? now : mine) / NS_PS;
}

static void bus_relax(struct road_bus *bus, uint64_t until_ns)
{
	uint64_t now = sim->relax(to_ps(until_ns));

	(void)bus;
	if (now > *road_thread_time())
		*road_thread_time() = now;
}

static void bus_dma_limits(struct road_bus *bus, struct road_dma_limits *out)
{
	*out = (struct road_dma_limits){sim->dma_mask(bus_of(bus)->function), 4096,
					!bus_of(bus)->line_bytes};
}

/* ---- what the device sees of the host's memory, where that is not the memory itself ---- */

struct shadow_call {
	struct sim_bus *bus;
	struct road_shadow *shadow;
	uint64_t offset, bytes;
	enum road_dma_direction direction;
};

static void link_shadow(void *arg)
{
	struct shadow_call *call = arg;

	road_shadow_set_add(&call->bus->shadows, call->shadow);
}

static void unlink_shadow(void *arg)
{
	struct shadow_call *call = arg;

	road_shadow_set_remove(&call->bus->shadows, call->shadow);
}

static void sync_shadow(void *arg)
{
	struct shadow_call *call = arg;

	road_shadow_set_sync(&call->bus->shadows, call->shadow, call->offset, call->bytes,
			     call->direction);
}

/* Makes [host, host + bytes) reachable; dma is complete but for iova and data. fresh: it is zeroed
 * memory that nobody has touched. */
static road_status show(struct sim_bus *bus, struct road_dma *dma, bool writable, bool fresh)
{
	struct shadow_call call = {.bus = bus};
	road_status status = ROAD_OK;

	if (bus->line_bytes && fresh)
		status = road_shadow_create_blank(dma->host, dma->bytes, bus->line_bytes,
						  &call.shadow);
	else if (bus->line_bytes)
		status = road_shadow_create(dma->host, NULL, dma->bytes, bus->line_bytes,
					    &call.shadow);
	if (!status)
		status = road_iova_add(&bus->iovas, call.shadow ? call.shadow->seen : dma->host,
				       dma->bytes, writable, &dma->iova);
	if (status) {
		road_shadow_destroy(call.shadow);
		return status;
	}
	if (call.shadow) {
		call.shadow->lent = dma->fd < 0;
		sim->quietly(link_shadow, &call);
	}
	dma->coherent = !call.shadow;
	dma->data = call.shadow;
	return ROAD_OK;
}

static road_status bus_dma_alloc(struct road_bus *bus, uint64_t bytes, struct road_dma *out)
{
	uint64_t rounded = (bytes + 4095) & ~UINT64_C(4095);
	struct road_dma dma = {.bytes = rounded};

	if (atomic_load(&bus_of(bus)->lost))
		return gone("dma_alloc");
	if (!bytes || rounded < bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "bad size", "dma_alloc", bytes, ">= 1");
	road_status status = road_memfd_alloc(rounded, &dma.host, &dma.fd);

	if (status)
		return status;
	status = show(bus_of(bus), &dma, true, true);
	if (status) {
		road_memfd_free(dma.host, rounded, dma.fd);
		return status;
	}
	*out = dma;
	return ROAD_OK;
}

/* Takes the translation away, and waits until no model works with what it gave. */
static void unmap(struct road_bus *bus, const struct road_dma *dma)
{
	struct shadow_call call = {.bus = bus_of(bus), .shadow = dma->data};

	road_iova_remove(&call.bus->iovas, dma->iova);
	sim->fence();
	if (!call.shadow)
		return;
	sim->quietly(unlink_shadow, &call);
	road_shadow_destroy(call.shadow);
}

static void bus_dma_free(struct road_bus *bus, struct road_dma *dma)
{
	unmap(bus, dma);
	road_memfd_free(dma->host, dma->bytes, dma->fd);
	*dma = (struct road_dma){.fd = -1};
}

static road_status bus_dma_map(struct road_bus *bus, void *host, uint64_t bytes,
			       enum road_dma_direction direction, struct road_dma *out)
{
	struct road_dma dma = {.host = host, .bytes = bytes, .fd = -1};

	if (atomic_load(&bus_of(bus)->lost))
		return gone("dma_map");
	if (!host || !bytes)
		return road_fail_u64(ROAD_INVALID_ARGUMENT, "nothing to map", "dma_map", bytes,
				     ">= 1 byte at a pointer");
	road_status status = show(bus_of(bus), &dma, direction != ROAD_DMA_TO_DEVICE, false);

	if (!status)
		*out = dma;
	return status;
}

static void bus_dma_unmap(struct road_bus *bus, struct road_dma *dma)
{
	unmap(bus, dma);
	*dma = (struct road_dma){.fd = -1};
}

static void bus_dma_sync(struct road_bus *bus, struct road_dma *dma, uint64_t offset,
			 uint64_t bytes, enum road_dma_direction direction)
{
	struct shadow_call call = {bus_of(bus), dma->data, offset, bytes, direction};

	if (call.shadow)
		sim->quietly(sync_shadow, &call);
}

static uint32_t bus_irq_count(struct road_bus *bus)
{
	return sim->irq_count(bus_of(bus)->function);
}

static road_status bus_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	(void)bus;
	(void)vector;
	(void)eventfd;
	return road_fail(ROAD_UNSUPPORTED, "interrupts come through the progress loop", "irq_bind",
			 "sim", "");
}

static bool bus_irq_take(struct road_bus *bus, uint32_t vector)
{
	return sim->irq_take(bus_of(bus)->function, vector);
}

static road_status bus_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	while (!atomic_load(&bus_of(bus)->lost)) {
		if (sim->irq_take(bus_of(bus)->function, vector))
			return ROAD_OK;
		if (sim->now() >= to_ps(until_ns))
			return road_fail_u64(ROAD_TIMEOUT, "no interrupt came", "irq_wait", vector,
					     "");
		bus_relax(bus, until_ns);
	}
	return gone("irq_wait");
}

static void bus_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	(void)bus;
	(void)vector;
	(void)masked; /* taken by the progress loop only: nothing comes unasked */
}

static road_status bus_control(struct road_bus *bus, unsigned long request, void *argument)
{
	(void)bus;
	(void)request;
	(void)argument;
	return road_fail(ROAD_UNSUPPORTED, "a simulated chip has no kernel node", "control", "sim",
			 "");
}

static road_status bus_symbol(struct road_bus *bus, const char *name, void **out)
{
	(void)bus;
	(void)out;
	return road_fail(ROAD_UNSUPPORTED, "a simulated chip has no vendor library", "symbol", name,
			 "");
}

static road_status bus_fact(struct road_bus *bus, uint32_t index, struct road_property *out)
{
	(void)bus;
	(void)index;
	(void)out;
	return road_fail(ROAD_UNSUPPORTED, "no kernel knows a simulated chip", "fact", "sim", "");
}

static road_status bus_reset(struct road_bus *bus)
{
	if (atomic_load(&bus_of(bus)->lost))
		return gone("reset");
	sim->reset(bus_of(bus)->function);
	return ROAD_OK;
}

static bool bus_lost(struct road_bus *bus)
{
	return atomic_load_explicit(&bus_of(bus)->lost, memory_order_acquire);
}

static void bus_close(struct road_bus *bus)
{
	struct sim_bus *own = bus_of(bus);

	road_synthetic_give(&own->number);
	sim->close(own->function);
	road_iova_free(&own->iovas);
	free(own);
}

static const struct road_bus_ops bus_ops = {
	.name = "sim",
	.ids = bus_ids,
	.config_read = bus_config_read,
	.config_write = bus_config_write,
	.region_info = bus_region_info,
	.region_map = bus_region_map,
	.region_unmap = bus_region_unmap,
	.read = bus_read,
	.write = bus_write,
	.now_ns = bus_now_ns,
	.relax = bus_relax,
	.dma_limits = bus_dma_limits,
	.dma_alloc = bus_dma_alloc,
	.dma_free = bus_dma_free,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.dma_sync = bus_dma_sync,
	.irq_count = bus_irq_count,
	.irq_bind = bus_irq_bind,
	.irq_take = bus_irq_take,
	.irq_wait = bus_irq_wait,
	.irq_mask = bus_irq_mask,
	.control = bus_control,
	.symbol = bus_symbol,
	.reset = bus_reset,
	.lost = bus_lost,
	.close = bus_close,
	.fact = bus_fact,
};

/* ---- what the core and the back door see ---- */

static void domain_run(uint64_t until_ps, uint32_t budget, struct road_slice *out)
{
	struct sim_slice slice;

	sim->run(until_ps, budget, &slice);
	*out = (struct road_slice){slice.ran, slice.irq, slice.more, slice.watching};
}

static uint64_t domain_now(void)
{
	return sim->now();
}

static bool domain_pending(void)
{
	return sim->pending();
}

static void domain_poke(void)
{
	sim->poke();
}

static const struct road_domain domain = {domain_run, domain_now, domain_pending, domain_poke};

static void control_costs(struct road_bus *bus, uint64_t *submit_ps, uint64_t *query_ps)
{
	struct sim_costs costs;

	sim->costs(bus_of(bus)->function, &costs);
	*submit_ps = costs.submit_ps;
	*query_ps = costs.query_ps;
}

static uint64_t control_irq_pending(struct road_bus *bus)
{
	return sim->irq_pending(bus_of(bus)->function);
}

/* The function stops where it is: nothing of it touches host memory any more. Only then the bus
 * says that it is lost, since whoever hears that takes the memory back. */
static void control_unplug(struct road_bus *bus)
{
	sim->unplug(bus_of(bus)->function);
	if (!atomic_exchange(&bus_of(bus)->lost, true))
		road_bus_gone();
}

static enum road_bus_inject injected(enum sim_inject result)
{
	static const enum road_bus_inject results[] = {
		[SIM_INJECTED] = ROAD_BUS_INJECTED,
		[SIM_INJECT_NONE] = ROAD_BUS_INJECT_NONE,
		[SIM_INJECT_NOWHERE] = ROAD_BUS_INJECT_NOWHERE,
		[SIM_INJECT_FULL] = ROAD_BUS_INJECT_FULL,
	};

	return results[result];
}

static enum road_bus_inject control_inject(struct road_bus *bus, bool poison, uint64_t address)
{
	return injected(sim->inject(bus_of(bus)->function, poison, address));
}

static enum road_bus_inject control_phase_fail(struct road_bus *bus, uint32_t region,
					       uint32_t phase, uint32_t times)
{
	return injected(sim->phase_fail(bus_of(bus)->function, region, phase, times));
}

static bool control_firmware(struct road_bus *bus, const char *component, const void **image,
			     size_t *bytes, const uint8_t **key)
{
	struct sim_firmware firmware;

	if (!sim->firmware(bus_of(bus)->function, component, &firmware))
		return false;
	*image = firmware.image;
	*bytes = firmware.image_bytes;
	*key = firmware.key;
	return true;
}

static enum road_bus_inject control_boot_fault(struct road_bus *bus, uint32_t fault, uint32_t phase,
					       uint32_t times)
{
	return injected(sim->boot_fault(bus_of(bus)->function, fault, phase, times));
}

static bool control_counter(struct road_bus *bus, uint32_t index, const char **name,
			    uint64_t *value)
{
	return sim->counter(bus_of(bus)->function, index, name, value);
}

static bool control_line(struct road_bus *bus, uint32_t index, road_sim_line *out)
{
	struct sim_line seen;

	if (!sim->line(bus_of(bus)->function, index, &seen))
		return false;
	out->line = seen.line;
	out->image = seen.image;
	out->kernel = seen.kernel;
	out->timed = seen.timed;
	out->issues = seen.issues;
	out->lanes = seen.lanes;
	out->spills = seen.spills;
	out->stall_barrier = seen.stall_barrier;
	out->stall_memory = seen.stall_memory;
	out->stall_dependence = seen.stall_dependence;
	out->stall_unit = seen.stall_unit;
	out->stall_not_selected = seen.stall_not_selected;
	out->sectors = seen.sectors;
	out->sectors_ideal = seen.sectors_ideal;
	out->replays = seen.replays;
	return true;
}

static bool control_parameter(struct road_bus *bus, uint32_t index, road_sim_parameter *out)
{
	struct sim_parameter seen;

	if (!sim->parameter(bus_of(bus)->function, index, &seen))
		return false;
	out->name = seen.name;
	out->value = seen.value;
	out->unit = seen.unit;
	out->source = seen.source;
	out->kind = seen.kind;
	out->settable = seen.settable;
	return true;
}

static bool control_scenario(struct road_bus *bus, uint32_t index, const char **name,
			     const char **text)
{
	return sim->scenario(bus_of(bus)->function, index, name, text);
}

static uint64_t control_violations(struct road_bus *bus)
{
	return sim->violations(bus_of(bus)->function);
}

static bool control_violation(struct road_bus *bus, uint32_t index, char *text, size_t bytes)
{
	return sim->violation(bus_of(bus)->function, index, text, bytes);
}

static size_t control_report(struct road_bus *bus, char *out, size_t bytes)
{
	return sim->report(bus_of(bus)->function, out, bytes);
}

static int control_trace(struct road_bus *bus, int fd)
{
	return sim->trace(bus_of(bus)->function, fd);
}

static const struct road_bus_control bus_control_table = {
	.domain = &domain,
	.costs = control_costs,
	.irq_pending = control_irq_pending,
	.unplug = control_unplug,
	.inject = control_inject,
	.phase_fail = control_phase_fail,
	.firmware = control_firmware,
	.boot_fault = control_boot_fault,
	.counter = control_counter,
	.line = control_line,
	.parameter = control_parameter,
	.scenario = control_scenario,
	.violations = control_violations,
	.violation = control_violation,
	.report = control_report,
	.trace = control_trace,
};

/* ---- the transport ---- */

static void *translate(void *host, uint64_t iova, uint64_t bytes, bool write)
{
	return road_iova_translate(host, iova, bytes, write);
}

static void fill_ids(struct sim_bus *bus)
{
	struct sim_chip_id id;

	sim->identify(bus->function, &id);
	bus->ids.vendor = id.pci_vendor;
	bus->ids.device = id.pci_device;
	bus->ids.class_code = (uint32_t)id.pci_class << 8;
	bus->ids.simulated = true;
	snprintf(bus->ids.compatible, sizeof(bus->ids.compatible), "%s", id.compatible);
	snprintf(bus->ids.name, sizeof(bus->ids.name), "%s", id.product);
	snprintf(bus->ids.vendor_name, sizeof(bus->ids.vendor_name), "%s", id.vendor);
	road_synthetic_address(&bus->number, bus->ids.pci_address, sizeof(bus->ids.pci_address));
}

/* `at` points into `rest`, the end of `address`: names the column, from 1. */
static road_status bad(road_status status, const char *what, const char *address, const char *rest,
		       const char *at, const char *allowed)
{
	char where[64];

	snprintf(where, sizeof(where), "device address, column %zu",
		 strlen(address) - strlen(rest) + (size_t)(at - rest) + 1);
	return road_fail(status, what, where, at, allowed);
}

/* NAME or NAME@N. */
static road_status check_name(const char *address, const char *rest, size_t *bytes)
{
	*bytes = strcspn(rest, "@");
	if (!*bytes)
		return bad(ROAD_INVALID_ARGUMENT, "chip has no name", address, rest, rest,
			   "sim:NAME");
	const char *number = rest + *bytes;
	size_t digits = *number ? strspn(number + 1, "0123456789") : 0;

	if (*number && (!digits || digits > 9 || number[1 + digits]))
		return bad(ROAD_INVALID_ARGUMENT, "number of the device is malformed", address,
			   rest, number, "@N");
	return ROAD_OK;
}

/* Whoever asked for "h100" meant one that begins so. */
static void near_name(const char *rest, char *out, size_t room)
{
	const size_t bytes = strcspn(rest, "@");
	struct sim_chip_id id;

	snprintf(out, room, "one of `roadbed list --all`");
	for (uint32_t i = 0; sim->chip(i, &id); i++)
		if (!strncmp(id.name, rest, bytes)) {
			snprintf(out, room, "did you mean %s? (`roadbed list --all`)", id.name);
			return;
		}
}

static road_status refused(enum sim_open_result result, const char *error, const char *address,
			   const char *rest, const char *options)
{
	char near[64]; /* as much as an error has room for */

	switch (result) {
	case SIM_OPEN_NO_CHIP:
		near_name(rest, near, sizeof(near));
		return bad(ROAD_NOT_FOUND, error, address, rest, rest, near);
	case SIM_OPEN_NO_MODEL: return bad(ROAD_UNSUPPORTED, error, address, rest, rest, "");
	case SIM_OPEN_NO_FUNCTION:
		return road_fail(ROAD_BUSY, error, "device address: sim", rest, "");
	case SIM_OPEN_NO_MEMORY:
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, error, "device address: sim", rest, "");
	default:
		return road_fail_said(ROAD_INVALID_ARGUMENT, error, "device address, options",
				      options, "key=value&key=value");
	}
}

/* host NULL: the bus's own memory. of NULL: a new chip. */
static road_status open_bus(const struct road_bus_wish *wish, const char *address, const char *rest,
			    const char *options, const struct road_sim_host *host,
			    struct road_bus *of, struct road_bus **out)
{
	char error[256] = "";
	size_t name_bytes;
	road_status status = check_name(address, rest, &name_bytes);

	if (!status)
		status = load_library(wish->library_folder);
	if (status)
		return status;
	struct sim_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for a bus",
				 "device address: sim", "", "");
	road_iova_init(&bus->iovas, UINT64_MAX);
	struct sim_open open = {
		.chip = rest,
		.chip_bytes = name_bytes,
		.options = options,
		.address = address,
		.host = {host ? host->translate : translate, host ? host->host : &bus->iovas},
		.error = error,
		.of = of ? bus_of(of)->function : NULL,
	};
	enum sim_open_result result = sim->open(&open, &bus->function);

	if (result) {
		road_iova_free(&bus->iovas);
		free(bus);
		return refused(result, error, address, rest, options);
	}
	road_iova_limit(&bus->iovas, sim->dma_mask(bus->function));
	bus->line_bytes = sim->line_bytes(bus->function);
	bus->handle.bus.ops = &bus_ops;
	bus->handle.control = &bus_control_table;
	road_synthetic_take(&bus->number);
	fill_ids(bus);
	*out = &bus->handle.bus;
	return ROAD_OK;
}

static road_status transport_open(const struct road_bus_wish *wish, const char *address,
				  const char *rest, const char *options, struct road_bus **out)
{
	return open_bus(wish, address, rest, options, NULL, NULL, out);
}

static void no_library(struct road_candidate_sink *sink, road_status status)
{
	road_candidate one = {.size = sizeof(one), .status = status, .address = "sim:"};

	snprintf(one.reason, sizeof(one.reason), "libroadbed-sim.so cannot be loaded");
	sink->seen(sink, &one);
}

static void transport_scan(const char *library_folder, uint32_t flags,
			   struct road_candidate_sink *sink)
{
	struct sim_chip_id id;
	bool more = true;

	if (!(flags & ROAD_ENUMERATE_POSSIBLE))
		return;
	road_status status = load_library(library_folder);

	if (status) { /* one candidate, that says so */
		no_library(sink, status);
		return;
	}
	for (uint32_t i = 0; more && sim->chip(i, &id); i++) {
		road_candidate one = {.size = sizeof(one)};

		road_sim_describe(&id, &one);
		more = sink->seen(sink, &one);
	}
}

const struct road_transport road_transport_sim = {"sim", transport_scan, transport_open};

/* ---- chips whose host is another process ---- */

road_status road_sim_open_for(const struct road_bus_wish *wish, const char *address,
			      const char *rest, const char *options,
			      const struct road_sim_host *host, struct road_bus *of,
			      struct road_bus **out)
{
	return open_bus(wish, address, rest, options, host, of, out);
}

uint32_t road_sim_line_bytes(struct road_bus *bus)
{
	return bus_of(bus)->line_bytes;
}

void road_sim_fence(void)
{
	sim->fence();
}

bool road_sim_region_fd(struct road_bus *bus, uint32_t region, uint64_t offset, uint64_t bytes,
			int *fd, uint64_t *fd_offset)
{
	return sim->region_fd(bus_of(bus)->function, region, offset, bytes, fd, fd_offset);
}
