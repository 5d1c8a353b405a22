/* SPDX-License-Identifier: Apache-2.0 */
/* From an address to the live buffer that it belongs to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/core/core.h"

/* Under lookup_lock: the place of the first buffer whose address is above `address`. */
static size_t above(const struct road_instance *instance, uint64_t address)
{
	size_t low = 0, high = instance->lookup_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (instance->lookup[middle]->drv.address > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

road_status road_lookup_add(struct road_instance *instance, struct road_buffer *buffer)
{
	road_status status = ROAD_OK;

	pthread_mutex_lock(&instance->lookup_lock);
	if (instance->lookup_count == instance->lookup_size) {
		size_t size = instance->lookup_size ? instance->lookup_size * 2 : 64;
		struct road_buffer **grown =
			realloc(instance->lookup, size * sizeof(*instance->lookup));

		if (!grown) {
			status = road_fail(ROAD_OUT_OF_HOST_MEMORY, "no memory for the look-up",
					   "road_buffer_create", "", "");
			goto unlock;
		}
		instance->lookup = grown;
		instance->lookup_size = size;
	}
	size_t at = above(instance, buffer->drv.address);

	memmove(instance->lookup + at + 1, instance->lookup + at,
		(instance->lookup_count - at) * sizeof(*instance->lookup));
	instance->lookup[at] = buffer;
	instance->lookup_count++;
unlock:
	pthread_mutex_unlock(&instance->lookup_lock);
	return status;
}

void road_lookup_remove(struct road_instance *instance, struct road_buffer *buffer)
{
	pthread_mutex_lock(&instance->lookup_lock);
	size_t at = above(instance, buffer->drv.address);

	while (at > 0 && instance->lookup[at - 1] != buffer &&
	       instance->lookup[at - 1]->drv.address == buffer->drv.address)
		at--;
	if (at > 0 && instance->lookup[at - 1] == buffer) {
		memmove(instance->lookup + at - 1, instance->lookup + at,
			(instance->lookup_count - at) * sizeof(*instance->lookup));
		instance->lookup_count--;
	}
	pthread_mutex_unlock(&instance->lookup_lock);
}

road_status road_lookup(road_instance *instance, uint64_t address, road_lookup_result *out)
{
	road_status status =
		road_object_check(instance, &road_instance_class, "road_lookup: instance");

	if (!status)
		status = road_struct_out_check(out, 16, "road_lookup: out");
	if (status)
		return status;
	road_lookup_result result = {0};

	pthread_mutex_lock(&instance->lookup_lock);
	size_t at = above(instance, address);

	if (at > 0) {
		struct road_buffer *buffer = instance->lookup[at - 1];
		uint64_t offset = address - buffer->drv.address;

		if (offset < buffer->drv.bytes)
			result = (road_lookup_result){.heap = buffer->drv.heap,
						      .buffer = buffer,
						      .space = buffer->space,
						      .device = buffer->space->device,
						      .offset = offset,
						      .base = buffer->drv.address,
						      .bytes = buffer->drv.bytes,
						      .id = buffer->object.id};
		if (result.buffer && buffer->mapping) {
			result.buffer = buffer->parent;
			result.offset += buffer->offset;
		}
	}
	pthread_mutex_unlock(&instance->lookup_lock);
	if (!result.buffer) {
		char seen[32];

		snprintf(seen, sizeof(seen), "0x%llx", (unsigned long long)address);
		return road_fail(ROAD_NOT_FOUND, "address belongs to no buffer of this instance",
				 "road_lookup: address", seen, "");
	}
	road_struct_out(out, &result, sizeof(result));
	return ROAD_OK;
}
