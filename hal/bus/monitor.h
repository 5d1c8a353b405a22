/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that come and go. What the kernel and udev say is only believed to be a reason to look:
 * what is here is what discovery finds, and news is the difference to what it found before. So
 * nothing is told twice, however many tell of it, and what nobody heard of is found by the next
 * look. A monitor belongs to one thread, which opens, uses and closes it: libudev's objects do.
 */
#ifndef HAL_BUS_MONITOR_H
#define HAL_BUS_MONITOR_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct road_monitor;

/* kind: one of enum road_change_kind. address: "pci:0000:03:00.0". */
typedef void (*road_monitor_fn)(void *arg, uint32_t kind, const char *address, const char *text);

/* Listens from now on, and knows what is here. NULL: no host memory. Without libudev, or where
 * nothing can be listened to, it looks from time to time. */
struct road_monitor *road_monitor_open(void);
void road_monitor_close(struct road_monitor *monitor);
/* Waits until it is time to look. false: `wake`, a descriptor, is readable. */
bool road_monitor_wait(struct road_monitor *monitor, int wake);
/* Looks, and tells fn what is different. */
void road_monitor_look(struct road_monitor *monitor, road_monitor_fn fn, void *arg);

/* ---- what is listened to: monitor_udev.c, monitor_none.c ---- */

enum { ROAD_UEVENT_SOURCES = 2 };
struct road_uevents;

/* An event of a device: subsystem "pci", name "0000:03:00.0", action "add". */
typedef void (*road_uevent_fn)(void *arg, const char *subsystem, const char *name,
			       const char *action);

/* NULL: nothing can be listened to. */
struct road_uevents *road_uevents_open(void);
void road_uevents_close(struct road_uevents *uevents);
/* What to poll for; their number. 0: every source broke. */
uint32_t road_uevents_poll(struct road_uevents *uevents, struct pollfd out[ROAD_UEVENT_SOURCES]);
/* Tells of what was heard, each event once; some may have been lost. */
void road_uevents_read(struct road_uevents *uevents, road_uevent_fn fn, void *arg);

#endif
