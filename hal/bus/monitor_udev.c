/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's events and udev's. The kernel's come first, in their order, and where no udevd runs
 * they are the only ones; udev's come when its rules have been applied: nodes have their owners
 * then. Events are told of from the first source alone that works; another one is a reason to look.
 */
#include "hal/bus/discover.h"
#include "hal/bus/monitor.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>

enum {
	READ_MOST = 4096, /* events of a source in one go */
	ERRORS_MOST = 64, /* in a row: then the source is broken */
	ROOM = 1 << 20,   /* bytes that wait in a socket; the kernel may allow less */
};

struct road_uevents {
	struct udev *udev;
	struct udev_monitor
		*sources[ROAD_UEVENT_SOURCES]; /* NULL: broken, or could not be opened */
	uint32_t errors[ROAD_UEVENT_SOURCES];
};

/* NULL: it cannot be listened to. */
static struct udev_monitor *listen_to(struct udev *udev, const char *source)
{
	struct udev_monitor *monitor = udev_monitor_new_from_netlink(udev, source);
	int error = monitor ? udev_monitor_filter_add_match_subsystem_devtype(monitor, "pci", NULL)
			    : -ENOMEM;

	for (unsigned i = 0; !error && i < road_node_class_count; i++)
		error = udev_monitor_filter_add_match_subsystem_devtype(
			monitor, road_node_classes[i].subsystem, NULL);
	if (!error)
		error = udev_monitor_enable_receiving(monitor);
	if (error) {
		udev_monitor_unref(monitor);
		return NULL;
	}
	(void)udev_monitor_set_receive_buffer_size(monitor, ROOM); /* less does, too */
	return monitor;
}

struct road_uevents *road_uevents_open(void)
{
	static const char *const names[ROAD_UEVENT_SOURCES] = {"kernel", "udev"};
	struct road_uevents *uevents = calloc(1, sizeof(*uevents));
	bool any = false;

	if (!uevents)
		return NULL;
	uevents->udev = udev_new();
	for (int i = 0; uevents->udev && i < ROAD_UEVENT_SOURCES; i++) {
		uevents->sources[i] = listen_to(uevents->udev, names[i]);
		any |= !!uevents->sources[i];
	}
	if (any)
		return uevents;
	road_uevents_close(uevents);
	return NULL;
}

void road_uevents_close(struct road_uevents *uevents)
{
	if (!uevents)
		return;
	for (int i = 0; i < ROAD_UEVENT_SOURCES; i++)
		udev_monitor_unref(uevents->sources[i]);
	udev_unref(uevents->udev);
	free(uevents);
}

uint32_t road_uevents_poll(struct road_uevents *uevents, struct pollfd out[ROAD_UEVENT_SOURCES])
{
	uint32_t count = 0;

	for (int i = 0; uevents && i < ROAD_UEVENT_SOURCES; i++)
		if (uevents->sources[i])
			out[count++] = (struct pollfd){
				.fd = udev_monitor_get_fd(uevents->sources[i]), .events = POLLIN};
	return count;
}

static void tell(struct udev_device *device, road_uevent_fn fn, void *arg)
{
	const char *subsystem = udev_device_get_subsystem(device);
	const char *name = udev_device_get_sysname(device);
	const char *action = udev_device_get_action(device);

	if (subsystem && name && action)
		fn(arg, subsystem, name, action);
}

/* fn NULL: what it says is dropped. ENOBUFS, events that are lost, is an error like another. */
static void read_one(struct road_uevents *uevents, int source, road_uevent_fn fn, void *arg)
{
	struct udev_monitor *monitor = uevents->sources[source];

	for (uint32_t i = 0; i < READ_MOST; i++) {
		errno = 0;
		struct udev_device *device = udev_monitor_receive_device(monitor);

		if (device) {
			uevents->errors[source] = 0;
			if (fn)
				tell(device, fn, arg);
			udev_device_unref(device);
		} else if (errno == EAGAIN || !errno) {
			return;
		} else if (errno != EINTR && ++uevents->errors[source] > ERRORS_MOST) {
			udev_monitor_unref(monitor);
			uevents->sources[source] = NULL;
			return;
		}
	}
}

void road_uevents_read(struct road_uevents *uevents, road_uevent_fn fn, void *arg)
{
	bool told = false;

	for (int i = 0; uevents && i < ROAD_UEVENT_SOURCES; i++) {
		if (!uevents->sources[i])
			continue;
		read_one(uevents, i, told ? NULL : fn, arg);
		told = true;
	}
}
