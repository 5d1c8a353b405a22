/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libudev: nothing is listened to. */
#include "hal/bus/monitor.h"

#include <stddef.h>

struct road_uevents *road_uevents_open(void)
{
	return NULL;
}

void road_uevents_close(struct road_uevents *uevents)
{
	(void)uevents;
}

uint32_t road_uevents_poll(struct road_uevents *uevents, struct pollfd out[ROAD_UEVENT_SOURCES])
{
	(void)uevents;
	(void)out;
	return 0;
}

void road_uevents_read(struct road_uevents *uevents, road_uevent_fn fn, void *arg)
{
	(void)uevents;
	(void)fn;
	(void)arg;
}
