/* SPDX-License-Identifier: Apache-2.0 */
/* What a server of simulated chips has at its socket: its chips are opened, one after the other. */
#include "tools/roadbed/candidates.h"

#include <stdlib.h>
#include <string.h>

enum { CHIPS_MAX = 256 };

static void fill(road_candidate *one, road_device *device)
{
	road_device_info info = {.size = sizeof(info)};
	char bytes[32];

	one->status = road_device_info_get(device, &info);
	if (one->status)
		return;
	memcpy(one->name, info.name, sizeof(one->name));
	memcpy(one->vendor, info.vendor, sizeof(one->vendor));
	memcpy(one->driver, info.driver, sizeof(one->driver));
	one->device_class = info.device_class;
	one->memory_bytes = info.memory_bytes;
	bytes_as_text(info.memory_bytes, bytes, sizeof(bytes));
	snprintf(one->reason, sizeof(one->reason), "a function of a chip that is served, with %s",
		 info.memory_bytes ? bytes : "no memory of its own");
}

static road_status look(road_instance *instance, road_candidate *one)
{
	road_error why = {.size = sizeof(why)};
	road_device *device;

	one->status = road_device_open(instance, one->address, &device);
	if (!one->status) {
		fill(one, device);
		road_device_release(device);
	} else if (!road_last_error(&why)) {
		snprintf(one->reason, sizeof(one->reason), "%s%s%s%s", why.what,
			 why.seen[0] ? " (" : "", why.seen, why.seen[0] ? ")" : "");
	}
	return one->status;
}

bool candidates_are_served(const char *asked)
{
	return asked && !strncmp(asked, "sock:", 5) && asked[5];
}

/* Does it end with "#N" or "@N"? */
static bool names_one(const char *asked)
{
	size_t bytes = strlen(asked), digits = 0;

	while (digits < bytes && strchr("0123456789", asked[bytes - 1 - digits]))
		digits++;
	return digits && digits < bytes && strchr("#@", asked[bytes - 1 - digits]);
}

int candidates_read_served(road_instance *instance, const char *asked, struct candidates *out)
{
	const bool one_chip = names_one(asked);

	*out = (struct candidates){.at = calloc(CHIPS_MAX, sizeof(*out->at)),
				   .here = calloc(CHIPS_MAX, sizeof(*out->here))};
	if (!out->at || !out->here)
		tool_no_memory();
	for (uint32_t i = 0; i < CHIPS_MAX; i++) {
		road_candidate *one = &out->at[i];

		*one = (road_candidate){.size = sizeof(*one), .simulated = 1};
		snprintf(one->address, sizeof(one->address), i ? "%s#%u" : "%s", asked, i);
		/* The first is not found where nobody serves; another, where there are no more. */
		if (look(instance, one) == ROAD_NOT_FOUND && i)
			break;
		out->here[out->count++] = true;
		if (one_chip || (one->status && one->status != ROAD_BUSY))
			break;
	}
	return TOOL_OK;
}
