/* SPDX-License-Identifier: Apache-2.0 */
/* What a device tells of itself: identity, properties, clock, heaps, links. */
#include <stdio.h>
#include <string.h>

#include "hal/core/core.h"
#include "hal/core/drivers.h"
#include "hal/core/firmware.h"
#include "hal/core/region.h"

/* 128 bits of FNV-1a over the address: unique and stable for it; marked as version 8 (RFC 9562). */
void road_device_uuid(const char *address, uint8_t out[16])
{
	unsigned __int128 hash = (unsigned __int128)0x6c62272e07bb0142u << 64 | 0x62b821756295c58du;
	const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;

	for (const char *c = address; *c; c++)
		hash = (hash ^ (unsigned char)*c) * prime;
	for (int i = 0; i < 16; i++)
		out[i] = (uint8_t)(hash >> (120 - 8 * i));
	out[6] = (uint8_t)((out[6] & 0x0f) | 0x80);
	out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

static road_status check_out(struct road_device *device, const void *out, const char *where)
{
	road_status status = road_object_check(device, &road_device_class, where);

	return status ? status : road_struct_out_check(out, 8, where);
}

road_status road_device_info_get(road_device *device, road_device_info *out)
{
	road_status status = check_out(device, out, "road_device_info_get: device, out");

	if (!status)
		road_struct_out(out, &device->info, sizeof(device->info));
	return status;
}

/* A driver that never ends its list does not hang who opens the device. */
enum { PROPERTIES_MAX = 4096 };

void road_device_count_properties(struct road_device *device)
{
	road_property property = {.size = sizeof(property)};

	while (device->properties < PROPERTIES_MAX &&
	       !device->ops.property(&device->drv, device->properties, &property))
		device->properties++;
}

/* The driver's, then those of regions, of firmware and of the catalogue. */
static road_status property_at(struct road_device *device, uint32_t index, road_property *out)
{
	if (index < device->properties)
		return device->ops.property(&device->drv, index, out);
	const uint32_t of_regions = device->properties;
	const uint32_t of_firmware = of_regions + road_region_properties(device);
	const uint32_t of_catalogue = of_firmware + road_boot_properties(device);

	if (!road_region_property(device, index - of_regions, out) ||
	    !road_boot_property(device, index - of_firmware, out) ||
	    !road_catalogue_property(device, index - of_catalogue, out))
		return ROAD_OK;
	return road_fail_u64(ROAD_NOT_FOUND, "the device has no more properties",
			     "road_device_property_at: index", index, "up to the last one's");
}

road_status road_device_property_at(road_device *device, uint32_t index, road_property *out)
{
	road_property property = {.size = sizeof(property)};
	road_status status = check_out(device, out, "road_device_property_at: device, out");

	if (!status)
		status = property_at(device, index, &property);
	if (!status)
		road_struct_out(out, &property, sizeof(property));
	return status;
}

road_status road_device_property(road_device *device, const char *name, road_property *out)
{
	road_property property = {.size = sizeof(property)};
	road_status status = check_out(device, out, "road_device_property: device, out");

	if (!status && !name)
		status = road_fail(ROAD_INVALID_ARGUMENT, "name is NULL",
				   "road_device_property: name", "NULL", "");
	for (uint32_t index = 0; !status; index++) {
		status = property_at(device, index, &property);
		if (!status && !strcmp(property.name, name)) {
			road_struct_out(out, &property, sizeof(property));
			return ROAD_OK;
		}
	}
	if (status == ROAD_NOT_FOUND)
		return road_fail(status, "the device has no such property",
				 "road_device_property: name", name, "");
	return status;
}

road_status road_device_heap_read(struct road_device *device, uint32_t index, road_heap_info *out)
{
	*out = (road_heap_info){.size = sizeof(*out)};
	road_status status = device->memory.heap(&device->drv, index, out);

	if (status || out->kind >= ROAD_HEAP_KINDS)
		return status;
	pthread_mutex_lock(&device->lock);
	out->buffer_bytes = device->heap_use[out->kind].bytes;
	out->buffer_peak_bytes = device->heap_use[out->kind].peak_bytes;
	out->buffer_count = device->heap_use[out->kind].buffers;
	pthread_mutex_unlock(&device->lock);
	if (out->used_bytes < out->buffer_bytes) /* of a heap that the driver does not count */
		out->used_bytes = out->buffer_bytes;
	return ROAD_OK;
}

road_status road_device_heap(road_device *device, uint32_t index, road_heap_info *out)
{
	road_heap_info heap;
	road_status status = check_out(device, out, "road_device_heap: device, out");

	if (!status)
		status = road_device_heap_read(device, index, &heap);
	if (!status)
		road_struct_out(out, &heap, sizeof(heap));
	return status;
}

road_status road_device_link(road_device *device, road_device *other, road_link *out)
{
	road_link link = {.size = sizeof(link)};
	road_status status = check_out(device, out, "road_device_link: device, out");

	if (!status)
		status = road_object_check(other, &road_device_class, "road_device_link: other");
	if (status)
		return status;
	link.peer_access = device == other;
	snprintf(link.path, sizeof(link.path), "%s",
		 device == other ? "same device" : "host memory");
	road_struct_out(out, &link, sizeof(link));
	return ROAD_OK;
}

road_status road_device_clock(road_device *device, uint64_t *device_ns, uint64_t *host_ns)
{
	road_status status =
		road_object_check(device, &road_device_class, "road_device_clock: device");

	if (status)
		return status;
	if (!device_ns || !host_ns)
		return road_fail(ROAD_INVALID_ARGUMENT, "output is NULL",
				 "road_device_clock: device_ns, host_ns", "NULL", "");
	struct road_bus *bus = device->drv.bus;

	*host_ns = road_now_ns();
	*device_ns = bus ? bus->ops->now_ns(bus) : *host_ns;
	return ROAD_OK;
}
