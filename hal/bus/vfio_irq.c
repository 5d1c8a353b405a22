/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts as eventfds: MSI-X, else MSI, else the line (INTx). All vectors are switched on at
 * once, at the first use, with eventfds of the bus's own; the core's take their place one by one.
 * The kernel masks a line when it signals it: it is unmasked when its cause is dealt with.
 */
#include "hal/bus/vfio.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hal/bus/bare.h"
#include "hal/core/error.h"

/* What VFIO_DEVICE_SET_IRQS takes, with room for one descriptor a vector. */
struct irq_call {
	struct vfio_irq_set set;
	int32_t fds[VFIO_VECTORS];
};

static int set_irqs(const struct vfio_bus *bus, uint32_t index, uint32_t flags, uint32_t start,
		    uint32_t count, const int32_t *fds)
{
	struct irq_call call = {.set = {.argsz = sizeof(call.set),
					.flags = flags,
					.index = index,
					.start = start,
					.count = count}};

	if (fds) {
		call.set.argsz += count * (uint32_t)sizeof(*fds);
		memcpy(call.set.data, fds, count * sizeof(*fds));
	}
	return bus->device < 0 ? -1 : ioctl(bus->device, VFIO_DEVICE_SET_IRQS, &call.set);
}

static int set_eventfds(const struct vfio_bus *bus, uint32_t index, uint32_t start, uint32_t count,
			const int32_t *fds)
{
	return set_irqs(bus, index, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, start,
			count, fds);
}

static void switch_off(const struct vfio_bus *bus, uint32_t index)
{
	set_irqs(bus, index, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, NULL);
}

static uint32_t count_of(const struct vfio_bus *bus, uint32_t index)
{
	struct vfio_irq_info info = {.argsz = sizeof(info), .index = index};

	return ioctl(bus->device, VFIO_DEVICE_GET_IRQ_INFO, &info) ||
			       !(info.flags & VFIO_IRQ_INFO_EVENTFD)
		       ? 0
		       : info.count;
}

/* ---- the request to give the device back, and its errors that cannot be corrected ---- */

static road_status watch_request(struct vfio_bus *bus)
{
	static const uint32_t indices[] = {VFIO_PCI_REQ_IRQ_INDEX, VFIO_PCI_ERR_IRQ_INDEX};

	bus->asked = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bus->asked < 0)
		return road_fail(ROAD_OUT_OF_HOST_MEMORY, strerror(errno),
				 "device address: pci, eventfd", bus->found.place, "");
	for (unsigned i = 0; i < sizeof(indices) / sizeof(indices[0]); i++)
		if (count_of(bus, indices[i]))
			set_eventfds(bus, indices[i], 0, 1, &bus->asked);
	return ROAD_OK;
}

road_status vfio_irqs_open(struct vfio_bus *bus)
{
	static const uint32_t kinds[] = {VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_MSI_IRQ_INDEX,
					 VFIO_PCI_INTX_IRQ_INDEX};

	for (uint32_t v = 0; v < VFIO_VECTORS; v++) {
		bus->own[v] = -1;
		atomic_init(&bus->active[v], -1);
	}
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !bus->irq_count; i++) {
		bus->irq_index = kinds[i];
		bus->irq_count = count_of(bus, kinds[i]);
	}
	if (bus->irq_count > VFIO_VECTORS)
		bus->irq_count = VFIO_VECTORS;
	return watch_request(bus);
}

void vfio_irqs_stop(struct vfio_bus *bus)
{
	if (bus->irq_on)
		switch_off(bus, bus->irq_index);
	switch_off(bus, VFIO_PCI_REQ_IRQ_INDEX);
	switch_off(bus, VFIO_PCI_ERR_IRQ_INDEX);
}

void vfio_irqs_close(struct vfio_bus *bus)
{
	for (uint32_t v = 0; v < VFIO_VECTORS; v++)
		if (bus->own[v] >= 0)
			close(bus->own[v]);
	if (bus->asked >= 0)
		close(bus->asked);
}

/* ---- switching on: under irq_lock ---- */

