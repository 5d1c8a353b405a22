/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/peer.h"

#include "tests/conformance/case.h"

#include <stdio.h>
#include <stdlib.h>

enum { MADE = 10, AWAITED, SIGNALLED, AWAITED_AGAIN, FAILED }; /* steps */

static road_status take(road_instance *instance, const char *what, const char *address,
			road_device **device, road_event **out)
{
	const int fd = atoi(strchr(what, ':') + 1);
	road_status status;

	if (!strncmp(what, "page:", 5))
		return road_event_import(instance, fd, out);
	status = road_device_open(instance, address, device);
	return status ? status : road_event_import_syncobj(*device, fd, out);
}

static int play(road_event *event, bool fails)
{
	if (road_point_wait((road_point){event, 5}, SOON))
		return AWAITED;
	if (road_event_signal(event, 7))
		return SIGNALLED;
	if (road_point_wait((road_point){event, 9}, SOON))
		return AWAITED_AGAIN;
	return fails && road_event_fail(event, 20, ROAD_CANCELLED) ? FAILED : 0;
}

int peer_run(const char *what, const char *address)
{
	const road_instance_options options = {.size = sizeof(options),
					       .flags = ROAD_INSTANCE_VALIDATE};
	road_instance *instance = NULL;
	road_device *device = NULL;
	road_event *event = NULL;
	int code = MADE;

	if (strchr(what, ':') && !road_instance_create(&options, &instance) &&
	    !take(instance, what, address, &device, &event))
		code = play(event, !device);
	road_event_release(event);
	road_device_release(device);
	road_instance_release(instance);
	return code;
}
