/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that are shared as timelines of the kernel's: syncobjs of DRM, on the node of a device.
 *
 *	this process                    kernel               another one, or a driver of the kernel
 *	event ---- signal ------------> syncobj <---------- signal, a job's end
 *	waiter <-- sleeps there ------- syncobj ----------> waiter
 *
 * A syncobj says how far it is and knows no failure: who waits elsewhere for a point that failed
 * here is left to his deadline. It is reached by the device's node, so that the device's end is the
 * end of sharing, too: an event that came from outside fails then from the point on that was not
 * there, one that went out stays what it was.
 *
 * The device forgets its syncobjs while they are listed, and an event lets go of its one before it
 * leaves the list (road_shared_each): so neither calls by a node that is closed.
 */
#include <stdlib.h>

#include "hal/core/event_share.h"

struct synced {
	struct road_shared shared;
	/* A leaf, of what follows. Calls of the kernel that do not sleep are made under it. */
	pthread_mutex_t lock;
	struct road_device *device; /* not held; NULL once it is closed */
	uint32_t timeline;          /* the bus's number */
	uint64_t told;              /* that the kernel has taken */
	road_status ended;          /* why nothing comes from outside any more */
	bool imported;
};

static struct synced *synced_of(struct road_shared *shared)
{
	return (struct synced *)(void *)shared;
}

static const struct road_bus_timelines *calls_of(const struct road_device *device)
{
	return device->control ? device->control->timelines : NULL;
}

/* Under the lock. One that is lost answers no more calls, nor will it. */
static void note(struct synced *own, road_status status)
{
	if (status == ROAD_DEVICE_LOST && !own->ended)
		own->ended = status;
}

/* Under the lock. What the kernel had no memory for is told again by the next who looks. */
static void tell(struct synced *own, uint64_t value)
{
	if (!own->device || own->ended || value <= own->told)
		return;
	const road_status status =
		calls_of(own->device)->raise(own->device->drv.bus, own->timeline, value);

	note(own, status);
	if (!status)
		own->told = value;
}

static void sync_raise(struct road_shared *shared, uint64_t value)
{
	struct synced *own = synced_of(shared);

	pthread_mutex_lock(&own->lock);
	tell(own, value);
	pthread_mutex_unlock(&own->lock);
}

static void sync_read(struct road_shared *shared, struct road_shared_state *out)
{
	struct synced *own = synced_of(shared);
	const uint64_t now = road_event_now(shared->event);
	uint64_t value = 0;

	pthread_mutex_lock(&own->lock);
	tell(own, now);
	if (own->device && !own->ended) {
		note(own,
		     calls_of(own->device)->value(own->device->drv.bus, own->timeline, &value));
		if (value > own->told)
			own->told = value;
	}
	out->value = value;
	if (own->ended && own->imported) {
		out->failed_from = now + 1;
		out->reason = own->ended;
	}
	pthread_mutex_unlock(&own->lock);
}

/* The device cannot close under who sleeps there: he has a reference. */
static bool sync_sleep(struct road_shared *shared, uint64_t value, uint64_t until)
{
	struct synced *own = synced_of(shared);

	pthread_mutex_lock(&own->lock);
	struct road_device *device = own->ended ? NULL : own->device;
	const uint32_t timeline = own->timeline;

	if (device && !road_object_retain_live(&device->object))
		device = NULL;
	pthread_mutex_unlock(&own->lock);
	if (!device)
		return false;
	const bool slept = calls_of(device)->wait(device->drv.bus, timeline, value, until);

	road_object_release(&device->object);
	return slept;
}

/* Under the lock. */
static void let_go(struct synced *own, road_status why)
{
	if (own->device)
		calls_of(own->device)->close(own->device->drv.bus, own->timeline);
	own->device = NULL;
	own->ended = own->ended ? own->ended : why;
}

static void sync_leave(struct road_shared *shared)
{
	struct synced *own = synced_of(shared);

	pthread_mutex_lock(&own->lock);
	let_go(own, ROAD_STALE);
	pthread_mutex_unlock(&own->lock);
}

