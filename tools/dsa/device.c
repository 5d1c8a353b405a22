/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/dsa/device.h"

#include <roadbed/roadbed.h>

static const char *const pad_properties[ROAD_DSA_PADS] = {
	"scratchpad.l0a_bytes", "scratchpad.l0b_bytes", "scratchpad.l0c_bytes",
	"scratchpad.l1_bytes",  "scratchpad.ub_bytes",  "scratchpad.bt_bytes"};

static int refuse(const char *address, road_status status, struct tool_error *error)
{
	road_error detail = {.size = sizeof(detail)};

	if (road_last_error(&detail) != ROAD_OK || detail.status != status)
		return tool_error_set(error, "--device", road_status_text(status), address, "");
	return tool_error_set(error, "--device", detail.what,
			      detail.seen[0] ? detail.seen : address, detail.allowed);
}

/* Keeps what is there. */
static int ask(road_device *device, const char *name, const char *address, uint32_t *value,
	       struct tool_error *error)
{
	road_property property = {.size = sizeof(property)};

	if (*value)
		return 0;
	if (road_device_property(device, name, &property) != ROAD_OK ||
	    property.type != ROAD_VALUE_U64 || property.u64 > UINT32_MAX)
		return tool_error_allow(error, "--device", "no DSA", address,
					"devices that have the property %s", name);
	*value = (uint32_t)property.u64;
	return 0;
}

static int ask_all(road_device *device, const char *address, struct dsa_check_limits *limits,
		   struct tool_error *error)
{
	for (unsigned i = 0; i < ROAD_DSA_PADS; i++)
		if (ask(device, pad_properties[i], address, &limits->pads[i], error))
			return -1;
	return ask(device, "compute.flags_per_pair", address, &limits->flags, error);
}

int device_limits(const char *address, struct dsa_check_limits *limits, struct tool_error *error)
{
	const road_instance_options options = {.size = sizeof(options)};
	road_instance *instance;
	road_device *device;
	road_status status = road_instance_create(&options, &instance);
	int result;

	if (status)
		return refuse(address, status, error);
	status = road_device_open(instance, address, &device);
	if (status) {
		result = refuse(address, status, error);
	} else {
		result = ask_all(device, address, limits, error);
		road_device_release(device);
	}
	road_instance_release(instance);
	return result;
}
