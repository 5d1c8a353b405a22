/* SPDX-License-Identifier: Apache-2.0 */
/* Events: 64-bit timelines that host and devices signal and await. */
#ifndef ROADBED_EVENT_H
#define ROADBED_EVENT_H

#include <roadbed/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An event at `initial`. Its value only rises. */
ROAD_API road_status road_event_create(road_instance *instance, uint64_t initial, road_event **out);
ROAD_API road_status road_event_retain(road_event *event);
ROAD_API void road_event_release(road_event *event);

/*
 * The value now. A query: it costs virtual time (200 ns by default) and lets simulated devices
 * run up to that time and no further, so that a polling loop makes progress and sees the same
 * times in every run.
 */
ROAD_API road_status road_event_value(road_event *event, uint64_t *out);

/* Raises the value and wakes whoever waits. ROAD_INVALID_ARGUMENT if `value` is not above the
 * present one; ROAD_BUSY while a queue owes a value that it promised on this event. */
ROAD_API road_status road_event_signal(road_event *event, uint64_t value);

/*
 * Fails all points >= from, for good, with this reason (an error status). Points below stay as
 * they are. ROAD_INVALID_ARGUMENT if `from` is already reached.
 */
ROAD_API road_status road_event_fail(road_event *event, uint64_t from, road_status reason);

enum road_wait_mode { ROAD_WAIT_ALL, ROAD_WAIT_ANY };
/*
 * Waits until all, or any one, of the points are reached or failed. index (may be NULL) receives
 * the lowest index that is reached or failed, for ANY. Returns the failure's status if a point
 * that ended the wait had failed. ROAD_TIMEOUT when the deadline passed: the detail names which
 * submission owes the value and what that one awaits, or that nobody promised it. No points:
 * ROAD_OK for ALL, ROAD_INVALID_ARGUMENT for ANY. ROAD_WRONG_CONTEXT in a host callback.
 */
ROAD_API road_status road_event_wait(const road_point *points, uint32_t count, uint32_t mode,
				     uint64_t deadline, uint32_t *index);

/* One point. */
ROAD_API road_status road_point_wait(road_point point, uint64_t deadline);

/* ROAD_OK: value reached. ROAD_NOT_READY: neither. Else the status with which it failed; detail
 * (may be NULL) then says what failed it. Not a query: costs no virtual time, runs nothing. */
ROAD_API road_status road_event_error(road_event *event, uint64_t value, road_error *detail);

/* A descriptor that polls readable once the point is reached or failed. The caller closes it.
 * From here on a thread of the library runs the simulation in the background, and reports carry
 * deterministic: false. */
ROAD_API road_status road_event_point_fd(road_event *event, uint64_t value, int *fd);

/*
 * Shares an event of the program with other processes: a descriptor of a page in sealed memory that
 * shows its value and its failure to whoever imports it. Pass it on (SCM_RIGHTS, inheritance);
 * the caller closes it. Every process may signal, fail and await it, and promise values on it; that
 * only one at a time does is theirs to keep. A value that another process signalled is noticed by
 * who waits or queries, and by the background thread, which this starts, within some 100 us; the
 * simulation is not deterministic from here on. Likewise that a process ended, in whatever way,
 * whose queues owed values on the event: these and all above fail with ROAD_CANCELLED. An event has
 * places for 126 such processes, a process places on 2000 events; beyond that, and where
 * no thread or memory for it is to be had, nobody is told. What was promised before the event was
 * shared is not known one by one: if its process ends, all above the event's value fails.
 * What the page says is taken for nothing more than values and a status: a process that writes
 * nonsense there can signal and fail, and no more.
 * ROAD_INVALID_ARGUMENT: a queue's timeline. ROAD_OUT_OF_HOST_MEMORY.
 */
ROAD_API road_status road_event_share(road_event *event, int *fd);
/* The event behind such a descriptor, which stays the caller's; also in the process that shared it.
 * ROAD_INVALID_ARGUMENT: no memory sealed against shrinking, too small, or no shared event. */
ROAD_API road_status road_event_import(road_instance *instance, int fd, road_event **out);

/*
 * Shares an event of the program as a timeline syncobj of DRM: a descriptor that other processes
 * import, and that drivers of the kernel may raise by their jobs. Its points are the event's
 * values. The caller closes it. For a device that is run through a node of DRM or accel whose
 * driver has timeline syncobjs. As with road_event_share every process may signal and await it, and
 * that only one at a time promises values on it is theirs to keep; who waits sleeps in the kernel,
 * which wakes him. A syncobj knows no failure: of road_event_fail the others hear nothing, and a
 * point that a job of the kernel's reached by failing is reached. It is shared until the device is
 * closed or lost. One event is shared in one way, by one device; the call may be repeated.
 * ROAD_UNSUPPORTED: no such device, or no such driver. ROAD_INVALID_ARGUMENT: a queue's timeline,
 * or an event that is shared in another way. ROAD_DEVICE_LOST, ROAD_OUT_OF_HOST_MEMORY.
 */
ROAD_API road_status road_event_export_syncobj(road_event *event, road_device *device, int *fd);
/* The event behind a syncobj, whose descriptor stays the caller's, in the device's instance. Points
 * that are not reached when the device is lost or closed fail: ROAD_DEVICE_LOST, ROAD_STALE.
 * ROAD_UNSUPPORTED as above; ROAD_INVALID_ARGUMENT: no descriptor of a syncobj. */
ROAD_API road_status road_event_import_syncobj(road_device *device, int fd, road_event **out);

/*
 * A shared event as 64 bytes, as road_buffer_export_token has them of a buffer: a server keeps the
 * token if it has the device, until the event's last reference here is released, the device is
 * closed, or this process ends; else it names this process. process: the only one that may import
 * it, 0 for any of this user. Errors are those of road_event_share and road_buffer_export_token_to.
 */
ROAD_API road_status road_event_export_token(road_event *event, road_device *device,
					     uint32_t process, road_token *out);
/* The event behind it, in the device's instance; by a device of the server that keeps the token.
 * Errors are those of road_event_import and road_buffer_import_token. */
ROAD_API road_status road_event_import_token(road_device *device, const road_token *token,
					     road_event **out);

#ifdef __cplusplus
}
#endif
#endif