static road_status make_own(struct vfio_bus *bus)
{
	for (uint32_t v = 0; v < bus->irq_count; v++) {
		if (bus->own[v] < 0)
			bus->own[v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (bus->own[v] < 0)
			return road_fail(ROAD_OUT_OF_HOST_MEMORY, strerror(errno),
					 "irq_bind: eventfd", bus->found.place, "");
	}
	return ROAD_OK;
}

static road_status switch_on(struct vfio_bus *bus)
{
	road_status status = bus->irq_on ? ROAD_OK : make_own(bus);

	if (status || bus->irq_on)
		return status;
	int result = set_eventfds(bus, bus->irq_index, 0, bus->irq_count, bus->own);

	if (result > 0 && (uint32_t)result < bus->irq_count) { /* so many can be had */
		bus->irq_count = (uint32_t)result;
		result = set_eventfds(bus, bus->irq_index, 0, bus->irq_count, bus->own);
	}
	if (result)
		return road_fail(ROAD_IO,
				 result < 0 ? strerror(errno) : "no interrupts are to be had",
				 "irq_bind", bus->found.place, "");
	for (uint32_t v = 0; v < bus->irq_count; v++)
		atomic_store(&bus->active[v], bus->own[v]);
	bus->irq_on = true;
	return ROAD_OK;
}

static bool take(int fd)
{
	uint64_t count;

	return fd >= 0 && read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

/* What the old descriptor has seen is not forgotten. */
static road_status replace(struct vfio_bus *bus, uint32_t vector, int eventfd)
{
	static const uint64_t one = 1;
	const int old = atomic_load(&bus->active[vector]);
	const int32_t fd = eventfd < 0 ? bus->own[vector] : eventfd;

	if (set_eventfds(bus, bus->irq_index, vector, 1, &fd))
		return road_fail(ROAD_IO, strerror(errno), "irq_bind", bus->found.place, "");
	atomic_store(&bus->active[vector], fd);
	if (fd != old && take(old))
		(void)!write(fd, &one, sizeof(one));
	return ROAD_OK;
}

/* ---- what drivers and the core see ---- */

uint32_t vfio_irq_count(struct road_bus *bus)
{
	return vfio_bus_of(bus)->irq_count;
}

static road_status bad_vector(const char *where, uint32_t vector)
{
	return road_fail_u64(ROAD_INVALID_ARGUMENT, "no such interrupt", where, vector,
			     "less than irq_count");
}

road_status vfio_irq_bind(struct road_bus *bus, uint32_t vector, int eventfd)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	road_status status;

	if (vector >= own->irq_count)
		return bad_vector("irq_bind", vector);
	pthread_rwlock_rdlock(&own->lock);
	pthread_mutex_lock(&own->irq_lock);
	if (own->device < 0) {
		atomic_store(&own->active[vector], own->own[vector]);
		status = vfio_gone("irq_bind");
	} else {
		status = switch_on(own);
		/* Perhaps fewer can be had than were counted. */
		if (!status && vector < own->irq_count)
			status = replace(own, vector, eventfd);
		else if (!status)
			status = bad_vector("irq_bind", vector);
	}
	pthread_mutex_unlock(&own->irq_lock);
	pthread_rwlock_unlock(&own->lock);
	return status;
}

bool vfio_irq_take(struct road_bus *bus, uint32_t vector)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	return vector < own->irq_count && take(atomic_load(&own->active[vector]));
}

/* Milliseconds until then, rounded up, for poll. */
static int left_ms(struct road_bus *bus, uint64_t until_ns)
{
	uint64_t now = road_bare_now_ns(bus);
	uint64_t left = until_ns > now ? (until_ns - now + 999999) / 1000000 : 0;

	return left > 1000 ? 1000 : (int)left; /* then it looks whether the device is there */
}

road_status vfio_irq_wait(struct road_bus *bus, uint32_t vector, uint64_t until_ns)
{
	struct vfio_bus *own = vfio_bus_of(bus);

	if (vector >= own->irq_count)
		return bad_vector("irq_wait", vector);
	if (atomic_load(&own->active[vector]) < 0) {
		road_status status = vfio_irq_bind(bus, vector, -1);

		if (status)
			return status;
	}
	while (!atomic_load(&own->lost)) {
		struct pollfd fd = {atomic_load(&own->active[vector]), POLLIN, 0};
		const int left = left_ms(bus, until_ns);

		poll(&fd, 1, left);
		if (vfio_irq_take(bus, vector))
			return ROAD_OK;
		if (!left)
			return road_fail_u64(ROAD_TIMEOUT, "no interrupt came", "irq_wait", vector,
					     "");
	}
	return vfio_gone("irq_wait");
}

void vfio_irq_mask(struct road_bus *bus, uint32_t vector, bool masked)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	const uint32_t action = masked ? VFIO_IRQ_SET_ACTION_MASK : VFIO_IRQ_SET_ACTION_UNMASK;

	/* Messages come once each: whoever does not want them does not take them. */
	if (own->irq_index != VFIO_PCI_INTX_IRQ_INDEX || vector >= own->irq_count)
		return;
	pthread_rwlock_rdlock(&own->lock);
	set_irqs(own, own->irq_index, VFIO_IRQ_SET_DATA_NONE | action, 0, 1, NULL);
	pthread_rwlock_unlock(&own->lock);
}

uint64_t vfio_irq_pending(struct road_bus *bus)
{
	struct vfio_bus *own = vfio_bus_of(bus);
	struct pollfd fds[VFIO_VECTORS];
	uint64_t pending = 0;

	for (uint32_t v = 0; v < own->irq_count; v++)
		fds[v] = (struct pollfd){atomic_load(&own->active[v]), POLLIN, 0};
	if (poll(fds, own->irq_count, 0) <= 0)
		return 0;
	for (uint32_t v = 0; v < own->irq_count; v++)
		if (fds[v].revents & POLLIN)
			pending |= UINT64_C(1) << v;
	return pending;
}
