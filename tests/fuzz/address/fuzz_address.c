/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a device's address, opened as programs open it: schemes, decorators and their plans,
 * chips, options, parameters of chips. It is refused with a reason, or there is a device that tells
 * of itself and does an empty submission, or fails it with a status.
 */
#include <roadbed/roadbed.h>
#include <roadbed/sim.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/reader.h"

enum { ADDRESS_MAX = 1200 };

static void tell(road_device *device)
{
	road_device_info info = {.size = sizeof(info)};
	road_property property = {.size = sizeof(property)};
	road_sim_parameter parameter = {.size = sizeof(parameter)};

	if (road_device_info_get(device, &info))
		abort();
	for (uint32_t i = 0; !road_device_property_at(device, i, &property); i++)
		if (!property.name[0])
			abort();
	for (uint32_t i = 0; !road_sim_parameter_get(device, i, &parameter); i++)
		if (!parameter.name || !parameter.value || !parameter.source)
			abort();
}

static void submit(road_device *device)
{
	road_space *space = NULL;
	road_queue *queue = NULL;
	char json[256];
	size_t needed;

	if (!road_space_shared(device, &space) && !road_queue_create(space, NULL, &queue))
		(void)road_queue_drain(queue, road_deadline_after(UINT64_C(5000000000)));
	(void)road_sim_report(device, json, sizeof(json), &needed);
	road_queue_release(queue);
	road_space_release(space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	road_instance_options options = {.size = sizeof(options),
					 .flags = ROAD_INSTANCE_VALIDATE | ROAD_INSTANCE_NO_ENV};
	char address[ADDRESS_MAX + 1];
	road_error error = {.size = sizeof(error)};
	road_instance *instance;
	road_device *device = NULL;

	if (size > ADDRESS_MAX)
		return 0;
	/* It writes whatever file is named. */
	if (memmem(data, size, "record(", 7))
		return 0;
	if (road_instance_create(&options, &instance))
		abort();
	if (size)
		memcpy(address, data, size);
	address[size] = 0;
	if (!road_device_open(instance, address, &device)) {
		tell(device);
		submit(device);
		road_device_release(device);
	} else if (device || road_last_error(&error) || !error.what[0]) {
		abort();
	}
	road_instance_release(instance);
	return 0;
}