static void sync_end(struct road_shared *shared)
{
	struct synced *own = synced_of(shared);

	sync_leave(shared); /* of what was never listed */
	pthread_mutex_destroy(&own->lock);
	free(own);
}

static const struct road_shared_ops sync_ops = {
	.failed = "the device that the event came by is gone",
	.raise = sync_raise,
	.read = sync_read,
	.sleep = sync_sleep,
	.leave = sync_leave,
	.end = sync_end,
};

static void forget(struct road_shared *shared, void *arg)
{
	struct synced *own = synced_of(shared);

	if (shared->ops != &sync_ops)
		return;
	pthread_mutex_lock(&own->lock);
	if (own->device == arg)
		let_go(own, ROAD_STALE);
	pthread_mutex_unlock(&own->lock);
}

void road_syncobjs_forget(struct road_device *device)
{
	if (!calls_of(device))
		return;
	road_shared_each(forget, device);
	road_baton_poke(); /* somebody may wait for what does not come any more */
}

/* ---- making ---- */

static road_status check(const road_device *device, const void *out, const char *where,
			 const char *where_out)
{
	road_status status = road_object_check(device, &road_device_class, where);

	if (!status && !out)
		status = road_fail(ROAD_INVALID_ARGUMENT, "output is NULL", where_out, "NULL", "");
	if (!status && !calls_of(device))
		status = road_fail(ROAD_UNSUPPORTED, "the device has no syncobjs", where,
				   device->address, "one that is run through a node of DRM");
	return status;
}

/* fd < 0: a new one. */
static road_status make(struct road_device *device, int fd, const char *where, struct synced **out)
{
	struct synced *own = calloc(1, sizeof(*own));
	road_status status = own ? calls_of(device)->open(device->drv.bus, fd, &own->timeline)
				 : road_shared_no_memory(where);

	if (status) {
		free(own);
		return status;
	}
	own->shared.ops = &sync_ops;
	own->device = device;
	own->imported = fd >= 0;
	pthread_mutex_init(&own->lock, NULL);
	*out = own;
	return ROAD_OK;
}

static road_status share(struct road_event *event, struct road_device *device, const char *where)
{
	struct synced *own;
	road_status status = make(device, -1, where, &own);

	if (status)
		return status;
	own->shared.event = event;
	if (road_event_tie(event, &own->shared))
		road_shared_begin(&own->shared);
	else /* another thread was faster */
		sync_end(&own->shared);
	return ROAD_OK;
}

road_status road_event_export_syncobj(road_event *event, road_device *device, int *fd)
{
	static const char *const where = "road_event_export_syncobj: event";
	road_status status = road_object_check(event, &road_event_class, where);

	if (!status)
		status = check(device, fd, "road_event_export_syncobj: device",
			       "road_event_export_syncobj: fd");
	if (!status)
		status = road_shared_check(event, where);
	if (!status && !road_shared_of(event))
		status = share(event, device, where);
	if (status)
		return status;
	struct road_shared *shared = road_shared_of(event);
	struct synced *own = shared->ops == &sync_ops ? synced_of(shared) : NULL;

	if (own)
		pthread_mutex_lock(&own->lock);
	if (!own || own->device != device)
		status = road_fail(ROAD_INVALID_ARGUMENT, "event is shared already", where,
				   own ? "by another device" : "as a page", "one way");
	else
		status = calls_of(device)->fd(device->drv.bus, own->timeline, fd);
	if (own)
		pthread_mutex_unlock(&own->lock);
	return status;
}

road_status road_event_import_syncobj(road_device *device, int fd, road_event **out)
{
	static const char *const where = "road_event_import_syncobj: device";
	road_status status = check(device, out, where, "road_event_import_syncobj: out");
	struct synced *own;

	if (!status && fd < 0)
		status = road_fail(ROAD_INVALID_ARGUMENT, "bad descriptor",
				   "road_event_import_syncobj: fd", "negative",
				   "an open descriptor");
	if (!status)
		status = road_pump_start();
	if (!status)
		status = make(device, fd, where, &own);
	if (status)
		return status;
	status = road_shared_import(&own->shared, out);
	if (status)
		sync_end(&own->shared);
	return status;
}
